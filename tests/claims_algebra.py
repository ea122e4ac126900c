"""Schedules as functions of time: how curves, chains, cycles, limits and arithmetic are put together.

In: formulas and exact times. Out: objects that know their text, their value at any exact time from either side at
50 digits, the same in numpy for many times at once, and every time at which they may kink or jump. This file
refuses to know how a text is read or compiled: what a text means is written here a second time, from the language's
page alone, and nothing of the compiler is used.

A float cannot say on which side of a join a time lies, so the fast evaluator takes two arrays: the times, and for
each a time well inside the piece that is meant, by which cycles and phases are chosen.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import ceil, floor, inf
from typing import Any

import numpy as np
from claims_numbers import MOST, ZERO, Exact, Fast, TooMany, after, common, exact_number, multiples


@dataclass(eq=False, kw_only=True)
class Function:
    """One schedule. `length` None: without end; else the last value is held from there on."""

    text: str
    level: str = "atom"  # what the text is in the grammar: atom, sum, phase, chain or line
    length: Fraction | None = None
    first: Fraction | None = None  # the level at its start, where it is a written number
    last: Fraction | None = None  # the level at its end, likewise
    bound: tuple[float, float] = (0.0, inf)  # of all its values
    scale: float | None = None  # what happens inside a piece takes at least about this long; None: the piece itself
    span: Fraction = Fraction(1000)  # how far one must go to see what it does
    prefix: Fraction = ZERO  # where its last phase, which has no end, begins
    definitions: frozenset[str] = frozenset()
    _turns: tuple[Fraction, list[Fraction]] | None = None

    @property
    def source(self) -> str:
        return "\n".join([*sorted(self.definitions), self.text])

    @cached_property
    def end(self) -> Any:
        return self._exact(self.length, "left")

    def value(self, t: Fraction, side: str = "right") -> Any:
        """At 50 digits; the left side is the limit from the left."""
        if t == 0:
            side = "right"
        if self.length is not None and t >= self.length:
            return self.end
        return self._exact(t, side)

    def fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """In floats; `inside` lies in the same piece as t, and not near its ends."""
        if self.length is None:
            return self._fast(t, inside)
        past = inside >= float(self.length)
        if not past.any():
            return self._fast(np.minimum(t, float(self.length)), inside)
        found = np.full(t.shape, float(self.end))
        found[~past] = self._fast(np.minimum(t[~past], float(self.length)), inside[~past])
        return found

    def joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        """In order, every time strictly between a and b at which something may kink or jump."""
        if self.length is None:
            return self._joins(a, b)
        found = self._joins(a, min(b, self.length)) if a < self.length else []
        return [*found, self.length] if a < self.length < b else found

    def turns(self, a: Fraction, b: Fraction) -> list[Fraction]:
        """About where it turns between joins: just there it may show above a floor that hides all the rest."""
        from claims_skeleton import turning

        end = b if self.length is None else min(b, self.length)
        if end <= a:
            return []
        if self._turns is None or self._turns[0] < end:
            self._turns = end, turning(self, end)
        return after(self._turns[1], a, b)

    @cached_property
    def settled(self) -> tuple[Fraction, Fraction] | None:
        """From when on with what period it says the same again; period 0: it stays constant."""
        return self._settled() if self.length is None else (self.length, ZERO)

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        return None

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        return []

    def _exact(self, t: Fraction, side: str) -> Any:
        raise NotImplementedError

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        raise NotImplementedError


@dataclass(frozen=True)
class Beyond:
    """Bounds of what a function does from some time on: values, movement in all, and the largest jump."""

    low: float
    high: float
    up: float
    down: float
    jump: float


@dataclass(eq=False, kw_only=True)
class Leaf(Function):
    """One formula of time, continuous but for the kinks. `tail` and `limits` are for one without end."""

    law: Callable[[Any, Any], Any]
    kinks: tuple[Fraction, ...] = ()
    tail: Callable[[float], Beyond] | None = None
    limits: tuple[float, float] | None = None  # the limits inferior and superior
    rest: Fraction | None = None  # from when on it stays constant

    def _exact(self, t: Fraction, side: str) -> Any:
        return self.law(Exact, exact_number(t))

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        return self.law(Fast, np.maximum(t, 0.0)) + np.zeros(t.shape)

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        return after(list(self.kinks), a, b)

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        return None if self.rest is None else (self.rest, ZERO)


@dataclass(eq=False, kw_only=True)
class Chain(Function):
    """Functions one after the other, each from its begin on, cut or held where it is not as long as its place."""

    parts: tuple[Function, ...]
    begins: tuple[Fraction, ...]

    def _exact(self, t: Fraction, side: str) -> Any:
        i = (bisect_right if side == "right" else bisect_left)(self.begins, t) - 1
        return self.parts[i].value(t - self.begins[i], side)

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        found = np.empty(t.shape)
        which = np.searchsorted(np.array([float(b) for b in self.begins]), inside, "right") - 1
        for i, (part, begin) in enumerate(zip(self.parts, self.begins, strict=True)):
            here = which == i
            if here.any():
                found[here] = part.fast(t[here] - float(begin), inside[here] - float(begin))
        return found

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        found: list[Fraction] = []
        for part, (begin, end) in zip(self.parts, pairwise((*self.begins, None)), strict=True):
            low, high = max(a, begin), b if end is None else min(b, end)
            if a < begin < b:
                found.append(begin)
            if low < high:
                found += [begin + t for t in part.joins(low - begin, high - begin)]
        return found

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        known = self.parts[-1].settled
        return known and (self.begins[-1] + known[0], known[1])


@dataclass(eq=False, kw_only=True)
class Skip(Function):
    """A function without its beginning."""

    body: Function
    by: Fraction

    def _exact(self, t: Fraction, side: str) -> Any:
        return self.body.value(t + self.by, side)

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        return self.body.fast(t + float(self.by), inside + float(self.by))

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        return [t - self.by for t in self.body.joins(a + self.by, b + self.by)]

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        known = self.body.settled
        return known and (max(known[0] - self.by, ZERO), known[1])


@dataclass(eq=False, kw_only=True)
class Every(Function):
    """Sample and hold."""

    body: Function
    step: Fraction

    def _exact(self, t: Fraction, side: str) -> Any:
        k = floor(t / self.step) if side == "right" else ceil(t / self.step) - 1
        return self.body.value(k * self.step, "right")

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        at = np.floor(inside / float(self.step)) * float(self.step)
        # joins of the body lie at least this far from a sample that they do not meet
        return self.body.fast(at, at + 1e-5)

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        return multiples(self.step, a, b)

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        known = self.body.settled
        if known is None:
            return None
        return ceil(known[0] / self.step) * self.step, common(known[1], self.step) if known[1] else ZERO


@dataclass(eq=False, kw_only=True)
class Limit(Function):
    """Never below, or never above."""

    body: Function
    word: str
    at: Fraction

    def _exact(self, t: Fraction, side: str) -> Any:
        pick = max if self.word == "floor" else min
        return pick(self.body.value(t, side), exact_number(self.at))

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        return (np.maximum if self.word == "floor" else np.minimum)(self.body.fast(t, inside), float(self.at))

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        return sorted({*self.body.joins(a, b), *self.body.turns(a, b)})

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        return self.body.settled


@dataclass(eq=False, kw_only=True)
class Repeat(Function):
    """Cycles, each `stretch` times as long and `factor` times as high as the one before."""

    body: Function
    times: int | None = None
    stretch: Fraction = Fraction(1)
    factor: Fraction = Fraction(1)
    starts: list[Fraction] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.stretch != 1:
            # more cycles than a window sees; those that a witness far out sees are added when they are asked for
            count = 160 if self.times is None else self.times
            self.starts, width = [ZERO], self.period
            for _ in range(count):
                self.starts.append(self.starts[-1] + width)
                width *= self.stretch

    @property
    def period(self) -> Fraction:
        assert self.body.length is not None
        return self.body.length

    def cycle(self, t: Fraction, side: str) -> int:
        if self.stretch == 1:
            return floor(t / self.period) if side == "right" else ceil(t / self.period) - 1
        while self.times is None and self.starts[-1] <= t:
            self.starts.append(self.starts[-1] + self.period * self.stretch ** (len(self.starts) - 1))
        return (bisect_right if side == "right" else bisect_left)(self.starts, t) - 1

    def start(self, i: int) -> Fraction:
        return i * self.period if self.stretch == 1 else self.starts[i]

    def _exact(self, t: Fraction, side: str) -> Any:
        i = self.cycle(t, side)
        inner = self.body.value((t - self.start(i)) / self.stretch**i, side)
        return inner if self.factor == 1 else inner * exact_number(self.factor) ** i

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        if self.stretch == 1:
            i = np.floor(inside / float(self.period))
            begin, width = i * float(self.period), 1.0
        else:
            starts = np.array([float(s) for s in self.starts])
            i = np.searchsorted(starts, inside, "right") - 1
            begin, width = starts[i], float(self.stretch) ** i
        inner = self.body.fast(np.maximum(t - begin, 0.0) / width, (inside - begin) / width)
        return inner * float(self.factor) ** i

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        first, last = self.cycle(a, "right"), self.cycle(b, "left")
        if last - first > MOST:
            raise TooMany
        found: list[Fraction] = []
        whole = self.body.joins(ZERO, self.period)
        if (last - first) * (1 + len(whole)) > MOST:
            raise TooMany
        for i in range(first, last + 1):
            start, width = self.start(i), self.stretch**i
            found += [t for t in (start, *(start + u * width for u in whole)) if a < t < b]
        return found

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        return (ZERO, self.period) if self.stretch == 1 and self.factor == 1 else None


@dataclass(eq=False, kw_only=True)
class Scaled(Function):
    """times * body + plus."""

    body: Function
    times: Fraction = Fraction(1)
    plus: Fraction = ZERO

    def _exact(self, t: Fraction, side: str) -> Any:
        return self.body.value(t, side) * exact_number(self.times) + exact_number(self.plus)

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        return self.body.fast(t, inside) * float(self.times) + float(self.plus)

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        return self.body.joins(a, b)

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        return self.body.settled


PICK: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "+": (lambda a, b: a + b, np.add),
    "*": (lambda a, b: a * b, np.multiply),
    "min": (min, np.minimum),
    "max": (max, np.maximum),
}


@dataclass(eq=False, kw_only=True)
class Pair(Function):
    """Two functions at the same time: their sum, product, or the lesser or larger of the two."""

    left: Function
    right: Function
    sign: str

    def _exact(self, t: Fraction, side: str) -> Any:
        return PICK[self.sign][0](self.left.value(t, side), self.right.value(t, side))

    def _fast(self, t: np.ndarray, inside: np.ndarray) -> np.ndarray:
        return PICK[self.sign][1](self.left.fast(t, inside), self.right.fast(t, inside))

    def _joins(self, a: Fraction, b: Fraction) -> list[Fraction]:
        found = sorted({*self.left.joins(a, b), *self.right.joins(a, b)})
        if self.sign in ("min", "max"):
            found = sorted({*found, *self.left.turns(a, b), *self.right.turns(a, b)})
        if len(found) > MOST:
            raise TooMany
        return found

    def _settled(self) -> tuple[Fraction, Fraction] | None:
        one, two = self.left.settled, self.right.settled
        return one and two and (max(one[0], two[0]), common(one[1], two[1]))
