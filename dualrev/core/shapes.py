"""Shapes: broadcasting and its transpose, canonical axes. Plain NumPy calls, so they differentiate too."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from dualrev.errors import ShapeError

__all__ = ["lift", "negative_axes", "negative_axis", "spread", "unbroadcast"]


_ALL_AXES = tuple(tuple(range(-n, 0)) for n in range(5))
# Up to this many entries a broadcast is written out: np.broadcast_to takes 3 us, whatever the size.
_WRITE_OUT = 2**14


def negative_axis(axis: int, ndim: int) -> int:
    """Return `axis` counted from the end, so that leading batch axes leave it valid.

    >>> negative_axis(0, 3)
    -3
    """
    if type(axis) is int and -ndim <= axis < ndim:
        return axis - ndim if axis >= 0 else axis
    return normalize_axis_tuple(axis, ndim)[0] - ndim


def negative_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the tuple of axes counted from the end; None means all of them.

    >>> negative_axes(None, 2), negative_axes((0, -1), 3)
    ((-2, -1), (-3, -1))
    """
    if axis is None:
        return _ALL_AXES[ndim] if ndim < 5 else tuple(range(-ndim, 0))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis - ndim if axis >= 0 else axis,)
    return tuple(k - ndim for k in normalize_axis_tuple(axis, ndim))


def unbroadcast(ct: Any, shape: tuple[int, ...]) -> Any:
    """Sum `ct` over the axes along which an operand of `shape` was broadcast (the transpose of broadcasting)."""
    if ct.shape == shape:
        return ct
    if not shape and type(ct) is np.ndarray:
        return np.add.reduce(ct, axis=None)
    extra = ct.ndim - len(shape)
    if extra < 0:
        raise ShapeError(
            f"a cotangent of shape {ct.shape} cannot belong to an operand of shape {shape}"
        )
    axes = tuple(range(extra)) + tuple(
        extra + k for k, size in enumerate(shape) if size == 1 and ct.shape[extra + k] != 1
    )
    if axes:
        ct = np.sum(ct, axis=axes, keepdims=True)
    return np.reshape(ct, shape) if ct.shape != shape else ct


def spread(ct: Any, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> Any:
    """Broadcast `ct`, the cotangent of a reduction over `axes` (negative), back to `shape`."""
    if not keepdims and len(axes) < len(shape):
        gone = {len(shape) + k for k in axes}
        ct = np.reshape(ct, tuple(1 if k in gone else n for k, n in enumerate(shape)))
    if (type(ct) is np.ndarray or type(ct) is np.float64) and math.prod(shape) <= _WRITE_OUT:
        full = np.empty(shape, ct.dtype)
        full[...] = ct
        return full
    return np.broadcast_to(ct, shape)


def lift(array: Any, ndim: int, lead: int = 1) -> Any:
    """Insert axes of length 1 after the first `lead` axes, until `ndim` axes follow them."""
    missing = ndim + lead - array.ndim
    if missing <= 0:
        return array
    shape = array.shape
    return np.reshape(array, shape[:lead] + (1,) * missing + shape[lead:])
