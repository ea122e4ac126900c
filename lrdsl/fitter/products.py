"""Cycles that rise and fall in lines, and shrink with every step: a product of two curves that move at once, as torch's
`CyclicLR(mode="exp_range")` is.

In: a curve that begins with such a cycle, two of them at least. Out: the shortest text of one, or nothing. Refuses other products.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..translator.words import number, steps
from .families import Floats
from .numbers import effort, simple
from .stretches import Curve
from .texts import Judge

_RATES = 6  # rates that are tried, and for each so many
_HEIGHTS = 3
_CERTAIN = 4.0  # standard deviations


def shrinking_cycles(curve: Curve, judge: Judge) -> str | None:
    """The shortest text `low + repeat(line up then line down) * exp(...)` that passes through a curve."""
    found = _cycle(curve)
    if found is None:
        return None
    period, top, k, sure = found
    body = f"repeat(linear({steps(top)}, from=0, to={{}}) then linear({steps(period - top)}))"
    wave = np.interp(np.mod(curve.t, period), [0.0, top, period], [0.0, 1.0, 0.0])
    low, slack = float(curve.y[0]), float(curve.slack[0])
    texts = []
    rates = [math.exp(-one) for one in (k + sure, k - sure, k)]
    for factor in simple(rates[0], rates[1], rates[2], _RATES)[:_RATES]:
        for level, height in _levels(curve, wave * factor**curve.t, (low - slack, low + slack, low)):
            product = f"{body.format(number(height))} * exp(max=1, factor={number(factor)}, per=1)"
            texts.append(f"{number(level)} + {product}" if level else product)
    return next((text for text in sorted(texts, key=effort) if judge.passes(text)), None)


def _cycle(curve: Curve) -> tuple[float, float, float, float] | None:
    """The period, the time of the top, the rate at which cycles shrink, and how sure that is; None where there are no two."""
    above = curve.y - curve.y[0]
    valleys = np.flatnonzero(np.abs(above) <= 2 * curve.slack + curve.slack[0])
    # What has shrunk to nothing is a valley all along: the first beside the beginning tells the period.
    later = valleys[curve.t[valleys] > curve.t[np.argmax(above)]] if len(valleys) else valleys
    if curve.t[0] != 0 or len(later) == 0 or above.min() < -3 * curve.slack.max():
        return None
    period = float(curve.t[later[0]])
    local = np.mod(curve.t, period)
    first = np.searchsorted(curve.t, period)
    if first < 4 or curve.t[-1] < 2 * period or not np.all(np.abs(above[local == 0]) <= 3 * curve.slack[local == 0]):
        return None
    rate = _shrinking(curve, above, local, int(first))
    if rate is None:
        return None
    k, sure = rate
    straight = above[:first] * np.exp(k * curve.t[:first])
    return period, float(curve.t[np.argmax(straight)]), k, sure


def _shrinking(curve: Curve, above: Floats, local: Floats, first: int) -> tuple[float, float] | None:
    """The rate at which points of later cycles are lower than those of the first at the same time within it."""
    at = np.minimum(np.searchsorted(curve.t[:first], local), first - 1)
    pairs: NDArray[np.intp] = np.flatnonzero(
        (np.arange(len(curve)) >= first) & (curve.t[at] == local) & (above > 20 * curve.slack) & (above[at] > 0)
    )
    if len(pairs) < 4:
        return None
    since = curve.t[pairs] - local[pairs]
    fallen = np.log(above[at[pairs]] / above[pairs])
    doubt = (curve.slack[pairs] + curve.slack[0]) / above[pairs]
    doubt += (curve.slack[at[pairs]] + curve.slack[0]) / above[at[pairs]]
    weight = (since / doubt) ** 2
    k = float(np.sum(weight * fallen / since) / np.sum(weight))
    if k <= 0 or np.any(np.abs(fallen - k * since) > _CERTAIN * doubt):
        return None
    return k, float(np.min(doubt / since))


def _levels(curve: Curve, shape: Floats, lows: tuple[float, float, float]) -> Iterator[tuple[float, float]]:
    """The levels that cycles may rise from and the heights that they may have, for what they are shaped like."""
    told = np.flatnonzero(shape > 1e-6 * shape.max())
    for level in simple(*lows, 3)[:3]:
        above, slack = curve.y[told] - level, curve.slack[told]
        low, high = np.max((above - slack) / shape[told]), np.min((above + slack) / shape[told])
        if low <= high:
            heights = simple(float(low), float(high), float(low + high) / 2)
            yield from itertools.product([level], heights[:_HEIGHTS])
