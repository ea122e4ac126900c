"""curves: what shapes, curves and words there are, with formulas and small pictures.

In: options. Out: a list on stdout. Refuses to know any curve by name: all are read from the prelude and the file, and drawn by
compiling a call.
"""

from __future__ import annotations

import argparse
import difflib
import math
import sys
from collections.abc import Iterator, Sequence

from .. import ScheduleError, compiled, tree
from ..checker import prelude
from ..checker.library import Definition, Library, read
from ..parser import parse
from ..printer import expression, show
from ..source import Source
from . import texts
from .report import speaks_unicode
from .texts import Usage

_WORDS = {
    "repeat": (
        "repeat(A, times=, stretch=1, factor=1)",
        "A again and again; each cycle longer by stretch, and times factor",
    ),
    "then": ("A then B", "B follows A, and starts where A ends unless it says otherwise"),
    "for": ("A for D", "gives A its length, and is the whole of which a share such as 10% in A is taken"),
    "until": ("A until D", "ends A at a time counted from where the chain began"),
    "skip": ("A skip D", "A without its first D"),
    "floor": ("A floor v", "never below v, from the beginning of the line on"),
    "cap": ("A cap v", "never above v, from the beginning of the line on"),
    "every": ("A every D", "changes only at multiples of D"),
}
# What is tried for arguments that have no default: a value by name, else each of `_TRIED` in turn.
_GUESSES = {"power": "2", "factor": "0.5", "per": "20", "halflife": "20", "k": "0.05", "timescale": "20", "d": "512"}
_TRIED = ("2", "0.5", "20", "1")
_LENGTH = 100  # steps, of the picture of what needs a length
_WIDE = 16
_BLOCKS, _ASCII = "▁▂▃▄▅▆▇█", "_.-=^"
_LEVELS = frozenset(("from", "to", "max"))


def run(options: argparse.Namespace) -> int:
    own, beside = _own(options.inside) if options.inside else ({}, "")
    library = prelude()
    if options.name is not None:
        return _one(options.name, own, beside, library)
    _list([one for some in library.values() for one in some], "", True)
    if options.inside:
        print(f"\nin {options.inside}:" if own else f"\n{options.inside} has no shapes and curves of its own")
        _list([one for some in own.values() for one in some], beside, False)
    print("\np goes from 0 to 1 over the phase, q = 1 - p, t is the time since it began.")
    print("A shape goes from one level to another, from + (to - from) * s; behind the comma stands 1 - s.\n")
    width = max(len(form) for form, _ in _WORDS.values())
    for form, about in _WORDS.values():
        print(f"{form:<{width}}  {about}")
    return 0


def _one(name: str, own: Library, beside: str, library: Library) -> int:
    if name in own or name in library:
        shown = own.get(name) or library[name]
        _list(shown, beside if name in own else "", name not in own)
        for about in dict.fromkeys(one.about for one in shown if one.about):
            print(f"    {about}")
        return 0
    if name in _WORDS:
        form, about = _WORDS[name]
        print(f"{form}  {about}")
        return 0
    there = [*library, *own, *_WORDS]
    close = next(iter(difflib.get_close_matches(name, there, 1, 0.5)), None)
    offer = f"did you mean `{close}`?" if close else f"there are {', '.join(sorted(there))}"
    raise Usage(f"no curve `{name}`: {offer}")


def _own(argument: str) -> tuple[Library, str]:
    """The shapes and curves of a file, and what may stand beside a call of them: these and the names that they use."""
    text = texts.read(argument)
    parsed = parse(Source(text.text, text.name), frozenset(prelude()))
    if parsed.problems:
        raise ScheduleError(*text.shown(parsed.problems))
    kept = [one for one in parsed.file.statements if isinstance(one.statement, tree.Shape | tree.Curve)]
    # Not the total: a picture is as long as it likes, and what does not fill a known run is an error.
    names = [
        one
        for one in parsed.file.statements
        if isinstance(one.statement, tree.Param | tree.Let) and one.statement.name != "total"
    ]
    library = read(Source(show(tree.File(tuple(kept))), text.name)) if kept else {}
    return library, show(tree.File((*names, *kept)))


def _list(definitions: Sequence[Definition], beside: str, builtin: bool) -> None:
    unicode = speaks_unicode(sys.stdout)
    heads = [f"{one.kind} {one.name}({', '.join(_formals(one))})" for one in definitions]
    width = max((len(head) for head in heads), default=0)
    for one, head in zip(definitions, heads, strict=True):
        picture = _picture(one, beside, _BLOCKS if unicode else _ASCII)
        formula = " ".join(one.formula.split())
        print(f"{picture:<{_WIDE}}  {head:<{width}}  = {formula}")


def _formals(definition: Definition) -> list[str]:
    shown = ["t" if definition.clock == "t" else "p"]
    for formal in definition.formals:
        shown.append(formal.name if formal.default is None else f"{formal.name}={expression(formal.default)}")
    return shown


# --- small pictures -----------------------------------------------------------------------------------------------------


def _picture(definition: Definition, beside: str, marks: str) -> str:
    """What it does from its start to its end, in characters; nothing where no call of it can be compiled."""
    for call in _calls(definition):
        values = _values(f"{beside}lr = {call}")
        if values is not None:
            low, high = min(values), max(values)
            size = high - low
            if size <= 1e-9 * abs(high):
                return marks[len(marks) // 2] * len(values)
            return "".join(marks[min(int((value - low) / size * len(marks)), len(marks) - 1)] for value in values)
    return ""


def _calls(definition: Definition) -> Iterator[str]:
    """Calls that may compile, the likeliest first."""
    needs = sorted(definition.needs - _LEVELS)
    levels = (
        {"max": "1", "from": "0", "to": "1"} if definition.kind == "shape" else {"max": "1", "from": "1", "to": "0.01"}
    )
    said = [f"{name}={value}" for name, value in levels.items() if name in definition.takes]
    for tried in _TRIED if set(needs) - set(_GUESSES) else _TRIED[:1]:
        given = [*said, *(f"{name}={_GUESSES.get(name, tried)}" for name in needs)]
        # A free curve whose arguments have defaults has a time of its own, such as the 4k steps of a warmup in it.
        if definition.clock == "t" and not needs:
            yield f"{definition.name}({', '.join(given)})" if given else definition.name
        yield f"{definition.name}({', '.join([str(_LENGTH), *given])})"


def _values(text: str) -> list[float] | None:
    from ..plotter import horizon

    try:
        schedule = compiled(text, "<picture>", ())
        end = horizon(schedule)
        times = [end * index / (_WIDE - 1) for index in range(_WIDE)]
        values = [float(value) for value in schedule(times, 1.0)]
        return values if all(map(math.isfinite, values)) else None
    except (ScheduleError, ArithmeticError, ValueError):
        return None
