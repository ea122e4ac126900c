"""Calls to closed forms: a shape becomes a blend of its levels, a curve its formula.

In: a call with its place. Out: a timeline node and the row of its end. A shape or curve that does not do what its kind promises
is refused where a point shows it. Refuses to know any of them by name.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from .. import problems, program, tree
from ..diagnostic import Diagnostic
from ..durations import Refused
from ..records import replace
from ..timeline import Anchored, Blend, Node, value
from .levels import resolve

if TYPE_CHECKING:
    from . import Place, Planner

TOLERANCE = 1e-12
# Where shapes are looked at: evenly, and close to both ends, where powers and logarithms go wrong.
_POINTS = tuple(sorted({Fraction(k, 64) for k in range(65)} | {Fraction(1, 10**k) for k in (3, 6, 9)}
                       | {1 - Fraction(1, 10**k) for k in (3, 6, 9)}))  # fmt: skip


def call_form(planner: Planner, call: program.Call, place: Place) -> tuple[Node, Callable[[], int] | None]:
    """The closed form of a call that stands at a place, and the row of its end where that is a level."""
    length = place.length
    if call.length is not None:
        # Given a length, `%` in the arguments and the body is a share of it.
        length = planner.lengths.exact(call.length, place.total)
        place = replace(place, length=length, total=length)
    elif not call.timed:
        place = replace(place, total=length)
    rows = resolve(planner, call, place)
    end = (lambda: rows["to"]) if "to" in rows else None
    try:
        return _body(planner, call, place, rows), end
    except Refused as refused:
        raise Refused(problems.in_call(problems.with_definition(refused.problem, call), call.span)) from None


def _body(planner: Planner, call: program.Call, place: Place, rows: dict[str, int]) -> Node:
    # The number of the phase is settled, so that the parts of a body belong to the call.
    inner = replace(place, levels=rows, before=None, after=None, sealed=True)
    if call.weight is not None:
        return _shape(planner, call, inner, rows)
    assert call.body is not None
    return _checked_curve(planner, call, planner.operand(call.body, inner), place, rows)


def _shape(planner: Planner, call: program.Call, place: Place, rows: dict[str, int]) -> Node:
    assert call.weight is not None
    weight = planner.operand(call.weight, place)
    complement = None if call.complement is None else planner.operand(call.complement, place)
    _check_shape(planner, call, weight, complement, place)
    return Blend(rows["from"], rows["to"], weight, complement, place.clock)


def _check_shape(planner: Planner, call: program.Call, weight: Node, complement: Node | None, place: Place) -> None:
    """Refuse a shape that is not 0 at 0, 1 at 1, within 0..1, or whose second expression is not 1 minus the first."""
    if place.length is None or place.length == 0:
        return
    closed = all(isinstance(part[1], tree.Number) for part in call.key[1:] if isinstance(part, tuple))
    key = (*call.key, None if _timeless(call) else place.length)
    if closed and key in _known_shapes():
        return
    known = planner.rows.current()
    worst = (TOLERANCE, Fraction(0), 0.0, 0.0)
    for point in _POINTS:
        time = place.origin + point * place.length
        side = "left" if point == 1 else "right"
        s = value(weight, time, known, side)  # type: ignore[arg-type]
        wanted = float(point) if point in (0, 1) else min(max(s, 0.0), 1.0)
        if not abs(s - wanted) <= TOLERANCE:
            raise Refused(problems.not_a_shape(call.name_span, call, point, s))
        if complement is None:
            continue
        rest = value(complement, time, known, side)  # type: ignore[arg-type]
        miss = abs(rest - (1 - s))
        if not miss <= worst[0]:
            worst = (miss, point, 1 - s, rest)
    if not worst[0] <= TOLERANCE:
        raise Refused(problems.not_the_complement(call.name_span, call, *worst[1:]))
    if closed:
        _known_shapes()[key] = True


@functools.cache
def _known_shapes() -> dict[tuple[object, ...], bool]:
    """Shapes that have been looked at; what they are depends on the definition and exact arguments only."""
    return {}


def _timeless(call: program.Call) -> bool:
    stack: list[program.Node | None] = [call.weight, call.complement]
    while stack:
        node = stack.pop()
        match node:
            case program.Variable("t"):
                return False
            case program.Inner():
                stack.append(node.body)
            case program.Operation():
                stack += node.operands
            case None | program.Variable() | program.Written() | program.Irrational():
                pass
            case _:
                return False
    return True


def _checked_curve(planner: Planner, call: program.Call, form: Node, place: Place, rows: dict[str, int]) -> Node:
    """A curve starts at its `from` or `max` and goes to its `to`, to 1e-12; its start is then exact."""
    first = rows.get("from", rows.get("max"))
    if first is None or place.length == 0:
        return form
    begun = planner.rows.now(first)
    found = value(form, place.origin, planner.rows.current())
    if not _near(found, begun):
        raise Refused(_start_problem(call, found, begun))
    if "to" in rows and place.length is not None and place.length > 0:
        ended = planner.rows.now(rows["to"])
        last = value(form, place.origin + place.length, planner.rows.current(), "left")
        if not _near(last, ended):
            raise Refused(problems.curve_ends_elsewhere(call.name_span, call, last, ended))
    if found == begun:
        return form
    return Anchored(form, first, place.clock)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b)) or a == b


def _start_problem(call: program.Call, found: float, wanted: float) -> Diagnostic:
    if not math.isfinite(found):
        return problems.not_finite_start(call.span, call, found)
    return problems.curve_starts_elsewhere(call.name_span, call, found, wanted)
