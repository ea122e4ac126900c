"""Patterns: which line of an output is meant for a parameter group, and the numbers in its name.

In: the name of a parameter group and the lines that an output has for groups. Out: the line that wins and the
numbers of its `{i}`, or None, or `Refused` where no pattern is the narrowest. This file refuses to know what
the lines say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reference_numbers import Refused
from reference_trees import Group

Found = dict[str, str]

DIGITS = frozenset("0123456789")
_PIECE = re.compile(r"\*|\{\w+\}|.", re.DOTALL)


def pieces(pattern: str) -> list[str]:
    """Single characters, `*`, and whole `{i}`."""
    return _PIECE.findall(pattern)


def captures(pattern: str) -> set[str]:
    """The names of the numbers in a pattern."""
    return {piece[1:-1] for piece in pieces(pattern) if len(piece) > 1}


def run(text: list[str], before: str) -> int:
    """How long a whole run of digits, or another pattern's `{j}`, is that stands here; 0 where none does."""
    if text and len(text[0]) > 1:
        return 1
    n = 0
    while n < len(text) and text[n] in DIGITS and before not in DIGITS:
        n += 1
    return n


def matches(pattern: list[str], text: list[str], before: str = "") -> Iterator[Found]:
    """Every way in which a pattern matches a whole text; the text may be a pattern too, piece by piece."""
    if not pattern:
        if not text:
            yield {}
        return
    first, rest = pattern[0], pattern[1:]
    if first == "*":
        for n in range(len(text) + 1):
            yield from matches(rest, text[n:], text[n - 1] if n else before)
    elif len(first) > 1:
        n = run(text, before)
        if n == 0:
            return
        digits = "".join(text[:n])
        for found in matches(rest, text[n:], text[n - 1]):
            # one name in a pattern is one number
            if found.get(first[1:-1], digits) == digits:
                yield found | {first[1:-1]: digits}
    elif text and text[0] == first:
        yield from matches(rest, text[1:], text[0])


def fits(pattern: str, text: list[str]) -> bool:
    """Whether a pattern matches a whole text."""
    return any(True for _ in matches(pieces(pattern), text))


def chosen(lines: list[Group], name: str) -> tuple[Group, dict[str, int]] | None:
    """The line for a parameter group, with its numbers; None where none matches."""
    hits = [line for line in lines if fits(line.pattern, list(name))]
    if not hits:
        return None
    winners = [line for line in hits if all(fits(other.pattern, pieces(line.pattern)) for other in hits)]
    if len(winners) != 1:
        raise Refused(f"no line decides for {name}: " + ", ".join(line.pattern for line in hits))
    found = matches(pieces(winners[0].pattern), list(name))
    ways = {tuple(sorted((key, int(digits)) for key, digits in way.items())) for way in found}
    if len(ways) > 1:
        raise Refused(f"two numbers in {name}: {winners[0].pattern}")
    return winners[0], dict(ways.pop())
