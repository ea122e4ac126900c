"""Units: what a text uses, what one of each is worth, and the clock that follows.

In: where units are used, where a time stands for a number of steps, and what is said of `step`, `epoch` and `sample`. Out: the
clock, the worth of each connected unit in it, and the problems. Refuses to look into expressions.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from fractions import Fraction

from .. import problems, program
from ..diagnostic import Diagnostic
from ..durations import Refused, exact
from ..records import field, frozen, slotted
from ..source import Source, Span

UNITS = ("steps", "epochs", "tokens", "samples")
# What says how much one of a unit is, and an example of it for each unit that it may be said in.
EXAMPLES = {
    "step": {"tokens": "4M tokens", "samples": "256 samples", "epochs": "0.01 epochs"},
    "epoch": {"steps": "5004 steps", "samples": "1_281_167 samples", "tokens": "10B tokens"},
    "sample": {"tokens": "4096 tokens", "steps": "0.01 steps", "epochs": "0.001 epochs"},
}
# Which of them to propose first for two units that nothing connects.
_FIRST = (("steps", "tokens"), ("epochs", "steps"), ("steps", "samples"), ("epochs", "samples"), ("samples", "tokens"),
          ("epochs", "tokens"), ("steps", "epochs"), ("samples", "steps"), ("samples", "epochs"))  # fmt: skip


@frozen
class Use:
    """A unit that is used: as a quantity, or `steps` by a bare number."""

    unit: str
    span: Span


@frozen
class Coerced:
    """A time where a number must stand: its steps are meant. `call` is the curve in whose body it is, with the other
    arguments by which that curve could be said."""

    span: Span
    call: Span | None = None
    others: tuple[str, ...] = ()


@frozen
class Worth:
    """What a text says of one step, epoch or sample: a duration, the units in it, and whether it speaks of the total."""

    name: str
    node: program.Node
    units: frozenset[str]
    of_total: bool

    @property
    def unit(self) -> str:
        return f"{self.name}s"


@slotted
class Units:
    """Which units are connected, and how much they are worth in the first of their kind."""

    worth: dict[str, tuple[str, Fraction]] = field(
        default_factory=lambda: {unit: (unit, Fraction(1)) for unit in UNITS}
    )

    def connected(self, a: str, b: str) -> bool:
        return self.worth[a][0] == self.worth[b][0]

    def rate(self, unit: str, clock: str) -> Fraction:
        """How many of the clock's unit one of a unit is."""
        return self.worth[unit][1] / self.worth[clock][1]

    def rates(self, clock: str) -> dict[str, Fraction]:
        return {unit: self.rate(unit, clock) for unit in UNITS if self.connected(unit, clock)}

    def connect(self, unit: str, other: str, rate: Fraction) -> bool:
        """One `unit` is `rate` of the other; False where that contradicts what is known."""
        root, scale = self.worth[other]
        old, mine = self.worth[unit]
        if old == root:
            return mine == rate * scale
        factor = rate * scale / mine
        for name, (its, worth) in self.worth.items():
            if its == old:
                self.worth[name] = (root, worth * factor)
        return True


def connected(said: Iterable[Worth], total: program.Node | None) -> tuple[Units, list[Diagnostic]]:
    """The units as a text connects them, each saying as soon as what it is said in is connected itself."""
    units = Units()
    found: list[Diagnostic] = []
    waiting = list(said)
    while waiting:
        ready = [one for one in waiting if len({units.worth[unit][0] for unit in one.units}) == 1]
        if not ready:
            break
        for one in ready:
            waiting.remove(one)
            if problem := _connect(units, one, total):
                found.append(problem)
    for one in waiting:
        first, *rest = sorted(one.units, key=UNITS.index)
        other = next(unit for unit in rest if not units.connected(first, unit))
        found.append(problems.mixes(one.node.span, first, other, None, _offers(units, first, other, {}), True))
    return units, found


def _connect(units: Units, one: Worth, total: program.Node | None) -> Diagnostic | None:
    unit = min(one.units, key=UNITS.index)
    rates = units.rates(unit)
    try:
        whole = exact(total, None, rates) if total is not None and one.of_total else None
        amount = exact(one.node, whole, rates)
    except Refused as refused:
        return refused.problem
    if amount <= 0:
        return problems.no_worth(one.node.span, one.name)
    if not units.connect(one.unit, unit, amount):
        return problems.contradicts(one.node.span, one.name)
    return None


@frozen
class Settled:
    """The clock, and what one of each connected unit is worth in it."""

    clock: str
    rates: dict[str, Fraction]
    problems: tuple[Diagnostic, ...]


def settle(
    uses: Iterable[Use], coerced: Iterable[Coerced], units: Units, given: Container[str], text: Source
) -> Settled:
    """The clock is steps where anything is, or can be turned into, steps, or no unit is named; else the first unit used."""
    placed = sorted(uses, key=lambda use: (use.span.source is not text, use.span.start))
    clock = "steps"
    if placed and not any(units.connected(use.unit, "steps") for use in placed):
        clock = placed[0].unit
    found: list[Diagnostic] = []
    apart: set[str] = set()
    for use in placed:
        if units.connected(use.unit, clock) or use.unit in apart:
            continue
        apart.add(use.unit)
        first = next(one for one in placed if units.connected(one.unit, clock))
        offers = _offers(units, first.unit, use.unit, given)
        found.append(problems.mixes(use.span, first.unit, use.unit, first.span, offers, bool(offers)))
    if not units.connected(clock, "steps"):
        offers = _offers(units, "steps", clock, given)
        found += [problems.steps_meant(one.span, clock, one.call, one.others, offers) for one in coerced]
    return Settled(clock, units.rates(clock), tuple(found))


def _offers(units: Units, a: str, b: str, given: Container[str]) -> list[str]:
    """What could be said to connect two units, the likeliest first."""
    ways = [(one, other) for one, other in _FIRST
            if {units.worth[one][0], units.worth[other][0]} == {units.worth[a][0], units.worth[b][0]}]  # fmt: skip
    ways.sort(key=lambda way: set(way) != {a, b})
    return [f"param {one[:-1]} = {EXAMPLES[one[:-1]][other]}" for one, other in ways if one[:-1] not in given]
