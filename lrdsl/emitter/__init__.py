"""Timeline to a kernel, or to source.

In: a timeline and the values of its levels. Out: something that computes, or a module that does. One walk serves all targets; the
operations of each are the rows of `functions.py`. Refuses to know any text.

    forms.py     closed forms to straight-line programs and rows of numbers
    folding.py   time within a cycle, exactly
    operations.py   runs them, on numbers and on blocks of arrays
    kernel.py    chains, cycles and samples
    docstring.py what a module says of itself
    writer.py    writes them as a module that needs numpy alone, or nothing
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..timeline import LATEST, BadTime, Timeline, rounded
from .kernel import BLOCK, ChainKernel
from .operations import Floats

__all__ = ["Kernel"]


_FILLED = 1024  # times from which a tail is worth a proof


class Kernel:
    """The values of one output where the levels have these values; scalar and array agree bit for bit."""

    def __init__(self, timeline: Timeline, levels: Sequence[float], settled: Callable[[], Fraction | None]) -> None:
        self.chain = ChainKernel(timeline.chain, levels)
        self.settled = settled  # asked when there is an array to fill, for the answer is a proof
        self._tail: tuple[float, float] | None = None

    @property
    def tail(self) -> tuple[float, float]:
        """From when on every value is the same, and that value; never where nothing is known to stay."""
        if self._tail is None:
            found = self.settled()
            # A little later than was shown for exact numbers, so that what is computed with rounding errors has settled too.
            time = math.inf if found is None else rounded(found) * (1 + 1e-9) + 1e-9
            self._tail = (time, self.chain.scalar(time)) if time <= LATEST else (math.inf, math.nan)
        return self._tail

    def scalar(self, t: float) -> float:
        if not 0.0 <= t <= LATEST:
            raise BadTime(t)
        return self.chain.scalar(t)

    def array(self, times: Any, out: Floats | None = None) -> Floats:
        """The values at an array of times of any shape, order and number type."""
        given = np.asarray(times)
        if given.dtype.kind not in "iuf":
            raise BadTime(times)
        if out is None:
            out = np.empty_like(given, dtype=np.float64)  # in the memory order of the times
        elif out.shape != given.shape or out.dtype != np.float64:
            raise ValueError(f"out must be float64 of shape {given.shape}, not {out.dtype} of shape {out.shape}")
        if given.size:
            self._blocks(given, out)
        return out

    def _blocks(self, given: NDArray[Any], out: Floats) -> None:
        if given.flags.f_contiguous and out.flags.f_contiguous and not given.flags.c_contiguous:
            given, out = given.T, out.T
        times = given.reshape(-1)
        straight = out if out.flags.c_contiguous else np.empty(out.shape)
        values = straight.reshape(-1)
        buffer = np.empty(min(BLOCK, times.size))
        with np.errstate(all="ignore"):
            for start in range(0, times.size, BLOCK):
                # numpy gives other bits on reversed views, and integers must be floats before any arithmetic, so
                # every block is copied into a buffer of our own first.
                block = buffer[: min(BLOCK, times.size - start)]
                np.copyto(block, times[start : start + block.size], casting="unsafe")
                least = np.minimum.reduce(block)
                if not (least >= 0.0 and np.maximum.reduce(block) <= LATEST):
                    raise BadTime(block[~((block >= 0.0) & (block <= LATEST))][0].item())
                if block.size >= _FILLED and least >= self.tail[0]:
                    values[start : start + block.size] = self.tail[1]
                else:
                    self.chain.array(block, None, values[start : start + block.size])
        if straight is not out:
            out[...] = straight
