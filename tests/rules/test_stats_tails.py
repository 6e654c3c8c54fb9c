"""Distributions against mpmath: far tails, large and nearly vanishing shapes."""

import mpmath as mp
import numpy as np
import pytest

import dualrev as dr
from dualrev.scipy import stats
from tests.rules.tables import check


def _upper(x):
    return mp.erfc(x / mp.sqrt(2)) / 2


def _normal(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _t(x, df):
    return (
        mp.loggamma((df + 1) / 2)
        - mp.loggamma(df / 2)
        - mp.log(df * mp.pi) / 2
        - (df + 1) / 2 * mp.log1p(x * x / df)
    )


def _power(x, c):
    """Return log(1 + cx)/c."""
    return mp.log1p(c * x) / c if c else x


def _passage(x, mu):
    root = mp.sqrt(x)
    return _upper((x / mu - 1) / root) - mp.exp(2 / mu) * _upper((x / mu + 1) / root)


def _share(x, a, b):
    return (_upper(a) - _upper(x)) / (_upper(a) - _upper(b))


def _skew(x, a):
    return mp.quad(lambda t: 2 * _normal(t) * _upper(-a * t), [-mp.inf, x - 4, x - 1, x])


def _gamma(x, a):
    return mp.gammainc(a, x, regularized=True)


def _beta(x, a, b):
    return mp.betainc(a, b, 0, x, regularized=True)


def _odds(x, a, b):
    return mp.betainc(b, a, 0, 1 / (1 + x), regularized=True)


# Distribution, method, reference, points (of x and shapes).
TABLE = [
    ("norm", "logcdf", lambda x: mp.log(_upper(-x)), [(-40.0,), (-3.0,), (2.0,), (9.0,)]),
    ("norm", "logsf", lambda x: mp.log(_upper(x)), [(-9.0,), (35.0,)]),
    ("norm", "pdf", _normal, [(-9.0,), (0.3,)]),
    ("lognorm", "logsf", lambda x, s: mp.log(_upper(mp.log(x) / s)), [(50.0, 0.3), (0.01, 2.0)]),
    ("t", "logpdf", _t, [(1.3, 1e7), (-40.0, 2.5), (0.0, 0.7), (1e9, 3.0)]),
    ("truncnorm", "logpdf", lambda x, a, b: mp.log(_normal(x) / (_upper(a) - _upper(b))),
     [(10.5, 10.0, 12.0), (-3.0, -8.0, -2.0), (0.5, -1.0, 2.0)]),
    ("truncnorm", "cdf", _share, [(10.5, 10.0, 12.0), (-3.0, -8.0, -2.0), (0.5, -1.0, 2.0)]),
    ("truncnorm", "sf", lambda x, a, b: 1 - _share(x, a, b), [(10.5, 10.0, 12.0), (0.5, -1.0, 2.0)]),
    ("truncnorm", "logsf", lambda x, a, b: mp.log((_upper(x) - _upper(b)) / (_upper(a) - _upper(b))),
     [(30.0, 20.0, 31.0)]),
    ("invgauss", "logsf", lambda x, mu: mp.log(_passage(x, mu)), [(20.0, 0.7), (0.6, 2.0)]),
    ("invgauss", "sf", _passage, [(20.0, 0.7), (0.6, 2.0)]),
    ("skewnorm", "cdf", _skew, [(-4.0, 3.0), (0.4, -2.0)]),
    ("gamma", "logsf", lambda x, a: mp.log(_gamma(x, a)), [(60.0, 2.3), (0.01, 0.4)]),
    ("gamma", "logpdf", lambda x, a: (a - 1) * mp.log(x) - x - mp.loggamma(a), [(1e-9, 0.2), (900.0, 1e3)]),
    ("chi2", "sf", lambda x, df: _gamma(x / 2, df / 2), [(200.0, 7.0), (0.3, 1.0)]),
    ("beta", "logcdf", lambda x, a, b: mp.log(_beta(x, a, b)), [(1e-8, 2.3, 4.1), (0.3, 0.4, 1.7)]),
    ("betaprime", "sf", _odds, [(1e6, 2.3, 1.1), (0.2, 1.4, 2.0)]),
    ("genpareto", "logpdf", lambda x, c: -mp.log1p(c * x) - _power(x, c),
     [(1.7, 1e-9), (1.7, 1e-3), (1.7, 0.8), (1.7, -0.4)]),
    ("genpareto", "cdf", lambda x, c: 1 - mp.exp(-_power(x, c)), [(1e-9, 0.4), (1.7, 1e-9), (9.0, -0.1)]),
    ("genextreme", "logpdf", lambda x, c: -mp.exp(-_power(x, -c)) - _power(x, -c) - mp.log1p(-c * x),
     [(1.7, 1e-9), (-1.2, 1e-3), (0.7, 0.8), (1.7, -0.4)]),
    ("weibull_min", "logcdf", lambda x, c: mp.log(1 - mp.exp(-(x**c))), [(1e-9, 1.7), (5.0, 2.0)]),
    ("weibull_min", "logsf", lambda x, c: -(x**c), [(30.0, 1.7)]),
    ("gumbel_r", "logsf", lambda x: mp.log(1 - mp.exp(-mp.exp(-x))), [(60.0,), (-1.0,)]),
    ("burr", "logsf", lambda x, c, d: mp.log(1 - (1 + x**-c) ** -d),
     [(1e8, 2.3, 1.1), (0.2, 1.3, 0.8)]),
    ("burr", "cdf", lambda x, c, d: (1 + x**-c) ** -d, [(1e-8, 2.3, 1.1), (3.0, 1.3, 0.8)]),
    ("cauchy", "cdf", lambda x: mp.acot(-x) / mp.pi, [(-1e12,), (-0.7,)]),
    ("logistic", "logpdf", lambda x: -x - 2 * mp.log1p(mp.exp(-x)), [(-50.0,), (0.0,), (40.0,)]),
    ("hypsecant", "logsf", lambda x: mp.log(2 * mp.atan(mp.exp(-x)) / mp.pi), [(50.0,)]),
    ("loguniform", "logpdf", lambda x, a, b: -mp.log(x) - mp.log(mp.log(b / a)),
     [(1.0000001, 1.0, 1.000001), (3.0, 0.1, 1e5)]),
    ("gennorm", "cdf", lambda x, b: _gamma((-x) ** b, 1 / b) / 2, [(-5.0, 1.4), (-0.2, 3.0)]),
    ("vonmises", "logpdf", lambda x, k: k * mp.cos(x) - mp.log(2 * mp.pi * mp.besseli(0, k)),
     [(0.01, 2e3), (2.0, 0.01)]),
    ("halfnorm", "logsf", lambda x: mp.log(2 * _upper(x)), [(30.0,)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "method", "reference", "point"),
    [(n, m, r, p) for n, m, r, points in TABLE for p in points],
    ids=[f"{n}-{m}-{p}" for n, m, _, points in TABLE for p in points],
)
def test_partials(name, method, reference, point):
    f = getattr(getattr(stats, name), method)
    count = len(point)
    for k in range(count):
        check(f, reference, point, tuple(int(j == k) for j in range(count)), rtol=3e-11)


@pytest.mark.parametrize(
    ("name", "reference", "point"),
    [(n, r, points[0]) for n, m, r, points in TABLE if m == "logpdf"],
    ids=[n for n, m, _, _ in TABLE if m == "logpdf"],
)
def test_second(name, reference, point):
    """Curvatures in all shapes and the argument."""
    f = getattr(stats, name).logpdf
    count = len(point)
    for k in range(count):
        check(f, reference, point, tuple(2 * int(j == k) for j in range(count)), rtol=1e-8)


MASSES = [
    ("poisson", "logpmf", 7, lambda mu: 7 * mp.log(mu) - mu - mp.loggamma(8), [(1e-6,), (300.0,)]),
    ("poisson", "logsf", 7, lambda mu: mp.log(1 - _gamma(mu, 8)), [(1e-2,), (30.0,)]),
    ("nbinom", "logpmf", 5, lambda n, p: mp.log(mp.binomial(n + 4, 5)) + n * mp.log(p) + 5 * mp.log1p(-p),
     [(0.3, 0.01), (1e5, 0.999)]),
    ("geom", "logcdf", 3, lambda p: mp.log(1 - (1 - p) ** 3), [(1e-9,), (0.8,)]),
    ("zipf", "logpmf", 4, lambda a: -a * mp.log(4) - mp.log(mp.zeta(a)), [(1.01,), (6.0,)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "method", "k", "reference", "point"),
    [(n, m, k, r, p) for n, m, k, r, points in MASSES for p in points],
)
def test_masses(name, method, k, reference, point):
    def f(*parameters):
        return getattr(getattr(stats, name), method)(k, *parameters)

    for j in range(len(point)):
        check(f, reference, point, tuple(int(i == j) for i in range(len(point))), rtol=3e-11)


def test_quantiles_invert():
    """The inverse of a function at far quantiles, and its slopes by those of the function."""
    for name, shapes in [
        ("gamma", (2.3,)),
        ("t", (3.1,)),
        ("truncnorm", (-2.0, 5.0)),
        ("gennorm", (1.4,)),
    ]:
        dist = getattr(stats, name)
        for q in (1e-9, 0.3, 0.9999):
            x = dist.ppf(q, *shapes)
            slope = dr.grad(dist.ppf)(q, *shapes)
            np.testing.assert_allclose(slope * dist.pdf(x, *shapes), 1.0, rtol=1e-8)
            by_shape = dr.grad(dist.ppf, argnums=1)(q, *shapes)
            along = dr.grad(dist.cdf, argnums=1)(x, *shapes)
            np.testing.assert_allclose(by_shape * dist.pdf(x, *shapes), -along, rtol=1e-7)
