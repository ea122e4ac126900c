"""What a standalone module says of itself.

In: a schedule. Out: the docstring of its module: the text, its phases, the formulas it names, the schedule in one line, all
escaped, so that nothing of a text gets into code. Refuses to write any code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..problems import time_text

if TYPE_CHECKING:
    from ..schedule import Schedule
    from .groups import Groups

_MOST_PHASES = 40  # of an output


def docstring(schedule: Schedule, target: str, groups: Groups | None) -> str:
    text = schedule.text.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    needs = "nothing but Python" if target == "python" else f"{target} alone"
    names = ", ".join(output.name for output in schedule.plain)
    lines = [f'"""{names} as a function of time in {schedule.clock}; needs {needs}.', ""]
    lines += [f"    {line}".rstrip() for line in text.splitlines()]
    if schedule.bindings:
        lines += ["", "with " + ", ".join(f"{name} = {value}" for name, value in schedule.bindings.items())]
    for output in schedule.plain:
        lines += ["", "phases:" if len(schedule.plain) == 1 else f"phases of {output.name}:"]
        for phase in output.phases[:_MOST_PHASES]:
            end = "on" if phase.end is None else f"to {time_text(phase.end)}"
            lines.append(f"    {time_text(phase.begin)} {end}: {escaped(phase.text)}")
        if len(output.phases) > _MOST_PHASES:
            lines.append(f"    and {len(output.phases) - _MOST_PHASES} more")
    if groups is not None:
        lines += ["", "lines for groups, whose functions are found by `group(name)`:"]
        for line in groups.lines:
            need = " (of the names that were given, for it takes a number from each)" if line.pattern.names else ""
            lines.append(f'    {line.output}["{escaped(line.pattern.text)}"]{need}')
    formulas = _formulas(schedule)
    if formulas:
        lines += ["", "formulas, with p from 0 to 1 over the phase, q = 1 - p, t since it began:"]
        lines += [f"    {line}" for line in formulas]
    lines += ["", escaped(schedule.summary), '"""', "", "from __future__ import annotations", ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _formulas(schedule: Schedule) -> list[str]:
    """The definitions of the shapes and curves that the text names."""
    from ..checker import prelude

    found = []
    phases = [phase for output in schedule.plain for phase in output.phases]
    for name, definitions in prelude().items():
        if any(re.search(rf"(?<![a-z0-9_.]){name}(?![a-z0-9_])", phase.text) for phase in phases):
            for definition in definitions:
                found.append(escaped(f"{definition.kind} {' '.join(definition.span.text.split(None, 1)[1].split())}"))
    return found
