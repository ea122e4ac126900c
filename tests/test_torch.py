"""The applier on real torch optimizers."""

from __future__ import annotations

import copy
import io
import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from reference import show
from strategies import schedules

torch = pytest.importorskip("torch")

from torch.optim.lr_scheduler import ChainedScheduler, ConstantLR, LambdaLR, LRScheduler, SequentialLR  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"
RELATIVE = "warmup(10) then cosine(to=10%)"


def optimizer_of(*groups: dict[str, Any], kind: Any = None, **defaults: Any) -> Any:
    given = groups or ({},)
    built = [{"params": [torch.zeros(1, requires_grad=True)], **group} for group in given]
    return (kind or torch.optim.SGD)(built, **{"lr": 0.1, **defaults})


def lrs(optimizer: Any) -> list[Any]:
    return [group["lr"] for group in optimizer.param_groups]


def test_it_is_a_scheduler_of_torch_and_writes_the_first_value_at_once() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)

    assert isinstance(scheduler, LRScheduler)
    assert lrs(optimizer) == [1e-6] == scheduler.get_last_lr()
    assert scheduler.last_epoch == 0
    assert not callable(scheduler)
    assert not hasattr(scheduler, "total_steps")
    assert bool(scheduler)


def test_attaching_logs_the_schedule_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="lrdsl"):
        lrdsl.torch.attach(optimizer_of({}, {}), FLAGSHIP)
    assert caplog.messages == ["lr 1e-6 -> 1e-3 at 1k -> 1e-6 at 70_078, then 1e-6 · steps · 2 groups"]


@pytest.mark.filterwarnings("ignore:.* is past the end of the schedule")
def test_every_update_trains_with_exactly_the_curve() -> None:
    optimizer = optimizer_of({}, {"lr": 0.3})
    scheduler = lrdsl.torch.attach(optimizer, RELATIVE, total=3000)
    schedule = scheduler.schedule
    for step in range(3100):
        assert lrs(optimizer) == [schedule(step, 0.1), schedule(step, 0.3)]
        assert {type(lr) for lr in lrs(optimizer)} == {float}
        assert scheduler.last_epoch == step
        optimizer.step()
        scheduler.step()


def test_groups_that_share_a_value_are_written_as_exactly() -> None:
    optimizer = optimizer_of(*[{}] * 50)
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)
    for step in range(2500):
        assert set(lrs(optimizer)) == {scheduler.schedule(step)}
        optimizer.step()
        scheduler.step()


def test_lr_scale_multiplies() -> None:
    optimizer = optimizer_of({}, {"lr_scale": 0.5}, {"lr": 1.0, "lr_scale": 2.0})
    scheduler = lrdsl.torch.attach(optimizer, "warmup(4) then hold")
    scheduler.seek(2)

    assert lrs(optimizer) == [0.05, 0.025, 1.0]
    assert scheduler.get_lr() == lrs(optimizer)


def test_seek_goes_anywhere_and_twice_is_once() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)
    for position in (70_078, 5, 5, 10**12, 0, 1023, 1024, 1025):
        scheduler.seek(position)
        assert lrs(optimizer) == [scheduler.schedule(position)]
        assert scheduler.last_epoch == position
        optimizer.step()
        scheduler.step()
        assert lrs(optimizer) == [scheduler.schedule(position + 1)]


@pytest.mark.parametrize("order", ["optimizer first", "scheduler first", "built after the load"])
def test_the_order_of_loading_does_not_matter(order: str) -> None:
    def fresh() -> tuple[Any, Any]:
        optimizer = optimizer_of({}, {"lr": 0.3})
        return optimizer, lrdsl.torch.attach(optimizer, RELATIVE, total=100)

    straight, going = fresh()
    for _ in range(50):
        straight.step()
        going.step()
    buffer = io.BytesIO()
    torch.save({"optimizer": straight.state_dict(), "scheduler": going.state_dict()}, buffer)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    if order == "built after the load":
        optimizer = optimizer_of({}, {"lr": 0.3})
        optimizer.load_state_dict(saved["optimizer"])
        scheduler = lrdsl.torch.attach(optimizer, RELATIVE, total=100)
        scheduler.load_state_dict(saved["scheduler"])
    else:
        optimizer, scheduler = fresh()
        loads = [
            lambda: optimizer.load_state_dict(saved["optimizer"]),
            lambda: scheduler.load_state_dict(saved["scheduler"]),
        ]
        for load in loads if order == "optimizer first" else reversed(loads):
            load()

    for _ in range(50):
        assert lrs(optimizer) == lrs(straight)
        assert scheduler.last_epoch == going.last_epoch
        for one in (straight, going, optimizer, scheduler):
            one.step()


