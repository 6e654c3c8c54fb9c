"""Sorting and partial sorting: options, ties, NaN."""

import numpy as np
import pytest

import dualrev as dr
from tests.rules.equivalence import as_plain

FUNCTIONS = {
    **{f"sort, axis={k}": lambda x, k=k: np.sort(x, axis=k) for k in (-1, 0, None)},
    "sort method": lambda x: _sorted_in_place(x),
    **{
        f"partition at {kth}, axis={axis}": lambda x, kth=kth, axis=axis: np.partition(x, kth, axis)
        for kth, axis in ((1, -1), (-1, 0), ([0, 2], 2), ((3, -2), None))
    },
}


def _sorted_in_place(x):
    y = x.copy()
    y.sort(axis=1)
    return y


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_differences(name, rng, jac, central):
    f = FUNCTIONS[name]
    x = rng.permutation(24).reshape(2, 3, 4) * 0.3
    np.testing.assert_array_equal(dr.vjp(f, x)[0], f(x))
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, complex, np.complex64])
def test_options_as_plain(dtype, rng):
    x = rng.integers(0, 6, (4, 7)).astype(dtype)
    x[1, 2] = np.nan
    for f in (
        lambda x: np.sort(x, axis=0, kind="stable"),
        lambda x: np.sort(x, axis=None),
        lambda x: np.partition(x, (1, 4)),
        lambda x: np.partition(x, 2, axis=0),
        lambda x: np.partition(x, [20, 3], axis=None),
        np.sort_complex,
    ):
        as_plain(f, x, exact=True)


def test_lanes(rng):
    x = rng.permutation(24).reshape(3, 8) * 0.3
    for f in (np.sort, np.sort_complex, lambda x: np.partition(x, 3)):
        np.testing.assert_array_equal(dr.vmap(f)(x), [f(v) for v in x])
        many = dr.vmap(dr.jacobian(lambda x, f=f: np.real(f(x))))(x)
        np.testing.assert_array_equal(
            many, [dr.jacobian(lambda x, f=f: np.real(f(x)))(v) for v in x]
        )


def test_ties_share_equally(jac):
    np.testing.assert_array_equal(
        jac(np.sort, np.array([2.0, 1.0, 2.0])), [[0, 1, 0], [0.5, 0, 0.5], [0.5, 0, 0.5]]
    )
    rows = jac(lambda x: np.sort(x, axis=0), np.array([[1.0, 2.0], [1.0, 0.0]]))
    np.testing.assert_array_equal(rows[:, 0, :, 0], np.full((2, 2), 0.5))
    np.testing.assert_array_equal(rows[:, 1, :, 1], [[0, 1], [1, 0]])
    x = np.array([2.0, 1.0, 3.0, 2.0, 1.0, 2.0])
    J = jac(lambda x: np.partition(x, 2), x)
    y = np.partition(x, 2)
    np.testing.assert_allclose(J, (y[:, None] == x) / np.sum(y[:, None] == x, -1, keepdims=True))


def test_second_order_flows_through(rng):
    x = rng.normal(size=5)
    w = rng.normal(size=5)
    H = dr.hessian(lambda x: np.sum(w * np.sort(x) ** 2))(x)
    np.testing.assert_allclose(H, np.diag(2 * w[np.argsort(np.argsort(x))]), rtol=1e-14)
    y = np.partition(x, 2)
    H = dr.hessian(lambda x: np.sum(w * np.partition(x, 2) ** 2))(x)
    np.testing.assert_allclose(H, np.diag([2 * w[y == v][0] for v in x]), rtol=1e-14)


def test_empty():
    assert dr.jacobian(np.sort)(np.zeros(0)).shape == (0, 0)


def test_indices_are_plain_and_batched():
    x = np.array([[0.3, 0.1, 0.2], [0.5, 0.9, 0.4]])
    as_plain(lambda x: np.lexsort((x[0], x[1])), x)
    lanes = dr.vmap(lambda v: np.stack(np.unravel_index(np.argmax(v), (3, 1))))(x)
    np.testing.assert_array_equal(lanes, [[0, 0], [1, 0]])
    flat = dr.vmap(lambda v: np.ravel_multi_index((np.argmin(v), 1), (3, 2)))(x)
    np.testing.assert_array_equal(flat, [3, 5])


def test_numpys_errors():
    x = np.ones((2, 3))
    for f in (
        lambda x: np.sort(x, order="a"),
        lambda x: np.sort(x, axis=3),
        lambda x: np.partition(x, 5),
        lambda x: np.partition(x, 1, axis=2),
        lambda x: np.partition(x, 1.5),
    ):
        with pytest.raises((ValueError, TypeError)) as plain:
            f(x)
        with pytest.raises(plain.type):
            dr.vjp(f, x)
