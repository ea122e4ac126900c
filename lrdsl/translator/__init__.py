"""Schedulers of other libraries as texts that a person would have written.

    words.py          numbers, levels and durations as they are written
    levels.py         levels and durations that are exact
    phases.py         phases, and the line that a person would write for them
    course.py         what a scheduler does to each output, and how several are combined
    lines.py          lines of phases whose levels are texts
    restarts.py       timm's cycles
    torch.py          torch.optim.lr_scheduler and torch.optim.swa_utils
    transformers.py   Hugging Face's optimization.py
    optax.py          optax.schedules
    timm.py           timm.scheduler
    keras.py          keras.optimizers.schedules
    deepspeed.py      deepspeed.runtime.lr_schedules
    config.py         which of them a configuration names: what `from_config` makes a schedule of
    readers/          what configurations say, a file for each form of them

In: the parameters of a scheduler, by the names and with the defaults that its library gives them. Out: a text, and until when it
holds. Refuses to import any of these libraries: `lrdsl.torch.from_scheduler` is what reads live objects.
"""

from __future__ import annotations

from .words import Said

__all__ = ["Said"]
