"""What a live scheduler of torch is: its class, its parameters, and the course that they come to.

In: a scheduler that somebody built, and maybe stepped. Out: courses, an E409 for what is none. Refuses to change it: it reads
attributes, and calls nothing of it.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ..diagnostic import ScheduleError
from ..translator import torch as said
from ..translator import transformers as hugging
from ..translator.course import Course, check_finite
from ..translator.levels import exact
from ..translator.words import refuse

_MODULES = ("torch.optim.lr_scheduler", "torch.optim.swa_utils")
_WRAPPERS = {"AcceleratedScheduler": ("accelerate",), "LRSchedulerConfig": ("lightning", "pytorch_lightning")}
# Of transformers, without values of their own.
_SHOWN = {
    "AdafactorSchedule": "it shows the lr that Adafactor makes of its parameters and of its steps, and has none of its own",
    "LayerWiseDummyScheduler": "it shows the lr of optimizers that step by themselves, layer by layer",
}
_FIT = "log the lr of a run, and let `lrdsl fit` find a text"
# The group's keys in which a scheduler keeps its parameters.
KEPT = ("initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr")


def unwrapped(scheduler: Any) -> tuple[Any, str]:
    """The scheduler in a wrapper that only decides when it is stepped, and the unit of its steps, as far as the wrapper tells."""
    unit = "steps"
    while (found := _wrapped(scheduler)) is not None:
        inner, frequency, interval = found
        if frequency != 1:
            why = f"its scheduler is stepped once in {frequency}"
            raise refuse(type(inner).__name__, why, "give the scheduler in it, `.scheduler`, whose steps count so many")
        scheduler, unit = inner, "epochs" if interval == "epoch" else unit
    return scheduler, unit


def _wrapped(scheduler: Any) -> tuple[Any, int, str] | None:
    """What is in a wrapper, once in how many it is stepped, and in how many of what."""
    if isinstance(scheduler, Mapping) and "scheduler" in scheduler:
        # What `configure_optimizers` of Lightning gives back, whose interval is an epoch where it says none.
        return scheduler["scheduler"], scheduler.get("frequency", 1), scheduler.get("interval", "epoch")
    if type(scheduler).__module__.split(".")[0] in _WRAPPERS.get(type(scheduler).__name__, ()):
        return scheduler.scheduler, getattr(scheduler, "frequency", 1), getattr(scheduler, "interval", "step")
    return None


def kind(scheduler: Any) -> str:
    """The name of torch's class; a subclass that replaces nothing of it but how it is built is its class."""
    name = type(scheduler).__name__
    if type(scheduler).__module__.startswith("transformers."):
        if name == "GreedyLR":
            hugging.greedy()
        if name in _SHOWN:
            raise refuse(name, _SHOWN[name])
    theirs = next((cls for cls in type(scheduler).__mro__ if cls.__module__ in _MODULES and _has(cls.__name__)), None)
    if theirs is None:
        raise _no_scheduler(scheduler)
    for cls in type(scheduler).__mro__[: type(scheduler).__mro__.index(theirs)]:
        # Nothing of torch's calls a method that torch's class does not have.
        own = [one for one in vars(cls) if hasattr(theirs, one) and not one.startswith("__")]
        if own:
            raise refuse(
                name,
                f"it is no `{theirs.__name__}` of torch: its `{own[0]}` is its own",
                f"{_FIT}, or write what it does",
            )
    if "get_lr" in vars(scheduler):
        raise refuse(name, "its `get_lr` was replaced", _FIT)
    return theirs.__name__


def _has(name: str) -> bool:
    return name in said.COURSES or name in ("SequentialLR", "ChainedScheduler")


def _no_scheduler(scheduler: Any) -> ScheduleError:
    """What to give in the place of what is none."""
    name, why = type(scheduler).__name__, "it is no scheduler of torch"
    if hasattr(scheduler, "param_groups"):
        return refuse(name, why, "it is an optimizer: give the scheduler that drives it")
    if isinstance(scheduler, list | tuple) and scheduler:
        return refuse(name, why, "give the schedulers one by one")
    if isinstance(scheduler, str | Mapping):
        return refuse(name, why, "`lrdsl.from_config` reads configurations, and `lrdsl.compile` texts")
    if hasattr(scheduler, "step") or hasattr(scheduler, "optimizer"):
        return refuse(name, f"{why}, but one of `{type(scheduler).__module__}`", f"{_FIT}, or write what it does")
    return refuse(name, why, "give what has `step()`, as in `from_scheduler(scheduler)`")


