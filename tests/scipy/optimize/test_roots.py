"""root, fsolve and leastsq: SciPy's own results with exact Jacobians, and derivatives of the solutions."""

import dataclasses
import inspect
import math

import numpy as np
import pytest
from scipy import optimize as original

import dualrev as dr
from dualrev.scipy import optimize

X0 = np.array([1.3, 2.1])


def f(x, a=2.0):
    return np.stack([x[0] ** 2 + x[1] - a, x[0] - x[1] ** 3])


def jac(x, a=2.0):
    return np.array([[2 * x[0], 1.0], [1.0, -3 * x[1] ** 2]])


class Counted:
    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


# -- the same results as by hand ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["hybr", "lm"])
@pytest.mark.parametrize("args", [(), (3.0,), 3.0])
def test_root_is_scipys_with_the_jacobian_by_hand(method, args):
    counted = Counted(f)
    own = optimize.root(counted, X0, args, method)
    theirs = original.root(f, X0, args, method, jac)
    assert own.keys() == theirs.keys()
    np.testing.assert_array_equal(own.x, theirs.x)
    assert (own.nfev, own.njev, own.success) == (theirs.nfev, theirs.njev, True)
    assert counted.calls <= theirs.nfev


@pytest.mark.parametrize("method", ["broyden1", "krylov", "df-sane", "anderson"])
@pytest.mark.parametrize("x0", [X0, [1.0, 1.5], (1.0, 1.5)])
def test_methods_without_a_jacobian_are_untouched(method, x0):
    calls = Counted(f)
    own = optimize.root(calls, x0, method=method)
    theirs = original.root(f, x0, method=method)
    np.testing.assert_array_equal(own.x, theirs.x)
    assert own.get("nfev") == theirs.get("nfev")  # not there before SciPy 1.16
    assert calls.calls == own.get("nfev", calls.calls)


def test_shapes_of_the_other_methods():
    g = lambda x: x**2 - np.arange(1.0, 5.0).reshape(2, 2)
    res = optimize.root(g, np.ones((2, 2)), method="krylov")
    assert res.x.shape == (2, 2)
    assert optimize.root(lambda x: x**2 - 2, np.array(1.0), method="broyden1").x.shape == ()


@pytest.mark.parametrize(
    "x0", [[1, 2], np.float32([1, 2]), (1.0, 2.0), np.array([[1], [2]]), np.array([1, 2])]
)
@pytest.mark.parametrize("solve", ["hybr", "lm", "fsolve", "leastsq"])
def test_every_kind_of_guess(x0, solve):
    x = {
        "fsolve": lambda: optimize.fsolve(f, x0),
        "leastsq": lambda: optimize.leastsq(f, x0)[0],
    }.get(solve, lambda: optimize.root(f, x0, method=solve).x)()
    np.testing.assert_allclose(x, [1.0, 1.0], rtol=1e-8)
    assert x.shape == (2,)
    assert x.dtype == np.float64


def test_a_number_and_a_matrix_as_guess():
    assert optimize.fsolve(lambda x: x**2 - 2, 1).shape == (1,)
    g = lambda x: x**2 - np.arange(1.0, 5.0)
    np.testing.assert_array_equal(
        optimize.fsolve(g, np.ones((2, 2))),
        original.fsolve(g, np.ones((2, 2)), fprime=lambda x: np.diag(2 * x)),
    )


@pytest.mark.parametrize("method", ["hybr", "lm"])
@pytest.mark.parametrize("n", [2, 40])
def test_the_jacobian_that_scipy_sees(method, n):
    """Few variables go through forward mode with each value, many through a record of it."""
    solution = np.linspace(1.0, 2.0, n)
    target = solution**3 + np.roll(solution, 1)
    g = Counted(lambda x: x**3 + np.roll(x, 1) - target)
    res = optimize.root(g, np.ones(n), method=method, tol=1e-12)
    assert res.success
    assert g.calls <= res.nfev
    np.testing.assert_allclose(res.x, solution, rtol=1e-9)
    theirs = original.root(g.f, np.ones(n), method=method, tol=1e-12, jac=dr.jacobian(g.f))
    np.testing.assert_allclose(res.x, theirs.x, rtol=1e-12)
    assert (res.nfev, res.njev) == (theirs.nfev, theirs.njev)


