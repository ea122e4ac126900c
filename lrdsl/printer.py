"""Tree to text: the one canonical form.

In: a tree. Out: its text, with single blanks and no line breaks inside a statement; comments stay with their statement. Printing
and parsing again gives the same tree. Refuses to change anything that is written: numbers and brackets stay.
"""

from __future__ import annotations

from . import tree


def show(file: tree.File) -> str:
    """The text of a file."""
    lines: list[str] = []
    for commented in file.statements:
        lines += commented.above
        behind = f"  {commented.behind}" if commented.behind else ""
        lines.append(statement(commented.statement) + behind)
    lines += file.below
    return "\n".join(lines) + "\n" if lines else ""


def statement(node: tree.Statement) -> str:
    match node:
        case tree.Param():
            return f"param {node.name} = {expression(node.value)}"
        case tree.Let():
            return f"let {node.name} = {expression(node.value)}"
        case tree.Bare():
            return expression(node.value)
        case tree.Assign():
            return f"{node.name} = {expression(node.value)}"
        case tree.Group():
            return f'{node.name}["{node.pattern}"] = {expression(node.value)}'
        case tree.Shape():
            second = "" if node.complement is None else f", {expression(node.complement)}"
            return f"shape {node.name}({_formals(node.formals)}) = {expression(node.value)}{second}"
        case tree.Curve():
            return f"curve {node.name}({_formals(node.formals)}) = {expression(node.value)}"
        case tree.Assert():
            return _assertion(node)


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
            return f"({expression(node.inner)})"
        case tree.Phase():
            said = (("for", node.for_), ("skip", node.skip), ("until", node.until))
            parts = "".join(f" {word} {expression(part)}" for word, part in said if part is not None)
            return expression(node.body) + parts
        case tree.Chain():
            return " then ".join(expression(phase) for phase in node.phases)
        case tree.Line():
            clauses = "".join(f" {clause.word} {expression(clause.value)}" for clause in node.clauses)
            return expression(node.body) + clauses


def _unit(node: tree.Number) -> str:
    if node.unit == "%":
        return "%"
    assert node.unit is not None
    return f" {node.unit[:-1] if node.value == 1 else node.unit}"


def _argument(argument: tree.Argument) -> str:
    value = expression(argument.value)
    return value if argument.name is None else f"{argument.name}={value}"


def _arithmetic(node: tree.Arithmetic) -> str:
    # Products stand close where they are operands of a sum, as people write `1 - t/10`.
    text = expression(node.operands[0])
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        gap = "" if operator in "*/" else " "
        text += f"{gap}{operator}{gap}{expression(operand)}"
    return text
