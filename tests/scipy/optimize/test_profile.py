"""Profile likelihood: closed forms, published intervals, and profiles that never reach the level."""

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.optimize import OptimizeResult

import dualrev as dr
from dualrev.scipy.optimize.covariance import standard_errors
from dualrev.scipy.optimize.parameters import remember
from dualrev.scipy.optimize.profile import profile
from tests.problems import nist

RNG = np.random.default_rng(11)
A = RNG.normal(size=(20, 3))
Y = A @ np.array([1.0, 2.0, 3.0]) + RNG.normal(size=20)
BEST = np.linalg.lstsq(A, Y)[0]


def linear(b):
    return A @ b - Y


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("k", range(3))
def test_linear_regression_has_the_t_interval(k, level):
    p = profile(linear, BEST, k, level=level)
    error = standard_errors(linear, BEST)[k]
    q = stats.t(17).ppf(0.5 + level / 2)
    np.testing.assert_allclose(p.interval, BEST[k] + np.array([-q, q]) * error, rtol=1e-10)
    np.testing.assert_allclose(p.tau, (p.values - BEST[k]) / error, atol=1e-10)
    assert p.level == level
    assert p.name == f"x[{k}]"


def test_known_standard_deviations_give_the_normal_interval():
    p = profile(linear, BEST, 0, absolute_sigma=True)
    error = standard_errors(linear, BEST, absolute_sigma=True)[0]
    np.testing.assert_allclose(
        p.interval, BEST[0] + stats.norm.ppf([0.025, 0.975]) * error, rtol=1e-10
    )


def test_the_interval_of_an_exponential_rate():
    # 20 λ − 10 log λ rises by half the quantile of χ² at the ends.
    p = profile(lambda x: 20 * x[0] - 10 * np.log(x[0]), [0.5])
    rise = 20 * np.array(p.interval) - 10 * np.log(p.interval) - (10 - 10 * np.log(0.5))
    np.testing.assert_allclose(rise, stats.chi2(1).ppf(0.95) / 2, rtol=1e-9)
    assert p.interval[0] < 0.5 < p.interval[1]


def test_the_variance_of_a_normal_sample_profiled_over_its_mean():
    data = np.random.default_rng(2).normal(1.0, 2.0, 25)
    n, s = data.size, np.std(data)

    def nll(p):
        return n * np.log(p["sigma"]) + np.sum((data - p["mu"]) ** 2) / (2 * p["sigma"] ** 2)

    p = profile(nll, {"mu": np.mean(data), "sigma": s}, "sigma", values=[1.5, 2.5])
    for sigma, cost, x in zip(p.values, p.cost, p.x, strict=True):
        assert x["sigma"] == sigma
        assert x["mu"] == pytest.approx(np.mean(data), rel=1e-12)
        assert cost == pytest.approx(n * np.log(sigma) + n * s**2 / (2 * sigma**2), rel=1e-14)
    ends = np.array(p.interval)
    rise = n * np.log(ends / s) + n / 2 * ((s / ends) ** 2 - 1)
    np.testing.assert_allclose(rise, stats.chi2(1).ppf(0.95) / 2, rtol=1e-9)


def test_the_intervals_of_puromycin_are_those_of_r():
    # Treated cells; Bates & Watts 1988, appendix 1. confint of R's nls gives these limits for Vm and K
    # (Ritz & Streibig 2008, Nonlinear Regression with R, chapter 7), by a spline
    # through the profile in few points, so to four or five digits.
    c = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.10], 2)
    rate = np.array([76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200])

    def residuals(b):
        return b[0] * c / (b[1] + c) - rate

    best = optimize.least_squares(residuals, [200, 0.1], dr.jacobian(residuals), x_scale="jac").x
    np.testing.assert_allclose(best, [212.7, 0.06412], rtol=2e-4)
    np.testing.assert_allclose(standard_errors(residuals, best), [6.947, 8.281e-3], rtol=1e-4)
    vm = profile(residuals, best, 0).interval
    k = profile(residuals, best, 1).interval
    np.testing.assert_allclose(vm, [197.30212848, 229.29006490], rtol=1e-5)
    np.testing.assert_allclose(k, [0.04692517, 0.08615995], rtol=2e-4)


