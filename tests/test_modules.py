"""Standalone modules of texts with several outputs and lines for groups: each runs where lrdsl cannot be imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from reference import show
from strategies_files import Asked, files
from test_document import GROUPED, NAMES

import lrdsl
from lrdsl.emitter.module import TARGETS

RUN = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "lrdsl":
            raise ImportError("lrdsl is not to be imported here")

sys.meta_path.insert(0, Refused())
sys.path.insert(0, sys.argv[1])
try:
    import lrdsl
except ImportError:
    pass
else:
    raise SystemExit("lrdsl could be imported")
import json
import standalone
target, questions = json.load(sys.stdin)
if target == "jax":
    import jax
    jax.config.update("jax_enable_x64", True)
answers = []
for name, output, times, base in questions:
    f = getattr(standalone, output) if name is None else standalone.group(name)[output]
    if target == "python":
        answers.append([f(t, base) for t in times])
    elif target == "numpy":
        import numpy
        answers.append(f(numpy.array(times), base).tolist())
    elif target == "torch":
        import torch
        answers.append(f(torch.tensor(times, dtype=torch.float64), base).tolist())
    else:
        answers.append(jax.jit(lambda t: f(t, base))(jax.numpy.array(times)).tolist())
assert not [one for one in sys.modules if one.split(".")[0] == "lrdsl"]
kept = set()
for name in {names!r}:
    kept.add((name, tuple(sorted(standalone.group(name)))))
print(json.dumps([answers, sorted(kept)]))
"""


def available(target: str) -> None:
    if target in ("torch", "jax"):
        pytest.importorskip(target)


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("named", [False, True], ids=["patterns", "names"])
def test_a_module_with_groups_runs_where_lrdsl_is_not(target: str, named: bool, tmp_path: Path) -> None:
    available(target)
    schedule = lrdsl.compile(GROUPED)
    taken = NAMES if named else [name for name in NAMES if "layers" not in name]
    (tmp_path / "standalone.py").write_text(schedule.source(target, groups=NAMES if named else ()), "utf-8")
    times = [0.0, 1.0, 50.0, 99.0, 100.0, 333.0, 899.5, 950.0, 1000.0, 5000.0]
    base = {"lr": 1.0, "weight_decay": 0.3}
    questions: list[Any] = [(None, output, times, base) for output in schedule.outputs]
    questions += [(name, output, times, base) for name in taken for output in schedule.group(name).outputs]
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN.replace("{names!r}", repr(list(taken))), str(tmp_path)],
        input=json.dumps([target, questions]), capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers, kept = json.loads(done.stdout)

    assert len(answers) == len(questions) > 12
    for (name, output, _, _), found in zip(questions, answers, strict=True):
        view = schedule if name is None else schedule.group(name)
        np.testing.assert_allclose(
            found, view[output](np.array(times), base), rtol=1e-13, atol=1e-300, err_msg=f"{output} of {name}"
        )
    assert {name: set(outputs) for name, outputs in kept} == {name: set(schedule.group(name).outputs) for name in taken}


def loaded(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "standalone", "exec"), names)
    return names


def test_a_name_that_takes_numbers_must_be_given_and_one_that_nothing_decides_is_an_error() -> None:
    schedule = lrdsl.compile('lr = 1\nlr["a*"] = 2\nlr["*b"] = 3\nlr["l{i}"] = 0.5^i')
    group = loaded(schedule.source("python", groups=["l3"]))["group"]

    assert group("l3")["lr"](0) == 0.125
    assert group("ax")["lr"](0) == 2
    assert group("xb")["lr"](0) == 3
    assert group("x")["lr"](0) == 1
    with pytest.raises(LookupError, match="lr of 'l4' is not in here: write the module with the names of its groups"):
        group("l4")
    with pytest.raises(LookupError, match="several lines of lr match 'ab'"):
        group("ab")
    with pytest.raises(lrdsl.ScheduleError, match="a line that decides"):
        schedule.source("python", groups=["ab"])


def test_outputs_that_see_the_groups_of_others() -> None:
    text = 'lr = 1\nlr["head*"] = 2\nweight_decay = 0.1*lr\nweight_decay["*bias"] = 0.5*lr\nclip = weight_decay + lr'
    schedule = lrdsl.compile(text)
    group = loaded(schedule.source("python"))["group"]
    for name in ("x", "head.w", "head.bias", "x.bias"):
        found = {key: one(0) for key, one in group(name).items()}
        assert found == {output.name: output(0) for output in schedule.group(name).plain}, name
    assert group("head.bias")["clip"](0) == 3.0


