"""Forms as Python functions of one time.

In: a form and its row. Out: `at(t, low)`. A form is written as Python and compiled once in a process: its numbers are bound to it,
so that a thousand phases, and a million bindings of one text, share one piece of code. Plainly, for each instruction
`slots.append(operation(*[slots[operand] for operand in operands]))`; a call an instruction costs three times as much as the
arithmetic. What is written is put together from the rows of `operations.py` and names of its own, never from a text.

    def make(a0, a1, a2, a3, a4):
        def at(t, low=0.0):
            r0 = t - a0
            r1 = a1 * r0
            r2 = float(exp(r1)) if -700.0 < r1 < 700.0 else quiet_exp(r1)
            r3 = a2 * r2
            return r3
        return at
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .forms import Form, Operand
from .operations import NAMES, SCALAR

At = Callable[..., float]


def bound(form: Form, row: tuple[Any, ...]) -> At:
    """A form with its numbers, as a function of a time and its low half; evaluators in the row stand for their values."""
    found: At = maker(form)(*(one if isinstance(one, float) else one.scalar for one in row))
    return found


@functools.lru_cache(maxsize=4096)
def maker(form: Form) -> Callable[..., At]:
    """The function that binds numbers to a form."""
    names = dict(NAMES)
    exec(compile(source(form), "<form>", "exec"), names)
    made: Callable[..., At] = names["make"]
    return made


def source(form: Form) -> str:
    """A form as Python: a function of its numbers that makes a function of time."""
    lines = []
    for index, instruction in enumerate(form.code):
        operands = [_name(operand) for operand in instruction.operands]
        written = SCALAR[instruction.operation].format(*operands, r=f"r{index}")
        lines += [f"        {line}" for line in written.split("\n")]
    constants = ", ".join(f"a{index}" for index in range(form.constants))
    return "\n".join(
        [
            f"def make({constants}):",
            "    def at(t, low=0.0):",
            *lines,
            f"        return {_name(form.result)}",
            "    return at",
        ]
    )


def _name(operand: Operand) -> str:
    match operand:
        case ("time", _):
            return "t"
        case ("low", _):
            return "low"
        case ("constant", index):
            return f"a{index}"
        case (_, index):
            return f"r{index}"
