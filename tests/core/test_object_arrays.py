"""Object arrays and lists of traced scalars: what NumPy builds from them is stacked, not lost."""

import numpy as np
import pytest

A3 = np.array([[1.0, 2.0, 0.5], [-1.0, 0.3, 2.0], [0.7, -0.2, 1.5]])


def test_tensordot_returned_directly(jac):
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(jac(lambda x: np.tensordot(np.arange(3.0), x, 1), x), [0, 1, 2])


def test_ndarray_method_with_traced_argument(jac):
    """``w.T.dot(x)`` does not dispatch: HIPS #8 returned zeros."""
    w = np.arange(5.0)
    np.testing.assert_array_equal(jac(lambda x: w.T.dot(x), np.ones(5)), w)
    np.testing.assert_array_equal(jac(lambda x: A3.dot(x), np.ones(3)), A3)


def test_plain_numpy_dot_with_a_matrix_made_inside(jac):
    """HIPS #423 returned zeros and a warning."""
    f = lambda x: np.dot(np.arange(9.0).reshape(3, 3), x)
    np.testing.assert_array_equal(jac(f, np.ones(3)), np.arange(9.0).reshape(3, 3))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.mean([x[0], x[0] + 2 * x[1]]),
        lambda x: np.var([x[0], x[1], 3.0]),
        lambda x: np.linalg.norm([x[0], 2 * x[1]]),
        lambda x: np.sum([x[0], x[1] ** 2, 1.0]),
        lambda x: np.prod((x[0], x[1], 2.0)),
        lambda x: np.concatenate(([x[0]], x[1:], [1.0])),
        lambda x: np.stack([x[0] * x[1], 1.0]),
    ],
    ids=["mean", "var", "norm", "sum", "prod", "concatenate", "stack"],
)
def test_lists_of_traced_scalars(jac, central, f):
    """``np.mean([x, x + 2])`` raised in HIPS before pull request #757."""
    x = np.array([0.7, 1.9])
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-9, atol=1e-11)


OBJECT_ARRAYS = {
    "times": lambda x: x[0] * np.array([x[1], x[2]]),
    "returned": lambda x: np.array([x[0] * x[1], x[2]]),
    "rotation": lambda x: (
        np.array([[np.cos(x[0]), -np.sin(x[0])], [np.sin(x[0]), np.cos(x[0])]]) @ x[1:]
    ),
    "rotation of a plain vector": lambda x: (
        np.array([[np.cos(x[0]), -np.sin(x[0])], [np.sin(x[0]), np.cos(x[0])]]) @ np.ones(2)
    ),
    "asarray": lambda x: np.asarray(x) ** 2 * x[0],
    "array": lambda x: np.sin(np.array(x)),
    "ufunc": lambda x: np.exp(np.array([x[0] * x[1], x[2]])),
    "sum": lambda x: np.sum(np.array([x[0] * x[1], x[2] ** 3])),
    "norm": lambda x: np.linalg.norm(np.array([x[0], x[1] * x[2]])),
    "dot": lambda x: np.dot(A3, np.array([x[0], x[1] * x[2], x[1]])),
    "matmul": lambda x: A3 @ np.array([x[0], x[1] * x[2], x[1]]),
    "einsum": lambda x: np.einsum("ij,j", A3, np.array([x[0], x[1] * x[2], x[1]])),
    "concatenate": lambda x: np.concatenate([np.array([x[0] * x[1], x[2]]), x]),
    "stack": lambda x: np.stack([np.array([x[0], x[1]]), x[1:] * 2]),
    "traced on the left": lambda x: x[:2] + np.array([x[1], x[2]]),
    "traced on the right": lambda x: np.array([x[1], x[2]]) / x[:2],
    "mixed with a float": lambda x: np.array([x[0] * x[1], 1.0]) * x[2],
    "comprehension": lambda x: np.array([x[i] * x[i - 1] for i in range(3)]),
    "nested lists": lambda x: np.array([[x[0], x[1]], [x[2], 2.0]]) * x[0],
    "filled": lambda x: _filled(x),
    "asarray, indexed": lambda x: _first_and_last(np.asarray(x)),
    "transposed": lambda x: np.array([[x[0], x[1]], [x[2], 2.0]]).T.reshape(-1) * x[1],
}


def _filled(x):
    out = np.zeros(3, dtype=object)
    for i in range(3):
        out[i] = x[i] * x[0]
    return out


def _first_and_last(x):
    return x[0] * x[-1]


@pytest.mark.parametrize("name", OBJECT_ARRAYS)
def test_object_arrays_of_traced_scalars(jac, central, name):
    """HIPS gives [5, 0, 0] for the gradient of sum(x[0] np.array([x[1], x[2]])), not [5, 1, 1]."""
    f, x = OBJECT_ARRAYS[name], np.array([0.7, 1.9, -0.4])
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-9, atol=1e-10)
