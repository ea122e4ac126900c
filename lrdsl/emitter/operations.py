"""The operations of forms, on numbers and on blocks of arrays.

In: a form, its row and times. Out: values. Every operation is the same IEEE operation on both paths: `+ - * /` and the root are
plain Python on numbers, everything else goes through numpy's own routine there too, since `math.exp` is not `np.exp`.
Refuses to know where a form comes from.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..functions import HALFWAVE, divide
from ..functions import halfwave as halfwave_of
from .forms import Form, Operand

Floats = NDArray[np.float64]


def _largest(a: float, b: float) -> float:
    # Of two equal zeros np.maximum returns the second; NaN passes through.
    return a if a > b or a != a else b


def _least(a: float, b: float) -> float:
    return a if a < b or a != a else b


# For an exponent of its own that is one of these, numpy's power is another routine than for an array of exponents, and
# differs from it in the last digit. Where an exponent changes with time the array's routine must serve numbers too.
_SPECIAL = (2.0, 0.5, -1.0)


def power(a: float, b: float) -> float:
    """a^b as np.power has it for arrays of exponents."""
    if b not in _SPECIAL and a > 0 and abs(b * math.log(a)) < 700:
        return float(np.power(a, b))
    with np.errstate(all="ignore"):
        return float(np.power(np.full(2, a), np.full(2, b))[0])


def _quiet(ufunc: Callable[..., Any], low: float, high: float) -> Callable[[float], float]:
    """A ufunc on numbers; outside of (low, high) it may overflow, of which numpy would warn."""

    def run(x: float) -> float:
        if low < x < high:
            return float(ufunc(x))
        with np.errstate(all="ignore"):
            return float(ufunc(x))

    return run


def power_into(out: Floats, a: Any, b: Any) -> None:
    if out.size == 1:
        # An array of one has no stride, so numpy takes its exponent for one of its own.
        out[...] = power(float(np.ravel(a)[0]), float(np.ravel(b)[0]))
    else:
        np.power(a, b, out=out)


SCALAR: dict[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "^": power,
    "neg": lambda a: -a,
    "min": _least,
    "max": _largest,
    "abs": abs,
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "reciprocal": lambda a: divide(1.0, a),
    "halfwave": halfwave_of,
    "anchor": lambda since, start, body: start if since == 0 else body,
    "exp": _quiet(np.exp, -700.0, 700.0),
    "exp2": _quiet(np.exp2, -1000.0, 1000.0),
    "ln": _quiet(np.log, 0.0, math.inf),
    "cos": _quiet(np.cos, -math.inf, math.inf),
    "sin": _quiet(np.sin, -math.inf, math.inf),
    "tanh": _quiet(np.tanh, -math.inf, math.inf),
}


def _into(ufunc: Callable[..., Any]) -> Callable[..., None]:
    def run(out: Floats, *operands: Any) -> None:
        ufunc(*operands, out=out)

    return run


def _halfwave(out: Floats, x: Floats) -> None:
    if not (np.minimum.reduce(x) >= 0 and np.maximum.reduce(x) <= 1):
        x = np.abs(x - 2.0 * np.rint(0.5 * x))
    upper = x > 0.5
    near = np.subtract(1.0, x)
    np.minimum(x, near, out=near)
    np.multiply(near, near, out=near)
    v = near * HALFWAVE[7]
    for coefficient in HALFWAVE[6:0:-1]:
        np.add(v, coefficient, out=v)
        np.multiply(v, near, out=v)
    np.add(v, HALFWAVE[0], out=v)
    np.multiply(v, near, out=out)
    np.subtract(1.0, out, out=out, where=upper)


def _anchor(out: Floats, since: Floats, start: Any, body: Floats) -> None:
    np.copyto(out, np.where(since == 0, start, body))


ARRAY: dict[str, Callable[..., None]] = {
    **{name: _into(getattr(np, ufunc)) for name, ufunc in
       (("+", "add"), ("-", "subtract"), ("*", "multiply"), ("/", "divide"), ("neg", "negative"),
        ("min", "minimum"), ("max", "maximum"), ("abs", "absolute"), ("sqrt", "sqrt"), ("reciprocal", "reciprocal"),
        ("exp", "exp"), ("exp2", "exp2"), ("ln", "log"), ("cos", "cos"), ("sin", "sin"), ("tanh", "tanh"))},
    "^": power_into,
    "halfwave": _halfwave,
    "anchor": _anchor,
}  # fmt: skip


@functools.lru_cache(maxsize=4096)
def _registers(form: Form) -> tuple[tuple[tuple[str, int, tuple[Operand, ...]], ...], int]:
    """The instructions with the buffer each result goes to; buffer 0 is the output. Operands are `result` of a buffer."""
    last: dict[int, int] = {}
    for index, instruction in enumerate(form.code):
        for kind, number in instruction.operands:
            if kind == "result":
                last[number] = index
    place: dict[int, int] = {}
    free: list[int] = []
    count = 0
    steps: list[tuple[str, int, tuple[Operand, ...]]] = []
    for index, instruction in enumerate(form.code):
        operands = tuple(
            ("result", place[number]) if kind == "result" else (kind, number) for kind, number in instruction.operands
        )
        for number in {number for kind, number in instruction.operands if kind == "result"}:
            if last[number] == index:
                free.append(place[number])
        if not free:
            free.append(count)
            count += 1
        place[index] = free.pop()
        steps.append((instruction.operation, place[index], operands))  # type: ignore[arg-type]
    if form.result[0] == "result" and place[form.result[1]] != 0:
        swap = {0: place[form.result[1]], place[form.result[1]]: 0}
        steps = [
            (name, swap.get(to, to), tuple((k, swap.get(n, n)) if k == "result" else (k, n) for k, n in operands))
            for name, to, operands in steps
        ]
    return tuple(steps), count


def run_array(form: Form, row: Sequence[Any], t: Floats, low: Floats | None, out: Floats) -> None:
    """One pass over a block. The numbers of the row are 0-d arrays, or arrays with one number for each time."""
    kind, index = form.result
    if kind == "constant":
        out[...] = row[index]
        return
    if kind == "time":
        out[...] = t
        return
    steps, count = _registers(form)
    buffers = [out, *(np.empty_like(out) for _ in range(count - 1))]
    for name, to, operands in steps:
        if name == "inner":
            row[operands[0][1]].array(t, low, buffers[to])
            continue
        ARRAY[name](buffers[to], *(
            row[number] if kind == "constant" else buffers[number] if kind == "result" else t if kind == "time" else low
            for kind, number in operands
        ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scalar:
    """A form and its row, ready for one time after another: operands are places in one list of times, row and results."""

    steps: tuple[tuple[Callable[..., float] | None, tuple[int, ...]], ...]
    row: tuple[Any, ...]
    result: int

    def run(self, t: float, low: float) -> float:
        """The same instructions as `run_array`, on one time."""
        slots = [t, low, *self.row]
        for operation, operands in self.steps:
            if operation is None:
                slots.append(slots[operands[0]].scalar(t, low))
            elif len(operands) == 2:
                slots.append(operation(slots[operands[0]], slots[operands[1]]))
            else:
                slots.append(operation(*[slots[operand] for operand in operands]))
        value: float = slots[self.result]
        return value


def scalar(form: Form, row: tuple[Any, ...]) -> Scalar:
    """A form made ready for numbers."""
    first = {"time": 0, "low": 1, "constant": 2, "result": 2 + len(row)}
    steps = tuple(
        (SCALAR.get(one.operation), tuple(first[kind] + index for kind, index in one.operands)) for one in form.code
    )
    return Scalar(steps, row, first[form.result[0]] + form.result[1])
