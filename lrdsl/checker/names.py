"""What each name of a text stands for.

In: statements and bindings from outside. Out: tables of params, lets, outputs, groups and definitions, and the problems of names
that are defined twice or are built in. Refuses to look into any expression.
"""

from __future__ import annotations

from .. import problems, tree
from ..diagnostic import Diagnostic
from ..parser import Parsed
from ..patterns import BadPattern, Pattern, pattern
from ..records import field, frozen, slotted
from ..source import Span
from . import suggestions
from .library import BUILT_IN, Definition, Library, define

# Parameters that every text knows, bound or not; what is not known when a text is compiled may be bound later.
KNOWN = ("total", "step", "epoch", "sample")


@frozen
class GroupLine:
    """`output["pattern"] = value`."""

    output: str
    pattern: Pattern
    value: tree.Expression
    span: Span  # of the output's name and its pattern


@slotted
class Names:
    """The tables of one text."""

    library: Library
    params: dict[str, tree.Param] = field(default_factory=dict)
    lets: dict[str, tree.Let] = field(default_factory=dict)
    outputs: dict[str, tree.Expression] = field(default_factory=dict)
    groups: list[GroupLine] = field(default_factory=list)
    patterns: dict[tuple[str, object], Span] = field(default_factory=dict)
    claims: list[tree.Assert] = field(default_factory=list)
    bound: dict[str, tree.Expression] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    own: set[str] = field(default_factory=set)  # names of the text's own shapes and curves
    problems: list[Diagnostic] = field(default_factory=list)

    def known(self) -> set[str]:
        """Every name that means something as it stands."""
        return {*self.params, *self.lets, *self.bound, *self.all_outputs, *self.library, *BUILT_IN, *KNOWN, *self.lost}

    @property
    def all_outputs(self) -> tuple[str, ...]:
        """The outputs that have a line, plain or for groups, in the order of the text."""
        return tuple(dict.fromkeys((*self.outputs, *(line.output for line in self.groups))))

    def numbers(self) -> set[str]:
        """The names that patterns give to numbers."""
        return {name for line in self.groups for name in line.pattern.names}


def uses(names: Names) -> dict[str, tuple[str, ...]]:
    """The outputs that each output depends on, itself first, whichever of its lines wins."""
    found = {}
    for output in names.all_outputs:
        seen, todo = [output], _values(names, output)
        put_in: set[str] = set()
        while todo:
            for node in tree.walk(todo.pop()):
                name = node.name if isinstance(node, tree.Name | tree.Call) else None
                if name is None or name in put_in or name in seen:
                    continue
                if name in names.all_outputs:
                    seen.append(name)
                    todo += _values(names, name)
                elif name in names.lets:
                    put_in.add(name)
                    todo.append(names.lets[name].value)
                elif name in names.own:
                    put_in.add(name)
                    todo += [
                        part for one in names.library[name] for part in (one.body, one.complement) if part is not None
                    ]
        found[output] = tuple(seen)
    return found


def _values(names: Names, output: str) -> list[tree.Expression]:
    plain = [names.outputs[output]] if output in names.outputs else []
    return [*plain, *(line.value for line in names.groups if line.output == output)]


def collect(parsed: Parsed, bound: dict[str, tree.Expression], prelude: Library) -> Names:
    names = Names(dict(prelude), bound=bound, lost=parsed.lost)
    places: dict[str, Span] = {}
    for commented in parsed.file.statements:
        statement = commented.statement
        match statement:
            case tree.Bare():
                _define("lr", statement.value.span, places, names)
                names.outputs.setdefault("lr", statement.value)
            case tree.Assign():
                _output(statement, places, names)
            case tree.Param():
                _define(statement.name, statement.name_span, places, names)
                names.params.setdefault(statement.name, statement)
            case tree.Let():
                if statement.name in KNOWN:
                    names.problems.append(problems.is_a_parameter(statement.name_span, statement.name))
                _define(statement.name, statement.name_span, places, names)
                names.lets.setdefault(statement.name, statement)
            case tree.Shape() | tree.Curve():
                _definition(statement, places, names, prelude)
            case tree.Group():
                _group(statement, names)
            case tree.Assert():
                names.claims.append(statement)
    _check_numbers(names)
    return names


