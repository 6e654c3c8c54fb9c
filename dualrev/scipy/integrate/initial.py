"""solve_ivp and odeint: exact Jacobians for the implicit methods, and solutions that can be differentiated.

Without traced values SciPy runs as it is, only with a Jacobian. With some, it runs on plain numbers, and what it found
becomes the value of an operation (`flow.py`) whose derivatives are found by solving the tangent or adjoint system.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import integrate

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed
from dualrev.errors import SolutionError, UnsupportedError
from dualrev.scipy.integrate.arguments import guarded, number, original, plain_numbers, refuse_lanes
from dualrev.scipy.integrate.events import traced_events
from dualrev.scipy.integrate.flow import Flow, Solver
from dualrev.scipy.integrate.jacobians import integrated, odeint_run
from dualrev.scipy.integrate.systems import Plain

__all__ = ["odeint", "solve_ivp"]

# What holds for tangents too; their first step is for the solver to find.
_LIMITS = ("max_step", "min_step")


def _state(y: Any) -> Any:
    y = operand(y)
    y = y if isinstance(y, Traced) else np.asarray(y)
    kind = np.dtype(complex if dtype_of(y).kind == "c" else float)
    return np.reshape(y if dtype_of(y) == kind else y.astype(kind), (-1,))


class TracedSolution:
    """The continuous solution, differentiable: what `OdeSolution` gives on plain numbers, as an operation."""

    def __init__(self, plain: Any, at: Callable[..., Any]) -> None:
        self._plain = plain
        self._at = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def __call__(self, t: Any) -> Any:
        """Evaluate at one time, or at several."""
        t = operand(t)
        times = value(t)
        low, high = sorted((self._plain.ts[0], self._plain.ts[-1]))
        if np.any(times < low) or np.any(times > high):
            raise UnsupportedError(
                "the dense output of solve_ivp",
                "a time outside the interval of integration",
                "integrate further",
            )
        y = self._at(np.reshape(t, (-1,)) * 1.0, np.atleast_1d(self._plain(np.ravel(times))))
        return y[:, 0] if np.ndim(times) == 0 else y


@replaces(
    integrate.solve_ivp,
    kind="solver",
    note="exact Jacobian for Radau, BDF, LSODA, sparse or banded where that pays; y and events are differentiable in "
    "y0, args, closures, t_span, t_eval; steps chosen by SciPy are constants; no vmap",
)
def solve_ivp(
    fun: Callable[..., Any],
    t_span: Sequence[Any],
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """Solve an initial value problem, as `scipy.integrate.solve_ivp`.

    Parameters
    ----------
    fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
        SciPy's. Without ``jac=`` the implicit methods get the exact Jacobian: a sparse one where that is better (see
        below), by `jac_sparsity` if that is given, or wherever possible with ``jac="sparse"``; ``jac="2-point"`` leaves
        it to SciPy's differences.

    Returns
    -------
    OdeResult
        SciPy's. If `y0`, `args`, `t_span`, `t_eval` or what `fun` and `events` close over is traced, then so are `y`,
        `t_events`, `y_events`, `sol` and those entries of `t` that depend on it.

    Raises
    ------
    SolutionError
        If the solver fails, or an event touches zero without crossing it, while a derivative is asked for.
    PatternError
        If the Jacobian has entries that `jac_sparsity` lacks.

    Notes
    -----
    From 200 states on, `fun` is evaluated once more to find the pattern of its Jacobian. If at most a tenth of the
    entries is in it, Radau and BDF get it sparse, and factorise matrices of that pattern in one order of rows and
    columns; LSODA gets a band that is at most a quarter of the matrix. Every Jacobian is checked by one direction more,
    and the pattern found anew when a branch of `fun` changes.

    Forward mode integrates the tangent system with the same method and tolerances; tangents take part in the error
    control, with `atol` scaled by the relative change that they stand for. Reverse mode contracts tangents along all
    directions, if they are few (n (1 + directions) up to 1200 states, 240 for implicit methods, 40 000 with sparse
    Jacobians), and integrates the adjoint system backwards at a tenth of the tolerances otherwise. A derivative is as
    exact as the tolerances ask: with SciPy's default ``rtol=1e-3`` it has three digits.

    A right-hand side that jumps at a time or a state which depends on a parameter has a derivative that this does not
    see: stop there by a terminal event, whose time is differentiable, and go on with another call.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> def end(y0):
    ...     sol = integrate.solve_ivp(lambda t, y: -2 * y, (0, 1), [y0], rtol=1e-10, atol=1e-12)
    ...     return sol.y[0, -1]
    >>> bool(np.isclose(dr.grad(end)(3.0), np.exp(-2.0)))
    True
    """
    extra = _unpack(args)
    handed = options.get("jac")
    found = closed(fun, (extra, events, handed))
    if not found.values and not any(map(holds_traced, (y0, t_span, t_eval))):
        return integrated(
            fun,
            t_span,
            y0,
            method,
            t_eval,
            dense_output,
            _guarded_events(events),
            vectorized,
            args,
            options,
            guarded("solve_ivp", fun),
        )
    options = {k: plain_numbers(v) for k, v in options.items()}
    y0 = _state(y0)
    t0, tf = map(number, t_span)
    times: Any = None if t_eval is None else operand(t_eval)
    refuse_lanes("solve_ivp", y0, t0, tf, times, *found.values)
    plain_fun, (plain_args, plain_events, plain_jac) = found.plain
    if callable(plain_jac):
        options["jac"] = plain_jac
    res = integrated(
        plain_fun,
        (value(t0), value(tf)),
        value(y0),
        method,
        None if times is None else value(times),
        dense_output,
        _guarded_events(plain_events),
        vectorized,
        plain_args if args is not None else None,
        options,
        guarded("solve_ivp", plain_fun),
    )
    if res.status < 0:
        raise SolutionError(
            "solve_ivp", f"the solver failed: {res.message}", "choose another method or tolerances"
        )
    system = Plain(found, y0.shape[0], "solve_ivp")
    solver = Solver(
        method,
        float(np.min(options.get("rtol", 1e-3))),
        options.get("atol", 1e-6),
        {k: v for k, v in options.items() if k in _LIMITS},
    )
    values = [v * 1.0 if dtype_of(v).kind not in "fc" else v for v in found.values]

    def at(ts: Any, known: Any) -> Any:
        """Return y at times, traced or not, whose plain values are known; the times are its last axis."""
        active = [isinstance(x, Traced) for x in (t0, ts, y0, *values)]
        leaves = (t0, ts, y0, *values)
        if not any(active):
            return known
        flow = Flow(system, solver, active, ([value(x) for x in leaves], (np.asarray(known).T,)))
        return np.transpose(flow.call(*leaves)[0])

    return _result(res, at, t0, tf, times, events, values, system)


def _guarded_events(events: Any) -> Any:
    if isinstance(events, (list, tuple)):
        return [_guarded_events(event) for event in events]
    guard = guarded("solve_ivp", events)
    if guard is not events:
        # Attributes of an event may be those of its class.
        for name in ("terminal", "direction"):
            if hasattr(events, name):
                setattr(guard, name, getattr(events, name))
    return guard


def _unpack(args: Any) -> tuple[Any, ...]:
    if args is None:
        return ()
    try:
        return (*args,)
    except TypeError as error:
        raise TypeError(
            f"Supplied 'args' cannot be unpacked. Please supply `args` as a tuple (e.g. `args=({args},)`)"
        ) from error


def _result(
    res: Any, at: Any, t0: Any, tf: Any, times: Any, events: Any, values: Any, system: Any
) -> Any:
    """Put traced values in place of SciPy's numbers."""
    last = tf
    if events is not None:
        t_events, y_events, stop = traced_events(res, at, system, values, float(value(t0)))
        last = stop if stop is not None else tf
        res.t_events, res.y_events = t_events, y_events
    if not np.size(res.t):
        return res
    if times is None:
        # The steps between are SciPy's choice; the ends are the user's.
        ts = res.t
        if len(ts) > 1 and (isinstance(t0, Traced) or isinstance(last, Traced)):
            ts = np.concatenate([np.reshape(t0, (1,)), ts[1:-1], np.reshape(last, (1,))])
    else:
        ts = times[: len(res.t)] if holds_traced(times) else res.t
    if res.sol is not None:
        res.sol = TracedSolution(res.sol, at)
    res.t, res.y = ts, at(ts, res.y)
    return res


