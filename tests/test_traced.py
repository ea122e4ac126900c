"""A schedule as a function of a step tensor: the values of numpy, traced, compiled and differentiated."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import that_can_be_called
from hypothesis import given, settings
from strategies import schedules

torch = pytest.importorskip("torch")

import lrdsl  # noqa: E402

FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"
PHASES = " then ".join(
    f"{('linear', 'cosine', 'sqrt')[n % 3]}({n % 9 + 1}, from=0.{n % 5 + 1}, to=0.{n % 7 + 1})" for n in range(200)
)
TEXTS = {
    FLAGSHIP: {},
    "warmup(3%) then cosine(to=10%)": {"total": 100_001},
    "repeat(warmup(10.5, to=1) then cosine(100)) * 1e-3": {},
    "repeat(warmup(7/3) then linear(1/3, from=1, to=0.5), times=1000)": {},
    "repeat(cosine(100, from=1), stretch=1.5, factor=0.7, times=9)": {},
    "repeat(linear(10, from=1) every 2.5) * repeat(cosine(7, from=1))": {},
    "warmup(10) then rsqrt(max=1, timescale=50) then linear(10)": {"total": 500},
    "hold(5) then 0.5 then geometric(100, to=1e-3)": {"total": 300},
    PHASES: {},
    f"repeat({PHASES})": {},
}
CASES = [json.loads(line) for line in (Path(__file__).parent / "data" / "cases.jsonl").read_text("utf-8").splitlines()]


def times_of(output: Any) -> np.ndarray:
    """Steps and times between them, over what there is and beyond."""
    rng, most = np.random.default_rng(0), float(output.length or 3000) * 1.3 + 2
    steps = np.unique(np.minimum(np.concatenate([np.arange(50), rng.integers(0, int(min(most, 2**53)), 300)]), most))
    return np.concatenate([steps.astype(np.float64), rng.uniform(0, most, 100)])


def check(schedule: lrdsl.Schedule, base: Any = None) -> int:
    """All outputs of a schedule; how many there were."""
    for output in schedule.plain:
        times = times_of(output)
        if output.relation == "mixed" and base is None:
            continue
        found = schedule.torch(output.name)(torch.from_numpy(times), *(() if base is None else (base,)))
        np.testing.assert_allclose(found.numpy(), output(times, base), rtol=1e-13, atol=1e-300)
    return len(schedule.plain)


def test_every_case_of_the_language_has_the_values_of_numpy() -> None:
    seen = 0
    for case in CASES:
        if "values" in case:
            seen += check(lrdsl.compile(case["text"], **case.get("bind", {})), case.get("base"))
    assert seen > 280


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_texts_of_many_kinds_have_the_values_of_numpy(text: str) -> None:
    assert check(lrdsl.compile(text, **TEXTS[text])) == 1


@given(schedules())
@settings(max_examples=150)
def test_any_text_has_the_values_of_numpy(drawn: tuple[Any, Any]) -> None:
    found = that_can_be_called(drawn)
    if found is None:
        return
    schedule, base = found
    check(schedule, base)


def test_shapes_devices_and_kinds_of_numbers() -> None:
    lr = lrdsl.compile(FLAGSHIP).torch()
    for kind in (torch.int64, torch.int32, torch.float32, torch.float64):
        found = lr(torch.tensor([[0, 500], [1000, 2000]], dtype=kind))
        assert (found.dtype, found.shape) == (torch.float64, (2, 2))
    assert lr(torch.tensor(500)).item() == 5e-4
    assert lr(torch.arange(2000).flip(0))[0].item() == lr(torch.tensor(1999)).item()
    for wrong in (-1.0, math.nan, math.inf):
        assert math.isnan(lr(torch.tensor([5.0, wrong]))[1])


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_it_is_one_graph_without_a_break(text: str) -> None:
    from torch._dynamo.testing import CompileCounterWithBackend

    if text.count("then") > 50 and text.startswith("repeat"):
        text = text.replace(PHASES, " then ".join(PHASES.split(" then ")[:20]))
    schedule = lrdsl.compile(text, **TEXTS.get(text, {}))
    torch._dynamo.reset()
    counter = CompileCounterWithBackend("eager")
    compiled = torch.compile(schedule.torch(), backend=counter, fullgraph=True)
    for step in (0, 1, 7, 150, 299):
        assert compiled(torch.tensor(step)).item() == pytest.approx(schedule(step), rel=1e-13, abs=1e-300)
    assert counter.frame_count == 1


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_the_derivative_by_time_is_that_of_the_curve(text: str) -> None:
    schedule = lrdsl.compile(text, **TEXTS[text])
    rng = np.random.default_rng(1)
    # Where the curve has a kink or a step within the small distance, the quotient of differences is none.
    inside = rng.uniform(0, min(float(schedule.length or 3000), 3000), 400)
    times = torch.tensor(inside, requires_grad=True)
    lr = schedule.torch()
    (slope,) = torch.autograd.grad(lr(times).sum(), times)
    with torch.no_grad():
        ahead, behind = ((lr(times + d) - lr(times)) / d for d in (1e-6, -1e-6))

    assert torch.isfinite(slope).all()
    smooth = (ahead - behind).abs() < 1e-3 * (ahead.abs() + 1e-9)
    assert smooth.double().mean() > 0.9 or "every" in text
    np.testing.assert_allclose(slope[smooth].numpy(), ahead[smooth].numpy(), rtol=2e-2, atol=1e-7)


def test_derivatives_are_finite_at_every_step_and_boundary() -> None:
    for text in (
        "cosine(100, from=1)",
        FLAGSHIP,
        "warmup(10) then cosine(40) then hold",
        "repeat(cosine(7, from=1)) * 0.1",
    ):
        times = torch.arange(0, 1200, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(lrdsl.compile(text).torch()(times).sum(), times)
        assert torch.isfinite(slope).all()


def test_it_drives_an_optimizer_inside_a_compiled_step() -> None:
    """The step is a tensor, counted and looked up where the update is made: nothing is asked of Python."""
    from torch._dynamo.testing import CompileCounterWithBackend

    schedule = lrdsl.compile("warmup(5) then cosine(20)")
    lr = schedule.torch()
    weight = torch.nn.Parameter(torch.ones(3))
    held = torch.tensor(0.1)
    optimizer = torch.optim.SGD([weight], lr=held)
    step = torch.zeros((), dtype=torch.int64)
    counter = CompileCounterWithBackend("eager")

    @torch.compile(backend=counter)
    def update() -> None:
        held.copy_(lr(step, 0.1))
        optimizer.step()
        step.add_(1)

    for number in range(12):
        weight.grad = torch.ones(3)
        update()
        assert held.item() == pytest.approx(schedule(number, 0.1), rel=1e-6)
        if number == 0:
            first = counter.frame_count
    assert counter.frame_count == first  # nothing is compiled again
    assert step.item() == 12


def test_a_base_and_other_outputs() -> None:
    schedule = lrdsl.compile("lr = cosine(100)\nweight_decay = 10*lr\nclip = 1 until 50 then 0.5")
    steps = torch.arange(120)
    assert schedule.torch()(steps, 3e-4).tolist() == schedule(steps.numpy(), 3e-4).tolist()
    for name in ("weight_decay", "clip"):
        assert schedule.torch(name)(steps).tolist() == pytest.approx(schedule[name](steps.numpy()).tolist(), rel=1e-15)
    grouped = lrdsl.compile('lr = cosine(100)\nlr["head.*"] = 10*lr').group("head.bias")
    assert grouped.torch()(steps).tolist() == grouped(steps.numpy()).tolist()
    mixed = lrdsl.compile("linear(10, from=base, to=1e-5)").torch()
    with pytest.raises(TypeError):
        mixed(steps)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_a_captured_graph_moves_on_by_itself(text: str) -> None:
    schedule = lrdsl.compile(text, **TEXTS[text])
    lr = schedule.torch()
    step = torch.zeros((), dtype=torch.int64, device="cuda")
    held = torch.zeros((), dtype=torch.float64, device="cuda")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        held.copy_(lr(step))  # constants are made before a capture
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        held.copy_(lr(step))
        step.add_(1)
    for number in range(200):
        graph.replay()
        assert held.item() == pytest.approx(schedule(number), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("curve", ["sqrt(40, to=0)", "poly(40, to=0, power=0.5)"])
def test_a_phase_that_is_infinitely_steep_somewhere_spoils_no_other(curve: str) -> None:
    schedule = lrdsl.compile(f"warmup(10, to=1) then hold(5) then {curve} then hold(20)")
    times = torch.tensor([t + 0.5 for t in range(80)], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(schedule.torch()(times).sum(), times)

    assert torch.isfinite(slope).all()
    assert slope[:10].tolist() == pytest.approx([0.1] * 10)
    assert (slope[15:55] < 0).all()
    assert slope[55:].tolist() == [0.0] * 25
