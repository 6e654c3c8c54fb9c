"""Indexing of every kind: the Jacobian of x[i] is a selection, known without any derivative."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualrev as dr

SHAPE = (3, 4, 2)
X = np.linspace(-1.0, 1.0, 24).reshape(SHAPE)
ROWS = np.array([0, 2, 2])


def selection(index, shape):
    """Return the Jacobian of ``x[index]``: ones where NumPy itself says each element comes from."""
    size = int(np.prod(shape))
    source = np.arange(size).reshape(shape)[index]
    return (
        (np.asarray(source)[..., None] == np.arange(size))
        .astype(float)
        .reshape(np.shape(source) + shape)
    )


INDICES = [
    0,
    -1,
    np.int64(2),
    np.array(1),
    (1, 2),
    (1, 2, 0),
    (0, ..., 1),
    ...,
    (),
    None,
    (None, 1, ..., None),
    slice(None),
    slice(1, None),
    slice(None, None, -1),
    slice(5, 1),
    (slice(0, 2), slice(None, None, 2)),
    (slice(None), 1, slice(None)),
    (..., slice(1, None)),
    ROWS,
    [0, 2, 2],
    (ROWS, [1, 1, 3]),
    (ROWS[:, None], [0, 3]),
    (slice(None), ROWS),
    (slice(None), ROWS, 0),
    (ROWS, slice(None), [0, 1, 1]),
    (0, slice(None), [0, 1, 1]),
    (None, ROWS, ..., 0),
    np.array([[0, 1], [2, 2]]),
    np.array([], dtype=int),
    [True, False, True],
    np.array([True, False, True]),
    (slice(None), np.array([True, False, True, True])),
    X > 0,
    X > 9,
    (X[..., 0] > 0, 1),
    (X[..., 0] > 0, slice(None)),
    (np.array([True, False, True]), [0, 3]),
    np.True_,
    False,
    np.ix_([0, 2], [1, 3], [1]),
    np.nonzero(X > 0.5),
    np.unravel_index([3, 7, 7], SHAPE),
]


@pytest.mark.parametrize("k", range(len(INDICES)))
def test_index(jac, k):
    index = INDICES[k]
    y, _ = dr.jvp(lambda x: x[index], (X,), (X,))
    np.testing.assert_array_equal(y, X[index])
    assert np.shape(y) == X[index].shape
    np.testing.assert_array_equal(jac(lambda x: x[index], X), selection(index, SHAPE))


@given(hnp.basic_indices(SHAPE, allow_newaxis=True, allow_ellipsis=True))
def test_random_basic_index(jac, index):
    np.testing.assert_array_equal(jac(lambda x: x[index], X), selection(index, SHAPE))


@given(
    hnp.integer_array_indices(SHAPE, result_shape=hnp.array_shapes(max_dims=2, max_side=3)),
    st.integers(1, 3),
)
def test_random_integer_arrays(jac, arrays, keep):
    index = arrays[:keep]
    np.testing.assert_array_equal(jac(lambda x: x[index], X), selection(index, SHAPE))


@given(hnp.arrays(bool, SHAPE), st.integers(1, 3))
def test_random_masks(jac, mask, ndim):
    index = mask[(..., *(0,) * (3 - ndim))]
    np.testing.assert_array_equal(jac(lambda x: x[index], X), selection(index, SHAPE))


def test_mask_from_the_traced_array_itself(jac):
    J = jac(lambda x: x[x > 0] ** 2, X)
    np.testing.assert_allclose(
        J, selection(X > 0, SHAPE) * 2 * X[X > 0].reshape(-1, 1, 1, 1), rtol=1e-15
    )


def test_positions_found_on_the_traced_array(jac):
    f = lambda x: x.reshape(-1)[np.argmax(x)] * np.ravel(x)[np.argsort(x, axis=None)[1]]
    expected = np.zeros(24)
    expected[23], expected[1] = X.flat[1], X.flat[23]
    np.testing.assert_allclose(jac(f, X), expected.reshape(SHAPE), rtol=1e-15)


def test_repeated_positions_accumulate():
    x = np.array([1.0, 2.0, 3.0])
    g = dr.grad(lambda x: np.sum(x[[0, 0, 1, 0]] * np.array([1.0, 2.0, 4.0, 8.0])))(x)
    np.testing.assert_array_equal(g, [11.0, 4.0, 0.0])
    H = dr.hessian(lambda x: np.sum(x[[0, 0, 1]] ** 2 * x[2]))(x)
    np.testing.assert_array_equal(H, [[12.0, 0.0, 4.0], [0.0, 6.0, 4.0], [4.0, 4.0, 0.0]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.take(x, [0, 2, 2], axis=1),
        lambda x: x.take(5),
        lambda x: np.take_along_axis(x, np.array([[[1, 0]]]), axis=1),
        lambda x: np.compress([True, False, True], x, axis=0),
        lambda x: np.extract(X > 0, x),
        lambda x: np.choose([0, 1], [x[0, 0], x[1, 1]]),
        lambda x: np.select([X > 0.5, X < 0], [x, x[::-1]], 0.0),
        lambda x: np.diagonal(x, axis1=0, axis2=1),
        lambda x: x.flat[3],
        lambda x: np.stack(list(x.flat)),
        lambda x: np.array([v for row in x for v in row[:, 0]]),
        lambda x: np.stack([a - b for a, b in zip(x[1:], x[:-1], strict=True)]),
    ],
    ids=range(12),
)
def test_functions_that_index(jac, complex_step, f):
    try:
        J = jac(f, X)
    except dr.errors.MissingRuleError:
        pytest.fail("a function that only selects has no rule")
    np.testing.assert_array_equal(J, complex_step(f, X))


def test_iteration_length_and_unpacking(jac):
    def f(x):
        assert len(x) == 3
        a, *rest = x
        assert len(rest) == 2
        (p, q), r = x[0, :2], x[1, 0, 0]
        return np.sum(a * rest[1]) * r + p[0] * q[1]

    def plain(x):
        return np.sum(x[0] * x[2]) * x[1, 0, 0] + x[0, 0, 0] * x[0, 1, 1]

    h = 1e-30
    expected = np.array([plain(X + 1j * h * e).imag / h for e in np.eye(24).reshape(24, *SHAPE)])
    np.testing.assert_allclose(jac(f, X).ravel(), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("index", [3, (0, 4), (0, 0, 0, 0), [0, 5], "a", 1.5])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_wrong_index_raises_as_in_numpy(mode, index):
    with pytest.raises(IndexError) as plain:
        X[index]
    with pytest.raises(IndexError) as traced:
        dr.jacobian(lambda x: x[index], mode=mode)(X)
    assert str(traced.value) == str(plain.value)


@pytest.mark.parametrize("index", [0, -1, None, ..., (), (None, 0), np.array([True]), False])
def test_small_shapes(jac, index):
    x = np.array([2.0])
    np.testing.assert_array_equal(jac(lambda x: x[index], x), selection(index, (1,)))


@pytest.mark.parametrize("index", [None, ..., (), (None, ..., None), True, False])
def test_zero_dimensional(jac, index):
    x = np.array(2.0)
    np.testing.assert_array_equal(jac(lambda x: x[index], x), selection(index, ()))


@pytest.mark.parametrize("index", [0, slice(None), (0, 0)])
def test_index_that_a_zero_dimensional_value_has_not(jac, index):
    with pytest.raises((IndexError, TypeError)):
        jac(lambda x: x[index], np.array(2.0))


def test_index_of_an_empty_array(jac):
    x = np.zeros((0, 3))
    assert jac(lambda x: x[:, 1], x).shape == (0, 0, 3)
    assert jac(lambda x: x[[]], x).shape == (0, 3, 0, 3)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_number_that_is_indexed_and_used_again(mode):
    """The cotangent of the number is a sum of NumPy scalars when the index's own arrives."""

    def f(x):
        s = x[0] * x[1]
        a = s[None] * 2.0
        return a[0] + s * 3.0 + s * 5.0

    np.testing.assert_array_equal(dr.jacobian(f, mode=mode)(np.array([1.0, 2.0])), [20.0, 10.0])
