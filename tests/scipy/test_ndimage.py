"""The mirror of scipy.ndimage."""

import numpy as np
import scipy.ndimage as plain

import dualrev as dr
from dualrev.scipy import ndimage


def test_all_names_are_there():
    assert set(dir(plain)) <= set(dir(ndimage))


def test_plain_arrays_go_to_scipy():
    x = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(ndimage.gaussian_filter(x, 1.3), plain.gaussian_filter(x, 1.3))


def test_registering_a_shifted_image():
    """Newton's method on the shift between two images finds it."""
    rng = np.random.default_rng(0)
    image = plain.gaussian_filter(rng.normal(size=(20, 20)), 2.0)
    moved = plain.shift(image, (0.3, -0.2), mode="nearest")

    def misfit(by):
        return np.sum((ndimage.shift(image, by, mode="nearest") - moved) ** 2)

    by = np.zeros(2)
    for _ in range(8):
        by = by - np.linalg.solve(dr.hessian(misfit)(by), dr.grad(misfit)(by))
    assert np.allclose(by, (0.3, -0.2), atol=1e-8)