def test_of_lines_that_are_alike_there_is_one_function() -> None:
    text = "lr = warmup(10, to=1) then hold\nweight_decay = 0.1\n" + "\n".join(
        f'weight_decay["{name}*"] = 0' for name in "abcdefgh"
    )
    source = lrdsl.compile(text).source("python", groups=[f"{a}.{n}" for a in "abcxyz" for n in range(20)])
    functions = [line.split("(")[0] for line in source.splitlines() if line.startswith("def ") and "(t, base" in line]
    assert functions == ["def lr", "def weight_decay", "def weight_decay_in_group_1"]


def test_names_of_outputs_and_groups_are_no_code() -> None:
    odd = 'it\'s "x"\\\n"""; import os'
    text = 'lr = 1\nlr["*\\"\'*"] = 2\ngroup = 3\nlr_in_group_1 = 4\nfunctions_for = 5\nre = 6'
    try:
        schedule = lrdsl.compile(text)
    except lrdsl.ScheduleError:
        schedule = lrdsl.compile(text.replace("*\\\"'*", "*'*"))
    names = loaded(schedule.source("python", groups=[odd]))
    assert names["group"](odd)["lr"](0) == schedule.group(odd)(0) == 2
    assert [names[name](0) for name in ("group_", "lr_in_group_1", "functions_for_", "re_")] == [3, 4, 5, 6]
    assert names["group"]("plain")["group"](0) == 3


def test_a_text_without_lines_for_groups_has_no_group() -> None:
    source = lrdsl.compile("warmup(10, to=1) then hold").source("python")
    assert "def group" not in source
    assert "import re" not in source
    asked = loaded(lrdsl.compile("warmup(10, to=1) then hold").source("python", groups=["a", "b"]))["group"]
    assert [asked(name)["lr"](5) for name in ("a", "b", "c")] == [0.5] * 3
    one = lrdsl.compile(GROUPED).group("head.bias").source("python")
    assert "def group" not in one
    assert loaded(one)["lr"](100) == lrdsl.compile(GROUPED).group("head.bias")(100)


@pytest.mark.long
@given(files())
@settings(max_examples=60)
def test_any_file_has_the_functions_of_every_group(asked: Asked) -> None:
    """Of the names that are given; and of others, where no line takes a number from them."""
    try:
        schedule = lrdsl.compile(show(asked.file), **asked.bindings)
        views = {name: schedule.group(name) for name in asked.groups}
        given, alone = (loaded(schedule.source("numpy", groups=names)) for names in (asked.groups, ()))
    except lrdsl.ScheduleError:
        return
    base = dict.fromkeys(("lr", "weight_decay", "momentum", "beta1", "beta2"), 1.0) | asked.bases
    for name, view in views.items():
        if not schedule.patterns:
            continue
        try:
            both = (given["group"](name), alone["group"](name))
        except LookupError:
            assert any("{" in pattern for _, pattern in schedule.patterns), asked
            both = (given["group"](name),)
        for functions in both:
            assert set(functions) == set(view.outputs), asked
            for output in view.plain:
                try:
                    want = output(np.arange(50), base)
                except lrdsl.ScheduleError:
                    continue
                one = base[output.keys[0]] if len(output.keys) == 1 else base
                np.testing.assert_array_equal(
                    functions[output.name](np.arange(50), one), want, err_msg=f"{asked!r} for {name}"
                )


@pytest.mark.parametrize("target", [*TARGETS, "json"])
def test_the_command_line_writes_each(target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lrdsl.cli import main

    (tmp_path / "run.lrs").write_text(GROUPED, "utf-8")
    out = tmp_path / "written"
    names = ["--groups", "enc.layers.1.w,enc.layers.2.w", "--groups", "head.bias"]
    assert main(["compile", str(tmp_path / "run.lrs"), "--target", target, "-o", str(out), *names]) == 0
    want = lrdsl.load(str(tmp_path / "run.lrs")).source(
        target, groups=["enc.layers.1.w", "enc.layers.2.w", "head.bias"]
    )
    assert out.read_text("utf-8") == want
    assert "enc.layers.2.w" in want
    capsys.readouterr()
