"""Exact arithmetic of durations.

In: a constant of the program, the total that `%` means, and what one of each unit is worth on the clock. Out: an exact rational.
What cannot be computed is `Refused` with its problem. Refuses to know phases and levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from . import problems, program
from .diagnostic import Diagnostic
from .program import core
from .source import Span

MOST_DIGITS = 1_000
_TOO_LARGE = 10**MOST_DIGITS


class Refused(Exception):
    """A part of the program cannot be carried out; carries the problem."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.message)
        self.problem = problem


def exact(node: program.Node, total: Fraction | None, rates: Mapping[str, Fraction]) -> Fraction:
    """The value of a duration in units of the clock, or of an exact number."""
    match core(node):
        case program.Written(value):
            return value
        case program.Quantity(value, unit, span):
            return limited(value * rates[unit], span)
        case program.Share(value, span):
            if total is None:
                raise Refused(problems.how_long(span))
            return limited(value * total, span)
        case program.Total(span):
            if total is None:
                raise Refused(problems.how_long(span))
            return total
        case program.Operation(function, operands, span):
            a, *rest = (exact(operand, total, rates) for operand in operands)
            return limited(_arithmetic(function, a, rest[0] if rest else None, span), span)
    raise Refused(problems.not_exact(node.span))


def _arithmetic(function: str, a: Fraction, b: Fraction | None, span: Span) -> Fraction:
    match function, b:
        case "neg", None:
            return -a
        case "+", Fraction():
            return a + b
        case "-", Fraction():
            return a - b
        case "*", Fraction():
            return a * b
        case "/", Fraction():
            if b == 0:
                raise Refused(problems.division_by_zero(span))
            return a / b
        case "min", Fraction():
            return min(a, b)
        case "max", Fraction():
            return max(a, b)
    raise Refused(problems.not_exact(span))


def too_long(value: Fraction) -> bool:
    """Whether an exact number needs more digits than are carried."""
    return bool(abs(value.numerator) >= _TOO_LARGE or value.denominator >= _TOO_LARGE)


def limited(value: Fraction, span: Span) -> Fraction:
    if too_long(value):
        raise Refused(problems.too_many_digits(span, MOST_DIGITS))
    return value
