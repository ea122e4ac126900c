"""Real runs of the Trainer of transformers: each update is made with exactly the value of the schedule.

What is right:

    class MyTrainer(lrdsl.torch.TrainerMixin, transformers.Trainer):
        schedule = "warmup(3%) then cosine(to=10%)"
"""

from __future__ import annotations

import copy
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
    return kind(args=args, train_dataset=data, **{"model": Model(), **given})


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
    one = trainer(tmp_path, transformers.Trainer, given={"model": model, "optimizers": (optimizer, scheduler)})
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


def test_a_run_that_is_taken_up_from_a_checkpoint_goes_on_exactly(tmp_path: Path) -> None:
    keeps = {"save_strategy": "steps", "save_steps": 3}
    with recorded() as before, pytest.raises(KeyboardInterrupt):
        trainer(tmp_path, given={"callbacks": [Killed(5)]}, **keeps).train()
    one = trainer(tmp_path, **keeps)
    after = train(one, resume_from_checkpoint=str(tmp_path / "checkpoint-3"))

    assert before.lrs == curve(8)[:5]
    assert after.lrs == curve(8)[3:]
    assert one.lr_scheduler.last_epoch == 8


def test_driven_by_the_optimizer_it_is_taken_up_as_exactly(tmp_path: Path) -> None:
    keeps = {"save_strategy": "steps", "save_steps": 3}
    text = "warmup(2) then cosine(6)"
    for first, resume in ((0, None), (3, str(tmp_path / "checkpoint-3"))):
        model, *both = pair(text, auto=True)
        one = trainer(tmp_path, transformers.Trainer, given={"model": model, "optimizers": tuple(both)}, **keeps)
        assert train(one, resume_from_checkpoint=resume).lrs == curve(8, text)[first:]
        # The Trainer looks after the update, when the lr is that of the next one.
        logged = [line["learning_rate"] for line in one.state.log_history if "learning_rate" in line]
        assert logged == [*curve(8, text)[1:], 0.0]


def test_a_scheduler_alone_drives_an_optimizer_that_makes_no_update_and_that_is_said(tmp_path: Path) -> None:
    model, optimizer, scheduler = pair("warmup(20) then cosine(180)")
    one = trainer(
        tmp_path,
        transformers.Trainer,
        given={"model": model, "optimizers": (None, scheduler)},
        num_train_epochs=25,
        learning_rate=5e-5,
    )
    with pytest.warns(ScheduleWarning, match="optimizer was never stepped"):
        updates = train(one)
    logged = [line["learning_rate"] for line in one.state.log_history if "learning_rate" in line]

    assert updates.lrs == [5e-5] * 200
    assert not updates.of(optimizer)
    assert logged == [scheduler.schedule(step, LR) for step in range(200)]


def test_accumulated_batches_are_one_update(tmp_path: Path) -> None:
    updates = train(trainer(tmp_path, gradient_accumulation_steps=2))

    assert updates.lrs == curve(4)


def test_a_second_call_of_train_begins_anew(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    first = train(one)
    before = one.lr_scheduler
    second = train(one)
    before.step()

    assert before.last_epoch == 8
    assert before is not one.lr_scheduler
    assert first.lrs == second.lrs == curve(8)
    assert len({id(optimizer) for optimizer, _ in first.made + second.made}) == 1


def test_a_longer_run_is_another_schedule_and_the_checkpoint_says_so(tmp_path: Path) -> None:
    train(trainer(tmp_path, save_strategy="steps", save_steps=4))
    resume = {"resume_from_checkpoint": str(tmp_path / "checkpoint-4")}
    with pytest.raises(lrdsl.ScheduleError, match=r"at step 4 its lr is 7\.75e-3, in hand (its lr is )?0\.01;"):
        trainer(tmp_path, num_train_epochs=2).train(**resume)
    with pytest.warns(ScheduleWarning, match=r"with a jump: its lr is 0\.01 there, and would have been 7\.75e-3"):
        longer = train(trainer(tmp_path, num_train_epochs=2, given={"on_change": "replace"}), **resume)

    assert longer.lrs == curve(16)[4:]


def test_a_text_in_epochs_takes_them_from_the_run(tmp_path: Path) -> None:
    text = "warmup(1 epoch) then cosine(to=10%)"
    updates = train(trainer(tmp_path, num_train_epochs=3, given={"schedule": text}))

    schedule = lrdsl.compile(text, epoch=8, total=24)
    assert updates.lrs == [schedule(step, LR) for step in range(24)]


@pytest.mark.parametrize(
    "plain", ["lr = warmup(2, to=0.1) then cosine", "lr = 0.1", 'lr["*.weight"] = cosine(from=0.1)']
)
def test_groups_by_name_come_with_an_optimizer_and_the_mixin_brings_the_schedule(tmp_path: Path, plain: str) -> None:
    text = f'{plain}\nlr["*.bias"] = linear(from=0.2)'
    model = Model()
    optimizer = torch.optim.AdamW(lrdsl.torch.param_groups(model, text, total=8))
    given = {"model": model, "optimizers": (optimizer, None), "schedule": lrdsl.compile(text)}
    updates = train(trainer(tmp_path, given=given))

    schedule = lrdsl.compile(text, total=8)
    wanted = [[schedule.group(name)(step) for name in ("layer.weight", "layer.bias")] for step in range(8)]
    assert updates.of(optimizer) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("warmup(2) then cosine(4)", "the run has 8 updates: the text ends at 6, and its last value stays"),
        ("warmup(2) then cosine(400)", "the run has 8 updates: the text is 402 long"),
        ("param total = 100\nlr = warmup(2%) then cosine", "the run has 8 updates: the text is 100 long"),
        ("warmup(8) then hold", "the run has 8 updates: the last phase of the text begins at 8"),
    ],
)
def test_a_length_of_its_own_stands_and_where_the_run_has_another_it_is_said(
    tmp_path: Path, text: str, said: str
) -> None:
    one = trainer(tmp_path, given={"schedule": text})
    one.create_optimizer()
    with pytest.warns(ScheduleWarning, match=said):
        one.create_scheduler(8)

    assert one.lr_scheduler.schedule == lrdsl.compile(text)


