"""Reads the examples out of the pages in docs/ and runs them: what a page shows is what lrdsl does.

Every fenced block of a page is of one of these kinds:

    ```lrs            texts that compile. A line `# → 0.5 at 50 · length 100` behind a text says what is so, and ends it; what is
                      bound stands before the arrow: `# with total=100k, base=3e-4 → ...`. A first line `# gpt.lrs` makes the block
                      a file for the commands of the page.
    ```lrs error      a text that is refused, or that lacks something; a last line `# with total=100k` binds. The next block is
                      ```text, with the message, every letter of it.
    ```python         a doctest; the blocks of a page share their names
    ```console        `$ lrdsl ...` and what it prints; `$ echo $?` is its exit code
    ```yaml, ```toml  files for the commands, with their names in a comment in the first line
    ```sh, ```ebnf    shown, not run

A value is written with at most six digits and must be that value to six digits.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import lrdsl
from lrdsl.cli import main

DOCS = Path(__file__).resolve().parent.parent / "docs"
KINDS = {"lrs", "lrs error", "text", "python", "console", "yaml", "toml", "sh", "ebnf"}
SHOWN = {"sh", "ebnf", "yaml", "toml"}
MAGNITUDES = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
BLOCK = re.compile(r"^```(\{?[^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CLAIM = re.compile(r"^ *# (?:with (?P<bound>.+?) )?→ (?P<said>.+)$")


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    kind: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page; directives of the site (`{include}` and the like) are none."""
    text = page.read_text("utf-8")
    found = []
    for match in BLOCK.finditer(text):
        if not match[1].startswith("{"):
            found.append(Block(page.name, text.count("\n", 0, match.start()) + 1, match[1], match[2]))
    return found


def binding(text: str | None) -> dict[str, str]:
    return dict(one.split("=", 1) for one in (text or "").split(", ") if one)


def file_name(block: Block) -> str | None:
    """The name that a block gives itself in its first line."""
    found = re.match(r"# ([\w.]+\.(?:lrs|yaml|toml))\b", block.text)
    return found[1] if found else None


# --- texts ------------------------------------------------------------------------------------------------------------


def texts(block: Block) -> Iterator[tuple[str, list[tuple[dict[str, str], str]]]]:
    """The texts of a block, each with what is claimed of it: bindings, and statements."""
    lines: list[str] = []
    claims: list[tuple[dict[str, str], str]] = []
    for line in block.text.splitlines():
        claim = CLAIM.match(line)
        if claim is None and claims:
            yield "\n".join(lines), claims
            lines, claims = [], []
        if claim is None:
            lines.append(line)
        else:
            claims.append((binding(claim["bound"]), claim["said"]))
    if claims or "".join(lines).strip():
        yield "\n".join(lines), claims


def check_text(text: str, claims: list[tuple[dict[str, str], str]]) -> None:
    if not claims:
        assert not lrdsl.compile(text).missing
    for bound, said in claims:
        base = float(bound.pop("base")) if "base" in bound else None
        schedule = lrdsl.compile(text, **bound)
        for item in said.split(" · "):
            check_item(schedule, item, base, bound)


def check_item(schedule: lrdsl.Schedule, item: str, base: float | None, bound: dict[str, str]) -> None:
    words = item.split()
    match words:
        case ["length", length]:
            assert schedule.length == moment(length), f"length {schedule.length}"
        case ["endless"]:
            assert schedule.length is None
        case ["clock", clock]:
            assert schedule.clock == clock
        case ["relative", "to", "base"]:
            assert schedule.relation == "relative"
        case ["jump", "at", time]:
            assert f"at {schedule.clock[:-1]} {time}" in " ".join(str(note) for note in schedule.notes(base))
        case ["no", "jump"]:
            assert "jump" not in [note.name for note in schedule.notes(base)]
        case ["same", "as", *_]:
            other = lrdsl.compile(item.removeprefix("same as ").strip("`"), **bound)
            assert other.length == schedule.length
            end = float(schedule.length or 1000)
            for index in range(11):
                assert other(end * index / 10, base) == schedule(end * index / 10, base)
        case [*head, value, "at", time]:
            found = output(schedule, "".join(head))(float(moment(time)), base)
            assert float(f"{found:.6g}") == float(value), f"{found:.6g} at {time}, not {value}"
        case _:
            raise AssertionError(f"what is `{item}`?")


def output(schedule: lrdsl.Schedule, name: str) -> Callable[..., Any]:
    """`weight_decay` is an output, `lr["head.bias"]` an output as a group sees it, nothing the lr."""
    found = re.fullmatch(r'(\w*)(?:\["(.*)"\])?', name)
    assert found is not None, name
    seen = schedule.group(found[2]) if found[2] is not None else schedule
    return seen[found[1] or "lr"]


def moment(text: str) -> Fraction:
    text = text.replace("_", "")
    return Fraction(text[:-1]) * MAGNITUDES[text[-1]] if text[-1] in MAGNITUDES else Fraction(text)


def message(block: Block) -> str:
    """What lrdsl says of a text that is refused or lacks something."""
    lines = block.text.rstrip("\n").split("\n")
    bound = re.fullmatch(r"# with (.+)", lines[-1])
    text = "\n".join(lines[:-1] if bound else lines)
    try:
        schedule = lrdsl.compiled(text, "run.lrs", tuple(sorted(binding(bound[1] if bound else None).items())))
    except lrdsl.ScheduleError as error:
        return str(error)
    found = schedule.missing or tuple(schedule.notes())
    assert found, f"{block.name}: nothing is wrong with this"
    return "\n\n".join(str(problem) for problem in found)


# --- commands and Python ----------------------------------------------------------------------------------------------


def commands(block: Block) -> list[tuple[str, str]]:
    """The commands of a block and what each prints."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return [(command, tidy("\n".join(lines))) for command, lines in found]


def tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def printed(command: str) -> tuple[str, int]:
    """What a command prints, on both streams, and its exit code."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    argv = shlex.split(command)
    if argv[0] == "cat":
        return tidy(Path(argv[1]).read_text("utf-8")), 0
    assert argv[0] == "lrdsl", command
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        try:
            code = main(argv[1:])
        except SystemExit as stop:
            code = int(stop.code or 0)
    stream.seek(0)
    return tidy(stream.read()), code


def run_doctest(block: Block, names: dict[str, object]) -> str:
    """What differs between a Python block and what it does; empty where nothing does."""
    test = doctest.DocTestParser().get_doctest(block.text, names, block.name, block.page, block.line)
    assert test.examples, f"{block.name} has no prompt"
    report = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.write, clear_globs=False)
    names.update(test.globs)
    return report.getvalue()
