"""Examples: diagonals and triangles."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47])
S = np.stack([X, 0.5 - X[::-1]])

EXAMPLES = {
    "diag": [
        Example(np.diag, X, analytic=True),
        Example(lambda x: np.diag(x, k=1), X, analytic=True),
        Example(lambda x: np.diag(x, k=-1), V, analytic=True),
    ],
    "diagflat": [Example(np.diagflat, X), Example(lambda v: np.diagflat(v, 1), V)],
    "diagonal": [
        Example(lambda x: np.diagonal(x, offset=1), X, analytic=True),
        Example(lambda x: x.diagonal(-1), X),
        Example(lambda s: np.diagonal(s, axis1=2, axis2=0), S),
    ],
    "trace": [
        Example(np.trace, X, analytic=True),
        Example(lambda x: np.trace(x, offset=1), X),
        Example(lambda s: s.trace(axis1=1, axis2=2), S),
    ],
    "triu": [Example(np.triu, X, analytic=True), Example(lambda x: np.triu(x, k=1), S)],
    "tril": [Example(np.tril, X, analytic=True), Example(lambda x: np.tril(x, k=-1), S)],
    "linalg.diagonal": [
        Example(np.linalg.diagonal, S),
        Example(lambda x: np.linalg.diagonal(x, offset=1), X),
    ],
    "linalg.trace": [
        Example(np.linalg.trace, S),
        Example(lambda x: np.linalg.trace(x, offset=-1), X),
    ],
}

CONSTANTS = {
    "diag_indices_from": [lambda x: np.diag_indices_from(x[:, :2])],
    "tril_indices_from": [np.tril_indices_from, lambda x: np.tril_indices_from(x, k=1)],
    "triu_indices_from": [np.triu_indices_from, lambda x: np.triu_indices_from(x, k=1)],
}
