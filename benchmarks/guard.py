"""A guard that does not depend on how busy the machine is: how many bytecodes a work takes.

    python benchmarks/guard.py [--update]

In: `guard.json`, the counts that are kept. Out: a table, and exit code 1 where any count is more than 5 % above; `--update` writes
the counts of now. What runs in C, numpy's passes too, is not counted: it is the bench that times it.

Traps: counts depend on the Python version (another one is not compared); what is done once, such as reading the grammar, must be
done before; and what is made by looking into a dict keyed by hash must not be counted, so each work is counted twice and must
come out the same.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from steps import optimizer_of
from texts import FLAGSHIP, text_of
from timing import LINE

import lrdsl
import lrdsl.torch

KEPT = Path(__file__).with_name("guard.json")
SLACK = 1.05
BEGIN = 2000


def bytecodes(call: Callable[[], object]) -> int:
    """How many bytecodes run in a call, those of the functions that it calls included."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    # A collection in between would run finalizers.
    gc.collect()
    gc.disable()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(None)
        gc.enable()
    return count


def steps(count: int, values: int = 1, way: str = "") -> Callable[[], object]:
    """4,096 steps from a whole block of them on, the making of the next block included."""
    optimizer = optimizer_of(count, values, way)
    text = text_of(FLAGSHIP, relative=way == "own lrs")
    if way == "patterns":
        text = f'lr = {text}\nlr["g{{i}}.*"] = 0.9^i * lr'
    scheduler = lrdsl.torch.attach(optimizer, text)
    optimizer.step()

    def run() -> None:
        scheduler.last_epoch = BEGIN
        for _ in range(4096):
            scheduler.step()

    for _ in range(10):
        run()  # blocks have their full size after a few
    return run


def works() -> dict[str, Callable[[], object]]:
    """What is counted."""
    schedule, times = lrdsl.compile(LINE), np.arange(2_000_000)
    fresh = iter(range(1_000_000, 2_000_000))
    return {
        "4,096 steps, 1 group": steps(1),
        "4,096 steps, 10 groups": steps(10),
        "4,096 steps, 10 groups with lr_scale": steps(10, 10, "lr_scale"),
        "4,096 steps, 10 groups, own lrs": steps(10, 10, "own lrs"),
        "4,096 steps, 10 groups by patterns": steps(10, 10, "patterns"),
        "one value": lambda: schedule(5000),
        "a cached compile": lambda: lrdsl.compile(LINE),
        "a cold compile of the flagship": lambda: lrdsl.compile(
            f"warmup(1000) then exp(max={next(fresh)}e-9, k=1e-4) floor 1e-6"
        ),
        "an array of 2M steps": lambda: schedule(times),
    }


def counted() -> dict[str, int]:
    found = {}
    for name, call in works().items():
        for _ in range(3):
            call()
        first, second = bytecodes(call), bytecodes(call)
        if first != second:
            print(f"{name}: {first} and then {second} bytecodes: the greater counts")
        found[name] = max(first, second)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="keep the counts of now")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    version = ".".join(platform.python_version_tuple()[:2])
    counts = counted()
    versions = {"python": version, "numpy": np.__version__, "torch": torch.__version__}
    if args.update:
        KEPT.write_text(json.dumps({**versions, "bytecodes": counts}, indent=1) + "\n", "utf-8")
    kept = json.loads(KEPT.read_text("utf-8"))
    if kept["python"] != version:
        print(f"the counts that are kept are of Python {kept['python']}, this is {version}: nothing is compared")
        return 0
    failed = False
    print(f"{'work':<42}{'bytecodes':>12}{'kept':>12}")
    for name, count in counts.items():
        limit = kept["bytecodes"].get(name)
        over = limit is None or count > SLACK * limit
        failed |= over
        mark = (
            "  not kept yet: --update"
            if limit is None
            else f"  {count / limit - 1:+.1%}" + ("  TOO MANY" if over else "")
        )
        print(f"{name:<42}{count:>12,}{limit or 0:>12,}{mark}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
