"""Kinds: numbers, times, and shares of the total.

In: program nodes, or the kinds of two operands. Out: the kind of a result, where a share is written, and what keeps a duration from
being exact. Refuses to know names and scopes.
"""

from __future__ import annotations

from .. import program
from ..program import Kind
from ..source import Span


def result(operator: str, a: Kind, b: Kind) -> Kind | None:
    """The kind of a result; None where a share stands in a value's arithmetic."""
    kinds = {a, b}
    if operator in "+-":
        return Kind.TIME if Kind.TIME in kinds else Kind.SHARE if Kind.SHARE in kinds else Kind.NUMBER
    if operator == "*":
        if kinds == {Kind.NUMBER, Kind.SHARE}:
            return Kind.SHARE
        if Kind.SHARE in kinds:
            return None
        return Kind.TIME if kinds == {Kind.NUMBER, Kind.TIME} else Kind.NUMBER
    if b is Kind.NUMBER:
        return a
    if b is Kind.SHARE and a is Kind.NUMBER:
        return None
    return Kind.NUMBER


def share(node: program.Node) -> Span:
    """Where the share in a node is written."""
    match node:
        case program.Inner():
            return share(node.body)
        case program.Operation():
            return next((share(one) for one in node.operands if one.kind is Kind.SHARE), node.span)
    return node.span


def inexact(node: program.Node) -> program.Node | None:
    """What keeps a duration from being exact."""
    match node:
        case program.Inner():
            return inexact(node.body)
        case program.Operation() if node.function in ("+", "-", "*", "/", "neg", "min", "max"):
            return next((found for operand in node.operands if (found := inexact(operand))), None)
        case program.Written() | program.Quantity() | program.Share() | program.Total() | program.Broken():
            return None
    return node
