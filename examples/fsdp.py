"""Sharded training with FSDP2, checkpoints that any number of ranks takes up.

In: a text. Out: lr, momentum and weight decay of each update, and its loss. A checkpoint is saved after half of the updates; with
`--resume` the run goes on from there, on as many ranks as there are now.

    torchrun --nproc_per_node=2 examples/fsdp.py --out out
    torchrun --nproc_per_node=1 examples/fsdp.py --out out --resume
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.fsdp import fully_shard

import lrdsl.torch

TEXT = """
lr           = warmup(25%, to=2e-2) then cosine(to=10%)
beta1        = linear(20, from=0.95, to=0.85) then hold
weight_decay = 0.1 for 30 then linear(10)
"""
UPDATES, BATCH = 40, 24


class Run:
    """A model on all ranks, and what trains it. Saved and loaded as a whole, as `torch.distributed.checkpoint` wants it."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).double()
        for part in (self.model[0], self.model[2], self.model):
            fully_shard(part)
        # The optimizer comes after sharding, and the schedule after the optimizer.
        self.optimizer = torch.optim.AdamW(self.model.parameters())
        self.scheduler = lrdsl.torch.attach(self.optimizer, TEXT, total=UPDATES)

    def state_dict(self) -> dict[str, Any]:
        model, optimizer = get_state_dict(self.model, self.optimizer)
        return {"model": model, "optimizer": optimizer, "scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        set_state_dict(self.model, self.optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])

    def update(self) -> tuple[float, ...]:
        """One update: each rank takes its share of the batch."""
        inputs, targets = batch(self.scheduler.last_epoch)
        share = slice(dist.get_rank(), None, dist.get_world_size())
        loss = torch.nn.functional.mse_loss(self.model(inputs[share]).squeeze(1), targets[share])
        loss.backward()
        group = self.optimizer.param_groups[0]
        used = group["lr"], group["betas"][0], group["weight_decay"]
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()
        whole = loss.detach()
        dist.all_reduce(whole)
        return (*used, whole.item() / dist.get_world_size())


def batch(update: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.randn(BATCH, 8, generator=torch.Generator().manual_seed(update), dtype=torch.float64)
    return rows, rows.sin().sum(1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    options = parser.parse_args()
    dist.init_process_group("gloo")  # "nccl" on GPUs
    torch.set_num_threads(1)
    run = Run()
    if options.resume:
        dcp.load({"run": run}, checkpoint_id=options.out / "checkpoint")
    rows = []
    while run.scheduler.last_epoch < UPDATES:
        rows.append((run.scheduler.last_epoch, *run.update()))
        if run.scheduler.last_epoch == UPDATES // 2:
            dcp.save({"run": run}, checkpoint_id=options.out / "checkpoint")
    gathered: list[list[tuple[float, ...]]] = [[]] * dist.get_world_size()
    dist.all_gather_object(gathered, rows)
    if dist.get_rank() == 0:
        same = all(rows == one for one in gathered)
        print(f"updates {rows[0][0]} to {rows[-1][0]} on {len(gathered)} ranks, the same on all: {same}")
        print("update lr beta1 weight_decay loss")
        for row in rows:
            print(*row)
    dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
