"""A schedule as a notebook shows it: its text, its curve, its phases.

In: a schedule. Out: HTML that stands by itself: an SVG for each output, no script, nothing from outside, and everything that comes
from the text escaped. Colors are those of the page, light or dark. Refuses to need matplotlib, and to fail: what cannot be drawn
says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..explanation import HEADS, Explained, PhaseRow, cells_of, explain, shown_of
from ..schedule import Schedule
from .curve import Curve, Scale, horizon, sample, scale
from .labels import round_between, time_label, value_label

if TYPE_CHECKING:
    from .curve import Floats

_WIDE, _HIGH = 640, 212
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 36, 34
_LINE = "#2a85d0"  # told apart from white and from black
_NEAR = 0.15  # of a pixel: what a line leaves out
_MOST_OUTPUTS, _MOST_TEXT, _MOST_DIVIDERS, _MOST_LIMITS = 8, 4_000, 60, 4
_CELL = 'style="text-align:left;white-space:nowrap"'
_TEXT = 'style="text-align:left"'


def html(schedule: Schedule) -> str:
    """The page of a schedule."""
    parts = [_pre(_clipped(str(schedule).rstrip()))]
    if schedule.bindings:
        bound = ", ".join(f"{name} = {value}" for name, value in schedule.bindings.items())
        parts.append(_note(f"with {_clipped(bound)}"))
    if schedule.missing:
        parts += [_pre(_printable(str(problem))) for problem in schedule.missing]
        return _page(parts)
    parts.append(f"<div><b>{escape(schedule.summary)}</b></div>")
    explained = explain(schedule).outputs
    ready = [output for output in schedule.plain if output.relation != "mixed"]
    end = max((horizon(output) for output in ready[:_MOST_OUTPUTS]), default=0.0)
    for output in explained[:_MOST_OUTPUTS]:
        if output.needs:
            parts.append(
                _note(f"{output.name} depends on the base of {' and '.join(output.needs)}: plot(base=...) draws it")
            )
        else:
            curve = sample(schedule[output.name], "", end, None, _WIDE)
            parts.append(_svg(curve, output.name, schedule.summary))
        parts.append(_table(output))
    if len(explained) > _MOST_OUTPUTS:
        parts.append(_note(f"and {len(explained) - _MOST_OUTPUTS} more outputs"))
    return _page(parts)


def _page(parts: Sequence[str]) -> str:
    return f'<div style="max-width:{_WIDE + 80}px">\n' + "\n".join(parts) + "\n</div>"


def _pre(text: str) -> str:
    return f'<pre style="white-space:pre-wrap;margin:4px 0">{escape(text)}</pre>'


def _note(text: str) -> str:
    return f'<div style="opacity:0.75">{escape(_printable(text))}</div>'


def _clipped(text: str) -> str:
    text = _printable(text)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]} ..."


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


# --- the curve --------------------------------------------------------------------------------------------------------


def _svg(curve: Curve, name: str, summary: str) -> str:
    axis = scale([curve])
    told = escape(summary if summary.startswith(f"{name} ") else f"{name}, of {summary}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" height="{_HIGH}" role="img" '
        f'aria-label="{told}" style="display:block;max-width:100%;height:auto;font:11px sans-serif" fill="currentColor">',
        f"<title>{told}</title>",
        *_dividers(curve),
        *_axes(curve, axis),
        f'<polyline points="{_points(curve, axis)}" fill="none" stroke="{_LINE}" stroke-width="1.8" '
        'stroke-linejoin="round"/>',
        "</svg>",
    ]
    return "\n".join(lines)


def _x(time: float, end: float) -> float:
    return _LEFT + time / end * (_WIDE - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HIGH - _BOTTOM - share * (_HIGH - _TOP - _BOTTOM)


def _dividers(curve: Curve) -> Iterator[str]:
    """A line where each phase begins, and its number above it."""
    if len(curve.phases) < 2 or len(curve.phases) > _MOST_DIVIDERS:
        return
    ends = [*curve.boundaries, curve.end]
    for number, (phase, end) in enumerate(zip(curve.phases, ends, strict=True), 1):
        first, last = _x(float(phase.begin), curve.end), _x(min(end, curve.end), curve.end)
        if number > 1:
            yield (
                f'<line x1="{first:.1f}" x2="{first:.1f}" y1="{_TOP - 6}" y2="{_HIGH - _BOTTOM}" stroke="currentColor" '
                'stroke-opacity="0.25" stroke-dasharray="3 3"/>'
            )
        if last - first > 7 * len(str(number)) + 4:
            yield f'<text x="{(first + last) / 2:.1f}" y="{_TOP - 8}" text-anchor="middle" fill-opacity="0.7">{number}</text>'


def _axes(curve: Curve, axis: Scale) -> Iterator[str]:
    left, right, bottom = _LEFT, _WIDE - _RIGHT, _HIGH - _BOTTOM
    yield f'<path d="M{left} {_TOP - 6}V{bottom}H{right}" fill="none" stroke="currentColor" stroke-opacity="0.6"/>'
    values = (
        round_between(axis.low, axis.high, 4, True) if axis.log else round_between(axis.bottom, axis.high, 4, False)
    )
    marks = {value: value_label(value) for value in values}
    if axis.log and float(curve.values.min()) <= 0:
        marks[axis.bottom] = "0"
    for value, label in marks.items():
        y = _y(float(axis.place(np.array([value]))[0]))
        yield f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" stroke-opacity="0.12"/>'
        yield f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    for time in round_between(0.0, curve.end, 5, False):
        x = _x(time, curve.end)
        anchor = "end" if x > right - 14 else "middle"
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}" stroke="currentColor" stroke-opacity="0.6"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="{anchor}">{time_label(time)}</text>'
    yield f'<text x="{right}" y="{_HIGH - 5}" text-anchor="end" fill-opacity="0.7">{escape(curve.clock)}</text>'
    yield f'<text x="2" y="12" fill-opacity="0.7">{escape(curve.unit)}</text>'


def _points(curve: Curve, axis: Scale) -> str:
    xs = _LEFT + curve.times / curve.end * (_WIDE - _LEFT - _RIGHT)
    ys = _HIGH - _BOTTOM - axis.place(curve.values) * (_HIGH - _TOP - _BOTTOM)
    kept = _thinned(xs, ys)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs[kept].tolist(), ys[kept].tolist(), strict=True))


def _thinned(xs: Floats, ys: Floats) -> list[int]:
    """The points that a line needs: in each column of pixels the first, least, greatest and last; of these, what a straight line
    between its neighbours would miss."""
    columns = np.floor(xs).astype(np.int64)
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    found: set[int] = set()
    for first, last in zip(starts.tolist(), [*starts[1:].tolist(), len(xs)], strict=True):
        some = ys[first:last]
        found |= {first, first + int(some.argmin()), first + int(some.argmax()), last - 1}
    index = np.array(sorted(found))
    px, py = xs[index], ys[index]
    kept = {0, len(index) - 1}
    ranges = [(0, len(index) - 1)]
    while ranges:
        a, b = ranges.pop()
        if b - a < 2:
            continue
        dx, dy = px[b] - px[a], py[b] - py[a]
        away = np.abs(dx * (py[a + 1 : b] - py[a]) - dy * (px[a + 1 : b] - px[a])) / max(float(np.hypot(dx, dy)), 1e-9)
        worst = int(away.argmax())
        if away[worst] > _NEAR:
            middle = a + 1 + worst
            kept.add(middle)
            ranges += [(a, middle), (middle, b)]
    return [int(index[one]) for one in sorted(kept)]


# --- the phases -------------------------------------------------------------------------------------------------------


def _table(output: Explained) -> str:
    heads = ("", "phase", *HEADS)
    lines = ['<table style="border-collapse:separate;border-spacing:8px 1px;margin:2px 0 8px">']
    lines.append("<tr>" + "".join(f"<th {_CELL}>{head}</th>" for head in heads) + "</tr>")
    before = 0
    for row in shown_of(output.rows):
        if row.number > before + 1:
            lines.append(f'<tr><td {_CELL} colspan="8">... {row.number - before - 1:_} more phases</td></tr>')
        before = row.number
        told = "".join(f"<td {_CELL}>{escape(cell)}</td>" for cell in cells_of(row, output, output.value))
        lines.append(f"<tr><td {_CELL}>{row.number}</td><td {_TEXT}>{_named(row)}</td>{told}</tr>")
    for limit in output.limits[:_MOST_LIMITS]:
        text = escape(f"{limit.level.name} {limit.level.text}")
        lines.append(f'<tr><td {_CELL}></td><td {_CELL} colspan="7"><code>{text}</code></td></tr>')
    return "\n".join([*lines, "</table>"])


def _named(row: PhaseRow) -> str:
    """The text of a phase; where its levels came from is seen when it is pointed at."""
    why = escape("; ".join(f"{level.name} {level.text}: {level.why}" for level in row.levels if level.of is None))
    return f'<code title="{why}">{escape(_clipped(row.text))}</code>'
