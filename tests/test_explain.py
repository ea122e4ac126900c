"""explain: rows and reasons against values, its JSON and its table, and what a notebook shows."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import show

import lrdsl
from lrdsl.cli import main
from lrdsl.cli.explain import page
from lrdsl.explanation import PhaseRow, explain, told

WSD = "warmup(2k) then 5e-4 then linear(10%)"
TRUNK = "let trunk = warmup(2k, to=3e-4) then cosine(to=10%)\n"
CUT = "(warmup(8k, to=3e-4) then cosine(to=10%)) for 500k until 390k then linear(50k)"


def rows(text: str, base: float | None = None, **bound: Any) -> tuple[PhaseRow, ...]:
    return explain(lrdsl.compile(text, **bound), base).outputs[0].rows


# The reasons of the levels of each phase, then of its length.
REASONS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("cosine(100)", {}, ["from 1 x base: base, for no level comes before", "to 0: the default of cosine", "100: written"]),
    ("warmup(10) then hold", {}, ["from 0: the default of warmup", "to 1 x base: base, for no level follows", "10: written",
                                 "max 1 x base: where the warmup ends", "never: it goes on without end"]),
    ("warmup(10, from=10%) then 0.5", {}, ["from 0.05: 10% of to, written", "to 0.5: looked ahead to `0.5`", "10: written",
                                          "value 0.5: written", "never: it goes on without end"]),
    (WSD, {"total": 100_000}, ["from 0: the default of warmup", "to 5e-4: looked ahead to `5e-4`", "2k: written",
                               "value 5e-4: written", "88k: what the total leaves",
                               "from 5e-4: where `5e-4` ends", "to 0: the default of linear", "10k: written as `10%`"]),
    ("hold(10) then cosine(10, from=1)", {}, ["max 1: looked ahead to the cosine", "10: written", "from 1: written",
                                             "to 0: the default of cosine", "10: written"]),
    ("param peak = 3e-4\nwarmup(10, to=peak) then cosine(10, to=peak/10)", {}, ["from 0: the default of warmup",
     "to 3e-4: written as `peak`", "10: written", "from 3e-4: where the warmup ends", "to 3e-5: written as `peak/10`",
     "10: written"]),
    ("param peak = 3e-4\nwarmup(10, to=peak) then hold", {"peak": "1e-3"}, ["from 0: the default of warmup",
     "to 1e-3: written as `peak`", "10: written", "max 1e-3: where the warmup ends", "never: it goes on without end"]),
    ("cosine(from=1, to=10%) for 50", {}, ["from 1: written", "to 0.1: 10% of from, written", "50: said by its for"]),
    ("0.1 until 30 then 0.01 until 60", {}, ["value 0.1: written", "30: up to its until", "value 0.01: written",
                                            "30: up to its until"]),
    ("cosine(100, from=1, to=0.5) until 50 then linear(10)", {}, ["from 1: written", "to 0.5: written",
     "50: planned as 100 (written), without its last 50", "from 0.75: where the cosine ends", "to 0: the default of linear",
     "10: written"]),
    ("linear(100, from=1) skip 20", {}, ["from 1: written", "to 0: the default of linear",
                                        "80: planned as 100 (written), without its first 20"]),
    ("linear(10, from=1, to=0.5) until 50", {}, ["from 1: written", "to 0.5: written",
                                                "50: planned as 10 (written), then held for 40"]),
    (TRUNK + "lr = trunk skip 3k", {"total": 100_000}, ["from 3e-4: where the skipped phase before it ends",
     "to 3e-5: 10% of from, written", "100k: planned as 101k (what the total leaves), without its first 1k"]),
    (CUT, {}, ["from 0: the default of warmup", "to 3e-4: written", "8k: written", "from 3e-4: where the warmup ends",
               "to 3e-5: 10% of from, written", "382k: planned as 492k (what its bracket leaves), without its last 110k",
               "from 6.19543e-5: where the cosine ends", "to 0: the default of linear", "50k: written"]),
    ("exp(max=1e-3, k=1e-4)", {}, ["max 1e-3: written", "never: it goes on without end"]),
    ("warmup(10, to=1) then rsqrt(timescale=10) until 100", {}, ["from 0: the default of warmup", "to 1: written",
     "10: written", "max 1: where the warmup ends", "90: up to its until"]),
    ("1e-3 * cosine(10, from=1)", {}, ["from 1: written (cosine(10, from=1))", "to 0: the default of cosine (cosine(10, from=1))",
                                      "10: what is in it takes that long"]),
    ("repeat(cosine(10, from=1), times=3)", {}, ["from 1: written (cosine(10, from=1))",
     "to 0: the default of cosine (cosine(10, from=1))", "30: what is in it takes that long"]),
    ("shape s(p, from=10%) = p, q\ns(10, to=1) then hold(5)", {}, ["from 0.1: the default of s", "to 1: written", "10: written",
                                                                 "max 1: where the s ends", "5: written"]),
    ("0.5*base for 10 then linear(5)", {}, ["value 0.5 x base: written as `0.5*base`", "10: said by its for",
     "from 0.5 x base: where `0.5*base` ends", "to 0: the default of linear", "5: written"]),
]  # fmt: skip


def reasons(text: str, **bound: Any) -> list[str]:
    found = []
    for row in rows(text, **bound):
        found += [f"{one.name} {one.text}: {one.why}" + (f" ({one.of})" if one.of else "") for one in row.levels]
        length = "never" if row.length is None else lrdsl.problems.time_text(row.length)
        found.append(f"{length}: {row.length_why}")
    return found


@pytest.mark.parametrize(("text", "bound", "wanted"), REASONS, ids=lambda one: one if isinstance(one, str) else "")
def test_where_levels_and_lengths_came_from(text: str, bound: dict[str, Any], wanted: list[str]) -> None:
    assert reasons(text, **bound) == wanted


def test_a_hold_is_looked_over() -> None:
    first = rows("warmup(1k) then hold(1k) then cosine(from=1, to=0.5)", total=9000)[0]
    assert [(one.text, one.why) for one in first.levels][1] == ("1", "looked ahead to the cosine")


@pytest.mark.parametrize(
    ("text", "bound", "formulas"),
    [
        ("warmup(10, to=3e-4) then cosine(10, to=3e-5)", {}, ["3e-4 * p", "3e-4 + (3e-5 - 3e-4) * halfwave(p)"]),
        ("linear(10, from=3e-4)", {}, ["3e-4 * q"]),
        ("exp(max=1e-3, k=1e-4)", {}, ["1e-3 * e^(-1e-4 * t)"]),
        ("drop(max=0.1, factor=0.5, per=10)", {}, ["0.1 * 0.5^((t every 10)/10)"]),
        ("cosine(10)", {}, ["base * halfwave(q)"]),
        ("max(t, 10k)^-0.5", {}, ["max(t, 10000)^-0.5"]),
        ("repeat(linear(10, from=1, to=0.5))", {}, ["1 + (0.5 - 1) * p"]),
        ("cosine(10, from=1) * linear(5, from=1)", {}, [None]),
        ("1 - t/100 until 50", {}, ["1 - t/100"]),
        ("warmup(10, to=max(base, 1e-3)) then hold", {}, ["max(base, 1e-3) * p", "max(base, 1e-3)"]),
    ],
)
def test_formulas_are_those_of_the_phase(text: str, bound: dict[str, Any], formulas: list[str]) -> None:
    assert [row.formula for row in rows(text, **bound)] == formulas


@pytest.mark.parametrize(
    "text", [WSD, "warmup(10%, to=1) then cosine(to=0.1)", "rex(from=0.5, d=0.9)", "poly(from=1, power=3)"]
)
def test_a_formula_is_the_value(text: str) -> None:
    schedule = lrdsl.compile(text, total=100_000)
    for row in explain(schedule).outputs[0].rows:
        assert row.formula is not None
        for k in range(8):
            p = k / 8
            time = row.begin + row.length * Fraction(k, 8)
            names = {"p": p, "q": 1 - p, "halfwave": lambda x: (1 - math.cos(math.pi * x)) / 2}
            found = eval(row.formula.replace("^", "**"), {"__builtins__": {}}, names)
            assert found == pytest.approx(schedule(float(time)), rel=1e-5, abs=1e-12)


def test_no_phase_is_lost_and_the_run_is_whole() -> None:
    found = rows("linear(10, from=1, to=0.5) then linear(10, from=1, to=0.5) then hold(5) then hold(5)")
    assert [(row.begin, row.end) for row in found] == [(0, 10), (10, 20), (20, 25), (25, 30)]
    assert sum(row.share or 0 for row in found) == pytest.approx(1)
    assert [row.number for row in found] == [1, 2, 3, 4]


def test_both_sides_of_a_join_and_a_floor_over_all() -> None:
    output = explain(lrdsl.compile("0.1 until 10 then linear(10, to=0) floor 0.05")).outputs[0]
    assert [(row.from_, row.to) for row in output.rows] == [(0.1, 0.1), (0.1, 0.05)]
    assert [(one.level.name, one.level.value, one.begin, one.end) for one in output.limits] == [("floor", 0.05, 0, 20)]


def test_a_repeat_is_one_row() -> None:
    (row,) = rows("repeat(cosine(10, from=1), times=3, stretch=2, factor=0.5)")
    assert row.repeat is not None
    assert (row.repeat.cycle, row.repeat.stretch, row.repeat.factor, row.repeat.times) == (10, 2, 0.5, 3)
    assert row.length == 70


# --- the command ------------------------------------------------------------------------------------------------------


def test_json_is_what_the_schedule_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = "lr = warmup(2k, to=3e-4) then cosine(to=10%)\nweight_decay = 0.1 for 90% then linear"
    assert main(["explain", text, WSD, "--total", "100k", "--format", "json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    schedule = lrdsl.compile(text, total=100_000)

    assert (first["clock"], first["total"], list(first["outputs"])) == ("steps", 100_000, ["lr", "weight_decay"])
    for name, output in first["outputs"].items():
        assert output["facts"] == schedule[name].facts.as_data()
        for phase in output["phases"]:
            assert phase["from"] == pytest.approx(schedule[name](phase["begin"]))
            assert phase["to"] == pytest.approx(schedule[name].left(phase["end"]))
            assert phase["length"]["value"] == phase["end"] - phase["begin"]
    assert [phase["text"] for phase in second["outputs"]["lr"]["phases"]] == WSD.split(" then ")
    assert second["outputs"]["lr"]["phases"][0]["levels"][1] == {
        "name": "to", "value": 5e-4, "text": "5e-4", "source": "ahead", "why": "looked ahead to `5e-4`", "of": None,
    }  # fmt: skip


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "cosine(0 steps, from=1)", "--format", "json"]) == 0
    json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_a_text_that_lacks_its_total_is_told_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "warmup(2k) then cosine", "0.1 until 10 then linear(5)"]) == 1
    captured = capsys.readouterr()
    assert "how long is the run?" in captured.err
    assert "where `0.1` ends" in captured.out  # the other text is explained all the same


def test_what_mixes_base_says_so_and_shows_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    text = "lr = warmup(10) then 3e-4 until 50 then cosine(10, to=base)\nmomentum = 0.9"
    assert main(["explain", text]) == 0
    shown = capsys.readouterr().out
    assert "--base 3e-4" in shown
    assert "0.9" in shown
    assert main(["explain", text, "--base", "1e-3"]) == 0
    assert "--base" not in capsys.readouterr().out


def test_groups_are_explained_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    text = 'lr = cosine(10, from=1)\nlr["head.*"] = 10*lr'
    assert main(["explain", text]) == 0
    assert "1 line for groups" in capsys.readouterr().out
    assert main(["explain", text, "--group", "head.bias"]) == 0
    assert "10*lr" in capsys.readouterr().out


def test_colors_change_no_letter() -> None:
    explanation = explain(lrdsl.compile(WSD, total=100_000))
    colored = page(explanation, color=True)
    assert "\x1b[1m" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == page(explanation)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_keep_to_the_width(width: int) -> None:
    text = "(warmup(8.4B tokens, to=3e-4) then cosine(to=10%)) for 5T tokens until 3.9T tokens then linear(50B tokens)"
    shown = page(explain(lrdsl.compile(text, step="4M tokens")), width)
    assert max(map(len, shown.splitlines())) <= max(width, 90)
    if width >= 80:
        assert max(map(len, shown.splitlines())) <= width + 3


def test_of_many_phases_the_first_and_the_last_are_shown() -> None:
    text = " then ".join(f"linear(3, from={k % 7 + 1}e-4, to={k % 5 + 1}e-5)" for k in range(300))
    explanation = explain(lrdsl.compile(text))
    assert len(explanation.outputs[0].rows) == 300
    shown = page(explanation)
    assert "... 280 more phases" in shown
    assert "\n300  linear" in shown
    assert shown.count("formula") == 20
    assert len(explanation.as_data()["outputs"]["lr"]["phases"]) == 300


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=strategies.schedules(), width=st.sampled_from([40, 80, 120]))
def test_drawn_texts_are_explained(drawn: strategies.Drawing, width: int) -> None:
    tree, total = drawn
    try:
        schedule = lrdsl.compile(show(tree), total=None if total is None else f"{total.numerator}/{total.denominator}")
    except lrdsl.ScheduleError:
        return
    if schedule.missing:
        return
    base = 0.5 if schedule.relation == "mixed" else None
    # The area of some drawn texts takes the prover many seconds; it has tests of its own.
    vars(schedule.first.proven(base))["area"] = None
    explanation = explain(schedule, base)
    output, of = explanation.outputs[0], schedule.first
    assert page(explanation, width).replace("·", "-").isascii()
    json.dumps(explanation.as_data())
    # The rows are the run: each begins where the one before ends, and there is no other.
    begin = Fraction(0)
    for row in output.rows:
        assert row.begin == begin
        assert row.from_ == of.exactly(row.begin, base)
        if row.end is not None:
            assert row.to == of.left(row.end, base)
            begin = row.end
    assert output.rows[-1].end == of.length or of.length == 0
    schedule._repr_html_()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=strategies.schedules())
def test_reasons_of_drawn_texts_hold(drawn: strategies.Drawing) -> None:
    tree, total = drawn
    try:
        schedule = lrdsl.compile(show(tree), total=None if total is None else f"{total.numerator}/{total.denominator}")
    except lrdsl.ScheduleError:
        return
    if schedule.missing or schedule.relation == "mixed":
        return
    output = explain(schedule).outputs[0]
    if output.limits:
        return  # values are no levels there
    for index, row in enumerate(output.rows):
        own = {level.name: level for level in row.levels if level.of is None}
        first, last = own.get("from") or own.get("max"), own.get("to")
        if row.planned is None and first is not None and row.repeat is None:
            assert row.from_ == pytest.approx(first.value, rel=1e-9, abs=1e-300)
        if row.planned is None and last is not None and row.end is not None and row.repeat is None:
            assert row.to == pytest.approx(last.value, rel=1e-9, abs=1e-300)
        if (
            first is not None
            and first.source == "before"
            and index
            and "the phase before it" not in first.why
            and "skipped" not in first.why
        ):
            assert output.rows[index - 1].to == pytest.approx(first.value, rel=1e-9, abs=1e-300)
        if row.length_source == "written" and row.planned is None and row.length is not None:
            assert row.length_why.startswith("written")


def test_facts_are_told_in_words() -> None:
    def says(text: str, **bound: Any) -> dict[str, str]:
        explanation = explain(lrdsl.compile(text, **bound))
        return dict(told(explanation.outputs[0], explanation.clock))

    endless = says("repeat(cosine(10, from=1, to=0.5))")
    assert endless["final"] == "none: it never settles"
    assert endless["mean"] == "none: there is no end"
    assert "only in the limit: " in says("rsqrt(max=1, timescale=10)")["least"]
    assert says("0.1 until 10 then 0.01")["jumps"] == "0.1 to 0.01 at 10"
    cut = says("cosine(100, from=1, to=0.5) until 50 then linear(10)")
    assert cut["cut"] == "phase 1"
    assert cut["not reached"].startswith("to=0.5, the nearest is 0.75")
    assert says("1.000001 + 2*sin(t)*cos(t)")["not negative"] == "undecided"
    assert "not reached" not in says("0.5 * cosine(10, from=1, to=0.9)")


# --- notebooks --------------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Refuses what is not closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> tuple[set[str], list[ET.Element]]:
    parser = Tags()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert "<script" not in page
    assert "href" not in page
    return parser.seen, [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


HOSTILE = (
    '# <script>alert("x")</script> & \x1b[0m\nlr = cosine(10, from=1)  # </pre><img src=x onerror=y>\nmomentum = 0.9'
)


def test_a_notebook_shows_text_curves_and_phases() -> None:
    schedule = lrdsl.compile("lr = warmup(2k, to=3e-4) then cosine(to=10%)\nmomentum = 0.9", total=100_000)
    seen, pictures = read(schedule._repr_html_())
    assert seen == {
        "div",
        "pre",
        "b",
        "svg",
        "title",
        "line",
        "path",
        "text",
        "polyline",
        "table",
        "tr",
        "th",
        "td",
        "code",
    }
    assert len(pictures) == 2
    for picture in pictures:
        assert picture.get("role") == "img"
        assert schedule.summary in (picture.get("aria-label") or "")
        line = picture.find("{http://www.w3.org/2000/svg}polyline")
        assert line is not None
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 640
            assert 0 <= y <= 212


def test_a_page_is_small() -> None:
    assert len(lrdsl.compile("repeat(cosine(7, from=1)) * linear(100k, from=1)")._repr_html_()) < 60_000
    text = " then ".join(f"linear(3, from={k % 7 + 1}e-4, to={k % 5 + 1}e-5)" for k in range(300))
    assert len(lrdsl.compile(text)._repr_html_()) < 60_000


@pytest.mark.parametrize(
    "text", [HOSTILE, HOSTILE + "\nclip = cosine", 'lr["<b>"] = 1', "lr = 1 until 5 then cosine(5, to=base)"]
)
def test_what_comes_from_the_text_is_escaped(text: str) -> None:
    shown = lrdsl.compile(text)._repr_html_()
    seen, _ = read(shown)
    assert not seen & {"img", "script"}
    assert "\x1b" not in shown


def test_a_text_that_lacks_its_total_shows_itself_and_what_is_missing() -> None:
    shown = lrdsl.compile("warmup(2k) then cosine")._repr_html_()
    seen, pictures = read(shown)
    assert pictures == []
    assert "warmup(2k) then cosine" in shown
    assert "how long is the run?" in shown
    assert seen == {"div", "pre"}


def test_a_notebook_needs_no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "<svg" in lrdsl.compile(WSD, total=100_000)._repr_html_()
