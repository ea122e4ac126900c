"""Pictures of schedules: in the terminal, on matplotlib Axes, in files.

    schedules --horizon, sample--> curves --landmarks, scale--> what must be readable --+--> terminal.py: characters
                                    curve.py                     labels.py writes it    +--> figure.py: matplotlib
                                                                                        +--> html.py: for notebooks
                                                                                        +--> fitted.py: a log and its text

In: schedules that can be called. Out: a string, Axes, or a file. Refuses to know the language (a phase is a text with
two ends) and to print; matplotlib is imported where something is drawn with it, never pyplot.
"""

from __future__ import annotations

from .curve import horizon
from .figure import draw, save
from .fitted import save_fit
from .html import html
from .labels import time_label, value_label
from .terminal import terminal

__all__ = ["draw", "horizon", "html", "save", "save_fit", "terminal", "time_label", "value_label"]
