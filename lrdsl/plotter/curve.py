"""What a picture shows of schedules, before anything is drawn: how far it goes, samples, what must be readable.

In: schedules and perhaps a base. Out: a Panel for each output, with a Curve (times, values) for each schedule that has it, their
Landmarks (peak, warmup end, floor), and the Scale of an axis for several. Refuses to know pixels, colours and characters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..output import Outline, Output
from ..records import frozen
from ..schedule import Schedule
from ..timeline import Anchored, Blend, Chain, Cycle, Node, Operation, Sample, rounded
from .labels import one_line, time_label, value_label

if TYPE_CHECKING:
    Floats = NDArray[np.float64]

Base = Any  # what a schedule takes as base: a number, a mapping or None
Many = Schedule | Iterable[Schedule]

_EVERY_STEP = 1_000_000  # up to here each step is looked at, so that no spike can hide
_MANY = 400_000  # beyond, as many moments
_FAR = 1e18  # beyond, a float knows no steps
_TURNS = 20_000  # phases within cycles
_CYCLES = 4  # of a repeat without end
_CONSTANT = 1000.0  # how long a constant is looked at


@frozen
class Curve:
    """An output as sampled from 0 to `end`; `still` is from where on nothing changes, if it is known."""

    text: str
    times: Floats
    values: Floats
    phases: tuple[Outline, ...]
    end: float
    still: float | None
    unit: str
    clock: str

    @property
    def boundaries(self) -> tuple[float, ...]:
        return tuple(float(phase.begin) for phase in self.phases[1:])


@frozen
class Panel:
    """One output: its name, and its curve in each schedule that has it."""

    name: str
    curves: tuple[Curve, ...]


@frozen
class Landmark:
    """A point of a curve that must be readable: what it is, where, and how that is said."""

    name: str
    time: float
    value: float
    text: str


@frozen
class Scale:
    """A value axis. On a log axis zeros sit at `bottom`, below the least value shown, `low`; else the two are one."""

    log: bool
    bottom: float
    low: float
    high: float

    def place(self, values: Floats) -> Floats:
        """Where values sit, from 0 (bottom) to 1."""
        if self.log:
            shares = np.log(np.maximum(values, self.bottom) / self.bottom) / math.log(self.high / self.bottom)
        else:
            shares = (values - self.bottom) / (self.high - self.bottom)
        return np.clip(shares, 0.0, 1.0)


def as_tuple(schedules: Many) -> tuple[Schedule, ...]:
    found = (schedules,) if isinstance(schedules, Schedule) else tuple(schedules)
    if not found:
        raise ValueError("there is nothing to draw: no schedule was given")
    return found


# --- how far a picture goes -------------------------------------------------------------------------------------------


def horizon(schedule: Schedule | Output, until: float | None = None, base: Base = None) -> float:
    """Where the picture of an output ends (of a schedule, its lr): its length; else beyond what changes; else far enough to
    see it go on.

    >>> import lrdsl
    >>> horizon(lrdsl.compile("0.1 until 30k then 0.01 until 60k then 1e-3"))
    90000.0
    """
    if until is not None:
        if not (math.isfinite(until) and until > 0):
            raise ValueError(f"a picture goes from 0 to a time above 0, not to {until!r}")
        return min(float(until), _FAR)
    output = schedule.first if isinstance(schedule, Schedule) else schedule
    if output.length is not None:
        return min(rounded(output.length), _FAR) or 1.0
    begins = [min(rounded(phase.begin), _FAR / 2) for phase in output.phases if phase.begin > 0]
    last = max(begins, default=0.0)
    # The last phase is given as much room as the others have on average, so that what is held is seen to be held.
    beyond = last * max(1.05, 1 + 1 / max(len(begins), 1))
    still = output.settles(base)
    if still is not None:
        still = min(still, _FAR)
        return min(max(_seen(output, base, still), beyond), _FAR) or _CONSTANT
    cycles = [rounded(cycle.start(_CYCLES)) for cycle in _cycles(output.timeline.chain) if cycle.times is None]
    return min(max(beyond, max(cycles) if cycles else _tail(output, base, last)), _FAR)


def _seen(output: Output, base: Base, still: float) -> float:
    """A little beyond `still`, or much less where only floats see a change: an exponential without a floor moves until
    it underflows, a hundred times as long as anybody looks.
    """
    if still <= 0:
        return 0.0
    times = np.union1d(np.linspace(0, still, 4097), np.geomspace(min(1.0, still / 2), still, 4097))
    values = output(times, base)
    far = np.abs(values - values[-1]) > 0.01 * np.ptp(values)
    over = float(times[np.flatnonzero(far)[-1]]) if far.any() else still
    return float(f"{1.5 * over:.2g}") if 6 * over < still else 1.05 * still


def _cycles(node: Node) -> Iterator[Cycle]:
    match node:
        case Cycle():
            yield node
        case Chain():
            for part in node.parts:
                yield from _cycles(part.body)
        case Operation():
            for operand in node.operands:
                yield from _cycles(operand)
        case Blend():
            yield from _cycles(node.weight)
        case Anchored() | Sample():
            yield from _cycles(node.body)
        case _:
            pass


def _tail(output: Output, base: Base, last: float) -> float:
    """For what neither settles nor cycles: five times as far as it takes to halve (or to grow by half).

    What rises to a peak of its own and falls again, as Noam's does, is seen from there.
    """
    times = np.minimum(last + np.geomspace(1.0, 1e15, 3001), _FAR)
    values = output(times, base)
    peak = int(np.argmax(values))
    if 0 < peak < len(times) - 1 and values[peak] > values[-1]:
        return float(f"{max(10.0 * float(times[peak]), 2 * last):.2g}")
    halved = np.abs(values - values[0]) >= 0.5 * np.abs(values[0])
    if not halved.any():
        return 10 * last or _CONSTANT
    far = 8.0 * float(times[int(np.argmax(halved))])
    return float(f"{far:.2g}")


# --- samples ----------------------------------------------------------------------------------------------------------


def sample(output: Output, text: str, end: float, base: Base, columns: int = 2000) -> Curve:
    """The curve up to `end`: every step or very many moments, both sides of each boundary, some for each column."""
    if end <= _EVERY_STEP:
        steps = np.arange(math.ceil(end), dtype=np.float64)
    else:
        # Moments at one distance would beat with short cycles, and show a wave that is not there.
        count = np.arange(_MANY)
        steps = np.floor((count + count * 0.6180339887498949 % 1.0) * (end / _MANY))
    phases = tuple(phase for phase in output.phases if phase.begin < end)
    begins = np.array([float(phase.begin) for phase in phases[1:]])
    fine = np.linspace(0.0, end, 8 * columns, endpoint=False)
    # The end itself is looked at from the left: what begins there is no part of the picture.
    inner = np.array(list(islice(_turns(output, end), _TURNS)))
    edges = np.concatenate([begins, inner, np.nextafter([*begins, *inner, end], 0.0)])
    times = np.unique(np.concatenate([steps, fine, edges]))
    times = times[(times >= 0.0) & (times < end)]
    values = output(times, base)
    sane = np.isfinite(values)
    unit = f"{output.name} / base" if output.relation == "relative" and base is None else output.name
    still = rounded(output.length) if output.length is not None else output.settles(base)
    return Curve(text, times[sane], values[sane], phases, end, still, unit, output.clock)


def _turns(output: Output, end: float) -> Iterator[float]:
    """Where the phases within cycles begin: among millions of steps a spike of one would else be passed over."""
    for cycle in _cycles(output.timeline.chain):
        begins = cycle.body.begins if isinstance(cycle.body, Chain) else (Fraction(0),)
        for index in range(_TURNS if cycle.times is None else min(cycle.times, _TURNS)):
            start, stretch = cycle.start(index), cycle.stretch**index
            if start >= end:
                break
            yield from (float(start + begin * stretch) for begin in begins)


def panels(schedules: Many, until: float | None, base: Base, columns: int = 2000) -> tuple[Panel, ...]:
    """A panel for each output that one of the schedules has, all up to the farthest of their horizons."""
    them = as_tuple(schedules)
    clocks = list(dict.fromkeys(schedule.clock for schedule in them))
    if len(clocks) > 1:
        raise ValueError(f"one text counts {clocks[0]}, another {clocks[1]}: they have no axis in common")
    if not any(schedule.plain for schedule in them):
        raise ValueError("there are only lines for groups: a picture shows what one group sees")
    ends = [horizon(output, until, base) for schedule in them for output in schedule.plain]
    found, texts = [], _told_apart(them)
    for name in dict.fromkeys(output.name for schedule in them for output in schedule.plain):
        curves = tuple(
            sample(output, text, max(ends), base, columns)
            for schedule, text in zip(them, texts, strict=True)
            for output in schedule.plain
            if output.name == name
        )
        found.append(Panel(name, curves))
    return tuple(found)


def _told_apart(them: Sequence[Schedule]) -> list[str]:
    """The texts; two bindings of one text by what is bound otherwise."""
    texts = [one_line(str(schedule)) for schedule in them]
    if len(set(texts)) > 1 or len(them) == 1:
        return texts
    bound = [schedule.bindings for schedule in them]
    names = sorted({name for one in bound for name in one if any(other.get(name) != one[name] for other in bound)})
    told = [", ".join(f"{name}={one[name]}" for name in names if name in one) or "as written" for one in bound]
    return told if names else texts


# --- what must be readable --------------------------------------------------------------------------------------------


def landmarks(curve: Curve) -> tuple[Landmark, ...]:
    """Peak, end, warmup end, start, lowest, and the levels at boundaries; the most important first."""
    times, values = curve.times, curve.values
    if not len(values):
        return ()
    if np.ptp(values) == 0:
        return (Landmark("always", 0.0, float(values[0]), value_label(float(values[0]))),)
    found = [_peak(curve), _last(curve)]
    begins = curve.boundaries
    if begins and _rises(curve):
        found.append(_before(curve, "warmup end", begins[0]))
    found.append(_at(curve, "start", 0.0))
    lowest = int(np.argmin(values))
    if values[lowest] < min(found[1].value, values[0]):
        found.append(_named(curve, "lowest", float(times[lowest]), float(values[lowest])))
    if len(begins) <= 12:
        for begin in begins:
            found += [_before(curve, "level", begin), _at(curve, "level", begin)]
    kept: list[Landmark] = []
    for one in found:
        if not any(_same(one, other, curve.end) for other in kept):
            kept.append(one)
    return tuple(kept)


def _same(one: Landmark, other: Landmark, end: float) -> bool:
    near = abs(one.time - other.time) <= 1e-3 * end
    alike = math.isclose(one.value, other.value, rel_tol=1e-6, abs_tol=0.0)
    return alike and (near or one.text == other.text or {one.name, other.name} & {"start", "lowest"} != set())


def _named(curve: Curve, name: str, time: float, value: float, word: str = "at") -> Landmark:
    # A limit from the left is looked at one float before the boundary, and said to be at it; nearly 0 is said to be 0.
    for place in (*curve.boundaries, curve.end):
        if 0 < place - time <= 1e-9 * curve.end:
            time, value = place, value if value > 1e-12 * curve.values.max() else 0.0
    return Landmark(name, time, value, f"{value_label(value)} {word} {time_label(time)}")


def _at(curve: Curve, name: str, time: float) -> Landmark:
    place = min(int(np.searchsorted(curve.times, time)), len(curve.values) - 1)
    return _named(curve, name, time, float(curve.values[place]))


def _before(curve: Curve, name: str, boundary: float) -> Landmark:
    """What a curve was just before a boundary."""
    place = max(int(np.searchsorted(curve.times, boundary)) - 1, 0)
    value = float(curve.values[place])
    begin = max((b for b in curve.boundaries if b < boundary), default=0.0)
    first = int(np.searchsorted(curve.times, begin))
    level = first < place and bool(np.all(curve.values[first:place] == value))
    return _named(curve, name, float(curve.times[place]), value, "until" if level else "at")


def _peak(curve: Curve) -> Landmark:
    high = float(curve.values.max())
    tops = curve.times[curve.values >= high * (1 - 1e-12)]
    # A curve that is level near its top reaches it, to the last bit, a little before the boundary that people know.
    near = [begin for begin in curve.boundaries if begin in tops and begin - tops[0] < 1e-3 * curve.end]
    return _named(curve, "peak", near[0] if near else float(tops[0]), high)


def _last(curve: Curve) -> Landmark:
    still, time, value = curve.still, float(curve.times[-1]), float(curve.values[-1])
    if still is not None and still < curve.end:
        return _named(curve, "held", still, value, "from")
    return _named(curve, "end" if still == curve.end else "edge", time, value)


def _rises(curve: Curve) -> bool:
    first = curve.values[: max(int(np.searchsorted(curve.times, curve.boundaries[0])), 1)]
    return bool(first[-1] > first[0])


# --- the value axis ---------------------------------------------------------------------------------------------------


def scale(them: Sequence[Curve], log: bool | None = None) -> Scale:
    """The axis for curves. Unasked it is logarithmic where a tenth of the time is spent below a fiftieth of the peak:
    there a linear axis would show nothing. A cosine that dips to 1e-7 at its very end is better off without.
    """
    values = np.concatenate([curve.values for curve in them]) if them else np.zeros(0)
    high = float(values.max()) if len(values) else 0.0
    if log is None:
        log = high > 0 and any(bool(np.mean((c.values > 0) & (c.values <= high / 50)) >= 0.1) for c in them)
    if not log or high <= 0:
        least = min(float(values.min()), high) if len(values) else 0.0
        low = least if least < 0 or 0 < high - least < 0.2 * high else 0.0
        return Scale(False, low, low, high if high > low else low + 1.0)
    low = min(_least(curve) for curve in them)
    decades = math.log10(high / low)
    if decades < 0.05:
        return Scale(True, high / 10, high / 10, high)
    below = bool((values < low * (1 - 1e-9)).any())
    return Scale(True, low / 10 ** max(0.1 * decades, 0.2) if below else low, low, high)


def _least(curve: Curve) -> float:
    """The least value that counts: what is at an edge or lasts a while, for on the way to 0 there is no least one."""
    positive = curve.values[curve.values > 0]
    if not len(positive):
        return math.inf
    edges = [float(curve.values[0]), *(one.value for one in landmarks(curve) if one.name != "lowest")]
    high = float(positive.max())
    return max(min([float(np.quantile(positive, 0.01)), *(edge for edge in edges if edge > 0)]), high * 1e-12)
