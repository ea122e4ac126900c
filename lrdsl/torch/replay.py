"""A scheduler built anew on a stand-in, and stepped: what a text is held beside.

In: a live scheduler. Out: the values of a new one like it, from step 0 on. Refuses to touch the optimizer or the parameters of the
live one: the stand-in has parameters of its own, of one number each.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim import lr_scheduler as peers
from torch.optim.swa_utils import SWALR

from ..translator.words import refuse
from .live import KEPT, arguments, children, first_lr, kind

# What moves while a scheduler is stepped; all else of it is a parameter.
_MOVING = {"optimizer", "last_epoch", "base_lrs", "T_cur", "T_i"}


class Replay:
    """A scheduler like a live one, at step 0, for some of its groups."""

    def __init__(self, live: Any, chosen: Sequence[int], starts: Sequence[float]) -> None:
        self.name = kind(live)
        groups = live.optimizer.param_groups
        with _quiet():
            self.optimizer = _stand_in(groups, chosen, starts)
            self.scheduler = self._built(lambda: _anew(live, chosen, self.optimizer))
            # What was reckoned back from the live one is only near to its parameters: these are the parameters.
            for group, index in zip(self.optimizer.param_groups, chosen, strict=True):
                group.update({key: groups[index][key] for key in KEPT if key in groups[index]})
        self.at = 0

    def _built(self, build: Any) -> Any:
        try:
            return build()
        except (ArithmeticError, NotImplementedError, ValueError) as error:
            raise refuse(self.name, f"torch does not build it anew: {error}") from error

    def step(self) -> None:
        try:
            self.scheduler.step()
        except (ArithmeticError, NotImplementedError, ValueError) as error:
            raise refuse(
                self.name, f"torch itself fails at step {self.at + 1:_}: {error or type(error).__name__}"
            ) from error
        self.at += 1

    def rows(self, outputs: Sequence[str], steps: int) -> Iterator[list[float]]:
        """The values of the outputs of all groups at steps 0 to `steps`."""
        with _quiet():
            for at in range(steps + 1):
                yield values(self.optimizer.param_groups, outputs)
                if at < steps:
                    self.step()

    def closed(self, outputs: Sequence[str], at: int) -> list[float] | None:
        """The same at one step by torch's own closed forms; None where it has none."""
        with _quiet():
            lrs = _closed(self.scheduler, at)
        if lrs is None:
            return None
        groups = self.optimizer.param_groups
        found = [values([group], outputs) for group in groups]
        return [float(lrs[place // len(outputs)]) if place % len(outputs) == 0 else value
                for place, value in enumerate(value for row in found for value in row)]  # fmt: skip


def values(groups: Sequence[dict[str, Any]], outputs: Sequence[str]) -> list[float]:
    """What groups hold: for each one the lr, and then what else is driven."""
    found = []
    for group in groups:
        for output in outputs:
            found.append(float(group["betas"][0] if output == "beta1" else group[output]))
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _stand_in(groups: Sequence[dict[str, Any]], chosen: Sequence[int], starts: Sequence[float]) -> Any:
    made = []
    for index, start in zip(chosen, starts, strict=True):
        one = {"params": [torch.zeros(1, requires_grad=True)], "lr": start, "initial_lr": first_lr(groups[index])}
        if "betas" in groups[index]:
            one["betas"] = groups[index]["betas"]
        made.append(one)
    if "betas" in groups[chosen[0]]:
        return torch.optim.Adam(made, lr=starts[0])
    return torch.optim.SGD(made, lr=starts[0], momentum=0.9)


def _anew(live: Any, chosen: Sequence[int], optimizer: Any) -> Any:
    name = kind(live)
    if name == "SequentialLR":
        inner = [_anew(child, chosen, optimizer) for child in children(live)]
        return peers.SequentialLR(optimizer, inner, milestones=list(live._milestones))
    if name == "ChainedScheduler":
        return peers.ChainedScheduler([_anew(child, chosen, optimizer) for child in children(live)], optimizer)
    if name == "LambdaLR":
        return peers.LambdaLR(optimizer, [live.lr_lambdas[index] for index in chosen])
    rows = [arguments(live, index) for index in chosen]
    given = {key: value for key, value in rows[0].items() if key not in ("output", "start")}
    for key in ("base_lr", "max_lr", "base_momentum", "max_momentum", "swa_lr"):
        if key in given:
            given[key] = [row[key] for row in rows]
    if name == "OneCycleLR":
        given["pct_start"] = float(given["pct_start"])
    made = (SWALR if name == "SWALR" else getattr(peers, name))(optimizer, **given)
    for key, value in vars(live).items():
        if key == "_schedule_phases" or not (
            key in _MOVING or key[0] == "_" or callable(value) or isinstance(value, list)
        ):
            setattr(made, key, value)
    return made


def _closed(scheduler: Any, at: int) -> list[Any] | None:
    """The lrs of a step by closed forms: those of torch, or, where it writes values anew at each step, what it writes."""
    name = kind(scheduler)
    if name == "SequentialLR":
        index = bisect_right(scheduler._milestones, at)
        begin = max(0, scheduler._milestones[index - 1]) if index else 0
        return _closed(children(scheduler)[index], at - begin)
    if name == "ChainedScheduler":
        lrs: list[Any] = [1.0] * len(scheduler.optimizer.param_groups)
        bases = [first_lr(group) for group in scheduler.optimizer.param_groups]
        for child in children(scheduler):
            one = _closed(child, at)
            if one is None or not all(bases):
                return None
            lrs = [lr * float(more) / base for lr, more, base in zip(lrs, one, bases, strict=True)]
        return [lr * base for lr, base in zip(lrs, bases, strict=True)]
    if name == "SWALR":
        return None
    scheduler.last_epoch = at
    if hasattr(scheduler, "_get_closed_form_lr"):
        return list(scheduler._get_closed_form_lr())
    if name == "CosineAnnealingWarmRestarts":
        scheduler.T_cur, scheduler.T_i = _cycle(at, scheduler.T_0, scheduler.T_mult)
    scheduler._get_lr_called_within_step = True
    return list(scheduler.get_lr())


def _cycle(at: int, first: int, stretch: int) -> tuple[int, int]:
    """How far into its cycle a step is, and how long that cycle is; torch's own count by a logarithm misses boundaries."""
    if stretch == 1:
        return at % first, first
    length = first
    while at >= length:
        at -= length
        length *= stretch
    return at, length
