"""Windows of signal processing, the Bessel function in one of them, and phases without jumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.batching import batch_leading, batch_loop
from dualrev.core.domains import Domain, case
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.core.ufuncs import special
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype

__all__: list[str] = []

_wide = Domain("reals", lambda rng, shape: rng.uniform(-12.0, 12.0, shape), singular=False)

i0_ = elementwise(
    lambda x: np.i0(x)[()],
    lambda x: special.i1(x),
    on=_wide,
    name="i0",
    analytic=False,
    formula="I₁(x) (DLMF 10.29.3)",
)


@numpy_function(np.i0, kind="rule")
def i0(x: Any) -> Any:
    """Answer ``np.i0``, which takes real arguments only."""
    x = array_operand(x)
    if dtype_of(x).kind == "c":
        raise TypeError("i0 not supported for complex values")
    return i0_(x)


@numpy_function(np.kaiser, note="the shape parameter beta may be traced, in a call that dispatches")
def kaiser(M: Any, beta: Any) -> Any:
    """Answer ``np.kaiser``."""
    if not isinstance(beta, Traced):
        return np.kaiser(M, beta)
    # NumPy computes in double precision, whatever beta is.
    beta = astype(beta, np.result_type(dtype_of(beta), float), copy=False)
    if M == 1:
        return np.ones(1)
    # The zeros of the argument at both ends are constants, so their root is not differentiated.
    half = (M - 1) / 2.0
    across = np.sqrt(1 - ((np.arange(0, M) - half) / half) ** 2.0)
    return i0(beta * across) / i0(beta)


for _window in (np.bartlett, np.blackman, np.hamming, np.hanning):
    numpy_function(_window, kind="passes", note="its argument is a number of points")(_window)


def _period(rng: np.random.Generator) -> Any:
    return rng.uniform(0.9, 1.3)


def _unwrapped(a: Any, b: Any, *, discont: Any, axis: int) -> Any:
    return np.unwrap(a, discont, axis, period=b)


def _batch_unwrap(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    if lanes[1]:
        return batch_loop(primitive, lanes, arrays, params)
    return batch_leading(primitive, lanes, arrays, params)


@general(
    _unwrapped,
    arguments=("a", "b"),
    on=[
        case((5,), _period, discont=None, axis=-1),
        case((4, 2), _period, discont=None, axis=-2),
        case((2, 4), _period, discont=0.8, axis=-1),
    ],
    name="unwrap",
    pattern="elementwise",
    batch=_batch_unwrap,
    analytic=False,
    kinks="the number of periods that are added is locally constant",
)
class unwrap_:
    """y = a + k b with integers k: dy = da + k db."""

    def tangent_a(t: Any) -> Any:
        return t

    def adjoint_a(ct: Any) -> Any:
        return ct

    def tangent_b(t: Any, a: Any, b: Any, y: Any) -> Any:
        return t * np.rint((y - a) / b)

    def adjoint_b(ct: Any, a: Any, b: Any, y: Any) -> Any:
        return np.sum(ct * np.rint((y - a) / b))


@numpy_function(np.unwrap, kind="rule", note="jumps are locally constant; the period may be traced")
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """Answer ``np.unwrap``."""
    p = array_operand(p)
    if p.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = negative_axis(axis, p.ndim)
    return unwrap_(p, period, discont=value(discont), axis=axis)
