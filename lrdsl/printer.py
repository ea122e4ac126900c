"""Tree to text: the one canonical form.

In: a tree. Out: its text: single blanks, `=` and the comments behind aligned in runs of lines, long statements broken before the
words that join them. Comments and single empty lines stay where they are. Printing and parsing again gives the same tree. Refuses
to change anything that is written: numbers and brackets stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import tree
from .records import frozen

COLUMNS = 100  # of a statement; beyond, it is broken where it can be
PUSHED = 30  # columns by which a longer neighbour may move something
_INDENT = "\n" + " " * 4


@frozen
class _Row:
    """A statement on its way to a line: what stands before `=`, what stands behind it, and where that may be broken."""

    head: str
    parts: tuple[str, ...]
    aligned: str  # the statements among whose heads it is aligned; empty for none
    stays: bool  # on one line, however long

    def text(self, width: int) -> str:
        head = f"{self.head:<{width}} = " if self.head else ""
        line = head + " ".join(self.parts)
        if len(line) <= COLUMNS or self.stays:
            return line
        return head + _INDENT.join(self.parts)


def show(file: tree.File) -> str:
    """The text of a file."""
    lines: list[str] = []
    for run in _runs(file.statements):
        lines += run[0].above
        lines += _run(run)
    lines += file.below
    return "".join(f"{line}\n" for line in _once(lines))


def statement(node: tree.Statement) -> str:
    """One statement by itself."""
    return _row(node).text(0)


def _runs(statements: Sequence[tree.Commented]) -> list[list[tree.Commented]]:
    """Statements that stand directly below one another."""
    runs: list[list[tree.Commented]] = []
    for one in statements:
        if not runs or one.above:
            runs.append([])
        runs[-1].append(one)
    return runs


def _run(run: list[tree.Commented]) -> list[str]:
    keyword = len("param") if any(isinstance(one.statement, tree.Param) for one in run) else len("let")
    rows = [_row(one.statement, keyword) for one in run]
    stops = {kind: _stop([len(row.head) for row in rows if row.aligned == kind]) for kind in ("", "names", "outputs")}
    texts = [row.text(stops[row.aligned] if row.aligned else 0) for row in rows]
    stop = _stop([len(text) for text in texts if "\n" not in text])
    lines = []
    for text, one in zip(texts, run, strict=True):
        if one.behind:
            text = (text if "\n" in text else text.ljust(stop)) + f"  {one.behind}"
        lines.append(text)
    return lines


def _stop(lengths: list[int]) -> int:
    """Where things of these lengths end when aligned: with the longest that does not push the shortest too far."""
    limit = min(lengths, default=0) + PUSHED
    return max((length for length in lengths if length <= limit), default=0)


def _once(lines: Iterable[str]) -> list[str]:
    """The lines with single empty ones between others only."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept[:-1] if kept and not kept[-1] else kept


def _row(node: tree.Statement, keyword: int = 0) -> _Row:
    match node:
        case tree.Param():
            return _Row(f"{'param':<{keyword}} {node.name}", _parts(node.value), "names", False)
        case tree.Let():
            return _Row(f"{'let':<{keyword}} {node.name}", _parts(node.value), "names", False)
        case tree.Bare():
            # One line is also a word of a shell and a value of YAML, so it is broken only where its author broke it.
            return _Row("", _parts(node.value), "", not set("\r\n") & set(node.span.text))
        case tree.Assign():
            return _Row(node.name, _parts(node.value), "outputs", False)
        case tree.Group():
            return _Row(f'{node.name}["{node.pattern}"]', _parts(node.value), "outputs", False)
        case tree.Shape():
            first = _parts(node.value)
            if node.complement is not None:
                second = _parts(node.complement)
                first = (*first[:-1], f"{first[-1]}, {second[0]}", *second[1:])
            return _Row(f"shape {node.name}({_formals(node.formals)})", first, "", False)
        case tree.Curve():
            return _Row(f"curve {node.name}({_formals(node.formals)})", _parts(node.value), "", False)
        case tree.Assert():
            return _Row("", (_assertion(node),), "", True)


