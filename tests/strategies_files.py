"""Hypothesis strategies that draw whole files: units, outputs that use one another, bindings and groups.

In: nothing but hypothesis' own draws. Out: `Asked`, a file with what is bound from outside, the bases, and the
names of parameter groups to ask it for; mostly such that the language accepts it, and some with one mistake
made on purpose. This file refuses to know what a file means; it draws nothing on which the language is silent:
no size of a unit that is said in several units, no bound quantities in more than one unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import strategies as st
from reference_names import DRIVEN, SIZES
from reference_trees import (
    Bracket,
    Call,
    Chain,
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
    Share,
    show,
    walk,
)
from strategies import Spot, line
from strategies_parts import CURVE_DEFS, SHAPE_DEFS, Draw, duration, lengths, level, often, one, places, put, quantity

Named = tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Asked:
    """A file, what is bound (as texts), the bases of driven outputs, and the groups to ask for."""

    file: File
    bindings: dict[str, str] = field(default_factory=dict)
    bases: dict[str, float] = field(default_factory=dict)
    groups: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{show(self.file)}\n# bound: {self.bindings}, bases: {self.bases}, groups: {self.groups}"


class Clocked:
    """Hypothesis' `draw`, and the units that the file may use: how much one of each is."""

    def __init__(self, draw: Draw, units: dict[str, Fraction]) -> None:
        self.draw, self.units = draw, units

    def __call__(self, strategy: st.SearchStrategy[object]) -> object:
        return self.draw(strategy)


# ---- units


def sizes(draw: Draw) -> tuple[dict[str, Fraction], Named]:
    """The units of a file, and what `step`, `epoch` and `sample` are said to be."""
    many = draw(st.sampled_from((2, 5, 10, 100, 500, 5004, Fraction(5, 2))))
    few = draw(st.sampled_from((2, 4, 16, 4096, 10**6)))
    systems: tuple[tuple[dict[str, Fraction], dict[str, tuple[Fraction, str]]], ...] = (
        ({"steps": Fraction(1)}, {}),
        ({"steps": Fraction(1)}, {"epoch": (many, "steps"), "step": (few, "tokens")}),
        ({"steps": Fraction(1), "epochs": many}, {"epoch": (many, "steps")}),
        ({"steps": Fraction(1), "tokens": Fraction(1, few)}, {"step": (few, "tokens")}),
        (
            {"steps": Fraction(1), "epochs": many, "samples": many / 1000, "tokens": many / 1000 / few},
            {
                "epoch": (Fraction(1000), "samples"),
                "sample": (few, "tokens"),
                "step": (1000 / Fraction(many), "samples"),
            },
        ),
        (
            {"steps": Fraction(1), "epochs": few, "samples": Fraction(1, few)},
            {"step": (few, "samples"), "epoch": (few, "steps")},
        ),
        ({"epochs": Fraction(1)}, {}),
        ({"epochs": Fraction(1)}, {"step": (few, "tokens")}),
        ({"tokens": Fraction(1)}, {"epoch": (many, "steps")}),
        ({"samples": Fraction(1), "epochs": many}, {"epoch": (many, "samples")}),
        (
            {"tokens": Fraction(1), "samples": few, "epochs": few * many},
            {"sample": (few, "tokens"), "epoch": (many, "samples")},
        ),
    )
    units, said = draw(st.sampled_from(systems))
    params: list[tuple[str, Node]] = []
    for name, (count, unit) in said.items():
        here = Clocked(draw, {unit: Fraction(1)})
        params.append((name, duration(here, Fraction(count), None)))
    return {unit: Fraction(rate) for unit, rate in units.items()}, tuple(draw(st.permutations(params)))


# ---- outputs


def using(draw: Draw, other: str, total: Fraction | None) -> Node:
    """A text that uses another output."""
    name = Name(other)
    span = draw(lengths()) if total is None else total
    some, whole = duration(draw, span / draw(st.integers(2, 9)), total), duration(draw, span, total)
    pointwise: list[Node] = [
        name,
        Bracket(name),
        Op("^", name, Num("2")),
        Op("*", name, level(draw)),
        Op("*", Op("/", level(draw), Num("3")), Bracket(Op("+", name, Num("1")))),
        Call("max", (name, level(draw))),
        Line(name, (("floor", level(draw)),)),
        Line(name, (("every", some),)),
        Op("/", name, Bracket(Op("+", Num("1"), name))),
    ]
    later: list[Node] = [
        Chain((Call("warmup", (some,)), Phase(name, until=whole))),
        Chain((Phase(level(draw), for_=some), Phase(name, until=whole))),
        Chain((Phase(name, until=some), Call("cosine", (), (("to", Num("0")),)))),
        Chain((Phase(level(draw), for_=some), name)),
        Phase(name, skip=some, until=whole),
        Chain((Call("hold", (some,)), Bracket(Op("*", name, Num("0.5"))))),
        Op("*", name, Bracket(Chain((Num("1"), Call("linear", (some,)))))),
        Call("repeat", (Phase(name, until=some),), (("times", Num("3")),)),
    ]
    return draw(st.sampled_from(pointwise + later))


