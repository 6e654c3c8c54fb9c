"""Shapes and orders of axes, by unit differences; views, by writing through them."""

import numpy as np
import pytest

import dualrev as dr

X = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
F = np.asfortranarray(X[0])

# np.reshape takes copy= from NumPy 2.1 on.
NUMPY_2_0 = np.lib.NumpyVersion(np.__version__) < "2.1.0"

FUNCTIONS = {
    "reshape": lambda x: np.reshape(x, (4, 6)),
    "reshape_unknown": lambda x: x.reshape(3, -1),
    "reshape_method_tuple": lambda x: x.reshape((-1,)),
    "reshape_int": lambda x: np.reshape(x, 24),
    "reshape_fortran": lambda x: np.reshape(x, (4, 6), order="F"),
    "reshape_as_stored": lambda x: np.reshape(x, (4, 6), order="A"),
    "reshape_after_transpose": lambda x: np.reshape(x.T, (6, 4)),
    **({} if NUMPY_2_0 else {"reshape_copy": lambda x: np.reshape(x, (4, 6), copy=True)}),
    "ravel": np.ravel,
    "ravel_fortran": lambda x: np.ravel(x, order="F"),
    "flatten": lambda x: x.flatten(),
    "flatten_fortran": lambda x: x.flatten("F"),
    "transpose": np.transpose,
    "transpose_axes": lambda x: np.transpose(x, (1, 2, 0)),
    "transpose_negative": lambda x: x.transpose(-1, 0, 1),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "matrix_transpose": np.matrix_transpose,
    "linalg_matrix_transpose": np.linalg.matrix_transpose,
    "permute_dims": lambda x: np.permute_dims(x, (2, 0, 1)),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "moveaxis_several": lambda x: np.moveaxis(x, [0, 1], [-1, 0]),
    "rollaxis": lambda x: np.rollaxis(x, 2),
    "rollaxis_to": lambda x: np.rollaxis(x, 0, 2),
    "rollaxis_end": lambda x: np.rollaxis(x, 0, 3),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "expand_dims_several": lambda x: np.expand_dims(x, (0, -1)),
    "squeeze": lambda x: np.squeeze(x[:1, None]),
    "squeeze_axis": lambda x: np.squeeze(x[:1, None], axis=1),
    "squeeze_nothing": np.squeeze,
    "broadcast_to": lambda x: np.broadcast_to(x[:, :1], (2, 2, 5, 4)),
    "broadcast_to_int": lambda x: np.broadcast_to(x[0, 0, 0], 3),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x[0], x[1, :, :1], np.ones((2, 1, 1)))[1],
    "meshgrid": lambda x: np.stack(np.meshgrid(x[0, 0], x[0, :, 1])),
    "meshgrid_ij": lambda x: np.stack(np.meshgrid(x[0, 0], x[0, :, 1], x[:, 0, 0], indexing="ij")),
    "meshgrid_sparse": lambda x: np.meshgrid(x[0, 0], x[0, :, 1], sparse=True)[1],
    "atleast_1d": lambda x: np.atleast_1d(x[0, 1, 2]),
    "atleast_2d": lambda x: np.atleast_2d(x[0, 1]),
    "atleast_3d": lambda x: np.atleast_3d(x[0, 1]),
    "atleast_3d_matrix": lambda x: np.atleast_3d(x[0]),
    "atleast_3d_number": lambda x: np.atleast_3d(x[0, 0, 0]),
    "atleast_2d_several": lambda x: np.atleast_2d(x[0, 1], 2.0)[0],
    "flip": np.flip,
    "flip_axis": lambda x: np.flip(x, (0, -1)),
    "flipud": np.flipud,
    "fliplr": np.fliplr,
    **{f"rot90_{k}": lambda x, k=k: np.rot90(x, k, (1, 2)) for k in range(-1, 4)},
    "sliding_window_view": lambda x: np.lib.stride_tricks.sliding_window_view(x[0, 0], 2),
    "sliding_window_view_axes": lambda x: np.lib.stride_tricks.sliding_window_view(
        x, (2, 3), (1, 2)
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(moves, name):
    moves(FUNCTIONS[name], X)


@pytest.mark.parametrize("order", "CFAK")
def test_orders_follow_the_memory_of_the_array(moves, order):
    moves(lambda x: np.ravel(x, order=order), F)


def test_empty_and_zero_dimensional(moves):
    moves(lambda x: np.reshape(x, (0, 2)), np.zeros((2, 0)))
    moves(lambda x: np.broadcast_to(x, (0, 3)), np.zeros((1, 3)))
    moves(lambda x: np.reshape(x, (1, 1)), np.array(2.0))
    moves(lambda x: np.squeeze(np.expand_dims(x, 0)), np.array(2.0))
    moves(np.transpose, np.array(2.0))
    moves(lambda x: np.flip(x), np.zeros(0))


REFUSED = {
    "size": lambda x: np.reshape(x, (5, 5)),
    "unknown": lambda x: np.reshape(x, (5, -1)),
    "two_unknown": lambda x: np.reshape(x, (-1, -1)),
    "order": lambda x: np.reshape(x, (4, 6), order="X"),
    "axes": lambda x: np.transpose(x, (0, 1)),
    "axis_twice": lambda x: np.transpose(x, (0, 1, 1)),
    "axis": lambda x: np.swapaxes(x, 0, 3),
    "moveaxis": lambda x: np.moveaxis(x, (0, 1), 0),
    "squeeze": lambda x: np.squeeze(x, 0),
    "broadcast": lambda x: np.broadcast_to(x, (3, 3, 4)),
    "fliplr": lambda x: np.fliplr(x[0, 0]),
    "rollaxis": lambda x: np.rollaxis(x, 0, 4),
    "matrix_transpose": lambda x: np.matrix_transpose(x[0, 0]),
    **({} if NUMPY_2_0 else {"no_view": lambda x: np.reshape(x.T, -1, copy=False)}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses_is_refused(name):
    with pytest.raises(ValueError, match=r"."):
        REFUSED[name](X)
    for transform in (
        dr.jacobian(REFUSED[name], mode="forward"),
        dr.jacobian(REFUSED[name], mode="reverse"),
    ):
        with pytest.raises(ValueError, match=r"."):
            transform(X)


VIEWS = {
    "slice": lambda y: y[:, 1:],
    "row": lambda y: y[1],
    "integer": lambda y: y[np.int64(1)],
    "new_axis": lambda y: y[None],
    "everything": lambda y: y[...],
    "reshape": lambda y: y.reshape(4, 6),
    "reshape_same": lambda y: y.reshape(2, 3, 4),
    "reshape_copying": lambda y: y.T.reshape(6, 4),
    "reshape_fortran": lambda y: y.reshape((6, 4), order="F"),
    "reshape_transposed_fortran": lambda y: y.T.reshape((4, 6), order="F"),
    "ravel": lambda y: y.ravel(),
    "ravel_transposed": lambda y: y.T.ravel(),
    "ravel_kept": lambda y: y.T.ravel(order="K"),
    "flatten": lambda y: y.flatten(),
    "transpose": lambda y: np.transpose(y, (1, 0, 2)),
    "swapaxes": lambda y: y.swapaxes(0, 2),
    "moveaxis": lambda y: np.moveaxis(y, 0, 1),
    "expand_dims": lambda y: np.expand_dims(y, 1),
    "squeeze": lambda y: np.squeeze(y[:1]),
    "flip": lambda y: np.flip(y, 1),
    "rot90": lambda y: np.rot90(y, 1, (0, 2)),
    "rot90_none": lambda y: np.rot90(y, 4),
    "atleast": lambda y: np.atleast_3d(y[0]),
    "split": lambda y: np.split(y, 2, axis=2)[1],
    "array_split": lambda y: np.array_split(y, 3, axis=2)[0],
    "hsplit": lambda y: np.hsplit(y, 3)[2],
    "vsplit": lambda y: np.vsplit(y, 2)[1],
    "dsplit": lambda y: np.dsplit(y, [1])[1],
    "view_of_view": lambda y: y[:, ::2].T.reshape(4, 2, 2)[1:],
    "fancy": lambda y: y[[0, 1]],
    "copy": lambda y: y.copy(),
    "copy_reshaped": lambda y: np.copy(y).reshape(-1),
    "broadcast": lambda y: np.broadcast_to(y, (2, 2, 3, 4)),
    "broadcast_same": lambda y: np.broadcast_to(y, (2, 3, 4)),
    "diagonal": lambda y: np.diagonal(y, 0, 1, 2),
    "diag": lambda y: np.diag(y[0]),
    "tile": lambda y: np.tile(y, 1),
    "repeat": lambda y: np.repeat(y, 1, axis=0),
    "stack": lambda y: np.stack(y),
    "concatenate": lambda y: np.concatenate([y]),
    "roll": lambda y: np.roll(y, 1),
    "triu": np.triu,
    "take": lambda y: np.take(y, [0], axis=0),
}


READ_ONLY = ("broadcast", "broadcast_same", "diagonal", "diag")


def _through(view):
    """Return the program that writes into a view and reads the base, then the other way round."""

    def f(x):
        y = x * 1.0
        v = view(y)
        if v.ndim > 1:
            v[0] = x[1, 2, 3] * 2.0
        else:
            v[:1] = x[1, 2, 3] * 2.0
        y[1, 0, 1] = x[0, 0, 0] * 3.0
        y[0, 1, 1] *= 5.0
        return np.concatenate([y.ravel(), v.ravel()])

    return f


@pytest.mark.parametrize("name", VIEWS)
def test_writes_are_seen_through_views_as_in_numpy(complex_step, name):
    f = _through(VIEWS[name])
    if name in READ_ONLY:
        for transform in (f, dr.grad(lambda x: np.sum(f(x))), dr.jacobian(f, mode="forward")):
            with pytest.raises(ValueError, match="read-only"):
                transform(X)
        return
    y = f(X)
    J = complex_step(f, X)
    np.testing.assert_array_equal(dr.vjp(f, X)[0], y)
    np.testing.assert_allclose(dr.jacobian(f, mode="forward")(X), J, atol=1e-15)
    np.testing.assert_allclose(dr.jacobian(f, mode="reverse")(X), J, atol=1e-15)
    np.testing.assert_array_equal(dr.vmap(f)(np.stack([X, X + 1])), np.stack([f(X), f(X + 1)]))


def test_a_view_that_is_read_only_sees_writes_to_its_base(complex_step):
    def f(x):
        y = x * 1.0
        b, d = np.broadcast_to(y[0], (2, 3, 4)), np.diagonal(y[1])
        y[0, 1] = x[1, 1] * 3.0
        y[1, 2, 2] = x[0, 0, 0] * 2.0
        return np.concatenate([b.ravel(), d])

    J = complex_step(f, X)
    np.testing.assert_allclose(dr.jacobian(f, mode="forward")(X), J, atol=1e-15)
    np.testing.assert_allclose(dr.jacobian(f, mode="reverse")(X), J, atol=1e-15)


MADE = {
    "copy": lambda x: x.T.copy(),
    "np_copy": lambda x: np.copy(x.T),
    "np_copy_ordered": lambda x: np.copy(x.T, order="C"),
    "np_copy_strided": lambda x: np.copy(x[:, ::2]),
    "np_copy_strided_columns": lambda x: np.copy(x.T[::2]),
    "flatten": lambda x: x.T.flatten(),
    "astype": lambda x: x.T.astype(x.dtype),
    "elementwise": lambda x: x.T * 1.0,
    "zeros_like": lambda x: np.zeros_like(x.T) + 0.0,
    "zeros_like_ordered": lambda x: np.zeros_like(x.T, order="C"),
    "ones_like_columns": lambda x: np.ones_like(x, order="F"),
    "broadcast_copy": lambda x: np.broadcast_to(x[0], (4, 3)).copy(),
    "tile": lambda x: np.tile(x.T, (1, 2)),
    "repeat": lambda x: np.repeat(x.T, 2, axis=0),
    "repeat_each": lambda x: np.repeat(x.T, [1, 2, 0], axis=0),
    "rows": lambda x: x[[0, 1]],
    "columns": lambda x: x[:, [0, 1]],
    "rows_of_columns": lambda x: x.T[[0, 1]],
    "mask": lambda x: x[np.array([True, True])],
    "take": lambda x: np.take(x.T, [1, 0], axis=1),
    "stack": lambda x: np.stack([x.T, x.T]),
    "concatenate": lambda x: np.concatenate([x.T, x.T]),
    "roll": lambda x: np.roll(x.T, 1),
    "roll_axis": lambda x: np.roll(x.T, 1, axis=0),
    "pad": lambda x: np.pad(x.T, 1),
    "pad_edge": lambda x: np.pad(x.T, 1, "edge"),
    "pad_mean": lambda x: np.pad(x.T, 1, "mean"),
    "where": lambda x: np.where(np.ones((3, 2)) > 0, x.T, 0.0),
    "choose": lambda x: np.choose(np.array([[0, 1]]), [x.T, 2.0]),
    "select": lambda x: np.select([np.ones((3, 2)) > 0], [x.T]),
    "triu": lambda x: np.triu(x.T),
    "diag": lambda x: np.diag(x[0]),
    "insert": lambda x: np.insert(x.T, 1, 0.0, axis=0),
    "delete": lambda x: np.delete(x.T, 1, axis=0),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1])[0],
    "block": lambda x: np.block([[x.T, x.T]]),
    "resize": lambda x: np.resize(x.T, (3, 3)),
    "column_stack": lambda x: np.column_stack([x.T, x[0]]),
    "moved": lambda x: np.moveaxis(np.stack([x, x]), 0, 1) + 0.0,
}


@pytest.mark.parametrize("name", MADE)
def test_a_new_array_is_reshaped_to_a_view_where_numpy_does(complex_step, name):
    """Whether a reshape is a view depends on the memory layout, which is that of NumPy's result."""

    def f(x):
        y = MADE[name](x)
        r = y.reshape(-1)
        r[1] = 10.0 * x[0, 0]
        y.T[..., 0] += x[0, 2]
        y[0] = 5.0 * x[1, 1]
        again = y.reshape(-1)
        again[2] = 7.0 * x[1, 0]
        return np.concatenate([y.ravel(), r, again])

    x = np.arange(1.0, 7.0).reshape(2, 3)
    J = complex_step(f, x)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(f, mode=mode)(x), J, atol=1e-14)
    np.testing.assert_array_equal(dr.vjp(f, x)[0], f(x))
    np.testing.assert_array_equal(dr.vmap(f)(np.stack([x, x + 1])), np.stack([f(x), f(x + 1)]))


def test_flat_is_written_through(complex_step):
    def f(x):
        y = x * 1.0
        y.T.flat[1] = x[0, 0] * 2.0
        y.flat[5] = x[0, 1] * 3.0
        return y

    x = np.arange(1.0, 7.0).reshape(2, 3)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(f, mode=mode)(x), complex_step(f, x))
