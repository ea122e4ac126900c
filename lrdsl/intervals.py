"""Intervals of floats that surely hold what the exact numbers would be.

In: intervals, an end of which may be infinite. Out: intervals, rounded outward; but a bound whose sign is sure never crosses 0, so
that a product of what is not negative is not negative. Refuses to know functions by name, and time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

Interval = tuple[float, float]

INF = math.inf
EVERYTHING: Interval = (-INF, INF)  # any number, and perhaps none: what may be NaN is bounded by this alone
ZERO: Interval = (0.0, 0.0)
_LARGEST = 1.7976931348623157e308
ONE: Interval = (1.0, 1.0)


def down(x: float) -> float:
    """A float below x. Of an exact 0 there is none to be had: what calls this knows whether 0 is exact."""
    return math.nextafter(x, -INF)


def up(x: float) -> float:
    return math.nextafter(x, INF)


def wide(low: float, high: float) -> Interval:
    """The interval of what a library of transcendental functions gives, to an ulp or two, rounded outward. NaN is everything."""
    if low != low or high != high:
        return EVERYTHING
    # What overflowed is at least the largest float.
    low = low - abs(low) * 4e-16 if math.isfinite(low) else min(low, _LARGEST)
    high = high + abs(high) * 4e-16 if math.isfinite(high) else max(high, -_LARGEST)
    return down(low), up(high)


def hull(many: Iterable[Interval]) -> Interval:
    """The least interval that holds all of these."""
    low, high = INF, -INF
    for one in many:
        low, high = min(low, one[0]), max(high, one[1])
    return low, high


def meet(a: Interval, b: Interval) -> Interval:
    """What two bounds of one number leave; where rounding left them nothing, the first."""
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else a


def negate(a: Interval) -> Interval:
    return -a[1], -a[0]


def add(a: Interval, b: Interval) -> Interval:
    if a == ZERO:
        return b
    if b == ZERO:
        return a
    low, high = a[0] + b[0], a[1] + b[1]
    if low != low or high != high:
        return EVERYTHING
    # A sum that comes out as 0 is exactly 0: floats are dense enough there.
    return low if low == 0 else down(low), high if high == 0 else up(high)


def subtract(a: Interval, b: Interval) -> Interval:
    return add(a, negate(b))


def valued_product(a: Interval, b: Interval) -> Interval:
    """Bounds of a product of values: 0 times what may be infinite may be NaN."""
    infinite = (a[0] == -INF or a[1] == INF, b[0] == -INF or b[1] == INF)
    if (infinite[0] and b[0] <= 0 <= b[1]) or (infinite[1] and a[0] <= 0 <= a[1]):
        return EVERYTHING
    return multiply(a, b)


def multiply(a: Interval, b: Interval) -> Interval:
    """Bounds of a product of slopes and lengths: 0 times an infinite bound is 0, for that stands for arbitrarily large numbers."""
    if a == ZERO or b == ZERO:
        return ZERO
    if a == ONE:
        return b
    if b == ONE:
        return a
    products = [_product(x, y) for x in a for y in b]
    return min(low for low, _ in products), max(high for _, high in products)


def _product(x: float, y: float) -> Interval:
    if x == 0 or y == 0:
        return ZERO
    return _rounded(x * y, (x > 0) == (y > 0))


def _rounded(found: float, positive: bool) -> Interval:
    if found != found:
        return EVERYTHING
    if found == 0:  # too small for any float, but not 0
        return (0.0, up(0.0)) if positive else (down(0.0), 0.0)
    return down(found), up(found)


def divide(a: Interval, b: Interval) -> Interval:
    if b[0] < 0 < b[1] or b == ZERO:
        return EVERYTHING
    if a == ZERO and (b[0] > 0 or b[1] < 0):
        return ZERO
    if b == ONE:
        return a
    if b[0] == 0 or b[1] == 0:
        return _by_zero(a, b)
    quotients = [_quotient(x, y) for x in a for y in b]
    return min(low for low, _ in quotients), max(high for _, high in quotients)


def _by_zero(a: Interval, b: Interval) -> Interval:
    """A divisor that may be arbitrarily near 0, on one side of it."""
    if a[0] <= 0 <= a[1]:
        return EVERYTHING
    positive = (a[0] > 0) == (b[1] > 0)
    far = b[1] if b[1] > 0 else b[0]
    ends = [_quotient(x, far) for x in a]
    return (min(low for low, _ in ends), INF) if positive else (-INF, max(high for _, high in ends))


def _quotient(x: float, y: float) -> Interval:
    if x == 0:
        return ZERO
    if math.isinf(y):
        return EVERYTHING if math.isinf(x) else ((0.0, up(0.0)) if (x > 0) == (y > 0) else (down(0.0), 0.0))
    return _rounded(x / y, (x > 0) == (y > 0))


def power(a: Interval, b: Interval, of: Callable[[float, float], float]) -> Interval:
    """a^b, computed by `of`; everything where a base below 0 or a 0 to a negative power may be among it."""
    if b == ZERO:
        return ONE
    if b == ONE:
        return a
    if b == (2.0, 2.0):
        return square(a)
    if a[0] > 0 or (a[0] == 0 and b[0] > 0):
        # x^y is monotone in each operand for x > 0, so the corners bound it.
        corners = [_corner(x, y, of) for x in a for y in b]
        low, high = min(low for low, _ in corners), max(high for _, high in corners)
        return max(low, 0.0), high
    if a[0] == 0 and b[1] < 0:
        return max(min(_corner(a[1], y, of)[0] for y in b), 0.0), INF
    if b[0] == b[1] and float(b[0]).is_integer() and b[0] > 0:
        corners = [_corner(x, b[0], of) for x in a]
        low, high = min(low for low, _ in corners), max(high for _, high in corners)
        return (0.0 if a[0] <= 0 <= a[1] else max(low, 0.0), high) if b[0] % 2 == 0 else (low, high)
    return EVERYTHING


def _corner(x: float, y: float, of: Callable[[float, float], float]) -> Interval:
    if y == 0 or x == 1:
        return ONE
    if x == 0 and y > 0:
        return ZERO
    found = of(x, y)
    return (0.0, up(0.0)) if found == 0 else wide(found, found)


def square(a: Interval) -> Interval:
    low, high = absolute(a)
    return max(multiply((low, low), (low, low))[0], 0.0), multiply((high, high), (high, high))[1]


def absolute(a: Interval) -> Interval:
    low = 0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))
    return low, max(abs(a[0]), abs(a[1]))


def rising(
    function: Callable[[float], float], least: float = -INF, most: float = INF
) -> Callable[[Interval], Interval]:
    """Bounds of a function that rises, and stays within `least` and `most`; at 0 it may be exactly 0."""

    def bounds(a: Interval) -> Interval:
        ends = function(a[0]), function(a[1])
        low, high = wide(*ends)
        if a[0] == 0 == ends[0]:
            low = 0.0
        if a[1] == 0 == ends[1]:
            high = 0.0
        return max(low, least), min(high, most)

    return bounds


def wave(function: Callable[[float], float], top: float, period: float, least: float) -> Callable[[Interval], Interval]:
    """Bounds of a wave between `least` and 1 with its maxima at `top + k * period`."""

    def bounds(a: Interval) -> Interval:
        if not (a[0] > -INF and a[1] < INF):
            return EVERYTHING  # the wave of what may be infinite may be NaN
        if not a[1] - a[0] < period:
            return least, 1.0
        ends = (function(a[0]), function(a[1]))
        low, high = wide(min(ends), max(ends))
        slack = 2e-15 * (1.0 + abs(a[0]) + abs(a[1]))
        if _meets(a, top, period, slack):
            high = 1.0
        if _meets(a, top + period / 2, period, slack):
            low = least
        return max(low, least), min(high, 1.0)

    return bounds


def _meets(a: Interval, point: float, period: float, slack: float) -> bool:
    if not (math.isfinite(a[0] - slack) and math.isfinite(a[1] + slack)):
        return True
    return math.floor((a[1] + slack - point) / period) >= math.ceil((a[0] - slack - point) / period)
