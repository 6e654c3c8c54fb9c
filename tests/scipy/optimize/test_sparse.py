"""Solvers with sparse derivatives, beside SciPy with dense exact ones and beside known solutions."""

import numpy as np
import pytest
from scipy import optimize as original
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

import dualrev as dr
from dualrev.errors import PatternError, ShapeError, UnsupportedError
from dualrev.scipy import optimize
from dualrev.scipy.optimize import constraints, factors
from dualrev.sparse.transform import SparseTransform
from tests.problems.sparse import FAMILIES, collocation


def broyden(x):
    """Broyden's tridiagonal function (Moré, Garbow & Hillstrom 1981, number 30)."""
    y = (3 - 2 * x) * x + 1
    return y - np.concatenate([[0.0], x[:-1]]) - 2 * np.concatenate([x[1:], [0.0]])


def rosenbrock(x):
    return np.sum(100 * (x[:-1] ** 2 - x[1:]) ** 2 + (x[:-1] - 1) ** 2)


def switching(x):
    """Neighbours to the right below 1, to the left above: the pattern of a detection holds for one of them only."""
    shifted = np.concatenate([x[1:], [0.0]]) if x[0] < 1 else np.concatenate([[0.0], x[:-1]])
    return x + 0.1 * shifted - 2


# -- least_squares --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["trf", "dogbox"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loss": "soft_l1", "f_scale": 0.5},
        {"x_scale": "jac"},
        {"bounds": (-0.8, 0.5)},
        {"tr_solver": "lsmr", "tr_options": {"maxiter": 500}},
    ],
    ids=["plain", "loss", "x_scale", "bounds", "lsmr"],
)
def test_least_squares(method, options):
    x0 = -0.5 * np.ones(120)
    own = optimize.least_squares(broyden, x0, "sparse", method=method, **options)
    exact = lambda x: sparse.csr_array(dr.jacobian(broyden)(x))
    theirs = original.least_squares(broyden, x0, exact, method=method, **options)
    assert isinstance(own.jac, sparse.csr_array)
    assert own.nfev == theirs.nfev
    np.testing.assert_allclose(own.x, theirs.x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(own.jac.toarray(), theirs.jac.toarray(), rtol=1e-7, atol=1e-9)


def test_least_squares_of_a_container():
    t = np.linspace(0, 1, 40)

    def residuals(p, scale, *, offset):
        wiggle = np.concatenate([p["curve"] - np.sin(3 * t), np.diff(p["curve"])])
        return scale * wiggle * p["size"] + offset

    start = {"size": 1.0, "curve": np.zeros(40)}
    arguments = {
        "args": (2.0,),
        "kwargs": {"offset": 0.1},
        "bounds": ({"size": 0.5, "curve": -9.0}, 9.0),
    }
    own = optimize.least_squares(residuals, start, "sparse", **arguments)
    dense = optimize.least_squares(residuals, start, **arguments)
    assert sparse.issparse(own.jac)
    assert own.cost == pytest.approx(dense.cost, rel=1e-6)
    np.testing.assert_allclose(own.x["curve"], dense.x["curve"], atol=1e-4)


def test_least_squares_is_sparse_of_itself_where_it_is_large():
    large = optimize.least_squares(broyden, -np.ones(3300))
    assert sparse.issparse(large.jac)
    assert large.optimality < 1e-8
    assert isinstance(optimize.least_squares(broyden, -np.ones(60)).jac, np.ndarray)


def test_lsmr_gets_a_sparse_jacobian_or_an_operator():
    A = np.random.default_rng(0).standard_normal((120, 120)) / 120
    chain = optimize.least_squares(broyden, -np.ones(120), tr_solver="lsmr")
    assert sparse.issparse(chain.jac)
    full = optimize.least_squares(lambda x: x + np.tanh(A @ x) - 1, np.zeros(120), tr_solver="lsmr")
    assert isinstance(full.jac, LinearOperator)


@pytest.mark.parametrize("options", [{"method": "lm"}, {"tr_solver": "exact"}])
def test_dense_methods_refuse(options):
    with pytest.raises(ValueError, match=r"only with dense Jacobian matrices.*lsmr"):
        optimize.least_squares(broyden, -np.ones(9), "sparse", **options)


def test_a_branch_that_changes_does_not_stop_a_fit():
    res = optimize.least_squares(switching, np.zeros(30), "sparse")
    np.testing.assert_allclose(switching(res.x), 0, atol=1e-7)
    with pytest.raises(PatternError, match="in place of jac_sparsity"):
        optimize.least_squares(switching, np.zeros(30), jac_sparsity=sparse.eye_array(30))


def test_what_follows_a_fit():
    t = np.linspace(0, 1, 60)
    y = np.sin(3 * t) + 0.01 * np.cos(40 * t)

    def residuals(knots):
        return np.concatenate([np.repeat(knots, 5) - y, 0.1 * np.diff(knots)])

    own = optimize.least_squares(
        residuals, np.zeros(12), "sparse", **dict.fromkeys(("xtol", "ftol", "gtol"), 1e-12)
    )
    dense = optimize.least_squares(residuals, np.zeros(12))
    assert sparse.issparse(own.jac)
    total = lambda knots: np.sum(knots**2)
    for of in (
        optimize.covariance,
        optimize.standard_errors,
        lambda r: optimize.propagate(total, r.x, optimize.covariance(r))[1],
    ):
        np.testing.assert_allclose(of(own), of(dense), rtol=1e-6)


def test_solutions_of_sparse_problems_have_derivatives():
    def fitted(a, jac):
        return optimize.least_squares(lambda x: broyden(x) - a, -np.ones(30), jac).x

    np.testing.assert_allclose(
        dr.jacobian(lambda a: fitted(a, "sparse"))(0.1),
        dr.jacobian(lambda a: fitted(a, None))(0.1),
        rtol=1e-6,
    )

    def root(a, jac):
        return optimize.root(lambda x: broyden(x) - a, -np.ones(30), method="krylov", jac=jac).x

    np.testing.assert_allclose(
        dr.jacobian(lambda a: root(a, "sparse"))(0.1),
        dr.jacobian(lambda a: root(a, None))(0.1),
        rtol=1e-6,
    )
    second = dr.derivative(dr.derivative(lambda a: root(a, "sparse")[3]))
    h = 1e-4
    first = dr.derivative(lambda a: root(a, "sparse")[3])
    assert second(0.1) == pytest.approx((first(0.1 + h) - first(0.1 - h)) / (2 * h), rel=1e-5)


# -- root -------------------------------------------------------------------------------------------------------------


class Counted:
    """A function that counts its calls, of whatever kind (SciPy's results do not all have `nfev` before 1.15)."""

    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return self.f(x)


def test_bratu():
    """λ = 5 on the lower branch; SciPy's Newton-Krylov from differences agrees."""
    problem = FAMILIES["bratu"].at(100)
    f, g = Counted(problem.function), Counted(problem.function)
    res = optimize.root(f, problem.start, method="krylov", options={"fatol": 1e-12})
    assert res.success
    assert res.njev <= 5
    theirs = original.root(g, problem.start, method="krylov", options={"fatol": 1e-9})
    np.testing.assert_allclose(res.x, theirs.x, atol=1e-6)
    assert g.calls > 5 * f.calls


def test_obstacle():
    """A membrane over a hill by Fischer & Burmeister's function; the conditions have one solution."""
    m = 60
    _, hill = obstacle_energy(m)

    def gap_and_load(x):
        w = np.pad(x.reshape(m, m), 1)
        around = w[:-2, 1:-1] + w[2:, 1:-1] + w[1:-1, :-2] + w[1:-1, 2:]
        return x - hill, 4 * x - around.ravel()

    def f(x):
        gap, load = gap_and_load(x)
        return np.hypot(gap, load) - gap - load

    res = optimize.root(
        f, np.maximum(hill, 0) + 0.1, method="krylov", options={"fatol": 1e-12, "maxiter": 60}
    )
    assert res.success
    gap, load = gap_and_load(res.x)
    assert gap.min() > -1e-11
    assert load.min() > -1e-11
    assert np.abs(gap * load).max() < 1e-12
    assert 100 < np.sum(gap < 1e-9) < m * m / 2


@pytest.mark.parametrize("most", [1e11, 0], ids=["exact", "incomplete"])
@pytest.mark.parametrize("family", ["control_kkt", "beam", "bratu"])
def test_factors(monkeypatch, family, most):
    """Saddle points, bands and two species on a grid, also with incomplete factors."""
    monkeypatch.setattr(factors, "MOST", most)
    problem = FAMILIES[family].at(20 if family == "bratu" else 100)
    res = optimize.root(
        problem.function, problem.start, method="krylov", jac="sparse", options={"fatol": 1e-9}
    )
    assert res.success
    assert res.njev <= 20
    exact = dr.jacobian(problem.function)
    dense = original.root(problem.function, res.x, jac=exact, tol=1e-13)
    np.testing.assert_allclose(res.x, dense.x, atol=1e-7)


def test_a_method_of_the_users_is_preconditioned():
    plain = {"fatol": 1e-10, "jac_options": {"method": "gmres"}}
    start = -np.ones(2000)
    f, g = Counted(broyden), Counted(broyden)
    own = optimize.root(f, start, method="krylov", jac="sparse", options=plain)
    theirs = optimize.root(g, start, method="krylov", options=plain)
    assert own.success
    assert "njev" not in theirs
    assert f.calls < g.calls
    np.testing.assert_allclose(own.x, theirs.x, atol=1e-8)
    with pytest.raises(ValueError, match="inner_M"):
        optimize.root(
            broyden,
            start,
            method="krylov",
            jac="sparse",
            options={"jac_options": {"inner_M": sparse.eye_array(2000)}},
        )


@pytest.mark.parametrize(
    ("method", "reason"),
    [("hybr", "dense matrices"), ("lm", "dense matrices"), ("broyden1", "uses no Jacobian")],
)
def test_other_methods_refuse(method, reason):
    with pytest.raises(ValueError, match=rf'{reason}.*method="krylov"'):
        optimize.root(broyden, -np.ones(9), method=method, jac="sparse")


def test_forms_of_x0():
    shaped = optimize.root(
        lambda x: x**3 + np.roll(x, 1, axis=0) - 2, np.full((20, 20), 0.5), method="krylov"
    )
    assert shaped.x.shape == (20, 20)
    assert shaped.njev > 0
    np.testing.assert_allclose(shaped.x, 1, atol=1e-5)
    parts = optimize.root(
        lambda p, c: np.concatenate([p["a"] ** 3 - c, p["b"] - p["a"]]),
        {"a": np.ones(80), "b": np.zeros(80)},
        (8.0,),
        method="krylov",
        jac="sparse",
    )
    np.testing.assert_allclose(parts.x["b"], 2, atol=1e-5)
    listed = optimize.root(lambda x: broyden(np.asarray(x)), [-1] * 120, method="krylov")
    np.testing.assert_allclose(broyden(listed.x), 0, atol=1e-5)
    turned = optimize.root(lambda z: z**2 + 1, np.full(120, 0.1 + 0.8j), method="krylov")
    np.testing.assert_allclose(turned.x, 1j, atol=1e-4)
    assert "njev" not in turned


def test_iterates_are_seen():
    res = optimize.root(broyden, -np.ones(120), method="krylov", trajectory=True)
    # SciPy's `nit` counts the look at the start.
    assert len(res.trajectory) == res.nit == res.njev + 1
    fit = optimize.least_squares(broyden, -np.ones(120), "sparse", trajectory=True)
    assert len(fit.trajectory) == fit.njev


def test_what_cannot_be_differentiated_is_left_to_differences():
    def foreign(x):
        return broyden(np.frombuffer(x.tobytes()))

    res = optimize.root(foreign, -np.ones(150), method="krylov")
    assert res.success
    assert "njev" not in res
    with pytest.raises((AttributeError, TypeError, UnsupportedError)):
        optimize.root(foreign, -np.ones(150), method="krylov", jac="sparse")
    with pytest.raises(ShapeError, match="119 values for 120 unknowns"):
        optimize.root(np.diff, np.zeros(120), method="krylov", jac="sparse")


def test_a_branch_that_changes_and_a_singular_start():
    res = optimize.root(switching, np.zeros(150), method="krylov")
    assert res.njev > 1
    np.testing.assert_allclose(switching(res.x), 0, atol=1e-5)
    # At 0 the Jacobian of x³ vanishes in half of the rows.
    half = np.arange(120) % 2
    res = optimize.root(
        lambda x: half * (x - 1) + (1 - half) * (x**3 - 1 + np.roll(x, 1)),
        np.zeros(120),
        method="krylov",
        options={"maxiter": 100},
    )
    # The roots are triple ones there.
    np.testing.assert_allclose(res.x, half, atol=0.03)


# -- minimize ---------------------------------------------------------------------------------------------------------


def control(n):
    defects, cost = collocation._trapezoid(n)
    return cost, defects, 0.3 * np.cos(np.arange(3 * n + 3))


def test_trust_constr_with_equations(monkeypatch):
    cost, defects, start = control(60)
    flow = optimize.NonlinearConstraint(defects, 0, 0)
    own = optimize.minimize(cost, start, method="trust-constr", constraints=flow)
    assert sparse.issparse(own.jac[0])
    dense = optimize.minimize(
        cost,
        start,
        method="trust-constr",
        constraints=flow,
        options={"sparse_jacobian": False},
    )
    assert isinstance(dense.jac[0], np.ndarray)
    assert own.nit == dense.nit
    np.testing.assert_allclose(own.x, dense.x, atol=1e-6)
    np.testing.assert_allclose(own.jac[0].toarray(), dr.jacobian(defects)(own.x), atol=1e-12)


def test_curvature_holds_for_all_multipliers():
    """The first multipliers are zeros, at which vᵀc has no curvature at all."""
    c = lambda x: x[1:] ** 2 * x[:-1]
    curved = constraints.Curvature(c)
    x, rng = np.linspace(1, 2, 120), np.random.default_rng(0)
    assert curved(x, np.zeros(119)).nnz == 119 + 2 * 119
    for v in (np.zeros(119), rng.standard_normal(119)):
        expected = dr.hessian(lambda x, v: v @ c(x))(x, v)
        np.testing.assert_allclose(curved(x, v).toarray(), expected, rtol=1e-12, atol=1e-12)
    never = constraints.Curvature(c, sparsely=False)
    v, p = rng.standard_normal((2, 119))
    q = np.append(p, 1.0)
    np.testing.assert_allclose(never(x, v) @ q, curved(x, v) @ q, rtol=1e-10)


def obstacle_energy(m):
    """Twisted membrane over a hill: Averick, Carter, Moré & Xue 1992, EPT, by its energy, and the hill."""
    h = 1 / (m + 1)
    t = np.arange(1, m + 1) * h
    hill = 0.3 - 3 * ((t[:, None] - 0.5) ** 2 + (t - 0.5) ** 2)

    def energy(x):
        v = np.pad(x.reshape(m, m), 1)
        stretch = np.sum((v[1:] - v[:-1]) ** 2) + np.sum((v[:, 1:] - v[:, :-1]) ** 2)
        return stretch / 2 + h**2 * np.sum(v)

    return energy, np.maximum(hill, -1).ravel()


def test_trust_constr_with_bounds():
    energy, hill = obstacle_energy(12)
    res = optimize.minimize(
        energy,
        np.maximum(hill, 0) + 0.1,
        method="trust-constr",
        bounds=optimize.Bounds(hill, np.inf),
        options={"gtol": 1e-7, "barrier_tol": 1e-9, "xtol": 1e-12},
    )
    exact = original.minimize(
        energy,
        np.maximum(hill, 0) + 0.1,
        jac=dr.grad(energy),
        method="L-BFGS-B",
        bounds=original.Bounds(hill, np.inf),
        options={"ftol": 1e-14, "gtol": 1e-10, "maxiter": 5000},
    )
    assert res.fun == pytest.approx(exact.fun, abs=2e-5)
    np.testing.assert_allclose(res.x, exact.x, atol=5e-3)


def test_constraints_of_both_kinds():
    n = 120
    chain = optimize.NonlinearConstraint(lambda x: x[1:] ** 2 + x[:-1], -np.inf, 1.5)
    total = optimize.LinearConstraint(np.ones((1, n)), 60, 60)
    few = {"type": "ineq", "fun": lambda x, c: c - x[:3] ** 2, "args": (4.0,)}
    f = lambda x: np.sum((x - 0.7) ** 2) + np.sum(np.cos(x[1:] * x[:-1]))
    given = [chain, total, few]
    own = optimize.minimize(f, np.full(n, 0.4), method="trust-constr", constraints=given)
    assert all(map(sparse.issparse, own.jac))
    dense = optimize.minimize(
        f,
        np.full(n, 0.4),
        method="trust-constr",
        constraints=given,
        options={"sparse_jacobian": False},
    )
    assert own.fun == pytest.approx(dense.fun, rel=1e-5)
    assert own.constr_violation < 1e-8


@pytest.mark.parametrize("method", ["trust-krylov", "trust-ncg", "Newton-CG", "trust-constr"])
def test_hess_sparse(method):
    start = np.where(np.arange(30) % 2, 1.0, -1.2)
    options = {"maxiter": 300}
    own = optimize.minimize(rosenbrock, start, method=method, hess="sparse", options=options)
    theirs = optimize.minimize(rosenbrock, start, method=method, options=options)
    assert own.fun == pytest.approx(theirs.fun, rel=1e-5, abs=1e-6)
    assert own.nhev > 0
    f = Counted(rosenbrock)
    res = optimize.minimize(f, start, method=method, hess="sparse", options={"maxiter": 5})
    # One evaluation gives value, gradient and Hessian; some more decide how.
    assert f.calls <= res.nfev + 10


def test_hess_sparse_of_containers_and_refusals():
    f = lambda p: (
        np.sum((p["a"][1:] - p["a"][:-1] ** 2) ** 2) + (p["b"] - p["a"][0]) ** 2 + p["b"] ** 2
    )
    start = {"a": np.full(20, 0.5), "b": 1.0}
    own = optimize.minimize(f, start, method="trust-krylov", hess="sparse")
    theirs = optimize.minimize(f, start, method="trust-krylov")
    assert own.fun == pytest.approx(theirs.fun, abs=1e-10)
    np.testing.assert_allclose(own.x["a"], theirs.x["a"], atol=1e-4)
    with pytest.raises(ValueError, match="takes no sparse Hessian"):
        optimize.minimize(rosenbrock, np.zeros(4), method="BFGS", hess="sparse")
    with pytest.raises(ValueError, match="takes no sparse Hessian"):
        optimize.minimize(rosenbrock, np.zeros(4), method="trust-exact", hess="sparse")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jac": "sparse"}, "a gradient, which is not sparse"),
        ({"jac": "2-point", "hess": "sparse"}, "beside finite differences"),
        ({"hessp": lambda x, p: p, "hess": "sparse"}, "beside finite differences"),
    ],
)
def test_contradictions(given, words):
    with pytest.raises(ValueError, match=words):
        optimize.minimize(rosenbrock, np.zeros(4), method="trust-constr", **given)


