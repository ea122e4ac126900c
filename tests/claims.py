"""Draws claims about a function, each with the verdict that is expected of a proof.

In: a seeded random.Random and the story of a function. Out: lines of `assert` with "true", "false", or "either" where
the truth lies within a factor of four of what the language lets a claim be missed by. One bound in four is the true
one, one a millionth above it, one a millionth below; windows often begin or end at joins, or one step beside. A
claim whose truth is not known is not drawn, but counted. This file refuses to know who will be asked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf
from random import Random
from typing import Any

from claims_algebra import Function
from claims_curves import written
from claims_functions import draw
from claims_numbers import ZERO, TooMany, exact_number, mpf
from claims_skeleton import Range
from claims_truth import Story, known

MILLIONTH = Fraction(1, 10**6)


@dataclass(frozen=True)
class Claim:
    """What is asserted of lr, and what is to come of it."""

    text: str
    word: str  # <= >= == falls rises continuous
    expected: str  # true, false or either
    slack: Any  # by how much it may be missed
    value: float | None = None
    begin: Fraction = ZERO
    end: Fraction | None = None
    at: Fraction | None = None


def verdict(missed: Range, slack: Any) -> str | None:
    """Of a claim that is missed by between two amounts; None: not known."""
    if missed[1] <= slack / 4:
        return "true"
    if missed[0] >= slack * 4:
        return "false"
    return "either" if known(missed, slack * 10**12) else None


class Claims:
    """The claims about one function."""

    def __init__(self, rng: Random, f: Function) -> None:
        self.rng, self.f = rng, f
        self.story = Story(f)
        self.unknown: Counter[str] = Counter()
        sup = self.story.largest
        self.measurable = known(sup, sup[1])
        self.slack = mpf(sup[1]) * mpf(10) ** -12
        self.marks = [t for t in self.story.skeleton.edges[1:-1] if t.denominator < 10**6]

    # ---- windows

    def moment(self, high: Fraction) -> Fraction:
        """A time below another: often a join, or one step beside it."""
        way = self.rng.randrange(10)
        if way < 6 and self.marks:
            t = self.rng.choice(self.marks[: self.rng.choice((3, 10, len(self.marks)))])
            t += self.rng.choice((0, 0, 0, 0, 1, -1, Fraction(1, 2)))
        elif way < 8:
            t = Fraction(self.rng.randrange(max(ceil(high), 1)))
        elif way < 9:
            t = Fraction(self.rng.randrange(max(ceil(high * 8), 1)), 8)
        else:
            t = ZERO
        return t if 0 <= t < high else ZERO

    def window(self) -> tuple[Fraction, Fraction | None, str]:
        """Begin, end and the words for them."""
        far = self.story.horizon * 9 / 10
        begin, end = ZERO, None
        words = []
        if self.rng.random() < 0.5:
            begin = self.moment(far)
        if self.rng.random() < 0.5:
            end = self.moment(self.story.horizon)
            if end <= begin:
                end = begin + self.rng.choice((1, 1, 2, Fraction(1, 2), 10))
            if end >= self.story.horizon:
                end = None
        if self.f.settled and self.story.period and begin > self.f.settled[0] and self.rng.random() < 0.2:
            # the same far away
            by = self.story.period * self.rng.choice((1, 7, 1000, 10**6, 10**9))
            begin, end = begin + by, None if end is None else end + by
        if begin or self.rng.random() < 0.05:
            words.append(f"after {written(begin)}")
        if end is not None:
            words.append(f"until {written(end)}")
        self.rng.shuffle(words)
        return begin, end, "".join(f" {word}" for word in words)

    # ---- claims

    def bound(self, true: Any, spread: Any) -> float:
        """What to compare with: the true bound, a millionth beside it, or anything."""
        way = self.rng.randrange(4)
        size = abs(true) if true else self.story.largest[0]
        if way == 0:
            return float(true)
        if way < 3:
            return float(true + (size * exact_number(MILLIONTH)) * (1 if way == 1 else -1))
        if self.rng.random() < 0.15:
            # by a hair: well inside what may be missed, or well outside
            return float(true + self.slack * self.rng.choice((-20, -5, 5, 20, mpf("0.2"), mpf("-0.2"))))
        return float(true + (spread + size / 10) * exact_number(Fraction(self.rng.uniform(-1.2, 1.2))))

    def level(self) -> Claim | None:
        begin, end, words = self.window()
        truth = self.story.truth(begin, end)
        word = self.rng.choice(("<=", ">="))
        side = truth.sup if word == "<=" else truth.inf
        if max(side) == inf:
            return None
        value = self.bound(side[0] if word == "<=" else side[1], max(truth.sup[0] - truth.inf[1], mpf(0)))
        missed = (side[0] - mpf(value), side[1] - mpf(value))
        if word == ">=":
            missed = (-missed[1], -missed[0])
        expected = verdict(missed, self.slack)
        if expected is None:
            return None
        return Claim(f"{word} {value!r}{words}", word, expected, self.slack, value, begin, end)

    def movement(self) -> Claim | None:
        begin, end, words = self.window()
        truth = self.story.truth(begin, end)
        word = self.rng.choice(("falls", "rises", "continuous"))
        missed = {"falls": truth.up, "rises": truth.down, "continuous": truth.jump}[word]
        expected = verdict(missed, self.slack)
        if expected is None:
            return None
        shown = "is continuous" if word == "continuous" else word
        return Claim(shown + words, word, expected, self.slack, None, begin, end)

    def moments(self) -> Claim | None:
        at = self.moment(self.story.horizon)
        true = self.f.value(at)
        word = self.rng.choice(("<=", ">=", "=="))
        value = self.bound(true, self.story.largest[0] / 2)
        off = true - mpf(value)
        missed = {"<=": off, ">=": -off, "==": abs(off)}[word]
        expected = verdict((missed, missed), self.slack)
        assert expected is not None
        words = ""
        if self.rng.random() < 0.2:
            words += f" after {written(at - min(at, self.rng.choice((0, 1, 5))))}"
        if self.rng.random() < 0.2:
            words += f" until {written(at + self.rng.choice((1, 10)))}"
        return Claim(f"at {written(at)} {word} {value!r}{words}", word, expected, self.slack, value, at=at)

    def some(self, count: int, at_only: bool = False) -> list[Claim]:
        found = []
        for _ in range(count):
            way = self.rng.randrange(8)
            kind = "at" if at_only or way == 0 else "level" if way < 5 else "movement"
            claim = {"at": self.moments, "level": self.level, "movement": self.movement}[kind]()
            if claim is None:
                self.unknown[kind] += 1
            else:
                found.append(claim)
        return found


def claims(
    seed: int, count: int, each: int = 8, at_only: bool = False
) -> tuple[list[tuple[Function, Claim]], Counter[str]]:
    """So many claims, several about each function; and how many were not known."""
    rng = Random(seed)
    found: list[tuple[Function, Claim]] = []
    told: Counter[str] = Counter()
    while len(found) < count:
        f = draw(rng)
        try:
            about = Claims(rng, f)
        except TooMany:
            told["functions too long"] += 1
            continue
        told["functions"] += 1
        if not about.measurable:
            told["functions unknown"] += 1
            continue
        some = about.some(min(each, count - len(found)), at_only)
        told.update({f"{kind} unknown": n for kind, n in about.unknown.items()})
        told["claims"] += len(some)
        told["functions with all known"] += not about.unknown
        found += [(f, claim) for claim in some]
    return found, told
