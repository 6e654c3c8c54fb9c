"""Examples of the gamma family's functions that are not ufuncs, and of factorials."""

import numpy as np
from scipy import special

import dualrev.scipy.special as mirror
from tests.rules.examples import Example

X = np.array([[0.7, 1.9], [2.6, 3.3]])
Z = np.array([1.2 + 0.5j, 2.3 - 0.4j])

EXAMPLES = {
    "special.zeta": [
        Example(lambda x: mirror.zeta(1 + x), X),
        Example(lambda x, q: mirror.zeta(1 + x, q), X, X[0] + 1),
    ],
    "special.polygamma": [
        Example(lambda x: mirror.polygamma(1, x), X),
        Example(lambda x: mirror.polygamma(np.array([0, 3]), x), X),
    ],
    "special.multigammaln": [Example(lambda a: mirror.multigammaln(a, 3), X + 1, lanes=False)],
    "special.comb": [
        Example(lambda n, k: mirror.comb(n, k), X + 4, X),
        Example(lambda n, k: mirror.comb(n, k, repetition=True), X + 4, X),
    ],
    "special.perm": [Example(lambda n, k: mirror.perm(n, k), X + 4, X)],
    "special.factorial": [
        Example(lambda n: mirror.factorial(n), X),
        Example(lambda n: mirror.factorial(n, extend="complex"), X - 1.2),
    ],
    "special.factorial2": [Example(lambda n: mirror.factorial2(n, extend="complex"), X)],
    "special.factorialk": [Example(lambda n: mirror.factorialk(n, 3, extend="complex"), X)],
    "special.diric": [
        Example(lambda x: mirror.diric(x, 5), X),
        Example(lambda x: mirror.diric(x, 4), X),
    ],
    "special.psi": [Example(special.psi, X), Example(special.psi, Z)],
}
