"""Colourings of columns and rows: known numbers of colours, the checks, and no more than necessary on tiny patterns."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from dualrev.errors import PatternError, ShapeError
from dualrev.sparse import colouring, lattice
from dualrev.sparse.check import is_structurally_orthogonal
from dualrev.sparse.colouring import column_colouring, row_colouring
from dualrev.sparse.lattice import lattice_colouring, rows_in_conflict
from dualrev.sparse.ordering import column_graph, permutation
from dualrev.sparse.pattern import Pattern
from tests.sparse.patterns import (
    FIGURE_41,
    ORDERS,
    arrow,
    band,
    blocks,
    brusselator,
    count,
    grid,
    least,
    matrices,
    random_pattern,
    ring,
    wide_band,
    without_gaps,
)

# Numbers of colours that are the least possible: for columns, and for rows.
OPTIMAL = {
    "identity": (Pattern(np.eye(7)), 1, 1),
    "diagonal of a wide matrix": (Pattern(np.eye(3, 8)), 1, 1),
    "tridiagonal": (band(50, 1, 1), 3, 3),
    "bidiagonal": (band(50, 0, 1), 2, 2),
    "band, 2 below and 3 above": (band(60, 2, 3), 6, 6),
    "band of 11": (band(64, 5, 5), 11, 11),
    "band below the diagonal only": (Pattern(np.eye(20, k=-3) + np.eye(20, k=-5)), 2, 2),
    "arrow": (arrow(12), 12, 12),
    "arrow with its tip at the end": (arrow(12, tip=11), 12, 12),
    "column": (Pattern(np.ones((5, 1))), 1, 5),
    "row": (Pattern(np.ones((1, 5))), 5, 1),
    "dense": (Pattern(np.ones((6, 4))), 4, 6),
    "blocks": (blocks(7, 6), 7, 7),
    "blocks of different sizes": (
        Pattern(sparse.block_diag([np.ones((k, k + 1)) for k in (3, 1, 5, 2)])),
        6,
        5,
    ),
    "block tridiagonal": (
        Pattern(np.kron(band(9, 1, 1).toarray(), np.ones((4, 4)))),
        12,
        12,
    ),
    # Goldfarb & Toint 1984: the tilings of the five-point and the nine-point stencil, and of the seven-point one
    "five-point stencil": (grid((12, 9)), 5, 5),
    "nine-point stencil": (grid((12, 9), corners=True), 9, 9),
    "gr_30_30 of Harwell-Boeing": (grid((30, 30), corners=True), 9, 9),
    "seven-point stencil": (grid((6, 7, 8)), 7, 7),
    "27-point stencil": (grid((5, 6, 7), corners=True), 27, 27),
    "five-point stencil on a torus": (grid((10, 15), periodic=True), 5, 5),
    "Brusselator": (brusselator(16), 6, 6),
    "Brusselator, species next to each other": (brusselator(15, interleaved=True), 6, 6),
    "Brusselator on a torus": (brusselator(12, periodic=True), 6, 6),
    "ring of 9": (ring(9), 3, 3),
    "ring of 10": (ring(10), 4, 4),
    "ring of 5": (ring(5), 5, 5),
    "antidiagonal": (Pattern(np.eye(4)[::-1]), 1, 1),
    "five-point stencil and two full columns": (
        Pattern(np.c_[np.ones(63), grid((7, 9)).toarray(), np.ones(63)]),
        7,
        63,
    ),
    "empty": (Pattern(np.zeros((3, 4))), 0, 0),
    "no rows": (Pattern(np.zeros((0, 4))), 0, 0),
    "no columns": (Pattern(np.zeros((4, 0))), 0, 0),
    "nothing": (Pattern(np.zeros((0, 0))), 0, 0),
    # Gebremedhin, Manne & Pothen 2005: vertices 2 and its four neighbours are a clique in the square of the graph
    "figure 4.1": (Pattern(FIGURE_41), 5, 5),
}


@pytest.mark.parametrize("name", OPTIMAL)
def test_as_few_colours_as_possible(name):
    pattern, columns, rows = OPTIMAL[name]
    found = column_colouring(pattern)
    assert is_structurally_orthogonal(pattern, found)
    assert (count(found), found.dtype) == (columns, np.intp)
    assert without_gaps(found)
    found = row_colouring(pattern)
    assert is_structurally_orthogonal(pattern, found, axis=0)
    assert count(found) == rows
    assert without_gaps(found)


@pytest.mark.parametrize("order", ORDERS[:-1])
@pytest.mark.parametrize("name", OPTIMAL)
def test_every_order_is_right(name, order):
    pattern, columns, rows = OPTIMAL[name]
    found = column_colouring(pattern, order)
    assert is_structurally_orthogonal(pattern, found)
    assert columns <= count(found)
    assert without_gaps(found)
    found = row_colouring(pattern, order)
    assert is_structurally_orthogonal(pattern, found, axis=0)
    assert rows <= count(found)


# What the largest-first colouring of asdex 0.5.1 takes for the better of rows and columns, from runs side by side.
ASDEX = [
    (brusselator(16), 11),
    (brusselator(16, periodic=True), 11),
    (brusselator(64), 11),
    (brusselator(64, periodic=True), 12),
    (brusselator(31, periodic=True), 13),
    (brusselator(17, periodic=True, interleaved=True), 14),
    (arrow(300), 300),
    (wide_band(10_000, 1, 1), 3),
    (random_pattern(1000, 1000, 5, 0), 11),
]


@pytest.mark.parametrize(("pattern", "theirs"), ASDEX)
def test_no_more_colours_than_asdex(pattern, theirs):
    assert count(column_colouring(pattern)) <= theirs
    assert count(column_colouring(pattern, "largest_first")) <= theirs


def first_fit(pattern, order):
    """Algorithm 3.2 of Gebremedhin, Manne & Pothen 2005 as it is written: forbidden colours by walks of length two."""
    colours = np.full(pattern.shape[1], -1)
    for v in order:
        rows = pattern[:, v]
        forbidden = {colours[x] for w in np.flatnonzero(rows) for x in np.flatnonzero(pattern[w])}
        if rows.any():
            colours[v] = next(c for c in range(pattern.shape[1]) if c not in forbidden)
    return colours


@given(matrices(), st.randoms(use_true_random=False))
def test_greedy_is_first_fit(pattern, random):
    order = list(range(pattern.shape[1]))
    np.testing.assert_array_equal(column_colouring(pattern, "natural"), first_fit(pattern, order))
    random.shuffle(order)
    np.testing.assert_array_equal(column_colouring(pattern, order), first_fit(pattern, order))
    if pattern.sum(axis=1).max(initial=0) == pattern.any(axis=0).sum():
        return  # a full row: all colours are different, whichever comes first
    for name in ("largest_first", "smallest_last", "incidence_degree"):
        ordered = permutation(column_graph(Pattern(pattern)), name)
        np.testing.assert_array_equal(column_colouring(pattern, name), first_fit(pattern, ordered))


@given(matrices(12))
def test_best_is_right_and_no_worse_than_any(pattern):
    found = column_colouring(pattern)
    assert is_structurally_orthogonal(pattern, found)
    assert without_gaps(found)
    assert count(found) <= min(count(column_colouring(pattern, name)) for name in ORDERS)
    np.testing.assert_array_equal(found, column_colouring(pattern))
    np.testing.assert_array_equal(found, row_colouring(pattern.T))


@settings(max_examples=60)
@given(matrices(6))
def test_against_exhaustion(pattern):
    full = np.r_[pattern, np.eye(pattern.shape[1])]
    fewest = least(full.shape[1], lambda colours: is_structurally_orthogonal(full, colours))
    assert fewest <= count(column_colouring(full)) <= fewest + 1


@pytest.mark.parametrize("order", ORDERS)
def test_many_colours_are_kept_in_lists(monkeypatch, order):
    fat = np.zeros((40, 60))
    fat[3, :30] = fat[17, 15:45] = 1
    pattern = random_pattern(40, 60, 6, 2) | Pattern(fat)
    masks = column_colouring(pattern, order)
    monkeypatch.setattr(colouring, "_WIDE", 0)
    monkeypatch.setattr(colouring, "_THIN", 9)
    np.testing.assert_array_equal(column_colouring(pattern, order), masks)


def test_gaps_are_closed(monkeypatch):
    """A formula may have a colour in an empty column only."""
    pattern = np.eye(9, 10) + np.eye(9, 10, k=2)
    pattern[:, 5] = 0
    made = np.array([0, 0, 2, 2, 0, 1, 2, 2, 0, 0])
    assert is_structurally_orthogonal(pattern, np.where(np.arange(10) == 5, -1, made))
    monkeypatch.setattr(colouring, "lattice_colouring", lambda *_: made)
    monkeypatch.setattr(colouring, "_LARGE", 0)
    found = column_colouring(pattern)
    assert found.tolist() == [0, 0, 1, 1, 0, -1, 1, 1, 0, 0]


@pytest.mark.parametrize("order", ORDERS)
def test_pieces_make_no_difference(monkeypatch, order):
    pattern = random_pattern(90, 80, 4, 1)
    whole = column_colouring(pattern, order)
    monkeypatch.setattr(colouring.chunks, "__defaults__", (7,))
    np.testing.assert_array_equal(column_colouring(pattern, order), whole)


def test_degrees_may_be_estimated(monkeypatch):
    pattern = random_pattern(300, 200, 4, 4)
    monkeypatch.setattr(colouring, "_EXACT", 0)
    found = column_colouring(pattern)
    assert is_structurally_orthogonal(pattern, found)
    assert count(found) <= count(column_colouring(pattern, "natural"))


@given(matrices(), st.data())
def test_rows_in_conflict(pattern, data):
    made = Pattern(pattern)
    n = pattern.shape[1]
    top = data.draw(st.sampled_from([2, 5, 70]))
    colours = np.array(data.draw(st.lists(st.integers(0, top), min_size=n, max_size=n)), np.intp)
    expected = [i for i, row in enumerate(pattern) if len(set(colours[row])) < len(colours[row])]
    assert rows_in_conflict(made, colours).tolist() == expected


def test_more_colours_than_bits():
    pattern = wide_band(400, 40, 40)
    found = column_colouring(pattern)
    np.testing.assert_array_equal(found, np.arange(400) % 81)
    assert not len(rows_in_conflict(pattern, found))
    found[200] = found[201]
    assert rows_in_conflict(pattern, found).tolist() == list(range(160, 241))


def test_formula_of_a_band():
    np.testing.assert_array_equal(lattice_colouring(band(20, 1, 2), 1, 9), np.arange(20) % 4)
    assert lattice_colouring(band(20, 1, 2), 1, 4) is None
    assert lattice_colouring(random_pattern(50, 50, 5, 0), 5, 7) is None


def test_empty_columns_have_no_colour():
    pattern = brusselator(6).toarray()
    pattern[:, [0, 17, 40]] = False
    found = column_colouring(pattern)
    assert is_structurally_orthogonal(pattern, found)
    assert np.flatnonzero(found < 0).tolist() == [0, 17, 40]


def test_seams_are_mended():
    """A torus that no formula fits: the fewest colours of the plane, and a few more along the seams."""
    pattern = brusselator(31, periodic=True)
    found = lattice_colouring(pattern, 6, 14)
    assert is_structurally_orthogonal(pattern, found)
    assert count(found) < count(column_colouring(pattern, "largest_first"))


@pytest.mark.parametrize("seams", [None, -1.0])
def test_an_odd_row_does_not_matter(monkeypatch, seams):
    """One row among many in which the formula gives two columns one colour."""
    if seams is not None:
        monkeypatch.setattr(lattice, "_SEAMS", seams)
    stencil = grid((20, 20))
    odd = np.zeros((1, 400))
    odd[0, np.flatnonzero(column_colouring(stencil) == 2)[[3, 11, 40, 41]]] = 1
    rows = stencil.tocsr()
    for place in (2, 5, 201, 400):  # in the sample, and not
        pattern = Pattern(sparse.vstack([rows[:place], sparse.csr_array(odd), rows[place:]]))
        found = column_colouring(pattern)
        assert is_structurally_orthogonal(pattern, found)
        assert count(found) <= 7


def test_bad_arguments():
    with pytest.raises(PatternError, match="order"):
        column_colouring(np.eye(3), "fastest")
    with pytest.raises(PatternError, match="permutation"):
        row_colouring(np.ones((2, 3)), [0, 1, 2])
    with pytest.raises(ShapeError):
        column_colouring(np.ones(3))


def test_what_a_pattern_is_made_from():
    expected = column_colouring(band(9, 1, 1))
    for given_as in (band(9, 1, 1).toarray(), band(9, 1, 1).tocsr(), band(9, 1, 1).tocsr().tocoo()):
        np.testing.assert_array_equal(column_colouring(given_as), expected)


def test_time_is_that_of_the_entries():
    """Half a million entries are coloured greedily in far less than a second; the limit allows for a busy machine."""
    pattern = wide_band(51_200, 5, 4)
    start = time.perf_counter()
    found = column_colouring(pattern, "natural")
    assert time.perf_counter() - start < 2.0
    assert count(found) == 10


@pytest.mark.slow
def test_a_million_columns():
    for pattern, colours in ((wide_band(10**6, 5, 4), 10), (grid((1000, 1000), corners=True), 9)):
        start = time.perf_counter()
        found = column_colouring(pattern)
        assert time.perf_counter() - start < 5.0
        assert count(found) == colours
        assert not len(rows_in_conflict(pattern, found))
