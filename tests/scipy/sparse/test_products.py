"""Plain SciPy sparse arrays beside traced vectors, with nothing imported but SciPy: every format, every operator."""

import numpy as np
import pytest
from scipy import sparse

import dualrev as dr

FORMATS = ("bsr", "coo", "csc", "csr", "dia", "lil", "dok")
_rng = np.random.default_rng(5)
DENSE = np.array([[1.5, 0, 0, -2.0], [0, 0.5, 3.0, 0], [0, 0, 0, 0.25]])
X = _rng.normal(size=4)
U = _rng.normal(size=3)

OPERATIONS = {
    "A @ x": (lambda a, x: a @ x, X),
    "A.T @ x": (lambda a, x: a.T @ x, U),
    "A.dot(x)": (lambda a, x: a.dot(x), X),
    "x @ A": (lambda a, x: x @ a, U),
    "A @ column": (lambda a, x: a @ x[:, None], X),
    "A @ X": (lambda a, x: a @ np.outer(x, x), X),
    "X @ A": (lambda a, x: np.outer(x, x) @ a, U),
    "s * A": (lambda a, x: x[0] * a, X),
    "x * A": (lambda a, x: x * a, X),
    "A + X": (lambda a, x: a + np.outer(U, x), X),
    "X - A": (lambda a, x: np.outer(U, x) - a, X),
    "A - X": (lambda a, x: a - np.outer(U, x), X),
    "A / X": (lambda a, x: a / (2 + np.outer(U, x) ** 2), X),
}


def dense(y):
    return (
        y.toarray() if hasattr(y, "toarray") else np.asarray(y) if isinstance(y, np.matrix) else y
    )


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_operators(name, format):
    f, x = OPERATIONS[name]
    a = sparse.csr_array(DENSE).asformat(format)

    def own(x):
        return dense(f(a, x))

    def other(x):
        return f(DENSE, x)

    assert np.allclose(own(x), other(x), rtol=1e-14)
    assert np.allclose(dr.jacobian(own, mode="reverse")(x), dr.jacobian(other)(x), rtol=1e-13)
    assert np.allclose(dr.jacobian(own, mode="forward")(x), dr.jacobian(other)(x), rtol=1e-13)
    curved, wanted = (dr.hessian(lambda x, g=g: np.sum(np.sin(g(x * x))))(x) for g in (own, other))
    assert np.allclose(curved, wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("format", FORMATS)
def test_star_of_matrices_is_the_product(format):
    a = getattr(sparse, f"{format}_matrix")(DENSE)
    assert np.allclose(dr.jacobian(lambda x: a * x)(X), DENSE)
    assert np.allclose(dr.jacobian(lambda x: x * a)(U), DENSE.T)


def test_complex_and_single_precision():
    a = sparse.csr_array(DENSE * (1 + 0.5j))
    z = X + 1j * X[::-1]
    assert np.allclose(dr.grad(lambda z: np.sum(np.abs(a @ z) ** 2))(z), 2 * a.conj().T @ (a @ z))
    assert np.allclose(
        dr.grad(lambda x: np.sum(np.abs(a @ x) ** 2))(X), np.real(2 * a.conj().T @ (a @ X))
    )
    single = sparse.csr_array(DENSE.astype(np.float32))
    g = dr.grad(lambda x: np.sum((single @ x) ** 2))(X.astype(np.float32))
    assert g.dtype == np.float32


def test_never_dense(monkeypatch):
    n = 100_000
    a = sparse.diags_array([np.full(n, 2.0), np.ones(n - 1)], offsets=[0, 1], format="csr")

    def refuse(*args, **kwargs):
        raise AssertionError("made dense")

    monkeypatch.setattr(type(a), "toarray", refuse)
    g = dr.grad(lambda x: np.sum((a @ x) ** 2))(np.ones(n))
    assert np.array_equal(g[:3], [12.0, 18.0, 18.0])


def test_one_product_for_all_lanes(monkeypatch):
    a = sparse.csr_array(DENSE)
    calls = []
    original = type(a)._matmul_multivector

    def counted(self, other):
        calls.append(np.shape(other))
        return original(self, other)

    monkeypatch.setattr(type(a), "_matmul_multivector", counted)
    assert np.allclose(dr.vmap(lambda x: a @ x)(np.eye(4)), DENSE.T)
    assert calls == [(4, 4)]


def test_written_to_after_the_product():
    a = sparse.csr_array(DENSE)

    def f(x):
        y = np.sum((a @ x) ** 2)
        a.data[:] = 0.0
        return y

    want = 2 * DENSE.T @ (DENSE @ X)
    assert np.allclose(dr.grad(f)(X), want)
    assert not a.data.any()


def test_wrong_shapes():
    a = sparse.csr_array(DENSE)
    with pytest.raises(ValueError, match="dimension mismatch"):
        dr.grad(lambda x: np.sum(a @ x))(U)
    with pytest.raises(ValueError, match="dimension mismatch"):
        dr.grad(lambda x: np.sum(x @ a))(X)
    with pytest.raises(ValueError, match="Scalar operands"):
        dr.grad(lambda x: np.sum(a @ x))(2.0)
    with pytest.raises(NotImplementedError, match="nonzero scalar"):
        dr.grad(lambda x: np.sum(x + a))(2.0)


def test_other_functions_refuse():
    a = sparse.csr_array(DENSE)
    with pytest.raises(dr.UnsupportedError, match=r"A\.toarray"):
        dr.grad(lambda x: np.sum(np.arctan2(x, a)))(X)
