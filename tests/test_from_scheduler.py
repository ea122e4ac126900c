"""`from_scheduler`: live schedulers of torch, alone and combined, come out as the text that they are, or are refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler as peers  # noqa: E402
from torch.optim.swa_utils import SWALR  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.torch import from_scheduler  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests import test_from_torch as drawn  # noqa: E402
from tests.test_from_torch import adam, sgd  # noqa: E402

# Some combinations are stepped by torch itself before an optimizer is.
pytestmark = pytest.mark.filterwarnings("ignore:Detected call of")

Build = Callable[[Any], Any]


def groups(*lrs: float, names: bool = True, **more: list[Any]) -> Any:
    """An optimizer with a group for each lr."""
    made = []
    for index, lr in enumerate(lrs):
        one = {"params": [torch.zeros(1, requires_grad=True)], "lr": lr}
        made.append(one | ({"name": f"g{index}"} if names else {}) | {key: value[index] for key, value in more.items()})
    return torch.optim.SGD(made, lr=0.5, momentum=0.9)


def said(scheduler: Any, **more: Any) -> str:
    return from_scheduler(scheduler, **more).text


def walk(optimizer: Any, scheduler: Any, steps: int) -> None:
    """Training steps; the scheduler may have made some."""
    for _ in range(steps):
        optimizer.step()
        scheduler.step()


def refused(scheduler: Any, why: str, **more: Any) -> str:
    with pytest.raises(lrdsl.ScheduleError, match=why) as caught:
        from_scheduler(scheduler, **more)
    assert [problem.code for problem in caught.value.problems] == ["E409"]
    return str(caught.value)


# --- texts ----------------------------------------------------------------------------------------------------------------

sequential, chained = peers.SequentialLR, peers.ChainedScheduler
TEXTS: list[tuple[Build, str]] = [
    (lambda o: sequential(o, [peers.LinearLR(o), peers.CosineAnnealingLR(o, 95)], [5]),
     "warmup(5, from=base/3) then cosine(95)"),
    (lambda o: sequential(o, [peers.LinearLR(o, 0.01, 1.0, 20), peers.CosineAnnealingLR(o, 80, 1e-3)], [20]),
     "warmup(20, from=1%) then cosine(80, to=1e-3)"),
    (lambda o: sequential(o, [peers.LinearLR(o, 0.1, 1.0, 20), peers.ExponentialLR(o, 0.9)], [30]),
     "warmup(20, from=10%) then hold until 30 then exp(factor=0.9, per=1)"),
    (lambda o: sequential(o, [peers.LinearLR(o, 0.1, 1.0, 20), peers.ExponentialLR(o, 0.9)], [10]),
     "warmup(20, from=10%, to=base) until 10 then exp(max=base, factor=0.9, per=1)"),
    (lambda o: sequential(o, [peers.ConstantLR(o, 0.1, 100), peers.ExponentialLR(o, 0.9)], [20]),
     "0.1*base until 20 then exp(max=base, factor=0.9, per=1)"),
    (lambda o: sequential(o, [peers.StepLR(o, 10), peers.LinearLR(o, 0.5, 0.0, 10)], [25]),
     "drop(factor=0.1, per=10) until 25 then linear(10, from=0.5*base)"),
    (lambda o: sequential(o, [peers.PolynomialLR(o, 20), peers.CosineAnnealingLR(o, 20)], [20]),
     "linear(20, to=0) then cosine(20, from=base)"),
    (lambda o: sequential(o, [peers.CosineAnnealingLR(o, 20, 0.01), peers.ConstantLR(o, 0.5, 5)], [50]),
     "repeat(cosine(20, to=0.01) then cosine(20, to=base)) until 50 then 0.5*base until 55 then base"),
    (lambda o: sequential(o, [peers.ConstantLR(o, 0.2, 9), peers.CyclicLR(o, 0.01, 0.2, 30)], [10]),
     "lr = 0.2*base until 9 then base until 10 then repeat(linear(30, from=0.01, to=0.2) then linear(30, to=0.01))\n"
     "momentum = 0.9 until 10 then repeat(linear(30, to=0.8) then linear(30, to=0.9))"),
    (lambda o: sequential(o, [peers.StepLR(o, 10), peers.ConstantLR(o), peers.ExponentialLR(o, 0.9)], [7, 7]),
     "drop(factor=0.1, per=10) until 7 then exp(max=base, factor=0.9, per=1)"),
    (lambda o: sequential(o, [peers.StepLR(o, 10), peers.ExponentialLR(o, 0.9)], [0]), "exp(factor=0.9, per=1)"),
    (lambda o: sequential(o, [peers.StepLR(o, 10)], []), "drop(factor=0.1, per=10)"),
    (lambda o: chained([peers.ConstantLR(o, 0.1, 20), peers.ExponentialLR(o, 0.9)]),
     "(0.1*base until 20 then base) * exp(max=1, factor=0.9, per=1)"),
    (lambda o: chained([peers.LinearLR(o), peers.CosineAnnealingLR(o, 100)]),
     "warmup(5, from=base/3, to=base) * cosine(100, from=1)"),
    (lambda o: chained([peers.LinearLR(o, 1.0, 0.5, 9), peers.StepLR(o, 10)]),
     "(linear(9, from=base, to=0.5*base) then hold) * drop(max=1, factor=0.1, per=10)"),
    (lambda o: chained([peers.ExponentialLR(o, 0.9), peers.CosineAnnealingLR(o, 50), peers.ConstantLR(o, 0.1, 50)]),
     "exp(max=base, factor=0.9, per=1) * cosine(50, from=1) * (0.1 until 50 then 1)"),
    (lambda o: chained([peers.ConstantLR(o, 0.1, 20), peers.LinearLR(o), peers.CosineAnnealingLR(o, 50)]),
     "(0.1*base until 20 then base) * (warmup(5, from=1/3, to=1) then hold) * (cosine(50, from=1) then hold)"),
    (lambda o: chained([peers.StepLR(o, 10)]), "drop(factor=0.1, per=10)"),
    (lambda o: chained([chained([peers.StepLR(o, 10), peers.StepLR(o, 7)]), peers.ConstantLR(o, 1.0)]),
     "drop(max=base, factor=0.1, per=10) * drop(max=1, factor=0.1, per=7)"),
    (lambda o: sequential(o, [chained([peers.StepLR(o, 10), peers.ConstantLR(o)]), peers.ExponentialLR(o, 0.9)], [30]),
     "(drop(max=base, factor=0.1, per=10) * (1/3 until 5 then 1)) until 30 then exp(max=base, factor=0.9, per=1)"),
    (lambda o: SWALR(o, 0.05), "cosine(10, to=0.05)"),
    (lambda o: peers.OneCycleLR(o, 0.1, 100, pct_start=1 / 3, div_factor=30, cycle_momentum=False),
     "cosine(97/3, from=0.1/30, to=0.1) then cosine(200/3, to=0.1/300000)"),
    (lambda o: peers.OneCycleLR(o, 0.1, 101, three_phase=True, cycle_momentum=False),
     "cosine(29.3, from=4e-3, to=0.1) then cosine(29.3, to=4e-3) then cosine(41.4, to=4e-7)"),
    (lambda o: peers.OneCycleLR(o, 0.1, 100, pct_start=0.0, cycle_momentum=False), "cosine(100, from=0.1, to=4e-7) skip 1"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_the_text_is_what_a_person_would_have_written(build: Build, text: str) -> None:
    assert said(build(sgd())) == text


@pytest.mark.parametrize(("build", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_and_it_is_what_torch_does(build: Build, text: str) -> None:
    optimizer = sgd()
    schedule = lrdsl.compile(text)
    cosine_ends = 50 if "* (cosine(50" in text else 60  # where torch's rises again
    steps = cosine_ends if schedule.length is None else int(schedule.length)
    page.agree(text, drawn.stepped(optimizer, build, steps) | momenta(build, steps, schedule), base=0.1)


def momenta(build: Build, steps: int, schedule: lrdsl.Schedule) -> dict[str, list[float]]:
    """The momentum too, where the text drives it."""
    if "momentum" not in schedule.outputs:
        return {}
    optimizer, found = sgd(), []
    scheduler = build(optimizer)
    for _ in range(steps + 1):
        found.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    return {"momentum": found}


EPOCHS: list[tuple[Build, str]] = [
    (lambda o: peers.StepLR(o, 30), "drop(factor=0.1, per=30 epochs)"),
    (lambda o: peers.MultiStepLR(o, [30, 80]), "base until 30 epochs then 0.1*base until 80 epochs then 0.01*base"),
    (lambda o: peers.ExponentialLR(o, 0.97), "exp(factor=0.97, per=1 epoch) every 1 epoch"),
    (lambda o: peers.CosineAnnealingLR(o, 90, 1e-3), "cosine(90 epochs, to=1e-3) then hold every 1 epoch"),
    (lambda o: sequential(o, [peers.LinearLR(o), peers.CosineAnnealingLR(o, 85)], [5]),
     "warmup(5 epochs, from=base/3) then cosine(85 epochs) then hold every 1 epoch"),
    (lambda o: chained([peers.LinearLR(o), peers.CosineAnnealingLR(o, 50)]),
     "warmup(5 epochs, from=base/3, to=base) * cosine(50 epochs, from=1) then hold every 1 epoch"),
    (lambda o: peers.OneCycleLR(o, 0.1, 100, pct_start=1 / 3, cycle_momentum=False),
     "cosine(97 epochs/3, from=4e-3, to=0.1) then cosine(200 epochs/3, to=4e-7) then hold every 1 epoch"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "text"), EPOCHS, ids=[text for _, text in EPOCHS])
def test_a_scheduler_that_is_stepped_once_an_epoch_counts_epochs(build: Build, text: str) -> None:
    optimizer = sgd()
    scheduler = build(optimizer)
    schedule = from_scheduler(scheduler, unit="epochs")
    assert schedule.text == text
    assert schedule.clock == "epochs"

    mine = sgd()
    applier = lrdsl.torch.attach(mine, schedule)
    updates = 8  # in an epoch
    for _ in range(50):
        for _ in range(updates):
            assert mine.param_groups[0]["lr"] == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12, abs=1e-13)
            mine.step()
            applier.step(epochs=1 / updates)
        optimizer.step()
        scheduler.step()


def test_epochs_may_be_driven_in_steps_where_the_text_knows_how_many_they_are() -> None:
    schedule = from_scheduler(peers.CosineAnnealingLR(sgd(), 90), unit="epochs").bind(epoch="100 steps")

    assert schedule.clock == "steps"
    assert schedule(199, 0.1) == schedule(100, 0.1) != schedule(200, 0.1)


# --- groups ---------------------------------------------------------------------------------------------------------------


def test_a_relative_text_serves_groups_of_any_lr() -> None:
    optimizer = groups(0.1, 1.0, 1e-3, names=False)
    schedule = from_scheduler(peers.CosineAnnealingLR(optimizer, 50))

    assert str(schedule) == "cosine(50)\n"
    assert [schedule(25, lr) for lr in (0.1, 1.0)] == [0.05, 0.5]


def test_groups_with_levels_of_their_own_have_lines_by_name() -> None:
    optimizer = groups(0.1, 0.1, 0.1)
    scheduler = peers.OneCycleLR(optimizer, [0.1, 0.1, 0.5], 100, cycle_momentum=False)
    text = said(scheduler)

    assert text.splitlines() == [
        "lr = cosine(29, from=4e-3, to=0.1) then cosine(70, to=4e-7)",
        'lr["g2"] = cosine(29, from=0.02, to=0.5) then cosine(70, to=2e-6)',
    ]
    mine = groups(0.1, 0.1, 0.1)
    applier = lrdsl.torch.attach(mine, text)
    for _ in range(99):
        assert applier.get_last_lr() == pytest.approx([group["lr"] for group in optimizer.param_groups], rel=1e-12)
        walk(optimizer, scheduler, 1)
        walk(mine, applier, 1)


def test_groups_without_names_are_told_how_to_get_them() -> None:
    build = functools.partial(peers.OneCycleLR, max_lr=[0.1, 0.5], total_steps=100, cycle_momentum=False)

    assert '"name": "head"' in refused(build(groups(0.1, 0.1, names=False)), "one of them has no name")
    refused(build(groups(0.1, 0.1, names=False, name=["a", "a"])), "two groups are called 'a'")


def test_a_group_added_later_is_told() -> None:
    optimizer = sgd()
    scheduler = peers.CosineAnnealingLR(optimizer, 50)
    optimizer.add_param_group({"params": [torch.zeros(1, requires_grad=True)], "lr": 0.2, "initial_lr": 0.2})

    refused(scheduler, "group 1 was added")


def test_momentum_goes_where_the_optimizer_has_it() -> None:
    for optimizer, output in ((sgd(), "momentum"), (adam(), "beta1")):
        schedule = from_scheduler(peers.CyclicLR(optimizer, 0.01, 0.1, 20))
        assert schedule.outputs == ("lr", output)
        assert schedule[output](20) == 0.8


# --- total ----------------------------------------------------------------------------------------------------------------


def test_a_cosine_rises_again_only_in_a_run_that_goes_on() -> None:
    scheduler = peers.CosineAnnealingLR(sgd(), 100, 1e-3)

    assert said(scheduler) == said(scheduler, total=101) == "cosine(100, to=1e-3)"
    assert said(scheduler, total=102) == "repeat(cosine(100, to=1e-3) then cosine(100, to=base))"


def test_a_run_that_has_gone_on_tells_it_by_itself() -> None:
    optimizer = sgd()
    scheduler = peers.CosineAnnealingLR(optimizer, 20)
    walk(optimizer, scheduler, 33)

    assert said(scheduler) == "repeat(cosine(20) then cosine(20, to=base))"


def test_what_grows_needs_the_length_of_the_run() -> None:
    assert "total=1000" in refused(peers.ExponentialLR(sgd(), 1.1), "grows without end")
    assert said(peers.ExponentialLR(sgd(), 1.1), total=100) == "exp(factor=1.1, per=1) until 100"


def test_what_ends_is_not_asked_for_more() -> None:
    scheduler = peers.OneCycleLR(sgd(), 0.1, 100, cycle_momentum=False)

    assert said(scheduler, total=100) == said(scheduler)
    refused(scheduler, "its last step is 99", total=101)


def test_a_run_is_not_shorter_than_what_was_stepped() -> None:
    optimizer = sgd()
    scheduler = peers.StepLR(optimizer, 10, 2.0)
    walk(optimizer, scheduler, 100)

    assert "`total=100`" in refused(scheduler, "it has been stepped 100 times, and `total` is 60", total=60)


def test_a_total_may_be_written_with_an_exponent() -> None:
    assert said(peers.CosineAnnealingLR(sgd(), 10), total=2e1) == "repeat(cosine(10) then cosine(10, to=base))"


@pytest.mark.parametrize("total", [0, -3, 2.5, True, "100", float("nan"), float("inf")])
def test_a_total_is_a_number_of_steps(total: Any) -> None:
    refused(peers.StepLR(sgd(), 3), "`total` is a number of steps", total=total)


def test_a_unit_is_steps_or_epochs() -> None:
    refused(peers.StepLR(sgd(), 3), "steps or epochs", unit="tokens")


# --- refusals -------------------------------------------------------------------------------------------------------------


class Own(peers.LRScheduler):
    def get_lr(self) -> list[float]:
        return [0.1 for _ in self.optimizer.param_groups]


class Renamed(peers.StepLR):
    """Changes nothing."""


class Preset(peers.StepLR):
    """Is built in a way of its own, and does what torch's does."""

    def __init__(self, optimizer: Any) -> None:
        super().__init__(optimizer, 5, gamma=self.decay())

    def decay(self) -> float:
        return 0.3


