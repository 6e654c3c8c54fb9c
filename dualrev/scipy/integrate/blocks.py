"""Jacobians of tangent systems by their blocks: f_y for the states and for each of their tangents, below it f_yy S.

With A = c I − f_y one factorisation of A serves all of them: the states first, then every tangent with the coupling on
the right-hand side (Maly & Petzold 1996, Numerical methods and software for sensitivity analysis of
differential-algebraic systems). As one matrix they would fill up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_matrix

__all__ = ["BlockFactors", "Blocks"]


class Blocks:
    """A block lower triangular matrix.

    Parameters
    ----------
    block : csc_matrix or Blocks
        Of the inner system.
    coupling : csr_array
        Of every tangent to the inner states, one below the other.
    places : ndarray of int
        The rows of each tangent, shape (lanes, n).
    """

    __array_ufunc__ = None

    def __init__(self, block: Any, coupling: Any, places: np.ndarray) -> None:
        self.block = block
        self.coupling = coupling
        self.places = places
        size = places.size + block.shape[0]
        self.shape = size, size

    def __rmul__(self, c: Any) -> Blocks:
        return Blocks(c * self.block, c * self.coupling, self.places)

    def tocsc(self) -> Any:
        """Return it as one matrix."""
        own, below = self.block.tocsc().tocoo(), self.coupling.tocoo()
        rows = [own.row, self.places.ravel()[below.row], self.places[:, own.row].ravel()]
        columns = [own.col, below.col, self.places[:, own.col].ravel()]
        entries = [own.data, below.data, np.tile(own.data, len(self.places))]
        return csc_matrix(
            (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
            shape=self.shape,
        )

    def toarray(self) -> np.ndarray:
        """Return it as a dense matrix."""
        dense: np.ndarray = self.tocsc().toarray()
        return dense

    @property
    def T(self) -> Any:
        """The transpose, as one matrix."""
        return self.tocsc().T


class BlockFactors:
    """What solves with c I − J, from the factors of its block on the diagonal."""

    def __init__(self, inner: Any, matrix: Blocks) -> None:
        self.inner = inner
        self.matrix = matrix

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Solve for a vector, or for the columns of a matrix."""
        places, n = self.matrix.places, self.matrix.block.shape[0]
        columns = b.reshape(len(b), -1)
        first = self.inner.solve(columns[:n])
        right = columns[places] + (self.matrix.coupling @ first).reshape(*places.shape, -1)
        right = np.moveaxis(right, 1, 0)
        x = np.empty(columns.shape, first.dtype)
        x[:n] = first
        x[places.T] = self.inner.solve(right.reshape(n, -1)).reshape(right.shape)
        return x.reshape(b.shape)
