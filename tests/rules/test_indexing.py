"""What the tests of every primitive cannot see of indexing: cost, copies, and the transpose."""

import operator

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import ENTRIES
from dualrev.rules.indexing import flat_positions, gather, pick, scatter_add

X = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
ROWS = np.array([0, 2, 2])

INDICES = {
    "separated": (slice(None), ROWS, slice(None)),
    "apart": (np.array([1, 0, 1]), slice(None), ROWS),
    "number_apart": (1, slice(None), ROWS),
    "new_axis_apart": (np.array([0, 1, 1]), None, ROWS),
    "grid": np.ix_([0, 1], [2, 0, 0], [1, 1]),
    "matrix": (slice(None), np.array([[0, 1], [2, 2]])),
    "mask": X > 0.5,
    "mask_and_slice": (slice(None), np.array([True, False, True]), slice(1, 3)),
    "mask_apart": (np.array([True, True]), slice(None), np.array([1, 3])),
    "number": (1, 2, 3),
    "unsigned": np.array([1, 0, 1], dtype=np.uint8),
    "zero_dimensional": (np.array(1), slice(None), np.array(0)),
    "true": (True, 0),
    "many": np.arange(600) % 2,
    "many_apart": (np.arange(600) % 2, slice(None), np.arange(600) % 4),
}


@pytest.mark.parametrize("name", INDICES)
def test_values_and_derivatives(moves, name):
    moves(lambda x: x[INDICES[name]], X)


@pytest.mark.parametrize("name", INDICES)
def test_scatter_add_is_the_transpose(name):
    index = INDICES[name]
    index = index if isinstance(index, tuple) else (index,)
    y = np.asarray(X[index])
    ct = np.cos(np.arange(y.size)).reshape(y.shape)
    back = scatter_add(ct, index=index, shape=X.shape)
    expected = np.zeros(X.size)
    for k, c in zip(np.arange(X.size).reshape(X.shape)[index].ravel(), ct.ravel(), strict=True):
        expected[k] += c
    np.testing.assert_allclose(back, expected.reshape(X.shape), rtol=1e-14, atol=1e-14)


def test_reading_in_a_loop_costs_one_array():
    """The sweep adds into one array: a million cotangents of n entries would take 8 TB."""
    n = 20_000

    def f(x):
        total = 0.0
        for k in range(0, n, 2):
            total = total + x[k] * x[k + 1]
        return total

    x = np.linspace(0.0, 1.0, n)
    np.testing.assert_allclose(dr.grad(f)(x), x.reshape(-1, 2)[:, ::-1].ravel())


def test_reading_after_other_uses_adds_to_what_is_there():
    def f(x):
        s = np.sum(x * x)
        return x[0] * s + x[1:] @ x[:-1] + np.sum(x) + x[[0, 0]] @ x[[1, 0]]

    x = np.array([0.5, -1.5, 2.0])
    plus = [[f(x + h * e) for e in np.eye(3)] for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(dr.grad(f)(x), np.subtract(*plus) / 2e-6, rtol=1e-8)


def test_a_cotangent_that_is_shared_is_not_written_into():
    """x + y hands one cotangent to both; x[0] then adds into that of x only."""

    def f(x, y):
        first = x[0] * 10.0
        z = x + y
        return np.sum(z * z) + first + x[1] * y[1]

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    gx, gy = dr.grad(f, argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(gx, [18.0, 16.0])
    np.testing.assert_array_equal(gy, [8.0, 14.0])


def test_index_arrays_are_copied():
    for make in (lambda: np.array([0, 1]), lambda: [0, 1], lambda: np.array([True, False, True])):
        index = make()

        def f(x, index=index):
            y = np.sum(x[index] ** 2)
            index[0] = index[1]
            return y

        x = np.array([1.0, 2.0, 3.0])
        g = dr.grad(f)(x)
        expected = np.zeros(3)
        expected[make()] = 2 * x[make()]
        np.testing.assert_array_equal(g, expected)


def test_operator_functions_and_methods():
    x = np.arange(4.0)
    g = dr.grad(lambda x: operator.getitem(x, 2) * x.item(1) + operator.itemgetter(3)(x))(x)
    np.testing.assert_array_equal(g, [0.0, 2.0, 1.0, 1.0])
    assert {operator.getitem, operator.setitem} <= set(ENTRIES)


def test_pick_takes_plain_arrays_and_numbers_too():
    np.testing.assert_array_equal(pick(X, (0, [1, 1])), X[0, [1, 1]])
    assert dr.grad(lambda x: pick(x, Ellipsis) * 3.0)(2.0) == 3.0


def test_flat_positions_of_a_grid():
    grid = [np.array([[0], [-1]]), np.array([[1, 2]]), np.array(3)]
    positions = flat_positions(grid, X.shape)
    np.testing.assert_array_equal(X.ravel()[positions], X[tuple(grid)])
    np.testing.assert_array_equal(gather(X, positions), X[tuple(grid)])


def test_a_view_knows_its_base():
    seen = {}

    def f(x):
        seen["view"] = x[1:].base is x
        seen["copy"] = x[[1]].base is None
        seen["shares"] = np.shares_memory(x, x[1:])
        return x[1:] @ x[:-1]

    dr.grad(f)(np.arange(3.0))
    assert seen == {"view": True, "copy": True, "shares": True}