def test_a_state_is_plain_numbers_and_texts() -> None:
    state = lrdsl.torch.attach(optimizer_of({}, {}), RELATIVE, total=100).state_dict()

    assert {type(value) for value in state.values()} <= {int, str, dict, list, type(None)}
    assert state["bases"] == [[["lr", 0.1]], [["lr", 0.1]]]
    assert state["text"] == "warmup(10) then cosine(to=10%)\n"
    assert state["bindings"] == [["total", "100"]]


def test_a_changed_text_is_never_taken_in_silence() -> None:
    old = lrdsl.torch.attach(optimizer_of(), RELATIVE, total=100)
    old.seek(50)
    state = old.state_dict()

    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.torch.attach(optimizer_of(), RELATIVE, total=200).load_state_dict(state)
    assert "at step 50 its lr is 0.0628" in str(caught.value)
    replaced = lrdsl.torch.attach(optimizer_of(), RELATIVE, total=200, on_change="replace")
    with pytest.warns(ScheduleWarning, match=r"at step 50 .* with a jump: its lr is 0\.0905113 there"):
        replaced.load_state_dict(state)
    assert replaced.get_last_lr() == [replaced.schedule(50, 0.1)]
    kept = lrdsl.torch.attach(optimizer_of(), RELATIVE, total=200, on_change="keep")
    kept.load_state_dict(state)
    assert kept.get_last_lr() == old.get_last_lr()


def test_groups_added_later_bring_their_own_base() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, RELATIVE, total=100)
    scheduler.seek(10)
    optimizer.add_param_group({"params": [torch.zeros(2, requires_grad=True)], "lr": 0.5})
    for step in range(11, 30):
        optimizer.step()
        scheduler.step()
        assert lrs(optimizer) == [scheduler.schedule(step, 0.1), scheduler.schedule(step, 0.5)]


def test_a_stepped_optimizer_must_say_its_base() -> None:
    optimizer = optimizer_of(kind=torch.optim.AdamW)
    optimizer.param_groups[0]["params"][0].grad = torch.ones(1)
    optimizer.step()

    with pytest.raises(lrdsl.ScheduleError, match="was it that at the start"):
        lrdsl.torch.attach(optimizer, RELATIVE, total=100)
    assert lrdsl.torch.attach(optimizer, RELATIVE, total=100, base=0.4).schedule(10, 0.4) == 0.4
    lrdsl.torch.attach(optimizer_of(), FLAGSHIP)


def test_a_run_is_taken_up_by_its_last_epoch_as_torch_has_it() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP, 499)

    assert scheduler.last_epoch == 500
    assert lrs(optimizer) == [scheduler.schedule(500)]


def test_copies_go_on_where_the_original_stood() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)
    scheduler.seek(700)
    for other in (copy.deepcopy(scheduler), pickle.loads(pickle.dumps(scheduler))):
        assert other.last_epoch == 700
        other.step()
        assert lrs(other.optimizer) == [scheduler.schedule(701)]
    assert scheduler.last_epoch == 700


def test_a_tensor_lr_is_filled_in_place() -> None:
    lr = torch.tensor(0.1, dtype=torch.float64)
    optimizer = optimizer_of(kind=torch.optim.AdamW, lr=lr)
    held = optimizer.param_groups[0]["lr"]
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)
    for step in range(20):
        assert optimizer.param_groups[0]["lr"] is held
        assert held.item() == scheduler.schedule(step)
        optimizer.step()
        scheduler.step()


def test_schedulers_of_torch_that_hold_others_work_with_it() -> None:
    optimizer = optimizer_of()
    first = lrdsl.torch.attach(optimizer, "warmup(10) then hold")
    sequence = SequentialLR(optimizer, [first, ConstantLR(optimizer, 0.5, 100)], [5])
    seen = []
    for _ in range(8):
        seen += lrs(optimizer)
        optimizer.step()
        sequence.step()
    assert seen == [first.schedule(t, 0.1) for t in range(5)] + [0.05] * 3

    optimizer = optimizer_of()
    chained = ChainedScheduler(
        [lrdsl.torch.attach(optimizer, "warmup(10) then hold"), LambdaLR(optimizer, lambda step: 1.0)]
    )
    optimizer.step()
    with pytest.warns(ScheduleWarning, match="said once"):
        chained.step()
    assert lrs(optimizer) == [0.1]


