"""A schedule applied to a torch optimizer.

In: an optimizer and a schedule or its text. Out: an `LRScheduler` that writes f(position) into every parameter group: each output
into the key of its name, and nothing else. Its one state is the position; every value is asked of the schedule, so nothing can
drift, and the order in which things are saved, loaded and built does not matter. Refuses to know texts: what is wrong with them
is said by `compile`.

On a clock of steps a step takes the next row off a block of values computed at once; the place of the block's iterator *is* the
position. On other clocks, and between two steps, the position is an exact fraction, and values are computed one by one.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .. import compile as compile_text
from .. import problems
from ..diagnostic import ScheduleError, ScheduleWarning
from ..problems import time_text
from ..schedule import Schedule
from .arguments import another_text, check_fresh, compiled, no_optimizer, no_step, plain_base, used
from .clocks import amount, kept, plain
from .columns import base_of, check_groups, columns, holds, lr_of, value_of
from .rows import NOTHING, Rows, marks, rows

__all__ = ["Applier", "attach"]

_LOG = logging.getLogger("lrdsl")
_FIRST, _BLOCK = 64, 4096  # rows computed at once: few at first, so that what is short pays little


class Applier(LRScheduler):
    """Sets the lr of every parameter group, and whatever else the text drives, to the schedule's value at each update.

    `schedule` is a text or a Schedule; `base`, where the text speaks of it, is what each group's key was when first attached (its
    `initial_lr`, if it has one), or the number given here, or a mapping by key. A group's `lr_scale` multiplies its lr.
    `last_epoch` is the position to go on from, -1 for a new run. `bindings` are `total` and the text's params. A text that counts
    tokens, samples or epochs is driven in them: `step(tokens=n)`. `applier["clip"]` is the present value of an output that
    drives nothing. Raises ScheduleError.

    >>> import torch, lrdsl.torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    >>> scheduler = lrdsl.torch.attach(optimizer, "warmup(4) then cosine(to=10%)", total=100)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.05]
    """

    _written: Any  # what group 0 was given last, to notice who else writes

    # The fields stand before super().__init__, for it reads last_epoch and calls _initial_step.
    def __init__(
        self,
        optimizer: Optimizer,
        schedule: str | Schedule,
        last_epoch: int = -1,
        *,
        base: float | Mapping[str, float] | None = None,
        auto: bool = False,
        on_change: str = "error",
        **bindings: Any,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ScheduleError(problems.bad_call(*no_optimizer(optimizer)))
        if auto:
            raise ScheduleError(problems.bad_call("not yet: `auto=True` is in the design, and not in this version"))
        if on_change not in ("error", "replace", "keep"):
            raise ScheduleError(problems.bad_call(f"`on_change` is error, replace or keep, not {on_change!r}"))
        self.schedule = compiled(schedule, bindings)
        if last_epoch != -1 and self.schedule.clock != "steps":
            raise ScheduleError(problems.bad_call(*no_step(self.schedule, "last_epoch", "seek")))
        self.on_change = on_change
        check_groups(optimizer, self.schedule)
        check_fresh(optimizer, self.schedule, base)
        self._base = dict(base) if isinstance(base, Mapping) else base
        self._empty()
        self._end = 0  # the position of the last row of the block
        self._between: Fraction | None = None  # the position where it is no whole number of steps, or on another clock
        self._moves = 0  # how often that has moved
        self._start = last_epoch + 1  # as the base class has it: the update after `last_epoch` is next
        self._count_offset = 0
        self._warned = False
        if "lr" not in used(optimizer.param_groups, self.schedule) or base is not None:
            # The base class wants to know what the lr was before a run is taken up again; the text does not need it.
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        super().__init__(optimizer, last_epoch)
        if _LOG.isEnabledFor(logging.INFO):
            _LOG.info("%s · %d groups", self.schedule.summary, len(optimizer.param_groups))

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
        if self.schedule.clock != "steps":
            self._go(Fraction(0))
            self._count_offset = 1
            return
        self.seek(self._start)
        # The first step finds no block and takes the slow path, where the order of steps is looked at, at no cost later.
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
        self._check_foreign()
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
        if self._step_count == 1:
            self._check_order()
        self._check_foreign()
        if self._regrouped():
            self._arrange()
        self._fill(self._end + 1)
        self._write(next(self._values))

    def _check_order(self) -> None:
        if not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "scheduler.step() came before optimizer.step(): the first value of the schedule is never used. "
                "Each update is `optimizer.step(); scheduler.step()`",
                ScheduleWarning,
                stacklevel=4,
            )

    def _look(self, values: Any) -> None:
        """Something changed since the last step: groups were added or reloaded, or somebody else wrote a lr."""
        self._check_foreign()
        if not self._regrouped():
            self._write(values)
            return
        position = self.last_epoch
        self._arrange()
        self._fill(position)
        self._write(next(self._values))

    def _check_foreign(self) -> None:
        groups = self.optimizer.param_groups
        if self._written is None or self._warned or not groups or groups is not self._groups:
            return
        found = groups[0]["lr"]
        if isinstance(found, Tensor) or found == self._written:
            return
        self._warned = True
        warnings.warn(
            f"the lr of the first group was set to {found!r} by somebody else, and the schedule had set {self._written!r}; "
            "the schedule goes on (said once)",
            ScheduleWarning,
            stacklevel=4,
        )

    # --- values -------------------------------------------------------------------------------------------------------

    def _empty(self) -> None:
        """Nothing is known of groups, and nothing is computed. What a step looks at of the rows stands here too: it is short."""
        self._rows: Rows = rows([], 0)
        self._shared, self._put = self._rows.shared, self._rows.write
        self._groups: list[dict[str, Any]] | None = None
        self._size = 0
        self._marks: list[tuple[bool, bool]] = []
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
        self._groups, self._size, self._marks = groups, len(groups), marks(groups)
        for group in groups:
            # A group that was added later brings a base of its own, before anything is written into it.
            if "initial_lr" not in group:
                group["initial_lr"] = float(group["lr"])
        self._rows = rows(columns(groups, self.schedule, self._base), len(groups))
        self._shared, self._put = self._rows.shared, self._rows.write

    def _fill(self, position: int) -> None:
        """A block of rows from `position` on."""
        size = min(self._room, self._rows.most)
        self._room = min(2 * self._room, _BLOCK)
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

    def __getitem__(self, name: str) -> float:
        """The value of an output at the position: what drives no key is read here, as in `applier["clip"]`.

        Of an output that differs by group it is the plain one; `base` is that of the first group.
        """
        first, position = self.optimizer.param_groups[0], float(self._exactly())
        return value_of(self.schedule[name], first, self._base, position)

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

    # --- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers, texts and lists: position, canonical text, bindings, bases."""
        groups = self.optimizer.param_groups
        keys = sorted({"lr", *used(groups, self.schedule)})
        return {
            "last_epoch": self.last_epoch,
            "position": plain(self._exactly()),
            "text": str(self.schedule),
            "bindings": dict(self.schedule.bindings),
            "bases": [{key: base_of(group, key, None) for key in keys if holds(group, key)} for group in groups],
            "base": self._base if self._base is None else plain_base(self._base),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the position and write its values again, so that the order of loading cannot matter.

        Where the saved text means something else than the one in hand, `on_change` decides: "error" shows both lrs,
        "replace" goes on with the text in hand, "keep" with the saved one.
        """
        if not {"last_epoch", "text", "bindings", "bases"} <= state_dict.keys():
            raise ScheduleError(
                problems.bad_call("this is the state of another scheduler", "seek(n) takes a run up at update n")
            )
        position = Fraction(state_dict.get("position", state_dict["last_epoch"]))
        saved = compile_text(state_dict["text"], **state_dict["bindings"])
        if saved != self.schedule:
            self._changed(saved, position)
        for group, bases in zip(self.optimizer.param_groups, state_dict["bases"], strict=False):
            group.update({f"initial_{key}": base for key, base in bases.items()})
        if state_dict.get("base") is not None:
            self._base = state_dict["base"]
        self._written = None
        self._go(position)
        if self.schedule.clock != "steps":
            self._moves = int(state_dict["last_epoch"])

    def _changed(self, saved: Schedule, position: Fraction) -> None:
        if self.on_change == "keep":
            self.schedule = saved
            return
        if self.on_change == "replace":
            if saved.clock != self.schedule.clock:
                shown = f"the checkpoint counts {saved.clock}, the text in hand {self.schedule.clock}"
                raise ScheduleError(problems.bad_call(shown, f"seek({self.schedule.clock}=n) says where the run is"))
            return
        raise another_text(saved, self.schedule, self.optimizer.param_groups[0], self._base, position)

    def __getstate__(self) -> dict[str, Any]:
        # Iterators and closures have no place in a checkpoint, and the position is what they stand for.
        gone = ("_rows", "_shared", "_put", "_groups", "_size", "_marks", "_written", "_room", "_block", "_values")
        return {**{name: value for name, value in self.__dict__.items() if name not in gone}, "_end": self.last_epoch}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._empty()

    def __repr__(self) -> str:
        where = f"{self.schedule.clock.removesuffix('s')} {time_text(self._exactly())}"
        return f"<lrdsl {self.schedule.summary} · at {where}>"


def attach(
    optimizer: Optimizer,
    schedule: str | Schedule,
    last_epoch: int = -1,
    *,
    base: float | Mapping[str, float] | None = None,
    auto: bool = False,
    on_change: str = "error",
    **bindings: Any,
) -> Applier:
    """Attach a schedule to an optimizer: its groups hold f(0) from now on, and `step()` moves them on.

    Arguments as for `Applier`.
    """
    return Applier(optimizer, schedule, last_epoch, base=base, auto=auto, on_change=on_change, **bindings)
