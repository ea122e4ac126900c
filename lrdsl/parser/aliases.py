"""Words that people write for those of the language.

Tables only: a unit, a word, a magnitude or a sign under another name, and what it is called here. Refuses to know where each of
them may stand: an offer is made only where the statement then parses.
"""

from __future__ import annotations

PARTS = {"for": 0, "skip": 1, "until": 2}
CLAUSES = {"floor", "cap", "every"}
UNITS = ("steps", "epochs", "tokens", "samples", "step", "epoch", "token", "sample")
UNIT_ALIASES = {
    "it": "steps", "iter": "steps", "iters": "steps", "iterations": "steps", "updates": "steps", "batches": "steps",
    "ep": "epochs", "eps": "epochs", "tok": "tokens", "toks": "tokens", "examples": "samples", "images": "samples",
    "sequences": "samples", "frames": "samples", "percent": "%",
}  # fmt: skip
WORD_ALIASES = {
    "over": "for", "during": "for", "next": "then", "till": "until", "by": "until", "clip": "floor", "min": "floor",
    "at_least": "floor", "max": "cap", "at_most": "cap", "offset": "skip",
}  # fmt: skip
MAGNITUDES = {"m": "M", "b": "B", "t": "T", "g": "B", "G": "B"}
LOOK_ALIKES = {
    "×": "*", "−": "-", "–": "-", "—": "-", "·": "*", "÷": "/", "：": ":", "“": '"', "”": '"', "'": '"',
}  # fmt: skip
# Time on the wall, which no text can know.
WALL = frozenset(("h", "hr", "hrs", "hour", "hours", "min", "mins", "minute", "minutes", "s", "sec", "secs", "second",
                  "seconds", "day", "days", "week", "weeks"))  # fmt: skip
