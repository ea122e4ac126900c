"""Every scheduler of timm beside the text that replaces it, at drawn parameters and as the page says."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402
from lrdsl.translator.timm import SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402
from tests.peers import timm_scheduler  # noqa: E402

peers = timm_scheduler()
PAGE = "coming-from-timm.md"
BASE = 0.1
Given = dict[str, Any]
Draw = Callable[[np.random.Generator], tuple[Given, int]]


def stepped(build: Callable[[Any], Any], steps: int, t_in_epochs: bool = True) -> list[float]:
    """What the optimizer holds at steps 0 to `steps`: first what the constructor put there."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = build(optimizer)
    found = [optimizer.param_groups[0]["lr"]]
    for step in range(1, steps + 1):
        try:
            scheduler.step(step) if t_in_epochs else scheduler.step_update(step)
        except (TypeError, ValueError):
            return found
        found.append(optimizer.param_groups[0]["lr"])
        if isinstance(found[-1], complex):
            return found[:-1]
    return found


def agree(text: str, until: int | None, theirs: list[float], steps: int, note: object, within: float = 1e-12) -> None:
    """The text has timm's values at whole steps up to `until`, and through each epoch where it counts them."""
    last = steps if until is None else min(until, steps)
    assert len(theirs) > last, f"{text!r} {note}: timm stops at {len(theirs)}"
    schedule = lrdsl.compile(text)
    page.agree(text, {"lr": theirs[: last + 1]}, base=BASE, within=within, note=note)
    if schedule.clock == "epochs":
        whole = np.arange(last + 1)
        assert np.array_equal(schedule(whole, BASE), schedule(whole + 0.75, BASE)), f"{text!r} {note}"


def rate(rng: np.random.Generator) -> float:
    return float(f"{10 ** rng.uniform(-6, -2):.{rng.integers(1, 4)}g}")


def edge(rng: np.random.Generator, usual: float, *others: float) -> float:
    """Mostly what is usual, and often enough what is at an edge."""
    return others[rng.integers(len(others))] if rng.random() < 0.35 else usual


def common(rng: np.random.Generator) -> Given:
    given: Given = {"warmup_t": int(edge(rng, rng.integers(1, 12), 0)), "warmup_lr_init": edge(rng, rate(rng), 0.0)}
    return given | {"warmup_prefix": bool(rng.random() < 0.5), "t_in_epochs": bool(rng.random() < 0.5)}


def cycles(rng: np.random.Generator) -> tuple[Given, int]:
    given = common(rng) | {"t_initial": int(edge(rng, rng.integers(2, 40), 1, 10)), "lr_min": edge(rng, rate(rng), 0.0)}
    given |= {"cycle_limit": int(edge(rng, 1, 2, 3, 6, 0)), "cycle_decay": edge(rng, 1.0, 0.5, 0.1, 0.0, 1.2)}
    given |= {"cycle_mul": edge(rng, 1.0, 2.0, 3.0, 1.5, 0.5, 1.1)}
    return given, 150