@pytest.mark.parametrize("text", ["warmup(2) then cosine(6)", "warmup(7) then hold", "0.1", "repeat(cosine(3))"])
def test_a_text_that_needs_no_total_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    one = trainer(tmp_path, given={"schedule": text})
    one.create_optimizer()

    assert one.create_scheduler(8).schedule.bindings == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("warmup(10) then cosine", "the phases are longer than the run: they end at 10, the run at 8"),
        ("warmup(1M tokens) then cosine", "this mixes steps and tokens"),
        ("warmup(1M tokens) then hold", "this text counts tokens"),
    ],
)
def test_a_text_that_does_not_fit_the_run_is_refused(tmp_path: Path, text: str, said: str) -> None:
    one = trainer(tmp_path, given={"schedule": text})
    one.create_optimizer()
    with pytest.raises(lrdsl.ScheduleError, match=said):
        one.create_scheduler(8)


def test_what_the_arguments_say_of_a_schedule_is_not_used_and_that_is_said_once(tmp_path: Path) -> None:
    one = trainer(tmp_path, lr_scheduler_type="cosine", warmup_steps=3)
    said = r"TrainingArguments\(lr_scheduler_type='cosine', warmup_steps=3\) is not used"
    with pytest.warns(ScheduleWarning, match=said) as caught:
        assert train(one).lrs == curve(8) == train(one).lrs
    assert len([warning for warning in caught if warning.category is ScheduleWarning]) == 1


def test_deepspeed_asks_a_copy_of_the_trainer_with_an_optimizer_of_its_own(tmp_path: Path) -> None:
    # transformers/integrations/deepspeed.py, _lr_scheduler_callable
    one = trainer(tmp_path)
    another = copy.copy(one)
    another.lr_scheduler = None
    optimizer = torch.optim.SGD(one.model.parameters(), lr=LR)
    scheduler = another.create_scheduler(num_training_steps=8, optimizer=optimizer)

    assert scheduler.optimizer is optimizer
    assert scheduler.schedule.length == 8
    assert one.lr_scheduler is None


def test_first_moves_that_are_wrong_get_the_right_one(tmp_path: Path) -> None:
    class Bare(lrdsl.torch.TrainerMixin, transformers.Trainer):
        pass

    with pytest.raises(lrdsl.ScheduleError, match="this trainer has no schedule"):
        trainer(tmp_path, Bare)
    with pytest.raises(lrdsl.ScheduleError, match="no curve or function is called `wormup`"):
        trainer(tmp_path, given={"schedule": "wormup(3%) then cosine"})
    _, optimizer, scheduler = pair()
    with pytest.raises(lrdsl.ScheduleError, match="was given a scheduler as well, Applier"):
        trainer(tmp_path, given={"optimizers": (optimizer, scheduler)})
    with pytest.raises(lrdsl.ScheduleError, match=r"class Late\(lrdsl.torch.TrainerMixin, Trainer\)"):

        class Late(transformers.Trainer, lrdsl.torch.TrainerMixin):
            schedule = TEXT
