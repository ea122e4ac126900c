"""E1: the text itself: what cannot be read, and what is too large.

In: spans and what was found there. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..diagnostic import Diagnostic, Label, Mend
from ..source import Source, Span
from .wording import change, problem, shown_text

if TYPE_CHECKING:
    from .. import tree


def unexpected(span: Span, found: str, expected: str, mends: tuple[Mend, ...]) -> Diagnostic:
    what = f"`{shown_text(found)}`" if found else "the end"
    return problem("E101", f"expected {expected}, found {what}", span, "", mends)


def never_closed(span: Span, place: Span) -> Diagnostic:
    closing = {"(": ")", "[": "]"}[span.text]
    mend = change(place, closing, f"put `{closing}` at column {place.source.position(place.start)[1]}")
    return problem("E102", f"`{span.text}` is never closed", span, "opened here", (mend,))


def closes_nothing(span: Span, opened: Span | None) -> Diagnostic:
    if opened is None:
        mend = change(span, "", f"drop the `{span.text}`")
        return problem("E103", f"`{span.text}` closes nothing", span, "no bracket is open here", (mend,))
    mend = change(span, {"(": ")", "[": "]"}[opened.text])
    also = (Label(opened, "this bracket is open"),)
    return problem("E103", f"`{span.text}` does not close `{opened.text}`", span, "", (mend,), also)


def not_a_number(span: Span, text: str, mends: tuple[Mend, ...]) -> Diagnostic:
    return problem("E104", f"`{shown_text(text)}` is no number", span, "as in `1000`, `2k`, `3e-4`, `.5`, `10%`", mends)


def unknown_character(span: Span, text: str, expected: str, mends: tuple[Mend, ...]) -> Diagnostic:
    shown = f"`{text}`" if text.isprintable() else f"U+{ord(text[0]):04X}"
    return problem("E105", f"{shown} means nothing here: expected {expected}", span, "", mends)


def never_closed_string(span: Span, mends: tuple[Mend, ...]) -> Diagnostic:
    return problem("E106", "the pattern is never closed", span, 'expected `"` on the same line', mends)


def nested_too_deep(span: Span, limit: int) -> Diagnostic:
    advice = Mend("give the inner parts names with `let`, or say them side by side; a long sum, as `(a + b) + (c + d)`")
    return problem("E107", f"nested more than {limit} deep", span, "", (advice,))


def too_large(source: Source, limit: int) -> Diagnostic:
    span = Span(source, 0, 0)
    return problem("E108", f"a text of {len(source.text):_} characters; the limit is {limit:_}", span)


def not_utf8(name: str, offset: int) -> Diagnostic:
    return problem("E109", f"{name} is not UTF-8: the byte at {offset} is part of no character", None)


def clause_in_mid_chain(span: Span, word: str, clause: str, mends: tuple[Mend, ...]) -> Diagnostic:
    message = f"`{clause}` is said of the whole line, so nothing follows it"
    return problem("E110", message, span, f"`{word}` behind `{clause}`: bracket what `{clause}` is said of", mends)


def part_out_of_order(span: Span, word: str, mends: tuple[Mend, ...]) -> Diagnostic:
    message = f"`{word}` out of place: a phase says `for`, `skip`, `until` in this order, each once"
    return problem("E111", message, span, "", mends)


def empty_text(source: Source) -> Diagnostic:
    advice = Mend("the shortest text is a number: `3e-4`")
    return problem("E112", "the text is empty", Span(source, 0, 0), "expected a schedule", (advice,))


def positional_after_named(span: Span, call: tree.Call, argument: tree.Argument) -> Diagnostic:
    parts = [argument.value.span.text, *(other.span.text for other in call.arguments if other is not argument)]
    mend = change(call.span, f"{call.name}({', '.join(parts)})")
    fits = sum(other.name is None for other in call.arguments) == 1
    return problem("E113", "the value without a name comes first", span, "", (mend,) if fits else ())


def too_many_digits(span: Span, limit: int) -> Diagnostic:
    return problem("E114", f"an exact number of more than {limit:_} digits", span)


def too_many_nodes(span: Span, limit: int) -> Diagnostic:
    message = f"with its names put in, the text has more than {limit:_} operators, calls, numbers and names"
    return problem("E115", message, span, "", (Mend("`repeat` says again and again at the cost of once"),))


def not_a_value(source: Source) -> Diagnostic:
    advice = Mend("a number or a quantity, as in `6e-4`, `100k` or `5%`")
    span = Span(source, 0, len(source.text))
    return problem("E116", f"`{shown_text(source.text)}` is no value", span, "", (advice,))