def _parts(node: tree.Expression) -> tuple[str, ...]:
    """An expression, cut before each word with which a line may begin."""
    match node:
        case tree.Line():
            return (*_parts(node.body), *(f"{clause.word} {expression(clause.value)}" for clause in node.clauses))
        case tree.Chain():
            first, *rest = (expression(phase) for phase in node.phases)
            return (first, *(f"then {phase}" for phase in rest))
    return (expression(node),)


def _formals(formals: tuple[tree.Formal, ...]) -> str:
    return ", ".join(
        formal.name if formal.default is None else f"{formal.name}={expression(formal.default)}" for formal in formals
    )


def _assertion(node: tree.Assert) -> str:
    claim = node.claim
    if claim.at is not None and claim.value is not None:
        said = f"at {expression(claim.at)} {claim.word} {expression(claim.value)}"
    elif claim.value is not None:
        said = f"{claim.word} {expression(claim.value)}"
    else:
        said = "is continuous" if claim.word == "continuous" else claim.word
    windows = "".join(f" {word} {expression(value)}" for word, value in node.windows)
    return f"assert {node.name} {said}{windows}"


def expression(node: tree.Expression) -> str:
    match node:
        case tree.Number():
            return node.text + ("" if node.unit is None else _unit(node))
        case tree.Name():
            return node.name
        case tree.Call():
            return f"{node.name}({', '.join(_argument(argument) for argument in node.arguments)})"
        case tree.Negative():
            return f"-{expression(node.operand)}"
        case tree.Power():
            return f"{expression(node.base)}^{expression(node.exponent)}"
        case tree.Arithmetic():
            return _arithmetic(node)
        case tree.Bracket():
            return f"({_shifted(node.inner) or expression(node.inner)})"
        case tree.Phase():
            said = (("for", node.for_), ("skip", node.skip), ("until", node.until))
            parts = "".join(f" {word} {expression(part)}" for word, part in said if part is not None)
            return expression(node.body) + parts
        case tree.Chain() | tree.Line():
            return " ".join(_parts(node))


def _unit(node: tree.Number) -> str:
    if node.unit == "%":
        return "%"
    assert node.unit is not None
    return f" {node.unit[:-1] if node.value == 1 else node.unit}"


def _argument(argument: tree.Argument) -> str:
    value = expression(argument.value)
    return value if argument.name is None else f"{argument.name}={value}"


def _arithmetic(node: tree.Arithmetic) -> str:
    text = _operand(node.operands[0])
    # Products of plain names and numbers stand close, `2*p`, and so do the terms of a sum, `1 - t/10`.
    close = node.operators[0] in "*/" and all(_plain(operand) for operand in node.operands)
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        text += f"{operator}{_operand(operand)}" if close else f" {operator} {_operand(operand)}"
    return text


def _operand(node: tree.Expression) -> str:
    if not isinstance(node, tree.Arithmetic):
        return expression(node)
    text = _operand(node.operands[0])
    return text + "".join(f"{o}{_operand(x)}" for o, x in zip(node.operators, node.operands[1:], strict=True))


def _plain(node: tree.Expression) -> bool:
    match node:
        case tree.Number() | tree.Name():
            return True
        case tree.Negative():
            return _plain(node.operand)
    return False


def _shifted(node: tree.Expression) -> str | None:
    """`t+1`: a letter that is shifted by a number stands close in its bracket, as in `(t+1)^-0.5`."""
    match node:
        case tree.Arithmetic(
            operators=("+" | "-" as sign,), operands=(tree.Name(name=name), tree.Number(unit=None) as by)
        ):
            return f"{name}{sign}{expression(by)}" if len(name) == 1 else None
    return None
