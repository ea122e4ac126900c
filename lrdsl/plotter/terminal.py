"""The picture in characters: braille, or ASCII; colour only where it is asked for.

In: schedules and a width. Out: one string of lines no longer than that. Refuses to know where it is printed: the caller
has looked at the terminal's size, its encoding and NO_COLOR.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..records import frozen
from .curve import Base, Curve, Landmark, Many, Panel, Scale, landmarks, panels, scale
from .labels import one_line, round_between, shorten, span_label, time_label, value_label

if TYPE_CHECKING:
    Pixels = NDArray[np.bool_]

_COLORS = (36, 33, 35, 32, 34, 31)
_MARKERS = "ox+*#@%&"
_LEGEND_LINES = 4
_TICKED = 12  # boundaries, beyond which only round times are ticks


@frozen
class Style:
    """What lines are made of. A cell holds `across` by `down` pixels; `cell` turns their bits into a character."""

    color: bool
    across: int
    down: int
    cell: Callable[[Pixels], str]
    side: str
    side_tick: str
    corner: str
    floor: str
    floor_tick: str
    span: tuple[str, str, str]
    ellipsis: str
    dot: str

    def paint(self, text: str, index: int) -> str:
        return f"\x1b[{_COLORS[index % len(_COLORS)]}m{text}\x1b[0m" if self.color and text.strip() else text


def _braille(bits: Pixels) -> str:
    weights = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
    code = sum(weights[y][x] for y in range(4) for x in range(2) if bits[y, x])
    return chr(0x2800 + code) if code else " "


def _ascii(bits: Pixels) -> str:
    return {(False, False): " ", (True, False): "'", (False, True): ".", (True, True): "|"}[
        bool(bits[0, 0]), bool(bits[1, 0])
    ]


def _style(color: bool, unicode: bool) -> Style:
    if unicode:
        return Style(color, 2, 4, _braille, "│", "┤", "└", "─", "┬", ("├", "─", "┤"), "…", " · ")
    return Style(color, 1, 2, _ascii, "|", "+", "+", "-", "+", ("|", "-", "|"), "...", ", ")


def terminal(
    schedules: Many,
    *,
    width: int,
    height: int = 16,
    log: bool | None = None,
    color: bool = False,
    unicode: bool = True,
    until: float | None = None,
    base: Base = None,
) -> str:
    """Schedules as lines of at most `width` characters, the curve `height` lines high; several outputs under one another.

    Under the axis stand the phases (of several schedules, their texts), and the values that people look for.

    >>> import lrdsl
    >>> s = lrdsl.compile("warmup(15, to=0.1) then linear(to=0)", total=40)
    >>> print(terminal(s, width=60, height=4, unicode=False))
    0.1 +                ...|'''|....
        |          ...|'''           ''''|.....
        |    ...|'''                          '''''|.....
      0 +.|'''                                          '''''|..
        ++-------------+------+------+------------+------------+
         0            10     15     20           30           40
         |-warmup(15, to=0.1)||--------- linear(to=0) ---------|
         peak 0.1 at 15, end 0 at 40
    """
    style = _style(color, unicode)
    found = panels(schedules, until, base, max(width, 20) * 2)
    if len(found) > 1:
        height = max(height // len(found), 6)
    lines: list[str] = []
    for panel in found:
        lines += [panel.name] if len(found) > 1 else []
        lines += _panel(panel, style, width, max(height, 3), log)
    clock = found[0].curves[0].clock
    lines += [f"time is in {clock}"] if clock != "steps" else []
    kept = "\n".join(_cut(line.rstrip(), width) for line in lines)
    return kept if unicode else kept.encode("ascii", "replace").decode("ascii")


def _panel(panel: Panel, style: Style, width: int, height: int, log: bool | None) -> list[str]:
    them = panel.curves
    axis = scale(them, log)
    ticks = _value_ticks(them, axis, height)
    gutter = max(len(text) for text in ticks.values()) + 1
    columns = max(width - gutter - 1, 8)
    edges = _edges(them[0], columns)
    lines = [
        f"{ticks.get(row, ''):>{gutter - 1}} {style.side_tick if row in ticks else style.side}{line}".rstrip()
        for row, line in enumerate(_body(them, axis, columns, height, edges, style))
    ]
    marked, labels = _time_ticks(them, columns)
    rule = "".join(style.floor_tick if column in marked else style.floor for column in range(columns))
    lines += [f"{'':{gutter}}{style.corner}{rule}", f"{'':{gutter}}{labels}"]
    under = _phases(them[0], edges, columns, style) if len(them) == 1 else _texts(them, columns, style)
    lines += [f"{'':{gutter}} {line}" for line in under]
    kinds = {curve.unit for curve in them} - {panel.name}
    if kinds:
        lines.append(f"{'':{gutter}} values are {' or '.join(sorted(kinds))}")
    return lines


def _cut(line: str, width: int) -> str:
    """The last guard for very small widths; colours take no room."""
    if len(re.sub("\x1b\\[[0-9]*m", "", line)) <= width:
        return line
    return re.sub("\x1b\\[[0-9]*m", "", line)[:width]


# --- the curve --------------------------------------------------------------------------------------------------------


def _edges(curve: Curve, columns: int) -> list[int]:
    """The columns at which phases begin, and the last one's end. However short, each phase has one, while there are."""
    begins = [round(begin / curve.end * columns) for begin in (0.0, *curve.boundaries)]
    if len(begins) <= columns // 2:
        for i in range(1, len(begins)):
            begins[i] = max(begins[i], begins[i - 1] + 1)
        for i in range(len(begins) - 1, 0, -1):
            begins[i] = min(begins[i], columns - (len(begins) - i))
    return [*begins, columns]


def _raster(curve: Curve, axis: Scale, across: int, down: int) -> Pixels:
    """The pixels of a curve: in each column all from its least to its greatest value, joined to the column before."""
    place = np.rint((1.0 - axis.place(curve.values)) * (down - 1)).astype(np.int64)
    column = np.minimum((curve.times / curve.end * across).astype(np.int64), across - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    top, bottom = np.minimum.reduceat(place, starts), np.maximum.reduceat(place, starts)
    before = place[np.maximum(starts - 1, 0)]
    before[0] = place[0]
    top, bottom = np.minimum(top, before + 1), np.maximum(bottom, before - 1)
    rows = np.arange(down)[:, None]
    found = np.zeros((down, across), dtype=np.bool_)
    found[:, column[starts]] = (rows >= top) & (rows <= bottom)
    return found


def _body(them: Sequence[Curve], axis: Scale, columns: int, height: int, edges: list[int], style: Style) -> list[str]:
    if len(them) > 1:
        return _several(them, axis, columns, height, style)
    pixels = _raster(them[0], axis, columns * style.across, height * style.down)
    owner = np.searchsorted(np.array(edges[1:]), np.arange(columns), side="right")
    lines = []
    for row in range(height):
        band = pixels[row * style.down : (row + 1) * style.down]
        cells = [style.cell(band[:, c * style.across : (c + 1) * style.across]) for c in range(columns)]
        lines.append(_painted(cells, [int(index) for index in owner], style))
    return lines


def _several(them: Sequence[Curve], axis: Scale, columns: int, height: int, style: Style) -> list[str]:
    """Each schedule in its colour; without colours, each with its marker. Where they meet the later one is on top."""
    across, down = (style.across, style.down) if style.color else (1, 1)
    grids = [_raster(curve, axis, columns * across, height * down) for curve in them]
    lines = []
    for row in range(height):
        cells, owner = [" "] * columns, [0] * columns
        for column in range(columns):
            place = slice(row * down, (row + 1) * down), slice(column * across, (column + 1) * across)
            here = [index for index, grid in enumerate(grids) if grid[place].any()]
            if here:
                bits = np.logical_or.reduce([grids[index][place] for index in here])
                owner[column] = here[-1]
                cells[column] = style.cell(bits) if style.color else _MARKERS[here[-1] % len(_MARKERS)]
        lines.append(_painted(cells, owner, style))
    return lines


def _painted(cells: Sequence[str], owner: Sequence[int], style: Style) -> str:
    """Cells in the colours of their owners, a colour said once for a run of cells."""
    line, start = "", 0
    for column in range(1, len(cells) + 1):
        if column == len(cells) or owner[column] != owner[start]:
            line += style.paint("".join(cells[start:column]), owner[start])
            start = column
    return line


# --- the axes ---------------------------------------------------------------------------------------------------------


def _value_ticks(them: Sequence[Curve], axis: Scale, height: int) -> dict[int, str]:
    """Row to label: the greatest and the least value, levels that people look for, round numbers between."""
    first = [axis.high, axis.bottom] if axis.bottom == axis.low else [axis.high, axis.bottom, axis.low]
    levels = [one.value for curve in them for one in landmarks(curve)][:12]
    ticks: dict[int, str] = {}
    for index, value in enumerate(
        [*first, *levels, *round_between(axis.low, axis.high, 8 if axis.log else 3, axis.log)]
    ):
        share = float(axis.place(np.array([value]))[0])
        row = round((1.0 - share) * (height - 1))
        if row in ticks or (index >= 2 and any(abs(row - other) < 2 for other in ticks)) or len(ticks) >= 6:
            continue
        zero = axis.log and axis.bottom < axis.low and index == 1
        ticks[row] = "0" if zero else value_label(value)
    return ticks


def _time_ticks(them: Sequence[Curve], columns: int) -> tuple[set[int], str]:
    """The columns of ticks and the line of labels: the ends first, then boundaries and landmarks, then round times."""
    end = them[0].end
    marks = [0.0]
    whole = any(curve.still is None or curve.still >= end for curve in them)
    marks += [end] if whole else []
    for curve in them:
        marks += [one.time for one in landmarks(curve) if one.name in ("peak", "held")]
        marks += curve.boundaries if len(curve.boundaries) <= _TICKED else ()
    chosen = len(marks)
    marks += round_between(0.0, end, 4 if columns >= 50 else 2, False)
    room, marked = [" "] * (columns + 1), set()
    for index, time in enumerate(marks):
        column = min(round(time / end * columns), columns - 1)
        label = time_label(time)
        left = min(max(column + 1 - len(label) // 2, 0), columns + 1 - len(label))
        gap = 1 if index < chosen else 2
        if left < 0 or any(cell != " " for cell in room[max(left - gap, 0) : left + len(label) + gap]):
            continue
        room[left : left + len(label)] = label
        marked.add(column)
    return marked, "".join(room).rstrip()


# --- under the axes ---------------------------------------------------------------------------------------------------


def _phases(curve: Curve, edges: list[int], columns: int, style: Style) -> list[str]:
    """The phases under their columns. Where one is too narrow for its name all are numbered, and named in a legend."""
    names = [one_line(phase.text) for phase in curve.phases]
    widths = [after - before for before, after in pairwise(edges)]
    cramped = len(names) > 1 and any(len(name) > room - 2 for name, room in zip(names, widths, strict=True))
    lines = []
    if len(names) <= columns // 2:
        shown = [f"{i} {name}" for i, name in enumerate(names, 1)] if cramped else names
        strip = (_spanned(name, room, i, style) for i, (name, room) in enumerate(zip(shown, widths, strict=True)))
        lines.append("".join(strip))
    if cramped:
        lines += _legend(curve, names, columns, style)
    return [*lines, shorten(_facts(curve, style, columns), columns, style.ellipsis)]


def _spanned(name: str, room: int, index: int, style: Style) -> str:
    """A name in the middle of its columns: `├─── name ───┤`."""
    left, line, right = style.span
    if room < 12 and len(name) > room - 2:
        number = name.split(" ")[0] if name[:1].isdigit() else ""
        name = number if number == str(index + 1) and len(number) <= room else ""
    if room == 1 or (room == 2 and name):
        return style.paint(name.ljust(room) if name else left * room, index)
    name = shorten(name, room - 2, style.ellipsis)
    blank = " " if name and len(name) <= room - 4 else ""
    return style.paint(f"{left}{(blank + name + blank).center(room - 2, line)}{right}", index)


def _legend(curve: Curve, names: Sequence[str], columns: int, style: Style) -> list[str]:
    """`1 warmup(1000)  0 to 1k   2 exp(max=1e-3, k=1e-4)  1k on`, on few lines."""
    entries = []
    for index, (name, phase) in enumerate(zip(names, curve.phases, strict=True)):
        span = span_label(phase.begin, phase.end)
        text = shorten(f"{index + 1} {name}", max(columns - len(span) - 2, 8), style.ellipsis)
        entries.append((f"{text}  {span}", index))
    lines: list[list[tuple[str, int]]] = [[]]
    for place, entry in enumerate(entries):
        used = sum(len(text) + 3 for text, _ in lines[-1])
        more = f"and {len(entries) - place} more"
        # On the last line room is kept to say how many are left out.
        last = len(lines) == _LEGEND_LINES and place < len(entries) - 1
        if used and used + len(entry[0]) + (len(more) + 3 if last else 0) > columns:
            if len(lines) == _LEGEND_LINES:
                lines[-1].append((more, -1))
                break
            lines.append([])
        lines[-1].append(entry)
    plain: Iterable[str] = (
        "   ".join(text if index < 0 else style.paint(text, index) for text, index in line) for line in lines
    )
    return list(plain)


def _texts(them: Sequence[Curve], columns: int, style: Style) -> list[str]:
    """The legend of several schedules: marker, text, and under it what is to be known of it."""
    lines = []
    for index, curve in enumerate(them):
        mark = style.floor * 2 if style.color else _MARKERS[index % len(_MARKERS)]
        text = shorten(f"{mark} {curve.text}", columns, style.ellipsis)
        lines += [style.paint(text, index), f"  {_facts(curve, style, columns - 2)}"]
    return lines


def _facts(curve: Curve, style: Style, room: int) -> str:
    """`peak 1e-3 at 1k · held 1e-6 from 70.1k`: as many as there is room for."""
    said = ""
    for one in landmarks(curve):
        fact = _fact(one)
        if said and len(said) + len(style.dot) + len(fact) > room:
            break
        said += style.dot + fact if said else fact
    return said


def _fact(one: Landmark) -> str:
    """A landmark in words; what the picture cuts off goes on."""
    if one.name == "start":
        return f"start {value_label(one.value)}"
    name = "" if one.name in ("level", "held", "edge") else f"{one.name} "
    return f"{name}{one.text}{', going on' if one.name == 'edge' else ''}"
