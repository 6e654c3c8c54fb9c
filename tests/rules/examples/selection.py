"""Examples: choices by a condition."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, 0.21, 0.47], [0.35, 0.83, 0.56]])
Y = np.array([0.1, -0.7, 1.9])
MASK = np.array([[True, False, True], [False, True, True]])


def with_out(x):
    y = np.empty_like(x)
    np.clip(x, 0.3, 0.6, out=y)
    return y


EXAMPLES = {
    "where": [
        Example(lambda x, y: np.where(MASK, x, y), X, Y, analytic=True),
        Example(lambda x: np.where(x > 0.5, x, 0.0), X),
        Example(lambda x: np.where(x[0, 0] > 0.5, x * x, 1j), X),
        Example(lambda m, x: np.where(m, x, x * x), MASK, X, analytic=True),
    ],
    "clip": [
        Example(lambda x: np.clip(x, 0.3, 0.6), X),
        Example(lambda x: np.clip(x, None, 0.5), X),
        Example(lambda x, y: np.clip(x, y, y + 1.0), X, Y),
        Example(lambda x: x.clip(min=0.4), X),
        Example(lambda x: np.clip(x, max=0.5), X),
        Example(with_out, X),
    ],
}

CONSTANTS = {
    "searchsorted": [
        lambda x: np.searchsorted(np.sort(x[0]), x[1]),
        lambda x: np.searchsorted([0.2, 0.5], x, side="right"),
        lambda x: np.sort(x[0]).searchsorted(0.5),
    ],
    "digitize": [
        lambda x: np.digitize(x, np.array([0.0, 0.5])),
        lambda x: np.digitize(x, [0.5, 0.21], right=True),
    ],
    "argpartition": [lambda x: np.argpartition(x, 1), lambda x: x.argpartition(1, axis=0)],
    "argsort": [np.argsort, lambda x: np.argsort(x, axis=None), lambda x: x.argsort(axis=0)],
    "argmax": [
        np.argmax,
        lambda x: np.argmax(x, axis=1),
        lambda x: x.argmax(axis=0, keepdims=True),
    ],
    "argmin": [np.argmin, lambda x: np.argmin(x, axis=1), lambda x: x.argmin(axis=0)],
    "nanargmax": [np.nanargmax, lambda x: np.nanargmax(x, axis=1)],
    "nanargmin": [np.nanargmin, lambda x: np.nanargmin(x, axis=1)],
    "nonzero": [np.nonzero, lambda x: (x > 0.5).nonzero()],
    "any": [np.any, lambda x: np.any(x, axis=1), lambda x: x.any(keepdims=True)],
    "all": [np.all, lambda x: np.all(x, axis=1), lambda x: x.all(axis=0)],
    "count_nonzero": [np.count_nonzero, lambda x: np.count_nonzero(x, axis=1)],
}
