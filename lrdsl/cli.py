"""The command line: the only place that reads files, prints and exits.

In: arguments. Out: data on stdout, talk on stderr, and 0 where all is well, 1 where a text has problems, 2 for wrong usage and
files that cannot be read. Refuses to decide anything about texts.
"""

from __future__ import annotations

import argparse
import difflib
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from . import ScheduleError, __version__, compiled, decode
from .diagnostic import Diagnostic, render
from .schedule import Schedule

COMMANDS = ("compile", "plot", "check", "curves")
_LATER = ("explain", "sample", "diff", "fmt", "fit")
_ALIASES = {
    "show": "plot", "view": "plot", "draw": "plot", "lint": "check", "validate": "check", "verify": "check", "build": "compile",
    "export": "compile", "list": "curves", "shapes": "curves", "help": "--help",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the name that messages give it."""

    name: str
    text: str


class Usage(Exception):
    """The command line is wrong, or a file cannot be read; carries what to say."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if sys.stdout is None:  # closed by the caller
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        return _run(arguments)
    except Usage as usage:
        print(f"lrdsl: {usage}", file=sys.stderr)
        return 2
    except ScheduleError as error:
        format_ = "concise" if "concise" in arguments or "--output-format=concise" in arguments else "full"
        _report(error.problems, argparse.Namespace(color=_color_of(arguments), output_format=format_))
        return 2 if any(problem.code.startswith("E4") for problem in error.problems) else 1
    except BrokenPipeError:
        # The reader went away, as `head` does. What is left of stdout must not raise at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"lrdsl: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise Usage(_no_command(arguments[0]))
    options = _parser().parse_args(arguments)
    if options.command is None:
        _parser().print_help()
        return 0
    code: int = options.run(options)
    sys.stdout.flush()
    return code


def _no_command(word: str) -> str:
    if any(mark in word for mark in "( =") or word.endswith(".lrs"):
        shown = word if word.endswith(".lrs") else f'"{word}"'
        return f"say what to do with the text: lrdsl plot {shown}"
    if word in _LATER:
        return f"not yet: `{word}` is no command of this version; there are {', '.join(COMMANDS)}"
    close = _ALIASES.get(word) or next(iter(difflib.get_close_matches(word, COMMANDS, 1, 0.5)), None)
    offer = f"did you mean `lrdsl {close}`?" if close else f"there are {', '.join(COMMANDS)}"
    return f"no command `{word}`: {offer}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        for typed, meant in (("--steps", "--total"), ("--total-steps", "--total"), ("--max-steps", "--total")):
            if typed in message:
                message = f"no option {typed}: the length of the run is {meant}"
        raise Usage(f"{message}\n  {self.prog} --help says what there is")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="lrdsl", description="Learning-rate schedules as text: see them, check them, train with them."
    )
    parser.add_argument("--version", action="version", version=f"lrdsl {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    common = _Parser(add_help=False)
    common.add_argument("texts", nargs="*", metavar="FILE", help="a file, a text with a blank or a bracket in it, or -")
    common.add_argument(
        "-e", dest="expressions", action="append", default=[], metavar="TEXT", help="a text; repeatable"
    )
    common.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="set a param")
    common.add_argument("--total", metavar="N", help="the length of the run, such as 100k")
    common.add_argument("--base", type=_number, metavar="LR", help="what the optimizer's lr was when attached")
    common.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    common.add_argument("--output-format", choices=("full", "concise"), default="full", help="how problems are printed")

    make = commands.add_parser("compile", parents=[common], help="write a standalone module")
    make.add_argument("-o", dest="out", metavar="OUT", help="the file to write; stdout without it")
    make.add_argument("--target", choices=("numpy", "python"), default="numpy")
    make.set_defaults(run=_compile)

    plot = commands.add_parser("plot", parents=[common], help="draw it, here or into a file")
    plot.add_argument("-o", dest="out", metavar="OUT", help="a file to write: .png, .svg or .pdf")
    plot.add_argument(
        "--log", action=argparse.BooleanOptionalAction, default=None, help="a log scale (default: by the values)"
    )
    plot.add_argument("--until", type=_number, metavar="N", help="where the picture ends")
    plot.set_defaults(run=_plot)

    check = commands.add_parser("check", parents=[common], help="problems, notes, and the schedule in one line")
    check.add_argument("--strict", action="store_true", help="exit 1 for notes too")
    check.set_defaults(run=_check)

    curves = commands.add_parser("curves", help="what shapes and curves there are, with their formulas")
    curves.add_argument("name", nargs="?", metavar="NAME")
    curves.set_defaults(run=_curves, color="auto")
    return parser