def without_base(node: Node) -> Node:
    """The text with 1 for `base`, which a computed output does not have."""
    for path, _ in [found for found in places(Bracket(node), Name) if found[1] == Name("base")]:
        node = put(Bracket(node), path, Num("1")).body  # type: ignore[attr-defined]
    return node


def outputs(draw: Draw, total: Fraction | None) -> Named:
    """One to four outputs, of which the later ones may use the earlier ones."""
    names = draw(st.permutations(("lr", "weight_decay", "momentum", "beta2", "temperature", "batch_size")))
    names = names[: draw(st.integers(1, 4))]
    if "lr" not in names and often(draw, 80):
        names = ("lr", *names)
    found: list[tuple[str, Node]] = []
    for name in names:
        length = total if total is not None else draw(lengths()) if often(draw, 70) else None
        if found and often(draw, 60):
            node = using(draw, one(draw, *dict(found)), total)
        else:
            spot = Spot(length, total, given=total is not None, inner=name not in DRIVEN, depth=1)
            node = line(draw, spot).node
        found.append((name, node if name in DRIVEN else without_base(node)))
    return tuple(found)


def timed(draw: Draw, total: Fraction | None, depth: int) -> Node:
    """Arithmetic of times and numbers; divisors are constants above 0, and so are the bases of powers."""
    fixed: list[Node] = [quantity(draw, one(draw, "1", "2", "0.5")), Num(one(draw, "1", "10", "0.5", "1k"))]
    if total is not None:
        fixed += [Name("total"), Op("/", Name("total"), Num("3"))]
    constant = draw(st.sampled_from(fixed))
    if depth == 0:
        return one(draw, constant, Name("t"), Name("t"))
    left, right = timed(draw, total, depth - 1), timed(draw, total, one(draw, 0, depth - 1))
    # whether a quantity is alone in a bracket with a clause is not said, nor whether `t skip 1 epoch` is a time
    moving = left if Name("t") in walk(left) else Name("t")
    ways: list[Node] = [
        *(Op(op, Bracket(left), Bracket(right)) for op in "+-*"),
        Op("/", Bracket(left), constant if isinstance(constant, Num | Quantity) else Bracket(constant)),
        Op("/", Bracket(left), Bracket(constant)),
        Call(one(draw, "min", "max"), (left, right)),
        Call(one(draw, "abs", "tanh"), (left,)),
        Op("^", Bracket(Call("max", (left, constant))), Neg(Num("0.5"))),
        Bracket(Line(moving, ((one(draw, "floor", "cap", "every"), constant),))),
        Neg(Bracket(left)),
    ]
    return draw(st.sampled_from(ways))


@st.composite
def timed_files(draw: Draw) -> Asked:
    """A file with a computed output that is arithmetic of times, in units that may or may not be connected."""
    units, params = sizes(draw)
    here = Clocked(draw, units)
    total = draw(lengths()) if often(draw, 40) else None
    file = File(None, params, others=(("clip", timed(here, total, draw(st.integers(1, 3)))),))
    if often(draw, 20):
        size = one(draw, "step", "epoch", "sample")
        file = replace(file, others=(("clip", Op("/", timed(here, total, 1), Bracket(Op("*", Num("2"), Name(size))))),))
    file, bindings = bind(here, file, None if total is None else duration(here, total, None))
    return Asked(file, bindings)


# ---- groups

# with the names of groups that each is drawn for, of which one at least is meant by no narrower pattern
PATTERNS = {
    "head.*": ("head.w",),
    "*.bias": ("tail.bias",),
    "layer.{i}.*": ("layer.3.w", "layer.8.w"),
    "*.{i}.*": ("block.12.w", "layer.3.w"),
    "layer.{j}.bias": ("layer.07.bias",),
    "layer.3.*": ("layer.3.norm",),
    "head.bias": ("head.bias",),
    "*": ("else", "head.w"),
}


