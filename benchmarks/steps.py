"""What a step costs: `scheduler.step()` beside the loop that people write and the schedulers that they use.

In: a bench. Out: its rows, for 1 to 1,000 groups that share one value, have 24 values, or one each, for texts of few phases and
of many. A round of ours is long enough to contain whole refills of the block of values that it prepares, and starts past the
warmup, where the loop's branch is the dear one.
"""

from __future__ import annotations

import bisect
import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from texts import FLAGSHIP, KINDS, ONE_STEP, table_of, text_of
from timing import LINE, OURS, Bench, Contender, Target, repeated

import lrdsl
import lrdsl.torch

BEGIN = 2000  # past the warmup
COUNTS = {1: 20_000, 10: 20_000, 100: 8_000, 1000: 2_000}
LOOP, MATH, SCALED, SCALED_MATH = (
    "loop, np.exp",
    "loop, math.exp",
    "loop with lr_scale, np.exp",
    "loop with lr_scale, math.exp",
)
WAYS = ("lr_scale", "own lrs", "patterns")
MOST = 2_000  # groups times phases that patterns are tried with: each group's schedule is compiled


def optimizer_of(count: int, values: int = 1, way: str = "") -> torch.optim.Optimizer:
    """An optimizer whose groups fall into so many kinds, told apart as `way` says."""
    groups: list[dict[str, Any]] = []
    for index in range(count):
        kind = index * values // count
        group: dict[str, Any] = {"params": [torch.zeros(1, requires_grad=True)], "name": f"g{kind}.{index}"}
        if way == "lr_scale":
            group["lr_scale"] = 0.9**kind
        if way == "own lrs":
            group["lr"] = 0.1 * 0.99**kind
        groups.append(group)
    return torch.optim.SGD(groups, lr=0.1)


def ours(text: str, optimizer: torch.optim.Optimizer, begin: int, count: int) -> Contender:
    scheduler = lrdsl.torch.attach(optimizer, text)
    optimizer.step()

    def before() -> None:
        # The block is dropped, so that a round pays for every value that it uses.
        scheduler.last_epoch = begin

    return Contender(OURS, repeated(scheduler.step), count, before)


def loop(name: str, optimizer: torch.optim.Optimizer, count: int, exp: Callable[[float], Any]) -> Contender:
    """The tutorial's loop, its lines inside the loop over the batches, as they are there."""

    def run(steps: int) -> None:
        max_lr, min_lr, k, warmup = 1e-3, 1e-6, 1e-4, 1000
        step = BEGIN
        for _ in range(steps):
            step += 1
            if step > warmup:
                lr = max_lr * exp(-k * (step - warmup))
                lr = max(lr, min_lr)
            else:
                lr = max_lr * step / warmup
            for group in optimizer.param_groups:
                group["lr"] = lr

    return Contender(name, run, count)


def called_loop(optimizer: torch.optim.Optimizer, count: int) -> Contender:
    """The same lines in a function that is called at each step: what people write who keep their training loop short."""
    step = BEGIN

    def update() -> None:
        nonlocal step
        step += 1
        lr = 1e-3 * step / 1000 if step <= 1000 else max(1e-3 * np.exp(-1e-4 * (step - 1000)), 1e-6)
        for group in optimizer.param_groups:
            group["lr"] = lr

    def before() -> None:
        nonlocal step
        step = BEGIN

    return Contender("loop in a function, np.exp", repeated(update), count, before)


def scaled_loop(name: str, optimizer: torch.optim.Optimizer, count: int, exp: Callable[[float], Any]) -> Contender:
    """The same where values differ by group; written out again, for a branch between the two would be timed."""

    def run(steps: int) -> None:
        max_lr, min_lr, k, warmup = 1e-3, 1e-6, 1e-4, 1000
        step = BEGIN
        for _ in range(steps):
            step += 1
            if step > warmup:
                lr = max_lr * exp(-k * (step - warmup))
                lr = max(lr, min_lr)
            else:
                lr = max_lr * step / warmup
            for group in optimizer.param_groups:
                group["lr"] = lr * group["lr_scale"]

    return Contender(name, run, count)


def bisected(optimizer: torch.optim.Optimizer, text: str, count: int, begin: int) -> Contender:
    """Many phases by hand: a list of where they begin, and one formula each."""
    table = table_of(text)
    begins = [phase[1] for phase in table]

    def run(steps: int) -> None:
        step = begin
        for _ in range(steps):
            step += 1
            curve, start, length, first, last = table[bisect.bisect_right(begins, step) - 1]
            p = min((step - start) / length, 1.0)
            weight = p if curve == "linear" else 0.5 - 0.5 * math.cos(math.pi * p)
            lr = first + (last - first) * weight
            for group in optimizer.param_groups:
                group["lr"] = lr

    return Contender("loop, bisect over the phases", run, count)


