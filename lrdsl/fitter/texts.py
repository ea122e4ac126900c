"""The shortest text of a chain of phases that passes through a curve.

In: settled phases and the curve. Out: a text and its schedule. Every candidate is compiled and looked at where the curve has
points: what does not say the same is not taken. Refuses to search for numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from .. import ScheduleError, compiled
from ..records import frozen
from ..schedule import Schedule
from ..translator.words import number, steps
from .numbers import effort, simple
from .phases import Phase, Unknown
from .phrases import duration, exact, phrases, started
from .stretches import Curve

_POINTS = 3000  # at which a candidate is looked at
_TRIES = 24  # of phrases, where the fullest does not pass
_MANY = 60  # phases: of more the phrases are not tried one by one


@frozen
class Repeated:
    """Some phases again and again."""

    body: tuple[int, ...]  # their indices
    said: str  # what follows them in the brackets
    above: float = 0.0  # what is added to all of it


Item = int | str | Repeated


class Judge:
    """Compiles texts and looks at their values where a curve has points."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        chosen = np.arange(len(curve))
        if len(chosen) > _POINTS:
            # Beside points that lie evenly, those around the places where the slope changes most.
            bends = np.argsort(-np.abs(np.diff(curve.y, 2)))[:_POINTS] + 1
            chosen = np.unique(np.concatenate([np.linspace(0, len(curve) - 1, _POINTS).astype(int), bends]))
        self.t, self.y, self.slack = curve.t[chosen], curve.y[chosen], curve.slack[chosen]

    def missed(self, text: str) -> float:
        """How far a text misses the points, in units of their slack; infinite where it is no schedule."""
        try:
            found = schedule_of(text)(self.t)
        except ScheduleError:
            return math.inf
        return float(np.max(np.abs(found - self.y) / self.slack))

    def passes(self, text: str) -> bool:
        return self.missed(text) <= 1 + 1e-9


def shortest(phases: Sequence[Phase], curve: Curve) -> str:
    """The shortest text that passes; where none does, the fullest."""
    judge = Judge(curve)
    found: list[str] = []
    for items in _arrangements(phases):
        text = _shortened(phases, items, judge)
        if text is not None:
            found += [text, *(one for one in _limited(phases, items, judge) if judge.passes(one))]
            break  # what is folded is shorter than what it was folded from
    if not found:
        return _written(range(len(phases)), [many[-1] for many in _ways(phases, range(len(phases)))])
    return min(found, key=effort)


# --- arrangements -----------------------------------------------------------------------------------------------------


def _arrangements(phases: Sequence[Phase]) -> Iterator[list[Item]]:
    for first in range(min(len(phases) - 1, 4)):
        yield from _drops(phases, first)
        for size in (1, 2, 3, 4):
            yield from _cycles(phases, first, size)
    yield list(range(len(phases)))


def _drops(phases: Sequence[Phase], first: int) -> Iterator[list[Item]]:
    """Levels that fall by a factor at each whole period, to the end."""
    rest = phases[first:]
    if len(rest) < 3 or any(phase.kind != "constant" for phase in rest):
        return
    levels = [started(phases, first + place) for place in (0, 1)]
    if levels[0] <= 0 or levels[1] <= 0:
        return
    ratio = levels[1] / levels[0]
    per = duration(rest[0])
    for factor in simple(ratio * 0.9995, ratio * 1.0005, ratio, 4)[:3]:
        said = f"factor={number(factor)}, per={steps(per)})"
        if first:
            yield [*range(first), f"drop({said}"]
        yield [*range(first), f"drop(max={number(levels[0])}, {said}"]


def _cycles(phases: Sequence[Phase], first: int, size: int) -> Iterator[list[Item]]:
    """Phases that come again, stretched, shrunk, or as they were, and what is left behind them."""
    if len(phases) < first + 2 * size:
        return
    here, again = phases[first : first + size], phases[first + size : first + 2 * size]
    times = _count(phases, first, size)
    if times < 2 or any(phase.kind == "tanh" for phase in here):
        return
    levels = all(phase.kind == "constant" for phase in here)
    if levels and (size == 1 or len(phases) < first + 3 * size):
        return  # a `drop`, or no more than some levels
    body = tuple(range(first, first + size))
    period, following = (sum(map(duration, some), Fraction(0)) for some in (here, again))
    stretches = [1.0]
    if len(phases) > first + 2 * size and following != period:
        ratio = float(following / period)
        stretches = [one for one in simple(ratio * 0.995, ratio * 1.005, ratio, 3)[:2] if one > 0]
    for stretch in stretches:
        said = "" if stretch == 1 else f", stretch={number(stretch)}"
        for factor, above in _factors(phases, first, size):
            words = said + ("" if factor == 1 else f", factor={number(factor)}")
            yield [*range(first), Repeated(body, words, above)]
            rest = first + times * size
            if rest < len(phases):
                yield [*range(first), Repeated(body, f", times={times}{words}", above), *range(rest, len(phases))]


def _count(phases: Sequence[Phase], first: int, size: int) -> int:
    times = 1
    while first + (times + 1) * size <= len(phases) and all(
        phases[first + times * size + offset].kind == phases[first + offset].kind for offset in range(size)
    ):
        times += 1
    return times


def _factors(phases: Sequence[Phase], first: int, size: int) -> Iterator[tuple[float, float]]:
    """What each cycle may be of the one before, and the level above which it is so."""
    yield 1.0, 0.0
    tops = [max(_extremes(phases, first + size * cycle, size)) for cycle in (0, 1)]
    lows = [min(_extremes(phases, first + size * cycle, size)) for cycle in (0, 1)]
    for above in dict.fromkeys((0.0, lows[0])):
        if tops[0] > above and tops[1] > above:
            ratio = (tops[1] - above) / (tops[0] - above)
            for one in simple(ratio * 0.999, ratio * 1.001, ratio, 3)[:2]:
                if one != 1 and one > 0:
                    yield one, above


