"""What may be typed, and what was meant where something else was.

In: the words of the command line. Out: options, or the Usage error that says the right words. Refuses to open files and to know
what a command does.
"""

from __future__ import annotations

import argparse
import difflib
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__
from ..functions import TARGETS
from .texts import UNITS, Usage

_ABOUT = {
    "compile": "write a standalone module, or a JSON document",
    "plot": "draw it, here or into a file; several are compared",
    "check": "problems, notes, and the schedule in one line",
    "explain": "phase by phase: levels, lengths, where each came from, and facts",
    "sample": "values as CSV, JSON or npy",
    "diff": "where and by how much two texts, or two bindings of one, differ",
    "fmt": "rewrite texts in their one canonical form",
    "fit": "the shortest text that reproduces a logged curve",
    "curves": "what shapes, curves and words there are, with their formulas",
}
_ALIASES = {
    **dict.fromkeys(("show", "view", "draw"), "plot"),
    **dict.fromkeys(("lint", "validate", "verify"), "check"),
    **dict.fromkeys(("build", "export"), "compile"),
    **dict.fromkeys(("eval", "table", "csv"), "sample"),
    **dict.fromkeys(("list", "shapes"), "curves"),
    **dict.fromkeys(("describe", "info"), "explain"),
    "format": "fmt",
    "help": "--help",
}
_TOTALS = (
    "--steps --total-steps --max-steps --num-steps --n-steps --total-iters --num-training-steps --iterations --iters"
)
_EPOCHS = "--epochs --num-epochs --max-epochs --n-epochs"
# An option that people type, the one that is meant, what that one says, and what becomes of the value.
_MEANT = {
    **dict.fromkeys(_TOTALS.split(), ("--total", "the length of the run", "{}")),
    **dict.fromkeys(_EPOCHS.split(), ("--total", "the length of the run", "{} epochs")),
    **dict.fromkeys(("--steps-per-epoch", "--updates-per-epoch"), ("--epoch", "the length of an epoch", "{}")),
    **dict.fromkeys(("--tokens-per-step", "--tokens-per-batch"), ("--step", "the size of a step", "{} tokens")),
    **dict.fromkeys(("--samples-per-step", "--batch-size"), ("--step", "the size of a step", "{} samples")),
    **dict.fromkeys(("--lr", "--base-lr", "--learning-rate"), ("--base", "what the optimizer's lr was", "{}")),
    **dict.fromkeys(("--param", "--define"), ("--set", "a param", "{}")),
    **dict.fromkeys(("--out", "--output", "--output-file"), ("-o", "the file to write", "{}")),
}
_EXAMPLES = {
    "compile": 'lrdsl compile gpt.lrs -o lr.py\nlrdsl compile "warmup(2k) then cosine" --total 100k --target python\n'
    "lrdsl compile gpt.lrs --target json --groups encoder.layers.0,encoder.layers.1",
    "plot": 'lrdsl plot "warmup(2k) then cosine(to=10%)" --total 100k\nlrdsl plot a.lrs b.lrs -o both.svg',
    "check": "lrdsl check gpt.lrs --set peak=6e-4\nlrdsl check gpt.lrs --strict --allow zero-start,jump\n"
    "lrdsl check conf.yaml:train.lr --output-format github",
    "explain": 'lrdsl explain gpt.lrs\nlrdsl explain "warmup(2k) then cosine(to=10%)" --total 100k --base 3e-4\n'
    "lrdsl explain gpt.lrs --format json",
    "sample": "lrdsl sample gpt.lrs --at 0,1k,2k\nlrdsl sample gpt.lrs --every 100 -o lr.csv",
    "diff": "lrdsl diff old.lrs new.lrs --at 40k\nlrdsl diff gpt.lrs --with peak=6e-4\n"
    "git show HEAD~1:gpt.lrs | lrdsl diff - gpt.lrs",
    "fmt": "lrdsl fmt *.lrs\nlrdsl fmt --check --diff gpt.lrs\nlrdsl fmt - < gpt.lrs",
    "fit": "lrdsl fit lr.csv\nlrdsl fit wandb_export.csv --column 'run - train/learning_rate' -o fit.png\n"
    "lrdsl fit checkpoint-500/trainer_state.json",
    "curves": "lrdsl curves\nlrdsl curves cosine\nlrdsl curves --in gpt.lrs",
}
_FILE = "a file, a key in one (conf.yaml:train.lr; .toml and .json too), a text with a blank or a bracket in it, or -"


