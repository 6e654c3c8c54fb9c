"""NumPy's functions that leave NaN out: options, slices without values, their warnings and derivatives."""

import itertools

import numpy as np
import pytest

import dualrev as dr
from tests.rules.equivalence import as_plain

W = np.array(
    [
        [True, False, True, True, True],
        [False, True, True, False, True],
        [True, True, True, True, False],
    ]
)
REAL, COMPLEX = (np.float64, np.float32), (complex, np.complex64)


def data(rng, dtype):
    """Return an array with holes: a full row, a row of one value, one missing."""
    x = rng.normal(size=(3, 5))
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.normal(size=(3, 5))
    x = x.astype(dtype)
    x[1, [0, 1, 3, 4]] = np.nan
    x[2] = np.nan
    x[0, 1] = np.nan
    return x


@pytest.mark.parametrize("dtype", [*REAL, *COMPLEX])
@pytest.mark.parametrize("name", ["nansum", "nanprod", "nanmean", "nanvar", "nanstd"])
def test_options_as_plain(name, dtype, rng):
    f, x = getattr(np, name), data(rng, dtype)
    wide = np.float64 if np.dtype(dtype).kind == "f" else complex
    more = [{}, {"where": W}, {"dtype": wide}]
    if name in ("nansum", "nanprod"):
        more += [{"initial": 0.5}, {"initial": 0.5, "where": W}]
    if name in ("nanvar", "nanstd"):
        more += [{"ddof": 1}, {"ddof": 2, "where": W}, {"correction": 0.5}]
    for axis, keepdims, options in itertools.product((None, 0, 1, (0, 1)), (False, True), more):
        o = options | {"axis": axis, "keepdims": keepdims}
        as_plain(lambda x, o=o: f(x, **o), x)
    if name in ("nanvar", "nanstd"):
        mean = np.nansum(x, axis=1, keepdims=True)
        as_plain(lambda x: f(x, axis=1, mean=mean, keepdims=True), x)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("f", [np.nanmax, np.nanmin])
def test_extremes_as_plain(f, dtype, rng):
    x = data(rng, dtype)
    for axis, keepdims in itertools.product((None, 0, 1, (0, 1)), (False, True)):
        for options in ({}, {"initial": 0.5}, {"initial": -0.5, "where": W}, {"where": W}):
            o = options | {"axis": axis, "keepdims": keepdims}
            as_plain(lambda x, o=o: f(x, **o), x, exact=True)
    as_plain(f, np.zeros((0, 2), dtype))
    as_plain(lambda x: f(x, axis=1, initial=1), np.zeros((2, 0), dtype))


@pytest.mark.parametrize("dtype", [*REAL, *COMPLEX])
@pytest.mark.parametrize("f", [np.nancumsum, np.nancumprod])
def test_running_as_plain(f, dtype, rng):
    x = data(rng, dtype)
    for axis in (None, 0, 1):
        as_plain(lambda x, axis=axis: f(x, axis), x)


FUNCTIONS = (
    np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin,
    np.nancumsum, np.nancumprod,
)  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_what_is_left_out_has_no_derivative(f, jac, rng):
    """The others have that of the function without the missing entries."""
    full = rng.normal(size=4)
    holes = np.array([np.nan, *full[:2], np.nan, *full[2:]])
    J, here = np.atleast_2d(jac(f, holes)), [1, 2, 4, 5]
    rows = here if f in (np.nancumsum, np.nancumprod) else slice(None)
    np.testing.assert_array_equal(J[:, [0, 3]], 0)
    np.testing.assert_allclose(J[rows][:, here], np.atleast_2d(jac(f, full)), rtol=1e-13)
    np.testing.assert_array_equal(
        jac(f, np.full(3, np.nan)), 0 * J[:3, :3] if len(J) > 1 else np.zeros(3)
    )


def test_warnings_and_gradients_of_nothing():
    nothing = np.full((2, 3), np.nan)
    for f, words in (
        (np.nanmean, "Mean of empty slice"),
        (np.nanvar, "Degrees of freedom"),
        (np.nanmax, "All-NaN slice"),
    ):
        with pytest.warns(RuntimeWarning, match=words):
            g = dr.grad(lambda x, f=f: np.sum(f(x, axis=1)))(nothing)
        np.testing.assert_array_equal(g, np.zeros((2, 3)))
        with pytest.warns(RuntimeWarning, match=words):
            assert np.isnan(dr.vmap(f)(nothing)).all()


def test_without_a_degree_of_freedom(jac):
    """The variance is NaN then, and its derivative."""
    x = np.array([np.nan, 2.0, 5.0])
    for f in (np.nanvar, np.nanstd):
        with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
            np.testing.assert_array_equal(jac(lambda x, f=f: f(x, ddof=2), x), [0, np.nan, np.nan])


def test_no_spread_has_no_slope(jac):
    np.testing.assert_array_equal(jac(np.nanstd, np.array([2.0, np.nan, 2.0])), np.zeros(3))


def test_ties_share_equally(jac):
    x = np.array([3.0, np.nan, 1.0, 3.0, 1.0])
    np.testing.assert_array_equal(jac(np.nanmax, x), [0.5, 0, 0, 0.5, 0])
    np.testing.assert_array_equal(jac(np.nanmin, x), [0, 0, 0.5, 0, 0.5])
    # A NaN is not counted among entries at minus infinity.
    x = np.array([-np.inf, np.nan, -np.inf])
    np.testing.assert_array_equal(jac(np.nanmax, x), [0.5, 0, 0.5])
    # Nor is an entry that `where` leaves out.
    g = jac(lambda x: np.nanmin(x, initial=np.inf, where=[True, False, True]), -x)
    np.testing.assert_array_equal(g, [0.25, 0, 0.25])


def test_lanes(rng):
    x = rng.normal(size=(3, 2, 4))
    x[0, 1, 2] = x[2, 0, 0] = np.nan
    for f in FUNCTIONS:
        np.testing.assert_allclose(dr.vmap(f)(x), [f(v) for v in x], rtol=1e-13)


def test_numpys_errors():
    x = np.ones((2, 3))
    for f in (
        lambda x: np.nanmean(x, dtype=int),
        lambda x: np.nanvar(x, dtype=int),
        lambda x: np.nanvar(x, ddof=1, correction=1),
        lambda x: np.nansum(x, axis=2),
    ):
        as_plain(f, x)
    with pytest.raises(dr.EscapeError, match=r"np\.nanmean"):
        dr.vjp(lambda x: np.nanmean(x, out=np.zeros(())), x)
