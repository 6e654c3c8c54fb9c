"""Pooling: the largest entry or the mean of windows, channel by channel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.errors import InputError, ShapeError
from dualrev.nn.extents import batched, per_axis
from dualrev.rules.channels import channel_convolution
from dualrev.rules.patches import sliding

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_mean",
    "avg_pool1d",
    "avg_pool2d",
    "largest",
    "max_pool1d",
    "max_pool2d",
    "mean",
    "window",
]

Ints = tuple[int, ...]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def window(
    name: str, axes: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return size, stride, padding and dilation of windows, one number per axis, or raise `InputError`."""
    kernel = per_axis(name, "kernel_size", kernel_size, axes, 1)
    step = kernel if stride is None else per_axis(name, "stride", stride, axes, 1)
    around = per_axis(name, "padding", padding, axes, 0)
    gaps = per_axis(name, "dilation", dilation, axes, 1)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(around, kernel, gaps, strict=True)):
        raise InputError(
            f"{name}: padding {around} is more than half the window {kernel}: some windows would have no entry"
        )
    return kernel, step, around, gaps


def _count(n: int, span: int, stride: int, around: int, ceil: bool) -> int:
    """Return the number of windows; with `ceil` also one that begins inside and ends outside."""
    count = (n + 2 * around - span + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (count - 1) * stride >= n + around:
        count -= 1
    return count


def _margins(
    name: str, x: Any, kernel: Ints, stride: Ints, around: Ints, gaps: Ints, ceil: bool
) -> tuple[Ints, tuple[tuple[int, int], ...]]:
    """Return the numbers of windows, and what has to stand before and after each axis for them."""
    axes = len(kernel)
    inner = x.shape[-axes:]
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, gaps, strict=True))
    counts = tuple(
        _count(n, span, s, p, ceil)
        for n, span, s, p in zip(inner, spans, stride, around, strict=True)
    )
    if any(c < 1 for c in counts) or 0 in inner:
        raise ShapeError(
            f"{name}: the window spans {spans}, the input of shape {x.shape} with padding {around} is smaller"
        )
    return counts, tuple(
        (p, max((c - 1) * s + span - n - p, 0))
        for c, s, span, n, p in zip(counts, stride, spans, inner, around, strict=True)
    )


