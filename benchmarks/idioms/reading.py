"""Reading: slices, masks, index arrays, broadcasting, iteration over entries."""

import numpy  # noqa: ICN001 (np is a parameter here)

from . import idiom

A = numpy.array([[2.0, -1.0, 0.5], [0.3, 1.5, -0.7], [0.9, 0.2, 1.1]])
MATRIX = ((0.6, 1.3, 0.9), (-0.4, 0.7, 1.1))


@idiom()
def reversed_slice(np, x):
    """x[::-1]."""
    return np.sum(x[::-1] * x**2)


@idiom()
def boolean_mask(np, x):
    """x[mask]."""
    return np.sum(x[np.array([True, False, True])] ** 2)


@idiom()
def mask_by_comparison(np, x):
    """x[x > 0.8]."""
    return np.sum(x[x > 0.8] ** 2)


@idiom()
def ix_block(np, x):
    """np.outer(x, x)[np.ix_([0, 2], [1])]."""
    return np.sum(np.outer(x, x)[np.ix_([0, 2], [1])] ** 2)


@idiom()
def repeated_index(np, x):
    """x[[0, 0, 1]]."""
    return np.sum(x[[0, 0, 1]] ** 3)


@idiom()
def argsort_index(np, x):
    """x[np.argsort(x)]."""
    return np.sum(x[np.argsort(x)] * np.arange(3.0))


@idiom()
def argmax_index(np, x):
    """x[np.argmax(x)]."""
    return x[np.argmax(x)] ** 2 + x[x.argmin()]


@idiom()
def nonzero_index(np, x):
    """x[np.nonzero(x > 0.8)]."""
    return np.sum(np.exp(x[np.nonzero(x > 0.8)]))


@idiom()
def searchsorted_index(np, x):
    """table[np.searchsorted(table, x)]: a lookup that is constant."""
    table = np.array([0.0, 0.5, 1.0, 1.5])
    return np.sum(table[np.searchsorted(table, x)] * x)


@idiom()
def index_by_floor(np, x):
    """table[int(np.floor(x[1]))]."""
    table = np.array([0.0, 2.0, 3.0])
    return table[int(np.floor(x[1]))] * x[1]


@idiom()
def pairwise_distances(np, x):
    """x[:, None] - x[None, :]."""
    d = x[:, None] - x[None, :]
    return np.sum(d**4)


@idiom(MATRIX)
def rows_and_columns(np, x):
    """x[0], x[:, 1], x[1, -1]."""
    return np.sum(x[0] * x[1]) + np.sum(x[:, 1] ** 2) * x[1, -1]


@idiom(MATRIX)
def loop_over_rows(np, x):
    """for row in x."""
    total = 0.0
    for row in x:
        total = total + np.prod(row)
    return total


@idiom(MATRIX)
def transpose_and_reshape(np, x):
    """x.T.reshape(-1)."""
    return np.sum(x.T.reshape(-1) * np.arange(6.0))


@idiom(MATRIX)
def ellipsis_and_newaxis(np, x):
    """x[..., np.newaxis, ::2]."""
    return np.sum(x[..., np.newaxis, ::2] ** 2)


@idiom()
def ndenumerate_entries(np, x):
    """for index, v in np.ndenumerate(x)."""
    total = 0.0
    for (k,), v in np.ndenumerate(x):
        total = total + k * v**2
    return total


@idiom()
def flat_iteration(np, x):
    """for v in x.flat."""
    return sum(v**2 for v in x.flat)


@idiom()
def triu_indices_sum(np, x):
    """np.outer(x, x)[np.triu_indices(3, 1)]."""
    return np.sum(np.outer(x, x)[np.triu_indices(3, 1)] ** 2)


@idiom()
def take_and_compress(np, x):
    """np.take, np.compress."""
    return np.sum(np.take(x, [2, 0]) ** 2) + np.sum(np.compress([True, False, True], x))


@idiom()
def take_along_axis_sorted(np, x):
    """np.take_along_axis(x, order, 0)."""
    return np.sum(np.take_along_axis(x, np.argsort(-x), 0) * np.arange(3.0))


@idiom()
def sliding_window(np, x):
    """np.lib.stride_tricks.sliding_window_view."""
    return np.sum(np.lib.stride_tricks.sliding_window_view(x, 2).mean(axis=1) ** 2)


@idiom()
def tolist_entries(np, x):
    """x.tolist()."""
    a, b, c = x.tolist()
    return a * b**2 + c


@idiom()
def item_of_entry(np, x):
    """np.sum(x).item()."""
    return np.sum(x**2).item()


@idiom()
def data_matrix_rows(np, x):
    """Plain data beside the parameters: (row @ x for row in A)."""
    return sum((row @ x - 1.0) ** 2 for row in A)


@idiom()
def split_parameters(np, x):
    """np.split(x, [1])."""
    scale, rest = np.split(x, [1])
    return np.sum(scale * rest**2)


@idiom()
def unpack_slices(np, x):
    """a, *rest = x."""
    a, *rest = x
    return a * rest[0] - rest[1] ** 2
