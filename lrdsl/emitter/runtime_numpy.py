"""What a standalone numpy module is built of: its functions are copied into it as they stand.

In: arrays of times, levels, tables of parts. Out: values, by the very operations of `kernel.py`, so that their bits agree.
Nothing here may use anything of lrdsl; `folding.py` is copied along.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from ..functions import HALFWAVE
from .folding import doubtful, fold, since, stage, turns, two_sum, units, unstretch


def blend(start: Any, stop: Any, s: Any, c: Any) -> Any:
    """From start to stop: the level nearer 0 plus distance times weight, exact at both ends."""
    near, far, weight = (stop, start, c) if abs(stop) <= abs(start) else (start, stop, s)
    step = far - near
    if (near + step < far) if far > near else (near + step > far):
        step = math.nextafter(step, math.copysign(math.inf, step))
    return np.minimum(np.maximum(near + step * weight, min(start, stop)), max(start, stop))


def halfwave(x: Any) -> Any:
    """(1 - cos(pi x)) / 2, right to the last digit next to 0."""
    x = np.abs(x - 2.0 * np.rint(0.5 * x))
    y = np.minimum(x, 1.0 - x)
    y = y * y
    v = HALFWAVE[7] * y
    for coefficient in HALFWAVE[6:0:-1]:
        v = (v + coefficient) * y
    v = (v + HALFWAVE[0]) * y
    return np.where(x > 0.5, 1.0 - v, v)


def powers(x: Any, y: Any) -> Any:
    """np.power by its general routine: for a single exponent of 2, 0.5 or -1 numpy takes others, with other last digits."""
    if np.size(y) == 1 and np.ndim(y):
        return np.power(np.repeat(x, 2) if np.ndim(x) else x, np.repeat(y, 2))[:1]
    return np.power(x, y)


def chain(t: Any, low: Any, parts: Any) -> Any:
    """Each time by the part that owns it; a part is (begin, rest of begin, function, numbers)."""
    begins = np.array([part[0] for part in parts])
    owner = np.maximum(np.searchsorted(begins, t, side="right") - 1, 0)
    if low is not None:
        # Times in two floats: a boundary counts as reached within 1e-24 of it.
        rests = np.array([part[1] for part in parts])
        slack = -np.ldexp(np.abs(begins) + 1e-3, -80)
        early = ((t - begins[owner]) + (low - rests[owner]) < slack[owner]) & (owner > 0)
        then = np.minimum(owner + 1, len(parts) - 1)
        late = ((t - begins[then]) + (low - rests[then]) >= slack[then]) & (then > owner)
        owner = owner - early + (late & ~early)
    out = np.empty_like(t)
    for index in np.unique(owner):
        here = owner == index
        _, _, function, numbers = parts[index]
        out[here] = function(t[here], None if low is None else low[here], *numbers)
    return out


def folded(t: Any, low: Any, origin: Any, period: Any, exact: Any) -> Any:
    """The cycle of each time and the time within it; `exact` is (origin, period) as fractions, where rounding matters."""
    x, e = since(t, 0.0 if low is None else low, origin)
    i, r, d = fold(x, e, period, np.floor)
    if exact is not None or low is not None:
        for n in np.flatnonzero(doubtful(x, r, d, period)):
            if low is not None:
                i[n], r[n], d[n] = (i[n], 0.0, 0.0) if r[n] < period[0] / 2 else (i[n] + 1.0, 0.0, 0.0)
            else:
                at = Fraction(float(t[n])) - Fraction(*exact[0])
                whole = at // Fraction(*exact[1])
                rest = at - whole * Fraction(*exact[1])
                first = rest.numerator / rest.denominator
                rest = rest - Fraction(first)
                i[n], r[n], d[n] = float(whole), first, rest.numerator / rest.denominator
    if exact is not None:
        # Whole times, as steps are, are counted in parts of a unit, of which all are whole.
        scale, first, length = units(*exact)
        if max(scale, first, length) < 2.0**53:
            here = (np.floor(t) == t) & (t * scale >= first) & (t < 2.0**53 / scale)
            i[here], r[here], d[here] = turns(t[here], scale, first, length, np.floor)
    return np.maximum(i, 0.0), r, d


def cycle(t: Any, low: Any, origin: Any, period: Any, exact: Any, whole: Any, factor: Any, most: Any, body: Any) -> Any:
    """The body again and again; cycle i counts factor^i."""
    i, r, d = folded(t, low, origin, period, exact)
    out = chain(r, None if whole else d, body)
    return out if factor is None else out * powers(factor, np.minimum(i, most))


def sample(t: Any, low: Any, origin: Any, every: Any, exact: Any, whole: Any, body: Any) -> Any:
    """The body, looked at only at each multiple of `every`."""
    i, _, _ = folded(t, low, origin, every, exact)
    x, e = stage(i, origin, every)
    return chain(x, None if whole else e, body)


def stretched(t: Any, low: Any, starts: Any, scales: Any, factor: Any, body: Any) -> Any:
    """The body again and again, each cycle longer or shorter by a factor: a table of beginnings and scales."""
    first = np.array([start[0] for start in starts])
    second = np.array([start[1] for start in starts])
    scale = np.array(scales)
    begins = first if low is not None else np.array([start[2] for start in starts])
    i = np.maximum(np.searchsorted(begins, t, side="right") - 1, 0)
    if low is not None:
        slack = -np.ldexp(np.abs(first) + 1e-3, -80)
        early = (t - first[i]) + (low - second[i]) < slack[i]
        then = np.minimum(i + 1, len(starts) - 1)
        late = ((t - first[then]) + (low - second[then]) >= slack[then]) & (then > i)
        i = np.maximum(i - early + (late & ~early), 0)
    r, e = two_sum(t, -first[i])
    r, d = two_sum(r, e - second[i] + (0.0 if low is None else low))
    r, d = unstretch(r, d, (scale[i, 0], scale[i, 1]))
    out = chain(r, d, body)
    return out if factor is None else out * powers(factor, i.astype(np.float64))


def evaluate(t: Any, parts: Any) -> Any:
    """A float for a number, a float64 array of the same shape for an array."""
    times = np.array(t, dtype=np.float64, order="C")
    flat = times.reshape(-1)
    if not ((flat >= 0) & (flat <= 1e300)).all():
        raise ValueError("a schedule has values at finite times from 0")
    with np.errstate(all="ignore"):
        values = chain(flat, None, parts).reshape(times.shape)
    return values if times.ndim else float(values)
