"""How much a timeline surely does not move: upward and downward in all, and in one step.

In: a node, a stretch of time and what is given. Out: bounds from above. They are built from the leaves: time itself only rises,
a level stands still, and a function moves by no more than its slopes times what its operands move, whether they glide or jump:
the way from some operands to others stays in their box. Refuses to decide anything.
"""

from __future__ import annotations

import math
from fractions import Fraction

from ..functions import FUNCTIONS
from ..intervals import EVERYTHING, INF, Interval, multiply, subtract, up
from ..records import frozen
from ..timeline import Anchored, Blend, Chain, Cycle, Left, Level, Node, Operation, Progress, Sample, Since, sampled
from .enclosures import (
    Given,
    applied,
    at,
    blended,
    cycles,
    enclosed,
    ends_apart,
    factors,
    most,
    pieces,
    slope,
    way,
    within,
)


@frozen
class Movement:
    """Upper bounds of all that goes up, of all that goes down, and of the largest step."""

    rise: float = 0.0
    fall: float = 0.0
    step: float = 0.0

    def then(self, other: Movement) -> Movement:
        return Movement(_sum(self.rise, other.rise), _sum(self.fall, other.fall), max(self.step, other.step))

    def times(self, factor: float) -> Movement:
        """Of what is multiplied by a number from 0."""
        return Movement(product(self.rise, factor), product(self.fall, factor), product(self.step, factor))

    def under(self, slopes: Interval) -> Movement:
        """Of a function with slopes within these."""
        rising, falling = max(slopes[1], 0.0), max(-slopes[0], 0.0)
        return Movement(
            _sum(product(self.rise, rising), product(self.fall, falling)),
            _sum(product(self.fall, rising), product(self.rise, falling)),
            product(self.step, max(rising, falling)),
        )

    def turned(self) -> Movement:
        return Movement(self.fall, self.rise, self.step)


STILL = Movement()


def _sum(a: float, b: float) -> float:
    return a + b if a == 0 or b == 0 else up(a + b)


def product(a: float, b: float) -> float:
    return multiply((a, a), (b, b))[1]


def movement(node: Node, a: Fraction, b: Fraction, given: Given) -> Movement:
    """Bounds of what a node moves over `[a, b)` up to the limit at b."""
    match node:
        case Level():
            return STILL
        case Since():
            return Movement(most(b - a))
        case Progress() | Left():
            return _progress(node, a, b)
        case Operation():
            return _operated(node, a, b, given)
        case Blend():
            its = way(node, given)
            found = movement(its.node, a, b, given)
            return (found.turned() if its.rest else found).under(its.gap).then(_ends(node, a, b, given))
        case Anchored():
            found = movement(node.body, a, b, given)
            if not a <= node.clock.origin < b:
                return found
            # Its first value is its level, which the formula meets to 1e-12.
            start = given.known[node.start]
            return _join((start, start), enclosed(node.body, a, a, given)).then(found)
        case Chain():
            found, before = STILL, None
            for index, first, last in pieces(node, a, b):
                body = node.parts[index].body
                if before is not None:
                    found = found.then(_join(at(before, first, given, "left"), at(body, first, given)))
                found, before = found.then(movement(body, first, last, given)), body
            return found
        case Cycle():
            return _cycled(node, a, b, given)
        case Sample():
            first, last = sampled(node, a, "right"), sampled(node, b, "left")
            if first >= last:
                return STILL
            # The last sample is a value, not the limit of what is before it: a jump of the body there counts.
            seam = _join(at(node.body, last, given, "left"), at(node.body, last, given))
            inside = movement(node.body, first, last, given).then(seam)
            steep = slope(node.body, first, last, given) or EVERYTHING
            step = product(max(abs(steep[0]), abs(steep[1])), most(node.every))
            return Movement(inside.rise, inside.fall, min(max(inside.rise, inside.fall), _sum(step, inside.step)))


def _ends(node: Blend, a: Fraction, b: Fraction, given: Given) -> Movement:
    """The steps at the ends of a shape that meets its levels only to 1e-12: there these are set exactly."""
    if not node.clock.length:
        return STILL
    first, last = node.clock.origin, node.clock.origin + node.clock.length
    found = STILL
    for apart, time, side in zip(ends_apart(node, given), (first, last), ("right", "left"), strict=True):
        if apart and a <= time <= b:
            share = way(node, given)
            formula = blended(share, at(share.node, time, given, "right" if side == "right" else "left"))
            level = given.known[node.from_ if side == "right" else node.to]
            before, after = ((level, level), formula) if side == "right" else (formula, (level, level))
            found = found.then(_join(before, after))
    return found


def _progress(node: Progress | Left, a: Fraction, b: Fraction) -> Movement:
    length = node.clock.length
    if not length:
        return Movement(1.0, 1.0, 1.0)
    share = most((b - a) / length)
    return Movement(share) if isinstance(node, Progress) else Movement(0.0, share)


def _operated(node: Operation, a: Fraction, b: Fraction, given: Given) -> Movement:
    moved = [movement(operand, a, b, given) for operand in node.operands]
    if all(one == STILL for one in moved):
        return STILL
    function = FUNCTIONS[node.function]
    values = [enclosed(operand, a, b, given) for operand in node.operands]
    if applied(node.function, values) == EVERYTHING:
        return Movement(INF, INF, INF)  # a pole may be inside, or 0^0
    found = STILL
    for one, slopes in zip(moved, function.slopes(*values), strict=True):
        if one != STILL:
            here = one.under(slopes)
            found = Movement(_sum(found.rise, here.rise), _sum(found.fall, here.fall), _sum(found.step, here.step))
    return found


def _join(before: Interval, after: Interval) -> Movement:
    gap = subtract(after, before)
    rise, fall = max(gap[1], 0.0), max(-gap[0], 0.0)
    return Movement(rise, fall, max(rise, fall))


def _cycled(node: Cycle, a: Fraction, b: Fraction, given: Given) -> Movement:
    first, last = cycles(node, a, b)
    if first == last:
        return _scaled(node, movement(node.body, *within(node, a, b, first), given), first, first, given)
    zero, end = Fraction(0), node.period
    whole = movement(node.body, zero, end, given)
    # From the end of a cycle to the start of the next, both counted as the earlier one counts.
    after = at(node.body, zero, given)
    if node.factor is not None:
        after = multiply(after, (given.known[node.factor], given.known[node.factor]))
    seam = _join(at(node.body, end, given, "left"), after)
    return _scaled(node, whole.then(seam), first, last, given)


def _scaled(node: Cycle, one: Movement, first: int, last: int, given: Given) -> Movement:
    """What cycles from first to last move, if `one` is what a cycle that counts 1 moves."""
    count = float(last - first + 1)
    if node.factor is None:
        return one if first == last else Movement(product(one.rise, count), product(one.fall, count), one.step)
    size = factors(node, first, last, given)
    largest = max(abs(size[0]), abs(size[1]))
    factor = abs(given.known[node.factor])
    total = largest * count
    if factor < 1:
        total = min(total, up(largest / (1 - factor) * (1 + 1e-15)))
    both = (
        one if size[0] >= 0 else one.turned() if size[1] <= 0 else Movement(*(max(one.rise, one.fall),) * 2, one.step)
    )
    found = both.times(total if math.isfinite(total) else INF)
    return Movement(found.rise, found.fall, product(one.step, largest))
