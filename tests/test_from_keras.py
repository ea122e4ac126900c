"""Every schedule of Keras beside the text that replaces it, at drawn parameters and as the page says."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("torch")
keras = pytest.importorskip("keras")

import lrdsl  # noqa: E402
from lrdsl.translator.keras import SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402

PAGE = "coming-from-keras.md"
peers = keras.optimizers.schedules
SINGLE = 3e-6  # of the peak: what is left of float32 after a division, a cosine and a root
Draw = Callable[[np.random.Generator], tuple[dict[str, Any], int]]


@pytest.fixture
def double() -> Iterator[None]:
    """Keras computing in float64, so that what differs is no rounding."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def values(name: str, given: dict[str, Any], steps: Sequence[int]) -> list[float]:
    theirs = getattr(peers, name)(**given)
    return [float(theirs(step)) for step in steps]


def rate(rng: np.random.Generator) -> float:
    return float(f"{10 ** rng.uniform(-4, 0):.{rng.integers(1, 4)}g}")


def edge(rng: np.random.Generator, usual: float, *others: float) -> float:
    """Mostly what is usual, and often enough what is at an edge."""
    return float(others[rng.integers(len(others))]) if rng.random() < 0.3 else usual


def staircases(rng: np.random.Generator) -> tuple[dict[str, Any], int]:
    per = int(edge(rng, rng.integers(2, 60), 1))
    given = {"initial_learning_rate": rate(rng), "decay_steps": per, "staircase": bool(rng.random() < 0.5)}
    return {**given, "decay_rate": edge(rng, round(float(rng.uniform(0.1, 0.99)), 3), 1.0, 0.0)}, 4 * per + 5


def pieces(rng: np.random.Generator) -> tuple[dict[str, Any], int]:
    bounds = sorted(int(one) for one in rng.integers(0, 80, rng.integers(1, 6)))
    if rng.random() < 0.2:
        bounds[0] -= 100  # over before the first step
    given: list[float] = [one + 0.5 if rng.random() < 0.2 else one for one in bounds]
    return {"boundaries": given, "values": [rate(rng) for _ in range(len(given) + 1)]}, 90


def polynomials(rng: np.random.Generator) -> tuple[dict[str, Any], int]:
    over = int(edge(rng, rng.integers(2, 60), 1))
    given = {"initial_learning_rate": rate(rng), "decay_steps": over, "end_learning_rate": edge(rng, rate(rng), 0.0)}
    power = edge(rng, round(float(rng.uniform(0.3, 3)), 2), 1.0, 0.5, 2.0, 0.0)
    return {**given, "power": power, "cycle": bool(rng.random() < 0.5)}, 4 * over + 5


def cosines(rng: np.random.Generator) -> tuple[dict[str, Any], int]:
    over, ramp = int(edge(rng, rng.integers(2, 60), 1)), int(edge(rng, rng.integers(1, 20), 0))
    given = {"initial_learning_rate": edge(rng, rate(rng), 0.0), "decay_steps": over, "warmup_steps": ramp}
    given |= {"alpha": edge(rng, round(float(rng.uniform(0, 1)), 3), 0.0, 0.1, 1.0)}
    if rng.random() < 0.6:
        given["warmup_target"] = edge(rng, rate(rng), 0.0)
    return given, over + ramp + 10


def restarts(rng: np.random.Generator) -> tuple[dict[str, Any], int]:
    given = {"initial_learning_rate": rate(rng), "first_decay_steps": int(rng.integers(2, 30))}
    given |= {"t_mul": edge(rng, round(float(rng.uniform(1, 3)), 2), 1.0, 2.0)}
    given |= {"m_mul": edge(rng, round(float(rng.uniform(0.2, 1)), 2), 1.0, 0.0)}
    return {**given, "alpha": edge(rng, round(float(rng.uniform(0, 1)), 3), 0.0, 0.01, 1.0)}, 80


DRAWN: dict[str, Draw] = {
    "ExponentialDecay": staircases,
    "InverseTimeDecay": staircases,
    "PiecewiseConstantDecay": pieces,
    "PolynomialDecay": polynomials,
    "CosineDecay": cosines,
    "CosineDecayRestarts": restarts,
}


