"""Text to tree.

In: a source. Out: the statements that could be read, the problems of those that could not, and the names that the unread
ones would have defined. Refuses to know what a name stands for; builds nodes and nothing else.

    cutter.py    where statements begin and end, brackets, comments
    reader.py    one statement, by Lark and the grammar
    grammar      ../../grammar/lrs.lark, read by Lark
    builder.py   rules to nodes
    aliases.py   words that people write for those of the language
    mender.py    what Lark refuses to a problem, with a mend where one is honest
"""

from __future__ import annotations

import os
import re

from .. import problems, tree
from ..diagnostic import Diagnostic
from ..records import frozen
from ..source import Source, Span
from .cutter import WORDS, Piece, cut

__all__ = ["Parsed", "grammar_text", "keep_tables", "parse", "parse_value"]

LARGEST = 1 << 20  # characters of a text
DEEPEST = 150  # nodes above one another, brackets and signs and powers counted, and operands in a row

MOST_NODES = 200_000  # operators, calls, numbers and names, with names put in

# Quotes and comments; numbers, operators and calls; what ends a row of operators; other words.
_COUNTED = re.compile(
    r'"[^"\n]*"|#[^\n]*|(?P<number>\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<operator>[-+*/^])'
    rf"|(?P<end>\b(?:{WORDS.replace(' ', '|')})\b|[(),])|(?P<call>[A-Za-z_]\w*\s*\()|[A-Za-z_]\w*"
)
_RANKS, _SHORT_ROW = 4, 1000  # sums, products, signs, powers; and a text in which no row can be too long
_KEPT = re.compile(r"\s*(?:let|shape|curve|param|assert)\b")  # what counts only where it is put in
_DEFINES = re.compile(
    r"(?:^([A-Za-z_][A-Za-z0-9_]*)\s*=(?!=)|(?<![A-Za-z0-9_])(?:param|let|shape|curve)\s+([A-Za-z_][A-Za-z0-9_]*))"
)


@frozen
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
    if len(source.text) > MOST_NODES and _nodes(source.text, pieces) > MOST_NODES:
        # Known in a moment, and not only when Lark has read it all.
        return Parsed(
            source,
            tree.File(()),
            (problems.too_many_nodes(Span(source, 0, len(source.text)), MOST_NODES),),
            frozenset(),
        )
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
    from .reader import value

    return value(source)


_tables: str | None = None


def keep_tables(path: str | None) -> None:
    """From now on the tables of the grammar are kept in a file between processes, and made anew where it does not fit."""
    global _tables
    _tables = path


def tables() -> str | None:
    """The file in which they are kept, if any."""
    return _tables


def grammar_text(name: str) -> str:
    """A file of `grammar/`: inside the package in a wheel, beside it in a checkout."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for home in (os.path.join(here, "grammar"), os.path.join(os.path.dirname(here), "grammar")):
        if os.path.isfile(os.path.join(home, name)):
            with open(os.path.join(home, name), encoding="utf-8") as file:
                return file.read()
    raise FileNotFoundError(f"grammar/{name} is neither in {here} nor beside it: the installation is incomplete")


def _nodes(text: str, pieces: list[Piece]) -> int:
    """How many nodes the outputs of a text have at least."""
    outputs = (text[piece.start : piece.end] for piece in pieces)
    counted = (found.lastgroup for output in outputs if not _KEPT.match(output) for found in _COUNTED.finditer(output))
    return sum(kind in ("number", "operator", "call") for kind in counted)


def _read(source: Source, piece: Piece, curves: frozenset[str]) -> tree.Statement | list[Diagnostic]:
    if piece.problems:
        return piece.problems
    text = source.text[piece.start : piece.end]
    row = _too_long_row(text)
    if row is not None:
        return [problems.nested_too_deep(Span(source, piece.start + row, piece.start + row + 1), DEEPEST)]
    from .reader import statement  # Lark is loaded when there is something to read

    return statement(source, piece.start, text, curves)


def _too_long_row(text: str) -> int | None:
    """Where so many operators stand in a row that, whatever their ranks, they are worked out too deep in one another."""
    if len(text) <= _SHORT_ROW:
        return None
    begin, count = 0, 0
    for found in _COUNTED.finditer(text):
        if found.lastgroup == "operator":
            count += 1
            if count > _RANKS * DEEPEST:
                return begin
        elif found.lastgroup in ("end", "call"):
            begin, count = found.end(), 0
    return None
