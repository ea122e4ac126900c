"""What was written.

Frozen nodes with spans, exactly as the text has them, brackets too: a bracket before `for` has a meaning. Refuses to know
what any name stands for. Spans and comments do not count when trees are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from .records import field, frozen
from .source import Span


@frozen
class Number:
    """`3e-4`, `2k`, `90 epochs`, `5%`: `value` is exact, `unit` is None, `%` or the plural of a unit."""

    text: str
    value: Fraction
    unit: str | None
    span: Span = field(compare=False, repr=False)


@frozen
class Name:
    name: str
    span: Span = field(compare=False, repr=False)


@frozen
class Argument:
    name: str | None
    value: Expression
    span: Span = field(compare=False, repr=False)


@frozen
class Call:
    """`name(arguments)`; which kind of thing `name` is, the grammar does not know."""

    name: str
    arguments: tuple[Argument, ...]
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


@frozen
class Negative:
    operand: Expression
    span: Span = field(compare=False, repr=False)


@frozen
class Power:
    base: Expression
    exponent: Expression
    span: Span = field(compare=False, repr=False)


@frozen
class Arithmetic:
    """A sum or a product of any number of operands: `operators[i]` stands before `operands[i + 1]`."""

    operators: tuple[str, ...]
    operands: tuple[Expression, ...]
    span: Span = field(compare=False, repr=False)


@frozen
class Bracket:
    inner: Expression
    span: Span = field(compare=False, repr=False)


@frozen
class Phase:
    """`body for D skip D until D`, with at least one of the three."""

    body: Expression
    for_: Expression | None
    skip: Expression | None
    until: Expression | None
    span: Span = field(compare=False, repr=False)


@frozen
class Chain:
    """Phases joined by `then`; at least two."""

    phases: tuple[Expression, ...]
    span: Span = field(compare=False, repr=False)


@frozen
class Clause:
    word: Literal["floor", "cap", "every"]
    value: Expression
    span: Span = field(compare=False, repr=False)


@frozen
class Line:
    """A chain and what is said of the whole of it, from left to right; at least one clause."""

    body: Expression
    clauses: tuple[Clause, ...]
    span: Span = field(compare=False, repr=False)


Expression = Number | Name | Call | Negative | Power | Arithmetic | Bracket | Phase | Chain | Line


@frozen
class Formal:
    name: str
    default: Expression | None
    span: Span = field(compare=False, repr=False)


@frozen
class Param:
    name: str
    value: Expression
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


@frozen
class Let:
    name: str
    value: Expression
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


@frozen
class Bare:
    """One expression among the statements: the output `lr`."""

    value: Expression
    span: Span = field(compare=False, repr=False)


@frozen
class Assign:
    """`name = value`: an output or, which the grammar cannot tell, a `let` without its word."""

    name: str
    value: Expression
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


@frozen
class Group:
    """`name["pattern"] = value`."""

    name: str
    pattern: str
    value: Expression
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


@frozen
class Shape:
    name: str
    formals: tuple[Formal, ...]
    value: Expression
    complement: Expression | None
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


@frozen
class Curve:
    name: str
    formals: tuple[Formal, ...]
    value: Expression
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


@frozen
class Claim:
    """`word` is `<=`, `>=`, `==`, `falls`, `rises` or `continuous`; `at` is the moment of a claim at one point."""

    word: str
    at: Expression | None
    value: Expression | None


@frozen
class Assert:
    name: str
    claim: Claim
    windows: tuple[tuple[Literal["after", "until"], Expression], ...]
    span: Span = field(compare=False, repr=False)
    name_span: Span = field(compare=False, repr=False)


Statement = Param | Let | Bare | Assign | Group | Shape | Curve | Assert


def expressions(statement: Statement) -> list[Expression]:
    """The expressions that a statement is made of."""
    match statement:
        case Assert(claim=claim, windows=windows):
            parts = [claim.at, claim.value, *(value for _, value in windows)]
        case Shape(value=value, complement=complement, formals=formals):
            parts = [value, complement, *(formal.default for formal in formals)]
        case Curve(value=value, formals=formals):
            parts = [value, *(formal.default for formal in formals)]
        case _:
            parts = [statement.value]
    return [part for part in parts if part is not None]


@frozen
class Commented:
    """A statement with the comment lines above it and the comment behind it."""

    statement: Statement
    above: tuple[str, ...] = field(default=(), compare=False)
    behind: str | None = field(default=None, compare=False)


@frozen
class File:
    """The statements of a text in their order, and the comment lines after the last one."""

    statements: tuple[Commented, ...]
    below: tuple[str, ...] = field(default=(), compare=False)


def children(node: Expression) -> Iterator[Expression]:
    """The expressions directly inside an expression, in the order in which they are written."""
    match node:
        case Number() | Name():
            return
        case Call():
            yield from (argument.value for argument in node.arguments)
        case Negative():
            yield node.operand
        case Power():
            yield from (node.base, node.exponent)
        case Arithmetic():
            yield from node.operands
        case Bracket():
            yield node.inner
        case Phase():
            yield from (part for part in (node.body, node.for_, node.skip, node.until) if part is not None)
        case Chain():
            yield from node.phases
        case Line():
            yield node.body
            yield from (clause.value for clause in node.clauses)


def walk(node: Expression) -> Iterator[Expression]:
    """The expression and everything in it, without recursion: a text may be nested deeper than Python's stack."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(tuple(children(node))))
