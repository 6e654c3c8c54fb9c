"""Sparse arrays whose entries are traced: a fixed pattern and a vector of data.

SciPy's own functions do what they do to a pattern: they are given the entries' numbers in place of the entries, and
what comes out says which entry went where.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from dualrev.core.array import dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced
from dualrev.errors import UnsupportedError
from dualrev.rules.sparse.entries import Entrywise
from dualrev.rules.sparse.products import Pattern, segment_sum, sparse_product

__all__ = ["TracedSparse", "is_sparse", "pattern_of", "rearranged", "sparse_of", "varies"]

_AXES = {0: -2, 1: -1, -2: -2, -1: -1}


def pattern_of(matrix: Any) -> tuple[Any, Pattern]:
    """Return the data of a plain sparse array, and their pattern; nothing is copied where the format allows it."""
    if matrix.ndim != 2:
        raise UnsupportedError(
            f"a sparse array of {matrix.ndim} dimensions",
            "products with traced values are for matrices",
            "reshape it to two dimensions",
        )
    if matrix.format in ("csr", "csc"):
        return matrix.data, Pattern(matrix.shape, matrix.format, matrix.indices, matrix.indptr)
    if matrix.format == "coo":
        return matrix.data, Pattern(matrix.shape, "coo", matrix.row, matrix.col)
    return pattern_of(matrix.tocsr())


def sparse_of(x: Any) -> TracedSparse:
    """Return a sparse array, plain or traced, as one of this file."""
    if isinstance(x, TracedSparse):
        return x
    data, pattern = pattern_of(x)
    return TracedSparse(data, pattern, x.format, isinstance(x, sparse.sparray))


def rearranged(build: Callable[..., Any], *parts: Any, format: str | None = None) -> Any:
    """Return the sparse array that ``build(*parts)`` makes, where the parts are traced arrays or sparse arrays.

    SciPy's `build` gets consecutive numbers from 1 in place of the entries: it must move entries and nothing else.
    """
    numbers, data, start = [], [], 1
    for part in parts:
        if is_sparse(part):
            merged = sparse_of(part).merged()
            entries, count = merged._data, merged.pattern.size
            own: Any = merged._like(np.arange(start, start + count))
        else:
            dense = operand(part)
            entries, count = np.ravel(dense), np.size(dense)
            own = np.arange(start, start + count).reshape(np.shape(dense))
        numbers.append(own)
        data.append(entries)
        start += count
    built = build(*numbers)
    entries = data[0] if len(data) == 1 else np.concatenate(data)
    if not sparse.issparse(built):  # one entry, or a row that SciPy made dense
        built = np.asarray(built)
        padded = np.concatenate([np.zeros(1, dtype_of(entries)), entries])
        return padded[built] if built.ndim else padded[int(built)]
    return _renumbered(built, entries, format or built.format)


def _renumbered(built: Any, entries: Any, format: str) -> TracedSparse:
    is_array = isinstance(built, sparse.sparray)
    if built.format == "dia":
        offsets = built.offsets
        built = built.tocoo()
    else:
        offsets = None
    numbers, pattern = pattern_of(built)
    numbers = np.asarray(numbers)
    order = numbers.astype(np.intp) - 1
    if len(order) == np.size(entries) and np.array_equal(order, np.arange(len(order))):
        data = entries
    else:
        data = np.take(entries, order)
    out = TracedSparse(data, pattern, format, is_array)
    out._offsets = offsets
    return out


class TracedSparse(Entrywise):
    """A sparse matrix with traced entries, or a plain one beside one of those.

    It answers what SciPy's sparse arrays of two dimensions do: products, sums, slices, conversions. The pattern is
    fixed: an entry that happens to be zero stays an entry.

    Parameters
    ----------
    data : traced or plain array of one dimension
        The entries.
    pattern : Pattern
        Where they stand.
    format : str
        What SciPy would call the format.
    is_array : bool
        Whether ``*`` is by entry, as for ``csr_array``, or the matrix product, as for ``csr_matrix``.
    """

    __slots__ = ()

    def count_nonzero(self, axis: Any = None) -> Any:
        """Return the number of entries that are not zero."""
        return self._like(value(self._data)).count_nonzero(axis)

    def nonzero(self) -> tuple[Any, Any]:
        """Return rows and columns of the entries that are not zero."""
        return self._like(value(self._data)).nonzero()

    # -- other entries, other patterns -----------------------------------------------------------

    def _with(self, data: Any) -> TracedSparse:
        out = TracedSparse(data, self.pattern, self.format, self.is_array)
        out._offsets = self._offsets
        return out

    def _like(self, data: Any) -> Any:
        """Return SciPy's array or matrix of this pattern with plain entries, for SciPy to do with it what it likes."""
        matrix = self.pattern.matrix(data).copy()
        return matrix if self.is_array else getattr(sparse, f"{matrix.format}_matrix")(matrix)

    def merged(self) -> TracedSparse:
        """Return the same matrix with one entry for each place."""
        rows, columns = self.coords
        places, which = np.unique(
            rows.astype(np.int64) * self.shape[1] + columns, return_inverse=True
        )
        if len(places) == self.nnz:
            return self
        pattern = Pattern(self.shape, "coo", *np.divmod(places, max(self.shape[1], 1)))
        out = TracedSparse(segment_sum(self._data, which, len(places)), pattern, "coo")
        out.is_array = self.is_array
        return out if self.format == "coo" else out.asformat(self.format)

    sum_duplicates = merged

    def asformat(self, format: str | None, copy: bool = False) -> TracedSparse:
        """Return it in another format; entries at the same place are added up, as by SciPy."""
        if format is None or format == self.format:
            return self
        if format not in ("csr", "csc", "coo", "dia"):
            rows = self.asformat("csr")
            return TracedSparse(rows._data, rows.pattern, format, self.is_array)
        return rearranged(lambda a: a.asformat(format), self, format=format)

    def tocsr(self, copy: bool = False) -> TracedSparse:
        """Return it by rows."""
        return self.asformat("csr")

    def tocsc(self, copy: bool = False) -> TracedSparse:
        """Return it by columns."""
        return self.asformat("csc")

    def tocoo(self, copy: bool = True) -> TracedSparse:
        """Return it as coordinates, with entries at the same place apart."""
        pattern = Pattern(self.shape, "coo", *self.coords)
        return TracedSparse(self._data, pattern, "coo", self.is_array)

    def todia(self, copy: bool = False) -> TracedSparse:
        """Return it by diagonals."""
        return self.asformat("dia")

    def tobsr(self, blocksize: Any = None, copy: bool = False) -> TracedSparse:
        """Return it by blocks."""
        return self.asformat("bsr")

    def tolil(self, copy: bool = False) -> TracedSparse:
        """Return it as lists of rows."""
        return self.asformat("lil")

    def todok(self, copy: bool = False) -> TracedSparse:
        """Return it as a dictionary of entries."""
        return self.asformat("dok")

    def toarray(self, order: Any = None, out: Any = None) -> Any:
        """Return the dense array."""
        m, n = self.shape
        rows, columns = self.coords
        return np.reshape(
            segment_sum(self._data, rows.astype(np.int64) * n + columns, m * n), (m, n)
        )

    todense = toarray

    def copy(self) -> TracedSparse:
        """Return it itself: its entries are never written to."""
        return self

    def astype(self, dtype: Any, casting: str = "unsafe", copy: bool = True) -> TracedSparse:
        """Return it with entries of another dtype."""
        return self._with(self._data.astype(dtype))

    @property
    def T(self) -> TracedSparse:
        """The transpose."""
        turned = {"csr": "csc", "csc": "csr"}.get(self.format, self.format)
        out = TracedSparse(self._data, self.pattern.T, turned, self.is_array)
        out._offsets = None if self._offsets is None else -self._offsets
        return out

    mT = T

    def transpose(self, axes: Any = None, copy: bool = False) -> TracedSparse:
        """Return the transpose."""
        return self.T

    def reshape(self, *shape: Any, order: str = "C", copy: bool = False) -> Any:
        """Return the entries in another shape."""
        return rearranged(lambda a: a.tocoo().reshape(*shape, order=order), self)

    def __getitem__(self, index: Any) -> Any:
        return rearranged(lambda a: a.tocsr()[index], self)

    def __setitem__(self, index: Any, new: Any) -> None:
        raise UnsupportedError(
            "writing into a sparse array with traced entries",
            "its pattern and entries are fixed",
            "make its data first and the array of them",
        )

    def __iter__(self) -> Any:
        return (self[k] for k in range(self.shape[0]))

    # -- entry by entry --------------------------------------------------------------------------

    def conj(self, copy: bool = True) -> TracedSparse:
        """Return the complex conjugate."""
        return self._with(np.conjugate(self._data))

    conjugate = conj

    @property
    def real(self) -> TracedSparse:
        """The real part."""
        return self._with(np.real(self._data))

    @property
    def imag(self) -> TracedSparse:
        """The imaginary part."""
        return self._with(np.imag(self._data))

    def __neg__(self) -> TracedSparse:
        return self._with(-self._data)

    def __pos__(self) -> TracedSparse:
        return self

    def __abs__(self) -> TracedSparse:
        return self._with(np.abs(self._data))

    def power(self, n: Any, dtype: Any = None) -> TracedSparse:
        """Return each entry to the power `n`."""
        if np.ndim(n) > 0:
            raise NotImplementedError("input is not scalar")
        if not np.all(value(n)):
            raise NotImplementedError(
                "zero power is not supported as it would densify the matrix.\n"
                "Use `np.ones(A.shape, dtype=A.dtype)` for this case."
            )
        merged = self.merged()
        return merged._with(merged._data**n)

    def __pow__(self, n: Any) -> Any:
        if self.is_array:
            return self.power(n)
        if self.shape[0] != self.shape[1]:
            raise TypeError("sparse matrix is not square")
        n = operator.index(n)
        if n < 0:
            raise ValueError("exponent must be >= 0")
        if n == 0:
            return sparse.eye(self.shape[0], dtype=self.dtype)
        out = self
        for _ in range(n - 1):
            out = out @ self
        return out

    def multiply(self, other: Any) -> Any:
        """Return the product by entry, with a number, a dense array or a sparse one."""
        from dualrev.rules.sparse.arithmetic import multiplied

        return multiplied(self, other)

    def __mul__(self, other: Any) -> Any:
        if self.is_array or (np.ndim(other) == 0 and not is_sparse(other)):
            return self.multiply(other)
        return self @ other

    def __rmul__(self, other: Any) -> Any:
        if self.is_array or (np.ndim(other) == 0 and not is_sparse(other)):
            return self.multiply(other)
        return other @ self

    def __truediv__(self, other: Any) -> Any:
        if is_sparse(other):
            return self.toarray() / other.toarray()
        other = operand(other)
        if np.ndim(other) == 0:
            return self._with(self._data / other)
        return self.multiply(1 / other)

    def __add__(self, other: Any) -> Any:
        from dualrev.rules.sparse.arithmetic import added

        return added(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-other if is_sparse(other) else -operand(other))

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def _compared(self, other: Any) -> Any:
        raise UnsupportedError(
            "a comparison of a sparse array with traced entries",
            "its result would be a sparse array of truth values",
            "compare A.data or A.toarray()",
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _compared

    # -- sums and products -----------------------------------------------------------------------

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """Return the sum of the entries, or of each column (axis 0) or row (axis 1)."""
        data = self._data if dtype is None else self._data.astype(dtype)
        if axis is None or np.size(axis) == 2:
            return np.sum(data)
        axis = _AXES[operator.index(axis[0] if isinstance(axis, tuple) else axis)]
        places = self.pattern.columns if axis == -2 else self.pattern.rows
        y = segment_sum(data, places, self.shape[1 if axis == -2 else 0])
        return y if self.is_array else np.expand_dims(y, axis)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """Return the mean over all places, entries or not."""
        total = self.sum(axis, dtype)
        return total / (self.shape[0] * self.shape[1] / max(np.size(total), 1))

    def trace(self, offset: int = 0) -> Any:
        """Return the sum of a diagonal."""
        return np.sum(self.diagonal(offset))

    def diagonal(self, k: int = 0) -> Any:
        """Return a diagonal as a dense vector."""
        m, n = self.shape
        rows, columns = self.coords
        on = np.flatnonzero(columns - rows == k)
        size = max(min(m + min(k, 0), n - max(k, 0)), 0)
        return segment_sum(np.take(self._data, on), rows[on] + min(k, 0), size)

    def dot(self, other: Any) -> Any:
        """Return the matrix product, or the product with a number."""
        return self * other if np.ndim(other) == 0 and not is_sparse(other) else self @ other

    def __matmul__(self, other: Any) -> Any:
        if is_sparse(other):
            from dualrev.rules.sparse.arithmetic import matrix_product

            return matrix_product(self, sparse_of(other))
        b = operand(other)
        if np.ndim(b) == 0:
            raise ValueError("Scalar operands are not allowed, use '*' instead")
        if np.ndim(b) > 2:
            raise ValueError("could not interpret dimensions")
        if b.shape[0] != self.shape[1]:
            raise ValueError(
                f"matmul: dimension mismatch with signature (n,k={self.shape[1]}),(k={b.shape[0]},m)->(n,m)"
            )
        if b.ndim == 1:
            return sparse_product(self._data, b, pattern=self.pattern)
        return sparse_product(self._data, b.T, pattern=self.pattern).T

    def __rmatmul__(self, other: Any) -> Any:
        if is_sparse(other):
            return sparse_of(other) @ self
        b = operand(other)
        if np.ndim(b) == 0:
            raise ValueError("Scalar operands are not allowed, use '*' instead")
        if np.ndim(b) > 2:
            raise ValueError("could not interpret dimensions")
        if b.shape[-1] != self.shape[0]:
            raise ValueError(
                f"matmul: dimension mismatch with signature (n,k={b.shape[-1]}),(k={self.shape[0]},m)->(n,m)"
            )
        return sparse_product(self._data, b, pattern=self.pattern.T)


def is_sparse(x: Any) -> bool:
    """Say whether `x` is a sparse array, of SciPy or with traced entries."""
    return isinstance(x, TracedSparse) or sparse.issparse(x)


def varies(x: Any) -> bool:
    """Say whether `x` is traced, a sparse array with traced entries, or a sequence that holds one."""
    if isinstance(x, TracedSparse):
        return True
    if isinstance(x, (list, tuple)) or (type(x) is np.ndarray and x.dtype.hasobject):
        return any(varies(v) for v in x)
    if isinstance(x, linalg.LinearOperator):
        return varies(getattr(x, "A", None))
    return holds_traced(x)
