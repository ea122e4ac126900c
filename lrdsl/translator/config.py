"""A configuration as a schedule: which library it is of, what it says, and what is bound.

In: a mapping or an object with attributes, as a training script has it. Out: a Schedule with the text that a person would have
written. Refuses a configuration that no reader knows, a scheduler that is no function of time, and what it has no use for.
"""

from __future__ import annotations

from typing import Any

from .. import compile as compiled
from .. import problems
from ..diagnostic import ScheduleError
from ..schedule import Schedule
from .readers import deepspeed, keras, paths, timm, transformers
from .readers.settings import Found, Settings, is_number
from .words import refuse

_READERS = (paths, keras, transformers, timm, deepspeed)
_FAR = 10**18  # steps
_FORMS = (
    "what is understood: `lr_scheduler_type` of transformers (TrainingArguments), the `scheduler` block of DeepSpeed, `sched` "
    "of timm's train script, schedules and optimizers that Keras has serialized, and `_target_` or `class_path`"
)


def from_config(config: Any, /, *, total: Any = None, epoch: Any = None, **said: Any) -> Schedule:
    """The schedule that a configuration of another library describes.

    `config` is a mapping, a namespace, or an object such as `TrainingArguments`. `total` is the number of steps and `epoch`
    the steps of one epoch, as numbers or as texts such as `"10k steps"`, where the configuration leaves them open; other
    keywords take the place of what it says, or of its `"auto"`. The text is absolute where the original is, and relative to
    `base`, the optimizer's own lr, where that is. Raises ScheduleError where a text cannot say it, with the reason, or where
    nothing knows the configuration.

    >>> from_config({"lr_scheduler_type": "cosine", "warmup_steps": 500, "max_steps": 10_000}).text
    'warmup(500) then cosine(9.5k)'
    >>> from_config({"lr_scheduler_type": "cosine", "warmup_steps": 500}).text
    'warmup(500) then cosine'
    >>> from_config({"type": "WarmupLR", "params": {"warmup_max_lr": 1e-3, "warmup_type": "linear"}}).text
    '0 for 1 then warmup(1k, to=1e-3) then hold'
    """
    per = _in_steps("epoch", epoch)
    total = _in_steps("total", total, epoch=per)
    settings = Settings(config, said, total, per)
    reader = None if config is None or isinstance(config, str | int | float) else _reader(settings)
    if reader is None:
        raise _unknown(config, settings)
    if isinstance(total, str) and reader is not timm:
        advice = "epoch=100, how many steps one is" if "epoch" in total else "total=10_000"
        raise ScheduleError(problems.bad_call(f"`total` is {total!r}, and this configuration counts steps", advice))
    found: Found | Schedule = reader.read(settings)
    useless = sorted(set(said) - settings.used)
    if useless:
        raise ScheduleError(problems.bad_call(f"this configuration has no use for `{useless[0]}`"))
    if isinstance(found, Schedule):  # it has a text already
        return found if total is None else found.bind(total=total)
    return _bound(found, total if found.total is None else found.total)


def _in_steps(name: str, said: Any, **bound: Any) -> Any:
    """A length as a number of steps; as it was said, where nothing connects its unit with steps."""
    if said is None:
        return None
    known = {key: value for key, value in bound.items() if value is not None}
    try:
        found = compiled("1 for total" if name == "total" else "1 for 1 epoch", **known, **{name: said})
    except ScheduleError as error:
        why = error.problems[0].message
        raise ScheduleError(problems.bad_call(why if f"`{name}`" in why else f"`{name}` is {said!r}: {why}")) from None
    length = found.length
    if found.clock != "steps" or length is None:
        return said
    if length > _FAR:
        raise ScheduleError(problems.bad_call(f"`{name}` is longer than any run, {_FAR} steps"))
    return int(length) if length.denominator == 1 else float(length)


def _reader(settings: Settings) -> Any:
    return next((reader for reader in _READERS if reader.knows(settings)), None)


def _unknown(config: Any, settings: Settings) -> ScheduleError:
    if isinstance(config, str):
        advice = "lrdsl.compile(text)"
        if config.lstrip()[:1] in ("{", "["):
            advice = "what is in it: `from_config(json.loads(text))`"
        elif config.lower().endswith((".json", ".yaml", ".yml")):
            advice = f"what is in it: `from_config({'json' if config.lower().endswith('json') else 'yaml'}.load(open({config!r})))`"
        return ScheduleError(problems.bad_call("a text is no configuration", advice))
    if hasattr(config, "get_last_lr") or hasattr(config, "param_groups"):
        advice = "lrdsl.torch.from_scheduler(scheduler)"
        return ScheduleError(problems.bad_call("a scheduler or an optimizer is no configuration", advice))
    has = ", ".join(f"`{name}`" for name in settings.names()[:5]) or f"a {type(config).__name__}"
    return ScheduleError(problems.bad_call(f"no configuration of a scheduler is known that has {has}", _FORMS))


def _bound(found: Found, total: Any) -> Schedule:
    """The text, compiled; the length of the run is bound where the text waits for it, or goes on without an end."""
    steps = found.steps if found.steps is not None else total
    if found.said.until is not None and is_number(steps) and found.said.until < steps - 1:
        raise refuse(
            found.scheduler,
            f"at step {found.said.until + 1:_} the library leaves what is meant, by rounding or because its end is before",
            f"`{found.said.text}`, if that is what is meant",
        )
    known = {} if found.epoch is None else {"epoch": found.epoch}
    if total is None:
        return _made(found, found.said.text, known)
    try:
        schedule = compiled(found.said.text, **known)
    except ScheduleError:
        # What grows is a schedule as far as the run goes, and no further.
        return _made(found, found.said.text, {**known, "total": total})
    text = found.said.text
    if schedule.length is None or schedule.missing:
        return _filling(text, known, total) or schedule
    if found.total is None or _filling(text, known, total):
        return schedule
    return _filling(f"{text} then hold", known, total) or schedule


def _filling(text: str, known: dict[str, Any], total: Any) -> Schedule | None:
    """The text for a run of a length; None where its phases do not fill it, or the run ends before the last of them begins."""
    try:
        return compiled(text, **known, total=total)
    except ScheduleError:
        return None


def _made(found: Found, text: str, bound: dict[str, Any]) -> Schedule:
    try:
        return compiled(text, **bound)
    except ScheduleError as error:
        raise refuse(found.scheduler, f"of its text `{text}`, {error.problems[0].message}") from None
