"""Kelvin functions, Struve functions, and the integrals of Bessel and Struve functions of order zero."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.domains import case, positive, reals
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.airy import pushed, weighted
from dualrev.rules.special.bessel import IN_ORDER, away, beside, between, orders

__all__: list[str] = []

# --------------------------------------------------------------------------------------------------
# Kelvin functions: ber + i bei = J₀(x e^{3πi/4}), ker + i kei = K₀(x e^{πi/4}) (DLMF 10.61.1-2).

_RAY = complex(-math.sqrt(0.5), math.sqrt(0.5))


def _be_second(x: Any) -> Any:
    """Return ber'' + i bei'', without the quotient bei'/x, which is 0/0 at 0."""
    z = x * _RAY
    return 0.5j * (special.jv(0.0, z) - special.jv(2.0, z))


def _ke_second(x: Any, ke: Any, kep: Any) -> Any:
    """Return ker'' + i kei'' by the differential equation (DLMF 10.61.3); at 0 both are infinite."""
    at_zero = x == 0
    inside = 1j * ke - kep / np.where(at_zero, 1.0, x)
    return np.where(at_zero, complex(np.inf, np.inf), inside)


def _ker_second(x: Any) -> Any:
    at_zero = x == 0
    inside = -special.kei(x) - special.kerp(x) / np.where(at_zero, 1.0, x)
    return np.where(at_zero, np.inf, inside)


def _kei_second(x: Any) -> Any:
    at_zero = x == 0
    inside = special.ker(x) - special.keip(x) / np.where(at_zero, 1.0, x)
    return np.where(at_zero, np.inf, inside)


_REAL: dict[str, Any] = {"on": reals, "analytic": False}
_POSITIVE: dict[str, Any] = {"on": positive, "analytic": False}

ber = elementwise(special.ber, lambda x: special.berp(x), formula="ber'", **_REAL)
bei = elementwise(special.bei, lambda x: special.beip(x), formula="bei'", **_REAL)
berp = elementwise(
    special.berp,
    lambda x: np.real(_be_second(x)),
    formula="Re of -i J₀''(x exp(3πi/4)) (DLMF 10.61.1)",
    **_REAL,
)
beip = elementwise(
    special.beip,
    lambda x: np.imag(_be_second(x)),
    formula="Im of -i J₀''(x exp(3πi/4)) (DLMF 10.61.1)",
    **_REAL,
)
ker = elementwise(
    special.ker, lambda x: special.kerp(x), formula="ker'", kinks="infinite at 0", **_POSITIVE
)
kei = elementwise(special.kei, lambda x: special.keip(x), formula="kei'", **_POSITIVE)
kerp = elementwise(
    special.kerp,
    _ker_second,
    formula="-kei - ker'/x (DLMF 10.61.3)",
    kinks="infinite at 0",
    **_POSITIVE,
)
keip = elementwise(
    special.keip,
    _kei_second,
    formula="ker - kei'/x (DLMF 10.61.3)",
    kinks="infinite at 0",
    **_POSITIVE,
)


