"""Writes `_generated/zoo.md`: the published runs of examples/zoo, a table for each field, and a small picture of each.

In: the files, with the heads that `read` knows. Out: `_generated/zoo/NAME.svg`, and the tables that `zoo.md` includes; with
`--png` the pictures as PNG. Names restrict it to some runs. Refuses a head that lacks a field. Knows no run by name.

    python docs/zoo.py [--out FOLDER] [--png] [NAME ...]

A head is the comment with which a file begins: its title, then `Field:`, `Source:`, `Numbers:` (which of them were read in the
source, and which were not) and perhaps `Variant NAME: param=value, param=value`, each going on in lines that are indented. What
follows an empty comment line is for the reader.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

import lrdsl  # noqa: E402
from lrdsl import parser, source, tree  # noqa: E402
from lrdsl.checker import prelude  # noqa: E402
from lrdsl.plotter import time_label, value_label  # noqa: E402
from lrdsl.plotter.curve import panels, scale  # noqa: E402
from lrdsl.printer import expression  # noqa: E402

ZOO = HERE.parent / "examples" / "zoo"
FIELDS = ("language models", "vision", "speech, diffusion, games", "families")
TITLES = {
    "language models": "Language models",
    "vision": "Vision",
    "speech, diffusion, games": "Speech, diffusion and games",
    "families": "Families of schedules",
}
TAG = re.compile(r"(Field|Source|Numbers|Variant [^:]+): (.*)")
COLOR = "#0072b2"
AXIS = "#808080"  # readable on a light page and on a dark one
SIZE = (3.0, 1.6)


@dataclass(frozen=True, slots=True)
class Run:
    """What the head of a file says, and its text."""

    name: str
    title: str
    field: str
    source: str
    numbers: str
    variants: dict[str, dict[str, str]] = field(default_factory=dict)
    text: str = ""


# --- heads ------------------------------------------------------------------------------------------------------------


def read(path: Path) -> Run:
    """The run in a file. Raises ValueError where its head lacks something."""
    text = path.read_text("utf-8")
    lines = []
    for line in text.splitlines():
        if not line.startswith("# "):
            break
        lines.append(line[2:])
    said: dict[str, str] = {}
    tag = None
    for line in lines[1:]:
        if found := TAG.fullmatch(line):
            tag = found[1]
            said[tag] = found[2]
        elif tag is not None and line.startswith("  "):
            said[tag] += " " + line.strip()
        else:
            raise ValueError(f"{path.name}: `{line}` is no line of a head: an empty comment line ends it")
    missing = [name for name in ("Field", "Source", "Numbers") if name not in said]
    if not lines or missing:
        raise ValueError(f"{path.name}: its head lacks {', '.join(missing) or 'a title'}")
    variants = {name[8:]: bindings(values) for name, values in said.items() if name.startswith("Variant ")}
    return Run(path.stem, lines[0], said["Field"], said["Source"], said["Numbers"], variants, text)


def bindings(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(", "))


# --- the text on one line ---------------------------------------------------------------------------------------------


def essence(run: Run) -> str:
    """What the run says of its lr, on one line, after the names of its own that stand in it."""
    file = parser.parse(source.Source(run.text, run.name), frozenset(prelude())).file
    own = []
    line = None
    for commented in file.statements:
        match commented.statement:
            case tree.Let(name, value):
                own.append(f"{name} = {expression(value)}")
            case tree.Assign("lr", value) | tree.Bare(value):
                line = expression(value)
    if line is None:
        raise ValueError(f"{run.name}: no line for lr")
    return " · ".join([*(f"`{one}`" for one in own), f"`{line}`"])


# --- pictures ---------------------------------------------------------------------------------------------------------


def draw(run: Run, path: Path) -> None:
    """A picture of the lr, so small that only its ends and its top are labelled."""
    [curve] = next(panel.curves for panel in panels([lrdsl.compile(run.text)], None, None) if panel.name == "lr")
    values, end = curve.values, curve.end
    top, least = float(values.max()), float(values.min())
    # Logarithmic where `lrdsl plot` is, but linear where something is 0: that has no place on so small an axis.
    log = least > 0 and scale([curve]).log
    settings = {"svg.hashsalt": "lrdsl", "svg.fonttype": "path", "font.size": 7.5}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        axes.plot(curve.times, values, color=COLOR, linewidth=1.5, solid_joinstyle="round", clip_on=False, zorder=3)
        if log:
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.set_ylim(0.0, top * 1.06)
        axes.set_xlim(0.0, end)
        ends = (least, top) if log else (0.0, top)
        axes.yaxis.set_major_locator(FixedLocator(ends))
        axes.set_yticks(ends, [value_label(float(f"{value:.3g}")) for value in ends])
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks([0.0, end], ["0", f"{time_label(end)} {curve.clock}"])
        axes.get_xticklabels()[1].set_horizontalalignment("right")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(AXIS)
        axes.tick_params(length=2.5, color=AXIS, labelcolor=AXIS)
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(path, dpi=200, metadata=metadata, transparent=path.suffix == ".svg")


# --- the page ---------------------------------------------------------------------------------------------------------


def page(runs: list[Run]) -> str:
    parts = []
    for name in FIELDS:
        rows = [row(run) for run in runs if run.field == name]
        if rows:
            parts.append("\n".join([f"## {TITLES[name]}", "", "| run | text | |", "|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def row(run: Run) -> str:
    code = essence(run).replace("|", "\\|")
    about = f"**{run.title}**<br>{run.source}<br>`{run.name}.lrs`"
    return f"| {about} | {code} | ![{run.title}](zoo/{run.name}.svg) |"


def main() -> None:
    given = argparse.ArgumentParser(description="Write the pictures and the tables of the zoo.")
    given.add_argument("names", nargs="*", metavar="NAME", help="runs to draw; all, where there is none")
    given.add_argument("--out", type=Path, default=HERE / "_generated")
    given.add_argument("--png", action="store_true", help="pictures to look at, as PNG")
    options = given.parse_args()
    paths = [ZOO / f"{name}.lrs" for name in options.names] or sorted(ZOO.glob("*.lrs"))
    runs = [read(path) for path in paths]
    pictures = options.out / "zoo"
    pictures.mkdir(parents=True, exist_ok=True)
    for run in runs:
        draw(run, pictures / f"{run.name}.{'png' if options.png else 'svg'}")
    (options.out / "zoo.md").write_text(page(runs), "utf-8")
    print(f"{len(runs)} runs, in {options.out}")


if __name__ == "__main__":
    main()
