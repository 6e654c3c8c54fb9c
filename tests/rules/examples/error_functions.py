"""Examples of the functions with two results: Fresnel, sine and hyperbolic sine integrals."""

import numpy as np
from scipy import special

from tests.rules.examples import Example

X = np.array([[0.7, 1.9], [2.6, 3.3]])
Z = np.array([1.2 + 0.5j, 2.3 - 0.4j])

EXAMPLES = {
    "special.fresnel": [Example(special.fresnel, X), Example(special.fresnel, Z)],
    "special.modfresnelp": [Example(special.modfresnelp, 0.6 * X)],
    "special.modfresnelm": [Example(special.modfresnelm, 0.6 * X)],
    "special.shichi": [Example(special.shichi, X), Example(special.shichi, Z)],
    "special.sici": [Example(special.sici, X), Example(special.sici, Z)],
}
