"""Medians and quantiles: every method bit for bit, levels, ties, NaN, weights."""

import itertools

import numpy as np
import pytest

import dualrev as dr
from tests.rules.equivalence import as_plain
from tests.rules.examples.quantiles import METHODS

DISCRETE = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")
JUMPS = (*DISCRETE, "averaged_inverted_cdf", "midpoint")
LEVELS = (
    0,
    1,
    0.3,
    np.float64(0.25),
    np.float32(0.25),
    [0.0, 0.37, 0.5, 1.0],
    np.array([[0.2, 1 / 3], [0.6, 0]]),
    np.array([0, 1]),
    np.arange(9) / 8,
    np.arange(4) / 3,
)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("method", METHODS)
def test_bits(method, dtype, rng):
    """The value is NumPy's, for data with and without NaN."""
    x = rng.normal(size=(3, 8)).astype(dtype)
    holes = x.copy()
    holes[[0, 1, 1], [1, 6, 7]] = np.nan
    for q, axis, keepdims in itertools.product(LEVELS, (None, 0, -1), (False, True)):
        options = {"axis": axis, "method": method, "keepdims": keepdims}
        as_plain(lambda x, q=q, o=options: np.quantile(x, q, **o), x, exact=True)
        # A scalar NaN comes from NumPy in the dtype of the data, whatever that of the level is.
        if dtype is np.float64 or type(q) in (int, float):
            as_plain(lambda x, q=q, o=options: np.quantile(x, q, **o), holes, exact=True)
        as_plain(lambda x, q=q, o=options: np.nanquantile(x, q, **o), holes, exact=True)
    for q in (0, 100, 30, 33.3, [12.5, 25], np.float32(50)):
        as_plain(lambda x, q=q: np.percentile(x, q, 1, method=method), x, exact=True)
        as_plain(lambda x, q=q: np.nanpercentile(x, q, 1, method=method), holes, exact=True)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_medians(dtype, rng):
    for shape in ((7,), (3, 4), (2, 3, 3)):
        x = rng.normal(size=shape).astype(dtype)
        holes = x.copy()
        holes.flat[1:3] = np.nan
        for axis in (None, 0, -1, (0,)):
            as_plain(lambda x, axis=axis: np.median(x, axis, keepdims=True), x, exact=True)
            as_plain(lambda x, axis=axis: np.median(x, axis), holes, exact=True)
            as_plain(lambda x, axis=axis: np.nanmedian(x, axis, keepdims=True), holes, exact=True)
    as_plain(np.median, np.array([1 + 2j, 1 - 1j, 3]), exact=True)
    as_plain(np.nanmedian, np.array([1.7e308]), exact=True)


def test_lanes(rng):
    """Data, levels and weights may differ from lane to lane."""
    x = rng.permutation(24).reshape(3, 8) * 0.3
    x[1, 2] = np.nan
    q, w = np.array([0.13, 0.5, 0.77]), rng.uniform(size=(3, 8))
    for m in METHODS:
        for f in (np.quantile, np.nanquantile):
            g = lambda x, q, f=f, m=m: f(x, q, method=m)
            np.testing.assert_array_equal(dr.vmap(g)(x, q), list(map(g, x, q)))
            slope = dr.grad(g, argnums=1)
            np.testing.assert_allclose(
                dr.vmap(slope)(x[::2], q[::2]), list(map(slope, x[::2], q[::2]))
            )
    g = lambda x, w: np.nanquantile(x, [0.3, 0.6], method="inverted_cdf", weights=w)
    np.testing.assert_array_equal(dr.vmap(g)(x, w), list(map(g, x, w)))
    np.testing.assert_array_equal(dr.vmap(np.nanmedian)(x), np.nanmedian(x, axis=1))


