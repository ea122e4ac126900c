"""Updates that were skipped, and batches that are not updates: the lines that are right, and what is told of the others."""

from __future__ import annotations

import gc
import math
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

TEXT = "warmup(10) then cosine(40, to=10%)"
LR = 1e-3
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
OVERFLOWS = ({0, 1, 2}, {4}, {0, 7, 8, 20}, set(range(0, 30, 3)), {1, 3, 5, 7, 9})


class Run:
    """Updates with a GradScaler, some of which overflow; notes the lr of each one that is applied."""

    def __init__(self, device: str, fused: bool, auto: bool = False) -> None:
        self.weight = torch.nn.Parameter(torch.ones(2, device=device))
        self.optimizer = torch.optim.AdamW([self.weight], lr=LR, fused=fused)
        self.scheduler = lrdsl.torch.attach(self.optimizer, TEXT, auto=auto)
        self.scaler = torch.amp.GradScaler(device, init_scale=2.0**10, growth_interval=10**6)
        self.applied: list[float] = []

    def backward(self, overflow: bool) -> None:
        loss = (self.weight * (math.inf if overflow else 1.0)).sum()
        self.scaler.scale(loss).backward()

    def update(self, overflow: bool) -> bool:
        """Whether it was applied."""
        before, lr = self.weight.detach().clone(), self.optimizer.param_groups[0]["lr"]
        self.backward(overflow)
        self.scaler.step(self.optimizer)
        applied = not torch.equal(before, self.weight)
        if applied or (not overflow and lr == 0.0):
            self.applied.append(lr)
        return applied

    def curve(self) -> list[float]:
        return [self.scheduler.schedule(step, LR) for step in range(len(self.applied))]


@pytest.mark.parametrize("overflows", OVERFLOWS, ids=str)
@pytest.mark.parametrize("fused", [False, True], ids=["unfused", "fused"])
@pytest.mark.parametrize("device", DEVICES)
def test_the_scale_tells_whether_an_update_was_applied(device: str, fused: bool, overflows: set[int]) -> None:
    run = Run(device, fused)
    for number in range(30):
        run.update(number in overflows)
        scale = run.scaler.get_scale()
        run.scaler.update()
        if run.scaler.get_scale() >= scale:
            run.scheduler.step()
        run.optimizer.zero_grad()

    assert len(run.applied) == 30 - len(overflows)
    assert run.applied == run.curve()
    assert run.scheduler.last_epoch == len(run.applied)


@pytest.mark.parametrize("overflows", OVERFLOWS, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def test_the_optimizer_drives_what_was_applied(device: str, overflows: set[int]) -> None:
    run = Run(device, fused=False, auto=True)
    for number in range(30):
        run.update(number in overflows)
        run.scaler.update()
        run.scheduler.step()  # does nothing
        run.optimizer.zero_grad()

    assert run.applied == run.curve()
    assert run.scheduler.last_epoch == 30 - len(overflows)


def test_inside_a_fused_update_the_hook_cannot_see_a_skip_and_the_count_of_the_optimizer_can() -> None:
    """As the page says: with `auto=True` a fused optimizer counts skipped updates; its own count does not."""
    run = Run("cpu", fused=True, auto=True)
    for number in range(30):
        run.update(number in {0, 1, 2, 11})
        run.scaler.update()
        run.optimizer.zero_grad()
    assert run.scheduler.last_epoch == 30

    run = Run("cpu", fused=True)
    for number in range(30):
        run.update(number in {0, 1, 2, 11})
        run.scaler.update()
        if run.optimizer.state:
            run.scheduler.seek(int(run.optimizer.state[run.weight]["step"]))
        run.optimizer.zero_grad()
    assert run.applied == run.curve()
    assert run.scheduler.last_epoch == 26


@pytest.mark.parametrize("cleared", ["after", "before"], ids=lambda when: f"gradients cleared {when} the step")
@pytest.mark.parametrize("fused", [False, True], ids=["unfused", "fused"])
@pytest.mark.parametrize("overflows", OVERFLOWS, ids=str)
def test_a_skipped_update_is_no_alarm(overflows: set[int], fused: bool, cleared: str) -> None:
    """Even where step() is called all the same, as in most scripts: every warning is an error here."""
    run = Run("cpu", fused)
    for number in range(30):
        run.update(number in overflows)
        run.scaler.update()
        if cleared == "before":
            run.optimizer.zero_grad()
        run.scheduler.step()
        run.optimizer.zero_grad()
    assert run.scheduler.last_epoch == 30


@pytest.mark.parametrize("auto", [False, True], ids=["stepped", "auto"])
def test_accumulated_batches_are_one_update(auto: bool) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([weight], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, TEXT, auto=auto)
    used = []
    for batch in range(120):
        weight.sum().backward()
        if (batch + 1) % 4 == 0:
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        elif auto:
            scheduler.step()  # an engine that counts batches
    assert used == [scheduler.schedule(step, LR) for step in range(30)]


@pytest.mark.parametrize("batches", [2, 3, 4, 8])
def test_a_step_for_each_accumulated_batch_is_told(batches: int) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([weight], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, "warmup(10) then hold")
    with pytest.warns(ScheduleWarning) as caught:
        for batch in range(64):
            weight.sum().backward()
            if (batch + 1) % batches == 0:
                optimizer.step()
                optimizer.zero_grad()
            scheduler.step()
    assert len(caught) == 1
    said = str(caught[0].message)
    assert "after optimizer.step() alone" in said
    assert f"step() came {batches} times in one optimizer update" in said or batches == 8


def test_seek_twice_is_once_and_an_update_that_is_made_again_has_its_lr() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, TEXT)
    for step in (0, 5, 5, 20, 7, 7, 49):
        for _ in range(3):
            scheduler.seek(step)
        assert optimizer.param_groups[0]["lr"] == scheduler.schedule(step, LR)
        assert scheduler.last_epoch == step


