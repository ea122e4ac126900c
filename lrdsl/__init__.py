"""lrdsl: the language in which people write learning-rate schedules.

text --parse--> tree --check--> program --plan--> timeline --emit--> numpy · python · torch · jax
      parser/          checker/         planner/    |     emitter/
      grammar/lrs.lark (names, units)   (lengths,   +--prove--> claims, facts, differences
      spans live up to here ----------->  levels)         prover/
                                                    schedule.py holds the result; torch/ applies it;
                                                    plotter/ draws it; cli/ is the only one that prints
other libraries --translator/--> text <--fitter/-- a logged curve

>>> import lrdsl
>>> s = lrdsl.compile("warmup(1000) then cosine(to=10%)", total=100_000)
>>> s(1000, base=3e-4)
0.0003
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import checker, planner, problems
from . import notes as remarks
from .assertions import decide
from .diagnostic import Diagnostic, Mend, ScheduleError, ScheduleWarning
from .output import Output
from .parser import Parsed
from .parser import parse as _parse
from .parser import parse_value as _parse_value
from .program import Node, Program
from .records import replace
from .schedule import Made, Schedule
from .source import Source
from .tree import Expression

if TYPE_CHECKING:
    from .emitter.groups import Groups
    from .translator.config import from_config

__all__ = ["Diagnostic", "Schedule", "ScheduleError", "ScheduleWarning", "compile", "from_config", "load"]
__version__ = "0.1.0"

Text = str | int | float | Mapping[str, Any]


def compile(
    text: Text, /, *, total: Any = None, epoch: Any = None, step: Any = None, sample: Any = None, **params: Any
) -> Schedule:
    """The schedule of a text.

    `text` is one line, the statements of a file, a lone number, or a mapping from outputs to texts. `total` and every param
    are numbers, or texts with a unit (`"5%"`); they win over the values in the text. Raises ScheduleError with every
    problem found.

    >>> compile("0.1 until 30k then 0.01")(30_000)
    0.01
    """
    if "base" in params:
        raise ScheduleError(
            problems.bad_call("`base` is no param of a text", "it is given with the time: schedule(t, base=3e-4)")
        )
    known = {"total": total, "epoch": epoch, "step": step, "sample": sample}
    bound = {**{name: value for name, value in known.items() if value is not None}, **params}
    return compiled_text(_as_text(text), "<text>", bound)


def compiled_text(text: str, name: str, bound: Mapping[str, Any]) -> Schedule:
    """The schedule of a text under a name, with bindings as numbers or texts."""
    values = ((key, _as_value(key, value)) for key, value in bound.items() if value is not None)
    return compiled(text, name, tuple(sorted(values)))


def load(path: str | os.PathLike[str], /, **params: Any) -> Schedule:
    """The schedule of a file; params as for `compile`."""
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read()
    except OSError as error:
        if isinstance(path, str) and any(mark in name for mark in "( \n"):
            raise ScheduleError(problems.text_as_file(name)) from None
        raise ScheduleError(problems.no_file(name, error.strerror or str(error))) from None
    return compiled_text(decode(data, name), name, params)


def decode(data: bytes, name: str) -> str:
    """The text in the bytes of a file."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScheduleError(problems.not_utf8(name, error.start)) from None


@functools.lru_cache(maxsize=256)
def compiled(text: str, name: str, bindings: tuple[tuple[str, str], ...]) -> Schedule:
    """The schedule of a text under the name that messages give it; the same text with the same bindings is made once."""
    found = _compiled(text, name, bindings)
    if isinstance(found, Schedule):
        return found
    raise ScheduleError(*_honest(found, text, bindings))


def _compiled(
    text: str, name: str, bindings: tuple[tuple[str, str], ...], most: int | None = None
) -> Schedule | list[Diagnostic]:
    """The stages, one after another: a schedule, or every problem."""
    bound, found = _values(bindings)
    parsed = _remembered(text, name) if len(text) <= _LONGEST else _parsed(text, name)
    source = parsed.source
    program, wrong = checker.check(parsed, bound, most=most or checker.MOST_NODES)
    found += [*parsed.problems, *wrong]
    if program is None or any(problem.code not in problems.LATE for problem in found):
        return sorted(found, key=lambda problem: problem.labels[0].span.start if problem.labels else -1)
    outputs: dict[str, Output] = {}
    waiting: list[Diagnostic] = []
    if not found:
        outputs, found = _planned(program, program.outputs)
        waiting = _tried(program)
        found += [] if found else _claims(program, outputs)
    if any(problem.code not in problems.LATE for problem in (*found, *waiting)):
        return _unique([*found, *waiting])
    names = tuple(program.outputs)
    patterns = tuple((line[0].output, line[0].pattern) for line in program.lines)
    if found:
        outputs = {}
    made = Made(
        parsed, names, outputs, program.clock, program.rates, program.params, patterns, tuple(found), tuple(waiting),
        program=program,
    )  # fmt: skip
    return Schedule(text, source, dict(bindings), made)


