"""Single curves and expressions, each drawn as a text together with its formula.

In: a seeded random.Random and the length that is wanted. Out: leaves of `claims_algebra`. This file refuses to know
how curves are put together, and takes its formulas from the language's page and the papers, not from the compiler.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import inf
from random import Random
from typing import Any

from claims_algebra import Beyond, Every, Function, Leaf
from claims_numbers import ZERO

HALF = Fraction(1, 2)
ROUND = ("1", "2", "5", "1.5", "2.5", "3", "6", "8", "2.2", "1.25", "7.3", "9", "4.44")


class Draws:
    """Random choices in the units of one schedule: levels of about one height, times of about one size."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.height = rng.choice((-5, -4, -4, -3, -3, -3, -2, -1, -1, 0, 0))
        self.size = 10 ** rng.uniform(0.8, 4.7)
        self.alone = True  # no phase stands before: what is not written does not come from there

    def often(self, percent: float) -> bool:
        return self.rng.random() * 100 < percent

    def level(self, deep: int = 2) -> str:
        power = self.height - self.rng.choice((0, 0, 0, 1, deep))
        digits = self.rng.choice(ROUND)
        if power >= -2 and self.often(60):
            return format(Decimal(digits).scaleb(power), "f")
        return f"{digits}e{power}"

    def time(self, low: float = 1.0, high: float | None = None) -> Fraction:
        """A duration of at least one step, now and then not a whole number of them."""
        wanted = math.exp(self.rng.uniform(math.log(low), math.log(max(high or self.size, low * 1.0001))))
        digits = 10 ** max(math.floor(math.log10(wanted)) - self.rng.choice((0, 1, 1, 2)), 0)
        whole = Fraction(max(round(wanted / digits) * digits, math.ceil(low)))
        if self.often(12) and whole < 5000:
            return whole + self.rng.choice((Fraction(1, 2), Fraction(1, 4), Fraction(5, 8)))
        return whole + Fraction(1, 3) if self.often(2) and whole < 500 else whole


def written(value: Fraction) -> str:
    """An exact number or time, as one would write it."""
    if value.denominator == 1:
        if value >= 1000 and value % 1000 == 0:
            return f"{value.numerator // 1000}k"
        return str(value.numerator)
    if value.denominator in (2, 4, 8, 16, 5, 10, 20, 25, 40, 50, 100, 1000, 10_000):
        return repr(float(value))
    return f"{value.numerator}/{value.denominator}"


# ---- shapes: from one level to another by a weight of p

Weight = Callable[[Any, Any], Any]
POWERS = ("2", "0.5", "3", "1.5")
BENT = {
    "bend(p) = p^2, q*(1 + p)": lambda m, p: p * p,
    "square(p) = p*p": lambda m, p: p * p,
    "ease(p) = p^2*(3 - 2*p)": lambda m, p: p * p * (3 - 2 * p),
    "late(p) = p^3": lambda m, p: p * p * p,
    "soft(p) = sin(pi*p/2)^2": lambda m, p: m.sin(m.pi * p / 2) ** 2,
}


def weight(d: Draws) -> tuple[str, str, Weight, frozenset[str]]:
    """Name, further arguments, law and definition of a shape."""
    name = d.rng.choice(("linear", "cosine", "cosine", "sqrt", "poly", "rex", "own"))
    if name == "linear":
        return name, "", lambda m, p: p, frozenset()
    if name == "cosine":
        return name, "", lambda m, p: m.sin(m.pi * p / 2) ** 2, frozenset()
    if name == "sqrt":
        return name, "", lambda m, p: p ** m.num(Fraction(1, 2)), frozenset()
    if name == "poly":
        text = d.rng.choice(POWERS)
        return name, f", power={text}", lambda m, p: 1 - (1 - p) ** m.num(Fraction(text)), frozenset()
    if name == "rex":
        text = d.rng.choice(("", ", d=0.9", ", d=0.25", ", d=0"))
        c = Fraction(text[4:] or "0.5")
        return name, text, lambda m, p: (1 - m.num(c)) * p / (1 - m.num(c) * p), frozenset()
    line = d.rng.choice(list(BENT))
    return line.split("(")[0], "", BENT[line], frozenset({"shape " + line})


def shape(d: Draws, length: Fraction, start: Fraction | None = None, plain: bool = False) -> Leaf:
    """From a level to another over a length; `start` given: the text leaves the first level to be inferred."""
    name, more, law, made = weight(d)
    top, low = d.level(), "0" if d.often(12) else d.level()
    if d.often(20):
        top, low = low, top
    if start is not None:
        from_, a = "", start
    elif name != "own" and d.often(20):
        name, more, law, made = "warmup", "", (lambda m, p: p), frozenset()
        from_, a = ("", ZERO) if d.alone and d.often(60) else (f"from={low}", Fraction(low))
        low = top
    else:
        from_, a = f"from={top}", Fraction(top)
    b = Fraction(low)
    named = ", ".join(x for x in (from_, f"to={low}") if x)
    here = f"{written(length)}, "
    text, level = f"{name}({here}{named}{more})", "atom"
    if not plain and d.often(20):
        text, level = f"{name}({named}{more}) for {written(length)}", "phase"

    def value(m: Any, t: Any) -> Any:
        return m.num(a) + (m.num(b) - m.num(a)) * law(m, t / m.num(length))

    ends = sorted((float(a), float(b)))
    return Leaf(
        text=text, level=level, law=value, length=length, first=a, last=b,
        bound=(ends[0], ends[1]), span=length, definitions=made,
    )  # fmt: skip


