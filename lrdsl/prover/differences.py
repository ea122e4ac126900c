"""Where and by how much two timelines differ, for all times.

In: two timelines with the values of their levels. Out: stretches of time in which they are the same, or the second is higher or
lower, each shown or not; and the largest differences. What is one form with one set of numbers is the same without any
computing; the rest is the difference of the two, bounded as any other node is. Refuses to know any text.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from ..records import field, frozen, replace, slotted
from ..timeline import Anchored, Blend, Chain, Cycle, Level, Node, Operation, Part, Sample, Side, Timeline, owner, value
from .claims import size
from .decision import HORIZON, TOLERANCE
from .enclosures import Given, enclosed
from .extremes import Reach, highest, seen_by, survey
from .joins import halfway, join

Kind = Literal["same", "lower", "higher", "repeats"]
_POINTS = 48  # moments of a stretch at which signs are looked at
_BUDGET = 250  # boxes for one question
_ALL = 2500  # and for all of them: each takes a quarter of what is left at most


@frozen
class Stretch:
    """From `begin` to `end` (None: for ever) the second is the same, or never higher or never lower than the first; or what was
    before comes again (`repeats`). `shown` for all times, or only found."""

    begin: Fraction
    end: Fraction | None
    kind: Kind
    shown: bool


@frozen
class Gap:
    """A difference: the values of both at a time, seen from a side."""

    time: Fraction
    side: Side
    first: float
    second: float

    @property
    def size(self) -> float:
        return self.second - self.first

    @property
    def share(self) -> float | None:
        """The difference as a share of the first value; None where that is 0."""
        return None if self.first == 0 else self.size / abs(self.first)


@frozen
class Steep:
    """The largest difference as a share of the first value, in a stretch where that is not 0: `sure` tells that it is shown to
    be, and `throughout` that the share is the same all along."""

    gap: Gap
    sure: bool
    throughout: bool


@frozen
class Comparison:
    """`gaps` are the largest differences of stretches, and `steep` the largest as shares, where these are bounded. `largest` is
    the largest of all, None where none was found, and surely none is larger than `bound`."""

    stretches: tuple[Stretch, ...]
    gaps: tuple[Gap, ...]
    steep: tuple[Steep, ...]
    bound: float

    @property
    def largest(self) -> Gap | None:
        return max(self.gaps, key=lambda gap: abs(gap.size), default=None)

    @property
    def same(self) -> bool | None:
        """Whether both are the same for all times; None where no difference was found, and none excluded."""
        if any(one.kind != "same" for one in self.stretches):
            return False
        return True if all(one.shown for one in self.stretches) else None


def compare(
    first: Timeline, second: Timeline, known: tuple[Sequence[float], Sequence[float]], begin: Fraction
) -> Comparison:
    """How the second differs from the first, from `begin` on."""
    given = Given([*known[0], *known[1]])
    one, two = first.chain, _shifted(second.chain, len(known[0]))
    assert isinstance(two, Chain)
    survey(one, given)
    survey(two, given)
    slack = TOLERANCE * max(size(chain, given)[0] for chain in (one, two))
    work = _Work(one, two, given, slack)
    cuts = sorted({begin, *(part.begin for chain in (one, two) for part in chain.parts if part.begin > begin)})
    for a, b in zip(cuts, [*cuts[1:], HORIZON], strict=True):
        work.stretch(owner(one, a).body, owner(two, a).body, a, b)
    return Comparison(_merged(work.found), tuple(work.gaps), tuple(work.steep), work.bound)


@slotted
class _Work:
    one: Chain
    two: Chain
    given: Given
    slack: float
    found: list[Stretch] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    steep: list[Steep] = field(default_factory=list)
    bound: float = 0.0
    left: int = _ALL

    def highest(self, node: Node, a: Fraction, b: Fraction, sign: int = 1, **limits: float) -> Reach:
        budget = min(_BUDGET, max(self.left // 4, 8))
        found = highest(node, a, b, self.given, sign, budget=budget, **limits)  # type: ignore[arg-type]
        self.left -= min(found.boxes, self.left)
        return found

    def stretch(self, first: Node, second: Node, a: Fraction, b: Fraction) -> None:
        if _alike(first, second, self.given):
            self.found.append(Stretch(a, b, "same", True))
            return
        apart = Operation("-", (second, first))
        times = _times(first, second, self.given)
        if times is not None and enclosed(first, a, b, self.given)[0] >= 0:
            self.found.append(Stretch(a, b, "higher" if times > 1 else "lower", True))
            top = self.highest(first, a, seen_by(first, a, b), near=1e-6)
            gap = self.look(top.time, top.side)
            self.bound = max(self.bound, abs(times - 1) * top.high)
            self.gaps.append(gap)
            self.steep.append(Steep(gap, True, True))
            return
        end = seen_by(apart, a, b)
        count = len(self.found)
        self.seen(apart, first, a, end)
        if end == b:
            return
        # One period was looked at: what holds throughout it holds for ever, else it comes again.
        kinds = {one.kind for one in self.found[count:]}
        if len(kinds) == 1:
            self.found.append(replace(self.found[-1], begin=end, end=b))
        else:
            self.found.append(Stretch(end, b, "repeats", all(one.shown for one in self.found[count:])))

    def seen(self, apart: Node, first: Node, a: Fraction, b: Fraction) -> None:
        """A stretch in which all is looked at."""
        start, stop = self.edge(apart, a, b, True), self.edge(apart, a, b, False)
        if start >= b:
            self.found.append(Stretch(a, b, "same", True))
            return
        if start > a:
            self.found.append(Stretch(a, start, "same", True))
        stop = stop if stop > start else b
        signs = self.signs(apart, start, stop)
        self.found += signs
        if any(one.kind != "same" for one in signs):
            self.measure(apart, first, start, stop)
        if stop < b:
            self.found.append(Stretch(stop, b, "same", True))

    def edge(self, apart: Node, a: Fraction, b: Fraction, front: bool) -> Fraction:
        """How far from its front (or its back) a stretch surely has no difference; where that is hardly any, none."""

        def none(time: Fraction) -> bool:
            low, high = enclosed(apart, *((a, time) if front else (time, b)), self.given)
            return -self.slack <= low and high <= self.slack

        if none(b if front else a):
            return b if front else a
        near, far = (a, b) if front else (b, a)
        for _ in range(50):
            middle = halfway(min(near, far), max(near, far))
            near, far = (middle, far) if none(middle) else (near, middle)
        return near if abs(near - (a if front else b)) > (min(b, Fraction(10**9)) - a) / 1000 else (a if front else b)

    def signs(self, apart: Node, a: Fraction, b: Fraction) -> list[Stretch]:
        """The stretches of one sign: by bounds where they tell, else by the moments between which the sign changes."""
        top, bottom = (self.highest(apart, a, b, sign, near=1e-6, apart=self.slack) for sign in (1, -1))
        self.bound = max(self.bound, top.high, bottom.high)
        for one in (top, bottom):
            if one.low > self.slack:
                self.gaps.append(self.look(one.time, one.side))
        if max(top.high, bottom.high) <= self.slack * 1.01:
            return [Stretch(a, b, "same", True)]
        if max(top.low, bottom.low) <= self.slack:
            return [Stretch(a, b, "same", False)]
        if min(top.low, bottom.low) <= self.slack:
            kind: Kind = "higher" if top.low > self.slack else "lower"
            return [Stretch(a, b, kind, min(top.high, bottom.high) <= self.slack * 1.01)]
        found: list[Stretch] = []
        times = self.changes(apart, a, b)
        for first, last in zip([a, *times], [*times, b], strict=True):
            middle = halfway(first, last)
            kind = "higher" if value(apart, middle, self.given.known) > 0 else "lower"
            sign = -1 if kind == "higher" else 1
            beyond = self.highest(apart, first, last, sign, under=self.slack * 100)
            shown = beyond.high <= self.slack * 100
            found.append(Stretch(first, last, kind, shown))
        return found

    def changes(self, apart: Node, a: Fraction, b: Fraction) -> list[Fraction]:
        """The moments at which the sign of a difference was found to change."""
        times = _spread(apart, a, b)
        signed = [(time, value(apart, time, self.given.known)) for time in times]
        signed = [(time, got) for time, got in signed if abs(got) > self.slack]
        found: list[Fraction] = []
        for (low, before), (high, after) in itertools.pairwise(signed):
            if (before > 0) == (after > 0):
                continue
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (
                    (middle, high) if (value(apart, middle, self.given.known) > 0) == (before > 0) else (low, middle)
                )
            near = high.limit_denominator(1000)
            found.append(near if abs(near - high) <= abs(high) / 10**12 else high)
        return found

    def look(self, time: Fraction, side: Side) -> Gap:
        first, second = (value(chain, time, self.given.known, side) for chain in (self.one, self.two))
        return Gap(time, side, first, second)

    def measure(self, apart: Node, first: Node, a: Fraction, b: Fraction) -> None:
        """The largest differences as shares of the first value, upward and downward; nothing where that may be 0."""
        low, high = enclosed(first, a, b, self.given)
        if not (low > 0 or high < 0):
            return
        share = Operation("/", (apart, first))
        up, down = (self.highest(share, a, b, sign, near=1e-4, apart=1e-9) for sign in (1, -1))
        throughout = up.high + down.high <= 1e-6 * max(abs(up.high), abs(down.high))
        for sign, found in ((1, up), (-1, down)):
            gap = self.look(found.time, found.side)
            if (gap.size > 0) == (sign > 0) and abs(gap.size) > self.slack:
                sure = found.high - found.low <= 1e-3 * max(abs(found.high), 1e-6)
                self.steep.append(Steep(gap, sure, throughout))


def _spread(node: Node, a: Fraction, b: Fraction) -> list[Fraction]:
    """Moments of a stretch: evenly, or where it has no end by magnitudes; and at joins."""
    if b - a > 10**12:
        times = [a, *(a + Fraction(2) ** k for k in range(_POINTS) if a + Fraction(2) ** k < b)]
    else:
        times = [a + (b - a) * k / _POINTS for k in range(_POINTS)]
    joins = [one for first, last in itertools.pairwise(times) if (one := join(node, first, last)) is not None]
    return sorted({*times, *joins})


def _merged(found: list[Stretch]) -> tuple[Stretch, ...]:
    kept: list[Stretch] = []
    for one in found:
        if kept and kept[-1].kind == one.kind:
            kept[-1] = replace(kept[-1], end=one.end, shown=kept[-1].shown and one.shown)
        else:
            kept.append(one)
    return tuple(replace(one, end=None) if one.end is not None and one.end >= HORIZON else one for one in kept)


# --- one form with one set of numbers ------------------------------------------------------------------------------------


def _alike(a: Node, b: Node, given: Given, exact: bool = False) -> bool:
    """Whether two nodes are the same function, as their forms, clocks and levels show."""
    if type(a) is not type(b):
        return False
    match a, b:
        case Level(), Level():
            return _near(a.row, b.row, given, exact)
        case Operation(), Operation():
            # Inside a function a last digit may grow to any size: there levels are one number or two.
            return a.function == b.function and _all(a.operands, b.operands, given, True)
        case Blend(), Blend():
            levels = _near(a.from_, b.from_, given, exact) and _near(a.to, b.to, given, exact)
            return levels and a.clock == b.clock and _one_shape(a, b, given)
        case Anchored(), Anchored():
            return a.clock == b.clock and _near(a.start, b.start, given, exact) and _alike(a.body, b.body, given, exact)
        case Chain(), Chain():
            spans = [(one.begin, one.end) for one in a.parts] == [(one.begin, one.end) for one in b.parts]
            return spans and _all([one.body for one in a.parts], [one.body for one in b.parts], given, exact)
        case Cycle(), Cycle():
            factors = (
                _near(a.factor, b.factor, given, True)
                if a.factor is not None and b.factor is not None
                else a.factor is b.factor
            )
            times = (a.origin, a.period, a.stretch, a.times) == (b.origin, b.period, b.stretch, b.times)
            return times and factors and _alike(a.body, b.body, given, exact)
        case Sample(), Sample():
            return (a.origin, a.every) == (b.origin, b.every) and _alike(a.body, b.body, given, exact)
    return getattr(a, "clock", None) == getattr(b, "clock", None)


def _times(a: Node, b: Node, given: Given) -> float | None:
    """How many times the first the second is throughout, where its levels alone show that it is."""
    match a, b:
        case Level(), Level():
            one, two = given.known[a.row], given.known[b.row]
            return two / one if one > 0 and two > 0 else None
        case Blend(), Blend() if a.clock == b.clock and _one_shape(a, b, given):
            (start, end), (first, last) = ([given.known[row] for row in (node.from_, node.to)] for node in (a, b))
            if min(start, end, first, last) < 0 or max(start, end) == 0 or max(first, last) == 0:
                return None
            times = max(first, last) / max(start, end)
            alike = abs(times * start - first) + abs(times * end - last) <= 4e-16 * max(first, last)
            return times if alike else None
        case Cycle(), Cycle():
            same = _alike(replace(a, body=Level(0)), replace(b, body=Level(0)), given)
            return _times(a.body, b.body, given) if same else None
    return None


def _one_shape(a: Blend, b: Blend, given: Given) -> bool:
    """Whether two shapes are one; what stands behind the comma is checked at points only, so it counts by itself."""
    if a.complement is None or b.complement is None:
        return a.complement is b.complement and _alike(a.weight, b.weight, given, True)
    return _alike(a.weight, b.weight, given, True) and _alike(a.complement, b.complement, given, True)


def _all(a: Sequence[Node], b: Sequence[Node], given: Given, exact: bool) -> bool:
    return len(a) == len(b) and all(_alike(one, two, given, exact) for one, two in zip(a, b, strict=True))


def _near(a: int, b: int, given: Given, exact: bool) -> bool:
    """Whether two levels are one number: what is computed on two ways may differ in its last digit."""
    one, two = given.known[a], given.known[b]
    return one == two or (not exact and abs(one - two) <= 4e-16 * max(abs(one), abs(two)))


def _shifted(node: Node, by: int) -> Node:
    """The same node with its levels behind those of another timeline."""
    match node:
        case Level():
            return Level(node.row + by)
        case Operation():
            return Operation(node.function, tuple(_shifted(one, by) for one in node.operands))
        case Blend():
            complement = None if node.complement is None else _shifted(node.complement, by)
            return Blend(node.from_ + by, node.to + by, _shifted(node.weight, by), complement, node.clock)
        case Anchored():
            return Anchored(_shifted(node.body, by), node.start + by, node.clock)
        case Chain():
            return Chain(tuple(Part(one.begin, one.end, _shifted(one.body, by), one.phase) for one in node.parts))
        case Cycle():
            factor = None if node.factor is None else node.factor + by
            return replace(node, body=_shifted(node.body, by), factor=factor)
        case Sample():
            return replace(node, body=_shifted(node.body, by))
    return node
