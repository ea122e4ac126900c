"""The schedulers of Hugging Face's transformers as texts.

In: the parameters of a scheduler, by the names and with the defaults of its function in `transformers.optimization`, without the
optimizer. Out: what it says, or an E409. Refuses to import transformers: `lrdsl.torch.from_scheduler` reads live objects.

The names are the values of `transformers.SchedulerType`. Each of them is a factor of the group's lr. `lr_init` is the lr that the
optimizer was made with: given, a level that is written as a number (`lr_end`, `min_lr`) is a share of each group's lr, which is
what transformers makes of it; not given, it is the number, which is the same where the group has that lr.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from ..records import replace
from .course import Course, alone, table
from .levels import BASE, ZERO, Level, absolute, exact, of_base, same
from .phases import Constant, Cycle, Free, Part, Shape
from .torch import falling
from .words import refuse

__all__ = ["COURSES", "FUNCTIONS", "SCHEDULERS"]


def _warmup(steps: Any) -> list[Part]:
    length = exact(steps)
    return [Part(Shape("linear", length, ZERO, BASE))] if length > 0 else []


def _decay(num_warmup_steps: Any, num_training_steps: Any) -> Fraction:
    """How long the decay is: transformers has a step at least."""
    return max(Fraction(1), exact(num_training_steps) - exact(num_warmup_steps))


def constant() -> Course:
    return alone("constant", Part(Constant(BASE)))


def constant_with_warmup(num_warmup_steps: int) -> Course:
    return alone("constant_with_warmup", *_warmup(num_warmup_steps), Part(Constant(BASE)))


def linear(num_warmup_steps: int, num_training_steps: int) -> Course:
    warmup, length = _warmup(num_warmup_steps), exact(num_training_steps) - exact(num_warmup_steps)
    if length < 1:
        return alone("linear", *warmup, Part(Constant(ZERO)))
    return alone("linear", *warmup, Part(Shape("linear", length, BASE, ZERO)))


def cosine(num_warmup_steps: int, num_training_steps: int, num_cycles: float = 0.5) -> Course:
    return _cosine("cosine", (num_warmup_steps, num_training_steps), num_cycles, ZERO)


def cosine_with_min_lr(
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
    *,
    lr_init: float | None = None,
) -> Course:
    name = "cosine_with_min_lr"
    low = _low(name, min_lr, min_lr_rate, lr_init)
    return _cosine(name, (num_warmup_steps, num_training_steps), num_cycles, low)


def _low(name: str, min_lr: float | None, min_lr_rate: float | None, lr_init: float | None) -> Level:
    if (min_lr is None) == (min_lr_rate is None):
        raise refuse(name, "exactly one of `min_lr` and `min_lr_rate` is given")
    if min_lr is None:
        return of_base(min_lr_rate)
    return absolute(min_lr) if lr_init is None else Level(exact(min_lr) / exact(lr_init))


def _cosine(name: str, lengths: tuple[Any, Any], num_cycles: float, low: Level) -> Course:
    warmup = _warmup(lengths[0])
    if num_cycles == 0:
        return alone(name, *warmup, Part(Constant(BASE)))
    waves = _waves(name, _decay(*lengths), num_cycles, low)
    if isinstance(waves, Cycle):
        return alone(name, *warmup, Part(waves))
    # transformers lets the cosine rise again behind its end.
    until = sum((part.length or _length(part) for part in warmup), Fraction(0)) + waves.length
    return alone(name, *warmup, Part(waves), until=math.floor(until), beyond=(*warmup, Part(_round(waves))))


def _length(part: Part) -> Fraction:
    return part.phase.length if isinstance(part.phase, Shape) else Fraction(0)


def _round(down: Shape) -> Cycle:
    return Cycle((down, Shape("cosine", down.length, down.end, down.start)))


def _waves(name: str, length: Fraction, num_cycles: float, low: Level) -> Shape | Cycle:
    """Half a wave or less is a fall; more are falls and rises. A cosine is the same to both sides."""
    cycles = abs(exact(num_cycles))
    if cycles == 0:
        raise refuse(name, "its `num_cycles` is 0, so that it has no wave")
    down = Shape("cosine", length / (2 * cycles), BASE, low)
    return down if cycles <= Fraction(1, 2) else _round(down)


def cosine_with_restarts(num_warmup_steps: int, num_training_steps: int, num_cycles: int = 1) -> Course:
    name, cycles = "cosine_with_restarts", exact(num_cycles)
    length = _decay(num_warmup_steps, num_training_steps)
    if cycles <= 0:
        raise refuse(name, f"its `num_cycles` is {num_cycles}, and it has a cycle at least")
    warmup, fall = _warmup(num_warmup_steps), Shape("cosine", length / cycles, BASE, ZERO)
    if cycles == 1:
        return alone(name, *warmup, Part(fall))
    if cycles.denominator == 1:
        return alone(name, *warmup, Part(Cycle((fall,), times=int(cycles))))
    return alone(name, *warmup, Part(Cycle((fall,)), length), Part(Constant(ZERO)))


def polynomial(
    num_warmup_steps: int,
    num_training_steps: int,
    lr_end: float = 1e-7,
    power: float = 1.0,
    *,
    lr_init: float | None = None,
) -> Course:
    name, length = "polynomial", exact(num_training_steps) - exact(num_warmup_steps)
    if length == 0:
        raise refuse(
            name, f"its warmup is as long as the run of {num_training_steps} steps, and it divides by the difference"
        )
    low = absolute(lr_end) if lr_init is None else Level(exact(lr_end) / exact(lr_init))
    if length < 0:
        return alone(name, *_warmup(num_warmup_steps), Part(Constant(low)))
    if power <= 0:
        why = (
            "it jumps to the end behind it" if power == 0 else "it divides by what is left of the run, which becomes 0"
        )
        raise refuse(name, f"its `power` is {power}: {why}")
    return alone(name, *_warmup(num_warmup_steps), Part(falling(length, BASE, low, power)))


def inverse_sqrt(num_warmup_steps: int, timescale: int | None = None) -> Course:
    period = exact(num_warmup_steps or 10_000 if timescale is None else timescale)
    if period <= 0:
        raise refuse("inverse_sqrt", f"its `timescale` is {timescale}, by which it divides")
    return alone("inverse_sqrt", *_warmup(num_warmup_steps), Part(Free("rsqrt", BASE, None, period)))


def cosine_warmup_with_min_lr(
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
    warmup_lr_rate: float | None = None,
    *,
    lr_init: float | None = None,
) -> Course:
    """Its warmup reaches the top a step before the decay begins, and its decay is a step ahead: so both begin a step earlier."""
    name = "cosine_warmup_with_min_lr"
    low = _low(name, min_lr, min_lr_rate, lr_init)
    steps, length = exact(num_warmup_steps), _decay(num_warmup_steps, num_training_steps)
    if steps.denominator != 1:
        raise refuse(name, f"its `num_warmup_steps` is {num_warmup_steps}")
    waves = _waves(name, length, num_cycles, low)
    warmup: list[Part] = []
    if steps == 0:
        # Nothing comes before the decay that could take its first step.
        if isinstance(waves, Cycle) or waves.length <= 1:
            raise refuse(name, "without a warmup it begins inside the first of its waves", "num_warmup_steps=1")
        waves = Shape("cosine", waves.length, BASE, low, skip=Fraction(1))
    elif warmup_lr_rate is not None:
        start = of_base(warmup_lr_rate)
        if steps == 1 and not same(start, BASE):
            raise refuse(name, "its warmup of one step is `warmup_lr_rate` alone, from which it jumps")
        if steps > 1 and not same(start, BASE):
            warmup = [Part(Shape("linear", steps - 1, start, BASE))]
        elif steps > 1:
            warmup = [Part(Constant(BASE), steps - 1)]
    elif steps > 1:
        warmup = [Part(Shape("linear", steps, ZERO, BASE, skip=Fraction(1)))]
    if isinstance(waves, Cycle):
        return alone(name, *warmup, Part(waves))
    until = max(steps - 1, Fraction(0)) + waves.length - waves.skip
    beyond = None if waves.skip else (*warmup, Part(_round(waves)))
    course = alone(name, *warmup, Part(waves), until=math.floor(until), beyond=beyond)
    return replace(course, over=None if course.until is None else course.until + 1)


def warmup_stable_decay(
    num_warmup_steps: int,
    num_decay_steps: int,
    num_training_steps: int | None = None,
    num_stable_steps: int | None = None,
    warmup_type: str = "linear",
    decay_type: str = "cosine",
    min_lr_ratio: float = 0,
    num_cycles: float = 0.5,
) -> Course:
    name, low = "warmup_stable_decay", of_base(min_lr_ratio)
    warm, decay = exact(num_warmup_steps), exact(num_decay_steps)
    if num_stable_steps is None and num_training_steps is None:
        raise refuse(name, "neither `num_training_steps` nor `num_stable_steps` is given")
    stable = exact(num_training_steps) - warm - decay if num_stable_steps is None else exact(num_stable_steps)
    if low.value > 1 or low.value < 0:
        raise refuse(name, f"its `min_lr_ratio` is {min_lr_ratio}")
    parts: list[Part] = []
    if warm > 0:
        parts.append(Part(_shape(name, warmup_type, warm, low, BASE)))
    if stable > 0:
        parts.append(Part(Constant(BASE, own=True), stable))
    if decay > 0 and stable + decay > 0:
        passed = max(Fraction(0), -stable)
        parts += _tail(name, decay_type, decay, low, passed, num_cycles)
    if not parts or not isinstance(parts[-1].phase, Shape) or parts[-1].length is not None or stable + decay <= 0:
        parts.append(Part(Constant(low)))
    return alone(name, *parts)


def _shape(name: str, kind: str, length: Fraction, start: Level, end: Level) -> Shape:
    match kind:
        case "linear" | "cosine":
            return Shape(kind, length, start, end)
        case "1-sqrt" if end is BASE:
            return Shape("poly", length, start, end, "power=0.5")
        case "1-sqrt":
            return Shape("sqrt", length, start, end)
    raise refuse(name, f"{kind!r} is no shape that transformers knows")


def _tail(name: str, kind: str, length: Fraction, low: Level, passed: Fraction, num_cycles: float) -> list[Part]:
    if kind != "cosine" or exact(num_cycles) == Fraction(1, 2):
        shape = _shape(name, kind, length, BASE, low)
        return [Part(Shape(shape.name, length, BASE, low, shape.more, passed))]
    if passed:
        raise refuse(name, f"its decay of {num_cycles} waves begins in the middle of one: the steps do not suffice")
    return [Part(_waves(name, length, num_cycles, low), length)]


def reduce_lr_on_plateau(**more: Any) -> Course:
    raise _measured("reduce_lr_on_plateau")


def greedy(**more: Any) -> Course:
    raise _measured("greedy")


def _measured(name: str) -> Exception:
    why = "it follows a measured value, and a text says all there is to know before the run"
    return refuse(name, why, "log the lr of a good run, and let `lrdsl fit` find the text of the next one")


COURSES: dict[str, Callable[..., Course]] = {
    "linear": linear,
    "cosine": cosine,
    "cosine_with_restarts": cosine_with_restarts,
    "polynomial": polynomial,
    "constant": constant,
    "constant_with_warmup": constant_with_warmup,
    "inverse_sqrt": inverse_sqrt,
    "reduce_lr_on_plateau": reduce_lr_on_plateau,
    "cosine_with_min_lr": cosine_with_min_lr,
    "cosine_warmup_with_min_lr": cosine_warmup_with_min_lr,
    "warmup_stable_decay": warmup_stable_decay,
    "greedy": greedy,
}
SCHEDULERS = table(COURSES)

# What transformers hands to LambdaLR: the function's name, and the scheduler that it stands for.
FUNCTIONS = {
    "_get_constant_lambda": "constant",
    "get_constant_schedule.<locals>.<lambda>": "constant",
    "_get_constant_schedule_with_warmup_lr_lambda": "constant_with_warmup",
    "_get_linear_schedule_with_warmup_lr_lambda": "linear",
    "_get_cosine_schedule_with_warmup_lr_lambda": "cosine_with_min_lr",
    "_get_cosine_with_hard_restarts_schedule_with_warmup_lr_lambda": "cosine_with_restarts",
    "_get_polynomial_decay_schedule_with_warmup_lr_lambda": "polynomial",
    "_get_inverse_sqrt_schedule_lr_lambda": "inverse_sqrt",
    "_get_cosine_with_min_lr_schedule_with_warmup_lr_rate_lambda": "cosine_warmup_with_min_lr",
    "_get_wsd_scheduler_lambda": "warmup_stable_decay",
}


def named(function: str, arguments: Mapping[str, Any]) -> str:
    """The scheduler that a function of LambdaLR stands for; one serves the cosine with a least lr and that without."""
    kind = FUNCTIONS[function]
    return "cosine" if kind == "cosine_with_min_lr" and not arguments.get("min_lr_rate") else kind


def of_function(name: str, arguments: Mapping[str, Any]) -> Course:
    """The course of a function that transformers hands to LambdaLR, with what it is given."""
    kind = named(name, arguments)
    if kind == "cosine":
        arguments = {key: value for key, value in arguments.items() if key != "min_lr_rate"}
    return COURSES[kind](**arguments)
