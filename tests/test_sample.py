"""`lrdsl sample`: the values of a schedule as data."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

import lrdsl
from lrdsl.cli import main

TEXT = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


def rows(out: str) -> list[list[str]]:
    return [line.split(",") for line in out.splitlines()]


def test_csv_is_read_back_bit_for_bit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", TEXT, "--every", "1k", "--until", "80k"]) == 0
    head, *values = rows(capsys.readouterr().out)

    assert head == ["step", "lr"]
    assert [int(time) for time, _ in values] == list(range(0, 80_001, 1000))
    schedule = lrdsl.compile(TEXT)
    assert [float(value) for _, value in values] == [schedule(1000 * i) for i in range(81)]


def test_times_are_those_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", TEXT, "--at", "0,1k, 2_500.5,1.5k"]) == 0
    assert [time for time, _ in rows(capsys.readouterr().out)[1:]] == ["0", "1000", "2500.5", "1500"]
    assert main(["sample", TEXT, "--at", "0,1k,2k", "--until", "1k"]) == 0
    assert [time for time, _ in rows(capsys.readouterr().out)[1:]] == ["0", "1000"]


def test_without_times_there_are_101_over_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "warmup(10%) then cosine", "--total", "1234"]) == 0
    values = rows(capsys.readouterr().out)[1:]
    assert (len(values), values[0], values[-1]) == (101, ["0", "0.0"], ["1234", "0.0"])
    assert float(values[50][0]) == 617
    assert main(["sample", TEXT]) == 0
    assert float(rows(capsys.readouterr().out)[-1][0]) > 70_000


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", TEXT, "--at", "500,1k", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "clock": "steps",
        "times": [500, 1000],
        "outputs": {"lr": [0.0005, 0.001]},
    }


def test_npy_has_the_columns_of_csv(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    out = tmp_path / "lr.npy"
    assert main(["sample", TEXT, "--at", "500,1k", "-o", str(out)]) == 0
    found = np.load(out)
    assert (found.dtype, found.tolist()) == (np.float64, [[500.0, 0.0005], [1000.0, 0.001]])
    assert capsysbinary.readouterr().err == f"wrote {out}\n".encode()
    assert main(["sample", TEXT, "--at", "500,1k", "--format", "npy"]) == 0
    assert np.load(io.BytesIO(capsysbinary.readouterr().out)).tolist() == found.tolist()


def test_base_is_put_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "warmup(10) then hold", "--at", "5", "--base", "3e-4"]) == 0
    assert rows(capsys.readouterr().out)[1] == ["5", "0.00015"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--at", "soon"], 2, "`soon` is no number"),
        (["--at", "0,,1"], 2, "is no number"),
        (["--at", "1", "--every", "2"], 2, "not allowed with"),
        (["--every", "0"], 2, "above 0"),
        (["--every", "1e-9"], 2, "at most 10_000_000"),
        (["--until", "-1"], 2, "from 0"),
        (["--format", "xml"], 2, "invalid choice"),
        (["-o", "/nowhere/lr.csv"], 2, "cannot write"),
        ([TEXT], 2, "one text at a time"),
        (["--set", "peak=5"], 1, "E209"),
    ],
)
def test_what_is_refused(arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", TEXT, *arguments]) == code
    assert said in capsys.readouterr().err


def test_npy_does_not_go_to_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["sample", TEXT, "--format", "npy"]) == 2
    assert "no text for a terminal" in capsys.readouterr().err