def parse(arguments: list[str]) -> argparse.Namespace | None:
    """The options of a command; None where the help of all was asked for and printed."""
    if not arguments:
        _top().print_help()
        return None
    word, *rest = arguments
    if word.startswith("-"):
        if word in ("-h", "--help", "--version"):
            _top().parse_args([word])  # prints and exits
        command = next((one for one in rest if one in _ABOUT), "COMMAND")
        raise Usage(f"the command comes first, as in lrdsl {command} {word} ...\n  lrdsl --help says what there is")
    if word not in _ABOUT:
        raise Usage(_no_command(word, rest))
    parser = _command(word)
    parser.refuse_what_was_meant_otherwise(rest)
    options = parser.parse_intermixed_args(rest)
    options.command = word
    return options


def _no_command(word: str, rest: list[str]) -> str:
    if any(mark in word for mark in "( =") or word.endswith(".lrs") or ".yaml:" in word:
        shown = f'"{word}"' if any(mark in word for mark in "( =*") else word
        return f"say what to do with the text: lrdsl plot {' '.join([shown, *map(shlex.quote, rest)])}"
    if word == "compare":
        return f"no command `compare`: did you mean `lrdsl plot {shlex.join(rest) or 'A B'}`? It draws several into one picture"
    close = _ALIASES.get(word) or next(iter(difflib.get_close_matches(word, _ABOUT, 1, 0.5)), None)
    offer = f"did you mean `lrdsl {close}`?" if close else f"there are {', '.join(_ABOUT)}"
    return f"no command `{word}`: {offer}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message}\n  {self.prog} --help says what there is")

    def refuse_what_was_meant_otherwise(self, arguments: Sequence[str]) -> None:
        """Raise for the first option that this command lacks, with the one that was meant."""
        known = [option for action in self._actions for option in action.option_strings]
        for index, argument in enumerate(arguments):
            if argument == "--":
                return
            name, equal, value = argument.partition("=")
            before = arguments[index - 1] if index else ""
            if not name.startswith("--") or name in known or before in ("-e", "--set"):
                continue
            if not equal:
                value = next((one for one in arguments[index + 1 : index + 2] if not one.startswith("-")), "N")
            meant, says, wanted = _MEANT.get(name, ("", "", "{}"))
            if meant in known:
                said = wanted.format(value)
                shown = f'"{said}"' if " " in said else said
                self.error(f"no option {name}: {says} is {meant} {shown}")
            close = difflib.get_close_matches(name, known, 1, 0.6)
            self.error(f"no option {name}" + (f": did you mean {close[0]}?" if close else ""))


