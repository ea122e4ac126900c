"""How a timeline depends on `base`, by the rules of arithmetic.

In: a timeline node and its level program. Out: the power of `base` in its value: 0 for absolute texts, 1 for relative ones, None
for what is 0 and has every degree, NaN for what mixes. Refuses to know any text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    Since,
    levels,
)

Degree = float | None


def degree(node: Node, rows: Sequence[Row], key: str) -> Degree:
    """The degree of a node in the `base` of a key."""
    return _degree(node, row_degrees(rows, key), levels(rows, 1.0), {})


def row_degrees(rows: Sequence[Row], key: str) -> list[Degree]:
    """The degrees of levels in the `base` of a key."""
    values = levels(rows, 1.0)
    known: list[Degree] = []
    for row in rows:
        match row:
            case BaseRow(its):
                known.append(1.0 if its == key else 0.0)
            case ExactRow() | RealRow():
                known.append(None if row.value == 0 else 0.0)
            case OperationRow(function, operands):
                exponent = values[operands[1]] if function == "^" else None
                known.append(_combined(function, [known[operand] for operand in operands], exponent))
    return known


def _degree(node: Node, known: Sequence[Degree], values: Sequence[float], memo: dict[int, Degree]) -> Degree:
    if id(node) in memo:
        return memo[id(node)]
    found: Degree
    match node:
        case Level():
            return known[node.row]
        case Since() | Progress() | Left():
            return 0.0
        case Operation():
            degrees = [_degree(operand, known, values, memo) for operand in node.operands]
            last = node.operands[-1]
            exponent = values[last.row] if node.function == "^" and isinstance(last, Level) else None
            found = _combined(node.function, degrees, exponent)
        case Blend():
            found = _same([known[node.from_], known[node.to]])
        case Anchored() | Sample():
            found = _degree(node.body, known, values, memo)
        case Cycle():
            factor = 0.0 if node.factor is None else known[node.factor]
            found = _degree(node.body, known, values, memo) if factor in (0.0, None) else math.nan
        case Chain():
            found = _same([_degree(part.body, known, values, memo) for part in node.parts])
    memo[id(node)] = found
    return found


def _same(degrees: list[Degree]) -> Degree:
    real = {degree for degree in degrees if degree is not None}
    return None if not real else real.pop() if len(real) == 1 else math.nan


def _combined(function: str, degrees: list[Degree], exponent: float | None) -> Degree:
    first = degrees[0]
    match function:
        case "+" | "-" | "min" | "max" | "neg" | "abs":
            return _same(degrees)
        case "*":
            return None if None in degrees else first + degrees[1]  # type: ignore[operator]
        case "/":
            return None if first is None else first - (degrees[1] or 0.0)
        case "blend":
            return _same(degrees[:2])
        case "^":
            if degrees[1] not in (0.0, None):
                return math.nan
            if first in (0.0, None):
                return 0.0
            return math.nan if exponent is None or first is None else first * exponent
    return 0.0 if all(one in (0.0, None) for one in degrees) else math.nan
