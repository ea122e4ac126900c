"""What an array costs: `schedule(steps)` beside numpy written by hand, compilers, and jax.

In: a bench. Out: its rows, in nanoseconds an element. Every contender makes a new result, but where `out=` is said. By hand
"sliced" means what a user who knows where the phases begin can do: in-place passes over slices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from texts import phases, table_of
from timing import LINE, OURS, Bench, Contender, Target, asked, repeated

import lrdsl

SIZE = 2_000_000
SECTION = "array"
WHERE, SLICED = "np.where", "sliced by hand"

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[[Array], Array]


def where(t: Array) -> Array:
    return np.maximum(np.where(t < 1000, 1e-3 * t / 1000, 1e-3 * np.exp(-1e-4 * (t - 1000))), 1e-6)


def piecewise(t: Array) -> Array:
    t = np.asarray(t, np.float64)
    rise, fall = (lambda x: 1e-3 * x / 1000), (lambda x: 1e-3 * np.exp(-1e-4 * (x - 1000)))
    out: Array = np.piecewise(t, [t < 1000], [rise, fall])
    return np.maximum(out, 1e-6)


def sliced(t: Array, out: Array | None = None, floor: bool = True) -> Array:
    """The flagship on dense steps from 0: the first thousand elements are the warmup."""
    out = np.empty(t.size) if out is None else out
    np.multiply(t[:1000], 1e-3 / 1000, out=out[:1000])
    rest = out[1000:]
    np.subtract(t[1000:], 1000, out=rest)
    np.multiply(rest, -1e-4, out=rest)
    np.exp(rest, out=rest)
    np.multiply(rest, 1e-3, out=rest)
    return np.maximum(out, 1e-6, out=out) if floor else out


def cosine_by_hand(t: Array) -> Array:
    out: Array = np.multiply(t, np.pi / SIZE)
    np.cos(out, out=out)
    np.add(out, 1, out=out)
    return np.multiply(out, 0.5e-3, out=out)


def linear_by_hand(t: Array) -> Array:
    out: Array = np.multiply(t, -1e-3 / SIZE)
    return np.add(out, 1e-3, out=out)


def cycles_by_hand(period: float) -> Function:
    def by_hand(t: Array) -> Array:
        out: Array = np.fmod(t, period, dtype=np.float64)
        np.multiply(out, np.pi / period, out=out)
        np.cos(out, out=out)
        np.add(out, 1, out=out)
        return np.multiply(out, 0.5e-3, out=out)

    return by_hand


def compilers(bench: Bench) -> list[tuple[str, Function]]:
    """The flagship by numexpr and numba."""
    found: list[tuple[str, Function]] = []
    numexpr = bench.peer("numexpr")
    if numexpr is not None:
        text = "where(t < 1000, 1e-6 * t, 1e-3 * exp(-1e-4 * (t - 1000)))"
        text = f"where({text} > 1e-6, {text}, 1e-6)"
        found.append((f"numexpr, {numexpr.get_num_threads()} threads", lambda t: numexpr.evaluate(text, {"t": t})))
    numba = bench.peer("numba")
    if numba is not None:

        @numba.njit  # type: ignore[untyped-decorator]
        def compiled(t: Array) -> Array:
            out = np.empty(t.size)
            for i in range(t.size):
                x = t[i]
                out[i] = max(1e-6 * x if x < 1000 else 1e-3 * np.exp(-1e-4 * (x - 1000)), 1e-6)
            return out

        found.append(("numba", compiled))
    return found


def optax_schedule(bench: Bench) -> Any:
    """The flagship by optax, or None; and jax."""
    optax, jax = bench.peer("optax"), bench.peer("jax")
    if optax is None or jax is None:
        return None, None
    rise = optax.linear_schedule(0.0, 1e-3, 1000)
    fall = optax.exponential_decay(1e-3, 1, float(np.exp(-1e-4)), end_value=1e-6)
    return jax, optax.join_schedules([rise, fall], [1000])


def under_jax(bench: Bench, size: int) -> list[Contender]:
    jax, schedule = optax_schedule(bench)
    if jax is None:
        return []
    mapped, steps = jax.jit(jax.vmap(schedule)), jax.numpy.arange(size)
    return [Contender("optax, jit and vmap, float32", repeated(lambda: mapped(steps).block_until_ready()))]


def row(
    bench: Bench, work: str, text: str, t: Array, others: list[tuple[str, Function]], targets: list[Target], **more: Any
) -> None:
    """Ours and functions of the same array."""
    schedule, extra = lrdsl.compile(text), more.pop("extra", [])
    contenders = [Contender(OURS, asked(schedule, t))]
    contenders += [Contender(name, asked(call, t)) for name, call in others]
    bench.row(SECTION, work, "element", [*contenders, *extra], targets, per=t.size, **more)


def curves(bench: Bench) -> None:
    t = np.arange(SIZE)
    others = [(SLICED, sliced), (WHERE, where), ("np.piecewise", piecewise), *compilers(bench)]
    targets = [Target(SLICED, 0.3), Target(WHERE, 0.1)]
    row(bench, "flagship, 2M steps", LINE, t, others, targets, extra=under_jax(bench, SIZE), seconds=2.0, shown=True)
    without = LINE.split(" floor")[0]
    bare: list[tuple[str, Function]] = [(SLICED, lambda t: sliced(t, floor=False))]
    row(bench, "the same without floor", without, t, bare, [Target(SLICED, 1.0)], shown=True)
    for name, text, by_hand, ratio in (
        ("cosine(2M)", "cosine(2M, from=1e-3)", cosine_by_hand, 0.5),
        ("linear(2M)", "linear(2M, from=1e-3)", linear_by_hand, None),
        ("repeat(cosine(1000))", "repeat(cosine(1000, from=1e-3))", cycles_by_hand(1000), None),
        ("repeat(cosine(1000.03))", "repeat(cosine(1000.03, from=1e-3))", cycles_by_hand(1000.03), None),
    ):
        wanted = [] if ratio is None else [Target("in place by hand", ratio)]
        row(bench, name, text, t, [("in place by hand", by_hand)], wanted, shown=True)


def orders(bench: Bench) -> None:
    """Steps in any order, and of any kind and layout."""
    draw = np.random.default_rng(1)
    for top, name in ((SIZE, "0..2M"), (100_000, "0..100k")):
        t = draw.permutation(SIZE) % top
        row(bench, f"flagship, shuffled over {name}", LINE, t, [(WHERE, where)], [Target(WHERE, 0.5)], shown=True)
    t = np.arange(SIZE)
    kinds: dict[str, Array] = {
        "float64": t.astype(np.float64),
        "float32": t.astype(np.float32),
        "int32": t.astype(np.int32),
        "reversed": t[::-1],
        "every second": np.arange(2 * SIZE)[::2],
        "2-d": t.reshape(2000, 1000),
        "transposed": t.reshape(2000, 1000).T,
    }
    for name, one in kinds.items():
        row(bench, f"flagship, {name}", LINE, one, [(WHERE, where)], [], seconds=0.5)
    schedule, out, other = lrdsl.compile(LINE), np.empty(SIZE), np.empty(SIZE)
    contenders = [
        Contender(OURS, repeated(lambda: schedule(t, out=out))),
        Contender(f"{SLICED}, with out", repeated(lambda: sliced(t, other))),
        Contender("np.copyto, int64 to float64", repeated(lambda: np.copyto(other, t))),
    ]
    target = Target(f"{SLICED}, with out", 0.3)
    bench.row(SECTION, "flagship, out=", "element", contenders, [target], per=SIZE, shown=True)


def a_slice_a_phase(text: str) -> Callable[[Array], Array]:
    table = table_of(text)

    def by_hand(t: Array) -> Array:
        out = np.empty(t.size)
        for curve, begin, length, first, last in table:
            end = begin + length
            p = (t[begin:end] - begin) / length
            out[begin:end] = first + (last - first) * (p if curve == "linear" else 0.5 - 0.5 * np.cos(np.pi * p))
        return out

    return by_hand


def many_phases(bench: Bench) -> None:
    text = phases(1000, 1, 10)
    length = lrdsl.compile(text).length
    t = np.arange(int(length or 0))
    targets = [Target("25 ns", 1.0, 25.0)]
    others = [("a slice a phase", a_slice_a_phase(text))]
    row(bench, "1,000 phases of 1 to 10 steps", text, t, others, targets, shown=True)


def small(bench: Bench) -> None:
    schedule = lrdsl.compile(LINE)
    for size in (1, 100, 1000, 10_000):
        t = np.arange(size) + 5000
        calls = {WHERE: where, **dict(compilers(bench))}
        contenders = [Contender(OURS, asked(schedule, t))]
        contenders += [Contender(name, asked(call, t)) for name, call in calls.items()]
        bench.row(
            "small array",
            f"flagship, {size:,} element{'s' * (size > 1)}",
            "call",
            contenders,
            seconds=0.5,
            shown=size in (1, 1000),
        )


def measure(bench: Bench) -> None:
    """All rows of arrays."""
    curves(bench)
    orders(bench)
    many_phases(bench)
    small(bench)
