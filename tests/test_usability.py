"""What people type first, and what they meet: the code of the problem, and the mend that can be typed, or the advice.

In: texts as newcomers write them. Out: that each is answered as the table says, and that each mend passes. Refuses to test wording
beyond the offers: that is in the golden files.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import lrdsl

# typed, bound, code, the text after the first mend (or its advice)
TYPED: list[tuple[str, dict[str, Any], str, str]] = [
    ("warmup(2k) then cosine(10%)", {"total": 100000}, "E309", "warmup(2k) then cosine(to=10%)"),
    ("warmup(5) then cosine(85)", {"total": 35000}, "E309", "warmup(5) then cosine(85) then hold"),
    ("warmup(375M) then cosine until 300B", {}, "E302", "warmup(375M) then cosine until 300B steps"),
    ("warmup(300B) then hold", {}, "E302", "warmup(300B steps) then hold"),
    (
        "warmup(2k) then cosine(to=10%) floor 10%",
        {"total": 10000},
        "E305",
        "warmup(2k) then cosine(to=10%) floor 0.1*base",
    ),
    ("linear(0)", {"total": 100}, "E301", "linear(to=0)"),
    ("linear(1e-5)", {"total": 100}, "E301", "linear(to=1e-5)"),
    ("hold(3e-4)", {}, "E301", "hold(max=3e-4)"),
    ("warmup(1k, 3e-4) then hold", {}, "E211", "warmup(1k, to=3e-4) then hold"),
    ("warmup(0.1) then cosine", {"total": 1000}, "E301", "warmup(10%) then cosine"),
    ("warmup(0.03) then cosine", {"total": 1000}, "E301", "warmup(3%) then cosine"),
    (
        "repeat(linear(2k, from=1e-4, to=1e-3) then linear(2k))",
        {},
        "E319",
        "repeat(linear(2k, from=1e-4, to=1e-3) then linear(2k, to=0))",
    ),
    ("wd = 0.1\nlr=1", {}, "E208", "weight_decay = 0.1\nlr=1"),
    ("weightdecay = 0.1\nlr=1", {}, "E208", "weight_decay = 0.1\nlr=1"),
    ("decay = 0.1\nlr=1", {}, "E208", "weight_decay = 0.1\nlr=1"),
    ("l2 = 0.1\nlr=1", {}, "E208", "weight_decay = 0.1\nlr=1"),
    ("learning_rate = 0.1", {}, "E208", "lr = 0.1"),
    ("rate = 0.1", {}, "E208", "lr = 0.1"),
    ("mom = 0.9\nlr=1", {}, "E208", "momentum = 0.9\nlr=1"),
    ("betas = 0.9\nlr=1", {}, "E208", "beta1 = 0.9\nlr=1"),
    ("beta = 0.9\nlr=1", {}, "E208", "beta1 = 0.9\nlr=1"),
    ("b1 = 0.9\nlr=1", {}, "E208", "beta1 = 0.9\nlr=1"),
    ("b2 = 0.9\nlr=1", {}, "E208", "beta2 = 0.9\nlr=1"),
    ("warmup(1k) then constant", {}, "E201", "warmup(1k) then hold"),
    ("warmup(1k) then const", {}, "E201", "warmup(1k) then hold"),
    ("warmup(1k) then stable", {}, "E201", "warmup(1k) then hold"),
    ("warmup(1k) then flat", {}, "E201", "warmup(1k) then hold"),
    ("warmup(1k) then keep", {}, "E201", "warmup(1k) then hold"),
    ("linear_warmup(1k) then hold", {}, "E202", "warmup(1k) then hold"),
    ("warm_up(1k) then hold", {}, "E202", "warmup(1k) then hold"),
    ("rampup(1k) then hold", {}, "E202", "warmup(1k) then hold"),
    ("ramp(1k) then hold", {}, "E202", "warmup(1k) then hold"),
    ("warmup(1k) then cosine_decay(9k)", {}, "E202", "warmup(1k) then cosine(9k)"),
    ("warmup(1k) then cosine_annealing(9k)", {}, "E202", "warmup(1k) then cosine(9k)"),
    ("CosineAnnealingLR(9k)", {}, "E202", "cosine(9k)"),
    ("warmup(1k) then cos", {}, "E215", "warmup(1k) then cosine"),
    ("warmup(1k) then linear_decay(9k)", {}, "E202", "warmup(1k) then linear(9k)"),
    ("warmup(1k) then decay(9k)", {}, "E202", "warmup(1k) then linear(9k)"),
    ("warmup(1k) then cooldown(9k)", {}, "E202", "warmup(1k) then linear(9k)"),
    ("warmup(1k) then anneal(9k)", {}, "E202", "warmup(1k) then linear(9k)"),
    ("LinearLR(9k)", {}, "E202", "linear(9k)"),
    ("warmup(1k) then polynomial(9k)", {}, "E202", "as in `poly(power=2)`"),
    ("poly_decay(9k)", {}, "E202", "as in `poly(power=2)`"),
    ("PolynomialLR(9k)", {}, "E202", "as in `poly(power=2)`"),
    ("warmup(1k) then inverse_sqrt", {}, "E201", "warmup(1k) then rsqrt(timescale=10k)"),
    ("inv_sqrt", {}, "E201", "rsqrt(timescale=10k)"),
    ("exponential(9k)", {}, "E202", "as in `exp(halflife=10k)`"),
    ("ExponentialLR", {}, "E201", "exp(halflife=10k)"),
    ("log_linear(9k, from=1, to=0.1)", {}, "E202", "geometric(9k, from=1, to=0.1)"),
    ("exp(9k, from=1, to=0.1)", {}, "E203", "geometric(9k, from=1, to=0.1)"),
    ("step(30)", {}, "E202", "as in `drop(factor=0.1, per=30k)`"),
    ("steplr", {}, "E201", "drop(factor=0.1, per=30k)"),
    ("multistep(30)", {}, "E202", "as in `drop(factor=0.1, per=30k)`"),
    ("staircase", {}, "E201", "drop(factor=0.1, per=30k)"),
    ("piecewise", {}, "E201", "drop(factor=0.1, per=30k)"),
    ("warmup(2k) then 3e-4 then 1-sqrt(10%)", {"total": 20000}, "E320", "warmup(2k) then 3e-4 then sqrt(10%)"),
    ("wsd", {}, "E201", "warmup(2%) then hold then linear(20%)"),
    ("trapezoid", {}, "E201", "warmup(2%) then hold then linear(20%)"),
    ("onecycle", {}, "E201", "cosine(30%, from=4%, to=0.1) then cosine(to=4e-7)"),
    ("sgdr", {}, "E201", "repeat(cosine(10k), stretch=2)"),
    ("restarts", {}, "E201", "repeat(cosine(10k), stretch=2)"),
    ("cyclic", {}, "E201", "repeat(linear(2k, from=1e-4, to=1e-3) then linear(2k, to=1e-4))"),
    ("triangular", {}, "E201", "repeat(linear(2k, from=1e-4, to=1e-3) then linear(2k, to=1e-4))"),
    ("noam", {}, "E201", "max(t, 4k)^-0.5"),
    (
        "plateau",
        {},
        "E223",
        "planned drops say when: `0.1 until 30k then 0.01`; for plateaus torch has ReduceLROnPlateau",
    ),
    (
        "ReduceLROnPlateau",
        {},
        "E223",
        "planned drops say when: `0.1 until 30k then 0.01`; for plateaus torch has ReduceLROnPlateau",
    ),
    ("warmup(1k, max_lr=3e-4) then hold", {}, "E203", "warmup(1k, to=3e-4) then hold"),
    ("warmup(1k, peak=3e-4) then hold", {}, "E203", "warmup(1k, to=3e-4) then hold"),
    ("warmup(1k, lr=3e-4) then hold", {}, "E203", "warmup(1k, to=3e-4) then hold"),
    ("cosine(1k, base_lr=3e-4)", {}, "E203", "cosine(1k, from=3e-4)"),
    ("cosine(1k, init=3e-4)", {}, "E203", "cosine(1k, from=3e-4)"),
    ("cosine(1k, start=3e-4)", {}, "E203", "cosine(1k, from=3e-4)"),
    ("cosine(1k, start_value=3e-4)", {}, "E203", "cosine(1k, from=3e-4)"),
    ("exp(peak=1e-3, k=1e-4)", {}, "E203", "exp(max=1e-3, k=1e-4)"),
    ("cosine(1k, max=3e-4, min=3e-5)", {}, "E203", "cosine(1k, from=3e-4, to=3e-5)"),
    ("cosine(1k, max=3e-4)", {}, "E203", "cosine(1k, from=3e-4)"),
    ("warmup(1k, max=3e-4) then hold", {}, "E203", "warmup(1k, to=3e-4) then hold"),
    ("cosine(1k, min_lr=3e-5)", {}, "E203", "cosine(1k, to=3e-5)"),
    ("cosine(1k, eta_min=3e-5)", {}, "E203", "cosine(1k, to=3e-5)"),
    ("cosine(1k, end=3e-5)", {}, "E203", "cosine(1k, to=3e-5)"),
    ("cosine(1k, end_lr=3e-5)", {}, "E203", "cosine(1k, to=3e-5)"),
    ("cosine(1k, final=3e-5)", {}, "E203", "cosine(1k, to=3e-5)"),
    ("cosine(1k, alpha=0.1)", {}, "E203", "cosine(1k, to=10%)"),
    ("cosine(1k, min_lr_ratio=0.1)", {}, "E203", "cosine(1k, to=10%)"),
    ("linear(1k, end_factor=0.1)", {}, "E203", "linear(1k, to=10%)"),
    ("cosine(T_max=1k)", {}, "E203", "cosine(1k)"),
    ("warmup(steps=1k) then hold", {}, "E203", "warmup(1k) then hold"),
    ("cosine(n=1k)", {}, "E203", "cosine(1k)"),
    ("cosine(length=1k)", {}, "E203", "cosine(1k)"),
    ("cosine(duration=1k)", {}, "E203", "cosine(1k)"),
    ("linear(total_iters=1k)", {}, "E203", "linear(1k)"),
    ("linear(transition_steps=1k)", {}, "E203", "linear(1k)"),
    ("warmup(num_warmup_steps=1k) then hold", {}, "E203", "warmup(1k) then hold"),
    ("warmup(warmup_ratio=0.03) then cosine", {"total": 1000}, "E203", "warmup(3%) then cosine"),
    ("warmup(pct_start=0.3) then cosine", {"total": 1000}, "E203", "warmup(30%) then cosine"),
    ("exp(max=1, gamma=0.9)", {}, "E203", "exp(max=1, factor=0.9, per=1)"),
    ("exp(max=1, decay_rate=0.9)", {}, "E203", "exp(max=1, factor=0.9, per=1)"),
    ("drop(max=1, factor=0.1, step_size=30)", {}, "E203", "drop(max=1, factor=0.1, per=30)"),
    ("drop(max=1, factor=0.1, period=30)", {}, "E203", "drop(max=1, factor=0.1, per=30)"),
    ("drop(max=1, factor=0.1, decay_steps=30)", {}, "E203", "drop(max=1, factor=0.1, per=30)"),
    ("repeat(cosine(10k, from=1), T_mult=2)", {}, "E203", "repeat(cosine(10k, from=1), stretch=2)"),
    ("repeat(cosine(10k, from=1), cycles=5)", {}, "E203", "repeat(cosine(10k, from=1), times=5)"),
    ("repeat(cosine(10k, from=1), num_cycles=5)", {}, "E203", "repeat(cosine(10k, from=1), times=5)"),
    ("repeat(cosine(10k, from=1), n=5)", {}, "E203", "repeat(cosine(10k, from=1), times=5)"),
    ("repeat(cosine, T_0=10k)", {}, "E203", "repeat(cosine(10k))"),
    ("warmup(5 it) then hold", {}, "E101", "warmup(5 steps) then hold"),
    ("warmup(5 iters) then hold", {}, "E101", "warmup(5 steps) then hold"),
    ("warmup(5 iterations) then hold", {}, "E101", "warmup(5 steps) then hold"),
    ("warmup(5 updates) then hold", {}, "E101", "warmup(5 steps) then hold"),
    ("warmup(5 batches) then hold", {}, "E101", "warmup(5 steps) then hold"),
    ("warmup(5 ep) then hold", {}, "E101", "warmup(5 epochs) then hold"),
    ("warmup(5 tok) then hold", {}, "E101", "warmup(5 tokens) then hold"),
    ("warmup(5 examples) then hold", {}, "E101", "warmup(5 samples) then hold"),
    ("warmup(5 images) then hold", {}, "E101", "warmup(5 samples) then hold"),
    ("warmup(5 sequences) then hold", {}, "E101", "warmup(5 samples) then hold"),
    (
        "warmup(5 hours) then hold",
        {},
        "E101",
        "time on the wall is no unit: a run is counted in steps, epochs, tokens or samples",
    ),
    (
        "warmup(5 min) then hold",
        {},
        "E101",
        "time on the wall is no unit: a run is counted in steps, epochs, tokens or samples",
    ),
    ("warmup(5m) then hold", {}, "E104", "warmup(5M) then hold"),
    ("warmup(5b) then hold", {}, "E104", "warmup(5B) then hold"),
    ("warmup(5G) then hold", {}, "E104", "warmup(5B) then hold"),
    ("warmup(10k) -> cosine(5k)", {}, "E105", "warmup(10k) then cosine(5k)"),
    ("warmup(10k) => cosine(5k)", {}, "E101", "warmup(10k) then cosine(5k)"),
    ("warmup(10k), cosine(5k)", {}, "E101", "warmup(10k) then cosine(5k)"),
    ("warmup(10k); cosine(5k)", {}, "E105", "warmup(10k) then cosine(5k)"),
    ("warmup(10k) | cosine(5k)", {}, "E105", "warmup(10k) then cosine(5k)"),
    ("warmup(10k) & cosine(5k)", {}, "E105", "warmup(10k) then cosine(5k)"),
    ("warmup(10k) + cosine(5k)", {}, "E320", "warmup(10k) then cosine(5k)"),
    ("warmup(10k) and cosine(5k)", {}, "E101", "there are no conditions: phases joined by `then` say what holds when"),
    ("warmup(10k) next cosine(5k)", {}, "E101", "warmup(10k) then cosine(5k)"),
    ("cosine over 5k", {}, "E101", "cosine for 5k"),
    ("cosine during 5k", {}, "E101", "cosine for 5k"),
    ("warmup(10k) then 0.1 until step 30k", {}, "E101", "warmup(10k) then 0.1 until 30k steps"),
    ("warmup(10) then 0.1 until epoch 30", {}, "E101", "warmup(10) then 0.1 until 30 epochs"),
    ("cosine to 5k", {}, "E101", "cosine(to=5k)"),
    ("hold till 5k", {}, "E101", "hold until 5k"),
    ("hold by 5k", {}, "E101", "hold until 5k"),
    ("cosine(5k) min 1e-5", {}, "E101", "cosine(5k) floor 1e-5"),
    ("cosine(5k) at_least 1e-5", {}, "E101", "cosine(5k) floor 1e-5"),
    ("cosine(5k) clip 1e-5", {}, "E101", "cosine(5k) floor 1e-5"),
    ("cosine(5k) max 1e-3", {}, "E101", "cosine(5k) cap 1e-3"),
    ("cosine(5k) at_most 1e-3", {}, "E101", "cosine(5k) cap 1e-3"),
    ("cosine(5k) offset 10", {}, "E101", "cosine(5k) skip 10"),
    ("warmup 1000", {}, "E101", "warmup(1000)"),
    ("cosine to 10%", {}, "E101", "cosine(to=10%)"),
    ("warmup(1k) then 3e-4 then cosine", {"total": 10000}, "E310", "warmup(1k, to=3e-4) then cosine"),
    ("repeat(cosine, times=5)", {"total": 10000}, "E317", "repeat(cosine(total/5), times=5)"),
    ("cosine(10k) repeat 5", {}, "E101", "repeat(cosine(10k), times=5)"),
    ("warmup(1,000) then hold", {}, "E211", "warmup(1_000) then hold"),
    ("Warmup(10) then hold", {}, "E202", "warmup(10) then hold"),
    ("warmup(10) Then hold", {}, "E101", "warmup(10) then hold"),
    ("warmup(2k) then cosine for the rest", {}, "E101", "warmup(2k) then cosine"),
    ("cosine(1k", {}, "E102", "cosine(1k)"),
    ("sqrt(t)*1e-3", {}, "E307", "t^0.5*1e-3"),
    ("exp(-t/1k)", {}, "E204", "e^(-t/1k)"),
    ("log(t+1)*1e-3", {}, "E202", "ln(t+1)*1e-3"),
    ("param lr = 3e-4", {}, "E330", "one bare expression is the output `lr`, or write `lr = ...`"),
    ("warmup(1000) then exp(max=1e-3, kk=1e-4)", {}, "E203", "warmup(1000) then exp(max=1e-3, k=1e-4)"),
    (
        "warmup(10k) then hold floor 1e-5 then linear(5k)",
        {},
        "E110",
        "warmup(10k) then (hold floor 1e-5) then linear(5k)",
    ),
    ("warmup(2k, to=1) then cosine(1B tokens)", {}, "E332", "`param step = 4M tokens`"),
    ("cosine(5)", {"total": "90 epochs"}, "E332", "`param epoch = 5004 steps` or `param step = 0.01 epochs`"),
    ("t * 1e-3 for 10 epochs", {}, "E334", "(t * 1e-3 / 1 epoch) for 10 epochs"),
    ("exp(max=1, k=0.1) for 10 epochs", {}, "E334", "say it as a time: `halflife=...`"),
    ("warmup(375M tokens) then cosine", {"total": 100000}, "E332", "`param step = 4M tokens`"),
    ("lr = 1\nweight_decay = 0.1*base/lr then linear", {}, "E310", "give one of the two a length, or `until`"),
    (
        'lr = 1\nlr["head.{}"] = 2',
        {},
        "E340",
        "`*` stands for anything, `{i}` for a whole number, whose name is then known on the right",
    ),
    ("lr = 1\ntemperature = linear(10)", {}, "E339", "write it, as in `from=1`"),
    (
        "param warm = 5 epochs\nwarmup(warm) then hold",
        {"warm": 5},
        "E328",
        '`warm="5 epochs"`, or `warm="5 steps"` if steps are meant',
    ),
    ("cosine(10k)", {"steps_per_epoch": 5}, "E209", "did you mean `epoch=5`?"),
    ("cosine", {"num_epochs": 90}, "E209", 'did you mean `total="90 epochs"`?'),
    ("cosine(10k)", {"tokens_per_step": 5}, "E209", 'did you mean `step="5 tokens"`?'),
    ("cosine(10k)", {"max_steps": 5}, "E209", "did you mean `total=5`?"),
]

# typed, bound, (time, value) pairs: what is right as typed
RIGHT: list[tuple[str, dict[str, Any], list[tuple[float, float]]]] = [
    ("3e-4", {}, [(0, 3e-4), (1e6, 3e-4)]),
    ("lr = 3e-4", {}, [(5, 3e-4)]),
    ("1e-3 * e^(-t/100)", {}, [(0, 1e-3), (100, 1e-3 * 2.718281828459045**-1)]),
    ("0.1 for 30 epochs then 0.01", {}, [(29.9, 0.1), (30, 0.01)]),
    ("0.1 until 30 epochs then 0.01 until 60 epochs then 1e-3", {}, [(59, 0.01), (60, 1e-3)]),
    ("warmup(5 epochs, to=1) then cosine until 90 epochs", {}, [(5, 1.0), (47.5, 0.5), (90, 0.0)]),
    ("warmup(10%, to=1) then cosine", {"total": "90 epochs"}, [(9, 1.0), (90, 0.0)]),
    ("warmup(2000, to=3e-4) then cosine(to=3e-5)", {"total": 100_000}, [(2000, 3e-4), (100_000, 3e-5)]),
    ("warmup(1_000, to=1) then linear(9_000)", {}, [(1000, 1.0), (5500, 0.5)]),
    ("min(1, t/10)", {}, [(5, 0.5), (20, 1.0)]),
]


def test_the_tables_are_long() -> None:
    assert len(TYPED) + len(RIGHT) + len(MOVES) + len(COMMANDS) > 180
    assert len({(typed, str(bound)) for typed, bound, *_ in TYPED}) == len(TYPED)


@pytest.mark.parametrize(("typed", "bound", "code", "offered"), TYPED, ids=[row[0][:60] for row in TYPED])
def test_what_is_typed_meets_its_mend(typed: str, bound: dict[str, Any], code: str, offered: str) -> None:
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile(typed, **bound)(0)

    problem = caught.value.problems[0]
    first = problem.mends[0]
    assert (problem.code, first.apply(typed) if first.edits else first.says) == (code, offered)
    assert problem.line is not None


@pytest.mark.parametrize(("typed", "bound", "values"), RIGHT, ids=[row[0] for row in RIGHT])
def test_what_is_right_as_typed(typed: str, bound: dict[str, Any], values: list[tuple[float, float]]) -> None:
    schedule = lrdsl.compile(typed, **bound)
    for time, value in values:
        assert schedule(time) == pytest.approx(value, rel=1e-12)


MOVES: list[tuple[Callable[[], object], str]] = [
    (lambda: lrdsl.compile("gpt.lrs"), 'lrdsl.load("gpt.lrs")'),
    (lambda: lrdsl.load("warmup(1k) then hold"), 'lrdsl.compile("warmup(1k) then hold")'),
    (lambda: lrdsl.parse("hold"), "lrdsl.compile(text)"),
    (lambda: lrdsl.Schedule("hold"), "lrdsl.compile(text)"),
    (lambda: lrdsl.build("hold"), "lrdsl.compile(text)"),
    (lambda: lrdsl.from_string("hold"), "lrdsl.compile(text)"),
    (lambda: lrdsl.attach(None, "hold"), "lrdsl.torch.attach(optimizer, text)"),
    (lambda: lrdsl.Scheduler(None, "hold"), "lrdsl.torch.attach(optimizer, text)"),
    (lambda: lrdsl.LambdaLR(None, "hold"), "lrdsl.torch.attach(optimizer, text)"),
    (lambda: lrdsl.compile("hold").step(), "`sched = lrdsl.torch.attach(optimizer, schedule)` gives what steps"),
    (lambda: lrdsl.compile("hold").get_lr(), "`sched = lrdsl.torch.attach(optimizer, schedule)` gives what steps"),
    (lambda: lrdsl.compile("hold").at(5), "schedule(t)"),
    (lambda: lrdsl.compile("hold").value(5), "schedule(t)"),
    (lambda: lrdsl.compile("hold")["lrr"], "its outputs are `lr`"),
    (lambda: lrdsl.compile(["hold"]), "compiled from a text, not from list"),
    (lambda: lrdsl.compile("hold", base=3e-4), "schedule(t, base=3e-4)"),
    (lambda: lrdsl.compile("hold", total=[3]), 'is a number or a text such as "5%"'),
]  # fmt: skip


@pytest.mark.parametrize(("move", "says"), MOVES, ids=[row[1][:40] for row in MOVES])
def test_first_moves_in_python_are_told_the_right_one(move: Callable[[], object], says: str) -> None:
    with pytest.raises((lrdsl.ScheduleError, AttributeError)) as caught:
        move()
    assert says in str(caught.value)


COMMANDS = [
    ("show", "lrdsl plot"), ("view", "lrdsl plot"), ("draw", "lrdsl plot"), ("lint", "lrdsl check"),
    ("validate", "lrdsl check"), ("format", "lrdsl fmt"), ("eval", "lrdsl sample"), ("table", "lrdsl sample"),
    ("csv", "lrdsl sample"), ("build", "lrdsl compile"), ("export", "lrdsl compile"), ("list", "lrdsl curves"),
    ("compare", "lrdsl plot"), ("warmup(10) then hold", 'lrdsl plot "warmup(10) then hold"'),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "says"), COMMANDS, ids=[row[0] for row in COMMANDS])
def test_commands_by_other_names(typed: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    from lrdsl.cli import main

    assert main([typed]) == 2
    assert says in capsys.readouterr().err


def test_the_front_door() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lrdsl", "plot", "warmup(10) then cosine"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "how long is the run?" in done.stderr
    assert "--total 100k" in done.stderr
