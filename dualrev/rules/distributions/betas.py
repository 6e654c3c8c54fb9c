"""Distributions made of the incomplete beta function: beta, F, Student's t, and those with an elementary integral."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.ufuncs import special
from dualrev.rules.distributions.family import INF, Excess, Power, family

__all__: list[str] = []


family(
    "beta",
    typical=(0.5, 1.0, 1.0),
    support=lambda a, b: (0.0, 1.0),
    terms=lambda x, a, b: (Power(x, a - 1.0), Excess(-x, b - 1.0), -special.betaln(a, b)),
    cdf=lambda x, a, b: special.betainc(a, b, x),
    sf=lambda x, a, b: special.betaincc(a, b, x),
    ppf=lambda q, a, b: special.betaincinv(a, b, q),
    isf=lambda q, a, b: special.betainccinv(a, b, q),
    mean=lambda a, b: a / (a + b),
    var=lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1.0)),
    entropy=lambda a, b: (
        special.betaln(a, b)
        - (a - 1.0) * special.psi(a)
        - (b - 1.0) * special.psi(b)
        + (a + b - 2.0) * special.psi(a + b)
    ),
)
family(
    "betaprime",
    typical=(1.0, 1.0, 1.0),
    support=lambda a, b: (0.0, INF),
    terms=lambda x, a, b: (Power(x, a - 1.0), -special.xlog1py(a + b, x), -special.betaln(a, b)),
    cdf=lambda x, a, b: _odds(x, a, b)[0],
    sf=lambda x, a, b: _odds(x, a, b)[1],
    ppf=lambda q, a, b: special.betaincinv(a, b, q) / special.betainccinv(b, a, q),
    isf=lambda q, a, b: special.betainccinv(a, b, q) / special.betaincinv(b, a, q),
    mean=lambda a, b: np.where(b > 1, a / np.where(b > 1, b - 1.0, 1.0), INF),
    var=lambda a, b: np.where(
        b > 2, a * (a + b - 1.0) / np.where(b > 2, (b - 1.0) ** 2 * (b - 2.0), 1.0), INF
    ),
)


def _odds(x: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Return both tails of x/(1+x), from the smaller of x/(1+x) and 1/(1+x)."""
    low = x < 1
    w = np.where(low, x, 1.0) / (1.0 + x)
    p, q = np.where(low, a, b), np.where(low, b, a)
    lower, upper = special.betainc(p, q, w), special.betaincc(p, q, w)
    return np.where(low, lower, upper), np.where(low, upper, lower)


family(
    "f",
    typical=(1.0, 1.0, 1.0),
    support=lambda dfn, dfd: (0.0, INF),
    terms=lambda x, m, n: (
        Power(x, 0.5 * m - 1.0),
        0.5 * m * np.log(m / n),
        -0.5 * (m + n) * np.log1p(m * x / n) - special.betaln(0.5 * m, 0.5 * n),
    ),
    cdf=lambda x, m, n: special.fdtr(m, n, x),
    sf=lambda x, m, n: special.fdtrc(m, n, x),
    ppf=lambda q, m, n: special.fdtri(m, n, q),
    isf=lambda q, m, n: (
        n / m * special.betainccinv(0.5 * m, 0.5 * n, q) / special.betaincinv(0.5 * n, 0.5 * m, q)
    ),
    mean=lambda m, n: np.where(n > 2, n / np.where(n > 2, n - 2.0, 1.0), INF),
    var=lambda m, n: np.where(
        n > 4,
        2.0 * n * n * (m + n - 2.0) / np.where(n > 4, m * (n - 2.0) ** 2 * (n - 4.0), 1.0),
        INF,
    ),
)
family(
    "t",
    typical=(0.0, 1.0),
    valid=lambda df: (df > 0) & (df < INF),
    terms=lambda x, df: (
        -0.5 * (df + 1.0) * np.log1p(x * x / df) - special.betaln(0.5 * df, 0.5),
        -0.5 * np.log(df),
    ),
    cdf=lambda x, df: special.stdtr(df, x),
    sf=lambda x, df: special.stdtr(df, -x),
    ppf=lambda q, df: _student(q, df),
    isf=lambda q, df: -_student(q, df),
    mean=lambda df: np.where(df > 1, 0.0, INF),
    var=lambda df: np.where(
        df > 2, df / np.where(df > 2, df - 2.0, 1.0), np.where(df > 1, INF, np.nan)
    ),
    entropy=lambda df: (
        0.5 * (df + 1.0) * (special.psi(0.5 * (df + 1.0)) - special.psi(0.5 * df))
        + 0.5 * np.log(df)
        + special.betaln(0.5 * df, 0.5)
    ),
    note="infinite df: use norm",
)


