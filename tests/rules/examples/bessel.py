"""Examples: Bessel functions; those that are no ufuncs through the mirror."""

import numpy as np
from scipy import special as plain

from dualrev.scipy import special
from tests.rules.examples import Example

X = np.array([[0.7, 2.3], [1.1, 3.9]])
Z = np.array([1.2 + 0.4j, 2.1 - 0.7j])
N = np.array([0, 2])
T = np.array(1.3)
V = np.array([1.3])
# Of a single precision number SciPy's riccati_jn is NaN.
ONE = np.float64(1.0)


def _spherical(name, signs=True):
    f = getattr(special, name)
    examples = [
        Example(lambda x: f(N, x), X),
        Example(lambda x: f(N, x, derivative=True), X),
        Example(lambda z: f(1, z) + f(2, z, True), Z),
        Example(lambda t: f(3, t), T),
    ]
    return [*examples, Example(lambda x: f(N, x), -X)] if signs else examples


def _derivative(name):
    f = getattr(special, name)
    return [
        Example(lambda x: f(N, x), X),
        Example(lambda x: f(1.5, x, n=2), X),
        Example(lambda z: f(N, z, 0) * f(2, z, 3), Z),
    ]


EXAMPLES = {
    "special.ive": [Example(lambda x: plain.ive(N, x), X), Example(lambda z: plain.ive(1.5, z), Z)],
    "special.jve": [Example(lambda x: plain.jve(N, x), X), Example(lambda z: plain.jve(1.5, z), Z)],
    "special.yve": [Example(lambda x: plain.yve(N, x), X), Example(lambda z: plain.yve(1.5, z), Z)],
    "special.jv": [Example(lambda t: plain.jv(2, t) * plain.jn(0, t), T)],
    **{f"special.spherical_{k}n": _spherical(f"spherical_{k}n") for k in "jyi"},
    "special.spherical_kn": _spherical("spherical_kn"),
    **{f"special.{k}": _derivative(k) for k in ("jvp", "yvp", "ivp", "kvp", "h1vp", "h2vp")},
    "special.riccati_jn": [Example(lambda v: special.riccati_jn(3, ONE * v[0]), V)],
    "special.riccati_yn": [
        Example(lambda v: special.riccati_yn(2, ONE * v[0]), V),
        Example(lambda v: special.riccati_yn(0, ONE * v[0])[1], V),
    ],
    "special.lmbda": [
        Example(lambda v: special.lmbda(2.5, v[0]), V),
        Example(lambda v: special.lmbda(3, v[0])[0], V),
    ],
}


def _zeros(name, *counts):
    f = getattr(special, name)
    return [lambda x: f(*counts)]


CONSTANTS = {
    **{
        f"special.{name}": _zeros(name, 2)
        for name in (
            "ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros jnjnp_zeros kei_zeros keip_zeros "
            "kelvin_zeros ker_zeros kerp_zeros y0_zeros y1_zeros y1p_zeros"
        ).split()
    },
    **{
        f"special.{name}": _zeros(name, 1, 2)
        for name in ("jn_zeros", "jnp_zeros", "jnyn_zeros", "yn_zeros", "ynp_zeros")
    },
}
