"""Notes that are read from lengths and from how phases are joined: until-plans, on-top, phase-time, added-phases.

In: one output with its plan. Out: notes. Refuses to look at levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from .. import problems, program
from ..diagnostic import Diagnostic
from ..problems import time_text
from ..program import core
from ..source import Span
from ..timeline import Side, value
from .spots import Seen, Spot, is_bracket, looks_ahead, spots, written

SIDES: tuple[Side, Side] = ("left", "right")
_MUCH = 5  # times as long as what stands before it


def find(seen: Seen) -> list[Diagnostic]:
    found: list[Diagnostic | None] = [_on_top(seen)]
    summed: set[int] = set()
    timed: dict[int, list[Spot]] = {}
    for spot in spots(seen):
        match spot.node:
            case program.Chain() as chain:
                found.append(_until_plans(seen, chain))
            case program.Operation("+") as operation if id(operation) not in summed:
                found.append(_added(seen, operation, summed))
            case program.Variable("t") if spot.phase is not None and not spot.own:
                timed.setdefault(id(spot.phase), []).append(spot)
    found += [_phase_time(seen, some) for some in timed.values()]
    return [note for note in found if note is not None]


# --- until-plans ----------------------------------------------------------------------------------------------------------


def _until_plans(seen: Seen, chain: program.Chain) -> Diagnostic | None:
    """An open shape behind another phase, with `until`, and one cooldown behind it that goes on from there."""
    *first, phase, last = chain.phases
    if not first or not isinstance(phase, program.Phase) or phase.until is None:
        return None
    body = core(phase.body)
    if phase.length is not None or not isinstance(body, program.Call) or body.timed or body.length is not None:
        return None
    level = body.levels.get("to")
    # Where the end is a number, every phase of a broken line may be written so.
    if level is None or (level.written is not None and not isinstance(level.written, program.Share)):
        return None
    return problems.until_plans(chain, phase, _doubled(phase.until)) if _cools_down(last) else None


def _cools_down(node: program.Node) -> bool:
    """A shape with a length of its own that starts where the phase before it ends."""
    length: program.Node | None = None
    call = written(node)
    if isinstance(call, program.Phase) and call.until is None and call.skip is None:
        length, call = call.length, written(call.body)
    if not isinstance(call, program.Call) or "to" not in call.levels:
        return False
    start = call.levels.get("from")
    return (length or call.length) is not None and (start is None or start.written is None)


def _doubled(node: program.Node) -> str | None:
    """Twice a length, written as it is."""
    length = written(node)
    match length:
        case program.Written(value) if value.denominator == 1 and value < 10**14:
            return time_text(2 * value)
        case program.Quantity(value, unit) if value.denominator == 1 and value < 10**14:
            return f"{time_text(2 * value)} {unit}"
        case program.Share(value) if (200 * value).denominator == 1:
            return f"{200 * value}%"
    return None


# --- on-top -----------------------------------------------------------------------------------------------------------------


def _on_top(seen: Seen) -> Diagnostic | None:
    """A warmup before a phase whose length is a round number, where the sum of both is less round."""
    chain = _whole(seen.root)
    if seen.made.total is not None or not isinstance(chain, program.Chain) or len(chain.phases) != 2:
        return None
    first, last = chain.phases
    call = written(first)
    phase = last if isinstance(last, program.Phase) else None
    body = written(phase.body if phase is not None else last)
    if (
        not isinstance(call, program.Call)
        or not _ahead(call)
        or not isinstance(body, program.Call)
        or "to" not in body.levels
    ):
        return None
    if phase is not None and (phase.until is not None or phase.skip is not None):
        return None
    length = phase.length if phase is not None and phase.length is not None else body.length
    place, end = seen.place(last), seen.output.length
    if length is None or place is None or end is None or place.length is None:
        return None
    unit = seen.made.rates.get(length.unit if isinstance(length, program.Quantity) else "steps", Fraction(1))
    took, last_took = place.origin / unit, place.length / unit
    if (
        last_took < _MUCH * took
        or took == 0
        or _digits(last_took) > 2
        or _digits(took + last_took) <= _digits(last_took)
    ):
        return None
    return problems.on_top(
        first, last, call.name, length.span, _until(last, body, length), (place.origin, end), seen.clock
    )


def _whole(node: program.Node) -> program.Node:
    """The chain of a line, without what is said of it and the brackets round it."""
    while True:
        match node:
            case program.Limit(body) | program.Sampled(body):
                node = body
            case program.Inner(body) if is_bracket(node):
                node = body
            case _:
                return node


def _ahead(call: program.Call) -> bool:
    level = call.levels.get("to")
    return level is not None and level.ahead


def _digits(number: Fraction) -> int:
    """How many digits a number has without the zeros behind them: the fewer, the rounder it is."""
    if number.denominator != 1:
        return 100
    return len(str(number.numerator).rstrip("0"))


def _until(last: program.Node, body: program.Call, length: program.Node) -> str | None:
    """The last phase with `until` in the place of its length."""
    end = length.span.text.strip()
    if isinstance(last, program.Phase) and body.length is None:
        return f"{last.body.span.text.strip()} until {end}"
    shorter = problems.without_length(body)
    return None if shorter is None or last is not body else f"{shorter} until {end}"


# --- phase-time -----------------------------------------------------------------------------------------------------------


def _phase_time(seen: Seen, some: list[Spot]) -> Diagnostic | None:
    """An expression behind `then` that uses `t`, unless it joins what is before it: then its own time is meant."""
    first = some[0]
    place = seen.place(first.node)
    if place is None or place.origin <= 0 or first.phase is None or first.before is None:
        return None
    if seen.known is not None and not looks_ahead(first.before):
        chain = seen.output.timeline.chain
        before, after = (value(chain, place.origin, seen.known, side) for side in SIDES)
        if abs(before - after) <= 1e-12 * max(abs(before), abs(after)):
            return None
    says, edits = _of_the_run(seen, first.phase, [spot.node.span for spot in some], place.origin)
    return problems.phase_time(first.node.span, place.origin, seen.clock, says, edits)


def _of_the_run(
    seen: Seen, phase: program.Node, uses: list[Span], origin: Fraction
) -> tuple[str, tuple[tuple[Span, str], ...]]:
    """How the time of the run is written in a phase: `t + 1k`, and plain `t` where `t - 1k` stands; what to say, and edits."""
    unit = "" if seen.clock == "steps" else f" {seen.clock}"
    new = f"(t + {time_text(origin)}{unit})"
    says = f"`{new}` is the time since the run began"
    if origin.denominator != 1 or origin >= 10**15:
        return says, ()
    less = {id(minus.operands[0]): minus.span for minus in _differences(phase) if _is(seen, minus.operands[1], origin)}
    shifted = {span.start: span for span in less.values()}
    edits = {(use.start, use.end): (use, new) for use in uses if use.start not in shifted}
    edits |= {(span.start, span.end): (span, "t") for span in shifted.values()}
    if len(shifted) == len(edits):
        says = f"`t` in the place of `{next(iter(shifted.values())).text}`"
    return says, tuple(edits.values())


def _differences(node: program.Node) -> Iterator[program.Operation]:
    """Every `t - number` in a phase."""
    stack = [node]
    while stack:
        match stack.pop():
            case program.Operation("-", (program.Variable("t"), _)) as found:
                yield found
            case program.Operation(operands=operands):
                stack += operands
            case program.Inner(body) | program.Limit(body) | program.Sampled(body) | program.Phase(body):
                stack.append(body)


def _is(seen: Seen, node: program.Node, wanted: Fraction) -> bool:
    match core(node):
        case program.Written(value):
            return value == wanted
        case program.Quantity(value, unit):
            return value * seen.made.rates[unit] == wanted
    return False


# --- added-phases -----------------------------------------------------------------------------------------------------------


def _added(seen: Seen, operation: program.Operation, summed: set[int]) -> Diagnostic | None:
    """A sum of calls that all have lengths, and not the same one."""
    operands: list[program.Node] = []
    node: program.Node = operation
    while isinstance(node, program.Operation) and node.function == "+":
        summed.add(id(node))
        operands.insert(0, node.operands[1])
        node = node.operands[0]
    operands.insert(0, node)
    lengths = set()
    for operand in operands:
        call = written(operand)
        place = seen.place(call)
        if not isinstance(call, program.Call) or call.length is None or place is None:
            return None
        lengths.add(place.length)
    if len(lengths) == 1:
        return None
    return problems.added_phases(operation.span, tuple(one.span for one in operands), seen.made.total is None)
