"""A schedule as a function of a step in JAX: the values of numpy in 32 and in 64 bits, traced, differentiated, and in Optax."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from drawn import that_can_be_called
from hypothesis import given, settings
from strategies import schedules

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402
from test_traced import CASES, FLAGSHIP, TEXTS, times_of  # noqa: E402

import lrdsl  # noqa: E402

KINDS = {False: jnp.float32, True: jnp.float64}


@pytest.fixture(params=[False, True], ids=["32", "64"])
def wide(request: pytest.FixtureRequest) -> Iterator[bool]:
    """JAX as it comes, and set to 64 bits."""
    with jax.enable_x64(request.param):
        yield request.param


def agree(found: Any, want: np.ndarray, about: str, cancels: int = 1) -> None:
    """Within 4 last digits in 64 bits, or `cancels` of the largest value where a difference cancels, as 1 - q^2 does next to q = 1,
    for XLA fuses products with sums; in 32 bits as well as may be."""
    top = float(np.abs(want).max())
    off = np.abs(np.asarray(found, np.float64) - want)
    if found.dtype == np.float64:
        # XLA has no numbers below 1e-308.
        assert (off <= np.maximum(4 * np.spacing(np.abs(want)), cancels * np.spacing(top)) + 1e-300).all(), about
    else:
        assert found.dtype == np.float32
        assert (off <= 1e-7 * top).all(), about


def check(schedule: lrdsl.Schedule, base: Any = None, cancels: int = 1) -> int:
    """All outputs of a schedule, in 32 and in 64 bits; how many there were."""
    for output in schedule.plain:
        if output.relation == "mixed" and base is None:
            continue
        lr = schedule.jax(output.name)
        given = () if base is None else (base,)
        times = times_of(output)
        about = f"{output.name} of {schedule!r} with base {base!r}"
        with jax.enable_x64(True):
            agree(lr(times, *given), output(times, base), about, cancels)
        narrow = times.astype(np.float32)
        agree(lr(jnp.asarray(narrow), *given), output(narrow.astype(np.float64), base), about)
    return len(schedule.plain)


# --- values -------------------------------------------------------------------------------------------------------------


def test_every_case_of_the_language_has_the_values_of_numpy() -> None:
    seen = 0
    for case in CASES:
        if "values" in case:
            seen += check(lrdsl.compile(case["text"], **case.get("bind", {})), case.get("base"))
    assert seen > 280


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_texts_of_many_kinds_have_the_values_of_numpy(text: str) -> None:
    assert check(lrdsl.compile(text, **TEXTS[text])) == 1


@given(schedules())
@settings(max_examples=40)
def test_any_text_has_the_values_of_numpy(drawn: tuple[Any, Any]) -> None:
    found = that_can_be_called(drawn)
    if found is None:
        return
    schedule, base = found
    check(schedule, base, cancels=4)


@pytest.mark.parametrize(
    "text",
    [
        "warmup(44/3, to=1) then linear(22/15, from=0, to=1) then hold(5)",
        "repeat(linear(44/3, from=1) then warmup(22/15, to=1) then 1 for 22/15)",
        "repeat(linear(88/45, from=1) then warmup(176/45, to=1) then linear(8.8) then warmup(22/15, to=1) then 1 for 22/15,"
        " times=4, stretch=0.5, factor=0.5)",
    ],
)
def test_numbers_that_follow_each_other_are_not_added_up(text: str) -> None:
    """XLA would make one number of the two parts of a boundary, and a phase would begin with hundreds of wrong last digits."""
    schedule = lrdsl.compile(text)
    times = np.concatenate([np.arange(200.0), np.linspace(0, 200, 4001)])
    with jax.enable_x64(True):
        agree(jax.jit(schedule.jax())(times), schedule(times), text, cancels=0)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_what_is_compiled_has_the_values_of_numpy(text: str, wide: bool) -> None:
    """Under jit the compiler sees the numbers, and where it may it makes others of them."""
    schedule = lrdsl.compile(text, **TEXTS[text])
    times = times_of(schedule.first).astype(np.float32).astype(np.float64)
    lr = schedule.jax()
    for one in (jax.jit(lr), jax.jit(jax.vmap(lr)), jax.vmap(jax.jit(lr))):
        agree(one(jnp.asarray(times, KINDS[wide])), schedule(times), text)


def test_shapes_and_kinds_of_numbers(wide: bool) -> None:
    lr = lrdsl.compile(FLAGSHIP).jax()
    for kind in (jnp.int32, jnp.uint32, jnp.int16, jnp.float32, jnp.bfloat16):
        found = lr(jnp.array([[0, 512], [1024, 2048]], kind))
        assert (found.dtype, found.shape) == (KINDS[wide], (2, 2))
    for step in (500, 500.0, np.int64(500), np.float64(500), jnp.int32(500), jnp.asarray(500)):
        assert lr(step) == jax.jit(lr)(step) == KINDS[wide](5e-4)
        assert lr(step).dtype == jax.jit(lr)(step).dtype == KINDS[wide]
    assert lr([0, 1000]).tolist() == [KINDS[wide](1e-6), KINDS[wide](1e-3)]
    for wrong in (-1, -1.0, math.nan, math.inf):
        assert math.isnan(lr(wrong))
        assert math.isnan(jax.jit(lr)(wrong))
        assert math.isnan(lr(jnp.array([5.0, wrong]))[1])
    assert "lr used by update t" in (lr.__doc__ or "")


# --- whole numbers ------------------------------------------------------------------------------------------------------

LONG = {
    "repeat(linear(1000, from=1, to=0))": 1.0,
    "repeat(linear(7/3, from=1, to=0))": 1.0,
    "repeat(cosine(100, from=1) every 5) * 1e-3": 1e-3,
    "warmup(20M, to=1) then linear(1000) then hold": 1.0,
    "1 for 2_000_000_000 then linear(100M, to=0) then repeat(linear(100, from=1, to=0.5))": 1.0,
    "("
    + " then ".join(f"linear({n % 7 + 1}, from=1, to=0)" for n in range(40))
    + ") skip 1 then repeat(linear(3, from=1))": 1.0,
    "cos(t/100)^2": 1.0,
}
COUNTS = (2**24 - 1, 2**24 + 1, 20_000_003, 20_000_501, 2**30 + 1, 2**30 + 333, 2_050_000_007, 2**31 - 2, 2**31 - 1)


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:40])
def test_a_count_beyond_two_to_the_24_keeps_its_value(text: str, wide: bool) -> None:
    schedule = lrdsl.compile(text)
    lr = schedule.jax()
    want = schedule(np.array(COUNTS))
    steps = jnp.array(COUNTS, jnp.int32)

    for found in (lr(steps), jax.jit(lr)(steps), jax.jit(jax.vmap(lr))(steps), jnp.stack([lr(n) for n in COUNTS])):
        agree(found, want, text)
    # As 32-bit floats the counts would be others, and their values too.
    rounded = schedule(np.array(COUNTS, np.float32).astype(np.float64))
    assert np.abs(rounded - want).max() > 1e-4 * LONG[text] or "warmup" in text


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:40])
def test_counts_beyond_32_bits(text: str, wide: bool) -> None:
    """Outside of a trace they are right as they come; inside, as unsigned numbers, or as 64 bits that were asked for."""
    schedule = lrdsl.compile(text)
    lr = schedule.jax()
    huge = [3_000_000_001, 2**40 + 1, 2**53 - 1]
    want = schedule(np.array(huge))

    agree(lr(np.array(huge)), want, text)
    for count, value in zip(huge, want, strict=True):
        for step in (count, np.int64(count), np.uint64(count)):
            agree(lr(step), np.array(value), f"{text} at {step!r}")
    agree(jax.jit(lr)(jnp.array(3_000_000_001, jnp.uint32)), want[0], text)
    with jax.enable_x64(True):
        steps = jnp.array(huge)
    agree(jax.jit(lr)(steps), want, text)


def test_a_count_of_tokens_in_64_bits_goes_through_a_compiled_step() -> None:
    """As the page says: the count is made, and added to, where 64 bits are on; all else has 32."""
    schedule = lrdsl.compile("warmup(1B tokens, to=1e-3) then repeat(linear(3M tokens, from=1e-3, to=1e-4))")
    lr = schedule.jax()
    assert schedule.clock == "tokens"

    @jax.jit
    def update(tokens: Any, batch: Any) -> Any:
        with jax.enable_x64(True):
            after = tokens + batch.astype(jnp.int64)
        return lr(tokens), after

    with jax.enable_x64(True):
        tokens = jnp.asarray(5_000_000_000, jnp.int64)
    count = 5_000_000_000
    for batch in (4_194_304, 4_194_304, 8_388_608, 1):
        value, tokens = update(tokens, jnp.int32(batch))
        assert value.dtype == jnp.float32
        agree(value, np.array(schedule(count)), str(count))
        count += batch
    assert int(tokens) == count


@pytest.mark.parametrize("worth", ["4M tokens", "4_194_304 tokens", "1_000_003 tokens"])
def test_a_text_in_tokens_with_the_size_of_a_step_counts_updates(worth: str, wide: bool) -> None:
    text = "warmup(2T tokens, to=1) then repeat(linear(100B tokens, from=1, to=0))"
    assert lrdsl.compile(text).clock == "tokens"
    schedule = lrdsl.compile(text, step=worth)
    assert schedule.clock == "steps"
    counts = np.array([0, 1, 477_001, 500_000, 2**24 + 1, 2**30 + 1, 2**31 - 1])

    def update(count: Any) -> Any:
        return schedule.jax()(count)

    agree(jax.jit(jax.vmap(update))(jnp.array(counts, jnp.int32)), schedule(counts), worth)
    # The same moment is the same value, whatever it is counted in.
    size = int(schedule.rates["tokens"] ** -1)
    np.testing.assert_allclose(lrdsl.compile(text)(counts * size), schedule(counts), rtol=0, atol=1e-12)


# --- traces -------------------------------------------------------------------------------------------------------------


def test_it_goes_through_every_transformation(wide: bool) -> None:
    schedule = lrdsl.compile(FLAGSHIP)
    lr = schedule.jax()
    at = 1500.0
    slope = -1e-3 * 1e-4 * math.exp(-0.05)
    for one in (
        jax.grad(lr), jax.jit(jax.grad(lr)), jax.grad(jax.jit(lr)), jax.jacfwd(lr), jax.jacrev(lr), jax.grad(jax.checkpoint(lr)),
        lambda t: jax.linearize(lr, t)[1](jnp.ones((), KINDS[wide])), lambda t: jax.vjp(lr, t)[1](jnp.ones((), KINDS[wide]))[0],
        lambda t: jax.jvp(lr, (t,), (jnp.ones_like(t),))[1],
    ):  # fmt: skip
        found = one(jnp.asarray(at, KINDS[wide]))
        assert (float(found), found.dtype) == (pytest.approx(slope, rel=1e-6), KINDS[wide])
    assert float(jax.grad(lr)(at)) == pytest.approx(slope, rel=1e-6)
    for two in (jax.hessian(lr), jax.grad(jax.grad(lr)), jax.grad(jax.jit(jax.grad(jax.jit(lr))))):
        assert float(two(at)) == pytest.approx(-1e-4 * slope, rel=1e-6)

    count, values = jax.lax.scan(lambda n, _: (n + 1, lr(n)), jnp.int32(0), None, length=5)
    assert (int(count), values.dtype) == (5, KINDS[wide])
    agree(values, schedule(np.arange(5)), "scan")
    total = jax.jit(lambda k: jax.lax.fori_loop(0, 5, lambda n, a: a + k * lr(n), jnp.zeros((), KINDS[wide])))
    assert float(total(2.0)) == pytest.approx(2 * schedule(np.arange(5)).sum(), rel=1e-6)
    exported = jax.export.export(jax.jit(lr))(jnp.int32(0))
    assert float(exported.call(jnp.int32(500))) == pytest.approx(5e-4)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_the_derivative_by_time_is_that_of_the_curve(text: str) -> None:
    schedule = lrdsl.compile(text, **TEXTS[text])
    inside = np.random.default_rng(1).uniform(0, min(float(schedule.length or 3000), 3000), 400)
    with jax.enable_x64(True):
        slope = np.asarray(jax.jit(jax.vmap(jax.grad(schedule.jax())))(inside))
    # Where the curve has a kink or a step within the small distance, the quotient of differences is none.
    ahead, behind = ((schedule(np.maximum(inside + d, 0)) - schedule(inside)) / d for d in (1e-6, -1e-6))

    assert np.isfinite(slope).all()
    smooth = np.abs(ahead - behind) < 1e-3 * (np.abs(ahead) + 1e-9)
    assert smooth.mean() > 0.9 or "every" in text
    np.testing.assert_allclose(slope[smooth], ahead[smooth], rtol=2e-2, atol=1e-7)


@pytest.mark.parametrize(
    "text", ["cosine(100, from=1)", FLAGSHIP, "warmup(10) then cosine(40) then hold", "repeat(cosine(7, from=1)) * 0.1"]
)
def test_derivatives_are_finite_at_every_step_and_boundary(text: str, wide: bool) -> None:
    slopes = jax.vmap(jax.grad(lrdsl.compile(text).jax()))(jnp.arange(0, 1200, dtype=KINDS[wide]))
    assert jnp.isfinite(slopes).all()


@pytest.mark.parametrize("curve", ["sqrt(40, to=0)", "poly(40, to=0, power=0.5)"])
def test_a_phase_that_is_infinitely_steep_somewhere_spoils_no_other(curve: str, wide: bool) -> None:
    schedule = lrdsl.compile(f"warmup(10, to=1) then hold(5) then {curve} then hold(20)")
    slope = jax.vmap(jax.grad(schedule.jax()))(jnp.arange(80, dtype=KINDS[wide]) + 0.5)

    assert jnp.isfinite(slope).all()
    assert slope[:10].tolist() == pytest.approx([0.1] * 10)
    assert (slope[15:55] < 0).all()
    assert slope[55:].tolist() == [0.0] * 25


def test_a_base_may_be_traced_and_there_are_other_outputs(wide: bool) -> None:
    schedule = lrdsl.compile("lr = cosine(100)\nweight_decay = 10*lr\nclip = 1 until 50 then 0.5")
    steps = np.arange(120)
    lr = schedule.jax()
    for base in (3e-4, np.float32(3e-4), jnp.asarray(3e-4), {"lr": 3e-4}):
        plain = float(base["lr"] if isinstance(base, dict) else base)
        np.testing.assert_allclose(lr(steps, base), schedule(steps, plain), rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(jax.jit(lr)(steps, 3e-4), schedule(steps, 3e-4), rtol=1e-6, atol=1e-10)
    assert float(jax.grad(lr, argnums=1)(30, 3e-4)) == pytest.approx(schedule(30), rel=1e-6)
    many = jax.vmap(lr, in_axes=(None, 0))(30, jnp.array([0.1, 0.2]))
    assert many.tolist() == pytest.approx([schedule(30, 0.1), schedule(30, 0.2)], rel=1e-6)
    assert lr(30, np.array([0.1, 0.2])).tolist() == pytest.approx(many.tolist())
    for name in ("weight_decay", "clip"):
        np.testing.assert_allclose(schedule.jax(name)(steps), schedule[name](steps), rtol=1e-6, atol=1e-10)
    grouped = lrdsl.compile('lr = cosine(100)\nlr["head.*"] = 10*lr').group("head.bias")
    np.testing.assert_allclose(grouped.jax()(steps), grouped(steps), rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize(
    "text", ["warmup(5) then linear(from=base, to=1e-5)", "cosine(from=base, to=base^2) floor 0.01"]
)
def test_a_base_beside_levels_is_traced_too(text: str) -> None:
    schedule = lrdsl.compile(text, total=40)
    steps, lr = np.arange(50), schedule.jax()
    with pytest.raises(TypeError, match="base"):
        lr(steps)
    with jax.enable_x64(True):
        for base in (1e-6, 1e-5, 3e-3, 0.5):  # below the other level, equal, above
            agree(lr(steps, base), schedule(steps, base), text)
            agree(jax.jit(lr)(steps, base), schedule(steps, base), text)
        quotient = (schedule(3, 0.5 + 1e-6) - schedule(3, 0.5)) / 1e-6
        assert float(jax.grad(lr, argnums=1)(3, 0.5)) == pytest.approx(quotient, rel=1e-4)


def test_the_bases_of_several_keys_are_a_mapping() -> None:
    schedule = lrdsl.compile("lr = cosine(100)\nweight_decay = base * lr")
    both = {"lr": 1e-3, "weight_decay": 0.1}
    want = schedule["weight_decay"](np.arange(100), both)
    found = schedule.jax("weight_decay")
    np.testing.assert_allclose(found(np.arange(100), both), want, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(found)(np.arange(100), both), want, rtol=1e-6)


# --- size ---------------------------------------------------------------------------------------------------------------


def of_phases(count: int) -> str:
    return " then ".join(
        f"{('linear', 'cosine', 'sqrt')[n % 3]}({n % 9 + 1}, from=0.{n % 5 + 1}, to=0.{n % 7 + 1})"
        for n in range(count)
    )


def test_ten_thousand_phases_are_no_larger_a_program_than_two_hundred() -> None:
    sizes, seconds = [], []
    for count in (200, 10_000):
        schedule = lrdsl.compile(of_phases(count))
        lr = schedule.jax()
        begun = time.perf_counter()
        compiled = jax.jit(lr).lower(jnp.int32(0)).compile()
        seconds.append(time.perf_counter() - begun)
        sizes.append(len(str(jax.make_jaxpr(lr)(jnp.int32(0))).splitlines()))
        for step in (0, 1, 77, 5 * count - 3, 10 * count):
            assert float(compiled(jnp.int32(step))) == pytest.approx(schedule(step), rel=1e-6)

    assert sizes[1] <= 1.1 * sizes[0]
    assert seconds[1] < 10


def test_a_traced_base_makes_no_large_tables() -> None:
    text = " then ".join(f"linear({n % 9 + 1}, from=0.{n % 5 + 1}*base, to=0.{n % 7 + 1}*base)" for n in range(3000))
    schedule = lrdsl.compile(text)
    begun = time.perf_counter()
    assert float(jax.jit(schedule.jax())(777, 1e-3)) == pytest.approx(schedule(777, 1e-3), rel=1e-6)
    assert time.perf_counter() - begun < 10


# --- Optax --------------------------------------------------------------------------------------------------------------


def observed(optimizer: Any, steps: int, gradient: float = 1.0, compiled: bool = True) -> list[float]:
    """What each update takes from a parameter whose gradient stays the same."""
    params = {"w": jnp.zeros(3)}
    state = optimizer.init(params)

    def update(params: Any, state: Any) -> Any:
        loss = lambda p: gradient * p["w"].sum()  # noqa: E731
        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state, updates

    made = jax.jit(update) if compiled else update
    seen = []
    for _ in range(steps):
        params, state, updates = made(params, state)
        seen.append(float(updates["w"][0]))
    return seen


@pytest.mark.parametrize("compiled", [True, False])
def test_it_is_the_lr_of_sgd(wide: bool, compiled: bool) -> None:
    schedule = lrdsl.compile("warmup(5, to=0.1) then cosine(10, to=10%) then hold")
    seen = observed(optax.sgd(schedule.jax()), 20, compiled=compiled)
    assert [-one for one in seen] == pytest.approx(schedule(np.arange(20)).tolist(), rel=1e-6, abs=1e-9)


def test_it_is_the_lr_of_adamw(wide: bool) -> None:
    schedule = lrdsl.compile("warmup(5, to=0.1) then cosine(10, to=10%) then hold")
    # Of gradients that stay the same Adam makes steps of exactly 1.
    seen = observed(optax.adamw(schedule.jax(), eps=0.0, eps_root=0.0, weight_decay=0.0), 20)
    assert [-one for one in seen] == pytest.approx(schedule(np.arange(20)).tolist(), rel=1e-4, abs=1e-9)
    theirs = optax.warmup_cosine_decay_schedule(0.0, 0.1, 5, 15, 0.01)
    assert observed(optax.adamw(schedule.jax()), 20) == pytest.approx(
        observed(optax.adamw(theirs), 20), rel=1e-5, abs=1e-9
    )


def test_hyperparams_are_injected(wide: bool) -> None:
    schedule = lrdsl.compile(
        "lr = warmup(5, to=0.1) then cosine(10, to=10%)\nweight_decay = 0.3 until 7 then 0.1\nbeta1 = linear(9, from=0.8, to=0.9)"
    )
    optimizer = optax.inject_hyperparams(optax.adamw)(
        learning_rate=schedule.jax(), weight_decay=schedule.jax("weight_decay"), b1=schedule.jax("beta1")
    )
    params = {"w": jnp.ones(3)}
    state = optimizer.init(params)
    update = jax.jit(optimizer.update)
    for step in range(18):
        _, state = update({"w": jnp.ones(3)}, state, params)
        for key, name in (("learning_rate", "lr"), ("weight_decay", "weight_decay"), ("b1", "beta1")):
            assert float(state.hyperparams[key]) == pytest.approx(schedule[name](step), rel=1e-6), (step, key)


def test_it_scales_and_is_joined_to_others(wide: bool) -> None:
    schedule = lrdsl.compile("linear(10, from=1, to=0.1)")
    seen = observed(optax.chain(optax.scale_by_schedule(schedule.jax()), optax.scale(-1.0)), 12)
    assert [-one for one in seen] == pytest.approx(schedule(np.arange(12)).tolist(), rel=1e-6)

    # What comes later in a join is asked at steps before 0 too, and nothing of that may be seen.
    first, second = lrdsl.compile("warmup(10, to=1)"), lrdsl.compile("max(t, 10)^-0.5 then sqrt(7)", total=40)
    theirs = optax.linear_schedule(1.0, 0.5, 10)
    joined = optax.join_schedules([first.jax(), second.jax(), theirs], [10, 50])
    want = [*first(np.arange(10)), *second(np.arange(40)), *(1 - 0.05 * n for n in range(10))]
    assert [-one for one in observed(optax.sgd(joined), 60)] == pytest.approx(want, rel=1e-6, abs=1e-9)
    at = jnp.arange(60, dtype=KINDS[wide]) + 0.5
    slopes = jax.jit(jax.vmap(jax.grad(joined)))(at)
    assert jnp.isfinite(slopes).all()
    assert slopes[:10].tolist() == pytest.approx([0.1] * 10, rel=1e-5)


def test_a_schedule_itself_in_a_trace_says_what_can_be_traced() -> None:
    schedule = lrdsl.compile(FLAGSHIP)
    with pytest.raises(lrdsl.ScheduleError, match=r"`schedule.jax\(\)` is what can be traced"):
        observed(optax.sgd(schedule), 1)
    for one in (jax.jit(schedule), jax.vmap(schedule), jax.jit(schedule["lr"])):
        with pytest.raises(lrdsl.ScheduleError, match="JAX traces here"):
            one(jnp.arange(3))
    assert schedule(jnp.int32(500)) == 5e-4  # a number all the same


def test_the_lr_can_be_learned_through_a_run(wide: bool) -> None:
    """The base is what is differentiated by, through a whole training loop."""
    lr = lrdsl.compile("warmup(3) then cosine(7)").jax()

    def loss_after(base: Any) -> Any:
        def update(w: Any, n: Any) -> Any:
            return w - lr(n, base) * 2 * w, None

        w, _ = jax.lax.scan(update, jnp.ones((), KINDS[wide]), jnp.arange(10))
        return w * w

    base = 0.05
    small = 1e-3
    quotient = (float(loss_after(base + small)) - float(loss_after(base - small))) / (2 * small)
    assert float(jax.jit(jax.grad(loss_after))(base)) == pytest.approx(quotient, rel=1e-3)


def test_a_count_that_stays_at_its_largest_value_is_no_error() -> None:
    """Optax counts in int32, and stops at the largest of them."""
    schedule = lrdsl.compile(f"warmup({2**31 - 10}, to=1) then linear(100, to=0.5)")
    count = jnp.int32(2**31 - 1)
    assert int(optax.safe_increment(count)) == 2**31 - 1
    assert float(schedule.jax()(optax.safe_increment(count))) == pytest.approx(schedule(2**31 - 1), rel=1e-6)
