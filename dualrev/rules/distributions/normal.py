"""The normal distribution and those made of it: log-normal, half, truncated and skew normal, inverse Gaussian."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.domains import Domain, case, positive, reals
from dualrev.core.flavours import elementwise
from dualrev.core.ufuncs import special
from dualrev.rules.distributions.family import INF, Power, family

__all__ = ["log_mass", "log_normal_density"]

_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_2 = math.sqrt(2.0)
_LOG_2 = math.log(2.0)


def log_normal_density(x: Any) -> Any:
    """Return log φ(x)."""
    return -0.5 * (x * x) - _LOG_ROOT_2PI


family(
    "norm",
    typical=(0.0,),
    terms=lambda x: (log_normal_density(x),),
    cdf=lambda x: special.ndtr(x),
    sf=lambda x: special.ndtr(-x),
    logcdf=lambda x: special.log_ndtr(x),
    logsf=lambda x: special.log_ndtr(-x),
    ppf=lambda q: special.ndtri(q),
    isf=lambda q: -special.ndtri(q),
    mean=lambda: 0.0,
    var=lambda: 1.0,
    entropy=lambda: _LOG_ROOT_2PI + 0.5,
)
family(
    "lognorm",
    typical=(1.0, 1.0),
    support=lambda s: (0.0, INF),
    open=True,
    terms=lambda x, s: (-0.5 * (np.log(x) / s) ** 2, -np.log(s * x) - _LOG_ROOT_2PI),
    cdf=lambda x, s: special.ndtr(np.log(x) / s),
    sf=lambda x, s: special.ndtr(-np.log(x) / s),
    logcdf=lambda x, s: special.log_ndtr(np.log(x) / s),
    logsf=lambda x, s: special.log_ndtr(-np.log(x) / s),
    ppf=lambda q, s: np.exp(s * special.ndtri(q)),
    isf=lambda q, s: np.exp(-s * special.ndtri(q)),
    mean=lambda s: np.exp(0.5 * s * s),
    var=lambda s: np.expm1(s * s) * np.exp(s * s),
    entropy=lambda s: 0.5 + _LOG_ROOT_2PI + np.log(s),
)
family(
    "halfnorm",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    terms=lambda x: (log_normal_density(x) + _LOG_2,),
    cdf=lambda x: special.erf(x / _ROOT_2),
    sf=lambda x: special.erfc(x / _ROOT_2),
    logsf=lambda x: _LOG_2 + special.log_ndtr(-x),
    ppf=lambda q: _ROOT_2 * special.erfinv(q),
    isf=lambda q: _ROOT_2 * special.erfcinv(q),
    mean=lambda: math.sqrt(2.0 / math.pi),
    var=lambda: 1.0 - 2.0 / math.pi,
    entropy=lambda: 0.5 * math.log(0.5 * math.pi) + 0.5,
)


# --------------------------------------------------------------------------------------------------
# Truncated: the mass between a and b, and the share of it that lies below x


def _log_mass(a: Any, b: Any) -> Any:
    """Return log(Φ(b) - Φ(a)) on the side where both are small."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    flip = a > 0
    low, high = np.where(flip, -b, a), np.where(flip, -a, b)
    left = high <= 0
    with np.errstate(all="ignore"):
        log_high = special.log_ndtr(high)
        tail = log_high + np.log(-np.expm1(special.log_ndtr(low) - log_high))
        middle = np.log1p(-special.ndtr(low) - special.ndtr(-high))
        return np.where(left, tail, middle)[()]


_from = Domain("(-2, 0)", lambda rng, shape: rng.uniform(-2.0, -0.2, shape))
_within = Domain("(0.1, 0.9)", lambda rng, shape: rng.uniform(0.1, 0.9, shape))
_to = Domain("(1, 3)", lambda rng, shape: rng.uniform(1.1, 3.0, shape))

log_mass = elementwise(
    _log_mass,
    lambda a, y: -np.exp(log_normal_density(a) - y),
    lambda b, y: np.exp(log_normal_density(b) - y),
    on=[case(_from(3, 2), _to(2)), case(_from(3), _to()), case(_from(), _to(2))],
    name="stats.log_mass",
    analytic=False,
    formula="log(Φ(b) − Φ(a)): ∂a = -φ(a)/e^y, ∂b = φ(b)/e^y",
)
_three = [
    case(_within(3, 2), _from(2), _to()),
    case(_within(2, 1), _from(), _to(3)),
    case(_within(), _from(2, 1), _to(2)),
]


def _per_mass(x: Any, a: Any, b: Any) -> Any:
    """Return φ(x)/(Φ(b) - Φ(a))."""
    return np.exp(log_normal_density(x) - log_mass(a, b))


