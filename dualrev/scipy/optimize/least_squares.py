"""Nonlinear least squares with the exact Jacobian, dense or sparse, and minima that have derivatives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize, sparse

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed, guarded
from dualrev.derivatives.jacobian import FEW, jacobian
from dualrev.scipy.optimize import losses
from dualrev.scipy.optimize.monitor import Monitor
from dualrev.scipy.optimize.optimality import differentiate_minimum, refuse_lanes
from dualrev.scipy.optimize.parameters import remember
from dualrev.scipy.optimize.patterns import asked_for
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.refinement import refine, wants_every_digit
from dualrev.scipy.optimize.residuals import Residuals, residual_vector, starred

__all__ = ["least_squares"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize

_OPTIONS = inspect.signature(optimize.least_squares).parameters
_NAMED = ("2-point", "3-point", "cs")
# From how many places on a Jacobian is sparse of which at most what part is filled: where LSMR is at work anyway, and
# where SciPy would take the singular values of a dense one. These take 0.5 s for 1000 x 1000, and 8 times as long for
# twice as many; LSMR, at its worst (a diffusion with a condition of 10⁶), loses to them up to there (measured).
_WITH_LSMR, _BY_ITSELF, _VARIABLES = (10_000, 0.1), (10**7, 0.01), 500


@replaces(
    optimize.least_squares,
    kind="solver",
    note='exact Jacobian; sparse with jac_sparsity or jac="sparse", and of itself where it is very large',
)
def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    ftol: float | None = 1e-8,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = None,
    loss: Any = "linear",
    f_scale: Any = 1.0,
    diff_step: Any = None,
    tr_solver: str | None = None,
    tr_options: dict[str, Any] | None = None,
    jac_sparsity: Any = None,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Any = (),
    kwargs: dict[str, Any] | None = None,
    callback: Any = None,
    workers: Any = None,
    *,
    progress: bool = False,
    trajectory: bool = False,
) -> Any:
    """Solve a nonlinear least-squares problem, as `scipy.optimize.least_squares`, with the exact Jacobian.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` returns the residuals; plain NumPy code.
    x0 : array_like or container
        Initial guess; of a dict, tuple or dataclass of arrays `fun` gets the same structure, and ``res.x`` has it.
    jac : None, callable or {"2-point", "3-point", "cs", "sparse"}
        None is the exact Jacobian; "sparse" is the exact one as a sparse array, whose pattern is detected. Anything
        else is used as in SciPy.
    bounds : (lb, ub) or Bounds
        Of the structure of x0 or of less of it; they may be traced.
    jac_sparsity : array_like or sparse, optional
        Pattern of the Jacobian, which is then computed with it and handed on as a sparse array; a pattern that lacks an
        entry raises. Not for ``method="lm"``.
    tr_solver : {None, "exact", "lsmr"}
        As in SciPy. With "lsmr" the Jacobian is sparse if at most a tenth of 10 000 places or more is filled, else a
        LinearOperator, of more than 24 variables and without ``x_scale="jac"``.
    progress : bool
        Show a bar with iterations, cost and norm of the gradient.
    trajectory : bool
        Keep the iterates in ``res.trajectory``.
    loss : str or callable
        As in SciPy; a callable is plain NumPy code.
    method, ftol, xtol, gtol, x_scale, f_scale, diff_step, tr_options, max_nfev, verbose, args, kwargs
        As in SciPy.
    callback, workers
        As in SciPy, since 1.16; the callback receives the structure of x0.

    Returns
    -------
    OptimizeResult
        SciPy's own. Where `fun` closes over traced values or gets some in `args`, or bounds or `f_scale` are traced,
        ``x``, ``fun``, ``cost`` and ``jac`` have their derivatives; variables at a bound move with that only.

    Raises
    ------
    SolutionError
        If derivatives are wanted and the solver did not converge, the minimum is not isolated, or a bound is active
        with a gradient of zero.
    InputError, OutputError
        If `fun` cannot be differentiated.
    PatternError
        If the Jacobian has an entry that `jac_sparsity` lacks.

    Notes
    -----
    Sparse Jacobians are `dualrev.sparse.jacobian`'s. SciPy solves with them by LSMR, to a tolerance, where it
    factorises dense ones: each step is far cheaper, but of an ill-conditioned problem there are more. With ``jac=None``
    and ``tr_solver=None`` the Jacobian is sparse if it has at least 10⁷ places (80 MB) of which at most a hundredth is
    filled; below, one has to ask. Where there are too many steps ``tr_options={"maxiter": 10 * n}`` may help.

    Value and Jacobian at a point are one evaluation of `fun`. Derivatives of the solution are those of the equation
    ∇cost = 0, with the whole Hessian, not that of Gauss and Newton.

    If all tolerances are below 1e-12, the loss is linear and no bound acts, up to three Newton steps with the exact
    Hessian follow, each kept if it lowers the gradient: the cost alone tells parameters apart to half the digits of
    double precision. `nfev` and `njev` count them.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> t = np.linspace(0.0, 1.0, 5)
    >>> def rate(y):
    ...     return optimize.least_squares(lambda p: p[0] * np.exp(-p[1] * t) - y, [1.0, 1.0]).x[1]
    >>> y = 2.0 * np.exp(-3.0 * t)
    >>> round(float(rate(y)), 8), dr.grad(rate)(y).round(3)
    (3.0, array([ 1.243, -1.477, -1.672, -1.25 , -0.808]))
    """
    point = Point(x0, "least_squares")
    extra = starred(args)
    sides = _sides(bounds)
    given: Any = (fun, loss, sides, f_scale, jac)
    c = closed(given, (extra, kwargs or {}))
    refuse_lanes("least_squares", c)
    plain: Any = c.plain
    (f, plain_loss, plain_sides, plain_scale, hand), (plain_args, plain_kwargs) = plain
    flat = residual_vector(f, point, plain_args, plain_kwargs)
    monitor = Monitor(progress, trajectory, point, "least_squares")
    options: dict[str, Any] = {
        "x_scale": x_scale
        if point.is_vector or isinstance(x_scale, str) or x_scale is None
        else point.spread(x_scale, "x_scale", 1.0),
        "diff_step": diff_step,
        "tr_solver": tr_solver,
        "tr_options": tr_options,
        "max_nfev": max_nfev,
        "workers": workers,
        "callback": Monitor(False, False, point).callback(callback),
    }
    derivative: Any = hand
    plainly = flat
    made: Any = None
    asked = asked_for(jac)
    if jac is None or asked:
        made = _exact(flat, point, method, tr_solver, x_scale, jac_sparsity, asked)
        flat, derivative = made.fun, made.jac
    elif callable(hand):
        by_hand = guarded("least_squares", hand)

        def derivative(x: Any) -> Any:
            return by_hand(point.restore(x), *plain_args, **plain_kwargs)

    else:
        options["jac_sparsity"] = jac_sparsity
    if made is None:
        flat = guarded("least_squares", flat)
    if monitor.active:
        flat, derivative = _watched(monitor, flat, derivative, method, options)
    try:
        res = _scipy.least_squares(
            flat,
            point.flat,
            derivative,
            bounds=_flat_sides(point, plain_sides),
            method=method,
            ftol=ftol,
            xtol=xtol,
            gtol=gtol,
            loss=plain_loss,
            f_scale=plain_scale,
            verbose=verbose,
            **{k: v for k, v in options.items() if v is not None},
        )
    except BaseException:
        monitor.close()
        raise
    linear = isinstance(loss, str) and loss == "linear"
    exact = made is not None and linear and isinstance(res.jac, np.ndarray)
    if exact and wants_every_digit(ftol, xtol, gtol):
        refine(res, made, plainly, _flat_sides(point, plain_sides))
    if trajectory and not np.array_equal(monitor.trajectory[-1], res.x):  # type: ignore[index]
        monitor.seen(res.x)
    monitor.finish(res)
    if c.values:
        _differentiate(res, residual_vector(fun, point, extra, kwargs), point, sides, loss, f_scale)
    res.x = point.restore(res.x)
    if not linear:
        return res
    return remember(res, functools.partial(fun, **kwargs) if kwargs else fun, extra, residuals=True)


def _exact(
    flat: Any, point: Point, method: str, tr_solver: Any, x_scale: Any, pattern: Any, asked: bool
) -> Residuals:
    """Return residuals with the exact Jacobian: dense, sparse or an operator."""
    if method == "lm" and pattern is not None:
        raise ValueError("method='lm' does not support `jac_sparsity`.")
    if asked and (method == "lm" or tr_solver == "exact"):
        word = "method='lm'" if method == "lm" else "tr_solver='exact'"
        raise ValueError(
            f'least_squares: {word} works only with dense Jacobian matrices, and jac="sparse" asks for a sparse one; '
            'leave either out, or choose method="trf" or "dogbox" with tr_solver="lsmr"'
        )
    made = Residuals(
        flat,
        name="least_squares",
        way_out='or pass jac="2-point" for finite differences',
        pattern=pattern,
        sparse=asked,
    )
    if made.compressed is not None or method == "lm" or tr_solver == "exact":
        return made
    size, density = _WITH_LSMR if tr_solver == "lsmr" else _BY_ITSELF
    # The number of residuals is not known yet; with fewer variables a dense Jacobian does well.
    small = tr_solver != "lsmr" and point.size < _VARIABLES
    if small or not made.sparse_if_it_pays(point.flat, size, density):
        made.operator = tr_solver == "lsmr" and point.size > FEW and not isinstance(x_scale, str)
    return made


def _sides(bounds: Any) -> Any:
    """Return the two sides of bounds, in the structures that they were given in."""
    if isinstance(bounds, optimize.Bounds):
        return bounds.lb, bounds.ub
    return bounds


def _flat_sides(point: Point, sides: Any) -> Any:
    """Return plain bounds as SciPy takes them, which also finds what is wrong with them."""
    if point.is_vector or len(sides) != 2:
        return sides
    lower, upper = sides
    return point.spread(lower, "lower bound", -np.inf), point.spread(upper, "upper bound", np.inf)


def _traced_side(point: Point, side: Any, word: str, default: float) -> Any:
    """Return one side as a flat vector, traced if an entry is."""
    parts = [
        np.ravel(np.broadcast_to(operand(default if leaf is None else leaf), shape))
        for leaf, shape in zip(point.leaves_of(side, word), _shapes(point), strict=True)
    ]
    return np.concatenate(parts)


def _shapes(point: Point) -> list[tuple[int, ...]]:
    if point.is_vector:
        return [point.flat.shape]
    return [np.shape(leaf) for leaf in point.leaves_of(point.restore(point.flat), "x0")]


def _watched(
    monitor: Monitor, flat: Any, derivative: Any, method: str, options: dict[str, Any]
) -> tuple[Any, Any]:
    """Return function and derivative such that the monitor sees the iterates: where a Jacobian is asked for."""
    if derivative in _NAMED:
        if method != "lm" and "callback" in _OPTIONS:
            options["callback"] = monitor.callback(options["callback"])
            return flat, derivative
        return monitor.fun(flat, iterates=True), derivative
    last = [monitor.point.flat.tobytes()]

    def noted(x: Any) -> Any:
        J = derivative(x)
        if x.tobytes() != last[0]:
            last[0] = x.tobytes()
            f = np.ravel(flat(x))
            monitor.seen(x, 0.5 * f @ f, J.T @ f)
        return J

    return flat, noted


def _differentiate(
    res: Any, f: Callable[[Any], Any], point: Point, sides: Any, loss: Any, f_scale: Any
) -> None:
    """Put derivatives into a plain result."""
    lower, upper = sides
    limits = (
        _traced_side(point, lower, "lower bound", -np.inf),
        _traced_side(point, upper, "upper bound", np.inf),
    )
    bounded = np.any(np.isfinite(value(limits[0]))) or np.any(np.isfinite(value(limits[1])))

    def objective(x: Any) -> Any:
        return losses.cost(f(x), loss, f_scale)

    x = differentiate_minimum(objective, res, limits if bounded else None, name="least_squares")
    dense = not (sparse.issparse(res.jac) or isinstance(res.jac, sparse.linalg.LinearOperator))
    res.x, res.fun, res.cost = x, f(x), objective(x)
    if dense:
        res.jac = losses.scaled_jacobian(jacobian(f)(x), res.fun, loss, f_scale)
    else:
        del res["jac"]  # a sparse one holds plain numbers only, which would pass for constants
