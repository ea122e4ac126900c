"""What schedulers of torch do that users suffer from, seen on the torch that is installed; and what a text does instead.

Each test first shows the pain (if torch mends it, the test fails, and the pages must be changed), then the cure.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler as torchs  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402


def optimizer_of(lr: Any = 0.1, **defaults: Any) -> Any:
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=lr, **defaults)


def lrs(scheduler: Any, count: int) -> list[float]:
    """The lr of each of the next updates."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of torch's own, and of ours that are looked for elsewhere
        for _ in range(count):
            found.append(float(scheduler.optimizer.param_groups[0]["lr"]))
            scheduler.optimizer.step()
            scheduler.step()
    return found


def ours(text: str, lr: Any = 0.1, **bindings: Any) -> Any:
    return lrdsl.torch.attach(optimizer_of(lr), text, **bindings)


def test_past_its_end_a_cosine_climbs_back_and_ours_stays() -> None:
    theirs = lrs(torchs.CosineAnnealingLR(optimizer_of(), T_max=5), 12)
    assert theirs[5] < 1e-12
    assert theirs[10] == pytest.approx(0.1)

    assert lrs(ours("cosine(5)"), 12)[5:] == [0.0] * 7


def test_past_its_end_one_cycle_dies_and_ours_says_so_and_goes_on() -> None:
    with pytest.raises(ValueError, match="Tried to step 6 times"):
        lrs(torchs.OneCycleLR(optimizer_of(), 0.1, total_steps=5), 7)

    scheduler = ours("warmup(2, to=0.1) then cosine(3)")
    with pytest.warns(ScheduleWarning, match="past the end"):
        for _ in range(7):
            scheduler.optimizer.step()
            scheduler.step()
    assert scheduler.get_last_lr() == [0.0]


def test_a_resumed_cosine_forgets_its_new_length_and_ours_asks() -> None:
    old = torchs.CosineAnnealingLR(optimizer_of(), T_max=10)
    lrs(old, 8)
    new = torchs.CosineAnnealingLR(optimizer_of(), T_max=20)
    new.load_state_dict(old.state_dict())
    assert new.T_max == 10

    state = ours("cosine", total=10).state_dict()
    with pytest.raises(lrdsl.ScheduleError, match="trained with another text or other bindings"):
        ours("cosine", total=20).load_state_dict(state)


def test_a_resumed_lambda_is_another_in_silence_and_ours_is_the_text() -> None:
    def decay(total: int) -> Any:
        return torchs.LambdaLR(optimizer_of(1.0), lambda step: 1 - step / total)

    old = decay(10)
    lrs(old, 5)
    new = decay(100)
    new.load_state_dict(old.state_dict())
    new.optimizer.load_state_dict(old.optimizer.state_dict())
    assert old.state_dict()["lr_lambdas"] == [None]
    assert lrs(new, 2) == pytest.approx([0.5, 0.94])

    old = ours("linear(10)", 1.0)
    lrs(old, 5)
    new = lrdsl.torch.attach(optimizer_of(1.0), "linear(100)", on_change="keep")
    new.load_state_dict(old.state_dict())
    assert lrs(new, 2) == pytest.approx([0.5, 0.4])


def test_a_sequence_cannot_be_taken_up_by_its_last_epoch_and_ours_can() -> None:
    def sequence(optimizer: Any, last: int = -1) -> Any:
        phases = [torchs.ConstantLR(optimizer, 0.1, 4), torchs.ExponentialLR(optimizer, 0.9)]
        return torchs.SequentialLR(optimizer, phases, milestones=[3], last_epoch=last)

    straight = lrs(sequence(optimizer_of(1.0)), 8)
    optimizer = optimizer_of(1.0)
    optimizer.param_groups[0]["initial_lr"] = 1.0
    assert lrs(sequence(optimizer, 5), 1)[0] != pytest.approx(straight[6])

    text = "0.1*base for 3 then exp(max=base, factor=0.9, per=1)"
    assert lrs(ours(text, 1.0), 8) == pytest.approx(straight)
    taken = lrdsl.torch.attach(optimizer_of(1.0), text, base=1.0, last_epoch=5)
    assert lrs(taken, 1)[0] == pytest.approx(straight[6])


def test_a_sequence_in_a_sequence_is_one_step_early_and_brackets_are_not() -> None:
    def phases(optimizer: Any) -> Any:
        return torchs.SequentialLR(
            optimizer,
            [torchs.LinearLR(optimizer, 0.1, total_iters=4), torchs.ExponentialLR(optimizer, 0.5)],
            milestones=[4],
        )

    plain = lrs(phases(optimizer_of(1.0)), 8)
    optimizer = optimizer_of(1.0)
    nested = lrs(torchs.SequentialLR(optimizer, [phases(optimizer)], milestones=[]), 8)
    assert nested[:3] == plain[:3]
    assert nested[3:-1] == plain[4:]

    text = "warmup(4, from=0.1) then exp(max=base, factor=0.5, per=1)"
    assert lrs(ours(text, 1.0), 8) == lrs(ours(f"({text})", 1.0), 8) == pytest.approx(plain)


