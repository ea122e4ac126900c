"""What hangs on the optimizer's step: what moves a schedule on, and what looks whether steps come as they should.

In: an optimizer. Out: a call after each applied update; over the first updates, one warning of what is wrong. A hook runs where
`optimizer.step()` ran: an update that a GradScaler skipped is none, one that was skipped inside a fused kernel is. Refuses to know
positions and values.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ..records import field, slotted
from . import alarms

Handle = RemovableHandle

_ENOUGH = 16  # steps that each came after one update: nobody looks any more
_MOST = 256  # steps that are looked at in any case
_SILENT = 100  # updates without a step
_NEVER = 5  # steps without any update
_LONG = 10  # updates in one step: told at once, fewer only when they come again
_DOUBT = 4  # times as much must be seen where a GradScaler may have skipped updates
_HOOKS = "_optimizer_step_post_hooks"


def hooked(optimizer: Optimizer) -> Optimizer | None:
    """The optimizer whose hooks run: wrappers such as Accelerate's have none, and hold the real one."""
    while _HOOKS not in vars(optimizer):
        inner = vars(optimizer).get("optimizer")
        if not isinstance(inner, Optimizer):
            return None
        optimizer = inner
    return optimizer


def drive(optimizer: Optimizer, move: Callable[[], None]) -> Handle:
    """Call `move` after each applied update, a compiled one too: there it stands behind the graph, and breaks none."""
    outside: Any = torch.compiler.disable(move)  # type: ignore[no-untyped-call]

    def moves(*_: Any) -> None:
        # The test costs a tenth of what a function costs that is always kept out of graphs.
        if torch.compiler.is_compiling():
            outside()
        else:
            move()

    return optimizer.register_step_post_hook(moves)


def watch(optimizer: Optimizer, alive: Callable[[], object]) -> Watch:
    """Look at the first updates of an optimizer; what watched for a scheduler that is gone has been replaced."""
    for hook in vars(optimizer)[_HOOKS].values():
        other = getattr(hook, "__self__", None)
        if isinstance(other, Watch) and other.alive() is None:
            other.done = True
    found = Watch(alive, len(optimizer.param_groups), optimizer.param_groups[-1] if optimizer.param_groups else None)
    found.handles.append(optimizer.register_step_post_hook(found.updated))
    return found


@slotted
class Watch:
    """Counts updates and steps, until it is sure that one follows the other; tells what is wrong, and takes itself away.

    `alive` gives the scheduler, or None where it is gone; `groups` is how many groups the optimizer has, `last` the last of them. A
    step that came without an update is no alarm by itself: a GradScaler skips updates, the first ones above all.
    """

    alive: Callable[[], object]
    groups: int
    last: object
    updates: int = 0  # all of them
    since: int = 0  # updates since the last step
    steps: int = 0
    alone: int = 0  # steps since the last update
    right: int = 0  # steps in a row that came after one update each
    rare: int = 0  # steps in a row that came after several
    bursts: tuple[int, int] = (0, 0)  # steps in one update, and how often in a row
    early: bool = False  # a step came before any update
    skipped: bool | None = None  # whether gradients say that an update was skipped; None where none were seen
    scaler: bool | None = None  # whether there is a GradScaler, once that was looked for
    compiled: bool = False  # updates are made that are not counted
    done: bool = False
    handles: list[Handle] = field(default_factory=list)

    def stop(self) -> None:
        """Look no more. A hook that a compiled step has seen stays: to take it away would compile that anew."""
        self.done = True
        for handle in self.handles if not self.compiled else ():
            handle.remove()

    def updated(self, optimizer: Optimizer, *_: Any) -> None:
        """After an update. Nothing is taken away here, for the optimizer is going through its hooks."""
        if torch.compiler.is_compiling():
            self.compiled = True  # all that a compiled step does here
            return
        groups = optimizer.param_groups
        # DeepSpeed's ZeRO updates one group after another, each as if there were no others.
        if self.done or (len(groups) < self.groups and groups[-1] is not self.last):
            return
        self.updates += 1
        self.since += 1
        if self.alone > 1 and self.updates > 1:
            count, times = self.bursts
            self.bursts = (self.alone, times + 1 if count == self.alone else 1)
            # A skipped update looks the same once; it does not come again and again.
            if self.surely(self.bursts[1], 3 if self.alone == 2 else 2):
                self.tell(alarms.several(self.alone))
        elif self.updates > 1:
            self.bursts = (0, 0)
        self.alone = 0
        if self.since == _SILENT:
            self.tell(alarms.rare(_SILENT, "not once"))

    def stepped(self, optimizer: Optimizer) -> Watch | None:
        """At a step; None where nobody need look any more."""
        if self.compiled:
            self.stop()
            return None
        self.steps += 1
        self.alone += 1
        since = self.since
        self.early = self.early or self.updates == 0
        if since == 0 and self.steps <= _NEVER and self.skipped is not True:
            self.skipped = _skipped(optimizer, self.skipped)
        if self.steps == _NEVER and self.updates == 0 and self.applied():
            self.tell(alarms.never(self.steps))
        elif self.steps == 3 and self.updates == self.right + 1 == 2 and since == 1 and self.early and self.applied():
            self.tell(alarms.ORDER)  # the first came before any update, and each of the others after one
        self.right = self.right + 1 if since == 1 else 0
        self.rare = self.rare + 1 if since > 1 else 0
        if since > 1 and (self.surely(since, _LONG) or self.surely(self.rare, 2)):
            self.tell(alarms.rare(since, "once"))
        if self.done or self.right >= _ENOUGH or self.steps >= _MOST:
            self.stop()
            return None
        self.since = 0
        return self

    def surely(self, seen: int, enough: int) -> bool:
        """Whether something was seen often enough to be no skipped update."""
        return seen >= enough and (seen >= _DOUBT * enough or not self.scaled())

    def applied(self) -> bool:
        """Whether a step that came without an update cannot be one that a GradScaler skipped."""
        return self.skipped is False or (self.skipped is None and not self.scaled())

    def scaled(self) -> bool:
        """Whether there is a GradScaler at work. Nothing leads to it from an optimizer, so it is looked for among all objects."""
        if self.scaler is None:
            self.scaler = _scaling()
            if self.scaler:
                # That of a run before this one may be garbage which nobody has collected yet: it hides what is wrong no more.
                gc.collect()
                self.scaler = _scaling()
        return self.scaler

    def sought(self) -> Watch | None:
        """The position was set: who does that while training drives the schedule that way, and is not watched."""
        if self.updates == 0:
            return self
        self.stop()
        return None

    def tell(self, what: str) -> None:
        if not self.done:
            self.done = True
            alarms.warn(what)


def _scaling() -> bool:
    found = (one for one in gc.get_objects() if issubclass(type(one), torch.amp.GradScaler))
    return any(one.is_enabled() for one in found)


def blank(optimizer: Optimizer) -> bool:
    """Whether there are gradients, and all of them are 0."""
    found = list(_gradients(optimizer))
    return bool(found) and not any(bool(gradient.any()) for gradient in found)


def _skipped(optimizer: Optimizer, known: bool | None) -> bool | None:
    """Whether gradients are infinite or NaN, as where a GradScaler skipped an update; what was known where there are none."""
    for gradient in _gradients(optimizer):
        known = False
        if not bool(torch.isfinite(gradient).all()):
            return True
    return known


def _gradients(optimizer: Optimizer) -> Iterator[Tensor]:
    """What of the gradients lies in this process."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            found: Any = parameter.grad
            if found is not None:
                local: Tensor = found.to_local() if hasattr(found, "to_local") else found
                yield local._values() if local.is_sparse else local