def largest(
    axes: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> Any:
    """Compute `max_pool1d` or `max_pool2d`, by the number of axes."""
    name = f"max_pool{axes}d"
    kernel, step, around, gaps = window(name, axes, kernel_size, stride, padding, dilation)
    x, single = batched(name, x, axes, None)
    dtype = dtype_of(x)
    if dtype.kind not in "fiu":
        raise InputError(f"{name}: the input has dtype {dtype}, whose entries have no order")
    _, margins = _margins(name, x, kernel, step, around, gaps, ceil_mode)
    if any(map(any, margins)):
        least = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
        x = _np.pad(x, ((0, 0), (0, 0), *margins), constant_values=least)
    windows = sliding(x, size=kernel, stride=step, dilation=gaps)
    y = _np.max(windows, axis=-axes - 1)
    return y[0] if single else y


def mean(
    axes: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: float | None,
) -> Any:
    """Compute `avg_pool1d` or `avg_pool2d`, by the number of axes."""
    name = f"avg_pool{axes}d"
    kernel, step, around, gaps = window(name, axes, kernel_size, stride, padding, 1)
    if divisor_override is not None and divisor_override == 0:
        raise InputError(f"{name}: divisor_override is not zero")
    x, single = batched(name, x, axes, None)
    counts, margins = _margins(name, x, kernel, step, around, gaps, ceil_mode)
    dtype = dtype_of(x)
    dtype = dtype if dtype.kind in "fc" else np.dtype(float)
    flat = _np.reshape(x, (math.prod(x.shape[:2]), 1, *x.shape[2:]))
    y = channel_convolution(
        flat,
        np.ones((1, 1, *kernel), dtype),
        stride=step,
        padding=margins,
        dilation=gaps,
        groups=1,
    )
    y = _np.reshape(y, (*x.shape[:2], *y.shape[2:]))
    if divisor_override is not None:
        y = y / divisor_override
    else:
        number = np.ones(())
        for n, k, s, p, c in zip(x.shape[2:], kernel, step, around, counts, strict=True):
            first = np.arange(c) * s - p
            last = np.minimum(first + k, n + p)
            if not count_include_pad:
                first, last = np.maximum(first, 0), np.minimum(last, n)
            number = number[..., np.newaxis] * (last - first)
        y = y / number.astype(dtype)
    return y[0] if single else y


def adaptive_mean(axes: int, x: Any, output_size: Any) -> Any:
    """Compute `adaptive_avg_pool1d` or `adaptive_avg_pool2d`, by the number of axes."""
    name = f"adaptive_avg_pool{axes}d"
    x, single = batched(name, x, axes, None)
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * axes
    inner = x.shape[-axes:]
    if len(given) == axes:
        given = [n if size is None else size for size, n in zip(given, inner, strict=True)]
    target = per_axis(name, "output_size", given, axes, 1)
    if 0 in inner:
        raise ShapeError(f"{name}: the input of shape {x.shape} has no places")
    # A window is a product of intervals, so its mean is taken axis by axis.
    for k, (size, n) in enumerate(zip(target, inner, strict=True)):
        axis = 2 + k
        if size == n:
            continue
        if n % size == 0:
            parts = (*x.shape[:axis], size, n // size, *x.shape[axis + 1 :])
            x = _np.mean(_np.reshape(x, parts), axis=axis + 1)
        else:
            lead = (slice(None),) * axis
            means = [
                _np.mean(x[(*lead, slice(i * n // size, -(-(i + 1) * n // size)))], axis=axis)
                for i in range(size)
            ]
            x = _np.stack(means, axis=axis)
    return x[0] if single else x


def max_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """Return the largest entry of each window: `max_pool2d` for inputs (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.max_pool1d(np.array([[1.0, 3.0, 2.0, 5.0]]), 2)
    array([[3., 5.]])
    """
    return largest(1, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """Return the largest entry of each window.

    Parameters
    ----------
    x : array_like
        Of shape (batch, channels, height, width), or without the batch axis.
    kernel_size : int or pair of int
        Size of the windows.
    stride : int or pair of int, optional
        Distance between windows; by default their size.
    padding : int or pair of int
        How far windows reach over the border, at most half their size; what lies there never is the largest.
    dilation : int or pair of int
        Distance between entries of a window.
    ceil_mode : bool
        Whether a last window that begins inside the input but does not fit into it counts.

    Raises
    ------
    InputError
        If an option is none, or the dtype has no order.
    ShapeError
        If the input has another number of axes, or is smaller than a window.

    Notes
    -----
    Equal largest entries of a window share its derivative equally, as everywhere in dualrev; PyTorch gives all of it to
    the first. After a ReLU whole windows may be zero, so that gradients of the two differ there, entry by entry but not
    in sum. Cost: the windows are stored, kernel height · kernel width / stride² times the input.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, dualrev.nn as nn
    >>> x = np.array([[[1.0, 4.0], [4.0, 2.0]]])
    >>> nn.max_pool2d(x, 2)
    array([[[4.]]])
    >>> dr.grad(lambda x: np.sum(nn.max_pool2d(x, 2)))(x)
    array([[[0. , 0.5],
            [0.5, 0. ]]])
    """
    return largest(2, x, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Return the mean of each window: `avg_pool2d` for inputs (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.avg_pool1d(np.array([[1.0, 3.0, 2.0, 5.0]]), 2, stride=1)
    array([[2. , 2.5, 3.5]])
    """
    return mean(1, x, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: float | None = None,
) -> Any:
    """Return the mean of each window.

    Parameters
    ----------
    x, kernel_size, stride, ceil_mode
        See `max_pool2d`.
    padding : int or pair of int
        Zeros on both sides, at most half the size of a window.
    count_include_pad : bool
        Whether these zeros count as entries.
    divisor_override : number, optional
        By what the sum is divided, instead of the number of entries.

    Raises
    ------
    InputError, ShapeError
        As `max_pool2d`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.avg_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]])
    """
    return mean(2, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Any:
    """Return the means of `output_size` windows: `adaptive_avg_pool2d` for inputs (batch, channels, length).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.adaptive_avg_pool1d(np.array([[1.0, 2.0, 6.0]]), 2)
    array([[1.5, 4. ]])
    """
    return adaptive_mean(1, x, output_size)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Any:
    """Return the means of so many windows that the result has a given size.

    Parameters
    ----------
    x : array_like
        Of shape (batch, channels, height, width), or without the batch axis.
    output_size : int or pair of int or None
        Number of windows along each axis; None leaves an axis as it is. Window i of m along an axis of n has the
        entries from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉; windows overlap if m does not divide n.

    Raises
    ------
    InputError, ShapeError
        As `max_pool2d`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.adaptive_avg_pool2d(np.ones((5, 8, 7, 9)), 1).shape
    (5, 8, 1, 1)
    """
    return adaptive_mean(2, x, output_size)
