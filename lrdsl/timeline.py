"""What was meant: a tree of closed forms over exact time, as small as the text.

A *chain* is a sorted list of parts, each with its own `[begin, end)`. A *cycle* folds time, a *sample* floors it, an
*operation* has operands that keep their own boundaries (floor and cap are max and min), a *blend* lies between two levels.
Leaves are the time `t`, the progress `p` and what is left of it, `q`, each by the clock of its phase, which a cut or a skip
does not move; and levels. Levels are rows of a straight-line program over `base`, for `base` differs by group.

Times are exact rationals. Nothing here is proportional to steps or cycles, and nothing remembers the text but the number of
the phase that a part came from. Refuses to know how values are computed fast: `value` below is the definition.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Literal

from .functions import FUNCTIONS, blend, power
from .records import field, frozen, replace
from .source import Span

Side = Literal["left", "right"]  # the limit from the left at a time, or the value there


LATEST = 1e300  # times beyond it are none that floats could tell apart
LONGEST = Fraction(10**307)  # a length, as floats can have it: what is longer is never over before LATEST


class BadTime(ValueError):
    """A negative, NaN or infinite time; carries it."""

    def __init__(self, time: object) -> None:
        super().__init__(f"no time: {time!r}")
        self.time = time


@frozen
class Clock:
    """Where the time of a phase starts, and how long the phase is as planned (None: without end)."""

    origin: Fraction
    length: Fraction | None


@frozen(eq=False)
class Since:
    """`t`: the time since the clock's origin."""

    clock: Clock


@frozen(eq=False)
class Progress:
    """`p`: from 0 to 1 over the clock's length."""

    clock: Clock


@frozen(eq=False)
class Left:
    """`q` = 1 - p, exact near the end."""

    clock: Clock


@frozen(eq=False)
class Level:
    """The value of a row of the level program."""

    row: int


@frozen(eq=False)
class Operation:
    function: str
    operands: tuple[Node, ...]


@frozen(eq=False)
class Blend:
    """From one level to another: weight `s` goes from 0 to 1, `complement` is 1 - s (None where it has no form of its own)."""

    from_: int
    to: int
    weight: Node
    complement: Node | None
    clock: Clock


@frozen(eq=False)
class Anchored:
    """A curve that starts at a level only to 1e-12: at its very first moment the level itself is its value."""

    body: Node
    start: int
    clock: Clock


@frozen(eq=False)
class Part:
    """`body` over `[begin, end)`; `end` is None where it never ends."""

    begin: Fraction
    end: Fraction | None
    body: Node
    phase: int


