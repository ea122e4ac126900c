"""The tables that trainers and trackers write.

In: the text of a table: CSV or TSV with a header (W&B, TensorBoard, Lightning's and Keras' loggers, `lrdsl sample`), JSON (a
trainer's state with its `log_history`, a list of records, TensorBoard's list of triples) or JSON lines. Out: steps and values in
their order, and how far from the truth each value may be; rows without a value are left out. Refuses to know what becomes of them.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import problems
from ..diagnostic import ScheduleError
from ..records import frozen
from .families import Floats

# The names of columns, from the surest to the least sure; the part behind the last slash or blank counts too.
_STEPS = ("global_step", "trainer/global_step", "train/global_step", "step", "_step", "steps", "iteration", "iter", "update",
          "num_updates", "batch", "epoch", "epochs", "tokens", "samples")  # fmt: skip
_VALUES = ("lr", "learning_rate", "learning-rate", "learningrate", "lr_0", "lr-0", "value")
_FEW = 12  # different values: the levels of a curve of steps
_EXACT = 15  # digits from which on a value is a whole float64
_DRIFT = 4e-12  # of the peak: what a scheduler that multiplies step by step has lost
SINGLE = 1e-6  # of the peak: what a library that computes in float32 is sure of


@frozen
class Log:
    """Steps in rising order, their values, how far each may be from the truth, the columns they stood in and how exact they are."""

    t: Floats
    y: Floats
    slack: Floats
    columns: tuple[str, str]
    precision: str

    def __len__(self) -> int:
        return len(self.t)


def read(text: str, name: str, step: str | None = None, value: str | None = None) -> Log:
    """The log in a table. Raises ScheduleError where it is none, or its columns cannot be told."""
    columns = _columns(text, name)
    chosen_step = _chosen(columns, step, _STEPS, name, "the step", "--step-column")
    rest = {key: cells for key, cells in columns.items() if key != chosen_step}
    chosen_value = _chosen(rest, value, _VALUES, name, "the learning rate", "--column")
    rows: dict[float, str] = {}
    for when, what in zip(columns[chosen_step], columns[chosen_value], strict=True):
        time, number = _number(when), _number(what)
        if time is None or number is None:
            continue
        if time < 0:
            raise _wrong(f"{name} has the step {when}, and steps count from 0")
        rows[time] = what  # of two rows of one step the later one counts
    if len(rows) < 3:
        raise _wrong(f"{name} has {len(rows)} rows with both `{chosen_step}` and `{chosen_value}`: a curve needs 3")
    times = sorted(rows)
    written = [rows[time] for time in times]
    t, y = np.array(times), np.array([float(one) for one in written])
    slack, precision = _slack(written, y)
    return Log(t, y, slack, (chosen_step, chosen_value), precision)


def _wrong(message: str, advice: str | None = None) -> ScheduleError:
    return ScheduleError(problems.bad_log(message, advice))


def _number(cell: str) -> float | None:
    try:
        found = float(cell)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


# --- tables -----------------------------------------------------------------------------------------------------------


def _columns(text: str, name: str) -> dict[str, list[str]]:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _from_json(text, name)
    if not text.strip():
        raise _wrong(f"{name} is empty")
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], ",\t; ")
    except csv.Error:
        dialect = csv.excel
    rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in row)]
    head = [cell.strip() for cell in rows[0]]
    if all(_number(cell) is not None for cell in head):
        # A table without a header has steps first and values second.
        if len(head) != 2:
            raise _wrong(f"{name} has no header, and {len(head)} columns", "write names above them, such as `step,lr`")
        head, rows = ["step", "lr"], [head, *rows]
    columns: dict[str, list[str]] = {key: [] for key in head}
    for row in rows[1:]:
        cells = [*row, *[""] * (len(head) - len(row))]
        for key, cell in zip(head, cells, strict=False):
            columns[key].append(cell.strip())
    return columns


def _from_json(text: str, name: str) -> dict[str, list[str]]:
    # Numbers stay as they are written: their digits tell how exact they are.
    load = json.JSONDecoder(parse_float=str, parse_int=str).decode
    try:
        data = load(text)
    except ValueError:
        try:
            data = [load(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise _wrong(f"{name} is neither a table nor JSON: {error}") from None
    if isinstance(data, dict):
        data = next(
            (data[key] for key in ("log_history", "history", "data") if isinstance(data.get(key), list | dict)), data
        )
    if isinstance(data, dict):
        return {str(key): list(map(str, cells)) for key, cells in data.items() if isinstance(cells, list)}
    if data and all(isinstance(row, list) and len(row) == 3 for row in data):
        data = [{"step": row[1], "value": row[2]} for row in data]  # TensorBoard: wall time, step, value
    records = [row for row in data if isinstance(row, dict)]
    keys = dict.fromkeys(str(key) for row in records for key in row)
    return {key: [_cell(row.get(key)) for row in records] for key in keys}


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _chosen(
    columns: dict[str, list[str]], said: str | None, known: Sequence[str], name: str, what: str, option: str
) -> str:
    shown = ", ".join(f"`{key}`" for key in list(columns)[:12]) or "none"
    if said is not None:
        if said not in columns:
            raise _wrong(f"{name} has no column `{said}`: there are {shown}")
        return said
    filled = [key for key, cells in columns.items() if any(_number(cell) is not None for cell in cells)]
    for rank in (_whole_name, _last_part, _beginning):
        for one in known:
            found = [key for key in filled if rank(key.lower(), one)]
            if len(found) == 1:
                return found[0]
            if found:
                raise _wrong(f"{name} has several columns that may be {what}: {', '.join(f'`{key}`' for key in found)}",
                             f"say which: {option} '{found[0]}'")  # fmt: skip
    if len(filled) == 1 and known is _VALUES:
        return filled[0]
    raise _wrong(f"no column of {name} is surely {what}: there are {shown}", f"say which: {option} NAME")


def _whole_name(key: str, one: str) -> bool:
    return key == one


def _last_part(key: str, one: str) -> bool:
    # W&B names a column by its run, and adds two for the least and the largest of many runs.
    return not key.endswith(("__min", "__max")) and re.split(r"[/. ]", key)[-1] == one


def _beginning(key: str, one: str) -> bool:
    return (
        not key.endswith(("__min", "__max"))
        and re.match(rf"{re.escape(one)}[-_/]", re.split(r"[ ]", key)[-1]) is not None
    )


# --- precision --------------------------------------------------------------------------------------------------------


def _slack(written: Sequence[str], y: Floats) -> tuple[Floats, str]:
    """How far each value may be from the truth: half of the last digit that the column writes, or what arithmetic leaves."""
    top = float(np.max(np.abs(y))) or 1.0
    digits, places, plain = _digits(written)
    single = np.abs(y) < 3e38
    if (
        digits >= 9
        and single.all()
        and np.array_equal(y, y.astype(np.float32).astype(np.float64))
        and not _round(written)
    ):
        return np.full(len(y), SINGLE * top), "float32"
    if plain and places is not None:
        return np.full(len(y), 0.5 * 10.0**-places * (1 + 1e-9) + _DRIFT * top), f"{places} decimals"
    if digits >= _EXACT:
        return np.full(len(y), _DRIFT * top), "float64"
    with np.errstate(divide="ignore"):
        exponents = np.where(y == 0, -400, np.floor(np.log10(np.abs(y)) + 1e-12))
    if len(set(written)) <= _FEW and digits < 6:
        digits = 6  # a few levels, again and again: short because they are round, not because they were cut off
    half = 0.5 * 10.0 ** np.maximum(exponents - digits + 1, -320)
    return half * (1 + 1e-9) + _DRIFT * top, f"{digits} digits"


def _digits(written: Sequence[str]) -> tuple[int, int | None, bool]:
    """The most significant digits, and, where all values have as many decimals and no exponent, how many those are."""
    most, decimals = 1, set()
    plain = True
    for one in written:
        mantissa = one.lower().lstrip("+-").partition("e")[0]
        plain = plain and "e" not in one.lower()
        most = max(most, len(mantissa.replace(".", "").strip("0")) if float(one) else 1)
        decimals.add(len(mantissa.partition(".")[2]))
    fixed = plain and len(decimals) == 1 and most < _EXACT
    return most, max(decimals) if fixed and max(decimals) else None, fixed


def _round(written: Sequence[str]) -> bool:
    """Whether values are as short as people write them."""
    return max(len(one) for one in written) <= 8
