"""What a bare name may mean at one place of a text.

In: formals, the numbers of a pattern, and why something is fixed. Out: a scope, handed down with every expression. Refuses to
know the tables of names: those are the same everywhere in a text.
"""

from __future__ import annotations

from .. import tree
from ..records import field, frozen

LevelMark = str  # a formal that is a level: its value is known to the planner only


@frozen
class Bound:
    """An expression and the scope in which it was written."""

    value: tree.Expression
    scope: Scope


@frozen
class Scope:
    """What a bare name may mean besides the names of the text.

    `formals` are those of the shape or curve in whose body we are. `constant` says that nothing may depend on time here,
    `plain` that `base` may not stand here either, and why.
    """

    formals: dict[str, Bound | LevelMark] = field(default_factory=dict)
    constant: bool = False
    plain: str | None = None
    builtin: bool = False  # inside a definition of the prelude
    length: bool = False  # inside a length, where a share is a time
    numbers: tuple[tuple[str, int], ...] = ()  # of the pattern of a group's line, in it and in the lets used there

    def fixed(self, plain: str | None = None, length: bool = False) -> Scope:
        return Scope(self.formals, True, plain or self.plain, self.builtin, length, self.numbers)
