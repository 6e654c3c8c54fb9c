"""Bounds on the variables, of the structure of x0, as the flat vectors that solvers take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import optimize, sparse

from dualrev.core.array import Traced
from dualrev.core.buffer import holds_traced
from dualrev.core.mirror import replaces
from dualrev.derivatives.containers import flatten
from dualrev.errors import ShapeError
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.values import as_array

__all__ = ["Bounds", "is_tree", "limits", "solver_bounds"]

_scipy: Any = optimize


@replaces(
    optimize.Bounds,
    kind="solver",
    note="lb and ub may be containers of the structure of x0.",
)
class Bounds(optimize.Bounds):
    """Bounds lb ≤ x ≤ ub, which may follow the structure of x0.

    Parameters
    ----------
    lb, ub, keep_feasible
        As in `scipy.optimize.Bounds`, or containers of the structure of x0, in which a scalar holds for all entries of
        a leaf and None is no bound.

    See Also
    --------
    scipy.optimize.Bounds

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> box = optimize.Bounds({"a": 0.5, "b": None})
    >>> res = optimize.minimize(lambda p: p["a"] @ p["a"] + p["b"] ** 2, {"a": np.ones(2), "b": 1.0}, bounds=box)
    >>> res.x["a"].round(6), abs(round(float(res.x["b"]), 6))
    (array([0.5, 0.5]), 0.0)
    """

    def __init__(self, lb: Any = -np.inf, ub: Any = np.inf, keep_feasible: Any = False) -> None:
        if any(is_tree(v) or holds_traced(v) for v in (lb, ub, keep_feasible)):
            self.lb, self.ub, self.keep_feasible = lb, ub, keep_feasible
        else:
            super().__init__(lb, ub, keep_feasible)


def is_tree(x: Any) -> bool:
    """Say whether `x` is a container and no array-like."""
    if sparse.issparse(x) or isinstance(x, (np.ndarray, Traced)):
        return False
    if type(x) in (list, tuple):
        if any(is_tree(v) for v in x):
            return True
        try:
            np.asarray(x)
        except ValueError:  # of unequal lengths
            return True
        return False
    leaves = flatten(x)[0]
    return len(leaves) != 1 or leaves[0] is not x


def limits(bounds: Any, point: Point) -> tuple[Any, Any]:
    """Return lower and upper bounds as flat vectors, traced if a bound is.

    A container of the structure of x0 has per leaf a tuple ``(lo, hi)`` of scalars or arrays, None, or a list of one
    pair per entry.
    """
    if isinstance(bounds, _scipy.Bounds):
        return (
            point.spread(_unwrap(bounds.lb), "lower bound", -np.inf),
            point.spread(_unwrap(bounds.ub), "upper bound", np.inf),
        )
    lower: Any
    upper: Any
    if point.is_vector or (isinstance(bounds, Sequence) and _pairs(bounds, point.size)):
        lower, upper = zip(*bounds, strict=True) if len(bounds) else ((), ())
        return _stack(lower, -np.inf), _stack(upper, np.inf)
    lows, highs = [], []
    for given, where in zip(point.leaves_of(bounds, "bounds"), point.slices(), strict=True):
        n = where.stop - where.start
        pair: Any = (None, None) if given is None else given
        if type(pair) is not tuple and _pairs(pair, n):
            lower, upper = zip(*pair, strict=True)
        elif len(pair) == 2:
            lower, upper = pair
        else:
            raise ShapeError(f"{point.name}: bounds of a leaf are a pair (lo, hi) or {n} pairs")
        lows.append(_stack(lower, -np.inf, n))
        highs.append(_stack(upper, np.inf, n))
    return np.concatenate(lows), np.concatenate(highs)


def solver_bounds(bounds: Any, point: Point) -> Any:
    """Return bounds for a solver that takes flat vectors; of a vector they are left to SciPy as they are."""
    if bounds is None:
        return None
    if isinstance(bounds, _scipy.Bounds):
        plain = all(isinstance(v, np.ndarray) and v.ndim == 1 for v in (bounds.lb, bounds.ub))
        if point.is_vector and plain and not bounds.lb.dtype.hasobject:
            return bounds
        keep = point.spread(_unwrap(bounds.keep_feasible), "keep_feasible", False, bool)
    elif point.is_vector:
        return bounds
    else:
        keep = np.zeros(point.size, bool)
    lower, upper = limits(bounds, point)
    return _scipy.Bounds(lower, upper, keep)


def _pairs(bounds: Any, n: int) -> bool:
    """Say whether `bounds` is a list of `n` pairs of numbers."""
    return (
        isinstance(bounds, (list, tuple, np.ndarray))
        and len(bounds) == n
        and all(
            isinstance(p, (list, tuple, np.ndarray))
            and len(p) == 2
            and all(v is None or np.ndim(v) == 0 for v in p)
            for p in bounds
        )
    )


def _stack(values: Any, default: float, n: int | None = None) -> Any:
    """Return bounds as a flat vector, with `default` for None."""
    if values is None:
        values = default
    elif isinstance(values, (list, tuple)):
        values = as_array([default if v is None else v for v in values], "bounds")
    flat = np.ravel(values)
    return flat if n is None or flat.shape == (n,) else np.broadcast_to(flat, (n,))


def _unwrap(x: Any) -> Any:
    """Return what SciPy's Bounds has put into an array of one entry: a number for all variables, or a container."""
    if isinstance(x, np.ndarray) and x.size == 1:
        return x.reshape(-1)[0]
    return x
