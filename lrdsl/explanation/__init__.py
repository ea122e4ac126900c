"""Why a schedule is what it is: a row for each phase, and where each level and each length came from.

In: a schedule, and perhaps a base. Out: plain data with exact times, the facts, and words for what was inferred. Refuses to know
how any of it is shown.

    rows.py       what an explanation consists of
    formulas.py   closed forms as people write formulas
    words.py      origins and facts in words
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..output import Base, Output
from ..problems import number_text
from ..records import frozen
from ..timeline import Clock, Cycle, Level, Node, Origin, Part, clipped, clock_of, limited, outline, rounded, value
from .formulas import Formulas
from .rows import RELATIVE, Explained, Explanation, LevelRow, Limit, PhaseRow, Repeat
from .words import HEADS, cells_of, one_line, shown_of, told, why_cut, why_length, why_level

if TYPE_CHECKING:
    from ..schedule import Schedule

__all__ = [
    "HEADS",
    "Explained",
    "Explanation",
    "LevelRow",
    "Limit",
    "PhaseRow",
    "Repeat",
    "cells_of",
    "explain",
    "shown_of",
    "told",
]


def explain(schedule: Schedule, base: Base = None) -> Explanation:
    """Every output of a schedule that lacks nothing, phase by phase.

    >>> import lrdsl
    >>> rows = explain(lrdsl.compile("warmup(2k) then cosine(to=10%)", total=100_000)).outputs[0].rows
    >>> [(level.name, level.text, level.why) for level in rows[1].levels]
    [('from', '1 x base', 'where the warmup ends'), ('to', '0.1 x base', '10% of from, written')]
    """
    outputs = tuple(_Explainer(output, base).explained() for output in schedule.plain)
    total = schedule.first.length if outputs else None
    return Explanation(schedule.clock, total, outputs, len(schedule.patterns))


@frozen
class _Shown:
    """A phase with the time that it owns, limits of the whole line looked through."""

    phase: int
    text: str
    begin: Fraction
    end: Fraction | None
    body: Node
    held: bool  # behind its body, its last value


class _Explainer:
    """The rows of one output."""

    def __init__(self, output: Output, base: Base) -> None:
        self.output, self.timeline = output, output.timeline
        self.mixed = output.relation == "mixed" and base is None
        self.base: Base = base
        self.known = output.levels(1.0 if base is None else base)
        self.formulas = Formulas(self.timeline.rows, self.known, output.keys if base is None else ())
        self.scale = RELATIVE if output.relation == "relative" and base is None else ""
        self.origins: dict[int, list[Origin]] = {}
        for origin in dict.fromkeys(self.timeline.origins):
            self.origins.setdefault(origin.phase, []).append(origin)

    def explained(self) -> Explained:
        output = self.output
        facts = None if self.mixed else output.proven(self.base)
        shown = self._shown()
        limits = tuple(self._limits(self.timeline.chain.parts, Fraction(0), None))
        rows = tuple(self._row(index, shown) for index in range(len(shown)))
        needs = output.keys if self.mixed else ()
        return Explained(output.name, output.relation, self.scale, needs, rows, limits, facts)

    # --- phases -------------------------------------------------------------------------------------------------------

    def _shown(self) -> list[_Shown]:
        found: list[_Shown] = []
        parts = self.timeline.chain.parts
        for part in outline(parts, Fraction(0), None):
            if part.begin == self.timeline.length and found:
                continue  # holds the last value past the end
            if found and found[-1].phase == part.phase and found[-1].end == part.begin:
                last = found[-1]
                found[-1] = _Shown(last.phase, last.text, last.begin, part.end, last.body, True)
                continue
            text = one_line(self.timeline.phases[part.phase].text)
            found.append(_Shown(part.phase, text, part.begin, part.end, part.body, False))
        return found

    def _limits(self, parts: Sequence[Part], begin: Fraction, end: Fraction | None) -> Iterator[Limit]:
        """The limits of several phases that `outline` looks through."""
        for part in clipped(parts, begin, end):
            inner = limited(part.body)
            if inner is None:
                continue
            for origin in self.origins.get(part.phase, ()):
                if origin.name in ("floor", "cap") and origin.row is not None:
                    yield Limit(self._level(origin, None, None, None), part.begin, part.end)
            yield from self._limits(inner.parts, part.begin, part.end)

    def _row(self, index: int, shown: list[_Shown]) -> PhaseRow:
        one, output, timeline = shown[index], self.output, self.timeline
        from_ = to = None
        if not self.mixed:
            from_ = output.exactly(one.begin, self.base)
            to = output.proven(self.base).final if one.end is None else output.left(one.end, self.base)
        share = None
        if timeline.length and one.end is not None:
            share = rounded((one.end - one.begin) / timeline.length)
        clock, repeat, body = clock_of(one.body), None, one.body
        if isinstance(body, Cycle):
            factor = None if body.factor is None else self.known[body.factor]
            repeat = Repeat(body.period, body.stretch, factor, body.times)
            body = body.body
        length = next((origin for origin in self.origins.get(one.phase, ()) if origin.name == "length"), None)
        planned = None
        if clock is not None and clock.length is not None:
            planned = clock.origin, clock.origin + clock.length
            planned = None if planned == (one.begin, one.end) else planned
        why = why_length(length)
        if planned is not None:
            why = why_cut(why, planned, one.begin, one.end, output.clock)
        return PhaseRow(
            index + 1, one.text, from_, to, one.begin, one.end, share, self.formulas.formula(body),
            tuple(self._levels(index, shown, clock)), "own" if length is None else length.source, why, repeat, planned,
        )  # fmt: skip

    # --- levels -------------------------------------------------------------------------------------------------------

    def _levels(self, index: int, shown: list[_Shown], clock: Clock | None) -> Iterator[LevelRow]:
        one = shown[index]
        # What is joined under way follows a phase that is not shown.
        joined = clock is not None and clock.origin < one.begin
        before = "" if joined else shown[index - 1].text if index else None
        ended = value(self.timeline.chain, one.begin, self.known, "left") if index and not self.mixed else None
        after = next((other.text for other in shown[index + 1 :] if not self._passed_over(other)), None)
        for origin in self.origins.get(one.phase, ()):
            if origin.name == "length" or origin.row is None:
                continue
            inside = origin.call is not None and origin.call != self.timeline.phases[one.phase]
            of = one_line(origin.call.text) if inside and origin.call is not None else None
            told = before
            if before and ended is not None and abs(self.known[origin.row] - ended) > 1e-9 * abs(ended):
                told = None  # a phase of no length stands between, and has no row by whose name to call it
            yield self._level(origin, of, None if inside else told, None if inside else after)

    def _passed_over(self, one: _Shown) -> bool:
        """Whether a phase only keeps a level that nobody wrote: what is before it looks over it."""
        sources = {origin.source for origin in self.origins.get(one.phase, ()) if origin.name in ("max", "value")}
        return isinstance(one.body, Level) and bool(sources) and "written" not in sources

    def _level(self, origin: Origin, of: str | None, before: str | None, after: str | None) -> LevelRow:
        assert origin.row is not None
        value = None if self.mixed else self.known[origin.row]
        text = self.formulas.level(origin.row)
        if self.scale and value is not None:
            text = f"{number_text(value)}{self.scale}" if "base" in text else text
        return LevelRow(origin.name, value, text, origin.source, why_level(origin, text, before, after), of)
