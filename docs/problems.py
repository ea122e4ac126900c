"""Writes `_generated/problems.md`: every problem code with its examples, from the golden files of the tests.

In: `tests/golden/*.md` and the catalogue in `lrdsl/problems/`. Out: a page for the site. Codes that no text can show (they
speak of files, calls and optimizers) are listed with the message that the catalogue gives them.

    python docs/problems.py
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"^(?:error|note)\[([EN]\d{3})(?: [\w-]+)?\]", re.MULTILINE)
KINDS = {
    "E1": "The text",
    "E2": "Names",
    "E3": "Meaning",
    "E4": "Files, calls and the command line",
    "N5": "Notes",
}
# Codes that speak of calls, groups and files: what is run in Python, and answered with the problem.
CALLS = {
    "E331": 'lrdsl.compile("linear(10, from=base, to=1e-5)")(5)',
    "E341": 'lrdsl.compile(\'lr = 1\\nlr["*.bias"] = 2\\nlr["head.*"] = 3\').group("head.bias")',
    "E342": 'lrdsl.compile(\'lr = 1\\nlr["*.{i}.*"] = 0.5^i\').group("a.1.b.2.c")',
    "E343": "lrdsl.torch.param_groups(model, 'lr = 1\\nlr[\"head.*\"] = 2')",
    "E344": "lrdsl.torch.attach(optimizer, 'lr = 1\\nlr[\"head.*\"] = 2')",
    "E345": 'lrdsl.torch.attach(optimizer, "lr = 1\\nmomentum = 0.9")',
    "E349": 'lrdsl.compile("lr = 1")["clip"]',
    "E354": 'lrdsl.torch.attach(optimizer, "cosine(1000, to=0.1)")',
    "E355": 'lrdsl.torch.attach(optimizer, "warmup(5, from=1/3) then hold")',
    "E401": 'lrdsl.load("nowhere.lrs")',
    "E402": 'lrdsl.compile("gpt.lrs")',
    "E403": 'lrdsl.load("warmup(10) then hold")',
    "E404": 'lrdsl.compile("cosine(10)")(-1)',
    "E405": "lrdsl.compile([1, 2])",
    "E406": 'lrdsl.compile("hold", total=[1])',
    "E407": 'lrdsl.compile("cosine(100, from=1)").diff("cosine(100 tokens, from=1)")',
    "E408": 'lrdsl.compile("cosine(100, from=1)").diff("cosine(100)")',
    "E409": 'lrdsl.from_config({"lr_scheduler_type": "reduce_lr_on_plateau"})',
    "E410": 'lrdsl.fitter.read("step,loss\\n1,0.5\\n2,0.4\\n", "losses.csv", value="lr")',
}
SETUP = """import lrdsl, lrdsl.torch, torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.AdamW(model.parameters())"""
_LONGEST = 700  # characters of a text that is shown


def section(text: str, name: str) -> str | None:
    found = re.search(rf"^## {name}\n\n(.*?)(?=\n\n## |\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1].strip("\n").removeprefix("~~~\n").removesuffix("\n~~~").strip("\n") if found else None


def examples() -> dict[str, list[str]]:
    """For each code the examples, as Markdown. A golden file belongs to the code that its name gives."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests" / "golden").glob("[en][0-9][0-9][0-9]_*.md")):
        text = path.read_text("utf-8")
        code = path.name[:4].upper()
        source = section(text, "SOURCE") or ""
        said = section(text, "PROBLEMS") or section(text, "MISSING") or section(text, "NOTES") or ""
        bound, mended = section(text, "BINDINGS"), section(text, "MENDED")
        if len(source) > _LONGEST or code not in CODE.findall(said):
            continue
        parts = [text.splitlines()[0].removeprefix("# "), fence("lrs", source)]
        if bound:
            parts.append("With " + ", ".join(f"`{line}`" for line in bound.splitlines()) + ":")
        parts.append(fence("text", said))
        if mended:
            parts += ["Mended:", fence("lrs", mended)]
        found.setdefault(code, []).append("\n\n".join(parts))
    return found


def called() -> dict[str, str]:
    """For each code that only a call shows, the call and the problem that answers it."""
    import lrdsl

    names: dict[str, object] = {}
    exec(SETUP, names)
    found = {}
    for code, call in CALLS.items():
        try:
            exec(call, names)
        except lrdsl.ScheduleError as error:
            assert [problem.code for problem in error.problems] == [code], (code, str(error))
            found[code] = f"{fence('python', call)}\n\n{fence('text', str(error))}"
    return found


def fence(kind: str, text: str) -> str:
    return f"```{kind}\n{text}\n```"


def catalogue() -> dict[str, list[str]]:
    """Every code with its messages, from the calls that make problems; what a message puts in is shown as `...`."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "lrdsl" / "problems").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            first, message = node.args[:2]
            if (
                isinstance(first, ast.Constant)
                and isinstance(first.value, str)
                and re.fullmatch(r"[EN]\d{3}", first.value)
            ):
                found.setdefault(first.value, []).append(words(message))
    return found


def words(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "…"


def page() -> str:
    shown, known, calls = examples(), catalogue(), called()
    parts: list[str] = []
    for kind, title in KINDS.items():
        parts.append(f"## {title}")
        for code in sorted(code for code in {*shown, *known} if code.startswith(kind)):
            parts.append(f"### {code}")
            if code in shown:
                parts += shown[code]
            elif code in calls:
                parts.append(calls[code])
            else:
                parts += [f"- {message}" for message in dict.fromkeys(known[code]) if message.strip("… ")]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    target = ROOT / "docs" / "_generated" / "problems.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
