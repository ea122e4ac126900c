"""Pictures of what was measured.

    python benchmarks/picture.py out/bench.json out/bench.png

In: the JSON of the bench. Out: a figure: for the works that are marked as shown, a bar for each alternative, from 1.0 to the ratio
of lrdsl's time to its time. Refuses to measure.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

QUICKER, SLOWER = "#3a6ea5", "#d1762b"
LEFT = -0.02


def title(data: dict[str, Any]) -> str:
    machine = data["machine"]
    versions = ", ".join(f"{name} {machine[name]}" for name in ("python", "numpy", "torch") if name in machine)
    return f"{machine['cpu']}, {machine['cores']} cores; {versions}"


def entries(rows: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    """The lines of the figure from above: kind, text, and for an alternative the ratio."""
    found: list[tuple[str, str, float]] = []
    section = ""
    for row in rows:
        if not row["shown"] or not row["alternatives"]:
            continue
        if row["section"] != section:
            section = row["section"]
            found.append(("section", section, 0.0))
        found.append(("work", row["work"], row["ours"]))
        found += [("bar", name, row["ours"] / ns) for name, ns in row["alternatives"].items()]
    return found


def draw(data: dict[str, Any], path: Path) -> None:
    """The figure of the ratios, in two columns that are read one after the other."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    lines = entries(data["rows"])
    columns = _halves(lines)
    height = max(map(len, columns))
    figure, axes = plt.subplots(1, 2, figsize=(15, 1.2 + 0.19 * height), squeeze=False)
    ratios = [ratio for kind, _, ratio in lines if kind == "bar"]
    limits = (min(*ratios, 0.01) / 4, max(*ratios, 2.0) * 3)
    for ax, column in zip(axes[0], columns, strict=True):
        _column(ax, column, limits, height)
    figure.suptitle(f"Time of lrdsl / time of the alternative; left of 1, lrdsl is quicker\n{title(data)}", fontsize=10)
    figure.tight_layout(rect=(0, 0, 1, 0.985))
    figure.savefig(path, dpi=110)
    plt.close(figure)
    print(f"see {path}")


def _halves(lines: list[tuple[str, str, float]]) -> list[list[tuple[str, str, float]]]:
    """Cut before the work that is nearest the middle; the section is named again."""
    cuts = [number for number, line in enumerate(lines) if line[0] in ("section", "work") and number]
    cut = min(cuts, key=lambda number: abs(number - len(lines) / 2), default=len(lines))
    if cut and lines[cut - 1][0] == "section":
        cut -= 1
    rest = lines[cut:]
    if rest and rest[0][0] == "work":
        section = next(line for line in reversed(lines[:cut]) if line[0] == "section")
        rest = [("section", f"{section[1]}, continued", 0.0), *rest]
    return [lines[:cut], rest]


def _column(ax: Any, lines: list[tuple[str, str, float]], limits: tuple[float, float], height: int) -> None:
    from timing import shown_time

    place = ax.get_yaxis_transform()
    for y, (kind, text, value) in enumerate(lines):
        if kind == "section":
            ax.text(-0.62, y, text, transform=place, fontsize=9.5, weight="bold", va="center")
        elif kind == "work":
            ax.text(
                -0.60, y, f"{text}: {shown_time(value)}", transform=place, fontsize=8.5, va="center", color="#222222"
            )
        else:
            colour = QUICKER if value <= 1 else SLOWER
            ax.barh(y, value - 1, left=1, height=0.66, color=colour)
            ax.text(LEFT, y, text, transform=place, fontsize=7.5, va="center", ha="right", color="#444444")
            beside = value / 1.08 if value <= 1 else value * 1.08
            side = "right" if value <= 1 else "left"
            ax.text(beside, y, f"{value:.2g}", fontsize=7.5, va="center", ha=side, color=colour)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlim(*limits)
    ax.set_ylim(height, -1)
    ax.axvline(1.0, color="black", linewidth=0.8)
    ax.grid(axis="x", alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_yticks([])
    ax.tick_params(axis="x", labelsize=8, top=True, labeltop=True)
    for side in ("left", "right"):
        ax.spines[side].set_visible(False)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
