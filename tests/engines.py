"""What the tests of engines share: the lr that each update was made with, seen by the optimizer itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.optim import Optimizer  # noqa: E402
from torch.optim.optimizer import register_optimizer_step_pre_hook  # noqa: E402


class Updates:
    """The updates that any optimizer of the process made, one after another: with which lr, for each of its groups."""

    def __init__(self) -> None:
        self.made: list[tuple[Optimizer, list[float]]] = []

    @property
    def lrs(self) -> list[float]:
        """The lr of the first group at each update."""
        return [lrs[0] for _, lrs in self.made]

    def of(self, optimizer: Optimizer) -> list[list[float]]:
        return [lrs for one, lrs in self.made if one is optimizer]

    def note(self, optimizer: Optimizer, *_: Any) -> None:
        self.made.append((optimizer, [float(group["lr"]) for group in optimizer.param_groups]))


@contextlib.contextmanager
def recorded() -> Iterator[Updates]:
    """Notes every update of every optimizer while it lasts."""
    updates = Updates()
    handle = register_optimizer_step_pre_hook(updates.note)
    try:
        yield updates
    finally:
        handle.remove()


def rows(count: int, width: int = 4) -> torch.Tensor:
    """The same data for each run."""
    return torch.linspace(-1, 1, count * width).reshape(count, width)