def geometric(d: Draws, length: Fraction) -> Leaf:
    a, b = d.level(4), d.level(4)
    own = d.often(30)
    ratio = Fraction(b) / Fraction(a)

    def value(m: Any, t: Any) -> Any:
        p = t / m.num(length)
        if own:
            return m.num(Fraction(a)) * (1 - p * p * p) + m.num(Fraction(b)) * p * p * p
        return m.num(Fraction(a)) * m.exp(p * m.log(m.num(ratio)))

    ends = sorted((float(Fraction(a)), float(Fraction(b))))
    return Leaf(
        text=f"{'cube' if own else 'geometric'}({written(length)}, from={a}, to={b})", law=value, length=length,
        first=Fraction(a), last=Fraction(b), bound=(ends[0], ends[1]), span=length,
        definitions=frozenset({"curve cube(p, from, to) = from*(1 - p^3) + to*p^3"} if own else ()),
    )  # fmt: skip


# ---- curves without end


def falling(law: Callable[[float], float]) -> Callable[[float], Beyond]:
    """Of what falls to 0."""
    return lambda h: Beyond(0.0, law(h), 0.0, law(h), 0.0)


def constant(d: Draws, level: Fraction | None = None) -> Leaf:
    """A number, or a hold; with a level, a hold that takes it from the phase before."""
    text = d.level()
    at = Fraction(text) if level is None else level
    shown = "hold" if level is not None else f"hold(max={text})" if d.often(20) else text
    return Leaf(
        text=shown, law=lambda m, t: m.num(at), rest=ZERO, first=at, last=at, bound=(float(at), float(at)),
        span=Fraction(round(d.size) + 1),
    )  # fmt: skip


OWN = {
    "fade": frozenset({"curve fade(t, max, tau) = max/(1 + t/tau)"}),
    "ring": frozenset({"curve ring(t, max, tau) = max*(1 + e^(-t/tau)*cos(t/tau))/2"}),
}


def decay(d: Draws, size: float, start: Fraction | None = None) -> Function:
    """A curve that falls to 0 by a law of its own; `start` given: from the level of the phase before."""
    top = d.level()
    a = Fraction(top) if start is None else start
    named = f"max={top}, " if start is None else ""
    tau = d.time(max(1.0, size / 20), max(2.0, size))
    k = d.rng.choice(("1e-3", "2e-3", "5e-3", "0.01", "0.02", "1e-4"))
    kind = d.rng.choice(("rate", "half", "factor", "rsqrt", "drop", "fade", "ring"))
    factor = Fraction(1, 2) if kind == "half" else Fraction(d.rng.choice(("0.5", "0.9", "0.1", "0.99", "2/3")))
    shown = {
        "rate": f"exp({named}k={k})",
        "half": f"exp({named}halflife={written(tau)})",
        "factor": f"exp({named}factor={written(factor)}, per={written(tau)})",
        "drop": f"drop({named}factor={written(factor)}, per={written(tau)})",
        "rsqrt": f"rsqrt({named}timescale={written(tau)})",
        "fade": f"fade({named}tau={written(tau)})",
        "ring": f"ring({named}tau={written(tau)})",
    }
    if kind == "rate":
        tau = 1 / Fraction(k)

    def law(m: Any, t: Any) -> Any:
        x = t / m.num(tau)
        if kind in ("half", "factor", "drop"):
            return m.num(a) * m.exp(m.log(m.num(factor)) * x)
        if kind == "rsqrt":
            return m.num(a) * (1 + x) ** m.num(Fraction(-1, 2))
        if kind == "fade":
            return m.num(a) / (1 + x)
        return m.num(a) * (m.exp(-x) if kind == "rate" else (1 + m.exp(-x) * m.cos(x)) / 2)

    rings = kind == "ring"
    leaf = Leaf(
        text=shown[kind], law=law, first=a, bound=(0.0, float(a)), span=tau * 20, scale=float(tau) if rings else None,
        limits=(float(a) / 2,) * 2 if rings else (0.0, 0.0),
        tail=_ringing(float(a) / 2, float(tau)) if rings else falling(lambda h: law(_Float, h)),
        definitions=OWN.get(kind, frozenset()),
    )  # fmt: skip
    if kind == "drop":
        return Every(text=leaf.text, body=leaf, step=tau, first=a, bound=leaf.bound, span=leaf.span)
    return leaf


class _Float:
    """What a formula is made of, for one float."""

    exp, log, cos, sin, pi = math.exp, math.log, math.cos, math.sin, math.pi
    num, least, most = float, min, max


