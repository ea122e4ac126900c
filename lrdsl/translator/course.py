"""What a scheduler does to each output, and how several are put one after another or multiplied.

In: chains of phases. Out: courses, and what they say. Refuses to know any library.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, ParamSpec

from ..records import frozen, replace
from .levels import Style, same
from .phases import Chain, Constant, Free, Part, Product, cut, end, lasts, length, line
from .words import Said, refuse

P = ParamSpec("P")


@frozen
class Course:
    """What a scheduler writes into each output.

    `until` is the last step at which `outputs` are right, and `beyond` what is right after it too, where that can be said; `grows`
    tells that a lr grows without end, so that only a part of it is a schedule. Where the library ends a run a step after `until`,
    it is `over` there, and what is written there is used by no update.
    """

    name: str
    outputs: Mapping[str, Chain]
    until: int | None = None
    beyond: Mapping[str, Chain] | None = None
    grows: bool = False
    over: int | None = None

    def reaching(self, moment: Fraction | int | None) -> Course:
        """The course that is right up to a moment and with it."""
        if moment is None or self.until is None or moment <= self.until:
            return self
        if self.beyond is None:
            raise refuse(self.name, f"its last step is {self.until:_}, and the run goes on to {math.ceil(moment):_}")
        return replace(self, outputs=self.beyond, until=None, beyond=None, over=None)

    def ended(self, total: int) -> Course:
        """What grows without end, as far as a run of so many steps goes."""
        ends = {output: cut(chain, Fraction(total)) for output, chain in self.outputs.items()}
        return Course(self.name, {output: chain for output, chain in ends.items() if chain}, total - 1)

    def within(self, moment: Fraction) -> Course:
        """The course until a moment, at which something else begins."""
        found = {}
        for output, chain in self.reaching(math.ceil(moment) - 1).outputs.items():
            kept = cut(chain, moment)
            if kept is None:
                raise refuse(
                    self.name,
                    f"where it stands after its end, before step {float(moment):g}, is no level that is written",
                )
            found[output] = kept
        return replace(self, outputs=found, until=None, beyond=None, grows=False, over=None)

    def said(self, style: Style = Style()) -> Said:  # noqa: B008
        if self.grows:
            name, chain = next(iter(self.outputs.items()))
            said = line(cut(chain, Fraction(1000)) or chain, style)
            raise refuse(self.name, f"its `{name}` grows without end", f"say where it ends: `{said}`")
        return Said(text({output: line(chain, style) for output, chain in self.outputs.items()}), self.until)


def text(lines: Mapping[str, str]) -> str:
    """The text of the lines of outputs; a lone lr needs no name."""
    if set(lines) == {"lr"}:
        return lines["lr"]
    return "\n".join(f"{output} = {one}" for output, one in lines.items())


def alone(
    name: str, *parts: Part, until: int | None = None, beyond: Chain | None = None, grows: bool = False
) -> Course:
    """The course of a scheduler that writes the lr alone."""
    return Course(name, {"lr": parts}, until, None if beyond is None else {"lr": beyond}, grows)


def table(courses: Mapping[str, Callable[..., Course]]) -> dict[str, Callable[..., Said]]:
    """What each scheduler says, by its name."""
    return {name: _saying(name, course) for name, course in courses.items()}


def _saying(name: str, course: Callable[P, Course]) -> Callable[P, Said]:
    """A function of the same parameters that gives the text."""
    found = checked(name, course)

    @functools.wraps(course)
    def said(*args: P.args, **named: P.kwargs) -> Said:
        return found(*args, **named).said()

    return said


def checked(name: str, course: Callable[P, Course]) -> Callable[P, Course]:
    """A course of arguments that nobody has looked at yet: there must be those that are needed, and numbers that are some."""

    @functools.wraps(course)
    def found(*args: P.args, **named: P.kwargs) -> Course:
        try:
            bound = inspect.signature(course).bind(*args, **named)
        except TypeError as error:
            raise refuse(name, f"{error}") from error
        check_finite(name, bound.arguments)
        for parameter, value in bound.arguments.items():
            if isinstance(value, list | tuple) and parameter not in _LISTS:
                bound.arguments[parameter] = _one(name, parameter, value)
        return course(*bound.args, **bound.kwargs)

    return found


_LISTS = ("milestones", "lr_lambda")


def _one(name: str, parameter: str, values: Sequence[Any]) -> Any:
    """The value of all groups, where each was given the same."""
    if len(set(values)) != 1:
        why = f"its `{parameter}` has a value for each group"
        raise refuse(name, why, 'write a line for each: `lr["head"] = ...`')
    return values[0]


def check_finite(name: str, arguments: Mapping[str, Any]) -> None:
    for parameter, value in arguments.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, float) and not math.isfinite(one):
                raise refuse(name, f"its `{parameter}` is {one}")


# --- one after another ----------------------------------------------------------------------------------------------------


def sequence(name: str, courses: Sequence[Course], moments: Sequence[int]) -> Course:
    """Courses one after another, each from its own beginning: one more than there are moments at which the next one begins."""
    begins = [0, *(max(0, moment) for moment in moments)]
    ends = [*begins[1:], None]
    chains: dict[str, list[Part]] = {"lr": []}
    last = courses[-1]
    for course, begin, stop in zip(courses, begins, ends, strict=True):
        if stop == begin:
            continue  # torch passes over what has no time
        kept = course if stop is None else course.within(Fraction(stop - begin))
        for output in kept.outputs:
            if output != "lr" and stop is not None:
                raise refuse(name, f"`{course.name}` leaves the {output} where it happens to be at step {stop:_}")
            if output not in chains:
                chains[output] = [Part(Constant(_top(kept, output)), Fraction(begin))] if begin else []
        for output, chain in kept.outputs.items():
            chains[output] += chain
    shift = begins[-1]
    until = None if last.until is None else last.until + shift
    over = None if last.over is None else last.over + shift
    outputs = {output: joined(parts) for output, parts in chains.items()}
    beyond = None
    if last.beyond is not None:
        before = len(chains["lr"]) - len(last.outputs["lr"])
        beyond = {"lr": joined([*chains["lr"][:before], *last.beyond["lr"]])}
    return Course(name, outputs, until, beyond, last.grows, over)


def _top(course: Course, output: str) -> Any:
    """The level at which an output of a course starts: what is written when the scheduler is built."""
    from .phases import starts

    found = starts(course.outputs[output][0].phase)
    if found is None:
        raise refuse(course.name, f"where its {output} starts is no level that is written")
    return found


def joined(parts: Iterable[Part]) -> Chain:
    """A chain in which levels that are kept twice are one phase."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        match last, part:
            case Part(Constant(one), Fraction() as first), Part(Constant(other), second) if same(one, other):
                found[-1] = Part(Constant(one), None if second is None else first + second)
            case _:
                found.append(part)
    return tuple(found)


