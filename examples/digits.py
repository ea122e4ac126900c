"""Trains a small network on scikit-learn's digits with `flagship.lrs`, stops in the middle, and goes on in a new process.

In: `flagship.lrs` beside this file. Out: the lr of every group beside f(t), the accuracy, and a picture of lr and loss in
`--out`. Nothing of the schedule is repeated here: two lines attach it, one line a step moves it on.

    python examples/digits.py --out out
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits

import lrdsl
import lrdsl.torch

HERE = Path(__file__).resolve().parent
STEPS, BATCH = 4000, 64
SHOWN = (0, 1, 500, 999, 1000, 1001, 1999, 2000, 2001, 3000, 3999)


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))


def data() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    images = torch.tensor(digits.data / 16.0, dtype=torch.float32)[order]
    targets = torch.tensor(digits.target)[order]
    return images[:1437], targets[:1437], images[1437:], targets[1437:]


def train(first: int, last: int, checkpoint: Path | None, losses: list[float]) -> tuple[torch.nn.Module, list[str]]:
    """Updates `first` to `last` - 1; from a checkpoint where there is one, and saves one at the end."""
    torch.set_num_threads(1)  # the network is so small that threads only wait for one another
    images, targets, _, _ = data()
    model = network()
    body, head = model[0].parameters(), model[2].parameters()
    optimizer = torch.optim.AdamW([{"params": body, "name": "body"}, {"params": head, "name": "head", "lr_scale": 0.5}])
    schedule = lrdsl.load(HERE / "flagship.lrs")
    scheduler = lrdsl.torch.attach(optimizer, schedule)
    if checkpoint is not None and checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        losses += saved["losses"]
    rows = []
    for step in range(first, last):
        if step in SHOWN:
            lrs = [group["lr"] for group in optimizer.param_groups]
            rows.append(f"{step:>6} {lrs[0]:>12.6g} {lrs[1]:>12.6g} {schedule(step):>12.6g}")
            assert lrs == [schedule(step), schedule(step) * 0.5]
        pick = torch.randint(len(images), (BATCH,), generator=torch.Generator().manual_seed(step))
        loss = torch.nn.functional.cross_entropy(model(images[pick]), targets[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    if checkpoint is not None:
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
        torch.save({**state, "losses": losses}, checkpoint)
    return model, rows


def picture(losses: list[float], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6))
    above, below = figure.subplots(2, 1, sharex=True)
    lrdsl.load(HERE / "flagship.lrs").plot(above, log=False, until=len(losses))
    below.plot(losses, color="0.8", linewidth=0.6, label="loss of a batch")
    smooth = [sum(losses[max(0, i - 50) : i + 1]) / len(losses[max(0, i - 50) : i + 1]) for i in range(len(losses))]
    below.plot(smooth, color="C3", linewidth=1.2, label="mean of 50")
    below.axvline(len(losses) / 2, color="0.5", linestyle=":", linewidth=0.8)
    below.annotate("resumed in a new process", (len(losses) / 2, 0.9), xytext=(4, 0), textcoords="offset points",
                   xycoords=("data", "axes fraction"), fontsize=8, color="0.4")  # fmt: skip
    below.set_yscale("log")
    below.set_xlabel("steps")
    below.set_ylabel("loss")
    below.legend(frameon=False, fontsize=8, loc="upper right")
    figure.savefig(path, dpi=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / "digits.pt"
    losses: list[float] = []
    if not options.resume:
        checkpoint.unlink(missing_ok=True)
        _, rows = train(0, STEPS // 2, checkpoint, losses)
        print(lrdsl.load(HERE / "flagship.lrs").summary)
        print("  step    lr of body    lr of head         f(t)   (head has lr_scale 0.5)", *rows, sep="\n", flush=True)
        print(f"saved {checkpoint.name} after {STEPS // 2} updates; going on in a new process", flush=True)
        return subprocess.run([sys.executable, __file__, "--out", str(options.out), "--resume"]).returncode
    model, rows = train(STEPS // 2, STEPS, checkpoint, losses)
    print(*rows, sep="\n")
    _, _, images, targets = data()
    right = (model(images).argmax(1) == targets).float().mean().item()
    picture(losses, options.out / "digits.png")
    print(f"{right:.1%} of {len(targets)} digits that it has not seen are right; wrote {options.out / 'digits.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
