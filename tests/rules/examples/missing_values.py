"""Uses of sums, moments and extremes without NaN."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[1.9, -0.7, 0.4, 2.6], [-1.5, 3.1, 1.2, -2.3], [0.9, 1.6, -0.2, 0.1]])
Z = X + 1j * X[::-1, ::-1]
HOLES = np.array([[False, True, False, False], [True, False, False, True], [False] * 4])
W = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])


def holed(f, **options):
    """Return `f` of an array in which some entries are NaN."""
    return lambda x, *others: f(np.where(HOLES, np.nan, x), *others, **options)


def into(f):
    def g(x):
        out = np.zeros_like(x[:, 0])
        f(np.where(HOLES, np.nan, x * x), axis=1, out=out)
        return out * 2.0

    return g


def reductions(f, *arrays):
    return [
        example
        for x in arrays
        for example in (
            Example(f, x),
            Example(holed(f), x),
            Example(holed(f, axis=0), x),
            Example(holed(f, axis=(0, -1), keepdims=True), x),
        )
    ] + [Example(into(f), X)]


def moments(f):
    return [
        *reductions(f, X, Z),
        Example(holed(f, axis=1, where=W), X),
        Example(holed(f, axis=0, where=W, keepdims=True), Z),
        Example(holed(f, axis=1, dtype=np.float64), X),
    ]


def spreads(f):
    return [
        *moments(f),
        Example(holed(f, axis=1, ddof=1), X),
        Example(holed(f, axis=1, correction=0.5), X),
        Example(lambda x: f(np.where(HOLES, np.nan, x), axis=0, mean=x[2:] * 0.3), X),
    ]


EXAMPLES = {
    "nansum": [*moments(np.nansum), Example(holed(np.nansum, axis=1, initial=0.5), X)],
    "nanprod": [*moments(np.nanprod), Example(holed(np.nanprod, axis=1, initial=0.5), X)],
    "nanmean": moments(np.nanmean),
    "nanvar": spreads(np.nanvar),
    "nanstd": spreads(np.nanstd),
    **{
        f.__name__: [
            *reductions(f, X),
            Example(holed(f, axis=1, initial=0.75, where=W), X),
            Example(lambda x, f=f: f(np.where(HOLES, np.nan, x), axis=1, initial=x[2, 0] / 2), X),
        ]
        for f in (np.nanmax, np.nanmin)
    },
    **{
        f.__name__: [
            Example(holed(f), X),
            Example(holed(f, axis=0), Z),
            Example(lambda x, f=f: np.real(holed(f, axis=1, dtype=complex)(x)), X),
            Example(lambda x, f=f: f(np.where(HOLES, np.nan, x), 1, out=np.zeros_like(x)), X),
        ]
        for f in (np.nancumsum, np.nancumprod)
    },
}
