"""minimize: SciPy's solvers, results and errors, with exact derivatives from no more calls than by hand."""

import dataclasses
import functools
import inspect
import math
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import optimize as scipy_optimize

import dualrev as dr
from dualrev.errors import EscapeError, InputError, OutputError, ShapeError, SolutionError
from dualrev.scipy import optimize
from dualrev.scipy.optimize.derivatives import DENSE
from dualrev.scipy.optimize.methods import METHODS

rosen, rosen_der, rosen_hess = (
    scipy_optimize.rosen,
    scipy_optimize.rosen_der,
    scipy_optimize.rosen_hess,
)
SECOND = ["Newton-CG", "trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov"]
GRADIENT = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", *SECOND]
KNOWN = {m.lower() for m in scipy_optimize._minimize.MINIMIZE_METHODS}
NONE = [m for m in ("Nelder-Mead", "Powell", "COBYLA", "COBYQA") if m.lower() in KNOWN]
START = [1.3, 0.7, 0.8]
NEAR = [1.05, 1.1, 1.2]  # where Rosenbrock's Hessian is positive definite, as dogleg needs it


def f(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def start(method):
    return NEAR if method == "dogleg" else START


class Counted:
    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def by_hand(method, x0, **options):
    both = Counted(lambda x: (f(x), rosen_der(x)))
    hess = {"hess": rosen_hess} if method in SECOND else {}
    return scipy_optimize.minimize(both, x0, method=method, jac=True, **hess, **options), both


def test_every_method_of_scipy_is_known():
    assert set(METHODS) - {"ipopt", "custom"} - KNOWN <= {"cobyqa"}  # it came with SciPy 1.14
    assert set(METHODS) >= KNOWN


def test_signature():
    theirs = inspect.signature(scipy_optimize.minimize).parameters
    ours = inspect.signature(optimize.minimize).parameters
    assert [*ours] == [*theirs, "progress", "trajectory"]
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default
        assert ours[name].kind == parameter.kind


@pytest.mark.parametrize("method", GRADIENT)
def test_no_more_calls_than_by_hand(method):
    counted = Counted(f)
    res = optimize.minimize(counted, start(method), method=method)
    hand, both = by_hand(method, start(method))
    assert res.success
    assert np.allclose(res.x, hand.x, atol=1e-8)
    assert counted.calls <= both.calls
    assert counted.calls <= res.nfev
    for count in ("nfev", "njev", "nhev", "nit"):
        assert res.get(count) == hand.get(count)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"])
def test_no_more_calls_with_products(method):
    n = DENSE + 6
    x0 = np.linspace(0.8, 1.2, n)
    counted = Counted(f)
    res = optimize.minimize(counted, x0, method=method)
    both = Counted(lambda x: (f(x), rosen_der(x)))
    product = scipy_optimize.rosen_hess_prod
    hand = scipy_optimize.minimize(both, x0, method=method, jac=True, hessp=product)
    assert np.allclose(res.x, 1, atol=1e-3)
    assert res.success
    # Rounding makes the paths of Krylov methods differ in the end.
    assert counted.calls <= res.nfev <= 1.2 * hand.nfev


@pytest.mark.parametrize("method", NONE)
def test_methods_without_derivatives_get_the_function_as_it_is(method):
    def untouched(x):
        assert type(x) is np.ndarray
        return math.fsum([100 * (x[1] - x[0] ** 2) ** 2, (1 - x[0]) ** 2])

    options = {"maxiter": 60}
    res = optimize.minimize(untouched, [1.3, 0.7], method=method, options=options)
    theirs = scipy_optimize.minimize(untouched, [1.3, 0.7], method=method, options=options)
    assert np.array_equal(res.x, theirs.x)
    assert res.nfev == theirs.nfev
    assert list(res.keys()) == list(theirs.keys())


FORMS = {
    "list": list,
    "tuple": tuple,
    "float32": lambda x: np.array(x, np.float32),
    "column": lambda x: np.array(x)[:, None],
    "row": lambda x: np.array([x]),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("method", [*GRADIENT, *NONE])
def test_forms_of_x0(method, form):
    x0 = [1.25, 1.5, 0.75] if method != "dogleg" else [1.0625, 1.125, 1.25]  # exact in float32
    options = {"maxiter": 100} if method in NONE else {}
    expected = optimize.minimize(f, np.array(x0), method=method, options=options)
    got = optimize.minimize(f, form(x0), method=method, options=options)
    assert got.x.dtype == np.float64
    assert np.array_equal(got.x, expected.x)
    assert got.fun == expected.fun


@pytest.mark.parametrize("method", [*GRADIENT, *NONE])
def test_integers(method):
    x0 = [2, 2, 2] if method != "dogleg" else [1, 1, 1]
    options = {"maxiter": 60} if method in NONE else {}
    got = optimize.minimize(f, x0, method=method, options=options)
    expected = optimize.minimize(f, np.array(x0, float), method=method, options=options)
    assert np.array_equal(got.x, expected.x)
    assert optimize.minimize(lambda x: (x - 3.5) ** 2, 1, method="BFGS").x == pytest.approx(3.5)


@pytest.mark.parametrize("method", GRADIENT)
def test_float32_functions(method):
    def single(x):
        return np.sum((np.float32(2) * x - np.arange(3, dtype=np.float32)) ** 2)

    assert np.allclose(optimize.minimize(single, np.ones(3), method=method).x, [0, 0.5, 1])


@pytest.mark.parametrize("method", GRADIENT)
def test_args(method):
    def g(x, a, b):
        return np.sum(a * (x - b) ** 2)

    b = np.array([1.0, 2.0, 3.0])
    assert np.allclose(optimize.minimize(g, np.zeros(3), (2.0, b), method=method).x, b, atol=1e-4)


def test_one_argument_needs_no_tuple():
    res = optimize.minimize(lambda x, b: np.sum((x - b) ** 2), np.zeros(2), np.array([1.0, 2.0]))
    assert np.allclose(res.x, [1, 2])
    res = optimize.minimize(lambda x, b: np.sum((x - b) ** 2), [0.0], 3)
    assert np.allclose(res.x, 3)


# -- derivatives by hand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", GRADIENT)
def test_jac_by_hand_is_used(method):
    jac = Counted(rosen_der)
    res = optimize.minimize(f, start(method), method=method, jac=jac)
    assert res.success
    assert jac.calls >= res.get("njev", 1) > 0
    pair = Counted(lambda x: (f(x), rosen_der(x)))
    again = optimize.minimize(pair, start(method), method=method, jac=True)
    assert np.allclose(again.x, res.x, atol=1e-8)


@pytest.mark.parametrize("method", SECOND)
def test_hess_by_hand_is_used(method):
    hess = Counted(rosen_hess)
    res = optimize.minimize(f, start(method), method=method, hess=hess)
    assert res.success
    assert hess.calls >= res.nhev > 0


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"])
def test_hessp_by_hand_is_used(method):
    hessp = Counted(scipy_optimize.rosen_hess_prod)
    res = optimize.minimize(f, START, method=method, hessp=hessp)
    assert res.success
    assert hessp.calls > 0


@pytest.mark.parametrize("scheme", ["2-point", "3-point", "cs"])
@pytest.mark.parametrize("method", ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "trust-constr"])
def test_strings_are_scipys_business(method, scheme):
    def g(x):  # in plain Python: not differentiable
        return sum((v - k) ** 2 for k, v in enumerate(x.tolist()))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the quasi-Newton update of a quadratic
        try:
            expected = scipy_optimize.minimize(g, np.ones(3), method=method, jac=scheme)
        except TypeError:
            pytest.skip("this SciPy compares complex numbers")
        got = optimize.minimize(g, np.ones(3), method=method, jac=scheme)
    assert np.array_equal(got.x, expected.x)
    assert got.nfev == expected.nfev


def test_quasi_newton_strategies_are_used():
    class Strategy(scipy_optimize.BFGS):
        updates = 0

        def update(self, *args):
            Strategy.updates += 1
            super().update(*args)

    res = optimize.minimize(f, START, method="trust-constr", hess=Strategy())
    assert np.allclose(res.x, 1, atol=1e-4)
    assert Strategy.updates > 0


def test_a_method_of_the_users():
    given = {}

    def descent(fun, x0, args, jac, hess, hessp, bounds, constraints, callback, steps):
        given.update(args=args, bounds=bounds)
        x = x0
        for _ in range(steps):
            x = x - np.linalg.solve(hess(x, *args), jac(x, *args))
            assert np.allclose(hessp(x, x, *args), hess(x, *args) @ x)
            callback(x)
        return scipy_optimize.OptimizeResult(x=x, fun=fun(x, *args), success=True)

    seen = []
    res = optimize.minimize(
        lambda x, a: np.sum((x - a) ** 4 + (x - a) ** 2),
        [1.0, 2.0],
        (3.0,),
        descent,
        callback=seen.append,
        options={"steps": 20},
    )
    assert np.allclose(res.x, 3)
    assert given == {"args": (3.0,), "bounds": None}
    assert len(seen) == 20


def test_default_methods():
    assert "hess_inv" in optimize.minimize(f, START)
    box = [(0.0, 0.5)] * 3
    assert np.array_equal(
        optimize.minimize(f, START, bounds=box).x,
        optimize.minimize(f, START, bounds=box, method="L-BFGS-B").x,
    )
    line = {"type": "eq", "fun": lambda x: np.sum(x) - 1}
    assert np.array_equal(
        optimize.minimize(f, START, constraints=line).x,
        optimize.minimize(f, START, constraints=line, method="SLSQP").x,
    )


# -- callbacks, options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [*GRADIENT, *NONE])
def test_callback(method):
    iterates, options = [], {"maxiter": 30} if method in NONE else {}
    if method == "trust-constr":
        res = optimize.minimize(
            f, START, method=method, callback=lambda x, state: iterates.append(x)
        )
    else:
        res = optimize.minimize(
            f, start(method), method=method, callback=iterates.append, options=options
        )
    assert len(iterates) > 0
    assert all(x.shape == (3,) for x in iterates)
    assert np.allclose(iterates[-1], res.x, atol=1e-2)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "Newton-CG", "trust-exact"])
