"""Derivatives: one evaluation per point, whatever is asked of it, in fresh float64 memory."""

import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import optimize as scipy_optimize

import dualrev as dr
from dualrev.errors import EscapeError, OutputError
from dualrev.scipy import optimize
from dualrev.scipy.optimize.derivatives import DENSE, Derivatives

rosen, rosen_der = scipy_optimize.rosen, scipy_optimize.rosen_der
rosen_hess = scipy_optimize.rosen_hess


def f(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def residuals(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0], x[0] * x[2]])


X = np.array([-1.2, 1.0, 0.5])


def test_scalar_function():
    d = optimize.derivatives(f)
    assert d.fun(X) == rosen(X)
    assert np.allclose(d.jac(X), rosen_der(X), rtol=1e-14)
    assert np.allclose(d.hess(X), rosen_hess(X), rtol=1e-14)
    assert np.allclose(d.hessp(X, [1.0, 2.0, 3.0]), rosen_hess(X) @ [1, 2, 3], rtol=1e-14)
    value, gradient = d.value_and_jac(X)
    assert value == d.fun(X)
    assert np.array_equal(gradient, d.jac(X))


def test_vector_function():
    d = optimize.derivatives(residuals)
    assert np.array_equal(d.fun(X), residuals(X))
    assert np.array_equal(d.jac(X), [[24, 10, 0], [-1, 0, 0], [0.5, 0, -1.2]])
    assert d.jac(X).flags.c_contiguous
    with pytest.raises(OutputError, match="Hessian belongs to a scalar function"):
        d.hess(X)


@pytest.mark.parametrize("n", [5, DENSE + 10])
def test_products_of_few_and_of_many_variables(n):
    x = np.linspace(-1, 1, n)
    d = Derivatives(f, scalar=True)
    for k in range(3):
        p = np.random.default_rng(k).normal(size=n)
        assert np.allclose(d.hessp(x, p), rosen_hess(x) @ p, rtol=1e-12)
    assert d.calls == 1


@pytest.mark.parametrize(
    ("fun", "scalar"), [(f, None), (f, True), (residuals, None), (residuals, False)]
)
@pytest.mark.parametrize("eager", [None, True, False])
def test_one_evaluation_per_point(fun, scalar, eager):
    d = Derivatives(fun, scalar=scalar, eager=eager)
    d.fun(X)
    first = d.calls
    for _ in range(3):
        x = np.random.default_rng(d.calls).normal(size=3)
        before = d.calls
        d.jac(x), d.fun(x), d.jac(x), d.value_and_jac(x), d.fun(x)
        assert d.calls == before + 1
    d.fun(X + 1)
    assert d.calls == first + 4


def test_hessian_brings_value_and_gradient_along():
    d = Derivatives(f, scalar=True)
    assert np.allclose(d.hess(X), rosen_hess(X))
    assert d.fun(X) == rosen(X)
    assert np.allclose(d.jac(X), rosen_der(X))
    assert d.calls == 1


@pytest.mark.parametrize("second", ["hess", "hessp"])
def test_second_derivatives_with_the_value(second):
    d = Derivatives(f, scalar=True)
    d.second = second
    d.fun(X), d.jac(X), d.hessp(X, X)
    assert d.calls == 1


def test_the_point_before_a_trial_is_remembered():
    d = Derivatives(f, scalar=True)
    d.jac(X)
    for k in range(1, 6):
        d.fun(X + k)
        d.jac(X)
    assert d.calls == 6


def test_adaptive():
    """Sampling pays for no gradients; a descent asks for them with the value."""
    d = Derivatives(f, scalar=True, eager="adaptive")
    for k in range(20):
        d.fun(X + k)
        assert d.known(X + k) == (d.fun(X + k), None)
    d.jac(X + 19)
    assert d.calls == 21
    for k in range(20, 40):
        d.fun(X + k), d.jac(X + k)
    assert d.calls == 41


