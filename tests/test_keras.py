"""A schedule as a LearningRateSchedule of Keras, on each backend that is here, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrdsl

pytest.importorskip("jax")
pytest.importorskip("torch")
pytestmark = pytest.mark.long

HERE = Path(__file__).resolve().parent
BACKENDS = ("torch", "jax")
TEXT = "warmup(5, to=peak) then cosine(20, to=10%) then hold"


# It is looked for and not imported: which backend it has is decided where it is first imported.
if importlib.util.find_spec("keras") is None:
    pytest.skip("no keras", allow_module_level=True)


def run(code: list[str], backend: str) -> str:
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, *code], capture_output=True, text=True, env=environment, cwd=HERE.parent)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def part(name: str, backend: str, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run([str(HERE / "keras_runs.py"), name, str(folder)], backend).splitlines()[-1])
    return found


@pytest.mark.parametrize("backend", [*BACKENDS, "numpy"])
def test_its_values_are_those_of_the_schedule(backend: str, tmp_path: Path) -> None:
    found = part("values", backend, tmp_path)
    assert found["backend"] == backend
    assert len(found["rows"]) == 7 * 9 * 3
    for text, step, value, want in found["rows"]:
        assert value == pytest.approx(want, rel=2e-7, abs=1e-12), (text, step)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_model_trains_with_it_and_is_saved_and_loaded(backend: str, tmp_path: Path) -> None:
    found = part("train", backend, tmp_path)
    schedule = lrdsl.compile(TEXT, peak=0.05)

    assert found["first"] == pytest.approx(schedule(np.arange(10)).tolist(), rel=1e-6)
    assert found["rest"] == pytest.approx(schedule(np.arange(10, 30)).tolist(), rel=1e-6)
    assert found["taken"] == pytest.approx(schedule(np.arange(30)).tolist(), rel=1e-4, abs=1e-6)
    assert found["sum"] == pytest.approx(schedule(np.arange(30)).sum(), rel=1e-5)
    assert found["iterations"] == 10
    assert found["held"] == found["config"]
    assert found["config"]["text"] == TEXT
    assert found["config"]["bindings"] == {"peak": "0.05"}
    assert found["type"] == "LRS"

    # Another process; Keras asks that what is not its own is imported before.
    code = "import keras, sys, lrdsl.keras; m = keras.models.load_model(sys.argv[1]); print(m.optimizer._learning_rate)"
    shown = run(["-c", code, str(tmp_path / "model.keras")], backend)
    assert "<LRS lr: lr 0 -> 0.05 at 5" in shown

    # And one on the other backend.
    other = BACKENDS[BACKENDS.index(backend) - 1]
    code = "import keras, sys, lrdsl.keras; m = keras.models.load_model(sys.argv[1]); print(float(m.optimizer.learning_rate))"
    assert float(run(["-c", code, str(tmp_path / "model.keras")], other)) == pytest.approx(schedule(10), rel=1e-6)


def test_a_group_and_a_schedule_are_kept(tmp_path: Path) -> None:
    code = """
import lrdsl, keras
s = lrdsl.compile('lr = cosine(100, from=1)\\nlr["head.*"] = 10*lr').group("head.bias")
made = lrdsl.keras.LRS(s)
again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
print(float(made(50)), float(again(50)), again.schedule == s, type(again).__name__)
"""
    assert run(["-c", code], "jax").split() == ["5.0", "5.0", "True", "LRS"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_that_was_called_is_pickled_and_its_config_is_plain(backend: str) -> None:
    code = """
import json, pickle, lrdsl, numpy as np
made = lrdsl.keras.LRS("linear(10, to=0)", base=np.float32(0.5))
made(5)
again = pickle.loads(pickle.dumps(made))
plain = lrdsl.keras.LRS.from_config(json.loads(json.dumps(made.get_config())))
least = lrdsl.keras.LRS.from_config({"text": "linear(10, from=1, to=0)"})
print(float(again(5)), float(plain(5)), float(least(5)))
"""
    assert run(["-c", code], backend).split() == ["0.25", "0.25", "0.5"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_is_said_before_training(backend: str, tmp_path: Path) -> None:
    found = part("refusals", backend, tmp_path)

    assert "Keras counts updates, and this text counts epochs" in found["epochs"]
    assert "`epoch=5004`" in found["epochs"] or "epoch=5004" in found["epochs"]
    assert "how long is the run?" in found["total"]
    assert "base" in found["base"]
    assert "clip" in found["output"]
    assert "error[E1" in found["text"]
    assert "KERAS_BACKEND=jax" in found["backend"]


def test_keras_comes_with_the_attribute_and_not_before() -> None:
    code = """
import sys, lrdsl
lrdsl.compile('hold')(5)
assert 'keras' not in sys.modules
lrdsl.keras.LRS
print('keras' in sys.modules)
"""
    assert run(["-c", code], "torch").split() == ["True"]


def test_its_example_is_right() -> None:
    code = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "--doctest-modules", "lrdsl/keras.py"]
    assert "1 passed" in run(code, "jax")
