"""Examples: Legendre functions and spherical harmonics; none of them are ufuncs."""

import numpy as np
from scipy import special as plain

from dualrev.scipy import special
from tests.rules.examples import Example

X = np.array([[0.31, -0.22], [0.64, 0.08]])
N, M = np.array([2, 3]), np.array([-1, 2])
THETA, PHI = np.array([[0.4], [1.9]]), np.array([0.3, -1.2])
Z = np.array([0.4 + 0.5j, -0.3 - 0.6j])
T = np.array(0.4)

EXAMPLES = {
    "special.assoc_laguerre": [
        Example(lambda x: special.assoc_laguerre(x, N), X),
        Example(lambda x: special.assoc_laguerre(x, 3, k=1.5), X, analytic=True),
    ],
    "special.lqn": [
        Example(lambda x: special.lqn(3, x), X),
        Example(lambda z: special.lqn(2, z)[1], Z),
        Example(lambda t: special.lqn(0, t), T),
    ],
    "special.lqmn": [
        Example(lambda x: special.lqmn(2, 3, x), X),
        Example(lambda t: special.lqmn(0, 1, t)[0], T),
    ],
}

if hasattr(plain, "sph_harm_y"):
    EXAMPLES |= {
        "special.legendre_p": [
            Example(lambda x: special.legendre_p(N, x), X),
            Example(lambda x: special.legendre_p(3, x, diff_n=2), X),
            Example(lambda t: special.legendre_p(4, t, diff_n=1)[1], T),
        ],
        "special.legendre_p_all": [
            Example(lambda x: special.legendre_p_all(3, x), X),
            Example(lambda t: special.legendre_p_all(2, t, diff_n=2), T),
        ],
        "special.assoc_legendre_p": [
            Example(lambda x: special.assoc_legendre_p(N, M, x), X),
            Example(lambda x: special.assoc_legendre_p(3, 1, x, norm=True, diff_n=2), X),
            Example(lambda x: special.assoc_legendre_p(N, M, 2.0 + x, branch_cut=3, diff_n=1), X),
            Example(lambda z: special.assoc_legendre_p(2, M, z), Z),
        ],
        "special.assoc_legendre_p_all": [
            Example(lambda x: special.assoc_legendre_p_all(2, 1, x), X[0]),
            Example(lambda t: special.assoc_legendre_p_all(2, 2, t, norm=True, diff_n=1), T),
        ],
        "special.sph_legendre_p": [
            Example(lambda x: special.sph_legendre_p(N, M, x), 1.0 + X),
            Example(lambda x: special.sph_legendre_p(3, 2, x, diff_n=2), 1.0 + X),
        ],
        "special.sph_legendre_p_all": [
            Example(lambda x: special.sph_legendre_p_all(2, 1, x, diff_n=1), 1.0 + X[0]),
        ],
        "special.sph_harm_y": [
            Example(lambda t, p: special.sph_harm_y(N, M, t, p), THETA, PHI),
            Example(lambda t, p: special.sph_harm_y(3, M, t, p, diff_n=1), THETA, PHI),
            Example(lambda t, p: special.sph_harm_y(N, 1, t, p, diff_n=2)[2], THETA, PHI),
            Example(lambda t: special.sph_harm_y(2, 1, t, 0.3), T),
        ],
        "special.sph_harm_y_all": [
            Example(lambda t, p: special.sph_harm_y_all(2, 1, t, p), THETA[0], PHI),
            Example(lambda t, p: special.sph_harm_y_all(1, 1, t, p, diff_n=1)[1], T, PHI[0]),
        ],
    }
