"""Discrete Fourier transforms along one axis: three linear primitives, and the functions of numpy.fft."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case
from dualrev.core.flavours import batch_leading, general, linear
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.rules.contraction import array_operand

__all__ = ["IGNORED", "complex_transform", "real_inverse", "real_transform", "written"]

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _complex(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


def _fit(x: Any, size: int, axis: int) -> Any:
    """Cut off `x` along an axis, or pad it with zeros: the transpose of what n= does."""
    have = x.shape[axis]
    behind = -axis - 1
    if have > size:
        return x[(..., slice(size), *(slice(None),) * behind)]
    if have < size:
        widths = [(0, 0)] * x.ndim
        widths[axis] = (0, size - have)
        return np.pad(x, widths)
    return x


def _weights(x: Any, inner: float, n: int, axis: int) -> Any:
    """Return 1 for the frequencies that stand for themselves, `inner` for those that stand for two."""
    w = np.full(n // 2 + 1, inner, np.finfo(dtype_of(x)).dtype)
    w[0] = 1
    if n % 2 == 0:
        w[-1] = 1
    return np.reshape(w, (-1, *(1,) * (-axis - 1)))


def _dft_value(x: Any, *, n: int, axis: int, norm: Any, inverse: bool) -> Any:
    return (np.fft.ifft if inverse else np.fft.fft)(x, n, axis, norm)


def _dft_transpose(
    ct: Any, shape: tuple[int, ...], *, n: int, axis: int, norm: Any, inverse: bool
) -> Any:
    return _fit(dft(ct, n=n, axis=axis, norm=norm, inverse=inverse), shape[axis], axis)


dft = linear(
    _dft_value,
    _dft_transpose,
    on=[
        case((3, 4), n=4, axis=-1, norm=None, inverse=False),
        case(_complex(5, 2), n=5, axis=-2, norm="ortho", inverse=False),
        case(_complex(2, 3), n=5, axis=-1, norm=None, inverse=True),
        case((5,), n=2, axis=-1, norm="forward", inverse=True),
        case(_complex(1), n=1, axis=-1, norm="ortho", inverse=True),
    ],
    name="dft",
    pattern="lines",
    formula="y = F x, cut or padded to n entries before; F is symmetric",
)


def _rdft_transpose(ct: Any, shape: tuple[int, ...], *, n: int, axis: int, norm: Any) -> Any:
    ct = np.conjugate(ct) * _weights(ct, 0.5, n, axis)
    return _fit(irdft(ct, n=n, axis=axis, norm=_SWAPPED[norm]), shape[axis], axis)


rdft = linear(
    lambda x, *, n, axis, norm: np.fft.rfft(x, n, axis, norm),
    _rdft_transpose,
    on=[
        case((3, 4), n=4, axis=-1, norm=None),
        case((5, 2), n=5, axis=-2, norm="ortho"),
        case((3,), n=6, axis=-1, norm="forward"),
        case((6,), n=3, axis=-1, norm=None),
        case((1,), n=1, axis=-1, norm=None),
    ],
    name="rdft",
    pattern="lines",
    formula="the first n//2 + 1 entries of F x for real x; the adjoint is irdft with halved inner entries",
)


def _irdft_transpose(ct: Any, shape: tuple[int, ...], *, n: int, axis: int, norm: Any) -> Any:
    g = np.conjugate(rdft(ct, n=n, axis=axis, norm=_SWAPPED[norm]))
    return _fit(g * _weights(g, 2.0, n, axis), shape[axis], axis)


irdft = linear(
    lambda x, *, n, axis, norm: np.fft.irfft(x, n, axis, norm),
    _irdft_transpose,
    on=[
        case(_complex(3, 3), n=4, axis=-1, norm=None),
        case(_complex(3, 2), n=5, axis=-2, norm="ortho"),
        case(_complex(2), n=6, axis=-1, norm="forward"),
        case(_complex(5), n=3, axis=-1, norm=None),
        case(_complex(2), n=1, axis=-1, norm=None),
    ],
    name="irdft",
    pattern="lines",
    formula="the real x with rdft(x) = z; the adjoint is rdft with doubled inner entries",
)


@general(
    lambda x, *, n, axis, norm: np.fft.irfft(x, n, axis, norm),
    on=[
        case((3, 4), n=5, axis=-1, norm=None),
        case((4, 2), n=6, axis=-2, norm="ortho"),
        case((2,), n=7, axis=-1, norm="forward"),
        case((5,), n=3, axis=-1, norm=None),
    ],
    batch=batch_leading,
    analytic=False,
    pattern="lines",
)
class irdft_real:
    """irdft of z = x + 0i, which is what NumPy computes; the adjoint is the real part of its adjoint."""

    def tangent(t: Any, *, n: int, axis: int, norm: Any) -> Any:
        return irdft_real(t, n=n, axis=axis, norm=norm)

    def adjoint(ct: Any, shape: tuple[int, ...], *, n: int, axis: int, norm: Any) -> Any:
        return np.real(_irdft_transpose(ct, shape, n=n, axis=axis, norm=norm))


def written(y: Any, out: Any, name: str) -> Any:
    """Return `y`, written into ``out=`` if that is given."""
    return y if out is None else write_out(out, y, (), f"np.fft.{name}")


def _points(n: Any) -> int:
    n = operator.index(n)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    return n


def _swapped(norm: Any) -> str:
    try:
        return _SWAPPED[norm]
    except (KeyError, TypeError):
        raise ValueError(
            f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".'
        ) from None


def complex_transform(x: Any, n: Any, axis: Any, norm: Any, inverse: bool) -> Any:
    """Transform along an axis, with NumPy's arguments and errors."""
    n = _points(x.shape[axis] if n is None else n)
    _swapped(norm)
    return dft(x, n=n, axis=negative_axis(axis, x.ndim), norm=norm, inverse=inverse)


