"""Bessel functions times an exponential (jve, ive, kve, hankel1e and so on).

The derivative is that of the function itself, scaled, and the function times that of the logarithm of its scale. Far
out the two cancel: there Hankel's expansion is differentiated instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case, nonzero, positive
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.bessel import IN_ORDER, away, beside, between, orders, plane

__all__ = ["tail"]

# From 500 + 80 v² on, six terms of the expansion are exact to rounding.
_EDGE, _PER_ORDER, _TERMS = 500.0, 80.0, 6


def tail(ratios: list[Any], w: Any) -> Any:
    """Return Σ k aₖ wᵏ / Σ aₖ wᵏ, where aₖ is the product of the first k ratios."""
    total, slope = 1.0, 0.0
    for r in reversed(ratios):
        p = r * w
        total, slope = 1.0 + p * total, p * (total + slope)
    return slope / total


def _far_or_near(near: Any, v: Any, z: Any, y: Any, turn: complex, where: Any = True) -> Any:
    """Return `near`, but far out the derivative of y ~ z^-½ Σ aₖ(v) (turn/z)ᵏ (DLMF 10.17.5, 10.40.1-2)."""
    v2 = 4.0 * v * v
    edge = _EDGE + _PER_ORDER / 4.0 * v2
    far = (np.absolute(z) > edge) & where
    z = np.where(far, z, edge)
    ratios = [(v2 - (2 * k - 1) ** 2) / (8.0 * k) for k in range(1, _TERMS + 1)]
    return np.where(far, -y / z * (0.5 + tail(ratios, turn / z)), near)


def _upper(z: Any) -> Any:
    """Say where z lies in the right or in the upper half-plane."""
    return (np.real(z) > 0) | (np.imag(z) > 0)


def _lower(z: Any) -> Any:
    return (np.real(z) > 0) | (np.imag(z) < 0)


def _growing(v: Any, z: Any, y: Any) -> Any:
    """Return the derivative of I_v(z) exp(∓z), the sign chosen by that of Re z."""
    s, v = np.sign(np.real(z)), beside(v, z)
    near = 0.5 * (special.ive(v - 1.0, z) + special.ive(v + 1.0, z)) - s * y
    return _far_or_near(near, v, z, y, -s, np.absolute(np.real(z)) > 40.0)


_REAL = [case(orders, away(3, 2)), case(between, away(2)), case(np.float32(1.5), away())]
_COMPLEX = [*_REAL, case(orders, plane(3, 2)), case(between, plane(2))]
_SIGNS = [case(between, nonzero(3, 2)), case(orders, lambda rng: -plane(3, 2)(rng))]


@general(
    special.ive,
    arguments=("a", "b"),
    refused={"a": IN_ORDER},
    on=[*_COMPLEX, *_SIGNS],
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
    kinks="on the imaginary axis the mean of both sides",
)
class ive:
    """y = I_a(b) exp(-|Re b|): dy = exp(-|Re b|) I_a' db - s y Re(db), s = sign(Re b) (DLMF 10.29.1, 10.40.1)."""

    def tangent_b(t: Any, a: Any, b: Any, y: Any) -> Any:
        out = t * _growing(a, b, y)
        if dtype_of(b).kind == "c":
            out = out + 1j * np.sign(np.real(b)) * y * np.imag(t)
        return out

    def adjoint_b(ct: Any, a: Any, b: Any, y: Any) -> Any:
        out = ct * _growing(a, b, y)
        if dtype_of(b).kind == "c":
            out = out + 1j * np.sign(np.real(b)) * np.imag(ct * y)
        return out


