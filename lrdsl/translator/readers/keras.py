"""What Keras serializes: a schedule, or an optimizer with one.

In: `keras.optimizers.schedules.serialize(...)` or `keras.optimizers.serialize(...)`. Out: what it says. Refuses schedules of one's
own, but for `lrdsl.keras.LRS`, which comes back as it was compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import compile as compiled
from ...schedule import Schedule
from .. import keras
from ..lines import height, level, real, said
from ..words import refuse
from .settings import Found, Settings, call, is_number


def knows(settings: Settings) -> bool:
    return settings.has("class_name")


def read(settings: Settings) -> Found | Schedule:
    name, config = str(settings.get("class_name")), settings.get("config")
    if not isinstance(config, Mapping):
        raise refuse(name, "its `config` is no mapping")
    if name in keras.SCHEDULERS:
        return Found(name, call(name, keras.SCHEDULERS[name], (), config))
    if name == "LRS" and isinstance(config.get("text"), str):
        settings.used.update(settings.said)  # what is bound
        schedule = compiled(config["text"], **{**(config.get("bindings") or {}), **settings.said})
        return schedule if config.get("group") is None else schedule.group(config["group"])
    many: Any = config.get("gradient_accumulation_steps")
    if isinstance(config.get("learning_rate"), Mapping) and is_number(many) and many > 1:
        why = f"{many} batches make an update, and Keras counts batches: its schedule is over {many} times as soon"
        raise refuse(name, why, "give the schedule alone, with its steps divided")
    rate: Any = config.get("learning_rate")
    if is_number(rate):
        return Found(name, said([level(height(real(name, "learning_rate", rate)))]))
    if isinstance(rate, Mapping) and knows(settings.of(rate)):
        return read(settings.of(rate))
    raise refuse(name, "it is no schedule of Keras, and has none as its `learning_rate`", "write its formula as a text")
