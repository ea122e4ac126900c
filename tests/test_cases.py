"""The law as data: every case holds, values, lengths, clocks and refusals."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrdsl

CASES = [json.loads(line) for line in (Path(__file__).parent / "data" / "cases.jsonl").read_text("utf-8").splitlines()]
VALUES = [case for case in CASES if "values" in case]
REFUSALS = [case for case in CASES if "error" in case]


def test_there_are_cases() -> None:
    assert len(VALUES) > 280
    assert len(REFUSALS) > 210
    assert len(VALUES) + len(REFUSALS) == len(CASES)


@pytest.mark.parametrize("case", VALUES, ids=lambda case: case["text"][:60])
def test_a_text_has_its_values_its_length_and_its_clock(case: dict[str, Any]) -> None:
    schedule = lrdsl.compile(case["text"], **case.get("bind", {}))
    base = case.get("base")

    assert schedule.clock == case.get("clock", "steps")
    assert schedule.length == (Fraction(case["length"]) if "length" in case else None)
    for time, expected in case["values"]:
        assert schedule(time, base) == pytest.approx(expected, rel=1e-9, abs=1e-15)
    times = np.array([time for time, _ in case["values"]], dtype=np.float64)
    assert schedule(times, base).tolist() == [schedule(time, base) for time, _ in case["values"]]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case["text"][:60])
def test_a_text_is_refused_at_a_place_in_it(case: dict[str, Any]) -> None:
    """When it is compiled or, where a later binding could still cure it, when it is called."""
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile(case["text"], **case.get("bind", {}))(0, case.get("base"))

    problem = caught.value.problems[0]
    assert problem.code.startswith("E")
    assert problem.line is not None
    assert problem.column is not None
