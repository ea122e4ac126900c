"""Cycles and samples at times: time folded, and the body at what is left of it.

In: nodes of a timeline and the values of the levels. Out: evaluators, on numbers and on blocks with the same bits. Refuses to know
any text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..timeline import LATEST, Chain, Cycle, Part, Sample, rounded
from . import folding
from .forms import EXACT, Number, first_float, split, three_floats
from .kernel import ChainKernel
from .operations import Floats, Scratch, power, power_into

_NEAR = 4096


def _units(origin: Fraction, period: Fraction) -> tuple[float, float, float]:
    try:
        found: tuple[float, float, float] = folding.units(origin.as_integer_ratio(), period.as_integer_ratio())
    except OverflowError:
        return math.inf, math.inf, math.inf
    return found


def _scalar_floor(x: float) -> float:
    return float(math.floor(x))


class _Folded:
    """What a cycle and a sample share: times folded by a period, right at every boundary."""

    def __init__(self, origin: Fraction, period: Fraction, low: bool) -> None:
        self.exact_origin, self.exact_period, self.low = origin, period, low
        self.origin, self.period = split(origin), three_floats(period)
        # With a whole origin and period nothing is rounded, and the time within a cycle is one float.
        self.whole = not low and origin.denominator == 1 and period.denominator == 1
        self.sure = low or (origin.denominator == 1 and self.period[1] == 0)
        # Counted in parts of a unit, of which both are whole.
        self.scaled = _units(origin, period)
        self.begin = first_float(origin)
        self.end = 0.0 if low or max(self.scaled) >= EXACT else EXACT / self.scaled[0]

    def fold_scalar(self, t: float, low: float) -> tuple[float, float, float]:
        if self.begin <= t < self.end:
            if self.whole:
                return *divmod(t - self.origin[0], self.period[0]), 0.0
            if t.is_integer():
                found: tuple[float, float, float] = folding.turns(t, *self.scaled, _scalar_floor)
                return found
        x, e = folding.since(t, low, self.origin)
        i, r, d = folding.fold(x, e, self.period, _scalar_floor)
        if not self.sure and folding.doubtful(x, r, d, self.period):
            i, r, d = self._exactly(t)
        elif self.low and folding.doubtful(x, r, d, self.period):
            i, r, d = self._snapped(i, r, d)
        return max(i, 0.0), r, d

    def fold_array(self, t: Floats, low: Floats | None, scratch: Scratch) -> tuple[Floats, Floats, Floats]:
        """The cycles and the times within them, in three blocks that the caller gives back."""
        i, r, d = scratch.take(t.size), scratch.take(t.size), scratch.take(t.size)
        if self.whole and np.minimum.reduce(t) >= self.begin and np.maximum.reduce(t) < self.end:
            self._fold_whole(t, i, r, d)
            return i, r, d
        # A few thousand at a time: what is computed on the way stays near.
        for start in range(0, t.size, _NEAR):
            here = slice(start, start + _NEAR)
            times, found = t[here], (i[here], r[here], d[here])
            # A whole time takes the way that it takes alone, so that its bits are the same.
            steps = (times >= self.begin) & (times < self.end) & (np.floor(times) == times)
            if not steps.all():
                self._fold_any(times, None if low is None else low[here], *found)
            if steps.any():
                for one, turned in zip(found, folding.turns(times[steps], *self.scaled, np.floor), strict=True):
                    one[steps] = turned
        return i, r, d

    def _fold_any(self, t: Floats, low: Floats | None, i: Floats, r: Floats, d: Floats) -> None:
        x, e = folding.since(t, 0.0 if low is None else low, self.origin)
        i[:], r[:], d[:] = folding.fold(x, e, self.period, np.floor)
        if not self.sure or self.low:
            for index in np.flatnonzero(folding.doubtful(x, r, d, self.period)).tolist():
                if self.low:
                    i[index], r[index], d[index] = self._snapped(float(i[index]), float(r[index]), float(d[index]))
                else:
                    i[index], r[index], d[index] = self._exactly(float(t[index]))
        np.maximum(i, 0.0, out=i)

    def _fold_whole(self, t: Floats, i: Floats, r: Floats, turns: Floats) -> None:
        np.subtract(t, self.origin[0], r)
        np.divide(r, self.period[0], i)
        np.floor(i, i)
        np.multiply(i, self.period[0], turns)
        np.subtract(r, turns, r)
        if np.minimum.reduce(r) < 0:  # the quotient alone is rounded, and may be one too large
            early = np.flatnonzero(r < 0)
            i[early] -= 1.0
            r[early] += self.period[0]

    def _exactly(self, t: float) -> tuple[float, float, float]:
        since = Fraction(t) - self.exact_origin
        index = since // self.exact_period
        rest = since - index * self.exact_period
        first = rounded(rest)
        return float(index), first, rounded(rest - Fraction(first))

    def _snapped(self, i: float, r: float, d: float) -> tuple[float, float, float]:
        # A time that is itself in two floats and lies within 1e-24 of a boundary is meant to be on it.
        return (i, 0.0, 0.0) if r < self.period[0] / 2 else (i + 1.0, 0.0, 0.0)


class CycleKernel(_Folded):
    """A repeat whose cycles are of one length."""

    def __init__(self, cycle: Cycle, levels: Sequence[Number], low: bool, width: int | None = None) -> None:
        super().__init__(cycle.origin, cycle.period, low)
        self.factor = None if cycle.factor is None else levels[cycle.factor]
        self.most = math.inf if cycle.times is None else float(cycle.times - 1)
        self.body = _body(cycle.body, cycle.period, levels, not self.whole, width)

    def scalar(self, t: float, low: float = 0.0) -> float:
        i, r, d = self.fold_scalar(t, low)
        found = self.body.scalar(r, d)
        return found if self.factor is None else found * power(self.factor, min(i, self.most))

    def array(self, t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
        i, r, d = self.fold_array(t, low, scratch)
        self.body.array(r, None if self.whole else d, out, scratch)
        if self.factor is not None:
            np.minimum(i, self.most, out=i)
            _weaken(out, self.factor, i, scratch)
        scratch.give(3)


class SampleKernel(_Folded):
    """Sample and hold."""

    def __init__(self, sample: Sample, levels: Sequence[Number], low: bool, width: int | None = None) -> None:
        super().__init__(sample.origin, sample.every, low)
        self.body = _body(sample.body, sample.every, levels, not self.whole, width)

    def scalar(self, t: float, low: float = 0.0) -> float:
        i, _, _ = self.fold_scalar(t, low)
        x, e = folding.stage(i, self.origin, self.period)
        return self.body.scalar(x, e)

    def array(self, t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
        i, r, d = self.fold_array(t, low, scratch)
        r[:], d[:] = folding.stage(i, self.origin, self.period)
        self.body.array(r, None if self.whole else d, out, scratch)
        scratch.give(3)


class StretchKernel:
    """A repeat whose cycles become longer or shorter: their beginnings are a table of at most 4,096."""

    def __init__(self, cycle: Cycle, levels: Sequence[Number], low: bool, width: int | None = None) -> None:
        self.low = low
        self.factor = None if cycle.factor is None else levels[cycle.factor]
        self.body = _body(cycle.body, cycle.period, levels, True, width)
        starts, scales = cycle_table(cycle)
        self.first = np.array([start[0] for start in starts])
        self.second = np.array([start[1] for start in starts])
        self.begins = self.first if low else np.array([start[2] for start in starts])
        self.scales = np.array(scales)
        self.slack = -np.ldexp(np.abs(self.first) + 1e-3, -80)

    def scalar(self, t: float, low: float = 0.0) -> float:
        # One element through the array path: the table look-up is the same, and stretched repeats are rare.
        out = np.empty(1)
        self.array(np.array([t]), np.array([low]) if self.low else None, out, Scratch(1))
        return float(out[0])

    def array(self, t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
        i = np.maximum(np.searchsorted(self.begins, t, side="right") - 1, 0)
        if low is not None:
            early = (t - self.first[i]) + (low - self.second[i]) < self.slack[i]
            then = np.minimum(i + 1, len(self.first) - 1)
            late = ((t - self.first[then]) + (low - self.second[then]) >= self.slack[then]) & (then > i)
            i = np.maximum(i - early + (late & ~early), 0)
        r, e = folding.two_sum(t, -self.first[i])
        r, d = folding.two_sum(r, e - self.second[i] + (0.0 if low is None else low))
        r, d = folding.unstretch(r, d, (self.scales[i, 0], self.scales[i, 1]))
        self.body.array(r, d, out, scratch)
        if self.factor is not None:
            _weaken(out, self.factor, i.astype(np.float64), scratch)


def _weaken(out: Floats, factor: Number, i: Floats, scratch: Scratch) -> None:
    """Cycle i counts factor^i."""
    room = scratch.like(out)
    power_into(scratch, room, factor, i if out.ndim == 1 else i[:, None])
    np.multiply(out, room, out)
    scratch.give(1)


def _body(node: Any, period: Fraction, levels: Sequence[Number], low: bool, width: int | None) -> ChainKernel:
    chain = node if isinstance(node, Chain) else Chain((Part(Fraction(0), period, node, 0),))
    return ChainKernel(chain, levels, low, width)


def cycle_table(cycle: Cycle) -> tuple[list[tuple[float, float, float]], list[tuple[float, float]]]:
    """For each cycle before 10^18 its beginning, in two floats and as the least float at or after it, and its scale."""
    a, b = cycle.stretch.numerator, cycle.stretch.denominator
    starts: list[tuple[float, float, float]] = []
    scales: list[tuple[float, float]] = []
    # With s = a/b, cycle i begins at origin + period * (a^i - b^i) / (b^(i-1) * (a - b)): whole numbers, no common
    # divisors to be sought in numbers of thousands of digits.
    top, bottom = 1, 1
    count = 5000 if cycle.times is None else cycle.times
    for _ in range(count):
        above = cycle.origin.numerator * bottom * (a - b) * cycle.period.denominator
        above += cycle.origin.denominator * cycle.period.numerator * b * (top - bottom)
        below = cycle.origin.denominator * cycle.period.denominator * bottom * (a - b)
        if below < 0:
            above, below = -above, -below
        if above > below * int(LATEST):
            break
        first = above / below
        n, m = first.as_integer_ratio()
        rest = above * m - n * below
        at_or_after = first if rest <= 0 else math.nextafter(first, math.inf)
        starts.append((first, rest / (below * m), at_or_after))
        scale = top / bottom
        n, m = scale.as_integer_ratio()
        scales.append((scale, (top * m - n * bottom) / (bottom * m)))
        if first > 1e18:
            break
        top, bottom = top * a, bottom * b
    return starts, scales
