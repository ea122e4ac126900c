"""The schedules of torch, which nobody here wrote, said in one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler as peers  # noqa: E402

import lrdsl  # noqa: E402

PAIRS: list[tuple[str, Callable[[Any], Any], int]] = [
    ("cosine(100, to=1e-3)", lambda o: peers.CosineAnnealingLR(o, 100, eta_min=1e-3), 100),
    ("linear(50, from=base/3, to=base) then hold", lambda o: peers.LinearLR(o, 1 / 3, 1.0, 50), 120),
    ("linear(80, to=10%)", lambda o: peers.LinearLR(o, 1.0, 0.1, 80), 120),
    ("exp(factor=0.97, per=1)", lambda o: peers.ExponentialLR(o, 0.97), 150),
    ("drop(factor=0.3, per=30)", lambda o: peers.StepLR(o, 30, 0.3), 150),
    ("base until 30 then base/10 until 80 then base/100", lambda o: peers.MultiStepLR(o, [30, 80], 0.1), 150),
    ("poly(90, power=1.7)", lambda o: peers.PolynomialLR(o, 90, 1.7), 120),
    ("base/2 until 40 then base", lambda o: peers.ConstantLR(o, 0.5, 40), 100),
    ("repeat(cosine(20, to=1e-3))", lambda o: peers.CosineAnnealingWarmRestarts(o, 20, eta_min=1e-3), 119),
    (
        "repeat(cosine(10, to=1e-3), stretch=2)",
        lambda o: peers.CosineAnnealingWarmRestarts(o, 10, 2, eta_min=1e-3),
        150,
    ),
    (
        "cosine(30, from=0.02, to=0.5) then cosine(70, to=2e-6)",
        lambda o: peers.OneCycleLR(o, 0.5, 101, pct_start=31 / 101),
        100,
    ),
    (
        "repeat(linear(15, from=0.01, to=0.4) then linear(15, to=0.01))",
        lambda o: peers.CyclicLR(o, 0.01, 0.4, 15, cycle_momentum=False),
        140,
    ),
    (
        "warmup(20, from=1%) then cosine(80)",
        lambda o: peers.SequentialLR(o, [peers.LinearLR(o, 0.01, 1.0, 20), peers.CosineAnnealingLR(o, 80)], [20]),
        100,
    ),
]


@pytest.mark.parametrize(("text", "peer", "steps"), PAIRS, ids=[text for text, _, _ in PAIRS])
def test_a_schedule_of_torch_is_one_line(text: str, peer: Callable[[Any], Any], steps: int) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    theirs = peer(optimizer)
    expected = []
    for _ in range(steps + 1):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step() if len(expected) <= steps else None
    schedule = lrdsl.compile(text)

    np.testing.assert_allclose(schedule(np.arange(steps + 1), 0.1), expected, rtol=1e-9, atol=1e-12)
