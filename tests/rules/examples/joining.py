"""Examples: arrays joined, split, repeated, moved round, inserted and deleted."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
Y = np.array([[1.1, 0.4, -0.8], [0.9, -0.6, 0.3]])
V = np.array([0.62, 0.21, -0.47, 0.35])
S = np.stack([X, Y])


def with_out(x, y):
    out = np.zeros_like(x + y, shape=(4, 3))
    np.concatenate([x, y], out=out)
    return out


EXAMPLES = {
    "concatenate": [
        Example(lambda x, y: np.concatenate([x, y], axis=1), X, Y, analytic=True),
        Example(lambda x: np.concatenate([x, x * x, np.ones((2, 1))], axis=1), X),
        Example(lambda x: np.concatenate((x, [1, 2]), axis=None), X),
        Example(with_out, X, Y),
    ],
    "stack": [
        Example(lambda x, y: np.stack([x, y], axis=1), X, Y, analytic=True),
        Example(lambda x: np.stack([x[0, 0], 2.0, x[1, 1]]), X),
        Example(lambda x: np.stack((x, x * x), axis=-1), X),
    ],
    "hstack": [
        Example(lambda x, y: np.hstack([x, y]), X, Y),
        Example(lambda v: np.hstack([v, v[:2] * v[2:], 1.0]), V),
        Example(lambda v: np.hstack([v[0], v[1]]), V),
    ],
    "vstack": [
        Example(lambda x, y: np.vstack([x, y]), X, Y),
        Example(lambda v: np.vstack([v, v]), V),
    ],
    "dstack": [
        Example(lambda x, y: np.dstack([x, y]), X, Y),
        Example(lambda v: np.dstack([v, v]), V),
    ],
    "column_stack": [
        Example(lambda v: np.column_stack([v, v * v, np.ones((4, 2))]), V),
        Example(lambda x, y: np.column_stack((x, y)), X, Y),
    ],
    "append": [
        Example(np.append, X, V),
        Example(lambda x: np.append(x, [[1.0, 2.0, 3.0]], axis=0), X),
        Example(lambda v: np.append([1.0, 2.0], v[0]), V),
    ],
    "block": [
        Example(lambda x, y: np.block([[x, y], [np.ones((2, 3)), x]]), X, Y),
        Example(lambda v: np.block([v, 1.0, v[0]]), V),
    ],
    "split": [
        Example(lambda x: tuple(np.split(x, 3, axis=1)), X, analytic=True),
        Example(lambda v: tuple(np.split(v, [1, 3])), V),
    ],
    "array_split": [
        Example(lambda x: tuple(np.array_split(x, 3)), V, analytic=True),
        Example(lambda x: tuple(np.array_split(x, 2, axis=-1)), X),
    ],
    "hsplit": [
        Example(lambda x: tuple(np.hsplit(x, 3)), X),
        Example(lambda v: tuple(np.hsplit(v, 2)), V),
    ],
    "vsplit": [Example(lambda x: tuple(np.vsplit(x, 2)), X)],
    "dsplit": [Example(lambda x: tuple(np.dsplit(x, [1, 2])), S)],
    "tile": [
        Example(lambda x: np.tile(x, (2, 1, 2)), X, analytic=True),
        Example(lambda x: np.tile(x, 2), X),
        Example(lambda v: np.tile(v, (2, 3)), V),
    ],
    "repeat": [
        Example(lambda x: np.repeat(x, 2, axis=0), X, analytic=True),
        Example(lambda x: np.repeat(x, [1, 0, 2], axis=1), X),
        Example(lambda x: x.repeat(2), X),
    ],
    "roll": [
        Example(lambda x: np.roll(x, 2), X, analytic=True),
        Example(lambda x: np.roll(x, -1, axis=1), X),
        Example(lambda x: np.roll(x, (1, 2), axis=(0, 1)), X),
    ],
    "resize": [
        Example(lambda x: np.resize(x, (3, 3)), X),
        Example(lambda x: np.resize(x, 4), X),
    ],
    "delete": [
        Example(lambda x: np.delete(x, 1, axis=1), X),
        Example(lambda x: np.delete(x, [0, -1]), X),
        Example(lambda x: np.delete(x, slice(None, None, 2), axis=1), X),
    ],
    "insert": [
        Example(lambda x, v: np.insert(x, [1, 3], v[:2], axis=1), X, V),
        Example(lambda x: np.insert(x, 2, 5.0), X),
        Example(lambda v: np.insert(V, 1, v[0] * v[1]), V),
    ],
    # The zeros are constants: an entry would move off zero in an oracle, and the length change.
    "trim_zeros": [
        Example(lambda v: np.trim_zeros(np.concatenate([[0.0], v, [0.0, 0.0]])), V, lanes=False),
        Example(lambda v: np.trim_zeros(np.append(0.0, v * v), "f"), V, lanes=False),
        Example(lambda v: np.trim_zeros(np.append(v, [0.0]), "b"), V, lanes=False),
    ],
}
if hasattr(np, "unstack"):  # NumPy 2.1
    EXAMPLES["unstack"] = [
        Example(np.unstack, X),
        Example(lambda x: np.unstack(x, axis=1), X),
    ]
