"""What a checkpoint says of a schedule, and how a run goes on from it.

In: a state, the plan in hand, what to do where the two differ. Out: the plan and the position to go on with; where nothing was
chosen, what is wrong: both lrs, and the command that shows more. Refuses to write into groups.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from .. import compile as compile_text
from .. import problems
from ..comparison import difference
from ..diagnostic import ScheduleError
from ..problems import number_text, time_text
from ..records import frozen
from ..schedule import Schedule
from . import alarms
from .arguments import used
from .columns import Group, holds, kept_as, seen_by, value_of

_JUMP = 0.01  # of the larger lr: below, nobody sees it
_SAME = 1e-12

Bases = Sequence[Mapping[str, float]]


@frozen
class Plan:
    """A schedule, and for each group the base of each key."""

    schedule: Schedule
    bases: Bases

    def value(self, group: Group, index: int, position: Fraction) -> tuple[str, float]:
        """The first output of a group, and its value at a position."""
        output = seen_by(group, self.schedule).first
        given = self.bases[index] if index < len(self.bases) else {}
        return output.name, value_of(output, group, given, float(position))


@frozen
class Checkpoint:
    """A plan, where it stood, how often it had moved; what groups held at first, and what was said to be the base."""

    plan: Plan
    position: Fraction
    moves: int
    held: Bases
    base: float | dict[str, float] | None


def read(state: Mapping[str, Any]) -> Checkpoint:
    """What a state says. Raises ScheduleError for that of another scheduler."""
    if not {"last_epoch", "text", "bindings", "bases"} <= state.keys():
        raise ScheduleError(
            problems.bad_call("this is the state of another scheduler", "seek(n) takes a run up at update n")
        )
    schedule = compile_text(state["text"], **dict(state["bindings"]))
    held, base = [dict(bases) for bases in state["bases"]], state.get("base")
    base = dict(base) if isinstance(base, list | dict) else base
    position = Fraction(state.get("position", state["last_epoch"]))
    return Checkpoint(plan(schedule, held, base), position, int(state["last_epoch"]), held, base)


def pairs(values: Mapping[str, Any]) -> list[list[Any]]:
    """What a dict holds, as lists."""
    return [[name, value] for name, value in values.items()]


def plan(schedule: Schedule, held: Bases, base: float | Mapping[str, float] | None) -> Plan:
    return Plan(schedule, [given_over(base, bases) for bases in held])


def given_over(given: float | Mapping[str, float] | None, held: Mapping[str, float]) -> dict[str, float]:
    """The bases of a group: what it held, but for what was said to be the base."""
    if given is None:
        return dict(held)
    if isinstance(given, Mapping):
        return {**held, **{key: float(value) for key, value in given.items()}}
    return dict.fromkeys(held, float(given))


def give_back(groups: Sequence[Group], held: Bases) -> None:
    """Put the bases into the groups, where they are kept."""
    for group, bases in zip(groups, held, strict=False):
        group.update({kept_as(key): base for key, base in bases.items() if holds(group, key)})


def same(saved: Plan, now: Plan, groups: Sequence[Group]) -> bool:
    """Whether two plans mean the same: texts, bindings, and the bases that the texts use."""
    if not _alike(saved, now, groups):
        return False
    keys = used(groups, now.schedule)
    for one, two in zip(saved.bases, now.bases, strict=False):
        for key in keys & one.keys() & two.keys():
            if abs(one[key] - two[key]) > _SAME * max(abs(one[key]), abs(two[key])):
                return False
    return True


def _alike(saved: Plan, now: Plan, groups: Sequence[Group]) -> bool:
    """Whether all groups are shown to get the same."""
    if saved.schedule == now.schedule:
        return True
    if not saved.schedule.patterns and not now.schedule.patterns:
        return alike(saved.schedule, now.schedule, now.bases[0] if now.bases else None)
    seen = {}
    for index, group in enumerate(groups):
        pair = seen_by(group, saved.schedule), seen_by(group, now.schedule)
        seen[tuple(map(id, pair))] = (*pair, now.bases[index] if index < len(now.bases) else None)
    return all(alike(*pair) for pair in seen.values())


def alike(one: Schedule, two: Schedule, base: Mapping[str, float] | None = None) -> bool:
    """Whether two schedules are shown to be the same, however they are written: `100k` is 100_000, and 10% is 0.1."""
    if one == two:
        return True
    if one.clock != two.clock or one.rates != two.rates or one.patterns != two.patterns:
        return False
    try:
        return difference(one, two, base=base or None).same is True
    except ScheduleError:
        return False


def carried(position: Fraction, saved: Schedule, now: Schedule) -> Fraction:
    """Where the run stands in the text in hand: where a step is worth more tokens than it was, it has made fewer steps."""
    if saved.clock != now.clock:
        shown = f"the checkpoint counts {saved.clock}, the text in hand {now.clock}"
        raise ScheduleError(problems.bad_call(shown, f"seek({now.clock}=n) says where the run is"))
    units = saved.rates.keys() & now.rates.keys()
    ratios = {now.rates[unit] / saved.rates[unit] for unit in units if now.rates[unit] != saved.rates[unit]}
    if now.clock != "steps" or len(ratios) != 1:
        return position
    return Fraction(round(position * ratios.pop()))


def another_text(
    saved: Plan, now: Plan, groups: Sequence[Group], positions: tuple[Fraction, Fraction]
) -> ScheduleError:
    """A checkpoint of something else: both lrs there, what is different from there on, and how to choose."""
    first, second = saved.schedule, now.schedule
    index = _farthest(saved, now, groups, positions)
    (name, before), (_, after) = (
        plan.value(groups[index], index, at) for plan, at in zip((saved, now), positions, strict=True)
    )
    what = "another text or other bindings" if first != second else "another base"
    told = (
        f"the checkpoint was trained with {what}: at {_place(first, positions[0])} its {name} is {number_text(before)}"
    )
    moved = f" at {_place(second, positions[1])}, which is the same place" if positions[0] != positions[1] else ""
    told += f", in hand {number_text(after)}{moved}{_from_there(saved, now, index, positions)}"
    advice = 'attach(..., on_change="replace") goes on with what is in hand, attach(..., on_change="keep") with what was saved'
    if first != second:
        advice += f"; `{_command(first, second, positions[0])}` shows more"
    return ScheduleError(problems.bad_call(told, advice))


def jump(saved: Plan, now: Plan, groups: Sequence[Group], positions: tuple[Fraction, Fraction]) -> str | None:
    """What is said where the plan in hand goes on with another lr than the one saved would have had."""
    index = _farthest(saved, now, groups, positions)
    (name, before), (_, after) = (
        plan.value(groups[index], index, at) for plan, at in zip((saved, now), positions, strict=True)
    )
    if _apart(before, after) <= _JUMP:
        return None
    return alarms.jump(_place(now.schedule, positions[1]), name, before, after)


def _farthest(saved: Plan, now: Plan, groups: Sequence[Group], positions: tuple[Fraction, Fraction]) -> int:
    """The group whose values differ most."""

    def gap(index: int) -> float:
        values = [plan.value(groups[index], index, at)[1] for plan, at in zip((saved, now), positions, strict=True)]
        return _apart(*values)

    return max(range(len(groups)), key=gap)


def _apart(one: float, two: float) -> float:
    return abs(one - two) / (max(abs(one), abs(two)) or 1.0)


def _place(schedule: Schedule, position: Fraction) -> str:
    return f"{schedule.clock.removesuffix('s')} {time_text(position)}"


def _from_there(saved: Plan, now: Plan, index: int, positions: tuple[Fraction, Fraction]) -> str:
    if positions[0] != positions[1]:
        return ""
    base = now.bases[index] if index < len(now.bases) else None
    names = "the checkpoint", "the text in hand"
    try:
        found = difference(saved.schedule, now.schedule, names, at=positions[0], base=base or None)
    except ScheduleError:  # they count in different units, say: both lrs tell enough
        return ""
    return f"; {found.words}" if found.outputs and not found.same else ""


def _command(saved: Schedule, now: Schedule, position: Fraction) -> str:
    """`lrdsl diff` for two texts and what is bound; from files where they are too long for a line."""
    texts = list(dict.fromkeys(str(one).strip() for one in (saved, now)))
    if any("\n" in text for text in texts):
        return f"lrdsl diff SAVED.lrs {'NOW.lrs ' * (len(texts) - 1)}--at {time_text(position)}"
    words = ["lrdsl", "diff"]
    for text in texts:
        words += ["-e", text]
    for name, value in saved.bindings.items():
        words += [f"--{name}", value] if name in ("total", "epoch", "step", "sample") else ["--set", f"{name}={value}"]
    for name, value in now.bindings.items():
        if saved.bindings.get(name) != value:
            words += ["--with", f"{name}={value}"]
    return shlex.join([*words, "--at", time_text(position)])
