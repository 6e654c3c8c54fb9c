"""Spline coefficients of images: spline_filter, spline_filter1d.

The coefficients solve a cyclic or folded system along each axis (Unser, Aldroubi & Eden 1991, "Fast B-spline
transforms"). The filter is SciPy's own; its transpose is that of the same equations.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from scipy import ndimage, signal, sparse

from dualrev.core.primitive import numpy_function
from dualrev.rules.ndimage.edges import delivered, extended, image, in_double
from dualrev.rules.splines.maps import Map, along, solver

__all__ = ["check", "coefficients", "folded", "folding"]

_MODES = (
    "reflect", "grid-mirror", "mirror", "nearest", "wrap", "grid-wrap", "constant", "grid-constant"
)  # fmt: skip
# Values of the B-splines of each degree at whole numbers, times a common denominator.
_TAPS = {
    2: (8.0, (1, 6, 1)),
    3: (6.0, (1, 4, 1)),
    4: (384.0, (1, 76, 230, 76, 1)),
    5: (120.0, (1, 26, 66, 26, 1)),
}
_PADDED = 12


def check(order: int, mode: str) -> None:
    if order < 0 or order > 5:
        raise RuntimeError("spline order not supported")
    if mode not in _MODES:
        raise RuntimeError("boundary mode not supported")


def folding(mode: str) -> str:
    """Return how a spline goes on beyond its coefficients."""
    if mode in ("reflect", "grid-mirror", "nearest"):
        return "reflect"
    return "grid-wrap" if mode == "grid-wrap" else "mirror"


def folded(k: Any, n: int, mode: str) -> Any:
    """Return whole positions within 0 .. n - 1 that stand for any."""
    if n == 1:
        return k * 0
    if mode == "grid-wrap":
        return k % n
    if mode == "nearest":
        return np.clip(k, 0, n - 1)
    period = 2 * n if mode == "reflect" else 2 * n - 2
    k = k % period
    return np.where(k < n, k, period - k - (mode == "reflect"))


def _poles(order: int) -> list[float]:
    """Return the roots inside the unit circle of the polynomial of the spline's values at whole numbers."""
    roots = np.roots(_TAPS[order][1])
    return sorted(float(z.real) for z in roots if abs(z) < 1)


@functools.lru_cache(64)
def _inverse(n: int, order: int, mode: str) -> Map:
    """Return SciPy's filter from an image to coefficients, and its transpose."""

    def forward(x: Any) -> Any:
        return ndimage.spline_filter1d(x, order, axis=0, mode=mode)

    if mode == "reflect":
        return Map(forward, functools.partial(_reflected, order=order))
    scale, taps = _TAPS[order]
    half = len(taps) // 2
    rows = np.repeat(np.arange(n), len(taps))
    columns = (np.arange(n)[:, None] + np.arange(-half, half + 1)).ravel()
    entries = np.tile(np.array(taps) / scale, n)
    shape = (n, n)
    system = sparse.csc_matrix((entries, (rows, folded(columns, n, mode))), shape=shape)
    return Map(forward, solver(system).backward)


def _reflected(ct: Any, order: int) -> Any:
    """Transpose SciPy's filter with reflecting borders, whose first value is not quite that of the inverse."""
    n = len(ct)
    gain = 1.0
    for z in reversed(_poles(order)):
        gain *= (1.0 - z) * (1.0 - 1.0 / z)
        ct = signal.lfilter([1.0], [1.0, -z], ct, axis=0)
        ct = np.concatenate([-z * ct[:-1], z / (z - 1.0) * ct[-1:]])
        ct = signal.lfilter([1.0], [1.0, -z], ct[::-1], axis=0)[::-1]
        powers = z ** np.arange(n)
        # The last term of SciPy's sum takes what has been summed up so far, in place of the first value.
        first = np.append(powers[:-1], 0.0) + np.append(0.0, z**n * powers[:-1][::-1])
        first *= 1.0 + z ** (2 * n - 1)
        first[-1] += z ** (n - 1)
        ct = ct + np.multiply.outer(first * z / (1.0 - z ** (2 * n)), ct[0])
    return gain * ct


def _prefiltered(x: Any, order: int, axis: int, mode: str) -> Any:
    n = x.shape[axis]
    return along(_inverse(n, order, folding(mode)), x, axis) if order > 1 and n > 1 else x


@numpy_function(ndimage.spline_filter1d)
def spline_filter1d(
    input: Any, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    """Answer ``scipy.ndimage.spline_filter1d``."""
    check(order, mode)
    x = image(input)
    y = _prefiltered(in_double(x), order, axis, mode)
    return delivered(y, x, output, "spline_filter1d")


@numpy_function(ndimage.spline_filter)
def spline_filter(
    input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    """Answer ``scipy.ndimage.spline_filter``."""
    if order < 2:
        raise RuntimeError("spline order not supported")
    check(order, mode)
    x = image(input)
    y = in_double(x)
    for axis in range(x.ndim):
        y = _prefiltered(y, order, axis, mode)
    return delivered(y, x, output, "spline_filter")


def coefficients(x: Any, order: int, mode: str, cval: Any, prefilter: bool) -> tuple[Any, int]:
    """Return the coefficients of an image, and by how much they were padded."""
    x = in_double(x)
    if not prefilter or order < 2:
        return x, 0
    padded = _PADDED if mode in ("nearest", "grid-constant") else 0
    for axis in range(x.ndim if padded else 0):
        x = extended(x, axis, padded, padded, mode, cval)
    for axis in range(x.ndim):
        x = _prefiltered(x, order, axis, mode)
    return x, padded
