"""Classes and functions by their paths: `_target_` of Hydra, `class_path` of Lightning's command line.

In: `{"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 30}`, or `{"class_path": ..., "init_args": {...}}`; an argument
may be such a mapping too. Out: what it says. Refuses what no translator knows.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...diagnostic import ScheduleError
from .. import deepspeed, keras, optax, timm, torch, transformers
from ..course import Course
from ..words import Said, refuse
from .settings import Found, Settings, call, of_course

# The functions of transformers, by the value of SchedulerType that stands for each.
_FUNCTIONS = {
    "get_linear_schedule_with_warmup": "linear",
    "get_cosine_schedule_with_warmup": "cosine",
    "get_cosine_with_hard_restarts_schedule_with_warmup": "cosine_with_restarts",
    "get_polynomial_decay_schedule_with_warmup": "polynomial",
    "get_constant_schedule": "constant",
    "get_constant_schedule_with_warmup": "constant_with_warmup",
    "get_inverse_sqrt_schedule": "inverse_sqrt",
    "get_reduce_on_plateau_schedule": "reduce_lr_on_plateau",
    "get_cosine_with_min_lr_schedule_with_warmup": "cosine_with_min_lr",
    "get_cosine_with_min_lr_schedule_with_warmup_lr_rate": "cosine_warmup_with_min_lr",
    "get_wsd_schedule": "warmup_stable_decay",
    "get_greedy_schedule": "greedy",
}
# By the first part of a path.
_TABLES: dict[str, Mapping[str, Callable[..., Any]]] = {
    "torch": {
        **torch.CHECKED, "SequentialLR": torch.sequential_lr, "ChainedScheduler": torch.chained_scheduler,
    },
    "transformers": {name: transformers.SCHEDULERS[value] for name, value in _FUNCTIONS.items()},
    "optax": optax.SCHEDULERS,
    "timm": timm.SCHEDULERS,
    **dict.fromkeys(("keras", "tf_keras", "tensorflow", "tf"), keras.SCHEDULERS),
    "deepspeed": deepspeed.SCHEDULERS,
}  # fmt: skip
# Where they are, for what is said to a person.
_HOMES = {
    "torch": "torch.optim.lr_scheduler", "transformers": "transformers", "optax": "optax", "timm": "timm.scheduler",
    "keras": "keras.optimizers.schedules", "deepspeed": "deepspeed.runtime.lr_schedules",
}  # fmt: skip
_TOO = {"lightning": "torch", "pytorch_lightning": "torch"}


def knows(settings: Settings) -> bool:
    return settings.has("_target_") or settings.has("class_path")


def read(settings: Settings) -> Found:
    made = _made(settings.config)
    name = _path(settings.config).rpartition(".")[2]
    if isinstance(made, Said):
        return Found(name, made)
    if not isinstance(made, Course):
        raise refuse(name, "it is no scheduler")
    return of_course(name, made, settings)


def _path(config: Any) -> str:
    return str(config["_target_"] if "_target_" in config else config["class_path"])


def _made(config: Any) -> Any:
    """What a mapping with a path says; other values are themselves."""
    if isinstance(config, Sequence) and not isinstance(config, str | bytes):
        return [_made(one) for one in config]
    if not isinstance(config, Mapping) or not ("_target_" in config or "class_path" in config):
        return config
    path = _path(config)
    root, name = path.partition(".")[0], path.rpartition(".")[2]
    table = _TABLES.get(_TOO.get(root, root), {})
    if name not in table:
        raise _unknown(path, name, table)
    if "_target_" in config:
        args = config.get("_args_") or ()
        if not isinstance(args, Sequence) or isinstance(args, str | bytes):
            raise refuse(path, "its `_args_` are no list")
        named = {str(key): value for key, value in config.items() if not str(key).startswith("_")}
    else:
        inner = [config.get(key) or {} for key in ("init_args", "dict_kwargs")]
        if not all(isinstance(one, Mapping) for one in inner):
            raise refuse(path, "its `init_args` are no mapping")
        args, named = (), {str(key): value for key, value in {**inner[0], **inner[1]}.items()}
        others = sorted({str(key) for key in config} - {"class_path", "init_args", "dict_kwargs"})
        if others:
            raise refuse(path, f"nothing reads `{others[0]}` beside `class_path` and `init_args`")
    if "unit" in named:
        raise refuse(path, "it has no argument `unit`")
    named = {key: _made(value) for key, value in named.items() if key != "optimizer"}
    children = named.get("schedulers")
    if root in ("torch", *_TOO) and children is not None and not _courses(children):
        raise refuse(path, "its `schedulers` are no list of schedulers of torch")
    return call(name, table[name], [_made(one) for one in args], named)


def _unknown(path: str, name: str, table: Mapping[str, Any]) -> ScheduleError:
    """What a path may be meant for."""
    known = ", ".join(_HOMES.values())
    close = difflib.get_close_matches(name, table, 1, 0.8)
    if close:
        return refuse(path, f"there is no `{name}` in it", f"`{path.rpartition('.')[0]}.{close[0]}`")
    homes = [home for root, home in _HOMES.items() if name in _TABLES[root] and path == name]
    advice = f"`{homes[0]}.{name}`" if homes else None
    return refuse(path, f"the schedulers that can be read are those of {known}", advice)


def _courses(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(one, Course) for one in given)
