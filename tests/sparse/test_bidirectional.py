"""Colourings of rows and columns together: known numbers of colours, and the definition on small patterns."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from dualrev.errors import PatternError
from dualrev.sparse.bidirectional import _divisions, _Painter, bidirectional_colouring
from dualrev.sparse.check import is_bidirectionally_recoverable
from dualrev.sparse.colouring import column_colouring, row_colouring
from dualrev.sparse.pattern import Pattern
from tests.sparse.patterns import (
    ORDERS,
    arrow,
    band,
    brusselator,
    count,
    grid,
    growing,
    matrices,
    random_pattern,
    without_gaps,
)

N = 1000
SHUFFLED = np.random.default_rng(0).permutation(N)


def frame(m, n):
    """The first and last row and column full."""
    made = np.zeros((m, n))
    made[[0, -1]] = made[:, [0, -1]] = 1
    return Pattern(made)


def bordered(pattern, rows, columns):
    """A pattern with so many full rows below and full columns to the right."""
    m, n = pattern.shape
    return Pattern(
        sparse.block_array(
            [
                [pattern.tocsr(), np.ones((m, columns))],
                [np.ones((rows, n)), np.ones((rows, columns))],
            ]
        )
    )


def shuffled(pattern):
    return Pattern.from_coordinates(
        SHUFFLED[pattern.rows], SHUFFLED[::-1][pattern.columns], pattern.shape
    )


small_arrow = sparse.coo_array(arrow(20).tocsr())

# Colours in total. The frame and the antidiagonal are tests of SparseMatrixColorings.jl as well, with these numbers.
KNOWN = {
    "arrow": (arrow(N), 3),
    "arrow with its tip at the end": (arrow(N, tip=N - 1), 3),
    "arrow, rows and columns in disorder": (shuffled(arrow(N)), 3),
    "arrows": (Pattern(sparse.block_diag([small_arrow] * 30)), 3),
    "frame": (frame(10, 20), 4),
    "tall frame": (frame(20, 10), 4),
    "antidiagonal": (Pattern(np.eye(4)[::-1]), 1),
    "triangle": (Pattern(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])), 3),
    "full rows and full columns in blocks": (
        Pattern(sparse.block_diag([np.ones((1, 40)), np.ones((40, 1))] * 10)),
        2,
    ),
    "identity": (Pattern(np.eye(6)), 1),
    "row": (Pattern(np.ones((1, 9))), 1),
    "column": (Pattern(np.ones((9, 1))), 1),
    "dense": (Pattern(np.ones((6, 9))), 6),
    "tridiagonal": (band(40, 1, 1), 3),
    "bordered tridiagonal": (bordered(band(60, 1, 1), 1, 1), 5),
    "bordered grid": (bordered(grid((12, 10)), 2, 1), 8),
    "Brusselator": (brusselator(12), 6),
    "empty": (Pattern(np.zeros((3, 4))), 0),
    "no rows": (Pattern(np.zeros((0, 4))), 0),
    "no columns": (Pattern(np.zeros((4, 0))), 0),
    "nothing": (Pattern(np.zeros((0, 0))), 0),
}


def agrees(pattern, rows, columns):
    """Like the verifier, with whole arrays."""
    recovered = np.zeros(pattern.shape, bool)
    matrix = pattern.toarray()
    for k in range(count(columns)):
        group = columns == k
        recovered |= (matrix[:, group].sum(axis=1) == 1)[:, None] & group
    for k in range(count(rows)):
        group = rows == k
        recovered |= (matrix[group].sum(axis=0) == 1) & group[:, None]
    return (recovered | ~matrix).all()


@pytest.mark.parametrize("name", KNOWN)
def test_known_numbers(name):
    pattern, total = KNOWN[name]
    rows, columns = bidirectional_colouring(pattern)
    assert (rows.shape, columns.shape) == ((pattern.shape[0],), (pattern.shape[1],))
    assert agrees(pattern, rows, columns)
    assert count(rows, columns) == total
    assert without_gaps(rows)
    assert without_gaps(columns)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", [name for name in KNOWN if KNOWN[name][0].shape[0] < N])
def test_every_order_is_right(name, order):
    pattern, total = KNOWN[name]
    rows, columns = bidirectional_colouring(pattern, order)
    assert agrees(pattern, rows, columns)
    assert total <= count(rows, columns)


@settings(max_examples=150)
@given(matrices(), st.randoms(use_true_random=False))
def test_random_patterns(pattern, random):
    order = list(range(sum(pattern.shape)))
    random.shuffle(order)
    counts = []
    for chosen in (order, *ORDERS):
        rows, columns = bidirectional_colouring(pattern, chosen)
        assert is_bidirectionally_recoverable(pattern, rows, columns)
        assert agrees(Pattern(pattern), rows, columns)
        assert without_gaps(rows)
        assert without_gaps(columns)
        counts.append(count(rows, columns))
    assert counts[-1] <= min(counts[2:])
    assert counts[-1] <= min(count(column_colouring(pattern)), count(row_colouring(pattern)))


@settings(max_examples=25)
@given(matrices(3))
def test_against_exhaustion(pattern):
    m, n = pattern.shape
    # A colour more stands for none.
    least = min(
        len(set(rows) - {0}) + len(set(columns) - {0})
        for first in growing(m + 1, m + 1)
        for second in growing(n + 1, n + 1)
        for rows, columns in [(first[1:], second[1:])]
        if is_bidirectionally_recoverable(
            pattern, np.array(rows, int) - 1, np.array(columns, int) - 1
        )
    )
    assert least <= count(*bidirectional_colouring(pattern)) <= least + 1


@given(matrices())
def test_divisions(pattern):
    """The fullest rows by rows, the others by columns: no division can do with less than is said of it."""
    for division in _divisions(Pattern(pattern)):
        chosen = np.isin(np.arange(len(pattern)), division.rows)
        rest = pattern[~chosen].sum(axis=1).max(initial=0)
        assert division.least == rest + pattern[chosen].sum(axis=0).max(initial=0)
        assert rest < pattern[chosen].sum(axis=1).min(initial=pattern.shape[1] + 1)


def test_both_ways_of_a_division():
    pattern = arrow(30, tip=4)
    painter = _Painter(pattern)
    order = np.r_[4, 34, np.delete(np.arange(60), [4, 34])]
    for transposed in (False, True):
        for attempt in (painter.divided, painter.star_divided):
            rows, columns = attempt(np.array([4]), transposed, order)
            assert agrees(pattern, rows, columns)
            assert (count(rows), count(columns)) == ((2, 1) if transposed else (1, 2))


def test_deterministic():
    pattern = random_pattern(200, 150, 4, 0)
    first, second = bidirectional_colouring(pattern), bidirectional_colouring(pattern)
    for some, same in zip(first, second, strict=True):
        np.testing.assert_array_equal(some, same)


def test_bad_order():
    with pytest.raises(PatternError, match="order"):
        bidirectional_colouring(np.eye(3), "fastest")
    with pytest.raises(PatternError, match="permutation"):
        bidirectional_colouring(np.eye(3), [0, 1, 2])


def test_time():
    start = time.perf_counter()
    rows, columns = bidirectional_colouring(arrow(100_000))
    assert time.perf_counter() - start < 4.0
    assert count(rows, columns) == 3
