"""The folder listing is the pipeline: a stage imports only what stands above it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "lrdsl"

# From the first stage to the last. A folder is one stage, whose files may import one another.
ORDER = (
    "records",
    "source",
    "diagnostic",
    "problems",
    "tree",
    "parser",
    "printer",
    "intervals",
    "functions",
    "patterns",
    "program",
    "durations",
    "checker",
    "timeline",
    "planner",
    "prover",
    "facts",
    "emitter",
    "output",
    "table",
    "assertions",
    "notes",
    "summary",
    "comparison",
    "explanation",
    "schedule",
    "__init__",
    "translator",
    "fitter",
    "jax",
    "keras",
    "torch",
    "plotter",
    "cli",
    "__main__",
)
# What forwards imports inside the function that forwards, so that nothing is loaded that is not used.
FORWARDS = {
    ("schedule", "__init__"),  # bind, group, notes, unpickling
    ("schedule", "plotter"),  # plot
    ("cli", "plotter"),
    ("cli", "checker"),
    ("cli", "parser"),
    ("schedule", "emitter"),
    ("output", "emitter"),
    ("schedule", "printer"),
    ("schedule", "summary"),
    ("schedule", "jax"),
    ("emitter", "__init__"),  # the version, in a document
    ("emitter", "checker"),  # the writer's docstring shows the definitions of what the text names
}
# Needed by annotations only.
TYPES = {
    ("__init__", "translator"),
    ("problems", "tree"),
    ("problems", "program"),
    ("problems", "checker"),
    ("emitter", "schedule"),
    ("emitter", "output"),
    ("summary", "schedule"),
    ("comparison", "schedule"),
    ("explanation", "schedule"),
    ("output", "emitter"),
}


def stage(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> list[tuple[str, str]]:
    """(how, stage) for every import of a file from the package; how is plain, inside or types."""
    found = []
    tree = ast.parse(path.read_text("utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom | ast.Import):
            continue
        how = "plain"
        above: ast.AST | None = node
        while above is not None:
            if isinstance(above, ast.FunctionDef):
                how = "inside"
            if isinstance(above, ast.If) and ast.unparse(above.test) == "TYPE_CHECKING":
                how = "types"
            above = parents.get(above)
        if isinstance(node, ast.ImportFrom) and node.level:
            depth = len(path.relative_to(PACKAGE).parts) - node.level
            here = list(path.relative_to(PACKAGE).parts[:depth])
            names = [*here, *(node.module or "").split(".")] if node.module else here
            targets = [names[0]] if names and names[0] else [alias.name for alias in node.names]
            for target in targets:
                known = target if (PACKAGE / target).is_dir() or (PACKAGE / f"{target}.py").is_file() else "__init__"
                found.append((how, known))
    return found


def problems(path: Path) -> list[str]:
    mine = stage(path)
    wrong = []
    for how, target in imports(path):
        if target == mine or (ORDER.index(target) < ORDER.index(mine) and how == "plain"):
            continue
        if how == "inside" and ((mine, target) in FORWARDS or ORDER.index(target) < ORDER.index(mine)):
            continue
        if how == "types" and ((mine, target) in TYPES or ORDER.index(target) < ORDER.index(mine)):
            continue
        wrong.append(f"{path.relative_to(PACKAGE)} imports {target} ({how})")
    return wrong


def test_every_stage_has_its_place() -> None:
    assert len(FILES) > 30
    assert {stage(path) for path in FILES} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_stages_above_it(path: Path) -> None:
    assert problems(path) == []


def test_this_test_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tree.py", "cli.py"):
        (tmp_path / name).write_text("from .cli import main\n", "utf-8")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)

    assert problems(tmp_path / "tree.py") == ["tree.py imports cli (plain)"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 64
    ]

    assert text.count("\n") <= 420
    assert long == []
    assert ast.get_docstring(tree)


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after some code."""
    show = "import sys; print(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return set(done.stdout.split())


HEAVY = {"torch", "jax", "keras", "matplotlib", "matplotlib.pyplot"}


def test_importing_lrdsl_loads_no_framework() -> None:
    assert not loaded("import lrdsl; s = lrdsl.compile('warmup(10) then hold'); s(5)") & HEAVY


def test_that_test_can_fail() -> None:
    assert "matplotlib" in loaded("import lrdsl, matplotlib") & HEAVY


def test_a_text_is_checked_without_numpy() -> None:
    code = "from lrdsl.cli import main; main(['check', 'warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6'])"
    assert "numpy" not in loaded(code)


def test_torch_comes_with_the_attribute() -> None:
    pytest.importorskip("torch")
    assert "torch" in loaded("import lrdsl; lrdsl.torch.attach")
