"""Schedules that come out of configurations: a plain string and a class path, and each update has the value of the schedule.

What is right, for Hydra and OmegaConf, and as `instantiate(config.scheduler)(optimizer)` in the script:

    scheduler:
      _target_: lrdsl.torch.Applier
      _partial_: true
      schedule: warmup(1000) then cosine(to=10%)
      total: 100000

For LightningCLI, `--lr_scheduler=lrdsl.torch.Applier --lr_scheduler.auto=true`. For Optuna, a text with a `param`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engines import recorded, rows  # noqa: E402
from torch.optim import Optimizer  # noqa: E402
from torch.optim.lr_scheduler import LRScheduler  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.diagnostic import ScheduleError, ScheduleWarning  # noqa: E402

TEXT = "warmup(3) then cosine(to=10%)"
TOTAL = 12
LR = 0.1
CURVE = [lrdsl.compile(TEXT, total=TOTAL)(step, LR) for step in range(TOTAL)]


def trained(make: Callable[[Optimizer], LRScheduler], updates: int = TOTAL) -> list[float]:
    """The lr of each update of a run of so many, with the scheduler that a configuration makes of an optimizer."""
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    scheduler = make(optimizer)
    with recorded() as made:
        for batch in rows(2 * updates).split(2):
            model(batch).square().mean().backward()
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
    return made.lrs


# --- Hydra, OmegaConf --------------------------------------------------------------------------------------------------


def hydra(config: Any) -> Callable[[Optimizer], LRScheduler]:
    """What Hydra makes of a node of a configuration."""
    made: Callable[[Optimizer], LRScheduler] = pytest.importorskip("hydra.utils").instantiate(config)
    return made


def overridden(folder: Path, *overrides: str) -> Any:
    """The configuration that a command line with these overrides gives."""
    pytest.importorskip("hydra")
    from hydra import compose, initialize_config_dir

    text = f"scheduler:\n  _target_: lrdsl.torch.Applier\n  _partial_: true\n  schedule: cosine\n  total: {TOTAL}\n"
    (folder / "config.yaml").write_text(text, "utf-8")
    with initialize_config_dir(str(folder), version_base=None):
        return compose("config", list(overrides))


def test_hydra_makes_a_scheduler_of_a_string_and_an_optimizer() -> None:
    node = {"_target_": "lrdsl.torch.Applier", "_partial_": True, "schedule": TEXT, "total": TOTAL}

    assert trained(hydra(node)) == CURVE


def test_hydra_takes_the_function_as_it_takes_the_class_and_every_argument_of_it() -> None:
    node = {
        "_target_": "lrdsl.torch.attach",
        "_partial_": True,
        "schedule": TEXT,
        "total": TOTAL,
        "base": 0.2,
        "auto": True,
    }

    assert trained(hydra(node)) == [2 * lr for lr in CURVE]


@pytest.mark.parametrize("quoted", ['"warmup(3) then cosine(to=10%)"', "'warmup(3) then cosine(to=10%)'"])
def test_an_override_on_the_command_line_has_quotes_of_its_own(tmp_path: Path, quoted: str) -> None:
    config = overridden(tmp_path, f"scheduler.schedule={quoted}")

    assert config.scheduler.schedule == TEXT
    assert trained(hydra(config.scheduler)) == CURVE


@pytest.mark.parametrize("text", [TEXT, "cosine(to=10%)"])
def test_without_quotes_of_its_own_hydra_takes_an_override_for_grammar_or_a_function_and_says_so(
    tmp_path: Path, text: str
) -> None:
    pytest.importorskip("hydra")
    from hydra.errors import HydraException

    with pytest.raises(HydraException):
        overridden(tmp_path, f"scheduler.schedule={text}")


def test_quotes_inside_the_text_are_escaped_and_a_sweep_is_a_list_of_quoted_texts(tmp_path: Path) -> None:
    pytest.importorskip("hydra")
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parse = OverridesParser.create().parse_override
    named = parse('scheduler.schedule="lr = cosine\nlr[\\"head.*\\"] = cosine(to=10%)"')
    sweep = parse('scheduler.schedule="warmup(3) then cosine(to=10%)","linear(to=0), then"')

    assert named.value() == 'lr = cosine\nlr["head.*"] = cosine(to=10%)'
    assert sweep.is_sweep_override()
    runs = [
        parse(f"scheduler.schedule={one}").value() for one in sweep.sweep_string_iterator()
    ]  # as the sweeper writes each run
    assert runs == [TEXT, "linear(to=0), then"]


def test_a_block_of_yaml_keeps_the_lines_of_a_text(tmp_path: Path) -> None:
    omegaconf = pytest.importorskip("omegaconf").OmegaConf
    file = tmp_path / "config.yaml"
    file.write_text(
        "scheduler:\n  _target_: lrdsl.torch.Applier\n  _partial_: true\n"
        "  total: 12\n"
        "  schedule: |\n"
        "    # a comment of the text, not of YAML: 10% is no anchor\n"
        "    lr = warmup(3) then cosine(to=10%)\n"
        "    weight_decay = linear(12, from=0.12, to=0)\n",
        "utf-8",
    )
    node = omegaconf.load(file).scheduler

    assert node.schedule.startswith("# a comment")
    assert node.schedule.count("\n") == 3
    assert trained(hydra(node)) == CURVE
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=LR)
    hydra(node)(optimizer)
    assert optimizer.param_groups[0]["weight_decay"] == 0.12


@pytest.mark.parametrize("written", ["3e-4", "1e-3", "0.001", "1", "1_000e-6"])
def test_a_lone_number_is_a_schedule_as_pyyaml_reads_it_and_as_omegaconf_does(written: str) -> None:
    yaml, omegaconf = pytest.importorskip("yaml"), pytest.importorskip("omegaconf").OmegaConf
    text = f"_target_: lrdsl.torch.Applier\n_partial_: true\nschedule: {written}\n"
    plain, typed = yaml.safe_load(text), omegaconf.create(text)

    assert trained(hydra(plain), 3) == trained(hydra(typed), 3) == [float(written)] * 3


def test_pyyaml_and_omegaconf_read_a_lone_number_differently_and_it_is_the_same_schedule() -> None:
    yaml, omegaconf = pytest.importorskip("yaml"), pytest.importorskip("omegaconf").OmegaConf
    one, other = yaml.safe_load("schedule: 3e-4")["schedule"], omegaconf.create("schedule: 3e-4").schedule

    assert (one, other) == ("3e-4", 0.0003)
    assert lrdsl.compile(one)(5) == lrdsl.compile(other)(5) == 3e-4


def test_what_omegaconf_puts_in_the_place_of_dollars_reaches_the_text(tmp_path: Path) -> None:
    node = pytest.importorskip("omegaconf").OmegaConf.create(
        {
            "steps": TOTAL,
            "warm": 3,
            "scheduler": {
                "_target_": "lrdsl.torch.Applier",
                "_partial_": True,
                "schedule": "warmup(${warm}) then cosine(to=10%)",
                "total": "${steps}",
            },
        }
    )

    assert trained(hydra(node.scheduler)) == CURVE


# --- jsonargparse ------------------------------------------------------------------------------------------------------


def parsed(kind: Any, *arguments: str, **how: Any) -> tuple[Any, Any]:
    """A parser of one argument of this type, and what it makes of a command line."""
    jsonargparse = pytest.importorskip("jsonargparse")
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--scheduler", type=kind, **how)
    parser.add_argument("--config", action="config")
    return parser, parser.parse_args(list(arguments))


def instantiated(parser: Any, config: Any) -> Any:
    return (parser.instantiate if hasattr(parser, "instantiate") else parser.instantiate_classes)(config).scheduler


FACTORY = Callable[[Optimizer], LRScheduler]
CLASS = "--scheduler=lrdsl.torch.Applier"


def test_jsonargparse_makes_the_class_of_its_path_and_a_text() -> None:
    parser, config = parsed(FACTORY, CLASS, "--scheduler.schedule=warmup(3) then cosine(9, to=10%)")

    assert trained(instantiated(parser, config)) == CURVE


def test_the_total_and_params_are_given_to_jsonargparse_as_further_arguments() -> None:
    more = f"--scheduler.dict_kwargs.total={TOTAL}", "--scheduler.dict_kwargs.part=10%"
    text = "param part = 50%\nwarmup(3) then cosine(to=part)"
    parser, config = parsed(FACTORY, CLASS, f"--scheduler.schedule={text}", *more)

    assert trained(instantiated(parser, config)) == CURVE


def test_jsonargparse_refuses_a_total_that_is_no_further_argument() -> None:
    jsonargparse = pytest.importorskip("jsonargparse")

    with pytest.raises(jsonargparse.ArgumentError, match="total"):
        parsed(FACTORY, CLASS, f"--scheduler.schedule={TEXT}", f"--scheduler.total={TOTAL}")


@pytest.mark.parametrize("text", [TEXT, "3e-4", "1e-3", "1"])
def test_what_jsonargparse_writes_is_what_it_reads_again(tmp_path: Path, text: str) -> None:
    parser, config = parsed(FACTORY, CLASS, f"--scheduler.schedule={text}", f"--scheduler.dict_kwargs.total={TOTAL}")
    file = tmp_path / "config.yaml"
    file.write_text(parser.dump(config), "utf-8")
    again = parser.parse_args([f"--config={file}"])

    expected = (
        [lrdsl.compile(text, total=TOTAL)(step, LR) for step in range(TOTAL)] if text == TEXT else [float(text)] * TOTAL
    )
    assert trained(instantiated(parser, config)) == trained(instantiated(parser, again)) == expected


@pytest.mark.parametrize("text", [TEXT, "3e-4", "0.1", "1"])
def test_an_argument_that_is_a_string_takes_a_text_or_a_lone_number(text: str) -> None:
    _, config = parsed(str, f"--scheduler={text}")

    assert config.scheduler == text
    assert lrdsl.compile(config.scheduler, total=TOTAL) == lrdsl.compile(text, total=TOTAL)


# --- LightningCLI ------------------------------------------------------------------------------------------------------


def command(folder: Path, *arguments: str) -> list[float]:
    """The lr of each update of `fit` over two epochs of six batches."""
    lightning = pytest.importorskip("pytorch_lightning")
    cli = pytest.importorskip("pytorch_lightning.cli")
    for part in ("jsonargparse", "docstring_parser", "typeshed_client"):  # jsonargparse[signatures]
        pytest.importorskip(part)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    class Line(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            return self.layer(batch).square().mean()

        def train_dataloader(self) -> Any:
            return torch.utils.data.DataLoader(rows(12), batch_size=2)

    plain = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    settings = {**plain, "accelerator": "cpu", "devices": 1, "max_epochs": 2, "default_root_dir": str(folder)}
    optimizer = "--optimizer=torch.optim.AdamW", f"--optimizer.lr={LR}"
    with recorded() as made:
        cli.LightningCLI(
            Line, trainer_defaults=settings, save_config_callback=None, args=["fit", *optimizer, *arguments]
        )
    return made.lrs


LIGHTNING = "--lr_scheduler=lrdsl.torch.Applier", "--lr_scheduler.schedule=warmup(3) then cosine(9, to=10%)"

quiet = pytest.mark.filterwarnings(
    "ignore::UserWarning:pytorch_lightning", "ignore::FutureWarning", "ignore:.*jsonargparse"
)


@quiet
def test_lightning_cli_steps_once_an_epoch_and_that_is_told(tmp_path: Path) -> None:
    with pytest.warns(ScheduleWarning, match="step\\(\\) came"):
        used = command(tmp_path, *LIGHTNING)

    assert used == [CURVE[0]] * 6 + [CURVE[1]] * 6


@quiet
def test_lightning_cli_with_auto_makes_each_update_with_the_value_of_the_schedule(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ScheduleWarning)
        used = command(tmp_path, *LIGHTNING, "--lr_scheduler.auto=true")

    assert used == CURVE


@quiet
def test_lightning_cli_passes_on_no_further_arguments_so_the_total_is_in_the_text(tmp_path: Path) -> None:
    scheduler, auto = LIGHTNING[0], "--lr_scheduler.auto=true"
    told = "--lr_scheduler.schedule=param total = 12\nwarmup(3) then cosine(to=10%)"

    assert command(tmp_path, scheduler, told, auto) == CURVE
    with pytest.raises(ScheduleError, match="how long is the run"):
        command(tmp_path, scheduler, f"--lr_scheduler.schedule={TEXT}", "--lr_scheduler.dict_kwargs.total=12", auto)


# --- Optuna ------------------------------------------------------------------------------------------------------------

SWEPT = "param peak = 3e-4\nparam part = 10%\nwarmup(3, to=peak) then cosine(to=part)"


def descent(schedule: lrdsl.Schedule, updates: int) -> list[float]:
    """The loss after each update of SGD on a parabola: deterministic, and best for one size of steps."""
    weight = torch.nn.Parameter(torch.tensor(1.0))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scheduler = lrdsl.torch.attach(optimizer, schedule)
    losses = []
    for _ in range(updates):
        optimizer.zero_grad()
        loss = (weight - 3).square()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(float(loss.detach()))
    return losses


def test_a_study_sets_the_params_and_the_total_of_a_text() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seen = {}

    def objective(trial: Any) -> float:
        peak, total = trial.suggest_float("peak", 1e-3, 0.9, log=True), trial.suggest_int("total", 8, 16, step=4)
        schedule = lrdsl.compile(SWEPT, peak=peak, total=total)
        with recorded() as made:
            losses = descent(schedule, total)
        seen[trial.number] = made.lrs
        trial.set_user_attr("text", str(schedule))
        trial.set_user_attr("bindings", dict(schedule.bindings))
        return losses[-1]

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=6)

    for trial in study.trials:
        again = lrdsl.compile(SWEPT, **trial.params)
        assert seen[trial.number] == [again(step) for step in range(trial.params["total"])]
        assert seen[trial.number][3] == trial.params["peak"]
    assert len({tuple(lrs) for lrs in seen.values()}) == 6


def test_the_best_text_can_be_written_back_with_what_it_is_bound_to(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: Any) -> float:
        schedule = lrdsl.compile(SWEPT, peak=trial.suggest_float("peak", 1e-3, 0.9), total=TOTAL)
        trial.set_user_attr("text", str(schedule))
        trial.set_user_attr("bindings", dict(schedule.bindings))
        return descent(schedule, TOTAL)[-1]

    storage = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(study_name="lr", storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=4)
    best = optuna.load_study(study_name="lr", storage=storage).best_trial
    file = tmp_path / "best.lrs"
    file.write_text(best.user_attrs["text"], "utf-8")
    again = lrdsl.load(str(file), **best.user_attrs["bindings"])

    assert again(3) == best.params["peak"]
    assert again == lrdsl.compile(SWEPT, total=TOTAL, **best.params)
    assert descent(again, TOTAL)[-1] == best.value


def test_a_trial_that_is_pruned_leaves_the_next_as_it_would_be() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: Any) -> float:
        schedule = lrdsl.compile(SWEPT, peak=trial.suggest_categorical("peak", [0.4, 0.001, 0.3]), total=TOTAL)
        losses = descent(schedule, TOTAL)
        for step, loss in enumerate(losses):
            trial.report(loss, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return losses[-1]

    sampler = optuna.samplers.GridSampler({"peak": [0.4, 0.001, 0.3]}, seed=0)
    study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.ThresholdPruner(upper=3.0, n_warmup_steps=8))
    study.optimize(objective)
    states = {trial.params["peak"]: trial for trial in study.trials}

    assert states[0.001].state == optuna.trial.TrialState.PRUNED
    assert [states[peak].value for peak in (0.4, 0.3)] == [
        descent(lrdsl.compile(SWEPT, peak=peak, total=TOTAL), TOTAL)[-1] for peak in (0.4, 0.3)
    ]


def test_a_name_that_the_text_does_not_have_is_an_error_in_the_first_trial() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: Any) -> float:
        lrdsl.compile(SWEPT, peek=trial.suggest_float("peek", 0.1, 0.9), total=TOTAL)
        return 0.0

    with pytest.raises(ScheduleError, match="peek"):
        optuna.create_study().optimize(objective, n_trials=1)
