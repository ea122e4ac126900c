"""The schedulers of torch.optim.lr_scheduler and torch.optim.swa_utils as texts.

In: the parameters of a scheduler, by the names and with the defaults of its class, without the optimizer. Out: what it says, or an
E409. Refuses to import torch: `lrdsl.torch.from_scheduler` reads live objects.
"""

from __future__ import annotations

from collections.abc import Callable

from .words import Said, number, steps


def cosine_annealing_lr(T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> Said:  # noqa: N803
    level = f", to={number(eta_min)}" if eta_min else ""
    return Said(f"cosine({steps(T_max)}{level})", T_max)


SCHEDULERS: dict[str, Callable[..., Said]] = {"CosineAnnealingLR": cosine_annealing_lr}
