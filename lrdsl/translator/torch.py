"""The schedulers of torch.optim.lr_scheduler and torch.optim.swa_utils as texts.

In: the parameters of a scheduler, by the names and with the defaults of its class, without the optimizer. Out: what it says, or an
E409. Refuses to import torch: `lrdsl.torch.from_scheduler` reads live objects.

`COURSES` has what each scheduler does, as phases, and `SCHEDULERS` the texts. What torch does step by step, from the lr that it
finds, is said by its closed form, which is what an undisturbed run comes to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from .course import Course, alone, checked, joined, product, sequence, table
from .levels import BASE, ZERO, Level, absolute, decimal, exact, of_base, same
from .phases import Chain, Constant, Cycle, Free, Offset, Part, Phase, Product, Shape
from .words import refuse

__all__ = ["CHECKED", "COURSES", "SCHEDULERS", "chained_scheduler", "sequential_lr"]

# ruff: noqa: N803 - T_max, T_0 and T_mult are torch's names.

_HAND = "write the function as a formula of `t`, as in `base * 0.95^t`, or log the lr of a run and let `lrdsl fit` find a text"


def _whole(scheduler: str, name: str, value: Any, least: int = 0) -> Fraction:
    found = exact(value)
    if found.denominator != 1:
        raise refuse(scheduler, f"its `{name}` is {value}: torch looks for that very step, which never comes")
    if found < least:
        raise refuse(scheduler, f"its `{name}` is {value}")
    return found


def step_lr(step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> Course:
    return _decay("StepLR", "drop", gamma, _whole("StepLR", "step_size", step_size, 1))


def exponential_lr(gamma: float, last_epoch: int = -1) -> Course:
    return _decay("ExponentialLR", "exp", gamma, Fraction(1))


def _decay(scheduler: str, curve: str, gamma: float, period: Fraction) -> Course:
    factor = exact(gamma)
    if factor < 0:
        raise refuse(scheduler, f"its `gamma` is {gamma}, and a lr is not negative")
    if factor == 1:
        return alone(scheduler, Part(Constant(BASE)))
    return alone(scheduler, Part(Free(curve, BASE, factor, period)), grows=factor > 1)


def multi_step_lr(milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> Course:
    name, factor = "MultiStepLR", exact(gamma)
    # torch looks for the very step, so a milestone between two steps never comes, and one before the first neither.
    moments = sorted(moment for one in milestones if (moment := exact(one)).denominator == 1 and moment >= 0)
    if factor < 0:
        raise refuse(name, f"its `gamma` is {gamma}, and a lr is not negative")
    parts, at, height = [], Fraction(0), Fraction(1)
    for moment in moments:
        if moment > at and factor != 1:
            parts.append(Part(Constant(Level(height)), moment - at))
            at = moment
        height *= factor
    return alone(name, *joined([*parts, Part(Constant(Level(height)))]))


def constant_lr(factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> Course:
    name, low = "ConstantLR", of_base(factor)
    length = _whole(name, "total_iters", total_iters, -(10**18))
    if length <= 0 or same(low, BASE):
        # A first step at which it would end is passed over, and then it never does.
        return alone(name, Part(Constant(low)))
    if low.value == 0:
        raise refuse(name, f"its `factor` is 0, by which torch divides at step {length}", "`0 until 5 then base`")
    return alone(name, Part(Constant(low), length), Part(Constant(BASE)))


def linear_lr(
    start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5, last_epoch: int = -1
) -> Course:
    name, start, end = "LinearLR", of_base(start_factor), of_base(end_factor)
    length = _whole(name, "total_iters", total_iters, -(10**18))
    if length <= 0 or same(start, end):
        return alone(name, Part(Constant(start)))
    ramp = Part(Shape("linear", length, start, end))
    return alone(name, ramp, Part(Constant(end))) if end.value > start.value else alone(name, ramp)


def polynomial_lr(total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> Course:
    name, length = "PolynomialLR", _whole("PolynomialLR", "total_iters", total_iters)
    if power < 0:
        raise refuse(name, f"its `power` is {power}, and torch divides by 0 at step {length}")
    if length == 0 or power == 0:
        return alone(name, Part(Constant(BASE)))
    return alone(name, Part(falling(length, BASE, ZERO, power)))


def falling(length: Fraction, start: Level, end: Level, power: float) -> Shape:
    """A polynomial from one level to another; a line where the power is 1."""
    if power == 1:
        return Shape("linear", length, start, end)
    return Shape("poly", length, start, end, f"power={decimal(exact(power))}")


def cosine_annealing_lr(T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> Course:
    name, length, low = "CosineAnnealingLR", exact(T_max), absolute(eta_min)
    if length < 1:
        raise refuse(name, f"its `T_max` is {T_max}")
    down, up = Shape("cosine", length, BASE, low), Shape("cosine", length, low, BASE)
    return alone(name, Part(down), until=math.floor(length), beyond=(Part(Cycle((down, up))),))


def cosine_annealing_warm_restarts(T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> Course:
    name = "CosineAnnealingWarmRestarts"
    length = _whole(name, "T_0", T_0, 1)
    _whole(name, "T_mult", T_mult, 1)
    return alone(name, Part(Cycle((Shape("cosine", length, BASE, absolute(eta_min)),), stretch=int(T_mult))))


def swa_lr(
    swa_lr: float,
    anneal_epochs: int = 10,
    anneal_strategy: str = "cos",
    last_epoch: int = -1,
    *,
    start: float | None = None,
) -> Course:
    """`start` is the lr at which the averaging begins; None for base."""
    name, low, begin = "SWALR", absolute(swa_lr), BASE if start is None else absolute(start)
    if anneal_epochs == 0 or same(low, begin):
        return alone(name, Part(Constant(low)))
    length = _whole(name, "anneal_epochs", anneal_epochs, 1)
    return alone(name, Part(Shape(_anneal(name, anneal_strategy), length, begin, low)))


def _anneal(scheduler: str, strategy: str) -> str:
    found = {"cos": "cosine", "linear": "linear"}.get(strategy)
    if found is None:
        raise refuse(scheduler, f"its `anneal_strategy` is {strategy!r}")
    return found


# --- cycles -------------------------------------------------------------------------------------------------------------


def cyclic_lr(
    base_lr: float,
    max_lr: float,
    step_size_up: float = 2000,
    step_size_down: float | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
    scale_fn: Callable[[float], float] | None = None,
    scale_mode: str = "cycle",
    cycle_momentum: bool = True,
    base_momentum: float = 0.8,
    max_momentum: float = 0.9,
    last_epoch: int = -1,
    *,
    output: str = "momentum",
) -> Course:
    """`output` is what the optimizer has in place of a momentum: `beta1` for those with betas."""
    name = "CyclicLR"
    if scale_fn is not None:
        raise refuse(name, "its `scale_fn` is a function of yours", _HAND)
    up = exact(step_size_up)
    down = up if step_size_down is None else exact(step_size_down)
    if up <= 0 or down <= 0:
        raise refuse(name, f"its ramps last {step_size_up} and {step_size_down}")
    if mode not in ("triangular", "triangular2", "exp_range"):
        raise refuse(name, f"its `mode` is {mode!r}")
    waves = {"lr": (exact(base_lr), exact(max_lr))}
    if cycle_momentum:
        waves[output] = (exact(max_momentum), exact(base_momentum))
    factor = exact(gamma) if mode == "exp_range" else Fraction(1)
    if factor < 0:
        raise refuse(name, f"its `gamma` is {gamma}, and a lr is not negative")
    outputs = {
        key: (Part(_wave(begin, top, (up, down), Fraction(1, 2) if mode == "triangular2" else Fraction(1), factor)),)
        for key, (begin, top) in waves.items()
    }
    return Course(name, outputs, grows=factor > 1)


def _wave(
    begin: Fraction, top: Fraction, ramps: tuple[Fraction, Fraction], shrink: Fraction, factor: Fraction
) -> Phase:
    """Up and down again; where the height of a cycle changes it is a height above the level at which all of them begin."""
    foot, height = Level(begin, False), Level(abs(top - begin), False)
    if top == begin:
        return Constant(foot)
    envelope = (Part(Free("exp", BASE, factor, Fraction(1))),)
    if shrink == 1 and factor == 1:
        peak = Level(top, False)
        return Cycle((Shape("linear", ramps[0], foot, peak), Shape("linear", ramps[1], peak, foot)))
    cycle = Cycle((Shape("linear", ramps[0], ZERO, height), Shape("linear", ramps[1], height, ZERO)), factor=shrink)
    waves = cycle if factor == 1 else Product(((Part(cycle),), envelope))
    return Offset(foot, waves, top < begin) if begin else waves


def one_cycle_lr(
    max_lr: float,
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
    last_epoch: int = -1,
    *,
    output: str = "momentum",
) -> Course:
    """`output` is what the optimizer has in place of a momentum: `beta1` for those with betas."""
    name = "OneCycleLR"
    total = total_steps if total_steps is not None else (epochs or 0) * (steps_per_epoch or 0)
    if total < 2:
        raise refuse(name, f"it has {total} steps")
    first = _first_end(name, pct_start, total)
    if exact(max_lr) <= 0 or exact(div_factor) <= 0 or exact(final_div_factor) <= 0:
        raise refuse(name, "one of its levels is not above 0")
    initial = _quotient(max_lr, exact(div_factor))
    levels = initial, absolute(max_lr), _quotient(max_lr, exact(div_factor) * exact(final_div_factor))
    bases = absolute(max_momentum), absolute(base_momentum)
    curve = _anneal(name, anneal_strategy)
    outputs = {"lr": _one_cycle(curve, total, first, levels, three_phase)}
    if cycle_momentum:
        outputs[output] = _one_cycle(curve, total, first, (bases[0], bases[1], bases[0]), three_phase)
    return Course(name, outputs, total - 1, over=total)


def _first_end(name: str, share: float, total: int) -> Fraction:
    """The end of the first phase, which torch reckons in floats: to 14 digits, where it is no simple fraction."""
    found = exact(share) * total - 1
    near = Fraction(f"{float(found):.14g}")
    found = found if found.denominator <= 100 else near
    if abs(found) < Fraction(1, 10**9):
        raise refuse(name, "its first phase has no length, and torch divides by it", "`cosine(100, from=0.1, to=4e-7)`")
    return found


def _quotient(top: float, divisor: Fraction) -> Level:
    """A level as the decimal that it is, or else as the quotient."""
    value = exact(top) / divisor
    short = Fraction(repr(float(value))) == value
    return Level(value, False, None if short else f"{decimal(exact(top))}/{decimal(divisor)}")


def _one_cycle(curve: str, total: int, first: Fraction, levels: tuple[Level, Level, Level], three_phase: bool) -> Chain:
    initial, top, low = levels
    last = Fraction(total - 1)
    ends = [(first, initial, top), (2 * first, top, initial), (last, initial, low)]
    if not three_phase:
        ends = [ends[0], (last, top, low)]
    parts: list[Part] = []
    begin = Fraction(0)
    for index, (end, start, goal) in enumerate(ends):
        if end > 0 and begin < last and end > begin:
            shape = Shape(curve, end - begin, start, goal, skip=max(Fraction(0), -begin))
            stop = min(end, last) - max(begin, Fraction(0))
            flat = Part(Constant(start), stop if index + 1 < len(ends) else None)
            parts.append(flat if same(start, goal) else Part(shape, None if end <= last else stop))
        begin = end
    return tuple(parts)


# --- of several, and of none ----------------------------------------------------------------------------------------------


def sequential_lr(schedulers: list[Course], milestones: list[int]) -> Course:
    name = "SequentialLR"
    moments = [exact(one) for one in milestones]
    if any(moment.denominator != 1 for moment in moments) or moments != sorted(moments):
        raise refuse(name, f"its `milestones` are {milestones}: they are steps, in their order")
    return sequence(name, schedulers, [int(moment) for moment in moments])


def chained_scheduler(schedulers: list[Course]) -> Course:
    name = "ChainedScheduler"
    if len(schedulers) == 1:
        return schedulers[0]
    for course in schedulers:
        why = _NO_FACTOR.get(course.name)
        if why is not None:
            raise refuse(name, f"`{course.name}` {why}, so that they are no product")
        if course.name == "CosineAnnealingLR" and not same(_low(course), ZERO):
            raise refuse(name, "`CosineAnnealingLR` goes to an `eta_min` that the others do not multiply", "eta_min=0")
    return product(name, schedulers)


def _low(course: Course) -> Level | None:
    match course.outputs["lr"]:
        case (Part(Shape(end=end)),):
            return end
    return None


_NO_FACTOR = {
    "LambdaLR": "writes what the others did over",
    "CyclicLR": "writes what the others did over",
    "OneCycleLR": "writes what the others did over",
    "CosineAnnealingWarmRestarts": "writes what the others did over",
    "SWALR": "goes to a level that the others do not multiply",
    "SequentialLR": "sets the lr anew at each milestone, whatever the others made of it",
}


def lambda_lr(lr_lambda: Any, last_epoch: int = -1) -> Course:
    raise refuse("LambdaLR", "it asks a function of yours, which no one can read", _HAND)


def multiplicative_lr(lr_lambda: Any, last_epoch: int = -1) -> Course:
    why = "each step multiplies the lr by what a function of yours says, so that its value is a product of all steps before"
    raise refuse("MultiplicativeLR", why, "where the function is constant: `exp(factor=0.95, per=1)`")


def reduce_lr_on_plateau(mode: str = "min", factor: float = 0.1, patience: int = 10, **more: Any) -> Course:
    why = "it follows a measured value, and a text says all there is to know before the run"
    raise refuse(
        "ReduceLROnPlateau", why, "log the lr of a good run, and let `lrdsl fit` find the text of the next one"
    )


def lr_scheduler(last_epoch: int = -1) -> Course:
    raise refuse("LRScheduler", "it is the class that the others are built on, and has no values")


COURSES: dict[str, Callable[..., Course]] = {
    "LambdaLR": lambda_lr,
    "MultiplicativeLR": multiplicative_lr,
    "StepLR": step_lr,
    "MultiStepLR": multi_step_lr,
    "ConstantLR": constant_lr,
    "LinearLR": linear_lr,
    "ExponentialLR": exponential_lr,
    "CosineAnnealingLR": cosine_annealing_lr,
    "ReduceLROnPlateau": reduce_lr_on_plateau,
    "CyclicLR": cyclic_lr,
    "CosineAnnealingWarmRestarts": cosine_annealing_warm_restarts,
    "OneCycleLR": one_cycle_lr,
    "PolynomialLR": polynomial_lr,
    "LRScheduler": lr_scheduler,
    "SWALR": swa_lr,
}
CHECKED = {name: checked(name, course) for name, course in COURSES.items()}
SCHEDULERS = table(COURSES)
