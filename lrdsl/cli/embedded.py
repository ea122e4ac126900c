"""A text inside a YAML, TOML or JSON file: `conf.yaml:train.lr`.

    conf.yaml:train.lr --holders.py--> the value of the key --words--> Place: where its characters stand in the file

In: a file and a dotted key. Out: a Text and, where that can be said honestly, its Place. Refuses to build objects: YAML is
composed to nodes and never loaded, so that no tag of a file can do anything. PyYAML is imported where a YAML file is read.
"""

from __future__ import annotations

import bisect
import difflib
import os
import re
from collections.abc import Callable
from typing import Any

from .. import decode
from ..diagnostic import Diagnostic, Label, Mend
from ..records import frozen, replace
from ..source import Source, Span
from .holders import Leaf, Unreadable, branches, leaf, load
from .texts import Text, Usage, data

_KEYED = re.compile(r"\.(?:ya?ml|toml|json):", re.IGNORECASE)
_HOLDERS = (".yaml", ".yml", ".toml", ".json")
_LISTED = 20  # keys that a message names
_WALKED = 2_000  # and nodes looked at for them: an alias of YAML may lead round in a circle


def holds_keys(name: str) -> bool:
    return name.lower().endswith(_HOLDERS)


def names_key(argument: str) -> bool:
    return _KEYED.search(argument) is not None


def refuse_whole(name: str) -> None:
    """Raise for a file of which no key was named."""
    keys = _keys(_load(name, decode(data(name), name)))
    offer = f", as in {name}:{keys[0]}; it has {_some(keys)}" if keys else ", but it has none that holds a text"
    raise Usage(f"which text of {name}? Name its key behind a colon{offer}")


def read(argument: str) -> Text:
    """The text of a key, or of a mapping of outputs to texts."""
    path, key = _split(argument)
    file = Source(decode(data(path), path), path)
    if not key:
        refuse_whole(path)
    root = _load(path, file.text)
    found = _find(root, key.split("."))
    if found is None:
        keys = _keys(root)
        close = difflib.get_close_matches(key, keys, 1, 0.6)
        offer = f"did you mean `{close[0]}`? " if close else ""
        raise Usage(f"no key `{key}` in {path}: {offer}{f'there are {_some(keys)}' if keys else 'it has none'}")
    text, words = _text(file, found[0], f"{path}:{key}")
    place = None
    if words is not None:
        place = Place(file, Source(text, argument), words, lambda changed: _again(path, changed, key))
    return Text(argument, text, path, place)


def _split(argument: str) -> tuple[str, str]:
    """The file and the key: at the first colon behind the name of a file that exists."""
    cuts = [found.end() - 1 for found in _KEYED.finditer(argument)]
    cut = next((cut for cut in cuts if os.path.isfile(argument[:cut])), cuts[0])
    return argument[:cut], argument[cut + 1 :]


def _load(path: str, text: str) -> Any:
    try:
        return load(path, text)
    except Unreadable as why:
        raise Usage(str(why)) from None
    except RecursionError:
        raise Usage(f"{path} is nested too deep to be read") from None


def _find(node: Any, parts: list[str]) -> tuple[Any] | None:
    """What a dotted key leads to, in a tuple, for it may be None. A key of the file may have dots of its own."""
    if not parts:
        return (node,)
    children = branches(node) or {}
    for size in range(1, len(parts) + 1):
        name = ".".join(parts[:size])
        if name in children and (found := _find(children[name], parts[size:])):
            return found
    return None


def _keys(root: Any) -> list[str]:
    """The dotted keys that hold texts or numbers."""
    found: list[str] = []
    waiting: list[tuple[str, Any]] = [("", root)]
    for _ in range(_WALKED):
        if not waiting:
            break
        path, node = waiting.pop(0)
        for name, child in (branches(node) or {}).items():
            key = f"{path}.{name}" if path else name
            if branches(child) is not None:
                waiting.append((key, child))
            elif leaf(child).text is not None:
                found.append(key)
    return found


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:_LISTED]) + (f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else "")


# --- the text of a node -----------------------------------------------------------------------------------------------------

Words = tuple[tuple[int, int, int], ...]  # begin and end in the text, and begin in the file


