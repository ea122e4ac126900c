"""The texts that a command is given.

In: options. Out: texts with the names that messages give them, and schedules; files are written here too. Refuses to know what a
text means; what cannot be read or written is a Usage error, and a text that is no UTF-8 a problem.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import ScheduleError, compiled, decode
from ..diagnostic import Diagnostic
from ..records import frozen

if TYPE_CHECKING:
    from ..schedule import Schedule
    from .embedded import Place


UNITS = ("total", "epoch", "step", "sample")  # what is bound by an option of its own


class Usage(Exception):
    """The command line is wrong, or a file cannot be read; carries what to say."""


@frozen
class Text:
    """A text, the name that messages give it, the file it came from, and where it stands in that file if in a part of it."""

    name: str
    text: str
    path: str | None = None
    place: Place | None = None

    def shown(self, problems: Sequence[Diagnostic]) -> list[Diagnostic]:
        """The problems where the user sees them: in the file that holds the text."""
        if self.place is None:
            return list(problems)
        return [self.place.shown(problem) for problem in problems]


def texts(options: argparse.Namespace) -> list[Text]:
    """Every text that a command is given; at least one."""
    found = [Text("<command line>", text) for text in options.expressions]
    found += [read(argument) for argument in options.texts]
    if not found:
        command = f"lrdsl {options.command}"
        raise Usage(
            f'nothing to {options.command}: a file, a text, or - for stdin, as in {command} "warmup(1k) then hold"'
        )
    return found


def only(options: argparse.Namespace) -> Text:
    """The one text of a command that takes no more."""
    found = texts(options)
    if len(found) > 1:
        raise Usage(f"one text at a time: {len(found)} are given")
    return found[0]


def read(argument: str) -> Text:
    """The text that a word of the command line stands for."""
    from . import embedded

    if argument == "-":
        if sys.stdin is None:
            raise Usage("there is no stdin to read")
        return Text("<stdin>", decode(sys.stdin.buffer.read(), "<stdin>"))
    if os.path.isfile(argument):
        if embedded.holds_keys(argument):
            embedded.refuse_whole(argument)
        return Text(argument, decode(data(argument), argument), argument)
    if embedded.names_key(argument):
        return embedded.read(argument)
    if argument.endswith(".lrs") or not any(mark in argument for mark in " (\n"):
        return Text(argument, decode(data(argument), argument), argument)
    return Text("<command line>", argument)


def data(name: str) -> bytes:
    """The bytes of a file."""
    try:
        with open(name, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:  # a name with a zero in it is a ValueError
        why = (getattr(error, "strerror", None) or str(error)).lower()
    before, colon, _ = name.partition(":")
    if colon and os.path.isfile(before):
        raise Usage(f"cannot read {name}: a key is looked up in .yaml, .yml, .toml and .json alone, not in {before}")
    bare = not os.path.exists(name) and not any(mark in name for mark in "./\\:")
    raise Usage(f"cannot read {name}: {why}" + (f"; a text of one word is given by -e '{name}'" if bare else ""))


def pair(option: str, setting: str) -> tuple[str, str]:
    """The name and the value of a `name=value`."""
    name, equal, value = setting.partition("=")
    if not equal or not name.strip():
        raise Usage(f"{option} takes name=value, not `{setting}`")
    return name.strip(), value.strip()


def schedule(text: Text, options: argparse.Namespace) -> Schedule:
    """The schedule of a text under the bindings of the command line."""
    bound: dict[str, str] = {}
    given = [(f"--{unit}", unit, getattr(options, unit)) for unit in UNITS]
    for setting in options.settings:
        given.append(("--set", *pair("--set", setting)))
    for option, name, value in given:
        if value is None:
            continue
        if name in bound:
            both = f"by --{name} and by --set" if getattr(options, name, None) is not None else f"by {option}"
            raise Usage(f"{name} is given twice: {both}")
        bound[name] = value
    try:
        found = compiled(text.text, text.name, tuple(sorted(bound.items())))
        return found if options.group is None or found.missing else found.group(options.group)
    except ScheduleError as error:
        raise ScheduleError(*text.shown(error.problems)) from None


def complete(text: Text, options: argparse.Namespace) -> Schedule:
    """The schedule of a text that must be called now: what is missing is a problem."""
    found = schedule(text, options)
    if found.missing:
        raise ScheduleError(*text.shown(found.missing))
    if not found.outputs:
        raise Usage(f"{text.name} has only lines for groups: --group NAME says as which group to see it")
    return found


# --- what is written ------------------------------------------------------------------------------------------------------


def write(options: argparse.Namespace, content: bytes) -> None:
    """Data to the file that was asked for, or to stdout."""
    if options.out is None:
        print_bytes(content)
        return
    try:
        with open(options.out, "wb") as file:
            file.write(content)
    except (OSError, ValueError) as error:
        raise Usage(f"cannot write {options.out}: {getattr(error, 'strerror', None) or error}") from None
    print(f"wrote {options.out}", file=sys.stderr)


def keep_apart(options: argparse.Namespace, given: Sequence[Text]) -> None:
    """Refuse an output that is one of the texts."""
    for text in given:
        if options.out and text.path and os.path.exists(options.out) and os.path.samefile(text.path, options.out):
            raise Usage(f"{options.out} is the text itself: what is written needs a name of its own")


def print_bytes(content: bytes) -> None:
    """Data to stdout as it is: it is UTF-8 whatever the terminal speaks."""
    sys.stdout.flush()
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:  # a stream of characters that somebody put in its place
        sys.stdout.write(content.decode("utf-8"))
    else:
        binary.write(content)
        binary.flush()


def replace(path: str, content: bytes) -> None:
    """Other content for a file, all of it or none."""
    path = os.path.realpath(path)  # a link stays one
    temporary = None
    try:
        import tempfile  # as all that only some commands need

        handle, temporary = tempfile.mkstemp(prefix=".lrdsl-", dir=os.path.dirname(path))
        with open(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise Usage(f"cannot write {path}: {error.strerror or error}") from None