def _number(text: str) -> float:
    """A number on the command line, with the magnitudes of the language."""
    from .parser import exact

    try:
        return float(exact(text))
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"`{text}` is no number") from None


# --- commands -----------------------------------------------------------------------------------------------------------


def _compile(options: argparse.Namespace) -> int:
    schedule = _only(options)
    source = schedule.source(options.target)
    if options.out is None:
        # A module is UTF-8 whatever the terminal speaks.
        sys.stdout.flush()
        sys.stdout.buffer.write(source.encode("utf-8"))
    elif os.path.exists(options.out) and any(
        os.path.exists(one) and os.path.samefile(one, options.out) for one in options.texts
    ):
        raise Usage(f"{options.out} is the text itself: the module needs a name of its own")
    else:
        _write(options.out, source)
        print(f"wrote {options.out}", file=sys.stderr)
    return 0


def _plot(options: argparse.Namespace) -> int:
    from . import plotter

    if options.until is not None and not 0 < options.until < float("inf"):
        raise Usage(f"--until is a time after 0, not {options.until:g}")
    schedules = _all(options)
    said: dict[str, Any] = {"log": options.log, "until": options.until, "base": options.base}
    if options.out is not None:
        try:
            plotter.save(schedules, options.out, **said)
        except (ImportError, ValueError) as error:
            if isinstance(error, ScheduleError):
                raise
            raise Usage(str(error)) from None
        except OSError as error:
            raise Usage(f"cannot write {options.out}: {error.strerror or error}") from None
        print(f"wrote {options.out}", file=sys.stderr)
        return 0
    width = shutil.get_terminal_size((80, 24)).columns
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")
    color = _colored(options.color, sys.stdout)
    print(plotter.terminal(schedules, width=min(width, 160), color=color, unicode=unicode, **said))
    print(_plain("\n".join(schedule.describe(options.base) for schedule in schedules), unicode))
    return 0


def _plain(text: str, unicode: bool) -> str:
    return text if unicode else text.replace("·", "-").encode("ascii", "replace").decode("ascii")


