"""Examples of distributions of vectors and matrices, and of densities estimated from data."""

import numpy as np

from dualrev.scipy import stats
from tests.rules.examples import Example

X = np.array([[0.31, 1.42, 0.85], [1.73, 0.26, 2.14]])
MEAN = np.array([0.4, 0.9, 1.1])
COV = np.array([[1.3, 0.2, 0.1], [0.2, 0.9, 0.3], [0.1, 0.3, 1.7]])
SMALL = np.array([[1.3, 0.2], [0.2, 0.9]])
SHARES = np.array([0.2, 0.3])
ALPHA = np.array([1.3, 2.4, 0.8])
DATA = np.array([[0.3, 1.4, 0.9, 2.1, 1.6], [1.2, 0.5, 2.2, 1.9, 0.1]])
POINTS = np.array([[0.7, 1.3], [0.9, 1.6]])
W = np.array([0.7, 1.3, 0.4, 1.1, 0.8])


def _both(name, log="logpdf", of="pdf"):
    def f(*args):
        dist = getattr(stats, name)
        return getattr(dist, log)(*args), getattr(dist, of)(*args)

    return f


def _even(c):
    return 0.5 * (c + c.T)


def _estimate(bw=None):
    def f(points, data, *weights):
        kde = stats.gaussian_kde(data, bw, *weights)
        return kde(points), kde.logpdf(points)

    return f


EXAMPLES = {
    "stats.multivariate_normal": [
        Example(
            lambda x, m, c: _both("multivariate_normal")(x, m, _even(c)), X, MEAN, COV, lanes=False
        ),
        Example(lambda x, m: stats.multivariate_normal(m, COV).logpdf(x), X, MEAN),
        Example(lambda c: stats.multivariate_normal.entropy(None, _even(c)), COV, lanes=False),
        Example(lambda x, v: stats.multivariate_normal.logpdf(x, None, v), X[:, :1], 0.7),
        Example(lambda x, v: stats.multivariate_normal.logpdf(x, MEAN, v), X, ALPHA),
    ],
    "stats.multivariate_t": [
        Example(
            lambda x, m, c, df: _both("multivariate_t")(x, m, _even(c), df),
            X,
            MEAN,
            COV,
            3.7,
            lanes=False,
        )
    ],
    "stats.dirichlet": [
        Example(_both("dirichlet"), SHARES, ALPHA),
        Example(lambda a: (stats.dirichlet.mean(a), stats.dirichlet(a).var()), ALPHA),
        Example(lambda a: stats.dirichlet.entropy(a), ALPHA),
    ],
    "stats.multinomial": [
        Example(
            lambda p: _both("multinomial", "logpmf", "pmf")(
                np.array([[2, 1, 1], [0, 3, 1]]), 4, p / np.sum(p)
            ),
            np.array([0.2, 0.3, 0.5]),
        )
    ],
    "stats.wishart": [
        Example(
            lambda x, df, s: _both("wishart")(_even(x), df[()], _even(s)),
            SMALL + 0.3,
            3.7,
            SMALL,
            lanes=False,
        )
    ],
    "stats.invwishart": [
        Example(
            lambda x, df, s: _both("invwishart")(_even(x), df[()], _even(s)),
            SMALL + 0.3,
            3.7,
            SMALL,
            lanes=False,
        )
    ],
    "stats.gaussian_kde": [
        Example(_estimate(), POINTS, DATA, lanes=False),
        Example(_estimate("silverman"), POINTS, DATA, W, lanes=False),
        Example(lambda x: _estimate(0.4)(x, DATA[0]), POINTS[0]),
        Example(
            lambda a, b, x: stats.gaussian_kde(x).integrate_box_1d(a, b),
            0.2,
            1.7,
            DATA[0],
            lanes=False,
        ),
    ],
}