@pytest.mark.parametrize("col_deriv", [False, True])
def test_derivatives_down_the_columns(col_deriv):
    for method in ("hybr", "lm"):
        res = optimize.root(f, X0, method=method, options={"col_deriv": col_deriv})
        np.testing.assert_allclose(res.x, [1, 1], rtol=1e-9)
        assert res.nfev == original.root(f, X0, method=method, jac=jac).nfev
    np.testing.assert_allclose(optimize.fsolve(f, X0, col_deriv=col_deriv), [1, 1], rtol=1e-9)


def test_jacobians_by_hand():
    both = lambda x: (f(x), jac(x))
    hand = Counted(jac)
    theirs = original.root(f, X0, jac=jac)
    for own in (optimize.root(f, X0, jac=hand), optimize.root(both, X0, jac=True)):
        np.testing.assert_array_equal(own.x, theirs.x)
        assert own.nfev == theirs.nfev
    assert hand.calls
    differences = optimize.root(f, X0, jac=False)
    assert differences.nfev == original.root(f, X0).nfev > theirs.nfev
    np.testing.assert_array_equal(
        optimize.fsolve(f, X0, fprime=jac), original.fsolve(f, X0, fprime=jac)
    )


def test_fsolve_full_output():
    own = optimize.fsolve(f, X0, full_output=True)
    theirs = original.fsolve(f, X0, fprime=jac, full_output=True)
    np.testing.assert_array_equal(own[0], theirs[0])
    assert own[1].keys() == theirs[1].keys()
    assert own[2:] == theirs[2:]
    with pytest.warns(RuntimeWarning, match="not making good progress"):
        optimize.fsolve(lambda x: x**2 + 1, 1.0)


def test_leastsq_is_scipys():
    t = np.linspace(0, 1, 6)
    g = lambda p, y: p[0] * np.exp(-p[1] * t) - y
    y = 2 * np.exp(-3 * t) + 0.01 * np.cos(9 * t)
    own = optimize.leastsq(g, [1, 1], y, full_output=True)
    theirs = original.leastsq(g, [1.0, 1.0], y, dr.jacobian(g), full_output=True)
    np.testing.assert_allclose(own[0], theirs[0], rtol=1e-13)
    np.testing.assert_allclose(own[1], theirs[1], rtol=1e-9)
    assert own[3:] == theirs[3:]
    assert optimize.leastsq(g, [1, 1], y)[1] == theirs[4]


# -- containers ---------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class State:
    u: np.ndarray
    v: float


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov"])
def test_containers(method):
    equations = lambda d, a: {"p": d["u"] ** 2 + d["v"] - a, "q": d["u"][0] - d["v"] ** 3}
    x0 = {"u": np.array([1.2]), "v": 1.5}
    res = optimize.root(equations, x0, 2.0, method)
    assert res.x.keys() == x0.keys()
    np.testing.assert_allclose([res.x["u"][0], res.x["v"]], [1, 1], rtol=1e-5)


def test_dataclasses_and_their_derivatives():
    def solution(a):
        x = optimize.root(lambda s: (s.u**2 - a, s.v - np.sum(s.u)), State(np.ones(2), 1.0)).x
        assert isinstance(x, State)
        return x.v

    assert dr.grad(solution)(4.0) == pytest.approx(2 * 0.25, rel=1e-12)


# -- derivatives of solutions -------------------------------------------------------------------------------------

SOLVERS = {
    "hybr": lambda f, a: optimize.root(f, X0, (a,)).x,
    "lm": lambda f, a: optimize.root(f, X0, (a,), "lm").x,
    "broyden1": lambda f, a: optimize.root(f, X0, (a,), "broyden1").x,
    "by hand": lambda f, a: optimize.root(f, X0, (a,), jac=jac).x,
    "both": lambda f, a: optimize.root(lambda x, a: (f(x, a), jac(x)), X0, a, jac=True).x,
    "fsolve": lambda f, a: optimize.fsolve(f, X0, (a,)),
    "full": lambda f, a: optimize.fsolve(f, X0, (a,), full_output=True)[0],
    "closure": lambda f, a: optimize.fsolve(lambda x: f(x, a), X0),
}
# At x = (1, 1), a = 2: J x' = (1, 0), and J x'' = -(2 x₀'², -6 x₁'²).
J = jac([1.0, 1.0])
FIRST = np.linalg.solve(J, [1.0, 0.0])
SECOND = np.linalg.solve(J, [-2 * FIRST[0] ** 2, 6 * FIRST[1] ** 2])


