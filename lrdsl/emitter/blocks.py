"""Forms on blocks of times.

In: a form, its row, a block of times. Out: a block of values, computed in place in as few blocks as the form needs. A pass of
numpy an instruction, and nothing that grows with the array. Refuses to know which form owns which time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .forms import Form, Operand
from .operations import OWN, UFUNC, Floats, Scratch

# An instruction made ready: what runs it (None: an evaluator in the row), where its operands stand and where its result goes.
Step = tuple[Callable[..., Any] | None, bool, tuple[int, ...], int]


def run(form: Form, row: Sequence[Any], t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
    """The numbers of the row are 0-d arrays, or arrays with one number for each time; `t` is not written to."""
    kind, index = form.result
    if kind == "constant":
        out[...] = row[index]
        return
    if kind == "time":
        out[...] = t
        return
    steps, count = _registers(form)
    # Only the last result goes to the output, which may lie anywhere in memory.
    places = [t, low, *row, *(scratch.like(out) for _ in range(count)), out]
    for function, plain, operands, to in steps:
        if plain:
            if len(operands) == 2:
                function(places[operands[0]], places[operands[1]], out=places[to])  # type: ignore[misc]
            else:
                function(places[operands[0]], places[to])  # type: ignore[misc]
        elif function is None:
            places[operands[0]].array(t, low, places[to], scratch)
        else:
            function(scratch, places[to], *[places[operand] for operand in operands])
    scratch.give(count)


def run_wide(form: Form, row: Sequence[Any], t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
    """The same for many bases at once: `out` has a row a time and a column a base.

    A number of the row is 0-d, or one for each base, or one for each time (a column), or for both. What is the same for all bases
    is computed once, in a column.
    """
    at_once = [t[:, None], None if low is None else low[:, None], *row]
    first, taken = len(at_once), 0
    where = {"time": 0, "low": 1, "constant": 2, "result": first}
    for instruction in form.code:
        operands = [at_once[where[kind] + number] for kind, number in instruction.operands]
        function = UFUNC.get(instruction.operation)
        own = OWN.get(instruction.operation)
        narrow = (function or own) and all(one.ndim == 0 or (one.ndim == 2 and one.shape[1] == 1) for one in operands)
        result = np.empty((t.size, 1)) if narrow else scratch.like(out)
        taken += not narrow
        if function is not None:
            function(*operands, out=result)
        elif own is not None:
            own(scratch, result, *operands)
        else:
            operands[0].array(t, low, result, scratch)
        at_once.append(result)
    kind, number = form.result
    np.copyto(out, at_once[where[kind] + number])
    scratch.give(taken)


@functools.lru_cache(maxsize=4096)
def _registers(form: Form) -> tuple[tuple[Step, ...], int]:
    """The instructions with the block each result goes to, the last one to the output; and how many blocks that takes."""
    last: dict[int, int] = {}
    for index, instruction in enumerate(form.code):
        for kind, number in instruction.operands:
            if kind == "result":
                last[number] = index
    place: dict[int, int] = {}
    free: list[int] = []
    count = 0
    found: list[tuple[str, tuple[Operand, ...], int]] = []
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
        found.append((instruction.operation, operands, place[index]))  # type: ignore[arg-type]
    first = 2 + form.constants

    def at(operand: Operand) -> int:
        kind, number = operand
        match kind:
            case "time":
                return 0
            case "low":
                return 1
            case "constant":
                return 2 + number
        return first + number

    steps = tuple(
        (
            UFUNC.get(name, OWN.get(name)),
            name in UFUNC,
            tuple(at(operand) for operand in operands),
            first + (count if index == form.result[1] else to),
        )
        for index, (name, operands, to) in enumerate(found)
    )
    return steps, count
