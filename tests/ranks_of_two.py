"""What each of two processes of one group attaches, one process after the other; what came of it goes into a file.

In: rank, and a folder that both share. Out: `<rank>.json` there, by name of the case. A process that waited for the other inside
`attach` would wait for ever, for the other waits until it is through.
"""

from __future__ import annotations

import copy
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

import lrdsl
import lrdsl.torch

TEXT = "warmup(10%) then cosine(to=10%)"
CASES: list[Callable[[int], Any]] = []


def case(function: Callable[[int], Any]) -> Callable[[int], Any]:
    CASES.append(function)
    return function


def optimizer(*sizes: int, kind: type[torch.optim.Optimizer] = torch.optim.SGD) -> torch.optim.Optimizer:
    """With so many parameters in each group."""
    return kind([{"params": [torch.zeros(1) for _ in range(size)]} for size in sizes], lr=0.1)


def tried(mine: torch.optim.Optimizer, text: str, **bindings: Any) -> str:
    """The error, or nothing."""
    try:
        lrdsl.torch.attach(mine, text, **bindings)
    except lrdsl.ScheduleError as error:
        return str(error)
    return ""


@case
def the_same(rank: int) -> str:
    return tried(optimizer(2), TEXT, total=100)


@case
def written_otherwise(rank: int) -> str:
    return tried(optimizer(2), (TEXT, "# with a remark\nwarmup( 10% ) then cosine(to = 10%)")[rank], total=100)


@case
def another_total(rank: int) -> list[Any]:
    mine = optimizer(2)
    told = tried(mine, TEXT, total=100 - 2 * rank)
    return [told, mine.param_groups[0]["lr"], "initial_lr" in mine.param_groups[0]]


@case
def another_param(rank: int) -> str:
    return tried(optimizer(2), "linear(100, from=peak, to=low)", peak=0.1 * (1 + rank), low=0.01)


@case
def another_text(rank: int) -> str:
    return tried(optimizer(2), f"lr = warmup(10%) then cosine(to={10 + rank}%)\nclip = 1", total=100)


@case
def within_each_rank_its_own(rank: int) -> str:
    with lrdsl.torch.each_rank_its_own():
        return tried(optimizer(2), TEXT, total=100 + rank)


@case
def one_more_on_rank_1(rank: int) -> str:
    told = tried(optimizer(3), "linear(7)") if rank == 1 else ""
    return told + tried(optimizer(2), TEXT, total=100)


@case
def copies_on_rank_1(rank: int) -> str:
    scheduler = lrdsl.torch.attach(optimizer(2), TEXT, total=100)
    if rank == 1:
        copy.deepcopy(scheduler)
        pickle.loads(pickle.dumps(scheduler))
    return tried(optimizer(2), TEXT, total=300)


@case
def another_order_of_classes(rank: int) -> str:
    pairs = [(torch.optim.SGD, "linear(7)"), (torch.optim.AdamW, "linear(8)")]
    return "".join(tried(optimizer(2, kind=kind), text) for kind, text in (pairs[::-1] if rank else pairs))


@case
def stages_of_a_pipeline(rank: int) -> str:
    return tried(optimizer(2 + rank, 5), f"linear({7 + rank})")


def main(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(f"{folder}/store", 2)
    found: dict[str, Any] = {}
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    for function in CASES:
        for turn in range(2):
            if turn == rank:
                found[function.__name__] = function(rank)
            dist.barrier()
    dist.destroy_process_group()
    found["on_no_group"] = tried(optimizer(2), TEXT, total=60 + rank)
    Path(folder, f"{rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
