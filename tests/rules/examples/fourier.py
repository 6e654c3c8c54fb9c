"""numpy.fft: lengths, axes, norms."""

import numpy as np

from dualrev.core.primitive import ENTRIES
from tests.rules.examples import Example

_rng = np.random.default_rng(21)
X = _rng.normal(size=(3, 4))
Z = X + 1j * _rng.normal(size=(3, 4))
LINE = _rng.normal(size=5)

EXAMPLES = {
    "fft.fft": [
        Example(np.fft.fft, X),
        Example(lambda z: np.fft.fft(z, 5, norm="ortho"), Z),
        Example(lambda z: np.fft.fft(z, n=2, axis=0, norm="forward"), Z),
    ],
    "fft.ifft": [
        Example(np.fft.ifft, LINE),
        Example(lambda z: np.fft.ifft(z, 6, norm="ortho"), Z),
        Example(lambda z: np.fft.ifft(z, axis=0, norm="forward"), Z),
    ],
    "fft.rfft": [
        Example(np.fft.rfft, LINE),
        Example(lambda x: np.fft.rfft(x, 6, norm="ortho"), X),
        Example(lambda x: np.fft.rfft(x, 2, 0, "forward"), X),
    ],
    "fft.irfft": [
        Example(np.fft.irfft, Z),
        Example(lambda z: np.fft.irfft(z, 5, norm="ortho"), Z),
        Example(lambda z: np.fft.irfft(z, 3, 0, "forward"), Z),
        Example(np.fft.irfft, X),
    ],
    "fft.hfft": [
        Example(np.fft.hfft, Z),
        Example(lambda z: np.fft.hfft(z, 7, 0, "ortho"), Z),
        Example(lambda x: np.fft.hfft(x, norm="forward"), LINE),
    ],
    "fft.ihfft": [
        Example(np.fft.ihfft, LINE),
        Example(lambda x: np.fft.ihfft(x, 5, norm="ortho"), X),
        Example(lambda x: np.fft.ihfft(x, axis=0, norm="forward"), X),
    ],
    "fft.fft2": [Example(np.fft.fft2, Z), Example(lambda x: np.fft.fft2(x, (2, 5)), X)],
    "fft.ifft2": [Example(np.fft.ifft2, Z), Example(lambda x: np.fft.ifft2(x, norm="ortho"), X)],
    "fft.rfft2": [
        Example(np.fft.rfft2, X),
        Example(lambda x: np.fft.rfft2(x, (4, 3), (1, 0), "ortho"), X),
    ],
    "fft.irfft2": [
        Example(np.fft.irfft2, Z),
        Example(lambda z: np.fft.irfft2(z, (2, 5), norm="ortho"), Z),
    ],
    "fft.fftn": [
        Example(np.fft.fftn, Z),
        Example(lambda x: np.fft.fftn(x, (5,), (0,), norm="forward"), X),
        Example(lambda z: np.fft.fftn(z, axes=(1, 0, 1)), Z),
    ],
    "fft.ifftn": [Example(np.fft.ifftn, Z), Example(lambda x: np.fft.ifftn(x, axes=(0,)), X)],
    "fft.rfftn": [
        Example(np.fft.rfftn, X),
        Example(lambda x: np.fft.rfftn(x, (-1, 5), (1, 0)), X),
    ],
    "fft.irfftn": [
        Example(np.fft.irfftn, Z),
        Example(lambda z: np.fft.irfftn(z, (3, 4), (1, 0), "ortho"), Z),
    ],
    "fft.fftshift": [Example(np.fft.fftshift, X), Example(lambda x: np.fft.fftshift(x, 0), X)],
    "fft.ifftshift": [
        Example(np.fft.ifftshift, X),
        Example(lambda z: np.fft.ifftshift(z, (0,)), Z),
    ],
    "fft.fftfreq": [Example(lambda d: ENTRIES[np.fft.fftfreq].call(5, d), 0.3, analytic=True)],
    "fft.rfftfreq": [Example(lambda d: ENTRIES[np.fft.rfftfreq].call(4, d), 0.3, analytic=True)],
}
