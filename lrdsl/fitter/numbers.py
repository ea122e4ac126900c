"""The numbers that a person would have written, near a number that was measured.

In: a range. Out: the decimals in it with the fewest digits, the nearest to a value first. Refuses to know what they are for.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

_DIGITS = 15


def simple(low: float, high: float, value: float, most: int = 6, around: int = 1) -> list[float]:
    """The decimals from `low` to `high` with the fewest digits; for each number of digits the nearest to `value` first,
    and no more than `around` on either side of it.

    >>> simple(0.00029996, 0.00030003, 0.00029999)[:2]
    [0.0003, 0.00029999]
    >>> simple(998.2, 1001.5, 999.9)[0]
    1000.0
    """
    found: list[float] = [0.0] if low <= 0 <= high else []
    size = max(abs(low), abs(high))
    if not math.isfinite(size) or size == 0:
        return found
    exponent = math.floor(math.log10(size))
    for digits in range(1, _DIGITS + 1):
        step = Fraction(10) ** (exponent - digits + 1)
        first, last = math.ceil(Fraction(low) / step), math.floor(Fraction(high) / step)
        if first > last:
            continue
        near = round(Fraction(value) / step)
        tried = sorted(
            {min(max(near + offset, first), last) for offset in range(-around, around + 1)},
            key=lambda one: abs(one - near),
        )
        found += [one for one in (float(step * n) for n in tried) if one not in found]
        if len(found) >= most:
            break
    return found


def digits(value: float) -> int:
    """How many digits a number is written with.

    >>> digits(0.0003), digits(1200), digits(137.5)
    (1, 2, 4)
    """
    mantissa = f"{abs(value):.16e}" if value == 0 else repr(abs(float(value)))
    text = mantissa.split("e")[0].replace(".", "").strip("0")
    return max(len(text), 1)


def effort(text: str) -> int:
    """How much there is to read and to wonder at: letters, and digits beyond the third of a number thrice more."""
    return len(text) + 3 * sum(max(0, size - 3) for size in _sizes(text))


def longest_number(text: str) -> int:
    """The most digits that a number of a text has."""
    return max(_sizes(text), default=0)


def _sizes(text: str) -> list[int]:
    numbers = re.findall(r"\d+(?:_\d+)*(?:\.\d+)?", text)
    return [len(one.replace("_", "").replace(".", "").strip("0")) for one in numbers]
