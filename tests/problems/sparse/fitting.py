"""Fits: time series, factorisations, data sets with common parameters."""

import numpy as np

from tests.problems.sparse.collection import (
    Problem,
    any_of,
    band,
    blocks,
    cliques,
    entries,
    family,
    offsets,
    side_by_side,
)


@family("hessian", small=9, large=10_000)
def hidden_states(n):
    """The most probable path of a growth model with noise (Bell 1994, SIAM J. Optimization 4, 626): tridiagonal."""
    data = np.sin(np.arange(n))

    def f(x):
        step = x[1:] - x[:-1] - 0.5 * x[:-1] * (1 - x[:-1])
        return np.sum((np.exp(0.3 * x) - data) ** 2) + 4 * np.dot(step, step) + x[0] ** 2

    return Problem(f, 0.5 + 0.1 * data, band(n, 1, 1), colours={"star": 3, "acyclic": 2})


@family("jacobian", small=4, large=400)
def common_rate(n):
    """Decays with amplitudes of their own and one rate and one level for all (global analysis): a border and blocks."""
    t = np.linspace(0, 2, 7)
    data = np.exp(-1.3 * t) * (1 + np.arange(n))[:, None]

    def f(p):
        rate, level, amplitude, delay = p[0], p[1], p[2::2], p[3::2]
        model = amplitude[:, None] * np.exp(-rate * t) + delay[:, None] * t + level
        return (model - data).ravel()

    own = blocks(offsets(n, 0), 7, 2)
    first = entries(np.arange(7 * n)[:, None], [0, 1], (7 * n, 2))
    pattern = side_by_side([[first, own]]).tolil()
    # At t = 0 the rate has no say, nor the slope.
    pattern[::7, 0] = False
    pattern[7 * np.arange(n), 3 + 2 * np.arange(n)] = False
    pattern = pattern.tocsr()
    pattern.eliminate_zeros()
    return Problem(f, 1 + 0.1 * np.cos(np.arange(2 * n + 2)), pattern, colours={"columns": 4})


@family("jacobian", small=5, large=300)
def factorisation(n):
    """Koren, Bell & Volinsky 2009, Computer 42(8), 30: ratings as products of three features, where they are known."""
    rng = np.random.default_rng(9)
    row, column = np.divmod(np.sort(rng.choice(n * n, 4 * n, replace=False)), n)
    ratings = rng.uniform(1, 5, row.size)

    def f(z):
        left, right = z.reshape(2, n, 3)
        return np.einsum("ki,ki->k", left[row], right[column]) - ratings

    i = np.arange(row.size)
    met = [blocks(entries(i, part, (row.size, n)), 1, 3) for part in (row, column)]
    start = 1 + 0.3 * np.cos(np.arange(6 * n))
    return Problem(f, start, side_by_side([met]), colours={"columns": 6})


@family("hessian", small=8, large=3_000)
def moving_windows(n):
    """Variance within each window of four (np.lib.stride_tricks.sliding_window_view), to the power of 3/2."""

    def f(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, 4)
        return np.sum((np.var(windows, axis=1) + 0.1) ** 1.5)

    groups = np.arange(n - 3)[:, None] + np.arange(4)
    return Problem(f, np.cos(np.arange(n)), cliques(groups, n), colours={"star": 7, "acyclic": 4})


@family("jacobian", small=6, large=400)
def softmax_groups(n):
    """Choices within groups of five: logits by np.exp and a sum over the group; one more parameter for all."""

    def f(p):
        logits = p[1:].reshape(n, 5) * p[0]
        e = np.exp(logits - np.max(logits, axis=1, keepdims=True))
        return (e / e.sum(axis=1, keepdims=True)).ravel()

    pattern = side_by_side([[entries(np.arange(5 * n), 0, (5 * n, 1)), blocks(offsets(n, 0), 5)]])
    start = 1 + np.cos(np.arange(5 * n + 1))
    return Problem(f, start, pattern, colours={"columns": 6})


@family("jacobian", small=6, large=800)
def running_total(n):
    """A cumulative sum in each day of eight hours: lower triangles on the diagonal."""

    def f(x):
        return np.cumsum(np.exp(x).reshape(n, 8), axis=1).ravel()

    i = 8 * np.arange(n)[:, None]
    rows, columns = np.tril_indices(8)
    pattern = any_of(entries(i + rows, i + columns, (8 * n, 8 * n)))
    return Problem(f, np.cos(np.arange(8 * n)), pattern, colours={"columns": 8})


@family("hessian", small=8, large=3_000)
def squared_hinge(n):
    """Isotonic and bounded: Tikhonov with penalties max(0, ·)² (Nocedal & Wright 2006, section 17.1), some active."""
    data = np.sin(np.arange(n) * 1.7)

    def f(x):
        falls = np.maximum(0, x[:-1] - x[1:]) ** 2
        outside = np.where(x > 0.5, (x - 0.5) ** 3, 0)
        return np.sum((x - data) ** 2) + 10 * np.sum(falls) + np.sum(outside)

    active = np.flatnonzero(data[:-1] > data[1:])
    pattern = cliques(np.stack([active, active + 1], axis=1), n)
    return Problem(f, data, pattern, band(n, 1, 1), {"star": 3, "acyclic": 2}, 1e-5)
