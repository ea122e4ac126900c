"""What a standalone JAX module is built of: its functions are copied into it as they stand.

In: steps of any kind, levels, tables of parts. Out: values, by the operations of `runtime_numpy.py`. No value decides what is
computed, so that it can be traced, mapped and differentiated: every part is computed for every time, at a time of its own where
another part owns it, for a derivative there may be infinite. All of it is in 64 bits, whatever JAX is set to outside: whole steps
stay whole, and what is rounded to 32 bits is the value alone. Nothing here may use anything of lrdsl; `folding.py` is copied along.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..functions import HALFWAVE
from .folding import doubtful, fold, since, stage, turns, two_sum, units, unstretch

FEW = 16  # parts that are told apart by comparing; more are looked up in a table


@contextmanager
def wide() -> Any:
    """64 bits inside, and kinds of numbers that mix, whatever JAX is set to; gives the type that a value has outside."""
    kind = jnp.result_type(float)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield kind


def number(base: Any) -> Any:
    """A base as a number, or as what stands for one in a trace, in 64 bits."""
    return jnp.asarray(base).astype(jnp.float64) if isinstance(base, jax.Array) else float(base)


def traced(x: Any) -> bool:
    """Whether something is no number yet."""
    return isinstance(x, jax.Array)


def unseen(x: Any, t: Any) -> Any:
    """A number that a compiler cannot read: where it can, it multiplies by 1 / x, and adds up numbers that follow each other."""
    return jnp.where(jnp.isnan(t), t, x)


def kept(x: Any) -> Any:
    """A product that a compiler cannot fuse with a sum, so that its rounding error is what it is said to be."""
    return jnp.where(jnp.isnan(x), 0.0, x)


def two_product(a: Any, b: Any) -> Any:
    """a * b as a rounded product and its error."""
    p = kept(a * b)
    c = kept(134217729.0 * a)
    high_a = c - (c - a)
    low_a = a - high_a
    c = kept(134217729.0 * b)
    high_b = c - (c - b)
    low_b = b - high_b
    return p, ((high_a * high_b - p) + high_a * low_b + low_a * high_b) + low_a * low_b


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two; NaN passes through."""
    if traced(x) or traced(y):
        return jnp.minimum(x, y)
    return x if x < y or math.isnan(x) else y


def maximum(x: Any, y: Any) -> Any:
    """The larger of two; NaN passes through."""
    if traced(x) or traced(y):
        return jnp.maximum(x, y)
    return x if x > y or math.isnan(x) else y


def divide(x: Any, y: Any) -> Any:
    """x / y, infinite or NaN where numpy says so."""
    if traced(x) and not traced(y):
        y = unseen(y, x)
    elif not traced(y) and y == 0:
        return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1.0, y)
    return x / y


def power(x: Any, y: Any) -> Any:
    """x to the power of y, infinite or NaN where numpy says so."""
    if traced(x) or traced(y):
        return jnp.power(x, y)
    with np.errstate(all="ignore"):
        return float(np.power(x, y))


def absolute(x: Any) -> Any:
    """x without its sign."""
    return jnp.abs(x) if traced(x) else abs(x)


def cos(x: Any) -> Any:
    """The cosine."""
    return jnp.cos(x) if traced(x) else math.cos(x)


def sin(x: Any) -> Any:
    """The sine."""
    return jnp.sin(x) if traced(x) else math.sin(x)


def exp(x: Any) -> Any:
    """e to the power of x."""
    return jnp.exp(x) if traced(x) else power(math.e, x)


def ln(x: Any) -> Any:
    """The natural logarithm, infinite or NaN where numpy says so."""
    if traced(x):
        return jnp.log(x)
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def root(x: Any) -> Any:
    """The square root, NaN of what is negative."""
    if traced(x):
        return jnp.sqrt(x)
    return math.sqrt(x) if x >= 0 else math.nan


def tanh(x: Any) -> Any:
    """The hyperbolic tangent; further from 0 by `exp`, which has more right digits there."""
    if not traced(x):
        return math.tanh(x)
    far = 1.0 - 2.0 / (1.0 + jnp.exp(2.0 * jnp.maximum(jnp.abs(x), 0.55)))
    return jnp.where(jnp.abs(x) < 0.55, jnp.tanh(x), jnp.sign(x) * far)


