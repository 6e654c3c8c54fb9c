"""Distributions with elementary integrals: exponential, Laplace, logistic, Weibull, Gumbel, Pareto, Burr."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.ufuncs import special
from dualrev.rules.distributions.family import INF, Power, family, log1mexp

__all__ = ["burr_cdf", "burr_sf", "burr_terms"]

_EULER = float(np.euler_gamma)
_LOG_2 = math.log(2.0)

family(
    "expon",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    terms=lambda x: (-x,),
    cdf=lambda x: -np.expm1(-x),
    sf=lambda x: np.exp(-x),
    logcdf=log1mexp,
    logsf=lambda x: -x,
    ppf=lambda q: -np.log1p(-q),
    isf=lambda q: -np.log(q),
    mean=lambda: 1.0,
    var=lambda: 1.0,
    entropy=lambda: 1.0,
)
family(
    "truncexpon",
    typical=(0.5, 1.0),
    support=lambda b: (0.0, b),
    terms=lambda x, b: (-x - np.log(-np.expm1(-b)),),
    cdf=lambda x, b: np.expm1(-x) / np.expm1(-b),
    sf=lambda x, b: np.exp(-x) * (np.expm1(x - b) / np.expm1(-b)),
    ppf=lambda q, b: -np.log1p(q * np.expm1(-b)),
    isf=lambda q, b: -np.log1p((1.0 - q) * np.expm1(-b)),
)


def _halves(x: Any) -> tuple[Any, Any, Any]:
    """Return whether x is negative, the part below zero and the part from zero on."""
    left = x < 0
    return left, np.where(left, x, 0.0), np.where(left, 0.0, x)


def _laplace_cdf(x: Any) -> Any:
    left, low, high = _halves(x)
    return np.where(left, 0.5 * np.exp(low), 1.0 - 0.5 * np.exp(-high))


def _laplace_logcdf(x: Any) -> Any:
    left, low, high = _halves(x)
    return np.where(left, low - _LOG_2, np.log1p(-0.5 * np.exp(-high)))


def _laplace_ppf(q: Any) -> Any:
    left = q < 0.5
    return np.where(
        left, np.log(2.0 * np.where(left, q, 0.5)), -np.log(2.0 - 2.0 * np.where(left, 0.5, q))
    )


family(
    "laplace",
    typical=(0.5,),
    terms=lambda x: (-np.abs(x) - _LOG_2,),
    cdf=_laplace_cdf,
    sf=lambda x: _laplace_cdf(-x),
    logcdf=_laplace_logcdf,
    logsf=lambda x: _laplace_logcdf(-x),
    ppf=_laplace_ppf,
    isf=lambda q: -_laplace_ppf(q),
    mean=lambda: 0.0,
    var=lambda: 2.0,
    entropy=lambda: 1.0 + _LOG_2,
    note="density at loc: derivative 0",
)
family(
    "logistic",
    typical=(0.0,),
    terms=lambda x: (special.log_expit(x) + special.log_expit(-x),),
    cdf=lambda x: special.expit(x),
    sf=lambda x: special.expit(-x),
    logcdf=lambda x: special.log_expit(x),
    logsf=lambda x: special.log_expit(-x),
    ppf=lambda q: special.logit(q),
    isf=lambda q: -special.logit(q),
    mean=lambda: 0.0,
    var=lambda: math.pi**2 / 3.0,
    entropy=lambda: 2.0,
)
family(
    "halflogistic",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    terms=lambda x: (_LOG_2 - x + 2.0 * special.log_expit(x),),
    cdf=lambda x: np.tanh(0.5 * x),
    sf=lambda x: 2.0 * special.expit(-x),
    logsf=lambda x: _LOG_2 + special.log_expit(-x),
    ppf=lambda q: 2.0 * np.arctanh(q),
    isf=lambda q: np.log1p(1.0 - q) - np.log(q),
)

# --------------------------------------------------------------------------------------------------
# Weibull and Gumbel


def _weibull_var(c: Any) -> Any:
    first = special.gamma(1.0 + 1.0 / c)
    return special.gamma(1.0 + 2.0 / c) - first * first


def _weibull_entropy(c: Any) -> Any:
    return -_EULER / c - np.log(c) + _EULER + 1.0


family(
    "weibull_min",
    typical=(1.0, 1.0),
    support=lambda c: (0.0, INF),
    terms=lambda x, c: (Power(x, c - 1.0), np.log(c) - x**c),
    cdf=lambda x, c: -np.expm1(-(x**c)),
    sf=lambda x, c: np.exp(-(x**c)),
    logcdf=lambda x, c: log1mexp(x**c),
    logsf=lambda x, c: -(x**c),
    ppf=lambda q, c: (-np.log1p(-q)) ** (1.0 / c),
    isf=lambda q, c: (-np.log(q)) ** (1.0 / c),
    mean=lambda c: special.gamma(1.0 + 1.0 / c),
    var=_weibull_var,
    entropy=_weibull_entropy,
)
family(
    "weibull_max",
    typical=(-1.0, 1.0),
    support=lambda c: (-INF, 0.0),
    terms=lambda x, c: (Power(-x, c - 1.0), np.log(c) - (-x) ** c),
    cdf=lambda x, c: np.exp(-((-x) ** c)),
    sf=lambda x, c: -np.expm1(-((-x) ** c)),
    logcdf=lambda x, c: -((-x) ** c),
    logsf=lambda x, c: log1mexp((-x) ** c),
    ppf=lambda q, c: -((-np.log(q)) ** (1.0 / c)),
    isf=lambda q, c: -((-np.log1p(-q)) ** (1.0 / c)),
    mean=lambda c: -special.gamma(1.0 + 1.0 / c),
    var=_weibull_var,
    entropy=_weibull_entropy,
)
family(
    "invweibull",
    typical=(1.0, 1.0),
    support=lambda c: (0.0, INF),
    open=True,
    terms=lambda x, c: (Power(x, -c - 1.0), np.log(c) - x**-c),
    cdf=lambda x, c: np.exp(-(x**-c)),
    sf=lambda x, c: -np.expm1(-(x**-c)),
    logcdf=lambda x, c: -(x**-c),
    logsf=lambda x, c: log1mexp(x**-c),
    ppf=lambda q, c: (-np.log(q)) ** (-1.0 / c),
    isf=lambda q, c: (-np.log1p(-q)) ** (-1.0 / c),
)
family(
    "exponweib",
    typical=(1.0, 1.0, 1.0),
    support=lambda a, c: (0.0, INF),
    terms=lambda x, a, c: (
        Power(-np.expm1(-(x**c)), a - 1.0),
        Power(x, c - 1.0),
        np.log(a) + np.log(c) - x**c,
    ),
    cdf=lambda x, a, c: (-np.expm1(-(x**c))) ** a,
    sf=lambda x, a, c: -np.expm1(a * log1mexp(x**c)),
    logcdf=lambda x, a, c: a * log1mexp(x**c),
    ppf=lambda q, a, c: (-np.log1p(-(q ** (1.0 / a)))) ** (1.0 / c),
    isf=lambda q, a, c: (-np.log(-np.expm1(np.log1p(-q) / a))) ** (1.0 / c),
)
family(
    "gumbel_r",
    typical=(0.0,),
    terms=lambda x: (-x - np.exp(-x),),
    cdf=lambda x: np.exp(-np.exp(-x)),
    sf=lambda x: -np.expm1(-np.exp(-x)),
    logcdf=lambda x: -np.exp(-x),
    logsf=lambda x: log1mexp(np.exp(-x)),
    ppf=lambda q: -np.log(-np.log(q)),
    isf=lambda q: -np.log(-np.log1p(-q)),
    mean=lambda: _EULER,
    var=lambda: math.pi**2 / 6.0,
    entropy=lambda: _EULER + 1.0,
)
family(
    "gumbel_l",
    typical=(0.0,),
    terms=lambda x: (x - np.exp(x),),
    cdf=lambda x: -np.expm1(-np.exp(x)),
    sf=lambda x: np.exp(-np.exp(x)),
    logcdf=lambda x: log1mexp(np.exp(x)),
    logsf=lambda x: -np.exp(x),
    ppf=lambda q: np.log(-np.log1p(-q)),
    isf=lambda q: np.log(-np.log(q)),
    mean=lambda: -_EULER,
    var=lambda: math.pi**2 / 6.0,
    entropy=lambda: _EULER + 1.0,
)

# --------------------------------------------------------------------------------------------------
# Pareto and generalised extremes


def _log1p_over(u: Any) -> Any:
    """Return log(1+u)/u, which is 1 at 0: its slope there would cancel, the hypergeometric one does not."""
    small = np.abs(u) < 0.3
    far = np.where(small, 1.0, u)
    return np.where(
        small, special.hyp2f1(1.0, 1.0, 2.0, -np.where(small, u, 0.0)), np.log1p(far) / far
    )


family(
    "pareto",
    typical=(2.0, 1.0),
    support=lambda b: (1.0, INF),
    terms=lambda x, b: (np.log(b) - (b + 1.0) * np.log(x),),
    cdf=lambda x, b: -np.expm1(-b * np.log(x)),
    sf=lambda x, b: x**-b,
    logsf=lambda x, b: -b * np.log(x),
    ppf=lambda q, b: np.exp(-np.log1p(-q) / b),
    isf=lambda q, b: q ** (-1.0 / b),
    mean=lambda b: np.where(b > 1, b / np.where(b > 1, b - 1.0, 1.0), INF),
    var=lambda b: np.where(b > 2, b / np.where(b > 2, (b - 2.0) * (b - 1.0) ** 2, 1.0), INF),
    entropy=lambda b: 1.0 + 1.0 / b - np.log(b),
)
family(
    "lomax",
    typical=(1.0, 1.0),
    support=lambda c: (0.0, INF),
    terms=lambda x, c: (np.log(c) - (c + 1.0) * np.log1p(x),),
    cdf=lambda x, c: -np.expm1(-c * np.log1p(x)),
    sf=lambda x, c: np.exp(-c * np.log1p(x)),
    logsf=lambda x, c: -c * np.log1p(x),
    ppf=lambda q, c: np.expm1(-np.log1p(-q) / c),
    isf=lambda q, c: np.expm1(-np.log(q) / c),
    mean=lambda c: np.where(c > 1, 1.0 / np.where(c > 1, c - 1.0, 1.0), INF),
    entropy=lambda c: 1.0 + 1.0 / c - np.log(c),
)
family(
    "genpareto",
    typical=(1.0, 0.1),
    valid=lambda c: np.isfinite(c),
    support=lambda c: (0.0, np.where(c < 0, -1.0 / np.where(c < 0, c, -1.0), INF)),
    terms=lambda x, c: (-np.log1p(c * x) - x * _log1p_over(c * x),),
    cdf=lambda x, c: -np.expm1(-x * _log1p_over(c * x)),
    sf=lambda x, c: np.exp(-x * _log1p_over(c * x)),
    logsf=lambda x, c: -x * _log1p_over(c * x),
    ppf=lambda q, c: -special.boxcox1p(-q, -c),
    isf=lambda q, c: -special.boxcox(q, -c),
    mean=lambda c: np.where(c < 1, 1.0 / np.where(c < 1, 1.0 - c, 1.0), INF),
    var=lambda c: np.where(
        c < 0.5, 1.0 / np.where(c < 0.5, (1.0 - c) ** 2 * (1.0 - 2.0 * c), 1.0), np.nan
    ),
    entropy=lambda c: 1.0 + c,
)


def _extreme(x: Any, c: Any) -> Any:
    """Return log t = log(1 - cx)/c, of which cdf = exp(-t)."""
    return -x * _log1p_over(-c * x)


family(
    "genextreme",
    typical=(0.5, 0.1),
    valid=lambda c: np.isfinite(c),
    support=lambda c: (
        np.where(c < 0, 1.0 / np.where(c < 0, c, -1.0), -INF),
        np.where(c > 0, 1.0 / np.where(c > 0, c, 1.0), INF),
    ),
    open=True,
    terms=lambda x, c: (_extreme(x, c) - np.exp(_extreme(x, c)) - np.log1p(-c * x),),
    cdf=lambda x, c: np.exp(-np.exp(_extreme(x, c))),
    sf=lambda x, c: -np.expm1(-np.exp(_extreme(x, c))),
    logcdf=lambda x, c: -np.exp(_extreme(x, c)),
    ppf=lambda q, c: -special.boxcox(-np.log(q), c),
    isf=lambda q, c: -special.boxcox(-np.log1p(-q), c),
)

# --------------------------------------------------------------------------------------------------
# Burr: by log(1 + x^c), on the side where the power is small


def _softpower(x: Any, c: Any) -> tuple[Any, Any, Any]:
    """Return whether x < 1, log(1 + x^c) there, and log(1 + x^-c) elsewhere."""
    low = x < 1
    return low, np.log1p(np.where(low, x, 1.0) ** c), np.log1p(np.where(low, 1.0, x) ** -c)


def _log1p_power(x: Any, c: Any) -> Any:
    low, near, far = _softpower(x, c)
    return np.where(low, near, c * np.log(np.where(low, 1.0, x)) + far)


def burr_cdf(x: Any, c: Any, d: Any) -> Any:
    """Return (1 + x^-c)^-d."""
    low, near, far = _softpower(x, c)
    return np.where(low, np.where(low, x, 1.0) ** (c * d) * np.exp(-d * near), np.exp(-d * far))


def burr_sf(x: Any, c: Any, d: Any) -> Any:
    """Return 1 - (1 + x^-c)^-d."""
    low, near, far = _softpower(x, c)
    less = np.where(low, x, 1.0) ** (c * d) * np.exp(-d * near)
    return np.where(low, 1.0 - less, -np.expm1(-d * far))


def burr_terms(x: Any, c: Any, d: Any) -> tuple[Any, ...]:
    """Return the summands of the logarithm of Burr's density."""
    return (Power(x, c * d - 1.0), np.log(c) + np.log(d) - (d + 1.0) * _log1p_power(x, c))


