"""Groups of parameters, by their names and the patterns of a text.

In: a model and a schedule. Out: param groups for any torch optimizer, each parameter in exactly one, and a table that says what
matched what. Refuses to know values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from .. import compile as compile_text
from .. import problems
from ..diagnostic import ScheduleError
from ..patterns import Numbers, Pattern, pattern
from ..schedule import Schedule

Matched = tuple[tuple[str, str, Numbers], ...]  # output, pattern, numbers: of every line that matches


class ParamGroups(list[dict[str, Any]]):
    """Param groups as torch's optimizers take them; printed, a table of what matched what."""

    def __init__(self, groups: Iterable[dict[str, Any]], schedule: Schedule) -> None:
        super().__init__(groups)
        self._schedule = schedule

    @property
    def table(self) -> str:
        """A line a group: its name, how many parameters and numbers it has, and the line that each output takes."""
        outputs = self._schedule.lines
        rows = [("group", "parameters", "numbers", *outputs)]
        for group in self:
            count, size = len(group["params"]), sum(parameter.numel() for parameter in group["params"])
            rows.append((group["name"], str(count), f"{size:_}", *_lines(self._schedule, group["name"])))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if 0 < column < 3 else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        )

    def __str__(self) -> str:
        return self.table


def param_groups(
    model: nn.Module | Iterable[tuple[str, nn.Parameter]], schedule: str | Schedule, **bindings: Any
) -> ParamGroups:
    """Groups for an optimizer from the patterns of a text: parameters that the same patterns match are one group.

    `model` is a module or its `named_parameters()`. A group's name is such that exactly the patterns that took its parameters
    match it. Raises ScheduleError where no line decides for a parameter, and where a pattern matches none.

    >>> import torch, lrdsl.torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    >>> print(lrdsl.torch.param_groups(model, 'lr = 1e-3\\nlr["*.bias"] = 2e-3'))
    group     parameters  numbers  lr
    *.weight           2       18  (plain)
    *.bias             2        5  *.bias
    """
    found = schedule if isinstance(schedule, Schedule) and not bindings else _compiled(schedule, bindings)
    named = list(model.named_parameters()) if isinstance(model, nn.Module) else list(model)
    if not named or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in named):
        raise ScheduleError(
            problems.bad_call("groups are built from names and parameters", "param_groups(model, text)")
        )
    lines = [(output, pattern(text)) for output, text in found.patterns]
    _check_used(found, lines, [name for name, _ in named])
    taken: dict[Matched, list[tuple[str, nn.Parameter]]] = {}
    for name, parameter in named:
        found.group(name)  # what is undecided is told with the name of the parameter
        taken.setdefault(_matched(lines, name), []).append((name, parameter))
    groups = [
        {
            "params": [parameter for _, parameter in members],
            "name": _name(lines, matched, [name for name, _ in members]),
        }
        for matched, members in taken.items()
    ]
    return ParamGroups(groups, found)


def _compiled(schedule: str | Schedule, bindings: Mapping[str, Any]) -> Schedule:
    return schedule.bind(**bindings) if isinstance(schedule, Schedule) else compile_text(schedule, **bindings)


def _check_used(schedule: Schedule, lines: Sequence[tuple[str, Pattern]], names: Sequence[str]) -> None:
    missed = [
        problems.matches_nothing(schedule.place(output, one.text), one.text, names)
        for output, one in lines
        if not any(one.ways(name) for name in names)
    ]
    if missed:
        raise ScheduleError(*missed)


def _matched(lines: Sequence[tuple[str, Pattern]], name: str) -> Matched:
    return tuple((output, one.text, numbers) for output, one in lines for numbers in one.ways(name)[:1])


def _name(lines: Sequence[tuple[str, Pattern]], matched: Matched, names: Sequence[str]) -> str:
    """A short name that exactly the patterns match that match the members, with the same numbers."""
    if len(names) == 1:
        return names[0]
    begin = _common(names)
    end = _common([name[len(begin) :][::-1] for name in names])[::-1]
    # Whole words where they do; `layers.1*` would speak of the layers 10 to 19 too.
    words, tail = begin[: begin.rfind(".") + 1], end[end.find(".") :] if "." in end else ""
    stem = begin.rstrip("0123456789")
    for candidate in (
        f"{words}*{tail}",
        f"{words}*",
        f"*{tail}",
        f"{words}*{end}",
        f"{stem}*{tail}",
        f"{stem}*{end}",
        "others",
    ):
        if _matched(lines, candidate) == matched:
            return candidate
    return names[0]


def _common(texts: Sequence[str]) -> str:
    """The beginning that all texts have: of the first and the last of them in their order."""
    first, last = min(texts), max(texts)
    same = next(
        (index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:same]


def _lines(schedule: Schedule, name: str) -> list[str]:
    """For each output the pattern that wins in a group, or how else it is decided."""
    won = schedule.group(name).won
    plain = {output.name for output in schedule.plain}
    return [won.get(output, "(plain)" if output in plain else "-") for output in schedule.lines]
