"""Orders in which the vertices of a graph are coloured, and the graphs themselves: whose colours have to differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from dualrev.errors import PatternError
from dualrev.sparse.pattern import Pattern

__all__ = [
    "ORDERS",
    "Graph",
    "adjacency",
    "chunks",
    "column_degrees",
    "column_graph",
    "incidence_degree",
    "largest_first",
    "named_order",
    "permutation",
    "smallest_last",
    "work",
]

ORDERS = ("natural", "largest_first", "smallest_last", "incidence_degree", "best")

# Entries that become Python integers at once, or that one product of structures may touch.
CHUNK = 1 << 20


class Graph(NamedTuple):
    """The neighbours of vertex ``v`` are ``indices[indptr[v]:indptr[v + 1]]``; ``v`` itself is not among them."""

    indptr: np.ndarray
    indices: np.ndarray

    @property
    def degrees(self) -> np.ndarray:
        """Number of neighbours of every vertex."""
        return np.diff(self.indptr)


def chunks(weights: np.ndarray, size: int = CHUNK) -> Iterator[tuple[int, int]]:
    """Cut a sequence into pieces whose weights sum to `size` at most, or that have one member."""
    ends = np.cumsum(weights, dtype=np.int64)
    start = 0
    while start < len(ends):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + size, side="right")))
        yield start, stop
        start = stop


def adjacency(pattern: Pattern) -> Graph:
    """Return the graph of a symmetric pattern: an edge for every pair of entries outside the diagonal."""
    rows = pattern.rows
    kept = rows != pattern.indices
    indptr = np.zeros(pattern.shape[0] + 1, np.int64)
    np.cumsum(np.bincount(rows[kept], minlength=pattern.shape[0]), out=indptr[1:])
    return Graph(indptr, pattern.indices[kept])


def work(pattern: Pattern) -> int:
    """Return the number of pairs (column, column) that share a row, with repetition: what `column_graph` costs."""
    return int((pattern.row_counts.astype(np.float64) ** 2).sum())


def _products(pattern: Pattern) -> Iterator[Any]:
    """Multiply the structures of Aᵀ and A, some rows of the product at a time."""
    by_row = pattern.tocsr()
    by_column = by_row.T.tocsr()
    touched = np.r_[0, np.cumsum(np.diff(by_row.indptr)[by_column.indices], dtype=np.int64)]
    for start, stop in chunks(np.diff(touched[by_column.indptr]), 16 * CHUNK):
        yield by_column[start:stop] @ by_row


def column_degrees(pattern: Pattern) -> np.ndarray:
    """Count for every column the other columns that share a row with it, in memory that does not grow with them."""
    counts = [np.zeros(0, np.int64)] + [np.diff(piece.indptr) for piece in _products(pattern)]
    degrees: np.ndarray = np.maximum(np.concatenate(counts) - 1, 0)
    return degrees


def column_graph(pattern: Pattern) -> Graph:
    """Return the intersection graph of the columns: an edge between two that share a row."""
    indptr, indices = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)]
    first = 0
    for piece in _products(pattern):
        rows = np.repeat(np.arange(first, first + piece.shape[0]), np.diff(piece.indptr))
        kept = rows != piece.indices
        indptr.append(np.bincount(rows[kept] - first, minlength=piece.shape[0]))
        indices.append(piece.indices[kept])
        first += piece.shape[0]
    return Graph(np.cumsum(np.concatenate(indptr)), np.concatenate(indices))


def named_order(order: Any, n: int) -> str | np.ndarray:
    """Check an `order` argument: one of the names, or a permutation of the `n` vertices."""
    if isinstance(order, str):
        if order not in ORDERS:
            raise PatternError(
                f"there is no order {order!r} of colouring",
                f"it is one of {', '.join(map(repr, ORDERS))}, or a permutation",
            )
        return order
    given = np.asarray(order)
    if given.shape != (n,) or not np.array_equal(np.sort(given), np.arange(n)):
        raise PatternError(
            f"an order of colouring that is no permutation of 0 ... {n - 1}",
            f"give every number once, or one of the names {', '.join(map(repr, ORDERS))}",
        )
    return given.astype(np.intp)


def largest_first(degrees: np.ndarray) -> np.ndarray:
    """Order vertices by falling degree, equal ones by number (Welsh & Powell 1967)."""
    return np.argsort(-np.asarray(degrees, np.int64), kind="stable")


def smallest_last(graph: Graph) -> np.ndarray:
    """Order vertices so that each has the least degree in the graph without the later ones.

    Notes
    -----
    Matula & Beck 1983; in the words of Gebremedhin, Nguyen, Patwary & Pothen 2013 (ColPack: software for graph coloring
    and related problems in scientific computing, ACM Trans. Math. Softw. 40), section 5: the last vertex has the least
    degree, the one before the least among the rest, and so on. Vertices wait in buckets by their degree; one whose
    degree has changed since is passed over. The time is linear in the number of edges.
    """
    indptr, indices = graph.indptr.tolist(), graph.indices
    degree = graph.degrees.tolist()
    n = len(degree)
    buckets: list[list[int]] = [[] for _ in range(max(degree, default=0) + 1)]
    for v in range(n):
        buckets[degree[v]].append(v)
    order = np.zeros(n, np.intp)
    low = 0
    for place in range(n - 1, -1, -1):
        while True:
            while not buckets[low]:
                low += 1
            v = buckets[low].pop()
            if degree[v] == low:
                break
        order[place] = v
        degree[v] = -1
        for w in indices[indptr[v] : indptr[v + 1]].tolist():
            left = degree[w] - 1
            if left >= 0:
                degree[w] = left
                buckets[left].append(w)
        low = max(low - 1, 0)
    return order


def incidence_degree(graph: Graph) -> np.ndarray:
    """Order vertices so that each has the most neighbours among the earlier ones.

    Notes
    -----
    Coleman & Moré 1983 (Estimation of sparse Jacobian matrices and graph coloring problems, SIAM J. Numer. Anal. 20);
    among vertices that have equally many the one met last is taken, at first the one of largest degree. Buckets as in
    `smallest_last`.
    """
    indptr, indices = graph.indptr.tolist(), graph.indices
    degrees = graph.degrees
    n = len(degrees)
    back = [0] * n
    buckets: list[list[int]] = [[] for _ in range(int(degrees.max(initial=0)) + 1)]
    buckets[0] = largest_first(degrees)[::-1].tolist()
    order = np.zeros(n, np.intp)
    high = 0
    for place in range(n):
        while True:
            while not buckets[high]:
                high -= 1
            v = buckets[high].pop()
            if back[v] == high:
                break
        order[place] = v
        back[v] = -1
        for w in indices[indptr[v] : indptr[v + 1]].tolist():
            have = back[w] + 1
            if have:
                back[w] = have
                buckets[have].append(w)
                high = max(high, have)
    return order


def permutation(graph: Graph, name: str) -> np.ndarray:
    """Return the vertices of a graph in the order of that name."""
    if name == "natural":
        return np.arange(len(graph.degrees))
    if name == "largest_first":
        return largest_first(graph.degrees)
    return smallest_last(graph) if name == "smallest_last" else incidence_degree(graph)
