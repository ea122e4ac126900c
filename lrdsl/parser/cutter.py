"""Cuts a text into its statements, before any grammar.

In: a source. Out: one piece for each statement, with its comments; problems of brackets, nesting and characters. Refuses to
know what a statement is: it sees brackets, strings, comments, line breaks, and the words with which a line goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import problems
from ..diagnostic import Diagnostic, Mend
from ..records import field, slotted
from ..source import Source, Span

DEPTH = 100

_LEXEME = re.compile(r'"[^"\r\n]*"?|#[^\r\n]*|[()\[\]]|\r\n|\n|\r|[^"#()\[\]\r\n]+')
WORDS = "then for until skip floor cap every"
_GOES_ON = re.compile(rf"[-+*/^=,<>]|(?:{WORDS.replace(' ', '|')})(?![A-Za-z0-9_])")
_UNFINISHED = re.compile(rf"(?:[-+*/^=,<>]|(?<![A-Za-z0-9_])(?:{WORDS.replace(' ', '|')}))$")
_OPENS_STATEMENT = re.compile(
    r"(?:(?:param|let|shape|curve|assert)[ \t]+[A-Za-z_]|[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]\r\n]*\])?[ \t]*=(?!=))"
)
_OPEN_PATTERN = re.compile(r'"[^"\r\n]*(?=[\r\n]|$)')
_STATEMENT_WORD = re.compile(r"(?:param|let|shape|curve|assert)[ \t]+[A-Za-z_]")
_CLOSES = {")": "(", "]": "["}


@slotted
class Piece:
    """One statement: where it stands, the comments above and behind it, and what the cutter found wrong with it."""

    start: int
    end: int
    above: tuple[str, ...]
    behind: str | None = None
    problems: list[Diagnostic] = field(default_factory=list)


@slotted
class _Row:
    """One line of the text: its code without comment, and the brackets on it."""

    start: int
    code: str
    comment: str | None
    brackets: list[tuple[str, int]]


def cut(source: Source) -> tuple[list[Piece], tuple[str, ...]]:
    """The pieces of a text, and the comment lines below the last of them."""
    rows = list(_rows(source.text))
    pieces, below, open_at_end = _join(source, rows, resume=False)
    if open_at_end:
        # A bracket that stays open would swallow the rest of the file, and every problem in it. The second cut ends
        # the open statement where the next one plainly begins.
        pieces, below, _ = _join(source, rows, resume=True)
    return pieces, below


def _rows(text: str) -> Iterator[_Row]:
    start = 0
    code: list[str] = []
    comment: str | None = None
    brackets: list[tuple[str, int]] = []
    for found in _LEXEME.finditer(text):
        lexeme = found.group()
        match lexeme[0]:
            case "\r" | "\n":
                yield _Row(start, "".join(code), comment, brackets)
                start, code, comment, brackets = found.end(), [], None, []
            case "#":
                comment = lexeme.rstrip()
            case "(" | ")" | "[" | "]":
                brackets.append((lexeme, found.start()))
                code.append(lexeme)
            case _:
                code.append(lexeme)
    yield _Row(start, "".join(code), comment, brackets)


def _join(source: Source, rows: list[_Row], resume: bool) -> tuple[list[Piece], tuple[str, ...], bool]:
    pieces: list[Piece] = []
    above: list[str] = []
    stack: list[tuple[str, int]] = []
    piece: Piece | None = None
    last = ""  # the code of the line before
    indent = 0
    for row in rows:
        code = row.code.strip(" \t")
        if not code:
            # An empty line is kept as "": it parts what is above a statement from what belongs to it.
            if row.comment or ((above or pieces) and (not above or above[-1])):
                above.append(row.comment or "")
            continue
        begin = row.start + len(row.code) - len(row.code.lstrip(" \t"))
        # The words of statements stand nowhere else, so one at the start of a line ends what is open.
        anew = _STATEMENT_WORD.match(code) or (resume and _begins_anew(code, begin - row.start, indent, last))
        if piece is not None and stack and anew:
            piece.problems.append(_never_closed(source, stack, piece.end))
            stack, piece = [], None
        if piece is None or not (stack or _GOES_ON.match(code) or _UNFINISHED.search(last)):
            stack = []
            piece = Piece(begin, begin, tuple(above))
            pieces.append(piece)
            indent, above = begin - row.start, []
        piece.end = begin + len(code)
        # A comment inside a statement of several lines has no line of its own when the statement is printed again.
        inside = tuple(line for line in above if line)
        above = []
        if piece.behind and (inside or row.comment):
            piece.above += (piece.behind,)
            piece.behind = None
        piece.above += inside
        piece.behind = row.comment or piece.behind
        _match_brackets(source, row, stack, piece)
        last = code
    if piece is not None and stack and not piece.problems:
        piece.problems.append(_never_closed(source, stack, piece.end))
    while above and not above[-1]:
        above.pop()
    return pieces, tuple(above), bool(stack)


def _begins_anew(code: str, column: int, indent: int, last: str) -> bool:
    return column <= indent and not last.endswith((",", "(", "[")) and _OPENS_STATEMENT.match(code) is not None


def _match_brackets(source: Source, row: _Row, stack: list[tuple[str, int]], piece: Piece) -> None:
    for bracket, offset in row.brackets:
        if bracket in "([":
            stack.append((bracket, offset))
            if piece.problems:
                continue  # the first is told, and a megabyte of brackets has a million of them
            pattern = _OPEN_PATTERN.match(source.text, offset + 1)
            if pattern:
                piece.problems.append(_open_pattern(source, pattern))
            elif len(stack) == DEPTH + 1:
                piece.problems.append(problems.nested_too_deep(Span(source, offset, offset + 1), DEPTH))
        elif stack and stack[-1][0] == _CLOSES[bracket]:
            stack.pop()
        else:
            if not piece.problems:
                opened = Span(source, stack[-1][1], stack[-1][1] + 1) if stack else None
                piece.problems.append(problems.closes_nothing(Span(source, offset, offset + 1), opened))
            if stack:
                stack.pop()


def _open_pattern(source: Source, pattern: re.Match[str]) -> Diagnostic:
    closing = pattern.group().find("]")
    place = pattern.end() if closing < 0 else pattern.start() + closing
    mend = Mend('close the pattern with `"`', ((Span(source, place, place), '"'),))
    return problems.never_closed_string(Span(source, pattern.start(), pattern.end()), (mend,))


def _never_closed(source: Source, stack: list[tuple[str, int]], end: int) -> Diagnostic:
    bracket, offset = stack[-1]
    inside = source.text[offset + 1 : end]
    return problems.never_closed(Span(source, offset, offset + 1), _closing_place(source, bracket, offset, inside, end))


def _closing_place(source: Source, bracket: str, offset: int, inside: str, end: int) -> Span:
    # A word of the language cannot stand in an argument that has no bracket of its own, so the bracket was meant to
    # be closed before the first of them.
    depth = 0
    for found in re.finditer(rf"[()\[\]]|(?<![A-Za-z0-9_])(?:{WORDS.replace(' ', '|')})(?![A-Za-z0-9_])", inside):
        if found.group() in "([":
            depth += 1
        elif found.group() in ")]":
            depth -= 1
        elif depth <= 0 and bracket == "(" and re.search(r"[A-Za-z0-9_]$", source.text[:offset]):
            place = offset + 1 + len(inside[: found.start()].rstrip())
            return Span(source, place, place)
    return Span(source, end, end)
