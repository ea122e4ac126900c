"""Many columns at once: the values of several outputs, or of one output for several bases, a row a time.

In: outputs, each with a base. Out: blocks of rows, with the bits that each column has alone. Bases of one output differ in their
levels only, and outputs for groups often in a number or two: what they have in common is computed once. Refuses to know what the
columns are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .emitter import Differ, Kernel, Wide, beside, for_bases
from .output import Base, Output

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Table:
    """`table(times)` has a row for each of the times, which are in order and from 0, and a column for each (output, base)."""

    def __init__(self, columns: Sequence[tuple[Output, Base]]) -> None:
        self.columns = columns
        self._blocks: list[tuple[list[int], Wide]] | None = None  # columns that are computed together
        self._alone: dict[int, Kernel] = {}  # of those that are not: an output keeps kernels for a few bases only

    def __call__(self, times: Floats) -> Floats:
        if self._blocks is None:
            self._blocks = self._together()
        values = np.empty((times.size, len(self.columns)))
        alone = set(range(len(self.columns)))
        for places, wide in self._blocks:
            # One after another they are one slice.
            here = slice(places[0], places[-1] + 1) if places[-1] - places[0] + 1 == len(places) else places
            try:
                values[:, here] = wide.array(times)
            except Differ:  # where one rises and another falls, say
                continue
            alone.difference_update(places)
        for place in alone:
            if place not in self._alone:
                output, base = self.columns[place]
                self._alone[place] = output.kernel(base)
            values[:, place] = self._alone[place].array(times)
        return values

    def _together(self) -> list[tuple[list[int], Wide]]:
        outputs: dict[int, list[int]] = {}
        for place, (output, _) in enumerate(self.columns):
            outputs.setdefault(id(output), []).append(place)
        found: list[tuple[list[int], Wide]] = []
        single: dict[tuple[float, ...], list[int]] = {}
        for places in outputs.values():
            output = self.columns[places[0]][0]
            if len(places) > 1:
                levels = [output.sound(self.columns[place][1]) for place in places]
                found.append((places, for_bases(output.timeline, levels)))
            else:
                begins = tuple(output.kernel(self.columns[places[0]][1]).chain.begins)
                single.setdefault(begins, []).append(places[0])
        for places in single.values():
            if len(places) > 1:
                kernels = [output.kernel(base) for output, base in (self.columns[place] for place in places)]
                found.append((places, beside(kernels)))
        return found
