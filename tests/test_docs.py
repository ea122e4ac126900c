"""Every example of the pages in docs/ is run, and every fenced block there is of a kind that this test knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import docs_examples as docs
from tests.docs_examples import Block

pytestmark = pytest.mark.long

ROOT = docs.DOCS.parent
PAGES = sorted(page for page in docs.DOCS.glob("*.md") if page.name != "zoo.md")
ALL = [block for page in PAGES for block in docs.blocks(page)]
TEXTS = [
    pytest.param(text, claims, id=f"{block.name}-{number}")
    for block in ALL
    if block.kind == "lrs"
    for number, (text, claims) in enumerate(docs.texts(block))
]
ERRORS = [
    pytest.param(block, after, id=block.name)
    for block, after in zip(ALL, [*ALL[1:], None], strict=True)
    if block.kind == "lrs error"
]


def of_page(kind: str) -> list[object]:
    """For each page that has them, its blocks of a kind."""
    found = [(page.name, [b for b in ALL if b.page == page.name and b.kind == kind]) for page in PAGES]
    return [pytest.param(some, id=name) for name, some in found if some]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_known_kind(page: Path) -> None:
    for block in docs.blocks(page):
        assert block.kind in docs.KINDS, block.name
    assert page.read_text("utf-8").count("\n```") % 2 == 0


def test_the_reference_has_more_than_sixty_examples() -> None:
    mine = [block for block in ALL if block.page == "language.md"]
    counted = sum(len(list(docs.texts(block))) for block in mine if block.kind == "lrs")
    counted += sum(block.kind in ("lrs error", "python") for block in mine)
    counted += sum(len(docs.commands(block)) for block in mine if block.kind == "console")
    assert counted > 60
    assert len(TEXTS) > 60


@pytest.mark.parametrize(("text", "claims"), TEXTS)
def test_a_text_is_what_the_page_says(text: str, claims: list[tuple[dict[str, str], str]]) -> None:
    docs.check_text(text, claims)


@pytest.mark.parametrize(("block", "after"), ERRORS)
def test_a_refusal_reads_as_the_page_says(block: Block, after: Block | None) -> None:
    assert after is not None
    assert (after.kind, after.page) == ("text", block.page)
    assert docs.message(block) == after.text.rstrip("\n")


def test_text_blocks_are_messages_or_results() -> None:
    for before, block in zip([None, *ALL], ALL, strict=False):
        if block.kind == "text":
            assert (before.kind if before else None) == "lrs error", block.name


@pytest.mark.parametrize("some", of_page("console"))
def test_a_command_prints_what_the_page_says(
    some: list[Block], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for block in ALL:
        if block.page == some[0].page and (name := docs.file_name(block)):
            Path(name).write_text(block.text, "utf-8")
    code = 0
    for block in some:
        for command, shown in docs.commands(block):
            if command == "echo $?":
                assert shown == str(code), block.name
                continue
            found, code = docs.printed(command)
            assert found == shown, f"{block.name}: {command}"


@pytest.mark.parametrize("some", of_page("python"))
def test_python_does_what_the_page_says(some: list[Block], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(block.text for block in some)
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # heeded where keras is imported here first
    for module in [*re.findall(r"^>>> (?:import|from) (\w+)", text, re.MULTILINE), *re.findall("torch", text)[:1]]:
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    for block in ALL:
        if block.page == some[0].page and (name := docs.file_name(block)):
            Path(name).write_text(block.text, "utf-8")
    names: dict[str, object] = {}
    assert not "".join(docs.run_doctest(block, names) for block in some)


def test_this_test_can_fail() -> None:
    for text, said in (("cosine(10, from=1)", "0.6 at 5"), ("cosine(10)", "length 11"), ("hold", "clock epochs")):
        with pytest.raises(AssertionError):
            docs.check_text(text, [({}, said)])
    with pytest.raises(AssertionError):
        docs.message(Block("x.md", 1, "lrs error", "cosine(10)"))
    assert docs.run_doctest(Block("x.md", 1, "python", ">>> 1 + 1\n3\n"), {})


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            if "://" not in target and not target.startswith("_generated/"):
                assert (docs.DOCS / target).exists(), f"{page.name}: {target}"


def test_the_reference_names_every_curve_and_every_reserved_word() -> None:
    from lrdsl.checker import prelude

    text = (docs.DOCS / "language.md").read_text("utf-8")
    for name, definitions in prelude().items():
        for one in definitions:
            assert f"`{' '.join(one.formula.split())}`" in text, name
        assert f"`{name}" in text
    grammar = (ROOT / "grammar" / "lrs.lark").read_text("utf-8")
    words = set(re.findall(r'^[A-Z]+: "([a-z]+)"$', grammar, re.MULTILINE))
    ebnf = next(block.text for block in docs.blocks(docs.DOCS / "language.md") if block.kind == "ebnf")
    statements = ebnf[: ebnf.index("NUMBER    =")]
    assert set(re.findall(r'"([a-z]+)"', statements)) == words
