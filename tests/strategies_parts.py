"""The small pieces of drawn schedules: numbers, durations, levels, and names put in for parts of a tree.

In: hypothesis' draws, and exact lengths. Out: nodes that are worth a given length or some level, and a tree
in a file with params, lets, shapes and curves. This file refuses to know what a phase is and what it must
write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction

from hypothesis import strategies as st
from reference import (
    Bracket,
    Call,
    Chain,
    CurveDef,
    File,
    Line,
    Name,
    Neg,
    Node,
    Num,
    Op,
    Quantity,
    ShapeDef,
    Share,
    Steps,
    Tree,
)
from reference_trees import walk

Draw = Callable[..., object]
Path = tuple[object, ...]  # the fields and indices that lead to a node
ZERO = Fraction(0)
LEVELS = ("1", "0.5", "0.3", "2", "3e-4", "1e-3", "0.05", "0.1", "1e-5", ".25", "7.5e-2", "3")
SHARES = ("10", "50", "2.5", "1", "90")


def often(draw: Draw, percent: int) -> bool:
    return draw(st.integers(0, 99)) < percent


def one(draw: Draw, *items: object) -> object:
    return draw(st.sampled_from(items))


# ---- numbers, durations, levels


def decimal(value: Fraction) -> str | None:
    """The digits of a fraction that has a short decimal, else None."""
    for places in range(7):
        if (value * 10**places).denominator == 1:
            digits = str(int(value * 10**places)).rjust(places + 1, "0")
            return digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}"
    return None


def units(draw: Draw) -> dict[str, Fraction]:
    """The units that durations may be written in, and how much one of each is; without more, steps."""
    return getattr(draw, "units", {"steps": Fraction(1)})


def quantity(draw: Draw, text: str, unit: str | None = None) -> Quantity:
    """A number with one of the units."""
    unit = unit or one(draw, *units(draw))
    return Steps(text) if unit == "steps" else Quantity(text, unit)


def now(draw: Draw) -> Node:
    """`t`, as a number: where there are no steps, in one of the units."""
    return Name("t") if "steps" in units(draw) else Bracket(Op("/", Name("t"), quantity(draw, "1")))


def duration(draw: Draw, value: Fraction, total: Fraction | None) -> Node:
    """One of the ways to write a duration."""
    ways: list[Node] = []
    text = decimal(value)
    if "steps" in units(draw):
        if text is not None:
            ways += [Num(text), Num(text), Bracket(Num(text))] if value >= 1 else []
        if value >= 1000 and value % 1000 == 0:
            ways += [Num(f"{value // 1000}k"), Steps(f"{value // 1000}_000")]
        if value >= 1:
            ways += [Op("/", Num(str(value.numerator)), Num(str(value.denominator)))]
            ways += [Op("-", Op("+", ways[-1], Num("1")), Num("1")), Call("max", (ways[-1], Num("1")))]
    for unit, rate in units(draw).items():
        many = value / rate
        text = decimal(many)
        if text is not None:
            ways += [quantity(draw, text, unit)]
        elif value > 0:
            ways += [Op("/", quantity(draw, str(many.numerator), unit), Num(str(many.denominator)))]
    if len(units(draw)) > 1 and value > 0:
        ways += [Op("-", Op("+", ways[-1], ways[-2]), ways[-2]), Call("min", (ways[-1], Op("*", Num("2"), ways[-2])))]
    if total:
        share = decimal(value / total * 100)
        ways += [Share(share)] * 3 if share is not None else []
        if 0 < value <= total:
            part = (value / total).as_integer_ratio()
            ways += [Op("*", Name("total"), Op("/", Num(str(part[0])), Num(str(part[1]))))]
            ways += [Op("-", Name("total"), duration(draw, total - value, None))]
    return draw(st.sampled_from(ways))


def lengths() -> st.SearchStrategy[Fraction]:
    """Lengths above zero: mostly small, some fractional, some huge."""
    small, large = st.integers(1, 100), st.integers(100, 10**5)
    parts = st.builds(Fraction, st.integers(1, 300), st.sampled_from((2, 3, 4, 7)))
    return st.one_of(
        small, small, large, large, parts, st.sampled_from((1000, 10_000, 100_000)), st.integers(10**5, 10**12)
    ).map(Fraction)


def level(draw: Draw, inner: bool = False) -> Node:
    """A level above zero."""
    text = Num(one(draw, *LEVELS))
    ways = [
        text,
        text,
        text,
        text,
        Op("*", text, Name("base")),
        Op("/", text, Num("3")),
        Bracket(text),
        Op("^", Name("e"), Neg(text)),
        Call("min", (text, Num("0.4"))),
        Neg(Neg(text)),
    ]
    return draw(st.sampled_from(ways))


def split(draw: Draw, length: Fraction, count: int) -> list[Fraction]:
    """Lengths above zero that sum to one; whole ones where that can be."""
    weights = [draw(st.integers(1, 9)) for _ in range(count)]
    found = [length * w / sum(weights) for w in weights[1:]]
    if length.denominator == 1 and length >= 10 * count:
        found = [Fraction(int(f) or 1) for f in found]
    return [length - sum(found, ZERO), *found]


def expression(draw: Draw, total: bool, length: bool) -> Node:
    """Plain arithmetic of t, p and q that stays above zero; p and q only where a length is known."""
    t, p, q, unit = now(draw), Name("p"), Name("q"), Num("1")
    held = Bracket(Line(Name("t"), (("every", duration(draw, Fraction(10), None)),)))
    later = Op("+", t, unit)
    ways: list[Node] = [
        Op("^", Bracket(later), Neg(Num("0.5"))),
        Op("^", Call("max", (t, Num("10"))), Neg(Num("0.5"))),
        Call("min", (unit, Op("/", Bracket(later), Num("10")))),
        Op("^", Num("2"), Bracket(Op("/", Neg(t), Num("1k")))),
        Op("*", Num("1e-6"), t),
        Op("/", held, duration(draw, Fraction(10**6), None)),
        Op("/", Bracket(later), Bracket(Op("+", t, Num("10")))),
        Op("+", unit, Op("/", Call("sin", (Op("/", t, Num("100")),)), Num("2"))),
        Call("abs", (Op("*", Bracket(Op("-", t, Num("5"))), Num("1e-3")),)),
    ]
    if total:
        ways += [Call("tanh", (Op("/", Name("t"), Share("10")),))]
    if length:
        ways += [
            p,
            q,
            Op("-", unit, p),
            Op("^", q, Num("2")),
            Op("*", p, q),
            Call("halfwave", (q,)),
            Op("+", Num("0.1"), Op("*", Num("0.9"), q)),
            Op("^", Name("e"), Op("*", Neg(Num("3")), p)),
            Op("+", Num("0.5"), Call("abs", (Op("-", p, q),))),
            Op("+", unit, Call("cos", (Op("*", Op("*", Num("2"), Name("pi")), p),))),
            Op("-", unit, Op("*", q, Op("^", q, Num("0.5")))),
        ]
    return draw(st.sampled_from(ways))


# ---- names and files

SHAPE_DEFS = (
    ShapeDef(
        "bend",
        (("bend", Num("2")),),
        Op("*", Op("^", Name("p"), Name("bend")), Bracket(Op("-", Num("3"), Op("*", Num("2"), Name("p"))))),
    ),
    ShapeDef("ease", (), Call("halfwave", (Name("p"),)), Call("halfwave", (Name("q"),))),
    ShapeDef(
        "tail", (("to", Num("0.1")),), Op("-", Num("1"), Op("^", Name("q"), Num("2"))), Op("^", Name("q"), Num("2"))
    ),
)
MAX, FADE = Name("max"), Op("/", Neg(Name("t")), Name("tau"))
CURVE_DEFS = (
    CurveDef("wsd", "p", (("max", None),), Op("*", MAX, Bracket(Chain((Num("1"), Call("linear", (Share("20"),))))))),
    CurveDef(
        "geo",
        "p",
        (("from", None), ("to", None)),
        Op("*", Name("from"), Op("^", Bracket(Op("/", Name("to"), Name("from"))), Name("p"))),
    ),
    CurveDef("decay", "t", (("max", None), ("tau", Num("500"))), Op("*", MAX, Op("^", Name("e"), Bracket(FADE)))),
    CurveDef("either", "t", (("max", None), ("tau", None)), Op("*", MAX, Op("^", Num("2"), Bracket(FADE)))),
    CurveDef(
        "either",
        "t",
        (("max", None), ("k", None)),
        Op("*", MAX, Op("^", Bracket(Op("+", Num("1"), Op("*", Name("t"), Name("k")))), Neg(Num("1")))),
    ),
)


def places(node: object, kinds: object, path: Path = ()) -> list[tuple[Path, Node]]:
    """Every node of some kinds under a node, with the fields and indices that lead to it."""
    found = [(path, node)] if isinstance(node, kinds) and path else []  # type: ignore[arg-type]
    if isinstance(node, tuple):
        for i, item in enumerate(node):
            found += places(item, kinds, (*path, i))
    elif hasattr(node, "__dataclass_fields__"):
        for field in fields(node):  # type: ignore[arg-type]
            found += places(getattr(node, field.name), kinds, (*path, field.name))
    return found


def put(node: object, path: Path, new: Node) -> object:
    """The tree with another node at the end of a path."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        return (*node[:key], put(node[key], rest, new), *node[key + 1 :])  # type: ignore[index]
    return replace(node, **{key: put(getattr(node, key), rest, new)})  # type: ignore[type-var, arg-type]


def filed(draw: Draw, node: Node) -> Tree:
    """The expression, or a file of it: what it uses defined, and some of it put into params and lets."""
    params: list[tuple[str, Node]] = []
    lets: list[tuple[str, Node]] = []
    for name in ("peak", "trunk", "w2"):
        found = places(node, Num | Share | Bracket | Call)
        if not found or not often(draw, 20):
            continue
        path, old = draw(st.sampled_from(found))
        node = put(node, path, Name(name))  # type: ignore[assignment]
        constant = isinstance(old, Num | Share)
        (params if constant and often(draw, 70) else lets).append((name, old))
    return with_definitions(node, tuple(params), tuple(lets))


def with_definitions(
    node: Node, params: tuple[tuple[str, Node], ...] = (), lets: tuple[tuple[str, Node], ...] = ()
) -> Tree:
    """The expression, in a file where it uses names: then with the shapes and curves that it uses."""
    used = {n.name for n in walk((node, lets)) if isinstance(n, Name | Call)}
    shapes = tuple(d for d in SHAPE_DEFS if d.name in used)
    curves = tuple(d for d in CURVE_DEFS if d.name in used)
    return File(node, params, lets, shapes, curves) if params or lets or shapes or curves else node
