"""Chains at times, on numbers and on blocks of arrays, with the same bits.

In: a chain and the values of the levels. Out: evaluators: one value at a time, or a block of times into a block of values. Refuses
to know any text.

Plainly, each time is computed by the part that owns it. A block is looked at first: times of one part are one pass; in order, a
slice a part; in no order, the commonest part on all of them and the others after it; times of many parts, one pass a form.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..records import frozen, replace
from ..timeline import Chain, Cycle, Level, Node, Operation, Part, Sample, clipped, rounded
from .blocks import run, run_wide
from .forms import EXACT, Differ, Form, Inner, Number, Program, first_float, lower, three_floats
from .operations import Floats, Scratch
from .scalars import At, bound

_FEW = 200  # elements a part from which slices are cheaper than gathering
_LONG, _LARGEST = 50, 2_000_000  # the same of many bases; and the most numbers in a column of a table for them
_SOME = 6  # parts in no order from which gathering is cheaper than one after another


class Evaluator(Protocol):
    """A chain, cycle or sample at times given as floats, or as pairs of floats."""

    def scalar(self, t: float, low: float) -> float: ...

    def array(self, t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None: ...


def evaluator(node: Inner, levels: Sequence[Number], low: bool = False, width: int | None = None) -> Evaluator:
    from .cycles import CycleKernel, SampleKernel, StretchKernel  # cycles hold chains, and chains cycles

    match node:
        case Chain():
            return ChainKernel(node, levels, low, width)
        case Cycle() if node.stretch == 1:
            return CycleKernel(node, levels, low, width)
        case Cycle():
            return StretchKernel(node, levels, low, width)
        case Sample():
            return SampleKernel(node, levels, low, width)


class ChainKernel:
    """Which part owns a time, and its program. `tail` is when the last part has settled, and at which value; None: not asked yet.

    With a `width`, levels are arrays, one number for each of so many bases, and a block of values has a column for each.
    """

    def __init__(self, chain: Chain, levels: Sequence[Number], low: bool = False, width: int | None = None) -> None:
        self.chain = chain = flat(chain)
        self.levels = levels
        self.low = low
        self.width = width
        self.tail: tuple[float, float] | None = None
        begins = chain.begins
        if low:
            firsts = [rounded(begin) for begin in begins]
            self.seconds = [three_floats(begin)[1] for begin in begins]
            self.begins = firsts
            # Pairs are right to 1e-30 of a period or so, and two boundaries are never that near.
            self.slack = [-math.ldexp(abs(first) + 1e-3, -80) for first in firsts]
        else:
            self.begins = [first_float(begin) for begin in begins]
        self._starts: Floats | None = None
        self._programs: list[Program | None] = [None] * len(chain.parts)
        self._rows: list[tuple[Any, ...] | None] = [None] * len(chain.parts)
        self._scalars: list[At | None] = [None] * len(chain.parts)
        self._tables: Tables | None = None

    def program(self, index: int) -> Program:
        found = self._programs[index]
        if found is None:
            made = self.lowered(index)
            row = tuple(
                evaluator(one, self.levels, self.low, self.width) if isinstance(one, Inner) else one for one in made.row
            )
            found = self._programs[index] = Program(made.form, row)
        return found

    def lowered(self, index: int, clamped: bool = False) -> Program:
        return lower(self.chain.parts[index].body, self.levels, self.low, clamped)

    def row(self, index: int) -> tuple[Any, ...]:
        # A ufunc is half as costly with a 0-d array for a constant as with a Python float.
        found = self._rows[index]
        if found is None:
            row = self.program(index).row
            found = self._rows[index] = tuple(np.array(one) if isinstance(one, float) else one for one in row)
        return found

    # --- one time -----------------------------------------------------------------------------------------------------

    def scalar(self, t: float, low: float = 0.0) -> float:
        index = bisect.bisect_right(self.begins, t) - 1
        if self.low:
            index = self._corrected(index, t, low)
        index = index if index > 0 else 0
        return (self._scalars[index] or self._scalar(index))(t, low)

    def at(self) -> At:
        """`scalar` of the whole schedule, whose times are single floats from 0."""
        begins, made, make, find = self.begins, self._scalars, self._scalar, bisect.bisect_right

        def at(t: float) -> float:
            index = find(begins, t) - 1
            return (made[index] or make(index))(t)

        return at

    def _scalar(self, index: int) -> At:
        program = self.program(index)
        found = self._scalars[index] = bound(program.form, program.row)
        return found

    def _corrected(self, index: int, t: float, low: float) -> int:
        if index >= 0 and not self._reached(index, t, low):
            return index - 1
        if index + 1 < len(self.begins) and self._reached(index + 1, t, low):
            return index + 1
        return index

    def _reached(self, index: int, t: float, low: float) -> bool:
        return (t - self.begins[index]) + (low - self.seconds[index]) >= self.slack[index]

    # --- a block of times ---------------------------------------------------------------------------------------------

    def array(self, t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
        if len(self.begins) == 1:
            self._part(0, t, low, out, scratch)
        elif self.width is not None:
            self.wide(t, low, out, scratch)
        else:
            self.among(float(np.minimum.reduce(t)), float(np.maximum.reduce(t)), t, low, out, scratch)

    def among(
        self, least: float, greatest: float, t: Floats, low: Floats | None, out: Floats, scratch: Scratch
    ) -> None:
        """The same where the least and the greatest of the times are known."""
        begins = self.begins
        first, last = bisect.bisect_right(begins, least) - 1, bisect.bisect_right(begins, greatest) - 1
        if self.low:
            first, last = first - 1, last + 1
        first, last = max(first, 0), min(last, len(begins) - 1)
        if first == last:
            self._part(first, t, low, out, scratch)
        elif self.low:
            self._gather(self._pair_owners(t, low), t, low, out, scratch)
        elif not np.less(t[1:], t[:-1]).any():
            self._in_order(first, last, t, out, scratch)
        elif last - first < _SOME:
            self._in_no_order(first, last, t, out, scratch)
        else:
            owners = np.searchsorted(self.starts, t, side="right") - 1
            self._gather(owners, t, None, out, scratch)

    @property
    def starts(self) -> Floats:
        """The begins as an array."""
        if self._starts is None:
            self._starts = np.array(self.begins)
        return self._starts

    def _part(self, index: int, t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
        (run if self.width is None else run_wide)(self.program(index).form, self.row(index), t, low, out, scratch)

    def wide(self, t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
        """Many bases: a part after another where each has many times, else one pass a form."""
        if self.low:
            owners = self._pair_owners(t, low)
        else:
            owners = np.maximum(np.searchsorted(self.starts, t, side="right") - 1, 0)
        present = np.flatnonzero(np.bincount(owners))
        if present.size > 2 and present.size * _LONG > t.size and len(self.begins) * out.shape[1] < _LARGEST:
            self._gather(owners, t, low, out, scratch)
            return
        for index in present.tolist():
            where = np.flatnonzero(owners == index)
            here = slice(where[0], where[-1] + 1) if where[-1] - where[0] + 1 == where.size else None
            if here is not None:
                self._part(index, t[here], None if low is None else low[here], out[here], scratch)
                continue
            values = scratch.take(where.size * out.shape[1]).reshape(where.size, -1)
            self._part(index, t[where], None if low is None else low[where], values, scratch)
            out[where] = values
            scratch.give(1)

    def _in_order(self, first: int, last: int, t: Floats, out: Floats, scratch: Scratch) -> None:
        cuts = np.empty(last - first + 2, dtype=np.intp)
        cuts[0], cuts[-1] = 0, t.size
        cuts[1:-1] = _cuts(t, self.starts[first + 1 : last + 1])
        if (last - first) * _FEW >= t.size:
            self._gather(np.repeat(np.arange(first, last + 1), np.diff(cuts)), t, None, out, scratch)
            return
        for index, (a, b) in enumerate(itertools.pairwise(cuts.tolist()), first):
            if a < b:
                self._part(index, t[a:b], None, out[a:b], scratch)

    def _in_no_order(self, first: int, last: int, t: Floats, out: Floats, scratch: Scratch) -> None:
        """The commonest part on all times, moved into it, and then the others where they belong."""
        # Of each part, which times have reached it; then those that have settled, where it is known when they do.
        reached = [np.ones(t.size, bool), *(t >= self.begins[index] for index in range(first + 1, last + 1))]
        tail, value = self.tail or (math.inf, math.nan)
        reached.append(t >= tail if last == len(self.begins) - 1 else np.zeros(t.size, bool))
        counts = [int(np.count_nonzero(one)) for one in reached]
        commonest = None
        if 2 * counts[-1] > t.size:
            out[...] = value
        else:
            # Where they are fewer, what has settled is computed like the rest of the last part: it is the same value.
            reached[-1], counts[-1] = np.zeros(t.size, bool), 0
            sizes = [here - then for here, then in itertools.pairwise(counts)]
            commonest = first + sizes.index(max(sizes))
            moved = scratch.take(t.size)
            np.maximum(t, self.begins[commonest], out=moved)
            if commonest < last:
                np.minimum(moved, math.nextafter(self.begins[commonest + 1], -math.inf), out=moved)
            self._part(commonest, moved, None, out, scratch)
            scratch.give(1)
        for index, (begun, over) in enumerate(itertools.pairwise(reached), first):
            where = np.flatnonzero(begun & ~over) if index != commonest else ()
            if len(where):
                values = scratch.take(len(where))
                self._part(index, t.take(where), None, values, scratch)
                out[where] = values
                scratch.give(1)

    def _pair_owners(self, t: Floats, low: Floats | None) -> NDArray[np.intp]:
        begins = self.starts
        owners = np.searchsorted(begins, t, side="right") - 1
        if low is not None:
            seconds, slack = np.array(self.seconds), np.array(self.slack)
            here = np.maximum(owners, 0)
            early = ((t - begins[here]) + (low - seconds[here]) < slack[here]) & (owners >= 0)
            then = np.minimum(owners + 1, len(begins) - 1)
            late = ((t - begins[then]) + (low - seconds[then]) >= slack[then]) & (then > owners)
            owners = owners - early + (late & ~early)
        found: NDArray[np.intp] = np.maximum(owners, 0)
        return found

    def _gather(self, owners: NDArray[np.intp], t: Floats, low: Floats | None, out: Floats, scratch: Scratch) -> None:
        """Times of many parts: one pass for each form, with the numbers of each part gathered by time."""
        if self._tables is None:
            programs = [self.lowered(index, clamped=True) for index in range(len(self.begins))]
            self._tables = tables(programs, self.width is not None)
        forms = self._tables.form.take(owners)
        # Of the parts between, which are fewer than the times.
        between = self._tables.form[np.minimum.reduce(owners) : np.maximum.reduce(owners) + 1]
        present = np.flatnonzero(np.bincount(between)).tolist()
        for number in present:
            chosen = (forms == number).nonzero()[0] if len(present) > 1 else None
            if chosen is not None and not chosen.size:
                continue
            times = t if chosen is None else t.take(chosen)
            lows = low if low is None or chosen is None else low.take(chosen)
            if chosen is None:
                values = out
            elif self.width is None:
                values = scratch.take(times.size)
            else:
                values = scratch.take(times.size * self.width).reshape(-1, self.width)
            form, table = self._tables.forms[number], self._tables.rows[number]
            if table is None:
                self._part(int(owners[chosen[0] if chosen is not None else 0]), times, lows, values, scratch)
            else:
                place = self._tables.place.take(owners if chosen is None else owners.take(chosen))
                if self.width is None:
                    run(form, list(table.take(place, axis=1)), times, lows, values, scratch)
                else:
                    run_wide(form, [column.take(place, axis=0) for column in table], times, lows, values, scratch)
            if chosen is not None:
                out[chosen] = values
                scratch.give(1)


def _cuts(t: Floats, starts: Floats) -> Any:
    """How many of the times, which are in order, are before each of the starts."""
    if starts.size * 8 > t.size and t[0].is_integer() and t[-1] < EXACT and (t[1:] - t[:-1] == 1).all():
        # Of one step after another that is a difference, and exact: a whole time is a multiple of what a start is one of.
        return np.ceil(starts - t[0])
    return np.searchsorted(t, starts)


class BesideKernel(ChainKernel):
    """Chains with the same begins, whose parts have the same forms, side by side: a column for each."""

    def __init__(self, kernels: Sequence[ChainKernel]) -> None:
        super().__init__(kernels[0].chain, kernels[0].levels, width=len(kernels))
        self.kernels = kernels

    def lowered(self, index: int, clamped: bool = False) -> Program:
        # Clamped, so that those which must be are not alone.
        made = [kernel.lowered(index, clamped=True) for kernel in self.kernels]
        if any(one.form != made[0].form or any(isinstance(number, Inner) for number in one.row) for one in made):
            raise Differ
        return Program(
            made[0].form, tuple(one_or_each(numbers) for numbers in zip(*(one.row for one in made), strict=True))
        )


def one_or_each(numbers: Sequence[float]) -> Number:
    """One number where all are the same, else an array of them."""
    return numbers[0] if len(set(numbers)) == 1 else np.array(numbers)


@frozen
class Tables:
    """The parts of a chain by form: for each part its form and its place in the table of that form's numbers.

    What holds a cycle or a sample in its row cannot be gathered: it has no table, and is a form of its own. A table has a row a
    number; of many bases it is a list of columns, a number a part or one for each base.
    """

    form: NDArray[np.intp]
    place: NDArray[np.intp]
    forms: list[Form]
    rows: list[Any]


def tables(programs: Sequence[Program], wide: bool) -> Tables:
    numbers: dict[object, int] = {}
    members: list[list[tuple[Any, ...]]] = []
    forms: list[Form] = []
    form = np.empty(len(programs), dtype=np.intp)
    place = np.empty(len(programs), dtype=np.intp)
    for index, program in enumerate(programs):
        alone = any(isinstance(one, Inner) for one in program.row)
        number = numbers.setdefault((program.form, index) if alone else program.form, len(numbers))
        if number == len(forms):
            forms.append(program.form)
            members.append([])
        form[index], place[index] = number, len(members[number])
        members[number].append(program.row)
    rows = [None if any(isinstance(one, Inner) for one in alike[0]) else _table(alike, wide) for alike in members]
    return Tables(form, place, forms, rows)


def _table(rows: Sequence[Sequence[Number]], wide: bool) -> Any:
    if not wide:
        return np.array(rows, dtype=np.float64).T.copy()
    columns = []
    for numbers in zip(*rows, strict=True):
        width = max(np.size(one) for one in numbers)
        columns.append(np.array([np.broadcast_to(one, width) for one in numbers]))
    return columns


def flat(chain: Chain) -> Chain:
    """A chain without chains in it, where an operation has one among levels only: `floor` becomes that of each part."""
    if all(_as_chain(part.body) is None for part in chain.parts):
        return chain
    return Chain(tuple(one for part in _owned(chain, chain.begins[0]) for one in _flat(part)))


def _owned(chain: Chain, begin: Fraction) -> list[Part]:
    """A part owns what follows its begin until the next one begins; the first one also what is before, and the last all after."""
    begins, ends = [begin, *chain.begins[1:]], [*chain.begins[1:], None]
    return [replace(one, begin=a, end=b) for one, a, b in zip(chain.parts, begins, ends, strict=True)]


def _flat(part: Part) -> list[Part]:
    chain = _as_chain(part.body)
    if chain is None:
        return [part]
    inner = clipped(_owned(chain, min(part.begin, chain.begins[0])), part.begin, part.end)
    return [one for found in inner for one in _flat(found)]


def _as_chain(node: Node) -> Chain | None:
    """The chain that a node is, or an operation on one."""
    match node:
        case Chain():
            return node
        case Operation(function, operands):
            chains = [_as_chain(operand) for operand in operands]
            found = [index for index, chain in enumerate(chains) if chain is not None]
            if len(found) == 1 and all(isinstance(operands[k], Level) for k in range(len(operands)) if k not in found):
                chain, before, after = chains[found[0]], operands[: found[0]], operands[found[0] + 1 :]
                assert chain is not None
                parts = (replace(one, body=Operation(function, (*before, one.body, *after))) for one in chain.parts)
                return Chain(tuple(parts))
    return None
