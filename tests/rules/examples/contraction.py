"""Examples: products that contract axes."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47])
W = np.array([1.3, -0.7, 0.9])
A = np.array([[2.1, 0.3, -0.4], [0.5, 1.7, 0.2], [-0.1, 0.6, 2.4]])
S = np.stack([X, 0.5 - X[::-1]])
Z = X + 1j * X[::-1]
ZV = V + 1j * W


def with_out(x):
    y = np.empty_like(x)
    np.dot(x, A.astype(x.dtype), out=y)
    return y


EXAMPLES = {
    "dot": [
        Example(np.dot, X, A, analytic=True),
        Example(np.dot, V, W, analytic=True),
        Example(lambda x: np.dot(x, x[0]), X, analytic=True),
        Example(lambda x: np.dot(x, 2.5), X),
        Example(lambda x: np.dot(S, x), A),
        Example(lambda x: x.dot(A), S),
        Example(with_out, X),
    ],
    "matmul": [
        Example(np.matmul, X, A, analytic=True),
        Example(lambda x: x @ x.T, X, analytic=True),
        Example(lambda s, v: np.matmul(s, v), S, V),
    ],
    "inner": [
        Example(np.inner, X, A, analytic=True),
        Example(lambda x: np.inner(x, V), X),
        Example(lambda x: np.inner(x, 2.0), V),
        Example(lambda x: np.inner(x, x), S),
    ],
    "outer": [
        Example(np.outer, V, W, analytic=True),
        Example(lambda x: np.outer(x, V), X),
        Example(lambda x: np.outer(x, x), ZV),
    ],
    "vdot": [
        Example(np.vdot, V, W),
        Example(lambda z: np.vdot(z, z), Z),
        Example(np.vdot, ZV, V),
    ],
    "vecdot": [
        Example(np.vecdot, X, V),
        Example(lambda z: np.vecdot(z, ZV), Z),
    ],
    "kron": [
        Example(np.kron, X, V, analytic=True),
        Example(lambda a: np.kron(a, a[:1]), X),
        Example(lambda x: np.kron(2.0, x), V),
    ],
    "cross": [
        Example(np.cross, X, V, analytic=True),
        Example(lambda x: np.cross(x, A[:, :2], axis=0), X.T),
        Example(lambda x: np.cross(x, V, axisa=0, axisc=0), X.T),
    ],
    "tensordot": [
        Example(lambda a, b: np.tensordot(a, b, 1), X, A, analytic=True),
        Example(lambda x: np.tensordot(x, x, ([0, 1], [0, 1])), X, analytic=True),
        Example(lambda x: np.tensordot(x, V, axes=0), X),
        Example(lambda x: np.tensordot(x, S, axes=([1, 0], [2, 1])), X),
    ],
    "linalg.tensordot": [Example(lambda a, b: np.linalg.tensordot(a, b, axes=1), X, A)],
    "linalg.matmul": [Example(np.linalg.matmul, X, A)],
    "linalg.outer": [Example(np.linalg.outer, V, W)],
    "linalg.vecdot": [
        Example(np.linalg.vecdot, X, V),
        Example(lambda z: np.linalg.vecdot(z, X, axis=0), Z),
    ],
    "linalg.cross": [
        Example(np.linalg.cross, X, V),
        Example(lambda x: np.linalg.cross(x, A[:, :2], axis=0), X.T),
    ],
    "linalg.multi_dot": [
        Example(lambda x, a: np.linalg.multi_dot([x, a, V]), X, A, analytic=True),
        Example(lambda x: np.linalg.multi_dot([V, A, x.T, x]), X),
    ],
}
if hasattr(np, "matvec"):  # NumPy 2.2
    EXAMPLES |= {
        "matvec": [Example(np.matvec, X, V), Example(lambda z: np.matvec(S, z), ZV)],
        "vecmat": [Example(np.vecmat, V, A), Example(lambda z: np.vecmat(z, A), Z)],
    }