def _extremes(phases: Sequence[Phase], first: int, size: int) -> list[float]:
    found = []
    for index in range(first, min(first + size, len(phases))):
        found.append(started(phases, index))
        stop = phases[index].stop
        if stop is not None:
            found.append(stop.value)
    return found


# --- words ------------------------------------------------------------------------------------------------------------


def _ways(phases: Sequence[Phase], items: Sequence[Item]) -> list[list[str]]:
    """For every phase that is written, in order, the ways to write it."""
    found: list[list[str]] = []
    for item in items:
        match item:
            case int():
                found.append(phrases(phases, item))
            case str():
                found.append([item])
            case Repeated(body, _, above):
                own = _lowered(phases, body, above)
                found += [phrases(own, index, cycle=True) for index in range(len(body))]
    return found


def _lowered(phases: Sequence[Phase], body: Sequence[int], above: float) -> list[Phase]:
    """The phases of a cycle by themselves: the first starts at a level of its own, and all stand on another one."""
    zero = phases[body[0]].begin.value
    found: list[Phase] = []
    for place, index in enumerate(body):
        phase = phases[index]
        start = phase.start if place and phase.start is None else Unknown(started(phases, index), 1.0, known=True)
        begin = Unknown(float(exact(phase.begin.value) - exact(zero)), 1.0, known=True)
        end = Unknown(float(exact(phase.end.value) - exact(zero)), 1.0, known=True)
        lowered = [
            None if one is None else Unknown(float(f"{one.value - above:.12g}"), 1.0, known=True)
            for one in (start, phase.stop)
        ]
        found.append(
            Phase(phase.kind, begin, end, lowered[0], lowered[1], dict(phase.numbers), phase.length, phase.early)
        )
    return found


def _written(items: Sequence[Item], words: Sequence[str]) -> str:
    left = list(words)
    found = []
    for item in items:
        if isinstance(item, Repeated):
            body = " then ".join(left.pop(0) for _ in item.body)
            text = f"repeat({body}{item.said})"
            raised = f"{number(item.above)} + {text}" if item.above else text
            found.append(f"({raised})" if item.above and len(items) > 1 else raised)
        else:
            found.append(left.pop(0))
    return " then ".join(found)


def _shortened(phases: Sequence[Phase], items: Sequence[Item], judge: Judge) -> str | None:
    """The text in which every phase is written as shortly as it can be where it stands; None where the fullest does not pass."""
    ways = _ways(phases, items)
    words = [many[-1] for many in ways]
    if not judge.passes(_written(items, words)):
        # The fullest phrase of one may not stand beside another: any that does will do to begin with.
        if any(not isinstance(item, int) for item in items):
            return None
        tries = ([*words[:place], one, *words[place + 1 :]] for place, many in enumerate(ways) for one in many)
        words = next((tried for tried in itertools.islice(tries, _TRIES) if judge.passes(_written(items, tried))), [])
        if not words:
            return None
    if len(words) > _MANY:
        return _written(items, words)
    # From the right: a level that two phases share is then said where it is first reached.
    for place in reversed(range(len(ways))):
        for one in ways[place]:
            if one == words[place] or judge.passes(_written(items, [*words[:place], one, *words[place + 1 :]])):
                words[place] = one
                break
    return _written(items, words)


def _limited(phases: Sequence[Phase], items: Sequence[Item], judge: Judge) -> Iterator[str]:
    """The same by a floor, where it ends in a level that it falls to."""
    last = items[-1]
    if not isinstance(last, int) or len(items) < 2 or phases[last].kind != "constant":
        return
    y, slack = float(judge.curve.y[-1]), float(judge.curve.slack[-1])
    level, first = phases[last].start, phases[0]
    low = simple(y - slack, y + slack, y)[0] if level is None else level.value
    yield from _floored(phases[:last], items[:-1], low, judge)
    below = first.kind == "constant" and first.start is not None and abs(first.start.value - low) <= slack
    if below and items[0] == 0 and len(items) > 2:
        # What stands at the floor first may be a line from 0 that is not above it yet.
        kept = items[1:-1]
        if isinstance(kept[0], int):
            yield from _from_zero(phases, kept, phases[kept[0]], low, judge)
        yield from _floored(phases[:last], kept, low, judge)


def _floored(phases: Sequence[Phase], items: Sequence[Item], low: float, judge: Judge) -> Iterator[str]:
    ways = _ways(phases, items)
    words = [many[-1] for many in ways]
    floor = f" floor {number(low)}" if low else ""  # what has fallen to 0 stays there
    for place in reversed(range(len(ways))):
        for one in ways[place]:
            if judge.passes(f"{_written(items, [*words[:place], one, *words[place + 1 :]])}{floor}"):
                words[place] = one
                break
    yield f"{_written(items, words)}{floor}"


def _from_zero(phases: Sequence[Phase], kept: Sequence[Item], first: Phase, low: float, judge: Judge) -> Iterator[str]:
    if first.kind != "linear" or first.stop is None:
        return
    begun = [
        f"warmup({steps(exact(first.end.value))}",
        f"warmup({steps(exact(first.end.value))}, to={number(first.stop.value)}",
    ]
    rest = _ways(phases[:-1], kept[1:])
    for head in begun:
        words = [many[0] for many in rest]
        for place, many in enumerate(rest):
            for one in many:
                text = " then ".join([f"{head})", *words[:place], one, *words[place + 1 :]]) + f" floor {number(low)}"
                if judge.passes(text):
                    yield text


def schedule_of(text: str) -> Schedule:
    return compiled(text, "<fit>", ())
