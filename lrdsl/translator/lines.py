"""Lines as a person writes them: phase after phase, without what the neighbour says already.

In: phases with all their levels and lengths, as a library was given them. Out: a line. Refuses to know any library.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from ..records import frozen, replace
from .words import Said, number, refuse, scaled, steps

_DIGITS = 12  # a level with more of them is shown as a fraction, or as the float that it is
_PLAIN = 1000  # the largest denominator of such a fraction


@frozen
class Phase:
    """One phase with its levels as texts; None is a level that only the text itself knows.

    kind    "shape": `text` is a curve that goes from `start` to `end`; "free": a curve that begins at `start`;
            "value": a number or a formula of `t`; "formula": one of `p` or `q`, which must be told its length
    length  in the unit of the line; None for what needs none
    more    further arguments; `to` is how the end is written where that is not its level
    skip    how much of the phase lies before its beginning; `until` ends it at a time of the line, on its way if it is `cut`
    clause  " floor 1e-3": what is said of this phase alone
    """

    kind: str
    text: str
    length: Fraction | None = None
    start: str | None = None
    end: str | None = None
    more: str = ""
    to: str | None = None
    skip: Fraction = Fraction(0)
    until: Fraction | None = None
    cut: bool = False
    clause: str = ""


def warmup(length: Fraction, start: str, end: str | None) -> Phase:
    return Phase("shape", "warmup", length, start, end)


def shape(
    curve: str,
    length: Fraction,
    start: str,
    end: str,
    more: str = "",
    to: str | None = None,
    skip: Fraction = Fraction(0),
) -> Phase:
    return Phase("shape", curve, length, start, end, more, to, skip)


def free(curve: str, start: str, more: str = "", clause: str = "") -> Phase:
    return Phase("free", curve, None, start, None, more, clause=clause)


def level(text: str, length: Fraction | None = None) -> Phase:
    """A number, or a formula that stays at one level."""
    return Phase("value", text, length, text, text)


def hold(at: str, length: Fraction | None = None) -> Phase:
    return Phase("free", "hold", length, at, at)


# --- numbers ----------------------------------------------------------------------------------------------------------


def real(scheduler: str, name: str, value: Any) -> Fraction:
    """What a library was given, as the decimal that it prints; a text such as YAML makes of `1e-3` counts as its number."""
    try:
        if isinstance(value, bool | list | tuple | dict):
            raise TypeError
        # No library computes with a whole number that is no float, however far it counts.
        near = float(value)
        given = Fraction(operator.index(value)) if is_int(value) else Fraction(repr(near))
    except (TypeError, ValueError, OverflowError):
        raise refuse(scheduler, f"`{name}` is {_shown(value)}, and a number is needed") from None
    return given


def is_int(value: Any) -> bool:
    """Whether a library sees a whole type; arrays of floats have `__index__` too, and refuse only when it is called."""
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def _shown(value: Any) -> str:
    shown = "a function" if callable(value) else repr(value)
    return shown if len(shown) <= 40 else type(value).__name__


def whole(scheduler: str, name: str, value: Any) -> Fraction:
    """A whole number, given as one or as a float."""
    given = real(scheduler, name, value)
    if given.denominator != 1:
        raise refuse(scheduler, f"`{name}` is {number(float(given))}, and a whole number is needed")
    return given


def height(value: Fraction) -> str:
    """A level as it is written.

    >>> height(Fraction(1, 250)), height(Fraction(1, 30)), height(Fraction(0))
    ('4e-3', '1/30', '0')
    """
    with localcontext() as context:
        context.prec = _DIGITS
        short = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(short) == value:
        return number(float(value))
    if value.denominator <= _PLAIN and abs(value.numerator) <= _PLAIN:
        return str(value)
    return number(float(value))


def share(ratio: Fraction) -> str | None:
    """A level as a share of another, where it reads better so.

    >>> share(Fraction(1, 10)), share(Fraction(1, 10_000)), share(Fraction(1, 3))
    ('10%', '0.01%', None)
    """
    shown = number(float(ratio * 100))
    return None if ratio <= 0 or len(shown) > 5 or "e" in shown else f"{shown}%"


def of_base(factor: Fraction) -> str:
    return scaled(float(factor))


def time(value: Fraction, unit: str = "steps") -> str:
    """A duration in a unit.

    >>> time(Fraction(1000)), time(Fraction(5), "epochs"), time(Fraction(1), "epochs"), time(Fraction(1, 2), "epochs")
    ('1k', '5 epochs', '1 epoch', '0.5 epochs')
    """
    if unit == "steps":
        return steps(value)
    shown = steps(value).removesuffix(" steps")
    if "/" in shown:
        return f"{shown.split('/')[0]}/{shown.split('/')[1]} * 1 {unit.removesuffix('s')}"
    return f"{shown} {unit.removesuffix('s') if value == 1 else unit}"


# --- lines ------------------------------------------------------------------------------------------------------------


def line(phases: Sequence[Phase], unit: str = "steps") -> str:
    """The phases one after another.

    >>> line([warmup(Fraction(500), "0", "base"), shape("cosine", Fraction(9500), "base", "0.1*base", to="10%")])
    'warmup(500) then cosine(9.5k, to=10%)'
    >>> line([level("0.1", Fraction(30_000)), level("0.01")])
    '0.1 until 30k then 0.01'
    """
    texts, begin, before = [], Fraction(0), None
    for index, phase in enumerate(phases):
        following = phases[index + 1 :]
        text = _written(phase, before, index == 0, following, unit) + phase.clause
        if phase.clause and len(phases) > 1:
            text = f"({text})"
        if phase.skip:
            text += f" skip {time(phase.skip, unit)}"
        end = phase.until
        if end is None and phase.kind == "value" and phase.length is not None:
            end = begin + phase.length
        if end is not None and following:
            text += f" until {time(end, unit)}"
        texts.append(text)
        begin = end if end is not None else begin + (phase.length or 0) - phase.skip
        before = None if phase.cut else phase.end
    return " then ".join(texts)


def said(phases: Sequence[Phase], until: int | None = None) -> Said:
    return Said(line(phases), until, tuple(phases))


def window(parts: Sequence[Phase], begin: Fraction, end: Fraction | None) -> list[Phase]:
    """The phases of a schedule that begins at `begin`, as far as `end`."""
    if end is None:
        return [part if part.until is None else replace(part, until=part.until + begin) for part in parts]
    phases, at = [], begin
    for part in parts:
        if at >= end:
            break
        stop = part.until + begin if part.until is not None else None if part.length is None else at + part.length
        if stop is None or stop > end:
            phases.append(replace(part, until=end, cut=part.kind != "value" and part.text != "hold"))
            at = end
        else:
            phases.append(part if part.until is None else replace(part, until=stop))
            at = stop
    if at < end and phases:
        phases[-1] = replace(phases[-1], until=end)
    return phases


def _written(phase: Phase, before: str | None, first: bool, following: Sequence[Phase], unit: str) -> str:
    """A phase without what is said behind it."""
    if phase.kind == "value":
        return phase.text
    length = [] if phase.length is None else [time(phase.length, unit)]
    if phase.kind == "formula":
        return f"{phase.text} for {length[0]}"
    if first or phase.skip:
        before = "0" if phase.text == "warmup" else "base"
    begins = "from" if phase.kind == "shape" else "max"
    start = [f"{begins}={phase.start}"] if phase.start != before else []
    more = [phase.more] if phase.more else []
    ends = _end(phase, following) if phase.kind == "shape" else []
    arguments = ", ".join([*length, *start, *more, *ends])
    return f"{phase.text}({arguments})" if arguments else phase.text


def _end(phase: Phase, following: Sequence[Phase]) -> list[str]:
    """The end of a shape, where it is not understood."""
    if phase.text == "warmup":
        looked_up = phase.end is None or (
            phase.end == "base" and (not following or (following[0].start == "base" and not following[0].skip))
        )
        return [] if looked_up else [f"to={phase.end}"]
    if phase.end == "0" and phase.to is None and all(one.text == "hold" for one in following):
        return []
    return [f"to={phase.to or phase.end}"]
