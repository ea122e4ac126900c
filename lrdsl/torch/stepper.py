"""One step after another: where a schedule stands, and what is written next.

In: a schedule, an optimizer, a position. Out: f(position) in every parameter group. On a clock of steps a step takes the next row
off a block of values computed at once; the place of the block's iterator *is* the position. On other clocks, and between two steps,
the position is an exact fraction, and values are computed one by one. What is looked at now and then (who else writes, the end of
the schedule, whether steps come as they should) is looked at where a block is through, and costs the other steps nothing. Refuses
to know how it was attached, and what is saved.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .. import problems
from ..diagnostic import ScheduleError
from ..schedule import Schedule
from . import alarms
from .arguments import check_levels, no_step, shared_with
from .checkpoint import Bases, give_back
from .clocks import amount, kept
from .columns import columns, lr_of
from .hooks import Handle, Watch
from .rows import NOTHING, Rows, marks, rows

_FIRST, _BLOCK = 64, 4096  # rows computed at once: few at first, so that what is short pays little


class Stepper(LRScheduler):
    """Stands at a position, and writes what belongs there."""

    _written: Any  # what group 0 was given last, to notice who else writes

    # The fields stand before super().__init__, for it reads last_epoch and calls _initial_step.
    def __init__(
        self, optimizer: Optimizer, schedule: Schedule, last_epoch: int, base: float | Mapping[str, float] | None
    ) -> None:
        self.schedule, self._base = schedule, base
        self._empty()
        self._end = 0  # the position of the last row of the block
        self._between: Fraction | None = None  # the position where it is no whole number of steps, or on another clock
        self._moves = 0  # how often that has moved
        self._start = last_epoch + 1  # as the base class has it: the update after `last_epoch` is next
        self._count_offset = 0
        self._told: set[str] = set()  # what was warned of
        self._insisted: Bases = []  # bases that hold against those of a checkpoint
        self._watch: Watch | None = None  # what looks whether steps come as they should, at first
        self._handle: Handle | None = None  # what drives it, where the optimizer does
        wrapped = "step" in vars(optimizer)
        super().__init__(optimizer, last_epoch)
        if not wrapped:
            # The base class puts a function around `optimizer.step` to see the order of steps, which a hook sees here: it would
            # cost each update a third of a microsecond, and some engines' optimizers cannot be pickled with it.
            vars(optimizer).pop("step", None)

    # --- position -----------------------------------------------------------------------------------------------------

    @property
    def last_epoch(self) -> int:
        """The number of the update whose values the groups hold; on clocks without steps, how often it has moved."""
        if self._between is not None:
            return math.floor(self._between) if self.schedule.clock == "steps" else self._moves
        return self._end - self._block.left()

    @last_epoch.setter
    def last_epoch(self, position: int) -> None:
        # The base class and some engines assign it (`+= 1`): the block is dropped, and the next step starts from there.
        if self._handle is not None:
            if position < self.last_epoch:
                raise ScheduleError(problems.bad_call(*shared_with(type(self.optimizer).__name__)))
            return
        self._unwatch()
        self._drop()
        if self.schedule.clock == "steps":
            self._between = None
        self._end = self._moves = max(int(position), 0)

    @property
    def position(self) -> int | float:
        """Where it is on the clock of the text: a whole number where it is one."""
        if self._between is None:
            return self.last_epoch
        return int(self._between) if self._between.denominator == 1 else float(self._between)

    @property
    def _step_count(self) -> int:
        return self.last_epoch + self._count_offset

    @_step_count.setter
    def _step_count(self, count: int) -> None:
        self._count_offset = count - self.last_epoch

    def _initial_step(self) -> None:
        self._arrange()
        check_levels(self._rows.columns, self.schedule)  # before anything is written
        if self.schedule.clock != "steps":
            self._go(Fraction(0))
            self._count_offset = 1
            return
        self.seek(self._start)
        # The first step finds no block and takes the slow path.
        self.last_epoch = self._start
        self._count_offset = 1 - self._start

    def _update_lr(self, epoch: int | None = None) -> None:
        self.seek(self.last_epoch + 1 if epoch is None else epoch)

    # --- moving on ----------------------------------------------------------------------------------------------------

    def step(self, epoch: Any = None, **clock: Any) -> None:
        """Move to the next update; on other clocks, on by `step(tokens=n)`, `step(samples=n)` or `step(epochs=x)`.

        The plain path: `for group in groups: group["lr"] = value`, after three looks that nothing else changed.
        """
        if epoch is None and not clock:
            for values in self._values:
                groups = self.optimizer.param_groups
                if groups is not self._groups or len(groups) != self._size or groups[0]["lr"] is not self._written:
                    self._look(values)
                elif self._shared:
                    self._written = values
                    for group in groups:
                        group["lr"] = values
                else:
                    self._put(values)
                    self._written = groups[0]["lr"]
                return
            self._go_on()
        elif epoch is None:
            self._go(self._exactly() + amount(self.schedule, clock, "step"), 1)
        else:
            self._refuse(epoch)

    def seek(self, position: int | None = None, /, **clock: Any) -> None:
        """Go to update `position`, or to `seek(tokens=n)`, at the same cost anywhere; twice is once."""
        if position is None and clock:
            self._go(amount(self.schedule, clock, "seek"))
            return
        if self.schedule.clock != "steps":
            raise ScheduleError(problems.bad_call(*no_step(self.schedule, "seek(n)", "seek")))
        if position is None or clock:
            raise ScheduleError(problems.bad_call("`seek` goes to an update", "seek(n)"))
        if isinstance(position, bool) or position != int(position) or position < 0:
            raise ScheduleError(problems.bad_call(f"a position is a whole number from 0, not {position!r}"))
        self._between, self._room = None, _FIRST
        if self._watch is not None:
            self._watch = self._watch.sought()
        self._arrange()
        self._fill(int(position))
        self._write(next(self._values))

    def _exactly(self) -> Fraction:
        return self._between if self._between is not None else Fraction(self.last_epoch)

    def _go(self, position: Fraction, moves: int = 0) -> None:
        """To an exact position; whole numbers of steps are the rows of a block again."""
        if self.schedule.clock == "steps" and position.denominator == 1:
            self.seek(int(position))
            return
        self._check_first()
        if moves:
            self._check_end(self._exactly())
        self._drop()
        self._between = kept(position)
        self._moves += moves
        self._arrange()
        self._write_row(self._rows.at(float(self._between)))

    def _refuse(self, epoch: Any) -> None:
        shown = "loss" if isinstance(epoch, Tensor) else f"position, not even {epoch!r}"
        position = epoch if isinstance(epoch, int) else "n"
        raise ScheduleError(
            problems.bad_call(
                f"`step()` takes no {shown}: it moves to the next update", f"to go to update n, `seek({position})`"
            )
        )

    def _go_on(self) -> None:
        """The block is used up, or there is none: the next one."""
        if self.schedule.clock != "steps":
            raise ScheduleError(problems.bad_call(*no_step(self.schedule, "step()", "step")))
        if self._between is not None:
            self._go(self._between + 1)
            return
        if self._watch is not None:
            self._watch = self._watch.stepped(self.optimizer)
        self._check_end(self._end)
        self._check_foreign()
        if self._regrouped():
            self._arrange()
        self._fill(self._end + 1)
        self._write(next(self._values))

    def _look(self, values: Any) -> None:
        """Something changed since the last step: groups were added or reloaded, or somebody else wrote a lr."""
        self._check_first()
        if not self._regrouped():
            self._write(values)
            return
        position = self.last_epoch
        self._arrange()
        self._fill(position)
        self._write(next(self._values))

    # --- what is wrong -------------------------------------------------------------------------------------------------

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _tell(self, kind: str, what: str) -> None:
        """Warn, once of a kind."""
        if kind not in self._told:
            self._told.add(kind)
            alarms.warn(what)

    def _check_first(self) -> None:
        """Whether somebody else wrote into the first group."""
        groups = self.optimizer.param_groups
        if self._written is None or not groups or groups is not self._groups:
            return
        found = groups[0]["lr"]
        if not isinstance(found, Tensor) and found != self._written:
            self._tell("foreign", alarms.foreign(groups, groups[0], "lr", found, self._written))

    def _check_foreign(self) -> None:
        """The same of all groups, where a block is through: a look at all in every step would cost more than the step."""
        self._check_first()
        groups = self.optimizer.param_groups
        if "foreign" not in self._told and groups is self._groups and len(groups) == self._size:
            found = self._rows.foreign(self._block.last)
            if found is not None:
                self._tell("foreign", alarms.foreign(groups, *found))

    def _check_end(self, position: Fraction | int) -> None:
        """Whether the update that was made at a position is past the end."""
        if self._length is not None and position >= self._length:
            self._tell("end", alarms.past_end(self.schedule, position, self._length))

    # --- values -------------------------------------------------------------------------------------------------------

    def _empty(self) -> None:
        """Nothing is known of groups, and nothing is computed. What a step looks at of the rows stands here too: it is short."""
        self._rows: Rows = rows([], 0)
        self._shared, self._put = self._rows.shared, self._rows.write
        self._groups: list[dict[str, Any]] | None = None
        self._size = 0
        self._marks: list[tuple[bool, int]] = []
        self._length: Fraction | None = None  # of the lr, where it ends
        self._written = None
        self._room = _FIRST  # rows of the next block
        self._drop()

    def _drop(self) -> None:
        self._block, self._values = NOTHING, NOTHING.rows

    def _regrouped(self) -> bool:
        """Whether groups were added or reloaded, or are to be written in another way."""
        groups = self.optimizer.param_groups
        return groups is not self._groups or marks(groups) != self._marks

    def _arrange(self) -> None:
        """The columns of the groups as they are now."""
        groups = self.optimizer.param_groups
        if groups is not self._groups:
            give_back(groups, self._insisted)
        for group in groups:
            # A group that was added later brings a base of its own, before anything is written into it.
            if "initial_lr" not in group:
                group["initial_lr"] = float(group["lr"])
        found = columns(groups, self.schedule, self._base)
        self._rows = rows(found, len(groups))
        self._groups, self._size, self._marks = groups, len(groups), marks(groups)
        self._shared, self._put = self._rows.shared, self._rows.write
        self._length = self._rows.length
        said = alarms.levelled(found, self.schedule)
        if said is not None:
            self._tell("levelled", said)

    def _fill(self, position: int) -> None:
        """A block of rows from `position` on."""
        size = 1  # while every step is watched
        if self._watch is None:
            size = min(self._room, self._rows.most)
            self._room = min(2 * self._room, _BLOCK)
            if self._length is not None and position <= self._length:
                size = min(size, math.ceil(self._length) - position + 1)  # the step behind the end is looked at
        self._block = self._rows.block(np.arange(position, position + size, dtype=np.float64))
        self._values = self._block.rows
        self._end = position + size - 1

    def _write(self, values: Any) -> None:
        if self._shared:
            self._written = values
            for group in self.optimizer.param_groups:
                group["lr"] = values
        else:
            self._write_row(values)

    def _write_row(self, row: Any) -> None:
        self._put(row)
        groups = self.optimizer.param_groups
        self._written = groups[0]["lr"] if groups else None

    def get_lr(self) -> list[Any]:
        """The lrs of the position, computed anew: nothing is read back from the groups that a text drives."""
        position = float(self._exactly())
        return [lr_of(group, self.schedule, position, self._base) for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[Any]:
        """What the groups were given last."""
        return self._last_lr

    @property
    def _last_lr(self) -> list[Any]:
        lrs = [group["lr"] for group in self.optimizer.param_groups]
        return [lr.clone() if isinstance(lr, Tensor) else lr for lr in lrs]

    @_last_lr.setter
    def _last_lr(self, values: list[Any]) -> None:
        del values  # the base class and SequentialLR assign what they have just written into the groups
