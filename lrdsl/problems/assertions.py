"""E3, assertions: what is claimed and not so, or not decided.

In: spans, and what the prover found. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..diagnostic import Diagnostic, Label, Mend
from ..source import Span
from .wording import change, number_text, problem, time_text

_MEANT = {
    "<=": "stays at most {bound}",
    ">=": "stays at least {bound}",
    "==": "is {bound}",
    "falls": "only falls",
    "rises": "only rises",
    "continuous": "is continuous",
}


def moment_text(time: Fraction, clock: str, left: bool = False) -> str:
    return f"{'just before' if left else 'at'} {clock.removesuffix('s')} {time_text(time)}"


def apart(first: float, second: float) -> tuple[str, str]:
    """Two numbers as people write them, with as many digits as tell them apart."""
    texts = number_text(first), number_text(second)
    for digits in range(7, 18):
        if texts[0] != texts[1] or first == second:
            break
        texts = f"{first:.{digits}g}", f"{second:.{digits}g}"
    return texts


def bound_is_broken(span: Span, output: str, found: tuple[str, str], phase: Span) -> Diagnostic:
    """`found` is the value and the moment, as texts."""
    value, moment = found
    return problem("E346", f"not so: `{output}` is {value} {moment}", span, "asserted here", (), _in(phase, span))


def goes_the_other_way(
    span: Span, output: str, word: str, before: tuple[str, str], after: tuple[str, str], phase: Span
) -> Diagnostic:
    does = "rises" if word == "falls" else "falls"
    message = f"not so: `{output}` {does} from {before[0]} {before[1]} to {after[0]} {after[1]}"
    return problem("E346", message, span, "asserted here", (), _in(phase, span))


def is_not_continuous(span: Span, output: str, values: tuple[str, str], moment: str, phase: Span) -> Diagnostic:
    message = f"not so: `{output}` jumps from {values[0]} to {values[1]} {moment}"
    return problem("E346", message, span, "asserted here", (), _in(phase, span))


def _in(phase: Span, span: Span) -> tuple[Label, ...]:
    return (Label(phase, "in this phase"),) if phase.source is span.source else ()


def claim_undecided(
    span: Span,
    output: str,
    word: str,
    bound: float | None,
    shown: float | None,
    stretch: tuple[Fraction, Fraction | None],
    clock: str,
    phase: Span,
) -> Diagnostic:
    """`shown` is the bound that was shown in the stretch that is in doubt."""
    texts = ("", "") if bound is None or shown is None else apart(bound, shown)
    meant = _MEANT[word].format(bound=texts[0])
    begin, end = time_text(stretch[0]), None if stretch[1] is None else time_text(stretch[1])
    where = f"from {clock.removesuffix('s')} {begin} on" if end is None else f"between {clock} {begin} and {end}"
    windows = [f"`until {begin}`"] if stretch[0] > 0 else []
    windows += [] if end is None else [f"`after {end}`"]
    offers = []
    if texts[1]:
        offers.append(Mend(f"`{output} {word} {texts[1]}` was shown there: a bound of that or beyond is decided"))
    if windows:
        offers.append(Mend(f"with {' or '.join(windows)} it is decided"))
    if not offers:
        offers.append(Mend("a claim about a part of the run, with `until` and `after`, may be decided"))
    return problem(
        "E353", f"undecided {where}: whether `{output}` {meant}", span, "asserted here", offers, _in(phase, span)
    )


def asserts_mixed(span: Span, output: str) -> Diagnostic:
    message = f"`{output}` mixes `base` with levels of its own, so nothing can be said of it before it is attached"
    return problem("E351", message, span)


def outside_window(span: Span, window: Span) -> Diagnostic:
    return problem("E347", "this claims something of a moment outside its own window", span, "", (), (Label(window),))


def empty_window(span: Span, after: str, until: str) -> Diagnostic:
    return problem("E352", f"nothing is claimed: no time is both after {after} and before {until}", span)


def asserts_what(span: Span, name: str, outputs: Sequence[str], guess: str | None) -> Diagnostic:
    mend = None if guess is None else change(span, guess, f"did you mean `{guess}`?")
    listed = ", ".join(f"`{one}`" for one in outputs)
    return problem("E348", f"`{name}` is no output of the text", span, "", (mend, Mend(f"the outputs are {listed}")))
