"""Laws of meaning, over drawn texts: trees are drawn, printed and parsed, and held against a naive evaluator.

The evaluator (`reference.py`) shares no code with the compiler and was written from the language's page alone.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from reference import Call, Chain, Line, Num, Phase, Refused, evaluate, show
from strategies import broken, chains, decays, mistaken, schedules

import lrdsl
from lrdsl.parser import parse
from lrdsl.printer import show as printed
from lrdsl.source import Source

pytestmark = pytest.mark.long


def compiled(text: str, total: Fraction | None) -> lrdsl.Schedule:
    return lrdsl.compile(text, total=None if total is None else exact_text(total))


def exact_text(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def times_for(length: Fraction | None, phases: tuple[Fraction, ...]) -> list[float]:
    """Times at, before and after every boundary, some between, and some past the end."""
    end = float(length) if length is not None else 2.0 * float(phases[-1] if phases else 0) + 1000.0
    marks = [float(mark) for mark in phases if mark < 10**15][:12]
    near = [t for mark in marks for t in (mark, math.nextafter(mark, 0), math.floor(mark), math.ceil(mark), mark + 1)]
    between = [end * k / 17 for k in range(18)]
    return sorted({t for t in [*near, *between, end + 1, 3 * end, 0.0, 1.0] if 0 <= t < 1e17})


def near(a: float, b: float, largest: float) -> bool:
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b)) + 1e-12 * largest


@given(schedules())
def test_a_text_means_what_the_naive_evaluator_says(drawn: tuple[object, Fraction | None]) -> None:
    tree, total = drawn
    text = show(tree)
    try:
        meaning = evaluate(tree, total=total)
    except Refused:
        with pytest.raises(lrdsl.ScheduleError):
            compiled(text, total)
        return
    schedule = compiled(text, total)
    base = 1.0

    assert schedule.length == meaning.length
    times = times_for(meaning.length, meaning.phases)
    try:
        expected = [meaning.value(Fraction(t)) for t in times]
    except Refused:
        return
    largest = max(map(abs, expected))
    # A wave of a large float has lost what its argument lost in rounding.
    wave = 1e-15 if "sin(" in text or "cos(" in text else 0.0
    for t, wanted in zip(times, expected, strict=True):
        assert near(schedule(t, base), wanted, largest * (1 + wave * 1e12 * t)), (
            f"at {t}: {schedule(t, base)}, not {wanted}"
        )
    array = schedule(np.array(times), base)
    assert array.tolist() == [schedule(t, base) for t in times]


@given(mistaken())
def test_what_the_naive_evaluator_refuses_is_refused(drawn: tuple[object, Fraction | None]) -> None:
    tree, total = drawn
    try:
        evaluate(tree, total=total)
        refused = None
    except Refused as reason:
        refused = str(reason)
    try:
        # What mixes base with levels is looked at when the base is known.
        compiled(show(tree), total)(0, 1.0)
        problem = None
    except lrdsl.ScheduleError as error:
        problem = str(error)

    assert (refused is None) == (problem is None), refused or problem


@given(schedules())
def test_printing_and_parsing_again_gives_the_same_tree(drawn: tuple[object, Fraction | None]) -> None:
    file = parse(Source(show(drawn[0]))).file
    again = parse(Source(printed(file))).file

    assert again == file
    assert printed(again) == printed(file)


@given(schedules(), st.floats(1e-9, 10))
def test_floor_and_cap_hold_everywhere(drawn: tuple[object, Fraction | None], bound: float) -> None:
    tree, total = drawn
    assume(not hasattr(tree, "lr"))
    times = [0, 1, 2, 10, 99, 1000, 12_345, 10**6]
    for word, holds in (("floor", np.greater_equal), ("cap", np.less_equal)):
        try:
            schedule = compiled(f"({show(tree)}) {word} {bound!r}", total)
            values = schedule(np.array(times), 1.0)
        except lrdsl.ScheduleError:
            continue
        assert holds(values, bound).all()


@given(decays())
def test_decays_fall_from_step_to_step_and_stay_within_their_levels(drawn: tuple[Call, None]) -> None:
    schedule = compiled(show(drawn[0]), None)
    assert schedule.length is not None
    length = int(schedule.length)
    steps = np.unique(np.concatenate([np.arange(min(length, 3000)), length - 1 - np.arange(min(length, 3000))]))
    values = schedule(steps[steps <= length])
    ends = schedule(0), schedule(length)

    assert (np.diff(values) <= 0).all() or (np.diff(values) >= 0).all()
    assert values.min() >= min(ends)
    assert values.max() <= max(ends)


@given(st.integers(1, 10**9), st.floats(0, 1e3), st.floats(1e-9, 1e3))
def test_a_warmup_rises_from_step_to_step_and_is_exact_at_both_ends(length: int, low: float, high: float) -> None:
    assume(low <= high)
    schedule = lrdsl.compile(f"warmup({length}, from={low!r}, to={high!r}) then hold")
    steps = np.unique(np.linspace(0, length, 2000).astype(np.int64))
    values = schedule(np.concatenate([steps, steps + 1]))

    assert schedule(0) == low
    assert schedule(length) == high == schedule(2 * length)
    assert (np.diff(schedule(np.sort(np.concatenate([steps, steps + 1])))) >= 0).all()
    assert values.min() >= low
    assert values.max() <= high


@given(chains(), decays())
def test_then_is_the_first_before_and_the_second_after(
    first: tuple[object, Fraction | None], second: tuple[Call, None]
) -> None:
    tree, total = first
    assume(total is None)
    try:
        alone = compiled(f"({show(tree)})", None)
        both = compiled(f"({show(tree)}) then {show(second[0])}", None)
    except lrdsl.ScheduleError:
        return
    after = compiled(show(second[0]), None)
    assume(alone.length is not None and alone.length < 10**9)
    join = alone.length or Fraction(0)
    if alone.relation == both.relation == "absolute":
        steps = np.arange(0, min(int(join), 500))
        assert np.array_equal(both(steps), alone(steps))
    # Exactly at the join, which may be no float.
    assert near(both.exactly(join, 1.0), after(0, 1.0), 1.0)
    for since in range(1, 200):
        if since < (after.length or 0):
            assert near(both.left(join + since, 1.0), after.left(since, 1.0), 1.0)


@given(schedules())
def test_past_the_end_the_last_value_holds(drawn: tuple[object, Fraction | None]) -> None:
    try:
        schedule = compiled(show(drawn[0]), drawn[1])
    except lrdsl.ScheduleError:
        return
    assume(schedule.length is not None and schedule.length < 10**15)
    end = float(schedule.length or 0)
    last = schedule(math.nextafter(end, math.inf), 1.0)

    assert schedule(np.array([end + 1, 2 * end + 1, 1e17]), 1.0).tolist() == [last] * 3
    assert last == pytest.approx(schedule.left(schedule.length or Fraction(0), 1.0), rel=1e-9, abs=1e-300)


@given(broken())
def test_a_broken_text_is_refused_or_compiled_and_nothing_else(text: str) -> None:
    for total in (None, 1000):
        try:
            lrdsl.compile(text, total=total)
        except lrdsl.ScheduleError as error:
            assert str(error)
            assert error.problems


@given(st.text(max_size=200))
def test_any_text_is_refused_or_compiled_and_nothing_else(text: str) -> None:
    try:
        lrdsl.compile(text, total=1000)
    except lrdsl.ScheduleError as error:
        assert str(error)


def test_the_trees_can_be_drawn_and_printed() -> None:
    tree = Line(Chain((Call("warmup", (Num("1000"),)), Phase(Num("1e-3"), until=Num("2k")))), (("floor", Num("1e-6")),))

    assert show(tree) == "warmup(1000) then 1e-3 until 2k floor 1e-6"
    assert evaluate(tree).value(Fraction(500)) == pytest.approx(5e-4)


def test_the_tutorials_loop() -> None:
    """The hand-written loop counts before it writes and says nothing of its warmup: its step_num is t."""
    max_lr, k, warmup, min_lr = 1e-3, 1e-4, 1000, 1e-6
    written = []
    for step_num in range(1, 200_001):
        if step_num > warmup:
            lr = max_lr * math.exp(-k * (step_num - warmup))
            lr = max(lr, min_lr)
            written.append((step_num, lr))
    schedule = lrdsl.compile("warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6")
    steps = np.array([step for step, _ in written])

    assert steps[-1] == 200_000
    np.testing.assert_allclose(schedule(steps), [lr for _, lr in written], rtol=1e-14)
