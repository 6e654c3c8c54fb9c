"""Derivatives of constrained and unconstrained minima: closed forms, differences of tight solutions, refusals."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize as original

import dualrev as dr
from dualrev.scipy import optimize
from dualrev.scipy.optimize.optimality import differentiate_minimum, differentiate_root

RNG = np.random.default_rng(1)
Q = RNG.standard_normal((4, 4))
Q = Q @ Q.T + np.eye(4)
A = RNG.standard_normal((2, 4))
B = np.array([0.3, -0.2])
C = np.array([1.0, 2.0, -1.0, 0.5])


def found(x, success=True, message=""):
    return SimpleNamespace(x=np.asarray(x, float), success=success, message=message)


def quadratic(x, c):
    return 0.5 * x @ Q @ x - c @ x


def kkt(c, b, rows):
    """Minimum of the quadratic with these rows as equations, and its multipliers."""
    n, m = 4, len(rows)
    K = np.block([[Q, rows.T], [rows, np.zeros((m, m))]])
    return np.linalg.solve(K, np.concatenate([c, b]))[:n]


# -- unconstrained ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_quadratic(mode):
    minimum = lambda c: differentiate_minimum(
        lambda x: quadratic(x, c), found(np.linalg.solve(Q, C))
    )
    np.testing.assert_allclose(dr.jacobian(minimum, mode=mode)(C), np.linalg.inv(Q), rtol=1e-11)


def test_a_solver_that_stops_early_has_the_derivative_of_the_minimum():
    """The value is the solver's, the derivative that of the solution near it."""
    objective = lambda x, a: np.exp(x[0]) - a * x[0]  # minimum at log a
    for error in (0.0, 1e-9, 1e-5, 1e-3):
        minimum = lambda a, e=error: differentiate_minimum(
            lambda x: objective(x, a), found([np.log(3.0) + e])
        )[0]
        value, slope = dr.value_and_grad(minimum)(3.0)
        assert value == np.log(3.0) + error
        assert slope == pytest.approx(1 / 3, rel=1e-12)
        assert dr.grad(dr.grad(minimum))(3.0) == pytest.approx(-1 / 9, rel=1e-11)


@pytest.mark.parametrize(
    "method", ["BFGS", "CG", "L-BFGS-B", "Newton-CG", "trust-exact", "trust-krylov", "Nelder-Mead"]
)
def test_methods_of_minimize(method):
    """Rosenbrock's function with its valley moved: the minimum is (a, a²)."""
    f = lambda x, a: 100 * (x[1] - x[0] ** 2) ** 2 + (a - x[0]) ** 2
    minimum = lambda a: optimize.minimize(f, [1.1, 1.2], (a,), method=method).x
    np.testing.assert_allclose(dr.jacobian(minimum)(1.0), [1.0, 2.0], rtol=1e-8)
    np.testing.assert_allclose(dr.jacobian(minimum, mode="reverse")(1.0), [1.0, 2.0], rtol=1e-8)
    np.testing.assert_allclose(dr.jacobian(dr.jacobian(minimum))(1.0), [0, 2.0], atol=1e-6)


def test_bilevel():
    """Ridge regression: the derivative of the validation loss by the penalty, through the fit."""
    X, V = RNG.standard_normal((8, 3)), RNG.standard_normal((5, 3))
    y, w = X @ [1.0, 2.0, 3.0] + 0.3 * RNG.standard_normal(8), V @ [1.0, 2.0, 3.0]

    def validation(penalty):
        fit = optimize.minimize(
            lambda b: np.sum((X @ b - y) ** 2) + penalty * b @ b, np.zeros(3), method="trust-exact"
        )
        return np.sum((V @ fit.x - w) ** 2)

    closed = lambda k: np.sum((V @ np.linalg.solve(X.T @ X + k * np.eye(3), X.T @ y) - w) ** 2)
    assert dr.grad(validation)(0.7) == pytest.approx(dr.grad(closed)(0.7), rel=1e-7)
    assert dr.grad(dr.grad(validation))(0.7) == pytest.approx(
        dr.grad(dr.grad(closed))(0.7), rel=1e-7
    )
    best = optimize.minimize(lambda k: validation(k[0]), [0.7], bounds=[(0, None)])
    assert best.success
    assert best.fun <= closed(0.7)


