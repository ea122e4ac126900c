"""Lightning's own schedulers, and what it makes of those of torch, beside texts."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pl = pytest.importorskip("pytorch_lightning")

from pytorch_lightning.tuner import Tuner, lr_finder  # noqa: E402
from torch.optim import lr_scheduler as peers  # noqa: E402
from torch.optim.swa_utils import SWALR  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.torch import from_scheduler  # noqa: E402
from lrdsl.translator.torch import SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402
from tests.test_from_torch import sgd, stepped  # noqa: E402

PAGE = "coming-from-lightning.md"
OWN = {name: getattr(lr_finder, name) for name in ("_LinearLR", "_ExponentialLR")}
KNOWN: dict[str, Any] = OWN | {"SWALR": SWALR, "ReduceLROnPlateau": peers.ReduceLROnPlateau}
QUIET = {
    "logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu",
    "enable_checkpointing": False,
}  # fmt: skip


class Model(pl.LightningModule):
    """Twenty rows, and the lr of each update."""

    def __init__(self, configure: Callable[[Any], Any], lr: float = 0.1) -> None:
        super().__init__()
        self.layer, self.configure, self.lr = torch.nn.Linear(4, 1), configure, lr
        self.used: list[float] = []

    def training_step(self, batch: Any, index: int) -> Any:
        return self.layer(batch).square().mean()

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        self.used.append(float(optimizer.param_groups[0]["lr"]))

    def configure_optimizers(self) -> Any:
        return self.configure(torch.optim.SGD(self.parameters(), lr=self.lr))


def loader() -> Any:
    return torch.utils.data.DataLoader(torch.linspace(-1, 1, 80).reshape(20, 4), batch_size=4)


def trained(configure: Callable[[Any], Any], epochs: int, **more: Any) -> tuple[list[float], Any]:
    """The lr of each update of a run of epochs of five batches, and the trainer."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, trainer = Model(configure), pl.Trainer(max_epochs=epochs, **QUIET, **more)
        trainer.fit(model, loader())
    return model.used, trainer


def by_step(build: Callable[[Any], Any], **more: Any) -> Callable[[Any], Any]:
    return lambda optimizer: {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": build(optimizer), "interval": "step", **more},
    }


# --- the page -------------------------------------------------------------------------------------------------------------


def live(row: Row, optimizer: Any) -> Any:
    return eval(row.theirs, {**KNOWN, "optimizer": optimizer})


def translated(row: Row) -> Any:
    """What torch's translator says; of what is Lightning's own, what `from_scheduler` says."""
    return page.said(row, SCHEDULERS) if row.name in SCHEDULERS else from_scheduler(live(row, sgd(1e-3)))


@pytest.mark.parametrize("row", page.params(PAGE))
def test_a_row_of_the_page_is_what_lightning_does(row: Row) -> None:
    page.check_said(row, translated)
    if row.text is not None:
        page.agree(row.text, stepped(sgd(1e-3), lambda optimizer: live(row, optimizer), row.steps), base=1e-3)


def test_the_page_names_every_scheduler_that_lightning_has() -> None:
    sources = [path.read_text("utf-8") for path in Path(pl.__file__).parent.rglob("*.py")]
    theirs = {name for source in sources for name in re.findall(r"^class (\w+)\(.*LRScheduler\)", source, re.MULTILINE)}

    assert theirs == set(OWN)
    assert page.names(PAGE) == theirs | {"SWALR", "ReduceLROnPlateau"}


@pytest.mark.parametrize("name", OWN)
def test_drawn_range_tests(name: str) -> None:
    curve = {"_LinearLR": "linear", "_ExponentialLR": "geometric"}[name]
    for number, rng in page.draws(100, seed=3):
        steps, top, lr = int(rng.integers(3, 200)), float(rng.uniform(0.5, 10)), float(rng.uniform(1e-6, 0.1))
        theirs = stepped(sgd(lr), lambda o, top=top, steps=steps: OWN[name](o, top, steps), steps - 1)
        text = f"base until 1 then {curve}({steps}, to={top!r}) skip 2"
        page.agree(text, theirs, base=lr, note=f"{number}: {steps} {top} {lr}")


