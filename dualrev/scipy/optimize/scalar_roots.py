"""Equations in one unknown: `root_scalar`, `newton`, the bracketing methods, and `minimize_scalar`.

Newton's and Halley's methods get exact derivatives, from the evaluation that gives the value; the others need none. The
roots have derivatives with respect to what the function closes over.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.levels import decaying
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed, guarded, refuse_traced
from dualrev.derivatives.products import jvp
from dualrev.scipy.optimize.derivatives import explain, one_number
from dualrev.scipy.optimize.optimality import (
    differentiate_minimum,
    differentiate_root,
    refuse_lanes,
    require_success,
)
from dualrev.scipy.optimize.residuals import starred

__all__ = ["minimize_scalar", "newton", "root_scalar"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize


class _Tower:
    """A function of one number (or of many, entry by entry) with its first derivatives, all from one evaluation."""

    def __init__(self, f: Callable[..., Any], order: int, name: str, way_out: str) -> None:
        self.f = decaying(f)
        self.way_out = way_out
        self.order = order
        self.name = name
        self._last: tuple[Any, list[Any]] = (None, [])

    def fun(self, x: Any, *args: Any) -> Any:
        """Return f(x)."""
        return self._at(x, args)[0]

    def fprime(self, x: Any, *args: Any) -> Any:
        """Return f'(x)."""
        return self._at(x, args)[1]

    def fprime2(self, x: Any, *args: Any) -> Any:
        """Return f''(x)."""
        return self._at(x, args)[2]

    def _at(self, x: Any, args: tuple[Any, ...]) -> list[Any]:
        x = np.array(x, np.result_type(np.asarray(x), np.float64))[()]
        key = np.shape(x), x.dtype, x.tobytes(), args
        last, found = self._last
        if (
            last is None
            or last[:3] != key[:3]
            or any(a is not b for a, b in zip(last[3], args, strict=True))
        ):
            one = np.ones(np.shape(x), x.dtype)[()]

            def first(x: Any) -> Any:
                return jvp(lambda x: operand(self.f(x, *args)), (x,), (one,))

            try:
                if self.order == 1:
                    found = list(first(x))
                else:
                    (y, d), (_, dd) = jvp(first, (x,), (one,))
                    found = [y, d, dd]
                refuse_traced(self.name, *found)
            except Exception as error:
                explain(error, self.name, self.way_out)
                raise
            self._last = key, found
        return [v.copy() for v in found]


def _float(x: Any) -> Any:
    """Return a guess in double precision, as the iterates are compared to its tolerances."""
    x = np.asarray(value(operand(x)))
    return np.array(x, np.result_type(x, np.float64))[()]


