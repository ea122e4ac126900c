"""E3, units, outputs and groups: what is counted in what, and what stands for whom.

In: spans, units and names. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostic import Diagnostic, Label, Mend
from ..source import Span
from .wording import change, problem, shown_text

# What a binding of `total`, `step`, `epoch` or `sample` can still cure: such a text is complete but for what is not known yet.
LATE = frozenset(("E308", "E332", "E334", "E336"))


def mixes(span: Span, first: str, other: str, first_span: Span | None, offers: Sequence[str], late: bool) -> Diagnostic:
    also = () if first_span is None else (Label(first_span, f"counts {first}"),)
    advice = Mend(" or ".join(f"`{offer}`" for offer in offers[:2])) if offers else None
    how = f": say how much one {offers[0].split()[1]} is" if offers else ", and nothing connects them"
    message = f"this mixes {first} and {other}{how}"
    return problem("E332" if late else "E333", message, span, f"counts {other}", (advice,), also)


def steps_meant(span: Span, clock: str, call: Span | None, others: Sequence[str], offers: Sequence[str]) -> Diagnostic:
    """A time where a number must stand means its steps, and the clock has none."""
    one = clock.removesuffix("s")
    message = f"a time as a number counts its steps, and this text counts {clock}"
    mends: list[Mend | None] = []
    if call is not None:
        mends += [Mend(f"say it as a time: `{', '.join(f'{name}=...' for name in other.split())}`") for other in others]
    else:
        text = span.text.strip()
        mends.append(change(span, f"({text} / 1 {one})", f"`{shown_text(text)} / 1 {one}` is a number"))
    if offers:
        mends.append(Mend(f"or say how much one {offers[0].split()[1]} is, as in `{offers[0]}`"))
    code = "E334" if offers else "E335"
    return problem(code, message, call or span, f"how many {clock} is that?", mends)


def how_much(span: Span, name: str, example: str) -> Diagnostic:
    advice = Mend(f"`--{name} {example.split()[0]}`, `{name}=...` in Python, or `param {name} = {example}` in the text")
    return problem("E336", f"how much is one {name}?", span, "", (advice,))


def contradicts(span: Span, name: str) -> Diagnostic:
    return problem("E337", f"units that contradict each other: one {name} cannot be this", span, "")


def no_worth(span: Span, name: str) -> Diagnostic:
    return problem("E338", f"one {name} must be more than nothing", span)


def no_base(span: Span, output: str) -> Diagnostic:
    mend = Mend("write the level: only " + "what drives a key of the optimizer has a base")
    return problem("E339", f"`{output}` drives no key, so it has no `base`", span, "", (mend,))


def level_without_base(span: Span, call: str, level: str) -> Diagnostic:
    message = f"`{level}` of this `{call}` is left open, and this output drives no key that could give it"
    return problem("E339", message, span, "", (Mend(f"write it, as in `{level}=1`"),))


def no_plain_output(span: Span, name: str) -> Diagnostic:
    advice = Mend(f"a line `{name} = ...` says what groups without a line of their own get")
    return problem("E350", f"there is no plain `{name}`, only lines for groups", span, "", (advice,))


# --- groups -----------------------------------------------------------------------------------------------------------


def bad_pattern(span: Span, pattern: str, why: str) -> Diagnostic:
    advice = Mend("`*` stands for anything, `{i}` for a whole number, whose name is then known on the right")
    return problem("E340", f'the pattern "{pattern}" {why}', span, "", (advice,))


def same_pattern(span: Span, output: str, pattern: str, first: Span) -> Diagnostic:
    also = (Label(first, "first said here"),)
    return problem("E205", f'`{output}["{pattern}"]` is defined twice', span, "", (), also)


def undecided_group(spans: Sequence[Span], output: str, name: str, patterns: Sequence[str]) -> Diagnostic:
    also = tuple(Label(span, "matches too") for span in spans[1:])
    shown = " and ".join(f'"{pattern}"' for pattern in patterns)
    message = f'`{output}` of the group "{name}": {shown} match, and none of them is the narrower one'
    advice = Mend(f'a line that decides: {output}["{name}"] = ...')
    return problem("E341", message, spans[0], "matches", (advice,), also)


def two_numbers(span: Span, pattern: str, name: str, found: Sequence[str]) -> Diagnostic:
    message = f'"{pattern}" matches "{name}" in more than one way: {" or ".join(found)}'
    return problem("E342", message, span, "", (Mend("say more of the name round the number, as in `layers.{i}.`"),))


def matches_nothing(span: Span, pattern: str, names: Sequence[str]) -> Diagnostic:
    shown = ", ".join(f'"{name}"' for name in names[:8]) + (", ..." if len(names) > 8 else "")
    return problem("E343", f'"{pattern}" matches no group', span, "", (Mend(f"the groups are called {shown}"),))


def nameless_groups(span: Span, count: int, patterns: Sequence[str]) -> Diagnostic:
    message = f"the text speaks of groups by name, and {count} group{'s have' if count > 1 else ' has'} none"
    named = Mend('name them: `torch.optim.AdamW([{"params": ..., "name": "head"}, ...])`')
    built = Mend("or build them: `torch.optim.AdamW(lrdsl.torch.param_groups(model, schedule))`")
    return problem("E344", message, span, "needs a name", (named, built))


def drives_nothing(span: Span, output: str, optimizer: str, mend: Mend | None) -> Diagnostic:
    return problem("E345", f"no group of this {optimizer} has `{output}`", span, "", (mend,))


def no_such_output(name: str, outputs: Sequence[str]) -> Diagnostic:
    if name in outputs:
        advice = Mend("`schedule.group(name)` is the schedule as the group of that name sees it")
        return problem("E349", f"there is no plain `{name}`, only lines for groups", None, "", (advice,))
    listed = ", ".join(f"`{one}`" for one in outputs) or "none"
    return problem("E349", f"the schedule has no output `{name}`", None, "", (Mend(f"its outputs are {listed}"),))
