"""What is written where: a column is one value a step, for all groups that share it.

In: an optimizer's groups and a schedule. Out: columns, and their values put into the groups. Refuses to know positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from .. import problems
from ..diagnostic import Mend, ScheduleError
from ..output import Output
from ..patterns import pattern
from ..records import frozen
from ..schedule import Schedule

Group = dict[str, Any]
BETAS = ("beta1", "beta2")
SCALE = "lr_scale"


@frozen
class Column:
    """An output, the bases for which it is computed, and the groups into whose `key` its values go."""

    output: Output
    bases: Mapping[str, float]
    key: str
    groups: list[Group]


def holds(group: Group, key: str) -> bool:
    """Whether a group has what an output of that name drives; torch keeps both betas of Adam in one tuple."""
    return "betas" in group if key in BETAS else key in group


def held(group: Group, key: str) -> Any:
    return group["betas"][BETAS.index(key)] if key in BETAS else group[key]


def put(group: Group, key: str, value: float) -> None:
    """Write a Python float; a Tensor is filled in place, so that a compiled or captured step sees it."""
    if key == "lr" and SCALE in group:
        value *= float(group[SCALE])
    now = held(group, key)
    if isinstance(now, Tensor):
        now.fill_(value)
    elif key in BETAS:
        pair = list(group["betas"])
        pair[BETAS.index(key)] = value
        group["betas"] = type(group["betas"])(pair)
    else:
        group[key] = value


def kept_as(key: str) -> str:
    """The name under which a group keeps what a key held at first, as torch keeps `initial_lr`."""
    return f"initial_{key}"


def base_of(group: Group, key: str, given: float | Mapping[str, float] | None) -> float:
    """What the group's key held when it was first attached, kept in the group beside it."""
    if given is not None and not isinstance(given, Mapping):
        return float(given)
    if given is not None and key in given:
        return float(given[key])
    if not holds(group, key):
        return 1.0  # an output uses the base of a key that this group has not; nothing says what it would be
    name = kept_as(key)
    if name not in group:
        group[name] = float(held(group, key))
    return float(group[name])


def columns(groups: Sequence[Group], schedule: Schedule, base: float | Mapping[str, float] | None) -> list[Column]:
    """The columns of all groups, in the order in which groups and outputs come."""
    found: dict[tuple[object, ...], Column] = {}
    for group in groups:
        for output in seen_by(group, schedule).plain:
            key = output.key
            if key is None or not holds(group, key):
                continue
            bases = {one: base_of(group, one, base) for one in output.keys} if output.relation != "absolute" else {}
            mark = (id(output), tuple(bases.items()), key)
            if mark not in found:
                found[mark] = Column(output, bases, key, [])
            found[mark].groups.append(group)
    return list(found.values())


def seen_by(group: Group, schedule: Schedule) -> Schedule:
    """The schedule as a group sees it, by its name."""
    return schedule.group(str(group["name"])) if schedule.patterns else schedule


def value_of(output: Output, group: Group, base: float | Mapping[str, float] | None, position: float) -> float:
    """An output at a position, with the bases of a group."""
    bases = {key: base_of(group, key, base) for key in output.keys}
    return output(position, bases or None)


def lr_of(group: Group, schedule: Schedule, position: float, base: float | Mapping[str, float] | None) -> Any:
    """The lr that a group gets at a position; what no text drives is what the group holds."""
    seen = seen_by(group, schedule)
    if "lr" not in seen.outputs:
        return group["lr"]
    return value_of(seen["lr"], group, base, position) * float(group.get(SCALE, 1.0))


def check_groups(optimizer: Optimizer, schedule: Schedule) -> None:
    """Refuse groups without names where the text speaks of names, patterns that match nothing, and outputs that drive
    nothing here."""
    groups = optimizer.param_groups
    if schedule.patterns:
        _check_names(groups, schedule)
    driven = {output.name for group in groups for output in seen_by(group, schedule).plain if output.key is not None}
    for name in schedule.lines:
        if name in driven and not any(holds(group, name) for group in groups):
            kind = type(optimizer).__name__
            raise ScheduleError(problems.drives_nothing(schedule.place(name), name, kind, _other(groups, name)))


def _check_names(groups: Sequence[Group], schedule: Schedule) -> None:
    nameless = sum("name" not in group for group in groups)
    output, first = schedule.patterns[0]
    if nameless:
        raise ScheduleError(problems.nameless_groups(schedule.place(output, first), nameless, [first]))
    names = [str(group["name"]) for group in groups]
    missed = [
        problems.matches_nothing(schedule.place(output, text), text, names)
        for output, text in schedule.patterns
        if not any(pattern(text).ways(name) for name in names)
    ]
    if missed:
        raise ScheduleError(*missed)


def _other(groups: Sequence[Group], name: str) -> Mend | None:
    """Adam's `beta1` is what SGD calls momentum."""
    other = {"momentum": "beta1", "beta1": "momentum"}.get(name)
    if other is None or not any(holds(group, other) for group in groups):
        return None
    return Mend(f"here it is called `{other}`")
