"""What the site is made of: the pages that scripts write, the colours of texts, and, where sphinx is installed, the whole of it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lrdsl.checker import prelude
from tests.docs_examples import DOCS, blocks
from tests.test_golden import CODES

pytestmark = pytest.mark.long


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_the_reference_is_that_of_the_prelude() -> None:
    # `python docs/curves.py --table` writes it anew.
    assert f"<!-- curves -->\n{script('curves').table()}<!-- /curves -->" in (DOCS / "language.md").read_text("utf-8")


def test_the_page_of_curves_has_each_with_its_comment_and_its_picture() -> None:
    page = script("curves").page()
    for name, (first, *_) in prelude().items():
        assert f"## {name}\n\n{first.about}" in page
        assert first.about
        assert f"(curve-{name}.svg)" in page


def test_every_curve_is_drawn_by_a_call_that_compiles() -> None:
    pytest.importorskip("matplotlib")
    import lrdsl

    pictures = script("pictures")
    for some in prelude().values():
        for one in some:
            assert lrdsl.compile(pictures.call(one))(0) >= 0
    for text, total in pictures.TEXTS.values():
        assert not lrdsl.compile(text, total=total).missing


def test_the_page_of_problems_has_every_code() -> None:
    pytest.importorskip("torch")
    page = script("problems").page()
    for code in CODES:
        head, _, rest = page.partition(f"### {code}\n\n")
        assert head, code
        assert rest.split("###")[0].strip(), code
    shown = [code for code in CODES if f"[{code}]" in page or f"[{code} " in page]
    assert len(shown) >= len(CODES) - 2  # a file that is too long, or not UTF-8


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_texts_are_coloured_without_a_letter_lost(page: Path) -> None:
    pytest.importorskip("pygments")
    from pygments.token import Error, Token

    lexer = script("lrs_lexer").LrsLexer(stripnl=False, ensurenl=False)
    for block in blocks(page):
        if block.kind.startswith("lrs"):
            found = list(lexer.get_tokens(block.text))
            assert "".join(text for _, text in found) == block.text
            assert Error not in {kind for kind, _ in found}
    words = {text: kind for kind, text in lexer.get_tokens('lr["a"] = warmup(2k steps) then peak floor 1e-6 # note')}
    assert words["then"] is words["floor"] is Token.Keyword
    assert words["warmup"] is Token.Name.Function
    assert words["2k"] is words["1e-6"] is Token.Literal.Number
    assert words["peak"] is Token.Name


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    for module in ("sphinx", "myst_parser", "furo", "matplotlib", "torch"):
        pytest.importorskip(module)
    from sphinx.cmd.build import main

    before, env = list(sys.path), {**os.environ, "PYTHONPATH": str(DOCS.parent)}
    for name in sorted(path.stem for path in DOCS.glob("*.py") if path.stem not in ("conf", "lrs_lexer")):
        subprocess.run([sys.executable, DOCS / f"{name}.py"], env=env, check=True, capture_output=True)
    try:
        assert main(["-q", "-W", "-b", "html", "-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "html")]) == 0
    finally:
        sys.path[:] = before
    html = (tmp_path / "html" / "language.html").read_text("utf-8")
    assert 'src="http' not in html
    assert '<span class="k">then</span>' in html
