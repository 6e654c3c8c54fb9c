"""Star and acyclic colourings: known numbers of colours, the checks, the algorithms as they are written."""

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualrev.errors import PatternError, ShapeError
from dualrev.sparse.check import is_acyclic_colouring, is_directly_recoverable, is_star_colouring
from dualrev.sparse.ordering import adjacency
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.symmetric import _least, acyclic_colouring, star_colouring
from tests.sparse.patterns import (
    FIGURE_41,
    FIGURE_61,
    ORDERS,
    arrow,
    band,
    blocks,
    brusselator,
    count,
    grid,
    least,
    random_pattern,
    ring,
    symmetric_matrices,
    wide_band,
    without_gaps,
)


def complete_bipartite(m, n):
    made = np.eye(m + n)
    made[:m, m:] = made[m:, :m] = 1
    return Pattern(made)


def tree(n):
    """The binary tree with n vertices."""
    made = np.eye(n)
    for child in range(1, n):
        made[child, (child - 1) // 2] = made[(child - 1) // 2, child] = 1
    return Pattern(made)


# Numbers of colours: star, acyclic. Of bands Gebremedhin, Pothen, Tarafdar & Walther 2009; star colourings of rings,
# trees, grids and complete bipartite graphs with the least possible number, by Fertin, Raspaud & Reed 2004 (Star
# coloring of graphs, J. Graph Theory 47).
KNOWN = {
    "identity": (Pattern(np.eye(5)), 1, 1),
    "tridiagonal": (band(50, 1, 1), 3, 2),
    "band of 5": (band(50, 2, 2), 5, 3),
    "band of 11": (wide_band(5000, 5, 5), 11, 6),
    "band of 21": (wide_band(5000, 10, 10), 21, 11),
    "arrow": (arrow(30), 2, 2),
    "arrow with its tip at the end": (arrow(30, tip=29), 2, 2),
    "arrow with its tip inside": (arrow(30, tip=11), 2, 2),
    "blocks": (blocks(6, 5), 6, 6),
    "dense": (Pattern(np.ones((9, 9))), 9, 9),
    "ring of 4": (ring(4), 3, 3),
    "ring of 5": (ring(5), 4, 3),
    "ring of 6": (ring(6), 3, 3),
    "ring of 12": (ring(12), 3, 3),
    "K(3, 7)": (complete_bipartite(3, 7), 4, 4),
    "K(5, 5)": (complete_bipartite(5, 5), 6, 6),
    "2 × 3 grid": (grid((2, 3)), 4, 3),
    "binary tree": (tree(15), 3, 2),
    "five-point stencil": (grid((30, 30)), 5, 4),
    "small five-point stencil": (grid((4, 4)), 5, 4),
    "nine-point stencil": (grid((30, 30), corners=True), 9, 6),
    "Brusselator": (brusselator(12), 6, 5),
    "figure 4.1": (Pattern(FIGURE_41), 3, 3),
    "figure 6.1": (Pattern(FIGURE_61), 4, 3),
    "empty": (Pattern(np.zeros((4, 4))), 0, 0),
    "nothing": (Pattern(np.zeros((0, 0))), 0, 0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_numbers(name):
    pattern, star, acyclic = KNOWN[name]
    found = star_colouring(pattern)
    assert (count(found), found.dtype) == (star, np.intp)
    assert without_gaps(found)
    found = acyclic_colouring(pattern)
    assert (count(found), found.dtype) == (acyclic, np.intp)
    assert without_gaps(found)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", [name for name in KNOWN if KNOWN[name][0].shape[0] <= 900])
def test_every_order_is_right(name, order):
    pattern, star, acyclic = KNOWN[name]
    found = star_colouring(pattern, order)
    assert is_star_colouring(pattern, found)
    assert star <= count(found)
    found = acyclic_colouring(pattern, order)
    assert is_acyclic_colouring(pattern, found)
    assert acyclic <= count(found)


@pytest.mark.parametrize(
    ("pattern", "theirs"),
    # What asdex 0.5.1 takes (largest first, with its removal of colours), from runs side by side.
    [
        (grid((30, 30), corners=True), 11),
        (brusselator(64), 10),
        (brusselator(64, periodic=True), 9),
        (wide_band(10_000, 1, 1), 3),
    ],
)
def test_no_more_colours_than_asdex(pattern, theirs):
    found = star_colouring(pattern)
    assert is_star_colouring(pattern, found)
    assert count(found) <= theirs
    assert count(star_colouring(pattern, "largest_first")) <= theirs


def first_fit(pattern, order, holds):
    """The least colour with which the vertices so far are still coloured as they should be."""
    colours = np.full(len(pattern), -1)
    coloured = []
    for v in order:
        coloured.append(v)
        part = pattern[np.ix_(coloured, coloured)]
        for colour in range(len(pattern)):
            colours[v] = colour
            if holds(part, colours[coloured]):
                break
    return colours


@settings(max_examples=60)
@given(symmetric_matrices(8), st.randoms(use_true_random=False))
def test_greedy_is_first_fit(pattern, random):
    """Algorithms 4.1 and 3.1 forbid no colour that could be had."""
    np.fill_diagonal(pattern, True)
    order = list(range(len(pattern)))
    random.shuffle(order)
    np.testing.assert_array_equal(
        star_colouring(pattern, order), first_fit(pattern, order, is_star_colouring)
    )
    np.testing.assert_array_equal(
        acyclic_colouring(pattern, order), first_fit(pattern, order, is_acyclic_colouring)
    )


@settings(max_examples=200)
@given(symmetric_matrices(12))
def test_random_patterns(pattern):
    for order in ORDERS:
        star, acyclic = star_colouring(pattern, order), acyclic_colouring(pattern, order)
        assert is_star_colouring(pattern, star)
        assert is_directly_recoverable(pattern, star)
        assert is_acyclic_colouring(pattern, acyclic)
        assert without_gaps(star)
        assert without_gaps(acyclic)
    counts = [count(star_colouring(pattern, order)) for order in ORDERS]
    assert counts[-1] == min(counts[-1], *counts)
    counts = [count(acyclic_colouring(pattern, order)) for order in ORDERS]
    assert counts[-1] == min(counts[-1], *counts)


@settings(max_examples=60)
@given(symmetric_matrices(6))
def test_against_exhaustion(pattern):
    np.fill_diagonal(pattern, True)
    n = len(pattern)
    star = least(n, lambda colours: is_star_colouring(pattern, colours))
    acyclic = least(n, lambda colours: is_acyclic_colouring(pattern, colours))
    assert _least(adjacency(Pattern(pattern))) <= acyclic <= star
    assert star <= count(star_colouring(pattern)) <= star + 1
    assert acyclic <= count(acyclic_colouring(pattern)) <= acyclic + 1


def test_the_bound_is_met_by_bands_and_blocks():
    for k in range(5):
        assert _least(adjacency(band(40, k, k))) == k + 1
    for n in range(6):
        assert _least(adjacency(Pattern(np.ones((n, n))))) == n


# Without a diagonal: colours that are left. Two vertices need one; a star its hub; each edge of a matching an end.
HOLLOW = [
    (1 - np.eye(2), 1, 1),
    (arrow(9).toarray() & ~np.eye(9, dtype=bool), 1, 1),
    (np.kron(np.eye(4), 1 - np.eye(2)), 1, 1),
    (1 - np.eye(3), 2, 2),
    (1 - np.eye(6), 5, 5),
    (band(8, 1, 1).toarray() & ~np.eye(8, dtype=bool), 2, 2),
    (complete_bipartite(3, 4).toarray() & ~np.eye(7, dtype=bool), 3, 3),
    (np.diag([1, 0, 1, 0]), 1, 1),
]


@pytest.mark.parametrize(("pattern", "star", "acyclic"), HOLLOW)
def test_colours_that_are_not_read(pattern, star, acyclic):
    found = star_colouring(pattern)
    assert is_star_colouring(pattern, found)
    assert is_directly_recoverable(pattern, found)
    assert count(found) == star
    assert without_gaps(found)
    found = acyclic_colouring(pattern)
    assert is_acyclic_colouring(pattern, found)
    assert count(found) == acyclic


def test_isolated_vertices_without_a_diagonal_have_no_colour():
    for colour in (star_colouring, acyclic_colouring):
        assert colour(np.diag([1, 0, 1, 0])).tolist() == [0, -1, 0, -1]
        assert colour(np.diag([0, 1, 1]), [0, 2, 1]).tolist() == [-1, 0, 0]


def trees(pattern, colours):
    """The pairs of colours that together are more than stars, with the vertices of such a tree."""
    near = pattern & ~np.eye(len(pattern), dtype=bool)
    for pair in combinations(sorted(set(colours.tolist()) - {-1}), 2):
        part = near & np.isin(colours, pair) & np.isin(colours, pair)[:, None]
        inner = part.sum(axis=1) > 1
        if (part & inner & inner[:, None]).any():
            yield pair


def test_substitution_is_needed_for_fewer_colours():
    pattern = band(40, 2, 2).toarray()
    assert list(trees(pattern, acyclic_colouring(pattern)))
    assert not list(trees(pattern, star_colouring(pattern)))


def test_deterministic():
    pattern = random_pattern(200, 200, 3, 0).symmetrised()
    for order in ORDERS:
        np.testing.assert_array_equal(
            star_colouring(pattern, order), star_colouring(pattern, order)
        )


@pytest.mark.parametrize("colour", [star_colouring, acyclic_colouring])
def test_bad_arguments(colour):
    with pytest.raises(ShapeError, match="square"):
        colour(np.ones((2, 3)))
    with pytest.raises(PatternError, match="symmetrised"):
        colour(np.tri(3))
    with pytest.raises(PatternError, match="order"):
        colour(np.eye(3), "fastest")
    with pytest.raises(PatternError, match="permutation"):
        colour(np.eye(3), [0, 1])


def test_time():
    """A hundred thousand unknowns take a few tenths of a second; the limit allows for a busy machine."""
    pattern = grid((316, 316))
    start = time.perf_counter()
    found = star_colouring(pattern)
    assert time.perf_counter() - start < 4.0
    assert count(found) == 5


def test_a_full_row_does_not_slow_it_down():
    start = time.perf_counter()
    assert count(star_colouring(arrow(50_000))) == 2
    assert count(acyclic_colouring(arrow(50_000, tip=49_999))) == 2
    assert time.perf_counter() - start < 4.0
