"""diff: where and by how much two texts, or two bindings of one, differ.

In: options. Out: words, a table and a picture on stdout, or JSON; 0 where they are the same for all times, 1 where they are not.
Refuses to decide anything about texts.
"""

from __future__ import annotations

import argparse
import json
from fractions import Fraction

from ..comparison import Difference, OutputDifference, difference
from ..problems import number_text, time_text
from .pictures import show
from .report import finite
from .texts import UNITS, Text, Usage, complete, keep_apart, pair, texts


def run(options: argparse.Namespace) -> int:
    given = texts(options)
    if len(given) > 2 or (len(given) == 1 and not options.others):
        raise Usage(
            "diff takes two texts, or one and --with NAME=VALUE for another binding of it, "
            f"as in lrdsl diff old.lrs new.lrs; {len(given)} given"
        )
    keep_apart(options, given)
    first, second = given[0], given[-1]
    one, two = complete(first, options), complete(second, _bound_otherwise(options))
    names = _names(first, second, options)
    at = None if options.at is None else Fraction(options.at)
    found = difference(one, two, names, at=at, base=options.base)
    if options.format == "json":
        print(json.dumps(finite(found.as_data()), indent=2))
    else:
        _say(found)
    if options.out is not None or (options.format != "json" and not found.same):
        print(end="\n" if options.out is None else "")
        show([one, two], options)
    return 0 if found.same else 1


def _bound_otherwise(options: argparse.Namespace) -> argparse.Namespace:
    """The options with the bindings of the second text: those of both, and its own, which win."""
    own: dict[str, str] = {}
    for name, value in (pair("--with", one) for one in options.others):
        if name in own:
            raise Usage(f"{name} is given twice: by --with")
        own[name] = value
    found = argparse.Namespace(**vars(options))
    found.settings = [one for one in options.settings if one.partition("=")[0].strip() not in own]
    for name, value in own.items():
        if name in UNITS:
            setattr(found, name, value)
        else:
            found.settings.append(f"{name}={value}")
    return found


def _names(first: Text, second: Text, options: argparse.Namespace) -> tuple[str, str]:
    """What the two are called: by their files, or A and B where these have one name."""
    if first.name != second.name and "<command line>" not in (first.name, second.name):
        return first.name, second.name
    return ("A", "B")


def _say(found: Difference) -> None:
    print(found.words)
    for one in found.outputs:
        if one.comparison.same is False:
            print()
            print("\n".join(_table(one, found)))


def _table(one: OutputDifference, found: Difference) -> list[str]:
    """Both values at the moments that tell most."""
    head = [found.clock.removesuffix("s"), *found.names, "difference", ""]
    rows = [head]
    for time, first, second in one.rows:
        gap = second - first
        if abs(gap) <= 1e-9 * max(abs(first), abs(second)):
            gap = 0.0  # where a stretch ends is found to a few digits less than values have
        share = "" if first == 0 or gap == 0 else f"{100 * gap / abs(first):+.3g} %"
        told = "same" if gap == 0 else ("+" if gap > 0 else "") + number_text(float(f"{gap:.4g}"))
        shown = Fraction(round(time)) if time.denominator > 1 and time > 100 else time
        rows.append([time_text(shown), number_text(first), number_text(second), told, share])
    if len(found.outputs) > 1:
        rows[0][0] = f"{one.name} at {rows[0][0]}"
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
