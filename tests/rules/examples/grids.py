"""Examples: numbers between ends that vary."""

import numpy as np

from tests.rules.examples import Example

A, B = np.array([0.3, 1.2, -0.7]), np.array([[1.5], [2.1]])
P, Q = np.array([0.4, 1.7]), np.array([[2.1, 0.9], [3.0, 1.1]])
Z, W = np.array([0.6 + 0.2j, 1.0 - 0.7j]), np.array([1.4 - 0.5j, -0.3 + 2.0j])

EXAMPLES = {
    "linspace": [
        Example(lambda a, b: np.linspace(a, b, 4), A, B, analytic=True),
        Example(lambda a, b: np.linspace(a, b, 5, endpoint=False, axis=-1), A, B, analytic=True),
        Example(lambda a, b: np.linspace(a, b, 3, axis=1, retstep=True), A, B, analytic=True),
        Example(lambda a: np.linspace(a, 2, 3, retstep=True, endpoint=False), A[0]),
        Example(lambda b: np.linspace(0, b, 3, dtype=complex) * b, B[0, 0]),
        Example(lambda a: np.linspace([a[0], 1.0], a[1:], 1), A),
        Example(lambda a: np.linspace(a, a, 3), A),
        Example(lambda a: np.linspace(a, 1.0, 0), A),
        Example(lambda a, b: np.linspace(a, b, 4), Z, W),
    ],
    "logspace": [
        Example(lambda a, b: np.logspace(a, b, 4), A, B, analytic=True),
        Example(lambda a, b: np.logspace(a, b, 3, endpoint=False, base=2, axis=-1), A, B),
        Example(lambda a, p: np.logspace(a, 1.0, 3, base=p), A, P[0]),
        Example(lambda a, q: np.logspace(a, 1.0, 3, base=q, axis=-1), A[:2], Q),
        Example(lambda a: np.logspace(a, 1.5, 3, dtype=complex) * a, A),
    ],
    "geomspace": [
        Example(lambda p, q: np.geomspace(p, q, 4), P, Q),
        Example(lambda p, q: np.geomspace(-p, -q, 3, endpoint=False, axis=-1), P, Q),
        Example(lambda p: np.geomspace(p, 5, 5, axis=1), P),
        Example(lambda z, w: np.geomspace(z, w, 4), Z, W),
        Example(lambda z: np.geomspace(z, 2.0, 3), Z),
        Example(lambda p: np.geomspace(1.0, p, 1), P),
        Example(lambda p: np.geomspace(p, 3.0, 2), P),
        Example(lambda p: np.geomspace(p, 3.0, 0), P),
        Example(lambda p: np.geomspace(p[0], 3.0, 4, dtype=complex), P),
    ],
    "ix_": [
        Example(lambda a, b: np.ix_(a, b), A, P, analytic=True),
        Example(lambda a: np.ix_([True, False, True], a, [1])[1] * a, A),
    ],
}
