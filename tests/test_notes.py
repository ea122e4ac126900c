"""Notes: what fires, what does not, what silences them, and that a mend means what it says."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from reference import show
from strategies import schedules
from strategies_files import Asked, files

import lrdsl
from lrdsl.cli import main
from lrdsl.parser import parse
from lrdsl.problems import NOTES
from lrdsl.source import Source

ROOT = Path(__file__).resolve().parent.parent
ZOO = sorted((ROOT / "examples" / "zoo").glob("*.lrs"))

# The ten lines of the language's page, with what they need.
LINES: list[tuple[str, dict[str, Any]]] = [
    ("warmup(2k, to=3e-4) then cosine(to=10%)", {"total": "100k"}),
    ("warmup(2k) then 5e-4 then linear(10%)", {"total": "100k"}),
    ("warmup(5k) then 3e-3 then sqrt(100k)", {"total": "600k"}),
    ("max(t, 10k)^-0.5", {}),
    ("repeat(cosine(10 epochs, from=0.05), stretch=2)", {}),
    ("cosine(30%, from=4%, to=0.1) then cosine(to=4e-7)", {"total": "100k"}),
    ("warmup(2k) then 0.01 until 1T tokens then exp(halflife=5k)", {"step": "4M tokens"}),
    (
        "warmup(2k) then 2.2e-4 until 10T tokens then cosine(to=2.2e-5) until 14.3T tokens then hold until 14.633T tokens "
        "then 7.3e-6",
        {"step": "16M tokens"},
    ),
    (
        "(warmup(8.4B tokens, to=3e-4) then cosine(to=10%)) for 5T tokens until 3.9T tokens then linear(50B tokens)",
        {},
    ),
    ("(warmup(10k, to=8e-4) then rsqrt(timescale=10k)) * (1 then linear(50k))", {"total": "1M"}),
]
FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


def names(text: str, base: Any = None, **bound: Any) -> list[str | None]:
    return [note.name for note in lrdsl.compile(text, **bound).notes(base)]


# name, text, what is bound
FIRES: list[tuple[str, str, dict[str, Any]]] = [
    ("jump", "0.1 until 30k then 0.01", {}),
    ("jump", "warmup(10, to=3e-4) then exp(max=1e-3, k=1e-4)", {}),
    ("undecided", "1.000001 + 2*sin(t)*cos(t)", {}),
    ("zero-start", "warmup(10) then hold", {}),
    ("zero-start", "linear(10, from=0, to=1) then hold", {}),
    ("zero-start", "(warmup(10, to=1) then rsqrt(timescale=10)) * (1 then linear(50))", {"total": 100}),
    ("zero-start", "min(t, 10)/10", {}),
    ("idle-end", FLAGSHIP, {"total": "1M"}),
    ("idle-end", "cosine(10k, from=1, to=0.1) until 50k", {}),
    ("idle-end", "linear(10k, from=1) then hold", {"total": "50k"}),
    ("idle-end", "linear(10k, from=1, to=0.1) then hold", {"total": "50k"}),
    ("never-reached", "warmup(10, to=1) then cosine(90) cap 0.5", {}),
    ("never-reached", "0.5 until 10 then 0.1 cap 0.3", {}),
    ("never-reached", "exp(max=1, k=1e-4) cap 0.5", {}),
    ("never-reached", "cosine(90, from=1, to=10%) floor 0.2", {}),
    ("never-reached", "cosine(90, from=1, to=10%) floor 0.05", {}),
    ("never-reached", "cosine(90, from=1) cap 2", {}),
    ("never-reached", FLAGSHIP.replace("warmup(1000)", "warmup(1000, from=1%)"), {"total": "10k"}),
    ("never-reached", "cosine(100, from=1, to=0.1) until 50 then linear(10)", {}),
    ("never-reached", "warmup(100) until 50 then 1e-3", {}),
    ("floor-above", "warmup(10, to=3e-4) then cosine(90) floor 0.1", {}),
    ("floor-above", "cosine(90, from=3e-4, to=3e-5) floor 0.1 every 2", {}),
    ("climbs", "warmup(10, to=3e-4) then cosine(90, to=0.1)", {}),
    ("climbs", "warmup(10, to=3e-4) then geometric(90, to=0.1)", {}),
    ("climbs", "param end = 0.1\nlr = warmup(10, to=3e-4) then linear(90, to=end)", {}),
    ("downhill", "warmup(10, from=0.1, to=3e-4) then cosine(90)", {}),
    ("downhill", "warmup(10, from=1/3) then 3e-4 for 90", {}),
    ("clipped-floor", "warmup(10, to=3e-4) then cosine(90) floor 3e-5", {}),
    ("clipped-floor", "warmup(10, to=3e-4) then cosine for 90 floor 3e-5 every 2", {}),
    ("clipped-floor", "cosine(90, from=3e-4) floor 3e-5", {}),
    ("clipped-floor", "warmup(10) then cosine(90) floor 0.1*base", {}),
    ("until-plans", "warmup(10, to=1) then cosine(to=10%) until 50 then linear(5)", {}),
    ("until-plans", "warmup(10, to=1) then cosine until 50 epochs then linear for 5 epochs", {"epoch": 10}),
    ("on-top", "warmup(1k) then cosine for 100k", {}),
    ("on-top", "warmup(5 epochs) then cosine(90 epochs)", {}),
    ("on-top", "warmup(10) then linear(100, to=1%) floor 1e-6*base", {}),
    ("phase-time", "warmup(1k) then 3e-4*(1 + cos(pi*(t - 1k)/99k))/2", {"total": "100k"}),
    ("phase-time", "0.1 until 1k then (t + 1)^-0.5", {}),
    ("phase-time", "let tail = (t + 10)^-0.5\nlr = warmup(10) then tail", {}),
    ("half-life", "exp(max=1e-3, k=0.999)", {}),
    ("half-life", "warmup(10) then exp(halflife=param_h)", {"param_h": "0.5 steps"}),
    ("added-phases", "warmup(10, to=3e-4) + cosine(90, from=3e-4)", {}),
    ("added-phases", "linear(10, from=1, to=2) + linear(20, from=2, to=3) + cosine(70, from=3)", {}),
    ("own-base", "lr = warmup(10) then cosine(90)\nweight_decay = 0.1 * lr/base", {}),
    ("own-base", "lr = warmup(10) then cosine(90)\nweight_decay = 0.1/base*lr", {}),
    ("unused-epoch", "cosine(100, from=1)", {"epoch": 90}),
    ("unused-epoch", "warmup(10) then cosine", {"epoch": 90, "total": 100}),
    ("unknown-allow", "cosine(100, from=1)  # lrdsl: allow jumps", {}),
    ("unknown-allow", "# lrdsl: allow N501\ncosine(100, from=1)", {}),
]
SILENT: list[tuple[str, str, dict[str, Any]]] = [
    ("jump", "0.1 until 30k then linear(10k)", {}),
    ("jump", "warmup(10) then 0.5 then cosine(10)", {"total": 100}),
    ("jump", "repeat(linear(5, from=1, to=2) then linear(5, to=1))", {}),
    ("undecided", "1.1 + sin(t)", {}),
    ("undecided", "max(t, 10k)^-0.5", {}),
    ("undecided", FLAGSHIP, {}),
    ("zero-start", FLAGSHIP, {}),
    ("zero-start", "warmup(10, from=1%) then hold", {}),
    ("zero-start", "warmup(10) skip 1 then hold", {}),
    ("zero-start", "0", {}),
    ("zero-start", "lr = 1\nmomentum = linear(10, from=0, to=0.9) then hold", {}),
    ("idle-end", FLAGSHIP, {}),
    ("idle-end", FLAGSHIP, {"total": "71k"}),
    ("idle-end", "warmup(2k) then hold", {"total": "100k"}),
    ("idle-end", "0.1 until 30k then 0.01", {"total": "100k"}),
    ("idle-end", "linear(10k, from=1, to=0.1) then hold", {"total": "15k"}),
    ("idle-end", "0.5", {"total": "15k"}),
    ("idle-end", "repeat(cosine(10k, from=1))", {"total": "100k"}),
    ("idle-end", "lr = linear(10k, from=1) then hold\nclip = 1 then linear(10k)", {"total": "50k"}),
    ("never-reached", FLAGSHIP, {}),
    ("never-reached", "warmup(10, to=1) then cosine(90, to=0.1) floor 0.1 cap 1", {}),
    ("never-reached", "cosine(100, from=1, to=0.1) until 100", {}),
    ("never-reached", "cosine(100, from=1) until 50 then linear(10)", {}),
    ("never-reached", "cosine(from=1, to=0.1) for 100 until 50 then linear(10)", {}),
    ("never-reached", "(warmup(10, to=1) then cosine(to=10%)) for 100 until 50 then linear(10)", {}),
    ("never-reached", "2 * (cosine(90, from=1, to=0.1)) cap 1.5 floor 0.3", {}),
    ("floor-above", FLAGSHIP, {}),
    ("floor-above", "3e-4 floor 3e-4", {}),
    ("floor-above", "cosine(90, from=1) floor 0.99", {}),
    ("floor-above", "warmup(10) then cosine(90) floor 0.1", {}),  # base is not known
    ("climbs", "warmup(10, from=1e-6, to=1) then hold", {}),
    ("climbs", "geometric(100, from=1e-7, to=10)", {}),
    ("climbs", "linear(10, from=0.1, to=3) then linear(10, to=0.1)", {}),
    ("climbs", "warmup(10, to=1) then linear(90, to=5)", {}),
    ("climbs", "0 for 10 then linear(90, to=5)", {}),
    ("climbs", "cosine(90, to=0.1)", {}),  # base is not known
    ("downhill", FLAGSHIP, {}),
    ("downhill", "warmup(10, from=200%, to=3e-4)", {}),
    ("downhill", "warmup(10, from=1/3)", {}),  # base is not known
    ("downhill", "linear(10, from=1, to=0.1)", {}),
    ("downhill", "warmup(10, from=2*base) then hold", {}),
    ("clipped-floor", FLAGSHIP, {}),
    ("clipped-floor", "warmup(10, to=1) then cosine(90, to=10%) floor 0.01", {}),
    ("clipped-floor", "warmup(10, to=1) then (cosine floor 0.1)", {"total": 100}),
    ("clipped-floor", "warmup(10, to=1) then cosine(90, to=0) floor 0.1", {}),
    ("until-plans", "(warmup(10, to=1) then cosine(to=10%)) for 100 until 50 then linear(5)", {}),
    ("until-plans", "warmup(10, to=1) then cosine(to=10%) until 50 then hold", {"total": 100}),
    ("until-plans", "warmup(10, to=1) then linear(to=0.5) until 50 then linear(50)", {}),
    ("until-plans", "warmup(10, to=1) then cosine(to=10%) until 50", {}),
    ("until-plans", "1 until 30 then linear(10)", {}),
    ("on-top", "warmup(10k) then cosine(90k)", {}),
    ("on-top", "warmup(2k) then cosine(98k)", {}),
    ("on-top", "warmup(8B tokens, to=3e-4) then cosine(292B tokens, to=10%)", {}),
    ("on-top", "warmup(1k) then cosine for 100k", {"total": "101k"}),
    ("on-top", "warmup(1k) then cosine until 100k", {}),
    ("on-top", "warmup(50) then cosine(100)", {}),
    ("phase-time", "max(t, 10k)^-0.5", {}),
    ("phase-time", "1e-3 until 40k then 1e-3 * (5k/(5k + t))", {}),
    ("phase-time", "warmup(1k) then (3e-4*(1 - t/100)) for 50", {}),
    ("phase-time", "warmup(1k) then exp(max=1, k=1e-4)", {}),
    ("phase-time", "warmup(1k) then 1 - p", {"total": "2k"}),
    ("half-life", FLAGSHIP, {}),
    ("half-life", "exp(max=1e-3, factor=0.999, per=1)", {}),
    ("half-life", "exp(max=1, halflife=0.5 epochs)", {}),
    ("half-life", "exp(max=1, halflife=1)", {}),
    ("half-life", "drop(max=1, factor=0.1, per=1)", {}),
    ("added-phases", "cosine(90, from=1) + linear(90, from=1)", {}),
    ("added-phases", "1e-5 + cosine(90, from=1)", {}),
    ("added-phases", "warmup(10, to=1) * cosine(90, from=1)", {}),
    ("added-phases", "1 + 2 + t", {}),
    ("own-base", "let f = warmup(10, to=1) then linear(90)\nlr = base*f\nweight_decay = base*f", {}),
    ("own-base", "lr = cosine(90)\nweight_decay = 0.1*base", {}),
    ("own-base", "lr = cosine(90, from=1)/base*base\nweight_decay = lr^2", {}),
    ("unused-epoch", "cosine(2 epochs, from=1)", {"epoch": 90}),
    ("unused-epoch", "cosine(from=1)", {"epoch": 90, "total": "2 epochs"}),
    ("unused-epoch", "cosine(2*epoch, from=1)", {"epoch": 90}),
    ("unused-epoch", "param epoch = 90\nlr = cosine(100, from=1)", {}),
    ("unknown-allow", "cosine(100, from=1)  # lrdsl: allow jump, unused-epoch idle-end", {}),
    ("unknown-allow", "cosine(100, from=1)  # allow nothing", {}),
    ("unknown-allow", "cosine(100, from=1)  # lrdsl: a file", {}),
]


@pytest.mark.parametrize(("name", "text", "bound"), FIRES)
def test_a_note_fires_once(name: str, text: str, bound: dict[str, Any]) -> None:
    assert names(text, **bound).count(name) == 1


@pytest.mark.parametrize(("name", "text", "bound"), SILENT)
def test_a_note_does_not_fire(name: str, text: str, bound: dict[str, Any]) -> None:
    assert name not in names(text, **bound)


def test_each_note_has_texts_on_both_sides() -> None:
    for name in NOTES:
        assert [row for row in FIRES if row[0] == name], name
        assert len([row for row in SILENT if row[0] == name]) >= 3, name
    assert len(set(NOTES.values())) == len(NOTES)


@pytest.mark.parametrize(("text", "bound"), LINES)
def test_the_lines_of_the_language_have_jumps_and_zero_starts_alone(text: str, bound: dict[str, Any]) -> None:
    assert set(names(text, **bound)) <= {"jump", "zero-start"}


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_published_runs_have_jumps_and_zero_starts_alone(path: Path) -> None:
    assert {note.name for note in lrdsl.load(path).notes()} <= {"jump", "zero-start"}


def test_the_zoo_passes_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *map(str, ZOO)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(ZOO)


# --- mends ------------------------------------------------------------------------------------------------------------------

TIMES = np.linspace(0.0, 120.0, 241)


def mended(name: str, text: str, which: int = 0, **bound: Any) -> str:
    (note,) = [note for note in lrdsl.compile(text, **bound).notes() if note.name == name]
    mends = [mend for mend in note.mends if mend.edits]
    return mends[which].apply(text)


@pytest.mark.parametrize(("name", "text", "bound"), FIRES)
def test_a_mend_compiles_and_silences_its_note(name: str, text: str, bound: dict[str, Any]) -> None:
    for note in lrdsl.compile(text, **bound).notes():
        for mend in note.mends:
            if mend.edits and note.name == name:
                again = lrdsl.compile(mend.apply(text), **bound)
                left = [one for one in again.notes() if one.name == name]
                # A phase that counts the time of the run uses `t` all the same.
                assert name == "phase-time" or len(left) == 0, mend.apply(text)


@pytest.mark.parametrize(
    ("name", "text", "which", "wanted"),
    [
        ("climbs", "warmup(10, to=3e-4) then cosine(90, to=0.1)", 0, "warmup(10, to=3e-4) then cosine(90, to=10%)"),
        ("climbs", "warmup(10, to=1) then cosine(90, to=20)", 0, "warmup(10, to=1) then cosine(90, to=20, from=1)"),
        ("downhill", "warmup(10, from=0.1, to=3e-4)", 0, "warmup(10, from=10%, to=3e-4)"),
        ("clipped-floor", "warmup(10, to=1) then cosine(90) floor 0.1", 0, "warmup(10, to=1) then cosine(90, to=0.1)"),
        ("clipped-floor", "warmup(10, to=1) then cosine(90) floor 0.1", 1, "warmup(10, to=1) then (cosine(90) floor 0.1)"),
        ("clipped-floor", "warmup(10, to=1) then cosine for 90 floor 0.1", 1,
         "warmup(10, to=1) then (cosine for 90 floor 0.1)"),
        ("clipped-floor", "(warmup(10, to=1) then cosine(90)) floor 0.1 every 2", 0,
         "(warmup(10, to=1) then cosine(90, to=0.1)) every 2"),
        ("floor-above", "warmup(10, to=1e-3) then cosine(90) floor 0.1", 0, "warmup(10, to=1e-3) then cosine(90, to=10%)"),
        ("never-reached", "cosine(90, from=1, to=10%) floor 0.05 cap 1", 0, "cosine(90, from=1, to=10%) cap 1"),
        ("never-reached", "cosine(100, from=1, to=0.1) until 50", 0, "cosine(from=1, to=0.1) for 100 until 50"),
        ("until-plans", "warmup(10, to=1) then cosine until 50% then linear(50%)", 0,
         "(warmup(10, to=1) then cosine) for 100% until 50% then linear(50%)"),
        ("on-top", "warmup(1) then cosine(100, to=10%)", 0, "warmup(1) then cosine(to=10%) until 100"),
        ("on-top", "warmup(1) then cosine(100)", 0, "warmup(1) then cosine until 100"),
        ("on-top", "warmup(1) then cosine for 100", 0, "warmup(1) then cosine until 100"),
        ("phase-time", "warmup(10) then 1 - (t - 10)/100", 0, "warmup(10) then 1 - (t)/100"),
        ("phase-time", "warmup(10) then 1 - t/200", 0, "warmup(10) then 1 - (t + 10)/200"),
        ("half-life", "exp(max=1e-3, k=0.9)", 0, "exp(max=1e-3, factor=0.9, per=1)"),
        ("added-phases", "warmup(10, to=1) + cosine(90, from=1)", 0, "warmup(10, to=1) then cosine(90, from=1)"),
        ("zero-start", "warmup(10) then cosine(90)", 0, "warmup(10, from=0.1%) then cosine(90)"),
        ("zero-start", "linear(10, from=0, to=1) then cosine(90)", 0, "linear(10, from=0.1%, to=1) then cosine(90)"),
        ("unknown-allow", "# lrdsl: allow jmup\ncosine(90)", 0, "# lrdsl: allow jump\ncosine(90)"),
    ],
)  # fmt: skip
def test_a_mend_writes_what_is_shown(name: str, text: str, which: int, wanted: str) -> None:
    bound = {"total": 100} if "50%" in text or "1 - " in text else {}
    assert mended(name, text, which, **bound) == wanted


def test_a_mend_means_what_it_says() -> None:
    late = lrdsl.compile(mended("phase-time", "warmup(10) then 1 - t/200", total=100), total=100)
    assert late(50) == pytest.approx(1 - 50 / 200)
    cut = lrdsl.compile(mended("until-plans", "warmup(10, to=1) then cosine until 50 then linear(5)"))
    whole = lrdsl.compile("warmup(10, to=1) then cosine", total=100)
    assert (cut(TIMES[TIMES < 50]) == whole(TIMES[TIMES < 50])).all()
    planned = lrdsl.compile(mended("never-reached", "cosine(100, from=1, to=0.1) until 50"))
    assert (planned(TIMES) == lrdsl.compile("cosine(100, from=1, to=0.1) until 50")(TIMES)).all()
    useless = lrdsl.compile("cosine(90, from=1, to=10%) floor 0.05")
    assert (lrdsl.compile(mended("never-reached", str(useless).strip()))(TIMES) == useless(TIMES)).all()
    assert lrdsl.compile(mended("on-top", "warmup(1) then cosine(100)")).length == 100
    assert lrdsl.compile(mended("zero-start", "warmup(10, to=1) then hold"))(0) == 1e-3


def test_a_mend_that_would_not_compile_is_not_offered() -> None:
    (note,) = lrdsl.compile("warmup(10, to=1) + cosine(90, from=1)", total=90).notes(allow=["zero-start"])
    assert note.name == "added-phases"
    assert not any(mend.edits for mend in note.mends)


# --- bases, groups and outputs ------------------------------------------------------------------------------------------------


def test_outputs_that_mix_base_with_levels_are_looked_at_where_it_is_given() -> None:
    assert names("cosine(90, to=0.1)") == []
    assert names("cosine(90, to=0.1)", base=3e-4) == ["climbs"]
    assert names("warmup(90, from=1/3)", base=3e-4) == ["downhill"]
    assert names("warmup(10) then cosine(90) floor 0.1", base=3e-4) == ["floor-above"]
    (note,) = lrdsl.compile("cosine(90, to=0.1)").notes(3e-4)
    assert [mend.apply("cosine(90, to=0.1)") for mend in note.mends] == [
        "cosine(90, to=10%)",
        "cosine(90, to=0.1, from=base)",
    ]
    (note,) = lrdsl.compile("cosine(90, to=1e-5) floor 0.1").notes(3e-4)
    assert "floor 0.1*base" in (note.help or "")


def test_lines_for_groups_are_read_too() -> None:
    text = 'lr = 1\nlr["head.*"] = warmup(10, to=1e-3) then cosine(90, to=0.1)'
    (note,) = lrdsl.compile(text).notes()
    assert (note.name, note.line) == ("climbs", 2)
    schedule = lrdsl.compile(text).group("head.weight")
    assert [one.name for one in schedule.notes()] == ["climbs", "zero-start"]


def test_a_note_is_said_once_at_its_place() -> None:
    text = "let trunk = warmup(10, to=1e-3) then cosine(90, to=0.1)\nlr = trunk\nweight_decay = trunk"
    assert names(text) == ["climbs", "zero-start"]


def test_notes_come_in_the_order_of_the_text_and_zero_start_last() -> None:
    text = "warmup(10, to=1e-3) then 0.5 until 20 then exp(max=1, k=0.9) cap 0.4"
    found = lrdsl.compile(text).notes()
    assert found[-1].name == "zero-start"
    columns = [note.column or 0 for note in found[:-1]]
    assert columns == sorted(columns)


def test_what_is_missing_has_no_name_and_cannot_be_silenced() -> None:
    (note,) = lrdsl.compile("warmup(10) then cosine  # lrdsl: allow zero-start").notes(allow=NOTES)
    assert (note.code, note.name, note.severity) == ("E308", None, "note")


# --- silence ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "0.1 until 5 then 0.2  # lrdsl: allow jump",
        "# lrdsl: allow jump\n0.1 until 5 then 0.2",
        "# lrdsl: allow zero-start, jump\n\n0.1 until 5 then 0.2",
        "0.1 until 5 then 0.2\n# lrdsl: allow jump",
        "lr = 0.1 until 5  # lrdsl: allow jump\n  then 0.2",
        "param a = 0.1   ## lrdsl:allow jump\nlr = a until 5 then 0.2",
        "# a comment\n#\n# lrdsl: allow idle-end jump\nlr = 0.1 until 5 then 0.2",
    ],
)
def test_a_comment_silences_and_survives_formatting(text: str) -> None:
    assert names(text) == []
    assert names(str(lrdsl.compile(text))) == []
    assert "allow" in str(lrdsl.compile(text))


def test_callers_silence_by_name() -> None:
    schedule = lrdsl.compile("warmup(10, to=1) then 0.5")
    assert [note.name for note in schedule.notes()] == ["jump", "zero-start"]
    assert [note.name for note in schedule.notes(allow="zero-start")] == ["jump"]
    assert schedule.notes(allow="zero-start, jump") == schedule.notes(allow=("zero-start", "jump")) == []
    with pytest.raises(lrdsl.ScheduleError, match="no note is called `jmup`") as caught:
        schedule.notes(allow=["jmup"])
    assert caught.value.problems[0].help == "did you mean `jump`?"


def test_unknown_names_in_comments_stand_where_they_are_written() -> None:
    text = '# lrdsl: allow jump\nlr["# lrdsl: allow x*"] = 1  # lrdsl: allow jump, jmp\nlr = 2'
    (note,) = lrdsl.compile(text).notes()
    assert (note.name, note.line, note.labels[0].span.text) == ("unknown-allow", 2, "jmp")
    assert names("cosine(5, from=1)  # lrdsl: allow unknown-allow, nothing") == []


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as stop:
        return int(stop.code or 0)


def test_the_exit_code_is_1_with_strict_alone(capsys: pytest.CaptureFixture[str]) -> None:
    text = "warmup(10, to=1) then 0.5"
    assert run("check", text) == 0
    assert run("check", text, "--strict") == 1
    assert run("check", text, "--strict", "--allow", "jump") == 1
    assert run("check", text, "--strict", "--allow", "jump", "--allow", "zero-start") == 0
    assert run("check", text, "--strict", "--allow=jump,zero-start") == 0
    assert run("check", text + "  # lrdsl: allow jump, zero-start", "--strict") == 0
    capsys.readouterr()


def test_an_unknown_name_on_the_command_line_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "hold", "--allow", "jmup") == 2
    assert "no note is called `jmup`: did you mean jump?" in capsys.readouterr().err
    assert run("check", "hold", "--allow", "N503") == 2
    assert "did you mean zero-start?" in capsys.readouterr().err
    assert run("check", "hold", "--allow", "xyzzy") == 2
    assert "there are jump, undecided" in capsys.readouterr().err


def test_names_are_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    text = "0.1 until 5 then 0.2"
    for style, shown in (
        ("full", "note[N501 jump]: jumps from 0.1 to 0.2 at step 5"),
        ("concise", "<command line>:1:18: N501 jump: jumps from 0.1 to 0.2 at step 5"),
        ("github", "::notice file=<command line>,line=1,col=18,endColumn=21,title=N501 jump::jumps"),
    ):
        assert run("check", text, "--output-format", style) == 0
        assert shown in capsys.readouterr().err
    assert run("check", text, "--output-format", "json") == 0
    (note,) = json.loads(capsys.readouterr().out)
    assert (note["name"], note["code"], note["severity"]) == ("jump", "N501", "note")


def test_notes_of_a_text_in_a_file_of_settings_stand_in_that_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "conf.json"
    path.write_text('{\n  "lr": "warmup(10, to=3e-4) then cosine(90, to=0.1)"\n}\n', "utf-8")
    assert run("check", f"{path}:lr", "--output-format", "json", "--allow", "zero-start") == 0
    (note,) = json.loads(capsys.readouterr().out)
    assert (note["file"], note["line"], note["name"]) == (str(path), 2, "climbs")
    assert note["mends"][0]["edits"][0]["line"] == 2


def test_the_page_lists_every_note() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text("utf-8").split("\n## explain\n")[0]
    listed = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert listed == list(NOTES)


def test_comments_keep_their_order_in_the_tree() -> None:
    text = "# one\nlr = 1 until 2  # two\n  # three\n  then 2  # four\n# five"
    file = parse(Source(text)).file
    said = [line for one in file.statements for line in (*one.above, one.behind) if line]
    assert [*said, *file.below] == ["# one", "# two", "# three", "# four", "# five"]


# --- drawn texts --------------------------------------------------------------------------------------------------------------


@given(schedules())
def test_what_notes_claim_of_drawn_texts_is_so(drawn: tuple[object, Fraction | None]) -> None:
    text, bound = show(drawn[0]), {} if drawn[1] is None else {"total": str(drawn[1])}
    try:
        schedule = lrdsl.compile(text, **bound)
    except lrdsl.ScheduleError:
        return
    base = 3e-4
    if schedule.missing:
        return
    try:
        values = schedule(TIMES, base)
    except lrdsl.ScheduleError:
        return
    for note in schedule.notes(base):
        if note.name == "zero-start":
            assert schedule(0, base) == 0
        if note.help == "leave it out":
            (mend,) = note.mends
            assert lrdsl.compile(mend.apply(text), **bound)(TIMES, base) == pytest.approx(values, rel=1e-12)
        for mend in note.mends:
            if mend.edits:
                lrdsl.compile(mend.apply(text), **bound)


@given(files())
def test_notes_of_drawn_files_end_in_notes(asked: Asked) -> None:
    try:
        schedule = lrdsl.compile(show(asked.file), **asked.bindings)
    except lrdsl.ScheduleError:
        return
    bases = {**dict.fromkeys(("lr", "weight_decay", "momentum", "beta1", "beta2"), 0.1), **asked.bases}
    for one in (None, bases):
        assert all(note.severity == "note" for note in schedule.notes(one))
