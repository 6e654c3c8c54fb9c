"""Distributions at the edges of their support, outside of it, and with parameters that are none."""

import numpy as np
import pytest
import scipy.stats

import dualrev as dr
from dualrev.errors import UnsupportedError
from dualrev.rules.distributions.family import FAMILIES
from dualrev.scipy import stats
from tests.rules.examples.stats_distributions import MASSES, SHAPES

CURVES = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")
SUMS = ("logpmf", "pmf", "cdf", "sf", "logcdf", "logsf")
NAN = np.nan
INF = np.inf


def _pushed(f, x):
    with np.errstate(all="ignore"):
        return dr.jvp(f, (x,), (np.ones_like(x),))


@pytest.mark.parametrize("name", SHAPES)
def test_values(name):
    """A traced argument gives SciPy's values everywhere, also outside and at the edges."""
    plain, own = getattr(scipy.stats, name), getattr(stats, name)
    shapes = SHAPES[name]
    low, high = plain.support(*shapes)
    inner = plain.ppf([0.001, 0.3, 0.8, 0.999], *shapes)
    x = np.array([-7.0, low, *inner, high, 60.0, NAN])
    for method in CURVES:
        with np.errstate(all="ignore"):
            want = getattr(plain, method)(x, *shapes)
        found, slope = _pushed(lambda x, m=method: getattr(own, m)(x, *shapes), x)
        # SciPy's logarithms of tails underflow; ours do not.
        far = (want < -700) & (found < -700)
        sure = (np.isfinite(x) | np.isnan(x)) & ~far
        np.testing.assert_allclose(found[sure], want[sure], rtol=1e-10, atol=1e-14, err_msg=method)
        assert not np.any(np.isnan(slope[np.isfinite(found)])), (method, slope)


@pytest.mark.parametrize("name", SHAPES)
def test_quantiles(name):
    plain, own = getattr(scipy.stats, name), getattr(stats, name)
    shapes = SHAPES[name]
    q = np.array([-0.1, 0.0, 0.02, 0.5, 0.97, 1.0, 1.1, NAN])
    for method in ("ppf", "isf"):
        if not FAMILIES[name].ppf:
            continue
        with np.errstate(all="ignore"):
            want = getattr(plain, method)(q, *shapes, 0.3, 1.4)
        found, _ = _pushed(lambda q, m=method: getattr(own, m)(q, *shapes, 0.3, 1.4), q)
        np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-12, err_msg=method)


@pytest.mark.parametrize("name", [n for n, s in SHAPES.items() if s])
def test_invalid(name):
    """Parameters that are none, and a scale that is not positive: NaN, as in SciPy."""
    plain, own = getattr(scipy.stats, name), getattr(stats, name)
    shapes = tuple(map(float, SHAPES[name]))
    wrong = [(*((-7.0,) * len(shapes)), 0.0, 1.0), (*shapes, 0.0, -1.0), (*shapes, 0.0, 0.0)]
    wrong += [(*((NAN,) * len(shapes)), 0.0, 1.0), (*shapes, NAN, 1.0)]
    for parameters in wrong:
        with np.errstate(all="ignore"):
            if name == "erlang":
                continue
            want = plain.pdf(1.3, *parameters), plain.cdf(1.3, *parameters)
            found = [
                dr.jvp(lambda x, m=m, p=parameters: m(x, *p), (1.3,), (1.0,))[0]
                for m in (own.pdf, own.cdf)
            ]
        np.testing.assert_allclose(found, want, rtol=1e-10, err_msg=str(parameters))


@pytest.mark.parametrize("name", MASSES)
def test_masses(name):
    plain, own = getattr(scipy.stats, name), getattr(stats, name)
    front, back = MASSES[name]
    shapes = (*front, *back)
    at = next(j for j, v in enumerate(shapes) if isinstance(v, float))
    k = np.array([-3.0, -1.0, 0.0, 0.5, 1.0, 1.7, 3.0, 5.0, 40.0, -INF, INF, NAN])
    for method in SUMS:
        if method not in SUMS[:2] and name in ("betabinom", "betanbinom", "logser", "zipf"):
            with pytest.raises(UnsupportedError, match="no closed form"):
                dr.grad(lambda v, m=method: getattr(own, m)(1, *shapes[:at], v, *shapes[at + 1 :]))(
                    shapes[at]
                )
            continue
        with np.errstate(all="ignore"):
            want = getattr(plain, method)(k, *shapes, 1)
            # SciPy's logarithms of tails lose digits there.
            finite = (np.isfinite(want) | np.isfinite(k)) & ~((want < -20) & np.isfinite(want))

            def f(v, m=method):
                return getattr(own, m)(k, *shapes[:at], v, *shapes[at + 1 :], 1)

            found, slope = dr.jvp(f, (shapes[at],), (1.0,))
        np.testing.assert_allclose(
            found[finite], want[finite], rtol=1e-10, atol=1e-14, err_msg=method
        )
        assert not np.any(np.isnan(slope[finite & ~np.isnan(k)])), method


