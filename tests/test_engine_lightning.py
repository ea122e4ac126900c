"""Real runs of Lightning: each update is made with exactly the value of the schedule.

What is right:

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=3e-4)
        scheduler = lrdsl.torch.attach(optimizer, self.text, total=self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
"""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("pytorch_lightning")

from engines import Updates, recorded, rows  # noqa: E402
from pytorch_lightning.callbacks import LearningRateMonitor, ModelCheckpoint, StochasticWeightAveraging  # noqa: E402
from pytorch_lightning.loggers import CSVLogger  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

TEXT = "warmup(3) then cosine(to=10%)"
LR = 0.1

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pytorch_lightning", "ignore::FutureWarning")
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


class Model(lightning.LightningModule):
    """A line of two groups, and what it was given as the schedule; `config` goes into the scheduler's dict."""

    def __init__(self, text: str = TEXT, auto: bool = False, **config: Any) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
        self.text, self.auto, self.config = text, auto, config

    def training_step(self, batch: Any, index: int) -> Any:
        return self.layer(batch).square().mean()

    def configure_optimizers(self) -> Any:
        groups = [{"params": [self.layer.weight], "name": "weight"}, {"params": [self.layer.bias], "name": "bias"}]
        optimizer = torch.optim.AdamW(groups, lr=LR)
        self.total = self.trainer.estimated_stepping_batches
        self.scheduler = lrdsl.torch.attach(optimizer, self.text, total=self.total, auto=self.auto)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": self.scheduler, **self.config}}


def fit(model: Any, folder: Path, batches: int = 5, resume: Path | None = None, **settings: Any) -> Updates:
    """A run over so many batches an epoch."""
    chosen = {"logger": False, "enable_checkpointing": False, "max_epochs": 2, **settings}
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        **chosen,
    )
    data = torch.utils.data.DataLoader(rows(2 * batches), batch_size=2)
    with recorded() as updates:
        trainer.fit(model, data, ckpt_path=resume)
    return updates


def curve(total: int, text: str = TEXT) -> list[float]:
    """The value of the schedule for each update of a run."""
    schedule = lrdsl.compile(text, total=total)
    return [schedule(step, LR if schedule.relation == "relative" else None) for step in range(total)]


def test_every_update_has_the_value_of_the_schedule_when_the_interval_is_a_step(tmp_path: Path) -> None:
    model = Model(interval="step")
    updates = fit(model, tmp_path)

    assert model.total == 10
    assert updates.lrs == curve(10)
    assert model.scheduler.last_epoch == 10


def test_accumulated_batches_are_one_update_and_the_total_counts_updates(tmp_path: Path) -> None:
    model = Model(interval="step")
    updates = fit(model, tmp_path, accumulate_grad_batches=2, gradient_clip_val=0.5)

    assert model.total == 6  # 5 batches are 3 updates: the last one of an epoch has one batch
    assert updates.lrs == curve(6)


def test_the_monitor_logs_each_group_under_its_name(tmp_path: Path) -> None:
    text = 'let trunk = warmup(3, to=0.1) then cosine(to=10%)\nlr = trunk\nlr["bias"] = 2*trunk'
    logger = CSVLogger(tmp_path, flush_logs_every_n_steps=1)
    monitor = LearningRateMonitor("step")
    updates = fit(Model(text, interval="step"), tmp_path, logger=logger, callbacks=[monitor], log_every_n_steps=1)
    with open(Path(logger.log_dir) / "metrics.csv", newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["lr-AdamW/weight"]]

    assert [float(line["lr-AdamW/weight"]) for line in lines] == curve(10, text)
    assert [float(line["lr-AdamW/bias"]) for line in lines] == [2 * lr for lr in curve(10, text)]
    assert [lrs for _, lrs in updates.made] == [[lr, 2 * lr] for lr in curve(10, text)]


