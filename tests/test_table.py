"""Many bases and outputs at once have the bits that each has alone, and rows go where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from reference import show
from strategies import schedules

import lrdsl
from lrdsl.emitter import Differ, for_bases
from lrdsl.table import Table

TEXTS = [
    "warmup(100) then cosine(500, to=10%)",
    "warmup(10) then repeat(cosine(100, to=base*0.3), factor=0.7)",
    "repeat(warmup(10.5) then linear(70.3, to=0))",
    "repeat(linear(50, from=base, to=0), stretch=1.5, factor=0.9)",
    "base*(1 + sin(t/10))",
    "cosine(500, from=base) every 7.5",
    "base*2^(-t/50) floor base/10",
    "base*0.3^(t/50) cap 0.1*base",
    "base^(1 + p) for 100 then hold",
    "base^(2 - p) for 100 then hold",
    "t^base / 100 for 100 then hold",
    "exp(max=base, k=0.01) floor 1e-5 * base",
    " then ".join(f"{('linear', 'cosine')[n % 2]}({n % 9 + 1}, from=base, to={n % 7 + 1}e-1*base)" for n in range(150)),
    " then ".join(f"{n % 7 + 1}e-1*base for 1" for n in range(300)),
]
BASES = [1.0, 2.0, 0.5, *np.geomspace(1e-5, 0.9, 40).tolist()]
TIMES = np.arange(700.0)


@pytest.mark.parametrize("text", TEXTS)
def test_many_bases_have_the_bits_that_each_has_alone(text: str) -> None:
    output = lrdsl.compile(text)["lr"]
    found = Table([(output, base) for base in BASES])(TIMES)

    for place, base in enumerate(BASES):
        assert found[:, place].tolist() == output(TIMES, base).tolist()


def test_bases_of_another_form_are_computed_alone() -> None:
    output = lrdsl.compile("warmup(10) then cosine(100, to=1e-3) then hold")["lr"]
    with pytest.raises(Differ):
        for_bases(output.timeline, [output.sound(base) for base in BASES]).array(TIMES)

    test_many_bases_have_the_bits_that_each_has_alone("warmup(10) then cosine(100, to=1e-3) then hold")


@given(schedules(), st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=5))
def test_drawn_texts_too(drawn: tuple[object, object], bases: list[float]) -> None:
    text = show(drawn[0])
    try:
        output = lrdsl.compile(text, total=drawn[1] and str(drawn[1]))["lr"]  # type: ignore[call-overload]
        alone = [output(TIMES, base).tolist() for base in bases]
    except lrdsl.ScheduleError:
        assume(False)
    found = Table([(output, base) for base in bases])(TIMES)

    assert np.array_equal(found.T, alone, equal_nan=True)


def test_outputs_of_one_form_stand_side_by_side() -> None:
    text = 'lr = warmup(100, to=1) then cosine(500, to=10%)\nlr["g{i}"] = 0.9^i * lr\nlr["other"] = linear(300, from=1)'
    schedule = lrdsl.compile(text)
    seen = [schedule.group(name)["lr"] for name in ("g0", "g1", "g2", "other", "g3", "none")]
    table = Table([(output, None) for output in seen])
    found = table(TIMES)

    assert table._blocks is not None
    assert sorted(len(places) for places, _ in table._blocks) == [5]
    for place, output in enumerate(seen):
        assert found[:, place].tolist() == output(TIMES).tolist()


def test_a_base_that_is_wrong_is_refused_with_the_others() -> None:
    output = lrdsl.compile("warmup(10) then linear(100, to=base - 0.1)")["lr"]
    with pytest.raises(lrdsl.ScheduleError):
        Table([(output, 1.0), (output, 0.05)])(TIMES)
