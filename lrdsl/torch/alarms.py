"""What is warned of while a schedule is applied, in words: training goes on, but not as the text says.

In: what was seen. Out: one sentence of what is wrong, and one of what to write. Refuses to look for itself.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Sequence
from fractions import Fraction
from types import FrameType

from ..diagnostic import ScheduleWarning
from ..problems import number_text, time_text
from ..schedule import Schedule
from .columns import Column, Group, kept_as, seen_by

_OURS = ("lrdsl", "torch")
_SHOWN = 4  # lrs that are listed
_AUTO = "or attach(..., auto=True), and the optimizer drives it"

ORDER = (
    "scheduler.step() came before optimizer.step(): the first value of the schedule is never used. "
    "Each update is `optimizer.step(); scheduler.step()`"
)


def warn(what: str) -> None:
    """Warn at the line of the training script, however many calls of ours and of torch's are between."""
    level, frame = 1, sys._getframe()
    above: FrameType | None = frame
    while above is not None and str(above.f_globals.get("__name__")).split(".")[0] in _OURS:
        level, above = level + 1, above.f_back
    warnings.warn(what, ScheduleWarning, stacklevel=level)


def rare(updates: int, how: str) -> str:
    return (
        f"step() came {how} in {updates} optimizer updates, but this text counts steps: the lr stands still in between. Call it "
        'after each update (in Lightning: {"scheduler": scheduler, "interval": "step"}); or write the text in epochs and call '
        f"step(epochs=1); {_AUTO}"
    )


def several(steps: int) -> str:
    return (
        f"step() came {steps} times in one optimizer update, so the schedule runs {steps} times too fast. One step() an update: "
        "where gradients are accumulated, after optimizer.step() alone; in Accelerate, leave the scheduler out of prepare(), which "
        f"steps it once a process, or Accelerator(step_scheduler_with_optimizer=False); {_AUTO}"
    )


def never(steps: int) -> str:
    return (
        f"step() came {steps} times, and its optimizer was never stepped: does another one train? A Trainer that is given "
        "optimizers=(None, scheduler) builds its own: give it both. Where gradients are accumulated, step() belongs after "
        "optimizer.step() alone. (To look at a curve, call the schedule: scheduler.schedule(range(1000)))"
    )


def foreign(groups: Sequence[Group], group: Group, key: str, found: float, written: float) -> str:
    index = next(index for index, one in enumerate(groups) if one is group)
    which = f"group {index}" + (f" ({group['name']})" if "name" in group else "")
    return (
        f"the {key} of {which} was set to {found!r} by somebody else, and the schedule had set {written!r}; "
        "the schedule goes on (said once)"
    )


def past_end(schedule: Schedule, position: Fraction | int, length: Fraction) -> str:
    clock = schedule.clock
    end = f"the end of the schedule ({time_text(length)} {clock.removesuffix('s') if length == 1 else clock})"
    if clock != "steps":
        return f"an update at {clock.removesuffix('s')} {time_text(Fraction(position))} is past {end}: the last value is held"
    epochs = "" if "epochs" in schedule.rates else "; where epochs were meant, write `5 epochs`"
    return f"update {int(position) + 1} is past {end}: the last value is held{epochs}"


def levelled(columns: Iterable[Column], schedule: Schedule) -> str | None:
    """For a text that writes its levels: groups that came with different lrs get the same one, and no line speaks of them."""
    for column in columns:
        if (
            column.key != "lr"
            or column.output.relation != "absolute"
            or "lr" in seen_by(column.groups[0], schedule).won
        ):
            continue
        found = dict.fromkeys(float(group[kept_as("lr")]) for group in column.groups if kept_as("lr") in group)
        if len(found) > 1:
            shown = ", ".join(number_text(lr) for lr in list(found)[:_SHOWN]) + ", ..." * (len(found) > _SHOWN)
            return (
                f"the groups came with different lrs ({shown}), and the text gives all of them the same: it writes its levels. "
                "Leave the top out, and each keeps its own: `warmup(1k) then cosine(to=10%)`; or give the text a line for a group"
            )
    return None


def jump(place: str, name: str, before: float, after: float) -> str:
    return (
        f"the run goes on at {place} with another plan, and with a jump: its {name} is {number_text(after)} there, and would "
        f"have been {number_text(before)}"
    )