def _student(q: Any, df: Any) -> Any:
    # SciPy's function has the wrong sign at zero.
    none = q == 0
    return np.where(none, -INF, special.stdtrit(df, np.where(none, 0.5, q)))


family(
    "uniform",
    typical=(0.5,),
    support=lambda: (0.0, 1.0),
    terms=lambda x: (0.0 * x,),
    cdf=lambda x: x,
    sf=lambda x: 1.0 - x,
    ppf=lambda q: q,
    isf=lambda q: 1.0 - q,
    mean=lambda: 0.5,
    var=lambda: 1.0 / 12.0,
    entropy=lambda: 0.0,
)
family(
    "powerlaw",
    typical=(0.5, 1.0),
    support=lambda a: (0.0, 1.0),
    terms=lambda x, a: (Power(x, a - 1.0), np.log(a)),
    cdf=lambda x, a: x**a,
    sf=lambda x, a: -np.expm1(special.xlogy(a, x)),
    logcdf=lambda x, a: special.xlogy(a, x),
    ppf=lambda q, a: q ** (1.0 / a),
    isf=lambda q, a: np.exp(np.log1p(-q) / a),
    mean=lambda a: a / (a + 1.0),
    var=lambda a: a / ((a + 2.0) * (a + 1.0) ** 2),
    entropy=lambda a: 1.0 - 1.0 / a - np.log(a),
)
family(
    "arcsine",
    typical=(0.5,),
    support=lambda: (0.0, 1.0),
    terms=lambda x: (Power(x, -0.5), Excess(-x, -0.5), -math.log(math.pi)),
    cdf=lambda x: 2.0 / math.pi * np.arcsin(np.sqrt(x)),
    sf=lambda x: 2.0 / math.pi * np.arccos(np.sqrt(x)),
    ppf=lambda q: np.sin(0.5 * math.pi * q) ** 2,
    isf=lambda q: np.cos(0.5 * math.pi * q) ** 2,
    mean=lambda: 0.5,
    var=lambda: 0.125,
    entropy=lambda: math.log(0.25 * math.pi),
)


def _log_sides(x: Any, c: Any) -> tuple[Any, Any, Any]:
    """Return whether x is left of the mode, and x/c and (1-x)/(1-c), each where it counts."""
    left = x < c
    return left, x / np.where(left, c, 1.0), (1.0 - x) / np.where(left, 1.0, 1.0 - c + (c >= 1))


family(
    "triang",
    typical=(0.5, 0.5),
    valid=lambda c: (c >= 0) & (c <= 1),
    support=lambda c: (0.0, 1.0),
    terms=lambda x, c: (Power(_triangle(x, c), 1.0), math.log(2.0)),
    cdf=lambda x, c: _triangle_tails(x, c)[0],
    sf=lambda x, c: _triangle_tails(x, c)[1],
    ppf=lambda q, c: np.where(
        q < c,
        np.sqrt(np.where(q < c, c * q, 1.0)),
        1.0 - np.sqrt((1.0 - c) * np.where(q < c, 1.0, 1.0 - q)),
    ),
    isf=lambda q, c: np.where(
        q > 1.0 - c,
        np.sqrt(c * np.where(q > 1.0 - c, 1.0 - q, 1.0)),
        1.0 - np.sqrt((1.0 - c) * np.where(q > 1.0 - c, 1.0, q)),
    ),
    mean=lambda c: (1.0 + c) / 3.0,
    var=lambda c: (1.0 - c + c * c) / 18.0,
    entropy=lambda c: 0.5 - math.log(2.0) + 0.0 * c,
    note="at the mode, the slopes of the right side",
)


def _triangle(x: Any, c: Any) -> Any:
    left, up, down = _log_sides(x, c)
    # With the mode at 1 the one point that is not left of it is the mode itself.
    return np.where(left, up, np.where(c >= 1, 1.0, down))


def _triangle_tails(x: Any, c: Any) -> tuple[Any, Any]:
    left, up, down = _log_sides(x, c)
    low, high = x * up, (1.0 - x) * down
    return np.where(left, low, 1.0 - high), np.where(left, 1.0 - low, high)
