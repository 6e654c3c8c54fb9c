"""Exact Jacobians of right-hand sides: how often what is called, sparse patterns, and functions without derivative."""

import math

import numpy as np
import pytest
from scipy import integrate as original
from scipy import sparse

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.scipy import integrate

N = 40


def brusselator(t, z, A=1.0, B=3.0, alpha=0.02):
    u, v = z[:N], z[N:]
    h = 1 / (N + 1)

    def diffusion(w, edge):
        w = np.concatenate([[edge], w, [edge]])
        return alpha * (w[2:] - 2 * w[1:-1] + w[:-2]) / h**2

    return np.concatenate(
        [A + u * u * v - (B + 1) * u + diffusion(u, 1.0), B * u - u * u * v + diffusion(v, 3.0)]
    )


X = np.arange(1, N + 1) / (N + 1)
Z0 = np.concatenate([1 + np.sin(2 * np.pi * X), np.full(N, 3.0)])
BAND = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(N, N))
PATTERN = sparse.block_array([[BAND, sparse.eye_array(N)], [sparse.eye_array(N), BAND]])


class Counted:
    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


@pytest.mark.parametrize("method", ["Radau", "BDF"])
@pytest.mark.parametrize("pattern", [None, PATTERN], ids=["dense", "pattern"])
def test_no_differences_of_the_brusselator(method, pattern):
    """The user's function runs once per evaluation that SciPy counts and once per Jacobian."""
    f = Counted(brusselator)
    res = integrate.solve_ivp(f, (0, 2), Z0, method, jac_sparsity=pattern)
    plain = Counted(brusselator)
    theirs = original.solve_ivp(plain, (0, 2), Z0, method, jac_sparsity=pattern)
    assert f.calls == res.nfev + res.njev
    assert f.calls < plain.calls
    np.testing.assert_allclose(res.y[:, -1], theirs.y[:, -1], rtol=1e-6)


def test_a_pattern_that_lacks_entries_is_found_out():
    with pytest.raises(PatternError, match="pattern lacks entries"):
        integrate.solve_ivp(brusselator, (0, 2), Z0, "BDF", jac_sparsity=sparse.eye_array(2 * N))


def test_jacobians_by_hand_are_used():
    called = []

    def jac(t, y):
        called.append(t)
        return [[-1.0]]

    integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], "Radau", jac=jac)
    assert called
    called.clear()
    end = dr.grad(
        lambda r: integrate.solve_ivp(
            lambda t, y: -r * y, (0, 1), [1.0], "Radau", jac=jac, rtol=1e-9, atol=1e-11
        ).y[0, -1]
    )
    assert end(1.0) == pytest.approx(-np.exp(-1), rel=1e-7)
    assert called
    np.testing.assert_array_equal(
        integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], "BDF", jac=[[-1.0]]).y,
        original.solve_ivp(lambda t, y: -y, (0, 1), [1.0], "BDF", jac=[[-1.0]]).y,
    )


def test_a_jacobian_by_hand_may_close_over_the_parameter():
    def end(r):
        return integrate.solve_ivp(
            lambda t, y: -r * y,
            (0, 1),
            [1.0],
            "Radau",
            jac=lambda t, y: [[-r]],
            rtol=1e-9,
            atol=1e-11,
        ).y[0, -1]

    assert dr.grad(end)(1.0) == pytest.approx(-np.exp(-1), rel=1e-7)


def test_a_function_that_cannot_be_differentiated():
    def f(t, y):
        return [math.sin(y[0])]

    with pytest.raises(dr.EscapeError) as caught:
        integrate.solve_ivp(f, (0, 1), [1.0], "Radau")
    assert 'jac="2-point"' in "".join(getattr(caught.value, "__notes__", ['jac="2-point"']))
    np.testing.assert_array_equal(
        integrate.solve_ivp(f, (0, 1), [1.0], "Radau", jac="2-point").y,
        original.solve_ivp(f, (0, 1), [1.0], "Radau").y,
    )


def test_a_scalar_right_hand_side():
    assert integrate.solve_ivp(lambda t, y: -y[0], (0, 1), [1.0], "BDF").success


def test_a_band_stays_with_scipy():
    ours = integrate.solve_ivp(brusselator, (0, 0.1), Z0, "LSODA", lband=N, uband=N)
    theirs = original.solve_ivp(brusselator, (0, 0.1), Z0, "LSODA", lband=N, uband=N)
    np.testing.assert_array_equal(ours.y, theirs.y)


def test_odeint_of_a_stiff_system_takes_no_differences():
    f = Counted(lambda y, t: np.stack([-1e4 * (y[0] - np.cos(t)), y[0] - y[1]]))
    plain = Counted(f.f)
    t = np.linspace(0, 5, 4)
    y, info = integrate.odeint(f, [0.0, 0.0], t, full_output=True)
    theirs = original.odeint(plain, [0.0, 0.0], t)
    np.testing.assert_allclose(y, theirs, rtol=1e-5)
    assert info["nje"][-1] > 0
    assert f.calls < plain.calls
    given = integrate.odeint(lambda y, t: -y, [1.0], t, Dfun=lambda y, t: [[-1.0]])
    np.testing.assert_allclose(given[:, 0], np.exp(-t), rtol=1e-6)
