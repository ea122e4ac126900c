"""The level program while it is being written.

In: constants of the program and moments of the timeline. Out: numbers of rows. Written numbers stay exact through `+ - * /` and
are rounded once. Refuses to know why a level is asked for.
"""

from __future__ import annotations

import math
from fractions import Fraction

from .. import problems, program
from ..durations import Refused
from ..functions import FUNCTIONS
from ..program import core
from ..records import field, slotted
from ..timeline import (
    Anchored,
    BaseRow,
    Blend,
    Chain,
    Cycle,
    ExactRow,
    Left,
    Level,
    Node,
    Operation,
    OperationRow,
    Progress,
    RealRow,
    Row,
    Sample,
    Side,
    Since,
    cycle_at,
    levels,
    owner,
    rounded,
    sampled,
    share,
)
from .lengths import Lengths

_EXACT = {"+", "-", "*", "/", "neg", "min", "max"}


@slotted
class Rows:
    """Rows, each made once, and their values where `base` is 1."""

    lengths: Lengths
    rows: list[Row] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    numbers: dict[Row, int] = field(default_factory=dict)

    def add(self, row: Row) -> int:
        if row not in self.numbers:
            self.numbers[row] = len(self.rows)
            self.rows.append(row)
        return self.numbers[row]

    def now(self, row: int) -> float:
        """The value of a row where `base` is 1."""
        return self.current()[row]

    def current(self) -> list[float]:
        """The values of all rows where `base` is 1."""
        if len(self.rows) > len(self.values):
            self.values = levels(self.rows, 1.0, self.values)
        return self.values

    def base(self, key: str) -> int:
        return self.add(BaseRow(key))

    def exact(self, value: Fraction) -> int:
        return self.add(ExactRow(value))

    def real(self, value: float) -> int:
        return self.add(RealRow(value))

    def moment(self, node: Node, time: Fraction, side: Side) -> int:
        """The row of what a node is at a moment: time is put in, so that only levels and numbers are left."""
        match node:
            case Level():
                return node.row
            case Since():
                return self.real(rounded(time - node.clock.origin))
            case Progress() | Left():
                return self.real(share(node, time, side))
            case Operation():
                return self.operation(node.function, *(self.moment(o, time, side) for o in node.operands))
            case Blend():
                return self._blended(node, time, side)
            case Anchored():
                first = time == node.clock.origin and (side == "right" or node.clock.length == 0)
                return node.start if first else self.moment(node.body, time, side)
            case Chain():
                return self.moment(owner(node, time, side).body, time, side)
            case Cycle():
                index = cycle_at(node, time, side)
                found = self.moment(node.body, (time - node.start(index)) / node.stretch**index, side)
                if node.factor is None:
                    return found
                return self.operation("*", found, self.operation("^", node.factor, self.real(float(index))))
            case Sample():
                return self.moment(node.body, sampled(node, time, side), "right")

    def _blended(self, node: Blend, time: Fraction, side: Side) -> int:
        since = time - node.clock.origin
        if since <= 0 and (side == "right" or node.clock.length != 0):
            return node.from_
        if node.clock.length is not None and since >= node.clock.length:
            return node.to
        weight = self.moment(node.weight, time, side)
        if node.complement is None:
            rest = self.operation("-", self.exact(Fraction(1)), weight)
        else:
            rest = self.moment(node.complement, time, side)
        return self.operation("blend", node.from_, node.to, weight, rest)

    def operation(self, function: str, *operands: int) -> int:
        rows = [self.rows[operand] for operand in operands]
        if function in _EXACT and all(isinstance(row, ExactRow) for row in rows):
            folded = _fold(function, [row.value for row in rows if isinstance(row, ExactRow)])
            if folded is not None:
                return self.exact(folded)
        if all(isinstance(row, ExactRow | RealRow) for row in rows):
            numbers = [row.value if isinstance(row, RealRow) else rounded(row.value)
                       for row in rows if isinstance(row, ExactRow | RealRow)]  # fmt: skip
            return self.real(FUNCTIONS[function].value(*numbers))
        return self.add(OperationRow(function, operands))

    def constant(self, node: program.Node, total: Fraction | None, known: dict[str, int]) -> int:
        """The row of a constant expression; `known` are the levels of the curve in whose body it stands."""
        found = self._constant(node, total, known)
        if not math.isfinite(self.now(found)):
            raise Refused(problems.not_finite_constant(node.span, self.now(found)))
        return found

    def _constant(self, node: program.Node, total: Fraction | None, known: dict[str, int]) -> int:
        node = core(node)
        match node:
            case program.Written():
                return self.exact(node.value)
            case program.Quantity() | program.Total() | program.Share():
                return self.exact(self.lengths.exact(node, total))
            case program.Base():
                return self.base(node.key)
            case program.Irrational():
                return self.add(RealRow(math.pi if node.name == "pi" else math.e))
            case program.LevelName():
                return known[node.name]
            case program.Operation():
                rows = [self._constant(operand, total, known) for operand in node.operands]
                return self.operation(node.function, *rows)
        raise AssertionError(f"not a constant: {node}")


def is_constant(node: program.Node) -> bool:
    """Whether nothing in a node depends on time."""
    match node:
        case program.Inner():
            return is_constant(node.body)
        case program.Operation():
            return all(is_constant(operand) for operand in node.operands)
        case program.Written() | program.Quantity() | program.Share() | program.Total() | program.Base():
            return True
        case program.Irrational() | program.LevelName():
            return True
    return False


def _fold(function: str, values: list[Fraction]) -> Fraction | None:
    match function, values:
        case "+", [a, b]:
            return a + b
        case "-", [a, b]:
            return a - b
        case "*", [a, b]:
            return a * b
        case "/", [a, b] if b != 0:
            return a / b
        case "neg", [a]:
            return -a
        case "min", many:
            return min(many)
        case "max", many:
            return max(many)
    return None