@pytest.mark.parametrize("solver", SOLVERS)
def test_derivatives_of_a_solution(solver):
    solve = lambda a: SOLVERS[solver](f, a)
    np.testing.assert_allclose(dr.jacobian(solve)(2.0), FIRST, rtol=1e-12)
    np.testing.assert_allclose(dr.jacobian(solve, mode="reverse")(2.0), FIRST, rtol=1e-12)
    np.testing.assert_allclose(dr.jacobian(dr.jacobian(solve))(2.0), SECOND, rtol=1e-11)
    weighted = lambda a: solve(a) @ np.array([2.0, 3.0])
    assert dr.hessian(weighted)(2.0) == pytest.approx(SECOND @ [2.0, 3.0], rel=1e-11)
    np.testing.assert_array_equal(dr.jvp(solve, (2.0,), (1.0,))[0], solve(2.0))


def test_against_differences_of_tight_solutions():
    target = np.array([1.0, 2.0, 3.0])
    g = lambda x, p: x**3 + p[0] * np.roll(x, 1) - target * p[1]
    p = np.array([0.5, 1.2])
    solve = lambda p: optimize.root(g, np.ones(3), (p,)).x
    tight = lambda p: (
        original.root(g, np.ones(3), (p,), jac=lambda x, p: dr.jacobian(g)(x, p), tol=1e-15).x
    )
    h = 1e-5
    differences = np.stack([(tight(p + h * e) - tight(p - h * e)) / (2 * h) for e in np.eye(2)], -1)
    np.testing.assert_allclose(dr.jacobian(solve)(p), differences, rtol=1e-8)


def test_nested_solutions():
    """The outer unknown a makes the inner root, x³ + a x = 1, equal to b: a = (1 - b³) / b."""
    inner = lambda a: optimize.root(lambda x: x**3 + a * x - 1, [1.0]).x[0]
    outer = lambda b: optimize.fsolve(lambda a: inner(a[0]) - b, [1.0])[0]
    b = 0.6
    assert outer(b) == pytest.approx((1 - b**3) / b, rel=1e-10)
    assert dr.grad(outer)(b) == pytest.approx(-1 / b**2 - 2 * b, rel=1e-9)
    assert dr.grad(dr.grad(outer))(b) == pytest.approx(2 / b**3 - 2, rel=1e-8)


def test_derivatives_of_leastsq_and_its_covariance():
    t = np.linspace(0, 1, 5)
    A = np.stack([np.ones(5), t], 1)
    y = np.cos(3 * t)
    x, cov = dr.jacobian(
        lambda y: optimize.leastsq(lambda p: A @ p - y, [0.0, 0.0], full_output=True)[:2]
    )(y)
    np.testing.assert_allclose(x, np.linalg.pinv(A), rtol=1e-11, atol=1e-13)
    assert not cov.any()
    over = lambda y: optimize.root(lambda p: A @ p - y, [0.0, 0.0], method="lm").x
    np.testing.assert_allclose(dr.jacobian(over)(y), np.linalg.pinv(A), rtol=1e-11, atol=1e-13)
    s = dr.grad(
        lambda s: optimize.leastsq(lambda p: s * (A @ p - y), [0.0, 0.0], full_output=True)[1][0, 0]
    )(1.0)
    assert s == pytest.approx(-2 * np.linalg.inv(A.T @ A)[0, 0], rel=1e-10)


def test_an_unrelated_traced_value_changes_nothing():
    g = dr.value_and_grad(
        lambda a: optimize.root(lambda x: x**2 - 2 + 0 * len(str(type(a))), [1.0]).x[0]
    )
    value, slope = g(2.0)
    assert (value, slope) == (optimize.fsolve(lambda x: x**2 - 2, [1.0])[0], 0.0)


