"""Every derivative operator against closed forms: values, structure, arguments and errors."""

import numpy as np
import pytest
import scipy.optimize

import dualrev as dr
from dualrev.errors import DualrevError, InputError, ShapeError

X = np.array([0.7, -1.2, 2.0])
A = np.array([[2.0, 0.5, 1.0], [0.3, 1.5, 0.2]])


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def residual(x):
    return np.stack([x[0] * x[1], np.sin(x[2]), x[0] ** 2 + x[1] * x[2], x[2]])


def residual_jacobian(x):
    return np.array([[x[1], x[0], 0], [0, 0, np.cos(x[2])], [2 * x[0], x[2], x[1]], [0, 0, 1.0]])


def test_grad_and_value():
    expected = scipy.optimize.rosen_der(X)
    np.testing.assert_allclose(dr.grad(rosenbrock)(X), expected, rtol=1e-13)
    value, g = dr.value_and_grad(rosenbrock)(X)
    assert value == scipy.optimize.rosen(X)
    np.testing.assert_allclose(g, expected, rtol=1e-13)
    assert type(g) is np.ndarray
    assert g.flags.writeable


def test_grad_of_scalars_is_a_scalar():
    g = dr.grad(lambda x: x**3)(2.0)
    assert g == 12.0
    assert isinstance(g, float)
    value, g = dr.value_and_grad(lambda x: np.sin(x))(0.0)
    assert (value, g) == (0.0, 1.0)


def test_hessian_and_products_of_rosenbrock():
    H, v = scipy.optimize.rosen_hess(X), np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(dr.hessian(rosenbrock)(X), H, rtol=1e-13)
    np.testing.assert_allclose(dr.hvp(rosenbrock)(X, v), H @ v, rtol=1e-12)
    np.testing.assert_allclose(dr.jacobian(dr.grad(rosenbrock))(X), H, rtol=1e-13)
    np.testing.assert_allclose(dr.grad(lambda x: dr.grad(rosenbrock)(x) @ v)(X), H @ v, rtol=1e-12)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("chunk", [None, 1, 2, 3, 100])
def test_jacobian(mode, chunk):
    J = dr.jacobian(residual, mode=mode, chunk=chunk)(X)
    np.testing.assert_allclose(J, residual_jacobian(X), rtol=1e-15)
    assert J.shape == (4, 3)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("shapes", [((2, 3), (3, 2)), ((), (3,)), ((2, 2), ()), ((1,), (2, 1))])
def test_jacobian_has_the_shape_of_output_plus_input(mode, shapes):
    out, into = shapes
    C = np.arange(1.0, 1.0 + np.prod(out, dtype=int) * np.prod(into, dtype=int)).reshape(
        *out, *into
    )
    f = lambda x: np.sum(C * x, axis=tuple(range(len(out), C.ndim))) + 0.0 * np.sum(x)
    J = dr.jacobian(f, mode=mode)(np.ones(into))
    assert J.shape == out + into
    np.testing.assert_array_equal(J, C)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_hessian_shape_for_matrices(mode):
    x = np.arange(1.0, 5.0).reshape(2, 2)
    H = dr.hessian(lambda x: np.sum(x @ x))(x)
    assert H.shape == (2, 2, 2, 2)
    # sum_ijk x_ij x_jk: d2/dx_ab dx_cd = [b == c] + [a == d].
    eye = np.eye(2)
    expected = np.einsum("bc,ad->abcd", eye, np.ones((2, 2))) + np.einsum(
        "ad,bc->abcd", eye, np.ones((2, 2))
    )
    np.testing.assert_array_equal(H, expected)
    nested = dr.jacobian(dr.jacobian(lambda x: np.sum(x @ x), mode=mode), mode=mode)(x)
    np.testing.assert_array_equal(nested, expected)


def test_auto_chooses_the_cheaper_mode():
    """The number of evaluations does not grow with the longer side."""
    calls = []

    def tall(x):
        calls.append(1)
        return np.arange(500.0) * x[0] + x[1]

    assert dr.jacobian(tall)(np.ones(2)).shape == (500, 2)
    assert len(calls) <= 3
    np.testing.assert_array_equal(dr.jacobian(lambda x: np.sum(x**2))(X), 2 * X)


def test_jvp_and_linearize():
    t = np.array([1.0, 0.5, -2.0])
    y, ty = dr.jvp(residual, (X,), (t,))
    np.testing.assert_array_equal(y, residual(X))
    np.testing.assert_allclose(ty, residual_jacobian(X) @ t, rtol=1e-14)
    y, push = dr.linearize(residual, X)
    np.testing.assert_array_equal(y, residual(X))
    for s in (t, -3 * t):
        np.testing.assert_allclose(push(s), residual_jacobian(X) @ s, rtol=1e-14)


def test_vjp():
    y, pullback = dr.vjp(residual, X)
    np.testing.assert_array_equal(y, residual(X))
    for ct in (np.arange(4.0), -np.ones(4)):
        result = pullback(ct)
        assert isinstance(result, tuple)
        np.testing.assert_allclose(result[0], residual_jacobian(X).T @ ct, rtol=1e-14)