def test_callback_of_intermediate_results(method):
    values = []

    def callback(intermediate_result):
        values.append(intermediate_result.fun)
        if len(values) == 3:
            raise StopIteration

    res = optimize.minimize(f, START, method=method, callback=callback)
    assert len(values) == 3
    assert not res.success
    values.clear()
    res = optimize.minimize(
        lambda p: f(p["x"]), {"x": np.array(START)}, method=method, callback=callback
    )
    assert len(values) == 3


def test_options_and_tol():
    assert optimize.minimize(f, START, method="BFGS", options={"maxiter": 2}).nit == 2
    loose = optimize.minimize(f, START, method="CG", tol=1e-1)
    assert loose.nit < optimize.minimize(f, START, method="CG", tol=1e-9).nit
    with pytest.warns(scipy_optimize.OptimizeWarning, match="nonsense"):
        optimize.minimize(f, START, method="BFGS", options={"nonsense": 1})


# -- containers -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Model:
    weights: np.ndarray
    offset: float


TREE = {"a": np.zeros(2, np.float32), "b": 1, "c": (np.zeros((2, 2)),)}
TARGET = np.array([[0.0, 1.0], [2.0, 3.0]])


def loss(p):
    return np.sum((p["a"] - 2.0) ** 2) + (p["b"] + 1.0) ** 2 * 2 + np.sum((p["c"][0] - TARGET) ** 2)


