"""How far a step goes, and where a position is, in whatever unit it is said.

In: `tokens=4096` and what the text says of its units. Out: exact times on the clock of the text. Refuses to know optimizers.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .. import problems
from ..checker.units import EXAMPLES, UNITS
from ..diagnostic import ScheduleError
from ..schedule import Schedule

_SMALL = 1 << 24  # denominators up to here are taken for what a float was meant to be
_LARGE = 1 << 64  # beyond, a position is rounded to a float


def amount(schedule: Schedule, said: Mapping[str, Any], method: str) -> Fraction:
    """The exact time of one `unit=value`, on the clock of the text."""
    if len(said) != 1:
        names = " and ".join(f"`{name}=`" for name in said)
        raise ScheduleError(problems.bad_call(f"one of {names} is enough", f"{method}({schedule.clock}=n)"))
    unit, value = next(iter(said.items()))
    if unit not in UNITS:
        offer = unit + "s" if unit + "s" in UNITS else schedule.clock
        raise ScheduleError(problems.bad_call(f"`{unit}=` is no unit of time", f"{method}({offer}=n)"))
    if unit not in schedule.rates:
        raise ScheduleError(problems.bad_call(*_missing(schedule, unit, method)))
    return exact(value, f"{method}({unit}=...)") * schedule.rates[unit]


def _missing(schedule: Schedule, unit: str, method: str) -> tuple[str, str]:
    clock, one = schedule.clock, unit.removesuffix("s")
    advice = f"{method}({clock}=n)" if clock != "steps" or method == "seek" else f"a bare `{method}()` is one update"
    for name, other in ((one, clock), (clock.removesuffix("s"), unit)):
        example = EXAMPLES.get(name, {}).get(other)
        if example is not None:
            return (
                f"this text counts {clock}, and nothing says how much one {name} is in {other}",
                f"`param {name} = {example}` in the text, `{name}=...` where it is bound; or {advice}",
            )
    return f"this text counts {clock}, and nothing connects {unit} with it", advice


def exact(value: Any, what: str) -> Fraction:
    """A number as an exact time: whole numbers and fractions as they are, a float as the simplest fraction that it prints.

    1/390 as a float is a little less than it: 390 of them would end before the epoch does, and one update would be trained
    with the value of the phase before.
    """
    if isinstance(value, Fraction):
        found = value
    elif isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ScheduleError(problems.bad_call(f"`{what}` takes a number, not {value!r}"))
    elif hasattr(value, "__index__") and not hasattr(value, "dtype"):
        found = Fraction(int(value))
    else:
        try:
            real = float(value)
            near = Fraction(real).limit_denominator(_SMALL)
        except (ValueError, OverflowError):
            raise ScheduleError(problems.bad_call(f"`{what}` takes a finite number, not {value!r}")) from None
        found = near if float(near) == real else Fraction(real)
    if found < 0:
        raise ScheduleError(problems.bad_call(f"time goes on: `{what}` takes a number from 0, not {value!r}"))
    return found


def kept(position: Fraction) -> Fraction:
    """A position as it is kept: exact, as long as its fraction stays small."""
    return position if position.denominator <= _LARGE else Fraction(float(position))


def plain(position: Fraction) -> int | str:
    """A position as a checkpoint has it: a whole number, or the text of a fraction."""
    return int(position) if position.denominator == 1 else str(position)
