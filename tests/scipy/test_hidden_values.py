"""A traced value that closure conversion does not find: every solver refuses it, none loses its derivative."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.scipy import integrate, optimize


class Hidden:
    """Attributes of classes are not searched."""

    a = 1.0


def square(x):
    return np.sum((x - Hidden.a) ** 2)


def line(x):
    return x - Hidden.a


def rates(t, y):
    return -Hidden.a * y


def event(t, y):
    return y[0] - 0.5 * Hidden.a


BOX = [(-3.0, 3.0)]
SOLVERS = {
    **{
        f"minimize {m}": lambda m=m: optimize.minimize(square, [0.5], method=m).x[0]
        for m in ("BFGS", "trust-ncg", "Nelder-Mead", "Powell", "COBYLA")
    },
    "minimize 2-point": lambda: optimize.minimize(square, [0.5], jac="2-point").x[0],
    "minimize by hand": lambda: optimize.minimize(square, [0.5], jac=lambda x: 2 * x - 2).x[0],
    **{
        f"minimize_scalar {m}": lambda m=m: (
            optimize.minimize_scalar(square, method=m, bounds=BOX[0] if m == "bounded" else None).x
        )
        for m in ("brent", "golden", "bounded")
    },
    **{
        f"root {m}": lambda m=m: optimize.root(line, [0.5], method=m).x[0]
        for m in ("hybr", "lm", "broyden1", "krylov", "df-sane")
    },
    "root without a Jacobian": lambda: optimize.root(line, [0.5], jac=False).x[0],
    "fsolve by hand": lambda: optimize.fsolve(line, 0.5, fprime=lambda x: [[1.0]])[0],
    **{
        m: lambda m=m: getattr(optimize, m)(line, -5.0, 5.0)
        for m in ("bisect", "brentq", "brenth", "ridder", "toms748")
    },
    "root_scalar": lambda: optimize.root_scalar(line, bracket=(-5.0, 5.0)).root,
    "newton": lambda: optimize.newton(line, 0.5),
    "newton by hand": lambda: optimize.newton(line, 0.5, fprime=lambda x: 1.0),
    "secant": lambda: optimize.newton(line, 0.5, x1=0.6),
    "fixed_point": lambda: optimize.fixed_point(lambda x: 0.5 * (x + Hidden.a), 0.3),
    "least_squares by hand": lambda: optimize.least_squares(line, [0.5], jac=lambda x: [[1.0]]).x[
        0
    ],
    "curve_fit by hand": lambda: optimize.curve_fit(
        lambda x, p: p * x - Hidden.a, [1.0, 2.0], [1.0, 2.0], jac=lambda x, p: x[:, None]
    )[0][0],
    "dual_annealing": lambda: optimize.dual_annealing(
        square, BOX, maxiter=3, no_local_search=True
    ).x[0],
    "golden": lambda: optimize.golden(square),
    "brent": lambda: optimize.brent(square),
    "fminbound": lambda: optimize.fminbound(square, -3.0, 3.0),
    "fmin_powell": lambda: optimize.fmin_powell(square, [0.5], disp=False)[0],
    "direct": lambda: optimize.direct(square, BOX).x[0],
    "quad": lambda: integrate.quad(lambda x: Hidden.a * x, 0.0, 1.0)[0],
    "odeint": lambda: integrate.odeint(lambda y, t: rates(t, y), 1.0, [0.0, 1.0])[-1, 0],
    **{
        f"solve_ivp {m}": lambda m=m: integrate.solve_ivp(rates, (0, 1), [1.0], method=m).y[0, -1]
        for m in ("RK45", "Radau", "LSODA")
    },
    "events": lambda: integrate.solve_ivp(
        lambda t, y: -y, (0.0, 1.0), [1.0], events=[event]
    ).t_events[0][0],
}


@pytest.mark.parametrize("transform", [dr.grad, dr.derivative])
@pytest.mark.parametrize("name", SOLVERS)
def test_refused(monkeypatch, name, transform):
    def through(a):
        monkeypatch.setattr(Hidden, "a", a)
        return SOLVERS[name]()

    with pytest.raises(dr.EscapeError):
        transform(through)(1.2)


@pytest.mark.parametrize("name", SOLVERS)
def test_plain(name):
    """The same calls on plain numbers give numbers."""
    assert np.isfinite(SOLVERS[name]())
