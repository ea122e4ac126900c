"""What one attaches: an optimizer, a schedule or its text, and perhaps a base.

In: arguments as users give them. Out: a schedule that is complete and fits the optimizer, or what is wrong. Refuses to write
anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch.optim import Optimizer

from .. import beside_base, problems
from .. import compile as compile_text
from ..diagnostic import Diagnostic, ScheduleError
from ..problems import number_text
from ..schedule import Schedule
from .columns import Column, Group, held, holds, kept_as, seen_by
from .hooks import hooked


def compiled(schedule: str | float | Schedule, bindings: Mapping[str, Any]) -> Schedule:
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
        first = next((g for g in optimizer.param_groups if holds(g, key) and kept_as(key) not in g), None)
        if first is not None:
            shown = number_text(float(held(first, key)))
            example = "3e-4" if key == "lr" else f'{{"{key}": {shown}}}'
            raise ScheduleError(
                problems.bad_call(
                    f"the optimizer has been stepped and holds {key} {shown}: was it that at the start?",
                    f"say what the {key} was when the run began: `attach(..., base={example})`",
                )
            )


def shared_with(optimizer: str) -> tuple[str, str]:
    """What to write where a schedule that the optimizer drives is to be one phase of torch's SequentialLR."""
    return (
        f"the {optimizer} drives this schedule (`auto=True`), so no other scheduler can turn it back or hand over to it",
        "write the phases into the text, with `then`; or leave `auto=True` out",
    )


def plain_base(base: float | Mapping[str, float]) -> float | dict[str, float]:
    """A base as a checkpoint has it."""
    return {key: float(value) for key, value in base.items()} if isinstance(base, Mapping) else float(base)


def check_levels(columns: Iterable[Column], schedule: Schedule) -> None:
    """Refuse a decay that would rise from the optimizer's own lr to a level that was written, `to=0.1` where `to=10%` was meant,
    and a warmup that would fall to it, `from=1/3` where a third of it was.

    Of groups whose lrs differ, as with a decay from layer to layer, some may be below the level at which a warmup starts: where
    it rises in any of them, it is meant.
    """
    falling: dict[str, list[list[Diagnostic]]] = {}
    for column in columns:
        if column.output.relation == "mixed":
            seen, name = seen_by(column.groups[0], schedule), column.output.name
            rises, falls = beside_base(seen, name, column.bases)
            if rises:
                raise ScheduleError(*rises)
            falling.setdefault(name, []).append(falls)
    for found in falling.values():
        if all(found):
            raise ScheduleError(*found[0])


def check_driven(optimizer: Optimizer, schedule: Schedule) -> None:
    """Refuse what an optimizer cannot drive: it knows of updates, and of nothing else."""
    if hooked(optimizer) is None:
        shown = f"this {type(optimizer).__name__} runs no hooks after a step, so it cannot drive a schedule"
        raise ScheduleError(problems.bad_call(shown, "leave `auto=True` out, and call step() after each update"))
    if schedule.clock != "steps":
        shown = f"this text counts {schedule.clock}, and with `auto=True` the optimizer counts updates"
        raise ScheduleError(
            problems.bad_call(
                shown, f"`step=...` says how many {schedule.clock} an update is; or `step({schedule.clock}=n)`"
            )
        )
