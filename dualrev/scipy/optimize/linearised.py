"""The linearised equations of a large solution: a sparse Jacobian and its factors, where a dense one would be n × n.

What enters: the equations of a solution (`optimality.py`), which close over traced values. What leaves: what Newton's
method and the implicit function theorem need of their Jacobian, in plain numbers. Small systems, and those whose
Jacobian is not sparse, go the dense way (`derivatives/implicit.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csc_array, diags_array

from dualrev.core.array import value
from dualrev.derivatives.implicit import check_change, check_condition
from dualrev.derivatives.jacobian import jacobian as dense
from dualrev.errors import PatternError
from dualrev.rules.sparse.arrays import TracedSparse
from dualrev.rules.sparse.direct import splu
from dualrev.sparse.detection import if_followed, jacobian_pattern
from dualrev.sparse.jacobian import jacobian

__all__ = ["Linearised", "linearised"]

# From so many unknowns on, if at most this part of the Jacobian is nonzero (measured: the dense way takes as long
# between 100 and 200 unknowns, most of it for the condition number).
FROM, BELOW = 200, 0.1
# Steps of the estimate of a norm; it is exact after two, as a rule.
STEPS = 5


def linearised(name: str, residual: Callable[[Any], Any], x: Any) -> Linearised | None:
    """Return the sparse Jacobians of as many equations as unknowns near `x`; None where dense ones are as good."""
    n = int(np.size(x))
    if n < FROM or np.asarray(x).dtype.kind != "f":
        return None
    pattern = if_followed(jacobian_pattern, residual, x)
    if pattern is None or pattern.shape != (n, n) or pattern.density > BELOW:
        return None
    return Linearised(name, residual, pattern)


class Linearised:
    """Sparse Jacobians of the equations of a solution, in plain numbers.

    Parameters
    ----------
    name : str
        The solver, for messages.
    residual : callable
        From an array to one of as many entries.
    pattern : Pattern
        Of the Jacobian; it is found anew if a branch changes.
    """

    def __init__(self, name: str, residual: Callable[[Any], Any], pattern: Any) -> None:
        self.name = name
        self._residual = residual
        self._jacobian = jacobian(
            residual, pattern=pattern, order="natural", format="csc", on_change="detect"
        )

    def matrix(self, x: Any) -> Any:
        """Return the Jacobian at a point, as a csc_array."""
        try:
            J = self._jacobian(x)
        except PatternError:
            # Where a row is rounding only, or dependence hides from detection: the dense one is never wrong.
            return csc_array(np.reshape(value(dense(self._residual)(x)), (np.size(x), np.size(x))))
        if isinstance(J, TracedSparse):
            J = J.pattern.matrix(value(J._data)).tocsc()
        return csc_array(J)

    def factors(self, x: Any) -> Factors:
        """Return its factors there."""
        return Factors(self.name, self.matrix(x))

    def solver(self, x: Any, r: Any) -> Callable[[Any], Any]:
        """Return J⁻¹ at a solution with the residual `r`, as a function of traced values, once it proves regular."""
        J = self.factors(x)
        step = np.reshape(J.solve(np.ravel(r)), np.shape(x))
        if np.any(x - step != x):
            other = self.matrix(x - step) - J.matrix
            change = _norm(
                lambda v: J.solve(other @ v), lambda v: other.T @ J.solve(v, "T"), np.size(x)
            )
            check_change(self.name, change, step)
        return lambda r: np.reshape(J.solve(np.reshape(r, (-1,))), np.shape(r))


class Factors:
    """A sparse square matrix, scaled to unit rows and columns and factorised.

    Raises
    ------
    SolutionError
        If it is singular to working precision.
    """

    def __init__(self, name: str, matrix: Any) -> None:
        if not np.all(np.isfinite(matrix.data)):
            check_condition(name, np.nan)
        self.matrix = matrix
        sizes = abs(matrix)
        rows = sizes.max(axis=1).toarray().ravel()
        self._rows = np.where(rows > 0, rows, 1.0)
        columns = (diags_array(1 / self._rows) @ sizes).max(axis=0).toarray().ravel()
        self._columns = np.where(columns > 0, columns, 1.0)
        scaled = csc_array(diags_array(1 / self._rows) @ matrix @ diags_array(1 / self._columns))
        try:
            self._lu = splu(scaled)
        except RuntimeError:
            check_condition(name, np.inf)
            raise
        n = matrix.shape[0]
        inverse = _norm(self._lu.solve, lambda v: self._lu.solve(v, "T"), n)
        check_condition(name, inverse * float(abs(scaled).sum(axis=0).max()))

    def solve(self, r: Any, trans: str = "N") -> Any:
        """Solve with the matrix, or with its transpose, for a vector, which may be traced."""
        first, last = self._rows, self._columns
        if trans == "T":
            first, last = last, first
        return self._lu.solve(r / first, trans) / last

    def magnitude(self, x: np.ndarray) -> np.ndarray:
        """Return the product of absolute values with a vector."""
        found: np.ndarray = abs(self.matrix) @ x
        return found


def _norm(apply: Callable[[Any], Any], transposed: Callable[[Any], Any], n: int) -> float:
    """Estimate the 1-norm of a linear map, from below and as a rule exactly.

    Higham (1988), FORTRAN codes for estimating the one-norm of a real or complex matrix, ACM TOMS 14, algorithm 2.4.
    """
    x = np.full(n, 1.0 / n)
    found = 0.0
    for _ in range(STEPS):
        y = apply(x)
        size = float(np.abs(y).sum())
        if not np.isfinite(size):
            return np.inf
        if size <= found:
            break
        found = size
        z = transposed(np.where(y >= 0, 1.0, -1.0))
        j = int(np.argmax(np.abs(z)))
        if np.abs(z[j]) <= z @ x:
            break
        x = np.zeros(n)
        x[j] = 1.0
    # For the maps on which these steps are misled.
    signs = np.where(np.arange(n) % 2, -1.0, 1.0) * (1 + np.arange(n) / max(n - 1, 1))
    return max(found, 2 * float(np.abs(apply(signs)).sum()) / (3 * n))
