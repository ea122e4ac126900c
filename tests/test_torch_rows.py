"""The applier where groups have values of their own: many groups, few of them, scaled, by base or by name; and over many blocks."""

from __future__ import annotations

import copy
import gc
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

TEXTS = {
    "two phases": "warmup(30) then cosine(6000, to=1%)",
    "many short phases": " then ".join(
        f"{('linear', 'cosine')[n % 2]}({n % 9 + 1}, from=base, to=0.{n % 7 + 1}*base)" for n in range(900)
    ),
    "phases of one step": " then ".join(f"0.{n % 9 + 1}*base for 1" for n in range(300)),
    "a repeat": "repeat(warmup(10.5) then cosine(100))",
}


def optimizer_of(count: int, how: str, values: int) -> Any:
    groups = []
    for index in range(count):
        group: dict[str, Any] = {"params": [torch.zeros(1, requires_grad=True)], "lr": 1e-3}
        scale = 0.9 ** (index % values)
        if how == "scaled":
            group["lr_scale"] = scale
        elif how == "by base":
            group["lr"] = 1e-3 * scale
        elif how == "by name":
            group["name"] = f"layers.{index % values}.w{index}"
        groups.append(group)
    return torch.optim.SGD(groups, lr=0.1)


def wanted(schedule: lrdsl.Schedule, group: dict[str, Any], how: str, times: Any) -> list[float]:
    seen = schedule.group(group["name"]) if how == "by name" else schedule
    values: list[float] = seen(times, group["initial_lr"]).tolist()
    return [value * group["lr_scale"] for value in values] if how == "scaled" else values


def attached(optimizer: Any, text: str, steps: int) -> lrdsl.torch.Applier:
    """An applier that has gone so many steps."""
    scheduler = lrdsl.torch.attach(optimizer, text)
    optimizer.step()
    for _ in range(steps):
        scheduler.step()
    return scheduler


