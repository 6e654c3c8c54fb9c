"""Running extremes, sums over parts, log-sum-exp: ties, NaN, infinities, NumPy's errors."""

import numpy as np
import pytest

import dualrev as dr
from tests.rules.equivalence import as_plain

NAN = np.nan
X = np.array([1.0, 3.0, 2.0, 3.0, 3.0, 5.0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_as_plain(dtype, rng):
    x = rng.integers(-3, 3, (4, 6)).astype(dtype)
    holes = x.copy()
    holes[[0, 1, 3], [0, 2, 5]] = NAN
    for u in (np.maximum, np.minimum, np.fmax, np.fmin):
        for axis in (0, 1, -1):
            as_plain(lambda x, u=u, axis=axis: u.accumulate(x, axis), x, exact=True)
            as_plain(lambda x, u=u, axis=axis: u.accumulate(x, axis), holes, exact=True)
            as_plain(lambda x, u=u, axis=axis: u.reduce(x, axis, keepdims=True), x, exact=True)
        as_plain(u.accumulate, np.zeros((0, 2), dtype))
        as_plain(lambda x, u=u: u.accumulate(x, axis=1), np.zeros((2, 0), dtype))
        as_plain(lambda x, u=u: u.reduce(x, axis=1), np.zeros((2, 0), dtype))
        as_plain(lambda x, u=u: u.reduce(x, axis=(0, 1), initial=1), x)
    for indices in ([0, 2, 1], [3, 3, 0], [0], [5]):
        as_plain(lambda x, i=indices: np.add.reduceat(x, i, axis=1), x)
    for u in (np.logaddexp, np.logaddexp2):
        for options in (
            {},
            {"axis": 1, "keepdims": True},
            {"axis": None},
            {"axis": (1, 0), "dtype": np.float64},
            {"where": x > 0},
            {"initial": 0.5, "axis": -1},
        ):
            as_plain(lambda x, u=u, o=options: u.reduce(x, **o), x)
        as_plain(u.reduce, np.zeros((0, 2), dtype))


RUNS = np.array(
    [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 1 / 2, 0, 1 / 2, 0, 0],
        [0, 1 / 3, 0, 1 / 3, 1 / 3, 0],
        [0, 0, 0, 0, 0, 1],
    ]
)


def test_ties_so_far_share_equally(jac):
    for f, sign in ((np.maximum, 1), (np.fmax, 1), (np.minimum, -1), (np.fmin, -1)):
        np.testing.assert_allclose(jac(f.accumulate, sign * X), RUNS, rtol=1e-15)


def test_nan(jac):
    x = np.array([NAN, 2.0, NAN, 1.0])
    np.testing.assert_array_equal(
        jac(np.fmax.accumulate, x), [[0] * 4, [0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]
    )
    np.testing.assert_array_equal(jac(np.fmin.reduce, x), [0, 0, 0, 1])
    np.testing.assert_array_equal(jac(np.fmin.reduce, x[:1]), [0])
    np.testing.assert_array_equal(
        jac(np.maximum.accumulate, x[[1, 0, 3]]), [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    )
    # A maximum that is NaN has no derivative.
    assert np.isnan(jac(np.max, x)).all()


def test_tied_rows_of_second_order(rng):
    """The derivative is constant between ties: the Hessian of a square is that of its rows."""
    w = rng.normal(size=6)
    H = dr.hessian(lambda x: np.sum(w * np.maximum.accumulate(x) ** 2))(X)
    np.testing.assert_allclose(H, 2 * RUNS.T @ np.diag(w) @ RUNS, rtol=1e-13, atol=1e-15)


def test_parts_that_overlap(jac):
    J = jac(lambda x: np.add.reduceat(x, [2, 0, 3]), np.arange(4.0))
    np.testing.assert_array_equal(J, [[0, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]])


def test_logarithms_of_zero(jac):
    """Terms at minus infinity count nothing; a sum that is infinite has no derivative."""
    x = np.array([-np.inf, 0.0, np.log(3.0)])
    np.testing.assert_allclose(jac(np.logaddexp.reduce, x), [0, 0.25, 0.75], rtol=1e-15)
    assert np.isnan(jac(np.logaddexp.reduce, np.full(2, -np.inf))).all()
    assert np.isnan(jac(np.logaddexp2.reduce, np.array([np.inf, 0.0]))).all()
    masked = jac(lambda x: np.logaddexp.reduce(x, where=[True, False, True]), x[::-1])
    np.testing.assert_array_equal(masked, [1, 0, 0])


def test_lanes(rng):
    x = rng.normal(size=(3, 4, 2))
    for f in (
        np.maximum.accumulate,
        lambda v: np.fmin.reduce(v, axis=1),
        lambda v: np.add.reduceat(v, [1, 0], axis=0),
        lambda v: np.logaddexp.reduce(v, axis=None),
    ):
        np.testing.assert_allclose(dr.vmap(f)(x), [f(v) for v in x], rtol=1e-14)
        many = dr.vmap(dr.jacobian(f))(x)
        np.testing.assert_allclose(many, [dr.jacobian(f)(v) for v in x], rtol=1e-14)


def test_numpys_errors():
    x = np.ones((2, 3))
    for f in (
        lambda x: np.maximum.accumulate(x, axis=2),
        lambda x: np.maximum.accumulate(x[0, 0]),
        lambda x: np.fmax.reduce(x, where=[True, False, True]),
        lambda x: np.add.reduceat(x, [0, 5]),
        lambda x: np.add.reduceat(x, [0], axis=4),
    ):
        with pytest.raises((ValueError, TypeError, IndexError)) as plain:
            f(x)
        with pytest.raises(plain.type):
            dr.vjp(f, x)
