"""Sorting, medians and quantiles: options, ties, NaN."""

import numpy as np
import pytest

import dualrev as dr

LEVELS = [0.1, 0.5, 0.8, 1.0]
FUNCTIONS = {
    **{f"sort, axis={k}": lambda x, k=k: np.sort(x, axis=k) for k in (-1, 0, None)},
    **{
        f"{name}, axis={axis}, keepdims={keep}": (
            lambda x, f=f, axis=axis, keep=keep: f(x, axis=axis, keepdims=keep)
        )
        for name, f in {
            "median": np.median,
            "quantile": lambda x, **o: np.quantile(x, 0.3, **o),
            "quantiles": lambda x, **o: np.quantile(x, LEVELS, **o),
        }.items()
        for axis in (None, 0, (0, 2))
        for keep in (False, True)
    },
    **{
        f"percentile, {method}": lambda x, method=method: np.percentile(
            x, [[0, 25], [33, 100]], method=method
        )
        for method in ("linear", "lower", "higher", "midpoint")
    },
    "sort method": lambda x: _sorted_in_place(x),
}


def _sorted_in_place(x):
    y = x.copy()
    y.sort(axis=1)
    return y


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_differences(name, rng, jac, central):
    f = FUNCTIONS[name]
    x = rng.permutation(24).reshape(2, 3, 4) * 0.3
    np.testing.assert_allclose(dr.vjp(f, x)[0], f(x), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-9, atol=1e-10)


def test_lanes(rng):
    x = rng.permutation(24).reshape(3, 8) * 0.3
    for f in (np.sort, np.median, lambda x: np.quantile(x, LEVELS)):
        np.testing.assert_allclose(dr.vmap(f)(x), [f(v) for v in x], rtol=1e-14)
        many = dr.vmap(dr.jacobian(f))(x)
        np.testing.assert_array_equal(many, [dr.jacobian(f)(v) for v in x])


def test_ties_share_equally(jac):
    np.testing.assert_array_equal(
        jac(np.sort, np.array([2.0, 1.0, 2.0])), [[0, 1, 0], [0.5, 0, 0.5], [0.5, 0, 0.5]]
    )
    np.testing.assert_array_equal(jac(np.median, np.array([1.0, 1.0, 3.0])), [0.5, 0.5, 0])
    np.testing.assert_array_equal(jac(np.median, np.array([3.0, 1.0, 1.0, 3.0])), np.full(4, 0.25))
    quartile = jac(lambda x: np.quantile(x, 0.25), np.array([5.0, 1.0, 1.0]))
    np.testing.assert_array_equal(quartile, [0, 0.5, 0.5])
    rows = jac(lambda x: np.sort(x, axis=0), np.array([[1.0, 2.0], [1.0, 0.0]]))
    np.testing.assert_array_equal(rows[:, 0, :, 0], np.full((2, 2), 0.5))
    np.testing.assert_array_equal(rows[:, 1, :, 1], [[0, 1], [1, 0]])


def test_second_order_flows_through(rng):
    x = rng.normal(size=5)
    w = rng.normal(size=5)
    H = dr.hessian(lambda x: np.sum(w * np.sort(x) ** 2))(x)
    np.testing.assert_allclose(H, np.diag(2 * w[np.argsort(np.argsort(x))]), rtol=1e-14)


def test_nan_and_empty():
    x = np.array([1.0, np.nan, 2.0])
    for f in (np.median, lambda x: np.quantile(x, 0.5)):
        assert np.isnan(dr.vjp(f, x)[0])
    assert dr.jacobian(np.sort)(np.zeros(0)).shape == (0, 0)


def test_what_is_not_supported():
    x = np.arange(3.0)
    with pytest.raises(dr.UnsupportedError, match="method"):
        dr.vjp(lambda x: np.quantile(x, 0.5, method="hazen"), x)
    with pytest.raises(dr.UnsupportedError, match="weights"):
        dr.vjp(lambda x: np.quantile(x, 0.5, method="inverted_cdf", weights=np.ones(3)), x)
    with pytest.raises(dr.UnsupportedError, match="traced q"):
        dr.vjp(lambda q: np.quantile(np.arange(3.0), q), 0.5)
    with pytest.raises(ValueError, match="range"):
        dr.vjp(lambda x: np.percentile(x, 101), x)
