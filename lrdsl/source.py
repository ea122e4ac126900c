"""A text and its spans.

In: the characters of one schedule file. Out: offsets turned into lines and columns. Refuses to know what the text means.
"""

from __future__ import annotations

import bisect
import functools
import re

from .records import field, frozen


@frozen
class Source:
    """One text and the name under which messages speak of it."""

    text: str
    name: str = "<text>"

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        starts = _line_starts(self.text)
        line = bisect.bisect_right(starts, offset) - 1
        return line + 1, offset - starts[line] + 1

    def line(self, number: int) -> str:
        """The characters of a line, without its break."""
        starts = _line_starts(self.text)
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")


@frozen
class Span:
    """A half-open range of characters of a source."""

    source: Source = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def stripped(self) -> Span:
        """The span without blanks behind it."""
        return Span(self.source, self.start, self.start + len(self.text.rstrip()))

    def after_blanks(self) -> Span:
        """The span without blanks in front of it."""
        return Span(self.source, self.end - len(self.text.lstrip()), self.end)

    def to(self, other: Span) -> Span:
        """From where this span starts to where the other ends."""
        return Span(self.source, self.start, other.end)

    def after(self) -> Span:
        """The empty span behind this one, where something is missing."""
        return Span(self.source, self.end, self.end)

    def before(self) -> Span:
        """The empty span in front of this one."""
        return Span(self.source, self.start, self.start)


# Lone carriage returns count as line breaks (old files), form feeds and U+2028 do not, unlike in `str.splitlines`.
_BREAK = re.compile(r"\r\n|\n|\r")


@functools.lru_cache(maxsize=64)
def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in _BREAK.finditer(text))]