@pytest.fixture
def failing_probe(monkeypatch):
    """Probes that fail from the third on, as they may where derivatives are made of rounding."""
    calls = []
    kept = SparseTransform._evaluate

    def evaluate(self, args, kwargs):
        calls.append(1)
        if len(calls) > 2:
            raise PatternError("the pattern lacks entries", "none")
        return kept(self, args, kwargs)

    monkeypatch.setattr(SparseTransform, "_evaluate", evaluate)
    return calls


def test_a_pattern_that_nobody_asked_for_stops_nothing(failing_probe):
    cost, defects, start = control(40)
    flow = optimize.NonlinearConstraint(defects, 0, 0)
    own = optimize.minimize(cost, start, method="trust-constr", constraints=flow)
    assert len(failing_probe) > 2
    assert all(map(sparse.issparse, own.jac))
    dense = optimize.minimize(
        cost, start, method="trust-constr", constraints=flow, options={"sparse_jacobian": False}
    )
    np.testing.assert_allclose(own.x, dense.x, atol=1e-5)


@pytest.mark.parametrize("asked", [False, True])
def test_root_with_a_failing_probe(failing_probe, asked):
    call = lambda: optimize.root(
        broyden, -np.ones(150), method="krylov", jac="sparse" if asked else None
    )
    if asked:
        with pytest.raises(PatternError, match="lacks entries"):
            call()
    else:
        np.testing.assert_allclose(broyden(call().x), 0, atol=1e-5)