def test_built_after_the_optimizer_was_loaded_a_linear_is_ten_times_low_and_ours_is_right() -> None:
    def linear(optimizer: Any) -> Any:
        return torchs.LinearLR(optimizer, 0.1, total_iters=10)

    old = linear(optimizer_of(1.0))
    straight = lrs(old, 7)
    optimizer = optimizer_of(1.0)
    optimizer.load_state_dict(old.optimizer.state_dict())
    new = linear(optimizer)
    new.load_state_dict(old.state_dict())
    assert lrs(new, 1)[0] < 0.2 * straight[-1]

    old = ours("warmup(10, from=0.1) then hold", 1.0)
    lrs(old, 7)
    optimizer = optimizer_of(1.0)
    optimizer.load_state_dict(old.optimizer.state_dict())
    new = lrdsl.torch.attach(optimizer, "warmup(10, from=0.1) then hold")
    new.load_state_dict(old.state_dict())
    assert lrs(new, 1) == pytest.approx([0.73])


def test_where_the_scheduler_alone_was_loaded_the_lr_stays_and_ours_is_written() -> None:
    old = torchs.MultiStepLR(optimizer_of(1.0), [2, 4], 0.1)
    lrs(old, 6)
    new = torchs.MultiStepLR(optimizer_of(1.0), [2, 4], 0.1)
    new.load_state_dict(old.state_dict())
    assert new.optimizer.param_groups[0]["lr"] == 1.0

    old = ours("base for 2 then 0.1*base for 2 then 0.01*base", 1.0)
    lrs(old, 6)
    new = ours("base for 2 then 0.1*base for 2 then 0.01*base", 1.0)
    new.load_state_dict(old.state_dict())
    assert new.optimizer.param_groups[0]["lr"] == 0.01


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda o: torchs.CosineAnnealingWarmRestarts(o, 5), ValueError),
        (lambda o: torchs.LambdaLR(o, lambda step: 1.0), ValueError),
        (lambda o: torchs.OneCycleLR(o, 0.1, total_steps=20), KeyError),
    ],
)
def test_a_group_that_is_added_is_an_error_and_with_ours_a_group(make: Any, error: type[Exception]) -> None:
    scheduler = make(optimizer_of())
    scheduler.optimizer.step()
    scheduler.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))]})
    with pytest.raises(error):
        scheduler.step()

    scheduler = ours("cosine(20)")
    lrs(scheduler, 3)
    scheduler.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], "lr": 0.5})
    lrs(scheduler, 1)
    assert scheduler.get_last_lr() == [scheduler.schedule(4, 0.1), scheduler.schedule(4, 0.5)]


def test_a_warmup_before_a_cosine_of_the_whole_run_never_ends_and_what_is_left_is_counted() -> None:
    optimizer = optimizer_of(1.0)
    warmup = torchs.LinearLR(optimizer, 0.01, total_iters=20)
    cosine = torchs.CosineAnnealingLR(optimizer, T_max=100)
    theirs = lrs(torchs.SequentialLR(optimizer, [warmup, cosine], milestones=[20]), 101)
    assert theirs[-1] == pytest.approx(0.0955, abs=1e-3)

    assert lrs(ours("warmup(20) then cosine", 1.0, total=100), 101)[-1] == 0.0


def test_a_warmup_longer_than_its_milestone_jumps_and_a_phase_cannot() -> None:
    optimizer = optimizer_of(1.0)
    phases = [torchs.LinearLR(optimizer, 0.1, total_iters=10), torchs.ConstantLR(optimizer, 1.0, 1)]
    theirs = lrs(torchs.SequentialLR(optimizer, phases, milestones=[5]), 8)
    assert max(b / a for a, b in itertools.pairwise(theirs)) > 2

    assert max(np.diff(lrs(ours("warmup(10, from=0.1) then hold", 1.0), 20))) < 0.1


