"""What engines that are not installed here ask of a scheduler, held against stand-ins that do what their source does.

Each stand-in names the file and the version that it follows. Not a line of theirs is here: what is called, in which order, under
which condition, is.
"""

from __future__ import annotations

import base64
import inspect
import io
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engines import recorded  # noqa: E402
from torch.optim import Optimizer  # noqa: E402
from torch.optim.lr_scheduler import LambdaLR, LRScheduler  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
TEXT = "warmup(3) then cosine(to=10%)"
TOTAL, LR = 12, 0.1
SCHEDULE = lrdsl.compile(TEXT, total=TOTAL)
CURVE = [SCHEDULE(update, LR) for update in range(TOTAL)]


def optimizer_of(groups: int = 1, lr: float = LR, kind: Any = torch.optim.AdamW) -> Optimizer:
    built: Optimizer = kind([{"params": [torch.ones(2, requires_grad=True)]} for _ in range(groups)], lr=lr)
    return built


def backward(optimizer: Optimizer) -> None:
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)


# --- DeepSpeed --------------------------------------------------------------------------------------------------------


class DeepSpeed:
    """What `DeepSpeedEngine` does with a client's optimizer and scheduler: deepspeed/runtime/engine.py, 0.19.6.

    `_configure_lr_scheduler` takes what is true, and calls what is callable with the optimizer. `_take_model_step` steps the
    optimizer, counts an overflow as skipped, and else steps the scheduler, once more with the batch size where that was a
    TypeError. `zero` is the stage of ZeRO: in stages 1 and 2 `_optimizer_step` of zero/stage_1_and_2.py gives the optimizer a list
    of one group at a time and steps it for each.
    """

    def __init__(self, optimizer: Optimizer, scheduler: Any, zero: int = 0) -> None:
        self.optimizer, self.zero = optimizer, zero
        self.scheduler: Any = None
        if scheduler:
            self.scheduler = scheduler(optimizer) if isinstance(scheduler, Callable) else scheduler
        self.skipped_steps = self.global_steps = 0

    def train_batch_size(self) -> int:
        return 64

    def step(self, overflow: bool = False, lr_kwargs: Mapping[str, Any] | None = None) -> None:
        backward(self.optimizer)
        if not overflow:
            self._step_optimizer()
            try:
                self.scheduler.step(**(lr_kwargs or {}))
            except TypeError:
                self.scheduler.step(self.train_batch_size())
        self.skipped_steps += overflow
        self.global_steps += 1

    def _step_optimizer(self) -> None:
        if self.zero == 0:
            self.optimizer.step()
            return
        groups = self.optimizer.param_groups
        for group in groups:
            self.optimizer.param_groups = [group]
            self.optimizer.step()
            self.optimizer.param_groups = groups

    def save(self) -> bytes:
        file = io.BytesIO()
        torch.save({"optimizer": self.optimizer.state_dict(), "lr_scheduler": self.scheduler.state_dict()}, file)
        return file.getvalue()

    def load(self, saved: bytes) -> None:
        checkpoint = torch.load(io.BytesIO(saved), weights_only=True)
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.scheduler.load_state_dict(checkpoint["lr_scheduler"])


def test_deepspeed_takes_the_applier_for_an_object_and_not_for_a_factory() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, SCHEDULE)

    engine = DeepSpeed(optimizer, scheduler)
    assert engine.scheduler is scheduler
    with recorded() as updates:
        for _ in range(TOTAL):
            engine.step()
    assert updates.lrs == CURVE


def test_deepspeed_builds_one_from_a_callable() -> None:
    engine = DeepSpeed(optimizer_of(), lambda optimizer: lrdsl.torch.attach(optimizer, TEXT, total=TOTAL))

    with recorded() as updates:
        for _ in range(TOTAL):
            engine.step()
    assert updates.lrs == CURVE


def test_deepspeed_does_not_move_a_schedule_where_an_update_overflowed() -> None:
    optimizer = optimizer_of()
    engine = DeepSpeed(optimizer, lrdsl.torch.attach(optimizer, SCHEDULE))

    with recorded() as updates:
        for step in range(TOTAL + 4):
            engine.step(overflow=step in (0, 1, 5, 9))
    assert engine.skipped_steps == 4
    assert updates.lrs == CURVE


def test_what_deepspeed_hands_on_to_step_never_becomes_a_jump_to_the_batch_size() -> None:
    optimizer = optimizer_of()
    engine = DeepSpeed(optimizer, lrdsl.torch.attach(optimizer, SCHEDULE))

    with pytest.raises(lrdsl.ScheduleError, match="`increment=` is no unit of time"):
        engine.step(lr_kwargs={"increment": 8})
    assert engine.scheduler.last_epoch == 0


