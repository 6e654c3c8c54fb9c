"""Linear maps with a constant matrix: products and solves along the last axis, dense, sparse or factorised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.shapes import negative_axis

__all__ = ["Map", "along", "matrix", "solver"]


class Map:
    """A linear map of vectors, as a pair of functions of plain matrices whose columns are the vectors."""

    __slots__ = ("backward", "forward")

    def __init__(self, forward: Callable[[Any], Any], backward: Callable[[Any], Any]) -> None:
        self.forward = forward
        self.backward = backward

    @property
    def transposed(self) -> Map:
        """The map with the transposed matrix."""
        return Map(self.backward, self.forward)


def matrix(m: Any) -> Map:
    """Return the product with a plain dense or sparse matrix."""
    if sparse.issparse(m):
        m = m.tocsr()
    return Map(lambda x: m @ x, lambda x: m.T @ x)


def solver(m: Any) -> Map:
    """Return the solution of linear systems with a plain, real sparse matrix, which is factorised once."""
    factors = sparse_linalg.splu(sparse.csc_matrix(m))

    def solve(x: Any, trans: str) -> Any:
        if x.dtype.kind == "c":
            parts = solve(np.concatenate([x.real, x.imag], axis=1), trans)
            return parts[:, : x.shape[1]] + 1j * parts[:, x.shape[1] :]
        return factors.solve(np.ascontiguousarray(x, float), trans)

    return Map(lambda x: solve(x, "N"), lambda x: solve(x, "T"))


def _apply(x: Any, *, map: Map) -> Any:
    # For many lanes a matrix with contiguous rows per entry suits every kind of map.
    rows = x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
    y = np.ascontiguousarray(map.forward(np.ascontiguousarray(rows.T)).T)
    dtype = y.dtype if x.dtype.itemsize > 4 or x.dtype.kind == "c" else x.dtype
    return y.reshape(*x.shape[:-1], y.shape[-1]).astype(dtype, copy=False)


_BAND = sparse.diags([[0.3, -0.2, 0.5], [2.0, 1.7, 2.5, 1.9], [0.4, 0.1, -0.6]], [-1, 0, 1])
_WIDE = np.array([[1.0, -0.5, 0.2], [0.3, 0.7, -1.1]])

apply_map = linear(
    _apply,
    lambda ct, *, map: apply_map(ct, map=map.transposed),
    on=[
        case((3,), map=matrix(_WIDE)),
        case((2, 3), map=matrix(sparse.csr_matrix(_WIDE))),
        case((2, 4), map=solver(_BAND)),
        case((4,), map=solver(_BAND)),
        case((2, 2, 4), map=solver(_BAND).transposed),
    ],
    name="constant_map",
    formula="y = M x along the last axis; the adjoint is Mᵀ ct, also where M is the inverse of a sparse matrix",
    pattern="...a->...b",
)


def along(map: Map, x: Any, axis: int = -1) -> Any:
    """Apply a map along one axis."""
    axis = negative_axis(axis, x.ndim)
    if axis == -1:
        return apply_map(x, map=map)
    return np.moveaxis(apply_map(np.moveaxis(x, axis, -1), map=map), -1, axis)
