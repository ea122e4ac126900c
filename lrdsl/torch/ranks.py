"""Whether all ranks of a run hold the same schedule.

In: a schedule that is about to be attached. Out: nothing, or what differs from the rank that came first. Replicas that train with
different lrs drift apart, and nothing else tells: the gradients are averaged, the updates are not. Refuses to wait: there is no
collective in it, which would hang where one rank attaches and another does not. Each rank leaves what it has in the store of the
default process group, unless somebody was there before, and then compares; that is one round trip, once for each Applier.

The n-th schedule of a rank is compared with the n-th of the others among those on optimizers of the same make: class, and number
of parameters in each group. So an optimizer that one rank alone has, such as that of a stage or of a probe, is in nobody's way.
It cannot see: optimizers whose make differs by rank; bases; what is loaded from a checkpoint or bound afterwards; backends that
have no store (MPI). Two optimizers of one make that are attached in another order on another rank look like a difference.
"""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import torch.distributed as dist
from torch.optim import Optimizer

from .. import compile as compile_text
from .. import problems
from ..diagnostic import Diagnostic, ScheduleError
from ..records import frozen
from ..schedule import Schedule
from .checkpoint import alike

__all__ = ["check", "each_rank_its_own"]

_OWN = contextvars.ContextVar("each_rank_its_own", default=False)


@contextlib.contextmanager
def each_rank_its_own() -> Iterator[None]:
    """Within it, a schedule is attached without a look at what the other ranks of the process group have.

    For runs in which each rank trains a model of its own, as in a sweep, or has a part that wants another schedule. Without it,
    ranks that attach different texts or bindings to optimizers of the same make raise ScheduleError.

    >>> import torch, lrdsl.torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    >>> rank = 3
    >>> with lrdsl.torch.each_rank_its_own():
    ...     scheduler = lrdsl.torch.attach(optimizer, "linear(10, from=peak, to=0)", peak=0.1 * 2**rank)
    >>> optimizer.param_groups[0]["lr"]
    0.8
    """
    token = _OWN.set(True)
    try:
        yield
    finally:
        _OWN.reset(token)


class _Attached:
    """How many schedules this process has attached in a process group, by make of the optimizer.

    `place` keeps process groups apart that are made one after another over the same store, as in a worker of torchrun.
    """

    def __init__(self, place: int) -> None:
        self.place, self.counts = place, Counter[str]()

    def key(self, optimizer: Optimizer) -> str:
        name = make(optimizer)
        self.counts[name] += 1
        return f"lrdsl/{self.place}/{name}/{self.counts[name]}"


_GROUPS: WeakKeyDictionary[Any, _Attached] = WeakKeyDictionary()
_PLACES = itertools.count()


def check(optimizer: Optimizer, schedule: Schedule) -> None:
    """Raise ScheduleError where another rank has attached another schedule in this one's place. Does nothing in one process."""
    if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1 or _OWN.get():
        return
    group = dist.group.WORLD
    if group not in _GROUPS:
        _GROUPS[group] = _Attached(next(_PLACES))
    key = _GROUPS[group].key(optimizer)
    # The public name is younger than the other one.
    public = getattr(group, "get_group_store", None)
    try:
        store = dist.distributed_c10d._get_default_store() if public is None else public()
    except RuntimeError:
        return  # a backend without a store
    compare(store, key, dist.get_rank(), schedule)


def make(optimizer: Optimizer) -> str:
    """What optimizers have in common that stand for the same one on several ranks, in short."""
    sizes = [len(group["params"]) for group in optimizer.param_groups]
    return hashlib.sha256(f"{type(optimizer).__name__} {sizes}".encode()).hexdigest()[:16]


class Store(Protocol):
    """A store of torch.distributed: sets a key that holds nothing, and gives back what it holds."""

    def compare_set(self, key: str, expected: str, desired: str, /) -> bytes: ...


@frozen
class Record:
    """What a rank leaves in the store."""

    rank: int
    text: str
    bindings: dict[str, str]


def compare(store: Store, key: str, rank: int, schedule: Schedule) -> None:
    """Leave the schedule under a key; where one is there already, both have to be the same."""
    mine = Record(rank, str(schedule), dict(schedule.bindings))
    said = json.dumps([mine.rank, mine.text, mine.bindings], sort_keys=True)
    try:
        found = store.compare_set(key, "", said)
    except RuntimeError:
        return  # a store that cannot do this (MPI, fake), or whose host is gone: neither is a fault of the schedule
    theirs = Record(*json.loads(found))
    if (theirs.text, theirs.bindings) != (mine.text, mine.bindings):
        if not alike(compile_text(theirs.text, **theirs.bindings), schedule):
            raise ScheduleError(differ(theirs, mine))


def differ(theirs: Record, mine: Record) -> Diagnostic:
    """What is said of two ranks that have different schedules: the first line that differs, or what is bound."""
    lines = itertools.zip_longest(theirs.text.splitlines(), mine.text.splitlines(), fillvalue="")
    other, own = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
    advice = "where each is meant to have its own, attach within `lrdsl.torch.each_rank_its_own()`"
    if (other, own) != ("", ""):
        told = f"ranks have different texts: rank {theirs.rank} has `{other}`, rank {mine.rank} has `{own}`"
        return problems.bad_call(told, f"one text for all ranks; {advice}")
    names = sorted(theirs.bindings.keys() | mine.bindings.keys())
    apart = [name for name in names if theirs.bindings.get(name) != mine.bindings.get(name)]
    has = " and ".join(
        f"rank {one.rank} has " + ", ".join(f"{name}={one.bindings.get(name, 'nothing')}" for name in apart)
        for one in (theirs, mine)
    )
    told = f"ranks have the same text with different values, so that they train with different lrs: {has}"
    if apart == ["total"]:
        mend = (
            "all ranks make the same number of updates: give all the same total, that of the rank with the least data"
        )
    else:
        mend = "the same values on all ranks"
    return problems.bad_call(told, f"{mend}; {advice}")
