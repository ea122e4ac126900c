"""The picture on matplotlib Axes, and in files.

In: schedules, and perhaps Axes of the caller's. Out: Axes, or a file that is the same, byte for byte, each time.
Refuses to know pyplot (it is global state) and to import matplotlib before something is drawn.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..records import frozen
from .curve import Base, Curve, Many, Panel, Scale, landmarks, panels, scale
from .labels import one_line, round_between, shorten, span_label, time_label, value_label

# Told apart by people who see few colours, and on paper; neighbours differ in lightness too.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#8c6d1f", "#3a3a8c")
_SIZE = 8.5  # of labels, in points
_POINTS = 2000  # of which a line keeps the least and the greatest value
_LINES = 60  # boundaries, beyond which there would be more lines than paper
_NAMED = 12  # phases, beyond which a legend would hide the curve
_FORMATS: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


@frozen
class Box:
    """Where a label is, in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def within(self, other: Box) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


# --- what is offered --------------------------------------------------------------------------------------------------


def save(schedules: Many, path: str | os.PathLike[str], *, log: bool | None = None, until: float | None = None,
         base: Base = None) -> None:  # fmt: skip
    """Write a picture; the suffix says which kind: .png, .svg or .pdf."""
    with sheet(path) as write:
        axes = np.atleast_1d(draw(schedules, log=log, until=until, base=base))
        write(axes[0].figure)


@contextlib.contextmanager
def sheet(path: str | os.PathLike[str]) -> Iterator[Callable[[Any], None]]:
    """What writes a figure to a file, under settings that make the same bytes each time."""
    name = os.fspath(path)
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in _FORMATS:
        found = f"`{suffix}` is none of them" if suffix else f"{os.path.basename(name)} has no suffix"
        raise ValueError(f"a picture is written as .png, .svg or .pdf: {found}")
    matplotlib = _matplotlib()
    # The user's own settings would make other bytes. As paths, letters look the same wherever the file is looked at,
    # and what was measured not to overlap does not.
    settings = {"svg.hashsalt": "lrdsl", "svg.fonttype": "path", "pdf.fonttype": 42, "savefig.dpi": 150}
    with matplotlib.style.context(["default", settings]):
        yield lambda figure: figure.savefig(name, format=suffix[1:], metadata=_FORMATS[suffix])


def draw(
    schedules: Many, ax: Any = None, *, log: bool | None = None, until: float | None = None, base: Base = None
) -> Any:
    """Draw on Axes, the caller's or new ones, and return them: of several outputs an array of Axes, a panel for each.

    One schedule: its phases as stretches of different colours, named along the top, its landmarks annotated. Several: a
    colour each. On Axes of the caller's only the first output is drawn.
    """
    matplotlib = _matplotlib()
    found = panels(schedules, until, base)
    if ax is not None:
        return _panel(ax, found[0], log)
    many = len(found)
    height = 4.5 if many == 1 else 0.5 + 2.6 * many
    figure = matplotlib.figure.Figure(figsize=(8.0, height))
    axes = figure.subplots(many, 1, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.105, right=0.96, bottom=0.5175 / height, top=1 - 0.135 / height, hspace=0.12)
    for index, (place, one) in enumerate(zip(axes, found, strict=True)):
        _panel(place, one, log)
        if index < many - 1:
            place.set_xlabel("")
            place.tick_params(labelbottom=False)
    return axes[0] if many == 1 else axes


def _panel(ax: Any, panel: Panel, log: bool | None) -> Any:
    them = panel.curves
    axis = scale(them, log)
    _axes(ax, them, axis)
    if len(them) == 1:
        points = _on_paper(ax, them[0], axis)
        taken, labels = _phases(ax, them[0], axis)
        _annotate(ax, them[0], axis, points, taken)
    else:
        for index, curve in enumerate(them):
            _line(ax, axis, curve.times, curve.values, index)
        points = np.concatenate([_on_paper(ax, curve, axis) for curve in them])
        taken, labels = [], [shorten(curve.text, 90) for curve in them]
    _legend(ax, labels, points, taken)
    return ax


def _matplotlib() -> Any:
    try:
        import matplotlib
        import matplotlib.figure
        import matplotlib.style
    except ImportError as error:
        raise ImportError('pictures in files need matplotlib: pip install "lrdsl[plot]"') from error
    return matplotlib


# --- axes -------------------------------------------------------------------------------------------------------------


