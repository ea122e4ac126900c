"""How high and how low a timeline goes, by branch and bound.

In: a node, a stretch of time `[a, b)` with the limit at b, and what is given. Out: a value that is surely reached, with its moment
and side, and a bound that is surely not passed. Boxes are cut where they reach highest, until what was asked for is known or the
budget is spent. Refuses to know what is claimed.
"""

from __future__ import annotations

import heapq
import math
from fractions import Fraction

from ..intervals import INF, Interval, negate
from ..records import field, slotted
from ..timeline import Anchored, Blend, Chain, Cycle, Level, Node, Operation, Sample, Side
from .decision import HORIZON
from .enclosures import Given, at, enclosed, pieces, refined
from .joins import halfway, join

BUDGET = 1500  # boxes that are looked at for one question


@slotted
class Reach:
    """`low` is reached at `time`, from `side`; `high` is not passed, and `box` is where that much was not excluded."""

    low: float
    high: float
    time: Fraction
    side: Side
    box: tuple[Fraction, Fraction]
    boxes: int = 0


@slotted
class Box:
    """A stretch of a body in a heap: what is most, or largest, comes first."""

    order: tuple[float, int]
    a: Fraction
    b: Fraction
    body: Node
    refined: bool = False

    def __lt__(self, other: Box) -> bool:
        return self.order < other.order


def highest(
    node: Node,
    a: Fraction,
    b: Fraction,
    given: Given,
    sign: int = 1,
    *,
    over: float = INF,
    under: float = -INF,
    near: float = 1e-14,
    apart: float = 0.0,
    budget: int | None = None,
    sharp: bool = True,
) -> Reach:
    """The highest that `sign` times a node goes. Ends early when more than `over` is reached, when no more than `under` can
    be, and when both bounds are within `near` of their size, or `apart` from one another."""
    search = _Search(
        given, sign, a
    )  # `sharp` says that slopes are looked at: boxes are fewer, and cost four times as much
    for body, first, last in _bodies(node, a, b):
        # Of thousands of phases most are below what was reached, and need no closer look.
        if last > first and not search.push(body, first, last, False):
            continue
        search.try_at(body, first, "right")
        if last > first:
            search.try_at(body, last, "left")
    best, budget = search.best, BUDGET if budget is None else budget
    for count in range(budget):
        if not search.boxes:
            return _done(search, best.low, (best.time, best.time), count)
        box = search.boxes[0]
        high = -box.order[0]
        close = max(near * max(abs(high), abs(best.low)), apart) if high < INF else 0.0
        if high <= max(best.low, under) or best.low > over or high - best.low <= close:
            return _done(search, max(high, best.low), (box.a, box.b), count)
        heapq.heappop(search.boxes)
        if sharp and not box.refined:
            search.push(box.body, box.a, box.b, True)
            continue
        cut = join(box.body, box.a, box.b)
        middle = cut if cut is not None else halfway(box.a, box.b)
        search.try_at(box.body, middle, "right")
        if cut is not None:
            search.try_at(box.body, middle, "left")
        search.push(box.body, box.a, middle, False)
        search.push(box.body, middle, box.b, False)
    high = max(-search.boxes[0].order[0], best.low) if search.boxes else best.low
    # All that is not excluded lies between these; what is before and after is sure.
    doubt = [box for box in search.boxes if -box.order[0] > under]
    first, last = min((box.a for box in doubt), default=best.time), max((box.b for box in doubt), default=best.time)
    return _done(search, high, (first, last), budget)


def _done(search: _Search, high: float, box: tuple[Fraction, Fraction], boxes: int) -> Reach:
    best = search.best
    return Reach(best.low, high, best.time, best.side, box, boxes)