def test_derivative():
    assert dr.derivative(np.sin)(0.3) == np.cos(0.3)
    for order, expected in enumerate(
        [np.exp(0.6), 2 * np.exp(0.6), 4 * np.exp(0.6), 8 * np.exp(0.6), 16 * np.exp(0.6)]
    ):
        if order:
            value = dr.derivative(lambda x: np.exp(2 * x), order=order)(0.3)
            assert value == pytest.approx(expected, rel=1e-14)
    curve = dr.derivative(lambda t: np.stack([np.cos(t), np.sin(t), t]))(0.5)
    np.testing.assert_allclose(curve, [-np.sin(0.5), np.cos(0.5), 1.0], rtol=1e-15)
    matrix = dr.derivative(lambda t: np.array([[t, t**2], [1.0, t**3]]), order=2)(2.0)
    np.testing.assert_array_equal(matrix, [[0.0, 2.0], [0.0, 12.0]])


def test_derivative_needs_a_scalar_and_a_positive_order():
    with pytest.raises((InputError, ShapeError)):
        dr.derivative(np.sin)(X)
    for order in (-1, 1.5):
        with pytest.raises((DualrevError, ValueError, TypeError), match="order"):
            dr.derivative(np.sin, order=order)(0.3)


def test_gauss_newton_product():
    v = np.array([1.0, -1.0, 0.5])
    J = residual_jacobian(X)
    np.testing.assert_allclose(dr.gauss_newton_product(residual)(X, v), J.T @ (J @ v), rtol=1e-14)


def test_vmap():
    xs = np.arange(12.0).reshape(4, 3)
    f = lambda x: np.sum(x**2) * x[0]
    np.testing.assert_array_equal(dr.vmap(f)(xs), [f(x) for x in xs])
    np.testing.assert_allclose(dr.vmap(dr.grad(f))(xs), [dr.grad(f)(x) for x in xs], rtol=1e-15)
    np.testing.assert_array_equal(dr.vmap(lambda x: x * 2, out_axes=1)(xs), 2 * xs.T)
    np.testing.assert_array_equal(dr.vmap(np.sum, in_axes=1)(xs), xs.sum(axis=0))
    g = lambda a, b: a @ b
    np.testing.assert_allclose(dr.vmap(g, in_axes=(0, None))(xs, X), xs @ X, rtol=1e-14)
    np.testing.assert_allclose(dr.vmap(g, in_axes=(None, 0))(X, xs), xs @ X, rtol=1e-14)
    np.testing.assert_array_equal(dr.vmap(g, in_axes=(1, 1))(xs, xs), np.sum(xs**2, axis=0))
    nested = dr.vmap(dr.vmap(g, in_axes=(None, 0)), in_axes=(0, None))(xs, xs)
    np.testing.assert_array_equal(nested, xs @ xs.T)


def test_vmap_of_containers_and_constants():
    xs = np.arange(6.0).reshape(3, 2)
    out = dr.vmap(lambda p: {"s": p["x"] * p["k"], "c": 1.0})({"x": xs, "k": np.arange(3.0)})
    np.testing.assert_array_equal(out["s"], xs * np.arange(3.0)[:, None])
    np.testing.assert_array_equal(out["c"], np.ones(3))
    out = dr.vmap(lambda p, k: p[0] + p[1] * k, in_axes=((0, None), None))((xs, X[:2]), 2.0)
    np.testing.assert_array_equal(out, xs + 2 * X[:2])


def test_vmap_with_sizes_that_differ():
    with pytest.raises((DualrevError, ValueError)):
        dr.vmap(lambda a, b: a + b)(np.ones(3), np.ones(2))
    with pytest.raises((DualrevError, ValueError, IndexError)):
        dr.vmap(lambda a: a, in_axes=2)(np.ones(3))


def test_stop_gradient(jac):
    J = jac(lambda x: x * dr.stop_gradient(x), X)
    np.testing.assert_array_equal(J, np.diag(X))
    np.testing.assert_array_equal(dr.stop_gradient(X), X)
    stopped = dr.stop_gradient({"a": X, "b": (1.0,)})
    np.testing.assert_array_equal(stopped["a"], X)
    np.testing.assert_array_equal(
        dr.hessian(lambda x: np.sum(x**2 * dr.stop_gradient(x)))(X), np.diag(2 * X)
    )


def test_checkpoint_recomputes_and_agrees():
    calls = []

    def step(x, k):
        calls.append(type(x))
        return np.sin(x) * k + x**2

    f = lambda x, s: np.sum(s(s(x, 2.0), 3.0))
    expected = dr.grad(f)(X, step)
    del calls[:]
    g = dr.grad(f)(X, dr.checkpoint(step))
    np.testing.assert_allclose(g, expected, rtol=1e-15)
    assert len(calls) == 4
    c = dr.checkpoint(step)
    np.testing.assert_array_equal(c(X, 2.0), step(X, 2.0))
    np.testing.assert_allclose(
        dr.hessian(lambda x: f(x, c))(X), dr.hessian(lambda x: f(x, step))(X), rtol=1e-13
    )
    np.testing.assert_allclose(
        dr.jvp(lambda x: f(x, c), (X,), (X,))[1], dr.jvp(lambda x: f(x, step), (X,), (X,))[1]
    )


def test_checkpoint_of_a_closure_over_traced_values():
    """What the function closes over is differentiated, too."""

    def f(x):
        inner = dr.checkpoint(lambda y: np.sum(x * y**2))
        return inner(x * 2.0)

    np.testing.assert_allclose(dr.grad(f)(X), 12 * X**2, rtol=1e-15)


def test_functions_keep_their_names():
    assert "rosenbrock" in dr.grad(rosenbrock).__name__ or dr.grad(rosenbrock).__wrapped__
    assert "rosenbrock" in repr(dr.grad(rosenbrock))
    assert dr.checkpoint(rosenbrock).__name__ == "rosenbrock"
