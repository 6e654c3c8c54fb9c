"""Fixed points, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed, guarded
from dualrev.scipy.optimize.optimality import differentiate_root, refuse_lanes
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.residuals import starred

__all__ = ["fixed_point"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize


@replaces(optimize.fixed_point, kind="solver", note="the fixed point has derivatives")
def fixed_point(
    func: Callable[..., Any],
    x0: Any,
    args: Any = (),
    xtol: float = 1e-8,
    maxiter: int = 500,
    method: str = "del2",
) -> Any:
    """Find a fixed point x = f(x), as `scipy.optimize.fixed_point`.

    Parameters
    ----------
    func : callable
        ``func(x, *args)`` returns what `x` is: an array, or a container of the same structure.
    x0 : array_like or container
        Where the iteration starts.
    args, xtol, maxiter, method
        As in SciPy.

    Returns
    -------
    ndarray, or a container as `x0`
        SciPy's own result. Where `func` closes over traced values or gets some in `args`, with its derivatives.

    Raises
    ------
    SolutionError
        If derivatives are wanted and 1 is an eigenvalue of the Jacobian of `func` there.

    Notes
    -----
    The iterations are not differentiated: with x = f(x, p), dx = (1 − f_x)⁻¹ f_p dp (Christianson 1994, Reverse
    accumulation and attractive fixed points).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> def heron(a):
    ...     return optimize.fixed_point(lambda x: (x + a / x) / 2, 1.0)
    >>> round(float(dr.grad(heron)(4.0)), 10)
    0.25
    """
    args = starred(args)
    c = closed(func, args)
    refuse_lanes("fixed_point", c)
    f, plain_args = c.plain
    f = guarded("fixed_point", f)
    point = None if _is_array(x0) else Point(x0, "fixed_point")

    def step(g: Callable[..., Any], x: Any, args: tuple[Any, ...]) -> Any:
        if point is None:
            return g(x, *args)
        return point.ravel(g(point.restore(x), *args), "result")

    start = np.asarray(value(operand(x0)) if point is None else point.flat)
    start = start.astype(np.result_type(start, np.float64))
    x = _scipy.fixed_point(lambda x: step(f, x, plain_args), start, (), xtol, maxiter, method)
    if c.values:
        x = differentiate_root("fixed_point", lambda z: z - step(func, z, args), x)
    return x if point is None else point.restore(x)


def _is_array(x0: Any) -> bool:
    if isinstance(x0, (list, tuple)):
        return not any(isinstance(v, dict) or np.ndim(v) for v in x0)
    return not isinstance(x0, dict) and (np.isscalar(x0) or hasattr(x0, "shape"))
