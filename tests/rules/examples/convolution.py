"""np.convolve and np.correlate: modes, and lengths on either side."""

import numpy as np

from tests.rules.examples import Example

_rng = np.random.default_rng(22)
A, B = _rng.normal(size=5), _rng.normal(size=3)
ZA, ZB = A + 1j * _rng.normal(size=5), B + 1j * _rng.normal(size=3)

EXAMPLES = {
    "convolve": [
        Example(np.convolve, A, B, analytic=True),
        Example(lambda a, b: np.convolve(b, a, "same"), A, B, analytic=True),
        Example(lambda a, b: np.convolve(a, b, mode="valid"), A, B, analytic=True),
        Example(np.convolve, ZA, ZB),
        Example(lambda x: np.convolve(x, x[1:], "same"), A, analytic=True),
        Example(lambda x: np.convolve(x, 2.0), A, analytic=True),
    ],
    "correlate": [
        Example(np.correlate, A, B),
        Example(lambda a, b: np.correlate(b, a), A, B),
        Example(lambda a, b: np.correlate(a, b, "same"), A, B),
        Example(lambda a, b: np.correlate(b, a, mode="same"), A, B),
        Example(lambda a, b: np.correlate(a, b, "full"), ZA, ZB),
        Example(lambda a, b: np.correlate(a, b, "full"), A, ZB),
        Example(lambda x: np.correlate(x, x, "full"), A),
    ],
}
