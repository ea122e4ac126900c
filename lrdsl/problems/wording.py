"""How times, values and texts are written in messages.

In: exact times, floats, pieces of text. Out: words. Refuses to know any problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from ..diagnostic import Diagnostic, Label, Mend
from ..source import Span


def problem(
    code: str,
    message: str,
    span: Span | None,
    label: str = "",
    mends: Iterable[Mend | None] = (),
    also: Iterable[Label] = (),
) -> Diagnostic:
    labels = () if span is None else (Label(span, label), *also)
    shown: dict[object, Mend] = {}
    for mend in mends:
        if mend is not None:
            shown.setdefault(mend.edits or mend.says, mend)
    return Diagnostic(code, message, labels, tuple(shown.values()))


def change(span: Span, new: str, says: str | None = None) -> Mend:
    return Mend(says or f"`{new}`", ((span, new),))


def time_text(value: Fraction) -> str:
    """A time as people write it: 12k, 1.5M, 12_345, 7/3."""
    if value.denominator == 1:
        number = int(value)
        if abs(number) >= 10**15:
            digits = str(abs(number))
            shown = f"{digits[0]}.{digits[1:6]}".rstrip("0").rstrip(".")
            return f"{'-' if number < 0 else ''}{shown}e{len(digits) - 1}"
        for size, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
            # Three decimals from a million on: 430.467M reads better than 430467k, but 12_345 better than 12.345k.
            if abs(number) >= size and number * (100 if size == 1000 else 1000) % size == 0:
                shown = decimal(Fraction(number, size))
                if Fraction(shown) * size == number:  # with more than six digits 41_943_040 reads better, and is it
                    return f"{shown}{letter}"
        return f"{number:_}"
    if abs(value) >= 10**15:
        return time_text(Fraction(int(value)))
    if 1000 % value.denominator == 0 or value.denominator > 100:
        return f"{float(value):.6g}" if abs(value) < 10**300 else "a huge number"
    return str(value)


def decimal(value: Fraction) -> str:
    return str(int(value)) if value.denominator == 1 else f"{float(value):g}"


def number_text(value: float) -> str:
    """A value as people write it: 3e-4, 0.05, 1."""
    if not math.isfinite(value):
        return repr(value)
    text = f"{value:.6g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}e{int(exponent)}"
    if value != 0 and abs(value) < 0.01:
        digits = f"{value:.5e}".split("e")
        return f"{float(digits[0]):g}e{int(digits[1])}"
    return text


def shown_text(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:28]} ... {text[-28:]}"


def duration_text(value: Fraction, clock: str) -> str:
    """A duration on a clock as people write it; a bare number is steps."""
    if clock == "steps":
        return time_text(value)
    return f"{time_text(value)} {clock.removesuffix('s') if value == 1 else clock}"
