"""What engines that are too large to run here ask of a scheduler, asked by small stand-ins that do what their sources do.

Each stand-in names the file it was written after. It has the part that touches a scheduler, and nothing else.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engines import recorded, rows  # noqa: E402
from torch.optim import Optimizer  # noqa: E402
from torch.optim.lr_scheduler import LambdaLR, LRScheduler  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleError, ScheduleWarning  # noqa: E402

TEXT = "warmup(3) then cosine(to=10%)"
TOTAL = 12
LR = 0.1
SCHEDULE = lrdsl.compile(TEXT, total=TOTAL)
CURVE = [SCHEDULE(step, LR) for step in range(TOTAL)]


def near(values: Iterable[float]) -> Any:
    """Up to the rounding of a product: `LambdaLR` multiplies the factor by the lr."""
    return pytest.approx(list(values), rel=1e-15, abs=0)


def line(lrs: tuple[float, ...] = (LR,)) -> tuple[torch.nn.Module, Optimizer]:
    """A model, and SGD with one or two groups."""
    model = torch.nn.Linear(4, 1)
    parts = [[*model.parameters()]] if len(lrs) == 1 else [[model.weight], [model.bias]]
    return model, torch.optim.SGD([{"params": part, "lr": lr} for part, lr in zip(parts, lrs, strict=True)])


# --- DeepSpeed ---------------------------------------------------------------------------------------------------------


class DeepSpeed:
    """An engine as in deepspeed/runtime/engine.py of DeepSpeed 0.19.6.

    `_configure_lr_scheduler`: a true `lr_scheduler` that is callable is called with the optimizer; another is taken as it is.
    `_take_model_step`: the optimizer, then, unless it overflowed, `lr_scheduler.step(**lr_kwargs)`, and after a TypeError
    `step(train_batch_size)`. `get_lr` reads the groups; the checkpoint has `state_dict()`. With `zero`, the optimizer steps
    as in `_optimizer_step` of deepspeed/runtime/zero/stage_1_and_2.py: once for each group, which is then alone in it.
    """

    def __init__(
        self, model: torch.nn.Module, optimizer: Optimizer, lr_scheduler: Any = None, zero: bool = False
    ) -> None:
        self.model, self.optimizer, self.zero = model, optimizer, zero
        self.lr_scheduler: Any = None
        if lr_scheduler:
            if isinstance(lr_scheduler, Callable):  # type: ignore[arg-type]
                lr_scheduler = lr_scheduler(optimizer)
            self.lr_scheduler = lr_scheduler
        self.skipped = 0
        self.used: list[list[float]] = []

    def update(self) -> None:
        self.used.append(self.get_lr())
        if not self.zero:
            self.optimizer.step()
            return
        groups = self.optimizer.param_groups
        for group in groups:
            self.optimizer.param_groups = [group]
            self.optimizer.step()
            self.optimizer.param_groups = groups

    def step(self, lr_kwargs: dict[str, Any] | None = None, overflow: bool = False) -> None:
        self.model(rows(2)).square().mean().backward()
        if not overflow:
            self.update()
        self.optimizer.zero_grad()
        if overflow:
            self.skipped += 1
        elif self.lr_scheduler is not None:
            try:
                self.lr_scheduler.step(**(lr_kwargs or {}))
            except TypeError:
                self.lr_scheduler.step(self.train_batch_size())

    def train_batch_size(self) -> int:
        return 8

    def get_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def save_checkpoint(self, file: Path) -> None:
        torch.save({"optimizer": self.optimizer.state_dict(), "lr_scheduler": self.lr_scheduler.state_dict()}, file)

    def load_checkpoint(self, file: Path) -> None:
        checkpoint = torch.load(file, weights_only=True)
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.lr_scheduler.load_state_dict(checkpoint["lr_scheduler"])


def deepspeed(lrs: tuple[float, ...] = (LR,), zero: bool = False, **how: Any) -> DeepSpeed:
    model, optimizer = line(lrs)
    return DeepSpeed(model, optimizer, lrdsl.torch.attach(optimizer, TEXT, total=TOTAL, **how), zero)


def test_deepspeed_takes_the_scheduler_for_an_object_that_is_there_and_not_for_a_factory() -> None:
    engine = deepspeed()

    assert isinstance(engine.lr_scheduler, LRScheduler)
    assert bool(engine.lr_scheduler)
    assert not callable(engine.lr_scheduler)


@pytest.mark.parametrize("auto", [False, True])
def test_deepspeed_makes_each_update_with_the_value_of_the_schedule_and_none_is_lost_to_an_overflow(auto: bool) -> None:
    engine = deepspeed((LR, 2 * LR), auto=auto)
    for number in range(TOTAL + 3):
        engine.step(overflow=number in (0, 4, 5))

    assert engine.used == [[lr, 2 * lr] for lr in CURVE]
    assert engine.skipped == 3
    assert engine.lr_scheduler.last_epoch == TOTAL
    assert engine.lr_scheduler.get_last_lr() == engine.get_lr()


def test_deepspeed_makes_a_scheduler_by_calling_a_factory_with_its_optimizer() -> None:
    model, optimizer = line()
    engine = DeepSpeed(model, optimizer, functools.partial(lrdsl.torch.attach, schedule=TEXT, total=TOTAL))
    for _ in range(TOTAL):
        engine.step()

    assert engine.used == [[lr] for lr in CURVE]


def test_deepspeed_calls_a_bare_schedule_with_the_optimizer_and_that_is_an_error_before_anything_trains() -> None:
    with pytest.raises(ScheduleError, match="not at SGD"):
        DeepSpeed(*line(), SCHEDULE)


def test_no_step_of_ours_is_a_type_error_that_deepspeed_would_take_for_a_jump_to_its_batch_size() -> None:
    model, optimizer = line()
    engine = DeepSpeed(
        model, optimizer, lrdsl.torch.attach(optimizer, "warmup(1k tokens) then linear(7k tokens, to=0)")
    )

    with pytest.raises(ScheduleError, match="counts tokens") as raised:
        engine.step()
    assert not isinstance(raised.value, TypeError)
    with pytest.raises(ScheduleError, match="one sample is in tokens"):
        engine.step({"samples": 8})
    with pytest.raises(ScheduleError):
        engine.step({"increment": 8})
    assert engine.lr_scheduler.position == 0


def test_deepspeed_drives_a_text_in_tokens_with_what_its_step_is_given() -> None:
    model, optimizer = line()
    text = "warmup(1k tokens) then linear(7k tokens, to=0)"
    engine = DeepSpeed(model, optimizer, lrdsl.torch.attach(optimizer, text))
    for _ in range(8):
        engine.step({"tokens": 1_000})

    assert engine.used == [[lrdsl.compile(text)(1_000 * step, LR)] for step in range(8)]


@pytest.mark.parametrize("auto", [False, True])
def test_a_checkpoint_of_deepspeed_goes_on_exactly_after_skipped_steps(tmp_path: Path, auto: bool) -> None:
    before, after = deepspeed((LR, 2 * LR), auto=auto), deepspeed((LR, 2 * LR), auto=auto)
    for number in range(7):
        before.step(overflow=number < 2)
    before.save_checkpoint(tmp_path / "state.pt")
    after.load_checkpoint(tmp_path / "state.pt")
    for _ in range(TOTAL - 5):
        after.step()

    assert before.used + after.used == [[lr, 2 * lr] for lr in CURVE]


@pytest.mark.filterwarnings("ignore::lrdsl.diagnostic.ScheduleWarning")
def test_groups_that_zero_steps_one_after_another_have_the_value_of_the_schedule_where_the_engine_drives_it() -> None:
    engine = deepspeed((LR, 2 * LR), zero=True)
    for _ in range(TOTAL):
        engine.step()

    assert engine.used == [[lr, 2 * lr] for lr in CURVE]


def test_zero_with_one_group_is_right_where_the_optimizer_drives_it() -> None:
    engine = deepspeed(zero=True, auto=True)
    for _ in range(TOTAL):
        engine.step()

    assert engine.used == [[lr] for lr in CURVE]


def test_zero_with_several_groups_is_no_alarm() -> None:
    engine = deepspeed((LR, 2 * LR), zero=True)

    with warnings.catch_warnings():
        warnings.simplefilter("error", ScheduleWarning)
        for _ in range(TOTAL):
            engine.step()


@pytest.mark.filterwarnings("ignore::lrdsl.diagnostic.ScheduleWarning")
def test_zero_with_several_groups_is_right_where_the_optimizer_drives_it() -> None:
    engine = deepspeed((LR, 2 * LR), zero=True, auto=True)
    for _ in range(TOTAL):
        engine.step()

    assert engine.used == [[lr, 2 * lr] for lr in CURVE]


# --- torchtitan --------------------------------------------------------------------------------------------------------


class Container:
    """As `LRSchedulersContainer` of torchtitan/components/optimizer/lr_scheduler.py in torchtitan 0.2.2.

    One `LambdaLR` for each optimizer with the same function; of the state `last_epoch` alone is saved, and after loading
    `_last_lr` is computed anew, but nothing is written to the groups: their lr comes from the optimizer's own state.
    """

    def __init__(self, optimizers: list[Optimizer], lr_lambda: Callable[[int], float]) -> None:
        self.schedulers = [LambdaLR(optimizer, lr_lambda) for optimizer in optimizers]

    def step(self) -> None:
        for scheduler in self.schedulers:
            scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return {"last_epoch": self.schedulers[0].last_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for scheduler in self.schedulers:
            scheduler.last_epoch = state["last_epoch"]
            scheduler._step_count = state["last_epoch"] + 1
            scheduler._last_lr = scheduler.get_lr()


class Titan:
    """A run over two optimizers with lrs of their own."""

    def __init__(self, lr_lambda: Callable[[int], float], lrs: tuple[float, float] = (LR, 3 * LR)) -> None:
        self.pairs = [line((lr,)) for lr in lrs]
        self.optimizers = [optimizer for _, optimizer in self.pairs]
        self.lr_schedulers = Container(self.optimizers, lr_lambda)

    def train(self, updates: int) -> list[list[float]]:
        with recorded() as made:
            for _ in range(updates):
                for model, optimizer in self.pairs:
                    optimizer.zero_grad()
                    model(rows(2)).square().mean().backward()
                for optimizer in self.optimizers:
                    optimizer.step()
                self.lr_schedulers.step()
        return [[lrs[0] for lrs in made.of(optimizer)] for optimizer in self.optimizers]

    def state(self) -> dict[str, Any]:
        state = {
            "optimizers": [one.state_dict() for one in self.optimizers],
            "lr_scheduler": self.lr_schedulers.state_dict(),
        }
        return copy.deepcopy(state)

    def load(self, state: dict[str, Any]) -> None:
        for optimizer, one in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(one)
        self.lr_schedulers.load_state_dict(state["lr_scheduler"])


def test_torchtitan_multiplies_the_lr_of_each_optimizer_by_the_factor() -> None:
    used = Titan(SCHEDULE.factor).train(TOTAL)

    assert used == [near(CURVE), near([3 * lr for lr in CURVE])]


def test_a_checkpoint_of_torchtitan_is_one_number_and_goes_on_exactly() -> None:
    whole, before, after = Titan(SCHEDULE.factor), Titan(SCHEDULE.factor), Titan(SCHEDULE.factor)
    first = before.train(5)
    after.load(before.state())
    rest = after.train(TOTAL - 5)

    assert before.state()["lr_scheduler"] == {"last_epoch": 5}
    assert [one + other for one, other in zip(first, rest, strict=True)] == whole.train(TOTAL)
    assert [scheduler.get_last_lr() for scheduler in after.lr_schedulers.schedulers] == [
        [one.param_groups[0]["lr"]] for one in after.optimizers
    ]


def test_a_checkpoint_of_torchtitan_does_not_know_the_text_and_goes_on_with_another_one_without_a_word() -> None:
    longer = lrdsl.compile(TEXT, total=2 * TOTAL)
    before, after = Titan(SCHEDULE.factor), Titan(longer.factor)
    before.train(8)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ScheduleWarning)
        after.load(before.state())
        used, _ = after.train(2)

    assert used == near([SCHEDULE(8, LR), longer(9, LR)])


def test_absolute_levels_are_divided_by_the_base_that_the_factor_is_given_and_without_one_are_no_factor() -> None:
    """Multiplied into the lr, the peak of 3e-4 would be one of 9e-8."""
    absolute = lrdsl.compile("warmup(3, to=3e-4) then cosine(to=3e-5)", total=TOTAL)
    given = Titan(functools.partial(absolute.factor, base=LR), (LR, LR)).train(TOTAL)[0]

    assert given == near([absolute(step) for step in range(TOTAL)])
    with pytest.raises(ScheduleError, match="writes its levels"):
        Titan(absolute.factor, (3e-4, 3e-4))


def test_a_text_of_both_kinds_of_levels_has_no_factor_without_a_base() -> None:
    mixed = lrdsl.compile("warmup(3) then cosine(to=3e-5)", total=TOTAL)

    with pytest.raises(ScheduleError, match="its base must be given"):
        Titan(mixed.factor)


def test_the_state_of_a_lambda_of_a_factor_is_loaded_without_pickles(tmp_path: Path) -> None:
    _, optimizer = line()
    torch.save(LambdaLR(optimizer, SCHEDULE.factor).state_dict(), tmp_path / "state.pt")

    assert torch.load(tmp_path / "state.pt", weights_only=True)["last_epoch"] == 0


# --- Composer ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Time:
    value: int


@dataclass
class Timestamp:
    batch: Time = field(default_factory=lambda: Time(0))
    token: Time = field(default_factory=lambda: Time(0))


@dataclass
class State:
    optimizers: list[Optimizer]
    timestamp: Timestamp = field(default_factory=Timestamp)


class Composer:
    """As composer/trainer/trainer.py and composer/optim/scheduler.py of Composer 0.33.0.dev0.

    A function of the state, or of the state and the ratio by which schedules are stretched, becomes a `LambdaLR` that calls
    it with the state as it is. An `LRScheduler` is stepped every epoch, functions every batch, unless
    `step_schedulers_every_batch` says which. A batch is: train, step the schedulers, and only then move the timestamp on.
    """

    def __init__(self, make: Callable[[Optimizer], Any], ratio: float = 1.0, every_batch: bool | None = None) -> None:
        self.model, optimizer = line()
        self.state, self.ratio = State([optimizer]), ratio
        scheduler = make(optimizer)
        object_given = isinstance(scheduler, LRScheduler)
        self.scheduler = scheduler if object_given else LambdaLR(optimizer, self.function(scheduler))
        if object_given and ratio != 1:
            raise ValueError("Scale schedule being applied to unrecognized Scheduler")
        self.every_batch = not object_given if every_batch is None else every_batch

    def function(self, scheduler: Callable[..., float]) -> Callable[[int], float]:
        alone = len(inspect.signature(scheduler).parameters) == 1
        if alone and self.ratio != 1:
            raise ValueError("Scheduler does not support `scale_schedule_ratio`")
        return lambda _: scheduler(self.state) if alone else scheduler(self.state, self.ratio)

    def fit(self, epochs: int, batches: int, tokens: int = 100) -> list[float]:
        optimizer, time = self.state.optimizers[0], self.state.timestamp
        with recorded() as made:
            for _ in range(epochs):
                for _ in range(batches):
                    optimizer.zero_grad()
                    self.model(rows(2)).square().mean().backward()
                    optimizer.step()
                    if self.every_batch:
                        self.scheduler.step()
                    time.batch, time.token = Time(time.batch.value + 1), Time(time.token.value + tokens)
                if not self.every_batch:
                    self.scheduler.step()
        return made.lrs


def attached(**how: Any) -> Callable[[Optimizer], LRScheduler]:
    return lambda optimizer: lrdsl.torch.attach(optimizer, TEXT, total=TOTAL, **how)


@pytest.mark.parametrize(("auto", "every_batch"), [(False, True), (True, True), (True, None), (True, False)])
def test_a_scheduler_that_composer_steps_every_batch_or_that_is_driven_is_exact(
    auto: bool, every_batch: bool | None
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ScheduleWarning)
        assert Composer(attached(auto=auto), every_batch=every_batch).fit(2, 6) == CURVE


def test_a_scheduler_that_composer_steps_every_epoch_stands_still_and_that_is_told() -> None:
    with pytest.warns(ScheduleWarning, match="step\\(\\) came"):
        used = Composer(attached()).fit(2, 6)

    assert used == [CURVE[0]] * 6 + [CURVE[1]] * 6


def test_a_function_of_the_batch_is_one_batch_late_in_composer_for_the_timestamp_moves_on_last() -> None:
    used = Composer(lambda _: lambda state: SCHEDULE.factor(state.timestamp.batch.value)).fit(2, 6)

    assert used == near([CURVE[0], *CURVE[:-1]])


def test_a_function_of_the_tokens_is_one_batch_late_as_well() -> None:
    tokens = lrdsl.compile("warmup(300 tokens) then linear(900 tokens, to=0)")
    used = Composer(lambda _: lambda state: tokens.factor(state.timestamp.token.value)).fit(2, 6)

    assert used == near([tokens(100 * max(step - 1, 0), LR) for step in range(TOTAL)])


def test_a_stretched_run_of_composer_divides_the_time_by_the_ratio_and_takes_a_function_alone() -> None:
    def stretched(state: State, ratio: float = 1.0) -> float:
        return float(SCHEDULE.factor(state.timestamp.batch.value / ratio))

    used = Composer(lambda _: stretched, ratio=2.0).fit(4, 6)
    assert used == near([SCHEDULE(max(step - 1, 0) / 2, LR) for step in range(2 * TOTAL)])
    with pytest.raises(ValueError, match="unrecognized"):
        Composer(attached(), ratio=2.0)


def test_a_bare_schedule_is_no_function_of_composers_state_and_that_is_an_error_at_once() -> None:
    with pytest.raises(ScheduleError, match="not at"):
        Composer(lambda _: SCHEDULE)


# --- Ray Train ---------------------------------------------------------------------------------------------------------

WORKER = """
import pickle, sys
from pathlib import Path

