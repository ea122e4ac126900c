"""Expressions of the tree to nodes of the program.

In: an expression, the scope it stands in, and the tables of names. Out: a program node with names put in and its kind
settled; every independent problem on the way is collected, and what is broken becomes `Broken`. Refuses to know lengths.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from .. import problems, program, tree
from ..diagnostic import Diagnostic
from ..durations import MOST_DIGITS, too_long
from ..functions import FUNCTIONS, NAMED
from ..parser import DEEPEST, MOST_NODES
from ..program import DRIVEN, Kind, core
from ..records import field, replace, slotted
from ..source import Span
from . import calls, kinds, suggestions
from .doubts import doubtful
from .library import CONSTANTS, VARIABLES
from .names import KNOWN, GroupLine, Names
from .scope import Bound, Scope
from .units import EXAMPLES, Coerced, Use


class TooManyNodes(Exception):
    """The text, names put in, is larger than the limit."""


@slotted
class Check:
    """The work on one text: its names, what is being put in, and the problems found.

    `winners` are the lines that a group sees in the place of plain outputs, with their numbers; `uses` and `coerced` tell where
    units are used, and where a time stands for the number of its steps.
    """

    names: Names
    winners: Mapping[str, tuple[GroupLine, tuple[tuple[str, int], ...]]] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    coerced: list[Coerced] = field(default_factory=list)
    current: tuple[str, bool] | None = None  # the output whose text is read, and whether it is a group's line
    problems: list[Diagnostic] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)  # names that are being put in, outermost first
    nodes: int = 0
    most: int = MOST_NODES
    depth: int = 0
    used: set[str] = field(default_factory=set)
    told: set[tuple[str, int]] = field(default_factory=set)  # places of unknown names

    def report(self, problem: Diagnostic) -> program.Broken:
        self.problems.append(problem)
        return program.Broken(problem.labels[0].span)

    def use(self, unit: str, span: Span) -> None:
        self.uses.append(Use(unit, span))

    def _steps_of(self, node: program.Node) -> None:
        """A time where a number must stand counts as its steps, and a clock without steps has none."""
        if node.kind is Kind.TIME:
            self.coerced.append(Coerced(node.span))

    # --- schedules and values -------------------------------------------------------------------------------------

    def schedule(self, node: tree.Expression, scope: Scope) -> program.Node:
        """A phase, or the whole of an output: a time or a share alone is no value."""
        made = self.value(node, scope)
        match core(made):
            case program.Quantity() | program.Total():
                return self.report(problems.quantity_as_value(node.span))
            case _ if made.kind is Kind.SHARE:
                return self.report(problems.share_as_value(kinds.share(made)))
        self._steps_of(made)
        return made

    def number(self, node: tree.Expression, scope: Scope) -> program.Node:
        """Where a number must stand; a time counts as its steps."""
        made = self.value(node, scope)
        if made.kind is Kind.SHARE:
            return self.report(problems.share_as_value(kinds.share(made)))
        self._steps_of(made)
        return made

    def value(self, node: tree.Expression, scope: Scope) -> program.Node:
        if not scope.builtin:
            self.nodes += len(node.operators) if isinstance(node, tree.Arithmetic) else 1
            if self.nodes > self.most:
                raise TooManyNodes
        # Of several operands in a row, each is worked out inside the next.
        below = len(node.operators) if isinstance(node, tree.Arithmetic) else 1
        if self.depth + below > DEEPEST:
            return self.report(problems.nested_too_deep(node.span, DEEPEST))
        self.depth += below
        try:
            return self._value(node, scope)
        finally:
            self.depth -= below

    def _value(self, node: tree.Expression, scope: Scope) -> program.Node:
        match node:
            case tree.Number():
                return self._written(node, scope)
            case tree.Name():
                return self._name(node, scope)
            case tree.Call():
                return calls.call(self, node, scope)
            case tree.Negative():
                return self._negative(node, scope)
            case tree.Power():
                operands = (self.number(node.base, scope), self.number(node.exponent, scope))
                return program.Operation("^", operands, node.span, Kind.NUMBER)
            case tree.Arithmetic():
                return self._arithmetic(node, scope)
            case tree.Bracket():
                inner = self.value(node.inner, scope)
                return program.Inner(inner, node.span, inner.kind)
            case tree.Phase() | tree.Chain() | tree.Line():
                return self._line(node, scope)

    def _written(self, node: tree.Number, scope: Scope) -> program.Node:
        if too_long(node.value):
            return self.report(problems.too_many_digits(node.span, MOST_DIGITS))
        match node.unit:
            case None:
                return program.Written(node.value, node.span)
            case "%":
                return program.Share(node.value / 100, node.span, Kind.TIME if scope.length else Kind.SHARE)
            case unit:
                self.use(unit, node.span)
                return program.Quantity(node.value, unit, node.span)

    def _negative(self, node: tree.Negative, scope: Scope) -> program.Node:
        operand = self.value(node.operand, scope)
        if isinstance(operand, program.Written):
            return program.Written(-operand.value, node.span)
        return program.Operation("neg", (operand,), node.span, operand.kind)

    # --- names ----------------------------------------------------------------------------------------------------

    def _name(self, node: tree.Name, scope: Scope) -> program.Node:
        name, span = node.name, node.span
        formal = scope.formals.get(name)
        if isinstance(formal, Bound):
            made = self.value(formal.value, replace(formal.scope, length=scope.length))
            return program.Inner(made, formal.value.span, made.kind)
        if formal is not None:
            return program.LevelName(name, span)
        number = next((number for one, number in scope.numbers if one == name), None)
        if number is not None:
            return program.Written(Fraction(number), span)
        if name in VARIABLES:
            if scope.constant:
                return self.report(problems.not_constant(span, name))
            kind = Kind.TIME if name == "t" else Kind.NUMBER
            return program.Variable(name, span, kind)  # type: ignore[arg-type]
        if name in CONSTANTS:
            return program.Irrational(name, span)  # type: ignore[arg-type]
        if name == "base":
            if scope.plain or self.current is None:
                return self.report(problems.base_here(span, scope.plain or "only outputs have a base"))
            if self.current[0] not in DRIVEN:
                return self.report(problems.no_base(span, self.current[0]))
            return program.Base(self.current[0], span)
        if name == "total":
            self.used.add(name)
            return program.Total(span)
        found = self.text_of(name)
        if found is not None:
            return self._put_in(node, found, scope)
        if name in self.names.outputs or name in self.winners:
            if scope.constant:
                return self.report(problems.not_constant(span, name))
            return self.output(name, node)
        if name in self.names.library:
            return calls.call(self, tree.Call(name, (), span, span), scope)
        return self._unknown(node)

    def text_of(self, name: str) -> tree.Expression | None:
        """The text for which a name stands: a binding wins over the file."""
        if name in self.names.bound:
            return self.names.bound[name]
        for table in (self.names.params, self.names.lets):
            if name in table:
                return table[name].value
        return None

    def _put_in(self, node: tree.Name, text: tree.Expression, scope: Scope) -> program.Node:
        name = node.name
        self.used.add(name)
        if name in self.inside:
            circle = [*self.inside[self.inside.index(name) :], name]
            return self.report(problems.circle(node.span, circle))
        plain = "a `param` is a constant of its own" if name in self.names.params else None
        numbers = scope.numbers if name in self.names.lets else ()
        self.inside.append(name)
        # What may be set from outside is a constant, wherever it is used; only a let may change with time.
        fixed = scope.constant or name not in self.names.lets
        made = self.value(text, Scope({}, fixed, plain or scope.plain, length=scope.length, numbers=numbers))
        self.inside.pop()
        return program.Inner(made, node.span, made.kind)

    def output(self, name: str, use: tree.Name | None) -> program.Node:
        """An output as the group sees it; in the group's own line its name is the plain output. `use` is where it is used."""
        line, numbers = self.winners.get(name, (None, ()))
        if line is None or self.current == (name, True):
            if name not in self.names.outputs:
                assert use is not None
                return self.report(problems.no_plain_output(use.span, name))
            text, shown, numbers, current = self.names.outputs[name], name, (), (name, False)
        else:
            text, shown, current = line.value, f'{name}["{line.pattern.text}"]', (name, True)
        if shown in self.inside:
            circle = [*self.inside[self.inside.index(shown) :], shown]
            return self.report(problems.circle(text.span if use is None else use.span, circle))
        self.inside.append(shown)
        before, self.current = self.current, current
        made = self.schedule(text, Scope(numbers=numbers))
        self.inside.pop()
        self.current = before
        return made if use is None else program.Output(name, made, name if name in DRIVEN else None, use.span)

    def _unknown(self, node: tree.Name) -> program.Node:
        name, place = node.name, (node.span.source.name, node.span.start)
        if name in self.names.lost or place in self.told:
            return program.Broken(node.span)
        self.told.add(place)  # a name put in a thousand times is told once, and looked for once
        if name in NAMED or name == "repeat":
            return self.report(
                problems.function_without_call(node.span, name, suggestions.curve(name, self.names.library))
            )
        if name == "next":
            return self.report(problems.next_outside(node.span))
        if name in KNOWN:
            return self.report(problems.how_much(node.span, name, next(iter(EXAMPLES[name].values()))))
        if name in suggestions.MEASURED:
            return self.report(problems.measured(node.span, name))
        offer = suggestions.curve(name, self.names.library)
        if offer is None:
            offer = suggestions.closest(name, self.names.known())
        return self.report(problems.unknown_name(node.span, name, offer))

    # --- arithmetic -----------------------------------------------------------------------------------------------

    def _arithmetic(self, node: tree.Arithmetic, scope: Scope) -> program.Node:
        left = self.value(node.operands[0], scope)
        for operator, text in zip(node.operators, node.operands[1:], strict=True):
            right = (
                self._divisor(text, scope) if operator == "/" and left.kind is Kind.TIME else self.value(text, scope)
            )
            left = self._operate(operator, left, right, node.operands[0].span.to(text.span))
        return left

    def _divisor(self, text: tree.Expression, scope: Scope) -> program.Node:
        # An argument by which a curve divides time is a duration: `halflife=0.5` is as doubtful as `warmup(0.5)`.
        inner = text
        while isinstance(inner, tree.Bracket):
            inner = inner.inner
        if isinstance(inner, tree.Name):
            formal = scope.formals.get(inner.name)
            if isinstance(formal, Bound):
                made = self.duration(formal.value, formal.scope)
                return program.Inner(made, formal.value.span, Kind.TIME)
        return self.value(text, scope)

    def _operate(self, operator: str, left: program.Node, right: program.Node, span: Span) -> program.Node:
        if isinstance(left, program.Broken) or isinstance(right, program.Broken):
            return program.Broken(span)
        a, b = core(left), core(right)
        if isinstance(a, program.Written) and isinstance(b, program.Written):
            return self._fold(operator, a.value, b.value, span)
        if operator == "/" and isinstance(b, program.Written) and b.value == 0:
            return self.report(problems.division_by_zero(span))
        kind = kinds.result(operator, left.kind, right.kind)
        if kind is None:
            return self.report(problems.share_as_value(kinds.share(left if left.kind is Kind.SHARE else right)))
        if operator in "+-":
            self._count_steps([left, right])
        elif kind is not Kind.TIME and (operator == "*" or left.kind is Kind.NUMBER):
            self._steps_of(left)
            self._steps_of(right)
        return program.Operation(operator, (left, right), span, kind)

    def _count_steps(self, operands: list[program.Node]) -> None:
        """A bare number beside a time counts steps."""
        if any(operand.kind is Kind.TIME for operand in operands):
            self.uses += [Use("steps", operand.span) for operand in operands if operand.kind is Kind.NUMBER]

    def _fold(self, operator: str, a: Fraction, b: Fraction, span: Span) -> program.Node:
        match operator:
            case "+":
                value = a + b
            case "-":
                value = a - b
            case "*":
                value = a * b
            case _:
                if b == 0:
                    return self.report(problems.division_by_zero(span))
                value = a / b
        if too_long(value):
            return self.report(problems.too_many_digits(span, MOST_DIGITS))
        return program.Written(value, span)

    def function(self, node: tree.Call, scope: Scope) -> program.Node:
        """A call of a function of `functions.py`: values only, as many as it takes."""
        row = FUNCTIONS[node.name]
        least, most = row.arity
        for argument in node.arguments:
            if argument.name is not None:
                return self.report(problems.named_argument_of_function(argument.span, node.name, argument.name))
        if len(node.arguments) < least or (most is not None and len(node.arguments) > most):
            return self.report(problems.number_of_arguments(node.span, node.name, least, most, len(node.arguments)))
        operands = [self.value(argument.value, scope) for argument in node.arguments]
        if any(isinstance(operand, program.Broken) for operand in operands):
            return program.Broken(node.span)
        if node.name in ("min", "max"):
            return self._extreme(node, operands)
        for operand in operands:
            if operand.kind is Kind.SHARE:
                return self.report(problems.share_as_value(kinds.share(operand)))
        kind = operands[0].kind if node.name == "abs" else Kind.NUMBER
        if kind is Kind.NUMBER:
            self._steps_of(operands[0])
        return program.Operation(node.name, tuple(operands), node.span, kind)

    def _extreme(self, node: tree.Call, operands: list[program.Node]) -> program.Node:
        kinds = {operand.kind for operand in operands}
        kind = Kind.TIME if Kind.TIME in kinds else Kind.SHARE if Kind.SHARE in kinds else Kind.NUMBER
        self._count_steps(operands)
        values = [core(operand) for operand in operands]
        written = [value.value for value in values if isinstance(value, program.Written)]
        if len(written) == len(values):
            return program.Written(min(written) if node.name == "min" else max(written), node.span)
        made = operands[0]
        for operand in operands[1:]:
            made = program.Operation(node.name, (made, operand), node.span, kind)
        return made

    # --- phases, chains, lines ------------------------------------------------------------------------------------

    def _line(self, node: tree.Phase | tree.Chain | tree.Line, scope: Scope) -> program.Node:
        if scope.constant:
            return self.report(problems.not_constant(node.span, None))
        match node:
            case tree.Chain():
                return program.Chain(tuple(self.schedule(phase, scope) for phase in node.phases), node.span)
            case tree.Phase():
                body = self.schedule(node.body, scope)
                length, skip, until = (
                    None if part is None else self.duration(part, scope) for part in (node.for_, node.skip, node.until)
                )
                return program.Phase(body, length, skip, until, node.span)
            case tree.Line():
                made = self.value(node.body, scope)
                for clause in node.clauses:
                    made = self._clause(made, clause, node.span.to(clause.span), scope)
                return made

    def _clause(self, body: program.Node, clause: tree.Clause, span: Span, scope: Scope) -> program.Node:
        if clause.word == "every":
            return program.Sampled(body, self.duration(clause.value, scope), span, body.kind)
        value = self.value(clause.value, scope.fixed())
        if value.kind is Kind.SHARE:
            value = self.report(problems.share_as_limit(clause.value.span, clause.word))
        if body.kind is Kind.TIME:
            self._count_steps([body, value])
        else:
            self._steps_of(value)
        return program.Limit(body, "max" if clause.word == "floor" else "min", value, span, body.kind)

    # --- durations ------------------------------------------------------------------------------------------------

    def duration(self, node: tree.Expression, scope: Scope, offer: tuple[Span, str] | None = None) -> program.Node:
        """An exact length of time. `offer` is a text that a bare number under 1 may have meant instead."""
        if doubtful(self, node, scope, node.span, offer):
            return program.Broken(node.span)
        made = self.value(node, scope.fixed("a duration is exact", length=True))
        inexact = kinds.inexact(made)
        if inexact is not None:
            return self.report(problems.not_exact(inexact.span))
        if made.kind is Kind.NUMBER and not isinstance(core(made), program.Broken):
            self.use("steps", made.span)
        return made

    def moment(self, node: tree.Expression) -> program.Node:
        """A moment of an assertion: exact, and 0 and fractions are fine."""
        made = self.value(node, Scope().fixed("a moment is exact", length=True))
        inexact = kinds.inexact(made)
        if inexact is not None:
            return self.report(problems.not_exact(inexact.span))
        zero = isinstance(core(made), program.Written) and core(made).value == 0  # type: ignore[union-attr]
        if made.kind is Kind.NUMBER and not zero:
            self.use("steps", made.span)
        return made
