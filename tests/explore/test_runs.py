"""Runs: what optimisers went through, recorded point by point, with exact values and gradients."""

import numpy as np
import pytest
from scipy import optimize

import dualrev as dr
from dualrev.errors import ShapeError
from dualrev.explore.runs import Run, descend


def bowl(x):
    return x[0] ** 2 + 10 * x[1] ** 2


START = np.array([2.0, 1.0])


def test_steps_of_gradient_descent():
    run = descend(bowl, START, lambda g, state, x: x - 0.02 * g, 7)
    # Each coordinate shrinks by 1 - 0.02 * 2 * (1, 10) per step.
    expected = START * np.array([0.96, 0.6]) ** np.arange(8)[:, None]
    np.testing.assert_allclose(run.points, expected, rtol=1e-14)
    np.testing.assert_allclose(run.values, expected**2 @ [1.0, 10.0], rtol=1e-13)
    np.testing.assert_allclose(run.gradients, expected * [2.0, 20.0], rtol=1e-14)
    assert len(run) == 8


def test_the_state_goes_from_step_to_step():
    seen = []

    def rule(gradient, state, x):
        seen.append(state)
        return x, (state or 0) + 1

    descend(bowl, START, rule, 3)
    assert seen == [None, 1, 2]
    seen.clear()
    descend(bowl, START, rule, 2, state=7)
    assert seen == [7, 8]


class Momentum:
    """The interface of dualrev.nn.optim: init(weights), update(gradients, state, weights)."""

    def init(self, weights):
        return np.zeros_like(weights)

    def update(self, gradients, state, weights):
        state = 0.9 * state - 0.01 * gradients
        return weights + state, state


def test_an_optimiser():
    run = descend(bowl, START, Momentum(), 3)
    x, v = START, np.zeros(2)
    for k in range(4):
        np.testing.assert_allclose(run.points[k], x, rtol=1e-14)
        v = 0.9 * v - 0.01 * x * [2.0, 20.0]
        x = x + v


def test_an_optimiser_of_nn():
    optim = pytest.importorskip("dualrev.nn.optim", reason="dualrev.nn.optim is not there")
    run = descend(bowl, START, optim.SGD(lr=0.02), 5)
    np.testing.assert_allclose(
        run.points, descend(bowl, START, lambda g, s, x: x - 0.02 * g, 5).points, rtol=1e-14
    )


METHODS = (
    "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact",
    "trust-constr", "Nelder-Mead", "Powell", "COBYLA", "COBYQA",
)  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_methods_of_scipy(method):
    if method == "COBYQA" and not hasattr(optimize, "_cobyqa_py"):
        pytest.skip("COBYQA came with SciPy 1.14")
    run = descend(bowl, START, method)
    np.testing.assert_array_equal(run.points[0], START)
    # Methods without derivatives stop at a tolerance of 1e-4 in x.
    np.testing.assert_allclose(run.points[-1], 0.0, atol=1e-3)
    assert len(run) > 1


@pytest.mark.parametrize("method", ["BFGS", "Newton-CG"])
def test_a_limit_of_steps(method):
    def rosenbrock(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    assert len(descend(rosenbrock, [-1.2, 1.0], method)) > 10
    assert len(descend(rosenbrock, [-1.2, 1.0], method, 3)) == 4


def test_solvers_get_exact_derivatives():
    """BFGS with exact gradients asks for no more values than for iterates and line searches."""
    calls = []

    def f(x):
        calls.append(1)
        return bowl(x)

    run = descend(f, START, "trust-exact")
    # A value, a gradient and a Hessian (two recordings) per iterate; differences would take two values a gradient.
    assert len(calls) <= 5 * len(run)


def test_as_a_callback():
    run = Run(bowl, START)
    result = optimize.minimize(bowl, START, jac=dr.grad(bowl), method="BFGS", callback=run)
    assert len(run) == result.nit + 1
    np.testing.assert_array_equal(run.points[-1], result.x)
    assert run.values[-1] == result.fun


def test_whatever_solvers_pass():
    run = Run(bowl)
    run(START)
    run(START, 1.0, convergence=0.5)
    run(optimize.OptimizeResult(x=START, fun=1.0))
    run([2, 1])
    run(dr.variable(START))
    np.testing.assert_array_equal(run.points, np.tile(START, (5, 1)))


def test_points_are_copies():
    x = START.copy()
    run = Run(bowl, x)
    x[:] = 9.0
    np.testing.assert_array_equal(run.points, [START])


def test_values_are_computed_once():
    calls = []

    def f(x):
        calls.append(1)
        return bowl(x)

    run = Run(f, START)
    run([1.0, 1.0])
    assert calls == []
    assert run.values.tolist() == [14.0, 11.0]
    run([0.0, 0.0])
    assert run.values.tolist() == [14.0, 11.0, 0.0]
    assert len(calls) == 3
    descended = descend(f, START, lambda g, s, x: 0.5 * x, 4)
    calls.clear()
    assert len(descended.values) == 5
    # All but the last came with the gradients.
    assert len(calls) == 1


def test_a_descent_that_diverges_ends():
    run = descend(lambda x: x[0] ** 4 + x[1] ** 4, START, lambda g, s, x: x - g, 100)
    assert len(run) < 10
    assert not np.isfinite(run.points[-1]).all()
    assert np.isfinite(run.points[:-1]).all()


def test_a_gradient_that_is_not_finite_ends_it():
    def refusing(gradient, state, x):
        assert np.isfinite(gradient).all()
        return x - 3.0

    run = descend(lambda x: np.sum(np.where(x < 0, np.nan, 1.0) * x), START, refusing, 10)
    np.testing.assert_array_equal(run.points, [[2.0, 1.0], [-1.0, -2.0], [np.nan, np.nan]])


def test_no_steps():
    assert descend(bowl, START, lambda g, s, x: x, 0).points.tolist() == [[2.0, 1.0]]


def test_repr():
    assert repr(Run(bowl)) == "<Run of no points>"
    assert repr(Run(bowl, START)) == "<Run of 1 points in 2 dimensions>"


WRONG = [
    (lambda: descend(bowl, 3.0, "BFGS"), ShapeError, r"start has shape \(\); it must be a vector"),
    (lambda: descend(bowl, np.ones((2, 2)), "BFGS"), ShapeError, r"start has shape \(2, 2\)"),
    (lambda: descend(bowl, START, 3), TypeError, "rule= is a int; it must be a function"),
    (lambda: descend(bowl, START, None), TypeError, "rule= is a NoneType"),
    (lambda: descend(bowl, START, lambda g, s, x: x[:1]), ShapeError, r"a point of shape \(1,\) after"),
    (lambda: descend(bowl, START, lambda g, s, x: x, -1), ValueError, "steps= is an integer of at least 0, not -1"),
    (lambda: descend(bowl, START, lambda g, s, x: x, 2.5), ValueError, "steps= is an integer"),
    (lambda: descend(bowl, START, "BFSG"), ValueError, "BFSG"),
    (lambda: Run(bowl, START)([1.0]), ShapeError, "a point with 1 entries after points with 2"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_is_no_run(call, error, words):
    with pytest.raises(error, match=words):
        call()