def test_ties_share_equally(jac):
    np.testing.assert_array_equal(jac(np.median, np.array([1.0, 1.0, 3.0])), [0.5, 0.5, 0])
    np.testing.assert_array_equal(jac(np.median, np.array([3.0, 1.0, 1.0, 3.0])), np.full(4, 0.25))
    for f in (np.quantile, np.nanquantile):
        quartile = jac(lambda x, f=f: f(x, 0.25), np.array([5.0, 1.0, 1.0]))
        np.testing.assert_array_equal(quartile, [0, 0.5, 0.5])
    weighted = jac(
        lambda x: np.quantile(x, 0.25, method="inverted_cdf", weights=[1.0, 2.0, 1.0]),
        np.array([5.0, 1.0, 1.0]),
    )
    np.testing.assert_array_equal(weighted, [0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("q", "slope"), [(0.0, 4), (0.3, 4), (0.5, 8), (0.6, 8), (1.0, 8)], ids=str
)
def test_slope_in_the_level(q, slope, jac):
    """At a knot that of the interval above; level 1 has none above."""
    x = np.array([7.0, 1.0, 3.0])
    for f in (np.quantile, np.nanquantile):
        assert jac(lambda q, f=f: f(x, q), q) == slope
    for f in (np.percentile, np.nanpercentile):
        assert jac(lambda p, f=f: f(x, p), 100 * q) == pytest.approx(slope / 100, rel=1e-14)


def test_slopes_beyond_the_ends_and_between_jumps(jac):
    x = np.array([1.0, 2.0, 4.0, 8.0])
    for method in ("hazen", "weibull", "median_unbiased", "normal_unbiased"):
        for q in (0.01, 0.99):
            assert jac(lambda q, m=method: np.quantile(x, q, method=m), q) == 0
    for method in JUMPS:
        f = lambda q, m=method: np.quantile(x, q, method=m) * 1.0
        assert np.all(jac(f, np.array([0.0, 0.1, 0.25, 0.5, 0.77, 1.0])) == 0)
    # One entry is every quantile of itself.
    assert jac(lambda q: np.quantile(x[:1], q), 1.0) == 0


def test_second_order(rng):
    """A quantile is linear in the data between ties, and bilinear with its level."""
    x = rng.normal(size=6)
    H = dr.hessian(lambda x: np.quantile(x, 0.3) ** 2)(x)
    g = dr.grad(lambda x: np.quantile(x, 0.3))(x)
    np.testing.assert_allclose(H, 2 * np.outer(g, g), rtol=1e-13, atol=1e-15)
    mixed = dr.grad(lambda q: dr.grad(lambda x: np.sum(np.quantile(x, q)))(x)[np.argmin(x)])(0.1)
    np.testing.assert_allclose(mixed, -5.0, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:All-NaN")
def test_nan(jac):
    x = np.array([1.0, np.nan, 2.0])
    for f in (np.median, lambda x: np.quantile(x, 0.5)):
        assert np.isnan(dr.vjp(f, x)[0])
    for f in (
        np.nanmedian,
        lambda x: np.nanquantile(x, 0.5),
        lambda x: np.nanquantile(x, 0.5, method="inverted_cdf", weights=[2.0, 1.0, 2.0]) * 1.0,
    ):
        J = jac(f, x)
        assert J[1] == 0
        assert J.sum() == 1
        nothing = np.full(3, np.nan)
        assert np.isnan(dr.vjp(f, nothing)[0])
        np.testing.assert_array_equal(jac(f, nothing), np.zeros(3))


def test_all_nan_warns_as_numpy():
    x = np.array([[1.0, 2.0, np.nan], [np.nan, np.nan, np.nan]])
    for f in (
        lambda x: np.nanmedian(x, axis=1),
        lambda x: np.nanquantile(x, [0.2, 0.3], axis=1),
        lambda x: np.nanpercentile(x, 30, axis=1, keepdims=True),
    ):
        as_plain(f, x, exact=True)
        with pytest.warns(RuntimeWarning, match="All-NaN slice"):
            dr.vmap(f)(np.stack([x, x]))


def test_weights(rng, jac):
    x, w = rng.normal(size=(4, 5)), rng.integers(0, 4, (4, 5)) + 0.5 * (np.arange(5) == 2)
    for q in (0, 0.31, [0.0, 0.5, 1.0], np.float32(0.4)):
        for options, weights in (
            ({"axis": 1}, w),
            ({"axis": 0, "keepdims": True}, w),
            ({}, w),
            ({"axis": 1}, w[0]),
            ({"axis": (1, 0)}, w.T + 0.1),
        ):
            o = options | {"method": "inverted_cdf", "weights": weights}
            as_plain(lambda x, q=q, o=o: np.quantile(x, q, **o), x, exact=True)
    f = lambda w: np.quantile(x, [0.2, 0.7], axis=1, method="inverted_cdf", weights=w)
    np.testing.assert_array_equal(jac(f, w + 0.3), np.zeros((2, 4, 4, 5)))
    assert jac(lambda q: np.quantile(x, q, method="inverted_cdf", weights=w), 0.4) == 0


def test_empty():
    for f in (
        np.median,
        np.nanmedian,
        lambda x: np.median(x, axis=0),
        lambda x: np.quantile(x, 0.5),
        lambda x: np.quantile(x, 0.5, axis=1),
        lambda x: np.nanquantile(x, [0.5, 0.2], axis=1),
    ):
        as_plain(f, np.zeros((0, 3)))


def test_numpys_errors():
    x = np.arange(6.0).reshape(2, 3)
    for f in (
        lambda x: np.percentile(x, 101),
        lambda x: np.quantile(x, [0.1, -0.1]),
        lambda x: np.nanquantile(x, np.nan),
        lambda x: np.nanpercentile(x, [[-1.0]]),
        lambda x: np.quantile(x, np.full((1, 1, 1), 0.5)),
        lambda x: np.quantile(x + 1j, 0.5),
        lambda x: np.nanquantile(x + 1j, 0.5),
        lambda x: np.quantile(x, 0.5, axis=2),
        lambda x: np.quantile(x, 0.5, weights=np.ones(6)),
        lambda x: np.quantile(x, 0.5, method="inverted_cdf", weights=np.ones(3)),
        lambda x: np.quantile(x, 0.5, 0, method="inverted_cdf", weights=np.ones(3)),
        lambda x: np.quantile(x, 0.5, 1, method="inverted_cdf", weights=-np.ones(3)),
    ):
        as_plain(f, x)
    with pytest.raises(ValueError, match="'best' is not a valid method"):
        dr.vjp(lambda x: np.quantile(x, 0.5, method="best"), x)
    with pytest.raises(dr.EscapeError, match=r"np\.quantile"):
        dr.vjp(lambda x: np.quantile(x, 0.5, out=np.zeros(())), x)


def test_refused_where_numpy_mixes_up_axes():
    with pytest.raises(dr.UnsupportedError, match="two-dimensional q"):
        dr.vjp(lambda x: np.nanquantile(x, [[0.1, 0.2]], axis=(0, 2)), np.ones((2, 3, 4)))