def cosines(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = cycles(rng)
    return given | {"k_decay": edge(rng, 1.0, 2.0, 0.5, 1.5)}, steps


def polynomials(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = cosines(rng)
    return given | {"power": edge(rng, round(float(rng.uniform(0.3, 3)), 2), 1.0, 0.5, 2.0)}, steps


def tangents(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = cycles(rng)
    return given | {"lb": edge(rng, -7.0, 0.0, -2.5, 0.5), "ub": edge(rng, 3.0, 1.5, 7)}, steps


def stairs(rng: np.random.Generator) -> tuple[Given, int]:
    given = common(rng) | {"decay_t": edge(rng, int(rng.integers(1, 40)), 2.4, 1.1, 0.5, 3.3)}
    return given | {"decay_rate": edge(rng, round(float(rng.uniform(0.1, 0.99)), 3), 1.0, 0.0)}, 120


def milestones(rng: np.random.Generator) -> tuple[Given, int]:
    moments = sorted(edge(rng, int(rng.integers(1, 80)), 0, 1, 2, 30.5) for _ in range(rng.integers(0, 6)))
    rates = round(float(rng.uniform(0.1, 0.99)), 3)
    return common(rng) | {"decay_t": moments, "decay_rate": edge(rng, rates, 1.0, 0.0, 2.0)}, 120


def stable(rng: np.random.Generator) -> tuple[Given, int]:
    given = common(rng)
    del given["warmup_prefix"]
    given |= {"t_initial": int(rng.integers(2, 60)), "lr_min": edge(rng, rate(rng), 0.0, 0.03)}
    given |= {"decay_t": int(edge(rng, rng.integers(1, given["t_initial"] + 1), given["t_initial"]))}
    given |= {"stable_fn": ("constant", "rsqrt", "power")[rng.integers(3)], "stable_power": edge(rng, 0.5, 0.8)}
    given |= {"stable_timescale": int(rng.integers(1, 20)) if rng.random() < 0.5 or not given["warmup_t"] else None}
    given |= {"decay_fn": ("1-sqrt", "linear", "cosine", "power", "exp")[rng.integers(5)]}
    return given | {"decay_power": edge(rng, 0.5, 1.7), "decay_ratio": edge(rng, 0.1, 0.37)}, 90


DRAWN: dict[str, Draw] = {
    "CosineLRScheduler": cosines,
    "PolyLRScheduler": polynomials,
    "TanhLRScheduler": tangents,
    "StepLRScheduler": stairs,
    "MultiStepLRScheduler": milestones,
    "WSDLRScheduler": stable,
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_schedulers_are_what_timm_writes(name: str) -> None:
    ended = 0
    for number, rng in page.draws(300, 71):
        given, steps = DRAWN[name](rng)
        said = SCHEDULERS[name](**given)
        theirs = stepped(
            lambda optimizer, given=given: getattr(peers, name)(optimizer, **given), steps, given["t_in_epochs"]
        )
        agree(said.text, said.until, theirs, steps, f"draw {number}: {given}")
        if said.until is not None and said.until < steps:
            # What is left out is left out for a reason: there timm has another value, or none.
            ended += 1
            next_one = theirs[said.until + 1] if len(theirs) > said.until + 1 else math.inf
            ours = lrdsl.compile(said.text)(said.until + 1, BASE)
            assert abs(next_one - ours) > 1e-12 * BASE or given["cycle_mul"] < 1, f"draw {number}: {given} {said}"
    assert (ended > 0) == (name in ("CosineLRScheduler", "PolyLRScheduler", "TanhLRScheduler"))


WRITTEN: list[tuple[str, Given, str]] = [
    (
        "CosineLRScheduler",
        {"t_initial": 300, "lr_min": 1e-5, "warmup_t": 5, "warmup_lr_init": 1e-6},
        "warmup(5 epochs, from=1e-6, to=base) then cosine(300 epochs, to=1e-5) skip 5 epochs then hold every 1 epoch",
    ),
    (
        "CosineLRScheduler",
        {"t_initial": 100, "cycle_limit": 3, "cycle_decay": 0.5, "cycle_mul": 2, "t_in_epochs": False},
        "repeat(cosine(100), times=3, stretch=2, factor=0.5)",
    ),
    (
        "CosineLRScheduler",
        {"t_initial": 100, "cycle_limit": 2, "cycle_decay": 0.5, "lr_min": 1e-5, "t_in_epochs": False},
        "cosine(100, to=1e-5) then cosine(100, from=0.5*base, to=1e-5)",
    ),
    (
        "CosineLRScheduler",
        {"t_initial": 100, "cycle_limit": 9, "cycle_decay": 0.5, "lr_min": 1e-5, "t_in_epochs": False},
        "repeat(cosine(100, from=base), times=9, factor=0.5) + repeat(cosine(100, from=0, to=1e-5), times=9)",
    ),
    (
        "CosineLRScheduler",
        {"t_initial": 100, "k_decay": 1.5, "t_in_epochs": False},
        "shape kcosine(p, k) = halfwave(p^k), halfwave(1 - p^k)\nlr = kcosine(100, k=1.5)",
    ),
    (
        "TanhLRScheduler",
        {"t_initial": 100, "lr_min": 1e-5, "t_in_epochs": False},
        "base until 1 then 1e-5 + (base - 1e-5)*(1 - tanh(10*p - 7))/2 for 100 skip 1 then 1e-5",
    ),
    (
        "StepLRScheduler",
        {"decay_t": 1.1, "decay_rate": 0.5, "t_in_epochs": False},
        "drop(factor=0.5, per=1.1000000000000000888 steps)",
    ),
    (
        "MultiStepLRScheduler",
        {"decay_t": [30, 60], "decay_rate": 0.1, "warmup_t": 5},
        "warmup(5 epochs) then base until 34 epochs then 0.1*base until 64 epochs then 0.01*base every 1 epoch",
    ),
    (
        "WSDLRScheduler",
        {"t_initial": 100, "decay_t": 20, "stable_fn": "rsqrt", "warmup_t": 10, "decay_fn": "linear"},
        "warmup(10 epochs) then rsqrt(max=base, timescale=10 epochs) * (1 for 80 epochs then linear(20 epochs)) "
        "then hold every 1 epoch",
    ),
    (
        "WSDLRScheduler",
        {"t_initial": 100, "decay_t": 20, "stable_fn": "rsqrt", "warmup_t": 10, "lr_min": 1e-6, "t_in_epochs": False},
        "warmup(10, to=base) then 1e-6 + max(rsqrt(max=base, timescale=10) - 1e-6, 0) * (1 for 80 then sqrt(20))",
    ),
]


@pytest.mark.parametrize(("name", "given", "text"), WRITTEN, ids=[text for _, _, text in WRITTEN])
def test_a_text_is_what_a_person_would_write(name: str, given: Given, text: str) -> None:
    said = SCHEDULERS[name](**given)
    steps = 150
    theirs = stepped(lambda optimizer: getattr(peers, name)(optimizer, **given), steps, given.get("t_in_epochs", True))

    assert said.text == text
    agree(text, said.until, theirs, steps, given)


def test_where_timm_misses_a_restart_the_text_is_its_own_no_longer() -> None:
    given = {"t_initial": 1, "cycle_mul": 3.0, "cycle_limit": 9, "t_in_epochs": False}
    said = SCHEDULERS["CosineLRScheduler"](**given)
    theirs = stepped(lambda optimizer: peers.CosineLRScheduler(optimizer, **given), 130, False)

    assert said.until == 120
    assert (theirs[121], lrdsl.compile(said.text)(121, BASE)) == (0.0, BASE)


REFUSED: list[tuple[str, Given, str]] = [
    ("CosineLRScheduler", {"t_initial": 9, "noise_range_t": (3, 5)}, "no randomness"),
    ("CosineLRScheduler", {"t_initial": 0}, "`t_initial` is 0, and must be above 0"),
    ("CosineLRScheduler", {"t_initial": 9, "cycle_limit": 1.5}, "a whole number is needed"),
    ("CosineLRScheduler", {"t_initial": 9, "cycle_decay": -1}, "negative `cycle_decay`"),
    ("CosineLRScheduler", {"t_initial": 9, "cycle_mul": 0}, "`cycle_mul` is 0"),
    ("CosineLRScheduler", {"t_initial": 9, "lr_min": -1}, "`lr_min` is negative"),
    ("CosineLRScheduler", {"t_initial": 9, "warmup_t": -1}, "`warmup_t` is negative"),
    ("CosineLRScheduler", {"t_initial": 9, "k_decay": 0}, "`k_decay` is 0"),
    ("PolyLRScheduler", {"t_initial": 9, "power": 0}, "`power` is 0"),
    ("TanhLRScheduler", {"t_initial": 9, "lb": 3}, "not below `ub`"),
    ("StepLRScheduler", {"decay_t": 9, "decay_rate": -1}, "every other lr negative"),
    ("MultiStepLRScheduler", {"decay_t": [9, 5]}, "do not rise"),
    ("WSDLRScheduler", {"t_initial": 9, "decay_t": 10}, "longer than `t_initial`"),
    ("WSDLRScheduler", {"t_initial": 9, "decay_t": 5, "decay_fn": math.sqrt}, "a function of one's own"),
    ("WSDLRScheduler", {"t_initial": 9, "decay_t": 5, "decay_fn": "square"}, "timm knows the decays"),
    ("WSDLRScheduler", {"t_initial": 9, "decay_t": 5, "stable_fn": "linear"}, "timm knows 'constant'"),
    ("WSDLRScheduler", {"t_initial": 9, "decay_t": 5, "stable_fn": "rsqrt"}, "`stable_timescale` is 0"),
    ("PlateauLRScheduler", {"decay_rate": 0.5}, "follows a metric"),
]


@pytest.mark.parametrize(("name", "given", "why"), REFUSED, ids=[f"{name}-{why}" for name, _, why in REFUSED])
def test_what_cannot_be_said_is_refused_with_its_reason(name: str, given: Given, why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why) as caught:
        SCHEDULERS[name](**given)
    assert [problem.code for problem in caught.value.problems] == ["E409"]


def test_the_translator_knows_every_scheduler_of_timm_and_its_arguments() -> None:
    theirs = {name: found for name, found in vars(peers).items() if isinstance(found, type)}

    assert set(theirs) == set(SCHEDULERS)
    for name in set(theirs) - {"PlateauLRScheduler"}:
        mine = inspect.signature(SCHEDULERS[name]).parameters
        own = inspect.signature(theirs[name]).parameters
        assert {key: one.default for key, one in own.items() if key != "optimizer"} == {
            key: one.default for key, one in mine.items() if key != "unit"
        }


@pytest.mark.parametrize("row", page.params(PAGE))
def test_a_row_of_the_page_is_what_timm_does(row: Row) -> None:
    page.check_said(row, lambda row: page.said(row, SCHEDULERS))
    if row.text is not None:
        epochs = "t_in_epochs=False" not in row.theirs
        theirs = stepped(lambda optimizer: eval(row.theirs, {**vars(peers), "optimizer": optimizer}), row.steps, epochs)
        agree(row.text, row.until, theirs, row.steps, row.theirs)


def test_the_page_names_every_scheduler_of_timm() -> None:
    assert page.names(PAGE) == set(SCHEDULERS)
