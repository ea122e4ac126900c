"""Writes `_generated/curves.md`: each built-in shape and curve with its formula, the comment above it, and its picture.

In: the prelude. Out: a page for the site, and with `--table` the table in `language.md`, between its two marks. The pictures are
those that `pictures.py` draws. Knows no curve by name.

    python docs/curves.py [--table]
"""

from __future__ import annotations

import re
import sys
from itertools import groupby
from pathlib import Path

from lrdsl.checker import prelude
from lrdsl.checker.library import Definition
from lrdsl.printer import expression

HERE = Path(__file__).resolve().parent
MARKS = re.compile(r"(<!-- curves -->\n).*?(<!-- /curves -->)", re.DOTALL)


def definitions() -> list[Definition]:
    return [one for some in prelude().values() for one in some]


def arguments(one: Definition) -> str:
    """What a call takes beside its length: levels that are found where they are not written, and what must be given."""
    defaults = [(name, one.default(name)) for name in one.takes]
    return ", ".join(name if default is None else f"{name}={expression(default)}" for name, default in defaults)


def formula(one: Definition) -> str:
    return " ".join(one.formula.split())


def table() -> str:
    """The curves as a table: a row for each definition; what several have in common is said once."""
    rows = ["| call | of | formula | |", "|---|---|---|---|"]
    for about, some in groupby(definitions(), key=lambda one: (one.name, one.about)):
        for index, one in enumerate(some):
            said = about[1] if index == 0 else ""
            rows.append(f"| `{one.name}({arguments(one)})` | {one.kind}, `{one.clock}` | `{formula(one)}` | {said} |")
    return "\n".join(rows) + "\n"


def page() -> str:
    parts = []
    for name, some in prelude().items():
        abouts = dict.fromkeys(one.about for one in some if one.about)
        heads = [f"{one.kind} {one.name}({', '.join([one.clock, *filter(None, [formals(one)])])})" for one in some]
        lines = [f"{head} = {formula(one)}" for head, one in zip(heads, some, strict=True)]
        shown = "\n".join(lines)
        parts.append(f"## {name}\n\n{' '.join(abouts)}\n\n```lrs\n{shown}\n```\n\n![{name}](curve-{name}.svg)\n")
    return "\n".join(parts)


def formals(one: Definition) -> str:
    return ", ".join(f.name if f.default is None else f"{f.name}={expression(f.default)}" for f in one.formals)


def main() -> None:
    target = HERE / "_generated" / "curves.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page(), "utf-8")
    if "--table" in sys.argv[1:]:
        reference = HERE / "language.md"
        text = reference.read_text("utf-8")
        reference.write_text(MARKS.sub(lambda marks: marks[1] + table() + marks[2], text), "utf-8")


if __name__ == "__main__":
    main()
