"""What an objective remembers between evaluations is a number to the solver: values of its levels decay."""

import pickle

import numpy as np
import pytest

import dualrev as dr
from dualrev.scipy import integrate, optimize

METHODS = ["BFGS", "L-BFGS-B", "SLSQP", "Newton-CG", "trust-krylov", "trust-exact", "Nelder-Mead"]


@pytest.mark.parametrize("method", METHODS)
def test_history_and_best_so_far(method):
    best = {"f": np.inf}
    values, points = [], []

    def f(x):
        y = np.sum((x - 1) ** 2 * np.array([1.0, 3.0]))
        if y < best["f"]:
            best.update(f=y, x=x.copy())
        values.append(y)
        points.append(x)
        return y

    res = optimize.minimize(f, [1.5, 2.0], method=method)
    assert min(values) == best["f"] == res.fun
    np.testing.assert_array_equal(np.array(best["x"]), res.x)
    assert np.array(points).dtype == float
    plain = [np.sum((x - 1) ** 2 * np.array([1.0, 3.0])) for x in np.array(points)]
    np.testing.assert_array_equal(np.array(values, float), plain)
    assert float(values[-1]) == plain[-1]
    assert pickle.loads(pickle.dumps(values[-1])) == values[-1]


@pytest.mark.parametrize("method", ["BFGS", "trust-exact", "trust-krylov"])
def test_the_last_point_is_a_constant(method):
    """A term that pulls towards the last point, as a number it has a derivative in the new point only."""
    last = [np.zeros(2)]
    seen = []

    def f(x):
        y = np.sum((x - 3.0) ** 2) + 0.5 * np.sum((x - last[0]) ** 2)
        last[0] = np.zeros(2) * last[0]
        return y

    d = optimize.derivatives(f)
    for x in ([1.0, 2.0], [2.0, 2.0]):
        seen.append(d.jac(np.array(x)))
    np.testing.assert_array_equal(seen, [[-3.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(optimize.minimize(f, np.ones(2), method=method).x, 2.0, rtol=1e-6)


def test_solvers_of_equations():
    points = []

    def f(x):
        points.append(x)
        return x**3 - 2.0

    for solve in (
        lambda: optimize.root(f, [1.0]),
        lambda: optimize.least_squares(f, [1.0]),
        lambda: optimize.root_scalar(f, x0=1.0, method="halley"),
        lambda: optimize.newton(f, 1.0),
    ):
        points.clear()
        solve()
        assert np.all(np.array(points, float) >= 1.0)


def test_differential_equations():
    states = []

    def f(t, y):
        states.append(y)
        return -50.0 * y

    integrate.solve_ivp(f, (0.0, 1.0), [1.0], method="Radau")
    assert np.all(np.isfinite(np.array(states, float)))


def test_transforms_of_the_user_stay_strict():
    """What leaks out of a gradient inside the objective is still an error: its derivative would be lost."""
    leak = []

    def f(x):
        dr.grad(lambda y: (leak.append(y), np.sum(y**2))[1])(np.ones(2))
        return np.sum(x**2) + np.sum(leak[-1])

    with pytest.raises(dr.LevelError):
        optimize.minimize(f, [1.0, 2.0])
    with pytest.raises(dr.LevelError):
        np.sum(leak[0])


@pytest.mark.parametrize("transform", [dr.jacobian, dr.grad])
def test_inside_an_outer_transform_too(transform):
    """There a number left behind could depend on what is differentiated outside: it raises instead."""

    def leftover(a):
        values = []

        def f(x):
            values.append(np.sum((x - a) ** 2) + np.sum(a**2))
            return values[-1]

        optimize.minimize(f, np.zeros(2))
        return 2.0 * values[0]

    with pytest.raises(dr.LevelError):
        transform(leftover)(np.array([1.0, 2.0]))