def children(scheduler: Any) -> list[Any]:
    return list(getattr(scheduler, "_schedulers", ()))


def leaves(scheduler: Any) -> list[Any]:
    """The schedulers that write, in the order in which they do."""
    inner = children(scheduler)
    return [leaf for child in inner for leaf in leaves(child)] if inner else [scheduler]


def position(scheduler: Any) -> Fraction:
    """How many steps it has been stepped; a part of one where restarts are stepped in parts of an epoch."""
    if kind(scheduler) == "ChainedScheduler":
        found = {position(child) for child in children(scheduler)}
        if len(found) > 1:
            raise refuse(
                "ChainedScheduler", f"its schedulers stand at different steps: {', '.join(map(str, sorted(found)))}"
            )
        return found.pop()
    if kind(scheduler) == "SWALR":
        return Fraction(max(0, scheduler._step_count - 1))  # its `last_epoch` may have been given to it
    steps = Fraction(int(scheduler.last_epoch))
    if kind(scheduler) == "CosineAnnealingWarmRestarts":
        steps += exact(scheduler.T_cur) % 1
    return steps


def first_lr(group: dict[str, Any]) -> float:
    """The lr that a group began with."""
    return float(group.get("initial_lr", group["lr"]))


# --- courses --------------------------------------------------------------------------------------------------------------


def course(scheduler: Any, index: int) -> Course:
    """What a scheduler does to the group of an index."""
    name = kind(scheduler)
    if index >= len(getattr(scheduler, "base_lrs", scheduler.optimizer.param_groups)):
        raise refuse(name, f"group {index} was added to the optimizer after the scheduler was built")
    if name == "ChainedScheduler":
        return said.chained_scheduler([course(one, index) for one in _flat(scheduler)])
    if name == "SequentialLR":
        return _sequence(scheduler, index)
    if name == "LambdaLR":
        return _function(scheduler.lr_lambdas[index], scheduler.optimizer)
    given = arguments(scheduler, index)
    check_finite(name, given)
    return said.COURSES[name](**given)


def _flat(scheduler: Any) -> list[Any]:
    """The schedulers of a chain, of chains in it too."""
    found = []
    for child in children(scheduler):
        found += _flat(child) if kind(child) == "ChainedScheduler" else [child]
    return found


def _sequence(scheduler: Any, index: int) -> Course:
    name, inner = "SequentialLR", children(scheduler)
    kinds = [kind(child) for child in inner]
    if name in kinds:
        why = "another one is in it, which torch steps once too often, or not at all"
        raise refuse(
            name, why, "put the schedulers of both into one, with the milestones counted from the run's beginning"
        )
    if "SWALR" in kinds[1:]:
        why = "`SWALR` starts from the lr that it finds at its milestone, which is that of the step before"
        raise refuse(name, why, "write it behind the text of the others: `... until 100 then cosine(10, to=0.05)`")
    if "ChainedScheduler" in kinds[1:]:
        raise refuse(name, "torch cannot begin a `ChainedScheduler` at a milestone")
    groups = scheduler.optimizer.param_groups
    base = first_lr(groups[index])
    if "OneCycleLR" in kinds and len(inner) > 1:
        raise refuse(
            name, "`OneCycleLR` changes the `initial_lr` from which the others start", "give its scheduler alone"
        )
    for leaf in leaves(scheduler):
        mine = kind(leaf) == "CyclicLR"
        if not mine and float(leaf.base_lrs[index]) != base:
            why = f"`{kind(leaf)}` was built for an `initial_lr` of {float(leaf.base_lrs[index])!r}, which is {base!r} by now"
            raise refuse(name, why, "build it before the schedulers that set the lr")
        if mine and len(inner) > 1 and float(leaf.base_lrs[index]) == base != scheduler.optimizer.defaults["lr"]:
            why = "`CyclicLR` was built first, and the others start from its `base_lr` in place of the lr of the optimizer"
            raise refuse(name, why, "build it behind the others")
    return said.sequential_lr([course(child, index) for child in inner], list(scheduler._milestones))


def _function(function: Any, optimizer: Any) -> Course:
    """What a function of LambdaLR says, where it is one of transformers; they are known by their names."""
    inner = function.func if isinstance(function, functools.partial) else function
    name = getattr(inner, "__qualname__", "")
    if getattr(inner, "__module__", "") != "transformers.optimization" or name not in hugging.FUNCTIONS:
        said.lambda_lr(function)
    given = dict(function.keywords) if isinstance(function, functools.partial) else {}
    check_finite(hugging.named(name, given), given)
    if given.get("lr_init") is not None and all(
        first_lr(group) == given["lr_init"] for group in optimizer.param_groups
    ):
        given["lr_init"] = None  # then the number that was given is what each group ends at
    return hugging.of_function(name, given)


