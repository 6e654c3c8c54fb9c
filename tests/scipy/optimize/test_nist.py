"""NIST's certified fits through the mirror: parameters to eight digits, deviations to five, from both starts."""

import warnings

import numpy as np
import pytest
from scipy import optimize as plain

from dualrev.scipy import optimize
from tests.problems.nist import MGH09, REGRESSIONS

TIGHT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "x_scale": "jac", "max_nfev": 5000}
FITS = [
    pytest.param(problem, start, id=f"{problem.name}-{start + 1}")
    for problem in REGRESSIONS
    for start in (0, 1)
]


def digits(found, certified):
    """Return the digits of the worst parameter."""
    return -np.log10(np.max(np.abs(found / certified - 1)) + 1e-12)


@pytest.mark.parametrize("problem", REGRESSIONS, ids=lambda p: p.name)
def test_the_data_give_the_certified_sum_of_squares(problem):
    r = problem.residuals(problem.parameters)
    # Certified to eleven digits.
    assert np.sum(r * r) == pytest.approx(problem.sum_of_squares, rel=1e-10)


def fit(problem, start, **options):
    with np.errstate(all="ignore"):
        return optimize.least_squares(problem.residuals, problem.starts[start], **(TIGHT | options))


@pytest.mark.parametrize(("problem", "start"), FITS)
def test_certified_parameters_and_deviations(problem, start):
    found = fit(problem, start)
    assert found.success
    assert digits(found.x, problem.parameters) >= 8
    assert 2 * found.cost == pytest.approx(problem.sum_of_squares, rel=1e-10)
    errors = optimize.standard_errors(found)
    np.testing.assert_allclose(errors, problem.deviations, rtol=1e-5)
    cov = optimize.covariance(found)
    np.testing.assert_allclose(np.sqrt(np.diag(cov)), errors)


@pytest.mark.parametrize("start", [0, 1])
def test_where_the_sum_of_squares_is_flat_the_exact_gradient_still_tells(start, complex_step):
    # A change of MGH09's parameters in the eighth digit changes the sum of squares in its sixteenth, and SciPy takes no
    # step that does not lower it. The Newton steps at the end of the mirror's fit look at the gradient.
    with np.errstate(all="ignore"):
        by_hand = plain.least_squares(
            MGH09.residuals,
            MGH09.starts[start],
            lambda b: complex_step(MGH09.residuals, b),
            **TIGHT,
        )
    assert 2 * by_hand.cost == pytest.approx(MGH09.sum_of_squares, rel=2e-11)
    found = fit(MGH09, start)
    assert digits(found.x, MGH09.parameters) > 9.5
    assert digits(found.x, MGH09.parameters) > digits(by_hand.x, MGH09.parameters) + 1

    def gradient(b):
        j = complex_step(MGH09.residuals, b)
        r = MGH09.residuals(b)
        return np.max(np.abs(j.T @ r) / np.linalg.norm(j, axis=0)) / np.linalg.norm(r)

    assert gradient(found.x) < 0.1 * gradient(by_hand.x)


def test_finite_differences_reach_eight_digits_less_often():
    ours = theirs = 0
    for problem in REGRESSIONS:
        for start in (0, 1):
            ours += digits(fit(problem, start).x, problem.parameters) >= 8
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    found = plain.least_squares(
                        problem.residuals, problem.starts[start], **(TIGHT | {"max_nfev": 300})
                    )
                except ValueError:  # NIST's far starts can lead it to residuals that are not finite
                    continue
            theirs += digits(found.x, problem.parameters) >= 8
    assert ours == 2 * len(REGRESSIONS)
    assert theirs <= ours - 6


@pytest.mark.parametrize("problem", REGRESSIONS, ids=lambda p: p.name)
def test_curve_fit_gives_the_certified_deviations(problem):
    with np.errstate(all="ignore"):
        best, cov = optimize.curve_fit(
            lambda x, *b: problem.model(b, x),
            problem.x,
            problem.y,
            p0=problem.starts[1],
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
        )
    np.testing.assert_allclose(best, problem.parameters, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(cov)), problem.deviations, rtol=1e-5)
