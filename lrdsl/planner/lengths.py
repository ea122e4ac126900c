"""Lengths, on the way up: what each node of a program needs.

In: a program node and the total that `%` means there. Out: whether it is as long as it says (*fixed*), needs no length
(*free*), or must be given one (*open*), with the least that fits. Refuses to know levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from .. import problems, program
from ..diagnostic import Diagnostic, Mend
from ..durations import MOST_DIGITS, Refused, exact, limited
from ..problems import duration_text
from ..program import core
from ..records import field, frozen, slotted
from ..source import Span
from ..timeline import rounded

MOST_CYCLES = 4_096
HORIZON = Fraction(10**18)
SHORTEST = 1 / HORIZON  # of what comes again and again; floats could not count what is shorter


@frozen
class Need:
    """`least` is the length of what is fixed, and the least that fits where it is free or open.

    `several` tells that a chain with an open phase among others is inside: to cut that, one must say for what it was
    planned. `open_at` is the span of the phase that takes what is left.
    """

    kind: Literal["fixed", "free", "open"]
    least: Fraction
    several: bool = False
    open_at: Span | None = None


@slotted
class Lengths:
    """The measurements of one program; each node is measured once for each total.

    `clock` is the unit of all times, `rates` what one of each unit is worth in it, `run` the total of the file.
    """

    clock: str = "steps"
    rates: Mapping[str, Fraction] = field(default_factory=lambda: {"steps": Fraction(1)})
    run: Fraction | None = None
    problems: list[Diagnostic] = field(default_factory=list)
    known: dict[tuple[int, Fraction | None], Need] = field(default_factory=dict)
    chains: dict[tuple[int, Fraction | None], list[Need]] = field(default_factory=dict)

    def measure(self, node: program.Node, total: Fraction | None) -> Need:
        key = (id(node), total)
        if key not in self.known:
            self.known[key] = self._measure(node, total)
        return self.known[key]

    def _measure(self, node: program.Node, total: Fraction | None) -> Need:
        match node:
            case program.Inner():
                return self.alone(node.body, total)
            case program.Variable():
                return Need("free" if node.name == "t" else "open", Fraction(0), open_at=node.span)
            case program.Operation():
                return self._operation(node, total)
            case program.Call():
                return self._call(node, total)
            case program.Phase():
                raise AssertionError("a phase is measured where it stands, by `phase`")
            case program.Chain():
                return self._chain(node, total)
            case program.Limit() | program.Sampled():
                if isinstance(node, program.Sampled):
                    self.interval(node.every, total)
                return self.alone(node.body, total)
            case program.Repeat():
                return self._repeat(node, total)
            case program.Output():
                return self._output(node)
        return Need("free", Fraction(0))

    def alone(self, node: program.Node, total: Fraction | None) -> Need:
        """A node that may be a phase with `for`, `skip` or `until`, standing alone: a chain of one."""
        return self.phase(node, Fraction(0), total) if isinstance(node, program.Phase) else self.measure(node, total)

    def _operation(self, node: program.Operation, total: Fraction | None) -> Need:
        needs = [self.alone(operand, total) for operand in node.operands]
        least = max(need.least for need in needs)
        several = any(need.several for need in needs)
        for need in needs:
            if need.kind == "open":
                return Need("open", least, several, need.open_at)
        fixed = [need.least for need in needs if need.kind == "fixed"]
        if not fixed:
            return Need("free", least)
        for need, operand in zip(needs, node.operands, strict=True):
            if need.kind == "free" and need.least > max(fixed):
                raise Refused(problems.does_not_fit(operand.span, self.text(need.least), self.text(max(fixed))))
        return Need("fixed", max(fixed))

    def _call(self, node: program.Call, total: Fraction | None) -> Need:
        if node.length is not None:
            length = self.exact(node.length, total)
            if node.timed and node.body is not None:
                self.fit(self.alone(node.body, length), length, node.span)
            return Need("fixed", length)
        if not node.timed:
            return Need("open", Fraction(0), open_at=node.span)
        assert node.body is not None
        need = self.alone(node.body, total)
        return Need(need.kind, need.least, open_at=node.span)

    def _output(self, node: program.Output) -> Need:
        """An output used in another one has the length that it has alone."""
        need = self.alone(node.body, self.run)
        if need.kind == "free":
            return need
        if self.run is not None:
            self.fit(need, self.run, node.span)
        elif need.kind == "open":
            raise Refused(problems.how_long(need.open_at or node.span))
        return Need("fixed", need.least if self.run is None else self.run)

    # --- phases and chains ----------------------------------------------------------------------------------------

    def phase(self, node: program.Node, begin: Fraction, total: Fraction | None) -> Need:
        """What a phase needs that begins at `begin` of its chain."""
        if not isinstance(node, program.Phase):
            return self.measure(node, total)
        need = self._skipped(node, total)
        if node.until is None:
            return need
        end = self.exact(node.until, total)
        if end < begin:
            raise Refused(problems.until_before_begin(node.until.span, self.text(end), self.text(begin)))
        if need.kind == "open" and need.several:
            raise Refused(problems.until_on_open(node.until.span, node))
        if need.kind == "open" and need.least > end - begin:
            raise Refused(problems.does_not_fit(node.body.span, self.text(need.least), self.text(end - begin)))
        return Need("fixed", end - begin)

    def planned(self, node: program.Phase, total: Fraction | None) -> tuple[Need, Fraction | None]:
        """What the body needs with its `for`, and the total that `%` means in it."""
        if node.length is None:
            return self.alone(node.body, total), total
        length = self.exact(node.length, total)
        if isinstance(node.body, program.Call) and node.body.length is not None:
            raise Refused(problems.has_a_length(node.length.span, node, node.body))
        self.fit(self.alone(node.body, length), length, node.body.span)
        return Need("fixed", length), length

    def _skipped(self, node: program.Phase, total: Fraction | None) -> Need:
        need, _ = self.planned(node, total)
        if node.skip is None:
            return need
        skip = self.exact(node.skip, total)
        if need.kind == "fixed":
            if skip >= need.least:
                raise Refused(problems.skips_all(node.skip.span, self.text(skip), self.text(need.least)))
            return Need("fixed", need.least - skip)
        return Need(need.kind, max(need.least - skip, Fraction(0)), need.several, need.open_at)

    def _chain(self, chain: program.Chain, total: Fraction | None) -> Need:
        """What a chain needs; what each of its phases needs is kept in `chains`."""
        phases = chain.phases
        begin = Fraction(0)
        taker: Span | None = None  # the phase that takes what is left
        needs: list[Need] = []
        before = len(self.problems)
        for index, node in enumerate(phases):
            try:
                if taker is not None and isinstance(node, program.Phase) and node.until is not None:
                    raise Refused(problems.until_after_open(node.until.span, taker))
                need = self.phase(node, begin, total)
                last = index == len(phases) - 1
                if need.kind != "fixed" and taker is not None:
                    raise Refused(problems.two_open(node.span, taker, _as_top(phases, taker)))
                if need.kind == "open" or (need.kind == "free" and not last):
                    taker = node.span
            except Refused as refused:
                self.problems.append(refused.problem)
                need = Need("fixed", Fraction(0))
            needs.append(need)
            begin += need.least
        self.chains[id(chain), total] = needs
        if len(self.problems) > before:
            return Need("free", Fraction(0))
        if taker is not None:
            return Need("open", begin, len(phases) > 1, taker)
        return Need("fixed" if needs[-1].kind == "fixed" else "free", begin)

    def fit(self, need: Need, length: Fraction, span: Span) -> None:
        """What is inside must fill a length that is known, exactly."""
        if need.least > length:
            raise Refused(problems.longer_than_total(span, self.text(need.least), self.text(length)))
        if need.kind == "fixed" and need.least < length:
            raise Refused(problems.shorter_than_total(span, self.text(need.least), self.text(length)))

    # --- repeat ---------------------------------------------------------------------------------------------------

    def _repeat(self, node: program.Repeat, total: Fraction | None) -> Need:
        need = self.alone(node.body, total)
        if need.kind != "fixed" or need.least == 0:
            many = None if node.times is None else node.times.span
            raise Refused(problems.must_end(node.body.span, need.kind, many))
        period = self.countable(need.least, node.span)
        stretch, times = self.stretch(node, total), self.times(node, total)
        if stretch != 1:
            self._cycles(node, period, stretch, times)
        if times is None:
            return Need("free", Fraction(0))
        length = period * times if stretch == 1 else period * (stretch**times - 1) / (stretch - 1)
        limited(length, node.span)
        return Need("fixed", length)

    def stretch(self, node: program.Repeat, total: Fraction | None) -> Fraction:
        if node.stretch is None:
            return Fraction(1)
        stretch = self.exact(node.stretch, total)
        if stretch <= 0 or (node.times is None and stretch < 1):
            raise Refused(problems.bad_stretch(node.stretch.span, node.times is None))
        return stretch

    def times(self, node: program.Repeat, total: Fraction | None) -> int | None:
        if node.times is None:
            return None
        times = self.exact(node.times, total)
        if times.denominator != 1 or times < 1:
            raise Refused(problems.bad_times(node.times.span))
        return int(times)

    def _cycles(self, node: program.Repeat, period: Fraction, stretch: Fraction, times: int | None) -> None:
        # The powers of a stretch are exact numbers; before any is built, its size is bounded.
        digits = max(len(str(stretch.numerator)), len(str(stretch.denominator)))
        if times is not None and (times > 10 * MOST_CYCLES or digits * times > 40_000):
            raise Refused(problems.too_many_digits(node.span, MOST_DIGITS))
        if times is None or times > MOST_CYCLES:
            ratio = rounded(stretch)
            reach = (
                rounded(period) * (ratio ** float(min(MOST_CYCLES, 10**6)) - 1) / (ratio - 1) if ratio < 1.2 else 1e300
            )
            if stretch > 1 and reach < HORIZON:
                raise Refused(problems.too_many_cycles(node.span, MOST_CYCLES))

    # --- exact numbers --------------------------------------------------------------------------------------------

    def interval(self, node: program.Node, total: Fraction | None) -> Fraction:
        every = self.exact(node, total)
        if every == 0:
            raise Refused(problems.zero_interval(node.span))
        return self.countable(every, node.span)

    def countable(self, period: Fraction, span: Span) -> Fraction:
        """A time that comes again and again, long enough to be counted."""
        if period < SHORTEST:
            raise Refused(problems.too_short(span, self.text(period), self.text(SHORTEST)))
        return period

    def exact(self, node: program.Node, total: Fraction | None) -> Fraction:
        """The value of a duration, or of an exact number; never negative."""
        value = exact(node, total, self.rates)
        if value < 0:
            raise Refused(problems.negative_duration(node.span, self.text(value)))
        return value

    def text(self, value: Fraction) -> str:
        """A time as messages say it: bare numbers are steps."""
        return duration_text(value, self.clock)


def _as_top(phases: tuple[program.Node, ...], taker: Span) -> Mend | None:
    """`warmup(1k) then 3e-4 then cosine`: the number was to be the top of the warmup, not a phase."""
    index = next((index for index, phase in enumerate(phases) if phase.span == taker), 0)
    before = phases[index - 1] if index else None
    if not isinstance(before, program.Call) or not isinstance(core(phases[index]), program.Written):
        return None
    level = before.levels.get("to")
    return problems.as_top(before, taker) if level is not None and level.ahead and level.written is None else None