def test_a_text_in_samples_is_driven_by_what_deepspeed_hands_on() -> None:
    optimizer = optimizer_of()
    engine = DeepSpeed(optimizer, lrdsl.torch.attach(optimizer, "linear(640 samples, from=1, to=0)"))

    for _ in range(5):
        engine.step(lr_kwargs={"samples": engine.train_batch_size()})
    assert engine.scheduler.get_last_lr() == [0.5]


def test_deepspeed_goes_on_from_its_checkpoint() -> None:
    def fresh() -> DeepSpeed:
        optimizer = optimizer_of()
        return DeepSpeed(optimizer, lrdsl.torch.attach(optimizer, SCHEDULE))

    engine, again = fresh(), fresh()
    for _ in range(5):
        engine.step()
    again.load(engine.save())
    with recorded() as updates:
        for _ in range(TOTAL - 5):
            again.step()
    assert updates.lrs == CURVE[5:]


ONE_BY_ONE = pytest.mark.xfail(reason="an update that is made one group after another counts as several", strict=True)


@ONE_BY_ONE
def test_deepspeed_that_steps_one_group_after_another_has_the_value_of_the_schedule_in_each() -> None:
    optimizer = optimizer_of(groups=3)
    engine = DeepSpeed(optimizer, lrdsl.torch.attach(optimizer, SCHEDULE), zero=2)

    with recorded() as updates:
        for _ in range(TOTAL):
            engine.step()
    assert updates.lrs == [lr for lr in CURVE for _ in range(3)]


@ONE_BY_ONE
def test_an_optimizer_that_is_stepped_one_group_after_another_is_not_left_to_drive_a_schedule() -> None:
    optimizer = optimizer_of(groups=3)
    engine = DeepSpeed(optimizer, lrdsl.torch.attach(optimizer, SCHEDULE, auto=True), zero=2)

    with pytest.raises(lrdsl.ScheduleError, match="auto"):
        engine.step()


# --- torchtitan -------------------------------------------------------------------------------------------------------


class LRSchedulersContainer:
    """torchtitan/components/optimizer/lr_scheduler.py, 0.2.2: a `LambdaLR` an optimizer, all with one factor.

    Its state is `last_epoch` alone. Loading sets it in each, with the count of steps, and asks each for its lr; the lr of the
    groups comes back with the optimizers.
    """

    def __init__(self, optimizers: list[Optimizer], build: Callable[[Optimizer], LRScheduler]) -> None:
        self.schedulers = [build(optimizer) for optimizer in optimizers]

    def step(self) -> None:
        for scheduler in self.schedulers:
            scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return {"last_epoch": self.schedulers[0].last_epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for scheduler in self.schedulers:
            scheduler.last_epoch = state["last_epoch"]
            scheduler._step_count = state["last_epoch"] + 1
            scheduler._last_lr = scheduler.get_lr()

    def lrs(self) -> list[list[float]]:
        return [[float(lr) for lr in scheduler.get_last_lr()] for scheduler in self.schedulers]


BUILDS: dict[str, Callable[[Optimizer], LRScheduler]] = {
    "factor": lambda optimizer: LambdaLR(optimizer, SCHEDULE.factor),
    "applier": lambda optimizer: lrdsl.torch.attach(optimizer, SCHEDULE),
}


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_torchtitan_drives_several_optimizers_and_goes_on_from_a_state_that_is_a_number(
    build: Callable[[Optimizer], LRScheduler],
) -> None:
    def fresh() -> tuple[list[Optimizer], LRSchedulersContainer]:
        optimizers = [optimizer_of(groups=2, lr=LR), optimizer_of(lr=0.02, kind=torch.optim.SGD)]
        return optimizers, LRSchedulersContainer(optimizers, build)

    def train(optimizers: list[Optimizer], container: LRSchedulersContainer, begin: int, end: int) -> None:
        for update in range(begin, end):
            expected = [[SCHEDULE(update, LR)] * 2, [SCHEDULE(update, 0.02)]]
            held = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
            assert held == [pytest.approx(lrs, rel=1e-12) for lrs in expected]
            assert container.lrs() == held
            for optimizer in optimizers:
                backward(optimizer)
                optimizer.step()
            container.step()

    optimizers, container = fresh()
    train(optimizers, container, 0, 5)
    saved = [optimizer.state_dict() for optimizer in optimizers]
    assert container.state_dict() == {"last_epoch": 5}
    again, resumed = fresh()
    for optimizer, state in zip(again, saved, strict=True):
        optimizer.load_state_dict(state)
    resumed.load_state_dict(container.state_dict())
    train(again, resumed, 5, TOTAL)


# --- Composer ---------------------------------------------------------------------------------------------------------


class Composer:
    """The loop of composer/trainer/trainer.py with composer/optim/scheduler.py, 0.33.0.dev0: `f(state)` or `f(state, ssr)`.

    What is no scheduler of torch becomes a `LambdaLR` that ignores its own count, and is given the scale of the schedule where it
    has two parameters. Schedulers of torch are stepped once an epoch unless `step_schedulers_every_batch`, others once a batch, and
    that before the timestamp moves to the next batch.
    """

    def __init__(self, optimizer: Optimizer, scheduler: Any, ssr: float = 1.0, every_batch: bool | None = None) -> None:
        batch = SimpleNamespace(value=0)
        self.state, self.optimizer = SimpleNamespace(timestamp=SimpleNamespace(batch=batch)), optimizer
        functional = not isinstance(scheduler, LRScheduler)
        self.every_batch = functional if every_batch is None else every_batch
        if functional:
            given = (self.state,) if len(inspect.signature(scheduler).parameters) == 1 else (self.state, ssr)
            scheduler = LambdaLR(optimizer, lambda _, function=scheduler: function(*given))
        self.scheduler = scheduler

    def fit(self, epochs: int, batches: int) -> None:
        for _ in range(epochs):
            for _ in range(batches):
                backward(self.optimizer)
                self.optimizer.step()
                if self.every_batch:
                    self.scheduler.step()
                self.state.timestamp.batch.value += 1
            if not self.every_batch:
                self.scheduler.step()


def test_composer_takes_the_factor_for_a_functional_scheduler_one_batch_late() -> None:
    trainer = Composer(optimizer_of(), lambda state: SCHEDULE.factor(state.timestamp.batch.value))

    with recorded() as updates:
        trainer.fit(2, 6)
    assert updates.lrs == pytest.approx([CURVE[0], *CURVE[:-1]], rel=1e-12)


def test_composer_stretches_a_functional_scheduler() -> None:
    trainer = Composer(optimizer_of(), lambda state, ssr: SCHEDULE.factor(state.timestamp.batch.value / ssr), ssr=2.0)

    with recorded() as updates:
        trainer.fit(4, 6)
    assert updates.lrs == pytest.approx([CURVE[0], *(SCHEDULE(batch / 2, LR) for batch in range(23))], rel=1e-12)


@pytest.mark.parametrize("how", [{"every_batch": True}, {"auto": True}], ids=["every batch", "auto"])
def test_composer_has_the_value_of_the_schedule_from_an_applier(how: dict[str, bool]) -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, SCHEDULE, auto=how.get("auto", False))

    with recorded() as updates:
        Composer(optimizer, scheduler, every_batch=how.get("every_batch")).fit(2, 6)
    assert updates.lrs == CURVE


