"""From a logged curve to the shortest text that reproduces it.

    tables.py     tables as trainers and trackers write them
    logs.py       steps and values of a table, and how exact they are
    families.py   the laws that a stretch may follow
    stretches.py  where one law ends and the next begins
    phases.py     the laws as phases with unknown numbers
    chain.py      phases on a curve, and attempts at them
    joiner.py     phases joined, and their numbers settled
    numbers.py    the numbers that a person would have written
    phrases.py    the ways to write a phase
    texts.py      the shortest text
    products.py   cycles that shrink with every step

In: a log. Out: a text with its schedule, and the largest deviation. Refuses to guess: what does not pass through every point to the
precision of the log is no fit, and says so.
"""

from __future__ import annotations

import math

import numpy as np

from ..diagnostic import ScheduleError
from ..records import frozen, replace
from ..schedule import Schedule
from ..translator.words import number, steps
from .chain import Chain
from .joiner import join
from .logs import SINGLE, Log, read
from .numbers import effort, longest_number
from .phases import phases_of
from .phrases import counted
from .products import shrinking_cycles
from .stretches import Curve, Stretch, sharpened, stretches, thinned
from .tables import decoded
from .texts import Judge, schedule_of, shortest

__all__ = ["Fit", "Log", "decoded", "fit", "read"]

_THIN = 20_000  # points; of a longer log so many tell as much
_ODD = 8  # digits, that no person writes
_GLANCES = 250  # at stretches, for what is no more than near
_FEW = 7  # stretches: so many are looked at first, for a curve may only go on in the same way


@frozen
class Fit:
    """A text, whether it reproduces the log, the largest deviation and the time of it, and how many steps later the log counts."""

    text: str
    good: bool
    deviation: float
    at: float
    offset: int
    precision: str = ""

    @property
    def schedule(self) -> Schedule:
        return schedule_of(self.text)


def fit(log: Log) -> Fit:
    """The shortest text that reproduces a log to its precision, or the best that was found."""
    found = _found(log)
    if not any(one.good for one in found) and log.rounded:
        # What a library computes in float32 is no surer than that, however few digits a log keeps of it.
        top = float(np.max(np.abs(log.y)))
        loose = replace(log, slack=log.slack + SINGLE * top, precision=f"{log.precision} of a float32")
        found += _found(loose)
    if not any(one.good for one in found):
        curve = Curve(log.t, log.y, log.slack)
        found.append(replace(judged(_rough(thinned(curve, _THIN)), curve, 0), precision=log.precision))
    return _in_unit(min(found, key=_rank), log)


def _in_unit(found: Fit, log: Log) -> Fit:
    """The same text with times in what the log counts."""
    if log.unit == "steps":
        return found
    curve = Curve(log.t - found.offset, log.y, log.slack)
    said = replace(judged(counted(found.text, log.unit), curve, found.offset), precision=found.precision)
    return said if abs(said.deviation - found.deviation) <= 1e-9 * float(np.max(log.y)) else found


def _rank(one: Fit) -> tuple[bool, float, int]:
    return not one.good, effort(one.text) if one.good else one.deviation, one.offset


def _found(log: Log) -> list[Fit]:
    """With steps as they are counted, and counted from 1."""
    offsets = [0]
    if log.t[0] >= 1 and float(log.t[0]).is_integer():
        # Logs that count updates from 1 hold at n what update n - 1 used.
        offsets.append(1)
    found = [_fit(log, offset) for offset in offsets]
    return [one for one in found if one is not None]


def _fit(log: Log, offset: int) -> Fit | None:
    curve = Curve(log.t - offset, log.y, log.slack)
    few = thinned(curve, _THIN)
    text = _best(few)
    found = None if text is None else judged(text, curve, offset)
    if (found is None or not found.good) and len(few) < len(curve):
        text = _best(curve)  # what was left out has something to say
        found = None if text is None else judged(text, curve, offset)
    return None if found is None or math.isinf(found.deviation) else replace(found, precision=log.precision)


def _best(curve: Curve) -> str | None:
    judge = Judge(curve)
    product = shrinking_cycles(curve, judge)
    if product is not None:
        return product  # phase by phase it would be an arc of its own for every half of a cycle
    candidates = [text for text in (_whole(curve), _stairs(curve)) if text is not None]
    return min(candidates, key=lambda one: (not judge.passes(one), effort(one)), default=None)


