"""Legendre's elliptic integrals and Jacobi's elliptic functions (DLMF 19, 22).

All derivatives with respect to the parameter m are integrals of one sign, so nothing cancels near m = 0 or m = 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, positive, reals
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.special.carlson import carlson_value, elliprd

below_one = Domain("(-1, 1)", lambda rng, shape: rng.uniform(-0.9, 0.85, shape))
modulus = Domain("(0, 1)", lambda rng, shape: rng.uniform(0.15, 0.85, shape))
amplitude = Domain(
    "several periods", lambda rng, shape: rng.uniform(-6.0, 6.0, shape), singular=False
)

ellipk = elementwise(
    special.ellipk,
    lambda x: elliprd(0.0, 1.0, 1 - x) / 6,
    on=below_one,
    analytic=False,
    formula="R_D(0, 1, 1-x)/6 (DLMF 19.4.1, 19.25.1)",
    kinks="+inf at 1",
)
ellipkm1 = elementwise(
    special.ellipkm1,
    lambda x: elliprd(0.0, 1.0, x) / -6,
    on=positive,
    analytic=False,
    formula="-R_D(0, 1, x)/6",
    kinks="-inf at 0",
)
ellipe = elementwise(
    special.ellipe,
    lambda x: elliprd(0.0, 1 - x, 1.0) / -6,
    on=below_one,
    analytic=False,
    formula="-R_D(0, 1-x, 1)/6 (DLMF 19.4.2, 19.25.1)",
    kinks="-inf at 1",
)


def _integral(s: Any, c2: Any, halves: int, m: Any, rising: int, falling: int) -> Any:
    """Return ∫₀^φ sin^(2n) (1 - m sin²)^(-h/2), n = `rising`, by s = sin φ and c2 = cos² φ, |φ| ≤ π/2.

    With 1/sin² = t + 1/s² it is symmetric (DLMF 19.25(i)); those that are R_D are had from SciPy.
    """
    d2 = c2 + (1 - m) * s * s
    if rising == 1:
        last, other = (d2, 1.0) if halves == 3 else (1.0, d2)
        integral = special.elliprd(c2, other, last) * 2 / 3
    else:
        integral = carlson_value(1.0, c2, d2, halves=(falling, 1, halves))
    return s ** (2 * rising + 1) * integral / 2


def _with_periods(s: Any, c2: Any, periods: Any, m: Any, *, n: int, h: int) -> Any:
    rest = 2 * n + 2 - h
    y = _integral(s, c2, h, m, n, rest)
    if np.any(periods):
        one = np.ones_like(s)
        whole = _integral(one, 0 * one, h, m, n, rest)
        y = y + 2 * np.where(periods == 0, 0, periods * np.where(periods == 0, 0, whole))
    return y


def _by_amplitude(a: Any, b: Any, *, n: int, h: int) -> Any:
    a, b = np.broadcast_arrays(a, b)
    periods = np.round(a / np.pi)
    sign = np.where(periods % 2 == 0, 1, -1)
    y = _with_periods(sign * np.sin(a), np.cos(a) ** 2, periods, b, n=n, h=h)
    return y.astype(np.result_type(a, b))[()]


def _delta2(a: Any, b: Any) -> Any:
    """Return 1 - m sin² φ, as a sum of positive terms for m < 1."""
    s, c = np.sin(a), np.cos(a)
    return c * c + (1 - b) * s * s


def _integrand(a: Any, b: Any, n: int, h: int) -> Any:
    return np.sin(a) ** (2 * n) * _delta2(a, b) ** (-h / 2)


_AMPLITUDES = [
    case(amplitude(3, 2), below_one(3, 2), n=1, h=3),
    case(amplitude(2, 3), below_one(3), n=1, h=1),
    case(amplitude(2), below_one(2), n=2, h=5),
    case(amplitude(), below_one(), n=2, h=3),
]


@general(
    _by_amplitude,
    arguments=("a", "b"),
    on=_AMPLITUDES,
    name="amplitude_integral",
    broadcasts=True,
    analytic=False,
    singular=True,
    pattern="elementwise",
)
class amplitude_integral:
    """y = ∫₀ᵃ sin^(2n) (1 - b sin²)^(-h/2);  ∂a is the integrand, ∂b = h/2 y with n + 1 and h + 2."""

    def tangent_a(t: Any, a: Any, b: Any, *, n: int, h: int) -> Any:
        return t * _integrand(a, b, n, h)

    def adjoint_a(ct: Any, a: Any, b: Any, *, n: int, h: int) -> Any:
        return ct * _integrand(a, b, n, h)

    def tangent_b(t: Any, a: Any, b: Any, *, n: int, h: int) -> Any:
        return t * (h / 2) * amplitude_integral(a, b, n=n + 1, h=h + 2)

    def adjoint_b(ct: Any, a: Any, b: Any, *, n: int, h: int) -> Any:
        return ct * (h / 2) * amplitude_integral(a, b, n=n + 1, h=h + 2)


ellipkinc = elementwise(
    special.ellipkinc,
    lambda a, b: 1 / np.sqrt(_delta2(a, b)),
    lambda a, b: amplitude_integral(a, b, n=1, h=3) / 2,
    on=(amplitude, below_one),
    analytic=False,
    formula="∂a = (1 - b sin² a)^(-1/2), ∂b = ½ ∫₀ᵃ sin² (1 - b sin²)^(-3/2)",
)
ellipeinc = elementwise(
    special.ellipeinc,
    lambda a, b: np.sqrt(_delta2(a, b)),
    lambda a, b: amplitude_integral(a, b, n=1, h=1) / -2,
    on=(amplitude, below_one),
    analytic=False,
    formula="∂a = (1 - b sin² a)^(1/2), ∂b = -½ ∫₀ᵃ sin² (1 - b sin²)^(-1/2)",
)


def _by_argument(a: Any, b: Any, *, n: int) -> Any:
    a, b = np.broadcast_arrays(a, b)
    sn, cn, _, phi = special.ellipj(a, b)
    periods = np.round(phi / np.pi)
    sign = np.where(periods % 2 == 0, 1, -1)
    y = _with_periods(sign * sn, cn * cn, periods, b, n=n, h=2 * n + 1)
    return y.astype(np.result_type(a, b))[()]


def _sd(a: Any, b: Any, n: int) -> Any:
    sn, _, dn, _ = ellipj(a, b)
    return (sn / dn) ** (2 * n)


def _sd_by_modulus(a: Any, b: Any, n: int) -> Any:
    return (n + 0.5) * sd_integral(a, b, n=n + 1) - sd_integral(a, b, n=1) * _sd(a, b, n) / 2


@general(
    _by_argument,
    arguments=("a", "b"),
    on=[
        case(amplitude(3, 2), modulus(3, 2), n=1),
        case(amplitude(2, 3), modulus(3), n=1),
        case(amplitude(), modulus(), n=2),
    ],
    name="sd_integral",
    broadcasts=True,
    analytic=False,
    singular=True,
    pattern="elementwise",
)
class sd_integral:
    """y = ∫₀ᵃ sd(u|b)^(2n) du;  ∂a = sd^(2n), ∂b = (n+½) y' - ½ sd^(2n) y₁, y' of n + 1 and y₁ of n = 1."""

    def tangent_a(t: Any, a: Any, b: Any, *, n: int) -> Any:
        return t * _sd(a, b, n)

    def adjoint_a(ct: Any, a: Any, b: Any, *, n: int) -> Any:
        return ct * _sd(a, b, n)

    def tangent_b(t: Any, a: Any, b: Any, *, n: int) -> Any:
        return t * _sd_by_modulus(a, b, n)

    def adjoint_b(ct: Any, a: Any, b: Any, *, n: int) -> Any:
        return ct * _sd_by_modulus(a, b, n)


def _slopes_by_argument(b: Any, y: Any) -> tuple[Any, ...]:
    sn, cn, dn, _ = y
    return cn * dn, -sn * dn, -b * sn * cn, dn


def _slopes_by_modulus(a: Any, b: Any, y: Any) -> tuple[Any, ...]:
    sn, cn, dn, _ = y
    turn = -dn * sd_integral(a, b, n=1) / 2
    return cn * turn, -sn * turn, -sn * (sn + 2 * b * cn * turn) / (2 * dn), turn


@general(
    special.ellipj,
    arguments=("a", "b"),
    on=[
        case(amplitude(3, 2), modulus(3, 2)),
        case(amplitude(2, 3), modulus(3)),
        case(amplitude(1, 3), modulus(2, 1)),
        case(reals(), modulus()),
    ],
    name="ellipj",
    broadcasts=True,
    analytic=False,
    singular=True,
    pattern="elementwise",
)
class ellipj:
    """∂a (sn, cn, dn, am) = (cn dn, -sn dn, -b sn cn, dn);  ∂b am = -½ dn ∫₀ᵃ sd² (DLMF 22.13(i), 22.16(i))."""

    def tangent_a(t: Any, b: Any, y: Any) -> tuple[Any, ...]:
        return tuple(t * p for p in _slopes_by_argument(b, y))

    def adjoint_a(ct: Any, b: Any, y: Any) -> Any:
        return sum(c * p for c, p in zip(ct, _slopes_by_argument(b, y), strict=True))

    def tangent_b(t: Any, a: Any, b: Any, y: Any) -> tuple[Any, ...]:
        return tuple(t * p for p in _slopes_by_modulus(a, b, y))

    def adjoint_b(ct: Any, a: Any, b: Any, y: Any) -> Any:
        return sum(c * p for c, p in zip(ct, _slopes_by_modulus(a, b, y), strict=True))


numpy_function(special.ellipj, kind="rule", note="SciPy's domain: 0 ≤ m ≤ 1")(ellipj)


def _no_harmonics(name: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            f"scipy.special.{name}",
            "ellipsoidal harmonics have no rule: their coefficients are eigenvectors that SciPy keeps to itself",
            "pass dualrev.value(...) of its arguments, or declare a rule with dualrev.primitive",
        )

    return refuse


for _name, _function in (
    *((n, getattr(special, n)) for n in ("ellip_harm", "ellip_harm_2", "ellip_normal")),
    ("ellip_harm", special._ufuncs._ellip_harm),
):
    numpy_function(
        _function,
        kind="unsupported",
        note="SciPy keeps the coefficients of the harmonics to itself",
    )(_no_harmonics(_name))
