"""Uses of means, variances, averages, ranges and covariances."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[1.9, -0.7, 0.4, 2.6], [-1.5, 3.1, 1.2, -2.3], [0.9, 1.6, -0.2, 0.1]])
Z = X + 1j * X[::-1, ::-1]
CUBE = np.reshape(np.cos(np.arange(12.0) * 1.7), (2, 3, 2))
W = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
WEIGHTS = np.array([[0.5, 1.2, 0.8, 2.0], [1.1, 0.3, 0.9, 1.4], [0.7, 0.6, 1.5, 1.0]])
ABOUT = np.array([[0.3, -0.2, 0.9, 0.1]])


def into(f):
    def g(x):
        out = np.zeros_like(x[:, 0])
        f(x * x, axis=1, out=out)
        return out * 2.0

    return g


def moments(f):
    return [
        Example(f, X),
        Example(lambda x: f(x, axis=0), Z),
        Example(lambda x: f(x, axis=(0, -1), keepdims=True), CUBE),
        Example(lambda x: f(x, axis=1, where=W), X),
        Example(lambda x: f(x, axis=0, where=W, keepdims=True), Z),
        Example(lambda x: np.real(f(x, axis=1, dtype=complex)), X),
        Example(into(f), X),
        Example(lambda x: f([x[0], x[1] * x[2]], axis=1), X),
    ]


def spreads(f):
    return [
        *moments(f),
        Example(lambda x: f(x, axis=1, ddof=1), X),
        Example(lambda x: f(x, axis=1, ddof=1.5, where=W), X),
        Example(lambda x: f(x, correction=0.5), X),
        Example(lambda x, m: f(x, axis=0, mean=m), X, ABOUT),
        Example(lambda x: f(x, axis=0, mean=np.mean(x, axis=0, keepdims=True), ddof=1), X),
    ]


EXAMPLES = {
    "mean": [*moments(np.mean), Example(np.mean, X, analytic=True)],
    "var": spreads(np.var),
    "std": spreads(np.std),
    "average": [
        Example(np.average, X, analytic=True),
        Example(lambda x: np.average(x, axis=(0, 2), keepdims=True), CUBE, analytic=True),
        Example(lambda x, w: np.average(x, axis=1, weights=w), X, WEIGHTS, analytic=True),
        Example(lambda x, w: np.average(x, axis=0, weights=w, keepdims=True), X, WEIGHTS[:, 0]),
        Example(lambda x, w: np.average(x, axis=(2, 0), weights=w), CUBE, WEIGHTS[:2, :2]),
        Example(lambda x, w: np.average(x, weights=w, returned=True), X, WEIGHTS),
        Example(lambda x: np.average(x, axis=1, returned=True)[0], Z),
        Example(lambda w: np.average(X, axis=1, weights=w, returned=True), WEIGHTS),
    ],
    "ptp": [
        Example(np.ptp, X),
        Example(lambda x: np.ptp(x, axis=1, keepdims=True), X),
        Example(lambda x: np.ptp(x, axis=(0, 1)), CUBE),
        Example(into(np.ptp), X),
    ],
    "cov": [
        Example(np.cov, X),
        Example(np.cov, Z),
        Example(lambda x: np.cov(x, rowvar=False), X),
        Example(lambda x: np.cov(x, bias=True), X),
        Example(lambda x: np.cov(x, ddof=2), X),
        Example(np.cov, X[:2], X[1:]),
        Example(lambda x, y: np.cov(x, y, rowvar=False), X[:, :1], X[:, 1]),
        Example(lambda x: np.cov(x[0]), X),
        Example(lambda x: np.cov(x, fweights=[1, 2, 0, 3]), X),
        Example(lambda x, w: np.cov(x, aweights=w), X, WEIGHTS[0]),
        Example(lambda x, w: np.cov(x, fweights=[1, 2, 1, 3], aweights=w, ddof=0), X, WEIGHTS[0]),
        Example(
            lambda x, w: np.cov(x, fweights=[1, 2, 1, 3], aweights=w, bias=True), Z, WEIGHTS[1]
        ),
        Example(lambda x: np.real(np.cov(x, dtype=complex)), X),
    ],
    "corrcoef": [
        Example(np.corrcoef, X),
        Example(np.corrcoef, Z),
        Example(lambda x: np.corrcoef(x, rowvar=False)[0, 1:], X[:, :3] + np.eye(3)),
        Example(np.corrcoef, X[:2], X[1:] ** 2),
        Example(lambda x: np.real(np.corrcoef(x, dtype=complex)), X),
    ],
}
