"""`lrdsl fmt`: files rewritten whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from lrdsl.cli import main

UGLY = "# head\nparam a=1e-3   # behind\nlet trunk=warmup( 10,to=a )then hold\n\n\nlr=trunk"
FORMED = "# head\nparam a     = 1e-3                        # behind\nlet   trunk = warmup(10, to=a) then hold\n\nlr = trunk\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.lrs"
    path.write_text(UGLY, "utf-8", newline="")
    return path


def test_a_file_is_rewritten_once(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.chmod(0o640)
    assert main(["fmt", str(path)]) == 0
    assert path.read_bytes().decode() == FORMED
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert capsys.readouterr() == ("", f"formatted {path}\n")
    before = path.stat().st_mtime_ns
    assert main(["fmt", str(path)]) == 0
    assert path.stat().st_mtime_ns == before
    assert capsys.readouterr() == ("", "")
    assert os.listdir(path.parent) == ["a.lrs"]


def test_check_names_what_would_change_and_changes_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fine = path.with_name("b.lrs")
    fine.write_text("lr = 1\n", "utf-8")

    assert main(["fmt", "--check", str(path), str(fine)]) == 1
    assert capsys.readouterr() == ("", f"would format {path}\n")
    assert main(["fmt", "--check", str(fine)]) == 0
    assert path.read_text("utf-8") == UGLY


def test_diff_shows_what_would_change_and_changes_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--diff", str(path)]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"--- {path}\n+++ {path}\n@@ ")
    assert "-lr=trunk\n\\ No newline at end of file\n+lr = trunk\n" in said.out
    assert path.read_text("utf-8") == UGLY
    assert main(["fmt", "--diff", "--check", str(path)]) == 1
    assert capsys.readouterr().err == f"would format {path}\n"


def test_texts_and_stdin_are_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    assert main(["fmt", "-e", "lr=1"]) == 0
    assert main(["fmt", "warmup( 10 ) then hold"]) == 0
    assert capsys.readouterr().out == "lr = 1\nwarmup(10) then hold\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("lr=1 # é".encode())))
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr().out == "lr = 1  # é\n"
    assert main(["fmt", "--check", "-e", "lr=1"]) == 1
    assert capsys.readouterr() == ("", "would format <command line>\n")


def test_a_text_that_cannot_be_read_stays(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = path.with_name("b.lrs")
    other.write_text("lr = warmup(10 then hold\nlet a = nothing", "utf-8")

    assert main(["fmt", str(other), str(path)]) == 1
    said = capsys.readouterr()
    assert f"error[E102]: `(` is never closed\n --> {other}:1:12" in said.err
    assert "E201" not in said.err  # names are no business of the printer
    assert other.read_text("utf-8") == "lr = warmup(10 then hold\nlet a = nothing"
    assert path.read_text("utf-8") == FORMED
    other.write_bytes(b"lr = \xff")
    assert main(["fmt", str(other)]) == 1
    assert "E109" in capsys.readouterr().err


def test_names_that_are_wrong_are_formatted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "-e", "lr=nothing ( 5,x=1 )"]) == 0
    assert capsys.readouterr().out == "lr = nothing(5, x=1)\n"


def test_line_breaks_and_links_stay_what_they_are(path: Path) -> None:
    path.write_bytes(b"lr=1\r\nlet a=2\r\n")
    link = path.with_name("link.lrs")
    link.symlink_to(path)

    assert main(["fmt", str(link)]) == 0
    assert path.read_bytes() == b"lr = 1\r\nlet a = 2\r\n"
    assert link.is_symlink()
    assert main(["fmt", "--check", str(path)]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fmt"], "nothing to fmt"),
        (["fmt", "nowhere.lrs"], "cannot read nowhere.lrs"),
        (["fmt", "conf.yaml:train.lr"], "not a part of another file"),
        (["fmt", "conf.toml"], "not a part of another file"),
        (["fmt", "--total", "5", "a.lrs"], "no option --total"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_the_examples_are_formatted(root: Path) -> None:
    assert main(["fmt", "--check", *map(str, sorted((root / "examples").glob("*.lrs")))]) == 0
