"""A claim, and what is decided of it.

In: nothing. Out: the words in which the prover is asked and answers, its tolerance, and how long for ever is. Refuses to decide.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from ..records import frozen
from ..timeline import Chain, Side, owner, value
from .enclosures import Given

HORIZON = Fraction(10**100)  # "for ever": nobody will be there, and squares and cubes of times are floats still
TOLERANCE = 1e-12  # of the largest value: a claim may be missed by that much
Word = Literal["<=", ">=", "==", "falls", "rises", "continuous"]


@frozen
class Claim:
    """What is claimed over `[begin, end)` and of the limit from the left at `end` (None: for ever); where both are one moment,
    of the value at it."""

    word: Word
    value: float | None = None
    begin: Fraction = Fraction(0)
    end: Fraction | None = None


@frozen
class Decision:
    """`holds`; `fails` at a time, with the value there, seen from a side; or `undecided`, from `time` to `until`.

    Of what should fall or rise, and of a step, `before` is an earlier moment and its value. What is undecided is sure
    before `time` and after `until`; `value` is the bound that was shown between.
    """

    kind: Literal["holds", "fails", "undecided"]
    time: Fraction | None = None
    value: float | None = None
    side: Side = "right"
    phase: int = 0
    before: tuple[Fraction, float] | None = None
    until: Fraction | None = None


HOLDS = Decision("holds")


def seen(
    kind: Literal["fails", "undecided"],
    chain: Chain,
    given: Given,
    time: Fraction,
    side: Side,
    before: tuple[Fraction, float] | None = None,
) -> Decision:
    found, phase = value(chain, time, given.known, side), owner(chain, time, side).phase
    return Decision(kind, time, found, side, phase, before)
