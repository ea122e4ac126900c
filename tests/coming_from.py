"""Reads the tables of the pages docs/coming-from-*.md and runs them: what a page says replaces a scheduler does replace it.

A table is run where its header ends with the column `the same`. It has three columns, and each row is one scheduler:

    | torch                                              | lrdsl                  | the same                             |
    |----------------------------------------------------|------------------------|--------------------------------------|
    | `CosineAnnealingLR(optimizer, 100, eta_min=1e-3)`  | `cosine(100, to=1e-3)` | to 100, then torch's rises again     |
    | `StepLR(optimizer, 30)`                            | `drop(factor=0.1, per=30)` | always                           |
    | `ReduceLROnPlateau(optimizer)`                     |                        | no: it follows a measured value      |

The first cell is a Python expression, in backquotes: the library's own call. A page's test evaluates it with the real library.
The second is the text, in backquotes; of a text of several lines each line has its own, with `<br>` between them. It is empty
where there is no text. The third says until when the two are the same, and what is to be known of the row:

    always          at every step, however long the run is
    to 100          up to step 100 and with it, as `Said.until`
    by hand: always, by hand: to 100
                    the translator refuses it with E409, but the text that somebody wrote for it is the same
    no              the translator refuses it with E409, for the reason that follows

For each row the test of a page does three things: `said` gives what the translator makes of the same call, which must be that text
and that `until`, letter for letter; `agree` holds the values of the stepped library and of the text side by side; and `names` is
what the page names, which must be all that the library has.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrdsl
from lrdsl.translator import Said

DOCS = Path(__file__).resolve().parent.parent / "docs"
TABLE = re.compile(r"^\|[^\n]*\| *the same *\|\n\|[-| :]+\|\n((?:\|[^\n]*\|\n?)+)", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
SAME = re.compile(r"(?P<hand>by hand: )?(?:(?P<always>always)\b|to (?P<until>[\d_]+)\b)|(?P<no>no)\b")


@dataclass(frozen=True)
class Row:
    page: str
    line: int
    theirs: str
    text: str | None
    until: int | None
    remark: str

    @property
    def refused(self) -> bool:
        """Whether a translator says nothing of it."""
        return self.text is None or self.remark.startswith("by hand")

    @property
    def name(self) -> str:
        """The scheduler's name: the function that is called, without the modules it is in."""
        match ast.parse(self.theirs, mode="eval").body:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name
        raise AssertionError(f"{self.page}:{self.line} is no call: {self.theirs}")

    @property
    def steps(self) -> int:
        """As many steps as there is something to compare: past the end of what ends, and some periods of what does not."""
        if self.until is not None:
            return self.until
        length = lrdsl.compile(self.text or "").length
        return 1000 if length is None else min(2 * int(length) + 10, 30_000)


def rows(page: str) -> list[Row]:
    """The rows of all tables of a page that are run."""
    text = (DOCS / page).read_text("utf-8")
    found = []
    for table in TABLE.finditer(text):
        first = text.count("\n", 0, table.start(1)) + 1
        for number, line in enumerate(table[1].splitlines()):
            found.append(row(page, first + number, line))
    assert found, f"{page} has no table with the column `the same`"
    return found


def row(page: str, line: int, source: str) -> Row:
    cells = [cell.strip() for cell in source.strip().strip("|").split("|")]
    assert len(cells) == 3, f"{page}:{line} has {len(cells)} cells"
    theirs, text, remark = cells
    same = SAME.match(remark)
    assert same is not None, f"{page}:{line} begins neither with `always`, `to N` nor `no`: {remark}"
    assert (same["no"] is None) == bool(text), f"{page}:{line}: a text and `no`, or neither"
    shown = "\n".join(CODE.findall(text)) or None
    return Row(page, line, "".join(CODE.findall(theirs)), shown, int(same["until"]) if same["until"] else None, remark)


def params(page: str) -> list[Any]:
    """The rows of a page for `pytest.mark.parametrize`."""
    return [pytest.param(one, id=f"{one.line}-{one.name}") for one in rows(page)]


def names(page: str) -> set[str]:
    """What a page says something about."""
    return {one.name for one in rows(page)}


def arguments(
    theirs: str, known: Mapping[str, Any], without: Sequence[str] = ("optimizer",)
) -> tuple[list[Any], dict[str, Any]]:
    """What a call is given, evaluated with the names that are known, without the arguments that only pass something on."""
    call = ast.parse(theirs, mode="eval").body
    assert isinstance(call, ast.Call), theirs

    def value(node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "<page>", "eval"), dict(known))

    skipped = [isinstance(node, ast.Name) and node.id in without for node in call.args]
    args = [value(node) for node, skip in zip(call.args, skipped, strict=True) if not skip]
    return args, {one.arg: value(one.value) for one in call.keywords if one.arg}


def said(one: Row, schedulers: Mapping[str, Callable[..., Said]], known: Mapping[str, Any] | None = None) -> Said:
    """What a translator makes of the call of a row."""
    args, named = arguments(one.theirs, known or {})
    return schedulers[one.name](*args, **named)


def check_said(one: Row, translate: Callable[[Row], Said]) -> None:
    """The translator gives just the text of a row, or refuses what has none, with a reason."""
    if one.refused:
        with pytest.raises(lrdsl.ScheduleError) as caught:
            translate(one)
        assert [problem.code for problem in caught.value.problems] == ["E409"]
        return
    found = translate(one)
    assert (found.text, found.until) == (one.text, one.until), f"{one.page}:{one.line}"


def agree(
    text: str,
    theirs: Mapping[str, Sequence[float]],
    base: float | Mapping[str, float] | None = None,
    within: float = 1e-12,
    note: object = "",
    **bound: Any,
) -> None:
    """The outputs of a text are the stepped values of a library from step 0 on, to a share of the largest of them."""
    schedule = lrdsl.compile(text, **bound)
    assert set(schedule.outputs) == set(theirs), f"{text!r} {note}"
    for output, values in theirs.items():
        expected = np.asarray(values, np.float64)
        ours = schedule[output](np.arange(len(expected)), base)
        away = np.abs(ours - expected)
        worst = int(np.argmax(away))
        assert away[worst] <= within * np.max(np.abs(expected)), (
            f"{text!r} {note}: {output} at {worst} is {ours[worst]!r}, the library has {expected[worst]!r}"
        )


def draws(count: int, seed: int) -> Iterator[tuple[int, np.random.Generator]]:
    """Generators for drawn parameters; the number goes into the message of what fails."""
    for number in range(count):
        yield number, np.random.default_rng([seed, number])
