"""The solution of a boundary value problem as an operation of what its functions close over.

The tangents solve the linearised problem; both are solved together, from the solution itself with tangents of zero, so
that the mesh is refined for both. Reverse mode contracts the tangents along all directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.core.batching import batch_loop
from dualrev.core.bind import operand
from dualrev.derivatives.jacobian import jacobian
from dualrev.derivatives.joint import CustomRule
from dualrev.errors import SolutionError
from dualrev.scipy.integrate.arguments import original
from dualrev.scipy.integrate.flow import contract, directions
from dualrev.scipy.integrate.systems import push_lanes

__all__ = ["Boundary", "Problem", "boundary_jacobian", "mesh_jacobian", "stacked"]


def stacked(y: Any) -> Any:
    """Return what a user's function gives as one array."""
    return np.stack([operand(v) for v in y]) if isinstance(y, (list, tuple)) else operand(y)


def mesh_jacobian(fun: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return df/dy of shape (n, n, m), and df/dp of shape (n, k, m)."""

    def jac(x: np.ndarray, y: np.ndarray, *p: Any) -> Any:
        # A shift of one component at all mesh points: the columns do not mix.
        def shifted(s: Any) -> Any:
            return stacked(fun(x, y + s[:, None], *p))

        by_y = value(jacobian(shifted, mode="forward")(np.zeros(y.shape[0], y.dtype)))
        df_dy = np.moveaxis(by_y, 2, 1)
        if not count:
            return df_dy
        df_dp = value(jacobian(lambda q: stacked(fun(x, y, q)), mode="forward")(p[0]))
        return df_dy, np.moveaxis(df_dp, 2, 1)

    return jac


def boundary_jacobian(bc: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return the derivatives of the boundary conditions by the states at both ends and by the parameters."""
    positions = (0, 1, 2) if count else (0, 1)

    def jac(*given: Any) -> Any:
        parts = jacobian(lambda *v: stacked(bc(*v)), argnums=positions, mode="forward")(*given)
        return tuple(map(value, parts))

    return jac


class Problem:
    """``fun(x, y, p, values)`` and ``bc(ya, yb, p, values)`` for n states and k unknown parameters, with a guess."""

    def __init__(self, fun: Any, bc: Any, x: np.ndarray, y: np.ndarray, p: np.ndarray) -> None:
        self.fun = fun
        self.bc = bc
        self.x = x
        self.y = y
        self.p = p

    def tangent(self, lanes: int) -> Problem:
        """Return the problem of the solution and its tangents; its values are those of this one and their tangents."""
        n, k = self.y.shape[0], self.p.size

        def push(f: Any, arrays: Sequence[Any], p: Any, values: Sequence[Any]) -> Any:
            half = len(values) // 2
            primals = [*(a[:n] for a in arrays), p[:k], *values[:half]]
            tangents = [
                *(np.reshape(a[n:], (lanes, n, *np.shape(a)[1:])) for a in arrays),
                np.reshape(p[k:], (lanes, k)),
                *values[half:],
            ]
            ys, ts = push_lanes(lambda *v: (f(*v),), primals, tangents, lanes)
            t = np.reshape(ts[0], (-1, *np.shape(ts[0])[2:]))
            return np.concatenate([ys[0], t])

        def fun(x: Any, y: Any, p: Any, values: Any) -> Any:
            return push(lambda y, p, *v: self.fun(x, y, p, list(v)), [y], p, values)

        def bc(ya: Any, yb: Any, p: Any, values: Any) -> Any:
            return push(lambda a, b, p, *v: self.bc(a, b, p, list(v)), [ya, yb], p, values)

        y = np.concatenate([self.y, np.zeros((lanes * n, self.y.shape[1]))])
        return Problem(fun, bc, self.x, y, np.concatenate([self.p, np.zeros(lanes * k)]))


class Boundary(CustomRule):
    """Leaves: the values that vary. Outputs: the states at some points, and the unknown parameters.

    Parameters
    ----------
    problem : Problem
    points : ndarray
    options : dict
        `tol`, `max_nodes` and `bc_tol` of SciPy.
    known : tuple or None
        Plain values and the outputs for them.
    inner : tuple or None
        The problem of which this is the tangent, and for how many lanes.
    """

    def __init__(
        self, problem: Problem, points: Any, options: Any, known: Any = None, inner: Any = None
    ) -> None:
        super().__init__("solve_bvp", self._value)
        self.problem = problem
        self.points = points
        self.options = options
        self.known = known
        self.inner = inner
        self.batch = batch_boundary  # type: ignore[assignment]

    def _value(self, *values: Any) -> tuple[Any, ...]:
        if self.known is not None and all(map(np.array_equal, self.known[0], values)):
            return tuple(np.array(y) for y in self.known[1])
        problem, held = self.problem, list(values)
        count = problem.p.size

        def fun(x: Any, y: Any, *p: Any) -> Any:
            return problem.fun(x, y, p[0] if p else problem.p, held)

        def bc(ya: Any, yb: Any, *p: Any) -> Any:
            return problem.bc(ya, yb, p[0] if p else problem.p, held)

        res = original.solve_bvp(
            fun,
            bc,
            problem.x,
            problem.y,
            problem.p if count else None,
            fun_jac=mesh_jacobian(fun, count),
            bc_jac=boundary_jacobian(bc, count),
            **self.options,
        )
        if res.status:
            raise SolutionError(
                "solve_bvp",
                f"the linearised problem could not be solved: {res.message}",
                "raise max_nodes= or tol=; a singular problem has no derivative",
            )
        return res.sol(self.points), res.p if count else problem.p

    def _tangents(self, values: Sequence[Any], tangents: Sequence[Any], lanes: int) -> list[Any]:
        problem = self.problem
        n, k = problem.y.shape[0], problem.p.size
        rule = Boundary(problem.tangent(lanes), self.points, self.options, inner=(problem, lanes))
        y, p = rule.call(*values, *tangents)
        return [np.reshape(y[n:], (lanes, n, -1)), np.reshape(p[k:], (lanes, k))]

    def jvp(self, primals: tuple[Any, ...], tangents: Sequence[Any]) -> tuple[Any, Any]:
        ts = self._tangents(primals, [t[None] for t in tangents], 1)
        return self.call(*primals), tuple(t[0] for t in ts)

    def vjp(self, primals: tuple[Any, ...]) -> tuple[Any, Any]:
        marks = (True,) * len(primals)
        count, seeds = directions(primals, marks)
        found = self._tangents(primals, seeds, count)
        return self.call(*primals), lambda cts: contract(found, cts, primals, marks)


def batch_boundary(rule: Any, lanes: Sequence[bool], arrays: Sequence[Any], params: Any) -> Any:
    """Give lanes of tangents to one problem of tangents; other lanes are solved one after the other."""
    half = len(arrays) // 2
    count = next(np.shape(a)[0] for a, lane in zip(arrays, lanes, strict=True) if lane)
    if rule.inner is None or any(lanes[:half]) or not count:
        return batch_loop(rule, tuple(lanes), tuple(arrays), params)
    inner, own = rule.inner
    n, k = inner.y.shape[0], inner.p.size
    wide = list(arrays[:half])
    for a, lane in zip(arrays[half:], lanes[half:], strict=True):
        full = a if lane else np.broadcast_to(a, (count, *np.shape(a)))
        wide.append(np.reshape(full, (count * own, *np.shape(full)[2:])))
    merged = Boundary(
        inner.tangent(count * own), rule.points, rule.options, inner=(inner, count * own)
    )
    y, p = merged.call(*wide)
    m = np.shape(y)[1]
    ys = np.reshape(y[n:], (count, own * n, m))
    ps = np.reshape(p[k:], (count, own * k))
    return (
        np.concatenate([np.broadcast_to(y[:n], (count, n, m)), ys], axis=1),
        np.concatenate([np.broadcast_to(p[:k], (count, k)), ps], axis=1),
    )
