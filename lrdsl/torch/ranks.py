"""One schedule on every rank of a distributed run: looked at once, when it is attached.

In: a schedule, and the store that the ranks share. Out: nothing, or what two of them were given. Refuses to wait: the store is
asked one question, so that a rank that attaches late or never holds up nobody.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os.path
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch.distributed as dist

from .. import compile as compile_text
from .. import problems
from ..comparison import difference
from ..diagnostic import ScheduleError
from ..schedule import Schedule

__all__ = ["any_text", "same_on_all_ranks"]

_LOG = logging.getLogger("lrdsl")
_LINES = 3  # lines of the call that tell one `attach` of a program from another
_LONGEST = 1 << 16  # characters of a text that are shown to other ranks; of a longer one they have its hash
_ANY = ContextVar("lrdsl_any_text", default=False)
_counts: dict[str, int] = {}  # how often this process has attached, by place


@contextmanager
def any_text() -> Iterator[None]:
    """What is attached inside may differ from rank to rank: experts with schedules of their own, a population of runs.

    >>> import torch, lrdsl.torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    >>> rank = 3
    >>> with lrdsl.torch.any_text():
    ...     scheduler = lrdsl.torch.attach(optimizer, "cosine(100)", base=0.1 * 2**rank)
    """
    token = _ANY.set(True)
    try:
        yield
    finally:
        _ANY.reset(token)


def same_on_all_ranks(schedule: Schedule) -> None:
    """Raises ScheduleError where another rank has attached another schedule at the same place of the program.

    The first rank to come leaves its schedule in the store, and every other compares its own with that. A place is a line and
    its callers, and how often it was passed, so that what is attached on some ranks only is compared with nothing else.
    """
    store = None if _ANY.get() else _store()
    if store is None:
        return
    place = _place()
    number = _counts[place] = _counts.get(place, 0) + 1
    rank = dist.get_rank()
    mine = _said(schedule, rank)
    try:
        first = store.compare_set(f"lrdsl/{place}/{number}", "", json.dumps(mine))
    except RuntimeError as error:  # MPI and the fake backend have a store in name only, and a server may be gone
        _LOG.debug("schedules are not compared across ranks: %s", error)
        return
    other = json.loads(first)
    if other["digest"] != mine["digest"]:
        _compare(schedule, rank, other, place.partition("<")[0])


def _store() -> Any:
    """The store of the default process group; None where nothing is distributed."""
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() < 2:
        return None
    world: Any = dist.group.WORLD
    try:
        # The public way is younger than the private one.
        if hasattr(world, "get_group_store"):
            return world.get_group_store()
        return dist.distributed_c10d._get_default_store()
    except RuntimeError as error:
        _LOG.debug("schedules are not compared across ranks: %s", error)
        return None


def _place() -> str:
    """Where it is attached, as `train.py:41<main.py:7`, the same on every rank: folders differ from machine to machine."""
    lines: list[str] = []
    above: Any = sys._getframe(1)
    while above is not None and len(lines) < _LINES:
        if str(above.f_globals.get("__name__", "")).partition(".")[0] != "lrdsl":
            lines.append(f"{os.path.basename(above.f_code.co_filename)}:{above.f_lineno}")
        above = above.f_back
    return "<".join(lines)


def _said(schedule: Schedule, rank: int) -> dict[str, Any]:
    """What other ranks see of a schedule."""
    text, bindings = schedule.text, dict(sorted(schedule.bindings.items()))
    digest = hashlib.sha256(json.dumps([text, bindings]).encode()).hexdigest()
    return {"rank": rank, "digest": digest, "bindings": bindings, "text": text if len(text) <= _LONGEST else None}


def _compare(schedule: Schedule, rank: int, other: dict[str, Any], where: str) -> None:
    """Raise what differs, where that is more than how it is written."""
    names = f"rank {other['rank']}", f"rank {rank}"
    says = _bindings(other["bindings"], schedule.bindings, names)
    if other["text"] is None or other["text"] != schedule.text:
        says += [_texts(other["text"], schedule.text, names)]
    if other["text"] is not None:
        try:
            theirs = compile_text(other["text"], **other["bindings"])
            found = None if theirs == schedule else difference(theirs, schedule, names)
            if found is None or found.same:
                return
            says += found.words.splitlines()
        except ScheduleError:  # one counts steps and the other tokens, say: the texts tell enough
            _LOG.debug("the schedules of %s and %s have nothing in common", *names)
    raise ScheduleError(
        problems.bad_call(
            f"{names[1]} attaches another schedule than {names[0]}, at {where}: {'; '.join(says)}",
            "work out on one rank what a text or a binding depends on, and send it to all (len(loader) may differ by one); "
            "where ranks are meant to differ, `with lrdsl.torch.any_text(): attach(...)`",
        )
    )


def _bindings(theirs: dict[str, str], mine: dict[str, str], names: tuple[str, str]) -> list[str]:
    """`total` is 1250 on rank 0 and 1251 on rank 1."""
    return [
        f"`{name}` is {theirs.get(name, 'not bound')} on {names[0]} and {mine.get(name, 'not bound')} on {names[1]}"
        for name in sorted({*theirs, *mine})
        if theirs.get(name) != mine.get(name)
    ]


def _texts(theirs: str | None, mine: str, names: tuple[str, str]) -> str:
    """The first line that differs."""
    if theirs is None:
        return "the texts are not the same"
    lines = theirs.splitlines(), mine.splitlines()
    number = next(
        (number for number, pair in enumerate(zip(*lines, strict=False)) if pair[0] != pair[1]), min(map(len, lines))
    )
    shown = [f"`{some[number].strip()}`" if number < len(some) else "missing" for some in lines]
    return f"line {number + 1} is {shown[0]} on {names[0]} and {shown[1]} on {names[1]}"
