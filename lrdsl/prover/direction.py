"""Whether a chain only falls or only rises.

In: a chain, a window, and by how much in all it may go the other way. Out: a decision. The sum of what goes the other way is
bounded from above by movements and slopes, stretch by stretch, and from below by moments that were looked at. Refuses to know
any text.
"""

from __future__ import annotations

import heapq
import math
from fractions import Fraction

from ..intervals import INF, Interval, subtract
from ..records import field, slotted
from ..timeline import Chain, Node, Side, owner, value
from .decision import HOLDS, Decision, seen
from .enclosures import Given, at, most, pieces, slope
from .extremes import BUDGET, Box
from .joins import halfway, join, moments
from .movements import movement, product


@slotted
class Direction:
    """Whether a chain only falls (sign 1) or only rises (sign -1): the sum of what goes the other way, from above by bounds and
    from below by moments that were looked at."""

    chain: Chain
    given: Given
    sign: int
    slack: tuple[float, float]
    heap: list[Box] = field(default_factory=list)
    seams: list[float] = field(default_factory=list)
    seen: dict[tuple[Fraction, int], Interval] = field(default_factory=dict)
    count: int = 0

    def decide(self, begin: Fraction, end: Fraction) -> Decision:
        before: Node | None = None
        for index, first, last in pieces(self.chain, begin, end):
            body = self.chain.parts[index].body
            if before is not None:
                self.seam(before, body, first)
            if self.push(body, first, last):
                for time, side in moments(body, first, last):
                    self.look(body, time, side)
                for time in _early(first, last):
                    self.look(body, time, "right")
            before = body
        for turn in range(BUDGET):
            if self.bound() <= self.slack[0]:
                return HOLDS
            if turn & (turn - 1) == 0 and (wrong := self.refuted()) is not None:
                return wrong
            if not self.heap or self.heap[0].order[0] == 0:
                break
            self.cut(heapq.heappop(self.heap))
        return self.refuted() or self.undecided(begin, end)

    def bound(self) -> float:
        parts = (
            [-box.order[0] for box in self.heap]
            if len(self.heap) < 50 or self.heap[0].order[0] > -self.slack[0]
            else []
        )
        if not parts and self.heap:
            return INF
        return math.fsum([*parts, *self.seams]) * (1 + 1e-15) if INF not in parts and INF not in self.seams else INF

    def push(self, body: Node, a: Fraction, b: Fraction) -> bool:
        """Whether a stretch may go the other way."""
        if b <= a:
            return False
        moved = movement(body, a, b, self.given)
        rise = moved.rise if self.sign > 0 else moved.fall
        if rise > 0:
            rise = min(rise, self.by_slope(body, a, b))
        self.count += 1
        heapq.heappush(self.heap, Box((-rise if rise > 0 else 0.0, self.count), a, b, body))
        return rise > 0

    def by_slope(self, body: Node, a: Fraction, b: Fraction) -> float:
        turned = slope(body, a, b, self.given)
        if turned is None:
            return INF
        low, high = turned if self.sign > 0 else (-turned[1], -turned[0])
        if high <= 0:
            return 0.0
        if low >= 0:  # it only rises, by the difference of its ends
            first, last = at(body, a, self.given), at(body, b, self.given, "left")
            gap = subtract(last, first) if self.sign > 0 else subtract(first, last)
            return max(gap[1], 0.0)

        return product(high, most(b - a))

    def seam(self, before: Node, after: Node, time: Fraction) -> None:
        gap = subtract(self.look(after, time, "right"), self.look(before, time, "left"))
        self.seams.append(max(gap[1] if self.sign > 0 else -gap[0], 0.0))

    def cut(self, box: Box) -> None:
        inside = join(box.body, box.a, box.b)
        middle = halfway(box.a, box.b) if inside is None else inside
        if inside is not None:
            self.seam(box.body, box.body, middle)
        else:
            self.look(box.body, middle, "right")
        self.push(box.body, box.a, middle)
        self.push(box.body, middle, box.b)

    def look(self, body: Node, time: Fraction, side: Side) -> Interval:
        found = self.seen[time, int(side == "right")] = at(body, time, self.given, side)
        return found

    def refuted(self) -> Decision | None:
        """That it goes the other way, with the two moments between which it does so most."""
        total, before = 0.0, None
        best: tuple[float, tuple[Fraction, int], tuple[Fraction, int]] | None = None
        least: tuple[float, tuple[Fraction, int]] | None = None
        for moment in sorted(self.seen):
            low, high = self.seen[moment]
            low, high = (low, high) if self.sign > 0 else (-high, -low)
            if before is not None and low > before:
                total += low - before
            if least is not None and (best is None or low - least[0] > best[0]):
                best = low - least[0], least[1], moment
            if least is None or high < least[0]:
                least = high, moment
            before = high
        if best is None or total * (1 - 1e-12) <= self.slack[1]:
            return None
        (first, right), (last, side) = best[1:]
        start = value(self.chain, first, self.given.known, "right" if right else "left")
        return seen("fails", self.chain, self.given, last, "right" if side else "left", (first, start))

    def undecided(self, begin: Fraction, end: Fraction) -> Decision:
        doubt = [box for box in self.heap if box.order[0] < 0]
        a, b = min((box.a for box in doubt), default=begin), max((box.b for box in doubt), default=end)
        return Decision("undecided", a, None, "right", owner(self.chain, a).phase, None, b)


def _early(begin: Fraction, end: Fraction) -> list[Fraction]:
    """Some moments at which it is looked first: one that shows the contrary early tells more than a late one."""
    if end - begin < 10**9:
        return [begin + (end - begin) * k / 16 for k in range(1, 16)]
    return [begin + Fraction(3, 2) ** k for k in range(1, 45)]
