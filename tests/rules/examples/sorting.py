"""Uses of sorting and partial sorting."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[1.9, -0.7, 0.4, 2.6], [-1.5, 3.1, 1.1, -2.3]])
Z = X + 1j * X[::-1]

EXAMPLES = {
    "sort": [
        Example(np.sort, X),
        Example(np.sort, Z),
        Example(lambda x: np.sort(x, axis=0, kind="mergesort"), X),
        Example(lambda x: np.sort(x, axis=None, stable=True), X),
    ],
    "partition": [
        Example(lambda x: np.partition(x, 1), X),
        Example(lambda x: np.partition(x, 1, axis=0), X),
        Example(lambda x: np.partition(x, [1, -2], axis=None), X),
        Example(lambda x: np.partition(x, (0, 2), axis=1, kind="introselect"), Z),
    ],
    "sort_complex": [Example(np.sort_complex, Z), Example(np.sort_complex, X)],
}
CONSTANTS = {
    "lexsort": [np.lexsort, lambda x: np.lexsort((x[0], x[1])), lambda x: np.lexsort(x, axis=0)],
    "unravel_index": [lambda x: np.unravel_index(np.argmax(x), (2, 3))],
    "ravel_multi_index": [lambda x: np.ravel_multi_index((np.argmin(x), 1), (6, 2), mode="clip")],
}
