"""Equations in one unknown: exact derivatives for Newton and Halley, calls, and derivatives of roots."""

import inspect
import math

import numpy as np
import pytest
from scipy import optimize as original

import dualrev as dr
from dualrev.scipy import optimize

BRACKETING = ("bisect", "brenth", "brentq", "ridder", "toms748")
cube = lambda x, a: x**3 - a


def refusal(solve, *args, **kwargs):
    """Return kind and words of the error that a call ends in."""
    try:
        solve(*args, **kwargs)
    except (ValueError, TypeError, RuntimeError) as error:
        return type(error), str(error)
    return None


class Counted:
    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


# -- the same results as by hand ----------------------------------------------------------------------------------


def test_newton_is_newtons_method():
    for x0 in (1, 1.0, np.float32(1), np.array(1.0), np.array([1.0])):
        found, r = optimize.newton(cube, x0, args=(2.0,), full_output=True)
        exact, s = original.newton(
            cube, np.float64(1), lambda x, a: 3 * x**2, args=(2.0,), full_output=True
        )
        np.testing.assert_allclose(found, exact, rtol=1e-14)
        assert (r.method, r.iterations, r.function_calls) == (
            "newton",
            s.iterations,
            s.function_calls,
        )


def test_newton_of_arrays():
    a = np.array([1.0, 8.0, 27.0, 100.0])
    for x0 in (np.ones(4), [1, 1, 1, 1], np.ones(4, np.float32)):
        np.testing.assert_allclose(optimize.newton(cube, x0, args=(a,)), np.cbrt(a), rtol=1e-12)
    found = optimize.newton(cube, np.ones(4), args=(a,), full_output=True)
    assert found.converged.all()
    assert not found.zero_der.any()


def test_arguments_are_those_of_scipy():
    f = lambda x, a, b: x**3 - a * b
    for args in ((2.0, 3.0), [2.0, 3.0], np.array([2.0, 3.0])):
        assert optimize.newton(f, 1.0, args=args) == pytest.approx(np.cbrt(6.0), rel=1e-14)
    assert optimize.root_scalar(cube, 2.0, x0=1.0).root == pytest.approx(np.cbrt(2.0))
    assert optimize.brentq(cube, 0, 3, 2.0) == original.brentq(cube, 0, 3, 2.0)


def test_newton_of_complex_arrays():
    a = np.array([1.0, 4.0])
    solve = lambda a: optimize.newton(lambda z: z**2 + a, np.array([1 + 1j, 1 + 2j]))
    np.testing.assert_allclose(solve(a), [1j, 2j], atol=1e-10)
    J = dr.jacobian(lambda a: solve(a).imag)(a)
    np.testing.assert_allclose(J, np.diag([0.5, 0.25]), atol=1e-12)


def test_newton_with_a_second_guess_is_the_secant_method():
    own = optimize.newton(cube, 1.0, x1=1.5, args=(2.0,), full_output=True)
    theirs = original.newton(cube, 1.0, x1=1.5, args=(2.0,), full_output=True)
    assert own[0] == theirs[0]
    assert own[1].method == theirs[1].method == "secant"


def test_newton_with_a_second_derivative_is_halleys_method():
    own = optimize.newton(cube, 1.0, fprime2=lambda x, a: 6 * x, args=(2.0,), full_output=True)[1]
    theirs = original.newton(
        cube, 1.0, lambda x, a: 3 * x**2, (2.0,), fprime2=lambda x, a: 6 * x, full_output=True
    )[1]
    assert (own.method, own.iterations) == (theirs.method, theirs.iterations)


def test_newton_by_hand_is_untouched():
    fprime = Counted(lambda x, a: 3 * x**2)
    own = optimize.newton(cube, 1.0, fprime, (2.0,))
    assert own == original.newton(cube, 1.0, lambda x, a: 3 * x**2, (2.0,))
    assert fprime.calls


def test_newton_of_a_complex_number():
    root = optimize.newton(lambda z: z**2 + 1, 1 + 1j)
    assert abs(root - 1j) < 1e-12


@pytest.mark.parametrize("method", ["newton", "halley", None])
def test_root_scalar(method):
    f = Counted(cube)
    res = optimize.root_scalar(f, (2.0,), method, x0=1)
    assert res.converged
    assert res.root == pytest.approx(np.cbrt(2.0), rel=1e-14)
    by_hand = original.root_scalar(
        cube,
        (2.0,),
        method or "newton",
        x0=1.0,
        fprime=lambda x, a: 3 * x**2,
        fprime2=lambda x, a: 6 * x,
    )
    assert res.iterations == by_hand.iterations
    # One evaluation at each point gives what the method wants there.
    assert f.calls <= by_hand.iterations + 1