@pytest.mark.parametrize("auto", [False, True], ids=["stepped", "auto"])
def test_a_run_that_is_taken_up_from_a_checkpoint_goes_on_exactly(tmp_path: Path, auto: bool) -> None:
    keeps = {"enable_checkpointing": True, "max_epochs": 3}
    saver = ModelCheckpoint(tmp_path, save_last=True, every_n_train_steps=7)

    class Killed(Exception):
        pass

    class Dies(Model):
        def on_train_batch_start(self, batch: Any, index: int) -> None:
            if self.global_step == 8:
                raise Killed

    with recorded() as before, pytest.raises(Killed):
        fit(Dies(interval="step", auto=auto), tmp_path, callbacks=[saver], **keeps)
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    model = Model(interval="step", auto=auto)
    after = fit(model, tmp_path, resume=tmp_path / "last.ckpt", **keeps)

    assert saved["lr_schedulers"][0]["last_epoch"] == 7
    assert before.lrs == curve(15)[:8]
    assert after.lrs == curve(15)[7:]
    assert model.scheduler.last_epoch == 15


def test_several_optimizers_are_stepped_by_hand_each_with_its_scheduler(tmp_path: Path) -> None:
    class Pair(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.layers = torch.nn.ModuleList([torch.nn.Linear(4, 1), torch.nn.Linear(4, 1)])

        def training_step(self, batch: Any, index: int) -> None:
            for number, (optimizer, scheduler) in enumerate(zip(self.optimizers(), self.lr_schedulers(), strict=True)):
                if number == 1 and index % 2:
                    continue  # the second is stepped half as often
                optimizer.zero_grad()
                self.manual_backward(self.layers[number](batch).square().mean())
                optimizer.step()
                scheduler.step()

        def configure_optimizers(self) -> Any:
            self.made = [torch.optim.SGD(layer.parameters(), lr=LR) for layer in self.layers]
            texts = ("warmup(3) then cosine(7)", "cosine(6)")
            return self.made, [lrdsl.torch.attach(*pair) for pair in zip(self.made, texts, strict=True)]

    model = Pair()
    updates = fit(model, tmp_path)

    first, second = (updates.of(optimizer) for optimizer in model.made)
    assert first == [[lr] for lr in curve(10, "warmup(3) then cosine(7)")]
    assert second == [[lr] for lr in curve(6, "cosine(6)")]


def test_an_interval_of_epochs_leaves_the_lr_where_it_is_and_that_is_said(tmp_path: Path) -> None:
    model = Model("warmup(100) then cosine(to=10%)")
    with pytest.warns(ScheduleWarning, match=r"once in \d+ optimizer updates"):
        updates = fit(model, tmp_path, batches=391)
    schedule = model.scheduler.schedule

    assert model.total == 782
    assert updates.lrs == [schedule(0, LR)] * 391 + [schedule(1, LR)] * 391


@pytest.mark.parametrize("config", [{}, {"interval": "step"}], ids=["epochs", "steps"])
def test_driven_by_the_optimizer_the_interval_does_not_matter(tmp_path: Path, config: dict[str, str]) -> None:
    model = Model(auto=True, **config)
    updates = fit(model, tmp_path, accumulate_grad_batches=2)

    assert updates.lrs == curve(6)
    assert model.scheduler.last_epoch == 6


def averaged(model: Any, folder: Path) -> list[float]:
    """The lrs of two epochs behind the one where weights are averaged with another lr."""
    swa = StochasticWeightAveraging(1e-3, swa_epoch_start=2, annealing_epochs=1)
    return fit(model, folder, batches=10, max_epochs=4, callbacks=[swa]).lrs[20:]


def test_a_scheduler_that_takes_over_is_alone_unless_the_optimizer_drives(tmp_path: Path) -> None:
    class Lets(Model):
        def on_train_epoch_start(self) -> None:
            if self.current_epoch == 1:
                self.scheduler.detach()

    assert averaged(Model(interval="step"), tmp_path) == [1e-3] * 20
    with pytest.warns(ScheduleWarning, match="by somebody else"):
        assert averaged(Model(auto=True), tmp_path).count(1e-3) == 2
    assert averaged(Lets(auto=True), tmp_path) == [1e-3] * 20


def test_a_run_without_an_end_has_no_total_and_the_text_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=r"`total` is a number .* not inf"):
        fit(Model(interval="step"), tmp_path, max_epochs=-1)
