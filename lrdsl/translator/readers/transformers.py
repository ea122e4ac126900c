"""`TrainingArguments` of transformers: `lr_scheduler_type` and what belongs to it.

In: the arguments, as an object or a mapping. Out: what they say, with its lengths where the number of steps is known, and open
where it is not, as a person would write it. Refuses a type that follows a metric, and what needs the number of steps to be said.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ...diagnostic import ScheduleError
from .. import transformers
from ..lines import height, of_base, real, share, time
from ..words import Said, refuse
from .settings import Found, Settings, call, is_number

# What transformers gives no arguments but the warmup, and drops the others in silence.
_PLAIN = ("constant", "constant_with_warmup")
_WARMED = ("constant_with_warmup", "inverse_sqrt")
_ENDLESS = ("constant", *_WARMED, "reduce_lr_on_plateau", "greedy")
_TAILS = {"linear": "linear", "cosine": "cosine", "1-sqrt": "sqrt"}
_ENUM = "SchedulerType."
_RATIOS = ("polynomial", "cosine_with_min_lr", "cosine_warmup_with_min_lr")


def knows(settings: Settings) -> bool:
    return settings.has("lr_scheduler_type")


def read(settings: Settings) -> Found:
    kind = settings.get("lr_scheduler_type")
    name = str(getattr(kind, "value", kind))
    if name.startswith(_ENUM):  # as a log or a dump of the arguments shows it
        name = name.removeprefix(_ENUM).lower().replace("reduce_on", "reduce_lr_on")
    if name not in transformers.SCHEDULERS:
        raise refuse(name, f"the values of `lr_scheduler_type` are {', '.join(transformers.SCHEDULERS)}")
    inner = settings.get("deepspeed")
    if isinstance(inner, Mapping) and "scheduler" in inner:
        raise refuse(name, "its `deepspeed` has a scheduler, which is used instead", "from_config(args.deepspeed)")
    more = {} if name in _PLAIN else _more(name, settings.get("lr_scheduler_kwargs"))
    rate = settings.get("learning_rate")
    lr = rate if is_number(rate) and rate > 0 else None
    total, warm = _total(name, settings), _warmup(name, settings)
    needs = name not in _ENDLESS and "num_stable_steps" not in more
    if total is None and (needs or (isinstance(warm, Fraction) and name in _WARMED)):
        return Found(name, Said(_open(name, warm, more, lr)))
    given: dict[str, Any] = dict(more)
    if needs or name in _WARMED or name == "warmup_stable_decay":
        given["num_warmup_steps"] = warm if isinstance(warm, int) else math.ceil((total or 0) * float(warm))
    if needs:
        given["num_training_steps"] = total
    if lr is not None and name in _RATIOS:
        given["lr_init"] = lr
    return Found(name, call(name, transformers.SCHEDULERS[name], (), given), total, steps=total)


def _more(name: str, given: Any) -> dict[str, Any]:
    """`lr_scheduler_kwargs`, which the command line takes as JSON."""
    if isinstance(given, str) and given.strip():
        try:
            given = json.loads(given)
        except ValueError as error:
            raise refuse(name, f"its `lr_scheduler_kwargs` are no JSON: {error}") from None
    if not given:
        return {}
    if not isinstance(given, Mapping):
        raise refuse(name, "its `lr_scheduler_kwargs` are no mapping")
    return dict(given)


def _total(name: str, settings: Settings) -> int | None:
    """The number of steps: what is said, `max_steps`, or the epochs times what an epoch is said to be."""
    given = settings.total if settings.total is not None else settings.get("max_steps")
    if given is not None and real(name, "max_steps", given) > 0:
        return math.ceil(real(name, "max_steps", given))
    epochs = settings.get("num_train_epochs")
    if settings.epoch is not None and epochs is not None:
        return math.ceil(real(name, "num_train_epochs", epochs) * real(name, "epoch", settings.epoch))
    return None


def _warmup(name: str, settings: Settings) -> int | Fraction:
    """The warmup in steps, or as a share of the run."""
    steps = real(name, "warmup_steps", settings.get("warmup_steps") or 0)
    ratio = real(name, "warmup_ratio", settings.get("warmup_ratio") or 0)
    if steps < 0 or ratio < 0 or ratio > 1:
        raise refuse(name, "its warmup is below 0, or longer than the run")
    if steps >= 1:
        return int(steps)
    return steps or ratio or 0


# --- of a run whose length is not known -------------------------------------------------------------------------------


def _open(name: str, warm: int | Fraction, more: dict[str, Any], lr: Any) -> str:
    """The text that takes what the run leaves."""
    span = f"{height(warm * 100)}%" if isinstance(warm, Fraction) else time(Fraction(warm))
    given = dict(more)
    start = ""
    if name == "warmup_stable_decay" and given.pop("warmup_type", "linear") == "linear":
        low = real(name, "min_lr_ratio", given.get("min_lr_ratio", 0))
        start = f", from={share(low) or of_base(low)}" if low else ""
    fall = _fall(name, given, lr, span if warm else None)
    useless = sorted(set(given) - set(inspect.signature(transformers.COURSES[name]).parameters))
    if useless:
        raise refuse(name, f"it takes no `{useless[0]}`, which is among its `lr_scheduler_kwargs`")
    if given:
        raise _without_steps(name, f"with `{min(given)}` ")
    return f"warmup({span}{start}) then {fall}" if warm else fall


def _fall(name: str, given: dict[str, Any], lr: Any, span: str | None) -> str:
    """What follows the warmup; what it has used of the arguments is taken from them."""
    match name:
        case "constant_with_warmup":
            return "hold"
        case "linear":
            return "linear"
        case "cosine" | "cosine_with_restarts":
            usual = 0.5 if name == "cosine" else 1
            if given.get("num_cycles", usual) == usual:
                given.pop("num_cycles", None)
            return "cosine"
        case "cosine_with_min_lr":
            if given.get("num_cycles", 0.5) == 0.5:
                given.pop("num_cycles", None)
            return _called("cosine", [_low(name, given, lr)])
        case "polynomial":
            power = real(name, "power", given.pop("power", 1.0))
            curve = [] if power == 1 else [f"power={height(power)}"]
            return _called("poly" if curve else "linear", [*curve, _level(name, given.pop("lr_end", 1e-7), lr)])
        case "inverse_sqrt":
            scale = given.pop("timescale", None)
            return f"rsqrt(timescale={time(real(name, 'timescale', scale)) if scale else span})"
        case "warmup_stable_decay" if "num_decay_steps" in given:
            kind = _TAILS.get(given.pop("decay_type", "cosine"))
            length = time(real(name, "num_decay_steps", given.pop("num_decay_steps")))
            low = _to(real(name, "min_lr_ratio", given.pop("min_lr_ratio", 0)))
            if kind is not None:
                return f"hold then {_called(kind, [length, low])}"
    raise _without_steps(name)


def _without_steps(name: str, why: str = "") -> ScheduleError:
    return refuse(name, f"{why}its text needs the number of steps", "from_config(..., total=10_000), or `max_steps`")


def _called(curve: str, arguments: list[str]) -> str:
    shown = ", ".join(one for one in arguments if one)
    return f"{curve}({shown})" if shown else curve


def _low(name: str, given: dict[str, Any], lr: Any) -> str:
    least, ratio = given.pop("min_lr", None), given.pop("min_lr_rate", None)
    if (least is None) == (ratio is None):
        raise refuse(name, "exactly one of `min_lr` and `min_lr_rate` is given")
    return _level(name, least, lr) if ratio is None else _to(real(name, "min_lr_rate", ratio))


def _level(name: str, value: Any, lr: Any) -> str:
    """A level of transformers, which makes a share of the lr of it."""
    at = real(name, "lr_end", value)
    if at == 0:
        return ""
    return f"to={height(at)}" if lr is None else _to(at / real(name, "learning_rate", lr))


def _to(ratio: Fraction) -> str:
    return "" if ratio == 0 else f"to={share(ratio) or of_base(ratio)}"
