"""Phases with unknown numbers: what a stretch of a curve is in the words of the language.

In: stretches with their laws. Out: phases whose begins, levels and other numbers are unknowns with first values, and their values
at times. Refuses to decide which numbers a person meant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..records import field, slotted
from .families import Floats, Law
from .stretches import Curve, Stretch

_NEAR = 0.08  # of a half-wave: an end that near to where the stretch ends is meant to be there


@dataclass(slots=True, eq=False)
class Unknown:
    """A number of a schedule. `loose` is the range in which a begin may lie where nothing tells it more exactly."""

    value: float
    scale: float
    known: bool = False
    loose: tuple[float, float] | None = None
    sure: float = 0.0  # how far from its value it may be


@slotted
class Phase:
    """One phase. `start` is None where it goes on from the phase before; `length` is what was planned where `end` cuts it;
    `early` is how long it has been under way where it begins."""

    kind: str
    begin: Unknown
    end: Unknown
    start: Unknown | None
    stop: Unknown | None = None
    numbers: dict[str, Unknown] = field(default_factory=dict)
    length: Unknown | None = None
    early: Unknown | None = None

    def unknowns(self) -> list[Unknown]:
        many = (self.begin, self.end, self.start, self.stop, self.length, self.early, *self.numbers.values())
        return [one for one in many if one is not None and not one.known]

    def at(self, t: Floats, before: float) -> Floats:
        """Its values; `before` is the value at which the phase before ends."""
        early = self.early.value if self.early else 0.0
        whole = self.length.value if self.length else self.end.value - self.begin.value + early
        since = t - self.begin.value + early
        start = before if self.start is None else self.start.value
        stop = self.stop.value if self.stop else 0.0
        return _law(self.kind, since, whole, start, stop, {name: one.value for name, one in self.numbers.items()})


def _law(kind: str, since: Floats, whole: float, start: float, stop: float, numbers: dict[str, float]) -> Floats:
    p = np.clip(since / (whole or 1e-300), 0.0, 1.0)
    match kind:
        case "constant":
            return np.full_like(since, start)
        case "linear":
            s = p
        case "cosine":
            s = (1 - np.cos(math.pi * p)) / 2
        case "sqrt":
            s = np.sqrt(p)
        case "power":
            s = p ** numbers["power"]
        case "poly":
            s = 1 - (1 - p) ** numbers["power"]
        case "rex":
            s = 1 - (1 - p) / (1 - numbers["d"] + numbers["d"] * (1 - p))
        case "exp":
            return start * np.exp(-numbers["k"] * since)
        case "decay":
            return stop + (start - stop) * np.abs(1 + since / numbers["timescale"]) ** -numbers["power"]
        case "settle":
            return stop + (start - stop) * np.exp(-numbers["k"] * since)
        case "tanh":
            return numbers["middle"] + numbers["size"] * np.tanh((since - numbers["at"]) / numbers["width"])
        case _:
            raise ValueError(kind)
    return start + (stop - start) * s


def values(phases: Sequence[Phase], t: Floats, before: float = 0.0) -> Floats:
    """The values of a chain of phases at rising times; `before` is the value at which what stands before them ends."""
    begins = np.array([phase.begin.value for phase in phases])
    owner = np.maximum(np.searchsorted(begins, t, side="right") - 1, 0)
    found = np.empty_like(t)
    with np.errstate(all="ignore"):
        for index, phase in enumerate(phases):
            mine = owner == index
            found[mine] = phase.at(t[mine], before)
            if index + 1 < len(phases):
                before = float(phase.at(np.array([phase.end.value]), before)[0])
    return found


def phases_of(curve: Curve, found: Sequence[Stretch]) -> list[Phase]:
    """The phases of stretches, each by itself: it starts where its law does, and nothing joins yet."""
    t, top = curve.t, float(np.max(np.abs(curve.y))) or 1.0
    edges = [Unknown(0.0, 1.0, known=True)]
    for before, after in pairwise(found):
        low, high = float(t[before.last]), float(t[after.first])
        edges.append(Unknown(high, max(high, 1.0), known=True, loose=(low, high)))
    last = float(t[-1])
    edges.append(Unknown(last, max(last, 1.0), known=True, loose=(last, math.inf)))
    phases: list[Phase] = []
    for stretch, begin, end in zip(found, edges, edges[1:], strict=False):
        phases += _phases(stretch.law, begin, end, top)
    return phases


def _phases(law: Law, begin: Unknown, end: Unknown, top: float) -> list[Phase]:
    b, e = begin.value, end.value if end.value > begin.value else begin.value + 1.0

    def level(value: float) -> Unknown:
        return Unknown(value, top)

    def time(value: float) -> Unknown:
        return Unknown(value, max(abs(value), 1.0))

    def number(value: float) -> Unknown:
        return Unknown(value, abs(value) or 1.0)

    at_begin, at_end = (float(one) for one in law(np.array([b, e])))
    match law.family.name:
        case "constant":
            return [Phase("constant", begin, end, level(at_begin))]
        case "line":
            return [Phase("linear", begin, end, level(at_begin), level(at_end))]
        case "exponential":
            return [Phase("exp", begin, end, level(at_begin), None, {"k": number(law.shape[0] / law.span)})]
        case "raised exponential":
            rate = law.shape[0] / law.span
            return [Phase("settle", begin, end, level(at_begin), level(law.weights[0]), {"k": number(rate)})]
        case "power":
            pole = law.origin + law.shape[0] * law.span
            numbers = {"timescale": time(b - pole), "power": number(-law.shape[1])}
            return [Phase("decay", begin, end, level(at_begin), None, numbers)]
        case "raised power":
            return [_raised(law, begin, end, b, e, top)]
        case "wave":
            return _waves(law, begin, end, top)
        case _:
            middle, size = law.weights
            numbers = {"middle": level(middle), "size": level(size),
                       "at": time(law.origin + law.shape[1] * law.span - b), "width": time(law.span / law.shape[0])}  # fmt: skip
            return [Phase("tanh", begin, end, level(at_begin), None, numbers)]


def _raised(law: Law, begin: Unknown, end: Unknown, b: float, e: float, top: float) -> Phase:
    where, power = law.shape
    pole = law.origin + where * law.span
    floor = Unknown(law.weights[0], top)
    at_begin, at_end = (Unknown(float(one), top) for one in law(np.array([b, e])))
    exponent = Unknown(power, abs(power) or 1.0)
    if power > 0 and where <= 0:
        # It grows from its beginning.
        away = Unknown(b - pole, max(b - pole, 1.0))
        early = None if b - pole < 0.02 * law.span + 3 else away
        kind = "sqrt" if abs(power - 0.5) < 0.03 else "power"
        whole = Unknown(e - pole, max(e - pole, 1.0))
        return Phase(kind, begin, end, floor, at_end, {} if kind == "sqrt" else {"power": exponent}, whole, early)
    if power > 0:
        return Phase("poly", begin, end, at_begin, floor, {"power": exponent}, Unknown(pole - b, max(pole - b, 1.0)))
    if where > 0.5:
        d = Unknown((e - b) / (pole - b), 1.0)
        return Phase("rex", begin, end, at_begin, at_end, {"d": d}, Unknown(e - b, max(e - b, 1.0)))
    numbers = {"timescale": Unknown(b - pole, max(b - pole, 1.0)), "power": Unknown(-power, 1.0)}
    return Phase("decay", begin, end, at_begin, floor, numbers)


def _waves(law: Law, begin: Unknown, end: Unknown, top: float) -> list[Phase]:
    """A wave as half-waves from one extreme to the next."""
    rate = law.shape[0] / law.span
    size, delay = math.hypot(law.weights[1], law.weights[2]), math.atan2(law.weights[2], law.weights[1])
    half = math.pi / rate
    b, e = begin.value, end.value
    number = math.floor(((b - law.origin) * rate - delay) / math.pi + _NEAR)
    phases: list[Phase] = []
    edge = begin
    while True:
        there = law.origin + (delay + number * math.pi) / rate
        start, stop = (law.weights[0] + size * (1 - 2 * ((number + side) % 2)) for side in (0, 1))
        after = there + half
        over = after > e - _NEAR * half
        edge_after = end if over else Unknown(after, max(after, 1.0))
        early = None if edge is not begin or edge.value == there else edge.value - there
        phase = Phase("cosine", edge, edge_after, Unknown(start, top), Unknown(stop, top), {}, Unknown(half, half))
        phase.early = None if early is None else Unknown(early, max(abs(early), 1.0))
        if edge is not begin:
            phase.start = None
        if not over:
            phase.length = None
        phases.append(phase)
        if over:
            return phases
        edge, number = edge_after, number + 1
