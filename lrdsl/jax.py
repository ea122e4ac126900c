"""A schedule as a traced function of a step, for JAX and for Optax.

In: a schedule and the name of an output. Out: a function of a step that is traced, mapped, differentiated and compiled. Refuses to
compute: the module that `emitter` writes does. Importing this file loads no jax; making a function does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from . import problems
from .diagnostic import ScheduleError

if TYPE_CHECKING:
    from .output import Output
    from .schedule import Schedule

__all__ = ["traced"]


def traced(schedule: Schedule, output: str = "lr") -> Callable[..., Any]:
    """The function of an output, `f(step, base=1.0)`; where base and levels are mixed, `f(step, base)`.

    `step` is a number or an array of any shape, integer or float, in the unit of `schedule.clock`; the value has its shape, and is
    float32, or float64 where JAX is set to 64 bits. All is computed in 64 bits: integers keep their value up to 2^53. Outside of
    a trace Python's integers and numpy's int64 keep theirs too, whatever JAX is set to. NaN where the step is no time from 0.
    `base` is a number, a mapping by key, or traced. Raises ScheduleError for what is no number at all, and for a base that is known
    when it is called and is wrong, as for the schedule itself.

    >>> import lrdsl
    >>> lr = lrdsl.compile("warmup(1k) then cosine", total=10_000).jax()
    >>> float(lr(500))
    0.5
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    from .emitter.module import function

    def of_keys(fixed: Any) -> Any:
        return dict(fixed) if len(fixed) > 1 else fixed[0][1]

    found = schedule[output]
    written = function(schedule, found, "jax")
    # Outside of a trace one launch for all of it; a base that is a number is one of the numbers that are compiled.
    launched = jax.jit(lambda step, fixed: written(step, of_keys(fixed)), static_argnums=1)
    told = set()  # bases that nothing is wrong with

    def value(step: Any, base: Any = 1.0) -> Any:
        bases = _bases(found, base)
        if any(isinstance(one, jax.core.Tracer) or np.ndim(one) for one in bases.values()):
            return written(step, bases if len(bases) > 1 else jnp.asarray(next(iter(bases.values()))))
        fixed = tuple((key, float(one)) for key, one in bases.items())
        if (fixed, base is None) not in told:
            found.sound(None if base is None else dict(fixed))
            told.add((fixed, base is None))
        if isinstance(step, jax.core.Tracer):
            return written(step, of_keys(fixed))
        kind = jnp.result_type(float)
        with jax.enable_x64(True):
            # A whole number keeps its value where the bits that it takes are found out here.
            times = step if isinstance(step, jax.Array) else jnp.asarray(_times(step))
            return launched(times, fixed).astype(kind)

    def needing(step: Any, base: Any) -> Any:
        return value(step, base)

    made = needing if found.relation == "mixed" else value
    made.__name__, made.__qualname__, made.__doc__ = output, output, written.__doc__
    return made


def _bases(output: Output, base: Any) -> dict[str, Any]:
    """What was given for each key; of a text that has none, for its own."""
    keys = output.keys or (output.name,)
    if not isinstance(base, Mapping):
        return dict.fromkeys(keys, 1.0 if base is None else base)
    for key in output.keys:
        if key not in base:
            raise ScheduleError(problems.base_needed(output.name, (key,), by_key=True))
    return {key: base.get(key, 1.0) for key in keys}


def _times(step: Any) -> Any:
    """What was given as numbers of numpy: whole ones of more than 64 bits as floats."""
    import numpy as np

    found = np.asarray(step)
    try:
        if found.dtype == object and all(isinstance(one, Real) for one in found.flat):
            found = found.astype(np.float64)
    except OverflowError:
        pass
    if found.dtype.kind in "OcSUMm":
        raise ScheduleError(problems.bad_time(step))
    return found
