"""What is written at a step, and where: a row of values, and the places that they go to.

In: columns. Out: rows of values for a block of steps, and the writing of one. Groups that share a value are one place where they
are many; where nearly every group has a value of its own, each has a place in the row. Refuses to know positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..table import Table
from .columns import BETAS, Column, Group, put

SCALE = "lr_scale"
_SHORT = 64  # values of a row up to which it is quicker to make floats of all rows at once


@dataclass(frozen=True, slots=True)
class Place:
    """The groups that take the values of a row from `first` to `end`: one value for all of them, or `each` its own.

    `scale` tells that each multiplies by its `lr_scale`, read anew at every step; `plain` that a value is put into the dict of
    the group, and nothing else is to be done.
    """

    key: str
    groups: list[Group]
    first: int
    end: int
    each: bool
    scale: bool
    plain: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """The places, and for each value of a row the number of its column.

    A row of one value is a float; `shared` tells that it goes into the lr of all groups as it is.
    """

    columns: list[Column]
    places: list[Place]
    chosen: list[int]
    table: Table
    single: bool
    shared: bool

    def block(self, times: Any) -> Any:
        """The rows of many steps: a list of floats, row after row, or where rows are long an array with a row a step."""
        if self.single:
            column = self.columns[0]
            # Python floats: a numpy float in a group would spoil the checkpoint, and make `lr * scale` slow.
            return column.output(times, column.bases or None).tolist()
        values = self.table(times)
        if self.chosen != list(range(len(self.columns))):
            values = values.take(self.chosen, axis=1)
        # A list of rows would be thousands of lists, and wake the garbage collector.
        return values if self.long else values.reshape(-1).tolist()

    @property
    def long(self) -> bool:
        return len(self.chosen) > _SHORT

    def row(self, block: Any, index: int) -> Any:
        """One row of a block."""
        if self.long:
            return block[index].tolist()
        width = len(self.chosen)
        return block[index * width : index * width + width]

    def at(self, position: float) -> Any:
        """The row at any time."""
        values = [column.output(position, column.bases or None) for column in self.columns]
        return values[0] if self.single else [values[index] for index in self.chosen]

    def write(self, row: Any) -> None:
        if self.single:
            _write_one(self.places[0], row)
            return
        for place in self.places:
            if not place.each:
                _write_one(place, row[place.first])
            elif place.end - place.first == len(row):
                _write_each(place, row)
            else:
                _write_each(place, row[place.first : place.end])


def _write_one(place: Place, value: float) -> None:
    key = place.key
    if not place.plain:
        for group in place.groups:
            put(group, key, value)
    elif place.scale:
        for group in place.groups:
            group[key] = value * group[SCALE]
    else:
        for group in place.groups:
            group[key] = value


def _write_each(place: Place, values: Sequence[float]) -> None:
    key = place.key
    if not place.plain:
        for group, value in zip(place.groups, values, strict=True):
            put(group, key, value)
    elif place.scale:
        for group, value in zip(place.groups, values, strict=True):
            group[key] = value * group[SCALE]
    else:
        for group, value in zip(place.groups, values, strict=True):
            group[key] = value


def rows(columns: list[Column], count: int) -> Rows:
    """The places for columns of an optimizer with so many groups."""
    kinds: dict[tuple[str, bool, bool], list[tuple[int, Group]]] = {}
    for index, column in enumerate(columns):
        for group in column.groups:
            plain = _plain(group, column.key)
            scale = plain and column.key == "lr" and SCALE in group
            kinds.setdefault((column.key, scale, plain), []).append((index, group))
    places: list[Place] = []
    chosen: list[int] = []
    for (key, scale, plain), members in kinds.items():
        numbers = list(dict.fromkeys(index for index, _ in members))
        # A place for a few groups costs as much as a value more in the row of all.
        each = len(numbers) > 1 and 3 * len(numbers) > len(members)
        shares = [list(members)] if each else [[pair for pair in members if pair[0] == number] for number in numbers]
        for share in shares:
            first = len(chosen)
            chosen += [index for index, _ in share] if each else [share[0][0]]
            groups = [group for _, group in share]
            places.append(Place(key, groups, first, len(chosen), each, scale, plain))
    single = len(chosen) == 1
    one = places[0] if single else None
    shared = one is not None and one.key == "lr" and one.plain and not one.scale and len(one.groups) == count
    table = Table([(column.output, column.bases or None) for column in columns])
    return Rows(columns, places, chosen, table, single, shared)


def _plain(group: Group, key: str) -> bool:
    """Whether the key of a group is a number of its own, and a scale one to multiply it with."""
    if key in BETAS or isinstance(group[key], Tensor):
        return False
    return key != "lr" or type(group.get(SCALE, 1.0)) in (int, float)
