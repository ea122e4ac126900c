"""Clocks: the unit in which a file is asked, and how much of it one of every other unit is.

In: a file, its world, and what is bound from outside. Out: `clocked`, the world on its clock, and the total;
or `Refused` where units contradict each other or nothing connects them. This file refuses to know what any
output is worth: whether a number of steps stands on a clock without steps is found where it stands.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from reference_levels import Place, World, duration, kind
from reference_names import SIZES, Bound, mentioned, reached, uses_of
from reference_numbers import ONE, Refused
from reference_trees import UNITS, File, Name, Quantity, walk

Size = tuple[str, str, Fraction]  # a unit, another, and how many of that one the first is


def units_in(nodes: object) -> list[str]:
    """The units of the quantities in a text, in the order of the text."""
    return [n.unit for n in walk(nodes) if isinstance(n, Quantity)]


def used(file: File, bound: Bound, world: World) -> list[str]:
    """The units that anything uses, by place in the text; what is bound comes last."""
    uses = uses_of(world)
    outputs = tuple(file.plain().values())
    names = reached(mentioned((outputs, file.groups)) | {"total"}, uses)
    texts = [node for name, node in file.params + file.lets if name in names and name not in bound]
    curves = [d for d in (*file.shapes, *file.curves) if d.name in names]
    last = [node for name, node in bound.items() if name in names]
    return units_in((*texts, *curves, *outputs, file.groups, *last))


def size_of(name: str, world: World) -> Size:
    """What `param step`, `param epoch` or `param sample` says; it is said in one unit."""
    names = reached({name}, uses_of(world))
    units = set(units_in(tuple(world.texts[n] for n in names if n in world.texts)))
    lone = next(iter(units), "steps")
    if len(units) > 1:
        raise Refused(f"{name} is said in several units")
    # a number counts steps, even where it is one time by another
    number = kind(world.texts[name], Place(world, None), True) == "number"
    other = "steps" if number else lone
    here = replace(world, clock=other, rates={"steps": ONE, lone: ONE} if number else {lone: ONE})
    total = duration(world.texts["total"], Place(here, None)) if "total" in names else None
    bare = replace(here, texts={n: node for n, node in world.texts.items() if n != "total"})
    found = duration(Name(name), Place(bare, total))
    if other == SIZES[name] or found <= 0:
        raise Refused(f"{name} in terms of itself, or not above 0")
    return SIZES[name], other, found


def spread(unit: str, sizes: list[Size]) -> dict[str, Fraction]:
    """How much of a unit one of every unit is that is connected with it."""
    rates = {unit: ONE}
    for _ in UNITS:
        for one, other, count in sizes:
            if other in rates:
                rates.setdefault(one, count * rates[other])
            elif one in rates:
                rates[other] = rates[one] / count
    return rates


def clocked(file: File, bound: Bound, world: World) -> tuple[World, Fraction | None]:
    """The world on the clock of its file, and the total; `total` is then no text any more."""
    sizes = [size_of(name, world) for name in SIZES if name in world.texts]
    for unit in UNITS:
        rates = spread(unit, sizes)
        if any(one in rates and rates[one] != count * rates[other] for one, other, count in sizes):
            raise Refused("units that contradict each other")
    units = used(file, bound, world)
    with_steps = not units or any("steps" in spread(unit, sizes) for unit in units)
    clock = "steps" if with_steps else units[0]
    rates = spread(clock, sizes)
    for unit in units:
        if unit not in rates:
            raise Refused(f"this mixes {clock} and {unit}")
    world = replace(world, clock=clock, rates=rates)
    total = duration(Name("total"), Place(world, None)) if "total" in world.texts else None
    return replace(world, texts={name: node for name, node in world.texts.items() if name != "total"}), total
