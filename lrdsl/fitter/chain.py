"""A chain of phases on a curve, and attempts at it.

In: phases that stand each by itself. Out: the same phases, some of their numbers tied or set. A change is an attempt: what is left
is fitted again, and where the chain then misses a point the change is undone. Refuses to know which changes are worth trying.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..records import slotted
from .families import Floats
from .phases import Phase, Unknown, values
from .stretches import Curve

_LIMIT = 1.8  # times the slack: least squares minds the mean deviation, and the largest can be brought down from there
_WORST = 240  # points that the largest deviation is brought down at
_ROUNDS = 5  # of linear programs, for slopes change on the way
_BETTER = 0.97  # of the deviation before: a round that gains less is the last
_STEP = 1e-7  # of a number's scale, by which slopes are measured
_SPREAD = 40  # points of a phase
_FAR = 20.0  # times the slack, that a number may move what it has a say in
_POINTS = 40  # of a phase, for a fit
_REACH = 4  # phases on either side that are fitted together with one


@slotted
class Chain:
    """The phases of a curve, and attempts at them."""

    curve: Curve
    phases: list[Phase]

    # --- fitting ------------------------------------------------------------------------------------------------------

    def window(self, index: int) -> tuple[int, int]:
        """The phases that a change of one may touch: those that it is tied to, and their neighbours."""
        first = last = index
        while first > 0 and index - first < _REACH and self.phases[first].start is None:
            first -= 1
        while last + 1 < len(self.phases) and last - index < _REACH and self.phases[last + 1].start is None:
            last += 1
        return first, last

    def _range(self, first: int, last: int) -> tuple[int, int]:
        t = self.curve.t
        while last + 1 < len(self.phases) and self.phases[last + 1].start is None:
            last += 1
        low = int(np.searchsorted(t, self.phases[first].begin.value)) if first else 0
        high = len(t) if last == len(self.phases) - 1 else int(np.searchsorted(t, self.phases[last].end.value))
        return low, max(high, low + 1)

    def missed(self, first: int, last: int, thin: bool = False, reach: tuple[int, int] | None = None) -> Floats:
        """How far the chain misses the points of some phases, or of a range, in units of their slack."""
        low, high = self._range(first, last) if reach is None else reach
        chosen = np.arange(low, high)
        most = _POINTS * (last - first + 1)
        if thin and len(chosen) > 2 * most:
            edges = [self.curve.t[high - 1], *(phase.begin.value for phase in self.phases[first : last + 1])]
            near = [np.searchsorted(self.curve.t, edge) + np.arange(-4, 5) for edge in edges]
            spread = [np.linspace(low, high - 1, most).round().astype(int)]
            chosen = np.unique(np.clip(np.concatenate([*near, *spread]), low, high - 1))
        t, y, slack = self.curve.t[chosen], self.curve.y[chosen], self.curve.slack[chosen]
        behind = min(len(self.phases), last + 3)
        found: Floats = (values(self.phases[first:behind], t, self.before(first)) - y) / slack
        return np.nan_to_num(found, nan=1e9, posinf=1e9, neginf=-1e9)

    def before(self, first: int) -> float:
        if first == 0 or self.phases[first].start is not None:
            return 0.0
        back = first - 1
        while back > 0 and self.phases[back].start is None:
            back -= 1
        before = 0.0
        for phase in self.phases[back:first]:
            before = float(phase.at(np.array([phase.end.value]), before)[0])
        return before

    def passes(self, first: int, last: int) -> bool:
        """Whether some phases pass through all of their points."""
        return bool(np.abs(self.missed(first, last)).max() <= 1 + 1e-9)

    def _evened(self, first: int, last: int) -> bool:
        """Bring the largest deviation down to where phases pass, if it can be: by linear programs of the points that miss most."""
        unknown = self.unknowns(first, last)
        kept = [one.value for one in unknown]
        reach = self._range(first, last)  # a phase that ends a little later has no other points for that
        missed = self.missed(first, last)
        if unknown and np.abs(missed).max() <= _LIMIT:
            mine = self._told(first, last, reach)
            for _ in range(_ROUNDS):
                if np.abs(missed).max() <= 1 + 1e-9:
                    break
                mine = np.union1d(mine, np.argsort(-np.abs(missed))[:_WORST])
                slope, units = self._slopes(first, last, unknown, missed[mine], (reach, mine))
                sides = np.concatenate([-missed[mine], missed[mine]])
                least = np.append(np.zeros(len(unknown)), 1.0)
                change = _program(least, np.hstack([slope, -np.ones((len(slope), 1))]), sides)
                # Where a point changes its phase slopes are others then: less is better, if it is not enough.
                if change is None or change[-1] > max(1 + 1e-9, _BETTER * float(np.abs(missed).max())):
                    break
                for one, by, unit in zip(unknown, change, units, strict=False):
                    one.value += float(by) * unit * one.scale
                missed = self.missed(first, last, reach=reach)
        if self.passes(first, last):
            return True
        for one, value in zip(unknown, kept, strict=True):
            one.value = value
        return False

    def span(self, one: Unknown, first: int, last: int) -> tuple[float, float] | None:
        """From where to where a number may be moved if the others may move with it, as far as slopes tell."""
        unknown = self.unknowns(first, last)
        if one not in unknown or not self._evened(first, last):
            return None
        reach = self._range(first, last)
        missed = self.missed(first, last)
        mine = np.union1d(self._told(first, last, reach), np.argsort(-np.abs(missed))[:_WORST])
        slope, units = self._slopes(first, last, unknown, missed[mine], (reach, mine))
        sides = 1 + 1e-9 + np.concatenate([-missed[mine], missed[mine]])
        place = unknown.index(one)
        goal = np.zeros(len(unknown))
        ends = []
        for sign in (1.0, -1.0):
            goal[place] = sign
            change = _program(goal, slope, sides)
            if change is None:
                return None
            ends.append(one.value + float(change[place]) * units[place] * one.scale)
        return ends[0], ends[1]

    def _told(self, first: int, last: int, reach: tuple[int, int]) -> NDArray[np.intp]:
        """Some points of every phase, so that no number moves unseen."""
        low, high = reach
        ends = np.searchsorted(self.curve.t[low:high], [phase.end.value for phase in self.phases[first:last]])
        edges = [0, *ends.tolist(), high - low]
        spread = [np.linspace(a, b - 1, _SPREAD).round().astype(np.intp) for a, b in pairwise(edges) if b > a]
        return np.unique(np.concatenate(spread))

    def _slopes(
        self,
        first: int,
        last: int,
        unknown: Sequence[Unknown],
        missed: Floats,
        where: tuple[tuple[int, int], NDArray[np.intp]],
    ) -> tuple[Floats, Floats]:
        """What points make of a change of each number, upwards and downwards, in units that move the most moved by 1."""
        slopes, (reach, mine) = [], where
        for one in unknown:
            value = one.value
            one.value = value + _STEP * one.scale
            slopes.append((self.missed(first, last, reach=reach)[mine] - missed) / _STEP)
            one.value = value
        slope = np.stack(slopes, axis=-1)
        units = 1 / (np.abs(slope).max(axis=0) + 1e-12)
        return np.vstack([slope * units, -slope * units]), units

    def unknowns(self, first: int, last: int) -> list[Unknown]:
        # Where a phase ends in a leap its end is its own; where the next one goes on from it, that has a say.
        tied = last + 1 < len(self.phases) and self.phases[last + 1].start is None
        outer = {self.phases[first].begin} | ({self.phases[last].end} if tied else set())
        many = [one for phase in self.phases[first : last + 1] for one in phase.unknowns() if one not in outer]
        return list(dict.fromkeys(many))

    def fit(self, first: int, last: int) -> dict[Unknown, float]:
        """Fit what is unknown in some phases; returns how sure each number then is."""
        from scipy.optimize import least_squares

        unknown = self.unknowns(first, last)
        if not unknown:
            return {}

        def missed(x: Floats) -> Floats:
            for one, value in zip(unknown, x, strict=True):
                one.value = float(value) * one.scale
            return np.concatenate([self.missed(first, last, thin=True), self._disorder(first, last)])

        begin = np.array([one.value / one.scale for one in unknown])
        size = len(missed(begin))

        def sized(x: Floats) -> Floats:
            found = missed(x)
            return found[:size] if len(found) >= size else np.pad(found, (0, size - len(found)))

        method = "lm" if size >= len(unknown) else "trf"
        found = least_squares(
            sized, begin, method=method, x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=60 * len(unknown)
        )
        missed(found.x)
        spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv(found.jac.T @ found.jac)), 0))
        return {one: float(width) * one.scale for one, width in zip(unknown, spread, strict=True)}

    def _disorder(self, first: int, last: int) -> Floats:
        """Phases that would end before they begin."""
        phases = self.phases[first : last + 1]
        lengths = [phase.end.value - phase.begin.value for phase in phases]
        planned = [1.0 if phase.length is None else phase.length.value for phase in phases]
        return np.array([1e6 * max(0.0, -length) for length in (*lengths, *planned)])

    # --- attempts -----------------------------------------------------------------------------------------------------

    def attempt(self, index: int, change: Callable[[], None], window: tuple[int, int] | None = None) -> bool:
        """Make a change at a phase, fit what is left, and keep it if the chain passes through every point all the same."""
        first, last = self.window(index) if window is None else window
        undo = self._undo(first, last)
        change()
        if self.passes(first, last):
            return True
        self.fit(first, last)
        if self._evened(first, last) and not self._disorder(first, last).any():
            return True
        undo()
        return False

    @contextlib.contextmanager
    def undone(self, index: int) -> Iterator[None]:
        """Whatever is tried at a phase is undone at the end."""
        undo = self._undo(*self.window(index))
        yield
        undo()

    def _undo(self, first: int, last: int) -> Callable[[], None]:
        around = self.phases[max(first - 1, 0) : last + 2]
        kept = [(one, one.start, one.stop, dict(one.numbers), one.length, one.early) for one in around]
        held = [(one, one.value, one.known) for phase in around for one in _all(phase)]

        def undo() -> None:
            for phase, start, stop, numbers, length, early in kept:
                phase.start, phase.stop, phase.numbers, phase.length, phase.early = start, stop, numbers, length, early
            for one, value, known in held:
                one.value, one.known = value, known

        return undo

    def settle(self, one: Unknown, index: int, candidates: Sequence[float]) -> bool:
        """Set a number to the first of some candidates that will do."""

        def change(value: float) -> Callable[[], None]:
            def do() -> None:
                one.value, one.known = value, True

            return do

        return any(self.attempt(index, change(value)) for value in candidates)


def _program(goal: Floats, rows: Floats, sides: Floats) -> Floats | None:
    """The change that makes a goal least under what points allow; None where there is none."""
    from scipy.optimize import linprog

    found = linprog(goal, A_ub=rows, b_ub=sides, bounds=(-_FAR, _FAR))
    change: Floats | None = found.x if found.status == 0 else None
    return change


def _all(phase: Phase) -> list[Unknown]:
    many = (phase.begin, phase.end, phase.start, phase.stop, phase.length, phase.early, *phase.numbers.values())
    return [one for one in many if one is not None]
