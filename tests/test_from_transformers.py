"""Every scheduler of transformers beside the text that replaces it: the page, and drawn parameters."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from transformers import optimization as peers  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.translator.readers import paths  # noqa: E402
from lrdsl.translator.transformers import COURSES, FUNCTIONS, SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402

PAGE = "coming-from-transformers.md"
DRAWS = 100
LR = 5e-4
TYPES = [str(one.value) for one in transformers.SchedulerType]
KNOWN = {"get_scheduler": peers.get_scheduler, "get_adafactor_schedule": peers.get_adafactor_schedule}
MEASURED = ("reduce_lr_on_plateau", "greedy")


def optimizer_of(lr: float = LR) -> Any:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)


def stepped(optimizer: Any, build: Callable[[Any], Any], steps: int) -> dict[str, list[float]]:
    """The lr that the optimizer holds at steps 0 to `steps`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler, found = build(optimizer), []
        for step in range(steps + 1):
            found.append(optimizer.param_groups[0]["lr"])
            if step == 0:
                optimizer.step()
            if step < steps:
                scheduler.step()
    return {"lr": found}


# --- the page -------------------------------------------------------------------------------------------------------------


def typed(row: Row) -> str:
    """The type that a row names."""
    return "adafactor" if row.name == "get_adafactor_schedule" else page.arguments(row.theirs, {})[0][0]


def live(row: Row, optimizer: Any) -> Any:
    return eval(row.theirs, {**KNOWN, "optimizer": optimizer})


def translated(row: Row) -> Any:
    """What the translator makes of what `get_scheduler` is given: it hands on what a scheduler takes."""
    args, _ = page.arguments(row.theirs, {})
    names = ("num_warmup_steps", "num_training_steps", "more")
    given = dict(zip(names, args[1:], strict=False))
    more = given.pop("more", {})
    taken = inspect.signature(COURSES[args[0]]).parameters
    return SCHEDULERS[args[0]](**{name: value for name, value in given.items() if name in taken}, **more)


@pytest.mark.parametrize("row", [one for one in page.params(PAGE) if typed(one.values[0]) != "adafactor"])
def test_a_row_of_the_page_is_what_transformers_does(row: Row) -> None:
    page.check_said(row, translated)
    if row.text is not None:
        page.agree(row.text, stepped(optimizer_of(), lambda optimizer: live(row, optimizer), row.steps), base=LR)


@pytest.mark.parametrize("row", page.params(PAGE))
def test_the_live_scheduler_of_a_row_gives_its_text(row: Row) -> None:
    scheduler = live(row, optimizer_of())
    if row.refused:
        with pytest.raises(lrdsl.ScheduleError, match="E409"):
            lrdsl.torch.from_scheduler(scheduler)
    else:
        assert lrdsl.torch.from_scheduler(scheduler) == lrdsl.compile(row.text or "")


def test_the_page_and_the_translator_know_every_type() -> None:
    assert {typed(row) for row in page.rows(PAGE)} == {*TYPES, "adafactor"}
    assert set(SCHEDULERS) == set(TYPES)


def test_the_page_and_from_config_know_every_function() -> None:
    public = {
        name for name in vars(peers) if name.startswith("get_") and "_schedule" in name and "scheduler" not in name
    }
    shown = (page.DOCS / PAGE).read_text("utf-8")

    assert {name for name in public if f"`{name}`" not in shown} <= {"get_adafactor_schedule"}
    assert public - {"get_adafactor_schedule"} == set(paths._FUNCTIONS)


def test_every_function_that_is_handed_to_torch_is_known() -> None:
    """A new one would be refused as a function that cannot be read, so it is to be missed here."""
    theirs = {name for name, value in vars(peers).items() if name.endswith("_lambda") and inspect.isfunction(value)}

    assert theirs == {name for name in FUNCTIONS if "." not in name}


