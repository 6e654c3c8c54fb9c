"""Uses of histograms: densities and edges vary with the data, sums with the weights."""

import numpy as np

from tests.rules.examples import Example

A = np.array([0.62, -1.31, 0.27, 1.75, -0.48, 2.93, 1.12, -2.2, 0.05, -0.9])
W = np.array([0.5, 1.2, 0.8, 2.0, 0.1, 1.1, 0.3, 0.9, 1.4, 0.6])
POINTS = np.stack([A, A[::-1] * 0.83 + 0.11], axis=-1)
EDGES = np.array([-2.0, -0.7, 0.4, 1.3, 2.5])
INDEX = np.array([0, 2, 2, 1, 4, 0, 1, 2, 4, 4])
# The others may change the number of bins within a difference; see test_histograms.py.
ESTIMATORS = ("rice", "sturges", "sqrt")


def hist(*args, **options):
    return np.histogram(*args, **options)[0]


def histdd(*args, **options):
    y, edges = np.histogramdd(*args, **options)
    return y, *edges


EXAMPLES = {
    "histogram": [
        Example(lambda a: np.histogram(a, 4, density=True), A),
        Example(lambda a: np.histogram(a)[1], A),
        *(
            Example(lambda a, b=b: np.histogram(a, b, density=True), A, lanes=False)
            for b in ESTIMATORS
        ),
        Example(lambda a, w: np.histogram(a, 3, weights=w), A, W),
        Example(lambda a, w: np.histogram(a, 3, density=True, weights=w), A, W),
        Example(lambda a, w: hist(a, 3, (-1.0, 1.4), True, w), A, W),
        Example(lambda a, w: hist(a, EDGES, weights=w), A, W),
        Example(lambda w: hist(A, 3, weights=w), W * (1 + 0.5j)),
        Example(lambda w: hist(A, EDGES, weights=w), W * (1 + 0.5j)),
        Example(lambda a, w: hist(a, 3, weights=w), A.reshape(2, 5), W.reshape(2, 5)),
        Example(lambda a, e: np.histogram(a, e, density=True), A, EDGES),
        Example(lambda a, e, w: hist(a, e, None, True, w), A, EDGES, W),
        Example(lambda a: np.histogram(a, 4, (a[1] - 0.1, a[3]), True), A),
        Example(lambda a: hist(a, EDGES) * np.sum(a), A),
        Example(lambda a: np.histogram(a[:0], 2)[1] * a[0], A),
        Example(lambda a: np.histogram(a[:1], 2)[1], A),
    ],
    "histogram_bin_edges": [
        Example(lambda a: np.histogram_bin_edges(a, 4), A),
        Example(lambda a: np.histogram_bin_edges(a, 3, (a[1], 2.0)), A),
        Example(lambda a, e: np.histogram_bin_edges(a, e) * a[0], A, EDGES),
        *(Example(lambda a, b=b: np.histogram_bin_edges(a, b), A, lanes=False) for b in ESTIMATORS),
        Example(lambda a: np.histogram_bin_edges(a, "sturges", (-1, 1)) * a[0], A, lanes=False),
    ],
    "histogramdd": [
        Example(lambda s: histdd(s, 3, density=True), POINTS),
        Example(lambda s, w: histdd(s, (2, 3), weights=w), POINTS, W),
        Example(lambda s, w: histdd(s, (2, EDGES), density=True, weights=w), POINTS, W),
        Example(lambda s, w: histdd(s, 2, [(-1, 2), None], True, w), POINTS, W),
        Example(lambda s, e: histdd(s, (e, EDGES), density=True), POINTS, EDGES[1:]),
        Example(lambda s: histdd([s[:, 0], s[:, 1], W], 2, density=True), POINTS),
        Example(lambda s: histdd(s[:, 0], 3, density=True), POINTS),
    ],
    "histogram2d": [
        Example(lambda x, y: np.histogram2d(x, y, 3, density=True), A, POINTS[:, 1]),
        Example(lambda x, w: np.histogram2d(x, A, (2, 3), weights=w), POINTS[:, 1], W),
        Example(lambda x: np.histogram2d(x, A, [2, EDGES], density=True), POINTS[:, 1]),
        Example(lambda x, w: np.histogram2d(x, A, EDGES, weights=w)[0], POINTS[:, 1], W),
        Example(lambda w: np.histogram2d(A, A, 2, [[-1, 1], [-2, 2]], weights=w)[0], W),
    ],
    "bincount": [
        Example(lambda w: np.bincount(INDEX, w), W, analytic=False),
        Example(lambda w: np.bincount(INDEX, weights=w, minlength=7) ** 2, W),
        Example(lambda w: np.bincount(INDEX[:0], w[:0], 3) * w[:3], W),
    ],
}
