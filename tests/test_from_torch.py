"""Every scheduler of torch beside the text that replaces it: the page, and drawn parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler as peers  # noqa: E402
from torch.optim import swa_utils  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.torch.live import course  # noqa: E402
from lrdsl.translator.torch import SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402

PAGE = "coming-from-torch.md"
KNOWN: dict[str, Any] = {name: getattr(peers, name) for name in peers.__all__} | {"SWALR": swa_utils.SWALR}
COMBINED = ("SequentialLR", "ChainedScheduler")
DRAWS = 100


def sgd(lr: float = 0.1) -> Any:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=0.9)


def adam(lr: float = 0.1) -> Any:
    return torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=lr)


def stepped(optimizer: Any, build: Callable[[Any], Any], steps: int) -> dict[str, list[float]]:
    """What the optimizer holds at steps 0 to `steps`: the lr, and what cycles with it."""
    scheduler = build(optimizer)
    found: dict[str, list[float]] = {"lr": []}
    if getattr(scheduler, "cycle_momentum", False):
        found["beta1" if scheduler.use_beta1 else "momentum"] = []
    for step in range(steps + 1):
        group = optimizer.param_groups[0]
        for output, values in found.items():
            values.append(group["betas"][0] if output == "beta1" else group[output])
        optimizer.step()
        if step < steps:
            scheduler.step()
    return found


# --- the page -------------------------------------------------------------------------------------------------------------


def optimizer_for(row: Row) -> Any:
    """`adam` in the call of a row is an optimizer with betas."""
    return adam() if "adam" in row.theirs else sgd()


def live(row: Row, optimizer: Any) -> Any:
    return eval(row.theirs, {**KNOWN, "optimizer": optimizer, "adam": optimizer})


def translated(row: Row) -> Any:
    if row.name in COMBINED:
        return course(live(row, sgd()), 0).said()
    args, named = page.arguments(row.theirs, KNOWN, ("optimizer", "adam"))
    return SCHEDULERS[row.name](*args, **named, **({"output": "beta1"} if "adam" in row.theirs else {}))


@pytest.mark.parametrize("row", page.params(PAGE))
def test_a_row_of_the_page_is_what_torch_does(row: Row) -> None:
    page.check_said(row, translated)
    if row.text is not None:
        theirs = stepped(optimizer_for(row), lambda optimizer: live(row, optimizer), row.steps)
        page.agree(row.text, theirs, base=0.1)


@pytest.mark.parametrize("row", [one for one in page.params(PAGE) if one.values[0].name != "LRScheduler"])
def test_the_live_scheduler_of_a_row_gives_its_text(row: Row) -> None:
    scheduler = live(row, optimizer_for(row))
    if row.refused:
        with pytest.raises(lrdsl.ScheduleError, match="E409"):
            lrdsl.torch.from_scheduler(scheduler)
    else:
        assert lrdsl.torch.from_scheduler(scheduler) == lrdsl.compile(row.text or "")


def test_the_page_and_the_translator_know_every_scheduler() -> None:
    every = {*peers.__all__, "SWALR"}

    assert page.names(PAGE) == every
    assert set(SCHEDULERS) == every - set(COMBINED)


# --- drawn ----------------------------------------------------------------------------------------------------------------


def gamma(rng: np.random.Generator) -> float:
    return float(
        rng.choice([0.0, 0.1, 0.5, 0.97, 1 / 3, 1.0, rng.uniform(0.2, 0.99), round(rng.uniform(0.2, 0.99), 3)])
    )


def factor(rng: np.random.Generator) -> float:
    return float(rng.choice([1 / 3, 0.1, 1e-3, 1.0, 2 / 3, rng.uniform(0.01, 1)]))


def small(rng: np.random.Generator) -> float:
    return float(rng.choice([0.0, 1e-3, 1e-6, rng.uniform(0, 0.3)]))


def step_lr(rng: np.random.Generator) -> dict[str, Any]:
    return {"step_size": int(rng.integers(1, 60)), "gamma": gamma(rng)}


def multi_step_lr(rng: np.random.Generator) -> dict[str, Any]:
    milestones: list[float] = [int(one) for one in rng.integers(0, 150, rng.integers(0, 6))]
    if rng.random() < 0.2:
        milestones += [float(milestones[0]) if milestones else 7.0, 12.5, -3]  # the last two never come
    return {"milestones": milestones, "gamma": gamma(rng)}


def constant_lr(rng: np.random.Generator) -> dict[str, Any]:
    return {"factor": factor(rng), "total_iters": int(rng.integers(0, 60))}


def linear_lr(rng: np.random.Generator) -> dict[str, Any]:
    end = float(rng.choice([1.0, 0.0, factor(rng)]))
    return {"start_factor": factor(rng), "end_factor": end, "total_iters": int(rng.integers(0, 100))}


def exponential_lr(rng: np.random.Generator) -> dict[str, Any]:
    return {"gamma": gamma(rng)}


def polynomial_lr(rng: np.random.Generator) -> dict[str, Any]:
    power = float(rng.choice([0.0, 0.5, 1.0, 2.0, 3.0, rng.uniform(0.2, 4)]))
    return {"total_iters": int(rng.integers(0, 120)), "power": power}


def cosine_annealing_lr(rng: np.random.Generator) -> dict[str, Any]:
    return {"T_max": int(rng.integers(1, 300)), "eta_min": small(rng)}


def warm_restarts(rng: np.random.Generator) -> dict[str, Any]:
    return {"T_0": int(rng.integers(1, 40)), "T_mult": int(rng.integers(1, 4)), "eta_min": small(rng)}


def cyclic_lr(rng: np.random.Generator) -> dict[str, Any]:
    mode = str(rng.choice(["triangular", "triangular2", "exp_range"]))
    lengths = [int(one) for one in rng.integers(1, 60, 2)]
    if rng.random() < 0.2:
        lengths = [float(one) + 0.5 for one in lengths]  # type: ignore[misc]
    given = {
        "base_lr": float(rng.choice([1e-3, 0.0, rng.uniform(0, 0.1)])),
        "max_lr": float(rng.choice([0.1, rng.uniform(0.1, 1)])),
        "step_size_up": lengths[0],
        "step_size_down": lengths[1] if rng.random() < 0.7 else None,
        "mode": mode,
        "gamma": float(rng.choice([0.999, 1.0, 0.95])),
        "cycle_momentum": bool(rng.random() < 0.5),
    }
    return given | ({"base_momentum": 0.7, "max_momentum": rng.uniform(0.8, 0.99)} if rng.random() < 0.5 else {})


def one_cycle_lr(rng: np.random.Generator) -> dict[str, Any]:
    total = int(rng.integers(3, 300))
    share = float(rng.choice([0.3, 0.0, 1.0, 0.25, 1 / 3, 0.07, rng.uniform(0, 1)]))
    return {
        "max_lr": float(rng.choice([0.1, rng.uniform(0.01, 1)])),
        "pct_start": 0.31 if abs(share * total - 1) < 1e-9 else share,
        "anneal_strategy": str(rng.choice(["cos", "linear"])),
        "cycle_momentum": bool(rng.random() < 0.5),
        "div_factor": float(rng.choice([25.0, 30.0, 10.0, rng.uniform(1, 50)])),
        "final_div_factor": float(rng.choice([1e4, 1e3, 7.0])),
        "three_phase": bool(rng.random() < 0.4),
    } | ({"total_steps": total} if rng.random() < 0.8 else {"epochs": 3, "steps_per_epoch": max(2, total // 3)})


def swa_lr(rng: np.random.Generator) -> dict[str, Any]:
    strategy = str(rng.choice(["cos", "linear"]))
    return {"swa_lr": rng.uniform(0.001, 0.3), "anneal_epochs": int(rng.integers(0, 40)), "anneal_strategy": strategy}


DRAWN: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "StepLR": step_lr,
    "MultiStepLR": multi_step_lr,
    "ConstantLR": constant_lr,
    "LinearLR": linear_lr,
    "ExponentialLR": exponential_lr,
    "PolynomialLR": polynomial_lr,
    "CosineAnnealingLR": cosine_annealing_lr,
    "CosineAnnealingWarmRestarts": warm_restarts,
    "CyclicLR": cyclic_lr,
    "OneCycleLR": one_cycle_lr,
    "SWALR": swa_lr,
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_parameters_are_said_as_torch_steps_them(name: str) -> None:
    for number, rng in page.draws(DRAWS, seed=len(name)):
        given = DRAWN[name](rng)
        lr = float(rng.choice([0.1, 3e-4, 1.0, rng.uniform(0.001, 2)]))
        said = SCHEDULERS[name](**given)
        steps = 250 if said.until is None else min(said.until, 250)
        theirs = stepped(sgd(lr), lambda optimizer, given=given: KNOWN[name](optimizer, **given), steps)
        page.agree(said.text, theirs, base=lr, note=f"{name} {number}: {given}, lr={lr}")


def test_every_scheduler_with_values_is_drawn() -> None:
    refused = {"LambdaLR", "MultiplicativeLR", "ReduceLROnPlateau", "LRScheduler", *COMBINED}
    assert set(DRAWN) == {*peers.__all__, "SWALR"} - refused


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("StepLR", {"step_size": 2.5}, "very step"),
        ("StepLR", {"step_size": 0}, "`step_size` is 0"),
        ("StepLR", {"step_size": 3, "gamma": -0.1}, "not negative"),
        ("StepLR", {"step_size": 3, "gamma": 2.0}, "grows without end"),
        ("MultiStepLR", {"milestones": [3], "gamma": -1.0}, "not negative"),
        ("ConstantLR", {"factor": 0.0}, "torch divides at step 5"),
        ("ConstantLR", {"total_iters": 2.5}, "very step"),
        ("ExponentialLR", {"gamma": 1.1}, "grows without end"),
        ("ExponentialLR", {"gamma": float("nan")}, "`gamma` is nan"),
        ("PolynomialLR", {"power": -1.0}, "divides by 0"),
        ("CosineAnnealingLR", {"T_max": 0}, "`T_max` is 0"),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 10, "pct_start": 0.1}, "no length"),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 1}, "has 1 steps"),
        ("OneCycleLR", {"max_lr": 0.1}, "has 0 steps"),
        ("StepLR", {}, "missing a required argument: 'step_size'"),
        ("StepLR", {"step_size": 3, "gama": 0.1}, "unexpected keyword argument 'gama'"),
        ("OneCycleLR", {"max_lr": [0.1, 0.2], "total_steps": 9}, "a value for each group"),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "scale_fn": abs}, "function of yours"),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "mode": "saw"}, "`mode` is 'saw'"),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "mode": "exp_range", "gamma": 1.01}, "grows without end"),
    ],
)
def test_what_has_no_text_is_refused_with_a_reason(name: str, given: dict[str, Any], why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why) as caught:
        SCHEDULERS[name](**given)
    assert [problem.code for problem in caught.value.problems] == ["E409"]


def test_a_list_of_one_value_is_that_value() -> None:
    assert SCHEDULERS["OneCycleLR"]([0.1, 0.1], 100) == SCHEDULERS["OneCycleLR"](0.1, 100)


def test_the_translator_has_the_parameters_of_torch() -> None:
    for name, said in SCHEDULERS.items():
        if name in ("ReduceLROnPlateau", "LRScheduler"):
            continue
        theirs = list(inspect.signature(KNOWN[name]).parameters.values())[1:]
        ours = [one for one in inspect.signature(said).parameters.values() if one.kind is not one.KEYWORD_ONLY]
        assert [(one.name, one.default) for one in ours] == [(one.name, one.default) for one in theirs], name
