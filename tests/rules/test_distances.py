"""Distances: points that coincide, ties, errors in SciPy's words, names of metrics, far scales."""

import numpy as np
import pytest
from scipy import spatial as scipy_spatial
from scipy.spatial import distance as scipy_distance

import dualrev as dr
from dualrev.errors import UnsupportedError
from dualrev.scipy.spatial import distance

A = np.array([[0.31, 1.42, 0.85], [1.73, 0.26, 2.14]])
U, V = A
SAME = ("euclidean", "cityblock", "chebyshev", "sqeuclidean", "minkowski", "canberra", "braycurtis")


@pytest.mark.parametrize("metric", [*SAME, "seuclidean", "mahalanobis"])
def test_points_that_coincide(metric):
    """Their distance is zero, and so is its derivative, in both modes and of second order along the rest."""
    more = {
        "minkowski": {"p": 3.0},
        "seuclidean": {"V": np.array([1.0, 2.0, 0.5])},
        "mahalanobis": {"VI": np.diag([1.0, 2.0, 0.5])},
    }.get(metric, {})

    def f(x):
        return distance.cdist(x, A, metric, **more)

    J = dr.jacobian(f)(A)
    forward = dr.jacobian(f, mode="forward")(A)
    for found in (J, forward):
        assert np.all(found[0, 0] == 0.0)
        assert np.all(found[1, 1] == 0.0)
        assert np.any(found[0, 1] != 0.0)
    np.testing.assert_array_equal(
        dr.jvp(f, (A,), (A,))[0], scipy_distance.cdist(A, A, metric, **more)
    )


def test_jensenshannon_of_equals():
    np.testing.assert_array_equal(dr.grad(distance.jensenshannon)(U, U), np.zeros(3))


def test_angles_of_parallels():
    """The angle of parallel vectors is zero also where rounding would make it negative."""
    value, slope = dr.jvp(lambda u: distance.cosine(u, 3.0 * U), (U,), (V,))
    np.testing.assert_allclose([value, slope], 0.0, atol=1e-15)


def test_ties():
    u, v = np.array([1.0, 3.0, 0.5]), np.array([3.0, 1.0, 0.0])
    np.testing.assert_array_equal(dr.grad(distance.chebyshev)(u, v), [-0.5, 0.5, 0.0])


def test_powers_below_one():
    """Where an entry agrees its infinite slope does not count."""
    u, v = np.array([1.0, 3.0, 0.5]), np.array([1.0, 1.0, 0.0])
    found = dr.grad(lambda u: distance.minkowski(u, v, 0.5))(u)
    total = np.sqrt(2.0) + np.sqrt(0.5)
    np.testing.assert_allclose(found, [0.0, total / np.sqrt(2.0), total / np.sqrt(0.5)], rtol=1e-14)


def test_order_is_differentiable():
    found = dr.grad(lambda p: distance.minkowski(U, V, p))(2.0)
    d = np.abs(U - V)
    y = np.linalg.norm(d)
    want = y * (np.sum(d**2 * np.log(d)) / (2.0 * y**2) - np.log(y**2) / 4.0)
    np.testing.assert_allclose(found, want, rtol=1e-13)


def test_small_and_large():
    """No overflow that SciPy has not, and no digits lost for close points far from the origin."""
    close = np.array([[1e8, 1e8], [1e8 + 1e-3, 1e8]])
    slope = dr.grad(lambda x: distance.pdist(x)[0])(close)
    np.testing.assert_allclose(slope, [[-1.0, 0.0], [1.0, 0.0]], rtol=1e-15)


@pytest.mark.parametrize(
    "name", ["e", "cblock", "cheby", "pnorm", "cos", "se", "mahal", "js", "EUCLIDEAN"]
)
def test_names(name):
    points = np.random.default_rng(5).uniform(0.1, 1.0, (6, 3))
    want = scipy_distance.pdist(points, name)
    np.testing.assert_allclose(
        dr.vjp(lambda x: distance.pdist(x, name), points)[0], want, rtol=1e-12
    )


def test_metrics_that_count():
    for metric in ("hamming", "jaccard", "yule"):
        with pytest.raises(UnsupportedError, match="locally constant"):
            dr.vjp(lambda x, m=metric: distance.cdist(x, A, m), A)
    with pytest.raises(UnsupportedError, match="plain weights"):
        dr.grad(lambda w: distance.hamming(U, V, w))(np.ones(3))


