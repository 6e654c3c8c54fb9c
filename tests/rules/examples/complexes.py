"""Examples: parts of complex numbers."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
Z = X + 1j * np.array([[0.3, 0.8, -0.4], [1.1, -0.9, 0.2]])

EXAMPLES = {
    "real": [
        Example(np.real, Z),
        Example(lambda x: np.real(x) * x, X),
        Example(lambda z: z.real, Z),
    ],
    "imag": [
        Example(np.imag, Z),
        Example(lambda x: np.imag(x) + x, X),
        Example(lambda z: z.imag * z, Z),
    ],
    "conjugate": [
        Example(np.conjugate, Z),
        Example(np.conj, X),
        Example(lambda z: z.conj() * z, Z),
    ],
    "angle": [
        Example(np.angle, Z),
        Example(lambda z: np.angle(z, deg=True), Z),
        Example(lambda x: np.angle(x) * x, X),
    ],
}

CONSTANTS = {
    "iscomplex": [np.iscomplex, lambda x: np.iscomplex(x + 0j), lambda x: np.iscomplex(x + 1j)],
    "isreal": [np.isreal, lambda x: np.isreal(x + 0j), lambda x: np.isreal(x * 1j)],
    "iscomplexobj": [np.iscomplexobj, lambda x: np.iscomplexobj(x + 1j)],
    "isrealobj": [np.isrealobj, lambda x: np.isrealobj(x + 1j)],
}