# -- constrained --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_equality_constraints(method):
    minimum = lambda c, b: (
        optimize.minimize(
            quadratic,
            np.zeros(4),
            (c,),
            method=method,
            constraints=optimize.LinearConstraint(A, b, b),
        ).x
    )
    expected = dr.jacobian(lambda c, b: kkt(c, b, A), (0, 1))(C, B)
    for mode in ("forward", "reverse"):
        got = dr.jacobian(minimum, (0, 1), mode=mode)(C, B)
        np.testing.assert_allclose(got[0], expected[0], rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-9, atol=1e-11)


def test_active_and_inactive_inequalities():
    """The first row is active, the second far off; both kinds of dicts and limits on either side."""
    slack = A @ kkt(C, B[:0], A[:0])
    b = slack[0] - 1.0
    forms = [
        [optimize.LinearConstraint(A, [-np.inf, -np.inf], [b, slack[1] + 5])],
        [{"type": "ineq", "fun": lambda x: np.stack([b - A[0] @ x, slack[1] + 5 - A[1] @ x])}],
        [optimize.NonlinearConstraint(lambda x: -(A @ x), [-b, -slack[1] - 5], np.inf)],
    ]
    expected = dr.jacobian(lambda c: kkt(c, np.array([b]), A[:1]))(C)
    for constraints in forms:
        minimum = lambda c, k=constraints: (
            optimize.minimize(quadratic, np.zeros(4), (c,), method="SLSQP", constraints=k).x
        )
        np.testing.assert_allclose(dr.jacobian(minimum)(C), expected, rtol=1e-9, atol=1e-11)


CURVED = lambda p, method: (
    optimize.minimize(
        lambda x: (x[0] - 2) ** 2 + (x[1] - p) ** 2,
        [0.1, 0.1],
        method=method,
        constraints=[optimize.NonlinearConstraint(lambda x: x[0] ** 2 + p * x[1] ** 2, -np.inf, p)],
    ).x
)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA"])
def test_curved_constraints_to_second_order(method):
    def root(p):
        """Stationarity of the Lagrangian and the active constraint, as equations by SciPy."""
        equations = lambda z: [
            2 * (z[0] - 2) + 2 * z[2] * z[0],
            2 * (z[1] - p) + 2 * z[2] * p * z[1],
            z[0] ** 2 + p * z[1] ** 2 - p,
        ]
        return original.root(equations, [1.0, 0.6, 1.0], tol=1e-14).x[:2]

    h = 1e-3
    first = (8 * (root(1.5 + h) - root(1.5 - h)) - root(1.5 + 2 * h) + root(1.5 - 2 * h)) / (12 * h)
    second = (root(1.5 + h) - 2 * root(1.5) + root(1.5 - h)) / h**2
    slope = dr.jacobian(CURVED)
    np.testing.assert_allclose(slope(1.5, method), first, rtol=1e-9)
    np.testing.assert_allclose(dr.jacobian(CURVED, mode="reverse")(1.5, method), first, rtol=1e-9)
    np.testing.assert_allclose(dr.jacobian(slope)(1.5, method), second, rtol=1e-5)


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Powell"])
def test_bounds(method):
    minimum = lambda p, upper: (
        optimize.minimize(
            lambda x: (x[0] - p) ** 2 + (x[1] - 2 * p) ** 2 + 1.5 * x[0] * x[1],
            [0.5, 1.0],
            method=method,
            bounds=[(0, upper), (-5, 5)],
        ).x
    )
    # At the lower bound x₀ = 0, with the multiplier p: x₁ = 2 p.
    by_p, by_upper = dr.jacobian(minimum, (0, 1))(1.5, 1.0)
    np.testing.assert_allclose(by_p, [0, 2], atol=1e-9)
    np.testing.assert_allclose(by_upper, [0, 0], atol=1e-12)
    # At the upper bound x₀ = u: x₁ = 2 p - u / 2.
    held = lambda u: (
        optimize.minimize(
            lambda x: (x[0] - 3) ** 2 + (x[1] - 1) ** 2 + x[0] * x[1],
            [0.5, 1.0],
            method=method,
            bounds=[(0, u), (-5, 5)],
        ).x
    )
    np.testing.assert_allclose(dr.jacobian(held)(1.0), [1, -0.5], rtol=1e-8)


