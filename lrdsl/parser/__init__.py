"""Text to tree.

In: a source. Out: the statements that could be read, the problems of those that could not, and the names that the unread
ones would have defined. Refuses to know what a name stands for; builds nodes and nothing else.

    cutter.py    where statements begin and end, brackets, comments
    grammar      ../../grammar/lrs.lark, read by Lark
    builder.py   rules to nodes
    aliases.py   words that people write for those of the language
    mender.py    what Lark refuses to a problem, with a mend where one is honest
"""

from __future__ import annotations

import functools
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from .. import problems, tree
from ..diagnostic import Diagnostic
from ..source import Source, Span
from .builder import Builder, exact
from .cutter import Piece, cut
from .mender import explain

__all__ = ["Parsed", "exact", "grammar_file", "parse", "parse_value"]

LARGEST = 1 << 20  # characters of a text
DEEPEST = 150  # nodes above one another, brackets and signs and powers counted, and operands in a row

# Nearly every terminal is always looked for, so that keywords keep out of names and a misplaced word is one whole token.
# UNIT and the words of `assert` are not: they are names wherever the grammar does not ask for them.
_SOFT = {"UNIT", "AT", "AFTER", "FALLS", "RISES", "IS", "CONTINUOUS"}
_DEFINES = re.compile(
    r"(?:^([A-Za-z_][A-Za-z0-9_]*)\s*=(?!=)|(?<![A-Za-z0-9_])(?:param|let|shape|curve)\s+([A-Za-z_][A-Za-z0-9_]*))"
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The statements that could be read; `lost` are names that unreadable statements would have defined."""

    source: Source
    file: tree.File
    problems: tuple[Diagnostic, ...]
    lost: frozenset[str]


def parse(source: Source, curves: frozenset[str] = frozenset()) -> Parsed:
    """The tree of a text. `curves` are words before which a forgotten `then` may be offered."""
    if len(source.text) > LARGEST:
        return Parsed(source, tree.File(()), (problems.too_large(source, LARGEST),), frozenset())
    pieces, below = cut(source)
    statements: list[tree.Commented] = []
    found: list[Diagnostic] = []
    lost: set[str] = set()
    for piece in pieces:
        read = _read(source, piece, curves)
        if isinstance(read, list):
            found += read
            text = source.text[piece.start : piece.end]
            lost |= {found.group(1) or found.group(2) for found in _DEFINES.finditer(text)}
        else:
            statements.append(tree.Commented(read, piece.above, piece.behind))
    if not pieces:
        found.append(problems.empty_text(source))
    return Parsed(source, tree.File(tuple(statements), below), tuple(found), frozenset(lost))


def parse_value(source: Source) -> tree.Expression | tuple[Diagnostic, ...]:
    """The tree of a value given from outside, as in `--set peak=6e-4`: a sum."""
    pieces, _ = cut(source)
    if len(pieces) != 1 or len(source.text) > LARGEST:
        return (problems.not_a_value(source),)
    if pieces[0].problems:
        return tuple(pieces[0].problems)
    try:
        value: tree.Expression = _run(source, 0, source.text, "sum")
    except UnexpectedInput:
        return (problems.not_a_value(source),)
    deep = _too_deep([value])
    return (deep,) if deep else value


def grammar_file(name: str) -> Path:
    """A file of `grammar/`: inside the package in a wheel, beside it in a checkout."""
    here = Path(__file__).resolve().parent.parent
    for home in (here / "grammar", here.parent / "grammar"):
        if (home / name).is_file():
            return home / name
    raise FileNotFoundError(f"grammar/{name} is neither in {here} nor beside it: the installation is incomplete")


def _read(source: Source, piece: Piece, curves: frozenset[str]) -> tree.Statement | list[Diagnostic]:
    if piece.problems:
        return piece.problems
    text = source.text[piece.start : piece.end]
    try:
        statement: tree.Statement = _run(source, piece.start, text, "statement")
    except UnexpectedInput as error:
        return [explain(source, piece.start, text, _offending(error, text), _Grammar(), curves)]
    deep = _too_deep(tree.expressions(statement))
    return [deep] if deep else statement


def _too_deep(roots: list[tree.Expression]) -> Diagnostic | None:
    stack = [(root, 1) for root in roots]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST:
            return problems.nested_too_deep(Span(node.span.source, node.span.start, node.span.start + 1), DEEPEST)
        stack += [(child, depth + 1) for child in tree.children(node)]
    return None


def _offending(error: UnexpectedInput, text: str) -> Token:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        token: Token = error.token
        return token
    # At the end Lark's token carries the place of the one before it.
    end = len(text.rstrip())
    return Token("$END", "", start_pos=end, end_pos=end)


_LOCK = threading.RLock()


def _run(source: Source, offset: int, text: str, start: str) -> Any:
    # The builder is part of the parser, so what it must know of the source is handed over for one parse at a time.
    with _LOCK:
        lark, builder = _lark()
        builder.source, builder.offset = source, offset
        return lark.parse(text, start=start)


class _Always:
    """What Lark calls a postlexer; here it only says which terminals are looked for in every state."""

    def __init__(self, always: set[str]) -> None:
        self.always_accept = always

    def process(self, stream: Any) -> Any:
        return stream


@functools.cache
def _lark() -> tuple[Lark, Builder]:
    text = grammar_file("lrs.lark").read_text("utf-8")
    terminals = set(re.findall(r"^([A-Z_]+)(?:\.-?\d)?:", text, re.MULTILINE))
    builder = Builder()
    always: Any = _Always(terminals - _SOFT - {"BLANK", "COMMENT"})
    lark = Lark(
        text, parser="lalr", lexer="contextual", start=["statement", "sum"], transformer=builder, postlex=always
    )
    return lark, builder


class _Grammar:
    """What the mender may ask: does a statement parse, and what may follow the beginning of one."""

    def parses(self, text: str) -> bool:
        try:
            _run(Source(text), 0, text, "statement")
        except UnexpectedInput:
            return False
        return True

    def follows(self, text: str) -> frozenset[str]:
        # The set that comes with Lark's error lies: LALR reduces on the offending token before it complains. Replaying
        # the text before it gives what can really follow.
        with _LOCK:
            lark, builder = _lark()
            builder.source, builder.offset = Source(text), 0
            interactive = lark.parse_interactive(text, start="statement")
            try:
                interactive.exhaust_lexer()
            except UnexpectedInput:
                return frozenset()
            return frozenset(interactive.accepts())  # type: ignore[no-untyped-call]
