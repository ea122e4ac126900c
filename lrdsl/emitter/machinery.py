"""What a standalone module brings along: its imports, and the functions of a runtime that its code uses.

In: a target and the code of a module. Out: lines of source. Functions are read, not imported, for what a target needs may not be
here. Refuses to know what they compute.
"""

from __future__ import annotations

import ast
import functools
import re
from importlib.resources import files

from ..functions import HALFWAVE

_IMPORTS = (
    {
        "math": "import math",
        "re": "import re",
        "bisect_right": "from bisect import bisect_right",
        "contextmanager": "from contextlib import contextmanager",
        "Fraction": "from fractions import Fraction",
    },
    {
        "jax": "import jax",
        "jnp": "import jax.numpy as jnp",
        "np": "import numpy as np",
        "torch": "import torch",
    },
)
# What the imports of modules bring in: names that nothing else may have.
IMPORTED = frozenset(name for block in _IMPORTS for name in block)


def imports(code: str) -> list[str]:
    """The imports of what the code uses: Python's own, and others."""
    lines = []
    for block in _IMPORTS:
        used = [line for name, line in block.items() if re.search(rf"(?<![\w.]){name}(\.|\(|$)", code, re.MULTILINE)]
        lines += [*used, ""] if used else []
    return lines


@functools.cache
def runtime(target: str) -> tuple[dict[str, str], dict[str, str]]:
    """The functions that modules of a target are built of, and its constants. A runtime's own function wins over a shared one."""
    functions: dict[str, str] = {}
    constants: dict[str, str] = {}
    for home in ("folding", "runtime_groups", "runtime_levels", f"runtime_{target}"):
        text = files(__package__).joinpath(f"{home}.py").read_text("utf-8")
        lines = text.splitlines()
        body = ast.parse(text).body
        found = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
        for name in sorted(found):
            function = found[name]
            first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
            functions[name] = _plain(lines[first - 1 : function.end_lineno])
        for node in body:
            match node:
                case ast.Assign(targets=targets, value=value):
                    constants |= {ast.unparse(one): ast.unparse(value) for one in targets}
                case ast.AnnAssign(target=one, value=ast.expr() as value):
                    constants[ast.unparse(one)] = ast.unparse(value)
    return functions, constants


def machinery(target: str, code: str) -> list[str]:
    """The functions that the code uses, and those that they use."""
    sources, constants = runtime(target)
    wanted: dict[str, str] = {}
    todo = [code, "evaluate("]
    while todo:
        text = todo.pop()
        for name, source in sources.items():
            if name not in wanted and re.search(rf"(?<![\w.]){name}\(", text):
                wanted[name] = source
                todo.append(source)
    lines = [f"HALFWAVE = {HALFWAVE!r}", "", ""] if "halfwave" in wanted else []
    used = [f"{name} = {value}" for name, value in constants.items() if any(name in one for one in wanted.values())]
    lines += [*used, "", ""] if used else []
    return [*lines, *(f"{source}\n\n" for name, source in sources.items() if name in wanted)]


def _plain(lines: list[str]) -> str:
    """Without the remarks that are for our checkers only."""
    plain = (line.split("  # type: ignore")[0].replace(": Any", "").replace(" -> Any", "") for line in lines)
    return "\n".join(plain)
