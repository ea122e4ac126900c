"""Draws schedules, each together with its meaning.

In: a seeded random.Random. Out: functions of `claims_algebra`, whose `source` is the text of a file and whose
`value`, `fast` and `joins` say what it means. Every text is in the language and compiles: no value is negative or
infinite. This file refuses to know how a claim about a function is decided.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, inf
from random import Random

from claims_algebra import Chain, Every, Function, Limit, Pair, Repeat, Scaled, Skip
from claims_curves import Draws, constant, decay, geometric, of_progress, of_time, shape, written
from claims_numbers import ZERO, TooMany

LOOSE = {"atom": 0, "product": 1, "sum": 2, "phase": 3, "chain": 4, "line": 5}


def bracketed(f: Function, most: str) -> str:
    """Its text where at most such a form may stand."""
    return f.text if LOOSE[f.level] <= LOOSE[most] else f"({f.text})"


def gathered(*parts: Function) -> frozenset[str]:
    return frozenset().union(*(part.definitions for part in parts))


def finest(*parts: Function) -> float | None:
    return min((part.scale for part in parts if part.scale is not None), default=None)


# ---- what has no inner function


def finite(d: Draws, length: Fraction, plain: bool = False) -> Function:
    """A curve or an expression of one length."""
    way = d.rng.randrange(12)
    if way < 6:
        return shape(d, length, plain=plain)
    if way < 8:
        return geometric(d, length)
    if way < 10 and not plain:
        return of_progress(d, length)
    return lasting(d, endless(d, float(length)), length)


def endless(d: Draws, size: float) -> Function:
    way = d.rng.randrange(10)
    if way < 5:
        return decay(d, size)
    return of_time(d, size) if way < 9 else constant(d)


def lasting(d: Draws, f: Function, length: Fraction) -> Function:
    """What has no end, given a length."""
    return ended(f, f"{bracketed(f, 'sum')} {d.rng.choice(('for', 'for', 'until'))} {written(length)}", length)


def ended(f: Function, text: str, length: Fraction) -> Function:
    """Cut, or held where it is over before."""
    return Chain(
        text=text, level="phase", length=length, first=f.first, bound=f.bound, scale=f.scale, span=length,
        definitions=f.definitions, parts=(f,), begins=(ZERO,),
    )  # fmt: skip


# ---- chains


def part(d: Draws, before: Function | None, begin: Fraction, size: Fraction, final: bool) -> Function:
    """A phase, with the text that it has in its chain; only a final one may have no end, or a length of its own."""
    known = None if before is None else before.last
    end = begin + size
    way = d.rng.randrange(10)
    if final and d.often(45):
        if known is None or d.often(50):
            f = simple(d, size, None)
        else:
            f = constant(d, known) if d.often(40) else decay(d, float(size), known)
    elif known is not None and way < 4:
        f = shape(d, size, start=known)
    elif way == 4:
        number = constant(d)
        where = f"until {written(end)}" if d.often(60) else f"for {written(size)}"
        f = ended(number, f"{number.text} {where}", size)
        f.last = number.last
    elif way == 5:
        # cut before it is over, or held when it is
        other = Fraction(max(ceil(size * d.rng.choice((Fraction(1, 2), Fraction(5, 4), Fraction(2)))), 1))
        body = simple(d, other, other) if d.often(30) else finite(d, other, plain=True)
        f = ended(body, f"{bracketed(body, 'sum')} until {written(end)}", size)
    else:
        f = finite(d, size) if way < 8 else simple(d, size, size)
        # `until` counts from the start of the chain; one in the part's own text counts from its own
        f.text = bracketed(f, "sum" if " until " in f.text else "phase")
    f.text = bracketed(f, "phase")
    return f


def chain(d: Draws, size: Fraction, length: Fraction | None) -> Function:
    count = d.rng.choice((2, 2, 3, 3, 4, 5)) if length is None else min(3, int(length))
    parts: list[Function] = []
    begins: list[Fraction] = []
    begin: Fraction | None = ZERO
    alone = d.alone
    for i in range(count):
        assert begin is not None
        begins.append(begin)
        here = d.time(1.0, max(float(size) * 2 / count, 2.0))
        if length is not None:
            here = Fraction(max(int(min(here, (length - begin) / 2)), 1)) if i < count - 1 else length - begin
        d.alone = alone and i == 0
        f = part(d, parts[-1] if parts else None, begin, here, i == count - 1 and length is None)
        parts.append(f)
        begin = None if f.length is None else begin + f.length
    d.alone = alone
    last = parts[-1]
    prefix = ZERO if begin is not None else begins[-1] + last.prefix
    return Chain(
        text=" then ".join(f.text for f in parts), level="chain" if count > 1 else last.level, length=begin,
        first=parts[0].first, last=last.last, bound=span_of(parts), scale=finest(*parts), prefix=prefix,
        span=begins[-1] + last.span if begin is None else begin, definitions=gathered(*parts), parts=tuple(parts),
        begins=tuple(begins),
    )  # fmt: skip


def span_of(parts: list[Function]) -> tuple[float, float]:
    return min(p.bound[0] for p in parts), max(p.bound[1] for p in parts)


# ---- one function inside


def simple(d: Draws, size: Fraction, length: Fraction | None) -> Function:
    """With at most one bracket; `length` given: it must last just so long."""
    way = d.rng.randrange(10)
    if way < 2:
        body = finite(d, Fraction(max(round(size / d.rng.choice((2, 3, 10))), 1)))
        return cut(d, repeat(d, body), length)
    if way < 4:
        return limited(d, finite(d, length) if length else endless(d, float(size)))
    if way < 5:
        return sampled(d, finite(d, length) if length else endless(d, float(size)))
    if way < 6:
        return scaled(d, finite(d, length) if length else endless(d, float(size)))
    return finite(d, length) if length else endless(d, float(size))


def cut(d: Draws, f: Function, length: Fraction | None) -> Function:
    """Any function, ended or held so that it lasts as long as it must."""
    if length is None or f.length == length or f.prefix >= length:
        return f
    if f.length is None:
        return lasting(d, f, length)
    return ended(f, f"{bracketed(f, 'sum')} until {written(length)}", length)


def limited(d: Draws, body: Function) -> Function:
    word = d.rng.choice(("floor", "floor", "cap"))
    low, high = body.bound
    wanted = low + (high - low) * d.rng.choice((0.02, 0.1, 0.3, 0.5, 0.77, 1.3))
    at = Fraction(f"{max(wanted, 1e-9):.{d.rng.choice((0, 1, 2))}e}")
    value = float(at)
    limit = (max(low, value), max(high, value)) if word == "floor" else (min(low, value), min(high, value))
    return Limit(
        text=f"{bracketed(body, 'chain')} {word} {shown(at)}", level="line", length=body.length, bound=limit,
        scale=body.scale, span=body.span, prefix=body.prefix, definitions=body.definitions, body=body, word=word, at=at,
    )  # fmt: skip


def shown(level: Fraction) -> str:
    return repr(float(level)) if float(level) >= 1e-4 else f"{float(level):.6g}"


def sampled(d: Draws, body: Function) -> Function:
    reach = float(body.length or body.span)
    step = d.time(max(reach / 40, 1.0), max(reach / 3, 2.0))
    return Every(
        text=f"{bracketed(body, 'chain')} every {written(step)}", level="line", length=body.length, bound=body.bound,
        span=body.span + step, prefix=body.prefix, definitions=body.definitions, body=body, step=step,
    )  # fmt: skip


def repeat(d: Draws, body: Function, lasting_only: bool = False) -> Function:
    """Cycles of a body that ends."""
    assert body.length is not None
    named = ""
    times: int | None = None
    stretch, factor = Fraction(1), Fraction(1)
    if lasting_only or d.often(35):
        times = d.rng.choice((1, 2, 3, 5, 8, 17, 40))
        named += f", times={times}"
    if d.often(25) and (times or 0) < 9:
        text = d.rng.choice(("2", "1.5", "3") if times is None else ("2", "1.5", "0.5"))
        stretch = Fraction(text)
        named += f", stretch={text}"
    if d.often(50):
        text = d.rng.choice(("0.5", "0.9", "0.99", "0.8", "1")) if times is None or d.often(60) else "1.05"
        factor = Fraction(text)
        named += f", factor={text}"
    length = None
    if times is not None:
        length = body.length * sum(stretch**i for i in range(times))
    scale = body.scale and body.scale * min(1.0, float(stretch) ** (times or 1))
    low, high = body.bound
    last = float(factor) ** ((times or 10**9) - 1) if factor != 1 else 1.0
    return Repeat(
        text=f"repeat({body.text}{named})", length=length, first=body.first,
        bound=(low * min(last, 1.0), high * max(last, 1.0)), scale=scale, span=length or body.length * 30,
        definitions=body.definitions, body=body, times=times, stretch=stretch, factor=factor,
    )  # fmt: skip


def scaled(d: Draws, body: Function) -> Function:
    """Arithmetic with a constant; what is subtracted stays below what it is subtracted from."""
    high = body.bound[1]
    way = d.rng.randrange(5)
    inner = bracketed(body, "sum" if way == 2 else "atom")
    times, plus = Fraction(1), ZERO
    if way == 0:
        times, text = Fraction(2), f"2*{inner}"
    elif way == 1:
        times, text = Fraction(1, 3), f"{inner}/3"
    elif way == 2:
        number = d.level()
        plus, text = Fraction(number), f"{inner} + {number}"
    elif way == 3:
        times, text = Fraction(3, 4), f"0.75 * {inner}"
    else:
        plus = Fraction(f"{max(high, 1e-9) * d.rng.choice((1.1, 1.5, 4)):.1e}")
        times, text = Fraction(-1), f"{shown(plus)} - {inner}"
    ends = sorted(float(times) * x + float(plus) for x in body.bound)
    return Scaled(
        text=text, level="sum", length=body.length, bound=(ends[0], ends[1]), scale=body.scale, span=body.span,
        prefix=body.prefix, definitions=body.definitions, body=body, times=times, plus=plus,
    )  # fmt: skip


def skipped(d: Draws, body: Function) -> Function:
    reach = body.length or body.span
    by = Fraction(ceil(reach * d.rng.choice((Fraction(1, 10), Fraction(1, 3), Fraction(2, 3)))))
    if body.length is not None and by >= body.length:
        return body
    length = None if body.length is None else body.length - by
    return Skip(
        text=f"{bracketed(body, 'sum')} skip {written(by)}", level="phase", length=length, bound=body.bound,
        scale=body.scale, span=body.span, prefix=max(body.prefix - by, ZERO), definitions=body.definitions,
        body=body, by=by,
    )  # fmt: skip


# ---- two functions inside


def pair(d: Draws, left: Function, right: Function) -> Function | None:
    """None where what has no length does not fit in the length of the other."""
    sign = d.rng.choice(("+", "*", "*", "+", "min", "max"))
    lengths = [f.length for f in (left, right) if f.length is not None]
    length = max(lengths, default=None)
    if length is not None and max(left.prefix, right.prefix) >= length:
        return None
    if sign in ("min", "max"):
        text, level = f"{sign}({left.text}, {right.text})", "atom"
    elif sign == "*":
        text, level = f"{bracketed(left, 'atom')} * {bracketed(right, 'atom')}", "sum"
    else:
        # without a bracket on the right the first two would be added first, and last as long as the longer
        text, level = f"{bracketed(left, 'sum')} + {bracketed(right, 'atom')}", "sum"
    (a, b), (c, e) = left.bound, right.bound
    bound = {"+": (a + c, b + e), "*": (a * c, b * e), "min": (min(a, c), min(b, e)), "max": (max(a, c), max(b, e))}
    return Pair(
        text=text, level=level, length=length, bound=bound[sign], scale=finest(left, right),
        span=max(left.span, right.span), prefix=max(left.prefix, right.prefix) if length is None else ZERO,
        definitions=gathered(left, right), left=left, right=right, sign=sign,
    )  # fmt: skip


def twin(d: Draws) -> Function | None:
    """Sums and products as people write them: the same length, two periods, a cycle under a decay."""
    way = d.rng.randrange(4)
    if way == 0:
        length = d.time(4.0)
        return pair(d, finite(d, length), finite(d, length))
    if way == 1:
        one, two = (Fraction(d.rng.randrange(2, 24)) for _ in range(2))
        return pair(d, repeat(d, finite(d, one)), repeat(d, finite(d, two)))
    if way == 2:
        body = finite(d, Fraction(max(round(d.size / 20), 2)))
        return pair(d, repeat(d, body), endless(d, d.size))
    return pair(d, anything(d, 1), anything(d, 1))


def anything(d: Draws, depth: int) -> Function:
    """Any function at all."""
    size = d.time(4.0)
    way = d.rng.randrange(14) if depth else 13
    if way < 3:
        found: Function | None = twin(d)
        return found if found is not None else anything(d, depth - 1)
    if way < 7:
        return chain(d, size, None)
    if way == 7:
        return limited(d, anything(d, depth - 1))
    if way == 8:
        return sampled(d, anything(d, depth - 1))
    if way == 9:
        short = Fraction(max(round(size / 10), 2))
        return repeat(d, chain(d, short, short) if d.often(50) else finite(d, short))
    if way == 10:
        return scaled(d, anything(d, depth - 1))
    if way == 11:
        return skipped(d, anything(d, depth - 1))
    if way == 12:
        return cut(d, anything(d, depth - 1), size)
    return simple(d, size, size if d.often(50) else None)


def draw(rng: Random) -> Function:
    """One schedule whose values are of a size that can be told from one another."""
    while True:
        f = anything(Draws(rng), 2)
        low, high = f.bound
        if not (low >= 0 and 1e-8 < high < inf) or not 1 <= float(f.span) < 5e6 or f.length == 0:
            continue
        try:
            if len(f.joins(ZERO, min(f.span, f.length or f.span))) <= 800:
                return f
        except TooMany:
            continue
