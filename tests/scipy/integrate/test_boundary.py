"""solve_bvp with exact Jacobians."""

import math

import numpy as np
import pytest
from scipy import integrate as original

import dualrev as dr
from dualrev.scipy import integrate

X = np.linspace(0, 1, 5)


class Counted:
    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def bratu(x, y):
    return np.vstack([y[1], -np.exp(y[0])])


def fixed(ya, yb):
    return np.array([ya[0], yb[0]])


def wave(x, y, p):
    return np.vstack([y[1], -(p[0] ** 2) * y[0]])


def ends(ya, yb, p):
    return np.array([ya[0], yb[0], ya[1] - p[0]])


START = np.zeros((2, 5))
START[0, 1], START[0, 3] = 1, -1
PROBLEMS = {
    "bratu": (bratu, fixed, np.zeros((2, 5)), None),
    "eigenvalue": (wave, ends, START, [6.0]),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_same_solution_with_fewer_calls(name):
    fun, bc, y, p = PROBLEMS[name]
    f, g = Counted(fun), Counted(fun)
    ours = integrate.solve_bvp(f, bc, X, y, p, tol=1e-6)
    theirs = original.solve_bvp(g, bc, X, y, p, tol=1e-6)
    assert ours.status == theirs.status == 0
    np.testing.assert_allclose(ours.sol(0.3), theirs.sol(0.3), rtol=1e-6)
    if p is not None:
        assert ours.p[0] == pytest.approx(2 * np.pi, rel=1e-6)
    assert f.calls < g.calls


def test_lists_and_tuples_as_results():
    ours = integrate.solve_bvp(
        lambda x, y: (y[1], -np.exp(y[0])), lambda a, b: [a[0], b[0]], X, np.zeros((2, 5))
    )
    assert ours.status == 0
    np.testing.assert_allclose(ours.y, integrate.solve_bvp(bratu, fixed, X, np.zeros((2, 5))).y)


def test_jacobians_by_hand_and_differences():
    def fun_jac(x, y):
        J = np.zeros((2, 2, x.size))
        J[0, 1], J[1, 0] = 1, -np.exp(y[0])
        return J

    by_hand = integrate.solve_bvp(bratu, fixed, X, np.zeros((2, 5)), fun_jac=fun_jac)
    np.testing.assert_allclose(by_hand.y, integrate.solve_bvp(bratu, fixed, X, np.zeros((2, 5))).y)
    ours = integrate.solve_bvp(
        bratu, fixed, X, np.zeros((2, 5)), fun_jac="2-point", bc_jac="2-point"
    )
    np.testing.assert_array_equal(ours.y, original.solve_bvp(bratu, fixed, X, np.zeros((2, 5))).y)


def test_refusals():
    with pytest.raises(dr.UnsupportedError, match="mesh"):
        dr.grad(lambda p: integrate.solve_bvp(bratu, fixed, X * p, np.zeros((2, 5))).y[0, 2])(1.0)
    with pytest.raises(dr.EscapeError) as caught:
        integrate.solve_bvp(
            bratu, lambda a, b: np.array([math.sin(a[0]), b[0]]), X, np.zeros((2, 5))
        )
    assert "2-point" in "".join(getattr(caught.value, "__notes__", ["2-point"]))
