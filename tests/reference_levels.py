"""Constants, durations and levels: what a node says that does not move.

In: a node of a tree and the place where it stands (names, total, the levels beside it). Out: exact constants
and durations, whether a node is a number, a time or a share, the definition that a call means, and the
levels of a phase, written or inferred. This file refuses to know how long a phase is and what happens
between its ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import reference_curves as rc
import reference_numbers as rn
from reference_curves import Curve
from reference_numbers import FUNCTIONS, ZERO, Refused, Value
from reference_trees import (
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
    Quantity,
    Share,
    bare,
    walk,
)


@dataclass(frozen=True)
class Known:
    """A level that is put into the body of a curve."""

    value: Value


@dataclass(frozen=True)
class Output:
    """An output that is used in another one: its text, and the place that it has alone."""

    node: Node
    place: Place


@dataclass(frozen=True)
class World:
    """The definitions of a file, and what is bound.

    `base` None: it may not be used here, or there is none. `clock` is the unit of all times, `rates` how much
    of it one of each unit is; a unit that is not among them is not connected. `outputs`: those that may be used.
    """

    base: Value | None = 1.0
    texts: Mapping[str, Node] = field(default_factory=dict)
    params: frozenset[str] = frozenset()
    curves: Mapping[str, list[Curve]] = field(default_factory=dict)
    clock: str = "steps"
    rates: Mapping[str, Fraction] = field(default_factory=lambda: {"steps": rn.ONE})
    outputs: Mapping[str, Output] = field(default_factory=dict)

    def steps(self) -> None:
        """Says that steps are counted here, which a clock without steps cannot."""
        if self.clock != "steps":
            raise Refused(f"a number of steps on the clock of {self.clock}")


@dataclass(frozen=True)
class Place:
    """Where a node stands.

    `prev` is the level before (None: no phase before), `ahead` the level at which the next phase starts
    (None: open, or none), `wrap` the same for the question whether a `to` must be written. `inner`: in
    arithmetic, a function or a body, where nothing falls back to base. `operand`: beside an operator, where a
    time may stand as its steps. `formals`: arguments and their places.
    """

    world: World
    total: Fraction | None
    prev: Value | None = None
    ahead: Value | None = None
    wrap: Value | None = None
    inner: bool = False
    operand: bool = False
    formals: Mapping[str, tuple[Node | Known, Place]] = field(default_factory=dict)

    def alone(self, **changes: object) -> Place:
        """The same place, with nothing before and nothing after."""
        return replace(self, prev=None, ahead=None, wrap=None, **changes)  # type: ignore[arg-type]

    def look(self, name: str) -> tuple[Node | Known, Place] | None:
        """The text that a name stands for, and the place to read it in: its own names, the time of use."""
        if name in self.formals:
            return self.formals[name]
        if name in self.world.texts:
            if name in self.world.params and changes(self.world.texts[name], self.world):
                raise Refused("a constant must stand here")
            return self.world.texts[name], replace(self, formals={})
        return None

    def without_base(self) -> Place:
        """The same place, for constants that may not use `base`."""
        return replace(self, world=replace(self.world, base=None))

    def fallback(self, level: str, curve: str) -> Value:
        """`base`, where a level may fall back to it."""
        if self.inner:
            raise Refused(f"{level} of {curve} is left open in arithmetic")
        if self.world.base is None:
            raise Refused(f"{level} of {curve} would be base, and there is none")
        return self.world.base


def changes(node: Node, world: World) -> bool:
    """Whether something in a text changes with time, names put in: no param may."""
    for one in walk(node):
        name = one.name if isinstance(one, Name | Call) else None
        if isinstance(one, Line | Phase | Chain) or name in ("t", "p", "q", "repeat"):
            return True
        if isinstance(one, Name) and name in world.texts:
            if changes(world.texts[name], world):  # type: ignore[index]
                return True
        elif name in world.outputs or name in world.curves or name in rc.BUILT_IN:
            return True
    return False


# ---- constants


def plain(node: Node | Known, place: Place) -> tuple[Node | Known, Place, bool]:
    """The node behind brackets and names, and whether a param was among the names."""
    param = False
    while True:
        node = bare(node)  # type: ignore[arg-type]
        found = place.look(node.name) if isinstance(node, Name) else None
        if isinstance(node, Bracket):
            node = node.body
        elif found:
            name = node.name  # type: ignore[union-attr]
            param |= name in place.world.params and name not in place.formals
            node, place = found
        else:
            return node, place, param


def const(node: Node | Known, place: Place) -> Value:
    """The value of a constant, exact while it can be; a share is one of the total, a time is its steps."""
    node, place, _ = plain(node, place)
    match node:
        case Known(value):
            return value
        case Num(text):
            return rn.number(text)
        case Quantity(text, unit):
            if unit not in place.world.rates:
                raise Refused(f"this mixes {unit} and {place.world.clock}")
            return rn.number(text) * place.world.rates[unit]
        case Share(text):
            return rn.number(text) / 100 * whole(place)
        case Name("total"):
            return whole(place)
        case Name("pi"):
            return math.pi
        case Name("e"):
            return math.e
        case Name("base"):
            if place.world.base is None:
                raise Refused("base may stand in values and levels only")
            return place.world.base
        case Neg(body):
            return -const(body, place)
        case Op(op, left, right):
            check_steps(node, (left, right), place)
            return rn.short(rn.operate(op, const(left, place), const(right, place)))
        case Call(name, args) if name in FUNCTIONS:
            check_steps(node, args, place)
            return apply(node, [const(arg, place) for arg in args])
    raise Refused("a constant must stand here")


def apply(node: Node | Known, values: list[Value]) -> Value:
    """An operator or a function of the values of its operands."""
    match node:
        case Neg():
            return -values[0]
        case Op(op):
            return rn.operate(op, *values)
        case Call(name, args, ()) if len(args) == 1 or (name in ("min", "max") and args):
            return FUNCTIONS[name](*values)
    raise Refused("arguments of a function")


def whole(place: Place) -> Fraction:
    """The total that `%` and `total` mean here."""
    if place.total is None:
        raise Refused("no total is known")
    return place.total


def duration(node: Node | Known, place: Place) -> Fraction:
    """A duration, exact, in the unit of the clock; a bare number counts steps."""
    if kind(node, place, True) == "number":
        place.world.steps()
    last, _, param = plain(node, place)
    value = const(node, place.without_base())
    if isinstance(last, Num) and (last.text[-1] in "BT" or (value < 1 and not (param and value == 0))):
        raise Refused(f"bare number {last.text} as a duration")
    if not isinstance(value, Fraction):
        raise Refused("a duration must be exact")
    if value < 0:
        raise Refused("negative duration")
    return value


def kind(node: Node | Known, place: Place, spans: bool = False) -> str:
    """'number', 'time' or 'share'; refuses a share in arithmetic without a time beside it.

    With `spans` the node is a duration, or part of one, where a share is a time like any other.
    """
    node, place, _ = plain(node, place)
    match node:
        case Share():
            return "time" if spans else "share"
        case Quantity() | Name("t" | "total"):
            return "time"
        case Neg(body) | Line(body) | Phase(body):
            return kind(body, place, spans)
        case Op(op, left, right):
            timed = under_time(op, left, right, place)
            kinds = [kind(left, place, spans), "time" if timed else kind(right, place, spans)]
            # under or beside a time it is one; a factor stands neither under nor beside
            if "share" in kinds and ("time" not in kinds or op in "^*"):
                raise Refused("a share in a value's arithmetic")
            times = len([k for k in kinds if k != "number"])
            return "number" if op == "^" or times == 0 or (times == 2 and op in "*/") else "time"
        case Call(name, args) if name in FUNCTIONS:
            kinds = [kind(arg, place, spans) for arg in args]
            if "share" in kinds and ("time" not in kinds or name not in ("min", "max")):
                raise Refused("a share in a value's arithmetic")
            return "time" if "time" in kinds and name in ("min", "max", "abs") else "number"
    return "number"


def under_time(op: str, left: Node, right: Node, place: Place) -> bool:
    """Whether the right operand is an argument by which a time is divided: a duration, with any arithmetic of its own."""
    return op == "/" and isinstance(right, Name) and right.name in place.formals and kind(left, place, True) == "time"


def check_steps(node: Node | Known, operands: tuple[Node, ...], place: Place) -> None:
    """Refuses arithmetic that makes a time of a number of steps, or a number of a time, on a clock without steps."""
    kinds = [kind(operand, place, True) for operand in operands]
    if isinstance(node, Op) and under_time(node.op, node.left, node.right, place):
        return
    times = [k != "number" for k in kinds]
    match node:
        case Op("+" | "-") | Call("min" | "max"):
            counted = any(times) and not all(times)
        case Op("*"):
            counted = all(times)
        case Op("/"):
            counted = times == [False, True]
        case Neg() | Call("abs"):
            counted = False
        case _:
            counted = any(times)
    if counted:
        place.world.steps()


def stand(node: Node | Known, place: Place) -> None:
    """Says that a number must stand here: a time is its steps."""
    if kind(node, place) == "time":
        place.world.steps()


def level(node: Node | Known, place: Place) -> Value:
    """A constant that is a level."""
    not_alone(node, place)
    stand(node, place)
    return const(node, place)


def limit(node: Node, body: Node, place: Place) -> Value:
    """The v of `floor v` and `cap v`, which may be a quantity: beside a time it is one, else its steps."""
    found = kind(node, place)
    if found == "share":
        raise Refused("a share as a value")
    if found != kind(body, place):
        place.world.steps()
    return const(node, place)


def number(node: Node | Known, place: Place) -> Value:
    """A constant that is neither a level nor a duration: a time is its steps, a share is none."""
    if kind(node, place) == "share":
        raise Refused("a share as a number")
    stand(node, place)
    return const(node, place.without_base())


def not_alone(node: Node | Known, place: Place) -> None:
    """Refuses a share, and a quantity that stands alone, where a value must stand."""
    if kind(node, place) == "share":
        raise Refused("a share as a value")
    last, _, _ = plain(node, place)
    if isinstance(last, Quantity) or last == Name("total"):
        raise Refused("a quantity alone as a level or value")


# ---- curves and their levels


def pick(call: Call, place: Place) -> tuple[Curve, dict[str, Node]]:
    """The definition that a call means, and its named arguments."""
    args = dict(call.named)
    fits = []
    for curve in place.world.curves.get(call.name) or rc.BUILT_IN.get(call.name, []):
        formals = dict(curve.formals)
        allowed = formals.keys() | ({"from", "to"} if curve.shape else set())
        needed = {name for name, default in formals.items() if default is None} - rc.LEVELS
        if needed <= args.keys() <= allowed:
            fits.append(curve)
    if len(fits) != 1 or len(args) != len(call.named) or len(call.positional) > 1:
        raise Refused(f"arguments of {call.name} fit {len(fits)} definitions")
    return fits[0], args


def levels(curve: Curve, args: Mapping[str, Node], place: Place) -> dict[str, Value]:
    """Every level of a phase, written or inferred (rules 1, 2, 3 and 5)."""
    formals = dict(curve.formals)
    found: dict[str, Value] = {}
    shares: dict[str, Fraction] = {}

    def put(name: str, node: Node) -> None:
        last, _, _ = plain(node, place)
        if isinstance(last, Share):
            shares[name] = rn.number(last.text) / 100
        else:
            found[name] = level(node, place)

    def infer(name: str) -> None:
        default, next_ = formals.get(name), formals.get(name) == Name("next")
        if name != "to" and place.prev is not None:
            found[name] = place.prev
        elif next_:
            found[name] = place.fallback(name, curve.name) if place.ahead is None else place.ahead
        elif default is not None:
            put(name, default)
        elif name != "to":
            found[name] = place.fallback(name, curve.name)
        elif not curve.shape or place.wrap is not None:
            raise Refused(f"where does this {curve.name} end? write to=")
        else:
            found[name] = ZERO

    wanted = ({"from", "to"} if curve.shape else set()) | (rc.LEVELS & formals.keys())
    for name in sorted(wanted):
        if name in args:
            put(name, args[name])
        else:
            infer(name)
    for name, share in shares.items():
        other = found.get({"from": "to", "to": "from"}.get(name, ""))
        if other is None or other == 0:
            raise Refused(f"a share of {'nothing' if other is None else 0}: {name}=%")
        found[name] = rn.operate("*", share, other)
    return found


def is_curve(node: Node | Known, place: Place) -> bool:
    """A call of a curve, or the name of one."""
    name = node.name if isinstance(node, Call | Name) else ""
    return name in place.world.curves or name in rc.BUILT_IN


def as_call(node: Node | Known) -> Call:
    """A curve without arguments needs no brackets."""
    return node if isinstance(node, Call) else Call(node.name)  # type: ignore[union-attr]


def inside(curve: Curve, args: Mapping[str, Node], ends: Mapping[str, Value], place: Place) -> Place:
    """The place of a curve's body: its arguments put in, and nothing that crosses into it from outside."""
    given = {name: (default, replace(place, formals={})) for name, default in curve.formals}
    given |= {name: (arg, place.alone()) for name, arg in args.items()}
    formals = {name: found for name, found in given.items() if name not in rc.LEVELS}
    for name in rc.LEVELS & dict(curve.formals).keys():
        formals[name] = Known(ends.get(name, rn.ONE)), place
    return place.alone(inner=True, operand=False, formals=formals)
