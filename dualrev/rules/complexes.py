"""Complex numbers as pairs of reals: parts, conjugate, angle.

A real output y of a complex argument has dy = Re(p dx); the rules give p, and the engine takes the real part.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import TracedArray, dtype_of
from dualrev.core.batching import batch_elementwise
from dualrev.core.bind import operand
from dualrev.core.domains import case, reals
from dualrev.core.flavours import constant, elementwise, linear
from dualrev.core.primitive import numpy_function
from dualrev.core.views import as_view

__all__ = ["from_parts"]


def _complex(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


conjugate = linear(
    np.conjugate,
    lambda ct: np.conjugate(ct),
    on=[case(_complex(3)), case(_complex())],
    formula="conj(dx)",
    pattern="elementwise",
)
real_part = elementwise(
    np.real,
    1,
    on=[case(_complex(3)), case(_complex())],
    analytic=False,
    name="real",
    formula="Re dx",
)
imaginary_part = elementwise(
    np.imag,
    -1j,
    on=[case(_complex(3)), case(_complex())],
    analytic=False,
    name="imag",
    formula="Im dx",
)
phase = elementwise(
    np.angle,
    lambda x: -1j / x,
    on=[case(_complex(3)), case(_complex())],
    analytic=False,
    name="phase",
    formula="Im(dx/x)",
    kinks="NaN at 0",
)


def _join(a: Any, b: Any) -> Any:
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return a + 1j * b
    y = np.empty(np.broadcast_shapes(np.shape(a), np.shape(b)), np.result_type(a, b, np.complex64))
    y.real, y.imag = a, b
    return y[()]


# Unlike a + 1j * b right for an infinite b, too.
from_parts = elementwise(
    _join, 1, 1j, on=(reals, reals), name="from_parts", formula="a + ib: ∂a = 1, ∂b = i"
)


def _is_complex(x: Any) -> bool:
    return dtype_of(x).kind == "c"


@numpy_function(np.conjugate, kind="rule")
def conj(x: Any) -> Any:
    x = operand(x)
    if _is_complex(x):
        return conjugate(x)
    # Of a real array a copy, which may be written to; a scalar never is.
    return x.copy("K") if isinstance(x, TracedArray) else x


def _put_real(z: Any, new: Any) -> Any:
    return from_parts(new, imaginary_part(z))


def _put_imag(z: Any, new: Any) -> Any:
    return from_parts(real_part(z), new)


@numpy_function(np.real, kind="rule")
def real(val: Any) -> Any:
    x = operand(val)
    return as_view(real_part(x), x, real_part, _put_real) if _is_complex(x) else x


@numpy_function(np.imag, kind="rule", note="zeros for real arguments")
def imag(val: Any) -> Any:
    x = operand(val)
    if _is_complex(x):
        return as_view(imaginary_part(x), x, imaginary_part, _put_imag)
    return np.zeros(np.shape(x), dtype_of(x))[()]


(_real_angle,) = constant(np.angle, answers=False, batch=batch_elementwise)


@numpy_function(np.angle, kind="rule", note="locally constant for real arguments; NaN at 0")
def angle(z: Any, deg: bool = False) -> Any:
    x = operand(z)
    y = phase(x) if _is_complex(x) else _real_angle(x)
    return y * (180 / np.pi) if deg else y


@numpy_function(
    np.real_if_close, note="the derivative of the real part, where the imaginary one is negligible"
)
def real_if_close(a: Any, tol: float = 100) -> Any:
    x = operand(a)
    if not _is_complex(x):
        return x
    if tol > 1:
        tol = tol * np.finfo(dtype_of(x)).eps
    return real(x) if np.all(np.absolute(imaginary_part(x)) < tol) else x
