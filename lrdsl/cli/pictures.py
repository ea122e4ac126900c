"""Pictures, in the terminal or as a file.

In: schedules and options. Out: a picture on stdout, or in the file that was asked for. Refuses to know what is drawn why.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from .. import Schedule, ScheduleError
from .report import colored, speaks_unicode
from .texts import Usage


def show(schedules: Sequence[Schedule], options: argparse.Namespace, **said: Any) -> None:
    """Draw into the file that `-o` names, else here; `said` as for the plotter."""
    from .. import plotter

    said["base"] = options.base
    if options.out is None:
        width = min(shutil.get_terminal_size((80, 24)).columns, 160)
        color, unicode = colored(options.color, sys.stdout), speaks_unicode(sys.stdout)
        print(plotter.terminal(schedules, width=width, color=color, unicode=unicode, **said))
        return
    try:
        plotter.save(schedules, options.out, **said)
    except (ImportError, ValueError) as error:
        if isinstance(error, ScheduleError):
            raise
        raise Usage(str(error)) from None
    except OSError as error:
        raise Usage(f"cannot write {options.out}: {error.strerror or error}") from None
    print(f"wrote {options.out}", file=sys.stderr)
