"""Uses of sums, products, extremes and running totals, and of methods of ufuncs."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[1.9, -0.7, 0.4, 2.6], [-1.5, 3.1, 1.1, -2.3]])
Y = np.array([[0.8, -1.2], [1.7, 0.5], [-0.4, 1.3]])
Z = Y + 1j * Y[::-1]
CUBE = np.arange(12.0).reshape(2, 3, 2)[::-1] * 0.31 - 1.4
W = np.array([[True, False, True, True], [False, True, True, False]])


def into(f):
    """Write the result of a reduction of the rows into an array."""

    def g(x):
        out = np.zeros_like(x[:, 0])
        f(x * x, axis=1, out=out)
        return out * 2.0

    return g


SUMS = {
    name: [
        Example(f, Y, analytic=True),
        Example(f, Z),
        Example(lambda x, f=f: f(x, axis=0), Y, analytic=True),
        Example(lambda x, f=f: f(x, axis=(0, -1), keepdims=True), CUBE, analytic=True),
        Example(lambda x, f=f: f(x, axis=1, where=W), X, analytic=True),
        Example(lambda x, f=f: f(x, axis=0, initial=0.5, where=W), X, analytic=True),
        Example(lambda x, f=f: f(x, axis=0, initial=x[0, 1]), Y, analytic=True),
        Example(lambda x, f=f: f(x, dtype=complex), Y),
        Example(lambda x, f=f: f(x > 0.1) * f(x), Y),
        Example(into(f), X),
        Example(lambda x, f=f: f(x[:, :0], axis=1) + x[:, 0], Y),
        Example(lambda x, f=f: f([x[0, 0], x[2, 0], x[1, 1]]), Y, analytic=True),
    ]
    for name, f in {"sum": np.sum, "prod": np.prod}.items()
}
SUMS["sum"] += [
    Example(lambda x: np.add.reduce(x, axis=1), Y),
    Example(lambda x: np.add.reduceat(x, [0, 2, 1], axis=1), X),
    Example(lambda x: np.add.reduceat(x, [1, 0]), X, analytic=True),
]
SUMS["prod"] += [
    Example(np.prod, np.array([1.5, 0.0, -0.7])),
    Example(lambda x: np.prod(x, axis=0), np.array([[1.5, 0.0], [0.0, 0.0], [2.0, -1.0]])),
]

EXTREMES = {
    name: [
        Example(f, X),
        Example(lambda x, f=f: f(x, axis=0), X),
        Example(lambda x, f=f: f(x, axis=(0, -1), keepdims=True), CUBE),
        Example(lambda x, f=f: f(x, axis=1, initial=0.9, where=W), X),
        Example(lambda x, f=f: f(x, axis=1, initial=x[0, 2] + 0.1), X),
        Example(lambda x, f=f: f(x[:0], axis=0, initial=0.9) + x[0], X),
        Example(into(f), X),
        Example(lambda x, u=u: u.reduce(x, axis=-1, keepdims=True), X),
        Example(lambda x, u=u: u.accumulate(x, axis=1), X),
        Example(lambda x, u=u: u.accumulate(x), X),
    ]
    for name, f, u in (("max", np.max, np.maximum), ("min", np.min, np.minimum))
}

RUNNING = {
    name: [
        Example(f, Y, analytic=True),
        Example(lambda x, f=f: f(x, axis=0), Z),
        Example(lambda x, f=f: f(x, axis=-1, dtype=complex), X),
        Example(lambda x, f=f: f(x[0, 0]), Y),
        Example(lambda x, f=f: f(x, axis=1, out=np.zeros_like(x)), X),
    ]
    for name, f in {"cumsum": np.cumsum, "cumprod": np.cumprod}.items()
}

CUMULATIVE = (
    {
        name: [
            Example(lambda x, f=f: f(x[0]), Y, analytic=True),
            Example(lambda x, f=f: f(x, axis=0, include_initial=True), Y, analytic=True),
            Example(lambda x, f=f: f(x, axis=1, dtype=complex), X),
            Example(lambda x, f=f: f(x, axis=1, out=np.zeros_like(x)), X),
        ]
        for name, f in {
            "cumulative_sum": np.cumulative_sum,
            "cumulative_prod": np.cumulative_prod,
        }.items()
    }
    if hasattr(np, "cumulative_sum")
    else {}
)

METHODS = {
    "fmax": [
        Example(lambda x: np.fmax.reduce(x, axis=1, keepdims=True), X),
        Example(lambda x: np.fmax.accumulate(x, axis=1), X),
    ],
    "fmin": [
        Example(lambda x: np.fmin.reduce(x, axis=(0, 1), initial=4.0, where=W), X),
        Example(lambda x: np.fmin.accumulate(x), X),
    ],
    "logaddexp": [
        Example(lambda x: np.logaddexp.reduce(x, axis=1, keepdims=True), X),
        Example(lambda x: np.logaddexp.reduce(x, axis=None), X),
        Example(lambda x: np.logaddexp.reduce(x, axis=1, initial=x[0, 1], where=W), X),
        Example(lambda x: np.logaddexp.reduce(x, dtype=np.float64), X),
    ],
    "logaddexp2": [Example(lambda x: np.logaddexp2.reduce(x, axis=(0, 1)), X)],
}

ALIASES = {
    "amax": [Example(lambda x: np.amax(x, axis=0), X)],
    "amin": [Example(lambda x: np.amin(x, axis=0), X)],
}
EXAMPLES = ALIASES | SUMS | EXTREMES | RUNNING | CUMULATIVE | METHODS
