"""One statement, by Lark and the grammar.

In: the text of a statement and where it stands. Out: its tree, or what is wrong with it. Refuses to know other statements.
"""

from __future__ import annotations

import functools
import re
import threading
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from .. import problems, tree
from ..diagnostic import Diagnostic
from ..source import Source, Span
from . import DEEPEST, grammar_text, tables
from .builder import Builder
from .mender import explain

# Nearly every terminal is always looked for, so that keywords keep out of names and a misplaced word is one whole token.
# UNIT and the words of `assert` are not: they are names wherever the grammar does not ask for them.
_SOFT = {"UNIT", "AT", "AFTER", "FALLS", "RISES", "IS", "CONTINUOUS"}


def statement(source: Source, start: int, text: str, curves: frozenset[str]) -> tree.Statement | list[Diagnostic]:
    """The tree of a statement that stands at `start`, or its problem."""
    try:
        found: tree.Statement = _run(source, start, text, "statement")
    except UnexpectedInput as error:
        return [explain(source, start, text, _offending(error, text), _Grammar(), curves)]
    deep = _too_deep(tree.expressions(found))
    return [deep] if deep else found


def value(source: Source) -> tree.Expression | tuple[Diagnostic, ...]:
    """The tree of a sum."""
    try:
        found: tree.Expression = _run(source, 0, source.text, "sum")
    except UnexpectedInput:
        return (problems.not_a_value(source),)
    deep = _too_deep([found])
    return (deep,) if deep else found


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
    text = grammar_text("lrs.lark")
    terminals = set(re.findall(r"^([A-Z_]+)(?:\.-?\d)?:", text, re.MULTILINE))
    builder = Builder()
    always: Any = _Always(terminals - _SOFT - {"BLANK", "COMMENT"})
    lark = Lark(
        text, parser="lalr", lexer="contextual", start=["statement", "sum"], transformer=builder, postlex=always,
        cache=tables() or False,
    )  # fmt: skip
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
