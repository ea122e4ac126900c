"""What users hold: a schedule, the outputs of a text as functions of time.

In: a text, what is bound, and its outputs. Out: values, factors, other bindings, source, pictures. Methods that only forward
import inside the method, so that nothing is loaded that is not used. Refuses to parse: `compile` makes schedules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, overload

from . import notes as remarks
from . import problems
from .diagnostic import Diagnostic, NoAttribute, ScheduleError
from .facts import Facts
from .output import Base, Outline, Output, Relation
from .parser import Parsed
from .program import Program
from .records import field, frozen
from .source import Source, Span
from .timeline import LATEST, Timeline
from .tree import Assign, Bare, Group

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .comparison import Difference
    from .output import Floats

__all__ = ["Made", "Outline", "Schedule"]


@frozen
class Made:
    """What became of a text: its outputs, the unit of its clock with the worth of others in it, its params, the lines for
    groups, and the problems that a later binding of `total`, `step`, `epoch` or `sample` may cure.
    """

    parsed: Parsed
    names: tuple[str, ...]
    outputs: dict[str, Output]
    clock: str
    rates: Mapping[str, Fraction]
    params: Mapping[str, str]
    patterns: tuple[tuple[str, str], ...] = ()
    late: tuple[Diagnostic, ...] = ()
    waiting: tuple[Diagnostic, ...] = ()  # the same of lines for groups, for which others need not wait
    won: Mapping[str, str] = field(
        default_factory=dict
    )  # of a group: the pattern of each output that has a line for it
    groups: dict[Any, Schedule] = field(default_factory=dict)  # what groups see, by the lines that win
    program: Program | None = None  # what was understood, from which notes are read


class Schedule:
    """A learning-rate schedule: `s(t)` is the value used by update t, a float or a float64 array of the shape of t.

    Schedules are made by `lrdsl.compile` and `lrdsl.load`. They are equal where their texts and bindings are, and pickle
    as those. `s["weight_decay"]` is another output, callable alike.

    >>> import lrdsl
    >>> s = lrdsl.compile("warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6")
    >>> s(500)
    0.0005
    >>> s([0, 1000, 100_000])
    array([1.e-06, 1.e-03, 1.e-06])
    """

    def __init__(
        self,
        text: str,
        source: Source | None = None,
        bindings: dict[str, str] | None = None,
        made: Made | None = None,
        group: str | None = None,
    ) -> None:
        if source is None or bindings is None or made is None:
            raise ScheduleError(problems.bad_call("a schedule is compiled from its text", "lrdsl.compile(text)"))
        self._text, self._source, self._bindings, self._made, self._group = text, source, bindings, made, group
        self._lr = made.outputs.get("lr")
        self._at: Callable[[float], float] | None = None  # its value at a time that is right, once it has been asked

    # --- values -------------------------------------------------------------------------------------------------------

    @overload
    def __call__(self, t: float, /, base: Base = None) -> float: ...

    @overload
    def __call__(self, t: ArrayLike, /, base: Base = None, *, out: Floats | None = None) -> Floats: ...

    def __call__(self, t: Any, /, base: Any = None, *, out: Any = None) -> Any:
        """The lr at time t, in the unit of `clock`: a float for a number, a float64 array of its shape for an array.

        `base` is what the driven key held when attached (a number, or a mapping by key); it may be left out where the text
        does not use it or is relative to it alone (then 1.0). Raises ScheduleError for negative or NaN times, and where
        the base or something that the text needs is missing.
        """
        at = self._at
        # What is asked most often goes straight to the kernel; all else, what is wrong too, the long way.
        if at is not None and base is None and (t.__class__ is int or t.__class__ is float) and 0 <= t <= LATEST:
            return at(t + 0.0)
        lr = self._lr or self["lr"]
        found = lr(t, base, out=out)
        self._at = lr.at
        return found

    def __getitem__(self, name: str) -> Output:
        """An output, callable as the schedule is. Raises ScheduleError where there is none of that name.

        >>> import lrdsl
        >>> s = lrdsl.compile("lr = cosine(100, from=1e-3)\\nweight_decay = 100*lr")
        >>> s["weight_decay"](50)
        0.05
        """
        if self._made.late:
            raise ScheduleError(*self._made.late)
        if name not in self._made.outputs:
            raise ScheduleError(problems.no_such_output(name, self.lines))
        return self._made.outputs[name]

    def __iter__(self) -> Any:
        raise TypeError("a Schedule is no sequence: `s.outputs` are the names of its outputs, `s(t)` is a value")

    def __contains__(self, name: object) -> bool:
        return name in self.outputs

    def exactly(self, t: Fraction | float, base: Base = None) -> float:
        """The lr at an exact time by the definition, in plain floats: within a few last digits of `s(t)`, without numpy."""
        return self["lr"].exactly(t, base)

    def left(self, t: Fraction | float, base: Base = None) -> float:
        """The limit of the lr from the left at an exact time: what a phase ends at."""
        return self["lr"].left(t, base)

    def factor(self, t: Any, base: Base = None) -> Any:
        """f(t) / base: what multiplies a group's own lr, for LambdaLR and everything built like it.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(10) then hold").factor(5)
        0.5
        """
        return self["lr"].factor(t, base)

    def group(self, name: str) -> Schedule:
        """The schedule as a parameter group of that name sees it, all outputs.

        Raises ScheduleError where no line decides, or a number of the pattern could be two.

        >>> import lrdsl
        >>> s = lrdsl.compile('lr = 1\\nlr["layers.{i}.*"] = 0.5^(3 - i)')
        >>> s.group("layers.2.bias")(0), s.group("head")(0)
        (0.5, 1.0)
        """
        from . import in_group

        return in_group(self, name)

    # --- facts --------------------------------------------------------------------------------------------------------

    @property
    def clock(self) -> str:
        """The unit in which time is asked: steps, epochs, tokens or samples."""
        return self._made.clock

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs, in the order of the text; what has lines for groups only is not among them."""
        return self._made.names

    @property
    def lines(self) -> tuple[str, ...]:
        """The names of all outputs that have a line, plain or for groups."""
        return tuple(dict.fromkeys((*self._made.names, *(output for output, _ in self._made.patterns))))

    @property
    def plain(self) -> tuple[Output, ...]:
        """The outputs themselves; an output that has lines for groups only is not among them."""
        if self._made.late:
            raise ScheduleError(*self._made.late)
        return tuple(self._made.outputs.values())

    @property
    def won(self) -> Mapping[str, str]:
        """Of the schedule as a group sees it: the pattern that won, for each output that has a line for the group."""
        return self._made.won

    @property
    def patterns(self) -> tuple[tuple[str, str], ...]:
        """The lines for groups: the output and the pattern of each."""
        return self._made.patterns

    def place(self, output: str, pattern: str | None = None) -> Span:
        """Where the line of an output stands, or its line for a pattern."""
        for commented in self._made.parsed.file.statements:
            match commented.statement:
                case Group(name, text, _, span) if name == output and pattern in (None, text):
                    return Span(span.source, span.start, span.start + span.text.index("=")).stripped()
                case Assign(name=name, name_span=span) if name == output and pattern is None:
                    return span
                case Bare(span=span) if output == "lr" and pattern is None:
                    return span
        raise KeyError(output)

    @property
    def params(self) -> Mapping[str, str]:
        """What can be set from outside, with its text."""
        return self._made.params

    @property
    def rates(self) -> Mapping[str, Fraction]:
        """What one of each unit is worth in the clock's unit, where the text says it."""
        return self._made.rates

    @property
    def missing(self) -> tuple[Diagnostic, ...]:
        """What must be bound before the schedule can be called; empty where nothing is missing."""
        return self._made.late

    @property
    def first(self) -> Output:
        """The output lr, or the first one where there is none."""
        return self["lr"] if self._lr is not None or not self.plain else self.plain[0]

    @property
    def relation(self) -> Relation:
        """`absolute`, `relative` to base alone, or `mixed`, where the base must be given."""
        return self.first.relation

    @property
    def timeline(self) -> Timeline:
        return self.first.timeline

    @property
    def length(self) -> Fraction | None:
        """How long the phases last, exactly; None where they never end."""
        return self.first.length

    @property
    def phases(self) -> tuple[Outline, ...]:
        """The phases in their order, limits of the whole line looked through."""
        return self.first.phases

    @property
    def settled(self) -> float | None:
        """A time from which on nothing changes; None where there is none, or where it depends on the base."""
        return self.first.settled

    @property
    def facts(self) -> Facts:
        """What is known of the lr for all times, each fact found when it is first asked for.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(2k, to=3e-4) then cosine(to=10%)", total=100_000).facts.area.mean
        0.0001647
        """
        return self.first.facts

    def notes(self, base: Base = None, allow: Iterable[str] = ()) -> list[Diagnostic]:
        """What `check` remarks: what is missing, and what is legal and hardly meant, without what the text or `allow` silences.

        >>> import lrdsl
        >>> s = lrdsl.compile("0.1 until 30k then 0.01")
        >>> [note.name for note in s.notes()], s.notes(allow=["jump"])
        (['jump'], [])
        """
        from . import mended

        names = remarks.names_in(allow) if isinstance(allow, str) else list(allow)
        for name in names:
            if name not in problems.NOTES:
                raise ScheduleError(problems.no_such_note(name, remarks.closest(name)))
        made, found = self._made, []
        if made.late:
            missing = made.late
        else:
            missing = made.waiting
            if made.program is not None:
                found = [*remarks.unused(made.parsed, self._bindings), *remarks.find(made.program, made.outputs, base)]
        silent = remarks.allowed(made.parsed).union(names)
        found = [note for note in (*remarks.unknown(made.parsed), *found) if note.name not in silent]
        return [*map(problems.as_note, missing), *mended(self, found)]

    @property
    def summary(self) -> str:
        """The schedule in one line, as reprs, logs and `check` end with it.

        >>> import lrdsl
        >>> lrdsl.compile("warmup(2k, to=3e-4) then cosine(to=10%)", total=100_000).summary
        'lr 0 -> 3e-4 at 2k -> 3e-5 at 100k, then 3e-5 · steps · total 100k'
        """
        return self.describe()

    def describe(self, base: Base = None) -> str:
        """The summary with the values that a base gives."""
        from .summary import summary

        return summary(self, base)

    # --- other forms --------------------------------------------------------------------------------------------------

    def bind(self, **params: Any) -> Schedule:
        """The same text with other values; what is not named keeps its value.

        >>> import lrdsl
        >>> lrdsl.compile("cosine(from=1)").bind(total=100)(50)
        0.5
        """
        from . import compiled_text

        made = compiled_text(self._text, self._source.name, {**self._bindings, **params})
        return made if self._group is None else made.group(self._group)

    def source(self, target: str = "numpy", groups: Iterable[str] = ()) -> str:
        """A standalone module for `numpy`, `torch`, `jax` or `python`, a function an output, `lr(t, base=1.0)`; `json`: a document.

        Where the text has lines for groups, `group(name)` is in it too; `groups` are names of those that there are."""
        from . import written

        return written(self, target, groups)

    def torch(self, output: str = "lr") -> Any:
        """A function of a step tensor, `f(t, base=1.0)`: float64 on its device, traceable, differentiable by t; NaN before 0."""
        from .emitter.module import function

        return function(self, self[output], "torch")

    def jax(self, output: str = "lr") -> Any:
        """A function of a step, `f(step, base=1.0)`, for JAX and Optax: traced, mapped, differentiable; NaN before 0."""
        from .jax import traced

        return traced(self, output)

    def diff(self, other: Schedule | str, *, at: float | None = None, base: Base = None) -> Difference:
        """How another schedule differs from this one, from the time `at` on: `.same`, `.words`, `.as_data()`.

        A text is compiled with the bindings of this schedule. Raises ScheduleError where a total is missing, or they count in
        different units, or one of them alone is relative to base and none is given.

        >>> import lrdsl
        >>> s = lrdsl.compile("warmup(2k, to=3e-4) then cosine(to=10%)", total=100_000)
        >>> print(s.diff("warmup(2k, to=3e-4) then cosine(to=20%)").words)
        lr: the same until 2k; then B is higher, by 100 % at most, at 100k. The area is 8.93 % larger.
        >>> s.diff("warmup(2k, to=3e-4) then cosine(98k, to=3e-5)").same
        True
        """
        from . import compiled_text
        from .comparison import difference

        if isinstance(other, str):
            other = compiled_text(other, "<text>", self._bindings)
        return difference(self, other, at=at, base=base)

    def plot(self, ax: Any = None, *, log: bool | None = None, until: float | None = None, base: Base = None) -> Any:
        """Draw all outputs, a panel for each, and return the matplotlib Axes (of several an array); on given Axes the lr alone.

        `log` and `until` as for `lrdsl plot`.
        """
        from .plotter import draw

        return draw([self], ax, log=log, until=until, base=base)

    def _repr_html_(self) -> str:
        """What a notebook shows: the text, its curves, its phases; or what is missing."""
        from .plotter import html

        return html(self)

    @property
    def text(self) -> str:
        """The text as it was given."""
        return self._text

    @property
    def source_name(self) -> str:
        """The name that messages give the text."""
        return self._source.name

    @property
    def bindings(self) -> dict[str, str]:
        """What was bound from outside."""
        return dict(self._bindings)

    def __str__(self) -> str:
        from .printer import show

        return show(self._made.parsed.file)

    def __repr__(self) -> str:
        bound = "".join(f", {name}={value!r}" for name, value in self._bindings.items())
        group = "" if self._group is None else f".group({self._group!r})"
        return f"lrdsl.compile({str(self).rstrip()!r}{bound}){group}"

    def _meaning(self) -> tuple[object, ...]:
        statements = tuple(commented.statement for commented in self._made.parsed.file.statements)
        return statements, tuple(sorted(self._bindings.items())), self._group

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schedule):
            return NotImplemented
        return self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._text, self._source.name, self._bindings, self._group)

    def __getattr__(self, name: str) -> Any:
        meant = problems.not_of_a_schedule(name)
        raise NoAttribute(meant) if meant else AttributeError(f"Schedule has no attribute {name!r}")


def _again(text: str, name: str, bindings: dict[str, str], group: str | None) -> Schedule:
    from . import compiled_text

    made = compiled_text(text, name, bindings)
    return made if group is None else made.group(group)
