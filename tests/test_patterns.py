"""Patterns of group names: what they match, what their numbers are, and which one is narrower."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lrdsl
from lrdsl.patterns import BadPattern, Run, Star, narrowest, pattern


@pytest.mark.parametrize(
    ("text", "name", "ways"),
    [
        ("head.*", "head.weight", [()]),
        ("head.*", "head", []),
        ("head.*", "ahead.weight", []),
        ("*", "a.b.c", [()]),
        ("*", "", [()]),
        ("*.bias", "a.b.bias", [()]),
        ("head.weight", "head.weight", [()]),
        ("layers.{i}.*", "layers.12.mlp", [(("i", 12),)]),
        ("layers.{i}.*", "layers.007.mlp", [(("i", 7),)]),
        ("layers.{i}.*", "layers.x.mlp", []),
        ("layers.1{i}", "layers.12", []),  # a whole run of digits
        ("layers.{i}*", "layers.12", [(("i", 12),)]),
        ("*{i}", "layers.12", [(("i", 12),)]),
        ("*.{i}.*", "a.1.b.2.c", [(("i", 2),), (("i", 1),)]),
        ("{i}.{j}", "3.4", [(("i", 3), ("j", 4))]),
        ("{i}.{i}", "3.3", [(("i", 3),)]),
        ("{i}.{i}", "3.4", []),
        ("a[0]", "a[0]", [()]),  # only `*` and braces mean something
        ("a?c", "abc", []),
    ],
)
def test_what_a_pattern_matches(text: str, name: str, ways: list[object]) -> None:
    assert sorted(pattern(text).ways(name)) == sorted(ways)  # type: ignore[type-var]


@pytest.mark.parametrize("text", ["", "a{", "a}", "{}", "{3}", "{i j}", "{i}{j}", "{{i}}"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(BadPattern):
        pattern(text)


@pytest.mark.parametrize(
    ("texts", "winner"),
    [
        (("*", "head.*"), "head.*"),
        (("head.*", "*.bias"), None),
        (("head.*", "*.bias", "head.bias"), "head.bias"),
        (("layers.{i}.*", "layers.0.*"), "layers.0.*"),
        (("layers.{i}.*", "*layers*"), "layers.{i}.*"),
        (("layers.{i}.*", "layers.{j}.bias"), "layers.{j}.bias"),
        (("a*", "*a"), None),
        (("a*", "a*b*"), "a*b*"),
        (("*", "*a*", "*ab*", "ab"), "ab"),
    ],
)
def test_the_narrowest_is_matched_by_all_others(texts: tuple[str, ...], winner: str | None) -> None:
    for order in (texts, texts[::-1]):
        found = narrowest([pattern(text) for text in order])
        assert (None if found is None else order[found]) == winner


PIECES = st.lists(st.sampled_from(["*", "{i}", "a", "b", ".", "1", "23"]), min_size=1, max_size=7)


@given(PIECES, st.text("ab.123", max_size=8))
def test_patterns_agree_with_regular_expressions(pieces: list[str], name: str) -> None:
    text = "".join(pieces)
    if "{i}{i}" in text:
        return
    made = pattern(text)
    parts = {Star(): ".*", Run("i"): r"(?<!\d)(\d+)(?!\d)"}
    expression = "".join(parts[token] if not isinstance(token, str) else re.escape(token) for token in made.tokens)
    found = re.fullmatch(expression, name)
    if text.count("{i}") <= 1:
        assert bool(made.ways(name)) == bool(found)
    if found and len(made.ways(name)) == 1 and text.count("{i}") == 1:
        assert made.ways(name) == [(("i", int(found.group(1))),)]


@given(PIECES, PIECES, st.text("ab.123", max_size=6))
def test_a_narrower_pattern_matches_no_more(wide: list[str], narrow: list[str], name: str) -> None:
    try:
        one, other = pattern("".join(wide)), pattern("".join(narrow))
    except BadPattern:
        return
    if one.covers(other) and other.ways(name) and "".join(wide).count("{i}") <= 1:
        assert one.ways(name)


def test_long_names_and_many_stars_cost_nothing() -> None:
    hard = pattern("*a" * 30 + "b")
    assert not hard.ways("a" * 3000)
    assert not pattern("{i}*a" * 12 + "b").ways("1a" * 200)


# --- in texts ---------------------------------------------------------------------------------------------------------


def test_a_name_that_could_be_two_numbers_is_an_error() -> None:
    schedule = lrdsl.compile('lr = 1\nlr["*.{i}.*"] = 0.5^i')
    assert schedule.group("a.3.b")(0) == 0.125
    with pytest.raises(lrdsl.ScheduleError) as caught:
        schedule.group("a.1.b.2.c")
    assert caught.value.problems[0].code == "E342"
    assert "i = 1" in caught.value.problems[0].message


def test_the_error_proposes_the_line_that_decides() -> None:
    text = 'lr = 1\nlr["*.bias"] = 2\nlr["head.*"] = 3'
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile(text).group("head.bias")
    problem = caught.value.problems[0]
    assert problem.code == "E341"
    line = (problem.help or "").removeprefix("a line that decides: ").replace("...", "4")
    assert lrdsl.compile(f"{text}\n{line}").group("head.bias")(0) == 4


def test_each_output_sees_the_outputs_of_the_group() -> None:
    text = 'weight_decay = lr^2\nlr = 0.1\nlr["h.*"] = 0.5\nlr["k.*"] = 10*lr + weight_decay\nweight_decay["k.*"] = 3'
    schedule = lrdsl.compile(text)
    assert schedule["weight_decay"](0) == 0.1**2
    assert schedule.group("h.x")["weight_decay"](0) == 0.25
    assert schedule.group("k.x")(0) == 4.0
    assert schedule.group("k.x")["weight_decay"](0) == 3


def test_numbers_are_known_in_lets_and_nowhere_else() -> None:
    schedule = lrdsl.compile('let half = 0.75^(3-i)\nlr = 1\nlr["l.{i}"] = half * cosine(10*(i + 1), from=1)')
    assert schedule.group("l.2").length == 30
    assert schedule.group("l.2")(15) == pytest.approx(0.375)
    for wrong in (
        'lr = 0.5^i\nlr["l.{i}"] = 1',
        'lr["l.{i}"] = 1 + weight_decay\nweight_decay = i',
        'let a = j\nlr["l.{i}"] = a',
    ):
        with pytest.raises(lrdsl.ScheduleError) as caught:
            lrdsl.compile(wrong)
        assert caught.value.problems[0].code == "E201"


def test_a_circle_through_a_group_is_refused() -> None:
    text = 'lr = 1\nlr["h"] = weight_decay\nweight_decay = lr'
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.compile(text)
    assert caught.value.problems[0].code == "E207"
    assert 'lr["h"]' in str(caught.value)


def test_what_is_wrong_for_every_number_is_found_when_compiled_and_the_rest_in_the_group() -> None:
    with pytest.raises(lrdsl.ScheduleError):
        lrdsl.compile('lr = 1\nlr["l.{i}"] = cosine(10) until 20 until 5')
    schedule = lrdsl.compile('lr = 1\nlr["l.{i}"] = 1 - i/5')
    assert schedule.group("l.5")(0) == 0
    with pytest.raises(lrdsl.ScheduleError) as caught:
        schedule.group("l.6")
    assert caught.value.problems[0].code == "E327"


def test_groups_of_one_kind_are_one_schedule() -> None:
    schedule = lrdsl.compile('lr = 1\nlr["a.*"] = 2')
    assert schedule.group("a.x") is schedule.group("a.y")
    assert schedule.group("b") is schedule.group("c")
    assert schedule.group("a.x") != schedule.group("b")
    assert lrdsl.compile("cosine(10)").group("anything")(5) == 0.5
