"""What whole processes cost, from their start to their end: `import lrdsl`, `lrdsl check FILE`.

In: a bench. Out: its rows, in nanoseconds a process. Processes take turns; what they read is in the file cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import LINE, OURS, Bench, Contender, Row, Target

SECTION = "process"
# What is installed has its bytecode beside it; a checkout must be allowed to write its own.
KEEPS_BYTECODE = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def process(name: str, *arguments: str) -> Contender:
    def run(count: int) -> None:
        for _ in range(count):
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=KEEPS_BYTECODE)

    run(1)  # the first one may compile modules
    return Contender(name, run, 1)


def measure(bench: Bench) -> None:
    """All rows of processes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flagship.lrs"
        file.write_text(LINE + "\n", "utf-8")
        bare = process("python -c pass", "-c", "pass")
        numpy = process("import numpy", "-c", "import numpy")
        imported = process(OURS, "-c", "import lrdsl")
        found = bench.row(SECTION, "import lrdsl", "process", [imported, bare, numpy], seconds=6.0, shown=True)
        # What is asked for is a difference and no ratio: it is known when numpy is.
        limit = found.alternatives["import numpy"] + 40e6
        found.targets = (Target("import numpy + 40 ms", 1.0, limit),)
        check = process(OURS, "-m", "lrdsl", "check", str(file))
        torch = process("import torch", "-c", "import torch")
        targets = [Target("200 ms", 1.0, 200e6)]
        row: Row = bench.row(
            SECTION, "lrdsl check FILE", "process", [check, bare, numpy, torch], targets, seconds=6.0, shown=True
        )
        row.note = "the same processes as a user starts them, imports of this environment included"
