"""Bounds and slopes of every function hold, against 50 digits; and the tests here fail where a row of the table is wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import pytest

from lrdsl import functions, intervals
from lrdsl.functions import FUNCTIONS, Function
from lrdsl.intervals import Interval

pytestmark = pytest.mark.long

mpmath.mp.dps = 50
mpf = mpmath.mpf


def blend(start: Any, stop: Any, weight: Any, rest: Any) -> Any:
    near, far, share = (stop, start, rest) if abs(stop) <= abs(start) else (start, stop, weight)
    return min(max(near + (far - near) * share, min(start, stop)), max(start, stop))


EXACT: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "neg": lambda a: -a,
    "min": min,
    "max": max,
    "abs": abs,
    "cos": mpmath.cos,
    "sin": mpmath.sin,
    "tanh": mpmath.tanh,
    "ln": mpmath.log,
    "halfwave": lambda x: (1 - mpmath.cospi(x)) / 2,
    "blend": blend,
    "exp": mpmath.exp,
    "exp2": lambda x: mpf(2) ** x,
    "sqrt": mpmath.sqrt,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
}
# Where a function is defined for all operands in a box; elsewhere anything at all is a right bound.
POSITIVE = {"^": (0,), "/": (1,), "ln": (0,), "sqrt": (0,), "reciprocal": (0,)}
CALLS = 60


def boxes(row: Function, draw: random.Random) -> list[Interval]:
    """A box of operands, of a size between hardly any and large, often with round ends."""
    count = row.arity[0] if row.arity[1] == row.arity[0] else draw.randint(2, 3)
    found = []
    for index in range(count):
        size = 10 ** draw.uniform(-6, 1)
        low = draw.choice([draw.uniform(-3, 3), float(draw.randint(-3, 3)), 0.0])
        if row.name == "blend" and index == 1:
            low += 0.123  # levels of one size and two signs: which of them is the nearer one changes there
        if row.name == "blend" and index >= 2:
            low, size = draw.choice([draw.uniform(0, 0.9), 0.0, -0.1]), min(size, 0.1)
        if index in POSITIVE.get(row.name, ()):
            low = abs(low) + draw.choice([0.0, 0.01]) if row.name != "^" else abs(low)
            low = low or 0.25
        # A blend is held at its levels: beside a box without size is another piece of it.
        thin = draw.random() < 0.1 and row.name != "blend"
        found.append((low, low if thin else low + size))
    return found


def inside(box: list[Interval], draw: random.Random) -> list[Any]:
    return [mpf(draw.choice([low, high, draw.uniform(low, high)])) for low, high in box]


def derivative(row: Function, box: list[Interval], point: list[Any], index: int) -> Any:
    """The derivative from the side that is in the box: at a kink at its end the other side is not asked for."""
    step = mpf(10) ** -20 * (-1 if point[index] == box[index][1] else 1)
    ahead = [one + step if k == index else one for k, one in enumerate(point)]
    more = [one + 2 * step if k == index else one for k, one in enumerate(point)]
    here, one, two = (EXACT[row.name](*at) for at in (point, ahead, more))
    return (4 * one - 3 * here - two) / (2 * step)


def wrong(row: Function, seed: int = 0, calls: int = CALLS) -> list[str]:
    """What is wrong with the bounds and the slopes of a row."""
    draw = random.Random(f"{row.name} {seed}")
    found = []
    for _ in range(calls):
        box = boxes(row, draw)
        low, high = row.bounds(*box)
        slopes = row.slopes(*box)
        assert len(slopes) == len(box)
        for _ in range(4):
            point = inside(box, draw)
            if not mpf(low) <= EXACT[row.name](*point) <= mpf(high):
                found.append(f"{row.name}{box} is not within {low, high} at {point}")
            for index, (least, most) in enumerate(slopes):
                turned = derivative(row, box, point, index)
                # The quotient of differences is right to 1e-17 or so.
                if not mpf(least) - 1e-15 * abs(turned) - 1e-15 <= turned <= mpf(most) + 1e-15 * abs(turned) + 1e-15:
                    found.append(f"slope {index} of {row.name}{box} is not within {least, most} at {point}")
    return found


def loose(row: Function, seed: int = 0) -> list[str]:
    """Where bounds of a thin box are wide: what is true of everything proves nothing."""
    draw = random.Random(f"thin {row.name} {seed}")
    found = []
    for _ in range(CALLS):
        box = [(low + 0.37, low + 0.37) for low, _ in boxes(row, draw)]
        if row.name in ("min", "max") and len({low for low, _ in box}) < len(box):
            continue
        for low, high in (row.bounds(*box), *row.slopes(*box)):
            if row.name != "blend" and not high - low <= 1e-12 * max(abs(low), abs(high), 1.0):
                found.append(f"{row.name}{box}: {low, high}")
    return found


def test_every_function_has_its_oracle() -> None:
    assert set(EXACT) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bounds_and_slopes_hold_everywhere_in_a_box_and_are_thin_where_it_is(name: str) -> None:
    assert wrong(FUNCTIONS[name]) == []
    assert loose(FUNCTIONS[name]) == []


MISTAKES: dict[str, Callable[[Interval], Interval]] = {
    "the other sign": lambda one: (-one[1], -one[0]) if one != (0.0, 0.0) else (1.0, 1.0),
    "a hundredth more": lambda one: (one[0] * 1.01 + 1e-9, one[1] * 1.01 + 1e-9),
    "a hundredth less": lambda one: (one[0] * 0.99 - 1e-9, one[1] * 0.99 - 1e-9),
    "none": lambda one: (0.0, 0.0) if one != (0.0, 0.0) else (1.0, 1.0),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_row_of_the_derivative_table_is_seen(name: str, mistake: str) -> None:
    row = FUNCTIONS[name]
    count = row.arity[1] or 2
    for index in range(count):

        def slopes(*box: Interval, index: int = index) -> tuple[Interval, ...]:
            found = list(row.slopes(*box))
            found[index] = MISTAKES[mistake](found[index])
            return tuple(found)

        mutated = replace(row, slopes=slopes)
        assert wrong(mutated) or loose(mutated), f"slope {index} of {name} may be wrong unseen"


def thin_sums_hold() -> bool:
    """Whether bounds hold what exact arithmetic gives, down to the last digit."""
    draw = random.Random(7)
    for _ in range(200):
        a, b = draw.uniform(0.1, 10), draw.uniform(0.1, 10)
        for name in ("+", "-", "*", "/"):
            low, high = FUNCTIONS[name].bounds((a, a), (b, b))
            if not mpf(low) <= EXACT[name](mpf(a), mpf(b)) <= mpf(high):
                return False
    return True


def test_without_its_outward_rounding_the_table_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert thin_sums_hold()
    for name in ("cos", "exp", "tanh", "ln", "halfwave", "^"):
        assert wrong(FUNCTIONS[name], 1, 400) == []

    monkeypatch.setattr(intervals, "down", lambda x: x)
    monkeypatch.setattr(intervals, "up", lambda x: x)
    monkeypatch.setattr(intervals, "wide", lambda low, high: (low, high))
    monkeypatch.setattr(functions, "wide", lambda low, high: (low, high))

    assert not thin_sums_hold()
    for name in ("cos", "exp", "tanh", "ln", "halfwave", "^"):
        assert wrong(FUNCTIONS[name], 1, 400), name
