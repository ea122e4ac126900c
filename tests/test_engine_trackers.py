"""Trackers are told the lr of every group at each update, and the text, and both are read back from what they wrote.

What is right, in each of them, before `optimizer.step()` or after it with the lr of the update that was made:

    names = [group.get("name", str(number)) for number, group in enumerate(optimizer.param_groups)]
    lrs = {f"lr/{name}": lr for name, lr in zip(names, scheduler.get_last_lr(), strict=True)}
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engines import recorded, rows  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402

TEXT = 'lr = warmup(3) then cosine(to=10%)\nlr["*bias"] = 2 * lr\n'
TOTAL = 12
LR = 0.1
NAMES = ("lr/weight", "lr/bias")
SCHEDULE = lrdsl.compile(TEXT, total=TOTAL)
CURVE = [SCHEDULE(step, LR) for step in range(TOTAL)]
MLFLOW_LIMIT = 6_000  # characters of a param
BLOCK, FULL, LAST = 32_768, 1, 4  # of the file that W&B writes


def run(log: Callable[[Mapping[str, float], int], None], text: str = TEXT) -> Any:
    """A run that logs before each update the lr of each group, by the name of the group. Gives the scheduler."""
    model = torch.nn.Linear(4, 1)
    groups = [{"params": [model.weight], "name": "weight"}, {"params": [model.bias], "name": "bias"}]
    optimizer = torch.optim.SGD(groups, lr=LR)
    scheduler = lrdsl.torch.attach(optimizer, text, total=TOTAL)
    with recorded() as made:
        for step, batch in enumerate(rows(2 * TOTAL).split(2)):
            model(batch).square().mean().backward()
            names = [f"lr/{group['name']}" for group in optimizer.param_groups]
            log(dict(zip(names, scheduler.get_last_lr(), strict=True)), step)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
    assert made.lrs == CURVE
    return scheduler


def expected(text: str = TEXT) -> dict[str, list[float]]:
    """The value of the schedule for each group at each update."""
    schedule = lrdsl.compile(text, total=TOTAL)
    return {f"lr/{name}": [schedule.group(name)(step, LR) for step in range(TOTAL)] for name in ("weight", "bias")}


def long_text() -> str:
    """A text that is longer than a param of MLflow may be, and means what TEXT means."""
    return (
        "".join(f"# note {number}: what was tried before, and why it is no longer here\n" for number in range(120))
        + TEXT
    )


# --- TensorBoard -------------------------------------------------------------------------------------------------------


def test_tensorboard_has_the_lr_of_each_group_at_each_update_and_the_text(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:

        def log(lrs: Mapping[str, float], step: int) -> None:
            for name, lr in lrs.items():
                writer.add_scalar(name, lr, step)

        scheduler = run(log)
        writer.add_text("schedule", f"```\n{scheduler.schedule}```")
    read = EventAccumulator(str(tmp_path)).Reload()

    assert read.Tags()["scalars"] == list(NAMES)
    for name, lrs in expected().items():
        events = read.Scalars(name)
        assert [event.step for event in events] == list(range(TOTAL))
        assert [event.value for event in events] == torch.tensor(lrs, dtype=torch.float32).tolist()  # it keeps float32
    (text,) = read.Tensors("schedule/text_summary")
    fenced = text.tensor_proto.string_val[0].decode()
    assert lrdsl.compile(fenced.removeprefix("```\n").removesuffix("```"), total=TOTAL) == SCHEDULE


def test_tensorboard_shows_the_lines_of_a_text_only_where_it_is_fenced(tmp_path: Path) -> None:
    plugin = pytest.importorskip("tensorboard.plugin_util")

    assert "<em>" in plugin.markdown_to_safe_html("lr = 2 *base* then cosine")
    fenced = plugin.markdown_to_safe_html(f"```\n{TEXT}```")
    assert "<pre><code>lr = warmup(3) then cosine(to=10%)\nlr[" in fenced


# --- W&B ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """W&B without a network, an account or the settings of whoever runs this: everything is in one folder."""
    wandb = pytest.importorskip("wandb")
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    for name, value in (("SILENT", "true"), ("DISABLE_GIT", "true"), ("DISABLE_CODE", "true"), ("CONSOLE", "off")):
        monkeypatch.setenv(f"WANDB_{name}", value)
    monkeypatch.setenv("WANDB__DISABLE_STATS", "true")
    monkeypatch.chdir(tmp_path)
    wandb.teardown()  # what another test may have started has other folders
    yield tmp_path
    wandb.teardown()


def chunks(data: bytes) -> Iterator[bytes]:
    """The records of a log in the layout of LevelDB: 7 bytes of W&B in front, blocks of 32 KiB, a record whole or in parts."""
    whole, place = b"", 7
    while place + 7 <= len(data):
        left = BLOCK - place % BLOCK
        if left < 7:  # no room for a header: the rest of the block is empty
            place += left
            continue
        _, length, part = struct.unpack_from("<IHB", data, place)
        whole += data[place + 7 : place + 7 + length]
        place += 7 + length
        if part in (FULL, LAST):
            yield whole
            whole = b""


def records(folder: Path) -> Iterator[Any]:
    """What a run without a network wrote, one record after another."""
    from wandb.proto import wandb_internal_pb2

    (file,) = folder.rglob("run-*.wandb")
    data = file.read_bytes()
    assert data.startswith(b":W&B")
    for chunk in chunks(data):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(chunk)
        yield record


def test_wandb_has_the_lr_of_each_group_at_each_update_and_the_text(offline: Path) -> None:
    import wandb

    config = {"lr": LR, "schedule": TEXT, "total": TOTAL}
    with wandb.init(project="lrdsl", config=config, dir=str(offline)) as tracked:
        scheduler = run(lambda lrs, step: tracked.log(dict(lrs), step=step))
        tracked.config.update({"schedule_hash": hashlib.sha256(str(scheduler.schedule).encode()).hexdigest()})
    wandb.teardown()  # the file is whole when what writes it has ended, and not yet when the run is finished

    logged: dict[str, list[float]] = {}
    kept: dict[str, Any] = {}
    for record in records(offline):
        if record.WhichOneof("record_type") == "history":
            for item in record.history.item:
                logged.setdefault("/".join(item.nested_key) or item.key, []).append(json.loads(item.value_json))
        changed = record.run.config.update if record.WhichOneof("record_type") == "run" else record.config.update
        kept.update({item.key or item.nested_key[0]: json.loads(item.value_json) for item in changed})
    assert {name: logged[name] for name in NAMES} == expected()
    assert logged["_step"] == list(range(TOTAL))
    assert lrdsl.compile(kept["schedule"], total=kept["total"]) == scheduler.schedule
    assert kept["schedule_hash"] == hashlib.sha256(str(SCHEDULE).encode()).hexdigest()


# --- MLflow ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """MLflow over a database of its own, which takes it seconds to make."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
            patch.delenv(name)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        mlflow = pytest.importorskip("mlflow")
        pytest.importorskip("sqlalchemy")
        folder, before = tmp_path_factory.mktemp("mlflow"), mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        number = mlflow.create_experiment("lrs", artifact_location=(folder / "artifacts").as_uri())
        mlflow.set_experiment(experiment_id=number)
        yield mlflow
        mlflow.set_tracking_uri(before)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlflow_has_the_lr_of_each_group_at_each_update_and_the_text(client: Any) -> None:
    text = long_text()
    with client.start_run() as tracked:
        scheduler = run(lambda lrs, step: client.log_metrics(dict(lrs), step=step), text)
        canonical = str(scheduler.schedule)
        client.log_text(canonical, "schedule.lrs")
        client.set_tag("schedule_hash", hashlib.sha256(canonical.encode()).hexdigest())
        client.log_params({"schedule": scheduler.schedule.summary, **scheduler.schedule.bindings})
    reader = client.MlflowClient()

    for name, lrs in expected().items():
        history = sorted(reader.get_metric_history(tracked.info.run_id, name), key=lambda metric: metric.step)
        assert [metric.step for metric in history] == list(range(TOTAL))
        assert [metric.value for metric in history] == lrs
    read = reader.get_run(tracked.info.run_id)
    artifact = client.artifacts.load_text(f"runs:/{tracked.info.run_id}/schedule.lrs")
    assert len(canonical) > MLFLOW_LIMIT
    assert lrdsl.compile(artifact, total=read.data.params["total"]) == scheduler.schedule
    assert read.data.tags["schedule_hash"] == hashlib.sha256(artifact.encode()).hexdigest()
    assert read.data.params == {"schedule": scheduler.schedule.summary, "total": str(TOTAL)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlflow_cuts_a_param_at_6000_characters_and_what_is_left_may_be_another_schedule(client: Any) -> None:
    first, second = TEXT.splitlines(keepends=True)
    text = first + long_text().removesuffix(TEXT) + second
    with client.start_run() as tracked:
        client.log_param("schedule", text)
        client.log_param("short", text[:MLFLOW_LIMIT])
    read = client.MlflowClient().get_run(tracked.info.run_id).data.params

    assert len(text) > MLFLOW_LIMIT
    assert lrdsl.compile(text, total=TOTAL).group("bias")(3, LR) == 2 * LR
    assert read == {"schedule": text[:MLFLOW_LIMIT], "short": text[:MLFLOW_LIMIT]}
    assert (
        lrdsl.compile(read["schedule"], total=TOTAL).group("bias")(3, LR) == LR
    )  # the last line is gone, and nothing fails


def test_mlflow_refuses_a_metric_with_a_star_and_takes_it_with_another_sign_in_its_place(client: Any) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    schedule = lrdsl.compile('lr = 0.1\nlr["*.bias"] = 0.2')
    optimizer = torch.optim.SGD(lrdsl.torch.param_groups(model, schedule), lr=LR)
    lrdsl.torch.attach(optimizer, schedule)
    lrs = {f"lr/{group['name']}": group["lr"] for group in optimizer.param_groups}
    with client.start_run() as tracked:
        with pytest.raises(client.MlflowException, match="Invalid value"):
            client.log_metrics(lrs)
        client.log_metrics({name.replace("*", "all"): lr for name, lr in lrs.items()})
    read = client.MlflowClient().get_run(tracked.info.run_id).data.metrics

    assert lrs == {"lr/*.weight": 0.1, "lr/*.bias": 0.2}
    assert read == {"lr/all.weight": 0.1, "lr/all.bias": 0.2}
