"""A schedule applied to torch: an `LRScheduler` that sets what the text drives, and groups of parameters by name.

    arguments.py what one attaches
    groups.py    parameter names to groups, by the patterns of a text
    columns.py   what is written where: keys, groups that share a value, bases
    tensors.py   lrs that are Tensors, each group with its own
    rows.py      what is written at a step, for many steps at once
    clocks.py    how far a step goes, in whatever unit it is said
    alarms.py    what is warned of, in words
    hooks.py     what hangs on the optimizer's step: what drives a schedule, and what looks whether it is driven well
    checkpoint.py what a checkpoint says, and how a run goes on from it
    ranks.py     whether all ranks of a run hold the same schedule
    stepper.py   one step after another
    applier.py   the scheduler
    trainer.py   the Trainer of transformers, with a text
    live.py      what a live scheduler of torch is: its parameters, as phases
    replay.py    one like it, built anew and stepped
    origin.py    a live scheduler as a text, held beside it

In: an optimizer, a model, a text. Out: param groups, and an Applier. Refuses to know texts: what is wrong with them is said by
`compile`.
"""

from __future__ import annotations

from ..translator.config import from_config
from .applier import Applier, attach
from .groups import ParamGroups, param_groups
from .origin import from_scheduler
from .ranks import each_rank_its_own
from .trainer import TrainerMixin

__all__ = [
    "Applier",
    "ParamGroups",
    "TrainerMixin",
    "attach",
    "each_rank_its_own",
    "from_config",
    "from_scheduler",
    "param_groups",
]
