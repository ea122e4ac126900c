"""Every target on what a form may hold: functions of levels, and curves whose start is rounded, to the values of the schedule."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_document import GROUPED

import lrdsl
from lrdsl.emitter.module import TARGETS

TIMES = np.array([0.0, 1.0, 4.0, 5.0, 6.5, 7.0, 10.0, 20.0, 1000.0])
# What has a level in it that is no number of its own until it is computed; a level that depends on the base, too.
OF_LEVELS = (
    "{}^0.5", "{}^-0.5", "{}^2", "{}^-1", "{}^1.5", "2^{}", "e^{}", "3^{}", "cos({}/2)", "sin({}/2)^2", "tanh({})", "abs({}-1)",
    "ln({}+1)", "halfwave({})", "min({}, 0.2)", "max({}, 0.4)", "1/{}", "-(-{})", "{}^{}", "min({}, t/9)", "max({}^0.5, t/100)",
)  # fmt: skip
# What is infinite, or too large, before something makes it a number.
INFINITE = (
    "min(1, 1/({}*0))", "min(1, abs(ln({}*0)))", "min(1, (0*{})^-0.5)", "min(1, (0*{})^-1)", "min(1, (0*{})^-1.5)",
    "min(1, e^(5000*{}))", "min(1, 2^(9000*{}))", "min(1, 10^(9000*{}))", "min(1, (1000*{})^1000)", "min(1, 1/(t*{}))",
    "max(0.5, (-10*{})^1001)",
)  # fmt: skip
# Its max is met to the last digit but one: the first value is the max itself.
ROUNDED = (
    "curve c(t, max=0.1, w=10) = max*(t/w+0.3)^-0.5*0.3^0.5\ncurve d(p, from, to) = from*q*0.7^0.5/0.7*0.7^0.5 + to*p\n"
)
CURVES = (
    "c(max=0.3, w=10)", "c(max=0.3, w=10) + t*1e-3", "t*1e-3 + c(max=0.3, w=10)", "d(20, from=0.3, to=0.1) + p*q for 20",
    "warmup(5, to=0.3) then c(max=0.3, w=10) for 5 then linear(10)", "repeat(c(max=0.3, w=10) for 7/3, factor=0.9, times=4)",
)  # fmt: skip
TEXTS = [
    *(form.replace("{}", level) for form in (*OF_LEVELS, *INFINITE) for level in ("(0.3 for 5)", "(base for 5)")),
    *(f"{ROUNDED}lr = {text}" for text in CURVES),
]


def values(target: str, source: str, given: tuple[float, ...]) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, target, "exec"), names)
    lr = names["lr"]
    match target:
        case "python":
            return [lr(t, *given) for t in TIMES]
        case "torch":
            torch = pytest.importorskip("torch")
            return lr(torch.tensor(TIMES), *given).numpy()
        case "jax":
            jax = pytest.importorskip("jax")
            with jax.enable_x64(True):
                return np.asarray(jax.jit(lr)(TIMES, *given))
    return lr(TIMES, *given)


@pytest.mark.parametrize("target", TARGETS)
def test_functions_of_levels_and_rounded_starts_have_their_values(target: str) -> None:
    for text in TEXTS:
        schedule = lrdsl.compile(text)
        given = (0.7,) if "base" in text else ()
        want = schedule(TIMES, *given)
        assert np.isfinite(want).all()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # also of overflows that are meant
            found = values(target, schedule.source(target), given)
        np.testing.assert_allclose(found, want, rtol=1e-13, err_msg=f"{text} in {target}")


@pytest.mark.parametrize("target", ["torch", "jax"])
def test_derivatives_at_a_rounded_start_are_finite(target: str) -> None:
    for text in CURVES:
        schedule = lrdsl.compile(f"{ROUNDED}lr = {text}")
        if target == "torch":
            torch = pytest.importorskip("torch")
            times = torch.tensor(TIMES, requires_grad=True)
            (slope,) = torch.autograd.grad(schedule.torch()(times).sum(), times)
        else:
            jax = pytest.importorskip("jax")
            slope = jax.vmap(jax.grad(schedule.jax()))(TIMES)
        assert np.isfinite(np.asarray(slope)).all(), text


MODULES = (
    "warmup(10, to=1e-3) then hold", "repeat(cosine(7/3, from=1) every 1/4)", "max(t, 1)^-0.5", "min(1, 1/t)", GROUPED,
    "repeat(cosine(7, from=1), stretch=2, factor=0.5)", "cosine(20, from=base, to=base/3) then base^0.5*1e-3", TEXTS[-1], TEXTS[-3],
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_a_module_imports_what_it_uses_and_nothing_else(target: str, tmp_path: Path) -> None:
    for number, text in enumerate(MODULES):
        source = lrdsl.compile(text).source(target)
        (tmp_path / f"module_{number}.py").write_text(source, "utf-8")
        tree = ast.parse(source)
        names = [one for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for one in node.names]
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert {one.asname or one.name.split(".")[0] for one in names} - {"annotations"} <= used, text
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        pytest.skip("no ruff")
    command = [ruff, "check", "--isolated", "--no-cache", "--select", "E,F,W,I,UP", "--ignore", "E501", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