def test_the_lr_finder_takes_the_steps_of_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(max_epochs=50, **{**QUIET, "enable_checkpointing": True})
        found = Tuner(trainer).lr_find(
            Model(lambda optimizer: optimizer),
            loader(),
            num_training=20,
            min_lr=1e-3,
            max_lr=1.0,
            early_stop_threshold=None,
        )
    assert found is not None
    page.agree("base until 1 then geometric(20, to=1) skip 2", {"lr": found.results["lr"]}, base=1e-3)


# --- runs -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda o: peers.StepLR(o, 2, 0.5),
        lambda o: peers.CosineAnnealingLR(o, 6, 1e-3),
        lambda o: peers.SequentialLR(o, [peers.LinearLR(o, 0.1, total_iters=2), peers.ExponentialLR(o, 0.7)], [2]),
    ],
)
def test_what_is_stepped_once_an_epoch_is_the_text_in_epochs(build: Callable[[Any], Any]) -> None:
    theirs, trainer = trained(lambda optimizer: ([optimizer], [build(optimizer)]), 6)
    schedule = from_scheduler(trainer.lr_scheduler_configs[0])
    assert schedule.clock == "epochs"
    ours, _ = trained(by_step(lambda optimizer: lrdsl.torch.attach(optimizer, schedule, epoch=5)), 6)

    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_accumulated_batches_are_one_step() -> None:
    used, trainer = trained(by_step(lambda o: peers.ExponentialLR(o, 0.9)), 2, accumulate_grad_batches=2)
    schedule = from_scheduler(trainer.lr_scheduler_configs[0])

    assert schedule.text == "exp(factor=0.9, per=1)"
    page.agree(schedule.text, {"lr": used}, base=0.1)
    assert len(used) == 6


def test_a_frequency_is_every() -> None:
    """Within an epoch: Lightning begins to count anew with each."""
    used, trainer = trained(by_step(lambda o: peers.ExponentialLR(o, 0.9), frequency=2), 1)

    page.agree("exp(factor=0.9, per=2) every 2", {"lr": used}, base=0.1)
    with pytest.raises(lrdsl.ScheduleError, match="once in 2"):
        from_scheduler(trainer.lr_scheduler_configs[0])


def test_what_configure_optimizers_gives_back_is_looked_through() -> None:
    optimizer = sgd()
    config = {"scheduler": peers.StepLR(optimizer, 30), "monitor": None}

    assert from_scheduler(config).text == "drop(factor=0.1, per=30 epochs)"
    assert from_scheduler({**config, "interval": "step", "frequency": 1}).text == "drop(factor=0.1, per=30)"
    with pytest.raises(lrdsl.ScheduleError, match="once in 2"):
        from_scheduler({**config, "frequency": 2})


def test_a_frequency_counts_in_each_epoch_anew() -> None:
    used, _ = trained(by_step(lambda o: peers.ExponentialLR(o, 0.9), frequency=2), 2)

    np.testing.assert_allclose(used, [0.1 * 0.9**count for count in (0, 0, 1, 1, 2, 2, 2, 3, 3, 4)], rtol=1e-12)


def test_several_schedulers_for_one_optimizer_are_a_product() -> None:
    used, _ = trained(lambda o: ([o], [peers.ExponentialLR(o, 0.9), peers.StepLR(o, 3, 0.1)]), 8)

    text = "exp(max=base, factor=0.9, per=1 epoch) * drop(max=1, factor=0.1, per=3 epochs) every 1 epoch"
    page.agree(text, {"lr": used}, base=0.1, epoch=5)


def test_averaging_is_two_phases() -> None:
    for strategy, curve in (("cos", "cosine"), ("linear", "linear")):
        swa = pl.callbacks.StochasticWeightAveraging(
            0.05, swa_epoch_start=6, annealing_epochs=4, annealing_strategy=strategy
        )
        used, trainer = trained(lambda optimizer: ([optimizer], [peers.StepLR(optimizer, 2, 0.5)]), 8, callbacks=[swa])
        text = f"drop(factor=0.5, per=2 epochs) until 5 epochs then {curve}(4 epochs, to=0.05) then hold every 1 epoch"
        page.agree(text, {"lr": used}, base=0.1, epoch=5)
        own = from_scheduler(trainer.lr_scheduler_configs[0])
        assert own.text == f"{curve}(4 epochs, from=0.025, to=0.05) then hold every 1 epoch"
