"""What a solution satisfies, as equations in the unknowns: from them come its derivatives.

What enters: a solver's plain result, and the user's functions with the traced values that they close over. What
leaves: the solution as a traced vector of the same value. A root satisfies f = 0; a minimum that its gradient
vanishes, or, with active bounds and constraints, the equations of Karush, Kuhn and Tucker (Nocedal & Wright 2006,
chapter 12; Fiacco 1976, Sensitivity analysis for nonlinear programming using penalty methods).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.core.bind import operand
from dualrev.derivatives.closures import Closed
from dualrev.derivatives.gradient import grad
from dualrev.derivatives.implicit import check_regular, implicit
from dualrev.derivatives.jacobian import jacobian
from dualrev.derivatives.products import jvp
from dualrev.errors import SolutionError, UnsupportedError
from dualrev.modes.batch import Batched
from dualrev.scipy.optimize.linearised import Linearised, linearised

__all__ = ["differentiate_minimum", "differentiate_root", "refuse_lanes", "require_success"]

# A constraint this near to its bound (relative to what is constrained, or to 1) may be an active one.
NEAR = 1e-4
# Nearer than this and with a multiplier smaller than this part of the objective's curvature: weakly active.
WEAK = 1e-6
# A residual smaller than this, compared with its change over the size of x, is made of rounding.
ROUNDING = 1e-9
# How near to the minimum a solver must be that says it has failed.
REACHED = 1e-5
# How often the active set is corrected.
ROUNDS = 12
# Steps of Newton's method, with the first Jacobian, that bring the solver's answer to the solution.
STEPS = 12


def refuse_lanes(name: str, c: Closed) -> None:
    """Raise if a traced value has lanes: each lane would have a solution of its own."""
    for given in c.values:
        v = given
        while isinstance(v, Traced):
            if isinstance(v, Batched):
                raise UnsupportedError(
                    f"{name} inside vmap",
                    "each lane has a solution of its own, which the solver would have to find one after another",
                    "loop over the lanes in Python and stack the solutions",
                )
            v = v.primal


def require_success(name: str, success: Any, message: Any) -> None:
    """Raise if a solver that did not converge is to be differentiated."""
    if not success:
        raise SolutionError(
            name,
            f"the solver did not converge ({' '.join(str(message).split())})",
            "raise the number of iterations, loosen the tolerance or improve the guess, and check success first",
        )


def differentiate_root(
    name: str, residual: Callable[[Any], Any], x: Any, elementwise: bool = False
) -> Any:
    """Return the solution `x` of ``residual(x) = 0`` with its derivatives.

    The solver has stopped within its tolerance. The derivatives are those at the solution itself, which a few steps of
    Newton's method find; the value stays the solver's. With `elementwise` each entry is an equation of its own.
    """
    x = value(x)
    y = _solved(name, residual, x, elementwise)
    return x + (y - value(y)) if isinstance(y, Traced) else x


def _solved(name: str, residual: Callable[[Any], Any], x: Any, elementwise: bool = False) -> Any:
    """Return the solution near `x`, exact to rounding, with its derivatives."""
    if not elementwise:
        sparse = linearised(name, residual, x)
        x = _polished(name, residual, x, sparse=sparse)
        if sparse is None:
            return implicit(residual, x, name=name)
        return implicit(residual, x, sparse.solver(x, value(operand(residual(x)))), name)
    x = np.array(x, np.result_type(x, np.float64))
    better = _polished(name, residual, x, _diagonal(name, residual, x))
    d = _diagonal(name, residual, better)
    return implicit(residual, better, lambda r: r / d, name)


def _diagonal(name: str, residual: Callable[[Any], Any], x: Any) -> Any:
    """Return a Jacobian's diagonal; a direction at random tells that there is nothing beside it."""
    probe = 1.0 + np.random.default_rng(20260101).random(np.shape(x))
    d = value(jvp(residual, (x,), (np.ones_like(x),))[1])
    along = value(jvp(residual, (x,), (probe,))[1])
    if not np.allclose(along, d * probe, rtol=1e-6, atol=0.0, equal_nan=True):
        raise SolutionError(
            name,
            "the function of an array is not one function for each entry: entries of the result depend on others",
            "solve coupled equations with root",
        )
    if not (np.all(np.isfinite(d)) and np.all(d)):
        raise SolutionError(
            name,
            f"the derivative is zero or not finite at the root of entry {int(np.argmin(np.abs(d)))}",
            "the root is not isolated or not smooth in its parameters there",
        )
    return d


