"""Trains with DistributedDataParallel in as many processes as torchrun starts, saves, and goes on in any number of processes.

In: a file for the checkpoint; where it is there already, the run goes on from it. Out: update, lr, weight_decay, beta2 and loss.

    torchrun --standalone --nproc_per_node=2 examples/ddp.py run.pt --until 40
    torchrun --standalone --nproc_per_node=1 examples/ddp.py run.pt
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import lrdsl.torch

UPDATES, BATCH = 60, 32
TEXT = """
lr           = warmup(10%, to=1e-2) then cosine(to=10%)
weight_decay = 0.1 for 50% then linear(to=0.01)
beta2        = linear(from=0.9, to=0.99)
"""
Row = tuple[int, float, float, float, float]  # update, lr, weight_decay, beta2, loss


def built(auto: bool = False) -> tuple[torch.nn.Module, torch.optim.Optimizer, lrdsl.torch.Applier]:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    model = DistributedDataParallel(network)
    optimizer = torch.optim.AdamW(model.parameters())
    # Every rank attaches the same text and total: the number of updates, not of batches that this rank has.
    return model, optimizer, lrdsl.torch.attach(optimizer, TEXT, total=UPDATES, auto=auto)


def batch(update: int) -> tuple[torch.Tensor, torch.Tensor]:
    """This rank's part of a batch: all parts together are the same for any number of processes."""
    rows = torch.randn(BATCH, 8, generator=torch.Generator().manual_seed(update))
    mine = rows[dist.get_rank() :: dist.get_world_size()]
    return mine, mine.sin().sum(1, keepdim=True)


def train(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, scheduler: lrdsl.torch.Applier, until: int
) -> list[Row]:
    """Updates from where the schedule stands to `until`."""
    rows = []
    for update in range(scheduler.last_epoch, until):
        x, y = batch(update)
        loss = (model(x) - y).square().mean()
        loss.backward()
        group, mean = optimizer.param_groups[0], loss.detach().clone()
        dist.all_reduce(mean)
        used = group["lr"], group["weight_decay"], group["betas"][1]
        rows.append((update, *used, mean.item() / dist.get_world_size()))
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    return rows


def save(file: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, scheduler: lrdsl.torch.Applier) -> None:
    """All ranks hold the same, so one of them writes."""
    state = {"model": model.module.state_dict(), "optimizer": optimizer.state_dict()}
    if dist.get_rank() == 0:
        torch.save({**state, "scheduler": scheduler.state_dict()}, file)
    dist.barrier()


def load(file: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, scheduler: lrdsl.torch.Applier) -> None:
    """All ranks read, in any order."""
    saved = torch.load(file, weights_only=True)
    model.module.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])


def show(rows: list[Row], scheduler: lrdsl.torch.Applier) -> None:
    """What rank 0 says, once all ranks had the same values, and the text's."""
    schedule, size = scheduler.schedule, dist.get_world_size()
    everywhere: list[list[Row] | None] = [None] * size
    dist.all_gather_object(everywhere, rows)
    assert all(found == rows for found in everywhere)
    names = ("lr", "weight_decay", "beta2")
    assert all(row[1:4] == tuple(schedule[name](row[0]) for name in names) for row in rows)
    if dist.get_rank() == 0:
        print(f"{size} processes, the same values on every rank" if size > 1 else "1 process")
        print(f"{'update':>6} {'lr':>10} {'weight_decay':>12} {'beta2':>6} {'loss':>7}")
        for update, lr, decay, beta, loss in rows[::10]:
            print(f"{update:>6} {lr:>10.4g} {decay:>12.4g} {beta:>6.4g} {loss:>7.4f}")
        print(f"saved at update {scheduler.last_epoch}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--until", type=int, default=UPDATES)
    said = parser.parse_args()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")  # "nccl" on GPUs
    run = built()
    if said.file.exists():
        load(said.file, *run)
    rows = train(*run, said.until)
    save(said.file, *run)
    show(rows, run[2])
    dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
