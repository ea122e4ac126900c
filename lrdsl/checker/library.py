"""Definitions of shapes and curves, the built-in ones and those of a text.

In: statements `shape` and `curve`. Out: a table from names to definitions. Refuses to know any of them by name.
"""

from __future__ import annotations

import functools
from typing import Literal

from .. import tree
from ..functions import NAMED
from ..parser import grammar_text, parse
from ..records import frozen, replace
from ..source import Source, Span

LEVELS = ("from", "to", "max")
CONSTANTS = ("pi", "e")
VARIABLES = ("t", "p", "q")
# Names that no text may give another meaning. `total` is a parameter, so a text may set it.
BUILT_IN = frozenset((*VARIABLES, *CONSTANTS, "base", "next", "repeat", *NAMED))


@frozen
class Definition:
    """One definition of a shape or a curve; `formals` are those behind the first."""

    kind: Literal["shape", "curve"]
    name: str
    clock: Literal["t", "p"]
    formals: tuple[tree.Formal, ...]
    body: tree.Expression
    complement: tree.Expression | None
    span: Span
    about: str = ""  # the comment above it
    builtin: bool = False

    @property
    def takes(self) -> tuple[str, ...]:
        """The names of its arguments, levels too."""
        named = tuple(formal.name for formal in self.formals)
        if self.kind == "shape":
            # Every shape goes from one level to another, said in its formals or not.
            return named + tuple(level for level in ("from", "to") if level not in named)
        return named

    @property
    def needs(self) -> frozenset[str]:
        """The arguments that a call must give."""
        return frozenset(f.name for f in self.formals if f.default is None and f.name not in LEVELS)

    def default(self, name: str) -> tree.Expression | None:
        return next((formal.default for formal in self.formals if formal.name == name), None)

    def holds(self, span: Span) -> bool:
        """Whether a span is in the text of this definition."""
        return span.source is self.span.source and self.span.start <= span.start < self.span.end

    @property
    def formula(self) -> str:
        """The definition as written, without its head."""
        return self.span.text.partition(") =")[2].strip()


Library = dict[str, tuple[Definition, ...]]


def define(statement: tree.Shape | tree.Curve) -> Definition:
    """The definition that a statement gives; its first formal has been checked."""
    kind: Literal["shape", "curve"] = "shape" if isinstance(statement, tree.Shape) else "curve"
    complement = statement.complement if isinstance(statement, tree.Shape) else None
    clock: Literal["t", "p"] = "t" if statement.formals[0].name == "t" else "p"
    return Definition(kind, statement.name, clock, statement.formals[1:], statement.value, complement, statement.span)


@functools.cache
def prelude() -> Library:
    """The built-in shapes and curves, read from `grammar/prelude.lrs` by the parser that reads every text."""
    return read(Source(grammar_text("prelude.lrs"), "prelude.lrs"))


def read(source: Source) -> Library:
    """The library that a prelude defines."""
    library: Library = {}
    for commented in parse(source).file.statements:
        statement = commented.statement
        assert isinstance(statement, tree.Shape | tree.Curve), statement
        definition = replace(define(statement), about=_about(commented.above), builtin=True)
        library[definition.name] = (*library.get(definition.name, ()), definition)
    return library


def _about(above: tuple[str, ...]) -> str:
    """The comment that belongs to a statement: the lines above it up to an empty one."""
    lines: list[str] = []
    for line in reversed(above):
        if not line:
            break
        lines.insert(0, line.lstrip("# "))
    return " ".join(lines)
