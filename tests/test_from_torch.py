"""Every scheduler of torch beside the text that replaces it: the page, and drawn parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler as peers  # noqa: E402

from lrdsl.translator.torch import SCHEDULERS  # noqa: E402
from tests import coming_from as page  # noqa: E402
from tests.coming_from import Row  # noqa: E402

PAGE = "coming-from-torch.md"
KNOWN = {name: getattr(peers, name) for name in peers.__all__}


def optimizer_of(lr: float = 0.1) -> Any:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=0.9)


def stepped(build: Callable[[Any], Any], steps: int, lr: float = 0.1) -> dict[str, list[float]]:
    """What the optimizer holds at steps 0 to `steps`."""
    optimizer = optimizer_of(lr)
    scheduler, found = build(optimizer), []
    for _ in range(steps + 1):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return {"lr": found}


@pytest.mark.parametrize("row", page.params(PAGE))
def test_a_row_of_the_page_is_what_torch_does(row: Row) -> None:
    page.check_said(row, lambda row: page.said(row, SCHEDULERS, KNOWN))
    if row.text is not None:
        theirs = stepped(lambda optimizer: eval(row.theirs, {**KNOWN, "optimizer": optimizer}), row.steps)
        page.agree(row.text, theirs, base=0.1)