@general(
    special.kelvin,
    on=[case(positive(3, 2)), case(positive())],
    name="kelvin",
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
    kinks="as ber, bei, ker, kei and their derivatives",
)
class kelvin:
    """d(Be, Ke, Be', Ke') = (Be', Ke', Be'', Ke'') dx with w'' = iw - w'/x (DLMF 10.61.3)."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        return pushed(t, (y[2], y[3], _be_second(x), _ke_second(x, y[1], y[3])))

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        return np.real(weighted(ct, (y[2], y[3], _be_second(x), _ke_second(x, y[1], y[3]))))


# --------------------------------------------------------------------------------------------------
# Struve functions.


def _odd_term(v: Any, z: Any) -> Any:
    """Return (z/2)^v / (√π Γ(v + 3/2))."""
    v = beside(v, z)
    return (0.5 * z) ** v * (special.rgamma(v + 1.5) / math.sqrt(math.pi))


_ORDERS = [
    case(orders, away(3, 2)),
    case(between, away(2)),
    case(np.float32(1.5), away()),
]

struve = elementwise(
    special.struve,
    IN_ORDER,
    lambda a, b: 0.5 * (special.struve(a - 1.0, b) - special.struve(a + 1.0, b) + _odd_term(a, b)),
    on=_ORDERS,
    analytic=False,
    formula="∂b = (H_{a-1} - H_{a+1} + (b/2)^a/(√π Γ(a+3/2)))/2 (DLMF 11.4.24)",
)
modstruve = elementwise(
    special.modstruve,
    IN_ORDER,
    lambda a, b: (
        0.5 * (special.modstruve(a - 1.0, b) + special.modstruve(a + 1.0, b) + _odd_term(a, b))
    ),
    on=_ORDERS,
    analytic=False,
    formula="∂b = (L_{a-1} + L_{a+1} + (b/2)^a/(√π Γ(a+3/2)))/2 (DLMF 11.4.26)",
)

# --------------------------------------------------------------------------------------------------
# Integrals. The quotients below are 0/0 at 0; up to _NEAR their power series are used.

_NEAR = 0.75


def _series(x: Any, coefficients: list[float]) -> Any:
    """Return Σ cₖ x^{2k}."""
    square = np.square(x)
    total = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * square + c
    return total


def _quotient(x: Any, value: Any, coefficients: list[float]) -> Any:
    """Return value/x, and near 0 the series of it."""
    close = np.absolute(x) < _NEAR
    inside = _series(np.where(close, x, 0.0), coefficients)
    return np.where(close, inside, value / np.where(close, 1.0, x))


def _factors(sign: float, count: int = 12) -> list[float]:
    """Return the coefficients of (J₀(x) - 1)/x² or (I₀(x) - 1)/x² (DLMF 10.2.2, 10.25.2)."""
    return [sign**k / (4.0**k * math.factorial(k) ** 2) for k in range(1, count + 1)]


_H0 = [(2 / math.pi) * (-1.0) ** k / math.prod(range(1, 2 * k + 2, 2)) ** 2 for k in range(11)]
_J0, _I0 = _factors(-1.0), _factors(1.0)


def _over(x: Any, value: Any, coefficients: list[float]) -> Any:
    """Return value/x where value/x² has the series."""
    close = np.absolute(x) < _NEAR
    inside = x * _series(np.where(close, x, 0.0), coefficients)
    return np.where(close, inside, value / np.where(close, 1.0, x))


itstruve0 = elementwise(special.itstruve0, lambda x: special.struve(0.0, x), formula="H₀", **_REAL)
itmodstruve0 = elementwise(
    special.itmodstruve0, lambda x: special.modstruve(0.0, x), formula="L₀", **_REAL
)
it2struve0 = elementwise(
    special.it2struve0,
    lambda x: -_quotient(x, special.struve(0.0, x), _H0),
    formula="-H₀/x",
    **_REAL,
)

_TWICE: dict[str, Any] = {
    "on": [case(positive(3, 2)), case(positive())],
    "broadcasts": True,
    "pattern": "elementwise",
    "analytic": False,
    "kinks": "the second output is NaN for x < 0",
}


def _integral(function: Any, formula: str, first: Any, second: Any) -> None:
    """Declare two integrals of one limit by their integrands."""

    class rules:
        def tangent(t: Any, x: Any) -> Any:
            return pushed(t, (first(x), second(x)))

        def adjoint(ct: Any, x: Any) -> Any:
            return weighted(ct, (first(x), second(x)))

    rules.__doc__ = formula
    primitive = general(function, name=function.__name__, **_TWICE)(rules)
    numpy_function(function, kind="rule", note=primitive.kinks)(primitive)


_integral(special.iti0k0, "(I₀, K₀) dx", lambda x: special.i0(x), lambda x: special.k0(x))
_integral(special.itj0y0, "(J₀, Y₀) dx", lambda x: special.j0(x), lambda x: special.y0(x))
_integral(
    special.it2i0k0,
    "((I₀ - 1)/x, -K₀/x) dx",
    lambda x: _over(x, special.i0(x) - 1.0, _I0),
    lambda x: -special.k0(x) / x,
)
_integral(
    special.it2j0y0,
    "((1 - J₀)/x, -Y₀/x) dx",
    lambda x: -_over(x, special.j0(x) - 1.0, _J0),
    lambda x: -special.y0(x) / x,
)

numpy_function(special.kelvin, kind="rule", note=kelvin.kinks)(kelvin)
