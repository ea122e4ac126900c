"""Timeline to a kernel, or to source.

In: a timeline and the values of its levels. Out: something that computes, or a module that does. One walk serves all targets; the
operations of each are the rows of `functions.py`. Refuses to know any text.

    forms.py       closed forms to straight-line programs and rows of numbers
    folding.py     time within a cycle, exactly
    operations.py  the operations, on numbers and on blocks
    scalars.py     forms on one time
    blocks.py      forms on blocks of times
    kernel.py      chains: which part owns a time
    cycles.py      cycles and samples
    writer.py      forms as lines of code
    docstring.py   what a module says of itself
    machinery.py   what a module brings along
    groups.py      what groups see, for what is written out
    module.py      a module that needs numpy, torch or jax alone, or nothing
    document.py    a document in JSON
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..timeline import LATEST, BadTime, Timeline, rounded
from .forms import Differ
from .kernel import BesideKernel, ChainKernel, one_or_each
from .operations import Floats, Scratch

__all__ = ["Differ", "Kernel", "Wide", "beside", "for_bases"]

_BLOCK = 1 << 15  # doubles that fit the second-level cache
_SMALL = 12  # times that are computed one by one
_FILLED = 8192  # times from which a tail is worth a proof
_FREE: list[Scratch] = []  # blocks of calls that are over


@contextmanager
def _scratch() -> Iterator[Scratch]:
    """Blocks to work in: every thread takes its own from what is free. What overflows on the way is nobody's business."""
    try:
        scratch = _FREE.pop()
    except IndexError:
        scratch = Scratch(_BLOCK)
    with np.errstate(all="ignore"):
        yield scratch
    _FREE.append(scratch)  # where an error went through, its blocks are forgotten with it


class Kernel:
    """The values of one output where the levels have these values; scalar and array agree bit for bit."""

    def __init__(self, timeline: Timeline, levels: Sequence[float], settled: Callable[[], Fraction | None]) -> None:
        self.chain = ChainKernel(timeline.chain, levels)
        self.at = self.chain.at()  # of a float from 0 to LATEST
        self.settled = settled  # asked when there is an array to fill, for the answer is a proof

    @property
    def tail(self) -> tuple[float, float]:
        """From when on every value is the same, and that value; never where nothing is known to stay."""
        if self.chain.tail is None:
            found = self.settled()
            # A little later than was shown for exact numbers, so that what is computed with rounding errors has settled too.
            time = math.inf if found is None else rounded(found) * (1 + 1e-9) + 1e-9
            self.chain.tail = (time, self.chain.scalar(time)) if time <= LATEST else (math.inf, math.nan)
        return self.chain.tail

    def scalar(self, t: float) -> float:
        if not 0.0 <= t <= LATEST:
            raise BadTime(t)
        return self.at(t)

    def array(self, times: Any, out: Floats | None = None) -> Floats:
        """The values at an array of times of any shape, order and number type."""
        given = np.asarray(times)
        if given.dtype.kind not in "iuf":
            raise BadTime(times)
        if out is None:
            out = np.empty_like(given, dtype=np.float64)  # in the memory order of the times
        elif out.shape != given.shape or out.dtype != np.float64:
            raise ValueError(f"out must be float64 of shape {given.shape}, not {out.dtype} of shape {out.shape}")
        elif np.may_share_memory(given, out):
            given = given.copy()
        if given.size <= _SMALL:
            # A call of numpy takes as long as a value does.
            out[...] = np.reshape([self.scalar(float(t)) for t in given.ravel().tolist()], given.shape)
        else:
            with _scratch() as scratch:
                self._blocks(given, out, scratch)
        return out

    def _blocks(self, given: NDArray[Any], out: Floats, scratch: Scratch) -> None:
        if given.flags.f_contiguous and out.flags.f_contiguous:
            given, out = given.T, out.T
        if out.flags.c_contiguous and (given.ndim == 1 or given.flags.c_contiguous):
            times, values = given.reshape(-1), out.reshape(-1)
            for start in range(0, times.size, _BLOCK):
                self._block(times[start : start + _BLOCK], values[start : start + _BLOCK], scratch)
            return
        # Any other order of memory is walked as numpy likes it best, and copied block by block.
        walk = np.nditer(
            [given, out],
            flags=["external_loop", "buffered", "zerosize_ok"],
            op_flags=[["readonly"], ["writeonly", "contig"]],  # type: ignore[list-item]  # the stubs know one flag for all
            buffersize=_BLOCK,
        )
        with walk:
            for times, values in walk:
                self._block(times, values, scratch)

    def _block(self, times: NDArray[Any], values: Floats, scratch: Scratch) -> None:
        least, whole = float(np.minimum.reduce(times)), times.dtype.kind != "f"
        if times.size >= _FILLED and least >= self.tail[0] and (whole or np.maximum.reduce(times) <= LATEST):
            values.fill(self.tail[1])
            return
        block = times
        if times.dtype != np.float64 or not times.flags.carray:
            # numpy gives other bits on reversed views, and integers must be floats before any arithmetic.
            block = scratch.take(times.size)
            np.copyto(block, times, casting="unsafe")
        # Of whole numbers there is no infinite one, and beyond the last begin it does not matter which is the greatest.
        greatest = least if whole and least >= self.chain.begins[-1] else float(np.maximum.reduce(block))
        if not (least >= 0.0 and greatest <= LATEST):
            raise BadTime(block[~((block >= 0.0) & (block <= LATEST))][0].item())
        self.chain.among(least, greatest, block, None, values, scratch)
        if block is not times:
            scratch.give(1)


class Wide:
    """Many columns at once: a row a time, with the bits that each column has alone."""

    def __init__(self, chain: ChainKernel, width: int) -> None:
        self.chain, self.width = chain, width

    def array(self, times: Floats) -> Floats:
        """The values at times from 0, in order. Raises Differ where the columns have different forms."""
        out = np.empty((times.size, self.width))
        rows = max(_BLOCK // self.width, 1)
        with _scratch() as free:
            scratch = free if rows * self.width <= _BLOCK else Scratch(self.width)
            for start in range(0, times.size, rows):
                here = slice(start, start + rows)
                self.chain.array(times[here], None, out[here], scratch)
        return out


def for_bases(timeline: Timeline, levels: Sequence[Sequence[float]]) -> Wide:
    """One output, a column for each base, which is given by its levels."""
    # What does not depend on the base stays one number.
    shared = [one_or_each(one) for one in zip(*levels, strict=True)]
    return Wide(ChainKernel(timeline.chain, shared, width=len(levels)), len(levels))


def beside(kernels: Sequence[Kernel]) -> Wide:
    """Outputs that begin their phases at the same times, a column for each."""
    return Wide(BesideKernel([kernel.chain for kernel in kernels]), len(kernels))
