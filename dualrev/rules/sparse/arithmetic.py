"""Sums and products of sparse arrays, by entry and as matrices, where entries are traced; operators that meet one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from dualrev.core.bind import STRANGERS, operand
from dualrev.core.primitive import Primitive
from dualrev.errors import UnsupportedError
from dualrev.rules.sparse.arrays import TracedSparse, is_sparse, sparse_of
from dualrev.rules.sparse.products import Pattern

__all__ = ["added", "matrix_product", "multiplied"]


def _made(data: Any, rows: Any, columns: Any, shape: tuple[int, int], like: TracedSparse) -> Any:
    """Return entries given by place, added up where they coincide, in the format of `like`."""
    out = TracedSparse(data, Pattern(shape, "coo", rows, columns), "coo", like.is_array).merged()
    kept = like.format if like.format in ("csr", "csc", "coo") else "csr"
    return out.asformat(kept)


def added(a: TracedSparse, other: Any) -> Any:
    """Return a sparse array plus a sparse or a dense one."""
    if not is_sparse(other):
        b = operand(other)
        if np.ndim(b) == 0:
            if not hasattr(b, "level") and b == 0:
                return a
            raise NotImplementedError("adding a nonzero scalar to a sparse array is not supported")
        return a.toarray() + b
    b = sparse_of(other)
    if a.shape != b.shape:
        raise ValueError(f"inconsistent shapes {a.shape} and {b.shape}")
    data = np.concatenate([a._data, b._data])
    rows, columns = (np.concatenate([p, q]) for p, q in zip(a.coords, b.coords, strict=True))
    return _made(data, rows, columns, a.shape, a)


def multiplied(a: TracedSparse, other: Any) -> Any:
    """Return the product by entry with a number, a dense array that broadcasts, or a sparse array."""
    if not is_sparse(other):
        b = operand(other)
        if np.ndim(b) == 0:
            return a._with(a._data * b)
        a = a.merged()
        if np.ndim(b) > 2 or np.broadcast_shapes(np.shape(b), a.shape) != a.shape:
            return a.toarray() * b
        full = np.broadcast_to(b, a.shape)
        if a.format == "dia":
            a = a.tocsr()
        return a._with(a._data * full[a.coords])
    a, b = a.merged(), sparse_of(other).merged()
    if a.shape != b.shape:
        raise ValueError(f"inconsistent shapes {a.shape} and {b.shape}")
    width = max(a.shape[1], 1)
    places = [s.row.astype(np.int64) * width + s.col for s in (a, b)]
    common, i, j = np.intersect1d(*places, assume_unique=True, return_indices=True)
    rows, columns = np.divmod(common, width)
    data = np.take(a._data, i) * np.take(b._data, j)
    return _made(data, rows, columns, a.shape, a)


def matrix_product(a: TracedSparse, b: TracedSparse) -> TracedSparse:
    """Return A B: one product for every pair of entries (i, k) and (k, j), added up by (i, j)."""
    if a.shape[1] != b.shape[0]:
        raise ValueError(
            f"matmul: dimension mismatch with signature (n,k={a.shape[1]}),(k={b.shape[0]},m)->(n,m)"
        )
    order = np.argsort(b.row, kind="stable")
    ends = np.cumsum(np.bincount(b.row, minlength=b.shape[0]))
    counts = np.diff(ends, prepend=0)[a.col]
    first = np.repeat(np.arange(a.nnz), counts)
    # The k-th partner of each entry of A in the row of B that it meets.
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    second = order[(ends - np.diff(ends, prepend=0))[a.col][first] + within]
    data = np.take(a._data, first) * np.take(b._data, second)
    return _made(data, a.row[first], b.col[second], (a.shape[0], b.shape[1]), a)


_OPERATORS = {
    "matmul": ("__matmul__", "__rmatmul__"),
    "multiply": ("__mul__", "__rmul__"),
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "divide": ("__truediv__", ""),
}


def meet(primitive: Primitive, *arrays: Any, **params: Any) -> Any:
    """Answer an operator that has met a sparse array."""
    names = _OPERATORS.get(primitive.name)
    if names is not None and len(arrays) == 2:
        own = not is_sparse(arrays[0])
        if names[own]:
            a, other = sparse_of(arrays[own]), arrays[1 - own]
            return getattr(a, names[own])(other)
    raise UnsupportedError(
        primitive.name,
        "it has met a sparse array beside a traced value",
        "use A.toarray(), or the function with A.data",
    )


STRANGERS[sparse.sparray] = STRANGERS[sparse.spmatrix] = STRANGERS[TracedSparse] = meet
