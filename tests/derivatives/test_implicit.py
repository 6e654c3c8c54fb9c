"""The implicit function theorem: derivatives of solutions against closed forms, to third order, in both modes."""

import numpy as np
import pytest
from scipy import optimize

import dualrev as dr
from dualrev.derivatives.closures import closed
from dualrev.derivatives.implicit import check_regular, implicit

P = np.array([2.0, 3.0])


def solution(p):
    """Solve x0² = p0, x0 x1 = p1."""

    def f(x):
        return [x[0] ** 2 - p[0], x[0] * x[1] - p[1]]

    plain, _ = closed(f).plain
    return implicit(f, optimize.root(plain, np.ones(2), tol=1e-14).x)


def closed_form(p):
    return np.stack([np.sqrt(p[0]), p[1] / np.sqrt(p[0])])


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_first_order(mode):
    np.testing.assert_allclose(
        dr.jacobian(solution, mode=mode)(P), dr.jacobian(closed_form)(P), rtol=1e-14, atol=1e-15
    )


def test_value_is_the_solver_s():
    def check(p):
        x = solution(p)
        root = optimize.root(lambda x: [x[0] ** 2 - 2.0, x[0] * x[1] - 3.0], np.ones(2), tol=1e-14)
        np.testing.assert_array_equal(dr.value(x), root.x)
        return x

    dr.jacobian(check, mode="forward")(P)
    dr.jacobian(check, mode="reverse")(P)


def test_second_order():
    np.testing.assert_allclose(
        dr.hessian(lambda p: solution(p)[1])(P),
        dr.hessian(lambda p: closed_form(p)[1])(P),
        rtol=1e-13,
    )
    twice = dr.jacobian(dr.grad(lambda p: solution(p)[1]), mode="reverse")
    np.testing.assert_allclose(twice(P), dr.hessian(lambda p: closed_form(p)[1])(P), rtol=1e-13)


def test_third_order():
    def along(f):
        return dr.derivative(lambda t: f(np.stack([t, 3.0]))[1], order=3)

    np.testing.assert_allclose(along(solution)(2.0), along(closed_form)(2.0), rtol=1e-12)


def test_nested_solutions():
    """A solution inside the equations of another one: x² = p, y² = x, so y = p^(1/4)."""

    def inner(p):
        return implicit(lambda x: x * x - p, np.sqrt(dr.value(p)))

    def outer(p):
        return implicit(lambda y: y * y - inner(p), np.sqrt(np.sqrt(dr.value(p))))

    np.testing.assert_allclose(dr.grad(outer)(2.0), 0.25 * 2.0**-0.75, rtol=1e-14)
    np.testing.assert_allclose(dr.derivative(outer, order=2)(2.0), -0.1875 * 2.0**-1.75, rtol=1e-13)


def test_own_solve():
    """A caller may solve with the Jacobian in a way of its own, here a diagonal one."""

    def f(p):
        x = np.sqrt(dr.value(p))
        return implicit(lambda x: x * x - p, x, solve=lambda r: r / (2 * x))

    np.testing.assert_allclose(dr.jacobian(f)(P), np.diag(0.5 / np.sqrt(P)), rtol=1e-15)
    np.testing.assert_allclose(
        dr.hessian(lambda p: np.sum(f(p)))(P), np.diag(-0.25 * P**-1.5), rtol=1e-15
    )


def test_independent():
    """A residual that depends on nothing traced returns the solution itself."""
    x = np.ones(2)
    assert implicit(lambda x: x - 1.0, x) is x


SINGULAR = {
    "double root at zero": (lambda x, a: x * x - a, np.zeros(1)),
    "double root, not quite reached": (lambda x, a: x * x - a, np.full(1, 1e-9)),
    "double root away from zero": (lambda x, a: (x - 1.0) ** 2 - a, np.full(1, 1.0 + 6.6e-16)),
    "dependent equations": (
        lambda x, a: np.stack([x[0] + x[1] - a[0], 2 * x[0] + 2 * x[1] - 2 * a[0]]),
        np.zeros(2),
    ),
    "unknown that does not occur": (
        lambda x, a: np.stack([x[0] - a[0], 2 * x[0]]),
        np.zeros(2),
    ),
    "infinite slope": (lambda x, a: np.sqrt(x) - a, np.zeros(1)),
    "not converged": (lambda x, a: x**3 - 8.0 - a, np.full(1, 1.0)),
}


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("case", SINGULAR)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_ill_posed(case, mode):
    residual, x = SINGULAR[case]
    with pytest.raises(dr.SolutionError, match="ill-posed"):
        dr.jacobian(lambda a: implicit(lambda x: residual(x, a), x), mode=mode)(np.zeros(1))


def test_condition_number_is_named():
    with pytest.raises(
        dr.SolutionError, match=r"singular \(condition number (inf|[0-9.]+e\+1[5-9])"
    ):
        check_regular(np.array([[1.0, 1.0], [1.0, 1.0 + 1e-16]]), "root")


def test_units_do_not_count():
    check_regular(np.diag([1e-12, 1e12]) @ np.array([[2.0, 1.0], [1.0, 2.0]]), "root")


def test_wrong_number_of_equations():
    with pytest.raises(dr.SolutionError, match="3 equations in 2 unknowns"):
        dr.jacobian(lambda a: implicit(lambda x: np.stack([a, x[0], x[1]]), np.ones(2)))(1.0)


def test_lanes_are_refused():
    with pytest.raises(dr.UnsupportedError, match="loop over the lanes"):
        dr.vmap(lambda a: implicit(lambda x: x * x - a, np.float64(1.0)))(P)