def _axes(ax: Any, them: Sequence[Curve], axis: Scale) -> None:
    """Limits, ticks and labels, with room for the names along the top and for the peak's label below them."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

    end = them[0].end
    ax.set_xlim(0.0, end)
    ax.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: time_label(float(x))))
    ax.set_xlabel(them[0].clock)
    ax.set_ylabel(" and ".join(sorted({curve.unit for curve in them})))
    room = 0.24 if len(them) == 1 else _headroom(ax, len(them))
    if axis.log:
        ax.set_yscale("log")
        rise = (axis.high / axis.bottom) ** room
        ax.set_ylim(axis.bottom / rise**0.1, axis.high * rise)
        decades = round_between(axis.low, axis.high, 8, True)
        zero = [axis.bottom] if axis.bottom < axis.low else []
        ax.yaxis.set_major_locator(FixedLocator([*zero, *(decades or [axis.low, axis.high])]))
        ax.yaxis.set_minor_formatter(NullFormatter())
        named = {axis.bottom: "0"} if zero else {}
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: named.get(float(y)) or value_label(float(y))))
    else:
        rise = (axis.high - axis.bottom) * room
        ax.set_ylim(axis.bottom - rise * 0.1, axis.high + rise)
        ax.yaxis.set_major_locator(FixedLocator(round_between(axis.bottom, axis.high, 5, False)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: value_label(float(y))))
    ax.grid(axis="y", color="0.93", linewidth=0.8)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _headroom(ax: Any, entries: int) -> float:
    """The share of the axis that a legend of several texts needs above the curves: beside them it would hide one."""
    share = _pixels(ax, _legend_height(entries) + 8) / (_frame(ax).top - _frame(ax).bottom)
    return min(share / max(1 - share, 0.1), 1.0)


def _line(ax: Any, axis: Scale, times: Any, values: Any, index: int) -> None:
    kept = _thinned(values)
    shown = np.maximum(values[kept], axis.bottom) if axis.log else values[kept]
    ax.plot(times[kept], shown, color=_color(index), linewidth=1.8, solid_joinstyle="round", zorder=3)


def _color(index: int) -> str:
    return _COLORS[index % len(_COLORS)]


def _thinned(values: Any) -> Any:
    """The indices of first, last, least and greatest of each of many spans: a line through them hides no spike."""
    count = len(values)
    if count <= 4 * _POINTS:
        return np.arange(count)
    size = -(-count // _POINTS)
    padded = np.concatenate([values, np.full(-count % size, values[-1])]).reshape(-1, size)
    starts = np.arange(len(padded)) * size
    chosen = [starts, starts + size - 1, starts + padded.argmin(axis=1), starts + padded.argmax(axis=1)]
    return np.unique(np.minimum(np.concatenate(chosen), count - 1))


# --- phases -----------------------------------------------------------------------------------------------------------


def _phases(ax: Any, curve: Curve, axis: Scale) -> tuple[list[Box], list[str]]:
    """Each phase as a stretch in its colour, joined to the one before so that jumps and single steps are seen.

    Out: where names stand now, and the entries of the legend that is needed beside them.
    """
    begins = [0.0, *curve.boundaries]
    cuts = [*(int(np.searchsorted(curve.times, begin)) for begin in begins), len(curve.times)]
    for index, (start, stop) in enumerate(pairwise(cuts)):
        part = slice(max(start - 1, 0), stop)
        _line(ax, axis, curve.times[part], curve.values[part], index)
    if len(begins) <= _LINES:
        for begin in begins[1:]:
            ax.axvline(begin, color="0.85", linewidth=0.8, zorder=1)
    boxes = _names(ax, curve, begins)
    if boxes:
        return boxes, []
    labels = [
        f"{i} {shorten(one_line(phase.text), 60)}, {span_label(phase.begin, phase.end)}"
        for i, phase in enumerate(curve.phases, 1)
    ]
    return _numbers(ax, curve, begins), labels if len(labels) <= _NAMED else []


def _names(ax: Any, curve: Curve, begins: Sequence[float]) -> list[Box]:
    """The names of all phases along the top, each over its stretch; none where one of them does not fit."""
    names = [one_line(phase.text) for phase in curve.phases]
    frame = _frame(ax)
    boxes = []
    for name, begin, end in zip(names, begins, [*begins[1:], curve.end], strict=True):
        width, _ = _measured(ax, name)
        left, right = (frame.left + (frame.right - frame.left) * time / curve.end for time in (begin, end))
        if width + 8 > right - left:
            return []
        boxes.append(
            Box((left + right - width) / 2, frame.top - _pixels(ax, 14), (left + right + width) / 2, frame.top)
        )
    for index, (name, box) in enumerate(zip(names, boxes, strict=True)):
        _named(ax, name, (box.left + box.right) / 2, index)
    return boxes


def _numbers(ax: Any, curve: Curve, begins: Sequence[float]) -> list[Box]:
    """Numbers along the top, and names where they fit beside them; of very many phases, how many there are."""
    frame = _frame(ax)
    if len(begins) > _NAMED:
        first, last = (one_line(curve.phases[place].text) for place in (0, -1))
        text = f"{len(begins)} phases: {shorten(first, 40)} ... {shorten(last, 40)}"
        _named(ax, text, (frame.left + frame.right) / 2, None)
        return [Box(frame.left, frame.top - _pixels(ax, 14), frame.right, frame.top)]
    boxes: list[Box] = []
    for index, (begin, end) in enumerate(zip(begins, [*begins[1:], curve.end], strict=True)):
        left, right = (frame.left + (frame.right - frame.left) * time / curve.end for time in (begin, end))
        middle = max((left + right) / 2, frame.left + _pixels(ax, 5))
        for name in (f"{index + 1} {one_line(curve.phases[index].text)}", f"{index + 1}"):
            width, _ = _measured(ax, name)
            box = Box(middle - width / 2 - 2, frame.top - _pixels(ax, 14), middle + width / 2 + 2, frame.top)
            fits = width + 8 <= right - left or name == f"{index + 1}"
            if fits and not any(box.meets(other) for other in boxes):
                _named(ax, name, middle, index)
                boxes.append(box)
                break
    return boxes


def _named(ax: Any, name: str, middle: float, index: int | None) -> None:
    frame = _frame(ax)
    place = (middle - frame.left) / (frame.right - frame.left)
    color = "0.3" if index is None else _color(index)
    ax.annotate(name, (place, 1.0), xycoords="axes fraction", xytext=(0, -2), textcoords="offset points", ha="center",
                va="top", fontsize=_SIZE, color=color, parse_math=False, zorder=5,
                bbox={"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.5})  # fmt: skip


def _legend(ax: Any, labels: Sequence[str], points: Any, taken: Sequence[Box]) -> None:
    """A legend where it hides least. matplotlib's own "best" knows nine places, and would hide the peak's label."""
    from matplotlib.lines import Line2D

    if not labels:
        return
    frame, points = _frame(ax), points[::4]
    beside = _pixels(ax, 4.4 * _SIZE)
    labels = [_fitted(ax, label, frame.right - frame.left - beside - 8) for label in labels]
    width = max(_measured(ax, label)[0] for label in labels) + beside
    height = _pixels(ax, _legend_height(len(labels)))
    best: tuple[float, float, float] | None = None
    # Right to left and top to bottom: what is as good as another is taken where people look for a legend.
    for bottom in np.linspace(frame.top - height - 4, frame.bottom + 4, 25):
        for left in np.linspace(frame.right - width - 4, frame.left + 4, 25):
            box = Box(left - 4, bottom - 4, left + width + 4, bottom + height + 4)
            cost = _hidden(points, box) + 1000.0 * sum(box.meets(other) for other in taken)
            if best is None or cost < best[0]:
                best = (cost, float(left), float(bottom))
    assert best is not None
    corner = (
        (best[1] - frame.left) / (frame.right - frame.left),
        (best[2] - frame.bottom) / (frame.top - frame.bottom),
    )
    handles = [Line2D([], [], color=_color(index), linewidth=1.8) for index in range(len(labels))]
    legend = ax.legend(handles, labels, loc="lower left", bbox_to_anchor=corner, borderaxespad=0.0, fontsize=_SIZE,
                       framealpha=0.9, edgecolor="0.85")  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def _fitted(ax: Any, label: str, width: float) -> str:
    """A label, cut to a width in pixels."""
    size = len(label)
    while size > 8 and _measured(ax, shorten(label, size))[0] > width:
        size -= 2
    return shorten(label, size)


def _legend_height(entries: int) -> float:
    """In points, with matplotlib's own spacing."""
    return _SIZE * (1.7 * entries + 0.6)


