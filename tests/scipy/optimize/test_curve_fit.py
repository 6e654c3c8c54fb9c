"""curve_fit: SciPy's own results with the exact Jacobian, and derivatives of parameters and covariance."""

import functools
import inspect

import numpy as np
import pytest
from scipy import optimize as original

import dualrev as dr
from dualrev.scipy import optimize

T = np.linspace(0.0, 1.0, 9)
RNG = np.random.default_rng(0)
Y = 2.0 * np.exp(-3.0 * T) + 0.05 * RNG.standard_normal(9)
SIGMA = RNG.uniform(0.5, 2.0, 9)
COVARIANCE = np.diag(SIGMA**2) + 0.1


def model(t, a, b):
    return a * np.exp(-b * t)


def model_jac(t, a, b):
    return np.stack([np.exp(-b * t), -a * t * np.exp(-b * t)], axis=1)


def refusal(solve, *args, **kwargs):
    """Return kind and words of the error that a call ends in."""
    try:
        solve(*args, **kwargs)
    except (ValueError, TypeError, RuntimeError) as error:
        return type(error), str(error)
    return None


class Counted:
    """Without a signature of its own SciPy cannot count the parameters, so it has the model's."""

    def __init__(self, f):
        self.f = f
        self.calls = 0
        self.__signature__ = inspect.signature(f)

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


