"""The arguments of timm's train script, as its `create_scheduler` reads them.

In: `sched`, `epochs`, `warmup_epochs` and so on, with the defaults that timm's `scheduler_kwargs` has for what is not there. Out: a
text in epochs that changes once an epoch or, with `sched_on_updates`, at each update; and the epochs that timm trains. Refuses an
argument of a schedule that it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...diagnostic import ScheduleError
from ...records import frozen
from .. import timm
from ..lines import real
from ..words import Said, refuse
from .settings import Found, Settings, call, renamed

# timm's names and defaults. The defaults of its classes are others, and so are those of its train script.
_DEFAULTS: dict[str, Any] = {
    "epochs": 100,
    "decay_epochs": 30,
    "decay_milestones": [30, 60],
    "warmup_epochs": 5,
    "cooldown_epochs": 0,
    "decay_rate": 0.1,
    "min_lr": 0.0,
    "warmup_lr": 1e-5,
    "warmup_prefix": False,
    "lr_noise": None,
    "lr_cycle_mul": 1.0,
    "lr_cycle_decay": 0.1,
    "lr_cycle_limit": 1,
    "lr_k_decay": 1.0,
    "lr_decay_fn": None,
    "lr_stable_timescale": None,
    "sched_on_updates": False,
}
# Of a schedule too, and without a part in the text: of noise and plateaus, which are refused, and of the base.
_BESIDE = ("lr", "lr_base", "lr_base_size", "lr_base_scale", "lr_noise_pct", "lr_noise_std", "patience_epochs", "sched")
_OURS = ("lr_", "sched", "warmup_", "decay_", "cooldown_")
_CYCLES = ("cosine", "tanh", "poly")
# What the classes call what the train script calls so.
_NAMES = {
    "t_initial": "epochs", "warmup_t": "warmup_epochs", "warmup_lr_init": "warmup_lr", "lr_min": "min_lr",
    "cycle_mul": "lr_cycle_mul", "cycle_decay": "lr_cycle_decay", "cycle_limit": "lr_cycle_limit", "k_decay": "lr_k_decay",
    "noise_range_t": "lr_noise", "decay_t": "decay_epochs", "decay_fn": "lr_decay_fn",
    "stable_timescale": "lr_stable_timescale",
}  # fmt: skip
_OTHERS = {"poly": {"power": "decay_rate"}, "multistep": {"decay_t": "decay_milestones"}}
_CLASSES = {
    "cosine": "CosineLRScheduler",
    "tanh": "TanhLRScheduler",
    "poly": "PolyLRScheduler",
    "step": "StepLRScheduler",
    "constant": "StepLRScheduler",
    "multistep": "MultiStepLRScheduler",
    "wsd": "WSDLRScheduler",
    "rsqrt": "WSDLRScheduler",
    "plateau": "PlateauLRScheduler",
}


@frozen
class Run:
    """The arguments; `length` is an epoch in what the scheduler counts, `unit` what is written."""

    sched: str
    given: dict[str, Any]
    updates: bool
    length: Any
    unit: str | None

    def times(self, name: str) -> Any:
        value = self.given[name]
        return None if value is None else value * self.length


def knows(settings: Settings) -> bool:
    return settings.has("sched")


def read(settings: Settings) -> Found:
    sched = str(settings.get("sched"))
    if sched == "none":
        return Found(sched, Said("base"), epoch=settings.epoch)
    if sched not in _CLASSES:
        raise refuse(sched, f"the values of `sched` are {', '.join(_CLASSES)} and none")
    for name in settings.names():
        plain = name.lstrip("-").replace("-", "_")
        if plain != name and plain in _DEFAULTS:
            raise refuse(sched, f"timm reads no `{name}`, whose name among its arguments is `{plain}`")
        known = name in _DEFAULTS or name in _BESIDE
        if name.startswith(_OURS) and not known and settings.get(name) is not None:
            raise refuse(sched, f"what timm makes of `{name}` is not known")
    run = _run(sched, {name: settings.get(name, default) for name, default in _DEFAULTS.items()}, settings.epoch)
    name = _CLASSES[sched]
    try:
        said = call(sched, timm.SCHEDULERS[name], (), _arguments(run))
    except ScheduleError as error:
        raise renamed(error, _NAMES | _OTHERS.get(sched, {})) from None
    epochs = _epochs(run)
    if settings.total is not None and settings.total not in (f"{epochs} epochs", epochs * (settings.epoch or math.inf)):
        why = f"its run is of {epochs} epochs, as timm reckons from the arguments, and `total` is {settings.total!r}"
        raise refuse(sched, why, "leave `total` out, or change `epochs`")
    return Found(name, said, f"{epochs} epochs", settings.epoch, epochs * run.length)


def _run(sched: str, given: dict[str, Any], epoch: Any) -> Run:
    """The arguments, in epochs where that says what timm does."""
    if given["decay_epochs"] is None:
        given["decay_epochs"] = 0.2 if sched in ("wsd", "rsqrt") else 90
    milestones = given["decay_milestones"]
    if sched == "multistep" and (not isinstance(milestones, Sequence) or isinstance(milestones, str | bytes)):
        raise refuse(sched, f"its `decay_milestones` are {milestones!r}, and a list is needed")
    for name in ("epochs", "warmup_epochs", "decay_epochs", "cooldown_epochs"):
        given[name] = _plain(real(sched, name, given[name]))
    if given["lr_stable_timescale"] is not None:
        given["lr_stable_timescale"] = _plain(real(sched, "lr_stable_timescale", given["lr_stable_timescale"]))
    if not given["sched_on_updates"]:
        return Run(sched, given, False, 1, None)
    if _in_epochs(sched, given):
        return Run(sched, given, True, 1, "epochs")
    if epoch is None:
        raise refuse(
            sched, "what timm makes of it depends on the updates of an epoch", "from_config(..., epoch=1251), in steps"
        )
    return Run(sched, given, True, int(real(sched, "epoch", epoch)), None)


def _plain(value: Any) -> int | float:
    """A number with the type that timm has, so that it is multiplied and divided as timm does it."""
    return int(value) if value.denominator == 1 else float(value)


def _in_epochs(sched: str, given: dict[str, Any]) -> bool:
    """Whether a text in epochs is right at every update, however many an epoch has.

    It is not where timm acts an update before a milestone, or at update 1, or where a fraction of an epoch becomes whole updates.
    """
    names = ["epochs", "warmup_epochs"]
    names += ["decay_epochs"] if sched in ("step", "wsd", "rsqrt") else []
    names += ["lr_stable_timescale"] if sched == "rsqrt" and given["lr_stable_timescale"] is not None else []
    late = sched == "tanh" and not given["warmup_epochs"]
    uneven = sched in _CYCLES and given["lr_cycle_mul"] != 1
    return sched != "multistep" and not late and not uneven and all(isinstance(given[name], int) for name in names)


def _arguments(run: Run) -> dict[str, Any]:
    """What timm's factory gives to the class."""
    given, sched = run.given, run.sched
    if sched == "plateau":
        return {}
    found = {
        "warmup_t": run.times("warmup_epochs"), "warmup_lr_init": given["warmup_lr"],
        "warmup_prefix": bool(given["warmup_prefix"]), "noise_range_t": given["lr_noise"],
        "t_in_epochs": not run.updates, "unit": run.unit,
    }  # fmt: skip
    if sched in _CYCLES:
        found |= {"t_initial": run.times("epochs"), "lr_min": given["min_lr"], "cycle_mul": given["lr_cycle_mul"]}
        found |= {"cycle_decay": given["lr_cycle_decay"], "cycle_limit": given["lr_cycle_limit"]}
        found |= {} if sched == "tanh" else {"k_decay": given["lr_k_decay"]}
        return found | ({"power": given["decay_rate"]} if sched == "poly" else {})
    if sched == "constant":
        return found | {"decay_t": 1, "decay_rate": 1.0}
    if sched == "step":
        return found | {"decay_t": run.times("decay_epochs"), "decay_rate": given["decay_rate"]}
    if sched == "multistep":
        moments = [_plain(real(sched, "decay_milestones", one)) * run.length for one in given["decay_milestones"]]
        return found | {"decay_t": moments, "decay_rate": given["decay_rate"]}
    del found["warmup_prefix"]
    total, fall = _stable(run)
    found |= {"t_initial": total, "decay_t": fall, "lr_min": given["min_lr"]}
    found |= {
        "stable_fn": "rsqrt" if sched == "rsqrt" else "constant",
        "stable_timescale": run.times("lr_stable_timescale"),
    }
    return found | {"decay_fn": given["lr_decay_fn"] or ("linear" if sched == "rsqrt" else "1-sqrt")}