# --- landmarks --------------------------------------------------------------------------------------------------------


def _annotate(ax: Any, curve: Curve, axis: Scale, points: Any, taken: list[Box]) -> None:
    """Labels at the landmarks, each where it hides neither the curve nor another; the less important give way."""
    marks = [mark for mark in landmarks(curve) if mark.name != "start" or mark.value > 0]
    for index, mark in enumerate(marks[:10]):
        time = curve.end / 2 if mark.name == "always" else min(mark.time, curve.end)
        place = (time, max(mark.value, axis.bottom))
        x, y = (float(part) for part in ax.transData.transform(place))
        best = _free(ax, (x, y), _measured(ax, mark.text), points, taken)
        # A label over the curve is worth having for the peak and the end only, and a far one not for a mere level.
        if best is None or (index >= 2 and best[0] >= (32 if mark.name == "level" else 100)):
            continue
        cost, box = best
        taken.append(box)
        if mark.name != "always":
            ax.plot(*place, marker="o", markersize=4, color="0.2", zorder=4, clip_on=False)
        point = _pixels(ax, 1)
        corner = ((box.left + 2 - x) / point, (box.bottom + 2 - y) / point)
        ax.annotate(mark.text, place, xytext=corner, textcoords="offset points", fontsize=_SIZE, color="0.2",
                    parse_math=False, zorder=5)  # fmt: skip
        if cost >= 20:  # far from its point: a thin line leads to it
            nearest = (min(max(x, box.left), box.right), min(max(y, box.bottom), box.top))
            ax.annotate("", place, xytext=((nearest[0] - x) / point, (nearest[1] - y) / point), zorder=2,
                        textcoords="offset points", arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.7,
                                                                "shrinkA": 0, "shrinkB": 0})  # fmt: skip


