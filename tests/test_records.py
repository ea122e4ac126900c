"""Records are what `dataclasses` makes, only sooner."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import pytest

from lrdsl.records import field, frozen, replace, slotted


@frozen
class Point:
    """A point."""

    x: float
    y: float = 0.0
    name: str = field(default="", compare=False, repr=False)
    tags: list[str] = field(default_factory=list)


@frozen
class Lone:
    value: float


@frozen(eq=False)
class Node:
    parts: tuple[float, ...]
    begins: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begins", self.parts[:1])


@slotted
class Place:
    x: float
    seen: list[int] = field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    x: float
    y: float = 0.0
    name: str = dataclasses.field(default="", compare=False, repr=False)
    tags: list[str] = dataclasses.field(default_factory=list)


def test_they_are_what_dataclasses_makes() -> None:
    ours: Any = Point
    for made, model in ((ours(1.0), Model(1.0)), (ours(1.0, 2.0, name="a"), Model(1.0, 2.0, name="a"))):
        assert dataclasses.is_dataclass(made)
        assert [f.name for f in dataclasses.fields(made)] == [f.name for f in dataclasses.fields(model)]
        assert dataclasses.astuple(made) == dataclasses.astuple(model)
        assert repr(made) == repr(model).replace("Model", "Point")
    assert ours.__match_args__ == Model.__match_args__
    assert ours.__slots__ == Model.__slots__
    assert ours.__doc__ == "A point."
    assert dataclasses.replace(ours(1.0), y=3.0) == replace(ours(1.0), y=3.0) == ours(1.0, 3.0)


def test_what_counts_is_compared_and_hashed() -> None:
    assert Point(1.0, name="a") == Point(1.0, name="b") != Point(2.0)
    assert (Point(1.0) == Lone(1.0)) is False
    assert hash(Lone(1.5)) == hash(Lone(1.5))
    with pytest.raises(TypeError):
        hash(Point(1.0))  # a list has no hash
    assert len({Lone(1.0), Lone(1.0), Lone(2.0)}) == 2
    nodes = Node((1.0,)), Node((1.0,))
    assert nodes[0] != nodes[1]
    assert len(set(nodes)) == 2
    assert nodes[0].begins == (1.0,)


def test_what_is_frozen_does_not_change() -> None:
    point = Point(1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2.0  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    with pytest.raises(AttributeError):
        point.z = 2.0  # type: ignore[attr-defined]
    place = Place(1.0)
    place.x = 2.0
    assert place == Place(2.0)
    with pytest.raises(TypeError):
        hash(place)


def test_defaults_are_made_anew() -> None:
    assert Point(1.0).tags is not Point(1.0).tags
    assert Place(1.0).seen is not Place(1.0).seen


@pytest.mark.parametrize(
    "call", [lambda: Point(), lambda: Point(1, 2, "", [], 5), lambda: Point(z=1), lambda: Lone(value=1, x=2)]
)  # type: ignore[call-arg]
def test_wrong_arguments_are_refused(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_copies_and_pickles() -> None:
    for made in (Point(1.0, tags=["a"]), Lone(2.0), Place(3.0, [1])):
        assert pickle.loads(pickle.dumps(made)) == made
        assert copy.deepcopy(made) == made
    node = pickle.loads(pickle.dumps(Node((1.0, 2.0))))
    assert (node.parts, node.begins) == ((1.0, 2.0), (1.0,))


def test_a_match_takes_them_apart() -> None:
    match Point(1.0, 2.0):
        case Point(x, y):
            assert (x, y) == (1.0, 2.0)
        case _:
            pytest.fail("no match")


def test_importing_lrdsl_loads_neither_lark_nor_numpy() -> None:
    heavy = ("lark", "numpy", "torch", "matplotlib", "lrdsl.emitter", "lrdsl.explanation")
    code = f"import sys, lrdsl; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
