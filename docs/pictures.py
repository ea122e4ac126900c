"""Draws the pictures of the site into `_generated/`, all of them with lrdsl itself.

In: the prelude and the texts below. Out: SVG files: `curve-NAME.svg` for each built-in curve, and those that pages name.

    python docs/pictures.py
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

import lrdsl
from lrdsl.checker import prelude
from lrdsl.checker.library import Definition
from lrdsl.cli import main as command

HERE = Path(__file__).resolve().parent
OUT = HERE / "_generated"
LENGTH = 100
# What stands for an argument that has no default, by what it is: a level, a duration, a number.
GIVEN = {
    "max": "1",
    "from": "1",
    "to": "0.01",
    "per": "20",
    "halflife": "20",
    "timescale": "20",
    "k": "0.05",
    "factor": "0.5",
}
TEXTS = {
    "flagship": ("warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6", None),
    "wsd": ("warmup(2k, to=5e-4) then hold then linear(10%)", 100_000),
    "cut": ("(warmup(2k, to=3e-4) then cosine(to=10%)) for 100k until 80k then linear(5k)", None),
    "restarts": ("warmup(5k, to=1e-3) then repeat(cosine(10k), stretch=2, factor=0.7, times=3)", None),
}


def call(one: Definition) -> str:
    """A call of a curve that can be drawn: shapes fall from 1, what looks ahead rises to 1."""
    levels = {"from": "0", "to": "1"} if one.default("from") is not None else {"from": "1", "to": "0"}
    given = [f"{name}={levels[name]}" for name in ("from", "to") if one.kind == "shape"]
    if one.kind == "curve":
        given = [f"{name}={GIVEN[name]}" for name in ("max", "from", "to") if name in one.takes]
    given += [f"{name}={GIVEN.get(name, '2')}" for name in sorted(one.needs)]
    return f"{one.name}({', '.join([str(LENGTH), *given])})"


def draw_curve(some: tuple[Definition, ...], path: Path) -> None:
    """One small picture for a curve: each of its definitions is drawn by the schedule's own plot."""
    figure = Figure(figsize=(5.2, 2.2), layout="constrained")
    axes = figure.subplots()
    for one in some[:1]:
        lrdsl.compile(call(one)).plot(axes, log=False, until=LENGTH)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    OUT.mkdir(exist_ok=True)
    for name, some in prelude().items():
        draw_curve(some, OUT / f"curve-{name}.svg")
    for name, (text, total) in TEXTS.items():
        bound = [] if total is None else ["--total", str(total)]
        if command(["plot", "-e", text, *bound, "-o", str(OUT / f"{name}.svg")]):
            raise SystemExit(f"{text} was not drawn")
    draw_fit(OUT / "fit.csv", OUT / "fit.svg")


def draw_fit(log: Path, path: Path) -> None:
    """A log of four digits and the text that is found for it."""
    values = lrdsl.compile("warmup(137, to=3.72e-4) then cosine(2274, to=3e-5)")(range(0, 2411, 25))
    rows = "".join(f"{25 * number},{value:.3e}\n" for number, value in enumerate(values))
    log.write_text(f"step,lr\n{rows}", "utf-8")
    if command(["fit", str(log), "-o", str(path)]):
        raise SystemExit("the log was not fitted")


if __name__ == "__main__":
    main()
