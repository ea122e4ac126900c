"""Tables for `lrdsl fit` as other programs, other countries and broken disks write them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")

import lrdsl
from lrdsl.cli import main
from lrdsl.fitter import decoded, fit, read

LINE = "warmup(10, to=1e-3) then linear(30)"
VALUES = lrdsl.compile(LINE)(np.arange(40)).tolist()
ROWS = [f"{n},{v!r}" for n, v in enumerate(VALUES)]
PLAIN = "\n".join(["step,lr", *ROWS]) + "\n"

READ: dict[str, bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16, as PowerShell writes": PLAIN.encode("utf-16"),
    "gzip": gzip.compress(PLAIN.encode()),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ",").encode(),
    "columns in blanks": "".join(f"{n:6d}   {v:.17e}\n" for n, v in enumerate(VALUES)).encode(),
    "a name of another alphabet": "step,größe,lr\n".encode("latin-1")
    + "".join(f"{n},1,{v!r}\n" for n, v in enumerate(VALUES)).encode(),
    "a comment": b"# made by hand\n" + PLAIN.encode(),
    "names in a comment, as numpy writes": b"# step wall lr\n"
    + "".join(f"{n:.18e} 1.0 {v:.18e}\n" for n, v in enumerate(VALUES)).encode(),
    "groups that have the same": b"step,lr-AdamW/pg1,lr-AdamW/pg2\n"
    + "".join(f"{n},{v!r},{v!r}\n" for n, v in enumerate(VALUES)).encode(),
    "JSON pairs": json.dumps([[n, v] for n, v in enumerate(VALUES)]).encode(),
    "JSON lists": json.dumps({"step": list(range(40)), "lr": VALUES}).encode(),
    "JSON lines with NaN": "".join(
        json.dumps({"step": n, "lr": float("nan") if n % 5 == 4 else v}) + "\n" for n, v in enumerate(VALUES)
    ).encode(),
    "infinite and empty cells": "\n".join(
        ["step,lr", *(f"{n},{['Infinity', '', 'n/a'][n % 3]}" if n % 7 == 6 else row for n, row in enumerate(ROWS))]
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_table_of_another_program_is_read(name: str) -> None:
    assert fit(read(decoded(READ[name], "lr.csv"), "lr.csv")).text == LINE


REFUSED: dict[str, tuple[bytes, str]] = {
    "header alone": (b"step,lr\n", "has names of columns and no rows"),
    "thousands": (b'step,lr\n"1,000",1\n"2,000",2\n"3,000",3\n', "`step` of lr.csv holds no numbers: `1,000`"),
    "commas in quotes": (b'step,lr\n1,"0,1"\n2,"0,2"\n3,"0,3"\n', "`lr` of lr.csv holds no numbers: `0,1`"),
    "words among numbers": (
        b"step,lr\n1,0.1\n2,off\n3,0.3\n",
        "has 2 rows with both `step` and `lr` (`off` is no number)",
    ),
    "two columns of one name": (b"step,lr,lr\n1,2,3\n2,3,4\n3,4,5\n", "has two columns `lr`, and they differ"),
    "lists of two lengths": (
        b'{"step": [1, 2, 3], "lr": [1, 2]}',
        "has lists of different lengths: 3 in `step`, 2 in `lr`",
    ),
    "brackets without end": (b"[" * 100_000, "its brackets are too deep"),
    "a cell without end": (b"step,lr\n0," + b"1" * 200_000 + b"\n1,2\n2,3\n3,4\n", "is no table: field larger than"),
    "bytes": (bytes(range(256)) * 9, "is no table but a binary file"),
    "half a gzip file": (gzip.compress(PLAIN.encode())[:60], "is no whole gzip file"),
    "negative": (b"step,lr\n0,1e-3\n1,-2e-3\n2,-3e-3\n", "has -0.002 at step 1, and no learning rate is below 0"),
    "next to nothing": (b"step,lr\n0,1e-300\n1,2e-300\n2,3e-300\n", "is 3e-300: that is no learning rate"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_an_error_that_says_why(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, why = REFUSED[name]
    (tmp_path / "lr.csv").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert main(["fit", "lr.csv"]) == 2
    out, err = capsys.readouterr()

    assert out == ""
    assert "error[E410]" in err
    assert why in err


def test_rows_of_a_resumed_run_count_and_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*(f"{n},{v / 2!r}" for n, v in enumerate(VALUES[:25])), *ROWS[5:]]
    path = tmp_path / "lr.csv"
    path.write_text("\n".join(["step,lr", *(f"{n},{v!r}" for n, v in enumerate(VALUES[:5])), *rows[5:]]), "utf-8")

    assert main(["fit", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{LINE}\n"
    assert "20 steps stand there twice, with different values: of these the later rows are taken" in err


def test_rows_that_say_the_same_twice_need_no_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lr.csv"
    path.write_text(PLAIN + "\n".join(ROWS[10:]), "utf-8")

    assert main(["fit", str(path)]) == 0
    assert "twice" not in capsys.readouterr().err
