"""Notes that are read from values: jump, undecided, idle-end, zero-start.

In: an output with its plan, and all outputs. Out: notes. Refuses to look at an output that mixes base with levels where no base is
given.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from .. import problems, program
from ..diagnostic import Diagnostic
from ..output import Base, Output
from ..planner.rows import is_constant
from ..prover import HORIZON, Given, bounds, settled
from ..timeline import Anchored, Blend, Chain, Cycle, Node, Operation, Sample, owner, value
from .spots import Seen, last_of, spots

_IDLE = Fraction(1, 20)  # of the run


def find(seen: Seen, outputs: Mapping[str, Output], base: Base, said: set[str | None]) -> list[Diagnostic]:
    """The notes of a plain output; `said` are the names of those that it has already."""
    if seen.known is None:
        return []
    found = outputs[seen.name].notes(base)
    if seen.name == "lr":
        others = [one for one in outputs.values() if one.name != "lr" and (one.relation != "mixed" or base is not None)]
        # A floor that clips the end has been said to: it is why nothing changes.
        idle = None if "clipped-floor" in said else _idle_end(seen, others, base)
        found += [note for note in (idle, _zero_start(seen)) if note is not None]
    return found


def _zero_start(seen: Seen) -> Diagnostic | None:
    known, chain, length = seen.known, seen.output.timeline.chain, seen.output.length
    assert known is not None
    if value(chain, Fraction(0), known) != 0:
        return None
    if bounds(chain, Fraction(0), HORIZON if length is None else length, known) == (0.0, 0.0):
        return None
    for spot in spots(seen):
        call, form = spot.node, seen.form(spot.node)
        if isinstance(call, program.Call) and isinstance(form, Blend) and "from" in call.levels:
            if form.clock.origin == 0 and known[form.from_] == 0 != known[form.to]:
                return problems.zero_start(call.span, call)
    return problems.zero_start(seen.output.timeline.phases[chain.parts[0].phase], None)


def _idle_end(seen: Seen, others: list[Output], base: Base) -> Diagnostic | None:
    """The run is longer than anything changes, and the text does not say so by a last number or `hold`."""
    length, known = seen.output.length, seen.known
    assert known is not None
    if length is None or length == 0:
        return None
    chain = seen.output.timeline.chain
    stands = settled(chain, Given(known))
    if stands is None or stands == 0 or length - stands < _IDLE * length:
        return None
    if length - stands <= _stair(owner(chain, length, "left").body):
        return None
    kept = value(chain, stands, known)
    last = last_of(seen.root)
    if isinstance(last, program.Call) and last.holds:
        level = last.levels["max"]
        peak = bounds(chain, Fraction(0), length, known)[1]
        if level.written is not None or (kept != 0 and (kept >= peak or stands > length / 2)):
            return None
    elif is_constant(last):
        return None
    for other in others:
        still = settled(other.timeline.chain, other.given(base))
        if still is None or still > stands:
            return None
    place = seen.output.timeline.phases[chain.parts[-1].phase]
    shown = Fraction(-(-stands.numerator // stands.denominator)) if stands > 100 else stands
    return problems.idle_end(last.span if last.span.source is place.source else place, shown, length, seen.clock, kept)


def _stair(node: Node) -> Fraction:
    """The longest time between two samples in a node: so long it stands still by itself."""
    match node:
        case Sample():
            return max(node.every, _stair(node.body))
        case Operation():
            return max(map(_stair, node.operands))
        case Chain():
            return max(_stair(part.body) for part in node.parts)
        case Anchored() | Cycle():
            return _stair(node.body)
    return Fraction(0)