def group_lines(
    draw: Draw, names: tuple[str, ...], total: Fraction | None
) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Lines for groups, and names of groups to ask for: one at least for every pattern."""
    lines: dict[tuple[str, str], Group] = {}
    for _ in range(draw(st.integers(1, 4))):
        # an output that has no plain line is left alone elsewhere
        own = one(draw, *names) if often(draw, 90) else "beta1"
        pattern = one(draw, *PATTERNS)
        ways: list[Node] = [level(draw), level(draw)]
        if own in names:
            ways += [Op("*", Num("10"), Name(own)), Op("*", Name(own), level(draw)), using(draw, own, total)]
        other = one(draw, *names)
        ways += [Op("*", Name(other), Num("0.5")), using(draw, other, total)]
        ways += [line(draw, Spot(total, total, given=total is not None, inner=own not in DRIVEN, depth=1)).node]
        for i in ("i", "j"):
            if f"{{{i}}}" in pattern:
                power = Op("^", Num("0.75"), Bracket(Op("-", Num("23"), Name(i))))
                ways += [
                    power,
                    Op("*", Name(other), power),
                    Bracket(Op("/", Num("1"), Bracket(Op("+", Name(i), Num("1"))))),
                ] * 2
        node = draw(st.sampled_from(ways))
        lines[own, pattern] = Group(own, pattern, node if own in DRIVEN else without_base(node))
    asked = {name for _, pattern in lines for name in PATTERNS[pattern]}
    extra = one(draw, "head.bias", "layer.3.bias", "block.1.2.w", "head", "layer.x.w")
    return tuple(lines.values()), (*sorted(asked), extra)


# ---- files


def put_in(draw: Draw, file: File) -> File:
    """The file with some of its parts put into params and lets."""
    for name in ("peak", "trunk", "w2"):
        found = [
            f for f in places(file, Num | Share | Quantity | Bracket | Call) if f[0][0] in ("lr", "others", "groups")
        ]
        if not found or not often(draw, 30):
            continue
        path, old = draw(st.sampled_from(found))
        file = put(file, path, Name(name))  # type: ignore[assignment]
        # the number of a pattern is none of a param's names
        constant = isinstance(old, Num | Share | Quantity)
        if constant and often(draw, 70):
            file = replace(file, params=(*file.params, (name, old)))
        else:
            file = replace(file, lets=(*file.lets, (name, old)))
    if often(draw, 15):
        file = replace(file, lets=(*file.lets, ("unused", one(draw, quantity(draw, "3"), Num("7"), Name("total")))))
    return file


def bind(draw: Draw, file: File, total: Node | None) -> tuple[File, dict[str, str]]:
    """Some of the params, and the total, bound from outside: instead of the file's own, or without one."""
    params: list[tuple[str, Node]] = []
    bindings: dict[str, str] = {}
    bound: set[str] = set()
    for name, node in (*file.params, *((("total", total),) if total is not None else ())):
        way = draw(st.integers(0, 9))
        units = {n.unit for n in walk(node) if isinstance(n, Quantity)} if name not in SIZES else set()
        # the law does not say which of two bound units comes first
        if (way < 5 and not (name == "total" and way < 4)) or len(bound | units) > 1:
            params.append((name, node))
            continue
        bound |= units
        bindings[name] = show(node)
        if way > 7:
            other = quantity(draw, "17") if isinstance(node, Quantity) or name == "total" else Num("7")
            params.append((name, other))
    return replace(file, params=tuple(params)), bindings


def with_definitions(file: File) -> File:
    """The file with the shapes and curves that it uses."""
    used = {n.name for n in walk(file) if isinstance(n, Name | Call)}
    return replace(
        file,
        shapes=tuple(d for d in SHAPE_DEFS if d.name in used),
        curves=tuple(d for d in CURVE_DEFS if d.name in used),
    )


@st.composite
def files(draw: Draw, unit: str | None = None) -> Asked:
    """A file of any kind; with a unit, one that names no other and says the size of none."""
    units, params = sizes(draw) if unit is None else ({unit: Fraction(1)}, ())
    here = Clocked(draw, units)
    total = draw(lengths()) if often(draw, 45) else None
    said = outputs(here, total)
    groups, names = group_lines(here, tuple(dict(said)), total) if often(draw, 40) else ((), ())
    others = tuple((name, node) for name, node in said if name != "lr")
    file = put_in(here, File(dict(said).get("lr"), params, others=tuple(draw(st.permutations(others))), groups=groups))
    file, bindings = bind(here, file, None if total is None else duration(here, total, None))
    bases = {name: one(draw, 1.0, 0.1, 3e-4, 2.0) for name in DRIVEN if often(draw, 50)}
    return Asked(with_definitions(file), bindings, bases, names)


