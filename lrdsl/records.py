"""Frozen slotted dataclasses, made in a tenth of the time.

In: a class with annotated fields. Out: the same as `@dataclass(frozen=True, slots=True)` makes, with the same fields for
`dataclasses.fields` and `replace`, and the same errors; a field with `init=False` is set by `__post_init__`. Refuses to know
what it is used for.

`dataclasses` writes and compiles six methods for a class, a millisecond each time, and a hundred and thirty classes are needed
before the first text is read. Here only `__init__` is written, when a class is first instantiated; the others are made of what
there is. Plainly, `frozen` is `dataclass(frozen=True, slots=True)` and `slotted` is `dataclass(slots=True)`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform, overload

__all__ = ["field", "frozen", "replace", "slotted"]

T = TypeVar("T")


@overload
def frozen(cls: type[T], /) -> type[T]: ...


@overload
def frozen(*, eq: bool = True) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, eq: bool = True) -> Any:
    """A class whose fields are set once. Without `eq` an instance equals itself alone."""
    if cls is None:
        return functools.partial(_made, eq=eq, changes=False)
    return _made(cls, eq=eq, changes=False)


@dataclass_transform(field_specifiers=(field,))
def slotted(cls: type[T], /) -> type[T]:
    """A class whose fields may change; it has no hash."""
    return _made(cls, eq=True, changes=True)


def replace(one: T, /, **changes: Any) -> T:
    """The same with other values, as `dataclasses.replace`, in a third of the time."""
    cls: Any = one.__class__
    found: T = cls(
        *[changes.pop(name) if name in changes else getattr(one, name) for name in cls.__match_args__], **changes
    )
    return found


def _made(cls: type[T], eq: bool, changes: bool) -> type[T]:
    documented = cls.__doc__
    cls.__doc__ = documented or " "  # else `dataclass` would write one from the signature
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__doc__ = documented
    made.__init__ = _first_init(made)
    made.__repr__ = _repr
    if eq:
        made.__eq__ = _first_eq
        made.__hash__ = None if changes else _first_hash
    if not changes:
        made.__setattr__, made.__delattr__ = _refuse_set, _refuse_delete
        made.__getstate__, made.__setstate__ = _getstate, _setstate
    return made  # type: ignore[no-any-return]


def _first_init(cls: Any) -> Callable[..., None]:
    """An `__init__` that puts the real one in its place."""

    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__ = _init(cls)
        cls.__init__(self, *args, **kwargs)

    first.__name__, first.__qualname__ = "__init__", f"{cls.__qualname__}.__init__"
    return first


def _init(cls: Any) -> Any:
    names: dict[str, Any] = {"missing": MISSING}
    head, body = ["self"], []
    for one in fields(cls):
        # A slot is set by itself, which `__setattr__` of a frozen class does not refuse.
        names[f"set_{one.name}"] = getattr(cls, one.name).__set__
        value, default = one.name, ""
        if one.default_factory is not MISSING:
            names[f"make_{one.name}"] = one.default_factory
            value, default = f"make_{one.name}() if {one.name} is missing else {one.name}", "=missing"
        elif one.default is not MISSING:
            names[f"default_{one.name}"] = one.default
            default = f"=default_{one.name}"
        if one.init:
            head.append(one.name + default)
            body.append(f"    set_{one.name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("    self.__post_init__()")
    exec("\n".join([f"def __init__({', '.join(head)}):", *(body or ["    pass"])]), names)
    names["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return names["__init__"]


def _counted(cls: Any) -> Callable[[Any], tuple[Any, ...]]:
    """What takes the values that count when two are compared, in a tuple."""
    names = [one.name for one in fields(cls) if one.compare]
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda self: tuple([getattr(self, name) for name in names])


def _first_eq(self: Any, other: object) -> Any:
    cls = self.__class__
    counted = _counted(cls)

    def equal(self: Any, other: object) -> Any:
        return counted(self) == counted(other) if other.__class__ is self.__class__ else NotImplemented

    cls.__eq__ = equal
    return equal(self, other)


def _first_hash(self: Any) -> int:
    cls = self.__class__
    counted = _counted(cls)
    cls.__hash__ = lambda self: hash(counted(self))
    return hash(counted(self))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse_set(self: Any, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
