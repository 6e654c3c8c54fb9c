"""Linear operators against dense derivatives, and how often they call the function."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg, lsmr

import dualrev as dr
from dualrev.scipy import optimize

X = np.array([0.3, -0.7, 1.1, 0.4])
A = np.random.default_rng(0).standard_normal((6, 4))
f = lambda x: np.tanh(A @ x) * x[0]
h = lambda x: np.sum(np.cosh(A @ x)) * x[1]


def operator_and_matrix(kind):
    if kind == "jacobian":
        return optimize.jacobian_operator(f, X), dr.jacobian(f)(X)
    return optimize.hessian_operator(h, X), dr.hessian(h)(X)


@pytest.mark.parametrize("kind", ["jacobian", "hessian"])
@pytest.mark.parametrize("side", ["", "T", "H"])
@pytest.mark.parametrize("columns", [None, 0, 1, 3])
def test_products(kind, side, columns):
    op, matrix = operator_and_matrix(kind)
    if side:
        op, matrix = getattr(op, side), matrix.T
    shape = (matrix.shape[1],) if columns is None else (matrix.shape[1], columns)
    v = np.random.default_rng(1).standard_normal(shape)
    assert op.shape == matrix.shape
    np.testing.assert_allclose(op @ v, matrix @ v, rtol=1e-13, atol=1e-14)
    w = np.random.default_rng(2).standard_normal((matrix.shape[0], *shape[1:]))
    product = op.rmatvec(w) if columns is None else op.rmatmat(w)
    np.testing.assert_allclose(product, matrix.T @ w, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "v", [[1, 0, 2, 1], np.float32([1, 0, 2, 1]), np.ones((4, 1)), 1j * np.ones(4)]
)
def test_vectors_of_every_kind(v):
    op, matrix = operator_and_matrix("jacobian")
    np.testing.assert_allclose(op.matvec(np.asarray(v)), matrix @ np.asarray(v), rtol=1e-6)


@pytest.mark.parametrize("make", [optimize.jacobian_operator, optimize.hessian_operator])
def test_one_evaluation(make):
    calls = []

    def g(x):
        calls.append(x)
        return h(x) if make is optimize.hessian_operator else f(x)

    op = make(g, X)
    op @ X
    op @ np.eye(4)
    op.T @ np.eye(op.shape[0])
    assert len(calls) == 1
    assert isinstance(op, LinearOperator)
    assert op.dtype == np.float64


def test_containers_and_arguments():
    g = lambda d, s: s * np.outer(d["a"], d["b"])
    x = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0, 5.0])}
    op = optimize.jacobian_operator(g, x, (2.0,))
    assert op.shape == (6, 5)
    np.testing.assert_allclose(
        op @ np.array([1.0, 0, 0, 0, 1.0]), 2 * np.array([3, 4, 6.0, 0, 0, 2.0])
    )
    H = optimize.hessian_operator(lambda d: np.sum(d["a"]) ** 2 * d["b"][0], x)
    assert H.shape == (5, 5)
    np.testing.assert_allclose(H @ np.array([1.0, 0, 1, 0, 0]), [6 + 6, 6 + 6, 6, 0, 0])


def test_in_solvers_of_scipy():
    J, matrix = operator_and_matrix("jacobian")
    b = np.arange(6.0)
    np.testing.assert_allclose(
        lsmr(J, b, atol=1e-14, btol=1e-14)[0], np.linalg.lstsq(matrix, b)[0], rtol=1e-8
    )
    H = optimize.hessian_operator(lambda x: np.sum(np.cosh(A @ x)), X)
    p, status = cg(H, b[:4], rtol=1e-12)
    assert status == 0
    np.testing.assert_allclose(H @ p, b[:4], rtol=1e-9, atol=1e-12)


def test_bad_inputs():
    with pytest.raises(dr.OutputError):
        optimize.hessian_operator(f, X)
    with pytest.raises(dr.InputError):
        optimize.jacobian_operator(f, "text")