def _bounded(function: Any, plain: Any, letter: str, limit: bool) -> Any:
    """Declare C_v(z) exp(-|Im z|), which is C_v on the real line."""

    def slope(a: Any, b: Any, y: Any) -> Any:
        a = beside(a, b)
        value = 0.5 * (function(a - 1.0, b) - function(a + 1.0, b))
        return np.where(b == 0, -y, value) if limit else value

    class rules:
        def tangent_b(t: Any, a: Any, b: Any, y: Any) -> Any:
            out = t * slope(a, b, y)
            if dtype_of(b).kind == "c":
                out = out - np.sign(np.imag(b)) * y * np.imag(t)
            return out

        def adjoint_b(ct: Any, a: Any, b: Any, y: Any) -> Any:
            out = ct * slope(a, b, y)
            if dtype_of(b).kind == "c":
                out = out + 1j * np.sign(np.imag(b)) * np.real(ct * y)
            return out

    rules.__doc__ = (
        f"y = {letter}_a(b) exp(-|Im b|): "
        f"dy = exp(-|Im b|) {letter}_a' db - sign(Im b) y Im(db) (DLMF 10.6.1)"
    )
    return general(
        function,
        arguments=("a", "b"),
        refused={"a": IN_ORDER},
        on=[*_COMPLEX, case(orders, lambda rng: np.conj(plane(3, 2)(rng)))],
        name=function.__name__,
        broadcasts=True,
        analytic=False,
        pattern="elementwise",
        kinks="on the real axis the mean of both sides",
    )(rules)


jve = _bounded(special.jve, special.jv, "J", limit=False)
yve = _bounded(special.yve, special.yv, "Y", limit=True)

_declared: tuple[Any, ...] = (ive, jve, yve)
for _primitive in _declared:
    numpy_function(_primitive.fun, kind="rule", note=_primitive.kinks)(_primitive)

kve = elementwise(
    special.kve,
    IN_ORDER,
    lambda a, b, y: _far_or_near(
        y - 0.5 * (special.kve(a - 1.0, b) + special.kve(a + 1.0, b)), a, b, y, 1.0
    ),
    on=_COMPLEX,
    formula="∂b = y - (kve_{a-1} + kve_{a+1})/2 (DLMF 10.29.1, far out 10.40.2)",
    kinks="infinite at b = 0",
)
hankel1e = elementwise(
    special.hankel1e,
    IN_ORDER,
    lambda a, b, y: _far_or_near(
        0.5 * (special.hankel1e(a - 1.0, b) - special.hankel1e(a + 1.0, b)) - 1j * y,
        a,
        b,
        y,
        1j,
        _upper(b),
    ),
    on=_COMPLEX,
    formula="∂b = (H_{a-1} - H_{a+1})/2 exp(-ib) - iy (DLMF 10.6.1, far out 10.17.5)",
)
hankel2e = elementwise(
    special.hankel2e,
    IN_ORDER,
    lambda a, b, y: _far_or_near(
        0.5 * (special.hankel2e(a - 1.0, b) - special.hankel2e(a + 1.0, b)) + 1j * y,
        a,
        b,
        y,
        -1j,
        _lower(b),
    ),
    on=_COMPLEX,
    formula="∂b = (H_{a-1} - H_{a+1})/2 exp(ib) + iy (DLMF 10.6.1, far out 10.17.6)",
)
i0e = elementwise(
    special.i0e,
    lambda x, y: _far_or_near(special.i1e(x) - np.sign(x) * y, 0.0, x, y, -np.sign(x)),
    on=nonzero,
    analytic=False,
    formula="I₁ exp(-|x|) - sign(x) y (DLMF 10.29.3, far out 10.40.1)",
    kinks="0 at 0, the mean of both sides",
)
i1e = elementwise(
    special.i1e,
    lambda x, y: _far_or_near(
        0.5 * (special.i0e(x) + special.ive(2.0, x)) - np.sign(x) * y, 1.0, x, y, -np.sign(x)
    ),
    on=nonzero,
    analytic=False,
    formula="(I₀ + I₂) exp(-|x|)/2 - sign(x) y (DLMF 10.29.1, far out 10.40.1)",
)
k0e = elementwise(
    special.k0e,
    lambda x, y: _far_or_near(y - special.k1e(x), 0.0, x, y, 1.0),
    on=positive,
    analytic=False,
    formula="y - K₁ exp(x) (DLMF 10.29.3, far out 10.40.2)",
)
k1e = elementwise(
    special.k1e,
    lambda x, y: _far_or_near(y - 0.5 * (special.k0e(x) + special.kve(2.0, x)), 1.0, x, y, 1.0),
    on=positive,
    analytic=False,
    formula="y - (K₀ + K₂) exp(x)/2 (DLMF 10.29.1, far out 10.40.2)",
)
