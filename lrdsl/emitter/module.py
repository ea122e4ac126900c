"""A timeline as a standalone module that a person can read.

In: a schedule. Out: source of a module with `lr(t, base=1.0)`: the text, its phases and formulas in the docstring, one function for
each form, tables of numbers, and the functions of a runtime that it needs. Nothing of the text gets into code: it stands in the
docstring, escaped. Refuses to compute.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import problems
from ..diagnostic import ScheduleError
from ..functions import FUNCTIONS
from ..timeline import (
    BaseRow,
    ExactRow,
    OperationRow,
    RealRow,
    Row,
    rounded,
)
from .docstring import docstring
from .machinery import IMPORTED, imports, machinery, runtime
from .writer import Writer, number_code

if TYPE_CHECKING:
    from ..output import Output
    from ..schedule import Schedule

TARGETS = ("numpy", "python", "torch", "jax")


def module(schedule: Schedule, target: str) -> str:
    """The source of a module that needs numpy, torch or jax alone, or nothing (`python`)."""
    if target not in TARGETS:
        raise ScheduleError(problems.bad_call(f"no target {target!r}", f"there are {' and '.join(TARGETS)}"))
    outputs = schedule.plain
    functions: list[str] = []
    forms: dict[str, str] = {}
    for output in outputs:
        # Forms are shared: of the same phase in two outputs there is one function.
        functions += [*_function(output, target, forms, many=len(outputs) > 1), "", ""]
    code = "\n".join([*functions, *forms.values()])
    # Reading order: what it is, the functions, their forms, and the machinery last.
    lines = [docstring(schedule, target), *imports(target), "", code, *machinery(target, code)]
    return "\n".join(lines).rstrip() + "\n"


def function(schedule: Schedule, output: Output, target: str) -> Any:
    """The function of an output, as its module has it."""
    namespace: dict[str, Any] = {}  # without a name, which torch.compile would look for among the modules
    exec(compile(module(schedule, target), f"<{output.name} of {schedule.source_name}>", "exec"), namespace)
    return namespace[_function_name(output.name, target)]


def _function(output: Output, target: str, forms: dict[str, str], many: bool) -> list[str]:
    timeline = output.timeline
    work = Writer(target, timeline.rows, timeline.phases, forms)
    parts = work.table(timeline.chain, "", False)
    name = _function_name(output.name, target)
    base = "base" if output.relation == "mixed" else "base=1.0"
    unused = "" if _uses_base(timeline.rows) else "\n    del base  # the text does not use it"
    keyed = output.keys if many or output.keys != (output.name,) else ()
    levels = _level_lines(timeline.rows, parts, keyed, target)
    body = [*levels, *f"return evaluate(t, {parts})".replace("\n    ", "\n").split("\n")]
    if target == "jax":
        if output.relation == "relative":
            # What is traced makes levels that are traced, too, and tables of them are long to compile.
            body = ["if traced(base):", f"    return (number(base) * {name}(t)).astype(kind)", *body]
        body[-1] = body[-1].removesuffix(")") + ", kind)"
        body = ["with wide() as kind:", *(f"    {line}" for line in body)]
    return [
        f"def {name}(t, {base}):",
        f'    """{_about(output, target, keyed)}"""{unused}',
        *(f"    {line}" for line in body),
    ]


def _function_name(name: str, target: str) -> str:
    """The name of an output, where that may be the name of a function in a module."""
    functions, constants = runtime(target)
    own = name in IMPORTED or name in functions or name in constants or re.fullmatch(r"form_\d+|HALFWAVE", name)
    return f"{name}_" if own or keyword.iskeyword(name) or hasattr(builtins, name) else name


def _about(output: Output, target: str, keyed: Sequence[str]) -> str:
    unit = output.clock.removesuffix("s")
    when = f"used by update t, in {output.clock} from 0" if unit == "step" else f"at time t, in {output.clock} from 0"
    arrays = {
        "numpy": ", a number or an array of any shape",
        "torch": ", a tensor of any shape; float64, differentiable",
        "jax": ", a number or an array of any shape; traced, differentiable",
    }
    of_base = f"; base is a number, or a mapping by key: {', '.join(keyed)}" if keyed else ""
    return f"The {output.name} {when}{arrays.get(target, '')}{of_base}."


def _uses_base(rows: Sequence[Row]) -> bool:
    return any(isinstance(row, BaseRow) for row in rows)


def _level_lines(rows: Sequence[Row], code: str, keyed: Sequence[str], target: str) -> list[str]:
    """The levels that the tables use, and those that they use; where `keyed`, a base may be a mapping by key."""
    used = {int(number) for number in re.findall(r"\bk(\d+)\b", code)}
    for index in range(len(rows) - 1, -1, -1):
        row = rows[index]
        if index in used and isinstance(row, OperationRow):
            used |= set(row.rows)
    lines = []
    for index, row in enumerate(rows):
        if index not in used:
            continue
        match row:
            case BaseRow(key):
                known = f'base["{key}"] if isinstance(base, dict) else base' if keyed else "base"
                text = f"{'number' if target == 'jax' else 'float'}({known})"
            case ExactRow(value):
                text = number_code(rounded(value))
            case RealRow(real):
                text = number_code(real)
            case _:
                operands = [f"k{operand}" for operand in row.rows]
                text = FUNCTIONS[row.function].template("jax" if target == "jax" else "python").format(*operands)
        lines.append(f"k{index} = {text}")
    return lines
