"""Bessel functions of real order, J, Y, I, K and both Hankel functions, and their derivatives (jvp and its like)."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import Domain, case, positive, reals
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Refusal, numpy_function
from dualrev.core.ufuncs import special

__all__ = ["IN_ORDER", "away", "beside", "between", "orders", "plane", "whole_number"]

IN_ORDER = Refusal(
    "SciPy has no derivative in the order", "a plain order, or differences: dr.primitive(..., fd=)"
)

# Sums of neighbours (DLMF 10.6.1, 10.29.1) are used throughout, since (v/z) C_v is 0/0 at z = 0.
_INTEGERS = np.array([[0, 1], [2, -3], [1, 5]])
_FRACTIONS = np.array([[0.0, 1.25], [2.5, -0.75], [1.0, 4.25]], np.float32)
away = Domain("(0.5, 6)", lambda rng, shape: rng.uniform(0.5, 6.0, shape))
plane = Domain(
    "right half-plane",
    lambda rng, shape: rng.uniform(0.6, 4.0, shape) + 1j * rng.uniform(-2.0, 2.0, shape),
)


def orders(rng: Any) -> Any:
    """Draw orders in the shape (3, 2), whole and fractional ones, negative ones too."""
    return rng.permuted(_FRACTIONS)


def between(rng: Any) -> Any:
    """Draw whole orders in the shape (3, 2)."""
    return rng.permuted(_INTEGERS)


_REAL = [case(orders, away(3, 2)), case(between, away(2)), case(np.float32(1.5), away())]
_COMPLEX = [*_REAL, case(orders, plane(3, 2)), case(between, plane(2))]
_WHOLE = [case(between, away(3, 2)), case(np.arange(3), away(2, 3)), case(np.array(2), away())]
_ON_LINE = [case((3, 2)), case(())]


def beside(v: Any, z: Any) -> Any:
    """Return a float order in the precision of the argument, so that v ± 1 is not rounded to less."""
    have, want = dtype_of(v), np.empty(0, dtype_of(z)).real.dtype
    return v.astype(want) if have.kind == want.kind == "f" and have.itemsize < want.itemsize else v


def _fall(value: Any, x: Any, y: Any) -> Any:
    """Return a partial of a function of the second kind, and at the pole x = 0 its limit, -y."""
    return np.where(x == 0, -y, value)


jv = elementwise(
    special.jv,
    IN_ORDER,
    lambda a, b: 0.5 * (special.jv(a - 1.0, b) - special.jv(a + 1.0, b)),
    on=_COMPLEX,
    analytic=False,
    formula="∂b = (J_{a-1} - J_{a+1})/2 (DLMF 10.6.1), also for complex b",
)
yv = elementwise(
    special.yv,
    IN_ORDER,
    lambda a, b, y: _fall(0.5 * (special.yv(a - 1.0, b) - special.yv(a + 1.0, b)), b, y),
    on=_COMPLEX,
    analytic=False,
    formula="∂b = (Y_{a-1} - Y_{a+1})/2 (DLMF 10.6.1), also for complex b",
    kinks="infinite at b = 0",
)
hankel1 = elementwise(
    special.hankel1,
    IN_ORDER,
    lambda a, b: 0.5 * (special.hankel1(a - 1.0, b) - special.hankel1(a + 1.0, b)),
    on=_COMPLEX,
    formula="∂b = (H_{a-1} - H_{a+1})/2 (DLMF 10.6.1)",
)
hankel2 = elementwise(
    special.hankel2,
    IN_ORDER,
    lambda a, b: 0.5 * (special.hankel2(a - 1.0, b) - special.hankel2(a + 1.0, b)),
    on=_COMPLEX,
    formula="∂b = (H_{a-1} - H_{a+1})/2 (DLMF 10.6.1)",
)
iv = elementwise(
    special.iv,
    IN_ORDER,
    lambda a, b: 0.5 * (special.iv(a - 1.0, b) + special.iv(a + 1.0, b)),
    on=_COMPLEX,
    formula="∂b = (I_{a-1} + I_{a+1})/2 (DLMF 10.29.1)",
)
kv = elementwise(
    special.kv,
    IN_ORDER,
    lambda a, b: -0.5 * (special.kv(a - 1.0, b) + special.kv(a + 1.0, b)),
    on=_COMPLEX,
    formula="∂b = -(K_{a-1} + K_{a+1})/2 (DLMF 10.29.1)",
    kinks="infinite at b = 0",
)
yn = elementwise(
    special.yn,
    IN_ORDER,
    lambda a, b, y: _fall(0.5 * (special.yn(a - 1, b) - special.yn(a + 1, b)), b, y),
    on=_WHOLE,
    analytic=False,
    formula="∂b = (Y_{a-1} - Y_{a+1})/2 (DLMF 10.6.1)",
    kinks="infinite at b = 0",
)
kn = elementwise(
    special.kn,
    IN_ORDER,
    lambda a, b: -0.5 * (special.kn(a - 1, b) + special.kn(a + 1, b)),
    on=_WHOLE,
    analytic=False,
    formula="∂b = -(K_{a-1} + K_{a+1})/2 (DLMF 10.29.1)",
    kinks="infinite at b = 0",
)

j0 = elementwise(
    special.j0, lambda x: -special.j1(x), on=reals, analytic=False, formula="-J₁ (DLMF 10.6.3)"
)
j1 = elementwise(
    special.j1,
    lambda x: 0.5 * (special.j0(x) - special.jv(2.0, x)),
    on=reals,
    analytic=False,
    formula="(J₀ - J₂)/2 (DLMF 10.6.1)",
)
y0 = elementwise(
    special.y0, lambda x: -special.y1(x), on=positive, analytic=False, formula="-Y₁ (DLMF 10.6.3)"
)
y1 = elementwise(
    special.y1,
    lambda x, y: _fall(0.5 * (special.y0(x) - special.yn(2, x)), x, y),
    on=positive,
    analytic=False,
    formula="(Y₀ - Y₂)/2 (DLMF 10.6.1)",
    kinks="infinite at 0",
)
i0 = elementwise(
    special.i0,
    lambda x: special.i1(x),
    on=_ON_LINE,
    name="special.i0",
    analytic=False,
    formula="I₁ (DLMF 10.29.3)",
)
i1 = elementwise(
    special.i1,
    lambda x: 0.5 * (special.i0(x) + special.iv(2.0, x)),
    on=reals,
    analytic=False,
    formula="(I₀ + I₂)/2 (DLMF 10.29.1)",
)
k0 = elementwise(
    special.k0, lambda x: -special.k1(x), on=positive, analytic=False, formula="-K₁ (DLMF 10.29.3)"
)
k1 = elementwise(
    special.k1,
    lambda x: -0.5 * (special.k0(x) + special.kn(2, x)),
    on=positive,
    analytic=False,
    formula="-(K₀ + K₂)/2 (DLMF 10.29.1)",
)

besselpoly = elementwise(
    special.besselpoly,
    lambda a, b, c: (
        special.besselpoly(a, b + 1.0, c - 1.0) - special.besselpoly(a, b + 1.0, c + 1.0)
    ),
    Refusal("SciPy has no integral with a logarithm", "a plain exponent"),
    IN_ORDER,
    on=[
        case(positive(3, 2), np.array([[0, 1.5], [2, 0.5], [1, 3]], np.float32), np.array([1, 2])),
        case(positive(3), np.float32(0.5), np.array([[0.0], [2.5]], np.float32)),
        case(positive(), np.array(1), np.array(2)),
    ],
    analytic=False,
    formula="∂a = ∫₀¹ x^{b+1} (J_{c-1} - J_{c+1})(2ax) dx",
)

_IN_SHAPE = Refusal("SciPy has no derivative in this parameter", "a plain parameter")
_WRIGHT = [
    case(np.array([[0.5, 1], [2, 0], [1, 1.5]], np.float32), np.array([1, 2]), positive(3, 2)),
    case(np.float32(1.5), np.array([[0.5], [2.5]], np.float32), positive(3)),
    case(np.array(1), np.array(2), positive()),
]
wright_bessel = elementwise(
    special.wright_bessel,
    _IN_SHAPE,
    _IN_SHAPE,
    lambda a, b, c: special.wright_bessel(a, a + b, c),
    on=_WRIGHT,
    analytic=False,
    formula="∂c = Φ(a, a + b; c) (DLMF 10.46.1, term by term)",
)
if hasattr(special, "log_wright_bessel"):
    log_wright_bessel = elementwise(
        special.log_wright_bessel,
        _IN_SHAPE,
        _IN_SHAPE,
        lambda a, b, c, y: np.exp(special.log_wright_bessel(a, a + b, c) - y),
        on=_WRIGHT,
        analytic=False,
        formula="∂c = exp(log Φ(a, a + b; c) - y) (DLMF 10.46.1, term by term)",
    )


def whole_number(n: Any, name: str = "n") -> int:
    """Return a static order as an int; raise SciPy's own error if it is no integer, or negative."""
    try:
        n = operator.index(n)
        if n < 0:
            raise ValueError(n)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} must be a non-negative integer") from error
    return n


