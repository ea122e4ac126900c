"""What a standalone torch module is built of: its functions are copied into it as they stand.

In: tensors of times, levels, tables of parts. Out: values, by the operations of `runtime_numpy.py`. No value decides what is
computed, so that it can be traced, compiled and captured: every part is computed for every time, at a time of its own where another
part owns it, for a derivative there may be infinite. Nothing here may use anything of lrdsl; `folding.py` is copied along.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from ..functions import HALFWAVE
from .folding import doubtful, fold, since, stage, turns, two_sum, units, unstretch

FEW = 16  # parts that are told apart by comparing; more are looked up in a table
CONSTANTS: dict[Any, Any] = {}


def constant(values: Any, t: Any) -> Any:
    """Numbers as a tensor where the times are, made once: a captured graph cannot make it."""
    if torch.compiler.is_compiling():
        return torch.tensor(values, dtype=torch.float64, device=t.device)
    found = CONSTANTS.get((values, t.device))
    if found is None:
        if len(CONSTANTS) > 1000:
            CONSTANTS.clear()
        found = CONSTANTS[values, t.device] = torch.tensor(values, dtype=torch.float64, device=t.device)
    return found


def full(t: Any, value: Any) -> Any:
    """A number for every time."""
    return value if isinstance(value, torch.Tensor) else torch.full_like(t, value)


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two, either of which may be a number; NaN passes through."""
    if not isinstance(x, torch.Tensor):
        x, y = y, x
    if not isinstance(x, torch.Tensor):
        return x if x < y or math.isnan(x) else y
    return torch.minimum(x, full(x, y))


def maximum(x: Any, y: Any) -> Any:
    """The larger of two, either of which may be a number; NaN passes through."""
    if not isinstance(x, torch.Tensor):
        x, y = y, x
    if not isinstance(x, torch.Tensor):
        return x if x > y or math.isnan(x) else y
    return torch.maximum(x, full(x, y))


def blend(start: Any, stop: Any, s: Any, c: Any) -> Any:
    """From start to stop: the level nearer 0 plus distance times weight, exact at both ends."""
    if isinstance(start, torch.Tensor) or isinstance(stop, torch.Tensor):
        start, stop = full(s, start), full(s, stop)
        falls = torch.abs(stop) <= torch.abs(start)
        near, far = torch.where(falls, stop, start), torch.where(falls, start, stop)
        gap = far - near
        short = torch.where(far > near, near + gap < far, near + gap > far)
        gap = torch.where(short, torch.nextafter(gap, torch.copysign(full(gap, math.inf), gap)), gap)
        value = near + gap * torch.where(falls, c, s)
        return torch.minimum(torch.maximum(value, torch.minimum(start, stop)), torch.maximum(start, stop))
    near, far, weight = (stop, start, c) if abs(stop) <= abs(start) else (start, stop, s)
    step = far - near
    if (near + step < far) if far > near else (near + step > far):
        step = math.nextafter(step, math.copysign(math.inf, step))
    found: Any = near + step * weight
    if isinstance(found, torch.Tensor):
        return torch.clamp(found, min(start, stop), max(start, stop))
    return min(max(found, min(start, stop)), max(start, stop))


def halfwave(x: Any) -> Any:
    """(1 - cos(pi x)) / 2, right to the last digit next to 0."""
    many = isinstance(x, torch.Tensor)
    x = abs(x - 2.0 * (torch.round(0.5 * x) if many else round(0.5 * x)))
    y = torch.where(x > 0.5, 1.0 - x, x) if many else min(x, 1.0 - x)
    y = y * y
    v: Any = HALFWAVE[7] * y
    for coefficient in HALFWAVE[6:0:-1]:
        v = (v + coefficient) * y
    v = (v + HALFWAVE[0]) * y
    if many:
        return torch.where(x > 0.5, 1.0 - v, v)
    return 1.0 - v if x > 0.5 else v


def powers(x: Any, y: Any) -> Any:
    """x to the y, of which one may be a number."""
    return torch.pow(x, y)


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
            reached = torch.ones_like(t, dtype=torch.bool)
        elif low is None:
            reached = t >= begin
        else:
            # Times in two floats: a boundary counts as reached within 1e-24 of it.
            reached = (t - begin) + (low - rest) >= -math.ldexp(abs(begin) + 1e-3, -80)
        here = reached if later is None else reached & ~later
        own = torch.where(here, t, inner(parts, index))
        value = full(t, function(own, None if low is None else torch.where(here, low, 0.0), *numbers))
        out = value if out is None else torch.where(here, value, out)
        later = reached if later is None else later | reached
    return out


