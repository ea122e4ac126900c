"""The schedulers of `deepspeed.runtime.lr_schedules` as texts.

In: the arguments of a class, by DeepSpeed's names and with its defaults, without the optimizer. Out: texts whose value at t is what
the optimizer holds at update t when the engine steps the scheduler after each. The first step() is for batch 0, so that warmups
begin an update late: update 0 has what the constructor wrote, and update 1 the beginning of the warmup. Levels are absolute, but
those of WarmupCosineLR, and of WarmupLR without `warmup_max_lr`, are relative to `base`. Refuses a list with a level a group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from ..records import replace
from .lines import Phase, height, hold, is_int, level, line, real, said, shape, share, time, warmup
from .words import Said, number, refuse

ONE = Fraction(1)


def lr_range_test(
    lr_range_test_min_lr: float = 1e-3,
    lr_range_test_step_size: int = 2000,
    lr_range_test_step_rate: float = 1.0,
    lr_range_test_staircase: bool = False,
    last_batch_iteration: int = -1,
) -> Said:
    """`min_lr * (1 + step_rate * t/step_size)`, in stairs or not, without end.

    >>> lr_range_test(1e-4, 200, 5.0).text
    '1e-4 * (1 + 5 * t/200)'
    """
    scheduler = "LRRangeTest"
    _from_the_start(scheduler, last_batch_iteration)
    low = _level(scheduler, "lr_range_test_min_lr", lr_range_test_min_lr)
    rate = real(scheduler, "lr_range_test_step_rate", lr_range_test_step_rate)
    size = time(_count(scheduler, "lr_range_test_step_size", lr_range_test_step_size))
    if rate < 0:
        raise refuse(scheduler, "a negative `lr_range_test_step_rate` leads below 0")
    if rate == 0:
        return said([level(height(low))])
    count = f"(t every {size})/{size}" if lr_range_test_staircase else f"t/{size}"
    return Said(f"{height(low)} * (1 + {'' if rate == 1 else f'{height(rate)} * '}{count})")


def one_cycle(
    cycle_min_lr: float,
    cycle_max_lr: float,
    decay_lr_rate: float = 0.0,
    cycle_first_step_size: float = 2000,
    cycle_second_step_size: float | None = None,
    cycle_first_stair_count: int = 0,
    cycle_second_stair_count: int | None = None,
    decay_step_size: float = 0,
    cycle_momentum: bool = True,
    cycle_min_mom: float = 0.8,
    cycle_max_mom: float = 0.9,
    decay_mom_rate: float = 0.0,
    last_batch_iteration: int = -1,
) -> Said:
    """Up, down, and a decay by `1 + decay_lr_rate * t/decay_step_size`; beta1 goes the other way, and beta2 is 0.99.

    Update 0 has `cycle_min_mom`, which is the end of the rise and not its beginning: that is DeepSpeed's.

    >>> one_cycle(1e-4, 1e-3, cycle_momentum=False).text
    'warmup(2k, from=1e-4, to=1e-3) then linear(2k, to=1e-4)'
    """
    scheduler = "OneCycle"
    _from_the_start(scheduler, last_batch_iteration)
    halves = _halves(
        scheduler, cycle_first_step_size, cycle_second_step_size, cycle_first_stair_count, cycle_second_stair_count
    )
    low, high = _level(scheduler, "cycle_min_lr", cycle_min_lr), _level(scheduler, "cycle_max_lr", cycle_max_lr)
    over = real(scheduler, "decay_step_size", decay_step_size)
    rate = real(scheduler, "decay_lr_rate", decay_lr_rate)
    if over < 0 or rate < 0:
        raise refuse(scheduler, "a negative `decay_step_size` or `decay_lr_rate` makes its denominator 0")
    phases = _cycle(halves, low, high)
    if over and rate:
        phases = [*phases, Phase("value", f"{height(low)} / (1 + {_counted(rate, over)})", start=height(low))]
    elif halves[1][0] == 0:
        phases.append(level(height(low)))
    if not cycle_momentum:
        return Said(line(_settled(phases)))
    least, most = _level(scheduler, "cycle_min_mom", cycle_min_mom), _level(scheduler, "cycle_max_mom", cycle_max_mom)
    growth = real(scheduler, "decay_mom_rate", decay_mom_rate)
    beta1 = _cycle(halves, most, least)
    if over and growth:
        sign = "-" if growth < 0 else "+"
        beta1.append(Phase("value", f"{height(most)} * (1 {sign} {_counted(abs(growth), over)})", start=height(most)))
    elif halves[1][0] == 0:
        beta1.append(level(height(most)))
    if least != most:
        beta1 = [_late(height(least)), *_without_first(beta1)]
    return Said(f"lr = {line(_settled(phases))}\nbeta1 = {line(_settled(beta1))}\nbeta2 = 0.99")


def warmup_lr(
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float | None = None,
    warmup_num_steps: int = 1000,
    warmup_type: str = "log",
    last_batch_iteration: int = -1,
) -> Said:
    """A rise by the logarithm of the update, or in a line, which then stays at its top.

    >>> warmup_lr(0.0, 1e-3).text
    '1e-3*ln(max(t, 1))/ln(1000) for 1k then hold'
    >>> warmup_lr(0.0, 1e-3, 500, "linear").text
    '0 for 1 then warmup(500, to=1e-3) then hold'
    """
    scheduler = "WarmupLR"
    _from_the_start(scheduler, last_batch_iteration)
    low = _level(scheduler, "warmup_min_lr", warmup_min_lr)
    top = None if warmup_max_lr is None else _level(scheduler, "warmup_max_lr", warmup_max_lr)
    ramp = _ramp(scheduler, warmup_num_steps)
    if low == top:
        return said([level(height(low))])
    peak = "base" if top is None else height(top)
    if warmup_type != "linear":
        return said([_logarithmic(low, top, ramp), hold(peak)])
    return said([_late(height(low)), warmup(ramp, height(low), peak), hold(peak)])


def warmup_decay_lr(
    total_num_steps: int,
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float = 0.001,
    warmup_num_steps: int = 1000,
    warmup_type: str = "log",
    last_batch_iteration: int = -1,
) -> Said:
    """A warmup as `WarmupLR` has it, and a line back to `warmup_min_lr`.

    >>> warmup_decay_lr(10_000, warmup_type="linear").text
    '0 for 1 then warmup(1k, to=1e-3) then linear(9k)'
    >>> warmup_decay_lr(10_000).text
    '1e-3*ln(max(t, 1))/ln(1000) for 1k then hold(1) then linear(9k)'
    """
    scheduler = "WarmupDecayLR"
    _from_the_start(scheduler, last_batch_iteration)
    low, top = _level(scheduler, "warmup_min_lr", warmup_min_lr), _level(scheduler, "warmup_max_lr", warmup_max_lr)
    ramp, total = _ramp(scheduler, warmup_num_steps), real(scheduler, "total_num_steps", total_num_steps)
    if low == top:
        return said([level(height(low))])
    fall = shape("linear", total - ramp, height(top), height(low)) if total > ramp else level(height(low))
    if warmup_type == "linear":
        return said([_late(height(low)), warmup(ramp, height(low), height(top)), fall])
    # The logarithm is at its top an update before the decay begins.
    return said([_logarithmic(low, top, ramp), hold(height(top), ONE), fall])


def warmup_cosine_lr(
    total_num_steps: int,
    warmup_min_ratio: float = 0.0,
    warmup_num_steps: int = 1000,
    cos_min_ratio: float = 0.0001,
    warmup_type: str = "log",
    last_batch_iteration: int = -1,
) -> Said:
    """A warmup and a cosine, as factors of each group's lr. Update 0 has the lr 0, whatever `warmup_min_ratio` is.

    >>> warmup_cosine_lr(10_000).text
    'base*ln(max(t, 1))/ln(1000) for 1k then cosine(9k, to=0.01%)'
    >>> warmup_cosine_lr(10_000, warmup_type="linear").text
    '0 for 1 then warmup(1k, to=base) then cosine(9k, to=0.01%) skip 1'
    """
    scheduler = "WarmupCosineLR"
    _from_the_start(scheduler, last_batch_iteration)
    first, last = real(scheduler, "warmup_min_ratio", warmup_min_ratio), real(scheduler, "cos_min_ratio", cos_min_ratio)
    ramp, total = _ramp(scheduler, warmup_num_steps), real(scheduler, "total_num_steps", total_num_steps)
    if first < 0 or last < 0:
        raise refuse(scheduler, "a negative ratio of the lr")
    over = max(ONE, total - ramp)
    end = _of_base(last)
    fall = shape("cosine", over, "base", end, to=share(last))
    if last == 1:
        fall = level("base")
    if warmup_type == "linear":
        # By the update, the cosine began with the last step of the warmup, and is met an update later.
        met = level(end) if over == 1 else fall if last == 1 else replace(fall, skip=ONE)
        return said([_late("0"), warmup(ramp, _of_base(first), "base"), met])
    if first == 0:
        return said([_logarithm("base", f"ln(max(t, 1))/ln({int(ramp)})", ramp, "0"), fall])
    if first == 1:
        return said([_late("0"), level("base", ramp - 1), fall])
    risen = f"base*({height(first)} + {_difference(ONE, first)}*ln(t + 1)/ln({int(ramp)}))"
    return said([_late("0"), _logarithm("", risen, ramp - 1, _of_base(first)), fall])


# --- parts ------------------------------------------------------------------------------------------------------------


def _from_the_start(scheduler: str, last_batch_iteration: Any) -> None:
    if last_batch_iteration != -1:
        raise refuse(scheduler, "`last_batch_iteration` is a position in a schedule", "seek to it: scheduler.seek(n)")


def _level(scheduler: str, name: str, value: Any) -> Fraction:
    """A level, which may be given as a list that repeats it for each group."""
    if isinstance(value, list | tuple):
        if len(set(value)) != 1:
            raise refuse(
                scheduler,
                f"`{name}` gives each group its own level",
                'a line for each: `lr["head.*"] = ...`, by their names',
            )
        value = value[0]
    return real(scheduler, name, value)


def _count(scheduler: str, name: str, value: Any) -> Fraction:
    """A number of steps where DeepSpeed wants an int above 0."""
    given = real(scheduler, name, value)
    if not is_int(value) and not isinstance(value, str):
        raise refuse(scheduler, f"`{name}` is {value!r}, and DeepSpeed wants an int")
    if given <= 0 or given.denominator != 1:
        raise refuse(scheduler, f"`{name}` is {number(float(given))}, and DeepSpeed wants whole steps above 0")
    return given


def _ramp(scheduler: str, value: Any) -> Fraction:
    """The length of a warmup: DeepSpeed divides by its logarithm, and takes 2 for 1."""
    return max(Fraction(2), _count(scheduler, "warmup_num_steps", value))


def _of_base(ratio: Fraction) -> str:
    return "base" if ratio == 1 else "0" if ratio == 0 else f"{height(ratio)}*base"


def _late(start: str) -> Phase:
    """Update 0, after which the warmup begins."""
    return replace(level(start, ONE), kind="formula")


def _logarithmic(low: Fraction, top: Fraction | None, ramp: Fraction) -> Phase:
    """From `low` at updates 0 and 1 to the top at update `ramp`."""
    width = "base" if top is None else height(top)
    if low:
        width = f"(base - {height(low)})" if top is None else _difference(top, low)
    risen = f"ln(max(t, 1))/ln({int(ramp)})"
    before = f"{height(low)} + " if low else ""
    return replace(
        _logarithm("", f"{before}{width}*{risen}", ramp, height(low)), end="base" if top is None else height(top)
    )


def _logarithm(width: str, risen: str, ramp: Fraction, start: str) -> Phase:
    return Phase("formula", f"{width}*{risen}" if width else risen, ramp, start, "base")


def _difference(top: Fraction, low: Fraction) -> str:
    return height(top - low) if top > low else f"({height(top - low)})"


def _counted(rate: Fraction, over: Fraction) -> str:
    return f"{'' if rate == 1 else f'{height(rate)} * '}t/{time(over)}"


def _halves(scheduler: str, first: Any, second: Any, stairs: Any, more: Any) -> list[tuple[Fraction, Fraction]]:
    """The length of each half of a cycle, and the number of its stairs."""
    rise = real(scheduler, "cycle_first_step_size", first)
    fall = rise if second is None else real(scheduler, "cycle_second_step_size", second)
    up = real(scheduler, "cycle_first_stair_count", stairs)
    down = up if more is None else real(scheduler, "cycle_second_stair_count", more)
    if rise <= 0 or fall < 0:
        raise refuse(scheduler, "its first half is not above 0, or its second below 0, and DeepSpeed refuses that")
    if (rise + fall).denominator != 1 or (rise.denominator != 1 and (up > 0 or down > 0)):
        raise refuse(scheduler, "a cycle that is no whole number of steps begins again before it decays")
    if up.denominator != 1 or down.denominator != 1:
        raise refuse(scheduler, "a stair count is no whole number")
    return [(rise, max(up, Fraction(0))), (fall, max(down, Fraction(0)))]


def _cycle(halves: Sequence[tuple[Fraction, Fraction]], low: Fraction, high: Fraction) -> list[Phase]:
    """From `low` to `high` and back; stairs rise at the end of each period, and fall at its beginning."""
    (rise, up), (fall, down) = halves
    if low == high:
        return [level(height(low), rise + fall)]
    kind = "warmup" if low < high else "linear"
    first = shape(kind, rise, height(low), height(high))
    if up:
        first = replace(first, clause=f" every {time(rise / up)}", cut=True)
    if not fall:
        return [first]
    second = shape("linear", fall, height(high), height(low))
    if not down:
        return [first, second]
    period = fall / down
    second = replace(second, clause=f" every {time(period)}", skip=period - Fraction(1, period.denominator), cut=True)
    # Its last stair is the end, which holds from the beginning of that period on.
    return [first, second, level(height(low), second.skip)]


def _settled(phases: list[Phase]) -> list[Phase]:
    """Phases without those that take no time, where another follows."""
    return [phase for phase in phases[:-1] if phase.kind != "value" or phase.length != 0] + phases[-1:]


def _without_first(phases: list[Phase]) -> list[Phase]:
    """Phases without their first update."""
    left, found = ONE, []
    for phase in phases:
        takes = None if phase.length is None else phase.length - phase.skip
        if takes is not None and takes <= left and phase is not phases[-1]:
            left -= takes
        elif phase.kind == "value" and takes is not None:
            found.append(replace(phase, length=takes - left))
            left = Fraction(0)
        else:
            found.append(replace(phase, skip=phase.skip + left))
            left = Fraction(0)
    return found


SCHEDULERS: dict[str, Callable[..., Said]] = {
    "LRRangeTest": lr_range_test,
    "OneCycle": one_cycle,
    "WarmupLR": warmup_lr,
    "WarmupDecayLR": warmup_decay_lr,
    "WarmupCosineLR": warmup_cosine_lr,
}
