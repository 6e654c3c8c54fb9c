"""Linear operators that also take traced vectors; they stay instances of SciPy's LinearOperator."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import linalg

from dualrev.core.bind import operand
from dualrev.core.mirror import replaces
from dualrev.rules.sparse.arrays import TracedSparse, varies
from dualrev.rules.sparse.operators import operator_product

__all__ = ["LaplacianNd", "LinearOperator", "aslinearoperator"]

_NOTE = "products with traced vectors; reverse mode needs rmatvec; matvec itself must not close over traced values"
# The class of operators made of functions, which has no public name.
_Custom: Any = type(linalg.LinearOperator((1, 1), matvec=lambda v: v, dtype=float))


class _Products:
    """Products with traced vectors, beside SciPy's with plain ones."""

    def _traced(self, x: Any, adjoint: bool, vector: bool) -> Any:
        x = operand(x)
        n = self.shape[0 if adjoint else 1]  # type: ignore[attr-defined]
        if x.shape[0] != n or x.ndim > 2 or (vector and x.size != n):
            raise ValueError("dimension mismatch")
        column = vector and x.ndim == 2
        rows = np.ravel(x) if vector else x.T
        if adjoint:
            rows = np.conjugate(rows)
        y = operator_product(rows, operator=self, transposed=adjoint)
        if adjoint:
            y = np.conjugate(y)
        return y[:, None] if column else (y if vector else y.T)

    def matvec(self, x: Any) -> Any:
        """Return A x."""
        return self._traced(x, False, True) if varies(x) else super().matvec(x)  # type: ignore[misc]

    def rmatvec(self, x: Any) -> Any:
        """Return Aᴴ x."""
        return self._traced(x, True, True) if varies(x) else super().rmatvec(x)  # type: ignore[misc]

    def matmat(self, X: Any) -> Any:
        """Return A X."""
        return self._traced(X, False, False) if varies(X) else super().matmat(X)  # type: ignore[misc]

    def rmatmat(self, X: Any) -> Any:
        """Return Aᴴ X."""
        return self._traced(X, True, False) if varies(X) else super().rmatmat(X)  # type: ignore[misc]

    def dot(self, x: Any) -> Any:
        """Return A x for a vector, a matrix, a number or another operator."""
        if not varies(x) or np.ndim(x) == 0:
            return _wrapped(super().dot(x))  # type: ignore[misc]
        x = operand(x)
        one = x.ndim == 1 or (x.ndim == 2 and x.shape[1] == 1)
        return self.matvec(x) if one else self.matmat(x)

    def __matmul__(self, x: Any) -> Any:
        if np.ndim(x) == 0 and not isinstance(x, linalg.LinearOperator):
            raise ValueError("Scalar operands are not allowed, use '*' instead")
        return self.dot(x)

    def __mul__(self, x: Any) -> Any:
        return self.dot(x)

    def __call__(self, x: Any) -> Any:
        return self.dot(x)

    def __rmul__(self, x: Any) -> Any:
        return _wrapped(super().__rmul__(x))  # type: ignore[misc]

    def __add__(self, x: Any) -> Any:
        return _wrapped(super().__add__(x))  # type: ignore[misc]

    def __sub__(self, x: Any) -> Any:
        return _wrapped(super().__sub__(x))  # type: ignore[misc]

    def __neg__(self) -> Any:
        return _wrapped(super().__neg__())  # type: ignore[misc]

    def __pow__(self, p: Any) -> Any:
        return _wrapped(super().__pow__(p))  # type: ignore[misc]

    def adjoint(self) -> Any:
        """Return Aᴴ."""
        return _wrapped(super().adjoint())  # type: ignore[misc]

    def transpose(self) -> Any:
        """Return Aᵀ."""
        return _wrapped(super().transpose())  # type: ignore[misc]

    @property
    def H(self) -> Any:
        """The adjoint."""
        return self.adjoint()

    @property
    def T(self) -> Any:
        """The transpose."""
        return self.transpose()


