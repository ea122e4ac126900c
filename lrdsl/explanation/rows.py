"""What an explanation consists of, as plain data.

In: nothing but the words of the timeline. Out: a row for each phase, with its levels, and what there is besides. Refuses to know
any layout: values and times are exact, words stand by themselves.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..facts import Facts
from ..problems import number_text
from ..records import frozen
from ..timeline import Source, as_number

RELATIVE = " x base"


@frozen
class LevelRow:
    """A level of a phase: `text` is its value as people write it, `value` None where that needs the base; `source` and `why` tell
    where it came from. `of` is the call whose level it is, where that stands inside the phase."""

    name: str
    value: float | None
    text: str
    source: Source
    why: str
    of: str | None = None


@frozen
class Repeat:
    """What is repeated: the length of the first cycle, how each next one is longer and multiplied, how often (None: forever)."""

    cycle: Fraction
    stretch: Fraction
    factor: float | None
    times: int | None


@frozen
class PhaseRow:
    """A phase: as written, what it starts and ends with, when, and where its levels and its length came from.

    `to` is the limit at its end, or the value that a phase without end settles at, None where it settles at none. `planned`
    tells from when to when it was planned, where it is shown in part or held longer. `share` is that of the run.
    """

    number: int
    text: str
    from_: float | None
    to: float | None
    begin: Fraction
    end: Fraction | None
    share: float | None
    formula: str | None
    levels: tuple[LevelRow, ...]
    length_source: Source
    length_why: str
    repeat: Repeat | None = None
    planned: tuple[Fraction, Fraction] | None = None

    @property
    def length(self) -> Fraction | None:
        return None if self.end is None else self.end - self.begin


@frozen
class Limit:
    """A `floor` or `cap` that was said of several phases, and from when to when it holds."""

    level: LevelRow
    begin: Fraction
    end: Fraction | None


@frozen
class Explained:
    """One output. Where `needs` names keys, values depend on their base, which was not given: then there are no facts, and rows are
    without values. `scale` is what every value is to be multiplied by, if anything."""

    name: str
    relation: str
    scale: str
    needs: tuple[str, ...]
    rows: tuple[PhaseRow, ...]
    limits: tuple[Limit, ...]
    facts: Facts | None

    def value(self, number: float | None) -> str:
        """A value as people write it."""
        return "?" if number is None else f"{number_text(number)}{self.scale if number else ''}"

    def as_data(self) -> dict[str, Any]:
        return {
            "relation": self.relation,
            "needs_base": list(self.needs),
            "phases": [_row_data(row) for row in self.rows],
            "limits": [
                {**_level_data(one.level), "begin": as_number(one.begin), "end": as_number(one.end)}
                for one in self.limits
            ],
            "facts": None if self.facts is None else self.facts.as_data(),
        }


@frozen
class Explanation:
    """A schedule: the unit of its times, the length of the run where it is known, and its outputs."""

    clock: str
    total: Fraction | None
    outputs: tuple[Explained, ...]
    groups: int = 0  # lines for groups, which are not explained here

    def as_data(self) -> dict[str, Any]:
        """All of it as JSON has it; times are numbers in the unit of the clock, and what there is not is null."""
        outputs = {one.name: one.as_data() for one in self.outputs}
        return {"clock": self.clock, "total": as_number(self.total), "outputs": outputs}


def _row_data(row: PhaseRow) -> dict[str, Any]:
    repeat = row.repeat and {
        "cycle": as_number(row.repeat.cycle), "stretch": as_number(row.repeat.stretch), "factor": row.repeat.factor,
        "times": row.repeat.times,
    }  # fmt: skip
    return {
        "phase": row.number,
        "text": row.text,
        "from": row.from_,
        "to": row.to,
        "begin": as_number(row.begin),
        "end": as_number(row.end),
        "length": {"value": as_number(row.length), "source": row.length_source, "why": row.length_why},
        "share": row.share,
        "formula": row.formula,
        "levels": [_level_data(level) for level in row.levels],
        "repeat": repeat,
        "planned": None if row.planned is None else [as_number(time) for time in row.planned],
    }


def _level_data(level: LevelRow) -> dict[str, Any]:
    return {
        "name": level.name, "value": level.value, "text": level.text, "source": level.source, "why": level.why,
        "of": level.of,
    }  # fmt: skip
