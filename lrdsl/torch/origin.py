"""A live scheduler of torch as a schedule: read, written as a text, and held beside the scheduler before it is given out.

In: a scheduler. Out: a Schedule, or an E409 that says why there is none. Refuses to change the scheduler or its optimizer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from .. import compile as compile_text
from ..diagnostic import ScheduleError
from ..schedule import Schedule
from ..translator.course import Course, text
from ..translator.levels import Style
from ..translator.phases import Chain, Cycle, Free, Offset, Product, lasts, line
from ..translator.words import refuse
from .applier import Applier
from .live import children, course, first_lr, kind, leaves, position, unwrapped
from .replay import Replay, values

__all__ = ["from_scheduler"]

_WITHIN = 1e-12  # of the largest value
_DRIFTED = 1e-6  # of it, at most: what torch's way from step to step may have lost where its closed form is the text's
_WORK = 200_000  # values that are stepped: a second
_PLACES = 1000  # steps beyond them that are looked at
_LEAST = 1000  # steps of what never ends


def from_scheduler(scheduler: Any, *, total: int | None = None, unit: str | None = None) -> Schedule:
    """The schedule that a scheduler of torch follows, as the text that a person would have written.

    `scheduler` is one of `torch.optim.lr_scheduler`, a `SWALR`, a `LambdaLR` of transformers, or a `SequentialLR` or
    `ChainedScheduler` of them; an `Applier` gives its own schedule. What it makes relative to the lr of a group is relative to
    `base`. Where groups differ in more than that, each has a line for its `name`. `total` is how many steps the run has: it is
    needed for what grows without end, and `CosineAnnealingLR` rises again behind `T_max` only where `total` says that the run goes
    on. With `unit="epochs"` the scheduler is stepped once an epoch, and the text counts epochs. Wrappers of Accelerate and
    Lightning that only decide when one is stepped are looked through, and what Lightning has, a dictionary too, tells the unit.

    Before it is given out the text is held beside the scheduler: one like it is built anew and stepped to its end, and 10 steps on;
    of what never ends 1,000 steps or three periods. At most 200,000 values are stepped, steps times groups that differ, and
    1,000 steps behind them are compared by torch's closed forms, where it has them. Every group and output must agree to 1e-12 of
    its largest value. Behind `T_max` the way of `CosineAnnealingLR` from step to step drifts from its own closed form, by the
    square of `T_max` times 2e-16; there the closed form counts. What the groups hold now must agree too; of a run that is over it
    may be what the last call of `step()` wrote behind the last value of `OneCycleLR`.

    Raises ScheduleError (E409), with the reason, for what follows a measured value, for a function that cannot be read, and for
    what no text says. The scheduler, its optimizer and the parameters are only read.

    >>> import torch, lrdsl.torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    >>> warmup = torch.optim.lr_scheduler.LinearLR(optimizer, total_iters=5)
    >>> cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=95)
    >>> print(from_scheduler(torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[5])))
    warmup(5, from=base/3) then cosine(95)
    <BLANKLINE>
    """
    scheduler, told = unwrapped(scheduler)
    unit = told if unit is None else unit
    if isinstance(scheduler, Applier):
        return scheduler.schedule
    name = kind(scheduler)
    if unit not in ("steps", "epochs"):
        raise refuse(name, f"`unit` is steps or epochs, not {unit!r}")
    origin = _Origin(scheduler, _steps(name, total), Style(unit))
    origin.check()
    return origin.schedule


def _steps(name: str, total: Any) -> int | None:
    """A number of steps; 1e5 is one too."""
    whole = int(total) if isinstance(total, float) and total.is_integer() else total
    if whole is not None and (isinstance(whole, bool) or not isinstance(whole, int) or whole < 1):
        raise refuse(name, f"`total` is a number of steps, not {total!r}")
    return whole


class _Origin:
    """A scheduler, its courses by group, and their text."""

    def __init__(self, scheduler: Any, total: int | None, style: Style) -> None:
        self.scheduler, self.name, self.style = scheduler, kind(scheduler), style
        self.groups: Sequence[dict[str, Any]] = scheduler.optimizer.param_groups
        self.position = position(scheduler)
        self.reach = max(math.ceil(self.position), 0 if total is None else total - 1)
        self.courses = [self._course(index, total) for index in range(len(self.groups))]
        self.outputs = list(self.courses[0].outputs)
        lines = [{output: line(chain, style) for output, chain in one.outputs.items()} for one in self.courses]
        self.text = text(_of_groups(self.name, lines, self.groups))
        try:
            self.schedule = compile_text(self.text)
        except ScheduleError as error:
            raise self._no_schedule(error) from error
        self.seen = [self._seen(group) for group in self.groups]

    def _course(self, index: int, total: int | None) -> Course:
        found = course(self.scheduler, index)
        if found.grows and total is None:
            why = "it grows without end, and a lr that becomes infinite is none"
            raise refuse(self.name, why, "say how many steps the run has: `from_scheduler(scheduler, total=1000)`")
        ended = self.reach == found.over and (total is None or total <= found.over)
        found = found if ended else found.reaching(self.reach)
        if found.grows:
            assert total is not None
            if self.position > total:
                why = f"it has been stepped {float(self.position):g} times, and `total` is {total:_}"
                raise refuse(self.name, why, f"`total={math.ceil(self.position)}`, or as many steps as the run has")
            return found.ended(total)
        return found

    def _seen(self, group: Mapping[str, Any]) -> Schedule:
        return self.schedule.group(str(group["name"])) if self.schedule.patterns and "name" in group else self.schedule

    # --- beside the scheduler -----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises E409 where the text is not what the scheduler does."""
        chosen = self._different()
        steps = max(self._length(), math.floor(self.position))
        dense = min(steps, max(1, _WORK // (len(chosen) * len(self.outputs))))
        starts = [self._start(index) for index in chosen]
        replay = Replay(self.scheduler, chosen, starts)
        theirs = np.array(list(replay.rows(self.outputs, dense)))
        closed = Replay(self.scheduler, chosen, starts)
        peaks = np.abs(theirs).max(axis=0)
        self.drift = _drift(self.scheduler)
        self._compare(np.arange(dense + 1), theirs, closed, chosen, peaks)
        if steps > dense:
            places = np.unique(np.linspace(dense, steps, _PLACES).astype(np.int64))
            rows = [closed.closed(self.outputs, int(place)) for place in places]
            if all(row is not None for row in rows):
                self._compare(places, np.array(rows), closed, chosen, peaks)
        self._check_now(theirs, chosen, peaks)

    def _different(self) -> list[int]:
        """One group of each kind: those that start from the same lr with the same course have the same values."""
        found: dict[tuple[float, object], int] = {}
        for index in range(len(self.groups)):
            found.setdefault(self._kind(index), index)
        return list(found.values())

    def _length(self) -> int:
        """How many steps there are to look at."""
        return max(
            one.until if one.until is not None else max(_horizon(chain) for chain in one.outputs.values())
            for one in self.courses
        )

    def _start(self, index: int) -> float:
        """The lr that a group holds when the scheduler is built."""
        first = first_lr(self.groups[index])
        return self._ours(index, "lr", np.array([0.0]))[0] if self.name == "SWALR" else first

    def _ours(self, index: int, output: str, times: Any) -> Any:
        try:
            return self.seen[index][output](times, first_lr(self.groups[index]))
        except ScheduleError as error:
            raise self._no_schedule(error) from error

    def _no_schedule(self, error: ScheduleError) -> ScheduleError:
        return refuse(self.name, f"`{self.text}` is no schedule: {error.problems[0].message}")

    def _compare(self, times: Any, theirs: Any, closed: Replay, chosen: Sequence[int], peaks: Any) -> None:
        columns = [(index, output) for index in chosen for output in self.outputs]
        for column, (index, output) in enumerate(columns):
            until = self.courses[index].until
            due = times <= (math.inf if until is None else until)
            ours = self._ours(index, output, times.astype(np.float64))
            away = np.abs(ours - theirs[:, column]) * due
            if not (np.isfinite(theirs[:, column]) & (theirs[:, column] >= -_WITHIN * peaks[column]) | ~due).all():
                raise refuse(self.name, f"torch's own `{output}` is negative or no number at some step")
            for place in np.flatnonzero(away > _WITHIN * peaks[column]):
                row = (
                    closed.closed(self.outputs, int(times[place]))
                    if away[place] <= self.drift * peaks[column]
                    else None
                )
                if row is None or abs(ours[place] - row[column]) > _WITHIN * peaks[column]:
                    raise self._mismatch(int(times[place]), output, theirs[place, column], ours[place])

    def _mismatch(self, step: int, output: str, theirs: float, ours: float) -> ScheduleError:
        why = f"at step {step:_} its `{output}` is {float(theirs)!r}, and `{self.text}` has {float(ours)!r}"
        first = children(self.scheduler)[:1]
        if self.name == "SequentialLR" and first and kind(first[0]) == "ChainedScheduler":
            return refuse(
                self.name, why, "torch steps a `ChainedScheduler` that comes first once before the run begins"
            )
        return refuse(self.name, why)

    def _check_now(self, theirs: Any, chosen: Sequence[int], peaks: Any) -> None:
        """What the groups hold now is what the text has there."""
        at, kinds = float(self.position), [self._kind(index) for index in chosen]
        for index, group in enumerate(self.groups):
            first = kinds.index(self._kind(index)) * len(self.outputs)
            for column, output in enumerate(self.outputs, first):
                held = values([group], [output])[0]
                whole = at.is_integer() and at < len(theirs)
                until = self.courses[index].until
                over = whole and until is not None and at > until
                ours = theirs[int(at), column] if over else float(self._ours(index, output, np.array([at]))[0])
                away = abs(ours - held)
                drifted = not whole or abs(theirs[int(at), column] - held) <= _WITHIN * peaks[column]
                if away > (self.drift if drifted else self._allowed(group, output)) * max(peaks[column], abs(ours)):
                    why = f"at step {at:g} a group holds the {output} {held!r}, where its parameters make it {ours!r}"
                    advice = "something else has written it: give a scheduler that was not disturbed"
                    raise refuse(self.name, why, advice)

    def _kind(self, index: int) -> tuple[float, object]:
        """What decides the values of a group: the lr that it starts from, and its course."""
        return first_lr(self.groups[index]), tuple(self.courses[index].outputs.items())

    def _allowed(self, group: Mapping[str, Any], output: str) -> float:
        lr = group.get("lr")
        if output == "lr" and isinstance(lr, torch.Tensor) and lr.dtype != torch.float64:
            # Each step rounds to the Tensor's own digits.
            return float(torch.finfo(lr.dtype).eps) * (16 + float(self.position))
        return _WITHIN


def _drift(scheduler: Any) -> float:
    """How far torch's way from step to step may be from its closed form: a cosine that rises again divides by what is near 0."""
    lengths = [float(leaf.T_max) for leaf in leaves(scheduler) if kind(leaf) == "CosineAnnealingLR"]
    return max(_WITHIN, min(_DRIFTED, max((math.ulp(1.0) * length * length for length in lengths), default=0.0)))


def _horizon(chain: Chain) -> int:
    """How many steps of a chain are looked at: all and ten more, or of what never ends a thousand or three periods."""
    at = Fraction(0)
    for part in chain:
        length = lasts(part.phase) if part.length is None else part.length
        if length is None:
            return math.ceil(max(Fraction(_LEAST), at + _periods(part.phase)))
        at += length
    return math.ceil(at) + 10


def _periods(phase: Any) -> Fraction:
    match phase:
        case Cycle(shapes=shapes, stretch=stretch):
            return sum((shape.length for shape in shapes), Fraction(0)) * (1 + stretch + stretch * stretch)
        case Free(period=period):
            return 3 * period
        case Offset(of=of):
            return _periods(of)
        case Product(chains=chains):
            return max((Fraction(_horizon(one)) for one in chains), default=Fraction(0))
    return Fraction(0)


# --- groups ---------------------------------------------------------------------------------------------------------------


def _of_groups(name: str, lines: Sequence[Mapping[str, str]], groups: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The lines of a text: what most groups have is plain, and every other group has a line for its name."""
    found: dict[str, str] = {}
    for output in lines[0]:
        plain = Counter(one[output] for one in lines).most_common(1)[0][0]
        found[output] = plain
        others = [(group, one[output]) for group, one in zip(groups, lines, strict=True) if one[output] != plain]
        for group, own in others:
            found[f'{output}["{_name(name, group, groups)}"]'] = own
    return found


def _name(scheduler: str, group: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> str:
    name = group.get("name")
    if not isinstance(name, str) or not name or any(sign in name for sign in '*{}"\\\n'):
        why = "its groups differ in more than their lr, and one of them has no name to write a line for"
        raise refuse(scheduler, why, 'name each group: `{"params": ..., "lr": ..., "name": "head"}`')
    if sum(other.get("name") == name for other in groups) > 1:
        raise refuse(scheduler, f"two groups are called {name!r}", "give each group a name of its own")
    return name
