"""Decides what a text asserts of its outputs.

In: a claim and the output. Out: a problem where the prover finds it false, or does not decide it. Refuses to prove anything
itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import cast

from . import problems, prover
from .diagnostic import Diagnostic
from .durations import Refused, exact
from .output import Output
from .planner import constant
from .program import Claim, Program
from .prover.decision import Word
from .timeline import value


def decide(program: Program, claim: Claim, output: Output) -> Diagnostic | None:
    """None where the claim holds, else the problem."""
    try:
        asked = _asked(program, claim)
    except Refused as refused:
        return refused.problem
    if output.relation == "mixed":
        return problems.asserts_mixed(claim.span, output.name)
    found = prover.decide(output.timeline, output.given(), asked)
    return None if found.kind == "holds" else _problem(claim, asked, found, output)


def _asked(program: Program, claim: Claim) -> prover.Claim:
    """The claim with its times and its bound computed; raises Refused where they leave nothing to be claimed."""
    total = None if program.total is None else exact(program.total, None, program.rates)
    value = None if claim.value is None else constant(program, claim.value, total)
    begin, end = Fraction(0), None
    edges: dict[str, Fraction] = {}
    moment = None if claim.at is None else exact(claim.at, total, program.rates)
    if moment is not None and claim.at is not None and moment < 0:
        raise Refused(problems.negative_duration(claim.at.span, problems.duration_text(moment, program.clock)))
    for word, node in claim.windows:
        edge = exact(node, total, program.rates)
        if edge < 0:
            raise Refused(problems.negative_duration(node.span, problems.duration_text(edge, program.clock)))
        if moment is not None and claim.at is not None and (moment < edge if word == "after" else moment >= edge):
            raise Refused(problems.outside_window(claim.at.span, node.span))
        edges[word] = edge if word not in edges else (max if word == "after" else min)(edges[word], edge)
    if moment is not None:
        return prover.Claim(cast(Word, claim.word), value, moment, moment)
    begin, end = edges.get("after", Fraction(0)), edges.get("until")
    if end is not None and begin >= end:
        texts = (problems.duration_text(one, program.clock) for one in (begin, end))
        raise Refused(problems.empty_window(claim.span, *texts))
    return prover.Claim(cast(Word, claim.word), value, begin, end)


def _whole(time: Fraction, towards: Callable[[Fraction], int]) -> Fraction:
    """A time without a fraction, where that is small beside it."""
    return time if time < 10 else Fraction(towards(time))


def _problem(claim: Claim, asked: prover.Claim, found: prover.Decision, output: Output) -> Diagnostic:
    assert found.time is not None, "what is false has a moment, and so has what is in doubt"
    name, clock, phase = output.name, output.clock, output.timeline.phases[found.phase]
    if found.kind == "undecided":
        until = None if found.until is None or found.until >= prover.HORIZON else _whole(found.until, math.ceil)
        stretch = _whole(found.time, math.floor), until
        shown = None if asked.value is None else found.value
        return problems.claim_undecided(claim.span, name, claim.word, asked.value, shown, stretch, clock, phase)
    assert found.value is not None
    # Where there is no jump, "at step 10" is easier said than "just before step 10".
    jump = found.side == "left" and value(output.timeline.chain, found.time, output.levels()) != found.value
    moment = problems.moment_text(found.time, clock, jump)
    if found.before is None:
        told = problems.apart(found.value, asked.value or 0.0)[0]
        return problems.bound_is_broken(claim.span, name, (told, moment), phase)
    earlier, was = found.before
    before, after = problems.apart(was, found.value)
    if claim.word == "continuous":
        return problems.is_not_continuous(claim.span, name, (before, after), moment, phase)
    start = problems.moment_text(earlier, clock)
    return problems.goes_the_other_way(claim.span, name, claim.word, (before, start), (after, moment), phase)
