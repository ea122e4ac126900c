"""What drawn functions do beyond any horizon, by the law of each curve.

In: a function of `claims_algebra` without end, and a time. Out: bounds of its values, movement and jumps from then on,
and its limits inferior and superior; None where they are not known. This file refuses to know what happens before.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf

from claims_algebra import Beyond, Chain, Every, Function, Leaf, Limit, Pair, Repeat, Scaled, Skip
from claims_numbers import ZERO, TooMany
from claims_skeleton import Skeleton, Truth


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
