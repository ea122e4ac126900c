"""Where one law of a curve ends and the next begins.

In: the points of a curve and how far each may be missed. Out: stretches, each with a law that passes through all of its points;
of all ways to cut the curve the one that takes the fewest free numbers. Refuses to know what a person would call them.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..records import field, frozen, slotted
from .families import CONSTANT, FAMILIES, Family, Floats, Law, fit

_FITTED = 64  # points of a stretch that a law is fitted to
_BREAK = 1.5  # free numbers that a cut counts for
_LEAP = 30  # times as steep as the steepest of its neighbours: no slope, but a leap
_PASSED = 2.0  # times the slack: so far a point is missed that is no law's
_PAID = 14.0  # numbers, from which on they must have explained something
_LOOKS = 1500  # at stretches, before a curve is given up


@frozen
class Stretch:
    """The points from `first` to `last`, both included, and their law."""

    first: int
    last: int
    law: Law


@slotted
class Curve:
    """The points of a log: strictly rising times, values, and how far each may be missed."""

    t: Floats
    y: Floats
    slack: Floats
    tried: dict[int, list[Stretch]] = field(default_factory=dict)
    looks: int = 0  # at stretches, so far
    leaps: NDArray[np.int64] | None = None  # the points behind which the curve leaps, and the last one

    def __len__(self) -> int:
        return len(self.t)

    def reach(self, first: int) -> int:
        """How many points there are up to the next leap, which no law crosses."""
        if self.leaps is None:
            slopes = np.abs(np.diff(self.y) / np.diff(self.t))
            padded = np.pad(slopes, 2)
            around = np.max([padded[offset : offset + len(slopes)] for offset in (0, 1, 3, 4)], axis=0)
            sure = np.abs(np.diff(self.y)) > 8 * (self.slack[1:] + self.slack[:-1])
            found = np.flatnonzero((slopes > _LEAP * around) & sure & (len(slopes) > 4))
            self.leaps = np.append(found, len(self) - 1)
        return int(self.leaps[np.searchsorted(self.leaps, first)]) - first + 1


def stretches(curve: Curve, enough: int | None = None, looks: int = _LOOKS) -> list[Stretch]:
    """The cheapest way to cut a curve into stretches of one law each; its beginning, where there are `enough` of them, or where
    so many looks have found no more."""
    cost = {0: 0.0}
    came: dict[int, tuple[int, Stretch]] = {}
    count = {0: 0}
    queue = [(0.0, 0)]
    seen: set[int] = set()
    furthest = 0
    while queue:
        paid, first = heapq.heappop(queue)
        if first in seen:
            continue
        seen.add(first)
        # Who is further for less needs no company: what passes through more points passes through fewer.
        if first < furthest:
            continue
        furthest = first
        if paid > _PAID and first < 2 * paid:
            break  # a number for every two points: that is noise
        if first == len(curve) or curve.looks > looks or count[first] == enough:
            break
        for stretch in longest(curve, first):
            # A law with more numbers than points explains nothing.
            family = stretch.law.family
            price = paid + min(family.size, stretch.last - first + 1) + family.rare + _BREAK
            then = stretch.last + 1
            if price < cost.get(then, np.inf):
                cost[then], came[then], count[then] = price, (first, stretch), count[first] + 1
                heapq.heappush(queue, (price, then))
    end = furthest
    found: list[Stretch] = []
    while end:
        end, stretch = came[end]
        found.append(stretch)
    return found[::-1]


def longest(curve: Curve, first: int) -> list[Stretch]:
    """For each family the longest stretch from a point on, without those that a simpler family outdoes."""
    if first not in curve.tried:
        found = [Stretch(first, first, fit(CONSTANT, *points(curve, first, first)))]
        for family in FAMILIES:
            stretch = _longer(curve, first, family, found[-1].last - first + 1)
            if stretch is not None:
                found.append(stretch)
            if found[-1].last - first + 1 == curve.reach(first):
                break
        curve.tried[first] = found
    return curve.tried[first]


def _longer(curve: Curve, first: int, family: Family, good: int) -> Stretch | None:
    """The longest stretch of a family if it has more points than `good`: doubled until it fails, then halved.

    A law that passes through points passes through fewer of them, so one look tells most families that they are outdone.
    """
    most = curve.reach(first)
    size, bad = max(good + 1, family.size), most + 1
    law: Law | None = None
    while size <= most:
        found = through(curve, first, first + size - 1, family, law)
        if found is None:
            bad = size
            break
        good, law = size, found
        if size == most:
            break
        size = min(2 * size, most)
    while law is not None and bad - good > 1:
        size = (good + bad) // 2
        found = through(curve, first, first + size - 1, family, law)
        if found is None:
            bad = size
        else:
            good, law = size, found
    return None if law is None else Stretch(first, first + good - 1, law)


def points(curve: Curve, first: int, last: int, most: int = _FITTED) -> tuple[Floats, Floats, Floats]:
    """The points of a stretch, thinned out evenly where there are many."""
    if last - first + 1 <= most:
        chosen = np.arange(first, last + 1)
    else:
        chosen = np.unique(np.linspace(first, last, most).round().astype(int))
    return curve.t[chosen], curve.y[chosen], curve.slack[chosen]


def through(curve: Curve, first: int, last: int, family: Family, start: Law | None = None) -> Law | None:
    """The law of a family that passes through all points of a stretch."""
    curve.looks += 1
    few = points(curve, first, last)
    for seed in (start, None) if start is not None else (None,):
        law = fit(family, *few, seed)
        if not _passes(law, *few):
            continue
        t, y, slack = (column[first : last + 1] for column in (curve.t, curve.y, curve.slack))
        if _passes(law, t, y, slack):
            return law
        # What was left out may want a little more of it than the points in between.
        law = fit(family, *points(curve, first, last, 8 * _FITTED), law)
        if _passes(law, t, y, slack):
            return law
    return None


def _passes(law: Law, t: Floats, y: Floats, slack: Floats) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.max(np.abs(law(t) - y) / slack) <= 1)


def sharpened(curve: Curve, found: Sequence[Stretch]) -> list[Stretch]:
    """The same stretches with laws as sharp as the log, and cuts where these end: a few points may be in the wrong one."""
    laws = []
    for stretch in found:
        size = stretch.last - stretch.first + 1
        less = min(size // 20 + 1, 40) if size > 4 * stretch.law.family.size + 8 else 0
        inner = points(curve, stretch.first + (less if stretch.first else 0), stretch.last - less)
        laws.append(fit(stretch.law.family, *inner, stretch.law))
    cuts = [stretch.first for stretch in found]
    for index in range(1, len(found)):
        low, high = max(cuts[index] - 60, cuts[index - 1] + 1), min(cuts[index] + 60, found[index].last)
        around = np.arange(low, high)
        with np.errstate(all="ignore"):
            missed = [
                np.abs(law(curve.t[around]) - curve.y[around]) / curve.slack[around]
                for law in laws[index - 1 : index + 1]
            ]
        # Cut where the points before follow the law before, and those behind the one behind, as well as they can.
        over = [np.clip(np.nan_to_num(one, nan=_PASSED) - 1, 0, _PASSED) for one in missed]
        both = np.concatenate([[0], np.cumsum(over[0])]) + np.concatenate([np.cumsum(over[1][::-1])[::-1], [0]])
        best = np.flatnonzero(both <= both.min() + 1e-9) + low
        cuts[index] = int(best[np.argmin(np.abs(best - cuts[index]))])
    ends = [*(cut - 1 for cut in cuts[1:]), found[-1].last]
    return [Stretch(first, last, law) for first, last, law in zip(cuts, ends, laws, strict=True)]


def thinned(curve: Curve, most: int) -> Curve:
    """A curve with fewer points: evenly spread ones, all around leaps, and those where it bends most."""
    if len(curve) <= most:
        return curve
    curve.reach(0)
    leaps = curve.leaps if curve.leaps is not None else np.array([len(curve) - 1])
    near = np.concatenate([leaps[: most // 8] + offset for offset in range(-1, 3)])
    bends = np.argsort(-np.abs(np.diff(curve.y, 2)))[: most // 8] + 1
    spread = np.linspace(0, len(curve) - 1, most // 2).round().astype(int)
    chosen = np.unique(np.clip(np.concatenate([near, bends, spread]), 0, len(curve) - 1))
    return Curve(curve.t[chosen], curve.y[chosen], curve.slack[chosen])
