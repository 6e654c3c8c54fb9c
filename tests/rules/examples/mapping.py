"""Examples: functions that NumPy calls on slices, axes and pieces."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, 0.21, 0.47], [0.35, 0.83, 0.56]])
V = np.array([0.62, -0.21, 1.47, -0.35])
POSITIVE, SMALL = V > 0, np.abs(V) < 0.5
SQUARE = (lambda v: v * v, lambda v: v**3)

EXAMPLES = {
    "apply_along_axis": [
        Example(lambda x: np.apply_along_axis(np.sum, 0, x * x), X, analytic=True),
        Example(lambda x: np.apply_along_axis(lambda v: v * v[0], 1, x), X, analytic=True),
        Example(lambda x: np.apply_along_axis(lambda v: np.outer(v, v), 0, x), X, analytic=True),
        Example(lambda x: np.apply_along_axis(np.outer, -2, x[:, None], x[0]), X),
        Example(lambda x: np.apply_along_axis(lambda v, *, k: v**k, 0, x[0], k=2), X),
        Example(lambda x: np.apply_along_axis(lambda v: [v[0], 2.0, v[1] * v[0]], 0, x), X),
    ],
    "apply_over_axes": [
        Example(lambda x: np.apply_over_axes(np.sum, x * x[0], [0, 1]), X, analytic=True),
        Example(lambda x: np.apply_over_axes(np.cumsum, x * x, (0, -1)), X),
        Example(lambda x: np.apply_over_axes(lambda a, k: np.prod(a, k, keepdims=True), x, -1), X),
    ],
    "piecewise": [
        Example(lambda v: np.piecewise(v, [POSITIVE, SMALL], SQUARE), V, analytic=True),
        Example(lambda v: np.piecewise(v, [POSITIVE, SMALL], [*SQUARE, 0.5]), V, analytic=True),
        Example(lambda v: np.piecewise(v, [v > 0], SQUARE), V, lanes=False),
        Example(
            lambda v: np.piecewise(v, v > 0, [lambda v, p, q: p * v**q, 1], v[0], q=2),
            V,
            lanes=False,
        ),
        Example(lambda v: np.piecewise(v, [SMALL, POSITIVE], [lambda v: np.sum(v), v[0]]), V),
        Example(lambda v: np.piecewise(v[0], [False, True], [*SQUARE, 3.0]), V),
        Example(lambda x: np.piecewise(x * x, [[True, False]], SQUARE), X),
    ],
}

CONSTANTS = {"frompyfunc": [lambda x: np.frompyfunc(abs, 1, 1).nin]}
