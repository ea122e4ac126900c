"""Keras' `keras.optimizers.schedules` as texts.

In: the arguments of a schedule, by Keras' names and with its defaults. Out: texts in absolute levels, as Keras has no base. Refuses
what Keras itself cannot compute as it was meant. Keras computes in float32, so texts agree with it to its precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from .lines import Phase, free, height, is_int, level, line, real, said, shape, share, time, warmup
from .words import Said, number, refuse


def exponential_decay(
    initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: str = ""
) -> Said:
    """`initial_learning_rate * decay_rate ^ (t / decay_steps)`, whole periods only with `staircase`.

    >>> exponential_decay(0.1, 100_000, 0.96, staircase=True).text
    'drop(max=0.1, factor=0.96, per=100k)'
    """
    top = _first("ExponentialDecay", initial_learning_rate)
    per = _period("ExponentialDecay", "decay_steps", decay_steps)
    rate = real("ExponentialDecay", "decay_rate", decay_rate)
    if rate < 0:
        raise refuse("ExponentialDecay", "a power of a negative `decay_rate` is negative or no number")
    if rate == 1:
        return said([level(height(top))])
    more = f"factor={height(rate)}, per={time(per)}"
    return said([free("drop" if staircase else "exp", height(top), more)])


def inverse_time_decay(
    initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: str = ""
) -> Said:
    """`initial_learning_rate / (1 + decay_rate * t / decay_steps)`, whole periods only with `staircase`.

    >>> inverse_time_decay(0.1, 1000, 0.5).text
    '0.1 / (1 + 0.5 * t/1k)'
    """
    top = _first("InverseTimeDecay", initial_learning_rate)
    per = _period("InverseTimeDecay", "decay_steps", decay_steps)
    rate = real("InverseTimeDecay", "decay_rate", decay_rate)
    if rate < 0:
        raise refuse("InverseTimeDecay", "with a negative `decay_rate` the denominator reaches 0")
    if rate == 0:
        return said([level(height(top))])
    count = f"(t every {time(per)})/{time(per)}" if staircase else f"t/{_divisor(per)}"
    factor = "" if rate == 1 else f"{height(rate)} * "
    return said([Phase("value", f"{height(top)} / (1 + {factor}{count})", start=height(top))])


def _divisor(per: Fraction) -> str:
    shown = time(per)
    return f"({shown})" if " " in shown or "/" in shown else shown


def piecewise_constant_decay(boundaries: Sequence[float], values: Sequence[float], name: str = "") -> Said:
    """`values[i]` up to and with step `boundaries[i]`; the last value after that.

    >>> piecewise_constant_decay([100, 200], [0.1, 0.01, 1e-3]).text
    '0.1 until 101 then 0.01 until 201 then 1e-3'
    """
    scheduler = "PiecewiseConstantDecay"
    # Keras casts a boundary to the type of the step, which is whole: 2.5 is 2.
    bounds = [int(real(scheduler, "boundaries", one)) for one in boundaries]
    levels = [real(scheduler, "values", one) for one in values]
    if not bounds or len(levels) != len(bounds) + 1:
        raise refuse(scheduler, "it has one value more than boundaries, and at least one boundary")
    if sorted(bounds) != bounds:
        raise refuse(scheduler, "its boundaries do not rise, so that at some steps no value holds, or two are added")
    phases, begin = [], 0
    for value, bound in zip(levels, [*bounds, None], strict=True):
        if bound is None:
            phases.append(level(height(value)))
        elif bound >= begin:
            phases.append(level(height(value), Fraction(bound + 1 - begin)))
            begin = bound + 1
    return said(phases)


def polynomial_decay(
    initial_learning_rate: float,
    decay_steps: float,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
    name: str = "",
) -> Said:
    """`end + (initial - end) * (1 - t/decay_steps)^power`; with `cycle` over ever longer times, k times `decay_steps`.

    >>> polynomial_decay(0.1, 10_000, 0.01, power=0.5).text
    'poly(10k, from=0.1, power=0.5, to=0.01)'
    """
    scheduler = "PolynomialDecay"
    top, end = _first(scheduler, initial_learning_rate), real(scheduler, "end_learning_rate", end_learning_rate)
    over, exponent = _period(scheduler, "decay_steps", decay_steps), real(scheduler, "power", power)
    if exponent < 0:
        raise refuse(scheduler, "a negative `power` of what is left becomes infinite at the end")
    if exponent == 0 or top == end:
        return said([level(height(top))])
    if cycle:
        return _cycles(top, over, end, exponent)
    if exponent == 1:
        return said([shape("linear", over, height(top), height(end))])
    return said([shape("poly", over, height(top), height(end), f"power={height(exponent)}")])


def _cycles(top: Fraction, over: Fraction, end: Fraction, exponent: Fraction) -> Said:
    """Whenever the end is reached, the time to reach it grows by `over`: it is over * ceil(t / over)."""
    if over.denominator != 1:
        raise refuse("PolynomialDecay", "with `cycle` its periods are whole only if `decay_steps` is whole")
    # At a whole step t > 0, one more than the periods that were over a step before is the ceiling of t/over.
    cycles = f"1 until 1 then (t every {time(over)})/{time(over)} + 1"
    power = "" if exponent == 1 else f"^{height(exponent)}"
    left = f"(1 - t/{time(over)}/cycles){power}"
    body = f"{height(top)}*{left}" if end == 0 else f"{height(end)} + ({height(top)} - {height(end)})*{left}"
    # Between a multiple of `over` and the next step the root would be of a negative number.
    return Said(f"let cycles = {cycles}\nlr = {body} every 1")


def cosine_decay(
    initial_learning_rate: float,
    decay_steps: float,
    alpha: float = 0.0,
    name: str = "",
    warmup_target: float | None = None,
    warmup_steps: float = 0,
) -> Said:
    """A cosine to `alpha` of where it starts: `initial_learning_rate`, or the end of a warmup to `warmup_target`.

    >>> cosine_decay(0.0, 9000, alpha=0.1, warmup_target=0.1, warmup_steps=1000).text
    'warmup(1k, to=0.1) then cosine(9k, to=10%)'
    """
    scheduler = "CosineDecay"
    first, ratio = _first(scheduler, initial_learning_rate), real(scheduler, "alpha", alpha)
    over = _period(scheduler, "decay_steps", decay_steps)
    if warmup_target is None:
        return said([_cosine(over, first, ratio)])
    top, ramp = real(scheduler, "warmup_target", warmup_target), real(scheduler, "warmup_steps", warmup_steps)
    rising = [warmup(ramp, height(first), height(top))] if ramp > 0 else []
    return said([*rising, _cosine(over, top, ratio)])


def _cosine(over: Fraction, top: Fraction, ratio: Fraction) -> Phase:
    if top == 0 or ratio == 1:
        return level(height(top))
    return shape("cosine", over, height(top), height(ratio * top), to=share(ratio))


def cosine_decay_restarts(
    initial_learning_rate: float,
    first_decay_steps: float,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
    name: str = "",
) -> Said:
    """Cosines that start again, each `t_mul` as long and `m_mul` as high above `alpha * initial_learning_rate`.

    >>> cosine_decay_restarts(0.1, 1000, alpha=0.01).text
    'repeat(cosine(1k, from=0.1, to=1%), stretch=2)'
    >>> cosine_decay_restarts(0.1, 1000, m_mul=0.5, alpha=0.01).text
    '1e-3 + repeat(cosine(1k, from=0.099), stretch=2, factor=0.5)'
    """
    scheduler = "CosineDecayRestarts"
    top, over = _first(scheduler, initial_learning_rate), _period(scheduler, "first_decay_steps", first_decay_steps)
    stretch, factor, ratio = (
        real(scheduler, name, value) for name, value in (("t_mul", t_mul), ("m_mul", m_mul), ("alpha", alpha))
    )
    if stretch < 1:
        raise refuse(
            scheduler, f"its cycles shrink (`t_mul` is {number(float(stretch))}), and after the last there is no value"
        )
    if factor < 0:
        raise refuse(scheduler, "with a negative `m_mul` every other cycle rises above or falls below the levels given")
    if top == 0 or ratio == 1:
        return said([level(height(top))])
    more = "" if stretch == 1 else f", stretch={height(stretch)}"
    if factor == 1:
        return Said(f"repeat({line([_cosine(over, top, ratio)])}{more})")
    cycle = line([shape("cosine", over, height(top * (1 - ratio)), "0")])
    low = "" if ratio == 0 else f"{height(ratio * top)} + "
    return Said(f"{low}repeat({cycle}{more}, factor={height(factor)})")


def _first(scheduler: str, value: Any) -> Fraction:
    """The initial learning rate, whose type is the type in which Keras computes."""
    if is_int(value):
        raise refuse(
            scheduler,
            f"Keras computes in the type of `initial_learning_rate`, and {value} makes every other number of it whole",
            f"write {int(value)}.0 there",
        )
    return real(scheduler, "initial_learning_rate", value)


def _period(scheduler: str, name: str, value: Any) -> Fraction:
    given = real(scheduler, name, value)
    if given <= 0:
        raise refuse(scheduler, f"`{name}` is {number(float(given))}, and Keras wants more than 0")
    return given


SCHEDULERS: dict[str, Callable[..., Said]] = {
    "ExponentialDecay": exponential_decay,
    "InverseTimeDecay": inverse_time_decay,
    "PiecewiseConstantDecay": piecewise_constant_decay,
    "PolynomialDecay": polynomial_decay,
    "CosineDecay": cosine_decay,
    "CosineDecayRestarts": cosine_decay_restarts,
}
