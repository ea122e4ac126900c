"""What two texts do differently: golden files, and against values."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from reference import show
from strategies import schedules

import lrdsl
from lrdsl.cli import main
from lrdsl.comparison import difference

pytestmark = pytest.mark.long

GOLDEN = sorted((Path(__file__).parent / "golden" / "diff").glob("*.md"))


def read(path: Path) -> tuple[str, str, str, dict[str, str], dict[str, str]]:
    text = path.read_text("utf-8")

    def section(name: str) -> str:
        found = re.search(rf"## {name}\n\n~~~\n(.*?)\n~~~", text, re.DOTALL)
        assert found is not None, f"{path.name} has no {name}"
        return found.group(1)

    def bound(name: str) -> dict[str, str]:
        found = re.search(rf"## {name}\n\n(.*?)\n\n", text, re.DOTALL)
        return dict(line.split(" = ") for line in found.group(1).splitlines()) if found else {}

    return text.splitlines()[0], section("A"), section("B"), bound("BINDINGS"), bound("OF THE SECOND")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_difference_is_told_as_the_golden_file_says(
    path: Path, update_golden: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    _, first, second, both, other = read(path)
    settings_ = [word for name, value in both.items() for word in ("--set", f"{name}={value}")]
    settings_ += [word for name, value in other.items() for word in ("--with", f"{name}={value}")]
    code = main(["diff", "-e", first, "-e", second, *settings_, "--color", "never"])
    told = capsys.readouterr().out
    head = path.read_text("utf-8").split("\n## SAID")[0].rstrip("\n")
    found = f"{head}\n\n## SAID, exit {code}\n\n~~~\n{told.rstrip()}\n~~~\n"
    if update_golden:
        path.write_text(found, "utf-8")

    assert found == path.read_text("utf-8")


def test_there_are_golden_files() -> None:
    assert len(GOLDEN) >= 10


def pair(first: str, second: str, **bound: object) -> tuple[lrdsl.Schedule, lrdsl.Schedule]:
    return lrdsl.compile(first, **bound), lrdsl.compile(second, **bound)


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))  # shrinking takes many minutes
@given(schedules(), schedules(), st.sampled_from([0, 7, 100]))
def test_stretches_and_gaps_agree_with_dense_values(
    one: tuple[object, Fraction | None], two: tuple[object, Fraction | None], at: int
) -> None:
    try:
        first = lrdsl.compile(show(one[0]), total=None if one[1] is None else str(one[1]))
        second = lrdsl.compile(show(two[0]), total=None if two[1] is None else str(two[1]))
        found = difference(first, second, at=at, base=1.0)
    except lrdsl.ScheduleError:
        return
    part = found.outputs[0].comparison
    note(f"{first.text}\n{first.bindings}\n--\n{second.text}\n{second.bindings}\n{part}")
    times = at + np.unique(np.concatenate([np.linspace(0, 300, 1501), np.geomspace(1, 1e7, 500)]))
    a, b = first(times, 1.0), second(times, 1.0)
    slack = 1e-9 * max(np.abs(a).max(), np.abs(b).max())
    assert np.abs(b - a).max() <= part.bound + slack
    for stretch in part.stretches:
        end = np.inf if stretch.end is None else float(stretch.end)
        inside = (times >= float(stretch.begin)) & (times < end)
        gap = (b - a)[inside]
        if not stretch.shown or not gap.size:
            continue
        if stretch.kind == "same":
            assert np.abs(gap).max() <= slack
        elif stretch.kind == "lower":
            assert gap.max() <= slack
        else:
            assert gap.min() >= -slack
    if part.largest is not None:
        assert abs(part.largest.size) <= part.bound + slack
        exact = [s.left(part.largest.time, 1.0) if part.largest.side == "left" else s.exactly(part.largest.time, 1.0)
                 for s in (first, second)]  # fmt: skip
        assert exact == [part.largest.first, part.largest.second]


@pytest.mark.parametrize("text", ["warmup(10, to=1) then cosine(90)", "repeat(cosine(7, from=1), factor=0.9)", "0.1"])
def test_a_schedule_is_the_same_as_itself_for_all_times(text: str) -> None:
    one, two = pair(text, f"lr = ({text})")

    assert one.diff(two).same is True
    assert one.diff(two).words.endswith("the same for all times")


def test_from_a_time_on_what_was_before_does_not_count() -> None:
    one, two = pair("warmup(10, to=1) then hold(90)", "warmup(20, to=1) then hold(80)")

    assert one.diff(two).same is False
    assert one.diff(two, at=20).same is True
    assert one.diff(two, at=20).words == "lr from 20 on: the same for all times"


def test_what_cannot_be_compared_is_said() -> None:
    steps, tokens = lrdsl.compile("cosine(100, from=1)"), lrdsl.compile("cosine(100 tokens, from=1)")
    with pytest.raises(lrdsl.ScheduleError, match="counts steps and B counts tokens"):
        steps.diff(tokens)
    with pytest.raises(lrdsl.ScheduleError, match="relative to base and the other is not"):
        steps.diff("cosine(100)")
    assert lrdsl.compile("cosine(100)").diff("cosine(100, from=3e-4)", base=3e-4).same is True
    with pytest.raises(lrdsl.ScheduleError, match="how long is the run"):
        steps.diff("warmup(10) then cosine")


def test_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    old, new = tmp_path / "old.lrs", tmp_path / "new.lrs"
    old.write_text("warmup(10, to=1) then hold\n", "utf-8")
    new.write_text("warmup(10, to=1) then hold\n", "utf-8")
    assert main(["diff", str(old), str(new)]) == 0
    assert "the same for all times" in capsys.readouterr().out

    new.write_text("warmup(10, to=1) then exp(k=0.1)\n", "utf-8")
    assert main(["diff", str(old), str(new), "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["same"] is False
    assert data["names"] == [str(old), str(new)]
    assert data["outputs"]["lr"]["stretches"][0] == {"begin": 0, "end": 10, "kind": "same", "shown": True}

    picture = tmp_path / "both.svg"
    assert main(["diff", str(old), str(new), "-o", str(picture)]) == 1
    assert picture.read_text("utf-8").count("<svg") == 1
    capsys.readouterr()

    assert main(["diff", str(old)]) == 2
    assert "--with NAME=VALUE" in capsys.readouterr().err
    assert main(["diff", str(old), "--with", "peak"]) == 2
    assert main(["diff", str(old), "--with", "total=10", "--with", "total=20"]) == 2
    assert "given twice" in capsys.readouterr().err
    assert main(["diff", str(old), str(new), "-o", str(tmp_path / "both.gif")]) == 2
    assert "a picture is written as" in capsys.readouterr().err
    assert main(["diff", str(tmp_path / "none.lrs"), str(new)]) == 2
