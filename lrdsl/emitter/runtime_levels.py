"""What a standalone module computes levels by, and the Python target all else: its functions are copied into it as they stand.

In: numbers. Out: a number by IEEE arithmetic: where Python raises, infinities and NaN, which may well be harmless, as those of
min(1, 1/t) at 0. Nothing here may use anything of lrdsl.
"""

from __future__ import annotations

import math
from typing import Any


def divide(x: Any, y: Any) -> Any:
    """x / y, infinite or NaN where numpy says so."""
    if y == 0:
        return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1.0, y)
    return x / y


def power(x: Any, y: Any) -> Any:
    """x to the power of y, infinite or NaN where numpy says so."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        return math.inf if x == 0 else math.nan


def exp(x: Any) -> Any:
    """e to the power of x, infinite where it is too large."""
    return math.exp(x) if x < 709.7 else power(math.e, x)


def ln(x: Any) -> Any:
    """The natural logarithm, infinite or NaN where numpy says so."""
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def root(x: Any) -> Any:
    """The square root, NaN of what is negative."""
    return math.sqrt(x) if x >= 0 else math.nan
