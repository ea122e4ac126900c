"""Drawn texts as schedules that have values: what every target is held against."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from reference import Tree, show

import lrdsl


def that_can_be_called(drawn: tuple[Tree, Fraction | None]) -> tuple[lrdsl.Schedule, float | None] | None:
    """The schedule of a drawn text, and a base where it needs one; None where it has no values."""
    text, total = drawn
    try:
        schedule = lrdsl.compile(show(text), total=None if total is None else str(total))
        base = None if schedule.relation == "absolute" else 0.7
        for output in schedule.plain:
            output(np.arange(5), base)
    except lrdsl.ScheduleError:
        return None
    return schedule, base
