"""Time folded by a period, exactly, in two floats.

In: times as a pair of floats, or of arrays of them (the same lines serve both, so that their bits agree). Out: the number of
the cycle and the time within it, again as a pair. A product i * period is no float, and a guess of i may be one off; both are
corrected here. Whole times, as steps are, take a shorter way. Standard recipes: two-sum (Knuth), two-product (Dekker, Veltkamp).
Refuses to know what is folded.
"""

from __future__ import annotations

import math
from typing import Any


def two_sum(a: Any, b: Any) -> Any:
    """a + b as a rounded sum and its error."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def two_product(a: Any, b: Any) -> Any:
    """a * b as a rounded product and its error."""
    p = a * b
    c = 134217729.0 * a
    high_a = c - (c - a)
    low_a = a - high_a
    c = 134217729.0 * b
    high_b = c - (c - b)
    low_b = b - high_b
    return p, ((high_a * high_b - p) + high_a * low_b + low_a * high_b) + low_a * low_b


def since(t: Any, low: Any, origin: Any) -> Any:
    """t - origin as a pair; the origin is a whole number and two floats for the rest of it."""
    x, e = two_sum(t, -origin[0])
    x, f = two_sum(x, -origin[1])
    return two_sum(x, (e + f) - origin[2] + low)


def less(x: Any, e: Any, i: Any, period: Any) -> Any:
    """(x, e) - i * period as a pair; the period is three floats."""
    h, g = two_product(i, period[0])
    x, f = two_sum(x, -h)
    rest = (f - g) + e
    h, g = two_product(i, period[1])
    x, f = two_sum(x, -h)
    return two_sum(x, (f - g) + rest - i * period[2])


def fold(x: Any, e: Any, period: Any, floor: Any) -> Any:
    """The number of the cycle at (x, e) and the time within it, as a pair."""
    i = floor(x / period[0])
    r, d = less(x, e, i, period)
    for _ in range(2):
        j = floor(r / period[0])
        r, d = less(r, d, j, period)
        i = i + j
    # What is left is at most one period off; the sign of a pair is the sign of its first that is not 0.
    early = ((r < 0) | ((r == 0) & (d < 0))) * 1.0
    r, d = less(r, d, -early, period)
    i = i - early
    over, f = less(r, d, 1.0, period)
    late = ((over > 0) | ((over == 0) & (f >= 0))) * 1.0
    r, d = less(r, d, late, period)
    return i + late, r, d


def units(origin: Any, period: Any) -> Any:
    """How many parts of a unit make both whole, and the two in them; the ratios are given as two whole numbers each."""
    scale = math.lcm(origin[1], period[1])
    return float(scale), float(origin[0] * (scale // origin[1])), float(period[0] * (scale // period[1]))


def turns(t: Any, scale: Any, origin: Any, period: Any, floor: Any) -> Any:
    """The cycle of a whole time and the time within it, as a pair: counted in parts of a unit, of which all three are whole.

    Nothing is rounded below 2^53 but the quotient, which may be one too large.
    """
    y = t * scale - origin
    i = floor(y / period)
    m = y - i * period
    early = (m < 0) * 1.0
    i, m = i - early, m + early * period
    r = m / scale
    h, g = two_product(r, scale)
    return i, r, ((m - h) - g) / scale


def doubtful(x: Any, r: Any, d: Any, period: Any) -> Any:
    """Where the time within a cycle is so near to a boundary that only exact arithmetic can tell its side."""
    over, _ = less(r, d, 1.0, period)
    near = 1e-24 * (x + period[0])
    return (r <= near) | (over >= -near)


def unstretch(r: Any, d: Any, scale: Any) -> Any:
    """(r, d) divided by a scale of two floats, as a pair."""
    q = r / scale[0]
    h, g = two_product(q, scale[0])
    rest = (((r - h) - g) + d - q * scale[1]) / scale[0]
    return two_sum(q, rest)


def stage(i: Any, origin: Any, every: Any) -> Any:
    """origin + i * every as a pair."""
    h, g = two_product(i, every[0])
    x, e = two_sum(h, origin[0])
    x, f = two_sum(x, origin[1])
    return two_sum(x, e + f + g + origin[2] + i * every[1])
