"""Lengths: how long a node is, and how long the phases of a chain are.

In: a node and the place where it stands. Out: a length of its own, or that it needs none, or that it must be
given one; what a `repeat` repeats; the lengths of the phases of a chain that is given one. This file refuses
to know any level, and any value at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import reference_curves as rc
import reference_numbers as rn
from reference_levels import Known, Output, Place, as_call, duration, inside, is_curve, number, pick, plain
from reference_numbers import FUNCTIONS, ZERO, Refused, Value
from reference_trees import Bracket, Call, Chain, Line, Name, Neg, Node, Op, Phase, bare

FREE, OPEN = "needs no length", "must be given a length"
Need = Fraction | str
MOST_CYCLES = 4096


@dataclass(frozen=True)
class Cycles:
    """What a `repeat` says: its body, how long one cycle is, and how the next ones differ."""

    body: Node
    period: Fraction
    times: int | None
    stretch: Fraction
    factor: Value

    @staticmethod
    def read(call: Call, place: Place) -> Cycles:
        """The arguments of a `repeat`, checked."""
        said = dict(call.named)
        if len(call.positional) != 1 or not said.keys() <= {"times", "stretch", "factor"}:
            raise Refused("arguments of repeat")
        body = call.positional[0]
        period = need(body, place)
        if not isinstance(period, Fraction) or period == 0:
            raise Refused("what is repeated must end")
        times, stretch, factor = (
            number(said[name], place) if name in said else rn.ONE for name in ("times", "stretch", "factor")
        )
        endless = "times" not in said
        if not (
            isinstance(times, Fraction)
            and times.denominator == 1
            and times >= 1
            and isinstance(stretch, Fraction)
            and stretch > 0
            and not (endless and stretch < 1)
        ):
            raise Refused("times or stretch of repeat")
        many = stretch != 1 and (endless or times > MOST_CYCLES)
        # from 2 on, a few dozen cycles are enough
        if many and stretch < 2 and (stretch < 1 or period * rc.cycles_before(MOST_CYCLES, stretch) < 10**18):
            raise Refused("a stretched repeat of more than 4,096 cycles")
        return Cycles(body, period, None if endless else int(times), stretch, factor)

    def length(self) -> Fraction:
        """The length of all cycles, of a repeat that has `times`."""
        if self.stretch != 1 and self.times * math.log10(max(self.stretch.as_integer_ratio())) > 2000:
            raise Refused("an exact number of more than 1,000 digits")
        whole = self.period * rc.cycles_before(self.times, self.stretch)
        return rn.short(whole)  # type: ignore[return-value]


def parts(node: Node | Known) -> tuple[Node, ...] | None:
    """The operands of arithmetic or of a function; None for anything else."""
    match node:
        case Neg(body):
            return (body,)
        case Op(_, left, right):
            return left, right
        case Call(name, args, named) if name in FUNCTIONS:
            if named or not args:
                raise Refused(f"arguments of {name}")
            return args
    return None


def need(node: Node | Known, place: Place) -> Need:
    """The length that a node has of its own, or FREE, or OPEN."""
    node = bare(node)  # type: ignore[arg-type]
    operands = parts(node)
    if operands is not None:
        return together([need(operand, place) for operand in operands])
    match node:
        case Bracket(body) | Line(body):
            return need(body, place)
        case Chain(phases):
            return chain_need(needs(phases, place))
        case Phase():
            return phase_need(node, ZERO, place)
        case Call("repeat"):
            cycle = Cycles.read(node, place)
            return FREE if cycle.times is None else cycle.length()
        case Name("p" | "q"):
            return OPEN
        case Name(name) if place.look(name):
            return need(*place.look(name))  # type: ignore[misc]
        case Name(name) if name in place.world.outputs:
            return output_need(place.world.outputs[name])
    return curve_need(as_call(node), place) if is_curve(node, place) else FREE


def output_need(output: Output) -> Need:
    """The length of an output used in another: its own, and where it takes one from the total, that."""
    total = output.place.total
    own = need(output.node, output.place)
    if own == OPEN and total is None:
        raise Refused("open phase and no total to take from")
    if isinstance(own, Fraction) and total is not None and own != total:
        raise Refused(f"the phases end at {own}, the whole is {total}")
    return total if own == OPEN else own  # type: ignore[return-value]


def together(found: list[Need]) -> Need:
    """Pointwise arithmetic: what is open makes the whole open, and of two lengths the longer counts."""
    fixed = [n for n in found if isinstance(n, Fraction)]
    return OPEN if OPEN in found else max(fixed) if fixed else FREE


def curve_need(call: Call, place: Place) -> Need:
    """A curve's length: given as its argument, or that of its kind."""
    curve, args = pick(call, place)
    if call.positional:
        return duration(call.positional[0], place)
    if curve.first == "p":
        return OPEN
    return FREE if curve.body is None else need(curve.body, inside(curve, args, {}, place))