def test_the_translator_has_the_parameters_of_transformers() -> None:
    for name, function in peers.TYPE_TO_SCHEDULER_FUNCTION.items():
        if name.value in MEASURED:
            continue
        theirs = [
            one
            for one in inspect.signature(function).parameters.values()
            if one.name not in ("optimizer", "last_epoch")
        ]
        ours = inspect.signature(SCHEDULERS[name.value]).parameters.values()
        found = [(one.name, one.default) for one in ours if one.kind is not one.KEYWORD_ONLY]
        assert sorted(found) == sorted((one.name, one.default) for one in theirs), name


# --- drawn ----------------------------------------------------------------------------------------------------------------


def lengths(rng: np.random.Generator) -> dict[str, Any]:
    total = int(rng.integers(20, 400))
    return {"num_warmup_steps": int(rng.choice([0, 1, 2, rng.integers(0, total)])), "num_training_steps": total}


def waves(rng: np.random.Generator) -> dict[str, Any]:
    found = float(rng.choice([0.5, 0.5, 1.0, 2.0, 0.25, 1.5, round(rng.uniform(0.1, 3), 2)]))
    return {} if found == 0.5 else {"num_cycles": found}


def low(rng: np.random.Generator) -> dict[str, Any]:
    if rng.random() < 0.3:
        return {"min_lr": float(rng.choice([1e-5, 0.0, 3.3e-5]))}
    return {"min_lr_rate": float(rng.choice([0.1, 0.0, 1 / 3, rng.uniform(0, 1)]))}


def polynomial(rng: np.random.Generator) -> dict[str, Any]:
    power = float(rng.choice([1.0, 2.0, 0.5, rng.uniform(0.3, 3)]))
    return lengths(rng) | {"power": power} | ({"lr_end": 1e-5} if rng.random() < 0.5 else {})


def stable(rng: np.random.Generator) -> dict[str, Any]:
    kinds = ["linear", "cosine", "1-sqrt"]
    given = {
        "num_warmup_steps": int(rng.choice([0, 1, rng.integers(0, 100)])),
        "num_decay_steps": int(rng.choice([0, 1, rng.integers(0, 100)])),
        "min_lr_ratio": float(rng.choice([0.0, 0.1, 1 / 3, rng.uniform(0, 1)])),
        "warmup_type": str(rng.choice(kinds)),
        "decay_type": str(rng.choice(kinds)),
    }
    if rng.random() < 0.3:
        return given | {"num_stable_steps": int(rng.choice([0, rng.integers(0, 100)]))} | waves(rng)
    # Now and then the run is too short for its parts.
    return given | {"num_training_steps": int(rng.integers(100, 400))}


def warmup_and_low(rng: np.random.Generator) -> dict[str, Any]:
    given = lengths(rng) | low(rng) | waves(rng)
    if rng.random() < 0.5:
        given["warmup_lr_rate"] = float(rng.choice([0.0, 0.1, 1.0, rng.uniform(0, 1)]))
        given["num_warmup_steps"] = max(2, given["num_warmup_steps"])
    elif "num_cycles" in given:
        given["num_warmup_steps"] = max(1, given["num_warmup_steps"])
    return given


DRAWN: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "linear": lengths,
    "cosine": lambda rng: lengths(rng) | waves(rng),
    "cosine_with_restarts": lambda rng: lengths(rng) | {"num_cycles": int(rng.integers(1, 6))},
    "polynomial": polynomial,
    "constant": lambda rng: {},
    "constant_with_warmup": lambda rng: {"num_warmup_steps": int(rng.choice([0, 1, rng.integers(0, 200)]))},
    "inverse_sqrt": lambda rng: (
        {"num_warmup_steps": int(rng.choice([0, rng.integers(1, 200)]))}
        | ({"timescale": int(rng.integers(1, 300))} if rng.random() < 0.5 else {})
    ),
    "cosine_with_min_lr": lambda rng: lengths(rng) | low(rng) | waves(rng),
    "cosine_warmup_with_min_lr": warmup_and_low,
    "warmup_stable_decay": stable,
}
THEIRS = {name.value: function for name, function in peers.TYPE_TO_SCHEDULER_FUNCTION.items()}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_parameters_are_said_as_transformers_steps_them(name: str) -> None:
    for number, rng in page.draws(DRAWS, seed=len(name)):
        given = DRAWN[name](rng)
        said = SCHEDULERS[name](**given)
        steps = 500 if said.until is None else min(said.until, 500)
        theirs = stepped(optimizer_of(), lambda optimizer, given=given: THEIRS[name](optimizer, **given), steps)
        page.agree(said.text, theirs, base=LR, note=f"{name} {number}: {given}")


