"""Numbers: arithmetic that stays exact while it can.

In: exact fractions and floats, and the text of a number. Out: sums, powers and functions of them, exact or
as float64. This file refuses to know time, names and schedules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

Value = Fraction | float
ZERO, ONE = Fraction(0), Fraction(1)


class Refused(Exception):
    """The language calls the text an error; the argument is the reason."""


_NUMBER = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(?:e([+-]?\d+)|([kKMBT]))?")
_MAGNITUDE = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def number(text: str) -> Fraction:
    """The exact value of a written number."""
    found = _NUMBER.fullmatch(text.replace("_", ""))
    if not found:
        raise Refused(f"not a number: {text}")
    digits, exponent, magnitude = found.groups()
    if exponent and abs(int(exponent)) > 1000:
        raise Refused("an exact number of more than 1,000 digits")
    return short(Fraction(digits) * Fraction(10) ** int(exponent or 0) * _MAGNITUDE.get(magnitude, 1))


def short(value: Value) -> Value:
    """An exact number, if it is written with at most 1,000 digits above and below the line."""
    if isinstance(value, Fraction) and max(abs(value.numerator), value.denominator) >= 10**1000:
        raise Refused("an exact number of more than 1,000 digits")
    return value


def to_float(value: Value) -> float:
    """The nearest float64; a value that has none is refused."""
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise Refused("not finite")
    return result


def e_to(x: Fraction) -> float:
    """e^x; what a float cannot hold of x is put back to first order, so that a large x costs no digits."""
    high = to_float(x)
    if high > 709:
        raise Refused("not finite")
    return math.exp(high) * (1 + float(x - Fraction(high)))


def log_of(x: Fraction) -> float:
    """The natural logarithm of an exact number, however large."""
    return math.log(x.numerator) - math.log(x.denominator)


def power(a: Value, b: Value) -> float:
    """a^b at the float64 value of a."""
    bottom, exact = to_float(a), Fraction(b)
    try:
        if bottom == math.e:
            return to_float(e_to(exact))
        high = to_float(exact)
        result = math.pow(bottom, high)
        if bottom > 0:
            result *= 1 + float(exact - Fraction(high)) * math.log(bottom)
    except (ValueError, OverflowError):
        raise Refused(f"not finite: {bottom}^{float(b)}") from None
    return to_float(result)


def operate(op: str, a: Value, b: Value) -> Value:
    """One operator; + - * / of exact numbers stay exact, everything else is float64."""
    if op == "^":
        return power(a, b)
    if not (isinstance(a, Fraction) and isinstance(b, Fraction)):
        a, b = to_float(a), to_float(b)
    if op == "/" and b == 0:
        raise Refused("not finite: division by 0")
    result = a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b
    return result if isinstance(result, Fraction) else to_float(result)


def halfwave(x: Value) -> float:
    """(1 - cos(pi x))/2 as a square of a sine, which keeps its digits next to 0."""
    within = Fraction(x) % 2
    return math.sin(math.pi * float(min(within, 2 - within)) / 2) ** 2


def ln(x: Value) -> float:
    """The natural logarithm."""
    if x <= 0:
        raise Refused(f"ln of {float(x)}")
    return math.log(to_float(x))


def _chosen(choose: Callable[..., Value]) -> Callable[..., Value]:
    """`min` or `max`, exact only where all that it chooses from is."""
    return lambda *xs: choose(xs) if all(isinstance(x, Fraction) for x in xs) else to_float(choose(xs))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "min": _chosen(min),
    "max": _chosen(max),
    "abs": abs,
    "cos": lambda x: math.cos(to_float(x)),
    "sin": lambda x: math.sin(to_float(x)),
    "tanh": lambda x: math.tanh(to_float(x)),
    "ln": ln,
    "halfwave": halfwave,
}
