"""Levels: what a phase starts with, goes to, or keeps.

In: a phase and its place. Out: rows. What is written holds; what is not comes from the phase before, or from the phase that
follows, or is base. Refuses to know any curve by name.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from .. import problems, program
from ..durations import Refused
from ..program import core
from ..records import replace
from ..timeline import Origin, Source
from .rows import is_constant

if TYPE_CHECKING:
    from . import Place, Planner

# Looks ahead: the row at which what follows starts (None where that depends on what is before), and whether a `to` before
# it must be written.
Ahead = Callable[[], tuple[int | None, bool]]


class _Pass(Enum):
    PASS = "a hold without a level: look at what follows it"


PASS: Literal[_Pass.PASS] = _Pass.PASS
Start = int | None | Literal[_Pass.PASS]


def start(planner: Planner, node: program.Node, place: Place) -> Start:
    """The level at which a node starts, seen from the phase before: a row, None if it takes it from there, or PASS."""
    match node:
        case program.Inner() | program.Sampled():
            return start(planner, node.body, place)
        case program.Chain():
            first = planner.places(node, place)[0]
            found = start(planner, node.phases[0], first)
            if found is not PASS or first.after is None:
                return found
            return first.after()[0]
        case program.Phase() if node.skip is None:
            return start(planner, node.body, planner.inside(node, place)[0])
        case program.Limit():
            return _limited(planner, node, place)
        case program.Repeat():
            need = planner.lengths.alone(node.body, place.total)
            inside = replace(place, origin=Fraction(0), length=need.least)
            return start(planner, node.body, replace(inside, after=cycle_end(planner, node.body, inside)))
        case program.Call() if node.levels:
            return _call_start(planner, node, place)
    if is_constant(node):
        return planner.rows.constant(node, place.total, place.levels)
    key = (id(node), place.origin)
    if key not in planner.made:
        planner.made[key] = planner.lay(node, replace(place, before=None))
    laid = planner.made[key]
    if not laid.parts:
        return laid.end()
    return planner.rows.moment(laid.parts[0].body, place.origin, "right")


def _limited(planner: Planner, node: program.Limit, place: Place) -> Start:
    found = start(planner, node.body, place)
    if found is PASS:
        found = place.after()[0] if place.after is not None else None
    if found is None:
        return None
    assert not isinstance(found, _Pass)
    return planner.rows.operation(node.function, found, planner.rows.constant(node.value, place.total, place.levels))


def _call_start(planner: Planner, call: program.Call, place: Place) -> Start:
    level = call.levels.get("from") or call.levels.get("max")
    if level is None or level.written is None:
        return PASS if call.holds else None
    if isinstance(level.written, program.Share):
        return _share(planner, call, level.name, level.written, to_level(planner, call, place, None))
    return planner.rows.constant(level.written, place.total, place.levels)


def resolve(planner: Planner, call: program.Call, place: Place) -> dict[str, int]:
    """The rows of the levels of a call; where they came from is noted."""
    found = _resolved(planner, call, place)
    for name, level in call.levels.items():
        span = None if level.written is None else level.written.span
        source = _source(call, level, place)
        planner.origins.append(Origin(place.phase or 0, name, source, found[name], span, call.span))  # type: ignore[arg-type]
    return found


def _source(call: program.Call, level: program.Level, place: Place) -> Source:
    """In the order in which levels are sought."""
    if level.written is not None:
        return "share" if isinstance(level.written, program.Share) else "written"
    if level.name != "to" and place.before is not None:
        return "before"
    if level.ahead and place.after is not None and place.after()[0] is not None:
        return "ahead"
    if level.default is not None or (level.name == "to" and not level.ahead):
        return "default"
    return "base"


def _resolved(planner: Planner, call: program.Call, place: Place) -> dict[str, int]:
    found: dict[str, int] = {}
    first, last = call.levels.get("from"), call.levels.get("to")
    if first is not None and isinstance(first.written, program.Share):
        found["to"] = to_level(planner, call, place, None)
        found["from"] = _share(planner, call, "from", first.written, found["to"])
    else:
        if first is not None:
            found["from"] = _from_before(planner, call, first, place)
        if last is not None:
            found["to"] = to_level(planner, call, place, found.get("from"))
    if "max" in call.levels:
        found["max"] = _from_before(planner, call, call.levels["max"], place)
    return found


def _from_before(planner: Planner, call: program.Call, level: program.Level, place: Place) -> int:
    if isinstance(level.written, program.Share):
        raise Refused(problems.share_of_nothing(level.written.span, level.name))
    if level.written is not None:
        return planner.rows.constant(level.written, place.total, place.levels)
    if place.before is not None:
        return place.before()
    if level.ahead and place.after is not None:
        ahead = place.after()[0]
        if ahead is not None:
            return ahead
    if isinstance(level.default, program.Share):
        if level.name == "max":
            raise Refused(problems.share_of_nothing(level.default.span, "max"))
        return _share(planner, call, "from", level.default, to_level(planner, call, place, None))
    if level.default is not None:
        return planner.rows.constant(level.default, place.total, {})
    return _base(planner, call, level.name, place)


def to_level(planner: Planner, call: program.Call, place: Place, start_row: int | None) -> int:
    """The row of `to`; `start_row` is None where `from` is a share of it."""
    level = call.levels.get("to")
    if level is None:
        raise Refused(problems.share_of_nothing(call.span, "from"))
    if isinstance(level.written, program.Share):
        return _share(planner, call, "to", level.written, start_row)
    if level.written is not None:
        return planner.rows.constant(level.written, place.total, place.levels)
    ahead, forced = place.after() if place.after is not None else (None, False)
    if level.ahead:
        return ahead if ahead is not None else _base(planner, call, "to", place)
    if isinstance(level.default, program.Share):
        return _share(planner, call, "to", level.default, start_row)
    if level.default is not None:
        return planner.rows.constant(level.default, place.total, {})
    if call.weight is None:
        raise Refused(problems.to_must_be_written(call.name_span, call))
    if forced:
        value = None if ahead is None else planner.rows.now(ahead)
        raise Refused(problems.where_does_it_end(call.span, call, value))
    return planner.rows.exact(Fraction(0))


def _base(planner: Planner, call: program.Call, level: str, place: Place) -> int:
    if place.sealed:
        raise Refused(problems.left_open(call.span, call, level))
    if place.key is None:
        raise Refused(problems.level_without_base(call.span, call.name, level))
    return planner.rows.base(place.key)


def _share(planner: Planner, call: program.Call, name: str, share: program.Share, other: int | None) -> int:
    """A share of the other level; None where that is a share itself."""
    if other is None:
        raise Refused(problems.share_of_nothing(share.span, name))
    if planner.rows.now(other) == 0:
        raise Refused(problems.share_of_zero(share.span, name, call))
    return planner.rows.operation("*", planner.rows.exact(share.value), other)


def cycle_end(planner: Planner, body: program.Node, place: Place) -> Ahead:
    """What the last phase of a repeat sees: nothing; but if the cycle starts at a written level other than 0, the last
    `to` must be written, for the level that it comes back to is in doubt."""

    def ahead() -> tuple[int | None, bool]:
        first = _first_of_several(body)
        if first is None or not _starts_written(first):
            return None, False
        found = start(planner, first, place)
        return None, isinstance(found, int) and planner.rows.now(found) != 0

    return ahead


def _first_of_several(node: program.Node) -> program.Node | None:
    match core(node):
        case program.Chain(phases):
            return phases[0]
        case program.Limit(body) | program.Sampled(body) | program.Phase(body):
            return _first_of_several(body)
    return None


def _starts_written(node: program.Node) -> bool:
    """Whether the level at which a node starts is written as a number or an expression; a share is of another level."""
    match core(node):
        case program.Chain(phases):
            return _starts_written(phases[0])
        case program.Phase(body, skip=skip):
            return skip is None and _starts_written(body)
        case program.Limit(body) | program.Sampled(body) | program.Repeat(body):
            return _starts_written(body)
        case program.Call(levels=levels) if levels:
            level = levels.get("from") or levels.get("max")
            return level is not None and level.written is not None and not isinstance(level.written, program.Share)
    return True
