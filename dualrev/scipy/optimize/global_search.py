"""Global searches of SciPy with exact gradients in their local steps.

Sampling calls the user's function as it is; gradients are computed only while a local step asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy import optimize

from dualrev.core.mirror import replaces
from dualrev.scipy.optimize.bounds import limits
from dualrev.scipy.optimize.constraints import read
from dualrev.scipy.optimize.local_steps import NOTE, Search, generator, middle
from dualrev.scipy.optimize.methods import label, uses
from dualrev.scipy.optimize.points import Point

__all__ = ["basinhopping", "dual_annealing", "shgo"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize

_WAY_OUT = (
    'or pass minimizer_kwargs={"method": "L-BFGS-B", "jac": "2-point"} for finite differences'
)
_NOTE = "Exact derivatives in the local steps; the minimum is differentiable by args and closures."


@replaces(optimize.basinhopping, kind="solver", note=NOTE)
def basinhopping(
    func: Callable[..., Any],
    x0: Any,
    niter: int = 100,
    T: float = 1.0,
    stepsize: float = 0.5,
    minimizer_kwargs: Any = None,
    take_step: Any = None,
    accept_test: Any = None,
    callback: Any = None,
    interval: int = 50,
    disp: bool = False,
    niter_success: Any = None,
    rng: Any = None,
    *,
    target_accept_rate: float = 0.5,
    stepwise_factor: float = 0.9,
    progress: bool = False,
    trajectory: bool = False,
    **seed: Any,
) -> Any:
    """Search for the global minimum by hopping from basin to basin, with exact gradients in each.

    Parameters
    ----------
    func : callable
        Plain NumPy code that returns a number.
    x0 : number, array_like, or container of arrays
        As in `minimize`; `take_step` and `accept_test` work on the flat vector.
    minimizer_kwargs : dict, optional
        For the local solver: its method (BFGS by default), ``args``, bounds, constraints, and derivatives by hand.
    progress, trajectory : bool
        As in `minimize`, over the local minima.
    niter, T, stepsize, take_step, accept_test, callback, interval, disp, niter_success, rng
        As in SciPy.
    target_accept_rate, stepwise_factor, seed
        As in SciPy.

    Returns
    -------
    OptimizeResult
        As from SciPy.

    Raises
    ------
    DualrevError
        If `func` cannot be differentiated; the message names the way out.

    See Also
    --------
    scipy.optimize.basinhopping

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> res = optimize.basinhopping(lambda x: np.cos(14.5 * x[0] - 0.3) + (x[0] + 0.2) * x[0], [1.0], rng=1)
    >>> res.x.round(3)
    array([-0.195])
    """
    options = dict(minimizer_kwargs or {})
    search = Search(
        "basinhopping",
        func,
        options.get("args", ()),
        Point(x0, "basinhopping"),
        progress,
        trajectory,
        callback,
    )
    if "args" in options:
        options["args"] = search.plain_args
    fun, options = search.local(options, True)
    with search:
        res = _scipy.basinhopping(
            fun,
            search.point.flat,
            niter,
            T,
            stepsize,
            options,
            take_step,
            accept_test,
            search.callback,
            interval,
            disp,
            niter_success,
            target_accept_rate=target_accept_rate,
            stepwise_factor=stepwise_factor,
            **generator(rng, seed),
        )
    if search.problem.values:
        # basinhopping reports that its iterations ended, which says nothing about the minimum.
        res.success = bool(res.lowest_optimization_result.success)
    return search.finish(res, options.get("bounds"), read(options.get("constraints")))


@replaces(optimize.dual_annealing, kind="solver", note=NOTE)
def dual_annealing(
    func: Callable[..., Any],
    bounds: Any,
    args: Any = (),
    maxiter: int = 1000,
    minimizer_kwargs: Any = None,
    initial_temp: float = 5230.0,
    restart_temp_ratio: float = 2e-5,
    visit: float = 2.62,
    accept: float = -5.0,
    maxfun: float = 1e7,
    rng: Any = None,
    no_local_search: bool = False,
    callback: Any = None,
    x0: Any = None,
    *,
    progress: bool = False,
    trajectory: bool = False,
    **seed: Any,
) -> Any:
    """Search for the global minimum by dual annealing, with exact gradients in its local searches.

    Parameters
    ----------
    func : callable
        Plain NumPy code that returns a number.
    bounds : sequence of pairs or Bounds
        Finite bounds of the variables.
    minimizer_kwargs : dict, optional
        For the local solver, L-BFGS-B within the bounds by default.
    progress, trajectory : bool
        As in `minimize`, over the minima found.
    args, maxiter, initial_temp, restart_temp_ratio, visit, accept, maxfun, rng, no_local_search, callback, x0, seed
        As in SciPy.

    Returns
    -------
    OptimizeResult
        As from SciPy.

    Raises
    ------
    DualrevError
        If `func` cannot be differentiated; the message names the way out.

    See Also
    --------
    scipy.optimize.dual_annealing

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> def func(x):
    ...     return np.sum(x * x - 10 * np.cos(2 * np.pi * x)) + 10 * np.size(x)
    >>> res = optimize.dual_annealing(func, [(-5.12, 5.12)] * 3, rng=1, maxiter=200)
    >>> bool(res.fun < 1e-9)
    True
    """
    point = middle(bounds, x0, "dual_annealing")
    search = Search("dual_annealing", func, args, point, progress, trajectory, callback)
    if minimizer_kwargs:
        options = dict(minimizer_kwargs)
    else:
        # SciPy's defaults, which it applies to an empty dict only.
        lower, upper = limits(bounds, point)
        options = {
            "method": "L-BFGS-B",
            "options": {"maxiter": min(max(6 * point.size, 100), 1000)},
            "bounds": list(zip(lower, upper, strict=True)),
        }
    fun, options = search.local(options, "adaptive")
    with search:
        res = _scipy.dual_annealing(
            search.sampled if no_local_search else fun,
            bounds,
            search.plain_args,
            maxiter,
            {} if no_local_search else options,
            initial_temp,
            restart_temp_ratio,
            visit,
            accept,
            maxfun,
            no_local_search=no_local_search,
            callback=search.callback,
            x0=None if x0 is None else point.flat,
            **generator(rng, seed),
        )
    return search.finish(res, bounds)


@replaces(optimize.shgo, kind="solver", note=NOTE)
def shgo(
    func: Callable[..., Any],
    bounds: Any,
    args: Any = (),
    constraints: Any = None,
    n: int = 100,
    iters: int = 1,
    callback: Any = None,
    minimizer_kwargs: Any = None,
    options: Any = None,
    sampling_method: Any = "simplicial",
    *,
    workers: Any = 1,
    progress: bool = False,
    trajectory: bool = False,
) -> Any:
    """Search for all minima by simplicial homology, with exact gradients and constraint Jacobians in the local steps.

    Parameters
    ----------
    func : callable
        Plain NumPy code that returns a number.
    bounds, args, constraints, n, iters, callback, minimizer_kwargs, options, sampling_method, workers
        As in SciPy; derivatives given in `minimizer_kwargs` or `options` are used.
    progress, trajectory : bool
        As in `minimize`.

    Returns
    -------
    OptimizeResult
        As from SciPy.

    Raises
    ------
    DualrevError
        If `func` cannot be differentiated; the message names the way out.

    See Also
    --------
    scipy.optimize.shgo

    Examples
    --------
    >>> from dualrev.scipy import optimize
    >>> optimize.shgo(optimize.rosen, [(0, 2)] * 3).x.round(6)
    array([1., 1., 1.])
    """
    point = middle(bounds, None, "shgo")
    search = Search("shgo", func, args, point, progress, trajectory, callback, "")
    # SciPy's defaults, which it applies if nothing is given.
    local = {"method": "SLSQP", **(minimizer_kwargs or {"options": {"ftol": 1e-12}})}
    local.pop("args", None)
    by_hand = {k: options[k] for k in ("jac", "hess", "hessp") if options and k in options}
    given = read(constraints)
    fun, filled = search.local({**local, **by_hand}, "adaptive")
    if given:
        wanted = uses(label(local["method"])).constraints
        constraints = [c.for_solver(point, wanted or "value", "adaptive") for c in given]
    if by_hand.get("jac") is True:
        fun, filled = search.sampled, {**local, "jac": True}
        options = {k: v for k, v in options.items() if k != "jac"}
    with search:
        res = _scipy.shgo(
            fun,
            bounds,
            search.plain_args,
            constraints,
            n,
            iters,
            search.callback,
            filled,
            options,
            sampling_method,
            workers=workers,
        )
    return search.finish(res, bounds, given)
