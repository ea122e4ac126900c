"""Notes that are read from levels: climbs, downhill, half-life, never-reached, floor-above, clipped-floor, own-base.

In: one output with its plan. Out: notes. Refuses to claim what is not certain: bounds hold for all times.
"""

from __future__ import annotations

from fractions import Fraction

from .. import problems, program, tree
from ..checker import prelude
from ..diagnostic import Diagnostic
from ..prover import bounds
from ..source import Span
from ..timeline import BaseRow, Blend, ExactRow, Level, Operation, RealRow, value
from .spots import Bound, Seen, Spot, as_share, last_of, spots, written

_CLIMB = 10  # times as high as where it begins
_NEAR = 1e-12


def find(seen: Seen) -> list[Diagnostic]:
    found: list[Diagnostic | None] = []
    hidden: set[int] = set()  # limits that hide everything, or do nothing: no level is said to be beyond them
    for spot in spots(seen):
        match spot.node:
            case program.Limit():
                found.append(_limit(seen, spot, hidden))
            case program.Call():
                found += [
                    _climbs(seen, spot.node),
                    _downhill(seen, spot.node),
                    _half_life(seen, spot),
                    _never_reached(seen, spot, hidden),
                ]
            case program.Written():
                found.append(_never_reached(seen, spot, hidden))
            case program.Operation("*" | "/") as operation:
                found.append(_own_base(seen, operation))
    return [note for note in found if note is not None]


def _ends(seen: Seen, call: program.Call) -> tuple[float, float] | None:
    """The levels between which a call goes."""
    form, place = seen.form(call), seen.place(call)
    if seen.known is None or form is None or place is None or place.end is None:
        return None
    if isinstance(form, Blend):
        return seen.known[form.from_], seen.known[form.to]
    return value(form, place.origin, seen.known), value(form, place.end, seen.known, "left")


# --- climbs -----------------------------------------------------------------------------------------------------------------


def _climbs(seen: Seen, call: program.Call) -> Diagnostic | None:
    """A shape that starts where the phase before it ended, and rises far to a written number."""
    first, last = call.levels.get("from"), call.levels.get("to")
    if first is None or last is None or first.written is not None or last.ahead:
        return None
    if last.written is None or isinstance(last.written, program.Share):
        return None
    ends = _ends(seen, call)
    if ends is None or not 0 < ends[0] * _CLIMB <= ends[1]:
        return None
    return problems.climbs(call, *ends, as_share(last.written), _begin(seen, call, ends[0]))


def rises(seen: Seen) -> list[Diagnostic]:
    """Shapes that start at the base, which nobody wrote there, and rise to a written number: problems, once a base is known."""
    found = []
    for spot in spots(seen):
        call = spot.node
        if not isinstance(call, program.Call):
            continue
        first, last, form = call.levels.get("from"), call.levels.get("to"), seen.form(call)
        if first is None or last is None or first.written is not None or last.ahead or last.written is None:
            continue
        if seen.known is None or not isinstance(form, Blend) or isinstance(last.written, program.Share):
            continue
        start, stop = seen.known[form.from_], seen.known[form.to]
        if isinstance(seen.output.timeline.rows[form.from_], BaseRow) and 0 < start < stop:
            found.append(problems.rises_from_base(call, start, stop, as_share(last.written)))
    return found


def _begin(seen: Seen, call: program.Call, start: float) -> str | None:
    """How the level at which a call begins may be written."""
    form = seen.form(call)
    row = seen.output.timeline.rows[form.from_] if isinstance(form, Blend) else None
    if isinstance(row, BaseRow):
        return "base"
    shown = problems.number_text(start)
    return shown if isinstance(row, ExactRow) and float(shown) == start else None


# --- downhill ---------------------------------------------------------------------------------------------------------------


def _downhill(seen: Seen, call: program.Call) -> Diagnostic | None:
    """A warmup that starts at a number above its end: `from=1/3`, as if it were torch's start_factor."""
    found = _fall(seen, call)
    if found is None:
        return None
    level, ends, based = found
    return problems.downhill(call, *ends, as_share(level), based)


