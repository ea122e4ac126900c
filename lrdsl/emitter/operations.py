"""The operations of forms, on numbers and on blocks of arrays.

In: operands. Out: values. Every operation is the same IEEE operation on both paths: `+ - * /` and the root are plain Python on
numbers, everything else goes through numpy's own routine there too, since `math.exp` is not `np.exp`. Refuses to know forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..functions import FUNCTIONS, HALFWAVE, divide, halfwave

Floats = NDArray[np.float64]


class Scratch:
    """Blocks of floats that are used again and again, so that an array of any size needs a fixed number of them.

    What was taken last is given back first. A block for many bases has a row a time and a column a base.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.blocks: list[Floats] = []
        self.taken = 0

    def take(self, size: int) -> Floats:
        if self.taken == len(self.blocks):
            # Where a block begins with a line of the cache, a pass over it takes a fifth less.
            room = np.empty(self.size + 7)
            first = -room.__array_interface__["data"][0] % 64 // 8
            self.blocks.append(room[first : first + self.size])
        block = self.blocks[self.taken]
        self.taken += 1
        return block if size == self.size else block[:size]

    def like(self, out: Floats) -> Floats:
        room = self.take(out.size)
        return room if out.ndim == 1 else room.reshape(out.shape)

    def give(self, count: int) -> None:
        self.taken -= count


# For an exponent of its own that is one of these, numpy's power is another routine than for an array of exponents, and
# differs from it in the last digit. Where an exponent changes with time the array's routine must serve numbers too.
_SPECIAL = (2.0, 0.5, -1.0)


def power(a: float, b: float) -> float:
    """a^b as np.power has it for arrays of exponents."""
    if b not in _SPECIAL and a > 0 and abs(b * math.log(a)) < 700:
        return float(np.power(a, b))
    with np.errstate(all="ignore"):
        return float(np.power(np.full(2, a), np.full(2, b))[0])


def _quiet(ufunc: Callable[[float], Any]) -> Callable[[float], float]:
    """A ufunc where it may overflow, of which numpy would warn."""

    def run(x: float) -> float:
        with np.errstate(all="ignore"):
            return float(ufunc(x))

    return run


# --- numbers: how each operation is written in Python, `{0}` and `{1}` being names ------------------------------------

# What is written may use these names.
NAMES: dict[str, Any] = {
    "divide": divide, "power": power, "halfwave": halfwave, "root": math.sqrt, "nan": math.nan,
    **{name: getattr(np, name) for name in ("exp", "exp2", "log", "cos", "sin", "tanh")},
    **{f"quiet_{name}": _quiet(getattr(np, name)) for name in ("exp", "exp2", "log", "cos", "sin")},
}  # fmt: skip


def _horner() -> str:
    text = repr(HALFWAVE[7])
    for coefficient in HALFWAVE[6::-1]:
        text = f"({coefficient!r} + y * {text})"
    return f"y * {text}"


SCALAR: dict[str, str] = {
    "+": "{r} = {0} + {1}",
    "-": "{r} = {0} - {1}",
    "*": "{r} = {0} * {1}",
    "/": "{r} = {0} / {1} if {1} else divide({0}, {1})",
    "^": "{r} = power({0}, {1})",
    "neg": "{r} = -{0}",
    # Of two equal zeros np.minimum and np.maximum return the second; NaN passes through.
    "min": "{r} = {0} if {0} < {1} or {0} != {0} else {1}",
    "max": "{r} = {0} if {0} > {1} or {0} != {0} else {1}",
    "abs": "{r} = abs({0})",
    "sqrt": "{r} = root({0}) if {0} >= 0.0 else nan",
    "reciprocal": "{r} = 1.0 / {0} if {0} else divide(1.0, {0})",
    "halfwave": "{r} = halfwave({0})",
    "halfwave of 0..1": "\n".join((
        "y = 1.0 - {0} if {0} > 0.5 else {0}",
        "y = y * y",
        f"y = {_horner()}",
        "{r} = 1.0 - y if {0} > 0.5 else y",
    )),
    "anchor": "{r} = {1} if {0} == 0 else {2}",
    "exp": "{r} = float(exp({0})) if -700.0 < {0} < 700.0 else quiet_exp({0})",
    "exp2": "{r} = float(exp2({0})) if -1000.0 < {0} < 1000.0 else quiet_exp2({0})",
    "ln": "{r} = float(log({0})) if 0.0 < {0} < 1e308 else quiet_log({0})",
    "cos": "{r} = float(cos({0})) if -1e308 < {0} < 1e308 else quiet_cos({0})",
    "sin": "{r} = float(sin({0})) if -1e308 < {0} < 1e308 else quiet_sin({0})",
    "tanh": "{r} = float(tanh({0}))",
    "inner": "{r} = {0}(t, low)",
}  # fmt: skip


