"""Networks: reactions, oscillators, flows; who meets whom stands in a constant matrix, sparse or full of zeros."""

import numpy as np
from scipy import sparse

from tests.problems.sparse.collection import (
    Problem,
    any_of,
    blocks,
    entries,
    family,
    offsets,
    side_by_side,
    symmetric,
)


def _polymer(n):
    """Species i and i + 1 make i + 2, which decays into i: return i, the stoichiometric matrix, the true pattern."""
    i = np.arange(n - 2)
    forward, back = 2 * i, 2 * i + 1
    made = np.zeros((n, 2 * (n - 2)))
    np.add.at(
        made,
        (np.r_[i, i + 1, i + 2], np.r_[forward, forward, forward]),
        np.repeat([-1.0, -1.0, 1.0], n - 2),
    )
    np.add.at(made, (np.r_[i + 2, i], np.r_[back, back]), np.repeat([-1.0, 1.0], n - 2))
    uses = entries(np.r_[forward, forward, back], np.r_[i, i + 1, i + 2], (2 * (n - 2), n))
    pattern = sparse.csr_array((sparse.csr_array(made != 0).astype(int) @ uses.astype(int)) > 0)
    return i, made, pattern


def _rates(c, i):
    return np.stack([2.0 * c[i] * c[i + 1], 0.3 * c[i + 2]], axis=1).ravel()


@family("jacobian", small=8, large=150)
def reactions_dense(n):
    """Mass action, dc/dt = S r(c) (Feinberg 2019, Foundations of Chemical Reaction Network Theory), S full of zeros."""
    i, made, pattern = _polymer(n)

    def f(c):
        return made @ _rates(c, i)

    return Problem(f, 1 + 0.1 * np.cos(np.arange(n)), pattern, colours={"columns": 5})


@family("jacobian", small=8, large=1_000)
def reactions_sparse(n):
    """The same with S in CSR form."""
    i, made, pattern = _polymer(n)
    made = sparse.csr_array(made)

    def f(c):
        return made @ _rates(c, i)

    return Problem(f, 1 + 0.1 * np.cos(np.arange(n)), pattern, colours={"columns": 5})


@family("jacobian", small=5, large=3_000)
def robertson_diffusing(n):
    """Robertson 1966 (Hairer & Wanner 1996, p. 3) in each of n cells of a tube: 3 × 3 blocks, diagonals beside them."""
    made = np.array([[-1.0, 1.0, 0.0], [1.0, -1.0, -1.0], [0.0, 0.0, 1.0]])

    def f(y):
        c = y.reshape(n, 3)
        a, b, d = c.T
        rates = np.column_stack([0.04 * a, 10.0 * b * d, 3.0 * b**2])
        flow = np.diff(c, axis=0, prepend=c[:1], append=c[-1:])
        return (rates @ made.T + 0.1 * np.diff(flow, axis=0)).ravel()

    # The third species does not feel itself but by diffusion, nor the first.
    cell = np.array([[1, 1, 1], [1, 1, 1], [0, 1, 0]], bool)
    pattern = any_of(
        sparse.csr_array(sparse.kron(offsets(n, 0), cell, format="csr"), dtype=bool),
        sparse.csr_array(
            sparse.kron(offsets(n, -1, 0, 1), np.eye(3, dtype=bool), format="csr"), dtype=bool
        ),
    )
    return Problem(f, 0.5 + 0.1 * np.cos(np.arange(3 * n)), pattern, colours={"columns": 7})


def _ring(n):
    i = np.arange(n)
    return np.r_[i, i], np.r_[(i + 1) % n, (i + 3) % n]


@family("jacobian", small=12, large=4_000)
def kuramoto_edges(n):
    """Kuramoto 1975 on a graph given as a list of edges: forces by np.subtract.at and np.add.at."""
    tail, head = _ring(n)
    own = np.cos(np.arange(n))

    def f(theta):
        pull = np.sin(theta[head] - theta[tail])
        rate = own + np.zeros_like(theta)
        np.add.at(rate, tail, pull)
        np.subtract.at(rate, head, pull)
        return rate

    pattern = symmetric(entries(tail, head, (n, n)))
    return Problem(f, np.sin(np.arange(n) ** 2), pattern, colours={"columns": 7})


@family("jacobian", small=12, large=200)
def kuramoto_matrix(n):
    """The same with an adjacency matrix, every pair computed and most multiplied by zero."""
    tail, head = _ring(n)
    adjacent = np.zeros((n, n))
    adjacent[tail, head] = adjacent[head, tail] = 1

    def f(theta):
        return np.sum(adjacent * np.sin(theta[None, :] - theta[:, None]), axis=1)

    pattern = symmetric(entries(tail, head, (n, n)))
    return Problem(f, np.sin(np.arange(n) ** 2), pattern, colours={"columns": 7})


@family("jacobian", small=6, large=2_000)
def water_network(n):
    """Heads at nodes, flows in pipes (Todini & Pilati 1988): incidence matrices, and |q| q on a diagonal."""
    tail, head = _ring(n)
    pipes = tail.size
    sign = np.r_[np.full(pipes, -1.0), np.ones(pipes)]
    k = np.arange(pipes)
    incidence = sparse.csr_array((sign, (np.r_[tail, head], np.r_[k, k])), shape=(n, pipes))

    def f(z):
        heads, q = z[:n], z[n:]
        loss = q * np.abs(q) + incidence.T @ heads
        balance = incidence @ q - 0.1 * np.sqrt(1 + heads)
        return np.concatenate([balance, loss])

    met = entries(np.r_[tail, head], np.r_[k, k], (n, pipes))
    pattern = side_by_side([[offsets(n, 0), met], [met.T.tocsr(), offsets(pipes, 0)]])
    start = 1 + 0.3 * np.cos(np.arange(n + pipes))
    return Problem(f, start, pattern, colours={"columns": 6})


@family("hessian", small=10, large=3_000)
def logistic_regression(n):
    """Cross-entropy of n groups with one weight each and a common slope of the neighbours: X sparse, Hessian XᵀDX."""
    rng = np.random.default_rng(7)
    i = np.arange(3 * n)
    group = i % n
    rows, columns = np.r_[i, i], np.r_[group, (group + 1) % n]
    features = sparse.csr_array((rng.uniform(0.5, 2, rows.size), (rows, columns)), shape=(3 * n, n))
    label = np.where(rng.random(3 * n) < 0.5, -1.0, 1.0)

    def f(w):
        return np.sum(np.log1p(np.exp(-label * (features @ w)))) + 0.01 * w @ w

    pattern = offsets(n, -1, 0, 1, periodic=True)
    return Problem(f, np.zeros(n), pattern, colours={"star": 4, "acyclic": 3})


@family("jacobian", small=8, large=1_500)
def delay_blocks(n):
    """A layered network of small dense layers, np.einsum over a stack of weights: blocks on and below the diagonal."""
    rng = np.random.default_rng(11)
    weights = rng.standard_normal((n, 4, 4))

    def f(x):
        state = x.reshape(n, 4)
        before = np.roll(state, 1, axis=0) * (np.arange(n) > 0)[:, None]
        return (state - np.tanh(np.einsum("nij,nj->ni", weights, before))).ravel()

    pattern = any_of(blocks(offsets(n, -1), 4), offsets(4 * n, 0))
    # The first row of cells multiplies the wrapped one by zero.
    cover = any_of(blocks(offsets(n, -1, periodic=True), 4), offsets(4 * n, 0))
    return Problem(f, 0.1 * np.cos(np.arange(4 * n)), pattern, cover, {"columns": 8})
