"""Tree to program: names, kinds, units, arguments.

In: a parsed text and what is bound from outside. Out: a program, and every independent problem. Refuses to know lengths and
levels: those are the planner's.

    library.py       definitions of shapes and curves, from the prelude and the text
    names.py         what each name of the text stands for
    expressions.py   expressions to program nodes
    calls.py         calls to the definition that fits
    doubts.py        lengths that were hardly meant as steps
    scope.py, kinds.py   what a name may mean at a place; numbers, times and shares
    units.py         what units are worth, and the clock
    suggestions.py   what was typed, and what is offered
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import problems, program, tree
from ..diagnostic import Diagnostic
from ..parser import MOST_NODES, Parsed
from ..patterns import Numbers, narrowest
from ..source import Span
from . import suggestions
from .expressions import Check, TooManyNodes
from .library import CONSTANTS, VARIABLES, Library, prelude
from .names import KNOWN, GroupLine, Names, collect, uses
from .scope import Scope
from .units import Units, Worth, connected, settle

__all__ = ["MOST_NODES", "check", "lines_for_groups", "prelude", "winners"]

_TRIED = (1, 0, 2)  # numbers with which a line for groups is tried before any group is known


def check(
    parsed: Parsed,
    bound: Mapping[str, tree.Expression],
    library: Library | None = None,
    winners: Mapping[str, tuple[GroupLine, Numbers]] | None = None,
    most: int = MOST_NODES,
) -> tuple[program.Program | None, list[Diagnostic]]:
    """The program of a text, or None where there is none, and the problems.

    `winners` are the lines that one group of the optimizer sees in the place of plain outputs; a text that has more than `most`
    nodes, names put in, is refused.
    """
    names = collect(parsed, dict(bound), prelude() if library is None else library)
    work = Check(names, winners or {}, most=most)
    work.problems += names.problems
    _check_bindings(names, parsed, work)
    total: program.Node | None = None
    units = Units()
    outputs: dict[str, program.Node] = {}
    lines: list[tuple[program.Line, ...]] = []
    claims: list[program.Claim] = []
    try:
        total = _total(work)
        units = _units(work, total)
        outputs = {
            name: work.output(name, None) for name in names.all_outputs if name in names.outputs or name in work.winners
        }
        if winners is None:
            lines = [_line(work, line) for line in names.groups]
            claims = [claim for one in names.claims if (claim := _claim(work, one))]
    except TooManyNodes:
        work.report(problems.too_many_nodes(_largest(parsed), most))
    _check_unused(names, parsed, work)
    if not names.all_outputs and not parsed.problems and not work.problems:
        work.problems.append(problems.no_output(parsed.source))
    given = {name for name in KNOWN if work.text_of(name) is not None}
    settled = settle(work.uses, work.coerced, units, given, parsed.source)
    work.problems += settled.problems
    params = {name: param.value.span.text for name, param in names.params.items()}
    params |= {name: value.span.text for name, value in names.bound.items()}
    if any(problem.code not in problems.LATE for problem in work.problems):
        return None, _unique(work.problems)
    made = program.Program(outputs, total, params, settled.clock, settled.rates, tuple(claims), tuple(lines))
    return made, _unique(work.problems)


def _largest(parsed: Parsed) -> Span:
    """Where a text says what is too large: at its first output, or else where it begins."""
    outputs = [
        one.statement
        for one in parsed.file.statements
        if isinstance(one.statement, tree.Bare | tree.Assign | tree.Group)
    ]
    return outputs[0].value.span if outputs else Span(parsed.source, 0, 0)


def lines_for_groups(parsed: Parsed) -> tuple[list[GroupLine], dict[str, tuple[str, ...]]]:
    """The lines for groups, and the outputs that each output depends on."""
    names = collect(parsed, {}, prelude())
    return names.groups, uses(names)


def winners(parsed: Parsed, group: str) -> dict[str, tuple[GroupLine, Numbers]] | list[Diagnostic]:
    """The lines that a group of this name sees, or the problems: of the patterns that match, one must be the narrowest."""
    names = collect(parsed, {}, prelude())
    found: dict[str, tuple[GroupLine, Numbers]] = {}
    wrong: list[Diagnostic] = []
    for output in names.all_outputs:
        matching = [
            (line, ways) for line in names.groups if line.output == output and (ways := line.pattern.ways(group))
        ]
        if not matching:
            continue
        best = narrowest([line.pattern for line, _ in matching])
        if best is None:
            spans = [line.span for line, _ in matching]
            patterns = [line.pattern.text for line, _ in matching]
            wrong.append(problems.undecided_group(spans, output, group, patterns))
            continue
        line, ways = matching[best]
        if len(ways) > 1:
            shown = [", ".join(f"{name} = {number}" for name, number in way) for way in ways[:3]]
            wrong.append(problems.two_numbers(line.span, line.pattern.text, group, shown))
            continue
        found[output] = (line, ways[0])
    return wrong or found


def _total(work: Check) -> program.Node | None:
    text = work.text_of("total")
    if text is None:
        return None
    before = len(work.problems)
    work.inside.append("total")
    made = work.duration(text, Scope())
    work.inside.pop()
    if len(work.problems) == before and _share_in(made):
        return work.report(problems.total_of_itself(text.span))
    return made


def _units(work: Check, total: program.Node | None) -> Units:
    """What is said of one step, epoch and sample; saying it is no use of a unit."""
    of_total = {use.unit for use in work.uses}
    said: list[Worth] = []
    for name in KNOWN[1:]:
        text = work.text_of(name)
        if text is None:
            continue
        uses, coerced, before = work.uses, work.coerced, len(work.problems)
        work.uses, work.coerced = [], []
        work.inside.append(name)
        made = work.duration(text, Scope())
        work.inside.pop()
        used = {use.unit for use in work.uses} | ({"steps"} if work.coerced else set())
        work.uses, work.coerced = uses, coerced
        if len(work.problems) == before:
            shares = _share_in(made)
            used |= of_total if shares else set()
            said.append(Worth(name, made, frozenset(used or {"steps"}), shares))
    units, found = connected(said, total)
    work.problems += found
    return units


def _line(work: Check, line: GroupLine) -> tuple[program.Line, ...]:
    """A line for groups as a group sees it that only matches what it must, tried with a few numbers."""
    tried = []
    # Who matches this pattern matches every pattern that covers it, too.
    covering: dict[str, list[GroupLine]] = {}
    for other in work.names.groups:
        if other.output != line.output and other.pattern.covers(line.pattern):
            covering.setdefault(other.output, []).append(other)
    others = [
        many[best] for many in covering.values() if (best := narrowest([one.pattern for one in many])) is not None
    ]
    for number in _TRIED if line.pattern.names else _TRIED[:1]:
        work.winners = {
            one.output: (one, tuple((name, number) for name in one.pattern.names)) for one in (line, *others)
        }
        names = dict.fromkeys((line.output, *work.names.outputs, *work.winners))
        tried.append(program.Line(line.output, line.pattern.text, {name: work.output(name, None) for name in names}))
    work.winners = {}
    return tuple(tried)


def _claim(work: Check, node: tree.Assert) -> program.Claim | None:
    claim = node.claim
    if node.name not in work.names.outputs:
        if node.name not in work.names.lost:
            guess = suggestions.OUTPUTS.get(node.name) or suggestions.closest(node.name, work.names.outputs)
            work.report(problems.asserts_what(node.name_span, node.name, tuple(work.names.outputs), guess))
        return None
    why = "what is asserted is a constant"
    at = None if claim.at is None else work.moment(claim.at)
    windows = tuple((word, work.moment(moment)) for word, moment in node.windows)
    value = None if claim.value is None else work.number(claim.value, Scope().fixed(why))
    return program.Claim(node.name, claim.word, at, value, windows, node.span)


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
        elif name in names.all_outputs:
            work.report(problems.binds_an_output(value.span, name))
        elif name not in KNOWN and name not in names.params and name not in mentioned and name not in names.lost:
            known = {*names.params, *KNOWN}
            said = suggestions.BINDINGS.get(name)
            guess = said.format(value.span.text) if said else suggestions.closest(name, known)
            work.report(problems.no_use_for(value.span, name, guess, sorted(names.params)))
        elif name in names.params and _bare(value):
            default = names.params[name].value
            units = [unit for unit in _units_in(default, names) if unit != "steps"]
            if units:
                unit = next((unit for unit in units if unit != "%"), "%")
                work.report(problems.needs_a_unit(value.span, name, value.span.text, default.span, unit))


def _bare(value: tree.Expression) -> bool:
    return not any(isinstance(node, tree.Number) and node.unit is not None for node in tree.walk(value)) and not any(
        isinstance(node, tree.Name) and node.name == "total" for node in tree.walk(value)
    )


def _units_in(value: tree.Expression, names: Names) -> list[str]:
    """The units in an expression, and in what its names stand for."""
    found: list[str] = []
    todo, seen = [value], set[str]()
    while todo:
        for node in tree.walk(todo.pop()):
            if isinstance(node, tree.Number) and node.unit is not None:
                found.append(node.unit)
            elif isinstance(node, tree.Name) and node.name not in seen and node.name not in names.bound:
                seen.add(node.name)
                for table in (names.params, names.lets):
                    todo += [table[node.name].value] if node.name in table else []
    return found


def _mentioned(file: tree.File) -> set[str]:
    roots = (root for one in file.statements for root in tree.expressions(one.statement))
    return {node.name for root in roots for node in tree.walk(root) if isinstance(node, tree.Name)}


def _check_unused(names: Names, parsed: Parsed, work: Check) -> None:
    """What nothing uses is checked for names only."""
    unused: dict[str, tree.Param | tree.Let] = {**names.params, **names.lets}
    numbers = names.numbers()
    for name, statement in unused.items():
        if name in work.used or name in KNOWN or name in names.bound:
            continue
        for node in tree.walk(statement.value):
            if isinstance(node, tree.Name) and node.name not in names.known() | numbers | {*VARIABLES, *CONSTANTS}:
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
