"""Trees of the schedule language, and the text of a tree.

In: frozen dataclasses, one for each thing the grammar can say. Out: `show(tree)`, the text, with brackets
only where the grammar needs them or a `Bracket` stands. This file refuses to know what any of it means, and
how a text is read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Num:
    """A written number without a unit, as it is typed: `1e-3`, `10k`, `1_000`."""

    text: str


@dataclass(frozen=True)
class Share:
    """A percentage; `text` is what stands before the sign."""

    text: str


@dataclass(frozen=True)
class Quantity:
    """A number with a unit: steps, epochs, tokens or samples."""

    text: str
    unit: str


@dataclass(frozen=True)
class Steps(Quantity):
    """A number of steps."""

    unit: str = "steps"


@dataclass(frozen=True)
class Name:
    """`t p q pi e base total`, a param, a let, a formal, or a curve without arguments."""

    name: str


@dataclass(frozen=True)
class Call:
    """A curve, a function or `repeat`."""

    name: str
    positional: tuple[Node, ...] = ()
    named: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True)
class Neg:
    """A leading minus."""

    body: Node


@dataclass(frozen=True)
class Op:
    """One of `+ - * / ^` between two operands."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Phase:
    """`body for D skip D until D`, each clause optional."""

    body: Node
    for_: Node | None = None
    skip: Node | None = None
    until: Node | None = None


@dataclass(frozen=True)
class Chain:
    """Phases joined by `then`."""

    phases: tuple[Node, ...]


@dataclass(frozen=True)
class Line:
    """A chain with what is said of all of it: pairs of `floor`, `cap` or `every` and an argument."""

    body: Node
    clauses: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True)
class Bracket:
    """Brackets that the author typed."""

    body: Node


@dataclass(frozen=True)
class ShapeDef:
    """A `shape` statement; the first formal, `p`, is not listed; `rest` is the expression for 1 - s."""

    name: str
    formals: tuple[tuple[str, Node | None], ...]
    body: Node
    rest: Node | None = None


@dataclass(frozen=True)
class CurveDef:
    """A `curve` statement; `first` is `t` or `p`, and is not among the formals."""

    name: str
    first: str
    formals: tuple[tuple[str, Node | None], ...]
    body: Node


@dataclass(frozen=True)
class Group:
    """What an output is for the parameter groups whose names match a pattern."""

    output: str
    pattern: str
    body: Node


@dataclass(frozen=True)
class File:
    """Definitions and outputs; `lr` may be missing, and the other outputs stand in `others`."""

    lr: Node | None
    params: tuple[tuple[str, Node], ...] = ()
    lets: tuple[tuple[str, Node], ...] = ()
    shapes: tuple[ShapeDef, ...] = ()
    curves: tuple[CurveDef, ...] = ()
    others: tuple[tuple[str, Node], ...] = ()
    groups: tuple[Group, ...] = ()

    def plain(self) -> dict[str, Node]:
        """The plain outputs, in the order of the text."""
        return dict(self.others) | ({} if self.lr is None else {"lr": self.lr})


UNITS = ("steps", "epochs", "tokens", "samples")
Node = Num | Share | Quantity | Name | Call | Neg | Op | Phase | Chain | Line | Bracket
Tree = Node | File

LINE, CHAIN, PHASE, SUM, PRODUCT, UNARY, POWER, ATOM = range(8)


def walk(node: object) -> Iterator[object]:
    """The node and everything under it."""
    yield node
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif hasattr(node, "__dataclass_fields__"):
        for field in fields(node):  # type: ignore[arg-type]
            yield from walk(getattr(node, field.name))


def bare(node: Node) -> Node:
    """The node without empty wrappers: a phase, chain or line that says nothing of its own."""
    while True:
        match node:
            case Phase(body, None, None, None) | Line(body, ()) | Chain((body,)):
                node = body
            case _:
                return node


def rank(node: Node) -> int:
    """The rule of the grammar that a node is an instance of, from LINE (loosest) to ATOM."""
    match node:
        case Line():
            return LINE
        case Chain():
            return CHAIN
        case Phase():
            return PHASE
        case Op(op):
            return {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER}[op]
        case Neg():
            return UNARY
    return ATOM


def _at(node: Node, least: int) -> str:
    """The text of a node where the grammar asks for the rule `least` or a tighter one."""
    node = bare(node)
    text = _text(node)
    return text if rank(node) >= least else f"({text})"


def _text(node: Node) -> str:
    match node:
        case Num(text):
            return text
        case Share(text):
            return text + "%"
        case Quantity(text, unit):
            return f"{text} {unit[:-1] if text == '1' else unit}"
        case Name(name):
            return name
        case Bracket(body):
            return f"({_at(body, LINE)})"
        case Neg(body):
            return "-" + _at(body, UNARY)
        case Op("^", left, right):
            return f"{_at(left, ATOM)}^{_at(right, UNARY)}"
        case Op(op, left, right):
            # the operators of one rule group to the left, so only the right operand must be tighter
            return f"{_at(left, rank(node))} {op} {_at(right, rank(node) + 1)}"
        case Call(name, positional, named):
            args = [_at(arg, LINE) for arg in positional] + [f"{key}={_at(arg, LINE)}" for key, arg in named]
            return f"{name}({', '.join(args)})" if args else name
        case Phase(body, for_, skip, until):
            said = (("for", for_), ("skip", skip), ("until", until))
            return _at(body, SUM) + "".join(f" {word} {_at(d, SUM)}" for word, d in said if d is not None)
        case Chain(phases):
            return " then ".join(_at(phase, PHASE) for phase in phases)
        case Line(body, clauses):
            return _at(body, CHAIN) + "".join(f" {word} {_at(arg, SUM)}" for word, arg in clauses)
    raise TypeError(f"no text for {node!r}")


def _formals(first: str, formals: tuple[tuple[str, Node | None], ...]) -> str:
    rest = [name if default is None else f"{name}={_at(default, LINE)}" for name, default in formals]
    return ", ".join([first, *rest])


def show(tree: Tree) -> str:
    """The text of a tree; a `File` has a statement on each line, the definitions first."""
    if not isinstance(tree, File):
        return _at(tree, LINE)
    lines = [f"param {name} = {_at(node, SUM)}" for name, node in tree.params]
    lines += [f"let {name} = {_at(node, LINE)}" for name, node in tree.lets]
    for shape in tree.shapes:
        rest = "" if shape.rest is None else f", {_at(shape.rest, LINE)}"
        lines.append(f"shape {shape.name}({_formals('p', shape.formals)}) = {_at(shape.body, LINE)}{rest}")
    for curve in tree.curves:
        lines.append(f"curve {curve.name}({_formals(curve.first, curve.formals)}) = {_at(curve.body, LINE)}")
    # `lr` is named, because a line that begins with a minus would go on with the statement above it
    lines += [f"{name} = {_at(node, LINE)}" for name, node in tree.plain().items()]
    lines += [f'{group.output}["{group.pattern}"] = {_at(group.body, LINE)}' for group in tree.groups]
    return "\n".join(lines)