def test_what_a_function_remembers():
    """Detection leaves values behind too, which are numbers to the solver."""
    seen = []

    def residual(x):
        y = broyden(x)
        seen.append(np.sum(y**2))
        return y if seen[-1] <= 2 * max(seen) else y + 1

    res = optimize.root(residual, -np.ones(150), method="krylov")
    np.testing.assert_allclose(broyden(res.x), 0, atol=1e-5)
    assert min(float(s) for s in seen) < 1e-9
    seen.clear()
    fit = optimize.least_squares(residual, -np.ones(150), "sparse")
    assert fit.cost < 1e-15
    seen.clear()
    total = lambda x: np.sum(residual(x) ** 2)
    best = optimize.minimize(total, -np.ones(150), method="trust-constr")
    assert best.fun < 1e-8


def test_minimal_surface():
    problem = FAMILIES["minimal_surface"].at(12)
    sparse_one = optimize.minimize(
        problem.function, problem.start, method="trust-krylov", hess="sparse", tol=1e-10
    )
    exact = original.minimize(
        problem.function,
        problem.start,
        method="trust-exact",
        jac=dr.grad(problem.function),
        hess=dr.hessian(problem.function),
        tol=1e-10,
    )
    np.testing.assert_allclose(sparse_one.x, exact.x, atol=1e-8)