@pytest.mark.filterwarnings("ignore:.* is past the end of the schedule")
@pytest.mark.parametrize("how", ["one value", "scaled", "by base", "by name"])
@pytest.mark.parametrize(("count", "values"), [(1, 1), (3, 3), (10, 10), (100, 24), (100, 100), (300, 300)])
@pytest.mark.parametrize("name", TEXTS)
def test_every_group_has_its_own_curve_at_every_step(name: str, count: int, values: int, how: str) -> None:
    text = TEXTS[name] if how != "by name" else f'lr = {TEXTS[name]}\nlr["layers.{{i}}.*"] = lr * 0.8^i'
    optimizer = optimizer_of(count, how, values)
    scheduler = lrdsl.torch.attach(optimizer, text)
    optimizer.step()
    steps = 200 if count > 10 else 700
    taken: list[list[float]] = [[] for _ in optimizer.param_groups]
    for _ in range(steps):
        for lrs, group in zip(taken, optimizer.param_groups, strict=True):
            lrs.append(group["lr"])
        scheduler.step()
    schedule = scheduler.schedule
    for index in {0, 1 % count, count // 2, count - 1}:
        group = optimizer.param_groups[index]
        assert taken[index] == wanted(schedule, group, how, np.arange(steps))
        assert type(group["lr"]) is float
    assert scheduler.last_epoch == steps
    assert scheduler.get_lr() == scheduler.get_last_lr()


@pytest.mark.parametrize("how", ["one value", "scaled", "by base"])
def test_what_happens_in_the_middle_of_a_block_is_seen_at_once(how: str) -> None:
    optimizer = optimizer_of(12, how, 12)
    scheduler = attached(optimizer, TEXTS["two phases"], 100)
    saved = copy.deepcopy(scheduler.state_dict()), copy.deepcopy(optimizer.state_dict())
    optimizer.add_param_group({"params": [torch.zeros(1, requires_grad=True)], "lr": 0.5, "lr_scale": 2.0})
    scheduler.step()
    schedule = scheduler.schedule

    for group in optimizer.param_groups:
        assert group["lr"] == schedule(101, group["initial_lr"]) * group.get("lr_scale", 1.0)
    again = optimizer_of(12, how, 12)
    other = lrdsl.torch.attach(again, TEXTS["two phases"])
    again.step()
    other.step()
    again.load_state_dict(saved[1])  # every dict of a group is another one now
    other.load_state_dict(saved[0])
    for moves in range(1, 80):
        other.step()
        for group in again.param_groups:
            assert group["lr"] == schedule(100 + moves, group["initial_lr"]) * group.get("lr_scale", 1.0)
    other.last_epoch -= 10  # as SequentialLR and Ignite do
    other.step()
    group = again.param_groups[3]
    assert group["lr"] == schedule(170, group["initial_lr"]) * group.get("lr_scale", 1.0)


@pytest.mark.parametrize("how", ["one value", "scaled", "by base"])
def test_somebody_else_who_writes_is_noticed_once(how: str) -> None:
    optimizer = optimizer_of(12, how, 12)
    scheduler = attached(optimizer, TEXTS["two phases"], 70)
    optimizer.param_groups[0]["lr"] = 7.0
    with pytest.warns(ScheduleWarning, match=r"7\.0"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.param_groups[0]["lr"] = 8.0
        scheduler.step()
    assert scheduler.get_lr() == scheduler.get_last_lr()


def test_a_scale_that_changes_on_the_way_counts_at_the_next_step() -> None:
    optimizer = optimizer_of(3, "scaled", 3)
    scheduler = lrdsl.torch.attach(optimizer, TEXTS["two phases"])
    optimizer.step()
    scheduler.step()
    optimizer.param_groups[1]["lr_scale"] = 5.0
    scheduler.step()

    assert optimizer.param_groups[1]["lr"] == scheduler.schedule(2, 1e-3) * 5.0


def test_a_scale_that_is_numpys_leaves_a_float_in_the_group() -> None:
    optimizer = optimizer_of(3, "scaled", 3)
    optimizer.param_groups[1]["lr_scale"] = np.float64(0.5)
    scheduler = lrdsl.torch.attach(optimizer, TEXTS["two phases"])
    optimizer.step()
    scheduler.step()

    assert {type(group["lr"]) for group in optimizer.param_groups} == {float}


def test_steps_make_nothing_that_the_garbage_collector_must_look_at() -> None:
    optimizer = optimizer_of(10, "by base", 10)
    scheduler = attached(optimizer, TEXTS["two phases"], 200)
    gc.collect()
    gc.disable()
    try:
        before = gc.get_count()[0]
        for _ in range(1500):
            scheduler.step()
        assert gc.get_count()[0] - before < 300
    finally:
        gc.enable()


def test_an_applier_is_copied_and_pickled_in_the_middle_of_a_block() -> None:
    optimizer = optimizer_of(10, "by base", 10)
    scheduler = attached(optimizer, TEXTS["two phases"], 100)
    twin = copy.deepcopy(scheduler)
    for _ in range(50):
        twin.step()
        scheduler.step()

    assert twin.get_last_lr() == scheduler.get_last_lr() == scheduler.get_lr()


def test_a_tensor_that_all_groups_share_is_written_once_a_step() -> None:
    shared = torch.tensor(1e-3)
    groups = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(20)]
    optimizer = torch.optim.Adam(groups, lr=shared, capturable=False, foreach=False)
    for group in optimizer.param_groups:
        group["lr"] = shared  # as a fresh optimizer has it
    scheduler = lrdsl.torch.attach(optimizer, TEXTS["two phases"], base=1e-3)
    optimizer.step()
    before = shared._version
    for _ in range(5):
        scheduler.step()

    assert shared._version - before == 5
    assert all(group["lr"] is shared for group in optimizer.param_groups)
    assert shared.item() == pytest.approx(scheduler.schedule(5, 1e-3))


def test_two_keys_of_many_groups_are_written_from_one_row() -> None:
    groups = [
        {"params": [torch.zeros(1, requires_grad=True)], "lr": 1e-3 * (k + 1), "weight_decay": 0.1 * (k % 3)}
        for k in range(9)
    ]
    optimizer = torch.optim.AdamW(groups)
    text = """
        lr = warmup(30) then cosine(600, to=1%)
        weight_decay = linear(600, from=base, to=0)
        beta1 = linear(600, from=0.85, to=0.95)
    """
    scheduler = lrdsl.torch.attach(optimizer, text)
    optimizer.step()
    for _ in range(150):
        scheduler.step()
    schedule = scheduler.schedule

    for group in optimizer.param_groups:
        assert group["lr"] == schedule(150, group["initial_lr"])
        assert group["weight_decay"] == schedule["weight_decay"](150, {"weight_decay": group["initial_weight_decay"]})
        assert group["betas"] == (schedule["beta1"](150), 0.999)


def test_what_a_group_is_given_after_it_was_attached_counts_from_the_next_block_on() -> None:
    optimizer = optimizer_of(3, "one value", 1)
    scheduler = lrdsl.torch.attach(optimizer, TEXTS["two phases"])
    optimizer.param_groups[1]["lr_scale"] = 0.5
    optimizer.step()
    scheduler.step()

    assert optimizer.param_groups[1]["lr"] == scheduler.schedule(1, 1e-3) * 0.5
    for _ in range(100):
        optimizer.step()
        scheduler.step()
    tensor = torch.tensor(1e-3)
    optimizer.param_groups[2]["lr"] = tensor
    for _ in range(300):
        scheduler.step()
    assert optimizer.param_groups[2]["lr"] is not tensor  # a float was written over it before the block was through
    optimizer.param_groups[2]["lr"] = tensor
    scheduler.seek(500)
    assert optimizer.param_groups[2]["lr"] is tensor
