"""Zeta functions: Riemann's, Hurwitz's ζ(s, q) = Σ (q+k)^-s, its derivatives in s, its differences in q.

Derivatives of the gamma function are made of these: ψ'(x) = ζ(2, x). Sums are by Euler and Maclaurin
(DLMF 25.11.7): terms one by one up to q + N ≥ 12, then the tail by 14 Bernoulli numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.contraction import array_operand
from dualrev.rules.special.orders import by_order

__all__ = ["hurwitz", "zeta_difference"]

_ufuncs = special._ufuncs
_BERNOULLI = [
    float(b) / math.factorial(2 * k) for k, b in enumerate(special.bernoulli(28)[2::2], 1)
]
_FAR = 12.0
# Below this, negative q are reflected: SciPy adds one term after the other.
_REFLECT = -30.0
_HIGH = 500.0


def _times(p: list[Any], q: list[Any]) -> list[Any]:
    """Multiply two truncated Taylor series."""
    return [sum(p[i] * q[k - i] for i in range(k + 1)) for k in range(len(p))]


def _shifted_power(n: int, s: Any, w: Any) -> list[Any]:
    """Return the Taylor series of w^-(s+ε) in ε up to εⁿ."""
    log = np.log(w)
    return [w**-s * (-log) ** k / math.factorial(k) for k in range(n + 1)]


def _steps(s: Any, q: Any) -> int:
    """Return how many terms bring q to where the tail is accurate, or negligible: larger s need more."""
    size = np.clip(np.real(s), 0.0, 1e3)
    target = _FAR + size
    least = target - np.real(q)
    negligible = np.where(np.real(q) > 0, np.real(q) * np.expm1(46.0 / (size + 1e-3)) + 1, np.inf)
    needed = np.where(np.abs(np.imag(q)) < target, np.minimum(least, negligible), 0)
    return max(0, math.ceil(float(np.max(needed[np.isfinite(needed)], initial=0.0))))


def _euler_maclaurin(n: int, s: Any, q: Any) -> Any:
    """Return the n-th derivative in s of ζ(s, q); where |Im s| is large, N grows with it."""
    height = float(np.max(np.abs(np.imag(s)), initial=0.0))
    count = _steps(s, q) + (math.ceil(min(height, _HIGH)) if np.iscomplexobj(s) else 0)
    total = 0.0
    for k in range(count):
        w = q + k
        total = total + (-np.log(w)) ** n * w**-s
    w = q + count
    power = _shifted_power(n, s, w)
    pole = [(-1) ** k / (s - 1.0) ** (k + 1) for k in range(n + 1)]
    tail = w * _times(power, pole)[n] + 0.5 * power[n]
    rising = [s, 1.0, *[0.0] * n][: n + 1]
    for k, b in enumerate(_BERNOULLI, 1):
        tail = tail + b * w ** (1 - 2 * k) * _times(power, rising)[n]
        for j in (2 * k - 1, 2 * k):
            rising = _times(rising, [s + j, 1.0, *[0.0] * n][: n + 1])
    y = math.factorial(n) * tail + total
    return np.where(np.abs(np.imag(s)) > _HIGH, np.nan, y) if np.iscomplexobj(s) else y


def _reflected(m: int, q: Any) -> Any:
    """Return ζ(m, q) for whole m ≥ 2 by Σ over all integers, the derivatives of the cotangent (DLMF 5.15.6)."""
    r = q - np.rint(np.real(q))
    c = np.cos(np.pi * r) / np.sin(np.pi * r)
    poly = np.polynomial.Polynomial([-1.0])
    for _ in range(m - 2):
        poly = -(np.polynomial.Polynomial([0.0, 2.0]) * poly) - (
            np.polynomial.Polynomial([1.0, 0.0, 1.0]) * poly.deriv()
        )
    both = np.pi**m * poly(c) / np.sin(np.pi * r) ** 2 / math.factorial(m - 1)
    return (-1) ** (m - 1) * (_zeta_at(float(m), 1.0 - q) + both)


def _zeta_at(s: float, q: Any) -> Any:
    """Return ζ(s, q) for one s and an array q, also complex."""
    if not np.iscomplexobj(q):
        return _ufuncs._zeta(s, q)
    return _euler_maclaurin(0, s, q)


@by_order()
def _hurwitz(n: int, s: Any, q: Any) -> Any:
    if n == 0 and not np.iscomplexobj(s):
        whole = (s == np.rint(s)) & (s >= 2) & (s <= 40)
        low = whole & (np.real(q) < _REFLECT) & (np.abs(np.imag(q)) < _FAR) & np.isfinite(q)
        low &= q != np.rint(np.real(q))
        kept = np.where(low, 1.0, q)
        if np.iscomplexobj(q):
            y = np.where(kept == 0, np.inf, _euler_maclaurin(0, s, np.where(kept == 0, 1.0, kept)))
        else:
            y = _ufuncs._zeta(s, kept)
        for m in np.unique(s[low]):
            here = low & (s == m)
            y[here] = _reflected(int(m), q[here])
        return y
    return _euler_maclaurin(n, s, np.where(np.real(q) > 0, q, np.nan))


def _between(low: float, high: float, name: str) -> Domain:
    return Domain(name, lambda rng, shape: rng.uniform(low, high, shape))


_over_one = _between(1.3, 5.0, "(1, inf)")
_positive = _between(0.3, 4.0, "(0, inf)")


def _hurwitz_slope(a: Any, b: Any, c: Any) -> Any:
    n = np.rint(a)
    return -b * hurwitz(n, b + 1, c) - n * hurwitz(np.maximum(n - 1, 0), b + 1, c)


hurwitz = elementwise(
    _hurwitz,
    None,
    lambda a, b, c: hurwitz(a + 1, b, c),
    _hurwitz_slope,
    on=[
        case(0.0, _over_one(3, 2), _positive(3, 2)),
        case(1.0, _over_one(2, 3), _positive(3)),
        case(np.array([0.0, 1.0, 2.0]), _over_one(2, 3), _positive()),
        case(2.0, _over_one(), _positive(2)),
    ],
    name="hurwitz",
    analytic=False,
    formula="∂ⁿζ(s, q)/∂sⁿ: ∂s raises n, ∂q = -s y(n, s+1, q) - n y(n-1, s+1, q)",
    kinks="the order is a whole number; NaN for n > 0 and q ≤ 0",
)


# --------------------------------------------------------------------------------------------------
# Differences of two values near each other, term by term without cancellation


@by_order()
def _zeta_difference(s: int, z: Any, m: Any) -> Any:
    """Return ζ(s, z+m) − ζ(s, z); for s = 1, where both are infinite, ψ(z) − ψ(z+m)."""
    good = (np.real(z) > 0) & (np.real(z + m) > 0)
    y = np.zeros_like(z)
    y[good] = _difference(float(s), z[good], m[good])
    z, m = z[~good], m[~good]
    if s == 1:
        y[~good] = special.psi(z) - special.psi(z + m)
    else:
        y[~good] = hurwitz.fun(0, float(s), z + m) - hurwitz.fun(0, float(s), z)
    return y


def _difference(s: float, z: Any, m: Any) -> Any:
    count = max(_steps(s, z), _steps(s, z + m))

    def change(p: float, w: Any, ratio: Any) -> Any:
        return w**-p * np.expm1(-p * np.log1p(ratio))

    total = 0.0
    for k in range(count):
        total = total + change(s, z + k, m / (z + k))
    w = z + count
    ratio = m / w
    total = total + (-np.log1p(ratio) if s == 1 else change(s - 1, w, ratio) / (s - 1))
    total = total + 0.5 * change(s, w, ratio)
    rising = s
    for k, b in enumerate(_BERNOULLI, 1):
        total = total + b * rising * change(s + 2 * k - 1, w, ratio)
        rising *= (s + 2 * k - 1) * (s + 2 * k)
    return total


zeta_difference = elementwise(
    _zeta_difference,
    None,
    lambda a, b, c: -np.rint(a) * zeta_difference(a + 1, b, c),
    lambda a, b, c: -np.rint(a) * hurwitz(0, np.rint(a + 1), b + c),
    on=[
        case(1.0, _positive(3, 2), _positive(3, 2)),
        case(2.0, _positive(2, 3), _positive(3)),
        case(np.array([1.0, 2.0, 3.0]), _positive(2, 3), _positive()),
        case(1.0, _positive(), _positive()),
        case(1.0, _between(-0.9, -0.3, "")(3), _positive(2, 1)),
    ],
    name="zeta_difference",
    analytic=False,
    formula="ζ(s, z+m) − ζ(s, z), ψ(z) − ψ(z+m) for s = 1: ∂z = −s y(s+1, z, m), ∂m = −s ζ(s+1, z+m)",
)


# --------------------------------------------------------------------------------------------------
# SciPy's functions

zeta_of_two = elementwise(
    _ufuncs._zeta,
    lambda a, b: hurwitz(1, a, b),
    lambda a, b: -a * hurwitz(0, a + 1, b),
    on=[
        case(_over_one(3, 2), _positive(3, 2)),
        case(_over_one(2, 3), _positive(3)),
        case(_over_one(2, 1), _positive(1, 3)),
        case(_over_one(), _positive()),
    ],
    name="zeta",
    analytic=False,
    formula="∂s = −Σ log(q+k) (q+k)^-s, ∂q = −s ζ(s+1, q)",
    kinks="∂s is NaN for q ≤ 0",
)


def _zeta_slope(x: Any) -> Any:
    """Return ζ'(x), by the functional equation left of -1/2 (DLMF 25.4.1)."""
    left = np.real(x) < -0.5
    right = hurwitz(1, np.where(left, 2.0, x), 1.0)
    s = np.where(left, 1 - x, 1.5)
    angle = 0.5 * np.pi * s
    factor = 2.0 * (2.0 * np.pi) ** -s * special.gamma(s)
    value = np.cos(angle) * (special.psi(s) - np.log(2.0 * np.pi)) - 0.5 * np.pi * np.sin(angle)
    turned = value * riemann_zeta(s) + np.cos(angle) * hurwitz(1, s, 1.0)
    return np.where(left, -factor * turned, right)