def test_fresh_memory():
    d = optimize.derivatives(f)
    for ask in (d.jac, d.hess, lambda x: d.hessp(x, X), lambda x: d.value_and_jac(x)[1]):
        expected = ask(X).copy()
        ask(X).fill(7)
        assert np.array_equal(ask(X), expected)
    d = optimize.derivatives(residuals)
    for ask in (d.fun, d.jac, lambda x: d.value_and_jac(x)[0]):
        expected = ask(X).copy()
        ask(X).fill(7)
        assert np.array_equal(ask(X), expected)


def test_x_mutated_in_place():
    d = optimize.derivatives(f)
    x = X.copy()
    for k in range(4):
        x += 0.1 * k
        assert d.fun(x) == rosen(x)
        assert np.allclose(d.jac(x), rosen_der(x))
        assert np.allclose(d.hess(x), rosen_hess(x))
        assert np.allclose(d.hessp(x, X), rosen_hess(x) @ X)


def test_a_function_that_writes_into_x():
    def g(x):
        x *= 2
        return np.sum(x**2)

    d = optimize.derivatives(g)
    x = X.copy()
    assert d.fun(x) == np.sum((2 * X) ** 2)
    assert np.allclose(d.jac(x), 8 * X)
    assert np.array_equal(x, X)


def test_arguments_are_part_of_the_key():
    d = Derivatives(lambda x, a, b=0: np.sum(a * x**2) + b, args=(2.0,), kwargs={"b": 1.0})
    assert d.fun(X) == pytest.approx(2 * X @ X + 1)
    assert np.allclose(d.jac(X, 3.0), 6 * X)
    assert np.allclose(d.jac(X), 4 * X)
    assert np.allclose(d.hess(X, 5.0), 10 * np.eye(3))
    a, b = np.ones(3), np.full(3, 2.0)
    assert np.allclose(d.jac(X, a), 2 * X)
    assert np.allclose(d.jac(X, b), 4 * X)


def test_minus_zero_and_nan_are_points_too():
    d = optimize.derivatives(lambda x: np.sum(1 / x))
    with np.errstate(all="ignore"):
        assert d.fun(np.array([0.0])) == np.inf
        assert d.fun(np.array([-0.0])) == -np.inf
        assert np.isnan(d.fun(np.array([np.nan])))


FORMS = {
    "number": lambda x: x @ x,
    "one entry": lambda x: np.array([x @ x]),
    "one by one": lambda x: np.reshape(x @ x, (1, 1)),
    "list": lambda x: [x @ x],
    "float32": lambda x: np.float32(2) * (x @ x) / np.float32(2),
    "object array": lambda x: np.array([x[0] ** 2 + x[1] ** 2 + x[2] ** 2], dtype=object),
}


@pytest.mark.parametrize("g", FORMS.values(), ids=FORMS)
def test_scalar_forms_of_scipy(g):
    d = Derivatives(g, scalar=True)
    assert d.fun(X) == pytest.approx(X @ X)
    assert isinstance(d.fun(X), float)
    assert np.allclose(d.jac(X), 2 * X)
    assert np.allclose(d.hess(X), 2 * np.eye(3))


@pytest.mark.parametrize("constant", [3, 3.0, np.float64(3), np.array([3]), [3]])
def test_constants(constant):
    d = Derivatives(lambda x: constant, scalar=True)
    assert d.fun(X) == 3
    assert np.array_equal(d.jac(X), np.zeros(3))
    assert np.array_equal(d.hess(X), np.zeros((3, 3)))


VECTOR_FORMS = {
    "list": lambda x: [x[0], x[1] ** 2, 3.0],
    "tuple": lambda x: (x[0], x[1] ** 2, 3.0),
    "objects": lambda x: np.array([x[0], x[1] ** 2, 3.0], dtype=object),
    "stack": lambda x: np.stack([x[0], x[1] ** 2, 3.0]),
}


@pytest.mark.parametrize("g", VECTOR_FORMS.values(), ids=VECTOR_FORMS)
def test_vector_forms_of_scipy(g):
    d = Derivatives(g, scalar=False)
    assert np.allclose(d.jac(X), [[1, 0, 0], [0, 2, 0], [0, 0, 0]])
    assert np.allclose(d.fun(X), [-1.2, 1, 3])