def test_composer_steps_an_applier_once_an_epoch_by_itself_and_that_is_said() -> None:
    optimizer = optimizer_of()
    trainer = Composer(optimizer, lrdsl.torch.attach(optimizer, SCHEDULE))

    with recorded() as updates, pytest.warns(lrdsl.ScheduleWarning, match="once in 6 optimizer updates"):
        trainer.fit(2, 6)
    assert updates.lrs == [CURVE[0]] * 6 + [CURVE[1]] * 6


# --- Ray --------------------------------------------------------------------------------------------------------------


WORKER = """
import base64, pickle, sys
loop, config, applier = pickle.loads(base64.b64decode(sys.stdin.read()))
print(base64.b64encode(pickle.dumps((loop(config), applier.last_epoch, applier.get_lr()))).decode())
"""


def test_ray_sends_loops_configs_and_appliers_to_another_process(tmp_path: Path) -> None:
    """As `train_loop_per_worker` and `train_loop_config` go to an actor: python/ray/train/torch/torch_trainer.py, 2.60."""
    cloudpickle = pytest.importorskip("cloudpickle")

    def loop(config: dict[str, Any]) -> list[float]:
        import torch

        import lrdsl.torch

        optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=config["lr"])
        scheduler = lrdsl.torch.attach(optimizer, config["schedule"])
        checkpoint = torch.load(config["checkpoint"], weights_only=True)
        optimizer.load_state_dict(checkpoint["optimizer"])
        scheduler.load_state_dict(checkpoint["scheduler"])
        used = []
        for _ in range(scheduler.last_epoch, config["updates"]):
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return used

    optimizer = optimizer_of(kind=torch.optim.SGD)
    scheduler = lrdsl.torch.attach(optimizer, SCHEDULE)
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    torch.save({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}, tmp_path / "checkpoint.pt")
    config = {"schedule": SCHEDULE, "lr": LR, "updates": TOTAL, "checkpoint": str(tmp_path / "checkpoint.pt")}
    sent = base64.b64encode(cloudpickle.dumps((loop, config, scheduler))).decode()
    done = subprocess.run(
        [sys.executable, "-c", WORKER], input=sent, cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    used, position, lrs = pickle.loads(base64.b64decode(done.stdout))

    assert used == CURVE[5:]
    assert (position, lrs) == (5, [CURVE[5]])
