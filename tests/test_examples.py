"""Every example compiles, and the real runs train."""

from __future__ import annotations

import os
import re
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


def output_of(name: str) -> str:
    """What an example prints; nothing of it differs from run to run."""
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    env = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    return subprocess.run([sys.executable, EXAMPLES / name], env=env, capture_output=True, text=True, check=True).stdout


def test_the_groups_run_gives_every_parameter_what_the_text_says_of_its_name() -> None:
    lines = output_of("groups.py").splitlines()
    shown = {(int(line.split()[0]), line.split()[3]): line.split()[1:3] for line in lines if re.match(r" +\d+ ", line)}
    table = lrdsl.load(EXAMPLES / "groups.lrs")
    trunk = lrdsl.compile("warmup(10%, to=2e-3) then cosine(to=5%)", total=240)

    assert lines[0].split() == ["group", "parameters", "numbers", "lr", "weight_decay"]
    assert sum(line.startswith("encoder.layers.") for line in lines) == 18
    assert len(shown) == 25
    for (step, name), (lr, decay) in shown.items():
        layer = re.search(r"layers\.(\d)", name)
        factor = 10.0 if name.startswith("head") else 0.75 ** (2 - int(layer[1])) if layer else 1.0
        if name.endswith("bias") and step < 24:
            expected = (5 - 4 * step / 24) * 2e-3 * factor  # a warmup that falls
        else:
            expected = trunk(step) * factor
        assert float(lr) == pytest.approx(expected, rel=5e-3)
        assert float(decay) == pytest.approx(0.0 if "bias" in name else table["weight_decay"](step), rel=5e-3)
    first, last = map(float, re.findall(r"loss (\S+) -> ([\d.]+);", lines[-1])[0])
    assert last < first / 4


def test_the_tokens_run_is_the_same_straight_on_and_taken_up() -> None:
    lines = output_of("tokens.py").splitlines()
    schedule = lrdsl.load(EXAMPLES / "tokens.lrs")
    rows = [line.split() for line in lines if len(line.split()) == 5 and line.split()[0].isdigit()]

    assert lines[0] == schedule.summary
    assert re.fullmatch(r"saved and taken up at token \S+, update \d+", lines[1])
    assert {int(row[2]) for row in rows} == {8, 16, 32}
    for _, tokens, batch, lr, _ in rows:
        assert float(lr) == pytest.approx(schedule(int(tokens)), rel=1e-3)
        assert int(batch) == schedule["batch_size"](int(tokens))
    first, last = map(float, re.findall(r"loss (\S+) -> (\S+)$", lines[-1])[0])
    assert last < first / 2
