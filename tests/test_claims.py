"""Claims about drawn functions, and about functions built to fool whoever samples, against truths known otherwise.

In: texts whose meaning was drawn with them (`claims_functions.py`), and what is true of them at 50 digits
(`claims_truth.py`), which share no code with the compiler. Out: that no false claim passes and no true one is refused
as false, that nearly all are decided, and that a witness is one. Run as a script it prints the figures of them all:
`python tests/test_claims.py [chunks]`.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections import Counter
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from claims import Claim, Claims, claims
from claims_algebra import Function
from claims_functions import draw
from claims_numbers import ZERO, TooMany, mpf
from claims_table import ROWS

import lrdsl
from lrdsl import prover

pytestmark = pytest.mark.long

CHUNKS, EACH = 40, 250
MOST_UNDECIDED, MOST_IN_A_CHUNK = 0.03, 0.06
CODES = {"E346": "false", "E353": "undecided"}


def said(text: str, claim: str) -> str:
    """What the compiler says of a claim: true, false or undecided."""
    try:
        lrdsl.compile(f"{text}\nassert lr {claim}")
    except lrdsl.ScheduleError as error:
        codes = {problem.code for problem in error.problems}
        assert len(codes) == 1, f"{text}\nassert lr {claim}\n{error}"
        assert codes <= set(CODES), f"{text}\nassert lr {claim}\n{error}"
        return CODES[codes.pop()]
    return "true"


def shown(f: Function, claim: Claim, answer: str) -> str:
    return f"said {answer}, expected {claim.expected}:\n{f.source}\nassert lr {claim.text}"


def false_witness(f: Function, claim: Claim, schedule: Any) -> str | None:
    """What is wrong with the time at which the prover says that a bound is broken."""
    asked = prover.Claim(claim.word, claim.value, claim.begin, claim.end)
    found = prover.decide(schedule.timeline, schedule.first.levels(), asked)
    if found.kind != "fails":
        return f"refused as false, but alone it is {found.kind}"
    if found.time is None or found.value is None:
        return "refused as false, without a time"
    inside = claim.begin <= found.time and (claim.end is None or found.time <= claim.end)
    # the value at the end is no longer meant, and the limit at the begin not yet
    if not inside or (found.side, found.time) in (("right", claim.end), ("left", claim.begin)):
        return f"the witness {found.time} ({found.side}) is outside the window"
    value = f.value(found.time, found.side)
    over = value - mpf(claim.value) if claim.word == "<=" else mpf(claim.value) - value
    if over <= claim.slack * mpf("0.999"):
        return f"the witness {found.time} ({found.side}) breaks nothing: {value}"
    if abs(value - mpf(found.value)) > 1e-9 * abs(value) + claim.slack:
        return f"at {found.time} ({found.side}) the value is {value}, not {found.value}"
    return None


def wrongs(drawn: list[tuple[Function, Claim]]) -> tuple[list[str], list[str], Counter[str]]:
    """Wrongly passed or refused; wrong witnesses; and how often what was said."""
    wrong: list[str] = []
    witnesses: list[str] = []
    told: Counter[str] = Counter()
    schedules: dict[int, Any] = {}
    for f, claim in drawn:
        answer = said(f.source, claim.text)
        told[answer] += 1
        if {answer, claim.expected} == {"true", "false"}:
            told["wrongly passed" if answer == "true" else "wrongly refused"] += 1
            wrong.append(shown(f, claim, answer))
        elif answer == "false" and claim.at is None and claim.value is not None:
            if id(f) not in schedules:
                schedules[id(f)] = lrdsl.compile(f.source)
            problem = false_witness(f, claim, schedules[id(f)])
            if problem:
                told["wrong witnesses"] += 1
                witnesses.append(f"{problem}\n{shown(f, claim, answer)}")
    return wrong, witnesses, told


# ---- the drawn functions themselves


@pytest.mark.parametrize("seed", range(8))
def test_drawn_texts_compile_and_mean_what_was_drawn_with_them(seed: int) -> None:
    rng = Random(seed)
    for _ in range(40):
        f = draw(rng)
        schedule = lrdsl.compile(f.source)
        assert schedule.length == f.length, f.source
        end = f.length or f.span
        joins = f.joins(ZERO, end * 5 / 4)
        times = [ZERO, end, end * 6 / 5, *rng.sample(joins, min(8, len(joins)))]
        times += [end * Fraction(rng.random()) for _ in range(5)]
        largest = max(float(f.value(t)) for t in times)
        slack = 1e-11 * largest
        edges = [ZERO, *joins[:300]] if len(joins) > 300 else [ZERO, *joins, max([end * 6 / 5, *joins]) + 1]
        for t in times:
            right = f.value(t)
            assert abs(right - schedule.exactly(t)) <= slack, f"{f.source}\nat {t}"
            if t:
                assert abs(f.value(t, "left") - schedule.left(t)) <= slack, f"{f.source}\nleft of {t}"
            if t < edges[-1]:
                i = bisect_right(edges, t) - 1
                middle = float(edges[i] + edges[i + 1]) / 2
                quick = f.fast(np.array([float(t)]), np.array([middle]))[0]
                assert abs(quick - right) <= slack, f"{f.source}\nat {t}"


@pytest.mark.parametrize("seed", range(8, 12))
def test_no_sample_leaves_the_bounds_that_are_taken_for_true(seed: int) -> None:
    rng = Random(seed)
    for _ in range(30):
        f = draw(rng)
        try:
            about = Claims(rng, f)
        except TooMany:
            continue
        begin, end, _ = about.window()
        truth = about.story.truth(begin, end)
        last = end or max(about.story.horizon * 3 / 2, begin * 2)
        times = np.linspace(float(begin), float(last), 5000)[1:-1]
        values = lrdsl.compile(f.source)(times)
        slack = 10 * float(about.slack)

        assert values.max() <= float(truth.sup[1]) + slack, f.source
        assert values.min() >= float(truth.inf[0]) - slack, f.source
        steps = np.diff(values)
        assert steps[steps > 0].sum() <= float(truth.up[1]) * (1 + 1e-9) + 5000 * slack, f.source
        assert -steps[steps < 0].sum() <= float(truth.down[1]) * (1 + 1e-9) + 5000 * slack, f.source


def test_everything_is_drawn_often_and_nearly_all_is_known() -> None:
    drawn, told = claims(1000, 2000)
    texts = {f.source for f, _ in drawn}
    words = (
        *("warmup", "linear", "cosine", "sqrt", "poly", "rex", "geometric", "hold", "k=", "halflife", "factor", "per="),
        *("rsqrt", "drop", "shape ", "curve ", " then ", " until ", " for ", " skip ", " every ", " floor ", " cap "),
        *("repeat", "times=", "stretch=", " - ", " + ", " * ", "pi*p", "e^", "min(", "cos(t"),
    )
    for word in words:
        assert sum(word in text for text in texts) >= len(texts) / 60, word
    verdicts = Counter(claim.expected for _, claim in drawn)

    assert min(verdicts["true"], verdicts["false"]) > 600
    assert verdicts["either"] < 100
    assert sum(n for kind, n in told.items() if kind.endswith("unknown")) < 0.03 * told["claims"]


# ---- claims


@pytest.mark.parametrize("chunk", range(4))
def test_claims_about_one_moment_are_decided_and_right(chunk: int) -> None:
    drawn, _ = claims(2000 + chunk, EACH, at_only=True)
    wrong, _, told = wrongs(drawn)

    assert not wrong, "\n\n".join(wrong)
    assert told["true"] + told["false"] == EACH


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_false_claim_passes_and_no_true_one_is_refused(chunk: int) -> None:
    drawn, _ = claims(chunk, EACH)
    wrong, witnesses, told = wrongs(drawn)

    assert not wrong, "\n\n".join(wrong)
    assert not witnesses, "\n\n".join(witnesses)
    assert told["undecided"] <= MOST_IN_A_CHUNK * EACH


@pytest.mark.parametrize(
    ("text", "claim", "expected"),
    [(text, claim, "true") for text, true, _ in ROWS for claim in true]
    + [(text, claim, "false") for text, _, false in ROWS for claim in false],
)
def test_what_fools_a_sampler_fools_no_proof(text: str, claim: str, expected: str) -> None:
    assert said(text, claim) in (expected, "undecided")


def test_nearly_all_that_fools_a_sampler_is_decided() -> None:
    answers = Counter(said(text, claim) for text, true, false in ROWS for claim in (*true, *false))

    assert answers["undecided"] <= 0.1 * answers.total()


@pytest.mark.parametrize(
    ("text", "claim", "expected"),
    [(text, claim, "true") for text, true, _ in ROWS for claim in true if claim.startswith("at")]
    + [(text, claim, "false") for text, _, false in ROWS for claim in false if claim.startswith("at")],
)
def test_moments_of_what_fools_a_sampler(text: str, claim: str, expected: str) -> None:
    assert said(text, claim) == expected


def main(chunks: int = CHUNKS) -> int:
    """The figures over all chunks; 1 where something is wrong or too much undecided."""
    told: Counter[str] = Counter()
    drawing = deciding = 0.0
    for chunk in range(chunks):
        start = time.perf_counter()
        drawn, known = claims(chunk, EACH)
        middle = time.perf_counter()
        wrong, witnesses, answers = wrongs(drawn)
        deciding += time.perf_counter() - middle
        drawing += middle - start
        told += known + answers
        for problem in wrong + witnesses:
            print(problem, end="\n\n")
    for text, true, false in ROWS:
        for claim, expected in [*((c, "true") for c in true), *((c, "false") for c in false)]:
            answer = said(text, claim)
            told[f"table: {'right' if answer == expected else answer}"] += 1
            if answer != expected:
                print(f"said {answer}, expected {expected}:\n{text}\nassert lr {claim}\n")
    count = chunks * EACH
    share = (told["true"] + told["false"]) / count
    for kind in sorted(told):
        print(f"{kind:>28} {told[kind]}")
    print(
        f"decided {share:.2%}; a claim takes {drawing / count * 1e3:.2f} ms here, {deciding / count * 1e3:.2f} ms there"
    )
    bad = told["wrongly passed"] + told["wrongly refused"] + told["wrong witnesses"]
    return int(bad > 0 or share < 1 - MOST_UNDECIDED)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
