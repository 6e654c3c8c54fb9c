"""The last digits of a least-squares fit, which its cost cannot see, by Newton steps on the exact gradient.

Near the minimum the cost grows with the square of the distance, so it tells parameters apart to half the digits of
double precision; a solver that accepts only steps that lower it comes to rest there. The gradient vanishes linearly.
What enters: SciPy's result of a fit for which tolerances near rounding were asked. What leaves: the same with a smaller
gradient, or unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.derivatives.jacobian import hessian
from dualrev.scipy.optimize.residuals import Residuals

__all__ = ["refine", "wants_every_digit"]

# Tolerances below this ask for what the cost cannot give.
FINEST = 1e-12
# A Hessian of more variables costs more than the digits are worth.
LARGEST = 200
STEPS = 3
# By how much a step within the last digits may change the cost: rounding of residuals that nearly cancel.
GROWTH = 1e-8


def wants_every_digit(*tolerances: float | None) -> bool:
    """Say whether all tolerances that are not off are near rounding."""
    return all(not t or t < FINEST for t in tolerances)


def refine(res: Any, made: Residuals, f: Callable[[Any], Any], sides: Any) -> None:
    """Take up to three Newton steps from ``res.x``, keeping each that lowers the scaled gradient.

    Parameters
    ----------
    res : OptimizeResult
        Of a fit with linear loss and a dense Jacobian.
    made : Residuals
        Residuals and Jacobian, counting their calls.
    f : callable
        The residuals of a flat vector, for the Hessian of the cost, which is exact: Gauss and Newton's matrix leaves an
        error in proportion to the residuals.
    sides : (lb, ub)
        The bounds as SciPy takes them.
    """
    if not 1 <= res.status <= 4 or np.any(res.active_mask) or not 0 < res.x.size <= LARGEST:
        return
    calls = made.calls
    lower, upper = (np.asarray(b, float) for b in sides)
    second = hessian(lambda x: 0.5 * np.sum(made.counted(f)(x) ** 2))
    x, r, J = res.x, res.fun, res.jac
    steps = 0
    while steps < STEPS and (size := _scaled_gradient(J, r)) > 0.0:
        step = _newton_step(second(x), J, r)
        if step is None:
            break
        new = x + step
        if np.any(new < lower) or np.any(new > upper) or np.array_equal(new, x):
            break
        r_new, J_new = made.fun(new), made.jac(new)
        steps += 1
        if not (_scaled_gradient(J_new, r_new) < size and r_new @ r_new <= (1 + GROWTH) * (r @ r)):
            break
        x, r, J = new, r_new, J_new
    res.nfev += made.calls - calls
    res.njev += steps
    if x is not res.x:
        res.x, res.fun, res.jac = x, r, J
        res.cost, res.grad = 0.5 * (r @ r), J.T @ r
        res.optimality = float(np.max(np.abs(res.grad)))


def _scaled_gradient(J: Any, r: Any) -> float:
    """Return the largest cosine between the residuals and a column of the Jacobian (Moré 1978, section 5)."""
    norms = np.linalg.norm(J, axis=0) * np.linalg.norm(r)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = np.abs(J.T @ r) / norms
    return float(np.max(np.where(norms > 0, cosines, 0.0)))


def _newton_step(H: Any, J: Any, r: Any) -> Any:
    """Return Newton's step with columns scaled to unit size, None where the Hessian is not positive definite."""
    norms = np.linalg.norm(J, axis=0)
    scale = 1.0 / np.where(norms > 0, norms, 1.0)
    H = H * scale * scale[:, None]
    if not np.all(np.isfinite(H)):
        return None
    try:
        np.linalg.cholesky(H)
    except np.linalg.LinAlgError:
        return None
    return -scale * np.linalg.solve(H, scale * (J.T @ r))