@pytest.mark.parametrize("method", [*(m for m in GRADIENT), *NONE[1:]])
def test_containers(method):
    res = optimize.minimize(loss, TREE, method=method)
    assert res.success
    assert np.allclose(res.x["a"], 2, atol=1e-3)
    assert np.allclose(res.x["b"], -1, atol=1e-3)
    assert np.allclose(res.x["c"][0], TARGET, atol=1e-3)


def test_containers_of_every_kind():
    res = optimize.minimize(
        lambda m: np.sum((m.weights - 1) ** 2) + (m.offset - m.weights[0, 0]) ** 2,
        Model(np.zeros((2, 2)), 0.0),
    )
    assert isinstance(res.x, Model)
    assert isinstance(res.jac, Model)
    assert np.allclose(res.x.weights, 1, atol=1e-5)
    res = optimize.minimize(lambda X: np.sum((X @ X.T - 4 * np.eye(2)) ** 2), np.eye(2, 3) + 0.5)
    assert res.x.shape == (2, 3)
    assert np.allclose(res.x @ res.x.T, 4 * np.eye(2), atol=1e-4)
    res = optimize.minimize(lambda p: p[0] @ p[0] + (p[1] - 1) ** 2, (np.ones(2), 0.0))
    assert isinstance(res.x, tuple)


def test_derivatives_by_hand_of_containers():
    def gradient(p):
        return {
            "a": 2 * (p["a"] - 2),
            "b": 4 * (p["b"] + 1),
            "c": (2 * (p["c"][0] - TARGET),),
        }

    def curvature(p):
        return np.diag([2.0, 2.0, 4.0, 2.0, 2.0, 2.0, 2.0])

    def product(p, v):
        return {"a": 2 * v["a"], "b": 4 * v["b"], "c": (2 * v["c"][0],)}

    for given in (
        {"jac": gradient},
        {"jac": gradient, "hess": curvature},
        {"hessp": product},
        {"jac": True},
    ):
        fun = (lambda p: (loss(p), gradient(p))) if given == {"jac": True} else loss
        res = optimize.minimize(fun, TREE, method="Newton-CG", **given)
        assert np.allclose(res.x["c"][0], TARGET, atol=1e-4)
    wrong = {"a": np.zeros(3), "b": 0.0, "c": (TARGET,)}
    with pytest.raises(ShapeError, match="gradient"):
        optimize.minimize(loss, TREE, jac=lambda p: wrong)


