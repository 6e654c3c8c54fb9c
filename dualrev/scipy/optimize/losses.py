"""Loss functions of robust least squares, as NumPy code that can be differentiated.

Of z = (f / f_scale)²: the loss ρ, ρ' and ρ'', as SciPy defines them (Triggs et al. 2000, Bundle adjustment, a modern
synthesis, section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["cost", "rows", "scaled_jacobian"]

Rows = tuple[Any, Any, Any]


def _linear(z: Any) -> Rows:
    return z, np.ones_like(z), np.zeros_like(z)


def _huber(z: Any) -> Rows:
    inside = z <= 1
    far = np.where(inside, 1.0, z)
    return (
        np.where(inside, z, 2 * far**0.5 - 1),
        np.where(inside, 1.0, far**-0.5),
        np.where(inside, 0.0, -0.5 * far**-1.5),
    )


def _soft_l1(z: Any) -> Rows:
    t = 1 + z
    return 2 * (t**0.5 - 1), t**-0.5, -0.5 * t**-1.5


def _cauchy(z: Any) -> Rows:
    t = 1 + z
    return np.log1p(z), 1 / t, -1 / t**2


def _arctan(z: Any) -> Rows:
    t = 1 + z**2
    return np.arctan(z), 1 / t, -2 * z / t**2


LOSSES: dict[str, Callable[[Any], Rows]] = {
    "linear": _linear,
    "huber": _huber,
    "soft_l1": _soft_l1,
    "cauchy": _cauchy,
    "arctan": _arctan,
}


def rows(f: Any, loss: Any, f_scale: Any) -> Rows:
    """Return ρ, ρ' and ρ'' at the residuals `f`, in units of them: ρ times f_scale², ρ'' over it."""
    z = (f / f_scale) ** 2
    rho = loss(z) if callable(loss) else LOSSES[loss](z)
    return rho[0] * f_scale**2, rho[1], rho[2] / f_scale**2


def cost(f: Any, loss: Any, f_scale: Any) -> Any:
    """Return ½ Σ ρ."""
    if isinstance(loss, str) and loss == "linear":
        return 0.5 * np.sum(f * f)
    return 0.5 * np.sum(rows(f, loss, f_scale)[0])


def scaled_jacobian(J: Any, f: Any, loss: Any, f_scale: Any) -> Any:
    """Return the Jacobian of which JᵀJ is the Gauss-Newton Hessian of the robust cost, as SciPy returns it."""
    if isinstance(loss, str) and loss == "linear":
        return J
    _, first, second = rows(f, loss, f_scale)
    curvature = np.maximum(first + 2 * second * f**2, np.finfo(float).eps)
    return np.sqrt(curvature)[:, None] * J
