"""Pictures of patterns: the sparse package's own, and the compressed matrix beside it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from dualrev import sparse
from dualrev.errors import PatternError, ShapeError
from dualrev.explore import plot


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    assert plt.get_fignums() == []


def flat(n=1):
    return Figure().subplots(1, n)


BAND = np.eye(6) + np.eye(6, k=1) + np.eye(6, k=-1)
WIDE = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


def picture(ax):
    return np.asarray(ax.images[0].get_array())


def entries(ax):
    """Where the picture is not white."""
    return np.any(picture(ax) < 1.0, axis=-1)


@pytest.mark.parametrize("make", [np.asarray, sparse.Pattern, lambda a: sparse.Pattern(a).tocsr()])
def test_spy_is_that_of_the_pattern(make):
    expected = sparse.Pattern(BAND).spy(flat(), np.arange(6) % 3)
    ax = plot.spy(make(BAND), np.arange(6) % 3, ax=flat())
    np.testing.assert_array_equal(picture(ax), picture(expected))


def test_spy_of_a_transform_brings_its_colours():
    jacobian = sparse.jacobian(lambda x: x[1:] * x[:-1], mode="forward").prepare(np.ones(6))
    np.testing.assert_array_equal(
        picture(plot.spy(jacobian, ax=flat())), picture(jacobian.spy(flat()))
    )


@pytest.mark.parametrize("matrix", [BAND, WIDE])
def test_the_compressed_matrix_has_the_sums_of_columns(matrix):
    colours = sparse.column_colouring(matrix)
    left, right = plot.compression(matrix, axes=flat(2))
    np.testing.assert_array_equal(entries(left), matrix != 0)
    expected = np.stack(
        [(matrix != 0)[:, colours == k].any(axis=1) for k in range(colours.max() + 1)], axis=1
    )
    np.testing.assert_array_equal(entries(right), expected)
    count = colours.max() + 1
    assert right.get_xlabel() == f"{count} columns"
    assert right.get_xticks().tolist() == ([0, 1] if count == 2 else [0, count - 1])


def test_colours_are_those_of_the_columns_they_come_from():
    colours = sparse.column_colouring(BAND)
    left, right = plot.compression(BAND, colours, axes=flat(2))
    for row, column in np.argwhere(BAND):
        np.testing.assert_array_equal(
            picture(left)[row, column], picture(right)[row, colours[column]]
        )


def test_rows():
    tall_rows = np.array([0, 1, 0])
    _, right = plot.compression(WIDE, (tall_rows, None), axes=flat(2))
    expected = np.stack([WIDE[tall_rows == k].any(axis=0) for k in range(2)])
    np.testing.assert_array_equal(entries(right), expected)
    assert right.get_xlabel() == "2 rows"
    # Three colours for three rows and four columns are of the rows.
    _, same = plot.compression(WIDE, tall_rows, axes=flat(2))
    np.testing.assert_array_equal(entries(same), expected)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_square_jacobian_knows_its_direction(mode):
    jacobian = sparse.jacobian(lambda x: x * np.roll(x, 1), mode=mode).prepare(np.ones(6))
    _, right = plot.compression(jacobian, axes=flat(2))
    count = jacobian.n_passes
    assert entries(right).shape == ((6, count) if mode == "forward" else (count, 6))


def test_columns_without_a_colour_are_left_out():
    _, right = plot.compression(np.array([[1, 0, 0], [0, 0, 1]]), axes=flat(2))
    np.testing.assert_array_equal(entries(right), [[True], [True]])
    assert right.get_xlabel() == "1 column"


def test_a_hessian():
    hessian = sparse.hessian(lambda x: np.sum(x[1:] ** 2 * x[:-1] ** 2)).prepare(np.ones(6))
    left, right = plot.compression(hessian, axes=flat(2))
    np.testing.assert_array_equal(entries(left), BAND != 0)
    assert entries(right).shape[0] == 6


WRONG = [
    (lambda: plot.spy(np.eye(3), [0, 1]), ShapeError, "3 columns have 3 colours"),
    (lambda: plot.spy(np.ones(3)), ShapeError, "a pattern is a matrix"),
    (lambda: plot.compression(np.eye(3), [0, 1]), ShapeError, r"3 colours, not an array of shape \(2,\)"),
    (lambda: plot.compression(np.eye(3), ([0, 1, 2], [0, 1, 2])), ShapeError, "colours of rows and of columns"),
    (lambda: plot.compression(sparse.jacobian(np.sin)), PatternError, "nothing is prepared yet"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_is_no_pattern(call, error, words):
    with pytest.raises(error, match=words):
        call()
