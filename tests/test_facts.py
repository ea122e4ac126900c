"""Facts against dense values, against integrals at 50 digits, and against what is plain to see."""

from __future__ import annotations

from fractions import Fraction
from unittest import mock

import mpmath
import numpy as np
import pytest
from hypothesis import Phase, given, note, settings
from reference import show
from strategies import schedules

import lrdsl
from lrdsl.prover import HORIZON

pytestmark = pytest.mark.long

FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


@settings(max_examples=80, deadline=None, phases=(Phase.explicit, Phase.generate))  # shrinking takes many minutes
@given(schedules())
def test_facts_agree_with_dense_values(drawn: tuple[object, Fraction | None]) -> None:
    try:
        schedule = lrdsl.compile(show(drawn[0]), total=None if drawn[1] is None else str(drawn[1]))
        facts = schedule.first.proven(1.0)
    except lrdsl.ScheduleError:
        return
    note(f"{schedule.text}\n{schedule.bindings}")
    end = float(min(schedule.length or 1000, 10**6)) * 1.1
    times = np.unique(np.concatenate([np.linspace(0, end, 4001), np.geomspace(1, 1e12, 500)]))
    values = schedule(times, 1.0)
    slack = 1e-11 * np.abs(values).max()
    low, high = facts.bounds

    assert values.min() >= low - slack
    assert values.max() <= high + slack
    for extreme, bound in ((facts.peak, high), (facts.least, low)):
        if extreme.time is not None:
            exact = schedule.left if extreme.side == "left" else schedule.exactly
            assert extreme.value == exact(extreme.time, 1.0)
        assert abs(extreme.value) <= abs(bound) + slack or extreme is facts.least
    for span in facts.spans:
        stop = np.inf if span.end is None else float(span.end)
        inside = values[(times >= float(span.begin)) & (times < stop)]
        steps = np.diff(inside)
        if span.trend == "rises" and steps.size:
            assert steps.min() >= -slack
        elif span.trend == "falls" and steps.size:
            assert steps.max() <= slack
        elif span.trend == "keeps" and inside.size:
            assert np.ptp(inside) <= slack
    if facts.settled is not None and facts.settled < 1e12:
        late = schedule(float(facts.settled) * (1 + 1e-12) + np.geomspace(1e-3, 1e6, 200), 1.0)
        assert np.ptp(late) <= slack
        assert abs(late[0] - facts.final) <= slack
    assert facts.spans[0].begin == 0
    assert all(one.end == other.begin for one, other in zip(facts.spans, facts.spans[1:], strict=False))


@pytest.mark.parametrize(
    ("text", "law", "cuts"),
    [
        ("cosine(1k, from=1e-3)", lambda t: 1e-3 * (1 + mpmath.cospi(t / 1000)) / 2, [0, 1000]),
        ("sqrt(100, from=1)", lambda t: 1 - mpmath.sqrt(t / 100), [0, 100]),
        ("poly(100, from=1, power=3)", lambda t: (1 - t / 100) ** 3, [0, 100]),
        ("rex(100, from=1)", lambda t: (1 - t / 100) / (mpmath.mpf(0.5) + (1 - t / 100) / 2), [0, 100]),
        ("geometric(100, from=1, to=1e-3)", lambda t: mpmath.mpf(10) ** (-3 * t / 100), [0, 100]),
        ("exp(1k, max=1, k=0.01)", lambda t: mpmath.e ** (-t / 100), [0, 1000]),
        ("exp(1k, max=1, halflife=100)", lambda t: mpmath.mpf(2) ** (-t / 100), [0, 1000]),
        ("rsqrt(1k, max=1, timescale=100)", lambda t: (1 + t / 100) ** mpmath.mpf(-0.5), [0, 1000]),
        ("warmup(100, to=1)", lambda t: t / 100, [0, 100]),
        ("drop(20, max=1, factor=0.5, per=5)", lambda t: mpmath.mpf(2) ** -mpmath.floor(t / 5), [0, 5, 10, 15, 20]),
        ("t*e^(-t/30)*1e-3 for 100", lambda t: t * mpmath.e ** (-t / 30) / 1000, [0, 100]),
        ("1 + sin(t/10)*cos(t/7)/2 for 100", lambda t: 1 + mpmath.sin(t / 10) * mpmath.cos(t / 7) / 2, [0, 50, 100]),
        ("tanh(t/10) + ln(1 + t/10) for 50", lambda t: mpmath.tanh(t / 10) + mpmath.log(1 + t / 10), [0, 50]),
    ],
)
def test_the_area_holds_the_integral(text: str, law: object, cuts: list[int]) -> None:
    area = lrdsl.compile(text).facts.area
    with mpmath.workdps(30):
        true = mpmath.quad(law, cuts)

    assert area is not None
    assert area.low - 1e-13 * abs(area.low) <= true <= area.high + 1e-13 * abs(area.high)
    assert area.width <= 3e-4 * area.value


