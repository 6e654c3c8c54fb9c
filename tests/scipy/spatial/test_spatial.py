"""The mirrors of scipy.spatial and scipy.spatial.distance."""

import numpy as np
import pytest
import scipy.spatial

import dualrev as dr
from dualrev.core.primitive import ENTRIES
from dualrev.scipy import spatial
from dualrev.scipy.spatial import distance

A = np.array([[0.31, 1.42, 0.85], [1.73, 0.26, 2.14]])


def test_passes_through():
    for name in ("KDTree", "cKDTree", "ConvexHull", "Delaunay", "Voronoi", "transform"):
        assert getattr(spatial, name) is getattr(scipy.spatial, name)
    assert spatial.distance is distance


def test_plain_is_scipys_own():
    np.testing.assert_array_equal(distance.cdist(A, A), scipy.spatial.distance.cdist(A, A))
    assert distance.hamming(A[0], A[1]) == scipy.spatial.distance.hamming(A[0], A[1])


def test_every_distance_is_classified():
    for name in scipy.spatial.distance.__all__:
        assert getattr(scipy.spatial.distance, name) in ENTRIES, name


def test_trees_refuse_traced_points():
    for make in (spatial.KDTree, spatial.cKDTree, spatial.ConvexHull):
        with pytest.raises((TypeError, ValueError)):
            dr.vjp(lambda x, make=make: make(x), np.eye(4, 3))


def test_a_kernel_matrix():
    """Gaussian process: the gradient of a log-likelihood through pdist, in a length and a height."""
    x = np.linspace(0.0, 1.0, 6)[:, None]
    y = np.sin(5.0 * x[:, 0])

    def loss(log_length, log_height):
        d = distance.squareform(distance.pdist(x / np.exp(log_length)))
        k = np.exp(log_height) * np.exp(-0.5 * d * d) + 1e-3 * np.eye(6)
        return 0.5 * y @ np.linalg.solve(k, y) + 0.5 * np.linalg.slogdet(k)[1]

    found = dr.grad(loss, argnums=(0, 1))(-1.0, 0.2)
    h = 1e-6
    want = [
        (loss(-1.0 + h, 0.2) - loss(-1.0 - h, 0.2)) / (2 * h),
        (loss(-1.0, 0.2 + h) - loss(-1.0, 0.2 - h)) / (2 * h),
    ]
    np.testing.assert_allclose(found, want, rtol=1e-6)
