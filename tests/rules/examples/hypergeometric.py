"""lambertw, which is a Python function around a ufunc."""

import numpy as np

from dualrev.scipy import special
from tests.rules.examples import Example

X = np.array([[0.62, 1.21, 0.47], [0.35, 2.83, 0.56]])
Z = np.array([0.3 + 0.4j, -0.8 + 1.1j, 0.6 - 0.2j])

EXAMPLES = {
    "special.lambertw": [
        Example(lambda z: special.lambertw(z), X),
        Example(lambda z: np.real(special.lambertw(z)), X),
        Example(lambda z: special.lambertw(z, -1), Z),
        Example(lambda z: special.lambertw(z, [[0], [2]], 1e-9), Z),
        Example(lambda z: special.lambertw(z, k=1), X[0, 0]),
        Example(lambda z: special.lambertw([z, 2 * z]), 0.4),
    ],
}
