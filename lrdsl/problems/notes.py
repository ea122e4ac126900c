"""N5, the notes of `check`: what is legal, and hardly meant. Each has a name, by which a text may silence it.

In: spans, nodes, exact times and values. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from ..diagnostic import Diagnostic, Label, Mend
from ..records import replace
from ..source import Span
from .meaning import with_argument
from .wording import change, duration_text, number_text, problem, shown_text, time_text

if TYPE_CHECKING:
    from .. import program

# The names of the notes, with their codes.
NOTES = {
    "jump": "N501",
    "undecided": "N502",
    "zero-start": "N503",
    "idle-end": "N504",
    "never-reached": "N505",
    "floor-above": "N506",
    "climbs": "N507",
    "downhill": "N517",
    "clipped-floor": "N508",
    "until-plans": "N509",
    "on-top": "N510",
    "phase-time": "N511",
    "half-life": "N512",
    "added-phases": "N513",
    "own-base": "N514",
    "unused-epoch": "N515",
    "unknown-allow": "N516",
}


def as_note(found: Diagnostic) -> Diagnostic:
    """What is not known yet is no error of the text: it may be bound where the schedule is used."""
    return replace(found, severity="note")


def _note(
    name: str,
    message: str,
    span: Span,
    label: str = "",
    mends: Iterable[Mend | None] = (),
    also: Iterable[Label] = (),
) -> Diagnostic:
    return replace(problem(NOTES[name], message, span, label, mends, also), severity="note", name=name)


def _moment(time: Fraction, clock: str) -> str:
    return f"{clock.rstrip('s')} {time_text(time)}"


def jump(span: Span, time: Fraction, clock: str, before: float, after: float) -> Diagnostic:
    message = f"jumps from {number_text(before)} to {number_text(after)} at {_moment(time, clock)}"
    return _note("jump", message, span, "starts here")


def undecided(output: str, what: str, span: Span) -> Diagnostic:
    return _note("undecided", f"undecided: whether `{output}` {what}", span, "in this phase")


def zero_start(span: Span, call: program.Call | None) -> Diagnostic:
    """`call` is the one that starts at 0, where it is one."""
    mend = None
    if call is not None:
        written = call.levels["from"].written
        if written is None:
            mend = change(call.span, with_argument(call.span.text, "from=0.1%"))
        else:
            mend = change(written.span, "0.1%", "`from=0.1%`")
    return _note("zero-start", "update 0 is made at lr 0", span, "starts at 0", (mend,))


def idle_end(span: Span, time: Fraction, end: Fraction, clock: str, value: float) -> Diagnostic:
    message = f"nothing changes after {_moment(time, clock)}, and the run goes on to {time_text(end)}"
    return _note("idle-end", message, span, f"stands at {number_text(value)} from there")


def cut_short(call: program.Call, time: Fraction, clock: str, value: float) -> Diagnostic:
    """The end of a shape that is cut before it."""
    written = call.levels["to"].written
    what = f"the end of this `{call.name}`" if written is None else f"`to={shown_text(written.span.text)}`"
    shorter, mend = without_length(call), None
    if shorter is not None and call.length is not None:
        planned = f"{shorter} for {call.length.span.text.strip()}"
        mend = change(call.span, planned, f"`{planned} until ...` says that it is planned so, and cut")
    label = f"cut at {_moment(time, clock)}, at {number_text(value)}"
    return _note("never-reached", f"{what} is never reached", (written or call).span, label, (mend,))


def beyond_limit(span: Span, limit: program.Limit, value: float, bound: float) -> Diagnostic:
    """A level above a cap or under a floor."""
    word, side = ("floor", "under") if limit.function == "max" else ("cap", "above")
    clause = clause_of(limit)
    message = f"`{shown_text(span.text)}` is never reached: `{word}` keeps it at {number_text(bound)}"
    also = () if clause is None else (Label(clause.after_blanks(), "here"),)
    return _note("never-reached", message, span, f"{number_text(value)} is {side} the {word}", (), also)


def idle_limit(limit: program.Limit, span: Span, bound: float) -> Diagnostic:
    """A floor or a cap that has no effect; `bound` is one that holds without it."""
    word, other = ("floor", "lower") if limit.function == "max" else ("cap", "higher")
    clause = clause_of(limit)
    mend = None if clause is None else change(clause, "", "leave it out")
    shown = f"{word} {shown_text(limit.value.span.text)}"
    label = f"nothing is {other} than {number_text(bound)}"
    return _note("never-reached", f"`{shown}` is never reached", span, label, (mend,))


def floor_above(
    limit: program.Limit,
    span: Span,
    floor: float,
    highest: float,
    last: program.Call | None,
    share: str | None,
    based: bool,
) -> Diagnostic:
    """`last` is the shape that may say where it ends, `share` the floor as a share; `based` tells that base is used."""
    clause = clause_of(limit)
    mends: list[Mend] = []
    if share is not None and last is not None and clause is not None:
        new = with_argument(last.span.text, f"to={share}")
        mends.append(Mend(f"`{new}` ends at {share} of where it begins", ((last.span, new), (clause, ""))))
    if share is not None and based:
        text = _of_base(limit.value)
        mends.append(change(limit.value.span, text, f"`floor {text}`"))
    message = (
        f"`floor {shown_text(limit.value.span.text)}` is above everything: this is {number_text(floor)} throughout"
    )
    return _note("floor-above", message, span, f"nothing is higher than {number_text(highest)}", mends)


def climbs(call: program.Call, start: float, stop: float, share: str | None, begin: str | None) -> Diagnostic:
    """`share` is the level that was written as a share; `begin` what it starts at, where that can be written."""
    return _note("climbs", *_climb(call, start, stop, share, begin))


def rises_from_base(call: program.Call, start: float, stop: float, share: str | None) -> Diagnostic:
    """The same of an optimizer's own lr, below a level that was written: it is never meant without saying so."""
    message, span, label, mends = _climb(call, start, stop, share, "base")
    return problem("E354", f"{message} above the {number_text(start)} of the optimizer", span, label, mends)