def _check(options: argparse.Namespace) -> int:
    worst = 0
    texts = _texts(options)
    for text in texts:
        try:
            schedule = _schedule(text, options)
        except ScheduleError as error:
            _report(error.problems, options)
            worst = max(worst, 1)
            continue
        notes = [] if schedule.relation == "mixed" and options.base is None else schedule.notes(options.base)
        _report(notes, options)
        if notes and options.strict:
            worst = max(worst, 1)
        unicode = (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")
        name = f"{text.name}: " if len(texts) > 1 else ""
        print(_plain(name + schedule.describe(options.base), unicode))
    return worst


def _curves(options: argparse.Namespace) -> int:
    from .checker import prelude

    library = prelude()
    if options.name is not None and options.name not in library:
        close = next(iter(difflib.get_close_matches(options.name, library, 1, 0.5)), None)
        offer = f"did you mean `{close}`?" if close else f"there are {', '.join(sorted(library))}"
        raise Usage(f"no curve `{options.name}`: {offer}")
    chosen = {options.name: library[options.name]} if options.name else library
    heads = {d: f"{d.kind} {d.name}({', '.join(_formals(d))})" for definitions in chosen.values() for d in definitions}
    width = max(len(head) for head in heads.values())
    for definition, head in heads.items():
        print(f"{head:<{width}}  = {' '.join(definition.formula.split())}")
        if options.name and definition.about:
            print(f"    {definition.about}")
    if not options.name:
        print("\np goes from 0 to 1 over the phase, q = 1 - p, t is the time since it began.")
        print("A shape goes from one level to another, from + (to - from) * s; behind the comma stands 1 - s.")
    return 0


def _formals(definition: Any) -> list[str]:
    shown = ["t" if definition.clock == "t" else "p"]
    for formal in definition.formals:
        shown.append(formal.name if formal.default is None else f"{formal.name}={formal.default.span.text}")
    return shown


# --- texts --------------------------------------------------------------------------------------------------------------


def _texts(options: argparse.Namespace) -> list[Text]:
    found = [Text("<command line>", text) for text in options.expressions]
    for argument in options.texts:
        if argument == "-":
            if sys.stdin is None:
                raise Usage("there is no stdin to read")
            found.append(Text("<stdin>", decode(sys.stdin.buffer.read(), "<stdin>")))
        elif os.path.isfile(argument) or argument.endswith(".lrs") or not any(mark in argument for mark in " (\n"):
            found.append(Text(argument, _read(argument)))
        else:
            found.append(Text("<command line>", argument))
    if not found:
        raise Usage(
            f'nothing to {options.command}: a file, a text, or - for stdin, as in lrdsl {options.command} "warmup(1k) then hold"'
        )
    return found


def _read(name: str) -> str:
    try:
        with open(name, "rb") as file:
            data = file.read()
    except OSError as error:
        hint = "" if os.path.exists(name) else f"; a text of one word is given by -e '{name}'"
        raise Usage(f"cannot read {name}: {(error.strerror or str(error)).lower()}{hint}") from None
    return decode(data, name)


def _write(name: str, text: str) -> None:
    try:
        with open(name, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise Usage(f"cannot write {name}: {error.strerror or error}") from None


def _schedule(text: Text, options: argparse.Namespace) -> Schedule:
    if options.total is not None and any(setting.partition("=")[0].strip() == "total" for setting in options.settings):
        raise Usage("the total is given twice: by --total and by --set")
    bindings = {} if options.total is None else {"total": options.total}
    for setting in options.settings:
        name, equal, value = setting.partition("=")
        if not equal or not name.strip():
            raise Usage(f"--set takes name=value, not `{setting}`")
        bindings[name.strip()] = value.strip()
    return compiled(text.text, text.name, tuple(sorted(bindings.items())))


def _all(options: argparse.Namespace) -> list[Schedule]:
    return [_schedule(text, options) for text in _texts(options)]


def _only(options: argparse.Namespace) -> Schedule:
    texts = _texts(options)
    if len(texts) > 1:
        raise Usage(f"one text at a time: {len(texts)} are given")
    return _schedule(texts[0], options)


# --- talk ---------------------------------------------------------------------------------------------------------------


def _report(found: Sequence[Diagnostic], options: argparse.Namespace) -> None:
    if not found:
        return
    if options.output_format == "concise":
        for problem in found:
            source = problem.source
            place = f"{source.name}:{problem.line}:{problem.column}: " if source else ""
            print(f"{place}{problem.code} {problem.message}", file=sys.stderr)
        return
    color = _colored(options.color, sys.stderr)
    print("\n\n".join(render(problem, color) for problem in found), file=sys.stderr)


def _color_of(arguments: Sequence[str]) -> str:
    for index, argument in enumerate(arguments):
        if argument.startswith("--color="):
            return argument.partition("=")[2]
        if argument == "--color" and index + 1 < len(arguments):
            return arguments[index + 1]
    return "auto"


def _colored(choice: str, stream: Any) -> bool:
    if choice != "auto":
        return choice == "always"
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR")


if __name__ == "__main__":
    sys.exit(main())