class _Once(argparse.Action):
    """An option that can be given once: of two values, one would be lost in silence."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        if getattr(namespace, self.dest) is not None:
            raise Usage(f"{option_string} is given twice")
        setattr(namespace, self.dest, values)


def _top() -> _Parser:
    width = max(map(len, _ABOUT))
    listed = "\n".join(f"  {name:<{width}}  {about}" for name, about in _ABOUT.items())
    parser = _Parser(
        prog="lrdsl",
        usage="lrdsl COMMAND ...",
        description="Learning-rate schedules as text: see them, check them, train with them.",
        epilog=f"commands:\n{listed}\n\nlrdsl COMMAND --help says more. Exit codes: 0 fine, 1 a text has problems or would change, "
        "2 wrong usage\nor a file that cannot be read or written.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lrdsl {__version__}")
    return parser


def _command(name: str) -> _Parser:
    parser = _Parser(
        prog=f"lrdsl {name}",
        description=f"{_ABOUT[name][0].upper()}{_ABOUT[name][1:]}.",
        epilog="examples:\n  " + _EXAMPLES[name].replace("\n", "\n  "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _ARGUMENTS[name](parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="auto heeds NO_COLOR")
    parser.add_argument(
        "--output-format",
        choices=("full", "concise", "json", "github"),
        default="full",
        help="how problems are printed",
    )
    return parser


def _texts(parser: _Parser, what: str = _FILE) -> None:
    parser.add_argument("texts", nargs="*", metavar="FILE", help=what)
    parser.add_argument(
        "-e", dest="expressions", action="append", default=[], metavar="TEXT", help="a text; repeatable"
    )


def _bindings(parser: _Parser) -> None:
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="set a param")
    says = ("the length of the run, such as 100k", "how much an epoch is, such as 5004", "how much a step is, such as '4M tokens'",
            "how much a sample is, such as '4096 tokens'")  # fmt: skip
    for unit, about in zip(UNITS, says, strict=True):
        parser.add_argument(f"--{unit}", action=_Once, metavar="N", help=about)
    parser.add_argument(
        "--base",
        type=base,
        metavar="LR",
        help="what the optimizer's lr was when attached; by key: lr=3e-4,weight_decay=0.1",
    )
    parser.add_argument("--group", metavar="NAME", help="as the parameter group of that name sees it")


def _compile(parser: _Parser) -> None:
    _texts(parser)
    _bindings(parser)
    parser.add_argument("-o", dest="out", metavar="OUT", help="the file to write; stdout without it")
    parser.add_argument(
        "--target",
        choices=(*TARGETS, "json"),
        default="numpy",
        help="python needs nothing but Python; json: a document",
    )
    parser.add_argument(
        "--groups",
        type=lambda text: [name.strip() for name in text.split(",")],
        action="extend",
        default=[],
        metavar="NAME,NAME",
        help="param groups that there are, whose lines take numbers from their names; repeatable",
    )


def _plot(parser: _Parser) -> None:
    _texts(parser)
    _bindings(parser)
    parser.add_argument("-o", dest="out", metavar="OUT", help="a file to write: .png, .svg or .pdf")
    log = argparse.BooleanOptionalAction
    parser.add_argument("--log", action=log, default=None, help="a log scale (default: by the values)")
    parser.add_argument("--until", type=number, metavar="N", help="where the picture ends")


def _check(parser: _Parser) -> None:
    _texts(parser)
    _bindings(parser)
    parser.add_argument("--strict", action="store_true", help="exit 1 for notes too")
    parser.add_argument(
        "--allow",
        type=notes,
        action="extend",
        default=[],
        metavar="NAME",
        help="silence notes of this name; repeatable",
    )


def _explain(parser: _Parser) -> None:
    _texts(parser)
    _bindings(parser)
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: one object a text, each on a line"
    )


def _sample(parser: _Parser) -> None:
    _texts(parser)
    _bindings(parser)
    times = parser.add_mutually_exclusive_group()
    times.add_argument("--at", type=numbers, metavar="N,N", help="the times, such as 0,1k,2k")
    times.add_argument(
        "--every", type=number, metavar="N", help="0, N, 2N and so on (default: 101 points over the run)"
    )
    parser.add_argument("--until", type=number, metavar="N", help="the last time (default: the end of the run)")
    parser.add_argument(
        "--format",
        choices=("csv", "json", "npy"),
        help="csv: a header, then the time and every output; json: clock, times, outputs; npy: a float64 array with the "
        "columns of csv, one row a time (default: by the name of OUT, else csv)",
    )
    parser.add_argument("-o", dest="out", metavar="OUT", help="the file to write; stdout without it")


def _diff(parser: _Parser) -> None:
    _texts(parser)
    _bindings(parser)
    parser.add_argument(
        "--with",
        dest="others",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a param, or total, of the second text alone",
    )
    parser.add_argument(
        "--at", type=number, metavar="N", help="compare from this time on, as for a run that resumes there"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: all that was found")
    parser.add_argument("-o", dest="out", metavar="OUT", help="a picture of both: .png, .svg or .pdf")


def _fmt(parser: _Parser) -> None:
    _texts(
        parser, "a file to rewrite, a text with a blank or a bracket in it, or -; texts and stdin are printed formatted"
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; name what would change, and exit 1 for it"
    )
    parser.add_argument(
        "--diff", action="store_true", help="change nothing; print what would change, and exit 1 for it"
    )


def _fit(parser: _Parser) -> None:
    parser.add_argument(
        "curve", metavar="CURVE", help="a table of steps and values: .csv, .tsv, .json, .jsonl, or - for stdin"
    )
    parser.add_argument("--column", metavar="NAME", help="the column of the learning rate, where names do not tell")
    parser.add_argument("--step-column", metavar="NAME", help="the column of the steps, where names do not tell")
    parser.add_argument("-o", dest="out", metavar="OUT", help="a picture of log and text: .png, .svg or .pdf")


def _curves(parser: _Parser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="a shape, a curve or a word; all of them without it")
    parser.add_argument("--in", dest="inside", metavar="FILE", help="show the shapes and curves of this file too")


_ARGUMENTS = {
    "compile": _compile,
    "plot": _plot,
    "check": _check,
    "explain": _explain,
    "sample": _sample,
    "diff": _diff,
    "fmt": _fmt,
    "fit": _fit,
    "curves": _curves,
}


def number(text: str) -> float:
    """A number on the command line, with the magnitudes of the language."""
    from ..parser.builder import exact

    try:
        return float(exact(text.strip()))
    except (ValueError, OverflowError, IndexError):
        raise argparse.ArgumentTypeError(f"`{text}` is no number") from None


def base(text: str) -> float | dict[str, float]:
    """One number for every key, or numbers by key."""
    if "=" not in text:
        return number(text)
    pairs = (one.partition("=") for one in text.split(","))
    return {key.strip(): number(value) for key, _, value in pairs}


def notes(text: str) -> list[str]:
    """Names of notes between commas."""
    from ..notes import closest, names_in
    from ..problems import NOTES

    for name in (found := names_in(text)):
        if name not in NOTES:
            guess = closest(name)
            offer = f"did you mean {guess}?" if guess else f"there are {', '.join(NOTES)}"
            raise argparse.ArgumentTypeError(f"no note is called `{name}`: {offer}")
    return found


def numbers(text: str) -> list[float]:
    """Numbers between commas."""
    return [number(one) for one in text.split(",")]
