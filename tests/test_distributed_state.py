"""What `torch.distributed.checkpoint` makes of the state of a scheduler: it takes dicts apart, and loads the keys in hand alone.

So the state holds none, and its keys are the same for all texts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.distributed.checkpoint as dcp  # noqa: E402
from torch.optim import Optimizer  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402

PEAK = "param peak = 1e-3\nlr = warmup(4, to=peak) then hold"
WHOLE = "param total = 100\nlr = cosine(from=1)"
RELATIVE = "lr = warmup(4) then hold"

pytestmark = pytest.mark.filterwarnings("ignore:torch.distributed is disabled")


def optimizer_of(groups: int = 1) -> Optimizer:
    return torch.optim.AdamW([{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)], lr=0.1)


def attached(text: str, groups: int = 1, **how: Any) -> lrdsl.torch.Applier:
    return lrdsl.torch.attach(optimizer_of(groups), text, **how)


def loaded(folder: Path, saved: lrdsl.torch.Applier, now: lrdsl.torch.Applier) -> lrdsl.torch.Applier:
    """A scheduler that took up what another saved at update 7."""
    saved.seek(7)
    dcp.save({"scheduler": saved}, checkpoint_id=folder, no_dist=True)
    dcp.load({"scheduler": now}, checkpoint_id=folder, no_dist=True)
    return now


@pytest.mark.parametrize("how", [{}, {"peak": 3e-4}, {"base": 0.3}, {"base": {"lr": 0.3}}], ids=str)
def test_what_was_said_alike_goes_on(tmp_path: Path, how: dict[str, Any]) -> None:
    now = loaded(tmp_path, attached(PEAK, groups=2, **how), attached(PEAK, groups=2, **how))

    assert now.last_epoch == 7
    assert now.get_last_lr() == [how.get("peak", 1e-3)] * 2


@pytest.mark.parametrize(
    ("text", "before", "now"),
    [(PEAK, {"peak": 3e-4}, {}), (PEAK, {}, {"peak": 3e-4}), (WHOLE, {"total": 50}, {}), (WHOLE, {}, {"total": 50})],
    ids=["a param no more", "a param now", "the total no more", "the total now"],
)
def test_other_bindings_are_an_error_that_shows_both_lrs(
    tmp_path: Path, text: str, before: dict[str, Any], now: dict[str, Any]
) -> None:
    with pytest.raises(lrdsl.ScheduleError, match="trained with another text or other bindings: at step 7"):
        loaded(tmp_path, attached(text, **before), attached(text, **now))


@pytest.mark.parametrize(
    ("before", "now"), [({"base": {"lr": 0.3}}, {"base": 0.2}), ({"base": 0.2}, {"base": {"lr": 0.3}})], ids=str
)
def test_another_base_is_an_error_however_it_was_said(
    tmp_path: Path, before: dict[str, Any], now: dict[str, Any]
) -> None:
    with pytest.raises(lrdsl.ScheduleError, match="trained with another base"):
        loaded(tmp_path, attached(RELATIVE, **before), attached(RELATIVE, **now))


def test_a_run_goes_on_with_another_text_where_that_was_said(tmp_path: Path) -> None:
    other = attached("param top = 1\nlr = top", top=1e-3, on_change="replace")

    assert loaded(tmp_path, attached(PEAK, peak=1e-3), other).get_last_lr() == [1e-3]


def test_a_group_that_was_added_since_is_no_error(tmp_path: Path) -> None:
    assert loaded(tmp_path, attached(RELATIVE), attached(RELATIVE, groups=2)).get_last_lr() == [0.1, 0.1]