@frozen(eq=False)
class Chain:
    parts: tuple[Part, ...]
    begins: tuple[Fraction, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begins", tuple(part.begin for part in self.parts))


@frozen(eq=False)
class Cycle:
    """`body`, which lasts `period`, again and again; cycle i lasts stretch^i as long and counts factor^i as much."""

    body: Node
    origin: Fraction
    period: Fraction
    stretch: Fraction
    factor: int | None
    times: int | None

    def start(self, index: int) -> Fraction:
        """When cycle `index` begins, exactly."""
        if self.stretch == 1:
            return self.origin + self.period * index
        return self.origin + self.period * (self.stretch**index - 1) / (self.stretch - 1)


@frozen(eq=False)
class Sample:
    """`body`, looked at only at `origin` and each `every` after it."""

    body: Node
    origin: Fraction
    every: Fraction


Node = Since | Progress | Left | Level | Operation | Blend | Anchored | Chain | Cycle | Sample


@frozen
class BaseRow:
    """What a driven key held when the schedule was attached."""

    key: str


@frozen
class ExactRow:
    """A number as written, rounded once."""

    value: Fraction


@frozen
class RealRow:
    value: float


@frozen
class OperationRow:
    function: str
    rows: tuple[int, ...]


Row = BaseRow | ExactRow | RealRow | OperationRow


Source = Literal[
    "written", "share", "before", "ahead", "default", "base", "for", "until", "left", "rest", "own", "endless"
]


@frozen
class Origin:
    """Where a level or the length of a phase came from; `row` is that of a level, `span` where it is written, if it is, and `call`
    the call, or the number, whose level it is: the phase itself, or something inside of it.

    A level is written (as a share of the other one, too), taken from the phase before or ahead, a default, or base. A length
    is written, or said by `for` or `until` round the phase, or that of what is inside (`own`), or what the total leaves, or what
    the bracket leaves in which the phase stands (`rest`); or there is none.
    """

    phase: int
    name: Literal["from", "to", "max", "value", "floor", "cap", "length"]
    source: Source
    row: int | None = None
    span: Span | None = None
    call: Span | None = None


@frozen
class Timeline:
    """One output: the chain, its level program, its length (None: without end), where each phase is written, and where its levels
    and lengths came from."""

    chain: Chain
    rows: tuple[Row, ...]
    length: Fraction | None
    phases: tuple[Span, ...]
    origins: tuple[Origin, ...] = ()


def rounded(value: Fraction) -> float:
    """The float nearest to an exact number; infinite where it is too large for any."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def logarithm(value: Fraction) -> float:
    """The logarithm of an exact number that may be too large for a float."""
    return math.log(value.numerator) - math.log(value.denominator)


def as_number(time: Fraction | None) -> int | float | None:
    """An exact time as JSON has it: a whole number, or the nearest float."""
    if time is None:
        return None
    return int(time) if time.denominator == 1 else rounded(time)


def levels(rows: Sequence[Row], base: float | Mapping[str, float], known: Sequence[float] = ()) -> list[float]:
    """The values of the level program; each row uses rows before it only. `base` is one number, or one for each key; `known`
    are the values that are computed already."""
    values = list(known)
    for row in rows[len(values) :]:
        match row:
            case BaseRow(key):
                values.append(base[key] if isinstance(base, Mapping) else base)
            case ExactRow(exact):
                values.append(rounded(exact))
            case RealRow(real):
                values.append(real)
            case OperationRow(function, operands):
                values.append(FUNCTIONS[function].value(*(values[operand] for operand in operands)))
    return values


def value(node: Node, time: Fraction, known: Sequence[float], side: Side = "right") -> float:
    """The value of a node at an exact time, in plain floats: the definition of what every kernel computes."""
    match node:
        case Level():
            return known[node.row]
        case Since():
            return rounded(time - node.clock.origin)
        case Progress() | Left():
            return share(node, time, side)
        case Operation():
            operands = [value(operand, time, known, side) for operand in node.operands]
            return FUNCTIONS[node.function].value(*operands)
        case Blend():
            return _blend(node, time, known, side)
        case Anchored():
            if time == node.clock.origin and (side == "right" or node.clock.length == 0):
                return known[node.start]
            return value(node.body, time, known, side)
        case Chain():
            return value(owner(node, time, side).body, time, known, side)
        case Cycle():
            return _cycle(node, time, known, side)
        case Sample():
            return value(node.body, sampled(node, time, side), known)


def owner(chain: Chain, time: Fraction, side: Side = "right") -> Part:
    """The part that owns a moment; from the left, the part that ends there."""
    find = bisect.bisect_right if side == "right" else bisect.bisect_left
    return chain.parts[max(find(chain.begins, time) - 1, 0)]


def share(node: Progress | Left, time: Fraction, side: Side) -> float:
    """The progress of a clock at a time, or what is left of it."""
    clock = node.clock
    assert clock.length is not None
    if clock.length == 0:
        # A phase of length zero owns no time: its neighbours see its start from the right and its end from the left.
        done = side == "left"
        return float(done if isinstance(node, Progress) else not done)
    since = min(time - clock.origin, clock.length)  # which is LONGEST where the phase is longer
    return rounded((since if isinstance(node, Progress) else clock.length - since) / clock.length)


def _blend(node: Blend, time: Fraction, known: Sequence[float], side: Side) -> float:
    start, stop = known[node.from_], known[node.to]
    since = time - node.clock.origin
    if since <= 0 and (side == "right" or node.clock.length != 0):
        return start
    if node.clock.length is not None and since >= node.clock.length:
        return stop
    weight = value(node.weight, time, known, side)
    rest = 1.0 - weight if node.complement is None else value(node.complement, time, known, side)
    return blend(start, stop, weight, rest)


def _cycle(node: Cycle, time: Fraction, known: Sequence[float], side: Side) -> float:
    index = cycle_at(node, time, side)
    local = (time - node.start(index)) / node.stretch**index
    found = value(node.body, local, known, side)
    return found if node.factor is None else found * power(known[node.factor], float(index))


def sampled(node: Sample, time: Fraction, side: Side) -> Fraction:
    """The moment at which a sample was taken that holds at a time."""
    turns = (time - node.origin) / node.every
    index = math.ceil(turns) - 1 if side == "left" and turns > 0 else math.floor(turns)
    return node.origin + index * node.every


def cycle_at(node: Cycle, time: Fraction, side: Side = "right") -> int:
    """The number of the cycle that owns a moment; from the left, of the cycle that ends there."""
    if node.stretch == 1:
        turns = (time - node.origin) / node.period
        index = math.floor(turns)
        if side == "left" and index == turns:
            index -= 1
    else:
        index = _stretched_at(node, time, side)
    index = max(index, 0)
    return index if node.times is None else min(index, node.times - 1)


def _stretched_at(node: Cycle, time: Fraction, side: Side) -> int:
    # A guess by logarithms, corrected against the exact boundaries: a sum would grow with the number of cycles.
    turns = 1 + (time - node.origin) / node.period * (node.stretch - 1)
    last = math.inf if node.times is None else node.times - 1
    index = int(min(max(logarithm(turns) / logarithm(node.stretch), 0), last)) if turns > 0 else int(last)
    while index > 0 and (node.start(index) > time or (side == "left" and node.start(index) == time)):
        index -= 1
    while index < last and (node.start(index + 1) < time or (side == "right" and node.start(index + 1) == time)):
        index += 1
    return index


def clipped(parts: Sequence[Part], begin: Fraction, end: Fraction | None) -> Iterator[Part]:
    """The parts within a stretch of time, cut where they reach beyond it."""
    for part in parts:
        first = max(part.begin, begin)
        last = part.end if end is None else end if part.end is None else min(part.end, end)
        if last is None or first < last:
            yield part if (first, last) == (part.begin, part.end) else replace(part, begin=first, end=last)


def outline(parts: Sequence[Part], begin: Fraction, end: Fraction | None) -> Iterator[Part]:
    """The same as a person sees them: limits of the whole line looked through."""
    for part in clipped(parts, begin, end):
        inner = limited(part.body)
        if inner is None:
            yield part
        else:
            yield from outline(inner.parts, part.begin, part.end)


def clock_of(node: Node) -> Clock | None:
    """The clock by which a node goes, where it goes by one alone."""
    match node:
        case Blend() | Anchored() | Progress() | Left() | Since():
            return node.clock
        case Cycle():
            return Clock(node.origin, None if node.times is None else node.start(node.times) - node.origin)
        case Operation():
            found = {clock for operand in node.operands if (clock := clock_of(operand)) is not None}
            return found.pop() if len(found) == 1 else None
    return None


def limited(node: Node) -> Chain | None:
    """The chain of phases of which `floor` and `cap` were said."""
    while isinstance(node, Operation) and node.function in ("min", "max") and isinstance(node.operands[1], Level):
        node = node.operands[0]
    return node if isinstance(node, Chain) else None
