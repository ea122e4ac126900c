"""The JSON document: valid by its published schema, and enough to compute every value without lrdsl."""

from __future__ import annotations

import copy
import json
import math
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import json_interpreter
import numpy as np
import pytest
from drawn import that_can_be_called
from hypothesis import given, settings
from reference import show
from strategies import schedules
from strategies_files import Asked, files

import lrdsl

HERE = Path(__file__).resolve().parent
SCHEMA = json.loads((HERE.parent / "docs" / "schedule.schema.json").read_text("utf-8"))
CASES = [json.loads(line) for line in (HERE / "data" / "cases.jsonl").read_text("utf-8").splitlines()]
GROUPED = """
param total = 1000
let trunk = warmup(100, to=1e-3) then cosine(to=10%)

lr                       = trunk
lr["head.*"]             = 10*lr
lr["*layers.{i}.*"]      = trunk * 0.75^(3 - i)
lr["*layers.{i}.*bias"]  = linear(100*(i + 1), from=1e-3*0.5^i, to=1e-5) then hold
weight_decay             = 0.1 for 90% then linear
weight_decay["*bias"]    = 0
weight_decay["head.*bias"] = base
beta1["*norm*"]          = 0.95
clip                     = 1e3*lr
"""
NAMES = ("head.weight", "head.bias", "enc.layers.2.weight", "enc.layers.0.bias", "norm", "x", 'a "quoted\\" name')


# --- a validator for the keywords that the schema uses ------------------------------------------------------------------

TYPES = {"object": dict, "array": list, "string": str, "null": type(None), "integer": int, "number": (int, float)}
KNOWN = {
    "$schema", "$id", "title", "description", "$ref", "$defs", "type", "required", "additionalProperties", "properties", "items",
    "const", "enum", "anyOf", "oneOf", "pattern", "minimum", "minItems",
}  # fmt: skip


