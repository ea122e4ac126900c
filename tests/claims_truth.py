"""What is true of a drawn function in a window of time.

In: a function of `claims_algebra`, and a window: from the value at its begin on, to the limit from the left at its
end, or without end. Out: its supremum, its infimum, how far it moves up and down in all, and its largest jump, each
as a pair of bounds; where the truth is known the two agree to far less than 1e-12 of the largest value, and else the
window is counted as unknown. This file refuses to know how a compiler could find any of that: it looks at both sides
of every join, at turning points between them by dense samples and refinement, and at what is left beyond by
the law of each curve.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, inf, isfinite
from typing import Any

import numpy as np
from claims_algebra import (
    ZERO,
    Beyond,
    Chain,
    Every,
    Function,
    Leaf,
    Limit,
    Pair,
    Repeat,
    Scaled,
    Skip,
    TooMany,
    exact_number,
    mpf,
)

Range = tuple[Any, Any]
NOISE = 1e-15  # of the largest value: what rounding may show as a turn where there is none
NEAR = np.array([0.0, 1e-7, 1e-5, 1e-4, 1e-3, 0.004])
GRID = np.unique(np.concatenate([NEAR, 1 - NEAR, np.sin(np.linspace(0, np.pi / 2, 22)) ** 2]))
MANY = 900  # joins before a horizon


@dataclass(frozen=True)
class Truth:
    """Bounds of each; that of the supremum, say, is between sup[0] and sup[1]."""

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
            up, down, jump = moved([y - x for x, y in zip(true, true[1:], strict=False)], jumps)
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


def cycle(f: Function) -> Truth:
    """Of a function that ends, from its begin to its end."""
    assert f.length is not None
    if "_cycle" not in f.__dict__:
        f.__dict__["_cycle"] = Skeleton(f, f.length).window(ZERO, f.length)
    return f.__dict__["_cycle"]


def period(f: Function) -> Truth | None:
    """Of a function that says the same again and again, in one of its periods and at the seam."""
    if f.settled is None or not f.settled[1]:
        return None
    if "_period" not in f.__dict__:
        start, width = f.settled
        try:
            found = Skeleton(f, start + 3 * width)
            once, twice = found.window(start, start + width), found.window(start, start + 2 * width)
            f.__dict__["_period"] = Truth(twice.sup, twice.inf, (twice.up[0] - once.up[0],) * 2, once.down, twice.jump)
        except TooMany:
            f.__dict__["_period"] = None
    return f.__dict__["_period"]


# ---- what is left beyond a horizon


def limits(f: Function) -> tuple[float, float] | None:
    """The limits inferior and superior, where they are known."""
    if f.length is not None:
        return (float(f.end),) * 2
    if f.settled is not None:
        if not f.settled[1]:
            return (float(f.value(f.settled[0])),) * 2
        found = period(f)
        return found and (float(found.inf[0]), float(found.sup[0]))
    match f:
        case Leaf():
            return f.limits
        case Chain():
            return limits(f.parts[-1])
        case Skip():
            return limits(f.body)
        case Every():
            inner = limits(f.body)
            return inner if inner and inner[0] == inner[1] else None
        case Limit():
            inner = limits(f.body)
            pick = max if f.word == "floor" else min
            return inner and (pick(inner[0], float(f.at)), pick(inner[1], float(f.at)))
        case Repeat():
            if f.factor < 1:
                return 0.0, 0.0
            return float(cycle(f.body).inf[0]), float(cycle(f.body).sup[0])
        case Scaled():
            inner = limits(f.body)
            if inner is None:
                return None
            ends = sorted(float(f.times) * x + float(f.plus) for x in inner)
            return ends[0], ends[1]
        case Pair():
            return _pair_limits(f, limits(f.left), limits(f.right))
    return None


def _pair_limits(
    f: Pair, left: tuple[float, float] | None, right: tuple[float, float] | None
) -> tuple[float, float] | None:
    if left is None or right is None:
        return None
    if left[0] != left[1] and right[0] != right[1]:
        return None
    sign = {"+": lambda a, b: a + b, "*": lambda a, b: a * b, "min": min, "max": max}[f.sign]
    return sign(left[0], right[0]), sign(left[1], right[1])


def beyond(f: Function, h: Fraction) -> Beyond | None:
    """Bounds of all that a function does from h on."""
    if f.settled is not None and h >= f.settled[0]:
        if not f.settled[1]:
            end = float(f.value(h))
            return Beyond(end, end, 0.0, 0.0, 0.0)
        found = period(f)
        if found is None:
            return None
        moves = inf if found.up[0] > 0 else 0.0
        return Beyond(float(found.inf[0]), float(found.sup[0]), moves, moves, float(found.jump[0]))
    if f.length is not None:
        return None
    match f:
        case Leaf():
            return f.tail and f.tail(float(h))
        case Chain():
            return beyond(f.parts[-1], h - f.begins[-1]) if h >= f.begins[-1] else None
        case Skip():
            return beyond(f.body, h + f.by)
        case Every():
            if h < f.step:
                return None
            inner = beyond(f.body, h - f.step)
            return inner and Beyond(inner.low, inner.high, inner.up, inner.down, inner.high - inner.low)
        case Limit():
            inner = beyond(f.body, h)
            pick = max if f.word == "floor" else min
            if inner is None:
                return None
            low, high = pick(inner.low, float(f.at)), pick(inner.high, float(f.at))
            if low == high:
                return Beyond(low, high, 0.0, 0.0, 0.0)
            return Beyond(low, high, inner.up, inner.down, min(inner.jump, high - low))
        case Repeat():
            return _cycles_beyond(f, h)
        case Scaled():
            inner, k = beyond(f.body, h), abs(float(f.times))
            if inner is None:
                return None
            low, high = sorted(float(f.times) * x + float(f.plus) for x in (inner.low, inner.high))
            up, down = (inner.up, inner.down) if f.times > 0 else (inner.down, inner.up)
            return Beyond(low, high, k * up, k * down, k * inner.jump)
        case Pair():
            return _pair_beyond(f, beyond(f.left, h), beyond(f.right, h))
    return None


def _cycles_beyond(f: Repeat, h: Fraction) -> Beyond:
    """Cycles without end, longer and longer, or lower and lower."""
    one_cycle, factor = cycle(f.body), float(f.factor)
    high = factor ** f.cycle(h, "right")
    seam = factor * f.body.value(ZERO) - f.body.end
    jump = float(max(one_cycle.jump[0], abs(seam))) * high
    if f.factor == 1:
        moves = inf if one_cycle.up[0] + one_cycle.down[0] > 0 else 0.0
        return Beyond(float(one_cycle.inf[0]), float(one_cycle.sup[0]), moves, moves, jump)
    up, down = one_cycle.up[0] + max(seam, 0), one_cycle.down[0] + max(-seam, 0)
    left = high / (1 - factor)
    return Beyond(0.0, float(one_cycle.sup[0]) * high, float(up) * left, float(down) * left, jump)


def _pair_beyond(f: Pair, left: Beyond | None, right: Beyond | None) -> Beyond | None:
    if left is None or right is None:
        return None
    sign = {"+": lambda a, b: a + b, "*": lambda a, b: a * b, "min": min, "max": max}[f.sign]
    low, high = sign(left.low, right.low), sign(left.high, right.high)
    if low == high:
        return Beyond(low, high, 0.0, 0.0, 0.0)

    def weigh(a: float, b: float) -> float:
        if f.sign != "*":
            return a + b
        return (a * right.high if a else 0.0) + (b * left.high if b else 0.0)

    return Beyond(low, high, *(weigh(getattr(left, k), getattr(right, k)) for k in ("up", "down", "jump")))


# ---- windows


class Story:
    """All that is known of one function."""

    def __init__(self, f: Function) -> None:
        self.f = f
        self.horizon = _horizon(f)
        self.skeleton = Skeleton(f, self.horizon)
        self.period = f.settled[1] if f.settled else None
        if f.settled and f.settled[0] + (3 * f.settled[1] or 1) > self.horizon:
            self.period = None  # too many joins in a period: as if it had none
        self.largest = self.truth(ZERO, None).sup

    def truth(self, a: Fraction, b: Fraction | None) -> Truth:
        """From a on, which must lie before the horizon unless the function says the same again."""
        if self.f.settled and self.period is not None:
            return self._settled(a, b, *self.f.settled)
        if b is not None:
            return self.skeleton.window(a, b)
        return self._tail(a)

    def _tail(self, a: Fraction) -> Truth:
        seen = self.skeleton.window(a, self.horizon)
        left, ends = beyond(self.f, self.horizon), limits(self.f)
        if left is None:
            left = Beyond(self.f.bound[0], self.f.bound[1], inf, inf, inf)
        sup, low = seen.sup[0], seen.inf[0]
        if ends is not None:
            sup, low = max(sup, mpf(ends[1])), min(low, mpf(ends[0]))
        last = self.f.value(self.horizon, "right")
        seam = abs(last - self.f.value(self.horizon, "left"))
        return Truth(
            (sup, max(sup, mpf(left.high))),
            (min(low, mpf(left.low)), low),
            (seen.up[0], seen.up[0] + left.up + seam),
            (seen.down[0], seen.down[0] + left.down + seam),
            (seen.jump[0], max(seen.jump[0], left.jump, seam)),
        )

    def _settled(self, a: Fraction, b: Fraction | None, start: Fraction, width: Fraction) -> Truth:
        """Where it says the same again one period stands for all, and where it is constant one moment."""
        if a > start:
            by = floor((a - start) / width) * width if width else a - start
            a, b = a - by, None if b is None else b - by
        stop = max(a, start) + (2 * width if width else 1)
        if b is not None and b <= stop:
            return self.skeleton.window(a, b)
        if not width:
            return self.skeleton.window(a, stop)
        whole = self.skeleton.window(a, stop)
        again = self.skeleton.window(start, start + 2 * width)
        once = self.skeleton.window(start, start + width)
        up, down = again.up[0] - once.up[0], again.down[0] - once.down[0]
        if b is None:
            many = inf
        else:
            many = ceil((b - stop) / width)
            part = self.skeleton.window(a, b - many * width)
            up, down = many * up + part.up[0], many * down + part.down[0]
            return Truth(whole.sup, whole.inf, one(up), one(down), whole.jump)
        quiet = 1e-14 * self.skeleton.largest
        return Truth(
            whole.sup, whole.inf, one(many if up > quiet else whole.up[0]),
            one(many if down > quiet else whole.down[0]), whole.jump,
        )  # fmt: skip


def _horizon(f: Function) -> Fraction:
    """How far to look: past the end, or three periods, or as far as the joins are not too many."""
    wanted = f.span
    if f.length is not None:
        wanted = f.length * 5 / 4 + 2
    elif f.settled is not None:
        wanted = f.settled[0] * 5 / 4 + (3 * f.settled[1] + 1 if f.settled[1] else 3)
    while True:
        try:
            if len(f.joins(ZERO, wanted)) <= MANY:
                return wanted
        except TooMany:
            pass
        less = Fraction(ceil(max(wanted * 2 / 3, f.prefix + 1)))
        if less >= wanted:
            raise TooMany
        wanted = less


def known(span: Range, largest: Any) -> bool:
    """Whether two bounds say the same, as far as a claim can ask."""
    return span[0] == span[1] or (isfinite(float(span[1])) and span[1] - span[0] <= mpf(2) * 10**-13 * largest)


__all__ = ["Skeleton", "Story", "Truth", "exact_number", "known"]
