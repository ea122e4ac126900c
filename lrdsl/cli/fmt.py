"""fmt: texts in their one canonical form.

In: options. Out: files rewritten in place, whole or not at all; texts of the command line and stdin printed; differences. Refuses
to touch a text that cannot be read, and a text inside another file.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator

from .. import ScheduleError, compiled
from ..checker import prelude
from ..parser import parse
from ..printer import show
from ..source import Source
from . import embedded
from .report import report
from .texts import Text, Usage, print_bytes, read, replace, texts


def run(options: argparse.Namespace) -> int:
    for argument in options.texts:
        if embedded.holds_keys(argument) or (embedded.names_key(argument) and not os.path.isfile(argument)):
            raise Usage(
                f"fmt rewrites files of the language, not a part of another file: {argument} stays as it is\n"
                "  a text of it is printed formatted by lrdsl fmt -e 'TEXT'"
            )
    if not options.texts:
        texts(options)  # says what there could be, where there is no -e either
    return max(_each(options))


def _each(options: argparse.Namespace) -> Iterator[int]:
    """The exit code of every text: one that cannot be read does not keep the others from being formatted."""
    for expression in options.expressions:
        yield _one(Text("<command line>", expression), options)
    for argument in options.texts:
        try:
            yield _one(read(argument), options)
        except ScheduleError as error:  # no UTF-8
            report(error.problems, options)
            yield 1
        except Usage as usage:
            print(f"lrdsl: {usage}", file=sys.stderr)
            yield 2


def _one(text: Text, options: argparse.Namespace) -> int:
    source = Source(text.text, text.name)
    parsed = parse(source, frozenset(prelude()))
    if parsed.problems:
        _refuse(text)
    shown = show(parsed.file)
    # What stands in a file keeps its kind of line breaks; all else is compared as it is.
    if text.path is not None and "\r\n" in text.text.partition("\n")[0] + "\n":
        shown = shown.replace("\n", "\r\n")
    changed = shown != text.text
    if options.diff and changed:
        print_bytes(_difference(text, shown).encode("utf-8"))
    if options.check and changed:
        print(f"would format {text.name}", file=sys.stderr)
    if options.check or options.diff:
        return int(changed)
    if text.path is None:
        print_bytes(shown.encode("utf-8"))
    elif changed:
        replace(text.path, shown.encode("utf-8"))
        print(f"formatted {text.name}", file=sys.stderr)
    return 0


def _refuse(text: Text) -> None:
    """Raise what `check` says of a text that cannot be read, without what it says of names and lengths."""
    found = parse(Source(text.text, text.name), frozenset(prelude())).problems
    places = {(problem.code, problem.line, problem.column) for problem in found}
    try:
        compiled(text.text, text.name, ())
    except ScheduleError as error:
        same = [problem for problem in error.problems if (problem.code, problem.line, problem.column) in places]
        raise ScheduleError(*(same or found)) from None
    raise ScheduleError(*found)


def _difference(text: Text, shown: str) -> str:
    old, new = text.text.splitlines(keepends=True), shown.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, text.name, text.name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
