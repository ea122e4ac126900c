"""A built wheel, installed in a fresh environment, run from another directory; and a bare checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    assert len(list(out.glob("*.tar.gz"))) == 1
    return next(out.glob("*.whl"))


def test_a_wheel_holds_the_grammar_the_prelude_and_the_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {"lrdsl/grammar/lrs.lark", "lrdsl/grammar/prelude.lrs", "lrdsl/py.typed", "lrdsl/parser/mender.py"} <= names
    assert not [name for name in names if name.startswith(("tests/", "examples/"))]


def test_an_installed_wheel_runs_from_another_directory(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True,
    )
    # Its dependencies are those of this environment; lrdsl itself is the wheel's alone.
    purelib = Path(
        sysconfig.get_paths(vars={"base": str(tmp_path / "env"), "platbase": str(tmp_path / "env")})["purelib"]
    )
    (purelib / "zz_dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", "utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    where = subprocess.run(
        [python, "-c", "import lrdsl; print(lrdsl.__file__)"],
        cwd=elsewhere,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    done = subprocess.run(
        [tmp_path / "env" / "bin" / "lrdsl", "check", FLAGSHIP],
        cwd=elsewhere,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )

    assert str(tmp_path) in where.stdout
    assert done.stdout.startswith("lr 1e-6 -> 1e-3 at 1k")


def test_a_bare_checkout_runs(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "lrdsl", "check", FLAGSHIP],
        cwd=tmp_path,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.startswith("lr 1e-6 -> 1e-3 at 1k")
