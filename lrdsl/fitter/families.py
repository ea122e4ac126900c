"""The laws that a stretch of a curve may follow, each fitted to points by itself.

In: times and values of a stretch, and how far each value may be missed. Out: the law that passes through all of them, if it does.
A law is a sum of a few basis curves with free weights; what cannot be a weight (a rate, a pole, an exponent) is searched on a
grid and then refined. Refuses to know what a person would call it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..records import frozen, replace

Floats = NDArray[np.float64]


@frozen
class Family:
    """A kind of law: its basis at times scaled to the stretch, and where the search for its shape begins."""

    name: str
    size: int  # of free numbers
    basis: Callable[[Floats, Floats], Floats]  # times (n), shapes (g, s) -> (g, n, weights)
    grid: Floats  # (g, s)
    rare: float = 0.0  # free numbers that it counts for beside its own, for what hardly anybody uses
    bounds: tuple[tuple[float, float], ...] = ()  # of the shape: beyond them it is no law, but a jump in disguise


@frozen
class Law:
    """A fitted law: `weights` of its basis in times `(t - origin) / span`."""

    family: Family
    origin: float
    span: float
    shape: tuple[float, ...]
    weights: tuple[float, ...]

    def __call__(self, t: Floats) -> Floats:
        x = (np.asarray(t, np.float64) - self.origin) / self.span
        found: Floats = self.family.basis(x, np.array([self.shape]))[0] @ np.array(self.weights)
        return found


def _stack(*columns: Floats) -> Floats:
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def _one(x: Floats, s: Floats) -> Floats:
    return np.ones((len(s), len(x), 1))


def _line(x: Floats, s: Floats) -> Floats:
    return np.repeat(_stack(np.ones_like(x), x)[None], len(s), axis=0)


def _exponential(x: Floats, s: Floats) -> Floats:
    return _stack(np.exp(-s[:, :1] * x))


def _raised_exponential(x: Floats, s: Floats) -> Floats:
    return _stack(np.ones_like(s[:, :1] * x), np.exp(-s[:, :1] * x))


def _wave(x: Floats, s: Floats) -> Floats:
    angle = s[:, :1] * x
    return _stack(np.ones_like(angle), np.cos(angle), np.sin(angle))


def _distance(x: Floats, s: Floats) -> Floats:
    """How far each time is from the pole; one before the stretch counts to the right, one behind it to the left."""
    return np.maximum(np.where(s[:, :1] < 0.5, x - s[:, :1], s[:, :1] - x), 1e-12)


def _power(x: Floats, s: Floats) -> Floats:
    return _stack(_distance(x, s) ** s[:, 1:2])


def _raised_power(x: Floats, s: Floats) -> Floats:
    power = _distance(x, s) ** s[:, 1:2]
    return _stack(np.ones_like(power), power)


def _tanh(x: Floats, s: Floats) -> Floats:
    found = np.tanh(s[:, :1] * (x - s[:, 1:2]))
    return _stack(np.ones_like(found), found)


def _pairs(first: Any, second: Any) -> Floats:
    return np.array([(a, b) for a in first for b in second])


_RATES = np.array([[sign * rate] for rate in np.geomspace(0.01, 60, 40) for sign in (1, -1)])
_POLES = [side for d in (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0) for side in (-d, 1 + d)]
_NONE = np.zeros((1, 0))

# From the simplest to the most flexible.
CONSTANT = Family("constant", 1, _one, _NONE)
LINE = Family("line", 2, _line, _NONE)
EXPONENTIAL = Family("exponential", 2, _exponential, _RATES, bounds=((-80, 80),))
POWER = Family(
    "power",
    3,
    _power,
    _pairs([-d for d in (0.001, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)], (-0.5, -1.0, -0.25, -2.0)),
    bounds=((-1e3, 0), (-4, 0)),
)
RAISED_EXPONENTIAL = Family("raised exponential", 3, _raised_exponential, _RATES, bounds=((-80, 80),))
WAVE = Family("wave", 4, _wave, math.pi * np.geomspace(0.12, 14, 56)[:, None], bounds=((0.15, 60),))
RAISED_POWER = Family(
    "raised power",
    4,
    _raised_power,
    _pairs(_POLES, (0.5, 2.0, 3.0, 1.4, 1.5, 0.25, -1.0, 4.0, 0.75)),
    bounds=((-1e3, 1e3), (-4, 9)),
)
TANH = Family("tanh", 4, _tanh, _pairs((2.0, 4.0, 6.0, 10.0, 16.0), np.linspace(0, 1.2, 9)), 2.0, ((0.2, 40), (-2, 3)))
FAMILIES = (CONSTANT, LINE, EXPONENTIAL, POWER, RAISED_EXPONENTIAL, WAVE, RAISED_POWER, TANH)

_HOPELESS = 1e3  # times the slack: no other seed will do
_SEEDS = 3  # of the grid's best places, tried in turn


def fit(family: Family, t: Floats, y: Floats, slack: Floats, start: Law | None = None) -> Law:
    """The law of a family that comes nearest to points, in units of their slack; refined from `start`, or from the grid."""
    origin, span = float(t[0]), float(max(t[-1] - t[0], 1.0))
    x = (t - origin) / span
    if not family.grid.shape[1]:
        return _law(family, origin, span, (), x, y, slack)
    if family is WAVE:
        # Waves faster than the points tell apart look like slow ones.
        family = replace(WAVE, bounds=((WAVE.bounds[0][0], min(WAVE.bounds[0][1], 0.75 * math.pi * (len(x) - 1))),))
    seeds = _seeds(family, x, y, slack) if start is None else [_carried(start, origin, span)]
    best: Law | None = None
    worst = math.inf
    for seed in seeds:
        shape = _refined(family, seed, x, y, slack)
        law = _law(family, origin, span, tuple(shape.tolist()), x, y, slack)
        missed = float(np.max(np.abs(law(t) - y) / slack))
        if not missed >= worst:
            best, worst = law, missed
        if worst <= 1 or worst > _HOPELESS:
            break
    return best or _law(family, origin, span, tuple(seeds[0].tolist()), x, y, slack)


def _seeds(family: Family, x: Floats, y: Floats, slack: Floats) -> list[Floats]:
    """The best places of the grid."""
    few = np.unique(np.linspace(0, len(x) - 1, 40).astype(int))
    grid = np.array([one for one in family.grid if _lawful(family, one)]).reshape(-1, family.grid.shape[1])
    if not len(grid):
        return [family.grid[0]]
    w = 1 / slack[few]
    basis = family.basis(x[few], grid) * w[None, :, None]
    wanted = y[few] * w
    scale = np.sqrt(np.einsum("gnk,gnk->gk", basis, basis)) + 1e-300
    basis = basis / scale[:, None, :]
    normal = np.einsum("gnk,gnl->gkl", basis, basis) + 1e-13 * np.eye(basis.shape[2])
    weights = np.linalg.solve(normal, np.einsum("gnk,n->gk", basis, wanted)[:, :, None])[:, :, 0]
    missed = np.einsum("gn,gn->g", *(2 * (np.einsum("gnk,gk->gn", basis, weights) - wanted,)))
    order = np.argsort(np.where(np.isfinite(missed), missed, np.inf))
    return [grid[index] for index in order[:_SEEDS]]


def _carried(law: Law, origin: float, span: float) -> Floats:
    """The shape of a law in the scale of another stretch."""
    ratio = span / law.span
    shift = (law.origin - origin) / span
    match law.family.name:
        case "power" | "raised power":
            return np.array([law.shape[0] / ratio + shift, law.shape[1]])
        case "tanh":
            return np.array([law.shape[0] * ratio, law.shape[1] / ratio + shift])
        case _:
            return np.array([law.shape[0] * ratio])


def _weights(basis: Floats, y: Floats, slack: Floats) -> Floats:
    weighted = basis / slack[:, None]
    scale = np.sqrt(np.einsum("nk,nk->k", weighted, weighted)) + 1e-300
    if not (np.isfinite(scale).all() and scale.max() < 1e150):
        return np.zeros(basis.shape[1])
    # By orthogonal columns: the normal equations would lose half of the digits.
    q, r = np.linalg.qr(weighted / scale)
    diagonal = np.abs(np.diag(r))
    if not diagonal.min() > 1e-14 * diagonal.max():
        found: Floats = np.linalg.lstsq(weighted / scale, y / slack, rcond=None)[0] / scale
        return found
    weights: Floats = np.linalg.solve(r, q.T @ (y / slack)) / scale
    return weights


def _law(
    family: Family, origin: float, span: float, shape: tuple[float, ...], x: Floats, y: Floats, slack: Floats
) -> Law:
    basis = family.basis(x, np.array([shape]).reshape(1, len(shape)))[0]
    return Law(family, origin, span, shape, tuple(_weights(basis, y, slack).tolist()))


def _lawful(family: Family, shape: Floats) -> bool:
    inside = all(low <= one <= high for one, (low, high) in zip(shape, family.bounds, strict=True))
    return inside and (family.name != "raised power" or not 0 < shape[0] < 1)


def _refined(family: Family, seed: Floats, x: Floats, y: Floats, slack: Floats) -> Floats:
    """The shape at which the best weights miss least: the weights are solved for, and only the shape is searched."""
    from scipy.optimize import least_squares

    def missed(shape: Floats) -> Floats:
        if not _lawful(family, shape):
            return np.full(len(x), 1e30)
        basis = family.basis(x, shape[None])[0]
        if not (np.isfinite(basis).all() and np.abs(basis).max() < 1e100):
            return np.full(len(x), 1e30)
        found: Floats = (basis @ _weights(basis, y, slack) - y) / slack
        return found

    if len(x) <= len(seed):
        return seed
    with np.errstate(all="ignore"):
        found: Floats = least_squares(missed, seed, method="lm", xtol=1e-12, ftol=1e-10, gtol=1e-15, max_nfev=80).x
    return found if np.isfinite(found).all() else seed
