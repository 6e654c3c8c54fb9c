"""solve_ivp and odeint: SciPy's results on plain numbers, closed forms for derivatives of solutions."""

import inspect
import types

import numpy as np
import pytest
from scipy import integrate as original

import dualrev as dr
from dualrev.scipy import integrate

METHODS = ("RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA")
TIGHT = {"rtol": 1e-11, "atol": 1e-13}
# A method of low order gets what it reaches in a second, and is asked for as much less.
LOOSE = {
    "RK23": ({"rtol": 1e-8, "atol": 1e-10}, 1e-6),
    "Radau": ({"rtol": 1e-9, "atol": 1e-11}, 1e-8),
    "BDF": ({"rtol": 1e-10, "atol": 1e-12}, 1e-8),
}


def pendulum(t, y, w=1.3, c=0.2):
    return [y[1], -(w**2) * np.sin(y[0]) - c * y[1] + 0.1 * np.cos(t)]


def same(a, b):
    """Compare two results of SciPy, field by field."""
    assert a.keys() == b.keys()
    for name in a:
        if name == "sol":
            assert (a.sol is None) == (b.sol is None)
            continue
        if name in ("t_events", "y_events") and a[name] is not None:
            for x, y in zip(a[name], b[name], strict=True):
                np.testing.assert_array_equal(x, y)
            continue
        np.testing.assert_array_equal(a[name], b[name])


# -- plain numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"t_eval": np.linspace(0, 2, 5)},
        {"dense_output": True, "max_step": 0.1},
        {"events": lambda t, y, *_: y[0], "args": (1.5, 0.1)},
    ],
    ids=["steps", "t_eval", "dense", "events"],
)
def test_explicit_methods_give_what_scipy_gives(method, options):
    ours = integrate.solve_ivp(pendulum, (0, 2), [1.0, 0.0], method, **options)
    same(ours, original.solve_ivp(pendulum, (0, 2), [1.0, 0.0], method, **options))


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
@pytest.mark.parametrize("args", [None, (1.5, 0.1)])
def test_implicit_methods_give_what_scipy_gives_with_the_jacobian_by_hand(method, args):
    def jac(t, y, w=1.3, c=0.2):
        return np.array([[0.0, 1.0], [-(w**2) * np.cos(y[0]), -c]])

    ours = integrate.solve_ivp(pendulum, (0, 2), [1.0, 0.0], method, args=args)
    theirs = original.solve_ivp(pendulum, (0, 2), [1.0, 0.0], method, args=args, jac=jac)
    np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-12)
    assert (ours.nfev, ours.njev, ours.nlu) == (theirs.nfev, theirs.njev, theirs.nlu)
    same(integrate.solve_ivp(pendulum, (0, 2), [1.0, 0.0], method, args=args, jac=jac), theirs)


def test_differences_on_request():
    ours = integrate.solve_ivp(pendulum, (0, 2), [1.0, 0.0], "Radau", jac="2-point")
    same(ours, original.solve_ivp(pendulum, (0, 2), [1.0, 0.0], "Radau"))


def test_odeint_gives_what_scipy_gives():
    t = np.linspace(0, 2, 5)
    for tfirst in (False, True):
        f = pendulum if tfirst else lambda y, t, *a: pendulum(t, y, *a)
        ours = integrate.odeint(f, [1.0, 0.0], t, (1.5,), tfirst=tfirst)
        # The Jacobian serves stiff systems only.
        np.testing.assert_array_equal(
            ours, original.odeint(f, [1.0, 0.0], t, (1.5,), tfirst=tfirst)
        )
    y, info = integrate.odeint(pendulum, [1.0, 0.0], t, tfirst=True, full_output=True)
    np.testing.assert_array_equal(y, original.odeint(pendulum, [1.0, 0.0], t, tfirst=True))
    assert info["message"] == "Integration successful."


def test_signatures_are_those_of_scipy():
    for name in ("solve_ivp", "odeint", "quad", "fixed_quad", "nquad", "dblquad", "tplquad"):
        ours, theirs = (
            inspect.signature(getattr(m, name)).parameters for m in (integrate, original)
        )
        assert list(ours) == list(theirs)
        for p in ours:
            assert ours[p].default == theirs[p].default, (name, p)
            assert ours[p].kind == theirs[p].kind, (name, p)


# -- closed forms --------------------------------------------------------------------------------------------------

P = np.array([1.3, 2.0, 0.3, 0.1, 1.0])
TS = np.linspace(0.2, 0.9, 4)
WEIGHTS = np.array([1.0, -2.0, 0.5, 0.3])


def logistic(p, method="DOP853", **options):
    """Rate and capacity through args, the initial state, the initial time; the output times move with the last."""
    r, K, y0, t0, scale = p
    sol = integrate.solve_ivp(
        lambda t, y, r, K: r * y * (1 - y / K),
        (t0, 1.0),
        [y0],
        method,
        t_eval=TS * scale,
        args=(r, K),
        **{**TIGHT, **options},
    )
    return sol.y[0]


