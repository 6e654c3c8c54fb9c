"""Sparse Jacobians in Radau, BDF and LSODA: found, kept through changes of the right-hand side, used by derivatives."""

import math
import tracemalloc

import numpy as np
import pytest
from scipy import integrate as original
from scipy import sparse

import dualrev as dr
from dualrev.errors import PatternError, UnsupportedError
from dualrev.scipy import integrate
from dualrev.scipy.integrate import blocks, factorised, flow, jacobians
from tests.problems.sparse import FAMILIES
from tests.scipy.integrate.test_jacobians import Counted

GRID = FAMILIES["brusselator_periodic"].at(12)
LINE = FAMILIES["brusselator_line"].at(150)
TOLERANCES = {"rtol": 1e-5, "atol": 1e-8}


def rhs_of(problem):
    return lambda t, y: problem.function(y)


@pytest.mark.parametrize("method", ["Radau", "BDF", original.Radau, original.BDF])
def test_the_same_steps_as_with_differences(method):
    """One evaluation finds the pattern; else one per evaluation that SciPy counts, and one per Jacobian."""
    f = Counted(rhs_of(GRID))
    res = integrate.solve_ivp(f, (0, 1), GRID.start, method, **TOLERANCES)
    theirs = original.solve_ivp(rhs_of(GRID), (0, 1), GRID.start, method, **TOLERANCES)
    assert f.calls == 1 + res.nfev + res.njev
    counts = ("nfev", "njev", "nlu", "status")
    assert [res[c] for c in counts] == [theirs[c] for c in counts]
    np.testing.assert_allclose(res.y, theirs.y, rtol=1e-8)


def test_no_dense_matrix():
    """4000 unknowns: a dense Jacobian takes 128 MB, a dense factorisation as much again."""
    problem = FAMILIES["brusselator_line"].at(2000)
    assert problem.start.size == 4000
    for method in ("Radau", "BDF", "LSODA"):
        tracemalloc.start()
        res = integrate.solve_ivp(rhs_of(problem), (0, 0.02), problem.start, method)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert res.success
        assert peak < 40e6


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_small_systems_on_request(method):
    small = FAMILIES["brusselator_line"].at(10)
    asked = integrate.solve_ivp(rhs_of(small), (0, 1), small.start, method, jac="sparse")
    dense = integrate.solve_ivp(rhs_of(small), (0, 1), small.start, method)
    assert (asked.nfev, asked.njev, asked.nlu) == (dense.nfev, dense.njev, dense.nlu)
    np.testing.assert_allclose(asked.y, dense.y, rtol=1e-7)


def test_requests_that_cannot_be_met():
    with pytest.raises(UnsupportedError, match="takes no Jacobian"):
        integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], jac="sparse")
    with pytest.raises(UnsupportedError, match="complex"):
        integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0j], "BDF", jac="sparse")

    def opaque(t, y):
        return np.array([math.sin(y[0])])

    with pytest.raises(dr.EscapeError) as caught:
        integrate.solve_ivp(opaque, (0, 1), [1.0], "BDF", jac="sparse")
    assert 'jac="2-point"' in "".join(getattr(caught.value, "__notes__", ['jac="2-point"']))


def test_functions_that_cannot_be_followed_have_dense_jacobians(monkeypatch):
    def refuse(*args):
        raise PatternError("no", "nothing")

    monkeypatch.setattr(jacobians, "jacobian_pattern", refuse)
    ours = integrate.solve_ivp(rhs_of(LINE), (0, 0.1), LINE.start, "Radau")
    monkeypatch.undo()
    theirs = integrate.solve_ivp(rhs_of(LINE), (0, 0.1), LINE.start, "Radau")
    np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-9)


@pytest.mark.parametrize("format", ["csc", "coo"])
def test_dependence_that_hides_from_detection(format):
    def refuse(*args):
        raise PatternError("it hides", "nothing")

    exact = jacobians.Compressed(LINE.function, format=format)
    J = exact(LINE.start)
    exact._sparse = refuse
    assert exact(LINE.start).format == J.format == format
    np.testing.assert_allclose(exact(LINE.start).toarray(), J.toarray(), rtol=1e-12, atol=1e-9)


def test_dense_systems_stay_dense(monkeypatch):
    weights = np.random.default_rng(0).normal(size=(220, 220)) / 15

    def refuse(*args):
        raise AssertionError

    monkeypatch.setattr(jacobians, "Compressed", refuse)
    for method in ("Radau", "LSODA"):
        assert integrate.solve_ivp(
            lambda t, y: np.tanh(weights @ y) - y, (0, 1), np.ones(220), method
        ).success


