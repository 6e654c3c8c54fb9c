"""gaussian_kde in the mirror."""

import numpy as np
import pytest
import scipy.stats

import dualrev as dr
from dualrev.errors import UnsupportedError
from dualrev.scipy import stats

DATA = np.array([[0.3, 1.4, 0.9, 2.1, 1.6], [1.2, 0.5, 2.2, 1.9, 0.1]])
POINTS = np.array([[0.7, 1.3], [0.9, 1.6]])
W = np.array([0.7, 1.3, 0.4, 1.1, 0.8])


def test_plain_is_scipys_own():
    for bw in (None, "silverman", 0.4, lambda kde: 0.3):
        own, plain = stats.gaussian_kde(DATA, bw, W), scipy.stats.gaussian_kde(DATA, bw, W)
        assert isinstance(own, scipy.stats.gaussian_kde)
        np.testing.assert_array_equal(own(POINTS), plain(POINTS))
        np.testing.assert_array_equal(own.logpdf(POINTS), plain.logpdf(POINTS))
        assert own.integrate_kde(own) == plain.integrate_kde(plain)
        assert own.integrate_gaussian([0.0, 0.0], np.eye(2)) == plain.integrate_gaussian(
            [0.0, 0.0], np.eye(2)
        )
        np.testing.assert_array_equal(own.resample(2, 1), plain.resample(2, 1))
        np.testing.assert_array_equal(own.marginal(0)(POINTS[0]), plain.marginal(0)(POINTS[0]))


@pytest.mark.parametrize("bw", [None, "scott", "silverman", 0.4, lambda kde: 0.3])
def test_values_and_bandwidth(bw):
    """Traced points, data or weights: SciPy's values; a bandwidth that is given stays."""
    plain = scipy.stats.gaussian_kde(DATA, bw, W)
    calls = [
        (lambda v: stats.gaussian_kde(DATA, bw, W).pdf(v), POINTS),
        (lambda v: stats.gaussian_kde(v, bw, W)(POINTS), DATA),
        (lambda v: stats.gaussian_kde(DATA, bw, v).evaluate(POINTS), W),
    ]
    for f, at in calls:
        found, pull = dr.vjp(f, at)
        np.testing.assert_allclose(found, plain(POINTS), rtol=1e-12)
        numeric = [
            (np.asarray(f(at + 1e-6 * e)) - np.asarray(f(at - 1e-6 * e))) / 2e-6
            for e in np.eye(at.size).reshape(-1, *at.shape)
        ]
        np.testing.assert_allclose(
            pull(W[:2])[0].ravel(), np.array(numeric) @ W[:2], rtol=1e-6, atol=1e-8
        )


def test_bandwidth_set_later():
    def f(data):
        kde = stats.gaussian_kde(data)
        kde.set_bandwidth(0.7)
        return kde(POINTS)

    plain = scipy.stats.gaussian_kde(DATA)
    plain.set_bandwidth(0.7)
    np.testing.assert_allclose(dr.vjp(f, DATA)[0], plain(POINTS), rtol=1e-12)


def test_far_points():
    """The logarithm of a density that underflows has its slope all the same."""
    kde = stats.gaussian_kde(DATA[0], 0.4)
    slope = dr.grad(lambda x: kde.logpdf(x)[0])(np.array([60.0]))
    variance = kde.covariance[0, 0]
    np.testing.assert_allclose(slope, -(60.0 - 2.1) / variance, rtol=1e-10)


REFUSED = [
    (lambda v: stats.gaussian_kde(v).resample(3), DATA),
    (lambda v: stats.gaussian_kde(v).marginal(0), DATA),
    (lambda v: stats.gaussian_kde(DATA).integrate_gaussian(v, np.eye(2)), POINTS[0]),
    (lambda v: stats.gaussian_kde(DATA).integrate_box(v, [1.0, 1.0]), POINTS[0]),
    (lambda v: stats.gaussian_kde(DATA).integrate_kde(stats.gaussian_kde(v)), DATA),
]


@pytest.mark.parametrize(("f", "at"), REFUSED)
def test_refused(f, at):
    with pytest.raises(UnsupportedError, match="gaussian_kde"):
        dr.vjp(f, at)
    with pytest.raises(UnsupportedError, match="lanes"):
        dr.vmap(lambda v: stats.gaussian_kde(v)(POINTS))(np.stack([DATA, DATA]))


def test_wrong_points():
    with pytest.raises(ValueError, match="points have dimension 3, dataset has dimension 2"):
        dr.vjp(stats.gaussian_kde(DATA), np.ones((3, 2)))
    with pytest.raises(ValueError, match="1D"):
        dr.vjp(lambda v: stats.gaussian_kde(v).integrate_box_1d(0.0, 1.0), DATA)


@pytest.mark.parametrize("method", [None, "silverman", 0.4])
@pytest.mark.parametrize(
    "name", ["covariance", "inv_cov", "cho_cov", "factor", "neff", "weights", "dataset"]
)
def test_what_is_kept_varies_too(name, method):
    """Attributes of an estimate made of traced data and weights are those of SciPy's, with their derivatives."""
    rng = np.random.default_rng(8)
    data, weights = rng.normal(size=(2, 8)), rng.uniform(0.5, 1.5, 8)
    move, change = rng.normal(size=(2, 8)), rng.normal(size=8)

    def of(module):
        return lambda d, w: (
            getattr(module.gaussian_kde(d, method, weights=w), name) * (1 + 0 * d[0, 0])
        )

    found, slope = dr.jvp(of(stats), (data, weights), (move, change))
    assert np.allclose(found, of(scipy.stats)(data, weights), rtol=1e-12)
    up, down = (of(scipy.stats)(data + h * move, weights + h * change) for h in (1e-5, -1e-5))
    assert np.allclose(slope, (up - down) / 2e-5, rtol=1e-6, atol=1e-8)


def test_a_bandwidth_set_later():
    data, weights = np.array([0.3, -0.2, 1.1]), np.array([0.5, 1.0, 2.0])

    def f(d, w):
        kde = stats.gaussian_kde(d, weights=w)
        kde.set_bandwidth("silverman")
        return kde(0.4)[0]

    known = scipy.stats.gaussian_kde(data, "silverman", weights=weights)
    value, slopes = dr.value_and_grad(f, argnums=(0, 1))(data, weights)
    assert np.isclose(value, known(0.4)[0], rtol=1e-13)
    want = dr.grad(
        lambda d, w: stats.gaussian_kde(d, "silverman", weights=w)(0.4)[0], argnums=(0, 1)
    )(data, weights)
    assert all(np.allclose(a, b, rtol=1e-13) for a, b in zip(slopes, want, strict=True))
