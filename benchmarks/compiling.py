"""What it costs to compile a text.

In: a bench. Out: its rows, in nanoseconds a call. A cold compile is of a text that this process has not seen, with the grammar
already read; texts differ in a digit of a number, so that nothing that remembers texts can help.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from texts import phases
from timing import LINE, OURS, Bench, Contender, Target, repeated

import lrdsl
from lrdsl.parser import grammar_text

SECTION = "compile"
_numbers = itertools.count(1_000_000)


def unseen() -> str:
    """The flagship with a top that no text had before."""
    return f"warmup(1000) then exp(max={next(_numbers)}e-9, k=1e-4) floor 1e-6"


def lark_alone() -> Callable[[str], object]:
    """The grammar read by Lark, nothing built: what no front end by Lark can be quicker than."""
    from lark import Lark

    lark = Lark(grammar_text("lrs.lark"), parser="lalr", lexer="contextual", start=["statement", "sum"])
    return lambda text: lark.parse(text, start="statement")


def once(name: str, call: Callable[[], object]) -> Contender:
    """What takes so long that it is done once a round."""
    return Contender(name, repeated(call), 1)


def measure(bench: Bench) -> None:
    """All rows of compiling."""
    read = lark_alone()
    contenders = [
        Contender(OURS, repeated(lambda: lrdsl.compile(unseen()))),
        Contender("Lark alone, no tree of ours", repeated(lambda: read(LINE))),
    ]
    bench.row(
        SECTION, "flagship, a text not seen before", "call", contenders, [Target("1.5 ms", 1.0, 1.5e6)], shown=True
    )
    again = [Contender(OURS, repeated(lambda: lrdsl.compile(LINE)))]
    bench.row(SECTION, "flagship, the same text again", "call", again, [Target("3 us", 1.0, 3e3)])
    swept = lrdsl.compile("param peak = 1e-3\nwarmup(1000) then exp(max=peak, k=1e-4) floor 1e-6")
    bound = [Contender(OURS, repeated(lambda: swept.bind(peak=next(_numbers) * 1e-9)))]
    bench.row(SECTION, "bind a param to a new value", "call", bound)
    for count in (10, 100) if bench.quick else (10, 1000, 10_000):
        text = phases(count, 50, 150)

        def compiled(text: str = text) -> object:
            return lrdsl.compile(f"# {next(_numbers)}\n{text}")

        targets = [Target("10 s", 1.0, 10e9)] if count == 10_000 else []
        pair = [once(OURS, compiled), once("Lark alone, no tree of ours", lambda text=text: read(text))]  # type: ignore[misc]
        bench.row(SECTION, f"{count:,} phases", "call", pair, targets, shown=count > 100)
