"""The linear filters of scipy.ndimage: correlations and convolutions of continued arrays.

The array is continued beyond its borders by taking or repeating its entries; what follows is a correlation of which
only the part inside is kept. So filters are differentiable in the image, in the weights, and in the border value.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from scipy import ndimage

from dualrev.core.array import dtype_of, value
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.errors import UnsupportedError
from dualrev.rules.convolution import convolution
from dualrev.rules.ndimage.edges import (
    check_axes,
    delivered,
    each,
    extended,
    image,
    in_double,
    invalid_origin,
)
from dualrev.rules.signal.convolution import convolved

__all__ = ["filtered_1d", "gaussian"]


def filtered_1d(x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: int) -> Any:
    """Correlate along one axis, in double precision."""
    size = weights.shape[0]
    n = x.shape[axis]
    before = size // 2 + origin
    wide = extended(x, axis, before, size - 1 - before, mode, cval)
    wide = np.moveaxis(wide, axis, -1)
    y = convolution(wide, weights[::-1], start=size - 1, size=n)
    return np.moveaxis(y, -1, axis)


def _line(
    x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: int, conjugated: bool
) -> Any:
    if weights.ndim != 1 or weights.shape[0] < 1:
        raise RuntimeError("no filter weights given")
    negative_axis(axis, x.ndim)
    if invalid_origin(origin, weights.shape[0]):
        raise ValueError(
            "Invalid origin; origin must satisfy -(len(weights) // 2) <= origin <= (len(weights)-1) // 2"
        )
    if conjugated and dtype_of(weights).kind == "c":
        weights = np.conjugate(weights)
    return filtered_1d(in_double(x), in_double(weights), axis, mode, cval, origin)


@numpy_function(
    ndimage.correlate1d, note="in the image, weights and border value; conjugates the weights"
)
def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """Answer ``scipy.ndimage.correlate1d``."""
    x = image(input)
    y = _line(x, image(weights), axis, mode, cval, origin, True)
    return delivered(y, x, output, "correlate1d")


@numpy_function(ndimage.convolve1d, note="in the image, weights and border value")
def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """Answer ``scipy.ndimage.convolve1d``."""
    x, w = image(input), image(weights)
    back = -origin - (not w.shape[0] & 1)
    y = _line(x, w[::-1], axis, mode, cval, back, False)
    return delivered(y, x, output, "convolve1d")


def _filter(
    x: Any, weights: Any, mode: Any, cval: Any, origin: Any, axes: Any, turned: bool
) -> Any:
    axes = check_axes(axes, x.ndim)
    if weights.ndim != len(axes):
        raise RuntimeError(f"weights.ndim ({weights.ndim}) must match len(axes) ({len(axes)})")
    if not isinstance(mode, str):
        raise RuntimeError("A sequence of modes is not supported")
    origins = each(origin, len(axes))
    if turned:
        weights = weights[(slice(None, None, -1),) * weights.ndim]
        origins = [-o - (not n & 1) for o, n in zip(origins, weights.shape, strict=True)]
    for o, n in zip(origins, weights.shape, strict=True):
        if invalid_origin(o, n):
            raise ValueError(
                "Invalid origin; origin must satisfy -(weights.shape[k] // 2) <= origin[k] <= "
                "(weights.shape[k]-1) // 2"
            )
    if x.ndim == 0 or not axes:
        return x * np.reshape(weights, ()) if weights.size == 1 else x
    wide = x
    for axis, o, n in zip(axes, origins, weights.shape, strict=True):
        before = n // 2 + o
        wide = extended(wide, axis, before, n - 1 - before, mode, cval)
    last = tuple(range(-len(axes), 0))
    wide = np.moveaxis(wide, axes, last)
    flipped = weights[(slice(None, None, -1),) * weights.ndim]
    starts = tuple(n - 1 for n in weights.shape)
    sizes = tuple(x.shape[k] for k in axes)
    y = convolved(wide, flipped, starts=starts, sizes=sizes, method="direct")
    return np.moveaxis(y, last, axes)


@numpy_function(
    ndimage.correlate, note="in the image, weights and border value; conjugates the weights"
)
def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.correlate``."""
    x, w = image(input), image(weights)
    w = np.conjugate(w) if dtype_of(w).kind == "c" else w
    y = _filter(in_double(x), in_double(w), mode, cval, origin, axes, False)
    return delivered(y, x, output, "correlate")


