"""Distributions of tangents, angles and logarithms: Cauchy, half-Cauchy, hyperbolic secant, von Mises, log-uniform."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.domains import Domain, positive
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Refusal
from dualrev.core.ufuncs import special
from dualrev.rules.distributions.family import INF, family
from dualrev.rules.special.entropies import log_ratio

__all__: list[str] = []

_PI = math.pi
_LOG_PI = math.log(math.pi)
_LOG_2 = math.log(2.0)


def _tangent(q: Any) -> Any:
    """Return tan(πq/2) for 0 ≤ q ≤ 1, exact near both ends."""
    high = q > 0.5
    return np.where(
        high,
        1.0 / np.tan(0.5 * _PI * (1.0 - np.where(high, q, 0.5))),
        np.tan(0.5 * _PI * np.where(high, 0.5, q)),
    )


def _cauchy_ppf(q: Any) -> Any:
    low = q < 0.5
    lower = -1.0 / _tangent(2.0 * np.where(low, q, 0.25))
    return np.where(low, lower, _tangent(2.0 * np.where(low, 0.5, q) - 1.0))


family(
    "cauchy",
    typical=(0.0,),
    terms=lambda x: (-_LOG_PI - np.log1p(x * x),),
    cdf=lambda x: np.arctan2(1.0, -x) / _PI,
    sf=lambda x: np.arctan2(1.0, x) / _PI,
    ppf=_cauchy_ppf,
    isf=lambda q: -_cauchy_ppf(q),
    mean=lambda: math.nan,
    var=lambda: math.nan,
    entropy=lambda: math.log(4.0 * _PI),
)
family(
    "halfcauchy",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    terms=lambda x: (_LOG_2 - _LOG_PI - np.log1p(x * x),),
    cdf=lambda x: 2.0 / _PI * np.arctan(x),
    sf=lambda x: 2.0 / _PI * np.arctan2(1.0, x),
    ppf=_tangent,
    isf=lambda q: 1.0 / _tangent(q),
    mean=lambda: INF,
    var=lambda: INF,
    entropy=lambda: math.log(2.0 * _PI),
)
family(
    "hypsecant",
    typical=(0.0,),
    terms=lambda x: (_LOG_2 - _LOG_PI - np.logaddexp(x, -x),),
    cdf=lambda x: 2.0 / _PI * np.arctan(np.exp(x)),
    sf=lambda x: 2.0 / _PI * np.arctan(np.exp(-x)),
    ppf=lambda q: np.log(_tangent(q)),
    isf=lambda q: -np.log(_tangent(q)),
    mean=lambda: 0.0,
    var=lambda: 0.25 * _PI**2,
    entropy=lambda: math.log(2.0 * _PI),
)
for _name in ("loguniform", "reciprocal"):
    family(
        _name,
        typical=(1.5, 1.0, 2.0),
        valid=lambda a, b: (a > 0) & (b > a),
        support=lambda a, b: (a, b),
        terms=lambda x, a, b: (-np.log(x) - np.log(log_ratio(b, a)),),
        cdf=lambda x, a, b: log_ratio(x, a) / log_ratio(b, a),
        sf=lambda x, a, b: log_ratio(b, x) / log_ratio(b, a),
        ppf=lambda q, a, b: a * np.exp(q * log_ratio(b, a)),
        isf=lambda q, a, b: b * np.exp(-q * log_ratio(b, a)),
        mean=lambda a, b: (b - a) / log_ratio(b, a),
        entropy=lambda a, b: 0.5 * (np.log(a) + np.log(b)) + np.log(log_ratio(b, a)),
    )

# --------------------------------------------------------------------------------------------------
# Von Mises

_angle = Domain("(-2.5, 2.5)", lambda rng, shape: rng.uniform(-2.5, 2.5, shape))
_share = Domain("(0.1, 0.9)", lambda rng, shape: rng.uniform(0.1, 0.9, shape))
_NO_INTEGRAL = Refusal(
    "the integral of cos t exp(κ cos t) has no closed form",
    "integrate the density, which has a derivative",
)


def _angle_terms(x: Any, kappa: Any) -> tuple[Any, ...]:
    return (kappa * special.cosm1(x), -math.log(2.0 * _PI) - np.log(special.i0e(kappa)))


def _angle_density(x: Any, kappa: Any) -> Any:
    one, two = _angle_terms(x, kappa)
    return np.exp(one + two)


angle_cdf = elementwise(
    lambda x, kappa: stats.vonmises.cdf(x, kappa),
    lambda a, b: _angle_density(a, b),
    _NO_INTEGRAL,
    on=(_angle, positive),
    name="stats.angle_cdf",
    analytic=False,
    formula="∂x = exp(κ cos x)/(2π I₀(κ))",
)
angle_quantile = elementwise(
    lambda q, kappa: stats.vonmises.ppf(q, kappa),
    lambda b, y: 1.0 / _angle_density(y, b),
    _NO_INTEGRAL,
    on=(_share, positive),
    name="stats.angle_quantile",
    analytic=False,
    formula="angle_cdf(y, κ) = q",
)


def _mean_length(kappa: Any) -> Any:
    return special.i1e(kappa) / special.i0e(kappa)


family(
    "vonmises",
    typical=(0.0, 1.0),
    valid=lambda kappa: kappa >= 0,
    terms=_angle_terms,
    cdf=lambda x, kappa: angle_cdf(x, kappa),
    sf=lambda x, kappa: 1.0 - angle_cdf(x, kappa),
    ppf=lambda q, kappa: angle_quantile(q, kappa),
    entropy=lambda kappa: (
        kappa * (1.0 - _mean_length(kappa)) + np.log(2.0 * _PI * special.i0e(kappa))
    ),
    note="cdf and ppf not in kappa; sf is 1 - cdf",
)
