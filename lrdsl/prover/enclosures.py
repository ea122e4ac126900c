"""Where values and slopes of a timeline surely lie.

In: a node, a stretch of exact time `[a, b)` with the limit from the left at b, or one moment from one side; and what is given.
Out: intervals, rounded outward, of the value, of the derivative by time where the stretch has no join in it, and of the
derivative of the logarithm where that is known. Refuses to decide anything.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from fractions import Fraction

from ..functions import FUNCTIONS
from ..functions import power as raised
from ..intervals import (
    EVERYTHING,
    INF,
    ONE,
    ZERO,
    Interval,
    add,
    divide,
    down,
    hull,
    meet,
    multiply,
    negate,
    power,
    subtract,
)
from ..records import field, frozen, slotted
from ..timeline import (
    Anchored,
    Blend,
    Chain,
    Cycle,
    Left,
    Level,
    Node,
    Operation,
    Progress,
    Sample,
    Side,
    Since,
    cycle_at,
    logarithm,
    owner,
    rounded,
    sampled,
    share,
)


@slotted
class Given:
    """The values of the levels; and what was found out already: of repeats, what their bodies range over, of shapes, whether
    their ends are exact, and the largest absolute value, from below and from above."""

    known: Sequence[float]
    size: Interval | None = None
    ranges: dict[int, Interval] = field(default_factory=dict)
    apart: dict[int, tuple[bool, bool]] = field(default_factory=dict)


# --- values -----------------------------------------------------------------------------------------------------------


def enclosed(node: Node, a: Fraction, b: Fraction, given: Given) -> Interval:
    """Bounds of a node over `[a, b)`, and over the limit from the left at b."""
    match node:
        case Level():
            level = given.known[node.row]
            return EVERYTHING if level != level else (level, level)
        case Since():
            return least(a - node.clock.origin), most(b - node.clock.origin)
        case Progress() | Left():
            return _progress(node, a, b)
        case Operation():
            return applied(node.function, [enclosed(operand, a, b, given) for operand in node.operands])
        case Blend():
            its = way(node, given)
            return blended(its, enclosed(its.node, a, b, given))
        case Anchored():
            found = enclosed(node.body, a, b, given)
            start = given.known[node.start]
            return hull((found, (start, start))) if a <= node.clock.origin else found
        case Chain():
            return hull([enclosed(node.parts[i].body, first, last, given) for i, first, last in pieces(node, a, b)])
        case Cycle():
            return _cycled(node, a, b, given)
        case Sample():
            first, last = sampled(node, a, "right"), sampled(node, b, "left")
            found = at(node.body, last, given)
            return hull((found, enclosed(node.body, first, last, given))) if first < last else found


def applied(function: str, values: Sequence[Interval]) -> Interval:
    """Bounds of a function of operands. What may be NaN in one of them may be NaN in all of it: min and tanh let it through."""
    return EVERYTHING if EVERYTHING in values else FUNCTIONS[function].bounds(*values)


def at(node: Node, time: Fraction, given: Given, side: Side = "right") -> Interval:
    """Bounds of the value at a moment, or of the limit from the left there."""
    match node:
        case Progress() | Left():
            if node.clock.length == 0:
                done = share(node, time, side)
                return done, done
            return _progress(node, time, time)
        case Operation():
            return applied(node.function, [at(operand, time, given, side) for operand in node.operands])
        case Blend():
            since = time - node.clock.origin
            if since <= 0 and (side == "right" or node.clock.length != 0):
                return _level(node.from_, given)
            if node.clock.length is not None and since >= node.clock.length:
                return _level(node.to, given)
            its = way(node, given)
            return blended(its, at(its.node, time, given, side))
        case Anchored():
            if time == node.clock.origin and (side == "right" or node.clock.length == 0):
                return _level(node.start, given)
            return at(node.body, time, given, side)
        case Chain():
            return at(owner(node, time, side).body, time, given, side)
        case Cycle():
            index = cycle_at(node, time, side)
            found = at(node.body, _local(node, time, index), given, side)
            return found if node.factor is None else multiply(found, factors(node, index, index, given))
        case Sample():
            return at(node.body, sampled(node, time, side), given)
    return enclosed(node, time, time, given)


def pieces(chain: Chain, a: Fraction, b: Fraction) -> list[tuple[int, Fraction, Fraction]]:
    """The parts that own something of `[a, b)`, by number, each with the stretch that it owns."""
    first = max(bisect.bisect_right(chain.begins, a) - 1, 0)
    found = []
    for index in range(first, len(chain.parts)):
        part = chain.parts[index]
        if part.begin >= b and index > first:
            break
        last = b if part.end is None else min(part.end, b)
        found.append((index, max(part.begin, a), max(last, a)))
    return found


def _level(row: int, given: Given) -> Interval:
    return given.known[row], given.known[row]


def least(time: Fraction) -> float:
    """A float at or below an exact number; what floats hold is itself."""
    found = rounded(time)
    if not math.isfinite(found):
        return found if found < 0 else down(found)
    return found if found.as_integer_ratio() == (time.numerator, time.denominator) else down(found)


def most(time: Fraction) -> float:
    return -least(-time)


def _progress(node: Progress | Left, a: Fraction, b: Fraction) -> Interval:
    clock = node.clock
    assert clock.length is not None
    if clock.length == 0:
        return 0.0, 1.0
    low, high = (a - clock.origin) / clock.length, (b - clock.origin) / clock.length
    if isinstance(node, Left):
        low, high = 1 - high, 1 - low
    return max(least(max(low, Fraction(0))), 0.0), min(most(min(high, Fraction(1))), 1.0)


@frozen
class Way:
    """How a blend is computed: from the level nearer to 0, a share of the distance to the other; `rest` where the share is what
    its node leaves of 1."""

    near: float
    far: float
    node: Node
    rest: bool
    falls: bool  # the node goes from 1 to 0, as a complement does

    @property
    def gap(self) -> Interval:
        return subtract((self.far, self.far), (self.near, self.near))


def way(node: Blend, given: Given) -> Way:
    start, stop = given.known[node.from_], given.known[node.to]
    if abs(stop) > abs(start):
        return Way(start, stop, node.weight, False, False)
    if node.complement is not None:
        return Way(stop, start, node.complement, False, True)
    return Way(stop, start, node.weight, True, False)


def blended(way: Way, share: Interval) -> Interval:
    # A shape stays between its two levels; what its share does over this time narrows that.
    low, high = min(way.near, way.far), max(way.near, way.far)
    if way.rest:
        share = subtract(ONE, share)
    share = max(share[0], 0.0), min(share[1], 1.0)
    found = add((way.near, way.near), multiply(way.gap, share))
    return min(max(low, found[0]), high), max(min(high, found[1]), low)


def factors(node: Cycle, first: int, last: int, given: Given) -> Interval:
    """factor^i for the cycles from first to last."""
    assert node.factor is not None
    factor = given.known[node.factor]
    size = (abs(factor), abs(factor))
    found = hull(power(size, (float(i), float(i)), raised) for i in (first, last))
    if factor >= 0:
        return found
    if first == last:
        return found if first % 2 == 0 else negate(found)
    return -found[1], found[1]


def _local(node: Cycle, time: Fraction, index: int) -> Fraction:
    return (time - node.start(index)) / node.stretch**index


def within(node: Cycle, a: Fraction, b: Fraction, index: int) -> tuple[Fraction, Fraction]:
    """The stretch of a body's own time that cycle `index` makes of `[a, b)`."""
    return max(_local(node, a, index), Fraction(0)), min(_local(node, b, index), node.period)


