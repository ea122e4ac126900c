"""A schedule as a traced function of a step, for JAX and for Optax.

In: a schedule and the name of an output. Out: a function of a step that is traced, mapped, differentiated and compiled. Refuses to
compute: the module that `emitter` writes does. Importing this file loads no jax; making a function does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .schedule import Schedule

__all__ = ["traced"]


def traced(schedule: Schedule, output: str = "lr") -> Callable[..., Any]:
    """The function of an output, `f(step, base=1.0)`; where base and levels are mixed, `f(step, base)`.

    `step` is a number or an array of any shape, integer or float, in the unit of `schedule.clock`; the value has its shape, and is
    float32, or float64 where JAX is set to 64 bits. All is computed in 64 bits: integers keep their value up to 2^53. Outside of
    a trace Python's integers and numpy's int64 keep theirs too, whatever JAX is set to. NaN where the step is no time from 0.
    `base` is a number, a mapping by key, or traced.

    >>> import lrdsl
    >>> lr = lrdsl.compile("warmup(1k) then cosine", total=10_000).jax()
    >>> float(lr(500))
    0.5
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    from .emitter.module import function

    found = schedule[output]
    written = function(schedule, found, "jax")
    # Outside of a trace one launch for all of it; a base that is a number is one of the numbers that are compiled.
    launched = jax.jit(
        lambda step, base: written(step, dict(base) if isinstance(base, tuple) else base), static_argnums=1
    )

    def value(step: Any, base: Any = 1.0) -> Any:
        if isinstance(base, Mapping) and len(found.keys) < 2:
            base = base[found.keys[0]] if found.keys else 1.0
        bases = tuple(base.values()) if isinstance(base, Mapping) else (base,)
        if any(isinstance(one, jax.core.Tracer) for one in (step, *bases)) or any(np.ndim(one) for one in bases):
            return written(step, base if isinstance(base, Mapping | jax.Array) else jnp.asarray(base))
        kind = jnp.result_type(float)
        with jax.enable_x64(True):
            # A whole number keeps its value where the bits that it takes are found out here.
            times = step if isinstance(step, jax.Array) else jnp.asarray(np.asarray(step))
            fixed = tuple(base.items()) if isinstance(base, Mapping) else float(base)
            return launched(times, fixed).astype(kind)

    def needing(step: Any, base: Any) -> Any:
        return value(step, base)

    made = needing if found.relation == "mixed" else value
    made.__name__, made.__qualname__, made.__doc__ = output, output, written.__doc__
    return made
