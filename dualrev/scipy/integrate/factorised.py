"""Radau and BDF with sparse Jacobians: matrices c I − J whose pattern stays, so that they are ordered once.

SciPy's solvers hand every matrix to SuperLU as if it were new. A third to two thirds of the time of a factorisation go
into its ordering, and SuperLU's default, made for matrices without any symmetry, gives 1.3 to 2.5 times the fill of an
ordering of A + Aᵀ. (Measured on grids in two and three dimensions, 400 to 10 000 unknowns: factorisations take a third
of the time.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import csc_matrix, issparse
from scipy.sparse.linalg import splu

from dualrev.scipy.integrate.blocks import BlockFactors, Blocks

__all__ = ["ordered"]

# Pivots on the diagonal are kept down to this part of the largest entry in their column, for the ordering's sake.
_OPTIONS: dict[str, Any] = {"diag_pivot_thresh": 0.1, "options": {"SymmetricMode": True}}
# Supernodes are small in such matrices: panels and relaxed ones cost more than they save.
_AGAIN: dict[str, Any] = {
    "permc_spec": "NATURAL",
    "diag_pivot_thresh": 0.1,
    "relax": 1,
    "panel_size": 1,
    "options": {"SymmetricMode": True, "Equil": False},
}


# LAPACK is faster where the factors have more than this part of the entries of a full matrix (measured: random patterns
# of 300 to 2000 unknowns).
FULL = 0.4


class _Identity:
    """Stands for the identity in SciPy's ``c * I - J`` and ``I - c * J``, so that neither is formed: a pair instead."""

    __array_ufunc__ = None

    def __init__(self, factor: Any = 1.0) -> None:
        self.factor = factor

    def __rmul__(self, c: Any) -> _Identity:
        return _Identity(c * self.factor)

    def __sub__(self, J: Any) -> tuple[Any, Any]:
        return self.factor, J


class _Factors:
    """Factors of a matrix with rows and columns in another order."""

    __slots__ = ("back", "lu", "order")

    def __init__(self, lu: Any, order: np.ndarray, back: np.ndarray) -> None:
        self.lu, self.order, self.back = lu, order, back

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Solve for a vector, or for the columns of a matrix."""
        x: np.ndarray = self.lu.solve(b.take(self.order, 0)).take(self.back, 0)
        return x


class _FullFactors:
    """Factors of a matrix that has filled up."""

    __slots__ = ("lu",)

    def __init__(self, matrix: np.ndarray) -> None:
        self.lu = lu_factor(matrix, overwrite_a=True)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Solve for a vector, or for the columns of a matrix."""
        x: np.ndarray = lu_solve(self.lu, b)
        return x


class _Plan:
    """The order of rows and columns for one pattern, and where in the ordered matrix the entries go."""

    def __init__(self, c: Any, J: Any) -> None:
        n = J.shape[0]
        self.indptr, self.indices = J.indptr, J.indices
        rows, columns = J.indices, np.repeat(np.arange(n), np.diff(J.indptr))
        # On the diagonal there is always an entry; what SciPy subtracts may lack some.
        matrix = csc_matrix(
            (
                np.concatenate([np.full(n, c), -J.data]),
                (np.append(np.arange(n), rows), np.append(np.arange(n), columns)),
            ),
            shape=J.shape,
        )
        first = splu(matrix, permc_spec="MMD_AT_PLUS_A", **_OPTIONS)
        self.full = first.nnz > FULL * n**2
        if self.full:
            return
        self.back = first.perm_c.astype(np.intp)
        self.order = np.argsort(self.back)
        diagonal = self.back * (n + 1)
        own = self.back[columns] * n + self.back[rows]
        keys = np.union1d(diagonal, own)
        self.diagonal, self.places = np.searchsorted(keys, diagonal), np.searchsorted(keys, own)
        inner = (keys % n).astype(np.int32)
        starts = np.searchsorted(keys, np.arange(n + 1) * n).astype(np.int32)
        self.matrix = csc_matrix((np.zeros(len(keys)), inner, starts), shape=J.shape)
        self.matrix.has_canonical_format = True

    def fits(self, J: Any) -> bool:
        """Say whether a matrix has the same pattern."""
        return np.array_equal(J.indptr, self.indptr) and np.array_equal(J.indices, self.indices)

    def factors(self, c: Any, J: Any) -> _Factors | _FullFactors:
        """Factorise c I − J."""
        if self.full:
            dense = -J.toarray()
            return _FullFactors(dense + c * np.eye(len(dense)))
        data = np.zeros(self.matrix.nnz, np.result_type(c, J.data))
        data[self.places] = -J.data
        data[self.diagonal] += c
        self.matrix.data = data
        return _Factors(splu(self.matrix, **_AGAIN), self.order, self.back)


class _Ordered:
    """What is changed in a solver of SciPy's whose Jacobian is sparse; a dense one is left to it."""

    J: Any
    jac: Any
    njev: int
    I: Any  # noqa: E741
    lu: Any
    solve_lu: Any
    nlu: int

    def __init__(
        self, fun: Any, t0: Any, y0: Any, t_bound: Any, jac: Any = None, **options: Any
    ) -> None:
        first: list[Any] = []
        given = jac
        if callable(jac):
            first.append(jac(t0, y0))

            def given(t: float, y: np.ndarray) -> Any:
                return first.pop() if first else jac(t, y)

            if isinstance(first[0], Blocks):
                # SciPy is to know that it is sparse, and how large.
                given = csc_matrix(first[0].shape)
        super().__init__(fun, t0, y0, t_bound, jac=given, **options)  # type: ignore[call-arg]
        if not issparse(self.J):
            return
        if first:
            self.J, self.jac, self.njev = first.pop(), self._blocks_at(jac), 1
        self.I = _Identity()
        self.lu = self._factors
        self.solve_lu = _solve
        self._plan: _Plan | None = None

    def _blocks_at(self, jac: Any) -> Any:
        def counted(t: float, y: np.ndarray, f: Any = None) -> Any:
            self.njev += 1
            return jac(t, y)

        return counted

    def _factors(self, pair: tuple[Any, Any]) -> Any:
        self.nlu += 1
        return self._factors_of(*pair)

    def _factors_of(self, c: Any, J: Any) -> Any:
        if isinstance(J, Blocks):
            return BlockFactors(self._factors_of(c, J.block), J)
        if self._plan is None or not self._plan.fits(J):
            self._plan = _Plan(c, J)
        return self._plan.factors(c, J)


def _solve(factors: Any, b: np.ndarray) -> Any:
    return factors.solve(b)


class _Radau(_Ordered, integrate.Radau):
    """SciPy's Radau."""


class _BDF(_Ordered, integrate.BDF):
    """SciPy's BDF."""


_CLASSES = {"Radau": _Radau, integrate.Radau: _Radau, "BDF": _BDF, integrate.BDF: _BDF}


def ordered(method: Any) -> Any:
    """Return the class that stands for a method of SciPy's which takes a sparse Jacobian."""
    return _CLASSES.get(method, method)
