"""Where pieces of a timeline meet, and so where a stretch of time is best cut.

In: a node and a stretch of exact time. Out: a join inside it, or that there is none; where it is
cut without one; and the moments at which it is looked first. Refuses to compute values.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

from ..timeline import (
    Anchored,
    Blend,
    Chain,
    Cycle,
    Left,
    Node,
    Operation,
    Progress,
    Sample,
    Side,
    Since,
    cycle_at,
    owner,
    sampled,
)
from .enclosures import cycles, pieces, within


def join(node: Node, a: Fraction, b: Fraction) -> Fraction | None:
    """A moment within `(a, b)` at which pieces of a node meet, one in the middle if there are many; None where there is none."""
    match node:
        case Chain():
            low = bisect.bisect_right(node.begins, a)
            high = bisect.bisect_left(node.begins, b)
            if low < high:
                return node.begins[(low + high) // 2]
            return join(owner(node, a).body, a, b)
        case Operation():
            found = [one for operand in node.operands if (one := join(operand, a, b)) is not None]
            return found[len(found) // 2] if found else None
        case Blend():
            return join(node.weight, a, b) or (join(node.complement, a, b) if node.complement is not None else None)
        case Anchored():
            return join(node.body, a, b)
        case Sample():
            return _join_of_samples(node, a, b)
        case Cycle():
            return _join_of_cycles(node, a, b)
    return None


def _join_of_samples(node: Sample, a: Fraction, b: Fraction) -> Fraction | None:
    first, last = sampled(node, a, "right"), sampled(node, b, "left")
    count = (last - first) / node.every
    if count <= 0:
        return None
    # Where pieces of what is sampled meet, the next sample parts what comes of them.
    inside = join(node.body, first, last)
    if inside is not None:
        found = first + node.every * math.ceil((inside - first) / node.every)
        return found if found < b else found - node.every
    return first + node.every * _between(0, int(count))


def _between(first: int, last: int) -> int:
    """A number after `first` and up to `last`: half of them, or where they differ by magnitudes half of those."""
    return first + (math.isqrt(last - first) if last - first > 1000 * (first + 1) else (last - first + 1) // 2)


def _join_of_cycles(node: Cycle, a: Fraction, b: Fraction) -> Fraction | None:
    if node.stretch != 1 and b >= node.start(40):
        last = cycle_at(node, min(b, node.start(40)), "left")
        first = cycle_at(node, a) if a < node.start(40) else None
        return None if first is None or first >= last else node.start((first + last + 1) // 2)
    first, last = cycles(node, a, b)
    if first == last:
        inside = join(node.body, *within(node, a, b, first))
        return None if inside is None else node.start(first) + inside * node.stretch**first
    # A cycle that is cut into is set apart first: whole ones are bounded best.
    if a > node.start(first):
        return node.start(first + 1)
    if last - first > 1 and b < node.start(last) + node.period * node.stretch**last:
        return node.start(last)
    return node.start(_between(first, last))


def cycle_inside(node: Node, a: Fraction, b: Fraction) -> bool:
    """Whether something in a node comes again and again in `[a, b)`: more than a few times, so that it is not told one by one."""
    match node:
        case Cycle():
            first, last = cycles(node, a, b)
            return last - first > 3 or (first == last and cycle_inside(node.body, *within(node, a, b, first)))
        case Sample():
            return (sampled(node, b, "left") - sampled(node, a, "right")) / node.every > 50
        case Operation():
            return any(cycle_inside(operand, a, b) for operand in node.operands)
        case Anchored():
            return cycle_inside(node.body, a, b)
        case Chain():
            return any(cycle_inside(node.parts[i].body, first, last) for i, first, last in pieces(node, a, b))
    return False


def halfway(a: Fraction, b: Fraction) -> Fraction:
    """Where a stretch is cut: in the middle, or where its ends differ by magnitudes, in the middle of these."""
    if a > 0 and b > 1000 * a:
        return Fraction(math.isqrt(int(a * b)) + 1) if a * b > 1 else (a + b) / 1000
    if b > 10**6 and a < 1:
        return Fraction(1000)
    return (a + b) / 2


# --- where it is looked at first ------------------------------------------------------------------------------------------

_MOMENTS = 200  # joins inside a part that are looked at
_SIDES: tuple[Side, Side] = ("left", "right")


def moments(node: Node, begin: Fraction, end: Fraction) -> list[tuple[Fraction, Side]]:
    """Both sides of the joins inside a node, in the first two cycles of what repeats; at most a few hundred."""
    times = {begin, end, *itertools.islice(_begins(node), _MOMENTS)}
    inside = sorted(time for time in times if begin <= time <= end)
    return [
        (t, side) for t in inside for side in _SIDES if (side == "right" and t < end) or (side == "left" and t > begin)
    ]


def _begins(node: Node) -> Iterator[Fraction]:
    match node:
        case Chain():
            for part in node.parts:
                yield part.begin
                yield from _begins(part.body)
        case Operation():
            for operand in node.operands:
                yield from _begins(operand)
        case Blend() | Anchored():
            yield node.clock.origin
        case Since() | Progress() | Left():
            yield node.clock.origin
            if node.clock.length is not None:
                yield node.clock.origin + node.clock.length
        case Sample():
            yield node.origin
            yield from _begins(node.body)
        case Cycle():
            for index in (0, 1):
                for local in itertools.islice(_begins(node.body), _MOMENTS):
                    yield node.start(index) + local * node.stretch**index
