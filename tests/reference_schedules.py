"""Schedules from trees: what a node is worth at each time of the place where it stands.

In: a node and its place, with the names, the total and the levels beside it. Out: `build`, a schedule as
functions of exact time, and `boundaries`, where the phases of the outermost chain begin. This file refuses to
know which clock a file has, what is bound from outside, groups, and how to be fast.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import reference_curves as rc
import reference_numbers as rn
from reference_curves import Curve, Made
from reference_lengths import FREE, Cycles, body_of, chain_lengths, fit, need, output_need, parts
from reference_levels import (
    Known,
    Output,
    Place,
    apply,
    as_call,
    check_steps,
    const,
    duration,
    inside,
    is_curve,
    kind,
    level,
    levels,
    limit,
    not_alone,
    number,
    pick,
    plain,
    stand,
    under_time,
)
from reference_numbers import ZERO, Refused, Value
from reference_trees import Bracket, Call, Chain, Line, Name, Node, Op, Phase, Share, bare, walk

LIMITS = {"floor": max, "cap": min}
GRID = [Fraction(i, 16) for i in range(17)]
TINY = 1e-12


# ---- the level at which a phase starts, seen from the phase before it


def spots(phases: tuple[Node, ...], length: Fraction | None, place: Place) -> list[tuple[Fraction | None, Place]]:
    """The length and the place of every phase of a chain; the level before it is still to be filled in."""
    lengths = chain_lengths(phases, length, place)
    found: list[tuple[Fraction | None, Place]] = []
    here = place
    for i in range(len(phases) - 1, -1, -1):
        found.insert(0, (lengths[i], here))
        if i > 0:
            # seen from before, the level that the phase itself takes from before is open
            ahead = start_of(phases[i], lengths[i], replace(here, prev=None))
            wrap = start_of(phases[i], lengths[i], replace(here, prev=None, ahead=here.wrap))
            here = replace(here, ahead=ahead, wrap=wrap)
    return found


def start_of(node: Node | Known, length: Fraction | None, place: Place) -> Value | None:
    """The level at which a node starts, or None where it takes it from before; holds are passed over."""
    node = bare(node)  # type: ignore[arg-type]
    found = place.look(node.name) if isinstance(node, Name) else None
    if found:
        return start_of(found[0], length, found[1])
    match node:
        case Bracket(body):
            return start_of(body, length, place)
        case Phase(body, _, skip):
            if skip:
                return build(node, length, replace(place, prev=None)).start
            length_in, _, place_in = body_of(node, length, place)
            return start_of(body, length_in, place_in)
        case Chain(phases):
            length_in, place_in = spots(phases, length, place)[0]
            return start_of(phases[0], length_in, place_in)
        case Line(body, clauses):
            start = start_of(body, length, place)
            for word, arg in clauses:
                if start is not None and word in LIMITS:
                    start = LIMITS[word](start, limit(arg, body, place))
            return start
        case Call("repeat"):
            cycles = Cycles.read(node, place)
            return start_of(cycles.body, cycles.period, cycle_place(cycles, place))
    if is_curve(node, place):
        return curve_start(as_call(node), length, place)
    return build(node, length, place).start


def curve_start(call: Call, length: Fraction | None, place: Place) -> Value | None:
    """The written level at which a curve starts; a hold starts where the next phase does."""
    curve, args = pick(call, place)
    formals = dict(curve.formals)
    name = "from" if curve.shape or "from" in formals else "max"
    if name in args:
        here = replace(place, total=duration(call.positional[0], place)) if call.positional else place
        return levels(curve, args, here)[name]
    if curve.shape or name in formals:
        return place.ahead if formals.get(name) == Name("next") else None
    return build(call, length, place).start


def first_written(node: Node | Known, place: Place) -> Value | None:
    """The first level of what is repeated, if it is written as a number or an expression."""
    node, place, _ = plain(node, place)
    match node:
        case Chain((first, *_)) | Line(first):
            return first_written(first, place)
        case Phase(first, for_, None):
            return first_written(first, replace(place, total=duration(for_, place)) if for_ else place)
        case Phase():
            return None
        case Call("repeat", (first,)):
            return first_written(first, place)
    if is_curve(node, place):
        call = as_call(node)
        curve, args = pick(call, place)
        if call.positional:
            place = replace(place, total=duration(call.positional[0], place))
        arg = args.get("from" if curve.shape or "from" in dict(curve.formals) else "max")
        return None if arg is None or isinstance(plain(arg, place)[0], Share) else level(arg, place)
    found = need(node, place)
    # the length of what is open has no say in the value at 0
    length = found if isinstance(found, Fraction) else None if found == FREE else rn.ONE
    return build(node, length, place).start


def several(node: Node | Known, place: Place) -> bool:
    """Whether a bracket has several phases."""
    node, place, _ = plain(node, place)
    return isinstance(node, Chain) or (isinstance(node, Line | Phase) and several(node.body, place))


# ---- schedules


def cycle_place(cycles: Cycles, place: Place) -> Place:
    """Where the body of a repeat stands: none follows its last phase, which may have to say where it ends."""
    written = first_written(cycles.body, place) if several(cycles.body, place) else None
    return replace(place, ahead=None, wrap=written if written else None)


def build(node: Node | Known, length: Fraction | None, place: Place) -> Made:
    """The schedule that a node is, where its length is this (its own or its place's; None: endless)."""
    node = bare(node)  # type: ignore[arg-type]
    operands = parts(node)
    if operands is not None:
        return build_arithmetic(node, operands, length, place)
    match node:
        case Bracket(body):
            return build(body, length, place)
        case Line():
            return build_line(node, length, place)
        case Chain(phases):
            return build_chain(phases, length, place)
        case Phase():
            return build_phase(node, length, place)
        case Name("t"):
            return rc.smooth(lambda t: t, length)
        case Name("p" | "q" as name):
            if length is None:
                raise Refused("open phase and no total to take from")
            return rc.progress(length, name == "q")
        case Name(name) if place.look(name):
            found, there = place.look(name)  # type: ignore[misc]
            return build(found, length, replace(there, operand=place.operand))
        case Name(name) if name in place.world.outputs:
            return build_output(place.world.outputs[name], length)
        case Call("repeat"):
            cycles = Cycles.read(node, place)
            stand(cycles.body, place)
            made = build(cycles.body, cycles.period, cycle_place(cycles, place))
            return rc.repeated(made, cycles.times, cycles.stretch, cycles.factor, length)
    if is_curve(node, place):
        return build_curve(as_call(node), length, place)
    if not place.operand:
        not_alone(node, place)
    return rc.constant(const(node, place), length)


def build_output(output: Output, length: Fraction | None) -> Made:
    """An output as it is alone; what of it needs no length takes that of its place (None: endless)."""
    own = output_need(output)
    stand(output.node, output.place)
    return build(output.node, own if isinstance(own, Fraction) else length, output.place)


def build_arithmetic(node: Node, operands: tuple[Node, ...], length: Fraction | None, place: Place) -> Made:
    """An operator or a function, pointwise; nothing crosses into it from outside."""
    if kind(node, place) == "share":
        raise Refused("a share as a value")
    check_steps(node, operands, place)
    here = place.alone(inner=True, operand=True)
    lengths = [fit(operand, length, here) for operand in operands]
    if length is not None and any(found is not None and found > length for found in lengths):
        raise Refused("phases are longer than the total")
    made = [build(operand, found, here) for operand, found in zip(operands[:1], lengths[:1], strict=True)]
    for operand, found in zip(operands[1:], lengths[1:], strict=True):
        if isinstance(node, Op) and under_time(node.op, node.left, operand, place):
            made.append(rc.constant(duration(operand, here), found))
        else:
            made.append(build(operand, found, here))
    return rc.pointwise(lambda *values: apply(node, list(values)), made, length)


def build_line(line: Line, length: Fraction | None, place: Place) -> Made:
    """Clauses from left to right, from the line's beginning on."""
    made = build(line.body, length, replace(place, operand=False) if line.clauses else place)
    for word, arg in line.clauses:
        if word == "every":
            step = duration(arg, place)
            if step == 0:
                raise Refused("every 0")
            made = rc.sampled(made, step)
        else:
            made = rc.limited(made, LIMITS[word], limit(arg, line.body, place))
    return made


def build_chain(phases: tuple[Node, ...], length: Fraction | None, place: Place) -> Made:
    """Phases from left to right, each with the level at which the one before it ends."""
    made: list[Made] = []
    prev = place.prev
    for phase, (length_in, here) in zip(phases, spots(phases, length, place), strict=True):
        stand(phase, here)
        made.append(build(phase, length_in, replace(here, prev=prev, operand=False)))
        prev = made[-1].end
    return rc.joined(made)


def build_phase(phase: Phase, length: Fraction | None, place: Place) -> Made:
    """A body under `for`, `skip` and `until`."""
    length_in, skip, place_in = body_of(phase, length, place)
    made = build(phase.body, length_in, replace(place_in, operand=False))
    if phase.skip:
        made = rc.skipped(made, skip)
    return rc.cut(made, length) if phase.until and length is not None else made


def build_curve(call: Call, length: Fraction | None, place: Place) -> Made:
    """A built-in curve by its law, a defined one by its body; between levels that are resolved first."""
    if call.positional:
        length = duration(call.positional[0], place)
        place = replace(place, total=length)
    curve, args = pick(call, place)
    if curve.first == "p" and length is None:
        raise Refused("open phase and no total to take from")
    if curve.first == "p":
        place = replace(place, total=length)  # what the total leaves it is its length: given, as by `for`
    ends = levels(curve, args, place)
    if curve.body is not None:
        return build_defined(curve, args, ends, length, place)
    rest = {name: node for name, node in (dict(curve.formals) | args).items() if name not in rc.LEVELS}
    values = {n: divisor(v, place) if n in rc.DURATIONS else number(v, place) for n, v in rest.items()}
    if curve.shape:
        law = rc.SHAPE_LAWS[curve.name]
        within(curve, [law(p, 1 - p, values) for p in GRID])

        def fade(t: Fraction, left: bool) -> tuple[Value, Value]:
            return law(t / length, 1 - t / length, values)

        return rc.between(ends["from"], ends["to"], fade, length)
    if "k" in values:
        place.world.steps()
    if curve.name == "geometric":
        return rc.geometric(ends["from"], ends["to"], length)
    return rc.free(rc.FREE_LAWS[curve.name, tuple(sorted(values))], ends["max"], values, length)


def divisor(node: Node, place: Place) -> Fraction:
    """A duration by which time is divided."""
    found = duration(node, place)
    if found == 0:
        raise Refused("not finite: division by 0")
    return found


def check_arguments(curve: Curve, args: dict[str, Node], place: Place) -> None:
    """Arguments are constants; one by which the body divides or samples time is a duration too."""
    for name in args.keys() - rc.LEVELS:
        const(args[name], place.without_base())
        for node in walk(curve.body):
            by = node.right if isinstance(node, Op) and node.op == "/" else None
            divides = by == Name(name) and Name("t") in walk(node.left)
            if divides or node == ("every", Name(name)):
                divisor(args[name], place)


def within(curve: Curve, pairs: list[tuple[Value, Value]]) -> None:
    """Refuses a shape that is not 0 at 0 and 1 at 1, leaves 0..1, or whose second expression is not 1 - s."""
    ends = abs(pairs[0][0]) <= TINY and abs(pairs[-1][0] - 1) <= TINY
    if not ends or any(not -TINY <= s <= 1 + TINY or abs(s + rest - 1) > TINY for s, rest in pairs):
        raise Refused(f"shape {curve.name} is not 0 at 0, 1 at 1, within 0..1")


def build_defined(
    curve: Curve, args: dict[str, Node], ends: dict[str, Value], length: Fraction | None, place: Place
) -> Made:
    """A curve of the file: its body, with the arguments put in, and its ends set exactly."""
    check_arguments(curve, args, place)
    here = inside(curve, args, ends, place)
    stand(curve.body, here)  # type: ignore[arg-type]
    own = need(curve.body, here)  # type: ignore[arg-type]
    if isinstance(own, Fraction) and length is not None and own != length:
        raise Refused(f"the phases end at {own}, the whole is {length}")
    made = build(curve.body, length, here)  # type: ignore[arg-type]
    if not curve.shape:
        start, stop = ends.get("max", ends.get("from")), ends.get("to")
        for meant, found in ((start, made.start), (stop, made.end)):
            if meant is not None and found is not None and abs(found - meant) > TINY * abs(meant):
                raise Refused(f"curve {curve.name} does not keep its levels")
        return rc.exact_ends(made, start, stop)
    rest = build(curve.rest, length, here) if curve.rest is not None else None

    def fade(t: Fraction, left: bool) -> tuple[Value, Value]:
        s = made.before(t) if left else made.value(t)
        return s, 1 - s if rest is None else rest.before(t) if left else rest.value(t)

    inner = [fade(p * length, False) for p in GRID[1:-1]] if length else []
    first = made.start, rest.start if rest else 1 - made.start
    last = made.end, rest.end if rest else 1 - made.end
    within(curve, [first, *inner, last])
    return rc.between(ends["from"], ends["to"], fade, length)  # type: ignore[arg-type]


def boundaries(node: Node | Known, length: Fraction | None, place: Place) -> tuple[Fraction, ...]:
    """Where the phases of the outermost chain begin, and where the last one ends."""
    node, place, _ = plain(node, place)
    if isinstance(node, Line):
        return boundaries(node.body, length, place)
    lengths = chain_lengths(node.phases, length, place) if isinstance(node, Chain) else [length]
    found = [ZERO]
    for own in lengths:
        if own is not None:
            found.append(found[-1] + own)
    return tuple(found)
