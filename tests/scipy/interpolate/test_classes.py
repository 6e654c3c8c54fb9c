"""Subclasses stand in for SciPy's: the same results on plain numbers, the same kin, and what is left passes through."""

import pickle

import numpy as np
import pytest
import scipy.interpolate as plain

import dualrev as dr
from dualrev.scipy import interpolate

X = np.linspace(0.0, 3.0, 7)
Y = np.sin(X) + X**2 / 5.0
CLASSES = (
    "CubicSpline",
    "PchipInterpolator",
    "Akima1DInterpolator",
    "KroghInterpolator",
    "interp1d",
)
Q = np.array([[0.3, 1.1], [2.9, 0.0]])


@pytest.mark.parametrize("name", CLASSES)
def test_plain_use_is_scipys(name):
    ours, theirs = getattr(interpolate, name)(X, Y), getattr(plain, name)(X, Y)
    assert isinstance(ours, getattr(plain, name))
    assert np.array_equal(ours(Q), theirs(Q))


@pytest.mark.parametrize("name", CLASSES[:-1])
def test_pickles(name):
    made = getattr(interpolate, name)(X, Y)
    assert np.array_equal(pickle.loads(pickle.dumps(made))(Q), made(Q))


def test_derived_splines_are_of_the_same_kind():
    f = interpolate.make_interp_spline(X, Y)
    assert type(f) is type(f.derivative()) is type(f.antiderivative()) is interpolate.BSpline
    g = interpolate.UnivariateSpline(X, Y, s=0)
    assert isinstance(g.derivative(), interpolate.UnivariateSpline)
    assert np.array_equal(
        g.derivative()(Q[0]), plain.UnivariateSpline(X, Y, s=0).derivative()(Q[0])
    )


def test_what_is_not_written_passes_through():
    assert interpolate.approximate_taylor_polynomial is plain.approximate_taylor_polynomial
    assert set(dir(plain)) <= set(dir(interpolate))


def test_values_and_points_at_once():
    """A curve is fitted to data through a spline: gradient and Hessian of the misfit in both."""
    data = np.cos(Q[0])

    def misfit(y, q):
        return np.sum((interpolate.CubicSpline(X, y)(q) - data) ** 2)

    q = Q[0]
    hess = dr.hessian(misfit, argnums=(0, 1))(Y, q)
    step = 1e-5
    for k in range(7):
        e = step * np.eye(7)[k]
        change = (dr.grad(misfit, argnums=1)(Y + e, q) - dr.grad(misfit, argnums=1)(Y - e, q)) / (
            2 * step
        )
        assert np.allclose(hess[0][1][k], change, rtol=1e-6, atol=1e-7)


def test_lanes_have_splines_of_their_own():
    ys, qs = np.stack([Y, Y[::-1] ** 2]), np.stack([Q[0], Q[1]])
    found = dr.vmap(lambda y, q: interpolate.CubicSpline(X, y)(q))(ys, qs)
    want = [plain.CubicSpline(X, y)(q) for y, q in zip(ys, qs, strict=True)]
    assert np.allclose(found, want, rtol=1e-13, atol=1e-13)
