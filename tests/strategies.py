"""Hypothesis strategies that draw schedules as trees.

In: nothing but hypothesis' own draws. Out: pairs of a tree and the total that is to be bound (or None),
mostly such that the language accepts them, and texts that were broken on purpose. The lengths are drawn
before the phases and the phases from last to first, because what a phase must write depends on the one after
it. This file refuses to know what a tree means; where the language is silent it draws nothing: no phase of
length zero at the end of a chain, no limit below 1 on a bracket whose level is open, no time beside two
lengths in one sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import strategies as st
from reference import (
    Bracket,
    Call,
    Chain,
    Line,
    Name,
    Neg,
    Node,
    Num,
    Op,
    Phase,
    Share,
    Steps,
    Tree,
    show,
)
from reference_trees import walk
from strategies_parts import (
    SHARES,
    ZERO,
    Draw,
    decimal,
    duration,
    expression,
    filed,
    lengths,
    level,
    often,
    one,
    places,
    put,
    quantity,
    split,
    units,
    with_definitions,
)

Drawing = tuple[Tree, "Fraction | None"]
ODD = ("", "\x00", "\u00e9", "\u00b5", "9" * 400, "_", ".", "$", "\t", "'", "\U0001f600", "((((", "nan")
PIECES = (
    " then ",
    " for ",
    " until ",
    " skip ",
    " floor ",
    "(",
    ")",
    ",",
    "=",
    "^",
    "-",
    "%",
    "\n",
    "#",
    "1e999",
    "total",
    "base",
)


@dataclass(frozen=True)
class Spot:
    """What is known of a place before its phase is drawn."""

    length: Fraction | None  # what the phase must last; None: on without end
    total: Fraction | None  # what % and total mean in it
    given: bool = False  # the place gives that length: none is to be written
    begin: Fraction | None = ZERO  # in its chain; None: behind an open phase
    first: bool = True  # no phase before it
    inner: bool = False  # in arithmetic: nothing falls back to base
    fixed: bool = False  # the next phase starts at a level of its own
    must: bool = False  # `to` has to be written
    depth: int = 2  # how many brackets deep it may go


@dataclass(frozen=True)
class Drawn:
    """A phase, and what the phase before it has to know: the `fixed` and `must` of its spot."""

    node: Node
    fixed: bool
    must: bool


def sure(node: Node) -> Drawn:
    """A phase that starts at a level of its own."""
    return Drawn(node, True, True)


# ---- one curve

SHAPES = ("warmup", "linear", "cosine", "sqrt", "poly", "rex", "bend", "ease", "tail")
FREE = ("exp", "exp", "rsqrt", "drop", "decay", "either")


def shape(draw: Draw, name: str, spot: Spot, args: tuple[Node, ...]) -> Drawn:
    """A shape with those of its levels written that must be, and some that need not."""
    named: list[tuple[str, Node]] = []
    from_ = often(draw, 40) or (spot.inner and spot.first and name != "warmup")
    if name == "warmup":
        to = often(draw, 50) or (spot.inner and not spot.fixed)
    else:
        to = often(draw, 50) or (name != "tail" and (spot.must or spot.fixed))
    written = None
    if from_:
        known = (to or name == "warmup") and often(draw, 15)
        written = Share(one(draw, *SHARES)) if known else level(draw)
        named.append(("from", written))
    if to:
        # a share needs another level that is not one itself, and not 0
        safe = from_ and not isinstance(written, Share)
        down = Share(one(draw, *SHARES)) if safe and often(draw, 40) else level(draw)
        zero = name != "warmup" and not isinstance(written, Share) and often(draw, 15)
        named.append(("to", Num("0") if zero else down))
    if name == "poly":
        named.append(("power", one(draw, Num("2"), Num("0.5"), Num("3"), Num("1.5"))))
    if name == "rex" and often(draw, 50):
        named.append(("d", one(draw, Num("0.9"), Num("0"), Neg(Num("1")), Num("0.25"))))
    if often(draw, 20):
        named.reverse()
    return Drawn(Call(name, args, tuple(named)), from_, from_)


def curve(draw: Draw, spot: Spot, args: tuple[Node, ...]) -> Drawn:
    """Any curve; `args` is empty or holds its length, which then is what shares in it are of."""
    total = spot.length if args else spot.total
    scale = draw(st.integers(1, 40)) * (max(spot.length or Fraction(100), Fraction(8)) // 8)
    span = duration(draw, Fraction(scale), total)
    first = not spot.first or not spot.inner
    kind = draw(st.sampled_from((*SHAPES, *SHAPES, "geometric", "geo", "hold", "hold", "wsd", *FREE)))
    if (spot.length is None and kind not in (*FREE, "hold")) or (kind == "wsd" and total != spot.length):
        # what a share in the body of an open curve is of, is not asked
        kind = one(draw, "hold", *FREE)
    if kind in SHAPES:
        return shape(draw, kind, spot, args)
    if kind in ("geometric", "geo"):
        named = (("from", level(draw)),) if often(draw, 85) or not first else ()
        return Drawn(Call(kind, args, (*named, ("to", level(draw)))), bool(named), bool(named))
    if kind == "hold" and often(draw, 70) and (first or spot.fixed):
        return Drawn(Call("hold", args), spot.fixed, spot.must)
    named = (("max", level(draw)),) if often(draw, 50) or not first or kind == "hold" else ()
    per = ("per", span)
    factor = ("factor", one(draw, Num("0.5"), Num("0.9"), Op("/", Num("2"), Num("3"))))
    laws = {
        "hold": ((),),
        "wsd": ((),),
        "exp": (
            (("k", one(draw, Num("1e-3"), Num("0.02"), Op("/", Num("1"), Num("700")))),),
            (("halflife", span),),
            (factor, per),
        ),
        "rsqrt": ((("timescale", span),),),
        "drop": ((factor, per),),
        "decay": ((), (("tau", span),)),
        "either": ((("tau", span),), (("k", Num("2e-3")),)),
    }
    # a number for each step, and a number of steps that stands in a definition, need a clock of steps
    some = [
        law for law in laws[kind] if "steps" in units(draw) or ("k" not in dict(law) and (kind, law) != ("decay", ()))
    ]
    return Drawn(Call(kind, args, (*named, *draw(st.sampled_from(some)))), bool(named), bool(named))


# ---- phases


def clauses(draw: Draw, spot: Spot, open_level: bool) -> tuple[tuple[str, Node], ...]:
    """What is said of a whole line."""
    found: list[tuple[str, Node]] = []
    for _ in range(draw(st.integers(1, 2))):
        word = one(draw, "floor", "cap", "every")
        if word == "every":
            step = max(spot.length or Fraction(100), Fraction(2)) / draw(st.integers(2, 9))
            found.append((word, duration(draw, step, spot.total)))
        elif open_level:
            found.append((word, Num(one(draw, "0.2", "1e-3") if word == "floor" else one(draw, "1", "1.5"))))
        else:
            found.append((word, level(draw)))
    return tuple(found)


def arithmetic(draw: Draw, spot: Spot) -> Node:
    """Two operands, of which one has the length or is given it."""
    inner = replace(spot, first=True, inner=True, fixed=False, must=False, begin=ZERO, depth=spot.depth - 1)
    left = phase(draw, inner).node
    right: Node = level(draw)
    if spot.length is not None and often(draw, 50):
        # what is given its length must not get it from an operand that is shorter
        open_ = not spot.given or any(n in (Name("p"), Name("q")) for n in walk(left))
        shorter = spot.length / 2 if open_ and often(draw, 50) else spot.length
        right = phase(draw, replace(inner, length=shorter, given=False)).node
    way = draw(st.integers(0, 5))
    if way == 0:
        return Call(one(draw, "min", "max"), (left, right))
    if way == 1:
        return Op("^", Bracket(left), Num("0.5"))
    return Op("*" if way < 4 else "+", *((left, right) if often(draw, 50) else (right, left)))


def repeat(draw: Draw, spot: Spot) -> Drawn:
    """Cycles: as many as fill the length, or without end."""
    named: list[tuple[str, Node]] = []
    stretch = one(draw, Fraction(1), Fraction(1), Fraction(2), Fraction(3, 2), Fraction(1, 2))
    if spot.length is not None and not spot.given:
        times = draw(st.integers(1, 5)) if stretch != 1 or often(draw, 90) else 10**6
        period = spot.length / (times if stretch == 1 else sum(stretch**i for i in range(times)))
        named.append(("times", Num(str(times))))
    else:
        stretch = max(stretch, Fraction(1))
        period = (spot.length or draw(lengths())) / draw(st.sampled_from((1, 2, 5, Fraction(7, 2))))
    if stretch != 1 or often(draw, 10):
        named.append(("stretch", Num(decimal(stretch))))
    if often(draw, 50):
        named.append(("factor", one(draw, Num("0.5"), Num("0.9"), Num("1"))))
    place = replace(spot, length=period, given=False, begin=ZERO, fixed=False, must=True, depth=spot.depth - 1)
    body = line(draw, place)
    return replace(body, node=Call("repeat", (body.node,), tuple(named)))


def phase(draw: Draw, spot: Spot) -> Drawn:
    """One phase that lasts what its spot asks for."""
    deep = spot.depth > 0
    way = draw(st.integers(0, 9))
    if deep and way == 0:
        return sure(arithmetic(draw, spot))
    if deep and way == 1:
        return repeat(draw, spot)
    if deep and way == 2:
        body = line(draw, replace(spot, begin=ZERO, depth=spot.depth - 1))
        return replace(body, node=Bracket(body.node))
    if spot.given or spot.length is None:
        if way < 5:
            return sure(
                level(draw)
                if often(draw, 50)
                else expression(draw, bool(spot.total), spot.given and spot.length is not None)
            )
        return curve(draw, spot, ())
    return closed(draw, spot, way)


def closed(draw: Draw, spot: Spot, way: int) -> Drawn:
    """A phase that says its own length."""
    here = duration(draw, spot.length, spot.total)
    if way == 3:
        inside = replace(spot, given=True, total=spot.length, begin=ZERO, depth=spot.depth - 1)
        body = phase(draw, inside)
        return replace(body, node=Phase(body.node, for_=here))
    if way == 4 and spot.begin is not None:
        end = duration(draw, spot.begin + spot.length, spot.total)
        if often(draw, 40):
            # cut before it is over, or held when it is
            other = spot.length * one(draw, Fraction(1, 2), Fraction(3, 2), Fraction(1))
            body = curve(draw, replace(spot, length=other), (duration(draw, other, spot.total),))
        else:
            body = sure(level(draw)) if often(draw, 40) else curve(draw, replace(spot, given=True), ())
        return replace(body, node=Phase(body.node, until=end))
    if way == 5:
        skip = spot.length / draw(st.sampled_from((1, 2, 10)))
        long = replace(spot, length=spot.length + skip, first=True)
        body = curve(draw, long, (duration(draw, spot.length + skip, spot.total),)).node
        return sure(Phase(body, skip=duration(draw, skip, spot.total)))
    return curve(draw, spot, (here,))


def nothing(draw: Draw, spot: Spot) -> Drawn:
    """A phase of length zero, never the last one of its chain."""
    if often(draw, 50):
        return sure(Phase(level(draw), for_=quantity(draw, "0")))
    return curve(draw, replace(spot, length=ZERO, total=spot.total), (quantity(draw, "0"),))


def chain(draw: Draw, spot: Spot) -> Drawn:
    """Phases that last what the spot asks for together; one of them open where the place gives the length."""
    count = draw(st.integers(1, 4))
    if spot.length is None:
        pieces: list[Fraction | None] = [draw(lengths()) for _ in range(count - 1)] + [None]
    else:
        pieces = list(split(draw, spot.length, count))
    gap = draw(st.integers(0, count - 1)) if spot.given and often(draw, 85) else None
    begins: list[Fraction | None] = [ZERO]
    for i, piece in enumerate(pieces[:-1]):
        known = begins[-1] is not None and i != gap
        begins.append(begins[-1] + piece if known else None)
    phases: list[Node] = []
    after = Drawn(Num("0"), spot.fixed, spot.must)
    for i in range(count - 1, -1, -1):
        here = replace(
            spot,
            length=pieces[i],
            given=i == gap,
            begin=begins[i],
            first=spot.first and i == 0,
            fixed=after.fixed,
            must=after.must,
        )
        after = phase(draw, here)
        phases.insert(0, after.node)
        if i > 0 and often(draw, 4):
            after = nothing(draw, replace(here, first=False, fixed=after.fixed, must=after.must))
            phases.insert(0, after.node)
    return replace(after, node=Chain(tuple(phases)) if len(phases) > 1 else phases[0])


def line(draw: Draw, spot: Spot) -> Drawn:
    """A chain, with or without clauses."""
    found = chain(draw, spot)
    if not often(draw, 25):
        return found
    return replace(found, node=Line(found.node, clauses(draw, spot, not found.fixed)))


# ---- what tests draw


@st.composite
def schedules(draw: Draw) -> Drawing:
    """A schedule of any kind, and the total to bind."""
    length = draw(lengths()) if often(draw, 75) else None
    total = length if length is not None and often(draw, 70) else None
    spot = Spot(length, total, given=total is not None)
    return filed(draw, line(draw, spot).node), total


@st.composite
def chains(draw: Draw) -> Drawing:
    """A chain of curves and numbers without brackets, names and arithmetic."""
    length = draw(lengths())
    total = length if often(draw, 50) else None
    found = chain(draw, Spot(length, total, given=total is not None, depth=0))
    return with_definitions(found.node), total


@st.composite
def decays(draw: Draw) -> Drawing:
    """One built-in curve that falls from a written level to a lower one, over whole steps."""
    name = one(draw, "linear", "cosine", "sqrt", "poly", "rex", "geometric")
    steps = draw(st.one_of(st.integers(1, 2000), st.integers(1, 10**6)))
    top = draw(st.sampled_from(("1", "3e-4", "0.1", "6e-3", "2")))
    low = [Share("10"), Share("1"), Num("1e-6"), Num("1e-5")] + ([] if name == "geometric" else [Num("0")])
    named = [("from", Num(top)), ("to", draw(st.sampled_from(low)))]
    if name == "poly":
        named.append(("power", draw(st.sampled_from((Num("2"), Num("0.5"), Num("3"))))))
    if name == "rex" and often(draw, 50):
        named.append(("d", draw(st.sampled_from((Num("0.9"), Num("0"))))))
    return Call(name, (Num(str(steps)),), tuple(named)), None


@st.composite
def broken(draw: Draw) -> str:
    """The text of a schedule after a few accidents; it may still be one."""
    text = show(draw(schedules())[0])
    for _ in range(draw(st.integers(1, 3))):
        tokens = re.findall(r"\w+|\s|.", text)
        i, j = (draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
        way = draw(st.integers(0, 5))
        if way == 0:
            del tokens[i]
        elif way == 1:
            tokens.insert(i, tokens[j])
        elif way == 2:
            tokens[i], tokens[j] = tokens[j], tokens[i]
        elif way == 3:
            tokens.insert(i, draw(st.sampled_from(PIECES)))
        elif way == 4:
            tokens[i] = draw(st.sampled_from(ODD))
        else:
            at = draw(st.integers(0, max(len(tokens[i]) - 1, 0)))
            tokens[i] = tokens[i][:at] + tokens[i][at + 1 :]
        text = "".join(tokens) or "0"
    return text


@st.composite
def mistaken(draw: Draw) -> Drawing:
    """A schedule with one thing in its tree changed: still in the grammar, about half of them refused."""
    tree, total = draw(schedules())
    kinds = draw(st.permutations((Call, Num, Share, Chain, Phase, Line)))
    found = next((f for f in (list(places(tree, kind)) for kind in kinds) if f), [((), tree)])
    path, node = draw(st.sampled_from(found))
    match node:
        case Call(name, args, named) if named:
            i = draw(st.integers(0, len(named) - 1))
            node = Call(name, args, named[:i] + named[i + 1 :])
        case Call(name, args):
            node = Call(name, () if often(draw, 50) else (*args, Num("7")))
        case Num() | Share():
            node = one(draw, *map(Num, ("0", "0.5", "100")), *map(Name, ("t", "base", "p")), Share("10"))
        case Chain(phases):
            node = Chain(draw(st.sampled_from((phases[1:], phases[:-1], phases[::-1], phases + phases[:1]))))
        case Phase(body, for_, skip, until):
            node = one(draw, body, Phase(body, until, skip, for_), Phase(body, for_, Steps("1"), until))
        case Line(body):
            node = body
    return (put(tree, path, node) if path else tree), total
