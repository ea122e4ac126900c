"""Where a timeline rises, falls and stands still, and from where on it does nothing else.

In: a chain and what is given. Out: spans in their order, and the moment from which on nothing changes. A turn that is found
between two floats is one moment; what is neither shown to rise nor to fall is said to be undecided. Refuses to know any text.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from ..records import frozen, replace
from ..timeline import Chain, Node, value
from .decision import HORIZON
from .enclosures import Given, slope
from .joins import cycle_inside, halfway, join
from .movements import STILL, movement

Trend = Literal["rises", "falls", "keeps", "repeats", "undecided"]
_MOST = 300  # boxes for each part
_SAME = 1e-12  # of the larger of two values: they are one


@frozen
class Span:
    """`end` is None where it never ends; `repeats` is what goes up and down again and again."""

    begin: Fraction
    end: Fraction | None
    trend: Trend


def spans(chain: Chain, given: Given) -> tuple[Span, ...]:
    """The monotone spans of a chain; a jump ends a span."""
    found: list[Span] = []
    for part in chain.parts:
        end = HORIZON if part.end is None else part.end
        here = _of_body(part.body, part.begin, end, given)
        if found and here and _joins_on(chain, part.begin, given, found[-1].trend, here[0].trend):
            here[0] = replace(here[0], begin=found.pop().begin)
        found += here
    return tuple(replace(one, end=None) if one.end == HORIZON else one for one in found)


def _joins_on(chain: Chain, time: Fraction, given: Given, before: Trend, after: Trend) -> bool:
    left, right = value(chain, time, given.known, "left"), value(chain, time, given.known)
    return before == after and before != "repeats" and abs(left - right) <= _SAME * max(abs(left), abs(right))


def _of_body(body: Node, begin: Fraction, end: Fraction, given: Given) -> list[Span]:
    if cycle_inside(body, begin, end):
        known = _trend(body, begin, end, given)
        return [Span(begin, end, known or "repeats")]
    found: list[Span] = []
    todo = [(begin, end)]
    for _ in range(_MOST):
        if not todo:
            return found
        a, b = todo.pop()
        known = _trend(body, a, b, given)
        cut = None if known else join(body, a, b)
        if known is None and cut is None and b - a <= max(abs(b), Fraction(1)) / 10**12:
            known = found[-1].trend if found else _trend(body, b, min(b + (b - a), end), given) or "undecided"
        if known is not None:
            _append(found, Span(a, b, known), body, given)
            continue
        middle = halfway(a, b) if cut is None else cut
        todo += [(middle, b), (a, middle)]
    a = todo[-1][0] if todo else end
    if todo:
        found.append(Span(a, end, "undecided"))
    return found


def _append(found: list[Span], one: Span, body: Node, given: Given) -> None:
    last = found[-1] if found else None
    if last is not None and last.trend == one.trend:
        left, right = value(body, one.begin, given.known, "left"), value(body, one.begin, given.known)
        if abs(left - right) <= _SAME * max(abs(left), abs(right)):
            found[-1] = replace(last, end=one.end)
            return
    found.append(one)


def _trend(body: Node, a: Fraction, b: Fraction, given: Given) -> Trend | None:
    moved = movement(body, a, b, given)
    if moved.rise == 0 or moved.fall == 0:
        return "keeps" if moved.rise == moved.fall else "falls" if moved.rise == 0 else "rises"
    if moved.step > 0:
        return None
    turned = slope(body, a, b, given)
    if turned is None or turned[0] < 0 < turned[1]:
        return None
    return "rises" if turned[0] >= 0 else "falls"


def settled(chain: Chain, given: Given) -> Fraction | None:
    """A moment from which on nothing changes, as early as bounds show it; None where there is none."""
    last = chain.parts[-1]
    found = _still_from(last.body, last.begin, HORIZON, given)
    if found is None:
        return None
    for part, after in zip(chain.parts[-2::-1], chain.parts[:0:-1], strict=True):
        if found > after.begin:
            break
        left, right = value(chain, after.begin, given.known, "left"), value(chain, after.begin, given.known)
        still = _still_from(part.body, part.begin, after.begin, given)
        if left != right or still is None:
            break
        found = still
    return found


def _still_from(body: Node, begin: Fraction, end: Fraction, given: Given) -> Fraction | None:
    """Since when a body moves no more before `end`; None where it moves up to there."""

    def still(time: Fraction) -> bool:
        return movement(body, time, end, given) == STILL

    if still(begin):
        return begin
    late = [begin + Fraction(2) ** k for k in range(-10, 61, 5) if begin + Fraction(2) ** k < end]
    if end < HORIZON:
        late = [end - (end - begin) / 2**k for k in (1, 2, 4, 8, 16, 24)]
    high = next((time for time in late if still(time)), None)
    if high is None:
        return None
    low = max((time for time in late if time < high), default=begin)
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (low, middle) if still(middle) else (middle, high)
    # Whole where it can be: 100 is a better answer than 99.99999999999999.
    whole = Fraction(round(high))
    return whole if abs(high - whole) <= abs(high) / 10**14 and still(whole) else high
