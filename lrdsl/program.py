"""What was understood: the tree with names put in, kinds and the clock settled.

Every node is either a constant (exact where it is written exactly), something of time, or a schedule built of phases. A name
is gone: its text stands in its place, in an `Inner`, as a bracket does. Refuses to know any length, boundary or level.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from typing import Literal

from .records import field, frozen
from .source import Span

# The outputs that drive a key of the optimizer's groups.
DRIVEN = ("lr", "weight_decay", "momentum", "beta1", "beta2")


class Kind(Enum):
    """A number; a time; or a share of `total`, which is a time only beside or under one."""

    NUMBER = "number"
    TIME = "time"
    SHARE = "share"


@frozen(eq=False)
class Written:
    """An exact number."""

    value: Fraction
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Quantity:
    """A number and its unit: `2k steps`."""

    value: Fraction
    unit: str
    span: Span
    kind: Kind = Kind.TIME


@frozen(eq=False)
class Share:
    """`10%`; `value` is 1/10."""

    value: Fraction
    span: Span
    kind: Kind = Kind.SHARE


@frozen(eq=False)
class Total:
    span: Span
    kind: Kind = Kind.TIME


@frozen(eq=False)
class Base:
    """What the key of an output held when the schedule was attached."""

    key: str
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Irrational:
    """`pi` or `e`."""

    name: Literal["pi", "e"]
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Variable:
    """`t`, `p` or `q` of the phase in which it is used."""

    name: Literal["t", "p", "q"]
    span: Span
    kind: Kind


@frozen(eq=False)
class LevelName:
    """`from`, `to` or `max` in the body of a curve."""

    name: str
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Operation:
    """A function of `functions.py`; `Written` operands of `+ - * /` are folded, so an operation is not exact."""

    function: str
    operands: tuple[Node, ...]
    span: Span
    kind: Kind


@frozen(eq=False)
class Inner:
    """A bracket or a name: what is inside counts as one thing."""

    body: Node
    span: Span
    kind: Kind


@frozen(eq=False)
class Phase:
    """`body for D skip D until D`."""

    body: Node
    length: Node | None
    skip: Node | None
    until: Node | None
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Chain:
    phases: tuple[Node, ...]
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Limit:
    """`floor` is the function max, `cap` is min."""

    body: Node
    function: Literal["max", "min"]
    value: Node
    span: Span
    kind: Kind


@frozen(eq=False)
class Sampled:
    body: Node
    every: Node
    span: Span
    kind: Kind


@frozen(eq=False)
class Repeat:
    body: Node
    times: Node | None
    stretch: Node | None
    factor: Node | None
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Level:
    """One of the levels of a call.

    `written` is what the call says (a `Share` is one of the other level), `default` what the definition says for where
    nothing is written, `ahead` that it says `next`.
    """

    name: str
    written: Node | None
    default: Node | None
    ahead: bool


@frozen(eq=False)
class Call:
    """A shape (with `weight`, and `complement` = 1 - weight) or a curve (with `body`).

    `timed` tells that the first formal is `t`, so that no length is needed; `key` is the definition with the arguments
    that are exact numbers, by which two calls of one form are known to be the same function of progress.
    """

    name: str
    length: Node | None
    levels: dict[str, Level]
    weight: Node | None
    complement: Node | None
    body: Node | None
    timed: bool
    key: tuple[object, ...]
    span: Span
    name_span: Span
    kind: Kind = Kind.NUMBER

    @property
    def holds(self) -> bool:
        """Whether the curve only keeps its level."""
        return isinstance(self.body, LevelName) and self.body.name == "max"


@frozen(eq=False)
class Output:
    """An output used in another one: what it is alone, its levels, lengths and base its own. `key` is what it drives."""

    name: str
    body: Node
    key: str | None
    span: Span
    kind: Kind = Kind.NUMBER


@frozen(eq=False)
class Broken:
    """In the place of what could not be understood; its problem is reported already."""

    span: Span
    kind: Kind = Kind.NUMBER


Node = (
    Written | Quantity | Share | Total | Base | Irrational | Variable | LevelName | Operation | Inner | Phase | Chain
    | Limit | Sampled | Repeat | Call | Output | Broken
)  # fmt: skip


@frozen(eq=False)
class Claim:
    """What is asserted of an output: `word` is `<=`, `>=`, `==`, `falls`, `rises` or `continuous`; `at` is the moment of a claim
    at one point, None where it is for all times."""

    output: str
    word: str
    at: Node | None
    value: Node | None
    windows: tuple[tuple[Literal["after", "until"], Node], ...]
    span: Span


@frozen(eq=False)
class Line:
    """A line for groups, with numbers put in for those of its pattern: what the outputs are for a group that it alone matches."""

    output: str
    pattern: str
    outputs: dict[str, Node]


@frozen(eq=False)
class Program:
    """The outputs of a text, its total where it is known, its parameters with their texts, and what is claimed of it.

    `clock` is the unit of time, `rates` what one of each connected unit is worth in it. `lines` are the lines for groups, each
    tried with some numbers.
    """

    outputs: dict[str, Node]
    total: Node | None
    params: dict[str, str]
    clock: str = "steps"
    rates: Mapping[str, Fraction] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    lines: tuple[tuple[Line, ...], ...] = ()


def core(node: Node) -> Node:
    """The node without the brackets and names round it."""
    while isinstance(node, Inner):
        node = node.body
    return node
