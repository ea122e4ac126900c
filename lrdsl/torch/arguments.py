"""What one attaches: an optimizer, a schedule or its text, and perhaps a base.

In: arguments as users give them. Out: a schedule that is complete and fits the optimizer, or what is wrong. Refuses to write
anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from torch.optim import Optimizer

from .. import compile as compile_text
from .. import problems
from ..comparison import difference
from ..diagnostic import ScheduleError
from ..problems import number_text, time_text
from ..schedule import Schedule
from .columns import Group, base_of, held, holds, said, seen_by


def compiled(schedule: str | Schedule, bindings: Mapping[str, Any]) -> Schedule:
    """The schedule with its bindings; what is missing is an error, for it is needed now."""
    if isinstance(schedule, str) and schedule.endswith(".lrs") and "\n" not in schedule:
        advice = f'attach(optimizer, lrdsl.load("{schedule}"))'
        raise ScheduleError(problems.bad_call(f"`{schedule}` is the name of a file, not a text", advice))
    if isinstance(schedule, Optimizer):
        raise ScheduleError(problems.bad_call("the optimizer comes first", "attach(optimizer, text)"))
    if isinstance(schedule, Schedule):
        found = schedule.bind(**bindings) if bindings else schedule
    else:
        found = compile_text(schedule, **bindings)
    if found.missing:
        raise ScheduleError(*found.missing)
    return found


def no_optimizer(found: object) -> tuple[str, str]:
    if isinstance(found, str | Schedule):
        return "the optimizer comes first", "attach(optimizer, text)"
    return f"a schedule is attached to a torch optimizer, not to {type(found).__name__}", "attach(optimizer, text)"


def no_step(schedule: Schedule, what: str, method: str) -> tuple[str, str]:
    """What to write in the place of a call that moves by steps, on a clock without them."""
    clock = schedule.clock
    return (
        f"this text counts {clock}, and `{what}` says nothing of them",
        f"{method}({clock}=n), or `param step = ...` in the text, which turns {clock} into steps",
    )


def used(groups: Iterable[Group], schedule: Schedule) -> set[str]:
    """The keys whose base some group needs."""
    seen = (output for group in groups for output in seen_by(group, schedule).plain)
    return {key for output in seen for key in output.keys if output.relation != "absolute"}


def check_fresh(optimizer: Optimizer, schedule: Schedule, base: float | Mapping[str, float] | None) -> None:
    """An optimizer that was stepped holds decayed values, which must not become the base of a text that uses one."""
    if not optimizer.state or (base is not None and not isinstance(base, Mapping)):
        return
    for key in used(optimizer.param_groups, schedule) - set(base or ()):
        first = next((g for g in optimizer.param_groups if holds(g, key) and f"initial_{key}" not in g), None)
        if first is not None:
            shown = number_text(float(held(first, key)))
            example = "3e-4" if key == "lr" else f'{{"{key}": {shown}}}'
            raise ScheduleError(
                problems.bad_call(
                    f"the optimizer has been stepped and holds {key} {shown}: was it that at the start?",
                    f"say what the {key} was when the run began: `attach(..., base={example})`",
                )
            )


def plain_base(base: float | Mapping[str, float]) -> float | dict[str, float]:
    """A base as a checkpoint has it."""
    return {key: float(value) for key, value in base.items()} if isinstance(base, Mapping) else float(base)


def another_text(
    saved: Schedule, now: Schedule, group: Group, base: float | Mapping[str, float] | None, position: Fraction
) -> ScheduleError:
    """A checkpoint of a text that means something else: both lrs there, and what is different from there on."""
    lrs = [said(schedule, group, base, float(position)) for schedule in (saved, now)]
    place = f"{saved.clock.removesuffix('s')} {time_text(position)}"
    told = f"the checkpoint was trained with another text or other bindings: at {place} {lrs[0]}, in hand {lrs[1]}"
    told += _from_there(saved, now, base if base is not None else base_of(group, "lr", None), position)
    return ScheduleError(
        problems.bad_call(
            told,
            'attach(..., on_change="replace") goes on with the text in hand, attach(..., on_change="keep") with the saved one',
        )
    )


def _from_there(saved: Schedule, now: Schedule, base: float | Mapping[str, float] | None, position: Fraction) -> str:
    try:
        found = difference(saved, now, ("the checkpoint", "the text in hand"), at=position, base=base)
    except ScheduleError:  # they count in different units, say: both lrs tell enough
        return ""
    return f"; {found.words}" if found.outputs else ""
