"""minimize(method="ipopt"), where cyipopt is installed."""

import sys

import numpy as np
import pytest
import scipy.sparse

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.scipy import optimize
from dualrev.scipy.optimize.ipopt import minimize_ipopt
from dualrev.scipy.optimize.methods import Supplied
from tests.problems.sparse import collocation

try:
    import cyipopt
except ImportError:
    cyipopt = None

needed = pytest.mark.skipif(cyipopt is None, reason="cyipopt is not installed (the extra nlp)")
SOLUTION = [1.0, 4.74299963, 3.82114998, 1.37940829]
START = [1.0, 5.0, 5.0, 1.0]
BOX = [(1, 5)] * 4


def objective(x):  # Hock & Schittkowski 71
    return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


def both(x):
    return [np.prod(x), x @ x]


CONSTRAINT = optimize.NonlinearConstraint(both, [25, 40], [np.inf, 40])


def f(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_missing_cyipopt(monkeypatch):
    monkeypatch.setitem(sys.modules, "cyipopt", None)
    with pytest.raises(ImportError, match=r"pip install dualrev\[nlp\]"):
        optimize.minimize(f, np.zeros(3), method="ipopt")


@needed
def test_unconstrained():
    calls = []

    def counted(x):
        calls.append(1)
        return f(x)

    res = optimize.minimize(counted, np.zeros(5), method="ipopt")
    assert res.success
    assert np.allclose(res.x, 1)
    assert res.nhev > 0
    assert len(calls) <= res.nfev + 1


@needed
@pytest.mark.parametrize(
    "constraints",
    [
        CONSTRAINT,
        [
            {"type": "ineq", "fun": lambda x: np.prod(x) - 25},
            {"type": "eq", "fun": lambda x, c: x @ x - c, "args": (40,)},
        ],
        optimize.NonlinearConstraint(both, [25, 40], [np.inf, 40], jac="2-point"),
    ],
)
@pytest.mark.parametrize("jac", [None, "2-point", True])
def test_constraints(constraints, jac):
    g = dr.grad(objective)
    fun = (lambda x: (objective(x), g(x))) if jac is True else objective
    res = optimize.minimize(
        fun, START, method="ipopt", jac=jac, bounds=BOX, constraints=constraints
    )
    assert np.allclose(res.x, SOLUTION, atol=1e-5)


@needed
def test_exact_hessian_takes_fewer_iterations():
    exact = optimize.minimize(objective, START, method="ipopt", bounds=BOX, constraints=CONSTRAINT)
    approximate = optimize.minimize(
        objective, START, method="ipopt", jac="2-point", bounds=BOX, constraints=CONSTRAINT
    )
    assert exact.nhev > 0 == approximate.nhev
    assert exact.nit < approximate.nit


@needed
def test_structures():
    n = 6
    chain = optimize.NonlinearConstraint(
        lambda x: x[1:] * x[:-1],
        0.5,
        np.inf,
        jac=lambda x: scipy.sparse.diags_array(
            [x[1:], x[:-1]], offsets=[0, 1], shape=(n - 1, n)
        ).tocsr(),
    )
    line = optimize.LinearConstraint(scipy.sparse.csr_array(np.eye(n)[:2]), 0.9, 0.9)
    sparse = optimize.minimize(f, np.full(n, 0.5), method="ipopt", constraints=[chain, line])
    dense = optimize.minimize(
        f,
        np.full(n, 0.5),
        method="ipopt",
        constraints=[
            optimize.NonlinearConstraint(lambda x: x[1:] * x[:-1], 0.5, np.inf),
            optimize.LinearConstraint(np.eye(n)[:2], 0.9, 0.9),
        ],
    )
    assert np.allclose(sparse.x, dense.x, atol=1e-6)
    assert np.allclose(sparse.x[:2], 0.9)


@needed
def test_known_patterns():
    n = 5
    supplied = Supplied(f, dr.grad(f), dr.hessian(f), None)
    band = scipy.sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(n, n))
    res = minimize_ipopt(
        supplied, np.zeros(n), (), None, [], None, None, None, pattern={"hessian": band}
    )
    assert np.allclose(res.x, 1)


