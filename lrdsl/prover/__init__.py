"""Facts about a timeline, for all times and not by sampling.

In: a timeline and the values of its levels. Out: verdicts on what is claimed of it, and facts. Each stretch of time is bounded by
intervals that are rounded outward, and cut in two as long as the bounds do not decide and the budget lasts; what is then not
decided is said to be undecided. Refuses to know any text, and holds no grid and no numpy.

    enclosures.py   where values and slopes lie
    joins.py        where pieces meet
    movements.py    how much at most goes up, goes down, and steps
    extremes.py     how high and how low, by branch and bound
    spans.py        where it rises, falls and keeps, and from where on nothing changes
    areas.py        the area under it
    differences.py  where and by how much two timelines differ
    findings.py     what becomes negative or infinite, and jumps
    decision.py     the words in which the prover is asked and answers
    direction.py    falls and rises
    claims.py       what is claimed holds, fails, or is undecided
"""

from .areas import area
from .claims import decide, size
from .decision import HORIZON, TOLERANCE, Claim, Decision
from .differences import Comparison, Gap, Steep, Stretch, compare
from .enclosures import Given
from .extremes import highest, seen_by, survey
from .findings import Jump, Verdict, bounds, jumps, verdicts
from .joins import moments
from .spans import Span, settled, spans

__all__ = [
    "HORIZON",
    "TOLERANCE",
    "Claim",
    "Comparison",
    "Decision",
    "Gap",
    "Given",
    "Jump",
    "Span",
    "Steep",
    "Stretch",
    "Verdict",
    "area",
    "bounds",
    "compare",
    "decide",
    "highest",
    "jumps",
    "moments",
    "seen_by",
    "settled",
    "size",
    "spans",
    "survey",
    "verdicts",
]
