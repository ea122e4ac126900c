"""How times, values and texts are written in pictures, and where ticks stand.

In: numbers, texts. Out: short texts, round numbers. Refuses to know schedules.
"""

from __future__ import annotations

import math
from fractions import Fraction

from ..problems import number_text, time_text


def time_label(x: float | Fraction) -> str:
    """A time in few characters: `500`, `1k`, `70.1k`, `1M`. Exact where it is short, else to three digits.

    >>> [time_label(x) for x in (500, 1000, 70077.55, 1e6, 1234, 2.5)]
    ['500', '1k', '70.1k', '1M', '1234', '2.5']
    """
    if not math.isfinite(x):
        return repr(float(x))
    exact = Fraction(x)
    if exact.denominator == 1 and abs(exact) < 10_000:
        return time_text(exact).replace("_", "")
    text = time_text(exact)
    if len(text) <= 5 and "_" not in text and "/" not in text and "e" not in text:
        return text
    if abs(exact) >= 10**15:
        return f"{float(exact):.3g}".replace("e+", "e")
    short = Fraction(f"{float(exact):.3g}")
    if abs(short) >= 1000:
        size, letter = next(pair for pair in _SIZES if abs(short) >= pair[0])
        return f"{float(short / size):.4g}{letter}"
    return f"{float(short):g}"


_SIZES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def value_label(v: float) -> str:
    """A value in few characters: `3e-4`, `0.05`, `1e-6`. Exact where three digits do it, else to four.

    >>> [value_label(v) for v in (3e-4, 0.05, 1e-6, 0.1 * 3, 3e-4 * 0.1, 0.00031622776)]
    ['3e-4', '0.05', '1e-6', '0.3', '3e-5', '3.162e-4']
    """
    if not math.isfinite(v):
        return repr(v)
    short = float(f"{v:.3g}")
    return number_text(short if math.isclose(short, v, rel_tol=1e-9) else float(f"{v:.4g}"))


def one_line(text: str) -> str:
    """A text on one line, without comments, and without what a terminal would obey (it may come from a stranger)."""
    lines = (line.split("#")[0] for line in text.splitlines())
    return "".join(c if c.isprintable() else "?" for c in " ".join(" ".join(lines).split()))


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """The text, cut to fit."""
    if len(text) <= width:
        return text
    return text[: max(width - len(ellipsis), 0)].rstrip() + ellipsis if width > len(ellipsis) else text[:width]


def span_label(begin: float | Fraction, end: float | Fraction | None) -> str:
    """When a phase is: `0 to 1k`, `1k on`."""
    return f"{time_label(begin)} on" if end is None else f"{time_label(begin)} to {time_label(end)}"


def round_step(extent: float, parts: int) -> float:
    """The largest of 1, 2, 5 times a power of ten that cuts an extent in at least `parts`; never below that power."""
    rough = extent / max(parts, 1)
    size = 10.0 ** math.floor(math.log10(rough))
    return max(size * factor for factor in (1.0, 2.0, 5.0) if size * factor <= rough * 1.0000001)


def round_between(low: float, high: float, parts: int, log: bool) -> list[float]:
    """Round numbers between two, ends included: equal steps; on a log axis decades, with 2 and 5 where they are few."""
    if not low < high:
        return []
    if log:
        first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
        if last - first >= 2:
            stride = math.ceil((last - first + 1) / max(parts, 1))
            return [float(f"1e{power}") for power in range(first, last + 1) if (last - power) % stride == 0]
        found = [float(f"{digit}e{power}") for power in range(first - 1, last + 1) for digit in (1, 2, 5)]
        return [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
    step = round_step(high - low, parts)
    return [float(f"{i * step:.12g}") for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
