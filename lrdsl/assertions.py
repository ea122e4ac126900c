"""Decides what a text asserts of an output at one moment.

In: a claim and the output. Out: a problem where it is false. With d = 1e-12 of the largest absolute value that the output takes,
a claim may be missed by d. Refuses to claim anything for all times: that needs a proof.
"""

from __future__ import annotations

import math
from fractions import Fraction

from . import problems
from .diagnostic import Diagnostic
from .durations import Refused, exact
from .output import Output
from .planner import constant
from .program import Claim, Program
from .prover import TOLERANCE, bounds, moments
from .timeline import value

_FAR = Fraction(10**18)


def decide(program: Program, claim: Claim, output: Output) -> Diagnostic | None:
    """None where the claim holds, else the problem."""
    try:
        total = None if program.total is None else exact(program.total, None, program.rates)
        moment = exact(claim.at, total, program.rates)
        wanted = constant(program, claim.value, total)
        windows = [(word, exact(node, total, program.rates), node.span) for word, node in claim.windows]
    except Refused as refused:
        return refused.problem
    if moment < 0:
        return problems.negative_duration(claim.at.span, problems.duration_text(moment, program.clock))
    for word, edge, span in windows:
        if moment < edge if word == "after" else moment >= edge:
            return problems.outside_window(claim.at.span, span)
    if output.relation == "mixed":
        return problems.asserts_mixed(claim.span, output.name)
    known = output.levels()
    found = value(output.timeline.chain, moment, known)
    slack = TOLERANCE * max(_largest(output, known), abs(found))
    holds = {"<=": found <= wanted + slack, ">=": found >= wanted - slack, "==": abs(found - wanted) <= slack}
    return (
        None if holds[claim.word] else problems.assertion_false(claim.span, output.name, found, moment, program.clock)
    )


def _largest(output: Output, known: list[float]) -> float:
    """A bound of the absolute values that an output takes; where there is none, what it takes at its joins."""
    chain, length = output.timeline.chain, output.length
    low, high = bounds(chain, Fraction(0), _FAR if length is None else length, known)
    if math.isfinite(low) and math.isfinite(high):
        return max(abs(low), abs(high))
    times = moments(chain, Fraction(0), _FAR if length is None else length)
    return max(abs(value(chain, time, known, side)) for time, side in times)
