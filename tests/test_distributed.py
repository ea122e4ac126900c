"""Several processes have one schedule: at every step, after a resume, and with another number of processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lrdsl

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402

import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
KINDS = ("ddp", "fsdp")


def run(count: int, script: Path, *arguments: str | Path) -> str:
    """What a script prints in so many processes; one process needs no torchrun, which takes its time."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (HERE.parent, EXAMPLES)))}
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={count}"] if count > 1 else []
    env |= {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"} if count == 1 else {}
    command = [sys.executable, *launch, script, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def alone() -> Iterator[Any]:
    """The runs, in a group of this process alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        patch.syspath_prepend(HERE)
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        try:
            import distributed_runs

            yield distributed_runs
        finally:
            dist.destroy_process_group()


@pytest.fixture(scope="module")
def folder(alone: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process saved, and then what two did and found."""
    path = tmp_path_factory.mktemp("distributed")
    for kind in KINDS:
        alone.saved_at_half(kind, path / f"{kind}-1")
    (path / "printed").write_text(run(2, HERE / "distributed_runs.py", path))
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "found.json").read_text())


def of_the_text(alone: Any, begin: int = 0) -> list[list[float]]:
    """What the text says of each update: lr, weight_decay, beta2."""
    schedule = lrdsl.compile(alone.ddp.TEXT, total=alone.ddp.UPDATES)
    return [
        [update, *(schedule[name](update) for name in ("lr", "weight_decay", "beta2"))]
        for update in range(begin, alone.ddp.UPDATES)
    ]


def written(rows: Any) -> list[list[float]]:
    return [list(row[:4]) for row in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_every_rank_has_at_every_step_what_the_text_says(alone: Any, found: dict[str, Any], kind: str) -> None:
    assert found["on every rank"] is True
    assert written(found[kind]["straight"][0]) == of_the_text(alone)


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_taken_up_is_the_run_straight_on_to_the_last_bit(found: dict[str, Any], kind: str, auto: bool) -> None:
    assert found[kind][f"taken up, auto={auto}"] == found[kind]["straight"]


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_go_on_from_what_one_saved(alone: Any, found: dict[str, Any], kind: str) -> None:
    rows, weights = found[kind]["saved by one process"]

    assert written(rows) == of_the_text(alone, alone.HALF)
    assert weights == pytest.approx(found[kind]["straight"][1], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_one_process_goes_on_from_what_two_saved(
    alone: Any, folder: Path, found: dict[str, Any], kind: str, auto: bool
) -> None:
    rows, weights = alone.taken_up(kind, folder / f"{kind}-2-{auto}", auto)

    assert written(rows) == of_the_text(alone, alone.HALF)
    assert weights == pytest.approx(found[kind]["straight"][1], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("auto", [False, True])
def test_a_sharded_optimizer_trains_as_a_whole_one(found: dict[str, Any], auto: bool) -> None:
    rows, weights = found["zero"][f"auto={auto}"]

    assert written(rows) == written(found["ddp"]["straight"][0])
    assert weights == pytest.approx(found["ddp"]["straight"][1], rel=1e-6)


def test_one_of_two_ranks_with_different_totals_is_told_both(found: dict[str, Any]) -> None:
    told = [one for one in found["another total"] if one is not None]

    assert len(told) == 1
    assert "total=60" in told[0]
    assert "total=59" in told[0]


def rows_of(printed: str) -> list[list[float]]:
    found = [line.split() for line in printed.splitlines()]
    return [[float(word) for word in words] for words in found if len(words) == 5 and words[0].isdigit()]


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_goes_on_in_one_process(
    alone: Any, folder: Path, found: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    saved, copy = folder / f"{kind}-2-False", tmp_path / str(alone.HALF)
    (shutil.copytree if saved.is_dir() else shutil.copy)(saved, copy)
    printed = run(1, EXAMPLES / f"{kind}.py", tmp_path if saved.is_dir() else copy)
    rows = rows_of(printed)

    assert printed.startswith("1 process\n")
    assert printed.endswith("saved at update 60\n")
    assert [row[:4] for row in rows] == [pytest.approx(one, rel=1e-3) for one in of_the_text(alone, alone.HALF)[::10]]
    losses = [row[4] for row in found[kind]["straight"][0][alone.HALF :: 10]]
    assert [row[4] for row in rows] == pytest.approx(losses, abs=2e-4)


def test_the_examples_say_that_all_ranks_had_the_same(folder: Path) -> None:
    said = (folder / "printed").read_text()

    assert said.count("2 processes, the same values on every rank\n") == 2
    assert rows_of(said)[:6] == rows_of(said)[6:]


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_a_distributed_checkpoint_that_steps_the_optimizer_to_fill_it_moves_nothing(kind: str, auto: bool) -> None:
    from torch.distributed.checkpoint.state_dict import get_state_dict

    model = torch.nn.Linear(2, 1)
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.1)
    scheduler = lrdsl.torch.attach(optimizer, "warmup(4) then cosine(to=10%)", total=40, auto=auto)
    used = []
    for update in range(40):
        if update % 7 == 0:
            get_state_dict(model, optimizer)
        assert scheduler.last_epoch == update
        used.append(optimizer.param_groups[0]["lr"])
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()

    assert used == [scheduler.schedule(update, 0.1) for update in range(40)]


def test_a_lr_of_0_that_stays_is_no_filling_and_stops_no_schedule() -> None:
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    scheduler = lrdsl.torch.attach(optimizer, "linear(40, from=1, to=0)", auto=True)
    with pytest.warns(ScheduleWarning, match="0"):
        for _ in range(20):
            optimizer.param_groups[0]["lr"] = 0.0
            optimizer.step()

    assert scheduler.last_epoch == 20
