"""E4, files, calls and the command line; and N, the notes of `check`.

In: what was asked for. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ..diagnostic import Diagnostic, Label, Mend
from ..source import Span
from .wording import number_text, problem, shown_text, time_text


def no_file(name: str, why: str) -> Diagnostic:
    return problem("E401", f"cannot read {name}: {why}", None)


def file_as_text(name: str) -> Diagnostic:
    advice = Mend(f'a file is read by `lrdsl.load("{name}")`')
    return problem("E402", f"`{name}` is the name of a file, not a text", None, "", (advice,))


def text_as_file(text: str) -> Diagnostic:
    advice = Mend(f'a text is compiled by `lrdsl.compile("{shown_text(text)}")`')
    return problem("E403", f"`{shown_text(text)}` is a text, not the name of a file", None, "", (advice,))


def bad_time(value: object) -> Diagnostic:
    return problem("E404", f"a schedule has values at times from 0: not at {value!r}", None)


def bad_call(message: str, advice: str | None = None) -> Diagnostic:
    return problem("E405", message, None, "", () if advice is None else (Mend(advice),))


def unbindable(name: str, value: object) -> Diagnostic:
    return problem("E406", f'`{name}` is a number or a text such as "5%", not {value!r}', None)


def as_note(found: Diagnostic) -> Diagnostic:
    """What is not known yet is no error of the text: it may be bound where the schedule is used."""
    return replace(found, severity="note")


def jump(span: Span, time: Fraction, clock: str, before: float, after: float) -> Diagnostic:
    message = f"jumps from {number_text(before)} to {number_text(after)} at {clock.rstrip('s')} {time_text(time)}"
    return Diagnostic("N501", message, (Label(span, "starts here"),), (), "note")


def undecided(output: str, what: str, span: Span) -> Diagnostic:
    message = f"undecided: whether `{output}` {what}"
    return Diagnostic("N502", message, (Label(span, "in this phase"),), (), "note")
