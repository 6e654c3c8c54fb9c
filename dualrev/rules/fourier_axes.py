"""Discrete Fourier transforms along several axes, one after the other as in NumPy; shifts and frequencies."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.fourier import (
    IGNORED,
    complex_transform,
    real_inverse,
    real_transform,
    written,
)

__all__: list[str] = []


def _sizes(x: Any, s: Any, axes: Any, real: bool) -> list[tuple[int, int]]:
    """Return pairs of a size and an axis; `real` is for the inverse of a real transform."""
    given = s is not None
    if axes is None:
        if given:
            warnings.warn(
                "`axes` should not be `None` if `s` is not `None` (Deprecated in NumPy 2.0).",
                DeprecationWarning,
                stacklevel=4,
            )
        axes = range(-len(s) if given else -x.ndim, 0)
    axes = [operator.index(k) for k in axes]
    sizes = list(s) if given else [x.shape[k] for k in axes]
    if len(sizes) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    if real and sizes and not given:
        sizes[-1] = (sizes[-1] - 1) * 2
    return [(x.shape[k] if n == -1 else n, k) for n, k in zip(sizes, axes, strict=True)]


def _last_apart(pairs: list[Any]) -> tuple[list[Any], Any]:
    if not pairs:
        raise IndexError("a real transform needs at least one axis")
    return pairs[:-1], pairs[-1]


def _every_axis(a: Any, s: Any, axes: Any, norm: Any, inverse: bool) -> Any:
    x = array_operand(a)
    for n, axis in reversed(_sizes(x, s, axes, False)):
        x = complex_transform(x, n, axis, norm, inverse)
    return x


@numpy_function(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.fftn``."""
    return written(_every_axis(a, s, axes, norm, False), out, "fftn")


@numpy_function(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.ifftn``."""
    return written(_every_axis(a, s, axes, norm, True), out, "ifftn")


@numpy_function(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.rfftn``: real along the last of the axes."""
    x = array_operand(a)
    others, last = _last_apart(_sizes(x, s, axes, False))
    x = real_transform(x, *last, norm)
    for n, axis in reversed(others):
        x = complex_transform(x, n, axis, norm, False)
    return written(x, out, "rfftn")


@numpy_function(np.fft.irfftn, note=IGNORED)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """Answer ``np.fft.irfftn``."""
    x = array_operand(a)
    others, last = _last_apart(_sizes(x, s, axes, True))
    for n, axis in others:
        x = complex_transform(x, n, axis, norm, True)
    return written(real_inverse(x, *last, norm), out, "irfftn")


for _plane, _every in (
    (np.fft.fft2, fftn),
    (np.fft.ifft2, ifftn),
    (np.fft.rfft2, rfftn),
    (np.fft.irfft2, irfftn),
):

    @numpy_function(_plane, note=IGNORED if _every is irfftn else "")
    def _two(
        a: Any,
        s: Any = None,
        axes: Any = (-2, -1),
        norm: Any = None,
        out: Any = None,
        _every: Any = _every,
    ) -> Any:
        return _every(a, s, axes, norm, out)


def _shifted(x: Any, axes: Any, sign: int) -> Any:
    x = array_operand(x)
    if axes is None:
        axes = tuple(range(x.ndim))
    axes = tuple(axes) if np.iterable(axes) else (operator.index(axes),)
    return np.roll(x, tuple(sign * (x.shape[k] // 2) for k in axes), axes)


@numpy_function(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """Answer ``np.fft.fftshift``: frequency zero goes to the middle."""
    return _shifted(x, axes, 1)


@numpy_function(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """Answer ``np.fft.ifftshift``, the inverse of ``fftshift``."""
    return _shifted(x, axes, -1)


# NumPy's own code multiplies integers by 1/(n d), which may be traced.
numpy_function(np.fft.fftfreq, note="the spacing d may be traced")(np.fft.fftfreq)
numpy_function(np.fft.rfftfreq, note="the spacing d may be traced")(np.fft.rfftfreq)
