"""Real runs of the Trainer of transformers: each update is made with exactly the value of the schedule.

What is right:

    class MyTrainer(lrdsl.torch.TrainerMixin, transformers.Trainer):
        schedule = "warmup(3%) then cosine(to=10%)"
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from engines import Updates, recorded, rows  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

TEXT = "warmup(25%) then cosine(to=10%)"
LR = 0.01

transformers.logging.set_verbosity_error()


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, x: Any, labels: Any = None) -> Any:
        return {"loss": (self.layer(x).squeeze(-1) - labels).square().mean()}


class Trainer(lrdsl.torch.TrainerMixin, transformers.Trainer):
    schedule = TEXT


class Killed(transformers.TrainerCallback):
    """Ends a run before its time, as a machine does that is taken away."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            raise KeyboardInterrupt


def trainer(folder: Path, kind: Any = Trainer, *, given: Any = {}, **settings: Any) -> Any:  # noqa: B006
    """A trainer of 16 rows, 2 of them a batch: 8 updates an epoch."""
    chosen = {"num_train_epochs": 1, "save_strategy": "no", "learning_rate": LR, **settings}
    args = transformers.TrainingArguments(
        str(folder),
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        logging_steps=1,
        per_device_train_batch_size=2,
        **chosen,
    )
    data = [{"x": row, "labels": torch.tensor(1.0)} for row in rows(16)]
    return kind(model=Model(), args=args, train_dataset=data, **given)


def train(one: Any, **how: Any) -> Updates:
    with recorded() as updates:
        one.train(**how)
    return updates


def curve(total: int, text: str = TEXT, lr: float = LR) -> list[float]:
    schedule = lrdsl.compile(text, total=total)
    return [schedule(step, lr) for step in range(total)]


def pair(text: str = "warmup(2) then cosine(6)", **how: Any) -> tuple[Any, Any, Any]:
    """A model, its optimizer, and the schedule on it, as they are given to a Trainer."""
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
    return model, optimizer, lrdsl.torch.attach(optimizer, text, **how)


def test_an_optimizer_and_its_scheduler_are_given_together(tmp_path: Path) -> None:
    model, optimizer, scheduler = pair()
    one = trainer(tmp_path, transformers.Trainer, given={"optimizers": (optimizer, scheduler)})
    one.model = one.model_wrapped = model
    updates = train(one)

    assert updates.of(optimizer) == [[lr] for lr in curve(8, "warmup(2) then cosine(6)")]
    assert [line["learning_rate"] for line in one.state.log_history if "learning_rate" in line] == updates.lrs


def test_the_mixin_takes_the_length_of_the_run_and_the_optimizer_of_the_trainer(tmp_path: Path) -> None:
    one = trainer(tmp_path, num_train_epochs=2)
    updates = train(one)

    assert updates.lrs == curve(16)
    assert [line["learning_rate"] for line in one.state.log_history if "learning_rate" in line] == curve(16)
    assert one.lr_scheduler.last_epoch == 16
    assert one.lr_scheduler.schedule.bindings == {"total": "16"}


@pytest.mark.parametrize("auto", [False])
def test_a_run_that_is_taken_up_from_a_checkpoint_goes_on_exactly(tmp_path: Path, auto: bool) -> None:
    keeps = {"save_strategy": "steps", "save_steps": 3}
    with recorded() as before, pytest.raises(KeyboardInterrupt):
        trainer(tmp_path, given={"callbacks": [Killed(5)]}, **keeps).train()
    one = trainer(tmp_path, **keeps)
    after = train(one, resume_from_checkpoint=str(tmp_path / "checkpoint-3"))

    assert before.lrs == curve(8)[:5]
    assert after.lrs == curve(8)[3:]
    assert one.lr_scheduler.last_epoch == 8


def test_accumulated_batches_are_one_update(tmp_path: Path) -> None:
    updates = train(trainer(tmp_path, gradient_accumulation_steps=2))

    assert updates.lrs == curve(4)
