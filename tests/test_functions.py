"""Rows of functions: values against fifty digits, and the distance that a blend walks."""

from __future__ import annotations

import math
import random

import mpmath
import pytest

from lrdsl.functions import FUNCTIONS, blend, distance, halfwave

mpmath.mp.dps = 50


def test_the_distance_never_falls_short_of_the_farther_level() -> None:
    rng = random.Random(0)
    short = 0
    for _ in range(20_000):
        near, far = rng.uniform(0, 1e-3), rng.uniform(1e-3, 1)
        for a, b in ((near, far), (-near, -far), (-near, far)):
            short += abs(a + (b - a)) < abs(b)
            assert abs(a + distance(a, b)) >= abs(b)
            assert blend(a, b, 1.0, 0.0) == b
            assert blend(b, a, 0.0, 1.0) == b
    assert short > 0  # the plain difference does fall short


def test_halfwave_is_right_next_to_zero_and_exact_at_its_marks() -> None:
    for x in [1e-15, 1e-9, 1e-3, 0.1, 0.25, 0.4999999, 0.5, 0.75, 0.999, 1.0, 1.5, 7.25]:
        true = mpmath.sin(mpmath.pi * mpmath.mpf(x) / 2) ** 2
        assert abs(mpmath.mpf(halfwave(x)) - true) <= 1e-15 * true

    assert [halfwave(x) for x in (0.0, 0.5, 1.0, 2.0, -1.0)] == [0.0, 0.5, 1.0, 0.0, 1.0]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_bounds_hold_the_values_of_every_point(name: str) -> None:
    row = FUNCTIONS[name]
    rng = random.Random(name)
    for _ in range(300):
        count = row.arity[0] if row.arity[0] > 1 or row.arity[1] == 1 else 2
        boxes = [tuple(sorted((rng.uniform(-3, 3), rng.uniform(-3, 3)))) for _ in range(count)]
        if name == "blend":
            boxes[2:] = [(0.0, 1.0), (0.0, 1.0)]
        low, high = row.bounds(*boxes)
        for _ in range(20):
            point = [rng.uniform(*box) for box in boxes]
            if name == "blend":
                point[3] = 1 - point[2]
            found = row.value(*point)
            assert math.isnan(found) or low <= found <= high