def judged(text: str, curve: Curve, offset: int) -> Fit:
    """A text and how far it is from every point of a curve."""
    try:
        missed = np.abs(schedule_of(text)(np.maximum(curve.t, 0.0)) - curve.y)
    except ScheduleError:  # found by numbers alone, such as a growth without an end
        return Fit(text, False, math.inf, math.nan, offset)
    worst = int(np.argmax(missed / curve.slack))
    good = bool(missed[worst] <= curve.slack[worst] * (1 + 1e-9))
    where = int(np.argmax(missed))
    return Fit(text, good, float(missed[where]), float(curve.t[where] + offset), offset)


def _whole(curve: Curve) -> str | None:
    coarse = _coarse(curve)
    found = stretches(coarse, _FEW)
    if len(found) >= _FEW and found[-1].last + 1 < len(curve):
        first = found[-1].last + 1
        text = _text(Curve(curve.t[:first], curve.y[:first], curve.slack[:first]), found)
        if Judge(curve).passes(text):
            return text
        found = stretches(coarse)
    numbers = sum(stretch.law.family.size for stretch in found)
    if found[-1].last + 1 < len(curve) or numbers > max(len(curve) / 3, 6):
        return None  # what takes a number for every few points explains none of them
    return _text(curve, found)


def _rough(curve: Curve) -> str:
    """A text of few phases that comes near a curve that no text follows: the nearer the better, as long as it stays simple."""
    few = np.unique(np.linspace(0, len(curve) - 1, 200).astype(int))
    top = float(np.max(np.abs(curve.y))) or 1.0
    best = number(float(f"{np.mean(curve.y):.3g}"))
    for share in (0.3, 0.1, 0.03, 0.01, 1e-3):
        wide = Curve(curve.t[few], curve.y[few], np.maximum(curve.slack[few], share * top))
        found = stretches(wide, looks=_GLANCES)
        if found[-1].last + 1 < len(wide) or len(found) > max(2, len(few) // 12):
            break
        text = _text(wide, found)
        if Judge(wide).missed(text) < math.inf:
            best = text
    return best


def _text(curve: Curve, found: list[Stretch]) -> str:
    laws, judge = sharpened(curve, found), Judge(curve)
    texts: list[str] = []
    for tied in (True, False):
        chain = Chain(curve, phases_of(curve, laws))
        join(chain, tied)
        texts.append(shortest(chain.phases, curve))
        # Laws that leap a little between two logged steps meet there too, but at no time that a person would have written.
        if len(found) == 1 or (judge.passes(texts[0]) and longest_number(texts[0]) < _ODD):
            break
    return min(texts, key=lambda one: (not judge.passes(one), effort(one)))


def _coarse(curve: Curve) -> Curve:
    """The curve as a log of five digits has it: where laws end is seen well enough, and short arcs are no riddles."""
    top = float(np.max(np.abs(curve.y)))
    rough = np.maximum(1e-5 * np.abs(curve.y), 1e-8 * top)
    return Curve(curve.t, curve.y, 1.5 * np.maximum(curve.slack, rough))


def _stairs(curve: Curve) -> str | None:
    """A curve that stands still for a whole period each time: what it is at their beginnings, sampled."""
    moves = np.flatnonzero(np.abs(np.diff(curve.y)) > curve.slack[1:]) + 1
    if len(moves) < 4 or len(moves) > len(curve) / 2:
        return None
    begins = curve.t[moves]
    periods = np.diff(begins)
    period = float(np.min(periods))
    whole = periods / period
    # Several points of each step must be there, or it is only that few were logged.
    if (
        period < 2 * float(np.median(np.diff(curve.t)))
        or not np.allclose(whole, np.round(whole))
        or begins[0] % period != 0
    ):
        return None
    chosen = np.concatenate([[0], moves])
    sampled = Curve(curve.t[chosen], curve.y[chosen], curve.slack[chosen])
    if sampled.t[0] != 0:
        return None
    text = _whole(sampled)
    return None if text is None else f"{text} every {steps(period)}"