def falls(seen: Seen) -> list[Diagnostic]:
    """Warmups that fall from a written number to the base: problems, once a base is known."""
    calls = [spot.node for spot in spots(seen) if isinstance(spot.node, program.Call)]
    fallen = [(call, found) for call in calls if (found := _fall(seen, call))]
    return [problems.falls_to_base(call, *ends, as_share(level)) for call, (level, ends, based) in fallen if based]


def _fall(seen: Seen, call: program.Call) -> tuple[program.Node, tuple[float, float], bool] | None:
    """The number from which a warmup falls, the levels between which it does, and whether it falls to the base."""
    first, form, ends = call.levels.get("from"), seen.form(call), _ends(seen, call)
    if call.name != "warmup" or first is None or first.written is None or ends is None or not isinstance(form, Blend):
        return None
    rows = seen.output.timeline.rows
    if not isinstance(rows[form.from_], ExactRow | RealRow) or isinstance(first.written, program.Share):
        return None
    return (first.written, ends, isinstance(rows[form.to], BaseRow)) if 0 < ends[1] < ends[0] else None


# --- half-life --------------------------------------------------------------------------------------------------------------


def _half_life(seen: Seen, spot: Spot) -> Diagnostic | None:
    """A free curve of which less than half is left after one step."""
    call, form, window = spot.node, seen.form(spot.node), seen.window(spot)
    if not isinstance(call, program.Call) or "max" not in call.levels or not call.timed or call.holds:
        return None
    if seen.known is None or form is None or window is None or seen.clock != "steps" or window[1] - window[0] < 1:
        return None
    start, after = value(form, window[0], seen.known), value(form, window[0] + 1, seen.known, "left")
    if not 0 <= after < start / 2:
        return None
    rate = _rate(call)
    if rate is None:
        return problems.half_life(call, call.span, start, after, None)
    return problems.half_life(call, *rate[:1], start, after, rate[1])


def _rate(call: program.Call) -> tuple[Span, str] | None:
    """`k=0.999`, and the number, where the curve could be told a factor instead."""
    takes = [set(definition.takes) for definition in prelude().get(call.name, ())]
    if not any({"factor", "per"} <= one for one in takes):
        return None
    for part in call.key:
        if isinstance(part, tuple) and part[0] == "k" and isinstance(part[1], tree.Number):
            number = part[1]
            head = call.span.source.text[call.span.start : number.span.start].rstrip()
            head = head.removesuffix("=").rstrip()
            if number.unit is None and 0.5 <= number.value < 1 and head.endswith("k"):
                start = call.span.start + len(head) - 1
                return Span(call.span.source, start, number.span.end), number.text
    return None


# --- never-reached ----------------------------------------------------------------------------------------------------------


def _never_reached(seen: Seen, spot: Spot, hidden: set[int]) -> Diagnostic | None:
    """A level beyond a floor or a cap, or the end of a shape that is cut before it."""
    if isinstance(spot.node, program.Call):
        cut = _cut_short(seen, spot, spot.node)
        if cut is not None:
            return cut
    for span, level in _written_levels(seen, spot.node):
        if spot.cap is not None and id(spot.cap.limit) not in hidden and level > spot.cap.value * (1 + _NEAR):
            return _beyond(span, spot.cap, level)
        if spot.floor is not None and id(spot.floor.limit) not in hidden and level < spot.floor.value * (1 - _NEAR):
            return _beyond(span, spot.floor, level)
    return None


def _beyond(span: Span, bound: Bound, level: float) -> Diagnostic:
    return problems.beyond_limit(span, bound.limit, level, bound.value)


def _written_levels(seen: Seen, node: program.Node) -> list[tuple[Span, float]]:
    """The peak or the end that a phase says, with the values."""
    form = seen.form(node)
    if seen.known is None or form is None:
        return []
    if isinstance(node, program.Written):
        return [(node.span, seen.known[form.row])] if isinstance(form, Level) else []
    if not isinstance(node, program.Call):
        return []
    place, ends = seen.place(node), _ends(seen, node)
    last, top = node.levels.get("to"), node.levels.get("max")
    found = []
    if last is not None and last.written is not None and ends is not None:
        found.append((last.written.span, ends[1]))
    if top is not None and top.written is not None and place is not None:
        found.append((top.written.span, value(form, max(place.origin, Fraction(0)), seen.known)))
    return found


