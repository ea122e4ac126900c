"""E2: names: what nothing is called, and what is called twice.

In: spans and names. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..diagnostic import Diagnostic, Label, Mend
from ..source import Span
from .wording import change, problem

if TYPE_CHECKING:
    from .. import tree
    from ..checker.library import Definition


def unknown_name(span: Span, name: str, offer: str | None) -> Diagnostic:
    mend = None if offer is None else change(span, offer, f"did you mean `{offer}`?")
    advice = (
        None if mend else Mend(f"define it with `let {name} = ...`, or as `param {name} = ...` to set it from outside")
    )
    return problem("E201", f"nothing is called `{name}`", span, "", (mend, advice))


def unknown_curve(span: Span, name: str, mend: Mend | None) -> Diagnostic:
    advice = None if mend else Mend("`lrdsl curves` lists what there is")
    return problem("E202", f"no curve or function is called `{name}`", span, "", (mend, advice))


def no_argument(span: Span, curve: str, name: str, takes: Sequence[str], mend: Mend | None) -> Diagnostic:
    listed = ", ".join(f"`{one}`" for one in takes)
    advice = None if mend else Mend(f"it takes {listed}" if takes else "it takes no arguments")
    return problem("E203", f"`{curve}` has no argument `{name}`", span, f"not an argument of `{curve}`", (mend, advice))


def fits_no_definition(
    span: Span, call: tree.Call, definitions: tuple[Definition, ...], given: set[str], mend: Mend | None
) -> Diagnostic:
    ways = [" and ".join(f"`{name}`" for name in sorted(d.needs)) for d in definitions]
    if len(definitions) == 1:
        missing = ", ".join(f"`{name}`" for name in sorted(definitions[0].needs - given))
        message, label = f"`{call.name}` needs {missing}", "not given"
    else:
        message, label = f"`{call.name}` needs exactly one of: {', or '.join(ways)}", _given(given)
    shown = " or ".join(f"`{call.name}({', '.join(f'{n}=...' for n in d.takes if n in d.needs)})`" for d in definitions)
    return problem("E204", message, span, label, (mend, Mend(f"as in {shown}")))


def _given(given: set[str]) -> str:
    return f"{', '.join(f'`{name}`' for name in sorted(given))} given" if given else "none of them is given"


def defined_twice(span: Span, name: str, first: Span) -> Diagnostic:
    also = (Label(first, "first defined here"),)
    return problem("E205", f"`{name}` is defined twice", span, "defined again", (), also)


def built_in_name(span: Span, name: str) -> Diagnostic:
    mend = Mend(f"another name, such as `{name}_1`")
    return problem("E206", f"`{name}` is built in and keeps its meaning", span, "", (mend,))


def circle(span: Span, names: list[str]) -> Diagnostic:
    path = " uses ".join(f"`{name}`" for name in names)
    return problem("E207", f"`{names[0]}` is defined by itself", span, path)


def alias_of_output(span: Span, name: str, real: str) -> Diagnostic:
    return problem("E208", f"`{name}` drives nothing: the key is called `{real}`", span, "", (change(span, real),))


def no_use_for(span: Span, name: str, guess: str | None, params: list[str]) -> Diagnostic:
    offers = ", ".join(f"`{one}`" for one in [*params, "total"])
    advice = f"did you mean `{guess}`?" if guess else f"what can be set: {offers}"
    return problem("E209", f"the text has no use for `{name}`", span, "", (Mend(advice),))


def binds_a_let(span: Span, name: str, place: Span) -> Diagnostic:
    also = (Label(place, "a `let` is private"),)
    advice = Mend(f"write `param {name} = ...` in the text to set it from outside")
    return problem("E210", f"`{name}` is no param", span, "", (advice,), also)


def binds_an_output(span: Span, name: str) -> Diagnostic:
    advice = Mend(f"write `param` for what is set from outside, and use it in `{name} = ...`")
    return problem("E210", f"`{name}` is an output, no param", span, "", (advice,))


def too_many_values(call: tree.Call, mend: Mend | None) -> Diagnostic:
    extra = [argument for argument in call.arguments if argument.name is None][1]
    message = f"`{call.name}` takes one value without a name, its length"
    return problem("E211", message, extra.span, "what is this?", (mend,))


def argument_twice(span: Span, name: str) -> Diagnostic:
    return problem("E212", f"`{name}` is given twice", span)


def base_here(span: Span, why: str) -> Diagnostic:
    return problem("E213", "`base` cannot stand here", span, why)


def no_arguments(span: Span, name: str) -> Diagnostic:
    return problem("E214", f"`{name}` is a name, no curve: it takes no arguments", span)


def function_without_call(span: Span, name: str, offer: str | None) -> Diagnostic:
    mend = None if offer is None else change(span, offer, f"did you mean `{offer}`?")
    return problem("E215", f"`{name}` is a function: it needs brackets", span, f"as in `{name}(...)`", (mend,))


def next_outside(span: Span) -> Diagnostic:
    message = "`next` stands for a level only as a default in `shape` and `curve`"
    return problem("E216", message, span, "", (Mend("leave the level out: it comes from the neighbour"),))


def named_argument_of_function(span: Span, function: str, name: str) -> Diagnostic:
    return problem("E217", f"the function `{function}` takes values without names", span, f"not an argument: `{name}`")


def number_of_arguments(span: Span, function: str, least: int, most: int | None, given: int) -> Diagnostic:
    takes = "one value" if least == most == 1 else f"at least {least}" if most is None else f"{least} to {most}"
    return problem("E218", f"`{function}` takes {takes}, not {given}", span)


def repeat_what(span: Span, given: int) -> Diagnostic:
    return problem("E219", f"`repeat` takes one schedule, not {given}", span, "as in `repeat(cosine(10k), times=5)`")


def first_formal(span: Span, kind: str, allowed: tuple[str, ...]) -> Diagnostic:
    wanted = " or ".join(f"`{name}`" for name in allowed)
    return problem("E220", f"the first formal of a {kind} is {wanted}, without a default", span)


def bad_formal(span: Span, name: str, owner: str) -> Diagnostic:
    return problem("E221", f"`{name}` cannot be a formal of `{owner}` here", span)


def is_a_parameter(span: Span, name: str) -> Diagnostic:
    return problem("E222", f"`{name}` is a parameter of every text", span, "", (Mend(f"`param {name} = ...`"),))


def measured(span: Span, name: str) -> Diagnostic:
    advice = Mend("planned drops say when: `0.1 until 30k then 0.01`; for plateaus torch has ReduceLROnPlateau")
    return problem("E223", f"a text sees no measurements, so there is no `{name}`", span, "", (advice,))
