"""What a sparse array with traced entries says of itself: shape, format, entries and where they stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.errors import UnsupportedError
from dualrev.rules.sparse.products import Pattern, segment_sum

__all__ = ["Described"]


class Described:
    """The facts of a sparse array; see `TracedSparse`, which adds what can be done with it."""

    __slots__ = ("_data", "_offsets", "format", "is_array", "pattern")
    # NumPy's operators leave it to the methods below.
    __array_ufunc__ = None
    __array_priority__ = 1001.0
    __hash__ = None  # type: ignore[assignment]
    ndim = 2

    def __init__(self, data: Any, pattern: Pattern, format: str, is_array: bool = True) -> None:
        self._data = data
        self.pattern = pattern
        self.format = format
        self.is_array = is_array
        self._offsets: Any = None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the matrix."""
        return self.pattern.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the entries."""
        return dtype_of(self._data)

    @property
    def nnz(self) -> int:
        """Number of entries in the pattern."""
        return self.pattern.size

    size = nnz

    @property
    def data(self) -> Any:
        """The entries, traced; of a DIA array one row for each diagonal, with zeros outside the matrix."""
        if self.format == "dia" and self._offsets is not None:
            width = self.shape[1]
            row = np.searchsorted(np.sort(self._offsets), self.pattern.columns - self.pattern.rows)
            row = np.argsort(self._offsets)[row]
            flat = segment_sum(
                self._data, row * width + self.pattern.columns, len(self._offsets) * width
            )
            return np.reshape(flat, (len(self._offsets), width))
        if self.format in ("bsr", "lil", "dok"):
            # SciPy has blocks, or lists of rows, or no data at all.
            raise UnsupportedError(
                f"the data of a {self.format} array with traced entries",
                "they are kept by rows, without blocks or lists",
                "use A.tocsr().data or A.tocoo().data",
            )
        return self._data

    @property
    def offsets(self) -> Any:
        """Which diagonals a DIA array has."""
        if self._offsets is None:
            raise AttributeError("offsets")
        return self._offsets

    @property
    def indices(self) -> Any:
        """Column indices of a CSR array, row indices of a CSC array."""
        if self.pattern.layout == "coo":
            raise AttributeError("indices")
        return self.pattern.first

    @property
    def indptr(self) -> Any:
        """Where the rows of a CSR array, or the columns of a CSC array, begin."""
        if self.pattern.layout == "coo":
            raise AttributeError("indptr")
        return self.pattern.second

    @property
    def row(self) -> Any:
        """The row of each entry."""
        return self.pattern.rows

    @property
    def col(self) -> Any:
        """The column of each entry."""
        return self.pattern.columns

    @property
    def coords(self) -> tuple[Any, Any]:
        """Rows and columns of the entries."""
        return self.pattern.rows, self.pattern.columns

    def __repr__(self) -> str:
        return f"<traced sparse array of {self.nnz} entries and shape {self.shape} in {self.format} format>"

    def __len__(self) -> int:
        raise TypeError("sparse array length is ambiguous; use getnnz() or shape[0]")

    def __bool__(self) -> bool:
        raise ValueError("The truth value of an array with more than one element is ambiguous.")
