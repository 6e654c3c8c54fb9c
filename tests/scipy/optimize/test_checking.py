"""check_grad and approx_fprime: SciPy's results, and what is added to them."""

import inspect

import numpy as np
import pytest
from scipy import optimize as original

import dualrev as dr
from dualrev.scipy import optimize

f = lambda x: np.sum(np.sin(x)) * x[0]
X = [0.3, 0.8]


@pytest.mark.parametrize("direction", ["all", "random"])
def test_check_grad_is_scipys(direction):
    wrong = lambda x: dr.grad(f)(np.asarray(x)) + 0.1
    given = {"direction": direction, "epsilon": 1e-6}
    if direction == "random":
        key = "rng" if "rng" in inspect.signature(original.check_grad).parameters else "seed"
        given[key] = 5
    assert optimize.check_grad(f, wrong, X, **given) == original.check_grad(f, wrong, X, **given)


@pytest.mark.parametrize("g", [f, lambda x: np.stack([x[0] * x[1], np.exp(x[0])])])
@pytest.mark.parametrize("x", [X, np.float32(X), [1, 2]])
def test_check_grad_of_nothing_checks_the_exact_gradient(g, x):
    assert optimize.check_grad(g, None, x) < 1e-6


def test_check_grad_passes_arguments_on():
    assert optimize.check_grad(lambda x, a: a * x[0] ** 2, None, [1.0], 3.0) < 1e-6


@pytest.mark.parametrize("g", [f, lambda x: np.stack([x[0] * x[1], np.exp(x[0])])])
def test_approx_fprime_is_scipys(g):
    np.testing.assert_array_equal(
        optimize.approx_fprime(X, g, 1e-7), original.approx_fprime(X, g, 1e-7)
    )
    np.testing.assert_array_equal(
        optimize.approx_fprime(X, g, [1e-6, 1e-7]), original.approx_fprime(X, g, [1e-6, 1e-7])
    )


@pytest.mark.parametrize("g", [f, lambda x: np.stack([x[0] * x[1], np.exp(x[0])])])
def test_approx_fprime_on_traced_values(g):
    x = np.array(X)
    y, t = dr.jvp(lambda x: optimize.approx_fprime(x, g, 1e-6), (x,), (np.ones(2),))
    np.testing.assert_allclose(y, original.approx_fprime(x, g, 1e-6), rtol=1e-12)
    np.testing.assert_allclose(t, dr.jacobian(dr.jacobian(g))(x).sum(-1), rtol=1e-4, atol=1e-5)
    of_closure = dr.grad(lambda a: optimize.approx_fprime(x, lambda x: a * f(x), 1e-6)[1])(2.0)
    np.testing.assert_allclose(of_closure, dr.grad(f)(x)[1], rtol=1e-5)


@pytest.mark.parametrize("name", ["check_grad", "approx_fprime"])
def test_signatures(name):
    own = inspect.signature(getattr(optimize, name)).parameters
    theirs = inspect.signature(getattr(original, name)).parameters
    assert [n for n in theirs if n not in ("rng", "seed")] == [n for n in own if n != "rng"]
