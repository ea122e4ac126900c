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
    from .output import Base, Output
    from .schedule import Schedule

_MOST = 5  # points shown; a text of a thousand phases has one line too
_LOOKED = 20  # phases inside which a turn is looked for


def summary(schedule: Schedule, base: Base = None) -> str:
    """`lr 0 -> 3e-4 at 2k -> 3e-5 at 100k, then 3e-5 · steps · total 100k`, and other outputs between."""
    if schedule.missing:
        needs = "; ".join(dict.fromkeys(problem.message for problem in schedule.missing))
        return f"{', '.join(schedule.lines)} · {schedule.clock} · {needs}"
    shapes = [_shape(output, base) for output in schedule.plain]
    count = len(schedule.patterns)
    shapes += [f"{count} line{'s' if count > 1 else ''} for groups"] if count else []
    length = schedule.first.length if schedule.plain else None
    total = "" if length is None else f" · total {time_text(length)}"
    return f"{' · '.join(shapes)} · {schedule.clock}{total}"


def _shape(output: Output, base: Base) -> str:
    if output.relation == "mixed" and base is None:
        if output.keys != (output.name,):
            return f"{output.name} needs the base of {' and '.join(output.keys)}"
        return f"{output.name} mixes base with levels of its own, so its values need the base"
    relative = " x base" if output.relation == "relative" and base is None else ""
    return f"{output.name} {_path(output, 1.0 if base is None else base)}{relative}"


def _path(output: Output, base: Base) -> str:
    points = _turns(_points(output, base))
    shown = [f"{number_text(value)} at {time_text(time)}" for time, value in points]
    shown[0] = number_text(points[0][1])
    if len(shown) > _MOST:
        shown = [*shown[: _MOST - 2], "...", *shown[-2:]]
    path = " -> ".join(shown)
    last = _last(output, base)
    if last is None:
        return f"{path} -> ..."
    return path if len(points) == 1 else f"{path}, then {number_text(last)}"


def _points(output: Output, base: Base) -> list[tuple[Fraction, float]]:
    """The times at which phases meet, with the values on both sides where they differ."""
    points = [(Fraction(0), output.exactly(0, base))]
    for phase in output.phases:
        end = phase.end
        if end is None:
            settled = output.settles(base)
            if settled is None or _last(output, base) is None:
                points += _far_peak(output, phase.begin, base)
                break
            end = Fraction(round(settled) if settled > 100 else settled)
            points.append((end, output.exactly(end + 1, base)))
            break
        if len(output.phases) <= _LOOKED:
            held = [part.begin for part in output.timeline.chain.parts if phase.begin < part.begin < end]
            points += sorted(
                [*_inside(output, phase.begin, end, base), *((at, output.left(at, base)) for at in held[:_LOOKED])]
            )
        before, after = output.left(end, base), output.exactly(end, base)
        points.append((end, before))
        if abs(after - before) > 1e-12 * max(abs(after), abs(before)):
            points.append((end, after))
    return points


def _inside(output: Output, begin: Fraction, end: Fraction, base: Base) -> list[tuple[Fraction, float]]:
    """The highest and the lowest point inside a phase, where they are beyond both of its ends."""
    points = [(begin + (end - begin) * k / 32, "right") for k in range(32)] + [(end, "left")]
    for part in output.timeline.chain.parts:
        if part.begin <= begin and (part.end is None or begin < part.end):
            # Where phases meet inside arithmetic is where it turns.
            points += [(t, side) for t, side in moments(part.body, begin, end)]
    points.sort()
    values = [output.left(t, base) if side == "left" else output.exactly(t, base) for t, side in points]
    slack = 1e-6 * max(map(abs, values))
    found = []
    ends = output.exactly(begin, base), output.left(end, base)
    for pick in (max, min):
        index = values.index(pick(values))
        if abs(values[index] - pick(ends)) > slack:
            before = points[index - 1][0] if index else begin
            found.append((_reached(output, before, points[index][0], values[index], base), values[index]))
    return sorted(found)


def _reached(output: Output, low: Fraction, high: Fraction, wanted: float, base: Base) -> Fraction:
    """When a value is reached that stands for a while, as under `every`; a time at which it only passes stays as it is."""
    middle = (low + high) / 2
    if output.exactly((middle + high) / 2, base) != wanted:
        return high
    first, last = low, high
    for _ in range(60):
        middle = (first + last) / 2
        first, last = (first, middle) if output.exactly(middle, base) == wanted else (middle, last)
    near = last.limit_denominator(10**6)
    return near if output.exactly(near, base) == wanted else high


def _far_peak(output: Output, begin: Fraction, base: Base) -> list[tuple[Fraction, float]]:
    """The peak of a phase without end that rises and then falls, as Noam's: between powers of two, then by thirds."""
    times = [begin + 2**k for k in range(50)]
    values = [output.exactly(time, base) for time in times]
    peak = values.index(max(values))
    if not 0 < peak < len(times) - 1 or values[peak] <= 1.000001 * max(values[0], values[-1]):
        return []
    low, high = times[peak - 1], times[peak + 1]
    while high - low > 2:
        first, second = (2 * low + high) / 3 // 1, (low + 2 * high) / 3 // 1
        if output.exactly(first, base) < output.exactly(second, base):
            low = Fraction(first)
        else:
            high = Fraction(second)
        if second - first < 1:
            break
    best = max((Fraction(low + k) for k in range(int(high - low) + 1)), key=lambda time: output.exactly(time, base))
    return [(best, output.exactly(best, base))]


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


def _last(output: Output, base: Base) -> float | None:
    """The value that stays in the end, None where none does."""
    if output.length is not None:
        return output.exactly(output.length, base)
    settled = output.settles(base)
    return None if settled is None else output.exactly(settled + 1.0, base)
