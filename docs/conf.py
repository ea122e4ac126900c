"""How the site is built: pages in Markdown, no network, and every warning an error (`make docs`)."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from lrs_lexer import EbnfLexer, LrsLexer  # noqa: E402

import lrdsl  # noqa: E402

project = "lrdsl"
author = "the lrdsl authors"
project_copyright = author
release = version = lrdsl.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_inline", "deflist"]
myst_heading_anchors = 4
exclude_patterns = ["_build", "_generated", "*.py"]
nitpicky = True

html_theme = "furo"
html_title = "lrdsl"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_static_path = ["_static"]
html_extra_path = ["schedule.schema.json"]
html_css_files = ["lrdsl.css"]
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
pygments_style = "friendly"
pygments_dark_style = "native"


def setup(app: object) -> None:
    app.add_lexer("lrs", LrsLexer)  # type: ignore[attr-defined]
    app.add_lexer("ebnf", EbnfLexer)  # type: ignore[attr-defined]