@replaces(
    integrate.odeint,
    kind="solver",
    note="exact Jacobian when Dfun is not given; differentiable in y0, args, closures and t; no vmap",
)
def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Any = None,
    col_deriv: Any = 0,
    full_output: Any = 0,
    ml: Any = None,
    mu: Any = None,
    rtol: Any = None,
    atol: Any = None,
    tcrit: Any = None,
    h0: float = 0.0,
    hmax: float = 0.0,
    hmin: float = 0.0,
    ixpr: Any = 0,
    mxstep: int = 0,
    mxhnil: int = 0,
    mxordn: int = 12,
    mxords: int = 5,
    printmessg: Any = 0,
    tfirst: bool = False,
) -> Any:
    """Integrate a system of ordinary differential equations, as `scipy.integrate.odeint`.

    Parameters
    ----------
    func, y0, t, args, Dfun, col_deriv, full_output, ml, mu, rtol, atol, tcrit, h0, hmax, hmin, ixpr, mxstep, mxhnil,
    mxordn, mxords, printmessg, tfirst
        SciPy's. Without `Dfun` (and a band, `ml` and `mu`) the exact Jacobian is used, in a band where that is better
        (as in `solve_ivp` with LSODA).

    Returns
    -------
    y, or (y, infodict)
        SciPy's; traced if `y0`, `t`, `args` or what `func` closes over is.

    Raises
    ------
    SolutionError
        If the solver fails while a derivative is asked for.

    Notes
    -----
    Derivatives as in `solve_ivp`.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> def end(rate):
    ...     return integrate.odeint(lambda y, t: -rate * y, [1.0], [0.0, 1.0], rtol=1e-11, atol=1e-12)[-1, 0]
    >>> bool(np.isclose(dr.grad(end)(2.0), -np.exp(-2.0)))
    True
    """
    extra = args if isinstance(args, tuple) else (args,)
    found = closed(func, (extra, Dfun))
    options = {
        "tcrit": tcrit,
        "h0": h0,
        "hmax": hmax,
        "hmin": hmin,
        "ixpr": ixpr,
        "mxstep": mxstep,
        "mxhnil": mxhnil,
        "mxordn": mxordn,
        "mxords": mxords,
    }
    options = {k: plain_numbers(v) for k, v in options.items()}
    band = {"col_deriv": col_deriv, "printmessg": printmessg, "tfirst": tfirst}
    rtol, atol = plain_numbers(rtol), plain_numbers(atol)
    traced = bool(found.values) or holds_traced(y0) or holds_traced(t)
    plain_func, (plain_args, plain_jac) = found.plain
    exact = plain_jac is None and ml is None and mu is None
    if exact:
        band["col_deriv"] = 0

    def run(y0: Any, t: Any, full: Any) -> Any:
        def with_jacobian(Dfun: Any, ml: Any, mu: Any) -> Any:
            return original.odeint(
                plain_func,
                y0,
                t,
                plain_args,
                Dfun,
                full_output=full,
                ml=ml,
                mu=mu,
                rtol=rtol,
                atol=atol,
                **band,
                **options,
            )

        if not exact:
            return with_jacobian(plain_jac, ml, mu)
        return odeint_run(with_jacobian, plain_func, y0, t, plain_args, tfirst)

    if not traced:
        return run(y0, t, full_output)
    y0, ts = _state(y0), operand(t)
    refuse_lanes("odeint", y0, ts, *found.values)
    y, info = run(value(y0), value(ts), True)
    if info["message"] != "Integration successful.":
        raise SolutionError(
            "odeint", f"the solver failed: {info['message']}", "raise mxstep=, or the tolerances"
        )
    known = np.asarray(y)
    values = [v * 1.0 if dtype_of(v).kind not in "fc" else v for v in found.values]
    times: Any = ts if isinstance(ts, Traced) else np.asarray(ts, float)
    default = 1.49012e-8
    solver = Solver(
        "odeint",
        default if rtol is None else float(np.min(rtol)),
        default if atol is None else atol,
        options,
    )
    leaves = (times[0], times, y0, *values)
    flow = Flow(
        Plain(found, y0.shape[0], "odeint", tfirst),
        solver,
        [isinstance(x, Traced) for x in leaves],
        ([value(x) for x in leaves], (known,)),
    )
    out = flow.call(*leaves)[0]
    return (out, info) if full_output else out
