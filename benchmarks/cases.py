"""What is large: each case in a process of its own, so that its memory is its own.

    python benchmarks/cases.py NAME [SIZE]

In: the name of a case, and a size for those that have one. Out: a line of JSON: figures by name (`ns` are nanoseconds, `s`
seconds), and by how many MiB the process grew at its most. Refuses to know what others measured.
"""

from __future__ import annotations

import functools
import gc
import json
import resource
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from texts import phases
from timing import LINE, Contender, asked, minima, repeated

import lrdsl
from lrdsl import tree

Figures = dict[str, Any]
FLAGSHIP_PARAM = "param peak = 1e-3\nwarmup(1000) then exp(max=peak, k=1e-4) floor 1e-6"


def ns(*runs: Callable[[int], object]) -> list[float]:
    """Nanoseconds of one work of each, the least of some rounds; they take turns."""
    return [1e9 * least for least in minima([Contender("", run) for run in runs], 0.3 * len(runs), 0.01)]


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its seconds."""
    gc.collect()
    begun = time.perf_counter()
    found = call()
    return found, time.perf_counter() - begun


def optimizer(groups: int, own: bool = False) -> Any:
    from steps import optimizer_of

    made = optimizer_of(groups, groups if own else 1, "own lrs" if own else "")
    made.step()
    return made


def far(_: int) -> Figures:
    """A step of 10^12 costs what step 0 costs."""
    import lrdsl.torch

    text = "warmup(1000) then cosine(2T steps, from=1e-3)"
    schedule, begins, names = lrdsl.compile(text), (5000, 10**12), ("5,000", "10^12")
    steps = [np.arange(begin, begin + 100_000) for begin in begins]
    schedulers = [lrdsl.torch.attach(optimizer(1), text) for _ in begins]
    found: Figures = {}
    values = ns(*(asked(schedule, begin) for begin in begins))
    arrays = ns(*(asked(schedule, one) for one in steps))
    seeks = ns(*(asked(one.seek, begin) for one, begin in zip(schedulers, begins, strict=True)))
    moves = ns(*(repeated(one.step) for one in schedulers))
    for name, value, array, seek, move in zip(names, values, arrays, seeks, moves, strict=True):
        found[f"value at {name}, ns"], found[f"array from {name}, ns an element"] = value, array / 100_000
        found[f"seek to {name}, ns"], found[f"step from {name}, ns"] = seek, move
    return found


def tokens(_: int) -> Figures:
    """15T tokens, counted by a step in float64."""
    import lrdsl.torch

    text = "warmup(8B tokens, to=3e-4) then cosine(14.992T tokens, to=10%)"
    schedule, places, names = lrdsl.compile(text), (10**11, 14 * 10**12), ("100B", "14T")
    found: Figures = {}
    moving = []
    for name, place in zip(names, places, strict=True):
        scheduler = lrdsl.torch.attach(optimizer(1), text)
        scheduler.seek(tokens=place)
        for _ in range(1000):
            scheduler.step(tokens=4_000_001)
        found[f"position exact after 1,000 steps from {name}"] = scheduler.position == place + 1000 * 4_000_001
        moving.append(repeated(lambda one=scheduler: one.step(tokens=4_000_001)))  # type: ignore[misc]
    values, moves = ns(*(asked(schedule, place) for place in places)), ns(*moving)
    for name, value, move in zip(names, values, moves, strict=True):
        found[f"value at {name}, ns"], found[f"step(tokens=4M) from {name}, ns"] = value, move
    middle = schedule(8 * 10**9 + 7_496 * 10**9)
    found["half of the way is the mean, to 1e-15"] = abs(middle / 1.65e-4 - 1) < 1e-15
    return found


def cycles(count: int) -> Figures:
    """A repeat of so many cycles, asked in the middle."""
    schedule, seconds = timed(lambda: lrdsl.compile(f"repeat(cosine(10, from=1e-3), times={count})"))
    middle = 5 * count
    found = {"compile, s": seconds, "value, ns": ns(asked(schedule, middle))[0]}
    steps = np.arange(middle, middle + 100_000)
    if steps[-1] < 10 * count:
        found["array, ns an element"] = ns(asked(schedule, steps))[0] / steps.size
    return found


def products(factors: int) -> Figures:
    """Repeats multiplied with one another, whose common period is the product of theirs."""
    periods = (1009, 997, 7, 10_007, 100_003, 13, 1_000_003, 17)[:factors]
    text = " * ".join(f"repeat(cosine({period}, from=1))" for period in periods)
    schedule, seconds = timed(lambda: lrdsl.compile(text))
    value, first = timed(lambda: schedule(123_456_789))
    return {
        "compile, s": seconds,
        "first value, s": first,
        "value": value,
        "value, ns": ns(asked(schedule, 123_456_789))[0],
    }


def groups(count: int) -> Figures:
    """A step of so many groups that share one value, and that have a base each."""
    import lrdsl.torch

    found: Figures = {}
    relative = "warmup(1000) then exp(max=base, k=1e-4) floor 0.001*base"
    for name, text, own in (("one value", LINE, False), ("a value a group", relative, True)):
        made = optimizer(count, own)
        scheduler, seconds = timed(functools.partial(lrdsl.torch.attach, made, text))
        made.step()
        found[f"{name}: attach, s"] = seconds
        # Whole refills: a round is of many blocks.
        steps = max(2000, min(20_000, 4_000_000 // count))
        contender = Contender("", repeated(scheduler.step), steps)
        found[f"{name}: step, ns"] = 1e9 * minima([contender], 0.5, 0.0)[0]
    return found


def schedules(count: int) -> Figures:
    """So many schedules held in one process, and each asked once."""
    kept, seconds = timed(lambda: [lrdsl.compile(LINE.replace("1e-3", f"{1_000_000 + i}e-9")) for i in range(count)])
    _, asked_all = timed(lambda: [one(5000) for one in kept])
    return {"compile, s each": seconds / count, "first value, s each": asked_all / count}


def nodes(count: int) -> Figures:
    """A text of so many nodes."""
    text = phases(count // 4, 1, 9)  # four nodes a phase
    schedule, seconds = timed(lambda: lrdsl.compile(text))
    found, stack = 0, list(tree.expressions(schedule._made.parsed.file.statements[0].statement))
    while stack:
        found += 1
        stack += tree.children(stack.pop())
    return {"nodes": found, "characters": len(text), "compile, s": seconds, "value, ns": ns(asked(schedule, 50_000))[0]}


def sweep(count: int) -> Figures:
    """So many bindings of one text, each asked once and dropped."""
    schedule = lrdsl.compile(FLAGSHIP_PARAM)
    before = now()

    def run() -> float:
        return sum(schedule.bind(peak=(1_000_000 + number) * 1e-9)(5000) for number in range(count))

    total, seconds = timed(run)
    expected = sum((1_000_000 + number) * 1e-9 for number in range(count)) * float(np.exp(-0.4))
    return {
        "bindings": count,
        "all, s": seconds,
        "each, s": seconds / count,
        "left in memory, MiB": now() - before,
        "sum is right": abs(total / expected - 1) < 1e-9,
    }


def length(count: int) -> Figures:
    """A text of so many phases; its memory is that of what Python made, in a second compile."""
    text, before = phases(count, 50, 150), now()
    schedule, seconds = timed(lambda: lrdsl.compile(text))
    found: Figures = {"compile, s": seconds, "value, ns": ns(asked(schedule, 50 * count))[0]}
    found["grew by, MiB"] = max(most() - before, 0.0)  # before the tracing, which takes memory itself
    tracemalloc.start()
    kept = lrdsl.compile(f"# again\n{text}")
    kept(50 * count)
    held, peak = tracemalloc.get_traced_memory()
    return {**found, "kept, MiB": held / 2**20, "at most, MiB": peak / 2**20}


def _doubled(times: int) -> str:
    lets = [f"let a{number + 1} = a{number} + a{number}" for number in range(times)]
    return "\n".join(["let a0 = 1e-9 + t", *lets, f"lr = a{times}"])


TOO_LARGE: dict[str, Callable[[], str]] = {
    "a text of 10 million characters": lambda: "1e-3 for 1 then " * 625_000 + "1",
    "400,000 nodes within the characters": lambda: "+".join(["1"] * 400_000),
    "2^24 nodes by names in names": lambda: _doubled(24),
    "100,000 brackets in one another": lambda: "(" * 100_000 + "1" + ")" * 100_000,
    "100,000 signs in a row": lambda: "-" * 100_000 + "1",
    "a number of a million digits": lambda: "1" * 1_000_000,
    "a power of powers": lambda: "^".join(["9"] * 1000),
    "a repeat of a million cycles with a stretch": lambda: "repeat(cosine(10, from=1), times=1M, stretch=1.5)",
    "20,000 names that nobody knows": lambda: " then ".join(["cosin(1)"] * 20_000),
}


def refused(number: int) -> Figures:
    """A text above the limits: its error comes soon."""
    name, text = list(TOO_LARGE.items())[number]
    written = text()

    def run() -> str:
        try:
            lrdsl.compile(written)
        except lrdsl.ScheduleError as error:
            return error.problems[0].code
        return "no error"

    lrdsl.compile("1e-3 for 5 then 1")  # the grammar is read before
    code, seconds = timed(run)
    return {"text": name, "code": code, "error, s": seconds}


def now() -> float:
    """MiB of this process, or the most that it had where psutil is not there to tell."""
    try:
        import psutil  # type: ignore[import-untyped]
    except ImportError:
        return most()
    return float(psutil.Process().memory_info().rss) / 2**20


def most() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


CASES: dict[str, Callable[[int], Figures]] = {
    one.__name__: one for one in (far, tokens, cycles, products, groups, schedules, nodes, sweep, length, refused)
}


def _with_torch() -> None:
    import lrdsl.torch

    made = optimizer(1)
    lrdsl.torch.attach(made, LINE)
    made.step()


def main() -> None:
    warnings.simplefilter("ignore")
    case, size = CASES[sys.argv[1]], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if case in (far, tokens, groups):
        _with_torch()  # the memory of torch is not the case's
    lrdsl.compile("warmup(10) then cosine(10, from=1)")(np.arange(10))
    before = now()
    found = case(size)
    print(json.dumps({"grew by, MiB": max(most() - before, 0.0), **found}))


if __name__ == "__main__":
    main()
