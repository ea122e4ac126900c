"""Lrs that are Tensors: written in place, by one write a step, seen by compiled steps and captured graphs."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402

TEXT = "warmup(5, to=1e-3) then cosine(60) floor 1e-6"
RELATIVE = "warmup(5) then cosine(60, to=10%)"
PATTERNS = 'lr = warmup(5, to=1e-3) then cosine(60)\nlr["g{i}"] = 0.5^i * lr'
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
KINDS: dict[str, Callable[..., Any]] = {
    "SGD": lambda groups, lr: torch.optim.SGD(groups, lr=lr, momentum=0.9),
    "AdamW": lambda groups, lr: torch.optim.AdamW(groups, lr=lr),
    "AdamW, one by one": lambda groups, lr: torch.optim.AdamW(groups, lr=lr, foreach=False),
    "AdamW, fused": lambda groups, lr: torch.optim.AdamW(groups, lr=lr, fused=True),
}
if torch.cuda.is_available():
    KINDS["AdamW, capturable"] = lambda groups, lr: torch.optim.AdamW(groups, lr=lr, capturable=True)
    KINDS["AdamW, capturable, foreach"] = lambda groups, lr: torch.optim.AdamW(
        groups, lr=lr, capturable=True, foreach=True
    )


def optimizer_of(
    count: int, *, kind: str = "AdamW", device: str = "cpu", own: bool = False, dtype: Any = torch.float32
) -> Any:
    """An optimizer whose groups share one lr tensor, or have one each."""
    groups = []
    for index in range(count):
        group: dict[str, Any] = {"params": [torch.nn.Parameter(torch.ones(2, device=device))], "name": f"g{index}"}
        if own:
            group["lr"] = torch.tensor(1e-3 * (index + 1), dtype=dtype, device=device)
        groups.append(group)
    return KINDS[kind](groups, torch.tensor(1e-3, dtype=dtype, device=device))


def update(optimizer: Any, step: Callable[[], Any] | None = None) -> None:
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    (step or optimizer.step)()


def going(optimizer: Any, text: str) -> lrdsl.torch.Applier:
    """A schedule that has gone twenty steps."""
    scheduler = lrdsl.torch.attach(optimizer, text)
    for _ in range(20):
        update(optimizer)
        scheduler.step()
    return scheduler


class Writes(TorchDispatchMode):
    """Notes what is asked of the device."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name.rstrip("_") != name or name in ("clone", "empty", "_to_copy", "detach"):
            self.names.append(name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("own", [False, True], ids=["one tensor", "a tensor each"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_tensors_that_groups_hold_are_written_in_place(kind: str, own: bool, device: str) -> None:
    if device == "cpu" and "capturable" in kind:
        pytest.skip("for devices")
    optimizer = optimizer_of(4, kind=kind, device=device, own=own)
    held = [group["lr"] for group in optimizer.param_groups]
    scheduler = lrdsl.torch.attach(optimizer, RELATIVE)
    bases = [group["initial_lr"].item() for group in optimizer.param_groups]
    for step in range(66):
        for group, tensor, base in zip(optimizer.param_groups, held, bases, strict=True):
            assert group["lr"] is tensor
            # The closed form in float64, cast once.
            assert tensor.item() == torch.tensor(scheduler.schedule(step, base), dtype=torch.float32).item()
        update(optimizer)
        if step < 65:
            scheduler.step()
    assert all(torch.isfinite(group["params"][0]).all() for group in optimizer.param_groups)


def test_a_tensor_that_all_share_is_written_once_a_step() -> None:
    optimizer = optimizer_of(100)
    scheduler = going(optimizer, TEXT)
    with Writes() as writes:
        scheduler.step()
    assert writes.names == ["fill_"]


def test_tensors_of_their_own_are_written_together() -> None:
    optimizer = optimizer_of(100, own=True)
    scheduler = going(optimizer, RELATIVE)
    with Writes() as writes:
        scheduler.step()
    # On a CPU a row is copied first, which is cheaper than to take it apart; on a device the rows are there already.
    assert writes.names == ["copy_", "_foreach_copy_"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize(
    ("own", "text", "most"),
    [(False, RELATIVE, 1), (False, PATTERNS, 1), (True, RELATIVE, 2)],
    ids=["one", "by name", "own"],
)
def test_a_step_is_one_kernel_and_no_waiting(own: bool, text: str, most: int) -> None:
    """Of tensors that a user made, 64 are written by a kernel."""
    optimizer = optimizer_of(100, device="cuda", own=own, kind="AdamW, capturable")
    scheduler = going(optimizer, text)
    torch.cuda.synchronize()
    allocated = torch.cuda.memory_stats()["allocation.all.allocated"]
    torch.cuda.set_sync_debug_mode("error")
    try:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as seen:
            scheduler.step()
            torch.cuda._sleep(1)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.cuda.synchronize()
    kernels = [event.name for event in seen.events() if "spin" not in event.name and event.device_type.name == "CUDA"]
    assert len(kernels) <= most, kernels
    assert torch.cuda.memory_stats()["allocation.all.allocated"] == allocated


def test_tensors_that_lie_in_one_vector_are_one_write() -> None:
    optimizer = optimizer_of(100)
    scheduler = lrdsl.torch.attach(optimizer, PATTERNS)
    lrs = torch.full((100,), 1e-3)
    mine = torch.optim.SGD(
        [
            {"params": [torch.nn.Parameter(torch.ones(2))], "name": f"g{n}", "lr": lr}
            for n, lr in enumerate(lrs.unbind())
        ]
    )
    other = lrdsl.torch.attach(mine, PATTERNS)
    saved = optimizer.state_dict()
    for one, applier in ((optimizer, scheduler), (mine, other)):
        for _ in range(20):
            update(one)
            applier.step()
        with Writes() as writes:
            applier.step()
        assert writes.names == ["copy_"]
    assert lrs.tolist() == pytest.approx([0.5**n * scheduler.schedule(21) for n in range(100)], rel=1e-6)
    optimizer.load_state_dict(copy.deepcopy(saved))
    scheduler.step()
    with Writes() as writes:
        scheduler.step()
    assert writes.names == ["copy_"]


def test_groups_that_differ_by_name_do_not_share_a_tensor() -> None:
    optimizer = optimizer_of(3)
    assert len({id(group["lr"]) for group in optimizer.param_groups}) == 1
    scheduler = lrdsl.torch.attach(optimizer, PATTERNS)
    for step in range(30):
        for index, group in enumerate(optimizer.param_groups):
            assert group["lr"].item() == pytest.approx(scheduler.schedule(step) * 0.5**index, rel=1e-6)
        update(optimizer)
        scheduler.step()
    assert len({id(group["lr"]) for group in optimizer.param_groups}) == 3


@pytest.mark.parametrize("own", [False, True], ids=["one tensor", "a tensor each"])
def test_a_scale_multiplies_tensors_too_and_may_change_at_any_step(own: bool) -> None:
    optimizer = optimizer_of(3, own=own)
    optimizer.param_groups[1]["lr_scale"] = 0.5
    scheduler = lrdsl.torch.attach(optimizer, RELATIVE)
    bases = [group["initial_lr"].item() for group in optimizer.param_groups]
    for step in range(40):
        scale = 0.5 if step < 30 else 0.25
        wanted = [scheduler.schedule(step, base) * (scale if n == 1 else 1.0) for n, base in enumerate(bases)]
        assert [group["lr"].item() for group in optimizer.param_groups] == pytest.approx(wanted, rel=1e-6)
        update(optimizer)
        if step == 29:
            optimizer.param_groups[1]["lr_scale"] = 0.25
        scheduler.step()


@pytest.mark.parametrize("own", [False, True], ids=["one tensor", "a tensor each"])
def test_a_run_with_tensors_is_taken_up_where_it_was(own: bool) -> None:
    def made() -> tuple[Any, Any]:
        optimizer = optimizer_of(3, own=own)
        return optimizer, lrdsl.torch.attach(optimizer, RELATIVE)

    straight, going = made()
    for _ in range(20):
        update(straight)
        going.step()
    buffer = io.BytesIO()
    torch.save({"optimizer": straight.state_dict(), "scheduler": going.state_dict()}, buffer)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    optimizer, scheduler = made()
    scheduler.load_state_dict(saved["scheduler"])
    optimizer.load_state_dict(saved["optimizer"])  # every tensor is another one now
    copied = copy.deepcopy(going)
    for _ in range(40):
        lrs = [group["lr"].item() for group in straight.param_groups]
        assert [group["lr"].item() for group in optimizer.param_groups] == lrs
        assert [group["lr"].item() for group in copied.optimizer.param_groups] == lrs
        for one, other in ((straight, going), (optimizer, scheduler), (copied.optimizer, copied)):
            update(one)
            other.step()


def test_another_tensor_or_a_number_that_somebody_gives_a_group_is_written_from_then_on() -> None:
    optimizer = optimizer_of(3, own=True)
    scheduler = going(optimizer, RELATIVE)
    kept, given = optimizer.param_groups[1]["lr"], torch.tensor(5.0)
    optimizer.param_groups[1]["lr"], optimizer.param_groups[2]["lr"] = 7.0, given
    scheduler.step()

    assert optimizer.param_groups[1]["lr"] is kept
    assert optimizer.param_groups[2]["lr"] is given
    wanted = [scheduler.schedule(21, 1e-3 * (n + 1)) for n in range(3)]
    assert [group["lr"].item() for group in optimizer.param_groups] == pytest.approx(wanted, rel=1e-6)
    optimizer.param_groups[0]["lr"] = torch.tensor(5.0)
    scheduler.step()
    assert optimizer.param_groups[0]["lr"].item() == pytest.approx(scheduler.schedule(22, 1e-3), rel=1e-6)


@pytest.mark.parametrize("how", ["step", "auto"])
@pytest.mark.parametrize("own", [False, True], ids=["one tensor", "a tensor each"])
@pytest.mark.parametrize("kind", ["SGD", "AdamW", "AdamW, one by one"])
def test_a_compiled_step_is_compiled_once(kind: str, own: bool, how: str) -> None:
    from torch._dynamo.testing import CompileCounterWithBackend

    optimizer = optimizer_of(3, kind=kind, own=own)
    scheduler = lrdsl.torch.attach(optimizer, RELATIVE, auto=how == "auto")
    bases = [group["initial_lr"].item() for group in optimizer.param_groups]
    torch._dynamo.reset()
    counter = CompileCounterWithBackend("eager")
    step = torch.compile(optimizer.step, backend=counter)
    for number in range(30):
        assert [group["lr"].item() for group in optimizer.param_groups] == pytest.approx(
            [scheduler.schedule(number, base) for base in bases], rel=1e-6
        )
        update(optimizer, step)
        scheduler.step()
    # Momentum is there from the second update on, and torch compiles the update once more for it.
    assert counter.frame_count == (2 if kind == "SGD" else 1)
    assert scheduler.last_epoch == 30


def test_a_step_that_was_compiled_before_it_was_attached_is_no_alarm() -> None:
    optimizer = optimizer_of(2)
    torch._dynamo.reset()
    step = torch.compile(optimizer.step, backend="eager")
    update(optimizer, step)
    scheduler = lrdsl.torch.attach(optimizer, TEXT)
    for number in range(20):
        assert optimizer.param_groups[0]["lr"].item() == pytest.approx(scheduler.schedule(number), rel=1e-6)
        update(optimizer, step)
        scheduler.step()


def test_a_lr_that_is_a_number_is_compiled_twice_and_no_more() -> None:
    from torch._dynamo.testing import CompileCounterWithBackend

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=1e-3)
    scheduler = lrdsl.torch.attach(optimizer, RELATIVE)
    torch._dynamo.reset()
    counter = CompileCounterWithBackend("eager")
    step = torch.compile(optimizer.step, backend=counter)
    for _ in range(30):
        update(optimizer, step)
        scheduler.step()
    assert counter.frame_count == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("own", [False, True], ids=["one tensor", "a tensor each"])
def test_a_captured_update_uses_the_lr_of_each_step(own: bool) -> None:
    """The same weights as a run without a graph, bit for bit."""

    def run(captured: bool) -> list[Any]:
        optimizer = optimizer_of(3, device="cuda", own=own, kind="AdamW, capturable")
        scheduler = lrdsl.torch.attach(optimizer, RELATIVE)
        graph = None
        for number in range(40):
            if graph is not None:
                graph.replay()
            elif captured and number == 5:
                torch.cuda.synchronize()
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):
                    optimizer.step()
                graph.replay()
            else:
                update(optimizer)
            scheduler.step()
        return [group["params"][0].tolist() for group in optimizer.param_groups]

    assert run(True) == run(False)
