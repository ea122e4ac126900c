"""A timeline as a standalone module that a person can read.

In: a schedule. Out: source of a module with `lr(t, base=1.0)`: the text, its phases and formulas in the docstring, one function for
each form, tables of numbers, and the functions of a runtime that it needs. Nothing of the text gets into code: it stands in the
docstring, escaped. Refuses to compute.
"""

from __future__ import annotations

import builtins
import inspect
import keyword
import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from .. import problems
from ..diagnostic import ScheduleError
from ..functions import FUNCTIONS, HALFWAVE
from ..records import field, slotted
from ..source import Span
from ..timeline import (
    Anchored,
    BaseRow,
    Blend,
    Chain,
    Clock,
    Cycle,
    ExactRow,
    Left,
    Level,
    Node,
    Operation,
    OperationRow,
    Part,
    Progress,
    RealRow,
    Row,
    Sample,
    Since,
    rounded,
)
from . import folding, runtime_numpy, runtime_python
from .cycles import cycle_table
from .docstring import docstring
from .forms import first_float, split, three_floats

if TYPE_CHECKING:
    from ..output import Output
    from ..schedule import Schedule

TARGETS = ("numpy", "python")
_TAKEN = {"np", "math", "Fraction", "bisect_right", *vars(folding), *vars(runtime_numpy), *vars(runtime_python)}
# Python raises where IEEE has infinities, which may well be harmless: min(1, 1/t) at 0.
_SAFE = {"/": "divide({0}, {1})", "ln": "ln({0})"}


def module(schedule: Schedule, target: str) -> str:
    """The source of a module that needs numpy alone (`numpy`), or nothing (`python`)."""
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
    lines = [docstring(schedule, target), *_imports(target), "", code, *_machinery(target, code)]
    return "\n".join(lines).rstrip() + "\n"


def _function(output: Output, target: str, forms: dict[str, str], many: bool) -> list[str]:
    timeline = output.timeline
    work = _Writer(target, timeline.rows, timeline.phases, forms)
    parts = work.table(timeline.chain, "", False)
    base = "base" if output.relation == "mixed" else "base=1.0"
    unused = "" if _uses_base(timeline.rows) else "\n    del base  # the text does not use it"
    keyed = output.keys if many or output.keys != (output.name,) else ()
    return [
        f"def {_function_name(output.name)}(t, {base}):",
        f'    """{_about(output, target, keyed)}"""{unused}',
        *(f"    {line}" for line in _level_lines(timeline.rows, parts, keyed)),
        f"    return evaluate(t, {parts})",
    ]


def _function_name(name: str) -> str:
    """The name of an output, where that may be the name of a function in a module."""
    taken = keyword.iskeyword(name) or name in _TAKEN or re.fullmatch(r"form_\d+|HALFWAVE", name)
    return f"{name}_" if taken or hasattr(builtins, name) else name


def _about(output: Output, target: str, keyed: Sequence[str]) -> str:
    unit = output.clock.removesuffix("s")
    when = f"used by update t, in {output.clock} from 0" if unit == "step" else f"at time t, in {output.clock} from 0"
    arrays = ", a number or an array of any shape" if target == "numpy" else ""
    of_base = f"; base is a number, or a mapping by key: {', '.join(keyed)}" if keyed else ""
    return f"The {output.name} {when}{arrays}{of_base}."


def _uses_base(rows: Sequence[Row]) -> bool:
    return any(isinstance(row, BaseRow) for row in rows)