def _cycled(node: Cycle, a: Fraction, b: Fraction, given: Given) -> Interval:
    first, last = cycles(node, a, b)
    if first == last:
        found = enclosed(node.body, *within(node, a, b, first), given)
    else:
        found = given.ranges.get(id(node)) or enclosed(node.body, Fraction(0), node.period, given)
    return found if node.factor is None else multiply(found, factors(node, first, last, given))


def cycles(node: Cycle, a: Fraction, b: Fraction) -> tuple[int, int]:
    """The numbers of the first and the last cycle in `[a, b)`; of a stretched repeat they may be too few and too many."""
    if node.stretch == 1 or b < node.start(40):
        return cycle_at(node, a), max(cycle_at(node, b, "left"), cycle_at(node, a))
    # With a stretch the number is found by its logarithm, and only a bound of it is needed.
    ratio = logarithm(node.stretch)
    turns = (b - node.origin) / node.period * abs(node.stretch - 1) + 1
    most = node.times - 1 if node.times is not None else int(logarithm(max(turns, Fraction(2))) / max(ratio, 1e-12)) + 2
    return 0, most if ratio > 0 or node.times is None else node.times - 1


# --- slopes -----------------------------------------------------------------------------------------------------------


def slope(node: Node, a: Fraction, b: Fraction, given: Given) -> Interval | None:
    """Bounds of the derivative by time within `(a, b)`, at kinks on both sides; None where a join is inside."""
    match node:
        case Level():
            return ZERO
        case Since():
            return ONE
        case Progress() | Left():
            length = node.clock.length
            if not length:
                return None
            found = least(1 / length), most(1 / length)
            return found if isinstance(node, Progress) else negate(found)
        case Operation():
            return _operated(node, a, b, given)
        case Blend():
            if _steps_at_an_end(node, a, b, given):
                return None
            its = way(node, given)
            turned = slope(its.node, a, b, given)
            if turned is None:
                return None
            found = multiply(its.gap, negate(turned) if its.rest else turned)
            shares = enclosed(its.node, a, b, given)
            return found if shares[0] >= 0 and shares[1] <= 1 else hull((found, ZERO))
        case Anchored():
            return None if a <= node.clock.origin else slope(node.body, a, b, given)
        case Chain():
            inside = pieces(node, a, b)
            return slope(node.parts[inside[0][0]].body, a, b, given) if len(inside) == 1 else None
        case Cycle():
            return _cycle_slope(node, a, b, given)
        case Sample():
            return ZERO if sampled(node, b, "left") <= a else None


