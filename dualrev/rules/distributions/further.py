"""Less common distributions, made of the normal one, of incomplete gamma functions or of elementary functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.ufuncs import special
from dualrev.rules.distributions.exponentials import burr_cdf, burr_sf, burr_terms
from dualrev.rules.distributions.family import INF, Excess, Power, family
from dualrev.rules.distributions.normal import log_mass, log_normal_density

__all__: list[str] = []

_LOG_2 = math.log(2.0)
_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_2 = math.sqrt(2.0)

# --------------------------------------------------------------------------------------------------
# Of the normal distribution


def _drift(x: Any, k: Any) -> Any:
    """Return the logarithm of what the exponential part takes from the normal distribution."""
    rate = 1.0 / k
    return rate * (0.5 * rate - x) + special.log_ndtr(x - rate)


family(
    "exponnorm",
    typical=(0.0, 1.0),
    terms=lambda x, k: (_drift(x, k) - np.log(k),),
    cdf=lambda x, k: special.ndtr(x) - np.exp(_drift(x, k)),
    sf=lambda x, k: special.ndtr(-x) + np.exp(_drift(x, k)),
    mean=lambda k: k,
    var=lambda k: 1.0 + k * k,
)
family(
    "johnsonsu",
    typical=(0.0, 0.0, 1.0),
    valid=lambda a, b: (b > 0) & ~np.isnan(a),
    terms=lambda x, a, b: (
        np.log(b) - 0.5 * np.log1p(x * x) + log_normal_density(a + b * np.arcsinh(x)),
    ),
    cdf=lambda x, a, b: special.ndtr(a + b * np.arcsinh(x)),
    sf=lambda x, a, b: special.ndtr(-a - b * np.arcsinh(x)),
    logcdf=lambda x, a, b: special.log_ndtr(a + b * np.arcsinh(x)),
    logsf=lambda x, a, b: special.log_ndtr(-a - b * np.arcsinh(x)),
    ppf=lambda q, a, b: np.sinh((special.ndtri(q) - a) / b),
    isf=lambda q, a, b: np.sinh((-special.ndtri(q) - a) / b),
)
family(
    "johnsonsb",
    typical=(0.5, 0.0, 1.0),
    valid=lambda a, b: (b > 0) & ~np.isnan(a),
    support=lambda a, b: (0.0, 1.0),
    open=True,
    terms=lambda x, a, b: (
        np.log(b) - np.log(x) - np.log1p(-x) + log_normal_density(a + b * special.logit(x)),
    ),
    cdf=lambda x, a, b: special.ndtr(a + b * special.logit(x)),
    sf=lambda x, a, b: special.ndtr(-a - b * special.logit(x)),
    logcdf=lambda x, a, b: special.log_ndtr(a + b * special.logit(x)),
    logsf=lambda x, a, b: special.log_ndtr(-a - b * special.logit(x)),
    ppf=lambda q, a, b: special.expit((special.ndtri(q) - a) / b),
    isf=lambda q, a, b: special.expit((-special.ndtri(q) - a) / b),
)
family(
    "foldnorm",
    typical=(1.0, 1.0),
    valid=lambda c: c >= 0,
    support=lambda c: (0.0, INF),
    terms=lambda x, c: (np.logaddexp(log_normal_density(x - c), log_normal_density(x + c)),),
    cdf=lambda x, c: 0.5 * (special.erf((x - c) / _ROOT_2) + special.erf((x + c) / _ROOT_2)),
    sf=lambda x, c: special.ndtr(c - x) + special.ndtr(-c - x),
)
family(
    "fatiguelife",
    typical=(1.0, 1.0),
    support=lambda c: (0.0, INF),
    open=True,
    terms=lambda x, c: (
        -0.5 * (x - 1.0) ** 2 / (x * c * c),
        np.log1p(x) - 1.5 * np.log(x) - np.log(c) - _LOG_2 - _LOG_ROOT_2PI,
    ),
    cdf=lambda x, c: special.ndtr((x - 1.0) / (c * np.sqrt(x))),
    sf=lambda x, c: special.ndtr((1.0 - x) / (c * np.sqrt(x))),
    logcdf=lambda x, c: special.log_ndtr((x - 1.0) / (c * np.sqrt(x))),
    logsf=lambda x, c: special.log_ndtr((1.0 - x) / (c * np.sqrt(x))),
    mean=lambda c: 0.5 * c * c + 1.0,
    var=lambda c: c * c * (1.25 * c * c + 1.0),
)
family(
    "powernorm",
    typical=(0.0, 1.0),
    terms=lambda x, c: (np.log(c) + log_normal_density(x) + (c - 1.0) * special.log_ndtr(-x),),
    cdf=lambda x, c: -np.expm1(c * special.log_ndtr(-x)),
    sf=lambda x, c: np.exp(c * special.log_ndtr(-x)),
    logsf=lambda x, c: c * special.log_ndtr(-x),
    ppf=lambda q, c: -special.ndtri_exp(np.log1p(-q) / c),
    isf=lambda q, c: -special.ndtri_exp(np.log(q) / c),
)


def _alpha_ppf(gap: Any) -> Any:
    # Rounding may leave the gap at probability one on either side of zero.
    none = gap <= 0
    return np.where(none, INF, 1.0 / np.where(none, 1.0, gap))


family(
    "alpha",
    typical=(1.0, 1.0),
    support=lambda a: (0.0, INF),
    open=True,
    terms=lambda x, a: (log_normal_density(a - 1.0 / x) - 2.0 * np.log(x) - special.log_ndtr(a),),
    cdf=lambda x, a: special.ndtr(a - 1.0 / x) / special.ndtr(a),
    sf=lambda x, a: np.exp(log_mass(a - 1.0 / x, a) - special.log_ndtr(a)),
    ppf=lambda q, a: _alpha_ppf(a - special.ndtri(q * special.ndtr(a))),
)
family(
    "moyal",
    typical=(0.0,),
    terms=lambda x: (-0.5 * (x + np.exp(-x)) - _LOG_ROOT_2PI,),
    cdf=lambda x: special.erfc(np.exp(-0.5 * x) / _ROOT_2),
    sf=lambda x: special.erf(np.exp(-0.5 * x) / _ROOT_2),
    ppf=lambda q: -np.log(2.0 * special.erfcinv(q) ** 2),
    isf=lambda q: -np.log(2.0 * special.erfinv(q) ** 2),
    mean=lambda: _LOG_2 + float(np.euler_gamma),
    var=lambda: 0.5 * math.pi**2,
)
family(
    "levy_l",
    typical=(-1.0,),
    support=lambda: (-INF, 0.0),
    open=True,
    terms=lambda x: (-1.5 * np.log(-x) + 0.5 / x - _LOG_ROOT_2PI,),
    cdf=lambda x: special.erf(np.sqrt(-0.5 / x)),
    sf=lambda x: special.erfc(np.sqrt(-0.5 / x)),
    ppf=lambda q: -0.5 / special.erfinv(q) ** 2,
    isf=lambda q: -0.5 / special.erfcinv(q) ** 2,
)

# --------------------------------------------------------------------------------------------------
# Of incomplete gamma functions


def _by_sign(c: Any, rising: Any, falling: Any) -> Any:
    return np.where(c > 0, rising, falling)


family(
    "gengamma",
    typical=(1.0, 1.0, 1.0),
    valid=lambda a, c: (a > 0) & (c != 0),
    support=lambda a, c: (0.0, INF),
    terms=lambda x, a, c: (
        Power(x, c * a - 1.0),
        np.log(np.abs(c)) - x**c - special.gammaln(a),
    ),
    cdf=lambda x, a, c: _by_sign(c, special.gammainc(a, x**c), special.gammaincc(a, x**c)),
    sf=lambda x, a, c: _by_sign(c, special.gammaincc(a, x**c), special.gammainc(a, x**c)),
    ppf=lambda q, a, c: (
        _by_sign(c, special.gammaincinv(a, q), special.gammainccinv(a, q)) ** (1.0 / c)
    ),
    isf=lambda q, a, c: (
        _by_sign(c, special.gammainccinv(a, q), special.gammaincinv(a, q)) ** (1.0 / c)
    ),
)
family(
    "halfgennorm",
    typical=(1.0, 1.0),
    support=lambda beta: (0.0, INF),
    terms=lambda x, beta: (np.log(beta) - special.gammaln(1.0 / beta) - x**beta,),
    cdf=lambda x, beta: special.gammainc(1.0 / beta, x**beta),
    sf=lambda x, beta: special.gammaincc(1.0 / beta, x**beta),
    ppf=lambda q, beta: special.gammaincinv(1.0 / beta, q) ** (1.0 / beta),
    isf=lambda q, beta: special.gammainccinv(1.0 / beta, q) ** (1.0 / beta),
)

# --------------------------------------------------------------------------------------------------
# Elementary

family(
    "gompertz",
    typical=(1.0, 1.0),
    support=lambda c: (0.0, INF),
    terms=lambda x, c: (np.log(c) + x - c * np.expm1(x),),
    cdf=lambda x, c: -np.expm1(-c * np.expm1(x)),
    sf=lambda x, c: np.exp(-c * np.expm1(x)),
    logsf=lambda x, c: -c * np.expm1(x),
    ppf=lambda q, c: np.log1p(-np.log1p(-q) / c),
    isf=lambda q, c: np.log1p(-np.log(q) / c),
)
family(
    "genlogistic",
    typical=(0.0, 1.0),
    terms=lambda x, c: (np.log(c) - x + (c + 1.0) * special.log_expit(x),),
    cdf=lambda x, c: np.exp(c * special.log_expit(x)),
    sf=lambda x, c: -np.expm1(c * special.log_expit(x)),
    logcdf=lambda x, c: c * special.log_expit(x),
    ppf=lambda q, c: -np.log(np.expm1(-np.log(q) / c)),
    isf=lambda q, c: -np.log(np.expm1(-np.log1p(-q) / c)),
)
family(
    "bradford",
    typical=(0.5, 1.0),
    support=lambda c: (0.0, 1.0),
    terms=lambda x, c: (np.log(c) - np.log1p(c * x) - np.log(np.log1p(c)),),
    cdf=lambda x, c: np.log1p(c * x) / np.log1p(c),
    sf=lambda x, c: np.log1p(c * (1.0 - x) / (1.0 + c * x)) / np.log1p(c),
    ppf=lambda q, c: np.expm1(q * np.log1p(c)) / c,
    isf=lambda q, c: np.expm1((1.0 - q) * np.log1p(c)) / c,
)
family(
    "anglit",
    typical=(0.0,),
    support=lambda: (-0.25 * math.pi, 0.25 * math.pi),
    terms=lambda x: (np.log(np.cos(2.0 * x)),),
    cdf=lambda x: np.sin(x + 0.25 * math.pi) ** 2,
    sf=lambda x: np.cos(x + 0.25 * math.pi) ** 2,
    ppf=lambda q: np.arcsin(np.sqrt(q)) - 0.25 * math.pi,
    isf=lambda q: np.arccos(np.sqrt(q)) - 0.25 * math.pi,
)


def _half_disc(x: Any) -> Any:
    return 0.5 + (x * np.sqrt(1.0 - x * x) + np.arcsin(x)) / math.pi


family(
    "semicircular",
    typical=(0.0,),
    support=lambda: (-1.0, 1.0),
    terms=lambda x: (Excess(-x, 0.5), Excess(x, 0.5), math.log(2.0 / math.pi)),
    cdf=_half_disc,
    sf=lambda x: _half_disc(-x),
    mean=lambda: 0.0,
    var=lambda: 0.25,
)
family(
    "loglaplace",
    typical=(0.5, 1.0),
    support=lambda c: (0.0, INF),
    open=True,
    terms=lambda x, c: (np.log(0.5 * c) - np.log(x) - c * np.abs(np.log(x)),),
    cdf=lambda x, c: _both_sides(np.log(x), c, c)[0],
    sf=lambda x, c: _both_sides(np.log(x), c, c)[1],
)
family(
    "laplace_asymmetric",
    typical=(0.5, 1.0),
    terms=lambda x, kappa: (np.where(x < 0, x / kappa, -x * kappa) - np.log(kappa + 1.0 / kappa),),
    cdf=lambda x, kappa: _both_sides(x, 1.0 / kappa, kappa)[0],
    sf=lambda x, kappa: _both_sides(x, 1.0 / kappa, kappa)[1],
    note="density at loc: the slope of the right side",
)


def _both_sides(x: Any, left: Any, right: Any) -> tuple[Any, Any]:
    """Return both tails of a density that falls with the rates `left` and `right`."""
    low = x < 0
    under = right / (left + right) * np.exp(left * np.where(low, x, 0.0))
    over = left / (left + right) * np.exp(-right * np.where(low, 0.0, x))
    return np.where(low, under, 1.0 - over), np.where(low, 1.0 - under, over)


# Whether this SciPy lets the exponent be negative.
_NEGATIVE = bool(np.isfinite(stats.truncpareto.pdf(1.5, -1.0, 2.0)))

family(
    "mielke",
    typical=(1.0, 1.0, 1.0),
    support=lambda k, s: (0.0, INF),
    terms=lambda x, k, s: burr_terms(x, s, k / s),
    cdf=lambda x, k, s: burr_cdf(x, s, k / s),
    sf=lambda x, k, s: burr_sf(x, s, k / s),
    ppf=lambda q, k, s: np.expm1(-np.log(q) * s / k) ** (-1.0 / s),
    isf=lambda q, k, s: np.expm1(-np.log1p(-q) * s / k) ** (-1.0 / s),
)
family(
    "truncpareto",
    typical=(1.5, 1.0, 2.0),
    valid=lambda b, c: ((b != 0) if _NEGATIVE else (b > 0)) & (c > 1),
    support=lambda b, c: (1.0, c),
    terms=lambda x, b, c: (np.log(b / -np.expm1(-b * np.log(c))) - (b + 1.0) * np.log(x),),
    cdf=lambda x, b, c: np.expm1(-b * np.log(x)) / np.expm1(-b * np.log(c)),
    sf=lambda x, b, c: x**-b * np.expm1(-b * np.log(c / x)) / np.expm1(-b * np.log(c)),
    ppf=lambda q, b, c: np.exp(-np.log1p(q * np.expm1(-b * np.log(c))) / b),
)
