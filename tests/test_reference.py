"""The naive evaluator holds what the law says as data, and what a few files mean that were worked out by hand."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from reference import Refused, evaluate_file, read_file, show
from reference_groups import chosen
from reference_trees import File, Group, Num
from strategies import schedules

DATA = Path(__file__).parent / "data"
CASES = [
    json.loads(line) for path in sorted(DATA.glob("cases*.jsonl")) for line in path.read_text("utf-8").splitlines()
]

LAYERS = """
param peak = 1e-3
let half = 0.5^(3 - i)
lr = peak
lr["head.*"] = 10*lr
lr["*.{i}.*"] = lr * half
lr["*.0.bias"] = 7
weight_decay = 100*lr
momentum["*.bias"] = 0.5
"""
# a text, what is bound, the name of a group, an output, a time, and the value (None: the output is left alone)
FILES: list[tuple[str, dict[str, Any], str | None, str, Fraction | int, float | None]] = [
    (LAYERS, {}, None, "lr", 0, 1e-3),
    (LAYERS, {"peak": 2}, None, "weight_decay", 5, 200.0),
    (LAYERS, {}, "head.w", "lr", 0, 1e-2),
    (LAYERS, {}, "head.w", "weight_decay", 0, 1.0),
    (LAYERS, {}, "layer.2.w", "lr", 0, 5e-4),
    (LAYERS, {}, "layer.0.w", "weight_decay", 0, 0.0125),
    (LAYERS, {}, "layer.0.bias", "lr", 0, 7.0),
    (LAYERS, {}, "layer.0.bias", "momentum", 0, 0.5),
    (LAYERS, {}, "tail", "momentum", 0, None),
    (LAYERS, {}, None, "momentum", 0, None),
    # an output used in another one starts where it is used, with its own levels, base and length
    ("lr = linear(10)\nweight_decay = 0.5 for 10 then lr", {}, None, "weight_decay", 15, 1.5),
    ("lr = linear(10)\nweight_decay = 0.1*base for 10 then lr", {}, None, "weight_decay", 5, 0.2),
    ("lr = linear\nmomentum = 0.5 for 5 then lr until 10", {"total": 10}, None, "momentum", 7, 2.4),
    ("lr = t*1e-3\nbeta1 = warmup(10) then lr for 5", {}, None, "beta1", 12, 0.002),
    ("lr = 4\nweight_decay = lr + cosine(10)*0 + p for 10", {}, None, "weight_decay", 5, None),
    # units: 1 epoch is 500 samples, 1 sample 4 tokens, 1 step 100 samples
    (
        "param epoch = 500 samples\nparam step = 400 tokens\nparam sample = 4 tokens\nlr = linear(2 epochs, to=1)",
        {},
        None,
        "lr",
        5,
        2.0,
    ),
    ("param epoch = 500 samples\nlr = linear(1 epoch, to=1) then linear(500 samples)", {}, None, "lr", 0.5, 2.0),
    ("param epoch = 100\nlr = warmup(epoch) then hold", {}, None, "lr", 50, 1.5),
    ("lr = linear(10%, to=1) then 1", {"total": "20 epochs"}, None, "lr", 1, 2.0),
]


def meant(case: dict[str, Any]) -> Any:
    return evaluate_file(case["text"], case.get("bind"), base={"lr": case.get("base", 1.0)})


@pytest.mark.parametrize("case", [c for c in CASES if "values" in c], ids=lambda case: case["text"][:60])
def test_a_text_has_the_values_the_length_and_the_clock_of_the_law(case: dict[str, Any]) -> None:
    found = meant(case)

    assert found.clock == case.get("clock", "steps")
    assert found.outputs["lr"].length == (Fraction(case["length"]) if "length" in case else None)
    for time, expected in case["values"]:
        assert found.outputs["lr"].value(Fraction(time)) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=lambda case: case["text"][:60])
def test_a_text_that_the_law_refuses_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        meant(case)


@pytest.mark.parametrize(("text", "bindings", "group", "output", "time", "expected"), FILES)
def test_files_that_were_worked_out_by_hand(
    text: str, bindings: dict[str, Any], group: str | None, output: str, time: Fraction | int, expected: float | None
) -> None:
    base = {"lr": 3.0, "weight_decay": 2.0, "beta1": 5.0}
    try:
        found = evaluate_file(text, bindings, group, base)
    except Refused:
        assert expected is None
        return
    if expected is None:
        assert output not in found.outputs
    else:
        assert found.outputs[output].value(Fraction(time)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        (("*", "head.*"), "head.w", (1, {})),
        (("*.{i}.*", "*.3.*"), "a.3.w", (1, {})),
        (("*.{i}.*", "l.{j}.w"), "l.12.w", (1, {"j": 12})),
        (("l{i}.*",), "l07.w", (0, {"i": 7})),
        (("l1{i}",), "l12", None),
        (("*{i}",), "l12", (0, {"i": 12})),
        (("head.*",), "heads", None),
        (("*.bias", "head.*"), "head.bias", Refused),
        (("*.bias", "head.*", "head.bias"), "head.bias", (2, {})),
        (("l.{i}", "l.{j}"), "l.1", Refused),
        (("*.{i}.*",), "a.1.2.b", Refused),
        (("*.{i}.*",), "a.1.1.b", (0, {"i": 1})),
    ],
)
def test_the_narrowest_pattern_wins(patterns: tuple[str, ...], name: str, expected: Any) -> None:
    lines = [Group("lr", pattern, Num("1")) for pattern in patterns]
    if expected is Refused:
        with pytest.raises(Refused):
            chosen(lines, name)
    elif expected is None:
        assert chosen(lines, name) is None
    else:
        assert chosen(lines, name) == (lines[expected[0]], expected[1])


@given(schedules())
def test_what_is_shown_can_be_read_again(drawn: tuple[Any, Fraction | None]) -> None:
    file = drawn[0] if isinstance(drawn[0], File) else File(drawn[0])

    assert show(read_file(show(file))) == show(file)
