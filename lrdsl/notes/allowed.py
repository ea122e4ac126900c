"""`# lrdsl: allow jump, zero-start`: which notes a text silences.

In: the comments of a text, or names that a caller gives. Out: names of notes, and notes of names that are none. Refuses to know
what a note is about.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from .. import problems
from ..diagnostic import Diagnostic
from ..parser import Parsed
from ..source import Span

_COMMENT = re.compile(r"#+[ \t]*lrdsl[ \t]*:[ \t]*allow\b(?P<names>.*)")
_NAME = re.compile(r"[^\s,]+")


def allowed(parsed: Parsed) -> frozenset[str]:
    """The names that the comments of a text allow, anywhere in it."""
    return frozenset(span.text for span in _spans(parsed))


def unknown(parsed: Parsed) -> list[Diagnostic]:
    """What comments allow that is no note."""
    wrong = (span for span in _spans(parsed) if span.text not in problems.NOTES)
    return [problems.unknown_allow(span, span.text, closest(span.text)) for span in wrong]


def names_in(text: str) -> list[str]:
    """The names in `jump, zero-start`."""
    return _NAME.findall(text)


def closest(name: str) -> str | None:
    """The note that was most likely meant, also by its code."""
    by_code = {code.lower(): note for note, code in problems.NOTES.items()}
    word = name.lower().replace("_", "-")
    if word in by_code or word in problems.NOTES:
        return by_code.get(word, word)
    begun = [note for note in problems.NOTES if len(word) > 2 and (note.startswith(word) or word.startswith(note))]
    return begun[0] if len(begun) == 1 else next(iter(difflib.get_close_matches(word, problems.NOTES, 1, 0.6)), None)


def _spans(parsed: Parsed) -> Iterator[Span]:
    """The names in the comments of a text, where they stand in it."""
    at = 0
    for comment in _comments(parsed):
        # Comments keep their order, so each is found behind the one before it.
        start = parsed.source.text.find(comment, at)
        at = start + len(comment)
        said = _COMMENT.match(comment)
        if said is not None:
            for found in _NAME.finditer(comment, said.start("names")):
                yield Span(parsed.source, start + found.start(), start + found.end())


def _comments(parsed: Parsed) -> Iterable[str]:
    for commented in parsed.file.statements:
        yield from (line for line in commented.above if line)
        if commented.behind:
            yield commented.behind
    yield from (line for line in parsed.file.below if line)
