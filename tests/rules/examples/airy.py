"""Examples: Airy and Kelvin functions and integrals, which have several outputs."""

import numpy as np
from scipy import special

from tests.rules.examples import Example

X = np.array([[0.7, 1.3], [0.4, 2.1]])
Z = np.array([1.2 + 0.4j, 0.6 - 0.7j])
NEAR = np.array([0.011, -0.004])

EXAMPLES = {
    "special.airy": [
        Example(lambda x: special.airy(x), X - 1.0),
        Example(lambda z: special.airy(z)[2], Z),
    ],
    "special.airye": [
        Example(lambda x: special.airye(x), X),
        Example(lambda x: special.airye(x)[2:], -X),
        Example(lambda z: special.airye(z), Z),
    ],
    "special.itairy": [Example(lambda x: special.itairy(x), NEAR)],
    "special.kelvin": [
        Example(lambda x: special.kelvin(x), X),
        Example(lambda x: special.kelvin(x)[0], -X),
    ],
    "special.iti0k0": [Example(lambda x: special.iti0k0(x), X)],
    "special.itj0y0": [Example(lambda x: special.itj0y0(x), X)],
    "special.it2i0k0": [Example(lambda x: special.it2i0k0(x), X)],
    "special.it2j0y0": [Example(lambda x: special.it2j0y0(x), X)],
}
