"""Every example compiles, and the real run trains."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lrdsl

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TEXTS = sorted(EXAMPLES.rglob("*.lrs"))


def test_there_are_examples() -> None:
    assert TEXTS


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_an_example_compiles(path: Path) -> None:
    assert lrdsl.load(path)(0) >= 0


def test_the_digits_run_trains_stops_and_goes_on_in_a_new_process(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    env = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        [sys.executable, EXAMPLES / "digits.py", "--out", tmp_path], env=env, capture_output=True, text=True, check=True
    )

    assert "going on in a new process" in done.stdout
    assert float(done.stdout.splitlines()[-1].split("%")[0]) > 95
    assert (tmp_path / "digits.png").stat().st_size > 10_000
    schedule = lrdsl.load(EXAMPLES / "flagship.lrs")
    rows = [line.split() for line in done.stdout.splitlines() if line.split()[0].isdigit() and len(line.split()) == 4]
    assert len(rows) == 11
    for step, body, head, value in rows:
        assert float(body) == float(value) == pytest.approx(schedule(int(step)), rel=1e-5)
        assert float(head) == pytest.approx(schedule(int(step)) / 2, rel=1e-5)
