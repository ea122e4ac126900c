"""What `schedule.jax()` is called with, and how JAX is set where it is called: settings of its own, and what is wrong."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

import lrdsl  # noqa: E402

TEXTS = (
    "warmup(10) then cosine(100)",
    "repeat(warmup(10.5, to=1) then cosine(100)) * 1e-3",
)
STEPS = np.arange(40)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:40])
def test_what_jax_is_set_to_changes_no_value(text: str) -> None:
    schedule = lrdsl.compile(text)
    lr, step = schedule.jax(), jnp.int32(7)
    compiled = jax.jit(lr)
    want, one = schedule(STEPS), schedule(7)

    with jax.numpy_dtype_promotion("strict"):
        np.testing.assert_allclose(jax.jit(schedule.jax())(jnp.arange(40)), want, rtol=1e-6, atol=1e-9)
        assert float(lr(7)) == pytest.approx(one, rel=1e-6)
        assert math.isfinite(jax.jit(jax.grad(schedule.jax()))(7.25))
    with jax.checking_leaks(), jax.debug_nans(True):
        assert float(jax.jit(schedule.jax())(step)) == pytest.approx(one, rel=1e-6)
        assert float(jax.jit(jax.grad(schedule.jax()))(7.25)) <= 1
    with jax.transfer_guard("disallow"):
        found = compiled(step)
    assert float(found) == pytest.approx(one, rel=1e-6)


@pytest.mark.parametrize("step", ["x", None, 1j, [1, "a"], {}, len], ids=str)
def test_what_is_no_number_is_an_error(step: Any) -> None:
    lr = lrdsl.compile(TEXTS[0]).jax()
    with pytest.raises(lrdsl.ScheduleError, match="at times from 0: not at"):
        lr(step)


def test_numbers_of_any_kind_are_steps() -> None:
    schedule = lrdsl.compile("linear(100, from=1, to=0.5)")
    lr = schedule.jax()
    for step in (True, Fraction(7, 2), np.uint8(7), np.float16(7), 2**53 + 1, 2**63 + 1, 2**64 + 1, 10**30):
        assert float(lr(step)) == pytest.approx(schedule(float(step)), rel=1e-6), step
    for empty in ([], np.zeros((2, 0)), jnp.zeros(0, jnp.int32)):
        assert lr(empty).shape == np.shape(empty)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_base_that_is_wrong_is_an_error_where_it_is_known(compiled: bool) -> None:
    for text in ("cosine(100)", "cosine(100, from=base, to=1e-5)"):
        lr = lrdsl.compile(text).jax()

        def value(base: Any, lr: Any = lr) -> Any:
            return jax.jit(lambda step: lr(step, base))(5) if compiled else lr(5, base)

        for wrong, words in (
            (-1, "`lr` becomes -1 at step 0"), (math.nan, "base is a finite number"), (math.inf, "base is a finite number"),
            ({"weight_decay": 1}, "`lr` needs the base of `lr`"), ({}, "`lr` needs the base of `lr`"),
        ):  # fmt: skip
            with pytest.raises(lrdsl.ScheduleError, match=words):
                value(wrong)
        want = float(value(0.5))
        for right in (np.float32(0.5), jnp.float32(0.5), {"lr": 0.5, "weight_decay": 3}, {"lr": jnp.float32(0.5)}):
            assert float(value(right)) == want
    assert float(lrdsl.compile("cosine(100)").jax()(5, None)) == float(lrdsl.compile("cosine(100)").jax()(5))
    with pytest.raises(lrdsl.ScheduleError, match="its base must be given"):
        lrdsl.compile("cosine(100, from=base, to=1e-5)").jax()(5, None)
