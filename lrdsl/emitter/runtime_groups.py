"""How a standalone module finds what a param group sees: its function is copied into each module of a text with lines for groups.

In: the name of a group and the tables of the text. Out: a function for each output. Nothing here may use anything of lrdsl.
"""

from __future__ import annotations

import re
from typing import Any


def functions_for(name: Any, named: Any, lines: Any, seen: Any) -> Any:
    """A function for each output, as a group of that name has it.

    A line is (output, pattern, what its names look like, the wider lines): of those that match a name the one wins to which all
    others are wider. What an output is depends on the lines that win for some outputs, itself among them."""
    if name in named:
        return dict(named[name])
    won: Any = {}
    for output in dict.fromkeys(line[0] for line in lines):
        matching = [n for n, line in enumerate(lines) if line[0] == output and re.fullmatch(line[2], name)]
        narrowest = [n for n in matching if all(other == n or other in lines[n][3] for other in matching)]
        if matching and not narrowest:
            raise LookupError(f"several lines of {output} match {name!r}: {[lines[n][1] for n in matching]}")
        won.update((output, n) for n in narrowest)
    found: Any = {}
    for output, (others, functions) in seen.items():
        key = tuple(won.get(other) for other in others)
        if key not in functions:
            raise LookupError(f"{output} of {name!r} is not in here: write the module with the names of its groups")
        if functions[key] is not None:
            found[output] = functions[key]
    return found
