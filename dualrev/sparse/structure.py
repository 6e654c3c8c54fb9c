"""Structured exits: the entries of a pattern laid out as CSR, CSC, COO, by diagonals, or as LAPACK's bands."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from dualrev.core.array import dtype_of
from dualrev.errors import PatternError
from dualrev.rules.sparse.arrays import TracedSparse
from dualrev.rules.sparse.products import Pattern as Places
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.recovery import is_traced, picked

__all__ = ["FORMATS", "HESSIAN_FORMATS", "Layout", "layout_of"]

FORMATS = ("csr", "csc", "coo", "dia", "banded")
HESSIAN_FORMATS = (*FORMATS, "banded_lower")

# Diagonals may store so many times what the pattern has, rows and columns counted too.
_WASTE = 12


class Layout:
    """How the entries, given in the order of CSR, become the matrix that the user gets.

    Attributes
    ----------
    template : csr_array
        The matrix in CSR; its index arrays are shared and never handed out.
    """

    __slots__ = ("pattern", "template")

    format = "csr"

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.template = sparse.csr_array(
            (np.zeros(pattern.nnz), pattern.indices, pattern.indptr), shape=pattern.shape
        )
        self.template.has_canonical_format = True

    def shared(self, data: np.ndarray) -> Any:
        """Return entries in CSR whose index arrays nobody may write to."""
        # SciPy's constructor checks the indices again each time, which takes longer than small products.
        made = object.__new__(sparse.csr_array)
        made.__dict__.update(self.template.__dict__)
        made.data = data
        return made

    def build(self, data: Any) -> Any:
        """Return the matrix, in memory of its own."""
        if is_traced(data):
            return self._traced(data)
        made = self.shared(data)
        made.indices, made.indptr = made.indices.copy(), made.indptr.copy()
        return made

    def _traced(self, data: Any) -> Any:
        pattern = self.pattern
        places = Places(pattern.shape, "csr", pattern.indices, pattern.indptr)
        return TracedSparse(data, places, "csr", True)


class _Columns(Layout):
    __slots__ = ("_indices", "_indptr", "_order")

    format = "csc"

    def __init__(self, pattern: Pattern) -> None:
        super().__init__(pattern)
        turned = self.shared(np.arange(pattern.nnz)).tocsc()
        self._order, self._indices, self._indptr = turned.data, turned.indices, turned.indptr

    def build(self, data: Any) -> Any:
        if is_traced(data):
            places = Places(self.pattern.shape, "csc", self._indices, self._indptr)
            return TracedSparse(np.take(data, self._order), places, "csc", True)
        made = sparse.csc_array(
            (data.take(self._order), self._indices.copy(), self._indptr.copy()),
            shape=self.pattern.shape,
        )
        made.has_canonical_format = True
        return made


class _Coordinates(Layout):
    __slots__ = ()

    format = "coo"

    def build(self, data: Any) -> Any:
        pattern = self.pattern
        if is_traced(data):
            return self._traced(data).tocoo()
        made = sparse.coo_array((data, (pattern.rows, pattern.columns.copy())), shape=pattern.shape)
        made.has_canonical_format = True
        return made


class _Diagonals(Layout):
    """By diagonals: row k of the stored array is one of them, its columns are the matrix's."""

    __slots__ = ("_offsets", "_places", "_shape")

    format = "dia"

    def __init__(self, pattern: Pattern) -> None:
        super().__init__(pattern)
        columns = pattern.columns.astype(np.intp)
        self._offsets, which = self._numbered(columns - pattern.rows)
        self._shape = len(self._offsets), pattern.shape[1]
        stored = self._shape[0] * self._shape[1]
        if stored > _WASTE * (pattern.nnz + sum(pattern.shape)):
            lower, upper = pattern.bandwidth
            raise PatternError(
                f"format={self.format!r}: the pattern is not banded: {self._shape[0]} diagonals ({lower} below and "
                f"{upper} above the main one at the outermost) would store {stored:,} numbers for {pattern.nnz:,} "
                "entries",
                'take format="csr", or reorder the unknowns (scipy.sparse.csgraph.reverse_cuthill_mckee)',
            )
        self._places = self._placed(which, columns)

    def _numbered(self, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found, which = np.unique(offsets, return_inverse=True)
        return found, which

    def _placed(self, which: np.ndarray, columns: np.ndarray) -> np.ndarray:
        places: np.ndarray = which * self._shape[1] + columns
        return places

    def build(self, data: Any) -> Any:
        if is_traced(data):
            return self._traced(data).asformat("dia")
        return sparse.dia_array(
            (self._filled(data), self._offsets.copy()), shape=self.pattern.shape
        )

    def _filled(self, data: Any) -> Any:
        if is_traced(data):
            index = np.zeros(self._shape[0] * self._shape[1], np.intp)
            index[self._places] = np.arange(1, len(self._places) + 1)
            padded = np.concatenate([np.zeros(1, dtype_of(data)), data])
            return np.reshape(np.take(padded, index), self._shape)
        out = np.zeros(self._shape[0] * self._shape[1], data.dtype)
        out[self._places] = data
        return out.reshape(self._shape)


class _Bands(_Diagonals):
    """LAPACK's general bands, for ``solve_banded``: ``ab[u + i - j, j] = a[i, j]``."""

    __slots__ = ("_bandwidth",)

    format = "banded"

    def _numbered(self, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.pattern.shape[0] != self.pattern.shape[1]:
            raise PatternError(
                f'format="banded": a matrix of shape {self.pattern.shape} has no form for scipy.linalg.solve_banded, '
                "which takes square ones",
                'take format="dia"',
            )
        lower, upper = self._bandwidth = self.pattern.bandwidth
        return np.arange(upper, -lower - 1, -1), upper - offsets

    def build(self, data: Any) -> Any:
        return self._bandwidth, self._filled(data)


class _SymmetricBands(_Bands):
    """LAPACK's symmetric bands, upper form, for ``solveh_banded``."""

    __slots__ = ("_part",)

    def _numbered(self, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        _, which = super()._numbered(offsets)
        # Only one triangle is stored.
        self._part = np.flatnonzero(self._stored(offsets))
        width = self.pattern.bandwidth[1]
        return np.arange(width, -1, -1), which

    def _stored(self, offsets: np.ndarray) -> np.ndarray:
        return offsets >= 0

    def _placed(self, which: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return super()._placed(which, columns)[self._part]

    def build(self, data: Any) -> Any:
        return self._filled(picked(data, self._part))


class _LowerBands(_SymmetricBands):
    """LAPACK's symmetric bands, lower form."""

    __slots__ = ()

    format = "banded_lower"

    def _numbered(self, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        super()._numbered(offsets)
        return np.arange(0, -self.pattern.bandwidth[0] - 1, -1), -offsets

    def _stored(self, offsets: np.ndarray) -> np.ndarray:
        return offsets <= 0


_LAYOUTS: dict[str, type[Layout]] = {
    "csr": Layout,
    "csc": _Columns,
    "coo": _Coordinates,
    "dia": _Diagonals,
    "banded": _Bands,
}
_HESSIAN_LAYOUTS = {**_LAYOUTS, "banded": _SymmetricBands, "banded_lower": _LowerBands}


def layout_of(pattern: Pattern, format: str, symmetric: bool) -> Layout:
    """Return the layout of a pattern in a format.

    Raises
    ------
    PatternError
        If diagonals would store far more than the pattern has.
    """
    kind: type[Layout] = (_HESSIAN_LAYOUTS if symmetric else _LAYOUTS)[format]
    return kind(pattern)