family(
    "burr",
    typical=(1.0, 1.0, 1.0),
    support=lambda c, d: (0.0, INF),
    terms=burr_terms,
    cdf=burr_cdf,
    sf=burr_sf,
    ppf=lambda q, c, d: np.expm1(-np.log(q) / d) ** (-1.0 / c),
    isf=lambda q, c, d: np.expm1(-np.log1p(-q) / d) ** (-1.0 / c),
)
family(
    "fisk",
    typical=(1.0, 1.0),
    support=lambda c: (0.0, INF),
    terms=lambda x, c: burr_terms(x, c, 1.0),
    cdf=lambda x, c: burr_cdf(x, c, 1.0),
    sf=lambda x, c: np.exp(-_log1p_power(x, c)),
    logsf=lambda x, c: -_log1p_power(x, c),
    ppf=lambda q, c: (q / (1.0 - q)) ** (1.0 / c),
    isf=lambda q, c: ((1.0 - q) / q) ** (1.0 / c),
    entropy=lambda c: 2.0 - np.log(c),
)
family(
    "burr12",
    typical=(1.0, 1.0, 1.0),
    support=lambda c, d: (0.0, INF),
    terms=lambda x, c, d: (
        Power(x, c - 1.0),
        np.log(c) + np.log(d) - (d + 1.0) * _log1p_power(x, c),
    ),
    cdf=lambda x, c, d: -np.expm1(-d * _log1p_power(x, c)),
    sf=lambda x, c, d: np.exp(-d * _log1p_power(x, c)),
    logsf=lambda x, c, d: -d * _log1p_power(x, c),
    ppf=lambda q, c, d: np.expm1(-np.log1p(-q) / d) ** (1.0 / c),
    isf=lambda q, c, d: np.expm1(-np.log(q) / d) ** (1.0 / c),
)
