"""Mass functions of whole numbers: Poisson, binomial, negative binomial, geometric, and others.

They are locally constant in the count; parameters that SciPy takes as whole numbers have no derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.ufuncs import special
from dualrev.rules.distributions.family import INF, family

__all__: list[str] = []


def _unit(p: Any) -> Any:
    return (p >= 0) & (p <= 1)


def _choose(n: Any, k: Any) -> Any:
    """Return the logarithm of a binomial coefficient of whole numbers."""
    return -special.betaln(1.0 + n - k, 1.0 + k) - np.log(n + 1.0)


family(
    "poisson",
    discrete=True,
    typical=(0.0, 1.0),
    valid=lambda mu: mu >= 0,
    support=lambda mu: (0.0, INF),
    terms=lambda k, mu: (special.xlogy(k, mu), -special.gammaln(k + 1.0) - mu),
    cdf=lambda k, mu: special.pdtr(k, mu),
    sf=lambda k, mu: special.pdtrc(k, mu),
    mean=lambda mu: mu,
    var=lambda mu: mu,
)
family(
    "binom",
    discrete=True,
    typical=(0.0, 1.0, 0.5),
    valid=lambda n, p: (n >= 0) & (np.floor(n) == n) & _unit(p),
    support=lambda n, p: (0.0, n),
    terms=lambda k, n, p: (_choose(n, k), special.xlogy(k, p), special.xlog1py(n - k, -p)),
    cdf=lambda k, n, p: special.betaincc(k + 1.0, n - k, p),
    sf=lambda k, n, p: special.betainc(k + 1.0, n - k, p),
    mean=lambda n, p: n * p,
    var=lambda n, p: n * p * (1.0 - p),
    whole=("n",),
)
family(
    "bernoulli",
    discrete=True,
    typical=(0.0, 0.5),
    valid=_unit,
    support=lambda p: (0.0, 1.0),
    terms=lambda k, p: (special.xlogy(k, p), special.xlog1py(1.0 - k, -p)),
    cdf=lambda k, p: np.where(k < 1, 1.0 - p, 1.0 + 0.0 * p),
    sf=lambda k, p: np.where(k < 1, p, 0.0 * p),
    mean=lambda p: p,
    var=lambda p: p * (1.0 - p),
    entropy=lambda p: special.entr(p) + special.entr(1.0 - p),
)
family(
    "nbinom",
    discrete=True,
    typical=(0.0, 1.0, 0.5),
    valid=lambda n, p: (n > 0) & (p > 0) & (p <= 1),
    support=lambda n, p: (0.0, INF),
    terms=lambda k, n, p: (
        -special.betaln(n, k + 1.0) - np.log(n + k),
        n * np.log(p),
        special.xlog1py(k, -p),
    ),
    cdf=lambda k, n, p: special.betainc(n, k + 1.0, p),
    sf=lambda k, n, p: special.betaincc(n, k + 1.0, p),
    mean=lambda n, p: n * (1.0 - p) / p,
    var=lambda n, p: n * (1.0 - p) / (p * p),
)
family(
    "geom",
    discrete=True,
    typical=(1.0, 0.5),
    valid=lambda p: (p > 0) & (p <= 1),
    support=lambda p: (1.0, INF),
    terms=lambda k, p: (special.xlog1py(k - 1.0, -p), np.log(p)),
    cdf=lambda k, p: -np.expm1(k * np.log1p(-p)),
    sf=lambda k, p: np.exp(k * np.log1p(-p)),
    logsf=lambda k, p: k * np.log1p(-p),
    mean=lambda p: 1.0 / p,
    var=lambda p: (1.0 - p) / (p * p),
)
family(
    "betabinom",
    discrete=True,
    typical=(0.0, 1.0, 1.0, 1.0),
    valid=lambda n, a, b: (n >= 0) & (np.floor(n) == n) & (a > 0) & (b > 0),
    support=lambda n, a, b: (0.0, n),
    terms=lambda k, n, a, b: (
        _choose(n, k),
        special.betaln(k + a, n - k + b) - special.betaln(a, b),
    ),
    mean=lambda n, a, b: n * a / (a + b),
    var=lambda n, a, b: n * (a + b + n) * a * b / ((a + b) ** 2 * (a + b + 1.0)),
    whole=("n",),
)
family(
    "betanbinom",
    discrete=True,
    typical=(0.0, 1.0, 1.0, 1.0),
    valid=lambda n, a, b: (n >= 0) & (np.floor(n) == n) & (a > 0) & (b > 0),
    support=lambda n, a, b: (0.0, INF),
    terms=lambda k, n, a, b: (
        -np.log(n + k) - special.betaln(n, k + 1.0),
        special.betaln(a + n, b + k) - special.betaln(a, b),
    ),
    whole=("n",),
)
family(
    "logser",
    discrete=True,
    typical=(1.0, 0.5),
    valid=lambda p: (p > 0) & (p < 1),
    support=lambda p: (1.0, INF),
    terms=lambda k, p: (k * np.log(p) - np.log(k), -np.log(-np.log1p(-p))),
    mean=lambda p: -p / ((1.0 - p) * np.log1p(-p)),
)
family(
    "planck",
    discrete=True,
    typical=(0.0, 1.0),
    support=lambda lambda_: (0.0, INF),
    terms=lambda k, lambda_: (np.log(-np.expm1(-lambda_)) - lambda_ * k,),
    cdf=lambda k, lambda_: -np.expm1(-lambda_ * (k + 1.0)),
    sf=lambda k, lambda_: np.exp(-lambda_ * (k + 1.0)),
    logsf=lambda k, lambda_: -lambda_ * (k + 1.0),
    mean=lambda lambda_: 1.0 / np.expm1(lambda_),
    var=lambda lambda_: np.exp(-lambda_) / np.expm1(-lambda_) ** 2,
)
family(
    "boltzmann",
    discrete=True,
    typical=(0.0, 1.0, 2.0),
    valid=lambda lambda_, N: (lambda_ > 0) & (N > 0) & (np.floor(N) == N),
    support=lambda lambda_, N: (0.0, N - 1.0),
    terms=lambda k, lambda_, N: (
        np.log(np.expm1(-lambda_) / np.expm1(-lambda_ * N)) - lambda_ * k,
    ),
    cdf=lambda k, lambda_, N: np.expm1(-lambda_ * (k + 1.0)) / np.expm1(-lambda_ * N),
    sf=lambda k, lambda_, N: 1.0 - np.expm1(-lambda_ * (k + 1.0)) / np.expm1(-lambda_ * N),
    whole=("N",),
)
family(
    "dlaplace",
    discrete=True,
    typical=(0.0, 1.0),
    terms=lambda k, a: (np.log(np.tanh(0.5 * a)) - a * np.abs(k),),
    cdf=lambda k, a: _two_sided(k, a),
    sf=lambda k, a: _two_sided(-k - 1.0, a),
    mean=lambda a: 0.0 * a,
    var=lambda a: 2.0 * np.exp(a) / np.expm1(a) ** 2,
)


def _two_sided(k: Any, a: Any) -> Any:
    left = k < 0
    return np.where(
        left,
        np.exp(a * np.where(left, k + 1.0, 0.0)) / (np.exp(a) + 1.0),
        1.0 - np.exp(-a * np.where(left, 0.0, k)) / (np.exp(a) + 1.0),
    )


family(
    "zipf",
    discrete=True,
    typical=(1.0, 2.0),
    valid=lambda a: a > 1,
    support=lambda a: (1.0, INF),
    terms=lambda k, a: (-np.log(special.zeta(a, 1.0)) - a * np.log(k),),
)
