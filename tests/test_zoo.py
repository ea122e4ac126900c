"""Every published run in examples/zoo is whole, names its source, and carries numbers that are really decided.

In: the files. Out: that each compiles with nothing left open, for its variants too, is formatted, has the head that docs/zoo.py
reads, and fails to compile as soon as one published number is moved by 2 %. Refuses to know what the numbers are.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import lrdsl

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
RUNS = sorted((ROOT / "examples" / "zoo").glob("*.lrs"))
CLAIM = re.compile(r"^(assert \w+ at .*? (==|<=|>=) )(.*)$", re.MULTILINE)
every_run = pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)


@pytest.fixture(scope="session")
def page() -> ModuleType:
    """docs/zoo.py, which reads the heads."""
    spec = importlib.util.spec_from_file_location("zoo_page", ROOT / "docs" / "zoo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_page"] = module
    spec.loader.exec_module(module)
    return module


def test_there_are_many_runs() -> None:
    assert len(RUNS) > 50


@every_run
def test_a_run_is_whole(path: Path) -> None:
    schedule = lrdsl.load(path)
    assert not schedule.missing
    assert all(schedule[name](0) >= 0 for name in schedule.outputs)


@every_run
def test_a_run_says_where_it_comes_from(path: Path, page: ModuleType) -> None:
    run = page.read(path)
    assert run.title
    assert run.field in page.FIELDS
    assert len(run.source) > 5
    # What is known only from hearsay is said to be so.
    assert re.search(r"read|secondary|from memory", run.numbers)
    assert run.numbers.endswith(".")


@every_run
def test_a_run_is_formatted(path: Path) -> None:
    text = path.read_text()
    assert str(lrdsl.compile(text)) == text


@every_run
def test_a_variant_of_a_run_compiles_and_is_another_run(path: Path, page: ModuleType) -> None:
    times = np.concatenate([np.arange(1000.0), np.linspace(0.0, 1e6, 1001)])
    plain = lrdsl.load(path)(times)
    for values in page.read(path).variants.values():
        # The claims of the file are spoken of it too.
        assert (lrdsl.load(path, **values)(times) != plain).any()


@every_run
def test_a_number_moved_by_two_percent_is_noticed(path: Path) -> None:
    text = path.read_text()
    claims = list(CLAIM.finditer(text))
    assert len(claims) == text.count("\nassert ")
    assert len(claims) >= 2
    for claim in claims:
        head, sign, value = claim.groups()
        if value == "0":
            moved = "1e-9"
        else:
            moved = f"{'0.98' if sign == '<=' else '1.02'} * ({value})"
        wrong = text[: claim.start()] + head + moved + text[claim.end() :]
        with pytest.raises(lrdsl.ScheduleError) as caught:
            lrdsl.compile(wrong)
        assert {problem.code for problem in caught.value.problems} == {"E346"}


def test_the_page_is_made_from_the_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = ["bert", "sgdr", "power"]
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "zoo.py", "--out", tmp_path, *names],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "3 runs" in done.stdout
    assert sorted(file.name for file in (tmp_path / "zoo").iterdir()) == ["bert.svg", "power.svg", "sgdr.svg"]
    table = (tmp_path / "zoo.md").read_text()
    assert "`warmup(10k, to=peak) then linear(from=peak) skip 10k`" in table
    assert "(zoo/bert.svg)" in table
