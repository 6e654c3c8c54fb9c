"""Colourings of columns or rows: those of one colour share no row, and one direction serves them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dualrev.sparse.lattice import lattice_colouring
from dualrev.sparse.ordering import (
    chunks,
    column_degrees,
    column_graph,
    incidence_degree,
    largest_first,
    named_order,
    smallest_last,
    work,
)
from dualrev.sparse.pattern import Pattern, as_pattern

__all__ = ["column_colouring", "row_colouring"]

# Pairs of columns that share a row, up to which "best" counts degrees exactly and looks at the dynamic orders.
_EXACT = 5e7
_DYNAMIC = 3e6
# Entries that "best" goes through again to improve what it has.
_AGAIN = 1_000_000
# Entries from which on a formula that is good enough is not improved any more, and not compared with the orders either.
_SURE = 20_000
_LARGE = 2_000_000
# With more colours than this, what a thin row has used is kept as a list, not as a mask of as many bits.
_WIDE = 1024
_THIN = 128


def column_colouring(pattern: Any, order: Any = "best") -> np.ndarray:
    """Number the columns of a pattern so that no two of one number (colour) have an entry in the same row.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Jacobian.
    order : {"best", "natural", "largest_first", "smallest_last", "incidence_degree"} or array_like of int, optional
        The order in which columns get the least colour that is free, or a permutation of them. "best" looks for a
        formula where the pattern repeats (bands, blocks, grids), then tries the orders, the cheap ones first, and
        keeps the fewest colours; it stops when there are no more than entries in the fullest row, which is the least
        possible. On large patterns it leaves out the expensive orders.

    Returns
    -------
    ndarray of int
        Colours 0, 1, ... of the columns; -1 for a column without entries, which needs none.

    See Also
    --------
    row_colouring, bidirectional_colouring, star_colouring
    dualrev.sparse.check.is_structurally_orthogonal : the same thing, checked in the slow and obvious way.

    Notes
    -----
    Partial distance-2 colouring of the bipartite graph (Gebremedhin, Manne & Pothen 2005, What color is your Jacobian?
    Graph coloring for computing derivatives, SIAM Review 47, Algorithm 3.2), which is the grouping of Curtis, Powell &
    Reid 1974. The colours of a row are the bits of one integer, so the time is O(nnz) for the natural order, about 0.1
    microseconds an entry; "largest_first" counts the columns within distance two, and the two dynamic orders
    need a list of them: time, and for these memory, proportional to the sum of the squares of the row counts. The
    result depends on nothing but the pattern and the order.

    References
    ----------
    .. [1] A. R. Curtis, M. J. D. Powell, J. K. Reid, On the estimation of sparse Jacobian matrices, IMA J. Appl. Math.
           13 (1974).
    .. [2] A. H. Gebremedhin, F. Manne, A. Pothen, SIAM Review 47 (2005), 629-705.
    .. [3] A. H. Gebremedhin, D. Nguyen, M. M. A. Patwary, A. Pothen, ColPack, ACM Trans. Math. Softw. 40 (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.colouring import column_colouring
    >>> tridiagonal = np.tri(6, k=1) * np.tri(6, k=1).T
    >>> column_colouring(tridiagonal)
    array([0, 1, 2, 0, 1, 2])
    """
    pattern = as_pattern(pattern)
    order = named_order(order, pattern.shape[1])
    active = np.flatnonzero(pattern.column_counts)
    fewest = int(pattern.row_counts.max(initial=0))
    colours = np.full(pattern.shape[1], -1, np.intp)
    if not isinstance(order, str):
        active = order[np.isin(order, active, assume_unique=True)]
    if fewest == len(active):
        colours[active] = np.arange(len(active))
        return colours
    if not isinstance(order, str):
        found = _Painter(pattern, fewest).paint(active)
    elif order == "best":
        found = _best(pattern, fewest)
    else:
        found = _Painter(pattern, fewest).named(order)
    # A formula may leave out a colour, or have it in empty columns only.
    used = np.bincount(found[active]) > 0
    colours[active] = (np.cumsum(used) - 1)[found[active]]
    return colours


def row_colouring(pattern: Any, order: Any = "best") -> np.ndarray:
    """Number the rows of a pattern so that no two of one number (colour) have an entry in the same column.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Jacobian.
    order : str or array_like of int, optional
        As for `column_colouring`, of which this is the transpose.

    Returns
    -------
    ndarray of int
        Colours 0, 1, ... of the rows; -1 for a row without entries, which needs none.

    Notes
    -----
    Gebremedhin, Manne & Pothen 2005, Algorithm 3.2, on the other side of the bipartite graph. One pass of reverse mode
    computes all rows of a colour.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.colouring import row_colouring
    >>> row_colouring(np.array([[1, 0, 0], [0, 1, 1], [1, 0, 1]]))
    array([0, 0, 1])
    """
    return column_colouring(as_pattern(pattern).T, order)


def _best(pattern: Pattern, fewest: int) -> np.ndarray:
    """Return the colouring with the fewest colours of those that are affordable."""
    full = pattern.column_counts == np.count_nonzero(pattern.row_counts)
    if full.any():
        # A full column has a colour for itself, and would hide what the others have in common.
        rest = column_colouring(_without(pattern, full))
        first = int(rest.max(initial=-1)) + 1
        colours = np.empty(len(full), np.intp)
        colours[~full] = rest
        colours[full] = np.arange(first, first + np.count_nonzero(full))
        return colours
    painter = _Painter(pattern, fewest)
    found = lattice_colouring(pattern, fewest, 2 * fewest + 2)
    count = pattern.shape[1] + 1
    if found is not None:
        best, count = found, int(found.max()) + 1
        if count <= fewest or (count <= 1.5 * fewest and pattern.nnz > _LARGE):
            return best
    repeats = found is not None
    cost = work(pattern)
    names = ["natural"]
    if not repeats or pattern.nnz <= _LARGE:
        names.append("largest_first")
    if not repeats and cost < _DYNAMIC:
        names += ["smallest_last", "incidence_degree"]
    for name in names:
        found = painter.named(name, count, exact=cost < _EXACT)
        if found is not None:
            best, count = found, int(found.max()) + 1
        if count <= fewest:
            return best
    if repeats and pattern.nnz > _SURE:
        return best
    return painter.improved(best, _AGAIN // max(pattern.nnz, 1))


def _without(pattern: Pattern, columns: np.ndarray) -> Pattern:
    """Return the pattern without some columns."""
    kept = ~columns[pattern.indices]
    indptr = np.r_[0, np.cumsum(kept)][pattern.indptr]
    numbers = np.cumsum(~columns) - 1
    shape = pattern.shape[0], int(np.count_nonzero(~columns))
    return Pattern.from_csr(indptr, numbers[pattern.indices[kept]], shape)


class _Painter:
    """Greedy colouring of the columns of one pattern, in one order after the other."""

    def __init__(self, pattern: Pattern, fewest: int) -> None:
        self.pattern = pattern
        self.fewest = fewest
        self.columns = pattern.T
        self.graph: Any = None

    def named(self, name: str, below: int | None = None, exact: bool = True) -> Any:
        """Colour in the order of that name; None if it takes `below` colours or more."""
        if name == "natural":
            return self.paint(None, below)
        if name == "largest_first":
            return self.paint(largest_first(self._degrees(exact)), below)
        if self.graph is None:
            self.graph = column_graph(self.pattern)
        order = (smallest_last if name == "smallest_last" else incidence_degree)(self.graph)
        return self.paint(order, below)

    def _degrees(self, exact: bool) -> np.ndarray:
        if exact:
            return column_degrees(self.pattern)
        others = np.maximum(self.pattern.row_counts - 1, 0)
        sums = np.r_[0, np.cumsum(others[self.columns.indices], dtype=np.int64)]
        return np.diff(sums[self.columns.indptr])

    def paint(self, order: np.ndarray | None, below: int | None = None) -> Any:
        """Give the columns, in this order, the least colour that is free; None if that takes `below` colours."""
        end = self.pattern.shape[1] + 1 if below is None else below - 1
        run = _masks if self.fewest <= _WIDE else _masks_and_lists
        found = run(self._in_order(order), self.pattern.row_counts, end)
        if found is None:
            return None
        if order is None:
            return np.array(found, np.intp)
        colours = np.full(self.pattern.shape[1], -1, np.intp)
        colours[order] = found
        return colours

    def _in_order(self, order: np.ndarray | None) -> Iterator[tuple[list[int], list[int]]]:
        """Yield the columns as lists of rows, some at a time: where each ends, and all the rows."""
        indptr, indices = self.columns.indptr, self.columns.indices
        counts = np.diff(indptr)
        if order is not None:
            counts = counts[order]
        for start, stop in chunks(counts):
            ends = np.cumsum(counts[start:stop])
            if order is None:
                rows = indices[indptr[start] : indptr[stop]]
            else:
                shifts = indptr[order[start:stop]] - ends + counts[start:stop]
                rows = indices[np.arange(ends[-1]) + np.repeat(shifts, counts[start:stop])]
            yield ends.tolist(), rows.tolist()

    def improved(self, colours: np.ndarray, rounds: int) -> np.ndarray:
        """Colour again with the classes of a colouring in reverse, which never takes more (Culberson 1992)."""
        for _ in range(min(rounds, 8)):
            count = int(colours.max()) + 1
            if count <= self.fewest:
                break
            colours = self.paint(np.argsort(-colours, kind="stable"))
        return colours


def _masks(
    columns: Iterator[tuple[list[int], list[int]]], row_counts: np.ndarray, end: int
) -> list[int] | None:
    """Colour columns in the order in which they come; what a row has used is a mask of bits."""
    used = [0] * len(row_counts)
    top = 1 << end
    bits: list[int] = []
    for ends, rows in columns:
        start = 0
        for stop in ends:
            own = rows[start:stop]
            start = stop
            mask = 0
            for row in own:
                mask |= used[row]
            bit = ~mask & (mask + 1)
            if bit >= top:
                return None
            bits.append(bit)
            for row in own:
                used[row] |= bit
    return [bit.bit_length() - 1 for bit in bits]


def _masks_and_lists(
    columns: Iterator[tuple[list[int], list[int]]], row_counts: np.ndarray, end: int
) -> list[int] | None:
    """Do as `_masks` in less memory when there are many colours: thin rows list the few that they have used."""
    thin = (row_counts <= _THIN).tolist()
    used: list[Any] = [[] if few else 0 for few in thin]
    colours: list[int] = []
    for ends, rows in columns:
        start = 0
        for stop in ends:
            own = rows[start:stop]
            start = stop
            mask = 0
            taken: set[int] = set()
            for row in own:
                if thin[row]:
                    taken.update(used[row])
                else:
                    mask |= used[row]
            bit = ~mask & (mask + 1)
            while (colour := bit.bit_length() - 1) in taken:
                mask |= bit
                bit = ~mask & (mask + 1)
            if colour >= end:
                return None
            colours.append(colour)
            for row in own:
                if thin[row]:
                    used[row].append(colour)
                else:
                    used[row] |= bit
    return colours
