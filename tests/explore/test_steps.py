"""Errors of finite differences: truncation and rounding as theory has them, and what they are compared with."""

import math

import mpmath
import numpy as np
import pytest

from dualrev.errors import ShapeError
from dualrev.explore.steps import quotient, step_errors

EPS = np.finfo(float).eps


def smooth(x):
    return np.exp(x[0]) * np.sin(x[1])


X = np.array([0.7, 0.4])
D = np.array([0.6, -0.8])


@pytest.mark.parametrize(("scheme", "order"), [("forward", 1), ("central", 2), ("complex", 2)])
def test_the_truncation_error_is_the_leading_term(scheme, order):
    h = np.array([1e-2, 5e-3, 2.5e-3])
    found = step_errors(smooth, X, D, steps=h, schemes=[scheme])
    # The next term of the series is smaller by h (forward) or h² (others), times quotients of derivatives below 3.
    np.testing.assert_allclose(
        found.errors[scheme], found.truncation[scheme], rtol=3 * h[0] ** (1 if order == 1 else 2)
    )
    np.testing.assert_allclose(
        found.truncation[scheme][:-1] / found.truncation[scheme][1:], 2.0**order, rtol=1e-12
    )


def test_the_truncation_terms_against_mpmath():
    def along(t):
        return mpmath.exp(0.7 + 0.6 * t) * mpmath.sin(0.4 - 0.8 * t)

    found = step_errors(smooth, X, D, steps=[1e-3])
    first, second, third = (float(mpmath.diff(along, 0, n)) for n in (1, 2, 3))
    assert found.exact == pytest.approx(first, rel=1e-13)
    assert found.truncation["forward"][0] == pytest.approx(
        abs(second) * 1e-3 / 2 / abs(first), rel=1e-12
    )
    assert found.truncation["central"][0] == pytest.approx(
        abs(third) * 1e-6 / 6 / abs(first), rel=1e-12
    )


def test_the_rounding_error_is_of_the_order_that_theory_says():
    h = np.logspace(-14, -12, 200)
    found = step_errors(smooth, X, D, steps=h, schemes=["forward", "central"])
    for scheme in found.errors:
        ratio = found.errors[scheme] / found.rounding[scheme]
        # A value is right to a few units in the last place, and x + h d is rounded besides, by as much as x:
        # together at most ten times the theory of an otherwise perfect evaluation.
        assert ratio.max() < 10
        assert np.median(ratio) > 0.05


def test_the_complex_step_has_no_rounding_error():
    found = step_errors(smooth, X, D, steps=np.logspace(-20, -10, 11))
    assert found.errors["complex"].max() < 4 * EPS
    assert "complex" not in found.rounding


def test_the_best_step():
    found = step_errors(np.exp, 1.0)
    for scheme, power in (("forward", 1 / 2), ("central", 1 / 3)):
        step, error = found.best(scheme)
        assert error == np.nanmin(found.errors[scheme])
        # Four steps a decade, and an error that is random where it is least: within two decades of the optimum.
        assert abs(math.log10(step) - power * math.log10(EPS)) < 2
    exact = step_errors(lambda x: 3.0 * x, 2.0, steps=[0.25, 0.5, 1.0], schemes=["forward"])
    assert exact.best("forward") == (1.0, 0.0)


def test_a_step_that_is_lost_is_no_number():
    found = step_errors(lambda x: x**2, 1.0, steps=[1e-3, 1e-17], schemes=["forward", "central"])
    for errors in found.errors.values():
        assert np.isfinite(errors[0])
        assert np.isnan(errors[1])


def test_where_the_derivative_is_zero_errors_are_absolute():
    found = step_errors(lambda x: x**2, 0.0, steps=[1e-2, 1e-4])
    assert not found.relative
    np.testing.assert_allclose(found.errors["forward"], [1e-2, 1e-4], rtol=1e-12)
    np.testing.assert_array_equal(found.errors["central"], 0.0)


def test_another_reference():
    found = step_errors(smooth, X, D, exact=1.0, steps=[1e-6])
    known = step_errors(smooth, X, D, steps=[1e-6])
    assert found.automatic == pytest.approx(abs(known.exact - 1.0))
    assert known.automatic is None


