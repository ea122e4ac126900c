"""Problems, for people and for programs.

In: problems and the options that say how. Out: lines on stderr; of `check` as JSON, one array on stdout, so that it can be piped.
Refuses to know what is wrong with what.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from typing import Any

from ..diagnostic import Diagnostic, as_data, concise, github, render


def report(found: Sequence[Diagnostic], options: argparse.Namespace) -> None:
    """Say what was found, now or, as JSON, when the command ends."""
    match options.output_format:
        case "json":
            options.found = [*getattr(options, "found", ()), *found]
        case "github":
            for problem in found:
                print(github(problem), file=sys.stderr)
        case "concise":
            for problem in found:
                print(concise(problem), file=sys.stderr)
        case _ if found:
            color = colored(options.color, sys.stderr)
            print("\n\n".join(render(problem, color) for problem in found), file=sys.stderr)


def flush(options: argparse.Namespace) -> None:
    """The array of JSON, where that is the format; `check` prints an empty one too."""
    if options.output_format != "json":
        return
    found = [as_data(problem) for problem in getattr(options, "found", ())]
    if found or options.command == "check":
        stream = sys.stdout if options.command == "check" else sys.stderr
        print(json.dumps(found, indent=2), file=stream)


def colored(choice: str, stream: Any) -> bool:
    if choice != "auto":
        return choice == "always"
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR")


def speaks_unicode(stream: Any) -> bool:
    return (stream.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")


def plain(text: str, unicode: bool) -> str:
    """A text for a stream that may speak ASCII alone."""
    return text if unicode else text.replace("·", "-").encode("ascii", "replace").decode("ascii")


def finite(data: Any) -> Any:
    """JSON knows no infinity and no NaN."""
    match data:
        case dict():
            return {key: finite(value) for key, value in data.items()}
        case list():
            return [finite(value) for value in data]
        case float():
            return data if math.isfinite(data) else None
    return data
