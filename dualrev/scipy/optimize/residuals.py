"""Vector functions for solvers of equations and of least squares: value and Jacobian of a point from one evaluation.

What enters: the user's function of the user's structure. What leaves: float64 vectors, and Jacobians that are dense and
C-contiguous, sparse, or operators.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.derivatives.closures import refuse_traced
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.jacobian import FEW, LANE_BYTES, value_and_jacobian
from dualrev.derivatives.mapping import vmap
from dualrev.derivatives.products import vjp
from dualrev.errors import OutputError, PatternError, describe
from dualrev.scipy.optimize.derivatives import Derivatives, as_array, explain
from dualrev.scipy.optimize.operators import recorded_jacobian
from dualrev.scipy.optimize.patterns import jacobian_that_pays, sparse_jacobian
from dualrev.scipy.optimize.points import Point
from dualrev.sparse.jacobian import SparseJacobian

__all__ = ["Residuals", "residual_vector", "starred"]

_DETECTED = 'or pass jac="sparse" in place of jac_sparsity, which detects the pattern'


def starred(args: Any) -> tuple[Any, ...]:
    """Return extra arguments as those of SciPy's functions that write ``f(x, *args)`` without a further look."""
    if isinstance(args, (tuple, list)) or np.ndim(args):
        return tuple(args)
    return (args,)


def residual_vector(
    f: Callable[..., Any],
    point: Point,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    name: str = "least_squares",
) -> Callable[[Any], Any]:
    """Return `f` as a function from the flat vector to an array; containers are made one vector."""
    # No local function: SciPy sends it to the processes of workers=.
    return functools.partial(_residuals, f, point, args, kwargs or {}, name)


def _residuals(
    f: Callable[..., Any],
    point: Point,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    name: str,
    x: Any,
) -> Any:
    y = f(point.restore(x), *args, **kwargs)
    if point.is_vector or not isinstance(y, (dict, list, tuple)):
        return as_array(y, name)
    leaves = [np.ravel(operand(leaf)) for leaf in flatten(y)[0]]
    return np.concatenate(leaves) if leaves else np.zeros(0)


class Residuals(Derivatives):
    """A vector function of a flat vector, with its Jacobian.

    Parameters
    ----------
    f : callable
        From a vector to an array, plain apart from the level that differentiates it.
    name, way_out : str
        For messages.
    pattern : optional
        Of the Jacobian, which is then sparse.
    sparse : bool
        The Jacobian is sparse, and its pattern is detected.
    operator : bool
        The Jacobian is a LinearOperator.

    Notes
    -----
    Of few variables the Jacobian is computed with every value, in forward mode: a solver wants it at almost every
    point. Of many, the value is recorded, and the Jacobian is swept out of the record if it is asked for. The point of
    the last Jacobian is kept, as solvers return to it.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        *,
        name: str,
        way_out: str,
        pattern: Any = None,
        sparse: bool = False,
        operator: bool = False,
    ) -> None:
        super().__init__(f, scalar=False, way_out=way_out, name=name)
        self.operator = operator
        self.compressed: SparseJacobian | None = None
        if pattern is not None or sparse:
            self.compressed = sparse_jacobian(self._vector_of, pattern)
        # A pattern that nobody asked for may not stop a solver.
        self._asked = self.compressed is not None
        self._kept: Any = None

    def sparse_if_it_pays(self, x: np.ndarray, size: float, density: float) -> bool:
        """Detect the pattern at `x`, make the Jacobian sparse if it is large and sparse enough, and say so."""
        self.compressed = jacobian_that_pays(self._vector_of, x, size, density)
        return self.compressed is not None

    def fun(self, x: Any, *args: Any) -> Any:
        """Return f(x), of at least one dimension."""
        at = self._at(x, args)
        if at.value is None:
            self._evaluate(at)
        return at.value.copy()

    def jac(self, x: Any, *args: Any) -> Any:
        """Return the Jacobian, of shape (m, n)."""
        at = self._at(x, args)
        self._kept = at
        if at.value is None:
            self._evaluate(at)
        if at.jac is None:
            at.jac = self._swept(at)
            at.pull = None
        return at.jac if self.operator else at.jac.copy()

    def counted(self, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return `f` such that its calls are counted too."""

        def call(x: Any) -> Any:
            self.calls += 1
            return f(x)

        return call

    def _at(self, x: Any, args: tuple[Any, ...]) -> Any:
        at = super()._at(x, args)
        kept = self._kept
        return kept if kept is not None and kept.key == at.key else at

    def _vector_of(self, x: Any) -> Any:
        y = self._call(x)
        if isinstance(y, np.ndarray) and y.dtype.kind == "c":
            raise OutputError(
                f"{self.name}: the function returned {describe(y)}, and a solver needs real numbers. Return real and "
                "imaginary parts."
            )
        return y

    def _explain(self, error: Exception) -> None:
        if isinstance(error, PatternError):
            explain(error, self.name, _DETECTED)
        else:
            super()._explain(error)

    def _evaluate(self, at: Any) -> None:
        try:
            if self.compressed is not None:
                y, at.jac = self._sparsely(self.compressed, at)
            elif self.operator:
                y, at.jac = recorded_jacobian(self._vector_of, at.x)
            elif at.x.size <= FEW:
                y, J = value_and_jacobian(self._vector_of, at.x)
                if type(J) is not np.ndarray:
                    refuse_traced(self.name, J)
                at.jac = np.array(J, float, order="C").reshape(np.size(value(y)), at.x.size)
            else:
                y, at.pull = vjp(self._vector_of, at.x)
            if type(y) is not np.ndarray:
                refuse_traced(self.name, y)
        except Exception as error:
            self._explain(error)
            raise
        at.value = np.array(y if np.ndim(y) else [y], float, order="C")

    def _sparsely(self, compressed: SparseJacobian, at: Any) -> Any:
        """Return value and sparse Jacobian; from a dense one where the probe of a detected pattern fails."""
        try:
            return compressed.with_value(at.x)
        except PatternError:
            if self._asked:
                raise
            y, J = value_and_jacobian(self._vector_of, at.x)
            return y, csr_array(np.reshape(J, (np.size(y), at.x.size)))

    def _swept(self, at: Any) -> Any:
        """Return the Jacobian out of the record, by rows or by columns, whichever are fewer."""
        shape, m, n = np.shape(at.value), at.value.size, at.x.size

        def backward(ct: Any) -> Any:
            return at.pull(np.reshape(ct, shape))[0]

        product: Any = backward
        count = m
        if n < m:
            # The pullback is linear; its own pullback is the transpose of the transpose.
            _, forward = vjp(backward, np.zeros(m))
            product, count = (lambda t: forward(t)[0]), n
        width = max(1, LANE_BYTES // (8 * max(m, n)))
        parts = [
            vmap(product)(np.eye(min(width, count - start), count, start))
            for start in range(0, count, width)
        ]
        rows = np.concatenate(parts) if parts else np.zeros((0, n))
        return np.ascontiguousarray(rows.T if n < m else rows)
