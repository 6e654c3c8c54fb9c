"""The mirror of scipy.signal."""

import numpy as np
import scipy.signal as plain

import dualrev as dr
from dualrev.scipy import signal


def test_what_is_not_written_passes_through():
    assert signal.ShortTimeFFT is plain.ShortTimeFFT
    assert set(dir(plain)) <= set(dir(signal))


def test_plain_arrays_go_to_scipy():
    x = np.arange(9.0)
    assert np.array_equal(
        signal.lfilter([0.3], [1.0, -0.2], x), plain.lfilter([0.3], [1.0, -0.2], x)
    )


def test_deconvolving_a_blur():
    """The gradient of a misfit through a filter leads back to the signal."""
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=30), np.array([0.2, 1.0, 0.2])
    seen = plain.convolve(x, kernel, "same")

    def misfit(v):
        return np.sum((signal.fftconvolve(v, kernel, "same") - seen) ** 2)

    v = np.zeros(30)
    v = v - np.linalg.solve(dr.hessian(misfit)(v), dr.grad(misfit)(v))
    assert np.allclose(v, x, atol=1e-10)
