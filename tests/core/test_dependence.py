"""What rules state of dependence: the helpers by which they do."""

import numpy as np
import pytest

from dualrev.core.dependence import (
    LARGEST,
    Entries,
    check_size,
    per_matrix,
    places,
    running,
    scattered,
    small,
    windows,
)
from dualrev.errors import PatternError


def matrix(relation, size, columns):
    """A relation, positions with lanes in front or entries, as a boolean matrix."""
    found = np.zeros((size, columns), bool)
    if isinstance(relation, Entries):
        found[relation.rows, relation.columns] = True
        return found
    for lane in relation.reshape(len(relation), size):
        kept = lane > 0
        found[np.flatnonzero(kept), lane[kept] - 1] = True
    return found


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (2, 0)])
def test_places(shape):
    assert places(shape).shape == shape
    assert places(shape).ravel().tolist() == list(range(1, int(np.prod(shape)) + 1))


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((4,), -1),
        ((4,), 0),
        ((2, 3), -1),
        ((2, 3), -2),
        ((2, 3), 1),
        ((2, 2, 3), -2),
        ((0,), -1),
        ((1, 3), 0),
    ],
)
def test_running(shape, axis):
    size = int(np.prod(shape))
    units = np.eye(size).reshape(size, *shape)
    own = axis if axis < 0 else axis + 1
    true = np.cumsum(units, axis=own).reshape(size, size).T != 0
    assert matrix(running(shape, axis), size, size).tolist() == true.tolist()


def test_scattered():
    into = np.array([[2, 0], [2, 1]])
    found = matrix(scattered(into), 4, 4)
    assert np.argwhere(found).tolist() == [[0, 1], [1, 3], [2, 0], [2, 2]]


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(
    ("n", "kernel"), [(5, [1.0, 0.0, 2.0]), (4, [1.0]), (3, [0.0, 1.0]), (6, [0.0, 0.0])]
)
def test_windows(mode, n, kernel):
    kernel = np.array(kernel)
    units = np.eye(n)
    true = np.stack([np.convolve(e, kernel, mode) for e in units], axis=1)
    start = {"full": 0, "same": (len(kernel) - 1) // 2, "valid": len(kernel) - 1}[mode]
    found = matrix(windows((n,), kernel, (start,), true.shape[:1]), len(true), n)
    assert found.tolist() == (true != 0).tolist()


def test_windows_of_stacks_and_planes():
    kernel = np.array([[1.0, 0.0], [0.0, 3.0]])
    units = np.eye(12).reshape(12, 3, 4)
    out = np.zeros((12, 4, 5))
    for (i, j), weight in np.ndenumerate(kernel):
        out[:, i : i + 3, j : j + 4] += weight * units
    found = matrix(windows((3, 4), kernel, (0, 0), (4, 5)), 20, 12)
    assert found.tolist() == (out.reshape(12, 20).T != 0).tolist()
    # A stack of two signals, entry by entry.
    stacked = matrix(windows((2, 3), np.ones(2), (0,), (2, 4)), 8, 6)
    one = matrix(windows((3,), np.ones(2), (0,), (4,)), 4, 3)
    assert stacked.tolist() == np.kron(np.eye(2), one).astype(bool).tolist()


def test_per_matrix():
    table = np.array([[True, False, True], [False, False, False]])
    found = matrix(per_matrix(table, 2), 4, 6)
    assert found.tolist() == np.kron(np.eye(2), table).astype(bool).tolist()
    assert len(per_matrix(table, 0).rows) == 0


def test_sizes():
    check_size(LARGEST)
    with pytest.raises(PatternError, match="all but dense"):
        check_size(LARGEST + 1)
    assert small((2, 3, 3))
    assert not small((1000, 1000))
