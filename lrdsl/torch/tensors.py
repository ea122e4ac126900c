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


_SLOT = 16  # bytes from one lr to the next: compiled code copies what begins elsewhere


def separate(columns: Sequence[Column]) -> None:
    """Give groups that take different values tensors of their own: a new optimizer has one tensor in all its groups.

    They lie in one vector, so that one write reaches all of them.
    """
    takers: dict[int, dict[object, list[Group]]] = {}
    for index, column in enumerate(columns):
        for group in column.groups if column.key == "lr" else ():
            if isinstance(group["lr"], Tensor):
                own = (index, id(group) if SCALE in group else None)
                takers.setdefault(id(group["lr"]), {}).setdefault(own, []).append(group)
    for different in takers.values():
        if len(different) > 1:
            shared = next(iter(different.values()))[0]["lr"]
            slots = shared.new_empty((len(different), max(_SLOT // shared.element_size(), 1)))
            for tensor, groups in zip(slots[:, 0].fill_(float(shared)).unbind(), different.values(), strict=True):
                for group in groups:
                    group["lr"] = tensor


def joined(tensors: Sequence[Tensor]) -> Tensor | None:
    """One vector of tensors that lie in one storage, one as far from the next as all; None where they do not."""
    first, begins = tensors[0], [tensor.storage_offset() for tensor in tensors]
    storage, stride = first.untyped_storage().data_ptr(), begins[1] - begins[0] if len(begins) > 1 else 1
    if any(tensor.untyped_storage().data_ptr() != storage or tensor.dim() for tensor in tensors):
        return None
    if stride <= 0 or begins != list(range(begins[0], begins[0] + stride * len(begins), stride)):
        return None
    return first.as_strided((len(tensors),), (stride,), begins[0])


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
    vector: Tensor | None = None  # the tensors, where they lie in one
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
        self.vector = joined(self.tensors)
        if self.scaled:
            values = values * np.array([float(group.get(SCALE, 1.0)) for group in self.groups])
        rows = torch.from_numpy(values).to(first.dtype)
        if first.device.type == "cuda":
            rows = rows.pin_memory()  # else the copy would wait
        if first.device.type == "cpu" and self.vector is None and len(self.views) != len(self.tensors):
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
        if self.vector is not None:
            self.vector.copy_(row)
        elif self.stage is None:
            torch._foreach_copy_(self.tensors, row.unbind())
        else:
            self.stage.copy_(row)
            torch._foreach_copy_(self.tensors, self.views)

    def take(self, index: int, group: Group) -> None:
        """Somebody gave a group another lr: a tensor takes the place of the old one, a number is written over."""
        if isinstance(group["lr"], Tensor):
            self.tensors[index], self.vector = group["lr"], None
            self.send()
        else:
            group["lr"] = self.tensors[index]
