"""What users hold: calls, bindings, reprs, first moves."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import lrdsl
from lrdsl.checker import library, prelude
from lrdsl.source import Source

FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


def codes(call: object) -> list[str]:
    with pytest.raises(lrdsl.ScheduleError) as caught:
        call()  # type: ignore[operator]
    return [problem.code for problem in caught.value.problems]


def test_the_six_lines_that_need_steps_alone_give_the_published_numbers() -> None:
    llama = lrdsl.compile("warmup(2k, to=3e-4) then cosine(to=10%)", total=100_000)
    assert [llama(0), llama(2000), llama(51_000), llama(100_000)] == pytest.approx([0, 3e-4, 1.65e-4, 3e-5])
    smollm2 = lrdsl.compile("warmup(2k) then 5e-4 then linear(10%)", total=5_240_000)
    assert [smollm2(2000), smollm2(4_715_999), smollm2(4_978_000), smollm2(5_240_000)] == pytest.approx(
        [5e-4, 5e-4, 2.5e-4, 0]
    )
    smollm = lrdsl.compile("warmup(5k) then 3e-3 then sqrt(100k)", total=600_000)
    assert [smollm(5000), smollm(500_000), smollm(525_000), smollm(600_000)] == pytest.approx([3e-3, 3e-3, 1.5e-3, 0])
    t5 = lrdsl.compile("max(t, 10k)^-0.5")
    assert [t5(0), t5(10_000), t5(40_000), t5(524_288)] == pytest.approx([0.01, 0.01, 0.005, 524_288**-0.5])
    one_cycle = lrdsl.compile("cosine(30%, from=4%, to=0.1) then cosine(to=4e-7)", total=1000)
    assert [one_cycle(0), one_cycle(300), one_cycle(1000)] == pytest.approx([4e-3, 0.1, 4e-7])
    vit = lrdsl.compile("(warmup(10k, to=8e-4) then rsqrt(timescale=10k)) * (1 then linear(50k))", total=1_000_000)
    assert [vit(10_000), vit(40_000), vit(950_000), vit(975_000)] == pytest.approx(
        [8e-4, 4e-4, 8e-4 / 95**0.5, 4e-4 / 97.5**0.5]
    )


def test_a_base_scales_a_relative_text() -> None:
    schedule = lrdsl.compile("warmup(10) then cosine(to=10%)", total=100)

    assert schedule.relation == "relative"
    assert schedule(10) == 1.0
    assert schedule(10, 3e-4) == schedule(10, base=3e-4) == schedule(10, {"lr": 3e-4}) == 3e-4
    assert schedule.factor(100, 3e-4) == pytest.approx(0.1)
    assert lrdsl.compile(FLAGSHIP).relation == "absolute"


def test_a_text_that_mixes_needs_its_base() -> None:
    schedule = lrdsl.compile("warmup(10) then cosine(90, to=1e-5)")

    assert schedule.relation == "mixed"
    assert codes(lambda: schedule(5)) == ["E331"]
    assert codes(lambda: schedule.factor(5)) == ["E331"]
    assert schedule(100, 1e-3) == 1e-5
    assert codes(lambda: lrdsl.compile("base - 0.5")(5, 0.1)) == ["E327"]


def test_bindings_win_over_the_file_and_are_texts_or_numbers() -> None:
    text = "param peak = 3e-4\nparam warm = 10%\nparam total = 1000\nlr = warmup(warm, to=peak) then cosine"

    assert lrdsl.compile(text)(100) == 3e-4
    assert lrdsl.compile(text, peak=6e-4)(100) == 6e-4
    assert lrdsl.compile(text, peak="6e-4", total=2000)(200) == 6e-4
    assert lrdsl.compile(text, warm="50 steps")(50) == 3e-4
    assert lrdsl.compile(text, total=np.int64(500), peak=np.float32(0.5))(50) == 0.5
    assert lrdsl.compile(text).bind(total="4k", peak=1).bind(total=2000)(200) == 1
    assert lrdsl.compile(text).params["peak"] == "3e-4"
    assert codes(lambda: lrdsl.compile(text, warm=50)) == ["E328"]
    assert codes(lambda: lrdsl.compile(text, foo=1, peak="1 then 2")) == ["E116", "E209"]
    assert codes(lambda: lrdsl.compile(text, peak=[1])) == ["E406"]
    assert codes(lambda: lrdsl.compile(text, peak=True)) == ["E406"]


def test_it_is_what_its_text_and_bindings_are() -> None:
    a = lrdsl.compile("warmup(10)   then cosine", total=100)
    b = lrdsl.compile("warmup(10) then cosine # the same", total=100)
    c = lrdsl.compile("warmup(10) then cosine", total=200)

    assert a == a.bind()
    assert hash(a) == hash(a.bind())
    assert a != c
    assert a != "warmup(10) then cosine"
    assert eval(repr(a)) == a
    assert str(a) == "warmup(10) then cosine\n"
    assert str(b) == "warmup(10) then cosine  # the same\n"
    assert pickle.loads(pickle.dumps(a)) == a
    assert copy.deepcopy(a) == a
    assert lrdsl.compile("warmup(10)   then cosine", total=100) is a


def test_a_number_and_a_mapping_are_texts() -> None:
    assert lrdsl.compile(3e-4)(5) == 3e-4
    assert lrdsl.compile(1)(5) == 1
    assert lrdsl.compile("3e-4")(5) == 3e-4
    assert lrdsl.compile({"lr": "warmup(10) then hold"})(5) == 0.5


def test_files_are_loaded_with_their_name(tmp_path: Path) -> None:
    path = tmp_path / "gpt.lrs"
    path.write_bytes(b"\xef\xbb\xbfparam peak = 3e-4\r\nwarmup(10, to=peek) then hold\r\n")
    with pytest.raises(lrdsl.ScheduleError) as caught:
        lrdsl.load(path)
    problem = caught.value.problems[0]

    assert (problem.line, problem.column, problem.end_column, problem.help) == (2, 15, 19, "did you mean `peak`?")
    assert f"{path}:2:15" in str(caught.value)
    path.write_bytes(b"warmup(10) then h\xffld")
    assert codes(lambda: lrdsl.load(path)) == ["E109"]
    assert codes(lambda: lrdsl.load(tmp_path / "none.lrs")) == ["E401"]


def test_first_moves_that_are_wrong_get_the_right_one() -> None:
    assert codes(lambda: lrdsl.compile("gpt.lrs")) == ["E402"]
    assert codes(lambda: lrdsl.load("warmup(1k) then hold")) == ["E403"]
    assert codes(lambda: lrdsl.compile(None)) == ["E405"]
    assert codes(lambda: lrdsl.compile("warmup(5) then hold", base=3e-4)) == ["E405"]
    assert codes(lambda: lrdsl.compile(FLAGSHIP).step()) == ["E405"]
    assert codes(lambda: lrdsl.compile(FLAGSHIP).source("fortran")) == ["E405"]
    with pytest.raises(AttributeError, match=r"lrdsl.torch.attach"):
        lrdsl.attach  # noqa: B018
    with pytest.raises(AttributeError, match="it is called"):
        lrdsl.compile(FLAGSHIP).value  # noqa: B018
    assert not hasattr(lrdsl.compile(FLAGSHIP), "state_dict")


def test_summaries_show_where_a_schedule_turns() -> None:
    assert lrdsl.compile(FLAGSHIP).summary == "lr 1e-6 -> 1e-3 at 1k -> 1e-6 at 70_078, then 1e-6 · steps"
    assert lrdsl.compile("3e-4").summary == "lr 3e-4 · steps"
    wsd = lrdsl.compile("warmup(2k) then 5e-4 then linear(10%)", total=100_000).summary
    assert wsd == "lr 0 -> 5e-4 at 2k -> 5e-4 at 90k -> 0 at 100k, then 0 · steps · total 100k"
    assert " x base" in lrdsl.compile("warmup(10) then hold").summary
    product = lrdsl.compile("(warmup(10k, to=8e-4) then rsqrt(timescale=10k)) * (1 then linear(50k))", total=100_000)
    assert product.summary == "lr 0 -> 8e-4 at 10k -> 0 at 100k, then 0 · steps · total 100k"
    teeth = lrdsl.compile("repeat(linear(10, from=0, to=1) then linear(10, to=0), times=3)")
    assert teeth.summary == "lr 0 -> 1 at 10 -> 0 at 60, then 0 · steps · total 60"
    noam = lrdsl.compile("512^-0.5 * min((t+1)^-0.5, (t+1)*4000^-1.5)")
    assert noam.summary == "lr 1.74693e-7 -> 6.98771e-4 at 3_999 -> ... · steps"
    assert lrdsl.compile("drop(max=0.1, factor=0.1, per=30)").summary == "lr 0.1 -> ... · steps"
    mixed = lrdsl.compile("warmup(500) then cosine(to=1e-5)", total=10_000)
    assert mixed.describe(1e-3) == "lr 0 -> 1e-3 at 500 -> 1e-5 at 10k, then 1e-5 · steps · total 10k"
    assert "..." in lrdsl.compile("repeat(cosine(10, from=1))").summary
    many = " then ".join("cosine(10, from=1, to=0)" for _ in range(1000))
    assert len(lrdsl.compile(many).summary) < 120


def test_where_nothing_changes_any_more_is_found() -> None:
    settled = lrdsl.compile(FLAGSHIP).settled
    assert settled == pytest.approx(70_077.55, abs=0.01)
    assert lrdsl.compile("warmup(10, to=1) then hold").settled == 10
    assert lrdsl.compile("max(t, 10k)^-0.5").settled is None
    assert lrdsl.compile("repeat(cosine(1024, from=1))").settled is None
    assert lrdsl.compile("repeat(cosine(5, from=1), stretch=1.01)").settled is None


def test_a_curve_touches_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every curve renamed, in the prelude and in the texts: the values stand."""
    import re

    from lrdsl.parser import grammar_text

    source = grammar_text("prelude.lrs")
    names = sorted(prelude())
    new = {name: "curve" + "abcdefghijklmnop"[index] * 3 for index, name in enumerate(names)}
    texts = [
        FLAGSHIP,
        "warmup(2k, to=3e-4) then cosine(to=10%)",
        "warmup(5k) then hold(max=3e-3) then sqrt(10k) then rsqrt(10k, timescale=100) then linear(5k)",
        "poly(10k, from=1, power=2) then warmup(5k, to=1) then rex(10k, to=0.1) then geometric(to=1e-3)",
        "repeat(hold(90) then drop(50, factor=0.5, per=7) then linear(10), stretch=2, factor=0.9)",
    ]
    times = np.arange(0, 120_000, 37)
    expected = [lrdsl.compile(text, total=100_000)(times) for text in texts]

    def renamed(text: str) -> str:
        return re.sub("|".join(rf"\b{name}\b(?![=.])" for name in names), lambda found: new[found.group()], text)

    shapes = [line for line in source.splitlines() if not line.startswith("#")]
    other = library.read(Source(renamed("\n".join(shapes)), "prelude.lrs"))
    monkeypatch.setattr("lrdsl.checker.prelude", lambda: other)
    lrdsl.compiled.cache_clear()
    for text, values in zip(texts, expected, strict=True):
        schedule = lrdsl.compile(renamed(text), total=100_000)
        assert renamed(text) != text
        assert np.array_equal(schedule(times), values)
    lrdsl.compiled.cache_clear()


def test_own_shapes_and_curves_have_the_powers_of_the_built_in_ones() -> None:
    text = """
    shape smooth(p, bend=2) = p^bend * (3 - 2*p)
    curve noam(t, d=512, w=4k) = d^-0.5 * min((t+1)^-0.5, (t+1) * w^-1.5)
    curve fade(t, max, half) = max * 2^(-t/half)
    lr = smooth(100, from=1, to=0.5) then fade(half=50) for 100 then smooth(100, to=10%)
    """
    schedule = lrdsl.compile(text)

    assert [schedule(0), schedule(50), schedule(100), schedule(150), schedule(300)] == pytest.approx(
        [1, 0.75, 0.5, 0.25, 0.0125]
    )
    noam = lrdsl.compile("curve noam(t, d=512, w=4k) = d^-0.5 * min((t+1)^-0.5, (t+1) * w^-1.5)\nnoam")
    assert noam(3999) == pytest.approx(6.9877e-4, rel=1e-4)


def test_a_length_is_exact() -> None:
    assert lrdsl.compile("warmup(total/3) then cosine(2*total/3)", total=100_000).length == 100_000
    assert lrdsl.compile("cosine(1/3 + 0.1)").length == Fraction(13, 30)
