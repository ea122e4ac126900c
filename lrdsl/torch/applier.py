"""A schedule applied to a torch optimizer.

In: an optimizer and a schedule or its text. Out: an `LRScheduler` that writes f(position) into every parameter group: each output
into the key of its name, and nothing else. Its one state is the position; every value is asked of the schedule, so nothing can
drift, and the order in which things are saved, loaded and built does not matter. Refuses to know texts: what is wrong with them
is said by `compile`.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer

from .. import problems
from ..diagnostic import ScheduleError
from ..problems import time_text
from ..schedule import Schedule
from . import alarms, checkpoint, ranks
from .arguments import check_driven, check_fresh, compiled, no_optimizer, no_step, plain_base, used
from .clocks import plain
from .columns import base_of, check_groups, holds, value_of
from .hooks import blank, drive, hooked, watch
from .stepper import Stepper

__all__ = ["Applier", "attach"]

_LOG = logging.getLogger("lrdsl")


class Applier(Stepper):
    """Sets the lr of every parameter group, and whatever else the text drives, to the schedule's value at each update.

    `schedule` is a text or a Schedule; `base`, where the text speaks of it, is what each group's key was when first attached (its
    `initial_lr`, if it has one), or the number given here, or a mapping by key. A group's `lr_scale` multiplies its lr.
    `last_epoch` is the position to go on from, -1 for a new run. `bindings` are `total` and the text's params. A text that counts
    tokens, samples or epochs is driven in them: `step(tokens=n)`. `applier["clip"]` is the present value of an output that
    drives nothing. With `auto` the optimizer moves the schedule on after each update, and `step()` does nothing. `on_change` tells
    what a checkpoint of another text or base is: an "error", or "replace" to go on with what is in hand, "keep" with what was
    saved. Raises ScheduleError.

    >>> import torch, lrdsl.torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    >>> scheduler = lrdsl.torch.attach(optimizer, "warmup(4) then cosine(to=10%)", total=100)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.05]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedule: str | float | Schedule,
        last_epoch: int = -1,
        *,
        base: float | Mapping[str, float] | None = None,
        auto: bool = False,
        on_change: str = "error",
        **bindings: Any,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ScheduleError(problems.bad_call(*no_optimizer(optimizer)))
        if on_change not in ("error", "replace", "keep"):
            raise ScheduleError(problems.bad_call(f"`on_change` is error, replace or keep, not {on_change!r}"))
        found = compiled(schedule, bindings)
        ranks.check(optimizer, found)
        if last_epoch != -1 and found.clock != "steps":
            raise ScheduleError(problems.bad_call(*no_step(found, "last_epoch", "seek")))
        if auto:
            check_driven(optimizer, found)
        self.on_change, self.auto = on_change, auto
        check_groups(optimizer, found)
        check_fresh(optimizer, found, base)
        if "lr" not in used(optimizer.param_groups, found) or base is not None:
            # The base class wants to know what the lr was before a run is taken up again; the text does not need it.
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        super().__init__(optimizer, found, last_epoch, dict(base) if isinstance(base, Mapping) else base)
        self.jump: str | None = None  # what was said of the last checkpoint that was loaded
        self._own: checkpoint.Bases = self._held()  # in hand, whatever is loaded into the optimizer later
        self._hang()
        if _LOG.isEnabledFor(logging.INFO):
            _LOG.info("%s · %d groups", self.schedule.summary, len(optimizer.param_groups))

    # --- what is driven --------------------------------------------------------------------------------------------------

    def _hang(self) -> None:
        """Onto the optimizer's step: what drives the schedule, or what looks whether it is driven well."""
        real = hooked(self.optimizer)
        if self.auto and real is not None:
            self._handle = drive(real, self._updated)
            self.__dict__["step"] = self._driven
        elif real is not None and self.schedule.clock == "steps":
            self._watch = watch(real, weakref.ref(self))

    def _updated(self) -> None:
        """After an update, where the optimizer drives the schedule.

        Distributed checkpoints fill an optimizer that has no state by an update with gradients of 0 and a lr of 0, and put the lr
        back: that is none of the run, and moves nothing.
        """
        groups = self.optimizer.param_groups
        if groups is not self._groups and len(groups) < self._size:
            self._updated_in_parts(groups)
        elif groups[0]["lr"] is self._written or groups[0]["lr"] != 0 or not blank(self.optimizer):
            type(self).step(self)

    def _updated_in_parts(self, groups: list[Any]) -> None:
        """DeepSpeed's ZeRO updates one group after another, each as if there were no others: the last one ends the update."""
        if self._groups is not None and groups[-1] is self._groups[-1]:
            self.optimizer.param_groups = self._groups
            try:
                type(self).step(self)
            finally:
                self.optimizer.param_groups = groups

    def detach(self) -> None:
        """Let go of the optimizer, which keeps the values it has: nothing is hooked to it, and `step()` does nothing any more."""
        if self._handle is not None:
            self._handle.remove()
        self._unwatch()
        self._handle, self.auto = None, False
        self.__dict__["step"] = self._driven

    def _driven(self, epoch: Any = None, **clock: Any) -> None:
        """`step()`, where the optimizer drives the schedule: whoever calls it, and how often, cannot go wrong."""
        if epoch is not None:
            self._refuse(epoch)
        if clock:
            raise ScheduleError(problems.bad_call("the optimizer drives this schedule", "seek(n) goes to an update"))

    def __getitem__(self, name: str) -> float:
        """The value of an output at the position: what drives no key is read here, as in `applier["clip"]`.

        Of an output that differs by group it is the plain one; `base` is that of the first group.
        """
        first, position = self.optimizer.param_groups[0], float(self._exactly())
        return value_of(self.schedule[name], first, self._base, position)

    # --- state --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers, texts and lists: position, canonical text, bindings, bases.

        The keys are the same for all texts, and no dict is among the values: distributed checkpoints take dicts apart, and load the
        keys alone that the state in hand has.
        """
        base = None if self._base is None else plain_base(self._base)
        return {
            "last_epoch": self.last_epoch,
            "position": plain(self._exactly()),
            "text": str(self.schedule),
            "bindings": checkpoint.pairs(self.schedule.bindings),
            "bases": [checkpoint.pairs(bases) for bases in self._held()],
            "base": checkpoint.pairs(base) if isinstance(base, dict) else base,
        }

    def _held(self) -> list[dict[str, float]]:
        """What each group held at first."""
        groups = self.optimizer.param_groups
        keys = sorted({"lr", *used(groups, self.schedule)})
        return [{key: base_of(group, key, None) for key in keys if holds(group, key)} for group in groups]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the position and write its values again, so that the order of loading cannot matter.

        Where the saved text or base means something else than what is in hand, `on_change` decides: "error" shows both lrs,
        "replace" goes on with what is in hand, and warns of a jump, "keep" goes on with what was saved.
        """
        saved, groups = checkpoint.read(state_dict), self.optimizer.param_groups
        position, hand = saved.position, checkpoint.plan(self.schedule, self._own, self._base)
        if self.on_change == "keep" or checkpoint.same(saved.plan, hand, groups):
            self.schedule = saved.plan.schedule if self.on_change == "keep" else self.schedule
            self._own, self._insisted = saved.held, []
            self._base = saved.base if saved.base is not None else self._base
            checkpoint.give_back(groups, saved.held)
        else:
            places = position, checkpoint.carried(position, saved.plan.schedule, self.schedule)
            if self.on_change == "error":
                raise checkpoint.another_text(saved.plan, hand, groups, places)
            self.jump = checkpoint.jump(saved.plan, hand, groups, places)
            if self.jump is not None:
                alarms.warn(self.jump)
            position, self._insisted = places[1], self._own
            checkpoint.give_back(groups, self._own)
        self._written = None
        self._go(position)
        if self.schedule.clock != "steps":
            self._moves = saved.moves

    def __getstate__(self) -> dict[str, Any]:
        # Iterators and closures have no place in a checkpoint, and the position is what they stand for.
        gone = {
            "_rows",
            "_shared",
            "_put",
            "_groups",
            "_size",
            "_marks",
            "_length",
            "_written",
            "_room",
            "_block",
            "_values",
        }
        gone |= {"_watch", "_handle"}
        return {**{name: value for name, value in self.__dict__.items() if name not in gone}, "_end": self.last_epoch}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._watch = self._handle = None
        self._empty()
        if self.auto:
            self._hang()

    def __repr__(self) -> str:
        where = f"{self.schedule.clock.removesuffix('s')} {time_text(self._exactly())}"
        return f"<lrdsl {self.schedule.summary} · at {where}>"


def attach(
    optimizer: Optimizer,
    schedule: str | float | Schedule,
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
