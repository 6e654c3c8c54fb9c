"""The delta method against closed forms, for numbers, vectors and containers."""

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

import dualrev as dr
from dualrev.scipy.optimize.propagation import Propagated, propagate

C = np.array([[0.04, 0.01], [0.01, 0.09]])
X = np.array([2.0, 3.0])


def test_a_linear_map_is_exact():
    m = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]])
    found = propagate(lambda x: m @ x, X, C)
    np.testing.assert_array_equal(found.value, m @ X)
    np.testing.assert_allclose(found.covariance, m @ C @ m.T, rtol=1e-15)
    np.testing.assert_allclose(found.standard_errors, np.sqrt(np.diag(m @ C @ m.T)))


def test_a_product_and_a_ratio():
    y, spread = propagate(lambda x: x[0] * x[1], X, C)
    assert y == 6
    assert spread.shape == ()
    np.testing.assert_allclose(spread, 9 * 0.04 + 4 * 0.09 + 2 * 6 * 0.01)
    relative = 0.04 / 4 + 0.09 / 9 - 2 * 0.01 / 6
    np.testing.assert_allclose(propagate(lambda x: x[0] / x[1], X, C)[1], (2 / 3) ** 2 * relative)


def test_one_number_with_a_variance():
    found = propagate(np.log, 2.0, 0.04)
    assert found.value == np.log(2.0)
    np.testing.assert_allclose(found.covariance, 0.01)
    np.testing.assert_allclose(found.standard_errors, 0.1)
    np.testing.assert_allclose(propagate(np.log, 2.0, [[0.04]]).covariance, 0.01)


def test_containers_in_and_out():
    def g(p):
        return {"sum": p["a"] + p["b"], "parts": np.stack([p["a"], 2 * p["b"]])}

    found = propagate(g, {"a": 2.0, "b": 3.0}, C)
    assert isinstance(found, Propagated)
    # The leaves of the result in order: parts, sum.
    j = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    np.testing.assert_allclose(found.covariance, j @ C @ j.T)
    errors = found.standard_errors
    np.testing.assert_allclose(errors["sum"], np.sqrt(0.15))
    np.testing.assert_allclose(errors["parts"], [0.2, 0.6])


def test_matrices_and_lists_of_numbers():
    found = propagate(lambda x: np.outer(x, x), X, C)
    assert found.covariance.shape == (4, 4)
    assert found.standard_errors.shape == (2, 2)
    np.testing.assert_allclose(found.standard_errors[0, 0], 2 * 2 * 0.2)
    listed = propagate(lambda x: [x[0], x[0] * x[1]], X, C)
    np.testing.assert_allclose(listed.covariance[1, 1], propagate(lambda x: x[0] * x[1], X, C)[1])


def test_a_result_in_place_of_its_x():
    result = OptimizeResult(x=X, success=True)
    assert propagate(lambda x: x[0], result, C)[1] == 0.04


def test_extra_arguments():
    assert propagate(lambda x, k: k * x[0], X, C, args=(3.0,))[1] == pytest.approx(0.36)


def test_it_can_be_differentiated(central):
    def spread(p):
        return propagate(lambda x: p[0] * x[0] ** p[1], X, C)[1]

    p = np.array([1.3, 0.7])
    np.testing.assert_allclose(dr.grad(spread)(p), central(spread, p), rtol=1e-9)


@pytest.mark.parametrize(
    ("cov", "match"),
    [
        (np.eye(3), r"shape \(2, 2\), not \(3, 3\)"),
        (np.array([0.1, 0.2]), "np.diag"),
        (0.1, r"shape \(2, 2\), not \(\)"),
        (np.array([[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
    ],
)
def test_covariances_that_do_not_fit(cov, match):
    with pytest.raises(dr.ShapeError, match=match):
        propagate(lambda x: x[0], X, cov)
