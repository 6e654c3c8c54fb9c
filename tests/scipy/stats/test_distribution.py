"""Distributions in the mirror: SciPy's own on plain arguments, frozen or not, and what has no derivative."""

import copy
import pickle

import numpy as np
import pytest
import scipy.stats

import dualrev as dr
from dualrev.core.primitive import ENTRIES
from dualrev.errors import UnsupportedError
from dualrev.scipy import stats

X = np.array([0.4, 1.3, 2.2])


def test_plain_is_scipys_own():
    for method in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"):
        found = getattr(stats.gamma, method)(X, 1.7, scale=2.0)
        want = getattr(scipy.stats.gamma, method)(X, 1.7, scale=2.0)
        np.testing.assert_array_equal(found, want)
    np.testing.assert_array_equal(
        stats.norm(0.3, 1.4).rvs(5, random_state=1),
        scipy.stats.norm(0.3, 1.4).rvs(5, random_state=1),
    )
    assert stats.norm.fit(X) == scipy.stats.norm.fit(X)
    assert stats.poisson(2.0).pmf(3) == scipy.stats.poisson(2.0).pmf(3)
    assert stats.multivariate_normal([0.0, 1.0]).pdf([0.2, 0.3]) == scipy.stats.multivariate_normal(
        [0.0, 1.0]
    ).pdf([0.2, 0.3])


def test_looks_like_scipys():
    assert isinstance(stats.norm, scipy.stats.rv_continuous)
    assert isinstance(stats.poisson, scipy.stats.rv_discrete)
    assert isinstance(stats.norm(0.0, 1.0), type(scipy.stats.norm(0.0, 1.0)))
    assert stats.gamma.shapes == "a"
    assert stats.gamma.name == "gamma"
    assert stats.gamma.__doc__ == scipy.stats.gamma.__doc__
    assert stats.norm(0.3, scale=1.4).kwds == {"scale": 1.4}
    assert "logpdf" in dir(stats.norm)
    assert "norm" in repr(stats.norm)
    assert stats.rv_continuous is scipy.stats.rv_continuous
    assert stats.rv_continuous is scipy.stats.rv_continuous
    with pytest.raises(AttributeError):
        stats.norm.nothing  # noqa: B018


def test_attributes_are_set_on_scipys():
    frozen, plain = stats.norm(0.3, 1.4), scipy.stats.norm(0.3, 1.4)
    frozen.random_state = plain.random_state = 7
    np.testing.assert_array_equal(frozen.rvs(3), plain.rvs(3))
    before = scipy.stats.norm.random_state
    try:
        stats.norm.random_state = 7
        first = stats.norm.rvs(size=3)
        scipy.stats.norm.random_state = 7
        np.testing.assert_array_equal(first, scipy.stats.norm.rvs(size=3))
    finally:
        scipy.stats.norm.random_state = before


def test_scipy_takes_them():
    """Functions of SciPy that are given a distribution of the mirror."""
    assert scipy.stats.kstest(X, stats.norm.cdf) == scipy.stats.kstest(X, scipy.stats.norm.cdf)
    found = scipy.stats.probplot(X, dist=stats.expon)
    np.testing.assert_array_equal(found[0], scipy.stats.probplot(X, dist=scipy.stats.expon)[0])


def test_copies():
    for dist in (stats.norm, stats.dirichlet):
        assert copy.deepcopy(dist) is dist
        assert pickle.loads(pickle.dumps(dist)) is dist
    frozen = pickle.loads(pickle.dumps(stats.norm(0.3, 1.4)))
    assert frozen.logpdf(0.2) == scipy.stats.norm(0.3, 1.4).logpdf(0.2)