def _polished(
    name: str,
    residual: Callable[[Any], Any],
    x: Any,
    diagonal: Any = None,
    sparse: Linearised | None = None,
) -> Any:
    """Return the end of Newton's method from `x`, with one Jacobian, where rounding stops it."""

    def at(x: Any) -> Any:
        return value(operand(residual(x)))

    r = at(x)
    if np.size(r) != np.size(x) or not np.any(r):
        return x
    n = int(np.size(x))
    J: Any = None
    if sparse is not None:
        J = sparse.factors(x)
    elif diagonal is None:
        J = np.reshape(value(jacobian(residual)(x)), (n, n))
        check_regular(J, name)
    for _ in range(STEPS):
        if sparse is not None:
            step = np.reshape(J.solve(np.ravel(r)), np.shape(x))
        elif diagonal is None:
            step = np.reshape(np.linalg.solve(J, np.ravel(r)), np.shape(x))
        else:
            step = r / diagonal
        with np.errstate(all="ignore"):
            new = at(x - step)
        if not np.linalg.norm(new) <= 0.5 * np.linalg.norm(r):
            size = np.maximum(1.0, np.abs(x))
            if sparse is not None:
                scale = J.magnitude(size.ravel())
            else:
                scale = np.abs(J) @ size.ravel() if diagonal is None else np.abs(diagonal) * size
            beyond_rounding = np.linalg.norm(r) > ROUNDING * np.linalg.norm(scale)
            if beyond_rounding and np.any(np.abs(step) > WEAK * np.max(size)):
                raise SolutionError(
                    name,
                    f"the equations of the solution are not met there (residual {np.max(np.abs(r)):.1e}), and a Newton "
                    f"step of {np.max(np.abs(step)):.1e} does not meet them better: the function is not smooth at the "
                    "solution, or the solver stopped too early",
                    "smooth the kink, or ask the solver for a smaller tolerance",
                )
            return x
        x, r = x - step, new
        if not np.any(r):
            return x
    return x


Constraint = tuple[Any, Any, Any]


def differentiate_minimum(
    objective: Callable[[Any], Any],
    res: Any,
    bounds: tuple[Any, Any] | None = None,
    constraints: Sequence[Constraint] = (),
    name: str = "minimize",
) -> Any:
    """Return the minimum ``res.x`` with its derivatives.

    Parameters
    ----------
    objective : callable
        From a vector to a number; it closes over the traced values.
    res : OptimizeResult
        With a plain vector ``x``, ``success`` and ``message``.
    bounds : (lb, ub), optional
        Vectors, with infinities; they may be traced.
    constraints : sequence of (c, lb, ub)
        ``c(x)`` is a vector; the limits may be infinite, equal or traced.
    name : str
        The solver, for messages.

    Returns
    -------
    traced vector
        With the value of ``res.x``; variables at a bound move with the bound only.

    Raises
    ------
    SolutionError
        If the solver did not converge, the minimum is not smooth or not isolated, or a constraint is active with a
        multiplier of zero: then the solution has different derivatives to either side.
    """
    x = np.array(value(res.x), float)
    if res.success:
        return _minimum(name, objective, x, bounds, constraints)
    # Solvers also say so where rounding keeps them from their tolerance, at the minimum itself.
    try:
        y = _minimum(name, objective, x, bounds, constraints, REACHED)
    except SolutionError:
        y = None
    require_success(name, y is not None, res.message)
    return y