def looked_up(t: Any, parts: Any) -> Any:
    """The same for many parts: those of one function are one call, with the numbers of the part that owns each time."""
    begins = constant(tuple(part[0] for part in parts), t)
    owner = torch.clamp(torch.searchsorted(begins, t.contiguous(), right=True) - 1, min=0)
    kinds: Any = {}
    for index, (_, _, function, numbers) in enumerate(parts):
        plain = all(isinstance(number, float) for number in numbers)
        kinds.setdefault((function, None if plain else index), []).append(index)
    names, places = [0.0] * len(parts), [0.0] * len(parts)
    for name, members in enumerate(kinds.values()):
        for rank, index in enumerate(members):
            names[index], places[index] = float(name), float(rank)
    # `take`, for a tensor as an index is asked for its number where it has no dimension.
    kind = torch.take(constant(tuple(names), t), owner)
    place = torch.take(constant(tuple(places), t), owner).to(torch.int64)
    out: Any = None
    for name, ((function, alone), members) in enumerate(kinds.items()):
        here = kind == name
        at = torch.where(here, place, 0)
        own = torch.where(here, t, torch.take(constant(tuple(inner(parts, index) for index in members), t), at))
        numbers = parts[members[0]][3]
        if alone is None and len(members) > 1:
            columns = zip(*(parts[index][3] for index in members), strict=True)
            numbers = [
                column[0] if len(set(column)) == 1 else torch.take(constant(column, t), at) for column in columns
            ]
        value = full(t, function(own, None, *numbers))
        out = value if out is None else torch.where(here, value, out)
    return out


def folded(t: Any, low: Any, origin: Any, period: Any, exact: Any) -> Any:
    """The cycle of each time and the time within it; `exact` is (origin, period) as fractions, where rounding matters."""
    x, e = since(t, 0.0 if low is None else low, origin)
    i, r, d = fold(x, e, period, torch.floor)
    if exact is not None or low is not None:
        near = doubtful(x, r, d, period)
        i = torch.where(near & (r >= period[0] / 2), i + 1.0, i)
        r, d = torch.where(near, 0.0, r), torch.where(near, 0.0, d)
    if exact is not None:
        # Whole times, as steps are, are counted in parts of a unit, of which all are whole.
        scale, first, length = units(*exact)
        if max(scale, first, length) < 2.0**53:
            here = (torch.floor(t) == t) & (t * scale >= first) & (t < 2.0**53 / scale)
            turn = turns(t, scale, first, length, torch.floor)
            i, r, d = (torch.where(here, one, other) for one, other in zip(turn, (i, r, d), strict=True))
    return torch.clamp(i, min=0.0), r, d


def cycle(t: Any, low: Any, origin: Any, period: Any, exact: Any, whole: Any, factor: Any, most: Any, body: Any) -> Any:
    """The body again and again; cycle i counts factor^i."""
    i, r, d = folded(t, low, origin, period, exact)
    out = chain(r, None if whole else d, body)
    return out if factor is None else out * powers(full(i, factor), torch.clamp(i, max=most))


def sample(t: Any, low: Any, origin: Any, every: Any, exact: Any, whole: Any, body: Any) -> Any:
    """The body, looked at only at each multiple of `every`."""
    i, _, _ = folded(t, low, origin, every, exact)
    x, e = stage(i, origin, every)
    return chain(x, None if whole else e, body)


def stretched(t: Any, low: Any, starts: Any, scales: Any, factor: Any, body: Any) -> Any:
    """The body again and again, each cycle longer or shorter by a factor: a table of beginnings and scales."""
    first, second = (constant(tuple(start[n] for start in starts), t) for n in (0, 1))
    begins = first if low is not None else constant(tuple(start[2] for start in starts), t)
    i = torch.clamp(torch.searchsorted(begins, t.contiguous(), right=True) - 1, min=0)
    if low is not None:
        slack = -torch.ldexp(torch.abs(first) + 1e-3, constant((-80.0,), t))
        early = (t - torch.take(first, i)) + (low - torch.take(second, i)) < torch.take(slack, i)
        then = torch.clamp(i + 1, max=len(starts) - 1)
        late = ((t - torch.take(first, then)) + (low - torch.take(second, then)) >= torch.take(slack, then)) & (
            then > i
        )
        i = torch.clamp(i - early.to(torch.int64) + (late & ~early).to(torch.int64), min=0)
    r, e = two_sum(t, -torch.take(first, i))
    r, d = two_sum(r, e - torch.take(second, i) + (0.0 if low is None else low))
    scale = [torch.take(constant(tuple(scale[n] for scale in scales), t), i) for n in (0, 1)]
    r, d = unstretch(r, d, scale)
    out = chain(r, d, body)
    return out if factor is None else out * powers(full(r, factor), i.to(torch.float64))


def evaluate(t: Any, parts: Any) -> Any:
    """A float64 tensor of the shape of t, on its device; NaN where t is no finite time from 0."""
    times = torch.as_tensor(t).to(torch.float64)
    right = (times >= 0) & (times <= 1e300)
    times = torch.where(right, times, 0.5)
    # What does not depend on time has a derivative all the same: 0.
    return torch.where(right, chain(times, None, parts) + 0.0 * times, math.nan)
