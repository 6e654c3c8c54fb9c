"""Optimal control by direct collocation: Betts 2010, Practical Methods for Optimal Control, chapter 4.

The van der Pol oscillator, x₁' = x₂, x₂' = (1 - x₁²) x₂ - x₁ + u, from (1, 0), with the cost ∫ x₁² + x₂² + u².
"""

import numpy as np

import dualrev as dr
from tests.problems.sparse.collection import Problem, any_of, cliques, entries, family

LENGTH = 5.0
INITIAL = np.array([1.0, 0.0])


def dynamics(x, u):
    a, b = x[..., 0], x[..., 1]
    return np.stack([b, (1 - a**2) * b - a + u], axis=-1)


def running_cost(x, u):
    return np.sum(x**2, axis=-1) + u**2


def _trapezoid(n):
    h = LENGTH / n

    def defects(z):
        w = z.reshape(n + 1, 3)
        x, u = w[:, :2], w[:, 2]
        f = dynamics(x, u)
        return np.vstack([x[:1] - INITIAL, x[1:] - x[:-1] - h / 2 * (f[1:] + f[:-1])]).ravel()

    def cost(z):
        w = z.reshape(n + 1, 3)
        at = running_cost(w[:, :2], w[:, 2])
        return h * (at.sum() - (at[0] + at[-1]) / 2)

    return defects, cost


@family("jacobian", small=5, large=4_000)
def control_defects(n):
    """Trapezoidal collocation, states and control of a node together: a band."""
    defects, _ = _trapezoid(n)
    k = 3 * np.arange(n)
    own = np.array([[0, 1, 3, 4, 4, 4], [0, 1, 2, 3, 4, 5]])
    rows = 2 + 2 * np.arange(n)[:, None] + np.array([[0], [1]])[:, None]
    columns = k[:, None] + own[:, None]
    first = entries([0, 1], [0, 1], (2 * n + 2, 3 * n + 3))
    pattern = any_of(entries(rows, columns, (2 * n + 2, 3 * n + 3)), first)
    start = 0.3 * np.cos(np.arange(3 * n + 3))
    return Problem(defects, start, pattern, colours={"columns": 6})


@family("hessian", small=4, large=2_000)
def control_lagrangian(n):
    """Trapezoidal collocation: the Hessian of the Lagrangian in the unknowns, multipliers fixed; blocks of a node."""
    defects, cost = _trapezoid(n)
    multipliers = np.cos(np.arange(2 * n + 2)) + 0.1

    def f(z):
        return cost(z) + np.dot(multipliers, defects(z))

    k = 3 * np.arange(n + 1)
    pattern = cliques(np.stack([k, k + 1], axis=1), 3 * n + 3)
    start = 0.3 * np.cos(np.arange(3 * n + 3))
    return Problem(f, start, pattern, colours={"star": 2, "acyclic": 2})


def _hermite_simpson(n):
    """Lagrangian, start and pattern; two multipliers first, then by interval state, two controls, two multipliers."""
    h = LENGTH / n

    def lagrangian(z):
        w = z[2:-3].reshape(n, 6)
        x = np.concatenate([w[:, :2], z[None, -3:-1]])
        u = np.concatenate([w[:, 2], z[-1:]])
        middle, multipliers = w[:, 3], w[:, 4:]
        f = dynamics(x, u)
        between = (x[1:] + x[:-1]) / 2 + h / 8 * (f[:-1] - f[1:])
        f_between = dynamics(between, middle)
        defects = x[1:] - x[:-1] - h / 6 * (f[:-1] + 4 * f_between + f[1:])
        ends, inner = running_cost(x, u), running_cost(between, middle)
        cost = h / 6 * np.sum(ends[:-1] + 4 * inner + ends[1:])
        return cost + np.sum(multipliers * defects) + z[:2] @ (x[0] - INITIAL)

    size = 6 * n + 5
    k = 2 + 6 * np.arange(n)[:, None]
    # The states and controls of two nodes all meet in the square of the state between, the multipliers meet them.
    after = np.where(k == k[-1], 6 * n + 2, k + 6)
    nodes = np.concatenate([k + np.arange(3), after + np.arange(3)], axis=1)
    kinds = [cliques(nodes, size)]
    for multiplier, met in ((k + 4, nodes), (k + 5, np.concatenate([nodes, k + 3], axis=1))):
        kinds += [entries(multiplier, met, (size, size)), entries(met, multiplier, (size, size))]
    kinds += [entries([0, 1, 2, 3], [2, 3, 0, 1], (size, size))]
    full = any_of(*kinds).tolil()
    empty = np.concatenate([[0, 1], (k + 4).ravel(), (k + 5).ravel()])
    full[empty, empty] = False
    pattern = full.tocsr()
    pattern.eliminate_zeros()
    return lagrangian, 0.4 + 0.3 * np.cos(np.arange(size)), pattern


@family("hessian", small=4, large=1_000)
def control_saddle(n):
    """Compressed Hermite-Simpson collocation: the Hessian of the Lagrangian in unknowns and multipliers, banded."""
    lagrangian, start, pattern = _hermite_simpson(n)
    return Problem(lagrangian, start, pattern, colours={"star": 10, "acyclic": 8})


@family("jacobian", small=4, large=1_000)
def control_kkt(n):
    """The same matrix as the Jacobian of the first-order conditions, which a gradient of dualrev states."""
    lagrangian, start, pattern = _hermite_simpson(n)
    return Problem(dr.grad(lagrangian), start, pattern, colours={"columns": 13})
