"""The curves of the prelude, and schedules as plain functions of exact time.

In: levels, arguments and lengths. Out: the formula of every built-in curve, and `Made`, a schedule with a
length and two functions (the value, the limit from the left), with the few ways of making one from others.
This file refuses to know names, texts, totals and where a level comes from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from reference_numbers import ONE, ZERO, Refused, Value, e_to, halfwave, log_of, operate, power, to_float
from reference_trees import Name, Node, Num

Args = Mapping[str, Value]


# ---- the curves of the prelude


def _poly(p: Fraction, q: Fraction, args: Args) -> tuple[Value, Value]:
    rest = power(q, args["power"])
    # 1 - q^power, without the loss of digits next to 0
    rise = -math.expm1(to_float(args["power"]) * math.log1p(-float(p))) if p < Fraction(1, 2) else 1 - rest
    return rise, rest


def _rex(p: Fraction, q: Fraction, args: Args) -> tuple[Value, Value]:
    d = Fraction(to_float(args["d"]))
    below = 1 - d + d * q
    return operate("/", (1 - d) * p, below), operate("/", q, below)


def _sqrt(p: Fraction, q: Fraction, args: Args) -> tuple[Value, Value]:
    root = math.sqrt(p)
    return root, float(q) / (1 + root)


def _geometric(p: Fraction, start: float, stop: float) -> float:
    if start == 0 or stop == 0 or (start < 0) != (stop < 0):
        raise Refused("ln of what is not above 0")
    ratio = Fraction(stop) / Fraction(start)
    # next to 1 the logarithm lives in what is more than 1
    slope = math.log1p(float(ratio - 1)) if abs(ratio - 1) < Fraction(1, 4) else log_of(ratio)
    return start * e_to(p * Fraction(slope))


def _periods(t: Fraction, per: Value, left: bool) -> int:
    """Whole periods that have passed at t, or just before t."""
    ratio = t / Fraction(per)
    return math.ceil(ratio) - 1 if left and t > 0 else math.floor(ratio)


# s(p) and 1 - s(p)
SHAPE_LAWS: dict[str, Callable[[Fraction, Fraction, Args], tuple[Value, Value]]] = {
    "warmup": lambda p, q, args: (p, q),
    "linear": lambda p, q, args: (p, q),
    "cosine": lambda p, q, args: (halfwave(p), halfwave(q)),
    "sqrt": _sqrt,
    "poly": _poly,
    "rex": _rex,
}
# what max is multiplied by at t, or just before t; told apart by the arguments beside max
FREE_LAWS: dict[tuple[str, tuple[str, ...]], Callable[[Fraction, Args, bool], Value]] = {
    ("hold", ()): lambda t, args, left: ONE,
    ("exp", ("k",)): lambda t, args, left: e_to(-Fraction(to_float(args["k"])) * t),
    ("exp", ("halflife",)): lambda t, args, left: power(2.0, operate("/", -t, args["halflife"])),
    ("exp", ("factor", "per")): lambda t, args, left: power(args["factor"], operate("/", t, args["per"])),
    ("rsqrt", ("timescale",)): lambda t, args, left: power(1 + operate("/", t, args["timescale"]), -0.5),
    ("drop", ("factor", "per")): lambda t, args, left: power(args["factor"], _periods(t, args["per"], left)),
}
DURATIONS = frozenset({"halflife", "per", "timescale"})
LEVELS = frozenset({"from", "to", "max"})


@dataclass(frozen=True)
class Curve:
    """What a call needs to know of a curve: for built-in ones `body` is None, and the laws above hold."""

    name: str
    first: str
    shape: bool
    formals: tuple[tuple[str, Node | None], ...]
    body: Node | None = None
    rest: Node | None = None


def _built_in() -> dict[str, list[Curve]]:
    found: dict[str, list[Curve]] = {}
    own: dict[str, tuple[tuple[str, Node | None], ...]] = {
        "warmup": (("from", Num("0")), ("to", Name("next"))),
        "poly": (("power", None),),
        "rex": (("d", Num("0.5")),),
    }
    for name in SHAPE_LAWS:
        found[name] = [Curve(name, "p", True, own.get(name, ()))]
    found["geometric"] = [Curve("geometric", "p", False, (("from", None), ("to", None)))]
    for name, keys in FREE_LAWS:
        level = Name("next") if name == "hold" else None
        formals = (("max", level), *((key, None) for key in keys))
        found.setdefault(name, []).append(Curve(name, "t", False, formals))
    return found


BUILT_IN = _built_in()


# ---- schedules as functions of exact time

Function = Callable[[Fraction], Value]


@dataclass(frozen=True)
class Made:
    """A schedule. `at` serves 0 <= t < length, `left` 0 < t <= length; `length` None never ends.

    `start` is what the phase before it sees, `end` what the phase after it sees; they say more than `at` and
    `left` where the length is 0, or where a phase of length 0 stands first or last.
    """

    length: Fraction | None
    at: Function
    left: Function
    start: Value
    end: Value | None

    def value(self, t: Fraction) -> Value:
        """The value at t; past the end the last value."""
        over = self.length is not None and t >= self.length
        return self.end if over else self.at(t)  # type: ignore[return-value]

    def before(self, t: Fraction) -> Value:
        """The limit from the left at t > 0."""
        over = self.length is not None and t > self.length
        return self.end if over else self.left(t)  # type: ignore[return-value]


def smooth(law: Function, length: Fraction | None) -> Made:
    """A continuous function of time."""
    return Made(length, law, law, law(ZERO), None if length is None else law(length))


def constant(value: Value, length: Fraction | None) -> Made:
    """The same value always."""
    return smooth(lambda t: value, length)


def progress(length: Fraction, rest: bool) -> Made:
    """`p`, or `q` if `rest`; a phase of no length goes from the one end to the other all the same."""

    def law(t: Fraction) -> Value:
        return 1 - t / length if rest else t / length

    return Made(length, law, law, ONE if rest else ZERO, ZERO if rest else ONE)


def between(start: Value, stop: Value, fade: Callable[[Fraction, bool], tuple[Value, Value]], length: Fraction) -> Made:
    """A shape between two levels; `fade(t, left)` gives s and 1 - s."""
    low, high = min(start, stop), max(start, stop)

    def law(t: Fraction, left: bool) -> Value:
        if t <= 0 or t >= length:
            return start if t <= 0 else stop
        s, rest = fade(t, left)
        # a weighted mean of the two levels loses no digits next to either end
        mean = operate("+", operate("*", start, rest), operate("*", stop, s))
        return min(max(mean, low), high)

    return Made(length, lambda t: law(t, False), lambda t: law(t, True), start, stop)


def geometric(start: Value, stop: Value, length: Fraction) -> Made:
    """The exponential way from one level to another."""
    first, last = to_float(start), to_float(stop)
    _geometric(ONE, first, last)

    def law(t: Fraction) -> Value:
        return start if t <= 0 else stop if t >= length else _geometric(t / length, first, last)

    return Made(length, law, law, start, stop)


def free(law: Callable[[Fraction, Args, bool], Value], top: Value, args: Args, length: Fraction | None) -> Made:
    """A curve that starts at its top and follows a law of its own."""

    def at(t: Fraction, left: bool) -> Value:
        return operate("*", top, law(t, args, left)) if t > 0 else top

    end = None if length is None else at(length, True)
    return Made(length, lambda t: at(t, False), lambda t: at(t, True), top, end)


def pointwise(apply: Callable[..., Value], parts: list[Made], length: Fraction | None) -> Made:
    """Arithmetic: every part holds its last value when it is over."""
    end = None if length is None else apply(*(part.end for part in parts))
    return Made(
        length,
        lambda t: apply(*(part.value(t) for part in parts)),
        lambda t: apply(*(part.before(t) for part in parts)),
        apply(*(part.start for part in parts)),
        end,
    )


def skipped(made: Made, by: Fraction) -> Made:
    """Without its first part."""
    length = None if made.length is None else made.length - by
    return Made(length, lambda t: made.value(t + by), lambda t: made.before(t + by), made.value(by), made.end)


def cut(made: Made, length: Fraction) -> Made:
    """Ended at a time of its own, or holding its last value up to it."""
    if made.length is not None and length >= made.length:
        end = made.end
    else:
        end = made.left(length) if length > 0 else made.start
    return Made(length, made.value, made.before, made.start, end)


def limited(made: Made, choose: Callable[[Value, Value], Value], limit: Value) -> Made:
    """`floor` (choose is max) and `cap` (min)."""
    end = None if made.end is None else choose(made.end, limit)
    return Made(
        made.length,
        lambda t: choose(made.at(t), limit),
        lambda t: choose(made.left(t), limit),
        choose(made.start, limit),
        end,
    )


def sampled(made: Made, every: Fraction) -> Made:
    """Sample and hold."""

    def last(t: Fraction) -> Value:
        return made.at(max(math.ceil(t / every) - 1, 0) * every)

    end = last(made.length) if made.length else made.end
    return Made(made.length, lambda t: made.at(t // every * every), last, made.start, end)


def joined(phases: list[Made]) -> Made:
    """One after the other; a boundary belongs to the phase on the right."""

    def find(t: Fraction, left: bool) -> Value:
        begin = ZERO
        for phase in phases:
            end = None if phase.length is None else begin + phase.length
            if end is None or (begin < t <= end if left else begin <= t < end):
                return phase.left(t - begin) if left else phase.at(t - begin)
            begin = end
        raise AssertionError("asked outside of the chain")

    last = phases[-1]
    length = None if last.length is None else sum((p.length for p in phases), ZERO)  # type: ignore[misc]
    return Made(length, lambda t: find(t, False), lambda t: find(t, True), phases[0].start, last.end)


def cycles_before(i: int, stretch: Fraction) -> Fraction:
    """How long the first i cycles last, in first cycles."""
    return Fraction(i) if stretch == 1 else (stretch**i - 1) / (stretch - 1)


def repeated(made: Made, times: int | None, stretch: Fraction, factor: Value, length: Fraction | None) -> Made:
    """Cycles of a schedule that ends; `length` is the place of an endless one."""
    period: Fraction = made.length  # type: ignore[assignment]

    def cycle(t: Fraction) -> int:
        ratio = t / period
        if stretch == 1:
            return math.floor(ratio)
        # a first guess by logarithms, then exact steps to the cycle that owns t
        grown = 1 + ratio * (stretch - 1)
        i = int(log_of(grown) / log_of(stretch)) if grown > 0 else times or 0
        while i > 0 and cycles_before(i, stretch) > ratio:
            i -= 1
        while cycles_before(i + 1, stretch) <= ratio:
            i += 1
        return i

    def scaled(i: int, value: Value) -> Value:
        return value if factor == 1 else operate("*", power(factor, i), value)

    def local(i: int, t: Fraction) -> Fraction:
        return (t - period * cycles_before(i, stretch)) / stretch**i

    def at(t: Fraction) -> Value:
        return scaled(cycle(t), made.at(local(cycle(t), t)))

    def left(t: Fraction) -> Value:
        # the last cycle has no cycle after it, and none is asked for: its end is a boundary of the one before
        i = times if times is not None and t >= period * cycles_before(times, stretch) else cycle(t)
        if i > 0 and local(i, t) == 0:
            return scaled(i - 1, made.left(period))
        return scaled(i, made.left(local(i, t)))

    if times is not None:
        end = scaled(times - 1, made.end)  # type: ignore[arg-type]
        return Made(period * cycles_before(times, stretch), at, left, made.start, end)
    endless = Made(None, at, left, made.start, None)
    return endless if length is None else cut(endless, length)


def exact_ends(made: Made, start: Value | None, stop: Value | None) -> Made:
    """The ends of a user's curve, set to the levels that it was found to meet."""

    def at(t: Fraction) -> Value:
        return start if start is not None and t == 0 else made.at(t)

    first, last = made.start if start is None else start, made.end if stop is None else stop
    return replace(made, at=at, start=first, end=last)
