"""Unknown numbers become the ones that a person would have written.

In: a chain of phases that stand each by itself. Out: the same chain, joined where the curve joins, with the simplest numbers under
which it still passes through every point. Refuses to write texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from .chain import Chain
from .numbers import digits, simple
from .phases import Unknown

_ANYWHERE = {"linear"}
_FINITE = {"linear", "cosine", "sqrt", "power", "poly", "rex"}  # what goes from one level to another


def join(chain: Chain, tied: bool = True) -> None:
    """Tie, simplify and settle, in the order in which that helps most; without ties every phase starts where it was logged."""
    for index in range(len(chain.phases)):
        if index == 0 or chain.phases[index].start is not None:
            chain.fit(*chain.window(index))
    for index in range(1, len(chain.phases)) if tied else ():
        _tie(chain, index)
    for index in range(len(chain.phases)):
        _simplify(chain, index)
        _whole(chain, index)
    for index in range(len(chain.phases)):
        _end_at_zero(chain, index)
        _settle_powers(chain, index)
    _settle_times(chain)
    for index in range(len(chain.phases)):
        _whole(chain, index)
    # Where a last phase ends that could end anywhere is seen when all else is settled.
    _settle_levels(chain, but=chain.phases[-1].stop)
    _settle_last(chain, len(chain.phases) - 1)
    _settle_levels(chain)
    _settle_numbers(chain)
    _settle_times(chain)


def _tie(chain: Chain, index: int) -> None:
    """Let a phase start where the one before it ends."""
    phase, before = chain.phases[index], chain.phases[index - 1]
    if phase.start is None or phase.kind == "tanh" or phase.begin.loose is None:
        return
    low, high = phase.begin.loose
    room = max(high - low, 1.0)
    around = np.linspace(low - 2 * room, high + 2 * room, 401)
    head = 0.0 if before.start is not None else chain.before(index - 1)
    gap = phase.at(around, 0.0) - before.at(around, head)
    turns = np.flatnonzero(np.signbit(gap[1:]) != np.signbit(gap[:-1]))
    if len(turns):
        place = turns[np.argmin(np.abs(around[turns] - (low + high) / 2))]
        where = float(around[place])
    else:
        where = float(around[np.argmin(np.abs(gap))])
    if phase.kind == "constant" and before.kind == "constant":
        return
    inside = float(np.clip(where, low + 1e-9 * room, high))
    window = chain.window(index - 1)[0], chain.window(index)[1]

    def change(at: float, whole: bool) -> Callable[[], None]:
        def do() -> None:
            if whole:
                phase.early = None
            # What could end anywhere ends there now, on the same line.
            if before.kind in _ANYWHERE and before.length is None and before.stop is not None and not before.stop.known:
                s = (at - before.begin.value) / ((before.end.value - before.begin.value) or 1.0)
                start = head if before.start is None else before.start.value
                before.stop.value = start + (before.stop.value - start) * s
            phase.begin.value, phase.begin.known, phase.start = at, False, None

        return do

    for whole in (True, False) if phase.early else (True,):
        for at in dict.fromkeys((where, inside, high)):
            if chain.attempt(index, change(at, whole), window):
                return


def _simplify(chain: Chain, index: int) -> None:
    """Not under way when it begins, if that will do."""
    phase = chain.phases[index]
    if phase.early is not None:
        chain.attempt(index, lambda: setattr(phase, "early", None))


def _whole(chain: Chain, index: int) -> None:
    """Planned to end where it ends, if that will do."""
    phase = chain.phases[index]
    if phase.length is None or phase.kind not in _FINITE:
        return
    early = phase.early.value if phase.early else 0.0
    planned = phase.begin.value + phase.length.value - early
    last = index + 1 == len(chain.phases)
    tied = not last and chain.phases[index + 1].start is None
    free = phase.kind in ("sqrt", "power", "rex")  # wherever it ends, some level is there

    def change(at: float) -> Callable[[], None]:
        def do() -> None:
            phase.length = None
            if not tied and not free:
                phase.end.value, phase.end.known = at, False

        return do

    low, high = phase.end.loose or (-math.inf, math.inf)
    if not (tied or free):
        room = max(high - low, 1.0) if math.isfinite(high) else math.inf
        if not low - room <= planned <= high + room:
            return
        if last and phase.stop is not None and planned < low:
            planned = low
    if chain.attempt(index, change(planned)) or tied or free or not math.isfinite(high):
        return

    def held() -> None:
        phase.length, phase.end.value = None, high

    chain.attempt(index, held)


def _end_at_zero(chain: Chain, index: int) -> None:
    phase = chain.phases[index]
    stop = phase.stop
    if stop is None or stop.known or (index + 1 == len(chain.phases) and phase.kind == "linear"):
        return

    def change() -> None:
        stop.value, stop.known = 0.0, True

    if abs(stop.value) < 0.05 * stop.scale:
        chain.attempt(index, change)


def _settle_times(chain: Chain) -> None:
    """Begins, from the left to the right: whole numbers, short ones, or ones that make a length short."""
    phases = chain.phases
    for index, phase in enumerate(phases):
        end = phase.end
        if not end.known:
            low, high = _sure(chain, end, index, 1e-9 * max(end.value, 1.0))
            chain.settle(end, index, _times(low, high, end.value, phase.begin.value))
        elif end.loose is not None:
            low, high = end.loose
            if index + 1 == len(phases):
                continue
            if high > low:
                tries = [time for time in _times(low, high, high, phase.begin.value) if low < time <= high]
                _settle_leap(chain, index, [*tries, low])
            end.loose = None


def _settle_leap(chain: Chain, index: int, tries: Sequence[float]) -> None:
    """Where a phase ends in a leap; a line may end anywhere on itself, so the rounder of its ends counts too."""
    phase = chain.phases[index]
    stop = phase.stop
    if phase.kind not in _ANYWHERE or stop is None or stop.known:
        chain.settle(phase.end, index, tries)
        return
    begin, end, level = phase.begin.value, phase.end.value, stop.value
    start = chain.before(index) if phase.start is None else phase.start.value
    found: list[tuple[int, bool, float, float]] = []
    for at in tries[:6] if tries[-1] in tries[:6] else [*tries[:5], tries[-1]]:
        with chain.undone(index):
            stop.value = start + (level - start) * (at - begin) / ((end - begin) or 1.0)
            if chain.settle(phase.end, index, (at,)):
                _settle(chain, stop, index)
                # At the last point of its own it ends only where nothing behind it will do: that point is then the next phase's.
                found.append((_effort(at, begin) + digits(stop.value), at == tries[-1], at, stop.value))
    if found:
        _, _, at, level = min(found)
        if chain.settle(phase.end, index, (at,)) and not stop.known:
            chain.settle(stop, index, (level,))


def _settle_last(chain: Chain, index: int) -> None:
    """Where a last phase that could end anywhere ends: at the last point, right behind it, or at 0, whichever is the rounder."""
    phase = chain.phases[index]
    if phase.kind not in _FINITE or phase.length is not None or phase.stop is None or phase.end.loose is None:
        return
    t, stop, begin, last = chain.curve.t, phase.stop, phase.begin.value, phase.end.loose[0]
    step = float(t[-1] - t[-2]) if len(t) > 1 else 1.0
    start = chain.before(index) if phase.start is None else phase.start.value
    slope = (stop.value - start) / ((phase.end.value - begin) or 1.0)
    found: list[tuple[int, float, float]] = []
    if phase.kind == "linear" and slope < 0 < start and not stop.known:
        zero = begin - start / slope

        def fall() -> None:
            stop.value, stop.known, phase.end.value, phase.end.known = 0.0, True, zero, False

        with chain.undone(index):
            if zero >= last - step and chain.attempt(index, fall):
                sure = 6 * chain.fit(*chain.window(index)).get(phase.end, 0.0) + 1e-9 * zero
                tries = [one for one in _times(zero - sure, zero + sure, phase.end.value, begin) if one >= last]
                if chain.settle(phase.end, index, tries):
                    found.append((_effort(phase.end.value, begin), phase.end.value, 0.0))
    for at in dict.fromkeys((last, last + 1, last + step)):
        with chain.undone(index):
            stop.value = start + slope * (at - begin) if phase.kind == "linear" else stop.value
            if chain.settle(phase.end, index, (at,)):
                if not stop.known:
                    _settle(chain, stop, index)
                found.append((_effort(at, begin) + digits(stop.value), at, stop.value))
    if found:
        _, at, level = min(found)
        if chain.settle(phase.end, index, (at,)) and not stop.known:
            chain.settle(stop, index, (level,))


def _effort(time: float, begin: float) -> int:
    return min(digits(time), digits(round(time - begin, 9)))


def _times(low: float, high: float, value: float, begin: float) -> list[float]:
    """Times in a range: the ones with the fewest digits in them or in the length that they make; whole ones first."""
    plain = simple(low, high, value)
    lengths = [begin + length for length in simple(low - begin, high - begin, value - begin)]
    # A share of a run that is no whole number: thirds, sevenths.
    parts = [float(Fraction(length).limit_denominator(24)) for length in (value - begin,)]
    many = list(dict.fromkeys([*plain, *lengths, *(begin + part for part in parts if low <= begin + part <= high)]))

    def effort(time: float) -> tuple[bool, int, float]:
        length = time - begin
        whole = Fraction(length).limit_denominator(24)
        size = min(digits(time), digits(round(length, 9)))
        if abs(float(whole) - length) < 1e-9 * abs(length):
            size = min(size, len(str(whole)) + 1)
        return (not time.is_integer(), size, abs(time - value))

    return sorted(many, key=effort)[:10]


def _settle_levels(chain: Chain, but: Unknown | None = None) -> None:
    for index, phase in enumerate(chain.phases):
        for one in (phase.start, phase.stop):
            if one is not None and not one.known and one is not but:
                _settle(chain, one, index)


def _settle_numbers(chain: Chain) -> None:
    for index, phase in enumerate(chain.phases):
        for one in (*phase.numbers.values(), phase.length, phase.early):
            if one is not None and not one.known:
                _settle(chain, one, index)


def _settle_powers(chain: Chain, index: int) -> None:
    """An exponent is nearly always a short number, and what else is unknown depends on it."""
    for name in ("power", "d"):
        one = chain.phases[index].numbers.get(name)
        if one is not None and not one.known:
            tries = [
                near
                for near in (0.5, 1.0, 2.0, 3.0, 1.5, round(one.value, 1), round(one.value, 2))
                if abs(near - one.value) < 0.02
            ]
            chain.settle(one, index, list(dict.fromkeys(tries)))


def _settle(chain: Chain, one: Unknown, index: int) -> None:
    low, high = _sure(chain, one, index, 4e-12 * one.scale)
    one.sure = max(high - one.value, one.value - low)
    tries = simple(low, high, one.value, 24, 4)
    if one in (chain.phases[index].start, chain.phases[index].stop):
        tries = [level for level in tries if level >= 0] or [0.0]  # no lr is below 0
    chain.settle(one, index, tries)


def _sure(chain: Chain, one: Unknown, index: int, least: float) -> tuple[float, float]:
    """Where a number may be: as far as the points allow, or by six standard deviations where slopes do not tell."""
    window = chain.window(index)
    width = max(6 * chain.fit(*window).get(one, 0.0), least)
    span = chain.span(one, *window)
    if span is None:
        return one.value - width, one.value + width
    low, high = min(span[0], one.value - least), max(span[1], one.value + least)
    return low, high
