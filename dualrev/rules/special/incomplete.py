"""The incomplete gamma and beta integrals, differentiated in their parameters to any order.

∂ⁿP(a, x)/∂aⁿ is the integral of ∂ⁿw/∂aⁿ from 0 to x, w the density; over all t it vanishes for n > 0. So the tail
on whose side the first one keeps its sign is taken, and nothing cancels there. Substitutions turn an integral into one
with exponential decay, for the trapezoidal rule of Takahasi and Mori (1974, Publ. RIMS 9, 721).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, positive
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Primitive
from dualrev.core.ufuncs import special
from dualrev.rules.special.hurwitz import zeta_difference
from dualrev.rules.special.orders import by_order

__all__ = ["beta_density", "betainc_order", "gamma_density", "gammainc_order"]

_LARGE = 10.0
_STEP = 0.09
_MOST = 2000
_BLOCK = 1 << 16
_HUGE = 1e12
_FIRST = -4.0
_DECAY = 60.0
# Bernoulli numbers over 2k (2k-1): Stirling's series (DLMF 5.11.1).
_STIRLING = [float(b) / (2 * k * (2 * k - 1)) for k, b in enumerate(special.bernoulli(20)[2::2], 1)]


# --------------------------------------------------------------------------------------------------
# Densities, without the cancellation of large logarithms (Loader 2000, Fast and accurate computation
# of binomial probabilities)


def _log1pmx(u: Any, log: Any = None) -> Any:
    """Return log(1+u) - u; `log` is log(1+u) where that is known better."""
    small = np.abs(u) < 0.3
    v = np.where(small, u, 0)
    total = np.zeros_like(v)
    for k in range(34, 1, -1):
        total = total * v + (-1) ** (k + 1) / k
    return np.where(small, total * v * v, (np.log1p(u) if log is None else log) - u)


def _stirling(a: Any) -> Any:
    """Return log Γ(a) - (a - 1/2) log a + a - log √(2π) for a ≥ 10."""
    total = np.zeros_like(a)
    for c in reversed(_STIRLING):
        total = total / (a * a) + c
    return total / a


def _gamma_mass(a: Any, x: Any) -> Any:
    """Return x^a exp(-x) / Γ(a)."""
    large = a >= _LARGE
    s = np.where(large, a, _LARGE)
    far = np.sqrt(s / (2 * np.pi)) * np.exp(s * _log1pmx((x - s) / s, np.log(x / s)) - _stirling(s))
    near = np.exp(special.xlogy(np.where(large, 1, a), x) - x) * special.rgamma(
        np.where(large, 1, a)
    )
    return np.where(large, far, near)


def _gamma_ratio(a: Any, b: Any) -> Any:
    """Return log Γ(b)/Γ(a+b) + a log(a+b) for b ≥ 10."""
    ratio = a / b
    return 0.5 * np.log1p(ratio) - b * _log1pmx(ratio) + _stirling(b) - _stirling(a + b)


def _beta_mass(a: Any, b: Any, x: Any, xc: Any) -> Any:
    """Return x^a (1-x)^b / B(a, b), with xc = 1 - x."""
    both = (a >= _LARGE) & (b >= _LARGE)
    one = ~both & ((a >= _LARGE) | (b >= _LARGE))
    s, t = np.where(both, a, _LARGE), np.where(both, b, _LARGE)
    n = s + t
    off = x * t - xc * s
    log_x = np.where(x < 0.5, np.log(x), np.log1p(-xc))
    log_xc = np.where(x < 0.5, np.log1p(-x), np.log(xc))
    first = _log1pmx(off / s, log_x - np.log(s / n))
    second = _log1pmx(-off / t, log_xc - np.log(t / n))
    y = np.sqrt(s / n * t / (2 * np.pi)) * np.exp(
        s * first + t * second + _stirling(n) - _stirling(s) - _stirling(t)
    )
    # The small parameter first.
    turn = a > b
    s, t = np.where(one, np.where(turn, b, a), 1), np.where(one, np.where(turn, a, b), _LARGE)
    log_s, log_t = np.where(turn, log_xc, log_x), np.where(turn, log_x, log_xc)
    y_one = special.rgamma(s) * np.exp(s * (log_s + np.log(s + t)) + t * log_t - _gamma_ratio(s, t))
    s, t = np.where(both | one, 1, a), np.where(both | one, 1, b)
    y_none = np.exp(s * log_x + t * log_xc) / special.beta(s, t)
    return np.where(both, y, np.where(one, y_one, y_none))


# --------------------------------------------------------------------------------------------------
# Factors h with ∂ⁿw = h w: complete Bell polynomials in the derivatives of log w


def _polygamma(k: int, x: Any) -> Any:
    if k == 0:
        return special.psi(x)
    return (-1) ** (k + 1) * math.factorial(k) * special.zeta(k + 1, x)


def _gamma_factor(n: int, u: Any, a: Any) -> Any:
    """Return ∂ⁿw/∂aⁿ over w, where u = log t - ψ(a)."""
    derivatives = [u, *(-_polygamma(k, a) for k in range(1, n))]
    h: list[Any] = [1.0]
    for k in range(n):
        h.append(sum(math.comb(k, i) * derivatives[i] * h[k - i] for i in range(k + 1)))
    return h[n]


def _beta_factor(n: int, m: int, u: Any, v: Any, a: Any, b: Any) -> Any:
    """Return ∂ⁿ⁺ᵐw/∂aⁿ∂bᵐ over w; u = log t - ψ(a) + ψ(a+b), v = log(1-t) - ψ(b) + ψ(a+b)."""
    mixed = [_polygamma(k, a + b) if k else 0.0 for k in range(n + m)]
    pure = [[_polygamma(k, c) if k else 0.0 for k in range(max(n, m))] for c in (a, b)]

    def log(i: int, j: int) -> Any:
        if i + j == 1:
            return u if i else v
        both = mixed[i + j - 1]
        return both - pure[0][i - 1] if j == 0 else both - pure[1][j - 1] if i == 0 else both

    h: dict[tuple[int, int], Any] = {(0, 0): 1.0}
    for j in range(m):
        h[0, j + 1] = sum(math.comb(j, q) * log(0, q + 1) * h[0, j - q] for q in range(j + 1))
    for i in range(n):
        for j in range(m + 1):
            h[i + 1, j] = sum(
                math.comb(i, p) * math.comb(j, q) * log(p + 1, q) * h[i - p, j - q]
                for p in range(i + 1)
                for q in range(j + 1)
            )
    return h[n, m]


# --------------------------------------------------------------------------------------------------
# Integrals


def _integral(exponent: Any, factor: Any, reach: Any) -> Any:
    """Return ∫ exp(-exponent(z)) factor(z) dz from 0 on, where exponent is near 60 at `reach` at the latest."""
    low, high = np.log(reach) - 120.0, np.log(reach)
    for _ in range(24):
        middle = 0.5 * (low + high)
        small = exponent(np.exp(middle)) < 1.0
        low, high = np.where(small, middle, low), np.where(small, high, middle)
    scale = np.exp(0.5 * (low + high))
    last = np.nan_to_num(np.log(np.maximum(_DECAY, reach / scale)))
    nodes = 1 + min(_MOST, math.ceil(float(np.max(last - _FIRST, initial=1.0)) / _STEP))
    step = (last - _FIRST) / (nodes - 1)
    total = 0.0
    at_once = max(1, _BLOCK // max(1, np.size(scale)))
    for start in range(0, nodes, at_once):
        s = _FIRST + np.arange(start, min(start + at_once, nodes))[:, None] * step
        e = np.exp(-s)
        z = scale * np.exp(s - e)
        weight = np.exp(-np.maximum(exponent(z), -700.0)) * z * (1 + e)
        total = total + np.sum(np.where(weight > 0, weight * factor(z), 0.0), axis=0)
    return step * total


def _gamma_lower(n: int, a: Any, x: Any) -> Any:
    """∫ from 0 to x, by t = x exp(-z)."""
    start = np.log(x) - special.psi(a)
    return _gamma_mass(a, x) * _integral(
        lambda z: a * z + x * np.expm1(-z),
        lambda z: _gamma_factor(n, start - z, a),
        _DECAY / a + np.sqrt(2 * _DECAY / a) + (_DECAY + x) / a,
    )


def _gamma_upper(n: int, a: Any, x: Any) -> Any:
    """∫ from x to infinity, by t = x + z."""
    start = np.log(x) - special.psi(a)
    return (
        _gamma_mass(a, x)
        / x
        * _integral(
            lambda z: z - (a - 1) * np.log1p(z / x),
            lambda z: _gamma_factor(n, start + np.log1p(z / x), a),
            2 * _DECAY + 4 * np.sqrt(_DECAY * a),
        )
    )


def _beta_lower(n: int, m: int, a: Any, b: Any, x: Any, xc: Any) -> Any:
    """∫ from 0 to x, by t = x exp(-z); 1 - t = xc - x expm1(-z)."""
    start = np.where(x < 0.5, np.log(x), np.log1p(-xc)) - _psi_change(a, b)
    end = -_psi_change(b, a)

    def rest(z: Any) -> Any:
        return xc - x * np.expm1(-z)

    def exponent(z: Any) -> Any:
        return a * z - (b - 1) * np.log1p(-x / xc * np.expm1(-z))

    def factor(z: Any) -> Any:
        return _beta_factor(n, m, start - z, end + np.log(rest(z)), a, b)

    return (
        _beta_mass(a, b, x, xc)
        / xc
        * _integral(exponent, factor, 3 * _DECAY / a + np.maximum(0, np.log(b / a)))
    )


def _psi_change(a: Any, b: Any) -> Any:
    """Return ψ(a) - ψ(a+b)."""
    return zeta_difference.fun(1, a, b)


@by_order()
def _gamma_density(n: int, a: Any, x: Any) -> Any:
    y = _gamma_mass(a, x) / x
    return np.where(y == 0, 0, y * _gamma_factor(n, np.log(x) - special.psi(a), a)) if n else y


@by_order()
def _gammainc_order(n: int, a: Any, x: Any) -> Any:
    if n == 0:
        return special.gammainc(a, x)
    y = np.where((a > 0) & (a < _HUGE) & (x >= 0), 0.0, np.nan)
    inside = (a > 0) & (x > 0) & (x < np.inf)
    low = inside & (x <= np.exp(special.psi(a)))
    high = inside & ~low
    y[low] = _gamma_lower(n, a[low], x[low])
    y[high] = -_gamma_upper(n, a[high], x[high])
    return y


@by_order(2)
def _beta_density(n: int, m: int, a: Any, b: Any, x: Any) -> Any:
    xc = 1 - x
    y = _beta_mass(a, b, x, xc) / (x * xc)
    if n + m == 0:
        return y
    u = np.log(x) - _psi_change(a, b)
    v = np.log1p(-x) - _psi_change(b, a)
    return np.where(y == 0, 0, y * _beta_factor(n, m, u, v, a, b))


@by_order(2)
def _betainc_order(n: int, m: int, a: Any, b: Any, x: Any) -> Any:
    if n + m == 0:
        return special.betainc(a, b, x)
    good = (a > 0) & (b > 0) & (x >= 0) & (x <= 1) & (a < _HUGE) & (b < _HUGE)
    y = np.where(good, 0.0, np.nan)
    inside = good & (x > 0) & (x < 1)
    if m == 0:
        split = np.exp(_psi_change(np.where(inside, a, 1), np.where(inside, b, 1)))
    elif n == 0:
        split = -np.expm1(_psi_change(np.where(inside, b, 1), np.where(inside, a, 1)))
    else:
        split = a / (a + b)
    low = inside & (x <= split)
    high = inside & ~low
    xc = 1 - x
    y[low] = _beta_lower(n, m, a[low], b[low], x[low], xc[low])
    y[high] = -_beta_lower(m, n, b[high], a[high], xc[high], x[high])
    return y


def _below(n: Any) -> Any:
    return np.maximum(np.rint(n) - 1, 0)


_unit = Domain("(0, 1)", lambda rng, shape: rng.uniform(0.1, 0.9, shape))
_orders = np.array([0.0, 1.0, 2.0])


def _gamma_density_slope(a: Any, b: Any, c: Any, y: Any) -> Any:
    return (b - c - 1) / c * y + np.rint(a) / c * gamma_density(_below(a), b, c)


gamma_density = elementwise(
    _gamma_density,
    None,
    lambda a, b, c: gamma_density(a + 1, b, c),
    _gamma_density_slope,
    on=[
        case(0.0, positive(2), positive(2)),
        case(_orders, positive(3), positive()),
    ],
    name="gamma_density",
    analytic=False,
    formula="∂ⁿ/∂aⁿ x^(a-1) exp(-x)/Γ(a)",
)
gammainc_order: Primitive = elementwise(
    _gammainc_order,
    None,
    lambda a, b, c: gammainc_order(a + 1, b, c),
    lambda a, b, c: gamma_density(a, b, c),
    on=[
        case(0.0, positive(2), positive(2)),
        case(_orders, positive(3), positive()),
    ],
    name="gammainc_order",
    analytic=False,
    formula="∂ⁿ/∂aⁿ P(a, x), by quadrature; ∂x is the density's",
)


def _beta_density_slope(a: Any, b: Any, c: Any, d: Any, e: Any, y: Any) -> Any:
    # Sums with 1 are taken in the precision of all operands together.
    e = e + 0 * (c + d)
    slope = ((c - 1) / e - (d - 1) / (1 - e)) * y
    slope = slope + np.rint(a) / e * beta_density(_below(a), b, c, d, e)
    return slope - np.rint(b) / (1 - e) * beta_density(a, _below(b), c, d, e)


_beta_cases = [
    case(0.0, 0.0, positive(2), positive(2), _unit(2)),
    case(_orders, 1.0, positive(3), positive(), _unit()),
]
beta_density = elementwise(
    _beta_density,
    None,
    None,
    lambda a, b, c, d, e: beta_density(a + 1, b, c, d, e),
    lambda a, b, c, d, e: beta_density(a, b + 1, c, d, e),
    _beta_density_slope,
    on=_beta_cases,
    name="beta_density",
    analytic=False,
    formula="∂ⁿ⁺ᵐ/∂aⁿ∂bᵐ x^(a-1) (1-x)^(b-1)/B(a, b)",
)
betainc_order: Primitive = elementwise(
    _betainc_order,
    None,
    None,
    lambda a, b, c, d, e: betainc_order(a + 1, b, c, d, e),
    lambda a, b, c, d, e: betainc_order(a, b + 1, c, d, e),
    lambda a, b, c, d, e: beta_density(a, b, c, d, e),
    on=_beta_cases,
    name="betainc_order",
    analytic=False,
    formula="∂ⁿ⁺ᵐ/∂aⁿ∂bᵐ I(a, b; x), by quadrature; ∂x is the density's",
)