@numpy_function(ndimage.convolve, note="in the image, weights and border value")
def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.convolve``."""
    x, w = image(input), image(weights)
    y = _filter(in_double(x), in_double(w), mode, cval, origin, axes, True)
    return delivered(y, x, output, "convolve")


# --------------------------------------------------------------------------------------------------
# Gaussian filters


def _kernel(sigma: Any, order: int, radius: int) -> Any:
    """Return samples of a normal density, or of its derivative: times a Hermite polynomial."""
    if order < 0:
        raise ValueError("order must be non-negative")
    x = np.arange(-radius, radius + 1.0)
    phi = np.exp(-0.5 / (sigma * sigma) * x**2)
    phi = phi / np.sum(phi)
    before, q = 0.0, 1.0
    for n in range(order):
        # Derivatives of exp(-x²/2σ²): q_{n+1} = -(x q_n + n q_{n-1})/σ² (DLMF 18.9.1, 18.5.9).
        before, q = q, -(x * q + n * before) / (sigma * sigma)
    return q * phi


def _radius(sigma: Any, truncate: float) -> int:
    found = np.unique((truncate * np.asarray(value(sigma), float) + 0.5).astype(int))
    if found.size != 1:
        raise UnsupportedError(
            "a Gaussian filter in vmap over sigma",
            f"the radius of its window differs between lanes: {found}",
            "radius=",
        )
    return int(found[0])


def _smoothed(
    x: Any, sigma: Any, axis: int, order: int, mode: str, cval: Any, truncate: Any, radius: Any
) -> Any:
    if radius is None:
        radius = _radius(sigma, truncate)
    if not isinstance(radius, numbers.Integral) or radius < 0:
        raise ValueError("Radius must be a nonnegative integer.")
    weights = _kernel(sigma, order, int(radius))[::-1]
    return filtered_1d(x, weights, axis, mode, cval, 0)


@numpy_function(
    ndimage.gaussian_filter1d, note="in the image, sigma and border value; the radius is constant"
)
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.gaussian_filter1d``."""
    x = image(input)
    y = _smoothed(in_double(x), sigma, axis, order, mode, cval, truncate, radius)
    return delivered(y, x, output, "gaussian_filter1d")


def gaussian(
    x: Any, sigma: Any, order: Any, mode: Any, cval: Any, truncate: Any, radius: Any, axes: Any
) -> Any:
    """Filter along several axes; between the axes SciPy rounds to the dtype of the result, this does not."""
    axes = check_axes(axes, x.ndim)
    count = len(axes)
    given = (each(v, count) for v in (sigma, order, mode, radius))
    for axis, s, o, m, r in zip(axes, *given, strict=True):
        if np.all(value(s) > 1e-15):
            x = _smoothed(x, s, axis, o, m, cval, truncate, r)
    return x


@numpy_function(
    ndimage.gaussian_filter, note="in the image, sigma and border value; the radius is constant"
)
def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.gaussian_filter``."""
    x = image(input)
    y = gaussian(in_double(x), sigma, order, mode, cval, truncate, radius, axes)
    return delivered(y, x, output, "gaussian_filter")


def _orders(ndim: int, axis: int, order: int) -> list[int]:
    return [order if k == axis else 0 for k in range(ndim)]


@numpy_function(ndimage.gaussian_laplace, note="in the image, sigma and border value")
def gaussian_laplace(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    *,
    axes: Any = None,
    truncate: float = 4.0,
    radius: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.gaussian_laplace``."""
    x = image(input)
    over = check_axes(axes, x.ndim)
    sigmas: list[Any] = [0.0] * x.ndim
    for axis, s in zip(over, each(sigma, len(over)), strict=True):
        sigmas[axis] = s
    y = in_double(x)
    if over:
        modes = each(mode, len(over))
        parts = (
            gaussian(y, sigmas, _orders(x.ndim, k, 2), m, cval, truncate, radius, None)
            for k, m in zip(over, modes, strict=True)
        )
        y = sum(parts)
    return delivered(y, x, output, "gaussian_laplace")


