"""The names of a file: what each stands for, and which of them anything uses.

In: a file, and what is bound from outside. Out: `defined`, a world with the texts, params and curves, after
the errors that concern names; the outputs, their lines, and the names that a text reaches. This file refuses
to know units, and the value of anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import reference_curves as rc
from reference_curves import Curve
from reference_groups import captures
from reference_levels import Place, World, kind
from reference_numbers import FUNCTIONS, Refused
from reference_trees import Call, File, Group, Name, Node, Quantity, Share, walk

WORDS = "param let shape curve assert then for until skip floor cap every next repeat base t p q pi e"
TAKEN = frozenset(WORDS.split()) | FUNCTIONS.keys() | rc.BUILT_IN.keys()
DRIVEN = ("lr", "weight_decay", "momentum", "beta1", "beta2")
# other names that people give to the driven ones
ALIASES = frozenset({"wd", "mom", "learning_rate"})
SIZES = {"step": "steps", "epoch": "epochs", "sample": "samples"}
LATE = frozenset({"total", *SIZES})

Bound = Mapping[str, Node]
Formals = tuple[tuple[str, Node | None], ...]


def mentioned(nodes: object, formals: Formals = ()) -> set[str]:
    """The names that a text uses, its own formals aside."""
    found = {n.name for n in walk((nodes, formals)) if isinstance(n, Name | Call)}
    return found - dict(formals).keys()


def curves_of(file: File) -> dict[str, list[Curve]]:
    """The file's own shapes and curves by name."""
    curves: dict[str, list[Curve]] = {d.name: [] for d in file.shapes + file.curves}
    for shape in file.shapes:
        curves[shape.name].append(Curve(shape.name, "p", True, shape.formals, shape.body, shape.rest))
    for curve in file.curves:
        curves[curve.name].append(Curve(curve.name, curve.first, False, curve.formals, curve.body))
    return curves


def uses_of(world: World) -> dict[str, set[str]]:
    """What the text of every param, let and curve mentions."""
    uses = {name: mentioned(node) for name, node in world.texts.items()}
    for name, several in world.curves.items():
        uses[name] = set().union(*(mentioned((c.body, c.rest), c.formals) for c in several))
    return uses


def reached(start: Iterable[str], uses: Mapping[str, set[str]]) -> set[str]:
    """The names, and those that their texts mention, and so on."""
    found: set[str] = set()
    fresh = set(start)
    while fresh:
        found |= fresh
        fresh = set().union(*(uses.get(name, set()) for name in fresh)) - found
    return found


def defined(file: File, bound: Bound) -> World:
    """The definitions of a file with what is bound put in, after the errors that concern names."""
    params = dict(file.params)
    world = World(
        texts=params | dict(file.lets) | bound,
        params=frozenset(params | bound),
        curves=curves_of(file),
    )
    uses = uses_of(world)
    outputs = {name: mentioned(node) for name, node in file.plain().items()}
    check_definitions(file, bound)
    groups = [(mentioned(group.body), captures(group.pattern)) for group in file.groups]
    check_circles(uses, outputs, world.params)
    numbers = set().union(*(known for _, known in groups))
    known = TAKEN | LATE | uses.keys() | outputs.keys()
    for said, own in [(said, set()) for said in outputs.values()] + groups:
        for name in reached(said, uses) - known - own:
            raise Refused(f"no name {name}")
    for said in uses.values():
        for name in said - known - numbers:
            raise Refused(f"no name {name}")
    check_bound(file, bound, world)
    return world


def check_definitions(file: File, bound: Bound) -> None:
    """Every name is defined once, and none is built in."""
    names = [name for name, _ in file.params + file.lets] + list(curves_of(file))
    outputs = file.plain().keys() | {group.output for group in file.groups}
    for name in [*names, *outputs]:
        if (names + list(outputs)).count(name) > 1 or name in TAKEN:
            raise Refused(f"{name} is defined twice, or built in")
    if (outputs | dict(file.lets).keys() | curves_of(file).keys()) & LATE:
        raise Refused("total and the units are params")
    if outputs & ALIASES or not outputs:
        raise Refused("another name of a driven output, or no output")
    lines = [(group.output, group.pattern) for group in file.groups]
    if len(set(lines)) < len(lines):
        raise Refused("two lines of one pattern")
    taken = TAKEN | dict(file.lets).keys() | curves_of(file).keys() | outputs
    if taken & bound.keys():
        raise Refused("only a param can be bound")


def check_circles(uses: Mapping[str, set[str]], outputs: Mapping[str, set[str]], params: frozenset[str]) -> None:
    """Nothing is defined by itself, and no param uses `base`."""
    everything = dict(uses) | dict(outputs)
    for name, said in everything.items():
        found = reached(said, everything)
        if name in found:
            raise Refused(f"{name} is defined by itself")
        if name in params and "base" in reached(said, uses):
            raise Refused(f"the param {name} uses base")


def check_bound(file: File, bound: Bound, world: World) -> None:
    """What is bound is used, and has a unit where the file's own value has one."""
    params = dict(file.params)
    said = mentioned((tuple(file.plain().values()), file.groups))
    said = said.union(*uses_of(world).values())
    for name, node in bound.items():
        if name not in params and name not in said | LATE:
            raise Refused(f"the text has no use for {name}")
        if name not in params:
            continue
        # read as the file says it, without what is bound
        place = Place(World(texts=dict(params)), None)
        units = any(isinstance(n, Share) or (isinstance(n, Quantity) and n.unit != "steps") for n in walk(params[name]))
        plain = Place(World(texts=dict(params) | bound), None)
        if units and kind(params[name], place, True) == "time" and kind(node, plain, True) == "number":
            raise Refused(f"{name} is given with a unit: give one")


def lines_of(file: File, output: str) -> list[Group]:
    """The lines that an output has for groups."""
    return [group for group in file.groups if group.output == output]