def _factor(step: int) -> float:
    return step / 1000 if step < 1000 else max(math.exp(-1e-4 * (step - 1000)), 1e-3)


def schedulers(bench: Bench, groups: int) -> list[Contender]:
    """Schedulers of torch and of others, past a short warmup."""
    lr = torch.optim.lr_scheduler
    made: dict[str, Callable[[Any], Any]] = {
        "LambdaLR": lambda o: lr.LambdaLR(o, _factor, last_epoch=-1),
        "SequentialLR": lambda o: lr.SequentialLR(
            o, [lr.LinearLR(o, 0.01, total_iters=100), lr.ExponentialLR(o, math.exp(-1e-4))], [100]
        ),
        "CosineAnnealingLR": lambda o: lr.CosineAnnealingLR(o, 1_000_000),
        "OneCycleLR": lambda o: lr.OneCycleLR(o, 0.1, total_steps=1_000_000),
    }
    transformers = bench.peer("transformers")
    if transformers is not None:
        made["HF get_scheduler"] = lambda o: transformers.get_scheduler("cosine", o, 100, 1_000_000)
    handlers = bench.peer("ignite.handlers")
    if handlers is not None:
        made["Ignite"] = lambda o: handlers.create_lr_scheduler_with_warmup(
            lr.ExponentialLR(o, math.exp(-1e-4)), 0.0, 100, 0.1
        )
    others = bench.peer("pytorch_scheduler")
    if others is not None:
        made["pytorch-scheduler"] = lambda o: others.CosineWithWarmupScheduler(o, 1_000_000, 100)
    found = []
    for name, make in made.items():
        optimizer = optimizer_of(groups)
        scheduler = make(optimizer)
        optimizer.step()
        step = (lambda one: lambda: one(None))(scheduler) if name == "Ignite" else scheduler.step
        for _ in range(110):
            step()
        found.append(Contender(name, repeated(step)))
    return found


def _kinds(bench: Bench) -> tuple[str, ...]:
    return (FLAGSHIP,) if bench.quick else KINDS


def one_value(bench: Bench) -> None:
    for groups, count in COUNTS.items():
        for kind in _kinds(bench):
            text, begin = text_of(kind), 1000 if kind == ONE_STEP else BEGIN
            steps = min(count, 8192) if kind == ONE_STEP else count
            contenders = [
                ours(text, optimizer_of(groups), begin, steps),
                loop(LOOP, optimizer_of(groups), steps, np.exp),
                loop(MATH, optimizer_of(groups), steps, math.exp),
            ]
            if "phases" in kind:
                contenders.append(bisected(optimizer_of(groups), text, steps, begin))
            if kind == FLAGSHIP:
                contenders += [called_loop(optimizer_of(groups), steps), *schedulers(bench, groups)]
            target = Target(LOOP, 0.7 if groups <= 10 else 1.0)
            work = f"{groups:,} group{'s' * (groups > 1)}, {kind}"
            bench.row("step, one value", work, "step", contenders, [target], shown=kind == FLAGSHIP)


def many_values(bench: Bench, values: int | None) -> None:
    """24 values, or (None) one for each group."""
    section = "step, a value a group" if values is None else f"step, {values} values"
    for groups, count in COUNTS.items():
        if values is not None and groups < 100:
            continue
        for way in WAYS:
            for kind in _kinds(bench):
                _differing(bench, section, (groups, values or groups, count), way, kind)


def _differing(bench: Bench, section: str, sizes: tuple[int, int, int], way: str, kind: str) -> None:
    groups, values, count = sizes
    text, begin = text_of(kind, relative=way == "own lrs"), 1000 if kind == ONE_STEP else BEGIN
    if way == "patterns":
        if values * (text.count(" then ") + 1) > MOST:
            bench.skip(f"patterns for {groups:,} groups, {kind}: not tried, for each value is compiled by itself")
            return
        text = f'lr = {text}\nlr["g{{i}}.*"] = 0.9^i * lr'
    steps = min(count, 8192) if kind == ONE_STEP else count
    contenders = [
        ours(text, optimizer_of(groups, values, way), begin, steps),
        scaled_loop(SCALED, optimizer_of(groups, values, "lr_scale"), steps, np.exp),
        scaled_loop(SCALED_MATH, optimizer_of(groups, values, "lr_scale"), steps, math.exp),
    ]
    if kind == FLAGSHIP:
        optimizer = optimizer_of(groups, values, "own lrs")
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, _factor)
        optimizer.step()
        contenders.append(Contender("LambdaLR", repeated(scheduler.step)))
    work = f"{groups:,} group{'s' * (groups > 1)} by {way}, {kind}"
    shown = kind == FLAGSHIP and groups >= 10 and values == groups
    bench.row(section, work, "step", contenders, [Target(SCALED, 1.0)], shown=shown)