# ---- files with a mistake


def _param(asked: Asked, name: str, node: Node) -> Asked:
    return replace(asked, file=replace(asked.file, params=(*asked.file.params, (name, node))))


def _without(asked: Asked, name: str) -> Asked:
    file = replace(asked.file, params=tuple(p for p in asked.file.params if p[0] != name))
    return replace(asked, file=file, bindings={n: text for n, text in asked.bindings.items() if n != name})


def _other(asked: Asked, name: str, node: Node) -> Asked:
    return replace(asked, file=replace(asked.file, others=(*asked.file.others, (name, node))))


def _swapped(draw: Draw, asked: Asked) -> Asked:
    """One node that is not what it was."""
    paths = [
        f for f in places(asked.file, Num | Share | Quantity | Phase | Chain) if f[0][0] in ("lr", "others", "groups")
    ]
    if not paths:
        return asked
    path, node = draw(st.sampled_from(paths))
    match node:
        case Chain(phases):
            new: Node = Chain(draw(st.sampled_from((phases[1:], phases[::-1], phases + phases[:1]))))
        case Phase(body, for_, skip, until):
            new = one(draw, body, Phase(body, until, skip, for_))
        case _:
            unit = one(draw, "steps", "epochs", "tokens", "samples")
            new = one(
                draw,
                Quantity("3", unit),
                Quantity("3", unit),
                Num("0.5"),
                Num("100"),
                Name("t"),
                Name("base"),
                Share("10"),
            )
    return replace(asked, file=put(asked.file, path, new))  # type: ignore[arg-type]


def _mistakes(draw: Draw, asked: Asked) -> list[Callable[[], Asked]]:
    """Mistakes to choose from; some are none in this file."""
    file = asked.file
    names = list(file.plain())
    size = one(draw, "step", "epoch", "sample")
    unit = one(draw, *({"steps", "epochs", "samples"} - {f"{size}s"}))
    used = one(draw, *names)
    group = Group(
        used, one(draw, "*.*", "head.*", "*.bias", "*{i}*"), Op("*", Name(used), one(draw, Num("2"), Name("i")))
    )
    return [
        lambda: _swapped(draw, asked),
        lambda: _swapped(draw, asked),
        lambda: _without(asked, size),
        lambda: _param(_without(asked, size), size, one(draw, Quantity("0", unit), Quantity("3", unit), Neg(Num("4")))),
        lambda: _param(
            _param(_without(asked, "step"), "step", Quantity("2", "epochs")), "epoch", Quantity("4", "steps")
        ),
        lambda: _without(asked, "total"),
        lambda: replace(asked, bindings=asked.bindings | {"total": one(draw, "12", "12 epochs", "3 steps", "0")}),
        lambda: replace(
            asked, bindings=asked.bindings | {one(draw, "unused", "peak", "nothing", "lr"): one(draw, "5", "2 epochs")}
        ),
        lambda: _other(asked, one(draw, "wd", "mom", "learning_rate", "cosine", "total"), Num("1")),
        lambda: _other(asked, "clip", Call("linear", (), (("to", Name(used)), ("from", Num("1"))))),
        lambda: _other(
            asked, "clip", one(draw, Op("*", Name("base"), Num("2")), Name("clip"), Name("nobody"), Call("hold"))
        ),
        lambda: _other(
            asked, "clip", one(draw, Quantity("5", "steps"), Name("epoch"), Op("*", Num("1e-3"), Name("t")))
        ),
        lambda: _param(asked, "w9", one(draw, Name("base"), Name(used), Name("w9"), Num("1"))),
        lambda: _other(_param(asked, "w9", one(draw, Name(used), Num("2"))), "clip", Op("*", Name("w9"), Num("2"))),
        lambda: _param(asked, "trunk", Num("1")),
        lambda: replace(
            asked, file=replace(file, groups=(*file.groups, group)), groups=(*asked.groups, "head.1.bias", "a.2.b")
        ),
    ]


@st.composite
def mistaken_files(draw: Draw) -> Asked:
    """A file with one thing in it changed: about half of them refused."""
    asked = draw(files())
    mistakes = _mistakes(draw, asked)
    return mistakes[draw(st.integers(0, len(mistakes) - 1))]()