def test_root_scalar_takes_derivatives_by_hand():
    both = lambda x: (x**3 - 2, 3 * x**2)
    three = lambda x: (*both(x), 6 * x)
    f = lambda x: x**3 - 2
    cases = [
        {"f": both, "fprime": True, "x0": 1.0},
        {"f": three, "fprime": True, "fprime2": True, "x0": 1.0},
        {"f": f, "fprime": lambda x: 3 * x**2, "x0": 1.0},
        {"f": f, "fprime": False, "method": "newton", "x0": 1.0},
        {"f": f, "bracket": [0, 3]},
        {"f": f, "x0": 1.0, "x1": 1.1},
        {"f": f, "method": "toms748", "bracket": (0, 3), "xtol": 1e-14},
    ]
    for case in cases:
        own, theirs = optimize.root_scalar(**case), original.root_scalar(**case)
        assert own == theirs


def test_newton_calls_the_function_once_for_each_point():
    f = Counted(cube)
    _, r = optimize.newton(f, 1.0, args=(2.0,), full_output=True)
    assert f.calls == r.iterations


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"x0": 1.0, "tol": 0}, ValueError, "tol too small"),
        ({"x0": 1.0, "maxiter": 0}, ValueError, "maxiter must be greater"),
        ({"x0": 1.0, "maxiter": 1}, RuntimeError, "Failed to converge"),
        ({"x0": 0.0}, RuntimeError, "Derivative was zero"),
    ],
)
def test_newton_errors_are_scipys(kwargs, error, words):
    with pytest.raises(error, match=words):
        optimize.newton(lambda x: x**2 - 2, **kwargs)


def test_root_scalar_errors_are_scipys():
    for kwargs in (
        {},
        {"method": "nonsense", "x0": 1.0},
        {"method": "newton"},
        {"method": "brentq"},
    ):
        theirs = refusal(original.root_scalar, lambda x: x - 1, **kwargs)
        assert theirs is not None
        assert refusal(optimize.root_scalar, lambda x: x - 1, **kwargs) == theirs


# -- derivatives of roots -----------------------------------------------------------------------------------------

SOLVERS = {
    "newton": lambda f: optimize.newton(f, 1.0),
    "secant": lambda f: optimize.newton(f, 1.0, x1=1.2),
    "full output": lambda f: optimize.newton(f, 1.0, full_output=True)[0],
    "result": lambda f: optimize.newton(f, 1.0, full_output=True)[1].root,
    "root_scalar": lambda f: optimize.root_scalar(f, x0=1.0).root,
    "halley": lambda f: optimize.root_scalar(f, x0=1.0, method="halley").root,
    "with derivative": lambda f: (
        optimize.root_scalar(lambda x: (f(x), 3 * x**2), x0=1.0, fprime=True).root
    ),
    "bracket": lambda f: optimize.root_scalar(f, bracket=(0.0, 5.0)).root,
    **{m: (lambda f, m=m: getattr(optimize, m)(f, 0.0, 5.0)) for m in BRACKETING},
    "brentq, full": lambda f: optimize.brentq(f, 0.0, 5.0, full_output=True)[1].root,
}


@pytest.mark.parametrize("solver", SOLVERS)
def test_derivatives_of_a_root(solver):
    root = lambda a: SOLVERS[solver](lambda x: x**3 - a)
    a = 5.0
    assert root(a) == pytest.approx(a ** (1 / 3), rel=1e-9)
    first, second = a ** (-2 / 3) / 3, -2 / 9 * a ** (-5 / 3)
    assert dr.grad(root)(a) == pytest.approx(first, rel=1e-13)
    assert dr.jvp(root, (a,), (1.0,))[1] == pytest.approx(first, rel=1e-13)
    assert dr.grad(dr.grad(root))(a) == pytest.approx(second, rel=1e-12)
    assert dr.derivative(root, 3)(a) == pytest.approx(10 / 27 * a ** (-8 / 3), rel=1e-11)
    # The value is the solver's own.
    assert dr.value_and_grad(root)(a)[0] == root(a)


def test_derivatives_by_arguments():
    root = lambda a: optimize.root_scalar(cube, (a,), x0=1.0).root
    assert dr.grad(root)(5.0) == pytest.approx(5.0 ** (-2 / 3) / 3, rel=1e-13)
    root = lambda a: optimize.brentq(cube, 0.0, 5.0, (a,))
    assert dr.grad(root)(5.0) == pytest.approx(5.0 ** (-2 / 3) / 3, rel=1e-13)