# -- the pattern holds for all times ----------------------------------------------------------------------------------

N = 200
START = np.sin(np.arange(N))
PROFILE = np.linspace(1.0, 2.0, N)
SWITCHED = {
    "sine": lambda t, y: 50 * np.sin(t) * np.roll(y, 1) - y**3,
    "profile": lambda t, y: np.sin(t) * PROFILE * np.roll(y, 1) - y**3,
    "math": lambda t, y: math.sin(t) * PROFILE * np.roll(y, 1) - y**3,
    "ramp": lambda t, y: 50 * np.maximum(0, t - 0.5) * np.roll(y, 1) - y**3,
    "comparison": lambda t, y: (t > 0.5) * PROFILE * np.roll(y, 1) - y**3,
    "mask": lambda t, y: (PROFILE * t > 0.9) * np.roll(y, 1) - y**3,
    "where": lambda t, y: np.where(t > 0.5, np.roll(y, 1), 0.0) - y**3,
    "branch": lambda t, y: (np.roll(y, 1) if t > 0.5 else 0.0) - y**3,
    "branch on the state": lambda t, y: (np.roll(y, 1) if y[0] < -0.4 else -1.0) - y**3,
    "parameter": lambda t, y, a=0.0: (a + t) * np.roll(y, 1) - y**3,
}


@pytest.mark.parametrize("name", SWITCHED)
def test_couplings_that_vanish_at_first(name):
    f = SWITCHED[name]
    ours = integrate.solve_ivp(f, (0, 1), START, "BDF", **TOLERANCES)
    theirs = original.solve_ivp(f, (0, 1), START, "BDF", **TOLERANCES)
    np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], rtol=0, atol=1e-3)
    assert ours.nlu <= theirs.nlu + 5
    if "branch" in name:
        return

    found = dr.sparse.jacobian_pattern(lambda y, t: f(t, y), START, 0.0)
    assert found.nnz == 2 * N


def test_states_that_start_at_zero():
    ours = integrate.solve_ivp(
        lambda t, y: y**2 * np.roll(y, 1) - y**3 + 1, (0, 1), np.zeros(N), "Radau"
    )
    theirs = original.solve_ivp(
        lambda t, y: y**2 * np.roll(y, 1) - y**3 + 1, (0, 1), np.zeros(N), "Radau"
    )
    np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], rtol=1e-6)


def test_extra_arguments():
    def f(t, y, a, b):
        return a * np.roll(y, 1) + b["cubic"] * y**3

    start = START + 2
    array = integrate.solve_ivp(
        lambda t, y, a, b: a * np.roll(y, 1) + b * y**3,
        (0, 1),
        start,
        "BDF",
        args=np.array([0, -1.0]),
    )
    ours = integrate.solve_ivp(f, (0, 1), start, "BDF", args=(0.0, {"cubic": -1.0}))
    np.testing.assert_allclose(ours.y[:, -1] ** -2.0, start**-2.0 + 2, rtol=2e-2)
    np.testing.assert_allclose(array.y, ours.y, rtol=1e-9)


# -- LSODA ------------------------------------------------------------------------------------------------------------


def test_lsoda_gets_the_band():
    f = Counted(rhs_of(LINE))
    ours = integrate.solve_ivp(f, (0, 2), LINE.start, "LSODA", **TOLERANCES)
    theirs = original.solve_ivp(rhs_of(LINE), (0, 2), LINE.start, "LSODA", lband=2, uband=2)
    assert ours.njev > 0
    assert f.calls == 1 + ours.nfev + ours.njev
    np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], rtol=1e-2)


@pytest.mark.parametrize("tfirst", [True, False])
def test_odeint_gets_the_band(tfirst):
    f = Counted((lambda t, y: LINE.function(y)) if tfirst else (lambda y, t: LINE.function(y)))
    t = np.linspace(0, 2, 3)
    ours, info = integrate.odeint(f, LINE.start, t, full_output=True, tfirst=tfirst)
    theirs = original.odeint(lambda y, t: LINE.function(y), LINE.start, t, ml=2, mu=2)
    assert info["nje"][-1] > 0
    assert f.calls <= 3 + info["nfe"][-1] + info["nje"][-1]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_odeint_with_a_band_that_is_outgrown():
    t = np.linspace(0, 1, 3)
    ours, info = integrate.odeint(outgrowing, START, t, tfirst=True, full_output=True)
    assert info["nje"][-1] > 0
    np.testing.assert_allclose(ours, original.odeint(outgrowing, START, t, tfirst=True), rtol=1e-5)


