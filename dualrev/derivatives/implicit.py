"""Derivatives of solutions: the implicit function theorem, without differentiating what the solver did.

Let x solve F(x, p) = 0, where the user's F reaches the traced p by closure. With J the plain Jacobian of F in x,

    x ← x − J⁻¹ F(x, p)

leaves the value of x alone and makes its derivatives with respect to p right to one order more each time: in
F(x(p), p) = 0 the error of x enters with the factor 1 − J⁻¹ F_x, which vanishes at the solution (Griewank & Walther
2008, Evaluating Derivatives, chapter 15; Christianson 1994, Reverse accumulation and attractive fixed points). One
such chord step per open level of differentiation is all; the operations are ordinary ones, so both modes and every
order follow from the registry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.core.bind import operand
from dualrev.core.levels import open_levels
from dualrev.derivatives.jacobian import jacobian
from dualrev.errors import SolutionError, UnsupportedError
from dualrev.modes.batch import Batched

__all__ = ["check_change", "check_condition", "check_regular", "implicit"]

EPS = float(np.finfo(float).eps)
# A Jacobian, scaled to unit rows and columns, beyond this condition number leaves no digit in a derivative.
WORST = 0.01 / EPS
# By how much a Newton step from the solution may change the Jacobian: beyond it the solver stopped too early, or at a
# point where the Jacobian is singular (Kantorovich's theorem asks for less than one half).
CHANGE = 0.1


def implicit(
    residual: Callable[[Any], Any],
    x: Any,
    solve: Callable[[Any], Any] | None = None,
    name: str = "implicit",
) -> Any:
    """Return the solution `x` of ``residual(x) = 0`` with its derivatives by what `residual` closes over.

    Parameters
    ----------
    residual : callable
        Plain NumPy code, from an array of the shape of `x` to one of as many entries.
    x : ndarray or NumPy scalar
        The solution, in plain numbers.
    solve : callable, optional
        ``solve(r)`` is J⁻¹ r, made of differentiable operations and linear in `r`; without it J is formed and
        factorised.
    name : str
        The solver, for messages.

    Returns
    -------
    traced value, or `x` itself
        Of the shape and with the value of `x`; `x` itself if `residual` depends on nothing traced.

    Raises
    ------
    SolutionError
        If J is singular or the solver stopped too early: no derivative exists, or none can be computed.
    UnsupportedError
        Inside `vmap`, where each lane would have a solution of its own.

    Notes
    -----
    Cost: one Jacobian and a factorisation, and per open level one evaluation of `residual` and a solve.
    """
    x = value(x)
    r = operand(residual(x))
    if not _traced(r):
        # A function that keeps its values has met x itself in the solver's plain run; it has not met the next number.
        with np.errstate(all="ignore"):
            r = operand(residual(np.nextafter(x, np.inf) if np.isrealobj(x) else x * (1 + EPS)))
        if not _traced(r):
            return x
    if solve is None:
        solve = _dense(residual, x, value(r), name)
    y: Any = x
    for step in range(_levels(r)):
        if step:
            r = operand(residual(y))
        # The value of the residual is of the size of the solver's tolerance; only its derivatives count.
        y = y - solve(np.reshape(r - value(r), np.shape(x)))
    return y


def _traced(r: Any) -> bool:
    """Say whether a residual is traced; refuse one with lanes."""
    v = r
    while isinstance(v, Traced):
        if isinstance(v, Batched):
            raise UnsupportedError(
                "a solver inside vmap",
                "each lane has a solution of its own, which the solver would have to find one after another",
                "loop over the lanes in Python and stack the solutions",
            )
        v = v.primal
    return isinstance(r, Traced)


def _levels(r: Any) -> int:
    """Return how many levels may be nested in a value: those that are open, or more if it came from another thread."""
    own = 0
    while isinstance(r, Traced):
        own += 1
        r = r.primal
    return max(own, len(open_levels()))


def _dense(residual: Callable[[Any], Any], x: Any, r: Any, name: str) -> Callable[[Any], Any]:
    n = int(np.size(x))
    if np.size(r) != n:
        raise SolutionError(
            name,
            f"{np.size(r)} equations in {n} unknowns do not determine the solution",
            "give as many equations as unknowns",
        )
    shape = np.shape(x)

    def matrix(at: Any) -> Any:
        return np.reshape(value(jacobian(residual)(at)), (n, n))

    J = matrix(x)
    check_regular(J, name)
    step = np.reshape(np.linalg.solve(J, np.ravel(r)), shape)
    if np.any(x - step != x):
        change = float(np.linalg.norm(np.linalg.solve(J, matrix(x - step) - J), 1))
        check_change(name, change, step)
    if n == 1:
        return lambda r: r / J[0, 0]
    return lambda r: np.reshape(np.linalg.solve(J, np.reshape(r, (n,))), shape)


def check_change(name: str, change: float, step: Any) -> None:
    """Raise `SolutionError` if a Newton step from the solution changes the Jacobian, in units of itself, too much."""
    if not change < CHANGE:
        raise SolutionError(
            name,
            f"a Newton step from the solution is {float(np.max(np.abs(step))):.1e} long and changes the Jacobian "
            f"by {change:.1e} of itself: the solver stopped too early, or the Jacobian is singular at the solution",
            "ask the solver for a smaller tolerance, or choose a parametrisation in which the solution is regular",
        )


def check_condition(name: str, condition: float) -> None:
    """Raise `SolutionError` if the condition number of a scaled Jacobian leaves no digit, or is NaN, as its entries."""
    if np.isnan(condition):
        raise SolutionError(
            name,
            "the Jacobian at the solution is not finite",
            "the function has no derivative there",
        )
    if not condition < WORST:
        raise SolutionError(
            name,
            f"the Jacobian at the solution is singular (condition number {condition:.1e} after scaling)",
            "the solution is not isolated or not smooth in its parameters there; remove redundant unknowns",
        )


def check_regular(J: Any, name: str) -> None:
    """Raise `SolutionError`, with the condition number, if a square matrix has no usable inverse.

    Rows and columns are scaled to unit size first: units do not count.
    """
    if not np.all(np.isfinite(J)):
        check_condition(name, np.nan)
    scaled = np.abs(J)
    rows = np.max(scaled, axis=1, initial=0.0)
    safe = np.where(rows > 0, rows, 1.0)
    columns = np.max(scaled / safe[:, None], axis=0, initial=0.0)
    condition = np.inf
    if np.all(rows > 0) and np.all(columns > 0):
        condition = float(np.linalg.cond(J / safe[:, None] / columns, 2))
    check_condition(name, condition)