def test_the_area_of_a_repeat_is_that_of_its_cycles() -> None:
    area = lrdsl.compile("repeat(cosine(10, from=1), times=3, factor=0.5, stretch=2)").facts.area

    assert area is not None
    assert area.length == 70
    assert area.low <= 5 + 5 + 5 <= area.high
    assert area.width < 1e-10
    assert area.mean == pytest.approx(15 / 70)


def test_what_is_plain_to_see() -> None:
    facts = lrdsl.compile(FLAGSHIP).facts
    assert (facts.first, facts.final, facts.peak.value, facts.peak.time, facts.least.value) == (
        1e-6,
        1e-6,
        1e-3,
        1000,
        1e-6,
    )
    assert [(span.trend, float(span.begin)) for span in facts.spans] == [
        ("rises", 0), ("falls", 1000), ("keeps", pytest.approx(1000 + 1e4 * np.log(1000)))]  # fmt: skip
    assert (facts.finite, facts.not_negative, facts.cut, facts.unreached, facts.jumps) == ("shown", "shown", (), (), ())

    cut = lrdsl.compile("cosine(100k, from=1, to=0.1) until 50k then linear(5k)").facts
    assert [(one.planned, one.begin, one.end) for one in cut.cut] == [((0, 100_000), 0, 50_000)]
    assert [(one.origin.name, one.level, one.nearest) for one in cut.unreached] == [("to", 0.1, pytest.approx(0.55))]

    under = lrdsl.compile("(cosine(100k, from=1, to=0.1)) until 50k then linear(5k, to=1e-4) floor 1e-3").facts
    assert [(one.planned, one.begin, one.end) for one in under.cut] == [((0, 100_000), 0, 50_000)]
    assert [(one.origin.name, one.level, one.nearest) for one in under.unreached] == [
        ("to", 0.1, pytest.approx(0.55)), ("to", 1e-4, 1e-3)]  # fmt: skip

    endless = lrdsl.compile("exp(max=1, k=0.1)").facts
    assert (endless.settled, endless.final, endless.area, endless.least.value, endless.least.time) == (
        None,
        None,
        None,
        0,
        None,
    )

    steps = lrdsl.compile("0.1 until 30 then 0.01 until 60 then 0.001").facts
    assert [(jump.time, jump.before, jump.after) for jump in steps.jumps] == [(30, 0.1, 0.01), (60, 0.01, 0.001)]
    assert steps.settled == 60

    noam = lrdsl.compile("t*e^(-t/300)").facts
    assert noam.peak.value == pytest.approx(300 / np.e, rel=1e-12)
    assert float(noam.peak.time or 0) == pytest.approx(300, rel=1e-4)


def test_a_peak_that_is_only_approached_is_seen_from_the_left() -> None:
    peak = lrdsl.compile("warmup(10, to=1) then 0.5").facts.peak

    assert (peak.value, peak.time, peak.side) == (1.0, 10, "left")


def test_facts_of_a_text_that_mixes_base_are_those_of_a_base() -> None:
    schedule = lrdsl.compile("exp(max=base, k=0.1) floor 1e-5")
    with pytest.raises(lrdsl.ScheduleError, match="base"):
        schedule.facts  # noqa: B018
    assert schedule.settled is None
    early, late = (schedule["lr"].proven(base).settled for base in (1e-4, 1e-3))
    assert early is not None
    assert late is not None
    assert float(late - early) == pytest.approx(10 * np.log(10))


def test_compiling_finds_no_facts() -> None:
    with mock.patch("lrdsl.facts.Facts.__init__", side_effect=AssertionError("compile paid for facts")):
        schedule = lrdsl.compile("warmup(10, to=1) then cosine(91) then hold(7)")
        schedule(5)
    with (
        pytest.raises(AssertionError, match="paid for facts"),
        mock.patch("lrdsl.facts.Facts.__init__", side_effect=AssertionError("compile paid for facts")),
    ):
        schedule.facts  # noqa: B018


def test_the_kernel_fills_what_stays_from_what_is_proven() -> None:
    schedule = lrdsl.compile(FLAGSHIP)
    times = np.arange(0, 200_000, 0.5)
    values = schedule(times)
    kernel = schedule.first._first

    assert kernel is not None
    assert kernel.tail == (pytest.approx(70_077.55, abs=0.1), 1e-6)
    assert [schedule(float(t)) for t in times[::997]] == values[::997].tolist()


def test_facts_as_data_are_plain() -> None:
    import json

    for text in (FLAGSHIP, "exp(max=1, k=0.1)", "repeat(cosine(10, from=1))", "cosine(10, from=1) until 5", "0"):
        data = json.loads(json.dumps(lrdsl.compile(text).facts.as_data()))
        assert data["first"] == lrdsl.compile(text)(0)


def test_times_go_to_the_horizon() -> None:
    assert Fraction(10**100) == HORIZON
    assert lrdsl.compile("1e-20*t").facts.peak.value == pytest.approx(1e80)