class Changed(peers.StepLR):
    def get_lr(self) -> list[float]:
        return [0.1]


def one_cycle_second(o: Any) -> Any:
    return sequential(o, [peers.ConstantLR(o), peers.OneCycleLR(o, 0.1, 100, cycle_momentum=False)], [10])


REFUSED: list[tuple[Build, str]] = [
    (lambda o: peers.LambdaLR(o, lambda t: 0.95**t), "function of yours"),
    (lambda o: peers.MultiplicativeLR(o, lambda t: 0.95), "product of all steps before"),
    (lambda o: peers.ReduceLROnPlateau(o), "measured value"),
    (lambda o: Own(o), "its `get_lr` is its own"),
    (lambda o: Changed(o, 3), "its `get_lr` is its own"),
    (lambda o: peers.CyclicLR(o, 0.01, 0.1, scale_fn=lambda x: 1 / x), "`scale_fn` is a function"),
    (lambda o: sequential(o, [sequential(o, [peers.ConstantLR(o), peers.StepLR(o, 9)], [5]), peers.StepLR(o, 3)], [20]),
     "once too often"),
    (lambda o: sequential(o, [peers.StepLR(o, 3), chained([peers.StepLR(o, 5)])], [20]), "cannot begin"),
    (one_cycle_second, "changes the `initial_lr`"),
    (lambda o: sequential(o, [peers.StepLR(o, 3), peers.LambdaLR(o, lambda t: 0.5)], [20]), "function of yours"),
    (lambda o: sequential(o, [peers.StepLR(o, 3), peers.StepLR(o, 4)], [2.5]), "they are steps"),
    (lambda o: sequential(o, [peers.StepLR(o, 3), peers.StepLR(o, 4), peers.StepLR(o, 5)], [20, 10]), "in their order"),
    (lambda o: sequential(o, [peers.CyclicLR(o, 0.01, 0.2, 30), peers.ConstantLR(o)], [10]), "`CyclicLR` was built first"),
    (lambda o: sequential(o, [peers.StepLR(o, 3), peers.LinearLR(o, total_iters=0)], [20]), "torch itself fails at step 20"),
    (lambda o: sequential(o, [peers.StepLR(o, 3), peers.ConstantLR(o, 0.5, 0)], [20]), "at step 20 its `lr` is"),
    (lambda o: sequential(o, [peers.StepLR(o, 3), SWALR(o, 0.05)], [20]), "`SWALR` starts from the lr that it finds"),
    (lambda o: sequential(o, [chained([peers.ExponentialLR(o, 0.9)]), peers.StepLR(o, 3)], [20]), "at step 0 its `lr` is"),
    (lambda o: chained([peers.StepLR(o, 3), peers.CosineAnnealingWarmRestarts(o, 9)]), "writes what the others did over"),
    (lambda o: chained([peers.StepLR(o, 3), peers.CosineAnnealingLR(o, 9, 0.01)]), "an `eta_min`"),
    (lambda o: chained([peers.StepLR(o, 3), SWALR(o, 0.05)]), "a level that the others do not multiply"),
    (lambda o: chained([peers.StepLR(o, 3), sequential(o, [peers.StepLR(o, 3), peers.StepLR(o, 4)], [5])]),
     "anew at each milestone"),
    (lambda o: peers.CosineAnnealingLR(o, 10, eta_min=-0.1), "is no schedule"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_what_no_text_says_is_refused_with_the_reason(build: Build, why: str) -> None:
    refused(build(sgd()), why)


@pytest.mark.parametrize(
    ("what", "advice"),
    [
        (None, "has `step()`"),
        (3, "has `step()`"),
        ([], "has `step()`"),
        ([peers.StepLR(sgd(), 3)], "one by one"),
        ("cosine(3)", "`lrdsl.compile` texts"),
        ({"lr_scheduler_type": "cosine"}, "`lrdsl.from_config` reads"),
        (sgd(), "give the scheduler that drives it"),
        (type("Plan", (), {"step": lambda self: None})(), "`lrdsl fit`"),
    ],
)
def test_what_is_no_scheduler_is_told(what: Any, advice: str) -> None:
    assert advice in refused(what, "it is no scheduler of torch")


def test_a_subclass_that_changes_nothing_of_what_it_does_is_its_class() -> None:
    assert said(Renamed(sgd(), 3)) == "drop(factor=0.1, per=3)"
    assert said(Preset(sgd())) == "drop(factor=0.3, per=5)"


def test_a_divisor_that_is_nearly_a_short_number_is_itself() -> None:
    """What is reckoned back from the levels of the groups keeps the digits that the 12 of the comparison need."""
    scheduler = peers.OneCycleLR(
        sgd(),
        0.017,
        3,
        pct_start=0.25,
        anneal_strategy="linear",
        cycle_momentum=False,
        div_factor=9.757822751919408,
        final_div_factor=1e3,
        three_phase=True,
    )

    assert said(scheduler).startswith("linear(2.5, from=0.017/9.75782275191940")


def test_a_replaced_method_is_told() -> None:
    scheduler = peers.StepLR(sgd(), 3)
    scheduler.get_lr = lambda: [0.1]

    refused(scheduler, "`get_lr` was replaced")


def test_an_lr_that_somebody_wrote_is_told() -> None:
    optimizer = sgd()
    scheduler = peers.ExponentialLR(optimizer, 0.9)
    walk(optimizer, scheduler, 10)
    optimizer.param_groups[0]["lr"] *= 1 + 1e-9

    assert "not disturbed" in refused(scheduler, "at step 10 a group holds the lr")


def test_a_parameter_that_somebody_changed_is_told() -> None:
    optimizer = sgd()
    scheduler = peers.StepLR(optimizer, 3)
    walk(optimizer, scheduler, 10)
    scheduler.gamma = 0.5

    refused(scheduler, "at step 10 a group holds")


def test_a_stale_initial_lr_that_torch_starts_from_is_told() -> None:
    optimizer = sgd()
    optimizer.param_groups[0]["initial_lr"] = 0.3
    scheduler = peers.CyclicLR(optimizer, 0.01, 0.1, 20, cycle_momentum=False)

    assert optimizer.param_groups[0]["lr"] == 0.3
    refused(scheduler, "at step 0 its `lr` is 0.3")
