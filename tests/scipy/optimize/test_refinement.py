"""Newton steps after a fit: they give the digits that the cost cannot see, and change nothing else."""

import numpy as np
import pytest
from scipy import optimize as original

import dualrev as dr
from dualrev.scipy import optimize
from dualrev.scipy.optimize.refinement import wants_every_digit
from tests.problems.nist import REGRESSIONS

FINE = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
T = np.linspace(0.0, 1.0, 9)
Y = 2.0 * np.exp(-3.0 * T) + 0.05 * np.random.default_rng(0).standard_normal(9)


def decay(p):
    return p[0] * np.exp(-p[1] * T) - Y


def gradient(res):
    norms = np.linalg.norm(res.jac, axis=0) * np.linalg.norm(res.fun)
    return np.max(np.abs(res.jac.T @ res.fun) / norms)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("problem", REGRESSIONS, ids=lambda p: p.name)
def test_certified_parameters_to_ten_digits(problem, start):
    calls = []

    def f(b):
        calls.append(b)
        return problem.residuals(b)

    with np.errstate(all="ignore"):
        res = optimize.least_squares(f, problem.starts[start], x_scale="jac", max_nfev=5000, **FINE)
    np.testing.assert_allclose(res.x, problem.parameters, rtol=1e-10)
    assert gradient(res) < 1e-10
    # Where a NaN turns up on the way, the engine computes a point once more.
    assert len(calls) - res.nfev in (0, 1)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_the_result_agrees_with_itself(method):
    res = optimize.least_squares(decay, [1.0, 1.0], method=method, **FINE)
    np.testing.assert_array_equal(res.fun, decay(res.x))
    np.testing.assert_allclose(res.jac, dr.jacobian(decay)(res.x), rtol=1e-15)
    assert res.cost == 0.5 * res.fun @ res.fun
    np.testing.assert_array_equal(res.grad, res.jac.T @ res.fun)
    assert res.optimality == np.max(np.abs(res.grad)) < 1e-15
    theirs = original.least_squares(decay, [1.0, 1.0], dr.jacobian(decay), method=method, **FINE)
    np.testing.assert_allclose(res.x, theirs.x, rtol=1e-6)
    assert res.cost <= theirs.cost * (1 + 1e-14)
    assert res.status == theirs.status


@pytest.mark.parametrize(
    "options",
    [
        {},
        {**FINE, "ftol": 1e-8},
        {**FINE, "loss": "soft_l1"},
        {**FINE, "jac": "3-point"},
        {**FINE, "bounds": ([0, 0], [5, 2.5])},
        {**FINE, "max_nfev": 3},
        {**FINE, "jac_sparsity": np.ones((9, 2))},
    ],
    ids=str,
)
def test_it_stays_away_unless_asked_for(options, monkeypatch):
    from dualrev.scipy.optimize import refinement

    def never(*args):
        raise AssertionError("a Newton step was taken")

    monkeypatch.setattr(refinement, "_newton_step", never)
    optimize.least_squares(decay, [1.0, 1.0], **options)


def test_a_perfect_fit_and_a_singular_one():
    perfect = optimize.least_squares(lambda x: x - [1.0, 2.0], [0.0, 0.0], **FINE)
    np.testing.assert_array_equal(perfect.x, [1.0, 2.0])
    singular = optimize.least_squares(lambda x: (x[0] + x[1]) * T - 1.0, [0.0, 0.0], **FINE)
    assert singular.x.sum() == pytest.approx(T.sum() / (T @ T), rel=1e-12)


def test_bounds_are_kept():
    """A minimum just inside a bound: a Newton step must not leave the box."""
    best = optimize.least_squares(decay, [1.0, 1.0], **FINE).x
    upper = best * (1 + 1e-9)
    res = optimize.least_squares(decay, [1.0, 1.0], bounds=(0, upper), **FINE)
    assert (res.x <= upper).all()


@pytest.mark.parametrize(
    ("tolerances", "answer"),
    [
        ((1e-15, 1e-15, 1e-15), True),
        ((None, 1e-15, None), True),
        ((0.0, 1e-14, 1e-14), True),
        ((1e-8, 1e-15, 1e-15), False),
        ((1e-12, 1e-15, 1e-15), False),
    ],
)
def test_what_asks_for_every_digit(tolerances, answer):
    assert wants_every_digit(*tolerances) is answer
