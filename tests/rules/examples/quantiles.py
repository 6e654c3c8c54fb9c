"""Uses of medians, quantiles and percentiles, with and without NaN."""

import numpy as np

from tests.rules.examples import Example

METHODS = """
    inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen weibull
    linear median_unbiased normal_unbiased lower higher midpoint nearest
""".split()
X = np.array(
    [[1.9, -0.7, 0.4, 2.6, -3.0], [-1.5, 3.1, 1.2, -2.3, 0.1], [0.9, 1.6, -0.2, 3.9, -1.1]]
)
CUBE = np.stack([X, X[::-1] * 1.3 + 0.05])
HOLES = np.array([[0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 0, 0, 0]], bool)
WEIGHTS = np.array(
    [[0.5, 1.2, 0.8, 2.0, 0.1], [1.1, 0.3, 0.9, 1.4, 0.6], [0.7, 0.6, 1.5, 1.0, 1.2]]
)
Q = 0.43
LEVELS = np.array([0.17, 0.43, 0.81])


def holed(x):
    return np.where(HOLES, np.nan, x)


def into(f):
    def g(x):
        out = np.zeros_like(x[:, 0])
        f(x * 1.5, axis=1, out=out)
        return out * 2.0

    return g


def quantiles(f, unit, prepare, methods):
    """Return uses of a function whose levels go up to `unit`."""
    return [
        *(
            Example(lambda x, q, m=m: f(prepare(x), q * unit, axis=1, method=m), X, LEVELS[:2])
            for m in methods
        ),
        Example(lambda x, q: f(prepare(x), q * unit), X, Q),
        Example(lambda x: f(prepare(x), [[0.2 * unit, 0.7 * unit], [0, unit]], axis=0), X),
        Example(lambda x: f(prepare(x), LEVELS * unit, axis=(0, 2), keepdims=True), CUBE),
        Example(lambda x: f(prepare(x), 1, axis=-1, keepdims=True), X),
        Example(lambda x: f(prepare(x) * 1.0, Q * unit, axis=0, overwrite_input=True), X),
        Example(into(lambda x, f=f, **o: f(prepare(x), Q * unit, **o)), X),
        Example(
            lambda x, w, q: f(prepare(x), q * unit, axis=1, method="inverted_cdf", weights=w),
            X,
            WEIGHTS,
            LEVELS,
        ),
    ]


def weighted_rows(f, unit):
    return [
        Example(
            lambda x, w: f(x, Q * unit, axis=0, method="inverted_cdf", weights=w, keepdims=True),
            X,
            WEIGHTS[:, 0],
        )
    ]


def medians(f, prepare):
    return [
        Example(lambda x: f(prepare(x)), X),
        Example(lambda x: f(prepare(x), axis=0), X),
        Example(lambda x: f(prepare(x), axis=1, keepdims=True), X),
        Example(lambda x: f(prepare(x), axis=(0, 2)), CUBE),
        Example(lambda x: f(prepare(x) * 1.0, axis=1, overwrite_input=True), X),
        Example(into(lambda x, **o: f(prepare(x), **o)), X),
    ]


def same(x):
    return x


EXAMPLES = {
    "median": [*medians(np.median, same), Example(lambda x: np.median(x[:, :4], axis=1), X)],
    "nanmedian": medians(np.nanmedian, holed),
    "quantile": quantiles(np.quantile, 1, same, METHODS) + weighted_rows(np.quantile, 1),
    "percentile": quantiles(np.percentile, 100, same, METHODS[:4])
    + weighted_rows(np.percentile, 100),
    "nanquantile": quantiles(np.nanquantile, 1, holed, METHODS[::3]),
    "nanpercentile": quantiles(np.nanpercentile, 100, holed, METHODS[4:6]),
}
