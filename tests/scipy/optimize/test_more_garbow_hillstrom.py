"""All solvers on the problems of Moré, Garbow and Hillstrom: the published minima, and never an evaluation too many."""

import contextlib
import warnings

import numpy as np
import pytest
from scipy import optimize as plain

import dualrev as dr
from dualrev.scipy import optimize
from tests.problems.more_garbow_hillstrom import PROBLEMS

by_label = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.label)

# Tolerances that leave no excuse, with a bound on the time.
FIRST_ORDER = {
    "BFGS": {"gtol": 1e-9, "maxiter": 1500},
    "SLSQP": {"ftol": 1e-15, "maxiter": 1500},
    "L-BFGS-B": {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1500, "maxfun": 3000, "maxls": 50},
    "CG": {"gtol": 1e-7, "maxiter": 1500},
    "TNC": {"ftol": 1e-15, "gtol": 1e-9, "xtol": 0.0, "maxfun": 3000},
}
SECOND_ORDER = {
    "trust-exact": {"gtol": 1e-8, "maxiter": 1000},
    "trust-krylov": {"gtol": 1e-8, "maxiter": 1000},
    "trust-ncg": {"gtol": 1e-8, "maxiter": 1000},
    "Newton-CG": {"xtol": 1e-9, "maxiter": 300},
    "trust-constr": {"gtol": 1e-9, "xtol": 1e-12, "maxiter": 1000},
}
LEAST_SQUARES = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12, "max_nfev": 2000}
SLOW = {"L-BFGS-B", "CG", "TNC", "trust-ncg", "Newton-CG", "trust-constr"}
methods = [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
    for name in (*FIRST_ORDER, *SECOND_ORDER)
]

NARROW = "the valley is so narrow that the steps become too short within the bound on iterations"
SCALE = "the method is not invariant to scale, and the unknowns differ by ten powers of ten"
AWAY = "the first step, down the gradient with its full length, lands on a plateau where exp has overflowed or vanished"
ELSEWHERE = "it converges, to a local minimum that the paper does not list"
# Where SciPy's own method does not reach a published minimum from the standard start, with exact derivatives by hand
# just as little, and why. The tests check the comparison; with a method that has improved an entry is not used.
EXCEPTIONS = {
    ("BFGS", 20, 12): NARROW,
    ("SLSQP", 3, 2): SCALE,
    ("SLSQP", 4, 2): SCALE,
    ("SLSQP", 6, 2): AWAY,
    ("SLSQP", 10, 3): AWAY,
    ("SLSQP", 20, 12): NARROW,
    ("SLSQP", 31, 10): ELSEWHERE,
    ("L-BFGS-B", 3, 2): SCALE,
    ("L-BFGS-B", 6, 2): AWAY,
    ("L-BFGS-B", 10, 3): NARROW,
    ("L-BFGS-B", 20, 12): NARROW,
    ("CG", 3, 2): SCALE,
    ("CG", 10, 3): SCALE,
    ("CG", 17, 5): NARROW,
    ("CG", 20, 9): NARROW,
    ("CG", 20, 12): NARROW,
    ("CG", 24, 4): NARROW,
    ("CG", 25, 10): SCALE,
    ("TNC", 3, 2): SCALE,
    ("TNC", 4, 2): SCALE,
    ("TNC", 10, 3): SCALE,
    ("TNC", 20, 9): NARROW,
    ("TNC", 20, 12): NARROW,
    ("TNC", 31, 10): ELSEWHERE,
    ("trust-exact", 4, 2): SCALE,
    ("trust-krylov", 4, 2): SCALE,
    ("trust-krylov", 10, 3): NARROW,
    ("trust-krylov", 11, 3): NARROW,
    ("trust-krylov", 20, 12): NARROW,
    ("trust-ncg", 4, 2): SCALE,
    ("trust-ncg", 10, 3): NARROW,
    ("Newton-CG", 3, 2): SCALE,
    ("Newton-CG", 10, 3): NARROW,
    ("Newton-CG", 11, 3): NARROW,
    ("Newton-CG", 14, 4): NARROW,
    ("Newton-CG", 18, 6): NARROW,
    ("Newton-CG", 20, 12): NARROW,
    ("Newton-CG", 23, 4): NARROW,
    ("Newton-CG", 24, 4): NARROW,
    ("trust-constr", 10, 3): NARROW,
    ("trust-constr", 17, 5): ELSEWHERE,
    ("hybr", 2, 2): ELSEWHERE,
    ("hybr", 26, 10): ELSEWHERE,
    ("root-lm", 2, 2): ELSEWHERE,
    ("root-lm", 26, 10): ELSEWHERE,
}


