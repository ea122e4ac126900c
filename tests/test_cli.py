"""The command line, as whole processes and in this one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lrdsl.checker import prelude
from lrdsl.cli import main

pytestmark = pytest.mark.long

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
    assert "note[N501 jump]: jumps from 1 to 0.5 at step 5" in said.err
    assert "note[N501 jump]: jumps from 0.5 to 1 at step 10" in said.err
    assert "<command line>:1:29" in said.err
    assert main(["check", "--strict", text]) == 1


def test_what_is_undecided_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    # 1.000001 + sin(2t), which intervals cannot see: the two factors are bounded each by itself, over 10^18 steps.
    assert main(["check", "1.000001 + 2*sin(t)*cos(t)"]) == 0
    assert "note[N502 undecided]: undecided: whether `lr` stays finite and not negative" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plto", "x"], "did you mean `lrdsl plot`?"),
        (["lint", "x"], "did you mean `lrdsl check`?"),
        (["fit", "x.csv"], "cannot read x.csv"),
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
    assert run("check", "-e", text, "--total", "1k", "--set", "foo=1").returncode == 1


def test_what_may_be_bound_later_is_a_note_of_check_and_an_error_where_it_is_needed() -> None:
    text = "warmup(10%, to=3e-4) then cosine"
    done = run("check", "-e", text)

    assert done.returncode == 0
    assert "note[E308]: how long is the run?" in done.stderr.decode()
    assert done.stdout.decode() == "lr · steps · how long is the run?\n"
    assert run("check", "--strict", "-e", text).returncode == 1
    for command in ("plot", "compile", "sample"):
        done = run(command, "-e", text)
        assert done.returncode == 1
        assert "error[E308]: how long is the run?" in done.stderr.decode()


def test_units_are_given_on_the_command_line() -> None:
    text = "warmup(1000, to=0.1) then cosine(30 epochs)"
    done = run("check", "-e", text, "--epoch", "5004")
    assert done.stdout.decode() == "lr 0 -> 0.1 at 1k -> 0 at 151.12k, then 0 · steps · total 151.12k\n"
    assert "how much one epoch is" in run("plot", "-e", text).stderr.decode()
    tokens = run("sample", "-e", "cosine(from=1)", "--total", "4B tokens", "--at", "0,2B,4B")
    assert tokens.stdout.decode() == "token,lr\n0,1.0\n2000000000,0.5\n4000000000,0.0\n"
    connected = run("check", "-e", "warmup(10, to=1) then hold(1B tokens)", "--step", "4M tokens")
    assert connected.stdout.decode().endswith("steps · total 260\n")


def test_outputs_groups_and_bases_on_the_command_line() -> None:
    text = 'lr = linear(10)\nlr["head.{i}"] = 2^i * linear(10, from=base)\nweight_decay = 3*lr\nclip = 1'
    rows = run("sample", "-e", text, "--at", "0,5", "--base", "lr=0.1").stdout.decode().splitlines()
    assert rows[0] == "step,lr,weight_decay,clip"
    assert [float(cell) for cell in rows[2].split(",")] == pytest.approx([5, 0.05, 0.15, 1])
    rows = run("sample", "-e", text, "--at", "0,5", "--base", "0.1", "--group", "head.2").stdout.decode().splitlines()
    assert [float(cell) for cell in rows[2].split(",")] == pytest.approx([5, 0.2, 0.6, 1])
    source = run("compile", "-e", text).stdout.decode()
    assert [line for line in source.splitlines() if line.startswith("def ")][:3] == [
        "def lr(t, base=1.0):", "def weight_decay(t, base=1.0):", "def clip(t, base=1.0):"]  # fmt: skip
    only_groups = run("plot", "-e", 'lr["a"] = 1')
    assert only_groups.returncode == 2
    assert "--group NAME" in only_groups.stderr.decode()


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


# --- problems for programs ------------------------------------------------------------------------------------------------


def test_json_is_one_array_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", FLAGSHIP, "--output-format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == []
    assert said.err.startswith("lr 1e-6 -> 1e-3 at 1k")
    assert (
        main(["check", "-e", "warmup(10) then exp(kk=1,\n max=1)", "-e", "1 for 5 then 2", "--output-format=json"]) == 1
    )
    said = capsys.readouterr()
    problem, note = json.loads(said.out)
    assert problem == {
        "file": "<command line>", "line": 1, "column": 21, "end_line": 1, "end_column": 23, "code": "E203", "name": None,
        "severity": "error",
        "message": "`exp` has no argument `kk`", "help": "did you mean `k`?",
        "mends": [{"says": "did you mean `k`?",
                   "edits": [{"start": 20, "end": 22, "line": 1, "column": 21, "end_line": 1, "end_column": 23, "text": "k"}]}],
    }  # fmt: skip
    assert (note["code"], note["name"], note["severity"], note["mends"]) == ("N501", "jump", "note", [])


def test_json_of_other_commands_is_talk(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("plot", "compile", "sample", "fmt"):
        assert main([command, "warmup( then hold", "--output-format", "json"]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert json.loads(said.err)[0]["code"] == "E102"
    assert main(["check", "-", "--output-format", "json"]) == 2  # pytest's stdin cannot be read


def test_a_span_of_several_lines_has_an_end_on_its_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "lr = cosine(5)\nlr = hold(\n  5)", "--output-format", "json"]) == 1
    (problem, *_) = json.loads(capsys.readouterr().out)
    assert problem["line"] <= problem["end_line"]
    assert problem["code"] == "E205"


def test_github_is_told_by_workflow_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a,b:c%.lrs"
    path.write_text("1 for 5 then 2 for 5 floor 10%", "utf-8")
    assert main(["check", str(path), "--output-format", "github"]) == 1
    shown = str(path).replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
    line, *_ = capsys.readouterr().err.splitlines()
    assert line.startswith(f"::error file={shown},line=1,col=28,endColumn=31,title=E305::")
    assert "10%25" in line.rpartition("::")[2]
    path.write_text("1 for 5 then 2 for 5", "utf-8")
    assert main(["check", str(path), "--output-format", "github"]) == 0
    assert capsys.readouterr().err.startswith(f"::notice file={shown},line=1,")


# --- what was meant ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", FLAGSHIP, "--steps", "100k"], "--total 100k"),
        (["check", FLAGSHIP, "--max-steps=5"], "--total 5"),
        (["sample", FLAGSHIP, "--epochs", "90"], '--total "90 epochs"'),
        (["plot", FLAGSHIP, "--num-epochs"], '--total "N epochs"'),
        (["plot", FLAGSHIP, "--steps-per-epoch", "500"], "--epoch 500"),
        (["plot", FLAGSHIP, "--tokens-per-step", "4M"], '--step "4M tokens"'),
        (["plot", FLAGSHIP, "--totl", "5"], "did you mean --total?"),
        (["curves", "--steps", "5"], "no option --steps"),
        (["--total", "5", "check", FLAGSHIP], "the command comes first, as in lrdsl check --total"),
        (["eval", "a.lrs"], "`lrdsl sample`"),
        (["table", "a.lrs"], "`lrdsl sample`"),
        (["csv", "a.lrs"], "`lrdsl sample`"),
        (["format", "a.lrs"], "`lrdsl fmt`"),
        (["compare", "a.lrs", "b c.lrs"], "`lrdsl plot a.lrs 'b c.lrs'`"),
        (["compare"], "`lrdsl plot A B`"),
        (["describe", "a.lrs"], "`lrdsl explain`"),
        (["conf.yaml:train.lr"], "lrdsl plot conf.yaml:train.lr"),
        ([FLAGSHIP, "--total", "5k"], f'lrdsl plot "{FLAGSHIP}" --total 5k'),
        (["check", FLAGSHIP, "--total", "5", "--total", "6"], "--total is given twice"),
        (["check", FLAGSHIP, "--epoch", "5", "--set", "epoch=6"], "epoch is given twice: by --epoch and by --set"),
        (["check", FLAGSHIP, "--set", "a=5", "--set", "a=6"], "a is given twice: by --set"),
    ],
)
def test_what_was_meant_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_units_are_bindings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import lrdsl.cli.texts as texts

    seen: list[tuple[tuple[str, str], ...]] = []
    real = texts.compiled
    monkeypatch.setattr(texts, "compiled", lambda text, name, bound: seen.append(bound) or real(text, name, ()))
    given = ["--total", "5k", "--epoch", "500", "--step", "4M tokens", "--sample", "4k tokens", "--set", "a = 1"]
    assert main(["check", FLAGSHIP, *given]) == 0
    capsys.readouterr()
    assert seen == [(("a", "1"), ("epoch", "500"), ("sample", "4k tokens"), ("step", "4M tokens"), ("total", "5k"))]


def test_texts_and_options_come_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    short = FLAGSHIP.replace("1000", "5")
    assert main(["check", "--allow=zero-start", "warmup(5) then hold", "--total", "10", short, "--strict"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["check", "--", FLAGSHIP]) == 0
    capsys.readouterr()


# --- curves and hooks -------------------------------------------------------------------------------------------------------


def test_curves_are_drawn_and_words_are_listed() -> None:
    listed = run("curves", PYTHONIOENCODING="utf-8").stdout.decode().splitlines()
    curves = [line for line in listed if re.search(r"  (shape|curve) ", line)]
    assert all(re.match(r"[▁▂▃▄▅▆▇█]{16}  ", line) for line in curves)
    assert len(curves) == sum(map(len, prelude().values()))
    assert next(line for line in curves if "linear" in line).startswith("▁▁▂▂▃▃▄▄▅▅▆▆▇▇██")
    for word in ("repeat(", "A then B", "A for D", "A until D", "A skip D", "A floor v", "A cap v", "A every D"):
        assert any(line.startswith(word) for line in listed)
    plain = run("curves", PYTHONIOENCODING="ascii").stdout
    assert plain.isascii()
    assert b"_" in plain
    assert run("curves", "floor").stdout.startswith(b"A floor v")


def test_curves_of_a_file_are_shown_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.lrs"
    path.write_text(
        "param total = 100k\nlet half = 0.5\n"
        "# Bends where it likes.\n# Twice.\nshape bend(p, x, by=half*2) = p^x * by\ncurve wrong(t, max, y)=max*0\n"
        "curve noam(t, w=4k) = min((t + 1)^-0.5, (t + 1)*w^-1.5)\nlr = nothing",
        "utf-8",
    )
    assert main(["curves", "--in", str(path)]) == 0
    out = capsys.readouterr().out
    own = out[out.index(f"in {path}:") :].splitlines()[1:4]
    assert re.match(r"[▁-█]{16}  shape bend\(p, x, by=half\*2\)  += p\^x \* by", own[0])
    assert re.match(r" {16}  curve wrong\(t, max, y\) += max\*0", own[1])
    assert re.match(r"▁[▁-█]*█[▁-█]*[▁-▄]  curve noam\(t, w=4k\)", own[2])
    assert "shape cosine(p)" in out
    assert main(["curves", "bend", "--in", str(path)]) == 0
    assert capsys.readouterr().out.endswith("    Bends where it likes. Twice.\n")
    assert main(["curves", "bent", "--in", str(path)]) == 2
    assert "did you mean `bend`?" in capsys.readouterr().err
    path.write_text("lr = (", "utf-8")
    assert main(["curves", "--in", str(path)]) == 1


def test_hooks_of_pre_commit_name_commands_that_exist(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    path = tmp_path / "a.lrs"
    path.write_text(FLAGSHIP + "\n", "utf-8")

    assert [hook["id"] for hook in hooks] == ["lrdsl-check", "lrdsl-fmt"]
    for hook in hooks:
        assert hook["language"] == "python"
        assert re.search(hook["files"], path.name)
        program, *arguments = hook["entry"].split()
        assert program == "lrdsl"
        assert main([*arguments, str(path)]) == 0
    capsys.readouterr()


# --- streams ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "plot", "sample", "compile", "fmt"])
def test_closed_and_full_streams_are_no_tracebacks(command: str) -> None:
    lrdsl = f"{sys.executable} -m lrdsl {command} '{FLAGSHIP}'"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for redirected, code in ((">&-", 0), ("2>&-", 0), (">/dev/full", 2), (">&- 2>&- <&-", 0)):
        done = subprocess.run(
            ["bash", "-c", f"{lrdsl} {redirected}"], capture_output=True, text=True, check=False, env=env
        )
        assert (done.returncode, "Traceback" in done.stderr, "Exception" in done.stderr) == (code, False, False), (
            redirected
        )


@pytest.mark.parametrize("command", ["compile", "plot", "check", "sample", "fmt", "curves"])
def test_every_command_helps(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert f"usage: lrdsl {command}" in said
    assert "examples:" in said
    assert "%%" not in said
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"  {command} " in capsys.readouterr().out
