"""Orders against their definitions, vertex by vertex; the intersection graph against the product of matrices."""

import numpy as np
import pytest
from hypothesis import given

from dualrev.errors import PatternError
from dualrev.sparse import ordering
from dualrev.sparse.ordering import (
    adjacency,
    chunks,
    column_degrees,
    column_graph,
    incidence_degree,
    largest_first,
    named_order,
    permutation,
    smallest_last,
    work,
)
from dualrev.sparse.pattern import Pattern
from tests.sparse.patterns import arrow, band, grid, matrices, symmetric_matrices


def dense(graph):
    """The adjacency matrix of a graph."""
    n = len(graph.degrees)
    made = np.zeros((n, n), bool)
    made[np.repeat(np.arange(n), graph.degrees), graph.indices] = True
    return made


@given(symmetric_matrices())
def test_adjacency(pattern):
    expected = pattern & ~np.eye(len(pattern), dtype=bool)
    np.testing.assert_array_equal(dense(adjacency(Pattern(pattern))), expected)


@given(matrices())
def test_columns_that_share_a_row(pattern):
    n = pattern.shape[1]
    expected = (pattern.T.astype(int) @ pattern > 0) & ~np.eye(n, dtype=bool)
    made = Pattern(pattern)
    np.testing.assert_array_equal(dense(column_graph(made)), expected)
    np.testing.assert_array_equal(column_degrees(made), expected.sum(axis=1))
    assert work(made) == sum(int(row.sum()) ** 2 for row in pattern)


def test_products_in_pieces(monkeypatch):
    pattern = grid((9, 7))
    whole = column_graph(pattern), column_degrees(pattern)
    monkeypatch.setattr(ordering, "CHUNK", 2)
    np.testing.assert_array_equal(dense(column_graph(pattern)), dense(whole[0]))
    np.testing.assert_array_equal(column_degrees(pattern), whole[1])


def test_chunks():
    weights = np.array([3, 0, 4, 9, 1, 1, 1])
    assert list(chunks(weights, 4)) == [(0, 2), (2, 3), (3, 4), (4, 7)]
    assert list(chunks(np.zeros(0, int), 4)) == []


def is_permutation(order, n):
    return np.array_equal(np.sort(order), np.arange(n))


@given(symmetric_matrices(12))
def test_smallest_last_has_the_least_degree_last(pattern):
    near = dense(adjacency(Pattern(pattern)))
    order = smallest_last(adjacency(Pattern(pattern)))
    assert is_permutation(order, len(pattern))
    for place, v in enumerate(order):
        left = order[: place + 1]
        degrees = near[np.ix_(left, left)].sum(axis=1)
        assert near[v, left].sum() == degrees.min()


@given(symmetric_matrices(12))
def test_incidence_degree_has_the_most_earlier_neighbours_next(pattern):
    near = dense(adjacency(Pattern(pattern)))
    order = incidence_degree(adjacency(Pattern(pattern)))
    assert is_permutation(order, len(pattern))
    for place, v in enumerate(order):
        back = near[:, order[:place]].sum(axis=1)
        assert back[v] == back[order[place:]].max()
    if len(order):
        assert near[order[0]].sum() == near.sum(axis=1).max()


def test_known_orders():
    graph = adjacency(arrow(5, tip=3))
    assert largest_first(graph.degrees).tolist() == [3, 0, 1, 2, 4]
    assert permutation(graph, "natural").tolist() == [0, 1, 2, 3, 4]
    # Leaves go last, and the tip with the last of them to go is a pair.
    assert 3 in smallest_last(graph)[:2]
    assert incidence_degree(graph)[0] == 3
    path = adjacency(band(6, 1, 1))
    assert sorted(np.abs(np.diff(incidence_degree(path))).tolist())[:3] == [1, 1, 1]


def test_no_vertices():
    empty = adjacency(Pattern(np.zeros((0, 0))))
    for name in ("natural", "largest_first", "smallest_last", "incidence_degree"):
        assert permutation(empty, name).shape == (0,)


def test_order_argument():
    assert named_order("best", 3) == "best"
    np.testing.assert_array_equal(named_order([2, 0, 1], 3), [2, 0, 1])
    assert named_order([], 0).dtype == np.intp


@pytest.mark.parametrize("order", ["fastest", [0, 1], [0, 0, 1], [1, 2, 3], [[0, 1, 2]], None])
def test_bad_orders(order):
    with pytest.raises(PatternError, match="order"):
        named_order(order, 3)
