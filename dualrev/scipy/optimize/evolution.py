"""Differential evolution, polished with exact derivatives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.mirror import replaces
from dualrev.errors import DualrevError
from dualrev.scipy.optimize.bounds import limits
from dualrev.scipy.optimize.constraints import Constraint, read
from dualrev.scipy.optimize.local_steps import NOTE, Search, generator, middle
from dualrev.scipy.optimize.minimize import minimize
from dualrev.scipy.optimize.points import Point

__all__ = ["differential_evolution"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize


@replaces(optimize.differential_evolution, kind="solver", note=NOTE)
def differential_evolution(
    func: Callable[..., Any],
    bounds: Any,
    args: Any = (),
    strategy: Any = "best1bin",
    maxiter: int = 1000,
    popsize: int = 15,
    tol: float = 0.01,
    mutation: Any = (0.5, 1),
    recombination: float = 0.7,
    rng: Any = None,
    callback: Any = None,
    disp: bool = False,
    polish: Any = True,
    init: Any = "latinhypercube",
    atol: float = 0,
    updating: str = "immediate",
    workers: Any = 1,
    constraints: Any = (),
    x0: Any = None,
    *,
    integrality: Any = None,
    vectorized: bool = False,
    progress: bool = False,
    trajectory: bool = False,
    **seed: Any,
) -> Any:
    """Search for the global minimum by differential evolution, and polish it with exact gradients.

    Parameters
    ----------
    func : callable
        The population evaluates it as it is; polishing differentiates it, as plain NumPy code.
    polish : bool or callable
        If true the best member is polished by L-BFGS-B, under constraints by trust-constr. A `func` that cannot be
        differentiated is polished with finite differences, after a warning.
    progress, trajectory : bool
        As in `minimize`, over the best members.
    bounds, args, strategy, maxiter, popsize, tol, mutation, recombination, rng, callback, disp
        As in SciPy.
    init, atol, updating, workers, constraints, x0, integrality, vectorized, seed
        As in SciPy.

    Returns
    -------
    OptimizeResult
        As from SciPy.

    See Also
    --------
    scipy.optimize.differential_evolution

    Examples
    --------
    >>> from dualrev.scipy import optimize
    >>> res = optimize.differential_evolution(optimize.rosen, [(0, 2)] * 3, rng=1)
    >>> res.x.round(6)
    array([1., 1., 1.])
    """
    point = middle(bounds, x0, "differential_evolution")
    search = Search(
        "differential_evolution", func, args, point, progress, trajectory, callback, "result"
    )
    given = read(constraints)
    own = polish is True
    with search:
        res = _scipy.differential_evolution(
            search.sampled,
            bounds,
            search.plain_args,
            strategy,
            maxiter,
            popsize,
            tol,
            mutation,
            recombination,
            callback=search.callback,
            disp=disp,
            polish=False if own else polish,
            init=init,
            atol=atol,
            updating=updating,
            workers=workers,
            constraints=[c.for_solver(point, "value") for c in given] if given else (),
            x0=x0,
            integrality=integrality,
            vectorized=vectorized,
            **generator(rng, seed),
        )
    if own and not np.all(False if integrality is None else integrality):
        _polish(search, res, limits(bounds, point), given, integrality)
    return search.finish(res, bounds, given)


def _polish(
    search: Search,
    res: Any,
    box: tuple[np.ndarray, np.ndarray],
    given: list[Constraint],
    integrality: Any,
) -> None:
    """Improve the best member of the population, as SciPy does, with exact derivatives."""
    lower, upper = (np.array(side, float) for side in box)
    if integrality is not None:
        fixed = np.broadcast_to(np.asarray(integrality, bool), lower.shape)
        lower, upper = np.where(fixed, res.x, lower), np.where(fixed, res.x, upper)
    options: dict[str, Any] = {
        "method": "trust-constr" if given else "L-BFGS-B",
        "bounds": _scipy.Bounds(lower, upper),
        "constraints": [c.original for c in given],
    }
    x = np.array(res.x)
    try:
        polished = minimize(search.plain_func, x, search.plain_args, **options)
    except DualrevError as error:
        warnings.warn(
            f"differential_evolution: polished with finite differences, because {str(error).partition('; or pass')[0]}",
            optimize.OptimizeWarning,
            stacklevel=3,
        )
        polished = _scipy.minimize(search.plain_func, x, search.plain_args, **options)
    res.nfev += polished.nfev
    inside = np.all(polished.x >= lower) and np.all(polished.x <= upper)
    if polished.fun < res.fun and polished.success and inside:
        res.fun, res.x, res.jac = polished.fun, polished.x, polished.get("jac")
        if "population" in res:
            res.population[0], res.population_energies[0] = polished.x, polished.fun
    if given:
        _violations(search.point, res, given)


def _violations(point: Point, res: Any, given: list[Constraint]) -> None:
    """Say by how much the polished member violates the constraints."""
    excess = []
    for c in given:
        y = np.asarray(c.vector(point)(res.x), float)
        excess.append(np.maximum(c.lb - y, 0) + np.maximum(y - c.ub, 0))
    res.constr = excess
    res.constr_violation = res.maxcv = np.max(np.concatenate(excess))
    if res.maxcv > 0:
        res.success = False
        res.message = f"The solution does not satisfy the constraints, MAXCV = {res.maxcv}"
