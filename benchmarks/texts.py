"""Texts that are measured: the same at every run, for the numbers in them are drawn from a fixed seed."""

from __future__ import annotations

import random

from timing import LINE

FLAGSHIP = "flagship"
ONE_STEP = "phases one step long"


def phases(count: int, shortest: int, longest: int, level: str = "e-6", seed: int = 1) -> str:
    """Linear and cosine phases one after another, with levels of their own."""
    drawn = random.Random(seed)
    parts = []
    for _ in range(count):
        curve = drawn.choice(("linear", "cosine"))
        length, begin, end = drawn.randint(shortest, longest), drawn.randint(100, 999), drawn.randint(100, 999)
        parts.append(f"{curve}({length}, from={begin}{level}, to={end}{level})")
    return " then ".join(parts)


def table_of(text: str) -> list[tuple[str, int, int, float, float]]:
    """The phases of such a text as somebody would write them down by hand: curve, begin, length, first and last level."""
    found, begin = [], 0
    for phase in text.split(" then "):
        curve, rest = phase.split("(")
        length, first, last = (float(part.split("=")[-1]) for part in rest.rstrip(")").split(","))
        found.append((curve, begin, int(length), first, last))
        begin += int(length)
    return found


def text_of(kind: str, relative: bool = False) -> str:
    """A text by its kind, with numbers of its own or relative to base."""
    if kind == FLAGSHIP:
        return "warmup(1000) then exp(max=base, k=1e-4) floor 0.001*base" if relative else LINE
    if kind == "1 phase":
        return "exp(max=base, k=1e-4) floor 0.001*base" if relative else "exp(max=1e-3, k=1e-4) floor 1e-6"
    level = "e-3*base" if relative else "e-6"
    if kind == "10 phases":
        return phases(10, 8_000, 12_000, level)
    if kind == "1,000 phases":
        return phases(1000, 50, 150, level)
    return phases(10_000, 1, 1, level)


KINDS = (FLAGSHIP, "1 phase", "10 phases", "1,000 phases", ONE_STEP)
