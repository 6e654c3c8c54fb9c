"""Examples: what NumPy does not dispatch, through the mirror; the same text with plain arrays is the oracle."""

import numpy as np

from dualrev import numpy as dnp
from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47])
ONE = np.array(0.7)


EXAMPLES = {
    "array": [
        Example(lambda v: dnp.array([[v[0], 2.0], [1.0, v[1] * v[2]]]), V, analytic=True),
        Example(lambda v: dnp.array([v, v * v, V], ndmin=3), V),
        Example(lambda x: dnp.array(x.T, order="C", copy=True) * 2.0, X),
        Example(lambda v: dnp.array([v[0], 1j]), V),
        Example(lambda t: dnp.array([t, t * t, 3]), ONE),
    ],
    "asarray": [
        Example(lambda v: dnp.asarray([v[0], v[1] * v[2]]) ** 2, V),
        Example(lambda x: dnp.asarray(x, dtype=complex), X),
        Example(lambda x: dnp.asarray(x) * x, X),
    ],
    "asanyarray": [Example(lambda v: dnp.asanyarray([v, 2.0 * v]), V)],
    "asarray_chkfinite": [Example(lambda v: dnp.asarray_chkfinite([v[0], v[1] * v[2]]), V)],
    "ascontiguousarray": [
        Example(lambda x: dnp.ascontiguousarray(x.T), X),
        Example(lambda t: dnp.ascontiguousarray(t * t), ONE),
    ],
    "asfortranarray": [Example(lambda v: dnp.asfortranarray([v, v * v]), V)],
    "require": [Example(lambda x: dnp.require(x * x, requirements=["F", "W"]), X)],
    "full": [
        Example(lambda v: dnp.full((2, 3), v), V),
        Example(lambda v: dnp.full(2, v[1], dtype=complex), V),
    ],
    "arange": [
        Example(lambda v: dnp.arange(v[2], v[0] + 1.9, 0.4), V, lanes=False),
        Example(lambda v: dnp.arange(0.0, 1.0, v[0]), V, lanes=False),
        Example(lambda v: dnp.arange(v[0] + 2.0) * v[0], V, lanes=False),
    ],
    "fromiter": [
        Example(lambda v: dnp.fromiter((t * t for t in v), dtype=float), V),
        Example(lambda v: dnp.fromiter([v[0], 1.0, v[1]], float, count=2), V),
    ],
}

CONSTANTS = {
    "zeros": [lambda x: dnp.zeros(3), lambda x: dnp.zeros((2, 2), dtype=np.float32)],
    "ones": [lambda x: dnp.ones((1, 2)), lambda x: dnp.ones(2, dtype=int)],
    "empty": [lambda x: dnp.empty((3, 2)).shape],
    "eye": [lambda x: dnp.eye(3), lambda x: dnp.eye(2, 3, k=1)],
    "identity": [lambda x: dnp.identity(2)],
    "tri": [lambda x: dnp.tri(3, k=-1)],
    "indices": [lambda x: dnp.indices((2, 3))],
    "fromfunction": [lambda x: dnp.fromfunction(lambda i, j: i + 2.0 * j, (2, 3))],
    "frombuffer": [lambda x: dnp.frombuffer(V.tobytes())],
    "from_dlpack": [lambda x: dnp.from_dlpack(V)],
}
