"""Trains with FSDP2 in as many processes as torchrun starts, saves with torch.distributed.checkpoint, and goes on in any number.

In: a folder for checkpoints, each named by its update; the run goes on from the last. Out: what `ddp.py` prints, of the same run.

    torchrun --standalone --nproc_per_node=2 examples/fsdp.py checkpoints --until 40
    torchrun --standalone --nproc_per_node=1 examples/fsdp.py checkpoints
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from ddp import TEXT, UPDATES, show, train
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.checkpoint.stateful import Stateful
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import lrdsl.torch


def built(auto: bool = False) -> tuple[torch.nn.Module, torch.optim.Optimizer, lrdsl.torch.Applier]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))  # "cuda" on GPUs
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.AdamW(model.parameters())  # of the parameters as they are now, in shards
    return model, optimizer, lrdsl.torch.attach(optimizer, TEXT, total=UPDATES, auto=auto)


class Weights(Stateful):
    """Model and optimizer, by the names of parameters, whatever they are cut into."""

    def __init__(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.model, self.optimizer = model, optimizer

    def state_dict(self) -> dict[str, Any]:
        model, optimizer = get_state_dict(self.model, self.optimizer)
        return {"model": model, "optimizer": optimizer}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        states = {"model_state_dict": state_dict["model"], "optim_state_dict": state_dict["optimizer"]}
        set_state_dict(self.model, self.optimizer, **states)


def parts(model: torch.nn.Module, optimizer: torch.optim.Optimizer, scheduler: lrdsl.torch.Applier) -> dict[str, Any]:
    """What is saved and loaded. The scheduler is a Stateful itself; it stands behind the optimizer."""
    return {"app": Weights(model, optimizer), "scheduler": scheduler}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--until", type=int, default=UPDATES)
    said = parser.parse_args()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")  # "nccl" on GPUs
    run = built()
    saved = max((int(path.name) for path in said.folder.glob("[0-9]*")), default=None)
    if saved is not None:
        dcp.load(parts(*run), checkpoint_id=said.folder / str(saved))
    rows = train(*run, said.until)
    dcp.save(parts(*run), checkpoint_id=said.folder / str(said.until))
    show(rows, run[2])
    dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
