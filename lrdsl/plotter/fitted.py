"""The picture of a logged curve and the text that was found for it.

In: a schedule and the points of a log. Out: a file with both in one panel, and how far they are apart in another. Refuses to know
how the text was found.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .figure import draw, sheet
from .labels import value_label

if TYPE_CHECKING:
    from ..schedule import Schedule

_POINTS = 400  # of the log that are drawn, evenly spread
_GREY = "#555555"


def save_fit(schedule: Schedule, t: Any, y: Any, slack: Any, path: str | os.PathLike[str]) -> None:
    """Write a picture of a schedule with the points of a log on it, and below how far they are from it.

    `slack` is how far each point may be from the truth: the band in the lower panel. Where a point is beyond it, that is said.
    """
    with sheet(path) as write:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.0, 5.8))
        above, below = figure.subplots(2, 1, height_ratios=(3, 1))
        figure.subplots_adjust(left=0.115, right=0.96, bottom=0.06, top=0.975, hspace=0.24)
        draw([schedule], above, until=float(t[-1]))
        few = np.unique(np.linspace(0, len(t) - 1, _POINTS).astype(int))
        above.plot(
            t[few], y[few], "o", markersize=3.4, markerfacecolor="none", markeredgewidth=0.6, color=_GREY, zorder=1
        )
        missed = np.asarray(y) - schedule(np.maximum(t, 0.0))
        below.plot(t[few], missed[few], "o", markersize=2, color=_GREY)
        below.fill_between(t[few], -slack[few], slack[few], color="#0072b2", alpha=0.15, linewidth=0)
        below.axhline(0.0, linewidth=0.8, color="#0072b2")
        below.set_xlim(above.get_xlim())
        most = 1.3 * max(float(np.max(np.abs(missed[few]))), float(np.max(slack[few])))
        below.set_ylim(-most, most)
        below.yaxis.set_major_formatter(lambda value, _: value_label(value))
        below.xaxis.set_major_formatter(above.xaxis.get_major_formatter())
        below.set_xticks(above.get_xticks())
        below.set_xlim(above.get_xlim())
        below.set_ylabel("log - text", fontsize=8.5)
        if np.any(np.abs(missed) > slack * (1 + 1e-9)):
            said = "the nearest text that was found, which is not the log's"
            below.set_title(said, loc="left", fontsize=8.5, color="#d55e00", pad=3)
        below.tick_params(labelsize=8.5)
        below.spines[["top", "right"]].set_visible(False)
        write(figure)
