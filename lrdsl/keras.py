"""A schedule as Keras takes it: `lrdsl.keras.LRS(text)` is a `LearningRateSchedule`, which a model saves and loads by its text.

In: a text, an output, a base, bindings. Out: values as tensors of the backend, computed by its own target. Refuses clocks that
count no steps, for Keras counts updates, and the backends that no target is written for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from . import compile as compiled
from . import problems
from .diagnostic import ScheduleError
from .schedule import Schedule

__all__ = ["LRS"]


@keras.saving.register_keras_serializable(package="lrdsl")
class LRS(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # what keras has is not typed
    """The learning rate of an optimizer of Keras: `keras.optimizers.AdamW(lrdsl.keras.LRS("warmup(100, to=3e-4) then hold"))`.

    `text` is a text or a `Schedule`, and `output` what it is asked for; what is bound stands behind, as for `lrdsl.compile`.
    `base` is what a relative text is relative to, 1.0 where it is not given: the optimizer has no lr of its own beside this one.
    Called with a count of updates (a variable, a tensor or a number) it gives a tensor of Keras's float type and of the shape of
    the count. Raises ScheduleError where the text counts anything but steps, or lacks something.

    >>> lr = LRS("warmup(100, to=peak) then cosine(to=10%)", peak=3e-4, total=1000)
    >>> f"{float(lr(100)):.4g}"
    '0.0003'
    >>> LRS.from_config(lr.get_config()).schedule == lr.schedule
    True
    """

    def __init__(
        self, text: str | Schedule, output: str = "lr", base: float | Mapping[str, float] | None = None, **bindings: Any
    ) -> None:
        self.schedule = text.bind(**bindings) if isinstance(text, Schedule) else compiled(text, **bindings)
        self.output, self.base = output, base
        found = self.schedule[output]
        found.sound(base)  # what is missing is told here, not in a trace
        if found.clock != "steps":
            raise ScheduleError(problems.counts_updates("Keras", found.clock))
        self._value: Callable[[Any], Any] | None = None

    def __call__(self, step: Any) -> Any:
        """The value used by update `step`."""
        if self._value is None:
            self._value = _function(self.schedule, self.output, self.base)
        # What the optimizer counts in is a variable; in a trace its value is what stands for it.
        value = self._value(getattr(step, "value", step))
        return keras.ops.convert_to_tensor(value, dtype=keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """The text and what is bound in it: all that is saved."""
        base = self.base
        if base is not None:  # numbers of numpy are no JSON
            base = {key: float(one) for key, one in base.items()} if isinstance(base, Mapping) else float(base)
        return {
            "text": self.schedule.text,
            "output": self.output,
            "base": base,
            "bindings": self.schedule.bindings,
            "group": self.schedule._group,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LRS:
        """The schedule of what `get_config` gave; all but the text may be left out."""
        schedule = compiled(config["text"], **config.get("bindings", {}))
        if config.get("group") is not None:
            schedule = schedule.group(config["group"])
        return cls(schedule, config.get("output", "lr"), config.get("base"))

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the function of the backend is made anew."""
        return {**self.__dict__, "_value": None}

    def __repr__(self) -> str:
        return f"<LRS {self.schedule[self.output].name}: {self.schedule.describe(self.base)}>"


def _function(schedule: Schedule, output: str, base: Any) -> Callable[[Any], Any]:
    """The function of a count for the backend in hand, traceable where that traces."""
    found = schedule[output]
    if isinstance(base, Mapping) and len(found.keys) < 2:
        base = base[found.keys[0]] if found.keys else None
    given = () if base is None else (dict(base) if isinstance(base, Mapping) else float(base),)
    match keras.backend.backend():
        case "jax":
            traced = schedule.jax(output)
        case "torch":
            traced = schedule.torch(output)
        case "numpy":
            return lambda step: found(step, base)
        case other:
            raise ScheduleError(problems.no_backend(other))
    return lambda step: traced(step, *given)
