"""Lrs that are Tensors, each group with its own: filled in place, by one write to a device a step.

In: groups that hold tensors, and rows of float64 values. Out: the values in the very tensors that the groups hold, for compiled
steps and captured graphs know them by their place. A value is cast once, from the closed form; the rows of a block go to the device
together, without waiting for it. Refuses to know what is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..records import field, slotted
from .columns import SCALE, Column, Group

if TYPE_CHECKING:
    from numpy.typing import NDArray


def separate(columns: Sequence[Column]) -> None:
    """Give groups that take different values tensors of their own: a new optimizer has one tensor in all its groups."""
    owners: dict[int, object] = {}
    copies: dict[tuple[int, object], Tensor] = {}
    for index, column in enumerate(columns):
        for group in column.groups if column.key == "lr" else ():
            tensor = group["lr"]
            if not isinstance(tensor, Tensor):
                continue
            own = (index, id(group) if SCALE in group else None)
            if owners.setdefault(id(tensor), own) != own:
                mark = (id(tensor), own)
                if mark not in copies:
                    copies[mark] = tensor.clone()
                group["lr"] = copies[mark]


def feeds(pairs: Iterable[tuple[int, Group]]) -> list[Feed]:
    """One feed for the tensors of a device and a dtype; a pair is the number of a value in a row, and a group that takes it."""
    found: dict[tuple[torch.device, torch.dtype], Feed] = {}
    known: set[int] = set()
    for index, group in pairs:
        tensor = group["lr"]
        feed = found.setdefault((tensor.device, tensor.dtype), Feed())
        # Of groups that share a tensor one is enough.
        if id(tensor) not in known:
            known.add(id(tensor))
            feed.groups.append(group)
            feed.tensors.append(tensor)
            feed.chosen.append(index)
    return list(found.values())


@slotted
class Feed:
    """Tensors, for each of them a group that holds it and the number of its value in a row; and the rows of the block in hand."""

    groups: list[Group] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)
    scaled: list[Group] = field(default_factory=list)  # the groups that multiply, as they came
    scales: list[float] = field(default_factory=list)  # what by, when the rows were sent
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    rows: Tensor | None = None
    place: int = 0
    stage: Tensor | None = None  # a row, where copying one is cheaper than taking it apart
    views: tuple[Tensor, ...] = ()

    def load(self, found: NDArray[np.float64]) -> None:
        """The rows of a block; the next one to be written is the first."""
        self.values, self.place = found.take(self.chosen, axis=1), 0
        self.send()

    def send(self) -> None:
        """The rows from here on, as the scales are now."""
        self.scaled = [group for group in self.groups if SCALE in group]
        self.scales = [float(group[SCALE]) for group in self.scaled]
        self.values, self.place = self.values[self.place :], 0
        values, first = self.values, self.tensors[0]
        if self.scaled:
            values = values * np.array([float(group.get(SCALE, 1.0)) for group in self.groups])
        rows = torch.from_numpy(values).to(first.dtype)
        if first.device.type == "cuda":
            rows = rows.pin_memory()  # else the copy would wait
        elif self.stage is None or len(self.views) != len(self.tensors):
            self.stage = torch.empty(len(self.tensors), dtype=first.dtype)
            self.views = self.stage.unbind()
        self.rows = rows.to(first.device, non_blocking=True)

    def write(self) -> None:
        """One row, after a look at what the groups hold now."""
        for index, (group, tensor) in enumerate(zip(self.groups, self.tensors, strict=True)):
            if group["lr"] is not tensor:
                self.take(index, group)
        if self.scaled and self.scales != [float(group.get(SCALE, 1.0)) for group in self.scaled]:
            self.send()
        assert self.rows is not None
        row = self.rows[self.place]
        self.place += 1
        if self.stage is None:
            torch._foreach_copy_(self.tensors, row.unbind())
        else:
            self.stage.copy_(row)
            torch._foreach_copy_(self.tensors, self.views)

    def take(self, index: int, group: Group) -> None:
        """Somebody gave a group another lr: a tensor takes the place of the old one, a number is written over."""
        if isinstance(group["lr"], Tensor):
            self.tensors[index] = group["lr"]
        else:
            group["lr"] = self.tensors[index]
