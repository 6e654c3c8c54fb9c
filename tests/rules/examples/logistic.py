"""softplus, softmax, logarithms of sums of exponentials."""

import numpy as np
from scipy import special as scipy_special

from dualrev.scipy import special
from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 0.47], [0.35, 2.83, -0.56]])
B = np.array([[1.5, 0.2, 0.3], [0.4, 2.0, 1.0]])
ANY = B * [1.0, -1.0, 2.0]
T = np.stack([X, -X, X[::-1]])
Z = np.array([0.3 + 0.4j, -0.8 + 1.1j, 0.6 - 0.2j])

EXAMPLES = {
    "special.softmax": [
        Example(lambda x: special.softmax(x), X),
        Example(lambda x: special.softmax(x, axis=0), X),
        Example(lambda x: special.softmax(x, axis=(0, -1)), T),
        Example(lambda x: special.softmax(x), X[0, 0]),
        Example(lambda x, y: special.softmax([x, y, 0.3]), 0.4, 1.2),
    ],
    "special.log_softmax": [
        Example(lambda x: special.log_softmax(x), X),
        Example(lambda x: special.log_softmax(x, axis=1), X),
        Example(lambda x: special.log_softmax(x, axis=(0, -1)), T),
    ],
    "special.logsumexp": [
        Example(lambda x: special.logsumexp(x), X),
        Example(lambda x: special.logsumexp(x), X[0, 0]),
        Example(lambda x: special.logsumexp(x, axis=0), X),
        Example(lambda x: special.logsumexp(x, axis=(0, 2), keepdims=True), T),
        Example(lambda x, b: special.logsumexp(x, b=b), X, B),
        Example(lambda x, b: special.logsumexp(x, axis=1, b=b), X, B[:1]),
        Example(lambda x, b: special.logsumexp(x, axis=-1, b=b, keepdims=True), X[0], B),
        Example(lambda x, b: special.logsumexp(x, b=b), X, 0.7),
        Example(lambda x: special.logsumexp(x, axis=0, b=[[2], [1]]), X),
        Example(lambda x, b: special.logsumexp(x, axis=1, b=b, return_sign=True), X, ANY),
        Example(lambda x: special.logsumexp(x, keepdims=True, return_sign=True), X),
        Example(lambda x, b: special.logsumexp(x, b=b), Z, B[0] + 0.3j),
        Example(lambda x, b: special.logsumexp(x, b=b, return_sign=True), Z, ANY[0]),
        Example(lambda x: special.logsumexp([x, 0.3, 2 * x]), 0.4),
    ],
}
if hasattr(scipy_special, "softplus"):
    EXAMPLES["special.softplus"] = [
        Example(lambda x: special.softplus(x), X),
        Example(lambda x: special.softplus([x, 0.3]), 0.4),
    ]
