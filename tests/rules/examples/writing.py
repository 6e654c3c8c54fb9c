"""Examples: writing into traced arrays."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47])
MASK = np.array([[True, False, True], [False, True, True]])
A = np.array([[2.1, 0.3, -0.4], [0.5, 1.7, 0.2], [-0.1, 0.6, 2.4], [0.8, -0.5, 1.2]])


def into(write):
    """Return a function that writes into a copy of its first argument.

    The copy is traced if any argument is: a plain array cannot hold traced values.
    """

    def f(x, *others):
        y = x * 1.0 + sum(0.0 * v[0] for v in others)
        write(y, *others)
        return y

    return f


def entries(y, v):
    y[0] = v[1] * v
    y[1, ::2] = 3.0 * v[:2]
    y[1, [1, 1]] += v[2]


def masked(y, v):
    y[MASK] = 2.0
    y[:, 1][~MASK[:, 1]] *= v[0]


def rows(y, v):
    for row in y:
        row[1:] -= v[0] * row[:-1]


EXAMPLES = {
    "setitem": [
        Example(into(entries), X, V, analytic=True),
        Example(into(masked), X, V),
        Example(into(rows), X, V, analytic=True),
        Example(into(lambda y: y.__setitem__(y > 1.0, 0.5)), X, lanes=False),
    ],
    "copyto": [
        Example(into(np.copyto), X, V, analytic=True),
        Example(into(lambda y, v: np.copyto(y, v, where=MASK)), X, V),
        Example(into(lambda y: np.copyto(y[0], 3.0)), X),
    ],
    "put": [
        Example(into(lambda y, v: np.put(y, [0, 4, -1], v)), X, V, analytic=True),
        Example(into(lambda y, v: y.put([7, 9], v[:1], mode="wrap")), X, V),
        Example(into(lambda y, v: np.put(y, [17, 2], v, mode="clip")), X, V),
    ],
    "place": [Example(into(lambda y, v: np.place(y, MASK, v)), X, V, analytic=True)],
    "putmask": [
        Example(into(lambda y, v: np.putmask(y, MASK, v)), X, V, analytic=True),
        Example(into(lambda y: np.putmask(y, y > 0.0, -y)), X, lanes=False),
    ],
    "fill_diagonal": [
        Example(into(np.fill_diagonal), X, V, analytic=True),
        Example(into(lambda y, v: np.fill_diagonal(y, v[0], wrap=True)), A, V),
    ],
    "put_along_axis": [
        Example(
            into(lambda y, v: np.put_along_axis(y, np.array([[2], [0]]), v[:1], axis=1)),
            X,
            V,
            analytic=True,
        ),
        Example(into(lambda y, v: np.put_along_axis(y, np.array([5, 1]), v[:2], axis=None)), X, V),
    ],
}
