"""Derivatives of the solutions of boundary value problems against closed forms."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.scipy import integrate

X = np.linspace(0, 1, 11)
V = np.array([1.3, 0.7])
WEIGHTS = np.array([1.0, -2.0, 0.3, 0.4])


def string(v, **options):
    """y'' = -w² y with y(0) = 0 and y(1) = c."""
    return integrate.solve_bvp(
        lambda x, y: np.stack([y[1], -(v[0] ** 2) * y[0]]),
        lambda a, b: [a[0], b[0] - v[1]],
        X,
        np.zeros((2, 11)),
        **{"tol": 1e-8, "max_nodes": 20000, **options},
    )


def some(v):
    res = string(v)
    return np.concatenate([res.sol(np.array([0.3, 0.7]))[0], res.sol(0.5)])


def exact(v):
    w, c = v
    return (c / np.sin(w)) * np.stack(
        [np.sin(0.3 * w), np.sin(0.7 * w), np.sin(0.5 * w), w * np.cos(0.5 * w)]
    )


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_first_order(mode):
    np.testing.assert_allclose(some(V), exact(V), rtol=1e-8)
    np.testing.assert_allclose(dr.jacobian(some, mode=mode)(V), dr.jacobian(exact)(V), rtol=1e-8)


def test_second_order():
    H = dr.hessian(lambda v: WEIGHTS @ exact(v))(V)
    f = lambda v: WEIGHTS @ some(v)
    np.testing.assert_allclose(dr.hessian(f)(V), H, rtol=1e-7)
    for inner, outer in (("reverse", "reverse"), ("forward", "forward")):
        found = dr.jacobian(dr.jacobian(f, mode=inner), mode=outer)(V)
        np.testing.assert_allclose(found, H, rtol=1e-7)


def test_the_result_at_its_mesh():
    plain = string(V)

    def at_mesh(v):
        res = string(v)
        assert type(res.x) is np.ndarray
        assert res.p is None
        return np.stack([res.y[0], res.y[1], res.yp[0], res.yp[1]])

    np.testing.assert_allclose(at_mesh(V)[:2], plain.y)
    J = dr.jacobian(at_mesh)(V)
    x, w = plain.x, V[0]
    by_c = np.stack([np.sin(w * x), w * np.cos(w * x), w * np.cos(w * x), -(w**2) * np.sin(w * x)])
    np.testing.assert_allclose(J[:, :, 1], by_c / np.sin(w), atol=1e-8)


def test_unknown_parameter():
    """y'' = -(k q)² y has k = 2 pi / q."""

    def eigenvalue(q):
        y = np.zeros((2, 5))
        y[0, 1], y[0, 3] = 1, -1
        return integrate.solve_bvp(
            lambda x, y, p: np.stack([y[1], -((p[0] * q) ** 2) * y[0]]),
            lambda a, b, p: np.stack([a[0], b[0], a[1] - p[0]]),
            X[::2][:5] / X[::2][4], y, p=[6.0], tol=1e-7, max_nodes=5000,
        ).p[0]  # fmt: skip

    q = 1.1
    assert dr.grad(eigenvalue)(q) == pytest.approx(-2 * np.pi / q**2, rel=1e-7)
    assert dr.derivative(eigenvalue)(q) == pytest.approx(-2 * np.pi / q**2, rel=1e-7)
    assert dr.grad(dr.grad(eigenvalue))(q) == pytest.approx(4 * np.pi / q**3, rel=1e-7)


def test_a_traced_guess_is_a_guess():
    def at(v):
        return integrate.solve_bvp(
            lambda x, y: np.stack([y[1], -v * y[0]]), lambda a, b: np.stack([a[0], b[0] - 1]), X,
            v * np.ones((2, 11)), tol=1e-8, max_nodes=20000,
        ).sol(0.5)[0]  # fmt: skip

    w = np.sqrt(1.7)
    slope = dr.derivative(lambda v: np.sin(np.sqrt(v) / 2) / np.sin(np.sqrt(v)))(w**2)
    assert dr.grad(at)(w**2) == pytest.approx(slope, rel=1e-7)


def test_refusals():
    with pytest.raises(dr.SolutionError, match="the solver failed"):
        dr.grad(lambda v: string(V * v, max_nodes=12).y[0, 5])(1.0)
    with pytest.raises(dr.UnsupportedError, match="singular term"):
        dr.grad(lambda v: string(V * v, S=np.zeros((2, 2))).y[0, 5])(1.0)
    with pytest.raises(dr.UnsupportedError, match="use the right-hand side"):
        dr.grad(lambda v: string(V * v).sol(v)[0])(0.5)
    with pytest.raises(dr.UnsupportedError, match="inside vmap"):
        dr.vmap(lambda v: string(V * v).y[0, 5])(np.ones(2))
