"""Tree to text: one canonical form, which loses nothing."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import show as written
from strategies import schedules

from lrdsl.parser import grammar_text, parse
from lrdsl.printer import COLUMNS, show
from lrdsl.source import Source

EXAMPLE = """\
# a 7B run
param peak  = 3e-4        # public: --set peak=6e-4, compile(..., peak=6e-4)
param total = 500k steps
param step  = 4M tokens
let   trunk = warmup(2k, to=peak) then cosine(to=10%)  # private

lr                  = trunk
lr["head.*"]        = warmup(3%, from=1e-5) then trunk skip 3%
lr["*layers.{i}.*"] = trunk * 0.75^(23 - i)
weight_decay        = 0.1 for 90% then linear
momentum            = linear(300, from=0.85, to=0.95) then hold

shape smooth(p, bend=2) = p^bend * (3 - 2*p)
curve noam(t, d=512, w=4k) = d^-0.5 * min((t+1)^-0.5, (t+1) * w^-1.5)

assert lr <= peak
assert lr falls after 2k
assert lr is continuous
assert lr at total == peak/10
"""


def printed(text: str) -> str:
    parsed = parse(Source(text))
    assert parsed.problems == (), str(parsed.problems[0])
    shown = show(parsed.file)
    again = parse(Source(shown))
    assert again.problems == ()
    assert again.file == parsed.file
    assert show(again.file) == shown
    assert comments(shown) == comments(text)
    return shown


def comments(text: str) -> Counter[str]:
    """The comments of a text, by its characters alone."""
    bare = re.sub(r'"[^"\r\n]*"', "", text)
    return Counter(found.rstrip() for found in re.findall(r"#[^\r\n]*", bare))


def test_the_example_of_the_language_is_a_fixed_point() -> None:
    assert printed(EXAMPLE) == EXAMPLE
    # However its columns were set before.
    assert printed(re.sub(r"(?<=\S) +(?=[=#])", "     ", EXAMPLE)) == EXAMPLE
    assert printed(re.sub(r"(?<=\S) +", " ", EXAMPLE)) == EXAMPLE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("warmup( 10 )then hold", "warmup(10) then hold\n"),
        ("\n\n\nlet a=1\n\n\n\nlr=a\n\n\n", "let a = 1\n\nlr = a\n"),
        ("# c\n\n\n# d\nlr=1#e", "# c\n\n# d\nlr = 1  #e\n"),
        ("param a=1\nlet bcd=2", "param a   = 1\nlet   bcd = 2\n"),
        ("let a=1\nlet bcd=2", "let a   = 1\nlet bcd = 2\n"),
        ("let a=1\n# c\nlet bcd=2", "let a = 1\n# c\nlet bcd = 2\n"),
        ("let a=1\n\nlet bcd=2", "let a = 1\n\nlet bcd = 2\n"),
        ("let a=1\nlr=a\nlet bcd=2", "let a   = 1\nlr = a\nlet bcd = 2\n"),
        ("let a=1 # x\nlr=cosine(5,from=a)\n# y", "let a = 1               # x\nlr = cosine(5, from=a)\n# y\n"),
        ("lr=cosine(5) # a\n # b\n then hold # c\n", "# a\n# b\nlr = cosine(5) then hold  # c\n"),
        ("lr = 2 * p", "lr = 2*p\n"),
        ("lr = 2 * p^2", "lr = 2 * p^2\n"),
        ("1 - 2 * p ^ 2 / ( t + 1 )", "1 - 2*p^2/(t+1)\n"),
        ("( 2 - t ) * ( to + 1 )", "(2 - t) * (to + 1)\n"),
        ("1 epochs", "1 epoch\n"),
        ("5 %", "5%\n"),
        ("lr = 1 # first then second", "lr = 1  # first then second\n"),
        ('lr["a # b"]=1 # c', 'lr["a # b"] = 1  # c\n'),
        ("\n".join(("# only", "lr=1", "", "# below", "", "")), "# only\nlr = 1\n\n# below\n"),
    ],
)
def test_what_is_written_and_how_it_is_printed(text: str, shown: str) -> None:
    assert printed(text) == shown


def test_one_long_name_does_not_push_the_others() -> None:
    long = "a" * 40
    assert printed(f"let b=1\nlet {long}=2\nlet cd=3") == f"let b  = 1\nlet {long} = 2\nlet cd = 3\n"
    assert printed(f"let b=1 # x\nlet {'a' * 25}=2 # y\n").count("  # ") == 2


def test_a_long_statement_is_broken_where_lines_may_begin() -> None:
    phases = [f"linear(1k, from=1e-{n}, to=1e-{n + 1})" for n in range(1, 6)]
    long = " then ".join(phases)
    broken = printed(f"lr = {long} floor 1e-9 every 10  # behind\nlet a = 1")

    first, *rest, clause, last, after = broken.splitlines()
    assert first == f"lr = {phases[0]}"
    assert rest == [f"    then {phase}" for phase in phases[1:]]
    assert (clause, last, after) == ("    floor 1e-9", "    every 10  # behind", "let a = 1")
    # A line that fits is one line, and a text of one line stays one.
    assert printed("lr = cosine(5)\n  then hold") == "lr = cosine(5) then hold\n"
    assert len(long) > COLUMNS
    assert printed(long) == f"{long}\n"
    assert printed(long.replace(" then", "\n then")) == "\n    then ".join(phases) + "\n"
    assert printed(f"let f = repeat({long})") == f"let f = repeat({long})\n"


def test_a_long_run_is_printed_in_linear_time() -> None:
    file = parse(Source("\n".join(f"let a{i} = {i} # {i}" for i in range(10_000)))).file
    begun = time.perf_counter()
    assert show(file).count("\n") == 10_000
    assert time.perf_counter() - begun < 2


def test_the_prelude_keeps_its_comments() -> None:
    text = grammar_text("prelude.lrs")
    assert printed(text).count("\n") == text.count("\n")


STATEMENTS = (
    "param peak = 3e-4",
    "param total=100k steps",
    "let trunk = warmup(2k,to=peak) then cosine(to=10%) floor 1e-6",
    "lr=trunk * 0.5",
    'lr["head.*"] = 10*lr until 5 epochs',
    "shape s(p,bend=2) = p^bend,1 - p^bend",
    "curve c(t,max=next)=max",
    "assert lr<=peak after 5",
    "weight_decay = 0.1 for 90% then linear",
    "let " + "long" * 12 + " = 1 then 2 then 3",
    "let far = " + " then ".join(["cosine(5, to=1)"] * 9),
)
COMMENTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t#="), max_size=12).map(
    "#{}".format
)


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """Statements with comments and empty lines wherever a text may have them."""

    def between() -> str:
        return "".join(
            f"{' ' * draw(st.integers(0, 3))}{draw(COMMENTS | st.just(''))}\n" for _ in range(draw(st.integers(0, 3)))
        )

    def end() -> str:
        return (
            draw(st.sampled_from(("", " ", "\t")))
            + draw(COMMENTS | st.just(""))
            + draw(st.sampled_from(("\n", "\r\n", "\r")))
        )

    text = between()
    for statement in draw(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=7)):
        words = re.split(r"(?=(?<=\s)(?:then|floor|for|until) )", statement)
        text += words[0]
        for word in words[1:]:
            text += end() + between() + "  " + word if draw(st.booleans()) else word
        text += end() + between()
    return text


@given(layouts())
def test_comments_and_trees_survive_any_layout(text: str) -> None:
    shown = printed(text)
    assert "\n\n\n" not in shown
    assert not shown.startswith("\n")
    assert not shown.endswith("\n\n")
    assert all(line == line.rstrip() for line in shown.split("\n"))


@given(schedules())
def test_any_schedule_is_printed_and_read_again(drawn: tuple[object, object]) -> None:
    printed(written(drawn[0]))