@pytest.mark.parametrize(
    ("theirs", "text", "drift"),
    [
        (lambda o, n: torchs.CosineAnnealingLR(o, n), "cosine({n})", 1e-6),
        (lambda o, n: torchs.LinearLR(o, 1.0, 0.1, n), "linear({n}, to=10%)", 1e-6),
        (lambda o, n: torchs.ExponentialLR(o, 1 - 1e-4), "exp(max=base, factor=0.9999, per=1)", 1e-5),
    ],
)
def test_a_recursion_on_a_tensor_drifts_and_a_closed_form_does_not(theirs: Any, text: str, drift: float) -> None:
    count = 20_000
    schedule = lrdsl.compile(text.format(n=count))
    scheduler = theirs(optimizer_of(torch.tensor(0.1)), count)
    ahead = ours(text.format(n=count), torch.tensor(0.1))
    base = float(torch.tensor(0.1))  # what a float32 holds
    for one in (scheduler, ahead):
        lrs(one, count * 9 // 10)
    wanted = schedule(count * 9 // 10, base)
    assert abs(scheduler.get_last_lr()[0].item() / wanted - 1) > drift
    assert ahead.get_last_lr()[0].item() == torch.tensor(wanted, dtype=torch.float32).item()


def test_a_lr_that_is_cut_by_hand_is_undone_in_silence_and_ours_says_so() -> None:
    scheduler = torchs.LambdaLR(optimizer_of(1.0), lambda step: 1.0)
    scheduler.optimizer.step()
    scheduler.optimizer.param_groups[0]["lr"] /= 10
    scheduler.step()
    assert scheduler.optimizer.param_groups[0]["lr"] == 1.0

    scheduler = ours("hold", 1.0)
    lrs(scheduler, 3)
    scheduler.optimizer.param_groups[0]["lr"] /= 10
    scheduler.optimizer.step()
    with pytest.warns(ScheduleWarning, match=r"was set to 0\.1 by somebody else"):
        scheduler.step()


def test_one_cycle_overwrites_momentum_and_ours_what_is_named() -> None:
    theirs = torchs.OneCycleLR(optimizer_of(123, momentum=0.5), 0.1, total_steps=20)
    assert theirs.optimizer.param_groups[0]["momentum"] == 0.95

    optimizer = optimizer_of(123, momentum=0.5)
    lrdsl.torch.attach(optimizer, "warmup(5, to=0.1) then cosine(15)")
    assert optimizer.param_groups[0]["momentum"] == 0.5


def test_warm_restarts_never_reach_their_minimum_and_a_repeat_says_where_it_ends() -> None:
    theirs = lrs(torchs.CosineAnnealingWarmRestarts(optimizer_of(), T_0=5, eta_min=0), 20)
    assert min(theirs) > 0.009

    assert lrs(ours("repeat(cosine(5))"), 20) == pytest.approx(theirs)  # the same curve, of which the end is no step
    assert min(lrs(ours("repeat(cosine(4) then hold(1))"), 20)) == 0.0


def test_both_sequences_are_the_same_curve_and_ours_is_one_line() -> None:
    optimizer = optimizer_of(3e-4)
    phases = [torchs.LinearLR(optimizer, 0.01, total_iters=30), torchs.CosineAnnealingLR(optimizer, 70, 3e-5)]
    theirs = lrs(torchs.SequentialLR(optimizer, phases, milestones=[30]), 100)
    assert lrs(ours("warmup(30, from=1%) then cosine(70, to=10%)", 3e-4), 100) == pytest.approx(theirs, rel=1e-9)


def test_a_step_after_ours_hands_over_to_swa() -> None:
    scheduler = ours("warmup(5) then cosine(15)")
    seen = lrs(scheduler, 10)
    swa = torch.optim.swa_utils.SWALR(scheduler.optimizer, swa_lr=0.01, anneal_epochs=4)
    seen += lrs(swa, 8)
    assert seen[:10] == [scheduler.schedule(step, 0.1) for step in range(10)]
    assert seen[10] == pytest.approx(scheduler.schedule(10, 0.1))  # no jump where the other one takes over
    assert seen[-1] == pytest.approx(0.01)
    assert all(math.isfinite(lr) for lr in seen)


def test_swa_after_a_schedule_that_the_optimizer_drove() -> None:
    scheduler = lrdsl.torch.attach(optimizer_of(), "warmup(5) then cosine(15)", auto=True)
    seen = lrs(scheduler, 10)
    scheduler.detach()
    seen += lrs(torch.optim.swa_utils.SWALR(scheduler.optimizer, swa_lr=0.01, anneal_epochs=4), 8)
    assert seen[:11] == pytest.approx([scheduler.schedule(step, 0.1) for step in range(11)])
    assert seen[-1] == pytest.approx(0.01)


def test_a_schedule_that_the_optimizer_drives_is_no_phase_of_a_sequence() -> None:
    optimizer = optimizer_of()
    driven = lrdsl.torch.attach(optimizer, "warmup(5) then hold", auto=True)
    with pytest.raises(lrdsl.ScheduleError, match="write the phases into the text"):
        torchs.SequentialLR(optimizer, [driven, torchs.ExponentialLR(optimizer, 0.9)], milestones=[5])


def test_a_chain_that_multiplies_what_the_optimizer_drives() -> None:
    optimizer = optimizer_of()
    driven = lrdsl.torch.attach(optimizer, "warmup(5) then hold", auto=True)
    chain = torchs.ChainedScheduler([driven])
    for step in range(12):
        assert optimizer.param_groups[0]["lr"] == driven.schedule(step, 0.1)
        optimizer.step()
        chain.step()
