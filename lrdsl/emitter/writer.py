"""Forms as lines of code that a person can read.

In: parts of a timeline. Out: tables of numbers, and one function for each form; numbers are parameters, so that phases of one form
share it. Refuses to compute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..functions import FUNCTIONS, MODULES
from ..records import field, slotted
from ..source import Span
from ..timeline import (
    Anchored,
    Blend,
    Chain,
    Clock,
    Cycle,
    ExactRow,
    Left,
    Level,
    Node,
    Operation,
    Part,
    Progress,
    RealRow,
    Row,
    Sample,
    Since,
    rounded,
)
from .cycles import cycle_table
from .forms import first_float, split, three_floats

if TYPE_CHECKING:
    pass


def _comment(span: Span) -> str:
    text = " ".join(span.text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def level_code(function: str, operands: Sequence[str], target: str) -> str:
    """A function of levels, which are numbers: also where the form that they stand in is one of arrays."""
    return _applied(FUNCTIONS[function].template("jax" if target == "jax" else "python"), operands)


def number_code(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'float("{value!r}")'


@slotted
class Writer:
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
            lines.append(f"{indent}        ({number_code(begin)}, {number_code(rest)}, {name}, {shown}),{remark}")
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

    writer: Writer
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
                return self.anchored(node)
            case Chain() | Cycle() | Sample():
                return self.inner(node)

    def anchored(self, node: Anchored) -> str:
        since, outside = self.clock("since", node.clock), self.clocks
        if self.writer.target == "python":
            body, start = self.write(node.body), self.number(f"k{node.start}")
            return self.line("value", f"{start} if {since} == 0 else {body}")
        where = f"{MODULES[self.writer.target]}.where"
        if self.writer.target in ("torch", "jax"):
            # The body may be infinite where it begins, and so would be its derivative, though nobody looks at it there: it has
            # a time of its own, which nothing beside it may see.
            self.clocks = {("since", node.clock): self.line("since", f"{where}({since} == 0, 1.0, {since})")}
        body, start = self.write(node.body), self.number(f"k{node.start}")
        self.clocks = outside
        return f"{where}({since} == 0, {start}, {body})"

    def clock(self, what: str, clock: Clock) -> str:
        if (what, clock) not in self.clocks:
            self.clocks[what, clock] = self._clock(what, clock)
        return self.clocks[what, clock]

    def _clock(self, what: str, clock: Clock) -> str:
        if what == "since":
            return self._distance("since", "t", clock.origin, ("-", "+"))
        assert clock.length is not None
        length = self.number(number_code(rounded(clock.length)))
        over = FUNCTIONS["/"].template("jax") if self.writer.target == "jax" else "{} / {}"  # a length is not 0
        if what == "p":
            return self.line("p", over.format(self.clock("since", clock), length))
        left = self._distance("left", "", clock.origin + clock.length, ("+", "-"))
        return self.line("q", over.format(left, length))

    def _distance(self, name: str, first: str, bound: Fraction, signs: tuple[str, str]) -> str:
        """t minus a boundary, or a boundary minus t: the boundary in two or three floats, in the order of `forms.py`."""
        whole, rest, second = split(bound)
        if first:
            text = first if whole == 0 else f"{first} - {self.number(number_code(whole))}"
        else:
            text = f"{self.number(number_code(whole))} - t"
        # XLA would add up two numbers that it can read: then they are one, and no longer exact.
        form = "unseen({}, t)" if self.writer.target == "jax" else "{}"
        if rest:
            text = f"({text}) {signs[0]} {form.format(self.number(number_code(rest)))}"
        if self.low:
            text = f"({text}) {signs[1]} low"
        if second:
            text = f"({text}) {signs[0]} {form.format(self.number(number_code(second)))}"
        if self.low:
            text = FUNCTIONS["max"].template(self.writer.target).format(text, "0.0")
        return text if text == "t" else self.line(name, text)

    def operation(self, node: Operation) -> str:
        level = self.level(node)
        if level is not None:
            return self.number(level)
        if node.function == "^":
            return self.power(node.operands[0], node.operands[1])
        template = FUNCTIONS[node.function].template(self.writer.target)
        return _applied(template, [self.write(operand) for operand in node.operands])

    def level(self, node: Node) -> str | None:
        """What does not change with time, as a number: computed once, and by what computes numbers."""
        if isinstance(node, Level):
            return f"k{node.row}"
        operands = [self.level(operand) for operand in node.operands] if isinstance(node, Operation) else [None]
        known = [operand for operand in operands if operand is not None]
        if not isinstance(node, Operation) or len(known) < len(operands):
            return None
        return level_code(node.function, known, self.writer.target)

    def power(self, base: Node, exponent: Node) -> str:
        b, x = self.known(base), self.known(exponent)
        if b == math.e:
            return self.call("exp", self.write(exponent))
        if b == 2.0:
            return self.call("exp2", self.write(exponent))
        if x in (1.0, 2.0, 0.5, -0.5, -1.0):
            one = self.line("x", self.write(base))
            match x:
                case 1.0:
                    return one
                case 2.0:
                    return f"{one} * {one}"
                case 0.5:
                    return self.call("sqrt", one)
                case -0.5:
                    one = self.call("sqrt", one)
            return self.call("/", "1.0", one)
        return self.call("^", self.write(base), self.write(exponent))

    def call(self, function: str, *operands: str) -> str:
        return FUNCTIONS[function].template(self.writer.target).format(*operands)

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
        most = self.number("math.inf" if node.times is None else number_code(float(node.times - 1)))
        return f"cycle(t, low, {', '.join(numbers)}, {self._factor(node)}, {most}, {table})"

    def _factor(self, node: Cycle) -> str:
        return "None" if node.factor is None else self.number(f"k{node.factor}")


def _applied(template: str, operands: Sequence[str]) -> str:
    """A function of operands, which need brackets where it is no call."""
    return template.format(*(operands if _one_call(template) else map(_bracketed, operands)))


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
