"""The command line: the only place that reads files, prints and exits.

    arguments.py   what may be typed, and what was meant where something else was
    texts.py       the texts that a command is given: files, stdin, words of the command line
    embedded.py    a text inside a YAML, TOML or JSON file, and the places of its problems there
    pictures.py    pictures, in the terminal or as a file
    report.py      problems for people, and for programs
    commands.py    compile, plot, check
    explain.py     phases, where levels and lengths came from, facts
    sample.py      values as CSV, JSON or npy
    fmt.py         texts in their one canonical form
    diff.py        where and by how much two texts differ
    fit.py         the text of a logged curve
    curves.py      what shapes, curves and words there are
    tables.py      the tables of the grammar, kept between processes

In: arguments. Out: data on stdout, talk on stderr, and 0 where all is well, 1 where a text has problems or would change, 2 for
wrong usage and files that cannot be read. Refuses to decide anything about texts.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from .. import ScheduleError
from ..parser import keep_tables
from . import tables
from .arguments import parse
from .report import flush, report
from .texts import Usage

# A command is loaded when it is run: most of the time of `check` would be that of the others.
_RUN = {
    "compile": "commands.compile_",
    "plot": "commands.plot",
    "check": "commands.check",
    "explain": "explain.run",
    "sample": "sample.run",
    "diff": "diff.run",
    "fmt": "fmt.run",
    "fit": "fit.run",
    "curves": "curves.run",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    _open_streams(argv is None)
    if argv is None:
        keep_tables(tables.path())
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except Usage as usage:
        print(f"lrdsl: {usage}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        _drop_stdout()  # the reader went away, as `head` does
        return 0
    except OSError as error:
        print(f"lrdsl: {error.strerror or error}", file=sys.stderr)
        _drop_stdout()
        return 2
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    options = parse(arguments)
    if options is None:
        return 0
    try:
        module, function = _RUN[options.command].split(".")
        code: int = getattr(importlib.import_module(f".{module}", __name__), function)(options)
    except ScheduleError as error:
        report(error.problems, options)
        code = 2 if any(problem.code.startswith("E4") for problem in error.problems) else 1
    flush(options)
    return code


def _open_streams(process: bool) -> None:
    # A caller may have closed them, and `print(file=None)` would write to the other one.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if process and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr does: a name in a message is no reason to fail


def _drop_stdout() -> None:
    """What is left in stdout must not raise when Python ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # it is no file
        return
