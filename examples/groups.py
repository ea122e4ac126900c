"""Trains a small transformer encoder on scikit-learn's digits, its param groups built from `groups.lrs` by parameter names.

In: `groups.lrs` beside this file. Out: which line of the text each group takes, the lr and weight decay of some parameters at
some steps, and loss and accuracy. At these steps every parameter is held to what the text says of its name.

    python examples/groups.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits

import lrdsl
import lrdsl.torch

HERE = Path(__file__).resolve().parent
BATCH = 64
SHOWN = (0, 12, 24, 120, 239)
NAMES = (
    "embed.weight",
    "encoder.layers.0.linear1.weight",
    "encoder.layers.0.linear1.bias",
    "encoder.layers.2.linear1.weight",
    "head.weight",
)


class Encoder(torch.nn.Module):
    """Reads an image of 8 by 8 as eight rows, one token a row."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Linear(8, 32)
        self.place = torch.nn.Parameter(torch.randn(8, 32) * 0.02)
        layer = torch.nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = torch.nn.Linear(32, 10)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.embed(rows) + self.place).mean(1))


def data() -> tuple[torch.Tensor, torch.Tensor]:
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    rows = torch.tensor(digits.images / 16.0, dtype=torch.float32)[order]
    return rows, torch.tensor(digits.target)[order]


def main() -> int:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rows, targets = data()
    model = Encoder()
    schedule = lrdsl.load(HERE / "groups.lrs")
    groups = lrdsl.torch.param_groups(model, schedule)
    optimizer = torch.optim.AdamW(groups)
    scheduler = lrdsl.torch.attach(optimizer, schedule)
    print(groups.table, "", f"{'step':>5} {'lr':>10} {'decay':>7}  parameter", sep="\n")
    losses = []
    for step in range(240):
        if step in SHOWN:
            show(step, model, optimizer, schedule)
        pick = torch.randint(1437, (BATCH,), generator=torch.Generator().manual_seed(step))
        loss = torch.nn.functional.cross_entropy(model(rows[pick]), targets[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    right = (model(rows[1437:]).argmax(1) == targets[1437:]).float().mean().item()
    first, last = sum(losses[:20]) / 20, sum(losses[-20:]) / 20
    print(
        f"\nloss {first:.3f} -> {last:.3f}; {right:.1%} of {len(targets) - 1437} digits that it has not seen are right"
    )
    return 0


def show(step: int, model: Encoder, optimizer: torch.optim.Optimizer, schedule: lrdsl.Schedule) -> None:
    """What the groups of the parameters hold, which is what the schedule says for the parameters' names."""
    held = {id(parameter): group for group in optimizer.param_groups for parameter in group["params"]}
    for name, parameter in model.named_parameters():
        group, seen = held[id(parameter)], schedule.group(name)
        assert group["lr"] == seen(step)
        assert group["weight_decay"] == seen["weight_decay"](step)
        if name in NAMES:
            print(f"{step:>5} {group['lr']:>10.3g} {group['weight_decay']:>7.3g}  {name}")


if __name__ == "__main__":
    sys.exit(main())
