"""The functions and operators: one row each.

A row holds how many operands a function takes, its value on floats, its bounds on intervals, and how each target writes it.
Values follow IEEE: what is not finite is inf or NaN, never an exception. Bounds are rounded outward. Refuses to know where an
operand comes from. A new function is a new row here and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Interval = tuple[float, float]

INF = math.inf
EVERYTHING: Interval = (-INF, INF)


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    `arity` is (least, most), most None for any number. `ufunc` names what numpy computes it by, in place; `numpy` and
    `python` are how a module writes it, with `{0}`, `{1}` for operands in brackets where they need them. `named` tells
    that users may call it by its name.
    """

    name: str
    arity: tuple[int, int | None]
    value: Callable[..., float]
    bounds: Callable[..., Interval]
    ufunc: str
    numpy: str
    python: str
    named: bool = True


def divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(INF, a) * math.copysign(1.0, b)
    return a / b


def power(a: float, b: float) -> float:
    try:
        found = a**b
    except OverflowError:
        return INF
    except ZeroDivisionError:
        return INF
    return math.nan if isinstance(found, complex) else found


def logarithm(x: float) -> float:
    if x > 0:
        return math.log(x)
    return -INF if x == 0 else math.nan


def exponential(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return INF


def _periodic(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if math.isfinite(x) else math.nan


# sin(pi x / 2)^2 on [0, 1/2] as a polynomial in x^2, minimax to 1.4e-17. `(1 - cos(pi x)) / 2` would lose all digits
# next to 0, and a polynomial for all of [0, 1] is neither exact at 1 nor monotone.
HALFWAVE = (
    2.4674011002723395,
    -2.0293560632083665,
    0.6676313844258581,
    -0.1176653151341222,
    0.012903444990703825,
    -0.0009647811964124407,
    5.229105563740674e-05,
    -2.0827712048942054e-06,
)


def halfwave(x: float) -> float:
    """(1 - cos(pi x)) / 2, right to the last digit next to 0 and exact at 0, 1/2 and 1."""
    if not math.isfinite(x):
        return math.nan
    x = abs(x - 2.0 * float(round(0.5 * x)))
    near = 1.0 - x if x > 0.5 else x
    y = near * near
    v = HALFWAVE[7]
    for coefficient in HALFWAVE[6::-1]:
        v = coefficient + y * v
    v = y * v
    return 1.0 - v if x > 0.5 else v


def blend(start: float, stop: float, weight: float, rest: float) -> float:
    """From `start` to `stop` by a weight and `rest` = 1 - weight: the level nearer 0 plus distance times weight.

    Exact at both ends, never outside the two, monotone where the weights are, and right to the last digits where the
    levels have one sign; `start + (stop - start) * weight` has none of these.
    """
    near, far, share = (stop, start, rest) if abs(stop) <= abs(start) else (start, stop, weight)
    found = near + distance(near, far) * share
    return min(max(found, min(start, stop)), max(start, stop))


def distance(near: float, far: float) -> float:
    """far - near, one float further out where the rounded difference would fall short of `far`."""
    found = far - near
    if (near + found < far) if far > near else (near + found > far):
        found = math.nextafter(found, math.copysign(INF, found))
    return found


def _hull(start: Interval, stop: Interval, weight: Interval, rest: Interval) -> Interval:
    return min(start[0], stop[0]), max(start[1], stop[1])


def _out(low: float, high: float) -> Interval:
    """The interval, rounded outward by one float; NaN at either end makes it everything."""
    if low != low or high != high:
        return EVERYTHING
    return math.nextafter(low, -INF), math.nextafter(high, INF)


def _add(a: Interval, b: Interval) -> Interval:
    return _out(a[0] + b[0], a[1] + b[1])


def _subtract(a: Interval, b: Interval) -> Interval:
    return _out(a[0] - b[1], a[1] - b[0])


def _multiply(a: Interval, b: Interval) -> Interval:
    # 0 times an infinite bound is 0 here: the bound stands for arbitrarily large finite values.
    products = [0.0 if x == 0 or y == 0 else x * y for x in a for y in b]
    return _out(min(products), max(products))


def _divide(a: Interval, b: Interval) -> Interval:
    if b[0] <= 0 <= b[1]:
        return EVERYTHING
    quotients = [divide(x, y) if math.isfinite(y) else 0.0 for x in a for y in b]
    return _out(min(quotients), max(quotients))


def _power(a: Interval, b: Interval) -> Interval:
    if a[0] > 0 or (a[0] >= 0 and b[0] > 0):
        # x^y is monotone in each operand for x > 0, so the corners bound it.
        corners = [_corner(x, y) for x in a for y in b]
        return _out(*_wide(min(corners), max(corners)))
    if b[0] == b[1] and float(b[0]).is_integer() and b[0] >= 0:
        corners = [_corner(x, b[0]) for x in a]
        low = 0.0 if b[0] % 2 == 0 and a[0] <= 0 <= a[1] else min(corners)
        return _out(*_wide(low, max(corners)))
    return EVERYTHING


def _corner(x: float, y: float) -> float:
    if x == INF and y == 0:
        return 1.0
    return power(x, y)


def _wide(low: float, high: float) -> Interval:
    # The libraries' transcendental functions are within an ulp or two, not exact.
    return low - abs(low) * 4e-16, high + abs(high) * 4e-16


def _rising(function: Callable[[float], float]) -> Callable[[Interval], Interval]:
    def bounds(a: Interval) -> Interval:
        return _out(*_wide(function(a[0]), function(a[1])))

    return bounds


def _wave(
    function: Callable[[float], float], top: float, period: float, least: float
) -> Callable[[Interval], Interval]:
    """Bounds of a wave between `least` and 1 with its maxima at `top + k * period`."""

    def bounds(a: Interval) -> Interval:
        if not (a[0] > -INF and a[1] < INF):
            return EVERYTHING  # the wave of what may be infinite may be NaN
        if not a[1] - a[0] < period:
            return least, 1.0
        ends = (function(a[0]), function(a[1]))
        low, high = _out(*_wide(min(ends), max(ends)))
        slack = 1e-9 * (1.0 + abs(a[0]) + abs(a[1]))
        if _meets(a, top, period, slack):
            high = 1.0
        if _meets(a, top + period / 2, period, slack):
            low = least
        return max(low, least), min(high, 1.0)

    return bounds


def _meets(a: Interval, point: float, period: float, slack: float) -> bool:
    return math.floor((a[1] + slack - point) / period) >= math.ceil((a[0] - slack - point) / period)


def _absolute(a: Interval) -> Interval:
    low = 0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))
    return low, max(abs(a[0]), abs(a[1]))