def outgrowing(t, y):
    out = -1000.0 * (y - np.cos(t)) + np.concatenate([y[1:], y[:1] * 0])
    return out + np.roll(y, 100) if t > 0.5 else out


def test_a_band_that_is_outgrown():
    ours = integrate.solve_ivp(outgrowing, (0, 1), START, "LSODA", **TOLERANCES)
    theirs = original.solve_ivp(outgrowing, (0, 1), START, "LSODA", **TOLERANCES)
    assert ours.njev > 0
    np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], rtol=1e-4)


def test_a_band_that_changes_within():
    def f(t, y):
        out = -1000.0 * (y - np.cos(t))
        if t > 0.5:
            out = out + 100 * np.concatenate([y[1:], [0.0]])
        else:
            out = out + 100 * np.concatenate([y[3:], [0.0, 0.0, 0.0]])
        return out

    ours = integrate.solve_ivp(f, (0, 1), START, "LSODA", **TOLERANCES)
    theirs = original.solve_ivp(f, (0, 1), START, "LSODA", **TOLERANCES)
    np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], rtol=1e-4)


# -- derivatives of solutions -----------------------------------------------------------------------------------------

M = 10
WEIGHTS = np.random.default_rng(0).normal(size=2 * M * M)


def end(p, method="Radau", rtol=1e-6):
    """Return a mean of the state at the end, of 200 unknowns."""

    def f(t, y, A, B):
        u, v = y.reshape(2, M, M)

        def laplacian(w):
            shifted = np.roll(w, 1, 0) + np.roll(w, -1, 0) + np.roll(w, 1, 1) + np.roll(w, -1, 1)
            return p[2] * M**2 * (shifted - 4 * w)

        return np.concatenate(
            [
                (A + u**2 * v - (B + 1) * u + laplacian(u)).ravel(),
                (B * u - u**2 * v + laplacian(v)).ravel(),
            ]
        )

    x = np.arange(M) / M
    u = 1 + 0.3 * np.sin(2 * np.pi * x)[:, None] * np.cos(2 * np.pi * x)
    y0 = np.concatenate([u.ravel(), np.full(M * M, 3.0)])
    sol = integrate.solve_ivp(f, (0, 0.5), y0, method, args=(p[0], p[1]), rtol=rtol, atol=1e-9)
    return WEIGHTS @ sol.y[:, -1]


P = np.array([1.0, 3.0, 0.02])


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_gradients(method, monkeypatch):
    """By tangents, by the adjoint, and with dense Jacobians."""
    tangents = dr.jacobian(end, mode="forward")(P, method)
    reverse = dr.grad(end)(P, method)
    if method != "LSODA":
        np.testing.assert_allclose(reverse, tangents, rtol=1e-5)
    monkeypatch.setattr(flow, "MANY_SPARSE", 0)
    adjoint = dr.grad(end)(P, method)
    np.testing.assert_allclose(adjoint, tangents, rtol=1e-3)
    monkeypatch.setattr(jacobians, "FROM", 10**9)
    if method == "BDF":
        np.testing.assert_allclose(dr.grad(end)(P, method), adjoint, rtol=1e-8)
    dense = dr.jvp(lambda p: end(p, method), (P,), (np.eye(3)[1],))[1]
    np.testing.assert_allclose(dense, tangents[1], rtol=1e-4)


def along(b):
    return end(P + b * np.array([0.0, 1.0, 0.01]), rtol=1e-5)


def test_second_derivatives(monkeypatch):
    """Forward over forward, reverse over forward, and with dense Jacobians."""

    def slope(b):
        return dr.jvp(along, (b,), (1.0,))[1]

    forward = dr.jvp(slope, (0.0,), (1.0,))[1]
    assert dr.grad(slope)(0.0) == pytest.approx(forward, rel=1e-8)
    monkeypatch.setattr(jacobians, "FROM", 10**9)
    assert dr.jvp(slope, (0.0,), (1.0,))[1] == pytest.approx(forward, rel=1e-6)


