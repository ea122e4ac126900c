"""The tables of the grammar that the command line keeps between processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"
SAID = "lr 1e-6 -> 1e-3 at 1k -> 1e-6 at 70_078, then 1e-6 · steps"


def start(home: Path, text: str = TEXT) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lrdsl", "check", text]
    environment = {**os.environ, "XDG_CACHE_HOME": str(home), "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def check(home: Path) -> tuple[str, str]:
    out, err = start(home).communicate()
    return out.strip(), "\n".join(line for line in err.splitlines() if "Error" in line or "Traceback" in line)


def kept(home: Path) -> list[Path]:
    return sorted((home / "lrdsl").glob("*")) if (home / "lrdsl").is_dir() else []


def test_a_command_keeps_them_where_only_the_user_writes(tmp_path: Path) -> None:
    assert check(tmp_path) == (SAID, "")
    assert len(kept(tmp_path)) == 1
    assert (tmp_path / "lrdsl").stat().st_mode & 0o777 == 0o700
    written = kept(tmp_path)[0].stat().st_mtime_ns
    assert check(tmp_path) == (SAID, "")
    assert kept(tmp_path)[0].stat().st_mtime_ns == written


@pytest.mark.parametrize("spoiled", [b"", b"nonsense", b"\x80\x05K\x01."])
def test_what_does_not_fit_is_made_anew(spoiled: bytes, tmp_path: Path) -> None:
    check(tmp_path)
    kept(tmp_path)[0].write_bytes(spoiled)

    assert check(tmp_path) == (SAID, "")
    assert kept(tmp_path)[0].stat().st_size > 10_000


def test_a_folder_that_others_may_write_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "lrdsl").mkdir()
    (tmp_path / "lrdsl").chmod(0o777)

    assert check(tmp_path) == (SAID, "")
    assert kept(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")

    assert check(tmp_path / "file") == (SAID, "")


def test_many_at_once_do_not_disturb_one_another(tmp_path: Path) -> None:
    started = [start(tmp_path) for _ in range(6)]
    for process in started:
        out, err = process.communicate()
        assert out.strip() == SAID
        assert "Traceback" not in err


def test_a_library_keeps_nothing(tmp_path: Path) -> None:
    code = f"import lrdsl; lrdsl.compile({TEXT!r})"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)})

    assert kept(tmp_path) == []
