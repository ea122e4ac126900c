"""Chains, cycles and samples at times, on numbers and on blocks of arrays, with the same bits.

In: nodes of a timeline and the values of the levels. Out: evaluators: one value at a time, or a block of times into a block of
values. Refuses to know any text, and compiles no Python.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..timeline import LATEST, Chain, Cycle, Part, Sample, rounded
from . import folding
from .forms import Form, Inner, Program, lower, split
from .operations import Floats, Scalar, power, power_into, run_array, scalar

BLOCK = 1 << 15  # doubles that fit the second-level cache
_FEW = 200  # elements a piece from which slices are cheaper than gathering


class Evaluator(Protocol):
    """A chain, cycle or sample at times given as floats, or as pairs of floats."""

    def scalar(self, t: float, low: float) -> float: ...

    def array(self, t: Floats, low: Floats | None, out: Floats) -> None: ...


def evaluator(node: Inner, levels: Sequence[float], low: bool = False) -> Evaluator:
    match node:
        case Chain():
            return ChainKernel(node, levels, low)
        case Cycle() if node.stretch == 1:
            return CycleKernel(node, levels, low)
        case Cycle():
            return StretchKernel(node, levels, low)
        case Sample():
            return SampleKernel(node, levels, low)


def first_float(value: Fraction) -> float:
    """The least float at or after an exact time, so that `t >= it` is right for every float t."""
    found = rounded(value)
    return found if not math.isfinite(found) or Fraction(found) >= value else math.nextafter(found, math.inf)


class ChainKernel:
    """Which part owns a time, and its program."""

    def __init__(self, chain: Chain, levels: Sequence[float], low: bool = False) -> None:
        self.chain = chain
        self.levels = levels
        self.low = low
        begins = chain.begins
        if low:
            firsts = [rounded(begin) for begin in begins]
            self.seconds = [three_floats(begin)[1] for begin in begins]
            self.begins = firsts
            # Pairs are right to 1e-30 of a period or so, and two boundaries are never that near.
            self.slack = [-math.ldexp(abs(first) + 1e-3, -80) for first in firsts]
        else:
            self.begins = [first_float(begin) for begin in begins]
        self._programs: list[Program | None] = [None] * len(chain.parts)
        self._rows: list[tuple[Any, ...] | None] = [None] * len(chain.parts)
        self._scalars: list[Scalar | None] = [None] * len(chain.parts)
        self._tables: Tables | None = None

    def program(self, index: int) -> Program:
        found = self._programs[index]
        if found is None:
            made = lower(self.chain.parts[index].body, self.levels, self.low)
            row = tuple(one if isinstance(one, float) else evaluator(one, self.levels, self.low) for one in made.row)
            found = self._programs[index] = Program(made.form, row)  # type: ignore[arg-type]
        return found

    def row(self, index: int) -> tuple[Any, ...]:
        # A ufunc is half as costly with a 0-d array for a constant as with a Python float.
        found = self._rows[index]
        if found is None:
            row = self.program(index).row
            found = self._rows[index] = tuple(np.array(one) if isinstance(one, float) else one for one in row)
        return found

    def scalar(self, t: float, low: float = 0.0) -> float:
        index = bisect.bisect_right(self.begins, t) - 1
        if self.low:
            index = self._corrected(index, t, low)
        index = index if index > 0 else 0
        found = self._scalars[index]
        if found is None:
            program = self.program(index)
            found = self._scalars[index] = scalar(program.form, program.row)
        return found.run(t, low)

    def _corrected(self, index: int, t: float, low: float) -> int:
        if index >= 0 and not self._reached(index, t, low):
            return index - 1
        if index + 1 < len(self.begins) and self._reached(index + 1, t, low):
            return index + 1
        return index

    def _reached(self, index: int, t: float, low: float) -> bool:
        return (t - self.begins[index]) + (low - self.seconds[index]) >= self.slack[index]

    def array(self, t: Floats, low: Floats | None, out: Floats) -> None:
        begins = self.begins
        if len(begins) == 1:
            self._part(0, t, low, out)
            return
        first = bisect.bisect_right(begins, float(np.minimum.reduce(t))) - 1
        last = bisect.bisect_right(begins, float(np.maximum.reduce(t))) - 1
        if self.low:
            first, last = first - 1, last + 1
        first, last = max(first, 0), min(last, len(begins) - 1)
        if first == last:
            self._part(first, t, low, out)
        elif not self.low and (last - first) * _FEW < t.size and not np.less(t[1:], t[:-1]).any():
            cuts = [0, *np.searchsorted(t, begins[first + 1 : last + 1]).tolist(), t.size]
            for index, a, b in zip(range(first, last + 1), cuts, cuts[1:], strict=False):
                if a < b:
                    self._part(index, t[a:b], low, out[a:b])
        else:
            self._gather(self._owners(t, low), t, low, out)

    def _part(self, index: int, t: Floats, low: Floats | None, out: Floats) -> None:
        run_array(self.program(index).form, self.row(index), t, low, out)

    def _owners(self, t: Floats, low: Floats | None) -> NDArray[np.intp]:
        begins = np.array(self.begins)
        owners = np.searchsorted(begins, t, side="right") - 1
        if low is not None and self.low:
            seconds, slack = np.array(self.seconds), np.array(self.slack)
            here = np.maximum(owners, 0)
            early = ((t - begins[here]) + (low - seconds[here]) < slack[here]) & (owners >= 0)
            then = np.minimum(owners + 1, len(begins) - 1)
            late = ((t - begins[then]) + (low - seconds[then]) >= slack[then]) & (then > owners)
            owners = owners - early + (late & ~early)
        found: NDArray[np.intp] = np.maximum(owners, 0)
        return found

    def _gather(self, owners: NDArray[np.intp], t: Floats, low: Floats | None, out: Floats) -> None:
        """Times of many parts: one pass for each form, with the numbers of each part gathered by time."""
        if self._tables is None:
            self._tables = tables([self.program(index) for index in range(len(self.chain.parts))])
        forms = self._tables.form[owners]
        present = np.flatnonzero(np.bincount(forms)).tolist()
        for number in present:
            chosen = np.flatnonzero(forms == number) if len(present) > 1 else None
            times = t if chosen is None else t[chosen]
            lows = low if low is None or chosen is None else low[chosen]
            values = out if chosen is None else np.empty_like(times)
            table = self._tables.rows[number]
            if table is None:
                self._part(int(owners[chosen[0] if chosen is not None else 0]), times, lows, values)
            else:
                place = self._tables.place[owners if chosen is None else owners[chosen]]
                run_array(self._tables.forms[number], [column[place] for column in table], times, lows, values)
            if chosen is not None:
                out[chosen] = values


@dataclass(frozen=True, slots=True)
class Tables:
    """The parts of a chain by form: for each part its form and its place in the table of that form's numbers.

    What holds a chain or a cycle in its row cannot be gathered: it has no table, and is a form of its own.
    """

    form: NDArray[np.intp]
    place: NDArray[np.intp]
    forms: list[Form]
    rows: list[Floats | None]


def tables(programs: Sequence[Program]) -> Tables:
    numbers: dict[object, int] = {}
    members: list[list[tuple[Any, ...]]] = []
    forms: list[Form] = []
    form = np.empty(len(programs), dtype=np.intp)
    place = np.empty(len(programs), dtype=np.intp)
    for index, program in enumerate(programs):
        alone = not all(isinstance(one, float) for one in program.row)
        number = numbers.setdefault((program.form, index) if alone else program.form, len(numbers))
        if number == len(forms):
            forms.append(program.form)
            members.append([])
        form[index], place[index] = number, len(members[number])
        members[number].append(program.row)
    rows = [
        np.array(rows, dtype=np.float64).T.copy() if all(isinstance(one, float) for one in rows[0]) else None
        for rows in members
    ]
    return Tables(form, place, forms, rows)


# --- folded time ------------------------------------------------------------------------------------------------------


def three_floats(value: Fraction) -> tuple[float, float, float]:
    """An exact number as three floats."""
    first = rounded(value)
    if not math.isfinite(first):
        return first, 0.0, 0.0
    second = rounded(value - Fraction(first))
    return first, second, rounded(value - Fraction(first) - Fraction(second))


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

    def fold_scalar(self, t: float, low: float) -> tuple[float, float, float]:
        x, e = folding.since(t, low, self.origin)
        i, r, d = folding.fold(x, e, self.period, _scalar_floor)
        if not self.sure and folding.doubtful(x, r, d, self.period):
            i, r, d = self._exactly(t)
        elif self.low and folding.doubtful(x, r, d, self.period):
            i, r, d = self._snapped(i, r, d)
        return max(i, 0.0), r, d

    def fold_array(self, t: Floats, low: Floats | None) -> tuple[Floats, Floats, Floats]:
        x, e = folding.since(t, 0.0 if low is None else low, self.origin)
        i, r, d = folding.fold(x, e, self.period, np.floor)
        if not (self.sure and not self.low):
            for index in np.flatnonzero(folding.doubtful(x, r, d, self.period)).tolist():
                if self.low:
                    i[index], r[index], d[index] = self._snapped(float(i[index]), float(r[index]), float(d[index]))
                else:
                    i[index], r[index], d[index] = self._exactly(float(t[index]))
        return np.maximum(i, 0.0), r, d

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

    def __init__(self, cycle: Cycle, levels: Sequence[float], low: bool) -> None:
        super().__init__(cycle.origin, cycle.period, low)
        self.factor = None if cycle.factor is None else levels[cycle.factor]
        self.most = math.inf if cycle.times is None else float(cycle.times - 1)
        self.body = _body(cycle.body, cycle.period, levels, not self.whole)

    def scalar(self, t: float, low: float = 0.0) -> float:
        i, r, d = self.fold_scalar(t, low)
        found = self.body.scalar(r, d)
        return found if self.factor is None else found * power(self.factor, min(i, self.most))

    def array(self, t: Floats, low: Floats | None, out: Floats) -> None:
        i, r, d = self.fold_array(t, low)
        self.body.array(r, None if self.whole else d, out)
        if self.factor is not None:
            np.minimum(i, self.most, out=i)
            power_into(i, self.factor, i)
            np.multiply(out, i, out=out)


class SampleKernel(_Folded):
    """Sample and hold."""

    def __init__(self, sample: Sample, levels: Sequence[float], low: bool) -> None:
        super().__init__(sample.origin, sample.every, low)
        self.body = _body(sample.body, sample.every, levels, not self.whole)

    def scalar(self, t: float, low: float = 0.0) -> float:
        i, _, _ = self.fold_scalar(t, low)
        x, e = folding.stage(i, self.origin, self.period)
        return self.body.scalar(x, e)

    def array(self, t: Floats, low: Floats | None, out: Floats) -> None:
        i, _, _ = self.fold_array(t, low)
        x, e = folding.stage(i, self.origin, self.period)
        self.body.array(x, None if self.whole else e, out)


class StretchKernel:
    """A repeat whose cycles become longer or shorter: their beginnings are a table of at most 4,096."""

    def __init__(self, cycle: Cycle, levels: Sequence[float], low: bool) -> None:
        self.low = low
        self.factor = None if cycle.factor is None else levels[cycle.factor]
        self.body = _body(cycle.body, cycle.period, levels, True)
        starts, scales = cycle_table(cycle)
        self.first = np.array([start[0] for start in starts])
        self.second = np.array([start[1] for start in starts])
        self.begins = self.first if low else np.array([start[2] for start in starts])
        self.scales = np.array(scales)
        self.slack = -np.ldexp(np.abs(self.first) + 1e-3, -80)

    def scalar(self, t: float, low: float = 0.0) -> float:
        # One element through the array path: the table look-up is the same, and stretched repeats are rare.
        out = np.empty(1)
        self.array(np.array([t]), np.array([low]) if self.low else None, out)
        return float(out[0])

    def array(self, t: Floats, low: Floats | None, out: Floats) -> None:
        i = np.maximum(np.searchsorted(self.begins, t, side="right") - 1, 0)
        if low is not None:
            early = (t - self.first[i]) + (low - self.second[i]) < self.slack[i]
            then = np.minimum(i + 1, len(self.first) - 1)
            late = ((t - self.first[then]) + (low - self.second[then]) >= self.slack[then]) & (then > i)
            i = np.maximum(i - early + (late & ~early), 0)
        r, e = folding.two_sum(t, -self.first[i])
        r, d = folding.two_sum(r, e - self.second[i] + (0.0 if low is None else low))
        r, d = folding.unstretch(r, d, (self.scales[i, 0], self.scales[i, 1]))
        self.body.array(r, d, out)
        if self.factor is not None:
            factors = i.astype(np.float64)
            power_into(factors, self.factor, factors)
            np.multiply(out, factors, out=out)


def _body(node: Any, period: Fraction, levels: Sequence[float], low: bool) -> ChainKernel:
    chain = node if isinstance(node, Chain) else Chain((Part(Fraction(0), period, node, 0),))
    return ChainKernel(chain, levels, low)


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
