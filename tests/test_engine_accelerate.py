"""Real runs under Accelerate: each update is made with exactly the value of the schedule.

What is right, with any number of processes:

    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    scheduler = lrdsl.torch.attach(optimizer, "warmup(100) then cosine(to=10%)", total=updates)
    accelerator.register_for_checkpointing(scheduler)
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
accelerate = pytest.importorskip("accelerate")

from accelerate.state import AcceleratorState, GradientState  # noqa: E402
from accelerate_runs import TEXT as TWO  # noqa: E402
from accelerate_runs import UPDATES, WAYS  # noqa: E402
from engines import Updates, recorded, rows  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

TEXT = "warmup(3) then cosine(to=10%)"
TOTAL = 12
LR = 0.1
CURVE = [lrdsl.compile(TEXT, total=TOTAL)(step, LR) for step in range(TOTAL)]


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Accelerate keeps what it was told for the whole process."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


class Run:
    """A run of 12 updates, of which some may have been made."""

    def __init__(self, prepared: bool = True, inside: bool = False, accumulate: int = 1, **how: Any) -> None:
        self.accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=accumulate)
        model = torch.nn.Linear(4, 1)
        optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
        loader = torch.utils.data.DataLoader(rows(2 * TOTAL * accumulate), batch_size=2)
        self.model, self.optimizer, self.loader = self.accelerator.prepare(model, optimizer, loader)
        held = self.optimizer if inside else optimizer
        self.scheduler = lrdsl.torch.attach(held, TEXT, total=TOTAL, **how)
        self.stepped = self.accelerator.prepare(self.scheduler) if prepared else self.scheduler
        if not prepared:
            self.accelerator.register_for_checkpointing(self.scheduler)

    def train(self, begin: int = 0, end: int | None = None) -> Updates:
        with recorded() as updates:
            for batch in list(self.loader)[begin:end]:
                with self.accelerator.accumulate(self.model):
                    self.accelerator.backward(self.model(batch).square().mean())
                    self.optimizer.step()
                    self.stepped.step()
                    self.optimizer.zero_grad()
        return updates


@pytest.mark.parametrize("inside", [False, True], ids=["the optimizer", "the prepared optimizer"])
@pytest.mark.parametrize("auto", [False, True], ids=["stepped", "auto"])
@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "not prepared"])
def test_every_update_has_the_value_of_the_schedule(prepared: bool, inside: bool, auto: bool) -> None:
    run = Run(prepared, inside, auto=auto)

    assert run.train().lrs == CURVE
    assert run.scheduler.last_epoch == TOTAL


@pytest.mark.parametrize(("prepared", "auto"), [(True, False), (True, True), (False, True)])
def test_accumulated_batches_are_one_update(prepared: bool, auto: bool) -> None:
    run = Run(prepared, accumulate=2, auto=auto)

    assert run.train().lrs == CURVE
    assert run.scheduler.last_epoch == TOTAL


@pytest.mark.filterwarnings("ignore:.* is past the end of the schedule")
def test_a_scheduler_that_is_not_prepared_counts_batches_that_are_accumulated_and_that_is_said() -> None:
    with pytest.warns(ScheduleWarning, match="2 times in one optimizer update"):
        updates = Run(prepared=False, accumulate=2).train()

    assert updates.lrs == [lrdsl.compile(TEXT, total=TOTAL)(min(2 * step + 1, TOTAL), LR) for step in range(TOTAL)]


@pytest.mark.parametrize("auto", [False, True], ids=["stepped", "auto"])
@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "registered"])
def test_a_run_that_is_taken_up_from_a_saved_state_goes_on_exactly(tmp_path: Path, prepared: bool, auto: bool) -> None:
    run = Run(prepared, auto=auto)
    assert run.train(end=5).lrs == CURVE[:5]
    run.accelerator.save_state(str(tmp_path))
    AcceleratorState._reset_state(reset_partial_state=True)
    again = Run(prepared, auto=auto)
    again.accelerator.load_state(str(tmp_path))

    assert again.scheduler.last_epoch == 5
    assert again.train(begin=5).lrs == CURVE[5:]


@pytest.fixture(scope="module")
def two() -> dict[str, list[dict[str, Any]]]:
    """What each of two processes did, in each way."""
    script = Path(__file__).with_name("accelerate_runs.py")
    env = {**os.environ, "PYTHONPATH": str(script.parent.parent), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def expected(stride: int = 1) -> list[float]:
    return [lrdsl.compile(TWO)(stride * update) for update in range(UPDATES)]


def test_a_prepared_scheduler_runs_twice_as_fast_in_two_processes(two: Any) -> None:
    assert [one["rank"] for one in two["prepared"]] == [0, 1]
    for one in two["prepared"]:
        assert one["lrs"] == expected(stride=2)
        assert one["state"]["last_epoch"] == 2 * UPDATES
        assert re.search(r"2 times in one optimizer update", " ".join(one["said"]))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "prepared"])
def test_two_processes_have_the_values_of_the_schedule(two: Any, way: str) -> None:
    assert [one["rank"] for one in two[way]] == [0, 1]
    for one in two[way]:
        assert one["lrs"] == expected()
        assert one["state"]["last_epoch"] == UPDATES
        assert one["said"] == []


@pytest.mark.parametrize("way", ["not prepared", "auto, prepared"])
def test_a_run_of_two_processes_is_taken_up_by_one(two: Any, way: str) -> None:
    for one in two[way]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = lrdsl.torch.attach(optimizer, TWO)
        scheduler.load_state_dict(one["state"])
        assert scheduler.get_last_lr() == [lrdsl.compile(TWO)(UPDATES)]
