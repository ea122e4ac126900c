"""What a standalone Python module is built of: its functions are copied into it as they stand.

In: one time, levels, tables of parts. Out: one value, within a few last digits of the numpy one, for `math.exp` is not `np.exp`.
Nothing here may use anything of lrdsl; `folding.py` and `runtime_levels.py` are copied along.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from typing import Any

from ..functions import HALFWAVE
from .folding import doubtful, fold, since, stage, turns, two_sum, units, unstretch
from .runtime_levels import power


def blend(start: Any, stop: Any, s: Any, c: Any) -> Any:
    """From start to stop: the level nearer 0 plus distance times weight, exact at both ends."""
    near, far, weight = (stop, start, c) if abs(stop) <= abs(start) else (start, stop, s)
    step = far - near
    if (near + step < far) if far > near else (near + step > far):
        step = math.nextafter(step, math.copysign(math.inf, step))
    return min(max(near + step * weight, min(start, stop)), max(start, stop))


def halfwave(x: Any) -> Any:
    """(1 - cos(pi x)) / 2, right to the last digit next to 0."""
    x = abs(x - 2.0 * float(round(0.5 * x)))
    y = min(x, 1.0 - x)
    y = y * y
    v = HALFWAVE[7] * y
    for coefficient in HALFWAVE[6:0:-1]:
        v = (v + coefficient) * y
    v = (v + HALFWAVE[0]) * y
    return 1.0 - v if x > 0.5 else v


def chain(t: Any, low: Any, parts: Any) -> Any:
    """The value by the part that owns the time; a part is (begin, rest of begin, function, numbers)."""
    index = max(bisect_right(parts, t, key=lambda part: part[0]) - 1, 0)
    if low is not None:
        # A time in two floats: a boundary counts as reached within 1e-24 of it.
        def reached(n: Any) -> Any:
            begin, rest = parts[n][0], parts[n][1]
            return (t - begin) + (low - rest) >= -math.ldexp(abs(begin) + 1e-3, -80)

        if index > 0 and not reached(index):
            index -= 1
        elif index + 1 < len(parts) and reached(index + 1):
            index += 1
    _, _, function, numbers = parts[index]
    return function(t, low, *numbers)


def folded(t: Any, low: Any, origin: Any, period: Any, exact: Any) -> Any:
    """The cycle of a time and the time within it; `exact` is (origin, period) as fractions, where rounding matters."""
    if exact is not None and t.is_integer():
        # A whole time, as a step is, is counted in parts of a unit, of which all are whole.
        scale, first, length = units(*exact)
        if max(scale, first, length) < 2.0**53 and t * scale >= first and t < 2.0**53 / scale:
            return turns(t, scale, first, length, lambda v: float(math.floor(v)))
    x, e = since(t, 0.0 if low is None else low, origin)
    i, r, d = fold(x, e, period, lambda v: float(math.floor(v)))
    if (exact is not None or low is not None) and doubtful(x, r, d, period):
        if low is not None:
            i, r, d = (i, 0.0, 0.0) if r < period[0] / 2 else (i + 1.0, 0.0, 0.0)
        else:
            at = Fraction(t) - Fraction(*exact[0])
            whole = at // Fraction(*exact[1])
            rest = at - whole * Fraction(*exact[1])
            r = rest.numerator / rest.denominator
            rest = rest - Fraction(r)
            i, d = float(whole), rest.numerator / rest.denominator
    return max(i, 0.0), r, d


def cycle(t: Any, low: Any, origin: Any, period: Any, exact: Any, whole: Any, factor: Any, most: Any, body: Any) -> Any:
    """The body again and again; cycle i counts factor^i."""
    i, r, d = folded(t, low, origin, period, exact)
    found = chain(r, None if whole else d, body)
    return found if factor is None else found * power(factor, min(i, most))


def sample(t: Any, low: Any, origin: Any, every: Any, exact: Any, whole: Any, body: Any) -> Any:
    """The body, looked at only at each multiple of `every`."""
    i, _, _ = folded(t, low, origin, every, exact)
    x, e = stage(i, origin, every)
    return chain(x, None if whole else e, body)


def stretched(t: Any, low: Any, starts: Any, scales: Any, factor: Any, body: Any) -> Any:
    """The body again and again, each cycle longer or shorter by a factor: a table of beginnings and scales."""
    i = max(bisect_right(starts, t, key=lambda start: start[0 if low is not None else 2]) - 1, 0)
    if low is not None:

        def reached(n: Any) -> Any:
            first, second, _ = starts[n]
            return (t - first) + (low - second) >= -math.ldexp(abs(first) + 1e-3, -80)

        if i > 0 and not reached(i):
            i -= 1
        elif i + 1 < len(starts) and reached(i + 1):
            i += 1
    r, e = two_sum(t, -starts[i][0])
    r, d = two_sum(r, e - starts[i][1] + (0.0 if low is None else low))
    r, d = unstretch(r, d, scales[i])
    found = chain(r, d, body)
    return found if factor is None else found * power(factor, float(i))


def evaluate(t: Any, parts: Any) -> Any:
    """The value at one time."""
    t = float(t)
    if not 0 <= t <= 1e300:
        raise ValueError("a schedule has values at finite times from 0")
    return chain(t, None, parts)
