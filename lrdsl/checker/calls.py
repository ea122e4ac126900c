"""Calls: which definition is meant, and what stands for each of its arguments.

In: a call of the tree. Out: a function's operation, a `Repeat`, or a `Call` with length, levels and the body of the definition
with its arguments put in. Refuses to know any curve by name; `repeat` is a form of the language.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .. import problems, program, tree
from ..diagnostic import Diagnostic, Mend
from ..functions import NAMED
from ..program import Kind, core
from ..records import replace
from ..source import Span
from . import suggestions
from .library import LEVELS, Definition
from .scope import Bound, Scope
from .units import Coerced

if TYPE_CHECKING:
    from .expressions import Check

_REPEAT = ("times", "stretch", "factor")


def call(check: Check, node: tree.Call, scope: Scope) -> program.Node:
    if node.name in NAMED:
        return check.function(node, scope)
    if node.name in check.names.lost:
        return program.Broken(node.span)
    if node.name != "repeat" and node.name not in check.names.library:
        return _unknown(check, node)
    if scope.constant:
        return check.report(problems.not_constant(node.span, node.name, _as_function(node)))
    arguments = _by_name(check, node)
    if arguments is None:
        return program.Broken(node.span)
    positional, named = arguments
    if node.name == "repeat":
        return _repeat(check, node, positional, named, scope)
    return _curve(check, node, positional, named, scope)


def _unknown(check: Check, node: tree.Call) -> program.Node:
    name = node.name
    if check.text_of(name) is not None or name in check.names.all_outputs:
        return check.report(problems.no_arguments(node.span, name))
    if name in suggestions.MEASURED:
        return check.report(problems.measured(node.name_span, name))
    as_function = _as_function(node)
    if as_function is not None:
        return check.report(problems.unknown_curve(node.name_span, name, as_function))
    text = suggestions.curve(name, check.names.library)
    if text is not None:
        if "(" in text or " " in text:
            # It has numbers of its own, which are not those of the call: it is shown, and replaces nothing.
            return check.report(problems.unknown_curve(node.name_span, name, Mend(f"as in `{text}`")))
        renamed = Mend(f"did you mean `{text}`?", ((node.name_span, text),))
        return check.report(problems.unknown_curve(node.name_span, name, renamed))
    known = suggestions.closest(name, [*check.names.library, *NAMED, "repeat"])
    mend = None if known is None else Mend(f"did you mean `{known}`?", ((node.name_span, known),))
    return check.report(problems.unknown_curve(node.name_span, name, mend))


def _mend(span: Span, text: str) -> Mend:
    return Mend(f"`{text}`", ((span, text),))


def _as_function(node: tree.Call) -> Mend | None:
    """What functions of other languages are written as here, around the argument that was typed."""
    pattern = suggestions.FUNCTIONS.get(node.name)
    if pattern is None or len(node.arguments) != 1 or node.arguments[0].name is not None:
        return None
    inner = node.arguments[0].value
    text = inner.span.text if isinstance(inner, tree.Name | tree.Number | tree.Call) else f"({inner.span.text})"
    if pattern.startswith("ln("):
        text = inner.span.text
    return _mend(node.span, pattern.replace("x", text))


def _by_name(check: Check, node: tree.Call) -> tuple[list[tree.Expression], dict[str, tree.Argument]] | None:
    positional: list[tree.Expression] = []
    named: dict[str, tree.Argument] = {}
    for argument in node.arguments:
        if argument.name is None:
            if named:
                check.report(problems.positional_after_named(argument.span, node, argument))
                return None
            positional.append(argument.value)
        elif argument.name in named:
            check.report(problems.argument_twice(_name_span(argument), argument.name))
            return None
        else:
            named[argument.name] = argument
    return positional, named


def _name_span(argument: tree.Argument) -> Span:
    return Span(argument.span.source, argument.span.start, argument.span.start + len(argument.name or " "))


def _repeat(
    check: Check, node: tree.Call, positional: list[tree.Expression], named: dict[str, tree.Argument], scope: Scope
) -> program.Node:
    if len(positional) != 1:
        return check.report(problems.repeat_what(node.span, len(positional)))
    for name, argument in named.items():
        if name not in _REPEAT:
            guess = suggestions.ARGUMENTS.get(name) or suggestions.closest(name, _REPEAT)
            mend = (
                _cycle_length(node, positional[0], argument) if name in suggestions.CYCLE else _rename(argument, guess)
            )
            check.report(problems.no_argument(_name_span(argument), "repeat", name, _REPEAT, mend))
    body = check.schedule(positional[0], scope)
    parts: dict[str, program.Node | None] = dict.fromkeys(_REPEAT)
    for name in _REPEAT:
        if name in named:
            made = check.number(named[name].value, scope.fixed("a repeat is the same for every base"))
            parts[name] = made
    return program.Repeat(body, parts["times"], parts["stretch"], parts["factor"], node.span)


def _cycle_length(node: tree.Call, body: tree.Expression, argument: tree.Argument) -> Mend | None:
    """`repeat(cosine, T_0=10k)`: the length of a cycle is that of what is repeated."""
    if not isinstance(body, tree.Name | tree.Call):
        return None
    own = body.arguments if isinstance(body, tree.Call) else ()
    if any(one.name is None for one in own):
        return None
    inner = ", ".join([argument.value.span.text, *(one.span.text for one in own)])
    rest = [one.span.text for one in node.arguments if one.name is not None and one is not argument]
    return _mend(node.span, f"repeat({', '.join([f'{body.name}({inner})', *rest])})")


def _rename(argument: tree.Argument, name: str | None) -> Mend | None:
    return None if name is None else Mend(f"did you mean `{name}`?", ((_name_span(argument), name),))


def _curve(
    check: Check, node: tree.Call, positional: list[tree.Expression], named: dict[str, tree.Argument], scope: Scope
) -> program.Node:
    definitions = check.names.library[node.name]
    check.used.add(node.name)
    definition = _fitting(check, node, definitions, named)
    if definition is None:
        return program.Broken(node.span)
    if len(positional) > 1:
        return check.report(problems.too_many_values(node, _second_as_level(node, definition)))
    length = None
    if positional:
        offer = _length_as_level(node, definition, positional[0])
        length = check.duration(positional[0], scope, None if offer is None else (node.span, offer))
        as_function = _as_function(node)
        if isinstance(length, program.Broken) and as_function is not None:
            # `sqrt(t)`: a function of that name is meant, and the curve was found.
            check.problems[-1] = replace(check.problems[-1], mends=(as_function,))
    formals: dict[str, Bound | str] = {}
    levels: dict[str, program.Level] = {}
    own = Scope(builtin=definition.builtin)
    key: list[object] = [definition]
    for name in definition.takes:
        default = definition.default(name)
        argument = named.get(name)
        if name in LEVELS:
            levels[name] = _level(check, name, argument, default, scope, own)
            formals[name] = name
        elif argument is not None:
            formals[name] = Bound(argument.value, scope.fixed("only levels and limits know the base"))
            key.append((name, argument.value))
        elif default is not None:
            formals[name] = Bound(default, own.fixed())
    inner = Scope(formals, builtin=definition.builtin)
    check.inside.append(node.name)
    if check.inside.count(node.name) > 1:
        circle = check.inside[check.inside.index(node.name) :]
        check.inside.pop()
        return check.report(problems.circle(node.name_span, circle))
    before, coerced = len(check.problems), len(check.coerced)
    body = check.number(definition.body, inner)
    complement = None if definition.complement is None else check.number(definition.complement, inner)
    check.inside.pop()
    check.problems[before:] = [problems.in_call(problem, node.span) for problem in check.problems[before:]]
    # Where the definition itself takes a time for a number, the call is what can be changed.
    others = tuple(" ".join(sorted(other.needs)) for other in definitions if other is not definition)
    check.coerced[coerced:] = [
        Coerced(one.span, node.span, others) if one.call is None and definition.holds(one.span) else one
        for one in check.coerced[coerced:]
    ]
    shape = definition.kind == "shape"
    return program.Call(
        node.name, length, levels, body if shape else None, complement, None if shape else body,
        definition.clock == "t", tuple(key), node.span, node.name_span,
    )  # fmt: skip


def _level(
    check: Check, name: str, argument: tree.Argument | None, default: tree.Expression | None, scope: Scope, own: Scope
) -> program.Level:
    ahead = isinstance(default, tree.Name) and default.name == "next"
    fallback = None if default is None or ahead else _default_level(check, default, own)
    if argument is None:
        return program.Level(name, None, fallback, ahead)
    written = check.value(argument.value, scope.fixed())
    match core(written):
        case program.Quantity() | program.Total():
            written = check.report(problems.quantity_as_value(argument.value.span))
        case program.Share():
            written = core(written)
        case _ if written.kind is Kind.SHARE:
            written = check.report(problems.share_in_level(argument.value.span))
        case _ if written.kind is Kind.TIME:
            check.coerced.append(Coerced(argument.value.span))
    return program.Level(name, written, fallback, ahead)


def _default_level(check: Check, default: tree.Expression, own: Scope) -> program.Node:
    """The level where nothing is written; a share alone is one of the other level, as where it is written."""
    made = check.value(default, own.fixed())
    if isinstance(core(made), program.Share):
        return core(made)
    return check.report(problems.share_in_level(default.span)) if made.kind is Kind.SHARE else made


def _fitting(
    check: Check, node: tree.Call, definitions: tuple[Definition, ...], named: dict[str, tree.Argument]
) -> Definition | None:
    """The definition whose arguments are these, or a problem that says which would be."""
    fitting = [d for d in definitions if named.keys() <= set(d.takes) and d.needs <= named.keys()]
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        # Of several that fit, the one that needs most says most; the definitions of one name differ in what they need.
        return max(fitting, key=lambda d: len(d.needs))
    takes = {name for definition in definitions for name in definition.takes}
    unknown = [argument for name, argument in named.items() if name not in takes]
    if definitions[0].kind == "shape":
        # `max` and `min` are one mistake with one mend.
        extremes = [argument for argument in unknown if argument.name in ("max", "min")]
        unknown = [argument for argument in unknown if argument not in extremes[1:]]
    other = _other_curve(check, node, unknown, named)
    if other is not None:
        check.report(other)
        return None
    for argument in unknown:
        assert argument.name is not None
        shown = sorted(takes, key=lambda name: (name in LEVELS, name))
        mend = _mended_argument(node, definitions, argument, takes)
        check.report(problems.no_argument(_name_span(argument), node.name, argument.name, shown, mend))
    if not unknown:
        check.report(problems.fits_no_definition(node.span, node, definitions, set(named), _as_function(node)))
    return None


def _other_curve(
    check: Check, node: tree.Call, unknown: list[tree.Argument], named: dict[str, tree.Argument]
) -> Diagnostic | None:
    """Levels that this curve has not, and another curve has: `exp(from=1, to=0.1)` is the geometric one."""
    if len(unknown) < 2 or not all(argument.name in LEVELS for argument in unknown):
        return None
    for name, definitions in check.names.library.items():
        one = definitions[0]
        if (
            one.kind == "curve"
            and named.keys() <= {formal.name for formal in one.formals}
            and one.needs <= named.keys()
        ):
            mend = Mend(f"did you mean `{name}`?", ((node.name_span, name),))
            takes = sorted({taken for d in check.names.library[node.name] for taken in d.takes})
            return problems.no_argument(_name_span(unknown[0]), node.name, unknown[0].name or "", takes, mend)
    return None


def _mended_argument(
    node: tree.Call, definitions: tuple[Definition, ...], argument: tree.Argument, takes: set[str]
) -> Mend | None:
    name = argument.name or ""
    if definitions[0].kind == "shape" and name in ("max", "min"):
        return _top_and_bottom(node, definitions[0])
    if name in suggestions.LENGTH and not any(other.name is None for other in node.arguments):
        value = argument.value.span.text
        if isinstance(argument.value, tree.Number) and argument.value.unit is None and argument.value.value < 1:
            value = _percent(argument.value)
        rest = [value, *(other.span.text for other in node.arguments if other is not argument)]
        return _mend(node.span, f"{node.name}({', '.join(rest)})")
    guess = suggestions.ARGUMENTS.get(name)
    if guess not in takes:
        guess = None
    if name in suggestions.RATIO and "to" in takes and isinstance(argument.value, tree.Number):
        return _mend(argument.span, f"to={_percent(argument.value)}")
    if name in suggestions.TO and "to" in takes:
        guess = "to"
    if name in suggestions.TOP:
        ahead = any(isinstance(d.default("to"), tree.Name) for d in definitions)
        guess = "max" if "max" in takes else "to" if ahead else "from" if "from" in takes else None
    guess = guess or suggestions.closest(name, takes)
    if guess is None or any(other.name == guess for other in node.arguments):
        return None
    edits = [(_name_span(argument), guess)]
    if guess == "factor" and "per" in takes and not any(other.name == "per" for other in node.arguments):
        edits = [(argument.span, f"factor={argument.value.span.text}, per=1")]
        return Mend(f"`factor={argument.value.span.text}, per=1`", tuple(edits))
    return Mend(f"did you mean `{guess}`?", tuple(edits))


def _percent(number: tree.Number) -> str:
    value = number.value * 100
    return f"{value.numerator}%" if value.denominator == 1 else f"{float(value):g}%"


def _top_and_bottom(node: tree.Call, definition: Definition) -> Mend:
    """`cosine(max=3e-4, min=3e-5)` with the levels that a shape has: it falls, unless it looks ahead for its top."""
    rises = isinstance(definition.default("to"), tree.Name)
    names = {"max": "to", "min": "from"} if rises else {"max": "from", "min": "to"}
    given = {argument.name for argument in node.arguments}
    parts = []
    for argument in node.arguments:
        name = names.get(argument.name or "", argument.name)
        if name is not None and name != argument.name and name in given:
            name = {"from": "to", "to": "from"}[name]
        parts.append(argument.value.span.text if name is None else f"{name}={argument.value.span.text}")
    return _mend(node.span, f"{node.name}({', '.join(parts)})")


def _length_as_level(node: tree.Call, definition: Definition, length: tree.Expression) -> str | None:
    """`linear(0)` was to end at 0, `warmup(0.1)` to take a tenth of the run: the call with that said."""
    if not isinstance(length, tree.Number) or length.unit is not None:
        return None
    rest = [argument.span.text for argument in node.arguments if argument.name is not None]
    given = {argument.name for argument in node.arguments}
    looks_ahead = isinstance(definition.default("to"), tree.Name)
    if looks_ahead or definition.clock == "t":
        level = "max" if definition.clock == "t" else "to"
        if length.value >= 0.001 and level == "to":
            return f"{node.name}({', '.join([_percent(length), *rest])})"
    else:
        level = "to"
    if level not in definition.takes or level in given:
        return f"{node.name}({', '.join(['0 steps', *rest])})" if length.value == 0 else None
    return f"{node.name}({', '.join([f'{level}={length.text}', *rest])})"


def _second_as_level(node: tree.Call, definition: Definition) -> Mend | None:
    level = "max" if definition.clock == "t" else "to"
    taken = {argument.name for argument in node.arguments}
    values = [argument for argument in node.arguments if argument.name is None]
    both = Span(node.span.source, values[0].span.start, values[1].span.end)
    if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", both.text):
        return Mend("digits are grouped by `_`", ((both, both.text.replace(",", "_")),))
    if level not in definition.takes or level in taken or len(values) != 2:
        return None
    named = [argument.span.text for argument in node.arguments if argument.name is not None]
    return _mend(
        node.span, f"{node.name}({', '.join([values[0].span.text, f'{level}={values[1].span.text}', *named])})"
    )
