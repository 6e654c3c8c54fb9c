"""Histograms: options, moving edges, sums of weights, estimated numbers of bins, NumPy's errors."""

import itertools

import numpy as np
import pytest

import dualrev as dr
from tests.rules.equivalence import as_plain

EDGES = np.array([-2, -1.5, -0.3, 0, 0.9, 3])
ESTIMATORS = ("auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt")
INDEX = np.array([0, 2, 2, 1, 4, 0, 1, 2, 4, 4])


def flat(y):
    return y[0], *y[1]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_options_as_plain(dtype, rng):
    a, w = rng.normal(size=(2, 30)).astype(dtype)
    for bins, bounds, density in itertools.product(
        (10, 1, EDGES, list(EDGES), EDGES.astype(np.float32)),
        (None, (-1, 1), (-1.0, 1.5), (0.5, 0.5)),
        (None, False, True),
    ):
        o = {"bins": bins, "range": bounds, "density": density}
        as_plain(lambda a, o=o: np.histogram(a, **o), a)
        as_plain(lambda a, o=o: np.histogram(a, **o, weights=w), a)
        as_plain(lambda w, o=o: np.histogram(a, **o, weights=w), w)
        as_plain(lambda w, o=o: np.histogram(a, **o, weights=w * (1 + 2j)), w)
        as_plain(lambda a, o=o: np.histogram_bin_edges(a, o["bins"], o["range"]), a)
    for bins, bounds in itertools.product(ESTIMATORS, (None, (-1, 1))):
        as_plain(lambda a, b=bins, r=bounds: np.histogram(a, b, r, True), a)
        as_plain(lambda a, b=bins, r=bounds: np.histogram_bin_edges(a, b, r), a)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_options_in_several_dimensions_as_plain(dtype, rng):
    s, w = rng.normal(size=(20, 2)).astype(dtype), rng.normal(size=20).astype(dtype)
    for bins, bounds, density in itertools.product(
        (4, (3, 2), [3, EDGES], (EDGES, EDGES)),
        (None, [(-1, 1), (-2, 2.0)], [None, (-2, 2)]),
        (None, True),
    ):
        o = {"bins": bins, "range": bounds, "density": density}
        as_plain(lambda s, o=o: flat(np.histogramdd(s, **o)), s)
        as_plain(lambda s, o=o: flat(np.histogramdd(s, **o, weights=w)), s)
        as_plain(lambda w, o=o: flat(np.histogramdd(s, **o, weights=w)), w)
        as_plain(lambda s, o=o: np.histogram2d(*s.T, **o), s)
        as_plain(lambda w, o=o: np.histogram2d(*s.T, **o, weights=w), w)
    as_plain(lambda s: np.histogram2d(s[:, 0], s[:, 1], EDGES), s)
    as_plain(lambda s: flat(np.histogramdd(s[:, 0])), s)
    as_plain(lambda s: flat(np.histogramdd([s[:, 0], s[:, 1], s[:, 0] * s[:, 1]], 3)), s)


def test_density_moves_with_the_range(jac):
    """Four values in two bins: the density is the share over the width, half the range."""
    x = np.array([0.0, 1.0, 2.5, 4.0])
    J = jac(lambda x: np.histogram(x, 2, density=True)[0], x)
    np.testing.assert_allclose(J, np.outer([1 / 16, 1 / 16], [1, 0, 0, -1]), rtol=1e-14)
    edges = jac(lambda x: np.histogram_bin_edges(x, 4), x)
    np.testing.assert_allclose(edges[:, 0], [1, 0.75, 0.5, 0.25, 0], atol=1e-15)
    np.testing.assert_allclose(edges[:, 3], [0, 0.25, 0.5, 0.75, 1], atol=1e-15)
    np.testing.assert_array_equal(edges[:, 1:3], 0)
    # Values that tie for an end of the range share it.
    ends = jac(lambda x: np.histogram_bin_edges(x, 1), np.array([1.0, 1.0, 2.0]))
    np.testing.assert_array_equal(ends, [[0.5, 0.5, 0], [0, 0, 1]])


def test_an_empty_range_is_widened(jac):
    J = jac(lambda x: np.histogram_bin_edges(x, 2), np.array([3.0]))
    np.testing.assert_array_equal(J, [[1], [1], [1]])


@pytest.mark.parametrize("bins", ESTIMATORS)
def test_an_estimated_number_is_constant(bins, jac, rng):
    x = rng.normal(size=40)
    number = len(np.histogram_bin_edges(x, bins)) - 1
    for f in (np.histogram_bin_edges, lambda x, b: np.histogram(x, b, density=True)[0]):
        J = jac(lambda x, f=f: f(x, bins), x)
        np.testing.assert_array_equal(J, jac(lambda x, f=f: f(x, number), x))
        assert J.any()


