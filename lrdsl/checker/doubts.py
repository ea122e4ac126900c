"""Doubtful lengths: bare written numbers that were hardly meant as steps.

In: a duration as written. Out: whether it is doubtful, with its problem reported. Refuses to evaluate anything: what is computed
is not doubted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import problems, tree
from ..source import Span
from .library import VARIABLES
from .scope import Bound, Scope

if TYPE_CHECKING:
    from .expressions import Check


def doubtful(check: Check, node: tree.Expression, scope: Scope, span: Span, offer: tuple[Span, str] | None) -> bool:
    """Report a bare written number under 1, or with B or T, through brackets and names."""
    may_be_zero = False
    seen: set[str] = set()
    while True:
        match node:
            case tree.Bracket():
                node = node.inner
            case tree.Name(name) if isinstance(scope.formals.get(name), Bound):
                formal = scope.formals[name]
                assert isinstance(formal, Bound)
                node, scope, span = formal.value, formal.scope, formal.value.span
            case tree.Name(name) if name not in scope.formals and name not in seen:
                found = check.text_of(name)
                if found is None or name in ("total", *VARIABLES):
                    return False
                may_be_zero |= name in check.names.params or name in check.names.bound
                seen.add(name)
                node, scope = found, Scope()
            case tree.Number(text, value, None):
                if value < 1 and not (value == 0 and may_be_zero):
                    check.report(problems.bare_share(span, text, value, offer))
                    return True
                if text[-1] in "BT":
                    check.report(problems.of_what(span, text))
                    return True
                return False
            case _:
                return False
