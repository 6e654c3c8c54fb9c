"""Integrals of samples: trapezoid, simpson, romb and the cumulative ones."""

import numpy as np
from scipy import integrate

from dualrev.core.mirror import answering
from tests.rules.examples import Example

_rng = np.random.default_rng(61)
X, Y = _rng.normal(size=(3, 4)), _rng.normal(size=(3, 4))
Z = X + 1j * Y
ODD = _rng.normal(size=(2, 5))
GRID = np.array([0.0, 0.4, 1.1, 1.5])
LONG = np.array([0.2, 0.5, 1.1, 1.3, 2.0])
EACH = np.cumsum(0.2 + _rng.random((3, 4)), axis=1)
STEPS = 0.3 + _rng.random((3, 1))

trapezoid, simpson, romb, running_trapezoid, running_simpson = map(
    answering,
    (
        integrate.trapezoid,
        integrate.simpson,
        integrate.romb,
        integrate.cumulative_trapezoid,
        integrate.cumulative_simpson,
    ),
)

EXAMPLES = {
    "integrate.trapezoid": [
        Example(trapezoid, X, GRID),
        Example(trapezoid, X, EACH),
        Example(lambda y: trapezoid(y, dx=0.3, axis=0), Z),
        Example(lambda y, d: trapezoid(y, dx=d, axis=0), X, 0.7),
    ],
    "integrate.cumulative_trapezoid": [
        Example(running_trapezoid, X, GRID),
        Example(running_trapezoid, X, EACH),
        Example(lambda y: running_trapezoid(y, dx=0.3, axis=0, initial=0), Z),
        Example(lambda y, d: running_trapezoid(y, dx=d, axis=0), X, 0.7),
        Example(lambda y: running_trapezoid(y, axis=0, initial=0), X[:1]),
    ],
    "integrate.simpson": [
        Example(simpson, ODD, LONG),
        Example(simpson, X, GRID),
        Example(simpson, X, EACH),
        Example(lambda y: simpson(y, dx=0.3, axis=0), Z),
        Example(lambda y, d: simpson(y, dx=d), X, 0.7),
        Example(lambda y, d: simpson(y, dx=d), ODD, 0.7),
        Example(lambda y, d: simpson(y, dx=d), X[:, :2], 0.7),
        Example(lambda y, x: simpson(y, x), X[:, :2], GRID[:2]),
        Example(lambda y, x: simpson(y, x, axis=0), X, GRID[:3]),
        Example(lambda y: simpson(y, np.array([0.0, 0.5, 0.5, 1.0])), X),
        Example(lambda y: simpson(y, np.array([0.0, 0.5, 0.5, 1.0, 1.4])), ODD),
    ],
    "integrate.cumulative_simpson": [
        Example(lambda y, x: running_simpson(y, x=x), ODD, LONG),
        Example(lambda y, x: running_simpson(y, x=x, initial=0.5), X, EACH),
        Example(lambda y: running_simpson(y, dx=0.3, axis=0), Z),
        Example(lambda y, d, i: running_simpson(y, dx=d, initial=i), X, 0.7, 0.2),
        Example(lambda y, d, i: running_simpson(y, dx=d, initial=i), X, STEPS, STEPS),
        Example(lambda y, d: running_simpson(y, dx=d, axis=0), X, (STEPS.T @ X)),
        Example(lambda y, x: running_simpson(y, x=x), X[:, :2], EACH[:, :2]),
        Example(lambda y: running_simpson(y[:, 0] * y[:, 1]), X),
    ],
    "integrate.romb": [
        Example(romb, ODD),
        Example(lambda y, d: romb(y, d, 0), np.concatenate([X, ODD[:, :4]]), 0.7),
        Example(lambda y: romb(y, dx=0.5), Z[:, :3]),
        Example(lambda d: romb([1.0, 2.0, 4.0], dx=d), 0.3),
    ],
}