def test_counts_are_constants(rng):
    x = rng.normal(size=12)
    for f in (
        lambda x: np.histogram(x, 3)[0],
        lambda x: np.histogram(x, EDGES, weights=np.arange(12))[0],
        lambda x: np.histogram2d(x, x[::-1], 3)[0],
    ):
        kept = []
        dr.vjp(lambda x, f=f, kept=kept: kept.append(f(x)) or x[0], x)
        assert isinstance(kept[0], np.ndarray)
        np.testing.assert_array_equal(kept[0], f(x))


def test_weights_are_linear(jac, rng):
    x, w = rng.normal(size=(2, 12))
    for bins, bounds in ((3, None), (EDGES, None), (4, (-1, 1))):
        f = lambda w, b=bins, r=bounds: np.histogram(x, b, r, weights=w)[0]
        edges = np.histogram_bin_edges(x, bins, bounds)
        inside = (x >= edges[0]) & (x <= edges[-1])
        place = np.clip(np.searchsorted(edges, x, "right") - 1, 0, len(edges) - 2)
        want = (place == np.arange(len(edges) - 1)[:, None]) & inside
        np.testing.assert_allclose(jac(f, w), want, atol=1e-15)
    J = jac(lambda w: np.bincount(INDEX, w, 6), w[:10])
    np.testing.assert_array_equal(J, np.arange(6)[:, None] == INDEX)


def test_many_values(rng):
    """NumPy takes running sums over blocks of 65536 entries."""
    a, w = rng.normal(size=(2, 70000))
    as_plain(lambda w: np.histogram(a, EDGES, weights=w)[0], w)


def test_lanes(rng):
    a, w = rng.normal(size=(3, 10)), rng.uniform(size=(3, 10))
    w[1] = 0.5
    for f in (
        lambda a, w: np.histogram(a, 4, weights=w)[0],
        lambda a, w: np.histogram(a, 4, weights=w, density=True)[0],
        lambda a, w: np.histogram(a, 4)[1],
        lambda a, w: np.histogram(w, 4)[1],
        lambda a, w: np.histogram(a, [-1, 0.0, 1], weights=w)[0],
        lambda a, w: np.histogram(a, 4, (-1, 1))[0],
        lambda a, w: np.histogramdd((a, w), 3, weights=w)[0],
        lambda a, w: np.histogram2d(a, w, (2, 3), density=True)[0],
    ):
        np.testing.assert_allclose(dr.vmap(f)(a, w), list(map(f, a, w)))
        for k in (0, 1):
            J = dr.jacobian(f, argnums=k)
            np.testing.assert_allclose(dr.vmap(J)(a, w), list(map(J, a, w)), atol=1e-15)
    with pytest.raises(dr.UnsupportedError, match="lanes"):
        dr.vmap(lambda a: np.histogram(a, "auto")[1])(a)


def test_bincount_as_plain(rng):
    w = rng.normal(size=10)
    for f in (
        lambda w: np.bincount(INDEX, w),
        lambda w: np.bincount(INDEX, weights=w, minlength=9),
        lambda w: np.bincount(INDEX[:0], w[:0], 3),
        lambda w: np.bincount(INDEX, w[:-1]),
        lambda w: np.bincount(INDEX, w + 1j),
        lambda w: np.bincount(-INDEX, w),
        lambda w: np.bincount(INDEX, w, -1),
        np.bincount,
    ):
        as_plain(f, w)
        as_plain(f, w.astype(np.float32))


def test_empty_and_numpys_errors(rng):
    a, w, s = rng.normal(size=12), rng.normal(size=12), rng.normal(size=(12, 2))
    nothing = np.zeros(0)
    for f in (
        np.histogram,
        lambda x: np.histogram(nothing, weights=x),
        lambda x: np.histogram(nothing, [0, 1, 2], weights=x),
        lambda x: np.histogram2d(x, x),
    ):
        as_plain(f, nothing)
    for f in (
        lambda a: np.histogram(a, "auto", weights=w),
        lambda a: np.histogram(a, "best"),
        lambda a: np.histogram(a, 0),
        lambda a: np.histogram(a, 1.5),
        lambda a: np.histogram(a, [1, 0, 2]),
        lambda w: np.histogram(a, [1, 0, 2], weights=w),
        lambda a: np.histogram(a, [[1]]),
        lambda a: np.histogram(a, 3, (1, 0)),
        lambda a: np.histogram(a, 3, (1, np.inf)),
        lambda a: np.histogram(a, weights=w[:-1]),
        lambda a: np.histogram(a * np.nan),
        lambda a: np.histogram2d(a, a[1:]),
    ):
        as_plain(f, a)
    for f in (
        lambda s: np.histogramdd(s, (1, 2, 3)),
        lambda s: np.histogramdd(s, (1, -2)),
        lambda s: np.histogramdd(s, (1, 2.5)),
        lambda s: np.histogramdd(s, (1, [[2.5]])),
        lambda s: np.histogramdd(s, (1, [2, 1])),
        lambda s: np.histogramdd(s, 2, [(0, 1)]),
        lambda s: np.histogramdd(a, 2, weights=s[:, 0] + 1j),
        lambda s: np.histogramdd(a, 2, weights=s[1:, 0]),
    ):
        as_plain(f, s)
