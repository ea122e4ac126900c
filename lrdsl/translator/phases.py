"""What a scheduler does, as phases one after another, and the line that a person would write for them.

In: phases with every level and length known. Out: a text in which a level is written where it would not be inferred, and nowhere
else. Refuses to know any library.

The language infers a level from the neighbours, so whether one is written depends on what stands before and behind: a `warmup`
whose top is not written goes to where the next phase starts, holds passed over, and a fall to 0 is not written unless the next
phase says its own start.
"""

from __future__ import annotations

from fractions import Fraction

from ..records import frozen, replace
from .levels import BASE, Level, Style, decimal, duration, level, same, share


@frozen
class Shape:
    """A phase from one level to another; `skip` is how much of it has passed when it begins."""

    name: str
    length: Fraction
    start: Level
    end: Level
    more: str = ""
    skip: Fraction = Fraction(0)


@frozen
class Free:
    """A phase that starts at a level and follows a law without an end: exp, drop and rsqrt."""

    name: str
    start: Level
    factor: Fraction | None
    period: Fraction


@frozen
class Constant:
    """A level that is kept; `own` where its length is its own, and not a moment at which it ends."""

    level: Level
    own: bool = False


@frozen
class Cycle:
    """Shapes again and again, each cycle `stretch` times as long, `factor` times as high."""

    shapes: tuple[Shape, ...]
    stretch: int = 1
    factor: Fraction = Fraction(1)
    times: int | None = None


@frozen
class Product:
    """Chains multiplied; the first has the levels, the others are factors."""

    chains: tuple[Chain, ...]


@frozen
class Offset:
    """What goes up from a level, or down from it."""

    level: Level
    of: Cycle | Product
    down: bool = False


Phase = Shape | Free | Constant | Cycle | Product | Offset


@frozen
class Part:
    """A phase in its place, and how long it is there; None for as long as it lasts."""

    phase: Phase
    length: Fraction | None = None


Chain = tuple[Part, ...]


def lasts(phase: Phase) -> Fraction | None:
    """How long a phase is by itself; None where it has no end."""
    match phase:
        case Shape(length=whole, skip=skip):
            return whole - skip
        case Cycle(shapes=shapes, stretch=1, times=times) if times is not None:
            return times * sum((shape.length for shape in shapes), Fraction(0))
        case Product(chains=chains):
            found = [length(chain) for chain in chains]
            return None if None in found else max(one for one in found if one is not None)
    return None


def length(chain: Chain) -> Fraction | None:
    """How long a chain is; None where it has no end."""
    total = Fraction(0)
    for part in chain:
        found = lasts(part.phase) if part.length is None else part.length
        if found is None:
            return None
        total += found
    return total


def starts(phase: Phase) -> Level | None:
    match phase:
        case Shape(start=start, skip=skip):
            return None if skip else start
        case Free(start=start):
            return start
        case Constant(level=at):
            return at
        case Cycle(shapes=shapes):
            return shapes[0].start
    return None


def ends(phase: Phase) -> Level | None:
    """The level at which a phase that ends by itself ends."""
    match phase:
        case Shape(end=end):
            return end
        case Constant(level=at):
            return at
        case Cycle(shapes=shapes, times=times, factor=factor) if times is not None and factor == 1:
            return shapes[-1].end
    return None


def end(chain: Chain) -> Level | None:
    """The level at which a chain ends; None where that is not known."""
    if not chain:
        return None
    last = chain[-1]
    whole = last.length is None or last.length == lasts(last.phase) or isinstance(last.phase, Constant)
    return ends(last.phase) if whole else None


def cut(chain: Chain, until: Fraction) -> Chain | None:
    """The first part of a chain, until a moment; what ended before holds its level. None where that is not known."""
    found: list[Part] = []
    at = Fraction(0)
    for part in chain:
        own = lasts(part.phase)
        planned = own if part.length is None else part.length
        left = until - at
        if left <= 0:
            break
        if planned is None or planned > left:
            found.append(Part(part.phase, left))
            at = until
            break
        found.append(part)
        at += planned
    kept = tuple(found)
    if at == until:
        return kept
    held = end(kept)
    return None if held is None else (*kept, Part(Constant(held), until - at))


def steady(chain: Chain) -> bool:
    """Whether a chain changes at whole moments only, and stands still between them."""
    at = Fraction(0)
    for part in chain:
        match part.phase:
            case Constant():
                pass
            case Free(name="drop", period=period) if period.denominator == 1:
                pass
            case _:
                return False
        at += part.length or 0
        if at.denominator != 1:
            return False
    return True


# --- the text -----------------------------------------------------------------------------------------------------------


def line(chain: Chain, style: Style = Style()) -> str:  # noqa: B008
    """The line of a chain.

    Where a step is an epoch, `every 1 epoch` stands at the end of what changes within one. As the last sample of that is before the
    end, what ends is held, so that the end is sampled too.

    >>> from .levels import ZERO
    >>> chain = Part(Shape("linear", Fraction(5), ZERO, BASE)), Part(Shape("cosine", Fraction(95), BASE, ZERO))
    >>> line(chain), line(chain, Style("epochs"))
    ('warmup(5) then cosine(95)', 'warmup(5 epochs) then cosine(95 epochs) then hold every 1 epoch')
    """
    text = write(chain, style)
    if style.unit == "steps" or steady(chain):
        return text
    held = " then hold" if length(chain) is not None and chain[-1].length is None else ""
    return f"{text}{held} every {duration(Fraction(1), style.unit)}"


