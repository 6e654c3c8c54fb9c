"""Recovery: where in compressed Jacobians every entry of the matrix is found.

A compressed matrix has one row per colour. Flattened it is the vector of *equations*: that of colour c and row i of the
matrix says what the entries of row i in columns of colour c sum to. An entry alone in an equation is read off; what
remains in an acyclic colouring forms trees, which are solved from their leaves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph, linalg

from dualrev.core.array import Traced
from dualrev.errors import PatternError
from dualrev.rules.sparse.direct import spsolve_triangular
from dualrev.sparse.pattern import Pattern

__all__ = [
    "Gather",
    "Substitution",
    "from_both",
    "from_columns",
    "from_rows",
    "is_traced",
    "picked",
    "symmetric",
]

_INVALID = (
    "check the colours with dualrev.sparse.check, and pass what the colouring functions return"
)


def is_traced(x: Any) -> bool:
    """Say whether an array belongs to an outer level."""
    return isinstance(x, Traced)


def picked(x: Any, index: np.ndarray) -> Any:
    """Return the entries at an index, of a plain array by the method, which is the fastest way."""
    return np.take(x, index) if is_traced(x) else x.take(index)


class Gather:
    """Entries that stand alone in an equation: one index per entry into the flattened compressed matrices."""

    __slots__ = ("index",)

    def __init__(self, index: np.ndarray) -> None:
        index.flags.writeable = False
        self.index = index

    def __reduce__(self) -> Any:
        return Gather, (self.index.copy(),)

    def __call__(self, flat: Any) -> Any:
        """Return the entries in the order of CSR."""
        return picked(flat, self.index)


def _equations(colours: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    """Number the equation of every entry, from the colour of its column and its row; -1 where there is no colour."""
    numbers: np.ndarray = colours.astype(np.intp) * size + rows
    numbers[colours < 0] = -1
    return numbers


def _alone(equations: np.ndarray, count: int) -> np.ndarray:
    """Say which entries are the only ones of their equation."""
    there = equations >= 0
    numbers = np.bincount(equations[there], minlength=max(count, 1))
    alone: np.ndarray = there & (numbers[equations] == 1)
    return alone


def _checked(alone: np.ndarray, pattern: Pattern, word: str) -> None:
    if not alone.all():
        entry = int(np.argmin(alone))
        raise PatternError(
            f"the {word} colours do not fit the pattern: its entry ({pattern.rows[entry]}, {pattern.columns[entry]}) "
            "shares every seed with another entry",
            _INVALID,
        )


def from_columns(pattern: Pattern, colours: np.ndarray) -> Gather:
    """Return the recovery from J S, S made of colours of columns that have no row in common."""
    m = pattern.shape[0]
    equations = _equations(colours[pattern.columns], pattern.rows, m)
    _checked(_alone(equations, (int(colours.max(initial=-1)) + 1) * m), pattern, "column")
    return Gather(equations)


def from_rows(pattern: Pattern, colours: np.ndarray) -> Gather:
    """Return the recovery from Jᵀ S, S made of colours of rows that have no column in common."""
    n = pattern.shape[1]
    equations = _equations(colours[pattern.rows], pattern.columns, n)
    _checked(_alone(equations, (int(colours.max(initial=-1)) + 1) * n), pattern, "row")
    return Gather(equations)


def from_both(
    pattern: Pattern, row_colours: np.ndarray, column_colours: np.ndarray, lanes: int
) -> Gather:
    """Return the recovery from J S (of so many lanes) followed by Jᵀ T, both flattened.

    Whichever side has an entry alone gives it (star bicolouring: Coleman & Verma 1998; Montoison, Dalle & Gebremedhin
    2025).
    """
    m, n = pattern.shape
    rows, columns = pattern.rows, pattern.columns
    forward = _equations(column_colours[columns], rows, m)
    reverse = _equations(row_colours[rows], columns, n)
    pushed = _alone(forward, (int(column_colours.max(initial=-1)) + 1) * m)
    pulled = _alone(reverse, (int(row_colours.max(initial=-1)) + 1) * n)
    _checked(pushed | pulled, pattern, "row and column")
    return Gather(np.where(pushed, forward, reverse + lanes * m))


def symmetric(pattern: Pattern, colours: np.ndarray) -> Any:
    """Return the recovery of a symmetric matrix from H S: direct where that can be, else by substitution.

    Star colourings are direct (Coleman & Moré 1984, Estimation of sparse Hessian matrices and graph coloring problems);
    acyclic ones need substitution (Coleman & Cai 1986; Gebremedhin, Tarafdar, Pothen & Walther 2009, Efficient
    computation of sparse Hessians using coloring and automatic differentiation, section 4).
    """
    n = pattern.shape[0]
    rows, columns = pattern.rows, pattern.columns
    # An entry and its mirror image read the same number, so that the result is exactly symmetric.
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    total = (int(colours.max(initial=-1)) + 1) * n
    own = _equations(colours[columns], rows, n)
    filled = np.bincount(own[own >= 0], minlength=max(total, 1))
    first = _equations(colours[high], low, n)
    second = _equations(colours[low], high, n)
    alone_first = (first >= 0) & (filled[first] == 1)
    alone_second = (second >= 0) & (filled[second] == 1)
    alone = alone_first | alone_second
    index = np.where(alone_first, first, second)
    if alone.all():
        return Gather(index)
    _checked(alone | ((first >= 0) & (second >= 0) & (low != high)), pattern, "symmetric")
    return _trees(pattern, first, second, (low != high) & (first >= 0) & (second >= 0), index)


def _trees(
    pattern: Pattern, first: np.ndarray, second: np.ndarray, apart: np.ndarray, index: np.ndarray
) -> Substitution:
    """Order the entries off the diagonal such that each equation but one per tree gives the next.

    Every such entry is in two equations, its own and that of its mirror image. Equations as vertices and entries as
    edges are the trees that every two colours induce in the adjacency graph.
    """
    off = np.flatnonzero(apart)
    vertices, ends = np.unique(np.stack([first[off], second[off]]), return_inverse=True)
    start, stop = ends.reshape(2, -1)
    count, edges = len(vertices), len(off) // 2
    graph = sparse.csr_array((np.ones(len(off)), (start, stop)), shape=(count, count))
    trees, tree = csgraph.connected_components(graph, directed=False)
    if trees != count - edges:
        raise PatternError(
            "the colours do not fit the pattern: two of them contain a cycle", _INVALID
        )
    # The fullest vertex of each tree is its root: stars have depth one then. All roots are joined to one more vertex.
    order = np.argsort(np.bincount(start, minlength=count), kind="stable")
    roots = np.zeros(trees, np.intp)
    roots[tree[order]] = order
    joined = sparse.csr_array(
        (
            np.ones(len(off) + trees),
            (np.append(start, np.full(trees, count)), np.append(stop, roots)),
        ),
        shape=(count + 1, count + 1),
    )
    found, parent = csgraph.breadth_first_order(joined, count, directed=False)
    # Leaves first: unknown k is the edge from the k-th vertex to its parent.
    inner = found[:0:-1]
    inner = inner[parent[inner] != count]
    place = np.full(count + 1, -1)
    place[inner] = np.arange(len(inner))
    unknown = np.full(pattern.nnz, -1)
    unknown[off] = place[np.where(parent[start] == stop, start, stop)]
    return Substitution(index, unknown, vertices[inner], place[parent[inner]])


class Substitution:
    """Entries that are found one after the other, each as its equation less what has been found.

    Parameters
    ----------
    index : ndarray
        As in `Gather`, for the entries that need no substitution.
    unknown : ndarray
        Number of the unknown that an entry is, or -1.
    equations : ndarray
        Equation of every unknown, in an order in which they can be solved.
    parents : ndarray
        The unknown whose equation each one is in as well, or -1.
    """

    __slots__ = ("_factors", "_parts", "_system")

    def __init__(
        self, index: np.ndarray, unknown: np.ndarray, equations: np.ndarray, parents: np.ndarray
    ) -> None:
        self._parts = index, unknown, equations, parents
        size, inner = len(equations), np.flatnonzero(parents >= 0)
        own = np.arange(size)
        places = np.append(own, parents[inner]), np.append(own, inner)
        self._system = sparse.csc_array((np.ones(len(places[0])), places), shape=(size, size))
        # Triangular with a diagonal of ones: nothing is computed here. Without relaxed supernodes no zeros are stored,
        # so that a NaN spreads along its tree only.
        self._factors = linalg.splu(
            self._system,
            permc_spec="NATURAL",
            diag_pivot_thresh=0,
            relax=1,
            panel_size=1,
            options={"Equil": False},
        )

    def __reduce__(self) -> Any:
        return Substitution, self._parts

    def __call__(self, flat: Any) -> Any:
        """Return the entries in the order of CSR."""
        index, unknown, equations, _ = self._parts
        if is_traced(flat):
            solution = spsolve_triangular(
                self._system, np.take(flat, equations), lower=True, unit_diagonal=True
            )
            picked = np.where(unknown < 0, len(equations) + index, unknown)
            return np.take(np.concatenate([solution, flat]), picked)
        solution = self._factors.solve(flat.take(equations).astype(float, copy=False))
        data = flat.take(index)
        inner = unknown >= 0
        data[inner] = solution[unknown[inner]]
        return data

    def noise(self, flat: np.ndarray) -> np.ndarray:
        """Return the rounding of the entries: that of the equations of their tree; 0 without substitution."""
        _, unknown, equations, _ = self._parts
        _, tree = csgraph.connected_components(self._system, directed=False)
        sizes = np.bincount(tree, np.abs(flat.take(equations)))
        noise = np.zeros(len(unknown))
        inner = unknown >= 0
        noise[inner] = np.finfo(flat.dtype).eps * sizes[tree[unknown[inner]]]
        return noise
