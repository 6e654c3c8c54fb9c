"""The certified problem: data as published, and an exact reference that is one."""

import mpmath
import numpy as np

from dualrev.demo import thurber


def test_the_certified_parameters_give_the_certified_sum_of_squares():
    # A wrong digit in any of the 74 data would show in this sum.
    total = np.sum(thurber.residuals(thurber.CERTIFIED) ** 2)
    np.testing.assert_allclose(total, thurber.CERTIFIED_SUM_OF_SQUARES, rtol=1e-10)


def test_the_certified_parameters_are_a_stationary_point():
    jacobian = thurber.exact_jacobian(thurber.CERTIFIED)
    r = thurber.residuals(thurber.CERTIFIED)
    cosines = (jacobian.T @ r) / (np.linalg.norm(jacobian, axis=0) * np.linalg.norm(r))
    # Eleven digits are certified, and the columns amplify what is missing.
    assert np.abs(cosines).max() < 1e-6


def test_the_exact_jacobian_is_the_derivative_of_the_model():
    b = [mpmath.mpf(float(value)) for value in thurber.START]
    exact = thurber.exact_jacobian(thurber.START)
    with mpmath.workdps(50):
        for i in (0, 17, 36):
            x = mpmath.mpf(float(thurber.LOG_DENSITY[i]))
            for j in range(7):

                def moved(value, x=x, j=j):
                    return thurber.model([*b[:j], value, *b[j + 1 :]], x)

                assert exact[i, j] == float(mpmath.diff(moved, b[j]))
