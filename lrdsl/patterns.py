"""Patterns of group names, such as `*layers.{i}.*`.

In: the text between the quotes. Out: what a name's numbers are if it matches, and which of several matching patterns is the
narrower one. `*` is anything, dots too; `{i}` a whole run of digits. Refuses to know what the names are names of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .records import frozen

_PIECE = re.compile(r"\*|\{[^{}]*\}|[{}]|[^*{}]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MOST_WAYS = 16  # of matching one name; two are one too many already

Numbers = tuple[tuple[str, int], ...]  # what the `{i}` of a pattern stand for, in the order of the pattern


class BadPattern(ValueError):
    """A pattern that cannot be read; says why."""


@frozen
class Star:
    """`*`"""


@frozen
class Run:
    """`{i}`: a whole run of digits; no digit stands before or behind it."""

    name: str


Token = str | Star | Run  # one character, anything, or a number


@frozen
class Pattern:
    """A pattern as tokens, so that it can itself be matched as text."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its numbers."""
        return tuple(dict.fromkeys(token.name for token in self.tokens if isinstance(token, Run)))

    def ways(self, name: str) -> list[Numbers]:
        """Every different way in which the numbers can be read where the whole name matches; none where it does not."""
        if not self.names:
            return [()] if _matches(self.tokens, tuple(name)) else []
        found: dict[Numbers, None] = {}
        for numbers in _readings(self, name):
            found.setdefault(numbers, None)
            if len(found) >= _MOST_WAYS:
                break
        return list(found)

    def covers(self, other: Pattern) -> bool:
        """Whether the other pattern, as text, is matched by this one: the other one is then the narrower."""
        return _matches(self.tokens, other.tokens)

    @property
    def key(self) -> tuple[object, ...]:
        """The same for patterns that differ in the names of their numbers only."""
        return tuple(Run("") if isinstance(token, Run) else token for token in self.tokens)


def pattern(text: str) -> Pattern:
    """The pattern of a text; raises BadPattern."""
    tokens: list[Token] = []
    for piece in _PIECE.findall(text):
        if piece == "*":
            tokens.append(Star())
        elif piece[0] == "{" and piece[-1] == "}" and len(piece) > 1:
            if not _NAME.match(piece[1:-1]):
                raise BadPattern(f"has {piece} in it, and in braces stands the name of a number")
            if tokens and isinstance(tokens[-1], Run):
                raise BadPattern("has two numbers side by side, and no name could tell them apart")
            tokens.append(Run(piece[1:-1]))
        elif piece in "{}":
            raise BadPattern(f"has a `{piece}` without its partner")
        else:
            tokens += piece
    if not tokens:
        raise BadPattern("is empty")
    return Pattern(text, tuple(tokens))


def narrowest(patterns: Sequence[Pattern]) -> int | None:
    """The number of the pattern that all others match as text; None where there is none."""
    for index, one in enumerate(patterns):
        if all(other.covers(one) for place, other in enumerate(patterns) if place != index):
            return index
    return None


def _matches(mine: tuple[Token, ...], text: tuple[Token, ...]) -> bool:
    """Whether tokens match a text of tokens, by the set of places that are reachable: linear in both."""
    places = {0}
    for token in mine:
        after: set[int] = set()
        if isinstance(token, Star):
            after = set(range(min(places), len(text) + 1)) if places else set()
        elif isinstance(token, Run):
            for place in places:
                after |= {end for end in (_run(text, place),) if end is not None}
        else:
            after = {place + 1 for place in places if place < len(text) and text[place] == token}
        places = after
        if not places:
            return False
    return len(text) in places


def _run(text: Sequence[Token], place: int) -> int | None:
    """Where the whole run of digits ends that begins at a place; a number of another pattern is one."""
    if place < len(text) and isinstance(text[place], Run):
        return place + 1
    if place > 0 and _digit(text[place - 1]):
        return None
    end = place
    while end < len(text) and _digit(text[end]):
        end += 1
    return end if end > place else None


def _digit(token: Token) -> bool:
    return isinstance(token, str) and token in "0123456789"


def _readings(pattern: Pattern, name: str) -> Iterator[Numbers]:
    """The numbers of each way in which a name matches."""
    text = tuple(name)
    if not _matches(pattern.tokens, text):
        return  # at a cost that is linear, and most names match no pattern
    stack: list[tuple[int, int, Numbers]] = [(0, 0, ())]
    seen: set[tuple[int, int, Numbers]] = set()
    while stack:
        state = stack.pop()
        if state in seen:
            continue
        seen.add(state)
        index, place, numbers = state
        if index == len(pattern.tokens):
            if place == len(text):
                yield numbers
            continue
        token = pattern.tokens[index]
        if isinstance(token, Star):
            stack.append((index + 1, place, numbers))
            if place < len(text):
                stack.append((index, place + 1, numbers))
        elif isinstance(token, Run):
            end = _run(text, place)
            if end is None or end - place > 1_000:
                continue
            value = int(name[place:end])
            known = dict(numbers)
            if known.get(token.name, value) == value:
                known[token.name] = value
                stack.append((index + 1, end, tuple(known.items())))
        elif place < len(text) and text[place] == token:
            stack.append((index + 1, place + 1, numbers))
