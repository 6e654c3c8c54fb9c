"""Products of a sparse matrix with vectors, linear in its entries and in the vectors; the pattern is fixed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from dualrev.core.dependence import Entries
from dualrev.core.domains import case
from dualrev.core.flavours import bilinear
from dualrev.core.primitive import Primitive
from dualrev.core.shapes import lift

__all__ = ["Pattern", "outer_at", "segment_sum", "sparse_product"]


class Pattern:
    """Where the entries of a sparse matrix stand: entry k of its data is at ``(rows[k], columns[k])``.

    Parameters
    ----------
    shape : tuple of int
        Of the matrix.
    layout : str
        ``"csr"`` or ``"csc"`` with `first` the indices and `second` the row or column pointers, or ``"coo"`` with
        `first` the rows and `second` the columns. Entries at the same place are added.
    """

    __slots__ = ("_other", "_rows_columns", "first", "layout", "second", "shape")

    def __init__(self, shape: tuple[int, ...], layout: str, first: Any, second: Any) -> None:
        self.shape = (int(shape[0]), int(shape[1]))
        self.layout = layout
        self.first = first
        self.second = second
        self._other: Pattern | None = None
        self._rows_columns: tuple[Any, Any] | None = None

    def __repr__(self) -> str:
        return f"Pattern({self.shape}, {self.layout!r}, {self.first.size} entries)"

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(self.first.size)

    @property
    def T(self) -> Pattern:
        """The pattern of the transpose, with the entries in the same order."""
        if self._other is None:
            turned = self.shape[::-1]
            if self.layout == "coo":
                other = Pattern(turned, "coo", self.second, self.first)
            else:
                other = Pattern(
                    turned, "csc" if self.layout == "csr" else "csr", self.first, self.second
                )
            other._other = self
            self._other = other
        return self._other

    def _places(self) -> tuple[Any, Any]:
        if self._rows_columns is None:
            if self.layout == "coo":
                self._rows_columns = self.first, self.second
            else:
                counts = np.diff(self.second)
                long = np.repeat(np.arange(len(counts), dtype=self.first.dtype), counts)
                pair = long, self.first
                self._rows_columns = pair if self.layout == "csr" else pair[::-1]
        return self._rows_columns

    @property
    def rows(self) -> Any:
        """The row of each entry."""
        return self._places()[0]

    @property
    def columns(self) -> Any:
        """The column of each entry."""
        return self._places()[1]

    def matrix(self, data: Any) -> Any:
        """Return SciPy's sparse array with these plain entries."""
        if self.layout == "coo":
            return sparse.coo_array((data, (self.first, self.second)), shape=self.shape)
        kind = sparse.csr_array if self.layout == "csr" else sparse.csc_array
        return kind((data, self.first, self.second), shape=self.shape)


def _product_value(a: Any, b: Any, *, pattern: Pattern) -> Any:
    matrix = pattern.matrix(a)
    if b.ndim == 1:
        return matrix @ b
    # All vectors are columns of one product.
    columns = b.reshape(math.prod(b.shape[:-1]), b.shape[-1]).T
    return (matrix @ columns).T.reshape(*b.shape[:-1], pattern.shape[0])


def _batch_product(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    a, b = arrays
    if not lanes[0]:
        return primitive.call(a, b, **params)
    # Entries with lanes: gather, multiply, and add up what belongs to the same row.
    pattern = params["pattern"]
    terms = lift(a, b.ndim - lanes[1]) * np.take(b, pattern.columns, axis=-1)
    return segment_sum(terms, pattern.rows, pattern.shape[0])


def outer_at(ct: Any, b: Any, *, pattern: Pattern) -> Any:
    """Return ct_i b_j at the entries (i, j), summed over what is in front of the last axis."""
    g = np.take(ct, pattern.rows, axis=-1) * np.take(b, pattern.columns, axis=-1)
    return np.sum(g, axis=tuple(range(g.ndim - 1))) if g.ndim > 1 else g


def _right(ct: Any, a: Any, *, pattern: Pattern) -> Any:
    return sparse_product(a, ct, pattern=pattern.T)


def _dependence(primals: Any, y: Any, *, pattern: Pattern) -> Any:
    a, b = primals
    kept = np.flatnonzero(np.asarray(a) != 0)
    rows, columns = pattern.rows[kept], pattern.columns[kept]
    count = math.prod(b.shape[:-1])
    stack = np.arange(count)[:, None]
    into = stack * pattern.shape[0] + rows
    of_vectors = stack * pattern.shape[1] + columns
    return (
        Entries(into.ravel(), np.broadcast_to(kept, into.shape).ravel()),
        Entries(into.ravel(), of_vectors.ravel()),
    )


_CSR = Pattern((3, 4), "csr", np.array([1, 3, 0, 2, 3]), np.array([0, 2, 3, 5]))
_COO = Pattern((3, 2), "coo", np.array([2, 0, 2, 2]), np.array([1, 0, 0, 1]))
_EMPTY = Pattern((2, 3), "csr", np.array([], np.int32), np.array([0, 0, 0]))

sparse_product = bilinear(
    _product_value,
    outer_at,
    _right,
    on=[
        case((5,), (4,), pattern=_CSR),
        case((5,), (2, 4), pattern=_CSR),
        case((5,), (2, 3), pattern=_CSR.T),
        case((4,), (2,), pattern=_COO),
        case((4,), (2, 1, 3), pattern=_COO.T),
        case((0,), (3,), pattern=_EMPTY),
    ],
    name="sparse_product",
    pattern=_dependence,
    batch=_batch_product,
    formula="A b for vectors b along the last axis; the adjoints are Aᵀ ct, and ct_i b_j at the entries (i, j) of A",
)


def segment_sum(x: Any, index: Any, size: int) -> Any:
    """Return y with ``y[..., index[k]] += x[..., k]``, the sums along the last axis by place."""
    gather = Pattern((size, len(index)), "csc", np.asarray(index), np.arange(len(index) + 1))
    return sparse_product(np.ones(len(index), np.int8), x, pattern=gather)
