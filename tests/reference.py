"""The naive meaning of a text: what its outputs are worth at each time.

In: a tree (`reference_trees`) or a text, what is bound from outside, and the name of a parameter group. Out:
`show(tree)`; `evaluate_file(file)`, a `FileMeaning` with the clock and a `Meaning` for each output, with its
length, the value and the limit from the left at any time, and the boundaries of its outermost chain;
`evaluate(tree)`, the meaning of `lr` alone; or `Refused` where the language calls the text an error. This file
refuses to know asserts, and how to be fast: time is an exact fraction, a schedule a closure over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import reference_curves as rc
import reference_numbers as rn
from reference_clocks import clocked
from reference_groups import chosen
from reference_lengths import fit, need
from reference_levels import Output, Place, World, not_alone, stand
from reference_names import DRIVEN, defined, lines_of, mentioned, reached, uses_of
from reference_numbers import Refused
from reference_reader import read, read_file
from reference_schedules import boundaries, build
from reference_trees import (
    Bracket,
    Call,
    Chain,
    CurveDef,
    File,
    Group,
    Line,
    Name,
    Neg,
    Node,
    Num,
    Op,
    Phase,
    Quantity,
    ShapeDef,
    Share,
    Steps,
    Tree,
    show,
)

__all__ = [
    "Bracket",
    "Call",
    "Chain",
    "CurveDef",
    "File",
    "FileMeaning",
    "Group",
    "Line",
    "Meaning",
    "Name",
    "Neg",
    "Node",
    "Num",
    "Op",
    "Phase",
    "Quantity",
    "Refused",
    "ShapeDef",
    "Share",
    "Steps",
    "Tree",
    "evaluate",
    "evaluate_file",
    "read",
    "read_file",
    "show",
]

Bindings = Mapping[str, "Node | str | int | float | Fraction"]


@dataclass(frozen=True)
class Meaning:
    """What an output means; times are fractions in the unit of the clock, or floats taken exactly."""

    length: Fraction | None
    phases: tuple[Fraction, ...]
    made: rc.Made
    name: str = "lr"

    def value(self, t: Fraction | float) -> float:
        """The value used at time t >= 0."""
        return self._checked(self.made.value, t)

    def left(self, t: Fraction | float) -> float:
        """The limit from the left at t; at 0, where there is none, the value."""
        return self._checked(self.made.before if t > 0 else self.made.value, t)

    def _checked(self, law: rc.Function, t: Fraction | float) -> float:
        if not t >= 0:
            raise ValueError("a time is not negative")
        value = rn.to_float(law(Fraction(t)))
        if value < 0 and self.name == "lr":
            raise Refused(f"lr becomes {value} at {t}")
        return value


@dataclass(frozen=True)
class FileMeaning:
    """What a file means, to all or to one parameter group."""

    clock: str
    outputs: Mapping[str, Meaning]


@dataclass
class _View:
    """A file as everybody, or one parameter group, sees it; a line is known by its output and whether it is plain."""

    file: File
    world: World
    total: Fraction | None
    bases: Mapping[str, float]
    group: str | None
    alone: dict[tuple[str, bool], Output] = field(default_factory=dict)

    def line(self, name: str, plain: bool) -> tuple[Node, Mapping[str, int], bool] | None:
        """The text of an output, the numbers in it, and whether it is the plain one; None where there is none."""
        won = None if plain or self.group is None else chosen(lines_of(self.file, name), self.group)
        if won:
            return won[0].body, won[1], False
        node = self.file.plain().get(name)
        return None if node is None else (node, {}, True)

    def output(self, name: str, plain: bool = False, stack: tuple[object, ...] = ()) -> Output:
        """An output as it is alone."""
        found = self.line(name, plain)
        if found is None:
            raise Refused(f"no name {name}")
        node, numbers, plain = found
        key = name, plain
        if key in stack:
            raise Refused(f"{name} is defined by itself")
        if key not in self.alone:
            world = replace(
                self.world,
                base=self.bases.get(name, 1.0) if name in DRIVEN else None,
                texts=dict(self.world.texts) | {i: Num(str(number)) for i, number in numbers.items()},
            )
            names = {*self.file.plain(), *(group.output for group in self.file.groups)}
            # in a group's line its own name is the plain output
            used = {
                other: self.output(other, other == name and not plain, (*stack, key))
                for other in sorted(reached(mentioned(node), uses_of(world)) & names)
            }
            self.alone[key] = Output(node, Place(replace(world, outputs=used), self.total))
        return self.alone[key]

    def names(self) -> list[str]:
        """The outputs that there are: one that has lines for other groups only is left alone."""
        every = dict.fromkeys([*self.file.plain(), *(group.output for group in self.file.groups)])
        return [name for name in every if self.line(name, False)]


def _meaning(name: str, output: Output) -> Meaning:
    """The meaning of an output, looked at where it may go wrong."""
    node, place = output.node, output.place
    own = need(node, place)
    if isinstance(own, Fraction) and place.total is not None and own != place.total:
        raise Refused(f"the phases end at {own}, the whole is {place.total}")
    length = fit(node, place.total, place)
    not_alone(node, place)
    stand(node, place)
    found = Meaning(length, boundaries(node, length, place), build(node, length, place), name)
    ends = found.phases
    if length is None:
        ends = (*ends, *(ends[-1] + 10**n for n in range(19)))
    for begin, end in zip(ends, (*ends[1:], ends[-1]), strict=True):
        for i in range(33):
            found.value(begin + (end - begin) * Fraction(i, 32))
        found.left(end)
    return found


def bound_text(value: Node | str | int | float | Fraction) -> Node:
    """What is bound, as a text: a float counts as the decimal that it prints."""
    match value:
        case Fraction():
            top, below = value.as_integer_ratio()
            return Num(str(top)) if below == 1 else Op("/", Num(str(top)), Num(str(below)))
        case int() | float() | str():
            return read(str(value))
    return value


def evaluate_file(
    file: Tree | str,
    bindings: Bindings | None = None,
    group: str | None = None,
    base: Mapping[str, float] | None = None,
) -> FileMeaning:
    """The meaning of a file, or Refused, to a parameter group of this name (None: the plain outputs).

    `base` has the base of every driven output; what it does not name has 1.
    """
    file = read_file(file) if isinstance(file, str) else file if isinstance(file, File) else File(file)
    bound = {name: bound_text(value) for name, value in (bindings or {}).items()}
    world, total = clocked(file, bound, defined(file, bound))
    view = _View(file, world, total, base or {}, group)
    return FileMeaning(world.clock, {name: _meaning(name, view.output(name)) for name in view.names()})


def evaluate(tree: Tree, total: Fraction | int | None = None, base: float | None = None) -> Meaning:
    """The meaning of `lr`, or Refused; `total` and `base` are what is bound from outside."""
    bindings = {} if total is None else {"total": total}
    return evaluate_file(tree, bindings, base=None if base is None else {"lr": base}).outputs["lr"]
