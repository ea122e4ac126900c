"""A first look at speed: lrdsl beside what users write by hand, in one process, as ratios of minima.

    python benchmarks/quick.py

Out: a table on stdout. The full bench, with every alternative and every row, is to follow.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch

import lrdsl
import lrdsl.torch

LINE = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


def best(*calls: Callable[[], object], count: int, rounds: int = 9) -> list[float]:
    """The least seconds a call of each takes; they take turns, so that noise meets all."""
    least = [math.inf] * len(calls)
    for _ in range(rounds):
        for index, call in enumerate(calls):
            begun = time.perf_counter()
            for _ in range(count):
                call()
            least[index] = min(least[index], (time.perf_counter() - begun) / count)
    return least


def row(what: str, ours: float, theirs: float, unit: float, name: str, by: str) -> None:
    print(f"{what:<34} {ours * unit:>9.3f} {name}   {theirs * unit:>9.3f} {name}   {ours / theirs:>6.2f}   {by}")


def optimizer_of(groups: int) -> torch.optim.Optimizer:
    built = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)]
    optimizer = torch.optim.SGD(built, lr=0.1)
    optimizer.step()
    return optimizer


def loop(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    step = 0

    def go() -> None:
        nonlocal step
        step += 1
        lr = 1e-3 * step / 1000 if step <= 1000 else 1e-3 * np.exp(-1e-4 * (step - 1000))
        lr = max(lr, 1e-6)
        for group in optimizer.param_groups:
            group["lr"] = lr

    return go


def where(t: np.ndarray) -> np.ndarray:
    return np.maximum(np.where(t < 1000, 1e-3 * t / 1000, 1e-3 * np.exp(-1e-4 * (t - 1000))), 1e-6)


def main() -> None:
    schedule = lrdsl.compile(LINE)
    steps = np.arange(2_000_000)
    print(f"{'work':<34} {'lrdsl':>12}   {'by hand':>12}   {'ratio':>6}")
    for groups in (1, 10, 100):
        first, second = optimizer_of(groups), optimizer_of(groups)
        scheduler = lrdsl.torch.attach(first, schedule)
        first.step()
        ours, theirs = best(scheduler.step, loop(second), count=3000)
        row(f"step, {groups} groups", ours, theirs, 1e6, "us", "the tutorial's loop")
    ours, theirs = best(lambda: schedule(steps), lambda: where(steps), count=2)
    row("array of 2M steps, one element", ours / 2e6, theirs / 2e6, 1e9, "ns", "np.where")
    ours, theirs = best(lambda: schedule(5000), lambda: where(np.float64(5000.0)), count=2000)
    row("one value", ours, theirs, 1e6, "us", "np.where")
    ours, theirs = best(
        lambda: (lrdsl.compiled.cache_clear(), lrdsl.compile(LINE)), lambda: lrdsl.compile(LINE), count=50
    )
    row("compile; the same text again", ours, theirs, 1e6, "us", "lrdsl's own cache")


if __name__ == "__main__":
    main()
