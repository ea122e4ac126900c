"""A Pygments lexer for lrs texts. Its words are lrdsl's own: the grammar's, the curves of the prelude, and the functions.

In: a text. Out: tokens. A comment `# → ...` is shown as what it is, a result.
"""

from __future__ import annotations

import re
from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, Punctuation, String, Text

from lrdsl.checker import prelude
from lrdsl.checker.library import BUILT_IN
from lrdsl.functions import NAMED
from lrdsl.parser import grammar_text

GRAMMAR = grammar_text("lrs.lark")
RESERVED = re.findall(r'^[A-Z]+: "([a-z]+)"$', GRAMMAR, re.MULTILINE)
DECLARING = ("param", "let", "shape", "curve", "assert")
UNITS = r"(?:steps?|epochs?|tokens?|samples?)(?![A-Za-z0-9_])|%"


class LrsLexer(RegexLexer):
    """Texts of lrdsl."""

    name = "lrs"
    aliases: ClassVar = ["lrs"]
    filenames: ClassVar = ["*.lrs"]

    tokens: ClassVar = {
        "root": [
            (r"\s+", Text),
            (r"#(?: with [^\n]*?)? →[^\n]*", Generic.Output),
            (r"#[^\n]*", Comment.Single),
            (r'"[^"\n]*"', String),
            (r"(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?|\.[0-9]+)(?:e[+-]?[0-9]+|[kKMBT])?", Number, "unit"),
            (words(DECLARING, r"(?<![\w])", r"(?![\w])"), Keyword.Declaration),
            (words(sorted(set(RESERVED) - set(DECLARING)), r"(?<![\w])", r"(?![\w])"), Keyword),
            (r"[A-Za-z_]\w*(?=\s*=[^=]|\[)", Name.Attribute),
            (words(sorted((*prelude(), *NAMED, "repeat")), r"(?<![\w])", r"(?![\w])"), Name.Function),
            (words(sorted(BUILT_IN - {*NAMED, "repeat"}), r"(?<![\w])", r"(?![\w])"), Name.Builtin),
            (r"[A-Za-z_]\w*", Name),
            (r"<=|>=|==|[-+*/^=]", Operator),
            (r"[(),\[\]]", Punctuation),
            (r".", Generic.Error),
        ],
        "unit": [(rf" ?(?:{UNITS})", Keyword.Type, "#pop"), (r"", Text, "#pop")],
    }


class EbnfLexer(RegexLexer):
    """Rules of a grammar: names, words in quotes, and signs."""

    name = "ebnf"
    aliases: ClassVar = ["ebnf"]

    tokens: ClassVar = {
        "root": [
            (r"\s+", Text),
            (r'"[^"\n]*"', String),
            (r"^[A-Za-z]+(?= *=)", Name.Function),
            (r"[A-Za-z]+", Name),
            (r"[=|]", Operator),
            (r"[][(){}]", Punctuation),
        ]
    }
