"""Structured exits: the same matrix in every format, and what LAPACK makes of bands."""

import numpy as np
import pytest
from scipy import linalg, sparse

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.sparse.hessian import hessian
from dualrev.sparse.jacobian import jacobian

RNG = np.random.default_rng(7)
X = np.linspace(1, 2, 9)


def stencil(x):
    return 5 * x**2 - np.append(x[1:], 0.0) ** 3 - np.concatenate([[0, 0], x[:-2]]) * x


def rectangular(x):
    return x[2:7] ** 2 * x[1:6]


def energy(x):
    return np.sum(x**4) + np.sum(x[1:] * x[:-1]) + np.sum(x[2:] * x[:-2] ** 2) / 10


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dia"])
@pytest.mark.parametrize("f", [stencil, rectangular, lambda x: np.zeros(3), lambda x: x[:0]])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_formats(format, f, dtype):
    J = jacobian(f, format=format)(X.astype(dtype))
    assert isinstance(J, getattr(sparse, f"{format}_array"))
    assert J.dtype == dtype
    np.testing.assert_allclose(
        J.toarray(), dr.jacobian(f)(X), rtol=1e-5 if dtype == np.float32 else 1e-14
    )
    if format != "dia":
        assert J.nnz == jacobian(f)(X).nnz
        copied = J.copy()
        copied.sum_duplicates()
        assert copied.nnz == J.nnz
    H = hessian(energy, format=format)(X)
    assert H.format == format
    np.testing.assert_allclose(H.toarray(), dr.hessian(energy)(X), rtol=1e-14)


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dia"])
def test_results_do_not_share_memory(format):
    J = jacobian(stencil, format=format)
    one = J(X)
    one.data[:] = 0
    for name in ("indices", "indptr", "row", "col", "offsets"):
        if hasattr(one, name):
            getattr(one, name)[:] = 0
    np.testing.assert_allclose(J(X).toarray(), dr.jacobian(stencil)(X), rtol=1e-14)


def test_only_diagonals_with_entries_are_stored():
    f = lambda x: x * np.roll(x, 4)
    J = jacobian(f, format="dia")(X)
    np.testing.assert_array_equal(J.offsets, [-4, 0, 5])
    assert J.data.shape == (3, 9)


def test_bands():
    (lower, upper), ab = jacobian(stencil, format="banded")(X)
    assert (lower, upper) == (2, 1)
    assert ab.shape == (4, 9)
    b = RNG.standard_normal(9)
    expected = np.linalg.solve(dr.jacobian(stencil)(X), b)
    np.testing.assert_allclose(linalg.solve_banded((lower, upper), ab, b), expected)
    y, bands = jacobian(stencil, format="banded", mode="reverse").with_value(X)
    np.testing.assert_array_equal(y, stencil(X))
    np.testing.assert_allclose(linalg.solve_banded(*bands, b), expected)


@pytest.mark.parametrize("lower", [False, True])
def test_symmetric_bands(lower):
    ab = hessian(energy, format="banded_lower" if lower else "banded")(X)
    assert ab.shape == (3, 9)
    H = dr.hessian(energy)(X)
    np.testing.assert_allclose(
        linalg.cholesky_banded(ab, lower=lower)[0 if lower else -1] > 0, True
    )
    b = RNG.standard_normal(9)
    np.testing.assert_allclose(linalg.solveh_banded(ab, b, lower=lower), np.linalg.solve(H, b))


def test_a_diagonal_is_a_band():
    (lower, upper), ab = jacobian(np.sin, format="banded")(X)
    assert (lower, upper) == (0, 0)
    np.testing.assert_allclose(ab, np.cos(X)[None])
    np.testing.assert_allclose(hessian(lambda x: np.sum(x**3), format="banded")(X), 6 * X[None])
    np.testing.assert_array_equal(hessian(np.sum, format="banded_lower")(X), np.zeros((1, 9)))


def test_one_sided_bands():
    (lower, upper), ab = jacobian(lambda x: x**2 + np.append(x[1:], 0.0), format="banded")(X)
    assert (lower, upper) == (0, 1)
    np.testing.assert_array_equal(ab, [[0, *np.ones(8)], 2 * X])


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dia", "banded"])
def test_inside_other_transforms(format):
    J = jacobian(lambda x, p: p**2 * stencil(x), format=format)
    total = lambda p: (J(X, p)[1] if format == "banded" else J(X, p).toarray()).sum()
    expected = 4.0 * dr.jacobian(stencil)(X).sum()
    np.testing.assert_allclose(dr.grad(total)(2.0), expected)
    np.testing.assert_allclose(dr.derivative(total)(2.0), expected)


@pytest.mark.parametrize("format", ["banded", "banded_lower"])
def test_symmetric_bands_inside_other_transforms(format):
    H = hessian(lambda x, p: p**2 * energy(x), format=format)
    grad = dr.jacobian(lambda p: H(X, p))(2.0)
    np.testing.assert_allclose(grad, H(X, 2.0), rtol=1e-13)


def test_a_band_system_is_differentiated():
    J = jacobian(lambda x, p: p * stencil(x), format="banded")
    solve = lambda p: np.sum(linalg.solve_banded((2, 1), dr.value(J(X, p)[1]), np.ones(9)))
    np.testing.assert_allclose(solve(2.0), 0.5 * solve(1.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jacobian(rectangular, format="banded")(X), r"shape \(5, 9\).*takes square"),
        (
            lambda: jacobian(lambda x: x[RNG.permutation(300)], format="dia")(np.ones(300)),
            "the pattern is not banded: .* diagonals .* for 300 entries",
        ),
        (
            lambda: jacobian(lambda x: x[::-1], format="banded")(np.ones(300)),
            r"599 diagonals \(299 below and 299 above.*179,700.*reverse_cuthill_mckee",
        ),
        (
            lambda: hessian(lambda x: x[0] * x[-1] + np.sum(x**2), format="banded")(np.ones(300)),
            "not banded",
        ),
    ],
)
def test_what_has_no_bands(make, message):
    with pytest.raises(PatternError, match=message):
        make()
