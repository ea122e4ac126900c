"""compile, plot and check.

In: options. Out: an exit code; data on stdout, talk on stderr. Refuses to decide anything about texts.
"""

from __future__ import annotations

import argparse
import sys

from .. import ScheduleError
from .pictures import show
from .report import plain, report, speaks_unicode
from .texts import Usage, complete, keep_apart, only, schedule, texts, write


def compile_(options: argparse.Namespace) -> int:
    text = only(options)
    keep_apart(options, [text])
    write(options, complete(text, options).source(options.target, options.groups).encode("utf-8"))
    return 0


def plot(options: argparse.Namespace) -> int:
    if options.until is not None and not 0 < options.until < float("inf"):
        raise Usage(f"--until is a time after 0, not {options.until:g}")
    found = texts(options)
    keep_apart(options, found)
    schedules = [complete(text, options) for text in found]
    show(schedules, options, log=options.log, until=options.until)
    if options.out is None:
        said = "\n".join(schedule.describe(options.base) for schedule in schedules)
        print(plain(said, speaks_unicode(sys.stdout)))
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