def phase_need(node: Node, begin: Fraction | None, place: Place) -> Need:
    """The length of a phase that begins at `begin` of its chain (None: that is not known yet)."""
    if not isinstance(node, Phase):
        return need(node, place)
    place_in = replace(place, total=duration(node.for_, place)) if node.for_ else place
    found = need(node.body, place_in)
    if node.for_:
        if isinstance(node.body, Call) and node.body.positional and is_curve(node.body, place):
            raise Refused("this curve has a length already: until")
        if isinstance(found, Fraction) and found != place_in.total:
            raise Refused(f"the phases end at {found}, the whole is {place_in.total}")
        found = place_in.total  # type: ignore[assignment]
    if node.skip and isinstance(found, Fraction):
        found -= duration(node.skip, place)
        if found <= 0:
            raise Refused("skips all of it")
    if node.until:
        if begin is None:
            raise Refused("until after an open phase")
        if found == OPEN and open_chain_in(node.body, place):
            raise Refused("until on an open bracket or name")
        found = duration(node.until, place) - begin
        if found < 0:
            raise Refused("until before the phase begins")
    return found


def open_chain_in(node: Node | Known, place: Place) -> bool:
    """Whether a bracket of several phases with an open one stands here, in arithmetic or a name too."""
    node, place, _ = plain(node, place)
    match node:
        case Line(body) | Phase(body, None, _, None):
            return open_chain_in(body, place)
        case Chain():
            return need(node, place) == OPEN
    return any(open_chain_in(operand, place) for operand in parts(node) or ())


def needs(phases: tuple[Node, ...], place: Place) -> list[Need]:
    """The needs of the phases of a chain, of which one may have no length of its own."""
    found: list[Need] = []
    begin: Fraction | None = ZERO
    for phase in phases:
        found.append(phase_need(phase, begin, place))
        begin = begin + found[-1] if begin is not None and isinstance(found[-1], Fraction) else None
    if len([n for n in found if not isinstance(n, Fraction)]) > 1:
        raise Refused("two open phases")
    return found


def chain_need(found: list[Need]) -> Need:
    """What a chain needs: it goes on forever only where its last phase does."""
    if all(isinstance(n, Fraction) for n in found):
        return sum(found, ZERO)  # type: ignore[arg-type]
    return FREE if found[-1] == FREE else OPEN


def chain_lengths(phases: tuple[Node, ...], length: Fraction | None, place: Place) -> list[Fraction | None]:
    """The lengths of the phases where the chain has this one; the open phase takes what is left."""
    found = needs(phases, place)
    fixed = sum((n for n in found if isinstance(n, Fraction)), ZERO)
    if all(isinstance(n, Fraction) for n in found):
        return found  # type: ignore[return-value]
    if length is None and found[-1] != FREE:
        raise Refused("open phase and no total to take from")
    if length is not None and fixed > length:
        raise Refused("phases are longer than the total")
    rest = None if length is None else length - fixed
    return [n if isinstance(n, Fraction) else rest for n in found]


def fit(node: Node | Known, length: Fraction | None, place: Place) -> Fraction | None:
    """The length that a node gets in a place of this length."""
    found = need(node, place)
    if isinstance(found, Fraction):
        return found
    if found == OPEN and length is None:
        raise Refused("open phase and no total to take from")
    return length


def body_of(phase: Phase, length: Fraction | None, place: Place) -> tuple[Fraction | None, Fraction, Place]:
    """The length of a phase's body, what is skipped of it, and the place in which it stands."""
    place_in = replace(place, total=duration(phase.for_, place)) if phase.for_ else place
    skip = duration(phase.skip, place) if phase.skip else ZERO
    if phase.skip:
        place_in = replace(place_in, prev=None)
    found = need(phase.body, place_in)
    if phase.for_:
        return place_in.total, skip, place_in
    if phase.until and found == FREE:
        # it is cut, not planned for this length: what it is made of need not fit
        return None, skip, place_in
    return fit(phase.body, None if length is None else length + skip, place_in), skip, place_in
