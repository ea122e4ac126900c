"""What users hold: a schedule, a pure function of time.

In: a text, what is bound, and its timeline. Out: values, factors, other bindings, source, pictures. Methods that only forward
import inside the method, so that nothing is loaded that is not used. Refuses to parse: `compile` makes schedules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, overload

from . import problems
from .diagnostic import Diagnostic, NoAttribute, ScheduleError
from .planner import degree
from .prover import jumps, verdicts
from .source import Source
from .timeline import (
    Anchored,
    BadTime,
    Chain,
    Cycle,
    Level,
    Node,
    Operation,
    Part,
    Sample,
    Timeline,
    levels,
    rounded,
    value,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from .emitter import Kernel

    Floats = NDArray[np.float64]

Relation = Literal["absolute", "relative", "mixed"]
_KERNELS = 64  # bases whose kernels are kept


@dataclass(frozen=True, slots=True)
class Outline:
    """A phase as a person sees it: its text, where it begins and ends (None: never)."""

    text: str
    begin: Fraction
    end: Fraction | None


class Schedule:
    """A learning-rate schedule: `s(t)` is the value used by update t, a float or a float64 array of the shape of t.

    Schedules are made by `lrdsl.compile` and `lrdsl.load`. They are equal where their texts and bindings are, and pickle
    as those.

    >>> import lrdsl
    >>> s = lrdsl.compile("warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6")
    >>> s(500)
    0.0005
    >>> s([0, 1000, 100_000])
    array([1.e-06, 1.e-03, 1.e-06])
    """

    def __init__(
        self, text: str, source: Source, bindings: dict[str, str], timeline: Timeline, params: dict[str, str]
    ) -> None:
        self._text, self._source, self._bindings = text, source, bindings
        self._timeline = timeline
        self.params: Mapping[str, str] = params
        power = degree(timeline.chain, timeline.rows)
        self.relation: Relation = "absolute" if power in (0.0, None) else "relative" if power == 1.0 else "mixed"
        self._kernels: dict[float, Kernel] = {}
        self._first: Kernel | None = None
        self._levels: list[float] | None = None  # for base 1

    # --- values -------------------------------------------------------------------------------------------------------

    @overload
    def __call__(self, t: float, /, base: float | Mapping[str, float] | None = None) -> float: ...

    @overload
    def __call__(
        self, t: ArrayLike, /, base: float | Mapping[str, float] | None = None, *, out: Floats | None = None
    ) -> Floats: ...

    def __call__(self, t: Any, /, base: Any = None, *, out: Any = None) -> Any:
        """The value at time t, in the unit of `clock`: a float for a number, a float64 array of its shape for an array.

        `base` is what the driven key held when attached (a number, or a mapping by key); it may be left out where the text
        does not use it or is relative to it alone (then 1.0). Raises ScheduleError for negative or NaN times, and where
        the base is missing.
        """
        kernel = self._first if base is None and self._first is not None else self._kernel(base)
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

    def exactly(self, t: Fraction | float, base: float | None = None) -> float:
        """The value at an exact time by the definition, in plain floats: within a few last digits of `s(t)`, without numpy."""
        return value(self._timeline.chain, Fraction(t), self.levels(self._base(base)))

    def left(self, t: Fraction | float, base: float | None = None) -> float:
        """The limit from the left at an exact time: what a phase ends at."""
        return value(self._timeline.chain, Fraction(t), self.levels(self._base(base)), "left")

    def factor(self, t: Any, base: float | Mapping[str, float] | None = None) -> Any:
        """f(t) / base: what multiplies a group's own lr, for LambdaLR and everything built like it.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(10) then hold").factor(5)
        0.5
        """
        return self(t, base) / self._base(base)

    def _base(self, base: float | Mapping[str, float] | None) -> float:
        if isinstance(base, Mapping):
            base = base.get("lr")
        if base is None:
            if self.relation == "mixed":
                raise ScheduleError(problems.base_needed("lr"))
            return 1.0
        found = float(base)
        if not math.isfinite(found):
            raise ScheduleError(problems.bad_call(f"base is a finite number, not {base!r}"))
        return found

    def _kernel(self, base: float | Mapping[str, float] | None) -> Kernel:
        number = self._base(base)
        found = self._kernels.get(number)
        if found is None:
            from .emitter import Kernel

            known = self.levels(number)
            # A relative text is the same for every base above 0; any other must be looked at anew.
            if self.relation == "mixed" or number <= 0:
                wrong = self.wrong(known)
                if wrong:
                    raise ScheduleError(*wrong)
            if len(self._kernels) >= _KERNELS:
                self._kernels.clear()
            found = self._kernels[number] = Kernel(self._timeline, known)
        if base is None:
            self._first = found
        return found

    def levels(self, base: float = 1.0) -> list[float]:
        """The values of the level program for a base."""
        if base != 1.0:
            return levels(self._timeline.rows, base)
        if self._levels is None:
            self._levels = levels(self._timeline.rows, 1.0)
        return self._levels

    def wrong(self, known: list[float]) -> list[Diagnostic]:
        """Where values are found to become negative, infinite or NaN."""
        return [
            problems.becomes("lr", v.value, v.time, self.clock, self._timeline.phases[v.phase])
            for v in verdicts(self._timeline, known)
            if v.kind != "undecided"
        ]

    def notes(self, base: float | None = None) -> list[Diagnostic]:
        """What `check` remarks: what could not be decided, and jumps."""
        known, places = self.levels(self._base(base)), self._timeline.phases
        found = [
            problems.undecided("lr", "stays finite and not negative", places[v.phase])
            for v in verdicts(self._timeline, known)
            if v.kind == "undecided"
        ]
        for jump in jumps(self._timeline, known):
            found.append(problems.jump(places[jump.phase], jump.time, self.clock, jump.before, jump.after))
        return found

    # --- facts --------------------------------------------------------------------------------------------------------

    @property
    def clock(self) -> str:
        """The unit in which time is asked."""
        return "steps"

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("lr",)

    @property
    def length(self) -> Fraction | None:
        """How long the phases last, exactly; None where they never end."""
        return self._timeline.length

    @property
    def phases(self) -> tuple[Outline, ...]:
        """The phases in their order, limits of the whole line looked through."""
        found: list[Outline] = []
        for part in _outline(self._timeline.chain.parts, Fraction(0), None):
            text = " ".join(self._timeline.phases[part.phase].text.split())
            if part.begin == self._timeline.length:
                continue  # holds the last value past the end
            if found and found[-1].text == text and found[-1].end == part.begin:
                found[-1] = Outline(text, found[-1].begin, part.end)
            else:
                found.append(Outline(text, part.begin, part.end))
        if not found:  # a schedule of no length only holds its last value
            last = self._timeline.chain.parts[-1]
            found.append(Outline(" ".join(self._timeline.phases[last.phase].text.split()), last.begin, None))
        return tuple(found)

    @property
    def settled(self) -> float | None:
        """A time from which on nothing changes, found by bisection; None where there is none below 10^18.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6").settled
        70077.55278982138
        """
        if self.length is not None:
            return rounded(self.length)
        if _repeats(self._timeline.chain.parts[-1].body):
            return None
        # By the definition and not by a kernel, so that `check` needs no numpy.
        last = self.exactly(1e18, 1.0)
        times = [0.0, *(2.0**k for k in range(60))]
        late = [time for time in times if self.exactly(time, 1.0) != last]
        low = late[-1] if late else 0.0
        if not late or low >= times[-2]:
            return None if late else 0.0
        high = 2.0 * low if low else 1.0
        while low < (middle := (low + high) / 2) < high:
            if self.exactly(middle, 1.0) == last:
                high = middle
            else:
                low = middle
        return high

    @property
    def summary(self) -> str:
        """The schedule in one line, as reprs, logs and `check` end with it.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(2k, to=3e-4) then cosine(to=10%)", total=100_000).summary
        'lr 0 -> 3e-4 at 2k -> 3e-5 at 100k, then 3e-5 · steps · total 100k'
        """
        return self.describe()

    def describe(self, base: float | None = None) -> str:
        """The summary with the values that a base gives."""
        from .summary import summary

        return summary(self, base)

    # --- other forms --------------------------------------------------------------------------------------------------

    def bind(self, **params: Any) -> Schedule:
        """The same text with other values; what is not named keeps its value."""
        from . import compile

        return compile(self._text, **{**self._bindings, **params})

    def source(self, target: str = "numpy") -> str:
        """A standalone module: `lr(t, base=1.0)`; for `numpy` it needs numpy alone, for `python` nothing at all."""
        from .emitter.writer import module

        return module(self, target)

    def plot(
        self, ax: Any = None, *, log: bool | None = None, until: float | None = None, base: float | None = None
    ) -> Any:
        """Draw the schedule on matplotlib Axes, and return them; `log` and `until` as for `lrdsl plot`."""
        from .plotter import draw

        return draw([self], ax, log=log, until=until, base=base)

    @property
    def timeline(self) -> Timeline:
        return self._timeline

    @property
    def text(self) -> str:
        """The text as it was given."""
        return self._text

    @property
    def bindings(self) -> dict[str, str]:
        """What was bound from outside."""
        return dict(self._bindings)

    def __str__(self) -> str:
        from .parser import parse
        from .printer import show

        return show(parse(self._source).file)

    def __repr__(self) -> str:
        bound = "".join(f", {name}={value!r}" for name, value in self._bindings.items())
        return f"lrdsl.compile({str(self).rstrip()!r}{bound})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schedule):
            return NotImplemented
        return str(self) == str(other) and self._bindings == other._bindings

    def __hash__(self) -> int:
        return hash((str(self), tuple(sorted(self._bindings.items()))))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._text, self._bindings)

    def __getattr__(self, name: str) -> Any:
        if name in ("step", "get_last_lr", "get_lr", "state_dict", "load_state_dict"):
            raise NoAttribute(
                problems.bad_call(
                    f"a Schedule is a function of time and has no `{name}`",
                    "`sched = lrdsl.torch.attach(optimizer, schedule)` gives what steps; a value is `schedule(t)`",
                )
            )
        if name in ("lr", "value", "at", "eval", "get", "evaluate"):
            raise NoAttribute(problems.bad_call(f"a Schedule has no `{name}`: it is called", "schedule(t)"))
        raise AttributeError(f"Schedule has no attribute {name!r}")


def _again(text: str, bindings: dict[str, str]) -> Schedule:
    from . import compile

    return compile(text, **bindings)


def _repeats(node: Node) -> bool:
    """Whether something in a node comes again and again without end."""
    match node:
        case Cycle():
            return node.times is None or _repeats(node.body)
        case Operation():
            return any(_repeats(operand) for operand in node.operands)
        case Chain():
            return _repeats(node.parts[-1].body)
        case Sample() | Anchored():
            return _repeats(node.body)
    return False


def _outline(parts: tuple[Part, ...], begin: Fraction, end: Fraction | None) -> list[Part]:
    found: list[Part] = []
    for part in parts:
        first = max(part.begin, begin)
        last = part.end if end is None else end if part.end is None else min(part.end, end)
        if last is not None and first >= last:
            continue
        inner = _limited(part.body)
        if inner is not None:
            found += _outline(inner.parts, first, last)
        else:
            found.append(Part(first, last, part.body, part.phase))
    return found


def _limited(node: Node) -> Chain | None:
    """The chain of phases of which `floor` and `cap` were said."""
    while isinstance(node, Operation) and node.function in ("min", "max") and isinstance(node.operands[1], Level):
        node = node.operands[0]
    return node if isinstance(node, Chain) else None
