"""Program to timeline.

In: a program. Out: a timeline, or the problems that keep it from one. Lengths go first (`lengths.py`, one pass up; the pass down
is here), then levels: what a phase starts with comes from the phase before, and what a warmup rises to from the phase that
follows, which is looked at ahead (`levels.py`). Refuses to know how anything is computed.

    lengths.py   what each node needs
    levels.py    what each phase starts and ends with
    rows.py      the level program
    degrees.py   how the whole depends on base
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Literal

from .. import problems, program
from ..diagnostic import Diagnostic
from ..durations import Refused
from ..program import core
from ..records import field, frozen, replace, slotted
from ..source import Span
from ..timeline import (
    LONGEST,
    Chain,
    Clock,
    Cycle,
    Left,
    Level,
    Node,
    Operation,
    Origin,
    Part,
    Progress,
    Sample,
    Since,
    Timeline,
    clipped,
)
from .degrees import degree, row_degrees
from .forms import call_form
from .lengths import HORIZON, Lengths
from .levels import PASS, Ahead, cycle_end, start
from .rows import Rows, is_constant

__all__ = ["HORIZON", "constant", "degree", "plan", "row_degrees"]


@frozen
class Place:
    """Where a node stands: its own time starts at `origin`, it is planned to last `length`, and `%` is of `total`.

    `before` gives the row of the value at which the phase before ends, None where there is none; `after` looks ahead.
    `sealed` means inside arithmetic or the body of a curve, where no level falls back to base; `levels` are those of that
    curve; `key` is what the output drives, whose value when attached is `base`; `phase` is the number of the phase that all
    parts in it belong to; `told` is the word round the phase that gives it its length.
    """

    origin: Fraction
    length: Fraction | None
    total: Fraction | None
    before: Callable[[], int] | None = None
    after: Ahead | None = None
    sealed: bool = False
    key: str | None = None
    levels: dict[str, int] = field(default_factory=dict)
    phase: int | None = None
    told: Literal["for", "until"] | None = None

    @property
    def clock(self) -> Clock:
        return Clock(self.origin, None if self.length is None else min(self.length, LONGEST))

    @property
    def end(self) -> Fraction | None:
        return None if self.length is None else self.origin + self.length


@frozen
class Laid:
    """Parts in their order, and the row of the value at which they end."""

    parts: list[Part]
    end: Callable[[], int]


def plan(
    made: program.Program, name: str = "lr", outputs: Mapping[str, program.Node] | None = None
) -> tuple[Timeline | None, list[Diagnostic]]:
    """The timeline of one output, or the problems; `outputs` are those of one group."""
    lengths = Lengths(clock=made.clock, rates=made.rates)
    planner = Planner(lengths, Rows(lengths), lengths.problems)
    root = (made.outputs if outputs is None else outputs)[name]
    try:
        found = planner.whole(root, made.total, name if name in program.DRIVEN else None)
    except Refused as refused:
        planner.problems.append(refused.problem)
        found = None
    # What a phase before has looked ahead at is looked at again in its place.
    unique = {(problem.code, problem.labels[:1], problem.message): problem for problem in reversed(planner.problems)}
    return (None, list(reversed(unique.values()))) if unique else (found, [])


def constant(made: program.Program, node: program.Node, total: Fraction | None) -> float:
    """The value of a constant, as those of levels; raises Refused."""
    rows = Rows(Lengths(clock=made.clock, rates=made.rates, run=total))
    return rows.now(rows.constant(node, total, {}))


@slotted
class Planner:
    lengths: Lengths
    rows: Rows
    problems: list[Diagnostic]
    phases: list[Span] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    made: dict[tuple[int, Fraction], Laid] = field(default_factory=dict)
    # For notes: where each node stands, by its id, and its closed form.
    stood: dict[int, Place] = field(default_factory=dict)
    forms: dict[int, Node] = field(default_factory=dict)

    def whole(self, root: program.Node, total_of: program.Node | None, key: str | None) -> Timeline | None:
        total = self.lengths.run = None if total_of is None else self.lengths.exact(total_of, None)
        need = self.lengths.alone(root, total)
        if self.problems:
            return None
        length = total
        if total is None and need.kind == "open":
            raise Refused(problems.how_long(need.open_at or root.span))
        if total is None and need.kind == "fixed":
            length = need.least
        if total is not None:
            self.fit_run(root, need.kind, need.least, total)
        laid = self.lay(root, Place(Fraction(0), length, total, key=key))
        if self.problems:
            return None
        parts = list(laid.parts)
        if length is not None:
            last = parts[-1].phase if parts else self.number(root)
            parts.append(Part(length, None, Level(laid.end()), last))
        return Timeline(Chain(tuple(parts)), tuple(self.rows.rows), length, tuple(self.phases), tuple(self.origins))

    def fit_run(self, root: program.Node, kind: str, least: Fraction, total: Fraction) -> None:
        """The phases must fill the run, and no more."""
        if least > total:
            raise Refused(
                problems.longer_than_run(_last(root).span, self.lengths.text(least), self.lengths.text(total))
            )
        if kind == "fixed" and least < total:
            last = _last(root)
            end, run = self.lengths.text(least), self.lengths.text(total)
            raise Refused(problems.shorter_than_run(last.span, end, run, core(last)))

    def number(self, node: program.Node) -> int:
        self.phases.append(node.span)
        return len(self.phases) - 1

    # --- laying phases out ----------------------------------------------------------------------------------------

    def lay(self, node: program.Node, place: Place) -> Laid:
        self.stood[id(node)] = place
        match node:
            case program.Inner():
                return self.lay(node.body, place)
            case program.Chain():
                return self.lay_chain(node, place)
            case program.Phase():
                return self.lay_phase(node, place)
            case program.Output():
                return self.lay(node.body, self.alone(node, place))
        if place.phase is None:
            place = replace(place, phase=self.number(node))
            self.origins.append(self._length(node, place))
        form, end = self.form(node, place)
        self.forms[id(node)] = form
        assert place.phase is not None
        if isinstance(form, Level) and is_constant(node):
            self.origins.append(Origin(place.phase, "value", "written", form.row, node.span, node.span))
        parts = [] if place.length == 0 else [Part(place.origin, place.end, form, place.phase)]
        return Laid(parts, end or self._moment(form, place))

    def _length(self, node: program.Node, place: Place) -> Origin:
        """Where the length of a phase came from."""
        phase, inner = place.phase or 0, core(node)
        if isinstance(inner, program.Call) and inner.length is not None:
            return Origin(phase, "length", "written", None, inner.length.span)
        if self.lengths.alone(node, place.total).kind == "fixed":
            return Origin(phase, "length", "own")
        if place.told is not None:
            return Origin(phase, "length", place.told)
        if place.length is None:
            return Origin(phase, "length", "endless")
        return Origin(phase, "length", "left" if place.total == self.lengths.run else "rest")

    def _moment(self, form: Node, place: Place) -> Callable[[], int]:
        def end() -> int:
            assert place.end is not None, "what never ends has no value at its end"
            return self.rows.moment(form, place.end, "left")

        return end

    def places(self, node: program.Chain, place: Place) -> list[Place]:
        """Where each phase of a chain stands; levels are not looked at."""
        if (id(node), place.total) not in self.lengths.chains:
            self.lengths.alone(node, place.total)
        needs = self.lengths.chains[id(node), place.total]
        taken = sum((need.least for need in needs if need.kind == "fixed"), Fraction(0))
        found: list[Place] = []
        begin = place.origin
        for index, need in enumerate(needs):
            length: Fraction | None = need.least
            if need.kind != "fixed":
                length = None if place.length is None else place.length - taken
            ahead = _memoized(lambda index=index: self._ahead(node, found, index + 1, place))  # type: ignore[misc]
            found.append(replace(place, origin=begin, length=length, before=None, after=ahead, told=None))
            begin += length if length is not None else 0
        return found

    def _ahead(self, node: program.Chain, places: list[Place], index: int, place: Place) -> tuple[int | None, bool]:
        """The level at which what follows starts, if it does not depend on what is before, and whether it is written."""
        for phase, its in zip(node.phases[index:], places[index:], strict=True):
            found = start(self, phase, its)
            if found is not PASS:
                return found, found is not None
        return place.after() if place.after is not None else (None, False)

    def lay_chain(self, node: program.Chain, place: Place) -> Laid:
        before = place.before
        parts: list[Part] = []
        laid = None
        for phase, its in zip(node.phases, self.places(node, place), strict=True):
            try:
                laid = self.lay(phase, replace(its, before=before))
                parts += laid.parts
                before = laid.end
            except Refused as refused:
                self.problems.append(refused.problem)
                before = self._nothing
        return Laid(parts, before if before is not None else self._nothing)

    def _nothing(self) -> int:
        """In the place of a level that is not known because of a problem."""
        return self.rows.exact(Fraction(1))

    def alone(self, node: program.Output, place: Place) -> Place:
        """Where an output stands that is used in another one: only its time starts here, the rest is its own."""
        need = self.lengths.alone(node, place.total)
        length = need.least if need.kind == "fixed" else place.length
        return Place(place.origin, length, self.lengths.run, key=node.key, phase=place.phase)

    def inside(self, node: program.Phase, place: Place) -> tuple[Place, Fraction]:
        """Where the body of a phase stands, and how much of it is skipped."""
        need, total = self.lengths.planned(node, place.total)
        skip = Fraction(0) if node.skip is None else self.lengths.exact(node.skip, place.total)
        length: Fraction | None
        if need.kind == "fixed":
            length = need.least
        else:
            # Cut before what it needs: it is laid out whole, and the rest is clipped.
            length = None if place.length is None else max(place.length + skip, need.least)
        before = place.before if node.skip is None else None
        return replace(place, origin=place.origin - skip, length=length, total=total, before=before), skip

    def lay_phase(self, node: program.Phase, place: Place) -> Laid:
        its, skip = self.inside(node, place)
        if node.until is not None and its.length is None:
            its = replace(its, length=place.length)
        if node.length is not None or node.until is not None:
            its = replace(its, told="for" if node.length is not None else "until")
        laid = self.lay(node.body, its)
        if skip == 0 and its.end == place.end:
            return laid
        parts = list(clipped(laid.parts, place.origin, place.end))
        if place.end is None or its.end == place.end:
            return Laid(parts, laid.end)
        if its.end is not None and its.end < place.end:
            # `until` beyond the end: the last value holds.
            phase = laid.parts[-1].phase if laid.parts else self.number(node)
            begin = max(its.end, place.origin)
            return Laid([*parts, Part(begin, place.end, Level(laid.end()), phase)], laid.end)
        return Laid(parts, lambda: self._cut(laid, place.end or Fraction(0)))

    def _cut(self, laid: Laid, end: Fraction) -> int:
        owner = next((part for part in reversed(laid.parts) if part.begin < end), None)
        if owner is None:
            return self.rows.moment(laid.parts[0].body, end, "right") if laid.parts else laid.end()
        return owner.body.row if isinstance(owner.body, Level) else self.rows.moment(owner.body, end, "left")

    # --- closed forms ---------------------------------------------------------------------------------------------

    def form(self, node: program.Node, place: Place) -> tuple[Node, Callable[[], int] | None]:
        """The closed form of what is no chain, and where it is known without asking, the row of its end."""
        match node:
            case program.Inner():
                return self.form(node.body, place)
            case program.Output():
                laid = self.lay(node, place)
                return _as_one(laid), laid.end
            case program.Call():
                return call_form(self, node, place)
            case program.Variable("t"):
                return Since(place.clock), None
            case program.Variable(name):
                return (Progress if name == "p" else Left)(place.clock), None
            case program.Limit():
                return self._limit(node, place)
            case program.Sampled():
                every = self.lengths.interval(node.every, place.total)
                return Sample(self.one(node.body, place), place.origin, every), None
            case program.Repeat():
                return self._repeat(node, place)
            case program.Operation() if not is_constant(node):
                try:
                    operands = tuple(self.operand(operand, place) for operand in node.operands)
                except Refused as refused:
                    raise Refused(problems.left_open_in(refused.problem, node)) from None
                return Operation(node.function, operands), None
        row = self.rows.constant(node, place.total, place.levels)
        return Level(row), lambda: row

    def operand(self, node: program.Node, place: Place) -> Node:
        """An operand: nothing crosses into it, and where it is shorter than the whole it holds its last value."""
        place = replace(place, before=None, after=None, sealed=True)
        if is_constant(node):
            return Level(self.rows.constant(node, place.total, place.levels))
        need = self.lengths.alone(node, place.total)
        if need.kind != "fixed" or need.least == place.length:
            return self.one(node, place)
        laid = self.lay(node, replace(place, length=need.least))
        end = place.origin + need.least
        return Chain((*laid.parts, Part(end, None, Level(laid.end()), place.phase or 0)))

    def one(self, node: program.Node, place: Place) -> Node:
        """A line as one node."""
        if place.length == 0 and not isinstance(core(node), program.Chain | program.Phase):
            # It owns no time, so it has no parts; its neighbours ask for its start and its end all the same.
            return self.form(core(node), place)[0]
        return _as_one(self.lay(node, place))

    def _limit(self, node: program.Limit, place: Place) -> tuple[Node, Callable[[], int]]:
        row = self.rows.constant(node.value, place.total, place.levels)
        word: Literal["floor", "cap"] = "floor" if node.function == "max" else "cap"
        number = len(self.phases) if place.phase is None else place.phase
        self.origins.append(Origin(number, word, "written", row, node.value.span, node.span))
        # A phase of its own number for each phase of the line, so that pictures can name them.
        laid = self.lay(node.body, replace(place, phase=place.phase if place.sealed else None))
        form = Operation(node.function, (_as_one(laid), Level(row)))
        return form, lambda: self.rows.operation(node.function, laid.end(), row)

    def _repeat(self, node: program.Repeat, place: Place) -> tuple[Node, None]:
        need = self.lengths.alone(node.body, place.total)
        inside = replace(place, origin=Fraction(0), length=need.least)
        inside = replace(inside, after=cycle_end(self, node.body, inside))
        body = self.one(node.body, inside)
        factor = None if node.factor is None else self.rows.constant(node.factor, place.total, {})
        stretch, times = self.lengths.stretch(node, place.total), self.lengths.times(node, place.total)
        return Cycle(body, place.origin, need.least, stretch, factor, times), None


def _as_one(laid: Laid) -> Node:
    if not laid.parts:
        return Level(laid.end())
    return laid.parts[0].body if len(laid.parts) == 1 else Chain(tuple(laid.parts))


def _memoized(find: Ahead) -> Ahead:
    known: list[tuple[int | None, bool]] = []

    def ahead() -> tuple[int | None, bool]:
        if not known:
            known.append(find())
        return known[0]

    return ahead


def _last(node: program.Node) -> program.Node:
    """The phase at which a line ends."""
    while True:
        match node:
            case program.Chain():
                node = node.phases[-1]
            case program.Limit() | program.Sampled() | program.Inner():
                node = node.body
            case _:
                return node
