"""`from_config` with what is mistaken, missing or of a wrong type: an error that names it, and never another exception."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import lrdsl

pytest.importorskip("torch")

Given = dict[str, Any]
PATH = "torch.optim.lr_scheduler."
COSINE = {"lr_scheduler_type": "cosine", "warmup_steps": 10}
AUTO = {"type": "WarmupLR", "params": {"warmup_max_lr": 1e-3, "warmup_num_steps": "auto", "warmup_type": "linear"}}
KERAS = {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 100}}


TEXTS: list[tuple[Any, Given, str]] = [
    (COSINE, {"total": "10k steps"}, "warmup(10) then cosine(9.99k)"),
    (COSINE, {"total": "9 epochs", "epoch": "100 steps"}, "warmup(10) then cosine(890)"),
    ({"lr_scheduler_type": "cosine", "num_train_epochs": 3}, {"epoch": "100 steps"}, "cosine(300)"),
    ({"lr_scheduler_type": "SchedulerType.COSINE", "max_steps": 90}, {}, "cosine(90)"),
    (AUTO, {"warmup_steps": 0.05, "total": 999}, "0 for 1 then warmup(50, to=1e-3) then hold"),
    ({"type": "WarmupLR"}, {}, "base*ln(max(t, 1))/ln(1000) for 1k then hold"),
    ({"type": "ExponentialLR", "params": {"gamma": 1.1}}, {"total": 100}, "exp(factor=1.1, per=1) until 100"),
    ({"_target_": f"{PATH}ExponentialLR", "gamma": 1.1}, {"total": 100}, "exp(factor=1.1, per=1) until 100"),
    ({"_target_": f"{PATH}CosineAnnealingLR", "T_max": 100}, {"total": 101}, "cosine(100)"),
    (
        {"_target_": f"{PATH}CosineAnnealingLR", "T_max": 100},
        {"total": "102 steps"},
        "repeat(cosine(100) then cosine(100, to=base))",
    ),
    (
        {"_target_": f"{PATH}OneCycleLR", "max_lr": [0.1, 0.1], "total_steps": 100, "cycle_momentum": False},
        {"total": 100},
        "cosine(29, from=4e-3, to=0.1) then cosine(70, to=4e-7)",
    ),
    (
        {"sched": "step", "decay_epochs": 30, "warmup_epochs": 0},
        {"total": "100 epochs"},
        "drop(factor=0.1, per=30 epochs)",
    ),
    (
        {"sched": "step", "decay_epochs": 30, "warmup_epochs": 0},
        {"total": 1000, "epoch": 10},
        "drop(factor=0.1, per=30 epochs)",
    ),
]


@pytest.mark.parametrize(("config", "said", "text"), TEXTS, ids=[f"{n}-{text}" for n, (_, _, text) in enumerate(TEXTS)])
def test_what_is_said_beside_a_configuration_counts(config: Any, said: Given, text: str) -> None:
    assert lrdsl.from_config(config, **said).text == text


REFUSED: list[tuple[Any, Given, str]] = [
    *((config, {"total": total}, f"`total` (is|has) .*{why}")
      for config in (COSINE, AUTO, KERAS, {"sched": "cosine"}, {"_target_": f"{PATH}StepLR", "step_size": 3})
      for total, why in [(0, "no length"), (-1, "below zero"), ("abc", "`abc`"), ([], "a number"), (float("nan"), "nan")]),
    *((config, {"epoch": epoch}, why)
      for config in (COSINE, KERAS, {"sched": "cosine"})
      for epoch, why in [(0, "`epoch` is 0"), (-3, "`epoch` is -3"), ("abc", "`epoch` is 'abc'"), (True, "`epoch` is a number")]),
    (COSINE, {"total": "90 epochs"}, r"counts steps\n.*epoch=100"),
    (KERAS, {"total": "2T tokens"}, r"counts steps\n.*total=10_000"),
    ({"sched": "cosine"}, {"total": 50}, "its run is of 100 epochs"),
    ({"sched": "cosine", "warmup_lr": "x"}, {}, "`warmup_lr` is 'x'"),
    ({"sched": "cosine", "epochs": 0}, {}, "`epochs` is 0"),
    ({"sched": "poly", "decay_rate": "x"}, {}, "`decay_rate` is 'x'"),
    ({"sched": "step", "decay_epochs": -1}, {}, "`decay_epochs` is -1"),
    ({"sched": "multistep", "decay_milestones": ["x"]}, {}, "`decay_milestones` is 'x'"),
    ({"sched": "cosine", "lr_noise": [0.4]}, {}, r"no randomness\n.*lr_noise=None"),
    ({"sched": "cosine", "--warmup-epochs": 3}, {}, "no `--warmup-epochs`.*`warmup_epochs`"),
    ({"lr_scheduler_type": "linear", "lr_scheduler_kwargs": {"num_cycles": 2}}, {}, "it takes no `num_cycles`"),
    ({"scheduler": {"params": {}}}, {}, "has a `type`, and this has none"),
    (AUTO, {"warmup_steps": 0.1}, "a share of the run, and nothing says how long"),
    ({"class_name": "CosineDecay"}, {}, "its `config` is no mapping"),
    ({"_target_": "StepLR", "step_size": 3}, {}, r"can be read(.|\n)*`torch.optim.lr_scheduler.StepLR`"),
    ({"_target_": f"{PATH}StepLr", "step_size": 3}, {}, r"no `StepLr` in it\n.*`torch.optim.lr_scheduler.StepLR`"),
    ({"_target_": f"{PATH}StepLR", "_args_": 0.5}, {}, "`_args_` are no list"),
    ({"_target_": f"{PATH}StepLR", "step_size": 3, 1: 2}, {}, "unexpected keyword argument '1'"),
    ({"_target_": f"{PATH}ExponentialLR", "gamma": float("nan")}, {}, "`gamma` is nan"),
    ({"class_path": f"{PATH}StepLR", "init_args": {}, 1: 2}, {}, "nothing reads `1`"),
    ("training_args.json", {}, r"a text is no configuration\n.*json.load\(open"),
    ('{"type": "WarmupLR"}', {}, r"a text is no configuration\n.*json.loads"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "said", "why"), REFUSED, ids=[f"{n}-{why}" for n, (_, _, why) in enumerate(REFUSED)]
)
def test_what_is_mistaken_is_named(config: Any, said: Given, why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why):
        lrdsl.from_config(config, **said)


RIGHT: list[Given] = [
    {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr_rate": 0.1}, "warmup_steps": 5, "max_steps": 90},
    {"lr_scheduler_type": "warmup_stable_decay", "lr_scheduler_kwargs": {"num_decay_steps": 9}, "warmup_ratio": 0.1},
    {"sched": "cosine", "epochs": 30, "warmup_epochs": 5, "min_lr": 1e-5, "lr_cycle_limit": 2, "lr_cycle_decay": 0.5},
    {"sched": "multistep", "epochs": 30, "decay_milestones": [10, 20], "decay_rate": 0.1, "sched_on_updates": False},
    {"scheduler": {"type": "WarmupDecayLR", "params": {"total_num_steps": 90, "warmup_num_steps": 9, "warmup_max_lr": 0.1}}},
    {"type": "OneCycleLR", "params": {"max_lr": 0.1, "total_steps": 90}},
    {"module": "keras.optimizers", "class_name": "Adam", "config": {"learning_rate": KERAS}},
    {"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [9, 20], "values": [0.1, 0.01, 1e-3]}},
    {"_target_": f"{PATH}MultiStepLR", "milestones": [3, 9], "gamma": 0.1, "_args_": []},
    {"_target_": f"{PATH}SequentialLR", "milestones": [3],
     "schedulers": [{"_target_": f"{PATH}StepLR", "step_size": 3}, {"_target_": f"{PATH}ConstantLR", "factor": 0.1}]},
    {"class_path": "optax.warmup_cosine_decay_schedule",
     "init_args": {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 9, "decay_steps": 90}},
]  # fmt: skip
WRONG: list[Any] = [
    None, "", "abc", "0.1", "5%", "auto", -1, 0, 0.0, -0.5, 1.5, 1e-300, 1e300, 10**400, float("nan"), float("inf"), True, 1 + 2j,
    [], [1, 2], (1,), {}, {"a": 1}, b"x", object(),
]  # fmt: skip


def spoilt(rng: random.Random, config: Given) -> Given:
    """A configuration with one thing of it changed, taken out, or under another name."""
    found = dict(config)
    name = rng.choice(list(found))
    if isinstance(found[name], dict) and found[name] and rng.random() < 0.7:
        found[name] = spoilt(rng, found[name])
    elif rng.random() < 0.2:
        found[rng.choice([1, None, "x", ("a",)])] = found.pop(name)
    else:
        found[name] = rng.choice(WRONG)
    return found


def test_whatever_is_wrong_with_a_configuration_there_is_a_schedule_or_a_problem() -> None:
    found = Counter[str]()
    for seed in range(1500):
        rng = random.Random(seed)
        config, said = rng.choice(RIGHT), {}
        for _ in range(rng.choice([1, 1, 2])):
            config = spoilt(rng, config)
        if rng.random() < 0.3:
            said = {rng.choice(["total", "epoch", "warmup_steps", "min_lr"]): rng.choice([*WRONG, 100, 90])}
        try:
            lrdsl.from_config(config, **said)
        except lrdsl.ScheduleError as error:
            found[error.problems[0].code] += 1
        else:
            found["fine"] += 1
    assert found["fine"] > 150
    assert found["E409"] > 300