def driven(bench: Bench) -> None:
    """Whole updates of an optimizer that has nothing to do: what `auto=True` costs one, beside calling `step()` and the loop."""
    for groups in (1, 10, 100):
        plain, auto, theirs, bare = (optimizer_of(groups) for _ in range(4))
        scheduler = lrdsl.torch.attach(plain, LINE)
        applier = lrdsl.torch.attach(auto, LINE, auto=True)
        for _ in range(20):
            plain.step()
            scheduler.step()

        def stepped(steps: int, optimizer: Any = plain, step: Any = scheduler.step) -> None:
            for _ in range(steps):
                optimizer.step()
                step()

        def looped(steps: int, optimizer: Any = theirs) -> None:
            for step in range(BEGIN + 1, BEGIN + 1 + steps):
                optimizer.step()
                lr = max(1e-3 * np.exp(-1e-4 * (step - 1000)), 1e-6)
                for group in optimizer.param_groups:
                    group["lr"] = lr

        contenders = [
            Contender(OURS, repeated(auto.step), 2000, functools.partial(applier.seek, BEGIN)),
            Contender("optimizer.step(); scheduler.step()", stepped, 2000),
            Contender("optimizer.step(), then the loop", looped, 2000),
            Contender("optimizer.step() alone", repeated(bare.step), 2000),
        ]
        bench.row(
            "step, one value",
            f"{groups:,} group{'s' * (groups > 1)}, auto=True, with the update",
            "step",
            contenders,
            [],
        )


def tensors(bench: Bench) -> None:
    """A Tensor as lr, which all groups of a new optimizer share; compiled steps need one."""

    def made() -> torch.optim.Optimizer:
        groups = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(100)]
        return torch.optim.SGD(groups, lr=torch.tensor(0.1))

    theirs, count = made(), 2000

    def fills(steps: int, groups: int) -> None:
        for step in range(BEGIN + 1, BEGIN + 1 + steps):
            lr = max(1e-3 * math.exp(-1e-4 * (step - 1000)), 1e-6)
            for group in theirs.param_groups[:groups]:
                group["lr"].fill_(lr)

    contenders = [
        ours(LINE, made(), BEGIN, count),
        Contender("loop, a fill for each group", lambda steps: fills(steps, 100), count),
        Contender("loop, one fill of what all share", lambda steps: fills(steps, 1), count),
    ]
    targets = [Target("loop, a fill for each group", 1.0)]
    bench.row("step, one value", "100 groups, a Tensor as lr", "step", contenders, targets)
    for name, own in (("a Tensor each", True), ("a Tensor each by name", False)):
        _own_tensors(bench, name, own)


def _own_tensors(bench: Bench, name: str, own: bool) -> None:
    """Each group with a tensor: its own from the start, or from one that all shared, told apart by a text."""

    def made() -> torch.optim.Optimizer:
        groups = []
        for index in range(100):
            group: dict[str, Any] = {"params": [torch.zeros(1, requires_grad=True)], "name": f"g{index}.0"}
            groups.append({**group, "lr": torch.tensor(0.1 * 0.99**index)} if own else group)
        return torch.optim.SGD(groups, lr=torch.tensor(0.1))

    theirs, count = optimizer_of(100), 2000
    for group in theirs.param_groups:
        group["lr"] = torch.tensor(0.1)

    def fills(steps: int) -> None:
        for step in range(BEGIN + 1, BEGIN + 1 + steps):
            lr = max(math.exp(-1e-4 * (step - 1000)), 1e-6)
            for group in theirs.param_groups:
                group["lr"].fill_(lr * 0.1)

    text = text_of(FLAGSHIP, relative=own)
    contenders = [
        ours(text if own else f'lr = {text}\nlr["g{{i}}.*"] = 0.9^i * lr', made(), BEGIN, count),
        Contender("loop, a fill for each group", fills, count),
    ]
    bench.row(
        "step, a value a group", f"100 groups, {name}", "step", contenders, [Target("loop, a fill for each group", 1.0)]
    )


def measure(bench: Bench) -> None:
    """All rows of steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one_value(bench)
        tensors(bench)
        driven(bench)
        many_values(bench, 24)
        many_values(bench, None)
