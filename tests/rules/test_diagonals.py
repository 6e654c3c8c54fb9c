"""Diagonals and triangles, by unit differences."""

import numpy as np
import pytest

import dualrev as dr

X = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)

FUNCTIONS = {
    "diag_of_matrix": lambda x: np.diag(x[0]),
    "diag_above": lambda x: np.diag(x[0], 2),
    "diag_below": lambda x: np.diag(x[0], -1),
    "diag_outside": lambda x: np.diag(x[0], 9),
    "diag_of_vector": lambda x: np.diag(x[0, 0]),
    "diag_of_vector_above": lambda x: np.diag(x[0, 0], 2),
    "diag_of_vector_below": lambda x: np.diag(x[0, 0], -1),
    "diagflat": lambda x: np.diagflat(x[:, :2, 0], 1),
    "diagonal": np.diagonal,
    "diagonal_axes": lambda x: x.diagonal(1, 1, 2),
    "diagonal_swapped": lambda x: np.diagonal(x, -1, axis1=2, axis2=0),
    "linalg_diagonal": lambda x: np.linalg.diagonal(x, offset=1),
    "trace": np.trace,
    "trace_matrix": lambda x: x[0].trace(),
    "trace_axes": lambda x: np.trace(x, 1, -2, -1),
    "linalg_trace": np.linalg.trace,
    "triu": np.triu,
    "triu_above": lambda x: np.triu(x, 1),
    "triu_vector": lambda x: np.triu(x[0, 0]),
    "tril": np.tril,
    "tril_below": lambda x: np.tril(x, -1),
    "tril_vector": lambda x: np.tril(x[0, 0], 1),
    "tril_indices": lambda x: x[0][np.tril_indices_from(x[0])],
    "triu_indices": lambda x: x[0][np.triu_indices_from(x[0], 1)],
    "diag_indices": lambda x: x[0, :3, :3][np.diag_indices_from(x[0, :3, :3])],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(moves, name):
    moves(FUNCTIONS[name], X)


def test_what_numpy_refuses_is_refused():
    for f in (
        lambda x: np.diag(x),
        lambda x: np.diagonal(x, 0, 1, 1),
        lambda x: np.diagonal(x[0, 0]),
    ):
        with pytest.raises(ValueError, match=r"."):
            f(X)
        with pytest.raises(ValueError, match=r"."):
            dr.jacobian(f)(X)


def test_triangle_of_infinite_entries_has_a_finite_derivative():
    x = np.array([[1.0, np.inf], [2.0, 3.0]])
    np.testing.assert_array_equal(
        dr.grad(lambda x: np.sum(np.tril(x)))(x), [[1.0, 0.0], [1.0, 1.0]]
    )
