"""A phase in words: every way to write it, from the plainest to the fullest.

In: phases whose numbers are settled. Out: for each the phrases that may stand for it; which of them say the same where they stand
is for others to find out. Refuses to compile.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ..translator.words import number, steps
from .numbers import digits, effort, simple
from .phases import Phase

# Where a duration stands in a text that is written here, and where a rate a step does.
_DURATIONS = re.compile(
    r"(\b(?:until|for|skip|every) |\b(?:per|halflife|timescale)=|\b(?!tanh)[a-z]+\(|\bt/|\bt [-+] |\)/)"
    r"(\d[\d_.]*[kMBT]?)(?![\w.])(?: steps)?"
)
_RATE = re.compile(r"\bk=([\d.]+(?:e-?\d+)?)")
_FACTORS = (0.5, 0.9, 0.95, 0.96, 0.99, 0.98, 0.97, 0.94, 0.8, 0.85, 0.7, 0.75, 0.1, 0.999)
_PERIODS = (1, 10, 100, 1000, 10_000, 2, 5, 20, 50, 200, 500, 2000, 5000, 30, 365, 3, 4)


def phrases(phases: Sequence[Phase], index: int, cycle: bool = False) -> list[str]:
    """The ways to write a phase, the plainest first; in a cycle a phase speaks of its length and never of where it ends."""
    phase = phases[index]
    last = index + 1 == len(phases) and not cycle
    start = started(phases, index)
    tied = phase.start is None
    match phase.kind:
        case "constant":
            found = _constant(phase, start, tied, last, cycle)
        case "exp":
            found = [*_exponential(phase, start, tied, last, cycle), *_geometric(phase, start, tied)]
        case "decay" | "settle" | "tanh":
            found = [f"{text}{_until(phase, last, cycle)}" for text in _law(phase, start, tied)]
        case "power":
            found = [f"{_rise(phase, start)} for {_length(phase)}{_under_way(phase)}"]
        case _:
            found = _shape(phase, index, start, tied, last, cycle)
    return list(dict.fromkeys(sorted(found, key=effort)))


def started(phases: Sequence[Phase], index: int) -> float:
    """The level at which a phase starts."""
    phase = phases[index]
    if phase.start is not None:
        return phase.start.value
    before = started(phases, index - 1) if index else 0.0
    value = float(phases[index - 1].at(np.array([phases[index - 1].end.value]), before)[0]) if index else 0.0
    return float(f"{value:.12g}")


def exact(time: float) -> Fraction:
    """The time that a float stands for: a short decimal, or a simple fraction."""
    written = Fraction(repr(float(time)))
    simple_one = Fraction(time).limit_denominator(100)
    return (
        simple_one if len(repr(time)) > 13 and abs(float(simple_one) - time) <= 4e-15 * abs(time) + 1e-12 else written
    )


def duration(phase: Phase) -> Fraction:
    return exact(phase.end.value) - exact(phase.begin.value)


def counted(text: str, unit: str) -> str:
    """The same text with its durations in another unit than steps.

    >>> counted("warmup(0.4 steps, to=1e-3) then linear(3.6) then 0.1*(1 + t/5)^-0.5", "epochs")
    'warmup(0.4 epochs, to=1e-3) then linear(3.6 epochs) then 0.1*(1 + t/5 epochs)^-0.5'
    """

    def said(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]} {unit.removesuffix('s') if found[2] == '1' else unit}"

    return _DURATIONS.sub(said, _RATE.sub(r"factor=e^-\1, per=1", text))


def _length(phase: Phase) -> str:
    if phase.length is not None:
        return steps(exact(phase.length.value))
    return steps(duration(phase) + (exact(phase.early.value) if phase.early else 0))


def _until(phase: Phase, last: bool, cycle: bool) -> str:
    if last:
        return ""
    return f" for {steps(duration(phase))}" if cycle else f" until {steps(exact(phase.end.value))}"


def _under_way(phase: Phase) -> str:
    return f" skip {steps(exact(phase.early.value))}" if phase.early and phase.early.value else ""


def _constant(phase: Phase, start: float, tied: bool, last: bool, cycle: bool) -> list[str]:
    if last:
        return ["hold", number(start)] if tied else [number(start)]
    held = f"hold({steps(duration(phase))})"
    said = f"{number(start)}{_until(phase, last, cycle)}"
    return [said, held] if tied else [said]


def _shape(phase: Phase, index: int, start: float, tied: bool, last: bool, cycle: bool) -> list[str]:
    stop = phase.stop.value if phase.stop else 0.0
    length = _length(phase)
    numbers = "".join(f", {name}={number(one.value)}" for name, one in phase.numbers.items())
    cut = phase.length is not None and not (phase.early and _ends_by_itself(phase)) and not last
    tail = f"{_under_way(phase)}{f' until {steps(exact(phase.end.value))}' if cut else ''}"
    starts = [f", from={one}" for one in _levels(start, stop)]
    stops = [f", to={one}" for one in _levels(stop, start)]
    names = [phase.kind]
    if phase.kind == "linear" and index == 0 and start < stop and not cycle:
        names = ["warmup", "linear"]
    found = []
    for name in names:
        for one in ["", *starts]:
            for other in ["", *stops]:
                if "%" in one and "%" in other:
                    continue
                found.append(f"{name}({length}{one}{other}{numbers}){tail}")
    if names[0] == "warmup" and start > 0 and not phase.early:
        found += _counted_from_one(phase, start, stop)
    return found


def _counted_from_one(phase: Phase, start: float, stop: float) -> list[str]:
    """A warmup that is under way at its first step, as (t + 1)/W is."""
    whole = duration(phase)
    early = round(start / (stop - start) * float(whole), 6)
    if not early.is_integer() or not 0 < early <= 10:
        return []
    return [f"warmup({steps(whole + int(early))}, to={number(stop)}) skip {int(early)}"]


def _ends_by_itself(phase: Phase) -> bool:
    early = exact(phase.early.value) if phase.early else Fraction(0)
    return phase.length is not None and exact(phase.length.value) - early == duration(phase)


def _levels(level: float, other: float) -> list[str]:
    """A level as it is, and as a share of the other one."""
    found = [number(level)]
    if level and other and 0 < level / other < 1 and digits(round(100 * level / other, 9)) <= 3:
        share = round(100 * level / other, 9)
        if math.isclose(share * other / 100, level, rel_tol=1e-12) and share >= 0.01:
            found.append(f"{share:g}%")
    return found


def _exponential(phase: Phase, start: float, tied: bool, last: bool, cycle: bool) -> list[str]:
    heads = ["", f"max={number(start)}, "] if tied else [f"max={number(start)}, "]
    k = phase.numbers["k"]
    low, high = k.value - k.sure, k.value + k.sure
    rates = [f"k={number(one)}" for one in dict.fromkeys([k.value, *simple(low, high, k.value, 2)[:2]])]
    if low > 0:
        rates += [
            f"halflife={number(one)}"
            for one in simple(math.log(2) / high, math.log(2) / low, math.log(2) / k.value)[:1]
        ]
    for per in _PERIODS:
        if abs(k.value) * per < 14:
            ends = sorted((math.exp(-low * per), math.exp(-high * per)))
            rates += [
                f"factor={number(one)}, per={steps(per)}"
                for one in simple(ends[0], ends[1], math.exp(-k.value * per))[:1]
                if one > 0
            ]
        for factor in _FACTORS:
            ends = sorted((-math.log(factor) / low, -math.log(factor) / high))
            rates += [
                f"factor={factor}, per={steps(one)}" for one in simple(ends[0], ends[1], sum(ends) / 2)[:1] if one >= 1
            ]
    rates = [*sorted(dict.fromkeys(rates), key=effort)[:5], f"k={number(k.value)}"]
    tail = _until(phase, last, cycle)
    return [f"exp({head}{rate}){tail}" for head in heads for rate in rates]


def _geometric(phase: Phase, start: float, tied: bool) -> list[str]:
    found = []
    heads = ["", f", from={number(start)}"] if tied else [f", from={number(start)}"]
    k = phase.numbers["k"]
    for more in (0, 1):
        whole = phase.end.value - phase.begin.value + more
        ends = sorted(start * math.exp(-(k.value + sign * k.sure) * whole) for sign in (1, -1))
        for one in simple(ends[0], ends[1], start * math.exp(-k.value * whole))[:1]:
            found += [f"geometric({steps(duration(phase) + more)}{head}, to={number(one)})" for head in heads]
    return found


def _law(phase: Phase, start: float, tied: bool) -> list[str]:
    numbers = {name: one.value for name, one in phase.numbers.items()}
    stop = phase.stop.value if phase.stop else 0.0
    early = phase.early.value if phase.early else 0.0
    if phase.kind == "tanh":
        since = (
            "t"
            if numbers["at"] == 0
            else f"(t - {number(numbers['at'])})"
            if numbers["at"] > 0
            else f"(t + {number(-numbers['at'])})"
        )
        sign = "+" if numbers["size"] > 0 else "-"
        return [
            f"{number(numbers['middle'])} {sign} {number(abs(numbers['size']))}*tanh({since}/{number(numbers['width'])})"
        ]
    size = float(f"{start - stop:.12g}")
    head = "" if stop == 0 else f"{number(stop)} {'+' if size > 0 else '-'} "
    if phase.kind == "settle":
        return [f"{head}exp(max={number(abs(size))}, k={number(numbers['k'])})"]
    scale = steps(exact(numbers["timescale"])) if numbers["timescale"] >= 1 else number(numbers["timescale"])
    power = numbers["power"]
    grown = f"(1 + t/{scale})"
    found = [
        f"{head}{number(abs(size))}/{grown}" if power == 1 else f"{head}{number(abs(size))}*{grown}^-{number(power)}"
    ]
    if power == 0.5 and not stop and not early:
        found += [f"rsqrt({one}timescale={scale})" for one in (("",) if tied else ()) + (f"max={number(size)}, ",)]
        if math.isclose(phase.begin.value, numbers["timescale"], rel_tol=1e-12):
            found.append(f"rsqrt({'' if tied else f'max={number(size)}, '}timescale={scale})")
    return found


def _rise(phase: Phase, start: float) -> str:
    stop = phase.stop.value if phase.stop else 0.0
    power = number(phase.numbers["power"].value)
    size = float(f"{stop - start:.12g}")
    if start == 0:
        return f"{number(size)}*p^{power}"
    return f"({number(start)} {'+' if size > 0 else '-'} {number(abs(size))}*p^{power})"