mass_share = elementwise(
    lambda x, a, b: np.exp(_log_mass(a, x) - _log_mass(a, b)),
    lambda a, b, c: _per_mass(a, b, c),
    lambda a, b, c: -_per_mass(b, b, c) * mass_share(-a, -c, -b),
    lambda b, c, y: -_per_mass(c, b, c) * y,
    on=_three,
    name="stats.mass_share",
    analytic=False,
    formula="y = (Φ(x) − Φ(a))/M, M = Φ(b) − Φ(a): ∂x = φ(x)/M, ∂a = -(1−y) φ(a)/M, ∂b = -y φ(b)/M",
)
truncated_quantile = elementwise(
    lambda q, a, b: stats.truncnorm.ppf(q, a, b),
    lambda b, c, y: 1.0 / _per_mass(y, b, c),
    lambda a, b, y: (1.0 - a) * np.exp(0.5 * (y - b) * (y + b)),
    lambda a, c, y: a * np.exp(0.5 * (y - c) * (y + c)),
    on=_three,
    name="stats.truncated_quantile",
    analytic=False,
    formula="share(y, a, b) = q: ∂q = M/φ(y), ∂a = (1−q) φ(a)/φ(y), ∂b = q φ(b)/φ(y)",
)
family(
    "truncnorm",
    typical=(0.0, -1.0, 1.0),
    valid=lambda a, b: a < b,
    support=lambda a, b: (a, b),
    terms=lambda x, a, b: (log_normal_density(x) - log_mass(a, b),),
    cdf=lambda x, a, b: mass_share(x, a, b),
    sf=lambda x, a, b: mass_share(-x, -b, -a),
    logcdf=lambda x, a, b: log_mass(a, x) - log_mass(a, b),
    logsf=lambda x, a, b: log_mass(x, b) - log_mass(a, b),
    ppf=lambda q, a, b: truncated_quantile(q, a, b),
    isf=lambda q, a, b: -truncated_quantile(q, -b, -a),
)


# --------------------------------------------------------------------------------------------------
# Skew: values by SciPy, slopes without the cancellation of its formula


def _skew_density(x: Any, a: Any) -> Any:
    return np.exp(_LOG_2 + log_normal_density(x) + special.log_ndtr(a * x))


def _skew_slope(x: Any, a: Any) -> Any:
    return -np.exp(-0.5 * (x * x) * (1.0 + a * a)) / (math.pi * (1.0 + a * a))


skew_cdf = elementwise(
    lambda x, a: stats.skewnorm.cdf(x, a),
    lambda a, b: _skew_density(a, b),
    lambda a, b: _skew_slope(a, b),
    on=(reals, reals),
    name="stats.skew_cdf",
    analytic=False,
    formula="Φ(x) − 2T(x, a): ∂x = 2φ(x)Φ(ax), ∂a = -exp(-x²(1+a²)/2)/(π(1+a²))",
)
_probability = Domain("(0.25, 0.75)", lambda rng, shape: rng.uniform(0.25, 0.75, shape))
skew_quantile = elementwise(
    lambda q, a: stats.skewnorm.ppf(q, a),
    lambda b, y: 1.0 / _skew_density(y, b),
    lambda b, y: -_skew_slope(y, b) / _skew_density(y, b),
    on=(_probability, positive),
    name="stats.skew_quantile",
    analytic=False,
    formula="skew_cdf(y, a) = q",
)
family(
    "skewnorm",
    typical=(0.0, 1.0),
    valid=lambda a: np.isfinite(a),
    terms=lambda x, a: (_LOG_2 + log_normal_density(x) + special.log_ndtr(a * x),),
    cdf=lambda x, a: skew_cdf(x, a),
    sf=lambda x, a: skew_cdf(-x, -a),
    ppf=lambda q, a: skew_quantile(q, a),
    isf=lambda q, a: -skew_quantile(q, -a),
    mean=lambda a: math.sqrt(2.0 / math.pi) * a / np.sqrt(1.0 + a * a),
    var=lambda a: 1.0 - 2.0 / math.pi * a * a / (1.0 + a * a),
)


# --------------------------------------------------------------------------------------------------
# Inverse Gaussian (Giner and Smyth 2016, statmod: Probability calculations for the inverse Gaussian)


def _passage_terms(x: Any, mu: Any) -> tuple[Any, ...]:
    return (-0.5 * ((x - mu) / mu) ** 2 / x, -1.5 * np.log(x) - _LOG_ROOT_2PI)


