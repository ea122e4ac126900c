"""The functions and operators: one row each.

A row holds how many operands a function takes, its value on floats, its bounds and the bounds of its derivatives on intervals, and
how each target writes it. Values follow IEEE: what is not finite is inf or NaN, never an exception. Bounds are rounded outward.
Refuses to know where an operand comes from. A new function is a new row here and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .intervals import (
    EVERYTHING,
    INF,
    ONE,
    ZERO,
    Interval,
    absolute,
    add,
    hull,
    multiply,
    negate,
    rising,
    square,
    subtract,
    valued_product,
    wave,
    wide,
)
from .intervals import (
    divide as divided,
)
from .intervals import (
    power as powered,
)
from .records import frozen

# What a target calls the module that its operations are found in.
MODULES = {"numpy": "np", "torch": "torch", "jax": "jnp"}
TARGETS = (*MODULES, "python")  # what a module can be written for


@frozen
class Function:
    """One function.

    `arity` is (least, most), most None for any number. `slopes` bounds the derivative by each operand over a box of operands; at
    a kink these are the slopes on both sides of it, and where they have one sign the function is monotone. `ufunc` names what
    numpy computes it by, in place; `numpy` and `python` are how a module writes it, with `{0}`, `{1}` for operands in brackets
    where they need them. `named` tells that users may call it by its name. `integral` bounds an antiderivative, where it has a
    plain one.
    """

    name: str
    arity: tuple[int, int | None]
    value: Callable[..., float]
    bounds: Callable[..., Interval]
    slopes: Callable[..., tuple[Interval, ...]]
    ufunc: str
    numpy: str
    python: str
    named: bool = True
    integral: Callable[[Interval], Interval] | None = None
    torch: str = ""  # where it is not called as numpy calls it
    jax: str = ""

    def template(self, target: str) -> str:
        """How a target writes it."""
        if target == "python":
            return self.python
        own = {"torch": self.torch, "jax": self.jax}.get(target)
        return own or self.numpy.replace("np.", f"{MODULES[target]}.")


def divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(INF, a) * math.copysign(1.0, b)
    return a / b


def power(a: float, b: float) -> float:
    try:
        found = a**b
    except OverflowError:
        return -INF if a < 0 and b % 2 == 1 else INF
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


# --- bounds and slopes on intervals -----------------------------------------------------------------------------------


def _power(a: Interval, b: Interval) -> Interval:
    return powered(a, b, power)


def _power_slopes(a: Interval, b: Interval) -> tuple[Interval, Interval]:
    # A whole exponent less 1 is whole again, and must not be rounded: what is below 0 has whole powers only.
    less = (b[0] - 1, b[0] - 1) if b[0] == b[1] and b[0].is_integer() and abs(b[0]) < 2**53 else subtract(b, ONE)
    by_base = multiply(b, _power(a, less))
    if a[1] <= 0:  # whole exponents only, so the exponent does not change
        return by_base, EVERYTHING
    by_exponent = multiply(_power(a, b), _logarithm((max(a[0], 0.0), a[1])))
    return by_base, by_exponent if a[0] > 0 else EVERYTHING


def _logarithm(a: Interval) -> Interval:
    if a[0] < 0:
        return EVERYTHING
    low = 0.0 if a[0] == 1 else wide(logarithm(a[0]), 0.0)[0]
    return low, 0.0 if a[1] == 1 else wide(0.0, logarithm(a[1]))[1]


def _pick(*many: Interval, sign: float) -> tuple[Interval, ...]:
    """The slopes of min (sign 1) and max (sign -1): 1 by the operand that is surely chosen, 0 by one that surely is not."""
    ordered = [one if sign > 0 else negate(one) for one in many]
    found = []
    for index, (low, high) in enumerate(ordered):
        others = ordered[:index] + ordered[index + 1 :]
        if any(other[1] <= low for other in others):
            found.append(ZERO)
        else:
            found.append(ONE if all(high <= other[0] for other in others) else (0.0, 1.0))
    return tuple(found)


def _sign(a: Interval) -> Interval:
    if a[0] < 0 < a[1] or a == ZERO:
        return -1.0, 1.0
    return (-1.0, -1.0) if a[0] < 0 else ONE


def _tanh_slope(a: Interval) -> Interval:
    near, far = absolute(a)
    return max(wide(_bell(far), 1.0)[0], 0.0), min(wide(0.0, _bell(near))[1], 1.0)


def _bell(x: float) -> float:
    return 1 / math.cosh(x) ** 2 if x < 300 else 0.0


def _half_slope(a: Interval) -> Interval:
    """pi/2 sin(pi x), and its sign between whole numbers."""
    low, high = multiply((math.pi / 2, math.nextafter(math.pi / 2, INF)), _HALF_SINE(a))
    if a[1] - a[0] <= 1 and math.floor(a[0]) + 1 >= a[1]:
        rises = math.floor(a[0]) % 2 == 0
        return (max(low, 0.0), high) if rises else (low, min(high, 0.0))
    return low, high


def _half_sine(x: float) -> float:
    """sin(pi x)."""
    if not math.isfinite(x):
        return math.nan
    x = x - 2.0 * float(round(0.5 * x))
    if abs(x) <= 0.5:
        return math.sin(math.pi * x)
    return math.copysign(math.sin(math.pi * (1.0 - abs(x))), x)


_COS = wave(_periodic(math.cos), 0.0, 2 * math.pi, -1.0)
_SIN = wave(_periodic(math.sin), math.pi / 2, 2 * math.pi, -1.0)


def _tanh_integral(a: Interval) -> Interval:
    """ln cosh, which is |x| - ln 2 far out."""
    sizes = absolute(a)
    low, high = (x - math.log(2) + math.log1p(math.exp(-2 * x)) for x in sizes)
    return wide(low - 1e-16, high + 1e-16)


def _logarithm_integral(a: Interval) -> Interval:
    return subtract(multiply(a, _logarithm(a)), a)


def _half_integral(a: Interval) -> Interval:
    """(x - sin(pi x)/pi) / 2."""
    over_pi = divided(_HALF_SINE(a), (math.pi, math.nextafter(math.pi, INF)))
    return multiply(subtract(a, over_pi), (0.5, 0.5))


_EXP = rising(exponential, 0.0)
_HALF_SINE = wave(_half_sine, 0.5, 2.0, -1.0)


def _blend(start: Interval, stop: Interval, weight: Interval, rest: Interval) -> Interval:
    return hull((start, stop))


def _blend_slopes(start: Interval, stop: Interval, weight: Interval, rest: Interval) -> tuple[Interval, ...]:
    # Which of the two levels is the nearer one decides which weight counts; beyond either of them it is held.
    gap = subtract(stop, start)
    at_start, at_stop = absolute(start), absolute(stop)
    found: tuple[Interval, ...]
    first = (subtract(ONE, weight), weight, gap, ZERO)
    second = (rest, subtract(ONE, rest), ZERO, negate(gap))
    if at_start[1] < at_stop[0]:
        found = first
    elif at_stop[1] <= at_start[0]:
        found = second
    else:
        found = tuple(hull((one, two)) for one, two in zip(first, second, strict=True))
    if min(weight[0], rest[0]) >= 0 and max(weight[1], rest[1]) <= 1:
        return found
    return tuple(hull((one, (0.0, 1.0) if index < 2 else ZERO)) for index, one in enumerate(found))


def _square_root(a: Interval) -> Interval:
    return _power(a, (0.5, 0.5))


FUNCTIONS: dict[str, Function] = {
    row.name: row
    for row in (
        Function("+", (2, 2), lambda a, b: a + b, add, lambda a, b: (ONE, ONE), "add", "{0} + {1}", "{0} + {1}", False),
        Function("-", (2, 2), lambda a, b: a - b, subtract, lambda a, b: (ONE, (-1.0, -1.0)), "subtract",
                 "{0} - {1}", "{0} - {1}", False),
        Function("*", (2, 2), lambda a, b: a * b, valued_product, lambda a, b: (b, a), "multiply", "{0} * {1}", "{0} * {1}",
                 False),
        Function("/", (2, 2), divide, divided, lambda a, b: (divided(ONE, b), negate(divided(a, square(b)))), "divide",
                 "{0} / {1}", "divide({0}, {1})", False, jax="divide({0}, {1})"),
        Function("^", (2, 2), power, _power, _power_slopes, "power", "powers({0}, {1})", "power({0}, {1})", False,
                 jax="power({0}, {1})"),
        Function("neg", (1, 1), lambda a: -a, negate, lambda a: ((-1.0, -1.0),), "negative", "-{0}", "-{0}", False),
        # Of two equal zeros np.minimum and np.maximum return the second, unlike Python's min and max.
        Function("min", (1, None), lambda *a: _fold(a, lambda v, c: v if v < c else c),
                 lambda *a: (min(low for low, _ in a), min(high for _, high in a)), lambda *a: _pick(*a, sign=1.0),
                 "minimum", "np.minimum({0}, {1})", "min({0}, {1})", torch="minimum({0}, {1})", jax="minimum({0}, {1})"),
        Function("max", (1, None), lambda *a: _fold(a, lambda v, c: v if v > c else c),
                 lambda *a: (max(low for low, _ in a), max(high for _, high in a)), lambda *a: _pick(*a, sign=-1.0),
                 "maximum", "np.maximum({0}, {1})", "max({0}, {1})", torch="maximum({0}, {1})", jax="maximum({0}, {1})"),
        Function("abs", (1, 1), abs, absolute, lambda a: (_sign(a),), "absolute", "np.abs({0})", "abs({0})",
                 jax="absolute({0})"),
        Function("cos", (1, 1), _periodic(math.cos), _COS, lambda a: (negate(_SIN(a)),), "cos", "np.cos({0})",
                 "math.cos({0})", integral=_SIN, jax="cos({0})"),
        Function("sin", (1, 1), _periodic(math.sin), _SIN, lambda a: (_COS(a),), "sin", "np.sin({0})", "math.sin({0})",
                 integral=lambda a: negate(_COS(a)), jax="sin({0})"),
        Function("tanh", (1, 1), math.tanh, rising(math.tanh, -1.0, 1.0), lambda a: (_tanh_slope(a),), "tanh",
                 "np.tanh({0})", "math.tanh({0})", integral=_tanh_integral, jax="tanh({0})"),
        Function("ln", (1, 1), logarithm, _logarithm, lambda a: (divided(ONE, a) if a[0] >= 0 else EVERYTHING,), "log",
                 "np.log({0})", "ln({0})", integral=_logarithm_integral, jax="ln({0})"),
        Function("halfwave", (1, 1), halfwave, wave(halfwave, 1.0, 2.0, 0.0), lambda a: (_half_slope(a),), "",
                 "halfwave({0})", "halfwave({0})", integral=_half_integral),
        Function("blend", (4, 4), blend, _blend, _blend_slopes, "", "blend({0}, {1}, {2}, {3})",
                 "blend({0}, {1}, {2}, {3})", False),
        # What the emitter makes of powers; numpy takes other routines for these exponents when they are arrays.
        Function("exp", (1, 1), exponential, _EXP, lambda a: (_EXP(a),), "exp", "np.exp({0})",
                 "exp({0})", False, jax="exp({0})"),
        Function("exp2", (1, 1), lambda x: power(2.0, x), rising(lambda x: power(2.0, x), 0.0),
                 lambda a: (_power_slopes((2.0, 2.0), a)[1],), "exp2", "np.exp2({0})", "power(2.0, {0})", False,
                 jax="power(2.0, {0})"),
        Function("sqrt", (1, 1), lambda x: math.sqrt(x) if x >= 0 else math.nan, _square_root,
                 lambda a: (_power_slopes(a, (0.5, 0.5))[0],), "sqrt", "np.sqrt({0})", "root({0})", False,
                 jax="root({0})"),
        Function("square", (1, 1), lambda x: x * x, square, lambda a: (multiply((2.0, 2.0), a),), "square",
                 "{0} * {0}", "{0} * {0}", False),
        Function("reciprocal", (1, 1), lambda x: divide(1.0, x), lambda a: divided(ONE, a),
                 lambda a: (negate(divided(ONE, square(a))),), "reciprocal", "1.0 / {0}", "divide(1.0, {0})", False),
    )
}  # fmt: skip

NAMED: frozenset[str] = frozenset(name for name, row in FUNCTIONS.items() if row.named)


def _fold(values: tuple[float, ...], better: Callable[[float, float], float]) -> float:
    found = values[0]
    for value in values[1:]:
        # NaN passes through, as in numpy.
        found = found if found != found else value if value != value else better(found, value)
    return found
