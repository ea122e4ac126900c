"""`lrdsl fit`: the text of a logged curve.

In: a table of steps and values. Out: the text on stdout, what it misses on stderr, a picture of both where one is asked for; exit
code 1 where no text reproduces the log. Refuses to read tables and to search.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .texts import Usage, data, print_bytes

if TYPE_CHECKING:
    from ..fitter import Fit, Log


def run(options: argparse.Namespace) -> int:
    try:
        import scipy  # noqa: F401
    except ImportError:
        raise Usage('this needs scipy: pip install "lrdsl[fit]"') from None
    from ..fitter import decoded, fit, read

    name = "<stdin>" if options.curve == "-" else options.curve
    table = sys.stdin.buffer.read() if options.curve == "-" else data(options.curve)
    log = read(decoded(table, name), name, options.step_column, options.column)
    found = fit(log)
    if options.out is not None:
        _draw(found, log, options.out)
    _say(found, log, name)
    if not found.good:
        return 1
    print_bytes(f"{found.text}\n".encode())
    return 0


def _say(found: Fit, log: Log, name: str) -> None:
    from ..plotter import time_label, value_label

    if log.again:
        many = "1 step stands" if log.again == 1 else f"{log.again} steps stand"
        print(f"{many} there twice, with different values: of these the later rows are taken", file=sys.stderr)
    missed = f"{value_label(found.deviation)} at {time_label(found.at)}"
    if found.good:
        step, value = log.columns
        print(
            f"{len(log)} points of `{value}` by `{step}`: the largest deviation is {missed}, within {found.precision}",
            file=sys.stderr,
        )
        if found.schedule.clock != log.unit and found.schedule.settled != 0:
            print(f"the text counts as steps what `{step}` counts", file=sys.stderr)
        if found.offset:
            print(
                "the log counts its first update as 1: what it has at step n is the text at n - 1",
                file=sys.stderr,
            )
        return
    print(f"lrdsl: no text was found that reproduces {name} to {found.precision}", file=sys.stderr)
    print(f"  the best one misses it by {missed}:\n  {found.text}", file=sys.stderr)


def _draw(found: Fit, log: Log, out: str) -> None:
    from ..diagnostic import ScheduleError
    from ..plotter import save_fit

    try:
        save_fit(found.schedule, log.t - found.offset, log.y, log.slack, out)
    except (ImportError, ValueError) as error:
        if isinstance(error, ScheduleError):
            raise
        raise Usage(str(error)) from None
    except OSError as error:
        raise Usage(f"cannot write {out}: {error.strerror or error}") from None
    print(f"wrote {out}", file=sys.stderr)
