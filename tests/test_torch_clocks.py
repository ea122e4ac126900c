"""The applier on clocks other than steps, and between two steps."""

from __future__ import annotations

import io
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402

TOKENS = "warmup(1M tokens) then cosine(9M tokens, to=10%)"


def attached(text: str, **bindings: Any) -> tuple[Any, Any]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    return optimizer, lrdsl.torch.attach(optimizer, text, **bindings)


def lr(optimizer: Any) -> float:
    found: float = optimizer.param_groups[0]["lr"]
    return found


@pytest.mark.filterwarnings("ignore:.* is past the end of the schedule")
def test_a_ramp_of_the_batch_size_changes_nothing_at_the_same_token() -> None:
    optimizer, scheduler = attached(TOKENS)
    schedule = scheduler.schedule
    assert schedule.clock == "tokens"
    seen, update = 0, 0
    while seen < 11_000_000:
        assert scheduler.position == seen
        assert lr(optimizer) == schedule(seen, 0.1)
        assert scheduler.last_epoch == update
        batch = 2_048 * (4 + 4 * min(update // 50, 7))  # the batch grows while it trains
        optimizer.step()
        scheduler.step(tokens=batch)
        seen, update = seen + batch, update + 1


def test_packed_sequences_of_any_length() -> None:
    optimizer, scheduler = attached(TOKENS)
    lengths = random.Random(7)
    seen = 0
    for _ in range(300):
        count = lengths.randrange(1, 60_000)
        optimizer.step()
        # A count comes as whatever the loader has: a Python int, a numpy int, a tensor of one.
        scheduler.step(tokens=lengths.choice([int, np.int64, torch.tensor])(count))
        seen += count
        assert lr(optimizer) == scheduler.schedule(seen, 0.1)


@pytest.mark.parametrize("batches", [390, 391, 7, 5004, 12_345])
def test_fractions_of_an_epoch_end_with_the_epoch(batches: int) -> None:
    optimizer, scheduler = attached("0.1 for 3 epochs then 0.01")
    for _ in range(3 * batches - 1):
        scheduler.step(epochs=1 / batches)
    assert lr(optimizer) == 0.1
    scheduler.step(epochs=1 / batches)

    assert scheduler.position == 3
    assert lr(optimizer) == 0.01


def test_a_fraction_is_taken_as_it_is() -> None:
    _, scheduler = attached("0.1 for 3 epochs then 0.01")
    scheduler.step(epochs=Fraction(7, 3))
    assert scheduler.state_dict()["position"] == "7/3"
    scheduler.step(epochs=0.1)
    assert scheduler.state_dict()["position"] == "73/30"


def test_units_that_the_text_connects_may_be_said_too() -> None:
    optimizer, scheduler = attached("param sample = 2048 tokens\n" + TOKENS)
    scheduler.step(samples=100)
    assert scheduler.position == 204_800
    scheduler.seek(samples=1)
    assert scheduler.position == 2_048
    assert lr(optimizer) == scheduler.schedule(2_048, 0.1)


def test_a_clock_of_steps_may_be_driven_by_what_its_steps_are() -> None:
    optimizer, scheduler = attached("warmup(100) then hold", step="4M tokens")
    assert scheduler.schedule.clock == "steps"
    scheduler.step(tokens=4_000_000)
    assert (scheduler.last_epoch, lr(optimizer)) == (1, scheduler.schedule(1, 0.1))
    scheduler.step(tokens=6_000_000)
    assert (scheduler.position, lr(optimizer)) == (2.5, scheduler.schedule(2.5, 0.1))
    scheduler.step()
    assert (scheduler.position, scheduler.last_epoch) == (3.5, 3)
    scheduler.step(tokens=2_000_000)
    assert (scheduler.position, scheduler.last_epoch) == (4, 4)
    optimizer.step()
    scheduler.step()
    assert lr(optimizer) == scheduler.schedule(5, 0.1)


@pytest.mark.parametrize(
    ("text", "call", "message", "help_"),
    [
        (TOKENS, lambda s: s.step(), "counts tokens, and `step()` says nothing", "step(tokens=n)"),
        (TOKENS, lambda s: s.seek(5), "counts tokens", "seek(tokens=n)"),
        (TOKENS, lambda s: s.step(samples=5), "how much one sample is in tokens", "param sample = 4096 tokens"),
        (TOKENS, lambda s: s.step(epochs=5), "how much one epoch is in tokens", "param epoch = 10B tokens"),
        (TOKENS, lambda s: s.step(steps=5), "how much one step is in tokens", "param step = 4M tokens"),
        (TOKENS, lambda s: s.step(token=5), "`token=` is no unit", "step(tokens=n)"),
        (TOKENS, lambda s: s.step(loss=5), "`loss=` is no unit", "step(tokens=n)"),
        (TOKENS, lambda s: s.step(tokens=-5), "from 0, not -5", None),
        (TOKENS, lambda s: s.step(tokens="5"), "takes a number, not '5'", None),
        (TOKENS, lambda s: s.step(tokens=float("nan")), "finite", None),
        (TOKENS, lambda s: s.step(tokens=1, samples=2), "is enough", "step(tokens=n)"),
        (TOKENS, lambda s: s.step(5), "takes no position", "seek(5)"),
        ("warmup(10) then hold", lambda s: s.step(tokens=5), "how much one step is in tokens", "param step = 4M tokens"),
        ("warmup(10) then hold", lambda s: s.seek(epochs=5), "how much one epoch is in steps", "param epoch = 5004 steps"),
    ],
)  # fmt: skip
def test_another_clock_is_refused_with_the_conversion_that_is_missing(
    text: str, call: Any, message: str, help_: str | None
) -> None:
    optimizer, scheduler = attached(text)
    before = lr(optimizer)
    with pytest.raises(lrdsl.ScheduleError) as caught:
        call(scheduler)

    problem = caught.value.problems[0]
    assert message in problem.message
    assert help_ is None or help_ in (problem.help or "")
    assert lr(optimizer) == before


def test_a_run_on_tokens_is_taken_up_where_it_was() -> None:
    optimizer, scheduler = attached(TOKENS)
    for _ in range(5):
        optimizer.step()
        scheduler.step(tokens=123_457)
    buffer = io.BytesIO()
    torch.save(scheduler.state_dict(), buffer)
    buffer.seek(0)
    again, resumed = attached(TOKENS)
    resumed.load_state_dict(torch.load(buffer, weights_only=True))

    assert (resumed.position, resumed.last_epoch) == (5 * 123_457, 5)
    assert lr(again) == lr(optimizer)
    resumed.step(tokens=1)
    scheduler.step(tokens=1)
    assert lr(again) == lr(optimizer)


def test_what_is_missing_is_named_when_it_is_attached() -> None:
    for text, bindings, message in (
        ("warmup(10%) then cosine", {}, "how long is the run?"),
        ("warmup(100) then cosine(5 epochs)", {}, "say how much one epoch is"),
        ("warmup(5*epoch) then hold", {}, "how much is one epoch?"),
    ):
        with pytest.raises(lrdsl.ScheduleError, match=message.replace("?", "\\?")):
            attached(text, **bindings)
    optimizer, _ = attached("warmup(100) then cosine(5 epochs)", epoch=50)
    assert lr(optimizer) == 0.0
    complete = lrdsl.compile("warmup(10%) then cosine")
    lrdsl.torch.attach(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1), complete, total=50)


def test_the_first_update_of_another_clock_uses_the_value_at_0() -> None:
    optimizer, scheduler = attached("0.5 for 2 epochs then 0.1")
    assert (lr(optimizer), scheduler.position, scheduler.get_last_lr()) == (0.5, 0, [0.5])
    assert repr(scheduler).endswith("at epoch 0>")


def test_last_epoch_means_nothing_on_another_clock() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    with pytest.raises(lrdsl.ScheduleError, match="counts tokens"):
        lrdsl.torch.attach(optimizer, TOKENS, last_epoch=5)
