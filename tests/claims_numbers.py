"""Numbers and times for drawn schedules: what a formula is made of, at 50 digits and in floats.

In: exact fractions. Out: the same functions twice, once of mpmath and once of numpy, so that one formula serves both;
and lists of exact times. This file refuses to know what a schedule is.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any

import mpmath
import numpy as np

mpmath.mp.dps = 50
mpf = mpmath.mpf
ZERO = Fraction(0)
MOST = 2500  # joins that are looked at in one window


class TooMany(Exception):
    """More joins than are worth looking at."""


class Exact:
    """What a formula is made of, at 50 digits."""

    exp, cos, log = staticmethod(mpmath.exp), staticmethod(mpmath.cos), staticmethod(mpmath.log)
    sin, pi = staticmethod(mpmath.sin), mpmath.pi
    least, most = staticmethod(min), staticmethod(max)

    @staticmethod
    def num(value: Fraction) -> Any:
        return mpf(value.numerator) / value.denominator


class Fast:
    """What a formula is made of, for arrays of floats."""

    exp, cos, log, sin, pi = np.exp, np.cos, np.log, np.sin, np.pi
    least, most = np.minimum, np.maximum
    num = float


exact_number = Exact.num


def common(a: Fraction, b: Fraction) -> Fraction:
    """The least common multiple of two periods, where 0 is the period of a constant."""
    if not a or not b:
        return a or b
    den = a.denominator * b.denominator // gcd(a.denominator, b.denominator)
    return Fraction(lcm(int(a * den), int(b * den)), den)


def after(times: list[Fraction], a: Fraction, b: Fraction) -> list[Fraction]:
    """Those strictly between."""
    return [t for t in times if a < t < b]


def multiples(step: Fraction, a: Fraction, b: Fraction) -> list[Fraction]:
    """Those of a step strictly between."""
    first, last = floor(a / step) + 1, ceil(b / step) - 1
    if last - first > MOST:
        raise TooMany
    return [k * step for k in range(first, last + 1)]
