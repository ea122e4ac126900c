"""What is written in a configuration, whatever holds it.

In: a mapping, or an object with attributes, and what is said beside it. Out: values, and calls of translators with them. Refuses to
lose an argument: what a scheduler does not take is an error that names it.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ...diagnostic import ScheduleError
from ...records import field, frozen, replace
from ..course import Course
from ..words import Said, refuse

T = TypeVar("T")


@frozen
class Settings:
    """A configuration, and what was said beside it by keyword; what is said wins."""

    config: Any
    said: Mapping[str, Any]
    total: Any = None
    epoch: Any = None
    used: set[str] = field(default_factory=set)

    def has(self, name: str) -> bool:
        if isinstance(self.config, Mapping):
            return name in self.config
        return hasattr(self.config, name)

    def get(self, name: str, default: Any = None) -> Any:
        """A value by its name: what was said, or what is written."""
        if name in self.said:
            self.used.add(name)
            return self.said[name]
        if isinstance(self.config, Mapping):
            return self.config.get(name, default)
        return getattr(self.config, name, default)

    def names(self) -> list[str]:
        """The names of what is written, where they can be listed."""
        if isinstance(self.config, Mapping):
            return [str(name) for name in self.config]
        return [name for name in getattr(self.config, "__dict__", {}) if not name.startswith("_")]

    def of(self, config: Any) -> Settings:
        """A part of the configuration, with the same things said beside it."""
        return Settings(config, self.said, self.total, self.epoch, self.used)


@frozen
class Found:
    """What a configured scheduler says, and what is bound: the length of the run, where that is known, and of an epoch.

    `steps` is the length of the run in the unit in which `said.until` counts.
    """

    scheduler: str
    said: Said
    total: Any = None
    epoch: Any = None
    steps: Any = None


def call(scheduler: str, function: Callable[..., T], args: Any, named: Mapping[str, Any]) -> T:
    """What a translator makes of arguments that nobody has checked."""
    try:
        inspect.signature(function).bind(*args, **named)
    except TypeError as error:
        raise refuse(scheduler, f"of its arguments, {error}") from None
    try:
        return function(*args, **named)
    except ScheduleError:
        raise
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise refuse(scheduler, f"its arguments cannot be read: {error}") from None


def renamed(error: ScheduleError, names: Mapping[str, str]) -> ScheduleError:
    """An error with the names that the configuration has for what a scheduler is given."""
    pattern = re.compile(rf"(?<=`)({'|'.join(names)})(?=`)|\b({'|'.join(names)})(?==)")

    def theirs(text: str) -> str:
        return pattern.sub(lambda found: names[found[0]], text)

    return ScheduleError(
        *(
            replace(
                one,
                message=theirs(one.message),
                mends=tuple(replace(mend, says=theirs(mend.says)) for mend in one.mends),
            )
            for one in error.problems
        )
    )


def of_course(name: str, course: Course, settings: Settings) -> Found:
    """What a scheduler of torch says. Of a cosine that rises again, and of what grows, the length of the run decides it."""
    if not is_number(settings.total):
        return Found(name, call(name, course.said, (), {}))
    total = math.ceil(settings.total)
    course = course.reaching(total - 1)
    if course.grows:
        return Found(name, call(name, course.ended(total).said, (), {}), steps=total)
    return Found(name, call(name, course.said, (), {}), steps=total)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
