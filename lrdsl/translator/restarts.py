"""A curve from `base` down to a level, again and again: timm's cycles.

In: the curve, the cycles, and how much of them a warmup hides. Out: phases, and the first step at which timm's own arithmetic finds
another cycle than the one that is due. Refuses to know what else a scheduler has.
"""

from __future__ import annotations

import math
from fractions import Fraction

from ..records import frozen
from .lines import Phase, height, level, line, of_base, shape, time

_WRITTEN = 4  # so many cycles are written one after another where one `repeat` cannot say them
_FAR = 10**9  # no run takes so many steps, and what comes after them is not looked at
_MANY = 10**4  # nor so many cycles
# At their ends these are where they stay afterwards, to the last digit; a root is not.
_SMOOTH = ("cosine", "kcosine", "linear", "klinear")
_NEAR = Fraction(1, 10**6)


@frozen
class Curve:
    """A shape by its name and arguments, with its definition; or formulas of `p` that fall from 1 and rise from 0."""

    name: str
    more: str = ""
    definition: str = ""
    falls: str = ""
    rises: str = ""


@frozen
class Cycles:
    """Cycle i lasts `over * stretch^i` and goes from `base * factor^i` to `low`, which stays after `times` of them."""

    over: Fraction
    stretch: Fraction
    factor: Fraction
    times: int
    low: Fraction

    def at(self, moment: Fraction) -> tuple[int, Fraction]:
        """The cycle at a moment and when it began; `times` once all are over."""
        if self.stretch == 1:
            number = min(moment // self.over, self.times)
            return number, number * self.over
        number, begin, length = 0, Fraction(0), self.over
        while number < self.times and begin + length <= moment:
            number, begin, length = number + 1, begin + length, length * self.stretch
        return number, begin


def restarts(curve: Curve, cycles: Cycles, hidden: Fraction, unit: str) -> list[Phase]:
    """The cycles from the moment `hidden` on, and what stays after them where they do not end there."""
    low = height(cycles.low)
    number, begin = cycles.at(hidden)
    if number >= cycles.times:
        return [level(low)]
    uneven = cycles.factor != 1 and cycles.low != 0 and cycles.times > 1
    if curve.falls:
        return [_formula(curve, cycles, hidden, unit, uneven), level(low)]
    if uneven and cycles.times <= _WRITTEN:
        return _one_by_one(curve, cycles, number, hidden - begin)
    if uneven:
        # low + (top - low)*(1 - s) is top*(1 - s) + low*s, and the factor is of the tops alone.
        more = f", {curve.more}" if curve.more else ""
        begins = f"{curve.name}({time(cycles.over, unit)}, from="
        both = _sum(f"{begins}base{more})", f"{begins}0{more}, to={low})", cycles)
        return [Phase("value", both, None, None, low, skip=hidden)]
    one = shape(curve.name, cycles.over, "base", low, curve.more)
    if cycles.times == 1:
        return [shape(curve.name, cycles.over, "base", low, curve.more, skip=hidden)]
    return [Phase("value", _repeat(line([one], unit), cycles, cycles.factor), None, "base", low, skip=hidden)]


def _formula(curve: Curve, cycles: Cycles, hidden: Fraction, unit: str, uneven: bool) -> Phase:
    """The cycles of a curve that reaches neither of its levels."""
    low, over = height(cycles.low), f" for {time(cycles.over, unit)}"
    if uneven:
        both = _sum(f"base*{curve.falls}{over}", f"{low}*{curve.rises}{over}", cycles)
        return Phase("value", both, skip=hidden)
    formula = f"base*{curve.falls}" if cycles.low == 0 else f"{low} + (base - {low})*{curve.falls}"
    if cycles.times == 1:
        return Phase("formula", formula, cycles.over, skip=hidden)
    return Phase("value", _repeat(formula + over, cycles, cycles.factor), skip=hidden)


def _one_by_one(curve: Curve, cycles: Cycles, number: int, hidden: Fraction) -> list[Phase]:
    """The cycles from `number` on, the first of which is `hidden` under way."""
    phases = []
    for index in range(number, cycles.times):
        over, top = cycles.over * cycles.stretch**index, of_base(cycles.factor**index)
        skip = hidden if index == number else Fraction(0)
        phases.append(shape(curve.name, over, top, height(cycles.low), curve.more, skip=skip))
    return phases


def _repeat(cycle: str, cycles: Cycles, factor: Fraction) -> str:
    stretch = "" if cycles.stretch == 1 else f", stretch={height(cycles.stretch)}"
    shrink = "" if factor == 1 else f", factor={height(factor)}"
    return f"repeat({cycle}, times={cycles.times}{stretch}{shrink})"


def _sum(down: str, up: str, cycles: Cycles) -> str:
    return f"{_repeat(down, cycles, cycles.factor)} + {_repeat(up, cycles, Fraction(1))}"


def first_miss(cycles: Cycles, over: float, stretch: float, shift: Fraction, curve: Curve, root: bool) -> int | None:
    """The first step at which timm has another cycle than is due, no number, or an error; None where it never does.

    timm finds the cycle by the floor of a logarithm, which misses some whole numbers; the time in a cycle may then be a little
    below 0, of which there is no `root`. `over` and `stretch` are the floats that timm has, `shift` is where its clock is 0.
    """
    if cycles.stretch == 1:
        return None
    last = None
    if cycles.stretch < 1:
        # From here on the logarithm is of a negative number.
        last = math.ceil(cycles.over / (1 - cycles.stretch) + shift)
    begin, length = Fraction(0), cycles.over
    for number in range(1, min(cycles.times, _MANY) + 1):
        begin, length = begin + length, length * cycles.stretch
        step = round(begin + shift)
        if begin > _FAR or (last is not None and step >= last):
            break
        if abs(step - shift - begin) < _NEAR and _misses(cycles, over, stretch, step - shift, number, curve, root):
            return step
    return last


def _misses(
    cycles: Cycles, over: float, stretch: float, moment: Fraction, number: int, curve: Curve, root: bool
) -> bool:
    """Whether timm, near the beginning of a cycle, does not find it, by the operations that it does itself."""
    due, t = cycles.at(moment)[0], float(moment)
    left = 1 - t / over * (1 - stretch)
    if left <= 0:
        return True
    found = math.floor(math.log(left, stretch))
    if found >= cycles.times or (due >= cycles.times and curve.name in _SMOOTH):
        return due < cycles.times
    into = t - (1 - stretch**found) / (1 - stretch) * over
    return found != due or (root and into < 0)