def _comment(span: Span) -> str:
    text = " ".join(span.text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _imports(target: str) -> list[str]:
    lines = ["import math"]
    if target == "python":
        lines.append("from bisect import bisect_right")
    lines.append("from fractions import Fraction")
    return [*lines, "", "import numpy as np", ""] if target == "numpy" else [*lines, ""]


def _machinery(target: str, code: str) -> list[str]:
    """The functions that the code uses, and those that they use."""
    runtime = runtime_numpy if target == "numpy" else runtime_python
    sources: dict[str, str] = {}
    for home in (folding, runtime):
        for name, function in inspect.getmembers(home, inspect.isfunction):
            if function.__module__ == home.__name__:
                sources[name] = _plain(inspect.getsource(function))
    wanted: dict[str, str] = {}
    todo = [code, "evaluate("]
    while todo:
        text = todo.pop()
        for name, source in sources.items():
            if f"{name}(" in text and name not in wanted:
                wanted[name] = source
                todo.append(source)
    ordered = [sources[name] for name in sources if name in wanted]
    constants = [f"HALFWAVE = {HALFWAVE!r}", "", ""] if "halfwave" in wanted else []
    return [*constants, *(f"{source}\n\n" for source in ordered)]


def _plain(source: str) -> str:
    """Without the remarks that are for our checkers only."""
    lines = [
        line.split("  # type: ignore")[0].replace(": Any", "").replace(" -> Any", "") for line in source.splitlines()
    ]
    return "\n".join(lines)


def _level_lines(rows: Sequence[Row], code: str, keyed: Sequence[str]) -> list[str]:
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
                text = f'float(base["{key}"] if isinstance(base, dict) else base)' if keyed else "float(base)"
            case ExactRow(value):
                text = _number(rounded(value))
            case RealRow(real):
                text = _number(real)
            case _:
                operands = [f"k{operand}" for operand in row.rows]
                text = FUNCTIONS[row.function].python.format(*operands)
        lines.append(f"k{index} = {text}")
    return lines


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'float("{value!r}")'


@slotted
class _Writer:
    target: str
    rows: Sequence[Row]
    phases: Sequence[Span]
    forms: dict[str, str]  # body of a form -> its definition

    def table(self, chain: Chain, indent: str, low: bool) -> str:
        """A chain as a tuple of (begin, rest of begin, function, numbers)."""
        lines = []
        for part in chain.parts:
            name, numbers = self.part(part, indent + "        ", low)
            begin = rounded(part.begin) if low else first_float(part.begin)
            rest = rounded(part.begin - Fraction(rounded(part.begin))) if low else 0.0
            shown = f"({', '.join(numbers)}{',' if len(numbers) == 1 else ''})"
            # Only words that were joined by single blanks: no line break can end the comment.
            remark = f"  # {_comment(self.phases[part.phase])}" if not indent or len(chain.parts) > 1 else ""
            lines.append(f"{indent}        ({_number(begin)}, {_number(rest)}, {name}, {shown}),{remark}")
        return "(\n" + "\n".join(lines) + f"\n{indent}    )"

    def part(self, part: Part, indent: str, low: bool) -> tuple[str, list[str]]:
        form = _Form(self, indent, low)
        result = form.write(part.body)
        body = "\n".join([*(f"    {line}" for line in form.lines), f"    return {form.whole(result)}"])
        names = [f"a{index}" for index in range(len(form.numbers))]
        if body not in self.forms:
            name = f"form_{len(self.forms) + 1}"
            head = f"def {name}({', '.join(['t', 'low', *names])}):"
            self.forms[body] = f"{head}\n{body}\n\n"
        return self.forms[body].split("(")[0].removeprefix("def "), form.numbers


@slotted
class _Form:
    """One form as lines of code; its numbers are parameters, so that phases of one form share it."""

    writer: _Writer
    indent: str
    low: bool
    lines: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    clocks: dict[tuple[str, Clock], str] = field(default_factory=dict)

    def number(self, text: str) -> str:
        self.numbers.append(text)
        return f"a{len(self.numbers) - 1}"

    def whole(self, result: str) -> str:
        """A result that may not depend on time, as an array all the same."""
        if self.writer.target == "numpy" and result.startswith("a") and result[1:].isdigit():
            return f"np.full_like(t, {result})"
        return result

    def line(self, name: str, text: str) -> str:
        name = f"{name}{sum(line.startswith(name) for line in self.lines) or ''}"
        self.lines.append(f"{name} = {text}")
        return name

    def write(self, node: Node) -> str:
        match node:
            case Level():
                return self.number(f"k{node.row}")
            case Since():
                return self.clock("since", node.clock)
            case Progress():
                return self.clock("p", node.clock)
            case Left():
                return self.clock("q", node.clock)
            case Operation():
                return self.operation(node)
            case Blend():
                return self.blend(node)
            case Anchored():
                since, body = self.clock("since", node.clock), self.write(node.body)
                start = self.number(f"k{node.start}")
                if self.writer.target == "numpy":
                    return f"np.where({since} == 0, {start}, {body})"
                return f"({start} if {since} == 0 else {body})"
            case Chain() | Cycle() | Sample():
                return self.inner(node)

    def clock(self, what: str, clock: Clock) -> str:
        if (what, clock) not in self.clocks:
            self.clocks[what, clock] = self._clock(what, clock)
        return self.clocks[what, clock]

    def _clock(self, what: str, clock: Clock) -> str:
        if what == "since":
            return self._distance("since", "t", clock.origin, ("-", "+"))
        assert clock.length is not None
        length = self.number(_number(rounded(clock.length)))
        if what == "p":
            return self.line("p", f"{self.clock('since', clock)} / {length}")
        left = self._distance("left", "", clock.origin + clock.length, ("+", "-"))
        return self.line("q", f"{left} / {length}")

    def _distance(self, name: str, first: str, bound: Fraction, signs: tuple[str, str]) -> str:
        """t minus a boundary, or a boundary minus t: the boundary in two or three floats, in the order of `forms.py`."""
        whole, rest, second = split(bound)
        if first:
            text = first if whole == 0 else f"{first} - {self.number(_number(whole))}"
        else:
            text = f"{self.number(_number(whole))} - t"
        if rest:
            text = f"({text}) {signs[0]} {self.number(_number(rest))}"
        if self.low:
            text = f"({text}) {signs[1]} low"
        if second:
            text = f"({text}) {signs[0]} {self.number(_number(second))}"
        if self.low:
            text = f"np.maximum({text}, 0.0)" if self.writer.target == "numpy" else f"max({text}, 0.0)"
        return text if text == "t" else self.line(name, text)

    def operation(self, node: Operation) -> str:
        if node.function == "^":
            return self.power(node.operands[0], node.operands[1])
        row = FUNCTIONS[node.function]
        template = row.numpy if self.writer.target == "numpy" else _SAFE.get(node.function, row.python)
        operands = [_bracketed(self.write(operand)) for operand in node.operands]
        return template.format(*operands)

    def power(self, base: Node, exponent: Node) -> str:
        numpy = self.writer.target == "numpy"
        b, x = self.known(base), self.known(exponent)
        root = "np.sqrt({})" if numpy else "root({})"
        if b == math.e:
            return ("np.exp({})" if numpy else "exp({})").format(self.write(exponent))
        if b == 2.0:
            return ("np.exp2({})" if numpy else "power(2.0, {})").format(self.write(exponent))
        if x in (1.0, 2.0, 0.5, -0.5, -1.0):
            one = self.line("x", self.write(base))
            match x:
                case 1.0:
                    return one
                case 2.0:
                    return f"{one} * {one}"
                case 0.5:
                    return root.format(one)
                case -0.5:
                    one = root.format(one)
            return f"1.0 / {one}" if numpy else f"divide(1.0, {one})"
        operands = self.write(base), self.write(exponent)
        return "power({}, {})".format(*operands)

    def known(self, node: Node) -> float | None:
        """The value of a level that no base changes."""
        row = self.writer.rows[node.row] if isinstance(node, Level) else None
        match row:
            case ExactRow(value):
                return rounded(value)
            case RealRow(real):
                return real
        return None

    def blend(self, node: Blend) -> str:
        weight = self.line("s", self.write(node.weight))
        rest = self.line("c", f"1.0 - {weight}" if node.complement is None else self.write(node.complement))
        start, stop = self.number(f"k{node.from_}"), self.number(f"k{node.to}")
        return f"blend({start}, {stop}, {weight}, {rest})"

    def inner(self, node: Chain | Cycle | Sample) -> str:
        """What has boundaries of its own: its table is a number of this form."""
        if isinstance(node, Chain):
            return f"chain(t, low, {self.number(self.writer.table(node, self.indent, self.low))})"
        period = node.period if isinstance(node, Cycle) else node.every
        whole = not self.low and node.origin.denominator == period.denominator == 1
        stretch = isinstance(node, Cycle) and node.stretch != 1
        body = node.body if isinstance(node.body, Chain) else Chain((Part(Fraction(0), None, node.body, 0),))
        table = self.number(self.writer.table(body, self.indent, stretch or not whole))
        if isinstance(node, Cycle) and stretch:
            starts, scales = cycle_table(node)
            numbers = [self.number(repr(tuple(starts))), self.number(repr(tuple(scales)))]
            return f"stretched(t, low, {', '.join(numbers)}, {self._factor(node)}, {table})"
        sure = self.low or (node.origin.denominator == 1 and three_floats(period)[1] == 0)
        exact = "None" if sure else repr((node.origin.as_integer_ratio(), period.as_integer_ratio()))
        numbers = [
            self.number(one) for one in (repr(split(node.origin)), repr(three_floats(period)), exact, str(whole))
        ]
        if isinstance(node, Sample):
            return f"sample(t, low, {', '.join(numbers)}, {table})"
        most = self.number("math.inf" if node.times is None else _number(float(node.times - 1)))
        return f"cycle(t, low, {', '.join(numbers)}, {self._factor(node)}, {most}, {table})"

    def _factor(self, node: Cycle) -> str:
        return "None" if node.factor is None else self.number(f"k{node.factor}")


def _bracketed(text: str) -> str:
    simple = text.replace("_", "a").isalnum() or (text.endswith(")") and "(" in text and _one_call(text))
    return text if simple else f"({text})"


def _one_call(text: str) -> bool:
    """Whether a text is a single call, closed only by its last bracket."""
    depth = 0
    if not text.split("(")[0].replace(".", "").replace("_", "").isalnum():
        return False
    for index, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0:
            return index == len(text) - 1
    return False
