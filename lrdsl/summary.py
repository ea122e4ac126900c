"""A schedule in one line.

In: a schedule. Out: its first value, where it turns, and what it keeps: the line that reprs, logs and `check` end with. Refuses
to know the text: it looks at values where phases meet.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .problems import number_text, time_text
from .prover import moments

if TYPE_CHECKING:
    from .schedule import Schedule

_MOST = 5  # points shown; a text of a thousand phases has one line too
_LOOKED = 20  # phases inside which a turn is looked for


def summary(schedule: Schedule, base: float | None = None) -> str:
    """`lr 0 -> 3e-4 at 2k -> 3e-5 at 100k, then 3e-5 · steps · total 100k`."""
    if schedule.relation == "mixed" and base is None:
        shape = "lr mixes base with levels of its own, so its values need the base"
    else:
        shape = f"lr {_path(schedule, 1.0 if base is None else base)}"
    relative = " x base" if schedule.relation == "relative" and base is None else ""
    total = "" if schedule.length is None else f" · total {time_text(schedule.length)}"
    return f"{shape}{relative} · {schedule.clock}{total}"


def _path(schedule: Schedule, base: float) -> str:
    points = _turns(_points(schedule, base))
    shown = [f"{number_text(value)} at {time_text(time)}" for time, value in points]
    shown[0] = number_text(points[0][1])
    if len(shown) > _MOST:
        shown = [*shown[: _MOST - 2], "...", *shown[-2:]]
    path = " -> ".join(shown)
    last = _last(schedule, base)
    if last is None:
        return f"{path} -> ..."
    return path if len(points) == 1 else f"{path}, then {number_text(last)}"


def _points(schedule: Schedule, base: float) -> list[tuple[Fraction, float]]:
    """The times at which phases meet, with the values on both sides where they differ."""
    points = [(Fraction(0), schedule.exactly(0, base))]
    for phase in schedule.phases:
        end = phase.end
        if end is None:
            settled = schedule.settled
            if settled is None or _last(schedule, base) is None:
                points += _far_peak(schedule, phase.begin, base)
                break
            end = Fraction(round(settled) if settled > 100 else settled)
            points.append((end, schedule.exactly(end + 1, base)))
            break
        if len(schedule.phases) <= _LOOKED:
            points += _inside(schedule, phase.begin, end, base)
        before, after = schedule.left(end, base), schedule.exactly(end, base)
        points.append((end, before))
        if abs(after - before) > 1e-12 * max(abs(after), abs(before)):
            points.append((end, after))
    return points


def _inside(schedule: Schedule, begin: Fraction, end: Fraction, base: float) -> list[tuple[Fraction, float]]:
    """The highest and the lowest point inside a phase, where they are beyond both of its ends."""
    points = [(begin + (end - begin) * k / 32, "right") for k in range(32)] + [(end, "left")]
    for part in schedule.timeline.chain.parts:
        if part.begin <= begin and (part.end is None or begin < part.end):
            # Where phases meet inside arithmetic is where it turns.
            points += [(t, side) for t, side in moments(part.body, begin, end)]
    points.sort()
    values = [schedule.left(t, base) if side == "left" else schedule.exactly(t, base) for t, side in points]
    slack = 1e-6 * max(map(abs, values))
    found = []
    ends = schedule.exactly(begin, base), schedule.left(end, base)
    for pick in (max, min):
        index = values.index(pick(values))
        if abs(values[index] - pick(ends)) > slack:
            found.append((points[index][0], values[index]))
    return sorted(found)


def _far_peak(schedule: Schedule, begin: Fraction, base: float) -> list[tuple[Fraction, float]]:
    """The peak of a phase without end that rises and then falls, as Noam's: between powers of two, then by thirds."""
    times = [begin + 2**k for k in range(50)]
    values = [schedule.exactly(time, base) for time in times]
    peak = values.index(max(values))
    if not 0 < peak < len(times) - 1 or values[peak] <= 1.000001 * max(values[0], values[-1]):
        return []
    low, high = times[peak - 1], times[peak + 1]
    while high - low > 2:
        first, second = (2 * low + high) / 3 // 1, (low + 2 * high) / 3 // 1
        if schedule.exactly(first, base) < schedule.exactly(second, base):
            low = Fraction(first)
        else:
            high = Fraction(second)
        if second - first < 1:
            break
    best = max((Fraction(low + k) for k in range(int(high - low) + 1)), key=lambda time: schedule.exactly(time, base))
    return [(best, schedule.exactly(best, base))]


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


def _last(schedule: Schedule, base: float) -> float | None:
    """The value that stays in the end, None where none does."""
    if schedule.length is not None:
        return schedule.exactly(schedule.length, base)
    settled = schedule.settled
    if (
        settled is not None
        and schedule.exactly(settled + 1.0, base) == 0 < schedule.exactly(settled * 0.99, base) < 1e-280
    ):
        return None  # it only falls below what floats can hold
    return None if settled is None else schedule.exactly(settled + 1.0, base)
