"""Closed forms to straight-line programs.

In: a node of the timeline and the values of the levels. Out: a form (which operations, on what) and a row (its numbers).
Numbers are data: a thousand phases of one form share it and differ in their rows. Refuses to know how a program is run:
`scalars.py` and `blocks.py` run it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from ..functions import FUNCTIONS, distance
from ..records import field, frozen, slotted
from ..timeline import (
    LATEST,
    Anchored,
    Blend,
    Chain,
    Clock,
    Cycle,
    Left,
    Level,
    Node,
    Operation,
    Progress,
    Sample,
    Since,
    rounded,
)

# An operand: the time, the low half of a time held in two floats, constant i of the row, or the result of instruction i.
Operand = tuple[Literal["time", "low", "constant", "result"], int]
TIME: Operand = ("time", 0)
LOW: Operand = ("low", 0)

# What stands in a row besides numbers: a chain, cycle or sample, evaluated by itself at the same time.
Inner = Chain | Cycle | Sample
EXACT = 2.0**53  # whole numbers below it are floats
# A number, or one for each base.
Number = Any


class Differ(Exception):
    """Not all bases have the same form."""


def _agreed(found: Any) -> bool:
    """What is true of all bases, or of none."""
    if isinstance(found, bool):
        return found
    if found.all() != found.any():
        raise Differ
    return bool(found.all())


@frozen
class Instruction:
    operation: str
    operands: tuple[Operand, ...]


@frozen(eq=False)
class Form:
    """A straight-line program on so many numbers; `result` is its value. `low` tells that times come in two floats.

    Of equal ones there is one, so that they are told apart without being read.
    """

    code: tuple[Instruction, ...]
    result: Operand
    constants: int
    low: bool


_form = functools.lru_cache(maxsize=4096)(Form)


@frozen
class Program:
    """A form and its row."""

    form: Form
    row: tuple[Number | Inner, ...]


def lower(node: Node, levels: Sequence[Number], low: bool = False, clamped: bool = False) -> Program:
    """The program of a node; `low` where its time comes in two floats (inside a cycle or a sample).

    `clamped` keeps blends between their levels even where they are surely there: the same values by fewer forms. Levels may be
    arrays, one number for each of many bases, and so are the numbers of the row then; raises Differ where their forms differ.
    """
    work = _Work(levels, low, clamped)
    result = work.lower(node)
    return Program(_form(tuple(work.code), result, len(work.row), low), tuple(work.row))


def split(value: Fraction) -> tuple[float, float, float]:
    """A boundary as its nearest whole number and what is left, in two floats: 3 % of 100,001 is no float."""
    whole = round(value)
    if abs(whole) > LATEST:
        return rounded(Fraction(whole)), 0.0, 0.0  # no time that can be asked for reaches it
    rest = value - whole
    first = rounded(rest)
    return rounded(Fraction(whole)), first, rounded(rest - Fraction(first))


def three_floats(value: Fraction) -> tuple[float, float, float]:
    """An exact number as three floats."""
    first = rounded(value)
    if not math.isfinite(first):
        return first, 0.0, 0.0
    second = rounded(value - Fraction(first))
    return first, second, rounded(value - Fraction(first) - Fraction(second))


def first_float(value: Fraction) -> float:
    """The least float at or after an exact time, so that `t >= it` is right for every float t."""
    found = rounded(value)
    return found if not math.isfinite(found) or Fraction(found) >= value else math.nextafter(found, math.inf)


@slotted
class _Work:
    levels: Sequence[Number]
    low: bool
    clamped: bool
    code: list[Instruction] = field(default_factory=list)
    row: list[Number | Inner] = field(default_factory=list)
    known: dict[Instruction, Operand] = field(default_factory=dict)
    clocks: dict[tuple[str, Clock], Operand] = field(default_factory=dict)

    def constant(self, value: Number | Inner) -> Operand:
        self.row.append(value)
        return ("constant", len(self.row) - 1)

    def number(self, operand: Operand) -> Number | None:
        """The value of an operand that is a constant number."""
        value = self.row[operand[1]] if operand[0] == "constant" else None
        return None if isinstance(value, Inner) else value

    def emit(self, operation: str, *operands: Operand) -> Operand:
        instruction = Instruction(operation, operands)
        if instruction not in self.known:
            self.code.append(instruction)
            self.known[instruction] = ("result", len(self.code) - 1)
        return self.known[instruction]

    def lower(self, node: Node) -> Operand:
        match node:
            case Level():
                return self.constant(self.levels[node.row])
            case Since():
                return self.clock("since", node.clock)
            case Progress():
                return self.clock("progress", node.clock)
            case Left():
                return self.clock("left", node.clock)
            case Operation("halfwave", (operand,)) if _within(operand, self.low):
                return self.emit("halfwave of 0..1", self.lower(operand))
            case Operation():
                return self.operation(node.function, [self.lower(operand) for operand in node.operands])
            case Blend():
                return self.blend(node)
            case Anchored():
                since, body = self.clock("since", node.clock), self.lower(node.body)
                return self.emit("anchor", since, self.constant(self.levels[node.start]), body)
            case Chain() | Cycle() | Sample():
                return self.emit("inner", self.constant(node))

    # --- time -----------------------------------------------------------------------------------------------------

    def clock(self, what: str, clock: Clock) -> Operand:
        if (what, clock) not in self.clocks:
            self.clocks[what, clock] = self._clock(what, clock)
        return self.clocks[what, clock]

    def _clock(self, what: str, clock: Clock) -> Operand:
        if what == "since":
            return self._since(clock.origin)
        assert clock.length is not None
        length, end = rounded(clock.length), clock.origin + clock.length
        # A division keeps exact halves and tenths, which a product with 1/length does not: 49 * (1/49) != 1.
        if what == "progress":
            return self.emit("/", self.clock("since", clock), self.constant(length))
        if self.low:
            return self.emit("/", self._left(end), self.constant(length))
        # (t - end) / -length has the bits of (end - t) / length, and a phase that falls the form of one that rises, so that
        # both are gathered in one pass. (The two differ in the sign of a zero at the end, a moment that no phase owns.)
        return self.emit("/", self._since(end), self.constant(-length))

    def _since(self, origin: Fraction) -> Operand:
        whole, first, second = split(origin)
        found = TIME if whole == 0 else self.emit("-", TIME, self.constant(whole))
        if first:
            found = self.emit("-", found, self.constant(first))
        if self.low:
            found = self.emit("+", found, LOW)
        if second:
            found = self.emit("-", found, self.constant(second))
        return self._not_below_zero(found)

    def _left(self, end: Fraction) -> Operand:
        """What is left of a time in two floats."""
        whole, first, second = split(end)
        found = self.emit("-", self.constant(whole), TIME)
        if first:
            found = self.emit("+", found, self.constant(first))
        found = self.emit("-", found, LOW)
        if second:
            found = self.emit("+", found, self.constant(second))
        return self._not_below_zero(found)

    def _not_below_zero(self, found: Operand) -> Operand:
        # A time in two floats may miss a boundary by 1e-30, and the root of a negative progress is NaN.
        return self.emit("max", found, self.constant(0.0)) if self.low else found

    # --- operations -----------------------------------------------------------------------------------------------

    def operation(self, function: str, operands: list[Operand]) -> Operand:
        numbers = [self.number(operand) for operand in operands]
        if all(number is not None for number in numbers):
            return self.constant(_each(FUNCTIONS[function].value, *numbers))
        if function == "^":
            return self._power(operands[0], operands[1], numbers[0], numbers[1])
        return self.emit(function, *operands)

    def _power(self, base: Operand, exponent: Operand, b: Number | None, x: Number | None) -> Operand:
        if b is not None and _agreed(b == math.e):
            return self.emit("exp", exponent)
        if b is not None and _agreed(b == 2.0):
            return self.emit("exp2", exponent)
        # numpy takes other routines for these exponents when they are arrays, so power must never see them.
        match next((one for one in _SPECIAL if x is not None and _agreed(x == one)), None):
            case 1.0:
                return base
            case 2.0:
                return self.emit("*", base, base)
            case 0.5:
                return self.emit("sqrt", base)
            case -0.5:
                return self.emit("reciprocal", self.emit("sqrt", base))
            case -1.0:
                return self.emit("reciprocal", base)
            case 0.0:
                return self.constant(1.0)
        return self.emit("^", base, exponent)

    def blend(self, node: Blend) -> Operand:
        start, stop = self.levels[node.from_], self.levels[node.to]
        if _agreed(start == stop):
            return self.constant(start)
        falls = _agreed(abs(stop) <= abs(start))
        near, far = (stop, start) if falls else (start, stop)
        if falls:
            share = self._rest(node)
            surely = _within(node.complement, self.low)
        else:
            share = self.lower(node.weight)
            surely = _within(node.weight, self.low)
        step = _distance(near, far)
        found = self.emit("*", self.constant(step), share)
        if not _agreed(near == 0):
            found = self.emit("+", self.constant(near), found)
        # Of many bases all are clamped where one must be: to the others it does nothing.
        if surely and not self.clamped and _every(near + step == far):
            return found
        low, high = _sorted(start, stop)
        return self.emit("min", self.emit("max", found, self.constant(low)), self.constant(high))

    def _rest(self, node: Blend) -> Operand:
        if node.complement is not None:
            return self.lower(node.complement)
        return self.operation("-", [self.constant(1.0), self.lower(node.weight)])


_SPECIAL = (1.0, 2.0, 0.5, -0.5, -1.0, 0.0)


def _each(function: Callable[..., float], *numbers: Number) -> Number:
    """A function of numbers; of arrays of them one by one, for numpy's own may differ in the last digit."""
    many = max((len(one) for one in numbers if not isinstance(one, float)), default=None)
    if many is None:
        return function(*numbers)
    lists = [[one] * many if isinstance(one, float) else one.tolist() for one in numbers]
    return np.array([function(*these) for these in zip(*lists, strict=True)])


