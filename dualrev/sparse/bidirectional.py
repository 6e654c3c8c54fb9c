"""Bidirectional colourings: some entries from products with columns, the others from products with rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from dualrev.sparse.colouring import column_colouring, row_colouring
from dualrev.sparse.ordering import (
    Graph,
    largest_first,
    named_order,
    permutation,
)
from dualrev.sparse.pattern import Pattern, as_pattern
from dualrev.sparse.symmetric import star_masks, without_unread

__all__ = ["bidirectional_colouring"]

# Ways to divide the work between rows and columns that "best" follows to the end.
_DIVISIONS = 4
# How many times the least number of colours so far an attempt may take for a costlier one of its kind to be made.
_NEAR = 1.5


def bidirectional_colouring(pattern: Any, order: Any = "best") -> tuple[np.ndarray, np.ndarray]:
    """Colour rows and columns so that every entry stands alone in the product of its row's or its column's colour.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Jacobian.
    order : {"best", "natural", "largest_first", "smallest_last", "incidence_degree"} or array_like of int, optional
        The order in which rows and columns get the least colour that is free, or a permutation of them: row ``i``
        has number ``i``, column ``j`` number ``m + j``. "best" also divides the matrix: the fullest rows by row
        colours, what is left by column colours, or the other way round, or all of it by one of the two; and keeps
        the fewest colours in total.

    Returns
    -------
    row_colours, column_colours : ndarray of int
        Colours 0, 1, ... of the rows and, counted for themselves, of the columns; -1 where a row or column is not
        computed. The number of passes is the sum of both numbers of colours.

    See Also
    --------
    column_colouring, row_colouring : fewer or cheaper passes where no row, or no column, is full.
    dualrev.sparse.check.is_bidirectionally_recoverable : the same thing, checked in the slow and obvious way.

    Notes
    -----
    Star bicolouring (Coleman & Verma 1998, The efficient computation of sparse Jacobian matrices using automatic
    differentiation, SIAM J. Sci. Comput. 19; Hossain & Steihaug 1998) as the star colouring of the symmetric
    matrix ``[[0, J], [Jᵀ, 0]]`` (Montoison, Dalle & Gebremedhin 2025, arXiv:2505.07308) by Algorithm 4.1 of
    Gebremedhin, Tarafdar, Manne & Pothen 2007, where rows and columns have colours of their own; colours from which
    nothing need be read are taken away. O(nnz) a try, and about ten tries for "best". One order by itself does badly
    where a row and a column are both full: the first few colours decide, and they are not those of the division.

    Examples
    --------
    An arrow needs as many colours as it has columns, or rows, but three for both:

    >>> import numpy as np
    >>> from dualrev.sparse.bidirectional import bidirectional_colouring
    >>> arrow = np.eye(6)
    >>> arrow[0] = arrow[:, 0] = 1
    >>> rows, columns = bidirectional_colouring(arrow)
    >>> rows
    array([ 0, -1, -1, -1, -1, -1])
    >>> columns
    array([0, 1, 1, 1, 1, 1])
    """
    pattern = as_pattern(pattern)
    m, n = pattern.shape
    order = named_order(order, m + n)
    painter = _Painter(pattern)
    if not isinstance(order, str):
        return painter.star(order)
    if order != "best":
        return painter.star(permutation(painter.graph, order))
    # Every row colour yields n numbers at most, every column colour m.
    fewest = -(-pattern.nnz // max(m, n, 1))
    best, count = None, m + n + 1
    for found in _attempts(painter):
        total = n_colours(*found)
        if total < count:
            best, count = found, total
        if count <= fewest:
            break
    assert best is not None
    return best


def n_colours(rows: np.ndarray, columns: np.ndarray) -> int:
    """Return the number of colours of both."""
    return int(rows.max(initial=-1)) + int(columns.max(initial=-1)) + 2


def _attempts(painter: _Painter) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield colourings, the promising ones first; what costs more only where a cheap one comes near the best so far."""
    divisions = sorted(
        [(division, False) for division in _divisions(painter.pattern)]
        + [(division, True) for division in _divisions(painter.pattern.T)],
        key=lambda pair: pair[0].least,
    )
    falling = largest_first(painter.graph.degrees)
    best = sum(painter.pattern.shape) + 1
    for division, transposed in divisions[:_DIVISIONS]:
        if division.least >= best:
            break
        for attempt in (painter.star_divided, painter.divided):
            found = attempt(division.rows, transposed, falling)
            yield found
            count = n_colours(*found)
            best = min(best, count)
            if best <= division.least or count > _NEAR * best:
                break
    for name in ("largest_first", "smallest_last", "incidence_degree"):
        found = painter.star(permutation(painter.graph, name))
        yield found
        if n_colours(*found) > _NEAR * best:
            break


