"""explain: the phases of a text, where their levels and lengths came from, and what is known for all times.

In: options. Out: a table a text, or JSON, on stdout. Refuses to decide anything about a text: what is told comes from
`explanation`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from .. import ScheduleError
from ..explanation import HEADS, Explained, Explanation, LevelRow, PhaseRow, cells_of, explain, shown_of, told
from ..problems import duration_text, number_text, time_text
from .report import colored, finite, plain, report, speaks_unicode
from .texts import Text, Usage, schedule, texts

_LEAST_TEXT, _MOST_WIDE = 24, 120
_LETTERS = (
    ("p", "p goes from 0 to 1 over the phase"),
    ("q", "q = 1 - p"),
    ("t", "t is the time since the phase began"),
    ("halfwave", "halfwave(x) = (1 - cos(pi x))/2"),
)


def run(options: argparse.Namespace) -> int:
    worst = 0
    found = texts(options)
    for index, text in enumerate(found):
        try:
            told_of = _explanation(text, options)
        except ScheduleError as error:
            report(text.shown(error.problems), options)
            worst = 1
            continue
        if options.format == "json":
            print(json.dumps(finite(told_of.as_data())))
            continue
        if len(found) > 1:
            print(("\n" if index else "") + f"{text.name}:\n")
        _print(told_of, options)
    return worst


def _explanation(text: Text, options: argparse.Namespace) -> Explanation:
    made = schedule(text, options)
    if made.missing:
        raise ScheduleError(*made.missing)
    if not made.outputs:
        raise Usage(f"{text.name} has only lines for groups: --group NAME says as which group to see it")
    return explain(made, options.base)


def _print(explanation: Explanation, options: argparse.Namespace) -> None:
    width = min(shutil.get_terminal_size((80, 24)).columns, _MOST_WIDE)
    print(plain(page(explanation, width, colored(options.color, sys.stdout)), speaks_unicode(sys.stdout)))


def page(explanation: Explanation, width: int = 80, color: bool = False) -> str:
    """The table of every output, with the facts below."""
    page = _Page(explanation.clock, width, color)
    lines = [line for output in explanation.outputs for line in ("", *page.output(output, explanation))]
    if explanation.groups:
        many = f"{explanation.groups} line{'s' if explanation.groups > 1 else ''} for groups"
        lines += ["", f"{many}: --group NAME explains what one group sees"]
    return "\n".join(lines[1:])


class _Page:
    """Lines of a width, in color or without."""

    def __init__(self, clock: str, width: int, color: bool) -> None:
        self.clock, self.width, self.color = clock, width, color

    def output(self, output: Explained, explanation: Explanation) -> Iterator[str]:
        total = "without end" if explanation.total is None else f"total {time_text(explanation.total)}"
        yield f"{self._bold(output.name)} · {self.clock} · {total}{' · relative to base' if output.scale else ''}"
        if output.needs:
            needs = " and ".join(output.needs)
            yield from self._wrapped(
                f"its values mix the base of {needs} with levels of its own: give it, as in --base 3e-4", ""
            )
        yield ""
        shown = shown_of(output.rows)
        cells = {row.number: cells_of(row, output, _short) for row in shown}
        used = [index for index in range(len(HEADS)) if any(some[index] for some in cells.values())]
        heads = [HEADS[index] for index in used]
        cells = {number: tuple(some[index] for index in used) for number, some in cells.items()}
        widths = [max(map(len, column)) for column in zip(heads, *cells.values(), strict=True)]
        digits = len(str(shown[-1].number))
        indent = digits + 2
        room = max(self.width - indent - sum(width + 2 for width in widths), _LEAST_TEXT)
        text_width = min(max(len("phase"), *(len(row.text) for row in shown)), room)
        yield self._dim(self._columns(f"{'':<{indent}}{'phase':<{text_width}}", heads, widths))
        before = 0
        for row in shown:
            if row.number > before + 1:
                yield f"\n{'':<{indent}}... {row.number - before - 1:_} more phases; --format json has them all"
            yield ""
            before = row.number
            yield from self._phase(row, output, cells[row.number], widths, text_width, digits)
        for limit in output.limits:
            whole = limit.begin == 0 and limit.end in (None, explanation.total)
            when = "" if whole else self._span(limit.begin, limit.end)
            yield f"\n{'':<{indent}}{self._bold(f'{limit.level.name} {limit.level.text}')}  {limit.level.why}{when}"
        yield from self._legend(shown)
        if output.facts is not None:
            yield ""
            yield from self._pairs(told(output, self.clock))

    def _span(self, begin: Any, end: Any) -> str:
        return f", from {time_text(begin)} {'on' if end is None else f'to {time_text(end)}'}"

    def _phase(
        self, row: PhaseRow, output: Explained, cells: Sequence[str], widths: Sequence[int], wide: int, digits: int
    ) -> Iterator[str]:
        number, indent = f"{row.number:>{digits}}  ", " " * (digits + 2)
        if len(row.text) <= wide:
            text = self._bold(row.text) + " " * (wide - len(row.text))
            yield self._columns(number + text, cells, widths)
        else:
            lines = textwrap.wrap(row.text, self.width - len(indent), break_on_hyphens=False) or [""]
            yield number + self._bold(lines[0])
            yield from (indent + "  " + self._bold(line) for line in lines[1:])
            yield self._columns(indent + " " * wide, cells, widths)
        yield from self._details(row, indent + "  ")

    def _details(self, row: PhaseRow, indent: str) -> Iterator[str]:
        if row.repeat is not None:
            yield from self._wrapped(_repeated(row, self.clock), indent, "repeats  ")
        if row.formula is not None:
            each = ", in each cycle" if row.repeat is not None else ""
            yield from self._wrapped(row.formula + each, indent, "formula  ")
        own = [level for level in row.levels if level.of is None and not _plain_number(level)]
        length = "" if row.length is None else duration_text(row.length, self.clock)
        said = [*((level.name, level.text, level.why) for level in own), ("length", length, row.length_why)]
        inside: dict[str, list[LevelRow]] = {}
        for level in row.levels:
            if level.of is not None and not _plain_number(level):
                inside.setdefault(level.of, []).append(level)
        values = [text for _, text, _ in said] + [level.text for some in inside.values() for level in some]
        wide = min(max(map(len, values), default=0), 20)
        for name, text, why in said:
            yield from self._wrapped(why, indent, f"{name:<7}  {text:<{wide}}  ")
        for of, levels in inside.items():
            yield from self._wrapped(f"in {of}", indent)
            for level in levels:
                yield from self._wrapped(level.why, indent, f"  {level.name:<5}  {level.text:<{wide}}  ")

    def _legend(self, rows: Sequence[PhaseRow]) -> Iterator[str]:
        words = {word for row in rows if row.formula for word in re.findall(r"[a-z]+", row.formula)}
        if "q" in words:
            words.add("p")
        said = [about for word, about in _LETTERS if word in words]
        if said:
            yield ""
            yield from map(self._dim, self._wrapped(", ".join(said), ""))

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
        wide = max(len(name) for name, _ in pairs)
        for name, text in pairs:
            yield from self._wrapped(text, "", f"{name:<{wide}}  ")

    def _columns(self, head: str, cells: Sequence[str], widths: Sequence[int]) -> str:
        return (head + "".join(f"  {cell:<{width}}" for cell, width in zip(cells, widths, strict=True))).rstrip()

    def _wrapped(self, text: str, indent: str, head: str = "") -> list[str]:
        room = max(self.width - len(indent) - len(head), _LEAST_TEXT)
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        return [
            (indent + (self._dim(head) if not index else " " * len(head)) + line).rstrip()
            for index, line in enumerate(lines)
        ]

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.color and text.strip() else text


def _short(value: float | None) -> str:
    return "?" if value is None else number_text(value)


def _plain_number(level: LevelRow) -> bool:
    """Whether a level is a number that stands there as a phase of its own: the text says it all."""
    return level.name == "value" and level.why == "written"


def _repeated(row: PhaseRow, clock: str) -> str:
    assert row.repeat is not None
    one = row.repeat
    stretch = "" if one.stretch == 1 else f", each {number_text(float(one.stretch))} times as long as the one before"
    factor = "" if one.factor is None else f", each multiplied by {number_text(one.factor)}"
    often = "for ever" if one.times is None else "once" if one.times == 1 else f"{one.times:_} times"
    return f"{often}; a cycle is {duration_text(one.cycle, clock)} long{stretch}{factor}"
