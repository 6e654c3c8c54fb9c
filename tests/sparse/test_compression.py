"""Compressed Jacobians against dense ones, and patterns that are wrong."""

import numpy as np
import pytest
from scipy import sparse

import dualrev as dr
from dualrev.sparse import column_groups, compressed_jacobian

RNG = np.random.default_rng(3)


def function_of(pattern, seed=0):
    """A function whose Jacobian has exactly this pattern, at no point with entries of equal size."""
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, pattern.shape) * (pattern != 0)
    return lambda x: np.sin(weights @ x) + (weights**2) @ x**2


def banded(n, below, above):
    return np.tri(n, n, above) * (1 - np.tri(n, n, -below - 1))


def arrow(n):
    pattern = np.eye(n)
    pattern[:, 0] = 1
    return pattern


PATTERNS = {
    "diagonal": (np.eye(7), 1),
    "tridiagonal": (banded(9, 1, 1), 3),
    "band": (banded(12, 2, 1), 4),
    "arrow": (arrow(8), 2),
    "row": (np.ones((1, 5)), 5),
    "column": (np.ones((5, 1)), 1),
    "empty": (np.zeros((3, 4)), 1),
    "wide": (np.eye(3, 8) + np.eye(3, 8, 4), 2),
    "tall": (np.repeat(np.eye(3), 4, axis=0), 1),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_equals_the_dense_jacobian(name):
    pattern, groups = PATTERNS[name]
    f = function_of(pattern)
    x = RNG.standard_normal(pattern.shape[1])
    made = compressed_jacobian(f, pattern)
    J = made(x)
    assert isinstance(J, sparse.csr_array)
    assert J.dtype == np.float64
    np.testing.assert_allclose(J.toarray(), dr.jacobian(f)(x), rtol=1e-14, atol=1e-15)
    assert made.groups.max() + 1 == groups
    assert J.nnz == np.count_nonzero(pattern)


@pytest.mark.parametrize("seed", range(6))
def test_random_patterns(seed):
    pattern = sparse.csr_array(np.random.default_rng(seed).random((30, 20)) < 0.1)
    f = function_of(pattern.toarray(), seed)
    x = np.random.default_rng(seed).standard_normal(20)
    J = compressed_jacobian(f, pattern)(x)
    np.testing.assert_allclose(J.toarray(), dr.jacobian(f)(x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("seed", range(6))
def test_columns_of_a_group_share_no_row(seed):
    pattern = sparse.csr_array(np.random.default_rng(seed).random((25, 40)) < 0.15)
    groups = column_groups(pattern)
    dense = pattern.toarray()
    for group in range(groups.max() + 1):
        assert dense[:, groups == group].sum(axis=1).max() <= 1
    assert groups.max() + 1 <= 2 * dense.sum(axis=1).max()


def test_values_of_a_pattern_do_not_cancel():
    pattern = np.array([[1.0, 1.0], [1.0, -1.0]])
    f = lambda x: np.stack([x[0] * x[1], x[0] - x[1]])
    J = compressed_jacobian(f, pattern)(np.array([2.0, 3.0]))
    np.testing.assert_array_equal(J.toarray(), [[3.0, 2.0], [1.0, -1.0]])


@pytest.mark.parametrize(
    "convert", [np.asarray, sparse.csr_array, sparse.coo_array, sparse.csc_matrix, list]
)
def test_forms_of_a_pattern(convert):
    J = compressed_jacobian(lambda x: x**2, convert(np.eye(3)))(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(J.toarray(), np.diag([2.0, 4.0, 6.0]))


def test_explicit_zeros_and_duplicates_of_a_pattern():
    pattern = sparse.coo_array(([1, 1, 0], ([0, 0, 0], [0, 0, 1])), shape=(1, 2))
    J = compressed_jacobian(lambda x: x[:1] ** 2, pattern)(np.array([3.0, 1.0]))
    assert J.nnz == 1
    np.testing.assert_array_equal(J.toarray(), [[6.0, 0.0]])


@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 3), (4, 4), (3, 2)])
def test_a_missing_entry_is_found(row, column):
    pattern = banded(5, 1, 1)
    f = function_of(pattern)
    pattern[row, column] = 0
    with pytest.raises(dr.OutputError, match=rf"pattern lacks entries .* the first is row {row}"):
        compressed_jacobian(f, pattern)(RNG.standard_normal(5))


def test_a_pattern_that_holds_only_in_places():
    made = compressed_jacobian(lambda x: np.where(x[0] > 0, x, x[::-1]), np.eye(4))
    np.testing.assert_array_equal(made(np.ones(4)).toarray(), np.eye(4))
    with pytest.raises(dr.OutputError, match="pattern lacks entries"):
        made(-np.ones(4))


def test_one_evaluation_gives_the_value_too():
    calls = []

    def f(x, a):
        calls.append(x)
        return a * x**2

    made = compressed_jacobian(f, np.eye(60))
    x = np.linspace(1, 2, 60)
    y, J = made.with_value(x, 3.0)
    assert len(calls) == 1
    np.testing.assert_array_equal(y, 3.0 * x**2)
    np.testing.assert_allclose(J.diagonal(), 6.0 * x, rtol=1e-15)


def test_a_constant_function():
    assert not compressed_jacobian(lambda x: np.ones(2), np.eye(2))(np.ones(2)).toarray().any()


def test_results_do_not_share_memory():
    made = compressed_jacobian(lambda x: x**2, np.eye(3))
    one = made(np.ones(3))
    one.data[:] = 7
    one.indices[:] = 0
    np.testing.assert_array_equal(made(np.ones(3)).toarray(), 2 * np.eye(3))


@pytest.mark.parametrize(
    ("f", "pattern", "x", "error"),
    [
        (lambda x: x, np.eye(3), np.ones(4), "the pattern has 3 columns"),
        (lambda x: x[:2], np.eye(3), np.ones(3), "the pattern has 3 rows"),
        (lambda x: (x, x), np.eye(3), np.ones(3), "a container of 2 arrays"),
        (lambda x: x, np.eye(9).reshape(3, 3, 9), np.ones(9), "a pattern is a matrix"),
        (lambda x: x, np.eye(4), np.ones((2, 2)), "it takes one vector"),
    ],
)
def test_misfits(f, pattern, x, error):
    with pytest.raises(dr.DualrevError, match=error):
        compressed_jacobian(f, pattern)(x)


def test_chunks(monkeypatch):
    monkeypatch.setattr("dualrev.sparse.compression.LANE_BYTES", 8 * 40)
    pattern = banded(20, 3, 3)
    f = function_of(pattern)
    x = RNG.standard_normal(20)
    np.testing.assert_allclose(
        compressed_jacobian(f, pattern)(x).toarray(), dr.jacobian(f)(x), rtol=1e-13, atol=1e-15
    )
