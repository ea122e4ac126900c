"""Golden files: one program a file, a section for each stage; `--update-golden` rewrites them."""

from __future__ import annotations

import itertools
import re
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path

import pytest

import lrdsl
from lrdsl import timeline as tl
from lrdsl.cli.explain import page
from lrdsl.diagnostic import Mend
from lrdsl.explanation import explain
from lrdsl.output import Output
from lrdsl.parser import parse
from lrdsl.source import Source, Span

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.md"))
CODES = {
    code
    for path in (Path(__file__).parent.parent / "lrdsl" / "problems").glob("*.py")
    for code in re.findall(r'"([EN]\d{3})"', path.read_text("utf-8"))
}
# What no text can show: files, calls and the command line have their own tests; and what is said of the groups of an optimizer.
ELSEWHERE = {"E108", "E109", "E401", "E402", "E403", "E404", "E405", "E406", "E407", "E408", "E409", "E410", "E331"} | {
    "E341",
    "E342",
    "E343",
    "E344",
    "E345",
    "E349",
    "E354",
    "E355",
}


def read(path: Path) -> tuple[str, str, dict[str, str], tuple[str, ...]]:
    """Title, source, bindings and names of groups of a golden file. Where one is titled `explain`, that is its one section."""
    text = path.read_text("utf-8")
    title = text.splitlines()[0]
    source = re.search(r"## SOURCE\n\n~~~\n(.*?)\n~~~", text, re.DOTALL)
    assert source is not None, f"{path.name} has no source"
    bound = re.search(r"## BINDINGS\n\n(.*?)\n\n", text, re.DOTALL)
    bindings = dict(line.split(" = ") for line in bound.group(1).splitlines()) if bound else {}
    groups = re.search(r"## GROUPS\n\n(.*?)\n\n", text, re.DOTALL)
    return title, source.group(1), bindings, tuple(groups.group(1).splitlines()) if groups else ()


def stages(source: str, bindings: dict[str, str], groups: tuple[str, ...] = ()) -> dict[str, str]:
    """What each stage makes of a text."""
    try:
        schedule = lrdsl.compiled(source, "text.lrs", tuple(sorted(bindings.items())))
    except lrdsl.ScheduleError as error:
        sections = {"PROBLEMS": str(error)}
        changed = mended(source, error)
        return sections | ({"MENDED": "\n".join(changed)} if changed else {})
    file = parse(Source(source)).file
    if schedule.missing:
        return {"MISSING": "\n\n".join(str(problem) for problem in schedule.missing)}
    notes = schedule.notes()
    changed = [mend.apply(source) for note in notes[:1] for mend in note.mends if mend.edits]
    several = len(schedule.outputs) > 1 or schedule.clock != "steps"
    return {
        **({"NOTES": "\n\n".join(str(note) for note in notes)} if notes else {}),
        **({"MENDED": "\n".join(changed)} if changed else {}),
        **({"SUMMARY": schedule.summary} if several or schedule.patterns else {}),
        "TREE": "\n".join(line for one in file.statements for line in show_tree(one.statement)),
        "TIMELINE": "\n\n".join("\n".join(show_timeline(output, several)) for output in schedule.plain),
        "CODE": code_of(schedule),
        "VALUES": "\n\n".join("\n".join(values_of(output, several)) for output in schedule.plain),
        **{f"GROUP {name}": "\n\n".join("\n".join(values_of(output, True)) for output in schedule.group(name).plain)
           for name in groups},
    }  # fmt: skip


def mended(source: str, error: lrdsl.ScheduleError) -> list[str]:
    """The text after each mend that can be carried out; of several problems, after the first mend of each."""
    if len(error.problems) == 1:
        problem = error.problems[0]
        return [mend.apply(source) for mend in problem.mends if mend.edits]
    edits = [problem.mends[0].edits for problem in error.problems if problem.mends and problem.mends[0].edits]
    if len(edits) < len(error.problems):
        return []
    return [Mend("", tuple(edit for some in edits for edit in some)).apply(source)]


def show_tree(node: object, indent: str = "") -> list[str]:
    if isinstance(node, tuple):
        return [line for one in node for line in show_tree(one, indent)]
    if not is_dataclass(node):
        return [f"{indent}{node!r}"]
    plain, inner = [], []
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Span) or value is None or value == ():
            continue
        if is_dataclass(value) or (isinstance(value, tuple) and is_dataclass(value[0])):
            inner += show_tree(value, indent + "  ")
        else:
            plain.append(str(value) if isinstance(value, Fraction) else repr(value))
    return [f"{indent}{type(node).__name__} {' '.join(plain)}".rstrip(), *inner]


def show_timeline(schedule: Output, several: bool) -> list[str]:
    timeline = schedule.timeline
    lines = [f"{schedule.name} in {schedule.clock}"] if several else []
    lines += [f"length {timeline.length}", f"relation {schedule.relation}"]
    for index, row in enumerate(timeline.rows):
        text = " ".join(str(getattr(row, field.name)) for field in fields(row))
        lines.append(f"level {index}: {type(row).__name__.removesuffix('Row').lower()} {text}".rstrip())
    return lines + show_node(timeline.chain, schedule, "")


