"""Arrays of any order, shape, type and place in memory: the bits of single values, in memory that does not grow with them."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lrdsl
from lrdsl.emitter import _BLOCK
from lrdsl.emitter.kernel import ChainKernel

pytestmark = pytest.mark.long

SIZE = 3 * _BLOCK + 17
TEXTS = [
    "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6",  # settles at 70k
    "warmup(1000) then exp(max=1e-3, k=1e-4)",
    "warmup(3%, to=1) then cosine(to=0) floor 0.1 cap 0.9",
    "repeat(cosine(1000, from=1))",
    "repeat(warmup(10, to=1) then cosine(990.03, from=1) then hold(7/3))",
    "repeat(linear(20_000.5, from=1), factor=0.5)",
    "repeat(poly(333, from=1, power=2.5), stretch=1.3, factor=0.9)",
    "cosine(to=0.1, from=1) every 7.5",
    "0.5 for 1 then " + " then ".join(f"{('linear', 'cosine')[n % 2]}({n % 9 + 1}, to=0.{n % 7 + 1})" for n in range(200)),
    "(0.5 + (linear(100, from=1, to=0) then cosine(100, from=0.3) then hold)) * 2 cap 1.5",
    "1 + sin(t/100) * cos(t/333)",
]  # fmt: skip
ORDERS: dict[str, Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]] = {
    "in order": lambda t: t,
    "reversed": lambda t: t[::-1],
    "strided": lambda t: np.repeat(t, 3)[::3],
    "shuffled": lambda t: np.random.default_rng(0).permutation(t),
    "mostly of one phase": lambda t: np.where(np.random.default_rng(1).random(t.size) < 0.95, t % 900, t),
    "two axes": lambda t: t[: t.size // 7 * 7].reshape(-1, 7),
    "transposed": lambda t: t[: t.size // 7 * 7].reshape(-1, 7).T,
    "cut out of two axes": lambda t: np.repeat(t[: t.size // 8 * 8].reshape(-1, 8), 2, axis=1)[::-1, 1::2],
}


def schedule_of(text: str) -> lrdsl.Schedule:
    return lrdsl.compile(text, total=100_001 if "%" in text or "every" in text else None)


def some_of(t: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(3)
    return np.unique(np.concatenate([rng.integers(0, t.size, 400), np.arange(300), t.size - 1 - np.arange(50)]))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("text", TEXTS)
def test_an_array_in_any_order_has_the_bits_of_single_values(text: str, order: str) -> None:
    schedule, given = schedule_of(text), ORDERS[order](np.arange(SIZE))
    found = schedule(given)

    assert found.shape == given.shape
    flat_times, flat_values = given.ravel(), found.ravel()
    for index in some_of(flat_times).tolist():
        assert flat_values[index] == schedule(int(flat_times[index]))


KINDS = ["int8", "uint8", "int16", "int32", "uint64", "float16", "float32", "float64", ">f8", ">i4", "longdouble"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TEXTS[:6])
def test_a_number_type_does_not_matter(text: str, kind: str) -> None:
    schedule, given = schedule_of(text), np.arange(100).astype(kind)

    assert schedule(given).tolist() == [schedule(t) for t in range(100)]


@pytest.mark.parametrize("text", TEXTS)
def test_steps_among_other_times_have_the_bits_that_they_have_alone(text: str) -> None:
    schedule = schedule_of(text)
    mixed = np.arange(0, 9000, 0.25)

    assert schedule(mixed)[::4].tolist() == schedule(np.arange(9000)).tolist()
    assert schedule(mixed).tolist() == [schedule(t) for t in mixed.tolist()]


@pytest.mark.parametrize("order", ORDERS)
def test_values_go_where_they_are_wanted(order: str) -> None:
    schedule, given = schedule_of(TEXTS[2]), ORDERS[order](np.arange(SIZE))
    wanted = schedule(given)
    for out in (np.empty(given.shape), np.empty(given.shape, order="F"), np.empty((*given.shape, 2))[..., 1]):
        assert schedule(given, out=out) is out
        assert np.array_equal(out, wanted)
    place = given.astype(np.float64)
    assert np.array_equal(schedule(place, out=place), wanted)


def test_values_may_overwrite_their_own_times() -> None:
    schedule, room = schedule_of(TEXTS[1]), np.arange(SIZE + 1.0)
    wanted = schedule(np.arange(SIZE))
    schedule(room[:-1], out=room[1:])

    assert np.array_equal(room[1:], wanted)


@pytest.mark.parametrize("text", TEXTS)
def test_memory_is_the_result_and_a_fixed_number_of_blocks(text: str) -> None:
    schedule = schedule_of(text)
    peaks = []
    for blocks in (8, 40):
        given = np.arange(blocks * _BLOCK)
        schedule(given)
        tracemalloc.start()
        schedule(given)
        peaks.append(tracemalloc.get_traced_memory()[1] - given.nbytes)
        tracemalloc.stop()

    assert abs(peaks[1] - peaks[0]) < _BLOCK * 8 / 4


@pytest.mark.parametrize("order", ["reversed", "strided", "transposed", "cut out of two axes"])
def test_no_order_of_memory_is_copied_whole(order: str) -> None:
    schedule, given = schedule_of(TEXTS[0]), ORDERS[order](np.arange(56 * _BLOCK))
    schedule(given)
    tracemalloc.start()
    schedule(given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < given.size * 8 + 4 * _BLOCK * 8


def test_bad_times_are_found_in_any_block_and_leave_the_next_call_alone() -> None:
    schedule = schedule_of(TEXTS[0])
    for bad in (-1.0, np.nan, np.inf, 1e301):
        for place in (0, _BLOCK + 3, SIZE - 1):
            given = np.arange(float(SIZE))
            given[place] = bad
            with pytest.raises(lrdsl.ScheduleError):
                schedule(given)
    assert schedule(np.arange(SIZE))[500] == 5e-4


def test_threads_do_not_share_blocks() -> None:
    schedule = schedule_of(TEXTS[5])
    given = [np.arange(SIZE) + 1000 * n for n in range(8)]
    wanted = [schedule(one) for one in given]
    wrong: list[int] = []

    def go(n: int) -> None:
        for _ in range(5):
            if not np.array_equal(schedule(given[n]), wanted[n]):
                wrong.append(n)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_limit_of_the_whole_line_is_one_of_each_phase() -> None:
    schedule = lrdsl.compile("(0.1 for 5 then linear(10, from=1, to=0) then 2^(-t/50)) floor 0.2 cap 0.8")
    kernel = ChainKernel(schedule.timeline.chain, schedule.first.levels())

    assert len(kernel.begins) == 3
    assert [kernel.scalar(t) for t in (0.0, 5.0, 7.0, 15.0, 1e4)] == [0.2, 0.8, 0.8, 0.8, 0.2]


@pytest.mark.parametrize(
    "text",
    [
        "cosine(1e400 steps, from=1, to=0)",
        "1 - p for 1e400",
        "curve c(p, from, to) = from + (to - from)*p^2\nlr = c(1e400 steps, from=1, to=0)",
        "repeat(cosine(100, from=1), stretch=1.5) for 1e400",
        "repeat(cosine(5, from=1), stretch=2, times=1100)",
    ],
)
def test_a_length_that_no_float_holds_is_long_and_nothing_else(text: str) -> None:
    schedule = lrdsl.compile(text)
    assert schedule(0) == 1
    assert schedule(np.array([0.0, 5.0, 1e18])).tolist() == [schedule(0), schedule(5), schedule(1e18)]
    assert all(0 <= schedule(t) <= 1 for t in (5, 1e18, 1e300))
    assert (schedule.length or 0) > 10**300


@pytest.mark.parametrize("text", ["linear(103/56, from=0.075, to=1%)*1", "linear(103/56, from=0.075, to=1%) + 1e-6*t"])
def test_what_is_left_of_a_phase_is_never_more_than_all_of_it(text: str) -> None:
    schedule = lrdsl.compile(f"1 for 103/8 then {text}")
    times = np.sort(np.append(np.linspace(0.0, 15.0, 18), 12.875))
    assert schedule(12.875) == 0.075  # (end - t) / length is an ulp above 1 in floats
    assert schedule(times).tolist() == [schedule(t) for t in times]
