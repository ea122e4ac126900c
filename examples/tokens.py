"""Trains a small recurrent network with `tokens.lrs`, a text in tokens with a growing batch; stops in the middle and goes on.

In: `tokens.lrs` beside this file. Out: update, tokens, batch and lr, and the loss. The run is made twice, once straight on and
once stopped, saved and taken up with everything built anew: both have the same lr at the same token, and the same losses.

    python examples/tokens.py
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import torch

import lrdsl
import lrdsl.torch

HERE = Path(__file__).resolve().parent
LENGTH, LETTERS = 64, 16
Row = tuple[int, int, float, float]  # tokens seen, sequences, lr, loss


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(LETTERS, 32)
        self.body = torch.nn.GRU(32, 64, batch_first=True)
        self.head = torch.nn.Linear(64, LETTERS)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(self.embed(letters))[0])


def sequences(count: int, seed: int) -> torch.Tensor:
    """Each letter is the sum of the two before it, in a ring of 16, and now and then something else."""
    generator = torch.Generator().manual_seed(seed)
    letters = torch.randint(LETTERS, (count, LENGTH + 1), generator=generator)
    noise = torch.rand(count, LENGTH + 1, generator=generator) < 0.05
    for place in range(2, LENGTH + 1):
        follows = (letters[:, place - 1] + letters[:, place - 2]) % LETTERS
        letters[:, place] = torch.where(noise[:, place], letters[:, place], follows)
    return letters


def built() -> tuple[Network, torch.optim.Optimizer, lrdsl.torch.Applier]:
    torch.manual_seed(0)
    model = Network()
    optimizer = torch.optim.AdamW(model.parameters())
    return model, optimizer, lrdsl.torch.attach(optimizer, lrdsl.load(HERE / "tokens.lrs"))


def train(model: Network, optimizer: torch.optim.Optimizer, scheduler: lrdsl.torch.Applier, last: int) -> list[Row]:
    """Updates until `last` tokens are seen; each says how many it has seen."""
    rows = []
    while scheduler.position < last:
        count, seen = int(scheduler["batch_size"]), int(scheduler.position)
        letters = sequences(count, seen)
        scores = model(letters[:, :-1]).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(scores, letters[:, 1:].flatten())
        rows.append((seen, count, optimizer.param_groups[0]["lr"], loss.item()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step(tokens=count * LENGTH)
    return rows


def stopped_and_taken_up(total: int) -> list[Row]:
    model, optimizer, scheduler = built()
    rows = train(model, optimizer, scheduler, total // 3)
    file = io.BytesIO()
    state: dict[str, Any] = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**state, "scheduler": scheduler.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    model, optimizer, scheduler = built()
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    print(f"saved and taken up at token {scheduler.position:_}, update {scheduler.last_epoch}")
    return rows + train(model, optimizer, scheduler, total)


def main() -> int:
    torch.set_num_threads(1)
    schedule = lrdsl.load(HERE / "tokens.lrs")
    print(schedule.summary)
    total = int(schedule.length or 0)
    straight = train(*built(), total)
    resumed = stopped_and_taken_up(total)
    assert [row[2] for row in straight] == [schedule(row[0]) for row in straight]
    assert resumed == straight
    print(f"{'update':>6} {'tokens':>8} {'batch':>5} {'lr':>10} {'loss':>7}")
    for update in range(0, len(straight), 25):
        seen, count, lr, loss = straight[update]
        print(f"{update:>6} {seen:>8_} {count:>5} {lr:>10.4g} {loss:>7.4f}")
    first, last = (sum(row[3] for row in rows) / 10 for rows in (straight[:10], straight[-10:]))
    print(f"{len(straight)} updates, the same lr and loss in both runs; loss {first:.3f} -> {last:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