def show_node(node: tl.Node, schedule: Output, indent: str) -> list[str]:
    deeper = indent + "  "
    match node:
        case tl.Chain():
            lines = [f"{indent}chain"]
            for part in node.parts:
                end = "on" if part.end is None else part.end
                lines.append(f"{deeper}[{part.begin}, {end})  {schedule.timeline.phases[part.phase].text}")
                lines += show_node(part.body, schedule, deeper + "  ")
            return lines
        case tl.Level(row):
            return [f"{indent}level {row}"]
        case tl.Since(clock) | tl.Progress(clock) | tl.Left(clock):
            letter = {"Since": "t", "Progress": "p", "Left": "q"}[type(node).__name__]
            return [f"{indent}{letter} of ({clock.origin}, {clock.length})"]
        case tl.Operation(function, operands):
            return [f"{indent}{function}", *(line for one in operands for line in show_node(one, schedule, deeper))]
        case tl.Blend():
            lines = [f"{indent}blend level {node.from_} to level {node.to}", *show_node(node.weight, schedule, deeper)]
            return lines + (show_node(node.complement, schedule, deeper) if node.complement else [])
        case tl.Anchored():
            return [f"{indent}starts at level {node.start}", *show_node(node.body, schedule, deeper)]
        case tl.Cycle():
            head = f"cycle of {node.period} from {node.origin} stretch {node.stretch} factor {node.factor} times {node.times}"
            return [indent + head, *show_node(node.body, schedule, deeper)]
        case tl.Sample():
            return [f"{indent}sample every {node.every} from {node.origin}", *show_node(node.body, schedule, deeper)]


def code_of(schedule: lrdsl.Schedule) -> str:
    """The function and the forms of the standalone module, without docstring and machinery."""
    source = schedule.source("numpy")
    begin = source.index("\ndef ") + 1
    names = "|".join(schedule.outputs)
    end = re.search(rf"^(HALFWAVE|def (?!form_|\w+_in_group_|group\(|(?:{names})\()\w+)", source[begin:], re.MULTILINE)
    return source[begin : begin + end.start()].rstrip() if end else source[begin:].rstrip()


def values_of(schedule: Output, several: bool) -> list[str]:
    base = 1e-3 if schedule.relation == "mixed" else None
    ends = [phase.end if phase.end is not None else phase.begin + 1000 for phase in schedule.phases]
    times = sorted({0.0, *(float(phase.begin) for phase in schedule.phases), *(float(end) for end in ends)})
    middle = [(a + b) / 2 for a, b in itertools.pairwise(times)]
    # Twelve digits: the transcendental functions of libraries differ in the last ones.
    lines = [f"{time:g}: {schedule(time, base):.12g}" for time in sorted({*times, *middle})]
    return [f"{schedule.name} by {schedule.clock}", *lines] if several else lines


def explanation(source: str, bindings: dict[str, str], base: str | None) -> str:
    schedule = lrdsl.compiled(source, "text.lrs", tuple(sorted(bindings.items())))
    return page(explain(schedule, None if base is None else float(base)))


def render(title: str, source: str, bindings: dict[str, str], groups: tuple[str, ...]) -> str:
    parts = [title, "## SOURCE", f"~~~\n{source}\n~~~"]
    if bindings:
        parts += ["## BINDINGS", "\n".join(f"{name} = {value}" for name, value in bindings.items())]
    if groups:
        parts += ["## GROUPS", "\n".join(groups)]
    explained = re.match(r"# explain(?: with base (\S+))?:", title)
    if explained is not None:
        sections = {"EXPLAIN": explanation(source, bindings, explained[1])}
    else:
        sections = stages(source, bindings, groups)
    for name, text in sections.items():
        parts += [f"## {name}", f"~~~\n{text}\n~~~"]
    return "\n\n".join(parts) + "\n"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_stage_says_what_the_golden_file_says(path: Path, update_golden: bool) -> None:
    title, source, bindings, groups = read(path)
    found = render(title, source, bindings, groups)
    if update_golden:
        path.write_text(found, "utf-8")

    assert found == path.read_text("utf-8")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_mend_makes_a_text_that_compiles(path: Path) -> None:
    _, source, bindings, _ = read(path)
    try:
        schedule = lrdsl.compiled(source, "text.lrs", tuple(sorted(bindings.items())))
    except lrdsl.ScheduleError as error:
        for text in mended(source, error):
            compiles(text, bindings)
    else:
        for note in schedule.notes():
            for mend in note.mends:
                compiles(mend.apply(source) if mend.edits else source, bindings)


def compiles(text: str, bindings: dict[str, str]) -> None:
    try:
        lrdsl.compiled(text, "mended.lrs", tuple(sorted(bindings.items())))
    except lrdsl.ScheduleError as error:
        # A mend may make a text for a later version.
        assert {problem.code for problem in error.problems} == {"E390"}


def test_there_are_golden_files_and_each_code_has_one() -> None:
    assert len(GOLDEN) > 60
    shown = {
        code
        for path in GOLDEN
        for code in re.findall(r"(?:error|note)\[(\w\d{3})(?: [\w-]+)?\]", path.read_text("utf-8"))
    }

    assert shown == CODES - ELSEWHERE
