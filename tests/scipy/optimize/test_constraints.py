"""Constraints and bounds: exact Jacobians and curvature, of vectors and of containers, for every method."""

import math
import pickle

import numpy as np
import pytest
import scipy.sparse
from scipy import optimize as scipy_optimize

import dualrev as dr
from dualrev.errors import EscapeError, ShapeError
from dualrev.scipy import optimize
from dualrev.scipy.optimize.bounds import limits
from dualrev.scipy.optimize.constraints import Curvature, read
from dualrev.scipy.optimize.derivatives import DENSE
from dualrev.scipy.optimize.points import Point

INF = np.inf


def objective(x):  # Hock & Schittkowski 71
    return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


def product(x):
    return np.prod(x)


def squares(x):
    return x @ x


def both(x):
    return [np.prod(x), x @ x]


BOX = [(1, 5)] * 4
KNOWN = {m.lower() for m in scipy_optimize._minimize.MINIMIZE_METHODS}
METHODS = [m for m in ("SLSQP", "trust-constr", "COBYLA", "COBYQA") if m.lower() in KNOWN]
START = [1.0, 5.0, 5.0, 1.0]
SOLUTION = [1.0, 4.74299963, 3.82114998, 1.37940829]

FORMS = {
    "dicts": [
        {"type": "ineq", "fun": lambda x: product(x) - 25},
        {"type": "eq", "fun": lambda x: squares(x) - 40},
    ],
    "dicts with args": (
        {"type": "ineq", "fun": lambda x, c: product(x) - c, "args": (25,)},
        {"type": "EQ", "fun": lambda x, c: squares(x) - c, "args": (40,)},
    ),
    "ours": [
        optimize.NonlinearConstraint(product, 25, INF),
        optimize.NonlinearConstraint(squares, 40, 40),
    ],
    "SciPy's": [
        scipy_optimize.NonlinearConstraint(product, 25, INF),
        scipy_optimize.NonlinearConstraint(squares, 40, 40),
    ],
    "by hand": [
        optimize.NonlinearConstraint(product, 25, INF, jac=lambda x: [np.prod(x) / x]),
        scipy_optimize.NonlinearConstraint(
            squares,
            40,
            40,
            jac=lambda x: 2 * x[None],
            hess=lambda x, v: 2 * v[0] * np.eye(4),
        ),
    ],
    "differences": [
        optimize.NonlinearConstraint(product, 25, INF, jac="2-point"),
        optimize.NonlinearConstraint(squares, 40, 40, jac="3-point", hess=scipy_optimize.SR1()),
    ],
}


