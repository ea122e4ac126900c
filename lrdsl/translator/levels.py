"""Levels and durations that are exact, and how they are written.

In: numbers as a library was given them. Out: exact values, and pieces of text. Refuses to know what they are levels of.

A float counts as the decimal that it prints, and a float that prints no short decimal as the simple fraction that it is the float
of: 0.1 squared is 0.01 then, and a third of a third is a ninth.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..records import frozen
from .words import fraction, number, scaled, steps

_DIGITS = 15  # a decimal of so many digits is the one that its float prints


@frozen
class Level:
    """A value, or a factor of base; `shown` is how it is written where the value alone would read badly."""

    value: Fraction
    relative: bool = True
    shown: str | None = None


BASE = Level(Fraction(1))
ZERO = Level(Fraction(0))


@frozen
class Style:
    """The unit of durations; whether levels are written that could be inferred; and whether they are factors of 1."""

    unit: str = "steps"
    explicit: bool = False
    factor: bool = False


def exact(value: Any) -> Fraction:
    """A number that a library was given as the number that was meant.

    >>> exact(0.1), exact(1/3), exact(20), exact(Fraction(97, 3))
    (Fraction(1, 10), Fraction(1, 3), Fraction(20, 1), Fraction(97, 3))
    """
    if isinstance(value, Fraction):
        return value
    return fraction(float(value)) or Fraction(repr(float(value)))


def of_base(factor: Any) -> Level:
    return Level(exact(factor))


def absolute(value: Any, shown: str | None = None) -> Level:
    return Level(exact(value), False, shown)


def same(one: Level | None, other: Level | None) -> bool:
    """Whether two levels are the same for every base; a level that is not known is the same as none."""
    if one is None or other is None:
        return False
    return one.value == other.value and (one.relative == other.relative or one.value == 0)


def decimal(value: Fraction) -> str:
    """An exact value as it is written.

    >>> decimal(Fraction(1, 100)), decimal(Fraction(97, 3)), decimal(Fraction(-1, 3))
    ('0.01', '97/3', '-1/3')
    """
    near = float(value)
    if value.denominator <= 100 and exact(near) == value and Fraction(repr(near)) != value:
        return f"{value.numerator}/{value.denominator}"
    return number(near)


def level(value: Level, style: Style) -> str:
    """A level as it is written.

    >>> level(of_base(0.1), Style()), level(of_base(1/3), Style(factor=True)), level(absolute(0.001), Style())
    ('0.1*base', '1/3', '1e-3')
    """
    if value.shown is not None:
        return value.shown
    if value.relative and not style.factor:
        return scaled(float(value.value))
    return decimal(value.value)


def share(value: Level, whole: Level, style: Style) -> str:
    """A level as a share of the other level of its phase, where that is shorter.

    >>> share(of_base(0.1), BASE, Style()), share(of_base(0.1234), BASE, Style()), share(absolute(0.1), BASE, Style())
    ('10%', '0.1234*base', '0.1')
    """
    percent = number(float(value.value * 100))
    if value.relative and same(whole, BASE) and 0 < value.value < 1 and len(percent) <= 3 and "e" not in percent:
        return f"{percent}%"
    return level(value, style)


def duration(value: Fraction, unit: str) -> str:
    """A duration as it is written.

    >>> duration(Fraction(1000), "steps"), duration(Fraction(1), "epochs"), duration(Fraction(97, 3), "epochs")
    ('1k', '1 epoch', '97 epochs/3')
    """
    if unit == "steps":
        return steps(value)
    if value.denominator == 1 or Fraction(repr(float(value))) == value:
        return f"{number(float(value))} {unit.removesuffix('s') if value == 1 else unit}"
    return f"{value.numerator} {unit}/{value.denominator}"
