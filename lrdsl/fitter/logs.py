"""Logged curves, and how exact they are.

In: a table. Out: steps and values in their order, and how far from the truth each value may be; rows without a value are left out.
Refuses to know how a table is written, and what becomes of the log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..checker.units import UNITS
from ..records import frozen
from .families import Floats
from .tables import Table, number_in, table, wrong

# The names of columns, from the surest to the least sure; the part behind the last slash or blank counts too.
_STEPS = ("global_step", "trainer/global_step", "train/global_step", "step", "_step", "steps", "iteration", "iter", "update",
          "num_updates", "batch", "epoch", "epochs", "tokens", "tokens_seen", "consumed_tokens", "num_tokens", "samples",
          "consumed_samples")  # fmt: skip
_VALUES = ("lr", "learning_rate", "learning-rate", "learningrate", "lr_0", "lr-0", "value")
_FLOAT64, _FLOAT32 = "float64", "float32"
_FEW = 12  # different values: the levels of a curve of steps
_LEAST = 1e-200  # below it, squares are 0
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
    again: int = 0  # steps that stand there twice, with different values

    def __len__(self) -> int:
        return len(self.t)

    @property
    def unit(self) -> str:
        """What its times count, by the name of their column: steps where that names nothing else."""
        name = re.split(r"[/. ]", self.columns[0].lower())[-1]
        return next((unit for unit in UNITS if unit.removesuffix("s") in name), "steps")

    @property
    def rounded(self) -> bool:
        """Whether digits were left out, so that what they were of is not seen."""
        return self.precision not in (_FLOAT64, _FLOAT32)


def read(text: str, name: str, step: str | None = None, value: str | None = None) -> Log:
    """The log in a table. Raises ScheduleError where it is none, or its columns cannot be told."""
    found = table(text, name)
    chosen_step = _chosen(found, step, _STEPS, name, "the step", "--step-column")
    rest = Table({key: cells for key, cells in found.columns.items() if key != chosen_step}, found.twice)
    chosen_value = _chosen(rest, value, _VALUES, name, "the learning rate", "--column")
    rows: dict[float, str] = {}
    again, strange = set(), ""
    for when, what in zip(found.columns[chosen_step], found.columns[chosen_value], strict=True):
        time, number = number_in(when), number_in(what)
        if time is None or number is None:
            strange = strange or next((cell for cell in (when, what) if cell and number_in(cell) is None), "")
            continue
        if time < 0:
            raise wrong(f"{name} has the step {when}, and steps count from 0")
        if rows.setdefault(time, what) != what:
            again.add(time)
            rows[time] = what  # a run that was resumed: the later row counts
    if len(rows) < 3:
        many = f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}"
        why = f" (`{strange[:40]}` is no number)" if strange else ""
        raise wrong(f"{name} has {many} with both `{chosen_step}` and `{chosen_value}`{why}: a curve needs 3")
    times = sorted(rows)
    written = [rows[time] for time in times]
    t, y = np.array(times), np.array([float(one) for one in written])
    slack, precision = _slack(written, y)
    _sane(t, y, slack, name)
    return Log(t, y, slack, (chosen_step, chosen_value), precision, len(again))


def _sane(t: Floats, y: Floats, slack: Floats, name: str) -> None:
    below = np.flatnonzero(y < -slack)
    if len(below):
        where = below[0]
        raise wrong(f"{name} has {y[where]:g} at step {t[where]:g}, and no learning rate is below 0")
    top = float(np.max(y))
    if 0 < top < _LEAST:
        raise wrong(f"the largest value of {name} is {top:g}: that is no learning rate")


def _chosen(found: Table, said: str | None, known: Sequence[str], name: str, what: str, option: str) -> str:
    one = _named(found.columns, said, known, name, what, option)
    if one in found.twice:
        raise wrong(f"{name} has two columns `{one}`, and they differ", "give them names of their own")
    return one


def _named(
    columns: dict[str, list[str]], said: str | None, known: Sequence[str], name: str, what: str, option: str
) -> str:
    shown = ", ".join(f"`{key}`" for key in list(columns)[:12]) or "none"
    if said is not None:
        if said not in columns:
            raise wrong(f"{name} has no column `{said}`: there are {shown}")
        return said
    filled = [key for key, cells in columns.items() if any(number_in(cell) is not None for cell in cells)]
    for rank in (_whole_name, _last_part, _beginning):
        for one in known:
            found = [key for key in filled if rank(key.lower(), one)]
            if found and all(columns[key] == columns[found[0]] for key in found):
                return found[0]  # groups that all have the same
            if found:
                raise wrong(f"{name} has several columns that may be {what}: {', '.join(f'`{key}`' for key in found)}",
                             f"say which: {option} '{found[0]}'")  # fmt: skip
    if len(filled) == 1 and known is _VALUES:
        return filled[0]
    named = [key for key in columns if key not in filled and any(_last_part(key.lower(), one) for one in known)]
    if named:
        cell = next((cell for cell in columns[named[0]] if cell), "")
        raise wrong(f"`{named[0]}` of {name} holds no numbers" + (f": `{cell[:40]}`" if cell else ""))
    raise wrong(f"no column of {name} is surely {what}: there are {shown}", f"say which: {option} NAME")


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
        return np.full(len(y), SINGLE * top), _FLOAT32
    # A few levels, again and again: short because they are round, not because they were cut off, if no 0 fills them up.
    levels = len(set(written)) <= _FEW
    filled = places is not None and places > 1 and any(one.endswith("0") for one in written)
    if plain and places is not None and (filled or not levels):
        return np.full(
            len(y), 0.5 * 10.0**-places * (1 + 1e-9) + _DRIFT * top
        ), f"{places} decimal{'s' if places != 1 else ''}"
    if digits >= _EXACT:
        return np.full(len(y), _DRIFT * top), _FLOAT64
    with np.errstate(divide="ignore"):
        exponents = np.where(y == 0, -400, np.floor(np.log10(np.abs(y)) + 1e-12))
    if levels and digits < 6:
        digits = 6
    half = 0.5 * 10.0 ** np.maximum(exponents - digits + 1, -320)
    return half * (1 + 1e-9) + _DRIFT * top, f"{digits} digit{'s' if digits != 1 else ''}"


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
