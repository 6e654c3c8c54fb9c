"""Differences, numerical gradients, trapezoidal sums, interpolation."""

import numpy as np

from dualrev.core.primitive import ENTRIES
from tests.rules.examples import Example

_rng = np.random.default_rng(24)
X, Y = _rng.normal(size=(3, 4)), _rng.normal(size=(3, 4))
Z = X + 1j * Y
GRID = np.array([0.0, 0.4, 1.1, 1.5])
LEVELS = np.array([1.0, 3.0, -2.0, 0.5])
INSIDE = np.array([[-0.8, 0.2, 0.9], [1.2, 1.4, 2.3]])

EXAMPLES = {
    "diff": [
        Example(np.diff, X),
        Example(lambda x: np.diff(x, 2, axis=0), Z),
        Example(lambda x: np.diff(x, 0), X),
        Example(lambda x, p: np.diff(x, prepend=p, append=2.0), X, 0.7),
        Example(lambda x: np.diff(x, 2, 0, prepend=x, append=x[:1]), X),
        Example(lambda p: np.diff(np.arange(4.0), prepend=p), 0.7),
    ],
    "ediff1d": [
        Example(np.ediff1d, X),
        Example(lambda x, e: np.ediff1d(x, e, to_begin=x[0, 0]), X, LEVELS),
        Example(lambda x: np.ediff1d(x, to_end=[1.0, 2.0]), Z),
    ],
    "gradient": [
        Example(np.gradient, X),
        Example(lambda x: np.gradient(x, edge_order=2), Z),
        Example(lambda x: np.gradient(x, 0.5, axis=1), X),
        Example(lambda x: np.gradient(x, 0.5, GRID), X),
        Example(lambda x: np.gradient(x, 0.5, 2.0, axis=(1, 0)), X),
        Example(lambda x, h: np.gradient(x, h), X, 0.7),
        Example(lambda x, g: np.gradient(x, g, axis=-1), X, GRID),
        Example(lambda x, g: np.gradient(x, g, axis=1, edge_order=2), X, GRID),
        Example(lambda x, h, g: np.gradient(x, h, g), X, 0.7, GRID),
    ],
    "trapezoid": [
        Example(np.trapezoid, X),
        Example(np.trapezoid, X, Y),
        Example(np.trapezoid, X, GRID),
        Example(lambda y: np.trapezoid(y, dx=0.3, axis=0), Z),
        Example(lambda y, d: np.trapezoid(y, dx=d, axis=0), X, 0.7),
        Example(lambda y, d: np.trapezoid(y, dx=d), X, GRID[1:]),
        Example(lambda y, x: np.trapezoid(y, x, axis=0), X, Y),
    ],
    "interp": [
        Example(lambda x: np.interp(x, GRID, LEVELS), INSIDE),
        Example(np.interp, INSIDE, GRID, LEVELS),
        Example(lambda x, f: np.interp(x, GRID, f), INSIDE, LEVELS * (1 + 2j)),
        Example(
            lambda x, f, a, b: ENTRIES[np.interp].call(x, GRID, f, left=a, right=b),
            INSIDE,
            LEVELS,
            0.3,
            -0.2,
        ),
        Example(lambda x, g, f: np.interp(x, g, f, period=1.7), INSIDE, GRID, LEVELS),
        Example(
            lambda x, g, f, p: ENTRIES[np.interp].call(x, g, f, period=p),
            INSIDE,
            GRID,
            LEVELS,
            1.7,
        ),
        Example(lambda x, f: np.interp(x, [0.0], f), INSIDE, LEVELS[:1]),
    ],
}