def _parsed(text: str, name: str) -> Parsed:
    return _parse(Source(text, name), frozenset(checker.prelude()))


# A sweep binds one text many times.
_remembered = functools.lru_cache(maxsize=64)(_parsed)


def _forget() -> None:
    """Forget every text: what is measured cold must not have been read before."""
    for remembered in (compiled, _remembered, _read_value):
        remembered.cache_clear()


@functools.lru_cache(maxsize=256)
def _read_value(name: str, value: str) -> Expression | tuple[Diagnostic, ...]:
    return _parse_value(Source(value, f"<{name}>"))


def _planned(program: Program, nodes: Mapping[str, Node]) -> tuple[dict[str, Output], list[Diagnostic]]:
    """The outputs, and what is wrong with them: with their plans, and then with their values."""
    outputs: dict[str, Output] = {}
    found: list[Diagnostic] = []
    for name in nodes:
        timeline, wrong = planner.plan(program, name, nodes)
        found += wrong
        if timeline is not None:
            outputs[name] = output = Output(name, timeline, program.clock)
            found += [] if output.relation == "mixed" else output.wrong(output.levels())
    return outputs, _unique(found)


def _unique(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each problem once: what is used twice is looked at twice."""
    unique = {(problem.code, problem.labels[:1], problem.message): problem for problem in reversed(found)}
    return list(reversed(unique.values()))


def _tried(program: Program) -> list[Diagnostic]:
    """What is wrong with lines for groups, whatever the numbers of their patterns are."""
    found: list[Diagnostic] = []
    for tried in program.lines:
        # The line itself only: what is wrong with other outputs is told once, where they stand alone.
        failures = [_planned(program, {line.output: line.outputs[line.output]})[1] for line in tried]
        if all(failures):
            found += failures[0]
    return found


def _claims(program: Program, outputs: Mapping[str, Output]) -> list[Diagnostic]:
    """The assertions that are false."""
    return [wrong for claim in program.claims if (wrong := decide(program, claim, outputs[claim.output]))]


def in_group(schedule: Schedule, name: str) -> Schedule:
    """The schedule as one group sees it; groups for which the same lines win with the same numbers share one."""
    made = schedule._made
    if made.late:
        raise ScheduleError(*made.late)
    if not made.patterns:
        return schedule
    if name in made.groups:
        return made.groups[name]
    parsed = made.parsed
    winners = checker.winners(parsed, name)
    if isinstance(winners, list):
        raise ScheduleError(*winners)
    key = tuple((output, line.pattern.text, numbers) for output, (line, numbers) in winners.items())
    if key not in made.groups:
        program, outputs = _won(schedule, winners)
        won = {output: line.pattern.text for output, (line, _) in winners.items()}
        seen = replace(made, names=tuple(outputs), outputs=outputs, patterns=(), won=won, groups={}, program=program)
        made.groups[key] = Schedule(schedule.text, schedule._source, schedule.bindings, seen, name)
    found = made.groups[key]
    if len(made.groups) < _MOST_GROUPS:
        made.groups[name] = found
    return found


def _won(schedule: Schedule, winners: Mapping[str, Any]) -> tuple[Program | None, dict[str, Output]]:
    """The outputs where these lines win, with their numbers. Raises ScheduleError where they cannot be made."""
    made = schedule._made
    bound, _ = _values(tuple(schedule.bindings.items()))
    program, wrong = checker.check(made.parsed, bound, winners=winners)
    outputs: dict[str, Output] = {}
    if program is not None and not wrong:
        program = replace(program, clock=made.clock, rates=made.rates)
        outputs, wrong = _planned(program, program.outputs)
    if wrong:
        raise ScheduleError(*wrong)
    return program, outputs


def written(schedule: Schedule, target: str, groups: Iterable[str]) -> str:
    """A schedule as a module, or as a document, with what groups see where the text has lines for them or names are given."""
    from .emitter.document import document
    from .emitter.module import module

    names = (groups,) if isinstance(groups, str) else tuple(groups)
    # What one group sees has no groups any more.
    seen = _all_groups(schedule, names) if schedule.patterns or (names and schedule._group is None) else None
    return document(schedule, seen) if target == "json" else module(schedule, target, seen)


def _all_groups(schedule: Schedule, names: Iterable[str]) -> Groups:
    """What groups see, for what is written out: by the lines that win, and of the names that are given."""
    from .emitter.groups import numbered, table

    given, uses = checker.lines_for_groups(schedule._made.parsed)

    @functools.cache
    def plan(won: frozenset[tuple[str, int]]) -> dict[str, Output] | None:
        if not won:
            return schedule._made.outputs
        try:
            return _won(schedule, {output: (given[place], ()) for output, place in won})[1]
        except ScheduleError:
            return None  # such a group may never be; one whose name is given says what is wrong

    seen = {name: {one.name: one for one in in_group(schedule, name).plain} for name in names}
    return table(
        numbered((line.output, line.pattern) for line in given), uses, lambda won: plan(frozenset(won.items())), seen
    )


def beside_base(
    schedule: Schedule, output: str, base: Mapping[str, float]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Where an output rises from the base to a number that was written, and where a warmup falls from one to it, and nothing says
    that it is to: problems of `attach`."""
    program = schedule._made.program
    found = ([], []) if program is None else remarks.beside_base(program, output, base)
    return mended(schedule, found[0]), mended(schedule, found[1])


_MOST_GROUPS = 10_000  # names whose lines are remembered
_LONGEST = 20_000  # characters of a text whose mends are tried
_MOST_TRIED = 40
_FEW_NODES = 10_000  # of a mended text: what grows large when names are put in is not tried forty times


def _honest(found: list[Diagnostic], text: str, bindings: tuple[tuple[str, str], ...]) -> list[Diagnostic]:
    """The problems without the mends that would not mend: each is carried out, and the text compiled again."""
    if len(text) > _LONGEST or sum(len(problem.mends) for problem in found) > _MOST_TRIED:
        return found
    kept = []
    for problem in found:
        mends = []
        for mend in problem.mends:
            if not mend.edits or _mends(mend, found, text, bindings):
                mends.append(mend)
            elif problem.code in ("E201", "E202"):
                mends.append(replace(mend, edits=()))  # the right name, though more than the name is wrong
        kept.append(replace(problem, mends=tuple(mends)))
    return kept


def _mends(mend: Mend, found: list[Diagnostic], text: str, bindings: tuple[tuple[str, str], ...]) -> bool:
    again = _compiled(mend.apply(text), "<mended>", bindings, _FEW_NODES)
    if isinstance(again, Schedule) or len(again) < len(found):
        return True
    # What is left may be the question of a unit.
    return len(found) == 1 and all(problem.code == "E302" for problem in again)


def mended(schedule: Schedule, notes: list[Diagnostic]) -> list[Diagnostic]:
    """Notes without the mends whose texts would not compile."""
    text, bindings = schedule.text, tuple(sorted(schedule.bindings.items()))
    if len(text) > _LONGEST or sum(len(note.mends) for note in notes) > _MOST_TRIED:
        return notes
    return [
        replace(note, mends=tuple(mend for mend in note.mends if _compiles(mend, text, bindings))) for note in notes
    ]


def _compiles(mend: Mend, text: str, bindings: tuple[tuple[str, str], ...]) -> bool:
    if any(span.source.text != text for span, _ in mend.edits):
        return False
    return not mend.edits or isinstance(_compiled(mend.apply(text), "<mended>", bindings, _FEW_NODES), Schedule)


def _values(bindings: tuple[tuple[str, str], ...]) -> tuple[dict[str, Expression], list[Diagnostic]]:
    bound: dict[str, Expression] = {}
    found: list[Diagnostic] = []
    for name, value in bindings:
        read = _read_value(name, value)
        if isinstance(read, tuple):
            found += read
        else:
            bound[name] = read
    return bound, found


def _as_text(text: Text) -> str:
    if isinstance(text, Mapping):
        return "\n".join(f"{output} = {_as_text(value)}" for output, value in text.items())
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ScheduleError(problems.bad_call(f"a schedule is compiled from a text, not from {type(text).__name__}"))
    if not isinstance(text, str):
        return repr(text)
    if text.endswith(".lrs") and "\n" not in text and "=" not in text:
        raise ScheduleError(problems.file_as_text(text))
    return text


def _as_value(name: str, value: Any) -> str:
    """A binding as the text that stands for it; a float counts as the decimal that it prints."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ScheduleError(problems.unbindable(name, value))
    if hasattr(value, "__index__"):
        return str(int(value))
    if not math.isfinite(value):
        raise ScheduleError(problems.unbindable(name, value))
    return repr(float(value))


_ELSEWHERE = {
    **dict.fromkeys(("parse", "build", "from_string", "make", "schedule_from"), "lrdsl.compile(text)"),
    **dict.fromkeys(("attach", "apply", "Scheduler", "LambdaLR", "Applier"), "lrdsl.torch.attach(optimizer, text)"),
}


def __getattr__(name: str) -> Any:
    # `lrdsl.torch.attach` works after `import lrdsl`, and torch is imported only then; what reads other libraries too.
    if name in ("torch", "keras", "jax", "fitter", "plotter", "cli"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    if name == "from_config":
        import importlib

        return importlib.import_module(f"{__name__}.translator.config").from_config
    if name in _ELSEWHERE:
        raise AttributeError(f"lrdsl has no `{name}`: write `{_ELSEWHERE[name]}`")
    raise AttributeError(f"module 'lrdsl' has no attribute {name!r}")
