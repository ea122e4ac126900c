"""A text inside a YAML, TOML or JSON file, and where its problems are shown."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrdsl.cli import embedded, main
from lrdsl.cli.holders import load
from lrdsl.source import Source

YAML = """\
data: &name some text
train:
  total: 5
  flag: true
  when: 2026-01-01
  nothing:
  good: 3e-4
  number: 0.001
  wide: {lr: 'warmup(10) then hold', wd: [0.1, 1 then 2]}
  dotted.key: 1e-3
groups:
  - lr: 3e-4
  - lr: warmup(10) then hold
  - <<: &other {momentum: 0.9}
    lr: 1e-3
loop: &loop
  again: *loop
"""


@pytest.fixture
def holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("yaml")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "conf.yaml"
    path.write_text(YAML, "utf-8")
    return path


@pytest.mark.parametrize(
    ("key", "summary"),
    [
        ("train.good", "lr 3e-4 · steps"),
        ("train.number", "lr 1e-3 · steps"),
        ("train.dotted.key", "lr 1e-3 · steps"),
        ("train.wide.lr", "lr 0 -> 1 at 10, then 1 x base · steps"),
        ("train.wide.wd.0", "lr 0.1 · steps"),
        ("groups.0.lr", "lr 3e-4 · steps"),
        ("groups.1.lr", "lr 0 -> 1 at 10, then 1 x base · steps"),
        ("groups.1", "lr 0 -> 1 at 10, then 1 x base · steps"),
        ("groups.2.momentum", "lr 0.9 · steps"),
        ("loop.again.again", None),
    ],
)
def test_a_key_leads_to_a_text(key: str, summary: str | None, holder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"conf.yaml:{key}"]) == (2 if summary is None else 0)
    assert capsys.readouterr().out == ("" if summary is None else f"{summary}\n")


# «» marks what is blamed; the text is at the key `lr`.
SHOWN = [
    "lr: warmup(10) then «holt»",
    "a: 1\nlr:   warmup(10) then «holt»  # holt",
    "lr: 'warmup(10) then «holt»'",
    'lr: "warmup(10) then «holt»"',
    'lr: &x !!str "warmup(10) then «holt»"',
    "x: &x warmup(10) then «holt»\nlr: *x",
    "lr: |\n  warmup(10)\n    then «holt»\n",
    "lr: |2-  # why\n    warmup(10)\n    then «holt»\n",
    "lr: >-\n  warmup(10)\n  then «holt»\n\n  floor 1e-6\n",
    "lr: warmup(10)\n  then «holt»\n",
    "lr:\n  lr: warmup(10) then «holt»",
    "lr:\n  «learning_rate»: warmup(10) then hold",
    "é: ü\r\nlr: warmup(10) then «holt»\r\n",
    "lr: |\n  let a = 1  # é\n\n  lr = «b»\n",
    "lr: warmup(10) then «holt»\nother: warmup(10) then holt",
    "{lr: warmup(10) then «holt», b: 1}",
    "lr: «''»",
]


@pytest.mark.parametrize("marked", SHOWN)
def test_problems_are_shown_in_the_file(marked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "a.yml"
    text = marked.replace("«", "").replace("»", "")
    path.write_text(text, "utf-8", newline="")

    assert main(["check", f"{path}:lr", "--output-format", "json"]) == 1
    problem = json.loads(capsys.readouterr().out)[0]
    before = re.split(r"\r\n|\n", marked[: marked.index("«")])
    assert (problem["file"], problem["line"], problem["column"]) == (str(path), len(before), len(before[-1]) + 1) or (
        "''" in text and problem["code"] == "E112" and problem["line"] == 1
    )
    for mend in problem["mends"]:
        for edit in mend["edits"]:
            path.write_text(text[: edit["start"]] + edit["text"] + text[edit["end"] :], "utf-8", newline="")
            assert main(["check", f"{path}:lr"]) == 0
            capsys.readouterr()


WORDS = st.lists(
    st.sampled_from(("warmup(10)", "then", "lr", "=", "'", '"', "#x", "é", "\\n", "\n", "\n\n", "  ", "[")), min_size=1
)


@given(WORDS.map(" ".join), st.sampled_from((None, "'", '"', "|", ">")), st.integers(20, 80))
def test_every_word_is_found_where_it_stands(text: str, style: str | None, width: int) -> None:
    yaml = pytest.importorskip("yaml")
    dumped = yaml.safe_dump({"a": {"b": text}}, default_style=style, width=width, allow_unicode=True)
    text = yaml.safe_load(dumped)["a"]["b"]  # a folded text may come back otherwise
    file = Source(dumped, "a.yaml")
    read_again, words = embedded._text(file, load("a.yaml", dumped).value[0][1].value[0][1], "a.yaml")
    assert read_again == text
    if words is None:
        assert any(mark in dumped for mark in "\\'")  # it is written in another form than it reads
        return
    if text.strip():
        assert [text[begin:end] for begin, end, _ in words] == text.split()
        assert [dumped[there : there + end - begin] for begin, end, there in words] == text.split()
        # And in their order: a word between two others is not found in a comment or in another value.
        assert [there for _, _, there in words] == sorted({there for _, _, there in words})


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.toml", '[x]\nlr = "warmup(10) then «holt»"\n', "a.toml"),
        ("a.toml", '[x]\nlr = """\nwarmup(10)\n  then «holt»\n"""\n', "a.toml"),
        ("a.toml", "[x]\nlr = 'warmup(10) then «holt»'\ny = 'hold'\n", "a.toml"),
        ("a.json", '{"x": {"lr": "warmup(10) then «holt»"}}', "a.json"),
        ("a.json", '{"x": {"lr": "warmup(10)\\n then «holt»"}}', None),
        ("a.json", '{"x": {"lr": "warmup(10) then «holt»", "y": "warmup(10) then holt"}}', None),
        ("a.toml", '# warmup(10) then holt\n[x]\nlr = "warmup(10) \\u0074hen «holt»"', None),
        ("a.yaml", 'x:\n  lr: "warmup(10) \\x74hen «holt»"', None),
        ("a.yaml", "x:\n  lr: 'warmup(10) then «holt»' # 'a'", "a.yaml"),
    ],
)
def test_a_place_is_named_only_where_it_is_sure(
    name: str,
    text: str,
    place: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("yaml")
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text.replace("«", "").replace("»", ""), "utf-8")

    assert main(["check", f"{name}:x.lr", "--output-format", "concise"]) == 1
    said = capsys.readouterr().err
    before = text[: text.index("«")].split("\n")
    if place is None:
        assert re.match(rf"{name}:x\.lr:\d:\d+: E20", said)
    else:
        assert said.startswith(f"{place}:{len(before)}:{len(before[-1]) + 1}: E20")


def test_what_a_mend_says_of_columns_is_said_of_the_file(holder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holder.write_text("a:\n  lr: warmup(1000 then hold\n", "utf-8")
    assert main(["check", "conf.yaml:a.lr"]) == 1
    assert "put `)` at column 18" in capsys.readouterr().err


def test_no_mend_that_breaks_the_file_is_carried_out(holder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A comma would end the value here; behind an escape, places are those in the text, which is named by its key.
    holder.write_text('lr: "lr[\\"a] = 1"\nb: {lr: linear(5 from=1), c: 1}\n', "utf-8")
    assert main(["check", "conf.yaml:b.lr", "--output-format", "json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert problem["mends"]
    assert not [edit for mend in problem["mends"] for edit in mend["edits"]]
    assert main(["check", "conf.yaml:lr", "--output-format", "json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert (problem["file"], problem["mends"][0]["edits"][0]["column"]) == ("conf.yaml:lr", 6)


BROKEN = {
    "bad.yaml": "a: [1",
    "two.yaml": "a: 1\n---\na: 2",
    "tag.yaml": "a: !!python/object/apply:os.getcwd x",
    "bad.toml": "a = ",
    "bad.json": "{",
    "deep.json": "[" * 100_000,
    "deep.yaml": "[" * 10_000,
    "empty.yaml": "# nothing",
    "run.lrs": "lr = 1",
}


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("nowhere.yaml:lr", "cannot read nowhere.yaml: no such file"),
        (
            "conf.yaml:train.god",
            "no key `train.god` in conf.yaml: did you mean `train.good`? there are data, train.total",
        ),
        ("conf.yaml:zzz", "no key `zzz` in conf.yaml: there are data"),
        ("conf.yaml:groups.7.lr", "no key `groups.7.lr`"),
        ("conf.yaml:", "which text of conf.yaml?"),
        ("conf.yaml", "as in conf.yaml:data; it has data, train.total"),
        ("conf.yaml:train.flag", "conf.yaml:train.flag is no text: it is the truth value true"),
        ("conf.yaml:train.when", "it is a date"),
        ("conf.yaml:train.nothing", "it is empty"),
        ("conf.yaml:train", "no mapping of outputs to texts: `flag` in it is the truth value true"),
        ("C:\\x.yaml", "cannot read C:\\x.yaml: no such file"),
        ("C:\\x.yaml:train.lr", "cannot read C:\\x.yaml: no such file"),
        ("bad.yaml:a", "bad.yaml is no YAML:"),
        ("two.yaml:a", "two.yaml is no YAML: expected a single document"),
        ("tag.yaml:a", "something of the kind tag:yaml.org,2002:python/object/apply:os.getcwd"),
        ("bad.toml:a", "bad.toml is no TOML: invalid value"),
        ("bad.json:a", "bad.json is no JSON: expecting"),
        ("deep.json:a", "deep.json is nested too deep"),
        ("deep.yaml:a", "deep.yaml is nested too deep"),
        ("empty.yaml:a", "no key `a` in empty.yaml: it has none"),
        ("run.lrs:lr", "a key is looked up in .yaml, .yml, .toml and .json alone"),
    ],
)
def test_what_cannot_be_read(argument: str, said: str, holder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in BROKEN.items():
        holder.with_name(name).write_text(text, "utf-8")
    assert main(["check", argument]) == 2
    assert said in capsys.readouterr().err


def test_without_pyyaml_it_is_named(
    holder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert main(["check", "conf.yaml:train.good"]) == 2
    assert "pip install lrdsl[yaml]" in capsys.readouterr().err


def test_every_command_takes_a_key(holder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "conf.yaml:groups.1.lr"]) == 0
    assert main(["plot", "conf.yaml:groups.1.lr"]) == 0
    assert main(["sample", "conf.yaml:groups.1.lr", "--at", "5"]) == 0
    assert main(["curves", "--in", "conf.yaml:groups.1.lr"]) == 0
    capsys.readouterr()
    before = holder.read_bytes()
    assert main(["sample", "conf.yaml:groups.1.lr", "-o", "conf.yaml"]) == 2
    assert main(["compile", "conf.yaml:groups.1.lr", "-o", "conf.yaml"]) == 2
    assert holder.read_bytes() == before


def test_a_project_file_of_python_holds_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text('[tool.x]\nlr = "warmup(10) then hold"\nwd = 1_0.5\n', "utf-8")
    assert main(["check", "pyproject.toml:tool.x.lr", "pyproject.toml:tool.x.wd"]) == 0
    assert capsys.readouterr().out == (
        "pyproject.toml:tool.x.lr: lr 0 -> 1 at 10, then 1 x base · steps\npyproject.toml:tool.x.wd: lr 10.5 · steps\n"
    )


def test_the_file_of_the_readme_holds_a_text(holder: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```yaml\n(.*?)```", (root / "README.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    holder.write_text(found.group(1), "utf-8")
    assert main(["check", "conf.yaml:train.lr"]) == 0
    assert capsys.readouterr().out.startswith("lr 1e-6 -> 1e-3 at 1k")
