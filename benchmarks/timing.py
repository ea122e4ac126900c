"""Times of several ways to do one work, taken in turns in one process, and what is made of them.

In: contenders, each a function that does the work n times. Out: rows (the least time of each, in nanoseconds, and whether the
targets are reached), tables on stdout, and JSON. Refuses to know what the work is.

Traps: on a busy machine only ratios of minima within one run mean anything; the collector of garbage stays on, for what a
contender leaves behind is part of its cost; a contender that prepares values ahead must be timed over whole preparations, so its
count is given and not found.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

OURS = "lrdsl"
LINE = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


@dataclass
class Contender:
    """`run(n)` does the work n times; `count` is n for one timed round (None: found by trying); `before` is not timed."""

    name: str
    run: Callable[[int], object]
    count: int | None = None
    before: Callable[[], object] | None = None


@dataclass(frozen=True)
class Target:
    """At most `ratio` times the time of an alternative, or of `ns` nanoseconds where that is given."""

    against: str
    ratio: float
    ns: float | None = None

    def reached(self, ours: float, alternatives: dict[str, float]) -> bool | None:
        """None where the alternative is not installed."""
        other = self.ns if self.ns is not None else alternatives.get(self.against)
        return None if other is None else ours <= self.ratio * other


@dataclass
class Row:
    """One work: nanoseconds a `unit` (a step, an element, a call) of lrdsl and of the others."""

    section: str
    work: str
    unit: str
    ours: float
    alternatives: dict[str, float]
    targets: tuple[Target, ...] = ()
    note: str = ""
    shown: bool = False  # in the picture

    @property
    def reached(self) -> bool | None:
        """Whether every target that could be looked at is reached; None where there was none."""
        found = [target.reached(self.ours, self.alternatives) for target in self.targets]
        known = [one for one in found if one is not None]
        return all(known) if known else None


@dataclass
class Bench:
    """What a run collects; `quick` is for trying, its figures are rough."""

    quick: bool = False
    rows: list[Row] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def peer(self, name: str) -> ModuleType | None:
        """A module that may be missing: then its rows are left out, and a line says so once."""
        try:
            return importlib.import_module(name)
        except ImportError:
            self.skip(f"{name} is not installed: left out")
            return None

    def skip(self, why: str) -> None:
        if why not in self.skipped:
            self.skipped.append(why)
            print(f"- {why}", flush=True)

    def row(
        self,
        section: str,
        work: str,
        unit: str,
        contenders: list[Contender],
        targets: Iterable[Target] = (),
        *,
        per: int = 1,
        seconds: float = 1.0,
        note: str = "",
        shown: bool = False,
    ) -> Row:
        """Measure for about so many seconds: the first contender is lrdsl; `per` units are done by one run(1)."""
        least = minima(contenders, *((0.1, 0.003) if self.quick else (seconds, 0.01)))
        times = {one.name: 1e9 * seconds / per for one, seconds in zip(contenders, least, strict=True)}
        ours = times.pop(contenders[0].name)
        found = Row(section, work, unit, ours, times, tuple(targets), note, shown)
        self.rows.append(found)
        print(lines(found), flush=True)
        return found


def repeated(call: Callable[[], object]) -> Callable[[int], None]:
    """A function that calls n times."""

    def run(count: int) -> None:
        for _ in range(count):
            call()

    return run


def asked(function: Callable[[Any], object], argument: Any) -> Callable[[int], None]:
    """A function that calls n times with an argument, without a lambda in between: that would be a tenth of what is measured."""

    def run(count: int) -> None:
        for _ in range(count):
            function(argument)

    return run


LEAST_ROUNDS, MOST_ROUNDS = 3, 40


def minima(contenders: list[Contender], seconds: float, a_round: float) -> list[float]:
    """The least seconds of one work of each contender; they take turns, so that what disturbs meets all."""
    counts = [one.count or _count(one, a_round) for one in contenders]
    least = [math.inf] * len(contenders)
    end = time.perf_counter() + seconds
    for number in range(MOST_ROUNDS):
        if number >= LEAST_ROUNDS and time.perf_counter() > end:
            break
        for index, (one, count) in enumerate(zip(contenders, counts, strict=True)):
            if one.before is not None:
                one.before()
            begun = time.perf_counter()
            one.run(count)
            least[index] = min(least[index], (time.perf_counter() - begun) / count)
    return least


def _count(one: Contender, seconds: float) -> int:
    """How many works take about so long; what is slow is done once.

    The first work is not looked at: what is compiled or loaded at first would make it seem slow, and then one call a round would
    be timed, the clock and the loop with it.
    """
    one.run(1)
    count = 1
    while True:
        if one.before is not None:
            one.before()
        begun = time.perf_counter()
        one.run(count)
        took = time.perf_counter() - begun
        if took >= seconds / 4:
            return max(1, round(count * seconds / took))
        count *= 4


def shown_time(ns: float) -> str:
    for limit, divisor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms")):
        if ns < limit:
            return f"{ns / divisor:.3g} {unit}"
    return f"{ns / 1e9:.3g} s"


def lines(row: Row) -> str:
    """A row of the table: a line for each alternative and each target."""
    unit = f"{'an' if row.unit[0] in 'aeiou' else 'a'} {row.unit}"
    head = f"{row.section[:22]:<23}{row.work[:48]:<49}{shown_time(row.ours):>9} {unit}"
    found = [head]
    for name, ns in row.alternatives.items():
        wanted = [target for target in row.targets if target.against == name]
        marks = "".join(f"  <= {one.ratio:g}: {_mark(row, one)}" for one in wanted)
        found.append(f"{'':<27}{name[:44]:<45}{shown_time(ns):>9}  ratio {row.ours / ns:<8.3g}{marks}")
    for one in row.targets:
        if one.against not in row.alternatives:
            limit = "" if one.ns is None else shown_time(one.ratio * one.ns)
            found.append(f"{'':<27}{'at most: ' + one.against:<45}{limit:>9}  {_mark(row, one)}")
    return "\n".join(found)


def _mark(row: Row, target: Target) -> str:
    return {True: "reached", False: "MISSED", None: "unknown"}[target.reached(row.ours, row.alternatives)]


def as_data(row: Row) -> dict[str, Any]:
    targets = [{**asdict(one), "reached": one.reached(row.ours, row.alternatives)} for one in row.targets]
    return {**asdict(row), "targets": targets, "reached": row.reached}


def machine() -> dict[str, Any]:
    """What it was measured on."""
    found: dict[str, Any] = {"cpu": cpu(), "cores": os.cpu_count(), "system": platform.system()}
    found["python"] = platform.python_version()
    for name in (
        "numpy",
        "torch",
        "jax",
        "optax",
        "numexpr",
        "numba",
        "transformers",
        "ignite",
        "lrsched",
        "pytorch_scheduler",
    ):
        module = sys.modules.get(name)
        if module is not None:
            found[name] = str(getattr(module, "__version__", "unknown"))
    return found


def cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def write_json(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"see {path}")
