"""Derivatives of large solutions by sparse Jacobians: those of dense ones, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csc_array

import dualrev as dr
from dualrev.errors import PatternError, SolutionError
from dualrev.scipy import optimize
from dualrev.scipy.optimize import linearised

P = np.array([2.0, 3.0])


def load(p, n):
    return p[0] * np.sin(p[1] * np.arange(n) / n)


def diffusion(u):
    edges = np.concatenate([[0.0], u, [0.0]])
    return edges[2:] - 2 * u + edges[:-2]


def by_root(p, n, method="krylov"):
    def f(u):
        return u + u**3 - 0.3 * diffusion(u) - load(p, n)

    return optimize.root(f, np.zeros(n), method=method, tol=1e-9).x


def energy(u, p):
    steps = np.concatenate([u[:1], u[1:] - u[:-1], u[-1:]])
    return np.sum(u**2 / 2 + u**4 / 4 - load(p, u.shape[0]) * u) + 0.15 * np.sum(steps**2)


def by_minimize(p, n):
    options = {"maxiter": 1000, "gtol": 1e-9, "ftol": 1e-30}
    return optimize.minimize(energy, np.zeros(n), args=(p,), method="L-BFGS-B", options=options).x


def by_bounded_minimize(p, n):
    """A third of the unknowns are held at a bound, which moves with p."""
    bounds = [(None, 0.6 + 0.1 * p[0])] * n if n < 300 else None
    return optimize.minimize(energy, np.zeros(n), args=(p,), method="L-BFGS-B", bounds=bounds).x


def by_least_squares(p, n):
    def f(u):
        return np.concatenate([u + u**3 - load(p, n), 0.5 * (u[1:] - u[:-1])])

    pattern = np.vstack([np.eye(n), np.eye(n)[1:] + np.eye(n)[:-1]]) if n < 1000 else None
    return optimize.least_squares(
        f, np.zeros(n), jac_sparsity=pattern, xtol=1e-12, ftol=1e-14, gtol=1e-12
    ).x


SOLUTIONS = [by_root, by_minimize, by_least_squares]


def measure(solution, n):
    weights = np.cos(np.arange(n))
    return lambda p: np.sum(weights * solution(p, n) ** 2)


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_the_same_as_with_dense_jacobians(solution, monkeypatch):
    g = measure(solution, 210)

    def derivatives():
        return dr.grad(g)(P), dr.jacobian(g, mode="forward")(P), dr.hessian(g)(P)

    assert linearised.FROM <= 210
    found = derivatives()
    monkeypatch.setattr(linearised, "FROM", 10**9)
    for own, dense in zip(found, derivatives(), strict=True):
        np.testing.assert_allclose(own, dense, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_roots_and_minima_agree():
    """The equations are the gradient of the energy."""
    np.testing.assert_allclose(
        dr.grad(measure(by_root, 210))(P), dr.grad(measure(by_minimize, 210))(P), rtol=1e-5
    )


@pytest.mark.parametrize("solution", [by_root, by_minimize])
def test_no_dense_matrix(solution):
    """A dense Jacobian of 10 000 unknowns takes 800 MB."""
    g = measure(solution, 10_000)
    tracemalloc.start()
    found = dr.grad(g)(P)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6
    h = 1e-4
    difference = [(g(P + h * e) - g(P - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(found, difference, rtol=1e-3, atol=1e-4)


def test_active_bounds(monkeypatch):
    g = measure(by_bounded_minimize, 210)
    held = by_bounded_minimize(P, 210) == 0.8
    assert 0 < np.count_nonzero(held) < 210
    found = dr.grad(g)(P)
    monkeypatch.setattr(linearised, "FROM", 10**9)
    np.testing.assert_allclose(found, dr.grad(g)(P), rtol=1e-8)


def test_dense_systems_stay_dense(rng, monkeypatch):
    A = rng.normal(size=(200, 200)) / 20 + np.eye(200)
    monkeypatch.setattr(linearised, "jacobian", None)

    def total(b):
        return np.sum(optimize.root(lambda x: A @ x - b * np.ones(200), np.zeros(200)).x)

    assert dr.grad(total)(1.0) == pytest.approx(np.sum(np.linalg.solve(A, np.ones(200))))


def test_equations_that_cannot_be_followed_stay_dense(monkeypatch):
    def refuse(*args):
        raise PatternError("no", "nothing")

    found = dr.grad(measure(by_root, 210))(P)
    monkeypatch.setattr(linearised, "jacobian_pattern", refuse)
    np.testing.assert_allclose(dr.grad(measure(by_root, 210))(P), found, rtol=1e-9)


def test_dependence_that_hides_from_detection(monkeypatch):
    def refuse(*args):
        raise PatternError("it hides", "nothing")

    found = dr.grad(measure(by_root, 210))(P)
    monkeypatch.setattr(linearised, "jacobian", lambda *args, **options: refuse)
    np.testing.assert_allclose(dr.grad(measure(by_root, 210))(P), found, rtol=1e-9)


# -- solutions without derivatives ------------------------------------------------------------------------------------


def minimum(curvatures, at=1.0):
    """Return a function whose Hessian has these curvatures on its diagonal."""

    def g(p):
        def f(x):
            return np.sum(curvatures * (x - p) ** 2)

        return np.sum(optimize.minimize(f, np.full(300, at), method="L-BFGS-B").x)

    return g


def test_a_singular_jacobian_is_refused_with_its_condition():
    with pytest.raises(SolutionError, match="condition number inf"):
        dr.grad(minimum(np.append(np.ones(299), 0.0)))(1.0)


def test_coupled_singular_jacobians():
    """Differences alone do not determine a sum."""

    def g(p):
        def f(x):
            return np.sum((x[1:] - x[:-1] - p) ** 2)

        return np.sum(optimize.minimize(f, np.zeros(300), method="L-BFGS-B").x)

    with pytest.raises(SolutionError, match="condition number"):
        dr.grad(g)(0.0)


def test_units_do_not_count():
    assert dr.grad(minimum(10.0 ** np.linspace(-12, 12, 300)))(1.0) == pytest.approx(300.0)


def test_solutions_that_are_not_reached():
    """At a threefold root a Newton step changes the Jacobian as much as it is."""

    def g(p):
        return np.sum(optimize.root(lambda x: (x - p) ** 3, np.zeros(300), method="krylov").x)

    with pytest.raises(SolutionError):
        dr.grad(g)(1.0)


def test_derivatives_that_are_not_finite():
    def f(x, p):
        return np.cbrt(x) - p * np.zeros(300)

    with pytest.raises(SolutionError, match="not finite"):
        dr.grad(lambda p: np.sum(optimize.root(f, np.zeros(300), (p,), method="krylov").x))(1.0)


# -- the parts --------------------------------------------------------------------------------------------------------


def test_norms_are_those_of_dense_matrices(rng):
    for _ in range(20):
        A = rng.normal(size=(12, 12)) * 10 ** rng.uniform(-3, 3, (12, 12))
        found = linearised._norm(lambda v, A=A: A @ v, lambda v, A=A: A.T @ v, 12)
        assert 0.3 * np.linalg.norm(A, 1) <= found <= np.linalg.norm(A, 1) * (1 + 1e-12)
    assert linearised._norm(lambda v: v * np.nan, lambda v: v, 4) == np.inf


def test_factors(rng):
    filled = rng.random((40, 40)) < 0.1
    A = csc_array(
        np.where(filled, rng.random((40, 40)), 0) + np.diag(10.0 ** np.linspace(-5, 5, 40))
    )
    b = rng.normal(size=40)
    factors = linearised.Factors("root", A)
    np.testing.assert_allclose(factors.solve(b), np.linalg.solve(A.toarray(), b), rtol=1e-6)
    np.testing.assert_allclose(factors.solve(b, "T"), np.linalg.solve(A.toarray().T, b), rtol=1e-6)
    np.testing.assert_allclose(factors.magnitude(b), abs(A.toarray()) @ b, rtol=1e-12)
