"""A refused statement to a problem, with a mend where one is honest.

In: the statement, the token that cannot follow, and a way to try a text. Out: one problem. Every mend is an edit near the
token, and is shown only if the whole statement then parses. No value or name that was written is ever dropped, and `then`
is offered only before a curve. Refuses to know what any name means.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator
from typing import Protocol

from lark import Token

from .. import problems
from ..diagnostic import Diagnostic, Mend
from ..records import frozen
from ..source import Source, Span
from .aliases import CLAUSES, LOOK_ALIKES, MAGNITUDES, PARTS, UNIT_ALIASES, UNITS, WALL, WORD_ALIASES


class Grammar(Protocol):
    def parses(self, text: str) -> bool: ...

    def follows(self, text: str) -> frozenset[str]: ...


@frozen
class Edit:
    """Replace `text[start:end]` by `new`; `says` is the advice."""

    start: int
    end: int
    new: str
    says: str


_LEXEME = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*|[0-9.][A-Za-z0-9_.]*|\"[^\"]*\"?|#[^\r\n]*|\s+|[<>=]=|\*\*|->|=>|.", re.DOTALL
)


@frozen
class _Lexeme:
    text: str
    start: int
    end: int
    depth: int


def explain(
    source: Source, offset: int, text: str, token: Token, grammar: Grammar, curves: frozenset[str]
) -> Diagnostic:
    """The problem of one statement, `text`, which stands at `offset` and cannot go on with `token`."""
    start = token.start_pos or 0
    end = token.end_pos or start
    lexemes = _lex(text)
    here = Span(source, offset + start, offset + end)
    before = [lexeme for lexeme in lexemes if lexeme.end <= start]
    if token.type in {"FOR", "SKIP", "UNTIL", "THEN"} and before:
        ordered = _misplaced_word(source, offset, text, token, lexemes, grammar)
        if ordered is not None:
            return ordered
    follows = grammar.follows(text[:start])
    mends: list[Mend] = []
    for edit in _candidates(text, token, start, end, before, lexemes, follows, curves):
        changed = text[: edit.start] + edit.new + text[edit.end :]
        pieces = changed.split("\n") if edit.new == "\n" else [changed]
        if all(grammar.parses(piece) for piece in pieces):
            place = Span(source, offset + edit.start, offset + edit.end)
            mends.append(Mend(edit.says, ((place, edit.new),)))
            break
    if not mends:
        advice = _advice(token, text, start)
        mends = [Mend(advice)] if advice else []
    expected = _expectation(follows, before)
    if token.type == "BAD_NUMBER":
        return problems.not_a_number(here, token.value, tuple(mends))
    if token.type == "BAD_STRING":
        return problems.never_closed_string(here, tuple(mends))
    if token.type == "BAD_CHAR":
        return problems.unknown_character(here, token.value, expected, tuple(mends))
    return problems.unexpected(here, str(token.value), expected, tuple(mends))


def _lex(text: str) -> list[_Lexeme]:
    lexemes, depth = [], 0
    for found in _LEXEME.finditer(text):
        lexeme = found.group()
        if lexeme[0] == "#" or lexeme.isspace():
            continue
        if lexeme in ")]":
            depth -= 1
        lexemes.append(_Lexeme(lexeme, found.start(), found.end(), depth))
        if lexeme in "([":
            depth += 1
    return lexemes


def _expectation(follows: frozenset[str], before: list[_Lexeme]) -> str:
    """What may follow, in a few words."""
    if {"NUMBER", "NAME"} <= follows:
        return "a value or `)`" if "RPAR" in follows else "a value"
    words: list[str] = []
    if "NAME" in follows:
        words.append("a name")
    if "EQUAL" in follows:
        words.append("`=`")
    if {"COMMA", "RPAR"} <= follows:
        words.append("`,` or `)`")
    elif "RPAR" in follows:
        words.append("`)`")
    if "THEN" in follows:
        words.append("`then`")
    if {"FLOOR", "CAP"} <= follows:
        words.append("`floor`, `cap` or `every`")
    if "PLUS" in follows:
        words.append("an operator")
    if {"LE", "FALLS"} <= follows:
        words.append("`<=`, `>=`, `falls`, `rises`, `is continuous` or `at`")
    if "$END" in follows and before:
        words.append("the end")
    if "STRING" in follows:
        words.append('a pattern such as `"head.*"`')
    if not words:
        words = [f"`{name.lower()}`" for name in sorted(follows) if name != "$END"][:4] or ["the end"]
    return ", ".join(words[:-1]) + (" or " if len(words) > 1 else "") + words[-1]


def _misplaced_word(
    source: Source, offset: int, text: str, token: Token, lexemes: list[_Lexeme], grammar: Grammar
) -> Diagnostic | None:
    """A word behind a clause of the line, or `for`, `skip`, `until` out of their order."""
    index = next(i for i, lexeme in enumerate(lexemes) if lexeme.start >= (token.start_pos or 0))
    depth = lexemes[index].depth
    first = index  # of the chain in which the word stands
    while first > 0 and lexemes[first - 1].depth >= depth:
        if lexemes[first - 1].depth == depth and lexemes[first - 1].text in {"=", ","}:
            break
        first -= 1
    inside = [lexeme for lexeme in lexemes[first:index] if lexeme.depth == depth]
    here = Span(source, offset + lexemes[index].start, offset + lexemes[index].end)
    clause = next((lexeme for lexeme in inside if lexeme.text in CLAUSES), None)
    end = lexemes[index - 1].end
    if clause is not None:
        thens = [lexeme for lexeme in inside if lexeme.text == "then" and lexeme.start < clause.start]
        whole = lexemes[first].start
        places = [(whole, f"({text[whole:end]})")]
        if thens:
            last = next(lexeme for lexeme in lexemes if lexeme.start >= thens[-1].end).start
            places.insert(0, (last, f"({text[last:end]})"))
        mends = []
        for start, new in places:
            if grammar.parses(text[:start] + new + text[end:]):
                mends.append(Mend(f"`{_short(new)}`", ((Span(source, offset + start, offset + end), new),)))
        return problems.clause_in_mid_chain(here, lexemes[index].text, clause.text, tuple(mends))
    phase = inside
    while any(lexeme.text == "then" for lexeme in phase):
        phase = phase[1:]
    words = [lexeme for lexeme in phase if lexeme.text in PARTS]
    if not words or token.value not in PARTS:
        return None
    stop = next(
        (one for one in lexemes[index + 1 :] if one.depth < depth or (one.depth == depth and _ends_part(one.text))),
        None,
    )
    finish = stop.start if stop else len(text)
    cuts = [*(lexeme.start for lexeme in words), lexemes[index].start, len(text[:finish].rstrip())]
    parts = [text[a:b].strip() for a, b in itertools.pairwise(cuts)]
    mends = []
    order = [PARTS.get(re.match(r"[a-z]*", part).group(), -1) for part in parts]  # type: ignore[union-attr]
    if len(set(order)) == len(parts):
        new = " ".join(part for _, part in sorted(zip(order, parts, strict=True)))
        if grammar.parses(text[: cuts[0]] + new + text[cuts[-1] :]):
            mends.append(Mend(f"`{_short(new)}`", ((Span(source, offset + cuts[0], offset + cuts[-1]), new),)))
    bracketed = f"({text[phase[0].start : end]})"
    if grammar.parses(text[: phase[0].start] + bracketed + text[end:]):
        place = Span(source, offset + phase[0].start, offset + end)
        mends.append(Mend(f"`{_short(bracketed)} {lexemes[index].text} ...`", ((place, bracketed),)))
    return problems.part_out_of_order(here, lexemes[index].text, tuple(mends))


def _ends_part(word: str) -> bool:
    return word == "then" or word in CLAUSES or word in PARTS or word == ","


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:38]} ... {text[-38:]}"


def _candidates(
    text: str,
    token: Token,
    start: int,
    end: int,
    before: list[_Lexeme],
    lexemes: list[_Lexeme],
    follows: frozenset[str],
    curves: frozenset[str],
) -> Iterator[Edit]:
    """Edits to try, the likeliest first."""
    value = str(token.value)
    previous = before[-1] if before else _Lexeme("", start, start, 0)
    after = next((lexeme for lexeme in lexemes if lexeme.start >= end), _Lexeme("", len(text), len(text), 0))
    match token.type:
        case "BAD_NUMBER":
            yield from _numbers(value, start, end, after)
        case "BAD_CHAR" if value in LOOK_ALIKES and text.startswith(value) and text.endswith(value) and len(text) > 2:
            yield Edit(0, len(text), text[1:-1], "a text has no quotes of its own")
        case "BAD_CHAR" if value in LOOK_ALIKES:
            quoted = re.match(r"[“”'](.*?)[“”']", text[start:])
            if quoted:
                yield Edit(start, start + quoted.end(), f'"{quoted.group(1)}"', 'quotes are plain: `"`')
            yield Edit(start, end, LOOK_ALIKES[value], f"write `{LOOK_ALIKES[value]}`")
        case "BAD_CHAR" if value in ":|;&>":
            if text.startswith(":=", start):
                yield Edit(start, start + 2, "=", "write `=`")
            yield Edit(start, after.start, "=", "write `=`")
            arrow = start - 1 if text[start - 1 : start + 1] in ("->", "=>", "|>") else start
            if after.text in curves:
                yield Edit(arrow, end, " then" if text[arrow - 1] != " " else "then", "phases are joined by `then`")
        case "BAD_STRING":
            yield from _strings(text, start, end)
        case "EQUAL" if text.startswith("=>", start):
            yield Edit(start, start + 2, "then", "phases are joined by `then`")
        case "EQ" | "EQUAL":
            yield Edit(start, end, "=", "write `=`")
            yield Edit(start, end, "==", "write `==`")
            if previous.text and "NAME" not in follows and len(before) >= 2:
                joined = text[before[-2].start : previous.end]
                if re.fullmatch(r"[a-z]+[ -][a-z]+", joined):
                    new = re.sub(r"[ -]", "_", joined)
                    yield Edit(before[-2].start, previous.end, new, f"names have no blanks: `{new}`")
        case "STAR" if text.startswith("**", start - 1):
            yield Edit(start - 1, end, "^", "a power is written `^`")
        case "COMMA" | "RPAR":
            yield from _commas(text, start, end, previous, after, curves)
        case "PARAM" | "LET" | "SHAPE" | "CURVE" | "ASSERT":
            yield Edit(start, start, "\n", "statements stand one a line")
    yield from _words(text, token, start, end, previous, after, follows, curves)


def _words(
    text: str,
    token: Token,
    start: int,
    end: int,
    previous: _Lexeme,
    after: _Lexeme,
    follows: frozenset[str],
    curves: frozenset[str],
) -> Iterator[Edit]:
    value = str(token.value)
    rest = re.search(r"\s+for\s+(?:the\s+)?rest\b", text)
    if rest and start <= rest.end():
        yield Edit(rest.start(), rest.end(), "", "leave it out: a phase without a length takes what is left")
    again = re.fullmatch(r"(.*\S)\s+repeat\s+([0-9]+)\s*", text, re.DOTALL)
    if value == "repeat" and again and not re.search(r"\bthen\b", again.group(1)):
        new = f"repeat({again.group(1)}, times={again.group(2)})"
        yield Edit(0, len(text), new, f"`{_short(new)}`")
    if token.type == "NUMBER" and previous.text in UNITS:
        new = f"{value} {previous.text.removesuffix('s')}s"
        yield Edit(previous.start, end, new, f"`{new}`")
    if token.type == "NAME":
        yield from _units(value, start, end, previous)
        yield from _misspelt(value, start, end, follows)
        if value in {"to", "from"} and previous.text in curves and after.text:
            tail = re.match(r"[0-9.][A-Za-z0-9_.]*(?:\s*%)?", text[after.start :])
            if tail:
                argument = f"{value}={tail.group()}"
                new = f"{previous.text}({argument})"
                yield Edit(previous.start, after.start + tail.end(), new, f"`{new}`")
        if value == "continuous":
            yield Edit(start, start, "is ", "write `is continuous`")
    if token.type == "NUMBER" and previous.text in curves:
        amount = re.match(r"\S+(?:\s+(?:steps?|epochs?|tokens?|samples?)\b|\s*%)?", text[start:])
        if amount:
            new = f"{previous.text}({amount.group()})"
            yield Edit(previous.start, start + amount.end(), new, f"a length stands in brackets: `{new}`")
    if token.type in {"NAME", "NUMBER", "LPAR"} and previous.depth > 0:
        if re.fullmatch(r"[a-z_]+", previous.text) and token.type == "NUMBER":
            yield Edit(previous.end, start, "=", f"write `{previous.text}={value}`")
        if re.search(r"[A-Za-z0-9_%)]$", previous.text) and value not in WALL:
            yield Edit(previous.end, previous.end, ",", "arguments are parted by commas")
    if token.type == "NUMBER" and "EQUAL" in follows:
        yield Edit(previous.end, start, " = ", "write `=`")
    if value in curves and token.type == "NAME":
        yield Edit(start, start, "then ", "phases are joined by `then`")
    if token.type in {"THEN", "FOR", "UNTIL", "SKIP", "FLOOR", "CAP", "EVERY"} and _ends_part(previous.text):
        if previous.text != ",":
            yield Edit(previous.start, start, "", f"one `{value}` is enough")


def _numbers(value: str, start: int, end: int, after: _Lexeme) -> Iterator[Edit]:
    if (value.endswith("e") and after.text in {"-", "+"}) or re.fullmatch(r"[0-9.]+e[-+]?", value):
        joined = value + (after.text if after.text in {"-", "+"} else "")
        yield Edit(
            start,
            after.end if after.text in {"-", "+"} else end,
            joined,
            f"write the number in one piece: `{joined}...`",
        )
    found = re.fullmatch(r"([0-9_.]*[0-9])([A-Za-z]+)", value)
    if found:
        digits, tail = found.groups()
        if tail in MAGNITUDES:
            new = digits + MAGNITUDES[tail]
            yield Edit(start, end, new, f"magnitudes are k, M, B, T: `{new}`")
        split = re.fullmatch(r"([kKMBT]?)([a-z]+)", tail)
        if split:
            unit = UNIT_ALIASES.get(split.group(2), split.group(2))
            if unit in UNITS or unit == "%":
                new = f"{digits}{split.group(1)} {unit}".replace(" %", "%")
                yield Edit(start, end, new, f"a unit stands behind a blank: `{new}`")
    scientific = re.fullmatch(r"([0-9.]+)[eE]([-+]?)([0-9]+)([kKMBT]?)", value)
    if scientific:
        mantissa, sign, exponent, magnitude = scientific.groups()
        power = int(sign + exponent[:6]) + {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12, "": 0}[magnitude]
        new = f"{mantissa}e{power}"
        yield Edit(start, end, new, f"write `{new}`")
    if value.endswith((".", "_")):
        new = value.rstrip("._")
        yield Edit(start, end, new, f"write `{new}`")
    if "__" in value:
        new = re.sub("_+", "_", value)
        yield Edit(start, end, new, f"write `{new}`")


def _strings(text: str, start: int, end: int) -> Iterator[Edit]:
    closing = text.find("]", start)
    place = closing if closing >= 0 else end
    yield Edit(place, place, '"', 'close the pattern with `"`')


def _commas(
    text: str, start: int, end: int, previous: _Lexeme, after: _Lexeme, curves: frozenset[str]
) -> Iterator[Edit]:
    if previous.text == ",":
        yield Edit(previous.start, previous.end, "", "one comma less")
    if previous.text == "(" and text[start] == ",":
        yield Edit(start, end, "", "one comma less")
    if re.fullmatch(r"[0-9]{1,3}(?:_[0-9]{3})*", previous.text) and re.match(r"[0-9]{3}(?![0-9.])", text[end:]):
        yield Edit(start, end, "_", "digits are grouped by `_`")
    if after.text in curves and text[start] == ",":
        yield Edit(start, end, " then", "phases are joined by `then`")


def _units(value: str, start: int, end: int, previous: _Lexeme) -> Iterator[Edit]:
    if not re.match(r"[0-9.]", previous.text) or value in WALL:
        return
    if value in {"k", "K", "M", "B", "T"}:
        yield Edit(previous.end, end, value, f"a magnitude attaches to the digits: `{previous.text}{value}`")
    unit = UNIT_ALIASES.get(value) or next(iter(difflib.get_close_matches(value, UNITS, 1, 0.6)), None)
    if unit:
        yield Edit(start, end, unit, f"did you mean `{unit}`?")


def _misspelt(value: str, start: int, end: int, follows: frozenset[str]) -> Iterator[Edit]:
    words = {name.lower() for name in follows if name.isalpha()} & {
        *PARTS, *CLAUSES, "then", "falls", "rises", "is", "at", "after", "continuous",
    }  # fmt: skip
    guess = WORD_ALIASES.get(value)
    if guess is None:
        guess = next(iter(difflib.get_close_matches(value.lower(), sorted(words), 1, 0.65)), None)
    if guess in words:
        yield Edit(start, end, guess, f"did you mean `{guess}`?")


def _advice(token: Token, text: str, start: int) -> str | None:
    """What can be said where no edit is honest."""
    value = str(token.value)
    if value in WALL and re.search(r"[0-9]\s+$", text[:start]):
        return "time on the wall is no unit: a run is counted in steps, epochs, tokens or samples"
    if token.type in {"FLOOR", "CAP", "EVERY"}:
        return f"`{value}` is said behind a line, as in `cosine {value} 1e-6`; it is no function"
    if value == "%" or text[:start].rstrip().endswith("%"):
        return "`%` makes a share of the number before it, as in `10%`; there is no remainder"
    if token.type == "STAR" and text.startswith("**", start - 1):
        return "a power is written `^`"
    if token.type == "SLASH" and text.startswith("//", start - 1):
        return "whole periods are said by `every`, as in `(t every 10)/10`"
    if value in {"if", "else", "and", "or", "not"}:
        return "there are no conditions: phases joined by `then` say what holds when"
    if value in {"then", "for", "until", "skip", "param", "let", "shape", "curve", "assert"}:
        return f"`{value}` is a word of the language and cannot be a name"
    if token.type == "LSQB" and "(" in text[:start]:
        return "there are no lists: drops are written out, as in `0.1 until 30k then 0.01 until 80k then 1e-3`"
    if token.type == "STRING" or (token.type == "LSQB" and "=" not in text):
        return 'a pattern belongs to an output, as in `lr["head.*"] = 1e-3`'
    if token.type == "NUMBER" and re.search(r"[0-9]\s+$", text[:start]):
        return "two values stand side by side; what joins them?"
    return None
