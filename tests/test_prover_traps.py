"""Texts on which a prover of this kind goes wrong: poles, what is no number, overflow, ends set exactly, one period for all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lrdsl
from lrdsl.prover import Claim, decide

pytestmark = pytest.mark.long


def decided(text: str, word: str, value: float | None = None, begin: float = 0, end: float | None = None) -> str:
    schedule = lrdsl.compile(text)
    claim = Claim(word, value, Fraction(begin), None if end is None else Fraction(end))  # type: ignore[arg-type]
    return decide(schedule.timeline, schedule.first.levels(), claim).kind


@pytest.mark.parametrize(
    "text",
    [
        "min(1, max(0.1, (1 - t/100)^1.5))",
        "1 + 0*ln(t/1)",
        "2 + tanh(t/1*ln(t/1))",
        "2 + tanh((t/1 - 5)^0.5)",
        "1 + 0*(1/(t/1 - 5))",
        "max(0.1, min(1, (t/1 - 3)/(t/1 - 3)))",
        "1/(1 + e^((t/1 - 5)^0.5))",
        "2 + min(1, cos(ln(t/1 - 7)))",
    ],
)
def test_what_is_no_number_somewhere_is_never_shown_to_be_finite_nor_to_hold_anything(text: str) -> None:
    """min, max, tanh and a factor 0 let through what is no number, and bounds of them alone would not say so."""
    try:
        facts = lrdsl.compile(text).facts
    except lrdsl.ScheduleError as error:
        assert {problem.code for problem in error.problems} == {"E326"}
        return
    assert facts.finite == "undecided"
    for word, value in (("<=", 5.0), (">=", 0.0), ("falls", None), ("rises", None), ("continuous", None)):
        assert decided(text, word, value) != "holds"


@pytest.mark.parametrize(
    ("text", "word", "value", "window"),
    [
        ("5 + max(-1, min(1, 1/(t/1 - 5.123)))", "<=", 5.3, (0, 10)),
        ("5 + max(-1, min(1, 1/(t/1 - 5.123)))", "falls", None, (0, 10)),
        ("5 + tanh(1/(t/1 - 5.123)) for 10", "falls", None, (0, 10)),
        ("5 + tanh(1/(t/1 - 5.123)) for 10", "<=", 5.5, (0, 10)),
        ("max(-(e^(t/1)), 1 + max(0, 1 - abs(t/1k - 7.1))) for 10k", "<=", 1.5, (0, 10_000)),
        ("max(-(e^(t/1)), 1 + cos(t/777)/2)", "<=", 1.1, (1000, 3000)),
        ("curve foo(t, max) = max*(1 + 9e-13) - t/1*5e-13\n20 + 1e13*(foo(max=1) - 1) for 3", "<=", 20.5, (0, 3)),
        ("shape sh(p) = p*(1 - 9e-13)\n20 + 1e13*(sh(10, from=0, to=1) - 1) floor 0", "continuous", None, (0, 20)),
        ("repeat(linear(10, from=1), factor=-1) + 2", ">=", 2.5, (0, None)),
    ],
)
def test_what_is_not_so_is_not_held(text: str, word: str, value: float | None, window: tuple[int, int | None]) -> None:
    assert decided(text, word, value, *window) != "holds"


def test_a_repeat_that_changes_sign_has_its_lowest_value_in_an_odd_cycle() -> None:
    facts = lrdsl.compile("repeat(linear(10, from=1), factor=-1) + 2").facts

    assert (facts.least.value, facts.least.time) == (1.0, 10)
    assert facts.peak.value == 3.0


@pytest.mark.parametrize("text", ["(1.5 + cos(t/1))^(t/100) for 10", "1 + 0^(t/1) for 10"])
def test_powers_of_what_moves_to_what_moves_are_looked_at(text: str) -> None:
    schedule = lrdsl.compile(text)
    values = schedule(np.linspace(0, 10, 2001))

    assert schedule.facts.peak.bound >= values.max()
    assert schedule.facts.least.bound <= values.min()


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("repeat(linear(1, from=1), stretch=1.1) for 1000", 511.739),
        ("repeat(linear(1, from=1), stretch=1.1, factor=0.99) for 1000", 350.37),
        ("3 for 100 then repeat(linear(1, from=1), stretch=1.1) for 2000", 1321.99),
    ],
)
def test_the_area_counts_the_cycles_that_there_are(text: str, area: float) -> None:
    found = lrdsl.compile(text).facts.area

    assert found is not None
    assert found.value == pytest.approx(area, rel=1e-5)


def test_what_comes_again_differs_again() -> None:
    first, second = (f"repeat(({level} for 50) then 2 for 50)" for level in (1, 1.5))
    found = lrdsl.compile(first).diff(second)
    kinds = [(one.kind, one.end) for one in found.outputs[0].comparison.stretches]

    assert kinds[-1] == ("repeats", None)
    assert found.words.endswith("and so on, again and again.")
    crossing = lrdsl.compile("1.5").diff("repeat(linear(100, from=2, to=1))")
    assert crossing.outputs[0].comparison.stretches[-1].kind == "repeats"
    throughout = lrdsl.compile("repeat(linear(100, from=2, to=1))").diff("repeat(linear(100, from=3, to=2))")
    assert [(one.kind, one.end) for one in throughout.outputs[0].comparison.stretches] == [("higher", None)]


def test_shapes_are_one_only_if_what_stands_behind_the_comma_is() -> None:
    plain = "shape sa(p) = p, q\nsa(1000, from=1, to=0)"
    odd = "shape sa(p) = p, q - max(0, 0.001 - abs(p - 0.505))*100\nsa(1000, from=1, to=0)"
    found = lrdsl.compile(plain).diff(odd)

    assert found.same is False
    assert float(found.outputs[0].comparison.largest.time) == pytest.approx(505, abs=1)  # type: ignore[union-attr]


def test_a_last_digit_inside_a_function_is_a_difference() -> None:
    assert lrdsl.compile("2 + cos(1.1*t/1)").diff("2 + cos(1.1000000000000003*t/1)").same is not True


def test_equal_for_a_while_is_not_higher_throughout() -> None:
    found = lrdsl.compile("1*max(1 - t/1k, 0)").diff("2*max(1 - t/1k, 0)").outputs[0].comparison

    assert found.stretches[-1].kind == "same"
    assert found.stretches[-1].end is None
