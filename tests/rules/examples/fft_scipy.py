"""scipy.fft: lengths, axes, norms, types."""

import numpy as np

from dualrev.scipy import fft
from tests.rules.examples import Example

_rng = np.random.default_rng(77)
X = _rng.normal(size=(3, 4))
Z = X + 1j * _rng.normal(size=(3, 4))
LINE = _rng.normal(size=5)
CUBE = _rng.normal(size=(2, 3, 4))

EXAMPLES = {
    "fft.fft": [
        Example(fft.fft, X),
        Example(lambda z: fft.fft(z, 5, norm="ortho", workers=1), Z),
        Example(lambda z: fft.fft(z, n=2, axis=0, norm="forward"), Z),
    ],
    "fft.ifft": [
        Example(fft.ifft, LINE),
        Example(lambda z: fft.ifft(z, 6, norm="ortho"), Z),
        Example(lambda z: fft.ifft(z, axis=0, norm="forward"), Z),
    ],
    "fft.rfft": [
        Example(fft.rfft, LINE),
        Example(lambda x: fft.rfft(x, 6, norm="ortho"), X),
        Example(lambda x: fft.rfft(x, 2, 0, "forward"), X),
    ],
    "fft.irfft": [
        Example(fft.irfft, Z),
        Example(lambda z: fft.irfft(z, 5, norm="ortho"), Z),
        Example(lambda z: fft.irfft(z, 3, 0, "forward"), Z),
        Example(fft.irfft, X),
    ],
    "fft.hfft": [
        Example(fft.hfft, Z),
        Example(lambda z: fft.hfft(z, 7, 0, "ortho"), Z),
        Example(lambda x: fft.hfft(x, norm="forward"), LINE),
    ],
    "fft.ihfft": [
        Example(fft.ihfft, LINE),
        Example(lambda x: fft.ihfft(x, 5, norm="ortho"), X),
        Example(lambda x: fft.ihfft(x, axis=0, norm="forward"), X),
    ],
    "fft.fft2": [Example(fft.fft2, Z), Example(lambda x: fft.fft2(x, (2, 5)), X)],
    "fft.ifft2": [Example(fft.ifft2, Z), Example(lambda x: fft.ifft2(x, norm="ortho"), X)],
    "fft.rfft2": [
        Example(fft.rfft2, X),
        Example(lambda x: fft.rfft2(x, (4, 3), (1, 0), "ortho"), X),
    ],
    "fft.irfft2": [
        Example(fft.irfft2, Z),
        Example(lambda z: fft.irfft2(z, (2, 5), norm="ortho"), Z),
    ],
    "fft.hfft2": [
        Example(fft.hfft2, Z),
        Example(lambda z: fft.hfft2(z, (2, 5), norm="forward"), Z),
    ],
    "fft.ihfft2": [
        Example(fft.ihfft2, X),
        Example(lambda x: fft.ihfft2(x, (4, 3), (1, 0), "ortho"), X),
    ],
    "fft.fftn": [
        Example(fft.fftn, Z),
        Example(lambda x: fft.fftn(x, 5, 0, norm="forward"), X),
        Example(lambda x: fft.fftn(x, (3, -1)), CUBE),
    ],
    "fft.ifftn": [Example(fft.ifftn, Z), Example(lambda x: fft.ifftn(x, axes=(0,)), X)],
    "fft.rfftn": [
        Example(fft.rfftn, CUBE),
        Example(lambda x: fft.rfftn(x, (5, 2), (2, 0), "forward"), CUBE),
    ],
    "fft.irfftn": [
        Example(fft.irfftn, Z),
        Example(lambda x: fft.irfftn(x, axes=(0, 2), norm="ortho"), CUBE),
    ],
    "fft.hfftn": [
        Example(fft.hfftn, Z),
        Example(lambda x: fft.hfftn(x, (3, 5), (2, 1), "ortho"), CUBE),
    ],
    "fft.ihfftn": [
        Example(fft.ihfftn, X),
        Example(lambda x: fft.ihfftn(x, (3, 5), (2, 1), "forward"), CUBE),
    ],
    "fft.fftshift": [Example(fft.fftshift, X), Example(lambda x: fft.fftshift(x, (0,)), X)],
    "fft.ifftshift": [Example(fft.ifftshift, X), Example(lambda x: fft.ifftshift(x, 1), X)],
    "fft.fftfreq": [Example(lambda d: fft.fftfreq(5, d), 0.7)],
    "fft.rfftfreq": [Example(lambda d: fft.rfftfreq(6, d), 0.7)],
    "fft.fht": [
        Example(lambda x: fft.fht(x, 0.2, 0.5), LINE),
        Example(lambda x: fft.fht(x, 0.2, 0.5, offset=0.1, bias=0.3), X),
    ],
    "fft.ifht": [
        Example(lambda x: fft.ifht(x, 0.2, 0.5), LINE),
        Example(lambda x: fft.ifht(x, 0.2, 0.5, 0.1, -0.2), X),
    ],
}


def _single(f):
    return [
        Example(f, X),
        Example(lambda z: f(z, 1, axis=0, norm="ortho"), Z),
        *(
            Example(lambda x, t=t, n=n, o=o: f(x, t, 5, 0, n, orthogonalize=o), X)
            for t in (1, 2, 3, 4)
            for n, o in ((None, None), ("ortho", None), ("ortho", False), ("forward", True))
        ),
        Example(lambda x: f(x, 3, n=2, norm="backward", orthogonalize=True), X),
    ]


def _several(f):
    return [
        Example(f, X),
        Example(lambda x: f(x, 3, s=(2, 5), axes=(2, 0), norm="ortho"), CUBE),
        Example(lambda x: f(x, 1, norm="forward", orthogonalize=True), CUBE),
    ]


# What numpy.fft has too goes by its full name.
EXAMPLES = {
    (f"scipy.{name}" if hasattr(np.fft, name.partition(".")[2]) else name): examples
    for name, examples in EXAMPLES.items()
}
for _name in ("dct", "idct", "dst", "idst"):
    EXAMPLES[f"fft.{_name}"] = _single(getattr(fft, _name))
    EXAMPLES[f"fft.{_name}n"] = _several(getattr(fft, f"{_name}n"))
