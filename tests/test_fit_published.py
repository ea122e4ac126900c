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


def test_a_run_by_tokens_comes_back_in_tokens() -> None:
    """DeepSeek-V3, logged every thousand steps."""
    text = "warmup(25.2B tokens) then 2.2e-4 until 10T tokens then cosine(4.3T tokens, to=10%) then hold(340B tokens) then 7.3e-6"
    times = np.arange(0, 14_800_000_000_000, 12_600_000_000)
    values = lrdsl.compile(text)(times).tolist()

    found = fit(
        read("tokens,lr\n" + "".join(f"{t},{v!r}\n" for t, v in zip(times.tolist(), values, strict=True)), "lr.csv")
    )

    assert found.good
    assert found.schedule.clock == "tokens"
    assert np.abs(found.schedule(times) - values).max() <= 1e-15


def test_lines_that_leap_a_little_between_two_logged_steps_do_not_meet_at_an_odd_time() -> None:
    """BERT: a warmup laid over a line that falls from step 0 on, logged every thousand steps."""
    values = [1e-4 * n / 10_000 if n < 10_000 else 1e-4 * (1 - n / 1e6) for n in range(0, 1_000_000, 1000)]
    found = fit(read("step,lr\n" + "".join(f"{1000 * n},{v!r}\n" for n, v in enumerate(values)), "lr.csv"))

    assert found.text == "warmup(10k, to=1e-4) then linear(990k, from=9.9e-5)"