def test_every_distribution_has_an_entry():
    for name in dir(scipy.stats):
        original = getattr(scipy.stats, name)
        if isinstance(original, (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
            assert ENTRIES[original].name == f"scipy.stats.{name}"
            assert getattr(stats, name) is ENTRIES[original].call
            assert ENTRIES[original].note


def test_parameters_by_name_and_position():
    def by_position(a, loc, scale):
        return np.sum(stats.gamma.logpdf(X, a, loc, scale))

    def by_name(a, loc, scale):
        return np.sum(stats.gamma.logpdf(X, a=a, scale=scale, loc=loc))

    def frozen(a, loc, scale):
        return np.sum(stats.gamma(a, scale=scale, loc=loc).logpdf(X))

    want = dr.grad(by_position, argnums=(0, 1, 2))(1.7, 0.1, 2.0)
    for f in (by_name, frozen):
        assert dr.grad(f, argnums=(0, 1, 2))(1.7, 0.1, 2.0) == want


def test_frozen_plain_takes_traced_points():
    frozen = stats.norm(0.3, 1.4)
    np.testing.assert_allclose(
        dr.grad(lambda x: np.sum(frozen.logpdf(x)))(X), -(X - 0.3) / 1.4**2, rtol=1e-15
    )


def test_frozen_traced_parameters():
    seen = {}

    def f(mu, sigma):
        frozen = stats.norm(mu, scale=sigma)
        seen["frozen"] = frozen
        low, high = frozen.interval(0.9)
        return (
            frozen.mean() + frozen.std() + high - low + frozen.median() + frozen.stats(moments="v")
        )

    reach = 2 * scipy.stats.norm.ppf(0.95)
    np.testing.assert_allclose(
        dr.grad(f, argnums=(0, 1))(0.3, 1.4), (2.0, 1.0 + reach + 2 * 1.4), rtol=1e-14
    )
    assert isinstance(seen["frozen"], type(scipy.stats.norm()))


def test_lanes():
    means = np.array([0.1, 0.2, 0.3])
    found = dr.vmap(lambda m: stats.norm(m, 2.0).logpdf(X))(means)
    np.testing.assert_allclose(
        found, [scipy.stats.norm(m, 2.0).logpdf(X) for m in means], rtol=1e-14
    )
    found = dr.vmap(lambda k: stats.poisson.pmf(k, 2.3))(np.array([0.0, 2.0, 5.0]))
    np.testing.assert_allclose(found, scipy.stats.poisson.pmf([0, 2, 5], 2.3), rtol=1e-13)


def test_likelihood():
    theta = np.array([1.7, 0.1, 2.0])
    found = dr.grad(lambda t: stats.gamma.nnlf(t, X))(theta)
    want = dr.grad(lambda t: -np.sum(stats.gamma.logpdf(X, *t)))(theta)
    np.testing.assert_allclose(found, want, rtol=1e-15)
    value = dr.jvp(lambda t: stats.gamma.nnlf(t, X), (theta,), (theta,))[0]
    np.testing.assert_allclose(value, scipy.stats.gamma.nnlf(theta, X), rtol=1e-14)
    assert dr.jvp(lambda t: stats.gamma.nnlf(t, X), (theta - 2.0,), (theta,))[0] == np.inf


def test_entropy_and_moments_of_t():
    for df in (0.8, 1.7, 3.1, 5.5):
        for method in ("mean", "var", "entropy"):
            value = dr.jvp(getattr(stats.t, method), (df,), (1.0,))[0]
            np.testing.assert_allclose(value, getattr(scipy.stats.t, method)(df), rtol=1e-13)


def test_support_moves_with_its_parameters():
    found = dr.jacobian(lambda c: np.stack(stats.genpareto(c, 0.3, 2.0).support()))(-0.5)
    np.testing.assert_allclose(found, [0.0, 8.0], rtol=1e-14)


def test_integers_are_promoted():
    np.testing.assert_allclose(dr.grad(lambda m: stats.norm.logpdf(3, m, 2))(1.0), 0.5, rtol=1e-15)


REFUSED = [
    (lambda v: stats.norm.rvs(v), "random numbers"),
    (lambda v: stats.norm(v, 1.0).rvs(3), "random numbers"),
    (lambda v: stats.norm.fit(v * X), "search"),
    (lambda v: stats.norm.expect(lambda x: x, loc=v), "integral"),
    (lambda v: stats.norm.stats(v, moments="s"), "moments s"),
    (lambda v: stats.kappa4.pdf(1.3, v, 1.0), "no rules"),
    (lambda v: stats.skellam.pmf(1, v, 1.0), "no rules"),
    (lambda v: stats.binom.pmf(1, v, 0.3), "whole number"),
    (lambda v: stats.vonmises.cdf(0.3, v), "second argument"),
    (lambda v: stats.hypergeom.pmf(1, v, 3, 4), "no rules"),
    (lambda v: stats.truncnorm.mean(v, 3.0), "no closed form"),
    (lambda v: stats.multivariate_normal.cdf(v * X), "no rule"),
    (lambda v: stats.norm(v).dist.a, "traced parameters"),
    (lambda v: stats.multivariate_normal.logpdf(X, None, v * np.eye(3), True), "rank may change"),
]


@pytest.mark.parametrize(("f", "words"), REFUSED)
def test_refused(f, words):
    with pytest.raises(UnsupportedError, match=words):
        dr.grad(lambda v: np.sum(f(v)))(1.5)


@pytest.mark.parametrize("name", ["rankdata", "spearmanr", "kendalltau", "boxcox", "wilcoxon"])
def test_ranks_and_searches(name):
    with pytest.raises(UnsupportedError, match=r"ranks|search"):
        dr.grad(lambda x: np.sum(getattr(stats, name)(x)))(X)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ttest_1samp", "p-value"),
        ("theilslopes", "no rule"),
        ("percentileofscore", "counts"),
        ("probplot", "search"),
        ("scoreatpercentile", "percentile"),
    ],
)
def test_what_is_done_in_plain_numbers(name, words):
    with pytest.raises(UnsupportedError, match=words):
        dr.grad(lambda x: np.sum(getattr(stats, name)(x, 0.3)))(X)


