"""Everything at which a drawn function turns, kinks or jumps up to some time, and what that says of a window.

In: a function of `claims_algebra` and how far to look. Out: both sides of every join, turning points between them
from dense samples and refinement, and from them the truth of any window before that time. This file refuses to know
what comes after.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from claims_algebra import Function
from claims_numbers import ZERO, mpf

Range = tuple[Any, Any]
NOISE = 1e-15  # of the largest value: what rounding may show as a turn where there is none
NEAR = np.array([0.0, 1e-7, 1e-5, 1e-4, 1e-3, 0.004])
GRID = np.unique(np.concatenate([NEAR, 1 - NEAR, np.sin(np.linspace(0, np.pi / 2, 22)) ** 2]))


@dataclass(frozen=True)
class Truth:
    """Bounds of each; the supremum, say, is between sup[0] and sup[1]."""

    sup: Range
    inf: Range
    up: Range
    down: Range
    jump: Range


def one(value: Any) -> Range:
    return value, value


class Skeleton:
    """Everything from 0 to an end at which a function may turn, kink or jump, with the values there."""

    def __init__(self, f: Function, end: Fraction) -> None:
        self.f, self.end = f, end
        self.edges = [ZERO, *f.joins(ZERO, end), end]
        self.exact: dict[int, Any] = {}
        edges = np.array([float(e) for e in self.edges])
        a, b = edges[:-1], edges[1:]
        middle = (a + b) / 2
        times, values, pieces, order = [a, b], [], [np.arange(len(a))] * 2, [np.zeros(len(a)), np.full(len(a), 2)]
        values += [f.fast(a, middle), f.fast(b, middle)]
        self.signs: dict[tuple[int, float], int] = {}
        need = np.zeros(len(a)) if f.scale is None else np.ceil(np.log2(np.maximum((b - a) * 12 / f.scale / 32, 1)))
        for level in np.unique(need):
            grid = GRID if level == 0 else np.union1d(GRID, np.linspace(0, 1, 32 * 2 ** int(min(level, 9))))
            here = np.flatnonzero(need == level)
            t, v, p = self._turns(a[here], b[here], here, middle[here], grid)
            times.append(t)
            values.append(v)
            pieces.append(p)
            order.append(np.ones(len(t)))
        time, value, piece, rank = (np.concatenate(x) for x in (times, values, pieces, order))
        sort = np.lexsort((rank, time, piece))
        self.time, self.value, self.piece, self.order = time[sort], value[sort], piece[sort], rank[sort]
        self.offsets = np.searchsorted(self.piece, np.arange(len(a) + 1))
        self.largest = float(np.abs(self.value).max())

    def _turns(
        self, a: np.ndarray, b: np.ndarray, pieces: np.ndarray, middle: np.ndarray, grid: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where a function turns inside pieces: brackets from samples, narrowed by golden section."""
        t = a[:, None] + (b - a)[:, None] * grid
        v = self.f.fast(t.ravel(), np.repeat(middle, len(grid))).reshape(t.shape)
        steps = np.diff(v, axis=1)
        steps[np.abs(steps) <= NOISE * np.abs(v).max()] = 0
        # a step that stands still belongs to the last one that moved
        moved = np.maximum.accumulate(np.where(steps != 0, np.arange(steps.shape[1]), 0), axis=1)
        ways = np.sign(np.take_along_axis(steps, moved, axis=1))
        row, j = np.nonzero(ways[:, 1:] * ways[:, :-1] < 0)
        low, high, sign = t[row, moved[row, j]], t[row, j + 2], ways[row, j]
        inside = middle[row]
        if len(row):
            golden = (5**0.5 - 1) / 2
            x, y = high - golden * (high - low), low + golden * (high - low)
            fx, fy = sign * self.f.fast(x, inside), sign * self.f.fast(y, inside)
            for _ in range(72):
                left = fx >= fy
                low, high = np.where(left, low, x), np.where(left, y, high)
                new = np.where(left, high - golden * (high - low), low + golden * (high - low))
                fn = sign * self.f.fast(new, inside)
                x, y, fx, fy = (
                    np.where(left, new, y), np.where(left, x, new), np.where(left, fn, fy), np.where(left, fx, fn),
                )  # fmt: skip
            best = np.where(fx >= fy, x, y)
        else:
            best = low
        found = self.f.fast(best, inside)
        for p, at, s in zip(pieces[row], best, sign, strict=True):
            self.signs[int(p), float(at)] = int(s)
        return best, found, pieces[row]

    def at(self, k: int) -> Any:
        """The value at 50 digits of one node."""
        if k not in self.exact:
            piece = int(self.piece[k])
            if self.order[k] == 1:
                self.exact[k] = self._turn(piece, float(self.time[k]))
            else:
                right = self.order[k] == 0
                self.exact[k] = self.f.value(self.edges[piece + (not right)], "right" if right else "left")
        return self.exact[k]

    def _turn(self, piece: int, time: float) -> Any:
        """A turning point, by one step of Newton's: from 1e-8 away to 1e-16, and where it is flat that is enough."""
        sign = self.signs[piece, time]
        a, b = self.edges[piece], self.edges[piece + 1]
        h = (b - a) / 10**10
        t = min(max(Fraction(time), a + h), b - h)
        values = [self.f.value(t + k * h) for k in (-1, 0, 1)]
        bend = values[0] - 2 * values[1] + values[2]
        if bend:
            by = (values[0] - values[2]) / (2 * bend)
            if abs(by) < 10**6:
                t += Fraction(int(by * 2**60), 2**60) * h
                if a < t < b:
                    values.append(self.f.value(t))
        return max(values) if sign > 0 else min(values)

    def window(self, a: Fraction, b: Fraction) -> Truth:
        """The truth from a to b, both before the end of what was looked at."""
        i, j = bisect_right(self.edges, a) - 1, bisect_left(self.edges, b) - 1
        start, stop = int(self.offsets[i]), int(self.offsets[j])
        low = start + int(np.searchsorted(self.time[start : self.offsets[i + 1]], float(a), "right"))
        high = stop + int(np.searchsorted(self.time[stop : self.offsets[j + 1]], float(b), "left"))
        ends = self.f.value(a, "right"), self.f.value(b, "left")
        nodes = range(low, max(high, low))
        values = np.concatenate([[float(ends[0])], self.value[low : nodes.stop], [float(ends[1])]])
        jumps = np.concatenate([[False], self.order[low : nodes.stop] == 2])
        up, down, jump = moved(np.diff(values), jumps)
        # what may be rounding alone is looked at again
        if any(0 < x < 1e-7 * self.largest for x in (up, down, jump)) and len(nodes) < 3000:
            true = [ends[0], *(self.at(k) for k in nodes), ends[1]]
            up, down, jump = moved([y - x for x, y in pairwise(true)], jumps)
        return Truth(one(self._best(1, nodes, ends)), one(self._best(-1, nodes, ends)), one(up), one(down), one(jump))

    def _best(self, sign: int, nodes: range, ends: tuple[Any, Any]) -> Any:
        """The largest or least value: the best few nodes as floats, at 50 digits."""
        found = max(ends) if sign > 0 else min(ends)
        here = sign * self.value[nodes.start : nodes.stop]
        if len(here):
            close = np.flatnonzero(here >= max(here.max(), sign * float(found)) - 1e-9 * self.largest)
            close = close[np.argsort(-here[close], kind="stable")][:12]
            found = (max if sign > 0 else min)([found, *(self.at(nodes.start + int(k)) for k in close)])
        return found


def turning(f: Function, end: Fraction) -> list[Fraction]:
    """About where a function turns between its joins, not next to one of them."""
    bones = Skeleton(f, end)
    inner = np.flatnonzero(bones.order == 1)
    found = []
    for k in inner:
        a, b = bones.edges[int(bones.piece[k])], bones.edges[int(bones.piece[k]) + 1]
        t = Fraction(float(bones.time[k]))
        if min(t - a, b - t) * 10**6 > b - a:
            found.append(t)
    return found


def moved(steps: Any, jumps: Any) -> tuple[Any, Any, Any]:
    """How far up, how far down, and the largest jump."""
    if isinstance(steps, list):
        up = sum((s for s in steps if s > 0), mpf(0))
        down = sum((-s for s in steps if s < 0), mpf(0))
        return up, down, max((abs(s) for s, jump in zip(steps, jumps, strict=True) if jump), default=mpf(0))
    there = np.abs(steps[jumps])
    return float(steps[steps > 0].sum()), float(-steps[steps < 0].sum()), float(there.max()) if there.size else 0.0
