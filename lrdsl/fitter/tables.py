"""The tables that trainers and trackers write.

In: the bytes of a table: CSV or TSV with a header (W&B, TensorBoard, Lightning's and Keras' loggers, `lrdsl sample`), JSON (a
trainer's state with its `log_history`, a list of records, TensorBoard's list of triples) or JSON lines, gzipped or not. Out:
columns of cells as they are written, for their digits tell how exact they are. Refuses to know which of them are meant.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zlib
from typing import Any

from .. import problems
from ..diagnostic import ScheduleError
from ..records import frozen

_SEPARATORS = ("\t", ";", ",")
_LOOKED_AT = 20  # rows that tell how a table is separated
_POINT = re.compile(r"\d\.\d")
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")  # for a decimal point


@frozen
class Table:
    """Cells by the names of their columns, all of one length; and the names that stand twice with different cells."""

    columns: dict[str, list[str]]
    twice: tuple[str, ...] = ()


def wrong(message: str, advice: str | None = None) -> ScheduleError:
    return ScheduleError(problems.bad_log(message, advice))


def number_in(cell: str) -> float | None:
    try:
        found = float(cell)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def decoded(data: bytes, name: str) -> str:
    """The text of a table's bytes: UTF-8 or UTF-16 as they mark themselves, Latin-1 where a header is none of them."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise wrong(f"{name} is no whole gzip file: {error}") from None
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        if b"\0" in data:
            raise wrong(f"{name} is no table but a binary file", "export the curve as CSV or JSON")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def table(text: str, name: str) -> Table:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _from_json(text, name)
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    rows = [line for line in lines if not line.lstrip().startswith("#")]
    if not rows:
        raise wrong(f"{name} is empty")
    cells = _cells(rows, name)
    head = cells[0]
    if all(number_in(cell) is not None for cell in head):
        head, cells = _headless(lines, head, name), [head, *cells]
    if len(set(head)) == len(head) and len(cells) == 1:
        raise wrong(f"{name} has names of columns and no rows")
    return _by_name(head, cells[1:])


def _headless(lines: list[str], first: list[str], name: str) -> list[str]:
    """The names above a table without a header: a comment may hold them, and two columns are steps and values."""
    comments = [line.lstrip("# ") for line in lines if line.lstrip().startswith("#")]
    if comments:
        head = _cells(comments[-1:], name)[0]
        if len(head) == len(first) and not any(number_in(cell) is not None for cell in head):
            return head
    if len(first) != 2:
        raise wrong(f"{name} has no header, and {len(first)} columns", "write names above them, such as `step,lr`")
    return ["step", "lr"]


def _cells(lines: list[str], name: str) -> list[list[str]]:
    """The cells of lines: the first separator that cuts all of them alike, or blanks."""
    try:
        for separator in _SEPARATORS:
            few = list(csv.reader(lines[:_LOOKED_AT], delimiter=separator))
            if len(few[0]) > 1 and len({len(row) for row in few}) == 1:
                break
        else:
            many = [one for one in _SEPARATORS if one in lines[0]]
            if not many:
                return [line.split() for line in lines]
            separator = many[0]
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator))
    except csv.Error as error:
        raise wrong(f"{name} is no table: {error}") from None
    cells = [[cell.strip() for cell in row] for row in rows if any(map(str.strip, row))]
    if separator != "," and not any(_POINT.search(cell) for row in cells for cell in row):
        cells = [[cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in row] for row in cells]
    return cells


def _by_name(head: list[str], rows: list[list[str]]) -> Table:
    width = len(head)
    rows = [row if len(row) == width else [*row, *[""] * (width - len(row))][:width] for row in rows]
    columns: dict[str, list[str]] = {}
    twice = []
    for key, cells in zip(head, map(list, zip(*rows, strict=True)), strict=False):
        if columns.setdefault(key, cells) != cells:
            twice.append(key)
    return Table(columns, tuple(dict.fromkeys(twice)))


def _from_json(text: str, name: str) -> Table:
    # Numbers stay as they are written.
    load = json.JSONDecoder(parse_float=str, parse_int=str).decode
    try:
        try:
            data = load(text)
        except ValueError:
            data = [load(line) for line in text.splitlines() if line.strip()]
    except RecursionError:
        raise wrong(f"{name} is no log: its brackets are too deep") from None
    except ValueError as error:
        raise wrong(f"{name} is neither a table nor JSON: {error}") from None
    if isinstance(data, dict):
        data = next(
            (data[key] for key in ("log_history", "history", "data") if isinstance(data.get(key), list | dict)), data
        )
    if isinstance(data, dict):
        lists = {str(key): list(map(_text, cells)) for key, cells in data.items() if isinstance(cells, list)}
        lengths = {len(cells) for cells in lists.values()}
        if len(lengths) > 1:
            shown = ", ".join(f"{len(cells)} in `{key}`" for key, cells in list(lists.items())[:12])
            raise wrong(f"{name} has lists of different lengths: {shown}")
        return Table(lists)
    for size, (step, value) in ((3, (1, 2)), (2, (0, 1))):  # TensorBoard: wall time, step, value
        if data and all(isinstance(row, list) and len(row) == size for row in data):
            data = [{"step": row[step], "value": row[value]} for row in data]
    records = [row for row in data if isinstance(row, dict)]
    keys = dict.fromkeys(str(key) for row in records for key in row)
    return Table({key: [_text(row.get(key)) for row in records] for key in keys})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