# --- blocks -----------------------------------------------------------------------------------------------------------

# Powers are not: see below.
UFUNC: dict[str, Callable[..., Any]] = {
    name: getattr(np, row.ufunc) for name, row in FUNCTIONS.items() if row.ufunc and name != "^"
}

# A ufunc is half as costly with a 0-d array for a constant as with a Python float.
_FIRST, *_MORE = (np.array(coefficient) for coefficient in reversed(HALFWAVE))
_TWO, _ONE, _HALF = np.array(2.0), np.array(1.0), np.array(0.5)
_WORTH = 4096  # times from which it pays to look whether all are in one half of a wave


def power_into(scratch: Scratch, out: Floats, a: Any, b: Any) -> None:
    if out.size == 1:
        # An array of one has no stride, so numpy takes its exponent for one of its own.
        out[...] = power(float(np.ravel(a)[0]), float(np.ravel(b)[0]))
    elif b.ndim == 2 and b.shape != out.shape:
        # The same holds for an exponent that all bases share.
        exponents = scratch.like(out)
        np.copyto(exponents, b)
        np.power(a, exponents, out=out)
        scratch.give(1)
    else:
        np.power(a, b, out=out)


def _halfwave_of_progress(scratch: Scratch, out: Floats, x: Floats) -> None:
    y = scratch.like(out)
    if out.size < _WORTH or np.minimum.reduce(x, axis=None) <= 0.5 < np.maximum.reduce(x, axis=None):
        upper = scratch.like(out)
        np.rint(x, upper)  # 0 to 1/2 and 1 above it: x - upper is what the polynomial takes, up to its sign
        np.subtract(x, upper, y)
        np.multiply(y, y, y)
        _polynomial(out, y)
        np.subtract(upper, out, out)
        np.absolute(out, out)
        scratch.give(1)
    elif x.item(0) <= 0.5:
        np.multiply(x, x, y)
        _polynomial(out, y)
    else:
        np.subtract(_ONE, x, y)
        np.multiply(y, y, y)
        _polynomial(out, y)
        np.subtract(_ONE, out, out)
    scratch.give(1)


def _halfwave(scratch: Scratch, out: Floats, x: Floats) -> None:
    folded = scratch.like(out)
    np.multiply(x, _HALF, folded)
    np.rint(folded, folded)
    np.multiply(folded, _TWO, folded)
    np.subtract(x, folded, folded)
    np.absolute(folded, folded)
    _halfwave_of_progress(scratch, out, folded)
    scratch.give(1)


def _polynomial(out: Floats, y: Floats) -> None:
    """sin(pi x / 2)^2 of y = x^2, for x to 1/2."""
    np.multiply(y, _FIRST, out)
    for coefficient in _MORE:
        np.add(out, coefficient, out)
        np.multiply(out, y, out)


def _anchor(scratch: Scratch, out: Floats, since: Floats, start: Any, body: Any) -> None:
    at_start = since == 0
    if body is not out:
        np.copyto(out, body)
    if at_start.any():
        np.copyto(out, start, where=at_start)


# What is no ufunc may need room of its own.
OWN: dict[str, Callable[..., None]] = {
    "^": power_into,
    "halfwave": _halfwave,
    "halfwave of 0..1": _halfwave_of_progress,
    "anchor": _anchor,
}
