"""Runs of optimisers: the points that they went through, recorded, with values and gradients at each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.derivatives.gradient import grad, value_and_grad
from dualrev.derivatives.jacobian import hessian
from dualrev.errors import ShapeError

__all__ = ["Run", "descend"]

# What scipy.optimize.minimize's methods make use of.
_HESSIAN = frozenset(
    {"newton-cg", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"}
)
_GRADIENT = _HESSIAN | {"cg", "bfgs", "l-bfgs-b", "tnc", "slsqp"}


class Run:
    """The points that an optimiser went through; itself a callback that SciPy's solvers take.

    Parameters
    ----------
    f : callable
        The function that is minimised: ``f(x)`` of a vector returns one real number.
    start : array_like, optional
        The first point, which solvers do not pass to their callback.

    Attributes
    ----------
    points : ndarray of shape (k, n)
    values : ndarray of shape (k,)
        Of `f`; computed when asked for.
    gradients : ndarray of shape (k, n)
        Computed when asked for.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from scipy.optimize import minimize
    >>> from dualrev.explore.runs import Run
    >>> f = lambda x: np.sum((x - 1.0) ** 2)
    >>> run = Run(f, np.zeros(2))
    >>> result = minimize(f, np.zeros(2), jac=dr.grad(f), method="CG", callback=run)
    >>> run.points[0], run.points[-1].round(3)
    (array([0., 0.]), array([1., 1.]))
    >>> len(run.values) == len(run) == result.nit + 1
    True
    """

    def __init__(self, f: Callable[[Any], Any], start: Any = None) -> None:
        self.f = f
        self._points: list[np.ndarray] = []
        self._values: list[float] = []
        self._gradients: list[np.ndarray] = []
        if start is not None:
            self(start)

    def __call__(self, x: Any, *more: Any, **details: Any) -> None:
        """Record a point; whatever else a solver passes is not looked at."""
        x = np.array(value(getattr(x, "x", x)), dtype=float).reshape(-1)
        if self._points and x.shape != self._points[0].shape:
            raise ShapeError(
                f"Run: a point with {x.size} entries after points with {self._points[0].size}"
            )
        self._points.append(x)

    def __len__(self) -> int:
        return len(self._points)

    def __repr__(self) -> str:
        if not self._points:
            return "<Run of no points>"
        return f"<Run of {len(self)} points in {self._points[0].size} dimensions>"

    @property
    def points(self) -> np.ndarray:
        """The points, one a row."""
        return np.array(self._points)

    @property
    def values(self) -> np.ndarray:
        """The function at every point."""
        with np.errstate(all="ignore"):
            for x in self._points[len(self._values) :]:
                self._values.append(float(value(self.f(x.copy()))))
        return np.array(self._values)

    @property
    def gradients(self) -> np.ndarray:
        """The gradient at every point, one a row."""
        slope = grad(self.f)
        with np.errstate(all="ignore"):
            for x in self._points[len(self._gradients) :]:
                self._gradients.append(np.asarray(value(slope(x))))
        return np.array(self._gradients)


def descend(
    f: Callable[[Any], Any],
    start: Any,
    rule: Any,
    steps: int = 100,
    state: Any = None,
) -> Run:
    """Minimise a function step by step and record every point.

    Parameters
    ----------
    f : callable
        ``f(x)`` of an array of shape (n,) returns one real number.
    start : array_like of shape (n,)
        Where to begin.
    rule : callable, object with a method ``update``, or str
        ``rule(gradient, state, x)`` returns the next point, or a pair of it and the next state. An optimiser has this
        as its method ``update``, and its first state from ``init``. A string names a method of
        ``scipy.optimize.minimize``, which gets exact gradients, and exact Hessians where it uses them.
    steps : int
        How many steps at most; a solver of SciPy may stop before.
    state : optional
        What the rule gets as state in its first step.

    Returns
    -------
    Run
        With ``steps + 1`` points; fewer if a solver stops, or if the rule diverges: the last point is then not finite,
        NaN after a gradient that is not.

    Raises
    ------
    ShapeError
        If the rule returns a point of another shape, or `start` is no vector.

    Notes
    -----
    Cost: one value and gradient a step.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.explore.runs import descend
    >>> def momentum(gradient, velocity, x):
    ...     velocity = 0.9 * velocity - 0.02 * gradient
    ...     return x + velocity, velocity
    >>> run = descend(lambda x: x[0] ** 2 + 10 * x[1] ** 2, [2.0, 1.0], momentum, 200, state=0.0)
    >>> bool(np.all(np.abs(run.points[-1]) < 1e-3))
    True
    """
    x = np.array(value(start), dtype=float)
    if x.ndim != 1:
        raise ShapeError(f"descend: start has shape {x.shape}; it must be a vector")
    count: Any = steps
    if not isinstance(count, int | np.integer) or count < 0:
        raise ValueError(f"descend: steps= is an integer of at least 0, not {steps!r}")
    run = Run(f, x)
    if isinstance(rule, str):
        return _solved(run, x, rule, int(steps))
    update = getattr(rule, "update", rule)
    if not callable(update):
        raise TypeError(
            f"descend: rule= is a {type(rule).__name__}; it must be a function rule(gradient, state, x), "
            "an optimiser, or the name of a method of scipy.optimize.minimize"
        )
    begin = getattr(rule, "init", None)
    if state is None and callable(begin):
        state = begin(x)
    slope = value_and_grad(f)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            y, gradient = slope(x)
            # Known by the way, so they need not be computed again.
            run._values.append(float(value(y)))
            run._gradients.append(np.asarray(value(gradient)))
            if not np.isfinite(run._gradients[-1]).all():
                # There is no next point; optimisers of dualrev.nn would raise.
                run(np.full_like(x, np.nan))
                break
            result = update(gradient, state, x)
            new, state = result if isinstance(result, tuple) else (result, state)
            new = np.array(value(new), dtype=float)
            if new.shape != x.shape:
                raise ShapeError(
                    f"descend: the rule returned a point of shape {new.shape} after one of shape {x.shape}"
                )
            run(new)
            x = new
            if not np.isfinite(x).all():
                break
    return run


def _solved(run: Run, start: np.ndarray, method: str, steps: int) -> Run:
    from scipy import optimize

    known: dict[str, Any] = {}
    if method.lower() in _GRADIENT:
        known["jac"] = grad(run.f)
    if method.lower() in _HESSIAN:
        known["hess"] = hessian(run.f)
    limit = "maxfun" if method.lower() == "tnc" else "maxiter"
    solve: Any = optimize.minimize
    solve(run.f, start, method=method, callback=run, options={limit: steps}, **known)
    return run
