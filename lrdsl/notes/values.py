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
from ..prover import HORIZON, bounds, moments
from ..timeline import Blend, value
from .spots import Seen, last_of, spots

_IDLE = Fraction(1, 20)  # of the run
_HALVINGS = 60
_LOOKED = 64  # moments at which it is asked whether the value is the last one already


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
    stands, kept = _stands_from(seen.output, length, known)
    if stands == 0 or length - stands < _IDLE * length:
        return None
    last = last_of(seen.root)
    if isinstance(last, program.Call) and last.holds:
        level = last.levels["max"]
        peak = bounds(chain, Fraction(0), length, known)[1]
        if level.written is not None or (kept != 0 and (kept >= peak or stands > length / 2)):
            return None
    elif is_constant(last):
        return None
    # Just behind the moment a law that comes to a floor may still be above it by its rounding.
    begin = stands + (length - stands) / 100
    if bounds(chain, begin, length, known) != (kept, kept):
        return None
    for other in others:
        low, high = bounds(other.timeline.chain, begin, length, other.levels(base))
        if low != high:
            return None
    place = seen.output.timeline.phases[chain.parts[-1].phase]
    shown = Fraction(-(-stands.numerator // stands.denominator)) if stands > 100 else stands
    return problems.idle_end(last.span if last.span.source is place.source else place, shown, length, seen.clock, kept)


def _stands_from(output: Output, length: Fraction, known: list[float]) -> tuple[Fraction, float]:
    """The moment, found by halving, from which the value is the last one; and that value. The length where none is found."""
    chain = output.timeline.chain
    kept = value(chain, length, known, "left")
    times = {length * k / _LOOKED for k in range(_LOOKED)} | {length / 2**k for k in range(_HALVINGS)}
    times |= {time for time, _ in moments(chain, Fraction(0), length)}
    low, high = None, length
    for time in sorted(times - {length}, reverse=True):
        if value(chain, time, known) != kept:
            low = time
            break
        high = time
    if low is None:
        return Fraction(0), kept
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if value(chain, middle, known) == kept else (middle, high)
    near = high.limit_denominator(1000)
    return (near if value(chain, near, known) == kept else high), kept
