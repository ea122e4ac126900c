"""E4, files, calls and the command line.

In: what was asked for. Out: Diagnostics. Refuses to decide anything.
"""

from __future__ import annotations

from ..diagnostic import Diagnostic, Mend
from .notes import NOTES
from .wording import problem, shown_text


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


def not_of_a_schedule(name: str) -> Diagnostic | None:
    """What was meant by a word that a schedule does not have."""
    if name in ("step", "get_last_lr", "get_lr", "state_dict", "load_state_dict"):
        return bad_call(
            f"a Schedule is a function of time and has no `{name}`",
            "`sched = lrdsl.torch.attach(optimizer, schedule)` gives what steps; a value is `schedule(t)`",
        )
    if name in ("lr", "value", "at", "eval", "get", "evaluate"):
        return bad_call(f"a Schedule has no `{name}`: it is called", "schedule(t)")
    return None


def counts_updates(who: str, clock: str) -> Diagnostic:
    unit = clock.removesuffix("s")
    advice = {"epoch": "epoch=5004", "token": 'step="4M tokens"', "sample": 'step="256 samples"'}[unit]
    return bad_call(
        f"{who} counts updates, and this text counts {clock}", f"say how they are connected, as by `{advice}`"
    )


def no_backend(name: str) -> Diagnostic:
    return bad_call(
        f"Keras computes with {name} here, and no target of lrdsl is written for that",
        "KERAS_BACKEND=jax or KERAS_BACKEND=torch, set before keras is imported",
    )


def traced_by_jax() -> Diagnostic:
    return bad_call("a Schedule computes with numpy, and JAX traces here", "`schedule.jax()` is what can be traced")


def no_target(name: str, known: tuple[str, ...]) -> Diagnostic:
    return bad_call(f"no target {name!r}", f"there are {', '.join(known[:-1])} and {known[-1]}")


def no_factor(output: str) -> Diagnostic:
    message = f"`{output}` writes its levels, and of what they are a factor is not known"
    return bad_call(message, "factor(t, base=3e-4), if groups hold 3e-4; or leave the levels out of the text")


def unbindable(name: str, value: object) -> Diagnostic:
    return problem("E406", f'`{name}` is a number or a text such as "5%", not {value!r}', None)


def no_such_note(name: str, guess: str | None) -> Diagnostic:
    return bad_call(
        f"no note is called `{name}`", f"did you mean `{guess}`?" if guess else f"there are {', '.join(NOTES)}"
    )


def other_clock(names: tuple[str, str], clocks: tuple[str, str]) -> Diagnostic:
    message = f"{names[0]} counts {clocks[0]} and {names[1]} counts {clocks[1]}, so their times cannot be compared"
    advice = Mend("bind what connects them (`step`, `epoch`, `sample`), and write both on one clock")
    return problem("E407", message, None, "", (advice,))


def base_to_compare(output: str) -> Diagnostic:
    message = f"one `{output}` is relative to base and the other is not, so they can be compared for a base only"
    return problem("E408", message, None, "", (Mend("give it: `base=3e-4`, or `--base 3e-4`"),))


def unsayable(scheduler: str, why: str, advice: str | None = None) -> Diagnostic:
    message = f"`{scheduler}` cannot be said as a text: {why}"
    return problem("E409", message, None, "", () if advice is None else (Mend(advice),))


def bad_log(message: str, advice: str | None = None) -> Diagnostic:
    return problem("E410", message, None, "", () if advice is None else (Mend(advice),))
