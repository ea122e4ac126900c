"""A problem as a value, and its renderings.

In: a code, a message, labelled spans and mends. Out: text for people, in colour or plain; a line for logs; plain data for programs.
Refuses to know any wording: that is in `problems/`.
"""

from __future__ import annotations

from typing import Any, Literal

from .records import frozen
from .source import Source, Span

Severity = Literal["error", "note"]

_EXCERPT = 150  # characters of a line that are shown; a text of one line may be a megabyte long


@frozen
class Label:
    """A span and what is to be said of it. The first label of a diagnostic is the place to change."""

    span: Span
    says: str = ""


@frozen
class Mend:
    """Advice and, where there are edits, the changes of the text that carry it out."""

    says: str
    edits: tuple[tuple[Span, str], ...] = ()

    def apply(self, text: str) -> str:
        """The text with every edit made."""
        for span, new in sorted(self.edits, key=lambda edit: edit[0].start, reverse=True):
            text = text[: span.start] + new + text[span.end :]
        return text


@frozen
class Diagnostic:
    """A problem: `code`, `message`, where (`line`, `column`, `end_column`, from the first label) and `help`.

    `name` is that of a note, by which a text or a caller may silence it.
    """

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    mends: tuple[Mend, ...] = ()
    severity: Severity = "error"
    name: str | None = None

    @property
    def title(self) -> str:
        """The code, with the name of a note: `N501 jump`."""
        return self.code if self.name is None else f"{self.code} {self.name}"

    @property
    def source(self) -> Source | None:
        return self.labels[0].span.source if self.labels else None

    @property
    def line(self) -> int | None:
        return self.labels[0].span.source.position(self.labels[0].span.start)[0] if self.labels else None

    @property
    def column(self) -> int | None:
        return self.labels[0].span.source.position(self.labels[0].span.start)[1] if self.labels else None

    @property
    def end_column(self) -> int | None:
        """The column behind the span, or behind the first line of it where it has several."""
        if self.column is None or self.line is None:
            return None
        span = self.labels[0].span
        end = min(span.end - span.start, len(span.source.line(self.line)) - self.column + 1)
        return self.column + max(end, 0)

    @property
    def help(self) -> str | None:
        return "; or ".join(mend.says for mend in self.mends) or None

    def __str__(self) -> str:
        return render(self)


class ScheduleError(ValueError):
    """A text, a binding or a call that cannot be carried out; `problems` holds one Diagnostic for each reason."""

    def __init__(self, *problems: Diagnostic) -> None:
        super().__init__(*problems)
        self.problems: tuple[Diagnostic, ...] = problems

    def __str__(self) -> str:
        return "\n\n".join(render(problem) for problem in self.problems)


class NoAttribute(ScheduleError, AttributeError):
    """Something that a schedule has not; `hasattr` answers no, and a person is told what there is."""


class ScheduleWarning(UserWarning):
    """Training goes on, but not as the text says."""


def render(problem: Diagnostic, color: bool = False) -> str:
    """The problem as people read it: message, place, the line with a caret under the exact span, help."""
    strong, mark = ("1;31", "1;31") if problem.severity == "error" else ("1;36", "1;36")
    head = _paint(f"{problem.severity}[{problem.title}]", strong, color) + _paint(f": {problem.message}", "1", color)
    out = [head]
    out += _excerpts(problem, mark, color)
    indent = " " * (_gutter(problem) + 1)
    for mend in problem.mends:
        first, *rest = mend.says.split("\n")
        out.append(f"{indent}{_paint('=', '1;34', color)} {_paint('help', '1', color)}: {first}")
        out += [f"{indent}        {line}" for line in rest]
    return "\n".join(out)


def _gutter(problem: Diagnostic) -> int:
    lines = [label.span.source.position(label.span.start)[0] for label in problem.labels]
    return len(str(max(lines, default=0)))


def _excerpts(problem: Diagnostic, mark: str, color: bool) -> list[str]:
    if not problem.labels:
        return []
    width = _gutter(problem)
    bar = _paint("|", "1;34", color)
    out: list[str] = []
    shown: Source | None = None
    for index, label in enumerate(problem.labels):
        source = label.span.source
        line, column = source.position(label.span.start)
        if source is not shown:
            out.append(f"{' ' * width}{_paint('-->', '1;34', color)} {source.name}:{line}:{column}")
            out.append(f"{' ' * width} {bar}")
            shown = source
        text, column = _window(source.line(line), column)
        size = max(1, min(label.span.end - label.span.start, len(text) - column + 1))
        sign = ("^" if index == 0 else "-") * size
        pointer = _paint(f"{sign} {label.says}".rstrip(), mark if index == 0 else "1;34", color)
        out.append(f"{_paint(f'{line:>{width}}', '1;34', color)} {bar} {text}")
        out.append(f"{' ' * width} {bar} {' ' * (column - 1)}{pointer}")
    out.append(f"{' ' * width} {bar}")
    return out


def _window(line: str, column: int) -> tuple[str, int]:
    # A tab would shift the caret; one blank in its place keeps both lines in step.
    line = line.replace("\t", " ")
    if len(line) <= _EXCERPT:
        return line, column
    first = max(0, min(column - _EXCERPT // 2, len(line) - _EXCERPT))
    cut = line[first : first + _EXCERPT]
    head = "..." if first else ""
    tail = "..." if first + _EXCERPT < len(line) else ""
    return head + cut + tail, column - first + len(head)


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


def concise(problem: Diagnostic) -> str:
    """The problem in one line, as compilers say it."""
    place = f"{problem.source.name}:{problem.line}:{problem.column}: " if problem.source else ""
    colon = "" if problem.name is None else ":"
    return f"{place}{problem.title}{colon} {' '.join(problem.message.split())}"


def as_data(problem: Diagnostic) -> dict[str, Any]:
    """The problem as JSON has it. Lines and columns count from 1; an end is behind the last character; `start` and `end` of an edit
    are offsets, in characters."""
    place: dict[str, int | None] = {"line": None, "column": None, "end_line": None, "end_column": None}
    if problem.labels:
        place = _place(problem.labels[0].span)
    mends = [
        {
            "says": mend.says,
            "edits": [{"start": s.start, "end": s.end, **_place(s), "text": text} for s, text in mend.edits],
        }
        for mend in problem.mends
    ]
    return {
        "file": problem.source.name if problem.source else None,
        **place,
        "code": problem.code,
        "name": problem.name,
        "severity": problem.severity,
        "message": problem.message,
        "help": problem.help,
        "mends": mends,
    }


def _place(span: Span) -> dict[str, int | None]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(max(span.start, span.end))
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}


def github(problem: Diagnostic) -> str:
    """The problem as a workflow command of GitHub, which shows it beside the line."""
    said: dict[str, Any] = {}
    if problem.source:
        said |= {"file": problem.source.name, "line": problem.line, "col": problem.column}
        said |= {"endColumn": problem.end_column}
    said["title"] = problem.title
    properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in said.items())
    text = problem.message + (f"\nhelp: {problem.help}" if problem.help else "")
    kind = "notice" if problem.severity == "note" else "error"
    return f"::{kind} {properties}::{_escaped(text)}"


def _escaped(text: str, also: str = "") -> str:
    for mark in "%\r\n" + also:
        text = text.replace(mark, f"%{ord(mark):02X}")
    return text