def wrong(given: Any, schema: Any, place: str = "$") -> list[str]:
    """What a document has that the schema forbids: draft 2020-12, as far as this schema goes."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    found = []
    if "$ref" in schema:
        target: Any = SCHEMA
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        found += wrong(given, target, place)
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if isinstance(given, bool) or not any(isinstance(given, TYPES[name]) for name in names):
            return [*found, f"{place} is no {names}"]
    if "const" in schema and given != schema["const"]:
        found.append(f"{place} is not {schema['const']}")
    if "enum" in schema and given not in schema["enum"]:
        found.append(f"{place} is none of {schema['enum']}")
    if "pattern" in schema and isinstance(given, str) and not re.search(schema["pattern"], given):
        found.append(f"{place} does not look like {schema['pattern']}")
    if "minimum" in schema and isinstance(given, int) and given < schema["minimum"]:
        found.append(f"{place} is too small")
    for word, right in (("anyOf", lambda n: n >= 1), ("oneOf", lambda n: n == 1)):
        if word in schema:
            tries = [wrong(given, one, place) for one in schema[word]]
            if not right(sum(not one for one in tries)):
                found.append(f"{place} is not as {word} says: {min(tries, key=len)}")
    if isinstance(given, list):
        if len(given) < schema.get("minItems", 0):
            found.append(f"{place} is too short")
        for number, item in enumerate(given):
            found += wrong(item, schema["items"], f"{place}[{number}]") if "items" in schema else []
    if isinstance(given, dict):
        found += [f"{place} has no {key}" for key in schema.get("required", ()) if key not in given]
        for key, item in given.items():
            if key in schema.get("properties", {}):
                found += wrong(item, schema["properties"][key], f"{place}.{key}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{place} has {key}")
            elif isinstance(schema.get("additionalProperties"), dict):
                found += wrong(item, schema["additionalProperties"], f"{place}.{key}")
    return found


def read(schedule: lrdsl.Schedule, groups: Any = ()) -> Any:
    text = schedule.source("json", groups=groups)
    document = json.loads(text)
    assert wrong(document, SCHEMA) == []
    return document


def times_of(output: Any) -> list[float]:
    rng, most = np.random.default_rng(0), min(float(output.length or 3000) * 1.2 + 2, 2.0**53)
    begins = [float(part.begin) for part in output.timeline.chain.parts[:40]]
    return [
        *map(float, range(5)),
        *(t for t in begins if t < 1e300),
        *np.floor(rng.uniform(0, most, 10)),
        *rng.uniform(0, most, 10),
    ]


def agree(found: list[float], want: Any, about: str) -> None:
    top = float(np.abs(want).max())
    np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-13 * top + 1e-300, err_msg=about)


# --- tests --------------------------------------------------------------------------------------------------------------


def test_every_case_of_the_language_is_computed_from_its_document_alone() -> None:
    seen = 0
    for case in CASES:
        if "values" not in case:
            continue
        schedule, base = lrdsl.compile(case["text"], **case.get("bind", {})), case.get("base")
        document = read(schedule)
        assert document["text"] == case["text"]
        assert document["clock"] == schedule.clock
        for output in schedule.plain:
            if output.relation == "mixed" and base is None:
                continue
            times = times_of(output)
            written = document["outputs"][output.name]
            agree(
                json_interpreter.values(written, times, 1.0 if base is None else base),
                output(np.array(times), base),
                case["text"],
            )
            assert written["relation"] == output.relation
            length = None if written["length"] is None else Fraction(written["length"]["exact"])
            assert length == output.length
            seen += 1
    assert seen > 280


@given(schedules())
@settings(max_examples=60)
def test_any_text_is_computed_from_its_document_alone(drawn: tuple[Any, Any]) -> None:
    found = that_can_be_called(drawn)
    if found is None:
        return
    schedule, base = found
    for output in schedule.plain:
        times = times_of(output)
        found = json_interpreter.values(read(schedule)["outputs"][output.name], times, 0.7)
        agree(found, output(np.array(times), base), repr(schedule))


@given(files())
@settings(max_examples=40)
def test_any_file_is_computed_for_every_group(asked: Asked) -> None:
    try:
        schedule = lrdsl.compile(show(asked.file), **asked.bindings)
        for name in asked.groups:
            schedule.group(name)
        document = read(schedule, asked.groups)
    except lrdsl.ScheduleError:
        return
    base = dict.fromkeys(("lr", "weight_decay", "momentum", "beta1", "beta2"), 1.0) | asked.bases
    for name in asked.groups:
        view, found = schedule.group(name), json_interpreter.group(document, name)
        assert set(found) == set(view.outputs), name
        for output in view.plain:
            try:
                want = output(np.arange(20), base)
            except lrdsl.ScheduleError:
                continue
            agree(json_interpreter.values(found[output.name], list(range(20)), base), want, f"{asked!r} for {name}")


@pytest.mark.parametrize("named", [False, True])
def test_a_program_without_lrdsl_computes_it(named: bool, tmp_path: Path) -> None:
    schedule = lrdsl.compile(GROUPED)
    taken = NAMES if named else [name for name in NAMES if "layers" not in name]
    (tmp_path / "run.json").write_text(schedule.source("json", groups=NAMES if named else ()), "utf-8")
    times = [0, 1, 50, 99, 100, 333, 899.5, 950, 1000, 5000]
    base = {"lr": 1.0, "weight_decay": 0.3}
    questions: list[Any] = [(None, output, times, base) for output in schedule.outputs]
    questions += [(name, output, times, base) for name in taken for output in schedule.group(name).outputs]
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(HERE / "json_interpreter.py"), str(tmp_path / "run.json")],
        input=json.dumps(questions), capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    answers = json.loads(done.stdout)

    assert len(answers) == len(questions) > 12
    for (name, output, _, _), found in zip(questions, answers, strict=True):
        view = schedule if name is None else schedule.group(name)
        agree(found, view[output](np.array(times), base), f"{output} of {name}")


def test_what_the_document_says_of_a_text() -> None:
    text = "param step = 4M tokens\nlr = warmup(8B tokens, to=peak) then hold"
    document = read(lrdsl.compile(text, peak="3e-4"))

    assert document["clock"] == "steps"
    assert document["rates"]["tokens"] == {"exact": "1/4000000", "float": 2.5e-07}
    assert document["bindings"] == {"peak": "3e-4"}
    assert document["params"] == {"step": "4M tokens", "peak": "3e-4"}
    assert document["lrdsl"] == lrdsl.__version__
    lr = document["outputs"]["lr"]
    assert (lr["drives"], lr["relation"], lr["keys"], lr["length"]) == ("lr", "absolute", [], None)
    assert lr["phases"][0] == {
        "text": "warmup(8B tokens, to=peak)",
        "begin": {"exact": "0", "float": 0.0},
        "end": {"exact": "2000", "float": 2000.0},
    }
    assert {"kind": "number", "exact": "3/10000", "float": 3e-4} in lr["levels"]
    assert document["groups"] is None


def test_a_boundary_that_is_no_float_is_exact() -> None:
    lr = read(lrdsl.compile("warmup(3%, to=1) then cosine(to=0)", total=100_001))["outputs"]["lr"]
    assert lr["timeline"]["parts"][1]["begin"]["exact"] == "300003/100"


def test_an_irrational_level_has_its_float() -> None:
    rows = read(lrdsl.compile("linear(10, from=2^0.5, to=0)"))["outputs"]["lr"]["levels"]
    assert {"kind": "number", "exact": None, "float": math.sqrt(2)} in rows


@pytest.mark.parametrize("target", ["", "c++"])
def test_another_target_is_an_error_that_names_what_there_is(target: str) -> None:
    with pytest.raises(lrdsl.ScheduleError, match="there are numpy, torch, jax, python and json"):
        lrdsl.compile("1e-3").source(target)


def test_the_schema_is_one() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for case in CASES[::10]:
        if "values" in case:
            validator.validate(json.loads(lrdsl.compile(case["text"], **case.get("bind", {})).source("json")))
    validator.validate(json.loads(lrdsl.compile(GROUPED).source("json", groups=NAMES)))


def test_the_validator_can_fail() -> None:
    document = read(lrdsl.compile(GROUPED), NAMES)
    for change in (
        lambda d: d.pop("clock"),
        lambda d: d.update(clock="years"),
        lambda d: d.update(more=1),
        lambda d: d["outputs"]["lr"]["length"].update(exact="1e3"),
        lambda d: d["outputs"]["lr"]["levels"].append({"kind": "number"}),
        lambda d: d["outputs"]["lr"]["timeline"].update(kind="cycle"),
        lambda d: d["outputs"]["lr"]["timeline"].update(parts=[]),
        lambda d: d["outputs"]["lr"]["timeline"]["parts"][0]["body"].update(row=-1, kind="level"),
        lambda d: d["groups"]["named"]["x"].update(lr="lr"),
        lambda d: d["groups"]["lines"][0].pop("wider"),
    ):
        other = copy.deepcopy(document)
        change(other)
        assert wrong(other, SCHEMA), change


@pytest.mark.parametrize("key", ["period", "stretch"])
@pytest.mark.parametrize("number", ["0", "-1/2", "1/0"])
def test_the_schema_refuses_what_no_cycle_can_have(key: str, number: str) -> None:
    document = read(lrdsl.compile("repeat(cosine(7, from=1), stretch=1.5)"))
    body = document["outputs"]["lr"]["timeline"]["parts"][0]["body"]
    assert body["kind"] == "cycle"
    body[key]["exact"] = number
    assert wrong(document, SCHEMA)