def downhill(call: program.Call, start: float, stop: float, share: str | None, based: bool) -> Diagnostic:
    """A warmup that falls; `share` is where it starts as a share, `based` tells that it goes to the base."""
    return _note("downhill", *_falls(call, start, stop, share, based))


def falls_to_base(call: program.Call, start: float, stop: float, share: str | None) -> Diagnostic:
    """The same of an optimizer's own lr, above which a warmup would start."""
    message, span, label, mends = _falls(call, start, stop, share, True)
    new = with_argument(call.span.text, "to=base").replace(call.name, "linear", 1)
    mends.append(change(call.span, new, f"`{new}` if it is to fall"))
    return problem("E355", f"{message} to the {number_text(stop)} of the optimizer", span, label, mends)


def _falls(
    call: program.Call, start: float, stop: float, share: str | None, based: bool
) -> tuple[str, Span, str, list[Mend]]:
    written = call.levels["from"].written
    assert written is not None
    mends: list[Mend] = []
    if share is not None:
        mends.append(change(written.span, share, f"`from={share}` for a share of where it ends"))
    if based:
        text = _of_base(written)
        mends.append(change(written.span, text, f"`from={text}` for a part of the base"))
    return f"`{call.name}` falls", written.span, f"from {number_text(start)} to {number_text(stop)}", mends


def _climb(
    call: program.Call, start: float, stop: float, share: str | None, begin: str | None
) -> tuple[str, Span, str, list[Mend]]:
    written = call.levels["to"].written
    assert written is not None
    mends: list[Mend] = []
    if share is not None:
        mends.append(change(written.span, share, f"`to={share}` for a share of where it begins"))
    if begin is not None:
        new = with_argument(call.span.text, f"from={begin}")
        mends.append(change(call.span, new, f"`{new}` if it is to rise"))
    label = f"from {number_text(start)} to {number_text(stop)}"
    return f"`{call.name}` rises {float(f'{stop / start:.3g}'):g}-fold", written.span, label, mends


def clipped_floor(
    limit: program.Limit, clause: Span, last: program.Call, phase: program.Node | None, stop: float, lifted: bool
) -> Diagnostic:
    """`phase` is the last of several, where it can be put in brackets; `lifted` tells that the floor holds at the start too."""
    value = limit.value.span.text.strip()
    new = with_argument(last.span.text, f"to={value}")
    mends = [Mend(f"`{new}`, without `floor`, ends there", ((last.span, new), (clause, "")))]
    if phase is not None:
        shown = f"`... then ({shown_text(phase.span.text)} floor {value})` limits the last phase alone"
        mends.append(Mend(shown, ((phase.span.before(), "("), (limit.value.span.stripped().after(), ")"))))
    what = "lifts the start and clips the end" if lifted else "clips the end"
    also = (Label(last.span, f"goes on to {number_text(stop)}"),)
    return _note(
        "clipped-floor", f"`floor {value}` {what}", clause.after_blanks(), "said of the whole line", mends, also
    )