# --- parameters -----------------------------------------------------------------------------------------------------------


def arguments(scheduler: Any, index: int) -> dict[str, Any]:
    """The parameters of a scheduler by the names of its class, for the group of an index."""
    name = kind(scheduler)
    if name == "MultiplicativeLR":
        return {"lr_lambda": scheduler.lr_lambdas[index]}
    if name == "MultiStepLR":
        return {"milestones": sorted(scheduler.milestones.elements()), "gamma": scheduler.gamma}
    if name == "CyclicLR":
        return _cyclic(scheduler, index)
    if name == "OneCycleLR":
        return _one_cycle(scheduler, scheduler.optimizer.param_groups[index])
    if name == "SWALR":
        return _averaging(scheduler, index)
    known = inspect.signature(said.COURSES[name]).parameters
    return {
        parameter: getattr(scheduler, parameter)
        for parameter in known
        if parameter in vars(scheduler) and parameter != "last_epoch"
    }


def _near(value: float) -> float:
    """A value without what reckoning it back has spoilt, which is its last digit or two."""
    short = round(value, 9)
    return short if abs(short - value) <= 4 * math.ulp(value) else value


def _cyclic(scheduler: Any, index: int) -> dict[str, Any]:
    up = _near(scheduler.total_size * scheduler.step_ratio)
    names = ("mode", "gamma", "scale_mode", "cycle_momentum")
    given = {name: getattr(scheduler, name) for name in names} | {
        "base_lr": float(scheduler.base_lrs[index]),
        "max_lr": float(scheduler.max_lrs[index]),
        "step_size_up": up,
        "step_size_down": _near(scheduler.total_size - up),
        "scale_fn": scheduler._scale_fn_custom,
    }
    if scheduler.cycle_momentum:
        given |= {"base_momentum": scheduler.base_momentums[index], "max_momentum": scheduler.max_momentums[index]}
        given["output"] = "beta1" if scheduler.use_beta1 else "momentum"
    return given


def _one_cycle(scheduler: Any, group: dict[str, Any]) -> dict[str, Any]:
    total, phases = scheduler.total_steps, scheduler._schedule_phases
    top, initial, low = (float(group[key]) for key in ("max_lr", "initial_lr", "min_lr"))
    if not min(top, initial, low) > 0:
        raise refuse("OneCycleLR", "one of its levels is not above 0")
    given = {
        "max_lr": top,
        "total_steps": total,
        "pct_start": _share(phases[0]["end_step"], total),
        "anneal_strategy": scheduler._anneal_func_type,
        "cycle_momentum": scheduler.cycle_momentum,
        "div_factor": _near(top / initial),
        "final_div_factor": _near(initial / low),
        "three_phase": len(phases) == 3,
    }
    if scheduler.cycle_momentum:
        given |= {"base_momentum": group["base_momentum"], "max_momentum": group["max_momentum"]}
        given["output"] = "beta1" if scheduler.use_beta1 else "momentum"
    return given


def _share(end: float, total: int) -> float:
    """The `pct_start` from which torch reckoned the end of the first phase: the shortest number that gives it."""
    near = (end + 1) / total
    tried = [round(near, digits) for digits in range(1, 17)]
    tried += [round(near * below) / below for below in range(1, 101)]
    return next((one for one in tried if float(one * total) - 1 == end), near)


def _averaging(scheduler: Any, index: int) -> dict[str, Any]:
    """SWALR starts from the lr that it finds when it is stepped first: what that was is reckoned back from what is there now."""
    group = scheduler.optimizer.param_groups[index]
    low, lr, first = float(group["swa_lr"]), float(group["lr"]), first_lr(group)
    gone = min(1.0, max(0, scheduler._step_count - 1) / max(1, scheduler.anneal_epochs))
    weight = scheduler.anneal_func(gone)
    if weight >= 1 and scheduler.anneal_epochs:
        raise refuse("SWALR", "it has ended, and where it began is not known any more")
    began = (lr - weight * low) / (1 - weight) if weight < 1 else first
    start = None if abs(began - first) <= 1e-9 * abs(first) else float(f"{began:.12g}") if weight else lr
    return {
        "swa_lr": low,
        "anneal_epochs": scheduler.anneal_epochs,
        "anneal_strategy": scheduler._anneal_strategy,
        "start": start,
    }
