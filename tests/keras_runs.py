"""What tests/test_keras.py runs in processes of their own, each with one backend: `python keras_runs.py PART FOLDER`."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

import lrdsl
import lrdsl.keras

TEXT = "warmup(5, to=peak) then cosine(20, to=10%) then hold"
FLAGSHIP = "warmup(1000) then exp(max=1e-3, k=1e-4) floor 1e-6"


def model_with(lr: Any, optimizer: Any = None) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dense(1)])
    model.compile((optimizer or keras.optimizers.AdamW)(lr), "mse")
    return model


def fitted(model: keras.Model, updates: int) -> list[float]:
    """Train; the lr of each update, as Keras shows it before: while it trains, on JAX it shows nothing."""
    rng = np.random.default_rng(0)
    seen: list[float] = []
    for _ in range(updates):
        seen.append(float(model.optimizer.learning_rate))
        model.fit(rng.normal(size=(8, 4)), rng.normal(size=(8, 1)), batch_size=8, epochs=1, verbose=0)
    return seen


def values() -> dict[str, Any]:
    """Values beside the schedule's own, of numbers, arrays' elements and the counter of an optimizer."""
    rows = []
    cases: list[tuple[str, dict[str, Any]]] = [
        (FLAGSHIP, {}),
        (TEXT, {"peak": 0.05}),
        ("lr = cosine(100, from=1e-3)\nweight_decay = 100*lr", {"output": "weight_decay"}),
        ("warmup(10) then cosine(to=10%)", {"total": 100, "base": 3e-4}),
        ("linear(100, from=base, to=1e-5)", {"base": {"lr": 1e-3}}),
        ("warmup(3 epochs, to=0.1) then cosine(to=0)", {"epoch": 390, "total": "90 epochs"}),
        ("warmup(2T tokens, to=1) then repeat(linear(100B tokens, from=1, to=0))", {"step": "4M tokens"}),
    ]
    for text, given in cases:
        made = lrdsl.keras.LRS(text, **given)
        bound = {name: value for name, value in given.items() if name not in ("output", "base")}
        plain = lrdsl.compile(text, **bound)[given.get("output", "lr")]
        for step in (0, 1, 5, 17, 99, 1500, 500_003, 2**24 + 1, 2**30 + 1):
            counter = keras.Variable(step, dtype="int32", trainable=False)
            for given_step in (step, counter, keras.ops.convert_to_tensor(step, dtype="int32")):
                value = made(given_step)
                assert keras.ops.is_tensor(value), type(value)
                assert keras.backend.standardize_dtype(value.dtype) == "float32"
                assert tuple(value.shape) == ()
                rows.append([text, step, float(value), plain(step, given.get("base"))])
    return {"rows": rows, "backend": keras.backend.backend()}


def train(folder: Path) -> dict[str, Any]:
    """Train, save, load, train on; and what a parameter loses with a gradient that stays the same."""
    made = lrdsl.keras.LRS(TEXT, peak=0.05)
    model = model_with(made)
    first = fitted(model, 10)
    model.save(folder / "model.keras")
    again = keras.models.load_model(folder / "model.keras")
    held = again.optimizer._learning_rate
    rest = fitted(again, 20)

    class Slope(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(), initializer="zeros", name="w")

        def call(self, x: Any) -> Any:
            return x * self.w

    losing = keras.Sequential([layers.Input((1,)), Slope()])
    losing.compile(keras.optimizers.SGD(lrdsl.keras.LRS(TEXT, peak=0.05)), lambda y, p: p)
    lost = [0.0]
    for _ in range(30):
        losing.fit(np.ones((1, 1)), np.ones((1, 1)), verbose=0)
        lost.append(float(losing.get_weights()[0]))
    # And all at once: what the sum of the lrs takes.
    whole = keras.Sequential([layers.Input((1,)), Slope()])
    whole.compile(keras.optimizers.SGD(lrdsl.keras.LRS(TEXT, peak=0.05)), lambda y, p: p)
    whole.fit(np.ones((30, 1)), np.ones((30, 1)), batch_size=1, verbose=0)
    return {
        "first": first,
        "rest": rest,
        "config": made.get_config(),
        "held": held.get_config(),
        "type": type(held).__name__,
        "taken": [a - b for a, b in itertools.pairwise(lost)],
        "sum": -float(whole.get_weights()[0]),
        "iterations": int(model.optimizer.iterations),
    }


def refusals() -> dict[str, Any]:
    found = {}
    for name, given in {
        "epochs": ("0.1 for 30 epochs then 0.01", {}),
        "total": ("warmup(10) then cosine", {}),
        "base": ("linear(10, from=base, to=1e-5)", {}),
        "output": ("1e-3", {"output": "clip"}),
        "text": ("warmup(10", {}),
    }.items():
        try:
            lrdsl.keras.LRS(given[0], **given[1])
        except lrdsl.ScheduleError as error:
            found[name] = str(error)
    made = lrdsl.keras.LRS("1e-3")
    keras.backend.backend = lambda: "tensorflow"  # which is not here: what is said is all that can be seen
    try:
        made(5)
    except lrdsl.ScheduleError as error:
        found["backend"] = str(error)
    return found


if __name__ == "__main__":
    part, folder = sys.argv[1], Path(sys.argv[2])
    done = {"values": values, "train": lambda: train(folder), "refusals": refusals}[part]()
    print(json.dumps(done))
