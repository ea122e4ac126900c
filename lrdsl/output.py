"""One output of a schedule: a pure function of time.

In: a timeline, the unit of its clock, and the name of the output. Out: values, limits, factors, and what is known without being
asked: phases, where it settles, what is wrong with it. Refuses to know the text, other outputs, and how anything is applied.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, overload

from . import problems
from .diagnostic import Diagnostic, ScheduleError
from .facts import Facts
from .planner import degree
from .program import DRIVEN
from .prover import HORIZON, Given, jumps, settled, verdicts
from .records import frozen
from .timeline import (
    BadTime,
    BaseRow,
    Timeline,
    levels,
    outline,
    rounded,
    value,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from .emitter import Kernel

    Floats = NDArray[np.float64]

Relation = Literal["absolute", "relative", "mixed"]
Base = float | Mapping[str, float] | None
_KERNELS = 64  # bases whose kernels, and proofs, are kept


@frozen
class Outline:
    """A phase as a person sees it: its text, where it begins and ends (None: never)."""

    text: str
    begin: Fraction
    end: Fraction | None


class Output:
    """One output: `output(t)` is its value at time t, a float or a float64 array of the shape of t.

    >>> import lrdsl
    >>> s = lrdsl.compile("lr = cosine(100)\\nweight_decay = 0.1")
    >>> s["weight_decay"](50)
    0.1
    """

    def __init__(self, name: str, timeline: Timeline, clock: str) -> None:
        self.name, self.timeline, self.clock = name, timeline, clock
        self.keys = tuple(dict.fromkeys(row.key for row in timeline.rows if isinstance(row, BaseRow)))
        self.relation: Relation = _relation(timeline, self.keys)
        self._kernels: dict[tuple[float, ...], Kernel] = {}
        self._first: Kernel | None = None
        self.at: Callable[[float], float] | None = None  # the same without a base, for times that are floats and right
        self._given: dict[tuple[float, ...], Given] = {}
        self._facts: dict[tuple[float, ...], Facts] = {}
        self._levels: list[float] | None = None  # for base 1

    @property
    def key(self) -> str | None:
        """The key of an optimizer's groups that it drives."""
        return self.name if self.name in DRIVEN else None

    # --- values -------------------------------------------------------------------------------------------------------

    @overload
    def __call__(self, t: float, /, base: Base = None) -> float: ...

    @overload
    def __call__(self, t: ArrayLike, /, base: Base = None, *, out: Floats | None = None) -> Floats: ...

    def __call__(self, t: Any, /, base: Any = None, *, out: Any = None) -> Any:
        """The value at time t, in the unit of `clock`: a float for a number, a float64 array of its shape for an array.

        `base` is what the driven key held when attached (a number, or a mapping by key); it may be left out where the text
        does not use it or is relative to it alone (then 1.0). Raises ScheduleError for negative or NaN times, and where
        the base is missing.
        """
        kernel = self._first if base is None and self._first is not None else self.kernel(base)
        try:
            if t.__class__ is int or t.__class__ is float:
                return kernel.scalar(float(t))
            if out is None and getattr(t, "ndim", None) == 0 and not isinstance(t, bool):
                return kernel.scalar(float(t))
            return kernel.array(t, out)
        except BadTime as bad:
            raise ScheduleError(problems.bad_time(bad.time)) from None
        except OverflowError:
            raise ScheduleError(problems.bad_time(t)) from None
        except TypeError:
            if type(t).__module__.split(".")[0] == "jax":
                raise ScheduleError(problems.traced_by_jax()) from None
            raise

    def exactly(self, t: Fraction | float, base: Base = None) -> float:
        """The value at an exact time by the definition, in plain floats: within a few last digits of `s(t)`, without numpy."""
        return value(self.timeline.chain, Fraction(t), self.levels(base))

    def left(self, t: Fraction | float, base: Base = None) -> float:
        """The limit from the left at an exact time: what a phase ends at."""
        return value(self.timeline.chain, Fraction(t), self.levels(base), "left")

    def factor(self, t: Any, base: Base = None) -> Any:
        """f(t) / base: what multiplies a group's own lr, for LambdaLR and everything built like it.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(10) then hold").factor(5)
        0.5
        """
        return self(t, base) / self._own(base)

    def _own(self, base: Base) -> float:
        """The base of the key that this output drives."""
        if isinstance(base, Mapping):
            base = base.get(self.name)
        if base is None:
            if self.relation == "mixed":
                raise ScheduleError(problems.base_needed(self.name, self.keys))
            if self.relation == "absolute":
                raise ScheduleError(problems.no_factor(self.name))
            return 1.0
        return _finite(base)

    def _bases(self, base: Base) -> tuple[float, ...]:
        """The number for each of `keys`."""
        if base is None:
            if self.relation == "mixed":
                raise ScheduleError(problems.base_needed(self.name, self.keys))
            return (1.0,) * len(self.keys)
        if not isinstance(base, Mapping):
            return (_finite(base),) * len(self.keys)
        for key in self.keys:
            if key not in base:
                raise ScheduleError(problems.base_needed(self.name, (key,), by_key=True))
        return tuple(_finite(base[key]) for key in self.keys)

    def kernel(self, base: Base) -> Kernel:
        """What computes the values for a base."""
        bases = self._bases(base)
        found = self._kernels.get(bases)
        if found is None:
            from .emitter import Kernel

            known = self.sound(base)
            if len(self._kernels) >= _KERNELS:
                self._kernels.clear()
            proofs = self._proofs(bases, known)
            found = self._kernels[bases] = Kernel(self.timeline, known, lambda: settled(self.timeline.chain, proofs))
        if base is None:
            self._first, self.at = found, found.at
        return found

    def sound(self, base: Base) -> list[float]:
        """The levels for a base. Raises ScheduleError where something is wrong with it."""
        bases = self._bases(base)
        known = self._known(bases)
        # A relative text is the same for every base above 0; any other must be looked at anew.
        if self.relation == "mixed" or any(one <= 0 for one in bases):
            wrong = self.wrong(known)
            if wrong:
                raise ScheduleError(*wrong)
        return known

    def _known(self, bases: tuple[float, ...]) -> list[float]:
        if any(one != 1.0 for one in bases):
            return levels(self.timeline.rows, dict(zip(self.keys, bases, strict=True)))
        if self._levels is None:
            self._levels = levels(self.timeline.rows, 1.0)
        return self._levels

    def levels(self, base: Base = 1.0) -> list[float]:
        """The values of the level program for a base."""
        return self._known(self._bases(base))

    def given(self, base: Base = 1.0) -> Given:
        """What the prover is given: the levels for a base, and what it found out about them before."""
        bases = self._bases(base)
        return self._proofs(bases, self._known(bases))

    def _proofs(self, bases: tuple[float, ...], known: list[float]) -> Given:
        if bases not in self._given:
            if len(self._given) >= _KERNELS:
                self._given.clear()
            self._given[bases] = Given(known)
        return self._given[bases]

    def wrong(self, known: list[float]) -> list[Diagnostic]:
        """Where values are found to become negative, infinite or NaN: the first such phase, which others may only go on from."""
        found = [
            problems.becomes(self.name, v.value, v.time, self.clock, self.timeline.phases[v.phase])
            for v in verdicts(self.timeline, known, self.name == "lr")
            if v.kind != "undecided"
        ]
        return found[:1]

    def notes(self, base: Base = None) -> list[Diagnostic]:
        """What `check` remarks: what could not be decided, and jumps."""
        known, places = self.levels(base), self.timeline.phases
        sign = " and not negative" if self.name == "lr" else ""
        found = [
            problems.undecided(self.name, f"stays finite{sign}", places[v.phase])
            for v in verdicts(self.timeline, known, self.name == "lr")
            if v.kind == "undecided"
        ]
        for jump in jumps(self.timeline, known):
            found.append(problems.jump(places[jump.phase], jump.time, self.clock, jump.before, jump.after))
        return found

    # --- facts --------------------------------------------------------------------------------------------------------

    @property
    def length(self) -> Fraction | None:
        """How long the phases last, exactly; None where they never end."""
        return self.timeline.length

    @functools.cached_property
    def phases(self) -> tuple[Outline, ...]:
        """The phases in their order, limits of the whole line looked through."""
        found: list[Outline] = []
        for part in outline(self.timeline.chain.parts, Fraction(0), None):
            text = " ".join(self.timeline.phases[part.phase].text.split())
            if part.begin == self.timeline.length:
                continue  # holds the last value past the end
            if found and found[-1].text == text and found[-1].end == part.begin:
                found[-1] = Outline(text, found[-1].begin, part.end)
            else:
                found.append(Outline(text, part.begin, part.end))
        if not found:  # a schedule of no length only holds its last value
            last = self.timeline.chain.parts[-1]
            found.append(Outline(" ".join(self.timeline.phases[last.phase].text.split()), last.begin, None))
        return tuple(found)

    @property
    def facts(self) -> Facts:
        """What is known for all times, with base = 1 where it is relative to that. Raises ScheduleError where it needs the base."""
        return self.proven()

    def proven(self, base: Base = None) -> Facts:
        """The facts where the driven key held `base`."""
        bases = self._bases(base)
        if bases not in self._facts:
            if len(self._facts) >= _KERNELS:
                self._facts.clear()
            self._facts[bases] = Facts(self.timeline, self.given(base), self.name == "lr")
        return self._facts[bases]

    @property
    def settled(self) -> float | None:
        """A time from which on nothing changes; None where there is none, or where it depends on the base.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6").settled
        70077.5527898214
        """
        return None if self.relation == "mixed" else self.settles()

    def settles(self, base: Base = None) -> float | None:
        """The same where the driven key held `base`: where that and levels are mixed, the time depends on it."""
        found = self.proven(base).settled
        return None if found is None or found > HORIZON else rounded(found)


def _relation(timeline: Timeline, keys: tuple[str, ...]) -> Relation:
    """Whether values are absolute, in proportion to the base of one key alone, or neither."""
    degrees = {degree(timeline.chain, timeline.rows, key) for key in keys} - {0.0, None}
    if not degrees:
        return "absolute"
    proportional = [key for key in keys if degree(timeline.chain, timeline.rows, key) not in (0.0, None)]
    return "relative" if len(proportional) == 1 and degrees == {1.0} else "mixed"


def _finite(base: Any) -> float:
    found = float(base)
    if not math.isfinite(found):
        raise ScheduleError(problems.bad_call(f"base is a finite number, not {base!r}"))
    return found
