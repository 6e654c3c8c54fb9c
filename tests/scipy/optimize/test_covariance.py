"""Covariance of fitted parameters: closed forms, NIST's certified deviations, and messages that name the culprit."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import OptimizeResult

import dualrev as dr
from dualrev.errors import FlatDirectionError
from dualrev.scipy import optimize
from dualrev.scipy.optimize.covariance import covariance, standard_errors
from dualrev.scipy.optimize.parameters import remember
from tests.problems.collection import column
from tests.problems.nist import REGRESSIONS

RNG = np.random.default_rng(7)
A = RNG.normal(size=(30, 4))
Y = A @ np.array([1.0, -2.0, 0.5, 3.0]) + RNG.normal(size=30)
BEST = np.linalg.lstsq(A, Y)[0]
S2 = np.sum((A @ BEST - Y) ** 2) / 26
INVERSE = np.linalg.inv(A.T @ A)


def linear(b):
    return A @ b - Y


# -- closed forms ---------------------------------------------------------------------------------


def test_linear_regression_has_the_textbook_covariance():
    np.testing.assert_allclose(covariance(linear, BEST), S2 * INVERSE, rtol=1e-12)
    np.testing.assert_allclose(standard_errors(linear, BEST), np.sqrt(np.diag(S2 * INVERSE)))


def test_known_standard_deviations_of_the_observations_replace_the_estimate():
    np.testing.assert_allclose(covariance(linear, BEST, absolute_sigma=True), INVERSE, rtol=1e-12)
    np.testing.assert_allclose(
        covariance(linear, BEST, "hessian", absolute_sigma=True), INVERSE, rtol=1e-12
    )


def test_the_full_hessian_of_residuals_differs_by_their_curvature():
    def residuals(x):
        return np.stack([x[0] ** 2 - 1.5, x[0] - 0.5])

    # Half the sum of squares has the second derivative 2x² + 1 + 2(x² − 1.5); Gauss and Newton keep 4x² + 1.
    x = 1.0
    for kind, h in (("gauss-newton", 5.0), ("hessian", 6.0 + 1.0 - 3.0)):
        cov = covariance(residuals, [x], kind)
        np.testing.assert_allclose(cov, [[(0.25 + 0.25) / h]], rtol=1e-14)


def test_the_inverse_hessian_of_a_likelihood():
    data = RNG.normal(3.0, 2.0, 50)

    def nll(p):
        return np.sum((data - p[0]) ** 2) / (2 * p[1] ** 2) + data.size * np.log(p[1])

    best = np.array([np.mean(data), np.std(data)])
    expected = np.diag([best[1] ** 2 / 50, best[1] ** 2 / 100])
    np.testing.assert_allclose(covariance(nll, best), expected, rtol=1e-10, atol=1e-15)


def test_the_sandwich_is_the_textbook_one_for_linear_regression():
    # White 1980, HC0.
    r = linear(BEST)
    expected = INVERSE @ (A.T * r**2) @ A @ INVERSE
    found = covariance(lambda b: 0.5 * linear(b) ** 2, BEST, "sandwich")
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    of_result = remember(OptimizeResult(x=BEST), linear, residuals=True)
    np.testing.assert_allclose(covariance(of_result, kind="sandwich"), expected, rtol=1e-11)


def test_the_sandwich_of_a_poisson_model():
    t = np.linspace(0, 2, 40)
    counts = np.random.default_rng(3).poisson(np.exp(0.3 + 0.8 * t))
    b = np.array([0.3, 0.8])

    def contributions(b):
        return np.exp(b[0] + b[1] * t) - counts * (b[0] + b[1] * t)

    design = np.stack([np.ones_like(t), t], axis=1)
    mean = np.exp(design @ b)
    bread = np.linalg.inv((design.T * mean) @ design)
    expected = bread @ (design.T * (mean - counts) ** 2) @ design @ bread
    np.testing.assert_allclose(covariance(contributions, b, "sandwich"), expected, rtol=1e-11)


# -- digits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", REGRESSIONS, ids=lambda p: p.name)
def test_certified_standard_deviations_at_the_certified_parameters(problem):
    errors = standard_errors(problem.residuals, problem.parameters)
    np.testing.assert_allclose(errors, problem.deviations, rtol=1e-9)


def test_ill_conditioned_polynomials_keep_their_digits():
    # The product JᵀJ of this matrix has a condition number of 1e20: nothing would be left.
    from fractions import Fraction

    n = 12
    t = np.arange(1, 41) / 40
    design = t[:, None] ** np.arange(n)
    exact = [[Fraction(float(v)) for v in row] for row in design]
    gram = [[sum(r[i] * r[j] for r in exact) for j in range(n)] for i in range(n)]
    first = _solve_exactly(gram, [Fraction(int(i == 0)) for i in range(n)])
    cov = covariance(lambda b: design @ b, np.zeros(n), absolute_sigma=True)
    assert np.linalg.cond(design.T @ design) > 1e16
    np.testing.assert_allclose(cov[0], [float(v) for v in first], rtol=1e-6)


def _solve_exactly(a, b):
    n = len(b)
    rows = [[*row, rhs] for row, rhs in zip(a, b, strict=True)]
    for k in range(n):
        pivot = rows[k][k]
        rows[k] = [v / pivot for v in rows[k]]
        for i in range(n):
            if i != k:
                factor = rows[i][k]
                rows[i] = [v - factor * w for v, w in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def test_scales_that_differ_by_twenty_powers_of_ten():
    scales = np.array([1e-10, 1.0, 1e10])
    h = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 3.0]])
    inverse = np.linalg.inv(h)

    def cost(x):
        u = x / scales
        return 0.5 * u @ h @ u

    found = covariance(cost, scales) / np.outer(scales, scales)
    np.testing.assert_allclose(found, inverse, rtol=1e-12, atol=1e-15)
    root = np.linalg.cholesky(h).T
    found = covariance(lambda x: root @ (x / scales), scales, absolute_sigma=True)
    found = found / np.outer(scales, scales)
    np.testing.assert_allclose(found, inverse, rtol=1e-12, atol=1e-15)


def test_a_logistic_regression_has_the_standard_errors_of_r():
    # R's data set mtcars (Henderson & Velleman 1981): summary(glm(am ~ wt, binomial, mtcars)).
    weight = column("""
        2.620 2.875 2.320 3.215 3.440 3.460 3.570 3.190 3.150 3.440 3.440 4.070 3.730 3.780 5.250 5.424
        5.345 2.200 1.615 1.835 2.465 3.520 3.435 3.840 3.845 1.935 2.140 1.513 3.170 2.770 3.570 2.780
    """)
    manual = np.array([1] * 3 + [0] * 14 + [1] * 3 + [0] * 5 + [1] * 7)

    def nll(b):
        eta = b["intercept"] + b["wt"] * weight
        return np.sum(np.logaddexp(0, eta) - manual * eta)

    fit = optimize.minimize(nll, {"intercept": 0.0, "wt": 0.0}, method="trust-exact")
    errors = optimize.standard_errors(fit)
    assert [round(fit.x["intercept"], 3), round(fit.x["wt"], 3)] == [12.040, -4.024]
    # R takes the curvature one step before the last.
    assert [errors["intercept"], errors["wt"]] == pytest.approx([4.510, 1.436], rel=1e-3)


# -- containers, args, results --------------------------------------------------------------------


@dataclasses.dataclass
class Decay:
    rate: float
    weights: np.ndarray


def test_containers_are_taken_apart_and_put_together():
    def cost(p):
        return 2 * p.rate**2 + 0.5 * np.sum(np.array([1.0, 4.0]) * p.weights**2)

    p = Decay(0.0, np.zeros(2))
    np.testing.assert_allclose(covariance(cost, p), np.diag([0.25, 1.0, 0.25]))
    errors = standard_errors(cost, p)
    assert type(errors) is Decay
    np.testing.assert_allclose(errors.rate, 0.5)
    np.testing.assert_allclose(errors.weights, [1.0, 0.5])


def test_matrices_are_in_c_order():
    scale = np.array([[1.0, 2.0], [3.0, 4.0]])
    cov = covariance(lambda x: 0.5 * np.sum((x / scale) ** 2), np.zeros((2, 2)))
    np.testing.assert_allclose(cov, np.diag([1.0, 4.0, 9.0, 16.0]))


def test_extra_arguments():
    cov = covariance(lambda b, a, y: a @ b - y, BEST, args=(A, Y))
    np.testing.assert_allclose(cov, S2 * INVERSE, rtol=1e-12)
    assert covariance(lambda x, k: k * x[0] ** 2, [0.0], args=2.0) == 0.25


@pytest.mark.parametrize("x", [[1, 2], np.array([1, 2]), np.float32([1, 2]), np.array([[1], [2]])])
def test_every_form_of_a_vector(x):
    cov = covariance(lambda x: np.sum((x - np.array([1.0, 2.0])) ** 2), x)
    assert cov.dtype == np.float64
    np.testing.assert_allclose(cov, np.eye(2) / 2)


def test_a_function_that_writes_into_its_argument_changes_nothing():
    def cost(x):
        x[0] = x[0] * 2
        return np.sum(x**2)

    x = np.array([1.0, 1.0])
    np.testing.assert_allclose(covariance(cost, x), np.diag([1 / 8, 1 / 2]))
    np.testing.assert_array_equal(x, [1.0, 1.0])


def test_a_result_carries_its_function_and_shows_none_of_it():
    result = OptimizeResult(x=BEST, fun=0.0)
    before = repr(result)
    assert remember(result, linear, residuals=True) is result
    assert set(result) == {"x", "fun"}
    assert repr(result) == before
    np.testing.assert_allclose(covariance(result), S2 * INVERSE, rtol=1e-12)


@pytest.mark.parametrize("copied", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy])
def test_a_pickled_result_has_lost_its_function_and_says_so(copied):
    result = copied(remember(OptimizeResult(x=BEST), lambda b: linear(b), residuals=True))
    np.testing.assert_array_equal(result.x, BEST)
    with pytest.raises(dr.InputError, match="does not hold the function"):
        covariance(result)


def test_a_result_of_scipy_itself_needs_the_function():
    with pytest.raises(dr.InputError, match="Pass the function and x"):
        covariance(OptimizeResult(x=BEST))


# -- results of the solvers -----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_after_least_squares(method):
    fit = optimize.least_squares(linear, np.zeros(4), method=method)
    np.testing.assert_allclose(optimize.covariance(fit), S2 * INVERSE, rtol=1e-9)
    np.testing.assert_allclose(
        optimize.standard_errors(fit, absolute_sigma=True), np.sqrt(np.diag(INVERSE))
    )


def quartic(p, weight=1.0):
    return weight * (np.sum((p["a"] - 1) ** 2) + p["b"] ** 2 + p["b"] ** 4 + p["a"][0] * p["b"])


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "trust-exact", "Nelder-Mead", "SLSQP"])
def test_after_minimize(method):
    start = {"a": np.zeros(2), "b": 0.5}
    fit = optimize.minimize(quartic, start, args=(2.0,), method=method, tol=1e-9)
    found = optimize.covariance(fit)
    h = dr.hessian(lambda v: quartic({"a": v[:2], "b": v[2]}, 2.0))(
        np.array([*fit.x["a"], fit.x["b"]])
    )
    np.testing.assert_allclose(found, np.linalg.inv(h), rtol=1e-9, atol=1e-15)
    errors = optimize.standard_errors(fit)
    np.testing.assert_allclose([*errors["a"], errors["b"]], np.sqrt(np.diag(found)))
    # Of a quasi-Newton method this is better than its own.
    if method == "BFGS":
        assert not np.allclose(fit.hess_inv, found, rtol=1e-3)


def test_after_minimize_with_a_gradient_by_hand():
    def pair(x, k):
        return np.sum(k * (x - 1) ** 2), 2 * k * (x - 1)

    fit = optimize.minimize(pair, [0.0, 0.0], args=(3.0,), jac=True)
    np.testing.assert_allclose(optimize.covariance(fit), np.eye(2) / 6)


def test_a_bound_that_is_active_is_no_minimum():
    bounds = [(None, 0.5), (None, None)]
    fit = optimize.minimize(lambda x: np.sum((x - 1) ** 2), [0.0, 0.0], bounds=bounds)
    with pytest.raises(dr.SolutionError, match=r"would move x\[0\].*a bound"):
        optimize.covariance(fit)
    fit = optimize.least_squares(linear, np.zeros(4), bounds=(-1.0, np.inf))
    with pytest.raises(dr.SolutionError, match="a bound"):
        optimize.covariance(fit)


def test_a_solver_that_stopped_early():
    fit = optimize.least_squares(linear, np.zeros(4), max_nfev=1)
    with pytest.raises(dr.SolutionError, match="stopped too early"):
        optimize.covariance(fit)


def test_a_robust_loss_is_no_sum_of_squares():
    fit = optimize.least_squares(linear, np.zeros(4), loss="soft_l1")
    with pytest.raises(dr.InputError, match="robust loss"):
        optimize.covariance(fit)


def test_a_covariance_after_a_solve_can_be_differentiated(central):
    def spread(s):
        fit = optimize.minimize(lambda x: s * x[0] ** 2 + (x[0] - s) ** 4, [1.0], tol=1e-12)
        return optimize.covariance(fit)[0, 0]

    np.testing.assert_allclose(dr.grad(spread)(2.0), central(spread, 2.0), rtol=1e-7)


# -- traced values --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["hessian", "gauss-newton"])
def test_a_covariance_can_be_differentiated(kind, central):
    def trace(p):
        def residuals(x):
            return np.stack([p[0] * x[0] - 1, np.sin(p[1] * x[1]) - x[0], x[0] * x[1], x[1] - 1])

        return np.trace(covariance(residuals, np.array([0.8, 0.4]) * p, kind))

    p = np.array([1.1, 0.9])
    np.testing.assert_allclose(dr.grad(trace)(p), central(trace, p), rtol=1e-9)


# -- refusals -------------------------------------------------------------------------------------


def test_a_flat_direction_is_named_by_path():
    def cost(p):
        return (p["amplitude"] - 2 * p["offset"][1]) ** 2 + p["offset"][0] ** 2

    with pytest.raises(FlatDirectionError) as caught:
        covariance(cost, {"amplitude": 1.0, "offset": np.zeros(2)})
    message = str(caught.value)
    assert "+0.894 x['amplitude'] +0.447 x['offset'][1]" in message
    assert "x['offset'][0]" not in message
    assert abs(caught.value.eigenvalue) < 1e-15
    np.testing.assert_allclose(caught.value.direction, np.array([2, 0, 1]) / np.sqrt(5), atol=1e-12)


def test_a_saddle_falls():
    with pytest.raises(dr.SolutionError, match=r"along \+1 x\[1\]") as caught:
        covariance(lambda x: x[0] ** 2 - 0.1 * x[1] ** 2, [0.0, 0.0])
    assert caught.value.eigenvalue == pytest.approx(-1)


def test_a_sum_of_two_parameters_is_not_determined_by_least_squares():
    t = np.arange(6.0)
    with pytest.raises(dr.SolutionError, match=r"not positive definite.*x\[0\].*x\[2\]"):
        covariance(lambda b: (b[0] + b[2]) + b[1] * t - t**2, np.ones(3))


def test_a_parameter_that_has_no_effect_is_named():
    with pytest.raises(dr.SolutionError, match=r"along \+1 x\[1\]"):
        covariance(lambda b: b[0] * np.arange(5.0) - 1 + 0 * b[1], np.ones(2))
    with pytest.raises(dr.SolutionError, match=r"along \+1 x\[1\]"):
        covariance(lambda b: b[0] ** 2 + 0 * b[1], np.ones(2))


def test_fewer_residuals_than_parameters():
    with pytest.raises(dr.SolutionError, match="not positive definite"):
        covariance(
            lambda b: np.stack([b[0] + b[1]]), np.ones(2), "gauss-newton", absolute_sigma=True
        )
    with pytest.raises(dr.InputError, match="no degree of freedom"):
        covariance(lambda b: b, np.ones(3))


def test_a_derivative_that_is_not_finite_names_its_parameter():
    def cost(x):
        return x[0] ** 2 + np.sqrt(x[1])

    with (
        np.errstate(all="ignore"),
        pytest.raises(dr.SolutionError, match=r"not finite.*x\[1\]"),
    ):
        covariance(cost, [1.0, 0.0])


def test_a_result_that_is_no_minimum():
    result = remember(OptimizeResult(x=BEST + 0.5), linear, residuals=True)
    with pytest.raises(dr.SolutionError, match=r"Newton step .* of its standard errors"):
        covariance(result)
    # Asked for with function and point it is given.
    np.testing.assert_allclose(covariance(linear, BEST + 0.5, absolute_sigma=True), INVERSE)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: covariance(linear, BEST, "fisher"), ValueError, "kind= is one of hessian"),
        (lambda: covariance(linear), TypeError, "x is missing"),
        (lambda: covariance(3.0, BEST), TypeError, "neither a function nor a result"),
        (lambda: covariance(OptimizeResult(x=BEST), BEST), TypeError, "holds its own x"),
        (lambda: covariance(lambda x: None, BEST), dr.OutputError, "lack a return statement"),
        (lambda: covariance(linear, []), dr.InputError, "no parameters"),
        (lambda: covariance(lambda x: x[0] ** 2, [1.0], "sandwich"), dr.OutputError, "per observ"),
        (lambda: covariance(lambda x: x * 1j, [1.0, 2.0]), dr.OutputError, "real numbers"),
        (lambda: covariance(linear, BEST * 1j), dr.InputError, "complex"),
    ],
)
def test_bad_input(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_simulation_agrees_with_the_estimate():
    t = np.linspace(0, 4, 30)
    rng = np.random.default_rng(5)
    best = np.array([2.0, 0.7])

    def model(b):
        return b[0] * np.exp(-b[1] * t)

    errors = standard_errors(lambda b: (model(b) - model(best)) / 0.02, best, absolute_sigma=True)
    fits = []
    for _ in range(200):
        y = model(best) + rng.normal(0, 0.02, 30)
        b = best
        for _ in range(4):
            b = b - np.linalg.lstsq(dr.jacobian(model)(b), model(b) - y)[0]
        fits.append(b)
    ratio = np.var(fits, axis=0, ddof=1) / errors**2
    low, high = stats.chi2(199).ppf([0.0005, 0.9995]) / 199
    assert np.all((ratio > low) & (ratio < high))
