"""TensorBoard, W&B and MLflow are given the lr of each group and the text; both are read back from what they wrote.

What is right for all of them, before `optimizer.step()`, so that the log says what the update is made with:

    lrs = {f"lr/{group.get('name', index)}": group["lr"] for index, group in enumerate(optimizer.param_groups)}
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402

TEXT = """\
# a plan with two rules
param peak = 1e-3
let trunk = warmup(3, to=peak) then cosine(to=10%)

lr           = trunk
lr["*.bias"] = 2*trunk
"""
TOTAL = 8
NAMES = ("*.weight", "*.bias")
Log = Callable[[int, dict[str, float]], None]


def train(log: Log) -> lrdsl.torch.Applier:
    """A run in which the lr of each group is logged before each update."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    schedule = lrdsl.compile(TEXT, total=TOTAL, peak=3e-4)
    optimizer = torch.optim.AdamW(lrdsl.torch.param_groups(model, schedule))
    scheduler = lrdsl.torch.attach(optimizer, schedule)
    for update in range(TOTAL):
        model(torch.ones(1, 2)).sum().backward()
        log(update, {f"lr/{group['name']}": group["lr"] for group in optimizer.param_groups})
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    return scheduler


def expected() -> dict[str, list[float]]:
    schedule = lrdsl.compile(TEXT, total=TOTAL, peak=3e-4)
    return {name: [schedule.group(name)(update) for update in range(TOTAL)] for name in NAMES}


def test_tensorboard_has_the_lr_of_each_group_and_the_text(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:

        def log(update: int, lrs: dict[str, float]) -> None:
            for name, lr in lrs.items():
                writer.add_scalar(name, lr, update)

        scheduler = train(log)
        writer.add_text("schedule", f"```\n{scheduler.schedule}```")
    found = EventAccumulator(str(tmp_path)).Reload()

    for name, lrs in expected().items():
        events = found.Scalars(f"lr/{name}")
        assert [event.step for event in events] == list(range(TOTAL))
        assert [event.value for event in events] == pytest.approx(lrs, rel=1e-6)  # 32 bits each
    (shown,) = found.Tensors("schedule/text_summary")[0].tensor_proto.string_val
    text = shown.decode().removeprefix("```\n").removesuffix("```")
    assert lrdsl.compile(text, **scheduler.schedule.bindings) == scheduler.schedule


# --- W&B --------------------------------------------------------------------------------------------------------------


def records(path: Path) -> Iterator[bytes]:
    """The records of an offline run: a log as LevelDB has it, in blocks of 32 KiB, behind a header of 7 bytes."""
    data, place, begun = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if (1 << 15) - place % (1 << 15) < 7:  # too little is left of a block for the head of a record
            place += (1 << 15) - place % (1 << 15)
            continue
        _, size, kind = struct.unpack_from("<IHB", data, place)
        part = data[place + 7 : place + 7 + size]
        place += 7 + size
        begun = part if kind in (1, 2) else begun + part
        if kind in (1, 4):
            yield begun


def test_wandb_has_the_lr_of_each_group_and_the_text_in_its_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    quiet = wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True, disable_git=True)
    schedule = lrdsl.compile(TEXT, total=TOTAL, peak=3e-4)
    with wandb.init(
        project="schedules",
        mode="offline",
        dir=str(tmp_path),
        config={"schedule": str(schedule), "bindings": schedule.bindings},
        settings=quiet,
    ) as run:
        train(lambda update, lrs: run.log(lrs, step=update))
    wandb.teardown()  # what is written in another process is there when that has ended
    (path,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    config: dict[str, Any] = {}
    history: list[dict[str, Any]] = []
    for data in records(path):
        record = Record.FromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
        elif kind == "history":
            history.append(
                {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            )

    assert lrdsl.compile(config["schedule"], **config["bindings"]) == schedule
    assert [row["_step"] for row in history] == list(range(TOTAL))
    for name, lrs in expected().items():
        assert [row[f"lr/{name}"] for row in history] == lrs


# --- MLflow -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow with a store in a folder, which takes no seconds to set up as a database does."""
    found = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    before = found.get_tracking_uri()
    found.set_tracking_uri(f"file:{tmp_path}/mlruns")
    yield found
    found.set_tracking_uri(before)


def test_mlflow_has_the_lr_of_each_group_and_the_text_as_a_file(mlflow: Any) -> None:
    # A name holds no `*` here, and what tells two groups apart has to stay.
    with mlflow.start_run() as run:
        scheduler = train(
            lambda update, lrs: mlflow.log_metrics(
                {name.replace("*", "all"): lr for name, lr in lrs.items()}, step=update
            )
        )
        mlflow.log_text(str(scheduler.schedule), "schedule.lrs")
        mlflow.log_params(scheduler.schedule.bindings)
    client = mlflow.MlflowClient()

    for name, lrs in expected().items():
        events = client.get_metric_history(run.info.run_id, f"lr/{name}".replace("*", "all"))
        assert [(event.step, event.value) for event in events] == list(enumerate(lrs))
    text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/schedule.lrs")
    assert lrdsl.compile(text, **client.get_run(run.info.run_id).data.params) == scheduler.schedule


def test_mlflow_refuses_a_metric_with_a_star(mlflow: Any) -> None:
    with mlflow.start_run(), pytest.raises(mlflow.MlflowException, match="Invalid"):
        mlflow.log_metric("lr/*.bias", 0.1)


def test_mlflow_cuts_a_long_text_off_where_it_is_a_param(mlflow: Any) -> None:
    text = " then ".join(["0.1 for 10"] * 500)
    with mlflow.start_run() as run:
        mlflow.log_param("schedule", text)
        mlflow.log_text(text, "schedule.lrs")
    found = mlflow.MlflowClient().get_run(run.info.run_id).data.params["schedule"]

    assert len(text) > 6000
    assert len(found) == 6000
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/schedule.lrs") == text
