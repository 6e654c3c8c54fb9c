"""Examples: arithmetic with two results, and what of it is locally constant."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
B = np.array([0.5, 0.7, -1.1])

EXAMPLES = {
    "divmod": [
        Example(lambda x: np.divmod(x, B), X),
        Example(lambda x, b: np.divmod(x, b)[1], X, B),
        Example(lambda b: divmod(2.6, b), B + 0.1),
    ],
    "modf": [Example(np.modf, X), Example(lambda x: np.modf(x * x)[0] * x, X)],
}

CONSTANTS = {
    "around": [lambda x: np.around(x, 1)],
    "round": [np.round, lambda x: np.round(x, 1), lambda x: x.round(1)],
}
