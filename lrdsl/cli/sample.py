"""sample: the values of every output, as data.

In: options. Out: CSV, JSON or npy, on stdout or in a file. Refuses to round: a number is written with as many digits as it takes
to read the same number again.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from .texts import Usage, complete, keep_apart, only, write

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..schedule import Schedule

    Floats = NDArray[np.float64]

POINTS = 101  # over the run, where no times are asked for
MOST = 10_000_000


def run(options: argparse.Namespace) -> int:
    text = only(options)
    keep_apart(options, [text])
    format_ = options.format or _format_of(options.out)
    if format_ == "npy" and options.out is None and sys.stdout.isatty():
        raise Usage("npy is no text for a terminal: give a file with -o, or pipe it")
    made = complete(text, options)
    times = _times(made, options)
    columns = {name: made[name](times, options.base) for name in made.outputs}
    write(options, _WRITERS[format_](made.clock, times, columns))
    return 0


def _format_of(out: str | None) -> str:
    ending = (out or "").lower().rpartition(".")[2]
    return ending if ending in ("json", "npy") else "csv"


def _times(schedule: Schedule, options: argparse.Namespace) -> Floats:
    import numpy as np

    from ..plotter import horizon

    until = options.until
    if any(not 0 <= time < math.inf for time in (until or 0, *(options.at or ()))):
        raise Usage("--at and --until take times from 0")
    if options.every is not None and not 0 < options.every < math.inf:
        raise Usage(f"--every takes a time above 0, not {options.every:g}")
    if options.at is not None:
        return np.array([time for time in options.at if until is None or time <= until], dtype=np.float64)
    if until is None:
        until = max(horizon(output, None, options.base) for output in schedule.plain)
    if options.every is None:
        return np.linspace(0.0, until, POINTS)
    count = math.floor(until / options.every) + 1
    if count > MOST:
        raise Usage(f"{count:_} values: at most {MOST:_} are written; --every {until / 1e6:g} gives a million")
    found: Floats = np.arange(count, dtype=np.float64) * options.every
    return found


def _csv(clock: str, times: Floats, columns: dict[str, Floats]) -> bytes:
    rows = [",".join((clock.removesuffix("s"), *columns))]
    values = [list(map(repr, column.tolist())) for column in columns.values()]
    rows += map(",".join, zip(map(str, map(_plain, times.tolist())), *values, strict=True))
    return ("\n".join(rows) + "\n").encode("utf-8")


def _json(clock: str, times: Floats, columns: dict[str, Floats]) -> bytes:
    outputs = {name: column.tolist() for name, column in columns.items()}
    return (json.dumps({"clock": clock, "times": list(map(_plain, times.tolist())), "outputs": outputs}) + "\n").encode(
        "utf-8"
    )


def _npy(clock: str, times: Floats, columns: dict[str, Floats]) -> bytes:
    import numpy as np

    out = io.BytesIO()
    np.save(out, np.stack([times, *columns.values()], axis=1))
    return out.getvalue()


def _plain(time: float) -> int | float:
    """A whole time as people write it, without `.0`."""
    return int(time) if time.is_integer() and abs(time) < 1e15 else time


_WRITERS: dict[str, Callable[[str, Floats, dict[str, Floats]], bytes]] = {"csv": _csv, "json": _json, "npy": _npy}
