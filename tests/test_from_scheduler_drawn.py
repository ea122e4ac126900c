"""`from_scheduler` under way, in wrappers and over long runs, and combinations that are drawn: right, or refused."""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler as peers  # noqa: E402
from torch.optim.swa_utils import SWALR  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.torch import from_scheduler  # noqa: E402
from lrdsl.translator.torch import COURSES, SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests import test_from_torch as drawn  # noqa: E402
from tests.test_from_scheduler import TEXTS, Build, chained, refused, said, sequential, walk  # noqa: E402
from tests.test_from_torch import sgd  # noqa: E402

# Some combinations are stepped by torch itself before an optimizer is.
pytestmark = pytest.mark.filterwarnings("ignore:Detected call of")

# --- under way, untouched, wrapped ----------------------------------------------------------------------------------------


def state(optimizer: Any, scheduler: Any) -> Any:
    inner = getattr(scheduler, "_schedulers", [])
    return copy.deepcopy(
        (
            {key: value for key, value in vars(scheduler).items() if key not in ("optimizer", "_schedulers")},
            [one.state_dict() for one in inner],
            optimizer.state_dict(),
            [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups],
        )
    )


@pytest.mark.parametrize("steps", [0, 7, 40])
@pytest.mark.parametrize(("build", "text"), [TEXTS[0], TEXTS[7], TEXTS[8], TEXTS[12], TEXTS[17]])
def test_the_scheduler_and_its_optimizer_come_out_untouched(build: Build, text: str, steps: int) -> None:
    optimizer = sgd()
    scheduler = build(optimizer)
    walk(optimizer, scheduler, steps)
    step, before, parameter = optimizer.step, state(optimizer, scheduler), optimizer.param_groups[0]["params"][0]
    schedule = from_scheduler(scheduler)

    assert schedule.text == text
    assert state(optimizer, scheduler) == before
    assert optimizer.step == step
    assert optimizer.param_groups[0]["params"][0] is parameter
    walk(optimizer, scheduler, 3)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(schedule(steps + 3, 0.1), rel=1e-12)


def hugging(optimizer: Any, *given: Any) -> Any:
    return pytest.importorskip("transformers").get_scheduler(given[0], optimizer, *given[1:])


OVER: list[tuple[Build, str, dict[str, Any]]] = [
    (lambda o: peers.OneCycleLR(o, 0.1, 100, cycle_momentum=False),
     "cosine(29, from=4e-3, to=0.1) then cosine(70, to=4e-7)", {}),
    (lambda o: peers.OneCycleLR(o, 0.1, 100, anneal_strategy="linear", cycle_momentum=False),
     "linear(29, from=4e-3, to=0.1) then linear(70, to=4e-7)", {}),
    (lambda o: peers.StepLR(o, 10, 2.0), "drop(factor=2, per=10) until 100", {"total": 100}),
    (lambda o: sequential(o, [peers.OneCycleLR(o, 0.1, 100, cycle_momentum=False)], []),
     "cosine(29, from=4e-3, to=0.1) then cosine(70, to=4e-7)", {}),
    (lambda o: hugging(o, "cosine_warmup_with_min_lr", 10, 100, {"min_lr_rate": 0.1}),
     "warmup(10) skip 1 then cosine(90, to=10%)", {}),
]  # fmt: skip


@pytest.mark.parametrize(("build", "text", "more"), OVER, ids=[text for _, text, _ in OVER])
def test_a_run_that_is_over_gives_its_text(build: Build, text: str, more: dict[str, Any]) -> None:
    """The last call of `step()` writes what no update uses: it is not asked for, but must be what torch makes there."""
    optimizer = sgd()
    scheduler = build(optimizer)
    walk(optimizer, scheduler, 100)

    assert said(scheduler, **more) == text
    optimizer.param_groups[0]["lr"] += 1e-3
    assert "not disturbed" in refused(scheduler, "at step 100 a group holds the lr", **more)


