"""A schedule as a JSON document: all that a program in another language needs to compute it.

In: a schedule, and what groups see. Out: text of a document by `docs/schedule.schema.json`. Exact numbers are fractions in texts,
with the floats nearest to them. Refuses to compute, and to leave anything to be guessed: what is written is the timeline itself.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..timeline import (
    Anchored,
    BaseRow,
    Blend,
    Chain,
    Clock,
    Cycle,
    ExactRow,
    Left,
    Level,
    Node,
    Operation,
    OperationRow,
    Progress,
    RealRow,
    Row,
    Sample,
    Since,
    rounded,
)

if TYPE_CHECKING:
    from ..output import Output
    from ..schedule import Schedule
    from .groups import Groups

SCHEMA = "urn:lrdsl:schedule:1"


def document(schedule: Schedule, groups: Groups | None = None) -> str:
    """The document of a schedule."""
    from .. import __version__

    outputs = schedule.plain
    functions: list[Any] = []
    places: dict[Output, int] = {}
    if groups is not None:
        made = _groups(groups, functions, places)
    found = {
        "schema": SCHEMA,
        "lrdsl": __version__,
        "text": schedule.text,
        "bindings": schedule.bindings,
        "params": dict(schedule.params),
        "clock": schedule.clock,
        "rates": {unit: exact(worth) for unit, worth in schedule.rates.items()},
        "outputs": {output.name: _output(output) for output in outputs},
        "groups": None if groups is None else {**made, "outputs": functions},
    }
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def exact(value: Fraction) -> dict[str, Any]:
    """An exact number, and the nearest float; null where it is too large for any."""
    return {"exact": str(value), "float": _finite(rounded(value))}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _maybe(value: Fraction | None) -> dict[str, Any] | None:
    return None if value is None else exact(value)


def _output(output: Output) -> dict[str, Any]:
    timeline = output.timeline
    return {
        "name": output.name,
        "drives": output.key,
        "relation": output.relation,
        "keys": list(output.keys),
        "length": _maybe(output.length),
        "phases": [
            {"text": phase.text, "begin": exact(phase.begin), "end": _maybe(phase.end)} for phase in output.phases
        ],
        "levels": [_row(row) for row in timeline.rows],
        "timeline": node(timeline.chain),
    }


def _row(row: Row) -> dict[str, Any]:
    match row:
        case BaseRow(key):
            return {"kind": "base", "key": key}
        case ExactRow(value):
            return {"kind": "number", **exact(value)}
        case RealRow(real):
            return {"kind": "number", "exact": None, "float": _finite(real)}
        case OperationRow(function, rows):
            return {"kind": "operation", "function": function, "rows": list(rows)}


def node(one: Node) -> dict[str, Any]:
    """A node of a timeline."""
    match one:
        case Level(row):
            return {"kind": "level", "row": row}
        case Since(clock) | Progress(clock) | Left(clock):
            return {"kind": _LEAVES[type(one)], "clock": _clock(clock)}
        case Operation(function, operands):
            return {"kind": "operation", "function": function, "operands": [node(operand) for operand in operands]}
        case Blend():
            rest = None if one.complement is None else node(one.complement)
            return {
                "kind": "blend", "from": one.from_, "to": one.to, "weight": node(one.weight), "rest": rest,
                "clock": _clock(one.clock),
            }  # fmt: skip
        case Anchored():
            return {"kind": "anchored", "start": one.start, "clock": _clock(one.clock), "body": node(one.body)}
        case Chain():
            return {
                "kind": "chain",
                "parts": [{"begin": exact(part.begin), "end": _maybe(part.end), "body": node(part.body)} for part in one.parts],
            }  # fmt: skip
        case Cycle():
            times = None if one.times is None else exact(Fraction(one.times))
            return {
                "kind": "cycle", "origin": exact(one.origin), "period": exact(one.period), "stretch": exact(one.stretch),
                "factor": one.factor, "times": times, "body": node(one.body),
            }  # fmt: skip
        case Sample():
            return {"kind": "sample", "origin": exact(one.origin), "every": exact(one.every), "body": node(one.body)}


_LEAVES: dict[type, str] = {Since: "t", Progress: "p", Left: "q"}


def _clock(clock: Clock) -> dict[str, Any]:
    return {"origin": exact(clock.origin), "length": _maybe(clock.length)}


def _groups(groups: Groups, functions: list[Any], places: dict[Output, int]) -> dict[str, Any]:
    """The lines for groups and what is seen; outputs are numbers of `functions`."""

    def place(output: Output | None) -> int | None:
        if output is None:
            return None
        if output not in places:
            places[output] = len(functions)
            functions.append(_output(output))
        return places[output]

    return {
        "lines": [
            {
                "output": line.output,
                "pattern": line.pattern.text,
                "regex": line.regex,
                "numbers": list(line.pattern.names),
                "wider": list(line.wider),
            }
            for line in groups.lines
        ],
        "seen": {
            name: {"by": list(one.by), "won": [{"lines": list(won), "output": place(o)} for won, o in one.outputs.items()]}
            for name, one in groups.seen.items()
        },
        "named": {name: {key: place(one) for key, one in outputs.items()} for name, outputs in groups.named.items()},
    }  # fmt: skip
