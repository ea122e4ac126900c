"""Every scheduler of DeepSpeed beside the text that replaces it, at drawn parameters and as the page says."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402
from lrdsl.translator.deepspeed import SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402
from tests.peers import deepspeed_schedules  # noqa: E402

peers = deepspeed_schedules()
# It warns at each scheduler that is made.
logging.getLogger("deepspeed").setLevel(logging.ERROR)
PAGE = "coming-from-deepspeed.md"
BASE = 0.02
Given = dict[str, Any]
Draw = Callable[[np.random.Generator], tuple[Given, int]]


def stepped(build: Callable[[Any], Any], steps: int) -> dict[str, list[float]]:
    """What the optimizer holds at updates 0 to `steps`, when the scheduler is stepped after each, as the engine does."""
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = build(optimizer)
    found: dict[str, list[float]] = {"lr": [], "beta1": [], "beta2": []}
    for _ in range(steps + 1):
        group = optimizer.param_groups[0]
        for name, value in (("lr", group["lr"]), ("beta1", group["betas"][0]), ("beta2", group["betas"][1])):
            found[name].append(value)
        scheduler.step()
    if not getattr(scheduler, "cycle_momentum", False):
        return {"lr": found["lr"]}
    return found


def rate(rng: np.random.Generator) -> float:
    return float(f"{10 ** rng.uniform(-5, -1):.{rng.integers(1, 4)}g}")


def edge(rng: np.random.Generator, usual: float, *others: float) -> float:
    """Mostly what is usual, and often enough what is at an edge."""
    return others[rng.integers(len(others))] if rng.random() < 0.35 else usual


def ranges(rng: np.random.Generator) -> tuple[Given, int]:
    given: Given = {"lr_range_test_min_lr": rate(rng), "lr_range_test_step_size": int(rng.integers(1, 40))}
    given |= {"lr_range_test_step_rate": edge(rng, round(float(rng.uniform(0.1, 5)), 2), 1.0, 0.0)}
    return given | {"lr_range_test_staircase": bool(rng.random() < 0.5)}, 130


def one_cycles(rng: np.random.Generator) -> tuple[Given, int]:
    given: Given = {"cycle_min_lr": rate(rng), "cycle_max_lr": rate(rng)}
    given |= {"cycle_first_step_size": edge(rng, int(rng.integers(1, 40)), 1, 12, 2)}
    given |= {"cycle_second_step_size": edge(rng, int(rng.integers(1, 40)), 0, 12) if rng.random() < 0.7 else None}
    given |= {"decay_step_size": int(edge(rng, rng.integers(1, 20), 0)), "decay_lr_rate": edge(rng, 0.0, 0.5, 0.013)}
    given |= {"cycle_momentum": bool(rng.random() < 0.7), "decay_mom_rate": edge(rng, 0.0, 0.01, -0.003)}
    given |= {"cycle_min_mom": edge(rng, 0.8, 0.85), "cycle_max_mom": edge(rng, 0.9, 0.8, 0.95)}
    if rng.random() < 0.5:
        given |= {"cycle_first_stair_count": int(edge(rng, rng.integers(1, 8), 0, 3, 50))}
    if rng.random() < 0.4:
        given |= {"cycle_second_stair_count": int(edge(rng, rng.integers(1, 8), 0, 3, 50))}
    return given, 130


def warmups(rng: np.random.Generator) -> tuple[Given, int]:
    given: Given = {
        "warmup_min_lr": edge(rng, rate(rng), 0.0),
        "warmup_num_steps": int(edge(rng, rng.integers(1, 50), 1, 2)),
    }
    given |= {"warmup_max_lr": rate(rng)}
    return given | {"warmup_type": ("log", "linear", "cubic")[rng.choice(3, p=(0.4, 0.5, 0.1))]}, 130


def plain_warmups(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = warmups(rng)
    if rng.random() < 0.4:
        given["warmup_max_lr"] = None
    return given, steps


def decays(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = warmups(rng)
    return given | {"total_num_steps": given["warmup_num_steps"] + int(edge(rng, rng.integers(2, 60), 0, 1, -5))}, steps


def cosines(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = decays(rng)
    del given["warmup_min_lr"], given["warmup_max_lr"]
    given |= {
        "warmup_min_ratio": edge(rng, 0.0, 0.1, 0.05, 1.0),
        "cos_min_ratio": edge(rng, 1e-4, 0.1, 0.0, 1.0, 0.123),
    }
    if rng.random() < 0.5:
        given["warmup_type"] = "linear"
    return given, steps


DRAWN: dict[str, Draw] = {
    "LRRangeTest": ranges,
    "OneCycle": one_cycles,
    "WarmupLR": plain_warmups,
    "WarmupDecayLR": decays,
    "WarmupCosineLR": cosines,
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_schedulers_are_what_deepspeed_writes(name: str) -> None:
    for number, rng in page.draws(400, 81):
        given, steps = DRAWN[name](rng)
        said = SCHEDULERS[name](**given)
        theirs = stepped(lambda optimizer, given=given: getattr(peers, name)(optimizer, **given), steps)
        page.agree(said.text, theirs, base=BASE, note=f"draw {number}: {given}")
        assert said.until is None


WRITTEN: list[tuple[str, Given, str]] = [
    (
        "OneCycle",
        {"cycle_min_lr": 1e-4, "cycle_max_lr": 1e-3, "decay_lr_rate": 0.1, "decay_step_size": 1000},
        "lr = warmup(2k, from=1e-4, to=1e-3) then linear(2k, to=1e-4) then 1e-4 / (1 + 0.1 * t/1k)\n"
        "beta1 = 0.8 for 1 then linear(2k, from=0.9, to=0.8) skip 1 then linear(2k, to=0.9)\n"
        "beta2 = 0.99",
    ),
    (
        "OneCycle",
        {"cycle_min_lr": 1e-4, "cycle_max_lr": 1e-3, "cycle_first_stair_count": 4, "cycle_momentum": False},
        "(warmup(2k, from=1e-4, to=1e-3) every 500) then (linear(2k, from=1e-3, to=1e-4) every 500) skip 499 then 1e-4",
    ),
    ("WarmupLR", {"warmup_type": "linear"}, "0 for 1 then warmup(1k) then hold"),
    (
        "WarmupLR",
        {"warmup_min_lr": 1e-5, "warmup_max_lr": 1e-3},
        "1e-5 + 9.9e-4*ln(max(t, 1))/ln(1000) for 1k then hold",
    ),
    (
        "WarmupCosineLR",
        {"total_num_steps": 10_000, "warmup_min_ratio": 0.1},
        "0 for 1 then base*(0.1 + 0.9*ln(t + 1)/ln(1000)) for 999 then cosine(9k, to=0.01%)",
    ),
]


@pytest.mark.parametrize(("name", "given", "text"), WRITTEN, ids=[text.splitlines()[0] for _, _, text in WRITTEN])
def test_a_text_is_what_a_person_would_write(name: str, given: Given, text: str) -> None:
    assert SCHEDULERS[name](**given).text == text
    theirs = stepped(lambda optimizer: getattr(peers, name)(optimizer, **given), 6000)
    page.agree(text, theirs, base=BASE, note=given)


def test_the_first_two_updates_of_a_warmup_have_one_lr() -> None:
    theirs = stepped(lambda optimizer: peers.WarmupLR(optimizer, 1e-5, 1e-3, 10, "linear"), 12)["lr"]

    assert theirs[:3] == [1e-5, 1e-5, pytest.approx(1.09e-4)]
    assert theirs[10] < theirs[11] == 1e-3


REFUSED: list[tuple[str, Given, str]] = [
    ("LRRangeTest", {"lr_range_test_step_rate": -1.0}, "leads below 0"),
    ("LRRangeTest", {"lr_range_test_step_size": 2.5}, "DeepSpeed wants an int"),
    ("LRRangeTest", {"last_batch_iteration": 7}, "a position in a schedule"),
    ("OneCycle", {"cycle_min_lr": [0.1, 0.2], "cycle_max_lr": 1}, "each group its own level"),
    ("OneCycle", {"cycle_min_lr": 0.1, "cycle_max_lr": 1, "cycle_first_step_size": 0}, "not above 0"),
    ("OneCycle", {"cycle_min_lr": 0.1, "cycle_max_lr": 1, "cycle_first_step_size": 2.25}, "no whole number of steps"),
    ("OneCycle", {"cycle_min_lr": 0.1, "cycle_max_lr": 1, "decay_lr_rate": -1, "decay_step_size": 5}, "denominator 0"),
    ("WarmupLR", {"warmup_num_steps": 0}, "whole steps above 0"),
    ("WarmupLR", {"warmup_num_steps": 10.0}, "wants an int"),
    ("WarmupDecayLR", {"total_num_steps": "auto"}, "`total_num_steps` is 'auto'"),
    ("WarmupCosineLR", {"total_num_steps": 50, "cos_min_ratio": -0.1}, "a negative ratio"),
]


@pytest.mark.parametrize(("name", "given", "why"), REFUSED, ids=[f"{name}-{why}" for name, _, why in REFUSED])
def test_what_cannot_be_said_is_refused_with_its_reason(name: str, given: Given, why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why) as caught:
        SCHEDULERS[name](**given)
    assert [problem.code for problem in caught.value.problems] == ["E409"]


def test_the_translator_knows_every_scheduler_of_deepspeed_and_its_arguments() -> None:
    assert set(peers.VALID_LR_SCHEDULES) == set(SCHEDULERS)
    for name, mine in SCHEDULERS.items():
        own = inspect.signature(getattr(peers, name)).parameters
        assert {key: one.default for key, one in own.items() if key != "optimizer"} == {
            key: one.default for key, one in inspect.signature(mine).parameters.items()
        }


@pytest.mark.parametrize("row", page.params(PAGE))
def test_a_row_of_the_page_is_what_deepspeed_does(row: Row) -> None:
    page.check_said(row, lambda row: page.said(row, SCHEDULERS))
    if row.text is not None:
        theirs = stepped(lambda optimizer: eval(row.theirs, {**vars(peers), "optimizer": optimizer}), row.steps)
        page.agree(row.text, theirs, base=BASE)


def test_the_page_names_every_scheduler_of_deepspeed() -> None:
    assert page.names(PAGE) == set(SCHEDULERS)
