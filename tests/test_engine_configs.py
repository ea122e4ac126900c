"""Schedules in configuration files and on command lines: Hydra, OmegaConf, jsonargparse, LightningCLI, and sweeps of Optuna.

What is right in Hydra and in everything else that instantiates classes:

    scheduler:
      _target_: lrdsl.torch.Applier
      _partial_: true
      schedule: warmup(10) then cosine(to=10%)
      total: 100
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
yaml = pytest.importorskip("yaml")

from torch.optim import Optimizer  # noqa: E402
from torch.optim.lr_scheduler import LRScheduler  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

CONFIG = """\
scheduler:
  _target_: lrdsl.torch.Applier
  _partial_: true
  schedule: warmup(10) then cosine(to=10%)
  total: 100
"""


def optimizer() -> Optimizer:
    return torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=0.1)


# --- Hydra and OmegaConf ----------------------------------------------------------------------------------------------


def composed(folder: Path, *overrides: str, config: str = CONFIG) -> Any:
    """The config of an application that is started with these arguments."""
    hydra = pytest.importorskip("hydra")
    (folder / "config.yaml").write_text(config, "utf-8")
    with hydra.initialize_config_dir(str(folder), version_base=None):
        return hydra.compose("config", overrides=list(overrides))


def built(config: Any) -> lrdsl.torch.Applier:
    from hydra.utils import instantiate

    return instantiate(config.scheduler)(optimizer())


def test_hydra_builds_an_applier_from_a_plain_string(tmp_path: Path) -> None:
    scheduler = built(composed(tmp_path))

    assert isinstance(scheduler, lrdsl.torch.Applier)
    assert scheduler.schedule == lrdsl.compile("warmup(10) then cosine(to=10%)", total=100)
    assert scheduler.get_last_lr() == [0.0]


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("scheduler.schedule='warmup(10, to=1e-3) then hold'", "warmup(10, to=1e-3) then hold"),
        ('scheduler.schedule="0.1 until 30 then 0.01"', "0.1 until 30 then 0.01"),
        (
            "scheduler.schedule='lr = warmup(10) then hold\nweight_decay = 100*lr'",
            "lr = warmup(10) then hold\nweight_decay = 100*lr",
        ),
        ("scheduler.schedule='lr = 1 then linear(50%, to=0)  # 50 %'", "lr = 1 then linear(50%, to=0)"),
        ("scheduler.schedule=hold", "hold"),
        ("scheduler.schedule=3e-4", "3e-4"),
        ("scheduler.schedule=1", "1"),
    ],
)
def test_an_override_with_inner_quotes_is_the_text(tmp_path: Path, override: str, text: str) -> None:
    assert built(composed(tmp_path, override)).schedule(7, 0.1) == lrdsl.compile(text, total=100)(7, 0.1)


@pytest.mark.parametrize("override", ["scheduler.schedule=warmup(10) then hold", "scheduler.schedule=cosine(100)"])
def test_an_override_without_inner_quotes_is_refused_by_hydra(tmp_path: Path, override: str) -> None:
    from hydra.errors import OverrideParseException

    with pytest.raises(OverrideParseException):
        composed(tmp_path, override)


def test_what_a_text_leaves_open_is_an_override_too(tmp_path: Path) -> None:
    text = "param peak = 1e-3\\nlr = warmup(10%, to=peak) then cosine".replace("\\n", "\n")
    scheduler = built(composed(tmp_path, f"scheduler.schedule='{text}'", "scheduler.total=2k", "+scheduler.peak=3e-4"))

    assert scheduler.schedule == lrdsl.compile(text, total="2k", peak=3e-4)


def test_a_text_may_be_a_block_and_its_lengths_an_interpolation(tmp_path: Path) -> None:
    config = """\
trainer: {max_steps: 200}
scheduler:
  _target_: lrdsl.torch.Applier
  _partial_: true
  total: ${trainer.max_steps}
  schedule: |
    lr           = warmup(10) then cosine(to=10%)  # relative to the optimizer's lr
    weight_decay = 100*lr
