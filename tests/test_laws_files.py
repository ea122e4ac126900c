"""Laws of whole files, over drawn ones: units, outputs that use one another, bindings and groups.

In: files from `strategies_files`, and the naive evaluator, which shares no code with the compiler. Out: that the
two agree on the clock, the outputs, their lengths and values, for everybody and for every group, and on what is
refused. This file refuses to know at which moment something is refused: when compiling, for a group, or when called.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import FileMeaning, Meaning, Refused, evaluate_file, show
from reference_names import DRIVEN
from reference_trees import Call, Chain, File, Name, Num, Op, Quantity
from strategies_files import Asked, files, mistaken_files, timed_files
from test_laws import near, times_for

import lrdsl

pytestmark = pytest.mark.long

# A file costs as much as ten lines.
HALF = settings(max_examples=max(settings().max_examples // 2, 30))


def meant(asked: Asked, group: str | None) -> FileMeaning | str:
    """What the naive evaluator says, or why it refuses."""
    try:
        return evaluate_file(asked.file, asked.bindings, group, asked.bases)
    except Refused as reason:
        return str(reason)


def bases(asked: Asked) -> dict[str, float]:
    return dict.fromkeys(DRIVEN, 1.0) | asked.bases


def seen(schedule: lrdsl.Schedule, group: str | None) -> lrdsl.Schedule:
    return schedule if group is None else schedule.group(group)


def problem(act: Callable[[], object]) -> str | None:
    """The reason for which something is refused, or None."""
    try:
        act()
    except lrdsl.ScheduleError as error:
        assert str(error)
        return str(error)
    return None


def called(schedule: lrdsl.Schedule, group: str | None, base: dict[str, float], meaning: FileMeaning | str) -> None:
    """Every output that a group sees, at 0: where `total` or the size of a unit is missing it says so then."""
    view = seen(schedule, group)
    for name in view.outputs if isinstance(meaning, str) else meaning.outputs:
        view[name](0.0, base=base)


def in_itself(reasons: list[str]) -> bool:
    """Whether a line is wrong whoever asks for it, which may be found for everybody."""
    return any(not reason.startswith(("no line decides", "two numbers")) for reason in reasons)


def hold(schedule: lrdsl.Schedule, asked: Asked, views: dict[str | None, FileMeaning | str]) -> None:
    """Holds a schedule to what its file means to everybody and to every group: refusals, then outputs."""
    reasons = [view for view in views.values() if isinstance(view, str)]
    base, text = bases(asked), show(asked.file)
    for group, meaning in views.items():
        refused = problem(lambda group=group, meaning=meaning: called(schedule, group, base, meaning))
        if isinstance(meaning, str):
            assert refused is not None, f"{group}: {meaning}"
            continue
        if refused is not None:
            assert in_itself(reasons), f"{group}: {refused}"
            continue
        view = seen(schedule, group)
        assert view.clock == meaning.clock
        # an output with lines for groups alone is none of the plain ones, but may be named among them
        extra = set() if group is not None else {line.output for line in asked.file.groups}
        assert set(meaning.outputs) <= set(view.outputs) <= set(meaning.outputs) | extra
        for name, output in meaning.outputs.items():
            agree(view[name], output, base, text)


def agree(schedule: lrdsl.Schedule, meaning: Meaning, base: dict[str, float], text: str) -> None:
    """Lengths and values of one output agree, and the array is the scalar, bit for bit."""
    assert schedule.length == meaning.length
    times = times_for(meaning.length, meaning.phases)
    try:
        expected = [meaning.value(Fraction(t)) for t in times]
    except Refused:
        return
    # Under a cap the levels before it are larger than what is seen of them.
    largest = max(*map(abs, expected), 3.0 if " cap " in text else 0.0)
    # A wave of a large float has lost what its argument lost in rounding.
    wave = 1e-3 if "sin(" in text or "cos(" in text else 0.0
    values = [schedule(t, base=base) for t in times]
    for t, value, wanted in zip(times, values, expected, strict=True):
        assert near(value, wanted, largest * (1 + wave * t)), f"{meaning.name} at {t}: {value}, not {wanted}"
    array = schedule(np.array(times), base=base)
    assert array.dtype == np.float64
    assert array.tolist() == values


def check(asked: Asked) -> None:
    """Holds lrdsl to the naive evaluator; what is wrong in a line for groups may be found when compiling."""
    views = {group: meant(asked, group) for group in (None, *asked.groups)}
    try:
        schedule = lrdsl.compile(show(asked.file), **asked.bindings)
    except lrdsl.ScheduleError as error:
        assert in_itself([view for view in views.values() if isinstance(view, str)]), error
        return
    hold(schedule, asked, views)


@HALF
@given(files())
def test_a_file_means_what_the_naive_evaluator_says(asked: Asked) -> None:
    check(asked)


@HALF
@given(mistaken_files())
def test_what_the_naive_evaluator_refuses_of_a_file_is_refused(asked: Asked) -> None:
    check(asked)


@given(timed_files())
def test_times_and_numbers_meet_as_the_naive_evaluator_says(asked: Asked) -> None:
    check(asked)


@HALF
@given(files(), st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(asked: Asked, chance: random.Random) -> None:
    lines = show(asked.file).splitlines()
    shuffled = chance.sample(lines, len(lines))
    try:
        first = lrdsl.compile("\n".join(lines), **asked.bindings)
        called(first, None, bases(asked), "")
    except lrdsl.ScheduleError:
        return
    second = lrdsl.compile("\n".join(shuffled), **asked.bindings)

    assert set(first.outputs) == set(second.outputs)
    if first.clock != second.clock:
        # of several connected units the first one by place in the text is the clock
        assert "steps" not in (first.clock, second.clock)
        return
    for name in asked.file.plain():
        assert first[name].length == second[name].length
        times = np.array([0.0, 1.0, 2.5, 10.0, 100.0, 12345.0])
        values = [schedule[name](times, base=bases(asked)).tolist() for schedule in (first, second)]
        assert values[0] == values[1]


@HALF
@given(files("epochs"), st.sampled_from((2, 64, 5004)))
def test_the_size_of_a_unit_changes_the_clock_and_no_value(asked: Asked, size: int) -> None:
    meaning = meant(asked, None)
    # a file that names no unit counts steps
    assume(isinstance(meaning, FileMeaning) and meaning.clock == "epochs")
    assume(not any(isinstance(meant(asked, group), str) for group in asked.groups))
    alone = lrdsl.compile(show(asked.file), **asked.bindings)
    stepped = lrdsl.compile(show(asked.file), **asked.bindings, epoch=f"{size} steps")

    assert (alone.clock, stepped.clock) == ("epochs", "steps")
    for name, output in meaning.outputs.items():  # type: ignore[union-attr]
        length = alone[name].length
        assert stepped[name].length == (None if length is None else length * size)
        inside = [k * float(length if length is not None else 10**4) / 7.3 for k in range(8)]
        values = [alone[name](t, base=bases(asked)) for t in inside]
        largest = max(1e-300, *map(abs, values), abs(output.value(0)))
        for t, value in zip(inside, values, strict=True):
            if any(abs(t - mark) < 1e-6 * (1 + t) for mark in output.phases):
                continue
            assert stepped[name](t * size, base=bases(asked)) == pytest.approx(value, rel=1e-6, abs=1e-9 * largest)


def test_a_file_can_be_written_as_trees() -> None:
    file = File(
        Chain((Call("warmup", (Quantity("1", "epochs"),)), Call("cosine"))),
        params=(("epoch", Quantity("100", "samples")),),
        others=(("weight_decay", Op("^", Name("lr"), Num("2"))),),
    )
    found = evaluate_file(file, {"total": "1k samples"}, base={"lr": 2.0})

    assert show(file).splitlines()[1:] == ["weight_decay = lr^2", "lr = warmup(1 epoch) then cosine"]
    assert found.clock == "epochs"
    assert found.outputs["weight_decay"].value(Fraction(1, 2)) == 1.0
    assert found.outputs["weight_decay"].length == 10