@numpy_function(
    ndimage.gaussian_gradient_magnitude,
    note="in the image, sigma and border value; 0 where the gradient is",
)
def gaussian_gradient_magnitude(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    *,
    axes: Any = None,
    truncate: float = 4.0,
    radius: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.gaussian_gradient_magnitude``."""
    x = image(input)
    over = check_axes(axes, x.ndim)
    y = in_double(x)
    if over:
        modes = each(mode, len(over))
        slopes = [
            gaussian(y, sigma, _orders(x.ndim, k, 1), m, cval, truncate, radius, None)
            for k, m in zip(over, modes, strict=True)
        ]
        along = np.stack(slopes)
        if dtype_of(y).kind == "c":  # SciPy takes squares, not absolute ones
            y = np.sqrt(np.sum(along * along, axis=0))
        else:
            y = np.linalg.norm(along, axis=0)
    return delivered(y, x, output, "gaussian_gradient_magnitude")


# --------------------------------------------------------------------------------------------------
# Differences and means


def _edge_filter(
    name: str, smoothing: list[float], x: Any, axis: int, output: Any, mode: Any, cval: Any
) -> Any:
    x = image(x)
    axis = negative_axis(axis, x.ndim) % x.ndim
    modes = each(mode, x.ndim)
    y = filtered_1d(in_double(x), np.array([-1.0, 0.0, 1.0]), axis, modes[axis], cval, 0)
    for k in range(x.ndim):
        if k != axis:
            y = filtered_1d(y, np.array(smoothing), k, modes[k], cval, 0)
    return delivered(y, x, output, name)


@numpy_function(ndimage.prewitt)
def prewitt(
    input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
) -> Any:
    """Answer ``scipy.ndimage.prewitt``."""
    return _edge_filter("prewitt", [1.0, 1.0, 1.0], input, axis, output, mode, cval)


@numpy_function(ndimage.sobel)
def sobel(
    input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
) -> Any:
    """Answer ``scipy.ndimage.sobel``."""
    return _edge_filter("sobel", [1.0, 2.0, 1.0], input, axis, output, mode, cval)


@numpy_function(ndimage.laplace)
def laplace(
    input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None
) -> Any:
    """Answer ``scipy.ndimage.laplace``."""
    x = image(input)
    over = check_axes(axes, x.ndim)
    y = in_double(x)
    if over:
        weights = np.array([1.0, -2.0, 1.0])
        modes = each(mode, len(over))
        y = sum(filtered_1d(y, weights, k, m, cval, 0) for k, m in zip(over, modes, strict=True))
    return delivered(y, x, output, "laplace")


def _mean(x: Any, size: int, axis: int, mode: str, cval: Any, origin: int) -> Any:
    if size < 1:
        raise RuntimeError("incorrect filter size")
    if not 0 <= size // 2 + origin < size:
        raise ValueError("invalid origin")
    return filtered_1d(x, np.full(size, 1.0 / size), axis, mode, cval, origin)


@numpy_function(ndimage.uniform_filter1d)
def uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """Answer ``scipy.ndimage.uniform_filter1d``."""
    x = image(input)
    negative_axis(axis, x.ndim)
    y = _mean(in_double(x), size, axis, mode, cval, origin)
    return delivered(y, x, output, "uniform_filter1d")


@numpy_function(ndimage.uniform_filter)
def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    """Answer ``scipy.ndimage.uniform_filter``."""
    x = image(input)
    over = check_axes(axes, x.ndim)
    given = (each(v, len(over)) for v in (size, origin, mode))
    y = in_double(x)
    for axis, s, o, m in zip(over, *given, strict=True):
        if s > 1:
            y = _mean(y, int(s), axis, m, cval, o)
    return delivered(y, x, output, "uniform_filter")


def _refusing(name: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            f"scipy.ndimage.{name}",
            "SciPy calls the function on plain buffers",
            "np.lib.stride_tricks.sliding_window_view of a padded array, and the function of it",
        )

    return refuse


for _name in (
    "generic_filter",
    "generic_filter1d",
    "generic_laplace",
    "generic_gradient_magnitude",
    "vectorized_filter",
):
    if hasattr(ndimage, _name):
        numpy_function(
            getattr(ndimage, _name),
            kind="unsupported",
            note="calls the function on plain buffers; use sliding_window_view",
        )(_refusing(_name))
