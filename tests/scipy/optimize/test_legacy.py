"""The older functions: exact gradients where SciPy takes them, and no traced values."""

import inspect

import numpy as np
import pytest
from scipy import optimize as scipy_optimize

import dualrev as dr
from dualrev.errors import UnsupportedError
from dualrev.scipy import optimize
from dualrev.scipy.optimize.legacy import _REFUSED

EXACT = ["fmin_bfgs", "fmin_cg", "fmin_ncg", "fmin_slsqp"]


def f(x, a=1.0):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (a - x[:-1]) ** 2)


def quiet(name):
    return {"iprint": 0} if name == "fmin_slsqp" else {"disp": 0}


@pytest.mark.parametrize("name", EXACT)
def test_exact_gradients(name):
    calls = []

    def counted(x, a):
        calls.append(1)
        return f(x, a)

    x0 = [[1.3], [0.7], [0.8]]
    x = getattr(optimize, name)(counted, x0, args=(1.0,), **quiet(name))
    calls_by_hand = []

    def value(x):
        calls_by_hand.append(1)
        return f(x)

    hand = {"fhess_p": scipy_optimize.rosen_hess_prod} if name == "fmin_ncg" else {}
    theirs = getattr(scipy_optimize, name)(
        value, np.ravel(x0), fprime=scipy_optimize.rosen_der, **hand, **quiet(name)
    )
    assert np.allclose(x, theirs, atol=1e-6)
    most = 2 if name == "fmin_ncg" else 1  # products need the Hessian
    assert len(calls) <= most * len(calls_by_hand)


@pytest.mark.parametrize("name", EXACT)
def test_gradients_by_hand_are_used(name):
    calls = []

    def gradient(x):
        calls.append(1)
        return scipy_optimize.rosen_der(x)

    getattr(optimize, name)(f, np.array([1.3, 0.7]), fprime=gradient, **quiet(name))
    assert calls


@pytest.mark.parametrize("name", EXACT)
def test_signatures(name):
    theirs = inspect.signature(getattr(scipy_optimize, name)).parameters
    assert [*inspect.signature(getattr(optimize, name)).parameters] == [*theirs]


REFUSALS = {
    "fmin": lambda a: optimize.fmin(lambda x: (x[0] - a) ** 2, [0.0], disp=0),
    "fmin_bfgs": lambda a: optimize.fmin_bfgs(lambda x: (x[0] - a) ** 2, [0.0], disp=0),
    "fminbound": lambda a: optimize.fminbound(lambda x: (x - a) ** 2, 0, 5),
    "golden": lambda a: optimize.golden(lambda x, a: (x - a) ** 2, args=(a,)),
    "brent": lambda a: optimize.brent(lambda x: (x - a) ** 2),
    "brute": lambda a: optimize.brute(lambda x: (x[0] - a) ** 2, ((0, 5),)),
    "broyden1": lambda a: optimize.broyden1(lambda x: x - a, [0.0]),
    "linprog": lambda a: optimize.linprog([a, 1.0]).fun,
    "nnls": lambda a: optimize.nnls(np.eye(2), a * np.ones(2))[0],
    "linear_sum_assignment": lambda a: optimize.linear_sum_assignment(a * np.eye(2))[0],
}


@pytest.mark.parametrize("name", REFUSALS)
def test_traced_values_are_refused(name):
    with pytest.raises(UnsupportedError, match=rf"scipy\.optimize\.{name} is not supported"):
        dr.grad(lambda a: np.sum(REFUSALS[name](a)))(2.0)


@pytest.mark.parametrize("name", [n for n in _REFUSED if hasattr(scipy_optimize, n)])
def test_wrapped(name):
    own, original = getattr(optimize, name), getattr(scipy_optimize, name)
    assert own.__wrapped__ is original
    assert own.__doc__ == original.__doc__


def test_plain_numbers_pass():
    assert np.isclose(optimize.fminbound(lambda x: (x - 2) ** 2, 0, 5), 2)
    assert np.isclose(optimize.linprog([1.0], bounds=[(3, 5)]).fun, 3)
    assert np.array_equal(optimize.linear_sum_assignment(np.eye(2))[1], [1, 0])


def test_everything_else_passes_through():
    for name in ("BFGS", "SR1", "OptimizeResult", "rosen", "rosen_der", "show_options"):
        assert getattr(optimize, name) is getattr(scipy_optimize, name)
