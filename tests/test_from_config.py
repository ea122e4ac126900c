"""Configurations as schedules: the texts, letter by letter, and the values beside what the libraries make of the same ones."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import json
import math
import os
import subprocess
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")

import lrdsl  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.peers import deepspeed_schedules, timm_scheduler  # noqa: E402

BASE = 0.02
Given = dict[str, Any]


def optimizer_of(lr: float = BASE) -> Any:
    return torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=lr)


class Kind(enum.Enum):
    COSINE = "cosine"


@dataclasses.dataclass
class Arguments:
    lr_scheduler_type: Any = "linear"
    lr_scheduler_kwargs: Any = None
    warmup_steps: float = 0
    max_steps: int = -1
    learning_rate: float = 5e-5


TEXTS: list[tuple[Any, Given, str]] = [
    # transformers
    ({"lr_scheduler_type": "cosine", "warmup_steps": 500, "max_steps": 10_000}, {}, "warmup(500) then cosine(9.5k)"),
    ({"lr_scheduler_type": "cosine", "warmup_steps": 500}, {}, "warmup(500) then cosine"),
    ({"lr_scheduler_type": "cosine", "warmup_steps": 500}, {"total": 1500}, "warmup(500) then cosine(1k)"),
    ({"lr_scheduler_type": "linear", "warmup_ratio": 0.03, "max_steps": -1}, {}, "warmup(3%) then linear"),
    ({"lr_scheduler_type": "linear", "warmup_steps": 0.07, "max_steps": 100}, {}, "warmup(8) then linear(92)"),
    ({"lr_scheduler_type": "linear", "num_train_epochs": 3}, {"epoch": 500}, "linear(1.5k)"),
    ({"lr_scheduler_type": "linear"}, {}, "linear"),
    ({"lr_scheduler_type": "constant", "warmup_steps": 5}, {}, "base"),
    ({"lr_scheduler_type": "constant_with_warmup", "warmup_steps": 0.05}, {}, "warmup(5%) then hold"),
    ({"lr_scheduler_type": "inverse_sqrt", "warmup_steps": 0.05}, {}, "warmup(5%) then rsqrt(timescale=5%)"),
    ({"lr_scheduler_type": "inverse_sqrt", "warmup_steps": 100}, {}, "warmup(100) then rsqrt(timescale=100)"),
    (Arguments(Kind.COSINE, warmup_steps=10, max_steps=50), {}, "warmup(10) then cosine(40)"),
    (Arguments("cosine_with_min_lr", '{"min_lr_rate": 0.1}', 0.1), {}, "warmup(10%) then cosine(to=10%)"),
    (Arguments("cosine_with_min_lr", {"min_lr": 5e-6}, 10), {}, "warmup(10) then cosine(to=10%)"),
    (Arguments("polynomial", {"power": 2, "lr_end": 0}), {}, "poly(power=2)"),
    (
        Arguments("warmup_stable_decay", {"num_decay_steps": 1000, "min_lr_ratio": 0.1}, 500),
        {},
        "warmup(500, from=10%) then hold then cosine(1k, to=10%)",
    ),
    # DeepSpeed
    (
        {"type": "WarmupDecayLR", "params": {"total_num_steps": 10_000, "warmup_type": "linear"}},
        {},
        "0 for 1 then warmup(1k, to=1e-3) then linear(9k)",
    ),
    (
        {
            "train_batch_size": 8,
            "scheduler": {
                "type": "WarmupDecayLR",
                "params": {
                    "total_num_steps": "auto", "warmup_min_lr": "auto", "warmup_max_lr": "auto",
                    "warmup_num_steps": "auto", "warmup_type": "linear",
                },
            },
        },
        {"total": 5000, "learning_rate": 3e-4, "warmup_num_steps": 500},
        "0 for 1 then warmup(500, to=3e-4) then linear(4.5k)",
    ),
    (
        {
            "optimizer": {"type": "SGD"},
            "scheduler": {"type": "OneCycle", "params": {"cycle_min_lr": 1e-4, "cycle_max_lr": 1e-3}},
        },
        {},
        "warmup(2k, from=1e-4, to=1e-3) then linear(2k, to=1e-4)",
    ),
    ({"scheduler": {"type": "StepLR", "params": {"step_size": 30}}}, {}, "drop(factor=0.1, per=30)"),
    # timm
    (
        {"sched": "cosine", "epochs": 300, "min_lr": 1e-5},
        {},
        "warmup(5 epochs, from=1e-5, to=base) then cosine(300 epochs, to=1e-5) skip 5 epochs then hold every 1 epoch",
    ),
    (
        argparse.Namespace(sched="cosine", epochs=300, min_lr=1e-5, sched_on_updates=True),
        {},
        "warmup(5 epochs, from=1e-5, to=base) then cosine(300 epochs, to=1e-5) skip 5 epochs",
    ),
    (
        SimpleNamespace(sched="cosine", epochs=300, warmup_prefix=True, cooldown_epochs=10, sched_on_updates=True),
        {"epoch": 1251},
        "warmup(5 epochs, from=1e-5) then cosine(300 epochs) then hold",
    ),
    (
        {"sched": "step", "epochs": 450, "decay_epochs": 2.4, "decay_rate": 0.97, "warmup_lr": 1e-6, "warmup_epochs": 3},
        {},
        "warmup(3 epochs, from=1e-6, to=base) then drop(factor=0.97, per=2.4 epochs) skip 3 epochs every 1 epoch",
    ),
    (
        {"sched": "multistep", "epochs": 90, "decay_milestones": [30, 60], "warmup_epochs": 0, "sched_on_updates": True},
        {"epoch": 100},
        "base until 2_999 then 0.1*base until 5_999 then 0.01*base",
    ),
    ({"sched": "constant", "warmup_epochs": 0}, {}, "base"),
    ({"sched": "none"}, {}, "base"),
    # Keras
    (
        {
            "module": "keras.optimizers.schedules",
            "class_name": "CosineDecay",
            "config": {"initial_learning_rate": 0.1, "decay_steps": 1000, "alpha": 0.1, "name": "CosineDecay"},
        },
        {},
        "cosine(1k, from=0.1, to=10%)",
    ),
    ({"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.01}}, {}, "0.01"),
    # by path
    (
        {"_target_": "torch.optim.lr_scheduler.StepLR", "_partial_": True, "step_size": 30, "gamma": 0.5},
        {},
        "drop(factor=0.5, per=30)",
    ),
    ({"_target_": "optax.linear_schedule", "_args_": [0.1, 0, 1000]}, {}, "linear(1k, from=0.1)"),
    (
        {
            "_target_": "optax.join_schedules",
            "schedules": [
                {"_target_": "optax.linear_schedule", "init_value": 0.0, "end_value": 0.1, "transition_steps": 100},
                {"_target_": "optax.cosine_decay_schedule", "init_value": "1e-1", "decay_steps": 900},
            ],
            "boundaries": [100],
        },
        {},
        "warmup(100, to=0.1) then cosine(900)",
    ),
    (
        {
            "_target_": "torch.optim.lr_scheduler.SequentialLR",
            "schedulers": [
                {"_target_": "torch.optim.lr_scheduler.LinearLR", "start_factor": 0.01, "total_iters": 5},
                {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "T_max": 95},
            ],
            "milestones": [5],
        },
        {},
        "warmup(5, from=1%) then cosine(95)",
    ),
    (
        {
            "class_path": "transformers.get_cosine_schedule_with_warmup",
            "init_args": {"num_warmup_steps": 5, "num_training_steps": 100},
        },
        {},
        "warmup(5) then cosine(95)",
    ),
    (
        {"class_path": "keras.optimizers.schedules.ExponentialDecay", "init_args": {
            "initial_learning_rate": 0.1, "decay_steps": 1000, "decay_rate": 0.9}},
        {},
        "exp(max=0.1, factor=0.9, per=1k)",
    ),
    (
        {"_target_": "timm.scheduler.CosineLRScheduler", "t_initial": 100, "t_in_epochs": False, "optimizer": None},
        {},
        "cosine(100)",
    ),
    (
        {"_target_": "deepspeed.runtime.lr_schedules.WarmupLR", "warmup_type": "linear"},
        {},
        "0 for 1 then warmup(1k) then hold",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "said", "text"), TEXTS, ids=[f"{n}-{text}" for n, (_, _, text) in enumerate(TEXTS)])
def test_a_configuration_is_the_text_of_a_person(config: Any, said: Given, text: str) -> None:
    found = lrdsl.from_config(config, **said)

    assert found.text == text
    # `lrdsl fmt` has nothing to say about it.
    assert str(found).strip() == text


def test_what_is_open_asks_for_its_total_as_any_other() -> None:
    schedule = lrdsl.from_config({"lr_scheduler_type": "cosine", "warmup_ratio": 0.1})

    assert [problem.code for problem in schedule.missing] == ["E308"]
    assert schedule.bind(total=100)(10) == 1


def test_what_grows_is_a_schedule_as_far_as_the_run_goes() -> None:
    config = {"_target_": "optax.exponential_decay", "init_value": 0.1, "transition_steps": 10, "decay_rate": 1.1}

    assert lrdsl.from_config(config, total=1000)(990) == pytest.approx(0.1 * 1.1**99)
    with pytest.raises(lrdsl.ScheduleError, match="becomes inf"):
        lrdsl.from_config(config)


REFUSED: list[tuple[Any, Given, str]] = [
    (
        {"learning_rate": 0.1},
        {},
        "no configuration of a scheduler is known that has `learning_rate`(.|\n)*what is understood",
    ),
    (None, {}, "no configuration"),
    ("warmup(10)", {}, "a text is no configuration"),
    ({"lr_scheduler_type": "cosinus"}, {}, "the values of `lr_scheduler_type` are linear, cosine"),
    ({"lr_scheduler_type": "reduce_lr_on_plateau"}, {}, "measured value"),
    ({"lr_scheduler_type": "greedy", "max_steps": 10}, {}, "measured value"),
    ({"lr_scheduler_type": "cosine", "lr_scheduler_kwargs": "{num"}, {}, "are no JSON"),
    ({"lr_scheduler_type": "cosine", "lr_scheduler_kwargs": {"cycles": 2}, "max_steps": 9}, {}, "unexpected.*'cycles'"),
    ({"lr_scheduler_type": "cosine", "lr_scheduler_kwargs": {"num_cycles": 2}}, {}, "with `num_cycles` its text needs"),
    ({"lr_scheduler_type": "cosine_warmup_with_min_lr"}, {}, "needs the number of steps"),
    ({"lr_scheduler_type": "linear", "warmup_ratio": -0.1}, {}, "its warmup is below 0"),
    ({"lr_scheduler_type": "linear", "deepspeed": {"scheduler": {}}}, {}, "which is used instead"),
    ({"lr_scheduler_type": "linear"}, {"warmup": 5}, "has no use for `warmup`"),
    ({"type": "WarmupLR", "params": {"warmup_max_lr": "auto"}}, {}, '`warmup_max_lr` is "auto".*\n.*learning_rate='),
    ({"type": "WarmupLR", "params": {"warmup_steps": 5}}, {}, "unexpected.*'warmup_steps'"),
    ({"type": "WarmupLR", "params": {}, "interval": "step"}, {}, "reads no `interval`"),
    ({"type": "Warmup", "params": {}}, {}, "DeepSpeed has LRRangeTest"),
    ({"sched": "cosine", "lr_noise": [0.4, 0.9]}, {}, "no randomness"),
    ({"sched": "plateau"}, {}, "follows a metric"),
    ({"sched": "cosin"}, {}, "the values of `sched` are cosine"),
    ({"sched": "cosine", "lr_cycle_shape": 3}, {}, "what timm makes of `lr_cycle_shape`"),
    ({"sched": "multistep", "sched_on_updates": True}, {}, "depends on the updates of an epoch"),
    ({"sched": "wsd", "epochs": 10}, {}, "does not fit"),
    (
        {"sched": "cosine", "epochs": 1, "lr_cycle_mul": 3, "lr_cycle_limit": 6, "warmup_epochs": 0},
        {},
        "at step 121 the library leaves what is meant",
    ),
    ({"class_name": "Adam", "config": {}}, {}, "it is no schedule of Keras"),
    (
        {
            "class_name": "SGD",
            "config": {"learning_rate": {"class_name": "CosineDecay"}, "gradient_accumulation_steps": 4},
        },
        {},
        "4 batches make an update",
    ),
    ({"class_name": "Mine", "config": {"rate": 3}}, {}, "it is no schedule of Keras"),
    ({"class_name": "CosineDecay", "config": 7}, {}, "no mapping"),
    ({"_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau"}, {}, "measured value"),
    ({"_target_": "torch.optim.lr_scheduler.StepLR", "gamma": 0.1}, {}, "missing a required argument: 'step_size'"),
    ({"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": "${size}"}, {}, "cannot be read|a number is needed"),
    ({"_target_": "mine.Scheduler"}, {}, "the schedulers that can be read"),
    ({"class_path": "torch.optim.lr_scheduler.StepLR", "interval": "step"}, {}, "nothing reads `interval`"),
    ({"class_path": "torch.optim.lr_scheduler.StepLR", "init_args": 5}, {}, "no mapping"),
    ({"_target_": "torch.optim.lr_scheduler.ChainedScheduler", "schedulers": []}, {}, "no list of schedulers of torch"),
    (
        {"_target_": "optax.piecewise_constant_schedule", "init_value": 1, "boundaries_and_scales": 5},
        {},
        "cannot be read",
    ),
    ({"sched": "multistep", "decay_milestones": 30}, {}, "a list is needed"),
    ({"scheduler": {"type": "WarmupLR", "params": [1]}}, {}, "no mapping"),
]


@pytest.mark.parametrize(("config", "said", "why"), REFUSED, ids=[why for _, _, why in REFUSED])
def test_what_cannot_be_said_is_refused_with_its_reason(config: Any, said: Given, why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why):
        lrdsl.from_config(config, **said)


def test_a_scheduler_is_no_configuration() -> None:
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer_of(), 5)

    with pytest.raises(lrdsl.ScheduleError, match="from_scheduler"):
        lrdsl.from_config(scheduler)
    assert lrdsl.torch.from_config is lrdsl.from_config


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after some code."""
    show = "import sys; print(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_library_is_loaded_to_read_its_configuration() -> None:
    plain, read = loaded("import lrdsl"), loaded("import lrdsl; lrdsl.from_config({'sched': 'cosine'})")

    assert "lrdsl.translator" not in plain
    assert "lrdsl.translator.keras" in read
    assert not read & {"torch", "jax", "keras", "timm", "deepspeed", "transformers", "optax"}


