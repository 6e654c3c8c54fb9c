"""Polynomials, fits, windows, phases without jumps."""

import numpy as np

from dualrev.core.primitive import ENTRIES
from tests.rules.examples import Example

_rng = np.random.default_rng(23)
P, Q = _rng.normal(size=4), np.array([1.3, -0.4, 0.8])
ZP = P + 1j * _rng.normal(size=4)
X = _rng.normal(size=(2, 3))
POINTS = np.array([-1.0, -0.4, 0.1, 0.5, 1.2])
VALUES = np.array([[0.3, 1.2], [-0.4, 0.1], [1.1, -0.7], [0.9, 0.2], [-1.2, 0.6]])
WEIGHTS = np.array([1.0, 0.7, 1.2, 0.8, 1.1])
ROOTED = np.array([1.2, -2.5, -3.1, 2.0])
PHASES = np.array([0.1, 2.9, 5.9, 9.2, 12.0, 9.0])

EXAMPLES = {
    "poly": [
        Example(np.poly, P, analytic=True),
        Example(np.poly, ZP),
        Example(lambda a: np.poly(np.reshape(a, (2, 2))), P),
        Example(lambda a: np.poly(a @ a.T), X),
    ],
    "polyadd": [Example(np.polyadd, P, Q, analytic=True), Example(np.polyadd, Q, ZP)],
    "polysub": [Example(np.polysub, Q, P, analytic=True), Example(np.polysub, ZP, ZP + 1)],
    "polymul": [
        Example(np.polymul, P, Q, analytic=True),
        Example(lambda p: np.polymul([0.0, 2.0, 1.0], p), ZP),
    ],
    "polydiv": [
        Example(lambda p, q: np.polydiv(p, q)[0], P, Q, analytic=True),
        # Of the remainder's leading entries, which are zeros but for rounding, NumPy drops some.
        Example(lambda p, q: np.polydiv(p, q)[1][-2:], P, Q, analytic=True),
        Example(lambda p: np.polydiv(p, [2.0, 1.0]), ZP),
        Example(np.polydiv, Q, P),
    ],
    "polyder": [
        Example(np.polyder, P, analytic=True),
        Example(lambda p: np.polyder(p, 2), ZP),
    ],
    "polyint": [
        Example(np.polyint, P, analytic=True),
        Example(lambda p: np.polyint(p, 2, [1.0, -2.0]), ZP),
        Example(lambda p: np.polyint(p, 3, k=0.5), P),
        Example(lambda p, k: ENTRIES[np.polyint].call(p, 3, k), P, Q),
    ],
    "polyval": [
        Example(np.polyval, P, X, analytic=True),
        Example(np.polyval, P, 0.4, analytic=True),
        Example(lambda p: np.polyval(p, [1, 2, 3]), P),
        Example(lambda x: np.polyval([1, 2, 3], x), X),
        Example(np.polyval, ZP, X),
        Example(lambda p, x: np.polyval(p, x), X, P[:3]),
    ],
    "roots": [
        Example(np.roots, ROOTED),
        Example(np.roots, np.append(ROOTED, 0.0)[1:]),
        Example(lambda p: np.roots(p * (1 + 0.3j)), ROOTED),
        Example(np.roots, np.array([1.0, 0.4, 2.0])),
    ],
    "vander": [
        Example(np.vander, P, analytic=True),
        Example(lambda x: np.vander(x, 3, increasing=True), ZP),
        Example(lambda x: np.vander(x, N=6), P),
    ],
    "polyfit": [
        Example(lambda x, y: np.polyfit(x, y, 2), POINTS, VALUES[:, 0]),
        Example(lambda x, y, w: np.polyfit(x, y, 1, w=w), POINTS, VALUES, WEIGHTS),
        Example(lambda x, y: np.polyfit(x, y, 2, full=True)[0::3], POINTS, VALUES[:, 0]),
        Example(lambda x, y: np.polyfit(x, y, 2, full=True)[1], POINTS, VALUES[:, 1]),
        Example(lambda x, y: np.polyfit(x, y, 1, cov=True), POINTS, VALUES[:, 0]),
        Example(lambda x, w: np.polyfit(x, x**2, 1, w=w, cov="unscaled")[1], POINTS, WEIGHTS),
        Example(lambda y: np.polyfit([1.0, 1.0, 2.0, 2.0, 3.0], y, 2), VALUES[:, 0]),
    ],
    "unwrap": [
        Example(np.unwrap, PHASES),
        Example(lambda p: np.unwrap(p, axis=0, period=1.5), X),
        Example(lambda p: np.unwrap(p, 4.0), PHASES),
        Example(lambda p, c: ENTRIES[np.unwrap].call(p, period=c), PHASES, 2.1),
    ],
    "i0": [Example(np.i0, np.array([-9.0, -0.5, 0.0, 2.0, 8.5]))],
    "kaiser": [
        Example(lambda b: ENTRIES[np.kaiser].call(6, b), 2.5),
        Example(lambda b: ENTRIES[np.kaiser].call(1, b) * b, 2.5),
    ],
}

CONSTANTS = {
    "bartlett": [lambda x: np.bartlett(5)],
    "blackman": [lambda x: np.blackman(len(x))],
    "hamming": [lambda x: np.hamming(1)],
    "hanning": [lambda x: np.hanning(6)],
}
