"""The area under a timeline: the mean value times the length.

In: a node, a stretch of time and what is given. Out: an interval that surely holds the integral. What is linear is taken apart and
a repeat is one cycle, counted; what is left is cut into boxes, each bounded by its middle and its slopes. Refuses to know any text.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from fractions import Fraction

from ..functions import FUNCTIONS
from ..intervals import INF, ONE, ZERO, Interval, add, divide, meet, multiply, negate, subtract
from ..records import slotted
from ..timeline import Anchored, Blend, Chain, Cycle, Left, Level, Node, Operation, Progress, Since, cycle_at
from .enclosures import Given, at, enclosed, factors, least, most, pieces, slope, way, within
from .joins import halfway, join

_BOXES = 400  # for a piece that has no closed form
_ALL = 800  # for all such pieces together: each takes half of what is left at most
_WIDTH = 1e-7  # of the area: narrower is not asked for
_CYCLES = 4096  # of a repeat with a factor that are counted one by one


@slotted
class _Purse:
    left: int = _ALL


def area(node: Node, a: Fraction, b: Fraction, given: Given) -> Interval:
    """Bounds of the integral over `[a, b)`."""
    return _area(node, a, b, given, _Purse())


def _area(node: Node, a: Fraction, b: Fraction, given: Given, purse: _Purse) -> Interval:
    if b <= a:
        return ZERO
    match node:
        case Level():
            return multiply(enclosed(node, a, b, given), _exact(b - a))
        case Since():
            return _exact((b - a) * ((a + b) / 2 - node.clock.origin))
        case Progress(clock) if clock.length:
            return _exact((b - a) * ((a + b) / 2 - clock.origin) / clock.length)
        case Anchored():
            return _area(node.body, a, b, given, purse)
        case Chain():
            found = ZERO
            for index, first, last in pieces(node, a, b):
                found = add(found, _area(node.parts[index].body, first, last, given, purse))
            return found
        case Cycle():
            return _cycled(node, a, b, given, purse)
        case Blend():
            return _blended(node, a, b, given, purse)
        case Operation("+" | "-" as function, (x, y)):
            one, two = _area(x, a, b, given, purse), _area(y, a, b, given, purse)
            return add(one, two) if function == "+" else subtract(one, two)
        case Operation("neg", (x,)):
            return negate(_area(x, a, b, given, purse))
        case Operation("*", (x, y)) if _constant(x) or _constant(y):
            x, y = (y, x) if _constant(x) else (x, y)
            return multiply(_area(x, a, b, given, purse), enclosed(y, a, b, given))
        case Operation("/", (x, y)) if _constant(y):
            return divide(_area(x, a, b, given, purse), enclosed(y, a, b, given))
        case Operation():
            closed = _closed(node, a, b, given, purse)
            if closed is not None:
                return closed
    return _boxed(node, a, b, given, purse)


def _closed(node: Operation, a: Fraction, b: Fraction, given: Given, purse: _Purse) -> Interval | None:
    """The area of a function of what is linear in time, by its antiderivative; of min and max, of the operand that is chosen
    throughout; None where there is neither."""
    inner: Node | None = None
    integral: Callable[[Interval], Interval] | None = None
    match node:
        case Operation("min" | "max" as name, operands):
            chosen = FUNCTIONS[name].slopes(*[enclosed(operand, a, b, given) for operand in operands])
            picked = [operand for operand, one in zip(operands, chosen, strict=True) if one == ONE]
            return _area(picked[0], a, b, given, purse) if len(picked) == 1 else None
        case Operation("^", (x, y)) if _linear(x) and _constant(y):
            inner, integral = x, lambda end: _power_integral(end, enclosed(y, a, b, given))
        case Operation("^", (x, y)) if _constant(x) and _linear(y):
            base = enclosed(x, a, b, given)
            rate = FUNCTIONS["ln"].bounds(base)
            inner, integral = y, lambda end: divide(FUNCTIONS["^"].bounds(base, end), rate)
        case Operation(name, (x,)) if _linear(x):
            inner, integral = x, FUNCTIONS[name].integral
    turned = None if inner is None else slope(inner, a, b, given)
    if inner is None or integral is None or turned is None or turned[0] <= 0 <= turned[1]:
        return None
    found = divide(subtract(integral(at(inner, b, given, "left")), integral(at(inner, a, given))), turned)
    # Over a short stretch the difference loses digits that the values have.
    return meet(multiply(enclosed(node, a, b, given), _exact(b - a)), found)


def _power_integral(x: Interval, exponent: Interval) -> Interval:
    if exponent == (-1.0, -1.0):
        return FUNCTIONS["ln"].bounds(x)
    more = add(exponent, ONE)
    return divide(FUNCTIONS["^"].bounds(x, more), more)


def _constant(node: Node) -> bool:
    return isinstance(node, Level) or (isinstance(node, Operation) and all(map(_constant, node.operands)))


def _linear(node: Node) -> bool:
    match node:
        case Since() | Progress() | Left():
            return True
        case Operation("+" | "-", (x, y)):
            return (_linear(x) or _constant(x)) and (_linear(y) or _constant(y)) and not _constant(node)
        case Operation("*", (x, y)):
            return (_linear(x) and _constant(y)) or (_constant(x) and _linear(y))
        case Operation("/", (x, y)):
            return _linear(x) and _constant(y)
        case Operation("neg", (x,)):
            return _linear(x)
    return False


def _exact(number: Fraction) -> Interval:
    return least(number), most(number)


def _blended(node: Blend, a: Fraction, b: Fraction, given: Given, purse: _Purse) -> Interval:
    its = way(node, given)
    shares = enclosed(its.node, a, b, given)
    if shares[0] < 0 or shares[1] > 1:  # it is held at its levels there
        return _boxed(node, a, b, given, purse)
    share = _area(its.node, a, b, given, purse)
    if its.rest:
        share = subtract(_exact(b - a), share)
    return add(multiply((its.near, its.near), _exact(b - a)), multiply(its.gap, share))


def _cycled(node: Cycle, a: Fraction, b: Fraction, given: Given, purse: _Purse) -> Interval:
    first, last = cycle_at(node, a), max(cycle_at(node, b, "left"), cycle_at(node, a))
    if first == last:
        return _of_cycle(node, _area(node.body, *within(node, a, b, first), given, purse), first, given)
    if node.stretch != 1 and b >= node.start(40) and last - first > _CYCLES:
        return multiply(enclosed(node, a, b, given), _exact(b - a))
    begin, end = within(node, a, b, first), within(node, a, b, last)
    found = _of_cycle(node, _area(node.body, *begin, given, purse), first, given)
    found = add(found, _of_cycle(node, _area(node.body, *end, given, purse), last, given))
    whole = _area(node.body, Fraction(0), node.period, given, purse)
    if node.factor is None and node.stretch == 1:
        return add(found, multiply(whole, _exact(Fraction(last - first - 1))))
    for index in range(first + 1, min(last, first + 1 + _CYCLES)):
        found = add(found, _of_cycle(node, whole, index, given))
    if last > first + 1 + _CYCLES:
        rest = node.start(first + 1 + _CYCLES), node.start(last)
        found = add(found, multiply(enclosed(node, *rest, given), _exact(rest[1] - rest[0])))
    return found


def _of_cycle(node: Cycle, found: Interval, index: int, given: Given) -> Interval:
    """The area of a cycle from that of its body in its own time."""
    if node.stretch != 1:
        found = multiply(found, _exact(node.stretch**index))
    return found if node.factor is None else multiply(found, factors(node, index, index, given))


def _boxed(node: Node, a: Fraction, b: Fraction, given: Given, purse: _Purse) -> Interval:
    heap: list[tuple[float, int, Fraction, Fraction, Interval]] = []
    count = 0

    def push(a: Fraction, b: Fraction) -> None:
        nonlocal count
        count += 1
        found = _box(node, a, b, given)
        heapq.heappush(heap, (found[0] - found[1], count, a, b, found))

    push(a, b)
    boxes = min(_BOXES, purse.left // 2)
    purse.left -= boxes
    for turn in range(boxes):
        if turn % 20 == 19:
            low, high = sum(one[4][0] for one in heap), sum(one[4][1] for one in heap)
            if high - low <= _WIDTH * max(abs(low), abs(high)):
                break
        _, _, first, last, _ = heapq.heappop(heap)
        middle = join(node, first, last) or halfway(first, last)
        push(first, middle)
        push(middle, last)
    found = ZERO
    for one in sorted(heap, key=lambda one: one[2]):
        found = add(found, one[4])
    return found


def _box(node: Node, a: Fraction, b: Fraction, given: Given) -> Interval:
    # What is in a box gets no boxes of its own.
    closed = _closed(node, a, b, given, _Purse(0)) if isinstance(node, Operation) else None
    if closed is not None:
        return closed
    size = _exact(b - a)
    found = multiply(enclosed(node, a, b, given), size)
    turned = slope(node, a, b, given)
    if turned is None or turned[1] - turned[0] == INF:
        return found
    # Around the middle the slope's own part cancels, and only what it varies by counts.
    middle = multiply(at(node, (a + b) / 2, given), size)
    off = multiply(
        multiply(subtract((turned[1], turned[1]), (turned[0], turned[0])), multiply(size, size)), (0.125, 0.125)
    )[1]
    near = add(middle, (-off, off))
    return max(found[0], near[0]), min(found[1], near[1])