"""
    scheduler = built(composed(tmp_path, config=config))

    assert scheduler.schedule.outputs == ("lr", "weight_decay")
    assert scheduler.schedule.bindings == {"total": "200"}


def test_a_mapping_of_outputs_is_a_text(tmp_path: Path) -> None:
    config = CONFIG.replace(
        "schedule: warmup(10) then cosine(to=10%)", "schedule: {lr: warmup(10) then hold, weight_decay: 0.1}"
    )
    scheduler = built(composed(tmp_path, config=config))

    assert scheduler.schedule.outputs == ("lr", "weight_decay")
    assert scheduler.optimizer.param_groups[0]["weight_decay"] == 0.1


@pytest.mark.parametrize("number", ["3e-4", "1e-3", "0.001", "1e3", "1"])
@pytest.mark.parametrize("reader", ["PyYAML", "OmegaConf"])
def test_a_lone_number_is_a_schedule_as_any_reader_of_yaml_has_it(number: str, reader: str) -> None:
    omegaconf = pytest.importorskip("omegaconf")
    text = f"schedule: {number}"
    value = yaml.safe_load(text)["schedule"] if reader == "PyYAML" else omegaconf.OmegaConf.create(text).schedule

    assert lrdsl.torch.attach(optimizer(), value).get_last_lr() == [float(number)]


def test_pyyaml_reads_a_lone_number_as_a_string_and_omegaconf_as_a_float() -> None:
    omegaconf = pytest.importorskip("omegaconf")

    assert yaml.safe_load("a: 3e-4")["a"] == "3e-4"
    assert omegaconf.OmegaConf.create("a: 3e-4").a == 3e-4


# --- jsonargparse -----------------------------------------------------------------------------------------------------


def parsed(*arguments: str) -> Callable[[Optimizer], LRScheduler]:
    """The scheduler of a program that takes one on its command line."""
    jsonargparse = pytest.importorskip("jsonargparse")
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--scheduler", type=Callable[[Optimizer], LRScheduler])
    found: Callable[[Optimizer], LRScheduler] = parser.instantiate(parser.parse_args(arguments)).scheduler
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scheduler=lrdsl.torch.Applier", "--scheduler.schedule=warmup(10) then cosine(90)"),
        ('--scheduler={"class_path": "lrdsl.torch.Applier", "init_args": {"schedule": "warmup(10) then cosine(90)"}}',),
        ("--scheduler=lrdsl.torch.Applier", "--scheduler.schedule=param total = 100\nlr = warmup(10) then cosine"),
        (
            "--scheduler=lrdsl.torch.Applier",
            "--scheduler.schedule=warmup(10) then cosine",
            "--scheduler.dict_kwargs.total=100",
        ),
    ],
    ids=["arguments", "json", "param", "binding"],
)
def test_jsonargparse_builds_an_applier_from_its_class_path(arguments: tuple[str, ...]) -> None:
    scheduler = parsed(*arguments)(optimizer())

    assert isinstance(scheduler, lrdsl.torch.Applier)
    scheduler.seek(55)
    assert scheduler.get_last_lr() == [lrdsl.compile("warmup(10) then cosine(90)")(55, 0.1)]


def test_jsonargparse_refuses_a_binding_that_is_no_argument() -> None:
    import jsonargparse

    with pytest.raises(jsonargparse.ArgumentError, match="Option 'total' is not accepted"):
        parsed(
            "--scheduler=lrdsl.torch.Applier", "--scheduler.schedule=warmup(10) then cosine", "--scheduler.total=100"
        )


def test_jsonargparse_takes_a_lone_number() -> None:
    assert parsed("--scheduler=lrdsl.torch.Applier", "--scheduler.schedule=3e-4")(optimizer()).get_last_lr() == [3e-4]


# --- LightningCLI -----------------------------------------------------------------------------------------------------


def fitted(*arguments: str) -> list[float]:
    """The lr of the updates of a run over two epochs of six batches, its scheduler built and given back as LightningCLI does.

    That is `add_lr_scheduler_args`, `instantiate_class` and `configure_optimizers` of pytorch_lightning/cli.py, 2.6.6. The class
    itself wants the extra `jsonargparse[signatures]`.
    """
    jsonargparse = pytest.importorskip("jsonargparse")
    lightning = pytest.importorskip("pytorch_lightning")
    from pytorch_lightning.cli import LightningCLI, instantiate_class

    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(
        (LRScheduler,), "lr_scheduler", instantiate=False, fail_untyped=False, skip={"optimizer"}
    )
    given = parser.parse_args(arguments).lr_scheduler.as_dict()
    used = []

    class Model(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            return self.layer(batch).square().mean()

        def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
            used.append(optimizer.param_groups[0]["lr"])

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            return LightningCLI.configure_optimizers(self, optimizer, instantiate_class(optimizer, given))

    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Model(), torch.utils.data.DataLoader(torch.ones(12, 4), batch_size=2))
    return used


@pytest.mark.filterwarnings("ignore:.*(does not have many workers|LeafSpec|sync_dist|log_every)")
def test_lightning_cli_steps_once_an_epoch_and_with_auto_the_optimizer_drives() -> None:
    text = "warmup(4) then cosine(8)"
    arguments = ["--lr_scheduler=lrdsl.torch.Applier", f"--lr_scheduler.schedule={text}"]
    schedule = lrdsl.compile(text)

    with pytest.warns(ScheduleWarning, match="once in 6 optimizer updates"):
        assert fitted(*arguments) == [schedule(0, 0.1)] * 6 + [schedule(1, 0.1)] * 6
    assert fitted(*arguments, "--lr_scheduler.auto=true") == [schedule(update, 0.1) for update in range(12)]


# --- sweeps -----------------------------------------------------------------------------------------------------------


def test_optuna_sweeps_the_params_of_a_text() -> None:
    optuna = pytest.importorskip("optuna")
    text = "param peak = 1e-3\nparam warm = 10%\nlr = warmup(warm, to=peak) then cosine(to=10%)"
    seen = {}

    def objective(trial: Any) -> float:
        peak, warm = trial.suggest_float("peak", 1e-3, 1e-1, log=True), trial.suggest_int("warm", 1, 5)
        schedule = lrdsl.compile(text, total=20, peak=peak, warm=f"{5 * warm}%")
        seen[trial.number] = (schedule(warm), peak)
        trial.set_user_attr("schedule", str(schedule))
        weight = torch.full((1,), 3.0, requires_grad=True)
        used = torch.optim.SGD([weight])
        scheduler = lrdsl.torch.attach(used, schedule)
        for _ in range(20):
            weight.square().sum().backward()
            used.step()
            scheduler.step()
            used.zero_grad()
        return float(weight.detach().abs())

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=6)

    assert len(seen) == 6
    assert all(value == peak for value, peak in seen.values())
    assert len({peak for _, peak in seen.values()}) == 6
    best = max(seen.values(), key=lambda pair: pair[1])[1]
    assert study.best_params["peak"] == best  # of so small lrs the largest comes farthest
    assert lrdsl.compile(study.best_trial.user_attrs["schedule"], total=20, peak=best)(0) == 0.0


def test_a_param_that_a_sweep_misspells_is_refused() -> None:
    with pytest.raises(lrdsl.ScheduleError, match="peek"):
        lrdsl.compile("param peak = 1e-3\nlr = cosine(100, from=peak)", peek=3e-4)
