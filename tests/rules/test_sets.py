"""Sets: options, order, ties, NaN, lanes."""

import itertools

import numpy as np
import pytest

import dualrev as dr
from tests.rules.equivalence import as_plain

NAN = np.nan
NEW = np.lib.NumpyVersion(np.__version__) >= "2.3.0"
SORTED = ({}, {"sorted": True}, {"sorted": False}) if NEW else ({},)
BASE = np.array([[0.5, 1.5, -2.0], [3.0, 1.5, 0.5], [-0.5, 2.0, 7.0], [1.5, 0.0, -2.0]])
HOLES = np.where(BASE == 1.5, NAN, BASE)
ARRAYS = {
    "double": BASE,
    "single": BASE.astype(np.float32),
    "complex": BASE + 1j * np.round(BASE),
    "holes": HOLES,
    "no dimension": np.array(2.0),
    "empty": np.zeros((0, 3)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_unique_as_plain(name):
    x = ARRAYS[name]
    for equal_nan, options in itertools.product((True, False), SORTED):
        for index, inverse, counts in itertools.product((False, True), repeat=3):
            o = options | {"equal_nan": equal_nan}
            as_plain(lambda x, o=o, w=(index, inverse, counts): np.unique(x, *w, **o), x)
    for f in (np.unique_all, np.unique_counts, np.unique_inverse):
        as_plain(lambda x, f=f: tuple(f(x)), x)
        assert type(dr.vjp(lambda x, f=f: f(x).values, x)[0]) is np.ndarray
    as_plain(np.unique_values, x)


@pytest.mark.parametrize("name", ["double", "single", "complex", "holes"])
def test_unique_slices_as_plain(name):
    x = ARRAYS[name][[0, 1, 0, 2]]
    for axis, equal_nan in itertools.product((0, 1, -1), (True, False)):
        for which in itertools.product((False, True), repeat=3):
            o = {"axis": axis, "equal_nan": equal_nan}
            as_plain(lambda x, w=which, o=o: np.unique(x, *w, **o), x)
            as_plain(lambda x, w=which, o=o: np.unique(x, *w, **o), x.T)
    as_plain(lambda x: np.unique(x, axis=0), np.zeros((0, 3)))
    as_plain(lambda x: np.unique(x, axis=1), np.zeros((2, 0)))
    as_plain(lambda x: np.unique(x, axis=0), np.zeros(4))
    as_plain(lambda x: np.unique(x, axis=2), x)


@pytest.mark.parametrize("name", ["double", "single", "complex", "holes"])
@pytest.mark.parametrize(
    "f", [np.intersect1d, np.union1d, np.setdiff1d, np.setxor1d], ids=lambda f: f.__name__
)
def test_operations_as_plain(f, name):
    x = ARRAYS[name]
    other = np.concatenate([x.ravel()[3:9], [9.0, 1.0]]).astype(x.dtype)
    as_plain(lambda x: f(x, other), x)
    as_plain(lambda x: f(other, x), x)
    as_plain(lambda x: f(x, x[::-1] * 1), x)
    as_plain(f, x, other)
    as_plain(lambda x: f(x, other.astype(np.complex128)), x)
    if f is not np.union1d:
        as_plain(lambda x: f(x, other[1:], assume_unique=True), x.ravel()[8:])
        as_plain(lambda x: f(other[1:], x, True), x.ravel()[8:])
    if f is np.intersect1d:
        as_plain(lambda x: f(x, other, return_indices=True), x)


def test_isin_as_plain():
    for options in ({}, {"invert": True}, {"assume_unique": True}, {"kind": "sort"}):
        as_plain(lambda x, o=options: np.isin(x, [1.5, 9.0], **o), HOLES)
        as_plain(lambda x, o=options: np.isin([1.5, 9.0], x, **o), HOLES)
    lanes = dr.vmap(lambda x: np.isin(x, [1.5, 0.5]))(BASE)
    np.testing.assert_array_equal(lanes, np.isin(BASE, [1.5, 0.5]))


X = np.array([2.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("f", "want"),
    [
        (np.unique, [[0, 1, 0], [0.5, 0, 0.5]]),
        (lambda x: np.unique_all(x).values, [[0, 1, 0], [0.5, 0, 0.5]]),
        (lambda x: np.unique(x, True, equal_nan=False)[0], [[0, 1, 0], [0.5, 0, 0.5]]),
        (lambda x: np.intersect1d(x, [2.0, 5.0]), [[1 / 3, 0, 1 / 3]]),
        (lambda x: np.intersect1d(x, [2.0, 5.0], return_indices=True)[0], [[1 / 3, 0, 1 / 3]]),
        (lambda x: np.union1d([0.0, 1.0], x), [[0, 0, 0], [0, 0.5, 0], [0.5, 0, 0.5]]),
        (lambda x: np.setdiff1d(x, [1.0]), [[0.5, 0, 0.5]]),
        (lambda x: np.setdiff1d([4.0, 1.0], x) * x[0], [[4, 0, 0]]),
        (lambda x: np.setxor1d(x, [1.0, 3.0]), [[0.5, 0, 0.5], [0, 0, 0]]),
    ],
)
def test_equal_entries_share_equally(f, want, jac):
    np.testing.assert_allclose(jac(f, X), want, rtol=1e-15)


def test_equal_slices_share_equally(jac):
    J = jac(lambda x: np.unique(x, axis=0), np.array([[2.0, 1.0], [0.0, 3.0], [2.0, 1.0]]))
    want = np.zeros((2, 2, 3, 2))
    want[0, :, 1] = np.eye(2)
    want[1, :, 0] = want[1, :, 2] = np.eye(2) / 2
    np.testing.assert_array_equal(J, want)


def test_nan(jac):
    x = np.array([NAN, 1.0, NAN])
    np.testing.assert_array_equal(jac(np.unique, x), [[0, 1, 0], [0.5, 0, 0.5]])
    each = jac(lambda x: np.unique(x, equal_nan=False), x)
    np.testing.assert_array_equal(each, [[0, 1, 0], [1, 0, 0], [0, 0, 1]])


def test_second_order():
    H = dr.hessian(lambda x: np.sum(np.unique(x) ** 3))(X)
    np.testing.assert_allclose(H, [[3, 0, 3], [0, 6, 0], [3, 0, 3]])


def test_lanes_may_differ_in_number():
    for f in (
        np.unique,
        lambda x: np.unique(x, axis=0),
        np.unique_values,
        lambda x: np.union1d(x, x),
        lambda x: np.setdiff1d(x, [1.0]),
    ):
        with pytest.raises(dr.UnsupportedError, match="loop over the lanes"):
            dr.vmap(f)(BASE)
        with pytest.raises(dr.UnsupportedError, match="loop over the lanes"):
            dr.vmap(dr.jacobian(f))(BASE)
    # What is differentiated in many directions at once is one point.
    assert dr.jacobian(np.unique, mode="forward")(BASE).shape == (8, 4, 3)
