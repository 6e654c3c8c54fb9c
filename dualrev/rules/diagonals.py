"""Diagonals and triangles of matrices: each is a choice of entries, or their place among zeros."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function
from dualrev.core.views import as_view
from dualrev.rules.indexing import pick, scatter_add
from dualrev.rules.shaping import moveaxis, ravel


@numpy_function(np.diagonal, note="read-only, as in NumPy")
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = operand(a)
    i, j = normalize_axis_tuple(axis1, x.ndim)[0], normalize_axis_tuple(axis2, x.ndim)[0]
    if i == j:
        raise ValueError("axis1 and axis2 cannot be the same")
    rows, columns = _diagonal_of(x.shape[i], x.shape[j], offset)
    y = pick(moveaxis(x, (i, j), (-2, -1)), (Ellipsis, rows, columns))
    return as_view(y, x, lambda v: np.diagonal(v, offset, axis1, axis2), writable=False)


def _diagonal_of(m: int, n: int, offset: int) -> tuple[np.ndarray, np.ndarray]:
    count = max(0, min(m + min(offset, 0), n - max(offset, 0)))
    along = np.arange(count)
    return along + max(0, -offset), along + max(0, offset)


@numpy_function(np.linalg.diagonal)
def matrix_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


@numpy_function(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    x = operand(v)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    n = x.shape[0] + abs(k)
    return scatter_add.call(x, index=_diagonal_of(n, n, k), shape=(n, n))


@numpy_function(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    return diag(ravel(v), k)


@numpy_function(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    y = np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)
    return y if out is None else write_out(out, y, (), "np.trace")


@numpy_function(np.linalg.trace)
def matrix_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)


_triu = linear(
    lambda x, *, k: np.triu(x, k),
    lambda ct, *, k: _triu.call(ct, k=k),
    on=[case((3, 3), k=0), case((3, 4), k=1), case((2, 3, 3), k=-1)],
    name="triu",
    pattern="movement",
    formula="y = x on and above diagonal k, else 0; its own transpose",
)

_tril = linear(
    lambda x, *, k: np.tril(x, k),
    lambda ct, *, k: _tril.call(ct, k=k),
    on=[case((3, 3), k=0), case((3, 4), k=1), case((2, 3, 3), k=-1)],
    name="tril",
    pattern="movement",
    formula="y = x on and below diagonal k, else 0; its own transpose",
)


def _square(m: Any) -> Any:
    """Return a matrix; NumPy takes a vector as the rows of one."""
    x = operand(m)
    return np.broadcast_to(x, x.shape * 2) if x.ndim == 1 else x


@numpy_function(np.triu, kind="rule")
def triu(m: Any, k: int = 0) -> Any:
    return _triu.call(_square(m), k=operator.index(k))


@numpy_function(np.tril, kind="rule")
def tril(m: Any, k: int = 0) -> Any:
    return _tril.call(_square(m), k=operator.index(k))


@numpy_function(np.tril_indices_from, kind="passes")
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    return np.tril_indices(arr.shape[-2], k=k, m=arr.shape[-1])


@numpy_function(np.triu_indices_from, kind="passes")
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    return np.triu_indices(arr.shape[-2], k=k, m=arr.shape[-1])


@numpy_function(np.diag_indices_from, kind="passes")
def diag_indices_from(arr: Any) -> Any:
    if arr.ndim < 2:
        raise ValueError("input array must be at least 2-d")
    if len(set(arr.shape)) != 1:
        raise ValueError("All dimensions of input must be of equal length")
    return np.diag_indices(arr.shape[0], arr.ndim)