class _Division(NamedTuple):
    """Rows that get row colours, the other entries being left to column colours, and how few colours can do it."""

    least: int
    rows: np.ndarray


def _divisions(pattern: Pattern) -> list[_Division]:
    """Return the divisions that take all rows with more entries than some number."""
    counts = pattern.row_counts
    falling = largest_first(counts)
    # The column colours: the fullest row of the rest. The row colours: how often a column was met in rows so far.
    rest = np.r_[counts[falling], 0]
    starts = np.zeros(len(counts), np.int64)
    starts[falling] = np.cumsum(counts[falling]) - counts[falling]
    places = np.repeat(starts - pattern.indptr[:-1], counts) + np.arange(pattern.nnz)
    columns = np.empty(pattern.nnz, np.int64)
    columns[places] = pattern.indices
    by_column = np.argsort(columns, kind="stable")
    ends = np.cumsum(pattern.column_counts)
    met = np.empty(pattern.nnz, np.int64)
    met[by_column] = np.arange(pattern.nnz) - np.repeat(
        ends - pattern.column_counts, pattern.column_counts
    )
    most = np.r_[0, np.maximum.accumulate(met + 1)]
    rows = most[np.r_[0, np.cumsum(counts[falling])]]
    cuts = np.r_[0, np.flatnonzero(np.diff(rest)) + 1]
    least = rest + rows
    chosen = cuts[np.argsort(least[cuts], kind="stable")[:_DIVISIONS]]
    return [_Division(int(least[k]), falling[:k]) for k in chosen]


class _Painter:
    """Colourings of the rows and columns of one pattern: vertices 0 ... m - 1 and m ... m + n - 1 of a graph."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        m = pattern.shape[0]
        across = pattern.T
        self.graph = Graph(
            np.concatenate([pattern.indptr, pattern.nnz + across.indptr[1:].astype(np.int64)]),
            np.concatenate([pattern.indices.astype(np.int64) + m, across.indices]),
        )
        self._lists: tuple[list[int], list[int]] | None = None

    def star(
        self, order: np.ndarray, neutral: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Colour greedily in this order; `neutral` marks vertices that get no colour."""
        if self._lists is None:
            self._lists = self.graph.indptr.tolist(), self.graph.indices.tolist()
        idle = self.graph.degrees == 0
        if neutral is not None:
            idle |= neutral
        vertices = order[~idle[order]].tolist()
        masks = star_masks(
            *self._lists, vertices, None, np.flatnonzero(idle).tolist(), proper=False
        )
        assert masks is not None
        colours = np.array([mask.bit_length() - 2 for mask in masks], np.intp)
        m = self.pattern.shape[0]
        return self._without_unread(colours[:m], colours[m:])

    def divided(
        self, some: np.ndarray, transposed: bool, _: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Colour some rows by themselves, and all columns for the other rows; transposed: some columns, all rows."""
        pattern = self.pattern.T if transposed else self.pattern
        chosen = np.zeros(pattern.shape[0], bool)
        chosen[some] = True
        rows = row_colouring(_only(pattern, chosen))
        columns = column_colouring(_only(pattern, ~chosen))
        return (columns, rows) if transposed else (rows, columns)

    def star_divided(
        self, some: np.ndarray, transposed: bool, order: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Divide in the same way, and let entries of the chosen rows be read in either way."""
        m, n = self.pattern.shape
        neutral = np.zeros(m + n, bool)
        neutral[slice(m, None) if transposed else slice(m)] = True
        neutral[some + m if transposed else some] = False
        return self.star(order, neutral)

    def _without_unread(
        self, rows: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        m = len(rows)
        count = int(rows.max(initial=-1)) + 1
        joint = np.concatenate([rows, np.where(columns >= 0, columns + count, -1)])
        kept = without_unread(self.graph, joint, np.zeros(0, np.intp))
        rows, columns = kept[:m], kept[m:]
        count = int(rows.max(initial=-1)) + 1
        return rows, np.where(columns >= 0, columns - count, -1)


def _only(pattern: Pattern, kept: np.ndarray) -> Pattern:
    """Return the pattern with the entries of some rows."""
    if kept.all():
        return pattern
    counts = np.where(kept, pattern.row_counts, 0)
    indptr = np.r_[0, np.cumsum(counts)]
    return Pattern.from_csr(
        indptr, pattern.indices[np.repeat(kept, pattern.row_counts)], pattern.shape
    )
