"""Functions that pick entries, by unit differences, and positions that differ between lanes."""

import numpy as np
import pytest

import dualrev as dr

X = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
ORDER = np.argsort(np.sin(7.0 * X), axis=1)

FUNCTIONS = {
    "take_flat": lambda x: np.take(x, [0, 5, 5, -1]),
    "take_number": lambda x: np.take(x, 7),
    "take_axis": lambda x: np.take(x, [2, 0, 2], axis=1),
    "take_last": lambda x: x.take(np.array([[0, 1], [1, -1]]), axis=-1),
    "take_one": lambda x: np.take(x, 1, axis=1),
    "take_wrap": lambda x: np.take(x, [7, -9, 2], axis=2, mode="wrap"),
    "take_clip": lambda x: np.take(x, [7, -9, 2], axis=2, mode="clip"),
    "take_floats": lambda x: np.take(x, [0.5, 2.0], axis=2),
    "take_nothing": lambda x: np.take(x, [], axis=2),
    "take_along_axis": lambda x: np.take_along_axis(x, ORDER, axis=1),
    "take_along_axis_negative": lambda x: np.take_along_axis(x, ORDER[:1] - 3, axis=-2),
    "take_along_axis_flat": lambda x: np.take_along_axis(x, np.array([3, 3, 0]), axis=None),
    "compress": lambda x: np.compress([True, False, True], x, axis=1),
    "compress_short": lambda x: np.compress([True], x, axis=2),
    "compress_flat": lambda x: x.compress([False, True, True]),
    "extract": lambda x: np.extract(X > 0.3, x),
    "choose": lambda x: np.choose([0, 2, 1, 0], [x[0, 0], x[1, 1], 5.0]),
    "choose_wrap": lambda x: np.choose([3, -1, 1, 0], [x[0, 0], x[1, 1]], mode="wrap"),
    "choose_clip": lambda x: np.choose([3, -1, 1, 0], [x[0, 0], x[1, 1]], mode="clip"),
    "choose_broadcast": lambda x: np.choose([[0], [1]], [x[0, 0], 2.0]),
    "select": lambda x: np.select([X > 1, X < 0], [x * 2, -x], 9.0),
    "select_first": lambda x: np.select([X > 0, X > -9], [x * 2, -x]),
    "select_default": lambda x: np.select([X > 0, X < -0.5], [1.0, x * 2], x),
    "select_numbers": lambda x: np.select([X > 1, X > 0], [x, 1.0], 9.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(moves, name):
    moves(FUNCTIONS[name], X)


def test_the_index_may_change_afterwards():
    order = np.array([2, 0])
    where = np.array([[1, 0, 0]])

    def f(x):
        y = np.sum(np.take(x, order)) + np.sum(x[order] * 2)
        y = y + np.sum(np.take_along_axis(x[None], where, 1))
        order[:] = 1
        where[:] = 2
        return y

    np.testing.assert_array_equal(dr.grad(f)(np.ones(3)), [5.0, 1.0, 3.0])


def test_out_is_written():
    def f(x):
        out = np.zeros_like(x)
        np.take(x, [1, 1, 0], out=out)
        part = np.zeros_like(x[:2])
        np.compress([True, False, True], x, out=part)
        return np.concatenate([out, part])

    J = np.eye(3)[[1, 1, 0, 0, 2]]
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(dr.jacobian(f, mode=mode)(np.arange(3.0)), J)


WRONG = {
    "bounds": (lambda x: np.take(x, 99), IndexError),
    "mode": (lambda x: np.take(x, 0, mode="no"), ValueError),
    "axis": (lambda x: np.take(x, 0, axis=3), IndexError),
    "dimensions": (lambda x: np.take_along_axis(x, np.array([0]), 0), ValueError),
    "float_positions": (lambda x: np.take_along_axis(x, X, 0), IndexError),
    "choice": (lambda x: np.choose([0, 2], [x[0, 0, 0], 1.0]), ValueError),
    "lengths": (lambda x: np.select([X > 0], [x, x]), ValueError),
    "empty": (lambda x: np.select([], []) + x, ValueError),
    "condition": (lambda x: np.select([X], [x]), TypeError),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_numpy_refuses_is_refused(name):
    f, error = WRONG[name]
    with pytest.raises((error, IndexError)):
        f(X)
    with pytest.raises((error, IndexError)):
        dr.jacobian(f)(X)


MANY = np.cos(np.arange(60.0)).reshape(5, 3, 4)
ROWS = np.array([0, 2, -1, 1, -3])
PAIRS = np.array([[0, 1], [2, 2], [-1, 0], [1, -3], [0, 0]])

PER_LANE = {
    "row": (lambda x, i: x[i], ROWS),
    "entry": (lambda x, i: x[i, 2], ROWS),
    "column": (lambda x, i: x[:, i], ROWS),
    "last": (lambda x, i: x[..., i], ROWS),
    "pairs": (lambda x, i: x[i], PAIRS),
    "pairs_of_columns": (lambda x, i: x[:, i], PAIRS),
    "pairs_and_row": (lambda x, i: x[i, np.array([0, 3])], PAIRS),
    "take": (lambda x, i: np.take(x, i), PAIRS),
    "take_axis": (lambda x, i: np.take(x, i, axis=1), PAIRS),
    "take_wrap": (lambda x, i: np.take(x, i + 7, axis=0, mode="wrap"), PAIRS),
    "along_axis": (lambda x, i: np.take_along_axis(x, i[:, None], 0), PAIRS),
    "argmax": (lambda x, i: x[np.argmax(x[:, 0])], ROWS),
    "sorted": (lambda x, i: np.take_along_axis(x, np.argsort(x, axis=0), 0), ROWS),
    "written": (lambda x, i: _written(x, i), ROWS),
    "written_entry": (lambda x, i: _written(x, (1, i)), ROWS),
}


def _written(x, i):
    y = x * 1.0
    y[i] = 5.0 * x[0, 0]
    return y


@pytest.mark.parametrize("name", PER_LANE)
def test_positions_that_differ_between_lanes(name):
    f, positions = PER_LANE[name]
    loop = np.stack([f(x, i) for x, i in zip(MANY, positions, strict=True)])
    np.testing.assert_array_equal(dr.vmap(f)(MANY, positions), loop)

    def h(x, i):
        return np.sum(f(x, i) ** 3)

    def by_loop(operator):
        return np.stack([operator(x, i) for x, i in zip(MANY, positions, strict=True)])

    np.testing.assert_allclose(
        dr.vmap(dr.grad(h))(MANY, positions), by_loop(dr.grad(h)), rtol=1e-14
    )
    np.testing.assert_allclose(
        dr.vmap(dr.hessian(h))(MANY, positions), by_loop(dr.hessian(h)), rtol=1e-13, atol=1e-14
    )
    # The other way round: the derivative of the mapped function, of one array for all lanes too.
    total = lambda x: np.sum(dr.vmap(h)(x, positions))
    np.testing.assert_allclose(dr.grad(total)(MANY), by_loop(dr.grad(h)), rtol=1e-14)
    np.testing.assert_allclose(
        dr.jvp(total, (MANY,), (MANY,))[1], np.sum(by_loop(dr.grad(h)) * MANY), rtol=1e-13
    )
    shared = lambda x: np.sum(dr.vmap(h, in_axes=(None, 0))(x, positions))
    expected = sum(dr.grad(h)(MANY[0], i) for i in positions)
    np.testing.assert_allclose(dr.grad(shared)(MANY[0]), expected, rtol=1e-13)
    np.testing.assert_allclose(dr.jacobian(shared, mode="forward")(MANY[0]), expected, rtol=1e-13)


def test_masks_that_differ_between_lanes():
    with pytest.raises(dr.UnsupportedError, match=r"np\.where"):
        dr.vmap(lambda x: np.sum(x[x > 0]))(MANY)
    with pytest.raises(dr.UnsupportedError, match=r"np\.where"):
        dr.vmap(lambda x: np.sum(np.extract(x > 0, x)))(MANY)

    def f(x):
        y = x * 1.0
        y[y < 0] = 0.5
        return y

    np.testing.assert_array_equal(dr.vmap(f)(MANY), np.where(MANY < 0, 0.5, MANY))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[x[0]],
        lambda x: x[x[0], 1],
        lambda x: x[x],
        lambda x: x[[x[0], 1]],
        lambda x: x[x[0] :],
    ],
    ids=range(5),
)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_traced_number_is_no_index(f, mode):
    with pytest.raises(TypeError, match=r"int\(dualrev\.value\("):
        dr.jacobian(f, mode=mode)(np.array([1.0, 2.0]))
