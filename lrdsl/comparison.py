"""What two texts, or two bindings of one, do differently.

In: two schedules. Out: a difference: as words, as numbers, as plain data; the same for all times where that is shown. Refuses to
prove anything itself, and to draw.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from . import problems
from .diagnostic import ScheduleError
from .problems import number_text, time_text
from .prover import HORIZON, Comparison, Gap, Stretch, area, compare
from .records import frozen
from .timeline import as_number

if TYPE_CHECKING:
    from .output import Base, Output
    from .schedule import Schedule

_MOST = 6  # stretches that are told
_ROWS = 12  # moments in the table
_TIMES = 3.0  # a value is told as so many percent more up to here, and beyond as so many times the other

Row = tuple[Fraction, float, float]  # a moment, and both values


@frozen
class OutputDifference:
    """How an output differs from `begin` on; `areas` are bounds of the areas up to `until`, None where it never settles."""

    name: str
    comparison: Comparison
    areas: tuple[tuple[float, float], tuple[float, float]] | None
    until: Fraction | None
    rows: tuple[Row, ...]

    @property
    def same(self) -> bool | None:
        """Whether it is the same for all times; None where no difference was found, and none excluded."""
        return self.comparison.same


@frozen
class Difference:
    """What two schedules do differently; `names` are theirs, `only` the outputs that one of them has alone.

    >>> import lrdsl
    >>> first = lrdsl.compile("warmup(10k, to=1e-3) then cosine(90k)")
    >>> print(first.diff("warmup(10k, to=1e-3) then linear(90k)").words)  # doctest: +ELLIPSIS
    lr: the same until 10k; then B is lower until 55k, by 1.05e-4 at most, 11.9 %, at 29_775; then B is higher until 100k, ...
    """

    names: tuple[str, str]
    clock: str
    begin: Fraction
    outputs: tuple[OutputDifference, ...]
    only: tuple[tuple[str, str], ...]

    @property
    def same(self) -> bool | None:
        """Whether both are the same for all times from `begin` on; None where no difference was found, and none excluded."""
        found = [one.same for one in self.outputs]
        if self.only or False in found:
            return False
        return None if None in found else True

    @property
    def words(self) -> str:
        """The difference as people say it, a line for each output."""
        since = "" if self.begin == 0 else f" from {time_text(self.begin)} on"
        lines = [f"{one.name}{since}: {_words(one, self)}" for one in self.outputs]
        lines += [f"{output}: only in {name}" for output, name in self.only]
        return "\n".join(lines)

    def as_data(self) -> dict[str, Any]:
        """The difference as JSON has it; times are numbers in the unit of the clock."""
        return {
            "names": list(self.names),
            "clock": self.clock,
            "begin": as_number(self.begin),
            "same": self.same,
            "words": self.words,
            "only": [{"output": output, "in": name} for output, name in self.only],
            "outputs": {one.name: _output_data(one) for one in self.outputs},
        }


def difference(
    first: Schedule,
    second: Schedule,
    names: tuple[str, str] = ("A", "B"),
    *,
    at: Fraction | float | None = None,
    base: Base = None,
) -> Difference:
    """How the second differs from the first, from `at` on.

    Raises ScheduleError where something is missing that both need to be compared: a total, a common clock, or the base where
    one of them alone is relative to it.
    """
    for schedule in (first, second):
        if schedule.missing:
            raise ScheduleError(*schedule.missing)
    if first.clock != second.clock:
        raise ScheduleError(problems.other_clock(names, (first.clock, second.clock)))
    begin = Fraction(0) if at is None else Fraction(at)
    if begin < 0 or begin > HORIZON:
        raise ScheduleError(problems.bad_time(at))
    shared = [name for name in first.outputs if name in second.outputs]
    only = [(name, names[0]) for name in first.outputs if name not in second.outputs]
    only += [(name, names[1]) for name in second.outputs if name not in first.outputs]
    found = tuple(_of_output(first[name], second[name], begin, base) for name in shared)
    return Difference(names, first.clock, begin, found, tuple(only))


def _of_output(one: Output, two: Output, begin: Fraction, base: Base) -> OutputDifference:
    if base is None and {one.relation, two.relation} & {"relative", "mixed"} and one.relation != two.relation:
        raise ScheduleError(problems.base_to_compare(one.name))
    known = one.levels(base), two.levels(base)
    found = compare(one.timeline, two.timeline, known, begin)
    given = one.given(base), two.given(base)
    ends = [output.proven(base).settled if output.length is None else output.length for output in (one, two)]
    until = None if None in ends else max(begin, *(end for end in ends if end is not None))
    areas = None
    if until is not None and until > begin:
        both = zip((one, two), given, strict=True)
        first, second = (area(output.timeline.chain, begin, until, its) for output, its in both)
        areas = first, second
    return OutputDifference(one.name, found, areas, until, _rows(one, two, found, begin, base))


def _rows(one: Output, two: Output, found: Comparison, begin: Fraction, base: Base) -> tuple[Row, ...]:
    """The moments that tell most: the beginning, where phases meet, where differences begin and end, and the largest."""
    times = {begin, *(stretch.begin for stretch in found.stretches)}
    times |= {gap.time for gap in (*found.gaps, *(one.gap for one in found.steep)) if gap.time < 10**15}
    phases = [phase.begin for output in (one, two) for phase in output.phases]
    ends = [output.length for output in (one, two) if output.length is not None]
    for time in sorted({*phases, *ends}):
        if len(times) < _ROWS and time >= begin:
            times.add(time)
    return tuple((time, one.exactly(time, base), two.exactly(time, base)) for time in sorted(times)[:_ROWS])


# --- words ------------------------------------------------------------------------------------------------------------


def _words(one: OutputDifference, whole: Difference) -> str:
    found = one.comparison
    if found.same:
        return "the same for all times"
    if found.same is None:
        return f"no difference found, and none above {number_text(found.bound)} is possible"
    told = []
    for index, stretch in enumerate(found.stretches[:_MOST]):
        told.append(_stretch(stretch, found, whole.names[1], index == 0))
    if len(found.stretches) > _MOST:
        told.append(f"and so on, {len(found.stretches)} stretches in all")
    areas = _areas(one)
    return "; ".join(told) + (f". {areas}" if areas else ".")


def _stretch(stretch: Stretch, found: Comparison, name: str, first: bool) -> str:
    until = "" if stretch.end is None else f" until {time_text(_readable(stretch.end))}"
    then = "" if first else "then "
    if stretch.kind == "same":
        return f"{then}the same{until}"
    if stretch.kind == "repeats":
        return "and so on, again and again"
    said = f"{then}{name} is {stretch.kind}{until}" + ("" if stretch.shown else " (found, not shown)")
    steep = [one for one in found.steep if _inside(one.gap, stretch)]
    if steep:
        one = max(steep, key=lambda one: abs(one.gap.share or 0.0))
        shares = [each.gap.share or 0.0 for each in steep]
        if all(each.throughout for each in steep) and max(shares) - min(shares) <= 1e-9 * abs(max(shares)):
            return f"{said}, by {_percent(one.gap)} throughout"
        return f"{said}, by {_percent(one.gap)}{' at most' if one.sure else ' or more'}{_at(one.gap)}"
    gap = max((gap for gap in found.gaps if _inside(gap, stretch)), key=lambda gap: abs(gap.size), default=None)
    if gap is None:
        return said
    share = "" if gap.share is None else f", {_percent(gap)}"
    return f"{said}, by {number_text(float(f'{abs(gap.size):.3g}'))} at most{share}{_at(gap)}"


def _inside(gap: Gap, stretch: Stretch) -> bool:
    """Whether a difference is one of those that a stretch is told for."""
    within = stretch.begin <= gap.time and (stretch.end is None or gap.time <= stretch.end)
    return within and (gap.size > 0) == (stretch.kind == "higher")


def _percent(gap: Gap) -> str:
    share = abs(gap.share or 0.0)
    if share > _TIMES:
        return f"{number_text(float(f'{share + 1:.3g}'))} times"
    return f"{number_text(float(f'{100 * share:.3g}'))} %"


def _at(gap: Gap) -> str:
    return f", at {time_text(_readable(gap.time))}" if gap.time < 10**15 else ", in the limit"


def _readable(time: Fraction) -> Fraction:
    """A time to four digits, where that many tell it."""
    if time.denominator == 1 or time < 1:
        return time
    digits = 3 - math.floor(math.log10(time))
    return Fraction(round(time, digits)) if digits > 0 else Fraction(round(time))


def _areas(one: OutputDifference) -> str:
    if one.areas is None:
        return ""
    (low, high), (least, most) = one.areas
    if low <= most and least <= high:
        return "The areas are the same."
    first, second = (low + high) / 2, (least + most) / 2
    if first == 0:
        return f"The areas are 0 and {number_text(second)}."
    share = (second - first) / abs(first)
    return f"The area is {number_text(float(f'{100 * abs(share):.3g}'))} % {'larger' if share > 0 else 'smaller'}."


# --- data -------------------------------------------------------------------------------------------------------------


def _gap_data(gap: Gap) -> dict[str, Any]:
    return {"time": as_number(gap.time), "side": gap.side, "first": gap.first, "second": gap.second, "share": gap.share}


def _output_data(one: OutputDifference) -> dict[str, Any]:
    found = one.comparison
    return {
        "same": one.same,
        "stretches": [
            {
                "begin": as_number(stretch.begin),
                "end": as_number(stretch.end),
                "kind": stretch.kind,
                "shown": stretch.shown,
            }
            for stretch in found.stretches
        ],
        "largest": None if found.largest is None else _gap_data(found.largest),
        "bound": found.bound,
        "steepest": [{**_gap_data(one.gap), "sure": one.sure} for one in found.steep],
        "areas": None if one.areas is None else [(low + high) / 2 for low, high in one.areas],
        "until": as_number(one.until),
        "values": [{"time": as_number(time), "first": first, "second": second} for time, first, second in one.rows],
    }
