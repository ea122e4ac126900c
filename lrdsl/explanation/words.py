"""Where levels and lengths came from, and what is known for all times, in words.

In: origins with the rows round them, and facts. Out: short texts. Refuses to know where they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from ..facts import Extreme, Facts
from ..problems import duration_text, number_text, time_text
from ..problems.wording import shown_text
from ..timeline import Origin
from .rows import Explained, PhaseRow

_MOST = 6  # spans, jumps or levels that are told
_SAID = {
    "for": "said by its for",
    "until": "up to its until",
    "left": "what the total leaves",
    "rest": "what its bracket leaves",
    "own": "what is in it takes that long",
    "endless": "it goes on without end",
}
_SHOWN = {"shown": "shown for all times", "refuted": "no", "undecided": "undecided"}
_TRENDS = {
    "rises": "rises",
    "falls": "falls",
    "keeps": "keeps its value",
    "repeats": "repeats itself",
    "undecided": "is undecided",
}
_OTHER = {"from": "to", "to": "from"}


_NUMBER = re.compile(r"[\d._]+(e[-+]?\d+)?[kKMBT]?( steps?)?")


def one_line(text: str) -> str:
    """A piece of a text on one line, without comments."""
    return " ".join(" ".join(line.split("#")[0] for line in text.splitlines()).split())


def called(text: str) -> str:
    """How a phase is spoken of: by the name of its curve, or as it is written."""
    found = re.match(r"([A-Za-z_]\w*)(\(|$)", text)
    return f"the {found[1]}" if found else f"`{text}`" if len(text) <= 20 else "that phase"


def why_level(origin: Origin, shown: str, before: str | None, after: str | None) -> str:
    """Where a level came from; `before` and `after` are the texts of the phases round it, None where
    they are not told; `before` is empty where that is skipped."""
    match origin.source:
        case "written" if origin.span is not None:
            text = shown_text(one_line(origin.span.text))
            return "written" if text == shown or _NUMBER.fullmatch(text) else f"written as `{text}`"
        case "share" if origin.span is not None:
            return f"{shown_text(one_line(origin.span.text))} of {_OTHER.get(origin.name, 'it')}, written"
        case "before":
            skipped = "the phase before it" if before is None else "the skipped phase before it"
            return f"where {called(before) if before else skipped} ends"
        case "ahead":
            return f"looked ahead to {called(after) if after else 'the phase that follows'}"
        case "default":
            return "the default of " + (called(origin.call.text).removeprefix("the ") if origin.call else "the curve")
    nothing = {"from": "comes before", "to": "follows", "max": "comes before or follows"}
    return f"base, for no level {nothing.get(origin.name, 'is said')}"


def why_length(origin: Origin | None) -> str:
    """Where the length of a phase came from."""
    if origin is None:
        return "it holds what is there"
    if origin.source != "written" or origin.span is None:
        return _SAID.get(origin.source, "written")
    text = shown_text(one_line(origin.span.text))
    return "written" if _NUMBER.fullmatch(text) else f"written as `{text}`"


def why_cut(why: str, planned: tuple[Fraction, Fraction], begin: Fraction, end: Fraction | None, clock: str) -> str:
    """The same for a phase that is shown in part, or held longer."""
    lost = [
        f"its {word} {duration_text(missing, clock)}"
        for word, missing in (
            ("first", begin - planned[0]),
            ("last", planned[1] - (planned[1] if end is None else end)),
        )
        if missing > 0
    ]
    found = f"planned as {duration_text(planned[1] - planned[0], clock)} ({why})"
    if lost:
        found += f", without {' and '.join(lost)}"
    if end is not None and end > planned[1]:
        found += f", then held for {duration_text(end - planned[1], clock)}"
    return found


# --- tables ---------------------------------------------------------------------------------------------------------------

HEADS = ("from", "to", "begin", "end", "length", "share")
_FIRST, _LAST = 16, 4  # phases that are shown of more than the two together


def shown_of(rows: Sequence[PhaseRow]) -> Sequence[PhaseRow]:
    """The phases that a table shows: of thousands the first and the last."""
    return rows if len(rows) <= _FIRST + _LAST else (*rows[:_FIRST], *rows[-_LAST:])


def cells_of(row: PhaseRow, output: Explained, value: Callable[[float | None], str]) -> tuple[str, ...]:
    """What a table says of a phase under `HEADS`; `value` writes a level."""
    last = "unsettled" if row.to is None and not output.needs else value(row.to)
    end, length = (
        "never" if row.end is None else time_text(row.end),
        "" if row.length is None else time_text(row.length),
    )
    share = "" if row.share is None else f"{number_text(float(f'{100 * row.share:.3g}'))}%"
    return value(row.from_), last, time_text(row.begin), end, length, share


# --- facts ----------------------------------------------------------------------------------------------------------------


def told(output: Explained, clock: str) -> list[tuple[str, str]]:
    """What is known of an output for all times: names and short sentences."""
    facts = output.facts
    if facts is None:
        return []
    value = output.value
    final = "none: it never settles"
    if facts.final is not None and facts.settled is not None:
        final = f"{value(facts.final)}, and nothing changes from {_moment(facts.settled, clock)} on"
    found = [
        ("first", value(facts.first)),
        ("peak", _extreme(output, facts.peak, clock, "above")),
        ("least", _extreme(output, facts.least, clock, "below")),
        ("final", final),
        ("moves", _spans(output, facts)),
        ("jumps", _some([f"{value(one.before)} to {value(one.after)} at {time_text(one.time)}" for one in facts.jumps])),
        ("mean", _area(output, facts, clock)),
    ]  # fmt: skip
    cut = [f"phase {row.number}" for row in output.rows if _shortened(row.planned, row.begin, row.end)]
    found += [("cut", _some(cut))] if cut else []
    missed = list(_unreached(output, facts))
    found += [("not reached", _some(missed))] if missed else []
    return [*found, ("finite", _SHOWN[facts.finite]), ("not negative", _SHOWN[facts.not_negative])]


def _shortened(planned: tuple[Fraction, Fraction] | None, begin: Fraction, end: Fraction | None) -> bool:
    return planned is not None and (begin > planned[0] or (end is not None and end < planned[1]))


def _moment(time: Fraction, clock: str) -> str:
    return f"{clock.removesuffix('s')} {_near(time)}"


def _near(time: Fraction) -> str:
    """A time to six digits, where it is none that people write."""
    return time_text(time) if time.denominator <= 1000 else time_text(Fraction(f"{float(time):.6g}"))


def _extreme(output: Explained, one: Extreme, clock: str, beyond: str) -> str:
    if one.time is None:
        found = f"only in the limit: {output.value(one.value)} at the farthest time"
    else:
        found = f"{output.value(one.value)} {'just before' if one.side == 'left' else 'at'} {_moment(one.time, clock)}"
    return found if one.bound == one.value else f"{found}; nowhere {beyond} {output.value(one.bound)}"


def _spans(output: Explained, facts: Facts) -> str:
    found = []
    for one in facts.spans:
        trend = _TRENDS[one.trend]
        found.append(f"{trend} to {_near(one.end)}" if one.end is not None else f"{trend} for ever")
    if len(found) > _MOST:
        found = [*found[: _MOST - 2], f"... {len(found) - _MOST + 1} more ...", found[-1]]
    return ", ".join(found)


def _some(texts: Sequence[str]) -> str:
    if not texts:
        return "none"
    more = f"; and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return "; ".join(texts[:_MOST]) + more


def _area(output: Explained, facts: Facts, clock: str) -> str:
    area = facts.area
    if area is None:
        return "none: there is no end"
    if not area.length:
        return "none: there is no length"
    width = f", within {number_text(float(f'{area.width:.1g}'))}" if area.width > 1e-6 * abs(area.value) else ""
    length = duration_text(
        area.length if area.length.denominator <= 1000 else Fraction(f"{float(area.length):.6g}"), clock
    )
    unit = f" {clock}" if clock == "steps" else ""
    return f"{output.value(area.mean)} over {length}{unit}, so that the area is {output.value(area.value)}{width}"


def _unreached(output: Explained, facts: Facts) -> Iterator[str]:
    for one in facts.unreached:
        span = one.origin.span
        text = "" if span is None else f"={shown_text(span.text)}"
        yield f"{one.origin.name}{text}, the nearest is {output.value(one.nearest)}"
