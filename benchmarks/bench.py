"""Every row beside its alternatives, in one process.

    python benchmarks/bench.py [--quick] [--only NAME] [--out DIR]

Out: a table on stdout, `bench.json` and `bench.png` in DIR. `--only` is one of the names of `SECTIONS`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

SECTIONS = ("steps", "arrays", "values", "compiling", "processes")


def main() -> int:
    # What would use all cores in one contender and one in another is no comparison; jax reads this when it is loaded.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from timing import Bench, as_data, machine, write_json

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds: for trying, the figures are rough")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="one section; may be given again")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the JSON and the picture go")
    args = parser.parse_args()
    bench, begun = Bench(args.quick), time.perf_counter()
    for name in args.only or SECTIONS:
        importlib.import_module(name).measure(bench)
    data = {
        "machine": machine(),
        "seconds": round(time.perf_counter() - begun),
        "quick": args.quick,
        "skipped": bench.skipped,
        "rows": [as_data(row) for row in bench.rows],
    }
    missed = [row for row in bench.rows if row.reached is False]
    print(f"\n{len(bench.rows)} rows in {data['seconds']} s; targets missed in {len(missed)}:")
    for row in missed:
        print(f"  {row.section}: {row.work}")
    write_json(args.out / "bench.json", data)
    if bench.peer("matplotlib") is not None:
        importlib.import_module("picture").draw(data, args.out / "bench.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
