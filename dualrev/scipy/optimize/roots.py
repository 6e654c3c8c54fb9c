"""MINPACK's functions with exact Jacobians, and their solutions with derivatives: `root`, `fsolve` and `leastsq`."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.levels import decaying
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed, guarded
from dualrev.derivatives.jacobian import jacobian
from dualrev.scipy.optimize.bounds import is_tree
from dualrev.scipy.optimize.factors import Factors, factors
from dualrev.scipy.optimize.monitor import Monitor
from dualrev.scipy.optimize.optimality import (
    differentiate_minimum,
    differentiate_root,
    refuse_lanes,
    require_success,
)
from dualrev.scipy.optimize.patterns import asked_for
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.residuals import Residuals, residual_vector
from dualrev.scipy.optimize.values import as_array

__all__ = ["fsolve", "leastsq", "root"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize

_MINPACK = ("hybr", "lm")
_WAY_OUT = {
    "root": "or pass jac=False for finite differences",
    "fsolve": "or call scipy.optimize.fsolve itself for finite differences",
    "leastsq": "or call scipy.optimize.leastsq itself for finite differences",
}


class _System:
    """One call of a solver: the user's function and Jacobian as the solver takes them, and what they close over."""

    def __init__(
        self, name: str, fun: Any, x0: Any, args: Any, jac: Any, column_wise: Any, exact: bool
    ) -> None:
        self.name = name
        args = args if isinstance(args, tuple) else (args,)
        pair: Any = (fun, jac)
        self.closure = closed(pair, args)
        refuse_lanes(name, self.closure)
        self.point = Point(x0, name)
        self.pair = jac is True
        self.given = fun, args
        plain: Any = self.closure.plain
        (fun, jac), args = plain
        self.fun: Any = self._flat(fun, args)
        self.jac: Any = jac
        if jac is None and exact:
            made = Residuals(self.fun, name=name, way_out=_WAY_OUT[name])
            self.fun = made.fun
            self.jac = (
                made.jac if not column_wise else lambda x: np.ascontiguousarray(made.jac(x).T)
            )
        else:
            self.fun = guarded(name, self.fun)
        if callable(jac):
            hand = guarded(name, jac)
            self.jac = lambda x: hand(self.point.restore(x), *args)

    def _flat(self, fun: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[Any], Any]:
        if self.pair:
            return lambda x: fun(self.point.restore(x), *args)
        return residual_vector(fun, self.point, args, name=self.name)

    def residual(self, x: Any) -> Any:
        """Return the function of the user's, with whatever is traced in it, of a flat vector."""
        fun, args = self.given
        y = self._flat(fun, args)(x)
        return np.ravel(operand(y[0] if self.pair else y))

    def solution(self, x: Any, success: Any, message: Any) -> Any:
        """Return the solver's answer in the structure of x0, with its derivatives."""
        x = np.asarray(x)
        if self.closure.values:
            require_success(self.name, success, message)
            residual = self.residual
            if self.name != "leastsq" and np.size(value(residual(x))) == x.size:
                x = differentiate_root(self.name, residual, x)
            else:  # method "lm" takes more equations than unknowns
                found = SimpleNamespace(x=x, success=True, message="")
                x = differentiate_minimum(
                    lambda z: 0.5 * np.sum(residual(z) ** 2), found, name=self.name
                )
        return self.point.restore(x)


