"""The nodes of one output, each with where it stands in time and what is said of it from outside.

In: a program and the name of an output. Out: its plan once more, now with the place and the form of each node, and spots in the
order of the text. Refuses to judge anything.
"""

from __future__ import annotations

from fractions import Fraction

from .. import program, timeline
from ..durations import Refused
from ..output import Base, Output
from ..planner import Place, Planner
from ..planner.lengths import HORIZON, Lengths
from ..planner.rows import Rows
from ..program import DRIVEN, core
from ..records import frozen, replace


@frozen
class Bound:
    """A floor or a cap that holds where a spot stands."""

    limit: program.Limit
    value: float


@frozen
class Spot:
    """A node, and what holds there.

    It is seen from `begin` to `end` (None: no end) of the time of its chain. `phase` is the phase of a chain that it belongs
    to, `before` the one before that, `own` tells that its phase says its length by `for`, and `cut` is the `until` of its phase.
    """

    node: program.Node
    begin: Fraction = Fraction(0)
    end: Fraction | None = None
    phase: program.Node | None = None
    before: program.Node | None = None
    own: bool = False
    cut: program.Phase | None = None
    floor: Bound | None = None
    cap: Bound | None = None


@frozen
class Seen:
    """One output with its plan; `known` are the values of its levels, None where they need a base that is not given."""

    made: program.Program
    name: str
    root: program.Node
    plan: Planner
    output: Output
    known: list[float] | None

    @property
    def clock(self) -> str:
        return self.made.clock

    def place(self, node: program.Node) -> Place | None:
        return self.plan.stood.get(id(node))

    def form(self, node: program.Node) -> timeline.Node | None:
        return self.plan.forms.get(id(node))

    def window(self, spot: Spot) -> tuple[Fraction, Fraction] | None:
        """From when to when a node is seen; the horizon where it never ends."""
        place = self.place(spot.node)
        if place is None:
            return None
        begin, ends = max(place.origin, spot.begin), [end for end in (place.end, spot.end) if end is not None]
        end = min(ends, default=max(HORIZON, begin * 2))
        return (begin, end) if begin < end else None


def look(made: program.Program, name: str, root: program.Node, base: Base) -> Seen | None:
    """An output once more; None where it cannot be planned."""
    lengths = Lengths(clock=made.clock, rates=made.rates)
    plan = Planner(lengths, Rows(lengths), lengths.problems)
    try:
        whole = plan.whole(root, made.total, name if name in DRIVEN else None)
    except Refused:
        return None
    if whole is None or plan.problems:
        return None
    output = Output(name, whole, made.clock)
    known = None if output.relation == "mixed" and base is None else output.levels(base)
    return Seen(made, name, root, plan, output, known)


def spots(seen: Seen) -> list[Spot]:
    """Every node of an output but what is in definitions and other outputs, without recursion."""
    found: list[Spot] = []
    stack = [Spot(seen.root)]
    while stack:
        spot = stack.pop()
        found.append(spot)
        stack += reversed(_inside(seen, spot))
    return found


def _inside(seen: Seen, spot: Spot) -> list[Spot]:
    match spot.node:
        case program.Inner(body) as inner:
            return [replace(spot, node=body, cut=spot.cut if is_bracket(inner) else None)]
        case program.Sampled(body):
            return [replace(spot, node=body)]
        case program.Limit() as limit:
            return [_limited(seen, spot, limit)]
        case program.Phase() as phase:
            return [_phase(seen, spot, phase)]
        case program.Chain(phases):
            befores = (spot.before, *phases)
            fresh = replace(spot, own=False, cut=None)
            return [replace(fresh, node=one, phase=one, before=befores[index]) for index, one in enumerate(phases)]
        case program.Repeat(body):
            return [Spot(body)]
        case program.Operation(operands=operands):
            fresh = replace(spot, cut=None, floor=None, cap=None)
            return [replace(fresh, node=operand) for operand in operands]
    return []


def _limited(seen: Seen, spot: Spot, limit: program.Limit) -> Spot:
    form = seen.form(limit)
    if (
        seen.known is None
        or not isinstance(form, timeline.Operation)
        or not isinstance(form.operands[1], timeline.Level)
    ):
        return replace(spot, node=limit.body)
    bound = Bound(limit, seen.known[form.operands[1].row])
    floor, cap = spot.floor, spot.cap
    if limit.function == "max" and (floor is None or floor.value < bound.value):
        floor = bound
    if limit.function == "min" and (cap is None or cap.value > bound.value):
        cap = bound
    return replace(spot, node=limit.body, floor=floor, cap=cap)


def _phase(seen: Seen, spot: Spot, phase: program.Phase) -> Spot:
    place = seen.place(phase)
    begin, end = spot.begin, spot.end
    if place is not None:
        begin = max(begin, place.origin)
        end = place.end if end is None else end if place.end is None else min(end, place.end)
    planned = phase.length is not None
    cut = phase if phase.until is not None and not planned else None
    return replace(spot, node=phase.body, begin=begin, end=end, own=spot.own or planned, cut=cut)


def is_bracket(node: program.Node) -> bool:
    """Whether a node is a bracket, not a name."""
    return isinstance(node, program.Inner) and node.span.text.lstrip().startswith("(")


def written(node: program.Node) -> program.Node:
    """The node without the brackets round it; a name stays."""
    while isinstance(node, program.Inner) and is_bracket(node):
        node = node.body
    return node


def last_of(node: program.Node) -> program.Node:
    """The phase at which a line ends, without what is said of it."""
    while True:
        match node:
            case program.Chain(phases):
                node = phases[-1]
            case program.Limit(body) | program.Sampled(body) | program.Inner(body) | program.Phase(body):
                node = body
            case _:
                return node


def looks_ahead(node: program.Node) -> bool:
    """Whether a phase ends at the level at which the next one starts."""
    last = last_of(node)
    if not isinstance(last, program.Call):
        return False
    level = last.levels.get("to")
    return level is not None and level.ahead and level.written is None


def as_share(node: program.Node) -> str | None:
    """A number under 1 as a share: `0.1` is `10%`."""
    value = core(node)
    if not isinstance(value, program.Written) or not 0 < value.value < 1:
        return None
    return f"{float(value.value * 100):g}%"