def _distance(near: Number, far: Number) -> Number:
    """`distance` of numbers, or of each base."""
    if isinstance(near, float) and isinstance(far, float):
        return distance(near, far)
    found = far - near
    short = np.where(far > near, near + found < far, near + found > far)
    return np.where(short, np.nextafter(found, np.copysign(math.inf, found)), found)


def _sorted(a: Number, b: Number) -> tuple[Number, Number]:
    if isinstance(a, float) and isinstance(b, float):
        return min(a, b), max(a, b)
    return np.where(b < a, b, a), np.where(b > a, b, a)


def _every(found: Any) -> bool:
    return found if isinstance(found, bool) else bool(found.all())


def _within(node: Node | None, low: bool) -> bool:
    """Whether a weight is within 0..1 to the last bit, so that no clamp is needed."""
    match node:
        case Progress(clock) | Left(clock):
            return _tight(clock, low)
        case Operation("halfwave", (operand,)):
            return _within(operand, low)
    return False


@functools.lru_cache(maxsize=4096)
def _tight(clock: Clock, low: bool) -> bool:
    """Whether the progress of a clock, and what is left of it, stay within 0..1 where both are computed in floats.

    Between whole numbers nothing is rounded but the quotient. Of others the first and the last time tell, for all grows with time;
    a time in two floats is not asked.
    """
    assert clock.length is not None
    end = clock.origin + clock.length
    if clock.origin.denominator == clock.length.denominator == 1 and end < EXACT:
        return True
    if low:
        return False
    times = first_float(clock.origin), math.nextafter(first_float(end), 0.0)
    shares = []
    for bound, length in ((clock.origin, rounded(clock.length)), (end, -rounded(clock.length))):
        whole, first, second = split(bound)
        shares += [(time - whole - first - second) / length for time in times]
    return all(0 <= share <= 1 for share in shares)