def until_plans(chain: program.Chain, phase: program.Phase, planned: str | None) -> Diagnostic:
    """`planned` is a longer length, for which the phases up to this one might have been planned."""
    assert phase.until is not None
    until = phase.until.span
    says = f"`( ... ) for {planned or 'D'} until {until.text.strip()}` cuts what was planned for {planned or 'D'}"
    edits: tuple[tuple[Span, str], ...] = ()
    if planned is not None:
        edits = ((chain.phases[0].span.before(), "("), (phase.body.span.stripped().after(), f") for {planned}"))
    message = f"`until {until.text.strip()}` gives this its length: it ends there, and is not cut"
    return _note("until-plans", message, phase.body.span, "planned to end there", (Mend(says, edits),))


def on_top(
    first: program.Node,
    last: program.Node,
    name: str,
    length: Span,
    until: str | None,
    times: tuple[Fraction, Fraction],
    clock: str,
) -> Diagnostic:
    """`times` are how long what stands before is, and when all ends; `until` is the last phase with `until`."""
    before, end = times
    message = f"ends at {duration_text(end, clock)}: the {time_text(before)} of `{name}` come on top"
    mend = None if until is None else change(last.span, until, f"`{until}` counts from the start")
    return _note("on-top", message, length, f"counted from the end of `{shown_text(first.span.text)}`", (mend,))


def phase_time(span: Span, time: Fraction, clock: str, says: str, edits: tuple[tuple[Span, str], ...]) -> Diagnostic:
    label = f"0 at {_moment(time, clock)}"
    return _note("phase-time", "`t` is the time since this phase began", span, label, (Mend(says, edits),))


def half_life(call: program.Call, span: Span, start: float, after: float, factor: str | None) -> Diagnostic:
    """`factor` is the number that was written for a rate, and may be meant as a factor a step."""
    message = f"more than halves in one step: from {number_text(start)} to {number_text(after)}"
    new = f"factor={factor}, per=1"
    mend = None if factor is None else change(span, new, f"`{new}` keeps {factor} of it a step")
    return _note("half-life", message, span, f"of `{call.name}`" if factor is None else "a rate, not a factor", (mend,))


def added_phases(span: Span, phases: tuple[Span, ...], mended: bool) -> Diagnostic:
    says = "`" + " then ".join(shown_text(phase.text) for phase in phases) + "`"
    edits = tuple((Span(a.source, a.end, b.start), " then ") for a, b in itertools.pairwise(phases))
    mend = Mend(f"{says} for one after the other", edits if mended else ())
    return _note("added-phases", "phases with lengths are added, all from the same moment", span, "a sum", (mend,))


def own_base(span: Span, output: str, other: str) -> Diagnostic:
    mend = Mend(f"`let f = ...`, `{other} = base*f`, `{output} = base*f`")
    message = f"`base` is that of `{output}` here, not of `{other}`"
    return _note("own-base", message, span, f"what `{output}` was when attached", (mend,))


def unused_epoch(span: Span, text: str) -> Diagnostic:
    mend = Mend(f'`total="{text} epochs"` says how many epochs the run has') if text.isdecimal() else None
    label = "how much one epoch is"
    return _note("unused-epoch", "`epoch` is given, and nothing in the text is in epochs", span, label, (mend,))


def unknown_allow(span: Span, name: str, guess: str | None) -> Diagnostic:
    mend = Mend(f"there are {', '.join(NOTES)}") if guess is None else change(span, guess, f"did you mean `{guess}`?")
    return _note("unknown-allow", f"no note is called `{name}`", span, "silences nothing", (mend,))


# --- pieces of text -----------------------------------------------------------------------------------------------------


def clause_of(limit: program.Limit) -> Span | None:
    """`floor 3e-5` with the blanks before it; None where the line and its limit do not stand together."""
    body, value = limit.body.span, limit.value.span
    if body.source is not value.source or body.end >= value.start:
        return None
    word = "floor" if limit.function == "max" else "cap"
    clause = Span(body.source, body.end, value.end).stripped()
    return clause if clause.text.strip().startswith(word) else None


def _of_base(level: program.Node) -> str:
    """A level that was written, times the base."""
    text = level.span.text.strip()
    return f"({text})*base" if re.search(r"(?<![eE])[+-]", text) else f"{text}*base"


def without_length(call: program.Call) -> str | None:
    """The text of a call without its duration; None where that cannot be told."""
    if call.length is None or call.length.span.source is not call.span.source:
        return None
    text, offset = call.span.text, call.span.start
    head = text[: call.length.span.start - offset].rstrip()
    tail = text[call.length.span.end - offset :].strip()
    if not head.endswith("("):
        return None
    if tail == ")":
        return head[:-1].rstrip()
    return head + tail[1:].lstrip() if tail.startswith(",") else None
