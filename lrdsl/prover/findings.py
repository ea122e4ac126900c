"""What becomes negative, infinite or NaN, and jumps.

In: a timeline and the values of its levels. Out: verdicts, each found or undecided, and jumps. Each part is bounded
by intervals and cut in two as long as the bounds do not decide and the budget lasts; a point that shows the contrary is a
finding. Refuses to know any text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from ..intervals import INF, Interval
from ..records import frozen
from ..timeline import Chain, Cycle, Node, Operation, Part, Timeline, rounded, value
from .decision import HORIZON, TOLERANCE
from .enclosures import Given, enclosed
from .joins import halfway, moments

# How far a schedule without end is looked at closely: beyond, floats overflow where numbers do not.
FAR = Fraction(10**18)
_BUDGET = 600  # boxes for each part


@frozen
class Verdict:
    """`negative` and `infinite` (or NaN) are found at a time with a value; `undecided` is neither found nor excluded."""

    kind: Literal["negative", "infinite", "undecided"]
    time: Fraction
    value: float
    phase: int


@frozen
class Jump:
    """The values on both sides of a join that differ."""

    time: Fraction
    before: float
    after: float
    phase: int


def verdicts(timeline: Timeline, known: Sequence[float], positive: bool = True) -> list[Verdict]:
    """What is wrong with the values of a timeline; `positive` says that they may not be below 0."""
    found: list[Verdict] = []
    for part in timeline.chain.parts:
        low, high = bounds(part.body, part.begin, _end(part), known)
        verdict = None if _fine(low, high, 0.0, positive) else _search(part, known, positive)
        if verdict is None and part.end is None:
            verdict = _beyond(part, known, positive)
        if verdict is not None:
            found.append(verdict)
    return found


def jumps(timeline: Timeline, known: Sequence[float]) -> list[Jump]:
    """Every join of phases at which the value jumps; of a repeat, its first."""
    found: list[Jump] = []
    chain = timeline.chain
    for time, phase in sorted(set(_joins(chain, Fraction(0), timeline.length))):
        before, after = value(chain, time, known, "left"), value(chain, time, known)
        if abs(before - after) > TOLERANCE * max(abs(before), abs(after)):
            found.append(Jump(time, before, after, phase))
    return found


def _joins(node: Node, begin: Fraction, end: Fraction | None) -> Iterator[tuple[Fraction, int]]:
    match node:
        case Chain():
            for part in node.parts:
                if part.begin > begin and (end is None or part.begin < end):
                    yield part.begin, part.phase
                last = end if part.end is None else part.end if end is None else min(part.end, end)
                for time, phase in _joins(part.body, max(begin, part.begin), last):
                    yield time, part.phase if phase < 0 else phase
        case Operation():
            for operand in node.operands:
                yield from _joins(operand, begin, end)
        case Cycle():
            join = node.start(1)
            if join > begin and (end is None or join < end) and node.times != 1:
                yield join, -1


def _end(part: Part) -> Fraction:
    return max(FAR, part.begin * 2) if part.end is None else part.end


def _fine(low: float, high: float, slack: float, positive: bool) -> bool:
    return high < INF and low > -INF and (not positive or low >= -slack)


def _beyond(part: Part, known: Sequence[float], positive: bool) -> Verdict | None:
    """The same of the last part from `FAR` on, by bounds and its very last value. What is infinite there is undecided: where floats
    overflow, the number may be finite."""
    begin = _end(part)
    low, high = bounds(part.body, begin, max(HORIZON, begin * 2), known)
    if _fine(low, high, 0.0, positive):
        return None
    last = value(part.body, max(HORIZON, begin * 2), known)
    if positive and -INF < last < -TOLERANCE * abs(value(part.body, begin, known)):
        return _first_negative(part, max(HORIZON, begin * 2), last, known)
    return Verdict("undecided", begin, last, part.phase)


def _search(part: Part, known: Sequence[float], positive: bool) -> Verdict | None:
    """Branch and bound over one part."""
    end = _end(part)
    largest = abs(value(part.body, end if part.end is None else (part.begin + end) / 2, known))
    # Where something begins or ends is where formulas go wrong: t is 0, q is 0.
    for time, side in moments(part.body, part.begin, end):
        got = value(part.body, time, known, side)
        if not math.isfinite(got):
            return Verdict("infinite", time, got, part.phase)
        largest = max(largest, abs(got))
        if positive and side == "right" and got < -TOLERANCE * largest:
            return _first_negative(part, time, got, known)
    boxes = [(part.begin, end)]
    for _ in range(_BUDGET):
        if not boxes:
            return None
        a, b = boxes.pop()
        low, high = bounds(part.body, a, b, known)
        if _fine(low, high, TOLERANCE * largest, positive):
            continue
        middle = halfway(a, b)
        for time in (a, middle):
            got = value(part.body, time, known)
            if not math.isfinite(got):
                return Verdict("infinite", time, got, part.phase)
            largest = max(largest, abs(got))
            if positive and got < -TOLERANCE * largest:
                return _first_negative(part, time, got, known)
        if b - a > 0 and rounded(b - a) > 1e-9 * max(1.0, rounded(b)):
            boxes += [(middle, b), (a, middle)]
        elif high == INF or low == -INF:
            return Verdict("undecided", a, high, part.phase)
        elif positive and low < -1e-9 * largest:
            return Verdict("undecided", a, low, part.phase)
    return Verdict("undecided", boxes[-1][0], math.nan, part.phase) if boxes else None


def _first_negative(part: Part, time: Fraction, got: float, known: Sequence[float]) -> Verdict:
    """The first step at which it is negative, if the value falls below 0 once between the beginning and `time`."""
    low, high = part.begin, time
    if value(part.body, low, known) < 0:
        return Verdict("negative", low, value(part.body, low, known), part.phase)
    for _ in range(80):
        middle = halfway(low, high)
        low, high = (low, middle) if value(part.body, middle, known) < 0 else (middle, high)
    step = Fraction(math.ceil(high))
    if (part.end is None or step < part.end) and value(part.body, step, known) < 0:
        return Verdict("negative", step, value(part.body, step, known), part.phase)
    return Verdict("negative", time, got, part.phase)


def bounds(node: Node, a: Fraction, b: Fraction, known: Sequence[float]) -> Interval:
    """Bounds of a node over `[a, b)`, and over the limit from the left at b."""
    return enclosed(node, a, b, Given(known))
