"""Derivatives of any order of w(z) = exp(-z²) erfc(-iz) and of Dawson's function, without cancellation.

Both satisfy f⁽ⁿ⁺¹⁾ = -2z f⁽ⁿ⁾ - 2n f⁽ⁿ⁻¹⁾ (DLMF 7.10.2); far out its terms cancel, and an integral
takes over.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.domains import case, reals
from dualrev.core.flavours import elementwise
from dualrev.core.ufuncs import special
from dualrev.rules.special.orders import by_order

__all__ = ["dawson", "erfcx_order", "faddeeva"]

_FAR = 2.5
_RAY = 0.2 * math.pi
# The trapezoidal rule for exponential decay (Takahasi & Mori 1974, Publ. RIMS 9, 721).
_STEP = 1 / 14
_S = np.arange(-3.6, 4.6, _STEP)
_NODES = np.exp(_S - np.exp(-_S))
_WEIGHTS = _STEP * _NODES * (1 + np.exp(-_S))
_ROOT_PI = math.sqrt(math.pi)


def _gaussian(n: int, z: Any) -> Any:
    """Return the n-th derivative of exp(-z²): (-1)ⁿ Hₙ(z) exp(-z²) (DLMF 18.5.5)."""
    before, now = 0.0, np.exp(-z * z)
    for k in range(n):
        before, now = now, -2.0 * z * now - 2.0 * k * before
    return now


def _far(n: int, z: Any) -> Any:
    """Return w⁽ⁿ⁾(z) = iⁿ/√π ∫ tⁿ exp(izt - t²/4) dt for Im z ≥ 0 (DLMF 7.7.2), on a ray where nothing cancels."""
    left = np.real(z) < 0
    z = np.where(left, -np.conj(z), z)
    turn = np.exp(1j * np.clip(0.5 * np.pi - np.angle(z), 0.0, _RAY))
    size = np.abs(z)
    rate, curve = 1j * turn * z / size, 0.25 * (turn / size) ** 2
    total = 0.0
    for t, weight in zip(_NODES, _WEIGHTS, strict=True):
        total = total + weight * t**n * np.exp((rate - curve * t) * t)
    y = 1j**n / _ROOT_PI * (turn / size) ** (n + 1) * total
    return np.where(left, (-1) ** n * np.conj(y), y)


def _recurred(n: int, z: Any, value: Any, slope: complex) -> Any:
    """Return the n-th derivative from the value f and f' = slope - 2z f."""
    before, now = value, slope - 2.0 * z * value
    for k in range(1, n):
        before, now = now, -2.0 * z * now - 2.0 * k * before
    return now


@by_order()
def _faddeeva(n: int, z: Any) -> Any:
    if n == 0:
        return special.wofz(z)
    below = np.imag(z) < 0
    up = np.where(below, -z, z)
    far = np.abs(up) >= _FAR
    near = _recurred(n, np.where(far, 0, up), special.wofz(np.where(far, 0, up)), 2j / _ROOT_PI)
    y = np.where(far, _far(n, np.where(far, up, 3)), near)
    return np.where(below, 2.0 * _gaussian(n, np.where(below, z, 0)) - (-1) ** n * y, y)


@by_order()
def _dawson(n: int, z: Any) -> Any:
    if n == 0:
        return special.dawsn(z)
    far = np.abs(z) >= _FAR
    near = _recurred(n, np.where(far, 0, z), special.dawsn(np.where(far, 0, z)), 1.0)
    if not np.iscomplexobj(z):
        return np.where(far, 0.5 * _ROOT_PI * np.imag(_faddeeva(n, np.where(far, z, 3) + 0j)), near)
    below = np.imag(z) < 0
    up = np.where(far, np.where(below, -z, z), 3)
    y = 0.5j * _ROOT_PI * (_gaussian(n, up) - _far(n, up))
    return np.where(far, np.where(below, (-1) ** (n + 1) * y, y), near)


def _faddeeva_value(n: Any, z: Any) -> Any:
    return _faddeeva(n, z if np.iscomplexobj(z) else z * 1j * -1j)


def _erfcx_value(n: Any, x: Any) -> Any:
    y = _faddeeva(n, x * 1j) * np.array([1, 1j, -1, -1j])[np.rint(n).astype(int) % 4].astype(
        np.complex64
    )
    return y if np.iscomplexobj(x) else np.real(y)


_POINTS = [
    case(0.0, reals(3, 2)),
    case(1.0, reals(3)),
    case(np.array([0.0, 1.0, 2.0]), lambda rng: reals.draw(rng, (2, 3)) * 2),
    case(2.0, reals()),
]
_complex = case(1.0, lambda rng: 5 * (reals.draw(rng, (2, 3)) + 1j * rng.uniform(-0.2, 1, (2, 3))))

faddeeva = elementwise(
    _faddeeva_value,
    None,
    lambda a, b: faddeeva(a + 1, b),
    on=[*_POINTS, _complex],
    name="faddeeva",
    analytic=False,
    formula="w⁽ⁿ⁾(z); ∂z raises n",
)
dawson = elementwise(
    _dawson,
    None,
    lambda a, b: dawson(a + 1, b),
    on=[*_POINTS, _complex],
    name="dawson",
    analytic=False,
    formula="F⁽ⁿ⁾(z); ∂z raises n",
)
erfcx_order = elementwise(
    _erfcx_value,
    None,
    lambda a, b: erfcx_order(a + 1, b),
    on=[case(a, b) for a, b in ((0.0, (3, 2)), (1.0, (3,)), (np.arange(3.0), (2, 3)), (2.0, ()))],
    name="erfcx_order",
    analytic=False,
    formula="iⁿ w⁽ⁿ⁾(ix), the derivatives of erfcx; ∂x raises n",
)