# --- beside the libraries ---------------------------------------------------------------------------------------------


def values(scheduler: Any, optimizer: Any, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


KWARGS: dict[str, list[Given]] = {
    "linear": [{}],
    "cosine": [{}, {"num_cycles": 1}, {"num_cycles": 0.25}],
    "cosine_with_restarts": [{}, {"num_cycles": 3}],
    "polynomial": [{}, {"power": 2.0}, {"lr_end": 1e-5, "power": 0.5}],
    "constant": [{}],
    "constant_with_warmup": [{}],
    "inverse_sqrt": [{}, {"timescale": 50}],
    "cosine_with_min_lr": [{"min_lr_rate": 0.1}, {"min_lr": 1e-5}],
    "cosine_warmup_with_min_lr": [{"min_lr_rate": 0.1}, {"min_lr": 1e-5, "warmup_lr_rate": 0.05}],
    "warmup_stable_decay": [
        {"num_decay_steps": 20},
        {"num_decay_steps": 20, "min_lr_ratio": 0.1, "decay_type": "1-sqrt"},
    ],
}


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> Any:
    transformers = pytest.importorskip("transformers")

    def make(**given: Any) -> Any:
        return transformers.TrainingArguments(output_dir=str(tmp_path_factory.mktemp("run")), use_cpu=True, **given)

    return make


def test_drawn_arguments_are_what_the_trainer_makes_of_them(arguments: Any) -> None:
    from transformers import get_scheduler

    for number, rng in page.draws(100, 91):
        kind = list(KWARGS)[rng.integers(len(KWARGS))]
        more = KWARGS[kind][rng.integers(len(KWARGS[kind]))]
        total = int(rng.integers(60, 200))
        warm = [0, int(rng.integers(2, 30)), round(float(rng.uniform(0.01, 0.2)), 3)][rng.integers(3)]
        given = {"lr_scheduler_type": kind, "warmup_steps": warm, "max_steps": total, "learning_rate": 3e-4}
        args = arguments(**given, lr_scheduler_kwargs=json.dumps(more) if rng.random() < 0.5 else more)
        optimizer = optimizer_of(args.learning_rate)
        theirs = get_scheduler(args.lr_scheduler_type, optimizer, args.get_warmup_steps(total), total, more)
        expected = values(theirs, optimizer, total)
        note = f"draw {number}: {given} {more}"
        found = lrdsl.from_config(args)
        page.agree(found.text, {"lr": expected}, base=args.learning_rate, note=note)
        # Of the same run whose length is said later, where the warmup is whole steps.
        try:
            left = lrdsl.from_config({**given, "max_steps": -1, "lr_scheduler_kwargs": more})
        except lrdsl.ScheduleError as error:
            assert "needs the number of steps" in str(error), note
            continue
        if warm == 0 or warm >= 1:
            page.agree(left.text, {"lr": expected}, base=args.learning_rate, note=note, total=total)


def drawn_timm(rng: np.random.Generator) -> Given:
    kinds = ("cosine", "tanh", "poly", "step", "constant", "multistep", "wsd", "rsqrt", "none")
    given: Given = {"sched": kinds[rng.integers(len(kinds))], "epochs": int(rng.integers(20, 60))}
    given |= {"warmup_epochs": int(rng.integers(0, 8)), "warmup_lr": 1e-5, "min_lr": float(rng.choice([0, 1e-5]))}
    given |= {"warmup_prefix": bool(rng.random() < 0.5), "sched_on_updates": bool(rng.random() < 0.5)}
    given |= {
        "decay_epochs": float(rng.choice([7, 2.4, 0.2, 10])),
        "decay_rate": 0.5,
        "cooldown_epochs": int(rng.integers(3)),
    }
    given |= {"decay_milestones": [10, 20, 35], "lr_cycle_limit": int(rng.choice([1, 2])), "lr_k_decay": 1.0}
    given |= {"lr_cycle_mul": float(rng.choice([1, 2])), "lr_cycle_decay": float(rng.choice([1, 0.5]))}
    if rng.random() < 0.3:
        # timm has a default for what is not there.
        del given[list(given)[rng.integers(1, len(given))]]
    return given


def test_drawn_arguments_are_what_the_factory_of_timm_makes_of_them() -> None:
    peers = timm_scheduler()
    made: dict[str, int] = {}
    for number, rng in page.draws(300, 92):
        given, updates = drawn_timm(rng), int(rng.integers(3, 8))
        args, optimizer = argparse.Namespace(**given), optimizer_of()
        note = f"draw {number}: {given}, {updates} updates"
        try:
            theirs, epochs = peers.create_scheduler(args, optimizer, updates_per_epoch=updates)
        except ValueError:
            with pytest.raises(lrdsl.ScheduleError, match=r"does not fit|`lr_stable_timescale` is 0"):
                lrdsl.from_config(args, epoch=updates)
            continue
        schedule = lrdsl.from_config(args, epoch=updates)
        made[given["sched"]] = made.get(given["sched"], 0) + 1
        on_updates, expected = given.get("sched_on_updates", False), []
        for update in range(int(epochs) * updates):
            expected.append(optimizer.param_groups[0]["lr"])
            if theirs is not None and on_updates:
                theirs.step_update(update + 1)
            elif theirs is not None and (update + 1) % updates == 0:
                theirs.step((update + 1) // updates)
        bound = {**schedule.bindings, "epoch": str(updates)}
        assert schedule.length is None or schedule.length in (epochs, epochs * updates), note
        page.agree(schedule.text, {"lr": expected}, base=BASE, note=note, **bound)
        if schedule.clock == "epochs":
            assert np.allclose(schedule(np.arange(len(expected)) / updates, BASE), expected, rtol=1e-12, atol=0), note
    assert set(made) == {"cosine", "tanh", "poly", "step", "constant", "multistep", "wsd", "rsqrt", "none"}


def test_drawn_blocks_are_what_deepspeed_makes_of_them() -> None:
    peers = deepspeed_schedules()
    for number, rng in page.draws(100, 93):
        total, warm = int(rng.integers(40, 90)), int(rng.integers(2, 20))
        kind = ("WarmupLR", "WarmupDecayLR", "WarmupCosineLR")[rng.integers(3)]
        params: Given = {"warmup_num_steps": warm, "warmup_type": ("log", "linear")[rng.integers(2)]}
        params |= {} if kind == "WarmupLR" else {"total_num_steps": total}
        params |= {} if kind == "WarmupCosineLR" else {"warmup_min_lr": 0, "warmup_max_lr": 3e-4}
        optimizer = optimizer_of()
        expected = values(getattr(peers, kind)(optimizer, **params), optimizer, total + 5)
        auto = {key: "auto" if key != "warmup_type" else value for key, value in params.items()}
        said: Given = {"warmup_steps": warm}
        said |= {} if kind == "WarmupCosineLR" else {"learning_rate": 3e-4}
        for config, more in (
            ({"scheduler": {"type": kind, "params": params}}, {}),
            (json.loads(json.dumps({"type": kind, "params": auto})), {"total": total, **said}),
        ):
            schedule = lrdsl.from_config(config, **more)
            page.agree(schedule.text, {"lr": expected}, base=BASE, note=f"draw {number}: {config}")


def test_an_lrs_of_a_keras_model_is_its_text() -> None:
    text = 'lr = warmup(10) then cosine\nlr["head"] = 2*lr'
    own = {
        "module": "lrdsl.keras",
        "class_name": "LRS",
        "config": {"text": text, "output": "lr", "base": None, "bindings": {"total": "100"}, "group": None},
        "registered_name": "lrdsl>LRS",
    }
    assert lrdsl.from_config(own) == lrdsl.compile(text, total=100)
    inside = {"class_name": "SGD", "config": {"learning_rate": own}}
    assert lrdsl.from_config(inside) == lrdsl.compile(text, total=100)
    inside["config"]["gradient_accumulation_steps"] = 4  # type: ignore[index]
    with pytest.raises(lrdsl.ScheduleError, match="Keras counts batches"):
        lrdsl.from_config(inside)
    assert lrdsl.from_config(own, total=200) == lrdsl.compile(text, total=200)
    headed = {**own, "config": {**own["config"], "group": "head"}}  # type: ignore[dict-item]
    assert lrdsl.from_config(headed) == lrdsl.compile(text, total=100).group("head")


def test_what_keras_serializes_is_what_it_computes() -> None:
    keras = pytest.importorskip("keras")
    peers = keras.optimizers.schedules
    for theirs in (
        peers.ExponentialDecay(0.1, 10, 0.9, staircase=True),
        peers.InverseTimeDecay(0.1, 10, 0.5),
        peers.PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01]),
        peers.PolynomialDecay(0.1, 10, 0.01, power=2.0, cycle=True),
        peers.CosineDecay(0.0, 50, alpha=0.1, warmup_target=0.1, warmup_steps=10),
        peers.CosineDecayRestarts(0.1, 10, t_mul=2.0, m_mul=0.5, alpha=0.01),
    ):
        expected = [float(theirs(step)) for step in range(80)]
        alone = json.loads(json.dumps(peers.serialize(theirs)))
        within = json.loads(json.dumps(keras.optimizers.serialize(keras.optimizers.SGD(theirs))))
        for config in (alone, within):
            page.agree(lrdsl.from_config(config).text, {"lr": expected}, within=3e-6, note=config)


def test_a_path_of_hydra_is_what_hydra_builds() -> None:
    hydra = pytest.importorskip("hydra.utils")
    omegaconf = pytest.importorskip("omegaconf")
    config = omegaconf.OmegaConf.create(
        {"_target_": "torch.optim.lr_scheduler.MultiStepLR", "_partial_": True, "milestones": [5, 9], "gamma": 0.3}
    )
    optimizer = optimizer_of()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = values(hydra.instantiate(config)(optimizer), optimizer, 20)

    schedule = lrdsl.from_config(config)
    page.agree(schedule.text, {"lr": expected}, base=BASE)
    assert math.isclose(schedule(9), 0.09)


def test_lists_of_omegaconf_are_lists() -> None:
    omegaconf = pytest.importorskip("omegaconf")
    plain = next(config for config, _, _ in TEXTS if "SequentialLR" in str(config))

    assert lrdsl.from_config(omegaconf.OmegaConf.create(plain)).text == "warmup(5, from=1%) then cosine(95)"