def _differences(
    function: Any, kernel: Callable[[Any, Any], Any], sign: float, alternate: bool = False
) -> None:
    """Answer ``function(v, z, n)``, the n-th derivative of `kernel`, by DLMF 10.6.7 and 10.29.5 as SciPy does."""

    @numpy_function(function, note="in z; a plain order")
    def derivative(v: Any, z: Any, n: int = 1) -> Any:
        n = whole_number(n)
        if n == 0:
            return kernel(v, z)
        v = v if hasattr(v, "level") else np.asarray(v)
        weight, total = 1.0, kernel(v - n, z)
        for i in range(1, n + 1):
            weight = sign * (weight * (n - i + 1)) / i
            total = total + weight * kernel(v - n + i * 2, z)
        total = total / (2.0**n)
        return (-1) ** n * total if alternate else total


_differences(special.jvp, special.jv, -1.0)
_differences(special.yvp, special.yv, -1.0)
_differences(special.h1vp, special.hankel1, -1.0)
_differences(special.h2vp, special.hankel2, -1.0)
_differences(special.ivp, special.iv, 1.0)
_differences(special.kvp, special.kv, 1.0, alternate=True)


def _without_variables(name: str) -> None:
    function = getattr(special, name)

    @numpy_function(function, kind="constant", note="takes whole numbers only")
    def zeros(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)


for _name in (
    "ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros "
    "keip_zeros kelvin_zeros ker_zeros kerp_zeros y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros"
).split():
    _without_variables(_name)
