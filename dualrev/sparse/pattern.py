"""Patterns: where a matrix may be nonzero, as a boolean structure that cannot cancel."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from dualrev.errors import ShapeError, describe
from dualrev.sparse.drawing import braille, spy

__all__ = ["Pattern", "as_pattern"]


class Pattern:
    """Where a matrix may be nonzero.

    Parameters
    ----------
    matrix : Pattern, array_like or sparse
        Of a dense matrix what is not zero is an entry (NaN is not zero); of a sparse one *what is stored*, zeros too,
        because structures are often given with arbitrary values.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    nnz : int
        Number of entries.
    indptr, indices : ndarray of int
        The structure as in CSR: the columns of row ``i`` are ``indices[indptr[i]:indptr[i + 1]]``, ascending and
        without duplicates. Read-only.

    Notes
    -----
    Immutable. ``|`` unites, ``&`` intersects, ``<=`` says whether the right side contains the left.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse import Pattern
    >>> band = Pattern(np.eye(4) + np.eye(4, k=1))
    >>> band.nnz, band.bandwidth
    (7, (0, 1))
    >>> (band | band.T).bandwidth
    (1, 1)
    """

    __slots__ = ("indices", "indptr", "shape")

    shape: tuple[int, int]
    indptr: np.ndarray
    indices: np.ndarray

    def __init__(self, matrix: Any) -> None:
        if isinstance(matrix, Pattern):
            self._set(matrix.indptr, matrix.indices, matrix.shape)
            return
        entries = _stored(matrix) if sparse.issparse(matrix) else _nonzero(matrix)
        self._set(entries.indptr, entries.indices, entries.shape)

    def _set(self, indptr: np.ndarray, indices: np.ndarray, shape: Any) -> None:
        for name, given in (("indptr", indptr), ("indices", indices)):
            view = given.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        object.__setattr__(self, "shape", (int(shape[0]), int(shape[1])))

    def __setattr__(self, name: str, new: Any) -> None:
        raise AttributeError(f"a Pattern is immutable: its {name} cannot be set")

    @classmethod
    def from_csr(cls, indptr: np.ndarray, indices: np.ndarray, shape: tuple[int, int]) -> Pattern:
        """Take a structure as it is, unchecked: rows sorted, no duplicates, arrays that nobody will write to."""
        made = object.__new__(cls)
        made._set(indptr, indices, shape)
        return made

    @classmethod
    def from_coordinates(cls, rows: Any, columns: Any, shape: tuple[int, int]) -> Pattern:
        """Collect entries from row and column numbers, in any order and with duplicates.

        Raises
        ------
        ShapeError
            If the two differ in length or a number is outside `shape`.
        """
        rows, columns = np.ravel(np.asarray(rows)), np.ravel(np.asarray(columns))
        if len(rows) != len(columns):
            raise ShapeError(
                f"a pattern of {len(rows)} row numbers and {len(columns)} column numbers: one of each per entry"
            )
        for word, given, limit in zip(("row", "column"), (rows, columns), shape, strict=True):
            if len(given) and given.dtype.kind not in "iu":
                raise ShapeError(f"{word} numbers of a pattern are integers, not {given.dtype}")
            if len(given) and (given.min() < 0 or given.max() >= limit):
                bad = given[(given < 0) | (given >= limit)][0]
                raise ShapeError(
                    f"a pattern of shape {tuple(shape)} has no {word} {bad}: they count from 0 to {limit - 1}"
                )
        if not len(rows):
            rows, columns = np.zeros((2, 0), np.int32)
        found = sparse.coo_array((np.ones(len(rows), bool), (rows, columns)), shape=shape)
        csr = found.tocsr()
        csr.sum_duplicates()
        return cls.from_csr(csr.indptr, csr.indices, csr.shape)

    # -- what it says -----------------------------------------------------------------------------------------------

    @property
    def nnz(self) -> int:
        """Number of entries."""
        return len(self.indices)

    @property
    def rows(self) -> np.ndarray:
        """Row number of every entry, in the order of `indices`."""
        return np.repeat(np.arange(self.shape[0], dtype=self.indices.dtype), np.diff(self.indptr))

    @property
    def columns(self) -> np.ndarray:
        """Column number of every entry: the same as `indices`."""
        return self.indices

    @property
    def density(self) -> float:
        """Entries over size; 0 for an empty matrix."""
        size = self.shape[0] * self.shape[1]
        return self.nnz / size if size else 0.0

    @property
    def row_counts(self) -> np.ndarray:
        """Number of entries in every row."""
        counts: np.ndarray = np.diff(self.indptr)
        return counts

    @property
    def column_counts(self) -> np.ndarray:
        """Number of entries in every column."""
        counts: np.ndarray = np.bincount(self.indices, minlength=self.shape[1])
        return counts

    @property
    def bandwidth(self) -> tuple[int, int]:
        """Number of diagonals below and above the main one up to the outermost that have an entry."""
        filled = np.flatnonzero(np.diff(self.indptr))
        if not len(filled):
            return 0, 0
        lower = filled - self.indices[self.indptr[filled]]
        upper = self.indices[self.indptr[filled + 1] - 1] - filled
        return max(0, int(lower.max())), max(0, int(upper.max()))

    @property
    def is_symmetric(self) -> bool:
        """Whether it equals its transpose."""
        return self.shape[0] == self.shape[1] and self == self.T

    # -- other forms ------------------------------------------------------------------------------------------------

    def _csr(self) -> Any:
        """Return the structure with values True, sharing the index arrays: for reading only."""
        made = sparse.csr_array(self.shape, dtype=bool)
        made.data = np.ones(self.nnz, bool)
        made.indices, made.indptr = self.indices, self.indptr
        made.has_canonical_format = True
        return made

    def tocsr(self) -> Any:
        """Return it as a ``scipy.sparse.csr_array`` of booleans, in memory of its own."""
        return self._csr().copy()

    def toarray(self) -> np.ndarray:
        """Return it as a dense boolean matrix."""
        dense: np.ndarray = self._csr().toarray()
        return dense

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("a Pattern becomes an array by a copy only")
        return self.toarray() if dtype is None else self.toarray().astype(dtype)

    def transpose(self) -> Pattern:
        """Return the pattern of the transpose."""
        return _of(self._csr().T.tocsr())

    @property
    def T(self) -> Pattern:
        """The pattern of the transpose."""
        return self.transpose()

    def symmetrised(self) -> Pattern:
        """Unite a square pattern with its transpose."""
        if self.shape[0] != self.shape[1]:
            raise ShapeError(
                f"a pattern of shape {self.shape} is not square: it has no symmetric form"
            )
        return self | self.T

    # -- algebra ----------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pattern):
            return NotImplemented
        return (
            self.shape == other.shape
            and np.array_equal(self.indptr, other.indptr)
            and np.array_equal(self.indices, other.indices)
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.nnz, self.indices[:64].tobytes()))

    def __or__(self, other: Any) -> Pattern:
        other = self._fitting(other, "|")
        return other if other is NotImplemented else _of(self._csr() + other._csr())

    def __and__(self, other: Any) -> Pattern:
        other = self._fitting(other, "&")
        return other if other is NotImplemented else _of(self._csr().multiply(other._csr()).tocsr())

    def __le__(self, other: Any) -> bool:
        other = self._fitting(other, "<=")
        return other if other is NotImplemented else (self & other).nnz == self.nnz

    def __ge__(self, other: Any) -> bool:
        other = self._fitting(other, ">=")
        return other if other is NotImplemented else other <= self

    def _fitting(self, other: Any, sign: str) -> Any:
        if not isinstance(other, Pattern):
            return NotImplemented
        if other.shape != self.shape:
            raise ShapeError(
                f"patterns of shapes {self.shape} {sign} {other.shape}: they must agree"
            )
        return other

    # -- for people -------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        m, n = self.shape
        noun = "entry" if self.nnz == 1 else "entries"
        head = f"{m}×{n} Pattern with {self.nnz:,} {noun} ({100 * self.density:.3g}%)"
        picture = braille(self)
        return f"{head}:\n{picture}" if picture else head

    def spy(self, ax: Any = None, colours: Any = None) -> Any:
        """Draw the entries with matplotlib, which the extra ``dualrev[plot]`` installs.

        Parameters
        ----------
        ax : matplotlib axes, optional
            A new figure by default.
        colours : array_like of int or tuple of two, optional
            Colours of the columns, or a pair: of the rows (or None) and of the columns (or None). Entries that are
            found in the same direction get the same colour, those without one are grey.

        Returns
        -------
        matplotlib axes
        """
        return spy(self, ax, colours)

    def __reduce__(self) -> Any:
        return Pattern.from_csr, (self.indptr, self.indices, self.shape)

    def __copy__(self) -> Pattern:
        return self

    def __deepcopy__(self, memo: Any) -> Pattern:
        return self


def _of(csr: Any) -> Pattern:
    """Return the pattern of a CSR array that SciPy has just made: canonical or about to be."""
    csr.sum_duplicates()
    return Pattern.from_csr(csr.indptr, csr.indices, csr.shape)


def _stored(matrix: Any) -> Any:
    """Return what a sparse matrix stores as CSR, in memory of its own."""
    if matrix.ndim != 2:
        raise ShapeError(f"a pattern is a matrix, not a sparse array of shape {matrix.shape}")
    if matrix.format == "dia":  # its conversions drop zeros
        matrix = sparse.dia_array(
            (np.ones(matrix.data.shape, bool), matrix.offsets), shape=matrix.shape
        )
    csr = sparse.csr_array(matrix)
    made = sparse.csr_array(
        (np.ones(len(csr.indices), bool), csr.indices.copy(), csr.indptr.copy()), shape=csr.shape
    )
    made.sum_duplicates()
    return made


def _nonzero(matrix: Any) -> Any:
    dense = np.asarray(matrix)
    if dense.ndim != 2:
        raise ShapeError(
            f"a pattern is a matrix, not {describe(matrix)}"
            if dense.dtype == object
            else f"a pattern is a matrix, not an array of shape {dense.shape}"
        )
    return sparse.csr_array(dense != 0)


def as_pattern(p: Any) -> Pattern:
    """Return a `Pattern`, from a dense or sparse matrix or a pattern.

    Raises
    ------
    ShapeError
        If it is no matrix.
    """
    return p if isinstance(p, Pattern) else Pattern(p)
