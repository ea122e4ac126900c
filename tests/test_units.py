"""Units and clocks, and what is bound late."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import lrdsl


@pytest.mark.parametrize(
    ("text", "bindings", "clock", "length"),
    [
        ("0.1 for 30 epochs", {}, "epochs", Fraction(30)),
        ("0.1 for 30 epochs", {"epoch": 5004}, "steps", Fraction(150_120)),
        ("0.1 for 30 epochs", {"epoch": "1_281_167 samples"}, "epochs", Fraction(30)),
        ("0.1 for 1M samples then 1 for 3 epochs", {"epoch": "1_281_167 samples"}, "samples", Fraction(4_843_501)),
        ("0.1 for 3 epochs then 1 for 1M samples", {"epoch": "1_281_167 samples"}, "epochs", 3 + Fraction(10**6, 1_281_167)),
        ("0.1 for 3 epochs", {"epoch": "1_281_167 samples", "step": "1024 samples"}, "steps", Fraction(3_843_501, 1024)),
        ("0.1 for 3 epochs", {"epoch": "50k samples", "sample": "4096 tokens", "step": "4M tokens"}, "steps",
         Fraction(3 * 50_000 * 4096, 4_000_000)),
        ("0.1 for 300B tokens", {"step": "4M tokens"}, "steps", Fraction(75_000)),
        ("warmup(375M tokens, to=1) then cosine", {"total": "300B tokens"}, "tokens", Fraction(300 * 10**9)),
        ("cosine", {"total": "90 epochs", "epoch": "total/9000"}, "epochs", None),
        ("cosine", {"total": 9000, "epoch": "total/90"}, "steps", Fraction(9000)),
        ("cosine(5*epoch)", {"epoch": 100}, "steps", Fraction(500)),
        ("cosine(5*epoch)", {"epoch": "100 samples"}, "samples", Fraction(500)),
        ("let unused = 5 epochs\n0.1 for 3 tokens", {}, "tokens", Fraction(3)),
        ("param epoch = 3 steps\n0.1 for 3 tokens", {}, "tokens", Fraction(3)),
        ("param w = 5 epochs\nwarmup(w, to=1)", {}, "epochs", Fraction(5)),
        ("lr = 1\nweight_decay = linear(3 epochs)", {}, "epochs", None),
        ("lr = 1\nlr[\"a\"] = linear(3 epochs)", {}, "epochs", None),
        ("0.1 for (30% - 1 epoch)", {"total": "90 epochs"}, "epochs", None),
    ],
)  # fmt: skip
def test_the_clock_and_the_length(text: str, bindings: dict[str, Any], clock: str, length: Fraction | None) -> None:
    try:
        schedule = lrdsl.compile(text, **bindings)
    except lrdsl.ScheduleError as error:
        # The phases of these do not fill their run, or contradict themselves: it is the clock that is asked here.
        assert length is None
        assert error.problems[0].code in ("E309", "E337")
        return
    assert schedule.clock == clock
    assert length is None or schedule.length == length


def test_boundaries_are_exact_rationals_from_text_to_boundary() -> None:
    schedule = lrdsl.compile("0.1 for 1M samples then 0.01", sample="4096 tokens", step="4M tokens")
    edge = Fraction(10**6 * 4096, 4 * 10**6)
    assert edge == 1024
    assert (schedule(1023), schedule(1024)) == (0.1, 0.01)
    third = lrdsl.compile("0.1 for 1 epoch then 0.01", epoch="100/3")
    assert third.timeline.chain.begins[1] == Fraction(100, 3)
    assert [third(t) for t in (33, 33.333333333333336, 34)] == [0.1, 0.01, 0.01]


def test_time_is_asked_in_the_clock_of_the_text() -> None:
    schedule = lrdsl.compile("warmup(5 epochs, to=0.1) then cosine(85 epochs)")
    assert schedule(2.5) == 0.05
    assert schedule(np.array([0, 2.5, 5])).tolist() == [0.0, 0.05, 0.1]
    assert schedule.summary == "lr 0 -> 0.1 at 5 -> 0 at 90, then 0 · epochs · total 90"
    source = schedule.source()
    assert "lr as a function of time in epochs" in source
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    assert namespace["lr"](2.5) == 0.05
    assert "in epochs from 0" in namespace["lr"].__doc__


def test_a_binding_wins_over_the_file() -> None:
    text = "param total = 1000\nparam peak = 0.1\nlr = warmup(10%, to=peak) then cosine"
    assert lrdsl.compile(text).length == 1000
    assert lrdsl.compile(text, total=50, peak=0.2)(5) == 0.2
    assert lrdsl.compile(text).bind(total="2k", peak=0.3)(200) == 0.3
    assert lrdsl.compile("param epoch = 5\n0.1 for 2 epochs", epoch=7).length == 14


# --- what is not known yet --------------------------------------------------------------------------------------------

LATE = [
    ("warmup(10%) then cosine", "how long is the run?", {"total": 100}),
    ("warmup(1000) then cosine(30 epochs)", "say how much one epoch is", {"epoch": 100}),
    ("warmup(2k, to=1) then cosine(1B tokens)", "say how much one step is", {"step": "4M tokens"}),
    ("exp(max=1, k=0.1) for 10 epochs", "a time as a number counts its steps", {"epoch": 100}),
    ("warmup(5*epoch, to=1) then hold", "how much is one epoch?", {"epoch": 100}),
    ("lr = warmup(10%) then cosine\nweight_decay = 0.1", "how long is the run?", {"total": 100}),
    ("param epoch = total/90\nlr = warmup(5 epochs, to=1) then cosine", "how long is the run?", {"total": 9000}),
    ("lr = cosine\nassert lr at 0 == 1", "how long is the run?", {"total": 100}),
]


@pytest.mark.parametrize(("text", "message", "bindings"), LATE, ids=[row[0][:40] for row in LATE])
def test_what_is_missing_is_named_when_it_is_needed_and_not_before(
    text: str, message: str, bindings: dict[str, Any]
) -> None:
    schedule = lrdsl.compile(text)

    assert schedule.missing
    assert message in schedule.missing[0].message
    assert eval(repr(schedule), {"lrdsl": lrdsl}) == schedule
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert hash(schedule) == hash(pickle.loads(pickle.dumps(schedule)))
    assert str(schedule).split() == text.split()
    assert message in schedule.summary
    assert [note.severity for note in schedule.notes()] == ["note"] * len(schedule.missing)
    for call in (
        lambda: schedule(0),
        lambda: schedule(np.arange(3)),
        lambda: schedule.length,
        lambda: schedule.source(),
        lambda: schedule["lr"],
        lambda: schedule.factor(0),
        lambda: schedule.group("a"),
    ):
        with pytest.raises(lrdsl.ScheduleError) as caught:
            call()
        assert message in caught.value.problems[0].message
    complete = schedule.bind(**bindings)
    assert not complete.missing
    assert complete(0) >= 0
    assert complete == lrdsl.compile(text, **bindings)


def test_what_a_line_for_groups_waits_for_others_need_not() -> None:
    schedule = lrdsl.compile('lr = 1\nlr["a"] = cosine')
    assert schedule(5) == schedule.group("b")(5) == 1
    assert [note.message for note in schedule.notes()] == ["how long is the run?"]
    with pytest.raises(lrdsl.ScheduleError, match="how long is the run"):
        schedule.group("a")
    assert schedule.bind(total=10).group("a")(5) == 0.5


def test_what_is_wrong_whatever_is_bound_is_told_at_once() -> None:
    for text in ("warmup(10%) then cosine(from=peek)", "warmup(10%) then cosine(gamma=3)", "0.1 for 3 epochs for 5"):
        with pytest.raises(lrdsl.ScheduleError):
            lrdsl.compile(text)


@pytest.mark.parametrize(
    ("text", "bindings", "code"),
    [
        ("param warm = 5 epochs\nwarmup(warm, to=1)", {"warm": 5}, "E328"),
        ("let n = 5 epochs\nparam warm = 2*n\nwarmup(warm, to=1)", {"warm": 5}, "E328"),
        ("param total = 90 epochs\ncosine", {"total": 45}, "E328"),
        ("cosine(10)", {"peak": 3}, "E209"),
        ("cosine(10)", {"steps_per_epoch": 3}, "E209"),
        ("let a = 5\nwarmup(a, to=1)", {"a": 3}, "E210"),
        ("lr = 1\nweight_decay = 2", {"weight_decay": 3}, "E210"),
        ("0.1 for 3 epochs", {"epoch": "-5 steps"}, "E338"),
        ("0.1 for 3 epochs", {"epoch": 0}, "E301"),
        ("0.1 for 3 epochs", {"epoch": "0.5"}, "E301"),
        ("0.1 for 3 epochs", {"epoch": "2 epochs"}, "E337"),
        ("0.1 for 3 epochs", {"epoch": "sin(3)"}, "E304"),
        ("0.1 for 3 epochs", {"total": "5 minutes"}, "E116"),
    ],
)
def test_bindings_that_cannot_be(text: str, bindings: dict[str, Any], code: str) -> None:
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile(text, **bindings)
    assert code in [problem.code for problem in caught.value.problems]


def test_the_total_and_units_may_always_be_given() -> None:
    schedule = lrdsl.compile("0.1", total=100, epoch=5, step="4M tokens", sample="4096 tokens")
    assert (schedule(0), schedule.clock) == (0.1, "steps")


def test_a_bare_number_for_what_has_a_unit_is_answered_with_that_unit() -> None:
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile("param warm = 5 epochs\nwarmup(warm, to=1)", warm=10)
    assert 'warm="10 epochs"' in (caught.value.problems[0].help or "")
