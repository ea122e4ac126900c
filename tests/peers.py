"""Loads the schedulers of libraries whose packages need more than is installed here.

timm is there without torchvision, and DeepSpeed without what it compiles; the files with their schedulers need torch alone. So each
is loaded by itself, below a bare module that stands for its package. The bare modules are taken away again: other libraries ask
whether there is a timm or a DeepSpeed, and would find half of one.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


def folder(package: str) -> Path:
    """Where a package lies, without running its `__init__`; the test is skipped where there is none."""
    # They lie beside the other packages, not among them: what finds half a DeepSpeed asks it for the other half.
    found = Path(sys.prefix) / "alone" / package
    if not found.is_dir():
        pytest.skip(f"{package} is not installed", allow_module_level=True)
    return found


def bare(name: str, path: Path | None = None) -> ModuleType:
    """A package that has nothing but its folder."""
    module = ModuleType(name)
    module.__path__ = [] if path is None else [str(path)]
    return module


@contextlib.contextmanager
def standing_in(*modules: ModuleType) -> Iterator[None]:
    """Modules that can be imported meanwhile; what was there before is there again afterwards."""
    root = modules[0].__name__
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == root}
    for name in before:
        del sys.modules[name]
    sys.modules.update({module.__name__: module for module in modules})
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == root]:
            del sys.modules[name]
        sys.modules.update(before)


@functools.cache
def timm_scheduler() -> ModuleType:
    """`timm.scheduler`, the real one."""
    pytest.importorskip("torch")
    with standing_in(bare("timm", folder("timm"))):
        return importlib.import_module("timm.scheduler")


@functools.cache
def deepspeed_schedules() -> ModuleType:
    """`deepspeed.runtime.lr_schedules`, the real one; the logger that it asks its package for is an ordinary one."""
    pytest.importorskip("torch")
    path = folder("deepspeed")
    utils = bare("deepspeed.utils")
    utils.logger = logging.getLogger("deepspeed")  # type: ignore[attr-defined]
    with standing_in(bare("deepspeed", path), utils, bare("deepspeed.runtime", path / "runtime")):
        return importlib.import_module("deepspeed.runtime.lr_schedules")