@pytest.mark.parametrize("constraints", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("method", METHODS)
def test_methods(method, constraints, recwarn):
    if method == "COBYLA" and "cobyqa" not in KNOWN:
        pytest.skip("COBYLA of this SciPy takes no equality")
    res = optimize.minimize(objective, START, method=method, bounds=BOX, constraints=constraints)
    assert np.allclose(res.x, SOLUTION, atol=1e-3 if method[0] == "C" else 2e-4)
    # Of SciPy's: what was given by hand goes unused, or a quasi-Newton update has nothing to learn.
    by_hand = constraints is FORMS["differences"] or constraints is FORMS["by hand"]
    allowed = ("ignored by this method", "delta_grad") if by_hand else ()
    for warning in recwarn:
        assert any(words in str(warning.message) for words in allowed)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_value_and_jacobian_are_one_evaluation(method):
    """trust-constr also asks for the curvature, which is one more each time."""
    points = []

    def fun(x):
        points.append(np.array(dr.value(x)).tobytes())
        return both(x)

    disc = scipy_optimize.NonlinearConstraint(fun, [25, -INF], [INF, 40])
    res = optimize.minimize(objective, START, method=method, bounds=BOX, constraints=disc)
    curvatures = res.constr_nhev[0] if method == "trust-constr" else 0
    assert len(points) <= len(set(points)) + curvatures


@pytest.mark.parametrize("n", [4, DENSE + 3])
def test_curvature(n):
    def c(x):
        return [np.prod(x[:3]), np.sum(x**3), np.sin(x[0])]

    x, v = np.linspace(1, 2, n), np.array([2.0, -1.0, 3.0])
    expected = dr.hessian(lambda x: v @ np.stack(c(x)))(x)
    curvature = Curvature(c)
    h = curvature(x, v)
    assert np.allclose(h @ np.eye(n), expected)
    assert np.allclose(curvature.matrix(x, v), expected)
    v *= 2  # in place: the cache compares numbers
    assert np.allclose(curvature(x, v) @ np.eye(n), 2 * expected)
    x[0] = 3.0
    assert np.allclose(h @ np.eye(n), expected)


def test_linear_operators_reach_trust_constr():
    n = DENSE + 6
    ball = optimize.NonlinearConstraint(lambda x: x @ x, 0, 1)
    res = optimize.minimize(
        lambda x: np.sum((x - 1) ** 2), np.zeros(n), method="trust-constr", constraints=ball
    )
    assert np.allclose(res.x, 1 / np.sqrt(n), atol=1e-4)


def test_the_objects_serve_scipy_too():
    disc = optimize.NonlinearConstraint(lambda x: [x @ x, x[0]], [0, -INF], [1, 5])
    assert isinstance(disc, scipy_optimize.NonlinearConstraint)
    assert np.allclose(disc.jac(np.array([1.0, 2.0])), [[2, 4], [1, 0]])
    assert np.allclose(disc.hess(np.ones(2), np.array([3.0, 1.0])), 6 * np.eye(2))
    res = scipy_optimize.minimize(
        lambda x: np.sum((x + 2) ** 2), [0.1, 0.0], method="trust-constr", constraints=disc
    )
    assert np.allclose(res.x, -np.sqrt(0.5), atol=1e-3)
    # What is given is kept.
    given = optimize.NonlinearConstraint(squares, 0, 1, jac="cs", hess=scipy_optimize.SR1())
    assert given.jac == "cs"
    assert isinstance(given.hess, scipy_optimize.SR1)
    assert optimize.NonlinearConstraint(squares, 0, 1, finite_diff_rel_step=1e-4).jac == "2-point"
    for c, plain in ((optimize.LinearConstraint, ([[1, 2]], 0, 1)), (optimize.Bounds, (0, [1, 2]))):
        ours, theirs = c(*plain), getattr(scipy_optimize, c.__name__)(*plain)
        assert isinstance(ours, type(theirs))
        assert all(np.array_equal(vars(ours)[k], vars(theirs)[k]) for k in vars(theirs))
    copy = pickle.loads(pickle.dumps(optimize.NonlinearConstraint(squares, 0, 1)))
    assert np.allclose(copy.jac(np.ones(2)), [[2, 2]])


BAD = {
    "no type": ({"fun": squares}, KeyError, "no type"),
    "type": ({"type": "le", "fun": squares}, ValueError, "Unknown constraint type"),
    "no fun": ({"type": "eq"}, ValueError, "no function"),
    "no constraint": ([3], TypeError, "sequence of dictionaries"),
}


@pytest.mark.parametrize(("bad", "error", "words"), BAD.values(), ids=BAD)
def test_bad(bad, error, words):
    with pytest.raises(error, match=words):
        optimize.minimize(objective, START, method="trust-constr", constraints=bad)


def test_the_way_out_is_named():
    def c(x):
        return math.exp(x[0])

    with pytest.raises(EscapeError, match="give the constraint jac="):
        optimize.minimize(squares, [1.0], constraints={"type": "ineq", "fun": c})
    way = optimize.NonlinearConstraint(c, 2, INF, jac="2-point")
    res = optimize.minimize(squares, [1.0], constraints=way)
    assert np.allclose(res.x, np.log(2))


def test_read():
    assert read(None) == read(()) == []
    one = {"type": "eq", "fun": squares}
    assert len(read(one)) == len(read([one])) == 1
    assert [c.form for c in read([one, optimize.LinearConstraint([[1]]), 3])] == [
        "dict",
        "linear",
        "unknown",
    ]


# -- containers -------------------------------------------------------------------------------------------------------

TREE = {"a": np.zeros(2), "b": 0.0}


def loss(p):
    return np.sum((p["a"] - 2.0) ** 2) + (p["b"] + 1.0) ** 2


TREES = {
    "dict": {"type": "ineq", "fun": lambda p: 1 - p["a"] @ p["a"]},
    "dict with args": {"type": "ineq", "fun": lambda p, r: r - p["a"] @ p["a"], "args": (1.0,)},
    "nonlinear": optimize.NonlinearConstraint(lambda p: p["a"] @ p["a"], -INF, 1),
    "by hand": optimize.NonlinearConstraint(
        lambda p: p["a"] @ p["a"], -INF, 1, jac=lambda p: {"a": 2 * p["a"][None], "b": None}
    ),
}


@pytest.mark.parametrize("constraint", TREES.values(), ids=TREES)
@pytest.mark.parametrize("method", METHODS)
def test_containers(method, constraint):
    res = optimize.minimize(loss, TREE, method=method, constraints=constraint)
    assert np.allclose(res.x["a"], np.sqrt(0.5), atol=1e-3)
    assert np.allclose(res.x["b"], -1, atol=1e-3)


MATRICES = {
    "blocks": {"a": [[1.0, 1.0]], "b": [1.0]},
    "zero block": {"a": [[1.0, 1.0]], "b": None},
    "matrix": [[1.0, 1.0, 0.0]],
    "sparse": scipy.sparse.csr_array([[1.0, 1.0, 0.0]]),
}


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
@pytest.mark.parametrize("a", MATRICES.values(), ids=MATRICES)
def test_linear_constraints_of_containers(a, method):
    line = optimize.LinearConstraint(a, 1.0, 1.0)
    res = optimize.minimize(loss, TREE, method=method, constraints=line)
    b = res.x["b"] if a is MATRICES["blocks"] else 0.0
    assert res.x["a"].sum() + b == pytest.approx(1, abs=1e-5)
    assert res.x["a"][0] == pytest.approx(res.x["a"][1], abs=1e-5)


def test_misfits():
    line = optimize.LinearConstraint({"a": [[1.0, 1.0, 1.0]], "b": [1.0]}, 1.0, 1.0)
    with pytest.raises(ShapeError, match="block of a constraint's matrix"):
        optimize.minimize(loss, TREE, constraints=line)
    with pytest.raises(ShapeError, match="has not the structure of x0"):
        optimize.minimize(loss, TREE, bounds={"a": (0, 1)})
    with pytest.raises(ShapeError, match=r"pair \(lo, hi\) or 2 pairs"):
        optimize.minimize(loss, TREE, bounds={"a": [(0, 1)] * 3, "b": None})


BOUNDS = {
    "pairs": ({"a": (0, 1), "b": None}, [1, 1, -1]),
    "arrays": ({"a": (np.zeros(2), np.array([1.0, 3.0])), "b": (0, None)}, [1, 2, 0]),
    "pair per entry": ({"a": [(0, 1), (None, None)], "b": (0.05, 0.2)}, [1, 2, 0.05]),
    "tuple of arrays": ({"a": ([0, 0], [1, 3]), "b": None}, [1, 2, -1]),
    "flat": ([(0, 1), (0, 3), (0, None)], [1, 2, 0]),
    "ours": (optimize.Bounds({"a": 0, "b": None}, {"a": [1, None], "b": INF}), [1, 2, -1]),
    "SciPy's": (scipy_optimize.Bounds({"a": 0, "b": 0}, INF), [2, 2, 0]),
    "scalars": (scipy_optimize.Bounds(0, 1), [1, 1, 0]),
    "flat arrays": (scipy_optimize.Bounds([0, 0, 0], [1, 3, 3]), [1, 2, 0]),
}


@pytest.mark.parametrize(("bounds", "expected"), BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Powell"])
def test_bounds_of_containers(method, bounds, expected):
    res = optimize.minimize(loss, {"a": np.full(2, 0.5), "b": 0.1}, method=method, bounds=bounds)
    assert np.allclose([*res.x["a"], res.x["b"]], expected, atol=2e-3)


def test_bounds_of_columns():
    box = scipy_optimize.Bounds([[0.0], [0.0]], [[1.0], [3.0]])
    res = optimize.minimize(lambda x: np.sum((x - 2) ** 2), np.zeros((2, 1)), bounds=box)
    assert np.allclose(res.x, [1, 2])


def test_fixed_variables():
    box = [(0.5, 0.5), (None, None), (0, 3)]
    for method in ("L-BFGS-B", "TNC", "SLSQP"):
        res = optimize.minimize(
            lambda x: np.sum((x - 2) ** 2), np.zeros(3), method=method, bounds=box
        )
        assert np.allclose(res.x, [0.5, 2, 2], atol=1e-4)


def test_limits_of_vectors():
    point = Point([0.0, 0.0])
    lower, upper = limits([(0, None), (None, 2)], point)
    assert list(lower) == [0, -INF]
    assert list(upper) == [INF, 2]
    lower, upper = limits(scipy_optimize.Bounds(0, [1, 2]), point)
    assert list(lower) == [0, 0]
    assert list(upper) == [1, 2]


# -- derivatives of constrained minima --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_constraints_that_are_traced(method):
    """The point of the line x + 2 y = a that is nearest to 0 is a (1, 2) / 5."""

    def nearest(constraint):
        return optimize.minimize(
            squares, [1.0, 0.0], method=method, constraints=constraint, tol=1e-9
        ).x

    lines = [
        lambda a: {"type": "eq", "fun": lambda x: x[0] + 2 * x[1] - a},
        lambda a: {"type": "eq", "fun": lambda x, a: x[0] + 2 * x[1] - a, "args": (a,)},
        lambda a: optimize.NonlinearConstraint(lambda x: x[0] + 2 * x[1], a, a),
        lambda a: optimize.LinearConstraint([[1.0, 2.0]], a, a),
        lambda a: optimize.NonlinearConstraint(lambda x: x[0] + 2 * x[1] - a, 0, INF),
    ]
    for line in lines:
        y, t = dr.jvp(lambda a, line=line: nearest(line(a)), (2.0,), (1.0,))
        assert np.allclose(y, [0.4, 0.8], atol=1e-4)
        assert np.allclose(t, [0.2, 0.4], atol=1e-6)
