"""What is legal and hardly meant: the notes of a text.

In: a program, its outputs, and what is bound. Out: notes, each once at its place. Refuses to word anything: that is in
`problems/notes.py`.

    spots.py     the nodes of an output, each with where it stands and what is said of it
    lengths.py   notes that are read from lengths: until-plans, on-top, phase-time, added-phases
    levels.py    notes that are read from levels: climbs, downhill, half-life, never-reached, floor-above, clipped-floor, own-base
    values.py    notes that are read from values: jump, undecided, idle-end, zero-start
    allowed.py   `# lrdsl: allow NAME`
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import problems, tree
from ..diagnostic import Diagnostic
from ..output import Base, Output
from ..parser import Parsed, parse_value
from ..program import Program
from ..source import Source, Span
from . import lengths, levels, values
from .allowed import allowed, closest, names_in, unknown
from .spots import Seen, look

__all__ = ["allowed", "beside_base", "closest", "find", "names_in", "unknown", "unused"]

_LAST = "zero-start"  # every plain warmup has it, so it stands behind what is said of fewer texts


def find(program: Program, outputs: Mapping[str, Output], base: Base = None) -> list[Diagnostic]:
    """The notes of the outputs of a program, and of its lines for groups as far as they are read from their text."""
    found: list[Diagnostic] = []
    for name, root in program.outputs.items():
        seen = look(program, name, root, base) if name in outputs else None
        if seen is not None:
            read = _read(seen)
            found += [*read, *values.find(seen, outputs, base, {note.name for note in read})]
    for tried in program.lines:
        first = next(
            (seen for line in tried if (seen := look(program, line.output, line.outputs[line.output], base))), None
        )
        found += [] if first is None else _read(first)
    return _ordered(found)


def beside_base(program: Program, name: str, base: Base) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Where an output rises from the base of a driven key to a level that was written, and where a warmup falls to it from one,
    without saying that it is to."""
    root = program.outputs.get(name)
    seen = None if root is None else look(program, name, root, base)
    return ([], []) if seen is None else (_ordered(levels.rises(seen)), _ordered(levels.falls(seen)))


def _read(seen: Seen) -> list[Diagnostic]:
    return [*lengths.find(seen), *levels.find(seen)]


def _ordered(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each note once at its place, in the order of the text: what is used twice is looked at twice."""
    unique: dict[object, Diagnostic] = {}
    for note in found:
        unique.setdefault((note.code, note.labels[:1], note.message), note)
    return sorted(unique.values(), key=lambda note: (note.name == _LAST, note.labels[0].span.start))


def unused(parsed: Parsed, bindings: Mapping[str, str]) -> list[Diagnostic]:
    """What is bound to no effect: the length of an epoch, where nothing is in epochs."""
    if "epoch" not in bindings:
        return []
    given = [parse_value(Source(value, f"<{name}>")) for name, value in bindings.items() if name != "epoch"]
    roots = [value for value in given if not isinstance(value, tuple)]
    roots += [root for one in parsed.file.statements for root in tree.expressions(one.statement)]
    for node in (node for root in roots for node in tree.walk(root)):
        if isinstance(node, tree.Number) and node.unit == "epochs":
            return []
        if isinstance(node, tree.Name) and node.name == "epoch":
            return []
    text = bindings["epoch"]
    return [problems.unused_epoch(Span(Source(text, "<epoch>"), 0, len(text)), text)]
