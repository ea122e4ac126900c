"""What an applier promises engines and people: driven by the optimizer, resumed with something else in hand, and told of others."""

from __future__ import annotations

import copy
import io
import itertools
import pickle
import re
import shlex
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.distributed.checkpoint.stateful import Stateful  # noqa: E402

import lrdsl  # noqa: E402
import lrdsl.torch  # noqa: E402
from lrdsl.cli import main  # noqa: E402
from lrdsl.diagnostic import ScheduleWarning  # noqa: E402

TEXT = "warmup(10) then cosine(to=10%)"
FILE = """
lr           = warmup(10) then cosine(90)
weight_decay = linear(100, from=0.2, to=0.1)
beta1        = linear(100, from=0.85, to=0.95)
"""


def optimizer_of(*groups: dict[str, Any], kind: Any = torch.optim.SGD, **defaults: Any) -> Any:
    built = [{"params": [torch.nn.Parameter(torch.ones(2))], **group} for group in groups or ({},)]
    return kind(built, **{"lr": 0.1, **defaults})


def lrs(optimizer: Any) -> list[Any]:
    return [group["lr"] for group in optimizer.param_groups]


def through_a_file(*states: Any) -> Any:
    buffer = io.BytesIO()
    torch.save(states, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def train(optimizer: Any, count: int, *steps: Any) -> list[list[Any]]:
    """The lrs that each update is made with."""
    found = []
    for _ in range(count):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.ones_like(parameter)
        found.append(lrs(optimizer))
        optimizer.step()
        for step in steps:
            step()
    return found


# --- the optimizer drives it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_the_optimizer_drives_it_whoever_steps_it_how_often(calls: int) -> None:
    optimizer = optimizer_of({}, {"lr": 0.3})
    scheduler = lrdsl.torch.attach(optimizer, TEXT, total=100, auto=True)
    seen = train(optimizer, 100, *[scheduler.step] * calls)

    assert seen == [[scheduler.schedule(step, 0.1), scheduler.schedule(step, 0.3)] for step in range(100)]
    assert scheduler.last_epoch == 100
    assert scheduler.get_last_lr() == lrs(optimizer) == scheduler.get_lr()


def test_it_is_driven_though_nobody_keeps_it() -> None:
    optimizer = optimizer_of()
    lrdsl.torch.attach(optimizer, "warmup(10) then hold", auto=True)
    schedule = lrdsl.compile("warmup(10) then hold")
    assert train(optimizer, 12) == [[schedule(step, 0.1)] for step in range(12)]


def test_other_outputs_and_groups_that_are_added_are_driven_too() -> None:
    optimizer = optimizer_of(kind=torch.optim.AdamW)
    scheduler = lrdsl.torch.attach(optimizer, FILE, auto=True)
    train(optimizer, 50)
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], "lr": 0.5})
    train(optimizer, 10)

    for group, base in zip(optimizer.param_groups, (0.1, 0.5), strict=True):
        assert group["lr"] == scheduler.schedule(60, base)
        assert group["weight_decay"] == scheduler.schedule["weight_decay"](60)
        assert group["betas"] == (scheduler.schedule["beta1"](60), 0.999)


def test_what_an_engine_assigns_moves_nothing_that_the_optimizer_drives() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, TEXT, total=100, auto=True)
    for step in range(20):
        scheduler.last_epoch += 1  # as Ignite does
        assert scheduler.last_epoch == step
        assert scheduler.get_lr() == [scheduler.schedule(step, 0.1)]
        train(optimizer, 1)