def _define(name: str, span: Span, places: dict[str, Span], names: Names) -> bool:
    if name in BUILT_IN or (name in names.library and name not in names.own):
        names.problems.append(problems.built_in_name(span, name))
        return False
    if name in places:
        names.problems.append(problems.defined_twice(span, name, places[name]))
        return False
    places[name] = span
    return True


def _output(statement: tree.Assign, places: dict[str, Span], names: Names) -> None:
    name = statement.name
    if not _define(name, statement.name_span, places, names):
        return
    if name in suggestions.OUTPUTS:
        names.problems.append(problems.alias_of_output(statement.name_span, name, suggestions.OUTPUTS[name]))
    elif name in KNOWN:
        names.problems.append(problems.is_a_parameter(statement.name_span, name))
    names.outputs[name] = statement.value


def _group(statement: tree.Group, names: Names) -> None:
    name = statement.name
    span = Span(statement.span.source, statement.span.start, statement.span.start + _head(statement))
    if name in suggestions.OUTPUTS:
        names.problems.append(problems.alias_of_output(statement.name_span, name, suggestions.OUTPUTS[name]))
        return
    if name in BUILT_IN or name in KNOWN or (name in names.library and name not in names.own):
        names.problems.append(problems.built_in_name(statement.name_span, name))
        return
    try:
        made = pattern(statement.pattern)
    except BadPattern as bad:
        names.problems.append(problems.bad_pattern(span, statement.pattern, str(bad)))
        return
    for number in made.names:
        if number in BUILT_IN or number in KNOWN:
            names.problems.append(problems.built_in_name(span, number))
            return
    same = names.patterns.setdefault((name, made.key), span)
    if same is not span:
        names.problems.append(problems.same_pattern(span, name, statement.pattern, same))
        return
    names.groups.append(GroupLine(name, made, statement.value, span))


def _head(statement: tree.Group) -> int:
    """The length of `lr["head.*"]`."""
    return statement.span.text.index("]", statement.span.text.index('"' + statement.pattern + '"')) + 1


def _check_numbers(names: Names) -> None:
    """A name is one thing: an output for groups is no param, and a number of a pattern has no other meaning."""
    taken = {name: param.name_span for name, param in names.params.items()}
    taken |= {name: let.name_span for name, let in names.lets.items()}
    for line in names.groups:
        if line.output in taken:
            names.problems.append(problems.defined_twice(line.span, line.output, taken[line.output]))
        for number in line.pattern.names:
            if number in taken or number in names.library:
                first = taken.get(number) or names.library[number][0].span
                names.problems.append(problems.defined_twice(line.span, number, first))


def _definition(statement: tree.Shape | tree.Curve, places: dict[str, Span], names: Names, prelude: Library) -> None:
    """A shape or curve of the text; a curve may have several definitions, told apart by their arguments."""
    name, first = statement.name, statement.formals[0]
    shape = isinstance(statement, tree.Shape)
    allowed = ("p",) if shape else ("t", "p")
    if first.name not in allowed or first.default is not None:
        names.problems.append(problems.first_formal(first.span, "shape" if shape else "curve", allowed))
        return
    seen: set[str] = {first.name}
    for formal in statement.formals[1:]:
        if formal.name in seen or formal.name in ("t", "p", "q") or (shape and formal.name == "max"):
            names.problems.append(problems.bad_formal(formal.span, formal.name, name))
            return
        seen.add(formal.name)
    others = names.library.get(name, ())
    if name not in names.own or shape or any(other.kind == "shape" for other in others):
        if not _define(name, statement.name_span, places, names):
            return
        names.own.add(name)
    definition: Definition = define(statement)
    names.library[name] = (*(others if name in names.own else ()), definition)
    same = [o for o in others if set(o.takes) == set(definition.takes)]
    if same:
        names.problems.append(problems.defined_twice(statement.name_span, name, same[0].span))
