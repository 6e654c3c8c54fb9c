"""Problems on which finite differences fail: what the exact side reaches, and what the page says."""

import re
from pathlib import Path

import numpy as np
import pytest

import dualrev as dr
from benchmarks import optimizer_problems as cases
from dualrev.scipy import optimize

ROOT = Path(cases.__file__).parents[1]


def counted(f):
    return cases.Counted(f)


def steepest(f, x):
    return np.max(np.abs(dr.grad(f)(x)))


@pytest.mark.parametrize(
    "start", [cases.rosenbrock_start(50), np.zeros(50)], ids=["classical", "zero"]
)
def test_rosenbrock_of_fifty_variables(start):
    f = counted(cases.rosenbrock)
    found = optimize.minimize(f, start, method="BFGS")
    assert found.success
    assert found.nfev == found.njev == f.calls < 400
    assert found.fun < 1e-11
    assert steepest(cases.rosenbrock, found.x) < 1e-5


def test_powell_badly_scaled():
    f = counted(cases.powell_badly_scaled)
    found = optimize.minimize(f, [0.0, 1.0], method="BFGS")
    assert found.success
    assert f.calls < 220
    assert found.fun < 1e-18
    np.testing.assert_allclose(found.x, [1.098159e-5, 9.106147], rtol=1e-6)
    assert steepest(cases.powell_badly_scaled, found.x) < 1e-5


def test_brown_badly_scaled():
    f = counted(cases.brown_badly_scaled)
    found = optimize.minimize(f, [1.0, 1.0], method="BFGS")
    assert found.success
    assert f.calls < 40
    np.testing.assert_allclose(found.x, [1e6, 2e-6], rtol=1e-9)
    assert steepest(cases.brown_badly_scaled, found.x) < 1e-5


@pytest.mark.parametrize("method", ["trf", "lm", "dogbox"])
def test_a_damped_sine_with_an_offset(method):
    best = cases.fringe_minimum()
    errors = optimize.standard_errors(cases.fringe_residuals, best, absolute_sigma=True)
    f = counted(cases.fringe_residuals)
    found = optimize.least_squares(f, cases.FRINGE_START, method=method)
    assert found.success
    assert f.calls < 10
    # The default tolerance of least_squares is met; the data themselves are rounded to a millionth of an error.
    assert np.max(np.abs(found.x - best) / errors) < 0.02
    tight = optimize.least_squares(
        cases.fringe_residuals, cases.FRINGE_START, method=method, xtol=1e-14, ftol=1e-14
    )
    assert np.max(np.abs(tight.x - best) / errors) < 1e-3


def test_the_minimum_of_the_damped_sine_is_one():
    best = cases.fringe_minimum()
    shifted = best - np.array([0, 0, 0, 0, cases.FRINGE_TRUE[4]])
    t, data = cases.FRINGE_TIMES, cases.FRINGE_DATA - cases.FRINGE_TRUE[4]

    def cost(q):
        y = q[0] * np.exp(-q[1] * t) * np.sin(q[2] * t + q[3]) + q[4]
        return 0.5 * np.sum(((y - data) / cases.FRINGE_SIGMA) ** 2)

    # In standard deviations: the gradient times the standard errors.
    errors = np.sqrt(np.diag(np.linalg.inv(dr.hessian(cost)(shifted))))
    assert np.max(np.abs(dr.grad(cost)(shifted)) * errors) < 1e-6


def test_the_brusselator_conserves_its_steady_state():
    rhs, y0, _ = cases.brusselator(40)
    steady = np.concatenate([np.full(40, 1.0), np.full(40, 3.0)])
    # u = 1, v = 3 is the equilibrium of the reaction, and of the boundary.
    np.testing.assert_allclose(rhs(0.0, steady), 0, atol=1e-12)
    assert y0.shape == (80,)


def test_a_row_of_the_page_is_written_by_the_script(capsys):
    assert cases.table(list(cases.CASES["brown"]())).count("\n") == 3
    page = (ROOT / "docs" / "explanation" / "solvers.md").read_text(encoding="utf-8")
    assert cases.HEADING in page
    rows = re.findall(r"^\| (.+?) \| (\w+) \| dualrev \| (\d+) \|", page, re.MULTILINE)
    named = {row[0] for row in rows}
    assert named == {
        "Rosenbrock, n = 50",
        "Powell badly scaled",
        "Brown badly scaled",
        "damped sine, offset 1e7",
        "Brusselator, 400 unknowns",
    }