@pytest.mark.parametrize("name", DRAWN)
def test_a_number_is_a_share_of_each_group_where_the_lr_of_the_optimizer_is_given(name: str) -> None:
    for number, rng in page.draws(20, seed=1):
        given = DRAWN[name](rng)
        known = {"lr_init": LR} if "lr_init" in inspect.signature(SCHEDULERS[name]).parameters else {}
        said = SCHEDULERS[name](**given, **known)
        optimizer = optimizer_of()
        optimizer.param_groups[0]["lr"] = 0.03
        steps = 500 if said.until is None else min(said.until, 500)
        theirs = stepped(optimizer, lambda optimizer, given=given: THEIRS[name](optimizer, **given), steps)
        page.agree(said.text, theirs, base=0.03, note=f"{name} {number}: {given}")


def test_a_restart_that_transformers_misses_is_told() -> None:
    optimizer = optimizer_of()
    scheduler = THEIRS["cosine_with_restarts"](optimizer, 0, 220, num_cycles=22)

    with pytest.raises(
        lrdsl.ScheduleError, match=r"at step 150 its `lr` is 0\.0, and `repeat\(cosine\(10\), times=22\)`"
    ):
        lrdsl.torch.from_scheduler(scheduler)


def test_a_number_that_groups_with_another_lr_miss_is_a_share() -> None:
    for lr, text in ((LR, "warmup(10) then linear(90, to=5e-5)"), (0.01, "warmup(10) then linear(90, to=10%)")):
        optimizer = optimizer_of()
        optimizer.param_groups[0]["lr"] = lr
        scheduler = THEIRS["polynomial"](optimizer, 10, 100, lr_end=5e-5)
        assert lrdsl.torch.from_scheduler(scheduler).text == text


def test_the_arguments_of_the_trainer_come_to_the_text(tmp_path: Any) -> None:
    arguments = transformers.TrainingArguments(
        str(tmp_path), lr_scheduler_type="cosine_with_min_lr", lr_scheduler_kwargs={"min_lr_rate": 0.1}, warmup_steps=0.05,
        use_cpu=True, report_to=[],
    )  # fmt: skip
    warmup = arguments.get_warmup_steps(1000)
    scheduler = peers.get_scheduler(
        arguments.lr_scheduler_type, optimizer_of(), warmup, 1000, arguments.lr_scheduler_kwargs
    )

    assert lrdsl.torch.from_scheduler(scheduler).text == "warmup(50) then cosine(950, to=10%)"


def test_a_function_of_ones_own_among_those_of_transformers_is_told() -> None:
    optimizer = torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(2)], lr=LR)
    theirs = THEIRS["linear"](optimizer_of(), 10, 100).lr_lambdas[0]
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, [theirs, lambda step: 0.5])

    with pytest.raises(lrdsl.ScheduleError, match="function of yours"):
        lrdsl.torch.from_scheduler(scheduler)


def test_groups_with_functions_of_transformers_have_lines() -> None:
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "name": name} for name in ("body", "head", "rest")]
    optimizer = torch.optim.SGD(groups, lr=LR)
    one, other = (THEIRS[name](optimizer_of(), 10, 100).lr_lambdas[0] for name in ("linear", "cosine"))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, [one, other, one])

    assert lrdsl.torch.from_scheduler(scheduler).text.splitlines() == [
        "lr = warmup(10) then linear(90)",
        'lr["head"] = warmup(10) then cosine(90)',
    ]


def test_a_warmup_of_transformers_may_be_followed_by_a_scheduler_of_torch() -> None:
    optimizer = optimizer_of()
    first = THEIRS["constant_with_warmup"](optimizer, 20)
    second = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
    scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [first, second], [40])

    assert lrdsl.torch.from_scheduler(scheduler).text == "warmup(20) then hold until 40 then cosine(60)"


