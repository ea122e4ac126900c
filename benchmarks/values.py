"""What one value costs: `schedule(t)` for a number, beside formulas by hand and functions of other libraries.

In: a bench. Out: its rows, in nanoseconds a call.
"""

from __future__ import annotations

import math
import random

import numpy as np
from arrays import optax_schedule
from texts import phases
from timing import LINE, OURS, Bench, Contender, Target, asked, repeated

import lrdsl

SECTION = "one value"
LIMIT = Target("1 us", 1.0, 1000.0)


def by_math(t: float) -> float:
    return 1e-3 * t / 1000 if t < 1000 else max(1e-3 * math.exp(-1e-4 * (t - 1000)), 1e-6)


def by_numpy(t: float) -> float:
    return 1e-3 * t / 1000 if t < 1000 else max(1e-3 * np.exp(-1e-4 * (t - 1000)), 1e-6)


def flagship(bench: Bench) -> None:
    schedule = lrdsl.compile(LINE)
    contenders = [
        Contender(OURS, asked(schedule, 5000)),
        Contender("math.exp by hand", asked(by_math, 5000)),
        Contender("np.exp by hand", asked(by_numpy, 5000)),
    ]
    lrsched = bench.peer("lrsched")
    if lrsched is not None:
        theirs = lrsched.exponential(base_lr=1e-3, gamma=math.exp(-1e-4))
        theirs = lrsched.with_warmup(theirs, warmup_steps=1000, start_lr=0.0)
        contenders.append(Contender("lrsched, no floor", asked(theirs, 5000)))
    jax, joined = optax_schedule(bench)
    if jax is not None:
        jitted = jax.jit(joined)
        contenders.append(Contender("optax", asked(joined, 5000)))
        contenders.append(Contender("optax, jitted", repeated(lambda: jitted(5000).block_until_ready())))
    bench.row(SECTION, "flagship at 5,000", "call", contenders, [LIMIT], shown=True)


def forms(bench: Bench) -> None:
    """Other places and curves; the alternative is the formula by `math`."""
    for work, text, t, by_hand in (
        ("flagship in its warmup", LINE, 500, by_math),
        ("flagship in its tail", LINE, 500_000, by_math),
        (
            "cosine",
            "cosine(100k, from=1e-3)",
            30_000,
            lambda t: 0.5e-3 * (1 + math.cos(math.pi * t / 100_000)),
        ),
        ("linear", "linear(100k, from=1e-3)", 30_000, lambda t: 1e-3 * (1 - t / 100_000)),
        (
            "warmup, rsqrt",
            "warmup(10k, to=8e-4) then rsqrt(timescale=10k)",
            30_000,
            lambda t: 8e-4 * t / 10_000 if t < 10_000 else 8e-4 / math.sqrt(t / 10_000),
        ),
        (
            "repeat(cosine(1000))",
            "repeat(cosine(1000, from=1e-3))",
            30_500,
            lambda t: 0.5e-3 * (1 + math.cos(math.pi * (t % 1000) / 1000)),
        ),
    ):
        schedule = lrdsl.compile(text)
        contenders = [
            Contender(OURS, asked(schedule, t)),
            Contender("math by hand", asked(by_hand, t)),
        ]
        bench.row(SECTION, work, "call", contenders, [LIMIT], seconds=0.5)


def many_phases(bench: Bench) -> None:
    """At one time, and at times in any order, where memory is not at hand."""
    text = phases(10_000, 1, 20)
    schedule = lrdsl.compile(text)
    end = int(schedule.length or 0)
    drawn = random.Random(1)
    times = [drawn.randrange(end) for _ in range(4096)]
    contenders = [Contender(OURS, asked(schedule, end // 2))]
    scattered = [Contender(OURS, repeated(lambda: list(map(schedule, times))))]
    lrsched = bench.peer("lrsched")
    if lrsched is not None:
        theirs = lrsched.sequential(_for_lrsched(lrsched, text))
        contenders.append(Contender("lrsched.sequential", asked(theirs, end // 2)))
    bench.row(SECTION, "among 10,000 phases", "call", contenders, [LIMIT], shown=True)
    bench.row(SECTION, "among 10,000 phases, any order", "call", scattered, [LIMIT], per=len(times))


def _for_lrsched(lrsched: object, text: str) -> list[tuple[int, object]]:
    found = []
    for phase in text.split(" then "):
        curve, rest = phase.split("(")
        length, first, last = (float(part.split("=")[-1]) for part in rest.rstrip(")").split(","))
        end = "end_lr" if curve == "linear" else "min_lr"
        made = getattr(lrsched, curve)(base_lr=first, total_steps=int(length), **{end: last})
        found.append((int(length), made))
    return found


def measure(bench: Bench) -> None:
    """All rows of one value."""
    flagship(bench)
    forms(bench)
    many_phases(bench)
