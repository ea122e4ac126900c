"""DeepSpeed's configuration, or its `scheduler` block alone.

In: `{"type": ..., "params": {...}}`, or a configuration with that under `scheduler`. Out: what it says. Refuses an `"auto"` whose
value is not said: what the Trainer of transformers would fill in is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import deepspeed, torch
from ..words import refuse
from .settings import Found, Settings, call

# What the Trainer of transformers fills in, by the name that it has there.
_FILLED = {"warmup_max_lr": "learning_rate", "warmup_num_steps": "warmup_steps", "total_num_steps": "total"}
# Their momentum is no beta, and DeepSpeed then leaves it alone.
_WITHOUT_BETAS = ("sgd", "rmsprop", "adagrad")


def knows(settings: Settings) -> bool:
    block = settings.get("scheduler")
    if isinstance(block, Mapping) and "type" in block:
        return True
    return settings.has("type") and settings.has("params")


def read(settings: Settings) -> Found:
    block: Any = settings.get("scheduler") if settings.has("scheduler") else None
    if block is None:
        block = {name: settings.get(name) for name in settings.names()}
    name, params = str(block.get("type")), block.get("params") or {}
    if not isinstance(params, Mapping):
        raise refuse(name, "its `params` are no mapping")
    others = sorted(set(block) - {"type", "params"})
    if others:
        raise refuse(name, f"DeepSpeed reads no `{others[0]}` beside `type` and `params`")
    # DeepSpeed looks a name up among its own, and then among torch's.
    function = deepspeed.SCHEDULERS.get(name) or torch.SCHEDULERS.get(name)
    if function is None:
        raise refuse(name, f"DeepSpeed has {', '.join(deepspeed.SCHEDULERS)}, and the schedulers of torch")
    given = {key: _filled(settings, name, key, value) for key, value in params.items()}
    if name == "OneCycle" and _without_betas(settings.get("optimizer")):
        given["cycle_momentum"] = False
    return Found(name, call(name, function, (), given))


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
        return settings.get(str(known))
    if key == "warmup_min_lr":
        return 0  # the Trainer has no argument for it
    also = f", or `{known}=`" if known else ""
    raise refuse(scheduler, f'`{key}` is "auto", and nothing says what that is', f"from_config(..., {key}=...){also}")


def _without_betas(optimizer: Any) -> bool:
    return isinstance(optimizer, Mapping) and str(optimizer.get("type")).lower() in _WITHOUT_BETAS