def test_second_derivatives_by_the_adjoint(monkeypatch):
    forward = dr.jvp(lambda b: dr.jvp(along, (b,), (1.0,))[1], (0.0,), (1.0,))[1]
    monkeypatch.setattr(flow, "MANY_SPARSE", 0)
    assert dr.jvp(dr.grad(along), (0.0,), (1.0,))[1] == pytest.approx(forward, rel=1e-2)


def test_many_tangents_share_the_factors():
    """With 20 directions the tangent system has 2100 states for 100 cells: 35 MB as a dense matrix."""
    problem = FAMILIES["brusselator_line"].at(250)

    def total(p):
        def f(t, y):
            return problem.function(y) + np.repeat(p, 25)

        return integrate.solve_ivp(f, (0, 0.1), problem.start, "BDF").y[::100, -1]

    tracemalloc.start()
    J = dr.jacobian(total, mode="forward")(np.zeros(20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6
    h = 1e-2
    e = np.eye(20)[7] * h
    np.testing.assert_allclose(J[:, 7], (total(e) - total(-e)) / (2 * h), rtol=0, atol=1e-4)


# -- factorisations ---------------------------------------------------------------------------------------------------


def system(rng, n=30, diagonal=True):
    J = np.where(rng.random((n, n)) < 0.1, rng.normal(size=(n, n)), 0)
    return sparse.csc_matrix(J + np.eye(n) if diagonal else J)


@pytest.mark.parametrize("c", [3.7, 2.0 - 5.0j])
@pytest.mark.parametrize("diagonal", [True, False])
def test_shifted_matrices(c, diagonal, rng):
    J = system(rng, diagonal=diagonal)
    b = rng.normal(size=30) + (1j * rng.normal(size=30) if np.iscomplexobj(c) else 0)
    plan = factorised._Plan(c, J)
    for k in (1.0, 10.0):
        other = sparse.csc_matrix((J.data * k, J.indices, J.indptr), shape=J.shape)
        dense = np.linalg.solve(c * np.eye(30) - other.toarray(), b)
        np.testing.assert_allclose(plan.factors(c, other).solve(b), dense, rtol=1e-10)
    assert plan.fits(other)
    assert not plan.fits(system(rng))


@pytest.mark.parametrize("c", [3.7, 2.0 - 5.0j])
def test_matrices_that_fill_up(c, rng):
    J = sparse.csc_matrix(np.where(rng.random((60, 60)) < 0.3, rng.normal(size=(60, 60)), 0))
    plan = factorised._Plan(c, J)
    assert plan.full
    b = rng.normal(size=60) + 0 * c
    dense = np.linalg.solve(c * np.eye(60) - J.toarray(), b)
    np.testing.assert_allclose(plan.factors(c, J).solve(b), dense, rtol=1e-10)


def test_a_system_whose_factors_fill_up(rng):
    weights = np.where(rng.random((N, N)) < 0.07, rng.normal(size=(N, N)), 0)

    def f(t, y):
        return np.tanh(weights @ y) - y

    def jac(t, y):
        return (1 - np.tanh(weights @ y) ** 2)[:, None] * weights - np.eye(N)

    for method in ("Radau", "BDF"):
        ours = integrate.solve_ivp(f, (0, 1), START, method)
        theirs = original.solve_ivp(f, (0, 1), START, method, jac=jac)
        np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("c", [3.7, 2.0 - 5.0j])
@pytest.mark.parametrize("columns", [(), (3,)])
def test_blocks(c, columns, rng):
    """Two tangents of a system, which is itself one of tangents."""
    J = blocks.Blocks(
        system(rng), sparse.csr_array(rng.normal(size=(30, 30))), rng.permutation(30)[None] + 30
    )
    places = 60 + rng.permutation(120).reshape(2, 60)
    J = blocks.Blocks(J, sparse.csr_array(rng.normal(size=(120, 60))), places)
    J = 0.5 * J
    solver = object.__new__(factorised._Radau)
    solver._plan = None
    found = solver._factors_of(c, J)
    b = rng.normal(size=(180, *columns)) + 0 * c
    exact = np.linalg.solve(c * np.eye(180) - J.toarray(), b)
    np.testing.assert_allclose(found.solve(b), exact, rtol=1e-8)
    assert J.shape == J.toarray().shape
    np.testing.assert_array_equal(J.T.toarray(), J.toarray().T)


def test_the_identity_that_is_not_formed():
    J = object()
    assert 3.0 * factorised._Identity() - J == (3.0, J)
    assert np.float64(3.0) * factorised._Identity() - J == (3.0, J)
    assert factorised._Identity() - J == (1.0, J)
