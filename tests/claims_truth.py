"""What is true of a drawn function in a window of time.

In: a function of `claims_algebra`, and a window: from the value at its begin on, to the limit from the left at its
end, or without end. Out: its supremum, its infimum, how far it moves up and down in all, and its largest jump, each
as a pair of bounds; where the truth is known the two agree to far less than 1e-12 of the largest value, and else the
window is counted as unknown. This file refuses to know how a compiler could find any of that.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, inf, isfinite
from typing import Any

from claims_algebra import Beyond, Function
from claims_beyond import beyond, limits
from claims_numbers import ZERO, TooMany, mpf
from claims_skeleton import Range, Skeleton, Truth, one

MANY = 900  # joins before a horizon


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
