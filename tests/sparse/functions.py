"""Functions of which the pattern of the Jacobian is known."""

import numpy as np


def tridiagonal(x):
    y = x**2
    return y[1:-1] * x[:-2] - np.sin(x[2:])


def arrow(x):
    return np.concatenate([[np.sum(x**3)], x[1:] ** 2 * x[0]])


def branching(x):
    return x**2 if x[0] > 0 else x[::-1] ** 3


def function_of(where, seed=0):
    """A function whose Jacobian has exactly this pattern, at no point with entries of equal size."""
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, where.shape) * (where != 0)
    return lambda x: np.sin(weights @ x) + (weights**2) @ x**2


def band(n, below, above):
    return np.tri(n, n, above) * (1 - np.tri(n, n, -below - 1))


def first_column(n):
    where = np.eye(n)
    where[:, 0] = 1
    return where
