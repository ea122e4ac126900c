"""The schedules of published runs come back from logs of four digits, thinned out as trackers thin them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")

import lrdsl
from lrdsl.fitter import fit, read

# The text, how many steps the run took, and every how many it was logged.
RUNS: dict[str, tuple[str, int, int]] = {
    "GPT-3 175B": ("warmup(119, to=6e-5) then cosine(81_131, to=10%) then hold", 93_750, 30),
    "Chinchilla": ("warmup(1.5k, to=1e-4) then cosine(465_167, to=10%)", 466_667, 200),
    "LLaMA 65B": ("warmup(2k, to=1.5e-4) then cosine(331_333, to=10%)", 333_333, 100),
    "Llama 3 405B, stopped early": ("warmup(8k, to=8e-5) then cosine(1.192M, to=1%)", 900_000, 400),
    "OPT": ("warmup(2k, to=1.2e-4) then linear(141k, to=10%) then hold", 150_000, 50),
    "DeepSeek 7B": ("warmup(2k, to=4.2e-4) then hold(168k) then 1.327e-4 until 190k then 4.2e-5", 212_000, 100),
    "SmolLM": ("warmup(5k, to=3e-3) then hold(495k) then sqrt(100k)", 600_000, 200),
    "MiniCPM": ("warmup(2k, to=0.01) then hold(258k) then exp(halflife=5000)", 280_000, 100),
    "T5": ("0.01 until 10k then rsqrt(timescale=10k)", 524_288, 200),
    "an infinite cosine": (
        "warmup(1k, to=3e-4) then cosine(19k, to=10%) then hold(60k) then exp(factor=0.1, per=20k)",
        100_000,
        50,
    ),
}


@pytest.mark.parametrize("run", RUNS)
def test_a_published_run_comes_back_from_four_digits(run: str) -> None:
    text, steps, every = RUNS[run]
    times = np.arange(0, steps, every)
    values = lrdsl.compile(text)(times).tolist()
    table = "step,lr\n" + "".join(f"{t},{v:.3e}\n" for t, v in zip(times.tolist(), values, strict=True))

    found = fit(read(table, "lr.csv"))

    assert (found.text, found.good, found.precision) == (text, True, "4 digits")