def halfwave(x: Any) -> Any:
    """(1 - cos(pi x)) / 2, right to the last digit next to 0."""
    many = traced(x)
    x = absolute(x - 2.0 * (jnp.round(0.5 * x) if many else round(0.5 * x)))
    y = jnp.where(x > 0.5, 1.0 - x, x) if many else min(x, 1.0 - x)
    y = y * y
    v: Any = HALFWAVE[7] * y
    for coefficient in HALFWAVE[6:0:-1]:
        v = (v + coefficient) * y
    v = (v + HALFWAVE[0]) * y
    if many:
        return jnp.where(x > 0.5, 1.0 - v, v)
    return 1.0 - v if x > 0.5 else v


def blend(start: Any, stop: Any, s: Any, c: Any) -> Any:
    """From start to stop: the level nearer 0 plus distance times weight, exact at both ends."""
    if traced(start) or traced(stop):
        falls = jnp.abs(stop) <= jnp.abs(start)
        near, far = jnp.where(falls, stop, start), jnp.where(falls, start, stop)
        gap = far - near
        short = jnp.where(far > near, near + gap < far, near + gap > far)
        gap = jnp.where(short, gap * (1.0 + 2.0**-52), gap)
        value = near + gap * jnp.where(falls, c, s)
        return jnp.clip(value, jnp.minimum(start, stop), jnp.maximum(start, stop))
    near, far, weight = (stop, start, c) if abs(stop) <= abs(start) else (start, stop, s)
    step = far - near
    if (near + step < far) if far > near else (near + step > far):
        step = math.nextafter(step, math.copysign(math.inf, step))
    return minimum(maximum(near + step * weight, min(start, stop)), max(start, stop))


def inner(parts: Any, index: Any) -> Any:
    """A time inside a part, where nothing is infinite."""
    begin = parts[index][0] if index else 0.0
    return begin + (parts[index + 1][0] - begin) / 2 if index + 1 < len(parts) else begin + 1.0


def chain(t: Any, low: Any, parts: Any) -> Any:
    """Each time by the part that owns it; a part is (begin, rest of begin, function, numbers)."""
    if len(parts) > FEW and low is None:
        return looked_up(t, parts)
    out: Any = None
    # From the last to the first: a time belongs to the last part that it has reached.
    later: Any = None
    for index in range(len(parts) - 1, -1, -1):
        begin, rest, function, numbers = parts[index]
        if index == 0:
            reached = jnp.ones_like(t, dtype=bool)
        elif low is None:
            reached = t >= begin
        else:
            # Times in two floats: a boundary counts as reached within 1e-24 of it.
            ahead = (t - unseen(begin, t)) + (low - unseen(rest, t))
            reached = ahead >= -math.ldexp(abs(begin) + 1e-3, -80)
        here = reached if later is None else reached & ~later
        own = jnp.where(here, t, inner(parts, index))
        value = function(own, None if low is None else jnp.where(here, low, 0.0), *numbers)
        out = value if out is None else jnp.where(here, value, out)
        later = reached if later is None else later | reached
    return out


def looked_up(t: Any, parts: Any) -> Any:
    """The same for many parts: those of one function are one call, with the numbers of the part that owns each time."""
    owner = jnp.maximum(jnp.searchsorted(jnp.array([part[0] for part in parts]), t, side="right") - 1, 0)
    kinds: Any = {}
    for index, (_, _, function, numbers) in enumerate(parts):
        plain = all(isinstance(one, float) or traced(one) for one in numbers)
        kinds.setdefault((function, None if plain else index), []).append(index)
    names, places = np.zeros(len(parts), np.int32), np.zeros(len(parts), np.int32)
    for name, members in enumerate(kinds.values()):
        names[members], places[members] = name, np.arange(len(members))
    kind, place = jnp.array(names)[owner], jnp.array(places)[owner]
    out: Any = None
    for name, ((function, alone), members) in enumerate(kinds.items()):
        here = kind == name
        at = jnp.where(here, place, 0)
        own = jnp.where(here, t, jnp.array([inner(parts, index) for index in members])[at])
        numbers = parts[members[0]][3]
        if alone is None and len(members) > 1:
            columns = zip(*(parts[index][3] for index in members), strict=True)
            numbers = [
                column[0] if all(one is column[0] for one in column) else jnp.array(column)[at] for column in columns
            ]
        value = function(own, None, *numbers)
        out = value if out is None else jnp.where(here, value, out)
    return out


