"""What is known of an output for all times, each fact found when it is first asked for.

In: a timeline and what the prover is given. Out: facts as values, and as plain data. What is not shown is said to be undecided.
Refuses to know the text, and how facts are told.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any, Literal

from .prover import (
    HORIZON,
    TOLERANCE,
    Given,
    Jump,
    Span,
    area,
    highest,
    jumps,
    moments,
    seen_by,
    settled,
    size,
    spans,
    survey,
    verdicts,
)
from .records import frozen, replace
from .timeline import Chain, Cycle, Origin, Part, Side, Timeline, as_number, clock_of, outline, owner, rounded, value

__all__ = ["Area", "Cut", "Extreme", "Facts", "Jump", "Span", "Unreached"]

_LATE = Fraction(10**15)  # a moment after it shows no more than where things go

Shown = Literal["shown", "undecided", "refuted"]


@frozen
class Extreme:
    """The highest or lowest value and the first moment found at which it is taken, or (`side` is left) approached from the left,
    None where that is only in the limit of all times; nowhere are values beyond `bound`."""

    value: float
    time: Fraction | None
    side: Side
    bound: float


@frozen
class Area:
    """The area under the curve lies within `low` and `high`; it is `length` times the mean value."""

    low: float
    high: float
    length: Fraction

    @property
    def value(self) -> float:
        return self.low + (self.high - self.low) / 2

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def mean(self) -> float:
        return self.value / rounded(self.length) if self.length else math.nan


@frozen
class Cut:
    """A phase that is shown in part: planned to last from `planned[0]` to `planned[1]`, it owns `begin` to `end` only."""

    phase: int
    planned: tuple[Fraction, Fraction]
    begin: Fraction
    end: Fraction | None


@frozen
class Unreached:
    """A level that the text names and that the output never takes, in the phase or, of a floor and a cap, anywhere."""

    origin: Origin
    level: float
    nearest: float


class Facts:
    """What is known of an output for all times; each fact is found when it is first asked for.

    >>> import lrdsl
    >>> facts = lrdsl.compile("warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6").facts
    >>> facts.peak.value, facts.peak.time == 1000, facts.least.value, facts.final
    (0.001, True, 1e-06, 1e-06)
    >>> [span.trend for span in facts.spans]
    ['rises', 'falls', 'keeps']
    """

    def __init__(self, timeline: Timeline, given: Given, positive: bool) -> None:
        self._timeline, self._given, self._positive = timeline, given, positive

    @property
    def _chain(self) -> Chain:
        return self._timeline.chain

    @functools.cached_property
    def first(self) -> float:
        """The value at time 0."""
        return value(self._chain, Fraction(0), self._given.known)

    @functools.cached_property
    def final(self) -> float | None:
        """The value that stays in the end; None where none does."""
        return None if self.settled is None else value(self._chain, self.settled, self._given.known)

    @functools.cached_property
    def peak(self) -> Extreme:
        """The highest value, and where."""
        return self._extreme(1)

    @functools.cached_property
    def least(self) -> Extreme:
        """The lowest value, and where; of what only ever comes nearer to it, far out."""
        return self._extreme(-1)

    @property
    def bounds(self) -> tuple[float, float]:
        """All values surely lie between these."""
        return self.least.bound, self.peak.bound

    def _extreme(self, sign: int) -> Extreme:
        survey(self._chain, self._given)
        end = seen_by(self._chain, Fraction(0), HORIZON)
        if self.settled is not None:
            end = min(end, self.settled + 1)
        found = highest(self._chain, Fraction(0), end, self._given, sign, near=1e-13, apart=self._slack)
        time, side = found.time, found.side
        best = sign * value(self._chain, time, self._given.known, side)
        # Of a repeat whose cycles change sign or grow, bounds cover many at once: the first are looked at by themselves.
        for begin, last in zip(self._chain.begins, (*self._chain.begins[1:], end), strict=True):
            part = owner(self._chain, begin)
            for moment, where in moments(part.body, begin, max(min(last, end), begin)):
                here = sign * value(part.body, moment, self._given.known, where)
                if here > best + self._slack:
                    best, time, side = here, moment, where
        got = value(self._chain, time, self._given.known, side)
        if side == "left" and value(self._chain, time, self._given.known) == got:
            side = "right"
        if self.settled is not None and time > self.settled and self.final == got:
            time, side = self.settled, "right"
        bound = sign * found.high
        near = abs(bound - got) <= max(1e-12 * abs(got), self._slack)
        return Extreme(got, time if time < _LATE else None, side, got if near else bound)

    @functools.cached_property
    def _slack(self) -> float:
        """A difference that is none beside the largest value."""
        survey(self._chain, self._given)
        return TOLERANCE / 10 * size(self._chain, self._given)[0]

    @functools.cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where it rises, falls and keeps its value, in their order."""
        found = list(spans(self._chain, self._given))
        still, last = self.settled, found[-1]
        if still is not None and last.begin < still and last.end is None:
            found[-1:] = [replace(last, end=still), Span(still, None, "keeps")]
        return tuple(found)

    @functools.cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """The joins at which the value jumps; of a repeat, the first."""
        return tuple(jumps(self._timeline, self._given.known))

    @functools.cached_property
    def settled(self) -> Fraction | None:
        """A moment from which on nothing changes, as early as bounds show it; None where there is none."""
        return settled(self._chain, self._given)

    @functools.cached_property
    def area(self) -> Area | None:
        """The integral over the length; without one, up to where nothing changes any more; None where there is neither."""
        length = self._timeline.length if self._timeline.length is not None else self.settled
        if length is None:
            return None
        survey(self._chain, self._given)
        low, high = area(self._chain, Fraction(0), length, self._given)
        return Area(low, high, length)

    @functools.cached_property
    def cut(self) -> tuple[Cut, ...]:
        """The phases that are not shown from their beginning to their end."""
        found = []
        for part in outline(self._chain.parts, Fraction(0), None):
            clock = clock_of(part.body)
            if clock is None or clock.length is None:
                continue
            planned = clock.origin, clock.origin + clock.length
            if part.begin > planned[0] or (part.end is not None and part.end < planned[1]):
                found.append(Cut(part.phase, planned, part.begin, part.end))
        return tuple(found)

    @functools.cached_property
    def unreached(self) -> tuple[Unreached, ...]:
        """The written levels that are never taken."""
        found = []
        for origin in dict.fromkeys(self._timeline.origins):
            if origin.row is None or origin.source not in ("written", "share") or origin.name == "value":
                continue
            if self._mixed_in(origin):
                continue
            whole = origin.name in ("floor", "cap")
            range_ = self.bounds if whole else self._range(origin.phase)
            level = self._given.known[origin.row]
            slack = TOLERANCE * max(map(abs, (*self.bounds, level)))
            if range_ is not None and not range_[0] - slack <= level <= range_[1] + slack:
                nearest = range_[0] if level < range_[0] else range_[1]
                found.append(Unreached(origin, level, nearest))
        return tuple(found)

    def _mixed_in(self, origin: Origin) -> bool:
        """Whether a level is one of an operand, so that the values of the phase say nothing of it; a repeat shows its own."""
        inside = origin.call not in (None, self._timeline.phases[origin.phase])
        return inside and not all(isinstance(part.body, Cycle) for part in self._parts.get(origin.phase, ()))

    def _range(self, phase: int) -> tuple[float, float] | None:
        """The values of a phase; None where it owns no time."""
        low, high = math.inf, -math.inf
        for part in self._parts.get(phase, ()):
            end = HORIZON if part.end is None else part.end
            end = seen_by(part.body, part.begin, end)
            found = [
                highest(part.body, part.begin, end, self._given, sign, near=1e-13, apart=self._slack).high
                for sign in (1, -1)
            ]
            low, high = min(low, -found[1]), max(high, found[0])
        if low > high:
            return None
        # A floor or cap of the whole line holds here too, and the parts that are seen through it do not know it.
        least, most = self.bounds
        return min(max(low, least), most), max(min(high, most), least)

    @functools.cached_property
    def _parts(self) -> dict[int, list[Part]]:
        """The parts of each phase: among ten thousand they are not looked for ten thousand times."""
        found: dict[int, list[Part]] = {}
        for part in outline(self._chain.parts, Fraction(0), None):
            found.setdefault(part.phase, []).append(part)
        return found

    @functools.cached_property
    def finite(self) -> Shown:
        """Whether all values are finite."""
        return self._sign[0]

    @functools.cached_property
    def not_negative(self) -> Shown:
        """Whether no value is below 0."""
        if self._positive:
            return self._sign[1]
        return "shown" if self.least.bound >= 0 else "refuted" if self.least.value < 0 else "undecided"

    @functools.cached_property
    def _sign(self) -> tuple[Shown, Shown]:
        wrong = {one.kind for one in verdicts(self._timeline, self._given.known, self._positive)}
        finite: Shown = "refuted" if "infinite" in wrong else "undecided" if "undecided" in wrong else "shown"
        sign: Shown = "refuted" if "negative" in wrong else "undecided" if "undecided" in wrong else "shown"
        return finite, sign

    def as_data(self) -> dict[str, Any]:
        """All facts as JSON has them; times are numbers in the unit of the clock, and what there is not is null."""
        return {
            "first": self.first,
            "final": self.final,
            "peak": _extreme_data(self.peak),
            "least": _extreme_data(self.least),
            "settled": as_number(self.settled),
            "area": None if self.area is None else {
                "value": self.area.value, "width": self.area.width, "mean": self.area.mean,
                "length": as_number(self.area.length),
            },
            "spans": [{"begin": as_number(one.begin), "end": as_number(one.end), "trend": one.trend} for one in self.spans],
            "jumps": [{"time": as_number(one.time), "before": one.before, "after": one.after} for one in self.jumps],
            "cut": [
                {"phase": self._timeline.phases[one.phase].text, "planned": [as_number(time) for time in one.planned],
                 "begin": as_number(one.begin), "end": as_number(one.end)}
                for one in self.cut
            ],
            "unreached": [
                {"name": one.origin.name, "level": one.level, "nearest": one.nearest,
                 "text": None if one.origin.span is None else one.origin.span.text}
                for one in self.unreached
            ],
            "finite": self.finite,
            "not_negative": self.not_negative,
        }  # fmt: skip


def _extreme_data(one: Extreme) -> dict[str, Any]:
    return {"value": one.value, "time": as_number(one.time), "side": one.side, "bound": one.bound}