def _cut_short(seen: Seen, spot: Spot, call: program.Call) -> Diagnostic | None:
    """A shape with a length whose phase ends before it does."""
    last, place, form = call.levels.get("to"), seen.place(call), seen.form(call)
    if spot.cut is None or last is None or (last.written is None and not last.ahead):
        return None
    if seen.known is None or place is None or form is None or place.end is None or spot.end is None:
        return None
    if call.length is None or not place.origin < spot.end < place.end:
        return None
    return problems.cut_short(call, spot.end, seen.clock, value(form, spot.end, seen.known, "left"))


# --- floors and caps ----------------------------------------------------------------------------------------------------------


def _limit(seen: Seen, spot: Spot, hidden: set[int]) -> Diagnostic | None:
    """What is to be said of a floor or a cap itself."""
    limit, form, window = spot.node, seen.form(spot.node), seen.window(spot)
    if not isinstance(limit, program.Limit) or not isinstance(form, Operation) or seen.known is None or window is None:
        return None
    body, bound = form.operands
    if not isinstance(bound, Level):
        return None
    level = seen.known[bound.row]
    low, high = bounds(body, *window, seen.known)
    clause = problems.clause_of(limit)
    place = limit.value.span if clause is None else clause.after_blanks()
    if limit.function == "max" and high <= level and low < high:
        hidden.add(id(limit))
        last = last_of(limit.body)
        ends = _ends(seen, last) if isinstance(last, program.Call) else None
        open_end = isinstance(last, program.Call) and _open_end(last) and ends is not None and ends[0] > 0
        shape = last if open_end and isinstance(last, program.Call) else None
        return problems.floor_above(limit, place, level, high, shape, as_share(limit.value), bool(seen.output.keys))
    if low > level if limit.function == "max" else high < level:
        hidden.add(id(limit))
        return problems.idle_limit(limit, place, low if limit.function == "max" else high)
    return _clipped(seen, spot, level, window[0]) if limit.function == "max" else None


def _open_end(call: program.Call) -> bool:
    """A shape whose end is not written, and is no look ahead."""
    level = call.levels.get("to")
    return level is not None and level.written is None and not level.ahead


def _clipped(seen: Seen, spot: Spot, level: float, begin: Fraction) -> Diagnostic | None:
    """A floor under which the last shape of a line goes, because its end was not written; of one phase among others that is
    what brackets are for."""
    limit = spot.node
    assert isinstance(limit, program.Limit)
    line = written(limit.body)
    if spot.phase is not None and not isinstance(line, program.Chain):
        return None
    phase = written(line.phases[-1]) if isinstance(line, program.Chain) else line
    last = written(phase.body) if isinstance(phase, program.Phase) else phase
    clause = problems.clause_of(limit)
    if clause is None or not isinstance(last, program.Call) or not _open_end(last):
        return None
    ends = _ends(seen, last)
    if ends is None or not ends[1] < level < ends[0]:
        return None
    form = seen.form(limit)
    assert isinstance(form, Operation)
    assert seen.known is not None
    lifted = isinstance(line, program.Chain) and value(form.operands[0], begin, seen.known) < level
    bracketed = limit.body.phases[-1] if lifted and isinstance(limit.body, program.Chain) else None
    return problems.clipped_floor(limit, clause, last, bracketed, ends[1], lifted)


# --- own-base ---------------------------------------------------------------------------------------------------------------


def _own_base(seen: Seen, operation: program.Operation) -> Diagnostic | None:
    """`lr/base` in another output: the base there is that output's own."""
    above: list[program.Node] = []
    below: list[program.Node] = []
    stack: list[tuple[program.Node, bool]] = [(operation, True)]
    while stack:
        node, up = stack.pop()
        match written(node):
            case program.Operation("*", (a, b)):
                stack += [(a, up), (b, up)]
            case program.Operation("/", (a, b)):
                stack += [(a, up), (b, not up)]
            case other:
                (above if up else below).append(other)
    for base in below:
        if isinstance(base, program.Base) and base.key == seen.name:
            for used in above:
                if isinstance(used, program.Output) and used.key not in (None, seen.name):
                    return problems.own_base(base.span, seen.name, used.name)
    return None
