"""Formatting changes no meaning: the timelines of a text and of its canonical form are equal, node for node."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import show as written
from strategies_files import Asked, files

import lrdsl
from lrdsl.parser import parse
from lrdsl.printer import show
from lrdsl.source import Source

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*(ROOT / "examples").rglob("*.lrs")])
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*.md"))


def formatted(text: str) -> str:
    return show(parse(Source(text)).file)


def meaning(schedule: lrdsl.Schedule) -> object:
    """Every output as its closed forms over exact time, with its levels, its length and the clock."""
    plans = {
        output.name: (repr(output.timeline.chain), output.timeline.rows, output.length) for output in schedule.plain
    }
    return schedule.clock, dict(schedule.rates), plans, schedule.patterns


def same(text: str, bindings: dict[str, Any] | None = None, groups: tuple[str, ...] = ()) -> bool:
    """Whether a text means something at all; where it does, its canonical form means the same."""
    bound = bindings or {}
    try:
        first = lrdsl.compile(text, **bound)
        seen = [first, *(first.group(name) for name in groups)]
    except lrdsl.ScheduleError:
        return False
    if first.missing:
        return False
    canonical = formatted(text)
    second = lrdsl.compile(canonical, **bound)
    assert second == first
    assert [meaning(one) for one in (second, *(second.group(name) for name in groups))] == [
        meaning(one) for one in seen
    ]
    assert formatted(canonical) == canonical
    return True


def test_there_are_files() -> None:
    assert len(FILES) > 70
    assert len(GOLDEN) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_means_the_same_when_formatted(path: Path) -> None:
    assert same(path.read_text("utf-8"))


def test_golden_texts_mean_the_same_when_formatted() -> None:
    count = 0
    for path in GOLDEN:
        found = re.search(r"## SOURCE\n\n~~~\n(.*?)\n~~~", path.read_text("utf-8"), re.DOTALL)
        assert found is not None
        count += same(found.group(1))
    assert count > 15


def test_the_texts_of_the_law_mean_the_same_when_formatted() -> None:
    lines = (ROOT / "tests" / "data" / "cases.jsonl").read_text("utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if "values" in case]
    assert len(cases) > 280
    for case in cases:
        assert same(case["text"], case.get("bind")), case["text"]


@settings(max_examples=max(settings().max_examples // 2, 30))
@given(files(), st.sampled_from(("", "  ", "\t", "\n   ", "  # said here\n")), st.booleans())
def test_drawn_files_mean_the_same_whatever_their_layout(asked: Asked, gap: str, above: bool) -> None:
    text = re.sub(r" (then|floor|cap|until) ", lambda found: f" {gap}{found.group(1)} ", written(asked.file))
    if above:
        text = "\n\n# above\n" + text.replace("\n", "\n\n\n")
    same(text, asked.bindings, asked.groups)