def _free(
    ax: Any, place: tuple[float, float], size: tuple[float, float], points: Any, taken: Sequence[Box]
) -> tuple[float, Box] | None:
    """The nicest box for a label near a place, in pixels, and what it costs: 100 and more if it hides the curve."""
    frame, point, best = _frame(ax), _pixels(ax, 1), None
    for cost, dx, dy in _offsets(size[0] / point, size[1] / point):
        # Beside the frame's edge a label is moved inwards, not given up.
        left = min(max(place[0] + dx * point, frame.left + 3), frame.right - size[0] - 3)
        bottom = place[1] + dy * point
        box = Box(left - 2, bottom - 2, left + size[0] + 2, bottom + size[1] + 2)
        if not box.within(frame) or any(box.meets(other) for other in taken):
            continue
        hidden = _hidden(points, box)
        found = cost + (100.0 + hidden if hidden else 0.0)
        if best is None or found < best[0]:
            best = (found, box)
    return best


def _hidden(points: Any, box: Box) -> float:
    """How much of a curve a box would hide."""
    inside = (points[:, 0] > box.left) & (points[:, 0] < box.right)
    inside &= (points[:, 1] > box.bottom) & (points[:, 1] < box.top)
    return float(inside.sum())


def _offsets(width: float, height: float) -> list[tuple[float, float, float]]:
    """Where a label's lower left corner may stand, in points from its landmark, the nicest first, and what it costs."""
    near = [(6.0, 4.0), (-width / 2, 7.0), (-width - 6, 4.0), (7.0, -height / 2), (-width - 7, -height / 2),
            (6.0, -height - 5), (-width - 6, -height - 5), (-width / 2, -height - 7)]  # fmt: skip
    far = [(dx, dy) for rise in (14.0, 22.0, 32.0, 48.0, 70.0) for dy in (rise, -rise - height)
           for dx in (-width / 2, 10.0, -width - 10)]  # fmt: skip
    return [(float(i), *place) for i, place in enumerate(near)] + [(20.0 + i, *place) for i, place in enumerate(far)]


def _on_paper(ax: Any, curve: Curve, axis: Scale) -> Any:
    """The curve in pixels, with points on its long straight stretches too."""
    kept = _thinned(curve.values)
    values = np.maximum(curve.values[kept], axis.bottom) if axis.log else curve.values[kept]
    points = ax.transData.transform(np.column_stack([curve.times[kept], values]))
    reach = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1))])
    along = np.linspace(0.0, reach[-1], 8000)
    return np.column_stack([np.interp(along, reach, points[:, 0]), np.interp(along, reach, points[:, 1])])


# --- measures ---------------------------------------------------------------------------------------------------------


def _frame(ax: Any) -> Box:
    box = ax.get_window_extent()
    return Box(box.x0, box.y0, box.x1, box.y1)


def _pixels(ax: Any, points: float) -> float:
    return points * float(ax.figure.dpi) / 72.0


def _measured(ax: Any, text: str) -> tuple[float, float]:
    """Width and height of a text in pixels, without a renderer: there is none before something is drawn."""
    from matplotlib.textpath import TextPath

    width = TextPath((0, 0), text.replace("$", "s"), size=_SIZE).get_extents().width if text.strip() else 0.0
    return _pixels(ax, float(width) + 1.0), _pixels(ax, _SIZE)