_left_or_right = [
    case(_over_one(3, 2)),
    case(_between(-4.0, -0.7, "")(3)),
    case(_between(-0.4, 0.8, "")(2, 2)),
    case(_over_one()),
]

# Older versions of SciPy take real arguments only.
_complex_zeta = "D->D" in _ufuncs._riemann_zeta.types
_plane = case(lambda rng: rng.uniform(1.3, 4.0, (2, 2)) + 1j * rng.uniform(-2, 2, (2, 2)))
riemann_zeta = elementwise(
    _ufuncs._riemann_zeta,
    _zeta_slope,
    on=[*_left_or_right, _plane] if _complex_zeta else _left_or_right,
    analytic=False,
    name="riemann_zeta",
    formula="ζ'(x), by Euler-Maclaurin and the functional equation",
    kinks="NaN for |Im x| > 500",
)

zetac = elementwise(
    special.zetac,
    _zeta_slope,
    on=_left_or_right,
    analytic=False,
    formula="ζ'(x)",
)


@numpy_function(special.zeta, kind="rule", note="in both arguments; ∂x of two arguments for q > 0")
def zeta(x: Any, q: Any = None, out: Any = None) -> Any:
    """Answer ``scipy.special.zeta``."""
    if q is None:
        return _ufuncs._riemann_zeta(x, out=out)
    return _ufuncs._zeta(x, q, out=out)


@numpy_function(special.polygamma, note="the order is a whole number, a constant")
def polygamma(n: Any, x: Any) -> Any:
    """Answer ``scipy.special.polygamma`` by the zeta function (DLMF 25.11.12)."""
    n, x = array_operand(n), array_operand(x)
    y = (-1.0) ** (n + 1) * special.gamma(n + 1.0) * _ufuncs._zeta(n + 1, x)
    return np.where(n == 0, special.psi(x), y)
