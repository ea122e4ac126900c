"""E3: meaning: lengths, levels and values that cannot be.

In: spans, exact times and values. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..diagnostic import Diagnostic, Label, Mend
from ..records import replace
from ..source import Source, Span
from .wording import change, decimal, number_text, problem, shown_text, time_text

if TYPE_CHECKING:
    from .. import program


def bare_share(span: Span, text: str, value: Fraction, offer: tuple[Span, str] | None) -> Diagnostic:
    """A written number under 1 where a duration stands. `offer` is the call and how it was meant."""
    percent = f"{decimal(value * 100)}%"
    call_offer = None if offer is None else change(offer[0], offer[1])
    mend: Mend | None = change(span, percent, f"`{percent}` of the run")
    if value == 0:
        mend = change(span, "0 steps")
    elif offer is not None and (value < Fraction(1, 1000) or percent in offer[1]):
        mend = None  # a level, for sure; or the same, said twice
    message = f"`{text}` is no length" + ("" if value == 0 else ": a share of what?")
    return problem("E301", message, span, "a bare number is steps", (call_offer, mend))


def of_what(span: Span, text: str) -> Diagnostic:
    mend = change(span, f"{text} steps")
    advice = Mend(f"`{text} tokens`, with `param step = ... tokens`")
    return problem("E302", f"`{text}` of what?", span, "a bare number is steps", (mend, advice))


def negative_duration(span: Span, value: str) -> Diagnostic:
    return problem("E303", f"a length below zero: {value}", span)


def not_exact(span: Span) -> Diagnostic:
    advice = Mend("numbers, units, `%` and `total`, joined by `+ - * /`, `min` and `max`")
    return problem("E304", "a length must be exact", span, "this is rounded, or depends on time", (advice,))


def share_as_value(span: Span) -> Diagnostic:
    text = span.text.strip()
    mends = (Mend("write the number"),) if not text.endswith("%") else (change(span, _share_number(text)),)
    return problem("E305", f"`{shown_text(text)}` is a share of a length or of a level, not a value", span, "", mends)


def _share_number(text: str) -> str:
    try:
        return f"{float(text.rstrip('% ')) / 100:g}"
    except ValueError:
        return text


def share_in_level(span: Span) -> Diagnostic:
    return problem("E305", "a share stands alone as a level: no arithmetic with it", span, "as in `to=10%`")


def share_as_limit(span: Span, word: str) -> Diagnostic:
    value = _share_number(span.text)
    mends = [change(span, f"{value}*base", f"`{word} {value}*base`")]
    if word == "floor":
        mends.append(Mend("`to=10%` on the last curve, if it was to end there"))
    return problem("E305", f"a share of what? `{word}` takes a value", span, "", mends)


def quantity_as_value(span: Span) -> Diagnostic:
    return problem("E306", f"`{shown_text(span.text)}` is a time, not a value", span, "a level is a number")


def not_constant(span: Span, name: str | None, mend: Mend | None = None) -> Diagnostic:
    what = f"`{name}`" if name else "this"
    return problem("E307", f"a constant must stand here, and {what} changes with time", span, "", (mend,))


def how_long(span: Span) -> Diagnostic:
    advice = Mend("add the total: `--total 100k`, `total=100_000`, or `param total = 100k` in the text")
    text = span.text.strip()
    shown = f"{text}(10k)" if text.isidentifier() else f"{shown_text(text)} for 10k"
    length: Mend | None = Mend(f"or give it a length, as in `{shown}`")
    if text == "total" or text.endswith("%"):
        length = None
    return problem("E308", "how long is the run?", span, "this needs the length of the run", (advice, length))


def longer_than_run(span: Span, end: str, total: str) -> Diagnostic:
    message = f"the phases are longer than the run: they end at {end}, the run at {total}"
    return problem("E309", message, span, f"ends at {end}")


def shorter_than_run(span: Span, end: str, total: str, last: program.Node) -> Diagnostic:
    message = f"the phases end at {end}, the run goes on to {total}"
    mends: list[Mend] = []
    length = getattr(last, "length", None)
    if length is not None and length.span.text.strip().endswith("%"):
        mends.append(change(length.span, f"to={length.span.text}", f"`to={length.span.text}` if a level was meant"))
    mends.append(change(span.after(), " then hold", "`... then hold` to stay there"))
    return problem("E309", message, span, f"ends at {end}", mends)


def longer_than_total(span: Span, end: str, length: str) -> Diagnostic:
    message = f"the phases end at {end}, longer than the {length} they are given"
    return problem("E309", message, span)


def shorter_than_total(span: Span, end: str, length: str) -> Diagnostic:
    message = f"the phases end at {end}, the whole is {length}"
    advice = Mend("`until` cuts or extends what has a length of its own")
    return problem("E309", message, span, f"ends at {end}", (advice,))


def does_not_fit(span: Span, least: str, length: str) -> Diagnostic:
    return problem("E309", f"this needs {least} and has {length}", span)


def two_open(span: Span, first: Span, mend: Mend | None) -> Diagnostic:
    also = (Label(first, "this one takes what is left"),)
    advice = Mend("give one of the two a length, or `until`")
    message = "two phases without a length: only one can take what is left"
    return problem("E310", message, span, "so does this one", (mend, advice), also)


def as_top(call: program.Call, level: Span) -> Mend:
    """`warmup(1k) then 3e-4 then` written as a warmup to that level."""
    new = with_argument(call.span.text, f"to={level.text}")
    return Mend(f"`{new} then ...`", ((call.span, new), (Span(level.source, call.span.end, level.end), "")))


def until_before_begin(span: Span, end: str, begin: str) -> Diagnostic:
    message = f"`until {end}` is over before this phase begins, at {begin}"
    mend = Mend("`until` counts from the start of the chain; for the phase's own length write `for`")
    return problem("E312", message, span, "", (mend,))


def until_after_open(span: Span, taker: Span) -> Diagnostic:
    also = (Label(taker, "takes what is left, so its end is not known yet"),)
    return problem(
        "E313", "`until` behind a phase without a length", span, "counted from the start of the chain", (), also
    )


def until_on_open(span: Span, phase: program.Phase) -> Diagnostic:
    body, end = phase.body.span.text, span.text
    plan = change(phase.span, f"{body} for {end}", f"`... for {end}` if it is planned for {end}")
    cut = change(
        phase.span, f"{body} for total until {end}", f"`... for total until {end}` to cut the plan of the whole run"
    )
    message = "is this planned for that time, or cut there?"
    return problem("E314", message, span, "one of its phases has no length", (plan, cut))


def has_a_length(span: Span, phase: program.Phase, call: program.Call) -> Diagnostic:
    word = Span(span.source, phase.body.span.end, span.start)
    mend = change(word, " until ", f"`{shown_text(phase.body.span.text)} until {span.text}` cuts or extends it")
    also = () if call.length is None else (Label(call.length.span, "its length"),)
    return problem("E315", f"`{call.name}` has a length already", span, "", (mend,), also)


def skips_all(span: Span, skip: str, length: str) -> Diagnostic:
    return problem("E316", f"this skips all of it: it is {length} long", span)


def must_end(span: Span, kind: str, times: Span | None = None) -> Diagnostic:
    label = {"open": "has no length of its own", "free": "never ends", "fixed": "lasts no time"}[kind]
    mend = Mend("give it one, as in `repeat(cosine(total/5), times=5)`")
    text = span.text.strip()
    if kind == "open" and times is not None and (text.isidentifier() or text.endswith(")")):
        name, bracket, rest = text.partition("(")
        length = f"total/{times.text}"
        mend = change(span, f"{name}({length}, {rest}" if bracket and rest != ")" else f"{name}({length})")
    return problem("E317", "what is repeated must end", span, label, (mend,))


def bad_times(span: Span) -> Diagnostic:
    return problem("E318", "`times` is a whole number from 1", span)


def bad_stretch(span: Span, endless: bool) -> Diagnostic:
    least = "at least 1 where there is no `times`" if endless else "above 0"
    return problem("E318", f"`stretch` is {least}", span)


def too_many_cycles(span: Span, limit: int) -> Diagnostic:
    return problem("E318", f"a stretched `repeat` has at most {limit:_} cycles before 10^18 steps", span)


def too_short(span: Span, period: str, least: str) -> Diagnostic:
    return problem("E318", f"this comes again every {period}, too soon to be counted: {least} is the least", span)


def where_does_it_end(span: Span, call: program.Call, ahead: float | None) -> Diagnostic:
    message = f"where does this `{call.name}` end?"
    levels = ["0"] if ahead in (None, 0.0) else ["0", number_text(ahead or 0.0)]
    mends = [change(span, with_argument(span.text, f"to={level}")) for level in levels]
    label = "what follows starts at a level of its own"
    return problem("E319", message, span, label, mends)


def with_argument(call: str, argument: str) -> str:
    """The text of a call with one more argument."""
    if not call.endswith(")"):
        return f"{call}({argument})"
    inside = call[call.index("(") + 1 : -1].strip()
    return f"{call[:-1].rstrip()}, {argument})" if inside else f"{call[: call.index('(')]}({argument})"


def left_open(span: Span, call: program.Call, level: str) -> Diagnostic:
    message = f"`{level}` of this `{call.name}` is left open, and nothing from outside crosses into arithmetic"
    mends = [change(span, with_argument(span.text, f"{level}={one}"), f"`{level}={one}`{why}")
             for one, why in (("1", " for a factor"), ("base", ""))]  # fmt: skip
    return problem("E320", message, span, "", mends)


def left_open_in(found: Diagnostic, node: program.Operation) -> Diagnostic:
    """A level that is left open in `A + B` may say that `A then B` was meant, in `1 - sqrt(10%)` the curve alone."""
    if found.code != "E320" or len(node.operands) != 2 or len(found.mends) > 2:
        return found
    a, b = node.operands[0].span, node.operands[1].span
    if node.function == "+" and a.source is b.source and a.end < b.start:
        mend = Mend(f"`{shown_text(a.text)} then {shown_text(b.text)}`", ((Span(a.source, a.end, b.start), " then "),))
    elif node.function == "-" and a.text.strip() == "1":
        mend = change(node.span, b.text)
    else:
        return found
    return replace(found, mends=(mend, *found.mends))


def share_of_zero(span: Span, level: str, call: program.Call) -> Diagnostic:
    other = "to" if level == "from" else "from"
    return problem("E321", f"a share of 0: `{other}` of this `{call.name}` is 0", span, f"write `{level}` as a number")


def share_of_nothing(span: Span, level: str) -> Diagnostic:
    return problem("E321", f"a share of what? `{level}` has no other level beside it that is a value", span)


def to_must_be_written(span: Span, call: program.Call) -> Diagnostic:
    mend = change(call.span, with_argument(call.span.text, "to=10%"), "as in `to=10%`")
    return problem("E322", f"`to` of `{call.name}` must be written", span, "", (mend,))


def not_a_shape(span: Span, call: program.Call, point: Fraction, found: float) -> Diagnostic:
    wanted = "0" if point == 0 else "1" if point == 1 else "between 0 and 1"
    message = f"the shape `{call.name}` is {number_text(found)} at p = {_point(point)}, not {wanted}"
    return problem("E323", message, span, "a shape goes from 0 at 0 to 1 at 1")


def not_the_complement(span: Span, call: program.Call, point: Fraction, wanted: float, found: float) -> Diagnostic:
    message = (
        f"behind the comma of `{call.name}` stands 1 minus the shape: "
        f"{number_text(wanted)} at p = {_point(point)}, not {number_text(found)}"
    )
    return problem("E324", message, span)


def _point(point: Fraction) -> str:
    return decimal(point) if point.denominator < 1000 else f"{float(point):.12g}"


def curve_starts_elsewhere(span: Span, call: program.Call, found: float, wanted: float) -> Diagnostic:
    level = "from" if "from" in call.levels else "max"
    message = f"the curve `{call.name}` starts at {number_text(found)}, not at its `{level}`, {number_text(wanted)}"
    return problem("E325", message, span)


def curve_ends_elsewhere(span: Span, call: program.Call, found: float, wanted: float) -> Diagnostic:
    message = f"the curve `{call.name}` ends at {number_text(found)}, not at its `to`, {number_text(wanted)}"
    return problem("E325", message, span)


def not_finite_start(span: Span, call: program.Call, found: float) -> Diagnostic:
    return problem("E326", f"`{call.name}` is {found} where it starts", span, "its levels or arguments do not fit it")


def not_finite_constant(span: Span, found: float) -> Diagnostic:
    return problem("E326", f"this is {'not a number' if found != found else 'infinite'}", span)


def division_by_zero(span: Span) -> Diagnostic:
    return problem("E326", "divided by zero", span)


def becomes(output: str, value: float, time: Fraction, clock: str, span: Span) -> Diagnostic:
    """A schedule that is found to become negative, infinite or NaN."""
    code = "E327" if math.isfinite(value) else "E326"
    shown = "not a number" if value != value else number_text(value)
    message = f"`{output}` becomes {shown} at {clock.rstrip('s')} {time_text(time)}"
    mend = Mend("`max(0, ...)` or `floor 0` keeps it from falling below 0") if code == "E327" else None
    return problem(code, message, span, "in this phase", (mend,))


def zero_interval(span: Span) -> Diagnostic:
    return problem("E301", "an interval of no time", span)


def needs_a_unit(span: Span, name: str, text: str, default: Span, unit: str) -> Diagnostic:
    also = (Label(default, "its default has a unit"),)
    shown = f"{text}%" if unit == "%" else f"{text} {unit}"
    advice = Mend(f'`{name}="{shown}"`, or `{name}="{text} steps"` if steps are meant')
    return problem("E328", f"`{name}` is given with a unit", span, "a number of what?", (advice,), also)


def total_of_itself(span: Span) -> Diagnostic:
    return problem("E329", "the total cannot be a share of itself", span)


def no_output(source: Source) -> Diagnostic:
    advice = Mend("one bare expression is the output `lr`, or write `lr = ...`")
    return problem("E330", "the text has no output", Span(source, 0, 0), "", (advice,))


def base_needed(output: str, keys: Sequence[str], by_key: bool = False) -> Diagnostic:
    """`by_key`: bases were given by key, and these are not among them."""
    if by_key or (keys and keys != (output,)):
        listed = ", ".join(f'"{key}": ...' for key in keys)
        whose = " and ".join(f"`{key}`" for key in keys)
        return problem("E331", f"`{output}` needs the base of {whose}", None, "", (Mend(f"pass `base={{{listed}}}`"),))
    advice = Mend("pass `base=3e-4` (`--base 3e-4`): what the optimizer's group held; or write every level")
    return problem(
        "E331", f"`{output}` mixes `base` with levels of its own, so its base must be given", None, "", (advice,)
    )


def with_definition(found: Diagnostic, call: program.Call) -> Diagnostic:
    """A shape or curve of the text that does not keep what its kind promises: shown at its definition too."""
    definition: Any = call.key[0]
    if found.code not in ("E323", "E324", "E325") or definition.builtin or not found.labels:
        return found
    return replace(found, labels=(*found.labels, Label(definition.span, "as defined here")))


def in_call(found: Diagnostic, call: Span) -> Diagnostic:
    """An error in the body of a shape or curve, shown at the call too; the call comes first where the body is built in."""
    if not found.labels:
        return found
    place = found.labels[0].span
    same = place.source == call.source
    if same and call.start <= place.start and place.end <= call.end:
        return found
    if any(label.span == call for label in found.labels):
        return found
    here = Label(call, "in this call")
    return replace(found, labels=(*found.labels, here) if same else (here, *found.labels))
