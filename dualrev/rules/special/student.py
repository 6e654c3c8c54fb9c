"""Student's t, the normal distribution's parameters, Kolmogorov and Smirnov, Tukey's lambda."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, positive, reals
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Refusal
from dualrev.core.ufuncs import special
from dualrev.rules.special.hurwitz import zeta_difference
from dualrev.rules.special.implicit import implicit
from dualrev.rules.special.incomplete import beta_density, betainc_order
from dualrev.rules.special.orders import by_order
from dualrev.rules.special.quotients import exp_quotient

__all__: list[str] = []

_unit = Domain("(0, 1)", lambda rng, shape: rng.uniform(0.2, 0.8, shape))
_some = Domain("(1.5, 4)", lambda rng, shape: rng.uniform(1.5, 4.0, shape))
_ROOT_2PI = math.sqrt(2.0 * math.pi)

# --------------------------------------------------------------------------------------------------
# Student: F(t) = 1/2 + sign(t)/2 I(1/2, ν/2; w), w = t²/(ν + t²)


def _density(v: Any, t: Any) -> Any:
    power = np.exp(-0.5 * (v + 1) * np.log1p(t * t / v))
    return power / (np.sqrt(v) * special.beta(0.5, 0.5 * v))


def _score(v: Any, t: Any) -> Any:
    """∂ log f/∂ν."""
    gammas = -zeta_difference(1, 0.5 * v, 0.5) - 1 / v
    return 0.5 * (gammas - np.log1p(t * t / v) + (v + 1) / v * (t * t / (v + t * t)))


def _tail(n: int, v: Any, t: Any) -> Any:
    """Return ∂ⁿ/∂bⁿ I(1/2, b; w) at b = ν/2, by the tail in which w is small."""
    upper = t * t > v
    square = t * t
    w = np.where(upper, v, square) / (v + square)
    half = 0.5 + 0.0 * v
    y = betainc_order(
        np.where(upper, n, 0.0),
        np.where(upper, 0.0, n),
        np.where(upper, 0.5 * v, half),
        np.where(upper, half, 0.5 * v),
        w,
    )
    return np.where(upper, -y, y)


def _slope_value(v: Any, t: Any) -> Any:
    return 0.25 * np.sign(t) * _tail(1, v, t) - 0.5 * t * _density(v, t) / v


def _slope_in_df(a: Any, b: Any) -> Any:
    at = np.where(b == 0, 1.0, b)
    square = at * at
    w = square / (a + square)
    kernel = beta_density(0, 1, 0.5 + 0.0 * a, 0.5 * a, w) * square / (a + square) ** 2
    f = _density(a, at)
    y = np.sign(at) * (0.125 * _tail(2, a, at) - 0.25 * kernel)
    return np.where(b == 0, 0.0, y - 0.5 * at * f * (_score(a, at) / a - 1 / (a * a)))


student_slope = elementwise(
    _slope_value,
    lambda a, b: _slope_in_df(a, b),
    lambda a, b: _density(a, b) * _score(a, b),
    on=[case(_some(2), reals(2)), case(_some(), reals(2, 1))],
    name="student_slope",
    analytic=False,
    formula="∂F/∂ν of Student's t, by quadrature",
)
stdtr = elementwise(
    special.stdtr,
    lambda a, b: student_slope(a, b),
    lambda a, b: _density(a, b),
    on=(_some, reals),
    analytic=False,
    formula="∂t = (1+t²/ν)^(-(ν+1)/2)/(√ν B(1/2, ν/2)), ∂ν by quadrature",
    kinks="∂ν loses about log10(ν) digits",
)
_STDTR = (lambda v, t: student_slope(v, t), _density)
stdtrit = implicit(
    special.stdtrit, (0, None), 1, _STDTR, (_some, _unit), formula="stdtr(df, y) = p"
)


stdtridf = implicit(
    special.stdtridf,
    (None, 1),
    0,
    _STDTR,
    [case(special.stdtr(np.array([1.5, 2.5]), 0.9), 0.9)],
    formula="stdtr(y, t) = p",
)

# --------------------------------------------------------------------------------------------------
# Parameters of the normal distribution


def _quantile_slope(z: Any) -> Any:
    return _ROOT_2PI * np.exp(0.5 * z * z)


nrdtrimn = elementwise(
    special.nrdtrimn,
    lambda b, c, y: -b * _quantile_slope((c - y) / b),
    lambda b, c, y: -(c - y) / b,
    1.0,
    on=[case(_unit(3, 2), positive(2), reals()), case(_unit(), positive(2, 1), reals(3))],
    analytic=False,
    formula="x - σ ndtri(p)",
)
_off_half = Domain("(0.6, 0.9)", lambda rng, shape: rng.uniform(0.6, 0.9, shape))
nrdtrisd = elementwise(
    special.nrdtrisd,
    lambda a, c, y: -y / (c - a),
    lambda a, c, y: -y * y / (c - a) * _quantile_slope((c - a) / y),
    lambda a, c, y: y / (c - a),
    on=[
        case(
            reals(3, 2),
            _off_half(2),
            Domain("(5, 9)", lambda rng, shape: rng.uniform(5, 9, shape))(),
        ),
        case(-0.4, _off_half(3), np.array([[2.0], [3.0]])),
    ],
    analytic=False,
    formula="(x - μ)/ndtri(p)",
)

# --------------------------------------------------------------------------------------------------
# Kolmogorov and Smirnov


def _kolmogorov_slope(x: Any) -> Any:
    """Minus the density, by the two series of theta functions (Marsaglia, Tsang & Wang 2003)."""
    low = x < 0.82
    small = np.where(low & (x > 0.02), x, 0.5)
    large = np.where(low, 1.0, x)
    below: Any = 0.0
    above: Any = 0.0
    for k in (1, 3, 5, 7):
        c = k * k * math.pi**2 / 8
        inverse = 1 / (small * small)
        below = below - np.exp(-c * inverse) * inverse * (2 * c * inverse - 1)
    for k in range(1, 8):
        above = above + (-1) ** k * k * k * np.exp(-2.0 * k * k * large * large)
    y = np.where(low, _ROOT_2PI * below, 8.0 * large * above)
    return np.where(low & (x <= 0.02), 0.0, y)


_points = Domain("(0.4, 2)", lambda rng, shape: rng.uniform(0.4, 2.0, shape))
kolmogorov = elementwise(
    special.kolmogorov,
    lambda x: _kolmogorov_slope(x),
    on=_points,
    analytic=False,
    formula="8x Σ (-1)^k k² exp(-2k²x²), and its theta transform for small x",
)
kolmogi = elementwise(
    special.kolmogi,
    lambda y: 1 / _kolmogorov_slope(y),
    on=_unit,
    analytic=False,
    formula="1/kolmogorov'(y)",
)
_COUNT = Refusal("the number of samples is a whole number", "pass it as a constant")


@by_order()
def _smirnov(m: int, n: Any, d: Any) -> Any:
    """Return the m-th derivative in d of Σ C(n, j) d (d+j/n)^(j-1) (1-d-j/n)^(n-j) (Birnbaum & Tingey 1951)."""
    if m == 0:
        return special.smirnov(n, d)
    flat = [_smirnov_at(m, int(k), float(x)) for k, x in zip(np.floor(n), d, strict=True)]
    return np.array(flat)


def _smirnov_at(m: int, n: int, d: float) -> float:
    if not 0 < d < 1 or not 0 < n < 10**6:
        return 0.0 if 0 <= d <= 1 else math.nan
    j = np.arange(math.floor(n * (1 - d)) + 1.0)
    left, right = d + j / n, 1 - d - j / n
    j, left, right = (v[right > 0] for v in (j, left, right))
    chosen = special.gammaln(n + 1.0) - special.gammaln(j + 1) - special.gammaln(n - j + 1)
    size = np.exp(chosen + (j - 1) * np.log(left) + (n - j) * np.log(right))

    # Taylor series in d of each factor, to order m.
    def power(base: Any, exponent: Any, sign: float) -> list[Any]:
        terms = [np.ones_like(base)]
        for k in range(m):
            terms.append(terms[-1] * sign * (exponent - k) / ((k + 1) * base))
        return terms

    one, two = power(left, j - 1, 1.0), power(right, n - j, -1.0)
    both = [sum(one[i] * two[k - i] for i in range(k + 1)) for k in range(m + 1)]
    return math.factorial(m) * float(np.sum(size * (d * both[m] + both[m - 1])))


smirnov_order = elementwise(
    _smirnov,
    None,
    _COUNT,
    lambda a, b, c: smirnov_order(a + 1, b, c),
    on=[
        case(0.0, 5, _unit(3)),
        case(np.array([1.0, 2.0]), 4, np.array([0.31, 0.62])),
        case(1.0, 3, 0.55),
    ],
    name="smirnov_order",
    analytic=False,
    formula="the derivatives of Smirnov's function in d",
)
_smirnov_samples = [
    case(np.array([3, 4, 5]), np.array([[0.31, 0.62, 0.33], [0.12, 0.29, 0.71]])),
    case(6, 0.3),
]
smirnov = elementwise(
    special.smirnov,
    _COUNT,
    lambda a, b: smirnov_order(1, a, b),
    on=_smirnov_samples,
    analytic=False,
    formula="by the terms of its sum",
)
smirnovi = elementwise(
    special.smirnovi,
    _COUNT,
    lambda a, y: 1 / smirnov_order(1, a, y),
    on=_smirnov_samples,
    analytic=False,
    formula="1/smirnov'(n, y)",
)

# --------------------------------------------------------------------------------------------------
# Tukey's lambda: x = (p^λ - (1-p)^λ)/λ, p = y


def _tukey_x(y: Any, shape: Any) -> Any:
    inside = (y > 0) & (y < 1)
    p = np.where(inside, y, 0.5)
    slope = 1 / (p ** (shape - 1) + (1 - p) ** (shape - 1))
    return np.where(inside, slope, 0.0)


def _tukey_shape(y: Any, shape: Any) -> Any:
    p = np.where((y > 0) & (y < 1), y, 0.5)
    u, v = np.log(p), np.log1p(-p)
    change = u * u * exp_quotient(1, shape * u) - v * v * exp_quotient(1, shape * v)
    return -change * _tukey_x(y, shape)


tklmbda = elementwise(
    special.tklmbda,
    lambda b, y: _tukey_x(y, b),
    lambda b, y: _tukey_shape(y, b),
    # SciPy bisects to 14 decimals: differences need large steps, which nearly straight pieces allow.
    on=[case(np.array([-0.08, 0.1]), 1.5), case(0.55, np.array([1.0, 1.4]))],
    analytic=False,
    formula="∂x = 1/(y^(λ-1) + (1-y)^(λ-1))",
    kinks="0 beyond the support",
)