def real_transform(x: Any, n: Any, axis: Any, norm: Any) -> Any:
    """Transform real numbers to half a spectrum."""
    n = _points(x.shape[axis] if n is None else n)
    _swapped(norm)
    return rdft(x, n=n, axis=negative_axis(axis, x.ndim), norm=norm)


def real_inverse(x: Any, n: Any, axis: Any, norm: Any) -> Any:
    """Transform half a spectrum to real numbers."""
    n = _points((x.shape[axis] - 1) * 2 if n is None else n)
    _swapped(norm)
    axis = negative_axis(axis, x.ndim)
    transform = irdft if dtype_of(x).kind == "c" else irdft_real
    return transform(x, n=n, axis=axis, norm=norm)


@numpy_function(np.fft.fft, kind="rule")
def fft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.fft``."""
    return written(complex_transform(array_operand(a), n, axis, norm, False), out, "fft")


@numpy_function(np.fft.ifft, kind="rule")
def ifft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.ifft``."""
    return written(complex_transform(array_operand(a), n, axis, norm, True), out, "ifft")


@numpy_function(np.fft.rfft, kind="rule")
def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.rfft``."""
    return written(real_transform(array_operand(a), n, axis, norm), out, "rfft")


IGNORED = "imaginary parts that the result does not depend on (frequency 0, n/2) have derivative 0"


@numpy_function(np.fft.irfft, kind="rule", note=IGNORED)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.irfft``."""
    return written(real_inverse(array_operand(a), n, axis, norm), out, "irfft")


@numpy_function(np.fft.hfft, note=IGNORED)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.hfft``: the transform of a signal with Hermitian symmetry."""
    x = np.conjugate(array_operand(a))
    return written(real_inverse(x, n, axis, _swapped(norm)), out, "hfft")


@numpy_function(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.ihfft``, the inverse of ``hfft``."""
    y = np.conjugate(real_transform(array_operand(a), n, axis, _swapped(norm)))
    return written(y, out, "ihfft")
