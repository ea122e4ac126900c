"""A picture of what grows, and of what does not.

    python benchmarks/growth.py out/scale.json out/scale.png

In: the JSON of `scale.py`. Out: a figure of six panels, both axes by powers of ten. Refuses to measure.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# case, title, name of the size, unit, then for each line: the figure, its label, and what it is multiplied with
PANELS: tuple[tuple[str, str, str, str, tuple[tuple[str, str, float], ...]], ...] = (
    ("length", "Compiling", "phases", "seconds", (("compile, s", "compile", 1.0),)),
    (
        "length",
        "Memory",
        "phases",
        "MiB",
        (("at most, MiB", "at most, while compiling", 1.0), ("kept, MiB", "kept", 1.0)),
    ),
    ("length", "One value", "phases", "us", (("value, ns", "one value", 1e-3),)),
    ("cycles", "One value in a repeat", "cycles", "us", (("value, ns", "one value", 1e-3),)),
    ("products", "One value of a product", "repeats multiplied", "us", (("value, ns", "one value", 1e-3),)),
    (
        "groups",
        "A step",
        "parameter groups",
        "us",
        (("a value a group: step, ns", "a value a group", 1e-3), ("one value: step, ns", "one value for all", 1e-3)),
    ),
)
COLOURS = ("#3a6ea5", "#d1762b")


def draw(data: dict[str, Any], path: Path) -> None:
    """All panels of which there are figures."""
    panels = [panel for panel in PANELS if panel[0] in data["cases"]]
    if not panels:
        return
    figure, axes = plt.subplots(-(-len(panels) // 3), 3, figsize=(12, 3.6 * -(-len(panels) // 3)), squeeze=False)
    for ax in axes.flat[len(panels) :]:
        ax.set_visible(False)
    for ax, panel in zip(axes.flat, panels, strict=False):
        _panel(ax, panel, data["cases"][panel[0]])
    machine = data["machine"]
    figure.suptitle(
        f"{machine['cpu']}, {machine['cores']} cores; python {machine['python']}, numpy {machine['numpy']}", fontsize=9
    )
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    print(f"see {path}")


def _panel(ax: Any, panel: tuple[Any, ...], figures: dict[str, Any]) -> None:
    _, title, size, unit, series = panel
    top, bottom = 0.0, float("inf")
    for (name, label, factor), colour in zip(series, COLOURS, strict=False):
        points = [(int(key), factor * one[name]) for key, one in figures.items() if name in one]
        if not points:
            continue
        ax.plot(*zip(*points, strict=True), "o-", color=colour, label=label, markersize=4, linewidth=1.4)
        top, bottom = max(top, *(y for _, y in points)), min(bottom, *(y for _, y in points))
    if size != "repeats multiplied":
        ax.set_xscale("log")
    ax.set_yscale("log")
    if top:
        # What stays as it is must look so: at least two powers of ten are shown.
        middle = (top * bottom) ** 0.5
        ax.set_ylim(min(bottom / 1.6, middle / 10), max(top * 1.6, middle * 10))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_title(title, fontsize=10)
    ax.set_xlabel(size, fontsize=9)
    ax.set_ylabel(unit, fontsize=9)
    ax.tick_params(labelsize=8)
    ax.grid(alpha=0.25, linewidth=0.6)
    if len(series) > 1:
        ax.legend(fontsize=8, frameon=False)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
