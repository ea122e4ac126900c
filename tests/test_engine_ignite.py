"""Real runs of Ignite: each update is made with exactly the value of the schedule.

What is right:

    @trainer.on(Events.ITERATION_COMPLETED)
    def step():
        scheduler.step()
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("ignite")

from engines import Updates, recorded, rows  # noqa: E402
from ignite.engine import Engine, Events  # noqa: E402
from ignite.handlers import Checkpoint, DiskSaver, LRScheduler  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

TEXT = "warmup(3) then cosine(to=10%)"
TOTAL = 12
LR = 0.1
CURVE = [lrdsl.compile(TEXT, total=TOTAL)(step, LR) for step in range(TOTAL)]
WAYS = [
    ("its own handler", False),
    ("the wrapper of ignite", False),
    ("its own handler", True),
    ("the wrapper of ignite", True),
    ("nobody", True),
]


class Run:
    """An engine of two epochs of six updates."""

    def __init__(self, way: str, folder: Path | None = None, event: Any = None, text: str = TEXT, **how: Any) -> None:
        self.model = torch.nn.Linear(4, 1)
        groups = [{"params": [self.model.weight]}, {"params": [self.model.bias], "lr": 2 * LR}]
        self.optimizer = torch.optim.AdamW(groups, lr=LR)
        self.scheduler = lrdsl.torch.attach(self.optimizer, text, total=TOTAL, **how)
        self.engine = Engine(self.update)
        self.saved: dict[str, Any] = {"engine": self.engine, "model": self.model, "optimizer": self.optimizer}
        self.saved["scheduler"] = self.scheduler
        if way == "its own handler":
            self.engine.add_event_handler(event or Events.ITERATION_COMPLETED, lambda: self.scheduler.step())
        elif way == "the wrapper of ignite":
            wrapper = LRScheduler(self.scheduler)
            self.engine.add_event_handler(event or Events.ITERATION_STARTED, wrapper)
            self.saved["scheduler"] = wrapper
        if folder is not None:
            saver = Checkpoint(self.saved, DiskSaver(folder, require_empty=False), n_saved=None)
            self.engine.add_event_handler(Events.ITERATION_COMPLETED(once=5), saver)

    def update(self, engine: Any, batch: Any) -> None:
        self.optimizer.zero_grad()
        self.model(batch).square().mean().backward()
        self.optimizer.step()

    def train(self, stop: int | None = None) -> Updates:
        if stop is not None:
            self.engine.add_event_handler(Events.ITERATION_COMPLETED(once=stop), self.engine.terminate)
        with recorded() as updates:
            self.engine.run(torch.utils.data.DataLoader(rows(12), batch_size=2), max_epochs=2)
        return updates


@pytest.mark.parametrize(("way", "auto"), WAYS)
def test_every_update_has_the_value_of_the_schedule_in_every_group(way: str, auto: bool) -> None:
    updates = Run(way, auto=auto).train()

    assert [lrs for _, lrs in updates.made] == [[lr, 2 * lr] for lr in CURVE]


@pytest.mark.parametrize(("way", "auto"), WAYS)
def test_a_run_that_is_taken_up_from_a_checkpoint_goes_on_exactly(tmp_path: Path, way: str, auto: bool) -> None:
    before = Run(way, tmp_path, auto=auto).train(stop=7)
    (file,) = tmp_path.glob("*.pt")
    again = Run(way, auto=auto)
    Checkpoint.load_objects(again.saved, torch.load(file, weights_only=True))

    assert before.lrs == CURVE[:7]
    assert again.train().lrs == CURVE[5:]


def test_the_wrapper_after_the_update_is_one_update_late() -> None:
    assert Run("the wrapper of ignite", event=Events.ITERATION_COMPLETED).train().lrs == [CURVE[0], *CURVE[:-1]]


def test_a_step_before_the_update_is_one_update_early_and_that_is_said() -> None:
    with pytest.warns(ScheduleWarning, match="before optimizer.step"):
        updates = Run("its own handler", event=Events.ITERATION_STARTED).train()

    assert updates.lrs[:-1] == CURVE[1:]


@pytest.mark.parametrize(("way", "auto", "moves"), [(*way, way != WAYS[1]) for way in WAYS])
def test_the_wrapper_writes_the_lr_alone_and_the_optimizer_everything(way: str, auto: bool, moves: bool) -> None:
    run = Run(way, text=f"lr = {TEXT}\nweight_decay = linear(12, from=0.12, to=0)", auto=auto)

    assert run.train().lrs == CURVE
    assert {group["weight_decay"] for group in run.optimizer.param_groups} == {0.0 if moves else 0.12}