@pytest.mark.parametrize("order", ["optimizer first", "scheduler first", "built after the load"])
def test_a_driven_run_is_taken_up_where_it_was(order: str) -> None:
    def made() -> Any:
        optimizer = optimizer_of(kind=torch.optim.AdamW)
        return optimizer, lrdsl.torch.attach(optimizer, FILE, auto=True)

    straight, going = made()
    train(straight, 30)
    state, mine = through_a_file(straight.state_dict(), going.state_dict())
    if order == "built after the load":
        optimizer = optimizer_of(kind=torch.optim.AdamW)
        optimizer.load_state_dict(state)
        scheduler = lrdsl.torch.attach(optimizer, FILE, auto=True)
        scheduler.load_state_dict(mine)
    else:
        optimizer, scheduler = made()
        loads = [lambda: optimizer.load_state_dict(state), lambda: scheduler.load_state_dict(mine)]
        for load in loads if order == "optimizer first" else reversed(loads):
            load()
    for _ in range(50):
        assert train(optimizer, 1) == train(straight, 1)
        for key in ("weight_decay", "betas"):
            assert optimizer.param_groups[0][key] == straight.param_groups[0][key]
    assert scheduler.last_epoch == going.last_epoch == 80


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))], ids=["copy", "pickle"])
def test_a_copy_is_driven_by_its_own_optimizer(copied: Any) -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, TEXT, total=100, auto=True)
    train(optimizer, 30)
    other = copied(scheduler)
    train(other.optimizer, 5, other.step)

    assert (scheduler.last_epoch, other.last_epoch) == (30, 35)
    assert lrs(other.optimizer) == [scheduler.schedule(35, 0.1)]


def test_what_is_let_go_writes_nothing_any_more() -> None:
    optimizer = optimizer_of()
    scheduler = lrdsl.torch.attach(optimizer, TEXT, total=100, auto=True)
    train(optimizer, 10)
    scheduler.detach()
    optimizer.param_groups[0]["lr"] = 0.7
    assert train(optimizer, 5, scheduler.step) == [[0.7]] * 5
    assert not optimizer._optimizer_step_post_hooks


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.step(5), r"seek\(5\)"),
        (lambda s: s.step(tokens=5), "the optimizer drives this schedule"),
        (lambda s: lrdsl.torch.attach(s.optimizer, "cosine(1M tokens)", auto=True), "the optimizer counts updates"),
        (lambda s: lrdsl.torch.attach(s.optimizer, "cosine(90 epochs)", auto=True), "how many epochs an update is"),
    ],
)
def test_what_cannot_be_driven_is_told(call: Any, said: str) -> None:
    scheduler = lrdsl.torch.attach(optimizer_of(), "hold", auto=True)
    with pytest.raises(lrdsl.ScheduleError, match=said):
        call(scheduler)


def test_an_optimizer_without_hooks_cannot_drive() -> None:
    class Wrapped(torch.optim.Optimizer):
        def __init__(self) -> None:
            self.param_groups = [{"params": [torch.nn.Parameter(torch.ones(2))], "lr": 0.1}]
            self.state = {}

        def step(self, closure: Any = None) -> None: ...

    with pytest.raises(lrdsl.ScheduleError, match="runs no hooks"):
        lrdsl.torch.attach(Wrapped(), "hold", auto=True)
    assert lrdsl.torch.attach(Wrapped(), "hold").last_epoch == 0


# --- a run goes on with something else in hand ------------------------------------------------------------------------


def resumed(saved: dict[str, Any], text: str, lr: float = 0.1, base: Any = None, **how: Any) -> Any:
    scheduler = lrdsl.torch.attach(optimizer_of(lr=lr), text, base=base, **how)
    scheduler.load_state_dict(saved)
    return scheduler


def test_a_state_is_that_of_a_stateful_and_the_same_from_every_process() -> None:
    scheduler = lrdsl.torch.attach(optimizer_of({}, {}), TEXT, total=100)
    assert isinstance(scheduler, Stateful)
    assert set(scheduler.state_dict()) == {"last_epoch", "position", "text", "bindings", "bases", "base"}


def test_another_base_in_hand_is_never_taken_in_silence() -> None:
    old = lrdsl.torch.attach(optimizer_of(), TEXT, total=100)
    old.seek(50)
    saved = old.state_dict()
    with pytest.raises(lrdsl.ScheduleError, match=r"another base: at step 50 its lr is 0\.0628142, in hand 0\.0314071"):
        resumed(saved, TEXT, total=100, lr=0.05)
    with pytest.warns(
        ScheduleWarning, match=r"with a jump: its lr is 0\.0314071 there, and would have been 0\.0628142"
    ):
        replaced = resumed(saved, TEXT, total=100, lr=0.05, on_change="replace")
    assert replaced.get_last_lr() == [old.schedule(50, 0.05)]
    # An optimizer that is loaded afterwards brings the old base; what is in hand holds against it.
    replaced.optimizer.load_state_dict(old.optimizer.state_dict())
    replaced.optimizer.step()
    replaced.step()
    assert replaced.get_last_lr() == [old.schedule(51, 0.05)]
    assert replaced.state_dict()["bases"] == [[["lr", 0.05]]]
    assert resumed(saved, TEXT, total=100, lr=0.05, on_change="keep").get_last_lr() == old.get_last_lr()
    # A text that writes its levels has no base, and asks nothing.
    absolute = lrdsl.torch.attach(optimizer_of(), "warmup(10, to=1e-3) then hold")
    assert resumed(absolute.state_dict(), "warmup(10, to=1e-3) then hold", lr=0.9).get_last_lr() == [0.0]