for rank in range(2):
    for file in sorted(Path(sys.argv[1]).glob("*.loop")):
        loop, config = pickle.loads(file.read_bytes())
        result = loop({**config, "rank": rank})
        file.with_suffix(f".{rank}").write_bytes(pickle.dumps(result))
"""


def train_loop(config: dict[str, Any]) -> dict[str, Any]:
    """A `train_loop_per_worker`: what a worker of Ray Train runs with its config, in a process of its own."""
    import torch

    import lrdsl.torch

    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = config["attach"](optimizer) if "attach" in config else lrdsl.torch.attach(optimizer, config["schedule"])
    if "checkpoint" in config:
        state = torch.load(f"{config['checkpoint']}/state.pt", weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
        scheduler.load_state_dict(state["scheduler"])
    used = []
    for _ in range(config["updates"]):
        model(torch.ones(2, 4)).square().mean().backward()
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    if config["rank"] == 0 and "report" in config:
        torch.save(
            {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}, f"{config['report']}/state.pt"
        )
    return {"lrs": used, "schedule": scheduler.schedule}


Result = Callable[[str, int], Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Runs loops in another process, twice as if in two workers: loop and config go there pickled. Gives their results.

    As `construct_train_func` in python/ray/train/v2/_internal/util.py of Ray 2: the config is a dict that the loop is called
    with, and both are serialized by cloudpickle.
    """
    folder = tmp_path_factory.mktemp("ray")
    make = functools.partial(lrdsl.torch.attach, schedule=TEXT, total=TOTAL)
    loops: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "a schedule": (train_loop, {"schedule": SCHEDULE, "updates": TOTAL}),
        "half made": (train_loop, {"attach": make, "updates": TOTAL}),
        "part 1": (train_loop, {"attach": make, "updates": 5, "report": str(folder)}),
        "part 2": (train_loop, {"attach": make, "updates": TOTAL - 5, "checkpoint": str(folder)}),
    }
    for name, sent in loops.items():
        (folder / f"{name}.loop").write_bytes(pickle.dumps(sent))
    with contextlib.suppress(ImportError):
        import cloudpickle

        def closure(config: dict[str, Any]) -> dict[str, Any]:
            return train_loop({**config, "schedule": SCHEDULE, "updates": TOTAL})

        (folder / "a schedule by value.loop").write_bytes(cloudpickle.dumps((train_loop, loops["a schedule"][1])))
        (folder / "closure.loop").write_bytes(cloudpickle.dumps((closure, {})))
    paths = [Path(__file__).resolve().parent, Path(lrdsl.__file__).resolve().parent.parent]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    subprocess.run([sys.executable, "-c", WORKER, str(folder)], check=True, env=environment, timeout=120)
    return lambda name, rank: pickle.loads((folder / f"{name}.{rank}").read_bytes())


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("name", ["a schedule", "half made"])
def test_a_schedule_and_a_half_made_attach_go_to_a_worker_and_come_back(trained: Result, name: str, rank: int) -> None:
    result = trained(name, rank)

    assert result["lrs"] == CURVE
    assert result["schedule"] == SCHEDULE


@pytest.mark.parametrize("name", ["a schedule by value", "closure"])
def test_a_schedule_goes_to_a_worker_as_ray_sends_it_and_inside_a_loop_too(trained: Result, name: str) -> None:
    pytest.importorskip("cloudpickle")

    assert trained(name, 1)["lrs"] == CURVE


def test_a_checkpoint_of_the_first_worker_goes_on_in_each_of_them(trained: Result) -> None:
    for rank in range(2):
        assert trained("part 1", 0)["lrs"] + trained("part 2", rank)["lrs"] == CURVE
