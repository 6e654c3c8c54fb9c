"""solve_bvp: exact Jacobians of the right-hand side and of the boundary conditions, and a differentiable solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

from dualrev.core.array import dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import Closed, closed
from dualrev.errors import SolutionError, UnsupportedError
from dualrev.scipy.integrate.arguments import guarded, original, refuse_lanes
from dualrev.scipy.integrate.jacobians import way_out
from dualrev.scipy.integrate.mesh import (
    Boundary,
    Problem,
    boundary_jacobian,
    mesh_jacobian,
    stacked,
)
from dualrev.scipy.integrate.unsupported import refusing

__all__ = ["solve_bvp"]

_REMEDY = 'pass fun_jac= and bc_jac= by hand, or "2-point" for finite differences'
_DIFFERENCES = "2-point"


@replaces(
    integrate.solve_bvp,
    kind="solver",
    note="exact Jacobians; y, p and sol are differentiable in what fun and bc close over, at the tolerance tol",
)
def solve_bvp(
    fun: Callable[..., Any],
    bc: Callable[..., Any],
    x: Any,
    y: Any,
    p: Any = None,
    S: Any = None,
    fun_jac: Any = None,
    bc_jac: Any = None,
    tol: float = 1e-3,
    max_nodes: int = 1000,
    verbose: int = 0,
    bc_tol: Any = None,
) -> Any:
    """Solve a boundary value problem, as `scipy.integrate.solve_bvp`, with exact Jacobians.

    Parameters
    ----------
    fun, bc, x, y, p, S, fun_jac, bc_jac, tol, max_nodes, verbose, bc_tol
        SciPy's. Without `fun_jac` or `bc_jac` the exact one is used; ``"2-point"`` leaves it to SciPy's differences.

    Returns
    -------
    BVPResult
        SciPy's; `y`, `yp`, `p` and `sol` are traced if `fun` or `bc` close over a traced value.

    Raises
    ------
    UnsupportedError
        If `x` or `S` is traced, or `S` is given while a derivative is asked for.
    SolutionError
        If the solver fails while a derivative is asked for.

    Notes
    -----
    The columns of `y` do not mix in `fun`, so one direction per component serves all mesh points at once. Derivatives
    solve the linearised problem together with the problem itself, to the same `tol`.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import integrate
    >>> x = np.linspace(0, 1, 5)
    >>> res = integrate.solve_bvp(lambda x, y: np.vstack([y[1], -np.exp(y[0])]),
    ...                           lambda ya, yb: np.array([ya[0], yb[0]]), x, np.zeros((2, 5)))
    >>> res.status
    0
    """
    found = closed(fun, (bc,))
    refuse_lanes("solve_bvp", *found.values)
    refusing(
        "solve_bvp",
        x,
        S,
        tol,
        reason="a mesh or a singular term that varies",
        alternative="map the interval to a fixed one, so that its length is a parameter of fun",
    )
    y, p = value(operand(y)), None if p is None else np.atleast_1d(value(operand(p)))
    fun, (bc,) = found.plain
    count = 0 if p is None else p.size
    if fun_jac is None:
        fun_jac = _guided(mesh_jacobian(fun, count))
    if bc_jac is None:
        bc_jac = _guided(boundary_jacobian(bc, count))
    fun_jac, bc_jac = (None if _is_word(j) else j for j in (fun_jac, bc_jac))
    fun, bc = guarded("solve_bvp", fun), guarded("solve_bvp", bc)
    res = original.solve_bvp(fun, bc, x, y, p, S, fun_jac, bc_jac, tol, max_nodes, verbose, bc_tol)
    if not found.values:
        return res
    if S is not None:
        raise UnsupportedError(
            "solve_bvp with S=",
            "the singular term is not carried to the linearised problem",
            "add S y / (x - a) to the right-hand side, from a little beside a",
        )
    if res.status:
        raise SolutionError(
            "solve_bvp", f"the solver failed: {res.message}", "raise max_nodes= or tol="
        )
    return _traced_result(res, found, {"tol": tol, "max_nodes": max_nodes, "bc_tol": bc_tol})


def _traced_result(res: Any, found: Closed, options: dict[str, Any]) -> Any:
    """Put traced values in place of SciPy's numbers."""
    values = [v * 1.0 if dtype_of(v).kind not in "fc" else v for v in found.values]
    p = np.zeros(0) if res.p is None else res.p
    one = () if res.p is None else (0,)

    def own_fun(x: Any, y: Any, p: Any, held: Any) -> Any:
        return stacked(found.at(held)[0](x, y, *(p for _ in one)))

    def own_bc(ya: Any, yb: Any, p: Any, held: Any) -> Any:
        return stacked(found.at(held)[1][0](ya, yb, *(p for _ in one)))

    problem = Problem(own_fun, own_bc, res.x, res.y, p)
    plain = [value(v) for v in values]
    spline = res.sol

    def at(points: np.ndarray, y: np.ndarray) -> Any:
        return Boundary(problem, points, options, (plain, (y, p))).call(*values)

    y, unknown = at(res.x, res.y)
    res.yp = own_fun(res.x, y, unknown, values)
    res.y = y
    if res.p is not None:
        res.p = unknown
    res.sol = _Solution(spline, lambda points: at(points, spline(points))[0])
    return res


def _is_word(j: Any) -> bool:
    return isinstance(j, str) and j == _DIFFERENCES


def _guided(jac: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        with way_out(_REMEDY):
            return jac(*given)

    return call


class _Solution:
    """The continuous solution, differentiable in parameters at plain points."""

    def __init__(self, plain: Any, at: Callable[[Any], Any]) -> None:
        self._plain = plain
        self._at = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """Evaluate the states at points."""
        if nu or holds_traced(x):
            raise UnsupportedError(
                "the solution of solve_bvp",
                "derivatives by the points, or of higher order, of the spline",
                "use the right-hand side: y' = fun(x, y, p)",
            )
        y = self._at(np.ravel(np.asarray(x, float)))
        return np.reshape(y, (np.shape(y)[0], *np.shape(x)))