def test_bounds_and_constraints_of_a_solver_that_keeps_away_from_them():
    """trust-constr stops 2e-3 from a bound here; which bounds hold is found by the minimum of the others."""

    def minimum(p, method):
        return optimize.minimize(
            lambda x: (x[0] - 2) ** 2 + (x[1] - p) ** 2 + 0.1 * x[2] ** 2,
            [0.1, 0.1, 0.1],
            method=method,
            bounds=[(0, 1.5), (0, None), (0.5, None)],
            constraints={"type": "ineq", "fun": lambda x: 4 * p - x[0] ** 2 - x[1] ** 2},
        ).x

    for method in ("trust-constr", "SLSQP"):
        np.testing.assert_allclose(dr.jacobian(minimum)(1.5, method), [0, 1, 0], atol=1e-9)


def test_a_vertex():
    """As many active constraints as variables: the objective does not count."""
    minimum = lambda b: (
        optimize.minimize(
            lambda x: -x[0] - x[1],
            [0.0, 0.0],
            method="SLSQP",
            constraints=optimize.LinearConstraint([[1, 2], [3, 1]], -np.inf, b),
        ).x
    )
    b = np.array([4.0, 6.0])
    np.testing.assert_allclose(dr.jacobian(minimum)(b), np.linalg.inv([[1, 2], [3, 1]]), rtol=1e-10)


def test_all_variables_at_bounds():
    minimum = lambda b: (
        optimize.minimize(lambda x: np.sum(x), [1.0, 1.0], bounds=[(b, 2), (2 * b, 3)]).x
    )
    np.testing.assert_array_equal(dr.jacobian(minimum)(0.5), [1.0, 2.0])


def test_containers_in_and_out():
    def minimum(p):
        f = lambda d: (d["u"] - p) ** 2 + np.sum((d["v"] - p * d["u"]) ** 2)
        return optimize.minimize(f, {"u": 1.0, "v": np.ones(2)}, method="BFGS").x

    u, v = dr.jacobian(lambda p: (minimum(p)["u"], minimum(p)["v"]))(2.0)
    assert u == pytest.approx(1.0, rel=1e-9)
    np.testing.assert_allclose(v, [4.0, 4.0], rtol=1e-9)


def test_value_at_the_minimum():
    """The envelope theorem: the derivative of the least value is that at fixed x."""
    best = lambda a: (
        optimize.minimize(lambda x: np.exp(x[0]) - a * x[0], [1.0], method="trust-exact").fun
    )
    assert dr.grad(best)(3.0) == pytest.approx(-np.log(3.0), rel=1e-7)
    assert dr.grad(dr.grad(best))(3.0) == pytest.approx(-1 / 3, rel=1e-6)


# -- refusals -----------------------------------------------------------------------------------------------------

