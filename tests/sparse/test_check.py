"""The verifiers on colourings that are known to be right, and on the same with one thing wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualrev.errors import ShapeError
from dualrev.sparse.check import (
    Verdict,
    is_acyclic_colouring,
    is_bidirectionally_recoverable,
    is_directly_recoverable,
    is_star_colouring,
    is_structurally_orthogonal,
)
from tests.sparse.patterns import (
    COLOURS_1,
    COLOURS_4,
    COLOURS_41,
    COLOURS_61,
    FIGURE_41,
    FIGURE_61,
    band,
    matrices,
    ring,
    symmetric_matrices,
)

A = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1]])
FRAME = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]])

ORTHOGONAL = [
    (A, [0, 1, 2], 1, ""),
    (A, [0, 1, 0], 1, ""),
    (A, [0, 0, 1], 1, ""),
    (A, [0, 1, 1], 1, "row 2 has entries in columns 1 and 2, both of colour 1"),
    (A, [-1, 0, 1], 1, "column 0 has an entry in row 0 and no colour"),
    (A, [0, 0, 1], 0, ""),
    (A, [0, 1, 1], 0, "column 1 has entries in rows 1 and 2, both of colour 1"),
    (np.eye(3), [0, 0, 0], 1, ""),
    (np.zeros((2, 3)), [-1, -1, -1], 1, ""),
    (np.zeros((0, 2)), [-1, -1], 1, ""),
    (np.zeros((2, 0)), [], 1, ""),
]


@pytest.mark.parametrize(("pattern", "colours", "axis", "reason"), ORTHOGONAL)
def test_structural_orthogonality(pattern, colours, axis, reason):
    assert is_structurally_orthogonal(pattern, colours, axis=axis) == Verdict(reason)


SYMMETRIC = [
    (is_star_colouring, FIGURE_41, COLOURS_41, ""),
    (is_directly_recoverable, FIGURE_41, COLOURS_41, ""),
    (is_star_colouring, FIGURE_61, COLOURS_1, ""),
    (is_directly_recoverable, FIGURE_61, COLOURS_1, ""),
    (is_acyclic_colouring, FIGURE_61, COLOURS_61, ""),
    (is_acyclic_colouring, FIGURE_61, COLOURS_4, ""),
    (is_star_colouring, FIGURE_61, COLOURS_4, "has two colours only"),
    (is_star_colouring, FIGURE_61, [0, 1, 0, 2, 0, 3, 2, 3, 0, 1], "path .* two colours"),
    (is_star_colouring, FIGURE_61, [0, 1, 0, 2, 0, 3, 1, 4, 0, 1], "path .* two colours"),
    (is_star_colouring, FIGURE_61, [0, 1, 0, 3, 0, 3, 2, 4, 0, 1], "path .* two colours"),
    (is_directly_recoverable, FIGURE_61, [0, 1, 0, 2, 0, 3, 2, 3, 0, 1], "alone neither"),
    (is_star_colouring, FIGURE_41, [0, 2, 0, 2, 0, 0], "the path 0, 1, 2, 3"),
    (is_star_colouring, FIGURE_41, [0, 0, 1, 2, 3, 4], "neighbours 0 and 1 both have colour 0"),
    (is_acyclic_colouring, ring(4), [0, 1, 0, 1], "columns 0, 1, 2, 3 of colours 0 and 1"),
    (is_acyclic_colouring, ring(4), [0, 1, 0, 2], ""),
    (is_acyclic_colouring, band(5, 1, 1), [0, 1, 0, 1, 0], ""),
    (is_acyclic_colouring, np.eye(2), [0, -1], "column 1 has an entry on the diagonal"),
    (is_star_colouring, 1 - np.eye(2), [0, -1], ""),
    (is_star_colouring, 1 - np.eye(2), [-1, -1], "neighbours 0 and 1 both have no colour"),
    (is_star_colouring, 1 - np.eye(3), [-1, 0, 0], "two have the same"),
    (is_acyclic_colouring, 1 - np.eye(3), [-1, 0, 1], ""),
]


@pytest.mark.parametrize(("holds", "pattern", "colours", "reason"), SYMMETRIC)
def test_symmetric(holds, pattern, colours, reason):
    verdict = holds(pattern, colours)
    assert bool(verdict) == (not reason)
    if reason:
        with pytest.raises(AssertionError, match=reason):
            assert verdict, verdict


BOTH = [
    (FRAME, [0, 1, 1, 2], [0, 1, 1, 1, 2], ""),
    (FRAME, [0, -1, -1, 1], [0, -1, -1, -1, 1], ""),
    (FRAME, [-1, -1, -1, -1], [0, 1, 2, 3, 4], ""),
    (FRAME, [0, 0, 0, 1], [0, 0, 0, 0, 1], r"entry \(0, 0\) is alone neither"),
    (FRAME, [-1, 1, 1, 2], [0, 1, 1, 1, 2], r"entry \(0, 1\) is .* row colour -1"),
    (FRAME, [0, 1, 1, 2], [-1, 1, 1, 1, 2], r"entry \(1, 0\) is .* column colour -1"),
    (np.zeros((0, 3)), [], [-1] * 3, ""),
]


@pytest.mark.parametrize(("pattern", "rows", "columns", "reason"), BOTH)
def test_bidirectional(pattern, rows, columns, reason):
    verdict = is_bidirectionally_recoverable(pattern, rows, columns)
    assert bool(verdict) == (not reason)
    if reason:
        with pytest.raises(AssertionError, match=reason):
            assert verdict, verdict


BAD = [
    (is_structurally_orthogonal, (A, [0, 1])),
    (is_structurally_orthogonal, (A, [0.0, 1.0, 2.0])),
    (is_structurally_orthogonal, (A, [0, 1, -2])),
    (is_star_colouring, (A, [0, 1, 2])),
    (is_acyclic_colouring, (np.ones((2, 3)), [0, 1])),
    (is_directly_recoverable, (np.ones((2, 3)), [0, 1])),
    (is_bidirectionally_recoverable, (FRAME, [0, 1, 1, 2, 3], [0, 1, 1, 1, 2])),
]


@pytest.mark.parametrize(("holds", "args"), BAD)
def test_what_is_no_colouring(holds, args):
    with pytest.raises(ShapeError):
        holds(*args)


def recovered(matrix, colours):
    """The definition itself: whether each entry, or its mirror image, is a number in the compressed matrix."""
    count = max(colours, default=-1) + 1
    compressed = np.stack(
        [matrix[:, [c == k for c in colours]].sum(axis=1) for k in range(count)], axis=1
    )
    return set(matrix[matrix != 0]) <= set(compressed.ravel())


@settings(max_examples=200)
@given(symmetric_matrices(6), st.data())
def test_direct_recovery_is_what_it_says(pattern, data):
    n = len(pattern)
    colours = data.draw(st.lists(st.integers(-1, 4), min_size=n, max_size=n))
    if not any(c >= 0 for c in colours):
        return
    # Sums of distinct powers of two are distinct, so a number is there only if it stands alone.
    upper = np.triu(np.exp2(np.arange(n * n)).reshape(n, n))
    matrix = pattern * (upper + np.triu(upper, 1).T)
    assert bool(is_directly_recoverable(pattern, colours)) == recovered(matrix, colours)


@settings(max_examples=200)
@given(symmetric_matrices(6), st.data())
def test_implications(pattern, data):
    n = len(pattern)
    colours = data.draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n))
    if is_structurally_orthogonal(pattern, colours) or is_star_colouring(pattern, colours):
        assert is_directly_recoverable(pattern, colours)
    if is_star_colouring(pattern, colours):
        assert is_acyclic_colouring(pattern, colours)
    if pattern.diagonal().all():
        # Coleman & Moré 1984: with a full diagonal star colourings are all there are.
        assert bool(is_star_colouring(pattern, colours)) == bool(
            is_directly_recoverable(pattern, colours)
        )


@settings(max_examples=100)
@given(matrices(6), st.data())
def test_one_direction_is_a_special_case_of_two(pattern, data):
    m, n = pattern.shape
    columns = data.draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n))
    rows = data.draw(st.lists(st.integers(-1, 3), min_size=m, max_size=m))
    by_columns = is_structurally_orthogonal(pattern, columns)
    assert bool(by_columns) == bool(is_bidirectionally_recoverable(pattern, [-1] * m, columns))
    by_rows = is_structurally_orthogonal(pattern, rows, axis=0)
    assert bool(by_rows) == bool(is_bidirectionally_recoverable(pattern, rows, [-1] * n))
    assert bool(by_rows) == bool(is_structurally_orthogonal(pattern.T, rows))
    if by_columns or by_rows:
        assert is_bidirectionally_recoverable(pattern, rows, columns)