@pytest.mark.parametrize("updates", [2, 3, 10, 48, 391])
def test_a_step_once_in_many_updates_is_told_once(updates: int) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, TEXT)
    with pytest.warns(ScheduleWarning, match=rf"once in {min(updates, 100)} optimizer updates") as caught:
        for _ in range(4):
            for _ in range(updates):
                optimizer.step()
            scheduler.step()
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("steps", [2, 3, 8, 64])
def test_several_steps_in_one_update_are_told_once(steps: int) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, "warmup(10) then hold")
    with pytest.warns(ScheduleWarning, match=rf"step\(\) came {steps} times in one optimizer update") as caught:
        for _ in range(5):
            optimizer.step()
            for _ in range(steps):
                scheduler.step()
    assert len(caught) == 1


def test_the_scaler_of_a_run_that_is_over_hides_nothing() -> None:
    gc.disable()
    try:
        left: list[Any] = [torch.amp.GradScaler("cpu")]
        left.append(left)  # only the collector takes it away
        del left
        test_several_steps_in_one_update_are_told_once(2)
    finally:
        gc.enable()


def test_another_optimizer_that_trains_is_told() -> None:
    parameters = [torch.nn.Parameter(torch.ones(2))]
    trained, held = torch.optim.SGD(parameters, lr=LR), torch.optim.SGD(parameters, lr=LR)
    scheduler = lrdsl.torch.attach(held, TEXT)
    with pytest.warns(ScheduleWarning, match="its optimizer was never stepped") as caught:
        for _ in range(20):
            parameters[0].grad = torch.ones(2)
            trained.step()
            scheduler.step()
            trained.zero_grad()
    assert len(caught) == 1


def test_the_watch_takes_itself_away() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, TEXT)
    assert len(optimizer._optimizer_step_post_hooks) == 1
    assert "step" not in vars(optimizer)  # nothing of torch's stands around it either
    for _ in range(20):
        optimizer.step()
        scheduler.step()
    assert not optimizer._optimizer_step_post_hooks


def test_a_schedule_that_is_driven_by_seek_or_is_gone_is_not_watched() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    lrdsl.torch.attach(optimizer, "hold")  # replaced at once
    scheduler = lrdsl.torch.attach(optimizer, TEXT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for step in range(300):
            scheduler.seek(step)
            optimizer.step()


def test_what_is_on_another_clock_is_not_watched() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, "cosine(90 epochs)")
    for _ in range(3):
        for _ in range(150):
            optimizer.step()
        scheduler.step(epochs=1)
    assert optimizer.param_groups[0]["lr"] == scheduler.schedule(3, LR)


def steps(optimizer: Any, scheduler: Any, count: int) -> None:
    for _ in range(count):
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(
    ("text", "count", "said"),
    [
        ("warmup(5) then cosine(85)", 91, r"update 91 is past the end of the schedule \(90 steps\).*epochs"),
        ("linear(10.5)", 12, r"update 12 is past the end of the schedule \(10\.5 steps\)"),
        ("linear(1)", 2, r"update 2 is past the end of the schedule \(1 step\)"),
    ],
)
def test_an_update_past_the_end_is_told_once(text: str, count: int, said: str) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, text)
    steps(optimizer, scheduler, count - 1)  # no word of it so far
    with pytest.warns(ScheduleWarning, match=said) as caught:
        steps(optimizer, scheduler, 20)
    assert len(caught) == 1
    assert scheduler.last_epoch == count + 19
    assert optimizer.param_groups[0]["lr"] == scheduler.schedule(10**6, LR)


def test_a_schedule_without_an_end_has_no_update_past_it() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    steps(optimizer, lrdsl.torch.attach(optimizer, "warmup(5) then hold"), 200)


def test_a_run_in_tokens_is_told_of_its_end_too() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, "cosine(10k tokens)")
    for _ in range(4):
        scheduler.step(tokens=3_000)
    with pytest.warns(ScheduleWarning, match=r"an update at token 12k is past the end of the schedule \(10k tokens\)"):
        scheduler.step(tokens=3_000)
