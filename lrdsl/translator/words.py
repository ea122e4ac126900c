"""Numbers, levels and durations as a person writes them.

In: values that a library was given. Out: pieces of text that read back as exactly those values. Refuses to know any library.
"""

from __future__ import annotations

from fractions import Fraction

from .. import problems
from ..diagnostic import ScheduleError
from ..problems import time_text
from ..records import frozen

_PLAIN = 100  # up to this denominator a fraction is shown as one


@frozen
class Said:
    """A text, and the last step at which its library has that value too; None where that never ends.

    `parts` are the phases that the text was written from, where another text may go on with them.
    """

    text: str
    until: int | None = None
    parts: tuple[object, ...] = ()


def refuse(scheduler: str, why: str, advice: str | None = None) -> ScheduleError:
    """The error for a scheduler that is no function of time, or none that a text can say."""
    return ScheduleError(problems.unsayable(scheduler, why, advice))


def number(value: float) -> str:
    """A value as the shortest decimal that reads back as it.

    >>> number(0.001), number(0.05), number(1.0), number(0.00022)
    ('1e-3', '0.05', '1', '2.2e-4')
    """
    text = repr(float(value))
    mantissa, mark, exponent = text.partition("e")
    if mark:
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    if value != 0 and abs(value) < 0.01:
        digits = text.lstrip("-0.").rstrip("0")
        places = len(text.partition(".")[2].rstrip("0"))
        shown = digits[0] + (f".{digits[1:]}" if digits[1:] else "")
        return f"{'-' if value < 0 else ''}{shown}e{len(digits) - 1 - places}"
    return text.removesuffix(".0")


def fraction(value: float) -> Fraction | None:
    """The simple fraction that a value is the float of, if it is no short decimal: 0.3333333333333333 is 1/3."""
    found = Fraction(float(value)).limit_denominator(_PLAIN)
    return found if len(repr(float(value))) > 12 and float(found) == value else None


def scaled(factor: float, level: str = "base") -> str:
    """A factor of a level.

    >>> scaled(1.0), scaled(0.1), scaled(1 / 3), scaled(0.0)
    ('base', '0.1*base', 'base/3', '0')
    """
    if factor == 1:
        return level
    if factor == 0:
        return "0"
    exact = fraction(factor)
    if exact is None:
        return f"{number(factor)}*{level}"
    above = level if exact.numerator == 1 else f"{exact.numerator}*{level}"
    return f"{above}/{exact.denominator}"


def steps(value: float | Fraction) -> str:
    """A duration in steps.

    >>> steps(1000), steps(12_345), steps(Fraction(293, 10)), steps(0), steps(0.5), steps(3 * 10**11)
    ('1k', '12_345', '29.3', '0 steps', '0.5 steps', '300B steps')
    """
    exact = (
        value if isinstance(value, Fraction) else Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    )
    if exact.denominator == 1 and 0 < exact < 10**15:
        shown = time_text(exact)
        return f"{shown} steps" if shown[-1] in "BT" else shown  # 300B of what?
    shown = number(float(exact)) if Fraction(repr(float(exact))) == exact else str(exact)
    return shown if exact >= 1 else f"{shown} steps"
