"""What SciPy's global searches have in common: local steps with exact derivatives, a bar, a differentiable result.

Sampling calls the user's function as it is; gradients are computed only while a local step asks for them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.derivatives.closures import closed, guarded
from dualrev.scipy.optimize.bounds import limits, solver_bounds
from dualrev.scipy.optimize.constraints import read
from dualrev.scipy.optimize.derivatives import Derivatives
from dualrev.scipy.optimize.methods import label, supply, uses
from dualrev.scipy.optimize.monitor import Monitor
from dualrev.scipy.optimize.optimality import differentiate_minimum, refuse_lanes
from dualrev.scipy.optimize.parameters import remember
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.values import one_number

__all__ = ["NOTE", "Search", "generator", "middle"]

NOTE = "Exact derivatives in the local steps; the minimum is differentiable by args and closures."
_WAY_OUT = (
    'or pass minimizer_kwargs={"method": "L-BFGS-B", "jac": "2-point"} for finite differences'
)


class Search:
    """What the four have in common: the plain problem, its local steps, the bar, and the traced result."""

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        args: Any,
        point: Point,
        progress: bool,
        trajectory: bool,
        callback: Any,
        kind: str = "value",
    ) -> None:
        self.name = name
        self.func = func
        self.args = args if isinstance(args, tuple) else (args,)
        self.point = point
        self.problem = closed(func, self.args)
        if self.problem.values:
            refuse_lanes(name, self.problem)
        self.plain_func, self.plain_args = self.problem.plain
        self.sampled = guarded(name, self.plain_func)
        self.monitor = Monitor(progress, trajectory, point, name)
        self.callback = self.monitor.callback(callback, kind)

    def __enter__(self) -> Search:
        return self

    def __exit__(self, *_: Any) -> None:
        self.monitor.close()

    def local(self, options: dict[str, Any], eager: Any) -> tuple[Any, dict[str, Any]]:
        """Return the function to search, and the local solver's options with exact derivatives filled in."""
        given = read(options.get("constraints"))
        method = label(options.get("method"), options.get("bounds"), given)
        pair = options.get("jac") is True
        func = functools.partial(_first, self.plain_func) if pair else self.plain_func
        d = Derivatives(
            func,
            self.point,
            self.plain_args,
            scalar=True,
            eager=eager,
            way_out=_WAY_OUT,
            name=self.name,
        )
        plain = self.sampled
        if not self.point.is_vector:
            plain = functools.partial(_on_flat, plain, self.point)
        own = supply(
            d,
            method,
            plain,
            options.get("jac"),
            options.get("hess"),
            options.get("hessp"),
            self.point.size,
        )
        filled = {
            k: v for k, v in zip(("jac", "hess", "hessp"), own[1:], strict=True) if v is not None
        }
        if given:
            wanted = uses(method).constraints
            filled["constraints"] = [c.for_solver(self.point, wanted, eager) for c in given]
        if options.get("bounds") is not None:
            filled["bounds"] = solver_bounds(options["bounds"], self.point)
        return own.fun, {**options, **filled}

    def finish(self, res: Any, bounds: Any = None, constraints: Any = ()) -> Any:
        """Close the bar; give the result the structure of x0, and derivatives if the function holds traced values."""
        self.monitor.finish(res)
        x = res.x
        if self.problem.values:
            x = differentiate_minimum(
                self._objective,
                res,
                bounds=None if bounds is None else limits(bounds, self.point),
                constraints=[(c.vector(self.point), c.lb, c.ub) for c in constraints],
                name=self.name,
            )
            res.fun = self._objective(x)
        res.x = self.point.restore(x)
        return remember(res, self.func, self.args)

    def _objective(self, x: Any) -> Any:
        return one_number(self.func(self.point.restore(x), *self.args), self.name)


def middle(bounds: Any, x0: Any, name: str) -> Point:
    """Return the starting point: x0, or the middle of the bounds, which say how many variables there are."""
    if x0 is not None:
        return Point(np.asarray(x0, float).reshape(-1), name)
    if isinstance(bounds, optimize.Bounds):
        return Point(0.5 * (np.asarray(bounds.lb, float) + np.asarray(bounds.ub, float)), name)
    return Point([0.0 if None in p else 0.5 * (p[0] + p[1]) for p in bounds], name)


def generator(rng: Any, seed: dict[str, Any]) -> dict[str, Any]:
    """Return the random generator under the name that this SciPy knows; older ones call it seed."""
    if set(seed) - {"seed"}:
        raise TypeError(f"unexpected keyword arguments {sorted(set(seed) - {'seed'})}")
    if seed or rng is None:
        return seed
    return {"rng": rng} if _HAS_RNG else {"seed": rng}


_HAS_RNG = "rng" in optimize.dual_annealing.__code__.co_varnames or hasattr(
    optimize.dual_annealing, "__wrapped__"
)


def _first(fun: Callable[..., Any], x: Any, *args: Any) -> Any:
    return fun(x, *args)[0]


def _on_flat(fun: Callable[..., Any], point: Point, x: Any, *args: Any) -> Any:
    return fun(point.restore(np.asarray(x)), *args)
