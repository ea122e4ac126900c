"""Closed forms as people write formulas.

In: a node of a timeline, the level program, and the values of its levels. Out: a formula with the numbers put in, in the letters of
the language: t, p, q, and `base` where its value is not given. Refuses to write what is longer than a line can be read, and
what has phases or clocks of its own inside: there the text itself is the formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..planner import row_degrees
from ..problems import number_text, time_text
from ..records import field, frozen, slotted
from ..timeline import (
    Anchored,
    Blend,
    Clock,
    Left,
    Level,
    Node,
    Operation,
    OperationRow,
    Progress,
    Row,
    Sample,
    Since,
)

_MOST = 120  # characters
_MOST_NODES = 80
_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)
_INFIX = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}
_NAMED = {math.e: "e", math.pi: "pi"}


class _Long(Exception):
    """There is no formula that a person would read."""


@frozen
class _Text:
    text: str
    binds: int

    def within(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


@slotted
class Formulas:
    """The formulas of one output; `known` are the values of its levels, None where they need the base that is not given."""

    rows: Sequence[Row]
    known: Sequence[float]  # where base is not given, for base 1
    keys: Sequence[str]  # those whose base is not given
    degrees: list[list[float | None]] = field(init=False)
    left: int = 0
    clock: Clock | None = None

    def __post_init__(self) -> None:
        self.degrees = [row_degrees(self.rows, key) for key in self.keys]

    def formula(self, node: Node) -> str | None:
        """The formula of a node; None where there is none that is read with ease."""
        self.left, self.clock = _MOST_NODES, None
        try:
            found = self._node(node).text
        except _Long:
            return None
        return found if len(found) <= _MOST else None

    def level(self, row: int) -> str:
        """The value of a level, with `base` in it where that is not given."""
        self.left = _MOST_NODES
        try:
            return self._row(row).text
        except _Long:
            return "a level that depends on base"

    # --- levels -------------------------------------------------------------------------------------------------------

    def _row(self, row: int) -> _Text:
        self._count()
        degrees = [found for one in self.degrees if (found := one[row]) not in (0.0, None)]
        value = self.known[row]
        if not degrees:
            return _number(value)
        if degrees == [1.0]:
            return _Text("base", _ATOM) if value == 1 else _Text(f"{number_text(value)} * base", _PRODUCT)
        made = self.rows[row]
        assert isinstance(made, OperationRow)
        operands = [self._row(operand) for operand in made.rows]
        if made.function == "blend":
            return _blended(operands[0], operands[1], operands[2], operands[3])
        return _operation(made.function, operands)

    # --- nodes --------------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _Long

    def _node(self, node: Node) -> _Text:
        self._count()
        match node:
            case Level():
                return self._row(node.row)
            case Since() | Progress() | Left():
                if self.clock not in (None, node.clock):
                    raise _Long
                self.clock = node.clock
                return _Text("t" if isinstance(node, Since) else "p" if isinstance(node, Progress) else "q", _ATOM)
            case Operation():
                return _operation(node.function, [self._node(operand) for operand in node.operands])
            case Blend():
                rest = None if node.complement is None else self._node(node.complement)
                return _blended(self._row(node.from_), self._row(node.to), self._node(node.weight), rest)
            case Anchored():
                return self._node(node.body)
            case Sample():
                return _Text(f"{self._node(node.body).within(_ATOM)} every {time_text(node.every)}", -1)
        raise _Long  # phases, or cycles


def _number(value: float) -> _Text:
    text = _NAMED.get(value) or number_text(value)
    return _Text(text, _UNARY if text.startswith("-") else _ATOM)


def _blended(start: _Text, stop: _Text, weight: _Text, rest: _Text | None) -> _Text:
    if start.text == stop.text:
        return start
    if start.text == "0":
        return _product(stop, weight)
    if stop.text == "0":
        return _product(start, rest or _operation("-", [_Text("1", _ATOM), weight]))
    apart = _operation("-", [stop, start])
    return _Text(f"{start.text} + ({apart.text}) * {weight.within(_PRODUCT)}", _SUM)


def _product(level: _Text, weight: _Text) -> _Text:
    if level.text == "1":
        return weight
    if weight.text == "1":
        return level
    return _operation("*", [level, weight])


def _operation(function: str, operands: list[_Text]) -> _Text:
    if function == "neg":
        return _Text(f"-{operands[0].within(_UNARY)}", _UNARY)
    if function not in _INFIX:
        return _Text(f"{function}({', '.join(one.text for one in operands)})", _ATOM)
    binds, (first, second) = _INFIX[function], operands
    left = first.within(_ATOM if function == "^" else binds)
    # What is subtracted or divided by needs brackets where it binds no closer; an exponent may have a sign.
    if function == "^":
        right = second.within(_UNARY)
        return _Text(f"{left}^{right}", binds)
    right = second.within(binds + 1 if function in "-/" else binds)
    if right.startswith("-"):
        right = f"({right})"
    return _Text(f"{left}/{right}" if function == "/" else f"{left} {function} {right}", binds)