class _Class(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is LinearOperator:
            return _OfFunctions(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, x: Any) -> bool:
        if cls is LinearOperator:
            return isinstance(x, linalg.LinearOperator)
        return super().__instancecheck__(x)


@replaces(linalg.LinearOperator, kind="solver", note=_NOTE)
class LinearOperator(_Products, linalg.LinearOperator, metaclass=_Class):  # type: ignore[misc]
    """A matrix known by its products, as ``scipy.sparse.linalg.LinearOperator``, also with traced vectors.

    Parameters
    ----------
    shape : tuple of int
        Of the matrix.
    matvec, rmatvec, matmat, rmatmat : callable
        A x, Aᴴ x, A X and Aᴴ X of plain arrays; reverse mode needs `rmatvec`.
    dtype : dtype
        Of the matrix.

    Raises
    ------
    UnsupportedError
        In reverse mode without `rmatvec`, and if the functions themselves use traced values.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy.sparse import linalg
    >>> roll = linalg.LinearOperator((3, 3), matvec=lambda v: np.roll(v, 1), rmatvec=lambda v: np.roll(v, -1))
    >>> dr.grad(lambda x: (roll @ x)[0] ** 2)(np.array([1.0, 2.0, 3.0]))
    array([0., 0., 6.])
    """


class _OfFunctions(_Products, _Custom):  # type: ignore[misc]
    """An operator made of functions."""


class _Of(LinearOperator):
    """Another operator, with products of traced vectors."""

    def __init__(self, operator: Any) -> None:
        self.of = operator
        super().__init__(operator.dtype, operator.shape)  # type: ignore[call-arg]

    def __getattr__(self, name: str) -> Any:
        if name == "of":
            raise AttributeError(name)
        return getattr(self.of, name)

    def _matvec(self, x: Any) -> Any:
        return self.of.matvec(x)

    def _rmatvec(self, x: Any) -> Any:
        return self.of.rmatvec(x)

    def _matmat(self, X: Any) -> Any:
        return self.of.matmat(X)

    def _rmatmat(self, X: Any) -> Any:
        return self.of.rmatmat(X)

    def _adjoint(self) -> Any:
        return self.of.adjoint()

    def _transpose(self) -> Any:
        return self.of.transpose()


class _OfTraced(LinearOperator):
    """A matrix with traced entries."""

    def __init__(self, A: Any) -> None:
        self.A = A
        super().__init__(A.dtype, A.shape)  # type: ignore[call-arg]

    def _traced(self, x: Any, adjoint: bool, vector: bool) -> Any:
        A = (np.conjugate(self.A) if not isinstance(self.A, TracedSparse) else self.A.conj()).T
        return (A if adjoint else self.A) @ operand(x)

    def matvec(self, x: Any) -> Any:
        """Return A x."""
        return self._traced(x, False, True)

    def rmatvec(self, x: Any) -> Any:
        """Return Aᴴ x."""
        return self._traced(x, True, True)

    matmat = matvec  # type: ignore[assignment]
    rmatmat = rmatvec  # type: ignore[assignment]
    _matvec = matvec

    def dot(self, x: Any) -> Any:
        """Return A x."""
        return (
            super().dot(x) if isinstance(x, linalg.LinearOperator) else self._traced(x, False, True)
        )

    def adjoint(self) -> Any:  # type: ignore[misc]
        """Return Aᴴ."""
        A = self.A
        return _OfTraced(A.conj().T)

    def transpose(self) -> Any:
        """Return Aᵀ."""
        return _OfTraced(self.A.T)


def _wrapped(x: Any) -> Any:
    if isinstance(x, linalg.LinearOperator) and not isinstance(x, _Products):
        return _Of(x)
    return x


@replaces(linalg.aslinearoperator, kind="solver", note="also of matrices with traced entries")
def aslinearoperator(A: Any) -> Any:
    """Return `A` as a LinearOperator, as ``scipy.sparse.linalg.aslinearoperator``.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy.sparse import linalg
    >>> operator = linalg.aslinearoperator(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> dr.grad(lambda x: np.sum(operator @ x))(np.ones(2))
    array([4., 6.])
    """
    if isinstance(A, TracedSparse) or varies(A):
        return _OfTraced(A if isinstance(A, TracedSparse) else operand(A))
    return _wrapped(linalg.aslinearoperator(A))


@replaces(linalg.LaplacianNd, kind="solver", note="products with traced vectors")
class LaplacianNd(_Products, linalg.LaplacianNd):  # type: ignore[misc]
    """The Laplacian of a grid, as ``scipy.sparse.linalg.LaplacianNd``, also times traced vectors.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy.sparse import linalg
    >>> laplacian = linalg.LaplacianNd((3,), boundary_conditions="dirichlet", dtype=float)
    >>> dr.grad(lambda x: x @ (laplacian @ x))(np.array([1.0, 2.0, 4.0]))
    array([  0.,   2., -12.])
    """
