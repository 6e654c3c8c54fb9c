"""Examples: what is made of trigonometric functions."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.0]])

EXAMPLES = {"sinc": [Example(np.sinc, X), Example(lambda x: np.sinc(x) * x, X[0])]}