def _least(*many: Interval) -> Interval:
    return min(low for low, _ in many), min(high for _, high in many)


def _greatest(*many: Interval) -> Interval:
    return max(low for low, _ in many), max(high for _, high in many)


def _logarithm(a: Interval) -> Interval:
    return _out(*_wide(logarithm(a[0]), logarithm(a[1]))) if a[0] > 0 else EVERYTHING


FUNCTIONS: dict[str, Function] = {
    row.name: row
    for row in (
        Function("+", (2, 2), lambda a, b: a + b, _add, "add", "{0} + {1}", "{0} + {1}", False),
        Function("-", (2, 2), lambda a, b: a - b, _subtract, "subtract", "{0} - {1}", "{0} - {1}", False),
        Function("*", (2, 2), lambda a, b: a * b, _multiply, "multiply", "{0} * {1}", "{0} * {1}", False),
        Function("/", (2, 2), divide, _divide, "divide", "{0} / {1}", "{0} / {1}", False),
        Function("^", (2, 2), power, _power, "power", "power({0}, {1})", "math.pow({0}, {1})", False),
        Function("neg", (1, 1), lambda a: -a, lambda a: (-a[1], -a[0]), "negative", "-{0}", "-{0}", False),
        # Of two equal zeros np.minimum and np.maximum return the second, unlike Python's min and max.
        Function("min", (1, None), lambda *a: _fold(a, lambda v, c: v if v < c else c), _least, "minimum",
                 "np.minimum({0}, {1})", "min({0}, {1})"),
        Function("max", (1, None), lambda *a: _fold(a, lambda v, c: v if v > c else c), _greatest, "maximum",
                 "np.maximum({0}, {1})", "max({0}, {1})"),
        Function("abs", (1, 1), abs, _absolute, "absolute", "np.abs({0})", "abs({0})"),
        Function("cos", (1, 1), _periodic(math.cos), _wave(_periodic(math.cos), 0.0, 2 * math.pi, -1.0), "cos",
                 "np.cos({0})", "math.cos({0})"),
        Function("sin", (1, 1), _periodic(math.sin), _wave(_periodic(math.sin), math.pi / 2, 2 * math.pi, -1.0), "sin",
                 "np.sin({0})", "math.sin({0})"),
        Function("tanh", (1, 1), math.tanh, _rising(math.tanh), "tanh", "np.tanh({0})", "math.tanh({0})"),
        Function("ln", (1, 1), logarithm, _logarithm, "log", "np.log({0})", "math.log({0})"),
        Function("halfwave", (1, 1), halfwave, _wave(halfwave, 1.0, 2.0, 0.0), "", "halfwave({0})", "halfwave({0})"),
        Function("blend", (4, 4), blend, _hull, "", "blend({0}, {1}, {2}, {3})", "blend({0}, {1}, {2}, {3})", False),
        # What the emitter makes of powers; numpy takes other routines for these exponents when they are arrays.
        Function("exp", (1, 1), exponential, _rising(exponential), "exp", "np.exp({0})", "math.exp({0})", False),
        Function("exp2", (1, 1), lambda x: power(2.0, x), _rising(lambda x: power(2.0, x)), "exp2", "np.exp2({0})",
                 "2.0 ** {0}", False),
        Function("sqrt", (1, 1), lambda x: math.sqrt(x) if x >= 0 else math.nan, lambda a: EVERYTHING, "sqrt",
                 "np.sqrt({0})", "math.sqrt({0})", False),
        Function("square", (1, 1), lambda x: x * x, lambda a: EVERYTHING, "square", "{0} * {0}", "{0} * {0}", False),
        Function("reciprocal", (1, 1), lambda x: divide(1.0, x), lambda a: EVERYTHING, "reciprocal", "1.0 / {0}",
                 "1.0 / {0}", False),
    )
}  # fmt: skip

NAMED: frozenset[str] = frozenset(name for name, row in FUNCTIONS.items() if row.named)


def _fold(values: tuple[float, ...], better: Callable[[float, float], float]) -> float:
    found = values[0]
    for value in values[1:]:
        # NaN passes through, as in numpy.
        found = found if found != found else value if value != value else better(found, value)
    return found