@pytest.mark.parametrize(
    ("old", "new", "bound"),
    [
        (TEXT, TEXT, ("1k", 1000)),
        (TEXT, "warmup(10) then cosine(990, to=0.1*base)", ("1k", None)),
        ('lr = cosine\nlr["b"] = 2*lr', 'lr["b"] = 2*lr\nlr = cosine', ("1k", 1000)),
    ],
)
def test_what_is_written_otherwise_and_means_the_same_goes_on(old: str, new: str, bound: tuple[Any, Any]) -> None:
    totals = [{} if total is None else {"total": total} for total in bound]
    named = {"name": "a"}, {"name": "b"}
    first = lrdsl.torch.attach(optimizer_of(*named), old, **totals[0])
    first.seek(50)
    second = lrdsl.torch.attach(optimizer_of(*named), new, **totals[1])
    second.load_state_dict(first.state_dict())
    assert second.get_last_lr() == pytest.approx(first.get_last_lr())
    assert second.schedule.text == new


def test_a_base_that_was_said_is_compared_too() -> None:
    old = lrdsl.torch.attach(optimizer_of(), TEXT, total=100, base=0.4)
    old.seek(50)
    assert resumed(old.state_dict(), TEXT, total=100, base=0.4).get_last_lr() == old.get_last_lr()
    with pytest.raises(lrdsl.ScheduleError, match="another base"):
        resumed(old.state_dict(), TEXT, total=100, base=0.2)


def test_a_longer_run_goes_on_over_the_new_length() -> None:
    old = lrdsl.torch.attach(optimizer_of(), TEXT, total=100)
    old.seek(50)
    with pytest.raises(lrdsl.ScheduleError, match="another text or other bindings"):
        resumed(old.state_dict(), TEXT, total=200)
    with pytest.warns(ScheduleWarning, match="with a jump"):
        longer = resumed(old.state_dict(), TEXT, total=200, on_change="replace")
    assert train(longer.optimizer, 150, longer.step) == [[longer.schedule(step, 0.1)] for step in range(50, 200)]


def test_the_command_of_the_message_shows_more(capsys: pytest.CaptureFixture[str]) -> None:
    old = lrdsl.torch.attach(optimizer_of(), TEXT, total=100)
    old.seek(50)
    with pytest.raises(lrdsl.ScheduleError) as caught:
        resumed(old.state_dict(), TEXT, total=200)
    command = re.search(r"`(lrdsl diff .*?)` shows more", str(caught.value))
    assert command is not None
    assert main(shlex.split(command[1])[1:]) == 1  # as diff has it
    shown = capsys.readouterr().out
    assert "from 50 on: B is higher until 200" in shown
    with pytest.raises(lrdsl.ScheduleError) as caught:
        resumed(old.state_dict(), "warmup(10) then linear(90)")
    command = re.search(r"`(lrdsl diff .*?)` shows more", str(caught.value))
    assert command is not None
    assert main(shlex.split(command[1])[1:]) == 1  # as diff has it


def test_another_batch_size_goes_on_at_the_same_token() -> None:
    text = "warmup(1M tokens) then cosine(9M tokens)"
    old = lrdsl.torch.attach(optimizer_of(), text, step="1k tokens")
    old.seek(4_000)
    with pytest.raises(lrdsl.ScheduleError, match=r"in hand 0\.075 at step 1k, which is the same place"):
        resumed(old.state_dict(), text, step="4k tokens")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        new = resumed(old.state_dict(), text, step="4k tokens", on_change="replace")
    assert (new.last_epoch, new.get_last_lr()) == (1_000, pytest.approx(old.get_last_lr()))
    assert resumed(old.state_dict(), text, step="4k tokens", on_change="keep").last_epoch == 4_000