def _passage_logs(x: Any, mu: Any, side: float) -> tuple[Any, Any]:
    root = np.sqrt(x)
    first = special.log_ndtr(side * (x - mu) / (mu * root))
    return first, 2.0 / mu + special.log_ndtr(-(x + mu) / (mu * root))


def _passage_logcdf(x: Any, mu: Any) -> Any:
    first, second = _passage_logs(x, mu, 1.0)
    return first + np.log1p(np.exp(second - first))


def _passage_logsf(x: Any, mu: Any) -> Any:
    first, second = _passage_logs(x, mu, -1.0)
    return first + np.log1p(-np.exp(second - first))


def _passage_slope(x: Any, mu: Any) -> Any:
    """Return ∂cdf/∂μ = -(2/μ²) exp(2/μ) Φ(-(x+μ)/(μ√x)) ... , where two terms of φ cancel exactly."""
    return -2.0 / (mu * mu) * np.exp(_passage_logs(x, mu, 1.0)[1])


def _passage_density(x: Any, mu: Any) -> Any:
    one, two = _passage_terms(x, mu)
    return np.exp(one + two)


def _passage_partials(sign: float) -> tuple[Any, Any]:
    return (
        lambda a, b: sign * _passage_density(a, b),
        lambda a, b: sign * _passage_slope(a, b),
    )


_middle = Domain("(0.5, 2)", lambda rng, shape: rng.uniform(0.5, 2.0, shape))
passage_cdf = elementwise(
    lambda x, m: stats.invgauss.cdf(x, m),
    *_passage_partials(1.0),
    on=(positive, _middle),
    name="stats.passage_cdf",
    analytic=False,
    formula="Φ((x−μ)/(μ√x)) + e^{2/μ} Φ(-(x+μ)/(μ√x)): ∂x the density, ∂μ = -2/μ² times the second term",
)
passage_sf = elementwise(
    lambda x, m: stats.invgauss.sf(x, m),
    *_passage_partials(-1.0),
    on=(positive, _middle),
    name="stats.passage_sf",
    analytic=False,
    formula="1 − passage_cdf(x, μ)",
)
passage_quantile = elementwise(
    lambda q, m: stats.invgauss.ppf(q, m),
    lambda b, y: 1.0 / _passage_density(y, b),
    lambda b, y: -_passage_slope(y, b) / _passage_density(y, b),
    on=(_probability, _middle),
    name="stats.passage_quantile",
    analytic=False,
    formula="passage_cdf(y, μ) = q",
)
passage_upper = elementwise(
    lambda q, m: stats.invgauss.isf(q, m),
    lambda b, y: -1.0 / _passage_density(y, b),
    lambda b, y: -_passage_slope(y, b) / _passage_density(y, b),
    on=(_probability, _middle),
    name="stats.passage_upper",
    analytic=False,
    formula="passage_sf(y, μ) = q",
)
family(
    "invgauss",
    typical=(1.0, 1.0),
    support=lambda mu: (0.0, INF),
    open=True,
    terms=_passage_terms,
    cdf=lambda x, mu: passage_cdf(x, mu),
    sf=lambda x, mu: passage_sf(x, mu),
    logcdf=_passage_logcdf,
    logsf=_passage_logsf,
    ppf=lambda q, mu: passage_quantile(q, mu),
    isf=lambda q, mu: passage_upper(q, mu),
    mean=lambda mu: mu,
    var=lambda mu: mu**3,
)
family(
    "wald",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    open=True,
    terms=lambda x: _passage_terms(x, 1.0),
    cdf=lambda x: passage_cdf(x, 1.0),
    sf=lambda x: passage_sf(x, 1.0),
    logcdf=lambda x: _passage_logcdf(x, 1.0),
    logsf=lambda x: _passage_logsf(x, 1.0),
    ppf=lambda q: passage_quantile(q, 1.0),
    isf=lambda q: passage_upper(q, 1.0),
    mean=lambda: 1.0,
    var=lambda: 1.0,
)
family(
    "levy",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    open=True,
    terms=lambda x: (Power(x, -1.5), -0.5 / x - _LOG_ROOT_2PI),
    cdf=lambda x: special.erfc(np.sqrt(0.5 / x)),
    sf=lambda x: special.erf(np.sqrt(0.5 / x)),
    logcdf=lambda x: _LOG_2 + special.log_ndtr(-np.sqrt(1.0 / x)),
    ppf=lambda q: 0.5 / special.erfcinv(q) ** 2,
    isf=lambda q: 0.5 / special.erfinv(q) ** 2,
    mean=lambda: INF,
    var=lambda: INF,
    entropy=lambda: 0.5 * (1.0 + 3.0 * float(np.euler_gamma) + math.log(16.0 * math.pi)),
)
