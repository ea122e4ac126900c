"""A schedule for the Trainer of transformers, which says how many updates a run has when it asks for a scheduler.

In: a text without a total, and the number of updates. Out: a schedule of that run, attached to the optimizer that trains. Refuses
to import transformers, to build optimizers, and to change what a text says: its own length stands, and where the run is longer or
shorter, that is told.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

from torch.optim import Optimizer

from .. import compile as compile_text
from .. import problems
from ..diagnostic import Diagnostic, ScheduleError
from ..problems import time_text
from ..schedule import Schedule
from . import alarms
from .applier import Applier, attach
from .arguments import no_step

__all__ = ["TrainerMixin"]

_UNUSED = ("lr_scheduler_type", "lr_scheduler_kwargs", "warmup_steps", "warmup_ratio")


class TrainerMixin:
    """A Trainer that trains with a text: `class MyTrainer(lrdsl.torch.TrainerMixin, transformers.Trainer)`.

    `schedule`, a text or a Schedule, is an attribute of the class or an argument. What it leaves open is taken from the run:
    `total` is the number of updates, `epoch` that of one epoch, where `num_train_epochs` says how long the run is. `on_change`
    is for a checkpoint that was trained with another text, as `attach` has it. The Trainer steps the scheduler, saves it and
    resumes it.

    >>> import torch, lrdsl.torch
    >>> class Trainer:  # the part of transformers.Trainer that matters here
    ...     args = lr_scheduler = None
    ...     def __init__(self, optimizer):
    ...         self.optimizer = optimizer
    >>> class MyTrainer(lrdsl.torch.TrainerMixin, Trainer):
    ...     schedule = "warmup(3%) then cosine(to=10%)"
    >>> trainer = MyTrainer(torch.optim.SGD([torch.zeros(1)], lr=0.1))
    >>> trainer.create_scheduler(num_training_steps=1000)
    <lrdsl lr 0 -> 1 at 30 -> 0.1 at 1k, then 0.1 x base · steps · total 1k · at step 0>
    """

    schedule: str | Schedule | None = None
    on_change: str = "error"

    args: Any
    optimizer: Any
    lr_scheduler: Any
    _created_lr_scheduler: bool  # the Trainer's: tells it to make a new one in the next call of `train`
    _applier: Applier | None = None
    _told: frozenset[str] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for one in cls.__mro__[: cls.__mro__.index(TrainerMixin)]:
            if "create_scheduler" in vars(one) and not issubclass(one, TrainerMixin):
                shown = (
                    f"in `class {cls.__name__}`, {one.__name__} stands before the mixin, and its own scheduler is used"
                )
                advice = f"class {cls.__name__}(lrdsl.torch.TrainerMixin, {one.__name__})"
                raise ScheduleError(problems.bad_call(shown, advice))

    def __init__(
        self, *args: Any, schedule: str | Schedule | None = None, on_change: str | None = None, **kwargs: Any
    ) -> None:
        if schedule is not None:
            self.schedule = schedule
        if on_change is not None:
            self.on_change = on_change
        _read(self.schedule)  # what is wrong with a text is told now, and not when the data are loaded
        super().__init__(*args, **kwargs)
        if self.lr_scheduler is not None:
            raise ScheduleError(
                problems.bad_call(
                    f"this trainer has a schedule, and was given a scheduler as well, {type(self.lr_scheduler).__name__}",
                    "leave the scheduler out: `optimizers=(optimizer, None)`",
                )
            )

    def create_scheduler(self, num_training_steps: int, optimizer: Optimizer | None = None) -> Any:
        """The scheduler of a run of so many updates. The Trainer calls this when its optimizer will not change any more."""
        if self.lr_scheduler is not None:
            return self.lr_scheduler
        self._tell_unused()
        if self._applier is not None:
            self._applier.detach()  # a second call of `train` begins anew, with the same optimizer
        found = self._for_run(_read(self.schedule), num_training_steps)
        self._applier = attach(self.optimizer if optimizer is None else optimizer, found, on_change=self.on_change)
        self.lr_scheduler, self._created_lr_scheduler = self._applier, True
        return self.lr_scheduler

    def _load_optimizer_and_scheduler(self, *args: Any, **kwargs: Any) -> None:
        """The Trainer keeps the warnings of what it loads to itself; that the lr jumps is told once more."""
        load: Any = getattr(super(), "_load_optimizer_and_scheduler")  # noqa: B009
        load(*args, **kwargs)
        if self._applier is not None and self._applier.jump is not None:
            self._tell(self._applier.jump)

    def _for_run(self, schedule: Schedule, updates: int) -> Schedule:
        """The schedule with what it leaves open; its own length stands."""
        epoch = self._epoch(updates)
        counts_epochs = schedule.clock == "epochs" or any(problem.code == "E332" for problem in _open(schedule))
        if counts_epochs and epoch is not None:
            schedule = schedule.bind(epoch=epoch)
        if _open(schedule):
            schedule = schedule.bind(total=updates)
        if schedule.missing:
            raise ScheduleError(*schedule.missing)
        if schedule.clock != "steps":
            raise ScheduleError(problems.bad_call(*no_step(schedule, "Trainer", "attach")))
        self._tell_length(schedule, updates)
        return schedule

    def _epoch(self, updates: int) -> int | None:
        """How many updates an epoch has; None where the run is not measured in whole epochs."""
        epochs = getattr(self.args, "num_train_epochs", 0)
        if epochs < 1 or getattr(self.args, "max_steps", -1) > 0:
            return None
        return int(updates / Fraction(epochs))

    def _tell_length(self, schedule: Schedule, updates: int) -> None:
        if not schedule.plain:
            return  # lines for groups alone, which may differ
        length = schedule.length
        begin = Fraction(0) if length is not None else schedule.phases[-1].begin
        if length is not None and length < updates:
            shown = f"the text ends at {time_text(length)}, and its last value stays from there on"
        elif length is not None and length > updates:
            shown = f"the text is {time_text(length)} long, and the rest of it is never reached"
        elif begin >= updates:
            shown = f"the last phase of the text begins at {time_text(begin)}, and is never reached"
        else:
            return
        self._tell(f"the run has {updates} updates: {shown}. A total that the text leaves open is that of the run")

    def _tell_unused(self) -> None:
        if not dataclasses.is_dataclass(self.args):
            return
        given = ((field, getattr(self.args, field.name)) for field in dataclasses.fields(self.args))
        unused = [
            f"{field.name}={getattr(value, 'value', value)!r}"
            for field, value in given
            if field.name in _UNUSED and value not in (field.default, None, {})
        ]
        if unused:
            self._tell(f"the schedule of this trainer is its text: TrainingArguments({', '.join(unused)}) is not used")

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told |= {message}
            alarms.warn(message)


def _open(schedule: Schedule) -> tuple[Diagnostic, ...]:
    """What waits for a binding, in lines for groups too."""
    return (*schedule.missing, *schedule._made.waiting)


def _read(schedule: str | Schedule | None) -> Schedule:
    if schedule is None:
        raise ScheduleError(problems.bad_call("this trainer has no schedule", 'schedule = "warmup(3%) then cosine"'))
    return schedule if isinstance(schedule, Schedule) else compile_text(schedule)