@pytest.mark.parametrize("name", ["dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule"])
def test_distances_of_truth_values_are_polynomials_in_numbers(name):
    f, plain = getattr(distance, name), getattr(scipy_distance, name)
    u, v, w = np.array([0.2, 0.9, 0.4]), np.array([0.7, 0.1, 0.8]), np.array([0.5, 1.5, 1.0])
    found, slope = dr.jvp(lambda u: f(u, v, w), (u,), (w,))
    assert np.isclose(found, plain(u, v, w), rtol=1e-14)
    step = 1e-5
    assert np.isclose(
        slope, (plain(u + step * w, v, w) - plain(u - step * w, v, w)) / (2 * step), rtol=1e-7
    )
    for bad in (np.ones((2, 3)), 1j * u):
        with pytest.raises((ValueError, TypeError)):
            dr.jvp(lambda u, bad=bad: f(u, bad), (u,), (u,))
    with pytest.raises(ValueError, match="non-negative"):
        dr.jvp(lambda u: f(u, v, -w), (u,), (u,))


def test_distances_of_nothing_but_false():
    none = np.zeros(3)
    assert dr.jvp(lambda u: distance.yule(u, none), (none,), (np.ones(3),)) == (0.0, 0.0)
    with pytest.raises(ValueError, match="entirely false"):
        dr.jvp(lambda u: distance.sokalsneath(u, none), (none,), (none,))


BAD = [
    lambda x: distance.cdist(x, A[:, :2]),
    lambda x: distance.cdist(x[0], A),
    lambda x: distance.cdist(A, x[0]),
    lambda x: distance.pdist(x[0]),
    lambda x: distance.pdist(x, "no metric at all"),
    lambda x: distance.pdist(x, 3),
    lambda x: distance.pdist(x, "mahalanobis"),
    lambda x: distance.cdist(x, A, w=-np.ones(3)),
    lambda x: distance.euclidean(x, A[0]),
    lambda x: distance.euclidean(x[0], A[0], -np.ones(3)),
    lambda x: distance.minkowski(x[0], A[0], 0.0),
    lambda x: distance.seuclidean(x[0], A[0], np.ones(2)),
    lambda x: distance.squareform(np.concatenate([x[0], x[0, :1]])),
    lambda x: distance.squareform(x),
    lambda x: distance.squareform(x @ x.T),
    lambda x: distance.squareform(x[0], "tovector"),
    lambda x: distance.squareform(x, "tomatrix"),
    lambda x: distance.squareform(x[None]),
    lambda x: distance.directed_hausdorff(x, A[:, :2]),
    lambda x: scipy_or_own("distance_matrix")(x, A[:, :2]),
]


def scipy_or_own(name):
    from dualrev.scipy import spatial

    return getattr(spatial, name)


@pytest.mark.parametrize("k", range(len(BAD)))
def test_errors(k):
    """Bad input raises SciPy's kind of error, traced as plain."""
    kinds = (ValueError, TypeError)
    with pytest.raises(kinds) as plain:
        BAD[k](A)
    with pytest.raises(kinds) as traced:
        dr.vjp(BAD[k], A)
    assert isinstance(traced.value, type(plain.value))


def test_out_is_refused():
    with pytest.raises(UnsupportedError, match="out="):
        dr.vjp(lambda x: distance.cdist(x, A, out=np.empty((2, 2))), A)


def test_hausdorff():
    """The two indices are plain, the distance is that of the points."""
    other = A[::-1] + np.array([0.1, 0.4, -0.3])
    found = dr.vjp(lambda x: distance.directed_hausdorff(x, other)[0], A)[0]
    want = scipy_distance.directed_hausdorff(A, other)
    np.testing.assert_allclose(found, want[0], rtol=1e-15)
    met = []
    dr.grad(lambda x: met.append(distance.directed_hausdorff(x, other)[1:]) or np.sum(x))(A)
    assert tuple(map(int, met[0])) == want[1:]


def test_empty():
    np.testing.assert_array_equal(dr.vjp(distance.pdist, A[:1])[0], scipy_distance.pdist(A[:1]))
    assert dr.vjp(lambda x: distance.cdist(x[:0], A), A)[0].shape == (0, 2)
    assert dr.vjp(lambda x: distance.squareform(x[:0]), A[0])[0].shape == (1, 1)


def test_minkowski_of_scipy_spatial():
    own = scipy_or_own("minkowski_distance")
    np.testing.assert_allclose(
        dr.vjp(lambda x: own(x, A[::-1], 2.5), A)[0],
        scipy_spatial.minkowski_distance(A, A[::-1], 2.5),
        rtol=1e-14,
    )
