"""The command line, as whole processes and in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lrdsl.cli import main

ROOT = Path(__file__).resolve().parent.parent
FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


def run(*arguments: str, stdin: str | bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **environment}
    return subprocess.run(
        [sys.executable, "-m", "lrdsl", *arguments], input=data, capture_output=True, env=env, check=False
    )


def test_check_ends_with_the_schedule_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", FLAGSHIP]) == 0
    said = capsys.readouterr()

    assert said.out == "lr 1e-6 -> 1e-3 at 1k -> 1e-6 at 70_078, then 1e-6 · steps\n"
    assert said.err == ""


def test_problems_go_to_stderr_and_exit_with_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "gpt.lrs"
    path.write_text("warmup(1000) then exp(max=1e-3, kk=1e-4)\n", "utf-8")

    assert main(["check", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{path}:1:33" in said.err
    assert "= help: did you mean `k`?" in said.err
    assert main(["check", str(path), "--output-format", "concise"]) == 1
    assert capsys.readouterr().err == f"{path}:1:33: E203 `exp` has no argument `kk`\n"
    assert main(["plot", str(path)]) == 1
    assert main(["compile", str(path)]) == 1


def test_jumps_are_notes_and_strict_makes_them_count(capsys: pytest.CaptureFixture[str]) -> None:
    text = "1 for 5 then 0.5 for 5 then 1 for 5"

    assert main(["check", text]) == 0
    said = capsys.readouterr()
    assert "note[N501]: jumps from 1 to 0.5 at step 5" in said.err
    assert "note[N501]: jumps from 0.5 to 1 at step 10" in said.err
    assert "<command line>:1:29" in said.err
    assert main(["check", "--strict", text]) == 1


def test_what_is_undecided_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    # 1.000001 + sin(2t), which intervals cannot see: the two factors are bounded each by itself, over 10^18 steps.
    assert main(["check", "1.000001 + 2*sin(t)*cos(t)"]) == 0
    assert "note[N502]: undecided: whether `lr` stays finite and not negative" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plto", "x"], "did you mean `lrdsl plot`?"),
        (["lint", "x"], "did you mean `lrdsl check`?"),
        (["explain", "x"], "not yet"),
        (["warmup(10) then hold"], 'lrdsl plot "warmup(10) then hold"'),
        (["gpt.lrs"], "lrdsl plot gpt.lrs"),
        (["check", "nowhere.lrs"], "cannot read nowhere.lrs"),
        (["check"], "nothing to check"),
        (["check", FLAGSHIP, "--set", "peak"], "name=value"),
        (["check", FLAGSHIP, "--total-steps", "5"], "--total"),
        (["compile", FLAGSHIP, FLAGSHIP], "one text at a time"),
        (["compile", FLAGSHIP, "-o", "/nowhere/x.py"], "cannot write"),
        (["plot", FLAGSHIP, "-o", "x.gif"], "gif"),
        (["plot", FLAGSHIP, "--until", "soon"], "no number"),
        (["plot", FLAGSHIP, "--until", "0"], "after 0"),
        (["curves", "cosin"], "did you mean `cosine`?"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_the_right_one(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_texts_come_from_files_arguments_and_stdin() -> None:
    assert run("check", "-", stdin=FLAGSHIP).returncode == 0
    assert run("check", "-e", "3e-4").stdout.decode().startswith("lr 3e-4")
    assert run("check", str(ROOT / "examples" / "flagship.lrs")).returncode == 0
    both = run("check", "-e", "3e-4", "-e", "warmup(10) then hold", FLAGSHIP)
    assert len(both.stdout.decode().splitlines()) == 3
    bad = run("check", "-", stdin=b"warmup(10) then h\xffld")
    assert bad.returncode == 1
    assert b"E109" in bad.stderr


def test_settings_win_over_the_text() -> None:
    text = "param peak = 3e-4\nwarmup(10%, to=peak) then cosine"
    done = run("check", "-e", text, "--set", "peak=6e-4", "--total", "100k")

    assert done.stdout.decode() == "lr 0 -> 6e-4 at 10k -> 0 at 100k, then 0 · steps · total 100k\n"
    assert run("check", "-e", text).returncode == 1
    assert run("check", "-e", text, "--total", "1k", "--set", "foo=1").returncode == 1


def test_the_front_door() -> None:
    done = run("plot", "warmup(10) then cosine")

    assert done.returncode == 1
    assert "how long is the run?" in done.stderr.decode()
    assert "--total 100k" in done.stderr.decode()
    assert run("plot", "warmup(10) then cosine", "--total", "1k").returncode == 0


def test_a_module_is_written(tmp_path: Path) -> None:
    for target in ("numpy", "python"):
        out = tmp_path / f"{target}_lr.py"
        assert run("compile", FLAGSHIP, "-o", str(out), "--target", target).returncode == 0
        code = (
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {target}_lr as m; print(m.lr(500), m.lr(1000))"
        )
        assert (
            subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
            == "0.0005 0.001\n"
        )
    assert run("compile", FLAGSHIP).stdout.decode().startswith('"""lr as a function of time in steps')