def test_callbacks_of_containers():
    seen = []
    optimize.minimize(loss, TREE, method="CG", callback=seen.append)
    optimize.minimize(loss, TREE, method="trust-constr", callback=lambda p, s: seen.append(p))
    optimize.minimize(
        loss, TREE, callback=lambda intermediate_result: seen.append(intermediate_result.x)
    )
    assert len(seen) > 3
    assert all(p["c"][0].shape == (2, 2) for p in seen)


# -- x, f and caches --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [*GRADIENT, *NONE])
def test_a_function_that_writes_into_x(method):
    def g(x):
        y = (x - 1.0) ** 2
        x[:] = 77.0
        return np.sum(y)

    assert np.allclose(optimize.minimize(g, np.zeros(3), method=method).x, 1, atol=1e-3)


def test_a_callback_that_writes_into_x():
    res = optimize.minimize(f, START, callback=lambda x: x.fill(77.0))
    assert np.allclose(res.x, 1, atol=1e-4)


def test_x0_is_left_alone():
    x0 = np.array(START)
    optimize.minimize(f, x0)
    assert np.array_equal(x0, START)


def test_threads():
    def solve(k):
        return optimize.minimize(lambda x: np.sum((x - k) ** 4 + (x - k) ** 2), np.zeros(3)).x

    with ThreadPoolExecutor(8) as pool:
        for k, x in enumerate(pool.map(solve, range(24))):
            assert np.allclose(x, k, atol=1e-4)


def test_inside_a_transform_without_traced_values():
    def g(a):
        x = optimize.minimize(f, START).x
        return a * x[0]

    assert dr.grad(g)(2.0) == pytest.approx(1, abs=1e-4)


# -- errors -----------------------------------------------------------------------------------------------------------


BAD = {
    "complex x0": ((f, [1j, 0.0]), InputError, "complex"),
    "text x0": ((f, "abc"), InputError, "made of numbers"),
    "no x0": ((f, None), InputError, "made of numbers"),
    "no function": ((3, START), TypeError, "expects a function"),
    "vector": ((lambda x: 2 * x, START), ValueError, "must return a scalar value"),
    "complex value": ((lambda x: x[0] * 1j, START), OutputError, "complex"),
    "nothing": ((lambda x: None, START), OutputError, "return statement"),
    "unknown method": ((f, START, (), "newton"), ValueError, "Unknown solver"),
}


@pytest.mark.parametrize(("args", "error", "words"), BAD.values(), ids=BAD)
def test_bad(args, error, words):
    with pytest.raises(error, match=words):
        optimize.minimize(*args)


@pytest.mark.parametrize("method", GRADIENT)
def test_the_way_out_is_named(method):
    with pytest.raises(EscapeError, match='jac="2-point" for finite differences'):
        optimize.minimize(lambda x: math.exp(x[0]) + x[0] ** 2, [1.0], method=method)


def test_the_way_out_works():
    res = optimize.minimize(lambda x: math.exp(x[0]) + x[0] ** 2, [1.0], jac="2-point")
    assert np.allclose(res.x, -0.3517337, atol=1e-5)


def test_warnings_of_scipy_stay():
    with pytest.warns(RuntimeWarning, match="does not use Hessian"):
        optimize.minimize(f, START, method="BFGS", hess=rosen_hess)
    with pytest.warns(RuntimeWarning, match="cannot handle bounds"):
        optimize.minimize(f, START, method="BFGS", bounds=[(0, 2)] * 3)


# -- differentiable minima --------------------------------------------------------------------------------------------


def quartic(x, a):
    return (x[0] - a) ** 2 + x[0] ** 4 + (x[1] - a * x[0]) ** 2


def path(a):
    """The minimum of the quartic, and its derivative: 2 (x - a) + 4 x³ = 0."""
    x = np.roots([4, 0, 2, -2 * a])
    x = x[np.abs(x.imag) < 1e-9].real[0]
    slope = 2 / (2 + 12 * x**2)
    return np.array([x, a * x]), np.array([slope, x + a * slope])


