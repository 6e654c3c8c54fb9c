"""The adjoint system: equal to tangents, at first and second order."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.scipy import integrate
from dualrev.scipy.integrate import flow

Q = np.array([1.3, 0.2, 0.5, 0.7, -0.1])
WEIGHTS = np.array([[1.0, 2.0, 3.0], [0.5, 0.1, -2.0]])


def pendulum(q, method="DOP853", end=-2.0, rtol=1e-10):
    """Parameters, initial state, and several output times, towards either side."""
    sol = integrate.solve_ivp(
        lambda t, y: [y[1], -q[0] * np.sin(y[0]) - q[1] * y[1] + q[2] * np.cos(t)],
        (0, end),
        [q[3], q[4]],
        method,
        t_eval=np.array([0.25, 0.6, 1.0]) * end,
        rtol=rtol,
        atol=1e-12,
    )
    return np.sum(sol.y * WEIGHTS)


@pytest.fixture
def adjoint(monkeypatch):
    """Return a function that switches from tangents to the adjoint."""

    def switch():
        monkeypatch.setattr(flow, "MANY", 0)
        monkeypatch.setattr(flow, "MANY_IMPLICIT", 0)

    return switch


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "BDF", "LSODA"])
@pytest.mark.parametrize("end", [-2.0, 1.5])
def test_gradient(method, end, adjoint):
    rtol, tolerance = (1e-10, 1e-8) if method in ("RK45", "DOP853", "LSODA") else (1e-7, 1e-5)
    exact = dr.jacobian(pendulum, mode="forward")(Q, "DOP853", end, 1e-12)
    adjoint()
    np.testing.assert_allclose(
        dr.grad(pendulum)(Q, method, end, rtol), exact, rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize(
    "second",
    [
        dr.hessian,
        lambda f: dr.jacobian(dr.grad(f), mode="reverse"),
        lambda f: dr.jacobian(dr.jacobian(f, mode="forward"), mode="reverse"),
    ],
    ids=["forward over reverse", "reverse over reverse", "reverse over forward"],
)
def test_second_order(second, adjoint):
    def f(q):
        return pendulum(q, "DOP853", -1.0, 1e-7)

    exact = dr.hessian(pendulum)(Q, "DOP853", -1.0)
    adjoint()
    np.testing.assert_allclose(second(f)(Q), exact, rtol=1e-6, atol=1e-6)


def test_product_with_the_hessian(adjoint):
    v = np.arange(5.0)
    exact = dr.hessian(pendulum)(Q) @ v
    adjoint()
    np.testing.assert_allclose(dr.hvp(pendulum)(Q, v), exact, rtol=1e-8, atol=1e-8)


def test_moving_times(adjoint):
    def f(p):
        sol = integrate.solve_ivp(
            lambda t, y: -p[0] * y, (p[1], 2.0), [p[2]], t_eval=np.stack([p[3], 1.5 * p[3]]),
            method="DOP853", rtol=1e-11, atol=1e-13,
        )  # fmt: skip
        return sol.y[0] @ np.array([1.0, -0.3])

    def exact(p):
        return p[2] * np.exp(-p[0] * (np.stack([p[3], 1.5 * p[3]]) - p[1])) @ np.array([1.0, -0.3])

    p = np.array([0.7, 0.2, 1.4, 0.9])
    adjoint()
    np.testing.assert_allclose(dr.grad(f)(p), dr.grad(exact)(p), rtol=1e-8)
    np.testing.assert_allclose(dr.hessian(f)(p), dr.hessian(exact)(p), rtol=1e-8)


def test_output_at_the_start_only(adjoint):
    adjoint()
    g = dr.grad(lambda y: integrate.solve_ivp(lambda t, y: -y, (0, 1), y, t_eval=[0.0]).y[1, 0])
    np.testing.assert_array_equal(g(np.array([1.0, 2.0])), [0, 1])


def test_many_parameters_choose_the_adjoint(monkeypatch):
    """A layer of 30 x 30 weights has 900 directions; the tangent system is not integrated."""
    rng = np.random.default_rng(7)
    W = rng.normal(size=(30, 30)) / 6

    def loss(W):
        sol = integrate.solve_ivp(
            lambda t, y: np.tanh(W @ y) - y, (0, 1), np.ones(30), rtol=1e-9, atol=1e-11
        )
        return np.sum(sol.y[:, -1] ** 2)

    def refuse(*_):
        raise AssertionError("the tangent system was integrated")

    V = rng.normal(size=(30, 30))
    _, along = dr.jvp(loss, (W,), (V,))
    monkeypatch.setattr(flow.Flow, "tangents", refuse)
    assert np.sum(dr.grad(loss)(W) * V) == pytest.approx(along, rel=1e-7)
