"""Logs that torch, transformers, timm and optax write, each over drawn parameters, come back as texts."""

from __future__ import annotations

import random

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from logged_curves import CLOSE, LIBRARIES, written

from lrdsl.fitter import fit, read

DRAWS = 4  # of each scheduler


@pytest.mark.parametrize("library", LIBRARIES)
def test_nine_of_ten_logs_come_back_exactly(library: str) -> None:
    if library == "optax":
        pytest.importorskip("optax")
    draw, names = LIBRARIES[library]
    lost: list[str] = []
    for name in names:
        for seed in range(DRAWS):
            r = random.Random(f"{name} {seed}")
            values, parameters, warmup = draw(name, r)
            table, style = written(values, r, name, warmup)
            log = read(table, "log.csv")
            found = fit(log)
            # At every step up to the last one, those that were not logged too; a library of float32 is no surer than that.
            close = max(CLOSE[style], 2e-6 if library == "optax" else 0.0)
            if found.good:
                steps = np.arange(int(log.t[-1]) + 1)
                missed = np.max(np.abs(found.schedule(steps) - values[steps])) / np.max(values)
            if not found.good or missed > close:
                lost.append(f"{name} {seed} {style} {parameters}: {found}")
    print(f"{library}: {len(lost)} of {DRAWS * len(names)} lost", *lost, sep="\n")
    assert len(lost) <= 0.1 * DRAWS * len(names)
