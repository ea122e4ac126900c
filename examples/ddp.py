"""Data parallel training: every rank attaches the same text, and no rank sends anything for it.

In: a text. Out: the lr with which each rank made some updates, beside the value of the schedule.

    torchrun --nproc_per_node=2 examples/ddp.py
"""

from __future__ import annotations

import sys

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import lrdsl.torch

TEXT = "warmup(10%, to=3e-2) then cosine(to=10%)"
EPOCHS, BATCH = 5, 16
SHOWN = (0, 1, 5, 10, 50, 99)


def data() -> TensorDataset:
    rows = torch.randn(640, 8, generator=torch.Generator().manual_seed(0))
    return TensorDataset(rows, rows @ torch.arange(8.0) + 3)


def main() -> int:
    dist.init_process_group("gloo")  # "nccl" on GPUs
    rank, ranks = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    torch.set_num_threads(1)

    sampler = DistributedSampler(data(), seed=0)
    loader = DataLoader(data(), batch_size=BATCH, sampler=sampler)
    model = DistributedDataParallel(torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.9)
    # The sampler gives each rank as many batches; where a loader does not, the totals differ and this line says so.
    scheduler = lrdsl.torch.attach(optimizer, TEXT, total=EPOCHS * len(loader))

    lrs, losses = [], []
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)
        for inputs, targets in loader:
            loss = torch.nn.functional.mse_loss(model(inputs).squeeze(1), targets)
            loss.backward()
            lrs.append(optimizer.param_groups[0]["lr"])
            losses.append(loss.item())
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()

    gathered: list[list[float]] = [[]] * ranks
    dist.all_gather_object(gathered, lrs)
    if rank == 0:
        show(scheduler.schedule, gathered, losses)
    dist.destroy_process_group()
    return 0


def show(schedule: lrdsl.Schedule, gathered: list[list[float]], losses: list[float]) -> None:
    print(schedule.summary)
    print(f"{'update':>6} {'f(t)':>10}", *(f"{f'rank {rank}':>10}" for rank in range(len(gathered))))
    expected = [schedule(update) for update in range(len(losses))]
    for update in (one for one in SHOWN if one < len(losses)):
        print(f"{update:>6} {expected[update]:>10.4g}", *(f"{lrs[update]:>10.4g}" for lrs in gathered))
    right = sum(lrs == expected for lrs in gathered)
    print(f"{right} of {len(gathered)} ranks made all {len(expected)} updates with exactly f(t)")
    print(f"loss {losses[0]:.3g} -> {losses[-1]:.3g}")


if __name__ == "__main__":
    sys.exit(main())
