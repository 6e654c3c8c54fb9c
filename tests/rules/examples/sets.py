"""Uses of sets: the values are differentiated, positions and counts are not."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[1.9, -0.7, 0.4], [-1.5, 3.1, 1.2]])
Z = X + 1j * X[::-1]
OTHER = np.array([0.8, 5.0, -1.1, 2.4])


def first(f):
    return lambda *args: f(*args)[0]


def shape_varies(f, *arrays):
    return Example(f, *arrays, lanes=False)


def once(f, *options):
    """Compare with entries of the same array, so that what is equal stays equal."""
    return lambda x: f(x, x[0, ::2] * 1.0, *options)


EXAMPLES = {
    "unique": [
        shape_varies(np.unique, X),
        shape_varies(np.unique, Z),
        shape_varies(lambda x: np.unique(np.stack([x, x[::-1]])), X),
        shape_varies(lambda x: np.unique(x, True, True, True)[0], X),
        shape_varies(lambda x: np.unique(x[[0, 1, 0]], axis=0), X),
        shape_varies(lambda x: np.unique(x[:, [1, 0, 1]], True, axis=-1)[0], X),
        shape_varies(lambda x: np.unique(x, return_counts=True, equal_nan=False)[0], X),
        shape_varies(lambda x: np.unique(x[0, 0]), X),
    ],
    "unique_all": [shape_varies(lambda x: np.unique_all(x).values, X)],
    "unique_counts": [shape_varies(lambda x: np.unique_counts(x).values, X)],
    "unique_inverse": [shape_varies(lambda x: np.unique_inverse(x).values, X)],
    "unique_values": [shape_varies(lambda x: np.sort(np.unique_values(x)), X)],
    "intersect1d": [
        shape_varies(once(np.intersect1d), X),
        shape_varies(once(np.intersect1d, True), X),
        shape_varies(first(once(np.intersect1d, False, True)), X),
    ],
    "union1d": [
        shape_varies(np.union1d, X, OTHER),
        shape_varies(lambda x: np.union1d(OTHER, x), Z),
        shape_varies(once(np.union1d), X),
    ],
    "setdiff1d": [
        shape_varies(np.setdiff1d, X, OTHER),
        shape_varies(once(np.setdiff1d), X),
        shape_varies(once(np.setdiff1d, True), X),
    ],
    "setxor1d": [
        shape_varies(np.setxor1d, X, OTHER),
        shape_varies(once(np.setxor1d), X),
        shape_varies(once(np.setxor1d, True), X),
    ],
}
CONSTANTS = {
    "isin": [
        lambda x: np.isin(x, [0.21, 0.47]),
        lambda x: np.isin([0.21, 3.0], x, assume_unique=True, invert=True),
    ]
}
if np.lib.NumpyVersion(np.__version__) >= "2.3.0":
    EXAMPLES["unique"].append(shape_varies(lambda x: np.sort(np.unique(x, sorted=False)), X))
