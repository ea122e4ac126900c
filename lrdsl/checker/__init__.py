"""Tree to program: names, kinds, units, arguments.

In: a parsed text and what is bound from outside. Out: a program, and every independent problem. Refuses to know lengths and
levels: those are the planner's.

    library.py       definitions of shapes and curves, from the prelude and the text
    names.py         what each name of the text stands for
    expressions.py   expressions to program nodes
    calls.py         calls to the definition that fits
    suggestions.py   what was typed, and what is offered
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import problems, program, tree
from ..diagnostic import Diagnostic
from ..parser import Parsed
from . import suggestions
from .expressions import MOST_NODES, Check, Scope, TooManyNodes
from .library import CONSTANTS, VARIABLES, Library, prelude
from .names import KNOWN, Names, collect

__all__ = ["check", "prelude"]


def check(
    parsed: Parsed, bound: Mapping[str, tree.Expression], library: Library | None = None
) -> tuple[program.Program | None, list[Diagnostic]]:
    """The program of a text, or None where there is none, and the problems."""
    names = collect(parsed, dict(bound), prelude() if library is None else library)
    work = Check(names)
    work.problems += names.problems
    _check_bindings(names, parsed, work)
    outputs: dict[str, program.Node] = {}
    total: program.Node | None = None
    try:
        if "lr" in names.outputs:
            work.inside.append("lr")
            outputs["lr"] = work.schedule(names.outputs["lr"], Scope())
            work.inside.pop()
        if work.text_of("total") is not None:
            total = _total(work)
    except TooManyNodes:
        work.report(problems.too_many_nodes(names.outputs["lr"].span, MOST_NODES))
    _check_unused(names, parsed, work)
    if "lr" not in outputs and not parsed.problems and not work.problems:
        work.problems.append(problems.no_output(parsed.source))
    params = {name: param.value.span.text for name, param in names.params.items()}
    params |= {name: value.span.text for name, value in names.bound.items()}
    good = not work.problems and "lr" in outputs
    return (program.Program(outputs, total, params) if good else None), _unique(work.problems)


def _total(work: Check) -> program.Node:
    text = work.text_of("total")
    assert text is not None
    before = len(work.problems)
    work.inside.append("total")
    made = work.duration(text, Scope())
    work.inside.pop()
    if len(work.problems) == before and _share_in(made):
        return work.report(problems.total_of_itself(text.span))
    return made


def _share_in(node: program.Node) -> bool:
    match node:
        case program.Share() | program.Total():
            return True
        case program.Inner():
            return _share_in(node.body)
        case program.Operation():
            return any(_share_in(operand) for operand in node.operands)
    return False


def _check_bindings(names: Names, parsed: Parsed, work: Check) -> None:
    """A binding must have a use, may not replace a let, and keeps the kind that a default with a unit has."""
    mentioned = _mentioned(parsed.file)
    for name, value in names.bound.items():
        if name in names.lets:
            work.report(problems.binds_a_let(value.span, name, names.lets[name].name_span))
        elif name in KNOWN[1:]:
            work.report(problems.not_yet(value.span, f"`{name}`"))
        elif name != "total" and name not in names.params and name not in mentioned and name not in names.lost:
            known = {*names.params, "total"}
            guess = suggestions.BINDINGS.get(name) or suggestions.closest(name, known)
            work.report(problems.no_use_for(value.span, name, guess, sorted(names.params)))
        elif name in names.params and _bare(value):
            default = names.params[name].value
            if any(isinstance(n, tree.Number) and n.unit not in (None, "steps") for n in tree.walk(default)):
                work.report(problems.needs_a_unit(value.span, name, value.span.text, default.span))


def _bare(value: tree.Expression) -> bool:
    return not any(isinstance(node, tree.Number) and node.unit is not None for node in tree.walk(value)) and not any(
        isinstance(node, tree.Name) and node.name == "total" for node in tree.walk(value)
    )


def _mentioned(file: tree.File) -> set[str]:
    return {node.name for root in _roots(file) for node in tree.walk(root) if isinstance(node, tree.Name)}


def _roots(file: tree.File) -> list[tree.Expression]:
    roots: list[tree.Expression | None] = []
    for commented in file.statements:
        statement = commented.statement
        match statement:
            case tree.Assert():
                roots += [statement.claim.at, statement.claim.value, *(value for _, value in statement.windows)]
            case tree.Shape():
                roots += [statement.value, statement.complement]
            case _:
                roots.append(statement.value)
    return [root for root in roots if root is not None]


def _check_unused(names: Names, parsed: Parsed, work: Check) -> None:
    """What nothing uses is checked for names only."""
    unused: dict[str, tree.Param | tree.Let] = {**names.params, **names.lets}
    for name, statement in unused.items():
        if name in work.used or name == "total" or name in names.bound:
            continue
        for node in tree.walk(statement.value):
            if isinstance(node, tree.Name) and node.name not in names.known() | {*VARIABLES, *CONSTANTS}:
                guess = suggestions.closest(node.name, names.known())
                work.report(problems.unknown_name(node.span, node.name, guess))
            if isinstance(node, tree.Name) and node.name == "base" and name in names.params:
                work.report(problems.base_here(node.span, "a `param` is a constant of its own"))
            if isinstance(node, tree.Name) and node.name == name:
                work.report(problems.circle(node.span, [name, name]))
    for name in names.own - work.used:
        for definition in names.library[name]:
            formals = {formal.name for formal in definition.formals}
            for root in (definition.body, definition.complement):
                for node in tree.walk(root) if root is not None else ():
                    if isinstance(node, tree.Name) and node.name not in names.known() | formals | {*VARIABLES}:
                        work.report(problems.unknown_name(node.span, node.name, None))


def _unique(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each problem once, in the order of the text: a name that is used twice puts its text in twice."""
    seen: dict[object, Diagnostic] = {}
    for problem in found:
        place = (problem.labels[0].span.start, problem.labels[0].span.end) if problem.labels else ()
        seen.setdefault((problem.code, place, problem.message), problem)
    return sorted(seen.values(), key=lambda p: p.labels[0].span.start if p.labels else -1)
