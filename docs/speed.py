"""Writes `_generated/speed.md` and copies the pictures: the figures of the last full run of `make bench` and `make scale`.

In: `benchmarks/results/*.json` and `*.png`, as the two commands write them. Out: tables for the site; of each row the time of
lrdsl, the times of the alternatives as ratios, and whether what was to be reached was reached.

    python docs/speed.py
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from timing import shown_time  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
OUT = ROOT / "docs" / "_generated"


def ratio(value: float) -> str:
    return f"{value:.2f}" if value >= 0.095 else f"{value:.1g}"


def reached(row: dict[str, Any]) -> str:
    if row["reached"] is None:
        return ""
    words = [
        f"{shown_time(one['ns'])}" if one["ns"] else f"{one['ratio']:g} x {one['against']}" for one in row["targets"]
    ]
    return f"{' and '.join(words)}: {'yes' if row['reached'] else '**no**'}"


def bench(data: dict[str, Any]) -> list[str]:
    machine = data["machine"]
    versions = ", ".join(
        f"{name} {version}" for name, version in machine.items() if name not in ("cpu", "cores", "system")
    )
    lines = [f"Measured on {machine['cpu']}, {machine['cores']} cores, {machine['system']}; {versions}.", ""]
    lines += ["![Time of lrdsl over the time of each alternative](bench.png)", ""]
    section = ""
    for row in data["rows"]:
        if row["section"] != section:
            section = row["section"]
            lines += [
                "",
                f"### {section.capitalize()}",
                "",
                "| work | lrdsl | time of lrdsl / time of the alternative | at most |",
            ]
            lines += ["|---|---|---|---|"]
        others = " · ".join(f"{name} {ratio(row['ours'] / other)}" for name, other in row["alternatives"].items())
        lines.append(f"| {row['work']} | {shown_time(row['ours'])} | {others} | {reached(row)} |")
    known = [row for row in data["rows"] if row["reached"] is not None]
    missed = [row for row in known if not row["reached"]]
    lines += ["", f"Of {len(known)} rows that are to reach something {len(known) - len(missed)} do."]
    return lines


def scale(data: dict[str, Any]) -> list[str]:
    lines = ["", "## What is large", "", "![Cost and memory as things grow](scale.png)", ""]
    lines += ["| case | size | figures |", "|---|---|---|"]
    for case, sizes in data["cases"].items():
        for size, figures in sizes.items():
            told = " · ".join(f"{name} {_figure(name, value)}" for name, value in figures.items())
            lines.append(f"| {case} | {int(size):,} | {told} |")
    return lines


def _figure(name: str, value: Any) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return (
        shown_time(value)
        if name.endswith(", ns")
        else shown_time(1e9 * value)
        if name.endswith(", s")
        else f"{value:.4g}"
    )


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    lines = bench(json.loads((RESULTS / "bench.json").read_text("utf-8")))
    lines += scale(json.loads((RESULTS / "scale.json").read_text("utf-8")))
    for name in ("bench.png", "scale.png"):
        shutil.copy(RESULTS / name, OUT / name)
    (OUT / "speed.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
