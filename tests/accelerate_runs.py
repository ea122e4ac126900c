"""A script: the same six updates under Accelerate in two processes, in each of the ways in which a scheduler is stepped there.

Prints JSON: for each way what each process saw, which is the lr of each update, the state in the end, and the warnings.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

TEXT = "linear(12, from=1, to=0)"
UPDATES = 6
# What Accelerator is told, what attach is told, and whether the scheduler is prepared.
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "prepared": ({}, {}, True),
    "not prepared": ({}, {}, False),
    "not with the optimizer": ({"step_scheduler_with_optimizer": False}, {}, True),
    "split batches": ({"split": True}, {}, True),
    "auto, prepared": ({}, {"auto": True}, True),
    "auto, never stepped": ({}, {"auto": True}, False),
}


def one(name: str) -> dict[str, Any]:
    """A run in one of the ways."""
    import torch
    from accelerate import Accelerator, DataLoaderConfiguration

    import lrdsl.torch

    settings, how, prepared = WAYS[name]
    settings = dict(settings)
    loader = DataLoaderConfiguration(split_batches=settings.pop("split", False))
    accelerator = Accelerator(cpu=True, dataloader_config=loader, **settings)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    used: list[float] = []
    optimizer.register_step_pre_hook(lambda one, *_: used.append(one.param_groups[0]["lr"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scheduler = lrdsl.torch.attach(optimizer, TEXT, **how)
        model, wrapped = accelerator.prepare(model, optimizer)
        stepped = accelerator.prepare(scheduler) if prepared else scheduler
        for _ in range(UPDATES):
            accelerator.backward(model(torch.ones(4, 2)).mean())
            wrapped.step()
            if name != "auto, never stepped":
                stepped.step()
            wrapped.zero_grad()
    said = [str(one.message) for one in caught if issubclass(one.category, lrdsl.ScheduleWarning)]
    return {"rank": accelerator.process_index, "lrs": used, "state": scheduler.state_dict(), "said": said}


def run(names: list[str]) -> None:
    from accelerate import PartialState
    from accelerate.utils import gather_object

    found = {name: gather_object([one(name)]) for name in names}
    if PartialState().is_main_process:
        print(json.dumps(found))


if __name__ == "__main__":
    import sys

    from accelerate import debug_launcher

    debug_launcher(run, (sys.argv[1:] or list(WAYS),))
