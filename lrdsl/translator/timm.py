"""The schedulers of `timm.scheduler` as texts.

In: the arguments of a class, by timm's names and with its defaults, without the optimizer. Out: texts relative to `base`, which is
the lr of the group; `lr_min` and `warmup_lr_init` are absolute, there as here. With `t_in_epochs` a text counts epochs and changes
once an epoch, as `step(epoch)` does; else it counts updates. Before the first call the optimizer holds what the constructor put
there, and so does the text at 0. Refuses noise, what follows a metric, and functions of one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

from ..records import frozen, replace
from .lines import Phase, free, height, hold, level, line, of_base, real, shape, time, warmup, whole
from .restarts import Curve, Cycles, first_miss, restarts
from .words import Said, number, refuse


@frozen
class Pace:
    """What all schedulers of timm have: a warmup, and the unit in which they count."""

    scheduler: str
    ramp: Fraction
    start: Fraction
    prefix: bool
    unit: str
    sampled: bool

    @property
    def hidden(self) -> Fraction:
        """How much of what follows lies under the warmup: without `warmup_prefix` both begin at 0."""
        return Fraction(0) if self.prefix else self.ramp

    def rise(self, to: str | None = "base") -> list[Phase]:
        return [warmup(self.ramp, height(self.start), to)] if self.ramp > 0 else []

    def time(self, value: Fraction) -> str:
        return time(value, self.unit)

    def said(self, phases: Sequence[Phase], definition: str = "", until: int | None = None, flat: bool = False) -> Said:
        """The text; one that is `flat` changes at whole times alone, so that there is nothing to sample."""
        text = line(phases, self.unit)
        if self.sampled and not flat:
            text += f" every {self.time(Fraction(1))}"
        return Said(f"{definition}\nlr = {text}" if definition else text, until)


def cosine_lr_scheduler(
    t_initial: int,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: Any = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    k_decay: float = 1.0,
    initialize: bool = True,
    *,
    unit: str | None = None,
) -> Said:
    """A cosine to `lr_min`, `cycle_limit` times; `unit` is what is written where it is not what is stepped.

    >>> cosine_lr_scheduler(300, lr_min=1e-5, warmup_t=5, warmup_lr_init=1e-6, warmup_prefix=True).text
    'warmup(5 epochs, from=1e-6) then cosine(300 epochs, to=1e-5) then hold every 1 epoch'
    """
    pace = _pace("CosineLRScheduler", warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise_range_t, unit)
    k, curve = _above_zero(pace, "k_decay", k_decay), Curve("cosine")
    if k != 1:
        curve = Curve("kcosine", f"k={height(k)}", "shape kcosine(p, k) = halfwave(p^k), halfwave(1 - p^k)")
    return _restarted(pace, curve, t_initial, lr_min, cycle_mul, cycle_decay, cycle_limit, k.denominator != 1)


def poly_lr_scheduler(
    t_initial: int,
    power: float = 0.5,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: Any = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    k_decay: float = 1.0,
    initialize: bool = True,
    *,
    unit: str | None = None,
) -> Said:
    """A power of what is left, `cycle_limit` times.

    >>> poly_lr_scheduler(1000, power=2, t_in_epochs=False).text
    'poly(1k, power=2)'
    """
    pace = _pace("PolyLRScheduler", warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise_range_t, unit)
    k, exponent = _above_zero(pace, "k_decay", k_decay), _above_zero(pace, "power", power)
    if k == 1:
        curve = Curve("linear") if exponent == 1 else Curve("poly", f"power={height(exponent)}")
    elif exponent == 1:
        curve = Curve("klinear", f"k={height(k)}", "shape klinear(p, k) = p^k, 1 - p^k")
    else:
        definition = "shape kpoly(p, k, power) = 1 - (1 - p^k)^power, (1 - p^k)^power"
        curve = Curve("kpoly", f"k={height(k)}, power={height(exponent)}", definition)
    return _restarted(pace, curve, t_initial, lr_min, cycle_mul, cycle_decay, cycle_limit, k.denominator != 1)


def tanh_lr_scheduler(
    t_initial: int,
    lb: float = -7.0,
    ub: float = 3.0,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: Any = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
    *,
    unit: str | None = None,
) -> Said:
    """A hyperbolic tangent, `cycle_limit` times. It reaches neither of its levels, and its warmup goes to where it is met.

    >>> tanh_lr_scheduler(1000, warmup_t=100, t_in_epochs=False).text
    'warmup(100) then base*(1 - tanh(10*p - 7))/2 for 1k skip 100 then 0'
    """
    pace = _pace("TanhLRScheduler", warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise_range_t, unit)
    low, high = real(pace.scheduler, "lb", lb), real(pace.scheduler, "ub", ub)
    if low >= high:
        raise refuse(pace.scheduler, "`lb` is not below `ub`, and timm refuses that")
    slope = "p" if high - low == 1 else f"{height(high - low)}*p"
    argument = slope if low == 0 else f"{slope} {'-' if low < 0 else '+'} {height(abs(low))}"
    curve = Curve("tanh", falls=f"(1 - tanh({argument}))/2", rises=f"(1 + tanh({argument}))/2")
    return _restarted(pace, curve, t_initial, lr_min, cycle_mul, cycle_decay, cycle_limit, False)


def step_lr_scheduler(
    decay_t: float,
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
    t_in_epochs: bool = True,
    noise_range_t: Any = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
    *,
    unit: str | None = None,
) -> Said:
    """A factor at each whole period.

    >>> step_lr_scheduler(2.4, 0.97, warmup_t=5, warmup_lr_init=1e-6).text
    'warmup(5 epochs, from=1e-6) then drop(factor=0.97, per=2.4 epochs) every 1 epoch'
    """
    pace = _pace("StepLRScheduler", warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise_range_t, unit)
    per, rate = _above_zero(pace, "decay_t", decay_t), real(pace.scheduler, "decay_rate", decay_rate)
    if rate < 0:
        raise refuse(pace.scheduler, "a negative `decay_rate` makes every other lr negative")
    if rate == 1:
        return pace.said([*pace.rise(), hold("base") if pace.ramp else level("base")], flat=not pace.ramp)
    drop = free("drop", "base", f"factor={height(rate)}, per={_period(pace, per, decay_t)}")
    flat = not pace.ramp and per.denominator == 1
    return pace.said([*pace.rise(), replace(drop, skip=pace.hidden)], flat=flat)


def multi_step_lr_scheduler(
    decay_t: Sequence[float],
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
    t_in_epochs: bool = True,
    noise_range_t: Any = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
    *,
    unit: str | None = None,
) -> Said:
    """A factor at each milestone, one step before it.

    >>> multi_step_lr_scheduler([30, 60], 0.1).text
    'base until 29 epochs then 0.1*base until 59 epochs then 0.01*base'
    """
    pace = _pace("MultiStepLRScheduler", warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise_range_t, unit)
    rate = real(pace.scheduler, "decay_rate", decay_rate)
    given = [real(pace.scheduler, "decay_t", one) for one in decay_t]
    if sorted(given) != given:
        raise refuse(pace.scheduler, "its milestones do not rise, and timm looks them up by bisection")
    shift = (pace.ramp if pace.prefix else 0) - 1
    # Without a warmup the constructor's lr is there at 0, whatever the milestones say.
    first = pace.ramp if pace.ramp > 0 else Fraction(1)
    moments = [max(one + shift, first) for one in given]
    phases, begin, passed = pace.rise(), pace.ramp, 0
    for moment in [*sorted(set(moments)), None]:
        value = of_base(rate**passed)
        if moment is None:
            phases.append(level(value))
        elif moment > begin:
            phases.append(level(value, moment - begin))
            begin = moment
        passed = moments.index(moment) + moments.count(moment) if moment is not None else passed
    return pace.said(phases, flat=not pace.ramp and all(one.denominator == 1 for one in moments))


def wsd_lr_scheduler(
    t_initial: int,
    decay_t: int,
    lr_min: float = 0.0,
    stable_fn: str = "constant",
    stable_timescale: float | None = None,
    stable_power: float = 0.5,
    decay_fn: str | Callable[[float], float] = "1-sqrt",
    decay_power: float = 0.5,
    decay_ratio: float = 0.1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    t_in_epochs: bool = True,
    noise_range_t: Any = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
    *,
    unit: str | None = None,
) -> Said:
    """Warmup, a stable phase, and a decay over the last `decay_t`; the warmup comes before `t_initial`.

    >>> wsd_lr_scheduler(100, 20, warmup_t=5, warmup_lr_init=1e-6, t_in_epochs=False).text
    'warmup(5, from=1e-6) then hold(80) then sqrt(20)'
    """
    pace = _pace("WSDLRScheduler", warmup_t, warmup_lr_init, True, t_in_epochs, noise_range_t, unit)
    total, fall = _above_zero(pace, "t_initial", t_initial), _above_zero(pace, "decay_t", decay_t)
    low = _low(pace, lr_min)
    if fall > total:
        raise refuse(pace.scheduler, "`decay_t` is longer than `t_initial`, and timm refuses that")
    curve = _decay(pace, decay_fn, decay_power, decay_ratio)
    stays = [hold(height(low))] if pace.sampled else []
    if stable_fn == "constant":
        plateau = [hold("base", total - fall) if pace.ramp else level("base", total - fall)] if total > fall else []
        decay = shape(curve.name, fall, "base", height(low), curve.more)
        return pace.said([*pace.rise(), *plateau, decay, *stays], curve.definition)
    if stable_fn not in ("rsqrt", "power"):
        raise refuse(pace.scheduler, f"`stable_fn` is {stable_fn!r}, and timm knows 'constant', 'rsqrt' and 'power'")
    scale = _above_zero(pace, "stable_timescale", warmup_t if stable_timescale is None else stable_timescale)
    if stable_fn == "rsqrt":
        stable = f"rsqrt(max=base, timescale={pace.time(scale)})"
    else:
        stable = f"base*(1 + t/{pace.time(scale)})^-{height(_above_zero(pace, 'stable_power', stable_power))}"
    more = f", {curve.more}" if curve.more else ""
    fade = f"{curve.name}({pace.time(fall)}{'' if total > fall else ', from=1'}{more})"
    factor = f"(1 for {pace.time(total - fall)} then {fade})" if total > fall else fade
    # A stable part that has sunk below lr_min stays there, and there is nothing left to fade.
    text = f"{height(low)} + max({stable} - {height(low)}, 0) * {factor}" if low else f"{stable} * {factor}"
    product = Phase("value", text, start=None if low else "base", end=height(low))
    return pace.said([*pace.rise(), product, *stays], curve.definition)


def plateau_lr_scheduler(*given: Any, **named: Any) -> Said:
    """Refused: it follows a metric."""
    raise refuse("PlateauLRScheduler", "it follows a metric, which is measured while training")


# --- parts ------------------------------------------------------------------------------------------------------------


def _pace(
    scheduler: str, ramp: Any, start: Any, prefix: bool, t_in_epochs: bool, noise_range_t: Any, unit: str | None
) -> Pace:
    if noise_range_t is not None:
        raise refuse(scheduler, "its noise is drawn while training, and a text has no randomness", "noise_range_t=None")
    over = real(scheduler, "warmup_t", ramp)
    if over < 0:
        raise refuse(scheduler, "`warmup_t` is negative")
    start_at = real(scheduler, "warmup_lr_init", start)
    written = unit or ("epochs" if t_in_epochs else "steps")
    return Pace(scheduler, over, start_at, bool(prefix) or over == 0, written, bool(t_in_epochs))


def _above_zero(pace: Pace, name: str, value: Any) -> Fraction:
    given = real(pace.scheduler, name, value)
    if given <= 0:
        raise refuse(pace.scheduler, f"`{name}` is {number(float(given))}, and must be above 0")
    return given


def _low(pace: Pace, lr_min: Any) -> Fraction:
    low = real(pace.scheduler, "lr_min", lr_min)
    if low < 0:
        raise refuse(pace.scheduler, "`lr_min` is negative, and timm refuses that")
    return low


def _restarted(
    pace: Pace,
    curve: Curve,
    t_initial: Any,
    lr_min: Any,
    cycle_mul: Any,
    cycle_decay: Any,
    cycle_limit: Any,
    root: bool,
) -> Said:
    """A warmup and cycles, up to the first step at which timm takes the wrong one."""
    times = int(whole(pace.scheduler, "cycle_limit", cycle_limit))
    factor = real(pace.scheduler, "cycle_decay", cycle_decay)
    if factor < 0:
        raise refuse(pace.scheduler, "a negative `cycle_decay` makes every other cycle start below 0")
    cycles = Cycles(
        _above_zero(pace, "t_initial", t_initial), _above_zero(pace, "cycle_mul", cycle_mul), factor, times,
        _low(pace, lr_min),
    )  # fmt: skip
    rise, hidden = pace.rise(None if curve.falls and not pace.prefix else "base"), pace.hidden
    if not pace.ramp and (curve.falls or times <= 0):
        # The constructor's lr is there at 0, and the curve from 1 on.
        rise, hidden = [level("base", Fraction(1))], Fraction(1)
    phases = [*rise, *restarts(curve, cycles, hidden, pace.unit)]
    if pace.sampled and phases[-1].text != height(cycles.low):
        phases.append(hold(height(cycles.low)))
    shift = pace.ramp if pace.prefix else Fraction(0)
    miss = first_miss(cycles, float(cycles.over), float(cycles.stretch), shift, curve, root)
    return pace.said(phases, curve.definition, None if miss is None else miss - 1)


def _period(pace: Pace, per: Fraction, given: float) -> str:
    """A period as timm's `//` counts it: of a float above its decimal, one less fits into what is a whole number of them."""
    exact = Fraction(float(given))
    if exact <= per:
        return pace.time(per)
    digits = Context(prec=20, rounding=ROUND_FLOOR).create_decimal(Decimal(float(given)))
    return f"{digits:f} {pace.unit}"