def test_a_picture_in_the_terminal_names_the_phases() -> None:
    done = run("plot", FLAGSHIP, PYTHONIOENCODING="utf-8")
    drawn = done.stdout.decode()

    assert done.returncode == 0
    for said in ("1e-3", "1e-6", "warmup(1000)", "exp(max=1e-3, k=1e-4)"):
        assert said in drawn
    assert max(len(line) for line in drawn.splitlines()) <= 80
    assert "\x1b[" not in drawn
    assert "\x1b[" in run("plot", FLAGSHIP, "--color", "always", PYTHONIOENCODING="utf-8").stdout.decode()
    assert run("plot", FLAGSHIP, PYTHONIOENCODING="ascii").stdout.isascii()


def test_pictures_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        assert run("plot", FLAGSHIP, "-o", str(tmp_path / name)).returncode == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert run("plot", FLAGSHIP, "-o", str(tmp_path / "a.png")).returncode == 0
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"


def test_a_module_never_overwrites_its_text(tmp_path: Path) -> None:
    path = tmp_path / "a.lrs"
    path.write_text(FLAGSHIP, "utf-8")

    assert run("compile", str(path), "-o", str(path)).returncode == 2
    assert path.read_text("utf-8") == FLAGSHIP
    assert run("compile", FLAGSHIP, PYTHONIOENCODING="ascii").returncode == 0
    assert run("check", FLAGSHIP, "--total", "5", "--set", "total=5").returncode == 2
    assert run("check", str(tmp_path / "no such.lrs")).returncode == 2


def test_curves_are_listed_with_their_formulas() -> None:
    listed = run("curves").stdout.decode()

    assert "shape cosine(p)" in listed
    assert "max * e^(-k*t)" in listed
    assert "1608.03983" in run("curves", "cosine").stdout.decode()


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = f"{sys.executable} -m lrdsl compile '{FLAGSHIP}' | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "0"


def test_version_and_help() -> None:
    assert run("--version").stdout.decode().startswith("lrdsl ")
    assert b"compile" in run("--help").stdout
    assert run("plot", "--help").returncode == 0
    assert run().returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["plot", "1 for 0 steps"],
        ["plot", "0 for 10"],
        ["check", "warmup(10) then cosine", "--total", "1e400"],
        ["check", "repeat(cosine(5), stretch=2, times=1100)"],
        ["plot", "repeat(cosine(5), stretch=2, times=1100)"],
        ["plot", "(1 for 1e400) then 0.5"],
        ["plot", "warmup(10) then hold", "--base", "0"],
        ["check", "repeat(cosine(5), stretch=1.01)"],
        ["plot", "repeat(cosine(0.001 steps))", "--until", "10"],
        ["compile", "cosine(1e400, from=1)"],
    ],
)
def test_what_is_odd_is_drawn_all_the_same(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out