def test_swa_starts_where_the_lr_stands() -> None:
    optimizer = sgd()
    scheduler = peers.ExponentialLR(optimizer, 0.9)
    averaging = SWALR(optimizer, 0.05, 10)
    assert said(averaging) == "cosine(10, to=0.05)"
    walk(optimizer, scheduler, 5)
    optimizer.param_groups[0]["lr"] = 0.07
    assert said(averaging) == "cosine(10, from=0.07, to=0.05)"
    walk(optimizer, averaging, 4)
    assert said(averaging) == "cosine(10, from=0.07, to=0.05)"
    walk(optimizer, averaging, 8)
    refused(averaging, "not known any more")


def test_a_length_in_billions_says_of_what() -> None:
    assert said(peers.CosineAnnealingLR(sgd(), 10**9)) == "cosine(1B steps)"
    assert said(peers.MultiStepLR(sgd(), [2 * 10**12])) == "base until 2T steps then 0.1*base"


def test_thousands_of_steps_down_are_written() -> None:
    """Their exact heights have more digits than Python shows."""
    scheduler = peers.MultiStepLR(sgd(), list(range(1, 3001)), 0.999)

    assert said(scheduler).count(" then ") == 3000


def test_swa_that_starts_where_it_goes_stays_there() -> None:
    optimizer = sgd()
    averaging = SWALR(optimizer, 0.5096897569320452, 10)
    optimizer.param_groups[0]["lr"] = 0.5096897569320452

    assert said(averaging) == "0.5096897569320452"


def test_an_applier_gives_its_own_schedule() -> None:
    applier = lrdsl.torch.attach(sgd(), "warmup(10) then cosine(90)")

    assert from_scheduler(applier) is applier.schedule


def test_a_wrapper_that_only_decides_when_is_looked_through() -> None:
    accelerate = pytest.importorskip("accelerate")
    optimizer = sgd()
    accelerator = accelerate.Accelerator(cpu=True)
    wrapped, scheduler = accelerator.prepare(optimizer, peers.StepLR(optimizer, 3))

    assert type(scheduler).__name__ == "AcceleratedScheduler"
    assert said(scheduler) == "drop(factor=0.1, per=3)"
    assert wrapped.optimizer is optimizer


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_lr_that_is_a_tensor_counts_with_its_own_digits(dtype: Any) -> None:
    optimizer = sgd()
    optimizer.param_groups[0]["lr"] = torch.tensor(0.1, dtype=dtype)
    scheduler = peers.ExponentialLR(optimizer, 0.99)
    walk(optimizer, scheduler, 100)

    assert said(scheduler) == "exp(factor=0.99, per=1)"


def test_a_resumed_scheduler_stands_where_it_was() -> None:
    optimizer = sgd()
    scheduler = TEXTS[0][0](optimizer)
    walk(optimizer, scheduler, 30)
    again = sgd()
    other = TEXTS[0][0](again)
    other.load_state_dict(scheduler.state_dict())
    again.load_state_dict(optimizer.state_dict())

    assert said(other) == TEXTS[0][1]


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda o: peers.CosineAnnealingLR(o, 10_000_000, 1e-5), "cosine(10M, to=1e-5)"),
        (lambda o: sequential(o, [peers.LinearLR(o, 0.01, 1.0, 400_000), peers.PolynomialLR(o, 10**8, 2.0)], [400_000]),
         "warmup(400k, from=1%) then poly(100M, power=2)"),
        (lambda o: chained([peers.StepLR(o, 300_000), peers.ConstantLR(o, 0.5, 500_000)]),
         "drop(max=base, factor=0.1, per=300k) * (0.5 until 500k then 1)"),
    ],
)  # fmt: skip
def test_a_long_run_is_said_in_a_few_seconds(build: Build, text: str) -> None:
    assert said(build(sgd())) == text


def test_what_is_wrong_only_far_out_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(T_max: int, eta_min: float = 0.0, **more: Any) -> Any:  # noqa: N803
        """Right for 300,000 steps, and wrong from there on."""
        from lrdsl.translator.course import Course
        from lrdsl.translator.levels import ZERO

        right = COURSES_BEFORE["CosineAnnealingLR"](T_max, eta_min)
        phases = lrdsl.translator.phases
        cut = phases.cut(right.outputs["lr"], phases.Fraction(300_000))
        return Course("CosineAnnealingLR", {"lr": (*cut, phases.Part(phases.Constant(ZERO)))}, T_max)

    COURSES_BEFORE = dict(COURSES)  # noqa: N806
    monkeypatch.setitem(COURSES, "CosineAnnealingLR", wrong)
    refused(peers.CosineAnnealingLR(sgd(), 1_000_000), "its `lr` is")


