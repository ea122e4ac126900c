"""Every example of the README runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import lrdsl
from lrdsl.cli import main

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def blocks(kind: str) -> list[str]:
    found = [text for name, text in BLOCKS if name == kind]
    assert found
    return found


@pytest.mark.parametrize("text", blocks("lrs"), ids=lambda text: text[:30])
def test_a_text_compiles(text: str) -> None:
    lrdsl.compile(text)


ROWS = [row for row in re.findall(r"^\| [^|]+ \| (.*) \|$", README, re.MULTILINE) if "`" in row]
LINES = [text for row in ROWS for text in re.findall(r"`([^`]+)`", row)]


def test_there_are_lines() -> None:
    assert len(LINES) >= 15


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_table_compiles(line: str) -> None:
    text = line.replace("...", "warmup(2k) then cosine")
    try:
        schedule = lrdsl.compile(text, total=100_000)
    except lrdsl.ScheduleError as error:
        # What has a length of its own is shown without a total.
        assert {problem.code for problem in error.problems} == {"E309"}
        schedule = lrdsl.compile(text)
    assert schedule(5, 1e-3) >= 0


@pytest.mark.parametrize("code", blocks("python"), ids=["train", "tokens", "function"])
def test_python_runs(code: str) -> None:
    if "torch" in code:
        pytest.importorskip("torch")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    for line in code.splitlines():
        value = re.match(r"(schedule\S*)\s+# ([\d'].*)$", line)
        if value:
            assert eval(value.group(1), names) == eval(value.group(2))


def test_the_two_loops_write_the_same_lr() -> None:
    torch = pytest.importorskip("torch")
    old, new = blocks("py")[:2]
    seen: list[list[float]] = []
    for code in (old, new):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        lrs: list[float] = []
        optimizer.register_step_pre_hook(lambda one, *_, lrs=lrs: lrs.append(one.param_groups[0]["lr"]))
        names = {"math": __import__("math"), "data": range(3000), "optimizer": optimizer}
        names["loss"] = lambda batch, parameter=optimizer.param_groups[0]["params"][0]: parameter.sum()
        exec(compile(code, "README.md", "exec"), names)
        seen.append(lrs)

    # The loop counts before it writes: its first value is that of step 1.
    assert len(seen[0]) == len(seen[1]) == 3000
    assert seen[0][:-1] == pytest.approx(seen[1][1:], rel=1e-12)


def test_the_groups_are_built_and_attached() -> None:
    torch = pytest.importorskip("torch")
    import lrdsl.torch

    [text] = [one for one in blocks("lrs") if "layers" in one]
    layers = torch.nn.ModuleList([torch.nn.Linear(4, 4, bias=False) for _ in range(24)])
    model = torch.nn.ModuleDict({"layers": layers, "head": torch.nn.Linear(4, 2)})
    names: dict[str, object] = {"torch": torch, "lrdsl": lrdsl, "model": model, "text": text}
    exec(compile(blocks("py")[2], "README.md", "exec"), names)
    scheduler = names["scheduler"]
    assert isinstance(scheduler, lrdsl.torch.Applier)
    scheduler.seek(2000)
    held = {group["name"]: (group["lr"], group["weight_decay"]) for group in scheduler.optimizer.param_groups}
    assert held["layers.22.weight"] == (3e-4 * 0.75, 0.1)
    assert held["head.weight"] == (pytest.approx(3e-3), 0.1)
    assert held["head.bias"] == (pytest.approx(3e-3), 0.0)


COMMANDS = [line for text in blocks("sh") for line in text.splitlines() if line.startswith("lrdsl")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for earlier in COMMANDS[: COMMANDS.index(command)]:
        if " -o " in earlier and earlier.split()[-1] in command.split():
            main(shlex.split(earlier)[1:])  # what writes the file that this one reads
    # As diff does, it tells by its code that the two differ.
    assert main(shlex.split(command)[1:]) == (1 if "lrdsl diff" in command else 0)
    capsys.readouterr()


def test_what_check_and_an_error_say_is_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    summary, error = blocks("")[:2]
    main(["check", str(ROOT / "examples" / "flagship.lrs")])
    assert capsys.readouterr().out == summary
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compiled("warmup(1000) then exp(max=1e-3, kk=1e-4)", "gpt.lrs", ())
    assert str(caught.value) == error.rstrip("\n")


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target


def test_the_curves_of_the_readme_are_those_of_the_prelude() -> None:
    from lrdsl.checker import prelude

    listed = re.search(r"The curves are `([^`]+)`", README)
    assert listed is not None
    assert set(listed.group(1).split()) == set(prelude())
