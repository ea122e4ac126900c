"""The schedules of `optax.schedules` as texts.

In: the arguments of a schedule, by optax' names and with its defaults. Out: texts in absolute levels, as optax has no base. Refuses
what optax refuses too, and schedules that are functions of one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..records import replace
from .lines import Phase, free, height, hold, level, line, real, said, shape, time, warmup, window
from .words import Said, number, refuse


def constant_schedule(value: float) -> Said:
    """One value.

    >>> constant_schedule(0.1).text
    '0.1'
    """
    return said([level(height(real("constant_schedule", "value", value)))])


def polynomial_schedule(
    init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Said:
    """`end + (init - end) * (1 - t/transition_steps)^power` from `transition_begin` on.

    >>> polynomial_schedule(0.1, 0.01, 2, 900, 100).text
    '0.1 until 100 then poly(900, power=2, to=0.01)'
    """
    scheduler = "polynomial_schedule"
    start, end, exponent = (
        real(scheduler, name, value)
        for name, value in (("init_value", init_value), ("end_value", end_value), ("power", power))
    )
    over, begin = real(scheduler, "transition_steps", transition_steps), _begin(scheduler, transition_begin)
    if exponent < 0:
        raise refuse(scheduler, "a negative `power` of what is left becomes infinite at the end")
    if over <= 0 or exponent == 0 or start == end:
        return said([level(height(start))])
    return said([*_before(start, begin), _ramp(over, start, end, exponent)])


def linear_schedule(init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0) -> Said:
    """A straight line, from `transition_begin` on.

    >>> linear_schedule(0.1, 0.0, 1000).text, linear_schedule(0.0, 0.1, 1000).text
    ('linear(1k, from=0.1)', 'warmup(1k, to=0.1)')
    """
    return polynomial_schedule(init_value, end_value, 1, transition_steps, transition_begin)


def piecewise_constant_schedule(init_value: float, boundaries_and_scales: Mapping[int, float] | None = None) -> Said:
    """`init_value` times the scales of all boundaries that are reached.

    >>> piecewise_constant_schedule(0.1, {30_000: 0.1, 60_000: 0.1}).text
    '0.1 until 30k then 0.01 until 60k then 1e-3'
    """
    scheduler = "piecewise_constant_schedule"
    value, begin, phases = real(scheduler, "init_value", init_value), Fraction(0), []
    for bound, scale in _scales(scheduler, boundaries_and_scales):
        if bound > begin:
            phases.append(level(height(value), bound - begin))
            begin = bound
        value *= scale
    return said([*phases, level(height(value))])


def exponential_decay(
    init_value: float,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Said:
    """`init_value * decay_rate^(t/transition_steps)` from `transition_begin` on; never past `end_value`, before it neither.

    >>> exponential_decay(0.1, 1000, 0.9, end_value=1e-3).text
    'exp(max=0.1, factor=0.9, per=1k) floor 1e-3'
    """
    return said(
        _exponential(
            "exponential_decay", init_value, transition_steps, decay_rate, transition_begin, staircase, end_value
        )
    )


def cosine_decay_schedule(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Said:
    """`init_value * ((1 - alpha) * C^exponent + alpha)`, where C is the cosine from 1 to 0.

    >>> cosine_decay_schedule(0.1, 1000, alpha=0.01).text, cosine_decay_schedule(0.1, 1000, exponent=2).text
    ('cosine(1k, from=0.1, to=1e-3)', '0.1*halfwave(q)^2 for 1k')
    """
    scheduler = "cosine_decay_schedule"
    start, ratio = real(scheduler, "init_value", init_value), real(scheduler, "alpha", alpha)
    return said([_cosine(scheduler, decay_steps, start, start * ratio, exponent)])


def piecewise_interpolate_schedule(
    interpolate_type: str, init_value: float, boundaries_and_scales: Mapping[int, float] | None = None
) -> Said:
    """Through `init_value` times the scales of all boundaries that are reached, in lines or in half waves.

    >>> piecewise_interpolate_schedule("linear", 1.0, {4: 0.1, 8: 0.01}).text
    'linear(4, from=1, to=0.1) then linear(4, to=1e-3)'
    """
    scheduler = "piecewise_interpolate_schedule"
    if interpolate_type not in ("linear", "cosine"):
        raise refuse(scheduler, f"`interpolate_type` is {interpolate_type!r}, and optax knows 'linear' and 'cosine'")
    knots = _scales(scheduler, boundaries_and_scales)
    return said(_knots(scheduler, interpolate_type, real(scheduler, "init_value", init_value), knots))


def linear_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Said:
    """Three lines: up to the peak, down to where it began, and down to the end.

    >>> linear_onecycle_schedule(1000, 0.1).text
    'warmup(300, from=4e-3, to=0.1) then linear(550, to=4e-3) then linear(150, to=4e-7)'
    """
    scheduler = "linear_onecycle_schedule"
    steps, peak, div, final = _cycle(scheduler, transition_steps, peak_value, div_factor, final_div_factor)
    # A later key takes the place of an equal earlier one, here as in optax.
    knots = {
        int(pct_start * transition_steps): div,
        int(pct_final * transition_steps): 1 / div,
        steps: 1 / final,
    }
    return said(_knots(scheduler, "linear", peak / div, _ordered(knots)))


def cosine_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Said:
    """Two half waves: up to the peak, and down to the end.

    >>> cosine_onecycle_schedule(1000, 0.1).text
    'cosine(300, from=4e-3, to=0.1) then cosine(700, to=4e-7)'
    """
    scheduler = "cosine_onecycle_schedule"
    steps, peak, div, final = _cycle(scheduler, transition_steps, peak_value, div_factor, final_div_factor)
    knots = {int(pct_start * transition_steps): div, int(steps): 1 / (div * final)}
    return said(_knots(scheduler, "cosine", peak / div, _ordered(knots)))


def warmup_constant_schedule(init_value: float, peak_value: float, warmup_steps: int) -> Said:
    """A line to the peak, which then stays; with no warmup `init_value` stays.

    >>> warmup_constant_schedule(0.0, 0.1, 500).text
    'warmup(500, to=0.1) then hold'
    """
    scheduler = "warmup_constant_schedule"
    start, peak = real(scheduler, "init_value", init_value), real(scheduler, "peak_value", peak_value)
    ramp = real(scheduler, "warmup_steps", warmup_steps)
    if ramp <= 0 or start == peak:
        return said([level(height(start))])
    return said([warmup(ramp, height(start), height(peak)), hold(height(peak))])


def warmup_cosine_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    decay_steps: int,
    end_value: float = 0.0,
    exponent: float = 1.0,
) -> Said:
    """A line to the peak and a cosine to `end_value`, `decay_steps` in all.

    >>> warmup_cosine_decay_schedule(0.0, 0.1, 1000, 10_000, 1e-3).text
    'warmup(1k, to=0.1) then cosine(9k, to=1e-3)'
    """
    return said(
        _warmed("warmup_cosine_decay_schedule", init_value, peak_value, warmup_steps, decay_steps, end_value, exponent)
    )


def warmup_exponential_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Said:
    """A line to the peak, and an exponential decay whose `transition_begin` counts from there.

    >>> warmup_exponential_decay_schedule(0.0, 0.1, 500, 1000, 0.9, end_value=1e-3).text
    'warmup(500, to=0.1) then (exp(factor=0.9, per=1k) floor 1e-3)'
    """
    scheduler = "warmup_exponential_decay_schedule"
    decay = _exponential(scheduler, peak_value, transition_steps, decay_rate, transition_begin, staircase, end_value)
    return said([*_rise(scheduler, init_value, peak_value, warmup_steps), *decay])


def sgdr_schedule(cosine_kwargs: Iterable[Mapping[str, float]]) -> Said:
    """Cycles of `warmup_cosine_decay_schedule`, one after another.

    >>> cycle = dict(init_value=0.0, peak_value=0.1, warmup_steps=10, decay_steps=100)
    >>> sgdr_schedule([cycle, {**cycle, "peak_value": 0.05}]).text
    'warmup(10, to=0.1) then cosine(90, to=0) then warmup(10, to=0.05) then cosine(90)'
    >>> sgdr_schedule([cycle] * 3).text
    'repeat(warmup(10, to=0.1) then cosine(90), times=3)'
    """
    cycles = []
    for given in cosine_kwargs:
        try:
            cycles.append(tuple(_warmed("sgdr_schedule", **given)))
        except TypeError as error:
            raise refuse("sgdr_schedule", f"a cycle is given what it does not take: {error}") from None
    if not cycles:
        raise refuse("sgdr_schedule", "it has no cycle")
    phases = [phase for cycle in cycles for phase in cycle]
    if len(cycles) > 1 and len(set(cycles)) == 1 and cycles[0][-1].kind != "value":
        first, last = cycles[0][0], cycles[0][-1]
        # Where a cycle begins at a level of its own, the language asks where the one before ends.
        cycle = cycles[0] if first.start == "0" else (*cycles[0][:-1], replace(last, to=last.end))
        return Said(f"repeat({line(cycle)}, times={len(cycles)})", None, tuple(phases))
    return said(phases)


def join_schedules(schedules: Sequence[Said], boundaries: Sequence[int]) -> Said:
    """One schedule after another, each from its own beginning at its boundary; `schedules` are the texts of the others.

    >>> join_schedules([linear_schedule(0.0, 0.1, 100), cosine_decay_schedule(0.1, 900)], [100]).text
    'warmup(100, to=0.1) then cosine(900)'
    """
    scheduler = "join_schedules"
    bounds = [real(scheduler, "boundaries", bound) for bound in boundaries][: max(len(schedules) - 1, 0)]
    if any(bound < 0 for bound in bounds) or sorted(bounds) != bounds:
        raise refuse(scheduler, "its boundaries do not rise from 0, and optax then takes the last that is reached")
    phases: list[Phase] = []
    begins = [Fraction(0), *bounds]
    for index, (one, begin) in enumerate(zip(schedules, begins, strict=False)):
        if not isinstance(one, Said) or not one.parts:
            raise refuse(scheduler, "one of its schedules is a function of one's own, or of another library")
        end = begins[index + 1] if index + 1 < len(begins) else None
        phases += window([part for part in one.parts if isinstance(part, Phase)], begin, end)
    if not phases:
        raise refuse(scheduler, "it has no schedule")
    return said(phases)


# --- phases -----------------------------------------------------------------------------------------------------------


def _before(start: Fraction, begin: Fraction) -> list[Phase]:
    return [level(height(start), begin)] if begin > 0 else []


def _begin(scheduler: str, value: Any) -> Fraction:
    return max(real(scheduler, "transition_begin", value), Fraction(0))


def _ramp(over: Fraction, start: Fraction, end: Fraction, exponent: Fraction = Fraction(1)) -> Phase:
    if exponent != 1:
        return shape("poly", over, height(start), height(end), f"power={height(exponent)}")
    if end > start:
        return warmup(over, height(start), height(end))
    return shape("linear", over, height(start), height(end))


def _rise(scheduler: str, init_value: Any, peak_value: Any, warmup_steps: Any) -> list[Phase]:
    start, peak = real(scheduler, "init_value", init_value), real(scheduler, "peak_value", peak_value)
    ramp = real(scheduler, "warmup_steps", warmup_steps)
    if ramp < 0:
        raise refuse(scheduler, "a negative `warmup_steps` makes optax begin in the middle of the decay")
    if start == peak:
        return _before(peak, ramp)
    return [warmup(ramp, height(start), height(peak))] if ramp > 0 else []


def _exponential(
    scheduler: str, top: Any, over: Any, decay_rate: Any, transition_begin: Any, staircase: bool, end_value: Any
) -> list[Phase]:
    start, per = real(scheduler, "init_value", top), real(scheduler, "transition_steps", over)
    rate, begin = real(scheduler, "decay_rate", decay_rate), _begin(scheduler, transition_begin)
    if rate < 0:
        raise refuse(scheduler, "a power of a negative `decay_rate` is negative or no number")
    if per <= 0 or rate == 0:
        return [level(height(start))]
    clause = ""
    if end_value is not None:
        end = real(scheduler, "end_value", end_value)
        if rate == 1 or (end >= start if rate < 1 else end <= start):
            return [level(height(max(start, end) if rate < 1 else min(start, end)))]
        clause = f" {'floor' if rate < 1 else 'cap'} {height(end)}"
    if rate == 1 or start == 0:
        return [level(height(start))]
    law = free("drop" if staircase else "exp", height(start), f"factor={height(rate)}, per={time(per)}", clause)
    return [*_before(start, begin), law]


def _cosine(scheduler: str, decay_steps: Any, start: Fraction, end: Fraction, exponent: Any) -> Phase:
    over, power = real(scheduler, "decay_steps", decay_steps), real(scheduler, "exponent", exponent)
    if over <= 0:
        raise refuse(scheduler, f"its cosine is {number(float(over))} steps long, and optax wants more than 0")
    if power < 0:
        raise refuse(scheduler, "a negative `exponent` of the cosine becomes infinite at the end")
    if power == 0 or start == end:
        return level(height(start))
    if power == 1:
        return shape("cosine", over, height(start), height(end))
    low = "" if end == 0 else f"{height(end)} + "
    width = height(start - end) if start > end else f"({height(start - end)})"
    return Phase("formula", f"{low}{width}*halfwave(q)^{height(power)}", over, height(start), height(end))


def _warmed(
    scheduler: str,
    init_value: Any,
    peak_value: Any,
    warmup_steps: Any,
    decay_steps: Any,
    end_value: Any = 0.0,
    exponent: Any = 1.0,
) -> list[Phase]:
    """A warmup and a cosine; a peak of 0 stays at 0, whatever the end is."""
    ramp, over = real(scheduler, "warmup_steps", warmup_steps), real(scheduler, "decay_steps", decay_steps)
    peak, end = real(scheduler, "peak_value", peak_value), real(scheduler, "end_value", end_value)
    rise = _rise(scheduler, init_value, peak_value, warmup_steps)
    fall = _cosine(scheduler, over - ramp, peak, end if peak != 0 else peak, exponent)
    if fall.kind == "value":
        fall = replace(fall, length=over - ramp)
    return [*rise, fall]


def _scales(scheduler: str, given: Mapping[int, float] | None) -> list[tuple[Fraction, Fraction]]:
    found = {}
    for bound, scale in (given or {}).items():
        found[real(scheduler, "boundaries_and_scales", bound)] = real(scheduler, "boundaries_and_scales", scale)
    if any(scale < 0 for scale in found.values()):
        raise refuse(scheduler, "optax takes no negative scale")
    return sorted(found.items())


def _ordered(knots: Mapping[Any, Fraction]) -> list[tuple[Fraction, Fraction]]:
    return sorted((Fraction(bound), scale) for bound, scale in knots.items())


def _cycle(
    scheduler: str, steps: Any, peak: Any, div: Any, final: Any
) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    names = ("transition_steps", "peak_value", "div_factor", "final_div_factor")
    given = [real(scheduler, name, value) for name, value in zip(names, (steps, peak, div, final), strict=True)]
    if given[0] <= 0:
        raise refuse(scheduler, "`transition_steps` is not above 0, and optax refuses that")
    if given[2] <= 0 or given[3] <= 0:
        raise refuse(scheduler, "`div_factor` and `final_div_factor` divide, so they are above 0")
    return given[0], given[1], given[2], given[3]


def _knots(scheduler: str, kind: str, start: Fraction, knots: list[tuple[Fraction, Fraction]]) -> list[Phase]:
    phases: list[Phase] = []
    begin, value = Fraction(0), start
    for bound, scale in knots:
        if bound < 0 or bound.denominator != 1:
            raise refuse(scheduler, f"its boundary {number(float(bound))} is no whole step from 0 on")
        end = value * scale
        if bound > begin:
            if value == end:
                phases.append(level(height(value), bound - begin))
            elif kind == "linear":
                phases.append(_ramp(bound - begin, value, end))
            else:
                phases.append(shape("cosine", bound - begin, height(value), height(end)))
        begin, value = bound, end
    # What ends there stays there; only where nothing went there is it still to be said.
    if not phases or phases[-1].kind == "value":
        phases.append(level(height(value)))
    return phases


SCHEDULERS: dict[str, Callable[..., Said]] = {
    one.__name__: one
    for one in (
        constant_schedule,
        polynomial_schedule,
        linear_schedule,
        piecewise_constant_schedule,
        exponential_decay,
        cosine_decay_schedule,
        piecewise_interpolate_schedule,
        linear_onecycle_schedule,
        cosine_onecycle_schedule,
        warmup_constant_schedule,
        warmup_cosine_decay_schedule,
        warmup_exponential_decay_schedule,
        sgdr_schedule,
        join_schedules,
    )
}