def logistic_exact(p):
    r, K, y0, t0, scale = p
    return K / (1 + (K - y0) / y0 * np.exp(-r * (TS * scale - t0)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_logistic_growth(method, mode):
    options, tolerance = LOOSE.get(method, (TIGHT, 1e-8))
    J = dr.jacobian(lambda p: logistic(p, method, **options), mode=mode)(P)
    exact = dr.jacobian(logistic_exact)(P)
    np.testing.assert_allclose(J, exact, rtol=tolerance, atol=tolerance)


def test_logistic_growth_at_second_order():
    H = dr.hessian(lambda p: WEIGHTS @ logistic(p))(P)
    exact = dr.hessian(lambda p: WEIGHTS @ logistic_exact(p))(P)
    np.testing.assert_allclose(H, exact, rtol=1e-8, atol=1e-8)
    for inner, outer in (("forward", "forward"), ("reverse", "reverse"), ("forward", "reverse")):
        first = dr.jacobian(lambda p: WEIGHTS @ logistic(p), mode=inner)
        np.testing.assert_allclose(dr.jacobian(first, mode=outer)(P), exact, rtol=1e-8, atol=1e-8)


def test_third_order():
    def end(y0):
        return integrate.solve_ivp(lambda t, y: -(y**2), (0, 1), [y0], "DOP853", **TIGHT).y[0, -1]

    # y = y0 / (1 + y0)
    for order, exact in ((1, 0.25), (2, -0.25), (3, 0.375)):
        assert dr.derivative(end, order=order)(1.0) == pytest.approx(exact, rel=1e-8)


def oscillator(p, solve):
    """Frequency by closure, amplitude, length of the interval."""
    w, a, t = p
    return solve(lambda t, y: [y[1], -(w**2) * y[0]], t, [a, 0.0 * a])


def by_solve_ivp(f, t, y0):
    return integrate.solve_ivp(f, (0, t), y0, "DOP853", **TIGHT).y[0, -1]


def by_odeint(f, t, y0):
    times = np.stack([0.0 * t, 0.5 * t, t])
    return integrate.odeint(f, y0, times, tfirst=True, rtol=1e-12, atol=1e-12)[-1, 0]


@pytest.mark.parametrize("solve", [by_solve_ivp, by_odeint])
def test_harmonic_oscillator(solve):
    p = np.array([2.0, 1.5, 1.2])

    def exact(p):
        return p[1] * np.cos(p[0] * p[2])

    for mode in ("forward", "reverse"):
        J = dr.jacobian(lambda p: oscillator(p, solve), mode=mode)(p)
        np.testing.assert_allclose(J, dr.grad(exact)(p), rtol=1e-8)
    H = dr.hessian(lambda p: oscillator(p, solve))(p)
    np.testing.assert_allclose(H, dr.hessian(exact)(p), rtol=1e-8)


def test_backwards_in_time():
    def start(p):
        return integrate.solve_ivp(lambda t, y: p[0] * y, (p[2], -1.0), [p[1]], **TIGHT).y[0, -1]

    p = np.array([0.7, 2.0, 0.5])
    np.testing.assert_allclose(
        dr.grad(start)(p), dr.grad(lambda p: p[1] * np.exp(-p[0] * (1 + p[2])))(p), rtol=1e-8
    )


def test_the_value_is_scipys_own():
    p = np.array([2.0, 3.0])

    def f(t, y):
        return -y

    plain = original.solve_ivp(f, (0, 1), p)
    sol, _ = dr.vjp(lambda p: integrate.solve_ivp(f, (0, 1), p).y, p)
    np.testing.assert_array_equal(sol, plain.y)
    values, _ = dr.jvp(lambda p: integrate.solve_ivp(f, (0, 1), p).y, (p,), (p,))
    np.testing.assert_array_equal(values, plain.y)


def test_steps_are_constants_and_the_ends_are_not():
    def times(span):
        return integrate.solve_ivp(lambda t, y: -y, (span[0], span[1]), [1.0]).t

    J = dr.jacobian(times)(np.array([0.5, 2.0]))
    assert J.shape[0] > 3
    np.testing.assert_array_equal(J[0], [1, 0])
    np.testing.assert_array_equal(J[-1], [0, 1])
    assert not J[1:-1].any()


def test_dense_output():
    def at(p):
        sol = integrate.solve_ivp(
            lambda t, y: -p[0] * y, (0, 2), [p[1]], "DOP853", dense_output=True, **TIGHT
        )
        assert sol.sol.t_max == 2.0
        return np.concatenate([sol.sol(p[2]), sol.sol(np.array([1.5, 0.2]))[0]])

    def exact(p):
        return p[1] * np.exp(-p[0] * np.stack([p[2], 1.5, 0.2]))

    p = np.array([0.7, 2.0, 0.4])
    np.testing.assert_allclose(at(p), exact(p), rtol=1e-9)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(
            dr.jacobian(at, mode=mode)(p), dr.jacobian(exact)(p), rtol=1e-8, atol=1e-10
        )
    with pytest.raises(dr.UnsupportedError, match="outside the interval"):
        dr.grad(
            lambda p: integrate.solve_ivp(lambda t, y: p * y, (0, 1), [1.0], dense_output=True).sol(
                3.0
            )[0]
        )(1.0)


def test_complex_state():
    A = np.array([[-0.25 + 0.14j, 0.33], [0.25 + 0.58j, -0.2 + 0.4j]])

    def norm(w, z):
        y = integrate.solve_ivp(lambda t, y: w * (A @ y), (0, 1), z, "DOP853", **TIGHT).y[:, -1]
        return np.sum(abs(y) ** 2)

    lam, V = np.linalg.eig(A)

    def exact(w, z):
        return np.sum(abs((V * np.exp(w * lam)) @ np.linalg.solve(V, z)) ** 2)

    z = np.array([1.0 + 0.5j, -0.7j])
    for k in (0, 1):
        np.testing.assert_allclose(
            dr.grad(norm, argnums=k)(1.2, z), dr.grad(exact, argnums=k)(1.2, z), rtol=1e-8
        )


def test_single_precision_and_integers():
    g = dr.grad(lambda y: integrate.solve_ivp(lambda t, y: -y, (0, 1), y, rtol=1e-8).y[0, -1])
    out = g(np.array([1.0], np.float32))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, np.exp(-1), rtol=1e-6)
    end = dr.grad(
        lambda r: integrate.solve_ivp(lambda t, y: -r * y, [0, 1], [1], rtol=1e-8).y[0, -1]
    )
    assert end(1.0) == pytest.approx(-np.exp(-1), rel=1e-6)


def test_a_custom_class_of_solver():
    class Own(original.DOP853):
        pass

    end = dr.grad(
        lambda r: integrate.solve_ivp(lambda t, y: r * y, (0, 1), [1.0], Own, **TIGHT).y[0, -1]
    )
    assert end(1.0) == pytest.approx(np.e, rel=1e-9)


# -- refusals ------------------------------------------------------------------------------------------------------


def test_a_solver_that_fails():
    with pytest.raises(dr.SolutionError, match="the solver failed"):
        dr.grad(lambda p: integrate.solve_ivp(lambda t, y: p * y**2, (0, 2), [1.0]).y[0, -1])(1.0)
    with pytest.warns(original.ODEintWarning), pytest.raises(dr.SolutionError, match="mxstep"):
        dr.grad(lambda p: integrate.odeint(lambda y, t: p * y, [1.0], [0, 9.0], mxstep=2)[-1, 0])(
            1.0
        )


def test_a_hidden_value_names_the_way_out():
    holder = types.ModuleType("holder")

    def end(p):
        holder.p = p
        return integrate.solve_ivp(lambda t, y: holder.p * y, (0, 1), [1.0]).y[0, -1]

    with pytest.raises(dr.EscapeError, match="pass that value in args="):
        dr.grad(end)(1.0)


def test_no_lanes():
    end = dr.vmap(lambda p: integrate.solve_ivp(lambda t, y: p * y, (0, 1), [1.0]).y[0, -1])
    with pytest.raises(dr.UnsupportedError, match="inside vmap"):
        end(np.ones(2))


def test_bad_input_gets_scipys_words():
    def end(p, **options):
        return integrate.solve_ivp(lambda t, y: p * y, (0, 1), [1.0], **options).y[0, -1]

    with pytest.raises(ValueError, match="`method` must be one of"):
        dr.grad(end)(1.0, method="Euler")
    with pytest.raises(ValueError, match="not within `t_span`"):
        dr.grad(end)(1.0, t_eval=[0.5, 2.0])
    with pytest.raises(TypeError, match="Supplied 'args' cannot be unpacked"):
        integrate.solve_ivp(pendulum, (0, 1), [1.0, 0.0], args=3.0)


def test_events_of_a_class_keep_its_attributes():
    """Inside a transform an event is watched for traced values; that it is terminal must not be lost."""

    class Half:
        terminal = True
        direction = -1

        def __call__(self, t, y):
            return y[0] - 0.5

    def stop(rate):
        return integrate.solve_ivp(
            lambda t, y: -rate * y, (0.0, 9.0), [1.0], events=Half(), rtol=1e-10, atol=1e-12
        ).t[-1]

    def plain(rate):
        # The solve itself depends on nothing traced.
        sol = integrate.solve_ivp(lambda t, y: -y, (0.0, 9.0), [1.0], events=[Half()], rtol=1e-9)
        return rate * sol.t[-1]

    assert dr.grad(stop)(2.0) == pytest.approx(-np.log(2.0) / 4, rel=1e-7)
    assert dr.grad(plain)(2.0) == pytest.approx(np.log(2.0), rel=1e-6)
