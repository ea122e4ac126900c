"""Pictures: what must be readable is there, nothing is lost, and files are the same each time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lrdsl
from lrdsl.plotter import draw, horizon, save, terminal, time_label, value_label
from lrdsl.plotter.curve import landmarks, panels, scale

FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"
WSD = "warmup(2k) then 5e-4 then linear(10%)"
SPIKE = "1e-3 for 500 then 1 for 1 then 1e-3 for 499"
MANY = " then ".join(f"{i % 7 + 1}e-3 for {i % 10 + 1}" for i in range(300))
TEXTS: list[tuple[str, int | None]] = [
    (FLAGSHIP, None),
    ("warmup(2k, to=3e-4) then cosine(to=10%)", 100_000),
    (WSD, 100_000),
    ("max(t, 10k)^-0.5", None),
    ("repeat(cosine(10k, from=0.05), stretch=2)", None),
    ("cosine(30%, from=4%, to=0.1) then cosine(to=4e-7)", 10_000),
    ("0.1 until 30k then 0.01 until 60k then 1e-3", None),
    ("warmup(1k) then hold", None),
    (SPIKE, None),
    (MANY, None),
    ("3e-4", None),
    ("0", None),
]
ANSI = re.compile("\x1b\\[[0-9]*m")


def made(text: str, total: int | None = None) -> lrdsl.Schedule:
    return lrdsl.compile(text, total=total)


# --- in the terminal --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [None, True, False])
@pytest.mark.parametrize("width", [20, 50, 80, 131])
@pytest.mark.parametrize(("text", "total"), TEXTS, ids=lambda value: str(value)[:20])
def test_no_line_is_longer_than_the_width(text: str, total: int | None, width: int, log: bool | None) -> None:
    schedule = made(text, total)

    for unicode in (True, False):
        for color in (True, False):
            lines = ANSI.sub("", terminal(schedule, width=width, log=log, unicode=unicode, color=color)).split("\n")

            assert max(map(len, lines)) <= width
            assert len(lines) >= 16 + 3  # the curve, the axis, the times, the facts


@pytest.mark.parametrize(("text", "total"), TEXTS[:9], ids=lambda value: str(value)[:20])
def test_every_phase_is_named(text: str, total: int | None) -> None:
    schedule = made(text, total)

    for unicode in (True, False):
        shown = terminal(schedule, width=80, unicode=unicode)

        assert all(phase.text in shown for phase in schedule.phases)


def test_a_phase_too_narrow_for_its_name_is_numbered() -> None:
    shown = terminal(made(FLAGSHIP), width=80)

    assert "1 warmup(1000)  0 to 1k   2 exp(max=1e-3, k=1e-4)  1k on" in shown
    assert "peak 1e-3 at 1k" in shown
    assert "1e-6 from 70.1k" in shown


def test_phases_wide_enough_carry_their_names_alone() -> None:
    lines = terminal(made("0.1 until 30k then 0.01 until 60k then 1e-3"), width=80).split("\n")

    assert re.search("├─+ 0.1 ─+┤├─+ 0.01 ─+┤├─+ 1e-3 ─+┤", lines[18])
    assert len(lines) == 20


def test_of_very_many_phases_the_rest_is_counted() -> None:
    assert re.search(r"and \d+ more", terminal(made(MANY), width=80))


@pytest.mark.parametrize(("text", "total"), TEXTS, ids=lambda value: str(value)[:20])
def test_ascii_is_ascii_and_colour_comes_when_asked(text: str, total: int | None) -> None:
    schedule = made(text, total)

    assert terminal(schedule, width=80, unicode=False).isascii()
    assert "\x1b" not in terminal(schedule, width=80)
    assert "\x1b[36m" in terminal(schedule, width=80, color=True)
    assert ANSI.sub("", terminal(schedule, width=80, color=True)) == _padded(terminal(schedule, width=80), schedule)


def _padded(shown: str, schedule: lrdsl.Schedule) -> str:
    """Colours may end behind blanks that are cut off without them."""
    colored = ANSI.sub("", terminal(schedule, width=80, color=True)).split("\n")
    return "\n".join(line.ljust(len(other)) for line, other in zip(shown.split("\n"), colored, strict=True))


def test_phases_have_the_colours_of_their_stretches() -> None:
    lines = terminal(made("0.1 for 50 then 0.2 for 50"), width=60, color=True).split("\n")

    assert "\x1b[33m" in lines[0]
    assert "\x1b[36m" not in lines[0]
    assert re.search("\x1b\\[36m├.*0.1.*\x1b\\[33m├.*0.2", lines[18])


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        SPIKE,
        "repeat(1e-3 for 99_999 then 1 for 1, times=3)",
        "repeat(1e-3 for 7M then 1 for 1 then 1e-3 for 1M, times=3)",
        "1e-3 for 400k then 1 for 1 then 1e-3 for 1M",
    ],
)
def test_a_single_step_is_not_lost(text: str, log: bool, unicode: bool) -> None:
    lines = terminal(made(text), width=50, unicode=unicode, log=log).split("\n")[:16]
    gutter = lines[0].index("┤" if unicode else "+")

    assert lines[0].startswith(" " * (gutter - 2) + "1 ")
    assert all(line[gutter + 1 :].strip() for line in lines[:-1])


def test_the_curve_is_where_the_values_are() -> None:
    lines = terminal(made("linear(100, from=1, to=0)"), width=42, height=10).split("\n")[:10]
    columns = [min(i for i, c in enumerate(line[5:]) if c != " ") for line in lines]

    assert columns == sorted(columns)
    assert columns[0] == 0
    assert columns[-1] >= 30


@pytest.mark.parametrize(
    "text", ["1 for 1e400 steps", "1 for 1e300 steps then 2 for 1e300 steps", "warmup(1e17) then 1"]
)
def test_pictures_end_where_floats_know_no_steps(text: str) -> None:
    assert horizon(made(text)) <= 1e18
    assert terminal(made(text), width=60)


@pytest.mark.parametrize("color", [True, False])
def test_several_schedules_are_told_apart(color: bool) -> None:
    them = [made("cosine(100, from=1)"), made("linear(200, from=0.5)")]
    shown = terminal(them, width=60, color=color)
    lines = shown.split("\n")

    assert "cosine(100, from=1)" in shown
    assert "linear(200, from=0.5)" in shown
    assert "200" in lines[17]
    marks = ("\x1b[36m", "\x1b[33m") if color else ("o", "x")
    assert all(any(mark in line for line in lines[:16]) for mark in marks)


def test_relative_values_say_so_until_a_base_is_given() -> None:
    schedule = made("warmup(1k) then hold")

    assert "lr / base" in terminal(schedule, width=60)
    assert "lr / base" not in terminal(schedule, width=60, base=3e-4)
    assert "3e-4 ┤" in terminal(schedule, width=60, base=3e-4)


def test_a_mixed_text_needs_its_base() -> None:
    schedule = made("warmup(1k, to=3e-4) then base then linear(20%, to=0)", 10_000)

    with pytest.raises(lrdsl.ScheduleError, match="base"):
        terminal(schedule, width=60)
    assert "peak 1e-3 at 1k" in terminal(schedule, width=60, base=1e-3)


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    schedule = made("warmup(10) then hold # \x1b[2J gone")

    assert "\x1b" not in terminal([schedule, schedule], width=60)


# --- how far, which axis, which labels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("cosine(90, from=1)", 90, 90),
        (FLAGSHIP, 73_000, 74_000),
        ("0.1 until 30k then 0.01 until 60k then 1e-3", 90_000, 90_000),
        ("warmup(1k) then hold", 2000, 2000),
        ("max(t, 10k)^-0.5", 100_000, 400_000),
        ("warmup(10k, to=8e-4) then rsqrt(timescale=10k)", 50_000, 500_000),
        ("repeat(cosine(10k, from=0.05), stretch=2)", 150_000, 150_000),
        ("repeat(cosine(1024, from=0.05))", 4096, 4096),  # stands still at powers of two
        ("exp(max=1e-3, k=1e-4)", 50_000, 100_000),  # underflows at 7.4M
        ("3e-4", 1000, 1000),
    ],
)
def test_horizon(text: str, low: float, high: float) -> None:
    assert low <= horizon(made(text)) <= high


def test_until_wins_and_must_be_a_time() -> None:
    assert horizon(made("3e-4"), 70) == 70.0
    for until in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="above 0"):
            horizon(made("3e-4"), until)


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        terminal([], width=80)


@pytest.mark.parametrize(
    ("text", "total", "log"),
    [
        (*TEXTS[0], True),
        (*TEXTS[1], False),
        (*TEXTS[2], False),
        (*TEXTS[5], False),
        (*TEXTS[6], True),
        ("0", None, False),
    ],
)
def test_the_axis_is_logarithmic_where_a_linear_one_shows_nothing(text: str, total: int | None, log: bool) -> None:
    assert scale(panels(made(text, total), None, None)[0].curves).log is log


def test_zeros_sit_at_the_bottom_of_a_log_axis() -> None:
    axis = scale(panels(made(TEXTS[1][0], TEXTS[1][1]), None, None)[0].curves, log=True)

    assert axis.bottom < axis.low == pytest.approx(3e-5)
    assert list(axis.place(np.array([0.0, axis.high]))) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "total", "expected"),
    [
        (*TEXTS[0], {"1e-3 at 1k", "1e-6 from 70.1k"}),
        (*TEXTS[1], {"3e-4 at 2k", "3e-5 at 100k"}),
        (*TEXTS[2], {"5e-4 at 2k", "5e-4 until 90k", "0 at 100k"}),
        (*TEXTS[5], {"4e-3 at 0", "0.1 at 3k", "4e-7 at 10k"}),
        (*TEXTS[6], {"0.1 until 30k", "0.01 at 30k", "1e-3 from 60k"}),
        ("warmup(1k, to=2e-4) then 1e-3 for 1k", None, {"2e-4 at 1k", "1e-3 at 1k"}),
    ],
)
def test_landmarks(text: str, total: int | None, expected: set[str]) -> None:
    (curve,) = panels(made(text, total), None, None)[0].curves

    assert expected <= {one.text for one in landmarks(curve)}


@pytest.mark.parametrize(
    ("time", "text"),
    [(0, "0"), (500, "500"), (1000, "1k"), (1234, "1234"), (70_077.55, "70.1k"), (12_345, "12.3k"), (1e6, "1M"),
     (999_999, "1M"), (1.5e9, "1.5B"), (1e12, "1T"), (2.5, "2.5"),
     (2e17, "2e17"), (1 / 3, "0.333")],
)  # fmt: skip
def test_time_label(time: float, text: str) -> None:
    assert time_label(time) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1e-3, "1e-3"), (3e-4, "3e-4"), (0.05, "0.05"), (1e-6, "1e-6"), (3e-4 * 0.1, "3e-5"), (1.0, "1"),
     (0.0031622776, "3.162e-3"), (0.1 + 0.2, "0.3")],
)  # fmt: skip
def test_value_label(value: float, text: str) -> None:
    assert value_label(value) == text


# --- on Axes and in files ---------------------------------------------------------------------------------------------


def texts(ax: object) -> list[str]:
    pytest.importorskip("matplotlib")
    from matplotlib.text import Text

    return [text.get_text() for text in ax.findobj(Text)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "total"), TEXTS[:9], ids=lambda value: str(value)[:20])
def test_phases_peak_and_end_are_written_on_the_axes(text: str, total: int | None) -> None:
    pytest.importorskip("matplotlib")
    schedule = made(text, total)
    written = texts(draw(schedule))
    marks = [
        one
        for one in landmarks(panels(schedule, None, None)[0].curves[0])
        if one.name in ("peak", "held", "end", "edge")
    ]

    assert {one.text for one in marks} <= set(written)
    assert all(any(phase.text in one for one in written) for phase in schedule.phases)


@pytest.mark.parametrize(("text", "total"), TEXTS, ids=lambda value: str(value)[:20])
def test_labels_on_the_axes_do_not_overlap(text: str, total: int | None) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Annotation

    ax = draw(made(text, total))
    FigureCanvasAgg(ax.figure).draw()  # type: ignore[no-untyped-call]
    boxes = [one.get_window_extent() for one in ax.texts if isinstance(one, Annotation) and one.get_text()]
    legend = ax.get_legend()
    boxes += [] if legend is None else [legend.get_window_extent()]

    for i, box in enumerate(boxes):
        assert not any(box.shrunk(0.98, 0.9).overlaps(other) for other in boxes[i + 1 :])


def test_axes_of_the_callers_are_used_and_labelled() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    ax = figure.subplots()

    assert draw([made("warmup(1k) then hold")], ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("steps", "lr / base")
    assert made("3e-4").plot(figure.add_subplot()).get_ylabel() == "lr"


def test_a_spike_is_part_of_the_line() -> None:
    pytest.importorskip("matplotlib")
    ax = draw(made("repeat(1e-3 for 99_999 then 1 for 1, times=7)"))

    assert max(line.get_ydata().max() for line in ax.lines if len(line.get_ydata()) > 2) == 1.0
    assert max(len(line.get_ydata()) for line in ax.lines) < 10_000


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_file_is_the_same_each_time(tmp_path: Path, suffix: str, magic: bytes) -> None:
    pytest.importorskip("matplotlib")
    schedule = made(FLAGSHIP)
    for name in ("a", "b"):
        save([schedule, made(WSD, 100_000)], tmp_path / f"{name}.{suffix}")

    assert (tmp_path / f"a.{suffix}").read_bytes().startswith(magic)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def run(code: str) -> str:
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    return done.stdout


def test_a_file_is_the_same_from_every_process_and_without_pyplot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("a", "b"):
        shown = run(
            "import sys, lrdsl, lrdsl.plotter\n"
            f"lrdsl.plotter.save(lrdsl.compile({FLAGSHIP!r}), {str(tmp_path / name)!r} + '.svg')\n"
            "print('matplotlib.pyplot' in sys.modules, 'matplotlib' in sys.modules)"
        )
        assert shown.split() == ["False", "True"]

    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_the_terminal_needs_no_matplotlib() -> None:
    code = "import sys, lrdsl, lrdsl.plotter\nlrdsl.plotter.terminal(lrdsl.compile('3e-4'), width=80)\n"

    assert run(f"{code}print('matplotlib' in sys.modules)").strip() == "False"


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.style"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ImportError, match=re.escape('pip install "lrdsl[plot]"')):
        save(made("3e-4"), tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.gif", "a", "png"])
def test_another_suffix_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"\.png, \.svg or \.pdf"):
        save(made("3e-4"), tmp_path / name)


SEVERAL = """
lr = warmup(5 epochs, to=0.1) then cosine(85 epochs)
weight_decay = 5e-4 for 81 epochs then linear(9 epochs)
clip = 10*lr
"""


def test_each_output_has_a_panel_in_the_terminal() -> None:
    schedule = lrdsl.compile(SEVERAL)
    lines = terminal(schedule, width=70).splitlines()

    assert [line for line in lines if line in schedule.outputs] == ["lr", "weight_decay", "clip"]
    assert lines[-1] == "time is in epochs"
    assert max(map(len, lines)) <= 70


def test_each_output_has_axes_of_its_own(tmp_path: Path) -> None:
    schedule = lrdsl.compile(SEVERAL)
    axes = draw(schedule)

    assert [ax.get_ylabel() for ax in axes] == ["lr", "weight_decay", "clip"]
    assert [ax.get_xlabel() for ax in axes] == ["", "", "epochs"]
    assert {ax.get_xlim() for ax in axes} == {(0.0, 90.0)}
    for suffix in (".png", ".svg", ".pdf"):
        save(schedule, tmp_path / f"several{suffix}")
        assert (tmp_path / f"several{suffix}").stat().st_size > 5000


def test_two_texts_share_the_panel_of_an_output() -> None:
    axes = draw([lrdsl.compile("lr = linear(10, from=1)\nclip = 2"), lrdsl.compile("cosine(10, from=1)")])
    assert len(axes[0].get_legend().get_texts()) == 2
    assert len(axes[1].lines) == 1  # only one of them has it


def test_texts_of_different_clocks_have_no_axis_in_common() -> None:
    with pytest.raises(ValueError, match="counts steps, another epochs"):
        draw([lrdsl.compile("0.1 for 5"), lrdsl.compile("0.1 for 5 epochs")])