def folded(t: Any, low: Any, origin: Any, period: Any, exact: Any) -> Any:
    """The cycle of each time and the time within it; `exact` is (origin, period) as fractions, where rounding matters."""
    origin, period = ([unseen(one, t) for one in ones] for ones in (origin, period))
    x, e = since(t, 0.0 if low is None else low, origin)
    i, r, d = fold(x, e, period, jnp.floor)
    if exact is not None or low is not None:
        near = doubtful(x, r, d, period)
        i = jnp.where(near & (r >= period[0] / 2), i + 1.0, i)
        r, d = jnp.where(near, 0.0, r), jnp.where(near, 0.0, d)
    if exact is not None:
        # Whole times, as steps are, are counted in parts of a unit, of which all are whole.
        scale, first, length = units(*exact)
        if max(scale, first, length) < 2.0**53:
            here = (jnp.floor(t) == t) & (t * scale >= first) & (t < 2.0**53 / scale)
            turn = turns(t, unseen(scale, t), first, unseen(length, t), jnp.floor)
            i, r, d = (jnp.where(here, one, other) for one, other in zip(turn, (i, r, d), strict=True))
    return jnp.maximum(i, 0.0), r, d


def cycle(t: Any, low: Any, origin: Any, period: Any, exact: Any, whole: Any, factor: Any, most: Any, body: Any) -> Any:
    """The body again and again; cycle i counts factor^i."""
    i, r, d = folded(t, low, origin, period, exact)
    out = chain(r, None if whole else d, body)
    return out if factor is None else out * power(factor, jnp.minimum(i, most))


def sample(t: Any, low: Any, origin: Any, every: Any, exact: Any, whole: Any, body: Any) -> Any:
    """The body, looked at only at each multiple of `every`."""
    i, _, _ = folded(t, low, origin, every, exact)
    x, e = stage(i, *([unseen(one, t) for one in ones] for ones in (origin, every)))
    return chain(x, None if whole else e, body)


def stretched(t: Any, low: Any, starts: Any, scales: Any, factor: Any, body: Any) -> Any:
    """The body again and again, each cycle longer or shorter by a factor: a table of beginnings and scales."""
    first, second = (jnp.array([start[n] for start in starts]) for n in (0, 1))
    begins = first if low is not None else jnp.array([start[2] for start in starts])
    i = jnp.maximum(jnp.searchsorted(begins, t, side="right") - 1, 0)
    if low is not None:
        slack = -(jnp.abs(first) + 1e-3) * 2.0**-80
        early = (t - first[i]) + (low - second[i]) < slack[i]
        then = jnp.minimum(i + 1, len(starts) - 1)
        late = ((t - first[then]) + (low - second[then]) >= slack[then]) & (then > i)
        i = jnp.maximum(i - early + (late & ~early), 0)
    r, e = two_sum(t, -first[i])
    r, d = two_sum(r, e - second[i] + (0.0 if low is None else low))
    scale = [jnp.array([scale[n] for scale in scales])[i] for n in (0, 1)]
    r, d = unstretch(r, d, scale)
    out = chain(r, d, body)
    return out if factor is None else out * power(factor, i.astype(jnp.float64))


def evaluate(t: Any, parts: Any, kind: Any) -> Any:
    """An array of the shape of t and of this kind of number; NaN where t is no finite time from 0."""
    times = jnp.asarray(t).astype(jnp.float64)
    right = (times >= 0) & (times <= 1e300)
    times = jnp.where(right, times, 0.5)
    # What does not depend on time has a derivative all the same: 0.
    return jnp.where(right, chain(times, None, parts) + 0.0 * times, math.nan).astype(kind)
