"""Distributions made of the incomplete gamma function: gamma, chi-square, inverse gamma, Maxwell, Nakagami."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.domains import Domain, reals
from dualrev.core.flavours import elementwise
from dualrev.core.ufuncs import special
from dualrev.rules.distributions.family import INF, Power, family
from dualrev.rules.special.incomplete import gammainc_order

__all__: list[str] = []

_EULER = float(np.euler_gamma)
_LOG_2 = math.log(2.0)


def _gamma_entropy(a: Any) -> Any:
    return a + special.gammaln(a) + (1.0 - a) * special.psi(a)


for _name in ("gamma", "erlang"):
    family(
        _name,
        typical=(1.0, 1.0),
        support=lambda a: (0.0, INF),
        terms=lambda x, a: (Power(x, a - 1.0), -x - special.gammaln(a)),
        cdf=lambda x, a: special.gammainc(a, x),
        sf=lambda x, a: special.gammaincc(a, x),
        ppf=lambda q, a: special.gammaincinv(a, q),
        isf=lambda q, a: special.gammainccinv(a, q),
        mean=lambda a: a,
        var=lambda a: a,
        entropy=_gamma_entropy,
    )
family(
    "chi2",
    typical=(1.0, 2.0),
    support=lambda df: (0.0, INF),
    terms=lambda x, df: (
        Power(x, 0.5 * df - 1.0),
        -0.5 * x - special.gammaln(0.5 * df) - 0.5 * _LOG_2 * df,
    ),
    cdf=lambda x, df: special.chdtr(df, x),
    sf=lambda x, df: special.chdtrc(df, x),
    ppf=lambda q, df: 2.0 * special.gammaincinv(0.5 * df, q),
    isf=lambda q, df: special.chdtri(df, q),
    mean=lambda df: df,
    var=lambda df: 2.0 * df,
    entropy=lambda df: _LOG_2 + _gamma_entropy(0.5 * df),
)
family(
    "chi",
    typical=(1.0, 2.0),
    support=lambda df: (0.0, INF),
    terms=lambda x, df: (
        Power(x, df - 1.0),
        -0.5 * x * x + _LOG_2 - 0.5 * _LOG_2 * df - special.gammaln(0.5 * df),
    ),
    cdf=lambda x, df: special.gammainc(0.5 * df, 0.5 * x * x),
    sf=lambda x, df: special.gammaincc(0.5 * df, 0.5 * x * x),
    ppf=lambda q, df: np.sqrt(2.0 * special.gammaincinv(0.5 * df, q)),
    isf=lambda q, df: np.sqrt(2.0 * special.gammainccinv(0.5 * df, q)),
    mean=lambda df: math.sqrt(2.0) * special.poch(0.5 * df, 0.5),
)
family(
    "invgamma",
    typical=(1.0, 1.0),
    support=lambda a: (0.0, INF),
    open=True,
    terms=lambda x, a: (Power(x, -a - 1.0), -1.0 / x - special.gammaln(a)),
    cdf=lambda x, a: special.gammaincc(a, 1.0 / x),
    sf=lambda x, a: special.gammainc(a, 1.0 / x),
    ppf=lambda q, a: 1.0 / special.gammainccinv(a, q),
    isf=lambda q, a: 1.0 / special.gammaincinv(a, q),
    mean=lambda a: np.where(a > 1, 1.0 / np.where(a > 1, a - 1.0, 1.0), INF),
    var=lambda a: np.where(a > 2, 1.0 / np.where(a > 2, (a - 1.0) ** 2 * (a - 2.0), 1.0), INF),
    entropy=lambda a: a - (a + 1.0) * special.psi(a) + special.gammaln(a),
)
family(
    "maxwell",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    terms=lambda x: (Power(x, 2.0), -0.5 * x * x + 0.5 * math.log(2.0 / math.pi)),
    cdf=lambda x: special.gammainc(1.5, 0.5 * x * x),
    sf=lambda x: special.gammaincc(1.5, 0.5 * x * x),
    ppf=lambda q: np.sqrt(2.0 * special.gammaincinv(1.5, q)),
    isf=lambda q: np.sqrt(2.0 * special.gammainccinv(1.5, q)),
    mean=lambda: 2.0 * math.sqrt(2.0 / math.pi),
    var=lambda: 3.0 - 8.0 / math.pi,
    entropy=lambda: _EULER + 0.5 * math.log(2.0 * math.pi) - 0.5,
)
family(
    "rayleigh",
    typical=(1.0,),
    support=lambda: (0.0, INF),
    terms=lambda x: (Power(x, 1.0), -0.5 * x * x),
    cdf=lambda x: -np.expm1(-0.5 * x * x),
    sf=lambda x: np.exp(-0.5 * x * x),
    logsf=lambda x: -0.5 * x * x,
    ppf=lambda q: np.sqrt(-2.0 * np.log1p(-q)),
    isf=lambda q: np.sqrt(-2.0 * np.log(q)),
    mean=lambda: math.sqrt(0.5 * math.pi),
    var=lambda: 2.0 - 0.5 * math.pi,
    entropy=lambda: 0.5 * _EULER + 1.0 - 0.5 * _LOG_2,
)
family(
    "nakagami",
    typical=(1.0, 1.0),
    support=lambda nu: (0.0, INF),
    terms=lambda x, nu: (
        Power(x, 2.0 * nu - 1.0),
        _LOG_2 + special.xlogy(nu, nu) - special.gammaln(nu) - nu * (x * x),
    ),
    cdf=lambda x, nu: special.gammainc(nu, nu * (x * x)),
    sf=lambda x, nu: special.gammaincc(nu, nu * (x * x)),
    ppf=lambda q, nu: np.sqrt(special.gammaincinv(nu, q) / nu),
    isf=lambda q, nu: np.sqrt(special.gammainccinv(nu, q) / nu),
    mean=lambda nu: special.poch(nu, 0.5) / np.sqrt(nu),
)
family(
    "loggamma",
    typical=(0.0, 1.0),
    terms=lambda x, c: (c * x - np.exp(x) - special.gammaln(c),),
    cdf=lambda x, c: special.gammainc(c, np.exp(x)),
    sf=lambda x, c: special.gammaincc(c, np.exp(x)),
    ppf=lambda q, c: np.log(special.gammaincinv(c, q)),
    isf=lambda q, c: np.log(special.gammainccinv(c, q)),
    mean=lambda c: special.psi(c),
    var=lambda c: special.zeta(2.0, c),
    entropy=lambda c: special.gammaln(c) - c * special.psi(c) + c,
)


# --------------------------------------------------------------------------------------------------
# Generalised normal: at zero the inner power has a kink, the distribution has none


def _power_terms(x: Any, beta: Any) -> tuple[Any, ...]:
    return (np.log(0.5 * beta) - special.gammaln(1.0 / beta) - np.abs(x) ** beta,)


def _power_density(x: Any, beta: Any) -> Any:
    return np.exp(_power_terms(x, beta)[0])


def _power_slope(x: Any, beta: Any) -> Any:
    size = np.abs(x)
    u = size**beta
    order = gammainc_order(1, 1.0 / beta, u) / (beta * beta)
    inner = special.xlogy(size, size) * np.exp(-u) * special.rgamma(1.0 / beta)
    return 0.5 * np.sign(x) * (inner - order)


def _within_power(x: Any, beta: Any) -> Any:
    half = 0.5 * special.gammaincc(1.0 / beta, np.abs(x) ** beta)
    return np.where(np.asarray(x) > 0, 1.0 - half, half)[()]


_shape = Domain("(0.8, 3)", lambda rng, shape: rng.uniform(0.8, 3.0, shape))
_probability = Domain("(0.2, 0.32)", lambda rng, shape: rng.uniform(0.2, 0.32, shape))
power_cdf = elementwise(
    _within_power,
    lambda a, b: _power_density(a, b),
    lambda a, b: _power_slope(a, b),
    on=(reals, _shape),
    name="stats.power_cdf",
    analytic=False,
    formula="1 − Q(1/β, xᵝ)/2 for x > 0, Q(1/β, |x|ᵝ)/2 for x ≤ 0",
)
power_quantile = elementwise(
    lambda q, beta: stats.gennorm.ppf(q, beta),
    lambda b, y: 1.0 / _power_density(y, b),
    lambda b, y: -_power_slope(y, b) / _power_density(y, b),
    on=(_probability, _shape),
    name="stats.power_quantile",
    analytic=False,
    formula="power_cdf(y, β) = q",
)
family(
    "gennorm",
    typical=(0.5, 1.0),
    terms=_power_terms,
    cdf=lambda x, beta: power_cdf(x, beta),
    sf=lambda x, beta: power_cdf(-x, beta),
    ppf=lambda q, beta: power_quantile(q, beta),
    isf=lambda q, beta: -power_quantile(q, beta),
    mean=lambda beta: 0.0,
    var=lambda beta: special.gamma(3.0 / beta) * special.rgamma(1.0 / beta),
    entropy=lambda beta: 1.0 / beta - np.log(0.5 * beta) + special.gammaln(1.0 / beta),
)

# --------------------------------------------------------------------------------------------------
# Noncentral

family(
    "rice",
    typical=(1.0, 1.0),
    valid=lambda b: b >= 0,
    support=lambda b: (0.0, INF),
    terms=lambda x, b: (Power(x, 1.0), -0.5 * (x - b) ** 2, np.log(special.i0e(x * b))),
    cdf=lambda x, b: special.chndtr(x * x, 2.0, b * b),
    sf=lambda x, b: 1.0 - special.chndtr(x * x, 2.0, b * b),
    ppf=lambda q, b: np.sqrt(special.chndtrix(q, 2.0, b * b)),
    note="sf is 1 - cdf, as SciPy's",
)