_APART = 1e-15  # a share that is off by no more at an end is off by its rounding


def ends_apart(node: Blend, given: Given) -> tuple[bool, bool]:
    """Whether a shape of the text comes to its two levels only to 1e-12, so that there is a step where these are set exactly."""
    known = given.apart.get(id(node))
    if known is None:
        clock = node.clock
        assert clock.length is not None
        its = way(node, given)
        first, last = at(its.node, clock.origin, given), at(its.node, clock.origin + clock.length, given, "left")
        start, stop = (1.0, 0.0) if its.falls else (0.0, 1.0)
        off = [max(abs(one[0] - wanted), abs(one[1] - wanted)) for one, wanted in ((first, start), (last, stop))]
        known = given.apart[id(node)] = off[0] > _APART, off[1] > _APART
    return known


def _steps_at_an_end(node: Blend, a: Fraction, b: Fraction, given: Given) -> bool:
    if not node.clock.length:
        return False
    start, stop = ends_apart(node, given)
    return (start and a <= node.clock.origin) or (stop and b >= node.clock.origin + node.clock.length)


def _operated(node: Operation, a: Fraction, b: Fraction, given: Given) -> Interval | None:
    slopes = [slope(operand, a, b, given) for operand in node.operands]
    if None in slopes:
        return None
    values = [enclosed(operand, a, b, given) for operand in node.operands]
    whole = applied(node.function, values)
    if not (whole[0] > -INF and whole[1] < INF):
        return None  # a pole may be inside: a slope of one sign on both sides of it says nothing
    found = ZERO
    for one, by in zip(slopes, FUNCTIONS[node.function].slopes(*values), strict=True):
        if one is not None and one != ZERO:
            found = add(found, multiply(one, by))
    if found[0] < 0 < found[1] and node.function in ("*", "/", "^"):
        # Of a product, the slopes of its factors may be of two signs and large; that of its logarithm is a plain sum.
        relative = _pace(node, a, b, given)
        if relative is not None:
            found = meet(found, multiply(relative, whole))
    return found


def _pace(node: Node, a: Fraction, b: Fraction, given: Given) -> Interval | None:
    """Bounds of the derivative of the logarithm of the size of a node, where it is not 0; None where it is not known."""
    match node:
        case Operation(function="*", operands=(x, y)):
            one, two = _pace(x, a, b, given), _pace(y, a, b, given)
            return None if one is None or two is None else add(one, two)
        case Operation(function="/", operands=(x, y)):
            one, two = _pace(x, a, b, given), _pace(y, a, b, given)
            return None if one is None or two is None else subtract(one, two)
        case Operation(function="neg", operands=(x,)):
            return _pace(x, a, b, given)
        case Operation(function="^", operands=(x, Level(row))):
            one = _pace(x, a, b, given)
            return None if one is None else multiply(one, _level(row, given))
        case Operation(function="^", operands=(Level(row), y)) if given.known[row] > 0:
            two = slope(y, a, b, given)
            return None if two is None else multiply(two, FUNCTIONS["ln"].bounds(_level(row, given)))
        case Operation(function="*" | "/" | "^"):
            return None  # its slope asks for this
    value, turned = enclosed(node, a, b, given), slope(node, a, b, given)
    return None if turned is None or value[0] <= 0 <= value[1] else divide(turned, value)


def _cycle_slope(node: Cycle, a: Fraction, b: Fraction, given: Given) -> Interval | None:
    first, last = cycles(node, a, b)
    if first != last:
        return None
    found = slope(node.body, *within(node, a, b, first), given)
    if found is None:
        return None
    if node.stretch != 1:
        scale = node.stretch**first
        found = divide(found, (least(scale), most(scale)))
    return found if node.factor is None else multiply(found, factors(node, first, first, given))


def refined(node: Node, a: Fraction, b: Fraction, given: Given) -> Interval:
    """Bounds over `[a, b)` and the limit at b, the better for the slope: exact at the ends where that has one sign."""
    found = enclosed(node, a, b, given)
    if found[0] == found[1]:
        return found
    turned = slope(node, a, b, given)
    if turned is None or turned == EVERYTHING:
        return found
    first, last = at(node, a, given), at(node, b, given, "left")
    if turned[0] >= 0 or turned[1] <= 0:
        return meet(found, hull((first, last)))
    middle = (a + b) / 2
    half = most((b - a) / 2)
    around = add(at(node, middle, given), multiply(turned, (-half, half)))
    # At its very first moment a curve may be worth its level, and not quite what its formula gives.
    return meet(found, hull((around, first)))
