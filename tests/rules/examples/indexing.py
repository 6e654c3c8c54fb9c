"""Examples: reading entries."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
MASK = np.array([[True, False, True], [False, True, True]])

EXAMPLES = {
    "getitem": [
        Example(lambda x: x[1], X, analytic=True),
        Example(lambda x: x[1, -1], X, analytic=True),
        Example(lambda x: x[..., None, ::-2], X),
        Example(lambda x: x[[1, 1, 0]], X),
        Example(lambda x: x[MASK], X),
        Example(lambda x: x[:, [True, False, True]], X),
        Example(lambda x: x[x > 1.0], X, lanes=False),
        Example(lambda x: x[[0, 1], :][:, np.array([2, 2])], X),
        Example(lambda x: x[np.ix_([1, 0], [0, 2])], X),
        Example(lambda x: x[np.array([[0], [1]]), np.array([1, 0, 1])], X),
        Example(lambda x: np.array([x[0, 0], x[1, 2]]), X),
        Example(lambda x: x[()], X),
        Example(lambda x: x.flat[1:4], X),
    ],
}