def _text(file: Source, node: Any, name: str) -> tuple[str, Words | None]:
    children = branches(node)
    if children is None:
        alone = leaf(node)
        if alone.text is None:
            raise Usage(f"{name} is no text: it is {alone.what}")
        return alone.text, _words(file, alone)
    lines: list[str] = []
    words: list[tuple[int, int, int]] | None = []
    at = 0
    for key, child in children.items():
        one = leaf(child) if branches(child) is None else None
        if one is None or one.text is None:
            what = one.what if one else "a list or a mapping"
            raise Usage(f"{name} is no mapping of outputs to texts: `{key}` in it is {what}")
        line = f"{key} = {one.text.rstrip()}"
        inner, begin = _words(file, one), _key_place(node, key)
        if words is None or inner is None or begin is None:
            words = None
        else:
            shift = at + len(key) + len(" = ")
            words += [(at, at + len(key), begin), *((start + shift, end + shift, there) for start, end, there in inner)]
        lines.append(line)
        at += len(line) + 1
    if not lines:
        raise Usage(f"{name} is empty")
    return "\n".join(lines), None if words is None else tuple(words)


def _key_place(node: Any, key: str) -> int | None:
    """Where a key of a YAML mapping stands, if it is written as it reads."""
    for written, _ in getattr(node, "value", ()):
        if getattr(written, "value", None) == key and written.style is None:
            return int(written.start_mark.index)
    return None


def _words(file: Source, one: Leaf) -> Words | None:
    """Where the words of a text stand in the file; None where they stand there in another form."""
    assert one.text is not None
    if one.span is None:
        return _once(file.text, one)
    begin, end = one.span
    words: list[tuple[int, int, int]] = []
    cursor = begin
    for word in re.finditer(r"\S+", one.text):
        place = file.text.find(word.group(), cursor, end)
        # Between two words stands blank space alone, or what was found is another word.
        if place < 0 or file.text[cursor:place].strip():
            return None
        cursor = place + len(word.group())
        words.append((word.start(), word.end(), place))
    return tuple(words) or ((0, 0, begin),)


def _once(text: str, one: Leaf) -> Words | None:
    """The place of a text that stands in the file once and for itself, between quotes or, a number, between marks."""
    assert one.text is not None
    begin = text.find(one.text)
    if not one.text or begin < 0 or text.find(one.text, begin + 1) >= 0:
        return None
    end = begin + len(one.text)
    before, after = text[:begin].removesuffix("\n").removesuffix("\r"), text[end : end + 1]
    if before.endswith(('"', "'")) and after in ('"', "'"):
        return ((0, len(one.text), begin),)
    if one.what == "a number" and (not before or before[-1] in " \t=:[,") and after in ("", *" \t,]}\r\n#"):
        return ((0, len(one.text), begin),)
    return None


def _again(path: str, changed: str, key: str) -> str | None:
    """The text of the key in another content of the file."""
    try:
        found = _find(load(path, changed), key.split("."))
        return None if found is None else _text(Source(changed, path), found[0], path)[0]
    except (Unreadable, Usage, RecursionError):
        return None


# --- places -----------------------------------------------------------------------------------------------------------------


@frozen
class Place:
    """Where a text stands in a file: word by word, for a file may break and indent its lines otherwise."""

    file: Source
    text: Source
    words: Words
    read: Callable[[str], str | None]  # the text of the key in another content of the file

    def shown(self, problem: Diagnostic) -> Diagnostic:
        """The problem with the file's lines and columns."""
        labels = tuple(Label(self._span(label.span), label.says) for label in problem.labels)
        return replace(problem, labels=labels, mends=tuple(self._mend(mend) for mend in problem.mends))

    def _span(self, span: Span) -> Span:
        if span.source != self.text:
            return span
        start = self._offset(span.start)
        return Span(self.file, start, start if span.start == span.end else max(start, self._offset(span.end - 1) + 1))

    def _offset(self, at: int) -> int:
        index = max(0, bisect.bisect_right(self.words, at, key=lambda word: word[0]) - 1)
        begin, end, there = self.words[index]
        return there + max(0, min(at, end) - begin)

    def _mend(self, mend: Mend) -> Mend:
        """The mend with edits of the file, if these change the text as they would have changed it by itself."""
        if not mend.edits or any(span.source != self.text for span, _ in mend.edits):
            return mend
        edits = tuple((self._span(span), new) for span, new in mend.edits)
        says = mend.says
        for (old, _), (new, _) in zip(mend.edits, edits, strict=True):
            column = self.text.position(old.start)[1]
            says = re.sub(rf"\bcolumn {column}\b", f"column {self.file.position(new.start)[1]}", says)
        wanted = mend.apply(self.text.text)
        kept = edits if self.read(Mend("", edits).apply(self.file.text)) == wanted else ()
        return Mend(says, kept)
