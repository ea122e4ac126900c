"""Decides a claim about a timeline for all times of a window.

In: a timeline, the values of its levels, and a claim. Out: that it holds, that it fails (with a moment that shows it), or that it
is undecided (with the stretch of time that is in doubt). Nothing is sampled to say that a claim holds: bounds that hold everywhere
say so, or it is not said. Refuses to know any text.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from ..intervals import INF, subtract
from ..records import replace
from ..timeline import Chain, Node, Timeline, owner, value
from .decision import HOLDS, HORIZON, TOLERANCE, Claim, Decision, seen
from .direction import Direction
from .enclosures import Given, at, pieces
from .extremes import BUDGET, highest, seen_by, survey
from .joins import halfway, join, moments
from .movements import movement

# Where a claim is looked at first that is not found to hold for ever: an early moment that shows it tells more than a late one.
_EARLY = tuple(Fraction(10**k) for k in range(3, 10))
_LATE = Fraction(10**7)


def decide(timeline: Timeline, known: Sequence[float] | Given, claim: Claim) -> Decision:
    """Whether a claim holds, to 1e-12 of the largest absolute value that the timeline takes."""
    given = known if isinstance(known, Given) else Given(known)
    chain = timeline.chain
    survey(chain, given)
    large = size_near(chain, given, claim)
    slack = (TOLERANCE * large[0], TOLERANCE * large[1])
    if claim.end == claim.begin:
        return _at_moment(chain, given, claim, slack)
    end = HORIZON if claim.end is None else claim.end
    found = _over(chain, given, claim, end, slack)
    if found.kind == "holds" or (found.kind == "fails" and (found.time or 0) < _LATE):
        return found
    for length in _EARLY:
        if claim.begin + length >= end:
            break
        early = _over(chain, given, claim, claim.begin + length, slack)
        if early.kind == "fails":
            return early
        if found.kind == "undecided" and found.time is not None:
            sure = early.time if early.kind == "undecided" else claim.begin + length
            if sure is not None and sure > found.time:
                found = replace(found, time=sure, phase=owner(chain, sure).phase)
    return found


def _over(chain: Chain, given: Given, claim: Claim, end: Fraction, slack: tuple[float, float]) -> Decision:
    match claim.word:
        case "<=" | ">=":
            return _bounded(chain, given, claim, end, slack)
        case "falls" | "rises":
            return Direction(chain, given, 1 if claim.word == "falls" else -1, slack).decide(claim.begin, end)
        case "continuous":
            return _continuous(chain, given, claim.begin, end, slack)
    raise ValueError(f"{claim.word} is said of one moment")


# --- how large values are ---------------------------------------------------------------------------------------------


_SOON = Fraction(10**12)  # what is larger later than a trillion steps from now than it ever is before grows without end


def size(chain: Chain, given: Given, begin: Fraction = Fraction(0), end: Fraction = _SOON) -> tuple[float, float]:
    """The largest absolute value over a stretch of time, from below and from above: roughly, for it is a unit of error."""
    low, high, _ = _size(chain, given, begin, end)
    return low, high


def _size(chain: Chain, given: Given, begin: Fraction, end: Fraction) -> tuple[float, float, Fraction]:
    end = seen_by(chain, begin, end)
    top = highest(chain, begin, end, given, 1, near=0.5, budget=100, sharp=False)
    bottom = highest(chain, begin, end, given, -1, near=0.5, budget=100, sharp=False, under=max(top.low, 0.0))
    largest = top if abs(top.low) >= abs(bottom.low) else bottom
    return abs(largest.low), max(abs(largest.low), top.high, bottom.high), largest.time


def size_near(chain: Chain, given: Given, claim: Claim) -> tuple[float, float]:
    """The largest absolute value over all times; of what grows without end, over the window of the claim."""
    if given.size is None:
        low, high, time = _size(chain, given, Fraction(0), HORIZON)
        grows = time > _SOON and low > 1.5 * size(chain, given)[1]
        given.size = (INF, INF) if grows else (low, high)
    if given.size[0] < INF:
        return given.size
    if claim.end is not None:
        return size(chain, given, claim.begin, max(claim.end, claim.begin))
    first = max(map(abs, at(chain, claim.begin, given)))
    return (max(first, abs(claim.value or 0.0)),) * 2


# --- a moment, and bounds -----------------------------------------------------------------------------------------------


def _at_moment(chain: Chain, given: Given, claim: Claim, slack: tuple[float, float]) -> Decision:
    low, high = at(chain, claim.begin, given)
    wanted = claim.value or 0.0
    sure = {"<=": high <= wanted + slack[0], ">=": low >= wanted - slack[0]}
    sure["=="] = sure["<="] and sure[">="]
    if sure[claim.word]:
        return HOLDS
    wrong = {"<=": low > wanted + slack[1], ">=": high < wanted - slack[1]}
    wrong["=="] = wrong["<="] or wrong[">="]
    kind: Literal["fails", "undecided"] = "fails" if wrong[claim.word] else "undecided"
    return seen(kind, chain, given, claim.begin, "right")


def _bounded(chain: Chain, given: Given, claim: Claim, end: Fraction, slack: tuple[float, float]) -> Decision:
    sign = 1 if claim.word == "<=" else -1
    wanted = sign * (claim.value or 0.0)
    end = seen_by(chain, claim.begin, end)
    over, under = wanted + slack[1], wanted + slack[0]
    found = highest(chain, claim.begin, end, given, sign, over=over, under=under)
    if found.high <= under:
        return HOLDS
    if found.low > over:
        return seen("fails", chain, given, found.time, found.side)
    phase = owner(chain, found.box[0]).phase
    return Decision("undecided", found.box[0], sign * found.high, "right", phase, None, found.box[1])


# --- is continuous ------------------------------------------------------------------------------------------------------


def _continuous(chain: Chain, given: Given, begin: Fraction, end: Fraction, slack: tuple[float, float]) -> Decision:
    boxes: list[tuple[Fraction, Fraction, Node]] = []
    steps: list[tuple[Fraction, Node, Node]] = []
    before: Node | None = None
    for index, first, last in pieces(chain, begin, end):
        body = chain.parts[index].body
        steps += [] if before is None else [(first, before, body)]
        steps += [(time, body, body) for time, side in moments(body, first, last) if side == "right" and time > first]
        boxes.append((first, last, body))
        before = body
    boxes.reverse()  # the earliest is looked at first, so that the earliest step is the one that is shown
    doubt: tuple[Fraction, Fraction] | None = None
    for time, one, two in steps:
        wrong = _step(chain, given, time, one, two, slack)
        if wrong is not None and (wrong.kind == "fails" or doubt is None):
            if wrong.kind == "fails":
                return wrong
            doubt = time, time
    for _ in range(BUDGET + len(boxes)):
        if not boxes:
            break
        a, b, body = boxes.pop()
        if movement(body, a, b, given).step <= slack[0]:
            continue
        cut = join(body, a, b)
        if cut is not None:
            wrong = _step(chain, given, cut, body, body, slack)
            if wrong is not None and wrong.kind == "fails":
                return wrong
            doubt = doubt or (None if wrong is None else (cut, cut))
        elif b - a <= Fraction(1, 10**6):
            doubt = doubt or (a, b)
            continue
        middle = halfway(a, b) if cut is None else cut
        boxes += [(middle, b, body), (a, middle, body)]
    if boxes:
        doubt = min(doubt[0] if doubt else end, boxes[-1][0]), boxes[0][1]
    if doubt is None:
        return HOLDS
    return Decision("undecided", doubt[0], None, "right", owner(chain, doubt[0]).phase, None, doubt[1])


def _step(
    chain: Chain, given: Given, time: Fraction, one: Node, two: Node, slack: tuple[float, float]
) -> Decision | None:
    """What is wrong at a join: a step, or that none can be excluded."""
    left, right = at(one, time, given, "left"), at(two, time, given)
    gap = subtract(right, left)
    if gap[1] <= slack[0] and gap[0] >= -slack[0]:
        return None
    if gap[0] > slack[1] or gap[1] < -slack[1]:
        return seen("fails", chain, given, time, "right", (time, value(chain, time, given.known, "left")))
    return Decision("undecided", time)