@slotted
class _Search:
    given: Given
    sign: int
    start: Fraction
    boxes: list[Box] = field(default_factory=list)
    count: int = 0
    best: Reach = field(init=False)

    def __post_init__(self) -> None:
        self.best = Reach(-INF, INF, self.start, "right", (self.start, self.start))

    def signed(self, found: Interval) -> Interval:
        return found if self.sign > 0 else negate(found)

    def try_at(self, body: Node, time: Fraction, side: Side) -> None:
        low = self.signed(at(body, time, self.given, side))[0]
        if low > self.best.low:
            self.best.low, self.best.time, self.best.side = low, time, side

    def push(self, body: Node, a: Fraction, b: Fraction, sharp: bool) -> bool:
        """Whether a box may reach higher than what was reached, and is kept for that."""
        if b <= a:
            return False
        high = self.signed((refined if sharp else enclosed)(body, a, b, self.given))[1]
        if high > self.best.low:
            self.count += 1
            heapq.heappush(self.boxes, Box((-high, self.count), a, b, body, sharp))
            return True
        return False


def _bodies(node: Node, a: Fraction, b: Fraction) -> list[tuple[Node, Fraction, Fraction]]:
    """The stretches that belong to one part each, with its body."""
    if not isinstance(node, Chain):
        return [(node, a, b)]
    return [(node.parts[index].body, first, last) for index, first, last in pieces(node, a, b)]


def range_of(node: Node, a: Fraction, b: Fraction, given: Given, near: float = 1e-14) -> Interval:
    """The least and the largest value, each not within but at or beyond what is reached."""
    high = highest(node, a, b, given, 1, near=near, budget=300).high
    return -highest(node, a, b, given, -1, near=near, budget=300).high, high


def survey(node: Node, given: Given) -> None:
    """Find what the bodies of all repeats range over, the inner ones first."""
    match node:
        case Chain():
            for part in node.parts:
                survey(part.body, given)
        case Operation():
            for operand in node.operands:
                survey(operand, given)
        case Blend():
            survey(node.weight, given)
            if node.complement is not None:
                survey(node.complement, given)
        case Anchored() | Sample():
            survey(node.body, given)
        case Cycle() if id(node) not in given.ranges:
            survey(node.body, given)
            given.ranges[id(node)] = range_of(node.body, Fraction(0), node.period, given)


# --- what comes again and again -----------------------------------------------------------------------------------------

_CYCLES = 500  # cycles after which all has been seen, if there are no more


def seen_by(node: Node, begin: Fraction, end: Fraction) -> Fraction:
    """An earlier end by which a node has taken all the values that it takes in `[begin, end)`, where it comes again."""
    found = _recurrence(node)
    if found is None or (found[1] and found[1] > _CYCLES * found[2]):
        return end
    since, period, _ = found
    return min(end, max(begin, since) + (period or 1))


def _recurrence(node: Node) -> tuple[Fraction, Fraction, Fraction] | None:
    """Since when a node comes again, after how long (0: it stands still), and its shortest cycle; None where it never does."""
    match node:
        case Level():
            return Fraction(0), Fraction(0), HORIZON
        case Anchored():
            found = _recurrence(node.body)
            return None if found is None else (max(found[0], node.clock.origin + 1), *found[1:])
        case Chain():
            last = node.parts[-1]
            found = _recurrence(last.body) if last.end is None else None
            return None if found is None else (max(found[0], last.begin), *found[1:])
        case Cycle(factor=None, times=None, stretch=1):
            return node.origin, node.period, node.period
        case Sample():
            found = _recurrence(node.body)
            # The sample that holds when the body begins to come again may be from before.
            since = max(node.origin, Fraction(0) if found is None else found[0]) + node.every
            return None if found is None else _both(found, (since, node.every, node.every))
        case Operation():
            whole: tuple[Fraction, Fraction, Fraction] | None = (Fraction(0), Fraction(0), HORIZON)
            for operand in node.operands:
                found = _recurrence(operand)
                whole = None if whole is None or found is None else _both(whole, found)
            return whole
    return None


def _both(
    a: tuple[Fraction, Fraction, Fraction], b: tuple[Fraction, Fraction, Fraction]
) -> tuple[Fraction, Fraction, Fraction]:
    period = a[1] or b[1]
    if a[1] and b[1]:
        bottom = a[1].denominator * b[1].denominator
        period = Fraction(math.lcm(int(a[1] * bottom), int(b[1] * bottom)), bottom)
    return max(a[0], b[0]), period, min(a[2], b[2])