ZERO = np.zeros(2)
REFUSED = {
    "did not converge": lambda a: differentiate_minimum(
        lambda x: (x[0] - a) ** 2, found([0.1], False, "out of\n  luck")
    ),
    r"not converge \(out of luck\)": lambda a: differentiate_minimum(
        lambda x: (x[0] - a) ** 2, found([0.1], False, "out of\n  luck")
    ),
    r"singular \(condition number": lambda a: differentiate_minimum(
        lambda x: (x[0] + x[1] - a) ** 2, found([0.5, 0.5])
    ),
    "not smooth": lambda a: differentiate_minimum(
        lambda x: np.abs(x[0] - a) + x[0] ** 2, found([0.3 + 1e-9])
    ),
    r"bound of x\[0\] is weakly active": lambda a: differentiate_minimum(
        lambda x: (x[0] + a - 0.3) ** 2 + x[1] ** 2, found([0.0, 0.0]), (ZERO, ZERO + 5)
    ),
    "entry 1 of constraint 0 is weakly active": lambda a: differentiate_minimum(
        lambda x: np.sum((x + a - 0.3) ** 2) + x[0],
        found([0.0, 0.0]),
        (),
        [(lambda x: x, ZERO, np.inf)],
    ),
    "is no minimum": lambda a: differentiate_minimum(
        lambda x: (x[0] - a) ** 2 + x[1] ** 2, found([0.0, 0.0]), (ZERO - [0, 1], ZERO + 5)
    ),
    "singular": lambda a: differentiate_minimum(
        lambda x: np.sum((x - a) ** 2),
        found([0.2, 0.2]),
        None,
        [
            (
                lambda x: np.stack([x[0] + x[1], 2 * x[0] + 2 * x[1]]),
                np.array([0.4, 0.8]),
                np.array([0.4, 0.8]),
            )
        ],
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_refusals(words):
    solve = REFUSED[words]
    if words.startswith("entry"):
        solve = lambda a: differentiate_minimum(
            lambda x: np.sum((x + a - 0.3) ** 2) + x[0],
            found([0.0, 0.0]),
            None,
            [(lambda x: x, ZERO, np.inf)],
        )
    with pytest.raises(dr.SolutionError, match=words):
        dr.jacobian(solve)(0.3)


def test_a_failure_at_the_minimum_is_none():
    """Rounding keeps a solver from its tolerance, at the minimum itself; a failure far from it is refused."""
    solve = lambda a, e: differentiate_minimum(
        lambda x: np.exp(x[0]) - a * x[0], found([np.log(3.0) + e], False, "precision loss")
    )
    assert dr.jacobian(solve)(3.0, 1e-8)[0] == pytest.approx(1 / 3, rel=1e-12)
    for e in (1e-3, 0.5, 5.0):
        with pytest.raises(dr.SolutionError, match=r"did not converge \(precision loss\)"):
            dr.jacobian(solve)(3.0, e)


def test_kinks_far_from_the_solution_do_no_harm():
    minimum = lambda a: differentiate_minimum(
        lambda x: (x[0] - a) ** 2 + np.abs(x[0]), found([0.5])
    )[0]
    assert dr.grad(minimum)(1.0) == pytest.approx(1.0, rel=1e-13)


def test_noise_is_not_taken_for_a_kink():
    """Rounding in an ill-conditioned system makes Newton steps that are long and lead nowhere."""

    def residual(x, a):
        noise = ((x[0] * 1e7 + 1e14) - 1e14) * 1e-7 - x[0]  # zero, within 1e-9
        return np.stack([x[0] + x[1] - 2 * a, x[0] + x[1] + 1e-5 * (x[0] - x[1]) - 2 * a + noise])

    x = np.array([1.00001, 0.99999])
    J = np.array([[1, 1], [1 + 1e-5, 1 - 1e-5]])
    step = np.linalg.solve(J, residual(x, 1.0))
    assert abs(step).max() > 1e-6
    slope = dr.jacobian(lambda a: differentiate_root("test", lambda x: residual(x, a), x))(1.0)
    np.testing.assert_allclose(slope, [1.0, 1.0], rtol=1e-8)


def test_roots_entry_by_entry():
    x = np.array([1.0, 2.0])
    solve = lambda a: differentiate_root("test", lambda x: x**2 - a, x, elementwise=True)
    np.testing.assert_array_equal(dr.jacobian(solve)(x**2), np.diag(0.5 / x))
    with pytest.raises(dr.SolutionError, match="zero or not finite at the root of entry 1"):
        dr.jacobian(
            lambda a: differentiate_root(
                "test",
                lambda x: (x - a) ** 2 * np.array([0, 1.0]) + np.array([1.0, 0]) * (x - a),
                x,
                True,
            )
        )(x)


def test_nothing_traced_is_nothing_done():
    x = np.array([2.0**0.5])
    assert differentiate_root("test", lambda x: x**2 - 2, x) is x


def test_lanes_are_refused():
    with pytest.raises(dr.UnsupportedError, match="minimize inside vmap"):
        dr.vmap(lambda a: optimize.minimize(lambda x: (x[0] - a) ** 2, [0.0]).x)(np.ones(2))