# --- drawn ----------------------------------------------------------------------------------------------------------------

FACTORS = ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR")
CHILDREN = (*FACTORS, "CosineAnnealingWarmRestarts", "CyclicLR")


def child(rng: np.random.Generator, names: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    name = str(rng.choice(names))
    given = drawn.DRAWN[name](rng)
    if name == "CyclicLR":
        given["cycle_momentum"] = False
    return name, given


def built(optimizer: Any, plan: Any) -> Any:
    """A scheduler from a plan: a name and what it is given, or a combination of plans."""
    name, given = plan
    if name == "SequentialLR":
        return sequential(optimizer, [built(optimizer, one) for one in given["schedulers"]], list(given["milestones"]))
    if name == "ChainedScheduler":
        return chained([built(optimizer, one) for one in given["schedulers"]])
    return getattr(peers, name)(optimizer, **given)


def one_after_another(rng: np.random.Generator) -> Any:
    count = int(rng.integers(2, 5))
    schedulers = [child(rng, CHILDREN) for _ in range(count)]
    if rng.random() < 0.2:
        schedulers[0] = multiplied(rng)
    milestones = sorted(int(one) for one in rng.integers(0, 120, count - 1))
    return "SequentialLR", {"schedulers": schedulers, "milestones": milestones}


def multiplied(rng: np.random.Generator) -> Any:
    names = FACTORS if rng.random() < 0.8 else CHILDREN
    schedulers = [child(rng, names) for _ in range(int(rng.integers(1, 4)))]
    if rng.random() < 0.1:
        schedulers.append(one_after_another(rng))
    for name, given in schedulers:
        if name == "CosineAnnealingLR" and rng.random() < 0.8:
            given["eta_min"] = 0.0
    return "ChainedScheduler", {"schedulers": schedulers}


@pytest.mark.parametrize(("draw", "most"), [(one_after_another, 0.35), (multiplied, 0.25)])
def test_combinations_of_drawn_schedulers_are_right_or_refused(draw: Callable[..., Any], most: float) -> None:
    """The text is held beside a live scheduler that is stepped here, for as long as it is the same."""
    count, reasons = 150, Counter[str]()
    for number, rng in page.draws(count, seed=11):
        plan = draw(rng)
        lr = float(rng.choice([0.1, 0.5, rng.uniform(0.3, 1)]))
        note = f"{number}: {plan} lr={lr}"
        optimizer = sgd(lr)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                scheduler = built(optimizer, plan)
            except ZeroDivisionError:
                reasons["torch does not build it"] += 1
                continue
            try:
                schedule = from_scheduler(scheduler, total=61)
            except lrdsl.ScheduleError as error:
                assert [problem.code for problem in error.problems] == ["E409"], note
                reasons[error.problems[0].message.partition(": ")[2][:60]] += 1
                continue
            values = []
            for _ in range(61):
                values.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                scheduler.step()
        ours = schedule(np.arange(61), lr)
        assert np.abs(ours - values).max() <= 1e-11 * max(values), f"{note}: {schedule}"
    print(draw.__name__, sum(reasons.values()), "of", count, reasons.most_common())
    assert sum(reasons.values()) <= most * count, reasons


def test_a_live_scheduler_gives_the_text_of_its_parameters() -> None:
    """What is read off a live scheduler are the parameters that it was built with."""
    for name, draw in drawn.DRAWN.items():
        for number, rng in page.draws(15, seed=5):
            given = draw(rng)
            optimizer = sgd()
            scheduler = drawn.KNOWN[name](optimizer, **given)
            assert from_scheduler(scheduler) == lrdsl.compile(SCHEDULERS[name](**given).text), (
                f"{name} {number} {given}"
            )
