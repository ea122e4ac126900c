"""Computes a schedule from its JSON document alone: what docs/json.md says, written down once more.

In: a document, an output or the name of a group, times, a base. Out: values. It shares no code with lrdsl and imports nothing of
it: `python json_interpreter.py DOCUMENT < QUESTIONS` answers in JSON. Times are exact fractions, so it is slow, and right.
"""

from __future__ import annotations

import bisect
import json
import math
import re
import sys
from fractions import Fraction
from typing import Any


def exact(number: Any) -> Fraction:
    return Fraction(number["exact"])


def divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except (OverflowError, ZeroDivisionError):
        return math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan


def halfwave(x: float) -> float:
    """(1 - cos(pi x)) / 2 = sin(pi x / 2)^2, with x brought to -1..1 first."""
    x -= 2 * round(x / 2)
    return 1 - math.sin(math.pi * (1 - abs(x)) / 2) ** 2 if abs(x) > 0.5 else math.sin(math.pi * x / 2) ** 2


FUNCTIONS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "^": power,
    "neg": lambda a: -a,
    "min": lambda *many: math.nan if any(one != one for one in many) else min(many),
    "max": lambda *many: math.nan if any(one != one for one in many) else max(many),
    "abs": abs,
    "cos": math.cos,
    "sin": math.sin,
    "tanh": math.tanh,
    "ln": lambda x: math.log(x) if x > 0 else -math.inf if x == 0 else math.nan,
    "halfwave": halfwave,
    "blend": lambda start, stop, s, c: blend(start, stop, s, c),
}


def blend(start: float, stop: float, s: float, c: float) -> float:
    near, far, weight = (stop, start, c) if abs(stop) <= abs(start) else (start, stop, s)
    return min(max(near + (far - near) * weight, min(start, stop)), max(start, stop))


def levels(rows: list[Any], base: Any) -> list[float]:
    found: list[float] = []
    for row in rows:
        if row["kind"] == "base":
            found.append(base[row["key"]] if isinstance(base, dict) else base)
        elif row["kind"] == "number":
            found.append(row["float"])
        else:
            found.append(FUNCTIONS[row["function"]](*(found[one] for one in row["rows"])))
    return found


def start_of(node: Any, i: int) -> Fraction:
    """When cycle i begins."""
    stretch = exact(node["stretch"])
    turns = Fraction(i) if stretch == 1 else (stretch**i - 1) / (stretch - 1)
    return exact(node["origin"]) + exact(node["period"]) * turns


def cycle_at(node: Any, time: Fraction) -> int:
    last = math.inf if node["times"] is None else exact(node["times"]) - 1
    if exact(node["stretch"]) == 1:
        i = math.floor((time - exact(node["origin"])) / exact(node["period"]))
    else:
        i = 0
        while i < last and start_of(node, i + 1) <= time:
            i += 1
    return int(max(min(i, last), 0))


def value(node: Any, time: Fraction, known: list[float]) -> float:
    match node["kind"]:
        case "level":
            return known[node["row"]]
        case "t" | "p" | "q":
            since = time - exact(node["clock"]["origin"])
            if node["kind"] == "t":
                return float(since)
            length = exact(node["clock"]["length"])
            if length == 0:
                return float(node["kind"] == "q")
            return float(since / length if node["kind"] == "p" else (length - since) / length)
        case "operation":
            return float(FUNCTIONS[node["function"]](*(value(one, time, known) for one in node["operands"])))
        case "blend":
            start, stop = known[node["from"]], known[node["to"]]
            since, length = time - exact(node["clock"]["origin"]), node["clock"]["length"]
            if since <= 0:
                return start
            if length is not None and since >= exact(length):
                return stop
            weight = value(node["weight"], time, known)
            return blend(start, stop, weight, 1 - weight if node["rest"] is None else value(node["rest"], time, known))
        case "anchored":
            return known[node["start"]] if time == exact(node["clock"]["origin"]) else value(node["body"], time, known)
        case "chain":
            begins = [exact(part["begin"]) for part in node["parts"]]
            return value(node["parts"][max(bisect.bisect_right(begins, time) - 1, 0)]["body"], time, known)
        case "cycle":
            i = cycle_at(node, time)
            found = value(node["body"], (time - start_of(node, i)) / exact(node["stretch"]) ** i, known)
            return found if node["factor"] is None else found * power(known[node["factor"]], i)
        case "sample":
            origin, every = exact(node["origin"]), exact(node["every"])
            return value(node["body"], origin + every * math.floor((time - origin) / every), known)
    raise ValueError(node["kind"])


def group(document: Any, name: str) -> dict[str, Any]:
    """The outputs as a param group of that name sees them."""
    groups = document["groups"]
    if groups is None:
        return dict(document["outputs"])
    if name in groups["named"]:
        return {key: groups["outputs"][place] for key, place in groups["named"][name].items()}
    won: dict[str, int] = {}
    lines = groups["lines"]
    for output in {line["output"] for line in lines}:
        matching = [n for n, line in enumerate(lines) if line["output"] == output and re.fullmatch(line["regex"], name)]
        best = [n for n in matching if set(matching) - {n} <= set(lines[n]["wider"])]
        if matching:
            won[output] = best[0]
    found = {}
    for output, seen in groups["seen"].items():
        wanted = [won.get(other) for other in seen["by"]]
        place = next(one["output"] for one in seen["won"] if one["lines"] == wanted)
        if place is not None:
            found[output] = groups["outputs"][place]
    return found


def values(output: Any, times: list[Any], base: Any = 1.0) -> list[float]:
    known = levels(output["levels"], base)
    return [value(output["timeline"], Fraction(time), known) for time in times]


if __name__ == "__main__":
    sys.modules["lrdsl"] = None  # type: ignore[assignment]
    with open(sys.argv[1], encoding="utf-8") as file:
        read = json.load(file)
    answers = []
    for name, output, times, base in json.load(sys.stdin):
        outputs = read["outputs"] if name is None else group(read, name)
        answers.append(values(outputs[output], times, base))
    print(json.dumps(answers))
