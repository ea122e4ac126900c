"""Numbers: against fifty digits, at every boundary, and the same bits however they are asked for."""

from __future__ import annotations

import builtins
import importlib.util
import itertools
import math
import re
import subprocess
import sys
import time
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lrdsl
from lrdsl.emitter.forms import first_float, lower
from lrdsl.emitter.kernel import ChainKernel
from lrdsl.emitter.module import TARGETS
from lrdsl.emitter.scalars import bound

mpmath.mp.dps = 50

FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"
# Texts with the formula of their value at p, q, t over a length L, all exact: what a tower of fifty digits says.
DECAYS = {
    "linear({L}, from=1e-3, to={to})": lambda p, q, t, to: to + (mpmath.mpf(1e-3) - to) * q,
    "cosine({L}, from=1e-3, to={to})": lambda p, q, t, to: (
        to + (mpmath.mpf(1e-3) - to) * mpmath.sin(mpmath.pi * q / 2) ** 2
    ),
    "sqrt({L}, from=1e-3, to={to})": lambda p, q, t, to: to + (mpmath.mpf(1e-3) - to) * q / (1 + mpmath.sqrt(p)),
    "poly({L}, from=1e-3, to={to}, power=1.7)": lambda p, q, t, to: to + (mpmath.mpf(1e-3) - to) * q ** mpmath.mpf(1.7),
    "rex({L}, from=1e-3, to={to}, d=0.9)": lambda p, q, t, to: (
        to + (mpmath.mpf(1e-3) - to) * q / (1 - mpmath.mpf(0.9) + mpmath.mpf(0.9) * q)
    ),
}
FREE = {
    "exp(max=1e-3, k=1e-4)": lambda t: mpmath.mpf(1e-3) * mpmath.exp(-mpmath.mpf(1e-4) * t),
    "exp(max=1e-3, halflife=777)": lambda t: mpmath.mpf(1e-3) * mpmath.mpf(2) ** (-t / 777),
    "exp(max=1e-3, factor=0.9, per=333)": lambda t: mpmath.mpf(1e-3) * mpmath.mpf(0.9) ** (t / 333),
    "rsqrt(max=1e-3, timescale=12_345)": lambda t: mpmath.mpf(1e-3) / mpmath.sqrt(1 + t / 12_345),
    "drop(max=1e-3, factor=0.3, per=333)": lambda t: mpmath.mpf(1e-3) * mpmath.mpf(0.3) ** mpmath.floor(t / 333),
}
LENGTHS = ("10", "1000", "99_991", "3000.03", "7/3*1000", "1e9", "1e12")


