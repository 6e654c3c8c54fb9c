"""What a sparse test problem consists of, the list that the files fill, and patterns that mathematics gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Problem:
    """A function of one vector, where to start, and what is known of its derivative.

    `pattern` is where the Jacobian (or the Hessian, of a scalar function) is nonzero at almost every point near the
    start. `cover`, where it is given, is a pattern that is right at every point: a detection which does not follow
    the branch taken by the data (the order of a sort, the side of a `where`) may give anything in between.
    `colours` are numbers of colours that are known to suffice, by kind of colouring: "columns", "rows", "both"
    (bidirectional), "star", "acyclic". They are optima, or else what greedy colourings in common orders need.
    `spread` is how far from the start a random point may lie without leaving the branch.
    """

    function: Callable[[Any], Any]
    start: np.ndarray
    pattern: Any = None
    cover: Any = None
    colours: Mapping[str, int] = field(default_factory=dict)
    spread: float = 0.05

    def point(self, rng):
        """Return a random point near the start."""
        return self.start + self.spread * rng.uniform(-1, 1, self.start.shape)


@dataclass(frozen=True)
class Family:
    """A problem for each size: `small` for dense comparison, `large` for the pattern only."""

    name: str
    kind: str
    build: Callable[[int], Problem]
    small: int
    large: int

    def at(self, n):
        return self.build(n)


FAMILIES: dict[str, Family] = {}


def family(kind, small, large):
    """Enter a family; `kind` is "jacobian" or "hessian", the name is the function's, the source its docstring."""

    def enter(build):
        assert kind in ("jacobian", "hessian")
        assert build.__doc__, "where is it from?"
        assert build.__name__ not in FAMILIES
        FAMILIES[build.__name__] = Family(build.__name__, kind, build, small, large)
        return build

    return enter


def entries(rows, columns, shape):
    """Return the pattern with these entries; they may be given more than once, and be broadcast."""
    rows, columns = (np.ravel(part) for part in np.broadcast_arrays(rows, columns))
    out = sparse.csr_array((np.ones(rows.size, np.int32), (rows, columns)), shape=shape)
    return sparse.csr_array((np.ones(out.nnz, bool), out.indices, out.indptr), shape=shape)


def any_of(*patterns):
    """Return the union."""
    rows, columns = zip(*[part.tocoo().coords for part in patterns], strict=True)
    return entries(np.concatenate(rows), np.concatenate(columns), patterns[0].shape)


def symmetric(pattern):
    """Return the union with the transpose and the diagonal."""
    rows, columns = pattern.tocoo().coords
    diagonal = np.arange(pattern.shape[0])
    return entries(
        np.concatenate([rows, columns, diagonal]),
        np.concatenate([columns, rows, diagonal]),
        pattern.shape,
    )


def offsets(n, *shifts, periodic=False):
    """Return the n × n pattern with these diagonals, wrapped around where it is periodic."""
    rows = np.arange(n)[:, None]
    columns = rows + np.array(shifts)
    if periodic:
        return entries(rows, columns % n, (n, n))
    rows, columns = np.broadcast_arrays(rows, columns)
    inside = (columns >= 0) & (columns < n)
    return entries(rows[inside], columns[inside], (n, n))


def band(n, lower, upper):
    return offsets(n, *range(-lower, upper + 1))


CROSS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))


def stencil(shape, steps=CROSS, periodic=False):
    """Return the pattern of a stencil on a grid, numbered by rows."""
    size = int(np.prod(shape))
    i, j = (part[:, None] for part in np.indices(shape).reshape(2, -1))
    di, dj = np.array(steps).T
    here, i, j = np.broadcast_arrays(i * shape[1] + j, i + di, j + dj)
    inside = np.full(i.shape, True)
    if periodic:
        i, j = i % shape[0], j % shape[1]
    else:
        inside = (i >= 0) & (i < shape[0]) & (j >= 0) & (j < shape[1])
    return entries(here[inside], (i * shape[1] + j)[inside], (size, size))


def blocks(pattern, rows, columns=None):
    """Return the pattern where each entry is a dense block of `rows` × `columns`."""
    ones = np.ones((rows, columns or rows), bool)
    return sparse.csr_array(sparse.kron(pattern, ones, format="csr"), dtype=bool)


def cliques(groups, n):
    """Return the n × n pattern in which the members of each group (a row of indices) all meet, with the diagonal."""
    groups = np.asarray(groups)
    rows, columns = np.broadcast_arrays(groups[:, :, None], groups[:, None, :])
    diagonal = np.arange(n)
    return entries(
        np.concatenate([rows.ravel(), diagonal]),
        np.concatenate([columns.ravel(), diagonal]),
        (n, n),
    )


def side_by_side(grid):
    """Return the pattern with these blocks, as `scipy.sparse.block_array`."""
    return sparse.csr_array(sparse.block_array(grid, format="csr"), dtype=bool)