def _watched(monitor: Monitor, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `f` such that the monitor sees each point once; MINPACK's callers evaluate the first one several times."""
    last = [monitor.point.flat.tobytes()]

    def noted(x: Any) -> Any:
        y = f(x)
        if x.tobytes() != last[0]:
            last[0] = x.tobytes()
            monitor.seen(x, y[0] if isinstance(y, tuple) else y)
        return y

    return noted


def _is_container(x0: Any) -> bool:
    """Say whether a guess is no number, array, or list that is one."""
    if isinstance(x0, (list, tuple)):
        return is_tree(x0) or type(x0) not in (list, tuple)
    return not (np.isscalar(x0) or isinstance(x0, np.ndarray))


def _is_plain_array(x0: Any) -> bool:
    return isinstance(x0, np.ndarray) and x0.dtype.kind in "fiub"


def _with_factors(
    fun: Any, x0: Any, args: Any, options: dict[str, Any], asked: bool
) -> tuple[dict[str, Any], Factors | None]:
    """Return the options of "krylov" such that its steps are Newton's with the sparse Jacobian, if that is possible."""
    tuned = dict(options.get("jac_options") or {})
    if tuned and not asked:
        return options, None  # how the equations of a step are solved is the user's choice
    if "inner_M" in tuned:
        raise ValueError(
            'root: jac="sparse" supplies the factors of the Jacobian as inner_M, and jac_options has one too'
        )
    args = args if isinstance(args, tuple) else (args,)
    c = closed(fun, (args, x0))
    refuse_lanes("root", c)
    plain: Any = c.plain
    fun, (args, start) = plain
    whole = Point(start, "root") if _is_container(start) else None
    flat: Callable[[Any], Any]
    if whole is None:
        start = np.asarray(start)
        if not asked and start.dtype.kind not in "fiub":
            return options, None

        def of_its_shape(x: Any) -> Any:
            return np.ravel(as_array(fun(np.reshape(x, np.shape(start)), *args), "root"))

        flat, x = of_its_shape, Point(start, "root").flat
    else:
        flat, x = residual_vector(fun, whole, args, name="root"), whole.flat
    made = factors(decaying(flat), x, asked, 'or leave jac="sparse" out')
    if made is not None:
        # A method of the user's is left in place.
        given = tuned or {"method": made.method}
        options = {**options, "jac_options": {**given, "inner_M": made}}
    return options, made


@replaces(
    optimize.root,
    kind="solver",
    note="exact Jacobian for hybr and lm, factors of a sparse one for krylov",
)
def root(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Any = None,
    options: dict[str, Any] | None = None,
    *,
    progress: bool = False,
    trajectory: bool = False,
) -> Any:
    """Find a root of a vector function, as `scipy.optimize.root`, with the exact Jacobian.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)``, plain NumPy code; as many equations as unknowns (or more, for "lm").
    x0 : array_like or container
        Initial guess; of a dict, tuple or dataclass of arrays `fun` gets the same structure, and ``res.x`` has it.
    args : tuple
        Extra arguments.
    method : str
        As in SciPy; "hybr" and "lm" use the Jacobian, "krylov" factors of a sparse one, the others none.
    jac : None, bool, callable or "sparse"
        None is the exact Jacobian, and for "krylov" the sparse one where it pays; a callable, or True if `fun` returns
        it too, is used as it is; False is SciPy's finite differences. "sparse" asks for a sparse Jacobian, with
        "krylov" only: "hybr" and "lm" are MINPACK's, and work on dense matrices.
    tol, callback, options
        As in SciPy.
    progress : bool
        Show a bar with the number of steps and the norm of `fun`.
    trajectory : bool
        Keep the points in ``res.trajectory``: those at which "hybr" and "lm" evaluate `fun`, the iterates of others.

    Returns
    -------
    OptimizeResult
        SciPy's own. Where `fun` closes over traced values or gets some in `args`, ``x`` has the derivatives of the
        solution, by the implicit function theorem.

    Raises
    ------
    SolutionError
        If derivatives are wanted and the solver did not converge, or the Jacobian is singular at the solution.
    InputError, OutputError
        If `fun` cannot be differentiated.

    Notes
    -----
    With "krylov" the steps are Newton's, with SciPy's line search, if there are at least 100 unknowns, at most a tenth
    of the Jacobian is filled and its factors are cheap (bands, grids of two dimensions), and there are no
    ``jac_options``. The Jacobian is `dualrev.sparse.jacobian`'s, once per step (``res.njev``), and SuperLU factorises
    it; with ``jac="sparse"`` incompletely where the factors would be too large. Where the line search stalls,
    ``options={"line_search": None}`` takes the whole steps. With ``jac="sparse"`` and ``jac_options={"method":
    "gmres"}``, or another, the factors are the preconditioner ``inner_M``. What cannot be differentiated is left to
    SciPy's differences, unless it was asked for.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> def solution(a):
    ...     return optimize.root(lambda x: [x[0] ** 2 - a, x[1] - x[0]], [1.0, 1.0]).x
    >>> solution(4.0).round(8), dr.jacobian(solution)(4.0).round(8)
    (array([2., 2.]), array([0.25, 0.25]))
    """
    exact = method.lower() in _MINPACK
    tuned = dict(options or {})
    made: Factors | None = None
    asked = asked_for(jac)
    if asked and method.lower() != "krylov":
        reason = "works on dense matrices" if exact else "uses no Jacobian"
        raise ValueError(
            f'root: method={method!r} {reason}, and jac="sparse" asks for a sparse one; choose method="krylov", or '
            'leave jac="sparse" out'
        )
    newton = method.lower() == "krylov" and (jac is None or asked)
    jac = None if asked else jac
    # The other methods keep the shape of an array as it is, and take complex numbers.
    given: Any = (fun, jac)
    untouched = not (exact or progress or trajectory or _is_container(x0))
    untouched = untouched and not closed(given, (args, x0)).values
    if exact and _is_plain_array(x0):
        x0 = np.ravel(x0)  # as MINPACK's callers do
    system: Any = None
    if not untouched:
        system = _System("root", fun, x0, args, jac, tuned.get("col_deriv"), exact)
    if newton:
        # After the closures have been looked at: what a function remembers of its detection is nothing of the user's.
        options, made = _with_factors(fun, x0, args, tuned, asked)
    if untouched:
        fun = guarded("root", fun)
        return _counted(_scipy.root(fun, x0, args, method, jac, tol, callback, options), made)
    point = system.point
    monitor = Monitor(progress, trajectory, point, "root")
    call = system.fun
    if not exact:
        callback = monitor.callback(callback, "value")
    elif monitor.active:
        call = _watched(monitor, system.fun)
    # The other methods keep the shape of an array as it is.
    start = x0 if not exact and not system.closure.values and _is_plain_array(x0) else point.flat
    if start is x0:
        call, given_args = fun, args
    else:
        given_args = ()
    try:
        res = _scipy.root(call, start, given_args, method, system.jac, tol, callback, options)
    except BaseException:
        monitor.close()
        raise
    monitor.finish(res)
    if start is not x0:
        res.x = system.solution(res.x, res.success, res.message)
    return _counted(res, made)


def _counted(res: Any, made: Factors | None) -> Any:
    if made is not None:
        res.njev = made.njev
    return res


@replaces(optimize.fsolve, kind="solver", note="exact Jacobian")
def fsolve(
    func: Callable[..., Any],
    x0: Any,
    args: Any = (),
    fprime: Any = None,
    full_output: Any = 0,
    col_deriv: Any = 0,
    xtol: float = 1.49012e-8,
    maxfev: int = 0,
    band: Any = None,
    epsfcn: float | None = None,
    factor: float = 100,
    diag: Any = None,
) -> Any:
    """Find a root of a vector function, as `scipy.optimize.fsolve`, with the exact Jacobian.

    Parameters
    ----------
    func : callable
        ``func(x, *args)``, plain NumPy code.
    x0 : array_like or container
        Initial guess, as in `root`.
    args : tuple
        Extra arguments.
    fprime : callable, optional
        The Jacobian by hand; without it the exact one is used.
    full_output, col_deriv, xtol, maxfev, band, epsfcn, factor, diag
        As in SciPy; `band` and `epsfcn` concern finite differences and change nothing.

    Returns
    -------
    ndarray, or (x, infodict, ier, mesg)
        As in SciPy; `x` has derivatives as in `root`.

    Raises
    ------
    SolutionError, InputError, OutputError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> float(dr.grad(lambda a: optimize.fsolve(lambda x: np.exp(x) - a, 1.0)[0])(2.0))
    0.5
    """
    if _is_plain_array(x0):
        x0 = np.ravel(x0)
    system = _System("fsolve", func, x0, args, fprime, col_deriv, exact=True)
    rest = (xtol, maxfev, band, epsfcn, factor, diag)
    # Without full output SciPy warns where the solver failed, and does not say so.
    full = full_output or bool(system.closure.values)
    out = _scipy.fsolve(system.fun, system.point.flat, (), system.jac, full, col_deriv, *rest)
    if not full:
        return system.point.restore(out)
    x, info, status, message = out
    x = system.solution(x, status == 1, message)
    return (x, info, status, message) if full_output else x


@replaces(optimize.leastsq, kind="solver", note="exact Jacobian")
def leastsq(
    func: Callable[..., Any],
    x0: Any,
    args: Any = (),
    Dfun: Any = None,
    full_output: Any = False,
    col_deriv: Any = False,
    ftol: float = 1.49012e-8,
    xtol: float = 1.49012e-8,
    gtol: float = 0.0,
    maxfev: int = 0,
    epsfcn: float | None = None,
    factor: float = 100,
    diag: Any = None,
) -> Any:
    """Minimise a sum of squares, as `scipy.optimize.leastsq`, with the exact Jacobian.

    Parameters
    ----------
    func : callable
        ``func(x, *args)`` returns the residuals; plain NumPy code.
    x0 : array_like or container
        Initial guess, as in `root`.
    Dfun : callable, optional
        The Jacobian by hand; without it the exact one is used.
    args, full_output, col_deriv, ftol, xtol, gtol, maxfev, epsfcn, factor, diag
        As in SciPy; `epsfcn` concerns finite differences and changes nothing.

    Returns
    -------
    (x, ier), or (x, cov_x, infodict, mesg, ier)
        As in SciPy; `x` and `cov_x` have derivatives as in `least_squares`.

    Raises
    ------
    SolutionError, InputError, OutputError
        As `least_squares`.

    Examples
    --------
    >>> from dualrev.scipy import optimize
    >>> x, status = optimize.leastsq(lambda x: [x[0] - 1.0, x[0] - 2.0, x[1] ** 2 - 4.0], [1.0, 1.0])
    >>> x.round(6)
    array([1.5, 2. ])
    """
    system = _System("leastsq", func, x0, args, Dfun, col_deriv, exact=True)
    rest = (ftol, xtol, gtol, maxfev, epsfcn, factor, diag)
    full = full_output or bool(system.closure.values)
    out = _scipy.leastsq(system.fun, system.point.flat, (), system.jac, full, col_deriv, *rest)
    if not full:
        return system.point.restore(out[0]), out[1]
    flat, cov, info, message, status = out
    x = system.solution(flat, status in (1, 2, 3, 4), message)
    if not full_output:
        return x, status
    if system.closure.values and cov is not None:
        J = jacobian(system.residual)(system.point.ravel(x, "solution"))
        made = np.linalg.inv(J.T @ J)
        cov = cov + (made - value(made))
    return x, cov, info, message, status