def test_constraints_that_ask_for_it():
    c = optimize.NonlinearConstraint(lambda x: x[1:] * x[:-1], 1, 1, jac="sparse", hess="sparse")
    x = np.array([1.0, 2.0, 3.0])
    assert sparse.issparse(c.jac(x))
    np.testing.assert_array_equal(c.jac(x).toarray(), [[2, 1, 0], [0, 3, 2]])
    np.testing.assert_array_equal(
        c.hess(x, np.ones(2)).toarray(), [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    )
    f = lambda x: np.sum((x - 2) ** 2)
    answers = [
        optimize.minimize(f, x, method=method, constraints=c).fun
        for method in ("trust-constr", "SLSQP")
    ]
    assert answers[0] == pytest.approx(answers[1], rel=1e-5)


def test_a_branch_that_changes_does_not_stop_a_minimisation():
    def f(x):
        pull = x[0] * x[1] if x[0] < 0.5 else x[0] * x[2]
        return np.sum((x - 1) ** 2) + 0.1 * pull

    res = optimize.minimize(f, np.zeros(5), method="trust-krylov", hess="sparse")
    expected = np.ones(5)
    # 2(x₀ - 1) + x₂/10 = 0 and 2(x₂ - 1) + x₀/10 = 0.
    expected[[0, 2]] = 2 / 2.1
    np.testing.assert_allclose(res.x, expected, atol=1e-5)
