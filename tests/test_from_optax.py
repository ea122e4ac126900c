"""Every schedule of optax beside the text that replaces it, at drawn parameters and as the page says."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import lrdsl  # noqa: E402
from lrdsl.translator import Said  # noqa: E402
from lrdsl.translator.optax import SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402

PAGE = "coming-from-optax.md"
SINGLE = 3e-6  # of the peak: what is left of float32 after a division, a power and a cosine
Given = dict[str, Any]
Draw = Callable[[np.random.Generator], tuple[Given, int]]
# What is exported and is no schedule: a type, and what puts schedules into optimizers.
OTHERS = {
    "Schedule", "StatefulSchedule", "WrappedSchedule", "InjectHyperparamsState", "InjectStatefulHyperparamsState",
    "inject_hyperparams", "inject_stateful_hyperparams",
}  # fmt: skip


def values(schedule: Callable[[Any], Any], steps: int, double: bool) -> np.ndarray:
    """What a schedule gives at steps 0 to `steps`, in float64 or float32."""
    with jax.enable_x64(double):
        found = jax.vmap(lambda count: jax.numpy.asarray(schedule(count)) + 0.0 * count)(jax.numpy.arange(steps + 1))
        return np.asarray(found, np.float64)


def rate(rng: np.random.Generator) -> float:
    return float(f"{10 ** rng.uniform(-4, 0):.{rng.integers(1, 4)}g}")


def edge(rng: np.random.Generator, usual: float, *others: float) -> float:
    """Mostly what is usual, and often enough what is at an edge."""
    return others[rng.integers(len(others))] if rng.random() < 0.3 else usual


def constants(rng: np.random.Generator) -> tuple[Given, int]:
    return {"value": rate(rng)}, 10


def lines(rng: np.random.Generator) -> tuple[Given, int]:
    given = {"init_value": edge(rng, rate(rng), 0.0), "end_value": edge(rng, rate(rng), 0.0)}
    given |= {"transition_steps": int(edge(rng, rng.integers(1, 60), 0, -3))}
    return {**given, "transition_begin": int(edge(rng, 0, 7, 30, -5))}, 100


def polynomials(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = lines(rng)
    return {**given, "power": edge(rng, round(float(rng.uniform(0.3, 3)), 2), 1, 2, 0.5, 0)}, steps


def scales(rng: np.random.Generator) -> tuple[Given, int]:
    bounds = sorted({int(one) for one in rng.integers(0, 80, rng.integers(0, 5))})
    # Drawn as they come: optax sorts them.
    drawn = {bound: float(edge(rng, round(float(rng.uniform(0.1, 2)), 2), 0.1, 1.0, 0.0)) for bound in bounds[::-1]}
    return {"init_value": rate(rng), "boundaries_and_scales": drawn if rng.random() < 0.9 else None}, 100


def stairs(rng: np.random.Generator) -> tuple[Given, int]:
    if rng.random() < 0.1:
        return {"init_value": rate(rng), "boundaries_and_scales": {-3: 0.5, 0: 0.5, 10: 0.1}}, 20
    return scales(rng)


def interpolations(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = scales(rng)
    return {**given, "interpolate_type": ("linear", "cosine")[rng.integers(2)]}, steps


def exponentials(rng: np.random.Generator) -> tuple[Given, int]:
    top = rate(rng)
    factor = edge(rng, round(float(rng.uniform(0.3, 0.99)), 3), 1.0, 0.0)
    ends = [None, top * 0.1, top * 0.5, top * 2, top]
    if rng.random() < 0.2:
        factor, ends = 1.25, [top * 3, top * 1.5, top * 0.5]
    given: Given = {"init_value": top, "transition_steps": int(edge(rng, rng.integers(1, 30), 0)), "decay_rate": factor}
    given |= {"transition_begin": int(edge(rng, 0, 13, -4)), "staircase": bool(rng.random() < 0.5)}
    return {**given, "end_value": ends[rng.integers(len(ends))]}, 100


def cosines(rng: np.random.Generator) -> tuple[Given, int]:
    given: Given = {"init_value": rate(rng), "decay_steps": int(rng.integers(1, 80))}
    given |= {"alpha": edge(rng, round(float(rng.uniform(0, 1.5)), 3), 0.0, 0.1, 1.0)}
    return {**given, "exponent": edge(rng, 1.0, 2, 0.5, 1.7, 0)}, 100


def linear_cycles(rng: np.random.Generator) -> tuple[Given, int]:
    given = cosine_cycles(rng)[0]
    return {**given, "pct_final": edge(rng, round(float(rng.uniform(0.5, 1)), 2), 1.0, 0.85)}, 100


def cosine_cycles(rng: np.random.Generator) -> tuple[Given, int]:
    given: Given = {"transition_steps": int(edge(rng, rng.integers(5, 80), 1, 2, 3)), "peak_value": rate(rng)}
    given |= {"pct_start": edge(rng, round(float(rng.uniform(0.05, 0.6)), 3), 0.0, 1.0, 0.3)}
    given |= {"div_factor": edge(rng, 25.0, 3.0, 10, 1.0)}
    return {**given, "final_div_factor": edge(rng, 1e4, 7.0, 1.0, 0.5)}, 100


def constant_after(rng: np.random.Generator) -> tuple[Given, int]:
    given = {"init_value": edge(rng, rate(rng), 0.0), "peak_value": edge(rng, rate(rng), 0.0)}
    return {**given, "warmup_steps": int(edge(rng, rng.integers(1, 60), 0))}, 100


def cosine_after(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = constant_after(rng)
    given["decay_steps"] = given["warmup_steps"] + int(edge(rng, rng.integers(1, 40), 1))
    return {**given, "end_value": edge(rng, rate(rng), 0.0), "exponent": edge(rng, 1.0, 2, 0.5, 0)}, steps + 10


def exponential_after(rng: np.random.Generator) -> tuple[Given, int]:
    given, steps = exponentials(rng)
    given["peak_value"] = given.pop("init_value")
    return {
        **given,
        "init_value": edge(rng, 0.0, rate(rng)),
        "warmup_steps": int(edge(rng, rng.integers(1, 30), 0)),
    }, steps


def restarts(rng: np.random.Generator) -> tuple[Given, int]:
    cycles = [cosine_after(rng)[0] for _ in range(rng.integers(1, 4))]
    return {
        "cosine_kwargs": cycles * 2 if rng.random() < 0.3 else cycles[:1] * 3 if rng.random() < 0.4 else cycles
    }, 250


DRAWN: dict[str, Draw] = {
    "constant_schedule": constants,
    "polynomial_schedule": polynomials,
    "linear_schedule": lines,
    "piecewise_constant_schedule": stairs,
    "exponential_decay": exponentials,
    "cosine_decay_schedule": cosines,
    "piecewise_interpolate_schedule": interpolations,
    "linear_onecycle_schedule": linear_cycles,
    "cosine_onecycle_schedule": cosine_cycles,
    "warmup_constant_schedule": constant_after,
    "warmup_cosine_decay_schedule": cosine_after,
    "warmup_exponential_decay_schedule": exponential_after,
    "sgdr_schedule": restarts,
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_schedules_are_what_optax_computes(name: str) -> None:
    for number, rng in page.draws(100, 62):
        given, steps = DRAWN[name](rng)
        text = SCHEDULERS[name](**given).text
        # `(init - end) * x + end` in float32 is no nearer than to the larger of the two, which need not be reached.
        levels = [value for key, value in given.items() if key in ("init_value", "end_value", "peak_value") and value]
        for double, within in ((True, 1e-12), (False, SINGLE)):
            theirs = values(getattr(optax.schedules, name)(**given), steps, double)
            if not double:
                within *= max(1, max(levels, default=0) / (max(theirs) or 1))
            page.agree(text, {"lr": theirs}, within=within, note=f"draw {number}, {given}, x64 {double}")


def test_drawn_schedules_are_joined_as_optax_joins_them() -> None:
    made = SimpleNamespace(**SCHEDULERS)
    kinds = [name for name in DRAWN if name != "constant_schedule"]
    for number, rng in page.draws(150, 63):
        count = int(rng.integers(1, 4))
        names = [kinds[one] for one in rng.integers(0, len(kinds), count)]
        given = [DRAWN[name](rng)[0] for name in names]
        bounds = sorted(int(one) for one in rng.integers(0, 120, count - 1))
        theirs = optax.join_schedules(
            [getattr(optax, name)(**one) for name, one in zip(names, given, strict=True)], bounds
        )
        ours = made.join_schedules([getattr(made, name)(**one) for name, one in zip(names, given, strict=True)], bounds)
        note = f"draw {number}: {list(zip(names, given, strict=True))} {bounds}"
        page.agree(ours.text, {"lr": values(theirs, 250, True)}, note=note)


REFUSED: list[tuple[str, Given, str]] = [
    ("constant_schedule", {"value": lambda count: 1.0}, "`value` is a function"),
    ("polynomial_schedule", {"init_value": 1, "end_value": 0, "power": -1, "transition_steps": 9}, "infinite"),
    ("piecewise_constant_schedule", {"init_value": 1, "boundaries_and_scales": {5: -1}}, "no negative scale"),
    ("exponential_decay", {"init_value": 1, "transition_steps": 5, "decay_rate": -0.5}, "negative `decay_rate`"),
    ("cosine_decay_schedule", {"init_value": 1, "decay_steps": 0}, "more than 0"),
    ("cosine_decay_schedule", {"init_value": 1, "decay_steps": 9, "exponent": -1}, "infinite"),
    ("piecewise_interpolate_schedule", {"interpolate_type": "square", "init_value": 1}, "knows 'linear' and 'cosine'"),
    (
        "piecewise_interpolate_schedule",
        {"interpolate_type": "linear", "init_value": 1, "boundaries_and_scales": {-5: 0.5, 5: 0.5}},
        "boundary -5 is no whole step from 0",
    ),
    ("linear_onecycle_schedule", {"transition_steps": 0, "peak_value": 1}, "not above 0"),
    ("cosine_onecycle_schedule", {"transition_steps": 9, "peak_value": 1, "div_factor": 0}, "they are above 0"),
    (
        "warmup_cosine_decay_schedule",
        {"init_value": 0, "peak_value": 1, "warmup_steps": 10, "decay_steps": 10},
        "its cosine is 0 steps long",
    ),
    (
        "warmup_cosine_decay_schedule",
        {"init_value": 0, "peak_value": 1, "warmup_steps": -2, "decay_steps": 10},
        "in the middle of the decay",
    ),
    ("sgdr_schedule", {"cosine_kwargs": []}, "no cycle"),
    ("sgdr_schedule", {"cosine_kwargs": [{"peak_value": 1}]}, "given what it does not take"),
    ("join_schedules", {"schedules": [], "boundaries": []}, "no schedule"),
    ("join_schedules", {"schedules": [lambda count: 1.0], "boundaries": []}, "function of one's own"),
    ("join_schedules", {"schedules": [Said("1")] * 3, "boundaries": [9, 5]}, "do not rise"),
]


@pytest.mark.parametrize(("name", "given", "why"), REFUSED, ids=[f"{name}-{why}" for name, _, why in REFUSED])
def test_what_cannot_be_said_is_refused_with_its_reason(name: str, given: Given, why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why) as caught:
        SCHEDULERS[name](**given)
    assert [problem.code for problem in caught.value.problems] == ["E409"]


def test_the_translator_knows_every_schedule_of_optax_and_its_arguments() -> None:
    theirs = {name for name in vars(optax.schedules) if not name.startswith("_")}
    assert theirs - OTHERS == set(SCHEDULERS)
    for name, mine in SCHEDULERS.items():
        own = inspect.signature(getattr(optax.schedules, name)).parameters
        assert [(key, one.default) for key, one in own.items()] == [
            (key, one.default) for key, one in inspect.signature(mine).parameters.items()
        ]


@pytest.mark.parametrize("row", page.params(PAGE))
def test_a_row_of_the_page_is_what_optax_does(row: Row) -> None:
    # The schedules within a schedule are texts, too.
    page.check_said(row, lambda row: eval(row.theirs, {"optax": SimpleNamespace(**SCHEDULERS)}))
    if row.text is not None:
        page.agree(row.text, {"lr": values(eval(row.theirs, {"optax": optax}), row.steps, True)})


def test_the_page_names_every_schedule_of_optax() -> None:
    assert page.names(PAGE) == set(SCHEDULERS)
    text = (page.DOCS / PAGE).read_text("utf-8")
    assert [name for name in OTHERS if f"`{name}`" not in text] == []
