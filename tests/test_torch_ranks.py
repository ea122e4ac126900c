"""Ranks that hold different schedules are told so, and no rank waits for another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lrdsl

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402
from torch.testing._internal.distributed import fake_pg  # noqa: E402

import lrdsl.torch  # noqa: E402
from lrdsl.torch import ranks  # noqa: E402

HERE = Path(__file__).resolve().parent
TEXT = "warmup(10%) then cosine(to=10%)"


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What came of `ranks_of_two.py`, for each of its two ranks."""
    folder = tmp_path_factory.mktemp("ranks")
    env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    both = [
        subprocess.Popen([sys.executable, HERE / "ranks_of_two.py", str(rank), folder], env=env, stderr=subprocess.PIPE)
        for rank in range(2)
    ]
    try:
        told = [one.communicate(timeout=100)[1].decode() for one in both]
    finally:
        for one in both:
            one.kill()
    assert [one.returncode for one in both] == [0, 0], "".join(told)
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def test_ranks_with_one_schedule_attach_it(came: list[dict[str, Any]]) -> None:
    assert [one["the_same"] for one in came] == ["", ""]
    assert [one["written_otherwise"] for one in came] == ["", ""]


def test_the_rank_that_comes_first_never_waits_and_never_errs(came: list[dict[str, Any]]) -> None:
    assert came[0]["another_total"] == ["", 0.0, True]
    assert {one for name, one in came[0].items() if name != "another_total"} == {""}


def test_another_total_is_an_error_that_says_both_and_the_optimizer_is_as_it_was(came: list[dict[str, Any]]) -> None:
    told, lr, marked = came[1]["another_total"]

    assert "rank 0 has total=100 and rank 1 has total=98" in told
    assert "the rank with the least data" in told
    assert (lr, marked) == (0.1, False)


def test_another_value_of_a_param_is_an_error_that_names_it_alone(came: list[dict[str, Any]]) -> None:
    assert "rank 0 has peak=0.1 and rank 1 has peak=0.2" in came[1]["another_param"]
    assert "low" not in came[1]["another_param"]


def test_another_text_is_an_error_that_shows_the_line_that_differs(came: list[dict[str, Any]]) -> None:
    told = came[1]["another_text"]

    assert "rank 0 has `lr   = warmup(10%) then cosine(to=10%)`" in told
    assert "rank 1 has `lr   = warmup(10%) then cosine(to=11%)`" in told
    assert "clip" not in told
    assert "each_rank_its_own()" in told


@pytest.mark.parametrize(
    "name",
    [
        "within_each_rank_its_own",
        "one_more_on_rank_1",
        "copies_on_rank_1",
        "another_order_of_classes",
        "stages_of_a_pipeline",
        "on_no_group",
    ],
)
def test_what_is_meant_to_differ_is_no_error(came: list[dict[str, Any]], name: str) -> None:
    assert came[1][name] == ""


def test_a_group_made_again_over_the_same_store_is_compared_anew() -> None:
    assert fake_pg, "makes the backend known"
    store = dist.HashStore()

    def attached(rank: int, **bindings: int) -> None:
        dist.init_process_group("fake", store=store, rank=rank, world_size=2)
        try:
            lrdsl.torch.attach(torch.optim.SGD([torch.zeros(1)], lr=0.1), TEXT, **bindings)
        finally:
            dist.destroy_process_group()

    attached(0, total=100)
    attached(1, total=200)  # as in a worker of torchrun that trains twice: rank 0 was here with 100
    assert store.num_keys() == 2


def test_each_rank_is_compared_with_the_one_that_came_first() -> None:
    store = dist.PrefixStore("default_pg", dist.HashStore())
    ranks.compare(store, "one", 5, lrdsl.compile(TEXT, total=100))
    ranks.compare(store, "one", 0, lrdsl.compile(TEXT, total=100))
    ranks.compare(store, "two", 0, lrdsl.compile(TEXT, total=7))

    for rank in (1, 2):
        with pytest.raises(lrdsl.ScheduleError, match=f"rank 5 has total=100 and rank {rank} has total=99"):
            ranks.compare(store, "one", rank, lrdsl.compile(TEXT, total=99))


def test_a_value_that_one_rank_alone_has_is_said() -> None:
    store = dist.HashStore()
    text = "param peak = 1\nlinear(100, from=peak, to=0)"
    ranks.compare(store, "one", 0, lrdsl.compile(text))

    with pytest.raises(lrdsl.ScheduleError, match="rank 0 has peak=nothing and rank 1 has peak=2"):
        ranks.compare(store, "one", 1, lrdsl.compile(text, peak=2))


def test_a_table_is_compared_as_its_text() -> None:
    store = dist.HashStore()
    ranks.compare(store, "one", 0, lrdsl.compile({"lr": "linear(100)", "clip": "1"}))
    ranks.compare(store, "one", 1, lrdsl.compile({"lr": "linear(100)", "clip": "1"}))

    with pytest.raises(lrdsl.ScheduleError, match=r"rank 0 has `clip = 1`, rank 2 has `clip = 2`"):
        ranks.compare(store, "one", 2, lrdsl.compile({"lr": "linear(100)", "clip": "2"}))


def test_a_store_that_cannot_compare_is_left_alone() -> None:
    class Placeholder(dist.Store):
        """As a backend without a store has it."""

    ranks.compare(Placeholder(), "one", 0, lrdsl.compile(TEXT, total=100))


def test_each_rank_its_own_ends_where_its_block_ends_even_by_an_error() -> None:
    def broken() -> None:
        with lrdsl.torch.each_rank_its_own():
            assert ranks._OWN.get()
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert not ranks._OWN.get()
