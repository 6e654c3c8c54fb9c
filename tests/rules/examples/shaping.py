"""Examples: the same entries under another shape or another order of axes."""

import numpy as np

from tests.rules.examples import Example

X = np.array([[0.62, -1.21, 2.47], [-0.35, 1.83, 0.56]])
V = np.array([0.62, 0.21, -0.47, 0.35])
W = np.array([1.3, -0.7])
S = np.stack([X, 0.5 - X[::-1]])
ONE = np.array(0.7)
_window = np.lib.stride_tricks.sliding_window_view


def through_view(x):
    """Write through a reshaped view."""
    y = np.array(x * 2.0, order="C")
    y.reshape(-1)[::2] = x[0, 0] ** 2
    return y


EXAMPLES = {
    "reshape": [
        Example(lambda x: np.reshape(x, (3, 2)), X, analytic=True),
        Example(lambda x: x.reshape(-1), X),
        Example(lambda x: np.reshape(x, (3, -1), order="F"), X),
        Example(lambda x: np.reshape(x.copy().T, (2, 3), order="A"), X),
        Example(through_view, X),
    ],
    "ravel": [
        Example(np.ravel, X, analytic=True),
        Example(lambda x: np.ravel(x, order="F"), X),
        Example(lambda x: x.copy().T.ravel(order="K"), X),
        Example(lambda x: x.flatten(), X),
    ],
    "transpose": [
        Example(np.transpose, X, analytic=True),
        Example(lambda x: x.T, X),
        Example(lambda s: np.transpose(s, (2, 0, 1)), S),
        Example(lambda s: s.transpose(1, 0, 2), S),
    ],
    "matrix_transpose": [Example(np.matrix_transpose, S), Example(lambda s: s.mT, S)],
    "linalg.matrix_transpose": [Example(np.linalg.matrix_transpose, S)],
    "swapaxes": [
        Example(lambda x: np.swapaxes(x, 0, 1), X, analytic=True),
        Example(lambda s: s.swapaxes(-1, 0), S),
    ],
    "moveaxis": [
        Example(lambda x: np.moveaxis(x, 0, -1), X, analytic=True),
        Example(lambda s: np.moveaxis(s, [0, 1], [-1, 0]), S),
    ],
    "rollaxis": [
        Example(lambda s: np.rollaxis(s, 2), S),
        Example(lambda s: np.rollaxis(s, 0, 3), S),
    ],
    "expand_dims": [
        Example(lambda x: np.expand_dims(x, (0, 2)), X, analytic=True),
        Example(lambda x: np.expand_dims(x, -1), X),
    ],
    "squeeze": [
        Example(lambda x: np.squeeze(x[None, :, :, None]), X),
        Example(lambda x: np.squeeze(x[None, :, :, None], axis=0), X),
        Example(lambda x: x[:1].squeeze(0), X),
    ],
    "atleast_1d": [
        Example(np.atleast_1d, ONE),
        Example(lambda x, v: tuple(np.atleast_1d(x, v)), ONE, V),
    ],
    "atleast_2d": [Example(np.atleast_2d, V), Example(np.atleast_2d, ONE)],
    "atleast_3d": [
        Example(np.atleast_3d, V),
        Example(np.atleast_3d, X),
        Example(np.atleast_3d, ONE),
    ],
    "broadcast_to": [
        Example(lambda x: np.broadcast_to(x, (2, 2, 3)), X, analytic=True),
        Example(lambda x: np.broadcast_to(x, (3,)), ONE),
    ],
    "broadcast_arrays": [
        Example(lambda x, w: tuple(np.broadcast_arrays(x, w[:, None])), X, W, analytic=True),
        Example(lambda x: np.broadcast_arrays(x, np.ones((4, 1, 3)))[0] * 2.0, X),
    ],
    "meshgrid": [
        Example(lambda v, w: tuple(np.meshgrid(v, w)), V, W, analytic=True),
        Example(lambda v: tuple(np.meshgrid(v, [1.0, 2.0], indexing="ij")), V),
        Example(lambda v, w: tuple(np.meshgrid(v, w, sparse=True)), V, W),
    ],
    "flip": [
        Example(np.flip, X, analytic=True),
        Example(lambda x: np.flip(x, axis=1), X),
        Example(lambda s: np.flip(s, axis=(0, 2)), S),
    ],
    "fliplr": [Example(np.fliplr, X)],
    "flipud": [Example(np.flipud, X)],
    "rot90": [
        Example(np.rot90, X, analytic=True),
        Example(lambda x: np.rot90(x, 2), X),
        Example(lambda s: np.rot90(s, -1, axes=(1, 2)), S),
    ],
    "lib.stride_tricks.sliding_window_view": [
        Example(lambda v: _window(v, 2), V, analytic=True),
        Example(lambda x: _window(x, (2, 2)), X),
        Example(lambda x: _window(x, 2, axis=1), X),
    ],
}