OPTIONS = {
    "plain": {},
    "sigma": {"sigma": SIGMA},
    "one sigma": {"sigma": 0.3, "absolute_sigma": True},
    "absolute": {"sigma": SIGMA, "absolute_sigma": True},
    "matrix": {"sigma": COVARIANCE, "absolute_sigma": True},
    "trf": {"method": "trf", "x_scale": "jac"},
    "dogbox": {"method": "dogbox", "bounds": (0, 10)},
    "robust": {"method": "trf", "loss": "soft_l1", "f_scale": 0.05},
    "cauchy": {"method": "dogbox", "loss": "cauchy", "f_scale": 0.05, "sigma": SIGMA},
    "at a bound": {"bounds": ([0, 0], [5, 2.5])},
    "guess": {"p0": [1, 2]},
    "tolerances": {"ftol": 1e-12, "xtol": 1e-12, "maxfev": 500},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_is_scipys_with_the_jacobian_by_hand(name):
    f = Counted(model)
    own = optimize.curve_fit(f, T, Y, full_output=True, **OPTIONS[name])
    options = dict(OPTIONS[name])
    if np.ndim(options.get("sigma", Y)) == 0:  # SciPy fails on one with a Jacobian by hand
        options["sigma"] = np.full(9, options["sigma"])
    theirs = original.curve_fit(model, T, Y, jac=model_jac, full_output=True, **options)
    np.testing.assert_allclose(own[0], theirs[0], rtol=1e-12)
    np.testing.assert_allclose(own[1], theirs[1], rtol=1e-9, atol=1e-20)
    assert own[2]["nfev"] == theirs[2]["nfev"]
    assert own[2].keys() == theirs[2].keys()
    assert own[3:] == theirs[3:]
    assert f.calls <= own[2]["nfev"]
    short = optimize.curve_fit(model, T, Y, **OPTIONS[name])
    np.testing.assert_array_equal(short[0], own[0])


@pytest.mark.parametrize(
    ("x", "y"),
    [(list(T), list(Y)), (T.astype(np.float32), Y.astype(np.float32)), (tuple(T), tuple(Y))],
)
def test_every_kind_of_data(x, y):
    own = optimize.curve_fit(model, x, y)
    theirs = original.curve_fit(model, x, y, jac=model_jac)
    np.testing.assert_allclose(own[0], theirs[0], rtol=1e-12)


def test_data_of_other_shapes_and_kinds():
    grid = np.stack([T, T**2])
    plane = lambda x, a, b: a * x[0] + b * x[1]
    own = optimize.curve_fit(plane, grid, Y)
    np.testing.assert_allclose(own[0], np.linalg.lstsq(grid.T, Y)[0], rtol=1e-9)
    named = {"t": T}
    own = optimize.curve_fit(lambda x, a, b: model(x["t"], a, b), named, Y)
    np.testing.assert_allclose(own[0], optimize.curve_fit(model, T, Y)[0], rtol=1e-12)


def test_a_model_that_does_not_see_the_data():
    for f in (lambda t, a: a, lambda t, a: np.reshape(a, (1,))):
        own = optimize.curve_fit(f, T, Y)
        assert own[0][0] == pytest.approx(Y.mean(), rel=1e-12)
        assert own[1][0, 0] == pytest.approx(Y.var(ddof=1) / 9, rel=1e-9)


def test_parameters_are_counted_as_by_scipy():
    class Model:
        def fit(self, t, a, b=1.0):
            return model(t, a, b)

    assert optimize.curve_fit(Model().fit, T, Y)[0].shape == (2,)
    assert optimize.curve_fit(functools.partial(model, b=3.0), T, Y, p0=[1.0])[0].shape == (1,)
    assert optimize.curve_fit(lambda t, *p: model(t, *p), T, Y, p0=[1, 1])[0].shape == (2,)
    with pytest.raises(ValueError, match="Unable to determine number of fit parameters"):
        optimize.curve_fit(lambda t, *p: model(t, *p), T, Y)


@pytest.mark.parametrize("jac", ["2-point", "3-point", model_jac])
def test_jacobians_by_hand(jac):
    own = optimize.curve_fit(model, T, Y, jac=jac, method="trf")
    theirs = original.curve_fit(model, T, Y, jac=jac, method="trf")
    np.testing.assert_array_equal(own[0], theirs[0])
    np.testing.assert_array_equal(own[1], theirs[1])


def test_missing_data():
    x, y = T.copy(), Y.copy()
    x[1], y[4] = np.nan, np.nan
    kept = ~np.isnan(x + y)
    parts = [(None, None), (SIGMA, SIGMA[kept]), (COVARIANCE, COVARIANCE[kept][:, kept])]
    for sigma, part in parts:
        own = optimize.curve_fit(model, x, y, sigma=sigma, nan_policy="omit")
        theirs = original.curve_fit(model, x[kept], y[kept], jac=model_jac, sigma=part)
        np.testing.assert_allclose(own[0], theirs[0], rtol=1e-12)
        np.testing.assert_allclose(own[1], theirs[1], rtol=1e-9)
    by_y = dr.jacobian(
        lambda y: optimize.curve_fit(model, x, y, sigma=SIGMA, nan_policy="omit")[0]
    )(y)
    clean = dr.jacobian(lambda y: optimize.curve_fit(model, x[kept], y, sigma=SIGMA[kept])[0])(
        y[kept]
    )
    np.testing.assert_allclose(by_y[:, kept], clean, rtol=1e-12)
    assert not by_y[:, ~kept].any()


@pytest.mark.parametrize(
    "kwargs",
    [
        {"nan_policy": "raise"},
        {"nan_policy": "propagate"},
        {"nan_policy": "nonsense"},
        {},
        {"check_finite": True},
    ],
    ids=str,
)
def test_errors_about_missing_data_are_scipys(kwargs):
    y = np.where(np.arange(9) == 3, np.nan, Y)
    theirs = refusal(original.curve_fit, model, T, y, jac=model_jac, **kwargs)
    assert theirs is not None
    assert refusal(optimize.curve_fit, model, T, y, **kwargs) == theirs


@pytest.mark.parametrize(
    "kwargs",
    [
        {"sigma": np.ones(3)},
        {"sigma": -np.eye(9)},
        {"method": "lm", "bounds": (0, 1)},
        {"args": (1,)},
        {"p0": np.ones(12)},
        {"ydata": []},
        {"maxfev": 2},
        {"method": "trf", "max_nfev": 2},
        {"method": "nonsense"},
    ],
    ids=str,
)
def test_errors_are_scipys(kwargs):
    given = {"xdata": T, "ydata": Y, **kwargs}
    f, jac = model, model_jac
    if "p0" in kwargs:
        f = lambda t, *p: sum(c * t**k for k, c in enumerate(p))
        jac = lambda t, *p: np.stack([t**k for k in range(len(p))], 1)
    theirs = refusal(original.curve_fit, f, jac=jac, **given)
    assert theirs is not None
    assert refusal(optimize.curve_fit, f, **given) == theirs


def test_covariance_that_cannot_be_estimated():
    for solve in (optimize.curve_fit, original.curve_fit):
        with pytest.warns(original.OptimizeWarning, match="could not be estimated"):
            popt, pcov = solve(model, T[:2], Y[:2])
        assert np.isinf(pcov).all()
    with pytest.warns(original.OptimizeWarning):
        J = dr.jacobian(lambda y: optimize.curve_fit(model, T[:2], y)[0])(Y[:2])
    np.testing.assert_allclose(J, np.linalg.inv(model_jac(T[:2], *popt)), rtol=1e-10)


def test_a_model_that_cannot_be_differentiated():
    with pytest.raises(dr.EscapeError, match="2-point"):
        optimize.curve_fit(lambda t, a: float(a) * t, T, Y)


# -- derivatives --------------------------------------------------------------------------------------------------


def tight(y, name):
    """Parameters and covariance with SciPy's tolerances at their smallest, from near by."""
    options = {**OPTIONS[name], "ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    options["sigma"] = (
        np.broadcast_to(options["sigma"], (9,)) if name == "one sigma" else options.get("sigma")
    )
    start = optimize.curve_fit(model, T, Y, **OPTIONS[name])[0] * 0.9999
    popt, _ = original.curve_fit(model, T, y, jac=model_jac, **{**options, "p0": start})
    # Gauss-Newton comes to rest at a distance: twice from where it stopped.
    return original.curve_fit(model, T, y, jac=model_jac, **{**options, "p0": popt})


@pytest.mark.parametrize("name", OPTIONS)
def test_derivatives_against_differences(name):
    solve = lambda y: optimize.curve_fit(model, T, y, **OPTIONS[name])
    by_popt, by_pcov = dr.jacobian(solve)(Y)
    again = dr.jacobian(solve, mode="reverse")(Y)
    np.testing.assert_allclose(again[0], by_popt, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(again[1], by_pcov, rtol=1e-8, atol=1e-12)
    h = 1e-3
    runs = [[tight(Y + s * h * e, name) for s in (1, -1, 2, -2)] for e in np.eye(9)]
    for k, J in enumerate((by_popt, by_pcov)):
        expected = np.stack(
            [(8 * (p[k] - m[k]) - pp[k] + mm[k]) / (12 * h) for p, m, pp, mm in runs], axis=-1
        )
        np.testing.assert_allclose(J, expected, rtol=1e-4, atol=2e-5 * (1 + abs(expected).max()))
    value = dr.jvp(solve, (Y,), (Y,))[0]
    np.testing.assert_allclose(value[0], solve(Y)[0], rtol=1e-15)
    np.testing.assert_allclose(value[1], solve(Y)[1], rtol=1e-15)


def test_a_linear_model_has_the_textbook_derivatives():
    line = lambda t, a, b: a + b * t
    A = np.stack([np.ones(9), T], 1)
    N = np.linalg.inv(A.T @ A)
    popt, pcov = dr.jacobian(lambda y: optimize.curve_fit(line, T, y))(Y)
    np.testing.assert_allclose(popt, N @ A.T, rtol=1e-10, atol=1e-12)
    r = Y - A @ (N @ A.T @ Y)
    np.testing.assert_allclose(pcov, N[:, :, None] * 2 * r / 7, rtol=1e-9, atol=1e-12)
    W = np.diag(SIGMA**-2)
    M = np.linalg.inv(A.T @ W @ A)
    p = M @ A.T @ W @ Y
    by_sigma = dr.jacobian(lambda s: optimize.curve_fit(line, T, Y, sigma=s)[0])(SIGMA)
    expected = M @ A.T @ np.diag(-2 * SIGMA**-3 * (Y - A @ p))
    np.testing.assert_allclose(by_sigma, expected, rtol=1e-8, atol=1e-10)
    C = np.diag(SIGMA**2)
    by_matrix = dr.jacobian(lambda C: optimize.curve_fit(line, T, Y, sigma=C)[0])(C)
    along = np.einsum("pij,ij->p", by_matrix, np.diag(2 * SIGMA))
    np.testing.assert_allclose(along, by_sigma.sum(axis=1), rtol=1e-7, atol=1e-9)


def test_derivatives_by_the_abscissae_and_by_a_closure():
    solve = lambda x: optimize.curve_fit(model, x, Y)[0]
    h = 1e-4
    refit = lambda x: optimize.curve_fit(model, x, Y, ftol=1e-15, xtol=1e-15)[0]
    expected = np.stack([(refit(T + h * e) - refit(T - h * e)) / (2 * h) for e in np.eye(9)], -1)
    np.testing.assert_allclose(dr.jacobian(solve)(T), expected, rtol=1e-4, atol=1e-4)
    # A model with the offset c closes over it: moving c down moves the data up.
    by_c = dr.jacobian(lambda c: optimize.curve_fit(lambda t, a, b: model(t, a, b) + c, T, Y)[0])(
        0.0
    )
    by_y = dr.jacobian(lambda y: optimize.curve_fit(model, T, y)[0])(Y)
    np.testing.assert_allclose(by_c, -by_y.sum(axis=1), rtol=1e-9)
    scaled = dr.jacobian(
        lambda s: optimize.curve_fit(lambda t, a, b: model(t, a, s * b), T, Y)[0][1]
    )(1.0)
    assert scaled == pytest.approx(-optimize.curve_fit(model, T, Y)[0][1], rel=1e-6)


def test_bounds_have_derivatives():
    solve = lambda b: optimize.curve_fit(model, T, Y, bounds=([0, 0], [5, b]))[0]
    slope = dr.jacobian(solve)(2.5)
    assert slope[1] == 1.0
    h = 1e-4
    assert slope[0] == pytest.approx((solve(2.5 + h)[0] - solve(2.5 - h)[0]) / (2 * h), rel=1e-6)


def test_residuals_have_derivatives():
    info = lambda y: optimize.curve_fit(model, T, y, full_output=True)[2]["fvec"]
    popt = optimize.curve_fit(model, T, Y)[0]
    by_popt = dr.jacobian(lambda y: optimize.curve_fit(model, T, y)[0])(Y)
    np.testing.assert_allclose(
        dr.jacobian(info)(Y), model_jac(T, *popt) @ by_popt - np.eye(9), rtol=1e-7, atol=1e-9
    )


def test_second_derivatives():
    slope = lambda y: optimize.curve_fit(model, T, y)[0][1]
    H = dr.hessian(slope)(Y)
    h = 1e-4
    g = dr.grad(slope)
    expected = np.stack([(g(Y + h * e) - g(Y - h * e)) / (2 * h) for e in np.eye(9)], -1)
    np.testing.assert_allclose(H, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("solve", "words"),
    [
        (
            lambda y: optimize.curve_fit(lambda t, a, b: (a + b) * t, T, y, method="trf")[0],
            "singular",
        ),
        (
            lambda y: optimize.curve_fit(
                lambda t, a: a + 0 * t, T, y - np.mean(y) + 1, bounds=(1, 5)
            )[0],
            "weakly active",
        ),
    ],
)
def test_ill_posed(solve, words):
    with pytest.raises(dr.SolutionError, match=words):
        dr.jacobian(solve)(Y)


def test_lanes_are_refused():
    with pytest.raises(dr.UnsupportedError, match="curve_fit inside vmap"):
        dr.vmap(lambda y: optimize.curve_fit(model, T, y)[0])(np.stack([Y, Y]))


def test_signature():
    own, theirs = (inspect.signature(m.curve_fit).parameters for m in (optimize, original))
    assert [(p.name, p.kind) for p in own.values()] == [(p.name, p.kind) for p in theirs.values()]
    assert [p.default for p in own.values()] == [p.default for p in theirs.values()]