def near_restart(given: dict[str, Any], step: int) -> bool:
    """Whether a cycle begins so near to a step that Keras' logarithm may find either side of it."""
    begin, length = 0.0, float(given["first_decay_steps"])
    while begin <= step + 1:
        if begin > 0 and abs(begin - step) < 1e-4 * step:
            return True
        begin, length = begin + length, length * given["t_mul"]
    return False


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("within", [1e-12, SINGLE], ids=["float64", "float32"])
def test_drawn_schedules_are_what_keras_computes(name: str, within: float, request: pytest.FixtureRequest) -> None:
    if within == 1e-12:
        request.getfixturevalue("double")
    compared = left_out = 0
    for number, rng in page.draws(120, 61):
        given, steps = DRAWN[name](rng)
        kept = range(steps + 1)
        if name == "CosineDecayRestarts":
            kept = [step for step in kept if not near_restart(given, step)]
        theirs, text = values(name, given, kept), SCHEDULERS[name](**given).text
        ours = lrdsl.compile(text)(np.array(kept))
        away = np.abs(ours - theirs)
        worst = int(np.argmax(away))
        assert away[worst] <= within * max(theirs), f"draw {number} {given} {text!r} at {kept[worst]}"
        compared, left_out = compared + len(kept), left_out + steps + 1 - len(kept)
    assert compared > 4000
    assert left_out < compared / 20


def test_keras_misses_a_restart_that_it_finds_by_a_logarithm() -> None:
    given = {"initial_learning_rate": 1.0, "first_decay_steps": 5, "t_mul": 1.2}
    text = SCHEDULERS["CosineDecayRestarts"](**given).text

    assert text == "repeat(cosine(5, from=1), stretch=1.2)"
    assert values("CosineDecayRestarts", given, [10, 11, 12])[1] < 1e-6
    assert lrdsl.compile(text)(11) == 1


def test_an_int_makes_every_other_number_whole() -> None:
    given = {"initial_learning_rate": 0, "decay_steps": 100, "warmup_target": 0.1, "warmup_steps": 10}

    assert values("CosineDecay", given, [5, 10, 50]) == [0, 0, 0]
    with pytest.raises(lrdsl.ScheduleError, match=r"computes in the type of .initial_learning_rate.*\n.*write 0.0"):
        SCHEDULERS["CosineDecay"](**given)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.5}, "wants more than 0"),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "decay_rate": -1.0}, "power of a negative"),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "decay_rate": -1.0}, "reaches 0"),
    ("PiecewiseConstantDecay", {"boundaries": [], "values": [0.1]}, "at least one boundary"),
    ("PiecewiseConstantDecay", {"boundaries": [5], "values": [0.1]}, "one value more"),
    ("PiecewiseConstantDecay", {"boundaries": [9, 5], "values": [0.1, 0.2, 0.3]}, "do not rise"),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "power": -1.0}, "infinite"),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 2.5, "cycle": True}, "whole"),
    ("PolynomialDecay", {"initial_learning_rate": "auto", "decay_steps": 2.5}, "`initial_learning_rate` is 'auto'"),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 9, "t_mul": 0.5}, "shrink"),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 9, "m_mul": -0.5}, "negative"),
]


@pytest.mark.parametrize(("name", "given", "why"), REFUSED, ids=[f"{name}-{why}" for name, _, why in REFUSED])
def test_what_cannot_be_said_is_refused_with_its_reason(name: str, given: dict[str, Any], why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why) as caught:
        SCHEDULERS[name](**given)
    assert [problem.code for problem in caught.value.problems] == ["E409"]


def test_the_translator_knows_every_schedule_of_keras_and_its_arguments() -> None:
    theirs = {
        name
        for name, found in vars(peers).items()
        if isinstance(found, type) and issubclass(found, peers.LearningRateSchedule)
    }
    assert theirs - {"LearningRateSchedule"} == set(SCHEDULERS)
    for name, mine in SCHEDULERS.items():
        own = inspect.signature(getattr(peers, name)).parameters
        assert list(own) == list(inspect.signature(mine).parameters)
        for key, one in inspect.signature(mine).parameters.items():
            assert key == "name" or one.default == own[key].default


@pytest.mark.parametrize("row", page.params(PAGE))
def test_a_row_of_the_page_is_what_keras_does(row: Row, double: None) -> None:
    page.check_said(row, lambda row: page.said(row, SCHEDULERS))
    if row.text is not None:
        theirs = eval(row.theirs, dict(vars(peers)))
        page.agree(row.text, {"lr": [float(theirs(step)) for step in range(row.steps + 1)]})


def test_the_page_names_every_schedule_of_keras() -> None:
    assert page.names(PAGE) == set(SCHEDULERS)