def test_derivatives_of_many_roots():
    a = np.array([1.0, 8.0, 27.0])
    roots = lambda a: optimize.newton(lambda x: x**3 - a, np.ones(3))
    J = np.diag(a ** (-2 / 3) / 3)
    np.testing.assert_allclose(dr.jacobian(roots)(a), J, rtol=1e-13)
    np.testing.assert_allclose(dr.jacobian(roots, mode="reverse")(a), J, rtol=1e-13)
    full = lambda a: optimize.newton(lambda x: x**3 - a, np.ones(3), full_output=True).root
    np.testing.assert_allclose(dr.jacobian(full)(a), J, rtol=1e-13)


def test_a_guess_has_no_derivative():
    assert dr.grad(lambda a: optimize.newton(lambda x: x**3 - 2.0, a))(1.0) == 0.0


def test_derivative_of_a_complex_root():
    # z² = -a, z = i √a.
    imaginary = lambda a: optimize.newton(lambda z: z**2 + a, 1 + 1j).imag
    assert dr.grad(imaginary)(4.0) == pytest.approx(0.25, rel=1e-12)


@pytest.mark.parametrize(
    ("solve", "words"),
    [
        (lambda a: optimize.newton(lambda x: (x - a) ** 2, 1.0, maxiter=500), "singular"),
        (
            lambda a: optimize.root_scalar(lambda x: x**3 - a, x0=1.0, maxiter=1).root,
            "not converge",
        ),
        (
            lambda a: optimize.newton(lambda x: x - a * np.sum(x) / 3 + 0.1, np.ones(2))[0],
            "not one function for each entry",
        ),
        (lambda a: optimize.brentq(lambda x: np.cbrt(x - a), 0.0, 5.0), "stopped too early"),
    ],
)
def test_ill_posed(solve, words):
    with pytest.raises(dr.SolutionError, match=words), np.errstate(all="ignore"):
        dr.grad(solve)(2.0)


def test_lanes_are_refused():
    with pytest.raises(dr.UnsupportedError, match="vmap"):
        dr.vmap(lambda a: optimize.newton(lambda x: x**3 - a, 1.0))(np.ones(2))


# -- minimize_scalar ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kwargs", [{}, {"bounds": (0, 5)}, {"bracket": (0.5, 1.0), "method": "golden"}]
)
def test_minimize_scalar(kwargs):
    f = lambda x, a: (x**2 - a) ** 2 + a * x
    own = optimize.minimize_scalar(f, args=(4.0,), **kwargs)
    assert own == original.minimize_scalar(f, args=(4.0,), **kwargs)
    best = lambda a: optimize.minimize_scalar(lambda x: f(x, a), **kwargs).x
    # 4 x (x² - a) + a = 0
    x = original.brentq(
        lambda x: 4 * x * (x**2 - 4) + 4, *((1, 3) if own.x > 0 else (-3, -1)), xtol=1e-14
    )
    assert dr.grad(best)(4.0) == pytest.approx((4 * x - 1) / (12 * x**2 - 16), rel=1e-11)
    value = lambda a: optimize.minimize_scalar(f, args=(a,), **kwargs).fun
    assert dr.grad(value)(4.0) == pytest.approx(2 * (4 - x**2) + x, rel=1e-6)


def test_minimize_scalar_at_a_bound():
    best = lambda a, b: optimize.minimize_scalar(lambda x: (x - a) ** 2, bounds=(0, b)).x
    assert dr.grad(best, (0, 1))(3.0, 1.0) == (0.0, 1.0)
    assert dr.grad(best, (0, 1))(0.5, 1.0) == pytest.approx((1.0, 0.0), abs=1e-12)


@pytest.mark.parametrize("name", ["newton", "root_scalar", "minimize_scalar", *BRACKETING])
def test_signatures(name):
    own, theirs = (inspect.signature(getattr(m, name)) for m in (optimize, original))
    plain = lambda s: [(p.name, p.default, p.kind) for p in s.parameters.values()]
    assert plain(own) == plain(theirs)


@pytest.mark.parametrize("name", ["bisect", "brentq", "toms748"])
def test_a_function_that_keeps_its_values(name):
    """The solver's plain run leaves plain values in the cache, at the root itself where it is met exactly."""

    def root(a):
        kept = {}

        def f(x):
            if x not in kept:
                kept[x] = x**3 - a
            return kept[x]

        return getattr(optimize, name)(f, 0.0, 4.0)

    for mode in (dr.grad, dr.derivative):
        assert mode(root)(8.0) == pytest.approx(1 / 12, rel=1e-12)


@pytest.mark.parametrize(
    ("solve", "words"),
    [
        (lambda f: optimize.newton(f, 1.0), "x1= for the secant method"),
        (lambda f: optimize.root_scalar(f, x0=1.0), 'method="secant" with x1='),
    ],
)
def test_ways_out(solve, words):
    with pytest.raises(dr.EscapeError, match=words):
        solve(lambda x: math.cos(x) - x)