def test_single_precision():
    """The function sees single precision only, so that theory holds with its epsilon."""
    seen = set()

    def f(x):
        if issubclass(type(x), np.generic):
            seen.add(x.dtype.name)
        return np.exp(x)

    found = step_errors(f, np.float32(1.0), exact=np.e)
    assert seen == {"float32", "complex64"}
    assert found.epsilon == np.finfo(np.float32).eps
    assert found.steps.min() == pytest.approx(1e-7, rel=1e-6)
    small = (found.steps > 1e-6) & (found.steps < 1e-5)
    ratio = found.errors["forward"][small] / found.rounding["forward"][small]
    assert 0.05 < np.median(ratio) < 10
    # Relative to what the derivative is in double precision.
    assert 0.0 < found.automatic < found.epsilon


@pytest.mark.parametrize("f", [np.cbrt, lambda x: np.real(x) ** 2])
def test_what_refuses_complex_numbers_gets_no_complex_step(f):
    assert set(step_errors(f, 1.5, steps=[1e-3]).errors) == {"forward", "central"}


def test_a_complex_step_is_wrong_where_a_function_is_not_analytic():
    found = step_errors(lambda x: abs(x) * x, 1.5, steps=[1e-3, 1e-9])
    # |x| of x + ih is x to first order: half of the derivative is missing.
    np.testing.assert_allclose(found.errors["complex"], 0.5, rtol=1e-6)


def test_linear_functions_have_no_truncation():
    found = step_errors(lambda x: np.sum(3.0 * x), X, steps=[0.1])
    assert found.truncation == {}


def test_the_default_direction_and_integers():
    found = step_errors(lambda x: x[0] ** 2 + x[1] ** 2, [3, 4], steps=[0.1])
    assert found.exact == pytest.approx(14 / np.sqrt(2))


def test_of_matrices():
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    found = step_errors(np.linalg.det, a, np.eye(2), steps=[1e-3], schemes=["central"])
    assert found.exact == pytest.approx(5.0)
    # The determinant is a polynomial of second order, for which central differences are exact to rounding.
    assert found.errors["central"][0] < 4 * EPS * 5 / 1e-3


@pytest.mark.parametrize(
    ("scheme", "expected"), [("forward", 2.5), ("central", 2.0), ("complex", 2.0)]
)
def test_quotients(scheme, expected):
    assert quotient(lambda x: x**2, 1.0, 1.0, 0.5, scheme) == expected
    found = quotient(
        lambda x: np.array([x[0] ** 2, 3.0 * x[1]]),
        np.array([1.0, 5.0]),
        np.array([1.0, 0.0]),
        0.5,
        scheme,
    )
    np.testing.assert_array_equal(found, [expected, 0.0])


def test_the_step_that_was_made_counts():
    """1 + 1e-13 is rounded by 0.1% of the step, which the quotient of an exact function does not show."""
    assert quotient(lambda x: 2.0 * x, 1.0, 1.0, 1e-13) == 2.0


WRONG = [
    (lambda: step_errors(smooth, X, [1.0]), ShapeError, r"the direction has shape \(1,\), x \(2,\)"),
    (lambda: step_errors(smooth, X, [0.0, 0.0]), ValueError, "the direction is zero"),
    (lambda: step_errors(lambda x: x, X), ShapeError, "one real number is needed"),
    (lambda: step_errors(lambda x: 1j * x, 1.0), ShapeError, "one real number is needed"),
    (lambda: step_errors(np.exp, 1.0, steps=[]), ValueError, "steps= is a vector of positive numbers"),
    (lambda: step_errors(np.exp, 1.0, steps=[0.1, 0.0]), ValueError, "positive numbers"),
    (lambda: step_errors(np.exp, 1.0, steps=[0.1, np.nan]), ValueError, "positive numbers"),
    (lambda: step_errors(np.exp, 1.0, steps=0.1), ValueError, "positive numbers"),
    (lambda: step_errors(np.exp, 1.0, schemes=["backward"]), ValueError, "schemes are .*, not 'backward'"),
    (lambda: step_errors(np.sqrt, 0.0), ValueError, "the derivative is inf at this point"),
    (lambda: step_errors(np.exp, 1.0, exact=np.nan), ValueError, "the derivative is nan"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_cannot_be_compared(call, error, words):
    with pytest.raises(error, match=f"step_errors: .*{words}"):
        call()


def test_no_best_step_where_all_fail():
    found = step_errors(lambda x: x**2, 1.0, steps=[1e-18, 1e-17], schemes=["forward"])
    with pytest.raises(ValueError, match="best: all steps of the forward scheme fail"):
        found.best("forward")