@pytest.mark.parametrize(("m", "n"), [(1, 40), (40, 1), (30, 50), (50, 30), (3, 3)])
def test_jacobians_of_every_shape_take_one_call(m, n):
    a = np.random.default_rng(0).normal(size=(m, n))
    d = Derivatives(lambda x: np.sin(a @ x), scalar=False)
    x = np.linspace(0, 1, n)
    d.fun(x)
    for k in range(3):
        before = d.calls
        assert np.allclose(d.jac(x + k), np.cos(a @ (x + k))[:, None] * a)
        assert d.calls == before + 1


def test_containers():
    def g(p):
        return np.sum(p["a"] ** 3) * p["b"][0] ** 2 + np.exp(p["b"][1])

    x0 = {"a": np.ones((2, 2)), "b": (2.0, 0.5)}
    d = optimize.derivatives(g, x0)
    x = d.point.flat + 0.1

    def flat(x):
        return np.sum(x[:4] ** 3) * x[4] ** 2 + np.exp(x[5])

    assert d.fun(x) == pytest.approx(flat(x))
    assert np.allclose(d.jac(x), dr.grad(flat)(x))
    assert np.allclose(d.hess(x), dr.hessian(flat)(x))
    assert d.fun(d.point.restore(x)) == d.fun(x)
    d._need_pull(d._at(x, ()))
    assert np.allclose(d._product(d._at(x, ()), x), dr.hessian(flat)(x) @ x)
    d = Derivatives(lambda p: p["a"].ravel() * p["b"][0], x0, scalar=False)
    assert d.jac(x).shape == (4, 6)


BAD_RESULTS = {
    "None": (lambda x: None, OutputError, "lack a return"),
    "several": (lambda x: 2 * x, ValueError, "must return a scalar value"),
    "complex": (lambda x: x[0] * 1j, OutputError, "complex"),
    "string": (lambda x: "abc", (OutputError, TypeError), "str"),
}


@pytest.mark.parametrize(("g", "error", "words"), BAD_RESULTS.values(), ids=BAD_RESULTS)
@pytest.mark.parametrize("eager", [True, False])
def test_bad_results(g, error, words, eager):
    with pytest.raises(error, match=words) as caught:
        Derivatives(g, scalar=True, eager=eager).fun(X)
    assert "2-point" not in str(caught.value)


def test_bad_functions():
    for bad in (None, 3, "f"):
        with pytest.raises(TypeError, match="expects a function"):
            optimize.derivatives(bad)


def test_the_way_out_is_named():
    with pytest.raises(EscapeError, match='pass jac="2-point" for finite differences'):
        Derivatives(lambda x: math.sin(x[0]), scalar=True).fun(X)
    with pytest.raises(EscapeError, match="go by train") as caught:
        Derivatives(lambda x: [math.sin(x[0])], scalar=False, way_out="or go by train").jac(X)
    assert str(caught.value).count("train") == 1

    def stubborn(x):
        if not isinstance(dr.value(x), np.ndarray) or dr.value(x) is not x:
            raise TypeError("no strangers")
        return 1.0

    with pytest.raises(TypeError, match="no strangers") as caught:
        Derivatives(stubborn, scalar=True).fun(X)
    assert "2-point" in caught.value.__notes__[0]


def test_threads():
    d = optimize.derivatives(f)
    points = [np.random.default_rng(k).normal(size=3) for k in range(40)]

    def ask(x):
        return d.fun(x), d.jac(x), d.hessp(x, X)

    with ThreadPoolExecutor(8) as pool:
        for x, (value, gradient, product) in zip(points, pool.map(ask, points), strict=True):
            assert value == rosen(x)
            assert np.allclose(gradient, rosen_der(x))
            assert np.allclose(product, rosen_hess(x) @ X)


def test_pickle():
    d = optimize.derivatives(f)
    d.jac(X)
    again = pickle.loads(pickle.dumps(d))
    assert np.array_equal(again.jac(X), d.jac(X))


def test_known_computes_nothing():
    d = Derivatives(f, scalar=True)
    assert d.known(X) == (None, None)
    d.fun(X)
    value, gradient = d.known(X)
    assert value == rosen(X)
    assert np.allclose(gradient, rosen_der(X))
    assert d.calls == 1
