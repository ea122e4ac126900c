"""Files that hold texts among other things: YAML, TOML and JSON.

In: the characters of such a file. Out: its tree, to be walked by `branches` and `leaf`; a leaf of YAML knows where it stands.
Refuses to build objects from YAML, and to know what a text means.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..records import frozen

_TAG = "tag:yaml.org,2002:"
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_BREAK = re.compile(r"\r\n|\n|\r")


class Unreadable(Exception):
    """The file is no YAML, TOML or JSON; carries what to say."""


@frozen
class Leaf:
    """A value without parts: its text, None for what can be none; what it is; and in YAML the range that holds it."""

    text: str | None
    what: str
    span: tuple[int, int] | None = None


class _Written(str):
    """A number as it is written."""

    __slots__ = ()


def load(path: str, text: str) -> Any:
    """The tree of a file."""
    ending = path.lower().rpartition(".")[2]
    try:
        if ending == "json":
            return json.loads(text, parse_float=_Written, parse_int=_Written)
        if ending == "toml":
            import tomllib

            return tomllib.loads(text, parse_float=_Written)
    except ValueError as error:
        raise Unreadable(f"{path} is no {ending.upper()}: {_lower(str(error))}") from None
    return _compose(path, text)


def _compose(path: str, text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise Unreadable(f"{path}: reading YAML takes PyYAML: pip install lrdsl[yaml]") from None
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        why = ", ".join(part for part in (error.context, error.problem) if part)
        raise Unreadable(f"{path} is no YAML: {why}{place}") from None
    except yaml.YAMLError as error:
        raise Unreadable(f"{path} is no YAML: {_lower(' '.join(str(error).split()))}") from None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def branches(node: Any) -> dict[str, Any] | None:
    """What is inside a mapping or a list, by key or number; None for a leaf."""
    match getattr(node, "id", node):
        case dict():
            return {str(key): value for key, value in node.items()}
        case list():
            return {str(index): value for index, value in enumerate(node)}
        case "sequence":
            return {str(index): value for index, value in enumerate(node.value)}
        case "mapping":
            return _merged(node, set())
    return None


def _merged(node: Any, seen: set[int]) -> dict[str, Any]:
    """The pairs of a YAML mapping, with those that `<<` brings from others behind its own."""
    own: dict[str, Any] = {}
    brought: dict[str, Any] = {}
    seen.add(id(node))
    for key, value in node.value:
        if key.tag == f"{_TAG}merge":
            others = value.value if value.id == "sequence" else [value]
            for other in others:
                if other.id == "mapping" and id(other) not in seen:
                    brought = {**_merged(other, seen), **brought}
        elif key.id == "scalar":
            own[key.value] = value
    return {**brought, **own}


def leaf(node: Any) -> Leaf:
    """A value that `branches` finds nothing in."""
    match node:
        case _Written():
            return Leaf(str(node), "a number")
        case str():
            return Leaf(node, "a text")
        case bool():
            return Leaf(None, f"the truth value {str(node).lower()}")
        case int() | float():
            return Leaf(str(node), "a number")
        case None:
            return Leaf(None, "empty")
    if getattr(node, "id", None) != "scalar":
        return Leaf(None, "a date" if hasattr(node, "isoformat") else "a list or a mapping")
    span = _inner(node)
    match node.tag.removeprefix(_TAG):
        case "str":
            return Leaf(node.value, "a text", span)
        case "int" | "float":
            return Leaf(node.value, "a number", span)
        case "bool":
            return Leaf(None, f"the truth value {node.value}")
        case "null":
            return Leaf(None, "empty")
        case "timestamp":
            return Leaf(None, "a date")
    return Leaf(None, f"something of the kind {node.tag}")


def _inner(node: Any) -> tuple[int, int]:
    """The range of a scalar without its anchor, tag, quotes and the head of a block."""
    start, end, text = int(node.start_mark.index), int(node.end_mark.index), node.start_mark.buffer
    found = _PROPERTIES.match(text, start, end)
    start = found.end() if found else start
    if node.style in ("|", ">"):
        head = _BREAK.search(text, start, end)
        return (head.end() if head else end), end
    return (start + 1, end - 1) if node.style else (start, end)
