"""Tokens to tree nodes: the actions of the grammar.

In: what Lark has read, rule by rule. Out: nodes of `tree.py`. Refuses to judge anything: a rule only builds its node.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lark import Token, Transformer

from .. import tree
from ..source import Source, Span

_MAGNITUDE = {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12}
# Above this many digits no number is built; the checker's limit of 1,000 digits is below it, so such a text is an
# error in any case, and `1e999999999` must not fill the memory first.
_MOST_DIGITS = 4_000


def exact(text: str) -> Fraction:
    """The value of a written number: `2k` is 2000, `.5` is 1/2."""
    digits = text.replace("_", "")
    exponent = 0
    if digits[-1] in _MAGNITUDE:
        exponent, digits = _MAGNITUDE[digits[-1]], digits[:-1]
    mantissa, _, written = digits.partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent += max(-_MOST_DIGITS, min(_MOST_DIGITS, int(written[:9] or 0)))
    if len(whole + fraction) > _MOST_DIGITS:
        return Fraction(1, 10**_MOST_DIGITS)
    value = int(whole + fraction or "0")
    exponent -= len(fraction)
    return Fraction(value * 10**exponent) if exponent >= 0 else Fraction(value, 10**-exponent)


class Builder(Transformer[Token, Any]):
    """One method a rule. Lark calls them while it parses, so nothing here recurses."""

    source: Source
    offset: int

    def _span(self, first: Any, last: Any = None) -> Span:
        last = first if last is None else last
        start = (first.start_pos or 0) + self.offset if isinstance(first, Token) else first.span.start
        end = (last.end_pos or 0) + self.offset if isinstance(last, Token) else last.span.end
        return Span(self.source, start, end)

    def number(self, parts: list[Any]) -> tree.Number:
        text, unit = str(parts[0]), str(parts[1]) if len(parts) == 2 else None
        if unit is not None and unit != "%":
            unit = unit.rstrip("s") + "s"
        return tree.Number(text, exact(text), unit, self._span(parts[0], parts[-1]))

    def name(self, parts: list[Any]) -> tree.Name:
        return tree.Name(str(parts[0]), self._span(parts[0]))

    def call(self, parts: list[Any]) -> tree.Call:
        arguments = tuple(part for part in parts if isinstance(part, tree.Argument))
        return tree.Call(str(parts[0]), arguments, self._span(parts[0], parts[-1]), self._span(parts[0]))

    def named(self, parts: list[Any]) -> tree.Argument:
        return tree.Argument(str(parts[0]), parts[2], self._span(parts[0], parts[2]))

    def positional(self, parts: list[Any]) -> tree.Argument:
        return tree.Argument(None, parts[0], parts[0].span)

    def bracket(self, parts: list[Any]) -> tree.Bracket:
        return tree.Bracket(parts[1], self._span(parts[0], parts[2]))

    def power(self, parts: list[Any]) -> tree.Expression:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        return tree.Power(parts[0], parts[2], self._span(parts[0], parts[2]))

    def unary(self, parts: list[Any]) -> tree.Expression:
        return parts[0]  # type: ignore[no-any-return]

    def negative(self, parts: list[Any]) -> tree.Negative:
        return tree.Negative(parts[1], self._span(parts[0], parts[1]))

    def sum(self, parts: list[Any]) -> tree.Expression:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        operators = tuple(str(part) for part in parts[1::2])
        return tree.Arithmetic(operators, tuple(parts[::2]), self._span(parts[0], parts[-1]))

    product = sum

    def for_part(self, parts: list[Any]) -> tuple[str, tree.Expression]:
        return str(parts[0]), parts[1]

    skip_part = until_part = for_part

    def phase(self, parts: list[Any]) -> tree.Expression:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        said = dict(parts[1:])
        span = self._span(parts[0], parts[-1][1])
        return tree.Phase(parts[0], said.get("for"), said.get("skip"), said.get("until"), span)

    def chain(self, parts: list[Any]) -> tree.Expression:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        return tree.Chain(tuple(parts[::2]), self._span(parts[0], parts[-1]))

    def clause(self, parts: list[Any]) -> tree.Clause:
        return tree.Clause(str(parts[0]), parts[1], self._span(parts[0], parts[1]))  # type: ignore[arg-type]

    def line(self, parts: list[Any]) -> tree.Expression:
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        return tree.Line(parts[0], tuple(parts[1:]), self._span(parts[0], parts[-1]))

    def formal(self, parts: list[Any]) -> tree.Formal:
        return tree.Formal(str(parts[0]), parts[2] if len(parts) == 3 else None, self._span(parts[0]))

    def formals(self, parts: list[Any]) -> tuple[tree.Formal, ...]:
        return tuple(part for part in parts if isinstance(part, tree.Formal))

    def param(self, parts: list[Any]) -> tree.Param:
        return tree.Param(str(parts[1]), parts[3], self._span(parts[0], parts[3]), self._span(parts[1]))

    def let(self, parts: list[Any]) -> tree.Let:
        return tree.Let(str(parts[1]), parts[3], self._span(parts[0], parts[3]), self._span(parts[1]))

    def assign(self, parts: list[Any]) -> tree.Assign:
        return tree.Assign(str(parts[0]), parts[2], self._span(parts[0], parts[2]), self._span(parts[0]))

    def group(self, parts: list[Any]) -> tree.Group:
        pattern = str(parts[2])[1:-1]
        return tree.Group(str(parts[0]), pattern, parts[5], self._span(parts[0], parts[5]), self._span(parts[0]))

    def shape(self, parts: list[Any]) -> tree.Shape:
        complement = parts[8] if len(parts) == 9 else None
        span = self._span(parts[0], parts[-1])
        return tree.Shape(str(parts[1]), parts[3], parts[6], complement, span, self._span(parts[1]))

    def curve(self, parts: list[Any]) -> tree.Curve:
        return tree.Curve(str(parts[1]), parts[3], parts[6], self._span(parts[0], parts[6]), self._span(parts[1]))

    def bound(self, parts: list[Any]) -> tuple[tree.Claim, Any]:
        return tree.Claim(str(parts[0]), None, parts[1]), parts[1]

    def trend(self, parts: list[Any]) -> tuple[tree.Claim, Any]:
        return tree.Claim(str(parts[0]), None, None), parts[0]

    def continuity(self, parts: list[Any]) -> tuple[tree.Claim, Any]:
        return tree.Claim("continuous", None, None), parts[1]

    def point(self, parts: list[Any]) -> tuple[tree.Claim, Any]:
        return tree.Claim(str(parts[2]), parts[1], parts[3]), parts[3]

    def window(self, parts: list[Any]) -> tuple[str, tree.Expression]:
        return str(parts[0]), parts[1]

    def assertion(self, parts: list[Any]) -> tree.Assert:
        claim, last = parts[2]
        windows = tuple(parts[3:])
        span = self._span(parts[0], windows[-1][1] if windows else last)
        return tree.Assert(str(parts[1]), claim, windows, span, self._span(parts[1]))

    def bare(self, parts: list[Any]) -> tree.Bare:
        return tree.Bare(parts[0], parts[0].span)
