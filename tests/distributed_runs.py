"""Runs of the examples in several processes, in one go: straight on, taken up, driven by the optimizer, and with a sharded one.

In: a folder with what one process saved. Out: what two processes saved there, and `found.json`, what is so of every run. A warning
of lrdsl is an error.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ddp
import fsdp
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.distributed.tensor import DTensor

import lrdsl.torch
from lrdsl.diagnostic import ScheduleWarning

HALF = 25
Run = tuple[torch.nn.Module, torch.optim.Optimizer, lrdsl.torch.Applier]


def weights(model: torch.nn.Module) -> list[float]:
    found = (p.detach().full_tensor() if isinstance(p, DTensor) else p.detach() for p in model.parameters())
    return torch.cat([one.flatten() for one in found]).tolist()


def save_ddp(path: Path, run: Run) -> None:
    ddp.save(path, *run)


def load_ddp(path: Path, run: Run) -> None:
    ddp.load(path, *run)


def save_fsdp(path: Path, run: Run) -> None:
    dcp.save(fsdp.parts(*run), checkpoint_id=path)


def load_fsdp(path: Path, run: Run) -> None:
    dcp.load(fsdp.parts(*run), checkpoint_id=path)


KINDS: dict[str, tuple[Callable[..., Run], Callable[[Path, Run], None], Callable[[Path, Run], None]]] = {
    "ddp": (ddp.built, save_ddp, load_ddp),
    "fsdp": (fsdp.built, save_fsdp, load_fsdp),
}


def saved_at_half(kind: str, path: Path, auto: bool = False) -> list[ddp.Row]:
    build, save, _ = KINDS[kind]
    run = build(auto)
    rows = ddp.train(*run, HALF)
    save(path, run)
    return rows


def taken_up(kind: str, path: Path, auto: bool = False) -> tuple[list[ddp.Row], list[float]]:
    build, _, load = KINDS[kind]
    run = build(auto)
    load(path, run)
    rows = ddp.train(*run, ddp.UPDATES)
    return rows, weights(run[0])


def with_zero(auto: bool) -> tuple[list[ddp.Row], list[float]]:
    """The run of DDP, with the state of the optimizer in shards."""
    model, _, _ = ddp.built()
    optimizer = ZeroRedundancyOptimizer(model.parameters(), torch.optim.AdamW)
    scheduler = lrdsl.torch.attach(optimizer, ddp.TEXT, total=ddp.UPDATES, auto=auto)
    return ddp.train(model, optimizer, scheduler, ddp.UPDATES), weights(model)


def another_total() -> list[str | None]:
    """What each rank is told where the data of rank 1 are short of a batch."""
    told = None
    try:
        lrdsl.torch.attach(torch.optim.AdamW([torch.zeros(1)]), ddp.TEXT, total=ddp.UPDATES - dist.get_rank())
    except lrdsl.ScheduleError as error:
        told = str(error)
    everybody: list[str | None] = [None] * dist.get_world_size()
    dist.all_gather_object(everybody, told)
    return everybody


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("error", ScheduleWarning)
    dist.init_process_group("gloo")
    found: dict[str, Any] = {}
    for kind, (build, _, _) in KINDS.items():
        run = build()
        straight = ddp.train(*run, ddp.UPDATES)
        ddp.show(straight, run[2])
        found[kind] = {"straight": (straight, weights(run[0]))}
        for auto in (False, True):
            path = folder / f"{kind}-2-{auto}"
            rows = saved_at_half(kind, path, auto)
            more, last = taken_up(kind, path, auto)
            found[kind][f"taken up, auto={auto}"] = (rows + more, last)
        found[kind]["saved by one process"] = taken_up(kind, folder / f"{kind}-1")
    found["zero"] = {f"auto={auto}": with_zero(auto) for auto in (False, True)}
    everywhere: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(everywhere, found)
    found["on every rank"] = all(one == found for one in everywhere)
    found["another total"] = another_total()
    if dist.get_rank() == 0:
        (folder / "found.json").write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
