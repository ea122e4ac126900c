"""DeepSpeed's configuration, or its `scheduler` block alone.

In: `{"type": ..., "params": {...}}`, or a configuration with that under `scheduler`. Out: what it says. Refuses an `"auto"` whose
value is not said: what the Trainer of transformers would fill in is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ... import problems
from ...diagnostic import ScheduleError
from .. import deepspeed, torch
from ..words import Said, refuse
from .settings import Found, Settings, call, is_number, of_course

# What the Trainer of transformers fills in, by the name that it has there.
_FILLED = {"warmup_max_lr": "learning_rate", "warmup_num_steps": "warmup_steps", "total_num_steps": "total"}
# Their momentum is no beta, and DeepSpeed then leaves it alone.
_WITHOUT_BETAS = ("sgd", "rmsprop", "adagrad")


def knows(settings: Settings) -> bool:
    block = settings.get("scheduler")
    if isinstance(block, Mapping) and ("type" in block or "params" in block):
        return True
    kind = settings.get("type") if settings.has("type") else None
    return kind is not None and (settings.has("params") or str(kind) in deepspeed.SCHEDULERS)


def read(settings: Settings) -> Found:
    block: Any = settings.get("scheduler") if settings.has("scheduler") else None
    if block is None:
        block = {name: settings.get(name) for name in settings.names()}
    if "type" not in block:
        raise ScheduleError(
            problems.bad_call("the `scheduler` of a DeepSpeed configuration has a `type`, and this has none")
        )
    name, params = str(block["type"]), block.get("params") or {}
    if not isinstance(params, Mapping):
        raise refuse(name, "its `params` are no mapping")
    others = sorted({str(key) for key in block} - {"type", "params"})
    if others:
        raise refuse(name, f"DeepSpeed reads no `{others[0]}` beside `type` and `params`")
    # DeepSpeed looks a name up among its own, and then among torch's.
    function: Any = deepspeed.SCHEDULERS.get(name) or torch.CHECKED.get(name)
    if function is None:
        raise refuse(name, f"DeepSpeed has {', '.join(deepspeed.SCHEDULERS)}, and the schedulers of torch")
    given = {str(key): _filled(settings, name, str(key), value) for key, value in params.items()}
    if name == "OneCycle" and _without_betas(settings.get("optimizer")):
        given["cycle_momentum"] = False
    made = call(name, function, (), given)
    return Found(name, made) if isinstance(made, Said) else of_course(name, made, settings)


def _filled(settings: Settings, scheduler: str, key: str, value: Any) -> Any:
    """A parameter, with what is said in the place of `"auto"`."""
    if value != "auto":
        return value
    if key in settings.said:
        return settings.get(key)
    known = _FILLED.get(key)
    if known == "total" and settings.total is not None:
        return settings.total
    if known in settings.said:
        return _of_run(settings, scheduler, str(known))
    if key == "warmup_min_lr":
        return 0  # the Trainer has no argument for it
    also = f", or `{known}=`" if known else ""
    raise refuse(scheduler, f'`{key}` is "auto", and nothing says what that is', f"from_config(..., {key}=...){also}")


def _of_run(settings: Settings, scheduler: str, name: str) -> Any:
    """What is said for the Trainer, whose warmup may be a share of the run."""
    value = settings.get(name)
    if name != "warmup_steps" or not (is_number(value) and 0 < value < 1):
        return value
    if not is_number(settings.total):
        raise refuse(
            scheduler,
            f"`{name}` is a share of the run, and nothing says how long that is",
            "from_config(..., total=10_000)",
        )
    return math.ceil(settings.total * value)


def _without_betas(optimizer: Any) -> bool:
    return isinstance(optimizer, Mapping) and str(optimizer.get("type")).lower() in _WITHOUT_BETAS