def _minimum(
    name: str,
    objective: Callable[[Any], Any],
    x: Any,
    bounds: tuple[Any, Any] | None,
    constraints: Sequence[Constraint],
    reach: float = np.inf,
) -> Any:
    """Return the minimum near `x`, no further than `reach` relative to its size, with the value of `x`."""
    also: set[_Place] = set()
    worst: Any = None
    for _ in range(ROUNDS):
        active = _Active(name, objective, x, bounds, constraints, also)
        y = _with_active(name, objective, x, active)
        worst = active.violated(value(y))
        if worst is None:
            # Which constraints act is decided at the solver's answer; at the minimum it must come out the same.
            again = _Active(name, objective, value(y), bounds, constraints, set())
            worst = min(again.places ^ active.places, default=None)
            if worst is not None:
                break
            if np.any(np.abs(value(y) - x) > reach * max(1.0, float(np.max(np.abs(x))))):
                raise SolutionError(name, "the solver stopped too early", "ask it for more")
            return x + (y - value(y))
        if worst in also:
            break
        also.add(worst)
    raise SolutionError(
        name,
        f"the solver stopped too far from the minimum to tell which constraints act there: "
        f"{_words(worst)} is not met, or does not act, at the minimum of the others",
        "ask the solver for a smaller tolerance",
    )


def _with_active(name: str, objective: Callable[[Any], Any], x: Any, active: _Active) -> Any:
    """Return the minimum near `x` under the active constraints as equations, with its derivatives."""
    free = np.flatnonzero(~active.fixed)
    place = np.zeros(x.size, int)
    place[free] = np.arange(free.size)

    def whole(z: Any) -> Any:
        if free.size == x.size:
            return z[: x.size]
        return active.held if not free.size else np.where(active.fixed, active.held, z[place])

    def equations(z: Any) -> Any:
        at, multipliers = whole(z), z[free.size :]

        def lagrangian(x: Any) -> Any:
            return objective(x) - np.sum(multipliers * active.residuals(x))

        if not active.rows:
            return grad(objective)(at)[free]
        return np.concatenate([grad(lagrangian)(at)[free], active.residuals(at)])

    z = np.concatenate([x[free], active.multipliers])
    return whole(_solved(name, equations, z)) if z.size else active.held


# Which constraint (-1: bounds), the entry of its vector, and 0 or 1 for its lower or upper limit.
_Place = tuple[int, int, int]


def _words(place: _Place) -> str:
    k, i, _ = place
    return f"the bound of x[{i}]" if k < 0 else f"entry {i} of constraint {k}"