@pytest.mark.parametrize(
    "problem",
    [nist.MISRA1A, nist.BOXBOD, nist.MGH09, nist.RAT43, nist.THURBER],
    ids=lambda p: p.name,
)
def test_at_the_limits_the_rest_is_a_minimum_and_the_rise_is_the_quantile(problem):
    f, best = problem.residuals, problem.parameters
    spare = problem.y.size - best.size
    quantile = stats.f(1, spare).ppf(0.95)
    for k in range(best.size):
        p = profile(f, best, k, values=2)
        for theta, x in zip(p.values, p.x, strict=True):
            assert x[k] == theta
            assert theta in p.interval
            rise = (np.sum(f(x) ** 2) - problem.sum_of_squares) / problem.sum_of_squares * spare
            assert rise == pytest.approx(quantile, rel=1e-6)
            # SciPy, from the point found, with the parameter fixed, finds nothing lower.
            rest = np.delete(np.arange(best.size), k)

            def fixed(w, x=x, rest=rest):
                v = x.copy()
                v[rest] = w * x[rest]
                return f(v)

            again = optimize.least_squares(fixed, np.ones(rest.size), "3-point")
            assert 2 * again.cost >= np.sum(f(x) ** 2) * (1 - 1e-9)


def test_limits_that_do_not_exist_are_infinite():
    # Rises by 1 at most, and the quantile is 1.92; to the left it rises for ever.
    def nll(x):
        return np.where(x[0] > 0, 1 - np.exp(-(x[0] ** 2) / 2), x[0] ** 2 / 2) + (x[1] - x[0]) ** 2

    p = profile(nll, [0.0, 0.0], 0, values=[-1.0, 0.0, 1.0])
    assert p.interval[0] == pytest.approx(-stats.norm.ppf(0.975), rel=1e-9)
    assert p.interval[1] == np.inf
    np.testing.assert_allclose(p.tau, [-1, 0, np.sqrt(2 * (1 - np.exp(-0.5)))], atol=1e-7)
    # There is a table all the same.
    assert np.all(np.isfinite(profile(nll, [0.0, 0.0], 0).values))


def test_a_limit_near_the_edge_of_the_domain():
    # Three successes of four; the log-likelihood is not defined outside of (0, 1).
    p = profile(lambda x: -3 * np.log(x[0]) - np.log(1 - x[0]), [0.75])
    ends = np.array(p.interval)
    rise = -3 * np.log(ends / 0.75) - np.log((1 - ends) / 0.25)
    np.testing.assert_allclose(rise, stats.chi2(1).ppf(0.95) / 2, rtol=1e-9)
    assert 0 < ends[0] < ends[1] < 1


def test_parameters_are_found_by_path():
    x = {"w": np.zeros((2, 2)), "b": 0.0}

    def nll(p):
        return 0.5 * np.sum(p["w"] ** 2) + 0.5 * p["b"] ** 2

    q = stats.norm.ppf(0.975)
    for path, name in (
        (("w", 1, 0), "x['w'][1, 0]"),
        ("b", "x['b']"),
        (("w", 0, 1), "x['w'][0, 1]"),
    ):
        p = profile(nll, x, path, values=1)
        assert p.name == name
        np.testing.assert_allclose(p.interval, [-q, q], rtol=1e-9)


def test_a_result_carries_its_function():
    result = remember(OptimizeResult(x=BEST), lambda b, y: A @ b - y, (Y,), residuals=True)
    assert profile(result, parameter=1).interval == profile(linear, BEST, 1).interval


def test_a_point_that_is_no_minimum():
    with pytest.raises(dr.SolutionError, match="no minimum"):
        profile(lambda x: np.sum((x - 1) ** 2), np.array([0.0, 1.0]), 0, values=[0.5])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: profile(linear, BEST, 3),
            dr.InputError,
            r"no parameter 3.*x\[0\], x\[1\], x\[2\]",
        ),
        (lambda: profile(linear, BEST, "rate"), dr.InputError, "no parameter 'rate'"),
        (
            lambda: profile(lambda p: np.sum(p["w"] ** 2), {"w": np.ones(2)}, "w"),
            dr.InputError,
            "more",
        ),
        (lambda: profile(linear, BEST, 0, level=95), ValueError, "between 0 and 1"),
        (lambda: profile(lambda b: A @ b, np.zeros(3), 0), dr.InputError, "residuals are zero"),
    ],
)
def test_bad_input(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_traced_values_are_refused():
    with pytest.raises(dr.EscapeError):
        dr.grad(lambda s: profile(lambda x: s * np.sum(x**2), [0.0]).interval[1])(2.0)
