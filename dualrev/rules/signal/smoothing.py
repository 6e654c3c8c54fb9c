"""Smoothing and trends: savgol_filter, detrend, medfilt, order_filter, wiener."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
from scipy import signal

from dualrev.core.array import dtype_of
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.rules.contraction import array_operand
from dualrev.rules.convolution import convolution
from dualrev.rules.creation import astype
from dualrev.rules.ndimage.edges import extended
from dualrev.rules.signal.convolution import correlate

__all__: list[str] = []


@numpy_function(signal.savgol_filter, note="in the signal; every mode")
def savgol_filter(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: Any = 0.0,
) -> Any:
    """Answer ``scipy.signal.savgol_filter``."""
    if mode not in ("mirror", "constant", "nearest", "interp", "wrap"):
        raise ValueError("mode must be 'mirror', 'constant', 'nearest' 'wrap' or 'interp'.")
    x = array_operand(x)
    dtype = dtype_of(x) if dtype_of(x) in (np.dtype("f"), np.dtype("d")) else np.dtype(float)
    coefficients = signal.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta)
    negative_axis(axis, x.ndim)
    x = astype(np.moveaxis(x, axis, -1), float, copy=False)
    size, n = len(coefficients), x.shape[-1]
    if mode == "interp":
        if window_length > n:
            raise ValueError(
                "If mode is 'interp', window_length must be less than or equal to the size of x."
            )
        half = window_length // 2
        ends = _edges(window_length, polyorder, deriv, delta)
        first = np.matmul(x[..., :window_length], ends[:half].T)
        last = np.matmul(x[..., n - window_length :], ends[window_length - half :].T)
        inner = convolution(x, coefficients, start=size // 2 + half, size=n - 2 * half)
        y = np.concatenate([first, inner, last], axis=-1)
    else:
        wide = extended(x, x.ndim - 1, size - 1 - size // 2, size // 2, mode, cval)
        y = convolution(wide, coefficients, start=size - 1, size=n)
    return np.moveaxis(astype(y, dtype, copy=False), -1, axis)


def _edges(window: int, order: int, deriv: int, delta: float) -> Any:
    """Return the matrix from the values of a window to the (derivative of the) polynomial fitted to them."""
    scale = 2.0 / max(window - 1, 1)
    at = np.arange(float(window)) * scale - 1.0
    polynomials = [np.polynomial.legendre.Legendre.basis(k) for k in range(order + 1)]
    values = np.stack([p(at) for p in polynomials], axis=-1)
    slopes = np.stack([p.deriv(deriv)(at) if deriv else p(at) for p in polynomials], axis=-1)
    return slopes @ np.linalg.pinv(values) * (scale / delta) ** deriv


@numpy_function(signal.detrend, note="in the data")
def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    """Answer ``scipy.signal.detrend``."""
    if type not in ("linear", "l", "constant", "c"):
        raise ValueError("Trend type must be 'linear' or 'constant'.")
    x = array_operand(data)
    if type in ("constant", "c"):
        return x - np.mean(x, axis=axis, keepdims=True)
    if dtype_of(x).char not in "dfDF":
        x = astype(x, float)
    x = np.moveaxis(x, axis, -1)
    n = x.shape[-1]
    bp = np.unique(np.concatenate([np.atleast_1d(v) for v in (0, bp, n)]))
    if np.any(bp > n):
        raise ValueError("Breakpoints must be less than length of data along given axis.")
    pieces = []
    for start, stop in itertools.pairwise(bp):
        count = int(stop - start)
        a = np.ones((count, 2))
        a[:, 0] = np.arange(1, count + 1) / count
        q = np.linalg.qr(a)[0] if count > 1 else np.ones((1, 1))
        q = astype(q, np.finfo(dtype_of(x)).dtype)
        piece = x[..., int(start) : int(stop)]
        pieces.append(piece - np.matmul(np.matmul(piece, q), q.T))
    return np.moveaxis(np.concatenate(pieces, axis=-1), -1, axis)


def _ranked(x: Any, footprint: Any, rank: int) -> Any:
    from dualrev.rules.ndimage.ranks import rank_filter

    return rank_filter(x, rank, footprint=footprint, mode="constant")


@numpy_function(signal.order_filter, note="ties share equally")
def order_filter(a: Any, domain: Any, rank: int) -> Any:
    """Answer ``scipy.signal.order_filter``."""
    domain = np.asarray(domain)
    if any(n % 2 != 1 for n in domain.shape):
        raise ValueError("Each dimension of domain argument should have an odd number of elements.")
    return _ranked(array_operand(a), domain.astype(bool), rank)


@numpy_function(signal.medfilt, note="ties share equally")
def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """Answer ``scipy.signal.medfilt``."""
    x = np.atleast_1d(volume)
    if dtype_of(x).char not in "fd":
        raise ValueError(f"dtype={dtype_of(x)} is not supported by medfilt")
    sizes = np.broadcast_to(3 if kernel_size is None else kernel_size, (x.ndim,))
    if any(n % 2 != 1 for n in sizes):
        raise ValueError("Each element of kernel_size should be odd.")
    if any(n > m for n, m in zip(sizes, x.shape, strict=True)):
        warnings.warn(
            "kernel_size exceeds volume extent: the volume will be zero-padded.", stacklevel=2
        )
    return _ranked(x, np.ones(sizes, bool), math.prod(int(n) for n in sizes) // 2)


@numpy_function(signal.medfilt2d, note="ties share equally")
def medfilt2d(input: Any, kernel_size: Any = 3) -> Any:
    """Answer ``scipy.signal.medfilt2d``."""
    x = array_operand(input)
    if x.ndim != 2:
        raise ValueError("object of too small depth for desired array")
    return medfilt(x, kernel_size)


@numpy_function(signal.wiener, note="in the image and the noise")
def wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    """Answer ``scipy.signal.wiener``."""
    x = array_operand(im)
    sizes = (
        [3] * x.ndim if mysize is None else [mysize] * x.ndim if np.ndim(mysize) == 0 else mysize
    )
    box, count = np.ones([int(n) for n in sizes]), float(math.prod(int(n) for n in sizes))
    mean = correlate(x, box, "same") / count
    variance = correlate(x**2, box, "same") / count - mean**2
    if noise is None:
        noise = np.mean(np.ravel(variance))
    quiet = variance < noise
    safe = np.where(quiet, 1.0, variance)
    return np.where(quiet, mean, (x - mean) * (1 - noise / safe) + mean)
