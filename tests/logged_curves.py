"""Curves that real libraries draw, as the tables that trainers and trackers would have written of them.

Each kind draws the parameters of one scheduler, steps the real one and gives its values with a name for them and the length of its
warmup. `written` makes a table of them: all steps or some, rows missing, digits as Python, W&B or a trainer's console write them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from peers import timm_scheduler  # noqa: E402
from torch.optim import lr_scheduler as schedulers  # noqa: E402

Drawn = tuple[np.ndarray, Any, int]  # values, parameters, warmup


def level(r: random.Random, low: float = 1e-5, high: float = 1.0) -> float:
    """A learning rate with one, two or three digits."""
    return float(f"{10 ** r.uniform(math.log10(low), math.log10(high)):.{r.choice([0, 1, 1, 2])}e}")


def whole(r: random.Random, low: int, high: int) -> int:
    """A number of steps: any, or a round one."""
    return max(round(r.randint(low, high), r.choice([0, -1, -2])), low)


def stepped(make: Callable[[Any], Any], lr: float, steps: int) -> np.ndarray:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(found)


def from_torch(name: str, r: random.Random) -> Drawn:
    lr, n = level(r), whole(r, 200, 5000)
    w = whole(r, 5, n // 4)
    arguments: Any
    match name:
        case "StepLR":
            arguments = (whole(r, max(5, n // 12), n // 2), r.choice([0.1, 0.5, 0.3, 0.9]))
        case "MultiStepLR":
            arguments = (sorted(r.sample(range(10, n, 10), r.randint(1, 4))), r.choice([0.1, 0.5, 0.2]))
        case "ConstantLR":
            arguments = (r.choice([0.5, 1 / 3, 0.1]), w)
        case "LinearLR":
            arguments = (r.choice([0.01, 0.1, 1 / 3, 1.0]), r.choice([0.1, 0.0, 1.0]), w)
        case "ExponentialLR":
            n, arguments = min(n, 1500), (r.choice([0.99, 0.999, 0.995, 0.97]),)
        case "PolynomialLR":
            arguments = (r.choice([n, n // 2]), r.choice([0.5, 1.0, 2.0, 3.0, 1.7]))
        case "CosineAnnealingLR":
            n, arguments = n + 1, (n, r.choice([0.0, lr * 0.1, float(f"{lr / 100:.0e}")]))
        case "CosineAnnealingWarmRestarts":
            arguments = (whole(r, 20, max(21, n // 6)), r.choice([1, 1, 2]), r.choice([0.0, lr * 0.01]))
        case "CyclicLR":
            mode, gamma = r.choice(["triangular", "triangular2", "exp_range"]), r.choice([0.999, 0.9995])
            arguments = (lr / 10, lr, whole(r, 10, n // 8), r.choice([None, whole(r, 10, n // 8)]),
                         mode, gamma, None, "cycle", False)  # fmt: skip
        case "OneCycleLR":
            share, way = r.choice([0.3, 0.25, 0.1]), r.choice(["cos", "linear"])
            arguments = (lr, n, None, None, share, way, False, 0.85, 0.95, 25.0, 1e4, r.choice([False, False, True]))
        case "SequentialLR":
            start, end = r.choice([0.01, 0.1, 1e-3]), r.choice([0.0, lr * 0.1])

            def both(o: Any) -> Any:
                linear = schedulers.LinearLR(o, start, 1.0, w)
                return schedulers.SequentialLR(o, [linear, schedulers.CosineAnnealingLR(o, n - w, end)], [w])

            return stepped(both, lr, n), (lr, n, w, start, end), w
    return stepped(lambda o: getattr(schedulers, name)(o, *arguments), lr, n), (lr, n, arguments), 0


def from_transformers(name: str, r: random.Random) -> Drawn:
    from transformers import get_scheduler

    lr, n = level(r), whole(r, 200, 5000)
    w = whole(r, 5, n // 4)
    more: dict[str, Any] = {}
    match name:
        case "polynomial":
            more = {"lr_end": lr * r.choice([0.01, 0.1]), "power": r.choice([1.0, 2.0, 0.5, 1.5])}
        case "cosine_with_min_lr":
            more = {"min_lr_rate": r.choice([0.1, 0.05, 0.01])}
        case "cosine_with_restarts":
            more = {"num_cycles": r.choice([2, 3, 4])}
        case "inverse_sqrt":
            more = {"timescale": r.choice([None, whole(r, 10, n)])}
        case "warmup_stable_decay":
            ways = [r.choice(["linear", "cosine", "1-sqrt"]) for _ in range(2)]
            more = {"num_decay_steps": max(5, n // 5), "warmup_type": ways[0], "decay_type": ways[1],
                    "min_lr_ratio": r.choice([0.0, 0.1])}  # fmt: skip
    values = stepped(lambda o: get_scheduler(name, o, w, n, scheduler_specific_kwargs=more), lr, n + r.choice([0, 1]))
    return values, (lr, n, w, more), w


def from_timm(name: str, r: random.Random) -> Drawn:
    lr, n = level(r), whole(r, 200, 5000)
    w = whole(r, 5, n // 4)
    start, floor, prefix = lr * r.choice([0.001, 0.01]), r.choice([0.0, lr * 0.01]), True
    arguments: dict[str, Any] = {}
    match name:
        case "CosineLRScheduler":
            prefix = r.choice([True, False])
            arguments = {"t_initial": n, "lr_min": floor}
        case "PolyLRScheduler":
            arguments = {"t_initial": n, "lr_min": floor, "power": r.choice([0.5, 1.0, 2.0, 0.9])}
        case "TanhLRScheduler":
            arguments = {"t_initial": n, "lr_min": floor, "lb": r.choice([-7.0, -6.0]), "ub": r.choice([3.0, 4.0])}
        case "StepLRScheduler":
            arguments = {"decay_t": whole(r, max(5, n // 10), n // 2), "decay_rate": r.choice([0.1, 0.5])}
        case "MultiStepLRScheduler":
            arguments = {
                "decay_t": sorted(r.sample(range(10, n, 10), r.randint(1, 3))),
                "decay_rate": r.choice([0.1, 0.5]),
            }
        case "WSDLRScheduler":
            way = r.choice(["linear", "cosine", "1-sqrt"])
            arguments = {"t_initial": n, "decay_t": n // 4, "lr_min": floor, "decay_fn": way}
    arguments |= {"warmup_t": w, "warmup_lr_init": start}
    if name != "WSDLRScheduler":
        arguments["warmup_prefix"] = prefix
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = getattr(timm_scheduler(), name)(optimizer, **arguments)
    found = []
    for t in range(n + (w if prefix else 0)):
        scheduler.step(t)
        found.append(optimizer.param_groups[0]["lr"])
    return np.array(found), (lr, arguments), w


def from_optax(name: str, r: random.Random) -> Drawn:
    import jax
    import optax

    lr, n = level(r), whole(r, 200, 5000)
    w = whole(r, 5, n // 4)
    arguments: Any
    match name:
        case "warmup_cosine_decay_schedule":
            arguments = (r.choice([0.0, lr * 0.01]), lr, w, n, r.choice([0.0, lr * 0.1]))
        case "exponential_decay":
            arguments = (lr, whole(r, 10, n), r.choice([0.5, 0.96, 0.9]), 0, r.choice([False, False, True]))
        case "polynomial_schedule":
            arguments = (lr, lr * r.choice([0.0, 0.1]), r.choice([1.0, 2.0, 1.5]), n // 2, r.choice([0, w]))
        case "piecewise_constant_schedule":
            places = sorted(r.sample(range(10, n, 10), r.randint(1, 4)))
            arguments = (lr, {place: r.choice([0.1, 0.5, 2.0]) for place in places})
        case "cosine_onecycle_schedule":
            arguments = (n, lr, r.choice([0.3, 0.1]))
        case "linear_onecycle_schedule":
            arguments = (n, lr)
        case "warmup_exponential_decay_schedule":
            arguments = (0.0, lr, w, whole(r, 10, n), r.choice([0.5, 0.9]))
        case "sgdr_schedule":
            cycle = {"init_value": 0.0, "decay_steps": n // 3, "warmup_steps": n // 20, "end_value": 0.0}
            arguments = ([{**cycle, "peak_value": lr * share} for share in (1, 0.5, 0.25)],)
    values = jax.vmap(getattr(optax, name)(*arguments))(np.arange(n))
    return np.asarray(values, np.float64), arguments, w if name.startswith("warmup") else 0


LIBRARIES: dict[str, tuple[Callable[[str, random.Random], Drawn], tuple[str, ...]]] = {
    "torch": (from_torch, ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR",
                           "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR", "SequentialLR")),
    "transformers": (from_transformers, ("linear", "cosine", "cosine_with_restarts", "polynomial", "inverse_sqrt",
                                         "constant_with_warmup", "cosine_with_min_lr", "warmup_stable_decay")),
    "timm": (from_timm, ("CosineLRScheduler", "PolyLRScheduler", "TanhLRScheduler", "StepLRScheduler", "MultiStepLRScheduler",
                         "WSDLRScheduler")),
    "optax": (from_optax, ("warmup_cosine_decay_schedule", "exponential_decay", "polynomial_schedule",
                           "piecewise_constant_schedule", "cosine_onecycle_schedule", "linear_onecycle_schedule",
                           "warmup_exponential_decay_schedule", "sgdr_schedule")),
}  # fmt: skip
# What leaps or turns between two logged steps is nowhere in the log: of these every step is there.
WHOLE = (
    "Step",
    "Constant",
    "Restarts",
    "piecewise",
    "sgdr",
    "Cyclic",
    "OneCycle",
    "onecycle",
    "restarts",
    "exponential_decay",
)
STYLES: dict[str, Callable[[float], str]] = {
    "float": repr,
    "6 digits": lambda value: f"{value:.6g}",
    "4 digits": lambda value: f"{value:.3e}",
}
CLOSE = {"float": 1e-10, "6 digits": 1.5e-6, "4 digits": 2e-4}  # of the peak: what the digits of a log can tell


def written(values: np.ndarray, r: random.Random, name: str, warmup: int) -> tuple[str, str]:
    """A table of the values and its style; a tenth of the rows is missing where steps may be."""
    every = 1 if any(word in name for word in WHOLE) else r.choice([1, 1, 10, max(1, len(values) // 100)])
    if warmup and 3 * every > warmup:
        every = 1  # a warmup that was not logged is nowhere in the log
    style = r.choice(list(STYLES))
    gaps = every > 1 or not any(word in name for word in WHOLE)
    kept = [t for t in range(0, len(values), every) if t == 0 or not gaps or r.random() > 0.1]
    return "step,lr\n" + "\n".join(f"{t},{STYLES[style](float(values[t]))}" for t in kept) + "\n", style