# MINPACK in C, as SciPy 1.17 has it, is not deterministic in lm where the Jacobian is rank deficient at the start (18)
# or in the end (22): with the same derivatives by hand, 200 runs of the first give 3 (and success far from a minimum),
# 24, 40 or 44 evaluations, and 60 of the second 59 or 67. SciPy 1.13, in Fortran, always gives the same number.
# In the valleys of trust-krylov's two the last bits of a product decide, which differ with the alignment of memory.
UNSTEADY = {
    ("lm", 18),
    ("lm", 22),
    ("root-lm", 22),
    ("trust-krylov", 18),
    ("trust-krylov", 20),
}


class Counted:
    """A function that counts its calls, by whomever."""

    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return self.f(x)


@contextlib.contextmanager
def trial_steps():
    """Solvers try points at which exp overflows, and warn of the precision that is left."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        for category in (RuntimeWarning, plain.OptimizeWarning, UserWarning):
            warnings.simplefilter("ignore", category)
        yield


def reached(problem, cost):
    return any(abs(cost - f) <= 1e-4 * f + 1e-8 for f in (*problem.minima, *problem.others))


def judge(solver, problem, ours, theirs):
    if reached(problem, ours):
        return
    assert not reached(problem, theirs)
    assert (solver, problem.number, problem.n) in EXCEPTIONS


# -- the problems themselves ----------------------------------------------------------------------


def test_there_are_35():
    assert [p.number for p in PROBLEMS] == sorted(p.number for p in PROBLEMS)
    assert {p.number for p in PROBLEMS} == set(range(1, 36))


@by_label
def test_the_published_points_have_the_published_values(problem):
    for x, f in problem.solutions:
        assert problem.cost(np.array(x, float)) == pytest.approx(f, rel=1e-5, abs=1e-12)
        assert min(abs(f - m) for m in problem.minima) <= 1e-5 * f


@by_label
def test_a_minimum_listed_is_found_by_scipy_alone(problem, complex_step):
    with trial_steps():
        found = plain.least_squares(
            problem.residuals,
            problem.start,
            lambda x: complex_step(problem.residuals, x),
            method="lm",
            **LEAST_SQUARES,
        )
    minima = (*problem.minima, *problem.others)
    assert any(abs(2 * found.cost - f) <= 1e-5 * f + 1e-12 for f in minima)


def test_the_other_minima_that_are_listed_exist():
    others = {
        (18, 6): [1, 2, 1, 1, 1, 1],
        (35, 10): [0.03, 0.16, 0.2, 0.38, 0.38, 0.53, 0.64, 0.71, 0.83, 0.93],
        (27, 10): [0.0] * 9 + [11.0],
    }
    for p in PROBLEMS:
        start = others.get((p.number, p.n))
        if start is not None:
            with trial_steps():
                options = {"gtol": 1e-8}
                found = optimize.minimize(p.cost, start, method="BFGS", options=options)
            assert found.fun == pytest.approx((*p.minima, *p.others)[-1], rel=1e-4)


@by_label
def test_derivatives_are_those_of_the_complex_step(problem, complex_step):
    rng = np.random.default_rng(problem.number)
    for x in (problem.start, problem.start + 0.1 * rng.standard_normal(problem.n)):
        j = complex_step(problem.residuals, x)
        scale = np.max(np.abs(j))
        for mode in ("forward", "reverse"):
            found = dr.jacobian(problem.residuals, mode=mode)(x)
            np.testing.assert_allclose(found, j, rtol=1e-12, atol=1e-14 * scale)
        gradient = 2 * j.T @ problem.residuals(x)
        np.testing.assert_allclose(
            dr.grad(problem.cost)(x), gradient, rtol=1e-10, atol=1e-13 * np.max(np.abs(gradient))
        )


# -- minimize -------------------------------------------------------------------------------------


@by_label
@pytest.mark.parametrize("method", methods)
def test_minimize(method, problem):
    order = SECOND_ORDER if method in SECOND_ORDER else FIRST_ORDER
    options = order[method]
    own, inside = Counted(problem.cost), Counted(problem.cost)
    pair = dr.value_and_grad(inside)
    more = {"hess": _symmetric_hessian(problem)} if order is SECOND_ORDER else {}
    with trial_steps():
        found = optimize.minimize(own, problem.start, method=method, options=options)
        hand = plain.minimize(pair, problem.start, jac=True, method=method, options=options, **more)
    judge(method, problem, found.fun, hand.fun)
    # The same derivatives give the same steps, and value and gradient are one evaluation, by hand and here.
    if (method, problem.number) in UNSTEADY:
        return
    assert found.nfev <= hand.nfev
    assert found.get("njev", 0) <= hand.get("njev", 0)
    hessians = getattr(found, "nhev", 0) if order is SECOND_ORDER else 0
    assert own.calls <= inside.calls + hessians


def _symmetric_hessian(problem):
    hessian = dr.hessian(problem.cost)

    def symmetric(x):
        h = hessian(x)
        return (h + h.T) / 2

    return symmetric


def by_hand(problem):
    """The Jacobian as one would write it; the order in memory decides that of summation, and in the end a step."""
    jacobian = dr.jacobian(problem.residuals)
    return lambda x: np.ascontiguousarray(jacobian(x))


# -- least_squares --------------------------------------------------------------------------------


@by_label
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method, problem):
    if (method, problem.number) in UNSTEADY:
        pytest.skip("SciPy's own lm is not deterministic on this problem")
    own = Counted(problem.residuals)
    options = LEAST_SQUARES | {"method": method}
    with trial_steps():
        found = optimize.least_squares(own, problem.start, **options)
        hand = plain.least_squares(problem.residuals, problem.start, by_hand(problem), **options)
    judge(method, problem, 2 * found.cost, 2 * hand.cost)
    assert found.nfev <= hand.nfev
    # Residuals and Jacobian are one evaluation.
    assert own.calls <= hand.nfev + 1


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm", "BFGS"])
def test_with_the_complex_step_by_hand_the_counts_are_mostly_equal(method, complex_step):
    # Not always: derivatives that differ in the last digit may part in a narrow valley and at the last step.
    equal = 0
    for p in PROBLEMS:

        def jacobian(x, p=p):
            return complex_step(p.residuals, x)

        with trial_steps():
            if method == "BFGS":
                found = optimize.minimize(p.cost, p.start, method=method)
                hand = plain.minimize(
                    p.cost,
                    p.start,
                    jac=lambda x, p=p, jacobian=jacobian: 2 * jacobian(x).T @ p.residuals(x),
                    method=method,
                )
            else:
                options = LEAST_SQUARES | {"method": method}
                found = optimize.least_squares(p.residuals, p.start, **options)
                hand = plain.least_squares(p.residuals, p.start, jacobian, **options)
        equal += found.nfev == hand.nfev
    assert equal >= 0.7 * len(PROBLEMS)


# -- root -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["hybr", "lm"])
@pytest.mark.parametrize(
    "problem", [p for p in PROBLEMS if p.m == p.n and 0 in p.minima], ids=lambda p: p.label
)
def test_root(method, problem):
    with trial_steps():
        found = optimize.root(problem.residuals, problem.start, method=method)
        hand = plain.root(problem.residuals, problem.start, jac=by_hand(problem), method=method)
    squares = [float(np.sum(res.fun**2)) for res in (found, hand)]
    name = "root-lm" if method == "lm" else method
    if squares[0] > 1e-8:
        assert squares[1] > 1e-8
        assert (name, problem.number, problem.n) in EXCEPTIONS
    if (name, problem.number) not in UNSTEADY:
        assert found.nfev <= hand.nfev
