"""A schedule applied to torch: an `LRScheduler` that sets what the text drives, and groups of parameters by name.

    arguments.py what one attaches
    groups.py    parameter names to groups, by the patterns of a text
    columns.py   what is written where: keys, groups that share a value, bases
    clocks.py    how far a step goes, in whatever unit it is said
    applier.py   the scheduler

In: an optimizer, a model, a text. Out: param groups, and an Applier. Refuses to know texts: what is wrong with them is said by
`compile`.
"""

from __future__ import annotations

from .applier import Applier, attach
from .groups import ParamGroups, param_groups

__all__ = ["Applier", "ParamGroups", "attach", "param_groups"]
