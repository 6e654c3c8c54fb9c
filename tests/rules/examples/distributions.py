"""Examples of distributions in compositions: a quantile put back into its distribution."""

import numpy as np
from scipy import special

from tests.rules.examples import Example

X = np.array([0.7, 1.9])
P = np.array([0.3, 0.6])

EXAMPLES = {
    "special.gammaincinv": [
        Example(lambda a, p: special.gammainc(a + 0.5, special.gammaincinv(a, p)), X, P)
    ],
    "special.stdtrit": [
        Example(lambda v, p: special.stdtr(v + 1, special.stdtrit(v, p)), X + 1, P)
    ],
}
