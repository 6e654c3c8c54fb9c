"""Examples: parts of floating-point numbers."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
SOME = np.array([0.3, np.nan, np.inf])
N = np.array([[1, 0, -2], [3, 1, 2]])

EXAMPLES = {
    "ldexp": [
        Example(np.ldexp, X, N),
        Example(lambda x: np.ldexp(x[0], N), X),
        Example(lambda x: np.ldexp(x, 3, where=N > 0, out=np.zeros_like(x)), X),
    ],
    "frexp": [Example(np.frexp, X), Example(lambda x: np.frexp(x * x)[0] * x, X)],
    "heaviside": [
        Example(np.heaviside, N, X),
        Example(lambda x: np.heaviside(x - x[0, 0], x[1]) + x, X),
        Example(lambda x: np.heaviside(0.0, x), X),
    ],
    "nextafter": [Example(lambda x: np.nextafter(x, x + 1.0) * x, X)],
    "nan_to_num": [
        Example(lambda x: np.nan_to_num(x) * x, X),
        Example(lambda x: np.nan_to_num(x + 1j * x), X),
        Example(lambda x: np.nan_to_num(SOME + x[0, 0], nan=0.5, posinf=2.0, neginf=-1.0), X),
        Example(lambda x: np.nan_to_num(SOME + x[0, 0], nan=x[0, 1], posinf=x[1], neginf=0), X),
        Example(lambda x: np.nan_to_num(x * 1.0, copy=False), X),
    ],
    "real_if_close": [
        Example(lambda x: np.real_if_close(x) * x, X),
        Example(lambda x: np.real_if_close(x + 0j) * x, X, lanes=False),
        Example(lambda x: np.real_if_close(x + 1j), X, lanes=False),
        Example(lambda x: np.real_if_close(x + 1e-3j, tol=0.1), X, lanes=False),
    ],
}

CONSTANTS = {
    "format_float_positional": [lambda x: np.format_float_positional(0.62, precision=1)],
    "format_float_scientific": [lambda x: np.format_float_scientific(0.62, precision=1)],
}
