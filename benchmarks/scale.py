"""What is large: far steps, many cycles, many groups, many phases, many bindings, and texts that are too large.

    python benchmarks/scale.py [--quick] [--bindings N] [--only CASE] [--out DIR]

Out: a table on stdout, `scale.json` and `scale.png` in DIR. The sweep binds a million values, one after another: this takes as long
as it takes, and nothing is extrapolated; `--bindings` and `--quick` make it shorter, and the figures then say how many there were.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cases import CASES, TOO_LARGE
from timing import machine, shown_time, write_json

SOON = 2.0  # seconds in which an error must come
SIZES: dict[str, tuple[int, ...]] = {
    "far": (0,),
    "tokens": (0,),
    "cycles": tuple(10**power for power in range(0, 13, 2)),
    "products": (1, 2, 3, 4, 6, 8),
    "groups": (1, 4, 16, 64, 256, 1024, 4096),
    "schedules": (1000,),
    "length": (10, 30, 100, 300, 1000, 3000, 10_000),
    "nodes": (100_000,),
    "refused": tuple(range(len(TOO_LARGE))),
}
QUICK = {"length": (10, 100, 1000), "nodes": (10_000,), "groups": (1, 64, 4096)}


def run(case: str, size: int) -> dict[str, Any]:
    """The figures of a case, from a process of its own; what fails is a figure too."""
    here = Path(__file__).resolve().parent
    done = subprocess.run([sys.executable, str(here / "cases.py"), case, str(size)], capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def shown(name: str, value: Any) -> str:
    if isinstance(value, float) and ", ns" in name:
        return f"{name.replace(', ns', '')} {shown_time(value)}"
    if isinstance(value, float) and ", s" in name:
        return f"{name.replace(', s', '')} {shown_time(1e9 * value)}"
    return f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"


def table(case: str, size: int, figures: dict[str, Any]) -> str:
    head = f"{case} {size:,}" if size and case != "refused" else case
    return "\n".join([head, *(f"    {shown(name, value)}" for name, value in figures.items())])


def late(found: dict[str, dict[str, Any]]) -> list[str]:
    """Texts whose error did not come soon enough, or did not come."""
    cases = [found["refused"][key] for key in found.get("refused", {})]
    return [
        f"{one.get('text', '?')}: {one.get('code', one.get('failed'))} after {one.get('error, s', float('nan')):.2g} s"
        for one in cases
        if "failed" in one or one["code"] == "no error" or one["error, s"] > SOON
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller sizes: for trying")
    parser.add_argument(
        "--bindings", type=int, help="how many bindings the sweep makes; 1,000,000, or 5,000 when quick"
    )
    parser.add_argument("--only", choices=[*CASES], action="append", help="one case; may be given again")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the JSON and the picture go")
    args = parser.parse_args()
    sizes = {**SIZES, **(QUICK if args.quick else {})}
    sizes["sweep"] = (args.bindings or (5000 if args.quick else 1_000_000),)
    found: dict[str, dict[str, Any]] = {}
    begun = time.perf_counter()
    for case in args.only or sizes:
        for size in sizes[case]:
            figures = run(case, size)
            found.setdefault(case, {})[str(size)] = figures
            print(table(case, size, figures), flush=True)
    slow = late(found)
    print(f"\nabove the limits, an error within {SOON:g} s: {'all' if not slow else 'not ' + '; not '.join(slow)}")
    data = {
        "machine": machine(),
        "seconds": round(time.perf_counter() - begun),
        "quick": args.quick,
        "late": slow,
        "cases": found,
    }
    write_json(args.out / "scale.json", data)
    try:
        from growth import draw
    except ImportError:
        print("- matplotlib is not installed: no picture")
    else:
        draw(data, args.out / "scale.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