# Distribution, method, point, derivative in each argument: limits from inside, at an edge.
LIMITS = [
    ("expon", "logpdf", (0.0,), (-1.0,)),
    ("expon", "cdf", (0.0,), (1.0,)),
    ("gamma", "pdf", (0.0, 2.0), (1.0, 0.0)),
    ("gamma", "pdf", (0.0, 1.0), (-1.0, None)),
    ("gamma", "logpdf", (0.0, 1.0), (-1.0, -INF)),
    ("gamma", "pdf", (0.0, 3.0), (0.0, 0.0)),
    ("chi2", "pdf", (0.0, 4.0), (0.25, 0.0)),
    ("beta", "pdf", (0.0, 2.0, 2.0), (6.0, 0.0, 0.0)),
    ("beta", "pdf", (1.0, 2.0, 2.0), (-6.0, 0.0, 0.0)),
    ("rayleigh", "pdf", (0.0,), (1.0,)),
    ("weibull_min", "pdf", (0.0, 2.0), (2.0, 0.0)),
    ("weibull_min", "cdf", (0.0, 1.0), (1.0, 0.0)),
    ("powerlaw", "pdf", (0.0, 2.0), (2.0, 0.0)),
    ("uniform", "cdf", (0.0,), (1.0,)),
    ("uniform", "cdf", (1.0,), (1.0,)),
    ("uniform", "cdf", (1.2,), (0.0,)),
    ("truncnorm", "cdf", (-1.0, -1.0, 2.0), None),
    ("gennorm", "cdf", (0.0, 1.4), None),
    ("laplace", "cdf", (0.0,), (0.5,)),
    ("laplace", "logpdf", (0.0,), (0.0,)),
    ("lognorm", "pdf", (0.0, 0.7), (0.0, 0.0)),
    ("lognorm", "cdf", (0.0, 0.7), (0.0, 0.0)),
    ("norm", "logpdf", (INF,), (0.0,)),
    ("norm", "cdf", (-INF,), (0.0,)),
    ("gamma", "logpdf", (-1.0, 2.0), (0.0, 0.0)),
    ("triang", "pdf", (0.0, 0.4), (5.0, 0.0)),
    ("triang", "cdf", (0.0, 0.0), (2.0, None)),
    ("genpareto", "logpdf", (2.0, 0.0), (-1.0, 0.0)),
    ("genextreme", "cdf", (0.0, 0.0), (np.exp(-1.0), 0.0)),
]


@pytest.mark.parametrize(("name", "method", "point", "want"), LIMITS)
def test_limits(name, method, point, want):
    own = getattr(stats, name)
    f = getattr(own, method)
    if want is None:
        # The slope of a cdf is the density also at an edge, or at a kink of its formula.
        want = (own.pdf(*point),)
    for k, slope in enumerate(want):
        if slope is None:
            continue
        with np.errstate(all="ignore"):
            found = dr.grad(f, argnums=k)(*point)
            pushed = dr.jvp(lambda v, k=k: f(*point[:k], v, *point[k + 1 :]), (point[k],), (1.0,))[
                1
            ]
        np.testing.assert_allclose([found, pushed], slope, rtol=1e-13, atol=1e-15, err_msg=str(k))


def test_outside_stays_outside():
    """Entries outside of the support give no warning and do not spoil the others."""
    x = np.array([-1.0, 0.5, 2.0])
    g = dr.grad(lambda x, a: np.sum(stats.gamma.pdf(x, a)), argnums=(0, 1))
    slopes, by_shape = g(x, 1.7)
    assert slopes[0] == 0.0
    inner = g(x[1:], 1.7)
    np.testing.assert_allclose(slopes[1:], inner[0], rtol=1e-15)
    np.testing.assert_allclose(by_shape, inner[1], rtol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: stats.tmean(x, (0.0, 2.0), axis=0),
        lambda x: stats.tvar(x, (0.0, 2.0)),
        lambda x: stats.tstd(x, (0.0, 2.0)),
        lambda x: stats.tsem(x, (0.0, 2.0)),
        lambda x: stats.trim_mean(x, 0.3),
        lambda x: stats.tmax(x, 2.0),
    ],
)
def test_a_nan_that_would_be_cut_off_is_not_forgotten(f):
    x = np.array([[1.0, 0.5], [np.nan, 0.2], [0.7, 1.5], [0.1, 1.1]])
    found = dr.jvp(f, (x,), (np.ones_like(x),))[0]
    assert np.array_equal(np.isnan(found), [True, False])


def test_samples_that_are_too_small():
    one = np.ones(1)
    assert np.isnan(dr.jvp(lambda x: stats.sem(x, ddof=0), (one,), (one,))[0])
    none = np.zeros((0, 2))
    for f in (stats.moment, stats.tvar):
        assert np.isnan(dr.jvp(f, (none,), (none,))[0]).all()


def test_truncated_pareto_that_rises():
    """SciPy lets the exponent be negative, from one version on."""
    x, shapes = np.array([1.2, 3.3]), (np.array(-1.8), np.array(5.3))
    for name in ("pdf", "logpdf", "cdf", "sf", "logsf"):
        want = getattr(scipy.stats.truncpareto, name)(x, *shapes)
        found, slope = dr.jvp(
            lambda b, c, name=name: getattr(stats.truncpareto, name)(x, b, c), shapes, (1.0, 0.5)
        )
        assert np.allclose(found, want, rtol=1e-12, equal_nan=True)
        assert np.all(np.isfinite(slope))
