"""Texts into trees, by recursive descent.

In: the text of a file, or of one expression. Out: `read_file`, a `File`, and `read`, a node, such that `show`
gives a text with the same tree; or `Refused` where the grammar has no such text. Asserts are passed over.
This file refuses to know what any of it means, and to say where in the text it went wrong.
"""

from __future__ import annotations

import re

from reference_numbers import Refused
from reference_trees import (
    UNITS,
    Bracket,
    Call,
    Chain,
    CurveDef,
    File,
    Group,
    Line,
    Name,
    Neg,
    Node,
    Num,
    Op,
    Phase,
    Quantity,
    ShapeDef,
    Share,
    Steps,
)

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\#[^\n]*)
    |(?P<end>\n)
    |(?P<number>(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:e[+-]?\d+|[kKMBT])?(?![\w.]))
    |(?P<string>"[^"\n]*")
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign><=|>=|==|[-+*/^()\[\],=%])""",
    re.VERBOSE,
)
_CLAUSES = ("floor", "cap", "every")
_WORDS = {"param", "let", "shape", "curve", "assert", "then", "for", "until", "skip", *_CLAUSES}
_GOES_ON = {*"+-*/^=,", "then", "for", "until", "skip", *_CLAUSES}
_UNIT = {word: unit for unit in UNITS for word in (unit, unit[:-1])}

Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    """Kinds and texts; an `end` stands only where a statement ends."""
    found: list[Token] = []
    at = depth = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Refused(f"bad character or number at {text[at : at + 9]!r}")
        at = match.end()
        kind = str(match.lastgroup)
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(match.group(), 0)
        open_line = depth > 0 or not found or found[-1][0] == "end" or found[-1][1] in _GOES_ON
        if kind == "blank" or (kind == "end" and open_line):
            continue
        if match.group() in _GOES_ON and found and found[-1][0] == "end":
            found.pop()
        found.append((kind, match.group()))
    return [*found, ("end", "")] if found and found[-1][0] != "end" else found


class _Reader:
    """Tokens, and how far they are read."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def kind(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at][0] if at < len(self.tokens) else "end"

    def take(self, *wanted: str) -> str:
        """The next token, which must be one of these texts, or of these kinds."""
        if self.peek() not in wanted and self.kind() not in wanted:
            raise Refused(f"expected {wanted}, found {self.peek()!r}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def name(self) -> str:
        found = self.take("name")
        if found in _WORDS:
            raise Refused(f"{found} is a reserved word")
        return found

    def follows(self, *texts: str) -> bool:
        """Whether one of these comes next; it is taken then."""
        found = self.kind() in ("name", "sign") and self.peek() in texts
        self.at += found
        return found

    # ---- expressions

    def line(self) -> Node:
        body = self.chain()
        clauses: list[tuple[str, Node]] = []
        while self.peek() in _CLAUSES:
            clauses.append((self.take("name"), self.sum()))
        return Line(body, tuple(clauses)) if clauses else body

    def chain(self) -> Node:
        phases = [self.phase()]
        while self.follows("then"):
            phases.append(self.phase())
        return Chain(tuple(phases)) if len(phases) > 1 else phases[0]

    def phase(self) -> Node:
        body = self.sum()
        said = [self.sum() if self.follows(word) else None for word in ("for", "skip", "until")]
        return Phase(body, *said) if any(said) else body

    def sum(self) -> Node:
        left = self.product()
        while self.peek() in ("+", "-"):
            left = Op(self.take("sign"), left, self.product())
        return left

    def product(self) -> Node:
        left = self.unary()
        while self.peek() in ("*", "/"):
            left = Op(self.take("sign"), left, self.unary())
        return left

    def unary(self) -> Node:
        if self.follows("-"):
            return Neg(self.unary())
        bottom = self.atom()
        return Op("^", bottom, self.unary()) if self.follows("^") else bottom

    def atom(self) -> Node:
        if self.kind() == "number":
            text = self.take("number")
            if self.follows("%"):
                return Share(text)
            if self.kind() == "name" and self.peek() in _UNIT:
                unit = _UNIT[self.take("name")]
                return Steps(text) if unit == "steps" else Quantity(text, unit)
            return Num(text)
        if self.follows("("):
            body = self.line()
            self.take(")")
            return Bracket(body)
        name = self.name()
        return self.call(name) if self.follows("(") else Name(name)

    def call(self, name: str) -> Node:
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        while self.peek() != ")":
            if positional or named:
                self.take(",")
            if self.kind() == "name" and self.peek(1) == "=":
                key = self.name()
                self.take("=")
                named.append((key, self.line()))
            elif named:
                raise Refused("positional argument after a named one")
            else:
                positional.append(self.line())
        self.take(")")
        # without arguments a call is the name alone
        return Call(name, tuple(positional), tuple(named)) if positional or named else Name(name)

    # ---- statements

    def formals(self) -> tuple[tuple[str, Node | None], ...]:
        found: list[tuple[str, Node | None]] = []
        while not found or self.follows(","):
            name = self.name()
            found.append((name, self.line() if self.follows("=") else None))
        self.take(")")
        return tuple(found)

    def definition(self, word: str) -> ShapeDef | CurveDef:
        name = self.name()
        self.take("(")
        (first, default), *formals = self.formals()
        if default is not None or first not in (("p",) if word == "shape" else ("t", "p")):
            raise Refused(f"the first formal of a {word}")
        self.take("=")
        body = self.line()
        if word == "curve":
            return CurveDef(name, first, tuple(formals), body)
        return ShapeDef(name, tuple(formals), body, self.line() if self.follows(",") else None)

    def body(self) -> Node:
        self.take("=")
        return self.line()


def read_file(text: str) -> File:
    """The tree of a whole text."""
    reader = _Reader(text)
    params: list[tuple[str, Node]] = []
    lets: list[tuple[str, Node]] = []
    definitions: list[ShapeDef | CurveDef] = []
    outputs: list[tuple[str, Node]] = []
    groups: list[Group] = []
    while reader.at < len(reader.tokens):
        if reader.follows("param"):
            name = reader.name()
            reader.take("=")
            params.append((name, reader.sum()))
        elif reader.follows("let"):
            lets.append((reader.name(), reader.body()))
        elif reader.peek() in ("shape", "curve"):
            definitions.append(reader.definition(reader.take("name")))
        elif reader.follows("assert"):
            while reader.kind() != "end":
                reader.at += 1
        elif reader.kind() == "name" and reader.peek(1) == "[":
            name, _, pattern, _ = reader.name(), reader.take("["), reader.take("string"), reader.take("]")
            groups.append(Group(name, pattern[1:-1], reader.body()))
        elif reader.kind() == "name" and reader.peek(1) == "=":
            outputs.append((reader.name(), reader.body()))
        else:
            outputs.append(("lr", reader.line()))
        reader.take("end")
    names = [name for name, _ in outputs]
    if len(set(names)) < len(names):
        raise Refused("an output is defined twice")
    return File(
        dict(outputs).get("lr"),
        tuple(params),
        tuple(lets),
        tuple(d for d in definitions if isinstance(d, ShapeDef)),
        tuple(d for d in definitions if isinstance(d, CurveDef)),
        tuple((name, node) for name, node in outputs if name != "lr"),
        tuple(groups),
    )


def read(text: str) -> Node:
    """The tree of one expression."""
    reader = _Reader(text)
    node = reader.line()
    while reader.at < len(reader.tokens):
        reader.take("end")
    return node