ODD: list[tuple[str, dict[str, Any], str]] = [
    ("cosine", {"num_warmup_steps": 10, "num_training_steps": 90, "num_cycles": 0}, "warmup(10) then hold"),
    ("cosine", {"num_warmup_steps": 10, "num_training_steps": 90, "num_cycles": -0.5}, "warmup(10) then cosine(80)"),
    ("polynomial", {"num_warmup_steps": 90, "num_training_steps": 50, "lr_end": 1e-5}, "warmup(90, to=base) then 1e-5"),
    ("linear", {"num_warmup_steps": 90, "num_training_steps": 50}, "warmup(90, to=base) then 0"),
]


@pytest.mark.parametrize(("name", "given", "text"), ODD, ids=[text for _, _, text in ODD])
def test_odd_parameters_are_what_transformers_makes_of_them(name: str, given: dict[str, Any], text: str) -> None:
    scheduler = THEIRS[name](optimizer_of(), **given)

    assert SCHEDULERS[name](**given).text == lrdsl.torch.from_scheduler(scheduler).text == text
    page.agree(text, stepped(optimizer_of(), lambda optimizer: THEIRS[name](optimizer, **given), 90), base=LR)


def test_a_refusal_names_the_scheduler_that_was_asked_for() -> None:
    """The cosine and that with a least lr are one function of transformers."""
    scheduler = THEIRS["cosine"](optimizer_of(), 1, 50, num_cycles=float("inf"))

    with pytest.raises(lrdsl.ScheduleError, match="`cosine` cannot be said as a text: its `num_cycles` is inf"):
        lrdsl.torch.from_scheduler(scheduler)


def test_what_only_shows_a_lr_is_refused_for_it() -> None:
    for scheduler in (
        peers.AdafactorSchedule(optimizer_of()),
        peers.LayerWiseDummyScheduler(lr=LR, optimizer_dict={0: optimizer_of()}),
    ):
        with pytest.raises(lrdsl.ScheduleError, match="cannot be said as a text: it shows the lr"):
            lrdsl.torch.from_scheduler(scheduler)


def test_every_type_with_values_is_drawn() -> None:
    assert set(DRAWN) == set(TYPES) - set(MEASURED)


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("cosine_warmup_with_min_lr",
         {"num_warmup_steps": 0, "num_training_steps": 9, "min_lr": 0.0, "num_cycles": 0.0}, "`num_cycles` is 0, so"),
        ("cosine_with_restarts", {"num_warmup_steps": 0, "num_training_steps": 9, "num_cycles": 0}, "`num_cycles` is 0"),
        ("polynomial", {"num_warmup_steps": 9, "num_training_steps": 9}, "divides by the difference"),
        ("polynomial", {"num_warmup_steps": 1, "num_training_steps": 9, "power": 0.0}, "`power` is 0.0"),
        ("inverse_sqrt", {"num_warmup_steps": 1, "timescale": -5}, "`timescale` is -5"),
        ("inverse_sqrt", {"num_warmup_steps": 1, "timescale": 0}, "`timescale` is 0, by which it divides"),
        ("cosine_with_min_lr", {"num_warmup_steps": 1, "num_training_steps": 9}, "exactly one"),
        ("warmup_stable_decay", {"num_warmup_steps": 1, "num_decay_steps": 9}, "neither"),
        ("warmup_stable_decay", {"num_warmup_steps": 1, "num_decay_steps": 9, "num_stable_steps": 1, "decay_type": "x"}, "'x'"),
        ("cosine_warmup_with_min_lr",
         {"num_warmup_steps": 1, "num_training_steps": 9, "min_lr": 0.0, "warmup_lr_rate": 0.1}, "jumps"),
        ("cosine_warmup_with_min_lr",
         {"num_warmup_steps": 0, "num_training_steps": 9, "min_lr": 0.0, "num_cycles": 2.0}, "without a warmup"),
    ],
)  # fmt: skip
def test_what_has_no_text_is_refused_with_a_reason(name: str, given: dict[str, Any], why: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match=why) as caught:
        SCHEDULERS[name](**given)
    assert [problem.code for problem in caught.value.problems] == ["E409"]
