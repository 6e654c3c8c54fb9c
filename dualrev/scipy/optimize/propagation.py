"""The delta method: how uncertain a function of uncertain parameters is, to first order and with an exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import value
from dualrev.derivatives.jacobian import jacobian
from dualrev.errors import ShapeError
from dualrev.scipy.optimize.parameters import problem_of, ravelled

__all__ = ["Propagated", "propagate"]


class Propagated(NamedTuple):
    """A value and its covariance.

    Attributes
    ----------
    value : number, array or container of arrays
        What the function returns.
    covariance : number or ndarray
        Its variance if it is one number, else the matrix (k, k) of its k entries in flat order.
    """

    value: Any
    covariance: Any

    @property
    def standard_errors(self) -> Any:
        """The standard errors, in the structure of the value."""
        if np.ndim(self.covariance) == 0:
            return np.sqrt(self.covariance)
        return ravelled("propagate", self.value)[1](np.sqrt(np.diagonal(self.covariance)))


def propagate(g: Callable[..., Any], x: Any, cov: Any, *, args: Any = ()) -> Propagated:
    """Value and covariance of ``g(x)`` by the delta method: J C Jᵀ with the exact Jacobian J.

    Parameters
    ----------
    g : callable
        Plain NumPy code; returns a number, an array, or a container of arrays.
    x : array, container of arrays, or OptimizeResult
        The parameters, or a result whose `x` they are.
    cov : array_like
        Covariance matrix of `x`, as from `covariance`; a variance if `x` is one number.
    args : tuple
        Extra arguments of `g`.

    Returns
    -------
    Propagated
        A named tuple ``(value, covariance)`` with the property `standard_errors`.

    Raises
    ------
    ShapeError
        If the shape of `cov` does not fit.

    Notes
    -----
    First order: exact for linear `g`, good if `g` is nearly linear over a few standard errors. Where it is not, see
    `profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> area = optimize.propagate(lambda x: x[0] * x[1], np.array([2.0, 3.0]), np.diag([0.01, 0.04]))
    >>> float(area.value), float(round(area.covariance, 6))
    (6.0, 0.25)
    """
    if isinstance(x, dict) and hasattr(x, "success"):
        x = x["x"]
    if np.ndim(x) == 0 and not isinstance(x, dict):
        # A number stays one; the solvers would make it a vector.
        of_number, x = g, {"x": x}
        g = lambda number, *rest: of_number(number["x"], *rest)  # noqa: E731
    problem = problem_of("propagate", g, x, args)
    n = problem.point.size
    matrix = cov if np.ndim(cov) or n > 1 else np.reshape(cov, (1, 1))
    if np.shape(matrix) != (n, n):
        raise ShapeError(
            f"propagate: x has {n} entries, so its covariance has shape ({n}, {n}), not {np.shape(cov)}; "
            "np.diag(sigma**2) makes one of standard deviations"
        )
    plain = np.asarray(value(matrix))
    if not np.allclose(plain, plain.T, rtol=1e-6, atol=1e-9 * np.max(np.abs(plain), initial=0.0)):
        raise ShapeError("propagate: a covariance matrix is symmetric")
    out = problem.f(problem.flat)
    j = jacobian(lambda v: ravelled("propagate", problem.f(v))[0])(problem.flat)
    spread = j @ matrix @ j.T
    return Propagated(out, spread[0, 0] if np.shape(out) == () and _one(out) else spread)


def _one(out: Any) -> bool:
    return not isinstance(out, (dict, tuple, list)) and ravelled("propagate", out)[0].size == 1