def test_every_test_of_a_hypothesis_is_classified():
    """None of them answers a traced sample with a plain number."""
    from dualrev.core.primitive import ENTRIES

    known = {
        "find_repeats",
        "make_distribution",
        "ttest_ind_from_stats",
        "tukeylambda",
        "abs",
        "exp",
        "log",
    }
    known |= {"rvs_ratio_uniforms"}  # gone from later versions
    open_ = {"order_statistic", "truncate", "test", *known}
    for name in dir(scipy.stats):
        function = getattr(scipy.stats, name)
        if callable(function) and not isinstance(function, type) and name[0] != "_":
            assert function in ENTRIES or name in open_, name


def test_limits_that_leave_nothing():
    x = np.array([[1.0, 5.0], [2.0, 7.0]])
    found, slope = dr.jvp(lambda x: stats.tmax(x, 3.0), (x,), (x,))
    np.testing.assert_array_equal(found, [2.0, np.nan])
    np.testing.assert_array_equal(slope, [2.0, 0.0])
    found = dr.jvp(lambda x: stats.tmin(x, 2.0, inclusive=False, axis=None), (x,), (x,))
    assert found == (5.0, 5.0)
    for f in (lambda x: stats.trimboth(x, 0.5), lambda x: stats.trim1(x, 0.5, tail="middle")):
        with pytest.raises(ValueError, match=r"Proportion|tail"):
            dr.jvp(f, (x,), (x,))


def test_wrong_arguments():
    for call in (
        lambda v: stats.gamma.pdf(v),
        lambda v: stats.norm.pdf(v, 0.0, 1.0, 2.0),
        lambda v: stats.norm.pdf(v, wrong=1.0),
    ):
        with pytest.raises(TypeError):
            dr.grad(call)(1.5)


def test_singular_covariance():
    cov = np.array([[1.0, 1.0], [1.0, 1.0]])
    x = np.array([0.3, 0.3])
    with pytest.raises(np.linalg.LinAlgError):
        dr.grad(lambda x: stats.multivariate_normal.logpdf(x, None, cov))(x)
    value, slope = dr.jvp(
        lambda x: stats.multivariate_normal.logpdf(x, None, cov, True), (x,), (np.ones(2),)
    )
    np.testing.assert_allclose(
        value, scipy.stats.multivariate_normal.logpdf(x, None, cov, True), rtol=1e-13
    )
    np.testing.assert_allclose(slope, -0.3, rtol=1e-13)


def test_covariance_objects():
    given = scipy.stats.Covariance.from_diagonal([1.0, 4.0])
    found = dr.grad(lambda x: stats.multivariate_normal.logpdf(x, [0.0, 0.0], given))(
        np.array([1.0, 2.0])
    )
    np.testing.assert_allclose(found, [-1.0, -0.5], rtol=1e-14)


def test_fit_by_exact_derivatives():
    """The usual way to use it: Newton's method on a likelihood finds SciPy's own estimate."""
    rng = np.random.default_rng(3)
    data = scipy.stats.gamma.rvs(2.5, scale=1.5, size=400, random_state=rng)
    theta = np.array([2.0, 1.0])

    def loss(t):
        return -np.mean(stats.gamma(t[0], scale=t[1]).logpdf(data))

    for _ in range(20):
        theta = theta - np.linalg.solve(dr.hessian(loss)(theta), dr.grad(loss)(theta))
    shape, _, scale = scipy.stats.gamma.fit(data, floc=0)
    np.testing.assert_allclose(theta, [shape, scale], rtol=1e-6)
