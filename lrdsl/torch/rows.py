"""What is written at a step, and where: a row of values, and the places that they go to.

In: columns. Out: rows of values for a block of steps, and the writing of one. Groups that share a value are one place where they
are many; where nearly every group has a value of its own, each has a place in the row. Refuses to know positions.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..records import frozen
from ..table import Table
from .columns import BETAS, SCALE, Column, Group, held, put
from .tensors import Feed, feeds, separate

_SHORT = 64  # values of a row up to which it is quicker to make floats of all rows at once
_NEAR, _MOST = 1 << 14, 1 << 17  # values in a block of short rows, and of long ones


@frozen
class Place:
    """The groups that take the next values of a row: one for all of them, or `each` its own.

    `scale` tells that each multiplies by its `lr_scale`, read anew at every step; `plain` that a value is put into the dict of
    the group, and nothing else is to be done.
    """

    key: str
    groups: list[Group]
    each: bool
    scale: bool
    plain: bool


@frozen
class Block:
    """The rows of many steps, one after another; `left` says how many are to come, and so where one is.

    `last` are the values of all columns in the last of them.
    """

    rows: Iterator[Any]
    left: Callable[[], int]
    last: Sequence[float] = ()


def _values(values: Any, last: Sequence[float]) -> Block:
    """Rows of one value each: floats, for a numpy float would spoil a checkpoint, and make `lr * scale` slow.

    An array makes a float when it is asked for; a list of them would be four times as large, and far away in memory.
    """
    size = len(values)
    iterator = iter(array("d", values.tobytes()))

    def left() -> int:
        # The iterator tells its place when it is to be pickled, and of one that is used up there is none.
        place: Any = iterator.__reduce__()[2:]
        return size - place[0] if place else 0

    return Block(iterator, left, last)


def _rows(values: Any, last: Sequence[float]) -> Block:
    """Rows of several values: each is the iterator of all values, of which a writer takes as many as belong to a row.

    Rows that are lists would be thousands of them, and wake the garbage collector.
    """
    count, width = values.shape
    if width <= _SHORT:
        rows = itertools.repeat(iter(array("d", values.tobytes())), count)
        return Block(rows, rows.__length_hint__, last)
    numbers: Any = iter(range(count))
    return Block((iter(values[number].tolist()) for number in numbers), numbers.__length_hint__, last)


NOTHING = Block(iter(()), lambda: 0)


@frozen
class Rows:
    """For each value of a row the number of its column, and what writes a row.

    A row of one value is a float, of several the iterator of them; `shared` tells that it goes into the lr of all groups as it is.
    What goes into tensors is fed to them, a block at once.
    """

    columns: list[Column]
    chosen: list[int]
    feeds: list[Feed]
    table: Table
    shared: bool
    write: Callable[[Any], None]

    def block(self, times: Any) -> Block:
        """The rows at many times."""
        if len(self.columns) == len(self.chosen) == 1:
            column = self.columns[0]
            values = column.output(times, column.bases or None)
            return _values(values, (float(values[-1]),))
        return self._block(self.table(times))

    def _block(self, found: Any) -> Block:
        for feed in self.feeds:
            feed.load(found)
        last = found[-1].tolist()
        if len(self.chosen) == 1:
            return _values(found[:, self.chosen[0]], last)
        return _rows(found if self.chosen == list(range(len(self.columns))) else found.take(self.chosen, axis=1), last)

    @property
    def length(self) -> Fraction | None:
        """When the lrs end: where all of them do, the end of the longest."""
        found = [column.output.length for column in self.columns if column.key == "lr"]
        return max((one for one in found if one is not None), default=None) if None not in found else None

    @property
    def most(self) -> int:
        """How many rows make a block."""
        width = max(len(self.chosen) + sum(len(feed.tensors) for feed in self.feeds), 1)
        return max(16, (_NEAR if width <= _SHORT else _MOST) // width)

    def at(self, position: float) -> Any:
        """The row at any time."""
        values = [column.output(position, column.bases or None) for column in self.columns]
        return next(self._block(np.array([values])).rows)

    def foreign(self, last: Sequence[float]) -> tuple[Group, str, float, float] | None:
        """A number that is not the one that was written last: the group, its key, what it holds and what was written.

        A group with a scale is passed by, for that may have changed since; so is a tensor on a device, which would have to wait.
        """
        for column, written in zip(self.columns, last, strict=False):
            for group in column.groups:
                found, wanted = held(group, column.key), written
                if SCALE in group or (found.__class__ is float and found == wanted):
                    continue
                if isinstance(found, Tensor):
                    if found.device.type != "cpu":
                        continue
                    wanted = float(torch.tensor(written, dtype=found.dtype))
                if found != wanted:
                    return group, column.key, float(found), wanted
        return None


def _writer(places: list[Place], feeds: list[Feed]) -> Callable[[Any], None]:
    """What puts a row where it belongs; one closure where there is one place, for a step is a few hundred nanoseconds."""
    if len(places) == 1 and not feeds:
        return _each(places[0]) if places[0].each else _one(places[0])
    if len(places) == 1 and not places[0].each:
        return _beside(_one(places[0]), feeds)
    parts = [_each(place) if place.each else _next(place) for place in places]

    def write(row: Iterator[float]) -> None:
        for put_in in parts:
            put_in(row)

    return _beside(write, feeds) if feeds else write


def _beside(write: Callable[[Any], None], feeds: list[Feed]) -> Callable[[Any], None]:
    def both(row: Any) -> None:
        write(row)
        for feed in feeds:
            feed.write()

    return both


def _next(place: Place) -> Callable[[Iterator[float]], None]:
    put_in = _one(place)
    return lambda row: put_in(next(row))


def _one(place: Place) -> Callable[[float], None]:
    key, groups = place.key, place.groups

    def plain(value: float) -> None:
        for group in groups:
            group[key] = value

    def scaled(value: float) -> None:
        for group in groups:
            group[key] = value * group[SCALE]

    def any_way(value: float) -> None:
        last = None
        for group in groups:
            # A fresh optimizer has one tensor in all its groups, and one write to a device is enough.
            if key in BETAS or group[key] is not last or SCALE in group:
                put(group, key, value)
                last = None if key in BETAS else group[key]

    return any_way if not place.plain else scaled if place.scale else plain


def _each(place: Place) -> Callable[[Iterator[float]], None]:
    key, groups = place.key, place.groups

    # The groups come first: when they are through, no value more is taken.
    def plain(values: Iterator[float]) -> None:
        for group, value in zip(groups, values, strict=False):
            group[key] = value

    def scaled(values: Iterator[float]) -> None:
        for group, value in zip(groups, values, strict=False):
            group[key] = value * group[SCALE]

    def any_way(values: Iterator[float]) -> None:
        for group, value in zip(groups, values, strict=False):
            put(group, key, value)

    return any_way if not place.plain else scaled if place.scale else plain


def rows(columns: list[Column], count: int) -> Rows:
    """The places for columns of an optimizer with so many groups."""
    separate(columns)
    members = [(index, group, column.key) for index, column in enumerate(columns) for group in column.groups]
    tensors = [(index, group) for index, group, key in members if key == "lr" and isinstance(group["lr"], Tensor)]
    fed = tensors if len({id(group["lr"]) for _, group in tensors}) > 1 else []
    apart = {id(group) for _, group in fed}
    kinds: dict[tuple[str, bool, bool], list[tuple[int, Group]]] = {}
    for index, group, key in members:
        if key == "lr" and id(group) in apart:
            continue
        plain = _plain(group, key)
        scale = plain and key == "lr" and SCALE in group
        kinds.setdefault((key, scale, plain), []).append((index, group))
    places, chosen = _places(kinds)
    one = places[0] if len(chosen) == 1 else None
    shared = one is not None and one.key == "lr" and one.plain and not one.scale and len(one.groups) == count
    table = Table([(column.output, column.bases or None) for column in columns])
    found = feeds(fed)
    return Rows(columns, chosen, found, table, shared, _writer(places, found))


def _places(kinds: Mapping[tuple[str, bool, bool], list[tuple[int, Group]]]) -> tuple[list[Place], list[int]]:
    """The places, and for each value of a row the number of its column."""
    places: list[Place] = []
    chosen: list[int] = []
    for (key, scale, plain), members in kinds.items():
        numbers = list(dict.fromkeys(index for index, _ in members))
        # A place for a few groups costs as much as a value more in the row of all.
        each = len(numbers) > 1 and 3 * len(numbers) > len(members)
        shares = [list(members)] if each else [[pair for pair in members if pair[0] == number] for number in numbers]
        for share in shares:
            chosen += [index for index, _ in share] if each else [share[0][0]]
            groups = [group for _, group in share]
            places.append(Place(key, groups, each, scale, plain))
    return places, chosen


def marks(groups: Iterable[Group]) -> list[tuple[bool, int]]:
    """What of each group decides how it is written: looked at when a block is through, for anybody may change it."""
    return [(SCALE in group, id(group["lr"]) if isinstance(group["lr"], Tensor) else 0) for group in groups]


def _plain(group: Group, key: str) -> bool:
    """Whether the key of a group is a number of its own, and a scale one to multiply it with."""
    if key in BETAS or isinstance(group[key], Tensor):
        return False
    return key != "lr" or type(group.get(SCALE, 1.0)) in (int, float)
