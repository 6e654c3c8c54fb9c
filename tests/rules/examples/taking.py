"""Examples: entries taken by position or condition."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47])
ROWS = np.array([[0, 2], [1, 1]])


def with_out(x):
    y = np.empty_like(x, shape=(2, 2))
    np.take(x, ROWS, out=y)
    return y


EXAMPLES = {
    "take": [
        Example(lambda x: np.take(x, [0, 0, 5]), X, analytic=True),
        Example(lambda x: np.take(x, ROWS, axis=1), X),
        Example(lambda x: x.take([4, -1], axis=0, mode="wrap"), X),
        Example(lambda x: np.take(x, [7, -3], mode="clip"), X),
        Example(with_out, X),
    ],
    "take_along_axis": [
        Example(lambda x: np.take_along_axis(x, ROWS, axis=1), X, analytic=True),
        Example(lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0), X),
        Example(lambda x: np.take_along_axis(x, np.array([3, 0]), axis=None), X),
    ],
    "compress": [
        Example(lambda x: np.compress([True, False, True], x, axis=1), X, analytic=True),
        Example(lambda x: x.compress([False, True]), X),
    ],
    "extract": [
        Example(lambda x: np.extract(X > 0.0, x), X, analytic=True),
        Example(lambda x: np.extract(x > 0.0, x), X, lanes=False),
    ],
    "choose": [
        Example(lambda x, v: np.choose([0, 1, 0], [v, x]), X, V, analytic=True),
        Example(lambda x: np.choose([2, 5, -1], [x, x * x, 1.0], mode="wrap"), V),
        Example(lambda x: np.choose([2, 5, -1], [x, x * x, 1.0], mode="clip"), V),
    ],
    "select": [
        Example(lambda x: np.select([x > 1.0, x > 0.0], [x * x, 2.0 * x], default=-1.0), X),
        Example(lambda x, v: np.select([X > 0.0], [x], v), X, V, analytic=True),
    ],
}
