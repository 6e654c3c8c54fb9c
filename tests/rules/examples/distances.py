"""Examples of distances: every metric, in points, weights and its own parameters."""

import numpy as np

from dualrev.scipy import spatial
from dualrev.scipy.spatial import distance
from tests.rules.examples import Example

A = np.array([[0.31, 1.42, 0.85], [1.73, 0.26, 2.14]])
B = np.array([[1.12, 0.67, 0.37], [0.24, 2.35, 1.58], [2.2, 1.91, 0.48]])
X = np.array([[0.31, 1.42], [1.73, 0.26], [0.85, 2.14], [2.51, 1.12]])
U, V = A[0], B[1]
W = np.array([0.7, 1.3, 0.4])
VI = np.array([[1.3, 0.2, 0.1], [0.2, 0.9, 0.3], [0.1, 0.3, 1.7]])

PLAIN = ("euclidean", "cityblock", "chebyshev", "cosine", "canberra", "braycurtis", "sqeuclidean")
METRICS = (*PLAIN, "correlation")


def _cdist(metric, *names, **options):
    return lambda a, b, *more: distance.cdist(
        a, b, metric, **dict(zip(names, more, strict=True)), **options
    )


def _pdist(metric, *names, **options):
    return lambda x, *more: distance.pdist(
        x, metric, **dict(zip(names, more, strict=True)), **options
    )


def _own(u, v):
    return np.sum((u - v) ** 4)


EXAMPLES = {
    "spatial.distance.cdist": [
        Example(_cdist("euclidean"), A, B),
        Example(_cdist("seuclidean"), A, B),
        *(Example(_cdist(m, "w"), A, B, W) for m in METRICS),
        *(Example(_cdist(m), A, B) for m in METRICS[1:]),
        Example(_cdist("minkowski", "p", "w"), A, B, 2.7, W),
        Example(_cdist("minkowski", p=0.7), A, B),
        Example(_cdist("minkowski"), A, B),
        Example(_cdist("minkowski", "w", p=1), A, B, W),
        Example(_cdist("minkowski", "w", p=np.inf), A, B, W),
        Example(_cdist("seuclidean", "V"), A, B, W),
        Example(_cdist("mahalanobis"), A, B),
        Example(_cdist("mahalanobis", "VI"), A, B, VI),
        Example(_cdist("jensenshannon"), A, B),
        Example(_cdist(_own), A, B),
        Example(_cdist(distance.cityblock), A, B),
    ],
    "spatial.distance.pdist": [
        Example(_pdist("euclidean"), X),
        Example(_pdist("mahalanobis"), X),
        Example(_pdist("seuclidean"), X),
        Example(_pdist("minkowski", "p", "w"), X, 2.7, W[:2]),
        Example(_pdist("cosine"), X),
        Example(_pdist(_own), X),
    ],
    **{
        f"spatial.distance.{m}": [
            Example(getattr(distance, m), U, V, W),
            Example(getattr(distance, m), U, V),
        ]
        for m in PLAIN
    },
    "spatial.distance.correlation": [
        Example(distance.correlation, U, V, W),
        Example(distance.correlation, U, V),
        Example(lambda u, v: distance.correlation(u, v, centered=False), U, V),
    ],
    "spatial.distance.minkowski": [
        Example(distance.minkowski, U, V, 2.7, W),
        Example(distance.minkowski, U, V),
        Example(lambda u, v: distance.minkowski(u, v, np.inf), U, V),
    ],
    "spatial.distance.seuclidean": [Example(distance.seuclidean, U, V, W)],
    "spatial.distance.mahalanobis": [Example(distance.mahalanobis, U, V, VI)],
    "spatial.distance.jensenshannon": [
        Example(lambda p, q: distance.jensenshannon(p, q, axis=1, keepdims=True), A, B[:2]),
        Example(distance.jensenshannon, U, V, 2.0),
        Example(distance.jensenshannon, A, B[:2]),
    ],
    "spatial.distance.squareform": [
        Example(lambda x: distance.squareform(distance.pdist(x)), X),
        Example(lambda x: distance.squareform(distance.squareform(x)), B.ravel()[:6]),
        Example(lambda x: distance.squareform(x * x, checks=False), X @ X.T),
    ],
    "spatial.distance.directed_hausdorff": [
        Example(lambda u, v: distance.directed_hausdorff(u, v)[0], A, B)
    ],
    "spatial.distance_matrix": [
        Example(spatial.distance_matrix, A, B),
        Example(lambda x, y: spatial.distance_matrix(x, y, 3.0), A, B),
    ],
    "spatial.minkowski_distance": [
        Example(lambda x, y: spatial.minkowski_distance(x, y, 3), A, B[:2]),
        Example(lambda x, y: spatial.minkowski_distance(x, y), A, B[:2]),
    ],
    "spatial.minkowski_distance_p": [
        Example(lambda x, y: spatial.minkowski_distance_p(x, y, 3), A, B[:2]),
        Example(lambda x, y: spatial.minkowski_distance_p(x, y, 1), A, B[:2]),
        Example(lambda x, y: spatial.minkowski_distance_p(x, y, np.inf), A, B[:2]),
    ],
}

_TRUE = np.array([True, True, False, True, False, False])


def _counts(name):
    def f(x):
        return getattr(distance, name)(np.ravel(x) > 0.5, _TRUE)

    return [f]


def _table(x):
    return distance.squareform(np.abs(np.ravel(x)))


# Not in every SciPy.
OLD = [n for n in ("kulczynski1", "sokalmichener") if hasattr(distance, n)]


def _weighted(name):
    return lambda u, v, w: getattr(distance, name)(u, v, w=w)


EXAMPLES |= {
    f"spatial.distance.{name}": [
        Example(getattr(distance, name), U, V),
        Example(_weighted(name), U, V, W),
        Example(lambda u, name=name: getattr(distance, name)(u, _TRUE[:3]), U),
    ]
    for name in ("dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule", *OLD)
}
CONSTANTS = {
    "spatial.distance.jaccard": _counts("jaccard"),
    "spatial.distance.hamming": [lambda x: distance.hamming(np.ravel(x), np.ravel(x) * 0 + 0.21)],
    "spatial.distance.is_valid_dm": [lambda x: distance.is_valid_dm(_table(x))],
    "spatial.distance.is_valid_y": [lambda x: distance.is_valid_y(np.ravel(x))],
    "spatial.distance.num_obs_dm": [lambda x: distance.num_obs_dm(_table(x))],
    "spatial.distance.num_obs_y": [lambda x: distance.num_obs_y(np.ravel(x))],
}
