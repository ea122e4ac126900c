"""Durations as they are written read back as exactly what they are."""

from __future__ import annotations

import random
from fractions import Fraction

import lrdsl
from lrdsl.translator.words import steps

MAGNITUDES = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def read_back(text: str) -> Fraction:
    plain = text.replace("_", "").removesuffix(" steps")
    letter = plain[-1]
    return Fraction(plain[:-1]) * MAGNITUDES[letter] if letter in MAGNITUDES else Fraction(plain)


def test_a_duration_reads_back_as_it_is() -> None:
    draw = random.Random(0)
    for _ in range(500):
        value = round(int(10 ** draw.uniform(0, 14.9)), -draw.randint(0, 8)) or 1
        assert read_back(steps(value)) == value
        assert lrdsl.compile(f"linear({steps(value)}, from=1)")(value) == 0


def test_a_multiple_of_ten_keeps_its_last_digits() -> None:
    assert steps(41_943_040) == "41_943_040"
    assert steps(1_234_560) == "1234.56k"
    assert (
        lrdsl.compile("warmup(41_943_040, to=1e-3) then hold").summary
        == "lr 0 -> 1e-3 at 41_943_040, then 1e-3 · steps"
    )