def exact(value: Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator


def times_of(length: Fraction) -> list[float]:
    """First and last steps, steps between, and floats next to the end."""
    last = math.ceil(length) - 1
    near = math.nextafter(first_float(length), 0.0)
    steps = {0, 1, 2, last // 3, last // 2, last - 2, last - 1, last}
    return sorted(
        {float(step) for step in steps if 0 <= step < length} | {near, math.nextafter(near, 0.0), float(length) / 7}
    )


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("to", ["0", "1e-4", "1e-11"])
@pytest.mark.parametrize("text", DECAYS)
def test_decays_are_right_up_to_their_last_step(text: str, to: str, length: str) -> None:
    schedule = lrdsl.compile(text.format(L=length, to=to))
    end = schedule.length
    assert end is not None
    for t in times_of(end):
        q = exact((end - Fraction(t)) / end)
        true = DECAYS[text](1 - q, q, mpmath.mpf(t), mpmath.mpf(float(to)))
        assert abs(mpmath.mpf(schedule(t)) - true) <= 1e-13 * abs(true)


@pytest.mark.parametrize("text", FREE)
def test_free_curves_are_right(text: str) -> None:
    schedule = lrdsl.compile(f"warmup(3000.03, to=1e-3) then {text}")
    for t in [3000.04, 3001.0, 3333.0, 4000.0, 50_000.5, 123_456.0]:
        since = exact(Fraction(t) - Fraction(300_003, 100))
        true = FREE[text](since)
        assert abs(mpmath.mpf(schedule(t)) - true) <= 1e-13 * abs(true)


@pytest.mark.parametrize("length", LENGTHS)
def test_rises_are_right_from_their_first_step(length: str) -> None:
    for curve, weight in (("linear", lambda p: p), ("cosine", lambda p: mpmath.sin(mpmath.pi * p / 2) ** 2)):
        schedule = lrdsl.compile(f"{curve}({length}, from=0, to=3e-4)")
        assert schedule.length is not None
        for t in times_of(schedule.length)[1:]:
            true = mpmath.mpf(3e-4) * weight(exact(Fraction(t) / schedule.length))
            assert abs(mpmath.mpf(schedule(t)) - true) <= 1e-13 * true


def test_a_boundary_that_is_no_float_loses_nothing() -> None:
    schedule = lrdsl.compile("warmup(3%, to=1) then cosine(to=0)", total=100_001)
    begin, end = Fraction(300_003, 100), Fraction(100_001)
    for t in [3001, 3002, 50_000, 99_999, 100_000, math.nextafter(100_001.0, 0)]:
        q = exact((end - Fraction(t)) / (end - begin))
        true = mpmath.sin(mpmath.pi * q / 2) ** 2
        assert abs(mpmath.mpf(schedule(t)) - true) <= 1e-13 * true
    for t in [0, 1, 1500, 3000]:
        assert abs(mpmath.mpf(schedule(t)) - exact(t / begin)) <= 1e-13 * exact(t / begin)


@pytest.mark.parametrize(
    "text", ["geometric(1000, from=1e-3, to=1e-6)", "cosine(1000, from=1e-3, to=7e-5) then hold(10)"]
)
def test_ends_are_exact(text: str) -> None:
    schedule = lrdsl.compile(text)
    to = 1e-6 if "1e-6" in text else 7e-5

    assert schedule(0) == 1e-3
    assert schedule(1000) == to
    assert schedule(10**9) == to


# --- repeat -------------------------------------------------------------------------------------------------------------


def test_the_cycle_is_exact_at_the_first_hundred_thousand_boundaries() -> None:
    period = Fraction(300_003, 100)
    schedule = lrdsl.compile("repeat(cosine(3%, from=1)) for total", total=100_001)
    assert schedule.length == 100_001
    schedule = lrdsl.compile("repeat(cosine(3000.03, from=1))")
    after = np.array([first_float(period * i) for i in range(1, 100_001)])
    before = np.nextafter(after, 0)

    assert (schedule(after) > 0.999).all()
    assert (schedule(before) < 1e-9).all()
    ends = period * np.arange(1, 100_001)
    for i in range(0, 100_000, 991):
        q = exact((ends[i] - Fraction(float(before[i]))) / period)
        true = mpmath.sin(mpmath.pi * q / 2) ** 2
        assert abs(mpmath.mpf(schedule(float(before[i]))) - true) <= 1e-13 * true


@pytest.mark.parametrize("stretch", ["1.1", "1.5", "2", "3"])
def test_a_stretched_cycle_is_exact_at_every_boundary(stretch: str) -> None:
    schedule = lrdsl.compile(f"repeat(cosine(3000.03, from=1), stretch={stretch})")
    ratio, period, begin, count = Fraction(stretch), Fraction(300_003, 100), Fraction(0), 0
    while (begin := begin + period * ratio**count) < 10**18:
        after = first_float(begin)
        assert schedule(after) > 0.999
        assert schedule(math.nextafter(after, 0)) < 1e-6
        count += 1
    assert count > 25


def test_cycles_are_one_curve_times_their_factor() -> None:
    schedule = lrdsl.compile("repeat(linear(10, from=1), factor=0.5, times=4) then hold")

    assert [schedule(t) for t in (0, 5, 10, 15, 20, 35, 39, 40, 100)] == [1, 0.5, 0.5, 0.25, 0.25, 0.0625, 0.0125, 0, 0]


def test_nothing_is_proportional_to_cycles() -> None:
    small = lrdsl.compile("repeat(cosine(7, from=1)) * repeat(linear(11, from=1))")
    large = lrdsl.compile("repeat(cosine(1_000_003, from=1)) * repeat(linear(1_000_033, from=1))")
    endless = lrdsl.compile("repeat(cosine(5, from=1), times=1_000_000_000_000)")

    assert shape(small.source()) == shape(large.source())
    assert endless(5 * 10**12 - 5) == 1.0
    assert large(1_000_003 * 1_000_033) == 1.0


def shape(source: str) -> list[str]:
    """Source without numbers, docstring and remarks."""
    code = re.sub(r"#.*", "", source.split('"""', 2)[2])
    return re.sub(r"[0-9][0-9e+._]*", "0", code).split()


def test_products_of_repeats_compile_as_fast_as_small_ones() -> None:
    def seconds(text: str) -> float:
        best = math.inf
        for _ in range(5):
            lrdsl.compiled.cache_clear()
            begun = time.perf_counter()
            lrdsl.compile(text)
            best = min(best, time.perf_counter() - begun)
        return best

    small = seconds("repeat(cosine(7, from=1)) * repeat(linear(11, from=1))")
    large = seconds("repeat(cosine(1_000_003, from=1)) * repeat(linear(1_000_033, from=1))")
    assert large < 20 * small + 0.05


# --- bits ---------------------------------------------------------------------------------------------------------------

TEXTS = [
    FLAGSHIP,
    "warmup(3%, to=1) then cosine(to=10%)",
    "warmup(10k, to=8e-4) then rsqrt(timescale=10k) for 80k then linear",
    "repeat(warmup(100, to=1) then cosine(900.5, to=0)) * (0.5 + 0.5*halfwave(t/777)) for total",
    "drop(max=0.1, factor=0.3, per=777.7) for 90k then geometric(to=1e-9)",
    "repeat(poly(333, from=1, power=2.5), stretch=1.3, factor=0.9) for total",
    "(cosine(from=1, to=0) every 100) * max(0.1, cos(t/1000)^2) + tanh(p)*1e-3",
    "(" + " then ".join(f"linear({n % 7 + 1}, from=1, to=0.{n % 9 + 1})" for n in range(1000)) + ") then hold",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_number_and_an_array_of_any_kind_have_the_same_bits(text: str) -> None:
    schedule = lrdsl.compile(text, total=100_001)
    rng = np.random.default_rng(1)
    steps = np.concatenate([np.arange(5000), rng.integers(0, 120_000, 3000)])
    ones = np.array([schedule(int(step)) for step in steps])

    for dtype in (np.int32, np.int64, np.uint32, np.float64, np.float32):
        assert np.array_equal(schedule(steps.astype(dtype)), ones)
    order = rng.permutation(steps.size)
    assert np.array_equal(schedule(steps[order]), ones[order])
    assert np.array_equal(schedule(steps[::-1]), ones[::-1])
    assert np.array_equal(schedule(np.repeat(steps, 2)[::2]), ones)
    table = steps[:6000].reshape(60, 100)
    assert np.array_equal(schedule(table), ones[:6000].reshape(60, 100))
    assert np.array_equal(schedule(np.asfortranarray(table)), ones[:6000].reshape(60, 100))
    assert np.array_equal(schedule(table.T), ones[:6000].reshape(60, 100).T)
    assert np.array_equal(schedule(np.arange(120_000))[steps], ones)
    out = np.empty(steps.size)
    assert schedule(steps, out=out) is out
    assert np.array_equal(out, ones)
    floats = rng.uniform(0, 120_000, 2000)
    assert np.array_equal(schedule(floats), np.array([schedule(float(t)) for t in floats]))


def test_shapes_and_types_of_what_is_asked() -> None:
    schedule = lrdsl.compile(FLAGSHIP)

    assert type(schedule(5)) is float
    assert type(schedule(np.int64(5))) is float
    assert schedule([1, 2]).shape == (2,)
    assert schedule(np.empty((3, 0))).shape == (3, 0)
    assert schedule(np.zeros((2, 3, 4), dtype=np.int16)).dtype == np.float64


@pytest.mark.parametrize("bad", [-1, -0.5, math.nan, math.inf, [1, -1], [math.nan], "five", None, [True, False], True])
def test_what_is_no_time_is_refused(bad: object) -> None:
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile(FLAGSHIP)(bad)  # type: ignore[call-overload]

    assert caught.value.problems[0].code == "E404"


def test_past_the_end_the_last_value_holds() -> None:
    schedule = lrdsl.compile("warmup(10, to=1) then cosine(10, to=0.25)")

    assert schedule([20, 21, 10**6, 1e18, 1e299]).tolist() == [0.25] * 5


def test_numbers_are_data_and_no_python_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "param a = 5\nparam w = 100\nlr = warmup(w) then cosine(1000, to=a*1e-3) then repeat(linear(w, from=base), factor=0.9)"
    lrdsl.compile(text)(5, 1e-3)
    used: list[object] = []
    monkeypatch.setattr(builtins, "compile", lambda *a, **k: used.append(a))
    monkeypatch.setattr(builtins, "exec", lambda *a, **k: used.append(a))
    monkeypatch.setattr(builtins, "eval", lambda *a, **k: used.append(a))
    for a, base in itertools.product((1, 7, 9.5), (1e-6, 1e-3, 0.5)):
        schedule = lrdsl.compile(text).bind(a=a, w=int(a * 10))
        schedule(np.arange(3000), base)
        schedule(55, base)
    lrdsl.compile(" then ".join(f"cosine({n + 1}, from={n + 1}, to=0)" for n in range(1000)))(np.arange(500_000))

    assert used == []


# --- standalone modules -------------------------------------------------------------------------------------------------

RUN = """
import sys
sys.modules["lrdsl"] = None  # importing it is an error from here on
sys.path.insert(0, sys.argv[1])
import json
from standalone import lr
times = json.loads(sys.stdin.read())
if {numpy}:
    import numpy as np
    values = lr(np.array(times)).tolist()
    assert [lr(t) for t in times[:100]] == values[:100]
elif {torch}:
    import torch
    values = lr(torch.tensor(times, dtype=torch.float64)).tolist()
elif {jax}:
    import jax
    jax.config.update("jax_enable_x64", True)
    values = jax.jit(lr)(jax.numpy.array(times)).tolist()
else:
    values = [lr(t) for t in times]
print(json.dumps(values))
"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("text", TEXTS[:7])
def test_a_module_runs_where_lrdsl_is_not(text: str, target: str, tmp_path: Path) -> None:
    import json

    if target in ("torch", "jax"):
        pytest.importorskip(target)
    schedule = lrdsl.compile(text, total=100_001)
    (tmp_path / "standalone.py").write_text(schedule.source(target), "utf-8")
    count = 100_000 if target == "numpy" else 3000
    rng = np.random.default_rng(2)
    times = np.concatenate([np.arange(count // 2), rng.uniform(0, 120_000, count // 2)])
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(numpy=target == "numpy", torch=target == "torch", jax=target == "jax"), str(tmp_path)],
        input=json.dumps(times.tolist()), capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    values = np.array(json.loads(done.stdout))

    if target == "numpy":
        assert np.array_equal(values, schedule(times))
    else:
        np.testing.assert_allclose(values, schedule(times), rtol=1e-13, atol=1e-300)


def test_what_is_infinite_on_the_way_is_no_exception() -> None:
    for text in (
        "min(1, 10/t)",
        "1/(1 + e^((t - 10)/1))",
        "min(1, t^-0.5)",
        "1/(1 + abs(ln(t/100)))",
        "min(1, (t/9)^-1.5)",
    ):
        schedule = lrdsl.compile(text)
        names: dict[str, Any] = {}
        exec(schedule.source("python"), names)
        times = [0, 1, 9, 100, 800, 10_000]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ones = [schedule(t) for t in times]
            assert schedule(times).tolist() == ones
            assert [names["lr"](t) for t in times] == pytest.approx(ones, rel=1e-14)


def test_a_module_says_what_it_is() -> None:
    source = lrdsl.compile(FLAGSHIP).source()

    for said in (
        FLAGSHIP,
        "0 to 1k: warmup(1000)",
        "1k on: exp(max=1e-3, k=1e-4)",
        "curve exp(t, max, k) = max * e^(-k*t)",
        "steps",
    ):
        assert said in source.split('"""')[1]


@pytest.mark.parametrize(
    "text",
    [
        '1 # """\nimport os; os.system("false")',
        "1 # \\\"\"\" + __import__('os').system('false')\n",
        "1 # '''\r\x0bboom()\n",
        "warmup(10) # \u2028boom()\n then hold",
    ],
)
def test_nothing_of_a_text_becomes_code(text: str) -> None:
    try:
        schedule = lrdsl.compile(text)
    except lrdsl.ScheduleError:
        return
    for target in TARGETS:
        if target in ("torch", "jax") and importlib.util.find_spec(target) is None:
            continue
        names: dict[str, object] = {}
        exec(compile(schedule.source(target), "standalone", "exec"), names)
        assert callable(names["lr"])


def test_a_base_that_the_text_mixes_must_be_given_to_a_module() -> None:
    names: dict[str, object] = {}
    schedule = lrdsl.compile("warmup(1k) then cosine(9k, from=base, to=1e-5) until 5k then hold")
    exec(schedule.source(), names)
    times = np.arange(12_000)

    for base in (1e-3, 1e-6):
        assert np.array_equal(names["lr"](times, base), schedule(times, base))  # type: ignore[operator]
    with pytest.raises(TypeError):
        names["lr"](5)  # type: ignore[operator]


def test_two_bases_one_falls_and_one_rises() -> None:
    schedule = lrdsl.compile("warmup(1k) then cosine(from=base, to=1e-5)", total=10_000)
    falls, rises = schedule(np.arange(1000, 10_001), 1e-3), schedule(np.arange(1000, 10_001), 1e-6)

    assert (np.diff(falls) <= 0).all()
    assert (np.diff(rises) >= 0).all()
    assert (falls[0], falls[-1], rises[0], rises[-1]) == (1e-3, 1e-5, 1e-6, 1e-5)


def test_a_look_up_is_a_bisection() -> None:
    schedule = lrdsl.compile(" then ".join(f"linear(3, from=1, to=0.{n % 9 + 1})" for n in range(10_000)))
    kernel = ChainKernel(schedule.timeline.chain, schedule.first.levels())

    assert kernel.scalar(29_999.0) == schedule(29_999)
    assert sum(program is not None for program in kernel._programs) == 1


@pytest.mark.parametrize("period", ["3000.03", "7/3", "0.1 steps", "1/7*22", "123_456.789"])
def test_a_time_that_is_exactly_a_boundary_belongs_to_the_next_cycle(period: str) -> None:
    schedule = lrdsl.compile(f"repeat(linear({period}, from=1))")
    exact_period = schedule.timeline.chain.parts[0].body.period  # type: ignore[union-attr]
    whole = [exact_period.denominator * k * exact_period for k in (1, 2, 3, 5, 77, 12_345, 999_983)]
    times = [float(time) for time in whole]

    assert [Fraction(time) for time in times] == whole
    assert [schedule(time) for time in times] == [1.0] * len(times)
    assert schedule(np.array(times)).tolist() == [1.0] * len(times)
    assert all(schedule(math.nextafter(time, 0)) < 1e-6 for time in times)


def test_powers_have_the_same_bits_at_the_exponents_that_numpy_treats_apart() -> None:
    for factor in ("2/3", "0.3", "0.97", "pi/4"):
        schedule = lrdsl.compile(f"drop(max=1, factor={factor}, per=10) for 200 then {factor}^(t/4 - 1)")
        steps = np.arange(260)
        ones = [schedule(int(step)) for step in steps]

        assert schedule(steps).tolist() == ones
        assert [schedule(np.array([step]))[0] for step in steps] == ones
        assert [schedule(np.array([step, 205]))[0] for step in steps] == ones


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_a_blend_is_exact_at_both_ends_and_never_outside(start: float, stop: float) -> None:
    schedule = lrdsl.compile(f"abs(cosine(10, from={start!r}, to={stop!r})) for 10")
    inner = schedule.timeline.chain.parts[0].body.operands[0]  # type: ignore[union-attr]
    levels = schedule.first.levels()
    program = lower(inner, levels)
    prepared = bound(program.form, program.row)
    low, high = min(start, stop), max(start, stop)

    assert prepared(0.0, 0.0) == start
    assert prepared(10.0, 0.0) == stop
    assert all(low <= prepared(k / 7, 0.0) <= high for k in range(71))


def test_a_module_for_torch_is_written_where_torch_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from lrdsl.emitter.machinery import runtime

    runtime.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it is an error from here on
    assert "import torch" in lrdsl.compile(FLAGSHIP).source("torch")