def _decay(pace: Pace, decay_fn: Any, power: Any, ratio: Any) -> Curve:
    """What a decay of WSDLRScheduler goes down by."""
    exponent, left = _above_zero(pace, "decay_power", power), _above_zero(pace, "decay_ratio", ratio)
    named = {"linear": "linear", "1-sqrt": "sqrt", "cosine": "cosine"}
    if callable(decay_fn):
        raise refuse(
            pace.scheduler, "`decay_fn` is a function of one's own", "write it as a shape: `shape mine(p) = ...`"
        )
    if decay_fn in named:
        return Curve(named[decay_fn])
    if decay_fn == "power":
        return Curve("fade", f"k={height(exponent)}", "shape fade(p, k) = p^k, 1 - p^k")
    if decay_fn == "exp" and left < 1:
        definition = "shape fade(p, ratio) = (1 - ratio^p)/(1 - ratio), (ratio^p - ratio)/(1 - ratio)"
        return Curve("fade", f"ratio={height(left)}", definition)
    raise refuse(
        pace.scheduler, "timm knows the decays 'linear', '1-sqrt', 'cosine', 'power' and 'exp', to a ratio below 1"
    )


SCHEDULERS: dict[str, Callable[..., Said]] = {
    "CosineLRScheduler": cosine_lr_scheduler,
    "PolyLRScheduler": poly_lr_scheduler,
    "TanhLRScheduler": tanh_lr_scheduler,
    "StepLRScheduler": step_lr_scheduler,
    "MultiStepLRScheduler": multi_step_lr_scheduler,
    "WSDLRScheduler": wsd_lr_scheduler,
    "PlateauLRScheduler": plateau_lr_scheduler,
}