def test_factor_is_for_lambda_lr() -> None:
    optimizer = optimizer_of({}, {"lr": 0.3})
    schedule = lrdsl.compile(RELATIVE, total=100)
    theirs = LambdaLR(optimizer, schedule.factor)
    ours = lrdsl.torch.attach(optimizer_of({}, {"lr": 0.3}), schedule)
    for _ in range(100):
        assert lrs(optimizer) == pytest.approx(lrs(ours.optimizer), rel=1e-15)
        for one in (optimizer, ours.optimizer, theirs, ours):
            one.step()


def test_a_foreign_writer_is_noticed_once() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)
    optimizer.step()
    scheduler.step()
    optimizer.param_groups[0]["lr"] = 0.5
    with pytest.warns(ScheduleWarning, match="set to 0.5 by somebody else"):
        scheduler.step()
    optimizer.param_groups[0]["lr"] = 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
    assert lrs(optimizer) == [scheduler.schedule(3)]


def test_a_step_before_the_first_update_is_said() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)
    for _ in range(2):
        scheduler.step()
        optimizer.step()
    with pytest.warns(ScheduleWarning, match="before optimizer.step"):
        scheduler.step()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.step(5), r"seek\(5\)"),
        (lambda s: s.step(torch.tensor(0.3)), "takes no loss"),
        (lambda s: s.step(tokens=5), "counts steps"),
        (lambda s: s.seek(-1), "whole number"),
        (lambda s: s.seek(1.5), "whole number"),
        (lambda s: s.seek(tokens=5), "counts steps"),
        (lambda s: s.seek(), "goes to an update"),
        (lambda s: s.load_state_dict({"last_epoch": 5, "base_lrs": [0.1]}), "state of another scheduler"),
        (lambda s: lrdsl.torch.attach("warmup(5)", s.optimizer), "optimizer comes first"),
        (lambda s: lrdsl.torch.attach(s.optimizer, "gpt.lrs"), "lrdsl.load"),
        (lambda s: lrdsl.torch.attach(s.optimizer, "warmup(10) then cosine"), "how long is the run"),
        (lambda s: lrdsl.torch.attach(s.optimizer, FLAGSHIP, on_change="ask"), "on_change"),
        (lambda s: lrdsl.torch.attach(s.optimizer, "cosine(1M tokens)", auto=True), "counts updates"),
        (lambda s: lrdsl.torch.attach([torch.zeros(1)], FLAGSHIP), "torch optimizer"),
        (lambda s: s.schedule.step(), "what steps"),
    ],
)
def test_first_moves_that_are_wrong_get_the_right_one(call: Any, said: str) -> None:
    scheduler = lrdsl.torch.attach(optimizer_of(), FLAGSHIP)
    with pytest.raises(lrdsl.ScheduleError, match=said):
        call(scheduler)


def test_a_text_that_mixes_base_and_levels_is_exact_for_each_group() -> None:
    optimizer = optimizer_of({"lr": 1e-3}, {"lr": 1e-6})
    scheduler = lrdsl.torch.attach(optimizer, "warmup(1k) then cosine(from=base, to=1e-5)", total=10_000)
    scheduler.seek(1000)
    assert lrs(optimizer) == [1e-3, 1e-6]
    scheduler.seek(10_000)
    assert lrs(optimizer) == [1e-5, 1e-5]


def test_the_curve_is_the_one_that_a_loop_by_hand_writes() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, FLAGSHIP)
    for step in range(1, 3000):
        optimizer.step()
        scheduler.step()
        if step > 1000:
            assert lrs(optimizer)[0] == pytest.approx(max(1e-3 * math.exp(-1e-4 * (step - 1000)), 1e-6), rel=1e-14)


@pytest.mark.filterwarnings("ignore:.* is past the end of the schedule")
@given(schedules())
def test_a_number_an_array_and_the_applier_agree_bit_for_bit(drawn: tuple[Any, Any]) -> None:
    try:
        schedule = lrdsl.compile(show(drawn[0]), total=None if drawn[1] is None else str(drawn[1]))
    except lrdsl.ScheduleError:
        return
    optimizer = optimizer_of({"lr": 1.0})
    try:
        scheduler = lrdsl.torch.attach(optimizer, schedule)
    except lrdsl.ScheduleError as error:
        assert {problem.code for problem in error.problems} == {"E354"}  # it rises from the lr of the optimizer
        return
    base = None if schedule.relation == "absolute" else 1.0
    ends = [int(phase.begin) for phase in schedule.phases if phase.begin < 10**15][:6]
    for position in (0, *ends):
        scheduler.seek(position)
        steps = np.arange(position, position + 20)
        expected = schedule(steps, base).tolist()
        for step, value in zip(steps.tolist(), expected, strict=True):
            assert lrs(optimizer) == [value] == [schedule(step, base)]
            optimizer.step()
            scheduler.step()
