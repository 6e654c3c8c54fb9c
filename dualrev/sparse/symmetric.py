"""Star and acyclic colourings: what of a symmetric matrix need not be computed twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.errors import PatternError, ShapeError
from dualrev.sparse.lattice import lattice_colouring
from dualrev.sparse.ordering import (
    Graph,
    adjacency,
    named_order,
    permutation,
)
from dualrev.sparse.pattern import as_pattern

__all__ = ["acyclic_colouring", "star_colouring"]

# Entries up to which "best" looks at the dynamic orders.
_DYNAMIC = 3e6


def star_colouring(pattern: Any, order: Any = "best") -> np.ndarray:
    """Colour the columns of a symmetric pattern so that each entry, or its mirror image, stands alone in a product.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Hessian; symmetric.
    order : {"best", "natural", "largest_first", "smallest_last", "incidence_degree"} or array_like of int, optional
        The order in which vertices get the least colour that is free, or a permutation of them. "best" keeps the
        fewest colours of several orders and of a formula for patterns that repeat.

    Returns
    -------
    ndarray of int
        Colours 0, 1, ... of the columns; -1 where a column need not be computed.

    Raises
    ------
    ShapeError, PatternError
        If the pattern is not square, or not symmetric.

    See Also
    --------
    acyclic_colouring : fewer colours, recovered by substitution.
    dualrev.sparse.check.is_star_colouring : the same thing, checked in the slow and obvious way.

    Notes
    -----
    No two neighbours have the same colour, and every path of four vertices has three colours at least, so that two
    colours together make stars (Coleman & Moré 1984). The entry between the hub of a star and a leaf is read in the
    row of the leaf, from the column of the hub's colour; if leaf and hub are alone, in either way.

    Greedy, Algorithm 4.1 of Gebremedhin, Tarafdar, Manne & Pothen 2007 (New acyclic and star coloring algorithms with
    application to computing Hessians, SIAM J. Sci. Comput. 29), with the same colours: what the algorithm
    gathers from the stars around a vertex is kept as masks of bits. The time is O(nnz) for the natural order, and the
    degree of a vertex more for each star of which it becomes the hub. Colours that are never read are taken away
    afterwards (Montoison, Dalle & Gebremedhin 2025, arXiv:2505.07308); where the diagonal is full there are none.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.symmetric import star_colouring
    >>> arrow = np.eye(6)
    >>> arrow[0] = arrow[:, 0] = 1
    >>> star_colouring(arrow)
    array([0, 1, 1, 1, 1, 1])
    """
    return _coloured(pattern, order, star_masks)


def acyclic_colouring(pattern: Any, order: Any = "best") -> np.ndarray:
    """Colour the columns of a symmetric pattern so that its entries can be had from the products by substitution.

    Parameters
    ----------
    pattern, order
        As for `star_colouring`.

    Returns
    -------
    ndarray of int
        Colours 0, 1, ... of the columns; -1 where a column need not be computed.

    Raises
    ------
    ShapeError, PatternError
        If the pattern is not square, or not symmetric.

    See Also
    --------
    star_colouring : more colours, recovered directly and without rounding.
    dualrev.sparse.check.is_acyclic_colouring : the same thing, checked in the slow and obvious way.

    Notes
    -----
    No two neighbours have the same colour, and every cycle has three colours at least, so that two colours together
    make trees (Coleman & Cai 1986); a tree is solved from its leaves inwards. A band of k diagonals on either side
    takes k + 1 colours, where a star colouring takes 2k + 1.

    Greedy, Algorithm 3.1 of Gebremedhin, Tarafdar, Manne & Pothen 2007, with the same colours: trees are disjoint
    sets, and they are looked at for the colour that is free so far only. Colours that are never read are taken away
    as in `star_colouring`.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.symmetric import acyclic_colouring
    >>> tridiagonal = np.tri(6, k=1) * np.tri(6, k=1).T
    >>> acyclic_colouring(tridiagonal)
    array([0, 1, 0, 1, 0, 1])
    """
    return _coloured(pattern, order, acyclic_masks)


def _coloured(pattern: Any, order: Any, greedy: Callable[..., Any]) -> np.ndarray:
    """Colour in one order, or in several for the fewest colours, and take away what is not read."""
    pattern = as_pattern(pattern)
    if pattern.shape[0] != pattern.shape[1]:
        raise ShapeError(
            f"the pattern of a symmetric matrix is square, not of shape {pattern.shape}"
        )
    if not pattern.is_symmetric:
        raise PatternError(
            "a pattern that is not symmetric cannot be coloured as one that is",
            "take pattern.symmetrised(), or column_colouring",
        )
    order = named_order(order, pattern.shape[0])
    graph = adjacency(pattern)
    diagonal = np.zeros(pattern.shape[0], bool)
    diagonal[pattern.indices[pattern.rows == pattern.indices]] = True
    full = bool(diagonal.all())
    idle = ~diagonal & (graph.degrees == 0)
    lists = graph.indptr.tolist(), graph.indices.tolist()

    def attempt(vertices: np.ndarray, below: int | None = None) -> np.ndarray | None:
        masks = greedy(*lists, vertices.tolist(), below)
        if masks is None:
            return None
        colours = np.array([mask.bit_length() - 2 for mask in masks], np.intp)
        colours[idle] = -1
        return without_unread(graph, colours, colours[diagonal])

    if not isinstance(order, str) or order != "best":
        found = attempt(permutation(graph, order) if isinstance(order, str) else order)
        assert found is not None
        return found
    # What is not read is known afterwards: only where all is read can an attempt be given up half way.
    fewest = _least(graph) if full else min(pattern.nnz, 1)
    best = attempt(permutation(graph, "natural"))
    assert best is not None
    count = int(best.max(initial=-1)) + 1
    names = ["largest_first"]
    if pattern.nnz < _DYNAMIC:
        names += ["smallest_last", "incidence_degree"]
    for name in names:
        if count <= fewest:
            return best
        found = attempt(permutation(graph, name), count if full else None)
        if found is not None and found.max() + 1 < count:
            best, count = found, int(found.max()) + 1
    if count > fewest and full:
        found = lattice_colouring(pattern, int(pattern.row_counts.max()), count)
        if found is not None:
            return found
    return best


def _least(graph: Graph) -> int:
    """Return a number of colours that an acyclic colouring, and so a star colouring, cannot do without.

    Two classes together are a forest, so k classes on n vertices leave room for (k - 1) n - k (k - 1) / 2 edges.
    """
    n, edges = len(graph.degrees), len(graph.indices) // 2
    k = 1 if n else 0
    while (k - 1) * n - k * (k - 1) // 2 < edges:
        k += 1
    return k


def star_masks(
    indptr: Sequence[int],
    indices: Sequence[int],
    order: Sequence[int],
    below: int | None,
    neutral: Sequence[int] = (),
    proper: bool = True,
) -> list[int] | None:
    """Return a star colouring as bits: colour c is ``1 << c + 1``, and 1 marks a vertex that is not coloured.

    Parameters
    ----------
    indptr, indices
        The graph.
    order
        The vertices to colour, in this order.
    below : int, optional
        Give up, and return None, where so many colours do not do.
    neutral
        Vertices that stay without a colour: their neighbours all get different ones.
    proper
        Whether neighbours have to differ; in a bipartite graph whose sides have colours of their own they do anyway.

    Notes
    -----
    Kept for every vertex, as masks: the colours `seen` among its neighbours; those seen `twice`; and `hubs`, the
    colours of the neighbours that are hubs of a star with a leaf of this vertex's colour. Vertex v may not have a
    colour seen by it; nor one seen by a neighbour w whose colour v sees twice (v would be inside a path of two
    colours); nor one among the hubs of another neighbour w (v would be its end).
    """
    n = len(indptr) - 1
    bits = [0] * n
    seen, twice, hubs = [0] * n, [1] * n, [0] * n
    for v in neutral:
        bits[v] = 1
    top = 1 << n + 2 if below is None else 1 << below
    for v in order:
        own = indices[indptr[v] : indptr[v + 1]]
        double = twice[v]
        bad = seen[v] | 1 if proper else 1
        for w in own:
            bit = bits[w]
            if bit:
                bad |= seen[w] if bit & double else hubs[w]
        colour = ~bad & (bad + 1)
        if colour >= top:
            return None
        bits[v] = colour
        around = 0
        for w in own:
            bit = bits[w]
            if seen[w] & colour:
                around |= bit
                if not twice[w] & colour:
                    twice[w] |= colour
                    if bit:
                        # w has become a hub: its one earlier neighbour of this colour has to know
                        for u in indices[indptr[w] : indptr[w + 1]]:
                            if bits[u] == colour and u != v:
                                hubs[u] |= bit
                                break
            else:
                seen[w] |= colour
            if bit & double:
                hubs[w] |= colour
        hubs[v] = around
    return bits


def acyclic_masks(
    indptr: Sequence[int],
    indices: Sequence[int],
    order: Sequence[int],
    below: int | None,
) -> list[int] | None:
    """Return an acyclic colouring as bits, like `star_masks`.

    Notes
    -----
    The tree of two colours that holds vertex w and the edges from it to neighbours of colour c is known as node
    ``c * n + w`` of a forest of disjoint sets. Vertex v may not have colour c if two of its neighbours that have one
    colour are in one tree with c.
    """
    n = len(indptr) - 1
    bits = [0] * n
    seen, twice = [0] * n, [0] * n
    lengths = [0] * n
    parents: dict[int, int] = {}
    top = 1 << n + 2 if below is None else 1 << below

    def root(node: int) -> int:
        above = parents.setdefault(node, node)
        while above != node:
            parents[node] = parents[above]
            node = parents[node]
            above = parents[node]
        return node

    for v in order:
        own = indices[indptr[v] : indptr[v + 1]]
        double = twice[v]
        again = [w for w in own if bits[w] & double] if double else []
        bad = seen[v] | 1
        while True:
            colour = ~bad & (bad + 1)
            shift = colour.bit_length() * n
            roots = [root(shift + w) for w in again if seen[w] & colour]
            if len(roots) == len(set(roots)):
                break
            bad |= colour
        if colour >= top:
            return None
        bits[v] = colour
        lengths[v] = colour.bit_length()
        for w in own:
            if bits[w]:
                above, below_it = root(shift + w), root(lengths[w] * n + v)
                parents[below_it] = above
            if seen[w] & colour:
                twice[w] |= colour
            else:
                seen[w] |= colour
    return bits


def without_unread(graph: Graph, colours: np.ndarray, read: np.ndarray) -> np.ndarray:
    """Take away the colours from which no entry has to be read, and number the others without gaps.

    Parameters
    ----------
    graph : Graph
        The graph that is coloured.
    colours : ndarray of int
        A star or acyclic colouring, -1 for vertices without.
    read : ndarray of int
        Colours that are read anyway, as those of columns with an entry on the diagonal.

    Notes
    -----
    The post-processing of Montoison, Dalle & Gebremedhin 2025. A vertex with two neighbours of one colour is inside
    its tree, and its own colour is read in their rows. An edge that is a tree by itself is read at either end: of
    the colours left over, those stay that have to, the ones with the fewest such partners going first.
    """
    count = int(colours.max(initial=-1)) + 1
    needed = np.zeros(count + 1, bool)
    needed[read] = True
    needed[-1] = False
    if needed[:-1].all():
        return colours
    ends = np.repeat(np.arange(len(colours)), graph.degrees)
    own, other = colours[ends], colours[graph.indices]
    _, inverse, sizes = np.unique(
        ends * (count + 1) + other, return_inverse=True, return_counts=True
    )
    needed[own[sizes[inverse] > 1]] = True
    needed[own[other < 0]] = True
    loose = ~needed[own] & ~needed[other] & (own >= 0) & (other >= 0)
    partners: dict[int, set[int]] = {}
    for a, b in np.unique(np.stack([own[loose], other[loose]], axis=1), axis=0).tolist():
        partners.setdefault(a, set()).add(b)
    left = dict(sorted(partners.items()))
    while left:
        gone = min(left, key=lambda a: len(left[a]))
        for b in left.pop(gone):
            needed[b] = True
            for c in left.pop(b, ()):
                if c in left:
                    left[c].discard(b)
    needed[-1] = False
    numbers = np.where(needed, np.cumsum(needed) - 1, -1)
    renumbered: np.ndarray = numbers[colours]
    return renumbered