@pytest.mark.parametrize("method", GRADIENT)
def test_derivatives_of_minima(method):
    def by_args(a):
        return optimize.minimize(quartic, [0.5, 0.5], (a,), method, tol=1e-8).x

    def by_closure(a):
        return optimize.minimize(lambda x: quartic(x, a), [0.5, 0.5], method=method, tol=1e-8).x

    x, slope = path(1.0)
    for best in (by_args, by_closure):
        y, t = dr.jvp(best, (1.0,), (1.0,))
        assert np.allclose(y, x, atol=1e-3)
        assert np.allclose(t, slope, rtol=1e-6)
        assert np.allclose(dr.jacobian(best, mode="reverse")(1.0), slope, rtol=1e-6)


def test_second_derivatives_and_values():
    def value(a):
        return optimize.minimize(lambda x: quartic(x, a), [0.5, 0.5]).fun

    x, slope = path(1.0)
    # The envelope theorem: d fun / da = -2 (x0 - a) at the minimum; x1 = a x0 adds nothing.
    assert dr.grad(value)(1.0) == pytest.approx(-2 * (x[0] - 1), rel=1e-5)
    assert dr.derivative(value, 2)(1.0) == pytest.approx(-2 * (slope[0] - 1), rel=1e-4)


def test_derivatives_of_minima_of_containers():
    def best(a):
        start = {"u": np.ones(2), "v": 0.0}
        return optimize.minimize(
            lambda p: np.sum((p["u"] - a) ** 2) + (p["v"] - p["u"][0] * a) ** 2, start
        ).x

    out = dr.jacobian(best)(3.0)
    assert np.allclose(out["u"], 1)
    assert np.allclose(out["v"], 6, atol=1e-5)


def test_jac_true_with_traced_values():
    def best(a):
        return optimize.minimize(
            lambda x: (np.sum((x - a) ** 2), 2 * (x - a)), np.zeros(2), jac=True
        ).x

    assert np.allclose(dr.jacobian(best)(3.0), 1)


def test_bounds_that_are_traced():
    def best(a):
        return optimize.minimize(lambda x: x @ x, [2.0, 2.0], bounds=[(a, None), (None, 3.0)]).x

    assert np.allclose(dr.jacobian(best)(1.0), [1, 0])

    def tree(a):
        box = optimize.Bounds({"u": a, "v": None})
        start = {"u": np.ones(2), "v": 2.0}
        return optimize.minimize(lambda p: p["u"] @ p["u"] + p["v"] ** 2, start, bounds=box).x["u"]

    assert np.allclose(dr.jacobian(tree)(0.5), 1)


def test_minima_that_were_not_reached():
    def best(a):
        return optimize.minimize(lambda x: quartic(x, a), [9.0, 9.0], options={"maxiter": 1}).x

    with pytest.raises(SolutionError, match="did not converge"):
        dr.jacobian(best)(1.0)


def test_a_solver_runs_on_plain_numbers():
    def best(a):
        def g(x):
            kinds.add(type(a).__name__)
            return np.sum((x - a) ** 2)

        return optimize.minimize(g, np.zeros(2), method="Powell").x

    kinds = set()
    dr.jacobian(best)(1.0)
    assert {"float", "float64"} & kinds


HIDDEN = {}


def test_traced_values_that_cannot_be_found():
    def best(a):
        HIDDEN["a"] = a
        return optimize.minimize(lambda x: np.sum((x - HIDDEN["a"]) ** 2), np.zeros(2)).x

    with pytest.raises(EscapeError, match="pass that value in args="):
        dr.jacobian(best)(1.0)


def test_what_is_remembered_for_the_covariance():
    res = optimize.minimize(
        functools.partial(lambda x, s: s * x @ x, s=2.0), np.ones(2), method="trust-exact"
    )
    assert np.allclose(optimize.covariance(res), np.eye(2) / 4)


@pytest.mark.parametrize("method", [*GRADIENT, *NONE])
def test_value_has_the_methods_of_numpy(method):
    """res.fun.round() works where it worked: NumPy's functions return float64, not float."""
    res = optimize.minimize(rosen, NEAR, method=method)
    assert type(res.fun) in (np.float64, np.ndarray)
    seen = []

    def callback(intermediate_result):
        seen.append(type(intermediate_result.fun))

    optimize.minimize(rosen, NEAR, method="L-BFGS-B", callback=callback)
    assert set(seen) == {np.float64}


def test_note_on_errors_that_may_be_the_users_own():
    def fun(x):
        raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model") as caught:
        optimize.minimize(fun, [1.0])
    assert caught.value.args == ("no such model",)
    (note,) = caught.value.__notes__
    assert note.endswith(
        'if plain numbers do not raise it, pass jac="2-point" for finite differences.'
    )
