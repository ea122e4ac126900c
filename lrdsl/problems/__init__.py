"""The catalogue of problems: one small function for each code, so that all wording is in one place.

In: spans and what was found there. Out: a Diagnostic. A code is never reused. Refuses to decide anything.

    wording.py   how times and values are written
    text.py      E1, the text
    names.py     E2, names
    meaning.py   E3, lengths, levels and values
    units.py     E3, units, outputs and groups
    assertions.py  E3, what is claimed
    use.py       E4, files, calls and the command line
    notes.py     N5, the notes of `check`, each with its name
"""

from .assertions import *  # noqa: F403
from .meaning import *  # noqa: F403
from .names import *  # noqa: F403
from .notes import *  # noqa: F403
from .text import *  # noqa: F403
from .units import *  # noqa: F403
from .use import *  # noqa: F403
from .wording import duration_text as duration_text
from .wording import number_text as number_text
from .wording import time_text as time_text