def _stable(run: Run) -> tuple[Any, int]:
    """The stable part with its decay, and the decay, which timm rounds to whole units."""
    total = run.times("epochs")
    if not run.given["warmup_prefix"]:
        total -= run.times("warmup_epochs")
    share = 0 < run.given["decay_epochs"] < 1
    fall = round(run.given["decay_epochs"] * total if share else run.times("decay_epochs"))
    if not 0 < fall <= total:
        raise refuse(run.sched, f"its decay of {fall} does not fit into the {total} that are left after the warmup")
    return total, fall


def _epochs(run: Run) -> Any:
    """The number of epochs that timm trains: cycles and a cooldown are added, and a warmup that is a prefix."""
    given, prefix = run.given, run.given["warmup_epochs"] if run.given["warmup_prefix"] else 0
    if run.sched in ("wsd", "rsqrt"):
        return given["epochs"] + prefix + given["cooldown_epochs"]
    if run.sched not in _CYCLES:
        return given["epochs"] + prefix
    cycles, mul = max(1, int(given["lr_cycle_limit"])), float(given["lr_cycle_mul"])
    over = run.times("epochs")
    length = over * cycles if mul == 1 else math.floor(-over * (mul**cycles - 1) / (1 - mul))
    total = length + (run.times("warmup_epochs") if prefix else 0) + run.times("cooldown_epochs")
    return total // run.length if run.updates else total
