"""`lrdsl fit`: tables as trainers and trackers write them, texts that come back, and what is said where none does."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")

import lrdsl
from lrdsl.cli import main
from lrdsl.fitter import fit, read
from lrdsl.fitter.logs import Log

# Texts that come back letter by letter, what they are logged at, and to how many steps.
TEXTS: dict[str, tuple[int, int]] = {
    "warmup(137, to=3.72e-4) then cosine(2_274, to=3e-5)": (1, 2411),
    "warmup(1k, to=3e-4) then cosine(9k)": (50, 10_000),
    "warmup(200, to=3e-4) then hold(1k) then sqrt(300)": (1, 1500),
    "warmup(200, to=3e-4) then poly(1k, to=1e-6, power=2.3)": (1, 1200),
    "warmup(200, to=3e-4) then rsqrt(timescale=300)": (10, 4000),
    "warmup(200, to=3e-4) then linear(1.3k, to=10%)": (10, 1500),
    "warmup(100, to=1e-3) then rex(900, d=0.5)": (1, 1000),
    "warmup(1k, to=3e-4) skip 1 then cosine(9k)": (1, 9999),
    "warmup(1k, to=1e-3) then exp(k=1e-4) floor 1e-6": (7, 90_000),
    "exp(max=0.1, factor=0.97, per=1)": (1, 200),
    "geometric(500, from=1e-6, to=1)": (1, 500),
    "drop(max=0.1, factor=0.3, per=30)": (1, 400),
    "warmup(100, to=0.1) then drop(factor=0.5, per=300)": (1, 2000),
    "0.1 until 30 then 0.01 until 80 then 1e-3": (1, 120),
    "repeat(cosine(20, from=0.1))": (1, 319),
    "repeat(cosine(10, from=0.1, to=1%), stretch=2)": (1, 300),
    "repeat(linear(15, from=0.01, to=0.4) then linear(15, to=0.01))": (1, 500),
    "0.01 + repeat(linear(15, from=0, to=0.39) then linear(15), factor=0.5)": (1, 300),
    "cosine(1k, from=0.1) every 50": (1, 1000),
    "repeat(linear(60, from=0, to=0.17) then linear(90)) * exp(max=1, factor=0.999, per=1)": (1, 1500),
    "1e-4 + repeat(linear(40, from=0, to=9e-4) then linear(40)) * exp(max=1, factor=0.995, per=1)": (1, 500),
    "1e-3/(1 + t/50)": (1, 1000),
    "5e-4": (10, 300),
}
STYLES: tuple[Callable[[float], str], ...] = (repr, lambda value: f"{value:.6g}", lambda value: f"{value:.3e}")


def table(text: str, every: int, steps: int, style: Callable[[float], str] = repr, begin: int = 0) -> str:
    times = np.arange(begin, steps, every)
    rows = zip(times.tolist(), lrdsl.compile(text)(times).tolist(), strict=True)
    return "step,lr\n" + "".join(f"{time},{style(value)}\n" for time, value in rows)


@pytest.mark.parametrize("style", range(len(STYLES)), ids=["float", "6 digits", "4 digits"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_letter_by_letter(text: str, style: int) -> None:
    found = fit(read(table(text, *TEXTS[text], STYLES[style]), "lr.csv"))

    assert (found.text, found.good) == (text, True)


@pytest.mark.parametrize("style", range(len(STYLES)), ids=["float", "6 digits", "4 digits"])
def test_laws_meet_between_two_logged_steps(style: int) -> None:
    text = "warmup(137, to=3.72e-4) then cosine(2_274, to=3e-5)"

    assert fit(read(table(text, 10, 2411, STYLES[style]), "lr.csv")).text == text


def test_what_has_fallen_to_zero_needs_no_floor() -> None:
    found = fit(read(table("warmup(100, to=3e-4) then linear(200)", 1, 500), "lr.csv"))

    assert found.text == "warmup(100, to=3e-4) then linear(200)"


@pytest.mark.parametrize("begin", [16, 38])
def test_a_power_that_is_no_whole_number_is_found_in_float32(begin: int) -> None:
    text = f"warmup({begin}, to=2.29e-3) then poly(1_402, to=10%, power=1.5)"
    found = fit(read(table(text, 3, 1400, lambda value: repr(float(np.float32(value)))), "lr.csv"))

    assert (found.text, found.precision) == (text, "float32")


def test_missing_rows_change_nothing() -> None:
    head, *rows = table("warmup(500, to=3e-4) then cosine(4.5k, to=10%)", 5, 5000).splitlines()
    kept = [row for row in rows if random.Random(row).random() < 0.6]
    found = fit(read("\n".join([head, *kept]), "lr.csv"))

    assert found.text == "warmup(500, to=3e-4) then cosine(4.5k, to=10%)"


def test_a_log_that_counts_from_one_says_so() -> None:
    text = "warmup(100, to=3e-4) then linear(900)"
    values = lrdsl.compile(text)(np.arange(1000)).tolist()
    found = fit(read("step,lr\n" + "".join(f"{n + 1},{value!r}\n" for n, value in enumerate(values)), "lr.csv"))

    assert (found.text, found.offset) == (text, 1)


def test_a_run_that_stopped_early_is_what_it_was_planned_to_be() -> None:
    found = fit(read(table("warmup(100, to=3e-4) then cosine(9.9k)", 1, 6000), "lr.csv"))

    assert found.text == "warmup(100, to=3e-4) then cosine(9.9k)"


COUNTED = {
    "warmup(5 epochs, to=1e-3) then cosine(85 epochs, to=1%)": 90,
    "warmup(0.4 epochs, to=1e-3) then linear(3.6 epochs)": 4,
    "0.1 until 30 epochs then 0.01 until 70 epochs then 1e-3": 90,
    "repeat(cosine(10 epochs, from=0.1, to=1%), stretch=2)": 150,
    "exp(max=0.1, factor=0.97, per=1 epoch)": 200,
    "warmup(20 epochs, to=3e-4) then rsqrt(timescale=30 epochs)": 400,
    "0.3 - 0.2*tanh((t - 300 epochs)/80 epochs)": 1000,
    "warmup(100 epochs, to=1e-3) skip 1 epoch then exp(factor=e^-1e-3, per=1 epoch)": 900,
}


@pytest.mark.parametrize("text", COUNTED)
def test_a_log_by_epoch_is_a_text_in_epochs(text: str) -> None:
    times = np.linspace(0, COUNTED[text], 101)[:-1] if COUNTED[text] < 10 else np.arange(COUNTED[text])
    rows = zip(times.tolist(), lrdsl.compile(text)(times).tolist(), strict=True)
    found = fit(read("epoch,lr\n" + "".join(f"{time!r},{value!r}\n" for time, value in rows), "lr.csv"))

    assert (found.text, found.good) == (text, True)
    assert found.schedule.clock == "epochs"


def test_a_warmup_that_was_logged_twice_is_no_tanh() -> None:
    found = fit(read("step,lr\n0,0\n10,1e-4\n" + "".join(f"{n},2e-4\n" for n in range(20, 900, 10)), "lr.csv"))

    assert found.text == "warmup(20, to=2e-4) then hold"


# --- tables -----------------------------------------------------------------------------------------------------------

LINE = "warmup(10, to=1e-3) then hold"
VALUES = lrdsl.compile(LINE)(np.arange(40)).tolist()
STATE = json.dumps(
    {"global_step": 40, "log_history": [{"loss": 1.0, "epoch": 0.1, "step": n, "learning_rate": v} for n, v in enumerate(VALUES)]
     + [{"eval_loss": 2.0, "step": 40}]}
)  # fmt: skip
TABLES = {
    "W&B": '"Step","run-7 - train/learning_rate","run-7 - train/learning_rate__MIN","run-7 - train/learning_rate__MAX"\n'
    + "".join(f'"{n}","{v}","{v}","{v}"\n' for n, v in enumerate(VALUES)),
    "TensorBoard": "Wall time,Step,Value\n"
    + "".join(f"17000{n}.5,{n},{float(np.float32(v))}\n" for n, v in enumerate(VALUES)),
    "TensorBoard, JSON": json.dumps([[1.5 + n, n, float(np.float32(v))] for n, v in enumerate(VALUES)]),
    "Lightning": "epoch,lr-AdamW,step,train_loss\n" + "".join(f",{v},{n},\n0,,{n},0.5\n" for n, v in enumerate(VALUES)),
    "Keras": "epoch,accuracy,learning_rate,loss\n" + "".join(f"{n},0.5,{v},1.0\n" for n, v in enumerate(VALUES)),
    "transformers": STATE,
    "JSON lines": "".join(json.dumps({"_step": n, "lr": v}) + "\n" for n, v in enumerate(VALUES)),
    "tabs": "step\tlr\n" + "".join(f"{n}\t{v}\n" for n, v in enumerate(VALUES)),
    "no header": "".join(f"{n},{v}\n" for n, v in enumerate(VALUES)),
    "out of order": "step,lr\n" + "".join(f"{n},{v}\n" for n, v in reversed(list(enumerate(VALUES)))),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_as_it_is_exported(name: str) -> None:
    found = fit(read(TABLES[name], "lr.csv"))

    assert found.text == (LINE.replace("10", "10 epochs") if name == "Keras" else LINE)


def test_precision_is_what_the_digits_say() -> None:
    def log(style: Callable[[float], str]) -> Log:
        return read(table("cosine(100, from=3e-4)", 1, 100, style), "lr.csv")

    assert log(repr).precision == "float64"
    assert log(lambda value: repr(float(np.float32(value)))).precision == "float32"
    assert log(lambda value: f"{value:.3e}").precision == "4 digits"
    assert log(lambda value: f"{value:.8f}").precision == "8 decimals"
    rounded = log(lambda value: f"{value:.3e}")
    truth = lrdsl.compile("cosine(100, from=3e-4)")(rounded.t)
    assert (np.abs(rounded.y - truth) <= rounded.slack).all()
    assert (rounded.slack <= 6e-4 * np.abs(rounded.y) + 1e-14).all()


def test_a_few_short_levels_are_not_rounded_ones() -> None:
    levels = ["0.008"] * 50 + ["0.004"] * 50 + ["0.002"] * 50 + ["0.001"] * 50
    log = read("step,lr\n" + "".join(f"{n},{level}\n" for n, level in enumerate(levels)), "lr.csv")

    assert log.precision == "6 digits"
    assert np.abs(fit(log).schedule(log.t) - log.y).max() == 0
    padded = read("step,lr\n" + "".join(f"{n},{n // 20 / 1000:.3f}\n" for n in range(220)), "lr.csv")
    assert padded.precision == "3 decimals"


WRONG = {
    "": "is empty",
    "step,lr\n1,2\n": "1 row with both `step` and `lr`: a curve needs 3",
    "a,b\n1,2\n2,3\n3,4\n": "no column of lr.csv is surely the step: there are `a`, `b`",
    "step,lr-a,lr-b\n1,2,3\n2,3,4\n": "several columns that may be the learning rate: `lr-a`, `lr-b`",
    "1,2,3\n2,3,4\n": "has no header, and 3 columns",
    "step,lr\n-5,1\n-4,1\n-3,2\n": "has the step -5, and steps count from 0",
    "{broken": "neither a table nor JSON",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_log_is_told(text: str) -> None:
    with pytest.raises(lrdsl.ScheduleError) as told:
        read(text, "lr.csv")

    assert told.value.problems[0].code == "E410"
    assert WRONG[text] in told.value.problems[0].message


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_text_on_stdout_and_the_deviation_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lr.csv"
    path.write_text(table(LINE, 1, 40), "utf-8")

    assert main(["fit", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{LINE}\n"
    assert "40 points of `lr` by `step`: the largest deviation is 0" in err
    assert "within float64" in err


@pytest.mark.parametrize("points", [15, 300, 4000])
def test_noise_is_refused_with_a_level_near_it(points: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = np.random.default_rng(0)
    path = tmp_path / "noise.csv"
    path.write_text(
        "step,lr\n" + "".join(f"{n},{value:.5f}\n" for n, value in enumerate(draw.uniform(0.1, 0.2, points))), "utf-8"
    )

    assert main(["fit", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "no text was found that reproduces" in err
    assert "the best one misses it by 0.0" in err
    assert len(err.splitlines()[-1]) < 200  # it is no list of the points


def test_a_noisy_log_is_refused_with_the_text_behind_the_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "warmup(100, to=1e-3) then cosine(900)"
    draw = np.random.default_rng(0)
    path = tmp_path / "noise.csv"
    values = lrdsl.compile(text)(np.arange(1000)) * (1 + 0.01 * draw.normal(size=1000))
    path.write_text("step,lr\n" + "".join(f"{n},{value!r}\n" for n, value in enumerate(values.tolist())), "utf-8")

    drawn = tmp_path / "noise.svg"
    assert main(["fit", str(path), "-o", str(drawn)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1].strip()) == ("", text)
    assert "which is not the log's" in drawn.read_text("utf-8").replace("&#x27;", "'")


def test_a_text_that_counts_steps_where_the_log_does_not_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrdsl.fitter.counted", lambda text, unit: text)  # as of a text whose durations are not seen
    for name, text, told in (
        ("step", "0.1", False),
        ("epoch", "0.1", False),
        ("epoch", "0.1 until 30 then 0.01", True),
    ):
        path = tmp_path / "lr.csv"
        values = lrdsl.compile(text)(np.arange(60)).tolist()
        path.write_text(f"{name},lr\n" + "".join(f"{n},{value!r}\n" for n, value in enumerate(values)), "utf-8")
        assert main(["fit", str(path)]) == 0
        assert ("counts as steps what `epoch` counts" in capsys.readouterr().err) is told


def test_columns_can_be_named_and_stdin_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lr.csv"
    path.write_text("when,head,body\n" + "".join(f"{n},{v},{2 * v}\n" for n, v in enumerate(VALUES)), "utf-8")

    assert main(["fit", str(path), "--step-column", "when", "--column", "body"]) == 0
    assert capsys.readouterr().out == "warmup(10, to=2e-3) then hold\n"
    assert main(["fit", str(path), "--step-column", "when", "--column", "nose"]) == 2
    assert "no column `nose`: there are `head`, `body`" in capsys.readouterr().err
    assert main(["fit", str(tmp_path / "none.csv")]) == 2


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_of_log_and_text(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path, out = tmp_path / "lr.csv", tmp_path / f"fit.{suffix}"
    path.write_text(table("warmup(137, to=3.72e-4) then cosine(2_274, to=3e-5)", 20, 2411, STYLES[2]), "utf-8")

    assert main(["fit", str(path), "-o", str(out)]) == 0
    assert out.stat().st_size > 10_000
    assert f"wrote {out}" in capsys.readouterr().err
    assert main(["fit", str(path), "-o", str(tmp_path / "fit.bmp")]) == 2