class Structures:
    """What cyipopt is told, and the same problem with dense structures."""

    def __init__(self, monkeypatch):
        self.hessian = self.jacobian = 0
        original = cyipopt.Problem

        def noted(**options):
            asked = options["problem_obj"]
            self.hessian = len(asked.hessianstructure()[0])
            self.jacobian = len(asked.jacobianstructure()[0])
            return original(**options)

        monkeypatch.setattr(cyipopt, "Problem", noted)


@needed
def test_detected_patterns(monkeypatch):
    """Optimal control by collocation: a band of constraints, and blocks of states in the Hessian of vᵀc only."""
    told = Structures(monkeypatch)
    n = 40
    defects, cost = collocation._trapezoid(n)
    start = 0.3 * np.cos(np.arange(3 * n + 3))
    flow = optimize.NonlinearConstraint(defects, 0, 0)
    res = optimize.minimize(cost, start, method="ipopt", constraints=flow)
    assert res.success
    assert told.jacobian == dr.sparse.jacobian_pattern(defects, start).nnz
    # The diagonal, and the two states of a node.
    assert told.hessian == (3 * n + 3) + (n + 1)
    dense = optimize.minimize(
        cost,
        start,
        method="trust-constr",
        constraints=flow,
        options={"gtol": 1e-9, "sparse_jacobian": False},
    )
    np.testing.assert_allclose(res.x, dense.x, atol=1e-5)


@needed
def test_patterns_that_are_asked_for(monkeypatch):
    told = Structures(monkeypatch)
    chain = {"jac": "sparse", "hess": "sparse"}
    res = optimize.minimize(
        f,
        np.full(6, 0.5),
        method="ipopt",
        hess="sparse",
        constraints=optimize.NonlinearConstraint(lambda x: x[1:] * x[:-1], 0.5, np.inf, **chain),
    )
    assert np.allclose(res.x, 1)
    assert (told.hessian, told.jacobian) == (11, 10)


@needed
def test_a_branch_that_changes_is_refused():
    def switching(x):
        return (
            np.sum((x - 1) ** 2 + (x - 1) ** 4) + (x[0] * x[1] if x[0] < 0.5 else x[0] * x[2]) / 10
        )

    with pytest.raises(PatternError, match=r"Hessian of the objective.*branch"):
        optimize.minimize(switching, np.zeros(5), method="ipopt", hess="sparse")


@needed
def test_a_structure_that_changes_is_refused():
    moving = optimize.NonlinearConstraint(
        lambda x: x**2, 1, 2, jac=lambda x: scipy.sparse.coo_array(np.diag(2 * x))
    )
    with pytest.raises(ValueError, match="explicit zeros"):
        optimize.minimize(f, np.array([0.0, 1.0]), method="ipopt", constraints=moving)


@needed
def test_containers_callbacks_and_options():
    seen = []
    res = optimize.minimize(
        lambda p: p["a"] @ p["a"] + p["b"] ** 2,
        {"a": np.ones(2), "b": 1.0},
        method="ipopt",
        bounds={"a": (0.5, None), "b": None},
        constraints=optimize.NonlinearConstraint(lambda p: p["b"] - p["a"][0], 0.1, np.inf),
        callback=seen.append,
        trajectory=True,
        tol=1e-10,
        options={"maxiter": 50},
    )
    assert np.allclose(res.x["a"], 0.5, atol=1e-6)
    assert np.allclose(res.x["b"], 0.6, atol=1e-6)
    assert [*seen[0]] == ["a", "b"]
    assert len(res.trajectory) == len(seen) + 1

    def stop(intermediate_result):
        raise StopIteration

    assert not optimize.minimize(f, np.zeros(4), method="ipopt", callback=stop).success


@needed
def test_derivatives_of_the_minimum():
    def best(a):
        line = optimize.NonlinearConstraint(lambda x: x[0] + 2 * x[1], a, a)
        return optimize.minimize(lambda x: x @ x, [1.0, 0.0], method="ipopt", constraints=line).x

    assert np.allclose(dr.jacobian(best)(2.0), [0.2, 0.4])