def _ringing(middle: float, tau: float) -> Callable[[float], Beyond]:
    """Of a damped wave about its middle: what is left to walk is at most twice the envelope."""

    def tail(h: float) -> Beyond:
        width = middle * math.exp(-h / tau)
        return Beyond(middle - width, middle + width, 2 * width, 2 * width, 0.0)

    return tail


# ---- expressions


def of_progress(d: Draws, length: Fraction) -> Leaf:
    """An expression of p and q over a length."""
    top = d.level()
    a = Fraction(top)
    n = d.rng.choice((2, 3, 5, 9))
    way = d.rng.randrange(6)
    text, law, scale = (
        (f"{top}*(1 + cos(pi*p))/2", lambda m, p: (1 + m.cos(m.pi * p)) / 2, None),
        (f"{top}*(1 + cos({n}*pi*p))/2", lambda m, p: (1 + m.cos(n * m.pi * p)) / 2, 1 / n),
        (f"{top}*4*p*q", lambda m, p: 4 * p * (1 - p), None),
        (f"{top}*p^2*q", lambda m, p: p * p * (1 - p), None),
        (f"{top}*(1 - p^2)", lambda m, p: 1 - p * p, None),
        # folded at its top, so that it is 0 at both ends, and not what fifty digits of pi leave
        (
            f"{top}*halfwave(2*p)",
            lambda m, p: m.sin(m.pi * (m.num(Fraction(1, 2)) - abs(p - m.num(Fraction(1, 2))))) ** 2,
            None,
        ),
    )[way]
    return Leaf(
        text=f"{text} for {written(length)}", level="phase", law=lambda m, t: m.num(a) * law(m, t / m.num(length)),
        length=length, bound=(0.0, float(a)), span=length, scale=scale and scale * float(length),
    )  # fmt: skip


def of_time(d: Draws, size: float) -> Leaf:
    """An expression of t, without end."""
    top = d.level()
    a, f = Fraction(top), float(Fraction(top))
    tau = d.time(max(2.0, size / 10), max(4.0, size))
    w, s = written(tau) if "/" not in written(tau) else f"({written(tau)})", float(tau)

    def hump(h: float) -> Beyond:
        here = f * (h / s) * math.exp(1 - h / s)
        return Beyond(0.0, here, 0.0, here, 0.0) if h >= s else Beyond(0.0, f, f, f, 0.0)

    def noam(h: float) -> Beyond:
        here = f * (h + 1) ** -0.5
        return Beyond(0.0, here, 0.0, here, 0.0) if h >= s else Beyond(0.0, f, f, f, 0.0)

    def wave(low: float) -> Callable[[float], Beyond]:
        return lambda h: Beyond(low, f * (1 + 1e-15), inf, inf, 0.0)

    def settling(h: float) -> Beyond:
        left = f / 2 * math.exp(-h / s)
        return Beyond(f / 2, f / 2 + left, 0.0, left, 0.0)

    def root(h: float) -> Beyond:
        here = f * max(h, s) ** -0.5
        return Beyond(0.0, here, 0.0, here, 0.0)

    text, law, more = (
        (f"(t/{w})*e^(1 - t/{w})", lambda m, t, u: (t / u) * m.exp(1 - t / u), {"tail": hump, "limits": (0.0, 0.0)}),
        (f"min(1, t/{w})", lambda m, t, u: m.least(1 + 0 * t, t / u), {"rest": tau, "kinks": (tau,)}),
        (f"max(0, 1 - t/{w})", lambda m, t, u: m.most(0 * t, 1 - t / u), {"rest": tau, "kinks": (tau,)}),
        (
            f"min((t+1)^-0.5, (t+1)*({w})^-1.5)",
            lambda m, t, u: m.least((t + 1) ** m.num(-HALF), (t + 1) * u ** m.num(-3 * HALF)),
            {"tail": noam, "limits": (0.0, 0.0), "kinks": (tau - 1,)},
        ),
        (
            f"max(t, {w})^-0.5",
            lambda m, t, u: m.most(t, u + 0 * t) ** m.num(-HALF),
            {"tail": root, "limits": (0.0, 0.0), "kinks": (tau,)},
        ),
        (
            f"(0.7 + 0.3*cos(t/{w}))",
            lambda m, t, u: (7 + 3 * m.cos(t / u)) / 10,
            {"tail": wave(0.4 * f), "limits": (0.4 * f, f), "scale": s},
        ),
        (f"abs(cos(t/{w}))", lambda m, t, u: abs(m.cos(t / u)), {"tail": wave(0.0), "limits": (0.0, f), "scale": s}),
        (
            f"(0.5 + e^(-t/{w})/2)",
            lambda m, t, u: (1 + m.exp(-t / u)) / 2,
            {"tail": settling, "limits": (f / 2, f / 2)},
        ),
    )[d.rng.randrange(8)]
    return Leaf(
        text=f"{top}*{text}", level="sum", law=lambda m, t: m.num(a) * law(m, t, m.num(tau)), span=tau * 15,
        bound=(0.0, f * 1.0000001), **more,
    )  # fmt: skip
