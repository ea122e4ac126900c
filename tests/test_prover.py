"""Bounds hold everywhere, and what becomes negative or infinite is found."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from reference import show
from strategies import schedules

import lrdsl
from lrdsl.prover import Claim, bounds, decide, extremes, jumps, verdicts


@pytest.mark.parametrize(
    ("text", "code", "step"),
    [
        ("1e-3 * (1 - 8*p*q) for 1k", "E327", "147"),
        ("1 - t/100", "E327", "101"),
        ("cos(t/100) for 1k", "E327", "158"),
        ("-0.1", "E327", "0"),
        ("linear(10, from=1, to=-1)", "E327", "6"),
        ("1e-3*1k/t", "E326", "0"),
        ("exp(max=1, k=-0.1)", "E326", None),
        ("(1 - t/50) for 100 * 1", "E327", "51"),
        ("repeat(cosine(5, from=1), factor=1.1)", "E326", None),
        ("ln(t)", "E326", "0"),
        ("2 + sin(1/t)", "E326", "0"),
        ("1 + sin(t/0)", "E326", None),
        ("warmup(10, to=1) then (q - 0.5) for 10", "E327", "16"),
        ("1 for 1000 then sin(t/1M) for 4M", "E327", None),
    ],
)
def test_what_becomes_negative_or_infinite_is_refused_with_its_time(text: str, code: str, step: str | None) -> None:
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile(text)
    problem = caught.value.problems[0]

    assert problem.code == code
    if step is not None:
        assert problem.message.endswith(f"at step {step}")


@pytest.mark.parametrize(
    "text",
    [
        "1e-3 * (1 + cos(pi*t/1k))/2 for 1k",
        "base*(1 - t/10k) for 10k",
        "max(0, 1 - t/100)",
        "1e-3 * (1 - 4*p*q) for 1k",
        "t*t",
        "max(t, 10k)^-0.5",
        "repeat(cosine(5, from=1), factor=0.9)",
        "1e-3*abs(sin(t/100))",
        "(t - 5)^2*1e-3",
        "halfwave(t/10)",
        "0.5 floor 0.7 cap 0.6",
        "drop(max=1, factor=0.5, per=5)",
        "repeat(linear(10, from=1), stretch=1.5, factor=0.5)",
    ],
)
def test_what_stays_finite_and_positive_passes(text: str) -> None:
    schedule = lrdsl.compile(text)

    assert [v for v in verdicts(schedule.timeline, schedule.first.levels()) if v.kind != "undecided"] == []


@given(schedules())
def test_bounds_hold_at_every_time(drawn: tuple[object, Fraction | None]) -> None:
    try:
        schedule = lrdsl.compile(show(drawn[0]), total=None if drawn[1] is None else str(drawn[1]))
    except lrdsl.ScheduleError:
        return
    known = schedule.first.levels()
    for part in schedule.timeline.chain.parts[:20]:
        end = part.begin + 1000 if part.end is None else part.end
        for a, b in ((part.begin, end), (part.begin, (part.begin + end) / 2), ((part.begin * 3 + end) / 4, end)):
            low, high = bounds(part.body, a, b, known)
            inside = np.linspace(float(a), float(b), 23)[1:-1]
            inside = inside[(inside > float(a)) & (inside < float(b)) & (inside < 1e16)]
            if inside.size:
                values = schedule(inside, 1.0)
                slack = 1e-12 * max(abs(low) if low > -1e300 else 0, abs(high) if high < 1e300 else 0)
                assert values.min() >= low - slack
                assert values.max() <= high + slack


def test_jumps_are_found_where_phases_meet() -> None:
    schedule = lrdsl.compile("warmup(10, to=1) then 0.5 until 20 then cosine(10) then hold(5)")
    found = jumps(schedule.timeline, schedule.first.levels())

    assert [(jump.time, jump.before, jump.after) for jump in found] == [(10, 1.0, 0.5)]
    limited = lrdsl.compile("1 for 5 then 0.1 floor 0.3")
    assert [(j.time, j.before, j.after) for j in jumps(limited.timeline, limited.first.levels())] == [(5, 1.0, 0.3)]
    assert (
        jumps(
            lrdsl.compile("warmup(5, to=1) then cosine(5)").timeline,
            lrdsl.compile("warmup(5, to=1) then cosine(5)").first.levels(),
        )
        == []
    )


# --- claims -------------------------------------------------------------------------------------------------------------


def decided(text: str, word: str, value: float | None = None, begin: int = 0, end: int | None = None) -> str:
    schedule = lrdsl.compile(text)
    claim = Claim(word, value, Fraction(begin), None if end is None else Fraction(end))  # type: ignore[arg-type]
    return decide(schedule.timeline, schedule.first.levels(), claim).kind


@pytest.mark.parametrize("word", ["<=", ">=", "falls", "rises"])
def test_a_spent_budget_is_undecided_and_never_a_pass(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "1 + sin(t/7)*cos(t/11)*e^(-t/500)/2"  # what needs many boxes
    for module in ("extremes", "direction", "claims"):
        monkeypatch.setattr(f"lrdsl.prover.{module}.BUDGET", 2)
    assert decided(text, word, 1.4 if word == "<=" else 0.6, 3, 5000) in ("undecided", "fails")
    assert decided("t*e^(-t/300)", "<=", 300 / np.e) == "undecided"
    monkeypatch.undo()
    assert decided("t*e^(-t/300)", "<=", 300 / np.e) == "holds"


def test_windows_are_exact_at_joins() -> None:
    text = "0.1 until 30 then 0.01 until 60 then 0.02"
    assert decided(text, "continuous", None, 30, 60) == "holds"
    assert decided(text, "continuous", None, 29, 60) == "fails"
    assert decided(text, "continuous", None, 30, 61) == "fails"
    assert decided(text, "<=", 0.01, 30, 60) == "holds"
    assert decided(text, "<=", 0.01, 30, 61) == "fails"
    assert decided(text, "falls", None, 0, 60) == "holds"
    assert decided(text, "falls") == "fails"


@pytest.mark.parametrize(
    ("text", "word", "value", "answer"),
    [
        ("0.1 + e^(-t)", ">=", 0.1, "holds"),
        ("0.1 + e^(-t)", ">=", 0.1000001, "fails"),
        ("1 - e^(-t/1M)", "<=", 1.0, "holds"),
        ("1 - e^(-t/1M)", "rises", None, "holds"),
        ("exp(max=1, k=1e-3)", "falls", None, "holds"),
        ("1e-20*t", "<=", 1.0, "fails"),
        ("1e-20*t", "falls", None, "fails"),
        ("repeat(0.1 for 9_999 then 1 for 1)", "<=", 0.5, "fails"),
        ("repeat(linear(10, from=1, to=0.9), factor=0.9)", "falls", None, "holds"),
        ("repeat(linear(10, from=1, to=0.9), factor=0.9)", "continuous", None, "holds"),
        ("repeat(linear(10, from=1, to=0.9), factor=0.8)", "continuous", None, "fails"),
        ("repeat(cosine(1_000_003, from=1)) * repeat(linear(1_000_033, from=1))", "<=", 1.0, "holds"),
        ("0^t", "continuous", None, "undecided"),
    ],
)
def test_claims_for_ever(text: str, word: str, value: float | None, answer: str) -> None:
    assert decided(text, word, value) == answer


def test_many_phases_are_decided_though_they_are_more_than_the_budget() -> None:
    text = " then ".join(f"linear(10, from={4000 - k}, to={3999 - k})" for k in range(2000))
    for word, value in (("<=", 4000.0), (">=", 2000.0), ("falls", None), ("continuous", None)):
        assert decided(text, word, value) == "holds"


def test_the_prover_holds_no_grid_and_no_numpy() -> None:
    for path in Path(extremes.__file__).parent.glob("*.py"):
        assert "numpy" not in path.read_text("utf-8").split('"""', 2)[2], path.name
