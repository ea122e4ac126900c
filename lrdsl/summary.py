"""A schedule in one line.

In: a schedule. Out: its first value, where it turns, and what it keeps: the line that reprs, logs and `check` end with. Refuses
to know the text: it looks at values where phases meet.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .problems import number_text, time_text

if TYPE_CHECKING:
    from .schedule import Schedule

_MOST = 5  # points shown; a text of a thousand phases has one line too
_LOOKED = 20  # phases inside which a turn is looked for


def summary(schedule: Schedule) -> str:
    """`lr 0 -> 3e-4 at 2k -> 3e-5 at 100k, then 3e-5 · steps · total 100k`."""
    if schedule.relation == "mixed":
        shape = f"lr mixes base with levels of its own · {len(schedule.phases)} phases"
    else:
        shape = f"lr {_path(schedule)}"
    relative = " x base" if schedule.relation == "relative" else ""
    total = "" if schedule.length is None else f" · total {time_text(schedule.length)}"
    return f"{shape}{relative} · {schedule.clock}{total}"


def _path(schedule: Schedule) -> str:
    points = _turns(_points(schedule))
    shown = [f"{number_text(value)} at {time_text(time)}" for time, value in points]
    shown[0] = number_text(points[0][1])
    if len(shown) > _MOST:
        shown = [*shown[: _MOST - 2], "...", *shown[-2:]]
    path = " -> ".join(shown)
    last = _last(schedule)
    if last is None:
        return f"{path} -> ..."
    return path if len(points) == 1 else f"{path}, then {number_text(last)}"


def _points(schedule: Schedule) -> list[tuple[Fraction, float]]:
    """The times at which phases meet, with the values on both sides where they differ."""
    points = [(Fraction(0), schedule.exactly(0))]
    for phase in schedule.phases:
        end = phase.end
        if end is None:
            settled = schedule.settled
            if settled is None:
                break
            end = Fraction(round(settled) if settled > 100 else settled)
            points.append((end, schedule.exactly(end + 1)))
            break
        if len(schedule.phases) <= _LOOKED:
            points += _inside(schedule, phase.begin, end)
        before, after = schedule.left(end), schedule.exactly(end)
        points.append((end, before))
        if abs(after - before) > 1e-12 * max(abs(after), abs(before)):
            points.append((end, after))
    return points


def _inside(schedule: Schedule, begin: Fraction, end: Fraction) -> list[tuple[Fraction, float]]:
    """The highest and the lowest point inside a phase, where they are beyond both of its ends."""
    times = [begin + (end - begin) * k / 32 for k in range(33)]
    values = [schedule.exactly(time) for time in times[:-1]] + [schedule.left(end)]
    slack = 1e-6 * max(map(abs, values))
    found = []
    for pick in (max, min):
        index = values.index(pick(values))
        if abs(values[index] - pick(values[0], values[-1])) > slack:
            time = times[index] if end - begin < 64 else Fraction(round(times[index]))
            found.append((time, schedule.exactly(time)))
    return sorted(found)


def _turns(points: list[tuple[Fraction, float]]) -> list[tuple[Fraction, float]]:
    """Points between which the value goes on in one direction are left out."""
    kept: list[tuple[Fraction, float]] = []
    for index, point in enumerate(points):
        if 0 < index < len(points) - 1:
            before, after = points[index - 1][1], points[index + 1][1]
            if before < point[1] < after or before > point[1] > after or before == point[1] == after:
                continue
            if point[1] == before and points[index + 1][0] == point[0]:
                continue  # the end of a plateau at a jump is said by the jump
        if not kept or point[1] != kept[-1][1] or index < len(points) - 1:
            kept.append(point)
    return kept


def _last(schedule: Schedule) -> float | None:
    """The value that stays in the end, None where none does."""
    if schedule.length is not None:
        return schedule.exactly(schedule.length)
    settled = schedule.settled
    return None if settled is None else schedule.exactly(settled + 1.0)