# --- multiplied -----------------------------------------------------------------------------------------------------------


def product(name: str, courses: Sequence[Course]) -> Course:
    """Courses multiplied: each is a factor of base."""
    chains = [_bare(course.outputs["lr"]) for course in courses]
    if all(_is_one(chain) for chain in chains):
        chains = chains[:1]
    else:
        chains = [chain for chain in chains if not _is_one(chain)]
    limits = [course.until for course in courses if course.until is not None]
    if any(length(chain) is None for chain in chains) and not (limits and _fit(chains)):
        chains = [_held(name, chain) for chain in chains]
    outputs = {"lr": chains[0] if len(chains) == 1 else (Part(Product(tuple(chains))),)}
    return Course(name, outputs, min(limits, default=None), None, any(course.grows for course in courses))


def _fit(chains: Sequence[Chain]) -> bool:
    """Whether what has no end takes the length of what it is multiplied with, from left to right: it must have begun for good."""
    ends: Fraction | None = None
    begun = Fraction(0)
    for chain in chains:
        found = length(chain)
        if found is None:
            begun = max(begun, sum((part.length or lasts(part.phase) or Fraction(0) for part in chain), Fraction(0)))
        else:
            ends = found if ends is None else max(ends, found)
        if ends is not None and begun > ends:
            return False
    return ends is not None


def _bare(chain: Chain) -> Chain:
    """A chain without a hold at its end, which its last level is without it."""
    last = chain[-1]
    held = len(chain) > 1 and isinstance(last.phase, Constant) and last.length is None
    return (
        chain[:-1] if held and isinstance(last.phase, Constant) and same(last.phase.level, end(chain[:-1])) else chain
    )


def _is_one(chain: Chain) -> bool:
    match chain:
        case (Part(Constant(level=level), None),):
            return level.relative and level.value == 1
        case (Part(Free(factor=factor), None),):
            return factor == 1
    return False


def _held(name: str, chain: Chain) -> Chain:
    if length(chain) is None:
        return chain
    level = end(chain)
    if level is None:
        raise refuse(name, "where one of its schedulers stands after its end is no level that is written")
    return (*chain, Part(Constant(level)))