class _Active:
    """The active set of a minimum: variables held at bounds, and rows of constraints that hold with equality.

    Multipliers are the least-squares estimate from stationarity, of the sign that their side demands.
    """

    def __init__(
        self,
        name: str,
        objective: Callable[[Any], Any],
        x: Any,
        bounds: tuple[Any, Any] | None,
        constraints: Sequence[Constraint],
        also: set[_Place],
    ) -> None:
        n = x.size
        self.bounds = bounds
        self.constraints = constraints
        self.fixed = np.zeros(n, bool)
        self.held: Any = x
        self.places: set[_Place] = set()
        self.rows: list[_Place] = []
        self.multipliers = np.zeros(0)
        # (gradient of what is constrained, its slack, sign of the multiplier (0: any), where it is from)
        candidates: list[tuple[Any, float, int, _Place]] = []
        for k, at, limits in self._sides(x):
            A: Any = None
            for side, limit in enumerate(limits):
                with np.errstate(invalid="ignore"):
                    near = np.abs(at - limit) <= NEAR * np.maximum(1.0, np.abs(limit))
                near &= np.isfinite(limit)
                near[[i for j, i, s in also if (j, s) == (k, side)]] = True
                for i in map(int, np.flatnonzero(near)):
                    equal = bool(limits[0][i] == limits[1][i])
                    if equal and side:
                        continue
                    if A is None and k >= 0:
                        A = np.reshape(value(jacobian(constraints[k][0])(x)), (at.size, n))
                    row = np.eye(1, n, i)[0] if k < 0 else A[i]
                    sign = 0 if equal else 1 - 2 * side
                    candidates.append((row, abs(at[i] - limit[i]), sign, (k, i, side)))
        if candidates:
            self._decide(name, objective, x, candidates, bounds)

    def _sides(self, x: Any) -> Any:
        """Yield number, value and limits of each vector that is constrained, in plain numbers."""
        if self.bounds is not None:
            yield -1, x, [np.broadcast_to(value(b), x.shape) for b in self.bounds]
        for k, (c, lb, ub) in enumerate(self.constraints):
            at = np.atleast_1d(value(operand(c(x))))
            yield k, at, [np.broadcast_to(value(b), at.shape) for b in (lb, ub)]

    def violated(self, x: Any) -> _Place | None:
        """Return the limit that `x` is furthest beyond, None if it is beyond none."""
        worst, found = NEAR, None
        for k, at, limits in self._sides(x):
            for side, limit in enumerate(limits):
                out = (limit - at if side == 0 else at - limit) / np.maximum(1.0, np.abs(at))
                i = int(np.argmax(out)) if out.size else 0
                if out.size and out[i] > worst:
                    worst, found = float(out[i]), (k, i, side)
        return found

    def _decide(
        self, name: str, objective: Any, x: Any, candidates: list[Any], bounds: Any
    ) -> None:
        from scipy.optimize import lsq_linear

        g = value(grad(objective)(x))
        sparse = linearised(name, grad(objective), x)
        H: Any = (
            np.reshape(value(jacobian(grad(objective))(x)), (x.size, x.size))
            if sparse is None
            else sparse.matrix(x)
        )
        A = np.array([row for row, *_ in candidates])
        signs = np.array([sign for _, _, sign, _ in candidates])
        estimate = lsq_linear(
            A.T,
            g,
            (np.where(signs > 0, 0.0, -np.inf), np.where(signs < 0, 0.0, np.inf)),
            method="bvls",
        ).x
        # By how much the gradient changes over the size of x: forces far below it are rounding.
        scale = max(float(np.max(abs(H) @ np.maximum(1.0, np.abs(x)))), float(np.max(np.abs(g))))
        multipliers = []
        left = g - A.T @ estimate
        for (row, slack, sign, (k, i, side)), m in zip(candidates, estimate, strict=True):
            size = float(np.max(np.abs(row)))
            if sign and abs(m) * size <= WEAK * scale:
                if slack > WEAK:
                    continue
                if sign * (row @ left) < -NEAR * scale * size:
                    raise SolutionError(
                        name,
                        f"the solver stopped at {_words((k, i, side))}, where the objective decreases inwards: "
                        "that is no minimum",
                        "choose another start or method",
                    )
                raise SolutionError(
                    name,
                    f"{_words((k, i, side))} is weakly active: it holds with equality, but its multiplier is zero "
                    f"({m:.1e}), so the solution has one derivative to either side",
                    "move the parameters off this point, or drop the constraint if it is not meant to act",
                )
            self.places.add((k, i, side))
            if k < 0:
                self.fixed[i] = True
                self.held = np.where(np.arange(x.size) == i, bounds[side], self.held)
            else:
                self.rows.append((k, i, side))
                multipliers.append(m)
        self.multipliers = np.array(multipliers)

    def residuals(self, x: Any) -> Any:
        """Return what the active constraints set to zero."""
        found = {k: np.atleast_1d(self.constraints[k][0](x)) for k in {k for k, _, _ in self.rows}}
        out = []
        for k, i, side in self.rows:
            limit = self.constraints[k][1 + side]
            out.append(found[k][i] - (limit[i] if np.ndim(limit) else limit))
        return np.stack(out)
