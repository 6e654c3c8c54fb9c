"""Joining and splitting, by unit differences; operands of all kinds side by side."""

import numpy as np
import pytest

import dualrev as dr

X = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
C = np.arange(4.0)

FUNCTIONS = {
    "concatenate": lambda x: np.concatenate((x, np.ones((1, 3, 4)), x[:1])),
    "concatenate_axis": lambda x: np.concatenate([x, x[:, :1] * 2], axis=-2),
    "concatenate_flat": lambda x: np.concatenate([x, C], axis=None),
    "concatenate_of_array": np.concatenate,
    "concatenate_empty": lambda x: np.concatenate([np.zeros(0), x[0, 0], np.zeros(0)]),
    "concatenate_lists": lambda x: np.concatenate([x[0, 0], [1.0, 2.0], [x[0, 0, 0], 3.0]]),
    "concat": lambda x: np.concat([x[0, 0], C]),
    "stack": lambda x: np.stack([x[0], 2.0 * x[1], np.ones((3, 4))]),
    "stack_axis": lambda x: np.stack([x[0], x[1]], axis=1),
    "stack_last": lambda x: np.stack([x[0, 0], C], axis=-1),
    "stack_of_array": lambda x: np.stack(x, axis=-1),
    "stack_numbers": lambda x: np.stack([x[0, 0, 0], 1.0, x[1, 2, 3], x[0, 0, 0]]),
    "stack_numbers_axis": lambda x: np.stack([x[0, 0, 0], x[1, 2, 3]], axis=-1),
    "hstack": lambda x: np.hstack([x[0], x[1] * 2]),
    "hstack_vectors": lambda x: np.hstack([x[0, 0], C, 3.0, x[0, 0, 0]]),
    "hstack_numbers": lambda x: np.hstack([x[0, 0, 0], 3.0]),
    "vstack": lambda x: np.vstack([x[0, 0], x[1], C]),
    "dstack": lambda x: np.dstack([x[0, 0], C]),
    "dstack_matrices": lambda x: np.dstack([x[0], x[1]]),
    "column_stack": lambda x: np.column_stack([x[0, :, 0], x[1], np.ones(3)]),
    "block": lambda x: np.block([[x[0, :, :2], np.ones((3, 1))], [x[1, 0, :3]]]),
    "block_flat": lambda x: np.block([x[0, 0], 1.0, x[0, 0, 0]]),
    "block_single": lambda x: np.block(x),
    "append": lambda x: np.append(x, C),
    "append_axis": lambda x: np.append(x[0], x[1], axis=1),
    "split": lambda x: np.split(x, 2)[1],
    "split_axis": lambda x: np.split(x, 2, axis=-1)[0],
    "split_at": lambda x: np.split(x, [1, 2], axis=1)[1],
    "array_split": lambda x: np.array_split(x, 3, axis=2)[0],
    "array_split_at": lambda x: np.array_split(x, [3, 1, 9], axis=2)[2],
    "hsplit": lambda x: np.hsplit(x, 3)[1],
    "hsplit_vector": lambda x: np.hsplit(x[0, 0], 2)[1],
    "vsplit": lambda x: np.vsplit(x, 2)[0],
    "dsplit": lambda x: np.dsplit(x, [1, 3])[1],
    **(
        {"unstack": lambda x: np.unstack(x, axis=1)[2]} if hasattr(np, "unstack") else {}
    ),  # NumPy 2.1
    "tile": lambda x: np.tile(x, 2),
    "tile_several": lambda x: np.tile(x, (2, 1, 2, 1)),
    "tile_short": lambda x: np.tile(x[0, 0], (2, 3)),
    "tile_none": lambda x: np.tile(x, 0),
    "repeat": lambda x: np.repeat(x, 3, axis=1),
    "repeat_flat": lambda x: x.repeat(2),
    "repeat_each": lambda x: np.repeat(x, [1, 0, 2], axis=1),
    "repeat_one_count": lambda x: np.repeat(x, [2], axis=0),
    "repeat_number": lambda x: np.repeat(x[0, 0, 0], 3),
    "roll": lambda x: np.roll(x, 5),
    "roll_axis": lambda x: np.roll(x, -1, axis=1),
    "roll_axes": lambda x: np.roll(x, (1, -2), axis=(0, 2)),
    "roll_one_shift": lambda x: np.roll(x, 1, axis=(0, 2)),
    "roll_same_axis": lambda x: np.roll(x, (1, 1), axis=(2, 2)),
    "resize": lambda x: np.resize(x, (5, 7)),
    "resize_smaller": lambda x: np.resize(x, 3),
    "delete": lambda x: np.delete(x, 1, axis=1),
    "delete_several": lambda x: np.delete(x, [0, -1], axis=2),
    "delete_slice": lambda x: np.delete(x, slice(None, None, 2), axis=2),
    "delete_mask": lambda x: np.delete(x[0], [True, False, True], axis=0),
    "delete_flat": lambda x: np.delete(x, 5),
    "insert": lambda x: np.insert(x, 1, 9.0, axis=1),
    "insert_traced": lambda x: np.insert(x[0], [0, 2], x[1, 0] * 2.0, axis=0),
    "insert_column": lambda x: np.insert(x[0], 1, x[1, :, 0], axis=1),
    "insert_several": lambda x: np.insert(x[0], [1, 1, 3], x[1, :, :3], axis=1),
    "insert_flat": lambda x: np.insert(x, [2, 4], [x[0, 0, 0], 1.0]),
    "insert_slice": lambda x: np.insert(x[0, 0], slice(0, 2), C[:2]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(moves, name):
    moves(FUNCTIONS[name], X)


def test_lists_and_object_arrays(complex_step):
    def f(x):
        numbers = np.array([x[0], x[1], x[2]])
        grid = np.array([[x[0], 1.0], [2.0, x[2]]])
        return np.stack([numbers @ x, np.sum(grid @ x[:2]), np.inner([x[2], x[0], 1.0], x)])

    x = np.array([0.5, -1.5, 2.0])
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(dr.jacobian(f, mode=mode)(x), complex_step(f, x), rtol=1e-14)


@pytest.mark.parametrize("trim", ["fb", "f", "b", "B"])
def test_trim_zeros(trim):
    x = np.array([0.0, 0.0, 1.0, 0.0, 2.0, 0.0])
    f = lambda x: np.trim_zeros(x, trim)
    kept = f(np.array([0.0, 0.0, 3.0, 4.0, 5.0, 0.0])).size
    y, t = dr.jvp(f, (x,), (np.arange(6.0),))
    np.testing.assert_array_equal(y, f(x))
    assert t.shape == (kept,)
    start = 0 if trim in "bB" else 2
    np.testing.assert_array_equal(t, np.arange(start, start + kept))
    np.testing.assert_array_equal(
        dr.grad(lambda x: np.sum(f(x)))(x), (np.arange(6) >= start) & (np.arange(6) < start + kept)
    )


def test_trim_zeros_of_nothing_else():
    assert dr.jvp(np.trim_zeros, (np.zeros(3),), (np.ones(3),))[1].shape == (0,)


def test_many_numbers_make_one_node():
    tape = dr.Tape(watch=False)
    x = tape.variable(np.arange(50.0))
    parts = list(x)
    before = len(tape)
    y = np.stack(parts)
    assert len(tape) == before + 1
    tape.sweep(y, np.arange(50.0))
    np.testing.assert_array_equal(tape.cotangent(x), np.arange(50.0))


PROMOTED = [
    lambda x: np.concatenate([x, np.array([1, 2])]),
    lambda x: np.stack([x, np.array([1j, 2])]),
    lambda x: np.concatenate([x, x], dtype=complex),
    lambda x: np.stack([x, x], dtype=np.float32),
    lambda x: np.hstack([x, np.float32(3.0)]),
]


@pytest.mark.parametrize("k", range(len(PROMOTED)))
def test_integer_and_complex_operands_promote_as_in_numpy(k):
    x, f = np.array([1.0, 2.0]), PROMOTED[k]
    y, t = dr.jvp(f, (x,), (np.array([3.0, 5.0]),))
    assert y.dtype == t.dtype == f(x).dtype
    np.testing.assert_array_equal(y, f(x))
    np.testing.assert_array_equal(t, f(x + np.array([3.0, 5.0])) - f(x))
    g = dr.grad(lambda x: np.sum(np.real(f(x)) ** 2) / 2)(x)
    assert g.dtype == float
    copies = np.sum(np.real(f(x + 1.0) - f(x))) / 2
    np.testing.assert_array_equal(g, copies * x)


def test_gradient_through_a_complex_stack():
    x = np.array([1.0, 2.0])
    g = dr.grad(lambda x: np.sum(np.abs(np.stack([x, np.array([1j, 2])])) ** 2))(x)
    np.testing.assert_allclose(g, 2 * x)


def test_out_is_written():
    def f(x):
        out = np.zeros_like(x)
        np.concatenate([x[:1] * 2.0, x[1:]], out=out)
        table = np.zeros_like(np.stack([x, x]))
        np.stack([x, x * 3.0], out=table)
        return np.concatenate([out, table[1]])

    x = np.array([1.0, 2.0, 3.0])
    J = np.vstack([np.diag([2.0, 1, 1]), 3.0 * np.eye(3)])
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(dr.jacobian(f, mode=mode)(x), J)


REFUSED = {
    "number": lambda x: np.concatenate([x[0, 0], x[0, 0, 0]]),
    "shapes": lambda x: np.concatenate([x[0], x[0, 0]]),
    "stack_shapes": lambda x: np.stack([x[0, 0], x[0]]),
    "stack_numbers": lambda x: np.stack([x[0, 0, 0], x[0, 0]]),
    "axis": lambda x: np.stack([x, x], axis=5),
    "split": lambda x: np.split(x, 5, axis=2),
    "sections": lambda x: np.array_split(x, 0),
    "vsplit": lambda x: np.vsplit(x[0, 0], 2),
    "block": lambda x: np.block([[x[0]], x[1]]),
    "block_empty": lambda x: np.block([[x[0]], []]),
    "repeat": lambda x: np.repeat(x, -1),
    "repeats": lambda x: np.repeat(x, [1, 2], axis=1),
    "delete": lambda x: np.delete(x, 9, axis=1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses_is_refused(name):
    with pytest.raises((ValueError, IndexError)):
        REFUSED[name](X)
    with pytest.raises((ValueError, IndexError)):
        dr.jacobian(REFUSED[name], mode="forward")(X)
