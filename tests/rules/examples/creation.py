"""Examples: arrays like another, copies, conversions."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])


EXAMPLES = {
    "full_like": [
        Example(lambda x: np.full_like(x, x[0, 1]), X),
        Example(lambda x: np.full_like(x, 2.5) * x, X),
        Example(lambda x: np.full_like(x, x[0, :1], shape=(2, 2)), X),
    ],
    "copy": [
        Example(lambda x: np.copy(x) * x, X, analytic=True),
        Example(lambda x: np.copy(x.T, order="F"), X),
    ],
    "astype": [
        Example(lambda x: np.astype(x, complex) * 1j, X),
        Example(lambda x: x.astype(int) * x, X),
        Example(lambda x: np.astype(x, float, copy=False) * x, X),
    ],
}

CONSTANTS = {
    # What is in an empty array is no promise.
    "empty_like": [
        lambda x: np.empty_like(x).shape,
        lambda x: np.empty_like(x, dtype=np.float32).dtype,
        lambda x: np.empty_like(x, shape=(4,)).shape,
    ],
    "zeros_like": [
        np.zeros_like,
        lambda x: np.zeros_like(x, dtype=np.float32, order="F"),
        lambda x: np.zeros_like(x, dtype=bool),
        lambda x: np.zeros_like(x, shape=(2, 2)),
    ],
    "ones_like": [np.ones_like, lambda x: np.ones_like(x, dtype=int, shape=3)],
    "array_equal": [
        lambda x: np.array_equal(x, x),
        lambda x: np.array_equal(x, x + 1.0),
        lambda x: np.array_equal(x[0], x),
    ],
    "array_equiv": [lambda x: np.array_equiv(x, x[:1]), lambda x: np.array_equiv(x, x + 0.0)],
    "allclose": [lambda x: np.allclose(x, x + 1e-12), lambda x: np.allclose(x, 0.5, rtol=0.1)],
    "isclose": [lambda x: np.isclose(x, 0.62), lambda x: np.isclose(0.5, x, atol=0.2)],
}
