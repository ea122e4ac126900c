"""A timeline as a standalone module that a person can read.

In: a schedule. Out: source of a module with `lr(t, base=1.0)`: the text, its phases and formulas in the docstring, one function for
each form, tables of numbers, and the functions of a runtime that it needs. Nothing of the text gets into code: it stands in the
docstring, escaped. Refuses to compute.
"""

from __future__ import annotations

import builtins
import itertools
import keyword
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import problems
from ..diagnostic import ScheduleError
from ..functions import TARGETS
from ..records import field, slotted
from ..timeline import (
    BaseRow,
    ExactRow,
    OperationRow,
    RealRow,
    Row,
    rounded,
)
from .docstring import docstring, escaped
from .machinery import IMPORTED, imports, machinery, runtime
from .writer import Writer, level_code, number_code

if TYPE_CHECKING:
    from ..output import Output
    from ..schedule import Schedule
    from .groups import Groups

GROUP = "group"  # the function of a module that finds what a param group has


def module(schedule: Schedule, target: str, groups: Groups | None = None) -> str:
    """The source of a module that needs numpy, torch or jax alone, or nothing (`python`); `groups` are what groups see."""
    if target not in TARGETS:
        raise ScheduleError(problems.no_target(target, (*TARGETS, "json")))
    outputs = schedule.plain
    work = _Module(target, schedule.lines)
    for output in outputs:
        work.function(output, output.name)
    if groups is not None:
        work.groups(groups)
    code = "\n".join([*work.functions, *work.forms.values()])
    # Reading order: what it is, the functions, their forms, and the machinery last.
    code = "\n".join([code, *machinery(target, code)]).rstrip()
    return "\n".join([docstring(schedule, target, groups), *imports(code), "", code, ""])


def function(schedule: Schedule, output: Output, target: str) -> Any:
    """The function of an output, as its module has it."""
    namespace: dict[str, Any] = {}  # without a name, which torch.compile would look for among the modules
    exec(compile(module(schedule, target), f"<{output.name} of {schedule.source_name}>", "exec"), namespace)
    return namespace[_function_name(output.name, target)]


@slotted
class _Module:
    """The functions of a module, and the forms that they share: of the same phase in two outputs there is one function."""

    target: str
    outputs: Sequence[str]  # all that have a line; of several, a base may be a mapping by key
    functions: list[str] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)  # body of a function -> its name
    names: dict[Output, str] = field(default_factory=dict)

    def function(self, output: Output, name: str, label: str = "") -> str:
        """The name of the function of an output; one that is there already where that is the same."""
        body = self.body(output)
        if output not in self.names and label and body in self.written:
            self.names[output] = self.written[body]
        if output not in self.names:
            name = self.free(name) if label else _function_name(name, self.target)
            base = "base" if output.relation == "mixed" else "base=1.0"
            # What is traced makes levels that are traced, too, and tables of them are long to compile.
            short = ["        if traced(base):", f"            return (number(base) * {name}(t)).astype(kind)"]
            lines = body.split("\n")
            if self.target == "jax" and output.relation == "relative":
                lines[1:1] = short
            about = _about(output, self.target, self.keyed(output), label)
            self.functions += [f"def {name}(t, {base}):", f'    """{about}"""', *lines, "", ""]
            self.names[output] = self.written[body] = name
        return self.names[output]

    def free(self, name: str) -> str:
        """The name of an output with a number behind it that no function has."""
        taken = {*self.written.values(), *self.outputs}
        return next(one for n in itertools.count(1) if (one := f"{name}_{n}") not in taken)

    def keyed(self, output: Output) -> Sequence[str]:
        return output.keys if len(self.outputs) > 1 or output.keys != (output.name,) else ()

    def body(self, output: Output) -> str:
        """What the function of an output does."""
        rows = output.timeline.rows
        parts = Writer(self.target, rows, output.timeline.phases, self.forms).table(output.timeline.chain, "", False)
        levels = _level_lines(rows, parts, self.keyed(output), self.target)
        lines = [*levels, *f"return evaluate(t, {parts})".replace("\n    ", "\n").split("\n")]
        if self.target == "jax":
            lines[-1] = lines[-1].removesuffix(")") + ", kind)"
            lines = ["with wide() as kind:", *(f"    {line}" for line in lines)]
        if not any(isinstance(row, BaseRow) for row in rows):
            lines.insert(0, "del base  # the text does not use it")
        return "\n".join(f"    {line}" for line in lines)

    def groups(self, groups: Groups) -> None:
        """What groups see, and the function that finds it by the name of a group."""

        def name(output: Output | None, key: str) -> str:
            return "None" if output is None else self.function(output, f"{key}_in_group", groups.labels[output])

        seen = []
        for key, one in groups.seen.items():
            won = [f"    {lines!r}: {name(output, key)}," for lines, output in one.outputs.items()]
            seen += [f"{key!r}: ({one.by!r}, {{", *won, "}),"]
        named = [
            f"{text!r}: {{{', '.join(f'{key!r}: {name(one, key)}' for key, one in outputs.items())}}},"
            for text, outputs in groups.named.items()
        ]
        lines = [f"({line.output!r}, {line.pattern.text!r}, {line.regex!r}, {line.wider!r})," for line in groups.lines]
        tables = [("named", "{", named, "}"), ("lines", "(", lines, ")"), ("seen", "{", seen, "}")]
        self.functions += [
            f"def {GROUP}(name):",
            '    """What the param group of that name has: a function for each output, none for one that leaves it alone."""',
            *(text for what, left, rows, right in tables for text in _table(what, left, rows, right)),
            "    return functions_for(name, named, lines, seen)",
            "",
            "",
        ]


def _table(what: str, left: str, rows: Sequence[str], right: str) -> list[str]:
    if not rows:
        return [f"    {what} = {left}{right}"]
    return [f"    {what} = {left}", *(f"        {row}" for row in rows), f"    {right}"]


def _function_name(name: str, target: str) -> str:
    """The name of an output, where that may be the name of a function in a module."""
    functions, constants = runtime(target)
    own = (
        name in IMPORTED
        or name == GROUP
        or name in functions
        or name in constants
        or re.fullmatch(r"form_\d+|HALFWAVE", name)
    )
    return f"{name}_" if own or keyword.iskeyword(name) or hasattr(builtins, name) else name


def _about(output: Output, target: str, keyed: Sequence[str], label: str) -> str:
    unit = output.clock.removesuffix("s")
    when = f"used by update t, in {output.clock} from 0" if unit == "step" else f"at time t, in {output.clock} from 0"
    arrays = {
        "numpy": ", a number or an array of any shape",
        "torch": ", a tensor of any shape; float64, differentiable",
        "jax": ", a number or an array of any shape; traced, differentiable",
    }
    of_base = f"; base is a number, or a mapping by key: {', '.join(keyed)}" if keyed else ""
    of_groups = f" for groups like {escaped(label)}," if label else ""
    return f"The {output.name}{of_groups} {when}{arrays.get(target, '')}{of_base}."


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
                plain = row.function == "/" and target != "jax" and _no_zero(rows[row.rows[1]])
                text = " / ".join(operands) if plain else level_code(row.function, operands, target)
        lines.append(f"k{index} = {text}")
    return lines


def _no_zero(row: Row) -> bool:
    """Whether a level can be divided by as it is."""
    return isinstance(row, ExactRow) and rounded(row.value) != 0
