"""Examples: Einstein's summation in all its ways of being written."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47])
A = np.array([[2.1, 0.3, -0.4], [0.5, 1.7, 0.2], [-0.1, 0.6, 2.4]])
S = np.stack([X, 0.5 - X[::-1]])

EXAMPLES = {
    "einsum": [
        Example(lambda x, a: np.einsum("ij,jk->ik", x, a), X, A, analytic=True),
        Example(lambda x: np.einsum("ij,kj->ik", x, x), X, analytic=True),
        Example(lambda x: np.einsum("ij->j", x), X),
        Example(lambda a: np.einsum("ii", a), A),
        Example(lambda a: np.einsum("ii->i", a), A),
        Example(lambda x: np.einsum("...j,j", x, V), S),
        Example(lambda s, v: np.einsum("...ij,j->i...", s, v), S, V),
        Example(lambda x, a: np.einsum(x, [0, 1], a, [1, 2], [2, 0]), X, A),
        Example(lambda x, a, v: np.einsum("ij,jk,k", x, a, v, optimize=True), X, A, V),
        Example(lambda x, v: np.einsum("ij,j", x, v, optimize="greedy"), X + 1j * X[::-1], V),
    ],
}

CONSTANTS = {
    "einsum_path": [lambda x: np.einsum_path("ij,jk,kl", x, x.T, x, optimize="greedy")],
}
