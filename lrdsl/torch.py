"""A schedule applied to a torch optimizer.

In: an optimizer and a schedule or its text. Out: an `LRScheduler` that writes f(position) into every parameter group, and nothing
else. Its one state is the position; every value is asked of the schedule, so nothing can drift, and the order in which things are
saved, loaded and built does not matter. Refuses to know texts: what is wrong with them is said by `compile`.

A step takes the next value off a block of values computed at once; the place of the block's iterator *is* the position.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from . import compile as compile_text
from . import problems
from .diagnostic import ScheduleError, ScheduleWarning
from .problems import number_text
from .schedule import Schedule

__all__ = ["Applier", "attach"]

_LOG = logging.getLogger("lrdsl")
_BLOCK = 1024  # values computed at once; a block of as many groups' values is shorter
_MOST = 65_536


class Applier(LRScheduler):
    """Sets the lr of every parameter group to the schedule's value at each update.

    `schedule` is a text or a Schedule; `base`, where the text speaks of it, is what each group's lr was when first attached (its
    `initial_lr`, if it has one), or the number given here. A group's `lr_scale` multiplies. `last_epoch` is the position to go
    on from, -1 for a new run. `bindings` are `total` and the text's params. Raises ScheduleError.

    >>> import torch, lrdsl.torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    >>> scheduler = lrdsl.torch.attach(optimizer, "warmup(4) then cosine(to=10%)", total=100)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.05]
    """

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
            raise ScheduleError(problems.bad_call(*_no_optimizer(optimizer)))
        if auto:
            raise ScheduleError(problems.bad_call("not yet: `auto=True` is in the design, and not in this version"))
        if on_change not in ("error", "replace", "keep"):
            raise ScheduleError(problems.bad_call(f"`on_change` is error, replace or keep, not {on_change!r}"))
        self.schedule = _compiled(schedule, bindings)
        self.on_change = on_change
        self._check_fresh(optimizer, base)
        self._base = base.get("lr") if isinstance(base, Mapping) else base
        self._values: Iterator[Any] = iter(())
        self._end = 0  # the position of the last value of the block
        self._start = last_epoch + 1  # as the base class has it: the update after `last_epoch` is next
        self._count_offset = 0
        self._groups: list[dict[str, Any]] | None = None
        self._size = 0
        self._shared = True
        self._written: Any = None  # what group 0 was given last, to notice who else writes
        self._warned = False
        if self.schedule.relation == "absolute" or base is not None:
            # The base class wants to know what the lr was before a run is taken up again; the text does not need it.
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        super().__init__(optimizer, last_epoch)
        _LOG.info("%s · %d groups", self.schedule.summary, len(optimizer.param_groups))

    def _check_fresh(self, optimizer: Optimizer, base: float | Mapping[str, float] | None) -> None:
        """An optimizer that was stepped holds a decayed lr, which must not become the base of a text that uses one."""
        if self.schedule.relation == "absolute" or base is not None or not optimizer.state:
            return
        if any("initial_lr" not in group for group in optimizer.param_groups):
            first = float(optimizer.param_groups[0]["lr"])
            raise ScheduleError(
                problems.bad_call(
                    f"the optimizer has been stepped and holds lr {number_text(first)}: was it that at the start?",
                    "say what the lr was when the run began: `attach(..., base=3e-4)`",
                )
            )

    # --- position -----------------------------------------------------------------------------------------------------

    @property
    def last_epoch(self) -> int:
        """The position: the number of the update whose value the groups hold."""
        return self._end - self._values.__length_hint__()  # type: ignore[attr-defined,no-any-return]

    @last_epoch.setter
    def last_epoch(self, position: int) -> None:
        # The base class and some engines assign it (`+= 1`): the block is dropped, and the next step starts from there.
        self._values = iter(())
        self._end = max(int(position), 0)

    @property
    def _step_count(self) -> int:
        return self.last_epoch + self._count_offset

    @_step_count.setter
    def _step_count(self, count: int) -> None:
        self._count_offset = count - self.last_epoch

    def _initial_step(self) -> None:
        self.seek(self._start)
        # The first step finds no block and takes the slow path, where the order of steps is looked at, at no cost later.
        self.last_epoch = self._start
        self._count_offset = 1 - self._start

    def _update_lr(self, epoch: int | None = None) -> None:
        self.seek(self.last_epoch + 1 if epoch is None else epoch)

    # --- moving on ----------------------------------------------------------------------------------------------------

    def step(self, epoch: Any = None, **clock: float) -> None:
        """Move to the next update. Other places are reached by `seek`.

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
                    self._spread(groups, values)
                return
            self._go_on()
        else:
            self._refuse(epoch, clock)

    def seek(self, position: int | None = None, /, **clock: float) -> None:
        """Go to update `position`, at the same cost anywhere; twice is once."""
        if clock:
            self._refuse(position, clock)
        if position is None:
            raise ScheduleError(problems.bad_call("`seek` goes to an update", "seek(n)"))
        if isinstance(position, bool) or position != int(position) or position < 0:
            raise ScheduleError(problems.bad_call(f"a position is a whole number from 0, not {position!r}"))
        self._fill(int(position))
        self._write(next(self._values))

    def _refuse(self, epoch: Any, clock: Mapping[str, float]) -> None:
        if clock:
            name = next(iter(clock))
            raise ScheduleError(
                problems.bad_call(
                    f"not yet: this text counts steps, and `{name}=` needs how much one step is",
                    "a bare `step()` moves to the next update, `seek(n)` to update n",
                )
            )
        shown = "loss" if isinstance(epoch, Tensor) else f"position, not even {epoch!r}"
        position = epoch if isinstance(epoch, int) else "n"
        raise ScheduleError(
            problems.bad_call(
                f"`step()` takes no {shown}: it moves to the next update", f"to go to update n, `seek({position})`"
            )
        )

    def _go_on(self) -> None:
        """The block is used up: the next one."""
        if self._step_count == 1:
            self._check_order()
        self._check_foreign()
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
        groups = self.optimizer.param_groups
        if groups is self._groups and len(groups) == self._size:
            self._write(values)
            return
        position = self.last_epoch
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

    def _fill(self, position: int) -> None:
        """A block of values from `position` on; groups that share a base share the values."""
        groups = self.optimizer.param_groups
        self._groups, self._size = groups, len(groups)
        for group in groups:
            # A group that was added later brings a base of its own, before anything is written into it.
            if "initial_lr" not in group:
                group["initial_lr"] = float(group["lr"])
        bases = [self._base_of(group) for group in groups]
        plain = all("lr_scale" not in group and not isinstance(group["lr"], Tensor) for group in groups)
        self._shared = plain and len(set(bases)) <= 1
        size = _BLOCK if self._shared else max(16, min(_BLOCK, _MOST // max(len(groups), 1)))
        times = np.arange(position, position + size, dtype=np.float64)
        found = {base: self._computed(times, base) for base in dict.fromkeys(bases)}
        if self._shared:
            self._values = iter(found[bases[0]] if bases else [0.0] * size)
        else:
            # zip has no length_hint, and the place of the iterator is the position: a list of rows has.
            self._values = iter(list(zip(*(found[base] for base in bases), strict=True)))
        self._end = position + size - 1

    def _computed(self, times: Any, base: float) -> list[float]:
        values = self.schedule(times, None if self.schedule.relation == "absolute" else base)
        # Python floats: a numpy float in a group would spoil the optimizer's checkpoint, and make `lr * scale` slow.
        return values.tolist()  # type: ignore[no-any-return]

    def _base_of(self, group: Mapping[str, Any]) -> float:
        if self.schedule.relation == "absolute":
            return 1.0
        return float(self._base if self._base is not None else group["initial_lr"])

    def _write(self, values: Any) -> None:
        groups = self.optimizer.param_groups
        if self._shared:
            self._written = values
            for group in groups:
                group["lr"] = values
        else:
            self._spread(groups, values)

    def _spread(self, groups: list[dict[str, Any]], values: tuple[float, ...]) -> None:
        """A value for each group, times its `lr_scale`; a Tensor is filled in place."""
        for group, value in zip(groups, values, strict=True):
            lr = value * float(group["lr_scale"]) if "lr_scale" in group else value
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr)
            else:
                group["lr"] = lr
        self._written = groups[0]["lr"] if groups else None

    def get_lr(self) -> list[Any]:
        """The values of the position, computed anew: nothing is read back from the groups."""
        position = self.last_epoch
        return [
            self.schedule(position, None if self.schedule.relation == "absolute" else self._base_of(group))
            * float(group.get("lr_scale", 1.0))
            for group in self.optimizer.param_groups
        ]

    def get_last_lr(self) -> list[Any]:
        """What the groups were given last."""
        return self._last_lr

    @property
    def _last_lr(self) -> list[Any]:
        lrs = [group["lr"] for group in self.optimizer.param_groups]
        return [lr.clone() if isinstance(lr, Tensor) else lr for lr in lrs]

    @_last_lr.setter
    def _last_lr(self, values: list[Any]) -> None:
        # The base class and SequentialLR assign what they have just written into the groups.
        del values

    # --- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers, texts and lists: position, canonical text, bindings, bases."""
        return {
            "last_epoch": self.last_epoch,
            "text": str(self.schedule),
            "bindings": dict(self.schedule.bindings),
            "bases": [float(group.get("initial_lr", group["lr"])) for group in self.optimizer.param_groups],
            "base": None if self._base is None else float(self._base),
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
        position = int(state_dict["last_epoch"])
        saved = compile_text(state_dict["text"], **state_dict["bindings"])
        if saved != self.schedule:
            self._changed(saved, position)
        for group, base in zip(self.optimizer.param_groups, state_dict["bases"], strict=False):
            group["initial_lr"] = base
        if state_dict.get("base") is not None:
            self._base = state_dict["base"]
        self._written = None
        self.seek(position)

    def _changed(self, saved: Schedule, position: int) -> None:
        if self.on_change == "keep":
            self.schedule = saved
            return
        if self.on_change == "replace":
            return
        group = self.optimizer.param_groups[0]
        lrs = [
            number_text(s(position, None if s.relation == "absolute" else float(group.get("initial_lr", group["lr"]))))
            for s in (saved, self.schedule)
        ]
        raise ScheduleError(
            problems.bad_call(
                "the checkpoint was trained with another text or other bindings: "
                f"at step {position} its lr is {lrs[0]}, in hand {lrs[1]}",
                'attach(..., on_change="replace") goes on with the text in hand, attach(..., on_change="keep") with the saved one',
            )
        )

    def __getstate__(self) -> dict[str, Any]:
        # List iterators pickle, but a block of values has no place in a checkpoint.
        state = dict(self.__dict__)
        state["_values"], state["_end"] = (), self.last_epoch
        state["_groups"], state["_written"] = None, None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._values = iter(())

    def __repr__(self) -> str:
        return f"<lrdsl {self.schedule.summary} · at step {self.last_epoch}>"


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


def _compiled(schedule: str | Schedule, bindings: Mapping[str, Any]) -> Schedule:
    if isinstance(schedule, Schedule):
        return schedule.bind(**bindings) if bindings else schedule
    if isinstance(schedule, str) and schedule.endswith(".lrs") and "\n" not in schedule:
        advice = f'attach(optimizer, lrdsl.load("{schedule}"))'
        raise ScheduleError(problems.bad_call(f"`{schedule}` is the name of a file, not a text", advice))
    if isinstance(schedule, Optimizer):
        raise ScheduleError(problems.bad_call("the optimizer comes first", "attach(optimizer, text)"))
    return compile_text(schedule, **bindings)


def _no_optimizer(found: object) -> tuple[str, str]:
    if isinstance(found, str | Schedule):
        return "the optimizer comes first", "attach(optimizer, text)"
    return f"a schedule is attached to a torch optimizer, not to {type(found).__name__}", "attach(optimizer, text)"
