"""Patterns to colour: bands, grids, arrows, published figures; and the least number of colours, by exhaustion."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from dualrev.sparse.pattern import Pattern

ORDERS = ("natural", "largest_first", "smallest_last", "incidence_degree", "best")


def band(n, below, above):
    return Pattern(np.tri(n, k=above) * np.tri(n, k=below).T)


def wide_band(n, below, above):
    """The same without a dense matrix."""
    offsets = range(-below, above + 1)
    diagonals = [np.ones(n - abs(k)) for k in offsets]
    return Pattern(sparse.diags_array(diagonals, offsets=list(offsets), shape=(n, n)))


def arrow(n, tip=0):
    each, point = np.arange(n), np.full(n, tip)
    return Pattern.from_coordinates(np.r_[each, point, each], np.r_[each, each, point], (n, n))


def stored(matrix):
    """The pattern of a sparse matrix without the zeros that `sparse.kron` stores in blocks."""
    made = sparse.csr_array(matrix)
    made.eliminate_zeros()
    return Pattern(made)


def ring(n):
    """A tridiagonal matrix with periodic corners: the cycle on n vertices."""
    each = np.arange(n)
    rows, columns = np.r_[each, each, each], np.r_[each, (each + 1) % n, (each - 1) % n]
    return Pattern.from_coordinates(rows, columns, (n, n))


def grid(shape, corners=False, periodic=False):
    """A stencil on a grid: the neighbours along the axes, or with corners all that touch."""
    total = sparse.csr_array(np.ones((1, 1)))
    for n in shape:
        line = (ring(n) if periodic else wide_band(n, 1, 1)).tocsr().astype(float)
        here = sparse.eye_array(total.shape[0])
        if corners:
            total = sparse.kron(total, line)
        else:
            total = sparse.kron(total, sparse.eye_array(n)) + sparse.kron(here, line)
    return stored(total)


def brusselator(n, periodic=False, interleaved=False):
    """Two species on a grid, each diffusing, each reacting with the other in its own cell."""
    diffusion = grid((n, n), periodic=periodic).tocsr().astype(float)
    species, both = sparse.eye_array(2), np.ones((2, 2))
    cells = sparse.eye_array(n * n)
    if interleaved:
        return stored(sparse.kron(diffusion, species) + sparse.kron(cells, both))
    return stored(sparse.kron(species, diffusion) + sparse.kron(both, cells))


def blocks(size, count):
    return stored(sparse.kron(sparse.eye_array(count), np.ones((size, size))))


def random_pattern(m, n, per_row, seed):
    columns = np.random.default_rng(seed).integers(0, n, m * per_row)
    return Pattern.from_coordinates(np.repeat(np.arange(m), per_row), columns, (m, n))


def entries(lines):
    """A matrix drawn with one string of 0 and 1 for each row."""
    return np.array([[int(mark) for mark in line] for line in lines])


# Gebremedhin, Manne & Pothen 2005, figure 4.1: a symmetric matrix and a star colouring with 3 colours.
FIGURE_41 = entries(["110000", "111011", "011100", "001101", "010010", "010101"])
COLOURS_41 = [0, 1, 0, 2, 0, 0]

# Their figure 6.1 with an acyclic colouring of 3 colours; the same matrix is in figures 1 (a star colouring of 5) and
# 4 (another acyclic colouring of 3) of Gebremedhin, Pothen, Tarafdar & Walther 2009, Efficient computation of sparse
# Hessians using coloring and automatic differentiation, INFORMS J. Comput. 21.
FIGURE_61 = entries(
    [
        "1100001000",
        "1110100000",
        "0111010000",
        "0011000001",
        "0100110100",
        "0010110010",
        "1000001100",
        "0000101110",
        "0000010111",
        "0001000011",
    ]
)
COLOURS_61 = [0, 1, 0, 1, 0, 2, 1, 2, 1, 2]
COLOURS_1 = [0, 1, 0, 2, 0, 3, 2, 4, 0, 1]
COLOURS_4 = [0, 1, 0, 1, 0, 2, 1, 2, 1, 0]


def matrices(most=9):
    """Boolean matrices of any small shape, empty ones too."""
    sides = st.integers(0, most)
    return st.tuples(sides, sides).flatmap(lambda shape: arrays(bool, shape))


def symmetric_matrices(most=9):
    """Boolean symmetric matrices, the diagonal full, empty or mixed."""
    return st.tuples(
        st.integers(0, most).flatmap(lambda n: arrays(bool, (n, n))),
        st.sampled_from("full mixed none".split()),
    ).map(_mirrored)


def _mirrored(pair):
    given, diagonal = pair
    made = given | given.T
    if diagonal != "mixed":
        np.fill_diagonal(made, diagonal == "full")
    return made


def growing(n, k):
    """All colourings of n vertices with the colours 0 ... k - 1, but for a change of names."""

    def extend(start, used):
        if len(start) == n:
            yield start
            return
        for colour in range(min(used + 1, k)):
            yield from extend([*start, colour], max(used, colour + 1))

    return extend([], 0)


def least(n, holds):
    """The least number of colours of a colouring that `holds`."""
    return next(k for k in range(n + 1) if any(holds(colours) for colours in growing(n, k)))


def count(*colours):
    return sum(int(np.max(some, initial=-1)) + 1 for some in colours)


def without_gaps(colours):
    return set(np.unique(colours)) - {-1} == set(range(count(colours)))