@pytest.mark.parametrize(
    ("solve", "words"),
    [
        (lambda a: optimize.root(lambda x: x**2 + a, [1.0]).x[0], "did not converge"),
        (lambda a: optimize.fsolve(lambda x: x**2 + a, [1.0])[0], "did not converge"),
        (lambda a: optimize.root(lambda x: (x - a) ** 2, [2.1]).x[0], "singular"),
        (
            lambda a: optimize.root(
                lambda x: np.stack([x[0] + x[1] - a, 2 * x[0] + 2 * x[1] - 2 * a]),
                [1.0, 1.0],
                method="lm",
            ).x[0],
            r"singular \(condition number",
        ),
    ],
)
def test_ill_posed(solve, words):
    with pytest.raises(dr.SolutionError, match=words):
        dr.grad(solve)(2.0)


def test_lanes_are_refused():
    with pytest.raises(dr.UnsupportedError, match="root inside vmap"):
        dr.vmap(lambda a: optimize.root(f, X0, (a,)).x)(np.array([1.0, 2.0]))


# -- errors and watching ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (lambda x: float(x[0]), dr.EscapeError, "jac=False"),
        (lambda x: None, dr.OutputError, "return statement"),
        (lambda x: x + 1j, dr.OutputError, "complex128"),
        (lambda x: "text", dr.DualrevError, "array|numbers"),
        (lambda x: x[:1], TypeError, "mismatch between the input and output shape"),
    ],
)
def test_bad_functions(bad, error, words):
    with pytest.raises(error, match=words):
        optimize.root(bad, [1.0, 2.0])


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"method": "nonsense"}, ValueError),
        ({"x0": "text"}, dr.InputError),
        ({"x0": [1j, 1]}, dr.InputError),
        ({"options": {"nonsense": 1}}, original.OptimizeWarning),
    ],
)
def test_bad_arguments(kwargs, error):
    with pytest.raises(error):
        optimize.root(f, **{"x0": X0, **kwargs})


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov"])
def test_trajectory(method):
    path = optimize.root(f, X0, method=method, trajectory=True).trajectory
    np.testing.assert_array_equal(path[0], X0)
    assert path.shape[1] == 2
    assert not (path[1:] == path[:-1]).all(axis=1).any()
    np.testing.assert_allclose(path[-1], [1, 1], atol=1e-3)


def test_progress(bar_texts):
    optimize.root(f, X0, progress=True)
    assert bar_texts[0] == "root"
    assert bar_texts[-1] == "closed"
    assert bar_texts[1].startswith("|f|=")


@pytest.mark.parametrize("name", ["root", "fsolve", "leastsq"])
def test_signatures(name):
    own, theirs = (inspect.signature(getattr(m, name)) for m in (optimize, original))
    plain = lambda s: [
        (p.name, p.default) for p in s.parameters.values() if p.kind != p.KEYWORD_ONLY
    ]
    assert plain(own) == plain(theirs)


@pytest.mark.parametrize("method", ["broyden1", "anderson", "df-sane"])
@pytest.mark.parametrize(
    "x0",
    [0.5, np.float64(0.5), np.full((2, 2), 0.5), 0.5 + 1j, np.array([0.5 + 1j])],
    ids=["number", "scalar", "matrix", "complex", "complex array"],
)
def test_methods_without_jacobian_take_what_they_took(method, x0):
    """A number stays one, arrays keep their shapes, and complex equations are solved."""
    g = lambda x: x**3 + x - 1.0
    ours, theirs = (m.root(g, x0, method=method) for m in (optimize, original))
    assert type(ours.x) is type(theirs.x)
    np.testing.assert_array_equal(ours.x, theirs.x)
    assert ours.keys() == theirs.keys()


def test_no_unknowns():
    ours, theirs = (m.root(lambda x: x, [], method="hybr") for m in (optimize, original))
    assert ours.message == theirs.message


@pytest.mark.parametrize("solve", [optimize.fsolve, optimize.leastsq])
def test_way_out_names_what_the_function_has(solve):
    """Neither has a jac=."""
    with pytest.raises(dr.EscapeError, match=f"call scipy.optimize.{solve.__name__} itself"):
        solve(lambda x: [math.cos(x[0])], [1.0])
