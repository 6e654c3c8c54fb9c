"""Means, variances, averages, covariances: options, degenerate samples, NumPy's errors."""

import itertools

import numpy as np
import pytest

import dualrev as dr
from tests.rules.equivalence import as_plain

W = np.array([[True, False], [True, True], [True, True]])
ABOUT = np.full((1, 2), 0.3)
FUNCTIONS = {
    **{
        f"{f.__name__}, axis={axis}, keepdims={keep}": (
            lambda x, f=f, axis=axis, keep=keep: f(x, axis=axis, keepdims=keep)
        )
        for f in (np.mean, np.var, np.std)
        for axis in (None, 0, -1, (0, 1))
        for keep in (False, True)
    },
    "methods": lambda x: x.mean(0) + x.var(0) + x.std(0),
    "mean where": lambda x: np.mean(x, axis=0, where=W),
    "var where": lambda x: np.var(x, where=W, ddof=1),
    "std where": lambda x: np.std(x, axis=0, where=W),
    "var ddof": lambda x: np.var(x, axis=0, ddof=1),
    "std correction": lambda x: np.std(x, axis=0, correction=0.5),
    "var about a mean": lambda x: np.var(x, axis=0, mean=ABOUT),
    "std about a mean": lambda x: np.std(x, axis=0, mean=ABOUT),
    "var about its mean": lambda x: np.var(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)),
    "average": lambda x: np.average(x, axis=1),
    "average, weighted": lambda x: np.average(x, axis=0, weights=[1.0, 2.0, 3.0]),
    "average of all, weighted by itself": lambda x: np.average(x, weights=x * x),
    "average over both": lambda x: np.average(x, axis=(1, 0), weights=x.T * x.T),
    "average and weights": lambda x: np.stack(
        np.average(x[:, 0], weights=x[:, 1] ** 2, returned=True)
    ),
    "average and count": lambda x: np.stack(np.average(x, axis=0, returned=True)),
    "ptp": lambda x: np.ptp(x, axis=0),
    "cov": np.cov,
    "cov, columns": lambda x: np.cov(x, rowvar=False, bias=True),
    "cov of two": lambda x: np.cov(x[:, 0], x[:, 1]),
    "cov of one": lambda x: np.cov(x[:, 0]),
    "cov, weighted": lambda x: np.cov(x.T, fweights=[1, 2, 1], aweights=x[:, 0] ** 2),
    "corrcoef": lambda x: np.corrcoef(x.T),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_differences(name, rng, jac, central):
    f = FUNCTIONS[name]
    x = rng.normal(size=(3, 2))
    np.testing.assert_allclose(dr.vjp(f, x)[0], f(x), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lanes(name, rng):
    f = FUNCTIONS[name]
    x = rng.normal(size=(3, 3, 2))
    loop = np.stack([f(v) for v in x])
    np.testing.assert_allclose(dr.vmap(f)(x), loop, rtol=1e-12, atol=1e-13)


DTYPES = (np.float64, np.float32, complex, np.complex64)


def data(rng, dtype):
    x = rng.normal(size=(3, 5))
    return (x + 1j * rng.normal(size=(3, 5)) if np.dtype(dtype).kind == "c" else x).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_options_as_plain(dtype, rng):
    """Means, variances and averages: value, dtype and warnings, whatever is asked for."""
    x, chosen = data(rng, dtype), rng.uniform(size=(3, 5)) > 0.3
    chosen[:, 1] = False
    wide = np.float64 if np.dtype(dtype).kind == "f" else complex
    for axis, keepdims in itertools.product((None, 0, 1, (0, 1)), (False, True)):
        shape = {"axis": axis, "keepdims": keepdims}
        for f in (np.mean, np.var, np.std):
            more = [{}, {"where": chosen}, {"dtype": wide}]
            if f is not np.mean:
                mean = np.mean(x, axis=axis, keepdims=True)
                more += [{"ddof": 1}, {"ddof": 3, "where": chosen}, {"mean": mean}]
            for options in more:
                as_plain(lambda x, f=f, o=shape | options: f(x, **o), x)
        as_plain(lambda x, o=shape: np.average(x, returned=True, **o), x)
        w = np.abs(x)
        as_plain(lambda x, o=shape, w=w: np.average(x, weights=w, returned=True, **o), x)
        as_plain(lambda w, o=shape: np.average(x, weights=w, returned=True, **o), w)
        as_plain(lambda w, o=shape: np.average(x.real, weights=w, **o), w.astype(np.float64))


@pytest.mark.parametrize("dtype", DTYPES)
def test_covariances_as_plain(dtype, rng):
    x, narrow = data(rng, dtype), np.float32 if np.dtype(dtype).kind == "f" else np.complex64
    for rowvar, bias, ddof in itertools.product((True, False), (True, False), (None, 0, 2)):
        options = {"rowvar": rowvar, "bias": bias, "ddof": ddof}
        counts = np.arange(1, x.shape[rowvar] + 1)
        for more in (
            {},
            {"y": x[::-1, ::-1]},
            {"fweights": counts},
            {"aweights": counts / 3},
            {"fweights": counts, "aweights": counts / 3},
        ):
            as_plain(lambda x, o=options | more: np.cov(x, **o), x)
        as_plain(lambda x, r=rowvar: np.corrcoef(x, x[::-1] * 1, r), x)
    for f in (np.cov, np.corrcoef):
        as_plain(lambda x, f=f: f(x, dtype=narrow), x)
        as_plain(lambda x, f=f: f(x[0], x[1]), x)
        as_plain(lambda x, f=f: f(x[:, :1], x[:, 1], rowvar=False), x)
        as_plain(lambda x, f=f: f(x[0]), x)
    as_plain(lambda x: np.cov(x[:0]), x)
    as_plain(lambda x: np.cov(x, ddof=5), x)


@pytest.mark.parametrize(
    "options",
    [
        {"fweights": [1.5] * 5},
        {"fweights": [1] * 4},
        {"fweights": [-1] * 5},
        {"fweights": np.ones((5, 1))},
        {"aweights": [1.0] * 4},
        {"aweights": [-1.0] * 5},
        {"aweights": np.ones((5, 1))},
        {"ddof": 1.5},
        {"y": np.ones((1, 1, 5))},
    ],
    ids=str,
)
def test_bad_weights_as_numpy(options):
    as_plain(lambda x: np.cov(x, **options), np.ones((3, 5)))


def test_correlation_of_complex_data_is_clipped():
    """Perfect correlation is at most 1 in each part, as NumPy clips it."""
    x = np.array([0.1, 0.7, 0.2]) * (3 + 4j)
    as_plain(lambda x: np.corrcoef(np.stack([x, x * 1j])), x)


def test_no_spread_has_no_slope(jac):
    for f in (np.std, lambda x: np.std(x, where=np.array([True, True, False]))):
        np.testing.assert_array_equal(jac(f, np.full(3, 2.0)), np.zeros(3))
    np.testing.assert_array_equal(dr.hessian(np.std)(np.full(2, 2.0)), np.zeros((2, 2)))
    np.testing.assert_allclose(dr.hessian(np.var)(np.full(2, 2.0)), [[0.5, -0.5], [-0.5, 0.5]])


def test_closed_forms(rng):
    x = rng.normal(size=5)
    d = x - x.mean()
    np.testing.assert_allclose(dr.grad(np.var)(x), 2 * d / 5, rtol=1e-12)
    np.testing.assert_allclose(dr.grad(lambda x: np.std(x, ddof=1))(x), d / 4 / x.std(ddof=1))
    np.testing.assert_allclose(dr.hessian(np.var)(x), 2 * (np.eye(5) - 0.2) / 5, rtol=1e-12)


def test_ties_of_the_range(jac):
    J = jac(np.ptp, np.array([1.0, 1.0, 3.0, 3.0]))
    np.testing.assert_array_equal(J, [-0.5, -0.5, 0.5, 0.5])


def test_without_a_degree_of_freedom_as_numpy():
    with np.errstate(invalid="ignore"):
        with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
            y, pullback = dr.vjp(lambda x: np.var(x, ddof=1), np.ones(1))
        assert np.isnan(y)
        assert np.isnan(pullback(1.0)[0]).all()
        with pytest.warns(RuntimeWarning, match="empty"):
            gradient = dr.grad(lambda x: np.mean(x[:0]))(np.ones(2))
        np.testing.assert_array_equal(gradient, [0, 0])


def test_single_precision(rng):
    x = rng.normal(size=4).astype(np.float32)
    for f in (np.mean, np.var, np.std, np.ptp, np.average):
        y, pullback = dr.vjp(f, x)
        assert y.dtype == np.float32
        assert pullback(np.float32(1))[0].dtype == np.float32
    assert dr.vjp(lambda x: np.mean(x, dtype=np.float64), x)[0].dtype == np.float64


def test_numpys_errors():
    x = np.ones((2, 3))
    with pytest.raises(TypeError, match="Axis must be specified"):
        dr.vjp(lambda x: np.average(x, weights=np.ones(2)), x)
    with pytest.raises(ValueError, match="Shape of weights"):
        dr.vjp(lambda x: np.average(x, axis=0, weights=np.ones(3)), x)
    with pytest.raises(ZeroDivisionError):
        dr.vjp(lambda x: np.average(x, axis=0, weights=np.zeros(2)), x)
    with pytest.raises(ValueError, match="simultaneously"):
        dr.vjp(lambda x: np.var(x, ddof=1, correction=1), x)
    with pytest.raises(ValueError, match="2 dimensions"):
        dr.vjp(np.cov, np.ones((2, 2, 2)))
    with pytest.raises(dr.EscapeError, match=r"np\.mean"):
        dr.vjp(lambda x: np.mean(x, out=np.zeros(())), x)