@replaces(optimize.newton, kind="solver", note="exact fprime, unless x1 asks for the secant method")
def newton(
    func: Callable[..., Any],
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-8,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """Find a root from a guess, as `scipy.optimize.newton`, with the exact derivative.

    Parameters
    ----------
    func : callable
        ``func(x, *args)``, plain NumPy code of a number; of an array, entry by entry.
    x0 : float, complex or array_like
        Initial guess.
    fprime : callable, optional
        The derivative by hand; without it the exact one is used, and SciPy's secant method only if `x1` is given.
    fprime2 : callable, optional
        The second derivative, for Halley's method.
    args, tol, maxiter, x1, rtol, full_output, disp
        As in SciPy.

    Returns
    -------
    root, or what SciPy adds to it with `full_output`
        Where `func` closes over traced values or gets some in `args`, with the derivatives of the root.

    Raises
    ------
    SolutionError
        If derivatives are wanted where the method did not converge, or where f' is zero.
    InputError, OutputError
        If `func` cannot be differentiated.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> float(dr.grad(lambda a: optimize.newton(lambda x: x * x - a, 1.0))(4.0))
    0.25
    """
    args = starred(args)
    given: Any = (func, fprime, fprime2)
    c = closed(given, args)
    refuse_lanes("newton", c)
    plain: Any = c.plain
    (f, first, second), plain_args = plain
    if first is None and x1 is None:
        tower = _Tower(f, 1, "newton", "or pass x1= for the secant method")
        f, first = tower.fun, tower.fprime
    f, first, second = (guarded("newton", g) for g in (f, first, second))
    x0 = _float(x0)
    out = _scipy.newton(
        f, x0, first, plain_args, tol, maxiter, second, value(x1), rtol, full_output, disp
    )
    if not c.values:
        return out
    many = np.size(x0) > 1
    x = out[0] if full_output else out
    if many:
        # SciPy only warns if some entries did not converge.
        done = np.all(out[1]) if full_output else True
    else:
        done = out[1].converged if full_output else True
    require_success("newton", done, "the number of iterations is used up")
    x = differentiate_root("newton", lambda z: func(z, *args), x, elementwise=many)
    if not full_output:
        return x
    if many:
        return type(out)(x, *out[1:])
    out[1].root = x
    return (x, out[1])


@replaces(optimize.root_scalar, kind="solver", note="exact derivatives for newton and halley")
def root_scalar(
    f: Callable[..., Any],
    args: Any = (),
    method: str | None = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    xtol: float | None = None,
    rtol: float | None = None,
    maxiter: int | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Find a root of a function of one number, as `scipy.optimize.root_scalar`, with exact derivatives.

    Parameters
    ----------
    f : callable
        ``f(x, *args)``, plain NumPy code.
    method : str, optional
        As in SciPy. "newton" and "halley" get exact derivatives where none are given.
    fprime, fprime2 : callable or bool, optional
        Derivatives by hand; True if `f` returns them too.
    args, bracket, x0, x1, xtol, rtol, maxiter, options
        As in SciPy.

    Returns
    -------
    RootResults
        SciPy's own. Where `f` closes over traced values or gets some in `args`, ``root`` has the derivatives of the
        root, whatever the method.

    Raises
    ------
    SolutionError
        If derivatives are wanted and the method did not converge, or f' is zero at the root.
    InputError, OutputError
        If `f` cannot be differentiated.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> def kepler(M, e):
    ...     return optimize.root_scalar(lambda E: E - e * np.sin(E) - M, x0=M, method="halley").root
    >>> E = kepler(1.0, 0.3)
    >>> bool(np.isclose(dr.grad(kepler)(1.0, 0.3), 1 / (1 - 0.3 * np.cos(E)), rtol=1e-12))
    True
    """
    args = args if isinstance(args, tuple) else (args,)
    given: Any = (f, fprime, fprime2)
    c = closed(given, args)
    refuse_lanes("root_scalar", c)
    plain: Any = c.plain
    (g, first, second), plain_args = plain
    chosen = str(method).lower() if method else ""
    if not chosen and bracket is None and x0 is not None and x1 is None:
        chosen = "halley" if first and second else "newton"
    by_hand = first is not None and not callable(first)
    if not by_hand and chosen in ("newton", "halley"):
        order = 2 if chosen == "halley" and second is None else 1
        if first is None or order == 2:
            tower = _Tower(g, order, "root_scalar", 'or pass method="secant" with x1=')
            g, first = tower.fun, first or tower.fprime
            second = tower.fprime2 if order == 2 else second
    g, first, second = (guarded("root_scalar", h) for h in (g, first, second))
    res = _scipy.root_scalar(
        g,
        plain_args,
        method,
        None if bracket is None else [value(v) for v in bracket],
        first,
        second,
        None if x0 is None else _float(x0),
        None if x1 is None else _float(x1),
        xtol,
        rtol,
        maxiter,
        options,
    )
    if c.values:
        require_success("root_scalar", res.converged, res.flag)
        pair = _is_flag(fprime) or _is_flag(fprime2)

        def residual(x: Any) -> Any:
            y = f(x, *args)
            return y[0] if pair else y

        res.root = differentiate_root("root_scalar", residual, res.root)
    return res


def _is_flag(derivative: Any) -> bool:
    """Say whether the function returns this derivative itself."""
    return derivative is not None and not callable(derivative) and bool(derivative)


def _bracketing(original: Any) -> Any:
    """Return a bracketing method whose root has derivatives; the method itself needs none."""
    name = original.__name__

    @replaces(original, kind="solver", note="the root has derivatives")
    @functools.wraps(original)
    def call(
        f: Callable[..., Any], a: Any, b: Any, args: Any = (), *rest: Any, **options: Any
    ) -> Any:
        args = args if isinstance(args, tuple) else (args,)
        c = closed(f, args)
        refuse_lanes(name, c)
        g, plain_args = c.plain
        out = original(guarded(name, g), value(a), value(b), plain_args, *rest, **options)
        if not c.values:
            return out
        x, r = out if isinstance(out, tuple) else (out, None)
        require_success(name, r is None or r.converged, "" if r is None else r.flag)
        x = differentiate_root(name, lambda z: f(z, *args), x)
        if r is None:
            return x
        r.root = x
        return x, r

    return call


bisect, brenth, brentq, ridder, toms748 = map(
    _bracketing,
    (optimize.bisect, optimize.brenth, optimize.brentq, optimize.ridder, optimize.toms748),
)


@replaces(optimize.minimize_scalar, kind="solver", note="no method uses a derivative")
def minimize_scalar(
    fun: Callable[..., Any],
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    tol: float | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Find a local minimum of a function of one number, as `scipy.optimize.minimize_scalar`.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)``; plain NumPy code if the minimum is to have derivatives.
    bracket, bounds, args, method, tol, options
        As in SciPy; bounds may be traced.

    Returns
    -------
    OptimizeResult
        SciPy's own. Where `fun` closes over traced values, gets some in `args`, or `bounds` are traced, ``x`` and
        ``fun`` have the derivatives of the minimum.

    Raises
    ------
    SolutionError
        If derivatives are wanted and the method did not converge, or the minimum is not smooth.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> def best(a):
    ...     return optimize.minimize_scalar(lambda x: (x * x - a) ** 2, bounds=(0, 5)).x
    >>> round(float(dr.grad(best)(4.0)), 8)
    0.25
    """
    args = args if isinstance(args, tuple) else (args,)
    given: Any = (fun, bounds)
    c = closed(given, args)
    if not c.values:
        fun = guarded("minimize_scalar", fun)
        return _scipy.minimize_scalar(fun, bracket, bounds, args, method, tol, options)
    refuse_lanes("minimize_scalar", c)
    plain: Any = c.plain
    (f, limits), plain_args = plain
    f = guarded("minimize_scalar", f)
    res = _scipy.minimize_scalar(f, value(bracket), limits, plain_args, method, tol, options)
    sides: Any = bounds
    if bounds is not None:
        sides = [np.reshape(operand(b), (1,)) for b in bounds]
    found = SimpleNamespace(x=np.reshape(res.x, (1,)), success=res.success, message=res.message)
    x = differentiate_minimum(
        lambda z: one_number(fun(z[0], *args), "minimize_scalar"),
        found,
        sides,
        name="minimize_scalar",
    )
    res.x = x[0]
    res.fun = fun(res.x, *args)
    return res
