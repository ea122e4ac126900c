"""What the param groups of an optimizer see, for whatever is written out: every line for groups, and the outputs where it wins.

In: a schedule, names of groups, and what plans the outputs where given lines win. Out: a table from which the outputs of a group
can be told by its name alone, without lrdsl. A line that takes numbers from names (`{i}`) makes another output for each number, so
it is in the table for the names that were given. Refuses to write anything.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..patterns import Pattern, Run, Star
from ..records import frozen

if TYPE_CHECKING:
    from ..output import Output

MOST = 1000  # outputs that are planned for names that were not given

Won = Mapping[str, int]  # the number of the line that wins, for each output that has one
Outputs = Mapping[str, "Output"]


@frozen
class Line:
    """A line for groups. `regex` matches the names that its pattern matches; `wider` are the lines of the same output that match
    its pattern as text: of the lines that match a name the one wins to which all the others are wider."""

    output: str
    pattern: Pattern
    regex: str
    wider: tuple[int, ...]


@frozen
class Seen:
    """An output as groups see it: by which lines of which outputs win (None: the plain one); None where it leaves groups alone."""

    by: tuple[str, ...]
    outputs: Mapping[tuple[int | None, ...], Output | None]


@frozen
class Groups:
    """The lines, what is seen by the lines that win, and what groups see whose names were given. `labels` say of an output what
    the groups are like that have it: a pattern or a name."""

    lines: tuple[Line, ...]
    seen: Mapping[str, Seen]
    named: Mapping[str, Outputs]
    labels: Mapping[Output, str]


def regex(pattern: Pattern) -> str:
    """A regular expression for the names that a pattern matches."""
    pieces = []
    for token in pattern.tokens:
        match token:
            case Star():
                pieces.append("[\\s\\S]*")
            case Run():
                pieces.append("(?<![0-9])[0-9]+(?![0-9])")
            case letter:
                pieces.append(re.escape(letter))
    return "".join(pieces)


def numbered(lines: Iterable[tuple[str, Pattern]]) -> tuple[Line, ...]:
    """The lines with their numbers: their places in the tuple."""
    given = tuple(lines)
    return tuple(
        Line(output, one, regex(one), tuple(
            place for place, (name, other) in enumerate(given)
            if name == output and other is not one and other.covers(one)
        ))
        for output, one in given
    )  # fmt: skip


def table(
    lines: tuple[Line, ...],
    uses: Mapping[str, Sequence[str]],
    plan: Callable[[Won], Outputs | None],
    named: Mapping[str, Outputs],
) -> Groups:
    """The table of a text. `uses` are the outputs that each output depends on, `plan` makes the outputs where given lines win, None
    where they cannot be made, and `named` are the outputs of names that were given."""
    seen: dict[str, Seen] = {}
    labels: dict[Output, str] = {}
    for output, others in uses.items():
        by = tuple(name for name in others if any(line.output == name for line in lines))
        choices = [_choices(lines, name) for name in by]
        found: dict[tuple[int | None, ...], Output | None] = {}
        if math.prod(map(len, choices)) <= MOST:
            for won in itertools.product(*choices):
                made = plan({name: place for name, place in zip(by, won, strict=True) if place is not None})
                if made is None:
                    continue
                found[won] = one = made.get(output)
                if one is not None:
                    labels[one] = " and ".join(lines[place].pattern.text for place in won if place is not None)
        seen[output] = Seen(by, found)
    for name, outputs in named.items():
        for one in outputs.values():
            labels.setdefault(one, name)
    return Groups(lines, seen, named, labels)


def _choices(lines: tuple[Line, ...], output: str) -> list[int | None]:
    """What may win for an output of a name that was not given: nothing, or a line that takes no number from it."""
    places = [place for place, line in enumerate(lines) if line.output == output and not line.pattern.names]
    return [None, *places]
