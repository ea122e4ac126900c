"""compile, plot and check.

In: options. Out: an exit code; data on stdout, talk on stderr. Refuses to decide anything about texts.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import Any

from .. import ScheduleError
from .report import colored, plain, report, speaks_unicode
from .texts import Usage, complete, keep_apart, only, schedule, texts, write


def compile_(options: argparse.Namespace) -> int:
    text = only(options)
    keep_apart(options, [text])
    write(options, complete(text, options).source(options.target).encode("utf-8"))
    return 0


def plot(options: argparse.Namespace) -> int:
    from .. import plotter

    if options.until is not None and not 0 < options.until < float("inf"):
        raise Usage(f"--until is a time after 0, not {options.until:g}")
    found = texts(options)
    keep_apart(options, found)
    schedules = [complete(text, options) for text in found]
    said: dict[str, Any] = {"log": options.log, "until": options.until, "base": options.base}
    if options.out is not None:
        try:
            plotter.save(schedules, options.out, **said)
        except (ImportError, ValueError) as error:
            if isinstance(error, ScheduleError):
                raise
            raise Usage(str(error)) from None
        except OSError as error:
            raise Usage(f"cannot write {options.out}: {error.strerror or error}") from None
        print(f"wrote {options.out}", file=sys.stderr)
        return 0
    width = shutil.get_terminal_size((80, 24)).columns
    unicode = speaks_unicode(sys.stdout)
    color = colored(options.color, sys.stdout)
    print(plotter.terminal(schedules, width=min(width, 160), color=color, unicode=unicode, **said))
    print(plain("\n".join(schedule.describe(options.base) for schedule in schedules), unicode))
    return 0


def check(options: argparse.Namespace) -> int:
    worst = 0
    found = texts(options)
    # As JSON the problems are the data, and the summaries are talk.
    stream = sys.stderr if options.output_format == "json" else sys.stdout
    for text in found:
        try:
            made = schedule(text, options)
            notes = text.shown(made.notes(options.base, options.allow))
        except ScheduleError as error:
            report(error.problems, options)
            worst = 1
            continue
        report(notes, options)
        if notes and options.strict:
            worst = 1
        name = f"{text.name}: " if len(found) > 1 else ""
        print(plain(name + made.describe(options.base), speaks_unicode(stream)), file=stream)
    return worst