@pytest.mark.parametrize("epoch", [100, 200, 50])
def test_another_number_of_updates_in_an_epoch_goes_on_in_the_same_epoch(epoch: int) -> None:
    text = "warmup(1 epoch) then cosine(9 epochs)"
    old = lrdsl.torch.attach(optimizer_of(), text, epoch=100)
    old.seek(400)
    new = resumed(old.state_dict(), text, epoch=epoch, on_change="replace")
    assert new.last_epoch == 4 * epoch
    assert new.get_last_lr() == pytest.approx(old.get_last_lr())


TRUNK = "warmup(1k) then cosine"
BRANCH = f"let trunk = {TRUNK}\nlr = trunk for 100k until 50k then linear(5k)"


def test_a_branch_goes_on_without_a_jump_and_with_one_it_says_so() -> None:
    optimizer = optimizer_of()
    long = lrdsl.torch.attach(optimizer, TRUNK, total=100_000)
    long.seek(49_990)
    train(optimizer, 10, long.step)
    state, saved = through_a_file(optimizer.state_dict(), long.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        branched = optimizer_of()
        short = lrdsl.torch.attach(branched, BRANCH, on_change="replace")
        branched.load_state_dict(state)
        short.load_state_dict(saved)
    before = long.get_last_lr()[0]
    seen = [lr for (lr,) in train(branched, 5_000, short.step)]
    assert seen[0] == before
    assert seen[-1] == pytest.approx(before / 5_000)
    assert short.get_last_lr() == [0.0]
    assert max(abs(a - b) for a, b in itertools.pairwise(seen)) == pytest.approx(before / 5_000)

    with pytest.warns(
        ScheduleWarning, match=r"goes on at step 50k with another plan, and with a jump: its lr is 0 there"
    ):
        resumed(saved, BRANCH.replace("50k", "40k"), on_change="replace")


# --- who else writes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [0, 1, 6])
@pytest.mark.parametrize("how", ["one value", "own lrs", "tensors"])
def test_a_lasting_writer_is_found_in_every_group(how: str, group: int) -> None:
    def lr(index: int) -> Any:
        return {"one value": 0.1, "own lrs": 0.1 * (index + 1), "tensors": torch.tensor(0.1 * (index + 1))}[how]

    optimizer = optimizer_of(*[{"lr": lr(index), "name": f"g{index}"} for index in range(7)])
    scheduler = lrdsl.torch.attach(optimizer, "warmup(10) then cosine(9000)")
    with pytest.warns(ScheduleWarning, match=rf"the lr of group {group} \(g{group}\) was set to 0\.5") as caught:
        for step in range(700):
            optimizer.step()
            scheduler.step()
            if step >= 300:
                if how == "tensors":
                    optimizer.param_groups[group]["lr"].fill_(0.5)
                else:
                    optimizer.param_groups[group]["lr"] = 0.5
    assert len(caught) == 1


def test_another_key_that_somebody_writes_is_found() -> None:
    optimizer = optimizer_of(kind=torch.optim.AdamW)
    scheduler = lrdsl.torch.attach(optimizer, FILE)
    with pytest.warns(ScheduleWarning, match=r"weight_decay of group 0 was set to 0\.0 by somebody else"):
        for _ in range(5):
            optimizer.step()
            scheduler.step()
            optimizer.param_groups[0]["weight_decay"] = 0


def test_get_lr_is_asked_of_the_position_alone() -> None:
    scheduler = lrdsl.torch.attach(optimizer_of({}, {"lr": 0.3}), TEXT, total=100)
    for position in (7, 3, 99, 0):
        scheduler.last_epoch = position
        assert scheduler.get_lr() == [scheduler.schedule(position, 0.1), scheduler.schedule(position, 0.3)]
    assert scheduler.get_last_lr() == [0.0, 0.0]  # nothing was written


# --- what a text does to this optimizer -------------------------------------------------------------------------------


def test_groups_that_are_levelled_are_told() -> None:
    groups = [{"lr": lr} for lr in (1e-3, 1e-3, 1e-2)]
    with pytest.warns(ScheduleWarning, match=r"different lrs \(1e-3, 0\.01\)") as caught:
        lrdsl.torch.attach(optimizer_of(*groups), "warmup(10, to=3e-4) then cosine(90)")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lrdsl.torch.attach(optimizer_of(*groups), "warmup(10) then cosine(90)")
        lrdsl.torch.attach(optimizer_of({}, {}), "warmup(10, to=3e-4) then cosine(90)")
        named = [{"lr": 1e-3, "name": "body"}, {"lr": 1e-2, "name": "head"}]
        lrdsl.torch.attach(optimizer_of(*named), 'lr = 1e-4\nlr["head"] = 1e-3')


@pytest.mark.parametrize(
    ("text", "fold", "offered"),
    [
        ("cosine(100, to=0.1)", "333", "to=10%"),
        ("warmup(10) then cosine(90, to=0.1)", "333", "to=10%"),
        ("warmup(10) then hold(5) then linear(90, to=1e-3)", "3.33", "from=base"),
        ("0.1*base until 5 then linear(20, from=base, to=1e-4) then sqrt(90, to=1)", None, ""),
    ],
)
def test_a_decay_that_would_rise_from_the_lr_of_the_optimizer_is_refused(
    text: str, fold: str | None, offered: str
) -> None:
    optimizer = optimizer_of(lr=3e-4)
    if fold is None:
        lrdsl.torch.attach(optimizer, text)
        return
    with pytest.raises(lrdsl.ScheduleError, match=f"rises {fold}-fold above the 3e-4 of the optimizer") as caught:
        lrdsl.torch.attach(optimizer, text)
    (problem,) = caught.value.problems
    assert problem.code == "E354"
    assert problem.line == 1
    assert offered in str(caught.value)
    assert lrs(optimizer) == [3e-4]  # nothing was written


@pytest.mark.parametrize(
    "text",
    ["warmup(10, to=0.1) then hold", "cosine(100, from=base, to=0.1)", "cosine(100, to=1e-5)", "cosine(100, to=200%)"],
)
def test_what_is_to_rise_and_what_falls_is_not_refused(text: str) -> None:
    assert lrdsl.torch.attach(optimizer_of(lr=3e-4), text).last_epoch == 0


@pytest.mark.parametrize("start", ["1/3", "0.1", "2^0.5", "0.1+1e-2"])
def test_a_warmup_that_would_fall_to_the_lr_of_the_optimizer_is_refused(start: str) -> None:
    optimizer = optimizer_of(lr=3e-4)
    with pytest.raises(lrdsl.ScheduleError, match="`warmup` falls to the 3e-4 of the optimizer") as caught:
        lrdsl.torch.attach(optimizer, f"warmup(5, from={start}) then cosine(95, to=1e-5)")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("E355", 1)
    part = f"({start})" if "+" in start else start
    assert f"`from={part}*base`" in str(caught.value)
    assert f"`linear(5, from={start}, to=base)` if it is to fall" in str(caught.value)
    assert lrs(optimizer) == [3e-4]
    assert lrdsl.torch.attach(optimizer, f"linear(5, from={start}, to=base) then cosine(95, to=1e-5)").last_epoch == 0


def test_a_warmup_that_falls_in_some_groups_and_rises_in_others_is_meant() -> None:
    first, last = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = torch.optim.AdamW([{"params": [first], "lr": 5e-7}, {"params": [last]}], lr=5e-4)
    lrdsl.torch.attach(optimizer, "warmup(5, from=1e-6) then cosine(95)")
    assert lrs(optimizer) == [1e-6, 1e-6]


def test_what_is_frozen_at_first_has_the_curve_all_the_same_when_it_trains() -> None:
    body, head = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = torch.optim.AdamW([{"params": [head]}, {"params": [body], "lr": 0.01}], lr=0.1, weight_decay=0.0)
    body.requires_grad_(False)
    scheduler = lrdsl.torch.attach(optimizer, TEXT, total=100)
    for step in range(60):
        if step == 30:
            body.requires_grad_(True)
        assert lrs(optimizer) == [scheduler.schedule(step, 0.1), scheduler.schedule(step, 0.01)]
        optimizer.zero_grad()
        (head.sum() + body.sum()).backward()
        optimizer.step()
        assert torch.equal(body, torch.ones(2)) == (step < 30)
        scheduler.step()