def write(chain: Chain, style: Style) -> str:
    texts = []
    at, held = Fraction(0), None if style.explicit else BASE
    for index, part in enumerate(chain):
        own = lasts(part.phase)
        planned = own if part.length is None else part.length
        whole = part.length is None or part.length == own
        text = _phase(part, held, _next(chain, index, whole), style, index == 0)
        at += planned or 0
        if not whole and not (isinstance(part.phase, Constant) and part.phase.own):
            text = f"{text} until {duration(at, style.unit)}"
        texts.append(text)
        held = ends(part.phase) if whole or isinstance(part.phase, Constant) else None
    return " then ".join(texts)


_WRITTEN = Level(Fraction(-1), False)  # a start that the next phase writes, whatever it is


def _next(chain: Chain, index: int, whole: bool) -> Level | None:
    """The level at which the next phase starts that does not keep the end of this one; None where there is none."""
    if index + 1 == len(chain):
        return None
    if not whole:
        return _WRITTEN
    here = ends(chain[index].phase)
    for part in chain[index + 1 :]:
        if not (isinstance(part.phase, Constant) and same(part.phase.level, here)):
            return starts(part.phase) or _WRITTEN
    return None


def _phase(part: Part, held: Level | None, following: Level | None, style: Style, first: bool) -> str:
    match part.phase:
        case Shape() as shape:
            return _shape(shape, held, following, style, first)
        case Free() as free:
            top = [] if same(held, free.start) else [f"max={level(free.start, style)}"]
            law = [] if free.factor is None else [f"factor={decimal(free.factor)}"]
            period = f"{'per' if free.factor is not None else 'timescale'}={duration(free.period, style.unit)}"
            return f"{free.name}({', '.join([*top, *law, period])})"
        case Constant(level=at, own=own):
            text = "hold" if not first and same(held, at) else level(at, style)
            if not own or part.length is None:
                return text
            span = duration(part.length, style.unit)
            return f"hold({span})" if text == "hold" else f"{text} for {span}"
        case Cycle() as cycle:
            return _cycle(cycle, held, style)
        case Product(chains=chains):
            text = " * ".join(_factors(chains, style))
            return f"({text})" if part.length is not None or not first else text
        case Offset(level=at, of=of, down=down):
            inner = replace(style, explicit=True)
            text = _phase(Part(of), None, None, inner, True)
            return f"{level(at, style)} {'-' if down else '+'} {text}"


def _shape(shape: Shape, held: Level | None, following: Level | None, style: Style, first: bool) -> str:
    rising = shape.name == "linear" and first and same(shape.end, BASE) and shape.start.relative
    name, levels = shape.name, []
    if rising and shape.start.value < 1:
        name = "warmup"
    at = BASE if shape.skip else held
    if name == "warmup" and not style.explicit:
        if shape.start.value:
            levels.append(f"from={share(shape.start, shape.end, style)}")
        if following is not None and not same(following, shape.end):
            levels.append(f"to={level(shape.end, style)}")
    else:
        if not same(at, shape.start) or style.explicit:
            levels.append(f"from={level(shape.start, style)}")
        if shape.end.value != 0 or (following is not None and not same(following, shape.end)):
            levels.append(f"to={_end(shape, style)}")
    text = f"{name}({', '.join([duration(shape.length, style.unit), *([shape.more] if shape.more else []), *levels])})"
    return f"{text} skip {duration(shape.skip, style.unit)}" if shape.skip else text


def _end(shape: Shape, style: Style) -> str:
    return level(shape.end, style) if style.explicit else share(shape.end, shape.start, style)


def _cycle(cycle: Cycle, held: Level | None, style: Style) -> str:
    texts = []
    for index, shape in enumerate(cycle.shapes):
        last = index + 1 == len(cycle.shapes)
        # The last of several says where it ends, for what it leads to is the first again.
        following = (_WRITTEN if len(cycle.shapes) > 1 and not style.explicit else None) if last else shape.end
        texts.append(_shape(shape, held, following, replace(style, explicit=style.explicit and index == 0), False))
        held = shape.end
    more = [f"times={cycle.times}"] if cycle.times is not None else []
    more += [f"stretch={cycle.stretch}"] if cycle.stretch != 1 else []
    more += [f"factor={decimal(cycle.factor)}"] if cycle.factor != 1 else []
    return f"repeat({', '.join([' then '.join(texts), *more])})"


def _factors(chains: tuple[Chain, ...], style: Style) -> list[str]:
    texts = []
    for index, chain in enumerate(chains):
        inner = replace(style, explicit=True, factor=style.factor or index > 0)
        text = write(chain, inner)
        texts.append(f"({text})" if len(chain) > 1 or chain[0].length is not None else text)
    return texts
